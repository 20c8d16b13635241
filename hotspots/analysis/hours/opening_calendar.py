"""What opening hours need to know of days: bank holidays, school holidays and when it is light."""

from __future__ import annotations

import datetime as dt
import functools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from hotspots.analysis.calendar import YEARS_KNOWN, make_calendar, name_bank_holidays
from hotspots.ingest.reference import SunMoment, SunTime, find_easter

Days = npt.NDArray[np.datetime64]
Minutes = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningCalendar:
    """What distinguishes days for opening hours; what is not known of a day is looked up when it is asked for.

    Attributes:
        country: Whose bank holidays count, as `name_bank_holidays` takes it; None where no day is one.
        subdivision: Likewise.
        terms: `first_day` and `last_day` of each stretch of school term, as `read_term_dates` has them; None where they
            are not known. What lies between them is school holidays; before the first and after the last it is not
            known which days are.
        place: Longitude and latitude in degrees, where the sun is looked at; None where it is not known what it does.
        time_zone: IANA name of the zone of the clock.
        sun_after_days: Days from each day to that whose sun it is given: 0 but where a year of the sun is looked at.
    """

    country: str | None = "GB"
    subdivision: str | None = "ENG"
    terms: pd.DataFrame | None = None
    place: tuple[float, float] | None = None
    time_zone: str = "Europe/London"
    sun_after_days: int = 0

    def are_bank_holidays(self, days: Days) -> Flags:
        """Bool (n_days,).

        Raises:
            ParameterError: No bank holidays are known for the country or subdivision.
        """
        if self.country is None or not len(days):
            return np.zeros(len(days), dtype=bool)
        first, last = (day.item().year for day in (days.min(), days.max()))
        return np.isin(days, _list_bank_holidays(first, last, self.country, self.subdivision))

    def are_school_holidays(self, days: Days, *, guess: bool) -> Flags:
        """Bool (n_days,): which days lie between the stretches of term; the guess where it is not known."""
        if self.terms is None or self.terms.empty:
            return np.full(len(days), guess)
        first = self.terms["first_day"].to_numpy().astype("datetime64[D]")
        last = self.terms["last_day"].to_numpy().astype("datetime64[D]")
        in_term = ((days[:, None] >= first) & (days[:, None] <= last)).any(axis=1)
        is_known = (days >= first.min()) & (days <= last.max())
        return np.where(is_known, ~in_term, guess)

    def find_sun(self, days: Days, moment: SunMoment) -> Minutes:
        """Float (n_days,): minutes of the clock since the midnight of each day; NaN where that is not known.

        The sun does not rise and set on every day of the far north.

        Raises:
            ParameterError: The place is not on Earth, or the time zone is not known.
        """
        minutes = np.full(len(days), np.nan)
        if self.place is None:
            return minutes
        days = days + np.timedelta64(self.sun_after_days, "D")
        years = days.astype("datetime64[Y]")
        for start in np.unique(years[~np.isnat(years)]):
            year = int(start.astype(np.int64)) + 1970
            if not YEARS_KNOWN[0] <= year <= YEARS_KNOWN[1]:
                continue
            of_year = years == start
            number = (days[of_year] - start.astype("datetime64[D]")).astype(np.int64)
            minutes[of_year] = _find_year_of_sun(year, *self.place, self.time_zone)[moment.event][number]
        return minutes + moment.shift_minutes


ENGLAND = OpeningCalendar()
"""The bank holidays of England; neither school terms nor the sun are known."""


def number_dates(days: Days) -> Integers:
    """Int (n_days,): 100 x month + day of each."""
    months = days.astype("datetime64[M]")
    day: Integers = (days - months.astype("datetime64[D]")).astype(np.int64) + 1
    month: Integers = months.astype(np.int64) % 12 + 1
    return 100 * month + day


def number_weeks(days: Days) -> Integers:
    """Int (n_days,): the ISO week of each, 1 to 53: that of its Thursday, counted from the first Thursday of a year."""
    thursday = days - (days.astype(np.int64) + 3) % 7 + 3
    first = thursday.astype("datetime64[Y]").astype("datetime64[D]")
    weeks: Integers = (thursday - first).astype(np.int64) // 7 + 1
    return weeks


def number_easter_dates(days: Days, shift_days: int) -> Integers:
    """Int (n_days,): 100 x month + day of so many days after Easter Sunday of the year of each."""
    years, position = np.unique(days.astype("datetime64[Y]").astype(np.int64) + 1970, return_inverse=True)
    dates = [find_easter(int(year)) + dt.timedelta(days=shift_days) for year in years]
    return np.array([100 * date.month + date.day for date in dates], dtype=np.int64)[position]


@functools.lru_cache(maxsize=64)
def _list_bank_holidays(first_year: int, last_year: int, country: str, subdivision: str | None) -> Days:
    named = name_bank_holidays(first_year, last_year, country=country, subdivision=subdivision)
    return np.array(list(named), "datetime64[D]")


@functools.lru_cache(maxsize=64)
def _find_year_of_sun(year: int, longitude: float, latitude: float, time_zone: str) -> dict[SunTime, Minutes]:
    """Minutes since midnight of each event on each day of a year."""
    days = make_calendar(
        dt.date(year, 1, 1),
        dt.date(year, 12, 31),
        longitude=longitude,
        latitude=latitude,
        time_zone=time_zone,
        with_bank_holidays=False,
    ).days
    events: tuple[SunTime, ...] = ("dawn", "sunrise", "sunset", "dusk")
    return {event: days[event].to_numpy(dtype=np.float64) * 60 for event in events}

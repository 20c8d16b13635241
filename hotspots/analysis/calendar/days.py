"""Kinds of days: school days, bank holidays and pay-days, and when it is light."""

from __future__ import annotations

import datetime as dt
import functools
import re
import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from hotspots.analysis.calendar.daylight import add_sun
from hotspots.errors import DataError, ParameterError

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


PAY_WINDOW_DAYS = 3
"""Pay-day and the two days after it: spending, and what follows it, lasts over the next night or two."""

CIVIL_TWILIGHT_DEGREES = 6.0
"""How far the sun is below the horizon when it is dark: street lights are on, and a face is not known across a road."""

YEARS_KNOWN = (1900, 2100)
"""The first and the last year of which holidays and the sun are known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """Every day of a period at one place.

    Attributes:
        days: One row a day, none missing, index `day` (datetime64[s], midnight): `day_of_week` (Monday is 0),
            `is_bank_holiday`, `bank_holiday` (its name, otherwise missing), `is_school_day`, `is_school_holiday`
            (boolean, missing where no term dates cover the day), `is_pay_day`, `is_in_pay_window`, `dawn`, `sunrise`,
            `sunset`, `dusk` (float, hours of the local clock since the day's midnight: 17.5 is 17:30, and 24.2 is
            00:12 of the next day; missing where the sun does not come or go), `is_always_light`, `is_always_dark`.
        time_zone: IANA name of the zone of the local clock.
        longitude, latitude: Where the sun was looked at, degrees.
        country, subdivision: Whose bank holidays they are.
        depression_degrees: How far the sun is below the horizon at dawn and dusk.
        first_term_day, last_term_day: Between which the term dates speak; None without any.
    """

    days: pd.DataFrame
    time_zone: str
    longitude: float
    latitude: float
    country: str
    subdivision: str | None
    depression_degrees: float
    first_term_day: dt.date | None
    last_term_day: dt.date | None


def make_calendar(
    start: dt.date,
    end: dt.date,
    *,
    longitude: float,
    latitude: float,
    time_zone: str = "Europe/London",
    country: str = "GB",
    subdivision: str | None = "ENG",
    terms: pd.DataFrame | None = None,
    depression_degrees: float = CIVIL_TWILIGHT_DEGREES,
    with_sun: bool = True,
    with_bank_holidays: bool = True,
) -> Calendar:
    """Find for each day whether it is a school day, bank holiday or pay-day, and when it is light.

    * Bank holidays are the public holidays of the country and subdivision. One that falls on a weekend is marked on its
      own day and on the weekday given in its place: neither is a day like others.
    * A school day is a Monday to Friday in term that is not a bank holiday; a school holiday is a Monday to Friday
      outside term that is not one. Term dates apply from the first day of their first stretch to the last day of their
      last; for other days it is not known which they are. A day without pupils (INSET) counts as a holiday.
    * Pay-day is the last working day of the month: the last Monday to Friday that is not a bank holiday. Many are paid
      then, and many are not: weekly, on the 25th or 28th, or in December before Christmas; benefits are paid on yet
      other days. What is found around this day can only be smaller than what wages do. The pay window is pay-day and
      the days after it, so that part of it lies in the next month.
    * Dawn and dusk are by default the ends of civil twilight, sunrise and sunset those of the sun's upper edge, on a
      level horizon, within a minute or two. Clouds, trees and street lights are not allowed for.

    Args:
        start: First day.
        end: Last day, itself included.
        longitude: Of the middle of the area, degrees east; 0.25 degrees are a minute.
        latitude: Degrees north.
        time_zone: IANA name of the zone of the incidents' times.
        country: ISO 3166 code, as the package `holidays` takes it.
        subdivision: ENG, WLS, SCT or NIR for GB; None for the holidays of the whole country.
        terms: `first_day` and `last_day` of each stretch of term, as `read_term_dates` has them.
        depression_degrees: How far the sun is below the horizon at dawn and dusk.
        with_sun: Whether to find when it is light, which takes as long as all the rest; the columns about the sun are
            missing otherwise.
        with_bank_holidays: Whether to find bank holidays, for which the package `holidays` loads every country; no day
            is one otherwise, and pay-day is not moved by any.

    Raises:
        ParameterError: The end is before the start, the place not on Earth, the time zone, country or subdivision not
            known, or the depression not of 0 to 18 degrees.
        DataError: The terms lack a column or a date, or one ends before it starts.

    Source: civil twilight as in HM Nautical Almanac Office, Astronomical Information Sheet 7; the sun by the package
    astral, after Meeus, J. (1998), Astronomical Algorithms.
    """
    first, last = _check_days(start, end)
    zone = _check_place(longitude, latitude, time_zone)
    if not 0 <= depression_degrees <= 18:
        raise ParameterError(
            f"The depression of the sun must be from 0 to 18 degrees, not {depression_degrees:g}. "
            f"{CIVIL_TWILIGHT_DEGREES:g} is civil twilight."
        )
    stretches = _check_terms(terms)
    # Whole months on both sides, since a pay window may begin before the first day.
    padded = pd.date_range(
        first.replace(day=1) - pd.DateOffset(months=1), last + pd.offsets.MonthEnd(1), freq="D", unit="s"
    )
    named: Mapping[dt.date, str] = {}
    if with_bank_holidays:
        named = name_bank_holidays(padded[0].year, padded[-1].year, country=country, subdivision=subdivision)
    names = pd.Series([named.get(day.date()) for day in padded], index=padded, dtype="object")
    days = pd.DataFrame({"day_of_week": padded.day_of_week.to_numpy(dtype=np.int64)}, index=padded.rename("day"))
    is_holiday = names.notna().to_numpy()
    days["is_bank_holiday"] = is_holiday
    days["bank_holiday"] = names  # whose type does not depend on whether there is one
    is_weekday = days["day_of_week"].to_numpy() < 5
    days["is_school_day"], days["is_school_holiday"] = _mark_school(padded, stretches, is_weekday & ~is_holiday)
    days["is_pay_day"], days["is_in_pay_window"] = _mark_pay(padded, is_weekday & ~is_holiday)
    days = days[(padded >= first) & (padded <= last)].copy()
    if with_sun:
        add_sun(
            days, longitude=float(longitude), latitude=float(latitude), zone=zone, degrees=float(depression_degrees)
        )
    return Calendar(
        days=days,
        time_zone=time_zone,
        longitude=float(longitude),
        latitude=float(latitude),
        country=country,
        subdivision=subdivision,
        depression_degrees=float(depression_degrees),
        first_term_day=stretches["first_day"].min().date() if len(stretches) else None,
        last_term_day=stretches["last_day"].max().date() if len(stretches) else None,
    )


def _check_days(start: dt.date, end: dt.date) -> tuple[pd.Timestamp, pd.Timestamp]:
    first, last = pd.Timestamp(start), pd.Timestamp(end)
    if pd.isna(first) or pd.isna(last):
        raise ParameterError(f"A calendar needs a first and a last day, not {start} and {end}. Give both.")
    first, last = first.normalize(), last.normalize()
    if last < first:
        raise ParameterError(
            f"A calendar must end on or after its first day; {last:%Y-%m-%d} is before {first:%Y-%m-%d}. Swap them."
        )
    low, high = YEARS_KNOWN
    if first.year < low or last.year > high:
        raise ParameterError(
            f"Holidays and the sun are known for {low} to {high}; the calendar runs from {first:%Y-%m-%d} to "
            f"{last:%Y-%m-%d}. Choose days within these years."
        )
    return first, last


def _check_place(longitude: float, latitude: float, time_zone: str) -> dt.tzinfo:
    if not (-180 <= longitude <= 180 and -90 <= latitude <= 90):
        raise ParameterError(
            f"A place must have a longitude from -180 to 180 and a latitude from -90 to 90 degrees, not {longitude:g} "
            f"and {latitude:g}. Give degrees, longitude first, not metres."
        )
    try:
        return zoneinfo.ZoneInfo(time_zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ParameterError(f'No time zone called "{time_zone}". Give an IANA name such as Europe/London.') from error


def _check_terms(terms: pd.DataFrame | None) -> pd.DataFrame:
    if terms is None:
        return pd.DataFrame({"first_day": pd.to_datetime([]), "last_day": pd.to_datetime([])})
    missing = [column for column in ("first_day", "last_day") if column not in terms.columns]
    if missing:
        raise DataError(
            f"Term dates need the columns first_day and last_day; {', '.join(missing)} missing from "
            f"{', '.join(map(str, terms.columns)) or 'a table without columns'}. Read them with "
            "hotspots.ingest.reference.term_dates.read_term_dates."
        )
    stretches = pd.DataFrame({column: pd.to_datetime(terms[column]) for column in ("first_day", "last_day")})
    wrong = ~(stretches["last_day"] >= stretches["first_day"]).to_numpy()
    if wrong.any():
        row = terms.index[wrong][0]
        raise DataError(
            f"A term must end on or after its first day; row {row} runs from {str(terms.at[row, 'first_day'])[:10]} to "
            f"{str(terms.at[row, 'last_day'])[:10]}. Correct it."
        )
    return stretches


@functools.cache
def name_bank_holidays(
    first_year: int, last_year: int, *, country: str, subdivision: str | None
) -> Mapping[dt.date, str]:
    """Names of the public holidays of these years by day, those given in the place of others included.

    Args:
        first_year: Calendar year.
        last_year: Itself included.
        country: ISO 3166 code, as the package `holidays` takes it.
        subdivision: ENG, WLS, SCT or NIR for GB; None for the holidays of the whole country.

    Raises:
        ParameterError: The country or subdivision is not known.
    """
    import holidays

    try:
        if not re.fullmatch("[A-Z]{2,3}", country):  # any name in the package would be taken for a country
            raise NotImplementedError
        public = holidays.country_holidays(country, subdiv=subdivision, years=range(first_year, last_year + 1))
    except (NotImplementedError, TypeError) as error:  # "APR" is in it, and is none
        where = country if subdivision is None else f"{country}, {subdivision}"
        raise ParameterError(
            f'No bank holidays are known for "{where}". Give the ISO code of a country, such as GB, and of a part of '
            "it, such as ENG, WLS, SCT or NIR."
        ) from error
    return {day: str(name) for day, name in sorted(public.items())}


def _mark_school(days: pd.DatetimeIndex, stretches: pd.DataFrame, is_working_day: Flags) -> tuple[pd.Series, pd.Series]:
    """Whether each day is a school day, and whether a school holiday; both missing outside the term dates."""
    in_term = np.zeros(len(days), dtype=bool)
    for first, last in zip(stretches["first_day"], stretches["last_day"], strict=True):
        in_term |= (days >= first) & (days <= last)
    if len(stretches):
        is_known = (days >= stretches["first_day"].min()) & (days <= stretches["last_day"].max())
    else:
        is_known = np.zeros(len(days), dtype=bool)

    def mark(is_so: Flags) -> pd.Series:
        return pd.Series(pd.arrays.BooleanArray(is_so, ~is_known), index=days)

    return mark(in_term & is_working_day), mark(~in_term & is_working_day)


def _mark_pay(days: pd.DatetimeIndex, is_working_day: Flags) -> tuple[Flags, Flags]:
    """Whether each day is the last working day of its month, and whether it is in the window that begins with it."""
    month = days.year.to_numpy() * 12 + days.month.to_numpy()
    working = np.flatnonzero(is_working_day)
    is_last = np.append(month[working][1:] != month[working][:-1], True)
    is_pay_day = np.zeros(len(days), dtype=bool)
    is_pay_day[working[is_last]] = True
    window = np.convolve(is_pay_day, np.ones(PAY_WINDOW_DAYS, dtype=np.int64))[: len(days)] > 0
    return is_pay_day, window

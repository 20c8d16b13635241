"""How much of places patrols saw: minutes and visits by place, day and hour, and the hours of crime covered."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from hotspots.analysis.hours import HOURS_IN_WEEK
from hotspots.analysis.patrols.patrol_stays import PatrolStays, list_visits
from hotspots.errors import ParameterError
from hotspots.ingest.reference import find_local

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

KOPER_MINUTES: Final = (10.0, 20.0)
"""A visit that long does most: shorter ones deter less, longer ones little more (Koper 1995)."""

_MS_A_MINUTE: Final = 60_000
_MS_AN_HOUR: Final = 3_600_000


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitLengths:
    """How long visits were.

    Attributes:
        n_visits: All, without passing by.
        n_short, n_koper, n_long: Under 10 minutes; from 10 to 20; over 20.
        n_passing: Passing by, which is no visit.
        median_minutes: Of the visits; None without any.
    """

    n_visits: int
    n_short: int
    n_koper: int
    n_long: int
    n_passing: int
    median_minutes: float | None

    @property
    def koper_share(self) -> float | None:
        """Share of visits of 10 to 20 minutes; None without any."""
        return self.n_koper / self.n_visits if self.n_visits else None


@dataclass(frozen=True, slots=True, kw_only=True)
class PatrolDosage:
    """What places saw of patrols.

    Attributes:
        start, end: First and last day, local, inclusive.
        stays: Where the time of patrols went.
        visits: As `list_visits` gives them, those that begin on these days, with `started_at` and `ended_at`, local.
        minutes: float (n_places, n_days, 24), patrol minutes by place, day and hour of the local clock: two patrols
            that are there together count twice.
        n_hours: int (168,), hours of these days by hour of the week, Monday 00:00-00:59 being 0.
        n_present: int (n_places, 168), those of them in which a visit, or a part of one, was there.
    """

    start: dt.date
    end: dt.date
    stays: PatrolStays
    visits: pd.DataFrame
    minutes: Floats
    n_hours: Integers
    n_present: Integers

    @property
    def n_places(self) -> int:
        """How many places there are."""
        return len(self.minutes)

    @property
    def n_days(self) -> int:
        """Days from the first to the last."""
        return (self.end - self.start).days + 1

    @property
    def never_visited(self) -> tuple[int, ...]:
        """Places without a visit; somebody may have passed by."""
        visited = set(self.visits["place"][~self.visits["is_passing"]])
        return tuple(place for place in range(self.n_places) if place not in visited)

    def count_visits_by_day(self) -> Integers:
        """Int (n_places, n_days), visits by the day on which they begin, without passing by."""
        visits = self.visits[~self.visits["is_passing"]]
        day = visits["started_at"].to_numpy().astype("datetime64[D]") - np.datetime64(self.start, "D")
        counts = np.zeros((self.n_places, self.n_days), dtype=np.int64)
        np.add.at(counts, (visits["place"].to_numpy(), day.astype(np.int64)), 1)
        return counts


@dataclass(frozen=True, slots=True, kw_only=True)
class CrimeHours:
    """How much of the hours of crime was covered.

    Attributes:
        share: Of past crime in the places, by its place and hour of the week, the share that falls into hours in which
            a patrol was there.
        hours_share: The same of all hours, whatever happens in them: what chance would give.
        place_shares: float (n_places,), the first for each place; NaN where it had no crime with a time.
    """

    share: float | None
    hours_share: float
    place_shares: Floats


def measure_dosage(
    stays: PatrolStays, *, n_places: int, start: dt.date, end: dt.date, time_zone: str = "Europe/London"
) -> PatrolDosage:
    """Count minutes and visits by place, day and hour of the local clock.

    A night on which the clock is put back has 25 hours: both that show 01 count under 01, and a visit over the change
    has its true length.

    Args:
        stays: As `find_stays` or `list_recorded_stays` gives them.
        n_places: Places, with those that nobody visited.
        start: First day, local. What begins before it is left out.
        end: Last day, inclusive, likewise.
        time_zone: IANA name of the zone of the local clock.

    Raises:
        ParameterError: The period ends before it starts, or the time zone is not known.

    Source: Koper, C. S. (1995), "Just enough police presence", Justice Quarterly 12(4),
    doi:10.1080/07418829500096231, for how long a visit should be.
    """
    if end < start:
        raise ParameterError(f"`end` must not come before `start`; {end} does before {start}. Swap them.")
    # every hour that passes, by the instant at which it begins
    zoned = pd.date_range(start, end + dt.timedelta(days=1), freq="h", tz=time_zone, inclusive="left", unit="ms")
    hours = zoned.tz_convert("UTC").tz_localize(None).to_numpy().astype("datetime64[ms]").astype(np.int64)
    shown = zoned.tz_localize(None).to_numpy().astype("datetime64[h]")
    day = (shown.astype("datetime64[D]") - np.datetime64(start, "D")).astype(np.int64)
    hour = shown.astype(np.int64) % 24
    how = ((shown.astype("datetime64[D]").astype(np.int64) + 3) % 7) * 24 + hour  # 1 January 1970 was a Thursday

    minutes = np.zeros((n_places, (end - start).days + 1, 24))
    row, at, overlap = _cut(stays.stays, hours)
    np.add.at(minutes, (stays.stays["place"].to_numpy()[row], day[at], hour[at]), overlap / _MS_A_MINUTE)

    visits = list_visits(stays)
    local = [find_local(visits[name].to_numpy(), time_zone) for name in ("started_instant", "ended_instant")]
    visits = visits.assign(started_at=local[0], ended_at=local[1])
    first_day = local[0].astype("datetime64[D]")
    visits = visits[(first_day >= np.datetime64(start)) & (first_day <= np.datetime64(end))].reset_index(drop=True)
    real = visits[~visits["is_passing"]]
    row, at, _ = _cut(real, hours)
    was_there = np.zeros((n_places, len(hours)), dtype=bool)
    was_there[real["place"].to_numpy()[row], at] = True
    n_present = np.zeros((n_places, HOURS_IN_WEEK), dtype=np.int64)
    np.add.at(n_present.T, how, was_there.T)
    return PatrolDosage(
        start=start,
        end=end,
        stays=stays,
        visits=visits,
        minutes=minutes,
        n_hours=np.bincount(how, minlength=HOURS_IN_WEEK).astype(np.int64),
        n_present=n_present,
    )


def _cut(stays: pd.DataFrame, hours: Integers) -> tuple[Integers, Integers, Integers]:
    """Each stay in each hour: position of the stay, of the hour, and the milliseconds that fall into it (above 0)."""
    started, ended = (
        stays[name].to_numpy().astype("datetime64[ms]").astype(np.int64)
        for name in ("started_instant", "ended_instant")
    )
    if not len(stays) or not len(hours):
        nothing = np.array([], dtype=np.int64)
        return nothing, nothing, nothing
    ends = np.append(hours[1:], hours[-1] + _MS_AN_HOUR)
    first = np.searchsorted(ends, started, side="right")
    after = np.searchsorted(hours, ended, side="left")
    n = np.maximum(after - first, 0)
    row = np.repeat(np.arange(len(stays)), n)
    at = np.arange(len(row)) - np.repeat(np.cumsum(n) - n, n) + first[row]
    overlap = np.minimum(ended[row], ends[at]) - np.maximum(started[row], hours[at])
    return row, at, overlap


def measure_lengths(visits: pd.DataFrame) -> VisitLengths:
    """How many visits were of 10 to 20 minutes, shorter and longer.

    Args:
        visits: As `list_visits` gives them: `minutes` and `is_passing` are used.
    """
    minutes = visits["minutes"].to_numpy()[~visits["is_passing"].to_numpy(dtype=bool)]
    low, high = KOPER_MINUTES
    return VisitLengths(
        n_visits=len(minutes),
        n_short=int((minutes < low).sum()),
        n_koper=int(((minutes >= low) & (minutes <= high)).sum()),
        n_long=int((minutes > high).sum()),
        n_passing=int(len(visits) - len(minutes)),
        median_minutes=float(np.median(minutes)) if len(minutes) else None,
    )


def measure_gaps(dosage: PatrolDosage) -> pd.DataFrame:
    """How long each place went without a visit.

    Returns:
        A row for each place: `n_gaps` between two visits, `median_hours` and `longest_hours` of them, NaN where there
        are fewer than two visits.
    """
    visits = dosage.visits[~dosage.visits["is_passing"]]
    place = visits["place"].to_numpy()
    same = place[1:] == place[:-1]
    ended, started = (visits[name].to_numpy() for name in ("ended_instant", "started_instant"))
    between = (started[1:] - ended[:-1])[same].astype("timedelta64[ms]").astype(np.int64) / _MS_AN_HOUR
    grouped = pd.Series(between).groupby(place[1:][same])
    found = pd.DataFrame(
        {"n_gaps": grouped.size(), "median_hours": grouped.median(), "longest_hours": grouped.max()}
    ).reindex(range(dosage.n_places))
    return found.assign(n_gaps=found["n_gaps"].fillna(0).astype(np.int64))


def measure_crime_hours(dosage: PatrolDosage, crime: npt.ArrayLike) -> CrimeHours:
    """How much of the hours in which crime comes patrols covered.

    Each place has as many hours of every hour of the week as the period has weeks. If crime comes to places at the
    hours at which it came before, the share says how much of it comes in a clock hour in which a visit was there. It is
    no share of crime prevented: who arrives at ten to the hour counts for all of it.

    Args:
        dosage: What places saw of patrols.
        crime: float (n_places, 168), past crime by place and hour of the week: sums of aoristic weights.

    Raises:
        ParameterError: The shape is another, or a number is missing or below 0.
    """
    amounts = np.asarray(crime, dtype=np.float64)
    if amounts.shape != dosage.n_present.shape or not (np.isfinite(amounts).all() and (amounts >= 0).all()):
        raise ParameterError(
            f"`crime` must be {dosage.n_places} places by 168 hours, all 0 or more; its shape is {amounts.shape}."
        )
    covered = dosage.n_present / np.maximum(dosage.n_hours, 1)
    # hours of the week that the period does not have can be covered by nobody
    counted = np.where(dosage.n_hours > 0, amounts, 0.0)
    total, by_place = counted.sum(), counted.sum(axis=1)
    met = (counted * covered).sum(axis=1)
    shares = np.full(dosage.n_places, np.nan)
    np.divide(met, by_place, out=shares, where=by_place > 0)
    n_all = int(dosage.n_hours.sum()) * dosage.n_places
    return CrimeHours(
        share=float(met.sum() / total) if total > 0 else None,
        hours_share=float(dosage.n_present.sum() / n_all) if n_all else 0.0,
        place_shares=shares,
    )

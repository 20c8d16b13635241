"""The days and months that the files cover: for all crimes together, and for one of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from hotspots.analysis.calendar import count_months, find_runs
from hotspots.analysis.change import find_empty_months, find_gaps, find_own_days, find_thinned_months
from hotspots.ingest.incidents import find_days
from hotspots.pipeline.holes import Hole, find_holes, name_feeds, tally_parts

MAX_MONTH_ONLY_SHARE = 0.05
"""Share of incidents of which only the month is known, from which a series has no days."""

_LONGEST = 31
_NEIGHBOURS = 3
_LOW_SHARE = 0.5
_MANY_A_MONTH = 20
_UNLIKELY = 0.01
_BROKEN_SHARE = 0.75
_BEYOND_DOUBT = 1e-6
_MATTERS_SHARE = 0.05
PART_OF_AREA = "part of the area"
"""Why a month is missing from a series of the whole area: a part of the files does not reach it."""

Days = npt.NDArray[np.datetime64]


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthQuality:
    """Which months the rows cover.

    Attributes:
        n_by_month: Rows of all crimes by month, from the first to the last.
        missing: Months without any row, though chance would hardly leave that.
        incomplete: Months that lost a part of their rows: whole days, or the same share of every crime.
        low: Other months with less than half of what their neighbours have; and that.
        cut_short: The first and last month, where the rows do not reach its first or last day.
    """

    n_by_month: dict[str, int]
    missing: tuple[str, ...]
    incomplete: tuple[str, ...]
    low: tuple[tuple[str, int, float], ...]
    cut_short: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class KnownMonths:
    """Months that the files cover for one crime.

    Attributes:
        counts: Incidents by month, float on a PeriodIndex; missing for gaps and for months known only in part.
        gaps: On the same index, the reason for each gap; None for a month that is not a gap. A month for which a part
            of the files says nothing has one too, `PART_OF_AREA`, if that part holds enough.
        holes: Files, boroughs or wards that have none of the crime for some months while others go on.
    """

    counts: pd.Series
    gaps: pd.Series
    holes: tuple[Hole, ...] = ()

    @cached_property
    def gap_months(self) -> tuple[pd.Period, ...]:
        """The months that the files do not cover anywhere."""
        return list_gaps(self.gaps)


@dataclass(frozen=True, kw_only=True)
class KnownTime:
    """The days that the files cover, for all crimes together.

    Rows are tallied by the first and last day on which they can have started: the whole month, if they give only that.

    Attributes:
        first, last: datetime64[D] (n,): the distinct spans of days, in order.
        n_rows: int (n,): rows of each.
        months: Which months the rows cover.
        parts: `tally_parts` of the same rows.
        feed_of: `name_feeds` of these.
        wards: `ward_name` and `borough` by code; None where they are not known.
        holes: Files, boroughs or wards without a row of any crime in some months while others go on.
    """

    first: Days
    last: Days
    n_rows: npt.NDArray[np.int64]
    months: MonthQuality
    parts: pd.DataFrame
    feed_of: Mapping[str, str]
    wards: pd.DataFrame | None
    holes: tuple[Hole, ...]

    @property
    def first_day(self) -> dt.date:
        """First day that the files cover: that of the first row, or of its month if the days before were quiet."""
        first: dt.date = self.first[0].astype(dt.date)
        return first if f"{first:%Y-%m}" in self.months.cut_short else first.replace(day=1)

    def until(self, day: dt.date) -> KnownTime:
        """The same of rows that start by a day, which is what was known then."""
        kept = self.first <= np.datetime64(day)
        if kept.all():
            return self
        parts = self.parts[(self.parts["month"] <= np.datetime64(day, "M").astype(np.int64)).to_numpy()]
        return _assess(self.first[kept], self.last[kept], self.n_rows[kept], parts, self.wards)

    def count(self, months: pd.PeriodIndex) -> pd.Series:
        """Rows of all crimes in each month, zero included."""
        by_month = pd.Series(self.n_rows, index=pd.PeriodIndex(self.first, freq="M")).groupby(level=0).sum()
        counts: pd.Series = by_month.reindex(months, fill_value=0).astype(np.int64)
        return counts

    def find_months(self, own: pd.DataFrame, *, first: dt.date, last: dt.date) -> KnownMonths:
        """The months of one crime: its incidents in each, and why a month has none.

        A month in which the file of the crime begins or ends, while those of others go on, is a gap as well ("part of
        this crime").

        Args:
            own: Incidents of the crime, with `started_at` and `time_precision`.
            first: First day that the files cover.
            last: Last day to count.
        """
        months = pd.period_range(first, last, freq="M")
        counts, all_counts = count_months(own, months=months), self.count(months)
        cut_short = {pd.Period(month, freq="M") for month in self.months.cut_short}
        if (last + dt.timedelta(days=1)).day != 1:
            cut_short.add(pd.Period(last, freq="M"))
        is_whole = ~months.isin(list(cut_short))
        reasons = np.full(len(months), None, dtype=object)
        reasons[is_whole] = find_gaps(counts[is_whole], all_counts[is_whole]).to_numpy(dtype=object)
        reasons[is_whole & months.strftime("%Y-%m").isin(self.months.incomplete)] = "incomplete data"
        has_any = counts.to_numpy() > 0
        is_silent = _find_silent_months(own, months, first=first, last=last) & pd.isna(reasons)
        reasons[is_silent & has_any] = "part of this crime"
        reasons[is_silent & ~has_any] = "no data of this crime"
        holes = self._find_own_holes(own, months[pd.notna(reasons)])
        for hole in holes:
            is_in_hole = months.isin(hole.months) & is_whole & pd.isna(reasons)
            if hole.holds(own).mean() >= _MATTERS_SHARE:
                reasons[is_in_hole] = PART_OF_AREA
        gaps = pd.Series(reasons, index=months, dtype=object)
        known = counts.astype(np.float64).where(is_whole & gaps.isna().to_numpy())
        return KnownMonths(counts=known, gaps=gaps, holes=holes)

    def _find_own_holes(self, own: pd.DataFrame, gap_months: pd.PeriodIndex) -> tuple[Hole, ...]:
        """Holes that hold incidents of a crime, and those of it alone, beyond the months that are gaps anyway."""
        if not {"source", "ward_code"} <= set(own) or own.empty:
            return ()
        holes = [hole for hole in self.holes if hole.holds(own).any()]
        for hole in find_holes(self.parts, self.feed_of, wards=self.wards, crime=tally_parts([own])):
            known = np.zeros(len(own), dtype=bool)
            for other in holes:
                if hole.months.isin(other.months).all():
                    known |= other.holds(own)
            if not known[hole.holds(own)].all():
                holes.append(hole)
        return tuple(hole for hole in holes if not hole.months.isin(gap_months).all())


def find_known_time(*tables: pd.DataFrame, wards: pd.DataFrame | None = None) -> KnownTime:
    """Find the days and months that tables of incidents cover.

    Args:
        tables: Each with `started_at` and `time_precision`, and where known `source`, `ward_code` and `category`; rows
            of any crime.
        wards: The wards table, for their names and boroughs.
    """
    spans = [np.stack(find_days(table)).astype("datetime64[D]") for table in tables]
    first, last = np.concatenate(spans, axis=1).astype(np.int64)
    # one number for each span, which is sorted once: none is longer than a month
    span, distinct = pd.factorize(first * _LONGEST + last - first, sort=True)
    first, n_days = np.divmod(distinct, _LONGEST)
    days = first.astype("datetime64[D]"), (first + n_days).astype("datetime64[D]")
    named = None if wards is None else pd.DataFrame(wards[["ward_name", "borough"]])
    return _assess(*days, np.bincount(span, minlength=len(distinct)), tally_parts(tables), named)


def _assess(
    first: Days, last: Days, n_rows: npt.NDArray[np.int64], parts: pd.DataFrame, wards: pd.DataFrame | None
) -> KnownTime:
    feed_of = name_feeds(parts)
    return KnownTime(
        first=first,
        last=last,
        n_rows=n_rows,
        months=_assess_months(first, last, n_rows, parts),
        parts=parts,
        feed_of=feed_of,
        wards=wards,
        holes=find_holes(parts, feed_of, wards=wards),
    )


def _assess_months(first: Days, last: Days, n_rows: npt.NDArray[np.int64], parts: pd.DataFrame) -> MonthQuality:
    """Count rows by month, and say which months are missing, incomplete, low or cut short."""
    if not len(first):
        return MonthQuality(n_by_month={}, missing=(), incomplete=(), low=(), cut_short=())
    number = first.astype("datetime64[M]").astype(np.int64)
    first_month = int(number[0])
    counts = np.bincount(number - first_month, weights=n_rows).astype(np.int64)
    months = pd.period_range(pd.Period(ordinal=first_month, freq="M"), periods=len(counts), freq="M")
    start, end = first[0].astype(dt.date), last.max().astype(dt.date)
    # days without a row at either end may be quiet days: is it likely, at the usual number a day?
    quiet_days = int(-np.log(_UNLIKELY) * ((end - start).days + 1) / int(n_rows.sum()))
    start, end = start - dt.timedelta(days=quiet_days), end + dt.timedelta(days=quiet_days)
    cut_short = [month for month in (months[0], months[-1]) if not is_whole_month(month, start=start, end=end)]
    whole = np.array([month not in cut_short for month in months])
    by_month = pd.Series(counts, index=months)
    missing = find_empty_months(by_month)
    incomplete = whole & (_find_thinned(parts, months) | _find_broken_off(first, last, n_rows, by_month))
    low = []
    for index in np.flatnonzero(whole & ~missing & ~incomplete).tolist():
        near = [i for i in range(index - _NEIGHBOURS, index + _NEIGHBOURS + 1) if i != index and 0 <= i < len(counts)]
        others = counts[[i for i in near if whole[i] and counts[i] > 0]]
        usual = float(np.median(others)) if len(others) else 0.0
        if usual >= _MANY_A_MONTH and counts[index] < _LOW_SHARE * usual:
            low.append((str(months[index]), int(counts[index]), usual))
    return MonthQuality(
        n_by_month={str(month): int(n) for month, n in zip(months, counts, strict=True)},
        missing=tuple(map(str, months[missing])),
        incomplete=tuple(map(str, months[incomplete])),
        low=tuple(low),
        cut_short=tuple(dict.fromkeys(map(str, cut_short))),
    )


def _find_thinned(parts: pd.DataFrame, months: pd.PeriodIndex) -> npt.NDArray[np.bool_]:
    """Which months lost the same share of every crime."""
    by_crime = parts.pivot_table(index="month", columns="category", values="n_rows", aggfunc="sum", fill_value=0)
    numbers = [month.ordinal for month in months]
    return find_thinned_months(by_crime.reindex(numbers, fill_value=0).set_axis(months))


def _find_broken_off(
    first: Days, last: Days, n_rows: npt.NDArray[np.int64], by_month: pd.Series
) -> npt.NDArray[np.bool_]:
    """Which low months have their rows on a part of their days, as if read while they lasted."""
    broken = np.zeros(len(by_month), dtype=bool)
    is_day = first == last
    if n_rows[is_day].sum() < (1 - MAX_MONTH_ONLY_SHARE) * n_rows.sum():
        return broken
    usual = by_month[by_month > 0].median()
    number = first.astype("datetime64[M]").astype(np.int64)
    for index in np.flatnonzero((by_month > 0) & (by_month < _BROKEN_SHARE * usual)).tolist():
        month = by_month.index[index]
        inside = is_day & (number == month.ordinal)
        day = (first[inside] - first[inside].astype("datetime64[M]").astype("datetime64[D]")).astype(np.int64)
        has_any = np.bincount(day, minlength=month.days_in_month) > 0
        longest = max((stop - start for start, stop in find_runs(~has_any)), default=0)
        chance = month.days_in_month * (1 - longest / month.days_in_month) ** float(n_rows[inside].sum())
        broken[index] = longest > 1 and chance < _BEYOND_DOUBT
    return broken


def _find_silent_months(
    own: pd.DataFrame, months: pd.PeriodIndex, *, first: dt.date, last: dt.date
) -> npt.NDArray[np.bool_]:
    """Which months have days that the files of this crime do not reach, though those of others do."""
    has_day = (own["time_precision"] != "month").to_numpy(dtype=bool)
    if not has_day.any() or (~has_day).mean() > MAX_MONTH_ONLY_SHARE:
        return np.zeros(len(months), dtype=bool)
    started = own["started_at"][has_day]
    inside = (started >= pd.Timestamp(first)) & (started < pd.Timestamp(last) + pd.Timedelta(days=1))
    own_first, own_last = find_own_days(started[inside], first=first, last=last)
    starts = np.maximum(months.to_timestamp().to_numpy(), np.datetime64(first))
    ends = np.minimum((months + 1).to_timestamp().to_numpy() - np.timedelta64(1, "D"), np.datetime64(last))
    silent: npt.NDArray[np.bool_] = (starts < np.datetime64(own_first)) | (ends > np.datetime64(own_last))
    return silent


def list_gaps(gaps: pd.Series) -> tuple[pd.Period, ...]:
    """The months of a series of reasons of which the files say nothing, in no part of the area."""
    is_gap = (gaps.notna() & (gaps != PART_OF_AREA)).to_numpy(dtype=bool)
    return tuple(month for month in gaps.index[is_gap] if isinstance(month, pd.Period))


def is_whole_month(month: pd.Period, *, start: dt.date, end: dt.date) -> bool:
    """Whether every day of the month lies in the period."""
    return start <= month.start_time.date() and month.end_time.date() <= end

"""The days and months that the files cover: for all crimes together, and for one of them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from hotspots.analysis.calendar import count_months
from hotspots.analysis.change import find_gaps, find_own_days
from hotspots.ingest.incidents import find_days

MAX_MONTH_ONLY_SHARE = 0.05
"""Share of incidents of which only the month is known, from which a series has no days."""

_NEIGHBOURS = 3
_LOW_SHARE = 0.5
_MANY_A_MONTH = 20
_UNLIKELY = 0.01

Days = npt.NDArray[np.datetime64]


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthQuality:
    """Which months the rows cover.

    Attributes:
        n_by_month: Rows of all crimes by month, from the first to the last.
        missing: Months without any row.
        low: Months with less than half of what their neighbours have; and that.
        cut_short: The first and last month, where the rows do not reach its first or last day.
    """

    n_by_month: dict[str, int]
    missing: tuple[str, ...]
    low: tuple[tuple[str, int, float], ...]
    cut_short: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownMonths:
    """Months that the files cover for one crime.

    Attributes:
        counts: Incidents by month, float on a PeriodIndex; missing for gaps and for months known only in part.
        gaps: On the same index, the reason for each gap; None for a month that is not a gap.
    """

    counts: pd.Series
    gaps: pd.Series

    @property
    def gap_months(self) -> tuple[pd.Period, ...]:
        """The months that have a reason to be missing."""
        return list_gaps(self.gaps)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownTime:
    """The days that the files cover, for all crimes together.

    Rows are tallied by the first and last day on which they can have started: the whole month, if they give only that.

    Attributes:
        first, last: datetime64[D] (n,): the distinct spans of days, in order.
        n_rows: int (n,): rows of each.
        months: Which months the rows cover.
    """

    first: Days
    last: Days
    n_rows: npt.NDArray[np.int64]
    months: MonthQuality

    @property
    def first_day(self) -> dt.date:
        """First day that the files cover: that of the first row, or of its month if the days before were quiet."""
        first: dt.date = self.first[0].astype(dt.date)
        return first if f"{first:%Y-%m}" in self.months.cut_short else first.replace(day=1)

    def until(self, day: dt.date) -> KnownTime:
        """The same of rows that start by a day, which is what was known then."""
        kept = self.first <= np.datetime64(day)
        return self if kept.all() else _assess(self.first[kept], self.last[kept], self.n_rows[kept])

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
        has_any = counts.to_numpy() > 0
        is_silent = _find_silent_months(own, months, first=first, last=last) & pd.isna(reasons)
        reasons[is_silent & has_any] = "part of this crime"
        reasons[is_silent & ~has_any] = "no data of this crime"
        gaps = pd.Series(reasons, index=months, dtype=object)
        return KnownMonths(counts=counts.astype(np.float64).where(is_whole & gaps.isna().to_numpy()), gaps=gaps)


def find_known_time(*tables: pd.DataFrame) -> KnownTime:
    """Find the days and months that tables of incidents cover.

    Args:
        tables: Each with `started_at` and `time_precision`; rows of any crime.
    """
    spans = [np.stack(find_days(table)).astype("datetime64[D]") for table in tables]
    first, last = np.concatenate(spans, axis=1)
    tally = pd.DataFrame({"first": first, "last": last}).value_counts(sort=False).sort_index()
    days = tally.index.to_frame().to_numpy().astype("datetime64[D]")
    return _assess(days[:, 0], days[:, 1], np.asarray(tally, dtype=np.int64))


def _assess(first: Days, last: Days, n_rows: npt.NDArray[np.int64]) -> KnownTime:
    return KnownTime(first=first, last=last, n_rows=n_rows, months=_assess_months(first, last, n_rows))


def _assess_months(first: Days, last: Days, n_rows: npt.NDArray[np.int64]) -> MonthQuality:
    """Count rows by month, and say which months are missing, low or cut short."""
    if not len(first):
        return MonthQuality(n_by_month={}, missing=(), low=(), cut_short=())
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
    low = []
    for index in np.flatnonzero(whole & (counts > 0)).tolist():
        near = [i for i in range(index - _NEIGHBOURS, index + _NEIGHBOURS + 1) if i != index and 0 <= i < len(counts)]
        others = counts[[i for i in near if whole[i] and counts[i] > 0]]
        usual = float(np.median(others)) if len(others) else 0.0
        if usual >= _MANY_A_MONTH and counts[index] < _LOW_SHARE * usual:
            low.append((str(months[index]), int(counts[index]), usual))
    return MonthQuality(
        n_by_month={str(month): int(n) for month, n in zip(months, counts, strict=True)},
        missing=tuple(str(month) for month, n in zip(months, counts, strict=True) if n == 0),
        low=tuple(low),
        cut_short=tuple(dict.fromkeys(map(str, cut_short))),
    )


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
    """The months of a series of reasons that have one."""
    return tuple(month for month in gaps.index[gaps.notna()] if isinstance(month, pd.Period))


def is_whole_month(month: pd.Period, *, start: dt.date, end: dt.date) -> bool:
    """Whether every day of the month lies in the period."""
    return start <= month.start_time.date() and month.end_time.date() <= end

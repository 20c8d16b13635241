"""Months for which a series has no data, which must not be read as months without crime."""

from __future__ import annotations

import datetime as dt

import numpy as np
import numpy.typing as npt
import pandas as pd

from hotspots.analysis.calendar import find_runs
from hotspots.errors import ParameterError

_UNLIKELY = 1e-6
"""How unlikely a month without any incident must be, at the usual number a month, to count as a failed feed."""
USUAL_DISPERSION = 1.5
"""How many times the variance of independent incidents recorded crime usually has."""
_LOW_SHARE = 0.5
_MANY_A_MONTH = 50.0
"""Below this many rows a month, half of them may be missing by chance."""
_MIN_CRIMES, _MIN_EXPECTED, _ALIKE = 2, 10.0, 0.01
_MIN_MONTHS_BESIDE = 6
"""Of a rare crime, months with any from which its silence is judged: of fewer, one burst may be all there was."""
_SELDOM = 0.001
_DAYS_IN_MONTH = 365.25 / 12


def find_gaps(counts: pd.Series, all_counts: pd.Series) -> pd.Series:
    """The months of a series that are gaps in the feed, with the reason.

    A month is a gap if the files hold no rows of any crime for it ("no data"); or none of this crime ("no data of this
    crime"), though at its usual number a month that would happen less than once in a million. Usual is the median of
    the months that have any; no more than the mean of the months with any just before and after, and no more than the
    share of the usual that all crime has in that month: where crime falls as a whole, as in spring 2020, a month
    without any is likelier. A month that is merely low is no gap, however low.

    Of a rare crime, of which a month without any is no surprise, a run of such months at the beginning or the end is
    judged as one, if six months have any. Months that are empty in every year, while those that are not come back,
    are a season and no gap. A rare crime that comes in series may be quiet by itself for as long: of 24 or 60 months
    in which counts vary three times as much as by chance, at most 1% are taken to begin late or end early.

    Args:
        counts: Incidents of the crime by month, int; index PeriodIndex of consecutive months.
        all_counts: Rows of all crimes in the same months.

    Returns:
        On the index of `counts`: the reason, or None for a month with data.

    Raises:
        ParameterError: The two are not of the same months.
    """
    if not counts.index.equals(all_counts.index):
        raise ParameterError(
            f"Counts of one crime and of all crimes must be of the same months; they are of {_say_months(counts)} and "
            f"{_say_months(all_counts)}. Count both over one pd.period_range."
        )
    usual, usual_of_all = _usual(counts), _usual(all_counts)
    n, n_all = counts.to_numpy(), all_counts.to_numpy()
    share_of_usual = np.minimum(n_all / usual_of_all, 1.0) if usual_of_all else np.zeros(len(n))
    is_nil = find_empty_months(all_counts)
    expected = np.where(is_nil, usual, np.minimum(_expect_near(n, usual), usual * share_of_usual))
    reasons = np.full(len(counts), None, dtype=object)
    for run in (np.arange(*ends) for ends in find_runs(n == 0)):
        is_at_edge = run[0] == 0 or run[-1] == len(n) - 1
        is_missing = np.exp(-expected[run].mean()) < _UNLIKELY or (is_at_edge and _is_silence(n, run, usual))
        if is_missing and not is_season(counts, run):
            reasons[run] = "no data of this crime"
    reasons[is_nil] = "no data"
    return pd.Series(reasons, index=counts.index, dtype=object)


def find_empty_months(all_counts: pd.Series) -> npt.NDArray[np.bool_]:
    """Which months of all crimes together are without any row, though chance would hardly leave that.

    A file of one rare crime has months without any: they are a count of 0. A run of such months is judged as one, with
    counts that vary half as much again as by chance. What is usual is the median of the months that have any, and no
    more than the mean of those just before and after the silence.

    Args:
        all_counts: Rows by month, int, on a PeriodIndex of consecutive months.
    """
    n = all_counts.to_numpy()
    expected = _expect_near(n, _usual(all_counts))
    empty = np.zeros(len(n), dtype=bool)
    for start, stop in find_runs(n == 0):
        chance = np.exp(-expected[start:stop].sum() * np.log(USUAL_DISPERSION) / (USUAL_DISPERSION - 1))
        empty[start:stop] = chance < _UNLIKELY
    return empty


def find_thinned_months(by_crime: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Which months have lost rows of all crimes alike, as a feed does that breaks off, and no real fall.

    A month is thinned if all crimes together have less than half of what is usual, and each of at least two crimes
    has lost about the same share (chi-squared of their shares, p above 0.01, ten or more rows expected of each). When
    crime truly fell by so much, in spring 2020, burglary, theft and drug offences fell by very different shares.

    Args:
        by_crime: Rows, int, one column a crime, index a PeriodIndex of consecutive months.
    """
    n = by_crime.to_numpy(dtype=np.float64)
    total = by_crime.sum(axis=1)
    is_low = ((total > 0) & (total < _LOW_SHARE * _usual(total))).to_numpy() & (_usual(total) >= _MANY_A_MONTH)
    shares = n[~is_low].sum(axis=0) / max(n[~is_low].sum(), 1.0)
    thinned = np.zeros(len(n), dtype=bool)
    for month in np.flatnonzero(is_low).tolist():
        told = shares * n[month].sum() >= _MIN_EXPECTED
        if told.sum() < _MIN_CRIMES:
            continue
        expected = shares[told] / shares[told].sum() * n[month][told].sum()
        from scipy import special  # here, as few files need it and it takes a while

        statistic = float(((n[month][told] - expected) ** 2 / expected).sum())
        thinned[month] = special.chdtrc(told.sum() - 1, statistic) > _ALIKE
    return thinned


def find_own_days(started_at: pd.Series, *, first: dt.date, last: dt.date) -> tuple[dt.date, dt.date]:
    """First and last day that the files cover for one crime, which may be fewer than for others.

    The file of a crime may begin later or end earlier than those of others. Days before its first incident, or after
    its last, are taken for that where so long a silence would happen less than once in a million: at the median of the
    months that have any, and with as many incidents dealt out over all these days. It takes six months with any, and
    a silence at the same time of another year is a season.

    Args:
        started_at: Of its incidents, those that give their days, between `first` and `last`.
        first: First day that the files cover at all.
        last: Last such day.

    Returns:
        Of either `first`, or `last`, as given; or that of the crime, to the end of a month where chance allows it.
    """
    started = started_at.dropna()
    months = started.dt.to_period("M").value_counts()
    if not len(months):
        return first, last
    usual = _usual(months) / _DAYS_IN_MONTH
    own_first, own_last = started.min().date(), started.max().date()
    n_days = (own_last - own_first).days + 1

    def is_silent(from_day: dt.date, to_day: dt.date, other_year: int) -> bool:
        days = (to_day - from_day).days + 1
        if days < 1 or len(months) < _MIN_MONTHS_BESIDE or np.exp(-usual * days) >= _UNLIKELY:
            return False
        if (n_days / (n_days + days)) ** len(started) >= _UNLIKELY:
            return False
        start, stop = (
            pd.Timestamp(day) + pd.DateOffset(years=other_year) for day in (from_day, to_day + dt.timedelta(days=1))
        )
        is_known = start >= pd.Timestamp(own_first) and stop <= pd.Timestamp(own_last)
        return not is_known or bool(((started >= start) & (started < stop)).any())

    day = dt.timedelta(days=1)
    begins_late, ends_early = is_silent(first, own_first - day, 1), is_silent(own_last + day, last, -1)
    # A file usually begins and ends with a month: it is taken to, unless that leaves a silence that chance seldom does.
    month_first, month_last = own_first.replace(day=1), pd.Period(own_last, freq="M").end_time.date()
    if np.exp(-usual * (own_first - month_first).days) > _SELDOM:
        own_first = max(month_first, first)
    if np.exp(-usual * (month_last - own_last).days) > _SELDOM:
        own_last = min(month_last, last)
    return own_first if begins_late else first, own_last if ends_early else last


def _expect_near(n: npt.NDArray[np.int64], usual: float) -> npt.NDArray[np.float64]:
    """What a month would have: the usual number, and no more than the mean of the nearest months with any."""
    with_any = np.flatnonzero(n > 0)
    expected = np.full(len(n), usual)
    if len(with_any):
        after = np.searchsorted(with_any, np.arange(len(n)))
        sides = np.stack([n[with_any[np.maximum(after - 1, 0)]], n[with_any[np.minimum(after, len(with_any) - 1)]]])
        expected = np.minimum(expected, sides.mean(axis=0))
    return expected


def _is_silence(n: npt.NDArray[np.int64], run: npt.NDArray[np.int64], usual: float) -> bool:
    """Whether chance would hardly leave so many months without any, at what is usual and with incidents dealt out."""
    present = np.flatnonzero(n > 0)
    if len(present) < _MIN_MONTHS_BESIDE or np.exp(-usual * len(run)) >= _UNLIKELY:
        return False
    first, last = min(present[0], run[0]), max(present[-1], run[-1])
    return bool((1 - len(run) / (last - first + 1)) ** int(n.sum()) < _UNLIKELY)


def is_season(counts: pd.Series, run: npt.NDArray[np.int64]) -> bool:
    """Whether other years are without any in the calendar months of a run, too, and the months with any come back.

    Args:
        counts: By month, on a PeriodIndex.
        run: Positions of the months without any.
    """
    month = pd.PeriodIndex(counts.index).month.to_numpy()
    has_any = counts.to_numpy() > 0
    is_like = np.isin(month, month[run])
    n_years_with = np.bincount(month[has_any], minlength=13)
    comes_back = bool((n_years_with[n_years_with > 0] > 1).all()) and bool(has_any.any())
    return comes_back and not has_any[is_like].any() and int(is_like.sum()) > len(run)


def _usual(counts: pd.Series) -> float:
    present = counts[counts > 0]
    return float(present.median()) if len(present) else 0.0


def _say_months(counts: pd.Series) -> str:
    return f"{counts.index[0]} to {counts.index[-1]}" if len(counts) else "none"

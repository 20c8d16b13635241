"""Parts of the data that fall silent while the rest goes on: the end of a file, and not the end of crime."""

from __future__ import annotations

import collections
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from hotspots.analysis.calendar import find_runs
from hotspots.analysis.change.gaps import USUAL_DISPERSION, is_season
from hotspots.errors import ParameterError

Integers = npt.NDArray[np.int64]

_UNLIKELY = 1e-6
_SELDOM = 0.001
"""How unlikely a silence must be that begins and ends with one that is beyond doubt."""
_MIN_MONTHS = 6
"""Months with any from which a silence of a part with few incidents is judged."""
_COUNTS_FOR = 8
"""For how many months the usual dispersion counts beside those of the part."""
_LEAST_DISPERSION = 1.05
"""Above 1, so that its logarithm can be divided by what exceeds 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """A run of months in which a part has nothing, though the rest goes on.

    Attributes:
        part: Which, of the index of the counts.
        first, last: Months, both included.
        n_expected: What it would have had at its share of the rest.
    """

    part: str
    first: pd.Period
    last: pd.Period
    n_expected: float


def find_silences(counts: pd.DataFrame) -> tuple[Silence, ...]:
    """Find the months in which a part of the data is silent by more than chance, given all the other parts.

    Parts are files, boroughs or wards. What a part would have in a month is its usual share of the rest in that month,
    so a month in which all crime falls is no silence of anything. Its busiest month does not count, as that may be one
    burst. A run of months without any is one if chance would
    leave it less than once in a million over all parts: with counts that vary as much as those of the part do
    (negative binomial), and with its incidents dealt out over all the months. A run that begins and ends with one of
    these needs only to be seldom (one in a thousand): what stops, stops for several wards at once. So may several that
    are seldom, and begin and end together, be beyond doubt together.

    Runs at either end are found, and runs between; months that are empty in every year are a season. The last month of
    a file that ends within it is not found here, since it has some.

    Args:
        counts: int, one row a part, columns a PeriodIndex of consecutive months.

    Returns:
        In the order of the parts, and of time.

    Raises:
        ParameterError: The columns are not consecutive months.
    """
    months = counts.columns
    if not isinstance(months, pd.PeriodIndex) or (len(months) and len(months) != (months[-1] - months[0]).n + 1):
        raise ParameterError(
            "Counts of parts must have consecutive months as columns, a pandas PeriodIndex; they have not. "
            "Use pd.period_range."
        )
    n = counts.to_numpy(dtype=np.int64)
    rows = np.flatnonzero((n == 0).any(axis=1) & (n > 0).any(axis=1)).tolist()
    together = collections.defaultdict(list)
    for row in rows:
        for span in find_runs(n[row] == 0):
            together[span].append(row)
    tried = []
    for row in rows:
        for start, stop in find_runs(n[row] == 0):
            # what stops in the same months with it says nothing of what it would have had
            rest = n.sum(axis=0) - n[together[start, stop]].sum(axis=0)
            found = _try_run(n[row], rest, np.arange(start, stop))
            if found is not None and not is_season(counts.iloc[row], found[0]):
                tried.append((row, *found))
    seldom = collections.defaultdict(list)
    for _, run, _, chance in tried:
        if chance < _SELDOM:
            seldom[run[0], run[-1]].append(chance)
    certain_spans = {
        span for span, chances in seldom.items() if math.prod(chances) * math.comb(len(n), len(chances)) < _UNLIKELY
    }
    is_certain = [
        chance * max(len(n), 1) < _UNLIKELY or (chance < _SELDOM and (run[0], run[-1]) in certain_spans)
        for _, run, _, chance in tried
    ]
    stops = {(run[0], run[-1]) for (_, run, _, _), certain in zip(tried, is_certain, strict=True) if certain}
    return tuple(
        Silence(part=counts.index[row], first=months[run[0]], last=months[run[-1]], n_expected=expected)
        for (row, run, expected, chance), certain in zip(tried, is_certain, strict=True)
        if certain or ((run[0], run[-1]) in stops and chance < _SELDOM)
    )


def _try_run(n: Integers, rest: Integers, run: Integers) -> tuple[Integers, float, float] | None:
    """A run of months without any of a part, what it would have had, and how likely chance leaves none.

    None where the other parts, or the other months, say nothing of it.
    """
    others = np.delete(np.arange(len(n)), run)
    others = others[rest[others] > 0]
    if not rest[run].any() or not n[others].any():
        return None
    if (n > 0).sum() < _MIN_MONTHS and np.exp(-n[others].mean()) > _SELDOM:
        return None  # one burst may be all there was
    others = np.delete(others, n[others].argmax())  # or most of it
    if not n[others].any():
        return None
    share = float(n[others].sum()) / float(rest[others].sum())
    # a part that is most of all is not told by the little beside it: no more than it has on average
    expected = float(np.minimum(share * rest[run], n[others].mean()).sum())
    squares = (n[others] - share * rest[others]) ** 2 / (share * rest[others])
    dispersion = max(
        float(squares.sum() + USUAL_DISPERSION * _COUNTS_FOR) / (len(others) + _COUNTS_FOR), _LEAST_DISPERSION
    )
    by_spread = np.exp(-expected * np.log(dispersion) / (dispersion - 1))
    n_usual = float(n[others].sum())
    dealt_out = (1 - expected / (expected + n_usual)) ** n_usual
    return run, expected, float(max(by_spread, dealt_out))

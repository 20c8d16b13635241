"""Which groups changed by more than chance, and how certain that is."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from hotspots.analysis.change.comparisons import Comparison
from hotspots.analysis.change.dispersion import Dispersion
from hotspots.analysis.change.window_counts import ChangeCounts
from hotspots.analysis.rates import compare_rates
from hotspots.distributions import control_false_discoveries
from hotspots.errors import ParameterError

Floats = npt.NDArray[np.float64]

VERDICTS = ("clearly improving", "improving", "no apparent change", "deteriorating", "clearly deteriorating")
"""Fewer incidents is better."""
_VERDICT = pd.CategoricalDtype(pd.Index(VERDICTS), ordered=True)
CLEAR_LEVEL, PLAIN_LEVEL = 0.01, 0.05
"""Adjusted p values up to which a change is clear, and is one at all."""
CONFIDENCE = 0.95
MIN_FOR_PERCENT = 50
"""Of fewer incidents one more or less is over 2%, and a percentage says more than is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeTable:
    """Which groups changed, and how certain that is.

    Attributes:
        table: One row a group: `n_current`, `n_earlier` (int); `ratio`, `low`, `high` (float), how many times the
            earlier incidents a day the current ones are, and its limits; `percent` (Int64), the change of incidents a
            day, missing where fewer than `MIN_FOR_PERCENT` earlier ones; `dispersion` (float) allowed for, and `n_free`
            (float), its degrees of freedom; `p_value` and `p_adjusted` (float), for the number of groups, or of
            comparisons (`control_family`); `verdict` (categorical of `VERDICTS`). Windows that differ by under half a
            percent count as equally long.
        comparison: The windows.
        confidence: Of the limits, of each group by itself, 0-1.
        n_compared: Groups with any incident: those that the p values are adjusted for.
        n_month_only, n_ungrouped: As counted; see `ChangeCounts`.
        allowance: What is allowed for how much crime varies, in a sentence.
    """

    table: pd.DataFrame
    comparison: Comparison
    confidence: float
    n_compared: int
    n_month_only: int
    n_ungrouped: int
    allowance: str


def measure_change(counts: ChangeCounts, *, dispersion: Dispersion | None = None) -> ChangeTable:
    """Compare the incidents a day of both windows in each group, and say which changed.

    Each group by the exact test of two Poisson rates, its counts divided by the dispersion; see `compare_rates`. The
    p values are adjusted for the number of groups that have any incident (Benjamini-Hochberg: of the changes called,
    at most that share is false on average). The verdict goes by the adjusted p value alone: up to 0.01 it is clear,
    up to 0.05 plain, above that there is no apparent change, which is not to say that there is none: of 20 incidents a
    window, even twice as many are seldom called among 42 wards. Fewer incidents is improving, though fewer may also
    have been reported. Limits are each group's own; they can leave out 1 where the verdict, for all groups together,
    is no apparent change.

    Pass the dispersion wherever the data reach back far enough. Real counts vary more than independent incidents:
    without it 10 to 30% of neighbouring months of a borough or two are called changed at 0.05, with it 2 to 6%. One
    comparison is one look: of seven in which nothing changed, chance has seven chances. `control_family` allows for it.

    Within hot spots use it only for comparisons that `withhold_selected` lets pass.

    Args:
        counts: From `count_change`.
        dispersion: From `measure_dispersion`, of the same groups; without one incidents are taken to be independent.

    Raises:
        ParameterError: The dispersion is not of the same groups.

    Source: Benjamini, Y. and Hochberg, Y. (1995), "Controlling the false discovery rate", Journal of the Royal
    Statistical Society B 57(1), doi:10.1111/j.2517-6161.1995.tb02031.x; for the test see `compare_rates`.
    """
    names, comparison = counts.table.index, counts.comparison
    spread, n_free = np.ones(len(names)), np.full(len(names), np.inf)
    allowance = "Treats incidents as independent of each other. They are not, so change is found too readily."
    if dispersion is not None:
        position = dispersion.by_group.index.get_indexer(names)
        if (position < 0).any():
            raise ParameterError(
                f"A dispersion must cover every group that is compared; it has none for {names[position < 0][0]!r}. "
                "Measure it with the same `groups` and `all_groups` as the counts."
            )
        spread = dispersion.by_group.to_numpy(dtype=np.float64)[position]
        n_free = dispersion.n_free.to_numpy(dtype=np.float64)[position]
        allowance = dispersion.explanation
    current, earlier = (counts.table[column].to_numpy() for column in ("n_current", "n_earlier"))
    days_current, days_earlier = comparison.exposures
    compared = compare_rates(
        current,
        earlier,
        exposure_first=days_current,
        exposure_second=days_earlier,
        dispersion=spread,
        n_free=n_free,
        confidence=CONFIDENCE,
    )
    has_any = current + earlier > 0
    p_adjusted = np.ones(len(names))
    if has_any.any():
        p_adjusted[has_any] = control_false_discoveries(compared.p_value[has_any])
    is_stated = earlier >= MIN_FOR_PERCENT
    percent = pd.array(np.rint(np.where(is_stated, 100 * (compared.ratio - 1), 0)).astype(np.int64), dtype="Int64")
    percent[~is_stated] = pd.NA
    table = pd.DataFrame(
        {
            "n_current": current,
            "n_earlier": earlier,
            "ratio": compared.ratio,
            "low": compared.low,
            "high": compared.high,
            "percent": percent,
            "dispersion": spread,
            "n_free": n_free,
            "p_value": compared.p_value,
            "p_adjusted": p_adjusted,
            "verdict": _call(p_adjusted, compared.ratio),
        },
        index=names,
    )
    return ChangeTable(
        table=table,
        comparison=comparison,
        confidence=CONFIDENCE,
        n_compared=int(has_any.sum()),
        n_month_only=counts.n_month_only,
        n_ungrouped=counts.n_ungrouped,
        allowance=allowance,
    )


def control_family(changes: Sequence[ChangeTable], *, main: int = 0) -> tuple[ChangeTable, ...]:
    """Adjust p values and verdicts of one area for how many comparisons of it are shown together.

    Of sets of comparisons in which nothing changed, at most one in twenty then calls anything, and at most one in a
    hundred calls anything clear, however much the comparisons share. Half of that is kept for the comparison that is
    looked at first, whichever it is as long as it was not chosen by its counts; the others share the rest.

    Args:
        changes: Of one group each, such as the whole area.
        main: Place of the one that is looked at first.

    Source: Holm, S. (1979), "A simple sequentially rejective multiple test procedure", Scandinavian Journal of
    Statistics 6(2), with weights as in its section 4.
    """
    if not changes:
        return ()
    n_others = len(changes) - 1
    weight = np.array([1.0 if not n_others else 0.5 if at == main else 0.5 / n_others for at in range(n_others + 1)])
    p = np.array([float(change.table["p_value"].iloc[0]) for change in changes])
    order = np.argsort(p / weight, kind="stable")
    left = weight[order][::-1].cumsum()[::-1]
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] / weight[order] * left), 1.0)
    return tuple(
        dataclasses.replace(
            change,
            table=change.table.assign(
                p_adjusted=value, verdict=_call(np.array([value]), change.table["ratio"].to_numpy())
            ),
        )
        for change, value in zip(changes, adjusted.tolist(), strict=True)
    )


def _call(p_adjusted: Floats, ratio: Floats) -> pd.Categorical:
    """The verdict of each p value; a ratio is missing only where both counts are 0, and then nothing is called."""
    step = (p_adjusted <= PLAIN_LEVEL).astype(np.int64) + (p_adjusted <= CLEAR_LEVEL)
    code = 2 + step * np.where(np.nan_to_num(ratio, nan=1.0) > 1, 1, -1)
    return pd.Categorical.from_codes(code, dtype=_VERDICT)

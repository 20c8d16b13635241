"""Whether a map was right: the share of later incidents that it caught, and in how small a share of the area."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import special

from hotspots.analysis.accuracy.cell_orders import CellOrder
from hotspots.distributions import binomial_ppf
from hotspots.errors import DataError, ParameterError, TooLittleDataError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Interval = tuple[float, float]

CONFIDENCE = 0.95
DEFAULT_AREA_SHARES = (0.01, 0.02, 0.05, 0.10)

_ROUNDING = 1 + 1e-9
"""So that 29% of 100 cells is 29 of them, although 0.29 x 100 is a little less in floating point."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaScore:
    """What a flagged part of the study area caught of the test period's incidents.

    Attributes:
        n_cells: Cells flagged; None for polygons.
        n_hits, n_incidents: Incidents inside the flagged part; in all.
        area_share: Flagged area as a share of the study area; also the hit rate that chance gives.
        hit_rate, hit_rate_interval: `n_hits / n_incidents`, and where it may lie.
        pai, pai_interval: Prediction accuracy index, `hit_rate / area_share`: 1 is chance.
        best_hit_rate: The most that cells of that area in all could have caught; None where no cells were given.
        pei: Prediction efficiency index, `hit_rate / best_hit_rate`; None where no cells were given.
        rri: Recapture rate index, incidents predicted per incident observed inside; None where the prediction is
            not in incidents or none were observed inside.
        chance_interval: Hit rates to expect of as many incidents spread evenly over the study area.
        ground_share: Share of the ground that the recorded points in the flagged part stand for (`Catchments`): on
            points that a source shares among addresses, much more than the flagged area; None where it is not known.
    """

    n_cells: int | None
    n_hits: int
    n_incidents: int
    area_share: float
    hit_rate: float
    hit_rate_interval: Interval
    pai: float
    pai_interval: Interval
    best_hit_rate: float | None
    pei: float | None
    rri: float | None
    chance_interval: Interval
    ground_share: float | None = None

    @property
    def ground_pai(self) -> float | None:
        """`hit_rate / ground_share`: what remains of the index where ground is counted instead of cells."""
        return self.hit_rate / self.ground_share if self.ground_share else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastScores:
    """Scores of one forecast at several area shares.

    Attributes:
        area_shares: As asked; the share that whole cells make of each is in the score.
        scores: One for each area share.
        n_cells, n_incidents: Of the study area and the test period.
        n_cells_hit: Cells with an incident in the test period: what the intervals rest on.
        confidence, n_resamples, seed: How the intervals were made.
    """

    area_shares: tuple[float, ...]
    scores: tuple[AreaScore, ...]
    n_cells: int
    n_incidents: int
    n_cells_hit: int
    confidence: float
    n_resamples: int
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HitRateDifference:
    """How two forecasts differ at one area share, on the same incidents.

    Attributes:
        area_share: As asked.
        first_hit_rate, second_hit_rate: Of the two forecasts.
        difference, difference_interval: First less second, and where it may lie.
        n_cells_apart: Cells with incidents that one of the two flags and the other does not.
        p_value: How often cells on which they differ, given to either by the toss of a coin, differ as much.
        confidence: Of the interval.
    """

    area_share: float
    first_hit_rate: float
    second_hit_rate: float
    difference: float
    difference_interval: Interval
    n_cells_apart: int
    p_value: float
    confidence: float

    @property
    def winner(self) -> Literal["first", "second"] | None:
        """The better forecast, if it is better by more than chance by both the interval and the p-value."""
        low, high = self.difference_interval
        if self.p_value > 1 - self.confidence or low <= 0 <= high:
            return None
        return "first" if low > 0 else "second"


def score_forecast(
    predicted: npt.ArrayLike,
    observed: npt.ArrayLike,
    *,
    area_shares: Sequence[float] = DEFAULT_AREA_SHARES,
    predicts_counts: bool = False,
    n_resamples: int = 999,
    seed: int = 0,
) -> ForecastScores:
    """Score a forecast by the incidents that came after it: hit rate, PAI, PEI and RRI at several shares of the area.

    Cells are of one size. They are flagged from the highest prediction down until the next would take the flagged area
    beyond the share asked for, and at least one is: floor(share x n) of n cells. Equal predictions are ordered against
    the forecaster: among them the cells with the fewest incidents come first, so a forecast earns nothing from how the
    cells happen to be sorted.

    The best possible hit rate is that of as many cells with most incidents. So PEI is at most 1.

    Intervals hold the forecast and its flagged cells fixed, and resample the cells that had incidents, each with all
    of its incidents. Incidents are not resampled one by one because those of one place are not independent: a
    series, a repeat victim or a snap point brings several at once. On made data with incidents in threes a 95%
    interval from single incidents held the hit rate of the long run in 72% of test periods, in tens in 49%; this one
    in all, and in 97%. The price is width where incidents do come singly, since lasting differences between cells
    count as chance too: there it is about twice as wide as it need be. Cells without incidents add nothing to either
    side of the hit rate. An interval is never narrower than the exact binomial one (Clopper-Pearson) for independent
    incidents, which keeps it honest where all or none were hit. Cells next to each other count as independent; where
    they are smaller than the clumps of the data the interval is too narrow.

    The scores say how well a map ranks places, not whether acting on it prevents anything. Hit rates of different
    crimes, areas or cell sizes do not compare; PAI at a small share is high for any concentrated crime. Where police
    go on the forecast, they change what is recorded there.

    Args:
        predicted: One number a cell, on any scale; more means more incidents expected.
        observed: int a cell, incidents of the test period, none of which the forecast has seen.
        area_shares: Above 0, at most 1.
        predicts_counts: Whether `predicted` is a number of incidents in a period as long as the test period. RRI is
            only given then: it compares amounts, and a density or a z-score is not one.
        n_resamples: Resamples of the cells.
        seed: Of the resampling.

    Raises:
        DataError: The arrays differ in length, a prediction is missing, or an observation is not a whole number of
            incidents.
        ParameterError: An area share or the number of resamples is out of range.
        TooLittleDataError: There are no incidents to score by.

    Source: Chainey, S., Tompson, L., Uhlig, S. (2008), "The utility of hotspot mapping for predicting spatial
    patterns of crime", Security Journal 21, doi:10.1057/palgrave.sj.8350066 (hit rate, PAI). Hunt, J. (2016), "Do
    crime hot spots move?", dissertation, American University (PEI). Levine, N. (2008), "The 'hottest' part of a
    hotspot", Security Journal 21 (RRI). Davison, A. C., Hinkley, D. V. (1997), Bootstrap Methods and their
    Application, section 3.8 (resampling whole clusters).
    """
    counts = _read_counts(observed)
    prediction = _read_prediction(predicted, len(counts), "prediction")
    if predicts_counts and not (np.isfinite(prediction).all() and (prediction >= 0).all()):
        raise DataError(
            "A prediction in incidents must be finite and 0 or more in every cell; the lowest here is "
            f"{prediction.min():g}, the highest {prediction.max():g}. Leave `predicts_counts` out to score another "
            "scale."
        )
    _check_resampling(area_shares, n_resamples)
    n_flagged = _count_flagged(len(counts), area_shares)
    order = CellOrder(prediction, counts, n_first=int(n_flagged.max(initial=0)))
    counts_of_hit = counts[counts > 0]
    scores = score_ranks(
        order.rank_of_hit, counts_of_hit, n_cells=len(counts), n_flagged=n_flagged, n_resamples=n_resamples, seed=seed
    )
    if predicts_counts:
        scores = tuple(
            dataclasses.replace(one, rri=float(inside / one.n_hits) if one.n_hits else None)
            for one, inside in zip(scores, order.sum_first(prediction, n_flagged), strict=True)
        )
    return ForecastScores(
        area_shares=tuple(map(float, area_shares)),
        scores=scores,
        n_cells=len(counts),
        n_incidents=int(counts.sum()),
        n_cells_hit=len(counts_of_hit),
        confidence=CONFIDENCE,
        n_resamples=int(n_resamples),
        seed=int(seed),
    )


def score_ranks(
    rank_of_hit: Ints, counts_of_hit: Ints, *, n_cells: int, n_flagged: Ints, n_resamples: int, seed: int
) -> tuple[AreaScore, ...]:
    """The scores of a forecast for each number of flagged cells, without what it predicted.

    Args:
        rank_of_hit: int (n_hit,), the place, from 0, at which each cell with incidents is flagged; any beyond the most
            that are flagged, where it is not.
        counts_of_hit: int (n_hit,), their incidents.
        n_cells: Of the study area.
        n_flagged: int (n,), how many cells are flagged.
        n_resamples: As in `score_forecast`.
        seed: As in `score_forecast`.
    """
    _check_resampling((), n_resamples)
    rng = np.random.default_rng(seed)
    n_incidents = int(counts_of_hit.sum())
    best_hits = np.cumsum(np.sort(counts_of_hit)[::-1])
    scores = []
    for n in n_flagged.tolist():
        is_flagged = rank_of_hit < n
        scores.append(
            _make_score(
                int(counts_of_hit[is_flagged].sum()),
                n_incidents,
                area_share=n / n_cells,
                resampled=_resample_share(is_flagged.astype(np.int64), counts_of_hit, rng, n_resamples),
                n_cells=n,
                best_hit_rate=float(best_hits[min(n, len(best_hits)) - 1] / n_incidents),
            )
        )
    return tuple(scores)


def score_areas(
    is_inside: npt.ArrayLike,
    *,
    area_inside_km2: float,
    study_area_km2: float,
    n_incidents: npt.ArrayLike | None = None,
    n_resamples: int = 999,
    seed: int = 0,
) -> AreaScore:
    """Score hot-spot polygons, or any other flagged area, by the incidents that came after them.

    Intervals are those of `score_forecast`, with places instead of cells resampled.

    Args:
        is_inside: bool for each place (or incident): whether the flagged area holds it.
        area_inside_km2: Area of the flagged polygons, overlaps counted once, clipped to the study area.
        study_area_km2: Area of the whole.
        n_incidents: int for each place, `UniquePoints.n_incidents`; by default one, which makes each incident
            a place of its own, and the interval too narrow where they share points.
        n_resamples: Resamples of the places.
        seed: Of the resampling.

    Raises:
        DataError: The arrays differ in length, or a count is not a whole number of incidents.
        ParameterError: An area or the number of resamples is out of range.
        TooLittleDataError: There are no incidents to score by.

    Source: as `score_forecast`.
    """
    inside = np.asarray(is_inside)
    if inside.dtype != bool:
        raise DataError(
            f"`is_inside` must hold true or false for each place; it holds {inside.dtype}. Convert it first."
        )
    counts = np.ones(len(inside), dtype=np.int64) if n_incidents is None else _read_counts(n_incidents)
    if len(counts) != len(inside):
        raise DataError(f"Each place needs one count of incidents; given {len(inside):,} and {len(counts):,}.")
    if not (math.isfinite(study_area_km2) and 0 < area_inside_km2 <= study_area_km2 * _ROUNDING):
        raise ParameterError(
            f"The flagged area must be above 0 and no larger than the study area; the two are {area_inside_km2:g} and "
            f"{study_area_km2:g} km². Clip the polygons to the study area, and join those that overlap."
        )
    _check_resampling((), n_resamples)
    hit = counts > 0
    rng = np.random.default_rng(seed)
    return _make_score(
        int(counts[inside].sum()),
        int(counts.sum()),
        area_share=min(float(area_inside_km2 / study_area_km2), 1.0),
        resampled=_resample_share(inside[hit].astype(np.int64), counts[hit], rng, n_resamples),
    )


def compare_forecasts(
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    observed: npt.ArrayLike,
    *,
    area_shares: Sequence[float] = DEFAULT_AREA_SHARES,
    n_resamples: int = 999,
    seed: int = 0,
) -> tuple[HitRateDifference, ...]:
    """Compare the hit rates of two forecasts on the same cells and the same incidents, at several area shares.

    Both flag cells as in `score_forecast`. What both catch or both miss says nothing about which is better, so the
    comparison is paired: it rests on the cells that one flags and the other does not. The interval resamples cells
    as in `score_forecast`; each resample is scored for both. The p-value is that of a randomisation test: were the
    forecasts equally good, each such cell could as well have been the other's. With few such cells trust the p-value.

    One test period is one test: a method that wins in one quarter may lose in the next. Of many methods compared, the
    best looks better than it is.

    Args:
        first: One number a cell, on any scale.
        second: The same of the other forecast; its scale need not be that of the first.
        observed: int a cell, incidents of the test period.
        area_shares: Above 0, at most 1.
        n_resamples: Resamples of the cells, and tosses.
        seed: Of both.

    Returns:
        One comparison for each area share.

    Raises:
        DataError, ParameterError, TooLittleDataError: As `score_forecast`.

    Source: Efron, B., Tibshirani, R. J. (1993), An Introduction to the Bootstrap, chapter 15 (permutation tests).
    """
    counts = _read_counts(observed)
    _check_resampling(area_shares, n_resamples)
    n_flagged = _count_flagged(len(counts), area_shares)
    first_order, second_order = (
        CellOrder(_read_prediction(predicted, len(counts), name), counts, n_first=int(n_flagged.max(initial=0)))
        for name, predicted in (("first prediction", first), ("second prediction", second))
    )
    return compare_ranks(
        first_order.rank_of_hit,
        second_order.rank_of_hit,
        counts[counts > 0],
        area_shares=area_shares,
        n_flagged=n_flagged,
        n_resamples=n_resamples,
        seed=seed,
    )


def compare_ranks(
    first_rank: Ints,
    second_rank: Ints,
    counts_of_hit: Ints,
    *,
    area_shares: Sequence[float],
    n_flagged: Ints,
    n_resamples: int,
    seed: int,
) -> tuple[HitRateDifference, ...]:
    """The comparisons of two forecasts, as `compare_forecasts`, by the places of the cells with incidents.

    Args:
        first_rank: int (n_hit,), the place, from 0, at which the first forecast flags each cell with incidents.
        second_rank: int (n_hit,), the same of the second.
        counts_of_hit: int (n_hit,), their incidents.
        area_shares: As asked, one for each number of flagged cells.
        n_flagged: int (n,), how many cells are flagged.
        n_resamples: As in `compare_forecasts`.
        seed: As in `compare_forecasts`.
    """
    rng = np.random.default_rng(seed)
    counts, n_incidents = counts_of_hit, int(counts_of_hit.sum())
    comparisons = []
    for share, n in zip(area_shares, n_flagged.tolist(), strict=True):
        in_first, in_second = first_rank < n, second_rank < n
        sign = in_first.astype(np.int64) - in_second
        low, high = _find_quantiles(_resample_share(sign, counts, rng, n_resamples))
        comparisons.append(
            HitRateDifference(
                area_share=float(share),
                first_hit_rate=float(counts[in_first].sum() / n_incidents),
                second_hit_rate=float(counts[in_second].sum() / n_incidents),
                difference=float((sign * counts).sum() / n_incidents),
                difference_interval=(low, high),
                n_cells_apart=int(np.count_nonzero(sign)),
                p_value=_toss_signs(sign, counts, rng, n_resamples),
                confidence=CONFIDENCE,
            )
        )
    return tuple(comparisons)


def _count_flagged(n_cells: int, area_shares: Sequence[float]) -> Ints:
    """How many cells each area share takes."""
    return np.maximum(np.floor(np.asarray(area_shares, dtype=np.float64) * n_cells * _ROUNDING).astype(np.int64), 1)


def _resample_share(sign: Ints, counts: Ints, rng: np.random.Generator, n_resamples: int) -> Floats:
    """The share of incidents, times their sign, in resamples of places drawn with replacement.

    Places of one sign and count are alike, so how often each kind is drawn is drawn at once: the same as drawing
    place by place, at the cost of the number of kinds.
    """
    kinds, n_places = np.unique(3 * counts + sign, return_counts=True)
    count = (kinds + 1) // 3
    drawn = rng.multinomial(len(counts), n_places / len(counts), size=n_resamples)
    return np.asarray(drawn @ ((kinds - 3 * count) * count) / (drawn @ count), dtype=np.float64)


def _toss_signs(sign: Ints, counts: Ints, rng: np.random.Generator, n_resamples: int) -> float:
    """The p-value of a sum of signed counts when the sign of each is tossed; as above, by kinds of places."""
    kinds, n_places = np.unique(counts[sign != 0], return_counts=True)
    heads = rng.binomial(n_places, 0.5, size=(n_resamples, len(kinds)))
    tossed = np.abs((2 * heads - n_places) @ kinds)
    return float((1 + np.count_nonzero(tossed >= abs((sign * counts).sum()))) / (1 + n_resamples))


def _find_quantiles(values: Floats) -> Interval:
    low, high = np.quantile(values, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)


def _make_score(
    n_hits: int,
    n_incidents: int,
    *,
    area_share: float,
    resampled: Floats,
    n_cells: int | None = None,
    best_hit_rate: float | None = None,
) -> AreaScore:
    hit_rate = n_hits / n_incidents
    tail, n_missed = (1 - CONFIDENCE) / 2, n_incidents - n_hits
    low, high = _find_quantiles(resampled)
    low = min(low, float(special.betaincinv(n_hits, n_missed + 1, tail)) if n_hits else 0.0)
    high = max(high, float(special.betaincinv(n_hits + 1, n_missed, 1 - tail)) if n_missed else 1.0)
    chance = binomial_ppf(np.array([tail, 1 - tail]), n_incidents, area_share).tolist()
    return AreaScore(
        n_cells=n_cells,
        n_hits=n_hits,
        n_incidents=n_incidents,
        area_share=area_share,
        hit_rate=hit_rate,
        hit_rate_interval=(low, high),
        pai=hit_rate / area_share,
        pai_interval=(low / area_share, high / area_share),
        best_hit_rate=best_hit_rate,
        pei=hit_rate / best_hit_rate if best_hit_rate else None,
        rri=None,
        chance_interval=(float(chance[0]) / n_incidents, float(chance[1]) / n_incidents),
    )


def _read_counts(values: npt.ArrayLike) -> Ints:
    counts = np.asarray(values, dtype=np.float64)
    wrong = np.flatnonzero(~((counts >= 0) & (counts == np.floor(counts)) & np.isfinite(counts)))
    if len(wrong):
        raise DataError(
            f"A forecast is scored on whole incidents; {len(wrong):,} of {len(counts):,} counts are not whole numbers "
            f"of 0 or more, the first at position {wrong[0]} ({counts[wrong[0]]:g}). Count the incidents themselves, "
            "not weights or densities."
        )
    if not counts.any():
        raise TooLittleDataError(
            "A forecast is scored on the incidents that came after it, and there are none. Take a longer test period."
        )
    return counts.astype(np.int64)


def _read_prediction(values: npt.ArrayLike, n_cells: int, name: str) -> Floats:
    prediction = np.asarray(values, dtype=np.float64)
    if prediction.shape != (n_cells,):
        raise DataError(
            f"Predictions and observations must be of the same cells; the {name} has {prediction.size:,} cells, and "
            f"{n_cells:,} cells have observations. Take both from the same cells, in the same order."
        )
    missing = np.flatnonzero(np.isnan(prediction))
    if len(missing):
        raise DataError(
            f"Each cell needs a prediction, or its rank is not known; the {name} is missing for {len(missing):,} of "
            f"{n_cells:,} cells, the first of them cell {missing[0]}. Give these cells a prediction, such as 0."
        )
    return prediction


def _check_resampling(area_shares: Sequence[float], n_resamples: int) -> None:
    for share in area_shares:
        if not 0 < share <= 1:
            raise ParameterError(f"An area share must be above 0 and at most 1, not {share:g}. 0.05 is 5% of the area.")
    if n_resamples < 99:
        raise ParameterError(f"An interval needs 99 resamples or more, not {n_resamples}. 999 is usual.")

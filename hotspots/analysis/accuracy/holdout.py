"""Does it work? Fit to the past, test on later incidents, and compare with simpler methods."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import get_args

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from hotspots.analysis.accuracy.cell_orders import CellOrder
from hotspots.analysis.accuracy.folds import Fold
from hotspots.analysis.accuracy.forecasts import MethodName, Split, make_forecast, scale_forecast, split_incidents
from hotspots.analysis.accuracy.scores import (
    DEFAULT_AREA_SHARES,
    AreaScore,
    HitRateDifference,
    compare_ranks,
    score_areas,
    score_ranks,
)
from hotspots.analysis.hotspots import (
    MAX_PATROL_PLACES,
    PATROL_WIDTH_M,
    HotspotOptions,
    PatrolOptions,
    choose_patrol_places,
    draw_hotspots,
)
from hotspots.analysis.surfaces import CellRecords, locate_incidents
from hotspots.contracts import require_metres
from hotspots.distributions import binomial_ppf
from hotspots.errors import ParameterError, TooLittleDataError
from hotspots.geography import Catchments, Cells, collapse_points, find_polygon, make_cells, measure_catchments

Floats = npt.NDArray[np.float64]


_COLUMNS = ("started_at", "time_precision", "location_precision", "geometry")
"""What tests need; the precision says how many places a hot spot is of."""
_MIN_INCIDENTS = 30
JUDGED_SHARE = 0.02
"""The share of the area that methods are put in order by, or the nearest to it: what a team can walk in a shift."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodScore:
    """How one method did over all folds together.

    Attributes:
        method: Which.
        cell_size_m: Of the cells it ranked.
        bandwidth_m: Of the density; None for other methods.
        scores: At each area share asked for, in that order.
        at_hotspots: At the share of the area that the published hot spots took; None without such.
        against_best: The best method on these cells, by the hit rate at 2% of the area, less this one; None for
            the best itself.
    """

    method: MethodName
    cell_size_m: float
    bandwidth_m: float | None
    scores: tuple[AreaScore, ...]
    at_hotspots: AreaScore | None
    against_best: HitRateDifference | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdout:
    """What a rolling test found.

    Attributes:
        folds: The tests, the last one last.
        area_shares: At which methods were scored.
        methods: Their scores, in the order asked for.
        hotspots: The score of the published hot spots over all folds; None where a fold has none.
        last_hotspots: The same of the last fold alone: the map before this one, tested on what came since; None where
            it has none, or nothing came.
        patrols: The score of places to patrol, as many as a run would choose, over all folds; None where a fold has
            none.
        last_patrols: The same of the last fold alone; None where it has none, or nothing came.
        patrols_at_hotspots: The score of as many places to patrol as fill the area that the hot spots took; None
            where not asked for, without such, or where that would be more places than may be asked for.
        n_incidents: Incidents tested on.
    """

    folds: tuple[Fold, ...]
    area_shares: tuple[float, ...]
    methods: tuple[MethodScore, ...]
    hotspots: AreaScore | None
    last_hotspots: AreaScore | None
    patrols: AreaScore | None
    last_patrols: AreaScore | None
    patrols_at_hotspots: AreaScore | None
    n_incidents: int


def find_judged(area_shares: Sequence[float]) -> int:
    """Position of the area share that methods are put in order by."""
    return int(np.abs(np.asarray(area_shares) - JUDGED_SHARE).argmin())


def evaluate_methods(
    incidents: gpd.GeoDataFrame,
    other_incidents: gpd.GeoDataFrame | None = None,
    *,
    study_area: shapely.Geometry,
    folds: Sequence[Fold],
    cell_sizes_m: Sequence[float] = (50.0,),
    known_cells: Sequence[Cells] = (),
    bandwidths_m: Sequence[float] = (300.0,),
    methods: Sequence[MethodName] = get_args(MethodName),
    hotspot_options: HotspotOptions | None = None,
    patrol_options: PatrolOptions | None = None,
    at_equal_area: bool = False,
    area_shares: Sequence[float] = DEFAULT_AREA_SHARES,
    n_resamples: int = 999,
    seed: int = 0,
) -> Holdout:
    """Score methods on incidents that they have not seen.

    Each fold fits every method to the days before its test and flags the same share of the cells by each. The hits of
    all folds are added. Methods are the risk estimate (with its parameters fitted anew in each fold), the counts of
    all days before the test, those of the last window as long as the test, a quartic density by each bandwidth, and
    the z of Gi*. Chance is the share of the area, and the ceiling the most that as many cells could have caught in
    each fold. Published hot spots, and places to patrol, are drawn from the days before each test as a run draws them,
    and scored by their own area. Ties are ordered against the forecaster.

    Cells count whole, also where the study area ends within one, so the area flagged is never more than the share asked
    for, unless a single cell is: the score has the share that was taken.

    Folds share most of what they are fitted to, and a cell hit in two of them counts as two in the resampling, so the
    intervals are somewhat too narrow. Whoever picks the best of many methods by this test must not quote its score as
    what to expect.

    Args:
        incidents: Of the crime, with `started_at` and points in metres. Those outside the study area are seen by the
            density and the hot spots, which do not stop at its edge, and count for nothing else.
        other_incidents: All other recorded crime of the same area and time, for the risk estimate.
        study_area: Polygon or MultiPolygon in the same CRS.
        folds: `plan_folds(...)`, or others; of whole months where incidents give no days, and are dated to the first.
        cell_sizes_m: Each method is scored on cells of each size.
        known_cells: `make_cells` of the study area, where such cells are there already: they are not made again.
        bandwidths_m: The density is scored with each; those below a cell size are left out with it.
        methods: Which.
        hotspot_options: How hot spots are drawn; None to leave them out.
        patrol_options: How many places to patrol are chosen, from the risk estimate on cells of the first size; None to
            leave them out.
        at_equal_area: Whether to choose places to patrol also for the area that the hot spots took; it takes a while.
        area_shares: As in `score_forecast`.
        n_resamples: As in `score_forecast`.
        seed: As in `score_forecast`.

    Raises:
        DataError: The incidents are not in a projected CRS in metres, or one of them, or of other crime, has no point.
        ParameterError: A method is not known; there is no fold, cell size, area share or method; a bandwidth is not
            positive, or each is below a cell where only densities are asked for; an area share is out of range.
        TooLittleDataError: Fewer than 30 incidents lie in the test windows, or in the days before one of them.

    Source: Chainey, S., Tompson, L. and Uhlig, S. (2008), "The utility of hotspot mapping for predicting spatial
    patterns of crime", Security Journal 21, doi:10.1057/palgrave.sj.8350066.
    """
    require_metres(incidents, table="incidents")
    _check_options(methods, folds, cell_sizes_m, bandwidths_m, area_shares)
    shapely.prepare(study_area)
    # folds take copies, and no more is needed
    incidents, others = (
        table if table is None else table[[column for column in _COLUMNS if column in table]]
        for table in (incidents, other_incidents)
    )
    places = collapse_points(incidents)
    is_inside = shapely.intersects_xy(study_area, places.coordinates)[places.inverse]
    split = [split_incidents(incidents, is_inside, fold) for fold in folds]
    n_tested, n_fitted = sum(len(part.tested) for part in split), min(len(part.fitted) for part in split)
    if min(n_tested, n_fitted) < _MIN_INCIDENTS:
        raise TooLittleDataError(
            f"A test needs at least {_MIN_INCIDENTS} incidents to fit and as many to test on; there are {n_fitted} and "
            f"{n_tested}. Analyse a longer period or a larger area."
        )
    tested = [part.tested for part in split]
    sizes_m = list(dict.fromkeys(map(float, cell_sizes_m)))
    cells_of = {cells.cell_size_m: cells for cells in known_cells if cells.shape == "square"}
    cells_of.update((size, make_cells(study_area, cell_size_m=size)) for size in sizes_m if size not in cells_of)
    # of all that is recorded, before and after: where a source has its points is no forecast
    other_places = None if others is None else collapse_points(others)
    catchments = measure_catchments(incidents, other_places, cells=cells_of[min(sizes_m)])

    def score(drawn: Sequence[Sequence[shapely.Geometry]], of: Sequence[gpd.GeoDataFrame]) -> AreaScore | None:
        return _score_outlines(drawn, of, study_area, catchments, n_resamples=n_resamples, seed=seed)

    hotspots = last_hotspots = patrols = last_patrols = patrols_at_hotspots = None
    if hotspot_options is not None:
        drawn = [draw_hotspots(part.around, study_area=study_area, options=hotspot_options).outlines for part in split]
        hotspots, last_hotspots = score(drawn, tested), score(drawn[-1:], tested[-1:])
    scores: list[MethodScore] = []
    expected: list[Floats] = []  # of the first cells
    for cell_size_m in sizes_m:
        cells = cells_of[cell_size_m]
        own = locate_incidents(incidents[is_inside], cells)
        other = None if others is None else locate_incidents(others, cells, places=other_places)
        if patrol_options is not None and not expected:
            expected = [make_forecast("risk", part, own, other, None) for part in split]
        risk = expected if cell_size_m == sizes_m[0] else []
        forecasts = _forecast(methods, split, own, other, bandwidths_m=bandwidths_m, risk=risk)
        scales = {name: [scale_forecast(name, fold, cells) for fold in folds] for name in methods}
        scores += _score_methods(
            forecasts,
            scales,
            np.stack([own.between(fold.test_start, fold.test_end).count() for fold in folds]),
            cell_size_m,
            area_shares,
            hotspot_share=hotspots.area_share if hotspots else None,
            cell_share=cells.cell_area_km2 * 1e6 / study_area.area,
            ground=None if catchments is None else catchments.sum_by_cell(cells),
            n_resamples=n_resamples,
            seed=seed,
        )
    if patrol_options is not None:
        cells = cells_of[sizes_m[0]]
        drawn = _choose_places(split, expected, cells, study_area, patrol_options)
        patrols, last_patrols = score(drawn, tested), score(drawn[-1:], tested[-1:])
        n_alike = round(hotspots.area_share * study_area.area / (math.pi * PATROL_WIDTH_M**2 / 4)) if hotspots else 0
        if at_equal_area and 0 < n_alike <= MAX_PATROL_PLACES:
            alike = dataclasses.replace(patrol_options, n_patrol_places=n_alike)
            patrols_at_hotspots = score(_choose_places(split, expected, cells, study_area, alike), tested)
    return Holdout(
        folds=tuple(folds),
        area_shares=tuple(map(float, area_shares)),
        methods=tuple(scores),
        hotspots=hotspots,
        last_hotspots=last_hotspots,
        patrols=patrols,
        last_patrols=last_patrols,
        patrols_at_hotspots=patrols_at_hotspots,
        n_incidents=n_tested,
    )


def _check_options(
    methods: Sequence[MethodName],
    folds: Sequence[Fold],
    cell_sizes_m: Sequence[float],
    bandwidths_m: Sequence[float],
    area_shares: Sequence[float],
) -> None:
    if unknown := [name for name in methods if name not in get_args(MethodName)]:
        raise ParameterError(f'No method called "{unknown[0]}". Choose one of: {", ".join(get_args(MethodName))}.')
    for name, given in {"method": methods, "cell size": cell_sizes_m, "area share": area_shares}.items():
        if not given:
            raise ParameterError(
                f"A test needs at least one {name}; none was given. Leave the argument out for the usual values."
            )
    if not folds:
        raise ParameterError("A test needs at least one fold; none was given. Make folds with plan_folds.")
    if wrong := [h for h in bandwidths_m if not (math.isfinite(h) and h > 0)]:
        raise ParameterError(f"A bandwidth must be above 0 m, not {wrong[0]:g}. 300 m is usual.")
    if beyond := [share for share in area_shares if not 0 < share <= 1]:
        raise ParameterError(f"An area share must be above 0 and at most 1, not {beyond[0]:g}. 0.05 is 5% of the area.")
    if set(methods) == {"density"} and max(bandwidths_m, default=0) < max(cell_sizes_m):
        raise ParameterError(
            f"A density needs a bandwidth at least as wide as its cells; none is as wide as {max(cell_sizes_m):g} m. "
            "Give a larger bandwidth, or smaller cells."
        )


def _forecast(
    methods: Sequence[MethodName],
    split: Sequence[Split],
    own: CellRecords,
    other: CellRecords | None,
    *,
    bandwidths_m: Sequence[float],
    risk: list[Floats],
) -> Iterator[tuple[tuple[MethodName, float | None], list[Floats]]]:
    """Each method and bandwidth with its forecast in each fold, one after the other: those of a city are large."""
    for name in methods:
        wide = [h for h in bandwidths_m if h >= own.cells.cell_size_m]
        for bandwidth_m in wide if name == "density" else [None]:
            known = risk if name == "risk" else []
            yield (
                (name, bandwidth_m),
                known or [make_forecast(name, part, own, other, bandwidth_m) for part in split],
            )


def _score_methods(
    forecasts: Iterable[tuple[tuple[MethodName, float | None], list[Floats]]],
    scales: dict[MethodName, list[float | None]],
    observed: Floats,
    cell_size_m: float,
    area_shares: Sequence[float],
    *,
    hotspot_share: float | None,
    cell_share: float,
    ground: Floats | None,
    n_resamples: int,
    seed: int,
) -> list[MethodScore]:
    """Scores of forecasts by fold and counts (n_folds, n_cells), on cells of which each is `cell_share` of the area.

    The points in each cell stand for its share of `ground`.
    """
    n_cells = observed.shape[1]
    wanted = [*area_shares] if hotspot_share is None else [*area_shares, hotspot_share]
    # whole cells, or those of all folds together might take one cell more than they take apart
    n_flagged = [min(max(math.floor(share / cell_share * (1 + 1e-9)), 1), n_cells) for share in wanted]
    most_hits = _sum_most(observed, max(n_flagged))
    ceilings = [float(most_hits[n - 1] / observed.sum()) for n in n_flagged]
    counts_of_hit = observed[observed > 0].astype(np.int64)
    n_folds = len(observed)
    n_pooled = n_folds * np.array(n_flagged)
    ranks: dict[tuple[MethodName, float | None], npt.NDArray[np.int64]] = {}
    found: dict[tuple[MethodName, float | None], tuple[AreaScore, ...]] = {}
    for key, forecast in forecasts:
        orders = [
            CellOrder(predicted, counts, n_first=max(n_flagged))
            for predicted, counts in zip(forecast, observed, strict=True)
        ]
        # the folds take turns, so that of so many cells of all folds as many are flagged in each
        ranks[key] = n_folds * np.concatenate([order.rank_of_hit for order in orders])
        scored = score_ranks(
            ranks[key], counts_of_hit, n_cells=observed.size, n_flagged=n_pooled, n_resamples=n_resamples, seed=seed
        )
        expected = _expect(orders, forecast, scales[key[0]], n_flagged)
        grounds = [None] * len(wanted) if ground is None else _sum_ground(orders, n_flagged, ground, observed)
        found[key] = tuple(
            _restate(
                score,
                area_share=min(n * cell_share, 1.0),
                ceiling=ceiling,
                expected=inside,
                ground_share=held,
            )
            for score, n, ceiling, inside, held in zip(scored, n_flagged, ceilings, expected, grounds, strict=True)
        )
    judged = find_judged(area_shares)
    best = max(found, key=lambda key: found[key][judged].hit_rate, default=None)
    return [
        MethodScore(
            method=method,
            cell_size_m=cell_size_m,
            bandwidth_m=bandwidth_m,
            scores=scores[: len(area_shares)],
            at_hotspots=None if hotspot_share is None else scores[-1],
            against_best=None
            if best is None or (method, bandwidth_m) == best
            else compare_ranks(
                ranks[best],
                ranks[method, bandwidth_m],
                counts_of_hit,
                area_shares=[n_flagged[judged] / n_cells],
                n_flagged=n_pooled[judged : judged + 1],
                n_resamples=n_resamples,
                seed=seed,
            )[0],
        )
        for (method, bandwidth_m), scores in found.items()
    ]


def _sum_most(observed: Floats, n_most: int) -> Floats:
    """The most incidents that one cell of each fold, two of each, and so on could hold, up to n_most."""
    most = np.zeros(n_most)
    for counts in observed:
        highest = np.sort(counts[counts > 0])[::-1][:n_most]
        most[: len(highest)] += highest
    return np.cumsum(most)


def _sum_ground(
    orders: Sequence[CellOrder], n_flagged: Sequence[int], ground: Floats, observed: Floats
) -> list[float | None]:
    """The ground that the cells flagged in each fold stand for, for each number of cells: the mean, by incidents."""
    held = [order.sum_first(ground, n_flagged) for order in orders]
    return list(np.average(held, axis=0, weights=observed.sum(axis=1)).tolist())


def _expect(
    orders: Sequence[CellOrder],
    forecast: Sequence[Floats],
    scales: Sequence[float | None],
    n_flagged: Sequence[int],
) -> list[float | None]:
    """The incidents that a method expected in the cells it flagged, over all folds, for each number of cells."""
    if None in scales:
        return [None] * len(n_flagged)
    expected = [
        (scale or 0.0) * order.sum_first(predicted, n_flagged)
        for order, predicted, scale in zip(orders, forecast, scales, strict=True)
    ]
    return [float(inside) for inside in np.sum(expected, axis=0)]


def _restate(
    score: AreaScore, *, area_share: float, ceiling: float, expected: float | None, ground_share: float | None
) -> AreaScore:
    """A score by a share of the cells as one by a share of the area, which cells at its edge reach beyond.

    With the incidents expected inside it has a recapture rate index too: those per incident that came.
    """
    stretch = score.area_share / area_share
    low, high = (float(binomial_ppf(end, score.n_incidents, area_share)) for end in (0.025, 0.975))
    return dataclasses.replace(
        score,
        area_share=area_share,
        pai=score.pai * stretch,
        pai_interval=(score.pai_interval[0] * stretch, score.pai_interval[1] * stretch),
        chance_interval=(low / score.n_incidents, high / score.n_incidents),
        best_hit_rate=ceiling,
        pei=score.hit_rate / ceiling,
        rri=expected / score.n_hits if expected is not None and score.n_hits else None,
        ground_share=ground_share,
    )


def _choose_places(
    split: Sequence[Split],
    expected: Sequence[Floats],
    cells: Cells,
    study_area: shapely.Geometry,
    options: PatrolOptions,
) -> list[tuple[shapely.Geometry, ...]]:
    """The places to patrol in each fold."""
    return [
        choose_patrol_places(part.fitted, amounts, cells=cells, study_area=study_area, options=options).outlines
        for part, amounts in zip(split, expected, strict=True)
    ]


def _score_outlines(
    drawn: Sequence[Sequence[shapely.Geometry]],
    tested: Sequence[gpd.GeoDataFrame],
    study_area: shapely.Geometry,
    catchments: Catchments | None,
    *,
    n_resamples: int,
    seed: int,
) -> AreaScore | None:
    """The score of outlines over folds, None where a fold has none or nothing came.

    Their area is the mean over the folds, by the incidents tested on, so that chance catches as many as in each.
    """
    if not all(drawn) or not any(map(len, tested)):
        return None
    inside, counts, areas, n_tested = [], [], [], []
    for outlines, incidents in zip(drawn, tested, strict=True):
        places = collapse_points(incidents)
        inside.append(find_polygon(places, np.array(outlines, dtype=object)) >= 0)
        counts.append(places.n_incidents)
        areas.append(sum(outline.area for outline in outlines))
        n_tested.append(len(incidents))
    score = score_areas(
        np.concatenate(inside),
        n_incidents=np.concatenate(counts),
        area_inside_km2=float(np.average(areas, weights=n_tested)) / 1e6,
        study_area_km2=study_area.area / 1e6,
        n_resamples=n_resamples,
        seed=seed,
    )
    if catchments is None:
        return score
    ground = np.average([catchments.sum_within(outlines) for outlines in drawn], weights=n_tested)
    return dataclasses.replace(score, ground_share=float(ground))

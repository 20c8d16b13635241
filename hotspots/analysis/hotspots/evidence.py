"""How certain a hot spot is: the incidents expected, whether its surroundings agree, and whether it is stable."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from scipy import sparse

from hotspots.analysis.hotspots.location_quotients import LocationQuotients
from hotspots.analysis.significance import Persistence, Significance
from hotspots.analysis.surfaces import RiskEstimate, predict_counts
from hotspots.errors import ParameterError
from hotspots.geography import Cells, UniquePoints, collapse_points, find_polygon

Sureness = Literal["sure", "likely", "doubtful"]

_SURE, _LIKELY = 0.95, 0.75
_N_DRAWS = 1000
_CONFIDENCE = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The evidence for and against one hot spot.

    Attributes:
        expected: Incidents to expect in the next period as long (`estimate_risk`).
        expected_low, expected_high: The range that is to hold what will be recorded 9 times in 10, if rates drift as
            they did within this period; if nothing changes, where that is not known.
        rank_low, rank_high: The best and worst rank by expected incidents in 9 of 10 draws of the estimate.
        z: Getis-Ord Gi* of its clearest cell, the one of those with incidents of the hot spot that has the smallest p;
            missing (NaN) where it has none, or counts are the same everywhere.
        p_adjusted: The exact p of that cell after Benjamini-Hochberg over all cells; see `measure_gi_star`. 1 where
            there is none.
        is_significant: Whether that cell is hot by that test.
        stability: Share of resamples in which it is found again (`measure_stability`).
        persistence: How that cell has been hot over time (`classify_persistence`); None where there is none, or too
            few periods.
        ambient: Incidents that the other crime there leads one to expect (`measure_location_quotients`); None, as the
            next two, where that is not known.
        ambient_p: Probability of as many as there are or more, adjusted for the number of hot spots.
        is_excess: Whether that is small enough to say that there is more of this crime than the other explains.
    """

    expected: float
    expected_low: int
    expected_high: int
    rank_low: int
    rank_high: int
    z: float
    p_adjusted: float
    is_significant: bool
    stability: float
    persistence: str | None
    ambient: float | None
    ambient_p: float | None
    is_excess: bool | None

    @property
    def sureness(self) -> Sureness:
        """Of being found again: sure from 95% of resamples, likely from 75%, else doubtful."""
        if self.stability >= _SURE:
            return "sure"
        return "likely" if self.stability >= _LIKELY else "doubtful"


def weigh_evidence(
    incidents: gpd.GeoDataFrame,
    outlines: Sequence[shapely.Geometry],
    *,
    risk: RiskEstimate,
    cells: Cells,
    significance: Significance,
    stability: npt.NDArray[np.float64],
    persistence: Persistence | None = None,
    quotients: LocationQuotients | None = None,
    is_shown: npt.NDArray[np.bool_] | None = None,
    seed: int = 1,
) -> tuple[Evidence, ...]:
    """Gather the evidence for each hot spot.

    The estimate of a risk cell that an outline cuts is shared by where its incidents lie, or by its centre where it
    has none. The ranks come from drawing each hot spot's rate from its gamma distribution.

    Args:
        incidents: The incidents analysed, in metres.
        outlines: Of the hot spots.
        risk: `estimate_risk` of the incidents.
        cells: Of the test.
        significance: `measure_gi_star` on those cells.
        stability: `measure_stability` of the same outlines.
        persistence: `classify_persistence` on the cells of the test.
        quotients: `measure_location_quotients` of the same outlines.
        is_shown: bool (n_cells,), cells whose result may be shown; all by default.
        seed: Of the draws.

    Raises:
        ParameterError: The stabilities are not those of the outlines.
    """
    if len(stability) != len(outlines):
        raise ParameterError(
            f"Each outline needs its stability; there are {len(outlines)} outlines and {len(stability)} stabilities. "
            "Call measure_stability on the same outlines."
        )
    if not len(outlines):
        return ()
    places = collapse_points(incidents)
    home = find_polygon(places, np.array(outlines, dtype=object))
    shares = share_cells(places, home, outlines, risk)
    coming = risk.predict(shares)
    mean, spread = coming.mean, coming.rank_variance
    low, high = predict_counts(mean, coming.variance, confidence=_CONFIDENCE)
    draws = np.random.default_rng(seed).gamma(
        (mean**2 / spread)[:, None], (spread / mean)[:, None], (len(mean), _N_DRAWS)
    )
    ranks = len(mean) - draws.argsort(axis=0).argsort(axis=0)
    ends = [(1 - _CONFIDENCE) / 2, (1 + _CONFIDENCE) / 2]
    rank_low, rank_high = np.quantile(ranks, ends, axis=1, method="nearest")

    shown = np.ones(len(cells), dtype=bool) if is_shown is None else is_shown
    clearest = _find_clearest_cells(places, home, len(outlines), cells, significance, shown)
    is_tested = clearest >= 0
    return tuple(
        Evidence(
            expected=float(mean[index]),
            expected_low=int(low[index]),
            expected_high=int(high[index]),
            rank_low=int(rank_low[index]),
            rank_high=int(rank_high[index]),
            z=float(significance.z[cell]) if is_tested[index] else math.nan,
            p_adjusted=float(significance.p_hot_adjusted[cell]) if is_tested[index] else 1.0,
            is_significant=bool(is_tested[index] and significance.is_hot[cell]),
            stability=float(stability[index]),
            persistence=str(persistence.category[cell]) if persistence is not None and is_tested[index] else None,
            ambient=None if quotients is None else float(quotients.ambient[index]),
            ambient_p=None if quotients is None else float(quotients.p_adjusted[index]),
            is_excess=None if quotients is None else bool(quotients.is_excess[index]),
        )
        for index, cell in enumerate(clearest)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedCounts:
    """What is to be expected of places in a stretch of time.

    Attributes:
        expected: float (n_places,), incidents on average.
        low, high: int (n_places,), the range that is to hold what will be recorded 9 times in 10.
    """

    expected: npt.NDArray[np.float64]
    low: npt.NDArray[np.int64]
    high: npt.NDArray[np.int64]


def predict_places(
    incidents: gpd.GeoDataFrame, outlines: Sequence[shapely.Geometry], *, risk: RiskEstimate, part: float = 1.0
) -> ExpectedCounts:
    """What is to be expected of places in a part of the next period as long.

    The mean of the rate of a place is in proportion to the part, and so is its standard deviation, drift included:
    rates are taken not to change within the part.

    Args:
        incidents: The incidents that the estimate was made from, in metres.
        outlines: Of the places; they do not overlap.
        risk: `estimate_risk` of the incidents.
        part: Of the period: 14 / 365 for two weeks from an estimate of a year.

    Raises:
        ParameterError: The part is not above 0, or more than the period.
    """
    if not 0 < part <= 1:
        raise ParameterError(f"A part of a period must be above 0 and at most 1, not {part:g}. Give days over days.")
    if not len(outlines):
        nothing = np.empty(0)
        return ExpectedCounts(expected=nothing, low=nothing.astype(np.int64), high=nothing.astype(np.int64))
    places = collapse_points(incidents)
    home = find_polygon(places, np.array(outlines, dtype=object))
    coming = risk.predict(share_cells(places, home, outlines, risk))
    mean = coming.mean * part
    low, high = predict_counts(mean, coming.variance * part**2, confidence=_CONFIDENCE)
    return ExpectedCounts(expected=mean, low=low, high=high)


def share_cells(
    places: UniquePoints, home: npt.NDArray[np.int64], outlines: Sequence[shapely.Geometry], risk: RiskEstimate
) -> sparse.csr_array:
    """Float (n_outlines, n_cells): how much of each cell's estimate belongs to each outline, 0-1.

    Args:
        places: Of the incidents, metres.
        home: int (n_unique,), the outline that holds each place, -1 for none.
        outlines: Polygons, metres.
        risk: Whose cells are shared out.
    """
    cells = risk.cells
    at = cells.locate(places.easting, places.northing)
    counted = (home >= 0) & (at >= 0)
    held = np.bincount(at[at >= 0], places.n_incidents[at >= 0], len(cells))
    by_incident = places.n_incidents[counted] / held[at[counted]]
    # only cells about an outline can have their centre in it
    west, south, east, north = shapely.bounds(np.array(outlines, dtype=object)).T
    widest_m = float(np.hypot(east - west, north - south).max()) / 2
    near = np.unique(cells.find_within((west + east) / 2, (south + north) / 2, widest_m))
    empty = near[(near >= 0) & (held[near] == 0)]
    centres = UniquePoints(
        easting=cells.easting[empty], northing=cells.northing[empty], n_incidents=np.zeros_like(empty), inverse=empty
    )
    centre_in = find_polygon(centres, np.array(outlines, dtype=object))
    empty, centre_in = empty[centre_in >= 0], centre_in[centre_in >= 0]
    values = np.concatenate([by_incident, np.ones(len(empty))])
    rows = np.concatenate([home[counted], centre_in])
    columns = np.concatenate([at[counted], empty])
    return sparse.csr_array((values, (rows, columns)), shape=(len(outlines), len(cells)))


def _find_clearest_cells(
    places: UniquePoints,
    home: npt.NDArray[np.int64],
    n_outlines: int,
    cells: Cells,
    significance: Significance,
    is_shown: npt.NDArray[np.bool_],
) -> npt.NDArray[np.intp]:
    """Int (n_outlines,): of the cells that hold incidents of each outline, the one with the smallest p; -1 for none."""
    at = cells.locate(places.easting, places.northing)
    counted = (home >= 0) & (at >= 0) & is_shown[at]
    outline, cell = home[counted], at[counted]
    # the first of each outline, the clearest first
    order = np.lexsort((cell, -significance.z[cell], significance.p_hot_adjusted[cell], outline))
    clearest = np.full(n_outlines, -1, dtype=np.intp)
    found, first = np.unique(outline[order], return_index=True)
    clearest[found] = cell[order][first]
    return clearest

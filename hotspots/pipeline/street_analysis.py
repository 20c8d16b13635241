"""On which streets: incidents by segment, what the busiest hold, and whether they stay the busiest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import pandas as pd
import shapely

from hotspots.analysis.accuracy import AreaScore, Fold, Holdout, plan_predecessor
from hotspots.analysis.network import (
    StreetCounts,
    StreetNetwork,
    StreetRun,
    StreetShare,
    count_on_streets,
    find_street_runs,
    measure_street_shares,
    score_streets,
)
from hotspots.errors import TooLittleDataError
from hotspots.pipeline.map_tests import find_first_day, has_months
from hotspots.pipeline.request import AnalysisRequest
from hotspots.pipeline.selection import Selection
from hotspots.pipeline.surroundings import with_places


@dataclass(frozen=True, slots=True, kw_only=True)
class StreetAnalysis:
    """Incidents of one crime by street.

    Attributes:
        counts: On each segment of the network.
        length_m: Of the segments that meet the study area.
        n_segments: Of these.
        n_islands: Connected parts of the whole network.
        off_main_share: Share of its length that does not belong to the longest of them.
        shares: What the busiest streets hold, beside chance.
        runs: Of busy streets, with enough incidents to be shown.
        folds: The tests of the busiest streets on what came after: those of the other maps.
        scores: What they found, for each share of the length; none without a test.
        earlier: The period as long before this one; None where its incidents are not known.
        earlier_scores: What the busiest streets of that period hold of this one's incidents; none likewise.
    """

    counts: StreetCounts
    length_m: float
    n_segments: int
    n_islands: int
    off_main_share: float
    shares: tuple[StreetShare, ...]
    runs: tuple[StreetRun, ...]
    folds: tuple[Fold, ...]
    scores: tuple[AreaScore, ...]
    earlier: Fold | None
    earlier_scores: tuple[AreaScore, ...]


def analyse_streets(
    network: StreetNetwork | None, chosen: Selection, request: AnalysisRequest, *, holdout: Holdout | None
) -> StreetAnalysis | None:
    """Find on which streets the incidents of one crime are.

    Args:
        network: The streets.
        chosen: What is analysed.
        request: The options.
        holdout: How other maps were tested: streets are tested on the same days.

    Returns:
        None without streets in the study area, or without an incident on one.
    """
    located = with_places(chosen.incidents)
    if network is None or located.empty:
        return None
    shapely.prepare(chosen.study_area)
    if not shapely.intersects(chosen.study_area, network.segments.geometry.to_numpy()).any():
        return None
    counts = count_on_streets(located, network, study_area=chosen.study_area)
    if not counts.n_on_streets:
        return None
    earlier = _find_earlier(chosen)
    known = located
    if len(chosen.earlier):
        known = gpd.GeoDataFrame(pd.concat([with_places(chosen.earlier), located]), crs=located.crs)
    folds = holdout.folds if holdout else ()
    return StreetAnalysis(
        counts=counts,
        length_m=float(network.segments["length_m"][counts.is_inside].sum()),
        n_segments=int(counts.is_inside.sum()),
        n_islands=network.n_islands,
        off_main_share=network.off_main_share,
        shares=measure_street_shares(counts, network),
        runs=find_street_runs(counts, network, floor=request.floor),
        folds=folds,
        scores=_score(known, network, chosen, folds),
        earlier=earlier,
        earlier_scores=_score(known, network, chosen, [earlier] if earlier else []),
    )


def _find_earlier(chosen: Selection) -> Fold | None:
    try:
        (fold,) = plan_predecessor(
            chosen.start,
            chosen.end,
            known_from=find_first_day(chosen),
            is_monthly=has_months(chosen.incidents, chosen.earlier),
        )
    except TooLittleDataError:
        return None
    return fold


def _score(
    incidents: gpd.GeoDataFrame, network: StreetNetwork, chosen: Selection, folds: Sequence[Fold]
) -> tuple[AreaScore, ...]:
    """What the busiest streets caught in all folds; nothing where there is nothing to test by."""
    if not folds:
        return ()
    try:
        return score_streets(incidents, network, study_area=chosen.study_area, folds=folds)
    except TooLittleDataError:
        return ()

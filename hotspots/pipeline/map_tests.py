"""Whether such maps have been right: tests on incidents that the map had not seen."""

from __future__ import annotations

import datetime as dt

import geopandas as gpd
import pandas as pd

from hotspots.analysis.accuracy import Fold, Holdout, evaluate_methods, plan_folds, plan_predecessor
from hotspots.errors import ParameterError, TooLittleDataError
from hotspots.geography import Cells
from hotspots.pipeline.request import AnalysisRequest
from hotspots.pipeline.selection import Selection
from hotspots.pipeline.surroundings import add_surroundings, with_places


def judge_maps(
    chosen: Selection,
    request: AnalysisRequest,
    *,
    around: gpd.GeoDataFrame,
    others: gpd.GeoDataFrame,
    cells: Cells,
    bandwidth_m: float,
) -> tuple[Holdout | None, str | None]:
    """Test such maps on incidents that they had not seen, or say why there is no test.

    A period too short to be divided is tested as a whole, by a map of the period before it, where that is known.

    Args:
        chosen: What is analysed.
        request: How hot spots are drawn.
        around: The incidents in the wards that have a place, and those near enough to matter.
        others: Other crime in the wards that has a place.
        cells: Of the estimate.
        bandwidth_m: Of the density.
    """
    incidents = around
    try:
        try:
            folds, others = plan_tests(chosen.start, chosen.end, incidents, others)
        except TooLittleDataError:
            earlier = chosen.earlier
            is_monthly = has_months(incidents, earlier)
            folds = plan_predecessor(chosen.start, chosen.end, known_from=find_first_day(chosen), is_monthly=is_monthly)
            before = add_surroundings(
                with_places(earlier), chosen.earlier_beyond, study_area=chosen.study_area, request=request
            )
            incidents, others = (
                gpd.GeoDataFrame(pd.concat(both), crs=incidents.crs)
                for both in ((before, incidents), (with_places(chosen.earlier_others), others))
            )
            if not is_monthly:
                others = _with_days(others)
        holdout = evaluate_methods(
            incidents,
            others if len(others) else None,
            study_area=chosen.study_area,
            folds=folds,
            cell_sizes_m=(cells.cell_size_m,),
            known_cells=(cells,),
            bandwidths_m=(max(bandwidth_m, request.cell_size_m),),
            hotspot_options=request.hotspot_options,
            patrol_options=request.patrol_options,
        )
    except (TooLittleDataError, ParameterError) as error:
        # a ParameterError where the few incidents of a fold ask for a larger eps than the extent has room for
        return None, str(error)
    return holdout, None


def plan_tests(
    start: dt.date, end: dt.date, incidents: gpd.GeoDataFrame, others: gpd.GeoDataFrame
) -> tuple[tuple[Fold, ...], gpd.GeoDataFrame]:
    """Rolling tests of a period, and the other crime that they may use.

    Of whole months where any incident gives only its month. If the period is too short for that, and only other crime
    does, the tests are of weeks and do without it: nobody knows on which side of a day such an incident lies.

    Raises:
        TooLittleDataError: The period is too short.
    """
    is_monthly = has_months(incidents)
    try:
        return plan_folds(start, end, is_monthly=is_monthly or has_months(others)), others
    except TooLittleDataError:
        if is_monthly or not has_months(others):
            raise
        return plan_folds(start, end, is_monthly=False), _with_days(others)


def _with_days(incidents: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Those that give more than their month."""
    return incidents[(incidents["time_precision"] != "month").to_numpy()]


def find_first_day(chosen: Selection) -> dt.date | None:
    """The first day of any incident before the period; None where there are none."""
    past = (chosen.earlier, chosen.earlier_beyond, chosen.earlier_others)
    first = [table["started_at"].min() for table in past if len(table)]
    return min(first).date() if first else None


def has_months(*tables: gpd.GeoDataFrame) -> bool:
    """Whether any incident gives only its month, so that a test must be of whole months."""
    return any(bool((table["time_precision"] == "month").any()) for table in tables)

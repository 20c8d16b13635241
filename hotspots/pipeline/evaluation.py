"""Which method, cell size and bandwidth would have done best: a study and a request to a recommendation."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from hotspots.analysis.accuracy import Holdout, MethodScore, evaluate_methods, find_judged
from hotspots.crimes import Crime
from hotspots.pipeline.map_tests import plan_tests
from hotspots.pipeline.request import AnalysisRequest
from hotspots.pipeline.selection import select_incidents
from hotspots.pipeline.study import Progress, Study, silent
from hotspots.pipeline.surroundings import add_surroundings, with_places

CELL_SIZES_M = (50.0, 100.0, 200.0)
BANDWIDTHS_M = (100.0, 200.0, 300.0, 500.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What a rolling test of several methods found.

    Attributes:
        crime: What was forecast.
        start, end: First and last day, inclusive.
        holdout: Every score.
        judged: Position of the area share that methods are put in order by.
        best: The method with the highest hit rate there, of those whose cells are small enough for it.
        best_density: The same among densities; None where none was tried.
        is_clear: Whether `best` is better than every other method on cells of its size by more than chance
            (`HitRateDifference.winner`).
        is_snapped: Whether any incident was moved to a shared point.
    """

    crime: Crime
    start: dt.date
    end: dt.date
    holdout: Holdout
    judged: int
    best: MethodScore
    best_density: MethodScore | None
    is_clear: bool
    is_snapped: bool


def evaluate(
    study: Study,
    request: AnalysisRequest,
    *,
    cell_sizes_m: Sequence[float] = CELL_SIZES_M,
    bandwidths_m: Sequence[float] = BANDWIDTHS_M,
    progress: Progress = silent,
) -> Evaluation:
    """Score every method on later incidents, and recommend the best.

    The winner of many looks better than it is: its score is not what to expect of it next time.

    Args:
        study: What was read.
        request: Crime, period, wards, and how hot spots are drawn.
        cell_sizes_m: Sizes of cell to try.
        bandwidths_m: Bandwidths of the density to try.
        progress: Called with each step.

    Raises:
        NotFoundError: The crime or a ward is not in the data.
        ParameterError: A size or bandwidth is out of range, or hot spots have no room in their extent.
        TooLittleDataError: The period is too short, or holds too few incidents.
    """
    chosen = select_incidents(study, request)
    located, others = with_places(chosen.incidents), with_places(chosen.others)
    around = add_surroundings(located, chosen.beyond, study_area=chosen.study_area, request=request)
    progress(f"{chosen.crime.slug}: folds")
    folds, others = plan_tests(chosen.start, chosen.end, around, others)
    holdout = evaluate_methods(
        around,
        others if len(others) else None,
        study_area=chosen.study_area,
        folds=folds,
        cell_sizes_m=cell_sizes_m,
        bandwidths_m=bandwidths_m,
        hotspot_options=request.hotspot_options,
        patrol_options=request.patrol_options,
        at_equal_area=True,
    )
    judged = find_judged(holdout.area_shares)
    # a size of which one cell is more than the share is not judged by it, unless all are
    fair = [one for one in holdout.methods if is_fair(one, holdout, judged)] or list(holdout.methods)
    best = max(fair, key=lambda one: one.scores[judged].hit_rate)
    densities = [one for one in fair if one.method == "density"]
    rivals = [one.against_best for one in holdout.methods if one.cell_size_m == best.cell_size_m and one.against_best]
    return Evaluation(
        crime=chosen.crime,
        start=chosen.start,
        end=chosen.end,
        holdout=holdout,
        judged=judged,
        best=best,
        best_density=max(densities, key=lambda one: one.scores[judged].hit_rate) if densities else None,
        is_clear=all(rival.winner == "first" for rival in rivals),
        is_snapped=bool((located["location_precision"] == "anonymised").any()),
    )


def is_fair(method: MethodScore, holdout: Holdout, position: int) -> bool:
    """Whether the cells of a method are small enough to flag no more than the area share at a position."""
    return method.scores[position].area_share <= holdout.area_shares[position] * (1 + 1e-9)

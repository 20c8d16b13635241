"""Which method, cell size and bandwidth would have served best: a study and a request to a recommendation."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from hotspots.analysis import Holdout, MethodScore, evaluate_methods, plan_folds
from hotspots.crimes import Crime
from hotspots.places import add_surroundings, has_months, with_places
from hotspots.request import AnalysisRequest
from hotspots.study import Progress, Study, select_incidents, silent

CELL_SIZES_M = (50.0, 100.0, 200.0)
BANDWIDTHS_M = (100.0, 200.0, 300.0, 500.0)
JUDGED_SHARE = 0.02
"""The share of the area that methods are judged at: about what a team can walk in a shift."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What a rolling test of several methods found.

    Attributes:
        crime: What was forecast.
        start, end: First and last day, inclusive.
        holdout: Every score.
        best: The method with the highest hit rate at 2% of the area.
        best_density: The same among densities; None where none was tried.
        is_clear: Whether on its cells `best` is better than every other method by more than chance (p at most 0.05
            over all comparisons, Bonferroni).
        is_snapped: Whether any incident was moved to a shared point.
    """

    crime: Crime
    start: dt.date
    end: dt.date
    holdout: Holdout
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
    """Score every method on what came after, and say which did best.

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
    study_area = chosen.wards.geometry.union_all()
    located, others = with_places(chosen.incidents), with_places(chosen.others)
    around = add_surroundings(located, chosen.beyond, study_area=study_area, request=request)
    progress(f"{chosen.crime.slug}: folds")
    holdout = evaluate_methods(
        around,
        others if len(others) else None,
        study_area=study_area,
        folds=plan_folds(chosen.start, chosen.end, is_monthly=has_months(around, others)),
        cell_sizes_m=cell_sizes_m,
        bandwidths_m=bandwidths_m,
        hotspot_options=request.hotspot_options,
    )
    judged = holdout.area_shares.index(JUDGED_SHARE)
    best = max(holdout.methods, key=lambda one: one.scores[judged].hit_rate)
    densities = [one for one in holdout.methods if one.method == "density"]
    rivals = [one.against_best for one in holdout.methods if one.cell_size_m == best.cell_size_m and one.against_best]
    return Evaluation(
        crime=chosen.crime,
        start=chosen.start,
        end=chosen.end,
        holdout=holdout,
        best=best,
        best_density=max(densities, key=lambda one: one.scores[judged].hit_rate) if densities else None,
        is_clear=all(rival.p_value * len(rivals) <= 0.05 for rival in rivals),
        is_snapped=bool((located["location_precision"] == "anonymised").any()),
    )

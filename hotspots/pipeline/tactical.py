"""The tactical assessment of a tasking meeting: which crimes come first, and for each where, when and what changed."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import pandas as pd

from hotspots.analysis.rates import EQUAL_WEIGHTS, Target
from hotspots.errors import ParameterError, TooLittleDataError
from hotspots.pipeline.brief import (
    Brief,
    BriefHaven,
    BriefRequest,
    describe_haven,
    make_brief,
    measure_haven_walks,
)
from hotspots.pipeline.performance import Performance, PerformanceRequest, measure_performance
from hotspots.pipeline.request import AnalysisRequest
from hotspots.pipeline.run import analyse
from hotspots.pipeline.selection import select_incidents
from hotspots.pipeline.study import Progress, Study, silent

N_CRIMES = 3
"""As many have a page where nobody says which."""
_MAX_CRIMES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class TacticalRequest(BriefRequest):
    """What a tasking meeting wants to see.

    Attributes:
        n_weeks: As many are looked back upon, and planned for.
        crimes: Slugs of those that have a page, in order; none for the first of the priorities.
        wards: Codes or names of the wards; all by default.
        end: Last day that counts; by default the last that the files hold.
        reach_m: Of the safe havens.
        indicators: Slugs of the performance table; none for the usual ones.
        targets: By slug.
        criterion_weights: Of the criteria of priority.
    """

    most_places: ClassVar[int] = 10

    n_weeks: int = 4
    n_places: int = 10
    crimes: tuple[str, ...] = ()
    wards: tuple[str, ...] = ()
    end: dt.date | None = None
    reach_m: float = 400.0
    indicators: tuple[str, ...] = ()
    targets: Mapping[str, Target] = field(default_factory=dict)
    criterion_weights: Mapping[str, float] = field(default_factory=lambda: EQUAL_WEIGHTS)

    def __post_init__(self) -> None:
        BriefRequest.__post_init__(self)  # `super` does not know a dataclass that was made again for its slots
        if len(self.crimes) > _MAX_CRIMES:
            raise ParameterError(
                f"A meeting has time for {_MAX_CRIMES} crimes at most; `crimes` has {len(self.crimes)}. Leave some out."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class TacticalCrime:
    """A page on one crime.

    Attributes:
        brief: Its places, from twelve months, and what to expect there; `havens` are those of the places, each once.
        by_place: The safe haven of each place: of those within reach the nearest that is open in its hours, else in
            part of them, else the nearest. None where none is within reach.
    """

    brief: Brief
    by_place: tuple[BriefHaven | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tactical:
    """What a tasking meeting is told.

    Attributes:
        request: What was asked for.
        performance: Of every crime over twelve months.
        crimes: Those that have a page, in order.
        thin: Slugs of those that were to have one, and have too few incidents.
    """

    request: TacticalRequest
    performance: Performance
    crimes: tuple[TacticalCrime, ...]
    thin: tuple[str, ...]


def make_tactical(study: Study, request: TacticalRequest, *, progress: Progress = silent) -> Tactical:
    """Find what a tasking meeting is told.

    Places are those of the twelve months to the last day, as fewer months say less of where the next incidents will be
    than they cost in numbers; what is recent stands in the changes.

    Args:
        study: What was read: two years of it, and every crime.
        request: What is wanted.
        progress: Called with each step.

    Raises:
        NotFoundError: A crime or a ward is not in the data.
        TooLittleDataError: No crime has enough incidents, or none can be put first.
    """
    performance = measure_performance(
        study,
        PerformanceRequest(
            end=request.end,
            wards=request.wards,
            indicators=request.indicators,
            is_usual=True,
            targets=request.targets,
            criterion_weights=request.criterion_weights,
        ),
        progress=progress,
    )
    slugs = request.crimes or _choose_first(performance)
    crimes, thin = [], []
    for slug in slugs:
        try:
            asked = AnalysisRequest(crime=slug, end=request.end, wards=request.wards, reach_m=request.reach_m)
            whole = select_incidents(study, asked)
            year = (pd.Timestamp(whole.end) + pd.Timedelta(days=1) - pd.DateOffset(years=1)).date()
            asked = AnalysisRequest(
                crime=slug,
                start=max(year, whole.start),
                end=whole.end,
                wards=request.wards,
                reach_m=request.reach_m,
            )
            brief = make_brief(analyse(study, asked, progress=progress), request)
        except TooLittleDataError:
            thin.append(slug)
            continue
        crimes.append(_choose_havens(brief))
    if not crimes:
        raise TooLittleDataError(
            f"Not one of the crimes {', '.join(slugs)} has an incident in the twelve months. Name others as `crimes`."
        )
    return Tactical(request=request, performance=performance, crimes=tuple(crimes), thin=tuple(thin))


def _choose_first(performance: Performance) -> tuple[str, ...]:
    if performance.priorities is None:
        raise TooLittleDataError(
            "Fewer than two crimes can be put in order of priority, so nobody knows which have a page. Name them as "
            "`crimes`."
        )
    return tuple(map(str, performance.priorities.table.index[:N_CRIMES]))


def _choose_havens(brief: Brief) -> TacticalCrime:
    """One safe haven for each place, and those that are chosen, each once, in the brief."""
    analysis, places = brief.analysis, brief.places
    walks = measure_haven_walks(analysis, places)
    if walks is None:
        return TacticalCrime(brief=brief, by_place=(None,) * len(places))
    days = np.arange(np.datetime64(brief.first_day), np.datetime64(brief.last_day) + 1)
    order = {"open": 0, "partly open": 1, "not known": 2, "closed": 2}
    by_place: list[BriefHaven | None] = []
    for place, walk in zip(places, walks, strict=True):
        near = [int(at) for at in np.argsort(walk, kind="stable") if walk[at] <= analysis.request.reach_m]
        found = [describe_haven(analysis, at, place, walk_m=float(walk[at]), days=days) for at in near]
        by_place.append(min(found, key=lambda haven: order[haven.state], default=None))
    chosen = {haven.haven_id: haven for haven in reversed(by_place) if haven}
    ordered = sorted(chosen.values(), key=lambda haven: (haven.place, haven.walk_m, haven.haven_id))
    return TacticalCrime(
        brief=dataclasses.replace(brief, havens=tuple(ordered), nearest=None if ordered else brief.nearest),
        by_place=tuple(by_place),
    )

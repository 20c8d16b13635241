"""Performance by crime: twelve months against the twelve before, targets, peers, and priorities."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import geopandas as gpd
import pandas as pd

from hotspots.analysis.change import (
    VERDICTS,
    WHOLE_AREA,
    ChangeTable,
    Comparison,
)
from hotspots.analysis.rates import (
    EQUAL_WEIGHTS,
    PeerComparison,
    Priorities,
    Target,
    TargetStatus,
    choose_indicators,
    compare_with_peers,
    judge_target,
    rank_priorities,
)
from hotspots.analysis.repeats import measure_gini
from hotspots.contracts import AREA
from hotspots.crimes import KNIFE_CRIME, Crime
from hotspots.errors import NotFoundError
from hotspots.geography import Cells, make_cells, unite_wards
from hotspots.harm import Measure, weigh_harm
from hotspots.ingest.formats import InputFile
from hotspots.ingest.reference import Peers
from hotspots.pipeline.crime_years import CrimeYear, StudyYears, find_years
from hotspots.pipeline.holes import Hole
from hotspots.pipeline.selection import select_wards
from hotspots.pipeline.study import Progress, Study, silent
from hotspots.pipeline.window_changes import LostPlaces

USUAL_INDICATORS = (
    "robbery",
    KNIFE_CRIME,
    "violence-with-injury",
    "burglary",
    "theft-from-the-person",
    "theft-from-vehicle",
    "theft-of-vehicle",
    "criminal-damage",
    "asb",
)
"""What partnerships report; parts that the files do not tell apart are shown as their category."""

MIN_RANKED = 30
"""Incidents of twelve months from which a crime is put among the priorities."""
MIN_KNOWN_SHARE = 0.9
"""Share of a crime's incidents that must have a figure of harm for their sum to be that of the crime."""
CELL_SIZE_M = 250.0
"""Of the cells over which concentration is measured: wide enough for shared points, so that sources compare."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """One crime over twelve months.

    Attributes:
        crime: Which.
        comparison: The twelve months and the twelve before, in whole months.
        n_current: Incidents of those of the twelve months that the files cover, with rows without a place where those
            count.
        n_months: How many of the twelve those are.
        change: Against the twelve before; None where that cannot be said, for `comparison.reason`.
        target: What was wanted; None where nothing was.
        status: Whether it was met; None where nothing was wanted or a change is not known, or the count of a part of
            the twelve months does not tell.
        peers: How its rate stands among peers; None where they or the residents are not known.
        gap_months: Months of either twelve whose feed failed.
        holes: Files, boroughs or wards that end or begin within either twelve.
        n_left_out: Incidents of either twelve that are not compared for that.
        lost: Rows without a place, where the two have unequal shares of them; else None.
    """

    crime: Crime
    comparison: Comparison
    n_current: int
    n_months: int
    change: ChangeTable | None
    target: Target | None
    status: TargetStatus | None
    peers: PeerComparison | None
    gap_months: tuple[pd.Period, ...]
    holes: tuple[Hole, ...] = ()
    n_left_out: int = 0
    lost: LostPlaces | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PerformanceRequest:
    """What to report, and the criteria.

    Attributes:
        end: Last day that may count; by default the last that the files hold.
        wards: Codes or names of the wards to count; all by default.
        indicators: Slugs, in order; by default `USUAL_INDICATORS`, as far as the files hold them.
        is_usual: Whether these indicators are those of every table here, and so not another question.
        targets: By slug.
        criterion_weights: Of the criteria of priority.
    """

    end: dt.date | None = None
    wards: tuple[str, ...] = ()
    indicators: tuple[str, ...] = ()
    is_usual: bool = False
    targets: Mapping[str, Target] = field(default_factory=dict)
    criterion_weights: Mapping[str, float] = field(default_factory=lambda: EQUAL_WEIGHTS)

    @property
    def methods(self) -> tuple[str, ...]:
        """How the table differs from the usual one, in a few words."""
        return (f"only {' '.join(sorted(self.indicators))}",) if self.indicators and not self.is_usual else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Performance:
    """Performance of an area, by crime.

    Attributes:
        study: What was read.
        years: Its years: each crime's rows, and what is compared of them.
        request: What was asked.
        wards: The wards that are counted.
        start, end: First and last day of the twelve months.
        indicators: In the order asked for.
        measures: Of each crime that is put in order, a column a criterion, missing where not known.
        n_by_crime: Incidents of the twelve months of each of those.
        priorities: Their order; None where there are fewer than two.
        low_months: Months of either twelve with far fewer rows of all crimes than the months beside them.
        unranked: Categories that are not put in order because the files do not cover each of the twelve months.
        population: Residents of the wards; None where not every ward has any.
        sources: Of the figures of harm and cost, for the product that shows them.
        peers: What was read of peers; None where nothing was.
        unshown_targets: Crimes with a target that are not indicators here.
    """

    study: Study
    years: StudyYears
    request: PerformanceRequest
    wards: gpd.GeoDataFrame
    start: dt.date
    end: dt.date
    indicators: tuple[Indicator, ...]
    measures: pd.DataFrame
    n_by_crime: Mapping[str, int]
    priorities: Priorities | None
    unranked: tuple[str, ...]
    population: float | None
    sources: tuple[str, ...]
    low_months: tuple[tuple[str, int, float], ...]
    peers: Peers | None = None
    unshown_targets: tuple[str, ...] = ()

    @property
    def inputs(self) -> tuple[InputFile, ...]:
        """All files read, those of the study first."""
        return self.study.inputs + ((self.peers.input,) if self.peers else ())

    @property
    def data_status(self) -> dict[str, str]:
        """What the files say of themselves, by table; empty for ordinary data."""
        status = self.peers.input.data_status if self.peers else None
        return self.study.data_status | ({"peers": status} if status else {})


def measure_performance(
    study: Study,
    request: PerformanceRequest | None = None,
    *,
    peers: Peers | None = None,
    progress: Progress = silent,
) -> Performance:
    """Compare twelve months with the twelve before, for each indicator, and put crimes in order of priority.

    The twelve months are whole ones, the last that ends on or before `end` and that the files hold to its last day.
    Each indicator is compared by itself, so of twenty without any change one is called at 5% all the same.

    Args:
        study: What was read: two years of it, and every crime.
        request: What to report; by default the usual indicators of all wards.
        peers: What other areas record: `hotspots.ingest.reference.read_peers(...)`.
        progress: Called with each step.

    Raises:
        NotFoundError: An indicator or a ward is not in the data.
        TooLittleDataError: There is no whole month, or no row can be used.
    """
    request = request or PerformanceRequest()
    wards = select_wards(study.boundaries.wards, request.wards)
    years = find_years(study, wards, end=request.end)
    population = float(wards["population"].sum()) if bool((wards["population"] > 0).all()) else None
    progress("indicators")
    found = [
        _measure_indicator(
            years.compare(crime),
            target=request.targets.get(crime.slug),
            population=population,
            peers=None if peers is None else peers.table[peers.table["crime"] == crime.slug],
        )
        for crime in choose_crimes(study, request.indicators)
    ]
    progress("priorities")
    cells = make_cells(unite_wards(wards), cell_size_m=CELL_SIZE_M)
    measures, unranked, sources = _measure_criteria(study, years, cells)
    plan = years.plan(())
    return Performance(
        study=study,
        years=years,
        request=request,
        wards=wards,
        start=plan.current_first,
        end=plan.current_last,
        indicators=tuple(found),
        measures=measures,
        n_by_crime={str(slug): int(n) for slug, n in measures["volume"].items()},
        priorities=rank_priorities(measures, criterion_weights=request.criterion_weights)
        if len(measures) > 1
        else None,
        unranked=unranked,
        population=population,
        sources=sources,
        low_months=tuple(
            low
            for low in study.known_time.months.low
            if plan.earlier_first <= pd.Period(low[0], "M").start_time.date() <= plan.current_last
        ),
        peers=peers,
        unshown_targets=tuple(sorted(set(request.targets) - {indicator.crime.slug for indicator in found})),
    )


def choose_crimes(study: Study, wanted: Sequence[str]) -> list[Crime]:
    """The crimes to report, as far as the files hold them, in the order wanted; by default `USUAL_INDICATORS`.

    Raises:
        NotFoundError: The files hold none of them.
    """
    present = {crime.slug: crime for crime in study.crimes}
    part_of = {slug: crime.part_of for slug, crime in study.definitions.crimes.items()}
    slugs = choose_indicators(wanted or USUAL_INDICATORS, list(present), part_of)
    if not slugs:
        raise NotFoundError(
            f"The files hold none of the indicators {', '.join(wanted or USUAL_INDICATORS)}. They hold: "
            f"{', '.join(present)}. Name some of these under indicators in hotspots.toml."
        )
    return [present[slug] for slug in slugs]


def _measure_indicator(
    compared: CrimeYear, *, target: Target | None, population: float | None, peers: pd.DataFrame | None
) -> Indicator:
    comparison, change, lost = compared.comparison, compared.change, compared.windows.lost
    known = compared.known_months
    n_current = len(compared.current) + (lost.n_current if lost and lost.is_counted else 0)
    status = None
    # In part of the twelve months more than the target is a target missed; fewer is no target met.
    can_tell = target is not None and (
        compared.is_whole or target.n_incidents is None or n_current > target.n_incidents
    )
    if target is not None and can_tell:
        counts = None if change is None else change.table.to_dict("index")[WHOLE_AREA]
        status = judge_target(
            n_current if target.n_incidents is not None or counts is None else int(counts["n_current"]),
            None if counts is None else int(counts["n_earlier"]),
            target=target,
            exposure_current=max(comparison.exposures[0], 1),
            exposure_previous=max(comparison.exposures[1], 1),
            dispersion=1.0 if counts is None else float(counts["dispersion"]),
            n_free=math.inf if counts is None else float(counts["n_free"]),
        )
    return Indicator(
        crime=compared.crime,
        comparison=comparison,
        n_current=n_current,
        n_months=len(known),
        change=change,
        target=target,
        status=status,
        peers=compare_with_peers(n_current, population, peers, n_years=compared.n_years)
        if peers is not None and len(peers) and population is not None and compared.can_rate
        else None,
        gap_months=tuple(
            month for month in compared.rows.known.gap_months if month.start_time.date() >= comparison.earlier_first
        ),
        holes=compared.holes,
        n_left_out=compared.windows.n_left_out,
        lost=lost,
    )


def _measure_criteria(
    study: Study, years: StudyYears, cells: Cells
) -> tuple[pd.DataFrame, tuple[str, ...], tuple[str, ...]]:
    """What each category of crime weighs by each criterion, which are known in part, and where the figures are from."""
    rows, unranked, sources = {}, [], set()
    for slug in sorted(years.everything["category"][years.is_inside].dropna().unique()):
        if slug not in study.definitions.crimes:
            continue
        compared = years.compare(study.definitions.crimes[slug])
        current, change = compared.current, compared.change
        if len(current) < MIN_RANKED:
            continue
        if not compared.is_whole:
            unranked.append(str(slug))
            continue
        row = {"volume": float(len(current)), "trend": math.nan}
        if change is not None:
            row["trend"] = VERDICTS.index(str(change.table["verdict"][WHOLE_AREA])) - 2.0
        measures: dict[str, Measure] = {"harm": "severity", "cost": "cost"}
        for name, measure in measures.items():
            weighed = weigh_harm(current, table=study.harm, measure=measure, allow_unweighed=True)
            known_share = float(weighed.harm.notna().mean())
            row[name] = weighed.total / known_share if known_share >= MIN_KNOWN_SHARE else math.nan
            sources |= set(weighed.sources) if known_share >= MIN_KNOWN_SHARE else set()
        row["concentration"] = _measure_concentration(current, cells)
        rows[str(slug)] = row
    columns = ["volume", "trend", "harm", "cost", "concentration"]
    return (
        pd.DataFrame.from_dict(rows, orient="index", columns=columns).astype("float64"),
        tuple(unranked),
        tuple(sorted(sources)),
    )


def _measure_concentration(incidents: gpd.GeoDataFrame, cells: Cells) -> float:
    """Generalised Gini over cells of all that are located; missing where few are."""
    located = incidents[(incidents["location_precision"] != AREA).to_numpy()]
    if len(located) < MIN_RANKED:
        return math.nan
    return float(measure_gini(cells.count(located)))

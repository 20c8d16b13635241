"""What the problem profile of a hot spot says: its numbers, and every sentence on its pages."""

from __future__ import annotations

import dataclasses
import datetime as dt
from dataclasses import dataclass
from typing import Annotated, ClassVar

import hotspots
from hotspots.errors import NotFoundError, TooLittleDataError
from hotspots.pipeline import NEAR_M, HotspotPatrols, NearFacility, Problem
from hotspots.products.summary.brief_summary import BriefSummary, summarise_brief
from hotspots.products.summary.encoding import Metres, Part, Quantity, SmallShare, Source
from hotspots.products.summary.handling_summary import HandlingSummary
from hotspots.products.summary.place_summary import HotspotSummary
from hotspots.products.summary.product_names import PROBLEM_PRODUCTS
from hotspots.products.summary.run_summary import Period, ReadInputSummary, RunSummary
from hotspots.products.summary.tried_operation import TriedOperation
from hotspots.products.words import say, say_each


@dataclass(frozen=True, slots=True, kw_only=True)
class NearFacilitySummary(Part):
    """A pub, a station, a school, a park or the like near the hot spot.

    Attributes:
        kind: What it is.
        distance_m: From the outline of the hot spot, in a straight line; 0 in it.
    """

    view_of: ClassVar = NearFacility

    kind: str
    name: str | None
    distance_m: Annotated[float, Quantity("m", decimals=-1)]
    is_risky: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemChange(Part):
    """How the hot spot changed in one comparison that is fair to it.

    Attributes:
        compared: The windows in words.
        n_current, n_earlier: Incidents of each; null where either is of too few to be told.
        verdict: The change in words.
    """

    compared: str
    n_current: int | None
    n_earlier: int | None
    verdict: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemPatrols(Part):
    """What patrols did in the hot spot.

    Attributes:
        start, end: First and last day of their records.
        n_record_days: Days from the first to the last.
        hours: Of patrols in the hot spot.
        n_visits: Visits, without passing by.
        n_short, n_koper, n_long: Of these under 10 minutes, from 10 to 20, and over 20.
        n_days: Days with a visit.
        doubts: What could be otherwise in how the records were read, and which files were left out.
    """

    view_of: ClassVar = HotspotPatrols

    start: dt.date
    end: dt.date
    n_record_days: int
    hours: Annotated[float, Quantity("hours", decimals=1)]
    n_visits: Annotated[int, Source("lengths.n_visits")]
    n_short: Annotated[int, Source("lengths.n_short")]
    n_koper: Annotated[int, Source("lengths.n_koper")]
    n_long: Annotated[int, Source("lengths.n_long")]
    n_days: int
    doubts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemWords(Part):
    """Every sentence of the profile.

    Attributes:
        title: The crime and the hot spot.
        when: Where and when.
        status: That the data are not for decisions; empty for ordinary data.
        what: The problem in short.
        where: Where it is.
        hours: When it happens.
        changed: Whether it changed.
        repeats: How it comes back.
        near: What is near.
        done: What patrols and operations did, and what came of it, or that no record of them was given.
        havens: Which safe havens are near, or that none is.
        sure: How sure this is.
        sources: What it was made from.
        contact: Whom to ask.
    """

    title: str
    when: str
    status: str
    what: str
    where: tuple[str, ...]
    hours: str
    changed: str
    repeats: str
    near: str
    done: tuple[str, ...]
    havens: str
    sure: tuple[str, ...]
    sources: tuple[str, ...]
    contact: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemSummary(Part):
    """What is known of one hot spot.

    Attributes:
        version: Of hotspots.
        crime: Short name of the crime.
        crime_label: As a heading.
        crime_plural: The incidents in the middle of a sentence.
        area: The wards.
        period: The days analysed.
        data_status: What files say of themselves, by table; empty for ordinary data.
        handling: For whom the report is, and how it is marked.
        n_hotspots: How many the run has.
        min_incidents: Fewer are not told.
        hotspot: The hot spot, as the run has it.
        area_share: Its area as a share of the study area.
        streets: Those with the longest stretches in it.
        changes: In every comparison that is fair to it.
        near_m: How near a place of `facilities` is.
        has_facilities: Whether any were given.
        facilities: Premises, stations, schools and parks near it.
        n_facilities: How many of each kind there are.
        patrols: What patrols did in it; null without records of them.
        operations: Those evaluated that were given.
        brief: It as a place of a brief, with the safe havens near.
        words: Every sentence.
        inputs: The files read.
        products: What the files are called.
    """

    version: str
    crime: str
    crime_label: str
    crime_plural: str
    area: str
    period: Period
    data_status: dict[str, str]
    handling: HandlingSummary
    n_hotspots: int
    min_incidents: int
    hotspot: HotspotSummary
    area_share: SmallShare
    streets: tuple[str, ...]
    changes: tuple[ProblemChange, ...]
    near_m: Metres
    has_facilities: bool
    facilities: tuple[NearFacilitySummary, ...]
    n_facilities: dict[str, int]
    patrols: ProblemPatrols | None
    operations: tuple[TriedOperation, ...]
    brief: BriefSummary
    words: ProblemWords | None
    inputs: tuple[ReadInputSummary, ...]
    products: dict[str, str]


def find_hotspot(run: RunSummary, wanted: str) -> int:
    """The rank of the hot spot that is meant.

    Args:
        run: The run that it is of.
        wanted: Its number, or what it is called, in whatever case; the beginning of the name is enough where no other
            hot spot's begins so.

    Raises:
        TooLittleDataError: The run has no hot spot.
        NotFoundError: It has no such one, or several.
    """
    if not run.hotspots:
        raise TooLittleDataError(
            f"There is no hot spot of {run.crime_plural} to write a profile of. Analyse a longer period, or more wards."
        )
    text = " ".join(wanted.casefold().split())
    by_name = [one.rank for one in run.hotspots if one.place.casefold().startswith(text)]
    exact = [one.rank for one in run.hotspots if text in (str(one.rank), one.place.casefold())]
    for found in (exact, by_name):
        if len(found) == 1 and text:
            return found[0]
    known = "; ".join(say_each("problem.choices", run.hotspots))
    which = "Several hot spots are" if len(exact or by_name) > 1 and text else "No hot spot is"
    raise NotFoundError(f'{which} called "{wanted}". Choose one by its number or name: {known}.')


def summarise_problem(
    problem: Problem, run: RunSummary, *, formats: tuple[str, ...], operations: tuple[TriedOperation, ...] = ()
) -> ProblemSummary:
    """What a problem profile says.

    Args:
        problem: It.
        run: The summary of the analysis that the hot spot is of.
        formats: In which it is written.
        operations: Evaluated before, to be told with it.
    """
    patrols = problem.patrols
    status = run.data_status | (patrols.data_status if patrols else {})
    for operation in operations:
        status |= operation.data_status
    brief, rank = problem.brief, problem.rank
    hotspot = next(one for one in run.hotspots if one.rank == rank)
    as_place = dataclasses.replace(summarise_brief(brief, run, formats=()), inputs=())
    rows = [
        (change, row.change)
        for change in run.changes
        for row in change.hotspots or ()
        if row.rank == rank and change.available
    ]
    summary = ProblemSummary(
        version=hotspots.__version__,
        crime=run.crime,
        crime_label=run.crime_label,
        crime_plural=run.crime_plural,
        area=say("places.area", run),
        period=run.period,
        data_status=status,
        handling=as_place.handling,
        n_hotspots=len(run.hotspots),
        min_incidents=run.disclosure.min_incidents,
        hotspot=hotspot,
        area_share=brief.area_share,
        streets=brief.places[0].streets,
        changes=tuple(
            ProblemChange(
                compared=say("change.windows", change),
                n_current=row.n_current,
                n_earlier=row.n_earlier,
                verdict=row.verdict,
            )
            for change, row in rows
        ),
        near_m=NEAR_M,
        has_facilities=problem.has_facilities,
        facilities=tuple(map(NearFacilitySummary.of, problem.facilities)),
        n_facilities=problem.n_facilities,
        patrols=ProblemPatrols.of(patrols) if patrols else None,
        operations=operations,
        brief=as_place,
        words=None,
        inputs=(*run.inputs, *map(ReadInputSummary.of, patrols.files if patrols else ())),
        products={key: name for key, name in PROBLEM_PRODUCTS.items() if key in (*formats, "problem_json", "manifest")},
    )
    hours = next(one for one in run.hotspot_profiles if one.rank == rank)
    words = ProblemWords(
        title=say("problem.title", summary),
        when=say("problem.when", summary),
        status=say("brief.status", summary),
        what=say("problem.what", summary, hours),
        where=tuple(say_each("problem.where", summary)),
        hours=say("problem.hours", summary, hours),
        changed=say("problem.changed", summary, rows),
        repeats=say("problem.repeats", summary, run),
        near=say("problem.near", summary),
        done=tuple(say_each("problem.done", summary)),
        havens=say("tactical.havens", as_place),
        sure=tuple(say_each("problem.sure", summary, run)),
        sources=tuple(say_each("problem.sources", summary, run)),
        contact=say("brief.contact", summary.handling.contact or ""),
    )
    return dataclasses.replace(summary, words=words)

"""What the brief of a ward's team says: its numbers, and every sentence on the page."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import pandas as pd

import hotspots
from hotspots.analysis.hotspots import VISIT_MINUTES
from hotspots.analysis.network import WALKING_M_PER_MINUTE
from hotspots.pipeline import MAX_GAP_MINUTES, Brief, BriefHaven, BriefPlace, HavenState
from hotspots.products.summary.encoding import Metres, Part, Quantity, Share, SmallShare, Tenths
from hotspots.products.summary.gap_summary import UsualHoursSummary
from hotspots.products.summary.handling_summary import HandlingSummary, summarise_handling
from hotspots.products.summary.hours_summary import summarise_profile
from hotspots.products.summary.place_summary import locate_hotspots
from hotspots.products.summary.product_names import BRIEF_PRODUCTS, JOINED_BRIEFS_PRODUCTS
from hotspots.products.summary.run_summary import Period, ReadInputSummary, RunSummary, count_period
from hotspots.products.words import say, say_each


@dataclass(frozen=True, slots=True, kw_only=True)
class BriefPlaceSummary(Part):
    """A place to patrol.

    Attributes:
        number: Its rank among the places to patrol of the same run.
        place: What it is called.
        wards: Names of the wards that it lies in.
        locations: Streets and public places of its incidents that may be shown, most incidents first, as it is called.
        streets: Names of the streets with the longest stretches in it; none where streets are not known.
        easting, northing: Its middle, in the coordinate reference system of the study area.
        grid_reference: The square of 100 m of the British National Grid that holds that point; null elsewhere.
        expected: Incidents to expect in the weeks ahead.
        expected_low, expected_high: The range that is to hold what will be recorded 9 times in 10.
        hours: When to be there, in words; null where that is not known.
        is_own_hours: Whether these are its own hours, and not `shared_hours_of`.
        rank_low, rank_high: The best and worst rank in 9 of 10 draws of the estimate.
    """

    number: int
    place: str
    wards: tuple[str, ...]
    locations: tuple[str, ...]
    streets: tuple[str, ...]
    easting: Annotated[int, Quantity("m")]
    northing: Annotated[int, Quantity("m")]
    grid_reference: str | None
    expected: Tenths
    expected_low: int
    expected_high: int
    hours: str | None
    is_own_hours: bool
    rank_low: int
    rank_high: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BriefHavenSummary(Part):
    """A safe haven near a place to patrol.

    Attributes:
        letter: On the map and in the list; empty of one that is not within reach.
        id: Its `haven_id`.
        name: What it is called; null where it has no name.
        place: Number of the place that it is nearest to.
        walk_m: How far it is from the middle of that place, metres.
        minutes: The same walk in whole minutes, rounded up.
        state: In the hours of that place, over the weeks ahead.
        usual: When it is usually open on their days, or on Mondays to Fridays where hours are not known; null where
            that is not known.
        words: Its state in words.
    """

    view_of: ClassVar = BriefHaven

    letter: str
    id: str
    name: str | None
    kind: str | None
    address: str | None
    place: int
    walk_m: Annotated[float, Quantity("m", decimals=0)]
    minutes: int
    is_within_reach: bool
    state: HavenState
    usual: tuple[UsualHoursSummary, ...] | None
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BriefWords(Part):
    """Every sentence of the page, in the order in which they stand.

    Attributes:
        title: The ward and the crime.
        when: The weeks ahead.
        status: That the data are not for decisions; empty for ordinary data.
        marking: The protective marking; empty for none.
        places: Heading of the list of places.
        expected: Heading of the numbers to expect.
        nowhere: Why not one place is named; empty where some are.
        hours: What to know of the hours; empty where nothing.
        reach: What the places hold together; empty without any.
        map: What the map shows.
        havens: Heading of the safe havens.
        no_havens: That there are none near, or that none were given; empty where some are listed.
        do: Heading of what to do.
        steps: What to do at each place.
        blanks: What is filled in by hand.
        changed: Heading of what changed.
        changes: What changed by more than chance, or that nothing did.
        trust: Heading of how sure all this is.
        sure: How sure, in a line.
        tested: How good the last such choice was.
        sources: What it was made from.
        contact: Whom to ask.
    """

    title: str
    when: str
    status: str
    marking: str
    places: str
    expected: str
    nowhere: str
    hours: str
    reach: str
    map: str
    havens: str
    no_havens: str
    do: str
    steps: tuple[str, ...]
    blanks: tuple[str, ...]
    changed: str
    changes: tuple[str, ...]
    trust: str
    sure: str
    tested: str
    sources: tuple[str, ...]
    contact: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BriefSummary(Part):
    """What a ward's team is told for two weeks, or a meeting for more.

    Attributes:
        version: Of hotspots.
        crime: Short name of the crime.
        crime_label: As a heading.
        crime_plural: The incidents in the middle of a sentence.
        area: The ward or wards, or the area of the source.
        drawn_from: The larger area whose analysis this is a view of; null where the ward was analysed by itself.
        shared_hours_of: Of what the hours are that are given for places whose own do not stand out.
        period: The days analysed.
        weeks: The days that the brief is for.
        data_status: What files say of themselves, by table; empty for ordinary data.
        handling: For whom the products are, and how they are marked.
        visit_minutes: How long a visit is.
        max_gap_minutes: Between two visits of a place, at most.
        reach_m: Within reach of a safe haven.
        is_along_streets: Whether walks are along streets, and not as the crow flies.
        expected_share: Of what is expected in the ward or wards, what is expected in the places.
        area_share: Their area as a share of that of the ward or wards.
        places: Where to be.
        havens: Within reach of them; null where none were given.
        nearest: The nearest haven where none is within reach; null where one is, or there is none to walk to.
        words: Every sentence of the page.
        inputs: The files read.
        products: What the files are called.
    """

    version: str
    crime: str
    crime_label: str
    crime_plural: str
    area: str
    drawn_from: str | None
    shared_hours_of: Literal["the whole ward", "the whole area"]
    period: Period
    weeks: Period
    data_status: dict[str, str]
    handling: HandlingSummary
    visit_minutes: Annotated[int, Quantity("minutes")]
    max_gap_minutes: Annotated[int, Quantity("minutes")]
    reach_m: Metres
    is_along_streets: bool
    expected_share: Share
    area_share: SmallShare
    places: tuple[BriefPlaceSummary, ...]
    havens: tuple[BriefHavenSummary, ...] | None
    nearest: BriefHavenSummary | None
    words: BriefWords | None
    inputs: tuple[ReadInputSummary, ...]
    products: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinedBriefsSummary(Part):
    """The pages of several wards in one file.

    Attributes:
        version: Of hotspots.
        crime: Short name of the crime.
        crime_label: As a heading.
        crime_plural: The incidents in the middle of a sentence.
        wards: Names of the wards, as their pages follow each other.
        n_places: Places to patrol on all pages.
        period: The days analysed.
        weeks: The days that the pages are for.
        data_status: What files say of themselves, by table; empty for ordinary data.
        handling: For whom the products are, and how they are marked.
        inputs: The files read.
        products: What the files are called.
    """

    version: str
    crime: str
    crime_label: str
    crime_plural: str
    wards: tuple[str, ...]
    n_places: int
    period: Period
    weeks: Period
    data_status: dict[str, str]
    handling: HandlingSummary
    inputs: tuple[ReadInputSummary, ...]
    products: dict[str, str]


def summarise_joined_briefs(briefs: Sequence[BriefSummary]) -> JoinedBriefsSummary:
    """What is in one file, of a page for each ward, all on one crime and for the same weeks."""
    first = briefs[0]
    return JoinedBriefsSummary(
        version=first.version,
        crime=first.crime,
        crime_label=first.crime_label,
        crime_plural=first.crime_plural,
        wards=tuple(brief.area for brief in briefs),
        n_places=sum(len(brief.places) for brief in briefs),
        period=first.period,
        weeks=first.weeks,
        data_status=first.data_status,
        handling=first.handling,
        inputs=first.inputs,
        products=JOINED_BRIEFS_PRODUCTS,
    )


def summarise_brief(
    brief: Brief, run: RunSummary, *, formats: tuple[str, ...], with_manifest: bool = True
) -> BriefSummary:
    """What a brief says.

    Args:
        brief: It.
        run: The summary of the run that it is made from.
        formats: In which it is written.
        with_manifest: Whether it has a manifest of its own.
    """
    has_hours = any(place.window for place in brief.places)
    listed = (*formats, "brief_json", *(["manifest"] if with_manifest else []))
    wards, is_view = brief.ground.wards, len(brief.ground.wards) < len(brief.analysis.wards)
    located = locate_hotspots([place.place for place in brief.places], brief.analysis)
    summary = BriefSummary(
        version=hotspots.__version__,
        crime=run.crime,
        crime_label=run.crime_label,
        crime_plural=run.crime_plural,
        area=say("places.name", tuple(wards["ward_name"]), tuple(wards["borough"].dropna().unique()))
        if is_view
        else say("places.area", run),
        drawn_from=say("places.area", run) if is_view else None,
        shared_hours_of="the whole area" if is_view and not brief.ground.profile.peaks else "the whole ward",
        period=run.period,
        weeks=count_period(brief.first_day, brief.last_day),
        data_status=run.data_status,
        handling=summarise_handling(
            brief.analysis.study.house, "tasking", marking=brief.request.marking, contact=brief.request.contact
        ),
        visit_minutes=VISIT_MINUTES,
        max_gap_minutes=MAX_GAP_MINUTES,
        reach_m=brief.analysis.request.reach_m,
        is_along_streets=brief.analysis.study.streets is not None,
        expected_share=brief.expected_share,
        area_share=brief.area_share,
        places=tuple(
            summarise_brief_place(place, where, names=wards["ward_name"])
            for place, where in zip(brief.places, located, strict=True)
        ),
        havens=None
        if brief.havens is None
        else tuple(summarise_brief_haven(haven, chr(ord("A") + n), has_hours) for n, haven in enumerate(brief.havens)),
        nearest=summarise_brief_haven(brief.nearest, "", has_hours) if brief.nearest else None,
        words=None,
        inputs=run.inputs,
        products={key: name for key, name in BRIEF_PRODUCTS.items() if key in listed},
    )
    return dataclasses.replace(summary, words=_say_all(brief, summary, run))


def summarise_brief_place(place: BriefPlace, where: dict[str, Any], *, names: pd.Series) -> BriefPlaceSummary:
    """A place of a brief.

    Args:
        place: It.
        where: What it is called and where it is, as `locate_hotspots` gives it.
        names: Of the wards, by code.
    """
    return BriefPlaceSummary(
        number=place.number,
        place=where["place"],
        wards=tuple(names[code] for code in place.place.wards),
        locations=tuple(text.removeprefix("On or near ") for text, _ in place.place.locations),
        streets=place.streets,
        easting=where["easting"],
        northing=where["northing"],
        grid_reference=where["grid_reference"],
        expected=place.expected,
        expected_low=place.expected_low,
        expected_high=place.expected_high,
        hours=place.window.words if place.window else None,
        is_own_hours=place.is_own_window,
        rank_low=place.place.evidence.rank_low,
        rank_high=place.place.evidence.rank_high,
    )


def summarise_brief_haven(haven: BriefHaven, letter: str, has_hours: bool) -> BriefHavenSummary:
    """A safe haven of a brief.

    Args:
        haven: It.
        letter: On the map.
        has_hours: Whether the hours of any place are known.
    """
    usual = None if haven.usual is None else tuple(map(UsualHoursSummary.of, haven.usual))
    summary = BriefHavenSummary.of(
        haven,
        letter=letter,
        id=haven.haven_id,
        minutes=max(math.ceil(haven.walk_m / WALKING_M_PER_MINUTE), 1),
        usual=usual,
        words="",
    )
    return dataclasses.replace(summary, words=say("brief.haven", summary, has_hours))


def _say_all(brief: Brief, s: BriefSummary, run: RunSummary) -> BriefWords:
    """The page in words."""
    days_old = (brief.first_day - run.period.end) // dt.timedelta(days=1) - 1
    codes = tuple(map(str, brief.ground.wards.index))
    wards = [ward for ward in run.wards if ward.code in codes]
    streets = brief.analysis.study.streets
    single: dict[str, Any] = {
        name: say(f"brief.{name}", s)
        for name in ("title", "when", "status", "expected", "hours", "reach", "map", "no_havens", "sure")
    }
    headings = {name: say(f"brief.heading_{name}", s) for name in ("places", "havens", "do", "changed", "trust")}
    base = brief.analysis.study.base_map
    owed = [
        say("streets.credit", streets) if streets else "",
        say("streets.credit", base, "Base map") if base else "",
    ]
    return BriefWords(
        **single,
        **headings,
        marking=s.handling.marking,
        nowhere="" if s.places else say("brief.nowhere", s, run, summarise_profile(brief.ground.profile)),
        steps=tuple(say_each("brief.steps", s)),
        blanks=tuple(say_each("brief.blanks")),
        changes=tuple(
            say_each("brief.ward_changes", run, codes[0]) if s.drawn_from else say_each("brief.changes", run)
        ),
        tested=say("brief.tested_whole", s) if s.drawn_from else say("brief.tested", run),
        sources=(
            *say_each("brief.sources", s, run, brief.ground.n_incidents, wards, days_old),
            *filter(None, owed),
        ),
        contact=say("brief.contact", s.handling.contact or ""),
    )

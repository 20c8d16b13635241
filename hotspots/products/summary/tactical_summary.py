"""What the tactical assessment of a tasking meeting says: its numbers, and every sentence on its pages."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import hotspots
from hotspots.analysis.change import VERDICTS
from hotspots.pipeline import MIN_RANKED, Tactical, TacticalCrime
from hotspots.products.summary.brief_summary import (
    BriefHavenSummary,
    BriefSummary,
    summarise_brief,
    summarise_brief_haven,
)
from hotspots.products.summary.change_summary import ChangeSummary
from hotspots.products.summary.encoding import OneOf, Part
from hotspots.products.summary.handling_summary import HandlingSummary, summarise_handling
from hotspots.products.summary.performance_summary import IndicatorSummary, PrioritiesSummary, summarise_performance
from hotspots.products.summary.product_names import TACTICAL_PRODUCTS
from hotspots.products.summary.run_summary import Period, ReadInputSummary, RunSummary, count_period
from hotspots.products.words import say, say_each

_RECENT = {2: ("2-weeks", "1-month"), 4: ("4-weeks", "1-month"), 12: ("12-weeks", "3-months")}
"""Keys of the comparisons of the last weeks, and of months where nothing else is known."""
_FAIR = (
    ("r12", "before"), ("longest", "last year"), ("12-weeks", "last year"), ("3-months", "last year"),
    ("12-weeks", "before"), ("3-months", "before"),
)  # fmt: skip
"""Comparisons in which places are looked at: the first that is fair to them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TacticalCrimeWords(Part):
    """Every sentence of a page on one crime.

    Attributes:
        decision: What is to be decided.
        answer: Where, when, and what changed: the answer to the page.
        havens: Which safe havens the map shows.
        place_changes: What the change of each place is of.
        hours: What a star means; empty without any.
        year: What changed over the longer time.
        tested: How good the last choice of places was.
        sure: How sure the numbers are.
    """

    decision: str
    answer: tuple[str, ...]
    havens: str
    place_changes: str
    hours: str
    year: str
    tested: str
    sure: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TacticalCrimeSummary(Part):
    """One crime.

    Attributes:
        brief: Its places, safe havens and period.
        havens_by_place: The safe haven of each place; null where none is within reach.
        verdicts: Of the change of each place; null where that is not known.
        words: Every sentence of its page.
    """

    brief: BriefSummary
    havens_by_place: tuple[BriefHavenSummary | None, ...]
    verdicts: tuple[Annotated[str | None, OneOf(VERDICTS)], ...]
    words: TacticalCrimeWords


@dataclass(frozen=True, slots=True, kw_only=True)
class TacticalWords(Part):
    """The sentences that are not of one crime.

    Attributes:
        title: The area.
        when: The weeks ahead.
        status: That the data are not for decisions; empty for ordinary data.
        thin: Which crimes have no page; empty where all have.
        indicators: What to know of the table of performance.
        priorities: What to know of the order of crimes, or why there is none.
        sources: What it was made from.
        contact: Whom to ask.
    """

    title: str
    when: str
    status: str
    thin: str
    indicators: str
    priorities: str
    sources: tuple[str, ...]
    contact: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TacticalSummary(Part):
    """What a tasking meeting is told.

    Attributes:
        version: Of hotspots.
        area: The wards.
        period: The days that places are from.
        weeks: The days ahead.
        data_status: What files say of themselves, by table; empty for ordinary data.
        handling: For whom the report is, and how it is marked.
        twelve_months: Those of the table of performance.
        indicators: Each crime of it.
        priorities: Crimes in order; null where they cannot be put in one.
        crimes: Those that have a page.
        words: The sentences that are not of one crime.
        inputs: The files read.
        products: What the files are called.
    """

    version: str
    area: str
    period: Period
    weeks: Period
    data_status: dict[str, str]
    handling: HandlingSummary
    twelve_months: Period
    indicators: tuple[IndicatorSummary, ...]
    priorities: PrioritiesSummary | None
    crimes: tuple[TacticalCrimeSummary, ...]
    words: TacticalWords | None
    inputs: tuple[ReadInputSummary, ...]
    products: dict[str, str]


def summarise_tactical(tactical: Tactical, runs: Sequence[RunSummary], *, formats: tuple[str, ...]) -> TacticalSummary:
    """What a tactical assessment says.

    Args:
        tactical: It.
        runs: The summary of the analysis of each of its crimes.
        formats: In which it is written.
    """
    first, performance = runs[0], summarise_performance(tactical.performance)
    brief, labels = tactical.crimes[0].brief, tactical.performance.study.definitions.crimes
    summary = TacticalSummary(
        version=hotspots.__version__,
        area=say("places.area", first),
        period=first.period,
        weeks=count_period(brief.first_day, brief.last_day),
        data_status=first.data_status,
        handling=summarise_handling(
            tactical.performance.study.house,
            "tasking",
            marking=tactical.request.marking,
            contact=tactical.request.contact,
        ),
        twelve_months=count_period(performance.period.start, performance.period.end),
        indicators=performance.indicators,
        priorities=performance.priorities,
        crimes=tuple(
            _summarise_crime(crime, run, n_weeks=tactical.request.n_weeks)
            for crime, run in zip(tactical.crimes, runs, strict=True)
        ),
        words=None,
        inputs=first.inputs,
        products={
            key: name for key, name in TACTICAL_PRODUCTS.items() if key in (*formats, "tactical_json", "manifest")
        },
    )
    ranked = summary.priorities
    words = TacticalWords(
        title=say("tactical.title", summary),
        when=say("tactical.when", summary),
        status=say("brief.status", summary),
        thin=say("tactical.thin", [labels[slug].label if slug in labels else slug for slug in tactical.thin]),
        indicators=say("tactical.indicators_note", summary),
        priorities=say("tactical.priorities_note", ranked) if ranked else say("tactical.no_priorities", MIN_RANKED),
        sources=tuple(say_each("tactical.sources", summary, first)),
        contact=say("brief.contact", summary.handling.contact or ""),
    )
    return dataclasses.replace(summary, words=words)


def _summarise_crime(crime: TacticalCrime, run: RunSummary, *, n_weeks: int) -> TacticalCrimeSummary:
    brief = dataclasses.replace(summarise_brief(crime.brief, run, formats=()), inputs=())
    letters = {haven.id: haven.letter for haven in brief.havens or ()}
    has_hours = any(place.window for place in crime.brief.places)
    fair = _find_fair(run)
    verdicts = {row.rank: row.change.verdict for row in (fair.patrols or ())} if fair else {}
    recent = [change for change in run.changes if change.key in _RECENT[n_weeks]]
    return TacticalCrimeSummary(
        brief=brief,
        havens_by_place=tuple(
            None if haven is None else summarise_brief_haven(haven, letters[haven.haven_id], has_hours)
            for haven in crime.by_place
        ),
        verdicts=tuple(verdicts.get(place.number) for place in brief.places),
        words=TacticalCrimeWords(
            decision=say("tactical.decision", brief),
            answer=(
                say("tactical.where", brief, run),
                say("tactical.hours", run),
                say("tactical.recent", recent, run),
            ),
            havens=say("tactical.havens", brief),
            place_changes=say("tactical.place_changes", fair),
            hours=say("tactical.starred", [brief]),
            year=say("tactical.year", run),
            tested=say("brief.tested", run),
            sure=say("brief.sure", brief),
        ),
    )


def _find_fair(run: RunSummary) -> ChangeSummary | None:
    """The comparison that places are looked at in; None where none is fair to them."""
    by_key = {(change.key, change.against): change for change in run.changes if change.patrols}
    return next((by_key[wanted] for wanted in _FAIR if wanted in by_key), None)

"""The tactical assessment as a report: a page on all crimes, and a page on each."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Sequence

from hotspots.analysis.change import VERDICTS
from hotspots.analysis.rates import CRITERIA
from hotspots.pipeline import Tactical, TacticalCrime
from hotspots.products.drawing.brief_map import draw_brief_map
from hotspots.products.drawing.month_charts import draw_months
from hotspots.products.drawing.poster_texts import shorten
from hotspots.products.drawing.report_blocks import (
    Beside,
    Blank,
    Block,
    Cell,
    Figure,
    Grid,
    Paragraph,
    Points,
    Report,
    Section,
    Subheading,
)
from hotspots.products.drawing.week_grid import draw_week
from hotspots.products.summary import RunSummary, TacticalCrimeSummary, TacticalSummary
from hotspots.products.words import say, say_each

_MAP_MM, _NARROW_MM = (186.0, 78.0), (84.0, 92.0)
_LONGEST_PLACE, _LONGEST_LOOK = 60, 60
_N_RECOMMENDED = 3


def make_tactical_report(
    tactical: Tactical, summary: TacticalSummary, runs: Sequence[RunSummary], *, left_out: Collection[str] = ()
) -> Report:
    """Everything on the pages of a tactical assessment.

    Args:
        tactical: Whose maps are drawn.
        summary: Its numbers and sentences.
        runs: The summary of the analysis of each crime.
        left_out: Names of streets and wards that a font lacks signs for.
    """
    words = summary.words
    assert words is not None
    return Report(
        title=words.title,
        subtitle=words.when,
        handling=summary.handling,
        house=tactical.performance.study.house,
        status=words.status,
        contact=words.contact,
        sources=words.sources,
        day=summary.weeks.start,
        sections=[
            Section(heading=_head("decide"), blocks=_list_decisions(summary), fits_page=True),
            *(
                Section(
                    heading=crime.brief.crime_label,
                    blocks=_list_crime(found, crime, run, left_out=left_out),
                    starts_page=True,
                    fits_page=True,
                )
                for found, crime, run in zip(tactical.crimes, summary.crimes, runs, strict=True)
            ),
        ],
    )


def _head(name: str) -> str:
    return say("tactical.heading", name)


def _list_decisions(summary: TacticalSummary) -> list[Block]:
    words = summary.words
    assert words is not None
    starred = say("tactical.starred", [crime.brief for crime in summary.crimes])
    blocks: list[Block] = [
        Points([crime.words.decision for crime in summary.crimes]),
        *(Paragraph(text, look="small") for text in (starred, words.thin) if text),
        Blank(
            say_each("tactical.decisions"),
            len(summary.crimes),
            widths=(6, 2, 1.4),
            first=[crime.brief.crime_label for crime in summary.crimes],
        ),
        Subheading(_head("stand")),
        Grid(
            say_each("tactical.indicator_columns"),
            [
                (
                    Cell(row.label, look="strong"),
                    f"{row.change.n_previous:,}" if row.change else "not known",
                    Cell(f"{row.n_current:,}", f"in {row.n_months} months" if row.n_months < 12 else ""),
                    Cell(say("tactical.indicator_change", row), say("tactical.indicator_limits", row)),
                    row.change.verdict if row.change else "not known",
                    say("tactical.indicator_target", row),
                )
                for row in summary.indicators
            ],
            align="lrrrll",
            widths=(5, 2.4, 2, 2.8, 4, 3),
        ),
        Paragraph(words.indicators, look="small"),
        Subheading(_head("first")),
    ]
    ranked = summary.priorities
    if ranked:
        blocks.append(
            Grid(
                say_each("tactical.priority_columns", CRITERIA),
                [
                    (
                        Cell(str(crime.rank), say("tactical.rank_range", crime)),
                        Cell(crime.label, look="strong"),
                        Cell(f"{crime.score:.1f}" if crime.score is not None else "-", look="strong"),
                        *(
                            Cell(f"{one.score:.1f}", say("performance.measure", one.measure, name, VERDICTS))
                            if one.score is not None
                            else "not known"
                            for name, one in ((name, crime.criteria[name]) for name in CRITERIA)
                        ),
                    )
                    for crime in ranked.crimes
                ],
                align="llrrrrrr",
                widths=(1.4, 4, 1.4, 1.8, 3, 2.2, 2.4, 2.6),
            )
        )
    return [*blocks, Paragraph(words.priorities, look="small")]


def _list_crime(
    found: TacticalCrime, crime: TacticalCrimeSummary, run: RunSummary, *, left_out: Collection[str]
) -> list[Block]:
    words, brief = crime.words, crime.brief
    wide, narrow = (
        draw_brief_map(found.brief, brief, width_mm=width, height_mm=height, left_out=left_out)
        for width, height in (_MAP_MM, _NARROW_MM)
    )
    blocks: list[Block] = [
        *(Paragraph(text, look="lead") for text in words.answer if text),
        Figure(wide, say("brief.map", brief), caption=words.havens, narrow=narrow),
    ]
    if brief.places:
        blocks += [
            _list_places(crime),
            Paragraph(" ".join(filter(None, (words.hours, words.place_changes))), look="small"),
        ]
    has_hours = run.profile.available
    chart = (
        draw_week(run.profile, plural=run.crime_plural)
        if has_hours
        else draw_months(run.months, plural=run.crime_plural)
    )
    blocks.append(
        Beside(
            [
                Subheading(_head("hours" if has_hours else "months")),
                Figure(chart, say("tactical.hours", run) if has_hours else _head("months")),
            ],
            [
                Subheading(_head("changed")),
                Paragraph(words.year),
                Subheading(_head("tested")),
                Paragraph(words.tested),
                Paragraph(words.sure),
            ],
            share=0.4,
        )
    )
    blocks += [
        Subheading(_head("do")),
        Blank(say_each("tactical.blanks"), _N_RECOMMENDED, widths=(6, 2, 1.4)),
    ]
    return blocks


def _list_places(crime: TacticalCrimeSummary) -> Grid:
    """The table of places, without columns of which nothing is known."""
    brief = crime.brief
    has_hours = any(place.hours for place in brief.places)
    has_havens = any(crime.havens_by_place)
    shown = [True, True, has_hours, True, True, has_havens]
    rows = [
        (
            Cell(str(place.number), look="badge"),
            Cell(
                shorten(say("brief.place_name", place), _LONGEST_PLACE),
                shorten(say("brief.look", place), _LONGEST_LOOK),
                look="strong",
            ),
            Cell(say("brief.place_hours", place) or "not known", say("brief.reference", place)),
            Cell(say("brief.average", place), say("brief.range", place)),
            say("tactical.place_change", verdict),
            say("tactical.haven", haven),
        )
        for place, verdict, haven in zip(brief.places, crime.verdicts, crime.havens_by_place, strict=True)
    ]
    return Grid(
        say_each("tactical.columns", brief, has_hours, has_havens),
        [tuple(itertools.compress(row, shown)) for row in rows],
        align="".join(itertools.compress("cllrll", shown)),
        widths=tuple(itertools.compress((1.4, 6, 4, 2, 2.4, 3), shown)),
    )

"""The problem profile of a hot spot as a report: what is known of it, and room for what is not."""

from __future__ import annotations

from collections.abc import Collection

from hotspots.pipeline import Problem
from hotspots.products.drawing.brief_map import draw_brief_map
from hotspots.products.drawing.poster_texts import shorten
from hotspots.products.drawing.report_blocks import (
    Blank,
    Block,
    Cell,
    Figure,
    Grid,
    KeyFigures,
    Paragraph,
    Points,
    Report,
    Section,
    Subheading,
)
from hotspots.products.drawing.week_grid import draw_grid
from hotspots.products.summary import ProblemSummary, RunSummary
from hotspots.products.words import say, say_each

_MAP_MM, _NARROW_MM = (186.0, 100.0), (84.0, 92.0)
_LONGEST = 48


def make_problem_report(
    problem: Problem, summary: ProblemSummary, run: RunSummary, *, left_out: Collection[str] = ()
) -> Report:
    """Everything on the pages of a problem profile.

    Args:
        problem: Whose map is drawn.
        summary: Its numbers and sentences.
        run: The summary of the analysis that the hot spot is of.
        left_out: Names of streets and wards that a font lacks signs for.
    """
    words = summary.words
    assert words is not None
    return Report(
        title=words.title,
        subtitle=words.when,
        handling=summary.handling,
        house=problem.brief.analysis.study.house,
        status=words.status,
        contact=words.contact,
        sources=words.sources,
        day=summary.brief.weeks.start,
        sections=[
            Section(heading=_head("what"), blocks=_list_what(problem, summary, left_out), fits_page=True),
            Section(heading=_head("when"), blocks=_list_analysis(summary, run), starts_page=True, fits_page=True),
            Section(heading=_head("analyse"), blocks=_list_blanks(summary), starts_page=True, fits_page=True),
        ],
    )


def _head(name: str) -> str:
    return say("problem.heading", name)


def _list_what(problem: Problem, summary: ProblemSummary, left_out: Collection[str]) -> list[Block]:
    words, place = summary.words, summary.brief
    assert words is not None
    wide, narrow = (
        draw_brief_map(problem.brief, place, width_mm=width, height_mm=height, left_out=left_out)
        for width, height in (_MAP_MM, _NARROW_MM)
    )
    figures = [line.partition("|")[::2] for line in say_each("problem.figures", summary)]
    blocks: list[Block] = [
        Paragraph(words.what, look="lead"),
        KeyFigures(figures),
        Figure(wide, say("brief.map", place), narrow=narrow),
        Subheading(_head("where")),
        Points(words.where),
        Subheading(_head("havens")),
    ]
    if place.havens:
        blocks.append(
            Grid(
                say_each("problem.haven_columns"),
                [
                    (
                        Cell(haven.letter, look="strong"),
                        Cell(
                            shorten(say("brief.haven_name", haven), _LONGEST),
                            shorten(say("brief.about", haven), _LONGEST),
                        ),
                        say("problem.walk", haven),
                        haven.words,
                    )
                    for haven in place.havens
                ],
                widths=(1, 5, 2.4, 4),
            )
        )
    else:
        blocks.append(Paragraph(words.havens))
    return [*blocks, Subheading(_head("sure")), Points(words.sure)]


def _list_analysis(summary: ProblemSummary, run: RunSummary) -> list[Block]:
    words = summary.words
    assert words is not None
    hours = next(one for one in run.hotspot_profiles if one.rank == summary.hotspot.rank)
    blocks: list[Block] = [Paragraph(words.hours, look="lead")]
    if run.profile.counts is not None:
        said = say("problem.week", summary, hours)
        chart = draw_grid(run.profile.counts, title=said, label="per hour of the week", peaks=hours.peaks)
        blocks.append(Figure(chart, said, caption=said))
    blocks += [Subheading(_head("changed")), Paragraph(words.changed)]
    if summary.changes:
        blocks.append(
            Grid(
                say_each("problem.change_columns"),
                [
                    (row.compared[:1].upper() + row.compared[1:], Cell(row.verdict, say("problem.told", row)))
                    for row in summary.changes
                ],
                widths=(6, 4),
            )
        )
    blocks += [
        Subheading(_head("repeats")),
        Paragraph(words.repeats),
        Subheading(_head("who")),
        Paragraph(words.near),
    ]
    if summary.facilities:
        blocks.append(
            Grid(
                say_each("problem.near_columns"),
                [
                    (
                        say("problem.near_kind", one.kind),
                        Cell(shorten(one.name or "No name", _LONGEST), look="strong"),
                        say("problem.distance", one.distance_m),
                        say("problem.risky", one.is_risky),
                    )
                    for one in summary.facilities
                ],
                align="llrl",
                widths=(3, 5, 1.6, 4),
            )
        )
    return blocks


def _list_done(summary: ProblemSummary) -> list[Block]:
    words = summary.words
    assert words is not None
    return [Points(words.done)] if len(words.done) > 1 else [Paragraph(line) for line in words.done]


def _list_blanks(summary: ProblemSummary) -> list[Block]:
    return [
        Blank(say_each("problem.triangle_columns"), 3, widths=(3, 4, 4, 3), first=say_each("problem.triangle"), tall=4),
        Subheading(_head("done")),
        *_list_done(summary),
        Blank(say_each("problem.tried_columns"), 4, widths=(4, 3, 5)),
        Subheading(_head("plan")),
        Blank(say_each("problem.plan_columns"), 5, widths=(6, 3, 2.4, 2)),
        Subheading(_head("assess")),
        Paragraph(say("problem.assess")),
        Blank(say_each("problem.assess_columns"), 4, widths=(6, 3, 2), first=say_each("problem.measured", summary)),
    ]

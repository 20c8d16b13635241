"""The strategic assessment as a report: what stands on which page."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from hotspots.analysis.change import VERDICTS
from hotspots.analysis.rates import CRITERIA
from hotspots.house import HouseStyle
from hotspots.products.drawing.month_charts import draw_rolling, draw_series
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
from hotspots.products.summary import CrimeOfYear, PrioritySummary, StrategicSummary, WardOfCrime, WardOfYear
from hotspots.products.words import say, say_number

_CHART_SHARE = 0.6
_N_WARDS = 5
_N_COSTLIEST = 5
_MANY_WARDS = 15
"""More fill a page with their counts, so that their rates begin the next."""
_MANY_CRIMES = 7
"""From more, the order of priority and the costs have a page each."""
_N_LINES = 4
_MAX_COLUMNS = 7
"""Crimes side by side in a table of wards."""


def make_strategic_report(s: StrategicSummary, house: HouseStyle) -> Report:
    """The report, from its numbers and sentences, with the logo and the colour of a house."""
    words = s.words
    assert words is not None  # a summary that is written has them
    return Report(
        title=words.title,
        subtitle=words.subtitle,
        handling=s.handling,
        house=house,
        status=words.status,
        contact=words.contact,
        sources=words.sources,
        day=s.period.end,
        sections=[
            Section(heading="The year in short", blocks=_show_year(s)),
            Section(heading="The order of priority", blocks=_show_priorities(s)),
            Section(heading="Costs", blocks=_show_costs(s), starts_page=len(s.crimes) > _MANY_CRIMES),
            *(Section(heading=crime.crime_label, blocks=_show_crime(crime), is_whole=True) for crime in s.shown),
            *_show_wards(s),
            Section(heading="The next twelve months", blocks=_show_outlook(s), starts_page=True),
            Section(heading="The data, and how sure this is", blocks=[Points(words.data)]),
        ],
    )


def _show_year(s: StrategicSummary) -> list[Block]:
    assert s.words is not None
    has_rates = any(crime.rate for crime in s.crimes)
    headings = ["Crime", "Year", "Year before", "Change", "Trend"]
    headings += ["Per 1,000"] * has_rates + ["Cost", "Severity, points", "Order"]
    rows: list[list[str | Cell]] = []
    for crime in s.crimes:
        change = crime.indicator.change
        rows.append(
            [
                Cell(crime.crime_label, look="strong"),
                say_number(crime.indicator.n_current),
                say_number(change.n_previous) if change else "-",
                _state_change(crime),
                say("strategic.trend", crime),
                *([say_number(crime.rate.rate, 1) if crime.rate else "-"] if has_rates else []),
                say("strategic.weight", crime.cost.total, "cost"),
                say("strategic.weight", crime.severity.total, "harm"),
                _state_rank(crime.priority),
            ]
        )
    widths = (2.1, 0.9, 0.9, 1.9, 1.8, *([0.8] if has_rates else []), 1.7, 1.5, 0.8)
    return [
        Points(s.words.year),
        Grid(headings, rows, align="lrrll" + "r" * has_rates + "rrr", widths=widths),
        *(Paragraph(text, look="small") for text in s.words.reading),
        *([Paragraph(s.words.few)] if s.words.few else []),
    ]


def _state_change(crime: CrimeOfYear) -> str | Cell:
    change = crime.indicator.change
    if change is None:
        return "not known"
    return Cell(say("strategic.direction", change.verdict), say("strategic.changed", change))


def _state_rank(priority: PrioritySummary | None) -> str | Cell:
    return Cell(str(priority.rank), say("strategic.ranks", priority)) if priority else "-"


def _show_priorities(s: StrategicSummary) -> list[Block]:
    assert s.words is not None
    blocks: list[Block] = []
    if s.priorities:
        rows = [
            [
                Cell(crime.label, look="strong"),
                _state_rank(crime),
                Cell(
                    say_number(crime.score or 0, 1),
                    say("performance.unknown", crime) if crime.unknown else "",
                    look="strong",
                ),
                *(
                    Cell(say_number(found.score, 1), say("performance.measure", found.measure, name, VERDICTS))
                    if (found := crime.criteria[name]).score is not None
                    else "not known"
                    for name in CRITERIA
                ),
            ]
            for crime in s.priorities.crimes
        ]
        headings = ["Crime", "Rank", "Score", *(name.capitalize() for name in CRITERIA)]
        blocks.append(Grid(headings, rows, align="lrrrrrrr", widths=(1.7, 0.9, 1.5, 1, 1.2, 1.1, 1.1, 1.3)))
    return [*blocks, *(Paragraph(text, look="small") for text in s.words.priorities)]


def _show_crime(crime: CrimeOfYear) -> list[Block]:
    months = crime.series.months
    charts: list[Block] = []
    if any(month.n_incidents for month in months):
        svg = draw_series(months, plural=crime.crime_plural)
        charts.append(Figure(svg, say("strategic.months_alt", crime), caption=say("strategic.months_caption", crime)))
    if any(month.rolling for month in months):
        svg = draw_rolling(months, plural=crime.crime_plural)
        charts.append(Figure(svg, say("strategic.rolling_alt", crime), caption=say("strategic.rolling_caption", crime)))
    week: list[Block] = []
    if crime.profile and crime.profile.available:
        svg = draw_week(crime.profile, plural=crime.crime_plural)
        week = [Figure(svg, say("strategic.week_alt", crime), caption=say("strategic.week_caption", crime))]
    tables: list[Block] = []
    if len(crime.wards) > 1:
        tables.append(_list_wards(crime.wards, caption="Wards with the most"))
        if crime.highest_rates:
            tables.append(_list_wards(crime.highest_rates, caption="Wards with the highest rate", has_rates=True))
    rows = [(charts, tables[:1]), (week, tables[1:])] if week else [(charts, tables)]
    return [
        Points(crime.words),
        *(Beside(left, right, share=_CHART_SHARE) for left, right in rows if left or right),
        Blank(["What is behind this, to fill in", "What is recommended"], 1, widths=(1, 1), tall=3),
    ]


def _list_wards(wards: Sequence[WardOfCrime], *, caption: str, has_rates: bool = False) -> Grid:
    """The first of some wards, for half a page."""
    rows: list[list[str | Cell]] = []
    for ward in wards[:_N_WARDS]:
        count: str | Cell = _count(ward)
        if has_rates and ward.rate:
            count = Cell(say_number(ward.rate.rate, 1), say("strategic.rate_limits", ward.rate))
        elif ward.change:
            count = Cell(_count(ward), say("strategic.before", ward.change))
        direction = say("strategic.direction", ward.change.verdict) if ward.change else "not known"
        rows.append([Cell(ward.name, look="strong"), count, direction])
    headings = ["Ward", "Per 1,000" if has_rates else "Year", "Change"]
    return Grid(headings, rows, caption=caption, align="lrl", widths=(1.4, 1.15, 1.5))


def _count(ward: WardOfCrime) -> str:
    return say_number(ward.n_incidents) + ("*" if ward.n_months_uncovered else "")


def _show_wards(s: StrategicSummary) -> list[Section]:
    """Every ward beside every crime: counts and change, and rates; a table for each borough and a few crimes."""
    assert s.words is not None
    if len(s.wards) < 2:
        return []
    parts = [s.crimes[at : at + _MAX_COLUMNS] for at in range(0, len(s.crimes), _MAX_COLUMNS)]
    rated = [[crime for crime in part if crime.highest_rates] for part in parts]
    blocks: list[Block] = [Paragraph(text) for text in s.words.wards]
    blocks += [_tabulate_wards(wards, part, is_rate=False) for part in parts for wards in _part_wards(s)]
    rates = [_tabulate_wards(wards, part, is_rate=True) for part in rated if part for wards in _part_wards(s)]
    sections = [Section(heading="Wards", blocks=blocks, starts_page=True)]
    if rates:
        starts_page = len(s.wards) > _MANY_WARDS
        sections.append(Section(heading="Wards beside each other", blocks=rates, starts_page=starts_page))
    return sections


def _part_wards(s: StrategicSummary) -> list[list[WardOfYear]]:
    return [list(wards) for _, wards in itertools.groupby(s.wards, key=lambda ward: ward.borough)]


def _tabulate_wards(wards: Sequence[WardOfYear], crimes: Sequence[CrimeOfYear], *, is_rate: bool) -> Grid:
    found = [{ward.code: ward for ward in crime.wards} for crime in crimes]
    rows: list[list[str | Cell]] = []
    for ward in wards:
        cells = [_state_rate(one[ward.code]) if is_rate else _state_count(one[ward.code]) for one in found]
        rows.append([Cell(ward.name, look="strong"), *cells])
    return Grid(
        ["Ward", *(crime.crime_label for crime in crimes)],
        rows,
        caption=say("strategic.ward_table", wards[0].borough, is_rate=is_rate),
        align="l" + "r" * len(crimes),
        widths=(1.5, *[1.0] * len(crimes)),
    )


def _state_count(ward: WardOfCrime) -> str | Cell:
    if ward.change is None or not ward.change.is_significant:
        return _count(ward)
    return Cell(_count(ward), say("strategic.direction", ward.change.verdict), look="strong")


def _state_rate(ward: WardOfCrime) -> str:
    if ward.rate is None:
        return "not known"
    return say_number(ward.rate.rate, 1) + (f" {ward.standing}" if ward.standing in ("above", "below") else "")


def _show_costs(s: StrategicSummary) -> list[Block]:
    assert s.words is not None
    blocks: list[Block] = [Points(s.words.costs)]
    if s.cost.total is None:
        return blocks
    rows: list[list[str | Cell]] = [
        [
            Cell(crime.crime_label, look="strong"),
            say_number(crime.indicator.n_current),
            say("strategic.weight", crime.cost.of_one, "cost"),
            say("strategic.weight", crime.cost.total, "cost"),
            say_number(crime.n_fall),
            say("strategic.weight", crime.cost.of_fall, "cost"),
        ]
        for crime in s.crimes
    ]
    headings = ["Crime", "Incidents", "An offence, on average", "Together", "A tenth: fewer", "A tenth: worth"]
    blocks.append(Grid(headings, rows, caption="By crime", align="lrrrrr", widths=(1.8, 1, 1.2, 1.2, 1, 1.2)))
    costliest = sorted((ward for ward in s.wards if ward.cost), key=lambda ward: (-(ward.cost or 0), ward.name))
    if len(s.wards) > 1:
        ranked: list[list[str | Cell]] = [
            [Cell(ward.name, look="strong"), ward.borough or "", say("strategic.weight", ward.cost, "cost")]
            for ward in costliest[:_N_COSTLIEST]
        ]
        caption = say("strategic.costliest", s, len(ranked))
        blocks.append(Grid(["Ward", "Borough", "Cost"], ranked, caption=caption, align="llr"))
    return blocks


def _show_outlook(s: StrategicSummary) -> list[Block]:
    assert s.words is not None
    rows: list[list[str | Cell]] = [
        [
            Cell(crime.crime_label, look="strong"),
            say_number(crime.indicator.n_current),
            say("strategic.range", crime),
            say("strategic.trend", crime),
            "",
        ]
        for crime in s.crimes
    ]
    headings = ["Crime", "This year", "Next year by chance alone", "Trend so far", "Target, to fill in"]
    blanks = Blank(["Recommendation", "Why", "Owner", "By when"], _N_LINES, widths=(3, 2, 1.2, 1))
    return [
        *(Paragraph(text) for text in s.words.outlook),
        Grid(headings, rows, align="lrrll", widths=(1.6, 0.9, 1.4, 1.7, 1.2)),
        Subheading("Recommendations, to fill in"),
        blanks,
    ]

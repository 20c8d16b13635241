"""The strategic assessment as a report: what stands on which page."""

from __future__ import annotations

from collections.abc import Sequence

from hotspots.analysis.change import VERDICTS
from hotspots.analysis.rates import CRITERIA
from hotspots.products.drawing import (
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
    draw_rolling,
    draw_series,
    draw_week,
)
from hotspots.products.summary import CrimeOfYear, StrategicSummary, WardOfCrime
from hotspots.products.words import say, say_number

_N_WARDS = 5
_N_COSTLIEST = 10
_N_LINES = 4
_MAX_COLUMNS = 8
"""Crimes side by side in a table of wards."""


def compose_year(s: StrategicSummary) -> Report:
    """The report, from its numbers and sentences."""
    words = s.words
    assert words is not None  # a summary that is written has them
    return Report(
        title=words.title,
        subtitle=words.subtitle,
        marking=words.marking,
        status=words.status,
        contact=words.contact,
        sources=words.sources,
        day=s.period.end,
        sections=[
            Section(heading="The year in short", blocks=_show_year(s), fits_page=False),
            Section(heading="The order of priority", blocks=_show_priorities(s)),
            *(
                Section(heading=crime.crime_label, blocks=_show_crime(crime), starts_page=True, fits_page=True)
                for crime in s.shown
            ),
            *_show_wards(s),
            Section(heading="Costs", blocks=_show_costs(s), starts_page=True),
            Section(heading="The next twelve months", blocks=_show_outlook(s), starts_page=True),
            Section(heading="The data, and how sure this is", blocks=[Points(words.data)]),
        ],
    )


def _show_year(s: StrategicSummary) -> list[Block]:
    assert s.words is not None
    has_rates = any(crime.rate for crime in s.crimes)
    headings = ["Crime", "Year", "Year before", "Change", "More than chance?", "Trend"]
    headings += ["Per 1,000"] * has_rates + ["Cost", "Severity, points", "Order"]
    rows = []
    for crime in s.crimes:
        change = crime.indicator.change
        rows.append(
            [
                Cell(crime.crime_label, look="strong"),
                say_number(crime.indicator.n_current),
                say_number(change.n_previous) if change else "-",
                Cell(say("strategic.change", change), say("strategic.limits", change)),
                say("strategic.direction", change.verdict) if change else "not known",
                say("strategic.trend", crime),
                *([say_number(crime.rate.rate, 1) if crime.rate else "-"] if has_rates else []),
                say("strategic.weight", crime.cost.total, "cost"),
                say("strategic.weight", crime.severity.total, "harm"),
                say("strategic.rank", crime.priority),
            ]
        )
    widths = [2.1, 1, 1, 1.3, 1.4, 1.5, *([0.9] if has_rates else []), 1.3, 1.3, 0.9]
    return [
        Points(s.words.year),
        Grid(headings, rows, align="lrrrll" + "r" * has_rates + "rrr", widths=widths),
        *(Paragraph(text, look="small") for text in s.words.reading),
        *([Paragraph(s.words.few)] if s.words.few else []),
    ]


def _show_priorities(s: StrategicSummary) -> list[Block]:
    assert s.words is not None
    blocks: list[Block] = []
    if s.priorities:
        rows = [
            [
                Cell(crime.label, look="strong"),
                Cell(say("strategic.rank", crime)),
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
    blocks: list[Block] = [Points(crime.words)]
    months = crime.series.months
    if any(month.n_incidents for month in months):
        svg = draw_series(months, plural=crime.crime_plural)
        blocks.append(Figure(svg, say("strategic.months_alt", crime), caption=say("strategic.months_caption", crime)))
    beside: list[Block] = []
    if any(month.rolling is not None for month in months):
        svg = draw_rolling(months, plural=crime.crime_plural)
        caption = say("strategic.rolling_caption", crime)
        beside.append(Figure(svg, say("strategic.rolling_alt", crime), caption=caption))
    if crime.profile and crime.profile.available:
        svg = draw_week(crime.profile, plural=crime.crime_plural)
        week = Figure(svg, say("strategic.week_alt", crime), caption=say("strategic.week_caption", crime))
        blocks.append(Beside(beside, [week]) if beside else week)
    else:
        blocks += beside
    if len(crime.wards) > 1:
        tables: list[Grid] = [_list_wards(crime.wards, caption="Wards with the most")]
        if crime.highest_rates:
            tables.append(_list_wards(crime.highest_rates, caption="Wards with the highest rate", has_rates=True))
        blocks.append(Beside(tables[:1], tables[1:]) if len(tables) > 1 else tables[0])
    return blocks


def _list_wards(wards: Sequence[WardOfCrime], *, caption: str, has_rates: bool = False) -> Grid:
    rows = []
    for ward in wards[:_N_WARDS]:
        before = say_number(ward.change.n_earlier) if ward.change else "-"
        direction = say("strategic.direction", ward.change.verdict) if ward.change else "not known"
        row: list[str | Cell] = [Cell(ward.name, look="strong")]
        if has_rates and ward.rate:
            row.append(Cell(say_number(ward.rate.rate, 1), say("strategic.rate_limits", ward.rate)))
        rows.append([*row, _count(ward), before, direction])
    headings = ["Ward", *(["Per 1,000"] if has_rates else []), "Year", "Year before", "Change"]
    widths = (1.8, *((1.4,) if has_rates else ()), 0.8, 0.8, 1.3)
    return Grid(headings, rows, caption=caption, align="lrrrl" if has_rates else "lrrl", widths=widths)


def _count(ward: WardOfCrime) -> str:
    return say_number(ward.n_incidents) + ("*" if ward.n_months_uncovered else "")


def _show_wards(s: StrategicSummary) -> list[Section]:
    """Every ward beside every crime: counts and change, and rates, a few crimes in each table."""
    assert s.words is not None
    if len(s.wards) < 2:
        return []
    blocks: list[Block] = [Paragraph(text) for text in s.words.wards]
    parts = [s.crimes[at : at + _MAX_COLUMNS] for at in range(0, len(s.crimes), _MAX_COLUMNS)]
    blocks += [_tabulate_wards(s, part, is_rate=False) for part in parts]
    rated = [[crime for crime in part if crime.highest_rates] for part in parts]
    blocks += [_tabulate_wards(s, part, is_rate=True) for part in rated if part]
    return [Section(heading="Wards", blocks=blocks, starts_page=True)]


def _tabulate_wards(s: StrategicSummary, crimes: Sequence[CrimeOfYear], *, is_rate: bool) -> Grid:
    found = [{ward.code: ward for ward in crime.wards} for crime in crimes]
    rows: list[list[str | Cell]] = []
    for ward in s.wards:
        cells = [_state_rate(one[ward.code]) if is_rate else _state_count(one[ward.code]) for one in found]
        rows.append([Cell(ward.name, look="strong"), *cells])
    return Grid(
        ["Ward", *(crime.crime_label for crime in crimes)],
        rows,
        caption="Per 1,000 residents, by ward" if is_rate else "Incidents of the year, by ward",
        align="l" + "r" * len(crimes),
        widths=(1.7, *[1.0] * len(crimes)),
    )


def _state_count(ward: WardOfCrime) -> str:
    moved = ward.change is not None and ward.change.is_significant
    return (
        f"{_count(ward)} {say('strategic.direction', ward.change.verdict)}" if ward.change and moved else _count(ward)
    )


def _state_rate(ward: WardOfCrime) -> str:
    if ward.rate is None:
        return "not known"
    return say_number(ward.rate.rate, 1) + (f" {ward.standing}" if ward.standing in ("above", "below") else "")


def _show_costs(s: StrategicSummary) -> list[Block]:
    assert s.words is not None
    blocks: list[Block] = [Points(s.words.costs)]
    if s.cost.total is None:
        return blocks
    rows = [
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
        ranked = [
            [Cell(ward.name, look="strong"), ward.borough or "", say("strategic.weight", ward.cost, "cost")]
            for ward in costliest[:_N_COSTLIEST]
        ]
        caption = say("strategic.costliest", s, len(ranked))
        blocks.append(Grid(["Ward", "Borough", "Cost"], ranked, caption=caption, align="llr"))
    return blocks


def _show_outlook(s: StrategicSummary) -> list[Block]:
    assert s.words is not None
    rows = [
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

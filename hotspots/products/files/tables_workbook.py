"""`tables.xlsx`: every table of a run as a sheet, after one that says what they are of."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from hotspots.analysis.hours import DAY_NAMES
from hotspots.products.drawing import SEQUENTIAL
from hotspots.products.files.excel_sheets import Book, Column, open_workbook
from hotspots.products.files.spreadsheets import (
    tabulate_changes,
    tabulate_facilities,
    tabulate_haven_gaps,
    tabulate_haven_sites,
    tabulate_havens,
    tabulate_hot_streets,
    tabulate_hotspots,
    tabulate_marked_places,
    tabulate_months,
    tabulate_patrol_places,
    tabulate_shifts,
    tabulate_wards,
)
from hotspots.products.summary import RunSummary
from hotspots.products.words import say

_ABOUT = "About"
_SAID_WIDTH = 110
"""Of the sentences of the first sheet, in characters."""
_N_HOURS = 24
_CHART_CELLS = (20, 11)
"""Rows and columns that the chart of months lies over, with the column before it."""

_RANK = Column(name="rank", heading="No.", form="whole", width=6)
_GRID = Column(name="grid_reference", heading="Grid reference (100 m)", width=12)
_DEGREES = (
    Column(name="latitude", heading="Latitude (degrees)", form="degrees", width=10),
    Column(name="longitude", heading="Longitude (degrees)", form="degrees", width=10),
)
_EXPECTED = (
    Column(name="expected", heading="Expected incidents, next period as long", form="tenths", width=13, has_bars=True),
    Column(name="expected_low", heading="Expected, at least (9 times in 10)", form="whole"),
    Column(name="expected_high", heading="Expected, at most (9 times in 10)", form="whole"),
    Column(name="n_incidents", heading="Recorded incidents", form="whole", width=10),
    Column(name="share", heading="Share of all incidents (%)", form="share", width=10),
)
_HOURS = (
    Column(name="peak", heading="Busiest hours", form="long text", width=27),
    Column(
        name="haven_share_open_within_reach",
        heading="Share with a safe haven open within reach (%)",
        form="share",
        width=15,
    ),
)
_NAMES = (
    Column(name="place", heading="Place", form="long text", width=30),
    Column(name="wards", heading="Wards", form="long text", width=20),
)
_SURE = (
    Column(name="peak_share", heading="Share of its incidents in its busiest hours (%)", form="share", width=14),
    Column(name="harm", heading="Harm of its incidents", form="whole"),
    Column(name="certainty", heading="How sure", form="long text", width=120),
)
_PLACE_COLUMNS = (_RANK, *_NAMES, *_EXPECTED, *_HOURS, _GRID, *_SURE, *_DEGREES)
_HOTSPOT_COLUMNS = (
    _RANK,
    *_NAMES,
    *_EXPECTED,
    *_HOURS,
    _GRID,
    *_SURE,
    Column(name="sureness", heading="Would be found again", width=11),
    Column(name="area_km2", heading="Area (km²)", form="hundredths", width=9),
    Column(name="density_per_km2", heading="Incidents per km²", form="whole", width=10),
    Column(name="rate_per_1000", heading="Incidents per 1,000 residents and year", width=13, form="tenths"),
    *_DEGREES,
)
_SHIFT_COLUMNS = (
    Column(name="shift", heading="Part of the week", form="long text", width=17),
    Column(name="rank", heading="No. in this part", form="whole", width=7),
    *_NAMES,
    Column(name="n_incidents", heading="Incidents in this part", form="weighted", has_bars=True),
    Column(name="share", heading="Share of the part's incidents (%)", form="share"),
    Column(name="hours_share", heading="Share of the place's own in these hours (%)", form="share", width=13),
    Column(name="ratio", heading="Times the share elsewhere", form="tenths", width=10),
    Column(name="week_rank", heading="No. of the hot spot of the week", form="whole", width=10),
    _GRID,
    Column(name="note", heading="Why there is none", form="long text", width=90),
    Column(name="hours", heading="Days and hours", form="long text", width=40),
    Column(name="shift_n_incidents", heading="All incidents in this part", form="weighted"),
    Column(name="shift_share", heading="Share of all incidents (%)", form="share"),
    Column(name="week_share", heading="Share of the week's hours (%)", form="share"),
    *_DEGREES,
)
_WARD_COLUMNS = (
    _RANK,
    Column(name="ward_name", heading="Ward", form="long text", width=26),
    Column(name="borough", heading="Borough", width=16),
    Column(name="n_incidents", heading="Incidents", form="whole", width=11, has_bars=True),
    Column(name="density_per_km2", heading="Incidents per km²", form="tenths"),
    Column(name="population", heading="Residents", form="whole", width=10),
    Column(name="rate", heading="Incidents per 1,000 residents and year", width=13, form="hundredths"),
    Column(name="rate_low", heading="Rate, at least (19 times in 20)", form="hundredths"),
    Column(name="rate_high", heading="Rate, at most (19 times in 20)", form="hundredths"),
    Column(name="r12_earlier", heading="Incidents, the 12 months before", form="whole"),
    Column(name="r12_current", heading="Incidents, latest 12 months", form="whole"),
    Column(name="r12_ratio", heading="Ratio, latest to earlier", form="hundredths", width=10),
    Column(name="r12_verdict", heading="Change in 12 months", width=22),
    Column(name="peak", heading="Busiest hours", form="long text", width=30),
    Column(name="area_km2", heading="Area (km²)", form="hundredths", width=9),
    Column(name="n_months_uncovered", heading="Months that the files do not cover", form="whole", width=13),
    Column(name="ward_code", heading="Ward code", width=13),
)
_CHANGE_COLUMNS = (
    Column(name="label", heading="Length", width=14),
    Column(name="area", heading="Area", form="long text", width=26),
    Column(name="against", heading="Against", width=12),
    Column(name="n_earlier", heading="Incidents, earlier", form="whole", width=10),
    Column(name="n_current", heading="Incidents, latest", form="whole", width=10),
    Column(name="percent", heading="Change a day (%)", form="whole", width=10),
    Column(name="ratio", heading="Ratio a day, latest to earlier", form="hundredths"),
    Column(name="low", heading="Ratio, at least (19 times in 20)", form="hundredths"),
    Column(name="high", heading="Ratio, at most (19 times in 20)", form="hundredths"),
    Column(name="verdict", heading="Change", width=22),
    Column(name="earlier_start", heading="Earlier, first day", form="day", width=13),
    Column(name="earlier_end", heading="Earlier, last day", form="day", width=13),
    Column(name="current_start", heading="Latest, first day", form="day", width=13),
    Column(name="current_end", heading="Latest, last day", form="day", width=13),
    Column(name="area_code", heading="Ward code", width=13),
)
_MONTH_COLUMNS = (
    Column(name="month", heading="Month", form="month", width=11),
    Column(name="n_incidents", heading="Incidents", form="whole", width=11),
    Column(name="expected", heading="Expected from the other months", form="tenths"),
    Column(name="low", heading="Lower limit", form="tenths", width=10),
    Column(name="high", heading="Upper limit", form="tenths", width=10),
    Column(name="rolling", heading="Incidents in the 12 months to its end", form="whole", width=14),
    Column(name="signal", heading="Stands out", width=16),
    Column(name="gap", heading="Why it is not known", form="long text", width=30),
)
_STREET_COLUMNS = (
    _RANK,
    Column(name="name", heading="Street", form="long text", width=56),
    Column(name="kind", heading="Class of street", width=16),
    Column(name="n_incidents", heading="Incidents", form="whole", width=11, has_bars=True),
    Column(name="share", heading="Share of all incidents (%)", form="share"),
    Column(name="length_m", heading="Length (m)", form="whole", width=10),
    Column(name="n_per_km", heading="Incidents per km", form="whole", width=10),
    Column(name="n_segments", heading="Pieces between junctions", form="whole", width=10),
    *_DEGREES,
)
_PREMISES_COLUMNS = (
    Column(name="kind", heading="Kind", width=20),
    Column(name="name", heading="Name", form="long text", width=36),
    _RANK,
    Column(name="ward", heading="Ward", form="long text", width=24),
    Column(name="n_incidents", heading="Incidents at it in its hours", form="weighted", has_bars=True),
    Column(name="share", heading="Share of those at its kind (%)", form="share"),
    Column(name="expected_low", heading="Its usual number, at least (19 times in 20)", form="tenths", width=14),
    Column(name="expected_high", heading="Its usual number, at most (19 times in 20)", form="tenths", width=14),
    Column(name="usual", heading="Usual for its kind", form="tenths", width=10),
    Column(name="is_risky", heading="More than usual by more than chance", form="yes or no", width=14),
    Column(name="hours", heading="Hours that count", form="long text", width=44),
    Column(name="reach_m", heading="Counted within (m)", form="whole", width=10),
    *_DEGREES,
)
_HAVEN_COLUMNS = (
    Column(name="id", heading="ID", width=12),
    Column(name="name", heading="Name", form="long text", width=36),
    Column(name="kind", heading="Kind", width=18),
    Column(name="opening_hours", heading="Opening hours (OpenStreetMap notation)", form="long text", width=44),
    Column(name="n_incidents", heading="Incidents within reach", form="whole", has_bars=True),
)
_GAP_COLUMNS = (
    _RANK,
    Column(name="place", heading="Place to patrol", form="long text", width=36),
    Column(name="place_rank", heading="No. of the place", form="whole", width=8),
    Column(name="part", heading="Part of the week", form="long text", width=17),
    Column(name="hours", heading="Days and hours", form="long text", width=34),
    Column(name="n_without", heading="Incidents without an open haven", form="weighted", has_bars=True),
    Column(name="nearest", heading="Nearest haven", form="long text", width=32),
    Column(name="nearest_m", heading="Distance to it (m)", form="whole", width=11),
)
_SITE_COLUMNS = (
    Column(name="letter", heading="Letter on the map", width=9),
    Column(name="label", heading="Suggested new haven", form="long text", width=36),
    Column(name="kind", heading="Kind", width=18),
    Column(name="opening_hours", heading="Opening hours (OpenStreetMap notation)", form="long text", width=44),
    Column(name="ward", heading="Ward", form="long text", width=24),
    Column(name="n_gained", heading="Incidents that it adds", form="weighted"),
    Column(name="covered_share", heading="Covered with it and those above (%)", form="share", width=14),
    _GRID,
    *_DEGREES,
)
_MARK_COLUMNS = (
    _RANK,
    Column(name="place", heading="Place", form="long text", width=36),
    Column(name="ward", heading="Ward", form="long text", width=24),
    Column(name="agreement", heading="Feeling and recorded crime", width=26),
    Column(name="n_marks", heading="Marks around it", form="whole", width=10),
    Column(name="unsafe_share", heading="Share of marks that are unsafe (%)", form="share"),
    Column(name="n_incidents", heading="Incidents around it", form="whole", width=10),
    Column(name="usual_incidents", heading="Usual around a cell of the area", form="tenths"),
    *_DEGREES,
)


def write_workbook(summary: RunSummary, path: Path) -> None:
    """Write every table of a run as a sheet of one Excel workbook: formatted, to be filtered, and set up for A4.

    The first sheet says what they are of. A sheet without rows is left out. Texts are texts, whatever they begin with.

    Args:
        summary: What is written: not a number that it does not hold.
        path: Of the workbook.

    Raises:
        OSError: The file cannot be written.
    """
    tables: list[tuple[str, str, pd.DataFrame, Sequence[Column]]] = [
        ("Places to patrol", "places_to_patrol", tabulate_patrol_places(summary), _PLACE_COLUMNS),
        ("Hot spots", "hotspots", tabulate_hotspots(summary), _HOTSPOT_COLUMNS),
        ("Parts of the week", "shifts", tabulate_shifts(summary), _SHIFT_COLUMNS),
        ("Wards", "wards", tabulate_wards(summary), _WARD_COLUMNS),
        ("Change", "changes", tabulate_changes(summary), _CHANGE_COLUMNS),
        ("Hours", "hours", pd.DataFrame(), ()),
        ("Months", "months", tabulate_months(summary), _MONTH_COLUMNS),
        ("Streets", "streets", tabulate_hot_streets(summary), _STREET_COLUMNS),
        ("Premises and stations", "premises", tabulate_facilities(summary), _PREMISES_COLUMNS),
        ("Safe havens", "havens", tabulate_havens(summary), _HAVEN_COLUMNS),
        ("Haven gaps", "haven_gaps", _tabulate_gaps(summary), _GAP_COLUMNS),
        ("New havens", "haven_sites", _tabulate_sites(summary), _SITE_COLUMNS),
        ("Safety Maps", "marks", tabulate_marked_places(summary), _MARK_COLUMNS),
    ]
    is_held = {name: not table.empty for name, _, table, _ in tables} | {"Hours": summary.profile.counts is not None}
    held = [(name, subject, table, columns) for name, subject, table, columns in tables if is_held[name]]
    said = {"title": say("tables.title", summary), "status": say("tables.status", summary)}
    said["marking"] = say("handling.line", summary.handling)
    with open_workbook(path, **said, created=summary.period.end) as book:
        _add_about(book, summary, [(name, say(f"tables.{subject}", summary)) for name, subject, *_ in held])
        for name, _, table, columns in held:
            if name == "Hours":
                _add_hours(book, name, summary)
            else:
                sheet, kept = book.add_table(name, table, columns)
                names = [column.name for column in kept]
                if name == "Months" and "n_incidents" in names:
                    _add_month_chart(book, sheet, summary, names=names, n_rows=len(table))


def _tabulate_gaps(summary: RunSummary) -> pd.DataFrame:
    return tabulate_haven_gaps(summary.haven_gaps, summary) if summary.haven_gaps else pd.DataFrame()


def _tabulate_sites(summary: RunSummary) -> pd.DataFrame:
    return tabulate_haven_sites(summary.haven_sites, summary) if summary.haven_sites else pd.DataFrame()


def _add_about(book: Book, summary: RunSummary, sheets: Sequence[tuple[str, str]]) -> None:
    """The first sheet: what the tables are of, how far they may be relied on, and what each of them holds."""
    sheet = book.add_sheet(_ABOUT)
    sheet.set_column(0, 0, 22)
    sheet.set_column(1, 1, _SAID_WIDTH)
    book.put_text(sheet, 0, 0, say("tables.title", summary), "title")
    marks = [say("places.not_for_decisions", summary)] if summary.data_status else []
    marks += [say("places.not_to_share", summary)] if summary.not_to_share else []
    row = 2
    for mark in marks:
        sheet.merge_range(row, 0, row, 1, "")
        book.put_text(sheet, row, 0, mark, "mark")
        sheet.set_row_pixels(row, 40)
        row += 1
    made_by = say("handling.made_by", summary.handling)
    facts = [
        ("Crime", summary.crime_label),
        ("Area", say("places.area", summary)),
        ("Period", say("tables.period", summary)),
        ("Rows", say("tables.rows", summary)),
        ("Data", say("tables.data", summary)),
        ("For whom", say("handling.marked", summary.handling)),
        *([("Made by", made_by)] if made_by else []),
        ("Sharing", say("tables.sharing", summary)),
        ("Withheld", say("tables.withheld", summary)),
        *(("Method", method) for method in summary.methods),
    ]
    details = [
        *(("Note", note) for note in summary.notes),
        *(("Credit", said) for said in [summary.streets and say("streets.credit", summary.streets)] if said),
        ("Files", say("places.sources", summary)),
        ("Origin", say("tables.origin", summary)),
    ]
    for lines in (facts, sheets, details):
        row += 1
        for label, said in lines:
            if lines is sheets:
                book.put_link(sheet, row, 0, label)
            else:
                book.put_text(sheet, row, 0, label, "label")
            book.put_text(sheet, row, 1, said, "said")
            book.fit_row(sheet, row, [(said, _SAID_WIDTH)])
            row += 1


def _add_hours(book: Book, name: str, summary: RunSummary) -> None:
    """The week as a grid, a row a day and a column an hour, darker for more."""
    counts = summary.profile.counts or ()
    sheet = book.add_sheet(name)
    hours_of_day = [(f"{hour:02d}:00", 6.5, True) for hour in range(_N_HOURS)]
    book.put_headings(sheet, [("Day", 14, False), *hours_of_day])
    for row, (day, hours) in enumerate(zip(DAY_NAMES, counts, strict=True), start=1):
        book.put_text(sheet, row, 0, day, "label")
        sheet.set_row_pixels(row, 28)
        for hour, n in enumerate(hours):
            book.put_value(sheet, row, hour + 1, n, "weighted")
    sheet.freeze_panes(1, 1)
    sheet.conditional_format(
        *(1, 1, len(counts), _N_HOURS),
        {
            "type": "2_color_scale",
            "min_color": "#ffffff",
            "max_color": SEQUENTIAL[2],
            "min_type": "num",
            "min_value": 0,
        },
    )


def _add_month_chart(book: Book, sheet: Any, summary: RunSummary, *, names: Sequence[str], n_rows: int) -> None:
    """Incidents by month as a line, between the limits of what the other months lead one to expect."""
    lines: dict[str, tuple[str, dict[str, Any]]] = {
        "high": ("Upper limit", {"color": "#7a7a7a", "width": 1.25, "dash_type": "dash"}),
        "expected": ("Expected", {"color": "#7a7a7a", "width": 1.25}),
        "low": ("Lower limit", {"color": "#7a7a7a", "width": 1.25, "dash_type": "dash"}),
        "n_incidents": ("Incidents", {"color": "#14213d", "width": 2.5}),
    }
    chart = book.workbook.add_chart({"type": "line"})
    months = ["Months", 1, names.index("month"), n_rows, names.index("month")]
    for column, (label, line) in lines.items():
        if column in names:
            at = names.index(column)
            marker = {"type": "circle", "size": 6} if column == "n_incidents" else {"type": "none"}
            fill = {"fill": {"color": line["color"]}, "border": {"color": line["color"]}} if "size" in marker else {}
            chart.add_series(
                {
                    "name": label,
                    "categories": months,
                    "values": ["Months", 1, at, n_rows, at],
                    "line": line,
                    "marker": marker | fill,
                }
            )
    chart.set_title({"name": "Incidents a month", "name_font": {"size": 13}, "overlay": False})
    chart.set_x_axis({"date_axis": True, "num_format": "mmm yy", "major_unit": 3, "major_unit_type": "months"})
    chart.set_y_axis(
        {"min": 0, "num_format": "#,##0", "major_gridlines": {"visible": True, "line": {"color": "#d9d9d9"}}}
    )
    chart.set_legend({"position": "bottom"})
    chart.show_blanks_as("gap")
    chart.set_size({"width": 640, "height": 380})  # of cells of 64 by 20 pixels
    sheet.print_area(0, 0, max(n_rows, _CHART_CELLS[0]), len(names) + _CHART_CELLS[1])
    sheet.insert_chart(0, len(names) + 1, chart, {"description": say("tables.months", summary), "object_position": 2})

"""How a sheet of an Excel workbook is written: text as text, numbers in their format, ready to filter and to print."""

from __future__ import annotations

import datetime as dt
import itertools
import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import xlsxwriter
import xlsxwriter.exceptions

Form = Literal[
    "text", "long text", "yes or no", "whole", "tenths", "weighted", "hundredths", "share", "degrees", "day", "month"
]

_INK = "#14213d"
_OF_WORDS = ("text", "long text", "yes or no")
_CELL = {"valign": "top", "font_size": 10, "bottom": 1, "bottom_color": "#d9dde3"}
_WORDS: dict[str, Any] = {"align": "left", "indent": 1}
_FORMATS: dict[Form, dict[str, Any]] = {
    "text": _WORDS,
    "long text": _WORDS | {"text_wrap": True},
    "yes or no": _WORDS,
    "whole": {"num_format": "#,##0"},
    "tenths": {"num_format": "#,##0.0"},
    "weighted": {"num_format": "[<19.95]0.0;#,##0"},  # as `say_sum` writes a sum of weights
    "hundredths": {"num_format": "#,##0.00"},
    "share": {"num_format": "0.0%"},
    "degrees": {"num_format": "0.0000"},
    "day": {"num_format": "d mmm yyyy"},
    "month": {"num_format": "mmm yyyy"},
}
_HEADING = {"bold": True, "text_wrap": True, "valign": "top", "font_size": 10, "font_color": "#ffffff"}
_TEXTS: dict[str, dict[str, Any]] = {
    "heading": _HEADING | {"bg_color": _INK, "align": "left", "indent": 1},
    "heading of numbers": _HEADING | {"bg_color": _INK, "align": "right"},
    "title": {"bold": True, "font_size": 18, "font_color": _INK},
    "label": {"bold": True, "valign": "top", "font_size": 11},
    "said": {"text_wrap": True, "valign": "top", "font_size": 11},
    "mark": {"bold": True, "text_wrap": True, "valign": "top", "font_size": 12, "bg_color": "#ffd75e"},
    "link": {"valign": "top", "font_size": 11, "font_color": "#1f4e9e", "underline": 1},
}
_A4 = 9
_WIDEST = 170
"""What fits across a printed page and can still be read, in characters; columns beyond it are not printed."""
_LINE_POINTS = 14.0
_FILLED = 1.08
"""How many letters of a text fit into the width of a digit."""
_MAX_MARGIN_TEXT = 100
"""Of a text at the head or foot of a printed page, where Excel takes 255 characters for all of them."""
_BARS = "#c7e9b4"
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What XML cannot hold: a workbook with it does not open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a sheet.

    Attributes:
        name: Of the column in its table.
        heading: What stands above it, with the unit.
        form: How its values are written.
        width: In characters.
        has_bars: Whether each number has a bar behind it, as long as the number is large.
    """

    name: str
    heading: str
    form: Form = "text"
    width: float = 12
    has_bars: bool = False


class Book:
    """A workbook that is being written.

    Args:
        workbook: Of XlsxWriter.
        title: At the head of each printed page.
        status: At the foot of each: what must be known of whatever is printed.
        marking: At both, in the middle.
    """

    def __init__(self, workbook: xlsxwriter.Workbook, *, title: str, status: str, marking: str = "") -> None:
        self.workbook = workbook
        self._title, self._status, self._marking = title, status, marking
        self._formats: dict[str, Any] = {form: workbook.add_format(_CELL | given) for form, given in _FORMATS.items()}
        self._formats |= {name: workbook.add_format(given) for name, given in _TEXTS.items()}

    def add_sheet(self, name: str) -> Any:
        """A sheet set up for A4 paper: across, one page wide, with title, name and number of the page."""
        sheet = self.workbook.add_worksheet(name)
        sheet.set_landscape()
        sheet.set_paper(_A4)
        sheet.fit_to_pages(1, 0)
        sheet.set_margins(left=0.4, right=0.4, top=0.75, bottom=0.7)
        marking = f"&C&B{_on_margin(self._marking)}" if self._marking else ""
        sheet.set_header(f"&L&B{_on_margin(self._title)}{marking}&R&B{_on_margin(name)}")
        sheet.set_footer(f"&L{_on_margin(self._status)}{marking}&R&P / &N")
        sheet.hide_gridlines(2)
        return sheet

    def put_text(self, sheet: Any, row: int, column: int, text: str, style: str) -> None:
        """Write a text as a text, whatever it begins with."""
        sheet.write_string(row, column, _UNWRITABLE.sub("\N{REPLACEMENT CHARACTER}", text), self._formats[style])

    def put_link(self, sheet: Any, row: int, column: int, to: str) -> None:
        """Write the name of a sheet, which leads there."""
        sheet.write_url(row, column, f"internal:'{to}'!A1", self._formats["link"], to)

    def put_headings(self, sheet: Any, headings: Sequence[tuple[str, float, bool]]) -> None:
        """Write the first row, which stays in sight and is printed on each page.

        Args:
            sheet: Where.
            headings: Of each column the text, the width in characters and whether numbers stand below it.
        """
        for position, (heading, width, has_numbers) in enumerate(headings):
            self.put_text(sheet, 0, position, heading, "heading of numbers" if has_numbers else "heading")
            sheet.set_column(position, position, width)
        self.fit_row(sheet, 0, [(heading, width) for heading, width, _ in headings])
        sheet.repeat_rows(0)

    def fit_row(self, sheet: Any, row: int, texts: Iterable[tuple[str, float]]) -> None:
        """Make a row as high as its longest text is, broken into lines: not every program does so by itself.

        Args:
            sheet: Where.
            row: Which.
            texts: Each with the width of its column in characters.
        """
        n_lines = max((len(textwrap.wrap(text, max(int(width * _FILLED), 4))) for text, width in texts), default=1)
        if n_lines > 1:
            sheet.set_row(row, n_lines * _LINE_POINTS)

    def put_value(self, sheet: Any, row: int, column: int, value: Any, form: Form) -> None:
        """Write a value in its form; nothing where it is missing."""
        style = self._formats[form]
        if value is None or pd.isna(value):
            sheet.write_blank(row, column, None, style)
        elif form in ("day", "month"):
            sheet.write_datetime(row, column, dt.datetime.combine(value, dt.time()), style)
        elif form == "yes or no":
            sheet.write_string(row, column, "yes" if value else "no", style)
        elif form in ("text", "long text"):
            self.put_text(sheet, row, column, str(value), form)
        else:
            sheet.write_number(row, column, float(value), style)

    def add_table(self, name: str, table: pd.DataFrame, columns: Sequence[Column]) -> tuple[Any, list[Column]]:
        """A sheet with a row for each row of a table, to filter by every column; columns without any value left out.

        Returns:
            The sheet, and the columns that it has.
        """
        held = [column for column in columns if column.name in table and table[column.name].notna().any()]
        sheet, last = self.add_sheet(name), len(table)
        self.put_headings(sheet, [(one.heading, one.width, one.form not in _OF_WORDS) for one in held])
        for position, column in enumerate(held):
            for row, value in enumerate(table[column.name].tolist(), start=1):
                self.put_value(sheet, row, position, value, column.form)
            if column.has_bars:
                sheet.conditional_format(
                    *(1, position, last, position),
                    {"type": "data_bar", "bar_solid": True, "bar_color": _BARS, "min_type": "num", "min_value": 0},
                )
        long = [column for column in held if column.form == "long text"]
        for row, texts in enumerate(zip(*(table[column.name].fillna("") for column in long), strict=True), start=1):
            self.fit_row(sheet, row, zip(map(str, texts), (column.width for column in long), strict=True))
        sheet.freeze_panes(1, min(2, len(held)))
        sheet.autofilter(0, 0, last, len(held) - 1)
        reached = itertools.accumulate(column.width for column in held)
        sheet.print_area(0, 0, last, sum(width <= _WIDEST for width in reached) - 1)
        return sheet, held


@contextmanager
def open_workbook(path: Path, *, title: str, status: str, created: dt.date, marking: str = "") -> Iterator[Book]:
    """A workbook to add sheets to, written at the end: the same sheets give the same bytes.

    Args:
        path: Of the file.
        title: Of the workbook.
        status: What must be known of whatever is printed from it; empty for nothing.
        created: What its properties give as the day on which it was made.
        marking: In the middle of the head and foot of each printed page; empty for nothing.

    Raises:
        OSError: The file cannot be written.
    """
    options = {
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "in_memory": True,  # no temporary files beside it
    }
    workbook = xlsxwriter.Workbook(str(path), options)
    shown = _UNWRITABLE.sub("\N{REPLACEMENT CHARACTER}", title)
    # XlsxWriter takes the time of the clock where none is given
    workbook.set_properties({"title": shown, "created": dt.datetime.combine(created, dt.time())})
    yield Book(workbook, title=title, status=status, marking=marking)
    try:
        workbook.close()
    except xlsxwriter.exceptions.XlsxFileError as error:
        raise OSError(f"{path.name} cannot be written: {error}. The disk may be full") from error


def _on_margin(text: str) -> str:
    """A text as the head or foot of a page takes it, where an ampersand begins a code."""
    short = text if len(text) <= _MAX_MARGIN_TEXT else f"{text[: _MAX_MARGIN_TEXT - 3]}..."
    return _UNWRITABLE.sub("\N{REPLACEMENT CHARACTER}", short).replace("&", "&&")

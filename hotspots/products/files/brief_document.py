"""The brief of a ward's team as a Word document: our template, or a partnership's, filled with texts that are data."""

from __future__ import annotations

import datetime as dt
import functools
import math
from pathlib import Path
from typing import Any

from hotspots.products.drawing import BriefTexts
from hotspots.products.files.word_templates import (
    MARGIN_MM,
    PAGE_MM,
    fill_template,
    import_packages,
    open_plain,
    save_document,
    save_template,
    shape_table,
    write_badge,
    write_run,
)

_MAP_MM = (30.0, 85.0)
"""The lowest and the highest map."""
_LETTERS_A_LINE = 98
"""Of running text, on average less than fit."""


def encode_document(texts: BriefTexts, picture: bytes, *, day: dt.date, template: Path | None = None) -> bytes:
    """Fill a template: equal texts give equal bytes.

    Args:
        texts: What is on the page.
        picture: The map, as PNG.
        day: From which the document is said to be.
        template: A .docx with tags for docxtpl; None for our own.

    Raises:
        HotspotsError: The packages for Word are not installed.
        NotFoundError: The template is not there.
        DataError: The template is no Word document, or asks for what a brief does not have.
    """
    own = make_brief_template() if template is None else b""
    document = fill_template(template, own, texts.document, what="a brief", pictures={"picture": picture})
    return save_document(document, title=texts.document["title"], day=day, alternatives=[texts.document["map"]])


def choose_map_height(document: dict[str, Any]) -> float:
    """How high the map may be in our own template, so that all is on one page, millimetres.

    It is reckoned from how long the texts are: only Word sets the page.

    Args:
        document: `BriefTexts.document`.
    """
    t = document

    def count(text: str, letters: int = _LETTERS_A_LINE) -> int:
        return math.ceil(len(text) / letters)

    taken_mm = 62.0 + 6.5 * bool(t["status"]) + 9.0 * bool(t["marking"])
    for place in t["place_rows"]:
        lines = max(count(place["place"], 36), count(place["hours"], 26))
        taken_mm += 5.2 * lines + 3.6 * count(place["look"] or place["reference"], 55) + 0.5
    taken_mm += 6.0 * count(t["nowhere"], 70)
    for haven in t["haven_rows"]:
        taken_mm += 4.2 * max(count(f"{haven['name']}, {haven['about']}", 60), count(haven["words"], 28)) + 0.5
    texts = [t["hours"], t["reach"], t["no_havens"], *t["changes"], *t["steps"], t["sure"], t["tested"]]
    taken_mm += 4.3 * sum(map(count, texts)) + 3.8 * count(" ".join(t["sources"]), 125)
    taken_mm += 24.0  # the boxes to fill in, and the line of contact
    lowest, highest = _MAP_MM
    return float(min(max(PAGE_MM - 2 * MARGIN_MM - taken_mm, lowest), highest))


@functools.cache
def make_brief_template() -> bytes:
    """Our own template: a document with tags.

    Raises:
        HotspotsError: The packages for Word are not installed.
    """
    import_packages()
    from docx.enum.table import WD_TABLE_ALIGNMENT
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Mm, Pt

    document = open_plain()

    def line(text: str, style: str | None = None, **details: Any) -> None:
        write_run(document.add_paragraph(style=style), text, **details)

    def only_if(condition: str, *lines: tuple[str, str | None, dict[str, Any]]) -> None:
        line("{%p if " + condition + " %}")
        for text, style, details in lines:
            line(text, style, **details)
        line("{%p endif %}")

    def each(what: str) -> None:
        line("{%p for one in " + what + " %}")
        line("{{ one }}", "List Bullet")
        line("{%p endfor %}")

    def make_table(titles: tuple[str, ...], rows: str, cells: tuple[Any, ...], widths_mm: tuple[float, ...]) -> None:
        table = document.add_table(rows=4, cols=len(widths_mm), style="Table Grid")
        shape_table(table, widths_mm)
        head, begin, body, end = table.rows
        for cell, title in zip(head.cells, titles, strict=True):
            write_run(cell.paragraphs[0], title, size=8, grey=True)
        begin.cells[0].paragraphs[0].add_run("{%tr for one in " + rows + " %}")
        end.cells[0].paragraphs[0].add_run("{%tr endfor %}")
        for cell, fill in zip(body.cells, cells, strict=True):
            fill(cell)

    def plain(text: str, *, size: float, bold: bool = False, small: str = "", right: bool = False) -> Any:
        def fill(cell: Any) -> None:
            paragraph = cell.paragraphs[0]
            paragraph.paragraph_format.space_after = Pt(0)
            if right:
                paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
            write_run(paragraph, text, size=size, bold=bold)
            if small:
                write_run(paragraph, small, size=8, grey=True)

        return fill

    def black(text: str) -> Any:
        return lambda cell: write_badge(cell, text)

    only_if("status", ("{{ status }}", None, {"bold": True, "size": 10.5}))
    line("{{ title }}", "Heading 1")
    line("{{ when }}", size=12)
    line("{{ places }}", "Heading 2")
    line("{%p if place_rows %}")
    make_table(
        ("No.", "Place", "When", "{{ expected }}"),
        "place_rows",
        (
            black("{{ one.number }}"),
            plain("{{ one.place }}", size=12, bold=True, small="{% if one.look %}\n{{ one.look }}{% endif %}"),
            plain(
                "{{ one.hours }}", size=11, bold=True, small="{% if one.reference %}\n{{ one.reference }}{% endif %}"
            ),
            plain("{{ one.average }}", size=12, bold=True, small="\n{{ one.range }}", right=True),
        ),
        (11, 92, 55, 28),
    )
    line("{%p else %}")
    line("{{ nowhere }}", bold=True, size=13)
    line("{%p endif %}")
    only_if("hours", ("{{ hours }}", None, {}))
    only_if("reach", ("{{ reach }}", None, {}))
    line("{{ picture }}")
    line("{{ havens }}", "Heading 2")
    only_if("no_havens", ("{{ no_havens }}", None, {}))
    line("{%p if haven_rows %}")
    make_table(
        ("Map", "Safe haven", "Walk", "Open"),
        "haven_rows",
        (
            plain("{{ one.letter }}", size=11, bold=True),
            plain("{{ one.name }}", size=9.5, bold=True, small="{% if one.about %}, {{ one.about }}{% endif %}"),
            plain("{{ one.walk }}", size=9.5),
            plain("{{ one.words }}", size=9.5),
        ),
        (11, 103, 24, 48),
    )
    line("{%p endif %}")
    line("{{ changed }}", "Heading 2")
    each("changes")
    line("{{ do }}", "Heading 2")
    each("steps")
    boxes = document.add_table(rows=1, cols=3, style="Table Grid")
    boxes.alignment = WD_TABLE_ALIGNMENT.CENTER
    boxes.rows[0].height = Mm(17)
    for number, cell in enumerate(boxes.rows[0].cells):
        write_run(cell.paragraphs[0], "{{ blanks[" + str(number) + "] }}", size=8, grey=True)
    line("{{ trust }}", "Heading 2")
    line("{{ sure }}")
    line("{{ tested }}")
    line("{{ contact }}", bold=True)
    line("{{ sources | join(' ') }}", size=7.5, grey=True)
    return save_template(document)

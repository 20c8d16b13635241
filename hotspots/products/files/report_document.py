"""A report as a Word document: its sections where a template, ours or a partnership's, has their tag."""

from __future__ import annotations

import functools
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

from hotspots.errors import DataError
from hotspots.products.drawing import (
    Beside,
    Blank,
    Block,
    Cell,
    Figure,
    Grid,
    KeyFigures,
    Paragraph,
    Points,
    Report,
    Subheading,
    draw_picture,
    require_drawable,
)
from hotspots.products.files.word_templates import (
    HANDLING_TAGS,
    LOGO_DRAWN_MM,
    clean,
    fill_template,
    import_packages,
    measure_column,
    open_plain,
    save_document,
    save_template,
    shape_table,
    write_badge,
    write_run,
)
from hotspots.products.words import say

_HERE = "\ue000"
"""Where the sections go. No text of a report has this sign, since it cannot be printed."""
_LINE_MM = 8.0
_GUTTER_MM = 4.0
_FITTED_FIGURES, _FITTED_LETTERS = 0.55, 0.9
"""Of a section that is to fit on one page: of the width, what pictures take, and of their size, letters."""
_CELL_MARGIN_MM = 0.8
_BADGE = 12.0


REPORT_TAGS = ("title", "subtitle", "marking", "status", "contact", "sources", "sections", *HANDLING_TAGS)
"""What a template of a report may have."""


def encode_report(report: Report, *, template: Path | None = None) -> bytes:
    """Fill a template: equal reports give equal bytes.

    Args:
        report: What is written.
        template: A .docx with tags for docxtpl; None for our own.

    Raises:
        HotspotsError: The packages for Word are not installed.
        NotFoundError: The template is not there.
        DataError: The template is no Word document, asks for what a report does not have, or has no room for it.
    """
    handling, drawn = report.handling, require_drawable(report.house.logo)
    texts = {
        "title": report.title,
        "subtitle": report.subtitle,
        "marking": handling.marking,
        "house": handling.house or "",
        "short": handling.short,
        "audience": handling.words,
        "logo_alt": say("handling.logo", handling),
        "status": report.status,
        "contact": report.contact,
        "sources": list(report.sources),
    }
    own = make_report_template() if template is None else b""
    logo = draw_picture(drawn, width_mm=LOGO_DRAWN_MM, stands_alone=True) if drawn else None
    document = fill_template(template, own, texts, what="a report", logo=logo, marks={"sections": _HERE})
    places = [paragraph for paragraph in document.paragraphs if paragraph.text.strip() == _HERE]
    if len(places) != 1:
        name = template.as_posix() if template else "the template of hotspots"
        raise DataError(
            "A template of a report must have the tag {{ sections }} once, in a paragraph of its own that is not in a "
            f"table; {name} has it {len(places)} times. Put it where the pages go."
        )
    body = document.element.body
    before = list(body)
    write = _Writer(document, width_mm=measure_column(document))
    for section in report.sections:
        heading = write.add_heading(section.heading, 2)
        heading.paragraph_format.page_break_before = section.starts_page
        # only Word sets the page: that all is on one is made likelier
        write.figure_share, write.letters = (
            (_FITTED_FIGURES, _FITTED_LETTERS) if section.fits_page or section.is_whole else (1.0, 1.0)
        )
        write.add_blocks(document, section.blocks, write.width_mm)
        if section.is_whole:
            _keep_together(heading._p)
    anchor = places[0]._p
    for element in [one for one in body if one not in before and not one.tag.endswith("}sectPr")]:
        anchor.addprevious(element)
    body.remove(anchor)
    return save_document(
        document,
        title=report.title,
        day=report.day,
        alternatives=write.alternatives,
        logo_alt=str(texts["logo_alt"]),
    )


@functools.cache
def make_report_template() -> bytes:
    """Our own template: a document with tags.

    Raises:
        HotspotsError: The packages for Word are not installed.
    """
    import_packages()
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn
    from docx.shared import Pt

    document = open_plain()
    headings: Any = document.styles["Heading 2"]
    headings.font.size = Pt(15)
    for tag in ("logo", "status"):
        write_run(document.add_paragraph(), "{%p if " + tag + " %}")
        write_run(document.add_paragraph(), "{{ " + tag + " }}", bold=True, size=10.5)
        write_run(document.add_paragraph(), "{%p endif %}")
    write_run(document.add_paragraph(style="Heading 1"), "{{ title }}")
    write_run(document.add_paragraph(), "{{ subtitle }}", size=12)
    write_run(document.add_paragraph(), "{{ sections }}")
    write_run(document.add_paragraph(), "{{ contact }}", bold=True)
    write_run(document.add_paragraph(), "{{ sources | join(' ') }}", size=7.5, grey=True)
    foot = document.sections[0].footer.add_paragraph()
    foot.alignment = WD_ALIGN_PARAGRAPH.CENTER
    for field in ("Page ", "PAGE", " of ", "NUMPAGES"):
        if not field.isupper():
            write_run(foot, field, size=8, grey=True)
            continue
        element = OxmlElement("w:fldSimple")
        element.set(qn("w:instr"), field)
        run = write_run(foot, "1", size=8, grey=True)
        element.append(run._r)
        foot._p.append(element)
    return save_template(document)


class _Writer:
    """Writes blocks into a document or a cell of a table.

    Args:
        document: It.
        width_mm: Of its text.
    """

    def __init__(self, document: Any, *, width_mm: float) -> None:
        self.document, self.width_mm = document, width_mm
        self.alternatives: list[str] = []
        self.figure_share, self.letters = 1.0, 1.0
        self.plain = document.styles["Normal"].font.size
        self.styles = {style.name for style in document.styles}
        self.writers: dict[type, Callable[[Any, Any, float], None]] = {
            Paragraph: self._write_paragraph,
            Subheading: self._write_subheading,
            Points: self._write_points,
            Figure: self._write_figure,
            Grid: self._write_grid,
            Blank: self._write_blank,
            KeyFigures: self._write_figures,
            Beside: self._write_beside,
        }

    def add_heading(self, text: str, level: int, where: Any = None) -> Any:
        """A heading that keeps to what follows."""
        paragraph = self._add_paragraph(where or self.document, f"Heading {level}")
        write_run(paragraph, clean(text))
        paragraph.paragraph_format.keep_with_next = True
        return paragraph

    def add_blocks(self, where: Any, blocks: Sequence[Block], width_mm: float) -> None:
        """All of these, one below the other."""
        for block in blocks:
            self.writers[type(block)](where, block, width_mm)

    def _add_paragraph(self, where: Any, style: str | None = None) -> Any:
        # a template of somebody else need not have each style
        return where.add_paragraph(style=style if style in self.styles else None)

    def _write(self, paragraph: Any, text: str, size: float | None = None, **look: bool) -> None:
        """A text, in the letters of the section; None for the size that its style has."""
        if size is None and self.letters < 1 and self.plain is not None:
            size = self.plain.pt
        write_run(paragraph, clean(text), size=None if size is None else round(2 * size * self.letters) / 2, **look)

    def _add_table(self, where: Any, n_rows: int, widths_mm: Sequence[float], *, is_ruled: bool = True) -> Any:
        if where is self.document:
            table = where.add_table(rows=n_rows, cols=len(widths_mm))
        else:
            table = where.add_table(n_rows, len(widths_mm))
        if is_ruled and "Table Grid" in self.styles:
            table.style = "Table Grid"
        shape_table(table, widths_mm)
        _set_margins(table)
        return table

    def _end_table(self, where: Any) -> None:
        """A little room below, which also keeps two tables apart."""
        from docx.shared import Pt

        paragraph = self._add_paragraph(where)
        paragraph.paragraph_format.space_after = paragraph.paragraph_format.space_before = Pt(0)
        paragraph.paragraph_format.line_spacing = Pt(5)

    def _write_paragraph(self, where: Any, block: Paragraph, _width_mm: float) -> None:
        size = {"lead": 10.5, "small": 8.0, "plain": None}[block.look]
        paragraph = self._add_paragraph(where)
        self._write(paragraph, block.text, size, bold=block.look == "lead", grey=block.look == "small")

    def _write_subheading(self, where: Any, block: Subheading, _width_mm: float) -> None:
        self.add_heading(block.text, 3, where)

    def _write_points(self, where: Any, block: Points, _width_mm: float) -> None:
        for item in block.items:
            self._write(self._add_paragraph(where, "List Bullet"), item)

    def _write_figure(self, where: Any, block: Figure, width_mm: float) -> None:
        from docx.enum.text import WD_ALIGN_PARAGRAPH
        from docx.shared import Mm

        if where is self.document:
            width_mm *= self.figure_share
        paragraph = self._add_paragraph(where)
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
        picture = draw_picture(block.svg, width_mm=width_mm)
        paragraph.add_run().add_picture(io.BytesIO(picture), width=Mm(width_mm))
        self.alternatives.append(block.alt)
        if block.caption:
            paragraph.paragraph_format.keep_with_next = True
            self._write(self._add_paragraph(where), block.caption, 8, grey=True)

    def _write_grid(self, where: Any, block: Grid, width_mm: float) -> None:
        from docx.enum.table import WD_ALIGN_VERTICAL
        from docx.enum.text import WD_ALIGN_PARAGRAPH

        sides = {"l": WD_ALIGN_PARAGRAPH.LEFT, "r": WD_ALIGN_PARAGRAPH.RIGHT, "c": WD_ALIGN_PARAGRAPH.CENTER}
        align = block.align or "l" * len(block.headings)
        if block.caption:
            caption = self._add_paragraph(where)
            caption.paragraph_format.keep_with_next = True
            self._write(caption, block.caption, bold=True)
        table = self._add_table(where, len(block.rows) + 1, _share_width(block.widths, len(block.headings), width_mm))
        rows = [[Cell("", note=text) for text in block.headings], *block.rows]
        _set_row(table.rows[0], "tblHeader")
        _rule_rows(table)
        for row, cells in zip(table.rows, rows, strict=True):
            _set_row(row, "cantSplit")
            for cell, given, side in zip(row.cells, cells, align, strict=True):
                one = Cell(given) if isinstance(given, str) else given
                paragraph = cell.paragraphs[0]
                paragraph.alignment = sides[side]
                cell.vertical_alignment = WD_ALIGN_VERTICAL.CENTER
                if one.look == "badge":
                    write_badge(cell, clean(one.text), size=_BADGE)
                elif one.text:
                    self._write(paragraph, one.text, bold=one.look == "strong")
                if one.note:
                    if one.text:
                        paragraph.add_run().add_break()
                    self._write(paragraph, one.note, 8, grey=True)
        self._end_table(where)

    def _write_blank(self, where: Any, block: Blank, width_mm: float) -> None:
        from docx.shared import Mm

        widths = _share_width(block.widths, len(block.labels), width_mm)
        table = self._add_table(where, block.n_lines + 1, widths)
        _set_row(table.rows[0], "tblHeader")
        for cell, text in zip(table.rows[0].cells, block.labels, strict=True):
            self._write(cell.paragraphs[0], text, 8, bold=True)
        for index, row in enumerate(table.rows[1:]):
            row.height = Mm(_LINE_MM * block.tall * self.letters)
            if index < len(block.first):
                self._write(row.cells[0].paragraphs[0], block.first[index], 8.5)
        self._end_table(where)

    def _write_figures(self, where: Any, block: KeyFigures, width_mm: float) -> None:
        table = self._add_table(where, 1, _share_width((), len(block.items), width_mm))
        for cell, (number, what) in zip(table.rows[0].cells, block.items, strict=True):
            self._write(cell.paragraphs[0], number, 16, bold=True)
            cell.paragraphs[0].add_run().add_break()
            self._write(cell.paragraphs[0], what, 8, grey=True)
        self._end_table(where)

    def _write_beside(self, where: Any, block: Beside, width_mm: float) -> None:
        widths = [width_mm * block.share, width_mm * (1 - block.share)]
        table = self._add_table(where, 1, widths, is_ruled=False)
        for cell, blocks, width in zip(table.rows[0].cells, (block.left, block.right), widths, strict=True):
            empty = cell.paragraphs[0]._p
            self.add_blocks(cell, blocks, width - _GUTTER_MM)
            if len(cell.paragraphs) > 1:
                empty.getparent().remove(empty)
        self._end_table(where)


def _share_width(widths: Sequence[float], n: int, width_mm: float) -> list[float]:
    parts = list(widths) or [1.0] * n
    return [width_mm * part / sum(parts) for part in parts]


def _set_margins(table: Any) -> None:
    """Cells with as little room beside their text as the PDF has: a number of five digits is not broken."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    margins = OxmlElement("w:tblCellMar")
    for side in ("left", "right"):
        margin = OxmlElement(f"w:{side}")
        margin.set(qn("w:w"), str(round(_CELL_MARGIN_MM / 25.4 * 1440)))
        margin.set(qn("w:type"), "dxa")
        margins.append(margin)
    table._tbl.tblPr.insert_element_before(margins, "w:tblLook")


def _rule_rows(table: Any) -> None:
    """Lines between the rows of a table, and none between its columns."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    borders = OxmlElement("w:tblBorders")
    for side in ("top", "left", "bottom", "right", "insideH", "insideV"):
        border = OxmlElement(f"w:{side}")
        border.set(qn("w:val"), "single" if side in ("bottom", "insideH") else "nil")
        for name, value in (("sz", "4"), ("space", "0"), ("color", "999999")):
            border.set(qn(f"w:{name}"), value)
        borders.append(border)
    table._tbl.tblPr.insert_element_before(borders, "w:shd", "w:tblLayout", "w:tblCellMar", "w:tblLook")


def _keep_together(first: Any) -> None:
    """No end of a page between a paragraph and all that has been written after it."""
    written = [first, *(one for one in first.itersiblings() if not one.tag.endswith("}sectPr"))]
    for element in written[:-1]:
        for paragraph in [element] if element.tag.endswith("}p") else element.iter("{*}p"):
            paragraph.get_or_add_pPr().keepNext_val = True


def _set_row(row: Any, what: Literal["cantSplit", "tblHeader"]) -> None:
    """A row that no page break cuts, or of headings: said again on the next page, and to those who listen."""
    from docx.oxml import OxmlElement

    row._tr.get_or_add_trPr().append(OxmlElement(f"w:{what}"))

"""The brief of a ward's team as a Word document: our template, or a partnership's, filled with texts that are data."""

from __future__ import annotations

import datetime as dt
import functools
import io
import math
import zipfile
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
from jinja2.sandbox import SandboxedEnvironment

from hotspots.errors import DataError, HotspotsError, NotFoundError
from hotspots.products.drawing import MAP_WIDTH_MM, BriefTexts, open_compiler

if TYPE_CHECKING:
    from docx.document import Document

_PAGE_MM, _MARGIN_MM = 297.0, 11.0
_LOGO_MM = 8.0
_EMU_A_MM = 36_000
_MAP_MM = (30.0, 85.0)
"""The lowest and the highest map."""
_LETTERS_A_LINE = 98
"""Of running text, on average less than fit."""
_FONT = "Arial"
_DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}"
_NO_TIME = (1980, 1, 1, 0, 0, 0)
"""The earliest that a zip can say: the same on every run."""


def encode_document(
    texts: BriefTexts, picture: bytes, *, day: dt.date, template: Path | None = None, logo: bytes | None = None
) -> bytes:
    """Fill a template: equal texts give equal bytes.

    What a text says is never read as a tag of the template, and a template can call nothing.

    Args:
        texts: What is on the page.
        picture: The map, as PNG.
        day: From which the document is said to be.
        template: A .docx with tags for docxtpl; None for the one of `write_template`.
        logo: As PNG; None for none.

    Raises:
        HotspotsError: The packages for Word are not installed.
        NotFoundError: The template is not there.
        DataError: The template is no Word document, or asks for what a brief does not have.
    """
    docxtpl, docx = _import_packages()
    source = io.BytesIO(_make_template()) if template is None else io.BytesIO(_read(template))
    name = "the template of hotspots" if template is None else template.as_posix()
    context = {key: _clean(value) for key, value in texts.document.items()}
    try:
        document = docxtpl.DocxTemplate(source)
        document.init_docx()
        width_mm = min(MAP_WIDTH_MM, _measure_column(document))
        context["picture"] = docxtpl.InlineImage(document, io.BytesIO(picture), width=docx.shared.Mm(width_mm))
        context["logo"] = (
            docxtpl.InlineImage(document, io.BytesIO(logo), height=docx.shared.Mm(_LOGO_MM)) if logo else ""
        )
        document.render(
            context,
            jinja_env=SandboxedEnvironment(undefined=jinja2.StrictUndefined, autoescape=True),
            autoescape=True,
        )
    except jinja2.TemplateError as error:
        raise DataError(
            f"A template may use only what a brief has; {name} does not: {error.message}. It has: "
            f"{', '.join(sorted(context))}. Correct its tags."
        ) from error
    except (ValueError, KeyError, OSError, SyntaxError, zipfile.BadZipFile) as error:  # broken XML is a SyntaxError
        raise DataError(
            f"A template must be a Word document (.docx); {name} cannot be read as one: {error}. Save it as one again."
        ) from error
    described = document.docx
    _describe(described, texts, day)
    written = io.BytesIO()
    described.save(written)
    return _without_times(written.getvalue())


def choose_map_height(document: dict[str, Any], *, has_logo: bool = False) -> float:
    """How high the map may be in our own template, so that all is on one page, millimetres.

    It is reckoned from how long the texts are: only Word sets the page.

    Args:
        document: `BriefTexts.document`.
        has_logo: Whether a logo stands above the title.
    """
    t = document

    def count(text: str, letters: int = _LETTERS_A_LINE) -> int:
        return math.ceil(len(text) / letters)

    taken_mm = 62.0 + 6.5 * bool(t["status"]) + 9.0 + (_LOGO_MM + 1.0) * has_logo
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
    return float(min(max(_PAGE_MM - 2 * _MARGIN_MM - taken_mm, lowest), highest))


def write_template(path: Path) -> None:
    """Write the template that is used by default, for a partnership to change.

    Raises:
        HotspotsError: The packages for Word are not installed.
        DataError: There is a file already.
    """
    if path.exists():
        raise DataError(
            f"A template is not written over a file; {path.as_posix()} is there. Give another name, or move it away."
        )
    path.write_bytes(_make_template())


def _read(path: Path) -> bytes:
    if not path.is_file():
        raise NotFoundError(f"There is no template {path.as_posix()}. Check the path, or leave `template` out.")
    return path.read_bytes()


def require_packages(formats: Collection[str], *, template: Path | None = None) -> None:
    """Look for all that some formats need, before anything takes time.

    Args:
        formats: Of "html", "pdf" and "docx".
        template: The Word document to be filled; None for our own.

    Raises:
        HotspotsError: A package is not installed.
        NotFoundError: The template is not there.
    """
    if "pdf" in formats or "docx" in formats:
        open_compiler()
    if "docx" in formats:
        _import_packages()
        if template is not None:
            _read(template)


def _import_packages() -> tuple[Any, Any]:
    try:
        import docx.shared
        import docxtpl
    except ImportError as error:
        raise HotspotsError(
            f"Word documents need more packages; {error.name} is not installed. Install them: pip install "
            '"hotspots[briefs]", or leave Word out with `formats`.'
        ) from error
    return docxtpl, docx


def _clean(value: Any) -> Any:
    """Texts on one line, without signs that XML cannot hold and docxtpl would take for breaks."""
    if isinstance(value, str):
        return "".join(sign for sign in " ".join(value.split()) if sign.isprintable())
    if isinstance(value, dict):
        return {key: _clean(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(one) for one in value]
    return value


def _measure_column(document: Any) -> float:
    """How wide the text of a document is, millimetres."""
    section = document.docx.sections[0]
    sides = [section.page_width, section.left_margin, section.right_margin]
    if None in sides:
        return MAP_WIDTH_MM
    return float(sides[0] - sides[1] - sides[2]) / _EMU_A_MM


def _describe(document: Document, texts: BriefTexts, day: dt.date) -> None:
    """What a document says of itself, and the text alternative of its map."""
    core = document.core_properties
    core.title = _clean(texts.document["title"])
    core.language = "en-GB"
    core.author = core.author or "Hotspots"
    core.last_modified_by = "Hotspots"
    core.revision = 1
    core.created = core.modified = dt.datetime(day.year, day.month, day.day)
    for picture in document.element.body.iter(f"{_DRAWING}inline"):
        properties = picture.find(f"{_DRAWING}docPr")
        if properties is not None and not properties.get("descr"):
            is_logo = picture.find(f"{_DRAWING}extent").get("cy") == str(round(_LOGO_MM * _EMU_A_MM))
            properties.set("descr", _clean(texts.document["logo_alt" if is_logo else "map"]))
            for side in "TBLR":  # without it LibreOffice leaves room beside it
                picture.set(f"dist{side}", "0")


def _without_times(content: bytes) -> bytes:
    """The same zip, with no time of its own."""
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            kept = zipfile.ZipInfo(entry.filename, date_time=_NO_TIME)
            kept.compress_type = zipfile.ZIP_DEFLATED
            kept.external_attr = 0o600 << 16
            new.writestr(kept, old.read(entry.filename))
    return written.getvalue()


@functools.cache
def _make_template() -> bytes:
    """Our own template: a document with tags."""
    import docx
    from docx.enum.table import WD_TABLE_ALIGNMENT
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn
    from docx.shared import Mm, Pt, RGBColor

    _import_packages()
    document = docx.Document()
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(_PAGE_MM)
    section.left_margin = section.right_margin = Mm(12)
    section.top_margin = section.bottom_margin = Mm(_MARGIN_MM)
    section.header_distance = section.footer_distance = Mm(5)
    for name, size, is_bold, before, after in (
        ("Normal", 9.5, False, 0, 1),
        ("Heading 1", 20, True, 0, 0),
        ("Heading 2", 11.5, True, 4, 1),
        ("List Bullet", 9.5, False, 0, 0),
        ("Header", 10, True, 0, 0),
        ("Footer", 10, True, 0, 0),
    ):
        style = document.styles[name]
        style.font.name, style.font.size, style.font.bold = _FONT, Pt(size), is_bold
        style.font.color.rgb = RGBColor(0x11, 0x11, 0x11)
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for side in ("w:asciiTheme", "w:hAnsiTheme", "w:eastAsiaTheme", "w:cstheme"):
            fonts.attrib.pop(qn(side), None)
        fonts.set(qn("w:hAnsi"), _FONT)
        style.paragraph_format.space_before, style.paragraph_format.space_after = Pt(before), Pt(after)
        style.paragraph_format.line_spacing = 1.0
    language = document.styles["Normal"].element.get_or_add_rPr()
    mark = OxmlElement("w:lang")
    mark.set(qn("w:val"), "en-GB")
    language.append(mark)

    def write(where: Any, text: str, *, size: float | None = None, bold: bool = False, grey: bool = False) -> Any:
        run = where.add_run(text)
        run.bold = bold or None
        if size:
            run.font.size = Pt(size)
        if grey:
            run.font.color.rgb = RGBColor(0x44, 0x44, 0x44)
        return run

    def line(text: str, style: str | None = None, **details: Any) -> None:
        write(document.add_paragraph(style=style), text, **details)

    def only_if(condition: str, *lines: tuple[str, str | None, dict[str, Any]]) -> None:
        line("{%p if " + condition + " %}")
        for text, style, details in lines:
            line(text, style, **details)
        line("{%p endif %}")

    def each(what: str) -> None:
        line("{%p for one in " + what + " %}")
        line("{{ one }}", "List Bullet")
        line("{%p endfor %}")

    def shade(cell: Any, fill: str) -> None:
        properties = cell._tc.get_or_add_tcPr()
        shading = OxmlElement("w:shd")
        for key, value in (("val", "clear"), ("color", "auto"), ("fill", fill)):
            shading.set(qn(f"w:{key}"), value)
        properties.append(shading)

    def make_table(titles: tuple[str, ...], rows: str, cells: tuple[Any, ...], widths_mm: tuple[float, ...]) -> None:
        table = document.add_table(rows=4, cols=len(widths_mm), style="Table Grid")
        table.alignment = WD_TABLE_ALIGNMENT.CENTER
        table.autofit = False
        for column, width in zip(table.columns, widths_mm, strict=True):
            column.width = Mm(width)
            for cell in column.cells:
                cell.width = Mm(width)
        head, begin, body, end = table.rows
        repeat = OxmlElement("w:tblHeader")
        repeat.set(qn("w:val"), "true")
        head._tr.get_or_add_trPr().append(repeat)
        for cell, title in zip(head.cells, titles, strict=True):
            write(cell.paragraphs[0], title, size=8, grey=True)
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
            write(paragraph, text, size=size, bold=bold)
            if small:
                write(paragraph, small, size=8, grey=True)

        return fill

    def black(text: str) -> Any:
        def fill(cell: Any) -> None:
            shade(cell, "111111")
            paragraph = cell.paragraphs[0]
            paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
            run = write(paragraph, text, size=15, bold=True)
            run.font.color.rgb = RGBColor(0xFF, 0xFF, 0xFF)

        return fill

    for place in (section.header, section.footer):
        paragraph = place.paragraphs[0]
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
        paragraph.add_run("{{ marking }}")
    between = "{% if marking %}  |  {% endif %}"
    head, foot = (place.paragraphs[0] for place in (section.header, section.footer))
    write(head, between + "{% if house %}{{ house }}  |  {% endif %}{{ short }}", size=8).bold = False
    write(foot, between + "{{ audience }}", size=8).bold = False
    only_if("logo", ("{{ logo }}", None, {}))
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
        write(cell.paragraphs[0], "{{ blanks[" + str(number) + "] }}", size=8, grey=True)
    line("{{ trust }}", "Heading 2")
    line("{{ sure }}")
    line("{{ tested }}")
    line("{{ contact }}", bold=True)
    line("{{ sources | join(' ') }}", size=7.5, grey=True)
    document.core_properties.created = document.core_properties.modified = dt.datetime(2000, 1, 1)
    document.core_properties.author = "Hotspots"
    document.core_properties.comments = ""
    written = io.BytesIO()
    document.save(written)
    return _without_times(written.getvalue())

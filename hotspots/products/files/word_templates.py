"""Word documents: a template of ours or of a partnership, filled with texts that are data."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from collections.abc import Collection, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import jinja2
from jinja2.sandbox import SandboxedEnvironment

from hotspots.errors import DataError, HotspotsError, NotFoundError
from hotspots.products.drawing import MAP_WIDTH_MM, open_compiler

if TYPE_CHECKING:
    from docx.document import Document

PAGE_MM, MARGIN_MM = 297.0, 11.0
LOGO_MM = 8.0
"""Height of the logo."""
LOGO_DRAWN_MM = 40.0
"""How wide a logo is drawn, to be shown smaller."""
HANDLING_TAGS = ("house", "short", "audience", "logo", "logo_alt")
"""Of every document, beside its marking."""
_EMU_A_MM = 36_000
_FONT = "Arial"
_HOURS = re.compile(r"(\d\d:\d\d)-(\d\d:\d\d)")
_DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}"
_NO_TIME = (1980, 1, 1, 0, 0, 0)
"""The earliest that a zip can say: the same on every run."""
_STYLES = (
    ("Normal", 9.5, False, 0, 1),
    ("Heading 1", 20, True, 0, 0),
    ("Heading 2", 11.5, True, 4, 1),
    ("Heading 3", 10.5, True, 4, 1),
    ("List Bullet", 9.5, False, 0, 0),
    ("Header", 10, True, 0, 0),
    ("Footer", 10, True, 0, 0),
)
"""Name, size, whether it is bold, and room before and after."""


def require_packages(
    formats: Collection[str], *, template: Path | None = None, tags: Collection[str] = (), what: str = "a brief"
) -> None:
    """Look for all that some formats need, before anything takes time.

    Args:
        formats: Of "html", "pdf" and "docx".
        template: The Word document to be filled; None for our own.
        tags: Those that it may have.
        what: What is written, as of `fill_template`.

    Raises:
        HotspotsError: A package is not installed.
        NotFoundError: The template is not there.
        DataError: It is no Word document, or has a tag that is not one of these.
    """
    if "pdf" in formats or "docx" in formats:
        open_compiler()
    if "docx" not in formats:
        return
    docxtpl, _ = import_packages()
    if template is None:
        return
    content, name = _read(template), template.as_posix()
    try:
        used = docxtpl.DocxTemplate(io.BytesIO(content)).get_undeclared_template_variables(make_sandbox())
    except jinja2.TemplateError as error:
        raise _say_tags(name, what, str(error.message), tags) from error
    except _BROKEN as error:
        raise _say_broken(name, error) from error
    unknown = sorted(used - set(tags))
    if unknown:
        raise _say_tags(name, what, f"'{unknown[0]}' is undefined", tags)


def import_packages() -> tuple[Any, Any]:
    """The packages docxtpl and docx.

    Raises:
        HotspotsError: They are not installed.
    """
    try:
        import docx.shared
        import docxtpl
    except ImportError as error:
        raise HotspotsError(
            f"Word documents need more packages; {error.name} is not installed. Install them: pip install "
            '"hotspots[briefs]", or leave Word out with `formats`.'
        ) from error
    return docxtpl, docx


def fill_template(
    template: Path | None,
    own: bytes,
    context: Mapping[str, Any],
    *,
    what: str,
    pictures: Mapping[str, bytes] = MappingProxyType({}),
    logo: bytes | None = None,
    marks: Mapping[str, str] = MappingProxyType({}),
) -> Document:
    """Fill a template.

    What a text says is never read as a tag of the template, and a template can call nothing.

    Args:
        template: A .docx with tags for docxtpl; None for our own.
        own: That.
        context: Texts, lists and rows by tag.
        what: What is written: "a brief".
        pictures: As PNG, by tag.
        logo: As PNG, for the tag of that name; None for none.
        marks: What stands for something that is laid in later, by tag.

    Raises:
        HotspotsError: The packages for Word are not installed.
        NotFoundError: The template is not there.
        DataError: It is no Word document, or asks for what is not there.
    """
    docxtpl, docx = import_packages()
    source = io.BytesIO(own) if template is None else io.BytesIO(_read(template))
    name = "the template of hotspots" if template is None else template.as_posix()
    tags: dict[str, Any] = {key: clean(value) for key, value in context.items()} | dict(marks)
    try:
        document = docxtpl.DocxTemplate(source)
        document.init_docx()
        width = docx.shared.Mm(min(MAP_WIDTH_MM, measure_column(document.docx)))
        for key, picture in pictures.items():
            tags[key] = docxtpl.InlineImage(document, io.BytesIO(picture), width=width)
        tags["logo"] = docxtpl.InlineImage(document, io.BytesIO(logo), height=docx.shared.Mm(LOGO_MM)) if logo else ""
        document.render(
            tags,
            jinja_env=make_sandbox(),
            autoescape=True,
        )
    except jinja2.TemplateError as error:
        raise _say_tags(name, what, str(error.message), tags) from error
    except _BROKEN as error:
        raise _say_broken(name, error) from error
    filled: Document = document.docx
    return filled


_BROKEN = (ValueError, KeyError, OSError, SyntaxError, zipfile.BadZipFile)
"""What a file that is no Word document makes of the packages; broken XML is a SyntaxError."""


def make_sandbox() -> SandboxedEnvironment:
    """What reads the tags of a template: it can call nothing."""
    return SandboxedEnvironment(undefined=jinja2.StrictUndefined, autoescape=True)


def _say_tags(name: str, what: str, found: str, tags: Collection[str]) -> DataError:
    return DataError(
        f"A template may use only what {what} has; {name} does not: {found}. It has: {', '.join(sorted(tags))}. "
        "Correct its tags."
    )


def _say_broken(name: str, error: Exception) -> DataError:
    return DataError(
        f"A template must be a Word document (.docx); {name} cannot be read as one: {error}. Save it as one again."
    )


def save_document(
    document: Document, *, title: str, day: dt.date, alternatives: Collection[str], logo_alt: str = ""
) -> bytes:
    """A document as bytes, the same on every run.

    Args:
        document: It.
        title: What it is on.
        day: From which it is said to be.
        alternatives: Texts of the pictures that have none yet, in order, but for the logo.
        logo_alt: That of the logo.
    """
    core = document.core_properties
    core.title = clean(title)
    core.language = "en-GB"
    core.author = core.author or "Hotspots"
    core.last_modified_by = "Hotspots"
    core.revision = 1
    core.created = core.modified = dt.datetime(day.year, day.month, day.day)
    texts = iter(alternatives)
    for picture in document.element.body.iter(f"{_DRAWING}inline"):
        properties = picture.find(f"{_DRAWING}docPr")
        if properties is not None and not properties.get("descr"):
            is_logo = picture.find(f"{_DRAWING}extent").get("cy") == str(round(LOGO_MM * _EMU_A_MM))
            properties.set("descr", clean(logo_alt if is_logo else next(texts, "")))
            for side in "TBLR":  # without it LibreOffice leaves room beside it
                picture.set(f"dist{side}", "0")
    return _encode(document)


def save_template(document: Document) -> bytes:
    """A template of ours as bytes."""
    document.core_properties.created = document.core_properties.modified = dt.datetime(2000, 1, 1)
    document.core_properties.author = "Hotspots"
    document.core_properties.comments = ""
    return _encode(document)


def write_template(path: Path, content: bytes) -> None:
    """Write a template, for a partnership to change.

    Raises:
        DataError: There is a file already.
    """
    if path.exists():
        raise DataError(
            f"A template is not written over a file; {path.as_posix()} is there. Give another name, or move it away."
        )
    path.write_bytes(content)


def open_plain() -> Document:
    """A document of A4 without anything, with our styles, and the tags of marking and house around each page."""
    import docx
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn
    from docx.shared import Mm, Pt, RGBColor

    document = docx.Document()
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(PAGE_MM)
    section.left_margin = section.right_margin = Mm(12)
    section.top_margin = section.bottom_margin = Mm(MARGIN_MM)
    section.header_distance = section.footer_distance = Mm(5)
    for name, size, is_bold, before, after in _STYLES:
        style: Any = document.styles[name]
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
    between = "{% if marking %}  |  {% endif %}"
    beside = (between + "{% if house %}{{ house }}  |  {% endif %}{{ short }}", between + "{{ audience }}")
    for place, text in zip((section.header, section.footer), beside, strict=True):
        paragraph = place.paragraphs[0]
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
        paragraph.add_run("{{ marking }}")
        write_run(paragraph, text, size=8).bold = False
    return document


def write_run(paragraph: Any, text: str, *, size: float | None = None, bold: bool = False, grey: bool = False) -> Any:
    """Add a text to a paragraph."""
    from docx.shared import Pt, RGBColor

    run = paragraph.add_run(text)
    run.bold = bold or None
    if size:
        run.font.size = Pt(size)
    if grey:
        run.font.color.rgb = RGBColor(0x44, 0x44, 0x44)
    return run


def write_badge(cell: Any, text: str, *, size: float = 15.0) -> None:
    """Write the number of a place into a cell of a table, white on black."""
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn
    from docx.shared import RGBColor

    shading = OxmlElement("w:shd")
    for key, value in (("val", "clear"), ("color", "auto"), ("fill", "111111")):
        shading.set(qn(f"w:{key}"), value)
    cell._tc.get_or_add_tcPr().append(shading)
    paragraph = cell.paragraphs[0]
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    write_run(paragraph, text, size=size, bold=True).font.color.rgb = RGBColor(0xFF, 0xFF, 0xFF)


def shape_table(table: Any, widths_mm: Collection[float]) -> None:
    """Give a table the widths of its columns, and a first row that is said again on each page."""
    from docx.enum.table import WD_TABLE_ALIGNMENT
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn
    from docx.shared import Mm

    table.alignment = WD_TABLE_ALIGNMENT.CENTER
    table.autofit = False
    for column, width in zip(table.columns, widths_mm, strict=True):
        column.width = Mm(width)
    for row in table.rows:
        for cell, width in zip(row.cells, widths_mm, strict=True):
            cell.width = Mm(width)
    repeat = OxmlElement("w:tblHeader")
    repeat.set(qn("w:val"), "true")
    table.rows[0]._tr.get_or_add_trPr().append(repeat)


def clean(value: Any) -> Any:
    """Texts on one line, without signs that XML cannot hold and docxtpl would take for breaks; hours are not broken."""
    if isinstance(value, str):
        text = "".join(sign for sign in " ".join(value.split()) if sign.isprintable())
        return _HOURS.sub("\\1\N{NON-BREAKING HYPHEN}\\2", text)
    if isinstance(value, dict):
        return {key: clean(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [clean(one) for one in value]
    return value


def measure_column(document: Document) -> float:
    """How wide the text of a document is, millimetres."""
    section = document.sections[0]
    if section.page_width is None or section.left_margin is None or section.right_margin is None:
        return MAP_WIDTH_MM
    return float(section.page_width - section.left_margin - section.right_margin) / _EMU_A_MM


def _read(path: Path) -> bytes:
    if not path.is_file():
        raise NotFoundError(f"There is no template {path.as_posix()}. Check the path, or leave `template` out.")
    return path.read_bytes()


def _encode(document: Document) -> bytes:
    """Its zip, with no time of its own."""
    saved, written = io.BytesIO(), io.BytesIO()
    document.save(saved)
    with zipfile.ZipFile(saved) as old, zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            kept = zipfile.ZipInfo(entry.filename, date_time=_NO_TIME)
            kept.compress_type = zipfile.ZIP_DEFLATED
            kept.external_attr = 0o600 << 16
            new.writestr(kept, old.read(entry.filename))
    return written.getvalue()

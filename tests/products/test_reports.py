"""Reports of several pages: every block is in each format, as data, and equal reports have equal bytes."""

from __future__ import annotations

import dataclasses
import datetime as dt
import io
import re
import zipfile
from html import unescape
from pathlib import Path
from typing import Any, Literal

import docx
import pytest
from support import count_pages, list_violations, read_pdf

from hotspots.errors import DataError
from hotspots.house import HouseStyle
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
    Section,
    Subheading,
    draw_report_sheets,
)
from hotspots.products.files import encode_report, make_report_template
from hotspots.products.pages import draw_report
from hotspots.products.summary.handling_summary import summarise_handling

SVG = '<svg viewBox="0 0 400 100" role="img" class="chart"><title>t</title><rect width="400" height="100"/></svg>'
CODE = "#panic() {{ 7 * 7 }} {% if %} <b>Noon & Closed</b>"
BLOCKS: tuple[Block, ...] = (
    KeyFigures([("about 12", "robberies a week")]),
    Paragraph("The answer.", look="lead"),
    Paragraph(CODE),
    Subheading("Where"),
    Points(["Point one", "Point two"]),
    Figure(SVG, "A map of Ashe", caption="Streets of Ashe"),
    Grid(
        ("", "Place", "Expected"),
        [(Cell("7", look="badge"), Cell("Mill Lane", "near the bridge", look="strong"), "3.5")],
        caption="Places of Ashe",
        align="clr",
        widths=(1, 5, 2),
    ),
    Beside([Paragraph("On the left")], [Points(["On the right"])], share=0.4),
    Blank(("Action", "Owner"), 2, widths=(3, 1), first=("Written already",)),
)
TEXTS = (
    "about 12", "robberies a week", "The answer.", CODE, "Where", "Point two", "Streets of Ashe", "Place", "Mill Lane",
    "near the bridge", "3.5", "Places of Ashe", "On the left", "On the right", "Action", "Written already",
)  # fmt: skip
REPORT = Report(
    title="Assessment: Ashe",
    subtitle="January 2026",
    handling=summarise_handling(HouseStyle(), "partner"),
    house=HouseStyle(),
    status="Not for decisions",
    contact="Questions: Analysis",
    sources=("Made from 1,234 robberies.",),
    day=dt.date(2026, 1, 29),
    sections=[
        Section(heading="What to decide", blocks=BLOCKS),
        Section(heading="Robbery", blocks=BLOCKS, starts_page=True, fits_page=True),
    ],
)


def read_document(content: bytes) -> str:
    """Every text of a Word document, of tables within tables too."""
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        xml = parts.read("word/document.xml").decode()
    lines = re.split(r"</w:p>|<w:br/>", xml)
    return "\n".join(unescape("".join(re.findall(r"<w:t[ >][^<]*", line))) for line in lines)


@pytest.fixture(scope="module")
def document() -> bytes:
    return encode_report(REPORT)


def test_every_text_is_on_the_page_and_in_word_and_none_is_read_as_code(document: bytes) -> None:
    page, word = unescape(draw_report(REPORT)), read_document(document)
    for text in (*TEXTS, REPORT.title, REPORT.subtitle, REPORT.status, REPORT.contact, *REPORT.sources):
        assert page.count(text) >= 1, text
        assert text in re.sub(r"<w:t[^>]*>", "", word), text
    assert "<b>Noon" not in draw_report(REPORT)
    assert 'role="img" aria-label="A map of Ashe"' in page
    alternatives = re.findall(r'descr="([^"]+)"', docx.Document(io.BytesIO(document)).element.xml)
    assert alternatives == ["A map of Ashe"] * 2


def test_the_pdf_is_tagged_and_a_section_that_fits_has_one_page() -> None:
    content = draw_report_sheets(REPORT)
    unpacked = read_pdf(content)
    assert b"/StructTreeRoot" in unpacked
    assert b"Assessment: Ashe" in unpacked
    assert count_pages(content) == 2
    high = SVG.replace("0 0 400 100", "0 0 400 450")
    blocks: list[Block] = [Figure(high, "A map"), *BLOCKS]
    page = Section(heading="Robbery", blocks=blocks, starts_page=True, fits_page=True)
    assert count_pages(draw_report_sheets(dataclasses.replace(REPORT, sections=[page]))) == 1
    loose = dataclasses.replace(page, fits_page=False)
    assert count_pages(draw_report_sheets(dataclasses.replace(REPORT, sections=[loose]))) == 2


def test_equal_reports_have_equal_bytes(document: bytes) -> None:
    assert encode_report(REPORT) == document
    assert draw_report_sheets(REPORT) == draw_report_sheets(REPORT)


def test_a_template_of_a_partnership_has_the_sections_where_their_tag_is(tmp_path: Path) -> None:
    own = docx.Document(io.BytesIO(make_report_template()))
    own.paragraphs[0].insert_paragraph_before("Vale Partnership")
    own.styles["List Bullet"].element.getparent().remove(own.styles["List Bullet"].element)
    own.save(str(tmp_path / "vale.docx"))
    filled = docx.Document(io.BytesIO(encode_report(REPORT, template=tmp_path / "vale.docx")))
    texts = [paragraph.text for paragraph in filled.paragraphs]
    assert texts[0] == "Vale Partnership"
    assert texts.index("Assessment: Ashe") < texts.index("What to decide") < texts.index("Robbery")
    assert texts.index("Robbery") < texts.index("Questions: Analysis")
    assert "Point two" in texts
    bare = docx.Document()
    bare.add_paragraph("{{ title }}")
    bare.save(str(tmp_path / "bare.docx"))
    with pytest.raises(DataError, match=r"the tag \{\{ sections \}\} once.*has it 0 times"):
        encode_report(REPORT, template=tmp_path / "bare.docx")


@pytest.mark.slow
@pytest.mark.parametrize(("size", "colours"), [((1366, 768), "dark"), ((390, 844), "light")], ids=["laptop", "phone"])
def test_a_report_can_be_used_by_everybody(
    browser: Any, tmp_path: Path, size: tuple[int, int], colours: Literal["dark", "light"]
) -> None:
    """Every kind of block, and a table of many rows and columns, which a phone pushes aside within itself."""
    wards = Grid(
        ["Ward", *(f"Crime {n}" for n in range(7))],
        [[Cell(f"Ward {n} of the area", look="strong"), *["1,234 above"] * 7] for n in range(30)],
        caption="Every ward",
    )
    parts = [*REPORT.sections, Section(heading="Wards", blocks=[wards])]
    path = tmp_path / "report.html"
    path.write_text(draw_report(dataclasses.replace(REPORT, sections=parts)), "utf-8")
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, offline=True, bypass_csp=True, color_scheme=colours
    )
    page = context.new_page()
    page.goto(path.as_uri())
    assert list_violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    rows = page.locator(".matrix tbody tr")
    # a card a row would take more than twice this
    assert rows.nth(29).bounding_box()["y"] - rows.nth(0).bounding_box()["y"] < 29 * 100
    context.close()


def test_no_end_of_a_page_cuts_a_section_that_is_whole() -> None:
    """One that does not fit below another begins the next page. One of a little more than half a page, of which the
    page would hold one alone, is as small as half a page takes, so that two share it."""

    def draw(*n_lines: int) -> int:
        whole = [
            Section(heading=f"Part {n}", blocks=[Paragraph("It."), Blank(("Action",), n, tall=2)], is_whole=True)
            for n in n_lines
        ]
        return count_pages(draw_report_sheets(dataclasses.replace(REPORT, sections=whole)))

    assert draw(5, 5) == 1
    assert draw(5, 12) == 2
    assert draw(9, 9, 9, 9, 5) == 3


def test_in_word_a_section_that_is_whole_keeps_together() -> None:
    section = Section(heading="Robbery", blocks=[Paragraph("One"), Paragraph("Two")], is_whole=True)
    document = docx.Document(io.BytesIO(encode_report(dataclasses.replace(REPORT, sections=[section]))))
    kept = {paragraph.text: paragraph.paragraph_format.keep_with_next for paragraph in document.paragraphs}
    assert [kept[text] for text in ("Robbery", "One", "Two")] == [True, True, None]

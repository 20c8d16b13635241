"""The brief of a ward's team on one A4 page, and several in one file, set by typst from texts that are data."""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from importlib import resources
from typing import TYPE_CHECKING, Any, Literal

from hotspots.pipeline import Brief
from hotspots.products.drawing.brief_map import draw_brief_map
from hotspots.products.drawing.poster_fonts import (
    STANDARD,
    find_unprintable,
    is_printable,
    make_compiler,
    require_drawable,
)
from hotspots.products.drawing.poster_texts import shorten
from hotspots.products.summary import BriefSummary
from hotspots.products.words import say

if TYPE_CHECKING:
    import typst

MAP_WIDTH_MM = 186.0
_MAP_MM = tuple(range(110, 49, -5))
"""Heights of the map to try, until all is on one page."""
_LONGEST_PLACE, _LONGEST_LOOK, _LONGEST_HAVEN = 70, 96, 48
"""Letters of names: a page has room for no longer ones."""
_SCALES = (1.0, 0.92, 0.84, 0.76)
"""Of the letters, where even the lowest map leaves too little room."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BriefTexts:
    """Everything on a page as texts, for whatever it is written as.

    Attributes:
        document: Title, language, headings, sentences and rows.
        map: SVG.
        logo: SVG; empty without one.
        colour: Of title and rules; None for none of its own.
    """

    document: dict[str, Any]
    map: str
    logo: str = ""
    colour: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnBrief:
    """A brief on its page.

    Attributes:
        pdf: One page of A4.
        texts: What is on it, with the map in the size that leaves room for it.
        map_height_mm: That of the map.
        sheet: All of that as the template takes it.
    """

    pdf: bytes
    texts: BriefTexts
    map_height_mm: int
    sheet: dict[str, Any]


def describe_texts(summary: BriefSummary) -> dict[str, Any]:
    """Title, headings, sentences and rows of a page, whatever it is written as."""
    words = summary.words
    assert words is not None
    return {
        **{field.name: getattr(words, field.name) for field in fields(words)},
        "house": summary.handling.house or "",
        "audience": summary.handling.words,
        "short": summary.handling.short,
        "logo_alt": say("handling.logo", summary.handling),
        "place_rows": [
            {
                "number": place.number,
                "place": shorten(say("brief.place_name", place), _LONGEST_PLACE),
                "look": shorten(say("brief.look", place), _LONGEST_LOOK),
                "reference": say("brief.reference", place),
                "hours": say("brief.place_hours", place),
                "average": say("brief.average", place),
                "range": say("brief.range", place),
            }
            for place in summary.places
        ],
        "haven_rows": [
            {
                "letter": haven.letter,
                "name": shorten(say("brief.haven_name", haven), _LONGEST_HAVEN),
                "about": shorten(say("brief.about", haven), _LONGEST_HAVEN),
                "walk": say("brief.walk", haven),
                "words": haven.words,
                "is_open": haven.state == "open",
            }
            for haven in summary.havens or ()
        ],
    }


def describe_brief(brief: Brief, summary: BriefSummary, *, map_height_mm: float) -> BriefTexts:
    """Everything on the page as texts, and the map, without names that the fonts of pages lack signs for.

    Args:
        brief: Whose map is drawn.
        summary: Its numbers and sentences.
        map_height_mm: Height of the map, which is 186 mm wide.
    """
    house = brief.analysis.study.house
    streets, wards = brief.analysis.study.streets, brief.analysis.study.boundaries.wards
    names = {*map(str, wards["ward_name"]), *(map(str, streets.ways["name"].dropna()) if streets else ())}
    return BriefTexts(
        document=describe_texts(summary),
        map=draw_brief_map(
            brief, summary, width_mm=MAP_WIDTH_MM, height_mm=map_height_mm, left_out=find_unprintable(names)
        ),
        logo=require_drawable(house.logo),
        colour=house.colour,
    )


def open_compiler() -> typst.Compiler:
    """The compiler of pages, with their fonts.

    Raises:
        HotspotsError: A package is not installed.
    """
    return make_compiler("Briefs as PDF and Word", extra="briefs")


def draw_brief_sheet(brief: Brief, summary: BriefSummary) -> DrawnBrief:
    """Set the page: equal briefs give equal bytes. The map is as high as leaves all on one page.

    Raises:
        HotspotsError: The packages for pages are not installed.
    """
    for scale in _SCALES:
        fitting = None
        low, high = 0, len(_MAP_MM)
        while low < high:  # what fits beside a map fits beside a lower one
            middle = (low + high) // 2
            texts = describe_brief(brief, summary, map_height_mm=_MAP_MM[middle])
            sheet = _lay_out(texts, _MAP_MM[middle], scale)
            if len(_compile([sheet], sheet["title"], form="png", ppi=8.0)) == 1:
                fitting, high = (texts, _MAP_MM[middle], sheet), middle
            else:
                low = middle + 1
        if fitting is not None:
            texts, height_mm, sheet = fitting
            (pdf,) = _compile([sheet], sheet["title"], form="pdf")
            return DrawnBrief(pdf=pdf, texts=texts, map_height_mm=height_mm, sheet=sheet)
    raise AssertionError("a brief does not fit on a page, however small its map")


def join_briefs(drawn: Sequence[DrawnBrief], *, title: str) -> bytes:
    """All pages in one PDF, to be printed at once; their headings are its bookmarks."""
    (pdf,) = _compile([one.sheet for one in drawn], make_printable(title), form="pdf")
    return pdf


def _lay_out(texts: BriefTexts, height_mm: int, scale: float) -> dict[str, Any]:
    return {
        **make_printable(texts.document),
        "map_svg": texts.map,
        "logo": texts.logo,
        "map_mm": height_mm,
        "scale": scale,
        "colour": texts.colour or "#111111",
    }


def _compile(
    sheets: Sequence[dict[str, Any]], title: str, *, form: Literal["pdf", "png"], ppi: float = 144.0
) -> list[bytes]:
    made = open_compiler().compile(
        _read_template(),
        format=form,
        ppi=ppi,
        pdf_standards=STANDARD if form == "pdf" else None,
        sys_inputs={"data": json.dumps({"title": title, "sheets": sheets}, ensure_ascii=False)},
    )
    return made if isinstance(made, list) else [made or b""]


def make_printable(value: Any) -> Any:
    """Texts with a question mark for each sign that the fonts lack: a page that is read aloud may have none such."""
    if isinstance(value, str):
        return value if is_printable(value) else "".join(sign if is_printable(sign) else "?" for sign in value)
    if isinstance(value, dict):
        return {key: make_printable(one) for key, one in value.items()}
    return [make_printable(one) for one in value] if isinstance(value, list | tuple) else value


@functools.cache
def _read_template() -> bytes:
    # as bytes, since a text would be taken for a path
    return resources.files("hotspots.products").joinpath("templates/brief.typ").read_bytes()

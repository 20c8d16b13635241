"""Posters as PDF and PNG, set by typst: what stands where, on one sheet each."""

from __future__ import annotations

import bisect
import itertools
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import shapely

from hotspots.errors import ParameterError
from hotspots.pipeline import Paper, Poster, Posters
from hotspots.products.drawing.poster_fonts import (
    STANDARD,
    find_unprintable,
    is_printable,
    make_compiler,
    read_template,
    require_drawable,
)
from hotspots.products.drawing.poster_map import BADGE_MM, draw_poster_map, measure_crowding
from hotspots.products.drawing.poster_texts import describe_haven, name_haven, name_subject, pick_named
from hotspots.products.drawing.qr_codes import draw_qr_code
from hotspots.products.summary import summarise_handling
from hotspots.products.words import say, say_each

_WIDTH_MM, _BESIDE_MM = 186.0, 126.0
"""Widths of the map on A4: alone, and with what to do beside it, which leaves more of the sheet to a tall borough."""
_TALL = 1.1
_PNG_PPI = 150.0
_MAP_MM = tuple(range(170, 79, -5))
"""Heights of the map to try, on A4, until all is on one sheet."""

_TITLE_PT = ((26, 64), (22, 90), (18, 1000))
"""Sizes of a title of more than one line, and how long it may be for each."""
_ROOMY = ((2, 1.3), (4, 1.16), (6, 1.08), (99, 1.0))
"""How many havens a school may have for its table to be set so much larger."""

_MOST_CROWDED = 0.9
"""How far a number may lie from its place, in its own widths."""
_NAMED_MM = 95
"""Height of the map of a borough, as on A4, beside a list that does not name all havens."""
_FULL, _FEW, _MOST_NUMBERED = 18, 30, 99
"""Havens of a borough with all that is known of them, with large numbers, and with any: three digits take too much."""
_LEAST_PT = 8.0
"""The smallest type on any sheet, points."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    """How a poster is set.

    Attributes:
        paper: Its size.
        columns: Of the list of a borough.
        name_pt: Type of its names, points on this paper.
        about_pt: Type of what stands below them; a list by ward has no such lines.
        badge_mm: Radius of a number on the map, as on A4.
        by_ward: Whether the list is by ward, and the map numbers the wards.
        most: Of one ward, those named; None for all.
        has_list: Whether wards are listed.
        width_mm: Of the map, as on A4.
    """

    paper: Paper
    columns: int = 3
    name_pt: float = 9.0
    about_pt: float = _LEAST_PT
    badge_mm: float = BADGE_MM
    by_ward: bool = False
    most: int | None = None
    has_list: bool = True
    width_mm: float = _WIDTH_MM


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnPoster:
    """A poster on its sheet.

    Attributes:
        pdf: The file.
        picture: The same as PNG.
        paper: Size of the sheet.
        is_by_ward: Whether the list is by ward, since a borough has more havens than its map can number.
        n_named: Havens that are named on it.
        unprintable: Names with signs that the fonts lack, which gave way to the kind of place.
        source: What typst set, for a document of several posters.
    """

    pdf: bytes
    picture: bytes
    paper: Paper
    is_by_ward: bool
    n_named: int
    unprintable: tuple[str, ...]
    source: dict[str, Any]


def draw_poster(poster: Poster, posters: Posters) -> DrawnPoster:
    """Set one poster on one sheet: equal ones give equal bytes.

    The map is as high as leaves all on the sheet. On the poster of a school the furthest havens give way if they must.
    A borough has its havens numbered on the map while there is room for the numbers; then by ward, each a dot on the
    map; and where a sheet cannot name all, so many of each ward, those first that are open throughout. How many are
    not named is said.

    Args:
        poster: One of them.
        posters: All, with what they have in common.

    Raises:
        HotspotsError: The packages for posters are not installed.
        ParameterError: The fonts cannot print the address or the credit.
    """
    for name in ("address", "credit"):
        text = getattr(posters.request, name)
        if text and not is_printable(text):
            raise ParameterError(
                f"The fonts of posters must have every sign of `{name}`; they cannot print {text!r}. They have Latin, "
                "Greek, Cyrillic, Hebrew and Arabic letters. Give it in one of these scripts."
            )
    shown, layout, height_mm = _choose(poster, posters)
    source = _describe(shown, posters, layout, height_mm=height_mm)
    (pdf,) = _compile([source], posters, form="pdf")
    (picture,) = _compile([source], posters, form="png")
    return DrawnPoster(
        pdf=pdf,
        picture=picture,
        paper=layout.paper,
        is_by_ward=layout.by_ward,
        n_named=source["n_named"],
        unprintable=tuple(sorted(find_unprintable([poster.name, *(haven.name for haven in poster.havens)]))),
        source=source,
    )


def join_posters(drawn: Sequence[DrawnPoster], posters: Posters) -> bytes:
    """All posters in one PDF, to be printed at once."""
    (pdf,) = _compile([one.source for one in drawn], posters, form="pdf")
    return pdf


def _choose(poster: Poster, posters: Posters) -> tuple[Poster, _Layout, int]:
    """What is shown, how it is set, and the height of its map: the first that is on one sheet."""
    if poster.subject == "school":
        layout, shown = _Layout(paper=posters.request.paper or "a4"), poster
        while (height := _fit(shown, posters, layout, _MAP_MM)) is None and shown.havens:
            shown = replace(shown, havens=shown.havens[:-1], n_more=shown.n_more + 1)
        return shown, layout, height or _MAP_MM[-1]
    for layout in _list_layouts(poster, posters.request.paper):
        roomy = _MAP_MM if layout.by_ward else _find_uncrowded(poster, layout)
        height = _fit(poster, posters, layout, roomy)
        if height is not None:
            return poster, layout, height
    return poster, *_name_some(poster, posters, layout)


def _name_some(poster: Poster, posters: Posters, layout: _Layout) -> tuple[_Layout, int]:
    """As many of each ward as one sheet can name; none of any, if there are too many wards for a line each."""
    low, high = 0, max(Counter(haven.ward for haven in poster.havens).values())
    chosen, height_mm = replace(layout, most=None, has_list=False), _MAP_MM[-1]
    while low < high:  # fewer names take less room
        most = (low + high) // 2
        tried = replace(layout, most=most)
        height = _fit(poster, posters, tried, [mm for mm in _MAP_MM if mm >= _NAMED_MM])
        if height is None:
            high = most
        else:
            chosen, height_mm, low = tried, height, most + 1
    return chosen, height_mm


def _list_layouts(poster: Poster, paper: Paper | None) -> Iterator[_Layout]:
    """How a borough may be set so that all havens are named, the clearest first."""
    n = len(poster.havens)
    west, south, east, north = shapely.bounds(poster.outline)
    width_mm = _BESIDE_MM if north - south >= _TALL * (east - west) else _WIDTH_MM
    is_numbered = n <= _MOST_NUMBERED
    if is_numbered and paper != "a3":
        small = _Layout(paper="a4", width_mm=width_mm, badge_mm=BADGE_MM if n <= _FEW else 2.4)
        if n <= _FULL:
            yield replace(small, name_pt=11, about_pt=9.5)
        yield small
    if paper != "a4":
        large = _Layout(paper="a3", width_mm=width_mm, name_pt=13, about_pt=11.5)
        if is_numbered:
            yield replace(large, badge_mm=BADGE_MM if n <= _FEW else 2.1)
            yield replace(large, columns=4, name_pt=10.5, about_pt=9, badge_mm=2.1)
        yield replace(large, columns=5, name_pt=9.5, by_ward=True)
    fine = _Layout(paper=paper or "a3", width_mm=width_mm, name_pt=_LEAST_PT, by_ward=True)
    yield replace(fine, columns=4 if fine.paper == "a4" else 6)


def _find_uncrowded(poster: Poster, layout: _Layout) -> tuple[int, ...]:
    """Heights of the map on which numbers leave something of the borough to be seen."""
    heights = itertools.takewhile(
        lambda height: (
            measure_crowding(poster, width_mm=layout.width_mm, height_mm=height, badge_mm=layout.badge_mm)
            <= _MOST_CROWDED
        ),
        _MAP_MM,
    )
    return tuple(heights)


def _fit(poster: Poster, posters: Posters, layout: _Layout, heights: Sequence[int]) -> int | None:
    """The highest map that leaves all on one sheet; None where none does."""
    source = _describe(poster, posters, layout, height_mm=0)

    def fits(height: int) -> bool:
        return len(_compile([source | {"map_mm": height}], posters, form="png", ppi=5.0)) == 1

    if not heights or not fits(heights[-1]):
        return None
    # what fits beside a map fits beside a lower one
    return heights[bisect.bisect_left(heights, True, hi=len(heights) - 1, key=fits)]


def _compile(
    sources: Sequence[dict[str, Any]], posters: Posters, *, form: Literal["pdf", "png"], ppi: float = _PNG_PPI
) -> list[bytes]:
    """What typst makes of some posters: one PDF, or a picture of each sheet."""
    request, streets = posters.request, posters.study.streets
    document = {
        "title": str(sources[0]["title"]) if len(sources) == 1 else "Safe places",
        "status": say("poster.status", posters.study.data_status),
        "qr": draw_qr_code(request.address) if request.address else "",
        "address": request.address or "",
        **_describe_handling(posters),
        "credit": request.credit or (say("streets.credit", streets) if streets else ""),
        "posters": list(sources),
    }
    options: dict[str, Any] = {"pdf_standards": STANDARD} if form == "pdf" else {"ppi": ppi}
    made = make_compiler().compile(
        read_template(), format=form, sys_inputs={"data": json.dumps(document, ensure_ascii=False)}, **options
    )
    return made if isinstance(made, list) else [made or b""]


def _describe_handling(posters: Posters) -> dict[str, str]:
    """Marking, name and contact of the house, as far as the fonts can print them, and its logo."""
    house = posters.study.house
    handling = summarise_handling(house, "public")
    texts = {
        "marking": handling.marking,
        "for_whom": say("handling.line", handling),
        "made_by": say("handling.made_by", handling),
        "logo_alt": say("handling.logo", handling),
    }
    printable = {name: text if is_printable(text) else "" for name, text in texts.items()}
    return printable | {"logo": require_drawable(house.logo)}


def _describe(poster: Poster, posters: Posters, layout: _Layout, *, height_mm: int) -> dict[str, Any]:
    """Everything on a poster as texts and drawings; without its map where that has no height."""
    request, n = posters.request, len(poster.havens)
    subject = name_subject(poster)
    title = say("poster.title", poster, subject)
    wards = pick_named(poster, layout.most if layout.has_list else 0, request.hours) if layout.by_ward else []
    n_named = sum(len(named) for named, _ in wards) if layout.by_ward else n
    shown = [poster.havens[i] for named, _ in wards for i in named] if layout.by_ward else poster.havens
    has_unknown = any(not day.is_known and not day.spans for haven in shown for day in haven.hours)
    described = [describe_haven(haven, poster, request.hours) for haven in poster.havens]
    days = sorted(haven.checked_on for haven in shown if haven.checked_on is not None)
    return {
        "paper": layout.paper,
        "title": title,
        "title_pt": next(size for size, longest in _TITLE_PT if len(title) <= longest),
        "lead": say("poster.lead", poster),
        "steps": [step.split("|") for step in say_each("poster.steps", poster)],
        "emergency": say("poster.emergency", posters.study.country),
        "map": _draw_map(poster, posters, layout, height_mm) if height_mm else "",
        "map_mm": height_mm,
        "width_mm": layout.width_mm,
        "is_full": n <= _FULL,
        "is_beside": layout.width_mm < _WIDTH_MM,
        "alt": say("poster.alt", poster, subject, layout.by_ward),
        "is_borough": poster.subject == "borough",
        "n_columns": layout.columns,
        "name_pt": layout.name_pt,
        "about_pt": layout.about_pt,
        "roomy": next(factor for most, factor in _ROOMY if n <= most) if poster.subject == "school" else 1,
        "headings": say_each("poster.columns", poster, request.hours),
        "when": _say_when(layout, request.hours) if n else "",
        "havens": [] if layout.by_ward else described,
        "wards": [
            {
                "number": ward.number,
                "name": name_haven(ward.name, None),
                "havens": [described[i] for i in named],
                "more": say("poster.more_of_ward", n_left, bool(named)),
            }
            for ward, (named, n_left) in zip(poster.wards if layout.by_ward else (), wards, strict=True)
            if layout.has_list and (named or n_left)
        ],
        "n_named": n_named,
        "more": say("poster.more", poster, n - n_named, request.address is not None),
        "notes": say("poster.notes", poster, request, has_unknown, days, layout.by_ward),
    }


def _say_when(layout: _Layout, hours: tuple[int, int]) -> str:
    if not layout.has_list:
        return ""
    return say("poster.when_by_ward" if layout.by_ward else "poster.when", hours)


def _draw_map(poster: Poster, posters: Posters, layout: _Layout, height_mm: int) -> str:
    streets = posters.study.streets.ways if posters.study.streets else None
    if streets is not None:
        lost = find_unprintable(streets["name"].dropna().unique())
        streets = streets.assign(name=streets["name"].mask(streets["name"].isin(lost))) if lost else streets
    return draw_poster_map(
        poster,
        streets,
        width_mm=layout.width_mm,
        height_mm=height_mm,
        here=say("poster.here"),
        minutes=say("poster.scale"),
        ring_m=None if poster.is_along_streets or poster.subject == "borough" else posters.request.reach_m,
        badge_mm=layout.badge_mm,
        by_ward=layout.by_ward,
    )

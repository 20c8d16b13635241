"""Posters as PDF and PNG, set by typst: what stands where, and that each is on one sheet."""

from __future__ import annotations

import functools
import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from hotspots.errors import HotspotsError
from hotspots.pipeline import Poster, PosterHaven, Posters
from hotspots.products.drawing.poster_map import draw_poster_map
from hotspots.products.drawing.qr_codes import draw_qr_code
from hotspots.products.words import say, say_each

if TYPE_CHECKING:
    import typst

_WIDTH_MM = 186.0
_PNG_PPI = 150.0
_MAP_MM = tuple(range(160, 79, -5))
"""Heights of the map to try, on A4, until all is on one sheet."""
_PAGE_MM = 195
"""That of a map with a sheet of its own, the havens being on the next."""

_TITLE_PT = ((34, 34), (30, 44), (26, 64), (22, 90), (18, 1000))
"""Sizes of a title, and how long it may be for each."""

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri")


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnPoster:
    """A poster on its sheets.

    Attributes:
        pdf: The file.
        pictures: PNG of each sheet; more than one only where a borough has more havens than one sheet holds.
        source: What typst set, for a document of several posters.
    """

    pdf: bytes
    pictures: tuple[bytes, ...]
    source: dict[str, Any]


def draw_poster(poster: Poster, posters: Posters) -> DrawnPoster:
    """Set one poster: equal ones give equal bytes.

    The map is as high as leaves all on one sheet. On a poster of a school the furthest havens give way if they must.

    Args:
        poster: One of them.
        posters: All, with what they have in common.

    Raises:
        HotspotsError: The packages for posters are not installed.
    """
    shown = poster
    while True:
        source = _fit(shown, posters)
        if source or shown.subject == "borough" or len(shown.havens) < 2:
            break
        shown = replace(shown, havens=shown.havens[:-1], n_more=shown.n_more + 1)
    source = source or _describe(shown, posters, height_mm=_PAGE_MM, has_page=True)
    (pdf,) = _compile([source], posters, form="pdf")
    return DrawnPoster(pdf=pdf, pictures=tuple(_compile([source], posters, form="png")), source=source)


def _fit(poster: Poster, posters: Posters) -> dict[str, Any] | None:
    """A poster with the highest map that leaves all on one sheet; None where none does."""
    fitting = None
    low, high = 0, len(_MAP_MM)
    while low < high:  # what fits beside a map fits beside a lower one
        middle = (low + high) // 2
        source = _describe(poster, posters, height_mm=_MAP_MM[middle])
        if len(_compile([source], posters, form="png", ppi=10.0)) == 1:
            fitting, high = source, middle
        else:
            low = middle + 1
    return fitting


def join_posters(drawn: Sequence[DrawnPoster], posters: Posters) -> bytes:
    """All posters in one PDF, to be printed at once."""
    (pdf,) = _compile([one.source for one in drawn], posters, form="pdf")
    return pdf


def _compile(
    sources: Sequence[dict[str, Any]], posters: Posters, *, form: Literal["pdf", "png"], ppi: float = _PNG_PPI
) -> list[bytes]:
    """What typst makes of some posters: one PDF, or a picture of each sheet."""
    request, streets = posters.request, posters.study.streets
    document = {
        "paper": request.paper,
        "title": str(sources[0]["title"]) if len(sources) == 1 else "Safe places",
        "status": say("poster.status", posters.study.data_status),
        "qr": draw_qr_code(request.address) if request.address else "",
        "address": request.address or "",
        "credit": request.credit or (say("streets.credit", streets) if streets else ""),
        "posters": list(sources),
    }
    made = make_compiler().compile(
        _read_template(),
        format=form,
        ppi=ppi,
        sys_inputs={"data": json.dumps(document, ensure_ascii=False)},
    )
    return made if isinstance(made, list) else [made or b""]


@functools.cache
def make_compiler() -> typst.Compiler:
    """The compiler with the template, and no fonts but those of packages: a page looks alike on every machine.

    Raises:
        HotspotsError: A package for posters is not installed.
    """
    try:
        import font_lato
        import segno  # noqa: F401 - the codes need it later, and it is asked for with the others
        import typst
    except ImportError as error:
        raise HotspotsError(
            f'Posters need more packages; {error.name} is not installed. Install them: pip install "hotspots[posters]".'
        ) from error
    fonts = typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=True,
        font_paths=[str(Path(str(font_lato.__file__)).parent / "files")],
    )
    return typst.Compiler(_read_template(), font_paths=fonts, ignore_system_fonts=True)


@functools.cache
def _read_template() -> bytes:
    # as bytes, since a text would be taken for a path
    return resources.files("hotspots.products").joinpath("templates/poster.typ").read_bytes()


def _describe(poster: Poster, posters: Posters, *, height_mm: int, has_page: bool = False) -> dict[str, Any]:
    """Everything on a poster as texts and drawings."""
    study, request = posters.study, posters.request
    title = say("poster.title", poster)
    has_unknown = any(not day.is_known and not day.spans for haven in poster.havens for day in haven.hours)
    streets = study.streets.ways if study.streets else None
    return {
        "title": title,
        "title_pt": next(size for size, longest in _TITLE_PT if len(title) <= longest),
        "lead": say("poster.lead", poster),
        "steps": [step.split("|") for step in say_each("poster.steps", poster)],
        "emergency": say("poster.emergency", study.country),
        "map": draw_poster_map(
            poster,
            streets,
            width_mm=_WIDTH_MM,
            height_mm=height_mm,
            here=say("poster.here"),
            minutes=say("poster.scale"),
            ring_m=None if poster.is_along_streets else request.reach_m,
        ),
        "map_mm": height_mm,
        "alt": title,
        "is_borough": poster.subject == "borough",
        "has_page": has_page,
        "columns": say_each("poster.columns", poster, request.hours),
        "when": say("poster.when", request.hours),
        "havens": [_describe_haven(haven, poster, posters) for haven in poster.havens],
        "more": say("poster.more", poster),
        "notes": say("poster.notes", poster, request, has_unknown),
    }


def _describe_haven(haven: PosterHaven, poster: Poster, posters: Posters) -> dict[str, Any]:
    kind = haven.kind.replace("_", " ").replace("(other kinds)", "").strip().capitalize() if haven.kind else ""
    return {
        "number": haven.number,
        "name": haven.name,
        "address": haven.address or "",
        "about": " · ".join(part for part in (kind, haven.address or "") if part),
        "walk": say("poster.walk", haven),
        "open": say("poster.open", _group_days(haven, *(60 * hour for hour in posters.request.hours))),
    }


def _group_days(haven: PosterHaven, first: int, last: int) -> list[dict[str, Any]]:
    """Days with the same hours together, by the first of them; without their names where all five are alike."""
    alike: dict[tuple[Any, bool], list[int]] = {}
    for day in haven.hours:
        alike.setdefault((day.spans, day.is_known), []).append(day.day)
    return [
        {
            "days": "" if len(alike) == 1 else _name_days(days),
            "spans": spans,
            "is_known": is_known,
            "first": first,
            "last": last,
        }
        for (spans, is_known), days in alike.items()
    ]


def _name_days(days: Sequence[int]) -> str:
    """Mon-Thu, or Mon, Wed."""
    runs: list[list[int]] = []
    for day in days:
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    names = [
        [f"{_DAYS[run[0]]}\N{EN DASH}{_DAYS[run[-1]]}"] if len(run) > 2 else [_DAYS[day] for day in run] for run in runs
    ]
    return ", ".join(itertools.chain.from_iterable(names))

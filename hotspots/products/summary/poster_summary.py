"""The list of posters: which there are, and what each shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import hotspots
from hotspots.pipeline import Poster, PosterHaven, Posters, list_left_out
from hotspots.products.summary.encoding import Metres, Part, Quantity
from hotspots.products.summary.handling_summary import HandlingSummary, summarise_handling
from hotspots.products.summary.partner_summary import hide_file_names
from hotspots.products.summary.run_summary import InputSummary

POSTERS_FOLDER = "posters"
POSTERS_PRODUCTS = {"posters": "posters.pdf", "posters_json": "posters.json", "manifest": "manifest.json"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PosterHavenSummary(Part):
    """A safe haven on a poster.

    Attributes:
        number: On the map and in the table.
        id: Its `haven_id`.
        name: What it is called.
        walk_m: Length of the walk, metres; null on the poster of a borough.
        minutes: The same in whole minutes, rounded up.
        has_known_hours: Whether it is known, for each school day, when it is open after school.
    """

    number: int
    id: str
    name: str
    walk_m: Annotated[float | None, Quantity("m", decimals=0)]
    minutes: int | None
    has_known_hours: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetSummary(Part):
    """The sheet of a poster.

    Attributes:
        paper: Its size.
        is_by_ward: Whether its list is by ward, since a borough has more havens than its map can number.
        n_named: Havens that are named on it; the others of a borough are dots on its map.
        n_unprintable: Names that gave way to the kind of place, since the fonts lack their signs.
        files: Its PDF and its picture.
    """

    paper: Literal["a4", "a3"]
    is_by_ward: bool
    n_named: int
    n_unprintable: int
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PosterSummary(Part):
    """One poster.

    Attributes:
        subject: Whom it is for.
        id: Number of the school; null for a borough.
        name: Of the school or borough.
        sheet: What it is printed on, and what of the havens has room there.
        n_more: Further havens within reach, for which there is no room.
        is_beyond: Whether none is within reach, and the nearest are shown instead.
        is_along_streets: Whether walks are along streets, and not as the crow flies.
        havens: Those chosen, in the order in which the sheet takes them.
    """

    subject: Literal["school", "borough"]
    id: str | None
    name: str
    sheet: SheetSummary
    n_more: int
    is_beyond: bool
    is_along_streets: bool
    havens: tuple[PosterHavenSummary, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PostersSummary(Part):
    """All posters of one command.

    Attributes:
        version: Of hotspots.
        minutes: How far a haven may be, minutes on foot.
        metres: The same, metres.
        hours: First and last hour after school.
        paper: Size of the sheets that was asked for; null where it follows from the number of havens.
        n_schools: Schools with a poster.
        n_schools_without: Of these, those without a haven within reach.
        n_schools_off_streets: Of these, those from which walks are as the crow flies, since no street is near.
        n_havens: Havens read.
        n_shut: Of these, those on no poster, since they are closed after school.
        n_hours_unknown: Of these, those whose hours are not known, of which posters say that they may be closed.
        n_checks_unknown: Of these, those that do not say when somebody last checked them.
        data_status: What files say of themselves, by table; empty for ordinary data.
        handling: For whom the products are, and how they are marked.
        posters: Each of them.
        inputs: The files read, by their kinds.
        products: What the files are called.
        notes: What was not used of the lists of havens and schools.
    """

    version: str
    minutes: Annotated[float, Quantity("minutes")]
    metres: Metres
    hours: tuple[int, ...]
    paper: str | None
    n_schools: int
    n_schools_without: int
    n_schools_off_streets: int
    n_havens: int
    n_shut: int
    n_hours_unknown: int
    n_checks_unknown: int
    data_status: dict[str, str]
    handling: HandlingSummary
    posters: tuple[PosterSummary, ...]
    inputs: tuple[InputSummary, ...]
    products: dict[str, str]
    notes: tuple[str, ...]


def summarise_posters(posters: Posters, sheets: list[SheetSummary]) -> PostersSummary:
    """What the posters show. They are for everybody, so that the files that were read are called by their kinds.

    Args:
        posters: They.
        sheets: That of each.
    """
    request, study = posters.request, posters.study
    schools = [poster for poster in posters.posters if poster.subject == "school"]
    summary = PostersSummary(
        version=hotspots.__version__,
        minutes=request.minutes,
        metres=request.reach_m,
        hours=request.hours,
        paper=request.paper,
        n_schools=len(schools),
        n_schools_without=sum(poster.is_beyond for poster in schools),
        n_schools_off_streets=sum(not poster.is_along_streets for poster in schools),
        n_havens=len(study.havens.havens),
        n_shut=posters.n_shut,
        n_hours_unknown=int(study.havens.havens["opening_hours"].isna().sum()),
        data_status=study.data_status,
        n_checks_unknown=_count_unchecked(posters),
        posters=tuple(_summarise(poster, sheet) for poster, sheet in zip(posters.posters, sheets, strict=True)),
        inputs=tuple(InputSummary.of(file) for file in study.inputs),
        handling=summarise_handling(study.house, "public"),
        products=POSTERS_PRODUCTS,
        notes=list_left_out(havens=study.havens, schools=study.schools),
    )
    return hide_file_names(summary, summary.inputs)


def _count_unchecked(posters: Posters) -> int:
    havens = posters.study.havens.havens
    return int(havens["checked_on"].isna().sum()) if "checked_on" in havens else len(havens)


def _summarise(poster: Poster, sheet: SheetSummary) -> PosterSummary:
    return PosterSummary(
        subject=poster.subject,
        id=poster.school_id,
        name=poster.name,
        sheet=sheet,
        n_more=poster.n_more,
        is_beyond=poster.is_beyond,
        is_along_streets=poster.is_along_streets,
        havens=tuple(_summarise_haven(haven) for haven in poster.havens),
    )


def _summarise_haven(haven: PosterHaven) -> PosterHavenSummary:
    return PosterHavenSummary.of(haven, id=haven.haven_id, has_known_hours=all(day.is_known for day in haven.hours))

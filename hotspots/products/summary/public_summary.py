"""The summary of what everybody is told: nothing in it was found otherwise."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, ClassVar

import hotspots
from hotspots.analysis.change import VERDICTS
from hotspots.analysis.publication import SQUARE_M
from hotspots.geography import MIN_INCIDENTS
from hotspots.ingest.formats import InputFile, InputTable
from hotspots.pipeline import PUBLIC_PARTS, Publication, PublicMonth, PublicWard
from hotspots.products.summary.encoding import Metres, Month, OneOf, Part, Quantity, Tenths
from hotspots.products.summary.handling_summary import HandlingSummary, summarise_handling
from hotspots.products.summary.partner_summary import hide_file_names
from hotspots.products.summary.product_names import PUBLIC_PRODUCTS
from hotspots.products.summary.quality_summary import Days
from hotspots.products.words import say, say_each

Verdict = Annotated[str, OneOf(VERDICTS)]


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicMonthSummary(Part):
    """A calendar month of a local authority."""

    view_of: ClassVar = PublicMonth

    borough: str
    month: Month
    has_data: bool
    n_incidents: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicWardSummary(Part):
    """A ward in a calendar year."""

    view_of: ClassVar = PublicWard

    code: str
    name: str
    borough: str
    n_incidents: int | None
    rate: Tenths | None
    verdict: Verdict | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicYearSummary(Part):
    """A calendar year of a local authority.

    Attributes:
        borough: Its name.
        year: Which.
        n_incidents: Incidents; null where they are withheld, or not all of its wards were asked for.
        verdict: Whether they changed on the year before by more than chance; null where either year is not told.
        shares: Shares of the week in whole tenths, which need not add up to 1; null where they are withheld.
        wards: Those asked for, by name.
        words: What is told of it, in sentences.
    """

    borough: str
    year: int
    n_incidents: int | None
    verdict: Verdict | None
    shares: dict[Annotated[str, OneOf(PUBLIC_PARTS)], Annotated[float, Quantity("share 0-1", decimals=1)]] | None
    wards: tuple[PublicWardSummary, ...]
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicSquareSummary(Part):
    """A square of the grid that holds at least so many incidents in a year.

    Attributes:
        year: Which.
        easting, northing: Its south-west corner.
        least: It holds so many or more.
    """

    year: int
    easting: int
    northing: int
    least: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicHavenSummary(Part):
    """A safe haven.

    Attributes:
        name: What it is called.
        kind: What it is.
        opening_hours: In the notation of OpenStreetMap; null where they are not known.
    """

    name: str | None
    kind: str | None
    opening_hours: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicInputSummary(Part):
    """One file that was read, without its hash: by that, a guess at a row of a small file could be tried."""

    view_of: ClassVar = InputFile

    path: str
    table: InputTable
    data_status: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicSummary(Part):
    """What everybody is told of one crime.

    Attributes:
        crime: Short name of the crime, as on the command line.
        crime_label, crime_plural: The crime as a heading, and in a sentence.
        period: First day of the first whole month of the days asked for, and last day of the last.
        area: The wards asked for, in words.
        data_status: What files say of themselves ("synthetic"), by table; empty for ordinary data.
        handling: For whom the products are, and how they are marked.
        min_incidents: The least number that is told.
        square_m: Side of the squares.
        months: Whole months of the period, of the authorities of which all wards were asked for.
        years: Calendar years that end in the period, the latest first.
        squares: In the wards asked for.
        havens: Safe havens in the wards asked for.
        protection: How people are kept from being found, in sentences.
        inputs: Every file that was read, by its kind.
        products: File names beside the summary, by what they are.
        version: Of the package that wrote it.
    """

    crime: str
    crime_label: str
    crime_plural: str
    period: Days
    area: str
    data_status: dict[str, str]
    handling: HandlingSummary
    min_incidents: int
    square_m: Metres
    months: tuple[PublicMonthSummary, ...]
    years: tuple[PublicYearSummary, ...]
    squares: tuple[PublicSquareSummary, ...]
    havens: tuple[PublicHavenSummary, ...]
    protection: tuple[str, ...]
    inputs: tuple[PublicInputSummary, ...]
    products: dict[str, str]
    version: str

    @property
    def latest_year(self) -> int | None:
        """The last calendar year that is told; None where there is none."""
        return self.years[0].year if self.years else None


def summarise_public(publication: Publication) -> PublicSummary:
    """Everything that is told."""
    study, selection = publication.study, publication.selection
    crime, wards = selection.crime, selection.wards
    inputs = tuple(map(PublicInputSummary.of, study.inputs))
    summary = PublicSummary(
        crime=crime.slug,
        crime_label=crime.label,
        crime_plural=crime.plural,
        period=Days.of(publication),
        area=say(
            "places.name",
            sorted(wards["ward_name"].astype(str), key=str.lower),
            sorted(wards["borough"].dropna().astype(str).unique(), key=str.lower),
        ),
        data_status=study.data_status,
        handling=summarise_handling(study.house, "public"),
        min_incidents=MIN_INCIDENTS,
        square_m=SQUARE_M,
        months=tuple(map(PublicMonthSummary.of, publication.months)),
        years=tuple(
            PublicYearSummary.of(year, words=tuple(say_each("public.year", year, crime))) for year in publication.years
        ),
        squares=tuple(_list_squares(publication)),
        havens=tuple(_list_havens(publication)),
        protection=tuple(say_each("public.protection", MIN_INCIDENTS, SQUARE_M)),
        inputs=inputs,
        products=PUBLIC_PRODUCTS,
        version=hotspots.__version__,
    )
    return hide_file_names(summary, inputs)


def _list_squares(publication: Publication) -> Iterable[PublicSquareSummary]:
    for square in publication.squares.to_dict("records"):
        yield PublicSquareSummary(**{str(key): value for key, value in square.items()})


def _list_havens(publication: Publication) -> Iterable[PublicHavenSummary]:
    if publication.study.havens is None:
        return
    havens = publication.study.havens.havens
    inside = havens[havens.within(publication.selection.study_area)].sort_values("name")
    for haven in inside[["name", "kind", "opening_hours"]].astype("object").to_dict("records"):
        yield PublicHavenSummary(**{str(key): value for key, value in haven.items()})

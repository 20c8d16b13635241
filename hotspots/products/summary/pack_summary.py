"""The summary of a pack: how many of each crime each ward has, whether that changed, and which page says more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import hotspots
from hotspots.analysis.change import VERDICTS
from hotspots.pipeline import PackPlan
from hotspots.products.summary.encoding import OneOf, Part
from hotspots.products.summary.handling_summary import HandlingSummary, summarise_handling
from hotspots.products.summary.partner_summary import hide_file_names
from hotspots.products.summary.product_names import PACK_PRODUCTS
from hotspots.products.summary.quality_summary import Days
from hotspots.products.summary.run_summary import InputSummary, RunSummary
from hotspots.products.words import say

Verdict = Annotated[str | None, OneOf(VERDICTS)]


@dataclass(frozen=True, slots=True, kw_only=True)
class PackCell(Part):
    """One crime in one ward.

    Attributes:
        crime: Its slug.
        n_incidents: How many there were.
        verdict: How that changed, beside the other wards; null where it cannot be compared.
        page: Path of its page in the pack, and for partners of the map, opened at the ward; null where there are too
            few incidents for a page.
    """

    crime: str
    n_incidents: int
    verdict: Verdict
    page: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PackWard(Part):
    """One ward.

    Attributes:
        code, name, borough: Of the ward.
        cells: Each crime, in the order of the crimes.
    """

    code: str
    name: str
    borough: str | None
    cells: tuple[PackCell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WardGroup:
    """Wards under one heading; None where they need none."""

    borough: str | None
    wards: tuple[PackWard, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PackCrime(Part):
    """One crime of all wards together.

    Attributes:
        slug, label, plural: What it is called.
        period: First and last day.
        n_incidents: How many there were.
        verdict: How that changed; null where it cannot be compared.
        compared: The windows compared, in words; null where nothing is.
        changes: By ward code, the verdict on each; those that are not compared are left out.
        thin: Names of the wards with too few incidents for a page.
        page: Path of its map in the pack.
    """

    slug: str
    label: str
    plural: str
    period: Days
    n_incidents: int
    verdict: Verdict
    compared: str | None
    changes: dict[str, str]
    thin: tuple[str, ...]
    page: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PackSummary(Part):
    """Everything that a pack holds.

    Attributes:
        period: First and last day of all crimes.
        data_status: What files say of themselves ("synthetic"), by table; empty for ordinary data.
        handling: For whom it is, and how it is marked.
        area: The wards in words.
        crimes: Each crime, in the order asked for.
        wards: Each ward, by borough and name.
        n_pages: Maps and pages in the pack.
        inputs: Every file that was read.
        products: File names beside the summary, by what they are.
        version: Of the package that wrote it.
    """

    schema_version: str
    period: Days
    data_status: dict[str, str]
    handling: HandlingSummary
    area: str
    crimes: tuple[PackCrime, ...]
    wards: tuple[PackWard, ...]
    n_pages: int
    inputs: tuple[InputSummary, ...]
    products: dict[str, str]
    version: str

    @property
    def groups(self) -> list[WardGroup]:
        """The wards of each borough; all together where they are of one."""
        boroughs = sorted({ward.borough or "" for ward in self.wards})
        if len(boroughs) == 1:
            return [WardGroup(borough=None, wards=self.wards)]
        return [
            WardGroup(
                borough=name or "Other wards", wards=tuple(ward for ward in self.wards if (ward.borough or "") == name)
            )
            for name in boroughs
        ]


def summarise_pack_crime(run: RunSummary, *, thin: tuple[str, ...], page: str) -> PackCrime:
    """What the summary of all wards together says for the table of a pack.

    Args:
        run: The summary.
        thin: Names of the wards with too few incidents for a page.
        page: Path of its map in the pack.
    """
    main = run.main_change
    return PackCrime(
        slug=run.crime,
        label=run.crime_label,
        plural=run.crime_plural,
        period=run.period,
        n_incidents=run.accounts.analysed,
        verdict=main.area.verdict if main and main.area else None,
        compared=say("change.windows", main) if main else None,
        changes={row.code: row.change.verdict for row in (main.wards if main else None) or ()},
        thin=thin,
        page=page,
    )


def summarise_pack(
    plan: PackPlan, crimes: tuple[PackCrime, ...], *, pages: dict[tuple[str, str], str], zip_name: str
) -> PackSummary:
    """The table of a pack.

    Args:
        plan: What it is made of.
        crimes: Each crime.
        pages: Path of each ward's page in the pack, or of the map at the ward, by crime and code of the ward.
        zip_name: What the file with all of it is called.
    """
    wards = plan.wards.sort_values(["borough", "ward_name"], kind="stable")
    boroughs = wards["borough"].astype(object).where(wards["borough"].notna(), None)
    summary = PackSummary(
        schema_version="1",
        period=Days.of(plan),
        data_status=plan.study.data_status,
        handling=summarise_handling(plan.study.house, plan.request.audience),
        area=say("places.name", tuple(sorted(wards["ward_name"])), tuple(sorted(wards["borough"].dropna().unique()))),
        crimes=crimes,
        wards=tuple(
            PackWard(
                code=str(code),
                name=str(name),
                borough=boroughs[code],
                cells=tuple(
                    PackCell(
                        crime=packed.crime.slug,
                        n_incidents=packed.n_by_ward[str(code)],
                        verdict=crime.changes.get(str(code)),
                        page=pages.get((packed.crime.slug, str(code))),
                    )
                    for packed, crime in zip(plan.crimes, crimes, strict=True)
                ),
            )
            for code, name in wards["ward_name"].items()
        ),
        n_pages=plan.n_pages,
        inputs=tuple(map(InputSummary.of, plan.study.inputs)),
        products=PACK_PRODUCTS | {"zip": zip_name},
        version=hotspots.__version__,
    )
    return summary if plan.request.audience == "tasking" else hide_file_names(summary, summary.inputs)

"""The folder of what safe havens cover: its page, its tables and its numbers."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from hotspots.pipeline import HavenPlan, silent
from hotspots.products.files.folders import encode_json, name_folder, replace_folder, say_replaced, write_text
from hotspots.products.files.spreadsheets import write_csv
from hotspots.products.pages import draw_havens
from hotspots.products.summary import (
    HAVEN_FOLDER,
    HAVEN_PRODUCTS,
    AreaCoverageSummary,
    HavenPlanSummary,
    encode,
    summarise_havens,
)
from hotspots.products.words import say_status

_MINUTES_IN_DAY = 1440
_SHARES = ("n_incidents", "share_within_reach", "n_timed", "any_share", "open_share", "unknown_share", "lost_share")
_GAPS = ("rank", "place_rank", "place", "part", "part_words", "n_without", "n_unknown", "n_a_year")
_SITES = ("label", "kind", "longer_until", "opening_hours", "ward", "grid_reference", "easting", "northing", "n_gained")


def write_havens(
    plan: HavenPlan, out: Path, *, notify: Callable[[str], None] = silent
) -> tuple[HavenPlanSummary, dict[str, Path]]:
    """Write the page, the tables and the numbers to one folder below `<out>/havens/`, all or none.

    Tables of what was not asked for, or where there is nothing to tell, are not written.

    Args:
        plan: What is written.
        out: The folder of all products.
        notify: Told, in a sentence, if products of other files were replaced.

    Returns:
        The summary, and the path of each product by its key.
    """
    summary = summarise_havens(plan)
    tables = {
        "coverage_csv": _tabulate_coverage(summary),
        "gaps_csv": _tabulate_gaps(summary),
        "sites_csv": _tabulate_sites(summary),
    }
    left_out = {key for key, table in tables.items() if table is None}
    products = {key: name for key, name in HAVEN_PRODUCTS.items() if key not in left_out}
    summary = dataclasses.replace(summary, products=products)
    folder = out / HAVEN_FOLDER / name_plan(plan)
    replaced = say_replaced(folder, HAVEN_PRODUCTS["havens_json"], summary.inputs)
    with replace_folder(folder, out=out) as draft:
        write_text(draft / products["havens"], draw_havens(plan, summary))
        for key, table in tables.items():
            if table is not None:
                write_csv(_add_origin(table, summary), draft / products[key])
        write_text(draft / products["havens_json"], encode_json(encode(summary)))
    if replaced:
        notify(replaced)
    return summary, {key: folder / name for key, name in products.items()}


def name_plan(plan: HavenPlan) -> str:
    """Crime, days, wards and what was asked, as the name of a folder.

    Products of another question, such as another reach, must not take each other's place.
    """
    request, chosen = plan.request, plan.selection
    methods = []
    if request.used_reach_m != request.preset.reach_m:
        methods.append(f"reach {request.used_reach_m:g} m")
    if request.siting is not None:
        options = request.siting
        wanted = f"target {options.target_share:g}" if options.target_share else f"{options.n_new} new"
        asked = (options.grid_m, options.site_hours, options.until_hours, options.n_new)
        methods.append(f"{options.purpose} {wanted} {hashlib.sha256(repr(asked).encode()).hexdigest()[:6]}")
    period = f"{chosen.crime.slug}_{chosen.start}_{chosen.end}"
    return name_folder(period, chosen.wards, plan.study.boundaries.wards, methods=methods)


def _tabulate_coverage(summary: HavenPlanSummary) -> pd.DataFrame | None:
    """One row for all, and for each part of the week, ward, hot spot, place to patrol and school."""
    cover = summary.cover
    if cover is None:
        return None
    everything = AreaCoverageSummary(key="all", name="All", words=None, shares=cover.total)
    kinds = {
        "all": (everything,),
        "part of the week": cover.parts,
        "ward": cover.wards,
        "hot spot": cover.hotspots,
        "place to patrol": cover.places,
        "school": cover.schools,
    }
    rows = [
        {
            "by": kind,
            "key": one.key,
            "name": one.name,
            "hours": one.words,
            **{name: getattr(one.shares, name) if one.shares else None for name in _SHARES},
        }
        for kind, listed in kinds.items()
        for one in listed
    ]
    table = pd.DataFrame(rows)
    return table.astype({"n_incidents": "Int64"} | dict.fromkeys(_SHARES[1:], "float64"))


def _tabulate_gaps(summary: HavenPlanSummary) -> pd.DataFrame | None:
    """One row a gap."""
    if summary.cover is None or not summary.cover.gaps:
        return None
    return pd.DataFrame(
        [
            {name: getattr(gap, name) for name in (*_GAPS, "nearest", "nearest_m")}
            | {
                "nearest_opens": _say_minute(gap.nearest_hours.opens_minute if gap.nearest_hours else None),
                "nearest_closes": _say_minute(gap.nearest_hours.closes_minute if gap.nearest_hours else None),
            }
            for gap in summary.cover.gaps
        ]
    )


def _tabulate_sites(summary: HavenPlanSummary) -> pd.DataFrame | None:
    """One row a site: those of the plan in their order, then those looked at alone."""
    if summary.siting is None or not (summary.siting.sites or summary.siting.alone):
        return None
    plan, alone = summary.siting.sites, summary.siting.alone
    rows = [
        {"order": number, **{name: getattr(site, name) for name in (*_SITES, "covered_share")}}
        for number, site in [*enumerate(plan, start=1), *((None, site) for site in alone)]
    ]
    return pd.DataFrame(rows).astype({"order": "Int64", "longer_until": "Int64", "covered_share": "float64"})


def _say_minute(minute: int | None) -> str | None:
    """A time of the clock; 24:00 is midnight, and what is after it is of the next morning."""
    if minute is None:
        return None
    minute = minute if minute <= _MINUTES_IN_DAY else minute - _MINUTES_IN_DAY
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _add_origin(table: pd.DataFrame, summary: HavenPlanSummary) -> pd.DataFrame:
    """With what all rows are of."""
    return table.assign(
        crime=summary.crime,
        period_start=summary.period.start.isoformat(),
        period_end=summary.period.end.isoformat(),
        reach_m=summary.reach_m,
        distances="along streets" if summary.is_along_streets else "as the crow flies",
        data_status=say_status(summary.data_status),
    )

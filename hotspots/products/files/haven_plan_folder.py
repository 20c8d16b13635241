"""The folder of what safe havens cover: its page, its tables and its numbers."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from hotspots.pipeline import HavenPlan, silent
from hotspots.products.files.chart_files import write_charts
from hotspots.products.files.folders import encode_json, name_folder, replace_folder, say_replaced, write_text
from hotspots.products.files.manifest import write_manifest
from hotspots.products.files.spreadsheets import write_csv
from hotspots.products.pages import draw_havens
from hotspots.products.summary import (
    HAVEN_FOLDER,
    HAVEN_PRODUCTS,
    AreaCoverageSummary,
    HavenPlanSummary,
    UsualHoursSummary,
    encode,
    summarise_havens,
)
from hotspots.products.words import say_status

_MINUTES_IN_DAY = 1440
_SHARES = ("n_incidents", "share_within_reach", "n_timed", "any_share", "open_share", "unknown_share", "lost_share")
_GAPS = ("rank", "place_rank", "place", "part", "part_words", "n_without", "n_unknown", "n_a_year")
_SITES = ("label", "kind", "longer_until", "opening_hours", "ward", "grid_reference", "easting", "northing", "n_gained")


def write_havens(
    plan: HavenPlan, out: Path, *, charts: bool = False, notify: Callable[[str], None] = silent
) -> tuple[HavenPlanSummary, dict[str, Path]]:
    """Write the page, the tables and the numbers to one folder below `<out>/havens/`, all or none.

    Tables of what was not asked for, or where there is nothing to tell, are not written.

    Args:
        plan: What is written.
        out: The folder of all products.
        charts: Whether to write charts for slides and reports too.
        notify: Told, in a sentence, if products of other files were replaced.

    Returns:
        The summary, and the path of each product by its key.

    Raises:
        HotspotsError: Charts are asked for, and a package that draws them is not installed.
    """
    summary = summarise_havens(plan)
    tables = {
        "coverage_csv": None if plan.request.gaps else _tabulate_coverage(summary),
        "gaps_csv": _tabulate_gaps(summary) if plan.request.gaps else None,
        "sites_csv": _tabulate_sites(summary),
    }
    left_out = {key for key, table in tables.items() if table is None}
    products = {key: name for key, name in HAVEN_PRODUCTS.items() if key not in left_out}
    summary = dataclasses.replace(summary, products=products)
    folder = out / HAVEN_FOLDER / name_plan(plan)
    replaced = say_replaced(folder, HAVEN_PRODUCTS["havens_json"], summary.inputs)
    with replace_folder(folder, out=out) as draft:
        if charts:
            summary = dataclasses.replace(
                summary, products=summary.products | write_charts(summary, draft, marking=summary.handling.marking)
            )
        write_text(draft / products["havens"], draw_havens(plan, summary))
        for key, table in tables.items():
            if table is not None:
                write_csv(_add_origin(table, summary), draft / products[key])
        write_text(draft / products["havens_json"], encode_json(encode(summary)))
        write_manifest(summary, draft, parameters=plan.request)
    if replaced:
        notify(replaced)
    return summary, {key: folder / name for key, name in summary.products.items()}


def name_plan(plan: HavenPlan) -> str:
    """Crime, days, wards and what was asked, as the name of a folder.

    Products of another question, such as another reach, must not take each other's place.
    """
    request, chosen = plan.request, plan.selection
    methods = []
    if request.used_reach_m != request.preset.reach_m:
        methods.append(f"reach {request.used_reach_m:g} m")
    if request.gaps is not None:
        choice = (request.gaps.grid_m, request.gaps.site_hours, request.gaps.until_hours)
        methods.append(f"gaps {_mark(choice)}")
    if request.siting is not None:
        options = request.siting
        wanted = f"target {options.target_share:g}" if options.target_share else f"{options.n_new} new"
        asked = (options.grid_m, options.site_hours, options.until_hours, options.n_new, options.used_demand)
        methods.append(f"{options.purpose} {wanted} {_mark(asked)}")
    period = f"{chosen.crime.slug}_{chosen.start}_{chosen.end}"
    return name_folder(period, chosen.wards, plan.study.boundaries.wards, methods=methods)


def _mark(asked: tuple[object, ...]) -> str:
    """Six letters and digits that stand for options."""
    return hashlib.sha256(repr(asked).encode()).hexdigest()[:6]


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
    rows = []
    for gap in summary.cover.gaps:
        row = {name: getattr(gap, name) for name in (*_GAPS, "nearest", "nearest_m")}
        row["nearest_hours"] = _say_hours(gap.nearest_hours)
        for kind, is_longer in (("new_site", False), ("longer_hours", True)):
            step = next((one for one in gap.steps if (one.longer_until is not None) == is_longer), None)
            row |= {kind: step.label if step else None, f"{kind}_gains": step.n_gained if step else None}
        rows.append(row)
    numbers = ("n_unknown", "nearest_m", "new_site_gains", "longer_hours_gains")
    return pd.DataFrame(rows).astype(dict.fromkeys(numbers, "float64"))


def _tabulate_sites(summary: HavenPlanSummary) -> pd.DataFrame | None:
    """One row a site: those of the plan in their order, then those looked at alone."""
    if summary.siting is None or not (summary.siting.sites or summary.siting.alone):
        return None
    plan, alone = summary.siting.sites, summary.siting.alone
    rows = [
        {"order": number, **{name: getattr(site, name) for name in (*_SITES, "covered_share")}}
        for number, site in [*enumerate(plan, start=1), *((None, site) for site in alone)]
    ]
    return pd.DataFrame(rows).astype(
        {"order": "Int64", "longer_until": "Int64", "n_gained": "float64", "covered_share": "float64"}
    )


def _say_hours(hours: tuple[UsualHoursSummary, ...] | None) -> str | None:
    """Stretches of a day, as "09:00-13:00, 14:00-18:00"; what ends after 24:00 ends on the next morning."""
    if hours is None:
        return None
    if not hours:
        return "closed"
    return ", ".join(f"{_say_minute(one.opens_minute)}-{_say_minute(one.closes_minute)}" for one in hours)


def _say_minute(minute: int) -> str:
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

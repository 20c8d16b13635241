"""`hotspots havens`: what safe havens cover, where they leave gaps, and where new sites would help most."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hotspots.cli.inputs import (
    Command,
    StudyInputs,
    charts_option,
    crime_option,
    json_option,
    open_study,
    out_option,
    study_options,
)
from hotspots.cli.outputs import echo_products, warn
from hotspots.cli.poster_command import poster

if TYPE_CHECKING:
    from hotspots.pipeline import BesideTable, Demand, HavenRequest, Purpose


def _reach_option(usual: str) -> Callable[[Command], Command]:
    return click.option(
        "--reach",
        "reach_m",
        type=float,
        metavar="METRES",
        help=f"Distance that counts as within reach: the walk along streets where they are known.  [default: {usual}]",
    )


_grid_option = click.option(
    "--grid",
    "grid_m",
    type=float,
    metavar="METRES",
    help="Choose among points of a grid, so far apart, instead of candidates.  "
    "[default: only without candidates; 200, cctv 100]",
)
_site_hours_option = click.option(
    "--site-hours",
    metavar="HOURS",
    help='Opening hours of sites that do not state any, such as "Mo-Sa 08:00-20:00".  '
    "[default: they cover nothing; points of a grid are open at all hours]",
)
_only_new_option = click.option("--only-new", is_flag=True, help="Leave longer hours of havens out.")


def _longer_option(usual: str) -> Callable[[Command], Command]:
    return click.option(
        "--longer-until",
        "until_hours",
        type=int,
        multiple=True,
        metavar="HOUR",
        help="Hour until which a haven could stay open on days on which it opens, as a site of its own. Repeatable.  "
        f"[default: {usual}]",
    )


_COVER_TABLES: tuple[BesideTable, ...] = ("havens", "term_dates", "streets", "base_map", "schools")


@click.group()
def havens() -> None:
    """Safe havens: what they cover when crime happens, where new ones would help most, and posters for schools."""


havens.add_command(poster)


@havens.command()
@crime_option
@_reach_option("that of hotspots.toml, or 400")
@study_options("havens", "streets", "base_map", "schools", "term_dates", "checked_since")
@charts_option
@out_option
@json_option
def coverage(inputs: StudyInputs, crime: str, reach_m: float | None, charts: bool, out: Path, as_json: bool) -> None:
    """Measure how much of a crime has an open safe haven near.

    By part of the week, ward, place to patrol and school: the share of incidents within reach of any haven, of one
    that is open at the hour, and of one whose hours are not known.
    """
    from hotspots.pipeline import HavenRequest

    request = HavenRequest(crime=crime, start=inputs.start, end=inputs.end, wards=inputs.wards, reach_m=reach_m)
    _write(inputs, request, out, charts=charts, as_json=as_json)


@havens.command()
@crime_option
@_reach_option("that of hotspots.toml, or 400")
@_grid_option
@_site_hours_option
@_longer_option("the end of the part of the week, at most 24")
@_only_new_option
@study_options("havens", "candidates", "streets", "base_map", "schools", "term_dates", "checked_since")
@charts_option
@out_option
@json_option
def gaps(
    inputs: StudyInputs,
    crime: str,
    reach_m: float | None,
    grid_m: float | None,
    site_hours: str | None,
    until_hours: tuple[int, ...],
    only_new: bool,
    charts: bool,
    out: Path,
    as_json: bool,
) -> None:
    """Rank places and hours without an open safe haven, with what would help most in each.

    A gap is a place to patrol and a part of the week. What helps is a new site, or longer hours at a haven that is
    there; each gap is looked at by itself. "siting" chooses the sites that do most together.
    """
    from hotspots.pipeline import HavenRequest, SiteOptions

    request = HavenRequest(
        crime=crime,
        start=inputs.start,
        end=inputs.end,
        wards=inputs.wards,
        reach_m=reach_m,
        gaps=SiteOptions(grid_m=grid_m, site_hours=site_hours, until_hours=_list_until(until_hours, only_new=only_new)),
    )
    _write(inputs, request, out, charts=charts, as_json=as_json)


@havens.command()
@crime_option
@click.option(
    "--purpose",
    type=click.Choice(["havens", "cctv", "youth"]),
    default="havens",
    show_default=True,
    help="What the sites are for: safe havens, which help while they are open; cameras, at all hours; youth zones, for "
    "the hours after school on school days.",
)
@click.option(
    "--demand",
    type=click.Choice(["incidents", "hotspots"]),
    help="What the sites are to cover: all incidents, or those in hot spots.  [default: incidents; cctv hotspots]",
)
@click.option("--new", "n_new", type=int, metavar="N", default=5, show_default=True, help="At most so many new sites.")
@click.option(
    "--target",
    "target_share",
    type=float,
    metavar="SHARE",
    help="Share of incidents to be covered, such as 0.8: the fewest sites that do it are looked for.",
)
@_reach_option("that of hotspots.toml, or 400; cctv 100, youth 800")
@_grid_option
@_site_hours_option
@_longer_option("20")
@_only_new_option
@click.option(
    "--time-limit",
    "time_limit_s",
    type=float,
    metavar="SECONDS",
    default=20.0,
    show_default=True,
    help="Time to look for a better choice, or a proof that there is none.",
)
@study_options(
    *("havens", "candidates", "cameras", "youth_zones", "streets", "base_map", "schools", "term_dates", "checked_since")
)
@charts_option
@out_option
@json_option
def siting(
    inputs: StudyInputs,
    crime: str,
    purpose: Purpose,
    demand: Demand | None,
    n_new: int,
    target_share: float | None,
    reach_m: float | None,
    grid_m: float | None,
    site_hours: str | None,
    until_hours: tuple[int, ...],
    only_new: bool,
    time_limit_s: float,
    charts: bool,
    out: Path,
    as_json: bool,
) -> None:
    """Choose the new sites that together cover most of what is not covered yet.

    Sites that are there already stay: safe havens, or the cameras and youth zones of a file. Longer hours at a haven
    compete with new sites. Cameras and youth zones are chosen among the same candidates, or points of a grid. The
    choice is proven to be the best, or its gap is said.
    """
    from hotspots.pipeline import HavenRequest, SitingOptions

    request = HavenRequest(
        crime=crime,
        start=inputs.start,
        end=inputs.end,
        wards=inputs.wards,
        reach_m=reach_m,
        siting=SitingOptions(
            purpose=purpose,
            demand=demand,
            n_new=n_new,
            target_share=target_share,
            grid_m=grid_m,
            site_hours=site_hours,
            until_hours=_list_until(until_hours, only_new=only_new),
            time_limit_s=time_limit_s,
        ),
    )
    _write(inputs, request, out, charts=charts, as_json=as_json)


def _list_until(until_hours: tuple[int, ...], *, only_new: bool) -> tuple[int, ...] | None:
    """Hours until which havens could stay open; None for the usual ones."""
    return () if only_new else until_hours or None


def _write(inputs: StudyInputs, request: HavenRequest, out: Path, *, charts: bool, as_json: bool) -> None:
    from hotspots.pipeline import plan_havens
    from hotspots.products.charts import require_chart_packages
    from hotspots.products.files import write_havens

    if charts:
        require_chart_packages()
    settings = inputs.load_settings()
    if request.reach_m is None and request.preset.existing == "havens":
        request = dataclasses.replace(request, reach_m=settings.house.thresholds.reach_m)
    tables: tuple[BesideTable, ...] = _COVER_TABLES
    if request.question != "coverage":
        tables = (*tables, "candidates")
    if request.preset.existing != "havens":
        tables = (*tables, request.preset.existing)
    with open_study(inputs, settings, out=out, tables=tables) as (study, progress):
        plan = plan_havens(study, request, progress=progress)
        progress("writing")
        written = write_havens(plan, out, charts=charts, notify=warn)
    echo_products([written], out, sentences="terminal.havens", page="havens", as_json=as_json)

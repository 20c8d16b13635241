"""`hotspots run`: from files to maps and tables."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hotspots.cli.inputs import (
    METRES,
    Period,
    StudyInputs,
    audience_option,
    charts_option,
    choose_thresholds,
    open_study,
    out_option,
    places_option,
    reach_option,
    study_options,
)
from hotspots.cli.outputs import echo_products, warn

if TYPE_CHECKING:
    from hotspots.cli.outputs import Written
    from hotspots.house import Audience
    from hotspots.pipeline import Analysis

_RULES = ("likelihood", "scott", "silverman", "adaptive")


def _parse_bandwidth(_ctx: click.Context, _parameter: click.Parameter, value: str) -> float | str:
    """Metres, or the name of a rule."""
    if value in _RULES:
        return value
    try:
        return float(value)
    except ValueError:
        raise click.BadParameter(
            f'"{value}" is neither a number of metres nor a rule. Give one of {", ".join(_RULES)}, or metres such as '
            "300."
        ) from None


@click.command()
@click.option(
    "--crime",
    "crimes",
    multiple=True,
    required=True,
    metavar="CRIME",
    help="Crime to map: robbery, knife-crime, asb ... Repeatable; an unknown name prints the list.",
)
@study_options(
    "havens",
    "streets",
    "base_map",
    "tiles",
    "tiles_attribution",
    "premises",
    "schools",
    "candidates",
    "safety_maps",
    "term_dates",
    "checked_since",
    "population",
)
@click.option(
    "--area",
    metavar="TEXT",
    help="Beat, sector or ward as the incident files call it: only rows that they put there. An unknown one prints "
    "the list.",
)
@click.option(
    "--bandwidth",
    "bandwidth_m",
    metavar="METRES|RULE",
    callback=_parse_bandwidth,
    default="300",
    show_default=True,
    help="Radius of the density kernel, or how to choose it: likelihood, scott, silverman, adaptive.",
)
@click.option(
    "--cell-size",
    "cell_size_m",
    default=50.0,
    **METRES,
    help="Side of a cell of density and estimate; below 50 m products are not to be shared.",
)
@click.option(
    "--eps", "eps_m", type=float, metavar="METRES", help="Neighbourhood radius of the clusters.  [default: chosen]"
)
@click.option(
    "--min-samples",
    type=int,
    metavar="N",
    help="Incidents that make a neighbourhood dense; below 10 products are not to be shared.  [default: chosen]",
)
@places_option
@click.option(
    "--patrol-minutes",
    type=float,
    metavar="MINUTES",
    help="Minutes of patrol: as many places as there are visits of 15 minutes.",
)
@click.option("--max-extent", "max_extent_m", default=400.0, **METRES, help="Greatest extent of a hot spot.")
@click.option(
    "--cells",
    "cell_shape",
    type=click.Choice(["square", "hexagon"]),
    default="square",
    show_default=True,
    help="Shape of the cells that are tested.",
)
@click.option(
    "--harm",
    type=click.Choice(["severity", "cost"]),
    help="Weigh incidents in density and ranking by their harm.  [default: each counts as one]",
)
@reach_option
@click.option(
    "--hours",
    metavar="HOURS",
    help="Hours to analyse besides the usual parts of the week: 15-18, or 22-2 past midnight.",
)
@click.option("--days", metavar="DAYS", help="Days on which these start: Mon-Fri, Sat,Sun, weekend.")
@click.option(
    "--compare",
    type=Period(),
    metavar="PERIOD",
    help="Earlier period to compare with, as long as the one from --from to --to: 2025-02..2025-12, or "
    "2025-02-03..2025-03-09.  [default: the usual comparisons alone]",
)
@click.option(
    "--each-ward",
    is_flag=True,
    help="Write products for each ward too, as --ward would, for the briefing of its team.",
)
@audience_option
@charts_option
@out_option
@click.option("--json", "as_json", is_flag=True, help="Print the summary (of several crimes: a list of them).")
def run(
    inputs: StudyInputs,
    crimes: tuple[str, ...],
    bandwidth_m: float | str,
    n_patrol_places: int | None,
    patrol_minutes: float | None,
    reach_m: float | None,
    hours: str | None,
    days: str | None,
    each_ward: bool,
    audience: Audience,
    charts: bool,
    out: Path,
    as_json: bool,
    **methods: Any,
) -> None:
    """Map crimes: write maps and tables to OUT.

    Inputs that are not given are those named in hotspots.toml, or else those of the data/ folder here: in a fresh
    checkout, the synthetic demonstration of Lewisham and Southwark. Real incidents are never combined with its
    schematic wards or synthetic havens.
    """
    from hotspots.analysis.hotspots import count_visits
    from hotspots.analysis.hours import parse_window
    from hotspots.errors import TooLittleDataError
    from hotspots.pipeline import RUN_TABLES, AnalysisRequest, analyse, publish
    from hotspots.products.charts import require_chart_packages
    from hotspots.products.files import require_shareable, write_products, write_public

    if charts and audience == "public":
        raise click.UsageError(
            "Charts are of what was found; for everybody there is a page of its own. Leave out --charts."
        )
    if each_ward and audience == "public":
        raise click.UsageError(
            "The page for everybody has every ward already, and a ward that had none of its own would be known to have "
            "had no incident. Leave out --each-ward."
        )
    if charts:
        require_chart_packages()
    is_rule = isinstance(bandwidth_m, str)
    methods |= {"bandwidth_m": None, "bandwidth_rule": bandwidth_m} if is_rule else {"bandwidth_m": bandwidth_m}
    if patrol_minutes is not None:
        if n_patrol_places is not None:
            raise click.UsageError("Give --places or --patrol-minutes, not both: the second is a number of places too.")
        n_patrol_places = count_visits(patrol_minutes)
    settings = inputs.load_settings()
    methods |= choose_thresholds(settings, n_patrol_places=n_patrol_places, reach_m=reach_m)
    window = None if hours is None and days is None else parse_window(hours, days)
    requests = [
        AnalysisRequest(crime=slug, start=inputs.start, end=inputs.end, wards=inputs.wards, window=window, **methods)
        for slug in dict.fromkeys(crimes)
    ]
    for request in requests:
        require_shareable(request, audience)

    def write(analysis: Analysis) -> Written:
        progress(f"{analysis.crime.slug}: writing")
        return write_products(analysis, out, audience=audience, charts=charts, notify=warn)

    with open_study(inputs, settings, out=out, tables=RUN_TABLES) as (study, progress):
        # all crimes are analysed before anything is written: a mistake in the last leaves no half set
        is_public = audience == "public"
        publications = [publish(study, request) for request in requests if is_public]
        analyses = [analyse(study, request, progress=progress) for request in requests if not is_public]
        written: list[Written] = [write_public(publication, out, notify=warn) for publication in publications]
        written += map(write, analyses)
        for analysis in analyses:
            wards = analysis.wards["ward_name"] if each_ward and len(analysis.wards) > 1 else {}
            thin = []
            for code, name in wards.items():
                progress(f"{analysis.crime.slug}: {name}")
                try:
                    of_ward = analyse(study, dataclasses.replace(analysis.request, wards=(code,)))
                except TooLittleDataError:
                    thin.append(name)
                    continue
                written.append(write(of_ward))
            if thin:
                warn(f"Too few {analysis.crime.plural} for products of their own: {', '.join(thin)}.")
    told, page = ("terminal.public", "public") if is_public else ("terminal.run", "map")
    echo_products(written, out, sentences=told, page=page, as_json=as_json)

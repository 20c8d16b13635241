"""`hotspots pack`: every crime and ward in one go."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hotspots.cli.inputs import (
    StudyInputs,
    audience_option,
    choose_thresholds,
    open_study,
    out_option,
    reach_option,
    study_options,
)
from hotspots.cli.outputs import echo_products, warn

if TYPE_CHECKING:
    from hotspots.house import Audience


@click.command()
@click.option(
    "--crime",
    "crimes",
    multiple=True,
    metavar="CRIME",
    help="Crime to pack; an unknown name prints the list. Repeatable.  [default: the indicators of hotspots.toml, or "
    "those that partnerships usually report]",
)
@study_options(
    "havens",
    "streets",
    "premises",
    "schools",
    "candidates",
    "safety_maps",
    "term_dates",
    "checked_since",
    "population",
)
@reach_option
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    metavar="N",
    help="Processes at work at once; each takes up to 1 GB of memory.  [default: one for each core]",
)
@audience_option
@out_option
@click.option("--json", "as_json", is_flag=True, help="Print the table of wards and crimes.")
def pack(
    inputs: StudyInputs,
    crimes: tuple[str, ...],
    reach_m: float | None,
    jobs: int | None,
    audience: Audience,
    out: Path,
    as_json: bool,
) -> None:
    """Map every crime, with a page for the team of each ward, one table that opens all, and a zip to mail.

    All is written to OUT/pack: of the whole area everything that `hotspots run` gives; of each ward one page, made from
    the same analysis, on where to be and when, what is near and what changed. Partners have no such pages.
    """
    from hotspots.pipeline import RUN_TABLES, PackRequest, plan_pack
    from hotspots.products.files import count_cores, write_pack

    settings = inputs.load_settings()
    request = PackRequest(
        crimes=crimes or settings.indicators,
        is_usual=not crimes,
        start=inputs.start,
        end=inputs.end,
        wards=inputs.wards,
        audience=audience,
        **choose_thresholds(settings, n_patrol_places=None, reach_m=reach_m),
    )
    with open_study(inputs, settings, out=out, tables=RUN_TABLES) as (study, progress):
        plan = plan_pack(study, request)
        written = write_pack(plan, out, jobs=jobs or count_cores(), progress=progress, notify=warn)
    echo_products([written], out, sentences="terminal.pack", page="pack", as_json=as_json)

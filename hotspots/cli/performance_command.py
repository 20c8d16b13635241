"""`hotspots performance`: twelve months against the twelve before, targets, peers and priorities."""

from __future__ import annotations

from pathlib import Path

import click

from hotspots.cli.inputs import PATH, StudyInputs, json_option, open_study, out_option, study_options
from hotspots.cli.outputs import echo_products, warn


@click.command()
@click.option(
    "--indicator",
    "indicators",
    multiple=True,
    metavar="CRIME",
    help="Crime to report. Repeatable.  [default: those of hotspots.toml, or the usual ones]",
)
@study_options("population", but="start")
@click.option("--peers", type=PATH, help="Table of area, crime, incidents of twelve months, and population.")
@out_option
@json_option
def performance(inputs: StudyInputs, indicators: tuple[str, ...], peers: Path | None, out: Path, as_json: bool) -> None:
    """Compare the last twelve months with the twelve before, for every crime, and rank the crimes.

    The twelve months are whole months that end by --to. Targets, indicators and the weights of the order are set in
    hotspots.toml.
    """
    from hotspots.ingest.reference import read_peers
    from hotspots.pipeline import PerformanceRequest, measure_performance
    from hotspots.products.files import write_performance

    settings = inputs.load_settings()
    table = peers or settings.peers
    others = read_peers(table, definitions=settings.definitions) if table else None
    request = PerformanceRequest(
        end=inputs.end,
        wards=inputs.wards,
        indicators=indicators or settings.indicators,
        is_usual=not indicators,
        targets=settings.targets,
        criterion_weights=settings.criterion_weights,
    )
    with open_study(inputs, settings, out=out) as (study, progress):
        found = measure_performance(study, request, peers=others, progress=progress)
        progress("writing")
        written = write_performance(found, out, notify=warn)
    echo_products([written], out, sentences="terminal.performance", page="performance", as_json=as_json)

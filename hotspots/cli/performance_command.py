"""`hotspots performance`: twelve months against the twelve before, targets, peers and priorities."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from hotspots.cli.inputs import PATH, StudyInputs, open_study, out_option, study_options


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
@click.option("--json", "as_json", is_flag=True, help="Print every number.")
def performance(inputs: StudyInputs, indicators: tuple[str, ...], peers: Path | None, out: Path, as_json: bool) -> None:
    """Compare the last twelve months with the twelve before, for every crime, and rank the crimes.

    The twelve months are whole months that end by --to. Targets, indicators and the weights of the order are set in
    hotspots.toml.
    """
    import json

    from hotspots.ingest.reference import read_peers
    from hotspots.pipeline import PerformanceRequest, measure_performance
    from hotspots.products.files import write_index, write_performance

    settings = inputs.load_settings()
    table = peers or settings.peers
    others = read_peers(table, definitions=settings.definitions) if table else None
    request = PerformanceRequest(
        end=inputs.end,
        wards=inputs.wards,
        indicators=indicators or settings.indicators,
        targets=settings.targets,
        criterion_weights=settings.criterion_weights,
    )
    with open_study(inputs, settings) as (study, progress):
        found = measure_performance(study, request, peers=others, progress=progress)
        progress("writing")
        summary, paths = write_performance(found, out)
        index = write_index(out)
    summary |= {"products": {key: path.as_posix() for key, path in paths.items()}}
    click.echo("\n".join(_describe(summary)), err=True)
    click.echo(f"All products: {index.as_posix()}", err=True)
    click.echo(json.dumps(summary, ensure_ascii=False, indent=1) if as_json else paths["performance"].as_posix())


def _describe(summary: dict[str, Any]) -> list[str]:
    """The result in a few lines, for the terminal."""
    from hotspots.products.words import say_date, say_status

    lines = [f"Twelve months to {say_date(summary['period']['end'])} against the twelve before"]
    for row in summary["indicators"]:
        change = row["change"]
        if change is None:
            lines.append(f"  {row['label']}: {row['n_current']:,}. {row['reason']}")
            continue
        percent = "" if change["percent"] is None else f", {change['percent']:+d}%" if change["percent"] else ", 0%"
        wanted = f"; target {row['target']}: {row['status']}" if row["status"] else ""
        lines.append(
            f"  {row['label']}: {change['n_previous']:,} to {change['n_current']:,}{percent}, "
            f"{change['verdict']}{wanted}"
        )
    if summary["priorities"]:
        first = [f"{crime['label']} ({crime['score']:.1f})" for crime in summary["priorities"]["crimes"][:3]]
        lines.append(f"  First priorities: {', '.join(first)}")
    if summary["data_status"]:
        lines.append(f"  Not for decisions: made from {say_status(summary['data_status'])}")
    return lines

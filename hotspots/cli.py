"""The command line: parse, call, write. Data go to stdout, messages to stderr.

Exit codes: 0 fine, 1 failure, 2 usage (an option, crime, ward or path that is not there), 3 bad data, 4 too
little data.
"""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import Any

import click

import hotspots
from hotspots.errors import DataError, HotspotsError, NotFoundError, ParameterError, TooLittleDataError

# Everything else is imported inside the commands, so that --help answers at once.

EXIT_FAILURE, EXIT_USAGE, EXIT_BAD_DATA, EXIT_TOO_LITTLE_DATA = 1, 2, 3, 4

_EXIT_CODES: tuple[tuple[type[HotspotsError], int], ...] = (
    (TooLittleDataError, EXIT_TOO_LITTLE_DATA),
    (DataError, EXIT_BAD_DATA),
    (ParameterError, EXIT_USAGE),
    (NotFoundError, EXIT_USAGE),
)

_DATE: Any = click.DateTime(formats=["%Y-%m-%d"])
_METRES: dict[str, Any] = {"type": float, "metavar": "METRES", "show_default": True}
_PATH = click.Path(path_type=Path)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(hotspots.__version__, prog_name="hotspots")
def cli() -> None:
    """Where and when crime concentrates, and what is near that helps."""


@cli.command()
@click.option(
    "--crime",
    "crimes",
    multiple=True,
    required=True,
    metavar="CRIME",
    help="Crime to map: robbery, knife-crime, asb ... May repeat; an unknown one gets the list.",
)
@click.option(
    "--incidents",
    multiple=True,
    type=_PATH,
    help="CSV file, .csv.gz, .zip or folder of incidents. May repeat.  [default: data/incidents]",
)
@click.option(
    "--boundaries",
    multiple=True,
    type=_PATH,
    help="GeoJSON, GeoPackage or (zipped) shapefile of wards. May repeat.  [default: data/boundaries]",
)
@click.option(
    "--havens",
    multiple=True,
    type=_PATH,
    help="CSV, GeoJSON or GeoPackage of safe havens. May repeat.  "
    "[default: data/havens if --incidents is not given, otherwise none]",
)
@click.option("--from", "start", type=_DATE, help="First day.  [default: that of the incidents]")
@click.option("--to", "end", type=_DATE, help="Last day.  [default: that of the incidents]")
@click.option(
    "--ward",
    "wards",
    multiple=True,
    metavar="WARD",
    help="Code or name of a ward to analyse. May repeat.  [default: all]",
)
@click.option("--bandwidth", "bandwidth_m", default=300.0, **_METRES, help="Radius of the density kernel.")
@click.option("--cell-size", "cell_size_m", default=50.0, **_METRES, help="Side of a density cell.")
@click.option("--eps", "eps_m", default=125.0, **_METRES, help="Neighbourhood radius of the clusters.")
@click.option(
    "--min-samples",
    type=int,
    metavar="N",
    help="Incidents that make a neighbourhood dense.  "
    "[default: 0.5% of them, or 7 times the average density if that is fewer; at least 10]",
)
@click.option("--reach", "reach_m", default=400.0, **_METRES, help="Distance within reach of a safe haven.")
@click.option("--out", type=_PATH, default=Path("maps"), show_default=True, help="Folder to write to.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary (of several crimes: a list of them).")
def run(
    crimes: tuple[str, ...],
    incidents: tuple[Path, ...],
    boundaries: tuple[Path, ...],
    havens: tuple[Path, ...],
    start: dt.datetime | None,
    end: dt.datetime | None,
    wards: tuple[str, ...],
    out: Path,
    as_json: bool,
    **methods: Any,
) -> None:
    """Analyse crimes and write their maps and tables to OUT/CRIME/START_END/.

    Without --incidents, --boundaries and --havens the data/ folder here is used: in a fresh checkout, the
    synthetic demonstration of Lewisham and Southwark.
    """
    import json

    from tqdm import tqdm

    from hotspots.pipeline import AnalysisRequest, analyse, load_study
    from hotspots.products import write_bundle, write_index

    if not havens and not incidents and Path("data/havens").is_dir():
        havens = (Path("data/havens"),)
    slugs = list(dict.fromkeys(crimes))
    with tqdm(total=None, unit=" steps", disable=None, leave=False, file=sys.stderr) as bar:

        def progress(step: str) -> None:
            bar.set_description(step)
            bar.update()

        study = load_study(
            incidents or (Path("data/incidents"),),
            boundaries or (Path("data/boundaries"),),
            havens,
            progress=progress,
        )
        requests = [
            AnalysisRequest(
                crime=slug,
                start=start.date() if start else None,
                end=end.date() if end else None,
                wards=wards,
                **methods,
            )
            for slug in slugs
        ]
        # all crimes are analysed before anything is written: a mistake in the last leaves no half set
        analyses = [analyse(study, request, progress=progress) for request in requests]
        written = []
        for analysis in analyses:
            progress(f"writing {analysis.crime.slug}")
            written.append(write_bundle(analysis, out))
        index = write_index(out)
    summaries = [
        summary | {"products": {key: path.as_posix() for key, path in paths.items()}} for summary, paths in written
    ]
    for summary, (_, paths) in zip(summaries, written, strict=True):
        click.echo(describe_run(summary), err=True)
        if not as_json:
            click.echo(paths["map"].as_posix())
    click.echo(f"All products: {index.as_posix()}", err=True)
    if as_json:
        click.echo(json.dumps(summaries[0] if len(summaries) == 1 else summaries, ensure_ascii=False, indent=1))


def describe_run(summary: dict[str, Any]) -> str:
    """A run in a few lines, for the terminal."""
    from hotspots.products.words import say_list, say_share, say_status

    accounts, top = summary["accounts"], summary["wards"][:3]
    lines = [
        f"{summary['crime_label']}, {summary['period']['start']} to {summary['period']['end']}: "
        f"{accounts['analysed']:,} of {accounts['read']:,} rows analysed "
        f"({accounts['other_crimes']:,} other crimes, {accounts['outside_period']:,} outside the period, "
        f"{accounts['outside_area']:,} outside the area, {sum(accounts['rejected'].values()):,} rejected)",
        "  Top wards: " + say_list([f"{ward['name']} ({ward['n_incidents']:,})" for ward in top]),
        f"  Hot spots: {len(summary['hotspots'])}, holding "
        + say_share(sum(h["n_incidents"] for h in summary["hotspots"]) / accounts["analysed"]),
    ]
    profile = summary["profile"]
    if profile["available"]:
        peaks = [f"{peak['words']} ({say_share(peak['share'])})" for peak in profile["peaks"]]
        lines.append("  Peaks: " + ("; ".join(peaks) or "none clearer than chance"))
    else:
        lines.append(f"  Peaks: withheld, {profile['reason']}: {profile['explanation']}")
    if summary["havens"]:
        havens = summary["havens"]
        lines.append(
            f"  Safe havens: {say_share(havens['share_within_reach'])} within {havens['reach_m']:g} m of one, "
            f"{say_share(havens['share_open_within_reach'])} of one open at the time"
        )
    if summary["data_status"]:
        lines.append(f"  Not for decisions: made from {say_status(summary['data_status'])}")
    return "\n".join(lines)


def main() -> None:
    """Run the command, turning each deliberate error into one line and its exit code."""
    try:
        cli(standalone_mode=False)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(EXIT_USAGE)
    except click.Abort:
        click.echo("Stopped; the last good products are untouched.", err=True)
        sys.exit(EXIT_FAILURE)
    except HotspotsError as error:
        click.echo(f"hotspots: {error}", err=True)
        sys.exit(next((code for kind, code in _EXIT_CODES if isinstance(error, kind)), EXIT_FAILURE))
    except OSError as error:
        click.echo(f"hotspots: {error}. Check that the path can be read and written.", err=True)
        sys.exit(EXIT_FAILURE)

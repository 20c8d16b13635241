"""The command line: parse, call, write. Data go to stdout, messages to stderr.

Exit codes: 0 fine, 1 failure, 2 usage (an option, crime, ward or path that is not there), 3 bad data, 4 too
little data.
"""

from __future__ import annotations

import datetime as dt
import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import hotspots
from hotspots.errors import DataError, HotspotsError, NotFoundError, ParameterError, TooLittleDataError

if TYPE_CHECKING:
    from hotspots.pipeline import Study

# Everything else is imported inside the commands, so that --help answers at once.

EXIT_FAILURE, EXIT_USAGE, EXIT_BAD_DATA, EXIT_TOO_LITTLE_DATA = 1, 2, 3, 4

_EXIT_CODES: tuple[tuple[type[HotspotsError], int], ...] = (
    (TooLittleDataError, EXIT_TOO_LITTLE_DATA),
    (DataError, EXIT_BAD_DATA),
    (ParameterError, EXIT_USAGE),
    (NotFoundError, EXIT_USAGE),
)

_DATE: Any = click.DateTime(formats=["%Y-%m-%d", "%d/%m/%Y"])
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
    help="CSV, GeoJSON or GeoPackage of safe havens. May repeat.  [default: data/havens, if it is there]",
)
@click.option("--from", "start", type=_DATE, metavar="YYYY-MM-DD", help="First day.  [default: that of the incidents]")
@click.option("--to", "end", type=_DATE, metavar="YYYY-MM-DD", help="Last day.  [default: that of the incidents]")
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
    """Map crimes: write their maps and tables below OUT.

    Without --incidents, --boundaries and --havens the data/ folder here is used: in a fresh checkout, the
    synthetic demonstration of Lewisham and Southwark. Real incidents are never laid over its schematic wards or
    made-up havens.
    """
    import json

    from tqdm import tqdm

    from hotspots.ingest.files import find_files
    from hotspots.ingest.incidents import SUFFIXES
    from hotspots.pipeline import AnalysisRequest, analyse, load_study
    from hotspots.products import write_bundle, write_index

    requests = [
        AnalysisRequest(
            crime=slug,
            start=start.date() if start else None,
            end=end.date() if end else None,
            wards=wards,
            **methods,
        )
        for slug in dict.fromkeys(crimes)
    ]
    read = incidents or (Path("data/incidents"),)
    havens_here = (Path("data/havens"),) if Path("data/havens").is_dir() else ()
    n_steps = len(find_files(read, suffixes=SUFFIXES, what="incidents")) + 1 + 4 * len(requests)
    with tqdm(total=n_steps, disable=None, leave=False, file=sys.stderr, bar_format="{l_bar}{bar}| {desc}") as bar:

        def progress(step: str) -> None:
            bar.set_description_str(step)
            bar.update()

        study = load_study(read, boundaries or (Path("data/boundaries"),), havens or havens_here, progress=progress)
        study = keep_apart(study, boundaries_given=bool(boundaries), havens_given=bool(havens))
        # all crimes are analysed before anything is written: a mistake in the last leaves no half set
        analyses = [analyse(study, request, progress=progress) for request in requests]
        written = []
        for analysis in analyses:
            progress(f"{analysis.crime.slug}: writing")
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


def keep_apart(study: Study, *, boundaries_given: bool, havens_given: bool) -> Study:
    """Keep real incidents from the demonstration's wards and havens, unless those were asked for by name.

    Raises:
        DataError: Real incidents would be laid over schematic wards.
    """
    import dataclasses

    status = study.data_status
    if "incidents" in status:
        return study
    if "boundaries" in status and not boundaries_given:
        raise DataError(
            f"The wards in data/boundaries are {status['boundaries']}, and these incidents are not: counts in them "
            "would mean nothing. Give the real outlines with --boundaries."
        )
    if "safe havens" in status and not havens_given:
        return dataclasses.replace(study, havens=None)
    return study


def describe_run(summary: dict[str, Any]) -> str:
    """A run in a few lines, for the terminal."""
    from hotspots.products.words import say_list, say_share, say_status

    accounts, top, total = summary["accounts"], summary["wards"][:3], summary["hotspots_total"]
    rejected = sum(accounts["rejected"].values())
    hotspots_words = f"{len(summary['hotspots'])}, with {say_share(total['hit_rate'])} of {summary['crime_plural']}"
    lines = [
        f"{summary['crime_label']}, {summary['period']['start']} to {summary['period']['end']}: "
        f"{accounts['analysed']:,} of {accounts['read']:,} rows analysed "
        f"({accounts['other_crimes']:,} other crimes, {accounts['outside_period']:,} outside the period, "
        f"{accounts['outside_area']:,} outside the wards, {rejected:,} rejected, "
        f"{accounts['rejected_of_crime']:,} of them {summary['crime_plural']})",
        "  Top wards: " + say_list([f"{ward['name']} ({ward['n_incidents']:,})" for ward in top]),
        "  Hot spots: " + (hotspots_words if summary["hotspots"] else "none"),
    ]
    profile = summary["profile"]
    if profile["available"]:
        peaks = [f"{peak['words']} ({say_share(peak['share'])})" for peak in profile["peaks"]]
        lines.append("  Peaks: " + ("; ".join(peaks) or "none"))
    else:
        lines.append(f"  Peaks: withheld, {profile['reason']}: {profile['explanation']}")
    if summary["havens"]:
        havens = summary["havens"]
        nearby = f"{say_share(havens['share_within_reach'])} happened within {havens['reach_m']:g} m of one"
        if havens["share_open_within_reach"] is not None:
            nearby += f", {say_share(havens['share_open_within_reach'])} of one open at the time"
        lines.append(f"  Safe havens: {nearby}")
    lines += [f"  Note: {note}" for note in summary["notes"]]
    if summary["data_status"]:
        lines.append(f"  Not for decisions: made from {say_status(summary['data_status'])}")
    return "\n".join(lines)


def main() -> None:
    """Run the command, turning each deliberate error into one line and its exit code."""
    import signal

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")  # place names do not fit every code page
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(EXIT_FAILURE))  # so that drafts are removed
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
    except MemoryError:
        click.echo("hotspots: not enough memory. Give fewer months, or fewer wards, at a time.", err=True)
        sys.exit(EXIT_FAILURE)
    except OSError as error:
        click.echo(f"hotspots: {error}. Check that the path can be read and written.", err=True)
        sys.exit(EXIT_FAILURE)

"""`hotspots fetch`: open data of any area in England and Wales to files that `hotspots run` reads."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hotspots.cli.inputs import show_progress
from hotspots.cli.outputs import echo

if TYPE_CHECKING:
    from hotspots.ingest.fetch import Fetched

_CRIMES, _BOUNDARIES, _LSOAS = Path("data/incidents"), Path("data/boundaries"), Path("data/lsoas")
_STREETS = Path("data/streets")
_PATH = click.Path(path_type=Path, file_okay=False)
_REFRESH = click.option("--refresh", is_flag=True, help="Fetch again files that are there already.")


@click.group()
def fetch() -> None:
    """Fetch open data: recorded crime, outlines of wards, and streets.

    Files that are there already are not fetched again. A record beside each file, NAME.source, states where it came
    from, when, under what licence, and its SHA-256.
    """


_FORCE = click.option(
    "--force",
    "forces",
    multiple=True,
    required=True,
    metavar="FORCE",
    help="Police force, as data.police.uk writes it: metropolitan, west-yorkshire ... Repeatable.",
)
_FROM = click.option("--from", "first_month", required=True, metavar="YYYY-MM", help="First month.")
_TO = click.option("--to", "last_month", metavar="YYYY-MM", help="Last month.  [default: the newest published]")
_BOROUGH = click.option(
    "--borough",
    "boroughs",
    multiple=True,
    required=True,
    metavar="BOROUGH",
    help="Name or GSS code of a local authority: Lewisham, E09000028 ... Repeatable.",
)
_VINTAGE = click.option(
    "--vintage", type=int, metavar="YEAR", help="Year of the release of the outlines.  [default: the newest known]"
)


@fetch.command()
@_FORCE
@_FROM
@_TO
@click.option("--out", type=_PATH, default=_CRIMES, show_default=True, help="Folder to write to.")
@_REFRESH
def crimes(forces: tuple[str, ...], out: Path, **options: Any) -> None:
    """Fetch street-level crime of police forces from data.police.uk."""
    from hotspots.ingest.fetch import fetch_crimes

    with show_progress() as progress:
        fetched = fetch_crimes(forces, out=out, progress=progress, **options)
    report_fetched(fetched)


@fetch.command()
@_BOROUGH
@click.option(
    "--kind", type=click.Choice(["wards", "lsoas"]), default="wards", show_default=True, help="Kind of areas."
)
@_VINTAGE
@click.option("--out", type=_PATH, help="Folder to write to.  [default: data/boundaries; of LSOAs, data/lsoas]")
@_REFRESH
def boundaries(boroughs: tuple[str, ...], kind: str, out: Path | None, **options: Any) -> None:
    """Fetch outlines of wards or LSOAs of local authorities from the ONS."""
    from hotspots.ingest.fetch import fetch_boundaries

    folder = out or {"wards": _BOUNDARIES, "lsoas": _LSOAS}[kind]
    with show_progress() as progress:
        fetched = fetch_boundaries(boroughs, kind=kind, out=folder, progress=progress, **options)  # type: ignore[arg-type]
    report_fetched(fetched)
    if kind == "lsoas":
        echo(
            f'To place rows that state only their LSOA, set lsoas = ["{folder.as_posix()}"] in hotspots.toml', err=True
        )


@fetch.command()
@click.option(
    "--boundaries",
    type=click.Path(path_type=Path, exists=True),
    multiple=True,
    default=[_BOUNDARIES],
    metavar="PATH",
    help=f"Outlines of the wards around which streets are wanted. Repeatable.  [default: {_BOUNDARIES.as_posix()}]",
)
@click.option("--out", type=_PATH, default=_STREETS, show_default=True, help="Folder to write to.")
@_REFRESH
def streets(boundaries: tuple[Path, ...], out: Path, **options: Any) -> None:
    """Fetch streets and paths around wards from OpenStreetMap."""
    from hotspots.ingest.fetch import fetch_streets
    from hotspots.ingest.reference import read_boundaries

    wards = read_boundaries(boundaries).wards
    with show_progress() as progress:
        fetched = fetch_streets(wards, out=out, progress=progress, **options)
    report_fetched(fetched)


@fetch.command()
@_BOROUGH
@_VINTAGE
@_FORCE
@_FROM
@_TO
@click.option("--no-streets", is_flag=True, help="Leave the streets out.")
@_REFRESH
def area(
    boroughs: tuple[str, ...],
    vintage: int | None,
    forces: tuple[str, ...],
    no_streets: bool,
    refresh: bool,
    **months: Any,
) -> None:
    """Fetch what hotspots run needs for an area: its wards, the crime of its police force, and its streets.

    All go where hotspots run looks for them: data/boundaries, data/incidents and data/streets.
    """
    from hotspots.ingest.fetch import Connection, fetch_boundaries, fetch_crimes, fetch_streets
    from hotspots.ingest.reference import read_boundaries

    with Connection() as connection:
        shared: dict[str, Any] = {"refresh": refresh, "connection": connection}
        with show_progress() as progress:
            # the small one first: a borough that is misspelt is told of before the long wait
            outlines = fetch_boundaries(boroughs, vintage=vintage, out=_BOUNDARIES, progress=progress, **shared)
            recorded = fetch_crimes(forces, out=_CRIMES, progress=progress, **months, **shared)
        report_fetched(outlines)
        report_fetched(recorded)
        if not no_streets:  # last: the rest can do without them, and their server is the busiest
            wards = read_boundaries([file.path for file in outlines.files]).wards
            with show_progress() as progress:
                fetched = fetch_streets(wards, out=_STREETS, progress=progress, **shared)
            report_fetched(fetched)


def report_fetched(fetched: Fetched) -> None:
    """Paths of the files to stdout; what they are, and what is missing, to stderr."""
    new = [file for file in fetched.files if file.is_new]
    kept = len(fetched.files) - len(new)
    echo(
        f"{len(new)} files fetched ({sum(file.n_bytes for file in new) / 1e6:.1f} MB), {kept} already there.", err=True
    )
    for force, month in fetched.not_submitted:
        echo(f"Missing: {force} has given no file for {month}. This does not mean that there was no crime.", err=True)
    for words in dict.fromkeys(file.attribution for file in fetched.files):
        echo(f"State this where you show the data: {words}", err=True)
    for file in fetched.files:
        echo(file.path.as_posix())

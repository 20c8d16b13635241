"""`hotspots havens poster`: a sheet for each school, to be hung up."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hotspots.cli.inputs import StudyInputs, out_option, reading_options, show_progress
from hotspots.cli.outputs import echo_products, warn

if TYPE_CHECKING:
    from hotspots.pipeline import Paper

_HOURS = re.compile(r"(\d{1,2})(?::00)?-(\d{1,2})(?::00)?", flags=re.ASCII)


def _parse_hours(ctx: click.Context, parameter: click.Parameter, value: str) -> tuple[int, int]:
    """Two whole hours of the day."""
    found = _HOURS.fullmatch(value.strip())
    if found is None:
        raise click.BadParameter(
            f'"{value}" is not a stretch of whole hours. Give 15-18, or 15:00-18:00.', ctx, parameter
        )
    return int(found[1]), int(found[2])


@click.command()
@reading_options("havens", "schools", "boundaries", "layer", "streets", "term_dates", "checked_since", "settings_file")
@click.option(
    "--school",
    "names",
    multiple=True,
    metavar="NAME",
    help="Name or number (URN) of a school to make a poster for. Repeatable.  [default: all, and each borough]",
)
@click.option(
    "--minutes", default=10.0, metavar="MINUTES", show_default=True, help="How far a safe haven may be, on foot."
)
@click.option(
    "--hours", metavar="HOURS", default="15-18", show_default=True, callback=_parse_hours, help="Hours after school."
)
@click.option(
    "--paper",
    type=click.Choice(["a4", "a3"]),
    help="Size of the sheets.  [default: a4, and a3 for a borough with more havens than a4 can number]",
)
@click.option(
    "--address",
    metavar="TEXT",
    help="Web address (http or https) or plain text for a QR code.  [default: no code]",
)
@click.option(
    "--credit",
    metavar="TEXT",
    help="Whose map and lists they are, printed small, as their licences ask.  [default: of streets of OpenStreetMap "
    "and the Ordnance Survey, theirs]",
)
@out_option
@click.option("--json", "as_json", is_flag=True, help="Print what is on each poster.")
def poster(
    inputs: StudyInputs,
    names: tuple[str, ...],
    minutes: float,
    hours: tuple[int, int],
    paper: Paper | None,
    address: str | None,
    credit: str | None,
    out: Path,
    as_json: bool,
) -> None:
    """Make a poster for each school, and for each borough: safe havens near, how far they are, and when they are open.

    No incident is read, and nothing about crime is on a poster. PDF and PNG are written to OUT/posters. It takes
    packages of its own: pip install "hotspots[posters]".
    """
    from hotspots.pipeline import PosterRequest, list_inputs, load_poster_study, make_posters
    from hotspots.products.files import require_apart, restore_products, write_posters

    request = PosterRequest(minutes=minutes, hours=hours, schools=names, paper=paper, address=address, credit=credit)
    settings = inputs.load_settings()
    require_apart(out, [path for paths in list_inputs(settings=settings).values() for path in paths])
    restore_products(out)
    with show_progress() as progress:
        study = load_poster_study(settings=settings, progress=progress)
        posters = make_posters(study, request, progress=progress)
        written = write_posters(posters, out, notify=warn, progress=progress)
    echo_products([written], out, sentences="terminal.posters", page="posters", as_json=as_json)

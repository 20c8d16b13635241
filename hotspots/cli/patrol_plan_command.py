"""`hotspots patrol plan`: which patrol visits which place, and when."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hotspots.cli.inputs import (
    Day,
    StudyInputs,
    choose_thresholds,
    crime_option,
    json_option,
    open_study,
    out_option,
    study_options,
)
from hotspots.cli.outputs import echo_products, warn

if TYPE_CHECKING:
    from hotspots.pipeline import BesideTable, TravelBy

_TIME = re.compile(r"([01]?\d|2[0-3])[:.]?([0-5]\d)", flags=re.ASCII)


def _read_shift(ctx: click.Context, param: click.Parameter, value: str) -> tuple[dt.time, dt.time]:
    """Two times of the clock."""
    times = [_TIME.fullmatch(part.strip()) for part in re.split(r"-|\N{EN DASH}", value)]
    if len(times) != 2 or not all(times):
        raise click.BadParameter(f'"{value}" is not a shift. Write it as 14:00-22:00, or 22:00-06:00 over midnight.')
    return _read_time(times[0]), _read_time(times[1])


def _read_breaks(
    ctx: click.Context, param: click.Parameter, values: tuple[str, ...]
) -> tuple[tuple[int, dt.time], ...]:
    """Minutes of each, and the time of the clock at which they begin."""
    breaks = []
    for value in values:
        minutes, _, time = value.partition("@")
        found = _TIME.fullmatch(time.strip())
        if not (found and re.fullmatch(r"\d{1,3}", minutes.strip(), flags=re.ASCII)):
            raise click.BadParameter(f'"{value}" is not a break. Write minutes and time as 30@18:00.')
        breaks.append((int(minutes), _read_time(found)))
    return tuple(breaks)


def _read_time(found: re.Match[str] | None) -> dt.time:
    assert found is not None
    return dt.time(int(found[1]), int(found[2]))


@click.command()
@crime_option
@click.option("--date", "day", required=True, type=Day(), metavar="YYYY-MM-DD", help="Day on which the shift begins.")
@click.option(
    "--shift", required=True, callback=_read_shift, metavar="HH:MM-HH:MM", help="Its times; it may go on past midnight."
)
@click.option(
    "--patrols", "n_patrols", type=int, metavar="N", default=1, show_default=True, help="How many patrols there are."
)
@click.option(
    "--by", type=click.Choice(["foot", "car"]), default="foot", show_default=True, help="How they go between places."
)
@click.option("--visit-minutes", type=int, metavar="MINUTES", default=15, show_default=True, help="Of one visit.")
@click.option(
    "--max-gap-minutes",
    type=int,
    metavar="MINUTES",
    default=120,
    show_default=True,
    help="The longest that a place is left between two visits.",
)
@click.option(
    "--places",
    "n_patrol_places",
    type=int,
    metavar="N",
    help="Places to patrol to choose from, the first by rank.  [default: that of hotspots.toml, or 20]",
)
@click.option(
    "--start",
    "start_point",
    metavar="POINT",
    help='Where patrols begin: a grid reference, "easting,northing" or "latitude,longitude".  [default: at their first '
    "place]",
)
@click.option(
    "--end", "end_point", metavar="POINT", help="Where they end, likewise.  [default: where they begin, if given]"
)
@click.option(
    "--break",
    "breaks",
    multiple=True,
    callback=_read_breaks,
    metavar="MINUTES@HH:MM",
    help="A break of every patrol, such as 30@18:00; it begins then or up to an hour later. Repeatable.",
)
@click.option(
    "--car-kmh", type=float, default=20.0, show_default=True, help="By car: km an hour, traffic and lights included."
)
@click.option("--parking-minutes", type=float, default=2.0, show_default=True, help="By car: to park, each time.")
@study_options("streets", "base_map")
@out_option
@json_option
def plan(
    inputs: StudyInputs,
    crime: str,
    day: dt.date,
    shift: tuple[dt.time, dt.time],
    n_patrols: int,
    by: TravelBy,
    visit_minutes: int,
    max_gap_minutes: int,
    n_patrol_places: int | None,
    start_point: str | None,
    end_point: str | None,
    breaks: tuple[tuple[int, dt.time], ...],
    car_kmh: float,
    parking_minutes: float,
    out: Path,
    as_json: bool,
) -> None:
    """Plan a shift: which patrol visits which place, in which order and when.

    Places and what to expect there are those of `hotspots run`, for the hours of the shift; --from and --to say from
    which incidents. Writes a card for each patrol to print, a calendar, GPX files and a table.
    """
    from hotspots.pipeline import PatrolPlanRequest, plan_shift
    from hotspots.products.files import write_patrol_plan

    settings = inputs.load_settings()
    request = PatrolPlanRequest(
        crime=crime,
        day=day,
        begin=shift[0],
        end=shift[1],
        n_patrols=n_patrols,
        by=by,
        visit_minutes=visit_minutes,
        max_gap_minutes=max_gap_minutes,
        **choose_thresholds(settings, n_patrol_places=n_patrol_places),
        start_point=start_point,
        end_point=end_point,
        breaks=breaks,
        car_kmh=car_kmh,
        parking_minutes=parking_minutes,
        wards=inputs.wards,
        first_day=inputs.start,
        last_day=inputs.end,
    )
    tables: tuple[BesideTable, ...] = ("streets", "base_map")
    with open_study(inputs, settings, out=out, tables=tables) as (study, progress):
        found = plan_shift(study, request, progress=progress)
        progress("writing")
        written = write_patrol_plan(found, out, notify=warn)
    echo_products([written], out, sentences="terminal.patrol_plan", page="card", as_json=as_json)

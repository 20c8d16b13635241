"""Options and opening of a study, shared by the commands that read one."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import os
import re
import sys
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from hotspots.cli.outputs import echo, make_plain

if TYPE_CHECKING:
    from hotspots.pipeline import BesideTable, Progress, Study
    from hotspots.settings import Settings

Command = TypeVar("Command", bound=Callable[..., Any])

PATH = click.Path(path_type=Path)
METRES: dict[str, Any] = {"type": float, "metavar": "METRES", "show_default": True}
_YEARS = (1900, 2100)
_MONTH = re.compile(r"\d{4}-\d{2}", flags=re.ASCII)

settings_option: Callable[[Command], Command] = click.option(
    "--settings",
    "settings_file",
    type=PATH,
    help="Settings of the workspace.  [default: hotspots.toml here, if it is there]",
)
out_option: Callable[[Command], Command] = click.option(
    "--out", type=PATH, default=Path("maps"), show_default=True, help="Folder to write to."
)

audience_option: Callable[[Command], Command] = click.option(
    "--audience",
    type=click.Choice(["tasking", "partner", "public"]),
    default="tasking",
    show_default=True,
    help="For whom: what each may have is in docs/audiences.md.",
)

crime_option: Callable[[Command], Command] = click.option(
    "--crime", required=True, metavar="CRIME", help="The crime; an unknown name prints the list."
)
charts_option: Callable[[Command], Command] = click.option(
    "--charts",
    is_flag=True,
    help="Write charts for slides and reports too, as SVG and PNG: they need the packages of hotspots[charts].",
)
json_option: Callable[[Command], Command] = click.option("--json", "as_json", is_flag=True, help="Print every number.")


def records_option(*, required: bool = False) -> Callable[[Command], Command]:
    """The option that takes records of patrols."""
    return click.option(
        "--records",
        "record_files",
        multiple=True,
        required=required,
        type=PATH,
        help="File or folder of where patrols were: pings of vehicles or radios, visits (CSV, Excel, GeoPackage, "
        "GeoJSON, Parquet), or GPX tracks. Repeatable." + ("" if required else "  [default: none]"),
    )


class Day(click.DateTime):
    """A day, in ISO form or as it is written in Britain."""

    name = "day"

    def __init__(self) -> None:
        super().__init__(formats=["%Y-%m-%d", "%d/%m/%Y"])

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The day."""
        try:
            day = super().convert(value, param, ctx)
        except click.BadParameter:
            self.fail(f'"{value}" is not a day of the calendar. Write it as 2026-09-30 or 30/09/2026.', param, ctx)
        if not _YEARS[0] <= day.year <= _YEARS[1]:
            self.fail(f'"{value}" is not a day of {_YEARS[0]} to {_YEARS[1]}. Check its year.', param, ctx)
        return day.date()


def day_option(*names: str, **details: Any) -> Callable[[Command], Command]:
    """An option that takes a day."""
    return click.option(*names, type=Day(), metavar="YYYY-MM-DD", **details)


class Period(Day):
    """Two months or two days with two dots between them, or one month."""

    name = "period"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The first and the last day."""
        if isinstance(value, tuple):
            return value
        first, dots, last = value.partition("..")
        if not (dots or _MONTH.fullmatch(value.strip())):
            self.fail(f'"{value}" is not a period. Write it as 2025-02..2025-12 or 2025-02-03..2025-03-09.', param, ctx)
        ends = [self._read_end(end.strip(), param, ctx) for end in (first, last if dots else first)]
        return ends[0][0], ends[1][1]

    def _read_end(self, text: str, param: click.Parameter | None, ctx: click.Context | None) -> tuple[dt.date, dt.date]:
        """The first and last day of a month; of a day, itself."""
        if not _MONTH.fullmatch(text):
            day = super().convert(text, param, ctx)
            return day, day
        if not 1 <= int(text[5:]) <= 12:
            self.fail(f'"{text}" is not a month of the calendar. Write it as 2025-02.', param, ctx)
        begin: dt.date = super().convert(f"{text}-01", param, ctx)
        return begin, (begin + dt.timedelta(days=31)).replace(day=1) - dt.timedelta(days=1)


_OPTIONS = {
    "incidents": click.option(
        "--incidents",
        multiple=True,
        type=PATH,
        help="CSV, Excel, Parquet, GeoPackage, GeoJSON, KML, shapefile, .zip or folder of incidents. Repeatable.  "
        "[default: data/incidents]",
    ),
    "boundaries": click.option(
        "--boundaries",
        multiple=True,
        type=PATH,
        help="GeoJSON, GeoPackage, KML or (zipped) shapefile of wards. Repeatable.  [default: data/boundaries]",
    ),
    "layer": click.option(
        "--layer", metavar="NAME", help="Layer of the boundary files.  [default: all with ward codes]"
    ),
    "start": click.option(
        "--from", "start", type=Day(), metavar="YYYY-MM-DD", help="First day.  [default: the first of the incidents]"
    ),
    "end": click.option(
        "--to", "end", type=Day(), metavar="YYYY-MM-DD", help="Last day.  [default: the last of the incidents]"
    ),
    "wards": click.option(
        "--ward",
        "wards",
        multiple=True,
        metavar="WARD",
        help="Code or name of a ward to analyse. Repeatable.  [default: all]",
    ),
    "store": click.option(
        "--store", type=PATH, help="Folder to keep the tables read, so that the next run reads only new files."
    ),
    "settings_file": settings_option,
    "havens": click.option(
        "--havens",
        multiple=True,
        type=PATH,
        help="File or folder of safe havens. Repeatable.  [default: data/havens, if it is there]",
    ),
    "streets": click.option(
        "--streets",
        multiple=True,
        type=PATH,
        help="Street network, OS Open Roads or OpenStreetMap: GeoPackage, shapefile, GeoParquet, GeoJSON or .osm.pbf. "
        "Repeatable.  [default: data/streets, if it is there]",
    ),
    "base_map": click.option(
        "--base-map",
        multiple=True,
        type=PATH,
        help="Water, parks, railways and stations to draw below the map, OS Open Zoomstack or OpenStreetMap: "
        "GeoPackage, shapefile, GeoJSON or .osm.pbf. Repeatable.  [default: data/base_map, if it is there]",
    ),
    "tiles": click.option(
        "--tiles",
        metavar="URL",
        help="Map tiles of a server to show below the map: https://.../{z}/{x}/{y}.png. Whoever opens the map asks "
        "that server for the area that they look at.  [default: none]",
    ),
    "tiles_attribution": click.option(
        "--tiles-attribution", metavar="TEXT", help="Whose the tiles are, in the words that their licence asks for."
    ),
    "premises": click.option(
        "--premises",
        multiple=True,
        type=PATH,
        help="File or folder of licensed premises, stations and parks. Repeatable.  "
        "[default: data/premises, if it is there]",
    ),
    "schools": click.option(
        "--schools",
        multiple=True,
        type=PATH,
        help="File or folder of schools. Repeatable.  [default: data/schools, if it is there]",
    ),
    "candidates": click.option(
        "--candidates",
        multiple=True,
        type=PATH,
        help="File or folder of places that could become safe havens. Repeatable.  "
        "[default: data/candidates, if it is there]",
    ),
    "cameras": click.option(
        "--cameras",
        multiple=True,
        type=PATH,
        help="File or folder of cameras that are there already. Repeatable.  [default: data/cameras, if it is there]",
    ),
    "youth_zones": click.option(
        "--youth-zones",
        multiple=True,
        type=PATH,
        help="File or folder of youth zones that are there already. Repeatable.  "
        "[default: data/youth_zones, if it is there]",
    ),
    "safety_maps": click.option(
        "--safety-maps",
        multiple=True,
        type=PATH,
        help="File or folder of marks that young people made on maps. Repeatable.  "
        "[default: data/safety_maps, if it is there]",
    ),
    "term_dates": click.option(
        "--term-dates",
        type=PATH,
        help="Table of school terms, for school days.  [default: data/calendar/term_dates.csv, if it is there]",
    ),
    "checked_since": day_option(
        "--checked-since",
        help="Opening hours last checked before this day are not known.  [default: whenever they were checked]",
    ),
    "population": click.option(
        "--population",
        type=PATH,
        help="Table of residents by ward code, for rates.  [default: from the boundaries]",
    ),
}
"""By the name of the field of `StudyInputs` that each fills."""
_BESIDE = ("streets", "base_map", "premises", "schools", "candidates", "cameras", "youth_zones", "safety_maps")
_SINGLE = ("term_dates", "checked_since", "population", "tiles", "tiles_attribution")
_USUAL = ("incidents", "boundaries", "layer", "start", "end", "wards", "store", "settings_file")


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyInputs:
    """Inputs given to a command. Those left out are found in the settings or by `load_study`."""

    incidents: tuple[Path, ...] = ()
    boundaries: tuple[Path, ...] = ()
    layer: str | None = None
    start: dt.date | None = None
    end: dt.date | None = None
    wards: tuple[str, ...] = ()
    store: Path | None = None
    settings_file: Path | None = None
    havens: tuple[Path, ...] = ()
    streets: tuple[Path, ...] = ()
    base_map: tuple[Path, ...] = ()
    tiles: str | None = None
    tiles_attribution: str | None = None
    premises: tuple[Path, ...] = ()
    schools: tuple[Path, ...] = ()
    candidates: tuple[Path, ...] = ()
    cameras: tuple[Path, ...] = ()
    youth_zones: tuple[Path, ...] = ()
    safety_maps: tuple[Path, ...] = ()
    term_dates: Path | None = None
    checked_since: dt.date | None = None
    population: Path | None = None

    def load_settings(self) -> Settings:
        """The settings, with what was given in the place of what they say."""
        from hotspots.settings import load_settings

        wanted = ("layer", "store", "boundaries", "havens", *_BESIDE, *_SINGLE)
        given = {name: getattr(self, name) for name in wanted if getattr(self, name)}
        return dataclasses.replace(load_settings(self.settings_file), **given)


def choose_thresholds(settings: Settings, **asked: float | None) -> dict[str, Any]:
    """What was asked for, or else what the house has decided; left out is what neither says.

    Args:
        settings: `inputs.load_settings()`.
        asked: By the names of `hotspots.house.Thresholds`.
    """
    usual = settings.house.thresholds
    chosen = {name: getattr(usual, name) if value is None else value for name, value in asked.items()}
    return {name: value for name, value in chosen.items() if value is not None}


reach_option: Callable[[Command], Command] = click.option(
    "--reach",
    "reach_m",
    type=float,
    metavar="METRES",
    help="Distance within reach of a safe haven.  [default: that of hotspots.toml, or 400]",
)
places_option: Callable[[Command], Command] = click.option(
    "--places",
    "n_patrol_places",
    type=int,
    metavar="N",
    help="Places to patrol, at most: each 150 m across.  [default: that of hotspots.toml, or 20]",
)


def study_options(*also: str, but: str | None = None) -> Callable[[Command], Command]:
    """Give a command the options that say what is read, and itself `inputs`, the `StudyInputs` that they fill.

    Args:
        also: Options that only some commands have.
        but: The usual one that it does not have.
    """
    return reading_options(*(name for name in (*_USUAL, *also) if name != but))


def reading_options(*names: str) -> Callable[[Command], Command]:
    """The same for a command that reads no incidents: the options of these names alone."""

    def decorate(command: Command) -> Command:
        @functools.wraps(command)
        def read_options(**values: Any) -> Any:
            inputs = StudyInputs(**{name: values.pop(name) for name in names})
            return command(inputs=inputs, **values)

        decorated: Any = read_options
        for name in reversed(names):
            decorated = _OPTIONS[name](decorated)
        return decorated  # type: ignore[no-any-return]

    return decorate


@contextmanager
def open_study(
    inputs: StudyInputs,
    settings: Settings,
    *,
    out: Path | None = None,
    start: dt.date | None = None,
    tables: Collection[BesideTable] = (),
    others: Iterable[Path] = (),
) -> Iterator[tuple[Study, Progress]]:
    """Read a study, and say on stderr what is being done until the block ends.

    Args:
        inputs: What was given.
        settings: `inputs.load_settings()`.
        out: Folder that products will be written to; what a killed run set aside there is put back first.
        start: First day that is needed; by default the one that was given.
        tables: What is needed beside incidents and boundaries.
        others: What the command reads besides, which products must not be written to either.
    """
    from hotspots.pipeline import list_inputs, load_study

    if out is not None:
        from hotspots.products.files import require_apart, restore_products

        paths = list_inputs(inputs.incidents, inputs.boundaries, settings=settings)
        require_apart(out, [*(path for kind in paths.values() for path in kind), *others])
        restore_products(out)
    with show_progress() as progress:
        study = load_study(
            inputs.incidents,
            inputs.boundaries,
            settings=settings,
            period=(start or inputs.start, inputs.end),
            tables=tables,
            progress=progress,
        )
        yield study, progress
    store = study.store
    if store and store.problem:
        echo(
            f"The tables read could not be kept in {store.folder.as_posix()} ({store.problem}). The next run reads it "
            "again.",
            err=True,
        )
    if store and store.rebuilt:
        echo(f"The store was damaged; read again: {', '.join(store.rebuilt)}", err=True)


@contextmanager
def show_progress() -> Iterator[Callable[[str], None]]:
    """A line on stderr, where that is a terminal, that says what is being done.

    To a program that sets the environment variable HOTSPOTS_PROGRESS to "lines" it is said in lines of their own: each
    begins with the character U+001E, and no message does.
    """
    from hotspots.settings import PROGRESS_MARK, PROGRESS_VARIABLE

    # a process may have no stderr at all
    if sys.stderr and os.environ.get(PROGRESS_VARIABLE) == "lines":
        yield lambda text: print(PROGRESS_MARK + make_plain(" ".join(text.split())), file=sys.stderr, flush=True)
        return
    if not (sys.stderr and sys.stderr.isatty()):
        yield lambda text: None
        return
    from tqdm import tqdm  # here, as it takes a while and few runs of a script show anything

    with tqdm(leave=False, file=sys.stderr, bar_format="{elapsed} {desc}") as line:
        yield lambda text: line.set_description_str(make_plain(text))

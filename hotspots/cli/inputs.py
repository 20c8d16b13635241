"""What commands that read a study share: their options, and how it is opened."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from hotspots.errors import DataError

if TYPE_CHECKING:
    from hotspots.pipeline import Progress, Study

Command = TypeVar("Command", bound=Callable[..., Any])

settings_option: Callable[[Command], Command] = click.option(
    "--settings",
    "settings_file",
    type=click.Path(path_type=Path),
    help="Settings of the workspace.  [default: hotspots.toml here, if it is there]",
)

_PATH = click.Path(path_type=Path)
_YEARS = (1900, 2100)
_LOOK_BACK_DAYS = 731
"""What came before a period: twelve months are compared with the twelve before them, and weeks with last year's."""


class _Day(click.DateTime):
    """A day, in ISO form or as it is written in Britain."""

    name = "day"

    def __init__(self) -> None:
        super().__init__(formats=["%Y-%m-%d", "%d/%m/%Y"])

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            day = super().convert(value, param, ctx)
        except click.BadParameter:
            self.fail(f'"{value}" is no day of the calendar. Write it as 2026-09-30 or 30/09/2026.', param, ctx)
        if not _YEARS[0] <= day.year <= _YEARS[1]:
            self.fail(f'"{value}" is not a day of {_YEARS[0]} to {_YEARS[1]}. Check its year.', param, ctx)
        return day


_DATE = _Day()

_FROM = click.option(
    "--from", "start", type=_DATE, metavar="YYYY-MM-DD", help="First day.  [default: that of the incidents]"
)
_STUDY_OPTIONS = (
    click.option(
        "--incidents",
        multiple=True,
        type=_PATH,
        help="CSV, Excel, Parquet, GeoPackage, GeoJSON, shapefile, .zip or folder of incidents. May repeat.  "
        "[default: data/incidents]",
    ),
    click.option(
        "--boundaries",
        multiple=True,
        type=_PATH,
        help="GeoJSON, GeoPackage or (zipped) shapefile of wards. May repeat.  [default: data/boundaries]",
    ),
    click.option("--layer", metavar="NAME", help="Layer of the boundary files.  [default: all with ward codes]"),
    _FROM,
    click.option("--to", "end", type=_DATE, metavar="YYYY-MM-DD", help="Last day.  [default: that of the incidents]"),
    click.option(
        "--ward",
        "wards",
        multiple=True,
        metavar="WARD",
        help="Code or name of a ward to analyse. May repeat.  [default: all]",
    ),
    click.option(
        "--store", type=_PATH, help="Folder to keep what was read in, so that the next run reads only what is new."
    ),
    settings_option,
)


def study_options(command: Command) -> Command:
    """Give a command the options that say what is read."""
    for option in reversed(_STUDY_OPTIONS):
        command = option(command)
    return command


def whole_study_options(command: Command) -> Command:
    """The same for a command that needs all that came before its last day."""
    for option in reversed(_STUDY_OPTIONS):
        command = command if option is _FROM else option(command)
    return command


def to_day(moment: dt.datetime | None) -> dt.date | None:
    """The day of an option, if it was given."""
    return moment.date() if moment else None


@contextmanager
def open_study(
    *,
    incidents: tuple[Path, ...],
    boundaries: tuple[Path, ...],
    havens: tuple[Path, ...] | None,
    population: Path | None,
    layer: str | None,
    start: dt.datetime | None,
    end: dt.datetime | None,
    store: Path | None,
    settings_file: Path | None,
    n_steps: int,
    term_dates: Path | None = None,
    has_calendar: bool = False,
) -> Iterator[tuple[Study, Progress]]:
    """Read a study under a progress bar that has `n_steps` to go when it is read.

    What the options leave open is taken from the settings, then from the data/ folder here. A command without use for
    safe havens gives None for them, and none are read; one that has use for term dates says so with `has_calendar`.
    """
    from tqdm import tqdm

    from hotspots.ingest.formats import find_files
    from hotspots.ingest.incidents import INCIDENT_SUFFIXES, Store
    from hotspots.pipeline import load_study
    from hotspots.settings import load_settings

    settings = load_settings(settings_file)
    read = incidents or settings.incidents or (Path("data/incidents"),)
    outlines = boundaries or settings.boundaries
    places = havens or settings.havens
    folder_here = Path("data/havens")
    havens_here = (folder_here,) if folder_here.is_dir() and any(folder_here.iterdir()) else ()
    if havens is None:
        places = havens_here = ()
    terms = (term_dates or settings.term_dates) if has_calendar else None
    terms_here = Path("data/calendar/term_dates.csv")
    folder = store or settings.store
    kept = Store(folder=folder) if folder else None
    total = len(find_files(read, suffixes=INCIDENT_SUFFIXES, what="incidents")) + 1 + n_steps
    with tqdm(total=total, disable=None, leave=False, file=sys.stderr, bar_format="{l_bar}{bar}| {desc}") as bar:

        def progress(step: str) -> None:
            bar.set_description_str(step)
            bar.update()

        study = load_study(
            read,
            outlines or (Path("data/boundaries"),),
            places or havens_here,
            population=population or settings.population,
            term_dates=terms or (terms_here if has_calendar and terms_here.is_file() else None),
            country=settings.country,
            subdivision=settings.subdivision,
            options=settings.make_reading_options(),
            harm=settings.harm,
            layer=layer,
            start=to_day(start),
            end=to_day(end),
            look_back_days=_LOOK_BACK_DAYS,
            store=kept,
            progress=progress,
        )
        yield (
            keep_apart(study, boundaries_given=bool(outlines), havens_given=bool(places), terms_given=bool(terms)),
            progress,
        )
    if kept and kept.problem:
        click.echo(
            f"What was read could not be kept in {kept.folder.as_posix()} ({kept.problem}). "
            "The next run reads it again.",
            err=True,
        )
    if kept and kept.rebuilt:
        click.echo(f"The store was damaged; read again: {', '.join(kept.rebuilt)}", err=True)


def keep_apart(study: Study, *, boundaries_given: bool, havens_given: bool, terms_given: bool) -> Study:
    """Keep real incidents from the demonstration's wards, havens and terms, unless those were asked for by name.

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
        study = dataclasses.replace(study, havens=None)
    if "term dates" in status and not terms_given:
        study = dataclasses.replace(study, calendar=dataclasses.replace(study.calendar, terms=None))
    return study

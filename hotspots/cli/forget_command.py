"""`hotspots forget`: incidents removed that are older than may be kept."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click

from hotspots.cli.inputs import PATH, day_option, settings_option, show_progress
from hotspots.cli.outputs import echo, echo_json
from hotspots.errors import ParameterError

_SETTLED_S = 60
"""A file that was changed since may be a copy on its way."""


@click.command()
@day_option("--before", required=True, help="The first day that may stay: incidents that ended before it go.")
@click.option(
    "--incidents",
    multiple=True,
    type=PATH,
    help="Folder of incidents. Repeatable.  [default: data/incidents, or those of the settings]",
)
@settings_option
@click.option("--yes", "is_meant", is_flag=True, help="Remove them; without it nothing is changed.")
@click.option("--json", "as_json", is_flag=True, help="Print what was removed as JSON.")
def forget(
    before: dt.date, incidents: tuple[Path, ...], settings_file: Path | None, is_meant: bool, as_json: bool
) -> None:
    """Remove incidents that are older than may be kept, from their files and from the store.

    A file of which all are too old is removed. One that holds later ones too is replaced by a file of what is read of
    these: their places, times and kinds of crime, without any other column. Products are left as they are, and so are
    backups.
    """
    from hotspots.ingest.incidents import Store, forget_incidents
    from hotspots.settings import FILE_NAME, load_settings

    settings = load_settings(settings_file)
    if settings.store is None:
        raise ParameterError(
            f"Numbers of incidents are hashed with the key of the store, and {FILE_NAME} names none. Put this line "
            'before its first table: store = "store".'
        )
    folders = incidents or settings.incidents or (Path("data/incidents"),)
    with show_progress() as progress:
        found = forget_incidents(
            folders,
            before=before,
            store=Store(folder=settings.store),
            options=settings.make_reading_options(),
            settled_s=_SETTLED_S,
            is_trial=not is_meant,
            progress=progress,
        )
    if as_json:
        echo_json(
            {
                "before": found.before.isoformat(),
                "is_done": is_meant,
                "n_rows": found.n_rows,
                "removed": list(found.removed),
                "shortened": list(found.shortened),
                "unread": [{"file": name, "why": why} for name, why in found.unread],
            }
        )
        return
    verbs = ("Removed", "Replaced by what is left of it") if is_meant else ("Would be removed", "Would be shortened")
    for verb, names in zip(verbs, (found.removed, found.shortened), strict=True):
        for name in names:
            echo(f"{verb}: {name}")
    for name, why in found.unread:
        echo(f"Left as it is: {name}. {why}")
    what = f"Incidents before {before.day} {before:%B %Y}"
    if found.is_nothing:
        echo(f"{what}: there are none.")
    elif is_meant:
        echo(f"{what}: {found.n_rows:,} rows removed.")
    else:
        echo(f"{what}: {found.n_rows:,} rows. Nothing was changed; give --yes to remove them.")

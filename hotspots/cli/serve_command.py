"""`hotspots serve`: the service, with its workers."""

from __future__ import annotations

import contextlib
import signal
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hotspots.cli.inputs import settings_option
from hotspots.cli.outputs import echo, warn
from hotspots.cli.service_workspace import ServiceWorkspace, open_workspace, require_service_packages
from hotspots.errors import ParameterError

if TYPE_CHECKING:
    from hotspots.service.state import ServiceSettings

_DEMONSTRATION = "hotspots-demonstration"
_MAY = {"analyst": "runs analyses", "viewer": "opens products", "admin": "gives accounts, and sees who did what"}


@click.command()
@click.option(
    "--port", type=click.IntRange(1, 65_535), help="Where to listen.  [default: that of hotspots.toml, or 8765]"
)
@click.option(
    "--no-worker",
    is_flag=True,
    help="Serve pages alone: jobs wait for a worker that is started elsewhere, with hotspots work.",
)
@click.option(
    "--demonstration",
    type=click.Path(path_type=Path, file_okay=False),
    is_flag=False,
    flag_value=Path(_DEMONSTRATION),
    metavar="[FOLDER]",
    help="Try it: make a workspace with the synthetic demonstration data in FOLDER, if it is not there yet, four "
    f"accounts, and the first products.  [FOLDER: {_DEMONSTRATION}]",
)
@settings_option
def serve(settings_file: Path | None, demonstration: Path | None, port: int | None, no_worker: bool) -> None:
    """Serve products to people's browsers, and run what they ask for.

    The service is that of the workspace here, or of the one whose settings are given. It ends with Ctrl-C. It listens
    on this machine alone unless hotspots.toml says otherwise in [service].
    """
    require_service_packages()
    if demonstration is not None:
        if settings_file is not None:
            raise click.UsageError("--demonstration has settings of its own. Leave out --settings.")
        settings_file = _make_demonstration(demonstration)
    with open_workspace(settings_file) as workspace:
        from hotspots.service.app import keep_workers, listen, require_safe
        from hotspots.service.jobs import require_schedules

        service = workspace.service.model_copy(update={"port": port or workspace.service.port})
        require_safe(service, workspace.database)
        require_schedules(service)
        _require_free(service)
        if demonstration is not None:
            _prepare(workspace)
        echo(f"Hotspots is at {_say_address(service)} (Ctrl-C ends it).", err=True)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # by order, and so no failure
        n_workers = 0 if no_worker else service.workers
        with (
            keep_workers(_name_worker(settings_file), n=n_workers, notify=warn),
            contextlib.suppress(KeyboardInterrupt),
        ):
            listen(workspace.settings, service, workspace.database)


def _make_demonstration(folder: Path) -> Path:
    """The settings of a workspace with the demonstration data, which is made if it is not there."""
    from hotspots.settings import FILE_NAME
    from hotspots.workspace import make_workspace

    settings = folder / FILE_NAME
    if not settings.exists():
        make_workspace(folder, demonstration=True)
        echo(f"Made {folder.as_posix()} with the demonstration data.", err=True)
    return settings


def _prepare(workspace: ServiceWorkspace) -> None:
    """Make accounts and ask for products, and say how to sign in."""
    from hotspots.service.app import prepare_demonstration

    made = prepare_demonstration(workspace.database, time_zone=workspace.settings.time_zone)
    if not made:
        echo("The accounts are those of the first time. hotspots users password gives one another password.", err=True)
        return
    echo("Sign in with one of these names and passwords, which are said this once:", err=True)
    for account in made:
        what = f"{_MAY[account.role]}{' that are made for partners' if account.tier == 'partner' else ''}"
        echo(f"  {account.name:8} {account.password}  ({what})", err=True)
    echo("The first products are on their way: the patrol plan of Friday comes first. All data are made up.", err=True)


def _name_worker(settings_file: Path | None) -> list[str]:
    """What starts a worker of the same workspace."""
    given = [] if settings_file is None else [f"--settings={settings_file.resolve()}"]
    return [sys.executable, "-P", "-m", "hotspots", "work", *given]


def _require_free(service: ServiceSettings) -> None:
    """Refuse to begin where another program listens already."""
    kind = socket.AF_INET6 if ":" in service.address else socket.AF_INET
    with socket.socket(kind) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((service.address, service.port))
        except OSError as error:
            raise ParameterError(
                f"It is not possible to listen at {service.address}, port {service.port}: {error.strerror}. Give "
                "another `port`, or end the program that is there."
            ) from error


def _say_address(service: ServiceSettings) -> str:
    """What people type."""
    scheme = "https" if service.tls_certificate else "http"
    return service.public_address or f"{scheme}://{service.address}:{service.port}"

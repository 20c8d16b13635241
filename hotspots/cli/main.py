"""The command line: parse, call, write. Data go to stdout, messages to stderr.

Exit codes: 0 fine, 1 failure, 2 usage (an option, crime, ward or path that is not there), 3 bad data, 4 too
little data.
"""

from __future__ import annotations

import gc
import io
import os
import re
import sys
from collections.abc import Sequence

import click

import hotspots
from hotspots.cli.audit_command import audit
from hotspots.cli.backup_command import backup, restore
from hotspots.cli.brief_command import brief
from hotspots.cli.check_command import check
from hotspots.cli.evaluate_command import evaluate
from hotspots.cli.fetch_command import fetch
from hotspots.cli.forget_command import forget
from hotspots.cli.geocode_command import geocode
from hotspots.cli.havens_command import havens
from hotspots.cli.init_command import init
from hotspots.cli.operation_command import operation
from hotspots.cli.outputs import echo
from hotspots.cli.pack_command import pack
from hotspots.cli.patrol_command import patrol
from hotspots.cli.performance_command import performance
from hotspots.cli.run_command import run
from hotspots.cli.serve_command import serve
from hotspots.cli.users_command import users
from hotspots.cli.work_command import work
from hotspots.errors import DataError, HotspotsError, NotFoundError, ParameterError, TooLittleDataError

EXIT_FAILURE, EXIT_USAGE, EXIT_BAD_DATA, EXIT_TOO_LITTLE_DATA = 1, 2, 3, 4

_EXIT_CODES: tuple[tuple[type[HotspotsError], int], ...] = (
    (TooLittleDataError, EXIT_TOO_LITTLE_DATA),
    (DataError, EXIT_BAD_DATA),
    (ParameterError, EXIT_USAGE),
    (NotFoundError, EXIT_USAGE),
)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(hotspots.__version__, prog_name="hotspots")
def cli() -> None:
    """Find where and when crime concentrates, and which safe havens are near."""


_PRODUCTS = (run, pack, brief, evaluate, performance, operation, havens, patrol)
_DATA = (check, geocode, forget, fetch, init)
_SERVICE = (serve, work, users, audit, backup, restore)
for command in (*_PRODUCTS, *_DATA, *_SERVICE):
    cli.add_command(command)


def find_command(words: Sequence[str]) -> click.Command:
    """The command that a command line is of; its group, where it names none."""
    command: click.Command = cli
    for word in words:
        if not isinstance(command, click.Group) or word not in command.commands:
            break
        command = command.commands[word]
    return command


def name_options(message: str, command: click.Command) -> str:
    """A message of the library, with the options of a command in the place of parameters in backticks."""
    options = {parameter.name: parameter.opts[0] for parameter in command.params if isinstance(parameter, click.Option)}
    return re.sub(r"`(\w+)`", lambda found: options.get(found[1], found[0]), message)


def main() -> None:
    """Run the command, turning each deliberate error into one line and its exit code."""
    import signal

    # what libraries define at import stays, and looking through it at every 700 objects takes a tenth of a short run
    gc.set_threshold(10_000)
    # matrices are small here, and threads that wait for the next one use up a second core; read when NumPy is imported
    for library in ("OPENBLAS", "MKL"):
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")
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
        echo("Stopped; the last good products are untouched.", err=True)
        sys.exit(EXIT_FAILURE)
    except HotspotsError as error:
        echo(f"hotspots: {name_options(str(error), find_command(sys.argv[1:]))}", err=True)
        sys.exit(next((code for kind, code in _EXIT_CODES if isinstance(error, kind)), EXIT_FAILURE))
    except MemoryError:
        echo("hotspots: not enough memory. Give fewer months, or fewer wards, at a time.", err=True)
        sys.exit(EXIT_FAILURE)
    except OSError as error:
        echo(f"hotspots: {error}. Check that the path can be read and written.", err=True)
        sys.exit(EXIT_FAILURE)

"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])

settings_option: Callable[[Command], Command] = click.option(
    "--settings",
    "settings_file",
    type=click.Path(path_type=Path),
    help="Settings of the workspace.  [default: hotspots.toml here, if it is there]",
)

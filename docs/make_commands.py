"""Write docs/commands.md: the help of every command, as the command line prints it.

python docs/make_commands.py
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from hotspots.cli.main import cli

PAGE = Path(__file__).with_name("commands.md")
WIDTH = 100

_HEAD = """\
# Commands

What `--help` prints. This page is written by `docs/make_commands.py`, and a test compares it with the code.

Exit codes: 0 fine, 1 failure, 2 usage (an option, crime, ward or path that does not exist), 3 bad data, 4 too little
data. Data go to standard output; messages and progress go to standard error.
"""


def list_contexts(command: click.Command, name: str, parent: click.Context | None = None) -> Iterator[click.Context]:
    """Contexts of a command and of those below it, in the order in which help lists them."""
    context = click.Context(
        command,
        info_name=name,
        parent=parent,
        help_option_names=["-h", "--help"],
        terminal_width=WIDTH,
        max_content_width=WIDTH,
    )
    yield context
    if isinstance(command, click.Group):
        for below in command.list_commands(context):
            yield from list_contexts(command.commands[below], below, context)


def render_commands() -> str:
    """The page as text."""
    contexts = list_contexts(cli, "hotspots")
    parts = [f"## {context.command_path}\n\n```text\n{context.get_help()}\n```\n" for context in contexts]
    return "\n".join([_HEAD, *parts])


if __name__ == "__main__":
    PAGE.write_text(render_commands(), "utf-8")

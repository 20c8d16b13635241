"""What commands say when all is done: data on stdout, messages on stderr."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from hotspots.products.summary import AnySummary

    Written = tuple[AnySummary, dict[str, Path]]


_STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Characters that steer a terminal, or the direction of a text, and do not show."""


def make_plain(text: str) -> str:
    """A text with a mark for each character that would steer a terminal: files and servers may hold such."""
    return _STEERING.sub("\N{REPLACEMENT CHARACTER}", text)


def echo(text: str, *, err: bool = False) -> None:
    """Print a text, made plain, on stdout or on stderr."""
    click.echo(make_plain(text), err=err)


def warn(sentence: str) -> None:
    """Say something on stderr that is to be known, and is no error."""
    echo(sentence, err=True)


def echo_json(content: Any) -> None:
    """Print JSON that people can read; characters that would steer a terminal are escaped."""
    text = json.dumps(content, ensure_ascii=False, indent=1)
    click.echo(_STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", text))


def echo_products(written: Sequence[Written], out: Path, *, sentences: str, page: str, as_json: bool) -> None:
    """Say what was found, and where it is.

    Args:
        written: Each summary, and the path of each product by its key.
        out: The folder that all are in, for which a page that lists every product is written too.
        sentences: The macro that puts a summary into words.
        page: Key of the product to open first.
        as_json: Whether to print the summary (of several: a list of them) instead of the path of that page.
    """
    from hotspots.products.files import write_index
    from hotspots.products.summary import encode
    from hotspots.products.words import say_each

    index = write_index(out)
    for summary, paths in written:
        echo("\n  ".join(say_each(sentences, summary)), err=True)
        if not as_json:
            echo(paths[page].as_posix())
    echo(f"All products: {index.as_posix()}", err=True)
    if as_json:
        located = [
            encode(dataclasses.replace(summary, products={key: path.as_posix() for key, path in paths.items()}))
            for summary, paths in written
        ]
        echo_json(located[0] if len(located) == 1 else located)

"""What commands say when all is done: data on stdout, messages on stderr."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from hotspots.products.summary import OperationSummary, PerformanceSummary, RunSummary

    Written = tuple[RunSummary | OperationSummary | PerformanceSummary, dict[str, Path]]


def warn(sentence: str) -> None:
    """Say something on stderr that is to be known, and is no error."""
    click.echo(sentence, err=True)


def echo_json(content: Any) -> None:
    """Print JSON that people can read."""
    click.echo(json.dumps(content, ensure_ascii=False, indent=1))


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
        click.echo("\n  ".join(say_each(sentences, summary)), err=True)
        if not as_json:
            click.echo(paths[page].as_posix())
    click.echo(f"All products: {index.as_posix()}", err=True)
    if as_json:
        located = [
            encode(dataclasses.replace(summary, products={key: path.as_posix() for key, path in paths.items()}))
            for summary, paths in written
        ]
        echo_json(located[0] if len(located) == 1 else located)

"""Count what a run does and hold it against what it did: `python -m benchmarks count`.

Time depends on the machine and on what else it does. Calls of functions, modules imported, files opened and bytes read
do not: they show a change for the worse that a clock would hide in its noise. `tests/counted_work.toml` holds what was
counted. A tenth more is a failure; `--write` puts what is counted now in its place, to be committed with the change
that needs it, or that brought it down.
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from benchmarks.calls import Work, count_work
from benchmarks.process import REPOSITORY

BOUNDS = REPOSITORY / "tests" / "counted_work.toml"
CONSTRAINTS = REPOSITORY / "constraints.txt"
SLACK = 0.1
FUNCTIONS = (
    "hotspots.analysis.surfaces.shrinkage:fit_shrinkage",
    "hotspots.analysis.surfaces.shrinkage:measure_loss",
)
"""Counted one by one, beside their rooms: each call of these is dear."""

Bounds = Mapping[str, Mapping[str, float]]


def read_bounds() -> Bounds:
    """What was counted before."""
    found: dict[str, Any] = tomllib.loads(BOUNDS.read_text("utf-8"))
    return found


def list_counts(work: Work) -> dict[str, dict[str, float]]:
    """What is held against bounds, by the table of the file that it is in."""
    run = {name: value for name, value in asdict(work).items() if name != "functions" and value is not None}
    return {
        "run": {name: round(value, 2) for name, value in run.items()},
        "functions": {name: work.functions.get(name, 0) for name in FUNCTIONS},
        "rooms": work.rooms,
    }


def find_risen(work: Work, bounds: Bounds) -> Iterator[str]:
    """What is more than a tenth above its bound, or has none, in words."""
    for table, counts in list_counts(work).items():
        for name, n in counts.items():
            bound = bounds[table].get(name)
            if table == "functions" and n == 0:
                yield f"{name}: not called; FUNCTIONS names what is gone"
            elif bound is None:
                yield f"{name}: {n:,g}, and no bound"
            elif n > bound * (1 + SLACK):
                yield f"{name}: {n:,g}, where it was {bound:,g}"


def is_pinned() -> bool:
    """Whether the packages are those of `constraints.txt`: with others the modules that they import are others."""
    for line in CONSTRAINTS.read_text("utf-8").split():
        name, _, wanted = line.partition("==")
        try:
            if version(name) != wanted:
                return False
        except PackageNotFoundError:
            continue
    return True


def render_bounds(work: Work) -> str:
    """The file of bounds."""
    lines = ["# What a run on a small seeded set of data does. Written by `python -m benchmarks count --write`."]
    for table, counts in list_counts(work).items():
        lines += ["", f"[{table}]"]
        # a bare name may hold neither a dot nor a colon
        lines += [f'"{name}" = {n!r}' if {*name} & set(".:") else f"{name} = {n!r}" for name, n in counts.items()]
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str]) -> int:
    """Count, print, and write where that is asked for; 1 if something has risen."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks count", description=__doc__)
    parser.add_argument("--write", action="store_true", help="make what is counted now the bounds")
    parser.add_argument("--functions", action="store_true", help="print the calls of every function, the most first")
    options = parser.parse_args(arguments)
    work = count_work()
    if options.functions:
        for name, n in sorted(work.functions.items(), key=lambda one: -one[1]):
            print(f"{n:9,} {name}")
    if options.write:
        BOUNDS.write_text(render_bounds(work), "utf-8")
        return 0
    print(render_bounds(work), end="")
    risen = list(find_risen(work, read_bounds()))
    print(*risen, sep="\n", file=sys.stderr)
    return 1 if risen else 0

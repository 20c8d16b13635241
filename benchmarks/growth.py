"""How time and memory of a run grow: `python -m benchmarks growth`.

One thing grows by tens while all others stay as they are. The exponent says how what is added to the cost of the
smallest run grows with what is added to its size, over the last step: 1 where ten times as much adds ten times as
much.
"""

from __future__ import annotations

import argparse
import json
import math
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from benchmarks.charts import draw_lines
from benchmarks.data import Size
from benchmarks.machine import Machine, describe_machine, say_machine
from benchmarks.police_files import CRIMES, Publication
from benchmarks.process import Cost, TooLongError, measure_process
from benchmarks.report import write_part
from benchmarks.whole import ask

_BASE = Size(
    n_incidents=20_000,
    n_places=2_000,
    n_columns=6,
    n_rows=5,
    width_m=6_000.0,
    height_m=6_000.0,
    n_crimes=0,
    n_timed=0,
    n_timed_wards=0,
)
_N_MONTHS = 24
NOISE = {"cpu_s": 0.5, "peak_mb": 15.0}
"""What a machine that is busy adds or takes away by itself; less is called no growth."""
WORSE_THAN_LINEAR = 1.1
_WHAT = {"cpu_s": "CPU, seconds", "peak_mb": "peak memory, MB"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Growing:
    """One thing that grows.

    Attributes:
        unit: What is counted.
        sizes: How much there is of it.
        beside: What stays as it is.
    """

    unit: str
    sizes: tuple[int, ...]
    beside: str

    def publish(self, size: int) -> tuple[Publication, tuple[str, ...]]:
        """The data with so much of it, and the crimes that are asked for."""
        of, n_months, is_one_file, crimes = _BASE, _N_MONTHS, False, tuple(CRIMES)[:1]
        match self.unit:
            case "rows":
                of = replace(of, n_incidents=size)
            case "places":
                of = replace(of, n_places=size, n_incidents=200_000)
            case "km2":
                of = replace(of, width_m=1000 * size**0.5, height_m=1000 * size**0.5)
            case "wards":
                columns = math.isqrt(size)
                of = replace(of, n_columns=columns, n_rows=size // columns, width_m=20_000.0, height_m=20_000.0)
            case "crimes":
                crimes = tuple(CRIMES)[:size]
            case "months":
                n_months, is_one_file = size, True
            case "files":
                n_months = size
        return Publication(size=of, n_months=n_months, is_one_file=is_one_file), crimes


GROWING = {
    one.unit: one
    for one in (
        Growing(unit="rows", sizes=(1_000, 10_000, 100_000, 1_000_000), beside="at 2,000 shared points"),
        Growing(unit="places", sizes=(200, 2_000, 20_000, 200_000), beside="of 200,000 rows"),
        Growing(unit="km2", sizes=(4, 40, 400, 4_000), beside="with 20,000 rows in 30 wards"),
        Growing(unit="wards", sizes=(4, 36, 400, 4_096), beside="with 20,000 rows on 400 km²"),
        Growing(unit="crimes", sizes=(1, 2, 5, 10), beside="of the 11 in 20,000 rows"),
        Growing(unit="months", sizes=(2, 12, 120, 1_200), beside="with 20,000 rows in one file"),
        Growing(unit="files", sizes=(2, 12, 120, 1_200), beside="of a month each, with 20,000 rows"),
    )
}
"""By what is counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What was found of one thing that grows.

    Attributes:
        unit: What.
        sizes: How much there was of it, from the least.
        costs: Of each; the last size has none where it took too long.
    """

    unit: str
    sizes: tuple[int, ...]
    costs: tuple[Cost, ...]

    def fit(self, what: str) -> float | None:
        """The exponent of what is added, over the last step; None where next to nothing is."""
        added = [getattr(cost, what) - getattr(self.costs[0], what) for cost in self.costs]
        if len(added) < 3 or added[-1] <= NOISE[what]:
            return None
        more = [size - self.sizes[0] for size in self.sizes[: len(added)]]
        return math.log(added[-1] / max(added[-2], NOISE[what])) / math.log(more[-1] / more[-2])


def measure_growth(unit: str, *, n_sizes: int, limit_s: int, folder: Path) -> Course:
    """Run Hotspots on the first so many sizes of one thing that grows, until one takes too long."""
    growing = GROWING[unit]
    sizes: list[int] = []
    costs: list[Cost] = []
    for size in growing.sizes[:n_sizes]:
        sizes.append(size)
        print(f"{size:,} {unit}", end="", file=sys.stderr, flush=True)
        data, crimes = growing.publish(size)
        data.write(folder / "data")
        command = [sys.executable, "-W", "ignore", "-m", "hotspots", *ask(folder / "data", folder / "out", *crimes)]
        try:
            costs.append(replace(measure_process(command, limit_s=limit_s), output=""))
            print(f": {costs[-1].cpu_s:.1f} s, {costs[-1].peak_mb:,.0f} MB", file=sys.stderr)
        except TooLongError as error:
            print(f": {error}", file=sys.stderr)
            break
        finally:
            for made in ("data", "out"):
                shutil.rmtree(folder / made, ignore_errors=True)
    return Course(unit=unit, sizes=tuple(sizes), costs=tuple(costs))


def format_courses(courses: Sequence[Course]) -> list[str]:
    """A table in Markdown."""
    lines = ["| what grows | | CPU s | exponent | peak MB | exponent |", "|---|---:|---:|---:|---:|---:|"]
    for course in courses:
        exponents = [_say_exponent(course.fit(what)) if len(course.costs) > 2 else "" for what in _WHAT]
        for index, size in enumerate(course.sizes):
            name = f"**{course.unit}**, {GROWING[course.unit].beside}" if index == 0 else ""
            if index == len(course.costs):
                lines.append(f"| {name} | {size:,} | takes too long | | | |")
                continue
            cost = course.costs[index]
            cpu, peak = exponents if index == len(course.costs) - 1 else ("", "")
            lines.append(f"| {name} | {size:,} | {cost.cpu_s:.1f} | {cpu} | {cost.peak_mb:,.0f} | {peak} |")
    return lines


def _say_exponent(exponent: float | None) -> str:
    if exponent is None:
        return "hardly grows"
    return f"**{exponent:.2f}**" if exponent > WORSE_THAN_LINEAR else f"{exponent:.2f}"


def draw_courses(courses: Sequence[Course]) -> str:
    """CPU and memory as lines."""
    columns = [
        (one.unit, one.sizes[: len(one.costs)], [[getattr(cost, what) for cost in one.costs] for what in _WHAT])
        for one in courses
    ]
    return draw_lines(list(_WHAT.values()), columns)


def main(arguments: Sequence[str]) -> int:
    """Parse, measure, print, and write the page where that is asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks growth", description=__doc__)
    parser.add_argument("--of", choices=GROWING, action="append", help="what grows; once or more, by default all")
    parser.add_argument("--sizes", type=int, default=4, choices=(3, 4), help="how many sizes of each (4)")
    parser.add_argument("--limit-s", type=int, default=300, help="seconds of CPU that one run may take (300)")
    parser.add_argument("--read", type=Path, action="append", help="what --json wrote before, and measure nothing")
    parser.add_argument("--json", action="store_true", help="everything that was measured, and no table")
    parser.add_argument("--write", action="store_true", help="put the table and the chart into docs/performance.md")
    options = parser.parse_args(arguments)
    machine: Machine = {}
    courses = []
    for path in options.read or []:
        found = json.loads(path.read_text("utf-8"))
        machine |= found["machine"]
        courses += [
            Course(unit=one["unit"], sizes=tuple(one["sizes"]), costs=tuple(Cost(**cost) for cost in one["costs"]))
            for one in found["courses"]
        ]
    if not options.read:
        machine = describe_machine()
        with tempfile.TemporaryDirectory() as folder:
            for unit in dict.fromkeys(options.of or GROWING):
                limits = {"n_sizes": options.sizes, "limit_s": options.limit_s}
                courses.append(measure_growth(unit, **limits, folder=Path(folder)))
    if options.json:
        print(json.dumps({"machine": machine, "courses": [asdict(course) for course in courses]}, indent=1))
    else:
        lines = format_courses(courses)
        print(say_machine(machine), *lines, sep="\n")
        if options.write:
            write_part("growth", ["", *lines, "", f"Measured with {say_machine(machine)}.", ""], draw_courses(courses))
    return 0

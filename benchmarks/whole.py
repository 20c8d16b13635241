"""Whole runs beside a script: `python -m benchmarks run`.

The data are made from a seed. Each run is a process of its own, and those of a case take turns.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from benchmarks.charts import draw_dots
from benchmarks.data import SIZES, Size
from benchmarks.machine import Machine, describe_machine, say_machine
from benchmarks.police_files import CRIMES, Publication
from benchmarks.process import Cost, TooLongError, measure_process
from benchmarks.report import write_part

SCRIPT = "script"
"""The contestant that others are held against."""
FLOOR = "its packages alone"
"""`benchmarks/floor.py`: what no run can be cheaper than."""
CRIMES_ASKED = tuple(CRIMES)[:6]
_PYTHON = [sys.executable, "-W", "ignore"]


def ask(folder: Path, out: Path, *crimes: str) -> list[str]:
    """What Hotspots is asked for."""
    inputs = ["--incidents", f"{folder / 'incidents'}", "--boundaries", f"{folder / 'wards.gpkg'}"]
    return ["run", *inputs, *(word for crime in crimes for word in ("--crime", crime)), "--out", f"{out}"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is run on one set of data.

    Attributes:
        title: What the data are, in words.
        data: What is written before; None for the demonstration.
        crimes: What is asked for.
        names: Of the contestants; those of Hotspots come first.
        n_repeats: Where it is less than what is asked for, because it takes long.
        has_steps: Whether the time of a run is also told by its steps.
    """

    title: str
    data: Publication | None
    crimes: tuple[str, ...] = CRIMES_ASKED[:1]
    names: tuple[str, ...] = ("hotspots", SCRIPT)
    n_repeats: int | None = None
    has_steps: bool = False

    def write(self, folder: Path) -> None:
        """Make the data, in a folder that is not there, and what the contestants need beside them."""
        if self.data is None:
            return
        self.data.write(folder)
        if FROM_STORE in self.names:
            measure_process(self.command(FROM_STORE, folder, folder / "out"))
        if ONE_FILE in self.names:
            replace(self.data, is_one_file=True).write(folder / "one")

    def command(self, name: str, folder: Path, out: Path) -> list[str]:
        """The command of a contestant."""
        return _PYTHON + _COMMANDS[name](folder, out, self.crimes)


COLD, FROM_STORE = "hotspots", "hotspots, nothing new since the last run"
ONE_FILE, EACH_WARD, DEMONSTRATION = (
    "hotspots, all in one file",
    "hotspots, and each ward",
    "hotspots, its data",
)

_Command = Callable[[Path, Path, tuple[str, ...]], list[str]]


def _run_script(folder: Path, out: Path, crimes: tuple[str, ...]) -> list[str]:
    words = [CRIMES[crime][0] for crime in crimes]
    return ["benchmarks/script.py", f"{folder / 'incidents'}", f"{folder / 'wards.gpkg'}", f"{out}", *words]


_COMMANDS: dict[str, _Command] = {
    COLD: lambda folder, out, crimes: ["-m", "hotspots", *ask(folder, out, *crimes)],
    FROM_STORE: lambda folder, out, crimes: [
        *["-m", "hotspots", *ask(folder, out, *crimes)],
        *["--store", f"{folder / 'store'}"],
    ],
    ONE_FILE: lambda folder, out, crimes: ["-m", "hotspots", *ask(folder / "one", out, *crimes)],
    EACH_WARD: lambda folder, out, crimes: ["-m", "hotspots", *ask(folder, out, *crimes), "--each-ward"],
    DEMONSTRATION: lambda _, out, crimes: ["-m", "hotspots", "run", "--crime", crimes[0], "--out", f"{out}"],
    SCRIPT: _run_script,
    FLOOR: lambda folder, _, __: ["benchmarks/floor.py", f"{folder / 'incidents'}", f"{folder / 'wards.gpkg'}"],
}


def _publish(size: str, n_rows: int, n_months: int) -> Publication:
    of: Size = replace(SIZES[size], n_incidents=n_rows)
    return Publication(size=of, n_months=n_months)


_ALL = (COLD, SCRIPT, FLOOR)
_BOROUGHS = _publish("borough", 89_000, 23)
CASES = {
    "boroughs": Case(
        title="two boroughs: 89,000 rows, 23 months, 42 wards", data=_BOROUGHS, names=_ALL, has_steps=True
    ),
    "london": Case(
        title="a London year: 1.1 million rows, 12 months, 630 wards",
        data=_publish("london", 1_100_000, 12),
        names=_ALL,
        has_steps=True,
    ),
    "ten-years": Case(
        title="ten London years: 11 million rows, 120 months, 630 wards",
        data=_publish("london", 11_000_000, 120),
        names=_ALL,
        n_repeats=1,
        has_steps=True,
    ),
    "six-crimes": Case(title="two boroughs, six crimes", data=_BOROUGHS, crimes=CRIMES_ASKED),
    "store": Case(title="two boroughs, again", data=_BOROUGHS, names=(COLD, FROM_STORE, SCRIPT)),
    "each-ward": Case(
        title="six crimes, each ward: two boroughs, and each of their 42 wards",
        data=_BOROUGHS,
        crimes=CRIMES_ASKED,
        names=(EACH_WARD, COLD),
        n_repeats=1,
    ),
    "files": Case(
        title="two boroughs, in 25 files", data=replace(_BOROUGHS, n_months=25), names=(COLD, ONE_FILE, SCRIPT)
    ),
    "demonstration": Case(title="the demonstration", data=None, names=(DEMONSTRATION,), has_steps=True),
    "tiny": Case(title="a handful: 3,000 rows, 24 months, 6 wards", data=_publish("tiny", 3_000, 24)),
}
"""By name. All but the last, which only shows that everything runs, are measured where none is asked for."""


@dataclass(slots=True, kw_only=True)
class Row:
    """What was found of one contestant in one case.

    Attributes:
        case, name: Which.
        runs: One for each repeat.
        failure: Why there are no more.
    """

    case: str
    name: str
    runs: list[Cost] = field(default_factory=list)
    failure: str | None = None

    def median(self, what: str) -> float:
        """Of `cpu_s`, `wall_s` or `peak_mb`."""
        return float(statistics.median(getattr(run, what) for run in self.runs))


def measure_case(name: str, *, n_repeats: int, folder: Path) -> tuple[list[Row], dict[str, float]]:
    """Run all contestants of a case in turn; and seconds of CPU by step, where they are to be told.

    The steps of the packages alone are among them, after `FLOOR` and a colon.
    """
    case = CASES[name]
    case.write(folder / name)
    rows = [Row(case=name, name=contestant) for contestant in case.names]
    for repeat in range(min(n_repeats, case.n_repeats or n_repeats)):
        for row in rows:
            if row.failure:
                continue
            print(f"{name}: {row.name}, {repeat + 1}", file=sys.stderr)
            out = folder / "out"
            try:
                row.runs.append(measure_process(case.command(row.name, folder / name, out)))
            except (RuntimeError, TooLongError) as error:
                row.failure = str(error).splitlines()[-1]
            shutil.rmtree(out, ignore_errors=True)
    steps: dict[str, float] = {}
    if case.has_steps and not rows[0].failure:
        command = case.command(rows[0].name, folder / name, folder / "out")
        command[command.index("hotspots")] = "benchmarks.stages"
        steps = json.loads(measure_process(command).output)
        shutil.rmtree(folder / "out")
        steps |= {f"{FLOOR}: {step}": s for row in rows if row.name == FLOOR for step, s in _parse_floor(row).items()}
    shutil.rmtree(folder / name, ignore_errors=True)
    return rows, steps


def _parse_floor(row: Row) -> dict[str, float]:
    """Seconds of CPU by step, the median of each."""
    runs = [json.loads(run.output) for run in row.runs]
    return {step: statistics.median(run[step] for run in runs) for step in runs[0]} if runs else {}


_COLUMNS = (("cpu_s", "CPU s", ".1f"), ("wall_s", "wall s", ".1f"), ("peak_mb", "peak MB", ",.0f"))


def list_ratios(rows: Sequence[Row]) -> dict[tuple[str, str], dict[str, float]]:
    """How many times as much each run takes as the script of its case, by case and name."""
    scripts = {row.case: row for row in rows if row.name == SCRIPT and row.runs}
    return {
        (row.case, row.name): {what: row.median(what) / scripts[row.case].median(what) for what, _, _ in _COLUMNS}
        for row in rows
        if row.name != SCRIPT and row.runs and row.case in scripts
    }


def format_rows(rows: Sequence[Row]) -> list[str]:
    """A table in Markdown."""
    ratios = list_ratios(rows)
    heads = [head for _, head, _ in _COLUMNS]
    lines = ["| | " + " | ".join([*heads, "times the script: CPU", "peak"]) + " |", "|---" + "|---:" * 5 + "|"]
    case = ""
    for row in rows:
        if row.case != case:
            case = row.case
            lines.append(f"| **{CASES[case].title}** " + "| " * 5 + "|")
        if not row.runs:
            lines.append(f"| {row.name}: {row.failure} " + "| " * 5 + "|")
            continue
        found = ratios.get((row.case, row.name))
        beside = [f"{found[what]:.2g}" for what in ("cpu_s", "peak_mb")] if found else ["", ""]
        numbers = [f"{row.median(what):{spec}}" for what, _, spec in _COLUMNS]
        lines.append(f"| {row.name} | " + " | ".join([*numbers, *beside]) + " |")
    return lines


def format_steps(steps: dict[str, dict[str, float]]) -> list[str]:
    """Seconds of CPU by step, one column a case."""
    lines = ["| step | " + " | ".join(CASES[case].title for case in steps) + " |", "|---" + "|---:" * len(steps) + "|"]
    for step in dict.fromkeys(step for found in steps.values() for step in found):
        numbers = [f"{found[step]:.2f}" if step in found else "" for found in steps.values()]
        lines.append(f"| {step} | " + " | ".join(numbers) + " |")
    return lines


def format_losses(rows: Sequence[Row]) -> list[str]:
    """Where a run of Hotspots takes more than the script, and where it takes less, the worst first."""
    lines = []
    words = {"cpu_s": "the CPU", "wall_s": "the time", "peak_mb": "the memory"}
    ours = {at: found for at, found in list_ratios(rows).items() if at[1] != FLOOR}
    for (case, name), found in sorted(ours.items(), key=lambda one: -one[1]["cpu_s"]):
        said = ", ".join(f"{ratio:.2g} times {words[what]}" for what, ratio in found.items())
        verdict = "Loses" if found["cpu_s"] > 1 or found["peak_mb"] > 1 else "Wins"
        lines.append(f"* {verdict}: {CASES[case].title} ({name}): {said}.")
    return lines


def draw_rows(rows: Sequence[Row]) -> str:
    """CPU and memory of every case as dots."""
    cases = {row.case: [one for one in rows if one.case == row.case and one.runs] for row in rows}
    return draw_dots(
        ["CPU, seconds", "peak memory, MB"],
        [
            (CASES[case].title.partition(":")[0], [{_name(row): row.median(what) for row in of} for what in _DRAWN])
            for case, of in cases.items()
            if of
        ],
    )


_DRAWN = ("cpu_s", "peak_mb")
_NOT_BESIDE = "Nothing was measured beside the script."


def _name(row: Row) -> str:
    """In the chart."""
    if row.name in (SCRIPT, FLOOR):
        return "a script" if row.name == SCRIPT else FLOOR
    return "Hotspots" if row.name in (COLD, DEMONSTRATION) else "Hotspots, see the table"


def main(arguments: Sequence[str]) -> int:
    """Parse, measure, print, and write the page where that is asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks run", description=__doc__)
    parser.add_argument("--size", choices=CASES, action="append", help="once or more; by default all but tiny")
    parser.add_argument("--repeats", type=int, default=3, help="processes for each contestant (3)")
    parser.add_argument("--read", type=Path, action="append", help="what --json wrote before, and measure nothing")
    parser.add_argument("--json", action="store_true", help="everything that was measured, and no table")
    parser.add_argument("--write", action="store_true", help="put the tables and the chart into docs/performance.md")
    options = parser.parse_args(arguments)
    if options.repeats < 1:
        parser.error("--repeats must be 1 or more")
    machine: Machine = {}
    rows: list[Row] = []
    steps: dict[str, dict[str, float]] = {}
    for path in options.read or []:
        found = json.loads(path.read_text("utf-8"))
        machine |= found["machine"]
        rows += [Row(**{**row, "runs": [Cost(**run) for run in row["runs"]]}) for row in found["rows"]]
        steps |= found["steps"]
    if not options.read:
        machine = describe_machine()
        with tempfile.TemporaryDirectory() as folder:
            for name in dict.fromkeys(options.size or list(CASES)[:-1]):
                measured, by_step = measure_case(name, n_repeats=options.repeats, folder=Path(folder))
                rows += measured
                if by_step:
                    steps[name] = by_step
    if options.json:
        print(json.dumps({"machine": machine, "rows": [asdict(row) for row in rows], "steps": steps}, indent=1))
    else:
        lines = [*format_rows(rows), "", "### Where we lose", "", *(format_losses(rows) or [_NOT_BESIDE])]
        if steps:
            lines += ["", "### Where the time goes", "", "Seconds of CPU of one run.", "", *format_steps(steps)]
        print(say_machine(machine), *lines, sep="\n")
        if options.write:
            write_part("whole runs", ["", *lines, "", f"Measured with {say_machine(machine)}.", ""], draw_rows(rows))
    return 1 if any(row.failure for row in rows) else 0

"""Measure Hotspots beside what a user would pick instead, check that the answers agree, and print a table.

Each run has a process of its own. The contestants of a stage take turns, so that a machine which slows down slows all
of them. Exit codes: 0 fine, 1 answers that disagree, 2 usage.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import get_args

import numpy as np

from benchmarks import count, growth, whole
from benchmarks.contest import Array, Contestant, DisagreementError
from benchmarks.contestants import CONTESTANTS, STAGES
from benchmarks.data import SIZES, Case, Spread
from benchmarks.machine import describe_machine, say_machine
from benchmarks.measure import Measurement, measure
from benchmarks.on_foot import ON_FOOT_STAGES
from benchmarks.r_peers import find_missing_package
from benchmarks.times import PLACELESS_STAGES


@dataclass(slots=True, kw_only=True)
class Row:
    """What was found of one contestant on one set of data.

    Attributes:
        case, stage, name: Which.
        runs: One for each repeat; none after a failure.
        failure: Why there are no runs, or none any more.
        agreement: How well the answer agrees with that of the first of the stage; None where it is the first.
        is_wrong: Whether it does not.
    """

    case: Case
    stage: str
    name: str
    runs: list[Measurement] = field(default_factory=list)
    failure: str | None = None
    agreement: str | None = None
    is_wrong: bool = False

    @property
    def least_s(self) -> float:
        """The fastest run."""
        return min(run.run_s for run in self.runs)

    @property
    def median_s(self) -> float:
        """The median run."""
        return statistics.median(run.run_s for run in self.runs)

    @property
    def peak_mb(self) -> float:
        """Median peak memory above what was held."""
        return statistics.median(run.peak_mb for run in self.runs)

    @property
    def import_s(self) -> float:
        """The fastest import."""
        return min(run.import_s for run in self.runs)


def run_stage(
    case: Case, stage: str, *, n_repeats: int, time_limit_s: float, memory_limit_gb: float, folder: Path
) -> list[Row]:
    """Measure all contestants of a stage in turn, and compare their first answers."""
    numbers = [number for number, contestant in enumerate(CONTESTANTS) if contestant.stage == stage]
    rows = [Row(case=case, stage=stage, name=CONTESTANTS[number].name) for number in numbers]
    ours: Array | None = None
    for repeat in range(n_repeats):
        for number, row in zip(numbers, rows, strict=True):
            contestant = CONTESTANTS[number]
            row.failure = row.failure or _name_missing(contestant)
            if row.failure or row.is_wrong:
                continue
            answer = folder / "answer.npy" if repeat == 0 else None
            print(f"{case.size}, {case.spread}: {stage}: {row.name}, {repeat + 1} of {n_repeats}", file=sys.stderr)
            limits = {"time_limit_s": time_limit_s, "memory_limit_gb": memory_limit_gb}
            found = measure(number, case, **limits, answer=answer)
            row.failure = found.failure
            if found.failure:
                continue
            row.runs.append(found)
            if answer is None:
                continue
            if contestant.compare is None:
                ours = np.load(answer)
            elif ours is None:
                row.agreement = "not compared"
            else:
                try:
                    row.agreement = contestant.compare(ours, np.load(answer))
                except DisagreementError as error:
                    row.agreement, row.is_wrong = f"WRONG: {error}", True
    return rows


def _name_missing(contestant: Contestant) -> str | None:
    for module in contestant.imports:
        package = module.partition(".")[0]
        if importlib.util.find_spec(package) is None:
            return f"{package} is not installed"
    return find_missing_package(contestant.r_package) if contestant.r_package else None


def format_rows(rows: Sequence[Row]) -> Iterator[str]:
    """A plain table of one set of data; ratios are medians over those of the first contestant of the stage."""
    yield f"{'':38}{'least s':>9}{'median s':>9}{'ratio':>8}{'peak MB':>9}{'ratio':>8}{'import s':>9}  answers"
    stage, first = "", rows[0]
    for row in rows:
        if row.stage != stage:
            stage, first = row.stage, row
            yield stage
        name = f"  {row.name:36}"
        if not row.runs:
            yield f"{name}{'':52}  {row.failure}"
            continue
        ratios = ["", ""]
        if first.runs:
            quotients = (row.median_s / first.median_s, row.peak_mb / max(first.peak_mb, 0.1))
            ratios = [f"{one:,.0f}" if one >= 100 else f"{one:.3g}" for one in quotients]
        yield (
            f"{name}{row.least_s:9.3f}{row.median_s:9.3f}{ratios[0]:>8}{row.peak_mb:9,.0f}{ratios[1]:>8}"
            f"{row.import_s:9.2f}  {row.agreement or ''}"
        )


OTHERS = {"run": whole.main, "growth": growth.main, "count": count.main}
"""What is measured beside stages, by the word after the command."""


def main() -> int:
    """Parse, measure, print."""
    if sys.argv[1:2] and sys.argv[1] in OTHERS:
        return OTHERS[sys.argv[1]](sys.argv[2:])
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--size", choices=SIZES, action="append", help="once or more; borough by default")
    parser.add_argument("--spread", choices=get_args(Spread), action="append", help="once or more; both by default")
    parser.add_argument("--stage", choices=STAGES, action="append", help="once or more; all by default")
    parser.add_argument("--repeats", type=int, default=5, help="processes for each contestant (5)")
    parser.add_argument("--seed", type=int, default=20261126)
    parser.add_argument("--time-limit-s", type=float, default=300.0, help="of one process (300)")
    parser.add_argument("--memory-limit-gb", type=float, default=8.0, help="of one process, on Linux (8)")
    parser.add_argument("--json", action="store_true", help="everything that was measured, and no table")
    options = parser.parse_args()
    if options.repeats < 1:
        parser.error("--repeats must be 1 or more")

    machine, every = describe_machine(), []
    spreads = tuple(dict.fromkeys(options.spread or get_args(Spread)))
    if not options.json:
        print(say_machine(machine))
    for size in options.size or ["borough"]:
        for spread in spreads:
            case = Case(size=size, spread=spread, seed=options.seed)
            once = (*PLACELESS_STAGES, *ON_FOOT_STAGES)
            stages = [s for s in options.stage or STAGES if spread == spreads[0] or s not in once]
            if not stages:
                continue
            rows = []
            with tempfile.TemporaryDirectory() as folder:
                for stage in stages:
                    rows += run_stage(
                        case,
                        stage,
                        n_repeats=options.repeats,
                        time_limit_s=options.time_limit_s,
                        memory_limit_gb=options.memory_limit_gb,
                        folder=Path(folder),
                    )
            every += rows
            if not options.json:
                n = case.sizes
                print(
                    f"\n{size}, {spread}: {n.n_incidents:,} incidents, {n.area_km2:,.0f} km2, seed {case.seed}; near "
                    f"repeats of {n.n_crimes:,}, hours and change of {n.n_timed:,} in {n.n_timed_wards} wards"
                )
                print(*format_rows(rows), sep="\n", flush=True)
    if options.json:
        print(json.dumps({"machine": machine, "rows": [asdict(row) for row in every]}, indent=1))
    wrong = [row for row in every if row.is_wrong]
    for row in wrong:
        print(f"{row.case.size}, {row.case.spread}: {row.stage}: {row.name}: {row.agreement}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

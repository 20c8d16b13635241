"""Where the time of `hotspots run` goes: `python -m benchmarks.stages run --crime robbery ...`.

Everything that a run imports is imported first, in a process that has never seen it, so that no step is charged with
imports. The steps are those that a run says on a terminal; what it tests on later months is timed apart. It prints
JSON: seconds of CPU by step.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

STEPS = ("imports", "reading", "wards", "places", "hold-out", "times", "writing")
_LIST_MODULES = """
import contextlib, io, sys
from hotspots.cli.main import cli
with contextlib.redirect_stdout(io.StringIO()):
    cli(sys.argv[1:], standalone_mode=False)
print(*sys.modules, sep="\\n")
"""


class Clock:
    """Seconds of CPU by step; a step ends where another begins."""

    def __init__(self) -> None:
        self.spent: defaultdict[str, float] = defaultdict(float)
        self.step, self.since = "reading", time.process_time()

    def begin(self, said: str) -> None:
        """End the step and begin what a run says that it does; names of files are all of reading."""
        now = time.process_time()
        self.spent[self.step] += now - self.since
        word = said.rpartition(": ")[2]
        # safe havens take hardly any time and are part of what comes before
        self.step, self.since = self.step if word == "havens" else word if word in STEPS else "reading", now

    def apart(self, function: Callable[..., Any], step: str) -> Callable[..., Any]:
        """The function, whose time is that of a step of its own."""

        def timed(*arguments: Any, **options: Any) -> Any:
            outer = self.step
            self.begin(step)
            try:
                return function(*arguments, **options)
            finally:
                self.begin(outer)

        return timed


def time_steps(arguments: list[str]) -> dict[str, float]:
    """Run Hotspots with these arguments, in this process, which should be fresh."""
    command = [sys.executable, "-c", _LIST_MODULES, *arguments]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    start = time.process_time()
    holdout: Any = importlib.import_module("hotspots.analysis.accuracy.holdout")
    clock = Clock()
    holdout.evaluate_methods = clock.apart(holdout.evaluate_methods, "hold-out")
    for module in listed:
        # a few are there only under a condition, and none of them is missed
        with contextlib.suppress(ImportError, AttributeError):
            importlib.import_module(module)
    inputs: Any = importlib.import_module("hotspots.cli.inputs")
    commands: Any = importlib.import_module("hotspots.cli.main")
    inputs.show_progress = _hand_over(clock)
    clock.since = time.process_time()
    imports_s = clock.since - start
    with contextlib.redirect_stdout(io.StringIO()):
        commands.cli(arguments, standalone_mode=False)
    clock.begin("end")
    return {"imports": imports_s, **{step: clock.spent[step] for step in STEPS[1:]}}


def _hand_over(clock: Clock) -> Callable[[], Any]:
    @contextlib.contextmanager
    def show_progress() -> Iterator[Callable[[str], None]]:
        yield clock.begin

    return show_progress


if __name__ == "__main__":
    print(json.dumps(time_steps(sys.argv[1:])))

"""What a whole process costs, from its start to its end.

`measure_process` starts this file as a program, which starts the process: it is small, and a process that is started
by a large one would be charged with the memory of that one.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one process cost.

    Attributes:
        cpu_s: Seconds of all its threads and of what it started, in the system and outside.
        wall_s: Seconds that passed.
        peak_mb: The most memory that it held.
        output: What it wrote to stdout.
    """

    cpu_s: float
    wall_s: float
    peak_mb: float
    output: str = ""


def measure_process(command: Sequence[str]) -> Cost:
    """Run a command in the checkout.

    Raises:
        RuntimeError: It failed; the message holds what it wrote.
    """
    done = subprocess.run(
        [sys.executable, "-S", "-E", __file__, *command], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    *said, found = done.stderr.splitlines()
    if done.returncode != 0:
        raise RuntimeError("\n".join([f"{' '.join(command)} failed:", *said]))
    return Cost(**json.loads(found), output=done.stdout)


if __name__ == "__main__":
    start = time.perf_counter()
    child = subprocess.Popen(sys.argv[1:])
    _, status, usage = os.wait4(child.pid, 0)
    wall_s = time.perf_counter() - start
    unit = 1e6 if sys.platform == "darwin" else 1e3
    found = {"cpu_s": usage.ru_utime + usage.ru_stime, "wall_s": wall_s, "peak_mb": usage.ru_maxrss / unit}
    print(json.dumps(found), file=sys.stderr)
    sys.exit(os.waitstatus_to_exitcode(status))

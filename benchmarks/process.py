"""What a whole process costs, from its start to its end.

`measure_process` starts this file as a program, which starts the process: it is small, and a process that is started
by a large one would be charged with the memory of that one.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
_TOO_LONG = 99
"""Exit code of the program where the process took more CPU than it was given."""


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


class TooLongError(Exception):
    """A process was stopped because it took more CPU than it was given."""


def measure_process(command: Sequence[str], *, limit_s: int = 7200) -> Cost:
    """Run a command in the checkout, with so many seconds of CPU at most.

    Raises:
        TooLongError: They were not enough.
        RuntimeError: It failed; the message holds what it wrote.
    """
    start = [sys.executable, "-S", "-E", __file__, f"{limit_s}", *command]
    # whoever has installed a package has its byte code
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(start, cwd=REPOSITORY, env=variables, capture_output=True, text=True, check=False)
    if done.returncode == _TOO_LONG:
        raise TooLongError(f"over {limit_s:,} s of CPU")
    *said, found = done.stderr.splitlines()
    if done.returncode != 0:
        raise RuntimeError("\n".join([f"{' '.join(command)} failed:", *said]))
    return Cost(**json.loads(found), output=done.stdout)


if __name__ == "__main__":
    start = time.perf_counter()
    limit_s = int(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_CPU, (limit_s, limit_s + 10))
    child = subprocess.Popen(sys.argv[2:])
    _, status, usage = os.wait4(child.pid, 0)
    wall_s = time.perf_counter() - start
    unit = 1e6 if sys.platform == "darwin" else 1e3
    found = {"cpu_s": usage.ru_utime + usage.ru_stime, "wall_s": wall_s, "peak_mb": usage.ru_maxrss / unit}
    print(json.dumps(found), file=sys.stderr)
    code = os.waitstatus_to_exitcode(status)
    sys.exit(_TOO_LONG if code == -signal.SIGXCPU else code)

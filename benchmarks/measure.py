"""One run in a process of its own: seconds, and peak memory above what the process held before.

`measure` starts this module as a program, which is told what to run in JSON and prints what it cost in JSON.
"""

from __future__ import annotations

import gc
import importlib
import json
import resource
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmarks.contestants import CONTESTANTS
from benchmarks.data import Case


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """What one run cost.

    Attributes:
        failure: Why there are no numbers, in words; None where there are.
        run_s: Seconds of the run alone.
        peak_mb: Peak memory during the run, less what the process held before it.
        held_mb: What it held: the interpreter, the modules and the input.
        import_s: Seconds to import the modules.
    """

    failure: str | None = None
    run_s: float = 0.0
    peak_mb: float = 0.0
    held_mb: float = 0.0
    import_s: float = 0.0


def measure(
    number: int, case: Case, *, time_limit_s: float, memory_limit_gb: float, answer: Path | None = None
) -> Measurement:
    """Run one contestant in a fresh process, and keep its answer where a path is given.

    Raises:
        RuntimeError: The process failed, for another reason than its limits; the message holds what it wrote.
    """
    order = {"number": number, **asdict(case), "memory_limit_gb": memory_limit_gb, "answer": str(answer or "")}
    # only our own words are passed on; what other packages warn of is not measured
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.measure", json.dumps(order)]
    try:
        done = subprocess.run(
            command, cwd=Path(__file__).parents[1], capture_output=True, text=True, timeout=time_limit_s, check=False
        )
    except subprocess.TimeoutExpired:
        return Measurement(failure=f"over {time_limit_s:g} s")
    if done.returncode == -9:
        return Measurement(failure="killed by the system: out of memory")
    if done.returncode != 0:
        raise RuntimeError(f"{CONTESTANTS[number].name} failed:\n{done.stderr}")
    return Measurement(**json.loads(done.stdout.splitlines()[-1]))


def run_here(number: int, case: Case, *, memory_limit_gb: float, answer: str) -> Measurement:
    """Run one contestant in this process, which should be fresh."""
    contestant = CONTESTANTS[number]
    start = time.perf_counter()
    for module in contestant.imports:
        importlib.import_module(module)
    import_s = time.perf_counter() - start
    if sys.platform == "linux":  # elsewhere it limits nothing
        limit = int(memory_limit_gb * 1e9)
        resource.setrlimit(resource.RLIMIT_DATA, (limit, resource.getrlimit(resource.RLIMIT_DATA)[1]))
    try:
        run = contestant.prepare(case)
        gc.collect()
        pid = getattr(run, "pid", "self")
        held_mb = _forget_peak(pid)
        start = time.perf_counter()
        found = run()
        run_s = time.perf_counter() - start
        peak_mb = _read_peak(pid)
    except MemoryError:
        return Measurement(failure=f"out of memory at {memory_limit_gb:g} GB")
    if answer:
        np.save(answer, contestant.answer(found))
    return Measurement(run_s=run_s, peak_mb=peak_mb - held_mb, held_mb=held_mb, import_s=import_s)


def _forget_peak(pid: int | str) -> float:
    """What a process holds now, MB; where the system allows, the peak before this moment is forgotten."""
    clear = Path(f"/proc/{pid}/clear_refs")
    if clear.exists():
        clear.write_text("5")
    return _read_peak(pid)


def _read_peak(pid: int | str) -> float:
    """The most the process has held since, MB; of another than this one 0 where the system does not tell."""
    status = Path(f"/proc/{pid}/status")
    if status.exists():  # getrusage also counts the process that started this one
        (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1000
    if pid != "self":
        return 0.0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


if __name__ == "__main__":
    order = json.loads(sys.argv[1])
    case = Case(size=order["size"], spread=order["spread"], seed=order["seed"])
    found = run_here(order["number"], case, memory_limit_gb=order["memory_limit_gb"], answer=order["answer"])
    print(json.dumps(asdict(found)))

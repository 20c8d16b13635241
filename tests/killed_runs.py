"""Commands killed at every step of putting files in place, and at random: the last products stay to be seen.

`python tests/killed_runs.py 300` kills whole runs at random besides. A process cannot be killed within a test without
the test, so this one forks; systems without fork are passed over by the test.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hotspots.products.files import folders
from hotspots.workspace import make_workspace

STEPS = ("replace", "rename", "rmdir", "unlink", "mkdir")
"""Calls of `os` that change what a folder holds."""
KILLED = 9


def run_until(step: int, work: Callable[[], Any]) -> bool:
    """Do something in another process, which is killed just before a step; whether it came to that step."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == KILLED
    left = step

    def count(call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **options: Any) -> Any:
            nonlocal left
            if left == 0:
                os._exit(KILLED)
            left -= 1
            return call(*arguments, **options)

        return counted

    for name in STEPS:
        setattr(os, name, count(getattr(os, name)))
    work()
    os._exit(0)


def write_products(out: Path, text: str) -> None:
    """Products of one file."""
    folders.restore_products(out)
    with folders.replace_folder(out / "robbery" / "a", out=out) as draft:
        folders.write_text(draft / "map.html", text)
        folders.write_text(draft / "summary.json", text)


def read_products(out: Path) -> set[str]:
    """What each of them holds, after a command has opened the folder."""
    folders.restore_products(out)
    files = [out / "robbery" / "a" / name for name in ("map.html", "summary.json")]
    return {file.read_text("utf-8") if file.exists() else "nothing" for file in files}


def kill_writers(home: Path) -> int:
    """Products are whole after a kill at any step, and those of the next run are right; the number of steps."""
    step, came = 0, True
    while came:
        out = home / f"out{step}"
        out.mkdir()
        write_products(out, "last")
        came = run_until(step, lambda: write_products(out, "new"))  # noqa: B023
        seen = read_products(out)
        assert seen in ({"last"}, {"new"}), f"after step {step}: {seen}"
        write_products(out, "next")
        assert read_products(out) == {"next"}, f"after step {step}"
        step += 1
    return step - 1


def kill_makers(home: Path, *, demonstration: bool) -> int:
    """A workspace that is killed at any step is made by the next, whichever is asked for."""
    make_workspace(home / "whole", demonstration=True)
    whole = {path.relative_to(home / "whole") for path in (home / "whole" / "data").rglob("*") if path.is_file()}
    step, came = 0, True
    while came:
        for again in (True, False):
            folder = home / f"{demonstration}{step}{again}"
            came = run_until(step, lambda: make_workspace(folder, demonstration=demonstration))  # noqa: B023
            if not (folder / "hotspots.toml").exists():
                make_workspace(folder, demonstration=again)
            found = {path.relative_to(folder) for path in (folder / "data").rglob("*") if path.is_file()}
            wanted = (whole,) if demonstration and (again or not came) else (whole, set())
            assert found in wanted, f"after step {step}: {len(found)} files"
        step += 1
    return step - 1


def kill_at_every_step(home: Path) -> tuple[int, int]:
    """Steps of a run, and of a workspace with the demonstration, before each of which one was killed."""
    (home / "products").mkdir()
    n_steps = kill_writers(home / "products")
    kill_makers(home / "plain", demonstration=False)
    return n_steps, kill_makers(home / "filled", demonstration=True)


def kill_at_random(n_kills: int, home: Path) -> int:
    """Kill whole runs at moments of chance; how many were killed before their end."""
    command = [sys.executable, "-m", "hotspots", "run", "--crime", "robbery", "--from", "2026-07-01"]
    subprocess.run([*command[:3], "init", "--demonstration"], cwd=home, check=True, capture_output=True)
    began = time.monotonic()
    subprocess.run(command, cwd=home, check=True, capture_output=True)
    whole_s = time.monotonic() - began
    (folder,) = (home / "maps" / "robbery").iterdir()
    right = {path.name: path.read_bytes() for path in folder.iterdir()}
    n_killed = 0
    for number in range(n_kills):
        if number % 10 == 0:
            shutil.rmtree(home / "store", ignore_errors=True)
        process = subprocess.Popen(command, cwd=home, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(random.uniform(0, 1.2) * whole_s)
        process.send_signal(signal.SIGKILL)
        n_killed += process.wait() != 0
        folders.restore_products(home / "maps")
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == right, f"after kill {number}"
    subprocess.run(command, cwd=home, check=True, capture_output=True)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == right
    return n_killed


def main() -> None:
    """Kill at every step, and as often as asked for at random."""
    with tempfile.TemporaryDirectory() as home:
        n_run, n_made = kill_at_every_step(Path(home))
        print(f"killed before each of {n_run} steps of a run and {n_made} of a workspace")
        if len(sys.argv) > 1:
            (Path(home) / "work").mkdir()
            print(f"killed {kill_at_random(int(sys.argv[1]), Path(home) / 'work')} runs at random")


if __name__ == "__main__":
    main()

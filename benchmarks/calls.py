"""What a run does, counted: calls, modules, files opened, bytes read. What noise cannot touch.

`count_work` starts this module as a program, which counts in its own process and prints JSON.
"""

from __future__ import annotations

import contextlib
import cProfile
import io
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import CodeType
from typing import Any

from benchmarks.process import REPOSITORY

_PACKAGE = f"{REPOSITORY / 'hotspots'}{os.sep}"
_IO = Path("/proc/self/io")
_FACTOR = 10
"""So many times as many rows has the larger of the two tables that are read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What was counted.

    Attributes:
        n_modules: Imported by a run, of all packages.
        n_modules_of_version: Imported by `hotspots --version`.
        opens_per_file: How often Python opens a file of incidents.
        bytes_per_byte: Bytes read for each byte of the files, when they are read again; None where the system does not
            count them.
        calls_per_row: Of Python functions and what they call in other languages, by any package, for each row more.
        functions: Calls of functions of Hotspots in a run, by dotted name.
    """

    n_modules: int
    n_modules_of_version: int
    opens_per_file: float
    bytes_per_byte: float | None
    calls_per_row: float
    functions: dict[str, int]

    @property
    def rooms(self) -> dict[str, int]:
        """Calls by room."""
        found: Counter[str] = Counter()
        for name, n in self.functions.items():
            found[name.partition(":")[0].rpartition(".")[0]] += n
        return dict(sorted(found.items()))


def count_work() -> Work:
    """Run Hotspots on a small seeded set of data in a fresh process, and count.

    Numerical libraries have one thread, and the order of hashes is fixed.
    """
    fixed = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "benchmarks.calls"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **fixed},
    )
    if done.returncode != 0:
        raise RuntimeError(f"The work could not be counted:\n{done.stderr}")
    version = subprocess.run(
        [sys.executable, "-c", _LIST_MODULES], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    return Work(**{**json.loads(done.stdout), "n_modules_of_version": int(version.stdout.split()[-1])})


_LIST_MODULES = """
import contextlib, sys
from hotspots.cli.main import cli
with contextlib.suppress(SystemExit):
    cli(["--version"])
print(len(sys.modules))
"""


def count_here(folder: Path) -> Work:
    """Count in this process, which has imported nothing of Hotspots, with data made in this folder."""
    small, large = folder / "small" / "incidents", folder / "large"
    boundaries = folder / "small" / "wards.gpkg"
    write = f"from benchmarks.calls import write_data; import pathlib; write_data(pathlib.Path({str(folder)!r}))"
    subprocess.run([sys.executable, "-c", write], cwd=REPOSITORY, check=True)
    opened: list[str] = []
    sys.addaudithook(lambda event, given: opened.append(str(given[0])) if event == "open" else None)
    arguments = ["run", "--incidents", f"{small}", "--boundaries", f"{boundaries}", "--crime", "robbery"]

    def run() -> None:
        from hotspots.cli.main import cli

        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            cli([*arguments, "--out", f"{folder / 'out'}"], standalone_mode=False)

    calls = _profile(run)
    n_modules = len(sys.modules)
    files = sorted(small.glob("*.csv"))
    n_opens = sum(Counter(opened)[f"{path}"] for path in files)

    from hotspots.pipeline import load_study

    def read(incidents: Path) -> Callable[[], Any]:
        return lambda: load_study([incidents], [boundaries])

    few = sum(n for _, n in _profile(read(small)))
    before = _count_read()
    many = sum(n for _, n in _profile(read(large)))
    n_read = _count_read() - before
    n_bytes = sum(path.stat().st_size for path in large.glob("*.csv"))
    return Work(
        n_modules=n_modules,
        n_modules_of_version=0,
        opens_per_file=n_opens / len(files),
        bytes_per_byte=n_read / n_bytes if _IO.exists() else None,
        calls_per_row=(many - few) / (_count_rows(large) - _count_rows(small)),
        functions=dict(sorted(_name_functions(calls))),
    )


def write_data(folder: Path) -> None:
    """Two years of incidents, and the same with ten times as many rows, those that are added being of another crime."""
    import pandas as pd

    from benchmarks.data import SIZES
    from benchmarks.police_files import Publication

    size = replace(SIZES["tiny"], n_incidents=8_000)
    Publication(size=size, n_months=24).write(folder / "small")
    (folder / "large").mkdir()
    for path in sorted((folder / "small" / "incidents").glob("*.csv")):
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
        # equal rows without an ID are incidents of their own
        more = [table, *[table.assign(**{"Crime type": "Anti-social behaviour", "Crime ID": ""})] * (_FACTOR - 1)]
        pd.concat(more).to_csv(folder / "large" / path.name, index=False)


def _profile(function: Callable[[], Any]) -> list[tuple[CodeType | str, int]]:
    """How often each function is called while this one runs."""
    profile = cProfile.Profile()
    profile.runcall(function)
    return [(entry.code, entry.callcount) for entry in profile.getstats()]


def _name_functions(calls: list[tuple[CodeType | str, int]]) -> Iterator[tuple[str, int]]:
    """Those of Hotspots that have a name, which every version of Python calls as often."""
    found: Counter[str] = Counter()
    for code, n in calls:
        if isinstance(code, CodeType) and code.co_filename.startswith(_PACKAGE) and "<" not in code.co_name:
            module = Path(code.co_filename[len(_PACKAGE) :]).with_suffix("")
            found[f"{'.'.join(('hotspots', *module.parts))}:{code.co_qualname.replace('.<locals>', '')}"] += n
    yield from found.items()


def _count_read() -> int:
    """Bytes that this process has read, from whatever; 0 where the system does not count them."""
    return int(_IO.read_text().split()[1]) if _IO.exists() else 0


def _count_rows(folder: Path) -> int:
    return sum(path.read_bytes().count(b"\n") - 1 for path in folder.glob("*.csv"))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(asdict(count_here(Path(folder)))))

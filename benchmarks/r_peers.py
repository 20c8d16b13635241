"""Methods of R beside ours: `st_join` of sf, and `density` of spatstat.

R is a process of its own, which has its packages and its data before the clock starts: an sf table of points, or a
point pattern. `r_peers.R` is what it runs.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.contest import Array, Run
from benchmarks.data import Case

_SCRIPT = Path(__file__).with_suffix(".R")


def find_missing_package(package: str) -> str | None:
    """What of R is not installed, in words; None where the package is there."""
    program = shutil.which("Rscript")
    if not program:
        return "R is not installed"
    asked = [program, "-e", f'quit(status = !requireNamespace("{package}", quietly = TRUE))']
    return f"{package} is not installed" if subprocess.run(asked, capture_output=True, check=False).returncode else None


@dataclass(frozen=True, kw_only=True)
class RRun:
    """A method that R has ready; calling it runs it once.

    Attributes:
        process: That of R.
        folder: Its data, and its answer.
    """

    process: subprocess.Popen[str]
    folder: tempfile.TemporaryDirectory[str]

    @property
    def pid(self) -> int:
        """The process whose memory counts."""
        return self.process.pid

    def __call__(self) -> RRun:
        """Run, and come back when it is done."""
        self._tell("run")
        self.wait_for("done")
        return self

    def _tell(self, word: str) -> None:
        print(word, file=self.process.stdin, flush=True)

    def wait_for(self, word: str) -> None:
        """Wait until R says a word.

        Raises:
            RuntimeError: It says something else, or ends.
        """
        said = next(iter(self.process.stdout or ()), "").strip()
        if said != word:
            raise RuntimeError(f'R said "{said}" and not "{word}"; it ended with {self.process.wait()}')

    def read_answer(self, name: str) -> Path:
        """The file with the answer, once R has written it and ended."""
        self._tell("write")
        self.process.wait()
        return Path(self.folder.name, name)


def _start(method: str, folder: tempfile.TemporaryDirectory[str]) -> RRun:
    process = subprocess.Popen(
        [f"{shutil.which('Rscript')}", "--vanilla", f"{_SCRIPT}", method, folder.name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    run = RRun(process=process, folder=folder)
    run.wait_for("ready")
    return run


def join_wards(case: Case) -> Run:
    """`sf::st_join` of points and wards."""
    folder = tempfile.TemporaryDirectory()
    case.coordinates().astype(np.float64).tofile(Path(folder.name, "points.bin"))
    case.wards().reset_index()[["ward_code", "geometry"]].to_file(Path(folder.name, "wards.gpkg"))
    return _start("st_join", folder)


def read_codes(found: RRun) -> Array:
    """The code of the ward of each point, "" for none."""
    return np.array(found.read_answer("answer.txt").read_text("utf-8").splitlines(), dtype=str)


def estimate_density(kernel: str, deviation_m: float) -> Callable[[Case], Run]:
    """`spatstat.explore::density.ppp` on the pixels of the grid.

    Args:
        kernel: As it calls it.
        deviation_m: The standard deviation of the kernel along either axis, by which it is told how wide it is.
    """

    def prepare(case: Case) -> Run:
        folder, grid = tempfile.TemporaryDirectory(), case.grid()
        case.coordinates().astype(np.float64).tofile(Path(folder.name, "points.bin"))
        west, south = grid.easting_min, grid.northing_min
        east, north = west + grid.n_columns * grid.cell_size_m, south + grid.n_rows * grid.cell_size_m
        np.array([west, south, east, north, grid.n_rows, grid.n_columns, deviation_m]).tofile(
            Path(folder.name, "grid.bin")
        )
        return _start(kernel, folder)

    return prepare


def read_density(found: RRun) -> Array:
    """Incidents per square kilometre in each cell, (n_rows, n_columns) from the south-west."""
    n_rows, n_columns, *_ = values = np.fromfile(found.read_answer("answer.bin"))
    return np.asarray(values[2:].reshape(int(n_rows), int(n_columns)) * 1e6)

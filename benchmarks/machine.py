"""What the numbers depend on."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

_PACKAGES = (
    "hotspots",
    "numpy",
    "scipy",
    "pandas",
    "pyarrow",
    "shapely",
    "geopandas",
    "folium",
    "scikit-learn",
    "statsmodels",
    "KDEpy",
    "duckdb",
    "sedonadb",
    "hexseg",
    "esda",
    "libpysal",
    "pointpats",
    "numba",
)
_CPU_INFO = Path("/proc/cpuinfo")

Machine = dict[str, str | int | None]


def describe_machine() -> Machine:
    """Versions, the system, and how large the machine is; None for what is not installed."""
    found: Machine = {
        "python": platform.python_version(),
        "system": platform.system(),
        "processor": _find_processor(),
        "n_processors": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9),
        "load": round(psutil.getloadavg()[0]),
    }
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = None
    return found | {"R": _find_r()}


def say_machine(machine: Mapping[str, str | int | None]) -> str:
    """One line of it."""
    return ", ".join(f"{name} {value}" for name, value in machine.items() if value is not None)


def _find_r() -> str | None:
    """The version of R, with those of what is measured of it."""
    program = shutil.which("Rscript")
    if not program:
        return None
    asked = (
        'cat(format(getRversion())); for (p in c("sf", "spatstat.explore")) if (requireNamespace(p, quietly = TRUE))'
    )
    asked += ' cat(" with", p, format(packageVersion(p)))'
    return subprocess.run([program, "-e", asked], capture_output=True, text=True, check=False).stdout or None


def _find_processor() -> str:
    """Its model, where the system tells."""
    lines = _CPU_INFO.read_text().splitlines() if _CPU_INFO.exists() else []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or platform.machine()

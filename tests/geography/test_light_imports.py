"""Reading and checking files must answer at once: nothing on that way imports the heavy libraries of the analysis."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
import hotspots.geography, hotspots.settings
from hotspots.geography import *
print(sorted({"scipy.stats", "sklearn", "statsmodels", "folium"} & set(sys.modules)))
"""


def test_geography_and_settings_import_no_statistics() -> None:
    found = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


EVERYTHING = """
import importlib, pkgutil, sys
import hotspots
for module in pkgutil.walk_packages(hotspots.__path__, "hotspots."):
    if module.name != "hotspots.__main__":
        importlib.import_module(module.name)
print(sorted({"scipy.stats", "scipy.signal", "scipy.interpolate", "statsmodels"} & set(sys.modules)))
"""


def test_what_takes_long_to_import_waits_until_it_is_needed() -> None:
    found = subprocess.run([sys.executable, "-c", EVERYTHING], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


RUN = """
import sys
from hotspots.pipeline import analyse, load_study
from hotspots.products.files import write_index, write_products
print(sorted(name for name in sys.modules if name.startswith(("hotspots.pipeline.oper", "hotspots.pipeline.perf"))))
"""


def test_a_run_loads_nothing_of_other_commands() -> None:
    found = subprocess.run([sys.executable, "-c", RUN], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"

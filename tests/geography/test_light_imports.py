"""Reading and checking files must answer at once: nothing on that way imports the heavy libraries of the analysis."""

from __future__ import annotations

import os
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
    if module.name not in ("hotspots.__main__", "hotspots.service.migrations.env"):  # which are run, not imported
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


SERVICE = """
import sys
import hotspots.cli.main
from hotspots.cli.main import cli
for command in cli.commands.values():
    command.get_help(__import__("click").Context(command))
from hotspots.cli.inputs import open_study, show_progress
with show_progress() as progress:
    progress("step")
from hotspots.pipeline import analyse, load_study
from hotspots.products.files import write_index, write_products
service = ("hotspots.service", "sqlalchemy", "alembic", "fastapi", "starlette", "uvicorn", "structlog", "psycopg")
print(sorted(name for name in sys.modules if name.startswith(service)))
"""


def test_other_commands_import_nothing_of_the_service() -> None:
    found = subprocess.run([sys.executable, "-c", SERVICE], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


LINES = """
from hotspots.cli.inputs import show_progress
with show_progress() as progress:
    progress("first\\x1e\\nsecond")
"""


def test_progress_is_said_in_lines_to_a_program_that_asks_for_them() -> None:
    said = {}
    for asked in ("lines", "other"):
        environment = {**os.environ, "HOTSPOTS_PROGRESS": asked}
        command = [sys.executable, "-c", LINES]
        found = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
        said[asked] = found.stderr
    assert said == {"lines": "\x1efirst second\n", "other": ""}

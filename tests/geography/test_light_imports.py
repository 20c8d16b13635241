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

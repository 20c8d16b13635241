"""The least that a run can take with the packages that it stands on, if all else took no time.

`python benchmarks/floor.py INCIDENTS WARDS` imports these packages, finds the digest of each file and reads all of its
columns with Arrow, and finds the wards of the distinct points. It does not say what a text means, hide anything,
account for a row, estimate, test or draw. It prints JSON: seconds of CPU by step.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import sys
import time
from pathlib import Path
from typing import Any

PACKAGES = (
    *("numpy", "pandas", "pyarrow", "pyarrow.compute", "pyarrow.csv", "geopandas", "pyogrio", "pyproj", "shapely"),
    *("scipy.fft", "scipy.ndimage", "scipy.optimize", "scipy.sparse", "scipy.spatial", "scipy.special"),
    *("click", "folium", "jinja2"),
)


def import_packages() -> None:
    """Import what a run imports that is not its own."""
    for package in PACKAGES:
        importlib.import_module(package)


def read_files(folder: Path) -> Any:
    """The coordinates of all files; each is read whole, and goes through a digest."""
    import pyarrow as pa
    from pyarrow import csv

    tables = []
    for path in sorted(folder.iterdir()):
        content = path.read_bytes()
        hashlib.sha256(content)
        tables.append(csv.read_csv(pa.BufferReader(content)).select(["Longitude", "Latitude"]))
    return pa.concat_tables(tables)


def find_wards(table: Any, path: Path) -> int:
    """In how many wards the distinct points lie."""
    import geopandas as gpd
    import numpy as np
    import pandas as pd

    wards = gpd.read_file(path)
    places = pd.unique(table["Longitude"].to_numpy() + 1j * table["Latitude"].to_numpy())
    places = places[np.isfinite(places)]
    points = gpd.GeoSeries(gpd.points_from_xy(places.real, places.imag), crs="EPSG:4326").to_crs(wards.crs)
    _, found = wards.sindex.query(points, predicate="intersects")
    return len(np.unique(found))


def main(incidents: str, boundaries: str) -> None:
    """Do it, and print what it took."""
    spent, since = {}, 0.0  # CPU since the start of the process, that of the interpreter among it
    table: Any = None
    for step in ("imports", "reading", "wards"):
        if step == "imports":
            import_packages()
        elif step == "reading":
            table = read_files(Path(incidents))
        else:
            find_wards(table, Path(boundaries))
        spent[step], since = time.process_time() - since, time.process_time()
    print(json.dumps(spent))


if __name__ == "__main__":
    main(*sys.argv[1:])

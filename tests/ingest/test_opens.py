"""How often an input file is opened: at most three times, and not at all by a run whose store knows it."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest

COUNT = """
import json, sys
from pathlib import Path

import pyarrow, pyogrio

from hotspots.ingest.incidents import Store, read_incidents
from hotspots.ingest.incidents import store as of_store

opened = []
sys.addaudithook(lambda event, given: opened.append(str(given[0])) if event == "open" else None)

def counted(call):
    def count(address, *others, **options):
        opened.append(str(address))
        return call(address, *others, **options)
    return count

# what opens files without Python's knowledge
pyogrio.list_layers = counted(pyogrio.list_layers)
pyogrio.read_dataframe = counted(pyogrio.read_dataframe)
pyarrow.OSFile = counted(pyarrow.OSFile)

def count_opens(path, store):
    opened.clear()
    n_read = read_incidents([path], store=store).n_read
    assert store is None or (store.problem, store.rebuilt) == (None, [])
    return n_read, sum(str(path.resolve()) in address or str(path) == address for address in opened)

of_store.SETTLED_SECONDS = 0.0
counts = {}
for path in map(Path, sys.argv[2:]):
    stores = (None, *(Store(folder=Path(sys.argv[1]) / "store") for _ in range(2)))
    counts[path.name] = [count_opens(path, store) for store in stores]
print(json.dumps(counts))
"""

N_ROWS = 30_000
"""Over a megabyte of text, so that its start is not all of it."""


def write_files(folder: Path) -> list[Path]:
    """The same rows in every kind of file; dates in numbers, whose order only all of them can tell."""
    frame = pd.DataFrame(
        {
            "Ref": [f"r{number}" for number in range(N_ROWS)],
            "Offence": "Robbery",
            "Date": [
                f"{1 + number % 28:02d}/{1 + number % 12:02d}/2026 10:{number % 60:02d}" for number in range(N_ROWS)
            ],
            "Location": "Grove Street, by the market",
        }
    )
    east, north = [530_000 + number % 977 for number in range(N_ROWS)], [178_413] * N_ROWS
    table = frame.assign(Easting=east, Northing=north)
    text = table.to_csv(index=False).encode()
    few = table.head(100)
    points = gpd.GeoDataFrame(
        frame.head(100), geometry=gpd.points_from_xy(few["Easting"], few["Northing"]), crs="EPSG:27700"
    )
    (folder / "large.csv").write_bytes(text)
    (folder / "packed.csv.gz").write_bytes(gzip.compress(text))
    (folder / "windows.csv").write_bytes(text.replace(b"market", "caf\u00e9".encode("cp1252")))
    (folder / "small.csv").write_bytes(few.to_csv(index=False).encode())
    with zipfile.ZipFile(folder / "archive.zip", "w") as archive:
        for month in range(5):
            part = table.iloc[month::5]
            archive.writestr(f"month-{month}.csv", part.to_csv(index=False))
    few.to_excel(folder / "book.xlsx", index=False)
    few.to_parquet(folder / "table.parquet")
    points.to_parquet(folder / "points.geoparquet")
    points.to_file(folder / "points.gpkg")
    points.to_crs("EPSG:4326").to_file(folder / "points.geojson")
    paths = sorted(path for path in folder.iterdir() if path.is_file())
    (folder / "parts").mkdir()
    points.to_file(folder / "parts" / "points.shp")
    with zipfile.ZipFile(folder / "zipped.shp.zip", "w") as archive:
        for path in (folder / "parts").iterdir():
            archive.write(path, path.name)
    return [*paths, folder / "parts" / "points.shp", folder / "zipped.shp.zip"]


@pytest.fixture(scope="module")
def counts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[int, int]]]:
    """Rows and opens of each file: without a store, with one that does not know it, and with one that does."""
    folder = tmp_path_factory.mktemp("opens")
    (folder / "files").mkdir()
    paths = write_files(folder / "files")
    done = subprocess.run(
        [sys.executable, "-c", COUNT, str(folder), *map(str, paths)],
        stdout=subprocess.PIPE,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    counted: dict[str, list[tuple[int, int]]] = json.loads(done.stdout)
    return counted


KINDS = (
    *("archive.zip", "book.xlsx", "large.csv", "packed.csv.gz", "points.geojson", "points.geoparquet", "points.gpkg"),
    *("points.shp", "small.csv", "table.parquet", "windows.csv", "zipped.shp.zip"),
)


@pytest.mark.parametrize("name", KINDS)
def test_a_file_is_opened_at_most_three_times(counts: dict[str, list[tuple[int, int]]], name: str) -> None:
    for n_rows, n_opens in counts[name][:2]:
        assert n_rows in (100, N_ROWS)
        assert 1 <= n_opens <= 3


@pytest.mark.parametrize("name", KINDS)
def test_a_file_that_the_store_knows_is_not_opened(counts: dict[str, list[tuple[int, int]]], name: str) -> None:
    (n_rows, _), _, (n_kept, n_opens) = counts[name]
    assert (n_kept, n_opens) == (n_rows, 0)

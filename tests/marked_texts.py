"""Texts that no product, message or store may hold, and the search for them in all that a program writes or says."""

from __future__ import annotations

import json
import re
import sqlite3
import zipfile
from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyarrow.parquet as pq
import shapely

MARKS = {
    "name after a cue": "victim Qzarnow Velbirt",
    "name of a relative": "suspect's brother Qzarnow",
    "telephone number": "07700 914273",
    "local number": "call 8317 4926",
    "crime number": "ZX4917382/26",
    "e-mail": "qzmail@example.org",
    "date of birth": "born 17/03/1961",
    "flat": "Flat 73519, Rye Lane",
    "house": "Qzhouse Cottage, Rye Lane",
    "story": "argued over a flumdiddle with her neighbour Qzarnow and was then followed home by his friends in a van",
}
BARE = {"name": "Qzarnow Velbirt", "word": "Flumdiddle"}
"""What nothing tells from the name of a place, if many rows share it."""

FORBIDDEN = re.compile(
    r"qzarnow|velbirt|qzmail|qzhouse|flumdiddle|914.?273|8317.?4926|4917382|(?<!\d)73519(?!\d)"
    # the year by what makes it one: a row may have its number
    r"|17.03.61|\b0?3[/.-]1961|1961[/.-]0?3\b|\(1961, 3, 17|(?:born|march|mar)\W{0,9}1961|[\"']1961\b",
    re.IGNORECASE,
)


def write(path: Path, rows: pd.DataFrame, part: str = "inner") -> Path:
    """Rows as a file of the kind that its name says; `Easting` and `Northing` are points where it holds geometry.

    Args:
        path: Where to write it.
        rows: What it holds.
        part: The name of its sheet or layer, or of the file in it.
    """
    kind = path.suffix[1:]
    if kind in ("csv", "tsv", "txt"):
        rows.to_csv(path, index=False, sep={"csv": ",", "tsv": "\t", "txt": "|"}[kind])
    elif kind == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(f"{part}.csv", rows.to_csv(index=False))
    elif kind == "xlsx":
        rows.to_excel(path, index=False, sheet_name=part)
    elif kind == "parquet":
        rows.to_parquet(path)
    elif kind == "json":
        path.write_text(json.dumps(rows.to_dict("records")), "utf-8")
    else:
        points = [shapely.Point(-0.1 + 0.0001 * (i % 7), 51.5) for i in range(len(rows))]
        fields = rows.drop(columns=["Easting", "Northing"], errors="ignore")
        gpd.GeoDataFrame(fields, geometry=points, crs="EPSG:4326").to_file(
            path, layer=part, driver="KML" if kind == "kml" else None
        )
    return path


def read_everything(path: Path) -> Iterator[str]:
    """All that a file says: its bytes as text, and what is packed in them."""
    yield path.read_bytes().decode("utf-8", "replace")
    if path.suffix == ".gpkg":
        with sqlite3.connect(path) as database:
            names = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            for name in names:
                yield re.sub(r"b'[^']*'|b\"[^\"]*\"", "", repr(database.execute(f'SELECT * FROM "{name}"').fetchall()))
        database.close()
    if path.suffix == ".parquet":
        yield repr(pq.ParquetFile(path).read().to_pydict())
    if path.suffix in (".zip", ".xlsx"):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                yield archive.read(name).decode("utf-8", "replace")


def assert_clean(said: str, where: object) -> None:
    # digests, images, shapes and numbers hold any digits
    found = FORBIDDEN.search(re.sub(r"[0-9a-f]{32,}|[A-Za-z0-9+/=]{60,}|\d+\.\d+", "", said))
    assert found is None, f"{where}: {found.string[max(0, found.start() - 90) : found.end() + 30]}"


def assert_files_clean(*folders: Path) -> set[str]:
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file() and path.name != "key"]
    for path in files:
        assert_clean(path.name, "name")
        for said in read_everything(path):
            assert_clean(said, path)
    return {path.suffix for path in files}

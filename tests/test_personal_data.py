"""Personal data in every place of an extract, and none in anything that is written or said."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyarrow.parquet as pq
import pytest
import shapely
from click.testing import CliRunner
from support import read_workbook

from hotspots.cli.main import cli

SECRETS = {
    "name": "John Smithers",
    "phone": "07700 900123",
    "e-mail": "jo.bloggs@example.org",
    "NI number": "AB 12 34 56 C",
    "date of birth": "born 14/02/1987",
}
A_TEXT = "victim " + ", ".join(SECRETS.values())
UNCOMMON = "Zbigniew Wojciechowski"
"""A name that nothing around it gives away: never quoted from a column that should hold something else."""

FORBIDDEN = re.compile(r"smithers|900123|bloggs|12 ?34 ?56|14.02.1987|wojciechowski|zbigniew", re.IGNORECASE)

PLAIN = {
    "Offence": "Robbery",
    "Date From": "05/01/2026 18:05",
    "Date To": "",
    "Easting": "530500",
    "Northing": "180500",
    "Location": "High Street",
    "Location Type": "Street",
    "Knife Flag": "N",
    "Ward Code": "A",
}
DROPPED = {
    "Victim Name": UNCOMMON,
    "Date of Birth": "14/02/1987",
    "Phone": SECRETS["phone"],
    "E-mail": SECRETS["e-mail"],
    "NI Number": SECRETS["NI number"],
    "Notes": A_TEXT,
    "Home Address": f"{UNCOMMON}, 4 High Street",
}


def make_rows() -> list[dict[str, str]]:
    rows = [PLAIN] * 60
    rows += [{**PLAIN, column: A_TEXT} for column in PLAIN if column != "Offence" for _ in range(5)]
    rows += [{**PLAIN, "Offence": A_TEXT}] * 5
    # each of these columns holds something that a name is not, or is compared with a list
    for column in ("Date From", "Date To", "Easting", "Northing", "Knife Flag", "Ward Code"):
        rows += [{**PLAIN, column: text} for text in (UNCOMMON, *SECRETS.values())]
    rows += [{**PLAIN, "Date From": "14/02/1987"}] * 2
    return [{"Crime Ref": f"R{number}", **row, **DROPPED} for number, row in enumerate(rows)] + [
        {"Crime Ref": f"{A_TEXT} {number % 2}", **PLAIN, **DROPPED} for number in range(4)
    ]


@pytest.fixture(params=["csv", "xlsx"])
def workspace(request: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    frame = pd.DataFrame(make_rows())
    if request.param == "csv":
        frame.to_csv(tmp_path / "extract.csv", index=False)
    else:
        frame.to_excel(tmp_path / "extract.xlsx", index=False)
    boxes = [shapely.box(530000 + 1000 * x, 180000, 531000 + 1000 * x, 181000) for x in (0, 1)]
    table = {"ward_code": ["A", "B"], "ward_name": ["Ash", "Beech"], "borough": ["West", "East"]}
    gpd.GeoDataFrame(table, geometry=boxes, crs="EPSG:27700").to_file(tmp_path / "wards.gpkg")
    monkeypatch.chdir(tmp_path)
    return tmp_path / f"extract.{request.param}"


def read_everything(path: Path) -> str:
    """All that a file says: its bytes as text, and what is packed in them."""
    said = path.read_bytes().decode("utf-8", "replace")
    if path.suffix == ".gpkg":
        with sqlite3.connect(path) as database:
            tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            said += repr([database.execute(f'SELECT * FROM "{name}"').fetchall() for name in tables])
        database.close()
    if path.suffix == ".parquet":
        columns = pq.ParquetFile(path).read()
        # the source's own number is kept to tell rows that repeat, and is in no product
        said = repr(columns.drop_columns([*{"incident_id"} & {*columns.column_names}]).to_pylist())
    if path.suffix == ".xlsx":
        said = repr(read_workbook(path))
    return said


def assert_clean(said: str, where: object) -> None:
    found = FORBIDDEN.search(said)
    assert found is None, f"{where}: {said[max(0, found.start() - 80) : found.end() + 20]}"


@pytest.mark.slow
def test_nothing_about_people_is_written_or_said_by_a_run(workspace: Path) -> None:
    arguments = ["--incidents", workspace.name, "--boundaries", "wards.gpkg", "--store", "store", "--out", "maps"]
    for _ in range(2):  # the second time from the store
        result = CliRunner().invoke(cli, ["run", "--crime", "robbery", *arguments, "--json"], catch_exceptions=False)
        assert result.exit_code == 0
        assert_clean(result.stdout, "stdout")
        assert_clean(result.stderr, "stderr")
    written = [path for folder in ("maps", "store") for path in Path(folder).rglob("*") if path.is_file()]
    assert {path.suffix for path in written} >= {".html", ".csv", ".json", ".gpkg", ".parquet", ".xlsx"}
    for path in written:
        assert_clean(read_everything(path), path)


@pytest.mark.parametrize("options", [(), ("--json",), ("--boundaries", "wards.gpkg")])
def test_nothing_about_people_is_said_by_a_check(workspace: Path, options: tuple[str, ...]) -> None:
    result = CliRunner().invoke(cli, ["check", workspace.name, *options], catch_exceptions=False)
    assert result.exit_code == 0
    assert_clean(result.stdout, "stdout")
    assert_clean(result.stderr, "stderr")


@pytest.mark.parametrize("command", [("check",), ("run", "--crime", "robbery", "--incidents")])
def test_an_extract_without_a_header_is_not_quoted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    row = ",".join(["R1", "Robbery", "05/01/2026 18:05", "530500", "180500", UNCOMMON, *SECRETS.values()])
    Path("extract.csv").write_text(f"{row}\n{row}\n")
    result = CliRunner().invoke(cli, [*command, "extract.csv"])
    assert result.exit_code != 0
    assert_clean(result.output + str(result.exception), "message")

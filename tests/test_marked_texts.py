"""Marked texts in every column of every format, and in none of what is written, kept or said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from click.testing import CliRunner
from marked_texts import BARE, MARKS, assert_clean, assert_files_clean, write

from hotspots.cli.main import cli
from hotspots.ingest.incidents.intake import read_incidents
from hotspots.ingest.incidents.store import Store

PLAIN = {
    "Crime Ref": "",
    "Offence": "Robbery",
    "Date From": "05/01/2026 18:05",
    "Date To": "",
    "Easting": "530500",
    "Northing": "180500",
    "Postcode": "",
    "Location": "Rye Lane",
    "Location Type": "Street",
    "Knife Flag": "N",
    "Ward Code": "",
    "Beat": "",
    "Data Status": "",
}
OF_PLACES = ("Location", "Location Type", "Ward Code", "Beat")
FORMATS = ("csv", "tsv", "txt", "xlsx", "geojson", "gpkg", "parquet", "kml", "json", "zip")


def make_rows(n_times: int, number: int, *, n_days: int) -> pd.DataFrame:
    """Rows over so many days of which each puts one mark into one column, as often as said."""
    rows = [PLAIN] * 12
    for column in PLAIN:
        for text in (*MARKS.values(), *(BARE.values() if n_times == 1 or column not in OF_PLACES else ())):
            rows += [{**PLAIN, column: text}] * n_times
    marks = " ".join(MARKS.values())
    table = pd.DataFrame([{**row, "Victim": BARE["name"], "Notes": marks} for row in rows])
    days = pd.Timestamp(2026, 1, number + 1) - pd.to_timedelta(np.arange(len(table)) * 101 % n_days, unit="D")
    is_plain = table["Date From"] == PLAIN["Date From"]
    return table.assign(**{"Date From": table["Date From"].mask(is_plain, days.strftime("%d/%m/%Y 18:05"))})


@pytest.fixture(
    scope="module",
    params=[FORMATS[::5], pytest.param(FORMATS, marks=pytest.mark.slow)],
    ids=["a few formats", "all formats"],
)
def folder(request: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of which every other has each mark once, and the others eleven times, which is in many rows."""
    folder = tmp_path_factory.mktemp("marked")
    (folder / "in").mkdir()
    for number, kind in enumerate(request.param):
        rows = make_rows(11 if number % 2 else 1, number, n_days=1 if len(request.param) == len(FORMATS) else 760)
        write(folder / "in" / f"Statement of Mr Velbirt {kind}.{kind}", rows, part="Log_of_Mr_Velbirt")
    boxes = [shapely.box(530000 + 1000 * x, 180000, 531000 + 1000 * x, 181000) for x in (0, 1)]
    table = {"ward_code": ["A", "B"], "ward_name": ["Ash", "Beech"], "borough": ["West", "East"]}
    gpd.GeoDataFrame(table, geometry=boxes, crs="EPSG:27700").to_file(folder / "wards.gpkg")
    return folder


def test_no_mark_is_read_into_incidents_or_kept(folder: Path) -> None:
    paths = sorted((folder / "in").iterdir())
    for _ in range(2):  # the second time from the store
        store = Store(folder=folder / "store")
        intake = read_incidents(paths, store=store)
        assert (store.problem, store.rebuilt, len(intake.tables)) == (None, [], len(paths))
        for table in (intake.incidents.drop(columns="geometry"), intake.remarks, intake.rejected, intake.set_aside):
            assert_clean(repr(table.reset_index().to_dict("list")), "table")
        for told in (intake.inputs, intake.tables, intake.passed_over, intake.notes):
            assert_clean(repr(told), "intake")
    assert_files_clean(folder / "store")
    assert (folder / "store" / "key").stat().st_mode & 0o077 == 0


@pytest.mark.slow
def test_no_mark_is_written_or_said_by_any_command(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    files = [path.as_posix() for path in sorted(Path("in").iterdir())]
    inputs = [option for path in files for option in ("--incidents", path)]
    common = [*inputs, "--boundaries", "wards.gpkg", "--store", "kept", "--out", "maps"]
    period = ["--from", "2025-06-01", "--to", "2025-08-31"]
    check = ["check", *files, "--boundaries", "wards.gpkg"]
    commands = [[*check, "--json"], ["run", "--crime", "robbery", *common, "--json"]]
    if len(files) < len(FORMATS):  # what these commands are given of the files is what those are given
        commands += [
            check,
            ["performance", *common],
            ["evaluate", "--crime", "robbery", *common[:-2]],
            ["operation", "--crime", "robbery", "--treated-ward", "Ash", *period, *common],
            ["brief", "--tasking", "--crime", "robbery", *common],
            ["brief", "--strategic", *common],
            ["pack", *common],
        ]
    for arguments in commands:
        result = CliRunner().invoke(cli, arguments)
        assert result.exit_code == 0, str(result.exception)
        assert_clean(result.output + str(result.exception or ""), arguments[0])
    assert assert_files_clean(Path("maps"), Path("kept")) >= {".html", ".csv", ".json", ".gpkg", ".parquet"}


ROW = ["R1", *MARKS.values(), *BARE.values(), "05/01/2026 18:05", "530500", "180500"]


@pytest.mark.parametrize(
    ("name", "content"),
    {
        "no header": ("a.csv", "\n".join([";".join(ROW)] * 3)),
        "no header, and another delimiter": ("a.csv", "\n".join(["~".join(ROW)] * 3)),
        "one column": ("a.csv", "\n".join(ROW)),
        "names of columns": ("a.csv", f"{';'.join(ROW)};Date From;Easting\n{';'.join(ROW)};1;2\n"),
        "JSON": ("a.json", json.dumps([{text: text for text in ROW}])),
        "JSON cut short": ("a.json", json.dumps([{text: text for text in ROW}])[:-9]),
        "rows too long": ("a.csv", "Offence,Date\n" + "\n".join([",".join(ROW)] * 3)),
        "a quote that is not closed": ("a.csv", 'Offence,Date,Easting,Northing\n"' + "\n".join([",".join(ROW)] * 3)),
        "another layout": ("a.csv", f"Ref,What,Whose,{BARE['name']}\n" + ",".join(ROW[:4])),
        "GeoJSON": ("a.geojson", '{"type": "FeatureCollection", "features": [' + json.dumps(ROW) + "]}"),
        "KML": ("a.kml", "<kml>" + "".join(ROW) + "</kml>"),
        "no workbook": ("a.xlsx", "".join(ROW)),
        "no Parquet": ("a.parquet", "PAR1" + "".join(ROW)),
    }.values(),
)
def test_no_mark_is_in_an_error(name: str, content: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path(name).write_text(content, "utf-8")
    pd.DataFrame(columns=list(PLAIN)).to_csv("incidents.csv", index=False)
    for arguments in (
        ["check", name],
        ["run", "--crime", "robbery", "--incidents", name],
        ["run", "--crime", "robbery", "--incidents", "incidents.csv", "--boundaries", name],
        ["run", "--crime", "robbery", "--incidents", "incidents.csv", "--havens", name],
    ):
        result = CliRunner().invoke(cli, arguments)
        assert result.exit_code != 0
        assert_clean(result.output + str(result.exception), arguments)

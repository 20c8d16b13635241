"""Every incident with its ward, as one file."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from click.testing import CliRunner, Result

from hotspots.cli.main import cli
from hotspots.errors import ParameterError

ROWS = (
    "Ref,Offence,Date From,Easting,Northing,Location,Knife,Data status\n"
    "1,Robbery,30/11/2025 18:05,530500,180500,Grove Street,Y,{status}\n"
    "2,Burglary,01/12/2025 18:05,531500,180500,=Grove Street,N,{status}\n"
    "3,ASB,02/12/2025,539500,180500,Grove Street,,{status}\n"
    "4,Robbery,yesterday,530500,180500,Grove Street,,{status}\n"
)


def geocode(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["geocode", *map(str, arguments)])


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two wards side by side, an incident in each and one in neither."""
    monkeypatch.chdir(tmp_path)
    for name in ("incidents", "boundaries"):
        (tmp_path / "data" / name).mkdir(parents=True)
    (tmp_path / "data" / "incidents" / "some.csv").write_text(ROWS.format(status=""))
    wards = gpd.GeoDataFrame(
        {"WD24CD": ["E05000001", "E05000002"], "WD24NM": ["East", "West"]},
        geometry=[shapely.box(530000, 180000, 531000, 181000), shapely.box(531000, 180000, 532000, 181000)],
        crs="EPSG:27700",
    )
    wards.to_file(tmp_path / "data" / "boundaries" / "wards.gpkg")
    return tmp_path


@pytest.mark.parametrize("suffix", ["parquet", "gpkg", "csv"])
def test_each_incident_has_its_ward(workspace: Path, suffix: str) -> None:
    said = geocode("--out", f"out/all.{suffix}")
    assert "3 incidents. In no ward: 1. Rows refused: 1;" in said.stdout, said.output
    path = workspace / "out" / f"all.{suffix}"
    read = {"parquet": gpd.read_parquet, "gpkg": gpd.read_file, "csv": pd.read_csv}[suffix](path)
    assert read["ward_code"].astype("object").fillna("").tolist() == ["E05000001", "E05000002", ""]
    assert read["ward_name"].astype("object").fillna("").tolist() == ["East", "West", ""]
    assert read["category"].astype("object").tolist() == ["robbery", "burglary", "asb"]
    assert pd.to_datetime(read["started_at"]).tolist()[0] == pd.Timestamp("2025-11-30 18:05")
    x = read["easting"] if suffix == "csv" else read.geometry.x
    assert x.tolist() == [530500, 531500, 539500]
    assert [path.name for path in (workspace / "out").iterdir()] == [f"all.{suffix}"]


def test_days_and_months_can_be_chosen(workspace: Path) -> None:
    geocode("--from", "2025-12-01", "--to", "2025-12-01", "--out", "one.parquet")
    assert gpd.read_parquet(workspace / "one.parquet")["category"].tolist() == ["burglary"]


def test_made_up_data_say_so_in_the_file(workspace: Path) -> None:
    (workspace / "data" / "incidents" / "some.csv").write_text(ROWS.format(status="Synthetic"))
    said = geocode("--boundaries", "data/boundaries", "--out", "all.csv")
    assert "Not for decisions: made from synthetic incidents" in said.output
    assert set(pd.read_csv(workspace / "all.csv")["data_status"]) == {"synthetic incidents"}


def test_no_file_is_written_where_incidents_are_read_or_of_another_kind(workspace: Path) -> None:
    for out, why in (
        ("data/incidents/all.csv", "must not be written where files are read"),
        ("all.txt", "must end in"),
    ):
        failed = geocode("--out", out)
        assert isinstance(failed.exception, ParameterError)
        assert why in str(failed.exception)
        assert not (workspace / out).exists()


def test_what_it_writes_is_read_again(workspace: Path) -> None:
    geocode("--out", "all.csv")
    read = CliRunner().invoke(cli, ["check", "all.csv", "--json"])
    assert json.loads(read.stdout)["n_used"] == 3, read.output

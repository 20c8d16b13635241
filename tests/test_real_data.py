"""The main job on real police.uk files, checked against counts made another way."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
from click.testing import CliRunner

from hotspots.cli.main import cli


def run(out: Path, *arguments: str | Path) -> dict[str, Any]:
    result = CliRunner().invoke(cli, ["run", *map(str, arguments), "--out", str(out), "--json"], catch_exceptions=False)
    assert result.exit_code == 0, result.stderr
    summary: dict[str, Any] = json.loads(result.stdout)
    return summary


def add_up(accounts: dict[str, Any]) -> int:
    parts = ("other_crimes", "outside_period", "outside_area", "analysed")
    return int(sum(accounts["rejected"].values()) + sum(accounts[part] for part in parts))


def test_robbery_in_lewisham_and_southwark(real_data: Path, tmp_path: Path) -> None:
    source = real_data / "police_uk" / "lewisham_southwark_12types_2018-02_2019-12.csv.gz"
    outlines = real_data / "boundaries" / "lewisham_southwark_wards_current_27700.gpkg"
    summary = run(tmp_path, "--crime", "robbery", "--incidents", source, "--boundaries", outlines)

    assert summary["period"] == {"start": "2018-02-01", "end": "2019-12-31", "n_days": 699}
    assert summary["accounts"]["read"] == add_up(summary["accounts"]) == 89_316
    assert summary["profile"]["available"] is False
    assert summary["profile"]["reason"] == "month-only"
    for path in summary["products"].values():
        assert Path(path).stat().st_size > 0

    # counted again by another route: projected by geopandas, each ward asked for itself
    rows = pd.read_csv(source)
    rows = rows[rows["Crime type"] == "Robbery"]
    points = gpd.GeoSeries(gpd.points_from_xy(rows["Longitude"], rows["Latitude"]), crs=4326).to_crs(27700)
    wards = gpd.read_file(outlines)
    left, counted = points, {}
    for ward in wards.sort_values("ward_code").itertuples():  # where outlines overlap by a sliver, the first has it
        inside = left.within(ward.geometry)
        counted[ward.ward_code], left = int(inside.sum()), left[~inside]
    assert {ward["code"]: ward["n_incidents"] for ward in summary["wards"]} == counted


def test_antisocial_behaviour_in_the_city(real_data: Path, tmp_path: Path) -> None:
    folder = real_data / "police_uk" / "city_of_london"
    outlines = real_data / "boundaries" / "london_wards_2018_27700.gpkg"
    summary = run(tmp_path, "--crime", "asb", "--incidents", folder, "--boundaries", outlines)
    rows = pd.concat([pd.read_csv(path) for path in sorted(folder.glob("*.csv"))])
    without = rows["Longitude"].isna()
    accounts = summary["accounts"]
    assert accounts["read"] == add_up(accounts) == len(rows)
    assert accounts["rejected"]["no location"] == without.sum() == 964
    is_asb = rows["Crime type"] == "Anti-social behaviour"
    assert accounts["analysed"] == (is_asb & ~without).sum()
    assert accounts["rejected_of_crime"] == (is_asb & without).sum()
    assert len([file for file in summary["inputs"] if file["layout"] == "police.uk street"]) == 12


@pytest.mark.parametrize(
    ("source", "outlines"),
    [
        ("metropolitan", "london_wards_2014_shp.zip"),
        ("lewisham_southwark_burglary_2010-12_2023-12.csv.gz", "lewisham_southwark_wards_current_4326.geojson"),
    ],
)
def test_burglary_on_other_files(real_data: Path, tmp_path: Path, source: str, outlines: str) -> None:
    summary = run(
        tmp_path,
        *("--crime", "burglary"),
        *("--incidents", real_data / "police_uk" / source),
        *("--boundaries", real_data / "boundaries" / outlines),
    )
    assert summary["accounts"]["read"] == add_up(summary["accounts"])
    assert summary["accounts"]["analysed"] > 10_000

"""What a partnership has decided once is asked for by every command, unless an option says otherwise."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely
from support import call

SETTINGS = "[house.thresholds]\nplaces = 2\nreach_m = 250\n"


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four places with 15 robberies each, 300 m apart, in two wards, and a haven."""
    monkeypatch.chdir(tmp_path)
    squares = [shapely.box(530_000 + x, 170_000, 531_000 + x, 171_000) for x in (0, 1_000)]
    wards = {"ward_code": ["E05000001", "E05000002"], "ward_name": ["Ashe", "Brook"]}
    gpd.GeoDataFrame(wards, geometry=squares, crs=27700).to_file("wards.geojson")
    rows = [
        f"Robbery,2025-03-{1 + i:02d} {8 + i % 14:02d}:30,{530_500 + 300 * place + 4 * i},{170_500 + 3 * i}"
        for place in range(4)
        for i in range(15)
    ]
    Path("crimes.csv").write_text("\n".join(["Offence,Date,Easting,Northing", *rows]), "utf-8")
    Path("havens.csv").write_text("name,kind,opening_hours,easting,northing\nLibrary,library,24/7,530500,170500\n")
    Path("hotspots.toml").write_text(SETTINGS, "utf-8")


INPUTS = ("--incidents", "crimes.csv", "--boundaries", "wards.geojson")


def read_parameters(*command: object) -> dict[str, Any]:
    """Of the manifest that a command has written."""
    assert call(*command, *INPUTS).code == 0
    (path,) = Path("maps").rglob("manifest.json")
    parameters: dict[str, Any] = json.loads(path.read_text("utf-8"))["parameters"]
    return parameters


@pytest.mark.parametrize(("options", "wanted"), [((), (2, 250)), (("--places", 3, "--reach", 500), (3, 500))])
def test_a_run_lists_and_reaches_what_the_house_has_decided(
    options: tuple[object, ...], wanted: tuple[int, float]
) -> None:
    parameters = read_parameters("run", "--crime", "robbery", "--havens", "havens.csv", *options)
    assert (parameters["n_patrol_places"], parameters["reach_m"]) == wanted
    (page,) = Path("maps").rglob("map.html")
    text = page.read_text("utf-8")
    assert f"{wanted[0]} places, each 150 m across" in text
    assert f"Within {wanted[1]} m of a safe haven" in text


def test_a_plan_of_havens_reaches_so_far_and_one_of_cameras_as_far_as_they_see() -> None:
    parameters = read_parameters("havens", "coverage", "--crime", "robbery", "--havens", "havens.csv")
    assert parameters["reach_m"] == 250


def test_a_wrong_threshold_names_the_file_and_the_key() -> None:
    Path("hotspots.toml").write_text("[house.thresholds]\nplaces = 0\n", "utf-8")
    said = call("run", "--crime", "robbery", *INPUTS)
    assert said.code == 2
    assert "hotspots.toml, [house]: `thresholds.places` must be a whole number of places to patrol" in said.err

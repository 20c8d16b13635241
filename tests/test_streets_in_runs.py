"""Streets in a run by the command: summary, table, layer and map; and a run without them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from support import call

from hotspots.products.drawing import choose_street_classes

EAST, NORTH = 538_000, 174_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two years of robberies, 160 of 200 along one block of Rye Lane, in four wards of a square kilometre."""
    path = tmp_path_factory.mktemp("streets")
    rng = np.random.default_rng(5)
    on_block = np.column_stack([EAST + rng.uniform(805, 1195, 160), np.full(160, NORTH + 1000)])
    anywhere = np.array([EAST, NORTH]) + rng.uniform(50, 1950, (40, 2))
    places = rng.permutation(np.concatenate([on_block, anywhere])).round()
    days = pd.Timestamp("2023-01-02") + pd.to_timedelta(np.arange(200) * 3.65, unit="D")
    rows = {"Crime Ref": range(200), "Offence": "Robbery", "Date From": days.strftime("%d/%m/%Y 15:%M")}
    pd.DataFrame(rows).assign(Easting=places[:, 0], Northing=places[:, 1]).to_csv(path / "incidents.csv", index=False)
    squares = [
        shapely.box(EAST + x, NORTH + y, EAST + x + 1000, NORTH + y + 1000) for y in (0, 1000) for x in (0, 1000)
    ]
    codes = {"area_code": [f"E0500000{n}" for n in range(4)], "area_name": ["Ash", "Beech", "Cedar", "Date"]}
    gpd.GeoDataFrame(codes, geometry=squares, crs=27700).to_file(path / "wards.geojson")
    at = [EAST + 400 * step for step in range(6)]
    up = [NORTH + 200 * step for step in range(11)]
    lines = {
        **{("Rye Lane" if n == 5 else f"Row {n}"): [(x, y) for x in at] for n, y in enumerate(up)},
        **{f"Cross Street {n}": [(x, y) for y in up] for n, x in enumerate(at)},
    }
    gpd.GeoDataFrame(
        {"name": list(lines), "highway": "residential", "data_status": "synthetic"},
        geometry=list(map(shapely.LineString, lines.values())),
        crs=27700,
    ).to_file(path / "streets.gpkg")
    return path


def run(folder: Path, *more: str | Path) -> tuple[dict[str, Any], str]:
    code, out, err = call(
        *("run", "--crime", "robbery", "--incidents", folder / "incidents.csv"),
        *("--boundaries", folder / "wards.geojson", "--out", folder / "out", "--json", *more),
    )
    assert code == 0, err
    return json.loads(out), err


@pytest.fixture(scope="module")
def with_streets(folder: Path) -> tuple[dict[str, Any], str]:
    return run(folder, "--streets", folder / "streets.gpkg", "--from", "2024-01-01", "--to", "2024-12-30")


def test_the_busy_block_is_found_named_and_stays_busy(with_streets: tuple[dict[str, Any], str]) -> None:
    summary, told = with_streets
    streets = summary["streets"]
    (run_found,) = streets["runs"]
    n = summary["accounts"]["analysed"]

    assert run_found["name"] == "Rye Lane from Cross Street 2 to Cross Street 3"
    assert (run_found["n_segments"], run_found["length_m"]) == (1, 400)
    assert run_found["n_per_km"] == round(run_found["n_incidents"] / 0.4)
    assert 0.7 < run_found["share"] < 0.9
    assert streets["n_on_streets"] + streets["n_too_far"] == n
    # 11 streets of 2 km and 6 of 2 km
    assert (streets["length_km"], streets["n_islands"]) == (34, 1)
    (two,) = [share for share in streets["shares"] if share["length_share"] == 0.02]
    assert two["incident_share"] > 0.7 > two["by_chance_high"]
    (tested,) = [score for score in streets["earlier"]["scores"] if score["length_share"] == 0.02]
    assert streets["earlier"]["fit_start"].startswith("2023-01")
    assert tested["n_incidents"] == streets["n_on_streets"]
    assert tested["hit_rate"] > 0.7
    assert "busiest are Rye Lane from Cross Street 2 to Cross Street 3" in told
    assert "Streets: The busiest 1%, 2% and 5% of the street length hold" in told


def test_the_table_and_the_layer_say_the_same(with_streets: tuple[dict[str, Any], str]) -> None:
    summary, _ = with_streets
    table = pd.read_csv(summary["products"]["hot_streets_csv"])
    layer = gpd.read_file(summary["products"]["hotspots_gpkg"], layer="hot_streets")

    assert table["name"].tolist() == layer["name"].tolist() == ["Rye Lane from Cross Street 2 to Cross Street 3"]
    assert table["n_incidents"].tolist() == [run["n_incidents"] for run in summary["streets"]["runs"]]
    assert table["point_means"].tolist() == ["place"]
    (line,) = layer.geometry
    assert line.length == pytest.approx(400)
    styles = gpd.read_file(summary["products"]["hotspots_gpkg"], layer="layer_styles")
    (style,) = styles["styleQML"][styles["f_table_name"] == "hot_streets"]
    assert "graduatedSymbol" in style


def test_the_map_has_a_layer_of_streets_and_says_what_they_are(with_streets: tuple[dict[str, Any], str]) -> None:
    page = Path(with_streets[0]["products"]["map"]).read_text("utf-8")

    assert "Busiest streets" in page
    assert 'data-layer="streets"' in page
    assert "Each incident counts for the nearest piece of street between two junctions" in page
    assert "synthetic streets" in page
    assert "OpenStreetMap contributors" not in page


def test_streets_that_are_not_real_mark_the_products(with_streets: tuple[dict[str, Any], str]) -> None:
    summary, _ = with_streets

    assert summary["data_status"]["streets"] == "synthetic"
    assert {file["table"] for file in summary["inputs"]} >= {"incidents", "boundaries", "streets"}


def test_streets_that_do_not_cover_the_area_are_said_to(folder: Path, tmp_path: Path) -> None:
    streets = gpd.read_file(folder / "streets.gpkg")
    streets[streets["name"] == "Rye Lane"].drop(columns="data_status").to_file(tmp_path / "streets.gpkg")
    summary, told = run(folder, "--streets", tmp_path / "streets.gpkg")
    n_off = summary["streets"]["n_too_far"]

    assert 20 < n_off <= 40
    assert (
        f"{n_off / 2:.0f}% of robberies lie further than 75 m from any street and are left out: the file does" in told
    )
    assert "of the robberies on them" in told
    assert "OpenStreetMap contributors" in Path(summary["products"]["map"]).read_text("utf-8")


def test_a_run_without_streets_says_nothing_of_them(folder: Path) -> None:
    summary, told = run(folder)

    assert summary["streets"] is None
    assert "hot_streets_csv" not in summary["products"]
    assert not (Path(summary["products"]["summary"]).parent / "hot_streets.csv").exists()
    assert "Streets:" not in told


def test_streets_of_other_wards_do_not_stop_a_run(folder: Path, tmp_path: Path) -> None:
    away = gpd.GeoDataFrame(
        {"name": ["Far Lane"], "highway": "residential"},
        geometry=[shapely.LineString([(EAST - 500, NORTH), (EAST - 400, NORTH)])],
        crs=27700,
    )
    away.to_file(tmp_path / "streets.gpkg")
    summary, _ = run(folder, "--streets", tmp_path / "streets.gpkg", "--from", "2024-01-01")

    assert summary["streets"] is None


@pytest.mark.parametrize("rates", [[0.3], [50.0, 400.0], [1.0, 2.0, 3.0], [179.0, 258.0, 93.0, 2180.0]])
def test_every_street_has_a_class_and_more_is_wider(rates: list[float]) -> None:
    classes = choose_street_classes(rates)
    bounds, _, widths = zip(*classes, strict=True)

    assert 1 <= len(classes) <= 3
    assert bounds[0] == 0
    assert list(bounds) == sorted(set(bounds))
    assert list(widths) == sorted(widths)
    assert max(rates) >= bounds[-1]


def test_without_streets_there_are_no_classes() -> None:
    assert choose_street_classes([]) == []

"""One run for all wards and for each of them."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import pytest
import shapely
from support import call

SIDE_M = 1000


def write_inputs(folder: Path) -> None:
    """Three wards beside each other: forty robberies in the first, one in the second, none in the third."""
    squares = [shapely.box(530_000 + x, 170_000, 530_000 + x + SIDE_M, 171_000) for x in (0, SIDE_M, 2 * SIDE_M)]
    wards = {"ward_code": ["E05000001", "E05000002", "E05000003"], "ward_name": ["Ashe", "Brook", "Coombe"]}
    gpd.GeoDataFrame(wards, geometry=squares, crs=27700).to_file(folder / "wards.geojson")
    rows = [f"Robbery,2025-03-{1 + i % 28:02d} 15:30,{530_100 + 7 * i},{170_100 + 11 * i}" for i in range(40)]
    rows.append("Robbery,2025-03-09 15:30,531500,170500")
    (folder / "robberies.csv").write_text("\n".join(["Offence,Date,Easting,Northing", *rows]), "utf-8")


@pytest.mark.slow
def test_each_ward_has_the_products_that_a_run_of_it_alone_makes(tmp_path: Path) -> None:
    write_inputs(tmp_path)
    given = (
        *("run", "--crime", "robbery", "--incidents", tmp_path / "robberies.csv"),
        *("--boundaries", tmp_path / "wards.geojson"),
    )
    code, out, err = call(*given, "--each-ward", "--out", tmp_path / "all")
    assert code == 0
    assert [Path(line).parent.name for line in out.splitlines()] == [
        "2025-03-01_2025-03-28",
        "2025-03-01_2025-03-28_ashe",
        "2025-03-01_2025-03-28_brook",
    ]
    assert "Too few robberies for products of their own: Coombe." in err
    assert call(*given, "--ward", "Ashe", "--out", tmp_path / "one")[0] == 0
    together, alone = (
        json.loads((tmp_path / name / "robbery" / "2025-03-01_2025-03-28_ashe" / "summary.json").read_text("utf-8"))
        for name in ("all", "one")
    )
    assert together == alone


def test_a_single_ward_is_the_whole(tmp_path: Path) -> None:
    write_inputs(tmp_path)
    code, out, _ = call(
        *("run", "--crime", "robbery", "--incidents", tmp_path / "robberies.csv", "--each-ward"),
        *("--boundaries", tmp_path / "wards.geojson", "--ward", "Ashe", "--out", tmp_path / "out"),
    )
    assert code == 0
    assert len(out.splitlines()) == 1

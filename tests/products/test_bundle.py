from __future__ import annotations

import csv
import json
import os
import re
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest

from hotspots.pipeline import Analysis, AnalysisRequest, Study, analyse
from hotspots.products import bundle, write_bundle, write_index
from hotspots.products.summary import PRODUCTS, summarise
from hotspots.products.tables import tabulate_hotspots, write_csv


@pytest.fixture(scope="module")
def analysis(demonstration: Study) -> Analysis:
    return analyse(demonstration, AnalysisRequest(crime="robbery"))


@pytest.fixture(scope="module")
def written(analysis: Analysis, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], dict[str, Path]]:
    return write_bundle(analysis, tmp_path_factory.mktemp("maps"))


def test_the_same_input_gives_the_same_bytes(
    analysis: Analysis, written: tuple[dict[str, Any], dict[str, Path]], tmp_path: Path
) -> None:
    _, again = write_bundle(analysis, tmp_path)
    for key, path in written[1].items():
        assert path.read_bytes() == again[key].read_bytes(), key


def test_the_summary_holds_what_is_promised(written: tuple[dict[str, Any], dict[str, Path]]) -> None:
    summary = json.loads(written[1]["summary"].read_text("utf-8"))
    assert {
        *("crime", "period", "inputs", "accounts", "wards", "density", "clusters", "hotspots", "profile"),
        *("havens", "products", "version"),
    } <= set(summary)
    assert all(re.fullmatch("[0-9a-f]{64}", file["sha256"]) for file in summary["inputs"])
    assert sum(file["rows"] for file in summary["inputs"][:25]) == summary["accounts"]["read"]
    assert sum(ward["n_incidents"] for ward in summary["wards"]) == summary["accounts"]["analysed"]
    assert {"rank", "n_incidents", "share", "area_km2", "wards", "peak"} <= set(summary["hotspots"][0])
    assert (len(summary["profile"]["counts"]), len(summary["profile"]["counts"][0])) == (7, 24)
    assert summary["density"]["kernel"] == "quartic"
    assert summary["density"]["bandwidth_m"] == 300
    assert summary["density"]["integral"] == pytest.approx(summary["accounts"]["analysed"], rel=1e-3)
    assert summary["clusters"]["min_samples_reason"] == "0.5% of 6,803 incidents"


def test_the_geopackage_has_styled_layers_on_the_national_grid(
    written: tuple[dict[str, Any], dict[str, Path]],
) -> None:
    summary, paths = written
    path = paths["hotspots_gpkg"]
    assert {name for name, kind in pyogrio.list_layers(path) if kind} == {"hotspots", "wards", "havens"}
    hotspots = gpd.read_file(path, layer="hotspots")
    assert hotspots.crs.to_epsg() == 27700
    assert hotspots["n_incidents"].tolist() == [hotspot["n_incidents"] for hotspot in summary["hotspots"]]
    assert hotspots.geometry.is_valid.all()
    with sqlite3.connect(path) as database:
        styles = database.execute("SELECT f_table_name, styleQML, useAsDefault FROM layer_styles").fetchall()
    database.close()
    assert {name for name, _, _ in styles} == {"hotspots", "wards", "havens"}
    assert all(qml.startswith("<!DOCTYPE qgis") and default for _, qml, default in styles)


def test_the_spreadsheet_opens_as_what_it_is(written: tuple[dict[str, Any], dict[str, Path]]) -> None:
    summary, paths = written
    assert paths["hotspots_csv"].read_bytes().startswith(b"\xef\xbb\xbf")
    table = pd.read_csv(paths["hotspots_csv"], encoding="utf-8-sig")
    assert table["rank"].tolist() == [hotspot["rank"] for hotspot in summary["hotspots"]]
    assert table["peak"][0] == summary["hotspots"][0]["peak"]["words"]


def test_text_is_not_taken_for_a_formula(tmp_path: Path) -> None:
    frame = pd.DataFrame({"text": ["=1+1", "+44", "-x", "@cmd", "fine", None], "n": [-1, -2, -3, -4, -5, -6]})
    write_csv(frame, tmp_path / "x.csv")
    rows = list(csv.DictReader((tmp_path / "x.csv").read_text("utf-8-sig").splitlines()))
    assert [row["text"] for row in rows] == ["'=1+1", "'+44", "'-x", "'@cmd", "fine", ""]
    assert [row["n"] for row in rows] == ["-1", "-2", "-3", "-4", "-5", "-6"]


def test_refused_rows_are_written_with_their_reason(
    analysis: Analysis, written: tuple[dict[str, Any], dict[str, Path]]
) -> None:
    table = pd.read_csv(written[1]["rejected"], encoding="utf-8-sig")
    assert list(table.columns) == ["source", "source_row", "reason"]
    assert table["reason"].value_counts().to_dict() == analysis.accounts.rejected


def test_a_run_that_fails_leaves_the_last_good_products(
    analysis: Analysis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, paths = write_bundle(analysis, tmp_path)
    before = {path: path.read_bytes() for path in paths.values()}

    def fail(*_: object) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(bundle, "write_geopackage", fail)
    with pytest.raises(RuntimeError, match="the disk is full"):
        write_bundle(analysis, tmp_path)
    assert {path: path.read_bytes() for path in paths.values()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["robbery"]  # and no half-written folder


@pytest.mark.skipif(os.name == "nt", reason="a process cannot be killed this way on Windows")
def test_a_run_that_is_killed_leaves_whole_files(repository: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hotspots", "run", "--crime", "robbery", "--crime", "asb", "--out", str(tmp_path)]
    for seconds in (1.5, 2.5, 3.5, 4.0):
        process = subprocess.Popen(command, cwd=repository, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(seconds)
        process.kill()
        process.wait()
        for path in tmp_path.glob("*/*/summary.json"):
            json.loads(path.read_text("utf-8"))
        for path in tmp_path.glob("*/*/map.html"):
            assert path.read_text("utf-8").rstrip().endswith("</html>")
    subprocess.run(command, cwd=repository, check=True, capture_output=True)
    assert all((tmp_path / "asb" / "2024-10-01_2026-09-30" / name).is_file() for name in PRODUCTS.values())


def test_the_index_lists_every_run_and_survives_a_broken_one(analysis: Analysis, tmp_path: Path) -> None:
    write_bundle(analysis, tmp_path)
    (tmp_path / "burglary" / "x").mkdir(parents=True)
    (tmp_path / "burglary" / "x" / "summary.json").write_text("{half")
    text = write_index(tmp_path).read_text("utf-8")
    for name in PRODUCTS.values():
        assert f'href="robbery/2024-10-01_2026-09-30/{name}"' in text
    assert "synthetic incidents" in text


def test_an_analysis_without_hot_spots_or_havens_is_written_too(demonstration: Study, tmp_path: Path) -> None:
    study = Study(intake=demonstration.intake, boundaries=demonstration.boundaries, havens=None)
    analysis = analyse(study, AnalysisRequest(crime="robbery", min_samples=100_000))
    summary, paths = write_bundle(analysis, tmp_path)
    assert summary["hotspots"] == []
    assert summary["havens"] is None
    assert len(gpd.read_file(paths["hotspots_gpkg"], layer="hotspots")) == 0
    assert "so there is no hot spot" in paths["map"].read_text("utf-8")
    assert tabulate_hotspots(summary).empty


def test_the_map_shows_no_number_that_the_summary_does_not_hold(analysis: Analysis) -> None:
    """Ranks, counts and shares in the table of the page are those of the summary, in its order."""
    from hotspots.products.maps import draw_map

    summary = summarise(analysis)
    page = draw_map(analysis, summary)
    shown = re.findall(r'data-rank="(\d+)".*?<td class="n">([\d,]+)</td>', page, flags=re.DOTALL)
    assert [(int(rank), int(n.replace(",", ""))) for rank, n in shown] == [
        (hotspot["rank"], hotspot["n_incidents"]) for hotspot in summary["hotspots"]
    ]

from __future__ import annotations

import csv
import dataclasses
import datetime as dt
import json
import os
import re
import shutil
import sqlite3
import time
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
from support import AnalyseDemonstration

from hotspots.pipeline.request import AnalysisRequest
from hotspots.pipeline.results import Analysis
from hotspots.pipeline.run import analyse
from hotspots.pipeline.selection import select_wards
from hotspots.pipeline.study import Study
from hotspots.products.files import bundle
from hotspots.products.files.bundle import write_products
from hotspots.products.files.folders import name_folder
from hotspots.products.files.index import write_index
from hotspots.products.files.spreadsheets import tabulate_hotspots, write_csv
from hotspots.products.summary import RunSummary, summarise

LAYERS = {
    *(
        "hotspots",
        "wards",
        "havens",
        "haven_gaps",
        "tested_cells",
        "places_to_patrol",
        "expected_cells",
        "shift_hotspots",
    )
}


@pytest.fixture(scope="module")
def analysis(analyse_demonstration: AnalyseDemonstration) -> Analysis:
    return analyse_demonstration("robbery")


@pytest.fixture(scope="module")
def written(analysis: Analysis, tmp_path_factory: pytest.TempPathFactory) -> tuple[RunSummary, dict[str, Path]]:
    return write_products(analysis, tmp_path_factory.mktemp("maps"))


@pytest.fixture(scope="module")
def bare(demonstration: Study) -> Analysis:
    """Without hot spots and havens."""
    study = dataclasses.replace(demonstration, havens=None)
    return analyse(study, AnalysisRequest(crime="robbery", min_samples=100_000))


@pytest.fixture
def paths(written: tuple[RunSummary, dict[str, Path]], tmp_path: Path) -> dict[str, Path]:
    """The products of an earlier run, in a folder of the test's own."""
    kept = written[1]
    out = kept["map"].parents[2]
    shutil.copytree(out, tmp_path, dirs_exist_ok=True)
    return {key: tmp_path / path.relative_to(out) for key, path in kept.items()}


@pytest.mark.slow
def test_the_same_input_gives_the_same_bytes(
    analysis: Analysis, written: tuple[RunSummary, dict[str, Path]], tmp_path: Path
) -> None:
    _, again = write_products(analysis, tmp_path)
    for key, path in written[1].items():
        assert path.read_bytes() == again[key].read_bytes(), key


def test_the_summary_holds_what_is_promised(written: tuple[RunSummary, dict[str, Path]]) -> None:
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
    # where the data end at the wards, what lies beyond them is left out and the edge corrected
    assert summary["density"]["is_edge_corrected"] is True
    assert summary["density"]["n_incidents"] == summary["accounts"]["analysed"]
    total = summary["hotspots_total"]
    assert total["n_incidents"] == sum(hotspot["n_incidents"] for hotspot in summary["hotspots"])
    assert total["hit_rate"] == pytest.approx(total["n_incidents"] / summary["accounts"]["analysed"], abs=1e-4)
    assert [peak["words"] for peak in summary["havens"]["peaks"]] == [
        peak["words"] for peak in summary["profile"]["peaks"]
    ]
    assert summary["clusters"]["min_samples_reason"] == "0.5% of 6,803 incidents"
    assert total["n_significant"] == sum(hotspot["is_significant"] for hotspot in summary["hotspots"])
    expected = [hotspot["expected"] for hotspot in summary["hotspots"]]
    assert expected == sorted(expected, reverse=True)
    for hotspot in summary["hotspots"]:
        assert hotspot["expected_low"] < hotspot["expected"] < hotspot["expected_high"]
        assert hotspot["rank_low"] <= hotspot["rank"] <= hotspot["rank_high"]
        assert f" {hotspot['sureness'].capitalize()} to be found again" in hotspot["certainty"]
        assert hotspot["harm"] == pytest.approx(746 * hotspot["n_incidents"], rel=1e-3)
    assert {method["method"] for method in summary["holdout"]["methods"]} == {
        *("risk", "counts", "last period", "density", "gi-star")
    }
    json.dumps(summary, allow_nan=False)


def test_the_cells_in_the_geopackage_are_those_of_the_analysis(
    analysis: Analysis, written: tuple[RunSummary, dict[str, Path]]
) -> None:
    path = written[1]["hotspots_gpkg"]
    tested = gpd.read_file(path, layer="tested_cells")
    test, risk = analysis.places.test, analysis.places.risk
    assert test is not None
    assert risk is not None
    assert len(tested) == test.is_shown.sum() < len(test.cells)
    assert (tested["result"] == "hot").sum() == (test.gi_star.is_hot & test.is_shown).sum() > 0
    assert {"gi_star", "p_hot"}.isdisjoint(tested.columns)
    is_clear = tested["result"] != "neither"
    assert set(tested["p_at_most"][is_clear]) <= {0.001, 0.01, 0.05}
    assert set(tested["p_at_most"][~is_clear]) == {1.0}
    around = gpd.GeoDataFrame(geometry=tested.buffer(test.cells.cell_size_m, join_style="mitre"))
    assert around.sjoin(analysis.incidents[["geometry"]]).index.value_counts().reindex(around.index).min() >= 10
    expected = gpd.read_file(path, layer="expected_cells")
    assert 0 < len(expected) < len(risk.cells) // 20
    assert expected["within_share"].is_monotonic_increasing
    # some lie on the side of a cell, which belongs to one of the two
    told = expected[expected["n_incidents"].notna()]
    within, touching = (
        len(told.sjoin(analysis.incidents[["geometry"]], predicate=predicate))
        for predicate in ("contains", "intersects")
    )
    assert within <= told["n_incidents"].sum() <= touching
    assert told["n_incidents"].min() >= 10
    for column in ("place", "area_share", "expected", "own_share"):
        assert (expected[column].notna() == expected["n_incidents"].notna()).all()
    # the patches of each share, with those of the shares before it, hold ten incidents each
    for share in (0.01, 0.02, 0.05):
        cells = expected[expected["within_share"] <= share].buffer(0.01)
        patches = gpd.GeoDataFrame(geometry=[cells.union_all()], crs=expected.crs).explode()
        held = patches.reset_index(drop=True).sjoin(analysis.incidents[["geometry"]]).index.value_counts()
        assert held.reindex(range(len(patches))).min() >= 10


def test_the_geopackage_has_styled_layers_on_the_national_grid(
    written: tuple[RunSummary, dict[str, Path]],
) -> None:
    summary, paths = written
    path = paths["hotspots_gpkg"]
    assert {name for name, kind in pyogrio.list_layers(path) if kind} == LAYERS
    hotspots = gpd.read_file(path, layer="hotspots")
    assert hotspots.crs.to_epsg() == 27700
    assert hotspots["n_incidents"].tolist() == [hotspot.n_incidents for hotspot in summary.hotspots]
    assert hotspots.geometry.is_valid.all()
    with sqlite3.connect(path) as database:
        styles = database.execute("SELECT f_table_name, styleQML, useAsDefault FROM layer_styles").fetchall()
    database.close()
    assert {name for name, _, _ in styles} == LAYERS
    assert all(qml.startswith("<!DOCTYPE qgis") and default for _, qml, default in styles)


def test_the_spreadsheet_opens_as_what_it_is(written: tuple[RunSummary, dict[str, Path]]) -> None:
    summary, paths = written
    assert paths["hotspots_csv"].read_bytes().startswith(b"\xef\xbb\xbf")
    table = pd.read_csv(paths["hotspots_csv"], encoding="utf-8-sig")
    assert table["rank"].tolist() == [hotspot.rank for hotspot in summary.hotspots]
    assert summary.hotspots[0].peak is not None
    assert table["peak"][0] == summary.hotspots[0].peak.words


def test_text_is_not_taken_for_a_formula(tmp_path: Path) -> None:
    frame = pd.DataFrame({"text": ["=1+1", "+44", "-x", "@cmd", "fine", None], "n": [-1, -2, -3, -4, -5, -6]})
    write_csv(frame, tmp_path / "x.csv")
    rows = list(csv.DictReader((tmp_path / "x.csv").read_text("utf-8-sig").splitlines()))
    assert [row["text"] for row in rows] == ["'=1+1", "'+44", "'-x", "'@cmd", "fine", ""]
    assert [row["n"] for row in rows] == ["-1", "-2", "-3", "-4", "-5", "-6"]


def test_refused_rows_are_written_with_their_reason(
    analysis: Analysis, written: tuple[RunSummary, dict[str, Path]]
) -> None:
    table = pd.read_csv(written[1]["rejected"], encoding="utf-8-sig")
    assert list(table.columns) == ["source", "source_row", "category", "reason", "detail"]
    assert table["reason"].value_counts().to_dict() == analysis.accounts.rejected


def test_a_run_that_fails_leaves_the_last_good_products(
    analysis: Analysis, paths: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {path: path.read_bytes() for path in paths.values()}

    def fail(*_: object) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(bundle, "write_geopackage", fail)
    with pytest.raises(RuntimeError, match="the disk is full"):
        write_products(analysis, tmp_path)
    assert {path: path.read_bytes() for path in paths.values()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["robbery"]  # and no half-written folder


def test_a_disk_that_fills_while_layers_are_written_is_said(
    analysis: Analysis, paths: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {path: path.read_bytes() for path in paths.values()}

    def fill(*_: object, **__: object) -> None:
        raise pyogrio.errors.DataSourceError("Failed to commit transaction")

    monkeypatch.setattr("pyogrio.write_dataframe", fill)
    with pytest.raises(OSError, match=r"hotspots\.gpkg cannot be written: Failed to commit.* The disk may be full"):
        write_products(analysis, tmp_path)
    assert {path: path.read_bytes() for path in paths.values()} == before


@pytest.mark.slow
def test_a_run_that_cannot_move_its_products_leaves_the_last_ones_together(
    analysis: Analysis, paths: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever of the moves fails, as they do on Windows while a product is open."""
    other = dataclasses.replace(analysis, havens=None)
    before = {path: path.read_bytes() for path in paths.values()}
    move = os.replace
    for failing in (1, 2):
        n_moves = 0

        def fail_once(source: Path, target: Path, failing: int = failing) -> None:
            nonlocal n_moves
            n_moves += 1
            if n_moves == failing:
                raise PermissionError(f"{target} is open in another program")
            move(source, target)

        monkeypatch.setattr(os, "replace", fail_once)
        with pytest.raises(PermissionError):
            write_products(other, tmp_path)
        monkeypatch.setattr(os, "replace", move)
        assert {path: path.read_bytes() for path in paths.values()} == before
    write_products(other, tmp_path)
    _, wanted = write_products(other, tmp_path / "elsewhere")
    assert {key: path.read_bytes() for key, path in paths.items()} == {k: p.read_bytes() for k, p in wanted.items()}
    assert paths["map"].read_bytes() != before[paths["map"]]


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
@pytest.mark.slow
def test_a_run_that_is_stopped_between_two_moves_leaves_the_last_products(
    analysis: Analysis,
    paths: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    stop: type[BaseException],
) -> None:
    before = {path: path.read_bytes() for path in paths.values()}
    move, n_moves = os.replace, 0

    def stop_after_the_first(source: Path, target: Path) -> None:
        nonlocal n_moves
        n_moves += 1
        move(source, target)
        if n_moves == 1:
            raise stop

    monkeypatch.setattr(os, "replace", stop_after_the_first)
    with pytest.raises(stop):
        write_products(analysis, tmp_path)
    assert {path: path.read_bytes() for path in paths.values()} == before


@pytest.mark.slow
def test_what_a_killed_run_left_is_tidied_and_products_set_aside_come_back(
    analysis: Analysis, paths: dict[str, Path], tmp_path: Path
) -> None:
    folder = paths["map"].parent
    left = tmp_path / ".writing-killed"
    (left / "aside" / "asb").mkdir(parents=True)
    folder.rename(left / "aside" / "asb" / folder.name)
    (tmp_path / "asb").mkdir()
    recent = tmp_path / ".writing-at-work"
    recent.mkdir()
    an_age_ago = time.time() - 100_000
    os.utime(left, (an_age_ago, an_age_ago))
    write_products(analysis, tmp_path)
    assert (tmp_path / "asb" / folder.name / "map.html").is_file()
    assert not left.exists()
    assert recent.exists()


def test_products_of_another_area_have_another_folder(demonstration: Study) -> None:
    every = demonstration.boundaries.wards

    def name(*wards: str) -> str:
        return name_folder("a", select_wards(every, wards), every)

    assert name() == "a"
    assert name("Peckham", "The Lane") == name("The Lane", "Peckham") == "a_peckham+the-lane"
    alike = every.replace({"ward_name": {"Nunhead": "Peckham"}})
    code = alike.index[alike["ward_name"] == "Peckham"][0]
    assert name_folder("a", select_wards(alike, [code]), alike) == f"a_{code.lower()}"
    assert name("Peckham", "The Lane", "Nunhead", "Faraday").startswith("a_4-wards-")


def test_every_product_says_that_it_is_synthetic(written: tuple[RunSummary, dict[str, Path]]) -> None:
    summary, paths = written
    assert "Not for decisions." in paths["map"].read_text("utf-8")
    assert summary.data_status["incidents"] == "synthetic"
    assert "synthetic incidents" in paths["hotspots_csv"].read_text("utf-8-sig")
    with sqlite3.connect(paths["hotspots_gpkg"]) as database:
        descriptions = [row[0] for row in database.execute("SELECT description FROM gpkg_contents")]
    database.close()
    assert all("Not for decisions: made from synthetic incidents" in description for description in descriptions)


def test_the_index_lists_every_run_and_survives_a_broken_one(paths: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "burglary" / "x").mkdir(parents=True)
    (tmp_path / "burglary" / "x" / "summary.json").write_text("{half")
    for name, content in (("y", "{}"), ("z", "[]"), ("a", '{"crime_label": "Old"}')):
        (tmp_path / "burglary" / name).mkdir()
        (tmp_path / "burglary" / name / "summary.json").write_text(content)
    text = write_index(tmp_path).read_text("utf-8")
    for name in (path.name for path in paths.values()):
        assert f'href="robbery/2024-10-01_2026-09-30/{name}"' in text
    assert "synthetic incidents" in text


def test_an_analysis_without_hot_spots_or_havens_is_written_too(bare: Analysis, tmp_path: Path) -> None:
    summary, paths = write_products(bare, tmp_path)
    assert summary.hotspots == ()
    assert summary.havens is None
    assert len(gpd.read_file(paths["hotspots_gpkg"], layer="hotspots")) == 0
    assert "so there are no hot spots" in paths["map"].read_text("utf-8")
    assert tabulate_hotspots(summary).empty


def test_the_map_shows_no_number_that_the_summary_does_not_hold(analysis: Analysis) -> None:
    """What the map's script is given of places and hot spots is of the summary, in its order."""
    from hotspots.products.pages.map_page import draw_map

    summary = summarise(analysis)
    page = draw_map(analysis, summary)
    view = json.loads(re.search(r"const view = (.*);\n", page)[1])  # type: ignore[index]
    counted = [dict(one["known"])["Incidents"].split()[0] for one in view["clusters"]]
    assert counted == [f"{hotspot.n_incidents:,}" for hotspot in summary.hotspots]
    assert summary.patrols is not None
    for shown, place in zip(view["places"], summary.patrols.places, strict=True):
        assert shown["rank"] == place.rank
        assert shown["byPart"] == (None if place.by_part is None else [round(one, 3) for one in place.by_part])
        assert dict(shown["known"])["Incidents"].startswith(f"{place.n_incidents:,} so far")
        assert f"{place.expected_low:,} to {place.expected_high:,} in" in dict(shown["facts"])["How sure"]


def test_few_incidents_are_drawn_in_no_layer(demonstration: Study, tmp_path: Path) -> None:
    day = dt.date(2026, 9, 12)
    analysis = analyse(demonstration, AnalysisRequest(crime="knife-crime", start=day, end=day))
    assert 0 < len(analysis.incidents) < 10
    _, paths = write_products(analysis, tmp_path)
    assert {name for name, kind in pyogrio.list_layers(paths["hotspots_gpkg"]) if kind} == {
        *("hotspots", "wards", "havens")
    }
    page = paths["map"].read_text("utf-8")
    assert "So that no victim can be found, no place is shown that rests on fewer than 10 incidents" in page
    assert "withheld: the density" in page
    for layer in ("Densest half", "Most incidents expected"):
        assert layer not in page

"""Which folder products go to, and what becomes of those that are there."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from support import call

from hotspots.errors import ParameterError
from hotspots.pipeline import AnalysisRequest
from hotspots.products.files import require_apart, restore_products
from hotspots.products.files.folders import name_folder, say_replaced
from hotspots.products.summary import InputSummary


def make_wards(*names: str) -> gpd.GeoDataFrame:
    codes = pd.Index([f"E0509{number:04d}" for number in range(len(names))], name="ward_code")
    return gpd.GeoDataFrame({"ward_name": list(names)}, index=codes, geometry=[shapely.Point(0, 0)] * len(names))


@pytest.mark.parametrize(
    "names",
    [
        ("Rye Lane", "Rye-Lane", "C"),
        ("Rye Lane", "RYE LANE", "C"),
        (f"{'Long ' * 9}North", f"{'Long ' * 9}South", "C"),
        ("東", "西", "C"),
        ("A", "e0509 0000", "C"),
    ],
)
def test_each_ward_has_a_folder_of_its_own(names: tuple[str, ...]) -> None:
    every = make_wards(*names)
    folders = [name_folder("p", every.loc[[code]], every) for code in every.index]
    folders += [name_folder("p", every.loc[[*every.index[:2]]], every), name_folder("p", every, every)]
    assert len(set(folders)) == len(folders)
    assert all(len(folder) < 120 and folder.isascii() for folder in folders)


def test_a_ward_keeps_its_name_where_no_other_looks_like_it() -> None:
    every = make_wards("Peckham", "The Lane", "Rye Lane", "Rye-Lane")
    assert name_folder("p", every.iloc[[1, 0]], every) == "p_peckham+the-lane"
    assert name_folder("p", every.iloc[[0, 3]], every) == "p_e05090003+peckham"


@pytest.mark.parametrize(
    ("one", "other"),
    [("B 13", "B13"), ("Rye Lane", "Rye-Lane"), ("A/1", "A 1"), ("x" * 50, "x" * 51), ("é", "è"), ("B13", "B14")],
)
def test_each_area_of_a_source_has_a_folder_of_its_own(one: str, other: str) -> None:
    every = make_wards("A", "B")
    folders = {name_folder("p", every, every, stated_area=area) for area in (one, other)} | {
        name_folder("p", every, every)
    }
    assert len(folders) == 3
    assert name_folder("p", every, every, stated_area=one) == name_folder("p", every, every, stated_area=f" {one} ")


def test_runs_that_differ_in_options_have_folders_of_their_own() -> None:
    every = make_wards("A", "B")
    options = [
        {}, {"bandwidth_m": 200.0}, {"bandwidth_m": 200.5}, {"bandwidth_m": None}, {"kernel": "gaussian"},
        {"bandwidth_m": None, "bandwidth_rule": "adaptive"}, {"cell_size_m": 25.0}, {"eps_m": 80.0},
        {"min_samples": 12}, {"max_extent_m": 300.0}, {"cell_shape": "hexagon"}, {"harm": "cost"},
        {"harm": "severity"}, {"reach_m": 200.0}, {"harm": "cost", "reach_m": 200.0, "eps_m": 80.0},
        {"compare": (dt.date(2025, 2, 1), dt.date(2025, 2, 28))},
        {"compare": (dt.date(2025, 2, 1), dt.date(2025, 3, 31))},
        {"harm": "cost", "reach_m": 200.0, "eps_m": 80.0, "cell_size_m": 25.0, "bandwidth_m": 250.0},
        {"harm": "cost", "reach_m": 200.0, "eps_m": 80.0, "cell_size_m": 25.0, "bandwidth_m": 251.0},
    ]  # fmt: skip
    requests = [AnalysisRequest(crime="robbery", **chosen) for chosen in options]  # type: ignore[arg-type]
    names = [name_folder("p", every, every, methods=request.methods) for request in requests]
    assert len(set(names)) == len(names)
    assert names[:2] == ["p", "p_bandwidth-200-m"]
    assert names[-1].startswith("p_options-")


def test_every_option_of_a_request_is_in_the_name_of_its_folder() -> None:
    """Or a new option would let a run replace another."""
    said = {"crime", "start", "end", "wards", "area", "bandwidth_rule"}
    named = {"cell_size_m", "bandwidth_m", "kernel", "eps_m", "min_samples", "max_extent_m", "cell_shape", "harm"}
    assert set(AnalysisRequest.__dataclass_fields__) == said | named | {
        "reach_m",
        "window",
        "compare",
        "n_patrol_places",
    }


def test_products_of_other_files_are_not_replaced_unseen(tmp_path: Path) -> None:
    def read(*names: str) -> tuple[InputSummary, ...]:
        return tuple(InputSummary(path=name, table="incidents", sha256="", data_status=None) for name in names)

    inputs = [{"table": "incidents", "path": name} for name in ("a.csv", "b.csv")]
    (tmp_path / "summary.json").write_text(json.dumps({"inputs": inputs}))
    assert say_replaced(tmp_path, "summary.json", read("a.csv", "b.csv", "c.csv")) is None
    assert say_replaced(tmp_path, "summary.json", read("c.csv")) == (
        f"The last products in {tmp_path.as_posix()} were made from a.csv and 1 more, which was not read this time. "
        "They have been replaced. To keep both, write to another folder."
    )
    assert say_replaced(tmp_path / "nothing", "summary.json", ()) is None
    for damaged in ("{", "[]", '{"inputs": 1}', '{"inputs": [1]}'):
        (tmp_path / "summary.json").write_text(damaged)
        assert say_replaced(tmp_path, "summary.json", read("c.csv")) is None


@pytest.mark.parametrize("out", ["in", "in/maps", "in/../in/maps/x"])
def test_products_are_not_written_where_files_are_read(tmp_path: Path, out: str) -> None:
    (tmp_path / "in").mkdir()
    with pytest.raises(
        ParameterError, match=r"or the next run would read them too; .*/in.* is in .*/in\. Give another"
    ):
        require_apart(tmp_path / out, [tmp_path / "in"])
    require_apart(tmp_path / "inside", [tmp_path / "in", tmp_path / "none"])
    require_apart(tmp_path, [tmp_path / "in"])


def test_a_command_refuses_it_before_anything_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("not,a table of incidents\n")
    for arguments in (
        ("run", "--crime", "robbery", "--incidents", tmp_path),
        ("performance", "--incidents", tmp_path),
        ("operation", "--crime", "robbery", "--treated-ward", "A", "--from", "2026-01-01", "--to", "2026-02-01",
         "--incidents", tmp_path),
        ("run", "--crime", "robbery", "--boundaries", tmp_path),
        ("run", "--crime", "robbery", "--havens", tmp_path),
    ):  # fmt: skip
        code, _, err = call(*arguments, "--out", tmp_path / "maps")
        assert code == 2
        assert "Give another folder with --out" in err
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def test_what_a_killed_run_set_aside_is_put_back_at_once(tmp_path: Path) -> None:
    aside = tmp_path / ".writing-killed" / "aside" / "robbery" / "a"
    aside.mkdir(parents=True)
    (aside / "map.html").write_text("last")
    restore_products(tmp_path)
    assert (tmp_path / "robbery" / "a" / "map.html").read_text() == "last"
    restore_products(tmp_path / "none")


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork, and so not be killed at a step")
def test_whoever_is_killed_at_any_step_leaves_the_last_products_and_the_next_is_right() -> None:
    script = Path(__file__).parents[1] / "killed_runs.py"
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "killed before each of" in done.stdout

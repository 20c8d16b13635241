"""The main job on real police.uk files, checked against counts made another way."""

from __future__ import annotations

import csv
import dataclasses
import datetime as dt
import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from hotspots.analysis.accuracy.folds import Fold
from hotspots.analysis.accuracy.holdout import Holdout, MethodScore, evaluate_methods
from hotspots.analysis.hotspots.hotspot_areas import HotspotOptions
from hotspots.analysis.hotspots.patrol_places import PatrolOptions
from hotspots.analysis.hours.opening_week import is_open_at
from hotspots.cli.main import cli
from hotspots.ingest.reference import read_havens, read_schools
from hotspots.ingest.reference.opening_times import join_weekday_hours, read_opening_hours
from hotspots.pipeline.request import AnalysisRequest
from hotspots.pipeline.selection import select_incidents
from hotspots.pipeline.study import Study, load_study


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

    # 23 months are too few for twelve against twelve: the eleven that both years have rose by 3,334 / 2,575, or 29%
    (main,) = (change for change in summary["changes"] if change["is_main"])
    assert (main["key"], main["earlier"][0], main["current"][1]) == ("longest", "2018-02-01", "2019-12-31")
    assert [main["area"][name] for name in ("n_current", "n_earlier", "percent")] == [3334, 2575, 29]
    assert "deteriorating" in main["area"]["verdict"]

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


# --- does it work? The first twelve months, tested on the eleven after them

YEAR_AND_AFTER = Fold(
    fit_start=dt.date(2018, 2, 1),
    fit_end=dt.date(2019, 1, 31),
    test_start=dt.date(2019, 2, 1),
    test_end=dt.date(2019, 12, 31),
)
SHARES = (0.01, 0.02, 0.05)


@pytest.fixture(scope="module")
def two_boroughs(real_data: Path) -> Study:
    source = real_data / "police_uk" / "lewisham_southwark_12types_2018-02_2019-12.csv.gz"
    return load_study([source], [real_data / "boundaries" / "lewisham_southwark_wards_current_27700.gpkg"])


def look_back(study: Study, crime: str) -> Holdout:
    chosen = select_incidents(study, AnalysisRequest(crime=crime))
    return evaluate_methods(
        chosen.incidents,
        chosen.others,
        study_area=chosen.wards.geometry.union_all(),
        folds=[YEAR_AND_AFTER],
        cell_sizes_m=(50, 100),
        bandwidths_m=(100, 200, 300),
        area_shares=SHARES,
    )


@pytest.mark.parametrize("crime", ["robbery", "burglary", "vehicle-crime", "theft-from-the-person"])
def test_places_to_patrol_catch_more_of_their_area_than_hot_spots(two_boroughs: Study, crime: str) -> None:
    """As many as have room in the area of the hot spots; by ground too, which is what can be walked."""
    chosen = select_incidents(two_boroughs, AnalysisRequest(crime=crime))
    found = evaluate_methods(
        chosen.incidents,
        chosen.others,
        study_area=chosen.study_area,
        folds=[YEAR_AND_AFTER],
        methods=("risk",),
        hotspot_options=HotspotOptions(),
        patrol_options=PatrolOptions(),
        at_equal_area=True,
    )
    places, hotspots = found.patrols_at_hotspots, found.hotspots
    assert places is not None
    assert hotspots is not None
    assert places.area_share <= hotspots.area_share * 1.05
    assert places.hit_rate > hotspots.hit_rate
    # 2% of the cells hold the points of a sixth of the ground (an audit from outside found 16% for robbery)
    judged = found.methods[0].scores[1]
    assert judged.ground_share is not None
    assert 0.12 < judged.ground_share < 0.21
    if crime == "robbery":
        assert judged.ground_share == pytest.approx(0.16, abs=0.01)
        assert judged.ground_pai == pytest.approx(3, abs=0.1)


def list_rates(method: MethodScore) -> list[float]:
    return [score.hit_rate for score in method.scores]


@pytest.mark.parametrize("crime", ["robbery", "burglary", "vehicle-crime", "theft-from-the-person"])
def test_the_risk_estimate_catches_more_than_what_one_would_do_instead(two_boroughs: Study, crime: str) -> None:
    """More than counts, those of the last period, and every density, at 1, 2 and 5% of the area, on cells of 50 m.

    A cell of 50 m is a point of police.uk and its catchment. One of 100 m joins several, so there is less to gain:
    there it is never worse by more than noise, and better than densities that reach beyond the next cell. Counts tie,
    and ties are ordered against them: of vehicle crime they would catch as much were ties broken at random.
    """
    found = look_back(two_boroughs, crime)
    for cell_size_m in (50, 100):
        methods = [method for method in found.methods if method.cell_size_m == cell_size_m]
        (risk,) = [method for method in methods if method.method == "risk"]
        others = [method for method in methods if method is not risk]
        assert len(others) == 6
        for other in others:
            is_clear = cell_size_m == 50 or other.method == "gi-star" or (other.bandwidth_m or 0) > 100
            for ours, theirs in zip(list_rates(risk), list_rates(other), strict=True):
                assert ours > theirs + (0.003 if is_clear else -0.005), (other.method, other.bandwidth_m)
        assert all((score.pei or 0) < 1 for score in risk.scores)
        if cell_size_m == 50:
            assert risk.against_best is None
            assert all(other.against_best and other.against_best.p_value < 0.05 for other in others)


def test_robbery_is_caught_as_well_as_published(two_boroughs: Study) -> None:
    """Published for this test with another convention of cells: 33.6, 48.0 and 72.7%; the ceiling at 2% is 67%."""
    found = look_back(two_boroughs, "robbery")
    risk = found.methods[0]
    assert (risk.method, risk.cell_size_m) == ("risk", 50)
    for ours, published in zip(list_rates(risk), (0.33, 0.47, 0.72), strict=True):
        assert ours >= published
    assert risk.scores[1].best_hit_rate == pytest.approx(0.67, abs=0.01)
    rates = {(one.method, one.bandwidth_m): one.scores[1].hit_rate for one in found.methods if one.cell_size_m == 50}
    assert rates["density", 300] == pytest.approx(0.17, abs=0.01)
    assert rates["counts", None] == pytest.approx(0.38, abs=0.015)


def test_the_last_period_of_months_is_as_many_months(two_boroughs: Study) -> None:
    """Before the eleven months tested: March to January, counted by the months themselves."""
    chosen = select_incidents(two_boroughs, AnalysisRequest(crime="robbery"))
    incidents = chosen.incidents
    options: dict[str, Any] = {
        "study_area": chosen.wards.geometry.union_all(),
        "area_shares": SHARES,
        "n_resamples": 99,
    }
    found = evaluate_methods(incidents, folds=[YEAR_AND_AFTER], methods=["last period"], **options)
    later = incidents[incidents["started_at"] >= "2018-03-01"]
    from_march = dataclasses.replace(YEAR_AND_AFTER, fit_start=dt.date(2018, 3, 1))
    counted = evaluate_methods(later, folds=[from_march], methods=["counts"], **options)
    assert found.methods[0].scores == counted.methods[0].scores


def test_real_schools_are_read_and_rows_of_another_layout_are_counted(real_data: Path) -> None:
    """Rows with other fields than the header, and schools that are not open, counted by the csv module."""
    folder = real_data / "schools"
    assert len(read_schools([folder / "schools_ofsted_lewisham_southwark.geojson"]).schools) == 166
    for name in ("claim", "schools-experience", "teaching-vacancies"):
        path = folder / f"gias_fixture_{name}.csv"
        with path.open(encoding="cp1252", newline="") as opened:
            header, *rows = csv.reader(opened)
        states = [
            row[header.index("EstablishmentStatus (name)")].startswith("Open")
            for row in rows
            if len(row) == len(header)
        ]
        read = read_schools([path])
        assert (len(read.schools), read.n_not_open) == (sum(states), len(states) - sum(states))
        assert read.n_malformed == len(rows) - len(states)


def test_places_of_a_real_extract_are_candidates(real_data: Path) -> None:
    """A chain of chemists is one by its name, and no bench, bus stop or pub is among them."""
    havens = read_havens([real_data / "streets" / "leeds_its-example.osm.pbf"]).havens
    assert havens.loc[havens["name"] == "Lloyds Pharmacy", "kind"].tolist() == ["pharmacy"]
    assert not havens["kind"].isin(["pub", "bar", "bench", "bus_stop", "parking"]).any()
    assert havens["name"].notna().all()


def test_real_opening_hours_are_known_or_counted(real_data: Path) -> None:
    """Of 316 pubs the doubtful texts were picked out by eye; libraries have a column for each weekday."""
    pubs = pd.read_csv(real_data / "hours" / "london_pubs_opening_hours.csv", dtype="str")
    known = read_opening_hours(pubs["opening_hours"])
    assert known.doubts[known.opening_hours.isna()].value_counts().to_dict() == {
        "unreadable": 7, "open end": 2, "remark": 1,
    }  # fmt: skip
    libraries = pd.concat(
        [pd.read_csv(path, dtype="str") for path in sorted((real_data / "hours").glob("libraries_*.csv"))]
    ).reset_index(drop=True)
    days = {
        number: libraries[f"{name} staffed hours"]
        for number, name in enumerate(["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"])
    }
    texts = join_weekday_hours(days)
    week = np.arange("2025-06-02", "2025-06-09", 60, dtype="datetime64[s]")
    n_minutes = [is_open_at(text, week).sum() if text else 0 for text in texts]
    ends = pd.DataFrame(days).stack().str.split("-", expand=True)
    lengths = (pd.to_timedelta(ends[1] + ":00") - pd.to_timedelta(ends[0] + ":00")).dt.total_seconds() / 60
    assert n_minutes == lengths.groupby(level=0).sum().reindex(libraries.index, fill_value=0).tolist()

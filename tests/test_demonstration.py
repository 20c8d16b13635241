"""The committed demonstration data are what the script makes, and the analysis finds what was planted in them."""

from __future__ import annotations

import datetime as dt
import gzip
import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest
import shapely

from hotspots.ingest.records import Oddity
from hotspots.pipeline import Analysis, analyse
from hotspots.products.summary import summarise
from hotspots.request import AnalysisRequest
from hotspots.study import Study


@pytest.fixture(scope="module")
def truth(repository: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((repository / "data" / "truth.json").read_text("utf-8"))
    return found


def run(study: Study, crime: str, **options: Any) -> tuple[Analysis, dict[str, Any]]:
    analysis = analyse(study, AnalysisRequest(crime=crime, **options))
    return analysis, summarise(analysis)


def southwark(summary: dict[str, Any]) -> list[dict[str, Any]]:
    return [ward for ward in summary["wards"] if ward["borough"] == "Southwark"]


def test_the_committed_files_are_those_the_script_makes(repository: Path, tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("make_demonstration", repository / "data" / "make_demonstration.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.make_all(tmp_path)
    made = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file())
    assert len(made) == 28
    for name in made:
        committed, fresh = (folder / name for folder in (repository / "data", tmp_path))
        # packed bytes depend on the zlib that Python was built with; what is in them does not
        unpack = gzip.decompress if name.suffix == ".gz" else bytes
        assert unpack(committed.read_bytes()) == unpack(fresh.read_bytes()), name


def test_the_committed_files_are_small(repository: Path) -> None:
    assert sum(path.stat().st_size for path in (repository / "data").rglob("*") if path.is_file()) < 5_000_000


def test_all_39_wards_are_there(demonstration: Study) -> None:
    wards = demonstration.boundaries.wards
    assert wards["borough"].value_counts().to_dict() == {"Southwark": 21, "Lewisham": 18}
    assert wards["ward_name"].is_unique
    assert {"Bellingham", "Whitefoot", "Brunswick Park", "The Lane", "Village"} <= set(wards["ward_name"])


def test_planted_dirt_is_refused_or_counted_to_the_row(demonstration: Study, truth: dict[str, Any]) -> None:
    dirt = {kind: counts["total"] for kind, counts in truth["council_extract"]["dirt"].items()}
    monthly = truth["monthly_files"]
    intake = demonstration.intake
    assert intake.n_read == truth["council_extract"]["rows"] + monthly["rows"]
    assert intake.rejected["reason"].value_counts().to_dict() == {
        "no location": dirt["missing_coordinates"] + monthly["no_location_rows"],
        "location at 0, 0": dirt["zero_coordinates"],
        "repeated row": dirt["exact_repeat"] + monthly["exact_repeats"],
        "no date": dirt["blank_date_from"],
    }
    assert intake.count(Oddity.REVERSED) == dirt["reversed_dates"]
    assert intake.count(Oddity.MIDNIGHT) == dirt["midnight_default"]
    assert intake.count(Oddity.CONFLICTING_ID) == dirt["conflicting_ref"]
    assert intake.count_texts("unrecognised_offence") == {}


@pytest.mark.parametrize(("crime", "key"), [("robbery", "robbery"), ("knife-crime", "knife"), ("asb", "asb")])
@pytest.mark.parametrize("year", [2024, 2025])
def test_yearly_totals_by_borough(demonstration: Study, truth: dict[str, Any], crime: str, key: str, year: int) -> None:
    _, summary = run(demonstration, crime, start=dt.date(year, 10, 1), end=dt.date(year + 1, 9, 30))
    planted = truth["council_extract"]["incidents_a_year_with_usable_coordinates"][key]
    for borough in ("Lewisham", "Southwark"):
        found = sum(ward["n_incidents"] for ward in summary["wards"] if ward["borough"] == borough)
        assert found == planted[borough][f"{year}-{(year + 1) % 100}"]


def test_robbery_peaks_after_school_and_in_the_evening(demonstration: Study) -> None:
    _, summary = run(demonstration, "robbery")
    assert [peak["words"] for peak in summary["profile"]["peaks"]] == [
        "weekdays 15:00-17:59",
        "weekdays 20:00-21:59",
    ]


def test_knife_crime_wards_peak_and_share_of_robberies(demonstration: Study) -> None:
    analysis, summary = run(demonstration, "knife-crime")
    assert [ward["name"] for ward in southwark(summary)[:3]] == ["East Walworth", "Faraday", "The Lane"]
    assert summary["profile"]["peaks"][0]["words"] == "every day 15:00-16:59"
    assert (analysis.incidents["category"] == "robbery").mean() == pytest.approx(0.55, abs=0.01)
    by_month = {month["month"]: month["n_incidents"] for month in summary["months"]}
    summer = [n for month, n in by_month.items() if month[5:] in ("06", "07", "08")]
    rest = [n for month, n in by_month.items() if month[5:] not in ("06", "07", "08")]
    assert (sum(summer) / 6) / (sum(rest) / 18) == pytest.approx(1.4, abs=0.1)


def test_antisocial_behaviour_wards_and_peaks(demonstration: Study) -> None:
    analysis, summary = run(demonstration, "asb")
    assert [ward["name"] for ward in southwark(summary)[:3]] == ["Cathedrals", "East Walworth", "The Lane"]
    in_southwark = analysis.incidents["ward_code"].isin([ward["code"] for ward in southwark(summary)])
    assert (analysis.incidents.loc[in_southwark, "subcategory"] == "asb-rowdy").mean() > 0.9
    _, summer = run(demonstration, "asb", start=dt.date(2026, 6, 1), end=dt.date(2026, 8, 31))
    for found in (summary, summer):
        assert found["profile"]["peaks"][0]["words"] == "weekends 16:00-23:59"


def test_street_drinking_and_begging(demonstration: Study) -> None:
    _, drinking = run(demonstration, "asb-street-drinking")
    top = {ward["name"] for ward in southwark(drinking)[:4]}
    assert top == {"Camberwell Green", "Cathedrals", "Grange", "The Lane"}
    _, begging = run(demonstration, "asb-begging")
    assert southwark(begging)[0]["name"] == "Cathedrals"
    cathedrals = run(demonstration, "asb-begging", wards=("Cathedrals",))[1]
    assert cathedrals["profile"]["peaks"][0]["words"] == "weekdays 07:00-17:59"


def test_every_planted_hot_spot_is_found_and_nothing_else(demonstration: Study, truth: dict[str, Any]) -> None:
    analysis, _ = run(demonstration, "robbery")
    kinds = [kind for hotspot in analysis.places.hotspots for kind, _ in hotspot.location_kinds]
    assert kinds.count("transport hub") > len(analysis.places.hotspots) / 2
    assert len(analysis.places.hotspots) == len(truth["hot_spots"])
    for spot in truth["hot_spots"]:
        planted = shapely.Point(spot["easting"], spot["northing"])
        assert min(hotspot.outline.centroid.distance(planted) for hotspot in analysis.places.hotspots) < 100


def test_most_havens_are_closed_when_it_happens_in_the_evening(demonstration: Study) -> None:
    _, summary = run(demonstration, "robbery")
    havens = summary["havens"]
    assert havens["n_havens"] == 90
    assert havens["share_open_within_reach"] < havens["share_within_reach"] - 0.1
    after_school, evening = havens["peaks"]
    assert (after_school["words"], evening["words"]) == ("weekdays 15:00-17:59", "weekdays 20:00-21:59")
    assert evening["share_open_within_reach"] < after_school["share_open_within_reach"] / 2
    bare = [hotspot["place"] for hotspot in summary["hotspots"] if hotspot["havens"]["share_within_reach"] < 0.1]
    assert len(bare) == 3  # the planted ones without a haven


def test_the_monthly_files_are_converted_as_police_uk_converts_them(demonstration: Study) -> None:
    incidents = demonstration.intake.incidents
    monthly = incidents.geometry[incidents["time_precision"] == "month"]
    for axis in (monthly.x, monthly.y):
        assert (axis - axis.round()).abs().max() < 0.1


def test_background_crime_is_month_only(demonstration: Study) -> None:
    for crime in ("burglary", "vehicle-crime"):
        _, summary = run(demonstration, crime)
        assert summary["profile"]["reason"] == "month-only"
        assert summary["havens"]["share_open_within_reach"] is None


def test_the_data_say_what_they_are(demonstration: Study) -> None:
    assert demonstration.data_status == {
        "incidents": "synthetic",
        "boundaries": "schematic",
        "safe havens": "synthetic",
    }

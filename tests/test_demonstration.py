"""The committed demonstration data are what the script makes, and the analysis finds what was planted in them."""

from __future__ import annotations

import datetime as dt
import gzip
import importlib.util
import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from scipy import stats
from support import AnalyseDemonstration

from hotspots.analysis.hotspots.ranking import count_wards
from hotspots.analysis.hours.profile import profile_week
from hotspots.analysis.rates.ratios import compare_rates
from hotspots.analysis.safe_havens.coverage import measure_coverage
from hotspots.ingest.incidents.record_schema import Oddity
from hotspots.pipeline.request import AnalysisRequest
from hotspots.pipeline.selection import Selection, select_incidents
from hotspots.pipeline.study import Study
from hotspots.products.summary import encode, summarise


@pytest.fixture(scope="module")
def truth(repository: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((repository / "data" / "truth.json").read_text("utf-8"))
    return found


def select(study: Study, crime: str, **options: Any) -> Selection:
    return select_incidents(study, AnalysisRequest(crime=crime, **options))


def southwark(selection: Selection) -> pd.DataFrame:
    """The wards of Southwark, most incidents first."""
    return count_wards(selection.incidents, selection.wards).query("borough == 'Southwark'")


def first_peak(selection: Selection) -> str:
    return profile_week(selection.incidents).peaks[0].words


@pytest.mark.slow
def test_the_committed_files_are_those_the_script_makes(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(repository / "data")  # its other files are beside it
    spec = importlib.util.spec_from_file_location("make_demonstration", repository / "data" / "make_demonstration.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.make_all(tmp_path)
    made = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file())
    assert len(made) == 38
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
    found = select(demonstration, crime, start=dt.date(year, 10, 1), end=dt.date(year + 1, 9, 30))
    planted = truth["council_extract"]["incidents_a_year_with_usable_coordinates"][key]
    n_incidents = count_wards(found.incidents, found.wards).groupby("borough")["n_incidents"].sum()
    for borough in ("Lewisham", "Southwark"):
        assert n_incidents[borough] == planted[borough][f"{year}-{(year + 1) % 100}"]


def test_robbery_peaks_after_school_and_in_the_evening(analyse_demonstration: AnalyseDemonstration) -> None:
    summary = encode(summarise(analyse_demonstration("robbery")))
    assert [peak["words"] for peak in summary["profile"]["peaks"]] == [
        "Mondays to Fridays 15:00-17:59",
        "Mondays to Fridays 20:00-21:59",
    ]


def test_knife_crime_wards_peak_and_share_of_robberies(demonstration: Study) -> None:
    found = select(demonstration, "knife-crime")
    assert southwark(found)["ward_name"].tolist()[:3] == ["East Walworth", "Faraday", "The Lane"]
    assert first_peak(found) == "every day 15:00-16:59"
    assert (found.incidents["category"] == "robbery").mean() == pytest.approx(0.55, abs=0.01)
    is_summer = found.incidents["started_at"].dt.month.isin((6, 7, 8))
    assert (is_summer.sum() / 6) / ((~is_summer).sum() / 18) == pytest.approx(1.4, abs=0.1)


def test_antisocial_behaviour_wards_and_peaks(demonstration: Study) -> None:
    found = select(demonstration, "asb")
    assert southwark(found)["ward_name"].tolist()[:3] == ["Cathedrals", "East Walworth", "The Lane"]
    in_southwark = found.incidents["ward_code"].isin(southwark(found).index)
    assert (found.incidents.loc[in_southwark, "subcategory"] == "asb-rowdy").mean() > 0.9
    summer = select(demonstration, "asb", start=dt.date(2026, 6, 1), end=dt.date(2026, 8, 31))
    for one in (found, summer):
        assert first_peak(one) == "Saturdays and Sundays 16:00-23:59"


def test_street_drinking_and_begging(demonstration: Study) -> None:
    top = set(southwark(select(demonstration, "asb-street-drinking"))["ward_name"].tolist()[:4])
    assert top == {"Camberwell Green", "Cathedrals", "Grange", "The Lane"}
    assert southwark(select(demonstration, "asb-begging"))["ward_name"].iloc[0] == "Cathedrals"
    cathedrals = select(demonstration, "asb-begging", wards=("Cathedrals",))
    assert first_peak(cathedrals) == "Mondays to Fridays 07:00-17:59"


def test_every_planted_hot_spot_is_found_and_nothing_else(
    analyse_demonstration: AnalyseDemonstration, truth: dict[str, Any]
) -> None:
    analysis = analyse_demonstration("robbery")
    is_hub = (analysis.incidents["location_kind"] == "transport hub").to_numpy()
    n_at_hubs = np.array([is_hub[hotspot.members].sum() for hotspot in analysis.places.hotspots])
    assert (n_at_hubs >= 10).mean() > 0.5
    assert len(analysis.places.hotspots) == len(truth["hot_spots"])
    for spot in truth["hot_spots"]:
        planted = shapely.Point(spot["easting"], spot["northing"])
        assert min(hotspot.outline.centroid.distance(planted) for hotspot in analysis.places.hotspots) < 100


def test_most_havens_are_closed_when_it_happens_in_the_evening(analyse_demonstration: AnalyseDemonstration) -> None:
    summary = encode(summarise(analyse_demonstration("robbery")))
    havens = summary["havens"]
    assert havens["n_havens"] == 90
    assert havens["share_open_within_reach"] < havens["share_within_reach"] - 0.1
    after_school, evening = havens["peaks"]
    assert (after_school["words"], evening["words"]) == (
        "Mondays to Fridays 15:00-17:59",
        "Mondays to Fridays 20:00-21:59",
    )
    assert evening["share_open_within_reach"] < after_school["share_open_within_reach"] / 2
    bare = [hotspot["place"] for hotspot in summary["hotspots"] if hotspot["havens"]["share_within_reach"] < 0.1]
    assert len(bare) == 3  # the planted ones without a haven


def test_the_monthly_files_are_converted_as_police_uk_converts_them(demonstration: Study) -> None:
    incidents = demonstration.intake.incidents
    monthly = incidents.geometry[incidents["time_precision"] == "month"]
    for axis in (monthly.x, monthly.y):
        assert (axis - axis.round()).abs().max() < 0.1


def test_background_crime_is_month_only(demonstration: Study) -> None:
    assert demonstration.havens is not None
    for crime in ("burglary", "vehicle-crime"):
        incidents = select(demonstration, crime).incidents
        assert profile_week(incidents).reason == "month-only"
        assert measure_coverage(incidents, demonstration.havens.havens).share_open_within_reach is None


def test_the_data_say_what_they_are(demonstration: Study) -> None:
    assert demonstration.data_status == {
        "incidents": "synthetic",
        "boundaries": "schematic",
        "safe havens": "synthetic",
        "term dates": "synthetic",
    }


def find_days(study: Study, crime: str) -> gpd.GeoDataFrame:
    """Incidents of a crime with the day of each and the name of its ward."""
    selection = select(study, crime)
    return selection.incidents.assign(
        day=selection.incidents["started_at"].dt.normalize(),
        ward=selection.incidents["ward_code"].map(selection.wards["ward_name"]),
    )


def count_within(incidents: pd.DataFrame, window: tuple[str, str], wards: pd.Index) -> pd.Series:
    within = incidents["day"].between(pd.Timestamp(window[0]), pd.Timestamp(window[1]))
    return incidents.loc[within, "ward"].value_counts().reindex(wards, fill_value=0)


# What is compared, and the wards in which robbery and antisocial behaviour were planted to differ.
CHANGES = [
    ("robbery", "current", "before", {"New Cross"}),
    ("robbery", "current", "last_year", {"New Cross"}),
    ("robbery", "r12", "r12_before", {"New Cross", "Lewisham Central"}),
    ("asb", "current", "before", set()),
    ("asb", "current", "last_year", set()),
    ("asb", "r12", "r12_before", {"Rushey Green"}),
    ("knife-crime", "current", "before", set()),
    ("knife-crime", "current", "last_year", set()),
    ("knife-crime", "r12", "r12_before", set()),
]


@pytest.mark.parametrize(("crime", "now", "then", "changed"), CHANGES)
def test_the_wards_planted_to_change_do_and_no_other(
    demonstration: Study, truth: dict[str, Any], crime: str, now: str, then: str, changed: set[str]
) -> None:
    windows = truth["changes"][0]["windows"]
    wards = pd.Index(demonstration.boundaries.wards["ward_name"])
    incidents = find_days(demonstration, crime)
    counts = [count_within(incidents, windows[name], wards) for name in (now, then)]
    adjusted = stats.false_discovery_control(compare_rates(*counts).p_value)
    assert set(wards[adjusted <= 0.05]) == changed
    assert (adjusted[wards.isin(list(changed))] <= 0.01).all()  # "clearly"


def test_what_changed_is_as_written_down_and_about_as_much_as_planned(
    demonstration: Study, truth: dict[str, Any]
) -> None:
    for change in truth["changes"]:
        incidents = find_days(demonstration, change["crime"])
        mine = incidents[incidents["ward"] == change["ward"]]
        found = {name: len(mine[mine["day"].between(*window)]) for name, window in change["windows"].items()}
        assert found == change["incidents"]
        now, *earlier = ("current", "before", "last_year") if "current" in found else ("r12", "r12_before")
        for then in earlier:
            assert found[now] / found[then] == pytest.approx(change["planted_times"], rel=0.05)


@pytest.mark.parametrize(("crime", "key"), [("robbery", "robbery"), ("knife-crime", "knife"), ("asb", "asb")])
def test_summer_is_busier_for_all_but_robbery(
    demonstration: Study, truth: dict[str, Any], crime: str, key: str
) -> None:
    planted = truth["seasons"][key]
    days = pd.date_range("2024-10-01", "2026-09-30")
    is_summer = find_days(demonstration, crime)["day"].dt.month.isin((6, 7, 8))
    for name, n_incidents, n_days in (
        ("summer", is_summer.sum(), days.month.isin((6, 7, 8)).sum()),
        ("rest", (~is_summer).sum(), (~days.month.isin((6, 7, 8))).sum()),
    ):
        assert planted[name] == {"days": n_days, "incidents": n_incidents}
    summer, rest = (planted[name]["incidents"] / planted[name]["days"] for name in ("summer", "rest"))
    assert summer / rest == pytest.approx(planted["planted_times"], abs=0.08)
    assert planted["times"] == round(summer / rest, 2)


def test_robbery_after_school_keeps_to_school_days(
    repository: Path, demonstration: Study, truth: dict[str, Any]
) -> None:
    holidays = pytest.importorskip("holidays")
    planted = truth["school_days"]
    bank = pd.to_datetime(sorted(holidays.country_holidays("GB", subdiv="ENG", years=range(2024, 2027))))
    days = pd.date_range("2024-10-01", "2026-09-30")
    days = days[days.day_of_week < 5]
    assert [str(day.date()) for day in days[days.isin(bank)]] == planted["bank_holidays_left_out"]
    days = days[~days.isin(bank)]
    terms = pd.read_csv(repository / "data" / planted["file"], parse_dates=["first_day", "last_day"])
    stretches = [pd.date_range(*term) for term in zip(terms["first_day"], terms["last_day"], strict=True)]
    in_term = np.logical_or.reduce([days.isin(stretch) for stretch in stretches])
    assert planted["days"] == {"school_day": in_term.sum(), "school_holiday": (~in_term).sum()}

    robberies = find_days(demonstration, "robbery").query("time_precision == 'minute'")
    is_after_school = robberies["started_at"].dt.hour.between(15, 17)
    for hours, mine, times in (
        ("after_school", robberies[is_after_school], planted["planted_times"]),
        ("other_hours", robberies[~is_after_school], 1),
    ):
        school, holiday = (int(mine["day"].isin(which).sum()) for which in (days[in_term], days[~in_term]))
        assert planted["incidents"][hours] == {"school_day": school, "school_holiday": holiday}
        rates = compare_rates(school, holiday, exposure_first=in_term.sum(), exposure_second=(~in_term).sum())
        assert rates.low < times < rates.high
        assert (rates.p_value < 0.001) == (hours == "after_school")


def test_robberies_are_followed_by_others_at_the_same_place(demonstration: Study, truth: dict[str, Any]) -> None:
    planted = truth["near_repeats"]
    robberies = find_days(demonstration, "robbery")
    day = (robberies["day"] - robberies["day"].min()).dt.days.to_numpy()
    place = robberies.geometry.to_wkb().factorize()[0]
    first, second = np.triu_indices(len(robberies), 1)
    is_close = np.abs(day[first] - day[second]) < planted["fewer_days_than"]
    is_same = place[first] == place[second]
    found, expected = (is_close & is_same).sum(), is_same.sum() * is_close.mean()
    assert planted["all_pairs_at_the_same_place"] == {
        "found": found,
        "expected": round(expected, 1),
        "times": round(found / expected, 2),
    }
    assert 1.3 < found / expected < 2
    assert planted["pairs"] == pytest.approx(planted["planted_share"] * len(robberies), rel=0.01)
    assert planted["pairs_at_the_same_place"] <= found

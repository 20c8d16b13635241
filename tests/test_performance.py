"""Twelve months against the twelve before, from a study to its page."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from hotspots.analysis.change.verdicts import VERDICTS
from hotspots.analysis.rates.targets import Target
from hotspots.errors import NotFoundError, TooLittleDataError
from hotspots.ingest.formats.input_files import InputFile
from hotspots.ingest.reference.peers import Peers
from hotspots.pipeline.performance import Performance, PerformanceRequest, measure_performance
from hotspots.pipeline.study import Study
from hotspots.products.files.performance_folder import write_performance
from hotspots.products.files.spreadsheets import tabulate_indicators
from hotspots.products.pages.performance_page import (
    draw_performance,
)
from hotspots.products.summary import encode, summarise_performance
from hotspots.products.words.sentences import say, say_each

PEERS_FILE = InputFile(path="peers.csv", table="peers", sha256="0" * 64, n_rows=2, layout="peers")
MONTHS = pd.period_range("2024-10", "2026-09", freq="M")


def make_study(demonstration: Study, monthly: dict[str, list[int]], *, months: pd.PeriodIndex = MONTHS) -> Study:
    """The demonstration with other incidents: so many of each category in each month, a day each."""
    wards = demonstration.boundaries.wards
    points = wards.geometry.representative_point()
    rows = [
        {
            "category": category,
            "started_at": month.start_time + pd.Timedelta(days=i % month.days_in_month, hours=15),
            "ward": i % len(wards),
        }
        for category, counts in monthly.items()
        for month, n in zip(months, counts, strict=True)
        for i in range(n)
    ]
    frame = pd.DataFrame(rows)
    index = frame.pop("ward").to_numpy()
    table = frame.assign(
        subcategory=None,
        is_knife=pd.array([pd.NA] * len(frame), dtype="boolean"),
        started_at=frame["started_at"].astype("datetime64[s]"),
        ended_at=pd.Series(pd.NaT, index=frame.index, dtype="datetime64[s]"),
        time_precision="minute",
        location_precision="point",
        ward_code=wards.index.to_numpy()[index],
    )
    incidents = gpd.GeoDataFrame(table, geometry=points.to_numpy()[index], crs=wards.crs)
    intake = dataclasses.replace(demonstration.intake, incidents=incidents)
    return dataclasses.replace(demonstration, intake=intake)


def steady(n: int) -> list[int]:
    return [n] * 24


@pytest.fixture(scope="module")
def found(demonstration: Study) -> Performance:
    study = make_study(
        demonstration,
        {
            "robbery": [40] * 12 + [20] * 12,
            "burglary": [40] * 12 + [44] * 12,
            "asb": [30] * 12 + [60] * 12,
            "vehicle-crime": steady(100),
            "drugs": steady(1),
        },
    )
    targets = {"robbery": Target(change=-0.05), "burglary": Target(n_incidents=500), "asb": Target(change=0.0)}
    return measure_performance(study, PerformanceRequest(targets=targets))


def by_crime(performance: Performance) -> dict[str, Any]:
    return {indicator.crime.slug: indicator for indicator in performance.indicators}


def test_counts_verdicts_and_targets(found: Performance) -> None:
    said = {
        slug: (row.n_current, str(row.change.table["verdict"].iloc[0]), row.status)
        for slug, row in by_crime(found).items()
    }
    assert said == {
        "robbery": (240, "clearly improving", "met"),
        "burglary": (528, "no apparent change", "missed, within chance"),
        "asb": (720, "clearly deteriorating", "missed"),
        "vehicle-crime": (1200, "no apparent change", None),
    }
    assert (found.start, found.end) == (dt.date(2025, 10, 1), dt.date(2026, 9, 30))


def test_parts_that_the_files_do_not_tell_apart_are_shown_as_their_category(found: Performance) -> None:
    assert list(by_crime(found)) == ["robbery", "burglary", "vehicle-crime", "asb"]


def test_priorities_are_of_crimes_with_enough_incidents(found: Performance) -> None:
    assert found.priorities is not None
    # 12 drug offences are too few to be put in order
    assert set(found.priorities.table.index) == {"robbery", "burglary", "asb", "vehicle-crime"}
    measures = found.measures
    assert measures["volume"].to_dict() == {"asb": 720, "burglary": 528, "robbery": 240, "vehicle-crime": 1200}
    assert measures["trend"].to_dict() == {"asb": 2, "burglary": 0, "robbery": -2, "vehicle-crime": 0}
    # a robbery weighs 746 points and 11,320 pounds; no figure stands for all of antisocial behaviour
    assert measures["harm"].to_dict() == pytest.approx(
        {"asb": np.nan, "burglary": np.nan, "robbery": 240 * 746, "vehicle-crime": np.nan}, nan_ok=True
    )
    assert measures["cost"]["robbery"] == 240 * 11320


def test_a_volume_is_a_count_to_the_last_incident(demonstration: Study) -> None:
    study = make_study(demonstration, {"robbery": steady(40), "burglary": [40] * 23 + [12_106]})
    summary = summarise_performance(measure_performance(study))
    assert summary.priorities is not None
    volumes = {crime.crime: crime.criteria["volume"].measure for crime in summary.priorities.crimes}
    assert volumes == {"robbery": 480, "burglary": 12_546}
    assert "12,546" in draw_performance(summary)


def test_a_month_whose_feed_failed_is_no_improvement(demonstration: Study) -> None:
    monthly = {"robbery": [40] * 20 + [0] + [40] * 3, "burglary": steady(40)}
    (robbery, burglary) = measure_performance(make_study(demonstration, monthly)).indicators
    assert robbery.gap_months == (pd.Period("2026-06", "M"),)
    assert robbery.change is not None
    # the month and its counterpart are left out: eleven against the same eleven
    assert robbery.change.table[["n_current", "n_earlier"]].to_numpy().tolist() == [[440, 440]]
    assert str(robbery.change.table["verdict"].iloc[0]) == "no apparent change"
    assert burglary.gap_months == ()


@pytest.mark.parametrize(("low", "n_current"), [([45], 1145), ([40, 20, 30], 990), ([0], 1100)])
def test_a_low_month_of_a_file_of_one_crime_counts(low: list[int], n_current: int, demonstration: Study) -> None:
    """It may be doubted, in words. One without any of a hundred is a gap, with the same month a year before."""
    monthly = {"robbery": [100] * 15 + low + [100] * (9 - len(low))}
    performance = measure_performance(make_study(demonstration, monthly))
    (robbery,) = performance.indicators
    assert robbery.change is not None
    n_earlier = 1100 if 0 in low else 1200
    assert robbery.change.table[["n_earlier", "n_current"]].to_numpy().tolist() == [[n_earlier, n_current]]
    assert len(robbery.gap_months) == low.count(0)
    notes = summarise_performance(performance).notes
    assert sum("crime may have fallen, or the feed may have failed" in note for note in notes) == sum(map(bool, low))


def test_less_than_two_years_give_counts_and_the_reason(demonstration: Study) -> None:
    months = pd.period_range("2025-06", "2026-09", freq="M")
    study = make_study(demonstration, {"robbery": [40] * 16, "burglary": [30] * 16}, months=months)
    performance = measure_performance(study, PerformanceRequest(targets={"robbery": Target(change=0.0)}))
    robbery = by_crime(performance)["robbery"]
    assert (robbery.n_current, robbery.change, robbery.status) == (480, None, None)
    assert "The data begin on 1 June 2025" in str(robbery.comparison.reason)
    row = tabulate_indicators(summarise_performance(performance)).iloc[0]
    assert row["current_12_months"] == 480
    assert pd.isna(row["previous_12_months"])
    page = draw_performance(summarise_performance(performance))
    assert "not known" in page
    assert "The data begin on 1 June 2025" in page


def test_part_of_a_year_is_told_as_such_and_puts_nothing_in_order(demonstration: Study) -> None:
    months = pd.period_range("2026-05", "2026-09", freq="M")
    study = make_study(demonstration, {"robbery": [40] * 5, "burglary": [30] * 5}, months=months)
    targets = {"robbery": Target(n_incidents=100), "burglary": Target(n_incidents=300)}
    performance = measure_performance(study, PerformanceRequest(targets=targets))
    said = {slug: (row.n_current, row.n_months, row.status) for slug, row in by_crime(performance).items()}
    # more than the target in five months is a target missed; fewer is no target met
    assert said == {"robbery": (200, 5, "missed"), "burglary": (150, 5, None)}
    assert performance.priorities is None
    assert performance.unranked == ("burglary", "robbery")
    page = draw_performance(summarise_performance(performance))
    assert page.count("in 5 of 12 months") == 2
    assert tabulate_indicators(summarise_performance(performance))["months_with_data"].tolist() == [5, 5]


def test_incidents_of_a_month_whose_feed_failed_are_in_no_rate(demonstration: Study) -> None:
    monthly = {"robbery": [400] * 20 + [100] + [400] * 3, "burglary": [400] * 20 + [100] + [400] * 3}
    study = make_study(demonstration, monthly)
    wards = study.boundaries.wards.assign(population=1000.0)
    study = dataclasses.replace(study, boundaries=dataclasses.replace(study.boundaries, wards=wards))
    table = pd.DataFrame(
        [("Lambeth", "robbery", 4000, 50_000.0)], columns=["area", "crime", "n_incidents", "population"]
    )
    robbery = by_crime(measure_performance(study, peers=Peers(table=table, input=PEERS_FILE)))["robbery"]
    assert (robbery.n_current, robbery.n_months) == (4400, 11)
    assert robbery.peers is not None
    # June has 30 days of the 365
    assert robbery.peers.rate == pytest.approx(4400 / (335 / 365.25) / len(wards))


def test_a_target_for_a_crime_that_is_no_indicator_is_named(found: Performance, demonstration: Study) -> None:
    study = make_study(demonstration, {"robbery": steady(40), "burglary": steady(40)})
    performance = measure_performance(study, PerformanceRequest(targets={"arson": Target(n_incidents=10)}))
    assert performance.unshown_targets == ("arson",)
    page = draw_performance(summarise_performance(performance))
    assert "Targets are also set for Arson, not among the indicators here." in page
    assert "Targets are set" not in draw_performance(summarise_performance(found))


@pytest.mark.parametrize(
    ("value", "name", "words"),
    [
        (1490, "harm", "1,490"),
        (2499, "cost", "£2,500"),
        (38_499_320, "cost", "£38.5 million"),
        (1.234e9, "cost", "£1,230 million"),
        (999_900, "harm", "1 million"),
        (15480, "volume", "15,480"),
        (-2, "trend", "clearly improving"),
        (0.724, "concentration", "0.72"),
    ],
)
def test_measures_in_words(value: float, name: str, words: str) -> None:
    assert say("performance.measure", value, name, VERDICTS) == words


def test_the_twelve_months_are_whole_ones_up_to_the_day_asked_for(demonstration: Study) -> None:
    study = make_study(demonstration, {"robbery": steady(40), "burglary": steady(40)})
    performance = measure_performance(study, PerformanceRequest(end=dt.date(2026, 8, 14)))
    assert (performance.start, performance.end) == (dt.date(2025, 8, 1), dt.date(2026, 7, 31))


def test_some_wards_only(demonstration: Study) -> None:
    study = make_study(demonstration, {"robbery": steady(78), "burglary": steady(39)})
    ward = str(study.boundaries.wards.index[0])
    performance = measure_performance(study, PerformanceRequest(wards=(ward,)))
    assert by_crime(performance)["robbery"].n_current == 12 * 78 / len(study.boundaries.wards)


def test_peers(demonstration: Study) -> None:
    study = make_study(demonstration, {"robbery": steady(40), "burglary": steady(40)})
    wards = study.boundaries.wards.assign(population=1000.0)
    study = dataclasses.replace(study, boundaries=dataclasses.replace(study.boundaries, wards=wards))
    peers = pd.DataFrame(
        [("Lambeth", "robbery", 4000, 50_000.0), ("Hackney", "robbery", 100, 50_000.0)],
        columns=["area", "crime", "n_incidents", "population"],
    )
    performance = measure_performance(study, peers=Peers(table=peers, input=PEERS_FILE))
    robbery, burglary = (by_crime(performance)[slug] for slug in ("robbery", "burglary"))
    assert robbery.peers.rank == 2
    assert robbery.peers.rate == pytest.approx(480 / (1000 * len(wards)) * 1000, rel=1e-3)
    assert burglary.peers is None
    page = draw_performance(summarise_performance(performance))
    assert "Compared with peers" in page
    assert "Lambeth 80.0" in page


def test_peers_are_not_compared_where_residents_are_not_known(demonstration: Study) -> None:
    study = make_study(demonstration, {"robbery": steady(40)})
    wards = study.boundaries.wards
    some = wards.assign(population=[float("nan")] * 2 + [1000.0] * (len(wards) - 2))
    study = dataclasses.replace(study, boundaries=dataclasses.replace(study.boundaries, wards=some))
    table = pd.DataFrame({"area": ["Elsewhere"], "crime": ["robbery"], "n_incidents": [500], "population": [1e5]})
    peers = Peers(table=table, input=PEERS_FILE)
    named = ", ".join(wards.index[:2])
    said = f"Not compared with peers: the residents of 2 of the {len(wards)} wards are not known ({named})"
    for given, is_said in ((peers, True), (None, False)):
        summary = summarise_performance(measure_performance(study, peers=given))
        assert all(row.peers is None for row in summary.indicators)
        assert (said in draw_performance(summary)) == is_said
        assert (said in " ".join(say_each("terminal.performance", summary))) == is_said


def test_the_table_of_peers_is_among_the_inputs_and_what_it_says_of_itself_is_told(demonstration: Study) -> None:
    ordinary = dataclasses.replace(
        demonstration,
        intake=dataclasses.replace(demonstration.intake, inputs=()),
        boundaries=dataclasses.replace(demonstration.boundaries, inputs=()),
        havens=None,
        calendar=dataclasses.replace(demonstration.calendar, terms=None),
    )
    study = make_study(ordinary, {"robbery": steady(40), "burglary": steady(40)})
    assert summarise_performance(measure_performance(study)).data_status == {}
    table = pd.DataFrame([("A", "robbery", 4, 50.0)], columns=["area", "crime", "n_incidents", "population"])
    made_up = Peers(table=table, input=dataclasses.replace(PEERS_FILE, data_status="synthetic"))
    summary = summarise_performance(measure_performance(study, peers=made_up))
    assert encode(summary)["inputs"] == [
        {"path": "peers.csv", "table": "peers", "sha256": "0" * 64, "data_status": "synthetic"}
    ]
    assert summary.data_status == {"peers": "synthetic"}
    assert "This product is made from synthetic peers." in draw_performance(summary)
    assert set(tabulate_indicators(summary)["data_status"]) == {"synthetic peers"}


def test_an_indicator_that_is_not_there_is_refused(demonstration: Study) -> None:
    study = make_study(demonstration, {"robbery": steady(40), "burglary": steady(40)})
    with pytest.raises(NotFoundError, match="The files hold none of the indicators shoplifting. They hold: burglary"):
        measure_performance(study, PerformanceRequest(indicators=("shoplifting",)))


def test_too_little_data_is_explained(demonstration: Study) -> None:
    months = pd.period_range("2026-09", "2026-09", freq="M")
    study = make_study(demonstration, {"robbery": [40]}, months=months)
    with pytest.raises(TooLittleDataError, match=r"The files hold no incidents up to 2020-01-01. Give a later `end`"):
        measure_performance(study, PerformanceRequest(end=dt.date(2020, 1, 1)))
    nothing = dataclasses.replace(study.intake, incidents=study.intake.incidents[:0])
    with pytest.raises(TooLittleDataError, match=r"No row of the \d+ read can be used"):
        measure_performance(dataclasses.replace(study, intake=nothing))
    with pytest.raises(TooLittleDataError, match="Performance is measured over whole months, and the files hold none"):
        measure_performance(study, PerformanceRequest(end=dt.date(2026, 9, 15)))


@pytest.mark.parametrize(
    ("target", "words"),
    [
        (Target(change=-0.05), "-5%"),
        (Target(change=-0.125), "-12.5%"),
        (Target(change=0.0), "no rise"),
        (Target(change=0.1), "+10%"),
        (Target(n_incidents=1200), "no more than 1,200"),
    ],
)
def test_targets_in_words(target: Target, words: str) -> None:
    assert say("performance.target", target) == words


def test_everything_is_written_together(found: Performance, tmp_path: Path) -> None:
    summary, paths = write_performance(found, tmp_path)
    assert {path.name for path in paths["performance"].parent.iterdir()} == {
        "performance.html",
        "performance.csv",
        "performance.json",
        "manifest.json",
    }
    assert json.loads(paths["performance_json"].read_text("utf-8")) == encode(summary)
    table = pd.read_csv(paths["performance_csv"])
    assert table["indicator"].tolist()[0] == "Robbery"
    columns = ["previous_12_months", "current_12_months", "change_percent"]
    assert table[columns].to_numpy()[0].tolist() == [480, 240, -50]
    first = paths["performance"].read_bytes()
    write_performance(found, tmp_path)
    assert paths["performance"].read_bytes() == first


def test_the_page_asks_for_nothing_and_runs_nothing(found: Performance) -> None:
    page = draw_performance(summarise_performance(found))
    assert "http" not in page.replace("http-equiv", "")
    assert "<script" not in page
    assert "clearly improving" in page
    assert "clearly deteriorating" in page


def test_names_of_wards_are_text(found: Performance) -> None:
    summary = summarise_performance(found)
    area = dataclasses.replace(summary.study_area, is_all=False, n_wards=1, wards=("<script>alert(1)</script>",))
    page = draw_performance(dataclasses.replace(summary, study_area=area))
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_a_target_number_is_not_met_by_a_part_of_the_twelve_months(demonstration: Study) -> None:
    months = MONTHS[-8:]
    study = make_study(demonstration, {"robbery": [20] * 8, "burglary": [40] * 8}, months=months)
    targets = {"robbery": Target(n_incidents=200), "burglary": Target(n_incidents=200)}
    robbery, burglary = measure_performance(study, PerformanceRequest(targets=targets)).indicators
    # 160 of eight months are under 200, and twelve need not be; 320 are over it already
    assert (robbery.n_current, robbery.status) == (160, None)
    assert (burglary.n_current, burglary.status) == (320, "missed")

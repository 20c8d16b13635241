"""Premises, stations, schools, parks and Safety Maps in the products of a run, on the demonstration data."""

from __future__ import annotations

import dataclasses
import json
import re
import sqlite3
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from hotspots.geography import FLOOR
from hotspots.pipeline.facility_kinds import analyse_facilities
from hotspots.pipeline.felt_places import analyse_perception
from hotspots.pipeline.request import AnalysisRequest
from hotspots.pipeline.results import Analysis
from hotspots.pipeline.run import analyse
from hotspots.pipeline.selection import select_incidents
from hotspots.pipeline.study import BesideTable, Study, load_study
from hotspots.products.files.bundle import write_products
from hotspots.products.pages import draw_safety
from hotspots.products.summary import FACILITY_PRODUCTS, SAFETY_PRODUCTS, RunSummary, summarise
from hotspots.products.summary.facility_summary import summarise_facilities
from hotspots.products.words import say
from hotspots.settings import Settings

pytestmark = pytest.mark.slow  # a whole run


@pytest.fixture(scope="module")
def study(repository: Path) -> Study:
    data = repository / "data"
    settings = Settings(
        term_dates=data / "calendar" / "term_dates.csv",
        premises=(data / "premises",),
        schools=(data / "schools",),
        safety_maps=(data / "safety_maps",),
    )
    tables: tuple[BesideTable, ...] = ("term_dates", "premises", "schools", "safety_maps")
    return load_study([data / "incidents"], [data / "boundaries"], settings=settings, tables=tables)


@pytest.fixture(scope="module")
def analysis(study: Study) -> Analysis:
    return analyse(study, AnalysisRequest(crime="robbery"))


@pytest.fixture(scope="module")
def written(analysis: Analysis, tmp_path_factory: pytest.TempPathFactory) -> tuple[RunSummary, dict[str, Path]]:
    return write_products(analysis, tmp_path_factory.mktemp("out"))


@pytest.fixture(scope="module")
def truth(repository: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((repository / "data" / "truth.json").read_text("utf-8"))
    return told


def test_each_kind_of_place_has_its_sentence(written: tuple[RunSummary, dict[str, Path]]) -> None:
    summary, _ = written
    kinds = {kind.kind: kind for kind in summary.facilities}
    assert list(kinds) == ["licensed", "station", "park", "school"]
    licensed = kinds["licensed"]
    assert re.match(
        rf"Half of the \d+ robberies near licensed premises on Friday and Saturday nights \(20:00-02:59\) are at "
        rf"{licensed.n_for_half} of 90\. If all ran the same risk it would take {licensed.n_for_half_low} to",
        licensed.words,
    )
    assert kinds["park"].words == "The area has only 4 parks: too few to say how few of them hold most."
    assert kinds["school"].on_school_days
    assert "after school (school days 15:00-17:59)" in kinds["school"].words


def test_the_pubs_with_most_trouble_on_weekend_nights_are_those_that_were_planted(
    study: Study, truth: dict[str, Any]
) -> None:
    """The truth counts whole incidents, the analysis shares of intervals: to one incident they are the same."""
    chosen = select_incidents(study, AnalysisRequest(crime="asb"))
    licensed = next(kind for kind in analyse_facilities(study, chosen, floor=FLOOR) if kind.kind == "licensed")
    planted = truth["premises"]["asb_friday_and_saturday_nights_within_100_m"]
    first = licensed.found.risky.head(len(planted))
    assert {one["name"] for one in planted} == set(licensed.facilities["name"].loc[first.index])
    assert first["n_incidents"].tolist() == pytest.approx([one["incidents"] for one in planted], abs=1)


def test_no_place_with_fewer_than_ten_is_named(written: tuple[RunSummary, dict[str, Path]]) -> None:
    summary, paths = written
    shown = [one for kind in summary.facilities for one in kind.facilities]
    assert shown
    assert min(one.n_incidents for one in shown) >= 10
    table = pd.read_csv(paths["premises_csv"], encoding="utf-8-sig")
    assert table["id"].tolist() == [one.id for one in shown]
    assert (table["n_incidents"] >= 10).all()
    assert set(table["data_status"]) == {table["data_status"].iloc[0]}
    assert re.search(r"synthetic [a-z, ]*premises", table["data_status"].iloc[0])
    with sqlite3.connect(paths["hotspots_gpkg"]) as database:
        (n_rows,) = database.execute("SELECT count(*) FROM premises").fetchone()
        (n_styles,) = database.execute("SELECT count(*) FROM layer_styles WHERE f_table_name = 'premises'").fetchone()
    assert (n_rows, n_styles) == (len(shown), 1)
    page = paths["map"].read_text("utf-8")
    assert "Premises, stations, schools and parks" in page
    assert say("facilities.name", shown[0], summary.facilities[0]) in page


def test_shares_of_the_busiest_tell_of_no_fewer_than_ten(analysis: Analysis) -> None:
    """Of 100 at 40 places, one named with 60: two hold 63, which tells of 3; four hold 75; eight hold 97."""
    kind = next(kind for kind in analysis.facilities if kind.kind == "licensed")
    table = kind.found.table.assign(n_incidents=0.0, is_shown=False, is_risky=False)
    table.loc[table.index[0], ["n_incidents", "is_shown"]] = (60.0, True)
    busiest = tuple(
        dataclasses.replace(kind.found.busiest[0], n_facilities=n, incident_share=share)
        for n, share in ((1, 0.6), (2, 0.63), (4, 0.75), (6, 0.8), (8, 0.97))
    )
    found = dataclasses.replace(kind.found, n_incidents=100.0, table=table, busiest=busiest)
    few = dataclasses.replace(analysis, facilities=(dataclasses.replace(kind, found=found),))
    (told,) = summarise_facilities(few)
    assert [one.incident_share for one in told.busiest] == [0.6, None, 0.75, None, None]


def test_where_fear_and_crime_were_planted_to_differ(
    written: tuple[RunSummary, dict[str, Path]], truth: dict[str, Any]
) -> None:
    summary, paths = written
    planted = truth["safety_maps"]
    assert summary.perception is not None
    feared = [place for place in summary.perception.places if place.agreement == "feels unsafe, little crime"]
    trusted = [place for place in summary.perception.places if place.agreement == "feels safe, much crime"]
    where = planted["feels_unsafe_and_little_happens"]
    assert [abs(place.easting - where["easting"]) < 250 for place in feared] == [True]
    assert [abs(place.northing - where["northing"]) < 250 for place in feared] == [True]
    assert feared[0].n_incidents is None
    assert [planted["feels_safe_and_robbery_is_high"] in place.place for place in trusted] == [True]
    assert summary.perception.n_marks == sum(planted["marks"].values())
    with sqlite3.connect(paths["hotspots_gpkg"]) as database:
        (n_cells,) = database.execute("SELECT count(*) FROM felt_cells").fetchone()
    assert n_cells == summary.perception.n_shown
    page = paths["safety"].read_text("utf-8")
    assert "under 10" in page
    assert "Marks are not a survey" in page
    assert trusted[0].place.removeprefix("near ") in page
    assert not re.search(r"<script|(src|href)=\"https?:", page)


def test_fear_and_crime_are_compared_by_part_of_the_day(written: tuple[RunSummary, dict[str, Path]]) -> None:
    """Of what was planted, the feared place is found after school, when it has most marks; the trusted one always."""
    summary, paths = written
    felt = summary.perception
    assert felt is not None
    compared = {part.marks.group: part for part in felt.compared_parts}
    assert list(compared) == ["daytime", "after school", "evening"]
    found = {group: {(one.agreement, one.place) for one in part.places} for group, part in compared.items()}
    trusted = ("feels safe, much crime", "near Canada Water station")
    assert all(trusted in places for places in found.values())
    (feared,) = [one for one in felt.places if one.agreement == "feels unsafe, little crime"]
    assert ("feels unsafe, little crime", feared.place) in found["after school"]
    assert all(one.n_marks >= 10 for part in compared.values() for one in part.places)
    page = paths["safety"].read_text("utf-8")
    assert "At which part of the day" in page
    assert "15:00 to 17:59" in page


def test_marks_without_times_have_no_table_by_part_of_the_day(analysis: Analysis) -> None:
    maps = analysis.study.safety_maps
    assert maps is not None
    timeless = dataclasses.replace(maps, marks=maps.marks.assign(day_part=None))
    study = dataclasses.replace(analysis.study, safety_maps=timeless)
    chosen = select_incidents(study, AnalysisRequest(crime="robbery"))
    felt = analyse_perception(study, chosen, floor=FLOOR)
    assert felt is not None
    assert (felt.parts, felt.compared_parts) == ((), ())
    changed = dataclasses.replace(analysis, study=study, perception=felt)
    summary = summarise(changed)
    assert summary.perception is not None
    assert "At which part of the day" not in draw_safety(changed, summary, summary.perception)


def test_a_few_marks_are_not_added_together(analysis: Analysis) -> None:
    maps = analysis.study.safety_maps
    assert maps is not None
    few = dataclasses.replace(maps, marks=maps.marks.iloc[:5])
    study = dataclasses.replace(analysis.study, safety_maps=few)
    felt = analyse_perception(study, analysis.selection, floor=FLOOR)
    assert felt is not None
    changed = dataclasses.replace(analysis, study=study, perception=felt)
    summary = summarise(changed)
    assert summary.perception is not None
    assert summary.perception.n_read == 5
    assert summary.perception.words.startswith("Marks are added together from 10 on; 5 of 5 lie in the study area.")
    page = draw_safety(changed, summary, summary.perception)
    assert "5 marks read" in page
    assert "<svg" not in page


def test_of_a_crime_without_such_tables_nothing_is_written(analysis: Analysis, tmp_path: Path) -> None:
    plain = dataclasses.replace(analysis, facilities=(), perception=None)
    summary, paths = write_products(plain, tmp_path)
    assert (summary.facilities, summary.perception) == ((), None)
    names = {*FACILITY_PRODUCTS.values(), *SAFETY_PRODUCTS.values()}
    assert not names & {path.name for path in paths.values()}
    assert not names & {path.name for path in next(iter(paths.values())).parent.iterdir()}


def test_the_page_fits_a_phone(written: tuple[RunSummary, dict[str, Path]], browser: Any) -> None:
    _, paths = written
    page = browser.new_page(viewport={"width": 390, "height": 844})
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.goto(paths["safety"].as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert [url for url in requests if not url.startswith(("file:", "data:"))] == []
    page.close()

"""What a run says of gaps in safe havens and of new ones, and what it keeps to itself."""

from __future__ import annotations

import dataclasses
import itertools
import json
import sqlite3
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import AnalyseDemonstration, call

from hotspots.analysis.hotspots.day_parts import DAY_PARTS
from hotspots.analysis.safe_havens.haven_gaps import Gap
from hotspots.geography.floor import FLOOR, NO_FLOOR
from hotspots.ingest.reference.havens import Havens
from hotspots.pipeline.haven_plan import plan_havens
from hotspots.pipeline.haven_request import HavenRequest, SitingOptions
from hotspots.pipeline.request import AnalysisRequest
from hotspots.pipeline.results import Analysis
from hotspots.pipeline.run import analyse
from hotspots.pipeline.run_havens import choose_told
from hotspots.pipeline.study import Study
from hotspots.products.files.bundle import write_products
from hotspots.products.summary import RunSummary, summarise
from hotspots.products.summary.place_summary import summarise_near_havens
from hotspots.products.words import say, say_each

PARTS = {part.key: part for part in DAY_PARTS}
ALL_WEEK = np.arange(168)


@pytest.fixture(scope="module")
def candidates(demonstration: Study) -> Havens:
    """Three places: in the largest gap, where a haven is already, and in the gap with hours that are not known."""
    assert demonstration.havens is not None
    there = demonstration.havens.havens.geometry.iloc[0]
    sites = gpd.GeoDataFrame(
        {
            "name": ["In the gap", "Beside a haven", "Says nothing"],
            "kind": "shop",
            "opening_hours": ["Mo-Su 07:00-23:00", "Mo-Fr 09:00-17:00", None],
        },
        geometry=gpd.points_from_xy([534540, there.x, 534545], [177600, there.y, 177600]),
        crs=demonstration.havens.havens.crs,
        index=pd.Index(["C1", "C2", "C3"], name="haven_id"),
    )
    return dataclasses.replace(demonstration.havens, havens=sites)


@pytest.fixture(scope="module")
def study(demonstration: Study, candidates: Havens) -> Study:
    return dataclasses.replace(demonstration, candidates=candidates)


@pytest.fixture(scope="module")
def analysis(study: Study) -> Analysis:
    return analyse(study, AnalysisRequest(crime="robbery"))


@pytest.fixture(scope="module")
def written(analysis: Analysis, tmp_path_factory: pytest.TempPathFactory) -> tuple[RunSummary, dict[str, Path]]:
    return write_products(analysis, tmp_path_factory.mktemp("maps"))


def make_gap(area: int, part: str, n_without: float) -> Gap:
    return Gap(
        area=area,
        shift=PARTS[part],
        n_timed=n_without,
        n_without=n_without,
        n_unknown=0.0,
        leaves_few=False,
        nearest=-1,
        nearest_m=float("nan"),
        nearest_hours=None,
    )


def make_hours(cells: list[dict[str, float]], elsewhere: float = 1000.0) -> np.ndarray:
    """By place, what is in each part of the week, all at its first hour; and all of them with what is elsewhere."""
    rows = np.zeros((1 + len(cells), 168))
    for row, of_place in enumerate(cells, start=1):
        for key, n in of_place.items():
            rows[row, PARTS[key].window.hours[0]] = n
    for part in DAY_PARTS:
        rows[0, part.window.hours[0]] = elsewhere
    rows[0] += rows[1:].sum(axis=0)
    return rows


def choose(gaps: list[Gap], timed: np.ndarray, without: np.ndarray) -> list[bool]:
    return list(map(bool, choose_told(gaps, (timed, without), peaks=[[]] * len(timed))))


@pytest.mark.parametrize(
    ("evening", "night", "rest_without", "rest_timed", "told"),
    [
        # of 52 without a haven open 40 and 12 are told: none is left
        (40, 12, 0, 100, [True, True]),
        # 9 are left, which the share of open ones would tell; with the 12 they are 21
        (40, 12, 9, 100, [True, False]),
        (40, 12, 10, 100, [True, True]),
        # all without one are told, and 4 with one are what is left of the place
        (40, 12, 0, 4, [True, False]),
        # the only one goes where it leaves 9
        (40, 0, 9, 100, [False]),
    ],
)
def test_a_gap_is_told_only_where_it_leaves_none_or_enough(
    evening: float, night: float, rest_without: float, rest_timed: float, told: list[bool]
) -> None:
    numbers = {"evening": evening, "night": night}
    gaps = [make_gap(0, part, n) for part, n in numbers.items() if n]
    without = make_hours([{**numbers, "school-day": rest_without}])
    timed = make_hours([{**numbers, "school-day": rest_without, "weekend-day": rest_timed}])
    assert choose(gaps, timed, without) == told


def test_a_peak_with_the_hours_of_a_gap_does_not_tell_who_had_a_haven_open() -> None:
    """57 of the 63 of a place in the evening had none: the six others are told where its peak is the evening."""
    evening = PARTS["evening"].window.hours
    gaps = [make_gap(0, "evening", 57.0)]
    without = make_hours([{"evening": 57, "night": 20}])
    timed = make_hours([{"evening": 63, "night": 50}])
    for peaks, told in (([[], []], True), ([[], [evening]], False), ([[], [ALL_WEEK[:24]]], True)):
        assert choose_told(gaps, (timed, without), peaks=peaks).tolist() == [told]
    assert choose_told(gaps, (timed, without), peaks=[[], [evening]], floor=NO_FLOOR).tolist() == [True]


def test_what_is_left_of_a_part_of_the_week_is_not_told_either() -> None:
    """Two places hold all but 5 of the evening; the parts of the week are counted, so the smaller gap goes untold."""
    gaps = [make_gap(0, "evening", 30.0), make_gap(1, "evening", 20.0), make_gap(0, "night", 20.0)]
    without = make_hours([{"evening": 30, "night": 20, "school-day": 50}, {"evening": 20, "school-day": 50}], 100.0)
    without[0, PARTS["evening"].window.hours[0]] = 55
    assert choose(gaps, without + 100 * (without > 0), without) == [True, False, True]


def test_without_gaps_nothing_is_chosen() -> None:
    assert choose([], make_hours([]), make_hours([])) == []


numbers = st.sampled_from([0.0, 0.5, 3.0, 9.0, 10.0, 12.5, 30.0, 200.0])


@given(
    st.lists(st.lists(st.tuples(numbers, numbers), min_size=8, max_size=8), min_size=1, max_size=3),
    st.sampled_from([0.0, 4.0, 1000.0]),
)
def test_no_number_of_few_is_left_by_any_sum(cells: list[list[tuple[float, float]]], elsewhere: float) -> None:
    """By brute force, of places and parts of the week alone and together."""
    keys = list(PARTS)
    bare = [{key: n for key, (n, _) in zip(keys, of_place, strict=True)} for of_place in cells]
    everything = [{key: n + rest for key, (n, rest) in zip(keys, of_place, strict=True)} for of_place in cells]
    without, timed = make_hours(bare, elsewhere), make_hours(everything, 2 * elsewhere)
    gaps = [make_gap(area, key, n) for area, one in enumerate(bare) for key, n in one.items() if n >= 10]
    told = choose(gaps, timed, without)
    known = {(gap.area, gap.shift.key): gap.n_without for gap, is_told in zip(gaps, told, strict=True) if is_told}
    for part, row in itertools.product((timed, without), range(len(timed))):
        parts = [(part[row].sum(), keys)]
        if row == 0:
            parts += [(part[0, PARTS[key].window.hours[0]], [key]) for key in keys]
        for total, of in parts:
            sums = [n for (area, key), n in known.items() if key in of and (row == 0 or area == row - 1)]
            rest = total - sum(sums)
            assert not sums or not 1e-6 < rest < FLOOR.min_incidents
    if not any(0 < n < 10 for of_place in cells for pair in of_place for n in pair) and elsewhere in {0.0, 1000.0}:
        assert all(told)  # nothing is of few, so nothing is kept back


def test_the_gaps_of_a_run_are_those_of_the_command_that_ranks_them(analysis: Analysis, study: Study) -> None:
    summary = summarise(analysis)
    plan = plan_havens(study, HavenRequest(crime="robbery"))
    assert plan.cover is not None
    assert summary.haven_gaps is not None
    assert analysis.havens is not None
    expected = {(gap.area, gap.shift.key): round(gap.n_without, 1) for gap in plan.cover.gaps}
    assert {(gap.area, gap.shift.key): round(gap.n_without, 1) for gap in analysis.havens.gaps} == expected
    first = summary.haven_gaps.gaps[0]
    assert (first.rank, first.place, first.part) == (1, "Old Kent Road", "After school")
    assert first.n_without == max(expected.values())
    assert first.nearest_m is not None
    assert first.nearest_m > 400
    assert str(first.nearest) in first.nearest_words
    assert first.place_rank in {place.rank for place in (summary.patrols.places if summary.patrols else ())}
    assert summary.haven_gaps.n_gaps == len(expected)
    assert "Old Kent Road, after school (Mondays to Fridays 15:00-17:59)" in summary.haven_gaps.words


def test_a_gap_and_a_place_are_as_far_from_their_nearest_haven(analysis: Analysis) -> None:
    summary = summarise(analysis)
    assert summary.haven_gaps is not None
    assert summary.patrols is not None
    assert summary.havens is not None
    names = {haven.id: haven.name for haven in summary.havens.havens}
    compared = 0
    for gap in summary.haven_gaps.gaps:
        near = summary.patrols.places[gap.place_rank - 1].near_havens
        if near:
            compared += 1
            assert gap.nearest_m is not None
            assert (names[near[0].id], near[0].distance_m) == (gap.nearest, round(gap.nearest_m))
    assert compared


@pytest.mark.parametrize(
    ("n_near", "n_open", "told"),
    [
        (0, 0, (True, True)),
        (3, 0, (False, False)),
        (12, 4, (True, False)),
        (12, 12, (True, True)),
        (20, 12, (True, False)),  # eight have only closed ones near
        (-3, 10, (False, True)),  # all but three
        (-3, -3, (False, False)),
        (-1000, 0, (True, True)),
    ],
)
def test_a_share_of_a_place_does_not_tell_a_number_of_few(
    analysis: Analysis, n_near: int, n_open: int, told: tuple[bool, bool]
) -> None:
    """Beside the number of its incidents, a share of them is a number. A number below 0 is of all but so many."""
    assert analysis.havens is not None
    place = analysis.places.patrol_places[0]
    n = len(place.members)
    assert n > 40
    n_near, n_open = (n if one == -1000 else one % n for one in (n_near, n_open))
    near, is_open = (np.zeros(len(analysis.incidents), dtype=bool) for _ in range(2))
    near[place.members[:n_near]] = True
    is_open[place.members[:n_open]] = True
    coverage = dataclasses.replace(analysis.havens.coverage, is_within_reach=near, is_open_within_reach=is_open)
    changed = dataclasses.replace(
        analysis,
        selection=dataclasses.replace(analysis.selection, incidents=analysis.incidents.assign(time_precision="minute")),
        havens=dataclasses.replace(analysis.havens, coverage=coverage),
    )
    shares = summarise_near_havens(place, changed)
    assert shares is not None
    assert (shares.share_within_reach is not None, shares.share_open_within_reach is not None) == told
    open_to_all = dataclasses.replace(analysis.request, min_samples=5)
    shares = summarise_near_havens(place, dataclasses.replace(changed, request=open_to_all))
    assert shares is not None
    assert shares.share_within_reach == pytest.approx(n_near / n, abs=5e-5)
    assert shares.share_open_within_reach == round(n_open / n, 2)


@pytest.mark.parametrize(
    ("numbers", "n_gaps", "said"),
    [
        ([30.0], 1, "it is"),
        ([None], 1, "it is"),
        ([30.0, 12.0], 2, "the largest is"),
        ([30.0, None], 2, "the largest whose number may be told is"),  # the other may be larger
        ([30.0, 12.0], 3, "the largest whose number may be told is"),
        ([None, None], 2, "one is"),
    ],
)
def test_the_largest_gap_is_so_called_only_where_that_is_known(
    analysis: Analysis, numbers: list[float | None], n_gaps: int, said: str
) -> None:
    found = summarise(analysis).haven_gaps
    assert found is not None
    gaps = tuple(dataclasses.replace(found.gaps[0], n_without=number) for number in numbers)
    words = say("run_havens.gaps", dataclasses.replace(found, gaps=gaps, n_gaps=n_gaps), "robberies")
    assert f"to patrol; {said} {gaps[0].place}" in words


def test_gaps_without_a_number_come_last_in_an_order_that_tells_nothing(analysis: Analysis) -> None:
    found = summarise(analysis).haven_gaps
    assert found is not None
    told = [gap.n_without for gap in found.gaps if gap.n_without is not None]
    untold = [gap for gap in found.gaps if gap.n_without is None]
    assert untold
    assert [gap.n_without for gap in found.gaps[: len(told)]] == sorted(told, reverse=True)
    order = [(gap.place_rank, list(PARTS).index(gap.part_key)) for gap in untold]
    assert order == sorted(order)


def test_no_gap_of_a_run_tells_a_number_of_few(analysis: Analysis) -> None:
    """By place: what it holds, and what the share with an open haven says, less the gaps that are told."""
    summary = summarise(analysis)
    assert summary.haven_gaps is not None
    assert summary.patrols is not None
    incidents = analysis.incidents
    timed = (incidents["time_precision"] == "minute").to_numpy()
    assert analysis.havens is not None
    is_open = analysis.havens.coverage.is_open_within_reach
    for place, found in zip(summary.patrols.places, analysis.places.patrol_places, strict=True):
        told = sum(gap.n_without or 0 for gap in summary.haven_gaps.gaps if gap.place_rank == place.rank)
        rest = timed[found.members].sum() - told
        assert not told or rest < 0.1 or rest > 9.9
        # of the demonstration nearly all are known to the minute, so began and happened are the same
        rest = (timed[found.members] & ~is_open[found.members]).sum() - told
        assert not told or abs(rest) < 0.6 or rest > 9.4


def test_the_new_havens_are_those_that_siting_chooses(analysis: Analysis, study: Study) -> None:
    options = SitingOptions(n_new=3, until_hours=())
    siting = plan_havens(study, HavenRequest(crime="robbery", siting=options)).siting
    found = summarise(analysis).haven_sites
    assert siting is not None
    assert found is not None
    assert [site.site_id for site in found.sites] == [site.site_id for site in siting.sites] == ["C1"]
    (site,) = found.sites
    assert (site.letter, site.label, site.n_gained) == ("A", "In the gap", round(siting.sites[0].n_gained, 1))
    assert (found.n_candidates, found.n_hours_unknown, found.gap_share, found.is_by_hour) == (3, 1, 0, True)
    assert site.covered_share == pytest.approx((siting.n_covered + siting.sites[0].n_gained) / siting.n_total, abs=1e-4)
    assert found.words.startswith("Of 3 candidates, In the gap would help most as a new safe haven: it raises")
    assert found.words.endswith("It is proven that no other choice of as many covers more.")


@pytest.mark.parametrize(("n_left", "told"), [(0.0, True), (4.0, False), (10.0, True)])
def test_the_last_new_haven_does_not_tell_how_few_are_left(analysis: Analysis, n_left: float, told: bool) -> None:
    siting = analysis.new_havens
    assert siting is not None
    total = siting.n_covered + sum(site.n_gained for site in siting.sites) + n_left
    found = summarise(dataclasses.replace(analysis, new_havens=dataclasses.replace(siting, n_total=total))).haven_sites
    assert found is not None
    (site,) = found.sites
    assert ((site.n_gained is not None), (site.covered_share is not None)) == (told, told)
    assert ("raises" in found.words) == told


def test_a_few_that_are_covered_already_are_not_told(analysis: Analysis) -> None:
    siting = analysis.new_havens
    assert siting is not None
    found = summarise(dataclasses.replace(analysis, new_havens=dataclasses.replace(siting, n_covered=4.0))).haven_sites
    assert found is not None
    assert found.covered_share is None
    assert [site.covered_share for site in found.sites] == [None]


def test_a_plan_that_is_not_proven_says_by_how_much_another_could_be_better(analysis: Analysis) -> None:
    siting = analysis.new_havens
    assert siting is not None
    assert siting.plan is not None
    plan = dataclasses.replace(siting.plan, most_covered=1.1 * siting.plan.covered)
    found = summarise(dataclasses.replace(analysis, new_havens=dataclasses.replace(siting, plan=plan))).haven_sites
    assert found is not None
    assert "Another choice could cover at most 10% more than these add: a proof would take too long." in found.words
    assert "proven" not in found.words


def test_without_hours_there_are_no_gaps_and_sites_count_at_all_hours(study: Study) -> None:
    incidents = study.intake.incidents
    months = incidents.assign(
        time_precision="month", started_at=incidents["started_at"].dt.to_period("M").dt.start_time, ended_at=pd.NaT
    )
    days_only = dataclasses.replace(study, intake=dataclasses.replace(study.intake, incidents=months))
    summary = summarise(analyse(days_only, AnalysisRequest(crime="robbery")))
    assert summary.haven_gaps is None
    assert summary.haven_sites is not None
    assert not summary.haven_sites.is_by_hour
    assert summary.haven_sites.n_hours_unknown == 0
    assert "if they are open at all hours" in summary.haven_sites.words


@pytest.mark.slow
def test_candidates_need_no_haven(study: Study) -> None:
    summary = summarise(analyse(dataclasses.replace(study, havens=None), AnalysisRequest(crime="robbery")))
    assert (summary.havens, summary.haven_gaps) == (None, None)
    assert summary.haven_sites is not None
    assert summary.haven_sites.covered_share == 0
    assert {site.label for site in summary.haven_sites.sites} == {"In the gap", "Beside a haven"}


def test_neither_is_said_where_nothing_was_given(analyse_demonstration: AnalyseDemonstration) -> None:
    summary = summarise(analyse_demonstration("robbery"))
    assert summary.haven_sites is None
    said = "\n".join(say_each("terminal.run", summary))
    assert "No haven open: " in said
    assert "New havens: " not in said


def test_what_is_left_out_of_the_candidates_is_said(study: Study, candidates: Havens) -> None:
    thin = dataclasses.replace(study, candidates=dataclasses.replace(candidates, n_repeated=4))
    notes = summarise(analyse(thin, AnalysisRequest(crime="knife-crime"))).notes
    assert "Rows of candidates left out because the same place is in another row: 4." in notes


def test_the_geopackage_has_gaps_and_sites_with_their_style(written: tuple[RunSummary, dict[str, Path]]) -> None:
    summary, paths = written
    assert summary.haven_gaps is not None
    gaps = pyogrio.read_dataframe(paths["hotspots_gpkg"], layer="haven_gaps")
    assert list(gaps.columns) == [
        *("rank", "place_rank", "place", "part", "hours", "n_without", "nearest", "nearest_m", "reach_m"),
        *("crime", "period_start", "period_end", "data_status", "sharing", "geometry"),
    ]
    assert [None if pd.isna(n) else n for n in gaps["n_without"]] == [gap.n_without for gap in summary.haven_gaps.gaps]
    places = pyogrio.read_dataframe(paths["hotspots_gpkg"], layer="places_to_patrol").set_index("rank").geometry
    for place_rank, outline in zip(gaps["place_rank"], gaps.geometry, strict=True):
        assert outline.equals(places[place_rank])
    sites = pyogrio.read_dataframe(paths["hotspots_gpkg"], layer="haven_sites")
    assert list(sites.columns) == [
        *("id", "letter", "label", "kind", "opening_hours", "ward", "n_gained", "covered_share"),
        *("easting", "northing", "grid_reference", "latitude", "longitude"),
        *("crime", "period_start", "period_end", "data_status", "sharing", "geometry"),
    ]
    assert sites[["id", "label"]].to_numpy().tolist() == [["C1", "In the gap"]]
    assert (sites.geometry.iloc[0].x, sites.geometry.iloc[0].y) == (534540, 177600)
    with sqlite3.connect(paths["hotspots_gpkg"]) as database:
        styles = dict(database.execute("SELECT f_table_name, styleQML FROM layer_styles"))
    assert (
        'value="After school" label="After school: Mondays to Fridays 15:00-17:59" render="true"'
        in styles["haven_gaps"]
    )
    assert styles["haven_gaps"].count('render="true"') == 1
    assert 'fieldName="letter"' in styles["haven_sites"]


def test_the_page_lists_the_ten_largest_gaps_of_the_summary(written: tuple[RunSummary, dict[str, Path]]) -> None:
    summary, paths = written
    page = paths["map"].read_text("utf-8")
    assert summary.haven_gaps is not None
    assert page.count("data-gap=") == 10
    assert f"the first 10 of {summary.haven_gaps.n_gaps}" in page
    assert page.count("data-site=") == 1
    assert json.loads(paths["summary"].read_text("utf-8"))["haven_sites"]["sites"][0]["label"] == "In the gap"


@pytest.mark.slow
def test_candidates_can_be_given_to_a_run(study: Study, tmp_path: Path, repository: Path) -> None:
    data = repository / "data"
    candidates = tmp_path / "shops.csv"
    candidates.write_text("name,easting,northing,opening_hours\nCorner Shop,534540,177600,Mo-Su 07:00-23:00\n", "utf-8")
    files = ("--incidents", data / "incidents", "--boundaries", data / "boundaries", "--candidates", candidates)
    status, printed, said = call("run", "--crime", "robbery", *files, "--out", tmp_path / "out", "--json")
    assert status == 0
    assert json.loads(printed)["haven_sites"]["sites"][0]["label"] == "Corner Shop"
    assert "New havens: Of 1 candidate, Corner Shop would help most as a new safe haven" in said


def test_incidents_without_a_place_of_their_own_have_no_gaps(study: Study) -> None:
    incidents = study.intake.incidents
    vague = incidents.assign(location_precision=pd.Categorical(["area"] * len(incidents)))
    without = dataclasses.replace(study, intake=dataclasses.replace(study.intake, incidents=vague))
    summary = summarise(analyse(without, AnalysisRequest(crime="knife-crime")))
    assert summary.haven_gaps is None
    assert summary.haven_sites is not None
    assert (summary.haven_sites.covered_share, summary.haven_sites.sites) == (None, ())
    assert summary.haven_sites.words == (
        "None of the 3 candidates would cover ten knife crimes or more that are not covered yet."
    )


@pytest.mark.slow
def test_a_run_that_is_not_to_be_shared_tells_every_gap(study: Study) -> None:
    summary = summarise(analyse(study, AnalysisRequest(crime="knife-crime", min_samples=5)))
    found = summary.haven_gaps
    assert found is not None
    numbers = [gap.n_without for gap in found.gaps]
    assert None not in numbers
    assert min(n for n in numbers if n is not None) < 10
    assert "in which knife crimes have no safe haven" in say("run_havens.listed", found, summary)

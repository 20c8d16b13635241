from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import assume, given
from hypothesis import strategies as st
from support import call, list_faults

from hotspots.analysis.hours import profile_week, weigh_hours
from hotspots.analysis.safe_havens.haven_gaps import UsualHours, rank_gaps
from hotspots.analysis.safe_havens.hour_coverage import CoverageShares, measure_hour_coverage
from hotspots.errors import NotFoundError, ParameterError
from hotspots.geography import NO_FLOOR
from hotspots.ingest.reference.havens import Havens
from hotspots.ingest.reference.schools import Schools
from hotspots.ingest.reference.street_files import Streets
from hotspots.pipeline.haven_plan import HavenPlan, count_years, plan_havens
from hotspots.pipeline.haven_request import Demand, HavenRequest, Purpose, SiteOptions, SitingOptions
from hotspots.pipeline.haven_siting import Siting, plan_sites
from hotspots.pipeline.places import analyse_places
from hotspots.pipeline.request import AnalysisRequest
from hotspots.pipeline.selection import select_incidents
from hotspots.pipeline.study import Study
from hotspots.pipeline.surroundings import with_places
from hotspots.products.files.haven_plan_folder import write_havens
from hotspots.products.pages import draw_havens
from hotspots.products.summary.haven_plan_summary import (
    HavenPlanSummary,
    summarise_havens,
)
from hotspots.products.summary.haven_shares import withhold_few, withhold_from_sum
from hotspots.products.words import say

GAP = "Old Kent Road"
"""The demonstration has a hot spot there, and no haven within 400 m."""


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
    schools = gpd.GeoDataFrame(
        {"name": ["Busy School", "Quiet School"], "phase": "Secondary"},
        geometry=gpd.points_from_xy([532500, 541500], [178700, 171500]),
        crs=27700,
        index=pd.Index(["1", "2"], name="school_id"),
    )
    return dataclasses.replace(demonstration, candidates=candidates, schools=Schools(schools=schools, inputs=()))


@pytest.fixture(scope="module")
def plan(study: Study) -> HavenPlan:
    return plan_havens(study, HavenRequest(crime="robbery", siting=SitingOptions(n_new=3)))


@pytest.fixture(scope="module")
def summary(plan: HavenPlan) -> HavenPlanSummary:
    return summarise_havens(plan)


def test_the_planted_gaps_are_found(summary: HavenPlanSummary) -> None:
    assert summary.cover is not None
    first = summary.cover.gaps[0]
    assert (first.place, first.part) == (GAP, "After school")
    assert first.nearest_m is not None
    assert first.nearest_m > 400
    evenings = [gap.place for gap in summary.cover.gaps if gap.part == "Evening"]
    assert any("Walworth Road" in (place or "") for place in evenings)


def test_hours_take_away_what_is_near(summary: HavenPlanSummary) -> None:
    """In the demonstration no haven of the hot spots is open at night, and nearly all are on a school day."""
    assert summary.cover is not None
    parts = {part.key: part.shares for part in summary.cover.parts}
    day, night = parts["school-day"], parts["night"]
    assert day is not None
    assert day.any_share is not None
    assert day.any_share - (day.open_share or 0) < 0.02
    assert night is not None
    assert (night.open_share or 0) < 0.1 < 0.5 < (night.any_share or 0)


def test_the_best_site_is_in_the_gap_and_unknown_hours_cover_nothing(summary: HavenPlanSummary) -> None:
    siting = summary.siting
    assert siting is not None
    assert siting.sites[0].label == "In the gap"
    assert (siting.n_sites, siting.n_unknown, siting.gap_share) == (3, 1, 0)
    assert "Says nothing" not in [site.name for site in siting.alone]
    assert all(site.longer_until == 20 for site in siting.sites[1:])
    shares = [point.covered_share for point in siting.curve]
    assert shares == sorted(shares)
    assert siting.sites[-1].covered_share == pytest.approx(shares[-1], abs=2e-4)


def test_schools_with_few_incidents_are_not_counted(summary: HavenPlanSummary) -> None:
    assert summary.cover is not None
    busy, quiet = summary.cover.schools
    assert (busy.name, quiet.shares) == ("Busy School", None)
    assert busy.shares is not None
    assert busy.shares.n_timed >= 10


@pytest.fixture(scope="module")
def gaps_plan(study: Study) -> HavenPlan:
    return plan_havens(study, HavenRequest(crime="robbery", gaps=SiteOptions()))


def test_gaps_say_what_helps_most(gaps_plan: HavenPlan) -> None:
    """In the largest gap there is a candidate, open when it matters; where a haven closes early, longer hours help."""
    cover = summarise_havens(gaps_plan).cover
    assert cover is not None
    assert cover.steps is not None
    assert (cover.steps.n_sites, cover.steps.n_unknown, cover.steps.is_grid) == (3, 1, False)
    assert len(cover.gaps) == cover.n_gaps > 5
    first = cover.gaps[0]
    assert (first.place, first.steps[0].label, first.steps[0].longer_until) == (GAP, "In the gap", None)
    evening = next(gap for gap in cover.gaps if gap.part == "Evening" and "Walworth Road" in (gap.place or ""))
    assert evening.steps[0].longer_until == 22
    assert all(
        step.n_gained is None or 10 <= step.n_gained <= gap.n_without for gap in cover.gaps for step in gap.steps
    )


def test_a_step_covers_of_a_gap_what_the_haven_would(study: Study, gaps_plan: HavenPlan) -> None:
    """With the candidate as a haven, the gap is smaller by what the step says that it gains."""
    assert study.havens is not None
    assert study.candidates is not None
    assert gaps_plan.cover is not None
    assert gaps_plan.cover.steps is not None
    gap, step = gaps_plan.cover.gaps[0], gaps_plan.cover.steps.steps[0][0]
    places = [one.outline for one in gaps_plan.patrol_places]
    located = with_places(gaps_plan.selection.incidents)
    both = gpd.GeoDataFrame(pd.concat([study.havens.havens, study.candidates.havens.loc[[step.site.site_id]]]))
    after = rank_gaps(located, measure_hour_coverage(located, both), places, both, floor=NO_FLOOR)
    left = sum(one.n_without for one in after if (one.area, one.shift) == (gap.area, gap.shift))
    assert gap.n_without - left == pytest.approx(step.site.n_gained)


def test_sums_of_gaps_and_coverage_tell_of_no_few(gaps_plan: HavenPlan, plan: HavenPlan) -> None:
    """What is told of a place, or of a part of the week, less its gaps is nothing, or ten or more."""
    gaps, cover = summarise_havens(gaps_plan).cover, summarise_havens(plan).cover
    assert gaps is not None
    assert cover is not None
    n_told = 0
    for name, areas in (("place_rank", cover.places), ("part", cover.parts)):
        for area in areas:
            if area.shares is None or area.shares.n_open is None:
                continue
            own = [gap for gap in gaps.gaps if str(getattr(gap, name)) in (area.key, area.name)]
            left = area.shares.n_timed - area.shares.n_open - sum(gap.n_without for gap in own)
            assert left < 0.01 or left > 9.99
            n_told += len(own)
    assert n_told > 20
    # that of some places is withheld for it
    some = {gap.place_rank for gap in gaps.gaps}
    assert any(area.shares and area.shares.n_open is None for area in cover.places if int(area.key) in some)


@given(
    st.lists(st.lists(st.sampled_from([0, 1, 4, 9, 10, 30, 200]), min_size=4, max_size=4), min_size=2, max_size=6).map(
        np.array
    )
)
def test_what_lies_in_no_place_is_not_told_where_it_is_few(rows: np.ndarray) -> None:
    """The whole less all places is what lies in none; a state of it is few only where no place has any to add."""
    assume((rows.sum(axis=1) >= 10).all())
    *places, beyond = [make_shares(*map(float, row)) for row in rows]
    told = withhold_from_sum(places, beyond=beyond)
    hidden = np.array([[one is None or one.n_open is None, one is None or one.n_unknown is None] for one in told])
    for column in range(2):
        left = rows[:-1, column][hidden[:, column]].sum() + rows[-1, column]
        assert left == 0 or left >= 10 or not rows[:-1, column][~hidden[:, column]].any()


@given(st.lists(st.tuples(*[st.sampled_from([0, 1, 4, 9, 10, 30, 200])] * 2), min_size=3, max_size=6), st.booleans())
def test_how_many_have_a_haven_near_is_told_of_no_few_beside_the_sum(
    rows: list[tuple[int, int]], has_beyond: bool
) -> None:
    """Files of months alone say no hour: of each area it is told only whether a haven is near."""
    assume(all(near + far >= 10 for near, far in rows))
    shares = [
        CoverageShares(
            n_incidents=near + far,
            n_within_reach=near,
            share_within_reach=near / (near + far),
            n_timed=0,
            n_any=0,
            n_open=0,
            n_unknown=0,
        )
        for near, far in rows
    ]
    areas = shares[:-1] if has_beyond else shares
    told = withhold_from_sum(areas, beyond=shares[-1] if has_beyond else None)
    hidden = np.array([one is None or one.n_within_reach is None for one in told])
    beyond = rows[-1] if has_beyond else (0, 0)
    for part in (0, 1):
        numbers = np.array([row[part] for row in rows[: len(areas)]])
        assert not ((numbers > 0) & (numbers < 10) & ~hidden).any()
        left = numbers[hidden].sum() + beyond[part]
        assert left == 0 or left >= 10 or not numbers[~hidden].any()
    assert hidden.sum() != 1 or has_beyond


def test_a_place_of_which_the_sum_may_not_be_told_says_nothing_of_open_ones() -> None:
    shares = [make_shares(40, 0, 50, 0), make_shares(60, 0, 70, 20)]
    first, second = withhold_from_sum(shares, beyond=make_shares(100, 0, 100, 100), untold={0})
    assert first is not None
    assert second is not None
    assert (first.n_open, first.open_share, first.lost_share) == (None, None, None)
    assert second.n_open == 60


def test_split_hours_are_said_as_two_stretches() -> None:
    hours = (make_stretch(540, 780), make_stretch(840, 1080))
    gap = SimpleNamespace(nearest="Pharmacy", nearest_m=694.0, nearest_hours=hours)
    assert say("haven_plan.nearest", gap, True) == (
        "The nearest, Pharmacy, is 694 m away along streets and open from 09:00 to 13:00 and from 14:00 to 18:00 on "
        "most of those days."
    )
    gap.nearest_hours = ()
    assert say("haven_plan.nearest", gap, False) == (
        "The nearest, Pharmacy, is 694 m away in a straight line and shut on most of those days."
    )
    gap.nearest_hours = None  # also where hours are known, and follow the sun
    assert say("haven_plan.nearest", gap, False) == (
        "The nearest, Pharmacy, is 694 m away in a straight line; its usual hours are not known."
    )


def make_stretch(opens_minute: int, closes_minute: int) -> UsualHours:
    return UsualHours(opens_minute=opens_minute, closes_minute=closes_minute)


def test_a_year_of_gaps_is_of_the_time_that_the_files_cover(study: Study) -> None:
    """Without the rows of three months, gaps a year are of the other months."""
    incidents = study.intake.incidents
    month = incidents["started_at"].dt.to_period("M")
    is_lost = month.isin(pd.period_range("2025-03", "2025-05", freq="M"))
    partly = dataclasses.replace(study, intake=dataclasses.replace(study.intake, incidents=incidents[~is_lost]))
    request = AnalysisRequest(crime="robbery")
    assert count_years(study, select_incidents(study, request)) == pytest.approx(730 / 365.25)
    assert count_years(partly, select_incidents(partly, request)) == pytest.approx((730 - 31 - 30 - 31) / 365.25)


def test_a_gap_is_said_in_whole_incidents_and_times_of_the_clock() -> None:
    assert [say("haven_plan.a_year", n) for n in (16.7, 2.5, 0.4)] == ["17", "2", "under 1"]
    assert [say("haven_plan.clock", minute) for minute in (570, 1440, 1500)] == ["09:30", "midnight", "01:00"]


def make_shares(n_open: float, n_unknown: float, n_lost: float, n_none: float) -> CoverageShares:
    n_any = n_open + n_unknown + n_lost
    return CoverageShares(
        n_incidents=None,
        n_within_reach=None,
        share_within_reach=None,
        n_timed=n_any + n_none,
        n_any=n_any,
        n_open=n_open,
        n_unknown=n_unknown,
    )


@given(st.lists(st.sampled_from([0, 1, 4, 9, 10, 30, 200]), min_size=4, max_size=4).map(np.array))
def test_what_is_stated_tells_of_no_fewer_than_ten(parts: np.ndarray) -> None:
    """What is withheld is nothing, or two parts or more, which are ten or more together."""
    assume(parts.sum() >= 10)  # otherwise the row is not shown at all
    found = withhold_few(make_shares(*map(float, parts)))
    shown = [found.open_share, found.unknown_share, found.lost_share, found.any_share]
    for share, n in zip(shown[:3], parts[:3], strict=True):
        assert share is None or n == 0 or n >= 10
    if found.any_share is not None:  # which tells of what has none within reach
        assert parts[3] == 0 or parts[3] >= 10
        assert parts[:3].sum() == 0 or parts[:3].sum() >= 10
    hidden = [n for share, n in zip(shown, parts, strict=True) if share is None]
    assert not hidden or (len(hidden) >= 2 and sum(hidden) >= 10)


@given(
    st.lists(st.lists(st.sampled_from([0, 1, 4, 9, 10, 30, 200]), min_size=4, max_size=4), min_size=2, max_size=6).map(
        np.array
    )
)
def test_what_is_stated_of_areas_tells_of_no_fewer_than_ten_beside_their_sum(rows: np.ndarray) -> None:
    """The sum of each state is stated too: those withheld are two or more and ten or more, if others have any."""
    assume((rows.sum(axis=1) >= 10).all())
    told = withhold_from_sum([make_shares(*map(float, row)) for row in rows])
    shown = np.array([[one.open_share, one.unknown_share, one.lost_share] for one in told if one], dtype=float)
    is_hidden = np.column_stack([np.isnan(shown), [one is not None and one.any_share is None for one in told]])
    for hidden, row in zip(is_hidden, rows, strict=True):
        assert not hidden.any() or (hidden.sum() >= 2 and row[hidden].sum() >= 10)
        assert hidden[(row > 0) & (row < 10)].all()
    for hidden, column in zip(is_hidden.T, rows.T, strict=True):
        enough = hidden.sum() >= 2 and column[hidden].sum() >= 10
        assert not hidden.any() or enough or not column[~hidden].any()


def test_one_part_of_the_week_is_not_withheld_alone(summary: HavenPlanSummary) -> None:
    """On nights at weekends few have an open haven; what the other parts leave of all of them would say how few."""
    assert summary.cover is not None
    shares = {part.key: part.shares for part in summary.cover.parts}
    assert shares["weekend-night"] is not None
    assert shares["weekend-night"].n_open is None
    others = [key for key, one in shares.items() if one is not None and one.n_open is None]
    assert len(others) >= 2


def plan_alone(study: Study, options: SitingOptions, crime: str = "robbery") -> Siting:
    """The sites without what havens cover, which takes longer."""
    request = HavenRequest(crime=crime, siting=options)
    chosen = select_incidents(study, AnalysisRequest(crime=crime))
    days = np.arange("2024-10-01", "2026-10-01", dtype="datetime64[D]")
    return plan_sites(study, request, chosen, chosen.incidents, school_days=days)


def test_a_share_wanted(study: Study) -> None:
    enough = plan_alone(study, SitingOptions(n_new=2, target_share=0.5))
    assert enough.target is not None
    assert (enough.target.n_fewest, enough.sites) == (0, ())
    more = plan_alone(study, SitingOptions(n_new=2, target_share=0.6))
    assert more.target is not None
    assert more.plan is not None
    assert more.target.n_fewest == len(more.sites) == 1
    assert more.n_covered + more.plan.covered >= 0.6 * more.n_total
    too_much = plan_alone(study, SitingOptions(n_new=2, target_share=0.99))
    assert too_much.target is not None
    assert too_much.target.n_fewest is None
    assert 0.6 < too_much.target.most_share < 0.99


def test_cameras_and_youth_zones_need_no_hours(study: Study) -> None:
    purposes: tuple[Purpose, ...] = ("cctv", "youth")
    for purpose in purposes:
        options = SitingOptions(purpose=purpose, n_new=1, grid_m=400)
        plan = plan_havens(study, HavenRequest(crime="robbery", siting=options))
        assert plan.cover is None
        assert plan.siting is not None
        assert (plan.siting.n_covered, plan.siting.is_grid, plan.siting.n_longer) == (0, True, 0)
        assert plan.siting.is_after_school == (purpose == "youth")
        assert len(plan.siting.sites) == 1


@pytest.mark.slow
def test_cameras_that_are_there_are_locked(study: Study) -> None:
    """A camera where the best new one would be: that is not chosen again, and what it sees counts as covered."""
    options = SitingOptions(purpose="cctv", n_new=2, grid_m=400)
    before = plan_havens(study, HavenRequest(crime="robbery", siting=options))
    assert before.siting is not None
    best = before.siting.sites[0]
    there = gpd.GeoDataFrame(
        {"name": ["Camera 1"], "kind": "camera", "opening_hours": [None]},
        geometry=gpd.points_from_xy([best.easting], [best.northing]),
        crs=27700,
        index=pd.Index(["K1"], name="haven_id"),
    )
    assert study.havens is not None
    cameras = dataclasses.replace(study.havens, havens=there)
    plan = plan_havens(dataclasses.replace(study, cameras=cameras), HavenRequest(crime="robbery", siting=options))
    assert plan.siting is not None
    assert plan.siting.n_covered == pytest.approx(best.n_gained)
    assert best.site_id not in [site.site_id for site in plan.siting.sites]
    notes = summarise_havens(plan).notes
    assert any(note.startswith("1 camera is there already. It stays, and what it covers counts as") for note in notes)
    assert any(
        note.startswith("No cameras that are there already are known") for note in summarise_havens(before).notes
    )
    # youth zones are others, and for safe havens cameras count for nothing
    youth = plan_havens(
        dataclasses.replace(study, cameras=cameras),
        HavenRequest(crime="robbery", siting=SitingOptions(purpose="youth", n_new=1, grid_m=800)),
    )
    assert youth.siting is not None
    assert (youth.siting.n_covered, youth.siting.existing) == (0, None)


def test_how_few_a_camera_sees_is_not_told(study: Study) -> None:
    """A camera that sees fewer than ten: neither the number nor what is covered with it tells how many."""
    options = SitingOptions(purpose="cctv", n_new=1, grid_m=400, demand="incidents", target_share=0.02)
    request = HavenRequest(crime="robbery", siting=options, reach_m=60)
    points = with_places(select_incidents(study, AnalysisRequest(crime="robbery")).incidents).geometry
    n_near = np.array([(points.distance(point) <= 60).sum() for point in points[:400]])
    seen = int(np.flatnonzero((n_near > 1) & (n_near < 10))[0])
    assert study.havens is not None
    there = study.havens.havens.iloc[[0]].assign(geometry=[points.iloc[seen]])
    cameras = dataclasses.replace(study.havens, havens=there)
    summary = summarise_havens(plan_havens(dataclasses.replace(study, cameras=cameras), request))
    siting = summary.siting
    assert siting is not None
    assert (siting.n_covered, siting.covered_share, siting.is_few_covered) == (0, 0, True)
    assert siting.curve[0].n_covered == siting.sites[0].n_gained
    assert any(
        note.startswith("What is there already covers fewer than ten of the robberies.") for note in summary.notes
    )


@pytest.mark.slow
def test_cameras_are_to_cover_hot_spots_unless_all_incidents_are_asked_for(study: Study) -> None:
    def plan_cameras(demand: Demand | None) -> HavenPlan:
        options = SitingOptions(purpose="cctv", n_new=1, grid_m=400, demand=demand)
        return plan_havens(study, HavenRequest(crime="robbery", siting=options))

    usual, everywhere = plan_cameras(None), plan_cameras("incidents")
    assert usual.siting is not None
    assert everywhere.siting is not None
    chosen = usual.selection
    found = analyse_places(
        chosen,
        AnalysisRequest(crime="robbery"),
        hours=weigh_hours(chosen.incidents),
        profile=profile_week(chosen.incidents),
    )
    members = np.unique(np.concatenate([one.members for one in found.hotspots]))
    assert usual.siting.n_total == len(members) < everywhere.siting.n_total == len(with_places(chosen.incidents))
    assert "of robberies in hot spots" in summarise_havens(usual).words[0]
    assert "hot spots" not in " ".join(summarise_havens(everywhere).words)


def test_without_hours_only_reach_is_said(study: Study) -> None:
    """The burglaries of the demonstration are known to the month."""
    summary = summarise_havens(plan_havens(study, HavenRequest(crime="burglary", siting=SitingOptions(n_new=1))))
    assert summary.cover is not None
    assert (summary.cover.total.n_timed, summary.cover.total.open_share, summary.cover.gaps) == (0, None, ())
    assert "not at which hour" in summary.words[0]
    assert summary.siting is not None
    assert (summary.siting.is_by_hour, summary.siting.is_without_hours) == (False, True)
    gaps = summarise_havens(plan_havens(study, HavenRequest(crime="burglary", gaps=SiteOptions())))
    assert gaps.words[1:] == ("So gaps cannot be looked for: they are of burglaries whose hour is known.",)


def test_products_are_whole_and_the_same_each_time(plan: HavenPlan, tmp_path: Path) -> None:
    summary, paths = write_havens(plan, tmp_path / "a")
    _, again = write_havens(plan, tmp_path / "b")
    assert all(path.read_bytes() == again[key].read_bytes() for key, path in paths.items())
    page = paths["havens"].read_text("utf-8")
    assert "Not for decisions" in page
    assert summary.words[0] in page
    assert "<script" not in page
    stored = json.loads(paths["havens_json"].read_text("utf-8"))
    assert stored["cover"]["total"]["open_share"] == summary.cover.total.open_share  # type: ignore[union-attr]
    coverage = pd.read_csv(paths["coverage_csv"], encoding="utf-8-sig")
    assert {"all", "part of the week", "ward", "place to patrol", "school"} <= set(coverage["by"])
    assert set(coverage["data_status"]) == set(pd.read_csv(paths["sites_csv"], encoding="utf-8-sig")["data_status"])
    assert "synthetic" in coverage["data_status"][0]


def test_walks_are_along_streets_and_a_piece_of_them_is_not_enough(study: Study) -> None:
    """Streets of one square kilometre: most of the borough is far from them, and the summary says so."""
    steps = np.arange(0, 1001, 100.0)
    lines = [shapely.LineString([(0, y), (1000, y)]) for y in steps]
    lines += [shapely.LineString([(x, 0), (x, 1000)]) for x in steps]
    noded = shapely.get_parts(shapely.node(shapely.MultiLineString(lines)))
    moved = gpd.GeoSeries(noded, crs=27700).translate(532000, 178000)
    ways = gpd.GeoDataFrame({"name": None, "kind": None}, index=moved.index, geometry=moved)
    streets = Streets(ways=ways.rename_axis("way_id"), inputs=(), left_out={}, n_broken=0, n_unnamed=len(ways))
    partly = dataclasses.replace(study, streets=streets)
    summary = summarise_havens(plan_havens(partly, HavenRequest(crime="robbery")))
    assert summary.is_along_streets
    assert "along streets" in summary.words[0]
    assert summary.off_street_share is not None
    assert summary.off_street_share > 0.5
    assert any("Give all streets of the area, or none." in note for note in summary.notes)
    assert not any("as the crow flies" in note for note in summary.notes)


def test_what_is_left_out_of_lists_is_said(study: Study) -> None:
    """A school without a position, closed ones, a lapsed haven, and why hours are not known."""
    assert study.havens is not None
    assert study.candidates is not None
    assert study.schools is not None
    silent = study.havens.havens.assign(opening_hours=pd.Series(pd.NA, study.havens.havens.index, dtype="str"))
    # of two the hours are known; of the others one has a remark alone
    silent.iloc[:2, silent.columns.get_loc("opening_hours")] = "Mo-Su 08:00-20:00"
    partly = dataclasses.replace(
        study,
        havens=dataclasses.replace(study.havens, havens=silent, hours_doubts={"remark": 1}, lapsed={"lapsed": 2}),
        candidates=dataclasses.replace(study.candidates, n_repeated=4),
        schools=dataclasses.replace(study.schools, without_location={"no location": 1}, n_not_open=3),
    )
    plan = plan_havens(partly, HavenRequest(crime="robbery", siting=SitingOptions(n_new=1, until_hours=())))
    notes = summarise_havens(plan).notes
    n_silent = len(silent) - 3
    assert (
        f"It is not known when {n_silent + 1} of the {len(silent)} safe havens are open (a remark alone: 1, "
        f"not stated: {n_silent}). Ask them: what is not known is not counted as open."
    ) in notes
    assert notes[-4:] == (
        "Safe havens left out because they take part no more, or not yet: 2 (lapsed: 2).",
        "Rows of candidates left out because the same place is in another row: 4.",
        "Schools left out because they have no usable location: 1 (no location: 1).",
        "Schools left out because their file says that they are closed, or not open yet: 3.",
    )


def test_texts_of_files_are_never_markup(plan: HavenPlan, tmp_path: Path) -> None:
    assert plan.cover is not None
    assert plan.siting is not None
    name = "<script>alert(1)</script>{{ 7 * 7 }}"
    cover = dataclasses.replace(plan.cover, havens=plan.cover.havens.assign(name=name))
    sites = tuple(dataclasses.replace(site, name=name) for site in plan.siting.sites)
    hostile = dataclasses.replace(plan, cover=cover, siting=dataclasses.replace(plan.siting, sites=sites))
    page = write_havens(hostile, tmp_path)[1]["havens"].read_text("utf-8")
    assert "<script" not in page
    assert "49" not in page or "{{ 7 * 7 }}" in page
    assert page.count("&lt;script&gt;") > len(sites)


def test_what_cannot_be_answered_is_refused(study: Study) -> None:
    without = dataclasses.replace(study, havens=None)
    with pytest.raises(NotFoundError, match="Coverage needs safe havens; none were given"):
        plan_havens(without, HavenRequest(crime="robbery"))
    with pytest.raises(ParameterError, match="reach must be above 0 m and at most 20,000 m, not 0"):
        HavenRequest(crime="robbery", reach_m=0)
    with pytest.raises(ParameterError, match="from 1 to 100, not 0"):
        SitingOptions(n_new=0)
    with pytest.raises(ParameterError, match="above 0 and at most 1, not 80"):
        SitingOptions(target_share=80)
    with pytest.raises(NotFoundError, match="Gaps need safe havens"):
        plan_havens(without, HavenRequest(crime="robbery", gaps=SiteOptions()))
    with pytest.raises(ParameterError, match="`demand` must be one of incidents, hotspots"):
        SitingOptions(demand="all")  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match='cannot be read: "whenever"'):
        plan_alone(study, SitingOptions(site_hours="whenever"))


@pytest.mark.slow
def test_the_command_says_and_lists_what_it_wrote(repository: Path, tmp_path: Path) -> None:
    data = repository / "data"
    read: list[str | Path] = ["--incidents", data / "incidents", "--boundaries", data / "boundaries"]
    read += ["--havens", data / "havens"]
    code, out, err = call("havens", "coverage", "--crime", "robbery", *read, "--out", tmp_path)
    assert (code, out.strip().endswith("havens.html")) == (0, True)
    assert "Of 100 robberies whose hour is known" in err
    code, out, err = call("havens", "gaps", "--crime", "robbery", "--grid", "400", *read, "--out", tmp_path)
    assert (code, "What helps most: " in err) == (0, True)
    folder = Path(out.strip()).parent
    assert {path.name for path in folder.iterdir()} == {"havens.html", "havens.json", "gaps.csv", "manifest.json"}
    table = pd.read_csv(folder / "gaps.csv", encoding="utf-8-sig")
    assert {"new_site", "new_site_gains", "longer_hours", "longer_hours_gains", "nearest_hours"} <= set(table)
    assert len(table) == json.loads((folder / "havens.json").read_text("utf-8"))["cover"]["n_gaps"]
    code, _, err = call("havens", "gaps", "--crime", "robbery", "--longer-until", "25", *read, "--out", tmp_path)
    assert (code, "Give --longer-until 20 for 20:00" in err) == (2, True)
    assert "Safe havens and new sites" in (tmp_path / "index.html").read_text("utf-8")
    code, _, err = call("havens", "siting", "--crime", "robbery", "--new", "0", *read, "--out", tmp_path)
    assert code == 2
    assert "Give --new 5" in err


@pytest.mark.slow
def test_the_pages_can_be_used_by_everybody(
    plan: HavenPlan, gaps_plan: HavenPlan, tmp_path: Path, browser: Any
) -> None:
    for name, one in (("siting.html", plan), ("gaps.html", gaps_plan)):
        (tmp_path / name).write_text(draw_havens(one, summarise_havens(one)), "utf-8")
        assert list_faults(browser, tmp_path / name) == []


def test_opening_hours_to_be_assumed_are_checked_at_once() -> None:
    with pytest.raises(ParameterError, match='cannot be read: "whenever". Give `site_hours` as'):
        SiteOptions(site_hours="whenever")
    assert SitingOptions(site_hours="10:00-dusk").known_site_hours == "Mo-Su 10:00-dusk"


@pytest.mark.slow
def test_what_lies_off_the_largest_piece_of_the_streets_is_said(study: Study) -> None:
    """One long street through the study area, and another that nothing joins to it, with a haven on it."""
    assert study.havens is not None
    havens = study.havens.havens.iloc[:2].set_geometry(
        gpd.points_from_xy([534_500, 534_500], [177_600, 176_000], crs=study.havens.havens.crs)
    )
    lines = [shapely.LineString([(528_000, y), (end, y)]) for y, end in ((177_600, 543_000), (176_000, 537_000))]
    ways = gpd.GeoDataFrame(
        {"name": None, "kind": None}, geometry=lines, crs=27700, index=pd.RangeIndex(2, name="way_id")
    )
    streets = Streets(ways=ways, inputs=(), left_out={}, n_broken=0, n_unnamed=2)
    apart = dataclasses.replace(study, havens=dataclasses.replace(study.havens, havens=havens), streets=streets)
    summary = summarise_havens(plan_havens(apart, HavenRequest(crime="robbery")))
    assert summary.off_main is not None
    assert (summary.off_main.n_pieces, summary.off_main.n_havens, summary.off_main.n_all_havens) == (2, 1, 2)
    assert summary.off_main.incident_share is not None
    assert 0 < summary.off_main.incident_share < 1
    assert any(
        "in 2 pieces that no street joins" in note and "1 of the 2 safe havens and" in note for note in summary.notes
    )
    one = dataclasses.replace(apart, streets=dataclasses.replace(streets, ways=ways.iloc[:1]))
    assert summarise_havens(plan_havens(one, HavenRequest(crime="robbery"))).off_main is None


@pytest.mark.slow
def test_candidates_far_from_the_study_area_are_counted(study: Study, candidates: Havens) -> None:
    points = [*candidates.havens.geometry.iloc[:2], shapely.Point(534_545, 237_600)]
    far = candidates.havens.set_geometry(gpd.GeoSeries(points, candidates.havens.index, crs=27700))
    away = dataclasses.replace(study, candidates=dataclasses.replace(candidates, havens=far))
    for request in (
        HavenRequest(crime="robbery", siting=SitingOptions(n_new=1)),
        HavenRequest(crime="robbery", gaps=SiteOptions()),
    ):
        notes = summarise_havens(plan_havens(away, request)).notes
        assert "1 of the 3 candidates is further from the study area than 400 m, and can cover nothing here." in notes


def test_work_without_a_time_limit_gives_the_same_plan(study: Study) -> None:
    limited, timed = (plan_alone(study, SitingOptions(n_new=3, time_limit_s=limit)) for limit in (None, 20.0))
    assert limited.plan is not None
    assert timed.plan is not None
    assert limited.plan.chosen.tolist() == timed.plan.chosen.tolist()
    assert limited.plan.gap_share == timed.plan.gap_share == 0


def test_the_last_site_does_not_tell_how_few_all_leave(plan: HavenPlan) -> None:
    siting = plan.siting
    assert siting is not None
    covered = siting.n_covered + sum(site.n_gained for site in siting.sites)
    for n_left, told in ((4.0, False), (0.0, True), (10.0, True)):
        told_of = dataclasses.replace(plan, siting=dataclasses.replace(siting, n_total=covered + n_left))
        summary = summarise_havens(told_of)
        assert summary.siting is not None
        *others, last = summary.siting.sites
        assert (last.n_gained is not None, last.covered_share is not None) == (told, told)
        assert all(site.n_gained is not None for site in others)
        assert ("all but fewer than ten" in " ".join(summary.words)) == (not told)

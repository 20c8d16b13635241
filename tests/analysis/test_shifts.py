from __future__ import annotations

import dataclasses
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from support import MakeIncidents

from hotspots.analysis.hotspots.clusters import find_clusters
from hotspots.analysis.hotspots.day_parts import DAY_PARTS, name_window, weigh_shifts
from hotspots.analysis.hotspots.hotspot_areas import HotspotOptions, draw_hotspots
from hotspots.analysis.hotspots.place_differences import compare_places
from hotspots.analysis.hotspots.shifts import ShiftPlaces, analyse_shifts
from hotspots.analysis.hours.aoristic import weigh_hours
from hotspots.analysis.hours.week import HOURS_IN_WEEK, WeekWindow
from hotspots.analysis.surfaces.density import estimate_density
from hotspots.errors import ParameterError
from hotspots.geography.floor import FLOOR, NO_FLOOR
from hotspots.geography.grid import Grid

AREA = shapely.box(530_000, 180_000, 534_000, 184_000)
WEEK = name_window(WeekWindow(days=tuple(range(7)), start_hour=0, n_hours=24))
BY_KEY = {shift.key: shift for shift in DAY_PARTS}
MONDAY = pd.Timestamp("2026-01-05")


def at(hours: Any) -> pd.DatetimeIndex:
    """Hours of the week after Monday 00:00, at half past."""
    return pd.DatetimeIndex(MONDAY + pd.to_timedelta(np.asarray(hours) * 60 + 30, unit="min"))


def look(incidents: gpd.GeoDataFrame, *, shifts: Any = DAY_PARTS, **options: Any) -> tuple[ShiftPlaces, ...]:
    surroundings = options.pop("surroundings", incidents[(incidents["location_precision"] != "area").to_numpy()])
    plain: dict[str, Any] = {
        "week_outlines": (),
        "study_area": AREA,
        "options": HotspotOptions(eps_m=100.0),
        "grid": Grid.covering(AREA.bounds, padding_m=300),
        "bandwidth_m": 300.0,
    }
    return analyse_shifts(
        incidents,
        surroundings,
        shifts=shifts,
        hours=weigh_hours(incidents),
        surrounding_hours=weigh_hours(surroundings),
        **(plain | options),
    )


def scatter(make: MakeIncidents, *, n: int = 400, seed: int = 1, **columns: Any) -> gpd.GeoDataFrame:
    """Shared points anywhere at any hour, and thirty incidents each at a school (by day) and at a club (by night)."""
    rng = np.random.default_rng(seed)
    easting = np.concatenate(
        [rng.uniform(530_000, 534_000, n), 531_000 + rng.normal(0, 20, 30), 533_000 + np.zeros(30)]
    )
    northing = np.concatenate(
        [rng.uniform(180_000, 184_000, n), 181_000 + rng.normal(0, 20, 30), 183_000 + np.zeros(30)]
    )
    hours = np.concatenate(
        [
            rng.integers(0, 168, n),
            rng.choice(BY_KEY["after-school"].window.hours, 30),
            rng.choice(BY_KEY["weekend-night"].window.hours, 30),
        ]
    )
    ward = np.where(easting < 532_000, "West", "East")
    return make(
        easting,
        northing,
        **({"started_at": at(hours), "ward_code": ward, "location_precision": "anonymised"} | columns),
    )


def test_the_parts_cover_every_hour_of_the_week_once() -> None:
    hours = np.concatenate([shift.window.hours for shift in DAY_PARTS])
    assert sorted(hours.tolist()) == list(range(HOURS_IN_WEEK))
    assert len({shift.key for shift in DAY_PARTS}) == len({shift.label for shift in DAY_PARTS}) == len(DAY_PARTS)
    assert BY_KEY["after-school"].words == "Mondays to Fridays 15:00-17:59"
    assert BY_KEY["night"].words == "Sundays to Thursdays 22:00-06:59"


def test_an_interval_counts_in_each_shift_by_its_minutes(make_incidents: MakeIncidents) -> None:
    incidents = make_incidents(
        [0] * 4,
        [0] * 4,
        started_at=["2026-01-05 14:30", "2026-01-09 23:00", "2026-01-05 00:00", "2026-01-05 00:00"],
        ended_at=["2026-01-05 15:30", "2026-01-10 07:30", None, None],
        time_precision=["minute", "minute", "day", "month"],
    )
    weights = weigh_shifts(weigh_hours(incidents), DAY_PARTS)
    told = [{key: w for key, w in zip(BY_KEY, row, strict=True) if w} for row in weights.tolist()]
    assert told[0] == {"school-day": 0.5, "after-school": 0.5}
    # Friday night lasts until Saturday 07:00; the half hour after that is of the weekend day
    assert told[1] == {"weekend-day": pytest.approx(0.5 / 8.5), "weekend-night": pytest.approx(8 / 8.5)}
    assert told[2:] == [{}, {}]


def test_a_published_example_of_a_shift(make_incidents: MakeIncidents) -> None:
    """Shift from 12:00 to 16:00; events 8-16, 8-13, 14:33 and 14-17: see the aoristic values in SOURCES.md."""
    incidents = make_incidents(
        [0] * 4,
        [0] * 4,
        started_at=[f"2026-01-05 {time}" for time in ("08:00", "08:00", "14:33", "14:00")],
        ended_at=["2026-01-05 16:00", "2026-01-05 13:00", None, "2026-01-05 17:00"],
    )
    afternoon = name_window(WeekWindow(days=tuple(range(7)), start_hour=12, n_hours=4))
    assert weigh_shifts(weigh_hours(incidents), [afternoon]).ravel().round(3).tolist() == [0.5, 0.2, 1, 0.667]


@given(st.lists(st.tuples(st.integers(0, 10_079), st.integers(0, 20_000)), min_size=1, max_size=30))
def test_the_parts_share_out_every_incident(intervals: list[tuple[int, int]]) -> None:
    starts = MONDAY + pd.to_timedelta([start for start, _ in intervals], unit="min")
    ends = starts + pd.to_timedelta([length for _, length in intervals], unit="min")
    incidents = pd.DataFrame({"started_at": starts, "ended_at": ends, "time_precision": "minute"})
    weights = weigh_shifts(weigh_hours(incidents), DAY_PARTS)
    assert np.allclose(weights.sum(axis=1), 1)
    assert (weights >= 0).all()
    assert np.allclose(weigh_shifts(weigh_hours(incidents), [WEEK]), 1)


def test_the_statistic_is_that_of_a_contingency_table() -> None:
    """Of incidents wholly inside or outside it is (n - 1) / n times Pearson's chi-square."""
    table = np.array([[30, 12, 8], [50, 40, 60]])
    groups = np.concatenate([np.repeat([0, 1, 2], row) for row in table])
    weights = np.repeat([1.0, 0.0], table.sum(axis=1))[:, None]
    (found,) = compare_places(weights, groups, n_permutations=1)
    n = table.sum()
    assert found.statistic == pytest.approx(stats.chi2_contingency(table, correction=False)[0] * (n - 1) / n)
    assert found.observed.tolist() == [30, 12, 8]
    assert found.expected == pytest.approx(50 / 200 * np.array([80, 52, 68]))


def test_the_p_value_is_that_of_the_lady_tasting_tea() -> None:
    """Fisher: of four cups of eight, three are told right; as far from even, either way, in 34 of 70 dealings."""
    weights = np.array([1.0, 1, 1, 1, 0, 0, 0, 0])[:, None]
    groups = np.array([0, 0, 0, 1, 1, 1, 1, 0])
    (found,) = compare_places(weights, groups, n_permutations=9_999)
    assert found.p_value == pytest.approx(34 / 70, abs=0.015)
    assert found.p_groups == pytest.approx([34 / 70] * 2, abs=0.015)


def test_times_dealt_out_at_random_make_no_difference_more_often_than_stated() -> None:
    """Over eight parts at once, with shares of intervals among them and groups of 2 to 80 incidents."""
    n_runs, n_called = 100, 0
    for seed in range(n_runs):
        rng = np.random.default_rng(seed)
        groups = rng.choice(20, 400, p=(share := rng.pareto(1.2, 20) + 0.05) / share.sum())
        part = rng.choice(8, 400, p=np.array([2, 10, 40, 10, 18, 8, 8, 4]) / 100)
        weights = np.eye(8)[part]
        weights[:60] = (weights[:60] + np.eye(8)[rng.choice(8, 60)]) / 2
        found = compare_places(weights, groups, n_permutations=199, seed=seed)
        n_called += any(one.is_different for one in found)
        assert all(one.is_different or not (one.is_busier | one.is_quieter).any() for one in found)
    assert n_called <= stats.binom.ppf(0.999, n_runs, 0.05)


def test_a_place_with_hours_of_its_own_is_named() -> None:
    rng = np.random.default_rng(3)
    groups = np.repeat([0, 1, 2, 3], [60, 60, 200, 200])
    in_shift = rng.random(520) < np.array([0.7, 0.05, 0.25, 0.25])[groups]
    first, other = compare_places(np.column_stack([in_shift, rng.random(520) < 0.3]).astype(float), groups)
    assert first.is_different
    assert first.is_busier.tolist() == [True, False, False, False]
    assert first.is_quieter.tolist() == [False, True, False, False]
    assert not other.is_different
    assert first.p_adjusted == min(2 * first.p_value, 1)


@pytest.mark.parametrize("n", [0, 1, 30])
def test_where_there_is_nothing_to_compare_nothing_differs(n: int) -> None:
    (alike,) = compare_places(np.full((n, 1), 0.25), np.arange(n) % 3)
    assert (alike.p_value, alike.is_different) == (1, False)
    (alone,) = compare_places(np.linspace(0, 1, n)[:, None], np.zeros(n, dtype=np.int64))
    assert (alone.p_value, alone.is_different, alone.statistic) == (1, False, 0)
    assert compare_places(np.zeros((n, 0)), np.arange(n)) == ()


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(ParameterError, match=r"one group, numbered from 0; there are 3 incidents .* shape \(2,\)"):
        compare_places(np.zeros((3, 1)), np.zeros(2, dtype=np.int64))
    with pytest.raises(
        ParameterError, match="the lowest -1. Put incidents outside the hot spots into a group of their own"
    ):
        compare_places(np.zeros((2, 1)), np.array([0, -1]))
    with pytest.raises(ParameterError, match="permuted at least once, not 0 times. 999 is usual"):
        compare_places(np.zeros((2, 1)), np.array([0, 1]), n_permutations=0)


def test_each_part_has_its_own_places(make_incidents: MakeIncidents) -> None:
    incidents = scatter(make_incidents)
    found = {part.shift.key: part for part in look(incidents)}
    school, club = found["after-school"], found["weekend-night"]
    assert school.hotspots[0].outline.contains(shapely.Point(531_000, 181_000))
    assert club.hotspots[0].outline.contains(shapely.Point(533_000, 183_000))
    assert all(not spot.outline.contains(shapely.Point(533_000, 183_000)) for spot in school.hotspots)
    assert club.hotspots[0].n_places == 1 + sum(
        club.hotspots[0].outline.contains(point) for point in incidents.geometry.iloc[club.hotspots[0].members[:-30]]
    )
    assert school.hotspots[0].hours_share > 0.8 > 0.2 > school.hotspots[0].elsewhere_share
    assert school.pace > 1.5
    assert school.hotspots[0].ratio == school.hotspots[0].hours_share / school.hotspots[0].elsewhere_share
    assert sum(part.n_incidents for part in found.values()) == pytest.approx(460)
    assert sum(part.share for part in found.values()) == pytest.approx(1)


def test_hot_spots_of_a_part_are_counted_anew(make_incidents: MakeIncidents) -> None:
    incidents = scatter(make_incidents)
    weights = weigh_shifts(weigh_hours(incidents), DAY_PARTS)
    for part, weight in zip(look(incidents), weights.T, strict=True):
        assert [spot.rank for spot in part.hotspots] == list(range(1, len(part.hotspots) + 1))
        counts = [spot.n_incidents for spot in part.hotspots]
        assert counts == sorted(counts, reverse=True)
        for spot in part.hotspots:
            inside = incidents.geometry.within(spot.outline).to_numpy()
            assert spot.n_incidents == pytest.approx(weight[inside].sum())
            assert spot.share == pytest.approx(weight[inside].sum() / weight.sum())
            assert spot.share_of_week == pytest.approx(inside.mean())
            assert spot.hours_share == pytest.approx(weight[inside].mean())
            assert spot.elsewhere_share == pytest.approx(weight[~inside].mean())
            assert spot.n_incidents >= part.areas.clusters.min_samples - 1e-6 if part.areas else True


def test_the_whole_week_as_a_part_is_the_whole_week(make_incidents: MakeIncidents) -> None:
    """With times known of all, hot spots and density are those without weights, intervals or not."""
    incidents = scatter(make_incidents)
    incidents["ended_at"] = incidents["started_at"] + pd.to_timedelta(np.arange(len(incidents)) % 300, unit="min")
    (found,) = look(incidents, shifts=[WEEK])
    plain = draw_hotspots(incidents, study_area=AREA, options=HotspotOptions(eps_m=100.0))
    assert found.areas is not None
    assert found.density is not None
    assert found.areas.outlines == plain.outlines
    assert found.areas.clusters.min_samples == plain.clusters.min_samples
    density = estimate_density(incidents, grid=found.density.grid, bandwidth_m=300)
    assert np.allclose(found.density.density_per_km2, density.density_per_km2)
    assert found.share == pytest.approx(1)
    assert found.pace == pytest.approx(1)


def test_the_densities_of_the_parts_add_up_to_that_of_the_week(make_incidents: MakeIncidents) -> None:
    incidents = scatter(make_incidents, n=900)
    incidents["ended_at"] = incidents["started_at"] + pd.Timedelta(hours=7)
    parts = look(incidents)
    assert all(part.density is not None for part in parts)
    total = sum(part.density.density_per_km2 for part in parts if part.density is not None)
    density = estimate_density(incidents, grid=Grid.covering(AREA.bounds, padding_m=300), bandwidth_m=300)
    assert np.allclose(total, density.density_per_km2)


def test_bandwidths_of_their_own_stay_with_their_incidents(make_incidents: MakeIncidents) -> None:
    incidents = scatter(make_incidents, n=40)
    each = np.linspace(100, 250, len(incidents))
    (found,) = look(incidents, shifts=[WEEK], bandwidth_m=each)
    assert found.density is not None
    density = estimate_density(incidents, grid=found.density.grid, bandwidth_m=each)
    assert np.allclose(found.density.density_per_km2, density.density_per_km2)


def test_hot_spots_know_those_of_the_whole_week(make_incidents: MakeIncidents) -> None:
    incidents = scatter(make_incidents)
    club, school = (shapely.Point(x, y).buffer(150) for x, y in ((533_000, 183_000), (531_000, 181_000)))
    elsewhere = shapely.Point(532_000, 180_500).buffer(50)
    found = {part.shift.key: part for part in look(incidents, week_outlines=[elsewhere, club, school])}
    assert found["after-school"].hotspots[0].week_rank == 3
    assert found["weekend-night"].hotspots[0].week_rank == 2
    difference = found["after-school"].difference
    assert difference is not None
    assert difference.is_different
    assert difference.is_busier[:3].tolist() == [False, False, True]
    assert look(incidents)[2].hotspots[0].week_rank is None


def test_a_part_with_few_incidents_is_not_drawn(make_incidents: MakeIncidents) -> None:
    hours = np.concatenate([np.full(9, 15), np.full(10, 9)])
    x = 531_000 + np.arange(19) % 6
    incidents = make_incidents(x, [181_000] * 19, started_at=at(hours), ward_code="West")
    found = {part.shift.key: part for part in look(incidents)}
    withheld, drawn = found["after-school"], found["school-day"]
    assert withheld.reason == (
        "Fewer than 10 incidents fall in these hours, so nothing is drawn: a map would show single incidents."
    )
    assert (withheld.density, withheld.areas, withheld.hotspots, withheld.difference) == (None, None, (), None)
    assert withheld.n_incidents == 9
    assert drawn.reason is None
    assert [spot.n_incidents for spot in drawn.hotspots] == [10]
    assert drawn.difference is None  # one ward and no hot spot of the week: one group
    assert found["night"].n_incidents == 0


@pytest.mark.parametrize("n", [0, 1])
def test_nothing_and_next_to_nothing(make_incidents: MakeIncidents, n: int) -> None:
    incidents = make_incidents(
        [531_000] * n, [181_000] * n, ward_code=pd.Series(["West"] * n, dtype="object").to_numpy()
    )
    found = look(incidents)
    assert [part.n_incidents for part in found] == [float(n and part.shift.key == "after-school") for part in found]
    assert all(part.reason for part in found)


def test_incidents_without_a_clock_time_or_a_place(make_incidents: MakeIncidents) -> None:
    """The one counts in no part, the other in a part but in none of its places."""
    hours = np.full(60, 15)
    incidents = make_incidents(
        [531_000] * 60,
        [181_000] * 60,
        started_at=at(hours),
        ward_code="West",
        time_precision=["minute"] * 40 + ["day"] * 20,
        location_precision=["anonymised"] * 30 + ["area"] * 10 + ["anonymised"] * 20,
    )
    part = look(incidents)[2]
    assert part.n_incidents == 40
    assert part.share == 1
    assert [spot.n_incidents for spot in part.hotspots] == [30]
    assert part.hotspots[0].share == 0.75
    assert part.hotspots[0].share_of_week == 0.75


def test_incidents_beyond_help_to_find_a_place_and_count_nowhere(make_incidents: MakeIncidents) -> None:
    x = np.r_[533_985 + np.arange(12) % 6, 534_010 + np.arange(12) % 6]
    everything = make_incidents(x, [182_000] * 24, started_at=at(np.full(24, 15)), ward_code="East")
    part = look(everything.iloc[:12], surroundings=everything)[2]
    assert part.n_incidents == 12
    assert [spot.n_incidents for spot in part.hotspots] == [12]
    assert part.density is not None
    assert part.density.weight_sum == pytest.approx(24)


def test_at_most_ten_hot_spots_in_an_order_that_rows_do_not_change(make_incidents: MakeIncidents) -> None:
    x = np.repeat(530_500 + 250 * np.arange(13), 10)
    y = 182_000 + np.tile([0, 2], len(x) // 2) + np.tile([-2, -1, 0, 1, 2], len(x) // 5)
    incidents = make_incidents(x, y, started_at=at(np.full(len(x), 16)), ward_code="West")
    part = look(incidents)[2]
    mixed = look(incidents.sample(frac=1, random_state=1))[2]
    assert part.n_found == 13
    assert len(part.hotspots) == 10
    assert [spot.outline.centroid.x for spot in part.hotspots] == pytest.approx(530_500 + 250 * np.arange(10), abs=1)
    assert [spot.outline for spot in part.hotspots] == [spot.outline for spot in mixed.hotspots]


def test_a_given_number_of_incidents_is_scaled_to_the_part(make_incidents: MakeIncidents) -> None:
    incidents = scatter(make_incidents, n=900)
    for floor, lowest in ((FLOOR, 10), (NO_FLOOR, 5)):
        for part in look(incidents, options=HotspotOptions(eps_m=100.0, min_samples=60, floor=floor)):
            assert part.areas is not None
            assert part.areas.clusters.min_samples == max(lowest, round(60 * part.share))


def test_texts_of_places_come_with_their_weights(make_incidents: MakeIncidents) -> None:
    incidents = make_incidents(
        [531_000] * 70,
        [181_000] * 70,
        started_at=MONDAY + pd.Timedelta("17:30:00"),
        ended_at=MONDAY + pd.Timedelta("18:30:00"),
        location=["High Street"] * 20 + ["Station Road"] * 28 + [None] * 21 + ["Mill Lane"],
        location_precision="anonymised",
        ward_code=["West"] * 20 + ["East"] * 50,
    )
    (spot,) = look(incidents)[2].hotspots
    assert spot.n_incidents == 35
    assert spot.locations == (("Station Road", 14.0), ("High Street", 10.0))  # that of half an incident is not listed
    assert spot.wards == ("East", "West")
    (told,) = look(incidents, options=HotspotOptions(eps_m=100.0, floor=NO_FLOOR))[2].hotspots
    assert told.locations == (*spot.locations, ("Mill Lane", 0.5))
    (fewer,) = look(incidents.iloc[20:])[2].hotspots
    assert (fewer.n_incidents, fewer.locations) == (25, (("Station Road", 14.0),))
    (fewer,) = look(incidents.drop(incidents.index[60:]))[2].hotspots
    assert (fewer.n_incidents, fewer.locations) == (30, (("Station Road", 14.0),))  # both would leave 6


def test_inputs_stay_as_they_were_and_results_repeat(make_incidents: MakeIncidents) -> None:
    incidents = scatter(make_incidents)
    before = incidents.copy(deep=True)
    outlines = [shapely.Point(531_000, 181_000).buffer(100)]
    first, second = look(incidents, week_outlines=outlines), look(incidents, week_outlines=outlines)
    pd.testing.assert_frame_equal(incidents, before)
    for one, other in zip(first, second, strict=True):
        assert one.difference is not None
        assert other.difference is not None
        assert one.difference.p_value == other.difference.p_value


def test_what_a_part_needs_is_asked_for(make_incidents: MakeIncidents) -> None:
    incidents = scatter(make_incidents, n=20)
    with pytest.raises(ParameterError, match="use the neighbourhood of the whole week; none was given. Give its"):
        look(incidents, options=HotspotOptions())
    with pytest.raises(ParameterError, match="80 and 3 rows were given for 80 and 80 incidents. Call weigh_hours on"):
        analyse_shifts(
            incidents,
            incidents,
            shifts=DAY_PARTS,
            hours=weigh_hours(incidents),
            surrounding_hours=weigh_hours(incidents.iloc[:3]),
            week_outlines=(),
            study_area=AREA,
            options=HotspotOptions(eps_m=100.0),
            grid=Grid.covering(AREA.bounds),
            bandwidth_m=300,
        )


def test_an_incident_of_weight_two_clusters_as_two(make_incidents: MakeIncidents) -> None:
    rng = np.random.default_rng(2)
    x, y = rng.uniform(531_000, 532_000, (2, 200))
    incidents = make_incidents(x, 181_000 + y - 531_000)
    weights = rng.integers(1, 4, 200)
    options = HotspotOptions(eps_m=80.0, min_samples=8)
    weighted = draw_hotspots(incidents, study_area=AREA, options=options, incident_weights=weights)
    repeated = incidents.iloc[np.repeat(np.arange(200), weights)]
    repeated.index = pd.Index(range(len(repeated)))
    plain = draw_hotspots(repeated, study_area=AREA, options=options)
    assert weighted.outlines
    assert weighted.outlines == plain.outlines
    assert weighted.n_split == plain.n_split


def test_fractions_that_add_up_are_enough(make_incidents: MakeIncidents) -> None:
    """Ten times 0.1 is less than 1 in floating point."""
    incidents = make_incidents(531_000 + np.arange(20.0), np.full(20, 181_000))
    found = find_clusters(incidents, eps_m=50, min_samples=2, incident_weights=np.full(20, 0.1))
    assert found.n_clusters == 1
    fewer = find_clusters(incidents, eps_m=50, min_samples=2, incident_weights=np.r_[np.full(19, 0.1), 0.09])
    assert fewer.n_clusters == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"incident_weights": [1, 1]}, "need both `eps_m` and `min_samples`; they are None and None. Give both"),
        (
            {"eps_m": 50, "min_samples": 2, "incident_weights": [1]},
            r"Each incident needs one weight; an array of shape \(1,\) was",
        ),
        (
            {"eps_m": 50, "min_samples": 2, "incident_weights": [1, -1]},
            "of 0 or more; incident 2 has -1.0. Leave out the",
        ),
        ({"eps_m": 50, "min_samples": 2, "incident_weights": [np.nan, 1]}, "of 0 or more; incident 1 has nan"),
    ],
)
def test_weights_that_cannot_be_are_refused(
    make_incidents: MakeIncidents, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ParameterError, match=message):
        find_clusters(make_incidents([0, 1], [0, 1]), **options)


def test_a_shift_is_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        WEEK.label = "another"  # type: ignore[misc]

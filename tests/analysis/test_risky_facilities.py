from __future__ import annotations

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

from hotspots.analysis.facilities.risky_facilities import (
    FACILITY_RULES,
    MAX_FALSE_SHARE,
    RiskyFacilities,
    measure_facilities,
)
from hotspots.analysis.hours.week import WeekWindow
from hotspots.errors import DataError, ParameterError
from hotspots.geography import NO_FLOOR
from hotspots.ingest.reference import PREMISES_KINDS

CRS = "EPSG:27700"
AREA = shapely.box(0, 0, 10_000, 10_000)
NIGHTS = WeekWindow(days=(4, 5), start_hour=20, n_hours=7)


def place(*shapes: Any) -> gpd.GeoDataFrame:
    geometry = [shape if isinstance(shape, shapely.Geometry) else shapely.Point(shape) for shape in shapes]
    index = pd.Index([f"P{number}" for number in range(len(shapes))], name="premises_id")
    return gpd.GeoDataFrame({"kind": "licensed"}, index=index, geometry=geometry, crs=CRS)


def row_of(n: int) -> gpd.GeoDataFrame:
    """Places 300 m apart."""
    return place(*((200 + 300 * (i % 30), 200 + 300 * (i // 30)) for i in range(n)))


def scatter(make_incidents: MakeIncidents, facilities: gpd.GeoDataFrame, counts: Any) -> gpd.GeoDataFrame:
    """So many incidents at each place, a metre apart."""
    at = np.repeat(np.arange(len(facilities)), counts)
    step = np.concatenate([np.arange(n) % 7 for n in counts])
    x, y = facilities.geometry.x.to_numpy()[at], facilities.geometry.y.to_numpy()[at]
    return make_incidents(x + step, y)


def count(found: RiskyFacilities) -> list[float]:
    return found.table["n_incidents"].sort_index().tolist()


def test_an_incident_belongs_to_the_nearest_place_within_reach(make_incidents: MakeIncidents) -> None:
    """By hand: 60 m from the first; 100 m exactly; 101 m from any; half way between two; in the park."""
    park = shapely.box(1000, 0, 1300, 300)
    facilities = place((0, 0), (200, 0), park, (0, 5000), (0, 6000))
    incidents = make_incidents([60, 0, 0, 100, 1150], [0, 100, 101, 0, 150])
    found = measure_facilities(incidents, facilities, study_area=AREA)
    assert found.reason == "few incidents"
    assert count(found) == [2.5, 0.5, 1.0, 0.0, 0.0]
    assert found.n_incidents == 4.0
    assert found.n_in_window == 5.0


def test_hours_count_by_the_share_of_time_in_them(make_incidents: MakeIncidents) -> None:
    """Friday 23:30; Saturday 02:30 (of the Friday night); Saturday 03:00, over; 19:00 to 21:00; Sunday; no time."""
    facilities = row_of(5)
    starts = ["2026-01-09 23:30", "2026-01-10 02:30", "2026-01-10 03:00", "2026-01-10 19:00", "2026-01-11 23:00"]
    starts += ["2026-01-09 00:00"]
    ends = [None, None, None, "2026-01-10 21:00", None, None]
    precision = ["minute"] * 5 + ["day"]
    incidents = make_incidents([200] * 6, [200] * 6, started_at=starts, ended_at=ends, time_precision=precision)
    found = measure_facilities(incidents, facilities, study_area=AREA, window=NIGHTS)
    assert count(found) == [2.5, 0, 0, 0, 0]
    assert (found.n_in_window, found.n_untimed) == (2.5, 1)
    whole = measure_facilities(incidents, facilities, study_area=AREA)
    assert count(whole) == [6, 0, 0, 0, 0]
    assert whole.n_untimed == 0


def test_days_that_do_not_count_are_left_out(make_incidents: MakeIncidents) -> None:
    incidents = make_incidents([200, 200, 500], [200, 200, 200])
    found = measure_facilities(incidents, row_of(5), study_area=AREA, is_counted=[True, False, True])
    assert count(found) == [1, 1, 0, 0, 0]


def test_the_busiest_and_how_few_hold_half(make_incidents: MakeIncidents) -> None:
    """Of 60 incidents at ten places: the two busiest hold 35, half; the busiest one (10%) 20, a third."""
    facilities = row_of(10)
    counts = [20, 15, 5, 5, 5, 5, 2, 1, 1, 1]
    found = measure_facilities(
        scatter(make_incidents, facilities, counts), facilities, study_area=AREA, n_replicates=99
    )
    assert found.reason is None
    assert found.usual == 6
    assert found.n_for_half == 2
    assert [(one.n_facilities, round(one.incident_share, 4)) for one in found.busiest] == [
        (1, round(1 / 3, 4)),
        (1, round(1 / 3, 4)),
        (2, round(35 / 60, 4)),
    ]
    assert found.table.index.tolist()[:2] == ["P0", "P1"]
    # exact binomial: 20 or more of 60, each of chance a tenth
    assert found.table.loc["P0", "p_value"] == pytest.approx(stats.binom.sf(19, 60, 0.1), rel=1e-9)
    assert found.risky.index.tolist() == ["P0", "P1"]
    assert found.p_concentrated == 0.01  # none of 99


def test_half_by_chance_is_that_of_incidents_thrown_at_random(make_incidents: MakeIncidents) -> None:
    """Twenty on five places of equal risk: the mean of the most that any of them holds is known exactly."""
    facilities = row_of(5)
    found = measure_facilities(
        scatter(make_incidents, facilities, [4] * 5), facilities, study_area=AREA, n_replicates=4000
    )
    # P(max <= m) from the exponential generating function: 20! [x^20] (sum_{k<=m} x^k / k!)^5 / 5^20
    chances = []
    for m in range(21):
        series = np.poly1d([1.0 / float(np.prod(range(1, k + 1))) if k else 1.0 for k in range(m, -1, -1)])
        power = series**5
        coefficient = power.coeffs[::-1][20] if power.order >= 20 else 0.0
        chances.append(coefficient * float(np.prod(np.arange(1, 21, dtype=np.float64))) / 5.0**20)
    mean_share = sum(1 - chance for chance in chances) / 20
    assert found.busiest[2].n_facilities == 1
    assert found.busiest[2].by_chance == pytest.approx(mean_share, abs=0.004)
    assert found.p_concentrated == 1.0  # nothing is more even


@pytest.mark.parametrize(
    ("counts", "n_shown"), [([40, 20, 15, 3, 0], 2), ([40, 20, 15, 0, 0], 3), ([40, 20, 15, 6, 5], 3), ([9] * 5, 0)]
)
def test_the_sum_of_all_tells_of_no_place_that_is_not_named(
    make_incidents: MakeIncidents, counts: list[int], n_shown: int
) -> None:
    facilities = row_of(5)
    incidents = scatter(make_incidents, facilities, counts)
    table = measure_facilities(incidents, facilities, study_area=AREA, n_replicates=1).table
    assert table["is_shown"].tolist() == [True] * n_shown + [False] * (5 - n_shown)


def test_without_clock_times_that_is_the_reason_whatever_days_count(make_incidents: MakeIncidents) -> None:
    facilities = row_of(5)
    incidents = scatter(make_incidents, facilities, [40, 20, 15, 3, 0]).assign(time_precision="day")
    is_counted = np.arange(len(incidents)) % 7 < 5
    found = measure_facilities(incidents, facilities, study_area=AREA, window=NIGHTS, is_counted=is_counted)
    assert found.reason == "no clock times"


def test_three_incidents_at_one_door_make_no_list(make_incidents: MakeIncidents) -> None:
    facilities = row_of(200)
    counts = [3] * 8 + [0] * 192
    found = measure_facilities(scatter(make_incidents, facilities, counts), facilities, study_area=AREA)
    assert found.reason is None
    assert found.risky.empty
    assert not found.table["is_shown"].any()
    assert found.table["shrunk"].iloc[0] < 3


@pytest.mark.slow
def test_equal_risk_gives_no_list(make_incidents: MakeIncidents) -> None:
    """Under equal risk any name on a list is false, so that lists may be at most one in twenty; fixed seeds."""
    rng = np.random.default_rng(11)
    facilities = row_of(40)
    n_lists = 0
    for _ in range(25):
        counts = rng.multinomial(600, np.full(40, 1 / 40))
        incidents = scatter(make_incidents, facilities, counts)
        found = measure_facilities(incidents, facilities, study_area=AREA, floor=NO_FLOOR, n_replicates=1)
        n_lists += not found.risky.empty
    # 25 trials of chance .05: more than 4 come once in a hundred and forty
    assert n_lists <= 4


def test_a_planted_risky_place_is_found(make_incidents: MakeIncidents) -> None:
    """One pub with four times the usual of forty, in ten data sets: found each time, and hardly another with it."""
    rng = np.random.default_rng(5)
    facilities = row_of(40)
    risk = np.array([4.0] + [1.0] * 39)
    others = 0
    for _ in range(10):
        counts = rng.poisson(8 * risk)
        found = measure_facilities(
            scatter(make_incidents, facilities, counts), facilities, study_area=AREA, n_replicates=99
        )
        assert "P0" in found.risky.index
        assert found.p_concentrated <= MAX_FALSE_SHARE
        others += len(found.risky) - 1
    assert others <= 2


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=25), st.integers(1, 40))
def test_the_nearest_place_by_trying_all(
    make_incidents: MakeIncidents, points: list[tuple[int, int]], reach_m: int
) -> None:
    """On whole metres, where many are equally near to several places and share them."""
    facilities = place((0, 0), (0, 40), (40, 0), (40, 40), (20, 20), (60, 60))
    area = shapely.box(-1, -1, 41, 41)  # the last place lies outside, and takes what is nearest to it
    incidents = make_incidents([x for x, _ in points], [y for _, y in points])
    expected = np.zeros(6)
    doors = [(0, 0), (0, 40), (40, 0), (40, 40), (20, 20), (60, 60)]
    for x, y in points:
        squares = np.array([(x - e) ** 2 + (y - n) ** 2 for e, n in doors])
        if squares.min() <= reach_m**2:
            nearest = squares == squares.min()
            expected[nearest] += 1 / nearest.sum()
    found = measure_facilities(incidents, facilities, study_area=area, reach_m=reach_m, n_replicates=1)
    assert count(found) == pytest.approx(expected[:5].tolist())
    assert found.n_incidents <= found.n_in_window == len(points)


@given(st.lists(st.tuples(st.floats(0, 900), st.floats(0, 900)), max_size=40), st.floats(1, 200), st.floats(1, 3))
def test_a_longer_reach_never_finds_less(
    make_incidents: MakeIncidents, points: list[tuple[float, float]], reach_m: float, times: float
) -> None:
    facilities = place((100, 100), (500, 100), (100, 500), (500, 500), (300, 800))
    incidents = make_incidents([x for x, _ in points], [y for _, y in points])
    near, wide = (
        measure_facilities(incidents, facilities, study_area=AREA, reach_m=reach, n_replicates=1).n_incidents
        for reach in (reach_m, reach_m * times)
    )
    assert near <= wide + 1e-9
    assert wide <= len(points) + 1e-9


def test_points_that_a_source_has_moved_are_tied_to_no_door(make_incidents: MakeIncidents) -> None:
    facilities = row_of(6)
    moved = make_incidents([200] * 40, [200] * 40, location_precision="anonymised")
    door = measure_facilities(moved, facilities, study_area=AREA)
    assert (door.reason, door.n_unplaced) == ("moved points", 40)
    station = measure_facilities(moved, facilities, study_area=AREA, needs_door=False)
    assert (station.reason, station.n_moved, station.n_incidents) == (None, 40, 40.0)
    mixed = make_incidents([200] * 40, [200] * 40, location_precision=["point"] * 30 + ["anonymised"] * 10)
    found = measure_facilities(mixed, facilities, study_area=AREA)
    assert (found.reason, found.n_unplaced, found.n_incidents) == (None, 10, 30.0)


def test_why_nothing_is_said(make_incidents: MakeIncidents) -> None:
    many = make_incidents([200] * 40, [200] * 40)
    assert measure_facilities(many, row_of(0), study_area=AREA).reason == "no facilities"
    assert measure_facilities(many, row_of(4), study_area=AREA).reason == "few facilities"
    assert measure_facilities(many.iloc[:19], row_of(5), study_area=AREA).reason == "few incidents"
    dated = make_incidents([200] * 40, [200] * 40, time_precision="month")
    assert measure_facilities(dated, row_of(5), study_area=AREA, window=NIGHTS).reason == "no clock times"
    assert measure_facilities(many.iloc[:0], row_of(5), study_area=AREA).reason == "few incidents"


def test_the_same_seed_gives_the_same_and_nothing_is_changed(make_incidents: MakeIncidents) -> None:
    facilities = row_of(10)
    incidents = scatter(make_incidents, facilities, [9, 8, 7, 6, 5, 4, 3, 2, 1, 0])
    before = incidents.copy(), facilities.copy()
    one, other = (measure_facilities(incidents, facilities, study_area=AREA, seed=3) for _ in range(2))
    assert one.busiest == other.busiest
    pd.testing.assert_frame_equal(one.table, other.table)
    pd.testing.assert_frame_equal(incidents, before[0])
    pd.testing.assert_frame_equal(facilities, before[1])


def test_what_cannot_be_measured_is_refused(make_incidents: MakeIncidents) -> None:
    incidents = make_incidents([200], [200])
    with pytest.raises(ParameterError, match="`reach_m` must be above 0 m, not 0"):
        measure_facilities(incidents, row_of(5), study_area=AREA, reach_m=0)
    with pytest.raises(ParameterError, match="`n_replicates` must be 1 or more"):
        measure_facilities(incidents, row_of(5), study_area=AREA, n_replicates=0)
    with pytest.raises(ParameterError, match="`is_counted` must have one value for each of the 1 incidents, not 2"):
        measure_facilities(incidents, row_of(5), study_area=AREA, is_counted=[True, False])
    with pytest.raises(DataError, match="facilities are in WGS 84"):
        measure_facilities(incidents, row_of(5).to_crs(4326), study_area=AREA)


def test_every_kind_of_premises_has_a_rule() -> None:
    assert set(FACILITY_RULES) == set(PREMISES_KINDS)
    nights = FACILITY_RULES["licensed"].window
    assert nights is not None
    assert nights.words == "Fridays and Saturdays 20:00-02:59"

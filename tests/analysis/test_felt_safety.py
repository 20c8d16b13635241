from __future__ import annotations

import itertools
import math
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import stats
from support import MakeIncidents

from hotspots.analysis.perception import Perception, compare_parts, compare_perception, count_marks, spread_marks
from hotspots.analysis.perception.grouped_marks import choose_given
from hotspots.errors import DataError, ParameterError, TooLittleDataError
from hotspots.geography import FLOOR, NO_FLOOR, make_cells

CRS = "EPSG:27700"
AREA = shapely.box(0, 0, 3000, 3000)
FEARED, TRUSTED, BUSY = (600.0, 600.0), (2400.0, 2400.0), (600.0, 2400.0)


def mark(shapes: Any, is_safe: Any, **columns: Any) -> gpd.GeoDataFrame:
    geometry = [shape if isinstance(shape, shapely.Geometry) else shapely.Point(shape) for shape in shapes]
    table = {"is_safe": is_safe, "day_part": None, "school": None, **columns}
    index = pd.Index([f"M{number}" for number in range(len(geometry))], name="mark_id")
    return gpd.GeoDataFrame(table, index=index, geometry=geometry, crs=CRS)


def scatter(rng: np.random.Generator, n: int, middle: tuple[float, float] | None = None) -> Any:
    if middle is None:
        return rng.uniform(0, 3000, (n, 2))
    return np.array(middle) + rng.uniform(-80, 80, (n, 2))


def find_cell(found: Perception, place: tuple[float, float]) -> int:
    return int(found.cells.locate(np.array([place[0]]), np.array([place[1]]))[0])


def test_fear_and_crime_are_told_apart_where_they_were_planted(make_incidents: MakeIncidents) -> None:
    """Feared and quiet; trusted and busy; feared and busy; the rest of both anywhere."""
    rng = np.random.default_rng(4)
    places = [scatter(rng, 40, FEARED), scatter(rng, 40, TRUSTED), scatter(rng, 30, BUSY), scatter(rng, 100)]
    is_safe = [False] * 40 + [True] * 40 + [False] * 30 + [True, False] * 50
    crimes = np.vstack([scatter(rng, 200, TRUSTED), scatter(rng, 200, BUSY), scatter(rng, 400)])
    crimes = crimes[np.hypot(*(crimes - FEARED).T) > 400]  # nothing near the feared place
    found = compare_perception(mark(np.vstack(places), is_safe), make_incidents(*crimes.T), study_area=AREA)
    assert found.agreement[find_cell(found, FEARED)] == "feels unsafe, little crime"
    assert found.agreement[find_cell(found, TRUSTED)] == "feels safe, much crime"
    assert found.agreement[find_cell(found, BUSY)] == "feels unsafe, much crime"
    assert [place.agreement for place in found.places] == [
        "feels unsafe, little crime",
        "feels safe, much crime",
        "feels unsafe, much crime",
    ]
    feared = found.places[0]
    assert (feared.n_incidents, feared.is_counted) == (0, False)
    assert feared.unsafe_low <= feared.unsafe_share <= feared.unsafe_high
    assert math.hypot(found.cells.easting[feared.cell] - 600, found.cells.northing[feared.cell] - 600) < 250


def test_numbers_around_a_cell_by_trying_all(make_incidents: MakeIncidents) -> None:
    rng = np.random.default_rng(8)
    at, crimes = scatter(rng, 120), scatter(rng, 300)
    is_safe = rng.random(120) < 0.5
    found = compare_perception(mark(at, is_safe), make_incidents(*crimes.T), study_area=AREA)
    shown = np.flatnonzero(found.is_shown)
    raw = {}
    for cell in range(len(found.cells)):
        middle = np.array([found.cells.easting[cell], found.cells.northing[cell]])
        near = np.hypot(*(at - middle).T) <= 250
        assert found.n_marks[cell] == pytest.approx(near.sum())
        assert found.n_unsafe[cell] == pytest.approx((near & ~is_safe).sum())
        assert found.n_incidents[cell] == (np.hypot(*(crimes - middle).T) <= 250).sum()
        assert found.is_shown[cell] == (near.sum() >= 10)
        if near.sum() >= 10:
            raw[cell] = stats.binomtest(int((near & ~is_safe).sum()), int(near.sum()), (~is_safe).mean())
    one_sided = [
        min(
            1,
            2
            * min(
                stats.binom.cdf(test.k, test.n, (~is_safe).mean()),
                stats.binom.sf(test.k - 1, test.n, (~is_safe).mean()),
            ),
        )
        for test in raw.values()
    ]
    assert found.p_feeling[shown].tolist() == pytest.approx(stats.false_discovery_control(one_sided).tolist())
    limits = [test.proportion_ci(method="exact") for test in raw.values()]
    assert found.unsafe_low[shown].tolist() == pytest.approx([limit.low for limit in limits])
    assert found.unsafe_high[shown].tolist() == pytest.approx([limit.high for limit in limits])
    assert np.isnan(found.p_feeling[~found.is_shown]).all()


def test_what_is_usual_is_the_share_of_the_ground(make_incidents: MakeIncidents) -> None:
    """In the middle a whole disc; at the corner of a square a quarter of one."""
    rng = np.random.default_rng(1)
    incidents = make_incidents(*scatter(rng, 900).T)
    found = compare_perception(mark(scatter(rng, 50), [True, False] * 25), incidents, study_area=AREA)
    disc = 900 * math.pi * 250**2 / 3000**2
    assert found.usual_incidents[find_cell(found, (1500, 1500))] == pytest.approx(disc, rel=1e-6)
    nearest = int(np.argmin(np.hypot(found.cells.easting, found.cells.northing)))
    middle = shapely.Point(found.cells.easting[nearest], found.cells.northing[nearest])
    share = shapely.area(shapely.intersection(middle.buffer(250, quad_segs=400), AREA)) / (math.pi * 250**2)
    assert found.usual_incidents[nearest] == pytest.approx(disc * share, rel=5e-3)


def test_an_area_counts_once_over_what_it_covers() -> None:
    """Half of one square lies outside the study area; a line is spread by its length; two points are a half each."""
    cells = make_cells(AREA, cell_size_m=200, shape="hexagon")
    shapes = [
        shapely.box(500, 500, 1100, 900),
        shapely.box(-300, 1000, 300, 1600),
        shapely.LineString([(100, 2000), (900, 2000)]),
        shapely.MultiPoint([(1000, 1000), (2000, 2000)]),
        shapely.Point(1500, 1500),
        shapely.Point(4000, 4000),
    ]
    spread = spread_marks(mark(shapes, True), cells, AREA)
    totals = np.bincount(spread.mark, spread.weight, len(shapes))
    assert totals.tolist() == pytest.approx([1, 0.5, 1, 1, 1, 0])
    assert (spread.mark == 0).sum() > 5
    assert (spread.cell >= 0).all()
    held = np.bincount(spread.cell[spread.mark == 0], spread.weight[spread.mark == 0], len(cells))
    inner = int(cells.locate(np.array([800.0]), np.array([700.0]))[0])
    assert held[inner] == pytest.approx(cells.cell_area_km2 * 1e6 / (600 * 400))


@given(
    st.lists(
        st.tuples(st.floats(50, 2500), st.floats(50, 2500), st.floats(1, 400), st.floats(1, 400)),
        min_size=1,
        max_size=8,
    )
)
def test_marks_in_the_area_add_up_to_their_number(boxes: list[tuple[float, float, float, float]]) -> None:
    cells = make_cells(AREA, cell_size_m=200, shape="hexagon")
    spread = spread_marks(mark([shapely.box(x, y, x + w, y + h) for x, y, w, h in boxes], True), cells, AREA)
    totals = np.bincount(spread.mark, spread.weight, len(boxes))
    assert totals == pytest.approx(np.ones(len(boxes)), rel=1e-6)


def test_few_marks_and_marks_at_one_place_are_not_shown(make_incidents: MakeIncidents) -> None:
    """Nine around one place; thirty at four points; ten at five: only the last are shown."""
    nine = [(600 + 5 * step, 600) for step in range(9)]
    four = [(2400 + 5 * (step % 4), 2400) for step in range(30)]
    five = [(600 + 5 * (step % 5), 2400) for step in range(10)]
    incidents = make_incidents(*scatter(np.random.default_rng(2), 100).T)
    found = compare_perception(mark([*nine, *four, *five], [True, False] * 24 + [True]), incidents, study_area=AREA)
    assert [bool(found.is_shown[find_cell(found, place)]) for place in (FEARED, TRUSTED, BUSY)] == [False, False, True]
    assert found.agreement[find_cell(found, FEARED)] == "not enough marks"
    everything = compare_perception(
        mark([*nine, *four, *five], [True, False] * 24 + [True]), incidents, study_area=AREA, floor=NO_FLOOR
    )
    assert everything.is_shown.all()


def test_marks_without_a_pattern_are_called_nothing(make_incidents: MakeIncidents) -> None:
    """Feelings dealt out at random: any cell that is called safe or unsafe is false, so that few maps have one."""
    rng = np.random.default_rng(21)
    incidents = make_incidents(*scatter(rng, 300).T)
    n_maps = 0
    for _ in range(30):
        found = compare_perception(mark(scatter(rng, 400), rng.random(400) < 0.6), incidents, study_area=AREA)
        n_maps += any(feeling is not None for feeling in found.feels)
    # 30 trials of chance .05: more than 4 come once in sixty-four
    assert n_maps <= 4


def test_where_the_marks_are(make_incidents: MakeIncidents) -> None:
    """All incidents are at one place, with a quarter of the unsafe marks and none of the safe ones; one outside."""
    rng = np.random.default_rng(6)
    at = np.vstack([scatter(rng, 20, BUSY), scatter(rng, 60, FEARED), scatter(rng, 20, TRUSTED), [[5000, 5000]]])
    found = compare_perception(
        mark(at, [False] * 80 + [True] * 21), make_incidents(*scatter(rng, 200, BUSY).T), study_area=AREA
    )
    assert (found.n_total, found.n_unsafe_total, found.n_outside) == (100, 80, 1)
    assert found.unsafe_where_much == pytest.approx(0.25)
    assert found.safe_where_much == 0
    assert found.unsafe_share == 0.8


def test_marks_are_counted_by_part_of_the_day_and_school() -> None:
    marks = mark(
        [(600, 600)] * 35,
        [True] * 5 + [False] * 15 + [True] * 15,
        day_part=["evening"] * 20 + ["daytime"] * 9 + [None] * 6,
    )
    (evening,) = count_marks(marks, by="day_part")
    assert (evening.group, evening.n_marks, evening.n_unsafe, evening.unsafe_share) == ("evening", 20, 15, 0.75)
    exact = stats.binomtest(15, 20).proportion_ci(method="exact")
    assert (evening.unsafe_low, evening.unsafe_high) == pytest.approx((exact.low, exact.high))
    assert count_marks(marks, by="school") == ()


def test_what_cannot_be_compared_is_refused(make_incidents: MakeIncidents) -> None:
    incidents = make_incidents([600], [600])
    marks = mark([(600, 600)] * 12, True)
    with pytest.raises(ParameterError, match="`reach_m` must be above 0 m, not 0"):
        compare_perception(marks, incidents, study_area=AREA, reach_m=0)
    with pytest.raises(TooLittleDataError, match="Marks are added together from 10 on; 9 of 9 lie in the study area"):
        compare_perception(marks.iloc[:9], incidents, study_area=AREA)
    with pytest.raises(TooLittleDataError, match="no incident has a place"):
        compare_perception(marks, incidents.iloc[:0], study_area=AREA)
    with pytest.raises(DataError, match="safety marks table needs the columns"):
        compare_perception(marks.drop(columns="is_safe"), incidents, study_area=AREA)
    with pytest.raises(DataError, match="WGS 84"):
        compare_perception(marks.to_crs(4326), incidents, study_area=AREA)


def work_out(total: int, given: dict[str, int]) -> int:
    """What all that is not given comes to."""
    return total - sum(given.values())


def test_no_school_can_be_worked_out_from_all_marks_less_those_listed() -> None:
    """Every number of marks of three schools, up to twelve each, and of marks without a school.

    Whoever sees the table and the total, and knows which schools there are and how the table is made, tries all
    numbers that would make the same table: of a school that is left out with fewer than ten, several fit.
    """
    names, sizes, others = "ABC", range(13), range(24)
    seen: dict[tuple[Any, ...], list[tuple[int, ...]]] = {}
    for counts in itertools.product(sizes, repeat=3):
        for n_others in others:
            is_given = choose_given(np.array(counts, dtype=float), n_others=n_others, floor=FLOOR)
            given = {name: n for name, n, is_one in zip(names, counts, is_given, strict=True) if is_one}
            left = work_out(sum(counts) + n_others, given)
            assert left == 0 or left >= 10 or not given
            assert all(n >= 10 for n in given.values())
            if sum(counts) + n_others >= 10:  # fewer marks are not told at all
                seen.setdefault((tuple(given.items()), left), []).append((*counts, n_others))
    for (given, left), made in seen.items():
        listed = dict(given)
        for school, name in enumerate(names):
            possible = {counts[school] for counts in made}
            # of more left than were tried without a school, not all that would make it were tried
            if 0 < left < others.stop and name not in listed and possible & set(range(1, 10)):
                assert len(possible) > 1, (given, left, name)


def test_the_smallest_school_is_left_out_where_another_would_be_told() -> None:
    """15, 11, 20 and 3 marks: 49 less 46 would be the 3; with the 11 it is 14."""
    marks = mark([(600, 600)] * 49, True, school=["A"] * 15 + ["B"] * 11 + ["C"] * 20 + ["D"] * 3)
    assert [one.group for one in count_marks(marks, by="school")] == ["A", "C"]
    # with seven marks of no school, ten are left
    more = mark([(600, 600)] * 56, True, school=["A"] * 15 + ["B"] * 11 + ["C"] * 20 + ["D"] * 3 + [None] * 7)
    assert [one.group for one in count_marks(more, by="school")] == ["A", "B", "C"]
    assert [one.n_marks for one in count_marks(marks, by="school", floor=NO_FLOOR)] == [15, 11, 20, 3]


def test_a_place_is_feared_in_the_evening_alone(make_incidents: MakeIncidents) -> None:
    """By day it feels as others do; crime is there in the evening alone."""
    rng = np.random.default_rng(5)
    at = np.vstack([scatter(rng, 40, BUSY), scatter(rng, 40, BUSY), scatter(rng, 120)])
    is_safe = [False] * 40 + [True, False] * 20 + [True, False] * 60
    parts = ["evening"] * 40 + ["after school"] * 40 + ["evening", "after school", "evening"] * 40
    crimes = np.vstack([scatter(rng, 150, BUSY), scatter(rng, 600)])
    in_evening = np.concatenate([np.ones(150), rng.integers(0, 2, 600)]).astype(float)
    evening, school = compare_parts(
        mark(at, is_safe, day_part=parts),
        make_incidents(*crimes.T),
        study_area=AREA,
        incident_weights={"night": in_evening, "evening": in_evening, "after school": 1 - in_evening},
    )
    assert (evening.marks.group, school.marks.group) == ("evening", "after school")
    assert evening.n_incidents == in_evening.sum()
    assert school.n_incidents == 750 - in_evening.sum()
    assert evening.found is not None
    assert school.found is not None
    cell = find_cell(evening.found, BUSY)
    assert evening.found.agreement[cell] == "feels unsafe, much crime"
    assert school.found.agreement[cell] == "no clear difference"
    near = (
        np.hypot(*(crimes - np.array([evening.found.cells.easting[cell], evening.found.cells.northing[cell]])).T) <= 250
    )
    assert evening.found.n_incidents[cell] == pytest.approx((near * in_evening).sum())
    assert school.found.n_incidents[cell] == pytest.approx((near * (1 - in_evening)).sum())


def test_incidents_of_other_hours_are_not_told_by_those_of_a_part(make_incidents: MakeIncidents) -> None:
    """Of 60 incidents 55 or 50 in the evening: the other five are few, the other ten are not."""
    rng = np.random.default_rng(6)
    marks = mark(scatter(rng, 40, BUSY), [False, True] * 20, day_part="evening")
    incidents = make_incidents(*scatter(rng, 60).T)
    for n, told in ((60, 60.0), (55, None), (50, 50.0), (9, None)):
        weights = (np.arange(60) < n).astype(float)
        (evening,) = compare_parts(marks, incidents, study_area=AREA, incident_weights={"evening": weights})
        assert evening.n_incidents == told
        assert (evening.found is None) == (n < 10)


@pytest.mark.slow
@settings(max_examples=30)
@example([(0, 14, 600), (1, 5, 600), (1, 12, 2400)])
@given(
    st.lists(
        st.tuples(st.integers(0, 4), st.sampled_from([5, 9, 10, 11, 14]), st.sampled_from([600, 2400])),
        min_size=2,
        max_size=8,
    )
)
def test_around_no_cell_can_few_marks_be_worked_out(groups: list[tuple[int, int, int]]) -> None:
    """Marks of each part at five places at one end or the other: all around a cell less those shown are none or ten."""
    parts = ["evening", "night", "after school", "daytime", None]
    at, day_part = [], []
    for part, n, east in groups:
        at += [(east + 5.0 * (number % 5), 1500.0) for number in range(n)]
        day_part += [parts[part]] * n
    marks = mark(at, [number % 3 == 0 for number in range(len(at))], day_part=day_part)
    crimes = gpd.GeoDataFrame(geometry=gpd.points_from_xy(np.arange(50.0) * 40, np.arange(50.0) * 40), crs=CRS)
    weights = {part: np.ones(50) for part in parts if part}
    compared = compare_parts(marks, crimes, study_area=AREA, incident_weights=weights)
    cells = make_cells(AREA, cell_size_m=200.0, shape="hexagon")
    for cell in range(len(cells)):
        middle = (cells.easting[cell], cells.northing[cell])
        near = np.array([math.hypot(east - middle[0], north - middle[1]) <= 250 for east, north in at])
        shown = [one for one in compared if one.found is not None and one.found.is_shown[cell]]
        left = near.sum() - sum(one.found.n_marks[cell] for one in shown if one.found is not None)
        assert not shown or left == 0 or left >= 10

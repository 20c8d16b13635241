from __future__ import annotations

import math
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

from hotspots.analysis.perception.felt_safety import Perception, compare_perception, count_marks, spread_marks
from hotspots.errors import DataError, ParameterError, TooLittleDataError
from hotspots.geography import NO_FLOOR, make_cells

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

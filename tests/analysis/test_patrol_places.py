from __future__ import annotations

import itertools

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from support import MakeIncidents

from hotspots.analysis.hotspots.patrol_places import (
    PATROL_WIDTH_M,
    PatrolOptions,
    PatrolPlaces,
    choose_patrol_places,
    count_visits,
)
from hotspots.errors import DataError, ParameterError
from hotspots.geography.cells import Cells, make_cells
from hotspots.geography.floor import FLOOR, NO_FLOOR, Floor

WEST, SOUTH = 530_000, 180_000
AREA = shapely.box(WEST, SOUTH, WEST + 1000, SOUTH + 1000)
CELLS = make_cells(AREA, cell_size_m=50)
MIDDLES = np.column_stack([CELLS.easting, CELLS.northing])


def choose(
    incidents: gpd.GeoDataFrame, n: int, *, floor: Floor = NO_FLOOR, cells: Cells = CELLS, harm: pd.Series | None = None
) -> PatrolPlaces:
    """As many are expected as were counted."""
    return choose_patrol_places(
        incidents,
        cells.count(incidents),
        cells=cells,
        study_area=AREA,
        options=PatrolOptions(n_patrol_places=n, floor=floor),
        harm=harm,
    )


def lay(make_incidents: MakeIncidents, places: dict[tuple[int, int], int]) -> gpd.GeoDataFrame:
    """So many incidents at each place, which the source moved there."""
    at = np.repeat(np.array(list(places)), list(places.values()), axis=0)
    return make_incidents(WEST + at[:, 0], SOUTH + at[:, 1], location_precision="anonymised")


def test_the_best_two_places_are_not_the_best_and_the_next(make_incidents: MakeIncidents) -> None:
    """Of four points in a row the middle two hold most, but taking them leaves only one of the others."""
    incidents = lay(make_incidents, {(300, 512): 10, (420, 512): 12, (540, 512): 12, (660, 512): 10})
    (one,) = choose(incidents, 1).worth
    assert one == pytest.approx(24)
    both = choose(incidents, 2)
    assert both.worth == pytest.approx([22, 22])
    assert both.gap_share == 0
    assert choose(incidents, 3).worth.sum() == pytest.approx(44)


def test_no_pair_of_circles_that_overlap_neither_is_better(make_incidents: MakeIncidents) -> None:
    """Every pair of circles of the lattice is tried, on points strewn over the area, with an uneven estimate."""
    rng = np.random.default_rng(4)
    incidents = make_incidents(WEST + rng.uniform(200, 800, 60), SOUTH + rng.uniform(200, 800, 60))
    expected = rng.gamma(0.3, 1.0, len(CELLS))
    found = choose_patrol_places(
        incidents, expected, cells=CELLS, study_area=AREA, options=PatrolOptions(n_patrol_places=2, floor=NO_FLOOR)
    )
    # what is expected in a cell lies where its incidents do, in equal parts, or at its centre
    points = np.column_stack([incidents.geometry.x, incidents.geometry.y])
    home, held = CELLS.locate(points[:, 0], points[:, 1]), CELLS.count(incidents)
    points = np.concatenate([points, MIDDLES[held == 0]])
    amounts = np.concatenate([expected[home] / held[home], expected[held == 0]])
    steps = np.arange(0, 1001, 25.0)
    centres = np.array(list(itertools.product(WEST + steps, SOUTH + steps)))
    circles = shapely.buffer(shapely.points(centres), PATROL_WIDTH_M / 2, quad_segs=16)
    tree = shapely.STRtree(shapely.points(points))
    circle, point = tree.query(circles, predicate="intersects")
    worth = np.bincount(circle, amounts[point], len(circles))
    worth[np.bincount(circle[point < len(incidents)], minlength=len(circles)) == 0] = 0
    apart = np.hypot(*(centres[:, None, :] - centres[None, :, :]).transpose(2, 0, 1)) >= PATROL_WIDTH_M
    pairs = np.where(apart, worth[:, None] + worth[None, :], 0)
    assert found.worth.sum() == pytest.approx(pairs.max())
    assert found.most_worth == pytest.approx(pairs.max())


def test_places_are_small_apart_and_in_order_whatever_the_order_of_rows(make_incidents: MakeIncidents) -> None:
    rng = np.random.default_rng(1)
    incidents = make_incidents(WEST + rng.uniform(0, 1000, 400), SOUTH + rng.uniform(0, 1000, 400))
    found = choose(incidents, 15)
    assert len(found.outlines) == 15
    assert (np.diff(found.worth) <= 1e-9).all()
    assert shapely.union_all(found.outlines).area == pytest.approx(sum(outline.area for outline in found.outlines))
    assert all(shapely.minimum_bounding_radius(outline) <= PATROL_WIDTH_M / 2 + 1e-6 for outline in found.outlines)
    again = choose(incidents.iloc[::-1], 15)
    assert [outline.wkb for outline in again.outlines] == [outline.wkb for outline in found.outlines]


def test_a_place_ends_where_the_area_does(make_incidents: MakeIncidents) -> None:
    (outline,) = choose(make_incidents([WEST + 1.0] * 3, [SOUTH + 500.0] * 3), 1).outlines
    assert shapely.within(outline, AREA)
    assert outline.area < np.pi * (PATROL_WIDTH_M / 2) ** 2


def test_no_place_has_an_address_for_its_middle(make_incidents: MakeIncidents) -> None:
    (outline,) = choose(make_incidents([WEST + 511.0] * 12, [SOUTH + 507.0] * 12), 1).outlines
    middle = outline.centroid
    assert [round(middle.x, 6) % 25, round(middle.y, 6) % 25] == [0, 0]


def test_a_place_that_rests_on_too_little_is_not_chosen(make_incidents: MakeIncidents) -> None:
    shared = lay(make_incidents, {(200, 500): 9, (700, 500): 10})
    assert choose(shared, 5, floor=FLOOR).worth == pytest.approx([10])
    addresses = make_incidents([WEST + 500.0 + i % 4 for i in range(40)], [SOUTH + 500.0] * 40)
    nothing = choose(addresses, 5, floor=FLOOR)
    assert (nothing.outlines, nothing.most_worth, nothing.gap_share) == ((), 0.0, 0.0)
    assert len(choose(addresses, 5, floor=NO_FLOOR).outlines) == 1


def test_by_harm_the_worse_few_come_before_the_many(make_incidents: MakeIncidents) -> None:
    incidents = lay(make_incidents, {(200, 500): 20, (700, 500): 5})
    harm = pd.Series([1.0] * 20 + [10.0] * 5, index=incidents.index)
    assert choose(incidents, 2, harm=harm).worth == pytest.approx([50, 20])


def test_where_too_many_circles_are_alike_the_gap_is_stated(make_incidents: MakeIncidents) -> None:
    """Every cell of 2 by 2 km holds one incident: the places cannot be told apart, and hold nine each at most."""
    area = shapely.box(WEST, SOUTH, WEST + 2000, SOUTH + 2000)
    cells = make_cells(area, cell_size_m=50)
    found = choose_patrol_places(
        make_incidents(cells.easting, cells.northing),
        np.ones(len(cells)),
        cells=cells,
        study_area=area,
        options=PatrolOptions(n_patrol_places=3, floor=NO_FLOOR),
    )
    assert found.worth == pytest.approx([9, 9, 9])
    assert found.worth.sum() <= found.most_worth + 1e-9
    assert found.gap_share == pytest.approx(found.most_worth / 27 - 1)


def test_a_visit_is_a_quarter_of_an_hour() -> None:
    assert [count_visits(minutes) for minutes in (15, 29.9, 480)] == [1, 1, 32]


@pytest.mark.parametrize("minutes", [14.9, 7501, float("nan")])
def test_minutes_that_hold_no_visit_are_refused(minutes: float) -> None:
    with pytest.raises(ParameterError, match="`patrol_minutes` must be from 15 to 7,500, not "):
        count_visits(minutes)


@pytest.mark.parametrize("n", [0, 501])
def test_a_number_of_places_has_limits(n: int) -> None:
    with pytest.raises(ParameterError, match=f"from 1 to 500, not {n}. Leave `n_patrol_places` out for 20"):
        PatrolOptions(n_patrol_places=n)


@pytest.mark.parametrize("expected", [np.ones(3), np.full(len(CELLS), np.nan), -np.ones(len(CELLS))])
def test_an_estimate_of_other_cells_is_refused(make_incidents: MakeIncidents, expected: np.ndarray) -> None:
    with pytest.raises(DataError, match="Each of the 400 cells needs an expected number of 0 or more"):
        choose_patrol_places(make_incidents([WEST + 1.0], [SOUTH + 1.0]), expected, cells=CELLS, study_area=AREA)


@pytest.mark.slow
def test_what_may_be_missed_is_never_understated(make_incidents: MakeIncidents) -> None:
    """More circles than are tried: on a close-packed field each cell is worth 2, on a far one 1.

    Circles in rows of nine by nine on the first field, six by six on the second, hold nine cells each: a choice of 117
    that anyone can draw. Whatever is chosen, the bound is no lower.
    """
    fields = [shapely.box(WEST + x, SOUTH, WEST + x + side, SOUTH + side) for x, side in ((0, 1400), (3000, 950))]
    area = shapely.union_all(fields)
    cells = make_cells(area, cell_size_m=50)
    expected = np.where(cells.easting < WEST + 2000, 2.0, 1.0)
    found = choose_patrol_places(
        make_incidents(cells.easting, cells.northing),
        expected,
        cells=cells,
        study_area=area,
        options=PatrolOptions(n_patrol_places=117, floor=NO_FLOOR),
    )
    assert found.most_worth >= 81 * 18 + 36 * 9
    assert found.worth.sum() <= found.most_worth + 1e-9


def test_the_best_choice_misses_nothing_in_whatever_order_it_is_summed() -> None:
    worth = np.array([0.3, 0.2, 0.1])
    assert worth.sum() != worth[::-1].sum()
    for order in (worth, worth[::-1]):
        assert PatrolPlaces(outlines=(), worth=order, most_worth=float(worth[::-1].sum())).gap_share == 0
    assert PatrolPlaces(outlines=(), worth=worth, most_worth=0.63).gap_share == pytest.approx(0.05)

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage
from support import MakeIncidents

from hotspots.analysis.surfaces.density import estimate_density
from hotspots.analysis.surfaces.first_cells import find_first_cells
from hotspots.analysis.surfaces.kernels import Kernel
from hotspots.analysis.surfaces.risk import estimate_risk
from hotspots.analysis.surfaces.shown_density import show_density
from hotspots.geography.cells import make_cells
from hotspots.geography.floor import (
    FLOOR,
    NO_FLOOR,
    Floor,
    count_places,
    find_few,
    keep_parts,
    lower_patches,
    weigh_places,
)
from hotspots.geography.grid import Grid
from hotspots.geography.points import collapse_points

AREA = shapely.box(530_000, 180_000, 532_000, 182_000)
GRID = Grid.covering(AREA.bounds, padding_m=300)


def test_ten_incidents_at_five_places_are_enough() -> None:
    assert FLOOR.is_met([10, 9, 10, 9.999_999_999_9], [5, 5, 4, 5]).tolist() == [True, False, False, True]
    assert NO_FLOOR.is_met(0, 0)
    assert (FLOOR.is_applied, NO_FLOOR.is_applied) == (True, False)


def test_a_point_that_the_source_has_chosen_is_five_places(make_incidents: MakeIncidents) -> None:
    precision = ["point", "anonymised", "anonymised", "postcode", "anonymised", "point"]
    incidents = make_incidents([1.0, 2, 2, 3, 4, 4], [0] * 6, location_precision=precision)
    places = collapse_points(incidents)
    # of the last two, one is where it happened
    assert weigh_places(incidents, places).tolist() == [1, 5, 1, 1]
    assert weigh_places(incidents[["geometry"]], places).tolist() == [1] * 4
    cells = make_cells(shapely.box(0, 0, 100, 50), cell_size_m=50.0)
    assert count_places(incidents, cells).tolist() == [8, 0]


def test_patches_that_hold_too_few_come_down_to_the_next_class() -> None:
    values = np.array([[5.0, 3, 1, 0, 5], [0, 0, 0, 0, 0], [5, 0, 0, 0, 3]])
    held = np.array([[2.0, 2, 1, 0, 4], [0, 0, 0, 0, 0], [3, 0, 0, 0, 1]])
    lowered = lower_patches(
        values, (1.0, 2.0, 4.0), n_incidents=held, n_places=held, floor=Floor(min_incidents=4, min_places=4)
    )
    classes = np.searchsorted([1.0, 2.0, 4.0], lowered, side="right")
    assert classes.tolist() == [[2, 2, 1, 0, 3], [0] * 5, [0, 0, 0, 0, 0]]
    untouched = lower_patches(values, (1.0, 2.0), n_incidents=held, n_places=held, floor=NO_FLOOR)
    np.testing.assert_array_equal(untouched, values)


@given(st.data())
def test_every_patch_at_every_level_holds_enough(data: st.DataObject) -> None:
    rng = np.random.default_rng(data.draw(st.integers(0, 10_000)))
    values = ndimage.gaussian_filter(rng.random((12, 12)), 1.0)
    held, places = rng.integers(0, 4, (12, 12)).astype(float), rng.integers(0, 2, (12, 12)).astype(float)
    levels = np.quantile(values, [0.5, 0.8, 0.95])
    lowered = lower_patches(values, levels, n_incidents=held, n_places=places, floor=FLOOR)
    assert (lowered <= values).all()
    for level in levels:
        mask = lowered >= level
        assert not find_few(mask, n_incidents=held, n_places=places, floor=FLOOR).any()
        kept = ~find_few(values >= level, n_incidents=held, n_places=places, floor=FLOOR)
        np.testing.assert_array_equal(mask, (values >= level) & kept)  # and nothing else is lost


def test_parts_of_a_shape_that_hold_too_few_are_left_out(make_incidents: MakeIncidents) -> None:
    shape = shapely.MultiPolygon([shapely.box(x, 0, x + 10, 10) for x in (0, 20, 40)])
    x = [*np.linspace(1, 9, 10), *np.linspace(21, 29, 9), *[45] * 50]
    kept = keep_parts(shape, make_incidents(x, [5] * len(x)), FLOOR)
    assert kept.equals(shapely.box(0, 0, 10, 10))
    assert keep_parts(shape, make_incidents([], []), FLOOR).is_empty
    assert keep_parts(shapely.MultiPolygon(), make_incidents(x, [5] * len(x)), FLOOR).is_empty


def spread(make: MakeIncidents, *crowds: tuple[float, float, int], width_m: float = 60) -> gpd.GeoDataFrame:
    """Crowds around places of the area, each incident at a place of its own."""
    rng = np.random.default_rng(3)
    centres = np.repeat([(x, y) for x, y, _ in crowds], [n for _, _, n in crowds], axis=0)
    away = rng.uniform(-width_m, width_m, centres.shape) * np.minimum(
        np.repeat([n for _, _, n in crowds], [n for _, _, n in crowds])[:, None] - 1, 1
    )
    return make(*(centres + away + (530_000, 180_000)).T)


@pytest.mark.parametrize(("kernel", "bandwidth_m"), [("quartic", 300.0), ("gaussian", 110.0), ("uniform", 300.0)])
def test_a_density_is_shown_where_ten_lie_in_reach(
    make_incidents: MakeIncidents, kernel: Kernel, bandwidth_m: float
) -> None:
    incidents = spread(make_incidents, (500, 500, 12), (1500, 1500, 9), (500, 1500, 1), (1100, 500, 1))
    surface = estimate_density(incidents, grid=GRID, bandwidth_m=bandwidth_m, kernel=kernel)
    shown = show_density(surface, incidents, bandwidth_m=bandwidth_m, floor=FLOOR)
    assert not shown.is_whole
    row, column = np.nonzero(shown.density_per_km2)
    x, y = GRID.easting_min + (column + 0.5) * 50, GRID.northing_min + (row + 0.5) * 50
    assert len(x)
    assert np.hypot(x - 530_500, y - 180_500).max() < 300 * (1 + (kernel == "gaussian") * 0.05)
    np.testing.assert_array_equal(shown.density_per_km2[row, column], surface.density_per_km2[row, column])
    all_of_it = show_density(surface, incidents, bandwidth_m=bandwidth_m, floor=NO_FLOOR)
    assert all_of_it.is_whole
    np.testing.assert_array_equal(all_of_it.in_classes([1.0, 5.0]), surface.density_per_km2)
    each = show_density(surface, incidents, bandwidth_m=np.full(len(incidents), bandwidth_m), floor=FLOOR)
    np.testing.assert_array_equal(each.density_per_km2, shown.density_per_km2)


def test_a_density_counts_weights_and_what_lies_in_the_study_area(make_incidents: MakeIncidents) -> None:
    incidents = spread(make_incidents, (500, 500, 12))
    surface = estimate_density(incidents, grid=GRID, incident_weights=np.full(12, 0.8))
    halved = show_density(surface, incidents, bandwidth_m=300, floor=FLOOR, incident_weights=np.full(12, 0.8))
    assert halved.max_per_km2 == 0  # 9.6 incidents
    west = shapely.box(530_000, 180_000, 530_500, 182_000)
    cut = estimate_density(incidents, grid=GRID, study_area=west)
    assert show_density(cut, incidents, bandwidth_m=300, floor=FLOOR, study_area=west).max_per_km2 == 0
    empty = make_incidents([], [])
    assert show_density(estimate_density(empty, grid=GRID), empty, bandwidth_m=300, floor=FLOOR).max_per_km2 == 0


def test_a_peak_over_one_beside_many_is_flattened(make_incidents: MakeIncidents) -> None:
    incidents = spread(make_incidents, (500, 500, 30), (740, 500, 1), width_m=20)
    surface = estimate_density(incidents, grid=GRID, bandwidth_m=120.0)
    level = 30.0  # one incident makes 66 per km²
    alone = GRID.locate(np.array([530_740.0]), np.array([180_500.0]))
    assert surface.density_per_km2[alone] > level
    shown = show_density(surface, incidents, bandwidth_m=120.0, floor=FLOOR)
    assert shown.in_classes([level])[alone] < level
    assert shown.in_classes([level]).max() > 1000


def test_cells_where_most_is_expected_are_shown_in_patches_of_enough(make_incidents: MakeIncidents) -> None:
    """Of 1,600 cells 16, 32 and 80 are in the shares: twelve incidents in four cells, nine in one, and one alone."""
    crowd = [(425 + 50 * (n % 2) + n, 425 + 50 * (n // 2 % 2), 1) for n in range(12)]
    incidents = spread(make_incidents, *crowd, *[(1525, 1525 + n, 1) for n in range(9)], (525, 1525, 1))
    cells = make_cells(AREA, cell_size_m=50.0)
    risk = estimate_risk(incidents, cells=cells, bandwidths_m=(300.0,))
    first = find_first_cells(risk, incidents, floor=FLOOR)
    shown = ~np.isnan(first.within_share)
    home = cells.locate(incidents.geometry.x.to_numpy(), incidents.geometry.y.to_numpy())
    assert shown[home[:12]].all()
    assert not shown[home[12:]].any()
    assert not first.is_told.any()  # no cell holds ten
    assert first.n_withheld == (first.place <= 80).sum() - shown.sum() > 0
    everything = find_first_cells(risk, incidents, floor=NO_FLOOR)
    assert [(everything.within_share == share).sum() for share in (0.01, 0.02, 0.05)] == [16, 16, 48]
    assert everything.is_told.all()
    assert everything.n_withheld == 0

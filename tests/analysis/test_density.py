from __future__ import annotations

import math
from typing import get_args

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import MakeIncidents

from hotspots.analysis.density import Kernel, estimate_density
from hotspots.errors import DataError, ParameterError
from hotspots.geography import Grid

GRID = Grid.covering((530_000, 180_000, 532_000, 182_000), cell_size_m=50, padding_m=600)


def sum_directly(incidents: gpd.GeoDataFrame, grid: Grid, h: float) -> np.ndarray:
    """The definition of the quartic density, one incident at a time."""
    east = grid.easting_min + (np.arange(grid.n_columns) + 0.5) * grid.cell_size_m
    north = grid.northing_min + (np.arange(grid.n_rows) + 0.5) * grid.cell_size_m
    total = np.zeros(grid.shape)
    for point in incidents.geometry:
        u2 = ((east[None, :] - point.x) ** 2 + (north[:, None] - point.y) ** 2) / h**2
        total += np.where(u2 < 1, 3 / (math.pi * h**2) * (1 - u2) ** 2, 0) * 1e6
    return total


def test_one_incident_at_a_cell_centre_gives_the_kernel_itself(make_incidents: MakeIncidents) -> None:
    surface = estimate_density(make_incidents([531_025.0], [181_025.0]), grid=GRID, bandwidth_m=300)
    row, column = (int(i[0]) for i in GRID.locate(np.array([531_025.0]), np.array([181_025.0])))
    at_centre = 3 / (math.pi * 0.3**2)  # per km²
    assert surface.density_per_km2[row, column] == pytest.approx(at_centre)
    assert surface.density_per_km2[row, column + 3] == pytest.approx(at_centre * (1 - 0.25) ** 2)
    assert surface.density_per_km2[row, column + 6] == 0  # d = h
    assert surface.density_per_km2.argmax() == row * GRID.n_columns + column


@pytest.mark.parametrize("kernel", get_args(Kernel))
def test_each_kernel_integrates_to_the_number_of_incidents(make_incidents: MakeIncidents, kernel: Kernel) -> None:
    rng = np.random.default_rng(3)
    incidents = make_incidents(rng.uniform(530_000, 532_000, 50), rng.uniform(180_000, 182_000, 50))
    fine = Grid.covering((530_000, 180_000, 532_000, 182_000), cell_size_m=10, padding_m=310)
    surface = estimate_density(incidents, grid=fine, bandwidth_m=300, kernel=kernel)
    assert surface.integral == pytest.approx(50, rel=2e-3)


def test_the_default_cells_are_fine_enough_to_integrate(make_incidents: MakeIncidents) -> None:
    rng = np.random.default_rng(4)
    incidents = make_incidents(rng.uniform(530_000, 532_000, 500), rng.uniform(180_000, 182_000, 500))
    assert estimate_density(incidents, grid=GRID).integral == pytest.approx(500, rel=1e-3)


@given(
    places=st.lists(
        st.tuples(st.integers(529_000, 533_500), st.integers(179_000, 183_500), st.integers(1, 4)),
        min_size=1,
        max_size=12,
    ),
    h=st.floats(50, 700),
)
def test_it_equals_the_definition_whatever_the_points(
    make_incidents: MakeIncidents, places: list[tuple[int, int, int]], h: float
) -> None:
    """Repeated points, points on cell edges, points outside the grid, bandwidths that are no multiple of a cell."""
    repeated = [(e, n) for e, n, times in places for _ in range(times)]
    incidents = make_incidents([e for e, _ in repeated], [n for _, n in repeated])
    surface = estimate_density(incidents, grid=GRID, bandwidth_m=h)
    np.testing.assert_allclose(surface.density_per_km2, sum_directly(incidents, GRID, h), rtol=1e-9, atol=1e-9)


def test_no_incidents_give_an_empty_surface(make_incidents: MakeIncidents) -> None:
    surface = estimate_density(make_incidents([], []), grid=GRID)
    assert surface.integral == 0


def test_what_cannot_be_is_refused(make_incidents: MakeIncidents) -> None:
    incidents = make_incidents([531_025.0], [181_025.0])
    with pytest.raises(ParameterError, match="bandwidth must be above 0 m, not 0"):
        estimate_density(incidents, grid=GRID, bandwidth_m=0)
    with pytest.raises(ParameterError, match="must be at least a cell, .*; 49 m is less than 50 m"):
        estimate_density(incidents, grid=GRID, bandwidth_m=49)
    with pytest.raises(ParameterError, match='No kernel called "conical". Choose one of: quartic'):
        estimate_density(incidents, grid=GRID, kernel="conical")  # type: ignore[arg-type]
    with pytest.raises(DataError, match="projected CRS in metres; the incidents are in WGS 84"):
        estimate_density(incidents.to_crs(4326), grid=GRID)

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from hotspots.errors import ParameterError
from hotspots.geography.cells import make_cells
from hotspots.geography.grid import Grid


def test_a_grid_is_aligned_and_covers_its_bounds() -> None:
    grid = Grid.covering((530_010, 180_020, 530_990, 181_000), cell_size_m=50)
    assert grid.bounds == (530_000, 180_000, 531_000, 181_050)
    assert grid.shape == (21, 20)
    assert grid.cell_area_km2 == pytest.approx(0.0025)


@given(st.floats(0, 700_000), st.floats(0, 1_200_000), st.floats(1, 20_000), st.floats(1, 20_000), st.floats(10, 500))
def test_every_place_within_the_bounds_has_a_cell(
    west: float, south: float, width: float, height: float, cell: float
) -> None:
    bounds = (west, south, west + width, south + height)
    grid = Grid.covering(bounds, cell_size_m=cell)
    row, column = grid.locate(np.array([bounds[0], bounds[2]]), np.array([bounds[1], bounds[3]]))
    assert row.min() >= 0
    assert column.min() >= 0
    assert row.max() < grid.n_rows
    assert column.max() < grid.n_columns


def test_absurd_grids_are_refused() -> None:
    with pytest.raises(ParameterError, match="cell size must be above 0 m, not -5"):
        Grid.covering((0, 0, 1, 1), cell_size_m=-5)
    with pytest.raises(ParameterError, match="Choose larger cells or fewer wards"):
        Grid.covering((0, 0, 700_000, 1_300_000), cell_size_m=10)


def test_a_grid_that_does_not_fit_into_memory_is_refused_before_it_is_laid_out(monkeypatch: pytest.MonkeyPatch) -> None:
    bounds = (0, 0, 10_000, 10_000)
    assert Grid.covering(bounds, cell_size_m=10).shape == (1001, 1001)
    monkeypatch.setattr("hotspots.geography.grid.free_bytes", lambda: 200 * 1024**2)
    said = r"may have 524,288 cells with 0\.2 GB of free memory; 10 m makes 1,002,001 over 10 by 10 km\. Choose larger"
    with pytest.raises(ParameterError, match=said):
        Grid.covering(bounds, cell_size_m=10)
    with pytest.raises(ParameterError, match="with 0.2 GB of free memory"):
        make_cells(shapely.box(*bounds), cell_size_m=10)

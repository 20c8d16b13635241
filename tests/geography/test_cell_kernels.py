from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from hotspots.geography.cell_kernels import CellKernel
from hotspots.geography.cells import Cells, CellShape, make_cells

TWO_PARTS = shapely.union(shapely.box(0, 0, 520, 330), shapely.box(900, 700, 1100, 990))


def sum_directly(values: np.ndarray, cells: Cells, bandwidth_m: float) -> np.ndarray:
    """The definition: all distances between centres, the cell itself left out."""
    away = np.hypot(*(np.subtract.outer(centre, centre) for centre in (cells.easting, cells.northing)))
    weight = np.where(away < bandwidth_m, (1 - (away / bandwidth_m) ** 2) ** 2, 0)
    np.fill_diagonal(weight, 0)
    return np.asarray(weight @ values)


@given(
    shape=st.sampled_from(["square", "hexagon"]),
    size=st.sampled_from([50.0, 70.0]),
    bandwidth_m=st.floats(20, 900),
    origin=st.tuples(st.floats(-60, 60), st.floats(-60, 60)),
    seed=st.integers(0, 99),
)
@settings(max_examples=25)
def test_a_sum_is_that_over_all_pairs_of_cells(
    shape: CellShape, size: float, bandwidth_m: float, origin: tuple[float, float], seed: int
) -> None:
    """Of whatever kernel, smaller than a cell or wider than the area, whose ends must not meet."""
    cells = make_cells(TWO_PARTS, cell_size_m=size, shape=shape, origin=origin)
    kernel = CellKernel(cells, bandwidth_m)
    values = np.random.default_rng(seed).poisson(0.3, len(cells)).astype(float)
    for found, laid in ((kernel.sum_around(values), values), (kernel.weight, np.ones(len(cells)))):
        np.testing.assert_allclose(found, sum_directly(laid, cells, bandwidth_m), rtol=1e-9, atol=1e-6)


@pytest.mark.parametrize("shape", ["square", "hexagon"])
def test_nothing_around_is_exactly_nothing(shape: CellShape) -> None:
    """What the transform leaves behind of a thousand incidents far away is no crime."""
    cells = make_cells(TWO_PARTS, cell_size_m=50, shape=shape)
    values = np.zeros(len(cells))
    values[0] = 1000
    around = cells.kernel(200).sum_around(values)
    away = np.hypot(cells.easting - cells.easting[0], cells.northing - cells.northing[0])
    assert around[0] == 0
    assert (around[away >= 200] == 0).all()
    assert (around[(away > 0) & (away < 199)] > 0).all()
    assert (cells.kernel(200).sum_around(np.zeros(len(cells))) == 0).all()


def test_a_lone_cell_and_a_kernel_smaller_than_cells_have_nothing_around() -> None:
    lone = make_cells(shapely.box(1, 1, 2, 2), cell_size_m=50)
    assert lone.kernel(500).weight.tolist() == [0]
    assert lone.kernel(500).sum_around(np.array([7.0])).tolist() == [0]
    row = make_cells(shapely.box(0, 0, 150, 50), cell_size_m=50)
    assert row.kernel(49.0).sum_around(np.array([1.0, 2, 3])).tolist() == [0, 0, 0]
    # exactly as far as the next cell, where the kernel ends
    assert row.kernel(50.0).weight.tolist() == [0, 0, 0]


def test_values_are_left_as_they_are_and_a_kernel_is_made_once() -> None:
    cells = make_cells(shapely.box(0, 0, 300, 200), cell_size_m=50)
    values = np.arange(len(cells), dtype=float)
    kernel = cells.kernel(120)
    first, again = kernel.sum_around(values), kernel.sum_around(values)
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(values, np.arange(len(cells)))
    assert cells.kernel(120.0) is kernel
    assert cells.kernel(121) is not kernel

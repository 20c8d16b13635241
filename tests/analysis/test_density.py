from __future__ import annotations

import dataclasses
import functools
import math
from pathlib import Path
from typing import Any, get_args

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats
from sklearn.neighbors import KernelDensity
from support import MakeIncidents

from hotspots.analysis.surfaces.density import estimate_density
from hotspots.analysis.surfaces.kernels import KERNELS, Kernel
from hotspots.analysis.surfaces.relative_density import Comparison, estimate_relative_density
from hotspots.errors import DataError, ParameterError, TooLittleDataError
from hotspots.geography.cells import Cells, make_cells
from hotspots.geography.grid import Grid

GRID = Grid.covering((530_000, 180_000, 532_000, 182_000), cell_size_m=50, padding_m=600)
SQUARE = shapely.box(530_000, 180_000, 532_000, 182_000)


def centres(grid: Grid) -> np.ndarray:
    """float (n_cells, 2): easting and northing of each cell's centre, row by row."""
    east = grid.easting_min + (np.arange(grid.n_columns) + 0.5) * grid.cell_size_m
    north = grid.northing_min + (np.arange(grid.n_rows) + 0.5) * grid.cell_size_m
    return np.stack(np.meshgrid(east, north), axis=-1).reshape(-1, 2)


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
    h = 300 / KERNELS[kernel].reach
    fine = Grid.covering((530_000, 180_000, 532_000, 182_000), cell_size_m=10, padding_m=310)
    surface = estimate_density(incidents, grid=fine, bandwidth_m=h, kernel=kernel)
    assert surface.integral == pytest.approx(50, rel=2e-3)


@pytest.mark.parametrize("kernel", get_args(Kernel))
def test_what_is_stated_of_each_kernel_is_its_integral(kernel: Kernel) -> None:
    shape = KERNELS[kernel]

    def integrate_plane(f: Any) -> float:
        """Over rings: a function of the distance and the kernel there."""
        return float(
            integrate.quad(lambda r: 2 * math.pi * r * f(r, shape.weigh(np.array([r**2]))[0]), 0, shape.reach)[0]
        )

    assert integrate_plane(lambda r, k: k) == pytest.approx(1, abs=5e-7)
    assert integrate_plane(lambda r, k: r**2 * k / 2) == pytest.approx(shape.variance, rel=1e-5)
    assert integrate_plane(lambda r, k: k**2) == pytest.approx(shape.roughness, rel=1e-9)


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


SKLEARN_NAMES: dict[Kernel, str] = {
    "gaussian": "gaussian",
    "epanechnikov": "epanechnikov",
    "triangular": "linear",
    "uniform": "tophat",
}


@pytest.mark.parametrize("kernel", SKLEARN_NAMES)
def test_it_agrees_with_scikit_learn(make_incidents: MakeIncidents, kernel: Kernel) -> None:
    points = np.random.default_rng(5).uniform((530_000, 180_000), (532_000, 182_000), (300, 2))
    ours = estimate_density(make_incidents(*points.T), grid=GRID, bandwidth_m=150, kernel=kernel)
    oracle = KernelDensity(bandwidth=150, kernel=SKLEARN_NAMES[kernel]).fit(points)
    theirs = np.exp(oracle.score_samples(centres(GRID))).reshape(GRID.shape) * 300 * 1e6
    cut_off = 300 * math.exp(-(5.5**2) / 2) / (2 * math.pi * 0.15**2) if kernel == "gaussian" else 0
    np.testing.assert_allclose(ours.density_per_km2, theirs, rtol=1e-9, atol=1e-9 + cut_off)


@pytest.mark.parametrize("is_weighted", [False, True])
def test_the_gaussian_agrees_with_scipy(make_incidents: MakeIncidents, is_weighted: bool) -> None:
    """scipy's bandwidth is a factor of the spread: give the incidents a spread of 300 m in every direction first."""
    rng = np.random.default_rng(6)
    points, weight = rng.normal(size=(400, 2)), rng.uniform(0, 3, 400)
    weights = weight if is_weighted else None
    spread = np.linalg.cholesky(np.cov(points.T, aweights=weights))
    points = points @ np.linalg.inv(spread).T * 300 + (531_000, 181_000)
    oracle = stats.gaussian_kde(points.T, weights=weights, bw_method=100 / 300)
    theirs = oracle(centres(GRID).T).reshape(GRID.shape) * (weight.sum() if is_weighted else 400) * 1e6
    ours = estimate_density(
        make_incidents(*points.T), grid=GRID, bandwidth_m=100, kernel="gaussian", incident_weights=weights
    )
    np.testing.assert_allclose(ours.density_per_km2, theirs, rtol=1e-6, atol=theirs.max() * 1e-6)


placed = st.lists(
    st.tuples(st.integers(529_500, 532_500), st.integers(179_500, 182_500), st.integers(0, 3), st.integers(50, 400)),
    min_size=1,
    max_size=10,
)


@given(placed=placed, kernel=st.sampled_from(get_args(Kernel)), seed=st.integers(0, 99))
@settings(max_examples=50)
@pytest.mark.slow
def test_what_must_not_matter_does_not(
    make_incidents: MakeIncidents, placed: list[tuple[int, int, int, int]], kernel: Kernel, seed: int
) -> None:
    """The order of rows; whole cells of shift; a weight of n instead of n rows; one bandwidth given once or to each."""
    east, north, times, widths = (np.array(column) for column in zip(*placed, strict=True))
    h = 60.0 if kernel == "gaussian" else 210.0

    def estimate(e: Any, n: Any, grid: Grid = GRID, bandwidth_m: Any = h, weight: Any = None) -> np.ndarray:
        return estimate_density(
            make_incidents(e, n), grid=grid, bandwidth_m=bandwidth_m, kernel=kernel, incident_weights=weight
        ).density_per_km2

    plain = estimate(east, north, weight=times)
    shuffled = np.random.default_rng(seed).permutation(len(east))
    shifted = dataclasses.replace(GRID, easting_min=GRID.easting_min + 150, northing_min=GRID.northing_min - 100)
    rows = np.repeat(np.arange(len(east)), times)
    assert_same = functools.partial(np.testing.assert_allclose, rtol=1e-9, atol=1e-9)
    assert_same(estimate(east[shuffled], north[shuffled], weight=times[shuffled]), plain)
    assert_same(estimate(east + 150, north - 100, grid=shifted, weight=times), plain)
    assert_same(estimate(east[rows], north[rows]), plain)
    assert_same(estimate(east, north, bandwidth_m=np.full(len(east), h), weight=times), plain)
    # bandwidths that differ: the sum of as many surfaces
    alone = [estimate(east[[i]], north[[i]], bandwidth_m=float(widths[i]), weight=times[[i]]) for i in range(len(east))]
    adaptive = estimate(east, north, bandwidth_m=widths, weight=times)
    assert_same(adaptive, np.sum(alone, axis=0))


def test_incidents_of_one_place_may_have_bandwidths_of_their_own(make_incidents: MakeIncidents) -> None:
    widths, weights = [100, 200, 600, 600, 600], [1, 2, 3, 1, 1]
    incidents = make_incidents([531_025.0] * 5, [181_025.0] * 5)
    surface = estimate_density(incidents, grid=GRID, bandwidth_m=widths, incident_weights=weights)
    row, column = (int(i[0]) for i in GRID.locate(np.array([531_025.0]), np.array([181_025.0])))
    peak = 3 / math.pi * (1 / 0.1**2 + 2 / 0.2**2 + 5 / 0.6**2)
    assert surface.density_per_km2[row, column] == pytest.approx(peak)
    assert (surface.bandwidth_m, surface.is_adaptive, surface.weight_sum) == (600, True, 8)
    assert surface.is_weighted
    plain = estimate_density(incidents, grid=GRID)
    assert not plain.is_weighted
    assert (plain.bandwidth_m, plain.is_adaptive, plain.weight_sum, plain.is_edge_corrected) == (
        300,
        False,
        None,
        False,
    )


# --- the edge of the study area


def test_at_a_straight_edge_half_of_the_kernel_is_made_up_for(make_incidents: MakeIncidents) -> None:
    """Half a plane: a cell whose centre is half a cell inside keeps half a kernel and half its middle column."""
    half = shapely.box(531_000, 170_000, 560_000, 190_000)
    incidents = make_incidents([531_025.0, 530_975.0], [181_025.0, 181_025.0])
    surface = estimate_density(incidents, grid=GRID, bandwidth_m=300, kernel="uniform", study_area=half)
    row, column = (int(i[0]) for i in GRID.locate(np.array([531_025.0]), np.array([181_025.0])))
    offsets = np.arange(-6, 7)
    disc = offsets[:, None] ** 2 + offsets[None, :] ** 2 < 36
    share = disc[:, 6:].sum() / disc.sum()
    assert 0.5 < share < 0.6
    assert surface.density_per_km2[row, column] == pytest.approx(1 / (math.pi * 0.3**2) / share)
    assert (surface.density_per_km2[:, :column] == 0).all()
    assert (surface.n_incidents, surface.n_outside, surface.is_edge_corrected) == (1, 1, True)
    assert surface.is_inside is not None
    assert surface.is_inside[:, column:].all()
    assert not surface.is_inside[:, :column].any()


@pytest.mark.parametrize("kernel", ["quartic", "gaussian"])
def test_an_even_spread_stays_even_up_to_the_edge(make_incidents: MakeIncidents, kernel: Kernel) -> None:
    """A fine lattice of incidents, 400 per km²: no chance in it, so what differs from 400 is bias."""
    spots = np.arange(25, 2000, 50.0)
    east, north = np.meshgrid(530_000 + spots, 180_000 + spots)
    incidents = make_incidents(east.ravel(), north.ravel())
    h = 300 if kernel == "quartic" else 108
    inside = estimate_density(incidents, grid=GRID, bandwidth_m=h, kernel=kernel, study_area=SQUARE)
    even = inside.density_per_km2[inside.is_inside]
    assert even.max() - even.min() < 1e-6
    assert even.mean() == pytest.approx(400, rel=1e-3)  # as near as a sum over cells comes to the integral
    without = estimate_density(incidents, grid=GRID, bandwidth_m=h, kernel=kernel)
    assert without.density_per_km2[inside.is_inside].min() < 150  # a quarter of 400 and a little, in the corners


def test_it_is_unbiased_near_the_edge_of_any_shape(make_incidents: MakeIncidents) -> None:
    """One incident at random in each square of 10 m: even, and hardly any chance in it."""
    corner = np.arange(0, 2500, 10.0)
    points = np.stack(np.meshgrid(530_000 + corner, 180_000 + corner), axis=-1).reshape(-1, 2)
    points += np.random.default_rng(7).uniform(0, 10, points.shape)
    area = shapely.union(shapely.Point(531_000, 181_000).buffer(900), shapely.box(531_500, 180_900, 532_400, 181_300))
    surface = estimate_density(make_incidents(*points.T), grid=GRID, study_area=area)
    east, north = centres(GRID).T
    is_edge = shapely.contains_xy(area, east, north) & ~shapely.contains_xy(area.buffer(-100), east, north)
    assert surface.density_per_km2.ravel()[is_edge].mean() == pytest.approx(10_000, rel=0.01)
    assert surface.integral == pytest.approx(surface.n_incidents, rel=0.005)
    assert surface.n_incidents + surface.n_outside == len(points)
    inside = points[shapely.contains_xy(area, *points.T)]
    uncorrected = estimate_density(make_incidents(*inside.T), grid=GRID)
    assert uncorrected.density_per_km2.ravel()[is_edge].mean() < 7_000


def test_the_edge_of_the_grid_is_not_the_edge_of_the_study_area(make_incidents: MakeIncidents) -> None:
    rng = np.random.default_rng(8)
    incidents = make_incidents(rng.uniform(530_000, 532_000, 200), rng.uniform(180_000, 182_000, 200))
    part = Grid(easting_min=530_500, northing_min=180_500, cell_size_m=50, n_rows=10, n_columns=12)
    whole = estimate_density(incidents, grid=GRID, study_area=SQUARE).density_per_km2
    row, column = (int(i[0]) for i in GRID.locate(np.array([530_525.0]), np.array([180_525.0])))
    np.testing.assert_allclose(
        estimate_density(incidents, grid=part, study_area=SQUARE).density_per_km2,
        whole[row : row + 10, column : column + 12],
        rtol=1e-9,
    )


def test_a_sliver_of_the_study_area_does_not_blow_up(make_incidents: MakeIncidents) -> None:
    """A strip a metre wide through one cell's centre holds 0.8% of a kernel: it counts as 5%."""
    speck = shapely.box(531_024.5, 181_024.5, 531_025.5, 181_025.5)
    incidents = make_incidents([531_025.0], [181_025.0])
    surface = estimate_density(incidents, grid=GRID, study_area=speck)
    assert surface.density_per_km2.max() == pytest.approx(3 / (math.pi * 0.3**2) / 0.05)
    assert np.count_nonzero(surface.density_per_km2) == 1


# --- relative density


def test_the_ratio_of_a_table_and_itself_is_one(make_incidents: MakeIncidents) -> None:
    rng = np.random.default_rng(9)
    incidents = make_incidents(rng.uniform(530_000, 532_000, 500), rng.uniform(180_000, 182_000, 500))

    def compare(comparison: Comparison, **options: Any) -> np.ndarray:
        return estimate_relative_density(
            incidents, incidents, grid=GRID, comparison=comparison, min_expected=0, **options
        ).values

    ratio = compare("ratio")
    assert np.nanmin(ratio) == np.nanmax(ratio) == 1
    assert np.nanmax(np.abs(compare("log-ratio", reference_weights=np.full(500, 2.0)) + math.log(2))) < 1e-12
    assert (compare("difference") == 0).all()
    np.testing.assert_array_equal(compare("sum"), 2 * estimate_density(incidents, grid=GRID).density_per_km2)


def test_a_ratio_over_nothing_is_missing_and_counted(make_incidents: MakeIncidents) -> None:
    """One incident and 10 residents on a cell centre, 1 resident and no incident a kilometre to the east."""
    incidents = make_incidents([530_525.0], [181_025.0])
    reference = make_incidents([530_525.0, 531_525.0], [181_025.0, 181_025.0])
    options: dict[str, Any] = {"grid": GRID, "reference_weights": [10, 1]}
    reached = int((estimate_density(incidents, grid=GRID).density_per_km2 > 0).sum())
    n_cells = GRID.n_rows * GRID.n_columns

    ratio = estimate_relative_density(incidents, reference, min_expected=0, **options)
    np.testing.assert_allclose(np.unique(ratio.values[np.isfinite(ratio.values)].round(12)), [0, 0.1])
    assert ratio.n_without_reference == n_cells - 2 * reached == int(np.isnan(ratio.values).sum())
    assert (ratio.n_below_floor, ratio.n_without_incidents) == (0, 0)

    logarithm = estimate_relative_density(incidents, reference, min_expected=0, comparison="log-ratio", **options)
    assert logarithm.n_without_incidents == reached
    np.testing.assert_allclose(logarithm.values[np.isfinite(logarithm.values)], math.log(0.1))

    # Expected at the centre of the ten: density 10 x 3 / pi h^2, per resident 1 / 11, over 5 pi h^2 / 9: 10/11 x 5/3.
    floored = estimate_relative_density(incidents, reference, min_expected=10 / 11 * 5 / 3 - 1e-9, **options)
    assert int(np.isfinite(floored.values).sum()) == 1
    assert floored.n_below_floor == 2 * reached - 1
    too_high = estimate_relative_density(incidents, reference, min_expected=10 / 11 * 5 / 3 + 1e-9, **options)
    assert np.isnan(too_high.values).all()


def test_a_comparison_stays_inside_the_study_area(make_incidents: MakeIncidents) -> None:
    rng = np.random.default_rng(10)
    incidents = make_incidents(rng.uniform(529_500, 532_500, 500), rng.uniform(179_500, 182_500, 500))
    weight = np.where(shapely.intersects_xy(SQUARE, shapely.get_coordinates(incidents.geometry.array)), 1.0, 1e9)
    for comparison in get_args(Comparison):
        result = estimate_relative_density(
            incidents, incidents, grid=GRID, comparison=comparison, reference_weights=weight, study_area=SQUARE
        )
        np.testing.assert_array_equal(np.isfinite(result.values), result.incidents.is_inside)
        assert result.n_without_reference == result.n_below_floor == result.n_without_incidents == 0


# --- numbers that somebody else published


def read_points(path: Path) -> gpd.GeoDataFrame:
    table = pd.read_csv(path).rename(columns={"longitude": "lon", "latitude": "lat"})
    return gpd.GeoDataFrame(table, geometry=gpd.points_from_xy(table["lon"], table["lat"]), crs=4326).to_crs(32615)


def lay_cells(points: gpd.GeoDataFrame, size: float) -> tuple[Grid, Cells]:
    """The cells over the convex hull of points, buffered by half a cell: a full grid, and those that meet the hull."""
    area = points.geometry.union_all().convex_hull.buffer(size / 2, quad_segs=30)
    west, south, east, north = area.bounds
    n_rows, n_columns = math.ceil((north - south) / size), math.ceil((east - west) / size)
    grid = Grid(easting_min=west, northing_min=south, cell_size_m=size, n_rows=n_rows, n_columns=n_columns)
    return grid, make_cells(area, cell_size_m=size, origin=(west, south))


def at_first_cells(values: np.ndarray, grid: Grid, cells: Cells) -> np.ndarray:
    first: np.ndarray = values[grid.locate(cells.easting[:10], cells.northing[:10])]
    return first


def test_sfhotspots_density_of_memphis(real_data: Path) -> None:
    """It sums (1 - u²)² without the constant; printed to three digits, so compared to half of the last."""
    robberies = read_points(real_data / "reference" / "memphis_robberies_jan.csv")
    assert len(lay_cells(robberies, 500)[1]) == 2715
    grid, cells = lay_cells(robberies, 200)
    assert len(cells) == 16133
    surface = estimate_density(robberies, grid=grid, bandwidth_m=1000)
    unscaled = at_first_cells(surface.density_per_km2, grid, cells) * math.pi / 3
    published = [0.0658, 0.315, 0.618, 0.867, 1.00, 0.997, 0.821, 0.518, 0.208, 0.183]
    np.testing.assert_allclose(unscaled, published, rtol=5.1e-3)


def test_sfhotspots_risk_of_memphis(real_data: Path) -> None:
    """Its ratio is of unscaled sums, so ours times the square of the bandwidths' ratio."""
    robberies = read_points(real_data / "timestamped" / "memphis_robberies.csv")
    residents = read_points(real_data / "reference" / "memphis_population.csv")
    grid, cells = lay_cells(robberies, 500)
    assert len(cells) == 3302

    def choose(points: gpd.GeoDataFrame) -> float:
        """The bandwidth it chooses: 4 x Venables and Ripley's rule of thumb, of the eastings alone."""
        east = points.geometry.x.to_numpy()
        low, high = np.quantile(east, [0.25, 0.75])
        return float(4 * 1.06 * min(east.std(ddof=1), (high - low) / 1.34) * len(east) ** -0.2)

    h, reference_h = choose(robberies), choose(residents)
    assert (round(h), round(reference_h)) == (5592, 5175)
    risk = estimate_relative_density(
        robberies,
        residents,
        grid=grid,
        bandwidth_m=h,
        reference_bandwidth_m=reference_h,
        reference_weights=residents["population"],
    )
    unscaled = at_first_cells(risk.values, grid, cells) * (h / reference_h) ** 2
    published = [0.00228, 0.00214, 0.00203, 0.00194, 0.00188, 0.00185, 0.00184, 0.00185, 0.00188, 0.00195]
    np.testing.assert_allclose(unscaled, published, atol=5.1e-6)


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
        estimate_density(incidents.set_crs(4326, allow_override=True), grid=GRID)
    with pytest.raises(ParameterError, match=r"one for all or one for each .*shape \(2,\) was given for 1 incidents"):
        estimate_density(incidents, grid=GRID, bandwidth_m=[300, 300])
    with pytest.raises(ParameterError, match="bandwidth must be above 0 m, not nan"):
        estimate_density(incidents, grid=GRID, bandwidth_m=[math.nan])
    with pytest.raises(ParameterError, match="at least a cell, .*; 20 m is less than 50 m"):
        estimate_density(incidents, grid=GRID, bandwidth_m=[20])
    with pytest.raises(
        ParameterError, match=r"Each incident needs one weight; an array of shape \(2,\) .* for 1 incidents"
    ):
        estimate_density(incidents, grid=GRID, incident_weights=[1, 2])
    for bad in (-1.0, math.nan, math.inf):
        with pytest.raises(ParameterError, match=rf"0 or more; 1 are not, the first of them {bad} \(incident 1\)"):
            estimate_density(incidents, grid=GRID, incident_weights=[bad])
    with pytest.raises(ParameterError, match="must hold the centre of at least one cell; .* a cell of 50 m"):
        estimate_density(incidents, grid=GRID, study_area=shapely.box(531_001, 181_001, 531_009, 181_009))
    with pytest.raises(ParameterError, match="edge correction needs one bandwidth .* Give one, or leave out"):
        estimate_density(incidents, grid=GRID, bandwidth_m=[300], study_area=SQUARE)


def test_comparisons_that_cannot_be_are_refused(make_incidents: MakeIncidents) -> None:
    incidents = make_incidents([531_025.0], [181_025.0])
    with pytest.raises(ParameterError, match='No comparison called "odds". Choose one of: ratio, log-ratio'):
        estimate_relative_density(incidents, incidents, grid=GRID, comparison="odds")  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="number of incidents expected must be 0 or more, not -1"):
        estimate_relative_density(incidents, incidents, grid=GRID, min_expected=-1)
    with pytest.raises(TooLittleDataError, match="needs a reference; none of the 1 points given counts"):
        estimate_relative_density(incidents, incidents, grid=GRID, reference_weights=[0])
    with pytest.raises(TooLittleDataError, match="none of the 0 points given counts"):
        estimate_relative_density(incidents, incidents[:0], grid=GRID)
    with pytest.raises(DataError, match="need one CRS; the incidents are in .*, the reference in"):
        estimate_relative_density(incidents, incidents.set_crs(32630, allow_override=True), grid=GRID)

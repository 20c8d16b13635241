from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from support import MakeIncidents

from hotspots.analysis.surfaces.contours import draw_contours, find_smallest_areas
from hotspots.analysis.surfaces.density import DensitySurface, estimate_density
from hotspots.errors import DataError, ParameterError, TooLittleDataError
from hotspots.geography.grid import Grid


def lay(density: object, cell_size_m: float = 100) -> DensitySurface:
    """A surface of given densities, the first row the southernmost."""
    values = np.array(density, dtype=np.float64)
    grid = Grid(
        easting_min=530_000,
        northing_min=180_000,
        cell_size_m=cell_size_m,
        n_rows=values.shape[0],
        n_columns=values.shape[1],
    )
    return DensitySurface(grid=grid, density_per_km2=values, kernel="quartic", bandwidth_m=300, n_incidents=1)


def find_centres(grid: Grid) -> tuple[np.ndarray, np.ndarray]:
    east = grid.easting_min + (np.arange(grid.n_columns) + 0.5) * grid.cell_size_m
    north = grid.northing_min + (np.arange(grid.n_rows) + 0.5) * grid.cell_size_m
    return np.broadcast_to(east[None, :], grid.shape), np.broadcast_to(north[:, None], grid.shape)


def test_the_smallest_areas_by_hand(make_incidents: MakeIncidents) -> None:
    """Densities of 4, 3, 2 and 1 in a row: 40% in one cell, 70% in two, 90% in three."""
    surface = lay([[3, 4, 1, 2, 0]])
    # two incidents in the second cell, one in the fourth, one on no cell
    incidents = make_incidents([530_150.0, 530_150.0, 530_350.0, 539_000.0], [180_050.0] * 4)
    areas = find_smallest_areas(surface, incidents, shares=(0.4, 0.41, 0.7, 0.9, 1.0))
    assert [area.n_cells for area in areas] == [1, 2, 2, 3, 4]
    assert [area.density_share for area in areas] == pytest.approx([0.4, 0.7, 0.7, 0.9, 1])
    assert [area.level_per_km2 for area in areas] == [3.5, 2.5, 2.5, 1.5, 0.5]
    assert [area.n_incidents for area in areas] == [2, 2, 2, 3, 3]
    assert [area.incident_share for area in areas] == [0.5, 0.5, 0.5, 0.75, 0.75]
    assert [area.area_km2 for area in areas] == pytest.approx([0.01, 0.02, 0.02, 0.03, 0.04])
    assert [area.area_share for area in areas] == pytest.approx([0.2, 0.4, 0.4, 0.6, 0.8])
    assert [area.share for area in areas] == [0.4, 0.41, 0.7, 0.9, 1.0]
    # half of the four incidents lie in one cell of five, three quarters in two, and one lies in none
    fullest = [area.fullest_cells_share for area in areas]
    assert fullest[:3] == pytest.approx([0.2, 0.2, 0.4])
    assert np.isnan(fullest[3:]).all()
    assert areas[2].is_taken.tolist() == [[True, True, False, False, False]]


def test_equal_cells_are_taken_together(make_incidents: MakeIncidents) -> None:
    incidents = make_incidents([530_050.0], [180_050.0])
    area = find_smallest_areas(lay([[2, 2 * (1 + 1e-15), 2], [1, 0, 0]]), incidents, shares=(0.2,))[0]
    assert (area.n_cells, area.level_per_km2) == (3, 1.5)
    even = find_smallest_areas(lay([[1, 1], [1, 1]]), incidents, shares=(0.5,))[0]
    assert (even.n_cells, even.density_share, even.area_share) == (4, 1, 1)


def test_only_the_study_area_counts(make_incidents: MakeIncidents) -> None:
    surface = lay([[8, 4, 2, 2]])
    incidents = make_incidents([530_050.0, 530_150.0], [180_050.0, 180_050.0])
    east = shapely.box(530_100, 180_000, 530_400, 180_100)
    area = find_smallest_areas(surface, incidents, shares=(0.5,), study_area=east)[0]
    assert area.is_taken.tolist() == [[False, True, False, False]]
    assert area.area_share == pytest.approx(1 / 3)
    assert area.incident_share == 0.5  # all incidents given are in the denominator
    # the same where the surface ends there
    own = estimate_density(incidents, grid=surface.grid, bandwidth_m=100, study_area=east)
    assert find_smallest_areas(own, incidents, shares=(1,))[0].area_share <= 1
    assert not find_smallest_areas(own, incidents, shares=(1,))[0].is_taken[0, 0]


densities = hnp.arrays(
    np.float64,
    hnp.array_shapes(min_dims=2, max_dims=2, max_side=9),
    elements=st.one_of(st.integers(0, 3), st.floats(0.01, 10)),
).filter(lambda values: values.max() > 0)


@given(values=densities, share=st.floats(0.05, 1))
@settings(max_examples=150)
def test_outlines_hold_the_centres_of_their_cells_and_no_others(
    make_incidents: MakeIncidents, values: np.ndarray, share: float
) -> None:
    surface = lay(values)
    area = find_smallest_areas(surface, make_incidents([530_050.0], [180_050.0]), shares=(share,))[0]
    assert area.outline.is_valid
    assert area.outline.geom_type == "MultiPolygon"
    np.testing.assert_array_equal(shapely.contains_xy(area.outline, *find_centres(surface.grid)), area.is_taken)
    assert shapely.box(*surface.grid.bounds).buffer(1e-6).contains(area.outline)
    # no smaller set of cells holds as much
    assert area.density_share >= share - 1e-9
    rest = np.sort(values[area.is_taken])[1:].sum() / values.sum()
    is_tied = np.count_nonzero(np.isclose(values, values[area.is_taken].min(), rtol=1e-8)) > 1
    assert rest < share or is_tied


def test_a_smooth_surface_is_outlined_in_circles(make_incidents: MakeIncidents) -> None:
    """A gaussian: a share p lies within r² = -2 s² ln(1 - p), where the density is (1 - p) of the peak."""
    grid = Grid.covering((530_000, 180_000, 532_000, 182_000), cell_size_m=10)
    incidents = make_incidents([531_000.0], [181_000.0])
    surface = estimate_density(incidents, grid=grid, bandwidth_m=150, kernel="gaussian")
    peak = 1e6 / (2 * np.pi * 150**2)
    for area in find_smallest_areas(surface, incidents):
        true_km2 = -2 * np.pi * 0.15**2 * np.log(1 - area.share)
        assert area.area_km2 == pytest.approx(true_km2, rel=0.02)
        assert area.outline.area / 1e6 == pytest.approx(true_km2, rel=0.02)
        assert area.level_per_km2 == pytest.approx(peak * (1 - area.share), rel=0.02)
        assert area.density_share == pytest.approx(area.share, abs=0.01)
        assert area.incident_share == 1
    half = draw_contours(surface, levels_per_km2=[peak / 2])[0]
    assert len(half.geoms) == 1
    radius = np.hypot(*(shapely.get_coordinates(half) - (531_000, 181_000)).T)
    np.testing.assert_allclose(radius, 150 * np.sqrt(2 * np.log(2)), rtol=2e-3)


def test_contours_lie_where_the_density_is_interpolated() -> None:
    """One cell of 4 among nothing: at 1 the line passes three quarters of the way to the neighbours' centres."""
    outline = draw_contours(lay([[0, 0, 0], [0, 4, 0], [0, 0, 0]]), levels_per_km2=[1, 4, 5])
    assert outline[0].bounds == pytest.approx((530_075, 180_075, 530_225, 180_225))
    assert outline[1].is_empty  # nowhere above 4
    assert outline[2].is_empty


def test_holes_stay_holes() -> None:
    ring = np.ones((5, 5))
    ring[2, 2] = 0
    outline = draw_contours(lay(ring), levels_per_km2=[0.5])[0]
    assert len(outline.geoms) == 1
    assert len(outline.geoms[0].interiors) == 1
    assert not shapely.contains_xy(outline, 530_250, 180_250)


def test_what_cannot_be_drawn_is_refused(make_incidents: MakeIncidents) -> None:
    surface = lay([[1, 2]])
    incidents = make_incidents([530_050.0], [180_050.0])
    for bad in (0, 1.5, float("nan")):
        with pytest.raises(ParameterError, match=f"Shares must be above 0 and at most 1, not {bad:g}. 0.5 is half"):
            find_smallest_areas(surface, incidents, shares=(0.5, bad))
    with pytest.raises(TooLittleDataError, match="there are 0 incidents, and 2 cells of the study area have a density"):
        find_smallest_areas(surface, incidents[:0])
    with pytest.raises(TooLittleDataError, match="there are 1 incidents, and 0 cells"):
        find_smallest_areas(lay([[0, 0]]), incidents)
    with pytest.raises(DataError, match="the incidents are in WGS 84"):
        find_smallest_areas(surface, incidents.set_crs(4326, allow_override=True))
    for level in (0, -1, float("inf")):
        with pytest.raises(ParameterError, match=f"at densities above 0 per km², not {level:g}. At 0 they would"):
            draw_contours(surface, levels_per_km2=[1, level])

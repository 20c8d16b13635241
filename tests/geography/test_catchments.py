from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import shapely
from support import MakeIncidents

from hotspots.geography.catchments import measure_catchments
from hotspots.geography.cells import make_cells
from hotspots.geography.points import collapse_points

AREA = shapely.box(0, 0, 1000, 500)
CELLS = make_cells(AREA, cell_size_m=50)


def test_a_point_stands_for_what_is_nearer_to_it_than_to_any_other(make_incidents: MakeIncidents) -> None:
    """The middle between 100 m and 500 m is 300 m, whatever was recorded how often; a point outside counts for none."""
    incidents = make_incidents([100.0] * 7, [250.0] * 7, location_precision="anonymised")
    others = make_incidents([500.0, 100.0, 5000.0], [250.0] * 3, location_precision="anonymised")
    found = measure_catchments(incidents, others, cells=CELLS)
    assert found is not None
    assert found.points.easting.tolist() == [100, 500]
    assert found.points.n_incidents.tolist() == [8, 1]
    again = measure_catchments(incidents, collapse_points(others), cells=CELLS)
    assert again is not None
    assert again.share.tolist() == found.share.tolist()
    assert found.share.tolist() == pytest.approx([0.3, 0.7])
    assert found.sum_within([shapely.box(50, 200, 150, 300)]) == pytest.approx(0.3)
    assert found.sum_within([shapely.box(0, 0, 600, 500), shapely.box(50, 200, 150, 300)]) == pytest.approx(1)
    assert found.sum_within([]) == 0
    by_cell = found.sum_by_cell(CELLS)
    assert by_cell.sum() == pytest.approx(1)
    assert by_cell[CELLS.locate(np.array([500.0]), np.array([250.0]))] == pytest.approx(0.7)


def test_catchments_are_of_shared_points_of_all_crime_and_of_nothing_else(make_incidents: MakeIncidents) -> None:
    shared = make_incidents([100.0, 200.0], [250.0] * 2, location_precision="anonymised")
    exact = make_incidents([100.0, 200.0, 300.0], [250.0] * 3, location_precision="point")
    assert measure_catchments(exact, shared, cells=CELLS) is None
    assert measure_catchments(shared, None, cells=CELLS) is None
    assert measure_catchments(shared, shared.iloc[:0], cells=CELLS) is None
    mostly = pd.concat([shared, exact.iloc[:2]])
    assert measure_catchments(mostly, shared, cells=CELLS) is not None

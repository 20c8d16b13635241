from __future__ import annotations

import datetime as dt

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from support import MakeIncidents

from hotspots.analysis.surfaces.cell_records import locate_incidents
from hotspots.errors import DataError
from hotspots.geography.cells import make_cells
from hotspots.geography.points import collapse_points

CELLS = make_cells(shapely.box(0, 0, 100, 100), cell_size_m=50)
DAY_ONE = dt.date(2025, 12, 30)

rows = st.lists(
    st.tuples(st.integers(-30, 130), st.integers(-30, 130), st.none() | st.integers(0, 5), st.booleans()), max_size=20
)


@given(rows, st.integers(-1, 6), st.integers(-1, 6))
@settings(max_examples=40)
def test_records_of_any_days_are_counted_as_row_by_row(
    made: list[tuple[int, int, int | None, bool]], first: int, last: int
) -> None:
    """Both days included; who lies in no cell or has no day counts in none, and the end may be before the start."""
    days = [None if day is None else pd.Timestamp(DAY_ONE) + pd.Timedelta(days=day, hours=23) for *_, day, _ in made]
    incidents = gpd.GeoDataFrame(
        {
            "started_at": pd.Series(days, dtype="datetime64[s]"),
            "time_precision": pd.Series(["month" if is_month else "minute" for *_, is_month in made], dtype="object"),
        },
        geometry=gpd.points_from_xy([row[0] for row in made], [row[1] for row in made]),
        crs=27700,
    )
    records = locate_incidents(incidents, CELLS)
    start, end = DAY_ONE + dt.timedelta(days=first), DAY_ONE + dt.timedelta(days=last)
    for kept in (records.between(start, end), records.between(np.datetime64(start), np.datetime64(end))):
        picked = [row for row in made if row[2] is not None and first <= row[2] <= last]
        expected = [0.0] * len(CELLS)
        for x, y, *_ in picked:
            if 0 <= x < 100 and 0 <= y < 100:
                expected[x // 50 + 2 * (y // 50)] += 1
        assert kept.count().tolist() == expected
        assert len(kept) == len(picked)
        assert kept.is_month.tolist() == [is_month for *_, is_month in picked]
    assert len(records) == len(made)


def test_places_that_are_known_are_not_read_again_and_say_the_same() -> None:
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy([60, 10, 60, 500], [10, 10, 10, 10]), crs=27700)
    places = collapse_points(points)
    assert locate_incidents(points, CELLS).cell.tolist() == [1, 0, 1, -1]
    assert locate_incidents(points, CELLS, places=places).cell.tolist() == [1, 0, 1, -1]


def test_what_a_table_does_not_say_is_missing() -> None:
    """Without times there are no days, and without a precision no row is of a month."""
    points = gpd.GeoDataFrame(geometry=[shapely.Point(10, 10), None, shapely.Point(500, 10)], crs=27700)
    records = locate_incidents(points, CELLS)
    assert records.cell.tolist() == [0, -1, -1]
    assert np.isnat(records.day).all()
    assert not records.is_month.any()
    assert records.count().tolist() == [1, 0, 0, 0]
    assert len(records.between(dt.date(1900, 1, 1), dt.date(2100, 1, 1))) == 0
    nobody = locate_incidents(points[:0], CELLS)
    assert (len(nobody), nobody.count().tolist()) == (0, [0, 0, 0, 0])


@pytest.mark.parametrize("dtype", ["object", "category", "string"])
def test_a_missing_precision_is_no_month(make_incidents: MakeIncidents, dtype: str) -> None:
    incidents = make_incidents([10, 10, 10], [10, 10, 10])
    incidents["time_precision"] = pd.Series(["month", None, "day"], index=incidents.index, dtype=dtype)
    records = locate_incidents(incidents, CELLS)
    assert records.is_month.dtype == bool
    assert records.is_month.tolist() == [True, False, False]


def test_polygons_are_no_incidents() -> None:
    with pytest.raises(DataError, match="Incidents must be points"):
        locate_incidents(gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 9, 9)], crs=27700), CELLS)

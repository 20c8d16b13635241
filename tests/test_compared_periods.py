"""Two periods on one scale, and change by part of the week: counted again here, one incident at a time."""

from __future__ import annotations

import dataclasses
import datetime as dt

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from scipy import ndimage
from support import AnalyseDemonstration

from hotspots.analysis.hotspots.day_parts import DAY_PARTS
from hotspots.analysis.hours.aoristic import weigh_hours
from hotspots.geography.floor import FLOOR, NO_FLOOR
from hotspots.pipeline.part_changes import compare_parts
from hotspots.pipeline.period_densities import estimate_periods
from hotspots.pipeline.results import Analysis


@pytest.fixture(scope="module")
def robbery(analyse_demonstration: AnalyseDemonstration) -> Analysis:
    return analyse_demonstration("robbery")


def in_window(incidents: gpd.GeoDataFrame, span: tuple[dt.date, dt.date]) -> gpd.GeoDataFrame:
    day = incidents["started_at"].dt.date
    return incidents[(day >= span[0]) & (day <= span[1])]


def test_two_years_are_the_sum_of_both(robbery: Analysis) -> None:
    """The twelve months and the twelve before are all of the period, so their densities add up to its density."""
    like = robbery.places.density
    periods = estimate_periods(robbery.selection, robbery.times.rows, robbery.times.changes, like=like, floor=NO_FLOOR)
    assert [(one.comparison.key, one.comparison.against) for one in periods] == [
        ("r12", "before"), ("12-weeks", "before"), ("4-weeks", "before"),
    ]  # fmt: skip
    both = periods[0].current.density_per_km2 + periods[0].earlier.density_per_km2
    np.testing.assert_allclose(both, like.density_per_km2, atol=1e-9)
    assert [n_days for _, n_days in periods[0].windows] == [365, 365]


def test_each_window_rests_on_the_floor_by_itself(robbery: Analysis) -> None:
    grid = robbery.places.density.grid
    beside = pd.concat([robbery.incidents, robbery.selection.beyond])
    for periods in robbery.periods:
        for (shown, _), span in zip(periods.windows, periods.comparison.windows, strict=True):
            located = in_window(beside, span)
            row, column = grid.locate(located.geometry.x.to_numpy(), located.geometry.y.to_numpy())
            on_grid = (row >= 0) & (row < grid.n_rows) & (column >= 0) & (column < grid.n_columns)
            located, row, column = located[on_grid], row[on_grid], column[on_grid]
            levels = [shown.max_per_km2 * part for part in (0.05, 0.2, 0.5, 0.9)]
            drawn = shown.in_classes(levels)
            for level in [1e-9, *levels]:
                patches, n_patches = ndimage.label(drawn >= level, structure=np.ones((3, 3)))
                for patch in range(1, n_patches + 1):
                    inside = patches[row, column] == patch
                    assert inside.sum() >= FLOOR.min_incidents
                    assert len(located.geometry[inside].drop_duplicates()) >= FLOOR.min_places


def find_part(start: pd.Timestamp, end: pd.Timestamp) -> int | None:
    """The part of the week that more than half of the minutes lie in, minute by minute."""
    n_minutes = 1 if pd.isna(end) or end <= start else int((end - start).total_seconds() // 60)
    minutes = start.weekday() * 1440 + start.hour * 60 + start.minute + np.arange(n_minutes)
    hours = minutes // 60 % 168
    held = [np.isin(hours, part.window.hours).sum() / n_minutes for part in DAY_PARTS]
    return int(np.argmax(held)) if max(held) > 0.5 else None


def test_change_by_part_of_the_week_is_that_of_its_incidents(robbery: Analysis) -> None:
    found = robbery.part_changes
    assert found is not None
    assert found.change is not None
    for column, span in zip(("n_current", "n_earlier"), found.change.comparison.windows, strict=True):
        rows = in_window(robbery.incidents, span)
        rows = rows[rows["time_precision"] == "minute"]
        parts = [find_part(*times) for times in zip(rows["started_at"], rows["ended_at"], strict=True)]
        counted = [parts.count(at) for at in range(len(DAY_PARTS))]
        assert found.change.table[column].tolist() == counted
        assert min(counted) > 50
    assert (found.change.table["p_adjusted"] >= found.change.table["p_value"]).all()


def test_times_that_one_window_lacks_are_no_change(robbery: Analysis) -> None:
    chosen, times = robbery.selection, robbery.times
    blurred = chosen.incidents.copy()
    late = (blurred["started_at"] >= "2025-10-01").to_numpy() & (np.arange(len(blurred)) % 10 == 0)
    blurred.loc[late, "time_precision"] = "day"
    found = compare_parts(
        dataclasses.replace(chosen, incidents=blurred), times.rows, times.changes, hours=weigh_hours(blurred)
    )
    assert found.change is None
    assert found.reason == "The times of more incidents are known in one of the two periods."

"""A run does no more than it did: what is counted is the same on any machine. Its bounds are in `counted_work.toml`."""

from __future__ import annotations

import dataclasses
import tomllib

import pytest

from benchmarks.calls import Work, count_work
from benchmarks.count import find_risen, is_pinned, list_counts, read_bounds, render_bounds

WORK = Work(
    n_modules=100,
    n_modules_of_version=50,
    opens_per_file=1.0,
    bytes_per_byte=2.0,
    calls_per_row=0.5,
    functions={
        "hotspots.analysis.surfaces.shrinkage:measure_loss": 300,
        "hotspots.analysis.surfaces.shrinkage:fit_shrinkage": 10,
        "hotspots.geography.wards:assign_wards": 2,
    },
)


@pytest.mark.slow
@pytest.mark.skipif(not is_pinned(), reason="what is imported and called differs with other versions of packages")
def test_no_work_has_risen_by_more_than_a_tenth() -> None:
    risen = list(find_risen(count_work(), read_bounds()))
    assert risen == [], "If it has to be: python -m benchmarks count --write"


def test_a_tenth_more_is_let_through_and_more_is_not() -> None:
    bounds = list_counts(WORK)
    assert list(find_risen(WORK, bounds)) == []
    assert list(find_risen(dataclasses.replace(WORK, n_modules=110, bytes_per_byte=2.2), bounds)) == []
    assert list(find_risen(dataclasses.replace(WORK, n_modules=111, bytes_per_byte=None), bounds)) == [
        "n_modules: 111, where it was 100"
    ]


def test_calls_are_bound_by_room_and_the_dear_ones_alone() -> None:
    more = {**WORK.functions, "hotspots.geography.wards:assign_wards": 3, "hotspots.harm:weigh_harm": 1}
    assert list(find_risen(dataclasses.replace(WORK, functions=more), list_counts(WORK))) == [
        "hotspots: 1, and no bound",
        "hotspots.geography: 3, where it was 2",
    ]
    assert list_counts(WORK)["functions"]["hotspots.analysis.surfaces.shrinkage:measure_loss"] == 300


def test_what_is_written_is_what_is_read() -> None:
    assert tomllib.loads(render_bounds(WORK)) == list_counts(WORK)

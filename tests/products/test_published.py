"""A large area: what the products leave out, and that they say so."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from hotspots.analysis.surfaces.first_cells import FirstCells
from hotspots.products.summary import published_summary
from hotspots.products.summary.published_summary import (
    PublishedSummary,
    choose_expected_cells,
    choose_tested_cells,
)
from hotspots.products.words.sentences import say


def make_first(within_share: list[float]) -> FirstCells:
    n = len(within_share)
    return FirstCells(
        place=np.arange(1, n + 1),
        within_share=np.array(within_share),
        is_told=np.ones(n, dtype=bool),
        n_withheld=0,
    )


@pytest.mark.parametrize(("limit", "kept"), [(5, 5), (4, 3), (2, 1), (0, 1)])
def test_of_too_many_expected_cells_a_whole_share_is_left_out(
    monkeypatch: pytest.MonkeyPatch, limit: int, kept: int
) -> None:
    """A cut within a share would tell its cells apart."""
    monkeypatch.setattr(published_summary, "MAX_LAYER_CELLS", limit)
    first = make_first([0.01, 0.02, 0.02, 0.05, 0.05, np.nan])
    assert choose_expected_cells(first).tolist() == [True] * kept + [False] * (6 - kept)


@pytest.mark.parametrize(("limit", "kept"), [(4, [1, 1, 1, 1, 0]), (3, [1, 1, 0, 0, 0]), (1, [1, 0, 0, 0, 0])])
def test_of_too_many_tested_cells_those_that_stand_out_are_kept(
    monkeypatch: pytest.MonkeyPatch, limit: int, kept: list[int]
) -> None:
    """Busy, quiet, neither, neither, and one that may not be shown."""
    monkeypatch.setattr(published_summary, "MAX_LAYER_CELLS", limit)
    found = SimpleNamespace(is_hot=np.array([1, 0, 0, 0, 1], bool), is_cold=np.array([0, 1, 0, 0, 0], bool))
    test: Any = SimpleNamespace(is_shown=np.array([1, 1, 1, 1, 0], bool), gi_star=found)
    assert choose_tested_cells(test).tolist() == [bool(one) for one in kept]


def test_what_is_left_out_is_said() -> None:
    whole = PublishedSummary(
        n_hotspots=200,
        n_hotspots_drawn=200,
        n_tested_cells=9,
        n_tested_cells_written=9,
        n_expected_cells=9,
        n_expected_cells_written=9,
        words="",
    )
    assert say("places.left_out", whole) == ""
    large = dataclasses.replace(whole, n_hotspots=1543, n_tested_cells=40_000, n_expected_cells=50_000)
    assert say("places.left_out", large) == (
        "The map draws the first 200 of 1,543 hot spots; hotspots.gpkg and hotspots.csv have all of them. Of the "
        "40,000 cells tested that may be shown, hotspots.gpkg has the 9 that stand out. Of the 50,000 cells where "
        "most is expected, hotspots.gpkg has the first 9; the map draws all of them."
    )

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from hotspots.errors import DataError
from hotspots.geography import mending
from hotspots.geography.mending import count_crossings, mend_outlines

BOW_TIE = shapely.Polygon([(0, 0), (10, 10), (10, 0), (0, 10)])


def make_grid(n: int) -> shapely.Polygon:
    """An outline that runs up and down, and then from side to side: all the lines of one way cross all of the other."""
    along = np.repeat(np.arange(n), 2) * 10.0
    across = np.resize([-5.0, 10.0 * n, 10.0 * n, -5.0], 2 * n)
    up, over = np.column_stack([along, across]), np.column_stack([across + 0.3, along + 3.3])
    return shapely.Polygon(np.concatenate([up, over[::-1]]))


def test_an_outline_that_crosses_itself_keeps_all_of_its_ground() -> None:
    whole = shapely.box(20, 0, 30, 10)
    mended, n_invalid = mend_outlines(np.array([BOW_TIE, whole, None]), label="wards.geojson")
    assert n_invalid == 1
    assert shapely.is_valid(mended[0])
    assert (mended[0].area, mended[1], mended[2]) == (50, whole, None)


def test_crossings_are_counted() -> None:
    assert count_crossings(shapely.box(0, 0, 1, 1), at_most=10) == 0
    assert count_crossings(BOW_TIE, at_most=10) == 1
    assert count_crossings(make_grid(8), at_most=1000) >= 64
    assert count_crossings(shapely.MultiPolygon([BOW_TIE, shapely.box(5, -5, 6, 20)]), at_most=10) == 5
    # two squares that share half of an edge, and one that touches with its corner
    beside = shapely.MultiPolygon([shapely.box(0, 0, 2, 2), shapely.box(2, 1, 4, 3)])
    assert count_crossings(beside, at_most=10) > 0


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=4, max_size=30))
def test_as_many_crossings_are_counted_as_pairs_of_edges_meet(corners: list[tuple[int, int]]) -> None:
    ring = np.array([*corners, corners[0]], dtype=float)
    edges = [(a, b) for a, b in zip(ring[:-1].tolist(), ring[1:].tolist(), strict=True) if a != b]
    meet = sum(
        shapely.intersects(shapely.LineString(one), shapely.LineString(other))
        for at, one in enumerate(edges)
        for other in edges[at + 1 :]
        if not {tuple(end) for end in one} & {tuple(end) for end in other}
    )
    assert count_crossings(shapely.Polygon(ring), at_most=1000) == meet


def test_pairs_are_looked_at_in_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    grid = make_grid(12)
    n_all = count_crossings(grid, at_most=10_000)
    monkeypatch.setattr(mending, "PAIRS_AT_ONCE", 7)
    assert count_crossings(grid, at_most=10_000) == n_all
    assert 20 < count_crossings(grid, at_most=20) < n_all


def test_an_outline_that_crosses_itself_too_often_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the bound itself it is mended; and so tangled that nobody counts, refused too."""
    grid = make_grid(12)
    n_all = count_crossings(grid, at_most=10_000)
    monkeypatch.setattr(mending, "MAX_CROSSINGS", n_all + 1)
    mended, _ = mend_outlines(np.array([BOW_TIE, grid]), label="wards.geojson")
    assert shapely.is_valid(mended).all()
    monkeypatch.setattr(mending, "MAX_CROSSINGS", n_all)
    why = rf"may cross themselves at {n_all} points; those of wards.geojson do so more often, by outline 2 of 2\. Mend"
    with pytest.raises(DataError, match=why):
        mend_outlines(np.array([BOW_TIE, grid]), label="wards.geojson")
    monkeypatch.setattr(mending, "MAX_PAIRS", 10)
    monkeypatch.setattr(mending, "MAX_CROSSINGS", 10_000)
    with pytest.raises(DataError, match="by outline 1 of 1"):
        mend_outlines(np.array([grid]), label="wards.geojson")


def test_the_most_tangled_outline_is_refused_before_anything_is_asked_of_it() -> None:
    """Whether it is valid would take a minute to find out."""
    tangle = shapely.Polygon(np.random.default_rng(0).uniform(0, 1000, (300_000, 2)))
    with pytest.raises(DataError, match="by outline 1 of 1"):
        mend_outlines(np.array([tangle]), label="wards.geojson")

from __future__ import annotations

import itertools
import math
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse, spatial, stats
from support import MakeIncidents

from hotspots.analysis.significance.cell_size import choose_cell_size
from hotspots.analysis.significance.gi_star import measure_gi_star
from hotspots.analysis.significance.permutation import find_tails
from hotspots.errors import DataError, ParameterError
from hotspots.geography.cells import Cells, make_cells
from hotspots.pipeline.study import load_study

Integers = npt.NDArray[np.int64]


def make_grid(n_columns: int, n_rows: int) -> Cells:
    return make_cells(shapely.box(0, 0, 100 * n_columns, 100 * n_rows), cell_size_m=100)


def make_crime(n: int, *, seed: int) -> Integers:
    """Counts as crime has them: mostly nothing, a few places with dozens, one with far more than all others."""
    rng = np.random.default_rng(seed)
    counts = np.where(rng.random(n) < 0.3, (rng.pareto(1.2, n) * 2 + 1).astype(np.int64), 0)
    counts[rng.integers(n)] = 3 * counts.max() + 50
    return counts


def within(coordinates: npt.ArrayLike, distance: float) -> sparse.csr_array:
    """Distance band, itself left out."""
    near = spatial.distance.cdist(np.asarray(coordinates), np.asarray(coordinates)) <= distance
    return sparse.csr_array((near & ~np.eye(len(near), dtype=bool)).astype(float))


def enumerate_tails(counts: Integers, neighbours: npt.NDArray[Any]) -> tuple[list[float], list[float]]:
    """The definition: every way to deal the counts of the other cells to the other cells."""
    at_least, at_most = [], []
    for cell, beside in enumerate(neighbours):
        others = np.delete(counts, cell)
        dealt = np.array(list(itertools.permutations(others)))
        sums = dealt[:, np.delete(beside, cell) > 0].sum(axis=1)
        observed = counts[beside > 0].sum()
        at_least.append(float((sums >= observed).mean()))
        at_most.append(float((sums <= observed).mean()))
    return at_least, at_most


# Gi*


SIX_POINTS = [(10, 10), (20, 10), (40, 10), (15, 20), (30, 20), (30, 30)]
SIX_COUNTS = np.array([10, 15, 16, 25, 40, 35])  # five times PySAL's 2, 3, 3.2, 5, 8, 7; z does not depend on the unit


def test_gi_star_of_the_six_points_of_pysal() -> None:
    expected = [-1.39727626, -0.28917762, 0.65064964, -0.28917762, 1.23452088, 2.02424331]
    z = measure_gi_star(SIX_COUNTS, within(SIX_POINTS, 15)).z
    np.testing.assert_allclose(z, expected, atol=1e-8)


def test_the_exact_distribution_has_the_moments_of_gi() -> None:
    """Gi, which leaves the cell itself out, is the neighbours' sum less its mean, over its standard deviation."""
    expected = [-1.0136729, -0.04361589, 1.31558703, -0.31412676, 1.15373986, 1.77833941]
    neighbours = within(SIX_POINTS, 15)
    n_neighbours = neighbours.sum(axis=1).astype(np.int64)
    sums = (neighbours @ SIX_COUNTS).astype(np.int64)
    steps = np.arange(1, SIX_COUNTS.sum() + 1)
    # P(sum >= s) for every s, so that E(S) is their sum and E(S^2) that of (2 s - 1) P(sum >= s).
    tails = np.array([find_tails(SIX_COUNTS, n_drawn=n_neighbours, sums=np.full(6, s))[0] for s in steps])
    # Sums that cannot be observed are not what it is for.
    most = [np.sort(np.delete(SIX_COUNTS, i))[5 - k :].sum() for i, k in enumerate(n_neighbours)]
    tails[steps[:, None] > most] = 0
    mean = tails.sum(axis=0)
    deviation = np.sqrt(((2 * steps - 1)[:, None] * tails).sum(axis=0) - mean**2)
    np.testing.assert_allclose((sums - mean) / deviation, expected, atol=1e-8)


MEMPHIS = {
    "january": ("reference/memphis_robberies_jan.csv", "lon", "lat"),
    "year": ("timestamped/memphis_robberies.csv", "longitude", "latitude"),
}


@pytest.mark.parametrize(
    ("period", "cell_size_m", "n_cells", "first_ten", "n_hot"),
    [
        ("january", 500, 2_715, "-.546 -.598 -.598 .716 .716 .716 -.598 -.598 -.546 .893", (211, 112, 43)),
        ("january", 200, 16_133, "-.243 -.266 -.266 3.20 3.20 3.20 -.266 -.266 -.243 -.243", (1_536, 242, 229)),
        ("year", 500, 3_302, None, (425, 278, 125)),
    ],
)
def test_gi_star_of_memphis_as_sfhotspot_has_it(
    real_data: Path,
    period: str,
    cell_size_m: float,
    n_cells: int,
    first_ten: str | None,
    n_hot: tuple[int, int, int],
) -> None:
    """Cells, z and how many are hot at 5% by the normal distribution: raw, Benjamini-Hochberg, Bonferroni."""
    file, longitude, latitude = MEMPHIS[period]
    table = pd.read_csv(real_data / file)
    points = gpd.GeoSeries(gpd.points_from_xy(table[longitude], table[latitude]), crs=4326).to_crs(32615)
    hull = points.union_all().convex_hull.buffer(cell_size_m / 2, quad_segs=30)
    cells = make_cells(hull, cell_size_m=cell_size_m, origin=hull.bounds[:2])
    assert len(cells) == n_cells
    counts = cells.count(points)
    assert counts.sum() == len(points)
    z = measure_gi_star(counts, cells.neighbours()).z
    if first_ten:
        np.testing.assert_allclose(z[:10], np.array(first_ten.split(), float), atol=0.005)
    else:
        assert z.max() == pytest.approx(15.138, abs=5e-4)
    p = 2 * stats.norm.sf(np.abs(z))
    adjusted = stats.false_discovery_control(p)
    assert tuple(int(((z > 0) & (q < 0.05)).sum()) for q in (p, adjusted, p * n_cells)) == n_hot


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_gi_star_agrees_with_esda() -> None:
    esda, weights = pytest.importorskip("esda"), pytest.importorskip("libpysal.weights")
    for seed in range(3):
        cells = make_grid(13, 9 + seed)
        counts, neighbours = make_crime(len(cells), seed=seed), cells.neighbours()
        lists = {i: neighbours[[i]].indices.tolist() for i in range(len(cells))}
        star = esda.G_Local(
            counts.astype(float), weights.W(lists, silence_warnings=True), star=True, transform="B", permutations=0
        )
        np.testing.assert_allclose(measure_gi_star(counts, neighbours).z, star.Zs, atol=1e-10)


# The exact distribution


@pytest.mark.parametrize(("n_columns", "n_rows"), [(2, 3), (7, 1), (2, 4)])
def test_exact_p_is_that_of_all_permutations(n_columns: int, n_rows: int) -> None:
    neighbours = make_grid(n_columns, n_rows).neighbours()
    rng = np.random.default_rng(n_columns)
    for counts in (rng.integers(0, 4, n_columns * n_rows), make_crime(n_columns * n_rows, seed=n_rows)):
        at_least, at_most = enumerate_tails(counts, neighbours.toarray())
        found = measure_gi_star(counts, neighbours)
        np.testing.assert_allclose(found.p_hot, at_least, atol=1e-12)
        np.testing.assert_allclose(found.p_cold, at_most, atol=1e-12)


@st.composite
def surfaces(draw: st.DrawFn) -> tuple[Integers, sparse.csr_array]:
    """Any counts, and any neighbours: none, all, one-sided."""
    n = draw(st.integers(2, 12))
    counts = draw(st.lists(st.integers(0, 6) | st.integers(0, 300), min_size=n, max_size=n))
    links = np.array(draw(st.lists(st.booleans(), min_size=n * n, max_size=n * n))).reshape(n, n)
    np.fill_diagonal(links, False)
    return np.array(counts), sparse.csr_array(links.astype(float))


@given(surfaces())
def test_exact_p_is_that_of_all_draws(surface: tuple[Integers, sparse.csr_array]) -> None:
    """The same by combinations, since the order of the neighbours does not matter."""
    counts, neighbours = surface
    found = measure_gi_star(counts, neighbours)
    for cell, beside in enumerate(neighbours.toarray() > 0):
        drawn = itertools.combinations(np.delete(counts, cell).tolist(), int(beside.sum()))
        sums, observed = np.array([sum(draw) for draw in drawn]), counts[beside].sum()
        assert found.p_hot[cell] == pytest.approx((sums >= observed).mean(), abs=1e-12)
        assert found.p_cold[cell] == pytest.approx((sums <= observed).mean(), abs=1e-12)
        equal = (sums == observed).mean()
        assert found.p_hot[cell] + found.p_cold[cell] == pytest.approx(1 + equal, abs=1e-12)


@pytest.mark.parametrize("n", [60, 641_044])
def test_of_cells_with_one_or_none_it_is_the_hypergeometric_distribution(n: int) -> None:
    """To ten digits, however improbable."""
    counts = np.zeros(n, dtype=np.int64)
    counts[: n // 20] = 1
    sums, n_drawn = np.arange(n) % 4, np.arange(n) % 5 + 4
    at_least, at_most = find_tails(counts, n_drawn=n_drawn, sums=sums)
    some = np.r_[:30, n - 30 : n]
    urn = (n - 1, n // 20 - counts[some], n_drawn[some])
    np.testing.assert_allclose(at_least[some], stats.hypergeom.sf(sums[some] - 1, *urn), rtol=1e-9)
    np.testing.assert_allclose(at_most[some], stats.hypergeom.cdf(sums[some], *urn), rtol=1e-9)


def test_wide_neighbourhoods_too() -> None:
    """A neighbourhood of most cells is worked out by those outside it, and hundreds of neighbours do not overflow."""
    n = 1_400
    counts = np.zeros(n, dtype=np.int64)
    counts[:300] = 1
    for size in (5, 600, 699, 700, 1_000, 1_399):
        sums = np.full(n, size * 300 // n + 5)
        at_least, at_most = find_tails(counts, n_drawn=np.full(n, size), sums=np.minimum(sums, 300 - counts))
        urn = (n - 1, 300 - counts, size)
        np.testing.assert_allclose(at_least, stats.hypergeom.sf(np.minimum(sums, 300 - counts) - 1, *urn), atol=1e-9)
        np.testing.assert_allclose(at_most, stats.hypergeom.cdf(np.minimum(sums, 300 - counts), *urn), atol=1e-9)


def test_exact_p_is_that_of_many_shuffles() -> None:
    cells = make_grid(12, 10)
    counts, neighbours = make_crime(len(cells), seed=11), cells.neighbours()
    found = measure_gi_star(counts, neighbours)
    rng, n_shuffles = np.random.default_rng(5), 20_000
    for cell in np.argsort(found.p_hot)[[0, 5, 20, 60, 119]]:
        beside = neighbours[[cell]].indices
        others = np.delete(counts, cell)
        sums = np.array([rng.choice(others, len(beside), replace=False).sum() for _ in range(n_shuffles)])
        for p, share in (
            (found.p_hot[cell], (sums >= counts[beside].sum()).mean()),
            (found.p_cold[cell], (sums <= counts[beside].sum()).mean()),
        ):
            assert share == pytest.approx(p, abs=4 * math.sqrt(p * (1 - p) / n_shuffles) + 1e-4)


def test_one_busy_cell_by_hand() -> None:
    """Nine incidents in the corner of 5 by 5 cells: each cell draws 8 of the other 24, or 5 on the edge, or 3."""
    cells = make_grid(5, 5)
    counts = np.zeros(25)
    counts[0] = 9
    found = measure_gi_star(counts, cells.neighbours())
    assert found.p_hot[6] == pytest.approx(8 / 24)  # diagonal to the corner
    assert found.p_hot[1] == pytest.approx(5 / 24)
    assert found.p_hot[0] == 1  # its neighbours hold nothing; its own count is given
    assert found.p_hot[12] == 1
    assert found.p_cold[12] == pytest.approx(16 / 24)
    assert not found.is_hot.any()
    assert found.n_incidents == 9


def test_a_busy_block_is_hot() -> None:
    cells = make_grid(30, 30)
    block = (abs(cells.easting - 1_550) <= 200) & (abs(cells.northing - 1_550) <= 200)
    counts = np.where(block, 10, 0) + np.random.default_rng(3).integers(0, 3, len(cells))
    found = measure_gi_star(counts, cells.neighbours())
    assert found.is_hot[block].all()
    assert not found.is_hot[cells.easting < 1_000].any()
    assert (found.is_hot == (found.p_hot_adjusted <= 0.05)).all()
    assert (found.p_hot_adjusted >= found.p_hot).all()
    hole = measure_gi_star(12 - counts, cells.neighbours())
    assert hole.is_cold[block].all()
    assert not hole.is_hot[block].any()


@given(surfaces(), st.integers(1, 50))
def test_adding_the_same_everywhere_changes_nothing(surface: tuple[Integers, sparse.csr_array], more: int) -> None:
    """Nor does renumbering the cells, beyond renumbering the answers."""
    counts, neighbours = surface
    found, shifted = measure_gi_star(counts, neighbours), measure_gi_star(counts + more, neighbours)
    np.testing.assert_allclose(found.p_hot, shifted.p_hot, atol=1e-12)
    np.testing.assert_allclose(found.p_cold, shifted.p_cold, atol=1e-12)
    np.testing.assert_allclose(found.z, shifted.z, atol=1e-9)
    order = np.arange(len(counts))[::-1]
    turned = measure_gi_star(counts[order], sparse.csr_array(neighbours.toarray()[order][:, order]))
    np.testing.assert_allclose(found.p_hot[order], turned.p_hot, atol=1e-12)
    np.testing.assert_allclose(found.z[order], turned.z, atol=1e-9)


@pytest.mark.slow
def test_where_nothing_is_going_on_nothing_is_called_hot_more_often_than_stated() -> None:
    """In 400 shuffles of counts like crime's; by the normal distribution it happens in nearly all of them."""
    cells = make_grid(20, 20)
    counts, neighbours = make_crime(len(cells), seed=1), cells.neighbours()
    rng, n_shuffles = np.random.default_rng(2), 400
    n_exact = n_normal = 0
    for _ in range(n_shuffles):
        shuffled = rng.permutation(counts)
        found = measure_gi_star(shuffled, neighbours)
        n_exact += bool(found.is_hot.any())
        n_normal += bool((stats.false_discovery_control(stats.norm.sf(found.z)) <= 0.05).any())
    allowed = 0.05 + 3 * math.sqrt(0.05 * 0.95 / n_shuffles)
    assert n_exact / n_shuffles <= allowed
    assert n_normal / n_shuffles > allowed


# Edges


@pytest.mark.filterwarnings("error")
def test_a_constant_surface_is_nowhere_significant() -> None:
    cells = make_grid(6, 5)
    for value in (0, 7):
        found = measure_gi_star(np.full(30, value), cells.neighbours())
        assert np.isnan(found.z).all()
        assert (found.p_hot == 1).all()
        assert (found.p_cold == 1).all()
        assert not found.is_hot.any()


@pytest.mark.filterwarnings("error")
def test_a_cell_without_neighbours_and_one_beside_all_others() -> None:
    links = np.zeros((4, 4))
    links[1, [0, 2, 3]] = 1
    found = measure_gi_star([5, 0, 1, 0], sparse.csr_array(links))
    assert found.p_hot.tolist() == [1, 1, 1, 1]
    assert np.isnan(found.z[1])  # of the whole area no part stands out
    assert found.z[0] == pytest.approx(3.5 / np.std([5, 0, 1, 0]))


def test_inputs_stay_as_they_are() -> None:
    cells = make_grid(4, 4)
    counts, neighbours = make_crime(16, seed=2), cells.neighbours()
    before = counts.copy(), neighbours.toarray()
    measure_gi_star(counts, neighbours)
    np.testing.assert_array_equal(counts, before[0])
    np.testing.assert_array_equal(neighbours.toarray(), before[1])


def test_what_cannot_be_is_refused() -> None:
    counts, neighbours = np.arange(6), make_grid(3, 2).neighbours()
    with pytest.raises(ParameterError, match="1 of 6 are not, the first 2.5 in cell 2. Test the unweighted counts"):
        measure_gi_star([0, 1, 2.5, 3, 4, 5], neighbours)
    with pytest.raises(ParameterError, match="2 of 6 are not, the first -1 in cell 0"):
        measure_gi_star([-1, 1, 2, 3, 4, math.nan], neighbours)
    with pytest.raises(ParameterError, match=r"one number per cell, for two cells or more, not .* \(2, 3\)"):
        measure_gi_star(counts.reshape(2, 3), neighbours)
    with pytest.raises(ParameterError, match="6 by 6 does not fit 5 counts. Give Cells.neighbours"):
        measure_gi_star(counts[:5], neighbours)
    with pytest.raises(ParameterError, match="Neighbours must be binary: 1 or nothing, not 0.5"):
        measure_gi_star(counts, neighbours * 0.5)
    with pytest.raises(ParameterError, match="not be its own neighbour .*; cell 0 is. Set the diagonal to 0"):
        measure_gi_star(counts, sparse.csr_array(np.ones((6, 6))))
    with pytest.raises(ParameterError, match="up to 2 neighbours holding up to 80,000,000.* shorter period"):
        measure_gi_star(counts * 10_000_000, within(np.arange(6)[:, None], 1))


# Cell size


def test_cells_are_twice_the_spacing_of_shared_points(make_incidents: MakeIncidents) -> None:
    """Three incidents at each of 100 points 80 m apart: 160 m, rounded up to 200 m."""
    east, north = (a.ravel() for a in np.meshgrid(np.arange(10) * 80.0, np.arange(10) * 80.0))
    choice = choose_cell_size(make_incidents(np.tile(east, 3), np.tile(north, 3)))
    assert (choice.cell_size_m, choice.is_snapped) == (200, True)
    assert (choice.spacing_m, choice.shared_share) == (80, 1)
    assert choice.reason == (
        "100% of 300 incidents share their place with another, and places are 80 m apart; in cells below twice that, "
        "a busy place would light up the cells around it: 200 m."
    )


@pytest.mark.parametrize(
    ("spacing", "size", "reason"),
    [(10, 100, ": 100 m.$"), (75, 150, ": 150 m.$"), (900, 500, "and it is still narrower.$")],
)
def test_they_stay_within_reason(make_incidents: MakeIncidents, spacing: float, size: float, reason: str) -> None:
    east = np.repeat(np.arange(6) * spacing, 2)
    choice = choose_cell_size(make_incidents(east, np.zeros(12)))
    assert choice.cell_size_m == size
    with pytest.raises(AssertionError, match=reason):
        raise AssertionError(choice.reason)


def test_where_incidents_have_places_of_their_own_cells_are_small(make_incidents: MakeIncidents) -> None:
    rng = np.random.default_rng(8)
    east, north = rng.uniform(0, 50_000, (2, 200))
    east[:30], north[:30] = 1.0, 1.0  # one address again and again is not snapping
    choice = choose_cell_size(make_incidents(east, north))
    assert (choice.cell_size_m, choice.is_snapped) == (100, False)
    assert choice.shared_share == pytest.approx(0.15)
    assert choice.reason.startswith("Only 15% of 200 incidents share their place with another")


def test_robbery_at_the_points_of_police_uk(real_data: Path) -> None:
    """In cells of 50 m most that stand out hold no robbery at all; in those chosen, hardly any.

    By the normal distribution about three times as many cells are significant at 1%.
    """
    study = load_study(
        [real_data / "police_uk" / "lewisham_southwark_12types_2018-02_2019-12.csv.gz"],
        [real_data / "boundaries" / "lewisham_southwark_wards_current_27700.gpkg"],
    )
    robbery = study.intake.incidents.query("category == 'robbery'")
    choice = choose_cell_size(robbery)
    assert choice.is_snapped
    area = study.boundaries.wards.union_all()
    empty_share, ratio = {}, {}
    for size in (50.0, choice.cell_size_m):
        cells = make_cells(area, cell_size_m=size)
        counts = cells.count(robbery)
        found = measure_gi_star(counts, cells.neighbours())
        stands_out = found.p_hot < 0.01
        empty_share[size] = (counts[stands_out] == 0).mean()
        ratio[size] = (stats.norm.sf(found.z) < 0.01).sum() / stands_out.sum()
    assert empty_share[50.0] > 0.5
    assert empty_share[choice.cell_size_m] < 0.1
    assert 2.5 < ratio[50.0] < 3.5


def test_a_cell_size_needs_metres_and_does_without_a_second_place(make_incidents: MakeIncidents) -> None:
    alone = choose_cell_size(make_incidents([1.0] * 3, [1.0] * 3))
    assert (alone.cell_size_m, alone.is_snapped) == (100, True)
    assert "no distance between places is known: 100 m" in alone.reason
    assert choose_cell_size(make_incidents([1.0], [1.0])).is_snapped is False
    with pytest.raises(DataError, match="projected CRS in metres; the incidents are in WGS 84"):
        choose_cell_size(make_incidents([530_000.0, 530_100.0], [180_000.0, 180_000.0]).to_crs(4326))

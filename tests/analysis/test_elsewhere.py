"""Areas laid elsewhere: what is counted can be counted by hand, and chance alone calls nothing an effect too often."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import shapely

from hotspots.analysis.change.elsewhere import ComparedAreas, ElsewhereCounts, count_elsewhere
from hotspots.analysis.change.ratio_scatter import measure_scatter

STUDY_AREA = shapely.box(0, 0, 2000, 2000)
TREATED = shapely.box(900, 900, 1100, 1100)
RING = shapely.difference(shapely.box(850, 850, 1150, 1150), TREATED)
CENTRES = np.arange(10.0, 2000, 20)
LATTICE = np.stack(np.meshgrid(CENTRES, CENTRES), axis=-1).reshape(-1, 2)
"""A place in the middle of every 20 m square."""
IS_TREATED = shapely.contains_xy(TREATED, LATTICE)
N_TREATED = 100

REST = ComparedAreas(
    study_area=STUDY_AREA,
    treated=TREATED,
    control=shapely.difference(STUDY_AREA, TREATED),
    treated_ring=None,
    control_ring=None,
    is_rest=True,
)
WITH_RING = dataclasses.replace(REST, control=shapely.difference(REST.control, RING), treated_ring=RING)
CONTROL = shapely.box(200, 200, 400, 400)
WITH_CONTROL = dataclasses.replace(
    WITH_RING,
    control=CONTROL,
    control_ring=shapely.difference(shapely.box(150, 150, 450, 450), CONTROL),
    is_rest=False,
)


def count(areas: ComparedAreas, counts: npt.ArrayLike, **options: Any) -> ElsewhereCounts:
    return count_elsewhere(areas, LATTICE, np.asarray(counts), **({"n_before": N_TREATED} | options))


def once_each() -> npt.NDArray[np.int64]:
    """One incident before and two after in each place."""
    return np.stack([np.ones(len(LATTICE), dtype=np.int64), np.full(len(LATTICE), 2)])


def test_a_control_is_brought_to_the_area_of_what_it_is_compared_with() -> None:
    """4 km² less 0.04 against 0.04; a control of 1.5 times the side, and a ring of 50 m around it."""

    def divide(areas: ComparedAreas) -> tuple[float, ...]:
        return dataclasses.astuple(areas.size_weights)

    assert divide(REST) == pytest.approx((1, 99, 1, 1))
    assert divide(WITH_RING) == pytest.approx((1, (4 - 0.09) / 0.04, 1, 1))  # nothing is around the control
    control = shapely.box(200, 200, 500, 500)
    ring = shapely.difference(shapely.box(150, 150, 550, 550), control)
    areas = dataclasses.replace(WITH_CONTROL, control=control, control_ring=ring)
    assert divide(areas) == pytest.approx((1, 0.09 / 0.04, 1, (0.16 - 0.09) / (0.09 - 0.04)))


def test_an_even_spread_is_counted_by_area() -> None:
    """Ten places to a side of 200 m, wherever it lies; fewer where a tenth of it or so is beyond the study area."""
    found = count(REST, once_each())
    assert found.untried is None
    assert found.local.shape == (400, 2, 2)
    inside, outside = found.local[:, 0], found.local[:, 1]
    assert np.median(inside[:, 0]) == inside[:, 0].max() == N_TREATED
    assert inside[:, 0].min() >= 0.8 * N_TREATED
    assert (found.local[..., 1] == 2 * found.local[..., 0]).all()
    # the rest is all that is neither treated nor in the area
    assert (inside[:, 0] + outside[:, 0] == len(LATTICE) - N_TREATED).all()


def test_nothing_of_the_treated_area_is_counted() -> None:
    counts = once_each()
    counts[:, IS_TREATED] = 10_000
    even = count(REST, once_each())
    assert (count(REST, counts).local == even.local).all()


def test_area_and_surroundings_together_are_the_sum_of_both() -> None:
    found = count(WITH_RING, once_each(), n_before=N_TREATED)
    assert (found.net[:, 0] == found.local[:, 0] + found.displaced[:, 0]).all()
    # without surroundings of its own the control stands against both
    assert (found.displaced[:, 1] == found.local[:, 1]).all()
    assert (found.net[:, 1] == found.local[:, 1]).all()
    n_ring = int(shapely.contains_xy(RING, LATTICE).sum())
    everything = found.net[..., 0].sum(axis=1)
    assert (everything == len(LATTICE) - N_TREATED - n_ring).all()


def test_a_control_with_surroundings_is_moved_as_well_and_no_place_counts_twice() -> None:
    found = count(WITH_CONTROL, once_each())
    assert found.untried is None
    assert (np.median(found.local[..., 0], axis=0) == N_TREATED).all()
    assert (found.net == found.local + found.displaced).all()
    # a ring of 300 m is 15 places wide, less what of it lies in the other area or its ring
    assert (found.displaced[:, 1, 0] <= 15**2 - N_TREATED).all()


def test_areas_are_chosen_by_what_came_before_and_not_by_what_came_after() -> None:
    """West of the middle nothing happened before: no area that lies there is taken, however much came after."""
    counts = once_each()
    counts[0, LATTICE[:, 0] < 800] = 0
    counts[1, LATTICE[:, 0] < 800] = 9
    found = count(REST, counts)
    before = found.local[:, 0, 0]
    assert ((before >= N_TREATED / 2) & (before <= N_TREATED * 2)).all()
    assert found.local[:, 0, 1].max() <= (2 + 9) * N_TREATED / 2  # at most half of an area lies in the west


def test_the_seed_says_where_and_nothing_else() -> None:
    counts = np.random.default_rng(0).poisson(1, (2, len(LATTICE)))
    first, again, other = (count(REST, counts, seed=seed) for seed in (1, 1, 2))
    assert (first.local == again.local).all()
    assert (first.local != other.local).any()


@pytest.mark.parametrize(
    ("areas", "counts", "options", "untried"),
    [
        (REST, once_each(), {"n_before": 0}, "none before"),
        (dataclasses.replace(REST, treated=shapely.box(0, 0, 500, 500)), once_each(), {}, "area too large"),
        (REST, once_each(), {"confidence": 0.995}, "area too large"),
        (dataclasses.replace(WITH_CONTROL, control=shapely.box(0, 0, 2000, 800)), once_each(), {}, "control too large"),
        (REST, once_each() * IS_TREATED, {}, "too few alike"),
        (REST, once_each(), {"n_before": 5_000}, "too few alike"),
    ],
)
def test_why_nothing_is_counted(
    areas: ComparedAreas, counts: npt.NDArray[np.int64], options: dict[str, Any], untried: str
) -> None:
    found = count(areas, counts, **options)
    assert found.untried == untried
    assert found.local.shape == found.displaced.shape == found.net.shape == (0, 2, 2)


def test_a_study_area_of_100_areas_has_room_for_100() -> None:
    assert REST.n_apart == pytest.approx(100)
    assert WITH_RING.n_apart == pytest.approx(2000**2 / 300**2)


def scatter_of(make: Any, seed: int) -> Any:
    """How far areas scatter in which nothing was done, of incidents dealt out over the places."""
    rng = np.random.default_rng(seed)
    found = count(REST, make(rng), n_before=40, seed=seed)
    return measure_scatter(found.local[:, 0], found.local[:, 1], n_independent=REST.n_apart)


@pytest.mark.slow
def test_poisson_counts_widen_no_limits_and_are_called_no_more_often_than_stated() -> None:
    """A placebo: before and after are alike everywhere, so one area in twenty is called at 95%."""
    found = [scatter_of(lambda rng: rng.poisson(0.4, (2, len(LATTICE))), seed) for seed in range(8)]
    assert np.mean([one.called_share for one in found]) <= 0.06
    assert np.mean([one.spread for one in found]) < 1.25


def test_series_are_found_to_scatter_further() -> None:
    """Incidents that come in fours vary four times as much, so ratios scatter twice as far."""
    found = [scatter_of(lambda rng: 4 * rng.poisson(0.1, (2, len(LATTICE))), seed) for seed in range(8)]
    assert np.mean([one.called_share for one in found]) > 0.15
    assert np.mean([one.spread for one in found]) == pytest.approx(2, abs=0.4)

"""The bound on plans: by hand, beside every plan that there is, and beside every time that visits may be at."""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotspots.analysis.patrols import NO_WAY, PatrolBreak, PatrolShift, plan_patrols
from hotspots.analysis.patrols.patrol_routes import Timetable
from hotspots.analysis.patrols.plan_bound import bound_place, bound_worth
from hotspots.errors import ParameterError

MINUTE, HOUR = 60, 3600


def make_shift(expected: Any, legs: Any, **given: Any) -> PatrolShift:
    """A shift of whole hours; `legs` in minutes, below 0 for none."""
    amounts, minutes = np.asarray(expected, dtype=np.float64), np.asarray(legs, dtype=np.int64)
    n_places, n_hours = amounts.shape
    options: dict[str, Any] = {
        "hour_edges_s": np.arange(n_hours + 1) * HOUR,
        "from_start_s": np.zeros(n_places, dtype=np.int64),
        "to_end_s": np.zeros(n_places, dtype=np.int64),
        "n_patrols": 1,
        **given,
    }
    return PatrolShift(expected=amounts, travel_s=np.where(minutes < 0, NO_WAY, minutes * MINUTE), **options)


def test_one_visit_is_worth_its_best_time() -> None:
    # 6 an hour, then 12, then none; a visit holds for an hour
    shift = make_shift([[6, 12, 0]], [[0]], max_gap_s=45 * MINUTE)
    assert bound_place(shift, 0, earliest_s=0, latest_s=165 * MINUTE).tolist() == pytest.approx([0, 12, 18, 18])
    # it may not begin before half past one: half of the second hour
    assert bound_place(shift, 0, earliest_s=90 * MINUTE, latest_s=165 * MINUTE).tolist() == pytest.approx([0, 6, 6])


def test_the_bound_is_that_of_time_where_ways_are_equal() -> None:
    # ten places ten minutes apart, 1 an hour at each, an hour: visits of 15 minutes that hold until the end
    legs = np.where(np.eye(10, dtype=bool), 0, 10)
    shift = make_shift(np.ones((10, 1)), legs)
    # from anywhere: 60 minutes, and the 10 that the first visit saves, make 2.8 visits of 25
    assert bound_worth(shift) == pytest.approx(2.8)
    # two patrols have twice that; a break of 20 minutes takes 0.8 visits of each
    assert bound_worth(dataclasses.replace(shift, n_patrols=2)) == pytest.approx(5.6)
    rest = PatrolBreak(length_s=20 * MINUTE, earliest_s=15 * MINUTE, latest_s=30 * MINUTE)
    assert bound_worth(dataclasses.replace(shift, breaks=(rest,))) == pytest.approx(2.0)
    # 20 minutes from the start and 5 to the end: 10 more for the first visit, not less
    apart = dataclasses.replace(shift, from_start_s=np.full(10, 20 * MINUTE), to_end_s=np.full(10, 5 * MINUTE))
    # and nobody is there in the first third of the hour
    assert bound_worth(apart) == pytest.approx(2 / 3 * (60 - 10 - 5) / 25)


def test_a_place_that_nobody_reaches_adds_nothing() -> None:
    legs = [[0, 5, -1], [5, 0, -1], [-1, -1, 0]]
    shift = make_shift([[1.0], [1.0], [100.0]], legs, from_start_s=np.array([0, 0, NO_WAY]))
    assert bound_worth(shift) == pytest.approx(2)
    # by way of another it can be reached, although no way leads from the start
    legs[1][2] = 5
    assert bound_worth(make_shift([[1.0], [1.0], [100.0]], legs, from_start_s=np.array([0, 0, NO_WAY]))) > 50


@settings(max_examples=40)
@given(
    st.lists(st.integers(0, 9), min_size=1, max_size=3),
    st.integers(0, 3),
    st.integers(0, 3),
    st.integers(1, 5),
    st.integers(1, 4),
)
def test_the_best_times_of_visits_are_those_of_all_times(
    rates: list[int], wait: int, home: int, gap: int, n_visits: int
) -> None:
    """Beside every choice of times at each ten minutes, where hours, visits and gaps are of tens of minutes."""
    shift = make_shift([rates], [[0]], visit_s=10 * MINUTE, max_gap_s=10 * gap * MINUTE)
    earliest, latest = 10 * wait * MINUTE, shift.length_s - (10 + 10 * home) * MINUTE
    if latest < earliest:
        return
    per_step = np.repeat(np.array(rates, dtype=float) / 6, 6)
    times = range(wait, latest // (10 * MINUTE) + 1)

    def value(chosen: tuple[int, ...]) -> float:
        holds = np.zeros(len(per_step), dtype=bool)
        for begin in chosen:
            holds[begin : begin + 1 + gap] = True
        return float(per_step[holds].sum())

    best = max(value(chosen) for chosen in itertools.combinations_with_replacement(times, n_visits))
    found = bound_place(shift, 0, earliest_s=earliest, latest_s=latest)
    assert found[min(n_visits, len(found) - 1)] == pytest.approx(best)


def list_routes(timetable: Timetable, route: tuple[int, ...] = ()) -> list[tuple[int, ...]]:
    """Every route that is possible."""
    found = [route]
    for place in range(timetable.shift.n_places):
        if timetable.time((*route, place)) is not None:
            found += list_routes(timetable, (*route, place))
    return found


@st.composite
def draw_small(draw: st.DrawFn) -> PatrolShift:
    n_places, n_hours = draw(st.integers(1, 3)), draw(st.integers(1, 2))

    def draw_minutes(n: int, lowest: int) -> list[int]:
        return draw(st.lists(st.integers(lowest, 25), min_size=n, max_size=n))

    legs = np.array(draw_minutes(n_places * n_places, -3)).reshape(n_places, n_places)
    np.fill_diagonal(legs, 0)
    starts, ends = np.array(draw_minutes(n_places, -2)), np.array(draw_minutes(n_places, -2))
    expected = np.array(draw(st.lists(st.integers(0, 9), min_size=n_places * n_hours, max_size=n_places * n_hours)))
    breaks = (PatrolBreak(length_s=10 * MINUTE, earliest_s=20 * MINUTE, latest_s=40 * MINUTE),)
    return make_shift(
        expected.reshape(n_places, n_hours),
        legs,
        from_start_s=np.where(starts < 0, NO_WAY, starts * MINUTE),
        to_end_s=np.where(ends < 0, NO_WAY, ends * MINUTE),
        n_patrols=draw(st.integers(1, 2)),
        visit_s=draw(st.sampled_from([15, 20])) * MINUTE,
        max_gap_s=draw(st.sampled_from([20, 45, 120])) * MINUTE,
        breaks=breaks if draw(st.booleans()) else (),
    )


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_plan_at_all_is_worth_more(data: st.DataObject) -> None:
    """Legs that differ by direction, that are longer than a way round, and that are none."""
    try:
        shift = data.draw(draw_small())
    except ParameterError:  # not one place can be visited
        return
    timetable = Timetable(shift)
    routes = list_routes(timetable)
    if len(routes) ** shift.n_patrols > 40_000:
        return
    best = max(timetable.value(plan) for plan in itertools.product(routes, repeat=shift.n_patrols))
    bound = bound_worth(shift)
    assert best <= bound + 1e-9
    assert bound <= shift.expected.sum() + 1e-9


def test_a_plan_says_how_much_more_is_possible() -> None:
    legs = np.where(np.eye(6, dtype=bool), 0, 10)
    plan = plan_patrols(make_shift(np.arange(6, 0, -1)[:, None] * np.ones((6, 2)), legs))
    assert plan.worth <= plan.bound <= plan.expected
    # where every place is kept there is nothing more
    kept = plan_patrols(make_shift(np.ones((2, 2)), [[0, 5], [5, 0]], n_patrols=2))
    assert kept.bound == pytest.approx(kept.worth) == pytest.approx(kept.expected)
    assert kept.bound_share == pytest.approx(1)

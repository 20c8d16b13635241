"""Plans of patrols: times and worth by hand, the best of all small plans, and what no plan may do."""

from __future__ import annotations

import dataclasses
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotspots.analysis.patrols import NO_WAY, PatrolBreak, PatrolPlan, PatrolShift, plan_patrols
from hotspots.analysis.patrols.beats import draw_beats
from hotspots.analysis.patrols.patrol_routes import Timetable, find_faults
from hotspots.analysis.patrols.rank_rounds import visit_by_rank
from hotspots.analysis.patrols.route_improvement import drop_late_visits
from hotspots.errors import HotspotsError, ParameterError

MINUTE, HOUR = 60, 3600


def make_shift(expected: Any, legs: Any, **given: Any) -> PatrolShift:
    """A shift of whole hours; `legs` in minutes."""
    amounts = np.asarray(expected, dtype=np.float64)
    n_places, n_hours = amounts.shape
    options: dict[str, Any] = {
        "hour_edges_s": np.arange(n_hours + 1) * HOUR,
        "from_start_s": np.zeros(n_places, dtype=np.int64),
        "to_end_s": np.zeros(n_places, dtype=np.int64),
        "n_patrols": 1,
        **given,
    }
    minutes = np.asarray(legs, dtype=np.int64)
    return PatrolShift(expected=amounts, travel_s=np.where(minutes < 0, NO_WAY, minutes * MINUTE), **options)


def make_random(seed: int, *, n_places: int, n_hours: int, **given: Any) -> PatrolShift:
    rng = np.random.default_rng(seed)
    at = rng.uniform(0, 1500, (n_places, 2))
    legs = np.ceil(np.hypot(*(at[:, None] - at[None]).transpose(2, 0, 1)) / 80)
    return make_shift(np.sort(rng.gamma(1.0, 1.0, (n_places, n_hours)), axis=0)[::-1], legs, **given)


def sum_by_second(shift: PatrolShift, plan: PatrolPlan) -> float:
    """What visits are worth, second by second: a second counts if a visit holds in it."""
    rates = np.repeat(shift.expected / np.diff(shift.hour_edges_s), np.diff(shift.hour_edges_s), axis=1)
    holds = np.zeros((shift.n_places, shift.length_s), dtype=bool)
    for route in plan.routes:
        for stop in route.visits:
            assert stop.place is not None
            holds[stop.place, stop.begin_s : stop.end_s + shift.max_gap_s] = True
    return float(rates[holds].sum())


def test_a_route_is_timed_as_by_hand() -> None:
    shift = make_shift(
        [[1, 1, 1], [1, 1, 1]],
        [[0, 10], [12, 0]],
        from_start_s=np.array([5, 20]) * MINUTE,
        to_end_s=np.array([7, 9]) * MINUTE,
        breaks=(PatrolBreak(length_s=30 * MINUTE, earliest_s=40 * MINUTE, latest_s=60 * MINUTE),),
    )
    # 5 to 20 at A, 30 to 45 at B, then the break until 75, 87 to 102 at A, 112 to 127 at B, 139 to 154 at A, 7 home
    route = Timetable(shift).lay_out([0, 1, 0, 1, 0])
    told = [(stop.kind, stop.place, stop.begin_s // 60, stop.end_s // 60) for stop in route.stops]
    assert told == [
        ("visit", 0, 5, 20),
        ("visit", 1, 30, 45),
        ("break", 1, 45, 75),
        ("visit", 0, 87, 102),
        ("visit", 1, 112, 127),
        ("visit", 0, 139, 154),
    ]
    minutes = [part // 60 for part in (route.travel_s, route.visit_s, route.break_s, route.wait_s, route.home_s)]
    assert minutes == [5 + 10 + 12 + 10 + 12 + 7, 75, 30, 19, 7]
    assert not find_faults(shift, route)
    assert Timetable(shift).time([0, 1, 0, 1, 0, 1]) is None  # 164 to 179 and 9 home is too late
    assert Timetable(shift).time([0, 0]) is None  # would be one long visit
    assert Timetable(shift).time([0, 1, 0, 1, 0]) == [stop.begin_s for stop in route.visits]


def test_a_patrol_waits_for_a_break_that_it_would_miss() -> None:
    rest = PatrolBreak(length_s=30 * MINUTE, earliest_s=30 * MINUTE, latest_s=35 * MINUTE)
    shift = make_shift([[1, 1], [1, 1]], [[0, 10], [10, 0]], breaks=(rest,))
    route = Timetable(shift).lay_out([0, 1])
    # at 15 the next visit would last until 40, after the break must have begun
    assert [(stop.kind, stop.wait_s // 60, stop.begin_s // 60) for stop in route.stops] == [
        ("visit", 0, 0),
        ("break", 15, 30),
        ("visit", 0, 70),
    ]
    assert not find_faults(shift, route)


def test_visits_are_worth_what_is_expected_until_the_next() -> None:
    # 6 an hour in the first hour, 12 in the second, none in the third; a visit holds for 15 + 45 minutes
    shift = make_shift([[6, 12, 0]], [[0]], max_gap_s=45 * MINUTE)
    table = Timetable(shift)
    assert table.value_place(0, [0]) == pytest.approx(6)
    assert table.value_place(0, [30 * MINUTE]) == pytest.approx(3 + 6)
    assert table.value_place(0, [0, 30 * MINUTE]) == pytest.approx(3 + 3 + 6)
    assert table.value_place(0, [0, 90 * MINUTE]) == pytest.approx(6 + 6)  # nothing holds from 60 to 90
    assert table.measure_excess([0, 90 * MINUTE]) == 30 * MINUTE
    assert table.value_place(0, [150 * MINUTE]) == 0


def test_going_by_rank_sends_the_patrol_that_is_there_first() -> None:
    # B is next to A, C far from both
    shift = make_shift(
        np.ones((3, 1)),
        [[0, 1, 30], [1, 0, 30], [30, 30, 0]],
        n_patrols=2,
        hour_edges_s=np.array([0, 35 * MINUTE]),
    )
    # the first patrol takes A; the second is at B at once; nobody reaches C in time; then they change places
    assert visit_by_rank(Timetable(shift)) == ((0, 1), (1, 0))
    assert visit_by_rank(Timetable(dataclasses.replace(shift, n_patrols=1))) == ((0, 1),)


def list_plans(timetable: Timetable, route: tuple[int, ...] = ()) -> list[tuple[int, ...]]:
    """Every route that is possible."""
    found = [route]
    for place in range(timetable.shift.n_places):
        if timetable.time((*route, place)) is not None:
            found += list_plans(timetable, (*route, place))
    return found


@pytest.mark.parametrize("seed", range(6))
def test_small_plans_are_the_best_of_all(seed: int) -> None:
    shift = make_random(seed, n_places=3, n_hours=2, max_gap_s=40 * MINUTE)
    timetable = Timetable(shift)
    all_routes = [route for route in list_plans(timetable) if not timetable.sum_excess([route])]
    best = max(timetable.value([route]) for route in all_routes)
    plan = plan_patrols(shift)
    assert plan.worth >= 0.97 * best
    if plan.is_by_rank:  # gaps are too long then, and that is worth more than any route without
        assert plan.worth > best
        assert not all(visits.is_spaced for visits in plan.places)
    else:
        assert plan.worth <= best + 1e-9
    assert plan.worth == pytest.approx(sum_by_second(shift, plan))


@st.composite
def draw_shifts(draw: st.DrawFn) -> PatrolShift:
    n_hours = draw(st.integers(2, 5))
    breaks: tuple[PatrolBreak, ...] = ()
    if draw(st.booleans()):
        breaks = (PatrolBreak(length_s=20 * MINUTE, earliest_s=45 * MINUTE, latest_s=75 * MINUTE),)
    n_places = draw(st.integers(1, 5))
    shift = make_random(
        draw(st.integers(0, 10_000)),
        n_places=n_places,
        n_hours=n_hours,
        n_patrols=draw(st.integers(1, 2)),
        max_gap_s=draw(st.sampled_from([30, 60, 120])) * MINUTE,
        breaks=breaks,
    )
    ends = np.array(draw(st.lists(st.integers(0, 20), min_size=n_places, max_size=n_places))) * MINUTE
    return dataclasses.replace(shift, from_start_s=ends, to_end_s=ends[::-1])


@pytest.mark.slow
@settings(max_examples=15)
@given(draw_shifts())
def test_a_plan_keeps_its_rules(shift: PatrolShift) -> None:
    plan = plan_patrols(shift)
    for route in plan.routes:
        assert not find_faults(shift, route)
        assert route.travel_s + route.visit_s + route.break_s + route.wait_s == shift.length_s
        assert all(stop.begin_s >= 0 and stop.end_s <= shift.length_s for stop in route.stops)
    assert plan.worth >= plan.by_rank_worth - 1e-9
    assert plan.worth == pytest.approx(sum_by_second(shift, plan), abs=1e-9)
    assert plan.worth <= plan.expected + 1e-9
    for visits in plan.places:
        gaps = [b - a - shift.visit_s for a, b in zip(visits.begin_s, visits.begin_s[1:], strict=False)]
        assert visits.is_spaced == all(gap <= shift.max_gap_s for gap in gaps)
        assert visits.is_spaced or plan.is_by_rank
    more = plan_patrols(dataclasses.replace(shift, n_patrols=shift.n_patrols + 1))
    assert more.worth >= plan.worth - 1e-9


def test_the_same_shift_gives_the_same_plan() -> None:
    shift = make_random(3, n_places=8, n_hours=4, n_patrols=2)
    assert plan_patrols(shift).routes == plan_patrols(shift).routes


def test_places_that_all_can_be_gone_round_are_kept() -> None:
    # two pairs far apart: a beat for each patrol
    legs = [[0, 5, 60, 60], [5, 0, 60, 60], [60, 60, 0, 5], [60, 60, 5, 0]]
    plan = plan_patrols(make_shift(np.ones((4, 6)), legs, n_patrols=2, max_gap_s=45 * MINUTE))
    assert all(visits.is_kept for visits in plan.places)
    assert sorted(sorted(set(route.places)) for route in plan.routes) == [[0, 1], [2, 3]]
    assert not plan.is_impossible_to_keep


def test_more_places_than_can_be_kept_are_said() -> None:
    # ten places, ten minutes apart: 25 minutes a visit, and each needs two visits in three hours with gaps of an hour
    legs = np.where(np.eye(10, dtype=bool), 0, 10)
    plan = plan_patrols(make_shift(np.ones((10, 3)), legs, max_gap_s=60 * MINUTE))
    assert plan.shift.least_visits == 2
    assert plan.least_minutes == 20 * 15 + 19 * 10
    assert plan.available_minutes == 180
    assert plan.is_impossible_to_keep


def test_a_place_on_an_island_is_not_visited() -> None:
    shift = make_shift(
        np.ones((3, 3)),
        [[0, 5, NO_WAY], [5, 0, NO_WAY], [NO_WAY, NO_WAY, 0]],
        from_start_s=np.array([0, 0, NO_WAY]),
    )
    plan = plan_patrols(shift)
    assert plan.unreachable == (2,)
    assert plan.places[2].begin_s == ()
    assert plan.places[0].begin_s
    # without a start a patrol may begin there, and then stays
    apart = plan_patrols(dataclasses.replace(shift, from_start_s=np.zeros(3, dtype=np.int64), n_patrols=2))
    assert sorted(set(route.places) == {2} for route in apart.routes) == [False, True]


def test_beats_are_gone_round_in_time() -> None:
    shift = make_random(1, n_places=12, n_hours=4, n_patrols=3)
    for round_s in (45 * MINUTE, 90 * MINUTE):
        beats = draw_beats(shift, round_s=round_s, seed=1)
        assert beats
        assert len({place for beat in beats for place in beat}) == sum(map(len, beats))
        for beat in beats:
            legs = [shift.travel_s[one, other] for one, other in zip(beat, (*beat[1:], beat[0]), strict=True)]
            assert sum(legs) + shift.visit_s * len(beat) <= round_s


def test_visits_after_too_long_a_gap_are_dropped() -> None:
    shift = make_shift(np.ones((2, 4)), [[0, 40], [40, 0]], max_gap_s=60 * MINUTE)
    timetable = Timetable(shift)
    # A is left from 15 to 110
    (route,) = drop_late_visits(timetable, [(0, 1, 0)])
    assert route in [(0, 1), (1, 0)]
    assert not timetable.sum_excess([route])
    # without A between them two visits to B are one
    shift = make_shift(np.ones((3, 6)), [[0, 70, 10], [70, 0, 70], [10, 70, 0]], max_gap_s=60 * MINUTE)
    timetable = Timetable(shift)
    (route,) = drop_late_visits(timetable, [(1, 0, 2, 1)])
    assert timetable.time(route) is not None
    assert not timetable.sum_excess([route])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"begin_s": 0, "end_s": 900}, "a stop at 0 s that is reached at 300 s"),
        ({"travel_s": 0}, "a stop at"),
        ({"end_s": 1000}, "a visit of"),
    ],
)
def test_a_route_that_cannot_be_done_is_found_out(change: dict[str, Any], said: str) -> None:
    shift = make_shift(np.ones((1, 1)), [[0]], from_start_s=np.array([300]))
    route = Timetable(shift).lay_out([0])
    wrong = dataclasses.replace(route, stops=(dataclasses.replace(route.stops[0], **change),))
    assert any(said in fault for fault in find_faults(shift, wrong))


def test_a_missed_break_and_a_late_end_are_found_out() -> None:
    rest = PatrolBreak(length_s=600, earliest_s=0, latest_s=900)
    shift = make_shift(np.ones((1, 1)), [[0]], breaks=(rest,), to_end_s=np.array([600]))
    route = Timetable(shift).lay_out([0])
    without = dataclasses.replace(route, stops=route.visits)
    assert "0 of 1 breaks" in find_faults(shift, without)
    late = dataclasses.replace(shift, to_end_s=np.array([0]), hour_edges_s=np.array([0, 1600]))
    assert any("an end at" in fault or "add up" in fault for fault in find_faults(late, route))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"n_patrols": 0}, "number of patrols must be from 1 to 20, not 0"),
        ({"visit_s": 2 * HOUR, "max_gap_s": 3 * HOUR}, "does not fit into a shift of 60 minutes. Visits of 60"),
        ({"max_gap_s": 60}, "longest gap must be from 15 minutes"),
        ({"from_start_s": np.array([2 * HOUR])}, "The nearest takes 135 minutes in all"),
        ({"from_start_s": np.array([NO_WAY])}, "No way leads from `start_point`"),
        ({"from_start_s": np.array([-60])}, "`from_start_s` must hold whole seconds .* it holds -60"),
        ({"to_end_s": np.array([0.5])}, "`to_end_s` must hold whole seconds .* it holds float64"),
        ({"hour_edges_s": np.array([0, 0])}, "must begin at 0, follow each other"),
        ({"travel_s": np.zeros((2, 2), dtype=np.int64)}, "`travel_s` must be of shape"),
        ({"expected": np.array([[np.nan]])}, "0 or more in every hour; 1 of 1"),
        ({"breaks": (PatrolBreak(length_s=600, earliest_s=3300, latest_s=3300),)}, "must lie inside the shift"),
        (
            {"breaks": tuple(PatrolBreak(length_s=600, earliest_s=at, latest_s=at) for at in (600, 900))},
            "Breaks must not overlap",
        ),
    ],
)  # fmt: skip
def test_a_shift_that_cannot_be_is_refused(given: dict[str, Any], said: str) -> None:
    shift = make_shift(np.ones((1, 1)), [[0]])
    with pytest.raises(ParameterError, match=said.replace("(", r"\(")):
        dataclasses.replace(shift, **given)


def test_without_pyvrp_the_next_step_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyvrp", None)
    with pytest.raises(HotspotsError, match=r'pip install "hotspots\[patrols\]"'):
        plan_patrols(make_shift(np.ones((1, 1)), [[0]]))

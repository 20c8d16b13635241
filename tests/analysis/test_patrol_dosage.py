from __future__ import annotations

import datetime as dt

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from hotspots.analysis.patrols import (
    StayOptions,
    compare_plan,
    find_stays,
    list_recorded_stays,
    list_visits,
    measure_crime_hours,
    measure_dosage,
    measure_gaps,
    measure_lengths,
)
from hotspots.errors import DataError, ParameterError

BOXES = [shapely.box(0, 0, 100, 100), shapely.box(120, 0, 220, 100)]
START = np.datetime64("2026-10-05T14:00:00", "s")  # a Monday; 13:00 UTC
IN, OTHER, OUT = (50.0, 50.0), (170.0, 50.0), (50.0, 400.0)
EXACT = StayOptions(tolerance_m=0)


def make_pings(
    *pings: tuple[float, tuple[float, float]], patrol: int = 1, start: np.datetime64 = START
) -> pd.DataFrame:
    """Pings of a patrol, each by its minute and its position."""
    at = start + np.array([round(minute * 60) for minute, _ in pings]).astype("timedelta64[s]")
    return pd.DataFrame(
        {
            "patrol": patrol,
            "at": at + np.timedelta64(3600, "s"),
            "instant": at,
            "easting": [where[0] for _, where in pings],
            "northing": [where[1] for _, where in pings],
        }
    )


def test_time_between_a_ping_inside_and_one_outside_is_shared_by_half() -> None:
    pings = make_pings((0, OUT), (1, IN), (2, IN), (3, IN), (5, OUT))
    found = find_stays(pings, BOXES)
    # from half a minute to four: 0.5 + 1 + 1 + 1 minutes
    assert found.stays["minutes"].tolist() == [3.5]
    assert (found.total_minutes, found.elsewhere_minutes, found.unknown_minutes) == (5.0, 1.5, 0.0)
    assert found.ping_seconds == 60
    assert found.stays["started_instant"].tolist() == [pd.Timestamp("2026-10-05T14:00:30")]


def test_who_is_out_of_a_place_for_five_minutes_never_left_and_for_longer_did() -> None:
    back = find_stays(make_pings((0, IN), (2, OUT), (4, OUT), (5, IN)), BOXES)
    assert back.stays["minutes"].tolist() == [5.0]
    assert back.elsewhere_minutes == 0
    gone = find_stays(make_pings((0, IN), (2, OUT), (4, OUT), (6, IN)), BOXES)
    assert gone.stays["minutes"].tolist() == [1.0, 1.0]
    assert gone.elsewhere_minutes == 4.0


def test_who_was_at_another_place_in_between_did_leave() -> None:
    found = find_stays(make_pings((0, IN), (1, OTHER), (2, IN)), BOXES)
    assert found.stays[["place", "minutes"]].to_numpy().tolist() == [[0, 0.5], [0, 0.5], [1, 1.0]]


def test_silence_is_known_to_nobody_and_after_an_hour_is_off_duty() -> None:
    found = find_stays(make_pings((0, IN), (5, IN), (11, IN), (71, IN), (132, IN)), BOXES)
    assert found.stays["minutes"].tolist() == [5.0, 0.0, 0.0, 0.0]
    assert (found.unknown_minutes, found.total_minutes) == (66.0, 71.0)


def test_a_ping_near_several_places_is_in_the_nearest() -> None:
    near = find_stays(make_pings((0, (108.0, 50.0)), (1, (108.0, 50.0))), BOXES)
    assert near.stays["place"].tolist() == [0]
    between = find_stays(make_pings((0, (110.0, 50.0)), (1, (110.0, 50.0))), BOXES)
    assert between.stays["place"].tolist() == [0]
    far = find_stays(make_pings((0, (-15.5, 50.0)), (1, (-15.5, 50.0))), BOXES)
    assert far.stays.empty


def test_a_place_may_be_bent_around_its_own_middle() -> None:
    bent = shapely.box(0, 0, 300, 300).difference(shapely.box(50, 50, 300, 250))
    found = find_stays(make_pings((0, (150.0, 150.0)), (1, (25.0, 150.0)), (2, (25.0, 150.0))), [bent], options=EXACT)
    assert found.stays["minutes"].tolist() == [1.5]


def test_two_patrols_together_are_one_visit_and_their_minutes_add_up() -> None:
    one = make_pings(*((minute, IN) for minute in range(11)))
    other = make_pings(*((minute, IN) for minute in range(8, 16)), patrol=2)
    found = find_stays(pd.concat([one, other]), BOXES)
    visits = list_visits(found)
    assert found.place_minutes == 10 + 7
    assert visits[["minutes", "n_patrols", "is_passing"]].to_numpy().tolist() == [[15.0, 2, False]]


def test_a_visit_of_ten_and_one_of_twenty_minutes_do_most() -> None:
    visits = pd.DataFrame({"minutes": [1.0, 9.9, 10.0, 20.0, 20.1], "is_passing": [True, False, False, False, False]})
    lengths = measure_lengths(visits)
    assert (lengths.n_visits, lengths.n_short, lengths.n_koper, lengths.n_long, lengths.n_passing) == (4, 1, 2, 1, 1)
    assert lengths.koper_share == 0.5
    assert measure_lengths(visits.iloc[:0]).koper_share is None


def test_a_visit_over_the_hour_that_comes_twice_has_its_true_length() -> None:
    # from 01:50 of the first hour to 01:10 of the second is 20 minutes
    pings = make_pings(*((minute, IN) for minute in range(21)), start=np.datetime64("2026-10-25T00:50:00", "s"))
    day = dt.date(2026, 10, 25)
    dosage = measure_dosage(find_stays(pings, BOXES), n_places=2, start=day, end=day)
    assert dosage.visits["minutes"].tolist() == [20.0]
    assert dosage.visits["ended_at"].tolist() == [pd.Timestamp("2026-10-25T01:10")]
    assert dosage.minutes[0, 0, 1] == dosage.minutes.sum() == 20.0
    # a Sunday of 25 hours
    assert dosage.n_hours.sum() == 25
    assert dosage.n_hours[6 * 24 + 1] == 2
    assert dosage.n_present[0].sum() == 2


def test_minutes_and_visits_fall_on_the_days_and_hours_of_the_local_clock() -> None:
    # 13:50 to 14:20 UTC is 14:50 to 15:20 in summer
    pings = make_pings(*((minute, IN) for minute in range(31)), start=np.datetime64("2026-10-05T13:50:00", "s"))
    days = dt.date(2026, 10, 5), dt.date(2026, 10, 6)
    dosage = measure_dosage(find_stays(pings, BOXES), n_places=2, start=days[0], end=days[1])
    assert dosage.minutes[0, 0, 14:17].tolist() == [10.0, 20.0, 0.0]
    assert dosage.count_visits_by_day().tolist() == [[1, 0], [0, 0]]
    assert dosage.never_visited == (1,)
    assert np.flatnonzero(dosage.n_present[0]).tolist() == [14, 15]


def test_hours_of_crime_are_covered_as_far_as_somebody_was_there() -> None:
    pings = make_pings(*((minute, IN) for minute in range(16)), start=np.datetime64("2026-10-05T13:00:00", "s"))
    # two Mondays, on one of which somebody is there at 14
    dosage = measure_dosage(find_stays(pings, BOXES), n_places=2, start=dt.date(2026, 10, 5), end=dt.date(2026, 10, 12))
    crime = np.zeros((2, 168))
    crime[0, 14], crime[0, 20], crime[1, 14] = 6, 2, 2
    found = measure_crime_hours(dosage, crime)
    assert found.share == pytest.approx(6 / 2 / 10)
    assert found.place_shares.tolist() == pytest.approx([3 / 8, 0])
    assert found.hours_share == pytest.approx(1 / (2 * 8 * 24))
    nothing = measure_crime_hours(dosage, np.zeros((2, 168)))
    assert nothing.share is None
    assert np.isnan(nothing.place_shares).all()
    with pytest.raises(ParameterError, match="`crime` must be 2 places by 168 hours"):
        measure_crime_hours(dosage, np.zeros((2, 24)))


def test_times_without_a_visit_are_between_two() -> None:
    pings = make_pings(*((minute, IN) for start in (0, 180, 420) for minute in range(start, start + 11)))
    dosage = measure_dosage(find_stays(pings, BOXES), n_places=2, start=dt.date(2026, 10, 5), end=dt.date(2026, 10, 5))
    gaps = measure_gaps(dosage)
    # 10 to 180 and 190 to 420 minutes
    assert gaps.iloc[0].to_numpy() == pytest.approx([2, (170 + 230) / 2 / 60, 230 / 60])
    assert gaps["n_gaps"].iloc[1] == 0
    assert np.isnan(gaps["longest_hours"].iloc[1])


def make_visits(*visits: tuple[float, float], place: int = 0, is_passing: bool = False) -> pd.DataFrame:
    start, end = (START + np.array([round(v[i] * 60) for v in visits]).astype("timedelta64[s]") for i in (0, 1))
    return pd.DataFrame({"place": place, "started_instant": start, "ended_instant": end, "is_passing": is_passing})


def make_plan(*visits: tuple[float, float], place: int = 0) -> pd.DataFrame:
    return make_visits(*visits, place=place).rename(
        columns={"started_instant": "arrive_instant", "ended_instant": "leave_instant"}
    )


@pytest.mark.parametrize(
    ("made", "planned", "kept", "n_extra"),
    [
        ([(60, 75)], [(60, 75)], [True], 0),
        ([(10, 30)], [(60, 75)], [True], 0),  # half an hour before
        ([(10, 29)], [(60, 75)], [False], 1),
        ([(105, 120)], [(60, 75)], [True], 0),  # half an hour after
        ([(106, 120)], [(60, 75)], [False], 1),
        ([(90, 95)], [(60, 75), (100, 115)], [False, True], 0),  # near both: it keeps the nearer one
        ([(60, 115)], [(60, 75), (100, 115)], [True, True], 0),  # there at both
        ([(60, 75), (80, 85)], [(60, 75)], [True], 1),
        ([], [(60, 75)], [False], 0),
        ([(60, 75)], [], [], 1),
    ],
)
def test_planned_visits_are_kept_by_visits_at_their_time(
    made: list[tuple[float, float]], planned: list[tuple[float, float]], kept: list[bool], n_extra: int
) -> None:
    found = compare_plan(make_visits(*made), make_plan(*planned))
    assert found.is_kept.tolist() == kept
    assert (found.n_planned, found.n_kept, found.n_extra) == (len(kept), sum(kept), n_extra)


def test_a_visit_elsewhere_or_one_of_passing_by_keeps_no_plan() -> None:
    plan = make_plan((60, 75))
    assert compare_plan(make_visits((60, 75), place=1), plan).n_kept == 0
    passing = compare_plan(make_visits((60, 61), is_passing=True), plan)
    assert (passing.n_kept, passing.n_extra) == (0, 0)
    late = compare_plan(make_visits((65, 75)), plan)
    assert late.minutes_late.tolist() == [5.0]


def test_visits_that_were_written_down_are_in_the_place_of_their_position_or_name() -> None:
    points = [shapely.Point(50, 50), None, None, None, shapely.Point(900, 900)]
    start = np.full(5, START)
    visits = gpd.GeoDataFrame(
        {
            "patrol": 1,
            "started_at": start,
            "ended_at": start,
            "started_instant": start,
            "ended_instant": start + np.timedelta64(900, "s"),
            "place": [None, " rye  lane", "2", "nowhere", "2"],
        },
        geometry=points,
        crs=27700,
    )
    found = list_recorded_stays(visits, BOXES, names=[["1", "Deptford High Street"], ["2", "Rye Lane"]])
    assert found.stays["place"].tolist() == [0, 1, 1]
    assert (found.total_minutes, found.elsewhere_minutes) == (75.0, 30.0)
    with pytest.raises(DataError, match="The visits table needs the columns"):
        list_recorded_stays(visits.drop(columns="place"), BOXES)


def test_what_cannot_be_counted_is_refused() -> None:
    pings = make_pings((0, IN), (1, IN))
    with pytest.raises(DataError, match="sorted by patrol and then by instant"):
        find_stays(pings.iloc[::-1], BOXES)
    with pytest.raises(DataError, match="patrol missing"):
        find_stays(pings.drop(columns="patrol"), BOXES)
    with pytest.raises(ParameterError, match="`tolerance_m` must be a finite number of 0 or more, not -1"):
        StayOptions(tolerance_m=-1)
    with pytest.raises(ParameterError, match="`off_minutes` 5 is not above `bridge_minutes` 5"):
        StayOptions(off_minutes=5)
    with pytest.raises(ParameterError, match="`end` must not come before `start`"):
        measure_dosage(find_stays(pings, BOXES), n_places=2, start=dt.date(2026, 10, 6), end=dt.date(2026, 10, 5))
    with pytest.raises(ParameterError, match="`slack_minutes`"):
        compare_plan(make_visits((0, 1)), make_plan((0, 1)), slack_minutes=-1)
    with pytest.raises(DataError, match="leave_instant missing"):
        compare_plan(make_visits((0, 1)), make_plan((0, 1)).drop(columns="leave_instant"))


def test_no_pings_are_no_time() -> None:
    found = find_stays(make_pings((0, IN)).iloc[:0], BOXES)
    day = dt.date(2026, 10, 5)
    dosage = measure_dosage(found, n_places=2, start=day, end=day)
    assert (found.total_minutes, found.ping_seconds, dosage.minutes.sum()) == (0.0, None, 0.0)
    assert dosage.never_visited == (0, 1)
    assert dosage.visits.empty
    assert measure_gaps(dosage)["n_gaps"].tolist() == [0, 0]


POSITIONS = st.sampled_from([IN, OTHER, OUT, (104.0, 20.0), (112.0, 20.0), (-10.0, 0.0)])
TRACKS = st.lists(
    st.lists(
        st.tuples(st.sampled_from([7, 30, 59, 60, 90, 150, 299, 300, 301, 700, 3600, 3601]), POSITIONS),
        min_size=1,
        max_size=12,
    ),
    min_size=1,
    max_size=3,
)
"""For each patrol, the seconds since its ping before and where it is."""


def lay_out(tracks: list[list[tuple[int, tuple[float, float]]]]) -> pd.DataFrame:
    parts = []
    for index, track in enumerate(tracks):
        seconds = np.cumsum([step for step, _ in track])
        parts.append(
            make_pings(*((s / 60, where) for s, (_, where) in zip(seconds, track, strict=True)), patrol=index + 1)
        )
    return pd.concat(parts, ignore_index=True)


def find_box(easting: float, northing: float, tolerance: float) -> int:
    """The nearest box within the tolerance, by plain arithmetic."""
    away = []
    for west, south, east, north in (box.bounds for box in BOXES):
        aside = max(west - easting, 0, easting - east), max(south - northing, 0, northing - north)
        away.append((aside[0] ** 2 + aside[1] ** 2) ** 0.5)
    nearest = int(np.argmin(away))
    return nearest if away[nearest] <= tolerance else -1


def simulate(pings: pd.DataFrame) -> tuple[dict[tuple[int, int], set[int]], int, int]:
    """Where each patrol is in every half second: where its nearest ping in time is, a bridge laid first."""
    there: dict[tuple[int, int], set[int]] = {}
    elsewhere = unknown = 0
    for patrol in pings["patrol"].unique().tolist():
        own = pings[pings["patrol"] == patrol]
        at = own["instant"].to_numpy().astype(np.int64).tolist()
        raw = [find_box(e, n, 15) for e, n in zip(own["easting"], own["northing"], strict=True)]
        label = list(raw)
        for i, one in enumerate(raw):
            for j in range(i + 1, len(raw)):
                if raw[j] >= 0:
                    if raw[j] == one >= 0 and at[j] - at[i] <= 300:
                        label[i + 1 : j] = [one] * (j - i - 1)
                    break
        for i in range(len(at) - 1):
            gap = at[i + 1] - at[i]
            for tick in range(2 * gap):
                if gap > 3600:
                    break
                if gap > 300:
                    unknown += 1
                    continue
                place = label[i] if tick < gap else label[i + 1]
                if place < 0:
                    elsewhere += 1
                else:
                    there.setdefault((place, patrol), set()).add(2 * at[i] + tick)
    return there, elsewhere, unknown


@given(TRACKS)
def test_stays_are_those_of_a_patrol_followed_from_half_second_to_half_second(
    tracks: list[list[tuple[int, tuple[float, float]]]],
) -> None:
    pings = lay_out(tracks)
    found = find_stays(pings, BOXES)
    there, elsewhere, unknown = simulate(pings)
    minutes = found.stays.groupby(["place", "patrol"])["minutes"].sum()
    assert {key: n for key, n in minutes.items() if n > 0} == pytest.approx(
        {key: len(ticks) / 120 for key, ticks in there.items()}
    )
    assert (found.elsewhere_minutes, found.unknown_minutes) == pytest.approx((elsewhere / 120, unknown / 120))
    assert found.place_minutes + found.elsewhere_minutes + found.unknown_minutes == pytest.approx(found.total_minutes)

    visits = list_visits(found)
    for place in (0, 1):
        ticks = sorted(set().union(*(one for (where, _), one in there.items() if where == place)))
        runs = np.split(np.array(ticks), np.flatnonzero(np.diff(ticks) > 1) + 1) if ticks else []
        lengths = visits["minutes"][(visits["place"] == place) & (visits["minutes"] > 0)]
        assert lengths.tolist() == pytest.approx([len(run) / 120 for run in runs])


@given(TRACKS, st.integers(0, 11), st.integers(1, 299))
def test_another_ping_in_a_place_never_lowers_its_minutes(
    tracks: list[list[tuple[int, tuple[float, float]]]], at: int, seconds: int
) -> None:
    pings = lay_out(tracks)
    before = find_stays(pings, BOXES).stays
    own = pings[pings["patrol"] == 1]
    new = own.iloc[[at % len(own)]].assign(easting=IN[0], northing=IN[1])
    new["instant"] = new["instant"] + np.timedelta64(seconds, "s")
    more = pd.concat([pings, new]).drop_duplicates(["patrol", "instant"])
    after = find_stays(more.sort_values(["patrol", "instant"]), BOXES).stays
    assert after["minutes"][after["place"] == 0].sum() >= before["minutes"][before["place"] == 0].sum() - 1e-9


@given(TRACKS)
def test_minutes_by_day_and_hour_are_those_of_the_stays(
    tracks: list[list[tuple[int, tuple[float, float]]]],
) -> None:
    found = find_stays(lay_out(tracks), BOXES)
    dosage = measure_dosage(found, n_places=2, start=dt.date(2026, 10, 5), end=dt.date(2026, 10, 6))
    by_place = found.stays.groupby("place")["minutes"].sum().reindex([0, 1], fill_value=0.0)
    assert dosage.minutes.sum(axis=(1, 2)) == pytest.approx(by_place.to_numpy())
    assert (dosage.minutes <= 60 * len(tracks) + 1e-9).all()
    assert (dosage.n_present <= dosage.n_hours).all()

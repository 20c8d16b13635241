from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import MakeIncidents

from hotspots.analysis.hours.aoristic import TimeCounts, weigh_hours, weigh_window
from hotspots.analysis.hours.profile import profile_week
from hotspots.analysis.hours.week import WeekWindow
from hotspots.errors import DataError, ParameterError

MONDAY = pd.Timestamp("2026-01-05")


def hours_of(make_incidents: MakeIncidents, start: str, end: str | None) -> dict[int, float]:
    incidents = make_incidents([0.0], [0.0], started_at=pd.Timestamp(start), ended_at=pd.Timestamp(end or "NaT"))
    week = weigh_hours(incidents).toarray()[0]
    return {int(hour): round(float(week[hour]), 6) for hour in np.flatnonzero(week)}


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2026-01-05 15:30", None, {15: 1.0}),  # a Monday
        ("2026-01-05 15:30", "2026-01-05 15:30", {15: 1.0}),
        ("2026-01-05 15:30:10", "2026-01-05 15:30:50", {15: 1.0}),  # seconds are dropped
        ("2026-01-05 15:30", "2026-01-05 16:30", {15: 0.5, 16: 0.5}),
        ("2026-01-05 15:59", "2026-01-05 16:03", {15: 0.25, 16: 0.75}),
        ("2026-01-05 08:00", "2026-01-05 10:00", {8: 0.5, 9: 0.5}),
        ("2026-01-05 23:00", "2026-01-06 00:00", {23: 1.0}),  # up to midnight, and no further
        ("2026-01-05 00:00", "2026-01-06 00:00", {hour: round(1 / 24, 6) for hour in range(24)}),
        ("2026-01-11 23:00", "2026-01-12 01:00", {167: 0.5, 0: 0.5}),  # Sunday into Monday
        ("2026-01-11 23:30", "2026-01-12 00:30", {167: 0.5, 0: 0.5}),
        ("2025-12-31 23:30", "2026-01-01 00:30", {71: 0.5, 72: 0.5}),  # a new year, Wednesday into Thursday
        ("2024-02-29 23:30", "2024-03-01 00:30", {95: 0.5, 96: 0.5}),  # a leap day, Thursday into Friday
        ("1969-12-31 23:30", "1970-01-01 00:30", {71: 0.5, 72: 0.5}),  # before the day that computers count from
        ("2026-01-05 16:00", "2026-01-05 15:00", {16: 1.0}),  # reversed
    ],
)
def test_an_interval_is_shared_among_its_hours(
    make_incidents: MakeIncidents, start: str, end: str | None, expected: dict[int, float]
) -> None:
    assert hours_of(make_incidents, start, end) == expected


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        # on 29 March 2026 the clock goes from 01:00 to 02:00, on 25 October 2026 from 02:00 back to 01:00
        ("2026-03-29 00:30", "2026-03-29 02:30", {144: 0.25, 145: 0.5, 146: 0.25}),
        ("2026-10-25 00:30", "2026-10-25 02:30", {144: 0.25, 145: 0.5, 146: 0.25}),
    ],
)
def test_hours_are_those_of_the_clock_on_the_wall(
    make_incidents: MakeIncidents, start: str, end: str, expected: dict[int, float]
) -> None:
    assert hours_of(make_incidents, start, end) == {hour % 168: share for hour, share in expected.items()}


@pytest.mark.parametrize("length", ["7D", "8D", "400D"])
def test_a_week_or_more_says_nothing_about_hours(make_incidents: MakeIncidents, length: str) -> None:
    end = MONDAY + pd.Timedelta(length)
    week = hours_of(make_incidents, str(MONDAY), str(end))
    assert len(week) == 168
    assert set(week.values()) == {round(1 / 168, 6)}


def test_a_minute_less_than_a_week_is_shared_by_the_minute(make_incidents: MakeIncidents) -> None:
    end = MONDAY + pd.Timedelta("7D") - pd.Timedelta("1min")
    week = hours_of(make_incidents, str(MONDAY), str(end))
    assert week == {hour: round((59 if hour == 167 else 60) / 10_079, 6) for hour in range(168)}


def test_an_interval_that_comes_round_to_its_first_hour_has_both_its_parts(make_incidents: MakeIncidents) -> None:
    """From Monday 00:30 to the next Monday 00:10: 30 minutes and 10 of the same hour of the week."""
    start = MONDAY + pd.Timedelta("30min")
    week = hours_of(make_incidents, str(start), str(MONDAY + pd.Timedelta("7D") + pd.Timedelta("10min")))
    assert week[0] == round(40 / 10_060, 6)
    assert week[1] == round(60 / 10_060, 6)


@given(start=st.datetimes(pd.Timestamp("2000-01-01"), pd.Timestamp("2030-01-01")), minutes=st.integers(0, 20_000))
def test_each_incident_weighs_one(make_incidents: MakeIncidents, start: pd.Timestamp, minutes: int) -> None:
    begun = pd.Timestamp(start).floor("min")
    incidents = make_incidents([0.0], [0.0], started_at=begun, ended_at=begun + pd.Timedelta(minutes=minutes))
    weights = weigh_hours(incidents)
    assert weights.sum() == pytest.approx(1)
    assert weights.data.min() > 0


@given(
    start=st.integers(0, 10_079),
    minutes=st.integers(1, 10_079),
)
def test_an_hour_has_the_share_of_its_minutes(make_incidents: MakeIncidents, start: int, minutes: int) -> None:
    """Counted minute by minute."""
    begun = MONDAY + pd.Timedelta(minutes=start)
    incidents = make_incidents([0.0], [0.0], started_at=begun, ended_at=begun + pd.Timedelta(minutes=minutes))
    counted = np.bincount((start + np.arange(minutes)) // 60 % 168, minlength=168) / minutes
    np.testing.assert_allclose(weigh_hours(incidents).toarray()[0], counted, atol=1e-12)


def test_the_published_week_of_burglaries_in_washington_is_reproduced(
    real_data: Path, make_incidents: MakeIncidents
) -> None:
    burglaries = pd.read_csv(real_data / "reference" / "aoristic_dcburglaries.csv")
    published = pd.read_csv(real_data / "reference" / "dcburgsum.csv").set_index("Range")
    published = published.drop(index=[r for r in published.index if "-" not in str(r)], errors="ignore")
    n = len(burglaries)
    incidents = make_incidents(
        [0.0] * n,
        [0.0] * n,
        started_at=burglaries["StartDateTime_local"].to_numpy(),
        ended_at=burglaries["EndDateTime_local"].to_numpy(),
    )
    counts = weigh_hours(incidents).sum(axis=0).reshape(7, 24)
    assert counts[0, 0] == pytest.approx(6.032, abs=5e-4)
    assert counts[3, 14] == pytest.approx(11.846, abs=5e-4)
    days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    np.testing.assert_allclose(counts, published[days].to_numpy(dtype=float)[:24].T, atol=5.01e-4)


def shift_incidents(make_incidents: MakeIncidents) -> gpd.GeoDataFrame:
    """Of a Monday: 08:00-16:00, 08:00-13:00, 14:33, 14:00-17:00; then a day without a time, and more than a week."""
    return make_incidents(
        [0.0] * 6,
        [0.0] * 6,
        started_at=[f"2026-01-05 {time}" for time in ("08:00", "08:00", "14:33", "14:00", "00:00", "00:00")],
        ended_at=[
            *(f"2026-01-05 {time}" for time in ("16:00", "13:00", "14:33", "17:00")),
            pd.NaT,
            "2026-01-20 00:00",
        ],
        time_precision=["minute"] * 4 + ["day", "minute"],
    )


def test_the_published_weights_of_a_shift_are_reproduced(make_incidents: MakeIncidents) -> None:
    """A shift from 12:00 to 16:00 holds .5, .2, 1 and .667 of the four."""
    shift = WeekWindow(days=(0,), start_hour=12, n_hours=4)
    shares = weigh_window(shift_incidents(make_incidents), shift.hours)
    np.testing.assert_allclose(shares, [0.5, 0.2, 1, 2 / 3, 0, 4 / 168])


def test_the_shares_of_windows_that_make_up_the_week_sum_to_one(make_incidents: MakeIncidents) -> None:
    incidents = shift_incidents(make_incidents)
    night = WeekWindow(days=tuple(range(7)), start_hour=22, n_hours=9).hours
    rest = np.setdiff1d(np.arange(168), night)
    together = weigh_window(incidents, night) + weigh_window(incidents, rest)
    np.testing.assert_allclose(together, [1, 1, 1, 1, 0, 1])


def test_no_hours_hold_nothing_and_an_hour_given_twice_counts_once(make_incidents: MakeIncidents) -> None:
    incidents = shift_incidents(make_incidents)
    assert weigh_window(incidents, []).tolist() == [0.0] * 6
    assert weigh_window(incidents, [14, 14, 14])[2] == 1.0


@pytest.mark.parametrize(
    ("hours", "first"),
    [([15, 168], "168"), ([-1], "-1"), ([1.5], "1.5"), ([np.nan], "nan"), (["15"], "15"), ([True] * 168, "True")],
)
def test_hours_that_are_none_of_the_week_are_refused(
    make_incidents: MakeIncidents, hours: list[object], first: str
) -> None:
    with pytest.raises(
        ParameterError,
        match=rf"^Hours of the week must be whole numbers from 0 \(Monday 00:00\) to 167; {first} is not\.",
    ):
        weigh_window(shift_incidents(make_incidents), hours)  # type: ignore[arg-type]


def test_weights_of_other_incidents_are_refused(make_incidents: MakeIncidents) -> None:
    incidents = shift_incidents(make_incidents)
    with pytest.raises(ParameterError, match=r"there are 6 incidents and weights of shape \(5, 168\)\. Call weigh_"):
        profile_week(incidents, hours=weigh_hours(incidents.iloc[1:]))


def test_what_the_hours_rest_on_is_counted(make_incidents: MakeIncidents) -> None:
    times = profile_week(shift_incidents(make_incidents)).time_counts
    assert times == TimeCounts(n_point=1, n_interval=3, n_week_or_more=1, n_untimed=1)
    assert (times.n_timed, times.n_telling) == (5, 4)


def test_a_reversed_end_is_a_moment_and_a_month_no_time(make_incidents: MakeIncidents) -> None:
    incidents = make_incidents(
        [0.0] * 3,
        [0.0] * 3,
        ended_at=["2026-01-05 14:00", "2026-01-05 15:31", "2026-01-12 15:30"],
        time_precision=["minute", "minute", "month"],
    )
    assert profile_week(incidents).time_counts == TimeCounts(n_point=1, n_interval=1, n_week_or_more=0, n_untimed=1)


def test_no_incidents_have_no_hours(make_incidents: MakeIncidents) -> None:
    nothing = make_incidents([], [])
    assert weigh_hours(nothing).shape == (0, 168)
    assert weigh_window(nothing, [0]).shape == (0,)
    assert profile_week(nothing).time_counts == TimeCounts(n_point=0, n_interval=0, n_week_or_more=0, n_untimed=0)


def test_a_missing_start_is_no_time(make_incidents: MakeIncidents) -> None:
    incidents = make_incidents([0.0] * 2, [0.0] * 2, started_at=[pd.NaT, "2026-01-05 15:30"])
    assert weigh_hours(incidents).sum(axis=1).tolist() == [0.0, 1.0]
    assert profile_week(incidents).time_counts.n_untimed == 1


def test_the_incidents_are_not_changed(make_incidents: MakeIncidents) -> None:
    incidents = shift_incidents(make_incidents)
    before = incidents.copy()
    weigh_window(incidents, [0])
    profile_week(incidents)
    pd.testing.assert_frame_equal(incidents, before)


def test_times_in_a_zone_or_as_text_are_refused(make_incidents: MakeIncidents) -> None:
    incidents = pd.DataFrame(shift_incidents(make_incidents).drop(columns="geometry"))
    zoned = incidents.assign(started_at=incidents["started_at"].dt.tz_localize("Europe/London"))
    with pytest.raises(
        DataError, match=r"^Hours need local wall-clock times without a zone; started_at is of type dat"
    ):
        weigh_hours(zoned)
    with pytest.raises(DataError, match=r"ended_at is of type (object|str)\. Convert it with pandas\.to_datetime"):
        profile_week(incidents.assign(ended_at="2026-01-05 16:00"))


def test_a_missing_column_is_named(make_incidents: MakeIncidents) -> None:
    with pytest.raises(DataError, match=r"^Hours need the columns started_at, ended_at, time_precision; ended_at miss"):
        weigh_hours(shift_incidents(make_incidents).drop(columns="ended_at"))

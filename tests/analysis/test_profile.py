from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import MakeIncidents

from hotspots.analysis import PeakWindow, count_months, profile_week, weigh_hours
from hotspots.analysis.profile import find_peaks

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
        ("2026-01-05 15:30", "2026-01-05 16:30", {15: 0.5, 16: 0.5}),
        ("2026-01-05 15:59", "2026-01-05 16:03", {15: 0.25, 16: 0.75}),
        ("2026-01-05 08:00", "2026-01-05 10:00", {8: 0.5, 9: 0.5}),
        ("2026-01-11 23:00", "2026-01-12 01:00", {167: 0.5, 0: 0.5}),  # Sunday into Monday
        ("2024-02-29 23:30", "2024-03-01 00:30", {95: 0.5, 96: 0.5}),  # a leap day, Thursday into Friday
        ("2026-01-05 16:00", "2026-01-05 15:00", {16: 1.0}),  # reversed
    ],
)
def test_an_interval_is_shared_among_its_hours(
    make_incidents: MakeIncidents, start: str, end: str | None, expected: dict[int, float]
) -> None:
    assert hours_of(make_incidents, start, end) == expected


@pytest.mark.parametrize("length", ["7D", "8D", "400D"])
def test_a_week_or_more_says_nothing_about_hours(make_incidents: MakeIncidents, length: str) -> None:
    end = MONDAY + pd.Timedelta(length)
    week = hours_of(make_incidents, str(MONDAY), str(end))
    assert len(week) == 168
    assert set(week.values()) == {round(1 / 168, 6)}


@given(start=st.datetimes(pd.Timestamp("2000-01-01"), pd.Timestamp("2030-01-01")), minutes=st.integers(0, 20_000))
def test_each_incident_weighs_one(make_incidents: MakeIncidents, start: pd.Timestamp, minutes: int) -> None:
    begun = pd.Timestamp(start).floor("min")
    incidents = make_incidents([0.0], [0.0], started_at=begun, ended_at=begun + pd.Timedelta(minutes=minutes))
    weights = weigh_hours(incidents)
    assert weights.sum() == pytest.approx(1)
    assert weights.data.min() > 0


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


def week_with(base: float, *windows: tuple[list[int], range, float]) -> np.ndarray:
    week = np.full((7, 24), base)
    for days, hours, value in windows:
        for day in days:
            for hour in hours:
                week[(day + hour // 24) % 7, hour % 24] = value
    return week


@pytest.mark.parametrize(
    ("days", "hours", "words"),
    [
        ([0, 1, 2, 3, 4], range(15, 18), "weekdays 15:00-17:59"),
        ([5, 6], range(16, 24), "weekends 16:00-23:59"),
        ([0, 1, 2, 3, 4, 5, 6], range(15, 17), "every day 15:00-16:59"),
        ([5], range(22, 26), "Saturdays 22:00-01:59"),
        ([6], range(23, 25), "Sundays 23:00-00:59"),
    ],
)
def test_a_planted_peak_is_found_to_the_hour(days: list[int], hours: range, words: str) -> None:
    (peak, *others) = find_peaks(week_with(4, (days, hours, 30)))
    assert peak.words == words
    assert not others
    assert peak.share == pytest.approx(peak.n_incidents / week_with(4, (days, hours, 30)).sum())


def test_a_second_peak_shares_no_hour_with_the_first() -> None:
    weekdays = [0, 1, 2, 3, 4]
    peaks = find_peaks(week_with(4, (weekdays, range(15, 18), 60), (weekdays, range(20, 22), 30)))
    assert [peak.words for peak in peaks] == ["weekdays 15:00-17:59", "weekdays 20:00-21:59"]


def test_two_peaks_are_not_joined_over_the_lull_between_them() -> None:
    """Counts by hour of a real kind: 64, 82, 64, then 11 and 14, then 41 and 33, over five weekdays."""
    week = np.full((7, 24), 1.0)
    week[:5, 15:22] = np.array([64, 82, 64, 11, 14, 41, 33]) / 5
    assert [peak.words for peak in find_peaks(week)] == ["weekdays 15:00-17:59", "weekdays 20:00-21:59"]


def test_what_is_hardly_more_than_even_is_no_peak_however_many_incidents() -> None:
    week = np.full((7, 24), 1000.0)
    week[:5, 13:18] = 1200
    assert find_peaks(week) == ()


def test_a_peak_knows_its_hours_and_its_share_of_the_week() -> None:
    window = PeakWindow(days=(6,), start_hour=23, n_hours=2, n_incidents=9.0, share=0.1)
    assert window.hours.tolist() == [167, 0]
    assert window.week_share == pytest.approx(2 / 168)


def test_a_week_of_chance_has_a_peak_at_most_as_often_as_stated() -> None:
    rng = np.random.default_rng(11)
    n_with_peak = sum(bool(find_peaks(rng.multinomial(600, np.full(168, 1 / 168)))) for _ in range(400))
    assert n_with_peak <= 400 * 0.01 + 3 * np.sqrt(400 * 0.01)


def test_an_empty_week_has_no_peak() -> None:
    assert find_peaks(np.zeros(168)) == ()


def test_words_wrap_past_midnight() -> None:
    window = PeakWindow(days=(4,), start_hour=22, n_hours=5, n_incidents=9.0, share=0.1)
    assert window.words == "Fridays 22:00-02:59"


def test_month_only_data_yield_no_profile_and_say_why(make_incidents: MakeIncidents) -> None:
    profile = profile_week(make_incidents([0.0] * 50, [0.0] * 50, time_precision="month"))
    assert (profile.available, profile.reason, profile.counts, profile.peaks) == (False, "month-only", None, ())
    assert profile.explanation == "The source gives the month of each incident, not its day or hour."


def test_few_clock_times_do_not_speak_for_the_rest(make_incidents: MakeIncidents) -> None:
    mixed = ["minute"] * 40 + ["month"] * 60
    profile = profile_week(make_incidents([0.0] * 100, [0.0] * 100, time_precision=mixed))
    assert profile.reason == "month-only"
    assert profile.explanation is not None
    assert profile.explanation.startswith("Only 40 of 100 incidents have a clock time")
    assert profile_week(make_incidents([0.0] * 19, [0.0] * 19)).reason == "too few"
    assert profile_week(make_incidents([0.0] * 20, [0.0] * 20)).available


def test_rows_without_an_hour_are_counted_and_left_out(make_incidents: MakeIncidents) -> None:
    profile = profile_week(make_incidents([0.0] * 60, [0.0] * 60, time_precision=["minute"] * 50 + ["day"] * 10))
    assert profile.counts is not None
    assert profile.counts.sum() == pytest.approx(50)
    assert (profile.n_timed, profile.n_untimed) == (50, 10)


def test_months_without_incidents_are_zero(make_incidents: MakeIncidents) -> None:
    incidents = make_incidents([0.0] * 2, [0.0] * 2, started_at=["2026-01-31 23:59", "2026-03-01 00:00"])
    months = count_months(incidents, months=pd.period_range("2025-12", "2026-03", freq="M"))
    assert months.tolist() == [0, 1, 0, 1]

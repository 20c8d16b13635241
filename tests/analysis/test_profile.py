from __future__ import annotations

from collections.abc import Callable

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import MakeIncidents

from hotspots.analysis.calendar.periods import count_months
from hotspots.analysis.hours.aoristic import TimeCounts, weigh_hours
from hotspots.analysis.hours.busy_windows import find_peaks, find_quiet_windows, simulate_even_weeks
from hotspots.analysis.hours.profile import profile_groups, profile_week
from hotspots.analysis.hours.week import WeekWindow
from hotspots.errors import DataError, ParameterError

MONDAY = pd.Timestamp("2026-01-05")


def week_with(base: float, *windows: tuple[list[int], range, float]) -> np.ndarray:
    week = np.full((7, 24), base)
    for days, hours, value in windows:
        for day in days:
            for hour in hours:
                week[(day + hour // 24) % 7, hour % 24] = value
    return week


PLANTED = [
    ([0, 1, 2, 3, 4], range(15, 18), "Mondays to Fridays 15:00-17:59"),
    ([5, 6], range(16, 24), "Saturdays and Sundays 16:00-23:59"),
    ([0, 1, 2, 3, 4, 5, 6], range(15, 17), "every day 15:00-16:59"),
    ([4, 5], range(22, 27), "Fridays and Saturdays 22:00-02:59"),
    ([4, 5, 6], range(18, 24), "Fridays to Sundays 18:00-23:59"),
    ([0, 1, 2, 3, 6], range(18, 22), "Sundays to Thursdays 18:00-21:59"),
    ([0, 1, 2, 3], range(7, 9), "Mondays to Thursdays 07:00-08:59"),
    ([5], range(22, 26), "Saturdays 22:00-01:59"),
    ([6], range(23, 25), "Sundays 23:00-00:59"),
]


@pytest.mark.parametrize(("days", "hours", "words"), PLANTED)
def test_a_planted_peak_is_found_to_the_hour(days: list[int], hours: range, words: str) -> None:
    week = week_with(4, (days, hours, 30))
    (peak, *others) = find_peaks(week)
    n_inside = 30 * len(days) * len(hours)
    assert peak.words == words
    assert not others
    assert peak.n_incidents == pytest.approx(n_inside)
    assert peak.share == pytest.approx(n_inside / week.sum())
    assert peak.ratio == pytest.approx(n_inside / week.sum() / (len(days) * len(hours) / 168))
    assert peak.p_value == 0.001


@pytest.mark.parametrize(("days", "hours", "words"), [one for one in PLANTED if len(one[1]) >= 3])
def test_a_planted_quiet_window_is_found_to_the_hour(days: list[int], hours: range, words: str) -> None:
    week = week_with(30, (days, hours, 4))
    (quiet, *others) = find_quiet_windows(week)
    n_inside = 4 * len(days) * len(hours)
    assert quiet.words == words
    assert not others
    assert quiet.n_incidents == pytest.approx(n_inside)
    assert quiet.ratio == pytest.approx(n_inside / week.sum() / (len(days) * len(hours) / 168))
    assert quiet.p_value == 0.001


@pytest.mark.parametrize(("days", "hours", "words"), PLANTED[:5])
def test_a_peak_planted_in_chance_is_found_where_it_is(days: list[int], hours: range, words: str) -> None:
    """500 incidents of which a third are in the window: most of the peak that is found lies in the one planted."""
    rng = np.random.default_rng(3)
    share = week_with(1, (days, hours, 0)).ravel()
    inside = share == 0
    share = np.where(inside, 1 / 3 / inside.sum(), 2 / 3 / (~inside).sum())
    for _ in range(20):
        found = find_peaks(rng.multinomial(500, share))[0].hours
        assert inside[found].mean() > 0.6


def test_a_second_peak_shares_no_hour_with_the_first() -> None:
    weekdays = [0, 1, 2, 3, 4]
    peaks = find_peaks(week_with(4, (weekdays, range(15, 18), 60), (weekdays, range(20, 22), 30)))
    assert [peak.words for peak in peaks] == ["Mondays to Fridays 15:00-17:59", "Mondays to Fridays 20:00-21:59"]


def test_two_peaks_are_not_joined_over_the_lull_between_them() -> None:
    """Counts by hour of a real kind: 64, 82, 64, then 11 and 14, then 41 and 33, over five weekdays."""
    week = np.full((7, 24), 1.0)
    week[:5, 15:22] = np.array([64, 82, 64, 11, 14, 41, 33]) / 5
    assert [peak.words for peak in find_peaks(week)] == [
        "Mondays to Fridays 15:00-17:59",
        "Mondays to Fridays 20:00-21:59",
    ]


def test_two_quiet_windows_are_not_joined_over_a_busy_hour() -> None:
    week = week_with(10, (list(range(7)), range(1, 5), 1), (list(range(7)), range(6, 10), 1))
    assert {quiet.words for quiet in find_quiet_windows(week)} == {"every day 01:00-04:59", "every day 06:00-09:59"}


def test_a_quiet_window_lasts_three_hours() -> None:
    assert find_quiet_windows(week_with(30, (list(range(7)), range(2, 4), 0))) == ()


def test_what_is_hardly_more_or_less_than_even_is_not_reported_however_many_incidents() -> None:
    week = np.full((7, 24), 1000.0)
    week[:5, 13:18] = 1200
    week[:5, 1:6] = 800
    assert find_peaks(week) == ()
    assert find_quiet_windows(week) == ()


@settings(max_examples=40)
@given(week=st.lists(st.integers(0, 9), min_size=168, max_size=168), busy=st.integers(0, 167))
def test_windows_hold_what_is_in_their_hours_and_share_none(week: list[int], busy: int) -> None:
    counts = np.array(week, dtype=float)
    counts[[busy, (busy + 1) % 168, (busy + 2) % 168]] += 60
    peaks, quiet = find_peaks(counts), find_quiet_windows(counts)
    assert len(peaks) <= 3
    assert len(quiet) <= 2
    for window in (*peaks, *quiet):
        assert window.n_incidents == pytest.approx(counts[window.hours].sum())
        assert window.share == pytest.approx(window.n_incidents / counts.sum())
        assert window.p_value <= 0.01
    assert all(peak.ratio >= 1.5 - 1e-9 and peak.share >= 0.05 - 1e-9 for peak in peaks)
    assert all(window.ratio <= 0.5 + 1e-9 and window.n_hours >= 3 for window in quiet)
    hours = np.concatenate([window.hours for window in (*peaks, *quiet)] or [np.empty(0, dtype=np.int64)])
    assert len(np.unique(hours)) == len(hours)


def test_one_incident_is_as_even_as_one_incident_can_be() -> None:
    """By hand: its hour has a log likelihood ratio of ln 168, the half of the week without it one of ln 2; always."""
    busy, quiet = simulate_even_weeks(1, 0)
    np.testing.assert_allclose(busy, np.log(168))
    np.testing.assert_allclose(quiet, np.log(2))


def test_the_largest_ratios_of_even_weeks_are_those_of_the_windows_searched() -> None:
    """The same weeks, window by window, from the definition of the ratio."""
    weeks = np.random.default_rng([0, 40]).multinomial(40, np.full(168, 1 / 168), size=999)[:3]
    busy, quiet = simulate_even_weeks(40, 0)
    day_sets = [(0, 1, 2, 3, 4, 5, 6), (0, 1, 2, 3, 4), (5, 6), (0, 1, 2, 3), (0, 1, 2, 3, 6), (4, 5), (4, 5, 6)]
    day_sets += [(day,) for day in range(7)]
    windows = [
        WeekWindow(days=days, start_hour=start, n_hours=n)
        for days in day_sets
        for start in range(24)
        for n in range(1, 13)
    ]
    for week in weeks:
        n_inside = {window: week[window.hours].sum() for window in windows}
        ratios = {window: log_ratio(n, 40, window.week_share) for window, n in n_inside.items()}
        most = max(ratios[window] for window, n in n_inside.items() if n > 40 * window.week_share)
        least = max(ratios[w] for w, n in n_inside.items() if w.n_hours >= 3 and n < 40 * w.week_share)
        assert np.isclose(busy, most).any()
        assert np.isclose(quiet, least).any()


def log_ratio(n_inside: int, n: int, share: float) -> float:
    n_outside = n - n_inside
    inside = n_inside * np.log(n_inside / (n * share)) if n_inside else 0.0
    outside = n_outside * np.log(n_outside / (n * (1 - share))) if n_outside else 0.0
    return float(inside + outside)


@pytest.mark.parametrize("n", [20, 60, 600])
def test_a_week_of_chance_has_a_window_at_most_as_often_as_stated(n: int) -> None:
    """One in a hundred; 400 weeks leave that three standard errors."""
    rng = np.random.default_rng(11)
    weeks = [rng.multinomial(n, np.full(168, 1 / 168)) for _ in range(400)]
    for find in (find_peaks, find_quiet_windows):
        n_found = sum(bool(find(week)) for week in weeks)
        assert n_found <= 400 * 0.01 + 3 * np.sqrt(400 * 0.01)


def test_intervals_at_any_time_have_a_peak_less_often_than_moments(make_incidents: MakeIncidents) -> None:
    """Of 100 incidents at any minute of the week, all are known within a day only: weights vary less than counts."""
    rng = np.random.default_rng(12)
    n, n_weeks = 100, 100
    happened = rng.integers(0, 10_080, n * n_weeks)
    length = rng.integers(1, 1440, n * n_weeks)
    start = happened - (rng.random(n * n_weeks) * length).astype(int)
    incidents = make_incidents(
        np.zeros(n * n_weeks),
        np.zeros(n * n_weeks),
        started_at=MONDAY + pd.to_timedelta(start, unit="min"),
        ended_at=MONDAY + pd.to_timedelta(start + length, unit="min"),
    )
    weeks = weigh_hours(incidents).toarray().reshape(n_weeks, n, 168).sum(axis=1)
    assert sum(bool(find_peaks(week)) for week in weeks) <= n_weeks * 0.01
    assert sum(bool(find_quiet_windows(week)) for week in weeks) <= n_weeks * 0.01


def test_an_empty_week_has_no_windows() -> None:
    assert find_peaks(np.zeros(168)) == ()
    assert find_quiet_windows(np.zeros(168)) == ()
    assert find_peaks(np.eye(1, 168)) == ()
    assert find_quiet_windows(np.eye(1, 168) / 10) == ()


def test_the_same_counts_and_seed_give_the_same_windows() -> None:
    week = np.random.default_rng(1).poisson(week_with(1.0, ([4, 5], range(20, 24), 12.0)))
    assert find_peaks(week, seed=4) == find_peaks(week.astype(float), seed=4)
    one, other = find_peaks(week, seed=4)[0], find_peaks(week, seed=5)[0]
    assert one.hours.tolist() == other.hours.tolist()


def test_windows_are_found_in_hundreds_of_thousands_of_incidents() -> None:
    (peak,) = find_peaks(week_with(10_000, ([0, 1, 2, 3, 4], range(15, 18), 40_000)))
    assert peak.words == "Mondays to Fridays 15:00-17:59"


@pytest.mark.parametrize("find", [find_peaks, find_quiet_windows])
def test_counts_that_are_none_are_refused(find: Callable[[object], object]) -> None:
    with pytest.raises(
        ParameterError, match=r"^A week needs 168 counts, one for each hour; there are 167\. Use weigh_"
    ):
        find(np.ones(167))
    for wrong, said in ((-1.0, "-1"), (np.nan, "nan"), (np.inf, "inf")):
        week = np.ones(168)
        week[17] = wrong
        with pytest.raises(
            ParameterError, match=rf"^Counts must be numbers, 0 or more; that of hour 17 is {said}\. Use weigh"
        ):
            find(week)


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


def test_an_interval_of_a_week_is_no_time_to_speak_of(make_incidents: MakeIncidents) -> None:
    long = "2026-01-20 00:00"
    known = profile_week(make_incidents([0.0] * 50, [0.0] * 50, ended_at=[long] * 25 + [pd.NaT] * 25))
    assert known.available
    assert known.counts is not None
    assert known.counts.sum() == pytest.approx(50)
    assert known.time_counts == TimeCounts(n_point=25, n_interval=0, n_week_or_more=25, n_untimed=0)
    most = profile_week(make_incidents([0.0] * 50, [0.0] * 50, ended_at=[long] * 26 + [pd.NaT] * 24))
    assert (most.available, most.reason, most.n_timed) == (False, "times unknown", 50)
    assert most.explanation == (
        "Only 24 of 50 incidents have a clock time (an interval of a week or more does not count as one); the hours of "
        "the rest may differ."
    )
    few = profile_week(make_incidents([0.0] * 25, [0.0] * 25, ended_at=[long] * 6 + [pd.NaT] * 19))
    assert few.explanation == (
        "19 incidents with a clock time (an interval of a week or more does not count as one) are too few for 168 "
        "hours; 20 are needed."
    )


def test_no_incidents_have_no_profile(make_incidents: MakeIncidents) -> None:
    nothing = make_incidents([], [])
    assert profile_week(nothing).reason == "too few"
    assert profile_groups(nothing, pd.Series([], index=nothing.index, dtype="object")) == {}


def test_a_profile_has_the_busy_and_the_quiet_windows(make_incidents: MakeIncidents) -> None:
    hours = [16] * 40 + [*range(8, 24)] * 10
    started_at = [MONDAY + pd.Timedelta(days=index % 7, hours=hour) for index, hour in enumerate(hours)]
    profile = profile_week(make_incidents([0.0] * 200, [0.0] * 200, started_at=started_at))
    assert [peak.words for peak in profile.peaks] == ["every day 16:00-16:59"]
    assert [quiet.words for quiet in profile.quiet] == ["every day 00:00-07:59"]


def grouped(make_incidents: MakeIncidents) -> tuple[gpd.GeoDataFrame, pd.Series]:
    """Afternoons in B, any hour in A, few in C, month-only in D, and some in no group; in no order."""
    rng = np.random.default_rng(8)
    hours = {"B": rng.integers(15, 17, 60), "A": rng.integers(0, 24, 60), "C": rng.integers(0, 24, 5)}
    rows: list[tuple[str | None, int]] = [(name, int(hour)) for name, chosen in hours.items() for hour in chosen]
    rows += [("D", 0)] * 30 + [(None, 3)] * 100
    rows = [rows[index] for index in rng.permutation(len(rows))]
    day = rng.integers(0, 7, len(rows))
    incidents = make_incidents(
        np.zeros(len(rows)),
        np.zeros(len(rows)),
        started_at=[MONDAY + pd.Timedelta(days=int(d), hours=hour) for d, (_, hour) in zip(day, rows, strict=True)],
        time_precision=["month" if name == "D" else "minute" for name, _ in rows],
    )
    return incidents, pd.Series([name for name, _ in rows], index=incidents.index)


def test_each_group_has_its_profile_or_the_reason_why_not(make_incidents: MakeIncidents) -> None:
    incidents, groups = grouped(make_incidents)
    profiles = profile_groups(incidents, groups)
    assert list(profiles) == ["A", "B", "C", "D"]
    assert {name: profile.reason for name, profile in profiles.items()} == {
        "A": None,
        "B": None,
        "C": "too few",
        "D": "month-only",
    }
    assert profiles["A"].peaks == ()
    assert [peak.words for peak in profiles["B"].peaks] == ["every day 15:00-16:59"]


def test_a_group_has_the_profile_of_its_incidents_alone(make_incidents: MakeIncidents) -> None:
    incidents, groups = grouped(make_incidents)
    hours = weigh_hours(incidents)
    for name, profile in profile_groups(incidents, groups, hours=hours).items():
        alone = profile_week(incidents[groups == name])
        assert (profile.n_timed, profile.n_untimed, profile.reason) == (alone.n_timed, alone.n_untimed, alone.reason)
        assert (profile.time_counts, profile.explanation) == (alone.time_counts, alone.explanation)
        assert (profile.peaks, profile.quiet) == (alone.peaks, alone.quiet)
        if alone.counts is not None:
            assert profile.counts is not None
            np.testing.assert_allclose(profile.counts, alone.counts)


def test_groups_may_be_categories_or_numbers(make_incidents: MakeIncidents) -> None:
    incidents, groups = grouped(make_incidents)
    expected = profile_groups(incidents, groups)
    as_categories = profile_groups(incidents, groups.astype(pd.CategoricalDtype(["A", "B", "C", "D", "E"])))
    as_numbers = profile_groups(incidents, groups.map({"A": 0, "B": 1, "C": 2, "D": 10}))
    assert list(as_categories) == ["A", "B", "C", "D"]
    assert [peak.words for peak in as_categories["B"].peaks] == [peak.words for peak in expected["B"].peaks]
    assert len(as_numbers) == 4


def test_many_groups_without_a_pattern_have_no_peak_more_often_than_stated(make_incidents: MakeIncidents) -> None:
    """Forty wards with incidents at any hour: that any has a peak may happen in one city of twenty."""
    rng = np.random.default_rng(21)
    n_wards, n_cities = 40, 15
    n = rng.integers(20, 60, n_wards)
    ward = np.repeat(np.arange(n_wards), n)
    n_with_peak = n_with_quiet = 0
    for _ in range(n_cities):
        started_at = MONDAY + pd.to_timedelta(rng.integers(0, 10_080, len(ward)), unit="min")
        incidents = make_incidents(np.zeros(len(ward)), np.zeros(len(ward)), started_at=started_at)
        profiles = profile_groups(incidents, pd.Series(ward, index=incidents.index))
        n_with_peak += any(profile.peaks for profile in profiles.values())
        n_with_quiet += any(profile.quiet for profile in profiles.values())
    assert n_with_peak <= n_cities * 0.05 + 3 * np.sqrt(n_cities * 0.05)
    assert n_with_quiet <= n_cities * 0.05 + 3 * np.sqrt(n_cities * 0.05)


def test_groups_on_another_index_are_refused(make_incidents: MakeIncidents) -> None:
    incidents, groups = grouped(make_incidents)
    with pytest.raises(
        DataError, match=r"^Each incident needs a group, on the index of the incidents; there are 254 groups for"
    ):
        profile_groups(incidents, groups.iloc[1:])
    with pytest.raises(ParameterError, match=r"weights of shape \(254, 168\)\. Call weigh_hours on the same incidents"):
        profile_groups(incidents, groups, hours=weigh_hours(incidents.iloc[1:]))
    with pytest.raises(ParameterError, match=r"weights of shape \(254, 168\)\. Call weigh_hours on the same incidents"):
        profile_week(incidents, hours=weigh_hours(incidents.iloc[1:]))


def test_months_without_incidents_are_zero(make_incidents: MakeIncidents) -> None:
    incidents = make_incidents([0.0] * 2, [0.0] * 2, started_at=["2026-01-31 23:59", "2026-03-01 00:00"])
    months = count_months(incidents, months=pd.period_range("2025-12", "2026-03", freq="M"))
    assert months.tolist() == [0, 1, 0, 1]


def test_no_clock_time_at_all_and_a_single_one_in_words(make_incidents: MakeIncidents) -> None:
    days = profile_week(make_incidents([0.0] * 30, [0.0] * 30, time_precision="day"))
    assert days.explanation == "None of 30 incidents has a clock time."
    one = profile_week(make_incidents([0.0], [0.0]))
    assert one.explanation == "One incident with a clock time is too few for 168 hours; 20 are needed."

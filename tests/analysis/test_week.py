from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotspots.analysis.hours.week import HOURS_IN_WEEK, WeekWindow, parse_window, say_days
from hotspots.errors import ParameterError

WEEKDAYS = (0, 1, 2, 3, 4)
WEEKEND = (5, 6)
EVERY_DAY = (0, 1, 2, 3, 4, 5, 6)

day_sets = st.sets(st.integers(0, 6), min_size=1).map(lambda days: tuple(sorted(days)))
windows = st.builds(WeekWindow, days=day_sets, start_hour=st.integers(0, 23), n_hours=st.integers(1, 24))


@pytest.mark.parametrize(
    ("days", "start_hour", "n_hours", "words"),
    [
        (WEEKDAYS, 15, 3, "Mondays to Fridays 15:00-17:59"),
        (WEEKEND, 16, 8, "Saturdays and Sundays 16:00-23:59"),
        ((5,), 22, 4, "Saturdays 22:00-01:59"),
        ((4, 5, 6), 18, 6, "Fridays to Sundays 18:00-23:59"),
        ((0, 1, 2, 3, 6), 22, 9, "Sundays to Thursdays 22:00-06:59"),
        ((0, 4, 5, 6), 9, 1, "Fridays to Mondays 09:00-09:59"),
        ((0, 6), 0, 1, "Sundays and Mondays 00:00-00:59"),
        ((0, 2, 4), 7, 2, "Mondays, Wednesdays and Fridays 07:00-08:59"),
        ((1, 4), 7, 2, "Tuesdays and Fridays 07:00-08:59"),
        ((0, 1, 2, 5), 7, 2, "Mondays, Tuesdays, Wednesdays and Saturdays 07:00-08:59"),
        (EVERY_DAY, 15, 2, "every day 15:00-16:59"),
        (WEEKEND, 0, 24, "Saturdays and Sundays all day"),
        ((4,), 18, 24, "Fridays 18:00-17:59"),
        (EVERY_DAY, 0, 24, "all week"),
        (EVERY_DAY, 6, 24, "all week"),
    ],
)
def test_a_window_is_said_as_on_a_rota(days: tuple[int, ...], start_hour: int, n_hours: int, words: str) -> None:
    assert WeekWindow(days=days, start_hour=start_hour, n_hours=n_hours).words == words


def test_a_window_runs_past_midnight_and_past_the_end_of_the_week() -> None:
    assert WeekWindow(days=(5, 6), start_hour=22, n_hours=4).hours.tolist() == [142, 143, 144, 145, 166, 167, 0, 1]
    assert WeekWindow(days=(0,), start_hour=15, n_hours=3).hours.tolist() == [15, 16, 17]


@given(windows)
def test_a_window_holds_each_of_its_hours_once(window: WeekWindow) -> None:
    hours = set(window.hours.tolist())
    assert len(hours) == len(window.hours) == len(window.days) * window.n_hours
    assert window.week_share == pytest.approx(len(hours) / HOURS_IN_WEEK)
    assert hours <= set(range(HOURS_IN_WEEK))


@given(windows)
def test_the_words_of_days_are_understood(window: WeekWindow) -> None:
    end = (window.start_hour + window.n_hours - 1) % 24 + 1
    hours = f"{window.start_hour}-{end}" if window.start_hour != end else None
    parsed = parse_window(hours, say_days(window.days))
    assert parsed.days == window.days
    if hours:
        assert parsed == window


@pytest.mark.parametrize(
    ("hours", "start_hour", "n_hours"),
    [
        ("15-18", 15, 3),
        ("15:00-18:00", 15, 3),
        (" 15 - 18 ", 15, 3),
        ("15 to 18", 15, 3),
        ("15\u201318", 15, 3),
        ("07-9", 7, 2),
        ("22-2", 22, 4),
        ("22-24", 22, 2),
        ("22-0", 22, 2),
        ("0-24", 0, 24),
        ("6-5", 6, 23),
        (None, 0, 24),
    ],
)
def test_hours_are_read(hours: str | None, start_hour: int, n_hours: int) -> None:
    window = parse_window(hours, "Mon")
    assert (window.start_hour, window.n_hours) == (start_hour, n_hours)


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ("Mon-Fri", WEEKDAYS),
        ("MON-FRI", WEEKDAYS),
        ("monday to friday", WEEKDAYS),
        ("Mondays\u2013Fridays", WEEKDAYS),
        ("weekdays", WEEKDAYS),
        ("Weekday", WEEKDAYS),
        ("weekend", WEEKEND),
        ("Sat,Sun", WEEKEND),
        ("Sun, Sat", WEEKEND),
        ("Sat and Sun", WEEKEND),
        ("Sat & Sun", WEEKEND),
        ("Fri-Mon", (0, 4, 5, 6)),
        ("Sun-Thu", (0, 1, 2, 3, 6)),
        ("Tues,Thurs", (1, 3)),
        ("weds", (2,)),
        ("Mon-Tue,Sat", (0, 1, 5)),
        ("weekend,Mon", (0, 5, 6)),
        (" Saturday ", (5,)),
        ("every day", EVERY_DAY),
        (None, EVERY_DAY),
    ],
)
def test_days_are_read(days: str | None, expected: tuple[int, ...]) -> None:
    assert parse_window("15-18", days).days == expected


def test_without_hours_or_days_the_window_is_the_week() -> None:
    assert parse_window(None, None).words == "all week"
    assert parse_window(None, "weekend").words == "Saturdays and Sundays all day"
    assert parse_window("22-2", None).words == "every day 22:00-01:59"


@pytest.mark.parametrize(
    ("hours", "words"),
    [
        (
            "evening",
            'Hours must be two whole hours of the 24-hour clock, not "evening". Write 15-18 for 15:00 to 17:59',
        ),
        ("", 'Hours must be two whole hours of the 24-hour clock, not "".'),
        ("15", 'not "15".'),
        ("3pm-6pm", 'not "3pm-6pm".'),
        ("15-18-20", 'not "15-18-20".'),
        ("-3-5", 'not "-3-5".'),
        ("15.5-18", 'not "15.5-18".'),
        ("\u0661\u0665-18", "must be two whole hours of the 24-hour clock, not "),  # digits of another script
        ("15:00-17:59", 'Hours must be whole, because the week is counted by the hour; "15:00-17:59" has minutes.'),
        ("15:30-18", '"15:30-18" has minutes.'),
        ("24-2", 'Hours must start from 0 to 23 and end from 0 to 24; "24-2" does not.'),
        ("15-25", '"15-25" does not.'),
        ("15-15", 'A window must not end at the hour at which it starts; "15-15" could be no hours, or all of them.'),
        ("0-0", "Write 15-18 for 15:00 to 17:59, 22-2 for past midnight, 0-24 for all day."),
    ],
)
def test_hours_that_are_none_are_refused(hours: str, words: str) -> None:
    with pytest.raises(ParameterError) as caught:
        parse_window(hours, None)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("days", "words"),
    [
        ("Mo-Fr", 'Days must be names of days; "mo" in "Mo-Fr" is not. Write Mon-Fri, "Sat,Sun", Fri-Mon, weekdays'),
        ("", 'Days must be names of days; "" in "" is not.'),
        ("Sat,", '"" in "Sat," is not.'),
        ("Sat Sun", '"sat sun" in "Sat Sun" is not.'),
        ("1-5", '"1" in "1-5" is not.'),
        ("school days", '"school days" in "school days" is not.'),
        ("Mon-Wed-Fri", 'A range of days needs a first and a last day; "mon-wed-fri" has 3.'),
        (
            "Mon-Mon",
            'A range of days must not end on the day on which it starts; "mon-mon" could be one day, '
            "or all of them. Name the day alone",
        ),
        ("Sat,Sat", 'Each day must be named once; "Sat,Sat" has Saturday twice.'),
        ("Mon-Fri,Wed", 'Each day must be named once; "Mon-Fri,Wed" has Wednesday twice.'),
    ],
)
def test_days_that_are_none_are_refused(days: str, words: str) -> None:
    with pytest.raises(ParameterError) as caught:
        parse_window(None, days)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("days", "start_hour", "n_hours", "words"),
    [
        (
            (),
            0,
            1,
            "A window must start on days from 0 (Monday) to 6 (Sunday), in order and each once, not ().",
        ),
        ((6, 0), 0, 1, "not (6, 0). Sort them and remove repeats."),
        ((0, 0), 0, 1, "each once, not (0, 0)."),
        ((7,), 0, 1, "to 6 (Sunday), in order and each once, not (7,)."),
        ((0,), 24, 1, "A window must start at a whole hour from 0 to 23, not at 24."),
        ((0,), 0, 0, "A window must be a whole number of hours from 1 to 24 long, not 0."),
        ((0,), 0, 25, "not 25. Give several windows, or more days."),
    ],
)
def test_a_window_that_is_none_is_refused(days: tuple[int, ...], start_hour: int, n_hours: int, words: str) -> None:
    with pytest.raises(ParameterError) as caught:
        WeekWindow(days=days, start_hour=start_hour, n_hours=n_hours)
    assert words in str(caught.value)

"""Hours of a shift: over midnight and over both changes of the clocks, worked out by hand."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from hotspots.analysis.patrols import PatrolBreak, ShiftClock, place_breaks, read_clock
from hotspots.errors import ParameterError


def read(day: str, begin: str, end: str) -> ShiftClock:
    times = [dt.time.fromisoformat(text) for text in (begin, end)]
    return read_clock(dt.date.fromisoformat(day), *times, time_zone="Europe/London")


def test_a_shift_by_day() -> None:
    clock = read("2026-10-21", "14:00", "22:00")  # a Wednesday
    assert clock.edges_s.tolist() == [3600 * hour for hour in range(9)]
    assert clock.hour_of_week.tolist() == [2 * 24 + hour for hour in range(14, 22)]
    assert clock.begin_at == dt.datetime(2026, 10, 21, 13, tzinfo=dt.UTC)
    assert f"{clock.tell(5400):%H:%M}" == "15:30"


def test_a_shift_that_begins_within_an_hour() -> None:
    clock = read("2026-10-21", "14:45", "16:10")
    assert clock.edges_s.tolist() == [0, 15 * 60, 75 * 60, 85 * 60]
    assert clock.hour_of_week.tolist() == [62, 63, 64]


def test_the_night_on_which_clocks_go_back_has_nine_hours() -> None:
    clock = read("2026-10-24", "22:00", "06:00")  # a Saturday; at 02:00 BST it is 01:00 again
    assert clock.length_s == 9 * 3600
    assert clock.hour_of_week.tolist() == [142, 143, 144, 145, 145, 146, 147, 148, 149]
    shown = [f"{clock.tell(3600 * hour):%H:%M%z}" for hour in (0, 3, 4, 9)]
    assert shown == ["22:00+0100", "01:00+0100", "01:00+0000", "06:00+0000"]
    assert clock.find(dt.time(1, 30)) == int(3.5 * 3600)  # the first of two
    assert clock.find(dt.time(2, 0)) == 5 * 3600


def test_the_night_on_which_clocks_go_forward_has_seven_hours() -> None:
    clock = read("2026-03-28", "22:00", "06:00")
    assert clock.length_s == 7 * 3600
    assert clock.hour_of_week.tolist() == [142, 143, 144, 146, 147, 148, 149]
    assert clock.find(dt.time(1, 30)) is None


def test_a_time_that_the_clock_never_shows_is_refused() -> None:
    with pytest.raises(ParameterError, match="never shows 01:30 on 2026-03-29"):
        read("2026-03-29", "01:30", "06:00")


def test_equal_times_are_a_day() -> None:
    assert read("2026-10-21", "06:00", "06:00").length_s == 24 * 3600


def test_breaks_begin_up_to_an_hour_later_and_before_the_next() -> None:
    clock = read("2026-10-21", "22:00", "06:00")
    found = place_breaks(clock, ((15, dt.time(2, 0)), (30, dt.time(1, 15)), (30, dt.time(5, 0))))
    hour = 3600
    assert found == (
        PatrolBreak(length_s=1800, earliest_s=int(3.25 * hour), latest_s=int(3.5 * hour)),
        PatrolBreak(length_s=900, earliest_s=4 * hour, latest_s=5 * hour),
        PatrolBreak(length_s=1800, earliest_s=7 * hour, latest_s=int(7.5 * hour)),
    )


@pytest.mark.parametrize("given", [(30, dt.time(13, 59)), (30, dt.time(22, 0)), (0, dt.time(18, 0))])
def test_a_break_outside_the_shift_is_refused(given: tuple[int, dt.time]) -> None:
    with pytest.raises(ParameterError, match="begin in the shift, 14:00 to 22:00"):
        place_breaks(read("2026-10-21", "14:00", "22:00"), (given,))


def test_hours_fill_the_shift() -> None:
    for begin in range(0, 24, 5):
        clock = read("2026-10-24", f"{begin:02d}:20", f"{(begin + 7) % 24:02d}:50")
        assert (np.diff(clock.edges_s) > 0).all()
        assert (np.diff(clock.edges_s) <= 3600).all()
        assert len(clock.hour_of_week) == len(clock.edges_s) - 1

"""When havens are open in one week, hour by hour, by hand."""

from __future__ import annotations

import dataclasses

import numpy as np

from hotspots.analysis.hours import ENGLAND
from hotspots.analysis.safe_havens import find_week_states
from hotspots.ingest.reference import list_opening_rules

WEEK = np.datetime64("2026-09-21", "D") + np.arange(7)  # a Monday


def find_states(*hours: str | None) -> list[str]:
    return find_week_states([list_opening_rules(text) if text else () for text in hours], WEEK, calendar=ENGLAND)


def test_open_closed_in_part_and_not_known() -> None:
    shop, night, unknown = find_states("Mo-Fr 09:00-17:30", "Sa 22:00-02:00", None)
    assert shop[:24] == "c" * 9 + "o" * 8 + "p" + "c" * 6
    assert shop[24 * 5 :] == "c" * 48
    assert night[24 * 5 + 22 :][:4] == "oooo"  # over midnight into Sunday
    assert night.count("o") == 4
    assert unknown == "?" * 168


def test_the_evening_before_the_week_counts_in_it() -> None:
    (night,) = find_states("Su 22:00-02:00")
    assert night[:2] == "oo"
    assert night[-2:] == "oo"


def test_school_holidays_that_nobody_knows_make_hours_not_known() -> None:
    (school,) = find_states("Mo-Fr 15:00-18:00; SH off")
    assert school[15:18] == "???"
    assert school[:15] == "c" * 15


def test_equal_hours_are_worked_out_once() -> None:
    one, other = find_states("24/7", "24/7")
    assert one is other
    assert one == "o" * 168


def test_an_end_that_follows_the_sun_is_that_of_no_one_week() -> None:
    """In London it is dark from about 16:30 in December, and from about 22:10 in June."""
    london = dataclasses.replace(ENGLAND, place=(-0.1, 51.5))
    (park,) = find_week_states([list_opening_rules("10:00-dusk")], WEEK, calendar=london)
    assert park[:24] == "c" * 10 + "o" * 6 + "p" * 7 + "c"

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotspots.analysis.hours.opening_week import is_open_at
from hotspots.ingest.reference.opening_dates import find_easter
from hotspots.ingest.reference.opening_rules import BANK_HOLIDAY, WEEKDAYS
from hotspots.ingest.reference.opening_times import join_weekday_hours, list_opening_rules, read_opening_hours

MONDAY = dt.datetime(2025, 6, 2)
WEEK = np.arange(
    np.datetime64(MONDAY, "s"), np.datetime64(MONDAY, "s") + np.timedelta64(7, "D"), np.timedelta64(60, "s")
)
"""Every minute of a week in June without a bank holiday."""


def read(text: str | None) -> tuple[str | None, str | None]:
    known = read_opening_hours(pd.Series([text], dtype="object"))
    return known.opening_hours.iloc[0], known.doubts.iloc[0]


def count_hours(hours: str) -> float:
    """Hours a week, over every minute of the week."""
    return float(is_open_at(hours, WEEK).sum() / 60)


# Hours open from Monday 2 June 2025 by opening_hours.js 3.15.0 (England). A later rule for the next day ends an evening
# at midnight.
BY_REFERENCE = {
    "Mo-Fr 09:00-17:00": 40,
    "Mo-Fr 09:00-17:00;": 40,
    "mo-fr 9:00-17:00": 40,
    "Mo-Fr: 09:00-17:00": 40,
    "Mo\u2013Fr 09:00\u201317:00": 40,
    "Mo-Fr 9am-5pm": 40,
    "Mon-Fri 9am-5pm": 40,
    "Monday to Friday 9am to 5pm": 40,
    "09:00-17:00 Mo-Fr": 40,
    "Mo-Fr 16.00-23.00": 35,
    "Mo-Fr 9:00-17:00; Sa 9-12": 43,
    "9-5pm": 56,
    "12 - 11 pm": 77,
    "Tu, Th 10:00-16:00": 12,
    "Mo, We 10:00-12:00, 14:00-16:00": 8,
    "Mo-Fr 08:00-16:30; Sa, Su 10:00-14:00": 50.5,
    "Mo-Fr 09:00-12:00,14:00-17:00": 30,
    "Mo-Fr 09:00-12:00, 14:00-17:00": 30,
    "Mo 09:00-12:00,11:00-13:00": 4,
    "Mo-Sa 12:00-23:00; Su, PH 12:00-22:00": 76,
    "Su-We 12:00-23:00; Th-Sa 12:00-24:00": 80,
    "Mo-Th 09:00-23:00; Fr,Sa 09:00-00:00; Su 09:00-23:00": 100,
    "Mo-We 11:00-23:00; Mo-Fr 11:00-00:00": 65,
    "Mo-Fr 09:00-17:00, We 10:00-20:00": 43,
    "Mo-Fr 09:00-17:00 and Sa 10:00-12:00": 42,
    "Mo-Fr 09:00-17:00; Mo-Fr 12:00-13:00 off": 35,
    "Mo-Sa 12:00-23:00, We off": 55,
    "Fr-Sa 11:00-24:30": 27,
    "Sa 12:00-25:00": 13,
    "Fr 20:00-02:00": 6,
    "Mo-Th 16:00-00:30, Fr 16:00-02:30, Sa 12:00-02:30, Su 12:00-00:30": 71.5,
    "Mo-We 16:00-00:00; Th-Fr 16:00-01:00; Sa 11:00-1:30; Su 11:00-23:30": 66.5,
    "17:00-02:00; Th 17:00-03:00; Fr,Sa 17:00-04:00": 63,
    "11:00-11:30": 3.5,
    "24/7": 168,
    "24 hours": 168,
    "24/7; PH off": 168,
    "Mo-Fr 24/7": 120,
    "Mo-Su 00:00-24:00": 168,
    "Apr-Sep Mo-Fr 09:00-17:00; Oct-Mar Mo-Fr 10:00-16:00": 40,
    "Oct-Mar 10:00-16:00": 0,
    "Jun 03-05 10:00-12:00": 6,
    "Jun 03-Jul 05 10:00-12:00": 12,
    "Dec 25 off; Mo-Su 10:00-20:00": 70,
    "Nov-Jun Mo 10:00-12:00": 2,
    "closed": 0,
    "off": 0,
    'Mo-Fr 09:00-17:00 || "by appointment"': 40,
    "Mo-Fr 09:00-17:00 || Sa 10:00-12:00": 42,
    'Mo-Fr 09:00-17:00 open "ring first"': 40,
    'Mo-Su 09:00-17:00; We "by appointment"': 48,
    'Mo-Fr 09:00-17:00, Sa "by appointment"': 40,
    "Tu-Su 12:00-18:00+": 36,
    'Mo-Th 10:00-23:00; Fr-Sa 10:00-24:00; Su 10:00-23:00 || Mo-Fr 12:00-22:00 open "Kitchen"': 93,
}

# What opening_hours.js refuses, and people understand.
BY_HAND = {
    "Mo-Fr, 09:00-17:00": 40,
    "Mo-Fr 09:00:00-17:00:00": 40,
    "Su-We_09:00-23:00,Th-Sa_11:00-00:00": 95,
    "Sun-Thu 1100-0000, Fri & Sat 1100-0030": 92,
    "Monday to Friday 9am to 5pm, Saturday 10am to 4pm, closed Sundays and bank holidays": 46,
    "Mon - Fri: 9.30 a.m. \u2013 5.30 p.m.\nSat: 10am - 12 noon": 42,
    "Open 24 hours a day, 7 days a week": 168,
    "7 days a week 8am-midnight": 112,
    "Weekdays (08:30-18:00), weekends 10:00-16:00": 59.5,
    "Mon/Wed/Fri 10:00-12:00": 6,
    "Daily 10am-4pm except bank holidays": 42,
    "PH,SH off; Mo-Fr 09:00-17:00": 40,  # whatever is a holiday, the later rule holds
    "18:00-2am": 56,
}

NOT_KNOWN = {
    "Mo-Fr": "no times",
    "Sa": "no times",
    "open": "no times",
    "Mo-Fr open": "no times",
    "PH off": "no times",
    "Su off": "no times",
    '"by appointment"': "remark",
    '"now closed indefinitely"': "remark",
    "Mo-Fr 09:00-17:00 unknown": "remark",
    'Mo-Fr 09:00-17:00 "ring first"': "remark",
    "16:00+": "open end",
    "11:00-late": "open end",
    "Tu-Fr 16:00+; Sa-Su 12:00+": "open end",
    "Mo-Su 06:00-23:00+": "open end",
    "by appointment": "unreadable",
    "none": "unreadable",
    "Du-Th 11:00-23:00; Fr-Sa 11:00-24:00": "unreadable",
    "FrSa 12:00-00:00": "unreadable",
    "Mo-Th 16:00-23:00, F 16:00-23:00": "unreadable",
    "Fr 11:00-00:0": "unreadable",
    "Mo-Fr 09:00-17:75": "unreadable",
    "Mo-Fr 09:00-49:00": "unreadable",
    "Mo-Fr 9-5": "unreadable",
    "Mo-Fr 9-5.30": "unreadable",
    "Mo-Fr 10:00-5:00": "unreadable",
    "7-11pm": "unreadable",
    "1-5pm": "unreadable",
    "9am-5": "unreadable",
    "2pm-12pm": "unreadable",
    "13pm-14pm": "unreadable",
    "Th 12:00-12:00": "unreadable",
    "Mo-Su 00:00-00:00": "unreadable",
    "Mo-Fr 09:00-17:00 PH off": "unreadable",
    "Sa 09:00-24:00 Su 09:00-22:30": "unreadable",
    "9am-5pm Mon-Fri, Sat 10am-4pm": "unreadable",
    "Mo-Fr 09:00-17:00; off": "unreadable",
    "Mo-Fr 09:00-12:00; 14:00-17:00": "unreadable",
    'Mo-Fr 09:00-17:00, Mo-Fr 16:00-19:00 "by appointment"': "unreadable",
    'Mo-Fr 09:00-17:00 "ring" || Sa 10:00-12:00': "unreadable",
    'Fr 20:00-04:00 || Sa "ring"': "unreadable",
    "Mo-Su 12:00-02:00+": "unreadable",
    "week 50-02 Mo 10:00-12:00": "unreadable",
    "week 54 Mo 10:00-12:00": "unreadable",
    "week 10-20/0 Mo 10:00-12:00": "unreadable",
    "odd weeks Mo 10:00-12:00": "unreadable",
    "2025 week 1-10 Mo 10:00-12:00; Tu 09:00-10:00": "unreadable",  # 30 December 2024 is in week 1 of 2025
    "2025 Mo-Fr 09:00-17:00": "some years",
    "2025+ Mo-Fr 09:00-17:00": "some years",
    "2024 Dec 24-2025 Jan 02 10:00-12:00": "some years",
    "Mo 10:00-12:00; 2025-2031/2 Tu off": "unreadable",
    "Mo 10:00-12:00; 2026-2025 Tu off": "unreadable",
    "Mo 10:00-12:00; 2025 Feb 30 off": "unreadable",
    "Mo 10:00-12:00; 2025 Dec 24-Jan 02 off": "unreadable",  # of 2026, or all of January to December 2025
    "Mo 10:00-12:00; 2025 Dec 24,Dec 31-2026 Jan 02,Feb 01-2025 Jan 01 off": "unreadable",
    "2000-2030 Mo-Fr": "unreadable",  # eight to half past, or thirty years
    "Mo-Fr 09:00-17:00; easter off": "unreadable",  # Easter Sunday, or Good Friday to Monday
    "Mo-Fr 09:00-17:00; easter +61 days off": "unreadable",
    "Jan 01-easter 10:00-12:00": "unreadable",  # Easter Sunday itself or not
    "Mar 30-easter +1 day 10:00-12:00": "unreadable",  # Easter Monday is before it, or after
    "Mo-Fr 09:00-17:00; easter 2 days off": "unreadable",
    "Dec 24 9:00-5:00": "unreadable",  # the day is no hour of the 24-hour clock
    "(sunset-03:01)-22:00": "unreadable",
    "sunrise-(sunset-1 hour)": "unreadable",
    "sunset+": "unreadable",
    "8-sunset": "unreadable",
    "sunset-sunset": "unreadable",
    "Tu-Fr 16:00+; Sa sunrise-sunset": "open end",
    "We[1] 10:00-12:00": "unreadable",
    "Jan-Feb 15 10:00-12:00": "unreadable",
    "Dec PH 10:00-12:00": "unreadable",
}


@pytest.mark.parametrize(("text", "n_hours"), [*BY_REFERENCE.items(), *BY_HAND.items()])
def test_hours_a_week_are_those_of_the_reference(text: str, n_hours: float) -> None:
    assert count_hours(text) == n_hours


@pytest.mark.parametrize(("text", "doubt"), NOT_KNOWN.items())
def test_a_doubtful_text_is_not_known_and_never_open(text: str, doubt: str) -> None:
    assert read(text) == (None, doubt)
    assert list_opening_rules(text) == ()
    assert not is_open_at(text, WEEK).any()


@pytest.mark.parametrize("text", [*BY_REFERENCE, *BY_HAND])
def test_what_is_known_is_read_again_as_it_is(text: str) -> None:
    hours, doubt = read(text)
    assert hours is not None
    assert read(hours) in [(hours, None), (hours, doubt)]
    assert list_opening_rules(hours) == list_opening_rules(text)


@pytest.mark.parametrize(
    ("text", "hours", "doubt"),
    [
        ("Mo-Fr 08:00-16:30; Sa, Su 10:00-14:00", "Mo-Fr 08:00-16:30; Sa,Su 10:00-14:00", None),
        ("Su-We 9am-midnight; PH, Sa off", "Mo-We,Su 09:00-24:00; Sa,PH off", None),
        ("Apr-Sep 10:00-16:00; Dec 24-26 off", "Apr-Sep 10:00-16:00; Dec 24-Dec 26 off", None),
        ("24 hours", "24/7", None),
        ("closed", "Mo-Su off", None),
        ('Mo-Fr 09:00-17:00; Sa "call 020 7946 0000"', "Mo-Fr 09:00-17:00; Sa unknown", "remark"),
        ("Tu-Su 12:00-18:00+", "Tu-Su 12:00-18:00+", "open end"),
        ("Mo-Fr; Sa 10:00-12:00", "Mo-Fr unknown; Sa 10:00-12:00", "no times"),
        ("Tu-Fr 16:00+; Sa 12:00-14:00", "Tu-Fr 16:00+; Sa 12:00-14:00", "open end"),
        ("Mo-Fr 9am-5pm, closed school holidays", "Mo-Fr 09:00-17:00, SH off", None),
        ("Mo-Fr 8am to sunset, Sa & Su dawn - dusk", "Mo-Fr 08:00-sunset, Sa,Su dawn-dusk", None),
        ("10:00-dusk", "Mo-Su 10:00-dusk", None),
        ("Mo-Fr 9.30 to sunset", "Mo-Fr 09:30-sunset", None),
        ("8:00-dusk", "Mo-Su 08:00-dusk", None),
        ("4:00-dusk", None, "unreadable"),
        ("dawn-10:00", None, "unreadable"),
        ("Mo-Fr 8am to (sunset \u2212 1:00)", "Mo-Fr 08:00-(sunset-01:00)", None),
        ("week 1-26,30 Mo-Fr 9am-5pm", "week 01-26,30 Mo-Fr 09:00-17:00", None),
        ("week 2-52/2 10:00-12:00", "week 02-52/2 10:00-12:00", None),
        ("Mo-Fr 9am-5pm; Good Friday, Easter Monday off", "Mo-Fr 09:00-17:00; easter -2 days,easter +1 day off", None),
        (
            "Mo-Fr 9am-5pm; Good Friday off; Easter Monday off",
            "Mo-Fr 09:00-17:00; easter -2 days off; easter +1 day off",
            None,
        ),
        (
            "Mo-Fr 9am-5pm; easter -2 days-easter +1 day off",
            "Mo-Fr 09:00-17:00; easter -2 days-easter +1 day off",
            None,
        ),
        ("Jan-easter +1 day Sa 10:00-12:00", "Jan 01-easter +1 day Sa 10:00-12:00", None),
        ("Mo-Fr 09:00-17:00; 2025 Dec 24-2026 Jan 02 off", "Mo-Fr 09:00-17:00; 2025 Dec 24-2026 Jan 02 off", None),
        ("Mo-Fr 09:00-17:00; 2025 Dec 24-26,31 off", None, "unreadable"),
        (
            "Mo-Fr 09:00-17:00; 2025 Apr-Jun,Sep Sa 09:00-12:00",
            "Mo-Fr 09:00-17:00; 2025 Apr 01-2025 Jun 30,2025 Sep 01-2025 Sep 30 Sa 09:00-12:00",
            None,
        ),
        ("Mo-Fr 09:00-17:00; 2025-2026 Dec 24 off", "Mo-Fr 09:00-17:00; 2025 Dec 24,2026 Dec 24 off", None),
        ("Mo-Fr 09:00-17:00; 2026 easter -2 days off", "Mo-Fr 09:00-17:00; 2026 Apr 03 off", None),
        ("Mo-Fr 09:00-17:00; 2026+ Sa 10:00-12:00", "Mo-Fr 09:00-17:00; 2026+ Sa 10:00-12:00", None),
        ("SH Mo-Fr 10:00-16:00; Sa,SH 10:00-12:00", "SH Mo-Fr 10:00-16:00; Sa,SH 10:00-12:00", None),
        ("  ", None, None),
        (None, None, None),
    ],
)
def test_what_is_known_is_said_in_the_syntax_of_openstreetmap(
    text: str | None, hours: str | None, doubt: str | None
) -> None:
    """Remarks are dropped: they may hold names and telephone numbers."""
    assert read(text) == (hours, doubt)
    if hours is not None:
        assert list_opening_rules(hours) == list_opening_rules(str(text))


@pytest.mark.parametrize(
    ("year", "month", "day"),
    [(1818, 3, 22), (1943, 4, 25), (2000, 4, 23), (2008, 3, 23), (2011, 4, 24), (2019, 4, 21), (2024, 3, 31),
     (2025, 4, 20), (2026, 4, 5), (2027, 3, 28), (2038, 4, 25), (2049, 4, 18), (2076, 4, 19), (2285, 3, 22)],
)  # fmt: skip
def test_easter_is_as_almanacs_have_it(year: int, month: int, day: int) -> None:
    """The earliest and latest there are, and the years in which the rule of 19 years has its exceptions."""
    assert find_easter(year) == dt.date(year, month, day)


def test_an_evening_runs_on_only_where_no_later_rule_says_otherwise() -> None:
    """By opening_hours.js the next day's own rule ends Friday's evening at midnight; after it, it does not."""
    one, other = "Fr 20:00-02:00; Sa 10:00-12:00", "Sa 10:00-12:00; Fr 20:00-02:00"
    past_midnight = np.array(["2025-06-07T01:00"], dtype="M8[s]")
    assert not is_open_at(one, past_midnight)[0]
    assert is_open_at(other, past_midnight)[0]
    assert is_open_at(one.replace(";", ","), past_midnight)[0]
    # Wednesdays are closed, and so is what would be their evening.
    assert not is_open_at("Mo-Su 18:00-02:00; We off", np.array(["2025-06-05T01:00"], dtype="M8[s]"))[0]


def test_rules_keep_days_bank_holidays_and_dates_apart() -> None:
    (rule,) = list_opening_rules("Su,PH 10:00-12:00")
    assert (rule.days, rule.spans, rule.is_off) == (frozenset({6, BANK_HOLIDAY}), ((600, 720),), False)
    (rule,) = list_opening_rules("Nov 15-Feb 10 Mo 22:00-02:00")
    assert (rule.dates, rule.days, rule.spans) == (((1115, 210),), frozenset({0}), ((1320, 1560),))


DAY_SETS = st.sets(st.integers(0, 6), min_size=1)
SPANS = st.tuples(st.integers(0, 95), st.integers(1, 95)).map(lambda pair: (15 * pair[0], 15 * (pair[0] + pair[1])))


def say_clock(minute: int, style: str) -> str:
    hour, rest = divmod(minute % 1440, 60)
    if style == "am and pm" and hour != 0 and minute % 1440 != 720:
        return f"{(hour - 1) % 12 + 1}.{rest:02d}{'am' if hour < 12 else 'pm'}"
    return f"{hour:02d}{rest:02d}" if style == "digits" else f"{hour:02d}:{rest:02d}"


@given(
    rules=st.lists(st.tuples(DAY_SETS, SPANS), min_size=1, max_size=3),
    style=st.sampled_from(["digits", "colons", "am and pm"]),
    names=st.sampled_from([WEEKDAYS, ("Mon", "Tues", "Wed", "Thurs", "Fri", "Sat", "Sun")]),
    dash=st.sampled_from(["-", " - ", "\u2013", " to "]),
)
def test_added_spans_are_open_exactly_then(
    rules: list[tuple[set[int], tuple[int, int]]], style: str, names: tuple[str, ...], dash: str
) -> None:
    """Each span of each rule is painted on a week of minutes that closes on itself."""
    style = (
        "colons"
        if any(first % 1440 < 60 or last % 1440 < 60 or 720 in (first, last) for _, (first, last) in rules)
        else style
    )
    text = ", ".join(
        f"{','.join(names[day] for day in sorted(days))} {say_clock(first, style)}{dash}{say_clock(last, style)}"
        for days, (first, last) in rules
    )
    painted = np.zeros(7 * 1440, dtype=bool)
    for days, (first, last) in rules:
        for day in days:
            painted[(day * 1440 + np.arange(first, last)) % len(painted)] = True
    assert is_open_at(text, WEEK).tolist() == painted.tolist()


@given(rules=st.lists(st.tuples(DAY_SETS, st.integers(0, 12), st.integers(13, 24)), min_size=1, max_size=4))
def test_later_rules_take_the_place_of_earlier_ones(rules: list[tuple[set[int], int, int]]) -> None:
    text = "; ".join(
        f"{','.join(WEEKDAYS[day] for day in sorted(days))} {first:02d}:00-{last:02d}:00" for days, first, last in rules
    )
    spans = {day: (first, last) for days, first, last in rules for day in days}
    assert count_hours(text) == sum(last - first for first, last in spans.values())


@given(text=st.text('MoTuFrSaPH0123459:.-+,;|" amp/[]off', max_size=25))
def test_any_text_is_read_or_not_known(text: str) -> None:
    hours, doubt = read(text)
    assert (hours is None) == (not list_opening_rules(text))
    assert hours is not None or doubt is not None or not text.strip()
    if hours is not None:
        assert read(hours) in [(hours, None), (hours, doubt)]


@pytest.mark.parametrize(
    ("cells", "hours", "doubt"),
    [
        (["9am-5pm"] * 5 + ["Closed"] * 2, "Mo-Fr 09:00-17:00; Sa,Su off", None),
        (["09:00 - 17:00"] * 5, "Mo-Fr 09:00-17:00", None),
        (["9-5.30"] * 4 + ["9-1, 2-5", "10-4", ""],
         "Mo-Th 09:00-17:30; Fr 09:00-13:00,14:00-17:00; Sa 10:00-16:00", None),
        (["10am to 1pm, 2pm to 5pm", None, "10am-1pm; 2pm-5pm"],
         "Mo 10:00-13:00,14:00-17:00; We 10:00-13:00,14:00-17:00", None),
        (["24 hours"] * 7, "24/7", None),
        (["9:00-5:00", "09:00-19:00"], "Mo 09:00-17:00; Tu 09:00-19:00", None),
        (["see website", "10:00-16:00"], "Mo unknown; Tu 10:00-16:00", "remark"),
        (["1-4", "10:00-16:00"], "Mo unknown; Tu 10:00-16:00", "remark"),
        (["7-9"], None, "remark"),
        (["99-99", "10:00-16:00"], "Mo unknown; Tu 10:00-16:00", "remark"),
        (["9-99, 99-5"], None, "remark"),
        (["Closed"] * 7, "Mo-Su off", None),
        (["Closed"], None, "no times"),
        (["", None, " "], None, None),
    ],
)  # fmt: skip
def test_hours_of_each_weekday_make_one_value(cells: list[str | None], hours: str | None, doubt: str | None) -> None:
    columns = {day: pd.Series([cell], index=[7], dtype="object") for day, cell in enumerate(cells)}
    joined = join_weekday_hours(columns)
    assert joined.index.tolist() == [7]
    assert read(joined.iloc[0]) == (hours, doubt)


@given(
    hours=st.lists(
        st.none() | st.tuples(st.integers(8, 12), st.integers(13, 19)).map(lambda pair: (60 * pair[0], 60 * pair[1])),
        min_size=7,
        max_size=7,
    ),
    style=st.sampled_from(["{:02d}:00-{:02d}:00", "{}-{}", "am and pm"]),
)
def test_weekday_columns_are_open_exactly_then(hours: list[tuple[int, int] | None], style: str) -> None:
    """A clock face, 24 hours, or am and pm: "9-5", "09:00-17:00", "9am-5pm"."""

    def write(span: tuple[int, int]) -> str:
        first, last = span[0] // 60, span[1] // 60
        if style == "{}-{}":
            return f"{first}-{last - 12}"
        return (
            f"{first}{'am' if first < 12 else 'pm'}-{last - 12}pm"
            if style == "am and pm"
            else style.format(first, last)
        )

    joined = join_weekday_hours({day: pd.Series([write(span) if span else None]) for day, span in enumerate(hours)})
    painted = np.zeros(7 * 1440, dtype=bool)
    for day, span in enumerate(hours):
        if span:
            painted[day * 1440 + span[0] : day * 1440 + span[1]] = True
    text = joined.iloc[0]
    assert (is_open_at(text, WEEK) if text else np.zeros(7 * 1440, dtype=bool)).tolist() == painted.tolist()

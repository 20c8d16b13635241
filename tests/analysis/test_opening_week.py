"""Open, closed or not known: each kind of rule at instants whose answer is worked out by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotspots.analysis.hours.opening_calendar import ENGLAND, OpeningCalendar, number_weeks
from hotspots.analysis.hours.opening_week import find_open_state, find_sure_hours, is_open_at, list_school_days
from hotspots.ingest.reference.opening_times import list_opening_rules

TERMS = pd.DataFrame(
    {
        "first_day": pd.to_datetime(["2025-01-06", "2025-02-24", "2025-04-22"]),
        "last_day": pd.to_datetime(["2025-02-14", "2025-04-04", "2025-07-22"]),
    }
)
"""Half-term is 15 to 23 February, Easter 5 to 21 April; what is after 22 July is not known."""


def tell(hours: str, time: str, calendar: OpeningCalendar = ENGLAND) -> str:
    times = np.array([time], dtype="M8[s]")
    days = times.astype("M8[D]")
    minutes = (times - days) / np.timedelta64(1, "m")
    state = find_open_state(list_opening_rules(hours), days, minutes, calendar=calendar)
    assert not (state.is_open & ~state.is_known).any()
    return "open" if state.is_open[0] else "closed" if state.is_known[0] else "not known"


@pytest.mark.parametrize(
    ("hours", "time", "expected"),
    [
        # 2 June 2025 is a Monday, 7 June a Saturday, 26 May a bank holiday
        ("Mo-Fr 09:00-17:00", "2025-06-02 16:59", "open"),
        ("Mo-Fr 09:00-17:00", "2025-06-02 17:00", "closed"),
        ("Mo-Fr 09:00-17:00; PH off", "2025-05-26 12:00", "closed"),
        # a remark on some days, and no times for some
        ('Mo-Fr 09:00-17:00; Sa "by appointment"', "2025-06-07 12:00", "not known"),
        ('Mo-Fr 09:00-17:00; Sa "by appointment"', "2025-06-08 12:00", "closed"),
        ('Mo-Fr 09:00-17:00; Sa "by appointment"', "2025-06-08 00:30", "closed"),
        ('Mo-Fr 09:00-17:00, Sa "by appointment"', "2025-06-07 12:00", "not known"),
        ("Mo-Fr; Sa 10:00-12:00", "2025-06-02 12:00", "not known"),
        ("Mo-Fr; Sa 10:00-12:00", "2025-06-07 11:00", "open"),
        # an end that is left open lasts until 08:00 at most
        ("Tu-Su 12:00-18:00+", "2025-06-03 17:00", "open"),
        ("Tu-Su 12:00-18:00+", "2025-06-03 18:00", "not known"),
        ("Tu-Su 12:00-18:00+", "2025-06-04 07:59", "not known"),
        ("Tu-Su 12:00-18:00+", "2025-06-04 08:00", "closed"),
        ("Tu-Su 12:00-18:00+", "2025-06-02 12:00", "closed"),
        ("Tu-Fr 16:00+; Sa 12:00-14:00", "2025-06-03 20:00", "not known"),
        ("Tu-Fr 16:00+; Sa 12:00-14:00", "2025-06-03 15:00", "closed"),
        # nothing is known
        ("by appointment", "2025-06-03 12:00", "not known"),
        ("Sa", "2025-06-07 12:00", "not known"),
        # a fallback on other days, and one that is a remark alone, which says nothing of the rest
        ("Mo-Fr 09:00-17:00 || Sa 10:00-12:00", "2025-06-07 11:00", "open"),
        ('Mo-Fr 09:00-17:00 || "ring"', "2025-06-07 11:00", "closed"),
    ],
)
def test_what_is_doubtful_is_not_known_and_the_rest_is(hours: str, time: str, expected: str) -> None:
    assert tell(hours, time) == expected


@pytest.mark.parametrize(
    ("hours", "time", "expected"),
    [
        # 6 June 2025 is a Friday. Saturday's rule ends Friday's evening by the syntax, and not to people
        ("Fr 20:00-02:00; Sa 10:00-12:00", "2025-06-06 23:59", "open"),
        ("Fr 20:00-02:00; Sa 10:00-12:00", "2025-06-07 01:00", "not known"),
        ("Fr 20:00-02:00; Sa 10:00-12:00", "2025-06-07 02:00", "closed"),
        ("Fr 20:00-02:00; Sa 10:00-12:00", "2025-06-07 11:00", "open"),
        ("Sa 10:00-12:00; Fr 20:00-02:00", "2025-06-07 01:00", "open"),
        ("Fr 20:00-02:00, Sa 10:00-12:00", "2025-06-07 01:00", "open"),
        ("Mo-Th 12:00-23:00; Fr,Sa 12:00-01:00; Su 12:00-22:00", "2025-06-07 00:30", "open"),
        ("Mo-Th 12:00-23:00; Fr,Sa 12:00-01:00; Su 12:00-22:00", "2025-06-08 00:30", "not known"),
        ("Mo-Th 12:00-23:00; Fr,Sa 12:00-01:00; Su 12:00-22:00", "2025-06-09 00:30", "closed"),
        ("Mo-Sa 18:00-02:00; Su off", "2025-06-08 01:00", "not known"),
        ("Mo-Sa 18:00-02:00; Su off", "2025-06-08 20:00", "closed"),
        # Wednesday's evening is off to people, and by the syntax the first hours of Thursday are not
        ("Mo-Su 18:00-02:00; We off", "2025-06-05 01:00", "not known"),
        ("Mo-Su 18:00-02:00; We off", "2025-06-04 01:00", "not known"),
        ("Mo-Su 18:00-02:00; We off", "2025-06-04 20:00", "closed"),
        ("Mo-Su 18:00-02:00; We off", "2025-06-06 01:00", "open"),
        ("Mo-Su 15:00-03:00; easter -2 days 15:00-24:00", "2025-04-19 01:00", "not known"),
        ("Mo-Su 18:00-02:00; PH off", "2025-05-26 01:00", "not known"),
        ("Mo-Su 18:00-02:00; PH off", "2025-05-27 01:00", "not known"),
        ("Fr 18:00-22:00+; Sa 10:00-12:00", "2025-06-07 01:00", "not known"),
        # hours that are off are off to both
        ("Mo-Su 18:00-02:00; Sa 00:00-02:00 off", "2025-06-07 01:00", "closed"),
        ("Mo-Su 18:00-02:00; Fr 23:00-02:00 off", "2025-06-07 01:00", "closed"),
        ("24/7; Fr 22:00-02:00 off", "2025-06-07 01:00", "closed"),
        ("24/7; Fr 22:00-02:00 off", "2025-06-07 02:00", "open"),
    ],
)
def test_after_midnight_it_is_known_where_people_and_the_syntax_agree(hours: str, time: str, expected: str) -> None:
    assert tell(hours, time) == expected


@pytest.mark.parametrize(
    ("hours", "time", "expected"),
    [
        # week 1 of 2026 is from Monday 29 December 2025, week 26 from 22 June, week 53 from 28 December 2026
        ("week 01-26 Mo-Fr 09:00-17:00", "2025-12-26 12:00", "closed"),
        ("week 01-26 Mo-Fr 09:00-17:00", "2025-12-29 12:00", "open"),
        ("week 01-26 Mo-Fr 09:00-17:00", "2026-06-26 12:00", "open"),
        ("week 01-26 Mo-Fr 09:00-17:00", "2026-06-29 12:00", "closed"),
        ("week 1-53/2 Mo 10:00-12:00", "2026-01-05 11:00", "closed"),
        ("week 1-53/2 Mo 10:00-12:00", "2026-01-12 11:00", "open"),
        ("week 1-53/2 Mo 10:00-12:00", "2026-12-28 11:00", "open"),
        ("week 1-53/2 Mo 10:00-12:00", "2027-01-04 11:00", "open"),
        ("week 2-52/2 Mo 10:00-12:00", "2026-01-05 11:00", "open"),
        ("week 2-52/2 Mo 10:00-12:00", "2027-01-04 11:00", "closed"),
        ("week 10 Su 22:00-02:00", "2026-03-09 01:00", "open"),  # the evening of the Sunday of week 10
        ("week 10 Su 22:00-02:00", "2026-03-02 01:00", "closed"),
        # Easter Sunday is 20 April 2025 and 5 April 2026
        ("Mo-Su 09:00-17:00; easter -2 days off", "2025-04-18 12:00", "closed"),
        ("Mo-Su 09:00-17:00; easter -2 days off", "2026-04-03 12:00", "closed"),
        ("Mo-Su 09:00-17:00; easter -2 days off", "2026-04-18 12:00", "open"),
        ("Mo-Su 09:00-17:00; easter -2 days-easter +1 day off", "2026-04-06 12:00", "closed"),
        ("Mo-Su 09:00-17:00; easter -2 days-easter +1 day off", "2026-04-07 12:00", "open"),
        ("easter +50 days 10:00-12:00", "2025-06-09 11:00", "open"),  # Whit Monday
        ("easter-Oct 31 10:00-12:00", "2026-04-05 11:00", "open"),
        ("easter-Oct 31 10:00-12:00", "2025-04-05 11:00", "closed"),
        ("Nov 01-easter +1 day 10:00-12:00", "2025-04-21 11:00", "open"),
        ("Nov 01-easter +1 day 10:00-12:00", "2026-04-07 11:00", "closed"),
        ("Nov 01-easter +1 day 10:00-12:00", "2026-11-20 11:00", "open"),
        # years
        ("Mo-Su 09:00-17:00; 2025 Dec 24-2026 Jan 02 off", "2025-12-24 12:00", "closed"),
        ("Mo-Su 09:00-17:00; 2025 Dec 24-2026 Jan 02 off", "2026-01-02 12:00", "closed"),
        ("Mo-Su 09:00-17:00; 2025 Dec 24-2026 Jan 02 off", "2026-01-03 12:00", "open"),
        ("Mo-Su 09:00-17:00; 2025 Dec 24-2026 Jan 02 off", "2026-12-24 12:00", "open"),
        ("Mo-Su 09:00-17:00; 2025-2026 off", "2024-12-31 12:00", "open"),
        ("Mo-Su 09:00-17:00; 2025-2026 off", "2025-01-01 12:00", "closed"),
        ("Mo-Su 09:00-17:00; 2025-2026 off", "2027-01-01 12:00", "open"),
        ("Mo-Su 09:00-17:00; 2025+ We off", "2031-01-01 12:00", "closed"),  # a Wednesday
        ("Mo-Su 09:00-17:00; 2025 Feb off", "2024-02-29 12:00", "open"),
        ("Mo-Su 09:00-17:00; 2024 Feb off", "2024-02-29 12:00", "closed"),
        ("Mo 10:00-12:00; 2026 week 10-20 Mo 10:00-14:00", "2026-03-02 13:00", "open"),
        ("Mo 10:00-12:00; 2026 week 10-20 Mo 10:00-14:00", "2025-03-03 13:00", "closed"),
    ],
)
def test_weeks_easter_and_years_are_those_of_the_date(hours: str, time: str, expected: str) -> None:
    assert tell(hours, time) == expected


def test_weeks_are_those_of_the_standard_library() -> None:
    days = np.arange(np.datetime64("1999-12-20"), np.datetime64("2036-01-20"))
    assert number_weeks(days).tolist() == [day.item().isocalendar().week for day in days]


@pytest.mark.parametrize(
    ("hours", "time", "with_terms", "without"),
    [
        ("Mo-Fr 09:00-17:00; SH off", "2025-02-19 12:00", "closed", "not known"),
        ("Mo-Fr 09:00-17:00; SH off", "2025-02-26 12:00", "open", "not known"),
        ("Mo-Fr 09:00-17:00; SH off", "2025-02-26 20:00", "closed", "closed"),
        ("Mo-Fr 09:00-17:00; SH off", "2025-08-06 12:00", "not known", "not known"),  # after the last term
        ("Mo-Fr 09:00-17:00; SH off", "2025-02-22 12:00", "closed", "closed"),  # a Saturday
        ("Mo-Fr 12:00-17:00; SH Mo-Fr 10:00-17:00", "2025-02-19 11:00", "open", "not known"),
        ("Mo-Fr 12:00-17:00; SH Mo-Fr 10:00-17:00", "2025-02-26 11:00", "closed", "not known"),
        ("Mo-Fr 12:00-17:00; SH Mo-Fr 10:00-17:00", "2025-02-19 13:00", "open", "open"),
        ("Sa,SH 10:00-12:00", "2025-02-19 11:00", "open", "not known"),
        ("Sa,SH 10:00-12:00", "2025-02-22 11:00", "open", "open"),
        # the evening of the last day before the holidays runs on into them: 15 February is a Saturday
        ("Mo-Fr 20:00-02:00; SH off", "2025-02-15 01:00", "not known", "not known"),
        ("SH off; Mo-Fr 20:00-02:00", "2025-02-15 01:00", "open", "open"),
    ],
)
def test_school_holidays_are_known_where_the_terms_are(hours: str, time: str, with_terms: str, without: str) -> None:
    calendar = OpeningCalendar(terms=TERMS)
    assert tell(hours, time, calendar) == with_terms
    assert tell(hours, time) == without
    assert is_open_at(hours, np.array([time], dtype="M8[s]"), calendar=calendar)[0] == (with_terms == "open")


LONDON = OpeningCalendar(place=(-0.1276, 51.5072))
"""In London the sun is up from 04:43 to 21:21 on 21 June, and from 08:04 to 15:53 on 21 December, within 2 minutes."""


@pytest.mark.parametrize(
    ("hours", "time", "expected", "without"),
    [
        ("sunrise-sunset", "2025-06-21 04:40", "closed", "not known"),
        ("sunrise-sunset", "2025-06-21 04:46", "open", "not known"),
        ("sunrise-sunset", "2025-06-21 21:18", "open", "not known"),
        ("sunrise-sunset", "2025-06-21 21:25", "closed", "not known"),
        ("sunrise-sunset", "2025-12-21 08:00", "closed", "not known"),
        ("sunrise-sunset", "2025-12-21 15:50", "open", "not known"),
        ("sunrise-sunset", "2025-12-21 15:57", "closed", "not known"),
        ("08:00-sunset", "2025-12-21 07:59", "closed", "closed"),
        ("08:00-sunset", "2025-12-21 02:59", "closed", "not known"),  # it may last from the evening before
        ("Su 08:00-sunset; Mo-Sa off", "2025-12-21 07:59", "closed", "closed"),
        ("Su 08:00-sunset; Mo-Sa off", "2025-12-21 08:00", "open", "not known"),
        ("Mo-Fr 09:00-17:00; Sa,Su sunrise-sunset", "2025-12-22 12:00", "open", "open"),
        ("sunset-sunrise", "2025-12-21 23:00", "open", "not known"),
        ("sunset-sunrise", "2025-12-22 07:55", "open", "not known"),
        ("sunset-sunrise", "2025-12-22 08:10", "closed", "not known"),
        ("24/7; Mo-Su sunset-22:00 off", "2025-12-21 18:00", "closed", "not known"),
        ("24/7; Mo-Su sunset-22:00 off", "2025-12-21 12:00", "open", "not known"),
        (
            "24/7; Mo-Su sunset-22:00 off",
            "2025-12-21 22:30",
            "open",
            "not known",
        ),  # in Shetland it sets later than 22:00
        ("Mo-Su 12:00-20:00; We sunset-21:00 off", "2025-12-17 21:30", "closed", "closed"),
        # 15:53 less an hour, 08:04 and a half
        ("(sunrise+00:30)-(sunset-01:00)", "2025-12-21 08:32", "closed", "not known"),
        ("(sunrise+00:30)-(sunset-01:00)", "2025-12-21 08:38", "open", "not known"),
        ("(sunrise+00:30)-(sunset-01:00)", "2025-12-21 14:50", "open", "not known"),
        ("(sunrise+00:30)-(sunset-01:00)", "2025-12-21 14:57", "closed", "not known"),
        ("sunset-01:00", "2025-12-21 00:59", "open", "not known"),
        ("sunset-01:00", "2025-12-21 01:00", "closed", "not known"),
        ("sunset-01:00", "2025-12-21 23:00", "open", "not known"),
        # in summer the sun sets after 20:00, and nothing is left of it
        ("sunset-20:00", "2025-12-21 19:59", "open", "not known"),
        ("sunset-20:00", "2025-12-21 20:00", "closed", "not known"),
        ("sunset-20:00", "2025-06-21 21:30", "not known", "not known"),
        ("sunset-20:00", "2025-06-21 12:00", "not known", "not known"),
    ],
)
def test_the_sun_is_that_of_the_day_and_place(hours: str, time: str, expected: str, without: str) -> None:
    assert tell(hours, time, LONDON) == expected
    assert tell(hours, time) == without


@given(
    hours=st.sampled_from(
        ["sunrise-sunset", "08:00-sunset", "Sa sunset-01:00", "sunset-22:00", "24/7; sunrise-09:00 off", "Mo dusk-dawn"]
    ),
    place=st.sampled_from([(-0.1, 51.5), (-1.2, 60.2), (-5.7, 50.1), (-6.3, 69.9), (1.7, 69.9), (0.0, 85.0)]),
    minute=st.integers(0, 366 * 1440),
)
def test_what_is_known_without_the_sun_is_so_wherever_it_is(
    hours: str, place: tuple[float, float], minute: int
) -> None:
    """In Britain, and as far north as the sun does not set."""
    time = str(np.datetime64("2024-01-01", "m") + np.timedelta64(minute, "m"))
    assert tell(hours, time) in ("not known", tell(hours, time, OpeningCalendar(place=place)))


@given(
    hours=st.sampled_from(
        [
            "Mo-Fr 09:00-17:00; SH off",
            "SH Mo-Fr 22:00-03:00, Sa 10:00-12:00",
            "Sa,SH 20:00-02:00; Mo off",
            "24/7; SH off",
        ]
    ),
    minute=st.integers(0, 200 * 1440),
    holidays=st.sets(st.integers(-1, 200)),
)
def test_what_is_known_without_terms_is_so_whatever_they_are(hours: str, minute: int, holidays: set[int]) -> None:
    """Days without a stretch of their own are holidays; a stretch at both ends makes all between them known."""
    days = np.arange(np.datetime64("2025-01-01") - 2, np.datetime64("2025-01-01") + 203)
    in_term = [day for number, day in enumerate(days, -2) if number not in holidays]
    terms = pd.DataFrame({"first_day": in_term, "last_day": in_term})
    time = str(np.datetime64("2025-01-01", "m") + np.timedelta64(minute, "m"))
    told = tell(hours, time)
    assert told in ("not known", tell(hours, time, OpeningCalendar(terms=terms)))


@pytest.mark.parametrize(
    ("hours", "tuesday", "is_known"),
    [
        ("Mo-Fr 09:00-17:00", ((900, 1020),), True),
        ("24/7", ((900, 1080),), True),
        ("Mo-Fr 09:00-15:00", (), True),
        ("Mo-Fr 09:00-15:30,16:15-20:00", ((900, 930), (975, 1080)), True),
        ("Mo 09:00-17:00; Tu 16:00-17:00", ((960, 1020),), True),
        ("Mo-Fr 09:00-17:00; SH,PH off", ((900, 1020),), True),  # neither is a school day
        ("SH Mo-Fr 09:00-17:00", (), True),
        ("Apr-Sep Mo-Fr 09:00-18:00; Oct-Mar Mo-Fr 09:00-16:00", ((900, 960),), False),
        ("week 1-53/2 Mo-Fr 09:00-17:00", (), False),
        ("Mo-Fr 09:00-17:00; 2026 Dec 22 off", (), False),  # a Tuesday
        ("Mo-Fr 09:00-16:00; Mo-Fr 16:00-dusk", (), False),
        ("Mo-Fr 09:00-16:00, Mo-Fr 16:30-dusk", ((900, 960),), False),
        ("Mo-Su 09:00-16:00+", ((900, 960),), False),
        ('Mo 09:00-17:00; Tu "ring"', (), False),
        ("by appointment", (), False),
    ],
)
def test_hours_after_school_are_those_of_every_school_day(
    hours: str, tuesday: tuple[tuple[int, int], ...], is_known: bool
) -> None:
    found = find_sure_hours(hours, first_minute=15 * 60, last_minute=18 * 60)
    assert [day.day for day in found] == [0, 1, 2, 3, 4]
    assert (found[1].spans, found[1].is_known) == (tuesday, is_known)


def test_school_days_are_those_of_the_terms() -> None:
    """In the first term of these, 6 January to 14 February, there are six weeks; 21 April is a bank holiday."""
    days = list_school_days(TERMS.iloc[:1])
    assert len(days) == 30
    assert days[0] == np.datetime64("2025-01-06")
    assert np.datetime64("2025-05-05") not in list_school_days(TERMS)
    summer = "May-Jul Mo-Fr 09:00-18:00; Aug-Apr Mo-Fr 09:00-16:00"
    (monday, *_) = find_sure_hours(summer, school_days=days)
    assert (monday.spans, monday.is_known) == (((900, 960),), True)

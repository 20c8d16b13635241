from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotspots.analysis.calendar.darkness import measure_darkness
from hotspots.analysis.calendar.days import PAY_WINDOW_DAYS, Calendar, make_calendar
from hotspots.errors import DataError, ParameterError

LONDON = {"longitude": -0.1276, "latitude": 51.5072}
TERMS = pd.DataFrame(
    {
        "first_day": pd.to_datetime(["2025-04-22", "2025-06-02"]),
        "last_day": pd.to_datetime(["2025-05-23", "2025-07-22"]),
    }
)


def calendar_of(start: str, end: str | None = None, **options: Any) -> Calendar:
    first, last = dt.date.fromisoformat(start), dt.date.fromisoformat(end or start)
    return make_calendar(first, last, **{**LONDON, **options})


def days_where(is_so: pd.Series) -> list[str]:
    return [str(day)[:10] for day in is_so.index[is_so]]


def minutes(clock: str) -> int:
    hour, minute = clock.split(":")
    return 60 * int(hour) + int(minute)


@pytest.mark.parametrize(
    ("day", "sunrise", "sunset"),
    [
        ("2016-06-07", "04:45", "21:14"),
        ("2016-06-22", "04:43", "21:22"),
        ("2016-07-06", "04:52", "21:18"),
        ("2018-12-21", "08:04", "15:53"),
        ("2024-01-01", "08:06", "16:01"),
        ("2024-06-20", "04:43", "21:21"),
        ("2026-03-28", "05:46", "18:26"),  # the day before the clocks go forward
        ("2026-03-29", "06:44", "19:28"),
    ],
)
def test_sunrise_and_sunset_in_london_are_those_published(day: str, sunrise: str, sunset: str) -> None:
    row = calendar_of(day).days.iloc[0]
    assert row["sunrise"] * 60 == pytest.approx(minutes(sunrise), abs=2)
    assert row["sunset"] * 60 == pytest.approx(minutes(sunset), abs=2)


@pytest.mark.parametrize(("day", "dawn"), [("2016-06-07", "02:48"), ("2016-06-22", "02:41"), ("2016-07-06", "02:56")])
def test_nautical_dawn_in_london_is_that_of_the_nautical_almanac_office(day: str, dawn: str) -> None:
    row = calendar_of(day, depression_degrees=12).days.iloc[0]
    assert row["dawn"] * 60 == pytest.approx(minutes(dawn), abs=2)


@pytest.mark.parametrize(
    ("day", "dawn", "dusk"),
    [("2022-09-01", "06:02", "20:11"), ("2022-09-15", "06:19", "19:45"), ("2022-09-30", "06:36", "19:18")],
)
def test_civil_twilight_in_iowa_is_that_of_the_naval_observatory(day: str, dawn: str, dusk: str) -> None:
    place: dict[str, Any] = {"longitude": -91.79, "latitude": 43.30, "time_zone": "America/Chicago", "country": "US"}
    row = calendar_of(day, **place, subdivision="IA").days.iloc[0]
    assert row["dawn"] * 60 == pytest.approx(minutes(dawn), abs=2)
    assert row["dusk"] * 60 == pytest.approx(minutes(dusk), abs=2)


def test_bank_holidays_are_those_of_england_and_wales() -> None:
    """Published by the government; the last Boxing Day falls on a Saturday and has a substitute."""
    days = calendar_of("2024-01-01", "2026-12-31").days
    found = days_where(days["is_bank_holiday"])
    assert found == [
        *(
            "2024-01-01",
            "2024-03-29",
            "2024-04-01",
            "2024-05-06",
            "2024-05-27",
            "2024-08-26",
            "2024-12-25",
            "2024-12-26",
        ),
        *(
            "2025-01-01",
            "2025-04-18",
            "2025-04-21",
            "2025-05-05",
            "2025-05-26",
            "2025-08-25",
            "2025-12-25",
            "2025-12-26",
        ),
        *("2026-01-01", "2026-04-03", "2026-04-06", "2026-05-04", "2026-05-25", "2026-08-31", "2026-12-25"),
        *("2026-12-26", "2026-12-28"),
    ]
    assert days.loc["2025-04-18", "bank_holiday"] == "Good Friday"
    assert days.loc[~days["is_bank_holiday"], "bank_holiday"].isna().all()


def test_scotland_has_holidays_of_its_own() -> None:
    assert bool(calendar_of("2025-01-02", subdivision="SCT").days["is_bank_holiday"].iloc[0])
    assert not bool(calendar_of("2025-01-02").days["is_bank_holiday"].iloc[0])


def test_school_days_are_weekdays_in_term_and_unknown_outside_the_term_dates() -> None:
    days = calendar_of("2025-04-21", "2025-07-31", terms=TERMS).days
    kinds = {str(day)[:10]: tuple(row) for day, row in days[["is_school_day", "is_school_holiday"]].iterrows()}
    assert kinds["2025-04-22"] == (True, False)  # the first day of term
    assert kinds["2025-05-05"] == (False, False)  # a bank holiday in term
    assert kinds["2025-05-10"] == (False, False)  # a Saturday
    assert kinds["2025-05-26"] == (False, False)  # a bank holiday in half-term
    assert kinds["2025-05-27"] == (False, True)
    assert kinds["2025-07-22"] == (True, False)  # the last day of term
    assert kinds["2025-04-21"] == kinds["2025-07-23"] == (pd.NA, pd.NA)


def test_without_terms_no_day_is_known_to_be_a_school_day() -> None:
    days = calendar_of("2025-05-01", "2025-05-31").days
    assert days["is_school_day"].isna().all()
    assert days["is_school_holiday"].isna().all()


def test_pay_day_is_the_last_working_day_and_its_window_runs_into_the_next_month() -> None:
    days = calendar_of("2024-03-01", "2024-09-02").days
    paid = days_where(days["is_pay_day"])
    # 29 March 2024 is Good Friday; June and August end at weekends
    assert paid == ["2024-03-28", "2024-04-30", "2024-05-31", "2024-06-28", "2024-07-31", "2024-08-30"]
    window = [day[5:] for day in days_where(days["is_in_pay_window"])]
    assert window[:9] == ["03-01", "03-02", "03-28", "03-29", "03-30", "04-30", "05-01", "05-02", "05-31"]
    assert window[-3:] == ["08-30", "08-31", "09-01"]


def test_the_pay_window_is_of_three_days_a_month() -> None:
    days = calendar_of("2025-01-01", "2025-12-31").days
    assert days.loc[days["is_pay_day"], "is_in_pay_window"].all()
    assert int(days["is_in_pay_window"].sum()) == PAY_WINDOW_DAYS * 12


def test_the_hours_of_the_clock_jump_where_it_is_changed() -> None:
    days = calendar_of("2024-10-26", "2024-10-27").days
    assert days["dusk"].iloc[0] - days["dusk"].iloc[1] == pytest.approx(1.03, abs=0.02)


def test_darkness_is_what_is_left_between_dusk_and_dawn() -> None:
    calendar = calendar_of("2024-12-20", "2024-12-22")
    dark = measure_darkness(calendar)
    assert dark.shape == (3, 24)
    row = calendar.days.iloc[1]
    assert dark[1].sum() == pytest.approx(24 - (row["dusk"] - row["dawn"]))
    assert np.concatenate([dark[1, :7], dark[1, 17:]]).min() == 1
    assert dark[1, 8:16].max() == 0
    assert dark[1, 16] == pytest.approx(17 - row["dusk"])


def test_where_the_sun_stays_the_day_is_always_light_or_always_dark() -> None:
    tromso: dict[str, Any] = {"longitude": 18.96, "latitude": 69.65, "time_zone": "Europe/Oslo", "country": "NO"}
    calendar = calendar_of("2024-01-01", "2024-12-31", **tromso, subdivision=None)
    summer, winter = (list(calendar.days.index).index(pd.Timestamp(day)) for day in ("2024-06-21", "2024-12-21"))
    days = calendar.days
    assert days["is_always_light"].iloc[summer]
    assert days[["dawn", "sunrise", "sunset", "dusk"]].iloc[summer].isna().all()
    assert measure_darkness(calendar)[summer].max() == 0
    assert np.isnan(days["sunrise"].iloc[winter])
    assert days["dawn"].iloc[winter] > 8  # there is twilight at noon
    pole = calendar_of("2024-12-20", "2024-12-22", longitude=0.0, latitude=90.0, time_zone="UTC")
    assert pole.days["is_always_dark"].all()
    assert measure_darkness(pole).min() == 1


def test_a_dusk_after_midnight_is_dark_until_then_on_the_next_days_clock() -> None:
    calendar = calendar_of("2024-06-15", "2024-06-25", longitude=-1.15, latitude=60.15, subdivision="SCT")
    assert calendar.days["dusk"].min() > 24
    dark = measure_darkness(calendar)
    assert dark[5, 0] == pytest.approx(1 - (calendar.days["dusk"].iloc[4] - 24))
    assert dark[5, 23] == 0


@settings(max_examples=30)
@given(
    longitude=st.floats(-180, 180),
    latitude=st.floats(-66, 66),
    day=st.dates(dt.date(2000, 1, 1), dt.date(2040, 1, 1)),
    zone=st.sampled_from(["Europe/London", "Pacific/Apia", "America/Los_Angeles", "UTC"]),
)
def test_a_day_anywhere_has_its_times_in_order(longitude: float, latitude: float, day: dt.date, zone: str) -> None:
    calendar = make_calendar(day, day, longitude=longitude, latitude=latitude, time_zone=zone)
    times = calendar.days[["dawn", "sunrise", "sunset", "dusk"]].iloc[0].dropna().to_numpy(dtype=float)
    assert (np.diff(times) > 0).all()
    dark = measure_darkness(calendar)
    assert ((dark >= 0) & (dark <= 1)).all()


def test_beside_the_date_line_dawn_is_still_in_the_morning() -> None:
    apia = calendar_of("2024-06-01", "2024-06-30", longitude=-171.8, latitude=-13.8, time_zone="Pacific/Apia")
    assert apia.days["dawn"].between(5, 8).all()
    assert apia.days["dusk"].between(17, 20).all()


def test_the_terms_are_left_as_they_are() -> None:
    before = TERMS.copy()
    calendar = calendar_of("2025-04-21", "2025-07-31", terms=TERMS)
    pd.testing.assert_frame_equal(TERMS, before)
    assert (calendar.first_term_day, calendar.last_term_day) == (dt.date(2025, 4, 22), dt.date(2025, 7, 22))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"end": "2024-01-01"}, "A calendar must end on or after its first day; 2024-01-01 is before 2025-01-01"),
        ({"start": "1066-01-01"}, "Holidays and the sun are known for 1900 to 2100"),
        ({"longitude": 533_000.0}, "a latitude from -90 to 90 degrees, not 533000 and 51.5072. Give degrees"),
        ({"latitude": float("nan")}, "not -0.1276 and nan"),
        ({"time_zone": "London"}, 'No time zone called "London". Give an IANA name'),
        ({"country": "XX"}, 'No bank holidays are known for "XX, ENG". Give the ISO code'),
        ({"country": "APR"}, 'No bank holidays are known for "APR, ENG"'),
        ({"country": "HolidayBase", "subdivision": None}, 'No bank holidays are known for "HolidayBase"'),
        ({"country": "__name__", "subdivision": None}, 'No bank holidays are known for "__name__"'),
        ({"subdivision": "LDN"}, 'No bank holidays are known for "GB, LDN"'),
        (
            {"depression_degrees": -6.0},
            "depression of the sun must be from 0 to 18 degrees, not -6. 6 is civil twilight",
        ),
    ],
)
def test_what_is_no_calendar_is_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        calendar_of(**{"start": "2025-01-01", "end": "2025-01-31", **options})


def test_a_day_that_is_missing_is_refused() -> None:
    with pytest.raises(ParameterError, match="A calendar needs a first and a last day, not NaT and 2025-01-01"):
        make_calendar(pd.NaT, dt.date(2025, 1, 1), **LONDON)  # type: ignore[arg-type]


def test_terms_that_are_none_are_refused() -> None:
    with pytest.raises(DataError, match="first_day, last_day missing from from, to. Read them with"):
        calendar_of("2025-01-01", terms=pd.DataFrame({"from": [], "to": []}))
    with pytest.raises(DataError, match="row 0 runs from 2025-07-22 to 2025-04-22. Correct it"):
        calendar_of("2025-01-01", terms=pd.DataFrame({"first_day": ["2025-07-22"], "last_day": ["2025-04-22"]}))


def find_last_working_days(calendar: Calendar) -> list[str]:
    """Month by month, back from its last day."""
    days, found = calendar.days, []
    for month in pd.period_range(days.index[0], days.index[-1], freq="M"):
        day = month.end_time.normalize()
        while day.weekday() >= 5 or days.at[day, "is_bank_holiday"]:
            day -= pd.Timedelta(days=1)
        found.append(str(day)[:10])
    return found


@pytest.mark.parametrize(("country", "subdivision"), [("GB", "ENG"), ("GB", "SCT"), ("US", None)])
def test_pay_days_are_those_found_month_by_month(country: str, subdivision: str | None) -> None:
    place = {"country": country, "subdivision": subdivision}
    calendar = calendar_of("2012-01-01", "2027-12-31", with_sun=False, **place)
    paid = days_where(calendar.days["is_pay_day"])
    assert paid == find_last_working_days(calendar)
    window = {str(pd.Timestamp(day) + pd.Timedelta(days=more))[:10] for day in paid for more in range(PAY_WINDOW_DAYS)}
    window |= {"2012-01-01"}  # after the pay-day of Friday, 30 December 2011
    assert set(days_where(calendar.days["is_in_pay_window"])) == {day for day in window if day < "2028"}


def test_bank_holidays_need_not_be_found() -> None:
    options: dict[str, Any] = {"longitude": -0.1, "latitude": 51.5, "with_sun": False}
    days = make_calendar(dt.date(2024, 12, 1), dt.date(2024, 12, 31), with_bank_holidays=False, **options).days
    known = make_calendar(dt.date(2024, 12, 1), dt.date(2024, 12, 31), **options).days
    assert known["is_bank_holiday"].sum() == 2
    assert not days["is_bank_holiday"].any()
    pd.testing.assert_frame_equal(
        days.drop(columns=["is_bank_holiday", "bank_holiday"]), known.drop(columns=["is_bank_holiday", "bank_holiday"])
    )


@given(st.dates(dt.date(2019, 1, 1), dt.date(2026, 12, 31)), st.integers(0, 70))
@settings(max_examples=10)
def test_without_the_sun_all_else_is_the_same(first: dt.date, n_days: int) -> None:
    """And a day is of the same kind whatever period it is looked at in."""
    last = first + dt.timedelta(days=n_days)
    options: dict[str, Any] = {**LONDON, "terms": TERMS}
    lit, unlit = make_calendar(first, last, **options), make_calendar(first, last, with_sun=False, **options)
    about_the_sun = ["dawn", "sunrise", "sunset", "dusk", "is_always_light", "is_always_dark"]
    assert [column for column in lit.days if column not in unlit.days] == about_the_sun
    pd.testing.assert_frame_equal(unlit.days, lit.days.drop(columns=about_the_sun))
    assert {name: getattr(unlit, name) for name in Calendar.__slots__ if name != "days"} == {
        name: getattr(lit, name) for name in Calendar.__slots__ if name != "days"
    }
    longer = make_calendar(first - dt.timedelta(days=40), last + dt.timedelta(days=40), with_sun=False, **options)
    pd.testing.assert_frame_equal(longer.days.loc[unlit.days.index], unlit.days, check_freq=False)


def test_a_calendar_without_the_sun_refuses_the_same() -> None:
    with pytest.raises(ParameterError, match="longitude from -180 to 180"):
        calendar_of("2025-01-01", with_sun=False, longitude=530_000)
    with pytest.raises(ParameterError, match="must be from 0 to 18 degrees"):
        calendar_of("2025-01-01", with_sun=False, depression_degrees=19)

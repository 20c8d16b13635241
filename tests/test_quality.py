from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import MakeIncidents

from hotspots.geography.wards import assign_wards
from hotspots.ingest.incidents.assembly import REJECTED_COLUMNS
from hotspots.ingest.incidents.intake import Intake, read_incidents
from hotspots.ingest.incidents.record_schema import Oddity
from hotspots.ingest.reference.boundaries import read_boundaries
from hotspots.pipeline.known_time import MonthQuality
from hotspots.pipeline.quality import PlaceQuality, Quality, ResidentsQuality, WardQuality, assess_quality
from hotspots.pipeline.study import place_in_wards


def make_intake(
    incidents: gpd.GeoDataFrame, rejected: list[tuple[Any, ...]] | None = None, oddities: int = 0
) -> Intake:
    refused = pd.DataFrame(rejected or [], columns=list(REJECTED_COLUMNS))
    remarks = pd.DataFrame({"oddities": oddities, "unrecognised_offence": None, "unread_knife": None}, incidents.index)
    remarks = remarks.astype({"oddities": "int32"})
    set_aside = pd.DataFrame({"source": pd.Series(dtype="object"), "n_rows": pd.Series(dtype="int64")})
    return Intake(incidents=incidents, remarks=remarks, rejected=refused, inputs=(), set_aside=set_aside)


@pytest.fixture
def at(make_incidents: MakeIncidents) -> Any:
    """Builds an intake of incidents at one place from their times; other columns by keyword."""

    def make(started_at: Any, **columns: Any) -> Intake:
        n_rows = len(started_at)
        return make_intake(
            make_incidents([530000] * n_rows, [180000] * n_rows, started_at=pd.to_datetime(started_at), **columns)
        )

    return make


def test_rows_are_counted_by_reason_and_table(make_incidents: MakeIncidents) -> None:
    incidents = make_incidents(
        [0, 1, 2],
        [0, 1, 2],
        source=["a", "a", "b"],
        category=["robbery", "robbery", "unrecognised"],
        started_at=pd.to_datetime(["2026-01-05 10:00", "2026-01-03 10:00", "2026-02-01 00:00"]),
        time_precision=["minute", "day", "month"],
    )
    rejected: list[tuple[Any, ...]] = [("a", row, "robbery", None, None, None, "no date", None) for row in (4, 5, 6, 7)]
    rejected += [("c", 1, "robbery", None, None, None, "unreadable date", "Date soon")]
    quality = assess_quality(make_intake(incidents, rejected, oddities=int(Oddity.CONFLICTING_ID | Oddity.MASKED)))
    assert (quality.n_read, quality.n_used, quality.n_conflicting_ids, quality.n_masked) == (8, 3, 3, 3)
    assert quality.n_by_crime == {"robbery": 2}
    first, second = quality.refused
    assert (first.reason, first.n_rows) == ("no date", 4)
    assert first.examples == (("a", 4, None), ("a", 5, None), ("a", 6, None))
    assert second.examples == (("c", 1, "Date soon"),)
    by_source = {rows.source: dataclasses.astuple(rows)[1:] for rows in quality.sources}
    assert by_source == {
        "a": (6, 2, 0, {"no date": 4}, dt.date(2026, 1, 3), dt.date(2026, 1, 5)),
        # a row of which only the month is known may be of its last day
        "b": (1, 1, 0, {}, dt.date(2026, 2, 1), dt.date(2026, 2, 28)),
        "c": (1, 0, 0, {"unreadable date": 1}, None, None),
    }


def test_an_intake_without_a_usable_row(make_incidents: MakeIncidents, square_wards: gpd.GeoDataFrame) -> None:
    empty = make_incidents([], []).assign(ward_code=pd.Series(dtype="object"))
    quality = assess_quality(
        make_intake(empty, [("a", 1, "robbery", None, None, None, "no date", None)]), wards=square_wards
    )
    assert (quality.n_read, quality.n_used) == (1, 0)
    assert quality.months == MonthQuality(n_by_month={}, missing=(), incomplete=(), low=(), cut_short=())
    assert quality.places == PlaceQuality(n_by_precision={}, n_places=0, shared_share=None, n_rounded=0, rounded_to=())
    assert quality.wards is None
    assert quality.times.quietest_hour is None
    assert quality.times.is_night_quietest


def test_files_with_a_header_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("Offence,Date,Easting,Northing\n")
    quality = assess_quality(read_incidents([path]))
    assert (quality.n_read, quality.n_used, quality.sources, quality.refused) == (0, 0, (), ())


def test_what_the_times_say(at: Any) -> None:
    started_at = ["2026-01-05 10:00", "2026-01-05 10:30", "2026-01-05 11:00", "2026-01-05 00:00", "2026-01-01 00:00"]
    ended_at = pd.to_datetime(["2026-01-12 10:00", "2026-01-12 10:29", "", "2026-03-01 00:00", ""])
    intake = at(started_at, ended_at=ended_at, time_precision=["minute"] * 3 + ["day", "month"])
    times = assess_quality(intake).times
    assert times.n_by_precision == {"minute": 3, "day": 1, "month": 1}
    assert times.n_on_the_hour == 2
    assert times.n_with_end == 2
    assert times.n_over_a_week == 1  # a week to the minute
    assert (times.quietest_hour, times.busiest_hour) == (None, None)  # too few to say


def hourly(counts: list[int]) -> list[pd.Timestamp]:
    return [pd.Timestamp(2026, 1, 1 + i % 28, hour, 7) for hour, n in enumerate(counts) for i in range(n)]


# of a day as crime is: fewest from 3 to 6, most from 18 to 21
A_DAY = [20, 15, 10, 2, 2, 2, 2, 10, 15, 20, 20, 20, 25, 25, 30, 35, 35, 40, 50, 50, 50, 50, 40, 30]


@pytest.mark.parametrize(
    ("shift", "quietest", "busiest", "is_night"),
    [(0, 3, 18, True), (1, 4, 19, True), (6, 9, 0, True), (7, 10, 1, False), (8, 11, 2, False), (12, 15, 6, False)],
)
def test_a_shifted_clock_is_told_by_the_quietest_hours(
    at: Any, shift: int, quietest: int, busiest: int, is_night: bool
) -> None:
    times = assess_quality(at(hourly(list(np.roll(A_DAY, shift))))).times
    assert (times.quietest_hour, times.busiest_hour, times.is_night_quietest) == (quietest, busiest, is_night)


def test_places_that_are_shared(make_incidents: MakeIncidents) -> None:
    incidents = make_incidents([1, 1, 1, 2, 3], [1, 1, 1, 2, 3], location_precision=["point"] * 4 + ["area"])
    places = assess_quality(make_intake(incidents)).places
    assert places == PlaceQuality(
        n_by_precision={"point": 4, "area": 1}, n_places=3, shared_share=0.6, n_rounded=0, rounded_to=()
    )


def days(month: str, n: int, first: int = 1, last: int = 28) -> list[str]:
    """n times in a month, from its first to its last day."""
    end = pd.Period(month).days_in_month if last == 28 else last
    return [f"{month}-{first + i * (end - first) // max(n - 1, 1):02d}" for i in range(n)]


def months_of(at: Any, *parts: list[str], precision: str = "day") -> MonthQuality:
    intake = at([day for part in parts for day in part], time_precision=precision)
    return assess_quality(intake).months


def test_a_month_without_rows_is_missing(at: Any) -> None:
    months = months_of(at, days("2025-11", 100), days("2026-01", 100))
    assert months.n_by_month == {"2025-11": 100, "2025-12": 0, "2026-01": 100}
    assert (months.missing, months.low, months.cut_short) == (("2025-12",), (), ())


def test_a_month_far_below_its_neighbours_is_low(at: Any) -> None:
    counts = {"2026-01": 100, "2026-02": 104, "2026-03": 40, "2026-04": 100, "2026-05": 52}
    months = months_of(at, *(days(month, n) for month, n in counts.items()))
    # the neighbours of March have 52, 100, 100 and 104; those of May 40, 100 and 104
    assert months.low == (("2026-03", 40, 100.0),)
    assert months.missing == months.cut_short == ()


def test_few_rows_a_month_say_nothing_of_a_feed(at: Any) -> None:
    assert months_of(at, days("2026-01", 19), days("2026-02", 2), days("2026-03", 19)).low == ()


@pytest.mark.parametrize(
    ("first", "last", "cut_short"),
    [
        (1, 31, ()),
        (3, 31, ()),  # 31 rows in 29 days: 4 days without any are not odd (exp(-4 * 31 / 29) = 1.4%)
        (6, 31, ("2026-01",)),  # 5 days without any are: exp(-5 * 31 / 26) = 0.3%
        (1, 26, ("2026-01",)),
        (6, 26, ("2026-01",)),
    ],
)
def test_a_month_is_cut_short_where_quiet_days_are_unlikely(
    at: Any, first: int, last: int, cut_short: tuple[str, ...]
) -> None:
    assert months_of(at, days("2026-01", 31, first, last)).cut_short == cut_short


def test_rows_by_month_are_never_cut_short(at: Any) -> None:
    months = months_of(at, ["2026-01-01"] * 50, ["2026-02-01"] * 50, precision="month")
    assert months.cut_short == months.missing == ()


def test_a_month_that_is_cut_short_is_not_called_low(at: Any) -> None:
    months = months_of(at, days("2026-01", 10, 29, 31), days("2026-02", 100), days("2026-03", 100))
    assert (months.cut_short, months.low) == (("2026-01",), ())


def test_wards_that_the_source_names(make_incidents: MakeIncidents, square_wards: gpd.GeoDataFrame) -> None:
    stated = ["A", "A", "B", "OLD1", "OLD1", "OLD2", None, "C"]
    incidents = make_incidents([530500] * 7 + [529000], [180500] * 8, stated_ward=stated)
    incidents = incidents.assign(ward_code=assign_wards(incidents, square_wards))
    wards = assess_quality(make_intake(incidents), wards=square_wards).wards
    # the last lies in no ward, which is not another
    assert wards == WardQuality(n_stated=7, n_unknown=3, n_other=1, unknown_codes=("OLD1", "OLD2"))
    assert assess_quality(make_intake(incidents)).wards is None
    nothing = incidents.assign(stated_ward=None)
    assert assess_quality(make_intake(nothing), wards=square_wards).wards is None


def test_wards_without_residents(make_incidents: MakeIncidents, square_wards: gpd.GeoDataFrame) -> None:
    incidents = make_incidents([530500] * 3 + [531500, 529000], [180500] * 5)
    incidents = incidents.assign(ward_code=assign_wards(incidents, square_wards))  # three in A, one in B, one in none
    intake = make_intake(incidents)

    def assess(*population: float, unmatched: tuple[str, ...] = ()) -> ResidentsQuality | None:
        wards = square_wards.assign(population=population)
        return assess_quality(intake, wards=wards, unmatched_residents=unmatched).residents

    nan = float("nan")
    assert assess(nan, nan, nan, nan) is None
    assert assess(1, 2, 3, 4) == ResidentsQuality(
        n_wards=4, n_unknown=0, unknown_share=0.0, unknown_codes=(), n_unmatched=0, unmatched_codes=()
    )
    # nobody lives in a ward of no residents, so that it has no rate either
    assert assess(1, nan, 0, 4, unmatched=tuple("UVWX")) == ResidentsQuality(
        n_wards=4,
        n_unknown=2,
        unknown_share=0.25,
        unknown_codes=("B", "C"),
        n_unmatched=4,
        unmatched_codes=("U", "V", "W"),
    )
    assert assess_quality(intake).residents is None


def test_postcodes_of_2014_name_wards_that_are_no_more(real_data: Path, tmp_path: Path) -> None:
    postcodes = pd.read_csv(real_data / "places" / "codepoint_open_2014_SE6_SE13.csv", dtype=str)
    extract = postcodes.assign(Offence="ASB", Date="2026-01-31").rename(columns={"ward": "Ward Code"})
    path = tmp_path / "asb.csv"
    extract[["Offence", "Date", "easting", "northing", "Ward Code"]].to_csv(path, index=False)
    outlines = [real_data / "boundaries" / "lewisham_southwark_wards_current_27700.gpkg"]
    wards = read_boundaries(outlines).wards
    intake = read_incidents([path])
    located = intake.incidents.assign(ward_code=assign_wards(intake.incidents, wards))
    found = assess_quality(dataclasses.replace(intake, incidents=located), wards=wards).wards
    assert found is not None
    # all wards of Lewisham were redrawn and given new codes in 2022
    assert found.n_stated == found.n_unknown == len(postcodes) == 1547
    assert found.n_other == 0
    assert found.unknown_codes == tuple(postcodes["ward"].value_counts().index[:3])


times = st.datetimes(min_value=dt.datetime(2024, 1, 1), max_value=dt.datetime(2027, 1, 1)).map(
    lambda time: time.replace(microsecond=0)
)
incident = st.tuples(times, st.sampled_from(["minute", "day", "month"]), st.integers(0, 3), st.booleans())


@given(rows=st.lists(incident, max_size=30))
def test_counts_add_up_for_any_table(
    rows: list[tuple[dt.datetime, str, int, bool]], make_incidents: MakeIncidents
) -> None:
    incidents = make_incidents(
        [place for _, _, place, _ in rows],
        [0] * len(rows),
        started_at=pd.to_datetime(pd.Series([time for time, *_ in rows], dtype="datetime64[s]")).to_numpy(),
        time_precision=pd.Series([precision for _, precision, *_ in rows], dtype="object").to_numpy(),
        source=pd.Series([f"s{place}" for _, _, place, _ in rows], dtype="object").to_numpy(),
        ended_at=pd.Series([time if ends else None for time, _, _, ends in rows], dtype="datetime64[s]").to_numpy(),
    )
    quality: Quality = assess_quality(make_intake(incidents))
    n_rows = len(rows)
    assert quality.n_used == sum(source.n_used for source in quality.sources) == n_rows
    assert sum(quality.times.n_by_precision.values()) == sum(quality.places.n_by_precision.values()) == n_rows
    assert sum(quality.months.n_by_month.values()) == n_rows
    assert set(quality.months.missing) <= {month for month, n in quality.months.n_by_month.items() if n == 0}
    assert quality.places.n_places == len({place for _, _, place, _ in rows})
    assert quality.times.n_with_end <= quality.times.n_by_precision.get("minute", 0)


def test_rows_that_are_refused_late_are_not_counted_as_odd(tmp_path: Path, square_wards: gpd.GeoDataFrame) -> None:
    """In Great Britain only the wards tell that coordinates are swapped."""
    rows = "Robbery,05/01/2026 00:00,180500,530500\nRobbery,05/01/2026 10:00,530500,180500\n"
    path = tmp_path / "a.csv"
    path.write_text(f"Offence,Date,Easting,Northing\n{rows}")
    quality = assess_quality(place_in_wards(read_incidents([path]), square_wards), wards=square_wards)
    assert (quality.n_used, quality.times.n_midnight) == (1, 0)
    assert [(group.reason, group.n_rows) for group in quality.refused] == [("coordinates swapped", 1)]


def test_rows_outside_the_wards_are_counted(make_incidents: MakeIncidents, square_wards: gpd.GeoDataFrame) -> None:
    incidents = make_incidents([530500, 0], [180500, 0])
    incidents["ward_code"] = assign_wards(incidents, square_wards)
    assert assess_quality(make_intake(incidents), wards=square_wards).n_outside_wards == 1
    assert assess_quality(make_intake(incidents)).n_outside_wards is None

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import MakeIncidents

from hotspots.analysis.hours import OpeningCalendar, find_open_state, is_open_at, weigh_hours
from hotspots.analysis.safe_havens.coverage import measure_coverage
from hotspots.analysis.safe_havens.hour_coverage import HourCoverage, measure_hour_coverage, summarise_coverage
from hotspots.errors import DataError, ParameterError
from hotspots.ingest.reference import list_opening_rules, read_opening_hours

HOURS = (
    "Mo-Fr 09:00-17:30",
    "Mo-Sa 08:00-20:15; PH off",
    "24/7",
    None,
    "Fr,Sa 18:00-02:00",
    "Dec 24-Dec 26 off",
    "Mo-Su 10:00-12:00,13:00-16:00; Dec 25 off",
)
MONDAY = pd.Timestamp("2026-01-05")


def make_havens(*rows: tuple[float, float, str | None]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {"name": "A", "kind": "shop", "opening_hours": [hours for *_, hours in rows]},
        geometry=gpd.points_from_xy(*np.array([row[:2] for row in rows], dtype=float).reshape(-1, 2).T),
        crs=27700,
        index=pd.Index([f"H{i}" for i in range(len(rows))], name="haven_id"),
    )


def add_up(part: HourCoverage) -> list[float]:
    return [float(of.sum()) for of in (part.hours, part.open_hours, part.unknown_hours)]


def test_an_interval_is_open_for_the_share_of_its_minutes(make_incidents: MakeIncidents) -> None:
    """From 16:00 to 18:00 a haven that closes at 17:30 is open for 90 of 120 minutes, all of the first hour."""
    incidents = make_incidents([0.0], [0.0], started_at=MONDAY + pd.Timedelta(hours=16), ended_at="2026-01-05 18:00")
    found = measure_hour_coverage(incidents, make_havens((100, 0, "Mo-Fr 09:00-17:30")))
    assert add_up(found) == pytest.approx([1.0, 0.75, 0.0])
    assert found.open_hours[[0], :].toarray()[0, [16, 17]].tolist() == pytest.approx([0.5, 0.25])
    shares = summarise_coverage(found, hours=[17])
    assert (shares.n_timed, shares.open_share, shares.lost_share) == pytest.approx((0.5, 0.5, 0.5))


def test_three_states_by_hand(make_incidents: MakeIncidents) -> None:
    """Near an open one; near a closed one; near one of unknown hours; near neither; and without an hour."""
    incidents = make_incidents(
        [0.0, 0.0, 5000.0, 9000.0, 0.0],
        [0.0] * 5,
        started_at=["2026-01-05 10:00", "2026-01-05 20:00", "2026-01-05 10:00", "2026-01-05 10:00", "2026-01-05 00:00"],
        time_precision=["minute"] * 4 + ["day"],
    )
    found = measure_hour_coverage(incidents, make_havens((0, 0, "Mo-Fr 09:00-17:00"), (5000, 0, None)))
    shares = summarise_coverage(found)
    assert (shares.n_incidents, shares.n_within_reach, shares.share_within_reach) == (5, 4, 0.8)
    assert (shares.n_timed, shares.n_any, shares.n_open, shares.n_unknown) == (4, 3, 1, 1)
    assert shares.lost_share == 0.25
    assert found.nearest.tolist() == [0, 0, 1, -1, 0]
    assert found.n_hours_unknown == 1


def test_an_open_haven_counts_where_another_is_not_known(make_incidents: MakeIncidents) -> None:
    found = measure_hour_coverage(make_incidents([0.0], [0.0]), make_havens((0, 0, None), (1, 0, "24/7")))
    assert add_up(found) == [1, 1, 0]


def test_an_evening_goes_on_past_midnight(make_incidents: MakeIncidents) -> None:
    """From Saturday 23:00 to Sunday 03:00, a place open until 02:00 is open for three hours of four."""
    incidents = make_incidents([0.0], [0.0], started_at="2026-01-10 23:00", ended_at="2026-01-11 03:00")
    assert add_up(measure_hour_coverage(incidents, make_havens((0, 0, "Fr,Sa 18:00-02:00"))))[1] == pytest.approx(0.75)


def test_bank_holidays_count_on_the_date(make_incidents: MakeIncidents) -> None:
    """25 August 2025 is a bank holiday, and the Monday before is not."""
    incidents = make_incidents([0.0, 0.0], [0.0, 0.0], started_at=["2025-08-18 12:00", "2025-08-25 12:00"])
    found = measure_hour_coverage(incidents, make_havens((0, 0, "Mo-Fr 09:00-17:00; PH off")))
    assert found.open_hours.sum(axis=1).tolist() == [1, 0]


def test_hours_that_are_known_in_part_are_not_known_in_the_rest(make_incidents: MakeIncidents) -> None:
    """Closed at noon, open at 20:00, and nobody knows how long after 22:00."""
    starts = ["2026-01-05 12:00", "2026-01-05 20:00", "2026-01-05 23:00"]
    incidents = make_incidents([0.0] * 3, [0.0] * 3, started_at=starts)
    found = measure_hour_coverage(incidents, make_havens((0, 0, "Mo-Fr 18:00-22:00+")))
    assert found.unknown_hours.sum(axis=1).tolist() == [0, 0, 1]
    assert found.open_hours.sum(axis=1).tolist() == [0, 1, 0]


def test_hours_by_the_sun_are_not_known(make_incidents: MakeIncidents) -> None:
    """Open from sunrise to 20:00, and nobody asked the sun: shut at 21:00, and not known at noon."""
    starts = ["2026-01-05 12:00", "2026-01-05 21:00"]
    incidents = make_incidents([0.0, 0.0], [0.0, 0.0], started_at=starts)
    found = measure_hour_coverage(incidents, make_havens((0, 0, "Mo-Fr sunrise-20:00")))
    assert found.unknown_hours.sum(axis=1).tolist() == [1, 0]
    assert found.open_hours.sum() == 0


def test_school_holidays_need_terms(make_incidents: MakeIncidents) -> None:
    """Open in school holidays: 27 October 2025 lies between two stretches of term, and 3 November does not."""
    incidents = make_incidents([0.0, 0.0], [0.0, 0.0], started_at=["2025-10-27 12:00", "2025-11-03 12:00"])
    havens = make_havens((0, 0, "SH Mo-Fr 10:00-16:00"))
    terms = pd.DataFrame(
        {
            "first_day": pd.to_datetime(["2025-09-01", "2025-11-03"]),
            "last_day": pd.to_datetime(["2025-10-24", "2025-12-19"]),
        }
    )
    known, unknown = (
        measure_hour_coverage(incidents, havens, calendar=OpeningCalendar(terms=known)) for known in (terms, None)
    )
    assert known.open_hours.sum(axis=1).tolist() == [1, 0]
    assert known.unknown_hours.sum() == 0
    assert unknown.unknown_hours.sum(axis=1).tolist() == [1, 1]


def test_a_week_or_more_says_nothing_of_the_hour(make_incidents: MakeIncidents) -> None:
    incidents = make_incidents([0.0], [0.0], started_at="2026-01-05 00:00", ended_at="2026-01-12 00:00")
    shares = summarise_coverage(measure_hour_coverage(incidents, make_havens((0, 0, "24/7"))))
    assert (shares.n_within_reach, shares.n_timed, shares.open_share) == (1, 0, None)


def test_without_hours_only_reach_is_known(make_incidents: MakeIncidents) -> None:
    incidents = make_incidents([0.0, 900.0], [0.0, 0.0], time_precision="month")
    shares = summarise_coverage(measure_hour_coverage(incidents, make_havens((0, 0, "24/7"))))
    assert (shares.share_within_reach, shares.n_timed, shares.any_share, shares.lost_share) == (0.5, 0, None, None)


def test_without_havens_nothing_is_covered(make_incidents: MakeIncidents) -> None:
    found = measure_hour_coverage(make_incidents([0.0], [0.0]), make_havens())
    assert add_up(found) == [1, 0, 0]
    assert found.nearest.tolist() == [-1]


@given(data=st.data())
def test_it_is_what_each_minute_says(make_incidents: MakeIncidents, data: st.DataObject) -> None:
    """Against every minute of every incident and every haven, one by one."""
    n = data.draw(st.integers(1, 4))
    minute = st.integers(0, 4 * 1440)
    starts = [pd.Timestamp("2025-12-23") + pd.Timedelta(minutes=data.draw(minute)) for _ in range(n)]
    lengths = [data.draw(st.sampled_from([0, 1, 45, 60, 300, 1500])) for _ in range(n)]
    ends = [start + pd.Timedelta(minutes=length) for start, length in zip(starts, lengths, strict=True)]
    east = [float(data.draw(st.integers(0, 900))) for _ in range(n)]
    havens = make_havens(
        *[
            (data.draw(st.integers(0, 900)), 0, data.draw(st.sampled_from(HOURS)))
            for _ in range(data.draw(st.integers(1, 4)))
        ]
    )
    incidents = make_incidents(east, [0.0] * n, started_at=starts, ended_at=ends)
    found = measure_hour_coverage(incidents, havens, reach_m=400)
    for row, (start, length) in enumerate(zip(starts, lengths, strict=True)):
        times = np.datetime64(start, "s") + np.arange(max(length, 1)).astype("timedelta64[m]")
        near = [h for h, x in zip(havens["opening_hours"], havens.geometry.x, strict=True) if abs(x - east[row]) <= 400]
        is_open = np.zeros(len(times), dtype=bool)
        for hours in near:
            is_open |= is_open_at(hours, times) if isinstance(hours, str) else False
        is_unknown = ~is_open & any(not isinstance(hours, str) for hours in near)
        assert found.open_hours[[row]].sum() == pytest.approx(is_open.mean())
        assert found.unknown_hours[[row]].sum() == pytest.approx(is_unknown.mean())
        assert bool(found.is_within_reach[row]) == bool(near)


def make_many(make_incidents: MakeIncidents, seed: int, *, moments: bool) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    rng = np.random.default_rng(seed)
    starts = pd.Timestamp("2025-08-20") + pd.to_timedelta(rng.integers(0, 20 * 1440, 200), unit="m")
    ends = pd.NaT if moments else starts + pd.to_timedelta(rng.integers(0, 900, 200), unit="m")
    incidents = make_incidents(*rng.uniform(0, 3000, (2, 200)), started_at=starts, ended_at=ends)
    return incidents, make_havens(*[(*rng.uniform(0, 3000, 2), HOURS[rng.integers(0, len(HOURS))]) for _ in range(12)])


@pytest.mark.parametrize("seed", range(3))
def test_of_moments_it_is_the_coverage_at_their_start(make_incidents: MakeIncidents, seed: int) -> None:
    incidents, havens = make_many(make_incidents, seed, moments=True)
    old, new = measure_coverage(incidents, havens), measure_hour_coverage(incidents, havens)
    shares = summarise_coverage(new)
    assert (shares.n_within_reach, shares.n_open) == (old.n_within_reach, old.n_open_within_reach)
    assert (new.open_hours.sum(axis=1) > 0).tolist() == old.is_open_within_reach.tolist()


@given(seed=st.integers(0, 1000), reach_m=st.floats(50, 1000), more_m=st.floats(0, 1000))
def test_more_reach_hours_or_havens_never_cover_less(
    make_incidents: MakeIncidents, seed: int, reach_m: float, more_m: float
) -> None:
    incidents, havens = make_many(make_incidents, seed, moments=False)
    one = measure_hour_coverage(incidents, havens, reach_m=reach_m)
    assert abs(one.hours - weigh_hours(incidents)).max() < 1e-9
    further = measure_hour_coverage(incidents, havens, reach_m=reach_m + more_m)
    always = measure_hour_coverage(
        incidents, havens.assign(opening_hours=havens["opening_hours"].map(lambda text: text and "24/7"))
    )
    longer = summarise_coverage(measure_hour_coverage(incidents, havens))
    assert summarise_coverage(further).n_open >= summarise_coverage(one).n_open - 1e-9
    assert summarise_coverage(always).n_open >= longer.n_open - 1e-9
    fewer = summarise_coverage(measure_hour_coverage(incidents, havens.iloc[:6], reach_m=reach_m))
    assert summarise_coverage(one).n_open >= fewer.n_open - 1e-9
    shares = summarise_coverage(one)
    assert shares.n_open + shares.n_unknown <= shares.n_any + 1e-9 <= shares.n_timed + 2e-9


def test_what_cannot_be_measured_is_refused(make_incidents: MakeIncidents) -> None:
    incidents, havens = make_incidents([0.0], [0.0]), make_havens((0, 0, "24/7"))
    with pytest.raises(ParameterError, match=r"reach must be above 0 m, not -1"):
        measure_hour_coverage(incidents, havens, reach_m=-1)
    with pytest.raises(DataError, match="havens table needs the columns"):
        measure_hour_coverage(incidents, havens.drop(columns="opening_hours"))
    with pytest.raises(ParameterError, match=r"whole numbers from 0 \(Monday 00:00\) to 167, not 3 to 168"):
        summarise_coverage(measure_hour_coverage(incidents, havens), hours=[3, 168])


def test_real_hours_are_what_each_minute_says(make_incidents: MakeIncidents, real_data: Path) -> None:
    """Each of 316 London pubs alone, and an incident beside it between two times of two weeks with bank holidays."""
    read = read_opening_hours(pd.read_csv(real_data / "hours" / "london_pubs_opening_hours.csv")["opening_hours"])
    texts = [text if isinstance(text, str) else None for text in read.opening_hours]
    havens = make_havens(*[(2000.0 * place, 0.0, text) for place, text in enumerate(texts)])
    rng = np.random.default_rng(0)
    starts = pd.Timestamp("2025-12-22") + pd.to_timedelta(rng.integers(0, 14 * 1440, len(texts)), unit="m")
    lengths = rng.choice([0, 30, 240, 900], len(texts))
    ends = starts + pd.to_timedelta(lengths, unit="m")
    incidents = make_incidents(2000.0 * np.arange(len(texts)), [0.0] * len(texts), started_at=starts, ended_at=ends)
    found = measure_hour_coverage(incidents, havens)
    for row, (start, length, text) in enumerate(zip(starts, lengths, texts, strict=True)):
        times = np.datetime64(start, "s") + np.arange(max(length, 1)).astype("timedelta64[m]")
        days = times.astype("datetime64[D]")
        minutes = (times - days) / np.timedelta64(1, "m")
        state = find_open_state(list_opening_rules(text) if text else (), days, minutes)
        assert found.open_hours[[row]].sum() == pytest.approx(state.is_open.mean()), text
        assert found.unknown_hours[[row]].sum() == pytest.approx(1 - state.is_known.mean()), text

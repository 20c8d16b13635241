from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from support import MakeIncidents

from hotspots.analysis.hours.opening_calendar import OpeningCalendar
from hotspots.analysis.hours.opening_week import is_open_at
from hotspots.analysis.safe_havens import measure_hour_coverage, summarise_coverage
from hotspots.analysis.safe_havens.coverage import measure_coverage, measure_reach, measure_window_coverage
from hotspots.errors import DataError, ParameterError


def make_havens(*rows: tuple[float, float, str | None]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {"name": "A", "kind": "shop", "opening_hours": [hours for *_, hours in rows]},
        geometry=[shapely.Point(easting, northing) for easting, northing, _ in rows],
        crs=27700,
        index=pd.Index([f"H{i}" for i in range(len(rows))], name="haven_id"),
    )


def test_coverage_by_hand(make_incidents: MakeIncidents) -> None:
    """Monday 15:30 and 20:30 at 300 m, Monday 15:30 at 500 m, and one at 300 m without a clock time."""
    incidents = make_incidents(
        [300.0, 300.0, 500.0, 300.0],
        [0.0] * 4,
        started_at=["2026-01-05 15:30", "2026-01-05 20:30", "2026-01-05 15:30", "2026-01-05 00:00"],
        time_precision=["minute", "minute", "minute", "day"],
    )
    result = measure_coverage(incidents, make_havens((0, 0, "Mo-Fr 09:00-17:00")), reach_m=400)
    assert (result.n_incidents, result.n_within_reach, result.share_within_reach) == (4, 3, 0.75)
    assert (result.n_timed, result.n_open_within_reach) == (3, 1)
    assert result.share_open_within_reach == pytest.approx(1 / 3)
    assert result.n_incidents_by_haven.tolist() == [3]
    assert result.is_within_reach.tolist() == [True, True, False, True]
    assert result.is_open_within_reach.tolist() == [True, False, False, False]


def test_what_is_known_only_to_an_area_is_near_nothing_and_counted_apart(make_incidents: MakeIncidents) -> None:
    """Two at the haven, one far from it, and two that stand for the ward in whose middle the haven is."""
    incidents = make_incidents(
        [0.0, 0.0, 0.0, 0.0, 900.0],
        [0.0] * 5,
        started_at=["2026-01-05 12:00", "2026-01-05 12:00", "2026-01-05 20:00", "2026-01-05 12:00", "2026-01-05 12:00"],
        location_precision=["area", "point", "anonymised", "area", "postcode"],
    )
    havens = make_havens((0, 0, "Mo-Fr 09:00-17:00"))
    result = measure_coverage(incidents, havens)
    assert (result.n_incidents, result.n_unplaced, result.n_within_reach, result.n_timed) == (3, 2, 2, 3)
    assert (result.share_within_reach, result.share_open_within_reach) == (2 / 3, 1 / 3)
    assert result.n_incidents_by_haven.tolist() == [2]
    assert result.is_placed.tolist() == [False, True, True, False, True]
    assert result.is_within_reach.tolist() == [False, True, True, False, False]
    noon = measure_window_coverage(incidents, result, hours=np.array([12]))
    assert (noon.n_timed, noon.share_within_reach, noon.share_open_within_reach) == (2, 0.5, 0.5)
    by_hour = measure_hour_coverage(incidents, havens)
    assert by_hour.hours.sum(axis=1).tolist() == [0, 1, 1, 0, 1]
    assert by_hour.nearest.tolist() == [-1, 0, 0, -1, -1]
    assert np.isnan(by_hour.nearest_m[[0, 3, 4]]).all()
    shares = summarise_coverage(by_hour)
    assert (shares.n_incidents, shares.n_within_reach, shares.n_timed, shares.n_open) == (3, 2, 3, 1)
    assert summarise_coverage(by_hour, members=[0, 3]).share_within_reach is None
    nowhere = measure_coverage(incidents.assign(location_precision="area"), havens)
    assert (nowhere.n_incidents, nowhere.n_unplaced, nowhere.share_open_within_reach) == (0, 5, None)


def test_an_incident_near_two_havens_counts_once(make_incidents: MakeIncidents) -> None:
    havens = make_havens((0, 0, "Mo 09:00-10:00"), (10, 0, "24/7"))
    result = measure_coverage(make_incidents([5.0], [0.0]), havens)
    assert (result.n_within_reach, result.n_open_within_reach) == (1, 1)
    assert result.n_incidents_by_haven.tolist() == [1, 1]


def test_reach_includes_its_edge(make_incidents: MakeIncidents) -> None:
    assert measure_coverage(make_incidents([400.0], [0.0]), make_havens((0, 0, None)), reach_m=400).n_within_reach == 1


def test_without_clock_times_or_hours_openness_is_not_claimed(make_incidents: MakeIncidents) -> None:
    month_only = make_incidents([0.0], [0.0], time_precision="month")
    assert measure_coverage(month_only, make_havens((0, 0, "24/7"))).share_open_within_reach is None
    no_hours = measure_coverage(make_incidents([0.0], [0.0]), make_havens((0, 0, None)))
    assert no_hours.share_open_within_reach is None
    assert (
        measure_window_coverage(make_incidents([0.0], [0.0]), no_hours, hours=np.arange(168)).share_open_within_reach
        is None
    )


def test_the_area_within_reach_is_that_of_the_circles_inside_the_study_area() -> None:
    study_area = shapely.box(0, -5000, 5000, 5000)
    apart, together = make_havens((0, 0, None), (2000, 0, None)), make_havens((2000, 0, None), (2000, 0, None))
    circle = np.pi * 400**2
    assert measure_reach(apart, reach_m=400, study_area=study_area).area == pytest.approx(1.5 * circle, rel=0.01)
    assert measure_reach(together, reach_m=400, study_area=study_area).area == pytest.approx(circle, rel=0.01)


def test_brute_force_agrees(make_incidents: MakeIncidents) -> None:
    rng = np.random.default_rng(5)
    times = pd.Timestamp("2026-01-05") + pd.to_timedelta(rng.integers(0, 60 * 24 * 28, 300), unit="min")
    incidents = make_incidents(rng.uniform(0, 3000, 300), rng.uniform(0, 3000, 300), started_at=times)
    hours = ["Mo-Fr 09:00-17:00", "24/7", "Fr-Su 20:00-02:00", None, "Mo-Su 08:00-12:00,14:00-18:00"]
    havens = make_havens(*zip(rng.uniform(0, 3000, 5), rng.uniform(0, 3000, 5), hours, strict=True))
    result = measure_coverage(incidents, havens, reach_m=700)
    near = np.array([[i.distance(h) <= 700 for h in havens.geometry] for i in incidents.geometry])
    is_open = np.column_stack(
        [np.zeros(300, bool) if text is None else [is_open_at(text, np.array([t]))[0] for t in times.to_numpy("M8[s]")]
         for text in hours]
    )  # fmt: skip
    assert result.n_within_reach == near.any(axis=1).sum()
    assert result.n_open_within_reach == (near & is_open).any(axis=1).sum()


@pytest.mark.parametrize(
    ("hours", "time", "expected"),
    [
        ("Mo-Fr 09:00-17:00", "2026-01-05 09:00", True),
        ("Mo-Fr 09:00-17:00", "2026-01-05 16:59", True),
        ("Mo-Fr 09:00-17:00", "2026-01-05 17:00", False),
        ("Mo-Fr 09:00-17:00", "2026-01-04 10:00", False),  # a Sunday
        ("Fr 20:00-02:00", "2026-01-10 01:30", True),  # Friday's hours, on Saturday
        ("Mo-Su 09:00-17:00; PH off", "2026-12-25 10:00", False),
        ("Mo-Su 09:00-17:00", "2026-12-25 10:00", True),
        ("24/7", "2026-03-29 01:30", True),  # an hour that the clocks skip
    ],
)
def test_opening_hours(hours: str, time: str, expected: bool) -> None:
    assert is_open_at(hours, np.array([time], dtype="M8[s]")).tolist() == [expected]


ENGLISH_HOLIDAYS = [
    f"2025-{day} 12:00" for day in ("01-01", "04-18", "04-21", "05-05", "05-26", "08-25", "12-25", "12-26")
]
"""As gov.uk/bank-holidays lists them."""


def test_all_bank_holidays_of_the_nation_count_on_their_dates(make_incidents: MakeIncidents) -> None:
    """Five at noon on each of the eight of England, and one on a Monday in the place of a Saturday."""
    havens = make_havens((0, 0, "Mo-Su 09:00-17:00; PH off"))
    incidents = make_incidents([0.0] * 40, [0.0] * 40, started_at=ENGLISH_HOLIDAYS * 5)
    assert measure_coverage(incidents, havens).share_open_within_reach == 0
    substitute = make_incidents([0.0] * 2, [0.0] * 2, started_at=["2020-12-28 12:00", "2020-12-29 12:00"])
    assert measure_coverage(substitute, havens).n_open_within_reach == 1
    # Scotland works on Easter Monday and on the last Monday of August, and has 2 January and St Andrew's Day.
    scots = make_incidents(
        [0.0] * 10, [0.0] * 10, started_at=[*ENGLISH_HOLIDAYS, "2025-01-02 12:00", "2025-12-01 12:00"]
    )
    scottish = measure_coverage(scots, havens, calendar=OpeningCalendar(subdivision="SCT"))
    assert scottish.is_open_within_reach.tolist() == [
        *(day in ("2025-04-21 12:00", "2025-08-25 12:00") for day in ENGLISH_HOLIDAYS), False, False,
    ]  # fmt: skip
    with pytest.raises(ParameterError, match='No bank holidays are known for "GB, XYZ"'):
        measure_coverage(scots, havens, calendar=OpeningCalendar(subdivision="XYZ"))


@pytest.mark.parametrize("hours", ["PH 09:00-17:00", "Mo-Su 00:00-08:00; PH 10:00-14:00", "Sa,PH 10:00-14:00"])
def test_hours_of_bank_holidays_are_those_of_bank_holidays(hours: str) -> None:
    assert is_open_at(hours, np.array(ENGLISH_HOLIDAYS, dtype="M8[s]")).all()
    assert not is_open_at(hours, np.array(["2025-04-22 12:00"], dtype="M8[s]")).any()


@pytest.mark.parametrize(
    ("hours", "share"),
    [
        ("Mo-Fr 09:00-17:00", 0.0),
        ("Mo-Fr, 09:00-17:00", 0.0),
        ("Mo-Fr", None),
        ("Tu, Th 10:00-16:00", 0.0),
        ("Mo-Fr 08:00-16:30; Sa, Su 10:00-14:00", 0.0),
        ('"by appointment"', None),
        ('Mo-Fr 09:00-17:00 || "by appointment"', 0.0),
        ("Mo-Su 22:00-02:00", 0.6),
        ("24/7", 1.0),
    ],
)
def test_no_haven_is_open_at_night_that_does_not_say_so(
    make_incidents: MakeIncidents, hours: str, share: float | None
) -> None:
    """Every night of a week at 23:00, 00:30, 01:59, 02:00 and 03:59."""
    clocks = ("23:00", "00:30", "01:59", "02:00", "03:59")
    times = [f"2025-06-{day:02d} {clock}" for day in range(2, 9) for clock in clocks]
    incidents = make_incidents([0.0] * 35, [0.0] * 35, started_at=times)
    result = measure_coverage(incidents, make_havens((0, 0, hours)))
    assert result.share_open_within_reach == share
    assert result.n_hours_unknown == (share is None)


def test_havens_of_unknown_hours_are_counted_and_closed(make_incidents: MakeIncidents) -> None:
    havens = make_havens((0, 0, None), (0, 0, "Mo-Fr"), (0, 0, "Mo 10:00-11:00"))
    incidents = make_incidents([0.0] * 2, [0.0] * 2, started_at=["2025-06-02 10:30", "2025-06-03 10:30"])
    result = measure_coverage(incidents, havens)
    assert (result.n_hours_unknown, result.n_open_within_reach) == (2, 1)


def test_what_cannot_be_is_refused(make_incidents: MakeIncidents) -> None:
    incidents, havens = make_incidents([0.0], [0.0]), make_havens((0, 0, None))
    with pytest.raises(ParameterError, match="reach must be above 0 m, not 0"):
        measure_coverage(incidents, havens, reach_m=0)
    with pytest.raises(DataError, match="the havens are in WGS 84"):
        measure_coverage(incidents, havens.set_crs(4326, allow_override=True))
    with pytest.raises(DataError, match="havens table needs the columns.*opening_hours missing"):
        measure_coverage(incidents, havens.drop(columns="opening_hours"))

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from support import MakeIncidents

from hotspots.analysis.hours import OpeningCalendar
from hotspots.analysis.safe_havens import hour_coverage, site_demand, time_pieces
from hotspots.analysis.safe_havens.hour_coverage import measure_hour_coverage, summarise_coverage
from hotspots.analysis.safe_havens.site_demand import lay_grid_sites, list_longer_hours, measure_site_demand
from hotspots.analysis.safe_havens.siting import choose_sites
from hotspots.errors import ParameterError

HOURS = ("Mo-Fr 09:00-17:30", "Mo-Sa 12:00-22:00; PH off", "24/7", None, "Fr,Sa 18:00-02:00")


def make_places(*rows: tuple[float, str | None]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {"name": "A", "kind": "shop", "opening_hours": [hours for _, hours in rows]},
        geometry=gpd.points_from_xy([east for east, _ in rows], [0.0] * len(rows)),
        crs=27700,
        index=pd.Index([f"H{i}" for i in range(len(rows))], name="haven_id"),
    )


def test_a_site_covers_only_while_it_is_open(make_incidents: MakeIncidents) -> None:
    """From 16:00 to 18:00, a site that closes at 17:30 covers 90 of 120 minutes, and one of unknown hours none."""
    incidents = make_incidents([0.0], [0.0], started_at="2026-01-05 16:00", ended_at="2026-01-05 18:00")
    found = measure_site_demand(incidents, make_places((10, "Mo-Fr 09:00-17:30"), (10, None), (900, "24/7")))
    assert found.n_incidents_by_site.tolist() == pytest.approx([0.75, 0, 0])
    assert found.n_places_by_site.tolist() == [1, 0, 0]
    assert (found.n_total, found.n_covered, found.is_known.tolist()) == (1, 0, [True, False, True])


def test_what_is_covered_is_demand_no_more(make_incidents: MakeIncidents) -> None:
    incidents = make_incidents([0.0], [0.0], started_at="2026-01-05 16:00", ended_at="2026-01-05 18:00")
    there = make_places((0, "Mo-Fr 09:00-17:00"))
    found = measure_site_demand(incidents, make_places((0, "24/7")), there)
    assert (found.n_covered, found.n_incidents_by_site.tolist()) == (0.5, [0.5])


def test_where_hours_do_not_matter_all_incidents_count(make_incidents: MakeIncidents) -> None:
    incidents = make_incidents([0.0, 5.0], [0.0, 0.0], time_precision=["month", "minute"])
    found = measure_site_demand(incidents, make_places((0, None)), needs_hours=False, reach_m=4)
    assert (found.n_total, found.n_incidents_by_site.tolist(), found.n_left_out) == (2, [1], 0)
    assert found.is_known.all()


def test_only_chosen_hours_and_days_count(make_incidents: MakeIncidents) -> None:
    """Four incidents: on a school day at 16:00 and at 19:00, in the holidays at 16:00, and without an hour."""
    incidents = make_incidents(
        [0.0] * 4,
        [0.0] * 4,
        started_at=["2026-01-05 16:00", "2026-01-05 19:00", "2026-01-06 16:00", "2026-01-05 00:00"],
        time_precision=["minute"] * 3 + ["day"],
    )
    found = measure_site_demand(
        incidents,
        make_places((0, None)),
        needs_hours=False,
        hours=[15, 16, 17, 24 + 15, 24 + 16, 24 + 17],
        on_days=np.array(["2026-01-05"], dtype="datetime64[D]"),
    )
    assert (found.n_total, found.n_incidents_by_site.tolist(), found.n_left_out) == (1, [1], 1)


def test_longer_hours_are_sites_of_their_own(make_incidents: MakeIncidents) -> None:
    """Open until 20:00 on the days on which it opens: an incident at 18:00 on a Monday, and one on a Sunday."""
    havens = make_places((0, "Mo-Fr 09:00-12:00,13:00-17:00"), (0, None), (0, "Mo-Fr 09:00-23:00"))
    longer = list_longer_hours(havens, until_hours=(20,))
    assert longer.index.tolist() == ["H0 until 20:00"]
    incidents = make_incidents([0.0] * 3, [0.0] * 3, started_at=["2026-01-05 18:00", "2026-01-04 18:00",
                                                                   "2026-01-05 12:30"])  # fmt: skip
    found = measure_site_demand(incidents, longer, havens.iloc[:2])
    assert found.n_incidents_by_site.tolist() == [1]


@pytest.mark.parametrize(
    ("hours", "gained"),
    [
        # Mondays at 12:30 and 19:00, a Wednesday at 12:30 and 19:00, and Sunday at 19:00
        ("Mo-Fr 09:00-12:00,13:00-17:00", [0, 1, 0, 1, 0]),
        ("Mo-Fr 13:00-17:00,09:00-12:00", [0, 1, 0, 1, 0]),
        ("Mo-Fr 09:00-12:00, Mo-Fr 13:00-17:00", [0, 1, 0, 1, 0]),
        ("Mo-Fr 09:00-12:00, We 13:00-17:00", [1, 1, 0, 1, 0]),  # on Mondays it closes at noon
        ("Mo-Fr 09:00-17:00; Mo-Fr 12:00-13:00 off", [0, 1, 0, 1, 0]),
        ("Mo-Fr 10:00-12:00,22:00-02:00", [0, 0, 0, 0, 0]),  # it closes later already
        ("Sa 20:00-02:00; Mo 09:00-17:00", [0, 1, 0, 0, 0]),  # what is open on Sunday was opened on Saturday
        ("Mo,We 20:00-23:00", [0, 0, 0, 0, 0]),
    ],
)
def test_longer_hours_leave_a_pause_in_the_day(make_incidents: MakeIncidents, hours: str, gained: list[int]) -> None:
    times = ["2026-01-05 12:30", "2026-01-05 19:00", "2026-01-07 12:30", "2026-01-07 19:00", "2026-01-04 19:00"]
    incidents = make_incidents(np.arange(5) * 1000.0, [0.0] * 5, started_at=times)
    havens = make_places(*((1000.0 * place, hours) for place in range(5)))
    longer = list_longer_hours(havens)
    assert len(longer) == (5 if any(gained) else 0)
    if any(gained):
        assert measure_site_demand(incidents, longer, havens).n_incidents_by_site.tolist() == gained


@pytest.mark.parametrize(
    ("hours", "until", "gained"),
    [
        # a Monday at 19:00, and the Tuesday after it at 08:30 and at 19:00; the sun sets at 16:08
        ("Mo 09:00-dusk", 20, [1, 0, 0]),
        ("Mo,Tu 09:00-sunset", 20, [1, 0, 1]),
        ("Mo sunset-02:00", 12, [0, 0, 0]),  # what is open on Tuesday was opened on Monday
        ("Mo 20:00-sunrise", 12, [0, 0, 0]),
        ("Mo sunset-02:00; Tu 07:00-08:00", 12, [0, 1, 0]),
    ],
)
def test_longer_hours_follow_those_that_the_sun_ends(
    make_incidents: MakeIncidents, hours: str, until: int, gained: list[int]
) -> None:
    times = ["2026-01-05 19:00", "2026-01-06 08:30", "2026-01-06 19:00"]
    incidents = make_incidents(np.arange(3) * 1000.0, [0.0] * 3, started_at=times)
    havens = make_places(*((1000.0 * place, hours) for place in range(3)))
    london = OpeningCalendar(place=(-0.1, 51.5))
    extended = havens.assign(longer_until=until)
    found = measure_site_demand(incidents, extended, havens, calendar=london)
    assert found.n_incidents_by_site.tolist() == gained
    assert len(list_longer_hours(havens, until_hours=(until,))) == (3 if any(gained) else 0)


def test_longer_hours_are_listed_for_days_that_come_once_a_year() -> None:
    havens = make_places((0, "PH 10:00-12:00"), (0, "SH Mo-Fr 10:00-12:00"), (0, "Feb 29 10:00-12:00"), (0, "off"))
    assert list_longer_hours(havens).index.tolist() == [f"H{i} until 20:00" for i in range(3)]


def test_a_grid_is_of_whole_steps_inside_the_area() -> None:
    sites = lay_grid_sites(shapely.box(10, 10, 250, 150), spacing_m=100, crs="EPSG:27700", opening_hours="24/7")
    assert shapely.get_coordinates(sites.geometry).tolist() == [[100, 100], [200, 100]]
    assert sites["opening_hours"].tolist() == ["24/7", "24/7"]


@given(data=st.data())
def test_a_plan_covers_what_its_sites_would(make_incidents: MakeIncidents, data: st.DataObject) -> None:
    """The sites chosen, added to those there, cover by `measure_hour_coverage` what the plan says."""
    rng = np.random.default_rng(data.draw(st.integers(0, 10_000)))
    starts = pd.Timestamp("2025-12-22") + pd.to_timedelta(rng.integers(0, 8 * 1440, 60), unit="m")
    ends = starts + pd.to_timedelta(rng.integers(0, 400, 60), unit="m")
    incidents = make_incidents(rng.integers(0, 40, 60) * 100.0, [0.0] * 60, started_at=starts, ended_at=ends)
    drawn = [(float(rng.integers(0, 4000)), HOURS[rng.integers(0, len(HOURS))]) for _ in range(12)]
    sites, there = make_places(*drawn[:9]), make_places(*drawn[9:])
    found = measure_site_demand(incidents, sites, there, reach_m=300)
    plan = choose_sites(found.covers, found.demand, n_sites=3)
    together = gpd.GeoDataFrame(pd.concat([there, sites.iloc[plan.chosen]]), crs=sites.crs)
    shares = summarise_coverage(measure_hour_coverage(incidents, together, reach_m=300))
    assert found.n_covered + plan.covered == pytest.approx(shares.n_open)
    alone = summarise_coverage(measure_hour_coverage(incidents, there, reach_m=300))
    assert found.n_covered == pytest.approx(alone.n_open)
    assert found.n_total == pytest.approx(60)


def test_a_few_at_a_time_or_all_at_once_are_the_same(
    make_incidents: MakeIncidents, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is done bit by bit, to spare memory, gives what it gives in one."""
    rng = np.random.default_rng(7)
    starts = pd.Timestamp("2025-12-22") + pd.to_timedelta(rng.integers(0, 8 * 1440, 80), unit="m")
    ends = starts + pd.to_timedelta(rng.integers(0, 900, 80), unit="m")
    incidents = make_incidents(rng.integers(0, 40, 80) * 100.0, [0.0] * 80, started_at=starts, ended_at=ends)
    drawn = [(float(rng.integers(0, 4000)), HOURS[rng.integers(0, len(HOURS))]) for _ in range(14)]
    sites, there = make_places(*drawn[:9]), make_places(*drawn[9:])

    def measure() -> tuple[list[float], float, float]:
        found = measure_site_demand(incidents, sites, there, reach_m=500)
        shares = summarise_coverage(measure_hour_coverage(incidents, there, reach_m=500))
        return found.n_incidents_by_site.tolist(), shares.n_open, shares.n_unknown

    at_once = measure()
    for module, name in (
        (hour_coverage, "CELLS_AT_ONCE"),
        (time_pieces, "PIECES_AT_ONCE"),
        (site_demand, "ROWS_AT_ONCE"),
    ):
        monkeypatch.setattr(module, name, 50)
    bit_by_bit = measure()
    assert bit_by_bit[0] == pytest.approx(at_once[0])
    assert bit_by_bit[1:] == pytest.approx(at_once[1:])


def test_what_makes_no_sense_is_refused(make_incidents: MakeIncidents) -> None:
    with pytest.raises(ParameterError, match="whole hour from 1 to 24, not 25"):
        list_longer_hours(make_places((0, "24/7")), until_hours=(25,))
    with pytest.raises(ParameterError, match="spacing of a grid must be above 0 m, not 0"):
        lay_grid_sites(shapely.box(0, 0, 1, 1), spacing_m=0, crs="EPSG:27700")
    with pytest.raises(ParameterError, match=r"20,000 points; this area with points every 10 m has about 1,000,000"):
        lay_grid_sites(shapely.box(0, 0, 10_000, 10_000), spacing_m=10, crs="EPSG:27700")


def test_what_is_known_only_to_an_area_is_demand_nowhere_and_said(make_incidents: MakeIncidents) -> None:
    incidents = make_incidents([0.0] * 3, [0.0] * 3, location_precision=["point", "area", "area"])
    sites = make_places((0.0, "24/7"))
    for needs_hours in (True, False):
        found = measure_site_demand(incidents, sites, needs_hours=needs_hours)
        assert (found.n_total, found.n_left_out, found.n_incidents_by_site.tolist()) == (1, 2, [1])

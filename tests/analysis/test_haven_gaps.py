from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from support import MakeIncidents

from hotspots.analysis.hotspots import DAY_PARTS
from hotspots.analysis.safe_havens.haven_gaps import UsualHours, find_usual_hours, keep_days, rank_gaps
from hotspots.analysis.safe_havens.hour_coverage import measure_hour_coverage, summarise_coverage
from hotspots.geography import NO_FLOOR
from hotspots.ingest.reference import list_opening_rules

DAYS = np.array(["2026-01-01", "2026-01-31"], dtype="datetime64[D]")


def make_havens(*rows: tuple[float, str | None]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {"name": [f"Haven {i}" for i in range(len(rows))], "kind": "shop", "opening_hours": [text for _, text in rows]},
        geometry=gpd.points_from_xy([east for east, _ in rows], [0.0] * len(rows)),
        crs=27700,
        index=pd.Index([f"H{i}" for i in range(len(rows))], name="haven_id"),
    )


def make_evening(make_incidents: MakeIncidents, n: int = 12) -> gpd.GeoDataFrame:
    """So many incidents on Mondays at 19:00 around (0, 0), each at its own place, and three at noon."""
    hours = ["2026-01-05 19:00"] * n + ["2026-01-05 12:00"] * 3
    return make_incidents(np.arange(n + 3) * 5.0, [0.0] * (n + 3), started_at=hours)


def make_hours(*spans: tuple[int, int]) -> tuple[UsualHours, ...]:
    return tuple(UsualHours(opens_minute=opens, closes_minute=closes) for opens, closes in spans)


def test_a_gap_by_hand(make_incidents: MakeIncidents) -> None:
    incidents, havens = make_evening(make_incidents), make_havens((300, "Mo-Fr 09:00-17:30"), (900, "24/7"))
    outline = shapely.box(-10, -10, 110, 10)
    gaps = rank_gaps(incidents, measure_hour_coverage(incidents, havens), [outline], havens)
    assert len(gaps) == 1
    gap = gaps[0]
    assert (gap.shift.key, gap.n_timed, gap.n_without, gap.n_unknown) == ("evening", 12, 12, 0)
    assert (gap.nearest, gap.nearest_m) == (0, 250)
    # the evenings of Sundays to Thursdays: four days of five are Mondays to Thursdays
    assert gap.nearest_hours == make_hours((540, 1050))


def test_hours_that_are_not_known_are_a_gap_and_are_said(make_incidents: MakeIncidents) -> None:
    incidents, havens = make_evening(make_incidents).iloc[:12], make_havens((300, None))
    gaps = rank_gaps(incidents, measure_hour_coverage(incidents, havens), [shapely.box(-10, -10, 110, 10)], havens)
    assert [(gap.n_without, gap.n_unknown, gap.leaves_few, gap.nearest_hours) for gap in gaps] == [
        (12, 12, False, None)
    ]


def test_a_gap_does_not_tell_how_few_are_left_of_a_sum(make_incidents: MakeIncidents) -> None:
    """Twelve in the evening and three at noon, none with an open haven; the haven near says nothing of its hours."""
    incidents, havens = make_evening(make_incidents), make_havens((300, None))
    outlines = [shapely.box(-10, -10, 110, 10)]
    # all that have none are fifteen, so that twelve would tell of three
    assert rank_gaps(incidents, measure_hour_coverage(incidents, havens), outlines, havens) == ()
    elsewhere = make_incidents(5000 + np.arange(20) * 5.0, [0.0] * 20, started_at="2026-01-05 12:00")
    elsewhere.index = [f"E{i}" for i in range(20)]
    both = gpd.GeoDataFrame(pd.concat([incidents, elsewhere]), crs=incidents.crs)
    (gap,) = rank_gaps(both, measure_hour_coverage(both, havens), outlines, havens)
    # three are left of the fifteen at the place, so that these are not to be told; and so it is with what is not known
    assert (gap.n_without, gap.n_unknown, gap.leaves_few) == (12, None, True)


@pytest.mark.parametrize(("n_unknown", "told"), [(12, 12), (9, None), (0, 0), (15, 15), (21, None)])
def test_of_a_gap_neither_part_is_told_where_one_is_of_few(
    make_incidents: MakeIncidents, n_unknown: int, told: int | None
) -> None:
    """Of thirty without an open haven, so many have one whose hours are not known."""
    incidents = make_incidents(np.arange(30) * 5.0, [0.0] * 30, started_at="2026-01-05 19:00")
    havens = make_havens((5 * (n_unknown - 1) - 400, None))
    outlines = [shapely.box(-10, -10, 160, 10)]
    (gap,) = rank_gaps(incidents, measure_hour_coverage(incidents, havens), outlines, havens)
    assert (gap.n_without, gap.n_unknown) == (30, told)


def test_few_incidents_are_no_gap_that_is_shown(make_incidents: MakeIncidents) -> None:
    incidents, havens = make_evening(make_incidents, n=9), make_havens((300, "Mo-Fr 09:00-17:30"))
    coverage, outlines = measure_hour_coverage(incidents, havens), [shapely.box(-10, -10, 110, 10)]
    assert rank_gaps(incidents, coverage, outlines, havens) == ()
    assert rank_gaps(incidents, coverage, outlines, havens, floor=NO_FLOOR)[0].n_without == 9
    at_one_place = make_incidents([0.0] * 40, [0.0] * 40, started_at="2026-01-05 19:00")
    assert rank_gaps(at_one_place, measure_hour_coverage(at_one_place, havens), outlines, havens) == ()


def test_without_havens_everything_is_a_gap(make_incidents: MakeIncidents) -> None:
    incidents, havens = make_evening(make_incidents), make_havens()
    outlines = [shapely.box(-10, -10, 110, 10)]
    gaps = rank_gaps(incidents, measure_hour_coverage(incidents, havens), outlines, havens, floor=NO_FLOOR)
    assert [(gap.shift.key, gap.nearest) for gap in gaps] == [("evening", -1), ("school-day", -1)]
    assert rank_gaps(incidents, measure_hour_coverage(incidents, havens), [], havens) == ()


def test_gaps_add_up_to_what_is_not_covered(make_incidents: MakeIncidents) -> None:
    """The parts of the week hold each hour once, so the gaps of one outline around all are all that has none open."""
    rng = np.random.default_rng(0)
    starts = pd.Timestamp("2026-01-05") + pd.to_timedelta(rng.integers(0, 14 * 1440, 300), unit="m")
    incidents = make_incidents(*rng.uniform(0, 2000, (2, 300)), started_at=starts)
    havens = make_havens((300, "Mo-Fr 09:00-17:30"), (900, None), (1500, "Mo-Su 12:00-23:00"))
    coverage = measure_hour_coverage(incidents, havens, reach_m=700)
    gaps = rank_gaps(incidents, coverage, [shapely.box(-1, -1, 2001, 2001)], havens, floor=NO_FLOOR)
    shares = summarise_coverage(coverage)
    assert sum(gap.n_without for gap in gaps) == pytest.approx(shares.n_timed - shares.n_open)
    assert sum(gap.n_unknown or 0 for gap in gaps) == pytest.approx(shares.n_unknown)
    assert len(gaps) <= len(DAY_PARTS)


@pytest.mark.parametrize(
    ("hours", "weekdays", "expected"),
    [
        ("Mo-Fr 09:00-17:30; Sa 10:00-16:00", (0, 1), ((540, 1050),)),
        ("Mo-Fr 09:00-17:30; Sa 10:00-16:00", (6,), ()),
        ("Mo-Fr 09:00-12:00,13:00-17:30", (2,), ((540, 720), (780, 1050))),
        ("Mo-Fr 09:00-13:00, Mo-Fr 14:00-18:00", (2,), ((540, 780), (840, 1080))),
        ("Mo-Fr 14:00-18:00,09:00-13:00", (2,), ((540, 780), (840, 1080))),
        ("Mo-Fr 09:00-13:00,14:00-18:00; We 09:00-18:00", (1, 2), ((540, 780), (840, 1080))),  # as common: the shorter
        ("24/7", (0,), ((0, 1440),)),
        ("Mo-Su 18:00-02:00", (3,), ((1080, 1560),)),  # until 02:00 of the next morning, and not at all hours
        ("Mo-Th,Su 12:00-22:30; Fr,Sa 11:00-01:00", (4, 5), ((660, 1500),)),
        ("Mo-Th,Su 12:00-22:30; Fr,Sa 11:00-01:00", (6,), ((720, 1350),)),  # its first hour is of the Saturday
        ("Sa 20:00-02:00", (6,), ()),
        ("Mo-Fr 00:00-24:00", (4,), ((0, 1440),)),
        ("Mo-Fr 18:00-24:00", (2,), ((1080, 1440),)),
        ("Mo-Su 10:00-12:00,18:00-02:00", (3,), ((600, 720), (1080, 1560))),
        ("Sa 20:00-04:00; Mo 09:00-17:00", (5,), ((1200, 1680),)),
        ("Sa 20:00-04:00; Mo 09:00-17:00", (6,), ()),  # what is open on Sunday was opened on Saturday
        ("Mo-Su 16:00-24:00", (3,), ((960, 1440),)),
        ("Mo-We 24/7; Th 00:00-09:00", (0, 1, 2), ((0, 1440),)),
        ("Su 20:00-24:00; Mo 00:00-24:00; Tu 00:00-09:00", (6,), ((1200, 1440),)),
        ("Mo-Th 09:00-17:00; Fr 09:00-13:00", (3, 4), ((540, 780),)),  # as common, so the shorter
    ],
)
def test_usual_hours(hours: str, weekdays: tuple[int, ...], expected: tuple[tuple[int, int], ...]) -> None:
    found = find_usual_hours(tuple(list_opening_rules(hours)), DAYS[[0, 1]], weekdays)
    assert found == make_hours(*expected)


def test_usual_hours_are_not_known_where_the_days_are_not() -> None:
    rules = tuple(list_opening_rules("Mo-Fr 10:00-16:00; Sa unknown"))
    assert find_usual_hours(rules, DAYS, [5]) is None
    assert find_usual_hours(rules, DAYS, [5, 6]) is None  # five Saturdays, and four Sundays on which it is shut
    assert find_usual_hours(rules, DAYS, [0]) == make_hours((600, 960))
    assert find_usual_hours(rules, DAYS[:0], [0]) is None


def test_only_what_happens_on_some_days_is_kept(make_incidents: MakeIncidents) -> None:
    """From Monday 23:00 to Tuesday 02:00 two thirds are on the Tuesday."""
    incidents = make_incidents([0.0], [0.0], started_at="2026-01-05 23:00", ended_at="2026-01-06 02:00")
    coverage = measure_hour_coverage(incidents, make_havens((0, "24/7")))
    kept = keep_days(coverage, incidents, np.array(["2026-01-06"], dtype="datetime64[D]"))
    assert kept.hours.sum() == pytest.approx(2 / 3)
    assert kept.open_hours.sum() == pytest.approx(2 / 3)
    assert coverage.hours.sum() == pytest.approx(1)

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path
from typing import Any
from unittest import mock

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from support import MakeIncidents

from hotspots.analysis.hotspots.day_parts import DAY_PARTS
from hotspots.analysis.hours.aoristic import weigh_hours
from hotspots.analysis.hours.profile import profile_week
from hotspots.analysis.hours.week import WeekWindow
from hotspots.analysis.surfaces.bandwidth import choose_adaptive_bandwidths
from hotspots.crimes import load_definitions
from hotspots.errors import DataError, TooLittleDataError
from hotspots.geography import FLOOR
from hotspots.geography.wards import assign_wards
from hotspots.pipeline import map_tests
from hotspots.pipeline.cell_tests import measure_significance
from hotspots.pipeline.evaluation import evaluate
from hotspots.pipeline.map_tests import has_months, plan_tests
from hotspots.pipeline.places import PlaceAnalysis, analyse_places
from hotspots.pipeline.request import AnalysisRequest
from hotspots.pipeline.run import analyse
from hotspots.pipeline.selection import Accounts, Selection
from hotspots.pipeline.study import load_study
from hotspots.pipeline.surroundings import add_surroundings, widen, with_places

YEAR = (dt.date(2025, 1, 1), dt.date(2025, 12, 31))
CLUMPS = ((530_525.0, 180_525.0, 120), (531_525.0, 181_525.0, 90))
"""Easting, northing and incidents of two places."""
ROBBERY = load_definitions().crimes["robbery"]


def make_year(make: MakeIncidents, *, seed: int = 1, n_spread: int = 200, **columns: Any) -> gpd.GeoDataFrame:
    """Two shared points with many and others with one over the four wards, every ten hours or so of 2025."""
    rng = np.random.default_rng(seed)
    east, north, n = (np.array(values) for values in zip(*CLUMPS, strict=True))
    spread = rng.uniform([[530_000], [180_000]], [[532_000], [182_000]], (2, n_spread))
    east, north = np.append(np.repeat(east, n), spread[0]), np.append(np.repeat(north, n), spread[1])
    days = pd.Timestamp("2025-01-01") + pd.to_timedelta(rng.integers(0, 365 * 24, len(east)), "h")
    return make(east, north, **({"started_at": days, "location_precision": "anonymised"} | columns))


def look(
    incidents: gpd.GeoDataFrame,
    wards: gpd.GeoDataFrame,
    *,
    others: gpd.GeoDataFrame | None = None,
    harm_of_each: pd.Series | None = None,
    period: tuple[dt.date, dt.date] = YEAR,
    **options: Any,
) -> PlaceAnalysis:
    """Analyse the places of incidents, wherever they are."""

    def split(table: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
        table = table.assign(ward_code=assign_wards(table, wards))
        inside = table["ward_code"].notna()
        return table[inside], table[~inside]

    inside, beyond = split(incidents)
    inside_others, others_beyond = split(incidents[:0] if others is None else others)
    nothing = inside.iloc[:0]
    n = len(inside)
    chosen = Selection(
        crime=ROBBERY,
        wards=wards,
        study_area=wards.geometry.union_all(),
        start=period[0],
        end=period[1],
        accounts=Accounts(
            read=n, rejected={}, other_crimes=0, outside_period=0, outside_area=0, analysed=n, rejected_of_crime=0
        ),
        n_reported=0,
        incidents=inside,
        beyond=beyond,
        others=inside_others,
        others_beyond=others_beyond,
        earlier=nothing,
        earlier_beyond=nothing,
        earlier_others=nothing,
    )
    hours = weigh_hours(inside)
    return analyse_places(
        chosen,
        AnalysisRequest(crime="robbery", **options),
        hours=hours,
        profile=profile_week(inside, hours=hours),
        harm=harm_of_each,
    )


@pytest.fixture
def no_look_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leaves out what takes most of the time, where it is not what a test is about."""

    def refuse(*_: Any, **__: Any) -> Any:
        raise TooLittleDataError("not asked for")

    monkeypatch.setattr(map_tests, "evaluate_methods", refuse)


# --- the edge


@pytest.mark.usefixtures("no_look_back")
def test_the_density_is_corrected_where_the_data_end_and_not_where_they_go_on(
    make_incidents: MakeIncidents, square_wards: gpd.GeoDataFrame
) -> None:
    """Even over 3 km: in the four wards of 2 km alone it falls off at their edge, and must be made up for."""
    axis = np.arange(25, 3000, 50.0)
    east, north = (grid.ravel() for grid in np.meshgrid(529_500 + axis, 179_500 + axis))
    everywhere = make_incidents(east, north)
    in_wards = everywhere[square_wards.geometry.union_all().contains(everywhere.geometry)]
    ends, goes_on = look(in_wards, square_wards), look(everywhere, square_wards)
    assert ends.density.is_edge_corrected
    assert not goes_on.density.is_edge_corrected
    assert (ends.n_beyond, goes_on.n_beyond) == (0, len(everywhere) - len(in_wards))
    for found in (ends, goes_on):
        grid = found.density.grid
        row, column = grid.locate(np.array([530_025.0, 531_025.0]), np.array([180_025.0, 181_025.0]))
        assert found.density.density_per_km2[row, column] == pytest.approx([400, 400], rel=2e-3)


@pytest.mark.usefixtures("no_look_back")
@pytest.mark.parametrize(
    ("distance_m", "precision", "is_corrected"),
    [
        pytest.param(100, "point", False, id="just beyond"),
        pytest.param(400, "point", True, id="too far to say"),
        pytest.param(100, "area", True, id="somewhere in an area"),
    ],
)
def test_other_crime_says_where_the_data_end_too(
    make_incidents: MakeIncidents,
    square_wards: gpd.GeoDataFrame,
    distance_m: float,
    precision: str,
    is_corrected: bool,
) -> None:
    n = 400
    ring = shapely.box(530_000, 180_000, 532_000, 182_000).buffer(distance_m).exterior
    at = shapely.get_coordinates(shapely.line_interpolate_point(ring, np.linspace(0, ring.length, n, endpoint=False)))
    others = make_incidents(*at.T, location_precision=precision)
    found = look(make_year(make_incidents), square_wards, others=others)
    assert found.density.is_edge_corrected is is_corrected
    assert found.n_beyond == 0


def test_many_islands_are_widened_one_by_one_to_the_same_area(monkeypatch: pytest.MonkeyPatch) -> None:
    islands = shapely.MultiPolygon([shapely.box(x, y, x + 9, y + 9) for x in range(0, 100, 20) for y in (0, 20, 500)])
    at_once = islands.buffer(30)
    buffer = mock.Mock(wraps=shapely.buffer)
    monkeypatch.setattr("shapely.buffer", buffer)
    assert widen(islands, 30).symmetric_difference(at_once).area < 0.005 * at_once.area
    assert [len(called.args[0]) for called in buffer.call_args_list] == [15]


def test_surroundings_come_after_the_incidents_and_no_further_than_they_matter(
    make_incidents: MakeIncidents, square_wards: gpd.GeoDataFrame
) -> None:
    area = square_wards.geometry.union_all()
    located = make_incidents([531_000.0], [181_000.0])
    beyond = make_incidents(
        [532_900.0, 533_100.0, 532_100.0], [181_000.0] * 3, location_precision=["point", "point", "area"]
    ).rename(index="b{}".format)

    def near(**options: Any) -> list[str]:
        request = AnalysisRequest(crime="robbery", **options)
        around = add_surroundings(located, beyond, study_area=area, request=request)
        assert around.crs == located.crs
        return list(around.index)

    assert near() == ["i0", "bi0"]
    assert near(bandwidth_m=1500) == near(kernel="gaussian", bandwidth_m=250) == ["i0", "bi0", "bi1"]
    assert near(bandwidth_m=None) == ["i0", "bi0", "bi1"]  # it may be chosen as wide as 2 km


# --- bandwidths


@pytest.mark.usefixtures("no_look_back")
@pytest.mark.parametrize("rule", ["likelihood", "scott", "silverman"])
@pytest.mark.slow
def test_a_bandwidth_by_rule_comes_with_its_reason(
    make_incidents: MakeIncidents, square_wards: gpd.GeoDataFrame, rule: Any
) -> None:
    found = look(make_year(make_incidents), square_wards, bandwidth_m=None, bandwidth_rule=rule)
    assert found.bandwidth is not None
    assert found.bandwidth.rule == rule
    assert found.bandwidth.reason
    assert found.density.bandwidth_m == max(found.bandwidth.bandwidth_m, 50)
    assert not found.density.is_adaptive
    plain = look(make_year(make_incidents), square_wards)
    assert (plain.bandwidth, plain.density.bandwidth_m) == (None, 300)


@pytest.mark.usefixtures("no_look_back")
def test_a_bandwidth_by_rule_is_never_less_than_a_cell(
    make_incidents: MakeIncidents, square_wards: gpd.GeoDataFrame
) -> None:
    found = look(
        make_year(make_incidents), square_wards, bandwidth_m=None, bandwidth_rule="silverman", cell_size_m=1500.0
    )
    assert found.bandwidth is not None
    assert found.bandwidth.bandwidth_m < found.density.bandwidth_m == 1500


@pytest.mark.usefixtures("no_look_back")
def test_adaptive_bandwidths_are_those_of_the_incidents(
    make_incidents: MakeIncidents, square_wards: gpd.GeoDataFrame
) -> None:
    incidents = make_year(make_incidents)
    found = look(incidents, square_wards, bandwidth_m=None, bandwidth_rule="adaptive")
    assert found.density.is_adaptive
    assert found.bandwidth is None
    assert found.density.bandwidth_m == np.median(choose_adaptive_bandwidths(incidents))
    assert found.density.integral == pytest.approx(len(incidents), rel=5e-3)  # the grid holds every kernel whole


@pytest.mark.usefixtures("no_look_back")
@pytest.mark.parametrize(("kernel", "cell_size_m"), [("gaussian", 60.0), ("gaussian", 700.0), ("quartic", 1200.0)])
def test_adaptive_bandwidths_are_never_less_than_a_cell(
    make_incidents: MakeIncidents, square_wards: gpd.GeoDataFrame, kernel: Any, cell_size_m: float
) -> None:
    found = look(
        make_year(make_incidents),
        square_wards,
        bandwidth_m=None,
        bandwidth_rule="adaptive",
        kernel=kernel,
        cell_size_m=cell_size_m,
    )
    assert found.density.bandwidth_m >= cell_size_m


@pytest.mark.usefixtures("no_look_back")
def test_what_speaks_against_a_bandwidth_is_said(make_incidents: MakeIncidents, square_wards: gpd.GeoDataFrame) -> None:
    incidents = make_year(make_incidents)
    assert look(incidents, square_wards, bandwidth_m=200.0).bandwidth_warning is None
    wide = look(incidents, square_wards, bandwidth_m=900.0).bandwidth_warning
    assert wide is not None
    assert "900 m" in wide


# --- harm


@pytest.mark.slow
def test_harm_weighs_density_and_order(make_incidents: MakeIncidents, square_wards: gpd.GeoDataFrame) -> None:
    """120 incidents of harm 1 in one place, 90 of harm 10 in another."""
    incidents = make_year(make_incidents)
    is_second = (incidents.geometry.x == CLUMPS[1][0]) & (incidents.geometry.y == CLUMPS[1][1])
    harm = pd.Series(np.where(is_second, 10.0, 1.0), index=incidents.index)
    plain = look(incidents, square_wards, harm_of_each=harm)
    weighed = look(incidents, square_wards, harm_of_each=harm, harm="severity")
    assert [hotspot.n_incidents >= 120 for hotspot in plain.hotspots[:2]] == [True, False]
    assert [hotspot.n_incidents >= 120 for hotspot in weighed.hotspots[:2]] == [False, True]
    assert [hotspot.harm for hotspot in plain.hotspots[:2]] == [hotspot.harm for hotspot in weighed.hotspots[1::-1]]
    for found, second_is_denser in ((plain, False), (weighed, True)):
        grid = found.density.grid
        row, column = grid.locate(*(np.array([clump[axis] for clump in CLUMPS]) for axis in (0, 1)))
        first, second = found.density.density_per_km2[row, column]
        assert (second > first) == second_is_denser
    assert weighed.density.weight_sum == harm.sum()
    assert plain.density.weight_sum is None
    # what is expected, tested and scored is incidents all the same
    assert weighed.holdout == plain.holdout
    unknown = look(incidents, square_wards)
    assert all(hotspot.harm is None for hotspot in unknown.hotspots)


def test_harm_is_refused_for_violence(tmp_path: Path, square_wards: gpd.GeoDataFrame) -> None:
    rows = "2025-01,530500,180500,{}\n"
    table = "Month,Easting,Northing,Crime type\n"
    table += rows.format("Violence and sexual offences") * 3 + rows.format("Robbery") * 2
    (tmp_path / "a.csv").write_text(table)
    square_wards.to_file(tmp_path / "wards.gpkg")
    study = load_study([tmp_path / "a.csv"], [tmp_path / "wards.gpkg"])
    with pytest.raises(
        DataError, match=r"Harm by severity needs a figure for each offence, and Violence and sexual .*3"
    ):
        analyse(study, AnalysisRequest(crime="violence", harm="severity"))
    counted = analyse(study, AnalysisRequest(crime="violence"))
    assert not counted.places.density.is_weighted
    weighed = analyse(study, AnalysisRequest(crime="robbery", harm="severity"))
    assert weighed.places.density.weight_sum == 2 * 746  # the severity score of a robbery


# --- the test of cells


@pytest.mark.usefixtures("no_look_back")
@pytest.mark.parametrize("shape", ["square", "hexagon"])
def test_the_cells_that_are_tested_have_the_shape_asked_for(
    make_incidents: MakeIncidents, square_wards: gpd.GeoDataFrame, shape: Any
) -> None:
    found = look(make_year(make_incidents), square_wards, cell_shape=shape)
    assert found.test is not None
    assert found.test.cells.shape == shape
    assert found.test.cells.cell_size_m == found.test.choice.cell_size_m
    assert len(found.test.gi_star.z) == len(found.test.cells)
    at = found.test.cells.locate(*(np.array([clump[axis] for clump in CLUMPS]) for axis in (0, 1)))
    assert (found.test.gi_star.z[at] > 1.5).all()
    assert found.risk is not None
    assert found.risk.cells.shape == "square"


@pytest.mark.usefixtures("no_look_back")
@pytest.mark.parametrize(
    ("n_spread", "period", "n_periods", "unit"),
    [
        pytest.param(200, YEAR, 6, "month", id="410 incidents: at most eight periods, so two months each"),
        pytest.param(0, YEAR, 4, "month", id="210: four quarters"),
        pytest.param(-30, YEAR, None, None, id="180: fewer than four times fifty"),
        pytest.param(200, (YEAR[0], dt.date(2025, 6, 30)), 6, "day", id="half a year: 181 days in four weeks each"),
        pytest.param(200, (YEAR[0], dt.date(2025, 1, 20)), None, None, id="less than four weeks"),
    ],
)
def test_periods_are_equal_and_hold_fifty_incidents_on_average(
    make_incidents: MakeIncidents,
    square_wards: gpd.GeoDataFrame,
    n_spread: int,
    period: tuple[dt.date, dt.date],
    n_periods: int | None,
    unit: str | None,
) -> None:
    incidents = make_year(make_incidents, n_spread=max(n_spread, 0)).iloc[max(-n_spread, 0) :]
    found = look(incidents, square_wards, period=period)
    assert found.test is not None
    if n_periods is None:
        assert found.test.periods is None
        assert found.test.persistence is None
    else:
        assert found.test.periods is not None
        assert (len(found.test.periods), found.test.periods.unit) == (n_periods, unit)
        assert found.test.persistence is not None
        assert found.test.persistence.n_periods == n_periods


# --- little to go by


def test_one_single_place(make_incidents: MakeIncidents, square_wards: gpd.GeoDataFrame) -> None:
    days = pd.Timestamp("2025-01-01") + pd.to_timedelta(np.arange(360), "D")
    incidents = make_incidents([530_525.0] * 360, [180_525.0] * 360, started_at=days, location_precision="anonymised")
    found = look(incidents, square_wards)
    address = look(incidents.assign(location_precision="point"), square_wards)
    assert (address.hotspots, address.areas.n_withheld, address.shown.max_per_km2) == ((), 1, 0)
    assert all(area.outline.is_empty for area in address.smallest_areas)
    assert address.test is not None
    assert not address.test.is_shown.any()
    assert address.first_cells is not None
    assert not address.first_cells.is_told.any()
    (hotspot,) = found.hotspots
    assert (hotspot.n_incidents, hotspot.n_places, hotspot.share) == (360, 1, 1)
    assert found.holdout is not None
    assert found.holdout.hotspots is not None
    assert found.holdout.hotspots.hit_rate == 1
    for rule in ("likelihood", "scott"):
        with pytest.raises(
            TooLittleDataError, match=r"at least three places.* 360 incidents lie on 1. Give a bandwidth"
        ):
            look(incidents, square_wards, bandwidth_m=None, bandwidth_rule=rule)
    assert look(incidents, square_wards, bandwidth_m=None, bandwidth_rule="adaptive").density.bandwidth_m == 150


def test_one_single_incident(make_incidents: MakeIncidents, square_wards: gpd.GeoDataFrame) -> None:
    found = look(make_incidents([530_525.0], [180_525.0]), square_wards)
    assert found.hotspots == ()
    assert found.risk is not None
    assert found.risk.expected.sum() > 0
    assert found.holdout_reason is not None


def test_incidents_located_to_an_area_have_no_place(
    make_incidents: MakeIncidents, square_wards: gpd.GeoDataFrame
) -> None:
    found = look(make_year(make_incidents, location_precision="area"), square_wards)
    assert (found.hotspots, found.smallest_areas, found.risk, found.test, found.holdout) == ((), (), None, None, None)
    assert found.holdout_reason == "no incident has a place of its own"
    assert found.density.integral == 0
    mixed = make_year(make_incidents)
    mixed.loc[mixed.index[:10], "location_precision"] = "area"
    assert len(with_places(mixed)) == look(mixed, square_wards).density.n_incidents == len(mixed) - 10


@pytest.mark.parametrize(
    ("period", "n_incidents", "reason"),
    [
        pytest.param(
            (YEAR[0], dt.date(2025, 1, 20)),
            None,
            "an earlier map, of 2024-12-12 to 2024-12-31; the data begin with",
            id="short",
        ),
        pytest.param(YEAR, 40, "30 incidents to fit and as many to test on", id="thin"),
    ],
)
def test_why_there_is_no_hold_out(
    make_incidents: MakeIncidents,
    square_wards: gpd.GeoDataFrame,
    period: tuple[dt.date, dt.date],
    n_incidents: int | None,
    reason: str,
) -> None:
    found = look(make_year(make_incidents)[-(n_incidents or 0) :], square_wards, period=period)
    assert found.holdout is None
    assert found.holdout_reason is not None
    assert reason in found.holdout_reason


@pytest.mark.slow
def test_an_extent_too_small_for_an_earlier_map_does_not_stop_the_run(
    make_incidents: MakeIncidents, square_wards: gpd.GeoDataFrame
) -> None:
    """Before December the incidents were far apart, and fewer of them ask for a larger eps."""
    axis = np.arange(100, 2000, 180.0)
    east, north = (grid.ravel() for grid in np.meshgrid(530_000 + axis, 180_000 + axis))
    rng = np.random.default_rng(3)
    lane = np.repeat(530_500 + 20 * np.arange(20.0), 40)
    days = [
        *(pd.Timestamp("2025-01-01") + pd.to_timedelta(rng.integers(0, 270, 10 * len(east)), "D")),
        *(pd.Timestamp("2025-12-01") + pd.to_timedelta(rng.integers(0, 30, len(lane)), "D")),
    ]
    incidents = make_incidents(
        np.append(np.tile(east, 10), lane), np.append(np.tile(north, 10), 180_450 + 0 * lane), started_at=days
    )
    whole = look(incidents, square_wards)
    extent_m = 2 * whole.areas.clusters.eps_m
    found = look(incidents, square_wards, max_extent_m=extent_m)
    assert found.holdout is None
    assert found.holdout_reason is not None
    assert f"not {extent_m:g} m. Choose a larger extent or a smaller eps" in found.holdout_reason


@pytest.mark.slow
def test_large_cells_are_tested_too(make_incidents: MakeIncidents, square_wards: gpd.GeoDataFrame) -> None:
    """Beyond the widest usual reach of the risk estimate, here and in the look back."""
    found = look(make_year(make_incidents), square_wards, cell_size_m=1000.0, bandwidth_m=1000.0)
    assert found.risk is not None
    assert found.risk.bandwidth_m == 2000
    assert found.holdout is not None


# --- one crime, two ways in


@pytest.mark.slow
def test_a_run_and_an_evaluation_score_the_same_hot_spots(tmp_path: Path, square_wards: gpd.GeoDataFrame) -> None:
    """In one ward, whose hot spots lean on incidents beyond it."""
    rng = np.random.default_rng(4)
    n = 900
    east = np.where(rng.random(n) < 0.5, 531_000 + rng.normal(0, 60, n), rng.uniform(530_000, 532_000, n))
    rows = [
        f"Robbery,{day:%d/%m/%Y},{x:.0f},{y:.0f}"
        for day, x, y in zip(
            pd.Timestamp("2025-01-01") + pd.to_timedelta(np.sort(rng.integers(0, 365, n)), "D"),
            east,
            rng.uniform(180_000, 182_000, n),
            strict=True,
        )
    ]
    (tmp_path / "a.csv").write_text("\n".join(["Offence,Date From,Easting,Northing", *rows]))
    square_wards.to_file(tmp_path / "wards.gpkg")
    study = load_study([tmp_path / "a.csv"], [tmp_path / "wards.gpkg"])
    request = AnalysisRequest(crime="robbery", wards=("Ash",), start=YEAR[0], end=YEAR[1])
    run, found = (
        analyse(study, request).places.holdout,
        evaluate(study, request, cell_sizes_m=(50,), bandwidths_m=(300,)),
    )
    assert run is not None
    assert run.hotspots is not None
    assert run == dataclasses.replace(found.holdout, patrols_at_hotspots=None)  # which only an evaluation asks for
    inside = dataclasses.replace(
        study, intake=dataclasses.replace(study.intake, incidents=study.intake.incidents.query("ward_code == 'A'"))
    )
    assert evaluate(inside, request, cell_sizes_m=(50,), bandwidths_m=(300,)).holdout.hotspots != run.hotspots


@pytest.mark.slow
def test_incidents_that_give_only_their_month_make_all_tests_monthly(
    make_incidents: MakeIncidents, square_wards: gpd.GeoDataFrame
) -> None:
    """Those of other crimes as well: one dated to the first may have come after a fit that ends in mid-month."""
    incidents = make_year(make_incidents)
    incidents = incidents[incidents["started_at"] < "2025-07-01"]
    monthly = make_incidents([530_525.0] * 9, [180_525.0] * 9, time_precision="month", started_at="2025-02-01")
    assert not has_months(incidents)
    assert has_months(incidents, monthly)
    period = (YEAR[0], dt.date(2025, 6, 30))
    weekly = look(incidents, square_wards, period=period).holdout
    by_month = look(incidents, square_wards, others=monthly, period=period).holdout
    assert weekly is not None
    assert by_month is not None
    assert {fold.test_start.day for fold in by_month.folds} == {1}
    assert {fold.test_start.day for fold in weekly.folds} != {1}


def test_inputs_stay_as_they_were(make_incidents: MakeIncidents, square_wards: gpd.GeoDataFrame) -> None:
    incidents, wards = make_year(make_incidents), square_wards.copy()
    before = incidents.copy()
    look(incidents, square_wards)
    pd.testing.assert_frame_equal(incidents, before)
    pd.testing.assert_frame_equal(square_wards, wards)


def test_a_tiny_area_is_tested_on_smaller_cells(make_incidents: MakeIncidents) -> None:
    easting = np.repeat([530_100.0, 530_350.0, 530_100.0, 530_350.0], 60)
    northing = np.repeat([180_100.0, 180_100.0, 180_350.0, 180_350.0], 60)
    area = shapely.box(530_000, 180_000, 530_500, 180_500)
    found = measure_significance(
        make_incidents(easting, northing),
        study_area=area,
        start=dt.date(2026, 1, 5),
        end=dt.date(2026, 1, 5),
        cell_shape="square",
        floor=FLOOR,
    )
    assert len(found.cells) == 25
    assert found.is_shown[[12, 6]].tolist() == [False, False]  # 240 at four addresses; 60 at one
    assert found.choice.cell_size_m == 100
    assert found.choice.reason.endswith("The area is so small that cells of 100 m are used, which lets 25 of them fit.")


def test_weeks_are_tested_without_other_crime_that_gives_only_its_month(make_incidents: MakeIncidents) -> None:
    dated = make_incidents([530_100.0], [180_100.0])
    monthly = make_incidents([530_100.0] * 2, [180_100.0] * 2, time_precision=["month", "minute"])
    start, end = dt.date(2026, 7, 1), dt.date(2026, 7, 31)
    folds, others = plan_tests(start, end, dated, monthly)
    assert len(folds) == 1
    assert others["time_precision"].tolist() == ["minute"]
    assert plan_tests(start, end, dated, monthly.iloc[1:])[1] is not None
    with pytest.raises(TooLittleDataError, match="needs a month to test on and three before"):
        plan_tests(start, end, monthly, dated)
    months, kept = plan_tests(dt.date(2026, 1, 1), dt.date(2026, 12, 31), dated, monthly)
    assert (months[-1].test_start, len(kept)) == (dt.date(2026, 12, 1), 2)


# --- parts of the week


@pytest.mark.usefixtures("no_look_back")
def test_a_window_that_is_asked_for_comes_before_the_parts_of_the_week(
    make_incidents: MakeIncidents, square_wards: gpd.GeoDataFrame
) -> None:
    incidents = make_year(make_incidents)
    window = WeekWindow(days=(5, 6), start_hour=20, n_hours=8)
    shifts = look(incidents, square_wards, window=window).shifts
    assert shifts.available
    assert shifts.n_timed == len(incidents)
    assert [part.shift.window for part in shifts.shifts] == [window, *(part.window for part in DAY_PARTS)]
    usual = look(incidents, square_wards).shifts
    assert [part.shift.key for part in usual.shifts] == [part.key for part in DAY_PARTS]
    assert [part.n_incidents for part in usual.shifts] == [part.n_incidents for part in shifts.shifts[1:]]


@pytest.mark.usefixtures("no_look_back")
@pytest.mark.parametrize("rule", ["likelihood", "adaptive"])
def test_parts_of_the_week_have_the_bandwidths_and_the_neighbourhood_of_the_whole(
    make_incidents: MakeIncidents, square_wards: gpd.GeoDataFrame, rule: Any
) -> None:
    found = look(make_year(make_incidents), square_wards, bandwidth_m=None, bandwidth_rule=rule)
    total = np.zeros(found.density.grid.shape)
    for part in found.shifts.shifts:
        assert part.density is not None
        assert part.areas is not None
        assert part.areas.clusters.eps_m == found.areas.clusters.eps_m
        total += part.density.density_per_km2
    assert np.allclose(total, found.density.density_per_km2)


@pytest.mark.usefixtures("no_look_back")
@pytest.mark.parametrize(
    ("precision", "reason"), [("month", "month-only"), ("day", "times unknown")], ids=["months", "days"]
)
def test_parts_of_the_week_are_withheld_where_the_profile_is(
    make_incidents: MakeIncidents, square_wards: gpd.GeoDataFrame, precision: str, reason: str
) -> None:
    window = WeekWindow(days=(0,), start_hour=0, n_hours=24)
    shifts = look(make_year(make_incidents, time_precision=precision), square_wards, window=window).shifts
    assert (shifts.available, shifts.reason, shifts.shifts) == (False, reason, ())
    assert shifts.explanation
    nowhere = look(make_year(make_incidents, location_precision="area"), square_wards).shifts
    assert (nowhere.available, nowhere.explanation) == (False, "No incident has a place of its own.")


@pytest.mark.usefixtures("no_look_back")
def test_places_that_differ_by_the_hour_are_told_from_those_that_do_not(
    make_incidents: MakeIncidents, square_wards: gpd.GeoDataFrame
) -> None:
    incidents = make_year(make_incidents)
    even = look(incidents, square_wards).shifts.shifts
    assert not any(part.difference and part.difference.is_different for part in even)
    in_first = (incidents.geometry.x == CLUMPS[0][0]).to_numpy()
    monday = pd.Timestamp("2025-01-06")
    after_school = monday + pd.to_timedelta(7 * 24 * (np.arange(120) % 50) + 24 * (np.arange(120) % 5) + 16, "h")
    incidents.loc[in_first, "started_at"] = after_school.to_numpy()
    found = look(incidents, square_wards)
    difference = {part.shift.key: part for part in found.shifts.shifts}["after-school"].difference
    assert difference is not None
    assert difference.is_different
    first = next(spot.rank for spot in found.hotspots if spot.outline.contains(shapely.Point(CLUMPS[0][:2])))
    assert difference.is_busier[first - 1]

"""The faces keep their types, and cost nothing until they are used.

What the functions here assert is read by mypy and never run. What is called comes from the faces; what it should give
comes from the modules themselves, because a type that a face has lost is equal to any other.
"""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from pathlib import Path
from typing import Any, assert_type

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
import shapely
from scipy import sparse

import hotspots
from hotspots import geography, ingest
from hotspots.analysis import accuracy, calendar, change, hours, rates, repeats, significance, surfaces
from hotspots.analysis import hotspots as hotspot_areas
from hotspots.analysis.accuracy.folds import Fold
from hotspots.analysis.accuracy.holdout import Holdout
from hotspots.analysis.accuracy.scores import ForecastScores
from hotspots.analysis.calendar.condition_splits import ConditionSplit
from hotspots.analysis.calendar.days import Calendar
from hotspots.analysis.calendar.periods import Periods
from hotspots.analysis.change.comparisons import Comparison
from hotspots.analysis.change.relative_change import RelativeChange
from hotspots.analysis.change.season import Season
from hotspots.analysis.change.verdicts import ChangeTable
from hotspots.analysis.change.window_counts import ChangeCounts
from hotspots.analysis.hotspots.clusters import Clusters
from hotspots.analysis.hotspots.evidence import Evidence
from hotspots.analysis.hotspots.hotspot_areas import HotspotAreas
from hotspots.analysis.hotspots.ranking import Hotspot
from hotspots.analysis.hours.busy_windows import PeakWindow
from hotspots.analysis.hours.profile import WeeklyProfile
from hotspots.analysis.hours.week import WeekWindow
from hotspots.analysis.rates.area_rates import AreaRates
from hotspots.analysis.rates.ratios import RateRatios
from hotspots.analysis.repeats.near_repeat import NearRepeat
from hotspots.analysis.repeats.repeat_places import Repeats
from hotspots.analysis.significance.cell_size import CellSizeChoice
from hotspots.analysis.significance.gi_star import Significance
from hotspots.analysis.surfaces.bandwidth import Bandwidth
from hotspots.analysis.surfaces.density import DensitySurface
from hotspots.analysis.surfaces.risk import RiskEstimate
from hotspots.errors import DataError, HotspotsError, NotFoundError
from hotspots.geography.cells import Cells
from hotspots.geography.grid import Grid
from hotspots.geography.points import UniquePoints
from hotspots.ingest.formats.input_files import FoundFile
from hotspots.ingest.incidents.intake import Intake
from hotspots.ingest.reference.boundaries import Boundaries
from hotspots.ingest.texts.clock_times import Times
from hotspots.pipeline.evaluation import Evaluation
from hotspots.pipeline.operation import Operation
from hotspots.pipeline.operation_areas import Area
from hotspots.pipeline.operation_request import OperationRequest
from hotspots.pipeline.performance import Performance, PerformanceRequest
from hotspots.pipeline.request import AnalysisRequest
from hotspots.pipeline.results import Analysis
from hotspots.pipeline.selection import Accounts
from hotspots.pipeline.study import Study
from hotspots.products import files, summary, words
from hotspots.products.summary.operation_summary import OperationSummary
from hotspots.products.summary.performance_summary import PerformanceSummary
from hotspots.products.summary.run_summary import RunSummary
from hotspots.settings import Settings


def check_package(out: Path) -> None:
    settings = assert_type(hotspots.load_settings(), Settings)
    study = assert_type(hotspots.load_study(["extract.csv"], settings=settings), Study)
    request = assert_type(hotspots.AnalysisRequest(crime="robbery", end=dt.date(2026, 9, 30)), AnalysisRequest)
    analysis = assert_type(hotspots.analyse(study, request), Analysis)
    assert_type(analysis.accounts, Accounts)
    assert_type(analysis.times.profile.peaks, tuple[PeakWindow, ...])
    assert_type(analysis.places.hotspots, tuple[Hotspot, ...])
    assert_type(hotspots.write_products(analysis, out), tuple[RunSummary, dict[str, Path]])
    assert_type(hotspots.evaluate(study, request), Evaluation)
    assert_type(hotspots.PerformanceRequest(), PerformanceRequest)
    performance = assert_type(hotspots.measure_performance(study), Performance)
    assert_type(hotspots.write_performance(performance, out), tuple[PerformanceSummary, dict[str, Path]])
    area = hotspots.find_area(study.boundaries.wards, ward_names=["Peckham"])
    assert_type(area, Area | None)
    assert area
    asked = hotspots.OperationRequest(crime="robbery", start=dt.date(2026, 4, 1), end=dt.date(2026, 6, 30))
    assert_type(asked, OperationRequest)
    operation = assert_type(hotspots.evaluate_operation(study, asked, area), Operation)
    assert_type(hotspots.write_operation(operation, out), tuple[OperationSummary, dict[str, Path]])
    assert_type(hotspots.__version__, str)


def check_errors() -> None:
    assert_type(hotspots.HotspotsError("said"), HotspotsError)
    assert_type(hotspots.NotFoundError("said"), NotFoundError)
    assert_type(hotspots.DataError("said"), DataError)


def check_products(analysis: Analysis, out: Path) -> None:
    found = assert_type(summary.summarise(analysis), RunSummary)
    assert_type(summary.encode(found), dict[str, Any])
    assert_type(files.write_index(out), Path)
    assert_type(words.say("certainty.why", found.hotspots[0]), str)


def check_ingest(paths: list[Path], texts: pd.Series) -> None:
    assert_type(ingest.incidents.read_incidents(paths), Intake)
    assert_type(ingest.reference.read_boundaries(paths), Boundaries)
    assert_type(ingest.formats.find_files(paths, suffixes=(".csv",), what="incidents"), list[FoundFile])
    assert_type(ingest.texts.parse_times(texts), Times)
    assert_type(ingest.texts.mask_text("Mr Smith"), str)


def check_geography(incidents: gpd.GeoDataFrame, study_area: shapely.Geometry) -> None:
    assert_type(geography.make_cells(study_area, cell_size_m=50.0, shape="hexagon"), Cells)
    assert_type(geography.collapse_points(incidents), UniquePoints)
    floats = npt.NDArray[np.float64]
    easting, northing = geography.project_coordinates([-0.1], [51.5], source_crs="EPSG:4326", crs="EPSG:27700")
    assert_type((easting, northing), tuple[floats, floats])


def check_surfaces(incidents: gpd.GeoDataFrame, grid: Grid, cells: Cells) -> None:
    assert_type(surfaces.estimate_density(incidents, grid=grid, kernel="quartic"), DensitySurface)
    assert_type(surfaces.choose_bandwidth(incidents, rule="scott"), Bandwidth)
    assert_type(surfaces.estimate_risk(incidents, cells=cells), RiskEstimate)


def check_significance(incidents: gpd.GeoDataFrame, counts: list[int], neighbours: sparse.csr_array) -> None:
    assert_type(significance.measure_gi_star(counts, neighbours), Significance)
    assert_type(significance.choose_cell_size(incidents), CellSizeChoice)


def check_hotspots(
    incidents: gpd.GeoDataFrame, area: shapely.Geometry, evidence: list[Evidence], weights: sparse.csr_array
) -> None:
    drawn = assert_type(hotspot_areas.draw_hotspots(incidents, study_area=area), HotspotAreas)
    assert_type(hotspot_areas.find_clusters(incidents, eps_m=100.0), Clusters)
    assert_type(hotspot_areas.rank_hotspots(incidents, drawn.outlines, evidence, hours=weights), tuple[Hotspot, ...])


def check_accuracy(incidents: gpd.GeoDataFrame, area: shapely.Geometry) -> None:
    folds = accuracy.plan_folds(dt.date(2025, 1, 1), dt.date(2026, 9, 30), is_monthly=False)
    assert_type(folds, tuple[Fold, ...])
    assert_type(accuracy.evaluate_methods(incidents, study_area=area, folds=folds), Holdout)
    assert_type(accuracy.score_forecast([0.5, 0.1], [1, 0]), ForecastScores)


def check_hours(incidents: pd.DataFrame) -> None:
    weights = assert_type(hours.weigh_hours(incidents), sparse.csr_array)
    assert_type(hours.profile_week(incidents, hours=weights), WeeklyProfile)
    assert_type(hours.find_peaks([1.0] * 168), tuple[PeakWindow, ...])
    assert_type(hours.parse_window("22-2", "Fri,Sat"), WeekWindow)


def check_calendar(incidents: pd.DataFrame, first: dt.date, last: dt.date) -> None:
    days = assert_type(calendar.make_calendar(first, last, longitude=-0.1, latitude=51.5), Calendar)
    assert_type(calendar.compare_conditions(incidents, days), tuple[ConditionSplit, ...])
    assert_type(calendar.make_periods(first=first, last=last, unit="month"), Periods)


def check_change(incidents: pd.DataFrame, months: pd.Series, last: dt.date) -> None:
    planned = change.plan_comparisons(last, known_from=dt.date(2024, 1, 1), is_monthly=False)
    assert_type(planned, tuple[Comparison, ...])
    counted = assert_type(change.count_change(incidents, planned[0]), ChangeCounts)
    assert_type(change.measure_change(counted), ChangeTable)
    assert_type(change.measure_season(months), Season)
    assert_type(change.compare_changes((10, 5), (9, 9)), RelativeChange)


def check_repeats(incidents: gpd.GeoDataFrame) -> None:
    assert_type(repeats.measure_repeats(incidents), Repeats)
    assert_type(repeats.measure_near_repeat(incidents), NearRepeat)
    assert_type(repeats.measure_gini([3, 1, 1]), float)


def check_rates(counts: pd.Series, population: pd.Series) -> None:
    assert_type(rates.estimate_rates(counts, population), AreaRates)
    assert_type(rates.compare_rates([10], [12]), RateRatios)


@pytest.mark.parametrize("program", ["import hotspots; dir(hotspots)", "import hotspots.cli.main as main; main.main()"])
def test_what_is_not_used_is_not_imported(program: str) -> None:
    report = (
        "import atexit, sys; atexit.register(lambda: print(sorted({'geopandas', 'numpy', 'pandas'} & {*sys.modules})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", f"{report}; {program}", "--help"], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_every_name_of_the_face_is_there() -> None:
    stub = (Path(hotspots.__file__).parent / "__init__.pyi").read_text("utf-8")
    named = {line.rpartition(" ")[2] for line in stub.splitlines() if line.startswith("from ")}
    assert named <= {*dir(hotspots)}
    assert [name for name in named if not callable(getattr(hotspots, name))] == []

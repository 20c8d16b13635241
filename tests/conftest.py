"""Fixtures: small made-up tables, the demonstration data, the real data where present, and a browser."""

from __future__ import annotations

import functools
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import settings
from opened_pages import open_pages
from support import AnalyseDemonstration, MakeIncidents, Said
from support import call as call_command

from hotspots.pipeline.request import AnalysisRequest
from hotspots.pipeline.results import Analysis
from hotspots.pipeline.run import analyse
from hotspots.pipeline.study import Study, load_study
from hotspots.settings import Settings

pytest_plugins = ["service_fixtures"]
REPOSITORY = Path(__file__).parents[1]
CRS = "EPSG:27700"

settings.register_profile("hotspots", deadline=None, derandomize=True, print_blob=True, max_examples=50)
settings.register_profile("few", settings.get_profile("hotspots"), max_examples=10)  # to see that versions agree
settings.load_profile("hotspots")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files in which a test takes seconds come first, so that none is left with one when the others have ended."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session")
def repository() -> Path:
    return REPOSITORY


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Said]:
    """The command as a user runs it in an empty folder: exit code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)
    return call_command


@pytest.fixture(scope="session")
def demonstration() -> Study:
    """The committed demonstration data, read once: incidents, wards, safe havens and term dates."""
    data = REPOSITORY / "data"
    return load_study(
        [data / "incidents"],
        [data / "boundaries"],
        settings=Settings(havens=(data / "havens",), term_dates=data / "calendar" / "term_dates.csv"),
        tables=("havens", "term_dates"),
    )


@pytest.fixture(scope="session")
def analyse_demonstration(demonstration: Study) -> AnalyseDemonstration:
    """Analyses the demonstration as asked, each request once. Who gets an analysis must not change it."""

    @functools.lru_cache(maxsize=8)  # each holds some 20 MB
    def analyse_once(request: AnalysisRequest) -> Analysis:
        return analyse(demonstration, request)

    return lambda crime, **options: analyse_once(AnalysisRequest(crime=crime, **options))


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Real data that are not part of the project: beside the checkout, or where HOTSPOTS_REAL_DATA says."""
    folder = Path(os.environ.get("HOTSPOTS_REAL_DATA", REPOSITORY.parent / "shared" / "data"))
    if not (folder / "police_uk").is_dir():
        pytest.skip("the real data are not here; set HOTSPOTS_REAL_DATA to their folder")
    return folder


@pytest.fixture(scope="session")
def make_incidents() -> MakeIncidents:
    """Builds an incidents table from eastings and northings; other columns by keyword, the rest plain."""

    def make(easting: Any, northing: Any, **columns: Any) -> gpd.GeoDataFrame:
        n = len(easting)
        table = {
            "category": "robbery",
            "subcategory": None,
            "is_knife": pd.array([pd.NA] * n, dtype="boolean"),
            "started_at": pd.Timestamp("2026-01-05 15:30"),
            "ended_at": pd.NaT,
            "time_precision": "minute",
            "location": None,
            "location_kind": None,
            "location_precision": "point",
            "stated_ward": None,
            "stated_area": None,
            "source": "made",
            "source_row": np.arange(1, n + 1),
            **columns,
        }
        frame = pd.DataFrame(table, index=pd.Index([f"i{i}" for i in range(n)], name="incident_id"))
        for column in ("started_at", "ended_at"):
            frame[column] = pd.to_datetime(frame[column]).astype("datetime64[s]")
        return gpd.GeoDataFrame(frame, geometry=gpd.points_from_xy(easting, northing), crs=CRS)

    return make


@pytest.fixture(scope="session")
def square_wards() -> gpd.GeoDataFrame:
    """Four 1 km squares that meet in (531000, 181000): A and B below, C and D above."""
    boxes = [shapely.box(530000 + 1000 * x, 180000 + 1000 * y, 531000 + 1000 * x, 181000 + 1000 * y)
             for y in (0, 1) for x in (0, 1)]  # fmt: skip
    return gpd.GeoDataFrame(
        {
            "ward_name": ["Ash", "Beech", "Cedar", "Date"],
            "borough": ["West", "East", "West", "East"],
            "population": np.nan,
        },
        geometry=boxes,
        crs=CRS,
        index=pd.Index(["A", "B", "C", "D"], name="ward_code"),
    )


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Headless Chromium. Without one the test skips, except in CI, where it must run."""

    def give_up(reason: str) -> None:
        if os.environ.get("CI"):
            pytest.fail(f"{reason}, and CI must run the tests in a browser")
        pytest.skip(reason)

    executable = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if executable is None:
        give_up("no Chromium on this machine (Debian: apt-get install chromium)")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        give_up("playwright is not installed (pip install '.[test]')")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=executable, args=["--no-sandbox", "--disable-background-networking"]
        )
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser: Any) -> Iterator[Any]:
    """Opens a page at a size, with the network cut off: see `opened_pages.open_pages`."""
    yield from open_pages(browser)

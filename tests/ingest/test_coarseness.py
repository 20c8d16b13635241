"""What only the whole of a table shows: coordinates rounded to squares, dates that stand for months."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from hotspots.geography import WGS84, project_coordinates
from hotspots.ingest.incidents.coarseness import are_months, describe_squares, find_squares
from hotspots.ingest.incidents.intake import Intake, read_incidents
from hotspots.ingest.incidents.record_schema import Oddity
from hotspots.ingest.incidents.store import Store

Floats = npt.NDArray[np.float64]
MADE = np.random.default_rng(7)


DATES = [f"{day:02}/03/2026 1{day % 10}:20" for day in range(1, 29)]


def scatter(n: int, *, step: float = 1.0, at: float = 0.0) -> Floats:
    """Places in a borough of 6 by 6 km, rounded to a step."""
    places = np.array([536_000, 172_000]) + MADE.uniform(0, 6000, (n, 2))
    return np.floor(places / step) * step + at


def degrees(n: int, decimals: int) -> Floats:
    return (np.array([-0.1, 51.4]) + MADE.uniform(0, 0.1, (n, 2))).round(decimals)


def read(
    tmp_path: Path,
    places: Floats,
    *,
    names: tuple[str, str] = ("Easting", "Northing"),
    dates: Sequence[str] = DATES,
    ends: Sequence[str] = (),
) -> Intake:
    """An intake of a table of places, whose dates come again and again."""
    frame = pd.DataFrame(places, columns=list(names)).assign(Offence="Robbery")
    for name, texts in (("Date From", dates), ("Date To", ends)):
        if texts:
            frame[name] = [texts[row % len(texts)] for row in range(len(places))]
    frame.to_csv(tmp_path / "a.csv", index=False)
    return read_incidents([tmp_path / "a.csv"])


def count_areas(intake: Intake) -> int:
    assert intake.n_read == len(intake.incidents) + len(intake.rejected)
    n_areas = int((intake.incidents["location_precision"] == "area").sum())
    assert intake.count(Oddity.ROUNDED) == n_areas
    return n_areas


@pytest.mark.parametrize(
    ("step", "at", "said"),
    [
        (100, 0, "100 m"),
        (100, 50, "100 m"),
        (200, 0, "200 m"),
        (250, 0, "250 m"),
        (500, 0, "500 m"),
        (500, 250, "500 m"),
        (1000, 0, "1 km"),
        (1000, 500, "1 km"),
        (2000, 0, "2 km"),
    ],
)
def test_coordinates_rounded_to_squares_are_areas(tmp_path: Path, step: float, at: float, said: str) -> None:
    intake = read(tmp_path, scatter(300, step=step, at=at))
    assert count_areas(intake) == 300
    assert intake.tables[0].rounded_to == said


@pytest.mark.parametrize("step", [0.001, 1, 2, 5, 10, 20, 25, 50])
def test_finer_coordinates_are_points(tmp_path: Path, step: float) -> None:
    intake = read(tmp_path, scatter(2000, step=step))
    assert count_areas(intake) == 0
    assert intake.tables[0].rounded_to is None


@pytest.mark.parametrize(
    ("decimals", "said"), [(2, "0.01 degrees (about 1 km)"), (3, "0.001 degrees (about 100 m)"), (4, None), (6, None)]
)
def test_degrees_of_few_decimals_are_areas(tmp_path: Path, decimals: int, said: str | None) -> None:
    intake = read(tmp_path, degrees(400, decimals), names=("Longitude", "Latitude"))
    assert count_areas(intake) == (400 if said else 0)
    assert intake.tables[0].rounded_to == said


def test_degrees_made_of_the_middles_of_squares_are_areas(tmp_path: Path) -> None:
    squares = scatter(300, step=1000, at=500)
    longitude, latitude = project_coordinates(*squares.T, source_crs="EPSG:27700", crs="EPSG:27700")
    import pyproj

    to_degrees = pyproj.Transformer.from_crs("EPSG:27700", WGS84, always_xy=True)
    pairs = np.column_stack(to_degrees.transform(longitude, latitude))
    assert count_areas(read(tmp_path, pairs, names=("Longitude", "Latitude"))) == 300


@pytest.mark.parametrize("n_rounded", [40, 100, 250])
@pytest.mark.parametrize("other_step", [1, 10])
def test_of_a_mixed_table_the_rounded_rows_are_areas(tmp_path: Path, n_rounded: int, other_step: int) -> None:
    places = np.vstack([scatter(500, step=other_step), scatter(n_rounded, step=1000)])
    n_areas = count_areas(read(tmp_path, places))
    assert n_rounded <= n_areas <= n_rounded + 3


def test_a_few_rows_prove_nothing(tmp_path: Path) -> None:
    assert count_areas(read(tmp_path, scatter(3, step=100))) == 0
    assert count_areas(read(tmp_path, scatter(9, step=1000))) == 0


@pytest.mark.parametrize("n_places", range(5, 13))
def test_a_small_town_has_few_squares(n_places: int) -> None:
    squares = [(538_000 + 1000 * (k % 4), 174_000 + 1000 * (k // 4)) for k in range(n_places)] * 3
    found = find_squares(*np.array(squares, dtype=np.float64).T)
    assert found.is_square.all()
    assert found.side == 1000


def test_many_rows_at_one_shared_point_that_ends_in_00_are_no_areas(tmp_path: Path) -> None:
    places = np.vstack([scatter(200), np.tile([538_500, 175_500], (500, 1)), np.tile([538_000, 174_000], (500, 1))])
    assert count_areas(read(tmp_path, places)) == 0


def test_chance_alone_finds_no_squares() -> None:
    for _ in range(50):
        assert find_squares(*MADE.integers(0, 50_000, (2, 5000)).astype(float)).side is None
        assert find_squares(*(MADE.integers(0, 500, (2, 5000)) * 10.0)).side is None


def test_what_squares_are_called() -> None:
    assert describe_squares(2500, in_degrees=False) == "2.5 km"
    assert describe_squares(500, in_degrees=True) == "0.005 degrees (about 600 m)"
    assert describe_squares(10_000, in_degrees=True) == "0.1 degrees (about 10 km)"


def test_the_store_keeps_what_was_found(tmp_path: Path) -> None:
    read(tmp_path, scatter(300, step=100))
    store = Store(folder=tmp_path / "store")
    first, again = (read_incidents([tmp_path / "a.csv"], store=store) for _ in range(2))
    assert first.tables[0].rounded_to == again.tables[0].rounded_to == "100 m"
    assert count_areas(again) == 300


MONTHS = [dt.date(year, month, 1) for year in (2024, 2025) for month in range(1, 13)]
LAYOUTS = {
    "ISO": "%Y-%m-%d",
    "ISO at midnight": "%Y-%m-%dT00:00:00",
    "UTC": "%Y-%m-%dT00:00:00Z",
    "day first": "%d/%m/%Y",
    "day first at midnight": "%d/%m/%Y 00:00",
    "short": "%d/%m/%y",
    "month first": "%m/%d/%Y",
    "month first at midnight": "%m/%d/%Y 12:00:00 AM",
    "in words": "%d %B %Y",
    "in short words": "%d-%b-%y",
    "digits": "%Y%m%d",
}


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize("name", ["Month", "Date", "Date From"])
def test_months_written_as_their_first_day_are_months(tmp_path: Path, layout: str, name: str) -> None:
    texts = [day.strftime(layout) for day in MONTHS]
    intake = read(tmp_path, scatter(240), dates=texts)
    path = tmp_path / "a.csv"
    path.write_text(path.read_text().replace("Date From", name))
    intake = read_incidents([path])
    assert len(intake.incidents) == 240
    assert set(intake.incidents["time_precision"]) == {"month"}
    assert intake.incidents["started_at"].dt.date.tolist() == MONTHS * 10
    assert intake.count(Oddity.FIRST_OF_MONTH) == 240
    assert intake.count(Oddity.MIDNIGHT) == 0


@pytest.mark.parametrize("layout", [layout for name, layout in LAYOUTS.items() if "month first" not in name])
def test_months_of_police_uk_written_as_days_are_months(tmp_path: Path, layout: str) -> None:
    rows = [f"{day.strftime(layout)},-0.05{row}123,51.47{row}321,Burglary" for day in MONTHS for row in range(5)]
    (tmp_path / "a.csv").write_text("\n".join(["Month,Longitude,Latitude,Crime type", *rows]))
    intake = read_incidents([tmp_path / "a.csv"])
    assert set(intake.incidents["time_precision"]) == {"month"}
    assert set(intake.incidents["started_at"].dt.date) == set(MONTHS)


@pytest.mark.slow
def test_a_column_called_month_needs_only_one(tmp_path: Path) -> None:
    for name, precision in (("Month", "month"), ("Date From", "day")):
        read(tmp_path, scatter(40), dates=["2025-06-01"])
        path = tmp_path / "a.csv"
        path.write_text(path.read_text().replace("Date From", name))
        assert set(read_incidents([path]).incidents["time_precision"]) == {precision}


@pytest.mark.parametrize(
    "dates",
    [
        ["01/03/2026", "01/04/2026", "02/04/2026"],
        ["01/03/2026", "01/04/2026 14:10"],
        [f"{day:02}/01/2026" for day in range(1, 13)],
    ],
)
def test_days_are_not_months(tmp_path: Path, dates: list[str]) -> None:
    intake = read(tmp_path, scatter(120), dates=dates)
    precision = set(intake.incidents["time_precision"])
    # twelve days of January, and no others, are the months of a year in the American order
    assert precision == ({"month"} if len(dates) == 12 else precision - {"month"})


def test_an_end_within_the_month_is_an_interval_of_days(tmp_path: Path) -> None:
    firsts, lasts = ["01/03/2026", "01/04/2026"] * 20, ["31/03/2026", "30/04/2026"] * 20
    assert set(read(tmp_path, scatter(40), dates=firsts, ends=lasts).incidents["time_precision"]) == {"month"}
    soon = ["03/03/2026", "09/04/2026"] * 20
    kept = read(tmp_path, scatter(40), dates=firsts, ends=soon).incidents
    assert set(kept["time_precision"]) == {"day"}
    assert kept["ended_at"].notna().all()


def test_few_first_days_are_days() -> None:
    few = np.array(["2026-01-01", "2026-02-01"] * 4, dtype="datetime64[s]")
    assert not are_months(few, is_called_month=False)
    assert are_months(few, is_called_month=True)
    assert not are_months(few[:0], is_called_month=True)

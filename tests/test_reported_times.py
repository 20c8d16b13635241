"""When something became known is not when it happened, and every product says so."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import pytest
from shapely import box
from support import call

from hotspots.ingest.incidents.intake import Intake, read_incidents
from hotspots.ingest.incidents.profiles import parse_profile
from hotspots.ingest.incidents.records import ReadingOptions
from hotspots.ingest.incidents.store import Store

N = 60
FIRST = dt.datetime(2025, 1, 6, 23, 5)
HAPPENED = [FIRST + dt.timedelta(days=3 * n, minutes=7 * (n % 9)) for n in range(N)]
REPORTED = [(when + dt.timedelta(days=1 + n % 3)).replace(hour=9, minute=30) for n, when in enumerate(HAPPENED)]


def write_extract(path: Path, columns: dict[str, Callable[[int], str]]) -> Path:
    """Robberies of 23:00 to midnight, told to the counter at 09:30 in the days after."""
    columns = {
        "Crime Ref": str,
        "Offence": lambda n: "Personal robbery",
        "Easting": lambda n: str(536_000 + 37 * n % 900),
        "Northing": lambda n: str(178_000 + 53 * n % 900),
        **columns,
    }
    rows = [",".join(columns), *(",".join(write(n) for write in columns.values()) for n in range(N))]
    path.write_text("\n".join(rows) + "\n", "utf-8")
    return path


def say(when: dt.datetime) -> str:
    return when.strftime("%d/%m/%Y %H:%M")


def intake_of(path: Path, **profile: object) -> Intake:
    profiles = (parse_profile("own", profile),) if profile else ()
    return read_incidents([path], options=ReadingOptions(profiles=profiles))


KNOWN = {"Date Reported": lambda n: say(REPORTED[n])}
UNUSUAL = (
    "Date/Time of Offence", "First Date", "Offence From", "Occurrence Start", "Committed Date/Time", "Date Occured",
    "Zeit", "Robbery took place", "DTTM1", "Stamp", "Key Date", "Night of the robbery", "Commencement", "fecha_hecho",
)  # fmt: skip


@pytest.mark.parametrize(("name", "is_first"), [(name, n % 2 == 0) for n, name in enumerate(UNUSUAL)])
def test_what_happened_comes_before_what_was_reported(tmp_path: Path, name: str, is_first: bool) -> None:
    happened = {name: lambda n: say(HAPPENED[n])}
    intake = intake_of(write_extract(tmp_path / "a.csv", happened | KNOWN if is_first else KNOWN | happened))
    assert intake.incidents["started_at"].tolist() == HAPPENED
    assert set(intake.incidents["time_precision"]) == {"minute"}
    assert intake.reported_sources == ()


def test_a_column_taken_for_its_contents_is_told_of(tmp_path: Path) -> None:
    path = write_extract(tmp_path / "a.csv", {"Stamp": lambda n: say(HAPPENED[n]), **KNOWN})
    assert intake_of(path).notes == (
        'a.csv: no name of a column says when it happened. "Stamp" is read so, because it holds dates that are not '
        'after "Date Reported". If that is wrong, name the right column in a source profile, start = "...".',
    )


@pytest.mark.parametrize(
    ("name", "write"),
    [
        pytest.param("Date Updated", lambda n: say(HAPPENED[n]), id="its name says another time"),
        pytest.param("DOB", lambda n: f"{1 + n % 28:02d}/03/{1950 + n % 50}", id="a date of birth by its name"),
        pytest.param("X1", lambda n: f"{1 + n % 28:02d}/03/{1950 + n % 50}", id="a date of birth by its contents"),
        pytest.param("X1", lambda n: say(REPORTED[n]), id="the same again"),
        pytest.param("X1", lambda n: say(REPORTED[n] + dt.timedelta(days=n - 9)), id="sometimes after"),
        pytest.param("X1", lambda n: str(45_000 + n), id="numbers"),
        pytest.param("X1", lambda n: say(HAPPENED[n]) if n % 3 == 0 else "", id="mostly blank"),
        pytest.param("X1", lambda n: HAPPENED[n].strftime("%Y-%m"), id="months"),
        pytest.param("X1", lambda n: "Deptford", id="words"),
    ],
)
def test_where_nothing_else_says_when_only_days_are_read(
    tmp_path: Path, name: str, write: Callable[[int], str]
) -> None:
    intake = intake_of(write_extract(tmp_path / "a.csv", {name: write, **KNOWN}))
    assert intake.reported_sources == ("a.csv",)
    assert set(intake.incidents["time_precision"]) == {"day"}
    assert intake.incidents["started_at"].tolist() == [when.replace(hour=0, minute=0) for when in REPORTED]
    assert intake.incidents["ended_at"].isna().all()


def test_a_profile_says_what_its_column_is(tmp_path: Path) -> None:
    path = write_extract(tmp_path / "a.csv", KNOWN)
    profile = {"offence": "Offence", "start": "Date Reported", "easting": "Easting", "northing": "Northing"}
    # by its name, unless it says otherwise: a call is logged while it happens
    assert intake_of(path, **profile).reported_sources == ("a.csv",)
    calls = intake_of(path, **profile, is_reported=False)
    assert calls.reported_sources == ()
    assert calls.incidents["started_at"].tolist() == REPORTED


def test_the_store_keeps_what_a_date_is_of(tmp_path: Path) -> None:
    path, store = write_extract(tmp_path / "a.csv", KNOWN), Store(folder=tmp_path / "store")
    first, second = (read_incidents([path], store=store) for _ in range(2))
    assert first.reported_sources == second.reported_sources == ("a.csv",)
    assert first.incidents.equals(second.incidents)


SAID = "The files say only when the robberies were reported, not when they happened: "


def test_every_product_says_that_dates_are_of_reporting(tmp_path: Path) -> None:
    path = write_extract(tmp_path / "a.csv", KNOWN)
    squares = [box(535_900 + 600 * n, 177_900, 536_500 + 600 * n, 179_000) for n in range(2)]
    wards = {"ward_code": ["E05000001", "E05000002"], "ward_name": ["West", "East"]}
    gpd.GeoDataFrame(wards, geometry=squares, crs="EPSG:27700").to_file(tmp_path / "wards.gpkg")
    given = ("--incidents", path, "--boundaries", tmp_path / "wards.gpkg", "--out", tmp_path / "out")
    code, _, said = call("run", "--crime", "robbery", *given)
    assert code == 0, said
    assert f"Note: {SAID}" in said
    assert "09:" not in said
    (folder,) = (tmp_path / "out" / "robbery").iterdir()
    for name in ("map.html", "times.html"):
        page = re.sub(r"\s+", " ", (folder / name).read_text("utf-8"))
        assert SAID in page, name
    summary = json.loads((folder / "summary.json").read_text("utf-8"))
    assert summary["n_reported"] == N
    assert summary["notes"][0].startswith(SAID)
    assert not summary["profile"]["available"]
    quality = re.sub(r"\s+", " ", (folder / "quality.html").read_text("utf-8"))
    assert f"{N} rows say only when the incident was reported, not when it happened" in quality
    code, _, said = call("performance", *given)
    assert code == 0, said
    assert f"{N} rows say only when the incident was reported, not when it happened" in re.sub(r"\s+", " ", said)
    assert f"{N} rows say only when the incident was reported" in call("check", path)[1]

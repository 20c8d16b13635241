"""Files as people might bring them, made by chance, and what is true of each.

Every file is one set of invented robberies in some wrapping: a layout, names of columns, forms of dates, hours and
places, a kind of file, and perhaps a fault that real files have. What is true is known, so a product that says
something else without a word about it is found. `python tests/generated_files.py 10000` tries as many, and prints
what came of them; the test tries a few.
"""

from __future__ import annotations

import collections
import datetime as dt
import json
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyproj
import shapely
from support import call

from hotspots.geography.projection import POLICE_UK, WGS84, project_coordinates

CRS = "EPSG:27700"
SIDE_M, EAST_M, NORTH_M = 1_500, 538_000, 174_000
START, END = dt.date(2024, 1, 1), dt.date(2025, 12, 31)
N_WARDS = 4
SLOWEST_S = 20
"""Of a command; one that reads many files may take a second for each."""
FILES_A_RUN = (1, 30, 150)
"""At most; one of these is chosen for each run."""
FEW = 20
"""With fewer rows than this a fault may look like chance."""
ENOUGH_HOURS = 60
"""And with fewer than this, of hours that are all from 1 to 12, or with few hours or none of the small ones."""
FEW_DAYS = 10
"""With fewer distinct days nobody can tell that day and month have changed places."""
ENOUGH_AT_NOON = 30
"""And with fewer than this at the time that a form fills in."""

Random = np.random.Generator


@dataclass(kw_only=True)
class File:
    """A file as somebody brings it.

    Attributes:
        name: Of the file, with its suffix.
        truth: Its robberies: `started_at`, `ward`.
        recipe: How it was made, in words, for whoever looks into it.
        precision: How closely its times can be known: minute, hour, day or month.
        faults: What is wrong with it, by name.
        is_exact: Whether its places lie in the wards that are true.
        n_filled: Rows at the time that a form filled in.
    """

    name: str
    truth: pd.DataFrame
    recipe: dict[str, str]
    precision: str = "minute"
    faults: set[str] = field(default_factory=set)
    is_exact: bool = True
    n_filled: int = 0


SAYS = {
    "reported": r"report",
    "swapped": r"chang|exchang|swap|month",
    "am/pm lost": r"12-hour|afternoon|am/pm|AM|a\.m\.",
    "default hour": r"not known|default|12:00|noon|09:00|00:01|filled",
    "rounded": r"round|area|square|100 m|1,000 m|1 km|stands for a street or more",
    "hidden rows": r"hidden",
    "counts": r"count",
    "months as days": r"month",
}
"""What has to be said where the fault of a file cannot be undone: any of these words."""


EXTREMES = (
    "one moment", "one day", "one month", "bank holidays", "pay-days", "Fridays", "one hour", "one ward", "one place",
)  # fmt: skip
"""Incidents that are all alike in one way, so that the other side of a comparison is empty."""


def make_wards() -> gpd.GeoDataFrame:
    """Two by two squares."""
    corners = [(EAST_M + SIDE_M * x, NORTH_M + SIDE_M * y) for x in (0, 1) for y in (0, 1)]
    return gpd.GeoDataFrame(
        {
            "ward_code": [f"E0509000{i}" for i in range(N_WARDS)],
            "ward_name": ["Ashe", "Birch", "Cedar", "Dell"],
            "borough": "Testham",
        },
        geometry=[shapely.box(x, y, x + SIDE_M, y + SIDE_M) for x, y in corners],
        crs=CRS,
    )


def make_truth(random: Random, n: int) -> pd.DataFrame:
    """Robberies: most in some hours and wards, each at least a metre within its ward, on whole metres."""
    days = (END - START).days + 1
    hours = random.dirichlet(np.full(24, random.choice([0.3, 1.0, 5.0])))
    started_at = (
        pd.Timestamp(START)
        + pd.to_timedelta(random.integers(0, days, n), unit="D")
        + pd.to_timedelta(random.choice(24, n, p=hours), unit="h")
        + pd.to_timedelta(random.integers(1, 60, n), unit="min")
    )
    extreme = random.choice(EXTREMES) if random.random() < 0.3 else ""
    match extreme:
        case "one moment":
            started_at = started_at[:1].repeat(n)
        case "one day":
            started_at = started_at[0].normalize() + (started_at - started_at.normalize())
        case "one month":
            started_at = pd.DatetimeIndex([at.replace(year=2025, month=5, day=min(at.day, 28)) for at in started_at])
        case "bank holidays" | "pay-days" | "Fridays":
            days_off = {
                "bank holidays": pd.to_datetime(["2024-12-25", "2024-12-26", "2025-12-25", "2025-12-26", "2025-08-25"]),
                "pay-days": pd.date_range(START, END, freq="BME"),
                "Fridays": pd.date_range(START, END, freq="W-FRI"),
            }[extreme]
            started_at = days_off[random.integers(0, len(days_off), n)] + (started_at - started_at.normalize())
        case "one hour":
            started_at = started_at.normalize() + pd.Timedelta("03:17:00")
    # the hours that do not exist or come twice are another test's
    started_at = started_at.where(
        ~((started_at.month.isin([3, 10])) & (started_at.hour <= 2)), started_at.floor("D") + pd.Timedelta("15:41:00")
    )
    ward = random.choice(N_WARDS, n, p=random.dirichlet(np.full(N_WARDS, 2.0)))
    n_places = max(int(n * random.choice([0.1, 0.5, 1.0])), 1)
    east, north = random.integers(1, SIDE_M, (2, n_places))
    if random.random() < 0.3:
        east[:] = SIDE_M - 1  # a metre from the next ward
    place = random.integers(0, 1 if extreme == "one place" else n_places, n)
    if extreme in ("one ward", "one place"):
        ward[:] = 2
    return pd.DataFrame(
        {
            "started_at": started_at,
            "ward": ward,
            "easting": EAST_M + SIDE_M * (ward // 2) + east[place],
            "northing": NORTH_M + SIDE_M * (ward % 2) + north[place],
        }
    ).sort_values("started_at", ignore_index=True)


# Names of columns, as forces, councils and their systems write them.
STARTS = (
    "Date From", "Committed On/From Date", "Date/Time of Offence", "First Date", "Offence From", "Occurrence Start",
    "Committed Date/Time", "Date Occured", "Date (from)", "Occ Date/Time", "Earliest Committed Date", "date_occurred",
    "OffenceDateTime", "Incident Date", "Crime Date From", "Offence Start Date", "DATE OF OCCURRENCE", "Date",
    "Event Date/Time", "Start Date/Time", "Offence Date (From)", "Date Committed From", "occurred_at", "Inc Date",
)  # fmt: skip
OFFENCES = (
    "Offence",
    "Crime Type",
    "Offence Description",
    "HO Offence",
    "offence_type",
    "Offense",
    "Crime Category",
    "Offence Desc",
)
IDS = ("Crime Ref", "Crime Reference Number", "CRN", "URN", "Incident No.", "Crime No", "crime_id")
EASTINGS = (
    ("Easting", "Northing"),
    ("X", "Y"),
    ("Eastings", "Northings"),
    ("Grid Easting", "Grid Northing"),
    ("GRID_E", "GRID_N"),
    ("easting_m", "northing_m"),
)
DEGREES = (
    ("Longitude", "Latitude"),
    ("lon", "lat"),
    ("Long", "Lat"),
    ("lng", "lat"),
    ("X", "Y"),
    ("LONGITUDE", "LATITUDE"),
)
TEXTS = ("Robbery - personal", "Robbery", "ROBBERY OF PERSONAL PROPERTY", "Robbery (Personal)", "robbery personal")


def wrap_extract(random: Random, truth: pd.DataFrame, name: str, folder: Path) -> File:
    """An extract of a crime system, with times and exact places."""
    recipe: dict[str, str] = {}
    file = File(name=name, truth=truth, recipe=recipe)
    pick = _Picker(random, recipe)
    kind = pick("kind", ["csv"] * 6 + ["tsv", "semicolon", "xlsx", "xlsx", "geojson", "gpkg", "parquet"])
    is_layer = kind in ("geojson", "gpkg")
    columns: dict[str, Any] = {}
    if random.random() < 0.8:
        columns[pick("id", IDS)] = [f"R{random.integers(10**8):08d}/{i}" for i in range(len(truth))]
    columns[pick("offence", OFFENCES)] = random.choice(TEXTS, len(truth))
    columns |= _write_times(random, pick, file, kind)
    if not is_layer:
        columns |= _write_places(random, pick, file)
    if random.random() < 0.3:
        columns["Victim Age"] = random.integers(8, 90, len(truth))
    if random.random() < 0.3:
        columns["Street"] = random.choice(["Rye Lane", "High Street", "Mill Road"], len(truth))
    frame = pd.DataFrame(columns)
    if random.random() < 0.5:
        frame = frame[list(random.permutation(frame.columns))]
        recipe["order"] = "shuffled"
    _save(random, frame, file, kind, folder, places=truth)
    return file


class _Picker:
    """Chooses, and remembers what was chosen."""

    def __init__(self, random: Random, recipe: dict[str, str]) -> None:
        self.random, self.recipe = random, recipe

    def __call__(self, what: str, choices: Sequence[Any]) -> Any:
        chosen = choices[int(self.random.integers(len(choices)))]
        self.recipe[what] = str(chosen)
        return chosen


def _write_times(random: Random, pick: _Picker, file: File, kind: str) -> dict[str, Any]:
    """The columns of times, and what of them cannot be known."""
    at = file.truth["started_at"]
    fault = pick("fault of times", [None] * 12 + ["noon", "am/pm lost", "only reported"])
    if fault == "noon":
        filled = random.random(len(at)) < random.uniform(0.35, 0.6)
        at = at.where(~filled, at.dt.normalize() + pd.Timedelta("12:00:00"))
        file.faults.add("default hour")
        file.n_filled = int(filled.sum())
    name = pick("start", STARTS)
    date, clock = at.dt.strftime("%d/%m/%Y"), at.dt.strftime("%H:%M")
    forms = [
        "iso",
        "british",
        "british seconds",
        "words",
        "two columns",
        "whole numbers",
        "parts",
        "date and hour",
        "T",
    ]
    forms += ["typed", "serial", "serial 1904", "swapped"] if kind == "xlsx" else []
    form = pick("form", ["british"] if fault == "am/pm lost" else forms)
    if fault == "only reported":
        file.faults.add("reported")
        reported = (
            at.dt.normalize() + pd.Timedelta("1D") + pd.to_timedelta(random.integers(540, 1020, len(at)), unit="min")
        )
        file.truth = file.truth.assign(started_at=reported)
        return {"Date Reported": reported.dt.strftime("%d/%m/%Y %H:%M")}
    if form in ("date and hour", "parts") or random.random() >= 0.3:
        columns: dict[str, Any] = {}
    else:
        later = (at.dt.normalize() + pd.Timedelta("1D 09:30:00")).dt
        columns = {"Date Reported": later.strftime("%Y-%m-%d %H:%M" if form == "iso" else "%d/%m/%Y %H:%M")}
    hour_name = "Time" if "time" in name.lower() or random.random() < 0.5 else re.sub("date", "Time", name, flags=re.I)
    if hour_name == name:
        hour_name = "Time"
    match form:
        case "iso":
            columns[name] = at.dt.strftime("%Y-%m-%d %H:%M")
        case "T":
            columns[name] = at.dt.strftime("%Y-%m-%dT%H:%M:%S")
        case "british":
            columns[name] = at.dt.strftime("%d/%m/%Y %I:%M" if fault == "am/pm lost" else "%d/%m/%Y %H:%M")
            if fault == "am/pm lost":
                file.faults.add("am/pm lost")
        case "british seconds":
            columns[name] = at.dt.strftime("%d/%m/%Y %H:%M:%S")
        case "words":
            columns[name] = at.dt.strftime("%d %b %Y %H:%M")
        case "two columns":
            columns |= {"Date Occ": date, "Time Occ": clock} if "/" in name else {name: date, hour_name: clock}
        case "whole numbers":
            number = at.dt.hour * 100 + at.dt.minute
            columns |= {"Date Occ": date, "Time Occ": number}
        case "date and hour":
            columns |= {"Date": date, "Hour": at.dt.hour}
            file.precision = "hour"
        case "parts":
            month = at.dt.strftime("%B") if random.random() < 0.5 else at.dt.month
            columns |= {"Year": at.dt.year, "Month": month, "Day": at.dt.day, "Hour": at.dt.hour}
            file.precision = "hour"
        case "typed":
            columns[name] = [value.to_pydatetime() for value in at]
        case "serial" | "serial 1904":
            zero = pd.Timestamp("1904-01-01" if form == "serial 1904" else "1899-12-30")
            columns[name] = (at - zero) / pd.Timedelta("1D")
        case "swapped":
            columns[name] = [
                value.replace(day=value.month, month=value.day).to_pydatetime()
                if value.day <= 12
                else f"{value:%d/%m/%Y %H:%M}"
                for value in at
            ]
            file.faults.add("swapped")
    return columns


def _write_places(random: Random, pick: _Picker, file: File) -> dict[str, Any]:
    east, north = file.truth["easting"].to_numpy(float), file.truth["northing"].to_numpy(float)
    form = pick(
        "place", ["metres"] * 4 + ["degrees"] * 2 + ["wkt", "grid reference", "pair", "rounded 100", "rounded 1000"]
    )
    if form.startswith("rounded"):
        step = int(form.split()[1])
        file.faults.add("rounded")
        file.is_exact = False
        one, other = pick("columns", EASTINGS[:3])
        return {one: np.round(east / step).astype(int) * step, other: np.round(north / step).astype(int) * step}
    if form == "metres":
        one, other = pick("columns", EASTINGS)
        return {one: east.astype(int), other: north.astype(int)}
    if form == "grid reference":
        return {"OS Grid Ref": _grid(east, north)}
    if form == "wkt":
        return {"WKT": [f"POINT ({x:.0f} {y:.0f})" for x, y in zip(east, north, strict=True)]}
    # exact to the centimetre, by the transformation that the product has
    lon, lat = (np.round(axis, 7) for axis in to_degrees(east, north))
    if form == "pair":
        return {"Lat Long": [f"{y}, {x}" for x, y in zip(lon, lat, strict=True)]}
    one, other = pick("columns", DEGREES)
    return {one: lon, other: lat}


def to_degrees(east: Any, north: Any, crs: str = WGS84) -> tuple[Any, Any]:
    """By iteration on the product's own transformation, which has no inverse in its face."""
    back = pyproj.Transformer.from_crs(CRS, "EPSG:4326", always_xy=True)
    lon, lat = back.transform(east, north)
    for _ in range(4):
        x, y = project_coordinates(np.asarray(lon), np.asarray(lat), source_crs=crs, crs=CRS)
        off = back.transform(x, y)
        lon, lat = lon + (back.transform(east, north)[0] - off[0]), lat + (back.transform(east, north)[1] - off[1])
    return lon, lat


def _grid(east: Any, north: Any) -> list[str]:
    return [f"TQ {int(x) - 500_000:05d} {int(y) - 100_000:05d}" for x, y in zip(east, north, strict=True)]


def wrap_police_uk(random: Random, truth: pd.DataFrame, name: str, folder: Path) -> File:
    """A download of data.police.uk, as it comes or as other programs hand it on."""
    recipe: dict[str, str] = {}
    pick = _Picker(random, recipe)
    file = File(name=name, truth=truth, recipe=recipe, precision="month")
    east, north = truth["easting"].to_numpy(float), truth["northing"].to_numpy(float)
    lon, lat = (np.round(axis, 6) for axis in to_degrees(east, north, POLICE_UK))
    month = truth["started_at"].dt.strftime("%Y-%m")
    ids = [f"{int(i):064x}" for i in random.integers(1, 2**62, len(truth))]
    layout = pick("layout", ["bulk", "bulk", "api", "renamed", "month a date"])
    if layout == "api":
        frame = pd.DataFrame(
            {
                "category": "robbery", "persistent_id": ids, "date": month, "lat": lat, "long": lon,
                "street_id": 1, "street_name": "On or near High Street", "context": "",
                "id": random.permutation(10**6)[: len(truth)], "location_type": "Force", "location_subtype": "",
                "outcome_status": "",
            }
        )  # fmt: skip
    else:
        frame = pd.DataFrame(
            {
                "Crime ID": ids, "Month": month, "Reported by": "Testham Police", "Falls within": "Testham Police",
                "Longitude": lon, "Latitude": lat, "Location": "On or near High Street", "LSOA code": "E01000001",
                "LSOA name": "Testham 001A", "Crime type": "Robbery", "Last outcome category": "", "Context": "",
            }
        )  # fmt: skip
    if layout == "month a date":
        frame["Month"] = [value.to_pydatetime() for value in pd.to_datetime(month + "-01")]
    if layout == "renamed":
        frame = frame.rename(
            columns={"Longitude": "lon", "Latitude": "lat", "Crime type": "crime_type", "Crime ID": "id"}
        )
    if random.random() < 0.5:
        frame = frame[list(random.permutation(frame.columns))]
    kind = "xlsx" if layout == "month a date" else pick("kind", ["csv"] * 4 + ["xlsx", "geojson", "gpkg", "parquet"])
    recipe["kind"] = kind
    _save(random, frame, file, kind, folder, places=None, degrees=(lon, lat))
    return file


def wrap_counts(random: Random, truth: pd.DataFrame, name: str, folder: Path) -> File:
    """A table of counts, which is not one of incidents."""
    recipe = {"layout": "counts"}
    pick = _Picker(random, recipe)
    file = File(name=name, truth=truth, recipe=recipe, precision="month", faults={"counts"}, is_exact=False)
    counted = pd.DataFrame(
        {
            "LSOA code": "E0100000" + truth["ward"].astype(str), "Month": truth["started_at"].dt.strftime("%Y-%m"),
            "Crime type": "Robbery", "Longitude": 0.0, "Latitude": 51.45,
        }
    )  # fmt: skip
    sizes = counted.groupby(list(counted.columns), as_index=False).size()
    sizes = sizes.rename(columns={"size": pick("count", ["crime_count", "Number of crimes", "Count", "Total", "n"])})
    sizes[sizes.columns[-1]] += 1  # or it could be one incident a row
    file.truth = truth.loc[np.zeros(int(sizes[sizes.columns[-1]].sum()), dtype=int)]
    _save(random, sizes, file, "csv", folder, places=None)
    return file


def _save(
    random: Random, frame: pd.DataFrame, file: File, kind: str, folder: Path, *, places: pd.DataFrame | None,
    degrees: tuple[Any, Any] | None = None,
) -> None:  # fmt: skip
    path = folder / file.name
    match kind:
        case "csv" | "tsv" | "semicolon":
            path = path.with_suffix(".tsv" if kind == "tsv" else ".csv")
            separator = {"csv": ",", "tsv": "\t", "semicolon": ";"}[kind]
            frame.to_csv(
                path, sep=separator, index=False, encoding=str(random.choice(["utf-8", "utf-8-sig", "utf-16"]))
            )
        case "parquet":
            path = path.with_suffix(".parquet")
            frame.to_parquet(path)
        case "geojson" | "gpkg":
            path = path.with_suffix(f".{kind}")
            if degrees is not None:
                table = gpd.GeoDataFrame(frame, geometry=gpd.points_from_xy(*degrees), crs="EPSG:4326")
            else:
                assert places is not None
                table = gpd.GeoDataFrame(frame, geometry=gpd.points_from_xy(places.easting, places.northing), crs=CRS)
            table.to_file(path)
        case "xlsx":
            path = path.with_suffix(".xlsx")
            workbook = openpyxl.Workbook()
            if file.recipe.get("form") == "serial 1904":
                workbook.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
            sheet = workbook.active
            sheet.append(list(frame.columns))
            for row in frame.itertuples(index=False):
                sheet.append([value.item() if isinstance(value, np.generic) else value for value in row])
            if random.random() < 0.2:
                for number in range(2, 2 + max(len(frame) // 5, 1)):
                    sheet.row_dimensions[number].hidden = True
                file.faults.add("hidden rows")
            workbook.save(path)
    file.name = path.name


@dataclass(kw_only=True)
class Found:
    """What came of files."""

    n_files: int = 0
    n_runs: int = 0
    outcomes: collections.Counter[str] = field(default_factory=collections.Counter)
    faults: list[str] = field(default_factory=list)
    slowest_s: float = 0.0


def try_files(seed: int, folder: Path, found: Found, *, at_most: Sequence[int]) -> None:
    """Make a few files, check each, and run those that are taken together."""
    random = np.random.default_rng(seed)
    wards = folder / "wards.geojson"
    if not wards.exists():
        make_wards().to_file(wards)
    taken: list[File] = []
    for number in range(int(random.integers(1, 1 + random.choice(at_most)))):
        truth = make_truth(random, int(random.choice([1, 3, 12, 25, 60, 120, 200])))
        wrap = (wrap_extract, wrap_extract, wrap_police_uk, wrap_counts)[random.choice(4, p=[0.3, 0.3, 0.3, 0.1])]
        file = wrap(random, truth, f"{seed}-{number}.csv", folder)
        found.n_files += 1
        if _check(file, folder, wards, found, seed):
            taken.append(file)
    if taken:
        _run(taken, folder, wards, found, seed)


def _check(file: File, folder: Path, wards: Path, found: Found, seed: int) -> bool:
    """Whether a file is taken; if so, what `check` says of it must be true."""
    label = f"seed {seed}, {file.name} {file.recipe}"
    code, out, err = _time(found, label, "check", folder / file.name, "--boundaries", wards, "--json")
    if code not in (0, 3, 4):
        found.faults.append(f"{label}: check ended with {code}: {err[-300:]}")
    if code != 0:
        found.outcomes[f"refused: {'counts' if 'counts' in file.faults else 'other'}"] += 1
        if "counts" not in file.faults:
            found.outcomes[f"refused because {err[:200]}: {label}"] += 1
        return False
    said = json.loads(out)
    text = " ".join([*said["notes"], *said["findings"], err])
    n = len(file.truth)
    found.outcomes["taken"] += 1
    refused = sum(group["n_rows"] for group in said["refused"])
    if said["n_read"] != said["n_used"] + refused + said["n_set_aside"]:
        found.faults.append(f"{label}: the accounts do not add up")
    if "counts" in file.faults:
        if said["n_used"] != n:
            found.faults.append(f"{label}: counts are read as {said['n_used']} incidents of {n}")
        return False
    if said["n_used"] != n:
        found.faults.append(f"{label}: {said['n_used']} of {n} rows used: {text[:300]}")
        return False
    if n < FEW or not _can_be_told(file):
        return not file.faults
    unsaid = {fault for fault in file.faults if not re.search(SAYS[fault], text)}
    if len(file.truth.drop_duplicates(["easting", "northing"])) < FEW:
        unsaid -= {"rounded"}
    months = {month: n for month, n in said["months"]["n_by_month"].items() if n}
    if months != _months(file.truth) and not ({"swapped"} & file.faults - unsaid):
        found.faults.append(f"{label}: months are wrong: {text[:300]}")
    if unsaid & {"reported", "am/pm lost", "rounded", "hidden rows", "default hour"}:
        found.faults.append(f"{label}: {', '.join(sorted(unsaid))} is not said: {text[:300]}")
    given = said["times"]["n_by_precision"]
    if file.precision == "month" and given != {"month": n}:
        found.faults.append(f"{label}: months became {given}")
    if file.precision in ("minute", "hour") and not file.faults & {"reported", "am/pm lost", "default hour"}:
        n_midnight = int((file.truth["started_at"].dt.strftime("%H:%M") == "00:00").sum())
        # of a few times as whole numbers, "8" may be an hour or a minute
        n_unread = said["times"]["n_unreadable_times"]
        n_untimed = n_midnight + said["times"]["n_midnight"] + n_unread + said["times"]["n_default"]
        is_said = 'column "Hour" is not read' in text  # where it is the same in all rows
        if not is_said and (given.get("minute", 0) < n - n_untimed or n_unread > n / 4):
            found.faults.append(f"{label}: hours are lost: {given} of {n}: {text[:300]}")
    if file.faults & {"reported", "am/pm lost"} and given.get("minute"):
        found.faults.append(f"{label}: hours are given: {given}")
    return True


def _can_be_told(file: File) -> bool:
    """Whether there are enough of the hours that a fault leaves."""
    at = file.truth["started_at"].dt
    if "am/pm lost" in file.faults:
        hours = (at.hour % 12).unique()
        return len(at.hour) >= ENOUGH_HOURS and len(hours) >= 8 and len({1, 2, 3, 4} & set(hours)) >= 3
    if "swapped" in file.faults:
        return len(at.date.unique()) >= FEW_DAYS
    if "default hour" in file.faults:
        return file.n_filled >= ENOUGH_AT_NOON
    return True


def _months(truth: pd.DataFrame) -> dict[str, int]:
    return {str(month): int(n) for month, n in truth["started_at"].dt.strftime("%Y-%m").value_counts().items()}


def _run(files: Sequence[File], folder: Path, wards: Path, found: Found, seed: int) -> None:
    out = folder / "maps"
    shutil.rmtree(out, ignore_errors=True)
    label = f"seed {seed}, run of {[file.name for file in files]}"
    arguments: list[str | Path] = [text for file in files for text in ("--incidents", folder / file.name)]
    code, _, err = _time(
        found, label, "run", "--crime", "robbery", *arguments, "--boundaries", wards, "--out", out, "--from",
        START.isoformat(), "--to", (END + dt.timedelta(2)).isoformat(),
    )  # fmt: skip
    found.n_runs += 1
    if code not in (0, 3, 4):
        found.faults.append(f"{label}: run ended with {code}: {err[-400:]}")
    if code != 0:
        found.outcomes[f"run: {code} {err[:90]}"] += 1
        return
    _try_others(files, folder, wards, found, label, seed)
    (path,) = out.glob("robbery/*/summary.json")
    summary = json.loads(path.read_text("utf-8"))
    accounts = summary["accounts"]
    parts = ("analysed", "other_crimes", "outside_area", "outside_period")
    if accounts["read"] != sum(accounts[part] for part in parts) + sum(accounts["rejected"].values()):
        found.faults.append(f"{label}: the accounts do not add up: {accounts}")
    if all(file.is_exact for file in files):
        truth = pd.concat([file.truth for file in files])
        wanted = {f"E0509000{ward}": int(n) for ward, n in truth["ward"].value_counts().items()}
        given = {ward["code"]: ward["n_incidents"] for ward in summary["wards"] if ward["n_incidents"]}
        if given != wanted and not any("swapped" in file.faults for file in files):
            found.faults.append(f"{label}: wards are {given}, not {wanted}")
    timed = [file for file in files if file.precision in ("minute", "hour") and not file.faults]
    if summary["quality"]["times"]["n_default"] or summary["quality"]["times"]["n_unreadable_times"]:
        return
    if len(timed) == len(files) and summary["profile"]["available"] and summary["profile"]["cell_hours"] == 1:
        hours = np.array(summary["profile"]["counts"]).sum(axis=0)
        truth = pd.concat([file.truth for file in files])
        wanted_hours = np.bincount(truth["started_at"].dt.hour, minlength=24)
        if np.abs(hours - wanted_hours).max() > 0.5:
            found.faults.append(f"{label}: hours are {hours.tolist()}, not {wanted_hours.tolist()}")


def _try_others(files: Sequence[File], folder: Path, wards: Path, found: Found, label: str, seed: int) -> None:
    """The other commands on the same files, which have to end well whatever they find."""
    random = np.random.default_rng(seed)
    given: list[str | Path] = [text for file in files for text in ("--incidents", folder / file.name)]
    residents = random.choice([0, 0, 1, 900, 14_000], N_WARDS)
    population = folder / f"residents{seed}.csv"
    pd.DataFrame({"ward_code": [f"E0509000{i}" for i in range(N_WARDS)], "population": residents}).to_csv(
        population, index=False
    )
    havens = folder / f"havens{seed}.csv"
    hours = random.choice(["", "24/7", "Mo-Fr 09:00-17:00", "PH off", "by appointment"], 3)
    places = random.integers(1, SIDE_M, (2, 3))
    pd.DataFrame(
        {"name": list("abc"), "easting": EAST_M + places[0], "northing": NORTH_M + places[1], "opening_hours": hours}
    ).to_csv(havens, index=False)
    day = pd.Timestamp(START) + pd.Timedelta(int(random.integers(200, 600)), unit="D")
    until = day + pd.Timedelta(int(random.integers(1, 120)), unit="D")
    out = folder / "others"
    days = ("--from", f"{day:%Y-%m-%d}", "--to", f"{until:%Y-%m-%d}")
    every = (
        ("run", "--crime", "robbery", "--population", population, "--havens", havens, "--ward", "Cedar", "--out", out),
        ("performance", "--out", out),
        ("evaluate", "--crime", "robbery"),
        ("operation", "--crime", "robbery", "--treated-ward", "Cedar", *days, "--out", out),
    )
    for arguments in every if random.random() < 0.05 else every[random.integers(9) :][:1]:
        code, _, err = _time(found, label, *arguments, *given, "--boundaries", wards)
        found.outcomes[f"{arguments[0]}: {code}"] += 1
        # the days of the operation are drawn before anybody knows that only months are
        if code not in (0, 3, 4) and "must be of whole months" not in err:
            found.faults.append(f"{label}: {arguments[0]} ended with {code}: {err[-400:]}")


def _time(found: Found, label: str, *arguments: str | Path) -> tuple[int, str, str]:
    began = time.process_time()
    try:
        return call(*arguments)
    except Exception as error:
        return 99, "", f"{type(error).__name__}: {error}"
    finally:
        taken = time.process_time() - began
        found.slowest_s = max(found.slowest_s, taken)
        if taken > max(SLOWEST_S, sum(argument == "--incidents" for argument in arguments)):
            found.faults.append(f"{label}: took {taken:.0f} s")


def try_many(n_files: int, *, first_seed: int = 0, at_most: Sequence[int] = FILES_A_RUN) -> Found:
    """Make and try at least so many files."""
    found = Found()
    seed = first_seed
    while found.n_files < n_files:
        with tempfile.TemporaryDirectory() as folder:
            n_faults = len(found.faults)
            try_files(seed, Path(folder), found, at_most=at_most)
        for fault in found.faults[n_faults:]:
            print(fault, flush=True)
        seed += 1
    return found


def main() -> None:
    """Try as many files as asked for, and print what came of them."""
    n_files, first_seed = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0
    found = try_many(n_files, first_seed=first_seed)
    print(f"{found.n_files} files, {found.n_runs} runs, slowest {found.slowest_s:.1f} s, {len(found.faults)} faults")
    for outcome, n in found.outcomes.most_common():
        print(f"{n:6d} {outcome}")


if __name__ == "__main__":
    main()

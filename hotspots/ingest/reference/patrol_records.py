"""Records of where patrols were: pings of devices, tracks, and visits that somebody wrote down.

Who it was never leaves this file: a callsign or the number of an officer tells pings apart, and becomes a number.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyproj
import shapely

from hotspots.contracts import PING_COLUMNS, VISIT_COLUMNS
from hotspots.errors import DataError
from hotspots.geography import BRITISH_NATIONAL_GRID, name_crs, require_working_crs
from hotspots.ingest.formats import (
    LAYER_SUFFIXES,
    TABLE_SUFFIXES,
    Columns,
    FoundFile,
    InputFile,
    RepeatGuard,
    Table,
    explain_unpacking,
    find_files,
    holds_shapefile,
    list_members,
    open_gpx,
    open_layers,
    open_tables,
)
from hotspots.ingest.incidents import (
    PlaceColumns,
    describe_columns,
    find_offences,
    find_places,
    locate,
    normalise,
    says_where,
)
from hotspots.ingest.reference.ping_times import (
    Instants,
    choose_readings,
    find_day_order,
    find_local,
    find_zone,
    read_instants,
)
from hotspots.ingest.texts import DateOrder, find_time_form, join_columns, read_status, release_names, to_arrow

RECORD_SUFFIXES = (*TABLE_SUFFIXES, *LAYER_SUFFIXES, ".gpx", ".zip")
MAX_SPEED_KMH: Final = 200.0
"""Faster than a police car: a ping that would need more is an error of the receiver."""

REPEATED: Final = "repeated"
JUMPED: Final = "a jump at over 200 km/h"
IMPLAUSIBLE: Final = "time of another century"
NO_END: Final = "visit without an end or a duration"
BACKWARDS: Final = "visit that ends before it begins"
NO_PLACE: Final = "visit without a place"

_WHAT: Final = "patrol records"
_ENOUGH_ROWS: Final = 10
_VAGUE: Final = ("id", "name")
_CENTURY: Final = (np.datetime64("2000-01-01", "s"), np.datetime64("2100-01-01", "s"))
_MAX_SPEED_MPS: Final = MAX_SPEED_KMH / 3.6
_DAY: Final = np.timedelta64(86_400, "s")

# Names of columns as `normalise` gives them, in order of preference.
_DEVICES: Final = (
    *("device id", "device", "unit id", "unit", "callsign", "call sign", "call sign id", "tracker id", "tracker"),
    *("issi", "imei", "terminal id", "terminal", "radio id", "radio", "vehicle id", "vehicle", "registration", "vrm"),
    *("reg", "asset id", "asset", "resource id", "resource", "resource name", "fleet number", "fleet no", "patrol id"),
    *("patrol", "team", "collar number", "collar no", "collar", "shoulder number", "shoulder no", "warrant number"),
    *("officer id", "officer", "officer name", "officer s name", "warden", "warden id", "badge", "badge number"),
    *("user id", "user", "name", "driver", "id"),
)
_TIMES: Final = (
    *("timestamp", "time stamp", "fix time", "gps time", "gps timestamp", "ping time", "position time", "event time"),
    *("recorded at", "recorded time", "datetime", "date time", "date and time", "location time", "log time", "at"),
    *("report time", "received", "received at", "message time", "when", "time"),
)
_DATES: Final = ("date", "fix date", "gps date", "ping date", "position date", "day", "event date", "report date")
_STARTS: Final = (
    *("started at", "start", "start time", "start datetime", "start date time", "arrived at", "arrived", "arrival"),
    *("arrive at", "arrival time", "time arrived", "time in", "in", "on scene", "on scene at", "entered", "entered at"),
    *("entry time", "time on", "time entered", "from", "begin", "began at", "start timestamp", "time start"),
)
_ENDS: Final = (
    *("ended at", "end", "end time", "end datetime", "end date time", "left at", "left", "leave at", "departed"),
    *("departed at", "departure", "departure time", "time left", "time out", "out", "clear", "cleared at", "exit"),
    *("exited", "exited at", "exit time", "time off", "to", "until", "finish", "finished at", "finish time"),
    *("end timestamp", "time end"),
)
_DURATIONS: Final = {
    60.0: ("minutes", "mins", "duration minutes", "duration mins", "duration min", "visit minutes", "dwell minutes"),
    1.0: ("seconds", "secs", "duration seconds", "duration secs", "duration s", "dwell seconds"),
    0.0: ("duration", "dwell", "dwell time", "time spent", "length", "time on site"),
}
"""By how many seconds the unit has; 0 where the texts say it, as "00:15" or "15 min" do, minutes where they do not."""
_PLACES: Final = (
    *("place", "hot spot", "hotspot", "patrol area", "patrol place", "geofence", "geofence name", "zone", "zone name"),
    *("location", "location name", "site", "site name", "rank", "stop", "area", "street"),
)
_STATUS: Final = ("data status",)
_OF_OFFENCES: Final = re.compile(r"\b(offences?|crimes?)\b")
_UTC: Final = re.compile(r"\b(utc|gmt|zulu)\b")
_MIDNIGHT: Final = r"[T ]0?0:00(:00(\.0+)?)?$"
_CLOCK_ALONE: Final = re.compile(r"\d{1,2}[:.]\d{2}([:.]\d{2})?\s*([ap]m)?", re.IGNORECASE)
_DURATION: Final = re.compile(
    r"(?:(?P<clock>\d{1,3}:\d{2}(?::\d{2})?)|(?:(?P<hours>\d+(?:\.\d+)?)\s*h\w*\s*)?"
    r"(?:(?P<minutes>\d+(?:\.\d+)?)\s*(?:m\w*)?)?\s*(?:(?P<seconds>\d+)\s*s\w*)?)",
    re.IGNORECASE,
)
_MOST_LETTERS: Final = 40
_MOST_SECONDS: Final = 1e9
"""Thirty years, beyond which a duration is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PatrolRecords:
    """Where patrols were.

    Attributes:
        pings: The pings table of `hotspots.contracts`, in the working CRS, by patrol and then by time.
        visits: The visits table of `hotspots.contracts`; where somebody wrote down visits in the place of pings.
        inputs: The files read.
        refused: Pings and visits left out, by what is wrong with them.
        n_malformed: Rows left out because they have other fields than the header.
        n_outside: Pings outside the area that was given; they are kept, as time elsewhere.
        n_open_hours: Pings and visits of the hour that the clock shows twice of which nothing tells which it is; they
            are read as of the first.
        doubts: What could be otherwise, in sentences.
        time_zone: IANA name of the zone of local times.
    """

    pings: pd.DataFrame
    visits: gpd.GeoDataFrame
    inputs: tuple[InputFile, ...]
    refused: Mapping[str, int]
    n_malformed: int
    n_outside: int
    n_open_hours: int
    doubts: tuple[str, ...]
    time_zone: str

    @property
    def n_patrols(self) -> int:
        """Devices, or whoever wrote down visits."""
        return max([0, *(int(table["patrol"].max()) for table in (self.pings, self.visits) if len(table))])

    @property
    def span(self) -> tuple[np.datetime64, np.datetime64]:
        """First and last day, local, datetime64[D]."""
        days = np.concatenate([self.pings["at"].to_numpy(), self.visits["started_at"].to_numpy()])
        first, last = days.min().astype("datetime64[D]"), days.max().astype("datetime64[D]")
        return first, last


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    """A table of records, and which column holds what."""

    table: Table
    kind: Literal["pings", "visits"]
    where: PlaceColumns | None
    device: str | None
    start: tuple[str, ...]
    """Of the time: one column, or date and time."""
    end: tuple[str, ...] = ()
    duration: tuple[str, float] | None = None
    place: str | None = None
    status: str | None = None

    @property
    def others(self) -> set[str]:
        """Columns that say where."""
        names = (getattr(self.where, role) for role in PlaceColumns.__dataclass_fields__) if self.where else ()
        return {name for name in names if isinstance(name, str) and name in self.table.header}


@dataclass(slots=True, kw_only=True)
class _Tally:
    """What is counted along the way."""

    refused: Counter[str]
    n_malformed: int = 0
    n_open_hours: int = 0


def read_patrol_records(
    paths: Sequence[Path],
    *,
    crs: str | pyproj.CRS = BRITISH_NATIONAL_GRID,
    time_zone: str = "Europe/London",
    area: shapely.Geometry | None = None,
    only_real: bool = False,
    are_plans: bool = False,
) -> PatrolRecords:
    """Read where patrols were.

    Pings are rows with a time and a position, of whatever devices: exports of vehicle location (AVL) and of radios, and
    GPX tracks. Visits are rows with a beginning and an end or a duration, and a position or the name of a place. Times
    with a zone are exact; others are of the local clock, unless the name of their column says UTC. Where the local
    clock is put back, an hour comes twice; which one is meant is told by the order in which a device wrote its pings.

    Whoever carried a device is not known afterwards: devices are numbered by their first ping, and their names dropped.
    A table without a column of devices is of one.

    Args:
        paths: Files, and folders of them.
        crs: The working CRS, which eastings and northings are in.
        time_zone: IANA name of the zone of the local clock.
        area: The study area, metres; pings outside are counted, and kept.
        only_real: Leave out the files that say they are made up or unfinished.
        are_plans: Whether they are of visits to come, which may say for which crime each is.

    Raises:
        NotFoundError: A path does not exist.
        ParameterError: The working CRS is not in metres, or the time zone is not known.
        DataError: A file has no column of times or nothing that says where; it was given twice; there are both pings
            and visits, which would count twice; or no row can be used.
    """
    crs = require_working_crs(crs)
    find_zone(time_zone)
    guard, tally = RepeatGuard(), _Tally(refused=Counter())
    pings: list[pd.DataFrame] = []
    visits: list[pd.DataFrame] = []
    inputs: list[InputFile] = []
    doubts: list[str] = []
    kinds: dict[str, str] = {}
    for file in find_files(paths, suffixes=RECORD_SUFFIXES, what=_WHAT):
        with file.opened():
            layouts = _find_layouts(file, name_crs(crs), are_plans=are_plans)
            guard.check(file.sha256, label=file.label)
            counted = _Tally(refused=Counter())
            parts = [_read_table(one, name_crs(crs), time_zone, counted, doubts) for one in layouts]
        status = ", ".join(sorted({said for _, said, _ in parts if said})) or None
        if only_real and status:
            continue
        tally.refused += counted.refused
        tally.n_malformed += counted.n_malformed
        tally.n_open_hours += counted.n_open_hours
        for layout, (frame, _, _) in zip(layouts, parts, strict=True):
            (pings if layout.kind == "pings" else visits).append(frame)
            kinds.setdefault(layout.kind, layout.table.label)
        inputs.append(
            InputFile(
                path=file.shown,
                table="patrol records",
                sha256=file.sha256,
                n_rows=sum(n_rows for _, _, n_rows in parts),
                layout=" and ".join(sorted({layout.kind for layout in layouts})),
                data_status=status,
            )
        )
    if len(kinds) == 2:
        raise DataError(
            f"Patrol records must be pings or visits, or what is in both counts twice; {kinds['pings']} holds pings "
            f"and {kinds['visits']} visits. Give one kind."
        )
    found = _join_pings(pings, tally, time_zone)
    stays = _number_visits(visits, crs)
    if found.empty and stays.empty and inputs:
        said = "; ".join(f"{reason}: {n:,}" for reason, n in sorted(tally.refused.items())) or "there are no rows"
        raise DataError(
            f"Patrol records need a time and a place in each row; none of {sum(file.n_rows for file in inputs):,} has "
            f"both ({said}). Check their times, and the CRS of their coordinates."
        )
    n_outside = 0
    if area is not None and len(found):
        shapely.prepare(area)
        n_outside = int((~shapely.intersects_xy(area, found["easting"], found["northing"])).sum())
    return PatrolRecords(
        pings=found,
        visits=stays,
        inputs=tuple(inputs),
        refused=dict(sorted(tally.refused.items())),
        n_malformed=tally.n_malformed,
        n_outside=n_outside,
        n_open_hours=tally.n_open_hours,
        doubts=tuple(dict.fromkeys(doubts)),
        time_zone=time_zone,
    )


def _find_layouts(file: FoundFile, crs: str, *, are_plans: bool) -> list[_Layout]:
    """The tables of records in a file.

    Raises:
        DataError: There is none.
    """
    if file.path.suffix.lower() == ".gpx":
        tables = [open_gpx(file)]
    elif file.is_archive and holds_shapefile(file, besides=TABLE_SUFFIXES):
        tables = open_layers(file, what=_WHAT, by_point=True)
    else:
        tables = []
        for member in list_members(file, suffixes=TABLE_SUFFIXES):
            with explain_unpacking(member.label):
                tables += open_tables(member, is_header=_names_columns, what=_WHAT, by_point=True)
    if not tables:
        raise DataError(f"{file.label} is empty: it holds no table with anything in it. Give the file of records.")
    for table in tables:
        offences, _ = find_offences(table.header)
        if not are_plans and any(_OF_OFFENCES.search(normalise(name)) for name in offences):
            raise DataError(
                f"Patrol records say where patrols were; {table.label} looks like a table of incidents. Give the "
                "export of the vehicles, the radios or the visits."
            )
    layouts = [layout for table in tables if (layout := _find_layout(table, crs)) is not None]
    if not layouts:
        table = tables[0]
        its_columns = describe_columns(table.header, lead="Its columns are")
        if are_plans:
            raise DataError(
                "A plan needs a beginning, an end and a place in each row (arrive_at, leave_at, place); "
                f"{table.label} does not have them. {its_columns} Give patrols.csv of hotspots patrol plan, or rename "
                "the right ones."
            )
        raise DataError(
            "Patrol records need a time and a position in each row (pings), or a beginning, an end and a place "
            f"(visits); {table.label} does not have them. {its_columns} "
            "Rename the right ones, such as device, timestamp, latitude and longitude."
        )
    return layouts


def _pick(forms: Mapping[str, str], usual: Sequence[str]) -> str | None:
    """The likeliest column of some usual names, which may carry a zone ("fix time utc")."""
    plain = {name: " ".join(_UTC.sub(" ", form).split()) for name, form in forms.items()}
    return next((name for wanted in usual for name, form in plain.items() if form == wanted), None)


def _find_columns(header: Sequence[str]) -> dict[str, str | None]:
    forms = {name: normalise(name) for name in header}
    roles: dict[str, Sequence[str]] = {
        "time": _TIMES,
        "date": _DATES,
        "start": _STARTS,
        "end": _ENDS,
        "device": _DEVICES,
        "place": _PLACES,
        "status": _STATUS,
    }
    return {role: _pick(forms, usual) for role, usual in roles.items()}


def _find_duration(header: Sequence[str]) -> tuple[str, float] | None:
    forms = {name: normalise(name) for name in header}
    return next(((name, unit) for unit, usual in _DURATIONS.items() if (name := _pick(forms, usual)) is not None), None)


def _names_columns(row: Sequence[str]) -> bool:
    found = _find_columns(row)
    is_visits = bool(found["start"] and (found["end"] or _find_duration(row)))
    return is_visits or bool((found["time"] or found["date"]) and says_where(row))


def _find_layout(table: Table, crs: str) -> _Layout | None:
    found, duration = _find_columns(table.header), _find_duration(table.header)
    where = find_places(table, crs=crs)
    where = replace(where, lsoa=None, postcode=None) if where else None
    where = where if where != PlaceColumns() else None
    # "id" may number the rows; of a large fleet the first thousand devices may be different ones too
    if found["device"] and normalise(found["device"]) in _VAGUE and _numbers_rows(table, found["device"]):
        found["device"] = None
    date, start, end = found["date"], found["start"], found["end"]
    if start and (end or duration) and (where or found["place"]):
        return _Layout(
            table=table,
            kind="visits",
            where=where,
            device=found["device"],
            start=(date, start) if date and _is_clock_alone(table, start) else (start,),
            end=() if not end else (date, end) if date and _is_clock_alone(table, end) else (end,),
            duration=None if end else duration,
            place=found["place"],
            status=found["status"],
        )
    time = found["time"] or date
    if time is None or where is None:
        return None
    # of a date and a time in columns of their own, either may be called by the plainer word
    is_two = date is not None and date != time and _is_clock_alone(table, time)
    device = "track" if table.kind == "GPX" else found["device"]
    return _Layout(
        table=table,
        kind="pings",
        where=where,
        device=device,
        start=(str(date), time) if is_two else (time,),
        status=found["status"],
    )


def _numbers_rows(table: Table, name: str) -> bool:
    """Whether a column has another text in each of the first rows: it numbers rows, and no device."""
    texts = table.sample({name})[name].dropna()
    return len(texts) >= _ENOUGH_ROWS and texts.is_unique


def _is_clock_alone(table: Table, name: str) -> bool:
    """Whether a column holds times of day without a date."""
    texts = table.sample({name})[name].dropna()
    return len(texts) > 0 and bool(
        texts.astype(str).str.strip().map(lambda one: bool(_CLOCK_ALONE.fullmatch(one))).all()
    )


def _as_arrow(texts: pd.Series) -> pa.ChunkedArray:
    if isinstance(texts.dtype, pd.CategoricalDtype):
        words = pa.array(texts.cat.categories.astype("object"), type=pa.large_string(), from_pandas=True)
        codes = pa.array(texts.cat.codes.to_numpy().astype(np.int64), mask=(texts.cat.codes < 0).to_numpy())
        return pa.chunked_array([words.take(codes)])
    return pa.chunked_array([to_arrow(texts)])


def _join_times(columns: Columns, names: Sequence[str]) -> pa.ChunkedArray:
    """Date and time as one text."""
    if len(names) == 1:
        return _as_arrow(columns[names[0]])
    date, time = (_as_arrow(columns[name]).cast(pa.large_string()) for name in names)
    date = pc.replace_substring_regex(date, _MIDNIGHT, "")
    return pc.binary_join_element_wise(date, time, pa.scalar(" ", pa.large_string()))


def _says_utc(names: Sequence[str]) -> Literal["stated", "utc"]:
    return "utc" if any(_UTC.search(normalise(name)) for name in names) else "stated"


def _read_table(
    layout: _Layout, crs: str, time_zone: str, tally: _Tally, doubts: list[str]
) -> tuple[pd.DataFrame, str | None, int]:
    """The rows that can be used, what the table says of itself, and how many rows it has."""
    read = _read_pings if layout.kind == "pings" else _read_visits
    statuses: list[pd.Series] = []
    with explain_unpacking(layout.table.label):
        frame, n_rows = read(layout, crs, time_zone, tally, doubts, statuses)
    return frame, read_stated(pd.concat(statuses)) if statuses else None, n_rows


def read_stated(texts: pd.Series) -> str | None:
    """What texts say of the data, also in the words of products: "synthetic incidents and schematic boundaries"."""
    words = {word for text in texts.dropna().unique() for word in re.findall(r"[^\W\d_]+", str(text))}
    return read_status(pd.Series(sorted(words), dtype="object"))


def _find_order(table: Table, texts: pa.ChunkedArray, doubts: list[str]) -> DateOrder:
    """Which number of the dates of a table is the day; where no date proves it, that is a doubt."""
    found = find_day_order(texts)
    if not found.is_certain:
        doubts.append(
            f"{table.label}: the dates are read {found.order}, although none of them proves it. If that is wrong, "
            "export them with the year first."
        )
    return found.order


def _read_pings(
    layout: _Layout, crs: str, time_zone: str, tally: _Tally, doubts: list[str], statuses: list[pd.Series]
) -> tuple[pd.DataFrame, int]:
    table = layout.table
    plain = {*layout.start, *layout.others}
    wanted = {name for name in (layout.device, layout.status) if name} - plain
    texts: list[pa.ChunkedArray] = []
    devices: list[pd.Series] = []
    easting: list[npt.NDArray[np.float64]] = []
    northing: list[npt.NDArray[np.float64]] = []
    reasons: list[npt.NDArray[np.object_]] = []
    assert layout.where is not None
    for chunk in table.read_with(wanted, plain=plain):
        tally.n_malformed += len(chunk.malformed)
        if not len(chunk.row):
            continue
        found = locate(chunk.columns, layout.where, stated_crs=table.crs, crs=crs)
        texts.append(_join_times(chunk.columns, layout.start))
        easting.append(found.easting)
        northing.append(found.northing)
        reasons.append(found.reason)
        if layout.device:
            devices.append(chunk.columns[layout.device].astype("object"))
        if layout.status:
            statuses.append(chunk.columns[layout.status].astype("object").drop_duplicates())
    if not texts:
        return _no_rows(), 0
    joined = pa.chunked_array([piece for one in texts for piece in one.chunks])
    texts.clear()  # of millions of pings each column counts
    order = _find_order(table, joined, doubts)
    times = read_instants(joined, date_order=order, clock=_says_utc(layout.start), time_zone=time_zone)
    del joined
    reason = np.where(pd.isna(times.reason), np.concatenate(reasons), times.reason)
    reasons.clear()
    is_far = (times.instant < _CENTURY[0]) | (times.instant >= _CENTURY[1])
    reason[is_far] = IMPLAUSIBLE
    lost = pd.notna(reason)
    tally.refused.update(Counter(reason[lost].tolist()))
    if layout.device:
        codes, names = pd.factorize(pd.concat(devices, ignore_index=True))
        devices.clear()
        known = [str(name).strip().casefold() for name in names]
        keys = _merge_alike(codes, known)
    else:
        keys = _merge_alike(np.zeros(len(reason), dtype=np.intp), [f"\x1f{table.label}"])
    frame = pd.DataFrame(
        {
            "device": keys,
            "instant": times.instant,
            "second": times.second,
            "easting": np.concatenate(easting),
            "northing": np.concatenate(northing),
        }
    )
    frame = frame[~lost] if lost.any() else frame
    if table.kind == "GPX":
        frame = _join_tracks(frame, table.label)
    return frame, len(reason)


def _merge_alike(codes: npt.NDArray[np.intp], names: Sequence[str]) -> pd.Categorical[str]:
    """Devices of codes of texts of which some are alike; -1, no device at all, is one of its own."""
    merged, distinct = pd.factorize(np.array([*names, ""], dtype=object))
    return pd.Categorical.from_codes(merged[codes], categories=pd.Index(distinct.astype(str), dtype="object"))


def _join_tracks(frame: pd.DataFrame, label: str) -> pd.DataFrame:
    """Tracks of one file that do not overlap are of one device, day after day; others of a device each."""
    spans = frame.groupby("device", observed=True)["instant"].agg(["min", "max"]).sort_values("min")
    is_apart = (spans["min"].iloc[1:].to_numpy() >= spans["max"].iloc[:-1].cummax().to_numpy()).all()
    # no zero character: older pandas takes a text to end there
    names = [f"\x1f{label}" if is_apart else f"\x1f{label}/{track}" for track in frame["device"].cat.categories]
    return frame.assign(device=_merge_alike(frame["device"].cat.codes.to_numpy().astype(np.intp), names))


def _no_rows() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "device": pd.Categorical([]),
            "instant": np.array([], dtype="datetime64[s]"),
            "second": np.array([], dtype="datetime64[s]"),
            "easting": np.array([], dtype=np.float64),
            "northing": np.array([], dtype=np.float64),
        }
    )


def _join_pings(parts: list[pd.DataFrame], tally: _Tally, time_zone: str) -> pd.DataFrame:
    """All pings by patrol and time, without those that repeat another or jump; takes the parts out of their list."""
    parts[:] = [part for part in parts if len(part)]
    if not parts:
        empty = {name: pd.Series(dtype="float64") for name in PING_COLUMNS}
        kinds = {"patrol": "int64", "at": "datetime64[s]", "instant": "datetime64[s]"}
        return pd.DataFrame(empty).astype(kinds)
    names = sorted({str(name) for part in parts for name in part["device"].cat.categories})
    device = np.concatenate(
        [
            pd.Index(names).get_indexer(part["device"].cat.categories)[part["device"].cat.codes.to_numpy()]
            for part in parts
        ]
    )
    instant, second, easting, northing = (
        np.concatenate([part[name].to_numpy() for part in parts])
        for name in ("instant", "second", "easting", "northing")
    )
    parts.clear()
    for one in np.unique(device[~np.isnat(second)]):
        own = np.flatnonzero(device == one)
        instant[own], n_open = choose_readings(instant[own], second[own])
        tally.n_open_hours += n_open
    # devices by their first ping, and of several at once by their names, so that how files are cut does not matter
    seconds = instant.astype("datetime64[s]").astype(np.int64)
    first = np.full(len(names), np.iinfo(np.int64).max)
    np.minimum.at(first, device, seconds)
    rank = np.empty(len(names), dtype=np.int64)
    rank[np.lexsort((np.arange(len(names)), first))] = np.arange(len(names))
    patrol = rank[device]
    span = int(seconds.max()) - int(seconds.min()) + 1
    order = np.argsort(patrol * span + (seconds - seconds.min()), kind="stable")
    patrol, seconds, easting, northing = patrol[order], seconds[order], easting[order], northing[order]
    is_again = np.zeros(len(order), dtype=bool)
    is_again[1:] = (patrol[1:] == patrol[:-1]) & (seconds[1:] == seconds[:-1])
    tally.refused[REPEATED] += int(is_again.sum())
    if is_again.any():
        patrol, seconds = patrol[~is_again], seconds[~is_again]
        easting, northing = easting[~is_again], northing[~is_again]
    jumps = _find_jumps(patrol, seconds, easting, northing)
    tally.refused[JUMPED] += len(jumps)
    tally.refused += Counter()  # without what is 0
    if len(jumps):
        patrol, seconds = np.delete(patrol, jumps), np.delete(seconds, jumps)
        easting, northing = np.delete(easting, jumps), np.delete(northing, jumps)
    instants = seconds.astype("datetime64[s]")
    return pd.DataFrame(
        {
            "patrol": patrol + 1,
            "at": find_local(instants, time_zone),
            "instant": instants,
            "easting": easting,
            "northing": northing,
        }
    )


def _find_jumps(
    patrol: npt.NDArray[np.int64],
    seconds: npt.NDArray[np.int64],
    easting: npt.NDArray[np.float64],
    northing: npt.NDArray[np.float64],
) -> npt.NDArray[np.int64]:
    """Positions of pings that a device could not have reached and left, while it could have gone past them."""
    same = patrol[1:] == patrol[:-1]
    distance = np.hypot(np.diff(easting), np.diff(northing))
    is_jump = same & (distance > _MAX_SPEED_MPS * np.diff(seconds))
    edges = np.flatnonzero(is_jump)
    lost: list[npt.NDArray[np.int64]] = []
    kept = -1  # the last ping known to be right before a jump
    for at, edge in enumerate(edges[:-1].tolist()):
        after = int(edges[at + 1])
        before = kept if kept >= 0 else edge
        kept = -1
        if patrol[after] != patrol[before] or patrol[after + 1] != patrol[before]:
            continue
        away = float(np.hypot(easting[after + 1] - easting[before], northing[after + 1] - northing[before]))
        is_way = away <= _MAX_SPEED_MPS * float(seconds[after + 1] - seconds[before])
        # as many pings before the jump: what lies between two jumps is the shorter part
        is_short = _count_before(edges, at, patrol) >= after - edge
        if is_way and is_short:
            lost.append(np.arange(edge + 1, after + 1))
            kept = before
    return np.concatenate(lost) if lost else np.array([], dtype=np.int64)


def _count_before(edges: npt.NDArray[np.intp], at: int, patrol: npt.NDArray[np.int64]) -> int:
    """Pings of the same patrol between the jump before and this one."""
    start = int(edges[at - 1]) + 1 if at else 0
    own = int(np.searchsorted(patrol, patrol[edges[at]]))
    return int(edges[at]) + 1 - max(start, own)


def _read_visits(
    layout: _Layout, crs: str, time_zone: str, tally: _Tally, doubts: list[str], statuses: list[pd.Series]
) -> tuple[pd.DataFrame, int]:
    table = layout.table
    wanted = {*layout.start, *layout.end, *layout.others}
    wanted |= {name for name in (layout.device, layout.status, layout.place) if name}
    wanted |= {layout.duration[0]} if layout.duration else set()
    parts: list[pd.DataFrame] = []
    n_rows = 0
    chunks = []
    for chunk in table.read(wanted):
        tally.n_malformed += len(chunk.malformed)
        chunks += [chunk] if len(chunk.row) else []
    if not chunks:
        return pd.DataFrame(), 0
    start_texts = [_join_texts(chunk.columns, layout.start) for chunk in chunks]
    # all dates of a table are written alike, and any of them may show how
    order = _find_order(table, pa.chunked_array([piece for one in start_texts for piece in one.chunks]), doubts)
    for chunk, start_text in zip(chunks, start_texts, strict=True):
        n_rows += len(chunk.row)
        end_text = _join_texts(chunk.columns, layout.end)
        start = read_instants(start_text, date_order=order, clock=_says_utc(layout.start), time_zone=time_zone)
        tally.n_open_hours += int((~np.isnat(start.second)).sum())
        reason = start.reason.copy()
        if layout.end:
            end = read_instants(end_text, date_order=order, clock=_says_utc(layout.end), time_zone=time_zone)
            ended = np.where((end.instant < start.instant) & ~np.isnat(end.second), end.second, end.instant)
            if len(layout.end) == 2:  # past midnight, under one date
                ended = np.where(ended < start.instant, ended + _DAY, ended)
        else:
            assert layout.duration is not None
            name, unit = layout.duration
            ended = start.instant + _read_durations(chunk.columns[name], unit)
        reason[pd.isna(reason) & np.isnat(ended)] = NO_END
        reason[pd.isna(reason) & (ended < start.instant)] = BACKWARDS
        place = chunk.columns[layout.place].astype("object") if layout.place else pd.Series([None] * len(reason))
        if layout.where is not None:
            found = locate(chunk.columns, layout.where, stated_crs=table.crs, crs=crs)
            easting, northing = found.easting, found.northing
            reason = np.where(pd.isna(reason) & np.isnan(easting) & pd.isna(place).to_numpy(), found.reason, reason)
        else:
            easting, northing = np.full(len(reason), np.nan), np.full(len(reason), np.nan)
            reason[pd.isna(reason) & pd.isna(place).to_numpy()] = NO_PLACE
        is_far = (start.instant < _CENTURY[0]) | (ended >= _CENTURY[1])
        reason[is_far] = IMPLAUSIBLE
        lost = pd.notna(reason)
        tally.refused.update(Counter(reason[lost].tolist()))
        device = chunk.columns[layout.device].astype("object") if layout.device else f"\x1f{table.label}"
        parts.append(
            pd.DataFrame(
                {
                    "device": device,
                    "started_instant": start.instant,
                    "ended_instant": ended,
                    "started_at": _find_local_of_known(start.instant, time_zone),
                    "ended_at": _find_local_of_known(ended, time_zone),
                    "place": place.to_numpy(),
                    "easting": easting,
                    "northing": northing,
                }
            )[~lost]
        )
        if layout.status:
            statuses.append(chunk.columns[layout.status].astype("object").drop_duplicates())
    return pd.concat(parts, ignore_index=True), n_rows


def _find_local_of_known(instants: Instants, time_zone: str) -> Instants:
    """`find_local` of instants of which some are missing."""
    local = np.full(len(instants), "NaT", dtype="datetime64[s]")
    known = ~np.isnat(instants)
    local[known] = find_local(instants[known], time_zone)
    return local


def _join_texts(columns: Columns, names: Sequence[str]) -> pa.ChunkedArray:
    if not names:
        return pa.chunked_array([pa.array([], type=pa.large_string())])
    texts = [columns[name] for name in names]
    form = find_time_form([texts[-1]]) if len(texts) == 2 else "clock"
    return _as_arrow(join_columns(texts, time_form=form))


def _read_durations(texts: pd.Series, unit_seconds: float) -> npt.NDArray[np.timedelta64]:
    """Durations, timedelta64[s] (n,); missing where a text is none."""

    def read(text: str) -> float:
        text = text.strip()
        # of many digits, the ways to part them would have no end
        match = _DURATION.fullmatch(text) if 0 < len(text) <= _MOST_LETTERS else None
        if match is None:
            return np.nan
        if clock := match["clock"]:
            hours, minutes, seconds = (*map(int, clock.split(":")), 0)[:3]
            return 3600.0 * hours + 60 * minutes + seconds
        parts = [float(match[name] or 0) for name in ("hours", "minutes", "seconds")]
        if unit_seconds and not (match["hours"] or match["seconds"]):
            return parts[1] * unit_seconds
        return 3600 * parts[0] + 60 * parts[1] + parts[2]

    seconds = np.array([*(read(str(text)) for text in texts.cat.categories), np.nan])[texts.cat.codes.to_numpy()]
    missing = ~(seconds < _MOST_SECONDS)
    durations = np.where(missing, 0, seconds).round().astype("timedelta64[s]")
    return np.where(missing, np.timedelta64("NaT", "s"), durations)


def _number_visits(parts: Sequence[pd.DataFrame], crs: pyproj.CRS) -> gpd.GeoDataFrame:
    """The visits table, by beginning; whoever made them by number."""
    parts = [part for part in parts if len(part)]
    rows = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["device", "easting", "northing"])
    if not parts:
        empty = {
            name: pd.Series(dtype="datetime64[s]" if name.startswith(("started", "ended")) else "object")
            for name in VISIT_COLUMNS
            if name != "geometry"
        }
        frame = pd.DataFrame(empty).astype({"patrol": "int64"})
        return gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries([], crs=crs), crs=crs).rename_axis("visit_id")
    rows["device"] = rows["device"].fillna("").astype(str).str.strip().str.casefold()
    rows = rows.sort_values(["started_instant", "device", "ended_instant"], kind="stable", ignore_index=True)
    points = gpd.points_from_xy(rows["easting"], rows["northing"], crs=crs)
    points[rows["easting"].isna().to_numpy()] = None
    visits = gpd.GeoDataFrame(
        {
            "patrol": pd.factorize(rows["device"])[0].astype(np.int64) + 1,
            **{name: rows[name] for name in ("started_at", "ended_at", "started_instant", "ended_instant")},
            "place": release_names(rows["place"]),
        },
        geometry=points,
        crs=crs,
    )
    return visits.rename_axis("visit_id")[list(VISIT_COLUMNS)]

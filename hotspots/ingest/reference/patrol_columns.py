"""Which tables of a file are of patrols, and which of their columns hold what."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from hotspots.errors import DataError
from hotspots.ingest.formats import (
    TABLE_SUFFIXES,
    FoundFile,
    Table,
    explain_unpacking,
    holds_shapefile,
    list_members,
    open_gpx,
    open_layers,
    open_tables,
)
from hotspots.ingest.incidents import PlaceColumns, describe_columns, find_offences, find_places, normalise, says_where

WHAT: Final = "patrol records"
_ENOUGH_ROWS: Final = 10
_VAGUE: Final = ("id", "name")

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
_PLANNED: Final = ("arrive at", "leave at")
"""What the beginning and the end are called in a plan; whoever was there arrived and left."""
_OF_OFFENCES: Final = re.compile(r"\b(offences?|crimes?)\b")
_UTC: Final = re.compile(r"\b(utc|gmt|zulu)\b")
_CLOCK_ALONE: Final = re.compile(r"\d{1,2}[:.]\d{2}([:.]\d{2})?\s*([ap]m)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class PatrolTable:
    """A table of records or of a plan, and which column holds what."""

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
    is_plan: bool = False
    """Whether it says where patrols are yet to go."""

    @property
    def others(self) -> set[str]:
        """Columns that say where."""
        names = (getattr(self.where, role) for role in PlaceColumns.__dataclass_fields__) if self.where else ()
        return {name for name in names if isinstance(name, str) and name in self.table.header}


@dataclass(slots=True, kw_only=True)
class PatrolTally:
    """What is counted along the way."""

    refused: Counter[str]
    n_malformed: int = 0
    n_open_hours: int = 0


def find_patrol_tables(file: FoundFile, crs: str, *, are_plans: bool) -> list[PatrolTable]:
    """The tables of records in a file.

    Raises:
        DataError: There is none.
    """
    if file.path.suffix.lower() == ".gpx":
        tables = [open_gpx(file)]
    elif file.is_archive and holds_shapefile(file, besides=TABLE_SUFFIXES):
        tables = open_layers(file, what=WHAT, by_point=True)
    else:
        tables = []
        for member in list_members(file, suffixes=TABLE_SUFFIXES):
            with explain_unpacking(member.label):
                tables += open_tables(member, is_header=_names_columns, what=WHAT, by_point=True)
    if not tables:
        raise DataError(f"{file.label} is empty: it holds no table with anything in it. Give the file of records.")
    layouts = [layout for table in tables if (layout := _find_layout(table, crs)) is not None]
    plans = {layout.table.label for layout in layouts if layout.is_plan}
    for table in tables:
        offences, _ = find_offences(table.header)
        is_plan = are_plans or table.label in plans
        if not is_plan and any(_OF_OFFENCES.search(normalise(name)) for name in offences):
            raise DataError(
                f"Patrol records say where patrols were; {table.label} looks like a table of incidents. Give the "
                "export of the vehicles, the radios or the visits."
            )
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


def _find_layout(table: Table, crs: str) -> PatrolTable | None:
    found, duration = _find_columns(table.header), _find_duration(table.header)
    where = find_places(table, crs=crs)
    where = replace(where, lsoa=None, postcode=None) if where else None
    where = where if where != PlaceColumns() else None
    # "id" may number the rows; of a large fleet the first thousand devices may be different ones too
    if found["device"] and normalise(found["device"]) in _VAGUE and _numbers_rows(table, found["device"]):
        found["device"] = None
    date, start, end = found["date"], found["start"], found["end"]
    if start and (end or duration) and (where or found["place"]):
        return PatrolTable(
            table=table,
            kind="visits",
            where=where,
            device=found["device"],
            start=(date, start) if date and _is_clock_alone(table, start) else (start,),
            end=() if not end else (date, end) if date and _is_clock_alone(table, end) else (end,),
            duration=None if end else duration,
            place=found["place"],
            status=found["status"],
            is_plan=(normalise(start), normalise(end or "")) == _PLANNED,
        )
    time = found["time"] or date
    if time is None or where is None:
        return None
    # of a date and a time in columns of their own, either may be called by the plainer word
    is_two = date is not None and date != time and _is_clock_alone(table, time)
    device = "track" if table.kind == "GPX" else found["device"]
    return PatrolTable(
        table=table,
        kind="pings",
        where=where,
        device=device,
        start=(str(date), time) if is_two else (time,),
        status=found["status"],
        # a track is where somebody went; a route, which has no track, is where to go
        is_plan=table.kind == "GPX" and not len(table.sample({"track"})["track"]),
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


def says_utc(names: Sequence[str]) -> Literal["stated", "utc"]:
    """Whether the names of columns of times say that these are in UTC."""
    return "utc" if any(_UTC.search(normalise(name)) for name in names) else "stated"

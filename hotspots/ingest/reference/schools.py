"""Files of schools, such as the national register (GIAS), to the schools table."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from hotspots.contracts import SCHOOL_COLUMNS
from hotspots.errors import DataError
from hotspots.geography import BRITISH_NATIONAL_GRID, describe_area, name_crs, require_working_crs
from hotspots.ingest.formats import (
    LAYER_SUFFIXES,
    TABLE_SUFFIXES,
    Columns,
    FoundFile,
    InputFile,
    RepeatGuard,
    Table,
    find_files,
)
from hotspots.ingest.incidents import (
    PlaceColumns,
    Places,
    describe_columns,
    find_offences,
    says_where,
)
from hotspots.ingest.reference.listed_places import (
    OTHER_FIELDS,
    ReadPlaces,
    find_where,
    join_rows,
    list_columns,
    make_picker,
    open_lists,
    read_plain,
    read_rows,
    read_text,
    require_wanted_once,
    say_next,
)
from hotspots.ingest.texts import OTHER_KINDS, read_status, release_kinds, release_schools

SUFFIXES = (*TABLE_SUFFIXES, *LAYER_SUFFIXES, ".zip")
MARGIN_M: Final = 1_000.0
"""How far beyond the study area a school may lie: its pupils come from inside."""

_WHAT: Final = "schools"

# Names of columns as `normalise` gives them, in order of preference.
_NAMES = ("establishment name", "school name", "name of school", "school", "name", "title", "site name")
_PHASES = ("phase of education name", "phase of education", "phase", "school phase")
_TYPES = (
    "type of establishment name",
    "school type",
    "type of school",
    "establishment type",
    "type",
    "kind",
    "amenity",
)
_IDS = ("urn", "school urn", "school id", "unique reference number")
_STATES = ("establishment status name", "establishment status", "school status", "status")
_CLOSED = ("close date", "closed date", "date closed", "closure date", "closed on", "year closed")
_DATA_STATUS = ("data status",)
_NO_PHASE = frozenset({"Not applicable", "Not recorded"})
_REGISTERED = frozenset(
    {
        *("Nursery", "Primary", "Middle deemed primary", "Middle deemed secondary", "Secondary", "All-through"),
        *("All through", "16 plus", "Community school", "Community special school", "Foundation school"),
        *("Foundation special school", "Voluntary aided school", "Voluntary controlled school", "Academy converter"),
        *("Academy sponsor led", "Academy special converter", "Academy special sponsor led", "Free schools"),
        *("Academy alternative provision converter", "Academy alternative provision sponsor led"),
        *("Free schools special", "Free schools alternative provision", "Free schools 16 to 19"),
        *("Academy 16 to 19 converter", "Academy 16-19 converter", "Other independent school"),
        *("Other independent special school", "Non-maintained special school", "Local authority nursery school"),
        *("Pupil referral unit", "Further education", "Sixth form centres", "University technical college"),
        *("Studio schools", "City technology college", "Children's centre", "Welsh establishment"),
    }
)
"""Phases and types of schools as the register has them."""

_ID = re.compile(r"\d{5,7}")
"""The number of a school in England (URN, 6 digits), of a children's centre (5) or of a school in Wales (7)."""

_ROLES = ("name", "phase", "school_id", "data_status", "is_not_open")


@dataclass(frozen=True, slots=True, kw_only=True)
class Schools:
    """Schools read from files.

    Attributes:
        schools: The schools table of `hotspots.contracts`, in the working CRS, those in the study area and 1 km around.
        inputs: The files read.
        without_location: Schools left out because they have no usable location, by what is wrong with it.
        n_malformed: Rows left out because they have other fields than the header.
        n_not_open: Schools left out because their file says that they are closed, or not open yet.
        n_outside: Schools left out because they lie further than 1 km from the study area.
        n_repeated: Rows left out because a school of the same number was read before.
        n_unnamed: Schools left out because they have no name that may be shown.
    """

    schools: gpd.GeoDataFrame
    inputs: tuple[InputFile, ...]
    without_location: Mapping[str, int] = field(default_factory=dict)
    n_malformed: int = 0
    n_not_open: int = 0
    n_outside: int = 0
    n_repeated: int = 0
    n_unnamed: int = 0

    @property
    def n_without_location(self) -> int:
        """Schools left out because they have no usable location."""
        return sum(self.without_location.values())


def read_schools(
    paths: Sequence[Path],
    *,
    crs: str | pyproj.CRS = BRITISH_NATIONAL_GRID,
    area: shapely.Geometry | None = None,
    postcodes: Places | None = None,
    only_real: bool = False,
) -> Schools:
    """Read schools: the national register (GIAS), or any list with a name and a place for each.

    Where a school is, is read as it is of incidents: coordinates, a grid reference, a postcode where their places are
    known, or geometry, of which an outline stands for a point on it. Of a register everything else but the number, the
    phase and whether the school is open is passed over, the names of head teachers above all. A row with other fields
    than the header is counted and left out: nobody can tell which of its fields has moved.

    Args:
        paths: Files, and folders of them.
        crs: The working CRS, which eastings and northings are in.
        area: The study area, metres; schools further than 1 km from it are left out. None for all.
        postcodes: Where postcodes are, for schools with nothing more precise.
        only_real: Whether to leave out files that say of themselves that they are not real, wherever they lie. If all
            do, there are no schools and no inputs.

    Raises:
        NotFoundError: A path does not exist.
        ParameterError: The working CRS is not in metres.
        DataError: A file has no column of names, or nothing that says where; or was given twice; or no open school in
            it has a usable location.

    Source: columns of the register as Get Information about Schools, Department for Education, gives them.
    """
    crs = require_working_crs(crs)
    read: list[ReadPlaces] = []
    inputs: list[InputFile] = []
    guard = RepeatGuard()
    for file in find_files(paths, suffixes=SUFFIXES, what=_WHAT):
        with file.opened():
            layouts = _find_layouts(file, name_crs(crs))
            guard.check(file.sha256, label=file.label)
            tables = [_read_table(layout, name_crs(crs), postcodes) for layout in layouts]
        status = read_status(join_rows(tables, _ROLES)["data_status"])
        if only_real and status:
            continue
        read += tables
        inputs.append(
            InputFile(
                path=file.shown,
                table=_WHAT,
                sha256=file.sha256,
                n_rows=sum(len(table.rows) + table.n_malformed for table in tables),
                layout=_WHAT,
                data_status=status,
            )
        )
    rows = join_rows(read, _ROLES)
    is_not_open, is_located = rows["is_not_open"].to_numpy(dtype=bool), rows["reason"].isna().to_numpy()
    without_location = Counter(rows["reason"][~is_not_open & ~is_located])
    n_malformed = sum(table.n_malformed for table in read)
    located = rows[is_located & ~is_not_open]
    if located.empty and inputs:
        raise DataError(_say_none(crs, without_location, n_malformed=n_malformed, n_not_open=int(is_not_open.sum())))
    is_again = located["school_id"].notna() & located["school_id"].duplicated()
    unique = located[~is_again]
    points = gpd.points_from_xy(unique["easting"].astype("float64"), unique["northing"].astype("float64"))
    near = np.ones(len(unique), dtype=bool) if area is None else shapely.dwithin(np.asarray(points), area, MARGIN_M)
    names = release_schools(unique["name"])
    kept = near & names.notna().to_numpy()
    phases = release_kinds(unique["phase"].astype("category"), also=_REGISTERED).astype("object")
    schools = gpd.GeoDataFrame(
        {"name": names[kept], "phase": phases.where(phases.notna() & (phases != OTHER_KINDS), None)[kept]},
        geometry=points[kept],
        crs=crs,
    ).set_index(pd.Index(_number(unique["school_id"])[kept], name="school_id", dtype="object"))
    return Schools(
        schools=schools[list(SCHOOL_COLUMNS)],
        inputs=tuple(inputs),
        without_location=dict(sorted(without_location.items())),
        n_malformed=n_malformed,
        n_not_open=int(is_not_open.sum()),
        n_outside=int((~near).sum()),
        n_repeated=int(is_again.sum()),
        n_unnamed=int((near & ~kept).sum()),
    )


def _say_none(crs: pyproj.CRS, reasons: Mapping[str, int], *, n_malformed: int, n_not_open: int) -> str:
    why = {**reasons, OTHER_FIELDS: n_malformed, "not open": n_not_open}
    said = "; ".join(f"{reason}: {n}" for reason, n in why.items() if n) or "there are no rows"
    next_step = say_next(
        {**reasons, OTHER_FIELDS: n_malformed},
        fields="Give each row as many fields as the header: download the file again, without joining two of them.",
    )
    return (
        f"None of the {sum(why.values())} schools read is open and has a usable location in {describe_area(crs)} "
        f"({said}). {next_step}"
    )


def _number(given: pd.Series) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    """The numbers of schools, as text, and S001 and so on for those that have none that may be shown."""
    shown = [text if isinstance(text, str) and _ID.fullmatch(text) else None for text in given]
    used = {text for text in shown if text}
    free = (name for number in itertools.count(1) if (name := f"S{number:03d}") not in used)
    return np.array([text or next(free) for text in shown], dtype=object)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    """A table of schools, and which column holds what."""

    table: Table
    where: PlaceColumns
    columns: Mapping[str, Sequence[str]]

    @property
    def wanted(self) -> set[str]:
        """The columns to be read."""
        named = {name for names in self.columns.values() for name in names}
        return named | set(list_columns(self.where, self.table.header))


def _find_layouts(file: FoundFile, crs: str) -> list[_Layout]:
    """The tables of schools in a file.

    Raises:
        DataError: There is none.
    """
    tables = open_lists(file, is_header=_names_columns, what=_WHAT)
    layouts = [layout for table in tables if (layout := _find_layout(table, crs)) is not None]
    if not layouts:
        raise DataError(_say_missing(tables[0], crs))
    return layouts


def _find_layout(table: Table, crs: str) -> _Layout | None:
    columns, where = _find_columns(table.header), find_where(table, crs)
    offences, has_dates = find_offences(table.header)
    if offences and has_dates and not columns["school_id"]:
        raise DataError(
            f'Schools are places; {table.label} looks like a table of incidents: column "{offences[0]}" says what '
            "happened. Give the list of schools."
        )
    if where is None or not columns["name"]:
        return None
    layout = _Layout(table=table, where=where, columns=columns)
    require_wanted_once(table, layout.wanted)
    return layout


def _find_columns(header: Sequence[str]) -> dict[str, list[str]]:
    """The columns of name, phase, number and status, the likeliest first."""
    find = make_picker(header)
    return {
        "name": find(_NAMES)[:1],
        "phase": [*find(_PHASES)[:1], *find(_TYPES)[:1]],
        "school_id": find(_IDS)[:1],
        "data_status": find(_DATA_STATUS)[:1],
        "state": find(_STATES)[:1],
        "date_closed": find(_CLOSED)[:1],
    }


def _names_columns(row: Sequence[str]) -> bool:
    return says_where(row) and bool(_find_columns(row)["name"])


def _say_missing(table: Table, crs: str) -> str:
    missing = [
        *(["a column of names (EstablishmentName, school, name)"] if not _find_columns(table.header)["name"] else []),
        *(
            ["one that says where (Easting and Northing, latitude and longitude, postcode)"]
            if find_where(table, crs) is None
            else []
        ),
    ]
    return (
        "A list of schools needs a name for each, and a location: coordinates, a grid reference, a postcode, points or "
        f"outlines; {table.label} does not have {' or '.join(missing)}. "
        f"{describe_columns(table.header, lead='Its columns are')} Rename the right one, or add it."
    )


def _read_table(layout: _Layout, crs: str, postcodes: Places | None) -> ReadPlaces:
    columns = layout.columns

    def read(chunk: Columns) -> dict[str, pd.Series]:
        phase = read_text(chunk, columns["phase"][:1])
        phase = phase.mask(phase.isin(_NO_PHASE))
        other = read_text(chunk, columns["phase"][1:])
        return {
            "name": read_text(chunk, columns["name"]),
            "phase": phase.where(phase.notna(), other.where(other.notna(), None)),
            "school_id": read_text(chunk, columns["school_id"]),
            "data_status": read_text(chunk, columns["data_status"]),
            "is_not_open": _is_not_open(chunk, columns),
        }

    return read_rows(layout.table, layout.where, layout.wanted, crs=crs, postcodes=postcodes, read=read)


def _is_not_open(columns: Columns, names: Mapping[str, Sequence[str]]) -> pd.Series:
    """Which schools do not stand open: "Closed", "Proposed to open"; by a date of closing only without a status."""
    not_open = pd.Series(data=False, index=range(len(next(iter(columns.values())))))
    if names["state"]:
        said = read_plain(columns, names["state"][0])
        return said.notna() & ~said.astype(str).str.casefold().str.strip().str.startswith("open", na=False)
    for name in names["date_closed"]:
        not_open |= read_plain(columns, name).notna()
    return not_open

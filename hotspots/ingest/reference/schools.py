"""Files of schools, such as the national register (GIAS), to the schools table."""

from __future__ import annotations

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
from hotspots.geography import BRITISH_NATIONAL_GRID, require_working_crs
from hotspots.ingest.formats import LAYER_SUFFIXES, TABLE_SUFFIXES, Columns, InputFile, Table
from hotspots.ingest.incidents import Places, find_offences
from hotspots.ingest.reference.listed_places import (
    OTHER_FIELDS,
    ListColumns,
    ListForm,
    make_picker,
    number_places,
    read_lists,
    read_plain,
    read_text,
    say_none,
)
from hotspots.ingest.texts import OTHER_KINDS, release_kinds, release_schools

SUFFIXES = (*TABLE_SUFFIXES, *LAYER_SUFFIXES, ".zip")
MARGIN_M: Final = 1_000.0
"""How far beyond the study area a school may lie: its pupils come from inside."""

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
    read = read_lists(paths, _FORM, crs=crs, postcodes=postcodes, only_real=only_real)
    rows = read.rows
    is_not_open, is_located = rows["is_not_open"].to_numpy(dtype=bool), rows["reason"].isna().to_numpy()
    without_location = Counter(rows["reason"][~is_not_open & ~is_located])
    located = rows[is_located & ~is_not_open]
    if located.empty and read.inputs:
        raise DataError(
            say_none(
                "schools",
                crs,
                {**without_location, OTHER_FIELDS: read.n_malformed},
                {"not open": int(is_not_open.sum())},
                fields="Give each row as many fields as the header: download the file again, without joining two of "
                "them.",
                wanted="is open and has",
            )
        )
    is_again = located["school_id"].notna() & located["school_id"].duplicated()
    unique = located[~is_again]
    points = gpd.points_from_xy(unique["easting"].astype("float64"), unique["northing"].astype("float64"))
    near = np.ones(len(unique), dtype=bool) if area is None else shapely.dwithin(np.asarray(points), area, MARGIN_M)
    names = release_schools(unique["name"])
    kept = near & names.notna().to_numpy()
    ids = number_places(unique["school_id"], is_id=lambda text: bool(_ID.fullmatch(text)), letter="S")
    phases = release_kinds(unique["phase"].astype("category"), also=_REGISTERED).astype("object")
    schools = gpd.GeoDataFrame(
        {"name": names[kept], "phase": phases.where(phases.notna() & (phases != OTHER_KINDS), None)[kept]},
        geometry=points[kept],
        crs=crs,
    ).set_index(pd.Index(ids[kept], name="school_id", dtype="object"))
    return Schools(
        schools=schools[list(SCHOOL_COLUMNS)],
        inputs=read.inputs,
        without_location=dict(sorted(without_location.items())),
        n_malformed=read.n_malformed,
        n_not_open=int(is_not_open.sum()),
        n_outside=int((~near).sum()),
        n_repeated=int(is_again.sum()),
        n_unnamed=int((near & ~kept).sum()),
    )


def _find(table: Table) -> ListColumns:
    """The columns of a table of schools.

    Raises:
        DataError: It is clearly of incidents.
    """
    columns = _find_columns(table.header)
    offences, has_dates = find_offences(table.header)
    if offences and has_dates and not columns["school_id"]:
        raise DataError(
            f'Schools are places; {table.label} looks like a table of incidents: column "{offences[0]}" says what '
            "happened. Give the list of schools."
        )

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

    return ListColumns(wanted={name for names in columns.values() for name in names}, read=read)


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


def _is_not_open(columns: Columns, names: Mapping[str, Sequence[str]]) -> pd.Series:
    """Which schools do not stand open: "Closed", "Proposed to open"; by a date of closing only without a status."""
    not_open = pd.Series(data=False, index=range(len(next(iter(columns.values())))))
    if names["state"]:
        said = read_plain(columns, names["state"][0])
        return said.notna() & ~said.astype(str).str.casefold().str.strip().str.startswith("open", na=False)
    for name in names["date_closed"]:
        not_open |= read_plain(columns, name).notna()
    return not_open


_FORM = ListForm(
    what="schools",
    suffixes=SUFFIXES,
    needs="a name",
    example="a column of names (EstablishmentName, school, name)",
    names=lambda header: bool(_find_columns(header)["name"]),
    find=_find,
    roles=("name", "phase", "school_id", "data_status", "is_not_open"),
)

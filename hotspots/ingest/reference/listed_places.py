"""Lists of places in any wrapping: the tables of a file, and what is read of all of them alike."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj

from hotspots.contracts import AREA
from hotspots.errors import DataError
from hotspots.geography import describe_area, name_crs
from hotspots.ingest.formats import (
    OSM_SUFFIXES,
    TABLE_SUFFIXES,
    Columns,
    FoundFile,
    InputFile,
    InputTable,
    RepeatGuard,
    Table,
    explain_unpacking,
    find_files,
    holds_shapefile,
    list_members,
    open_layers,
    open_osm_places,
    open_tables,
    require_unique,
)
from hotspots.ingest.incidents import (
    ONLY_POSTCODE,
    Locations,
    PlaceColumns,
    Places,
    describe_columns,
    find_places,
    locate,
    normalise,
    says_where,
)
from hotspots.ingest.texts import read_status

OTHER_FIELDS: Final = "other fields than the header"
TOO_COARSE: Final = "grid reference of a large square"
_COARSE_SQUARE_M = 1000.0
"""Of a place to walk to 100 m will do: within reach is twice as far and more."""

_NOTHING = frozenset({"", "-", "n/a", "na", "none", "null", "unknown", "not known", "unnamed", "yes", "no"})
"""What stands for a name or a kind where there is none; `yes` is OpenStreetMap's."""


class Pick(Protocol):
    """Picks columns with one of some usual names, and those whose name fits."""

    def __call__(self, usual: Sequence[str], fits: Callable[[str], bool] = ...) -> list[str]:
        """The columns, the likeliest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListColumns:
    """What is read of a table of places, besides where they are.

    Attributes:
        wanted: The columns needed.
        read: What is read of some rows, by name: the names that its `ListForm` says.
    """

    wanted: set[str]
    read: Callable[[Columns], dict[str, pd.Series]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListForm:
    """What lists of a kind of place hold.

    Attributes:
        what: What they are called as inputs.
        suffixes: What their files end in.
        needs: What a list says of each place besides a location, for a message.
        example: The column that says so, for a message.
        names: Whether a header has such a column.
        find: Which columns of a table are read. It raises a `DataError` of its own for what is clearly no such list.
        roles: The names of what is read of each row, `data_status` among them.
    """

    what: InputTable
    suffixes: tuple[str, ...]
    needs: str
    example: str
    names: Callable[[Sequence[str]], bool]
    find: Callable[[Table], ListColumns]
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadLists:
    """The rows of lists of places.

    Attributes:
        rows: What was read of each, `source`, `source_row`, `easting`, `northing` and `reason`: why it has no usable
            location, missing where it has one.
        inputs: The files read.
        n_malformed: Rows left out because they have other fields than the header: nobody can tell which has moved.
    """

    rows: pd.DataFrame
    inputs: tuple[InputFile, ...]
    n_malformed: int


def read_lists(
    paths: Sequence[Path], form: ListForm, *, crs: pyproj.CRS, postcodes: Places | None, only_real: bool
) -> ReadLists:
    """Read every row of lists of places; an outline is a point on it.

    Args:
        paths: Files, and folders of them.
        form: What they hold.
        crs: The working CRS.
        postcodes: Where postcodes are.
        only_real: Leave out the files that say they are made up or unfinished, wherever their places are.

    Raises:
        NotFoundError: A path does not exist.
        DataError: A file has no table of the form, or no CRS; or was given twice.
    """
    read: list[tuple[pd.DataFrame, int]] = []
    inputs: list[InputFile] = []
    guard = RepeatGuard()
    for file in find_files(paths, suffixes=form.suffixes, what=form.what):
        with file.opened():
            lists = _find_lists(file, form, crs)
            guard.check(file.sha256, label=file.label)
            tables = [_read_rows(*one, crs=name_crs(crs), postcodes=postcodes) for one in lists]
        status = read_status(_join_rows(tables, form.roles)["data_status"])
        if only_real and status:
            continue
        read += tables
        inputs.append(
            InputFile(
                path=file.shown,
                table=form.what,
                sha256=file.sha256,
                n_rows=sum(len(rows) + n_malformed for rows, n_malformed in tables),
                layout=form.what,
                data_status=status,
            )
        )
    return ReadLists(
        rows=_join_rows(read, form.roles),
        inputs=tuple(inputs),
        n_malformed=sum(n_malformed for _, n_malformed in read),
    )


def _find_lists(file: FoundFile, form: ListForm, crs: pyproj.CRS) -> list[tuple[Table, PlaceColumns, ListColumns]]:
    """The tables of a file that are of the form.

    Raises:
        DataError: There is none.
    """
    tables = _open_tables(file, form)
    lists = []
    for table in tables:
        columns, where = form.find(table), find_where(table, name_crs(crs))
        if where is not None and form.names(table.header):
            columns = replace(columns, wanted=columns.wanted | set(list_columns(where, table.header)))
            require_wanted_once(table, columns.wanted)
            lists.append((table, where, columns))
    if not lists:
        raise DataError(_say_missing(tables[0], form, crs))
    return lists


def _open_tables(file: FoundFile, form: ListForm) -> list[Table]:
    def is_header(row: Sequence[str]) -> bool:
        return says_where(row) and form.names(row)

    if file.path.name.lower().endswith(OSM_SUFFIXES):
        tables = open_osm_places(file, what=form.what)
    elif file.is_archive and holds_shapefile(file, besides=TABLE_SUFFIXES):
        tables = open_layers(file, what=form.what, by_point=True)
    else:
        tables = []
        for member in list_members(file, suffixes=TABLE_SUFFIXES):
            with explain_unpacking(member.label):
                tables += open_tables(member, is_header=is_header, what=form.what, by_point=True)
    if not tables:
        raise DataError(f"{file.label} is empty: it holds no table with anything in it. Give the file of {form.what}.")
    return tables


def _say_missing(table: Table, form: ListForm, crs: pyproj.CRS) -> str:
    missing = [] if form.names(table.header) else [form.example]
    if find_where(table, name_crs(crs)) is None:
        missing.append("one that says where (easting and northing, latitude and longitude, postcode ...)")
    return (
        f"A list of {form.what} needs {form.needs} for each, and a location: coordinates, a grid reference, a "
        f"postcode, points or outlines; {table.label} does not have {' or '.join(missing)}. "
        f"{describe_columns(table.header, lead='Its columns are')} Rename the right one, or add it."
    )


def find_where(table: Table, crs: str) -> PlaceColumns | None:
    """Which columns say where; the middle of a small area is not the place of anything to walk to."""
    found = find_places(table, crs=crs)
    without = replace(found, lsoa=None) if found else None
    return without if without != PlaceColumns() else None


def make_picker(header: Sequence[str]) -> Pick:
    """What picks the columns of a header with one of the names given, as `normalise` gives them, or whose name fits."""
    # "@type" of OpenStreetMap is that of its element, and not of the place
    forms = {name: normalise(name) for name in header if not name.startswith("@")}

    def pick(usual: Sequence[str], fits: Callable[[str], bool] = lambda form: False) -> list[str]:
        listed = [name for wanted in usual for name, form in forms.items() if form == wanted]
        return [*dict.fromkeys([*listed, *(name for name, form in forms.items() if fits(form))])]

    return pick


def list_columns(where: PlaceColumns, header: Sequence[str]) -> list[str]:
    """The columns that say where."""
    values = (getattr(where, role) for role in where.__dataclass_fields__)
    return [name for name in values if isinstance(name, str) and name in header]


def require_wanted_once(table: Table, wanted: Iterable[str]) -> None:
    """Refuse a table that has a wanted column twice, case and blanks aside.

    Raises:
        DataError: It has.
    """
    require_unique(
        (name.strip().casefold() for name in table.header),
        {name.strip().casefold() for name in wanted},
        label=table.label,
    )


def locate_rows(
    columns: Columns, where: PlaceColumns, table: Table, *, crs: str, postcodes: Places | None
) -> Locations:
    """Where rows are, of which what is known no better than to a square of a kilometre has no usable place."""
    found = locate(columns, where, stated_crs=table.crs, crs=crs, postcodes=postcodes, area_square_m=_COARSE_SQUARE_M)
    return replace(found, reason=np.where(found.precision == AREA, TOO_COARSE, found.reason))


def say_none(
    places: str,
    crs: pyproj.CRS,
    without_location: Mapping[str, int],
    others: Mapping[str, int],
    *,
    fields: str,
    wanted: str = "has",
) -> str:
    """That there is no place to go on with, why, and what to do.

    Args:
        places: What was read: "schools".
        crs: The working CRS.
        without_location: Rows by why they have no usable location, those with other fields than the header among them.
        others: Rows left out for other reasons.
        fields: What to do where the only fault is that rows have other fields than the header.
        wanted: What they should have been, before the location that they should have: "is open and has".
    """
    why = {**without_location, **others}
    n = sum(why.values())
    if not n:
        return f"A file of {places} must hold at least one place; there are only headers and not a row. Add the rows."
    said = "; ".join(f"{reason}: {count}" for reason, count in why.items() if count)
    next_step = _say_next(without_location, fields)
    return f"None of the {n} {places} read {wanted} a usable location in {describe_area(crs)} ({said}). {next_step}"


def _say_next(reasons: Mapping[str, int], fields: str) -> str:
    if reasons.get(ONLY_POSTCODE):
        return (
            'Name a list of postcodes in hotspots.toml, postcodes = "..." (OS Code-Point Open or the ONS Postcode '
            "Directory)."
        )
    if [reason for reason, n in reasons.items() if n] == [OTHER_FIELDS]:
        return fields
    return "Check their coordinates, and the CRS that the file states."


def number_places(given: Iterable[object], *, is_id: Callable[[str], bool], letter: str) -> npt.NDArray[np.object_]:
    """The IDs given, as text, (n,), and a letter with a number for those that have none that may be shown."""
    shown = [text if isinstance(text, str) and is_id(text) else None for text in given]
    used = set(shown)
    free = (name for number in itertools.count(1) if (name := f"{letter}{number:03d}") not in used)
    return np.array([text or next(free) for text in shown], dtype=object)


def _read_rows(
    table: Table, where: PlaceColumns, columns: ListColumns, *, crs: str, postcodes: Places | None
) -> tuple[pd.DataFrame, int]:
    """All rows of a table, and how many more have other fields than its header."""
    parts, n_malformed = [], 0
    with explain_unpacking(table.label):
        for chunk in table.read(columns.wanted):
            n_malformed += len(chunk.malformed)
            if not len(chunk.row):
                continue
            found = locate_rows(chunk.columns, where, table, crs=crs, postcodes=postcodes)
            parts.append(
                pd.DataFrame(
                    columns.read(chunk.columns)
                    | {
                        "source": pd.Series([table.label] * len(chunk.row), dtype="object"),
                        "source_row": pd.Series(chunk.row),
                        "easting": pd.Series(found.easting),
                        "northing": pd.Series(found.northing),
                        "reason": pd.Series(found.reason),
                    }
                )
            )
    return pd.concat(parts) if parts else pd.DataFrame(), n_malformed


def _join_rows(read: Sequence[tuple[pd.DataFrame, int]], names: Sequence[str]) -> pd.DataFrame:
    """The rows of all tables, with all columns even where there are no rows."""
    columns = (*names, "source", "source_row", "easting", "northing", "reason")
    nothing = pd.DataFrame({name: pd.Series(dtype="object") for name in columns})
    parts = [rows for rows, _ in read if len(rows)]
    return pd.concat(parts, ignore_index=True) if parts else nothing


def read_plain(columns: Columns, name: str) -> pd.Series:
    """A column as objects, numbered afresh."""
    return columns[name].astype("object").reset_index(drop=True)


def read_text(columns: Columns, names: Sequence[str]) -> pd.Series:
    """The first text that says something, of several columns."""
    n_rows = len(next(iter(columns.values())))
    text = pd.Series([None] * n_rows, dtype="object")
    for name in names:
        other = read_plain(columns, name)
        text = text.where(text.notna(), other.mask(other.astype(str).str.strip().str.casefold().isin(_NOTHING)))
    return text.where(text.notna(), None)

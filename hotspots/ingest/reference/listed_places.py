"""Lists of places in any wrapping: the tables of a file, and what is read of all of them alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

import numpy as np
import pandas as pd

from hotspots.contracts import AREA
from hotspots.errors import DataError
from hotspots.ingest.formats import (
    OSM_SUFFIXES,
    TABLE_SUFFIXES,
    Columns,
    FoundFile,
    IsHeader,
    Table,
    explain_unpacking,
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
    find_places,
    locate,
    normalise,
)

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
class ReadPlaces:
    """The rows of a table, and how many have other fields than its header."""

    rows: pd.DataFrame
    n_malformed: int


def open_lists(file: FoundFile, *, is_header: IsHeader, what: str) -> list[Table]:
    """All tables of a file of places; an outline is a point on it.

    Args:
        file: It.
        is_header: Whether a row names the columns.
        what: What its rows are of, in the plural.

    Raises:
        DataError: There is none.
    """
    if file.path.name.lower().endswith(OSM_SUFFIXES):
        tables = open_osm_places(file, what=what)
    elif file.is_archive and holds_shapefile(file, besides=TABLE_SUFFIXES):
        tables = open_layers(file, what=what, by_point=True)
    else:
        tables = []
        for member in list_members(file, suffixes=TABLE_SUFFIXES):
            with explain_unpacking(member.label):
                tables += open_tables(member, is_header=is_header, what=what, by_point=True)
    if not tables:
        raise DataError(f"{file.label} is empty: it holds no table with anything in it. Give the file of {what}.")
    return tables


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


def say_next(reasons: Mapping[str, int], *, fields: str) -> str:
    """What to do where no row has a usable place.

    Args:
        reasons: Rows by why they have none.
        fields: What to do where the only fault is that rows have other fields than the header.
    """
    if reasons.get(ONLY_POSTCODE):
        return (
            'Name a list of postcodes in hotspots.toml, postcodes = "..." (OS Code-Point Open or the ONS Postcode '
            "Directory)."
        )
    if [reason for reason, n in reasons.items() if n] == [OTHER_FIELDS]:
        return fields
    return "Check their coordinates, and the CRS that the file states."


def read_rows(
    table: Table,
    where: PlaceColumns,
    wanted: set[str],
    *,
    crs: str,
    postcodes: Places | None,
    read: Callable[[Columns], dict[str, pd.Series]],
) -> ReadPlaces:
    """All rows of a table: what is read of them, `source`, `source_row`, `easting`, `northing` and `reason`.

    Args:
        table: It.
        where: Which columns say where.
        wanted: All columns needed.
        crs: The working CRS.
        postcodes: Where postcodes are.
        read: What is read of some rows, by name.
    """
    parts, n_malformed = [], 0
    with explain_unpacking(table.label):
        for chunk in table.read(wanted):
            n_malformed += len(chunk.malformed)
            if not len(chunk.row):
                continue
            found = locate_rows(chunk.columns, where, table, crs=crs, postcodes=postcodes)
            parts.append(
                pd.DataFrame(
                    read(chunk.columns)
                    | {
                        "source": pd.Series([table.label] * len(chunk.row), dtype="object"),
                        "source_row": pd.Series(chunk.row),
                        "easting": pd.Series(found.easting),
                        "northing": pd.Series(found.northing),
                        "reason": pd.Series(found.reason),
                    }
                )
            )
    return ReadPlaces(rows=pd.concat(parts) if parts else pd.DataFrame(), n_malformed=n_malformed)


def join_rows(read: Sequence[ReadPlaces], names: Sequence[str]) -> pd.DataFrame:
    """The rows of all tables, with all columns even where there are no rows."""
    columns = (*names, "source", "source_row", "easting", "northing", "reason")
    nothing = pd.DataFrame({name: pd.Series(dtype="object") for name in columns})
    rows = [table.rows for table in read if len(table.rows)]
    return pd.concat(rows, ignore_index=True) if rows else nothing


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

"""What other areas record: a table of twelve months' incidents and residents by area and crime."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from hotspots.crimes import CrimeDefinitions
from hotspots.errors import DataError
from hotspots.ingest.files import explain_unpacking, find_files, list_members
from hotspots.ingest.population import SUFFIXES, find_columns, find_population, parse_population
from hotspots.ingest.records import ReadingOptions
from hotspots.ingest.sources import MEMBER_SUFFIXES, open_tables
from hotspots.ingest.tables import Table

_NAMES = {
    "area": ("area", "peer", "borough", "(local_?)?authority", "district", "force", "name"),
    "crime": ("crime", "crime_?type", "offence", "indicator"),
    "n_incidents": ("(n_?)?incidents", "(n_?)?offences", "(n_?)?crimes", "count", "number", "n", "total"),
}
_WANTED = (
    "A table of peers needs a row for each area and crime, with the columns area, crime, incidents (of the last twelve "
    "months) and population"
)


def read_peers(path: Path, *, definitions: CrimeDefinitions) -> pd.DataFrame:
    """Read what peer areas recorded in twelve months, and how many live there.

    Args:
        path: Text with columns, Excel or Parquet; one table, a row for each area and crime.
        definitions: What crimes are called, by slug or by any wording of theirs.

    Returns:
        A row a row: `area` (text), `crime` (slug), `n_incidents` (int), `population` (float, above 0).

    Raises:
        NotFoundError: The path does not exist.
        DataError: A column is missing, a number is none, a crime is not known, or an area has a crime twice.
    """
    tables = [
        table
        for file in find_files([path], suffixes=SUFFIXES, what="peers")
        for member in list_members(file, suffixes=MEMBER_SUFFIXES)
        for table in open_tables(member, ReadingOptions())
    ]
    if len(tables) != 1:
        raise DataError(f"{_WANTED}; {path.name} holds {len(tables)} tables. Save that one to a file of its own.")
    table = tables[0]
    columns = {name: next(iter(find_columns(table.header, patterns)), None) for name, patterns in _NAMES.items()}
    columns["population"] = find_population(table.header)
    if missing := [name for name, column in columns.items() if column is None]:
        raise DataError(
            f"{_WANTED}; {table.label} has none of {' and '.join(missing)}. Its columns are {', '.join(table.header)}."
        )
    frame = _read(table, {name: str(column) for name, column in columns.items()})
    label = table.label
    incidents = parse_population(frame["n_incidents"].rename(columns["n_incidents"]), label=label, each="row")
    residents = parse_population(frame["population"].rename(columns["population"]), label=label, each="row")
    is_bad = incidents.isna() | (incidents % 1 != 0) | residents.isna() | (residents <= 0)
    if is_bad.any():
        row = frame.index[is_bad][0]
        raise DataError(
            f"Each peer has a whole number of incidents, and residents above 0; row {row} of {label} has "
            f'"{frame["n_incidents"][row]}" and "{frame["population"][row]}". Correct or remove the row.'
        )
    peers = pd.DataFrame(
        {
            "area": frame["area"].astype(str),
            "crime": [_find_slug(str(text), definitions, row, label) for row, text in frame["crime"].items()],
            "n_incidents": incidents.astype("int64"),
            "population": residents,
        }
    )
    if (twice := peers.duplicated(["area", "crime"])).any():
        row = peers.index[twice][0]
        raise DataError(
            f"A peer has each crime once; row {row} of {label} gives {peers['crime'][row]} in {peers['area'][row]} "
            "again. Keep one row of them."
        )
    return peers.reset_index(drop=True)


def _read(table: Table, columns: dict[str, str]) -> pd.DataFrame:
    """The wanted columns under their own names, without blank rows; the index is the row in the file."""
    with explain_unpacking(table.label):
        chunks = [
            pd.DataFrame({name: chunk.columns[column].astype(object) for name, column in columns.items()}).set_axis(
                chunk.row
            )
            for chunk in table.read(list(columns.values()))
        ]
    frame = pd.concat([pd.DataFrame(columns=list(columns), dtype=object), *chunks])
    return frame[frame["area"].notna() & frame["crime"].notna()]


def _find_slug(text: str, definitions: CrimeDefinitions, row: object, label: str) -> str:
    slug = text.strip().lower().replace(" ", "-").replace("_", "-")
    if slug in definitions.crimes:
        return slug
    offence = definitions.find_offence([text])
    if offence is None:
        raise DataError(
            f'Each crime of a peer must be known; row {row} of {label} has "{text}". Write it as one of: '
            f"{', '.join(sorted(definitions.crimes))}."
        )
    return offence.subcategory or offence.category

"""Peer areas: a table of twelve months' incidents and residents by area and crime."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from hotspots.crimes import KNIFE_CRIME, CrimeDefinitions, read_words
from hotspots.errors import DataError
from hotspots.ingest.formats import InputFile
from hotspots.ingest.reference.population import find_population
from hotspots.ingest.reference.reference_tables import TableForm, find_columns, parse_counts, read_reference_table
from hotspots.ingest.texts import release_names, show_form

_NAMES = {
    "area": (
        "area",
        "peer",
        "borough",
        "(local_?)?authority",
        "district",
        "force",
        "name",
        "(.*_)?(area|authority|borough|district|force)_?name",
    ),
    "crime": ("crime", "crime_?type", "offence", "indicator"),
    "n_incidents": ("(n_?)?incidents", "(n_?)?offences", "(n_?)?crimes", "count", "number", "n", "total"),
}
_WANTED = (
    "A table of peers needs a row for each area and crime, with the columns area, crime, incidents (of the last twelve "
    "months) and population"
)
_NUMBERS = ("n_incidents", "population")


def _find_columns(header: Sequence[str]) -> dict[str, list[str]]:
    population = find_population(header)
    found = {name: find_columns(header, patterns) for name, patterns in _NAMES.items()}
    return found | {"population": [population] if population is not None else []}


_FORM = TableForm(
    table="peers",
    holds="peers",
    rule=_WANTED,
    needed={"area": "area", "crime": "crime", "n_incidents": "incidents", "population": "population"},
    find=_find_columns,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Peers:
    """Peers read from a table.

    Attributes:
        table: One row for each area and crime: `area` (its name, or a number if that names somebody), `crime` (slug),
            `n_incidents` of twelve months (int), `population` (float, above 0).
        input: The file read.
    """

    table: pd.DataFrame
    input: InputFile


def read_peers(path: Path, *, definitions: CrimeDefinitions) -> Peers:
    """Read what peer areas recorded in twelve months, and how many live there.

    The columns are known by their usual names (`area`, `borough` ...; `crime`, `offence` ...; `incidents`, `count` ...;
    `population`, `residents` ...). Areas are one if they differ only in case or blanks. Rows without a number that lack
    the area or the crime (blank ones, a note) are passed over.

    Args:
        path: Text with columns, Excel or Parquet, also zipped; one table, a row for each area and crime.
        definitions: What crimes are called, by slug or by any wording of theirs; knife crime, which is defined by a
            flag, is known by its name.

    Raises:
        NotFoundError: The path does not exist.
        DataError: The path is a folder; the table is empty or lacks a column; a row with numbers lacks its area or
            crime; a text is not a number; a crime is not known, or only those with a knife; or an area has a crime
            twice.
    """
    if path.is_dir():
        raise DataError(f"Peers are read from one file; {path.as_posix()} is a folder. Name the file that is meant.")
    table = read_reference_table(path, _FORM)
    label, columns = table.label, {name: found[0] for name, found in table.columns.items()}
    named = table.texts[list(columns.values())].set_axis(list(columns), axis="columns")
    _refuse_nameless(named, columns, label)
    frame = named.dropna(subset=["area", "crime"])
    if frame.empty:
        raise DataError(f"{label} is empty: no row below its header has an area and a crime. {_WANTED}.")
    incidents = parse_counts(
        frame["n_incidents"].rename(columns["n_incidents"]), label=label, each="row", noun="A number of incidents"
    )
    residents = parse_counts(frame["population"].rename(columns["population"]), label=label, each="row")
    is_bad = incidents.isna() | (incidents % 1 != 0) | residents.isna() | (residents <= 0)
    if is_bad.any():
        row = frame.index[is_bad][0]
        raise DataError(
            f"Each peer needs a whole number of incidents, and residents above 0; row {row} of {label} has "
            f"{' and '.join(f'{show_form(frame[name][row])} in {columns[name]}' for name in _NUMBERS)}. Correct or "
            "remove the row."
        )
    peers = pd.DataFrame(
        {
            "area": [" ".join(str(text).split()) for text in frame["area"]],
            "crime": [
                _find_slug(str(text), definitions, f"row {row} of {label}", columns["crime"])
                for row, text in frame["crime"].items()
            ],
            "n_incidents": incidents.astype("int64"),
            "population": residents,
        },
        index=frame.index,
    )
    _refuse_repeats(peers, label)
    return Peers(table=peers.assign(area=_name_areas(peers["area"])).reset_index(drop=True), input=table.input)


def _name_areas(areas: pd.Series) -> pd.Series:
    """The names of areas, and a number in the place of each in which somebody is named."""
    unique = areas.drop_duplicates()
    shown = release_names(unique, are_areas=True)
    numbered = [f"area {number}" for number in range(1, len(unique) + 1)]
    return areas.map(dict(zip(unique, shown.where(shown == unique, numbered), strict=True)))


def _refuse_nameless(frame: pd.DataFrame, columns: dict[str, str], label: str) -> None:
    """Refuse a row with a number and without its area or crime: a total, or one that belongs to the area above."""
    wrong = frame[["area", "crime"]].isna().any(axis="columns") & frame[list(_NUMBERS)].notna().any(axis="columns")
    if wrong.any():
        row = frame.index[wrong][0]
        name = next(name for name in _NUMBERS if pd.notna(frame[name][row]))
        lacking = " and ".join(columns[name] for name in ("area", "crime") if pd.isna(frame[name][row]))
        raise DataError(
            f"Each row with numbers must name its area and its crime; row {row} of {label} has one in {columns[name]} "
            f"and nothing in {lacking}, and {int(wrong.sum())} in all lack one. Fill it in, or remove the row."
        )


def _refuse_repeats(peers: pd.DataFrame, label: str) -> None:
    folded = peers.assign(area=peers["area"].str.casefold())[["area", "crime"]]
    twice = folded.duplicated()
    if twice.any():
        row = peers.index[twice][0]
        first = peers.index[(folded == folded.loc[row]).all(axis="columns")][0]
        raise DataError(
            f"A peer must have each crime once; row {row} of {label} gives {peers['crime'][row]} in the area of row "
            f"{first} again. Keep one row of them."
        )


def _find_slug(text: str, definitions: CrimeDefinitions, where: str, column: str) -> str:
    slug = read_words(text).replace(" ", "-")
    if slug == KNIFE_CRIME or slug in definitions.crimes:
        return slug
    offence = definitions.find_offence([text])
    if offence is None or offence.is_knife:  # those with a knife are but a part of a crime
        rule = "known" if offence is None else "a whole one, with and without a knife, or knife crime"
        raise DataError(
            f"Each crime of a peer must be {rule}; {where} has {show_form(text)} in {column}. Write it as one of: "
            f"{', '.join(sorted({*definitions.crimes, KNIFE_CRIME}))}."
        )
    return offence.subcategory or offence.category

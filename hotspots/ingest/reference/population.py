"""Residents by ward: a table of codes and numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from hotspots.errors import DataError
from hotspots.ingest.formats import InputFile
from hotspots.ingest.reference.reference_tables import (
    CODE_NAMES,
    TableForm,
    find_columns,
    parse_counts,
    read_reference_table,
)

# The usual names, in order of preference.
_POPULATION_NAMES = (
    r"(total_?)?pop(ulation)?(_?total)?(_?\d{4})?",
    r"(census)?_?\d{4}_?pop(ulation)?(_?bestfit)?",
    r"(all_?)?(usual_?res(idents?)?|residents)(_?\d{4})?",
    r"all_?(people|persons)(_?\d{4})?",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """Residents read from a table.

    Attributes:
        by_ward: Residents, float from 0 up, none missing. Index `ward_code`, unique, sorted.
        input: The file read.
    """

    by_ward: pd.Series
    input: InputFile


def find_population(columns: Sequence[str]) -> str | None:
    """The column of residents: one whose name has no year, otherwise that of the latest year; None if there is none."""
    found = find_columns(columns, _POPULATION_NAMES)
    return max(found, key=lambda name: (re.findall(r"\d{4}", name) or ["9999"])[0], default=None)


def _find_columns(header: Sequence[str]) -> dict[str, list[str]]:
    population = find_population(header)
    return {
        "ward_code": find_columns(header, CODE_NAMES),
        "population": [population] if population is not None else [],
    }


_FORM = TableForm(
    table="population",
    holds="residents",
    rule="A table of residents needs a column of ward codes (ward_code, GSS_CODE, WD25CD ...), because names repeat, "
    "and one of residents (population, pop_2021, all usual residents, census2021_pop ...)",
    needed={"ward_code": "ward codes", "population": "residents"},
    find=_find_columns,
    hint=" If it holds outlines with their residents, give it as boundaries alone.",
)


def read_population(path: Path) -> Population:
    """Read how many residents each ward (or other small area) has.

    The columns of codes and residents are known by their usual names, as in files of boundaries (`ward_code`,
    `GSS_CODE`, `WD25CD`; `population`, `All usual residents`, `census2021_pop_bestfit` ...). Of several codes, the one
    that differs on every row is taken, and of several numbers of residents, the latest year's. Rows without a code (a
    total, a note) or without a number are left out.

    Residents are those who sleep there. Where many others spend the day, as in a town centre, a rate by residents says
    little about the risk to a person.

    Args:
        path: Text with columns, Excel or Parquet, also zipped; of several tables in it, one may be of residents.

    Raises:
        NotFoundError: The path does not exist.
        DataError: It holds no table of residents, or several; the text for a number of residents is not a number, or a
            row has other fields than the header; a code has two numbers; or none has one.
    """
    table = read_reference_table(path, _FORM)
    texts, codes, column = table.texts, table.columns["ward_code"], table.columns["population"][0]
    # the code of small areas, not that of the wards they lie in
    code = next((name for name in codes if texts[name].dropna().is_unique), codes[0])
    coded = texts[texts[code].notna()]
    residents = parse_counts(coded[column], label=table.label, each="row")
    known = pd.DataFrame({"ward_code": coded[code], "population": residents}).dropna()
    if known.empty:
        raise DataError(
            f"{table.label} gives no ward its residents: no row has both a {code} and a {column}. Fill them in."
        )
    _refuse_two_numbers(known, table.label)
    by_ward = known.drop_duplicates("ward_code").set_index("ward_code")["population"].sort_index()
    return Population(by_ward=by_ward, input=table.input)


def _refuse_two_numbers(known: pd.DataFrame, label: str) -> None:
    codes, residents = known["ward_code"], known["population"]
    other = residents != residents.groupby(codes).transform("first")
    if other.any():
        row = known.index[other][0]
        first = known.index[codes == codes[row]][0]
        raise DataError(
            f"A ward must have one number of residents; {codes[row]} has {residents[first]:,.10g} in row {first} of "
            f"{label} and {residents[row]:,.10g} in row {row}, and {codes[other].nunique():,} in all have several. "
            "Keep one row to a ward: of several years the latest, of sexes or ages their sum."
        )

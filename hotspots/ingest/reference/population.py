"""Residents by ward: a table of codes and numbers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from hotspots.errors import DataError
from hotspots.ingest.formats import InputFile, Table
from hotspots.ingest.reference.area_codes import choose_code, find_codes, list_codes
from hotspots.ingest.reference.reference_tables import (
    TableForm,
    find_columns,
    parse_counts,
    read_reference_table,
)

# The usual names, in order of preference. Beside males and females, persons are both.
_POPULATION_NAMES = (
    r"(total_?)?pop(ulation)?(_?total)?(_?\d{4})?",
    r"(census)?_?\d{4}_?pop(ulation)?(_?bestfit)?",
    r"(all_?)?(usual_?res(idents?)?|residents)(_?\d{4})?",
    r"(all|total)_?(people|persons|residents|usual_?residents)(_?\d{4})?",
    r"(residence_type|sex|age|usual_residents|population):_(total|all_\w+?)([:;]_*measures:_*value)?",
)
_TOTAL_NAMES = (r"(all_?)?persons(_?\d{4})?", r"all_?ages(_?\d{4})?")
# What a number is called where only the columns beside it say that it is of residents: sexes, ages, residence.
_VALUE_NAMES = ("total", "observation", "obs_?value", "value")
_BESIDE = (
    r"(all_?)?(males?|females?)(_?\d{4})?",
    *("sex", "gender", "age", r"age_?(group|band|code).*", r"(sex|age|residence_type)_\(.*"),
    r"(aged?_?)?\d{1,3}(_years?)?\+?",
    *(r"[mf]_?\d{1,3}\+?", r"usual_?res.*", "residence_?type.*"),
)

_SUBSETS = {
    "sex": ("sex", "gender"),
    "age": ("age", "age_?(group|band|code)", "c_age_name"),
    "year": ("year", "period", "date"),
}
_ALL = frozenset(
    {
        *("persons", "person", "people", "all", "total", "both", "both sexes", "all sexes", "all persons"),
        *("all people", "all ages", "aged all", "all usual residents", "males and females", "t"),
    }
)
"""What stands for both sexes, or for all ages."""

_DATED = r"\d{4}(-\d\d(-\d\d)?)?.*"


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
    return _find_latest(columns, _POPULATION_NAMES) or _find_latest(columns, _TOTAL_NAMES)


def _find_latest(columns: Sequence[str], names: Sequence[str]) -> str | None:
    found = find_columns(columns, names)
    return max(found, key=lambda name: (re.findall(r"\d{4}", name) or ["9999"])[0], default=None)


def _find_columns(header: Sequence[str]) -> dict[str, list[str]]:
    population = find_population(header)
    if population is None and find_columns(header, _BESIDE):
        population = _find_latest(header, _VALUE_NAMES)
    return {
        "ward_code": find_codes(header),
        "population": [population] if population is not None else [],
        **{name: find_columns(header, names)[:1] for name, names in _SUBSETS.items()},
    }


def _look_at_columns(table: Table) -> dict[str, list[str]]:
    header = [name for name, n in Counter(table.header).items() if n == 1]
    return _find_columns(table.header) | {"ward_code": list_codes(table.sample(header))}


_FORM = TableForm(
    table="population",
    holds="residents",
    rule="A table of residents needs a column of ward codes (ward_code, GSS_CODE, WD25CD ...), because names repeat, "
    "and one of residents (population, pop_2021, all usual residents, census2021_pop ...)",
    needed={"ward_code": "ward codes", "population": "residents"},
    find=_find_columns,
    look=_look_at_columns,
    preferred="persons",
    hint=" If it holds outlines with their residents, give it as boundaries alone.",
)


def read_population(path: Path) -> Population:
    """Read how many residents each ward (or other small area) has.

    The columns of codes and residents are known by their usual names, as in files of boundaries (`ward_code`,
    `GSS_CODE`, `WD25CD`; `population`, `All usual residents`, `Persons`, `census2021_pop_bestfit` ...), and a column of
    GSS codes under any name. Of several codes, the one that differs on every row is taken, and of several numbers of
    residents, the latest year's. Rows of one sex or age are left out where there are rows of all, those of earlier
    years where there are several, and rows without a code (a total, a note) or without a number.

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
    codes, column = table.columns["ward_code"], table.columns["population"][0]
    texts = _keep_totals(table.texts, {name: found[0] for name, found in table.columns.items() if name in _SUBSETS})
    # the code of small areas, not that of the wards they lie in
    code = choose_code({name: texts[name] for name in codes}, label=table.label) or codes[0]
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


def _keep_totals(texts: pd.DataFrame, columns: Mapping[str, str]) -> pd.DataFrame:
    """The rows of both sexes, of all ages and of the latest year, where a table tells them from others."""
    for name, column in columns.items():
        said = texts[column].astype("object").map(lambda text: str(text).strip().casefold(), na_action="ignore")
        if name == "year":
            is_kept = said == said.max() if said.dropna().str.fullmatch(_DATED).all() and said.notna().any() else None
        else:
            is_kept = said.isin(_ALL) if said.isin(_ALL).any() else None
        texts = texts if is_kept is None else texts[is_kept]
    return texts


def _refuse_two_numbers(known: pd.DataFrame, label: str) -> None:
    codes, residents = known["ward_code"], known["population"]
    other = residents != residents.groupby(codes).transform("first")
    if other.any():
        row = known.index[other][0]
        first = known.index[codes == codes[row]][0]
        raise DataError(
            f"A ward must have one number of residents; that in row {first} of {label} has another in row {row}, and "
            f"{codes[other].nunique():,} in all have several. Keep one row to a ward: of several years the latest, of "
            "sexes or ages their sum."
        )

"""Residents by ward: a table of codes and numbers, and how the columns of both are known in any file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from hotspots.errors import DataError
from hotspots.ingest.formats import FoundFile, InputFile, Table, explain_unpacking, find_files, list_members
from hotspots.ingest.incidents import MEMBER_SUFFIXES, ReadingOptions, open_tables
from hotspots.ingest.texts import read_status

SUFFIXES = (*MEMBER_SUFFIXES, ".zip")

# The usual names of each column, in order of preference.
CODE_NAMES = ("ward_?code", "gss_?code", r"wd\d\d_?cd", r"lsoa\d\d_?cd", r"msoa\d\d_?cd", "code")
STATUS_NAMES = ("data_?status",)
_POPULATION_NAMES = (
    r"(total_?)?pop(ulation)?(_?total)?(_?\d{4})?",
    r"(census)?_?\d{4}_?pop(ulation)?(_?bestfit)?",
    r"(all_?)?(usual_?res(idents?)?|residents)(_?\d{4})?",
    r"all_?(people|persons)(_?\d{4})?",
)
_MAX_NUMBER = 1_000_000_000
"""More than live in any area, or are recorded there: beyond it a number is a slip, or something else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """What came out of a table of residents.

    Attributes:
        by_ward: Residents, float from 0 up, none missing. Index `ward_code`, unique, sorted.
        input: The file read.
    """

    by_ward: pd.Series
    input: InputFile


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
        DataError: It holds no table of residents, or several; a number of residents is none, or a row has other fields
            than the header; a code has two numbers; or none has one.
    """
    tables = [opened for file in find_files([path], suffixes=SUFFIXES, what="residents") for opened in _open(file)]
    fitting = [
        (file, table)
        for file, table in tables
        if find_columns(table.header, CODE_NAMES) and find_population(table.header)
    ]
    if not fitting:
        raise DataError(_say_missing(path, [table for _, table in tables]))
    if len(fitting) > 1:
        raise DataError(
            f"Residents are read from one table; {path.name} holds {len(fitting)} that could be meant: "
            f"{', '.join(table.label for _, table in fitting)}. Save the one of the year wanted to a file of its own."
        )
    file, table = fitting[0]
    with explain_unpacking(table.label):
        return _read_table(file, table)


def find_columns(columns: Sequence[str], patterns: Sequence[str]) -> list[str]:
    """The columns whose whole name, with blanks as underscores, matches a pattern; in the order of the patterns."""
    names = {column: re.sub(r"\s+", "_", column.strip()) for column in columns}
    return [
        column
        for pattern in patterns
        for column, name in names.items()
        if re.fullmatch(pattern, name, flags=re.IGNORECASE)
    ]


def find_population(columns: Sequence[str]) -> str | None:
    """The column of residents: one whose name has no year, otherwise that of the latest year; None if there is none."""
    found = find_columns(columns, _POPULATION_NAMES)
    return max(found, key=lambda name: (re.findall(r"\d{4}", name) or ["9999"])[0], default=None)


def parse_population(texts: pd.Series, *, label: str, each: str, noun: str = "A population") -> pd.Series:
    """Numbers of residents, or of anything else that is counted, from text; missing stays missing.

    Args:
        texts: Text or missing. Its index is the number of each row or feature in the file, its name that of the column.
        label: What to call the file in a message.
        each: What the index counts: "row" or "feature".
        noun: What one of the numbers is, at the beginning of a message.

    Raises:
        DataError: A text is no number from 0 up, or one above 1,000,000,000.
    """
    numbers = pd.to_numeric(texts, errors="coerce").astype("float64")
    rules = {
        "a number from 0 up, in digits alone": texts.notna() & ~(numbers.ge(0) & np.isfinite(numbers)),
        f"at most {_MAX_NUMBER:,}": numbers > _MAX_NUMBER,
    }
    for rule, wrong in rules.items():
        if wrong.any():
            first = texts.index[wrong][0]
            raise DataError(
                f"{noun} must be {rule}; {each} {first} of {label} has "
                f'"{texts[first]}" in {texts.name}, and {int(wrong.sum())} in all are wrong. Correct or clear them.'
            )
    return numbers


def _open(file: FoundFile) -> Iterator[tuple[FoundFile, Table]]:
    if not file.path.name.lower().endswith(SUFFIXES):
        raise DataError(
            f"Residents are read from a table, a file ending in {', '.join(SUFFIXES)}; {file.label} does not. "
            "Save it as CSV. If it holds outlines with their residents, give it as boundaries alone."
        )
    for member in list_members(file, suffixes=MEMBER_SUFFIXES):
        with explain_unpacking(member.label):
            yield from ((file, table) for table in open_tables(member, ReadingOptions()))


def _say_missing(path: Path, tables: Sequence[Table]) -> str:
    if not tables:
        return f"{path.name} is empty: it holds no table with anything in it. Give the table of residents."
    # the table that comes nearest: with codes, if any has them
    table = next((table for table in tables if find_columns(table.header, CODE_NAMES)), tables[0])
    has_code = bool(find_columns(table.header, CODE_NAMES))
    wanted, name = ("residents", "population") if has_code else ("ward codes", "ward_code")
    return (
        "A table of residents needs a column of ward codes (ward_code, GSS_CODE, WD25CD ...), because names repeat, "
        "and one of residents (population, pop_2021, all usual residents, census2021_pop ...); "
        f"{table.label} has none of {wanted}. Its columns are {', '.join(table.header)}. "
        f"Rename the one that holds the {wanted} to {name}."
    )


def _read_table(file: FoundFile, table: Table) -> Population:
    codes = find_columns(table.header, CODE_NAMES)
    column = find_population(table.header)
    statuses = find_columns(table.header, STATUS_NAMES)
    wanted = [*codes, str(column), *statuses]
    frame = table.read_whole(wanted)
    # the code of small areas, not that of the wards they lie in
    code = next((name for name in codes if frame[name].dropna().is_unique), codes[0])
    coded = frame[frame[code].notna()]
    residents = parse_population(coded[column], label=table.label, each="row")
    known = pd.DataFrame({"ward_code": coded[code], "population": residents}).dropna()
    if known.empty:
        raise DataError(
            f"{table.label} gives no ward its residents: no row has both a {code} and a {column}. Fill them in."
        )
    _refuse_two_numbers(known, table.label)
    return Population(
        by_ward=known.drop_duplicates("ward_code").set_index("ward_code")["population"].sort_index(),
        input=InputFile(
            path=file.label,
            table="population",
            sha256=file.sha256,
            n_rows=len(frame),
            layout="population",
            data_status=read_status(frame[statuses[0]]) if statuses else None,
        ),
    )


def _refuse_two_numbers(known: pd.DataFrame, label: str) -> None:
    codes, residents = known["ward_code"], known["population"]
    other = residents != residents.groupby(codes).transform("first")
    if other.any():
        row = known.index[other][0]
        first = known.index[codes == codes[row]][0]
        raise DataError(
            f"A ward has one number of residents; {codes[row]} has {residents[first]:,.10g} in row {first} of {label} "
            f"and {residents[row]:,.10g} in row {row}, and {codes[other].nunique():,} in all have several. "
            "Keep one row to a ward: of several years the latest, of sexes or ages their sum."
        )

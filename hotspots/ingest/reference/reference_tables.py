"""The one table needed from a file of any kind, found by the usual names of its columns."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from hotspots.errors import DataError
from hotspots.ingest.formats import (
    TABLE_SUFFIXES,
    FoundFile,
    InputFile,
    Table,
    explain_unpacking,
    find_files,
    list_members,
    open_tables,
)
from hotspots.ingest.incidents import describe_columns
from hotspots.ingest.texts import read_status, show_form

SUFFIXES = (*TABLE_SUFFIXES, ".zip")

# The usual names of a column that several kinds of file have, in order of preference.
STATUS_NAMES = ("data_?status",)

_MAX_NUMBER = 1_000_000_000
"""More than live in any area, or are recorded there: beyond it a number is a slip, or something else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableForm:
    """The form of a kind of table.

    Attributes:
        table: What it is called as an input.
        holds: What its rows are of, in the plural.
        rule: What it needs, in words.
        needed: The columns that it needs, with what each holds in the plural.
        find: The columns of a header by what they hold, the likeliest first.
        look: The same of a table, by what its columns hold as well; by default by its header alone.
        hint: What to do with a file that is not a table, besides saving it as one.
        preferred: A word in the name of a sheet that decides where several would do.
    """

    table: Literal["population", "term dates", "peers"]
    holds: str
    rule: str
    needed: Mapping[str, str]
    find: Callable[[Sequence[str]], dict[str, list[str]]]
    look: Callable[[Table], dict[str, list[str]]] | None = None
    hint: str = ""
    preferred: str | None = None

    def find_in(self, table: Table) -> dict[str, list[str]]:
        """The columns of a table by what they hold, the likeliest first."""
        return self.look(table) if self.look else self.find(table.header)

    def list_missing(self, table: Table) -> list[str]:
        """The columns needed that a table has not."""
        found = self.find_in(table)
        return [name for name in self.needed if not found.get(name)]

    def fits(self, header: Sequence[str]) -> bool:
        """Whether a header has all columns needed."""
        found = self.find(header)
        return all(found.get(name) for name in self.needed)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceTable:
    """The table that was found.

    Attributes:
        label: What to call it in a message.
        columns: Its columns by what they hold, the likeliest first.
        texts: All rows of these columns as text, on their number in the file.
        input: The file that it was read from.
    """

    label: str
    columns: dict[str, list[str]]
    texts: pd.DataFrame
    input: InputFile


def read_reference_table(path: Path, form: TableForm) -> ReferenceTable:
    """Read the one table of a form that a path stands for.

    Args:
        path: Text with columns, Excel or Parquet, also zipped; or a folder of them.
        form: What the table is made of.

    Raises:
        NotFoundError: The path does not exist.
        DataError: It holds no such table, or several; or a row has other fields than the header.
    """
    tables = [
        (file, table) for file in find_files([path], suffixes=SUFFIXES, what=form.holds) for table in _open(file, form)
    ]
    fitting = [(file, table) for file, table in tables if not form.list_missing(table)]
    if not fitting:
        raise DataError(_say_missing(path, [table for _, table in tables], form))
    # what a column is called says more than what is in it
    fitting = [one for one in fitting if form.fits(one[1].header)] or fitting
    if len(fitting) > 1 and form.preferred:
        said = [form.preferred in (table.part or "").casefold() for _, table in fitting]
        fitting = [fitting[said.index(True)]] if sum(said) == 1 else fitting
    if len(fitting) > 1:
        raise DataError(
            f"{form.holds.capitalize()} are read from one table; {path.name} holds {len(fitting)} that could be meant: "
            f"{', '.join(table.label for _, table in fitting)}. Save the right one to a file of its own."
        )
    file, table = fitting[0]
    columns = {name: found for name, found in form.find_in(table).items() if found}
    statuses = find_columns(table.header, STATUS_NAMES)[:1]
    wanted = [*dict.fromkeys(name for found in columns.values() for name in found), *statuses]
    with explain_unpacking(table.label), file.opened():
        texts = table.read_whole(wanted)
    return ReferenceTable(
        label=table.label,
        columns=columns,
        texts=texts.drop(columns=statuses),
        input=InputFile(
            path=file.shown,
            table=form.table,
            sha256=file.sha256,
            n_rows=len(texts),
            layout=form.table,
            data_status=read_status(texts[statuses[0]]) if statuses else None,
        ),
    )


def _open(file: FoundFile, form: TableForm) -> list[Table]:
    if not file.path.name.lower().endswith(SUFFIXES):
        raise DataError(
            f"{form.holds.capitalize()} are read from a table, a file ending in {', '.join(SUFFIXES)}; {file.label} "
            f"does not. Save it as CSV.{form.hint}"
        )
    tables: list[Table] = []
    with file.opened():
        for member in list_members(file, suffixes=TABLE_SUFFIXES):
            with explain_unpacking(member.label):
                tables += open_tables(member, is_header=form.fits)
    return tables


def _say_missing(path: Path, tables: Sequence[Table], form: TableForm) -> str:
    if not tables:
        return f"{path.name} is empty: it holds no table with anything in it. Give the table of {form.holds}."
    nearest = min(tables, key=lambda table: len(form.list_missing(table)))
    missing = form.list_missing(nearest)
    nouns = ", ".join(form.needed[name] for name in missing)
    return (
        f"{form.rule}; {nearest.label} has none of {nouns}. {describe_columns(nearest.header, lead='Its columns are')} "
        f"Rename the one that holds the {form.needed[missing[0]]} to {missing[0]}."
    )


def find_columns(columns: Sequence[str], patterns: Sequence[str]) -> list[str]:
    """The columns whose whole name, blanks and hyphens as underscores, matches a pattern; in the patterns' order."""
    names = {column: re.sub(r"[\s-]+", "_", column.strip()) for column in columns}
    found = [
        column
        for pattern in patterns
        for column, name in names.items()
        if re.fullmatch(pattern, name, flags=re.IGNORECASE)
    ]
    return list(dict.fromkeys(found))


def parse_counts(texts: pd.Series, *, label: str, each: str, noun: str = "A population") -> pd.Series:
    """Numbers of residents, or of anything else that is counted, from text; missing stays missing.

    Args:
        texts: Text or missing. Its index is the number of each row or feature in the file, its name that of the column.
        label: What to call the file in a message.
        each: What the index counts: "row" or "feature".
        noun: What one of the numbers is, at the beginning of a message.

    Raises:
        DataError: A text is not a number of 0, or of 1 to 1,000,000,000.
    """
    numbers = pd.to_numeric(texts, errors="coerce").astype("float64")
    rules = {
        "a number from 0 up, in digits alone": texts.notna() & ~(numbers.ge(0) & np.isfinite(numbers)),
        f"at most {_MAX_NUMBER:,}": numbers > _MAX_NUMBER,
        "0, or 1 and more": (numbers > 0) & (numbers < 1),
    }
    for rule, wrong in rules.items():
        if wrong.any():
            first = texts.index[wrong][0]
            raise DataError(
                f"{noun} must be {rule}; {each} {first} of {label} has "
                f"{show_form(texts[first])} in {texts.name}, and {int(wrong.sum())} in all are wrong. Correct or clear "
                "them."
            )
    return numbers

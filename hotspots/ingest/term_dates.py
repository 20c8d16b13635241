"""Term dates: a table of the stretches of term, with half-terms and training days taken out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from hotspots.errors import DataError
from hotspots.ingest.files import FoundFile, InputFile, explain_unpacking, find_files, list_members
from hotspots.ingest.parsing import read_status
from hotspots.ingest.records import ReadingOptions
from hotspots.ingest.sources import MEMBER_SUFFIXES, open_tables
from hotspots.ingest.tables import Table
from hotspots.ingest.times import guess_date_order, parse_times

SUFFIXES = (*MEMBER_SUFFIXES, ".zip")

TERM_COLUMNS = ("first_day", "last_day", "name")

# The usual names of each column, in order of preference.
_NAMES = {
    "first_day": (r"(first|start|starting|begin|beginning|opening)(_?(day|date))?", r"(date_?)?from", r"starts|begins"),
    "last_day": (r"(last|end|ending|finish|closing)(_?(day|date))?", r"(date_?)?(to|until)", r"ends|finishes"),
    "name": ("name", "term", "term_?name", "title", "description", "event", "period"),
    "kind": ("kind", "type", "category"),
    "data_status": (r"data_?status",),
}
_HALF_TERM = re.compile(r"half[\s_-]*term", flags=re.IGNORECASE)
_NO_SCHOOL = re.compile(
    r"holiday|\binset\b|training|staff|non[\s_-]*pupil|break|closed|closure|vacation|occasional|in-service",
    flags=re.IGNORECASE,
)
_DAYS = ("day", "minute")
_MAX_HALF_TERM_DAYS = 21
"""A half-term holiday is a week or two; the half of a term, which bears the same name, is a month or more."""

_ONE_DAY = pd.Timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class TermDates:
    """What came out of a table of term dates.

    Attributes:
        stretches: `first_day`, `last_day` (datetime64[s], midnight), `name` (text, missing where there is none):
            stretches of term without a gap, in order, none overlapping.
        input: The file read.
    """

    stretches: pd.DataFrame
    input: InputFile


def read_term_dates(path: Path) -> TermDates:
    """Read when schools are in term.

    Each row is a stretch of days, both ends included. What lies between two stretches of term is holiday, so a file
    may give each half of a term a row; or it may give whole terms, and rows for the half-terms, holidays and days
    without pupils (INSET, training), which are taken out of the term around them. A row says which it is by its kind,
    otherwise by its name: one of holiday, INSET, training, closed and the like is no term, and one called half-term is
    none if it is of three weeks or less. A day without pupils may give its first day alone.

    The columns are known by their usual names (`first_day`, `start`, `from` ...; `last_day`, `end`, `to` ...; `name`,
    `term` ...; `kind`, `type`), dates are ISO or have the day first. Rows that are blank in all of these columns are
    passed over.

    Terms differ between boroughs, academies and independent schools: one file speaks for the schools it names, and a
    border borough has pupils of several.

    Args:
        path: Text with columns, Excel or Parquet, also zipped, with one table of term dates.

    Raises:
        NotFoundError: The path does not exist.
        DataError: The file is empty or lacks a column, a date cannot be read, a stretch ends before it starts, two
            terms overlap, or no term is left.
    """
    file, table, columns = _find_table(path)
    with explain_unpacking(table.label):
        rows = _read_rows(table, columns)
    is_term = _find_terms(rows)
    terms = rows[is_term].sort_values(["first_day", "last_day"], kind="stable")
    _refuse_overlap(terms, table.label)
    stretches = _take_out(terms, rows[~is_term])
    if stretches.empty:
        raise DataError(
            f"Term dates need a stretch of term; the {len(rows)} rows of {table.label} leave none. Give a row to each "
            'term, with its first and last day, and call it "term" in a column "kind".'
        )
    return TermDates(
        stretches=stretches,
        input=InputFile(
            path=file.label,
            table="term dates",
            sha256=file.sha256,
            n_rows=len(rows),
            layout="term dates",
            data_status=read_status(rows["data_status"]),
        ),
    )


def _find_table(path: Path) -> tuple[FoundFile, Table, dict[str, str]]:
    """The only table that can be of term dates, and the column of each part."""
    tables: list[tuple[FoundFile, Table]] = []
    for file in find_files([path], suffixes=SUFFIXES, what="term dates"):
        if not file.path.name.lower().endswith(SUFFIXES):
            raise DataError(
                f"Term dates are read from a table, a file ending in {', '.join(SUFFIXES)}; {file.label} does not. "
                "Save it as CSV."
            )
        for member in list_members(file, suffixes=MEMBER_SUFFIXES):
            with explain_unpacking(member.label):
                tables += [(file, table) for table in open_tables(member, ReadingOptions())]
    found = [(file, table, _find_columns(table.header)) for file, table in tables]
    fitting = [one for one in found if {"first_day", "last_day"} <= set(one[-1])]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise DataError(
            f"Term dates are read from one table; {path.name} holds {len(fitting)} that could be meant: "
            f"{', '.join(table.label for _, table, _ in fitting)}. Save them as one table in a file of its own."
        )
    if not tables:
        raise DataError(f"{path.name} is empty: it holds no table with anything in it. Give the table of term dates.")
    _, table, columns = found[0]
    missing = "first day" if "first_day" not in columns else "last day"
    raise DataError(
        "Term dates need a column of first days (first_day, start, from ...) and one of last days (last_day, end, "
        f"to ...); {table.label} has none of {missing}s. Its columns are {', '.join(table.header)}. "
        f"Rename the one that holds the {missing}s to {missing.replace(' ', '_')}."
    )


def _find_columns(header: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for part, patterns in _NAMES.items():
        for pattern in patterns:
            for column in header:
                name = re.sub(r"[\s-]+", "_", column.strip())
                if part not in found and re.fullmatch(rf"(?:(?:term|holiday)_)?(?:{pattern})", name, re.IGNORECASE):
                    found[part] = column
    return found


def _read_rows(table: Table, columns: dict[str, str]) -> pd.DataFrame:
    """What each row says, on its number in the file; blank rows are left out."""
    chunks = list(table.read(list(columns.values())))
    malformed = next(((row, n) for chunk in chunks for row, n in chunk.malformed if n > 1), None)
    if malformed:
        raise DataError(
            f"Each row must have the fields of the header, {len(table.header)}; row {malformed[0]} of {table.label} "
            f"has {malformed[1]}. Put texts that hold a comma in quotes."
        )
    parts = [pd.DataFrame(chunk.columns).set_axis(chunk.row).astype("object") for chunk in chunks]
    texts = pd.concat([pd.DataFrame(columns=list(columns.values()), dtype="object"), *parts])
    texts = texts.rename(columns={column: part for part, column in columns.items()}).dropna(how="all")
    if texts.empty:
        raise DataError(f"{table.label} is empty: no row is below its header. Give a row to each term.")
    rows = pd.DataFrame(index=texts.index)
    is_one_day = texts["last_day"].isna() & ~texts["first_day"].isna()
    written = [texts[part].astype("category") for part in ("first_day", "last_day")]
    order, _ = guess_date_order(written)
    for part, column in zip(("first_day", "last_day"), written, strict=True):
        times = parse_times(column, date_order=order)
        is_day = pd.Series(times.precision, index=texts.index)[times.at.notna()].reindex(texts.index).isin(_DAYS)
        unread = ~is_day & ~is_one_day if part == "last_day" else ~is_day
        if unread.any():
            row = int(texts.index.to_numpy()[unread.to_numpy()][0])
            given = "nothing" if texts[part].isna()[row] else f'"{texts[part][row]}"'
            raise DataError(
                f"A stretch of term has a first and a last day; row {row} of {table.label} has {given} in "
                f"{columns[part]}, and {int(unread.sum())} in all cannot be read. Write 1/9/2025 or 2025-09-01."
            )
        rows[part] = times.at.dt.floor("D")
    rows["last_day"] = rows["last_day"].where(~is_one_day, rows["first_day"])
    for part in ("name", "kind", "data_status"):
        rows[part] = texts[part] if part in texts else pd.Series(None, index=texts.index, dtype="object")
    backwards = rows["last_day"] < rows["first_day"]
    if backwards.any():
        row = int(rows.index.to_numpy()[backwards.to_numpy()][0])
        raise DataError(
            f"A stretch of term ends on or after the day it starts; row {row} of {table.label} runs from "
            f"{_say(rows, row)}, and {int(backwards.sum())} in all "
            "end before they start. Correct them."
        )
    _refuse_terms_without_end(rows[is_one_day & _find_terms(rows)], table.label)
    return rows


def _find_terms(rows: pd.DataFrame) -> pd.Series:
    """Whether each row is term, by its kind if it says one, otherwise by its name."""
    words = rows["kind"].where(rows["kind"].notna(), rows["name"])
    words = pd.Series([word if isinstance(word, str) else "" for word in words], index=rows.index, dtype="object")
    is_short = (rows["last_day"] - rows["first_day"]).dt.days < _MAX_HALF_TERM_DAYS
    is_half_term = words.str.contains(_HALF_TERM).astype(bool) & is_short
    is_term: pd.Series = ~(words.str.contains(_NO_SCHOOL).astype(bool) | is_half_term)
    return is_term


def _refuse_terms_without_end(rows: pd.DataFrame, label: str) -> None:
    if len(rows):
        raise DataError(
            f"A term has a first and a last day; row {rows.index[0]} of {label} has no last day. Give it, or say by "
            'its kind that it is a day without pupils ("INSET").'
        )


def _refuse_overlap(terms: pd.DataFrame, label: str) -> None:
    first, last = terms["first_day"].to_numpy()[1:], terms["last_day"].to_numpy()[:-1]
    wrong = (first <= last).nonzero()[0]
    if len(wrong):
        one, other = terms.index[wrong[0]], terms.index[wrong[0] + 1]
        raise DataError(
            f"Stretches of term do not overlap; those of rows {one} and {other} of {label} do: {_say(terms, one)} and "
            f"{_say(terms, other)}. Keep the terms of one kind of school, and give a holiday its kind."
        )


def _say(rows: pd.DataFrame, row: int) -> str:
    return f"{rows['first_day'][row]:%Y-%m-%d} to {rows['last_day'][row]:%Y-%m-%d}"


def _take_out(terms: pd.DataFrame, others: pd.DataFrame) -> pd.DataFrame:
    """The terms without the days of the other rows."""
    stretches: list[tuple[pd.Timestamp, pd.Timestamp, object]] = []
    others = others.sort_values("first_day", kind="stable")
    holidays = list(zip(others["first_day"], others["last_day"], strict=True))
    for first, last, name in zip(terms["first_day"], terms["last_day"], terms["name"], strict=True):
        start = first
        for out_first, out_last in holidays:
            if out_last < start or out_first > last:
                continue
            if out_first > start:
                stretches.append((start, out_first - _ONE_DAY, name))
            start = out_last + _ONE_DAY
        if start <= last:
            stretches.append((start, last, name))
    frame = pd.DataFrame(stretches, columns=list(TERM_COLUMNS))
    return frame.astype({"first_day": "datetime64[s]", "last_day": "datetime64[s]", "name": "object"})

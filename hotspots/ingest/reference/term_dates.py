"""Term dates: a table of the stretches of term, with half-terms and training days taken out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from hotspots.errors import DataError
from hotspots.ingest.formats import InputFile
from hotspots.ingest.reference.reference_tables import (
    ReferenceTable,
    TableForm,
    find_columns,
    read_reference_table,
)
from hotspots.ingest.texts import parse_times, release_names, show_form

TERM_COLUMNS = ("first_day", "last_day", "name")

# The usual names of each column, in order of preference.
_NAMES = {
    "first_day": (r"(first|start|starting|begin|beginning|opening)(_?(day|date))?", r"(date_?)?from", r"starts|begins"),
    "last_day": (r"(last|end|ending|finish|closing)(_?(day|date))?", r"(date_?)?(to|until)", r"ends|finishes"),
    "name": ("name", "term", "term_?name", "title", "description", "event", "period"),
    "kind": ("kind", "type", "category"),
}


def _find_columns(header: Sequence[str]) -> dict[str, list[str]]:
    return {
        part: find_columns(header, [rf"(?:(?:term|holiday)_)?(?:{pattern})" for pattern in patterns])
        for part, patterns in _NAMES.items()
    }


_FORM = TableForm(
    table="term dates",
    holds="term dates",
    rule="Term dates need a column of first days (first_day, start, from ...) and one of last days (last_day, end, "
    "to ...)",
    needed={"first_day": "first days", "last_day": "last days"},
    find=_find_columns,
)


def _compile_words(pattern: str) -> re.Pattern[str]:
    """Whole words: Staffordshire is no staff, and INSET2 and bank_holiday are what they say."""
    return re.compile(rf"(?<![^\W\d_])(?:{pattern})(?![^\W\d_])", flags=re.IGNORECASE)


_TERM = _compile_words("terms?")
_HALF_TERM = _compile_words(r"half[\s_-]*terms?")
_HOLIDAY = _compile_words("holidays?|breaks?|closed|closures?|vacations?")
_WITHOUT_PUPILS = _compile_words(r"insets?|training|staff|non[\s_-]*pupils?|occasional|in[\s_-]service")
_DAYS = ("day", "minute")
_MAX_SHORT_DAYS = 21
"""A half-term holiday is a week or two; the half of a term, which bears the same name, is a month or more."""

_MAX_HOLIDAY_DAYS = 50
"""The longest of the year, in summer, is of six or seven weeks."""

_MAX_STRETCH_DAYS = 366
_YEARS = (1900, 2100)
_ONE_DAY = pd.Timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class TermDates:
    """Term dates read from a table.

    Attributes:
        stretches: `first_day`, `last_day` (datetime64[s], midnight), `name` (text, missing where there is none):
            stretches of term without a gap, in order, none overlapping.
        input: The file read.
    """

    stretches: pd.DataFrame
    input: InputFile


def read_term_dates(path: Path) -> TermDates:
    """Read when schools are in term.

    Each row is a stretch of days, both ends included. What lies between two stretches of term is holiday, so a file may
    give each half of a term a row; or it may give whole terms, and rows for the half-terms, holidays and days without
    pupils (INSET, training), which are taken out of the term around them. A row says which it is by its kind, otherwise
    by its name. A kind with a word such as holiday, closed, INSET or training is not a term, whatever its length. A
    name may hold such a word and be that of a term ("Autumn, INSET 1 September"), so it is no term only if it is of
    three weeks or less, or with a word for a holiday of 50 days or less. Half-term, as a kind or a name, is a holiday
    if it is of three weeks or less, otherwise half of a term. A day without pupils may give its first day alone.

    The columns are known by their usual names (`first_day`, `start`, `from` ...; `last_day`, `end`, `to` ...; `name`,
    `term` ...; `kind`, `type`), dates are ISO or have the day first. Rows that are blank in all of these columns are
    passed over.

    A list of holidays without a word that says so would turn the year inside out. It is known by its short stretches
    with long times between them, and refused; so are real terms of which only a few short ones are given, unless their
    kind says that they are terms.

    Terms differ between boroughs, academies and independent schools: one file applies to the schools it names, and a
    border borough has pupils of several.

    Args:
        path: Text with columns, Excel or Parquet, also zipped, with one table of term dates.

    Raises:
        NotFoundError: The path does not exist.
        DataError: The file is empty or lacks a column; a date cannot be read, has the month first or is of a year
            outside 1900 to 2100; a stretch ends before it starts or is longer than a year; a row may be a term or a
            holiday; two terms overlap; the rows look like holidays; or no term is left.
    """
    table = read_reference_table(path, _FORM)
    rows = _read_rows(table)
    is_term = _find_terms(rows)
    terms = rows[is_term].sort_values(["first_day", "last_day"], kind="stable")
    _refuse_overlap(terms, table.label)
    _refuse_holidays(terms, rows, table.label)
    stretches = _take_out(terms.assign(name=release_names(terms["name"])), rows[~is_term])
    if stretches.empty:
        raise DataError(
            f"Term dates need at least one term; the {len(rows)} rows of {table.label} leave none. Give a row to each "
            'term, with its first and last day, and call it "term" in a column "kind".'
        )
    return TermDates(stretches=stretches, input=table.input)


def _read_rows(table: ReferenceTable) -> pd.DataFrame:
    """What each row says, on its number in the file; blank rows are left out."""
    columns = {part: found[0] for part, found in table.columns.items()}
    texts = table.texts[list(columns.values())].set_axis(list(columns), axis="columns").dropna(how="all")
    if texts.empty:
        raise DataError(f"{table.label} is empty: no row is below its header. Give a row to each term.")
    rows = pd.DataFrame(index=texts.index)
    is_one_day = texts["last_day"].isna() & ~texts["first_day"].isna()
    for part in ("first_day", "last_day"):
        times = parse_times(texts[part].astype("category"), date_order="day-first")
        is_day = pd.Series(times.precision, index=texts.index)[times.at.notna()].reindex(texts.index).isin(_DAYS)
        unread = ~is_day & ~is_one_day if part == "last_day" else ~is_day
        if unread.any():
            _refuse_unread(texts.loc[unread, part], columns[part], table.label)
        rows[part] = times.at.dt.floor("D")
        _refuse_years(rows[part], texts[part], columns[part], table.label)
    rows["last_day"] = rows["last_day"].where(~is_one_day, rows["first_day"])
    for part in ("name", "kind"):
        rows[part] = texts[part] if part in texts else pd.Series(None, index=texts.index, dtype="object")
    backwards = rows["last_day"] < rows["first_day"]
    if backwards.any():
        row = int(rows.index.to_numpy()[backwards.to_numpy()][0])
        raise DataError(
            f"A term or holiday must end on or after its first day; row {row} of {table.label} ends before, and "
            f"{int(backwards.sum())} in all do. Correct them."
        )
    _refuse_long_stretches(rows, table.label)
    _refuse_terms_without_end(rows[is_one_day & _find_terms(rows)], table.label)
    _refuse_unclear(rows, table.label)
    return rows


def _refuse_unread(texts: pd.Series, column: str, label: str) -> None:
    row, text, n = int(texts.index[0]), texts.iloc[0], len(texts)
    month_first = parse_times(texts.iloc[:1].astype("category"), date_order="month-first")
    if month_first.precision[0] in _DAYS:
        raise DataError(
            f"Dates must be ISO or have the day first; row {row} of {label} has the month first in {column}, and {n} "
            "in all cannot be read. Write every date as 2025-09-01."
        )
    raise DataError(
        f"A term or holiday needs a first and a last day; row {row} of {label} has {show_form(text)} in {column}, and "
        f"{n} in all cannot be read. Write 1/9/2025 or 2025-09-01."
    )


def _refuse_years(days: pd.Series, texts: pd.Series, column: str, label: str) -> None:
    first, last = _YEARS
    wrong = days.notna() & ~days.dt.year.between(first, last)
    if wrong.any():
        row = int(days.index[wrong][0])
        raise DataError(
            f"Term dates must lie in the years {first} to {last}; row {row} of {label} has "
            f"{show_form(texts[row])} in {column}, and {int(wrong.sum())} in all lie outside. Correct the year."
        )


def _refuse_long_stretches(rows: pd.DataFrame, label: str) -> None:
    n_days = _count_days(rows)
    wrong = n_days > _MAX_STRETCH_DAYS
    if wrong.any():
        row = int(rows.index[wrong][0])
        raise DataError(
            f"A term or holiday must not last over {_MAX_STRETCH_DAYS} days; row {row} of {label} lasts "
            f"{n_days[row]:,}, and {int(wrong.sum())} in all are longer. Correct the year, or give each term a row."
        )


def _count_days(rows: pd.DataFrame) -> pd.Series:
    n_days: pd.Series = (rows["last_day"] - rows["first_day"]).dt.days + 1
    return n_days


def _find_terms(rows: pd.DataFrame) -> pd.Series:
    """Whether each row is term, by its kind if it says one, otherwise by its name."""
    n_days, has_kind = _count_days(rows), rows["kind"].notna()
    words = _as_text(rows["kind"].where(has_kind, rows["name"]))
    is_short, is_within_holiday = n_days <= _MAX_SHORT_DAYS, n_days <= _MAX_HOLIDAY_DAYS
    is_term: pd.Series = ~(
        (_hold(words, _HOLIDAY) & (has_kind | is_within_holiday))
        | (_hold(words, _WITHOUT_PUPILS) & (has_kind | is_short))
        | (_hold(words, _HALF_TERM) & is_short)
    )
    return is_term


def _as_text(words: pd.Series) -> pd.Series:
    return pd.Series([word if isinstance(word, str) else "" for word in words], index=words.index, dtype="object")


def _hold(words: pd.Series, pattern: re.Pattern[str]) -> pd.Series:
    return words.str.contains(pattern).astype(bool)


def _say_term(words: pd.Series) -> pd.Series:
    """Whether texts hold the word term, other than as half-term."""
    return _hold(_as_text(words).str.replace(_HALF_TERM, " ", regex=True), _TERM)


def _refuse_unclear(rows: pd.DataFrame, label: str) -> None:
    """Refuse what is named a term and a holiday, and could be either by its length."""
    wrong = (
        rows["kind"].isna()
        & _say_term(rows["name"])
        & _hold(_as_text(rows["name"]), _HOLIDAY)
        & _count_days(rows).between(_MAX_SHORT_DAYS + 1, _MAX_HOLIDAY_DAYS)
    )
    if wrong.any():
        row = int(rows.index[wrong][0])
        raise DataError(
            f"A row must be clearly a term or a holiday; row {row} of {label}, of {_count_days(rows)[row]} days, may "
            f'be either by its name, and {int(wrong.sum())} in all may. Write "term" or "holiday" in a column "kind".'
        )


def _refuse_holidays(terms: pd.DataFrame, rows: pd.DataFrame, label: str) -> None:
    """Refuse what is taken for terms if all are short and lie far apart, unless their kind says that they are."""
    n_days = _count_days(terms)
    if terms.empty or n_days.max() > _MAX_HOLIDAY_DAYS or _say_term(terms["kind"]).all():
        return
    n_in = int(n_days.sum())
    n_between = (rows["last_day"].max() - rows["first_day"].min()).days + 1 - n_in
    if n_between > n_in:
        row = int(terms.index[0])
        raise DataError(
            f"Term dates must list the terms, and the rows of {label} look like holidays: none is longer than "
            f"{n_days.max()} days, and they hold {n_in} days and leave out {n_between}; the first is row {row}. "
            'Give a row to each term, and write "holiday" in a column "kind" for each holiday; if these are terms, '
            'write "term" there.'
        )


def _refuse_terms_without_end(rows: pd.DataFrame, label: str) -> None:
    if len(rows):
        raise DataError(
            f"A term needs a first and a last day; row {rows.index[0]} of {label} has no last day. Give it, "
            'or mark it as a day without pupils by its kind ("INSET").'
        )


def _refuse_overlap(terms: pd.DataFrame, label: str) -> None:
    first, last = terms["first_day"].to_numpy()[1:], terms["last_day"].to_numpy()[:-1]
    wrong = (first <= last).nonzero()[0]
    if len(wrong):
        one, other = terms.index[wrong[0]], terms.index[wrong[0] + 1]
        raise DataError(
            f"Terms must not overlap; those of rows {one} and {other} of {label} do. Keep the terms of one kind of "
            "school, and give a holiday its kind."
        )


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

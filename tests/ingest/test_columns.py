from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotspots.ingest.texts.columns import count_letters, is_padded, map_texts, map_unique, spread_texts, strip_blanks

BLANKS = [" ", "\t", "\r\n", "\x0b", "\x1c", "\x1f", "\x85", "\u00a0", "\u1680", "\u2003", "\u2028", "\u202f", "\u3000"]
NOT_BLANK = ["\u200b", "\ufeff", "\u180e", "\x00", "\x1b", "\u2800", "\u3164"]
"""What looks like nothing or begins a file, and is no blank to Python."""

texts = st.lists(
    st.none() | st.lists(st.sampled_from([*BLANKS, *NOT_BLANK, "a", "é", "\U0001f6b2"]), max_size=6).map("".join),
    max_size=12,
)


def hold(values: list[str | None], kind: pa.DataType) -> pa.Array:
    return pa.array(values, type=kind)


@given(texts, st.sampled_from([pa.string(), pa.large_string()]))
@settings(max_examples=60)
def test_texts_are_stripped_as_python_strips_them(values: list[str | None], kind: pa.DataType) -> None:
    stripped = [None if text is None else text.strip() for text in values]
    column = hold(values, kind)
    assert strip_blanks(column).to_pylist() == stripped
    assert is_padded(column) == (stripped != values)
    assert not is_padded(strip_blanks(column))


def test_every_blank_that_there_is_is_taken_away_and_nothing_else() -> None:
    every = [chr(code) for code in range(0x10000) if not 0xD800 <= code < 0xE000]
    assert not any(chr(code).isspace() for code in range(0x10000, sys.maxunicode + 1))
    around = strip_blanks(pa.array(f"{character}a b{character}" for character in every)).to_pylist()
    assert around == [f"{character}a b{character}".strip() for character in every]


@pytest.mark.parametrize("blank", BLANKS)
def test_one_padded_text_among_many_is_noticed_at_either_end(blank: str) -> None:
    for padded in (f"{blank}x", f"x{blank}", blank, f"{blank}{blank}"):
        assert is_padded(pa.array(["x", None, f"x{blank}x", "", padded]))
    assert not is_padded(pa.array(["x", None, f"x{blank}x", ""]))


def test_no_texts_at_all_are_not_padded() -> None:
    for nothing in (pa.array([], pa.string()), pa.array([None, None], pa.string())):
        assert is_padded(nothing) is False
        assert strip_blanks(nothing).equals(nothing)


# --- each distinct text once


def mark(distinct: pd.Series) -> pd.Series:
    """Something of several results: missing for some, and the same for texts that differ."""
    return distinct.where(distinct != "", None).str.casefold()


def to_column(values: list[str | None], *, more: list[str] | None = None) -> pd.Series:
    kinds = pd.Index([*(more or []), *dict.fromkeys(text for text in values if text is not None)], dtype="object")
    codes = [-1 if text is None else kinds.get_loc(text) for text in values]
    return pd.Series(
        pd.Categorical.from_codes(np.array(codes, dtype=np.int64), categories=kinds),
        index=pd.RangeIndex(7, 7 + len(values)),
    )


@given(st.lists(st.none() | st.sampled_from(["A", "a", " a\u3000", "b", "", "\x85", "Ä", "9"]), max_size=15))
@settings(max_examples=40)
def test_texts_are_mapped_as_row_by_row(values: list[str | None]) -> None:
    column = to_column(values)
    mapped = map_texts(column, mark)
    expected = [None if text is None or not text.strip() else text.strip().casefold() for text in values]
    assert [None if pd.isna(text) else text for text in mapped] == expected
    assert isinstance(mapped.dtype, pd.CategoricalDtype)
    assert mapped.cat.categories.is_unique
    pd.testing.assert_index_equal(mapped.index, column.index)
    if len(column.cat.categories):
        as_unique = map_unique(column, mark)
        assert [None if pd.isna(text) else text for text in as_unique] == expected


def test_each_text_is_converted_once_and_stripped() -> None:
    seen: list[list[str]] = []

    def note(distinct: pd.Series) -> pd.Series:
        seen.append(distinct.tolist())
        return distinct

    column = to_column(["b ", "a", None, "b ", "a"])
    before = column.copy()
    assert map_texts(column, note).tolist()[:2] == ["b", "a"]
    assert seen == [["b", "a"]]
    pd.testing.assert_series_equal(column, before)


@pytest.mark.parametrize("values", [[], [None, None]])
def test_a_column_of_missing_texts_is_converted_by_nobody(values: list[str | None]) -> None:
    def fail(distinct: pd.Series) -> pd.Series:
        raise AssertionError(distinct)

    mapped = map_texts(to_column(values), fail)
    assert len(mapped) == len(values)
    assert mapped.isna().all()


def test_texts_that_all_become_missing_leave_a_column_of_missing_ones() -> None:
    mapped = map_texts(to_column(["a", None, "b"]), lambda distinct: distinct.map(lambda _: None))
    assert mapped.isna().all()
    assert len(mapped.cat.categories) == 0


# --- the longest text


@pytest.mark.parametrize(
    ("values", "n_letters"),
    [([], 0), ([None], 0), ([""], 0), (["", "abc", None, "ab"], 3), (["\U0001f6b2é\u3000"], 3), (["e\u0301"], 2)],
)
def test_letters_are_counted_as_python_counts_them(values: list[str | None], n_letters: int) -> None:
    assert count_letters(to_column(values)) == n_letters == max((len(text) for text in values if text), default=0)


def test_a_text_that_is_on_no_row_is_of_the_column_still() -> None:
    assert count_letters(to_column(["a"], more=["longest"])) == len("longest")
    new = pd.Series(["ab", None, "a"], dtype="string").astype("category")
    assert count_letters(new) == 2


def test_letters_of_plain_text_are_counted_too() -> None:
    plain = pd.Series(pd.arrays.ArrowExtensionArray(pa.chunked_array([pa.array(["ab", None, "abc"])])))
    assert count_letters(plain) == 3


def test_texts_are_spread_over_the_rows_of_the_texts_they_stand_for() -> None:
    column = to_column(["b", None, "a", "b"])
    spread = spread_texts(column, [None if text == "a" else "x" for text in column.cat.categories])
    assert spread.astype("object").fillna("-").tolist() == ["x", "-", "-", "x"]
    assert spread.cat.categories.tolist() == ["x"]

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotspots.errors import DataError
from hotspots.ingest.formats.table import Chunk, Table, as_text, chunk_of_frame, find_header, require_unique


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([1, 2], ["1", "2"]),
        ([536560.0, 0.5, float("nan"), 1e300], ["536560", "0.5", None, "1e+300"]),
        ([True, False], ["true", "false"]),
        (["a", " a ", "", "  ", None], ["a", "a", None, None, None]),
        ([dt.date(2025, 12, 31), dt.time(18, 5)], ["2025-12-31", "18:05:00"]),
        ([pd.Timestamp("2025-12-31 18:05"), pd.NaT], ["2025-12-31T18:05:00", None]),
        ([dt.datetime(2025, 12, 31, 18, 5, tzinfo=dt.UTC)], ["2025-12-31T18:05:00+00:00"]),
        ([Decimal("536560.25"), pd.NA], ["536560.25", None]),
        ([b"bytes", "text"], [None, "text"]),
        ([["a", "list"], {"a": "mapping"}, np.array([1]), "text"], [None, None, None, "text"]),
        ([], []),
    ],
)
def test_values_of_any_type_become_text(values: list[Any], texts: list[str | None]) -> None:
    written = as_text(pd.Series(values, index=range(5, 5 + len(values))))
    assert written.dtype == "category"
    assert [None if pd.isna(text) else text for text in written] == texts
    assert written.index.tolist() == list(range(len(values)))


def test_a_time_of_a_zone_in_a_year_that_no_zone_knows_is_written_all_the_same() -> None:
    far = pd.DatetimeIndex(np.array(["23241-03-03T15:23:17"], dtype="datetime64[s]")).tz_localize("UTC")
    (text,) = as_text(pd.Series(far.astype("datetime64[s, Asia/Tokyo]")))
    assert text in ("23241-03-03T15:23:17", "23241-03-04T00:23:17+09:00")  # in UTC; some versions of pandas know more


@given(st.lists(st.one_of(st.text(), st.integers(), st.floats(), st.booleans(), st.datetimes(), st.none())))
def test_text_of_anything_is_stripped_or_missing(values: list[Any]) -> None:
    written = as_text(pd.Series(values, dtype="object"))
    assert len(written) == len(values)
    assert written.cat.categories.is_unique
    assert all(text and text == text.strip() for text in written.dropna())


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_keep_all_their_digits(number: float) -> None:
    assert float(as_text(pd.Series([number])).iloc[0]) == number


def test_a_header_is_the_first_row_that_is_recognised_or_else_the_first() -> None:
    rows = [["Title"], ["Offence", "Date"], ["Date", "Offence"]]
    assert find_header(rows, lambda row: "Date" in row) == 1
    assert find_header(rows, lambda row: False) == 0
    assert find_header([["Title"]] * 20 + [["Date"]], lambda row: "Date" in row) == 0  # too far down


def test_a_wanted_column_that_is_there_twice_is_refused() -> None:
    require_unique(["a", "b", "b"], {"a"}, label="a.csv")
    with pytest.raises(DataError, match='a.csv has two columns called "b". Rename or remove one.'):
        require_unique(["a", "b", "b"], {"b"}, label="a.csv")


def test_a_chunk_numbers_its_rows() -> None:
    chunk = chunk_of_frame(pd.DataFrame({"a": [1, 2]}), first_row=7)
    assert chunk.row.tolist() == [7, 8]
    assert chunk.columns["a"].tolist() == ["1", "2"]


def test_a_sample_is_the_first_rows_and_empty_where_there_are_none() -> None:
    empty = chunk_of_frame(pd.DataFrame({"a": []}))
    full = chunk_of_frame(pd.DataFrame({"a": range(1500)}))

    def table(*chunks: Chunk) -> Table:
        return Table(label="a", kind="b", sha256="c", header=("a",), read=lambda columns: iter(chunks))

    assert table(empty, full).sample({"a"})["a"].tolist() == [str(n) for n in range(1000)]
    for nothing in (table(), table(empty)):
        assert nothing.sample({"a"})["a"].cat.categories.empty

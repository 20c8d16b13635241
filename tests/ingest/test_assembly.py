from __future__ import annotations

from collections import Counter
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotspots.contracts import INCIDENT_COLUMNS
from hotspots.ingest.incidents.assembly import REJECTED_COLUMNS, assemble, fingerprint_rows
from hotspots.ingest.incidents.record_schema import NO_DATE, RECORDS, REPEATED_ROW, Oddity, make_records

CRS = "EPSG:27700"
DIGEST = "a1" * 32

Row = dict[str, Any]


def describe(**known: Any) -> Row:
    """A row of which only what is given matters."""
    usual = {
        "source": "a.csv",
        "source_row": 1,
        "category": "robbery",
        "started_at": pd.Timestamp("2026-01-05 15:30"),
        "time_precision": "minute",
        "location_precision": "point",
        "location_mark": 0,
        "easting": 530_000.0,
        "northing": 180_000.0,
        "oddities": 0,
    }
    return {**usual, **known}


def tabulate(rows: list[Row], *, n_at_once: int = 1_000_000) -> pa.Table:
    """Records as they come from the tables, in pieces of so many rows."""
    parts = []
    for start in range(0, max(len(rows), 1), n_at_once):
        frame = pd.DataFrame(rows[start : start + n_at_once], columns=["source", *RECORDS.names])
        for name in ("started_at", "ended_at"):
            frame[name] = pd.to_datetime(frame[name]).astype("datetime64[s]")
        frame["is_knife"] = frame["is_knife"].astype("boolean")
        for name in ("oddities", "location_mark", "source_row"):
            frame[name] = frame[name].astype("Int64")
        source = pa.array(frame["source"].tolist(), pa.string()).dictionary_encode()
        parts.append(make_records(frame).append_column("source", source))
    return pa.concat_tables(parts).unify_dictionaries()


def tell_apart(rows: list[Row]) -> tuple[list[str], list[tuple[str, int]], list[str]]:
    """The definition, row by row: names of the incidents, their oddities, and why rows are refused."""
    usable = [row for row in rows if row.get("reason") is None]
    on_rows = Counter((row["source"], row.get("incident_id")) for row in usable)
    names, odd, refused = [], [], []
    contents: set[tuple[Any, ...]] = set()
    ids: set[str] = set()
    n_of_row: Counter[str] = Counter()
    for row in rows:
        if row.get("reason") is not None:
            refused.append(row["reason"])
            continue
        given_id, oddities = row.get("incident_id"), Oddity(0)
        if given_id is not None and on_rows[row["source"], given_id] > 20 and given_id != DIGEST:
            given_id, oddities = None, Oddity.PLACEHOLDER_ID
        if given_id is not None:
            content = (given_id, row["category"], row["easting"])
            if content in contents:
                refused.append(REPEATED_ROW)
                continue
            contents.add(content)
            if given_id in ids:
                oddities = Oddity.CONFLICTING_ID
            ids.add(given_id)
        label = f"{row['source']}:{row['source_row']}"
        n_of_row[label] += 1
        names.append(label if n_of_row[label] == 1 else f"{label}.{n_of_row[label]}")
        odd.append((names[-1], int(oddities)))
    return names, odd, refused


def check(rows: list[Row], *, n_at_once: int = 1_000_000) -> None:
    incidents, remarks, rejected = assemble(tabulate(rows, n_at_once=n_at_once), crs=CRS)
    names, odd, refused = tell_apart(rows)
    assert incidents.index.tolist() == remarks.index.tolist() == names
    assert list(zip(remarks.index, remarks["oddities"], strict=True)) == odd
    assert rejected["reason"].tolist() == refused
    assert len(incidents) + len(rejected) == len(rows)


made_rows = st.lists(
    st.builds(
        describe,
        source=st.sampled_from(["a.csv", "b.csv", "b.csv:1"]),
        source_row=st.integers(1, 12),
        incident_id=st.sampled_from([None, "7", "7 ", "x\x00", "x", "Ä", "A\u0308", DIGEST]),
        category=st.sampled_from(["robbery", "burglary"]),
        easting=st.sampled_from([530_000.0, 530_000.5]),
        reason=st.sampled_from([None, None, None, NO_DATE]),
    ),
    max_size=25,
)


def collide(values: Any, **options: Any) -> np.ndarray:
    """A hash that is the same for all texts."""
    return np.zeros(len(values), dtype=np.uint64)


@given(made_rows, st.sampled_from([4, 30]))
@settings(max_examples=15)
def test_repeats_and_conflicts_are_those_found_row_by_row(rows: list[Row], n_at_once: int) -> None:
    """However the records are cut, and also where all texts have one hash: then the texts themselves are compared."""
    check(rows, n_at_once=n_at_once)
    with mock.patch.object(pd.util, "hash_array", collide):
        check(rows, n_at_once=n_at_once)


@pytest.mark.parametrize("given_id", ["N/A", DIGEST], ids=["words", "digest"])
@pytest.mark.parametrize("n_rows", [20, 21])
def test_an_id_on_more_than_twenty_rows_of_a_table_is_none_unless_it_is_a_digest(given_id: str, n_rows: int) -> None:
    """In another table it may be one; rows without an ID are never repeats."""
    many = [describe(source_row=number, incident_id=given_id) for number in range(1, n_rows + 1)]
    other = [describe(source="b.csv", source_row=number, incident_id=given_id) for number in (1, 2)]
    none = [describe(source="c.csv", source_row=number) for number in range(1, 25)]
    check([*many, *other, *none])
    check([*none, *other, *many], n_at_once=10)


def test_two_rows_of_one_id_and_content_are_one_incident_by_hand() -> None:
    later = {"ended_at": pd.Timestamp("2026-01-05 16:00")}
    incidents, remarks, rejected = assemble(
        tabulate(
            [
                describe(source_row=1, incident_id="7"),
                describe(source_row=2, incident_id="7"),  # the same again
                describe(source_row=3, incident_id="7", **later),
                describe(source_row=4, incident_id="7", **later, reason=NO_DATE),
                describe(source_row=5, incident_id="8"),
                describe(source_row=6),
                describe(source_row=7),
            ]
        ),
        crs=CRS,
    )
    assert incidents.index.tolist() == ["a.csv:1", "a.csv:3", "a.csv:5", "a.csv:6", "a.csv:7"]
    assert remarks["oddities"].tolist() == [0, Oddity.CONFLICTING_ID, 0, 0, 0]
    assert rejected[["source_row", "reason"]].to_numpy().tolist() == [[2, REPEATED_ROW], [4, NO_DATE]]
    assert list(incidents.columns) == list(INCIDENT_COLUMNS)
    assert list(rejected.columns) == list(REJECTED_COLUMNS)
    assert (incidents.geometry.x.tolist(), incidents.geometry.y.tolist()) == ([530_000] * 5, [180_000] * 5)
    assert incidents.crs == CRS


@pytest.mark.parametrize("rows", [[], [describe(incident_id="7", reason=NO_DATE)]])
def test_without_a_row_that_counts_there_are_tables_of_none(rows: list[Row]) -> None:
    incidents, remarks, rejected = assemble(tabulate(rows), crs=CRS)
    assert (len(incidents), len(remarks), len(rejected)) == (0, 0, len(rows))
    assert incidents.index.name == "incident_id"
    assert list(incidents.columns) == list(INCIDENT_COLUMNS)


def test_names_of_many_rows_are_their_tables_and_numbers() -> None:
    """Of more than are named at once; a row that stands for two incidents gives both a name, wherever they lie."""
    n_rows = 100_100
    rows = tabulate([describe(incident_id="7", northing=180_001.0)])
    many = rows.take(pa.array(np.zeros(n_rows, dtype=np.int64)))
    number = np.arange(1, n_rows + 1)
    number[-1] = 1
    position = many.column_names.index
    many = many.set_column(position("source_row"), "source_row", pa.array(number, pa.int32()))
    many = many.set_column(position("incident_id"), "incident_id", pa.nulls(n_rows, pa.string()))
    incidents, _, rejected = assemble(many, crs=CRS)
    assert incidents.index.tolist() == [*(f"a.csv:{row}" for row in range(1, n_rows)), "a.csv:1.2"]
    assert len(rejected) == 0


def test_a_fingerprint_is_of_what_rows_say_and_not_of_how_they_are_kept() -> None:
    rows = [describe(source_row=number, easting=530_000.0 + number, is_knife=None) for number in range(6)]
    same = fingerprint_rows(tabulate(rows))
    assert fingerprint_rows(tabulate(rows, n_at_once=2)) == same
    assert fingerprint_rows(tabulate([{**row, "source": "b.csv", "incident_id": "7"} for row in rows])) == same
    changed = [{**row, "is_knife": row["source_row"] == 3} for row in rows]
    for other in (changed, rows[:-1], rows[::-1], [{**row, "category": "burglary"} for row in rows]):
        assert fingerprint_rows(tabulate(other)) != same

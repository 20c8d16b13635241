"""Pings of patrols: rows with a time and a position, by device and time, without what repeats another or jumps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from hotspots.contracts import PING_COLUMNS
from hotspots.ingest.formats import Columns
from hotspots.ingest.incidents import locate
from hotspots.ingest.reference.patrol_columns import PatrolTable, PatrolTally, says_utc
from hotspots.ingest.reference.ping_times import (
    IMPLAUSIBLE,
    as_arrow,
    choose_readings,
    find_local,
    find_order,
    is_of_another_century,
    read_instants,
)

MAX_SPEED_KMH: Final = 200.0
"""Faster than a police car: a ping that would need more is an error of the receiver."""

REPEATED: Final = "repeated"
JUMPED: Final = "a jump at over 200 km/h"

_MAX_SPEED_MPS: Final = MAX_SPEED_KMH / 3.6
_MIDNIGHT: Final = r"[T ]0?0:00(:00(\.0+)?)?$"


def read_pings(
    layout: PatrolTable, crs: str, time_zone: str, tally: PatrolTally, doubts: list[str], statuses: list[pd.Series]
) -> tuple[pd.DataFrame, int]:
    """The pings of a table that can be used, and how many rows it has; what it says of itself is added to statuses."""
    table = layout.table
    plain = {*layout.start, *layout.others}
    wanted = {name for name in (layout.device, layout.status) if name} - plain
    texts: list[pa.ChunkedArray] = []
    devices: list[pd.Series] = []
    easting: list[npt.NDArray[np.float64]] = []
    northing: list[npt.NDArray[np.float64]] = []
    reasons: list[npt.NDArray[np.object_]] = []
    assert layout.where is not None
    for chunk in table.read_with(wanted, plain=plain):
        tally.n_malformed += len(chunk.malformed)
        if not len(chunk.row):
            continue
        found = locate(chunk.columns, layout.where, stated_crs=table.crs, crs=crs)
        texts.append(_join_times(chunk.columns, layout.start))
        easting.append(found.easting)
        northing.append(found.northing)
        reasons.append(found.reason)
        if layout.device:
            devices.append(chunk.columns[layout.device].astype("object"))
        if layout.status:
            statuses.append(chunk.columns[layout.status].astype("object").drop_duplicates())
    if not texts:
        return _no_rows(), 0
    joined = pa.chunked_array([piece for one in texts for piece in one.chunks])
    texts.clear()  # of millions of pings each column counts
    order = find_order(table.label, joined, doubts)
    times = read_instants(joined, date_order=order, clock=says_utc(layout.start), time_zone=time_zone)
    del joined
    reason = np.where(pd.isna(times.reason), np.concatenate(reasons), times.reason)
    reasons.clear()
    reason[is_of_another_century(times.instant)] = IMPLAUSIBLE
    lost = pd.notna(reason)
    tally.refused.update(Counter(reason[lost].tolist()))
    if layout.device:
        codes, names = pd.factorize(pd.concat(devices, ignore_index=True))
        devices.clear()
        known = [str(name).strip().casefold() for name in names]
        keys = _merge_alike(codes, known)
    else:
        keys = _merge_alike(np.zeros(len(reason), dtype=np.intp), [f"\x1f{table.label}"])
    frame = pd.DataFrame(
        {
            "device": keys,
            "instant": times.instant,
            "second": times.second,
            "easting": np.concatenate(easting),
            "northing": np.concatenate(northing),
        }
    )
    frame = frame[~lost] if lost.any() else frame
    if table.kind == "GPX":
        frame = _join_tracks(frame, table.label)
    return frame, len(reason)


def _merge_alike(codes: npt.NDArray[np.intp], names: Sequence[str]) -> pd.Categorical[str]:
    """Devices of codes of texts of which some are alike; -1, no device at all, is one of its own."""
    merged, distinct = pd.factorize(np.array([*names, ""], dtype=object))
    return pd.Categorical.from_codes(merged[codes], categories=pd.Index(distinct.astype(str), dtype="object"))


def _join_tracks(frame: pd.DataFrame, label: str) -> pd.DataFrame:
    """Tracks of one file that do not overlap are of one device, day after day; others of a device each."""
    spans = frame.groupby("device", observed=True)["instant"].agg(["min", "max"]).sort_values("min")
    is_apart = (spans["min"].iloc[1:].to_numpy() >= spans["max"].iloc[:-1].cummax().to_numpy()).all()
    # no zero character: older pandas takes a text to end there
    names = [f"\x1f{label}" if is_apart else f"\x1f{label}/{track}" for track in frame["device"].cat.categories]
    return frame.assign(device=_merge_alike(frame["device"].cat.codes.to_numpy().astype(np.intp), names))


def _no_rows() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "device": pd.Categorical([]),
            "instant": np.array([], dtype="datetime64[s]"),
            "second": np.array([], dtype="datetime64[s]"),
            "easting": np.array([], dtype=np.float64),
            "northing": np.array([], dtype=np.float64),
        }
    )


def join_pings(parts: list[pd.DataFrame], tally: PatrolTally, time_zone: str) -> pd.DataFrame:
    """All pings by patrol and time, without those that repeat another or jump; takes the parts out of their list."""
    parts[:] = [part for part in parts if len(part)]
    if not parts:
        empty = {name: pd.Series(dtype="float64") for name in PING_COLUMNS}
        kinds = {"patrol": "int64", "at": "datetime64[s]", "instant": "datetime64[s]"}
        return pd.DataFrame(empty).astype(kinds)
    names = sorted({str(name) for part in parts for name in part["device"].cat.categories})
    device = np.concatenate(
        [
            pd.Index(names).get_indexer(part["device"].cat.categories)[part["device"].cat.codes.to_numpy()]
            for part in parts
        ]
    )
    instant, second, easting, northing = (
        np.concatenate([part[name].to_numpy() for part in parts])
        for name in ("instant", "second", "easting", "northing")
    )
    parts.clear()
    for one in np.unique(device[~np.isnat(second)]):
        own = np.flatnonzero(device == one)
        instant[own], n_open = choose_readings(instant[own], second[own])
        tally.n_open_hours += n_open
    # devices by their first ping, and of several at once by their names, so that how files are cut does not matter
    seconds = instant.astype("datetime64[s]").astype(np.int64)
    first = np.full(len(names), np.iinfo(np.int64).max)
    np.minimum.at(first, device, seconds)
    rank = np.empty(len(names), dtype=np.int64)
    rank[np.lexsort((np.arange(len(names)), first))] = np.arange(len(names))
    patrol = rank[device]
    span = int(seconds.max()) - int(seconds.min()) + 1
    order = np.argsort(patrol * span + (seconds - seconds.min()), kind="stable")
    patrol, seconds, easting, northing = patrol[order], seconds[order], easting[order], northing[order]
    is_again = np.zeros(len(order), dtype=bool)
    is_again[1:] = (patrol[1:] == patrol[:-1]) & (seconds[1:] == seconds[:-1])
    tally.refused[REPEATED] += int(is_again.sum())
    if is_again.any():
        patrol, seconds = patrol[~is_again], seconds[~is_again]
        easting, northing = easting[~is_again], northing[~is_again]
    jumps = _find_jumps(patrol, seconds, easting, northing)
    tally.refused[JUMPED] += len(jumps)
    tally.refused += Counter()  # without what is 0
    if len(jumps):
        patrol, seconds = np.delete(patrol, jumps), np.delete(seconds, jumps)
        easting, northing = np.delete(easting, jumps), np.delete(northing, jumps)
    instants = seconds.astype("datetime64[s]")
    return pd.DataFrame(
        {
            "patrol": patrol + 1,
            "at": find_local(instants, time_zone),
            "instant": instants,
            "easting": easting,
            "northing": northing,
        }
    )


def _find_jumps(
    patrol: npt.NDArray[np.int64],
    seconds: npt.NDArray[np.int64],
    easting: npt.NDArray[np.float64],
    northing: npt.NDArray[np.float64],
) -> npt.NDArray[np.int64]:
    """Positions of pings that a device could not have reached and left, while it could have gone past them."""
    same = patrol[1:] == patrol[:-1]
    distance = np.hypot(np.diff(easting), np.diff(northing))
    is_jump = same & (distance > _MAX_SPEED_MPS * np.diff(seconds))
    edges = np.flatnonzero(is_jump)
    lost: list[npt.NDArray[np.int64]] = []
    kept = -1  # the last ping known to be right before a jump
    for at, edge in enumerate(edges[:-1].tolist()):
        after = int(edges[at + 1])
        before = kept if kept >= 0 else edge
        kept = -1
        if patrol[after] != patrol[before] or patrol[after + 1] != patrol[before]:
            continue
        away = float(np.hypot(easting[after + 1] - easting[before], northing[after + 1] - northing[before]))
        is_way = away <= _MAX_SPEED_MPS * float(seconds[after + 1] - seconds[before])
        # as many pings before the jump: what lies between two jumps is the shorter part
        is_short = _count_before(edges, at, patrol) >= after - edge
        if is_way and is_short:
            lost.append(np.arange(edge + 1, after + 1))
            kept = before
    return np.concatenate(lost) if lost else np.array([], dtype=np.int64)


def _count_before(edges: npt.NDArray[np.intp], at: int, patrol: npt.NDArray[np.int64]) -> int:
    """Pings of the same patrol between the jump before and this one."""
    start = int(edges[at - 1]) + 1 if at else 0
    own = int(np.searchsorted(patrol, patrol[edges[at]]))
    return int(edges[at]) + 1 - max(start, own)


def _join_times(columns: Columns, names: Sequence[str]) -> pa.ChunkedArray:
    """Date and time as one text."""
    if len(names) == 1:
        return as_arrow(columns[names[0]])
    date, time = (as_arrow(columns[name]).cast(pa.large_string()) for name in names)
    date = pc.replace_substring_regex(date, _MIDNIGHT, "")
    return pc.binary_join_element_wise(date, time, pa.scalar(" ", pa.large_string()))

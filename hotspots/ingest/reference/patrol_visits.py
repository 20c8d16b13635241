"""Visits of patrols that somebody wrote down: rows with a beginning, an end or a duration, and a place."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyproj

from hotspots.contracts import VISIT_COLUMNS
from hotspots.ingest.formats import Columns
from hotspots.ingest.incidents import locate
from hotspots.ingest.reference.patrol_columns import PatrolTable, PatrolTally, says_utc
from hotspots.ingest.reference.ping_times import (
    IMPLAUSIBLE,
    Instants,
    as_arrow,
    find_local,
    find_order,
    is_of_another_century,
    read_instants,
)
from hotspots.ingest.texts import find_time_form, join_columns, release_names

NO_END: Final = "visit without an end or a duration"
BACKWARDS: Final = "visit that ends before it begins"
NO_PLACE: Final = "visit without a place"

_DAY: Final = np.timedelta64(86_400, "s")
_DURATION: Final = re.compile(
    r"(?:(?P<clock>\d{1,3}:\d{2}(?::\d{2})?)|(?:(?P<hours>\d+(?:\.\d+)?)\s*h\w*\s*)?"
    r"(?:(?P<minutes>\d+(?:\.\d+)?)\s*(?:m\w*)?)?\s*(?:(?P<seconds>\d+)\s*s\w*)?)",
    re.IGNORECASE,
)
_MOST_LETTERS: Final = 40
_MOST_SECONDS: Final = 1e9
"""Thirty years, beyond which a duration is none."""


def read_visits(
    layout: PatrolTable, crs: str, time_zone: str, tally: PatrolTally, doubts: list[str], statuses: list[pd.Series]
) -> tuple[pd.DataFrame, int]:
    """The visits of a table that can be used, and how many rows it has; what it says of itself is added to statuses."""
    table = layout.table
    wanted = {*layout.start, *layout.end, *layout.others}
    wanted |= {name for name in (layout.device, layout.status, layout.place) if name}
    wanted |= {layout.duration[0]} if layout.duration else set()
    parts: list[pd.DataFrame] = []
    n_rows = 0
    chunks = []
    for chunk in table.read(wanted):
        tally.n_malformed += len(chunk.malformed)
        chunks += [chunk] if len(chunk.row) else []
    if not chunks:
        return pd.DataFrame(), 0
    start_texts = [_join_texts(chunk.columns, layout.start) for chunk in chunks]
    # all dates of a table are written alike, and any of them may show how
    order = find_order(table.label, pa.chunked_array([piece for one in start_texts for piece in one.chunks]), doubts)
    for chunk, start_text in zip(chunks, start_texts, strict=True):
        n_rows += len(chunk.row)
        end_text = _join_texts(chunk.columns, layout.end)
        start = read_instants(start_text, date_order=order, clock=says_utc(layout.start), time_zone=time_zone)
        tally.n_open_hours += int((~np.isnat(start.second)).sum())
        reason = start.reason.copy()
        if layout.end:
            end = read_instants(end_text, date_order=order, clock=says_utc(layout.end), time_zone=time_zone)
            ended = np.where((end.instant < start.instant) & ~np.isnat(end.second), end.second, end.instant)
            if len(layout.end) == 2:  # past midnight, under one date
                ended = np.where(ended < start.instant, ended + _DAY, ended)
        else:
            assert layout.duration is not None
            name, unit = layout.duration
            ended = start.instant + _read_durations(chunk.columns[name], unit)
        reason[pd.isna(reason) & np.isnat(ended)] = NO_END
        reason[pd.isna(reason) & (ended < start.instant)] = BACKWARDS
        place = chunk.columns[layout.place].astype("object") if layout.place else pd.Series([None] * len(reason))
        if layout.where is not None:
            found = locate(chunk.columns, layout.where, stated_crs=table.crs, crs=crs)
            easting, northing = found.easting, found.northing
            reason = np.where(pd.isna(reason) & np.isnan(easting) & pd.isna(place).to_numpy(), found.reason, reason)
        else:
            easting, northing = np.full(len(reason), np.nan), np.full(len(reason), np.nan)
            reason[pd.isna(reason) & pd.isna(place).to_numpy()] = NO_PLACE
        reason[is_of_another_century(start.instant) | is_of_another_century(ended)] = IMPLAUSIBLE
        lost = pd.notna(reason)
        tally.refused.update(Counter(reason[lost].tolist()))
        device = chunk.columns[layout.device].astype("object") if layout.device else f"\x1f{table.label}"
        parts.append(
            pd.DataFrame(
                {
                    "device": device,
                    "started_instant": start.instant,
                    "ended_instant": ended,
                    "started_at": _find_local_of_known(start.instant, time_zone),
                    "ended_at": _find_local_of_known(ended, time_zone),
                    "place": place.to_numpy(),
                    "easting": easting,
                    "northing": northing,
                }
            )[~lost]
        )
        if layout.status:
            statuses.append(chunk.columns[layout.status].astype("object").drop_duplicates())
    return pd.concat(parts, ignore_index=True), n_rows


def _find_local_of_known(instants: Instants, time_zone: str) -> Instants:
    """`find_local` of instants of which some are missing."""
    local = np.full(len(instants), "NaT", dtype="datetime64[s]")
    known = ~np.isnat(instants)
    local[known] = find_local(instants[known], time_zone)
    return local


def _join_texts(columns: Columns, names: Sequence[str]) -> pa.ChunkedArray:
    if not names:
        return pa.chunked_array([pa.array([], type=pa.large_string())])
    texts = [columns[name] for name in names]
    form = find_time_form([texts[-1]]) if len(texts) == 2 else "clock"
    return as_arrow(join_columns(texts, time_form=form))


def _read_durations(texts: pd.Series, unit_seconds: float) -> npt.NDArray[np.timedelta64]:
    """Durations, timedelta64[s] (n,); missing where a text is none."""

    def read(text: str) -> float:
        text = text.strip()
        # of many digits, the ways to part them would have no end
        match = _DURATION.fullmatch(text) if 0 < len(text) <= _MOST_LETTERS else None
        if match is None:
            return np.nan
        if clock := match["clock"]:
            hours, minutes, seconds = (*map(int, clock.split(":")), 0)[:3]
            return 3600.0 * hours + 60 * minutes + seconds
        parts = [float(match[name] or 0) for name in ("hours", "minutes", "seconds")]
        if unit_seconds and not (match["hours"] or match["seconds"]):
            return parts[1] * unit_seconds
        return 3600 * parts[0] + 60 * parts[1] + parts[2]

    seconds = np.array([*(read(str(text)) for text in texts.cat.categories), np.nan])[texts.cat.codes.to_numpy()]
    missing = ~(seconds < _MOST_SECONDS)
    durations = np.where(missing, 0, seconds).round().astype("timedelta64[s]")
    return np.where(missing, np.timedelta64("NaT", "s"), durations)


def number_visits(parts: Sequence[pd.DataFrame], crs: pyproj.CRS) -> gpd.GeoDataFrame:
    """The visits table, by beginning; whoever made them by number."""
    parts = [part for part in parts if len(part)]
    rows = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["device", "easting", "northing"])
    if not parts:
        empty = {
            name: pd.Series(dtype="datetime64[s]" if name.startswith(("started", "ended")) else "object")
            for name in VISIT_COLUMNS
            if name != "geometry"
        }
        frame = pd.DataFrame(empty).astype({"patrol": "int64"})
        return gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries([], crs=crs), crs=crs).rename_axis("visit_id")
    rows["device"] = rows["device"].fillna("").astype(str).str.strip().str.casefold()
    rows = rows.sort_values(["started_instant", "device", "ended_instant"], kind="stable", ignore_index=True)
    points = gpd.points_from_xy(rows["easting"], rows["northing"], crs=crs)
    points[rows["easting"].isna().to_numpy()] = None
    visits = gpd.GeoDataFrame(
        {
            "patrol": pd.factorize(rows["device"])[0].astype(np.int64) + 1,
            **{name: rows[name] for name in ("started_at", "ended_at", "started_instant", "ended_instant")},
            "place": release_names(rows["place"]),
        },
        geometry=points,
        crs=crs,
    )
    return visits.rename_axis("visit_id")[list(VISIT_COLUMNS)]

"""Records of where patrols were: pings of devices, tracks, and visits that somebody wrote down.

Who it was never leaves this file: a callsign or the number of an officer tells pings apart, and becomes a number.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from hotspots.errors import DataError
from hotspots.geography import BRITISH_NATIONAL_GRID, name_crs, require_working_crs
from hotspots.ingest.formats import (
    LAYER_SUFFIXES,
    TABLE_SUFFIXES,
    FoundFile,
    InputFile,
    RepeatGuard,
    explain_unpacking,
    find_files,
)
from hotspots.ingest.reference.patrol_columns import WHAT, PatrolTable, PatrolTally, find_patrol_tables
from hotspots.ingest.reference.patrol_pings import join_pings, read_pings
from hotspots.ingest.reference.patrol_visits import number_visits, read_visits
from hotspots.ingest.reference.ping_times import find_zone
from hotspots.ingest.texts import mask_label, read_status

RECORD_SUFFIXES = (*TABLE_SUFFIXES, *LAYER_SUFFIXES, ".gpx", ".zip")


@dataclass(frozen=True, slots=True, kw_only=True)
class PatrolRecords:
    """Where patrols were.

    Attributes:
        pings: The pings table of `hotspots.contracts`, in the working CRS, by patrol and then by time.
        visits: The visits table of `hotspots.contracts`; where somebody wrote down visits in the place of pings.
        inputs: The files read.
        refused: Pings and visits left out, by what is wrong with them.
        n_malformed: Rows left out because they have other fields than the header.
        n_outside: Pings outside the area that was given; they are kept, as time elsewhere.
        n_open_hours: Pings and visits of the hour that the clock shows twice of which nothing tells which it is; they
            are read as of the first.
        doubts: What could be otherwise, and which files are left out as they are something else, in sentences.
        time_zone: IANA name of the zone of local times.
    """

    pings: pd.DataFrame
    visits: gpd.GeoDataFrame
    inputs: tuple[InputFile, ...]
    refused: Mapping[str, int]
    n_malformed: int
    n_outside: int
    n_open_hours: int
    doubts: tuple[str, ...]
    time_zone: str

    @property
    def n_patrols(self) -> int:
        """Devices, or whoever wrote down visits."""
        return max([0, *(int(table["patrol"].max()) for table in (self.pings, self.visits) if len(table))])

    @property
    def span(self) -> tuple[np.datetime64, np.datetime64]:
        """First and last day, local, datetime64[D]."""
        days = np.concatenate([self.pings["at"].to_numpy(), self.visits["started_at"].to_numpy()])
        first, last = days.min().astype("datetime64[D]"), days.max().astype("datetime64[D]")
        return first, last


def read_patrol_records(
    paths: Sequence[Path],
    *,
    crs: str | pyproj.CRS = BRITISH_NATIONAL_GRID,
    time_zone: str = "Europe/London",
    area: shapely.Geometry | None = None,
    only_real: bool = False,
    are_plans: bool = False,
) -> PatrolRecords:
    """Read where patrols were.

    Pings are rows with a time and a position, of whatever devices: exports of vehicle location (AVL) and of radios, and
    GPX tracks. Visits are rows with a beginning and an end or a duration, and a position or the name of a place. Times
    with a zone are exact; others are of the local clock, unless the name of their column says UTC. Where the local
    clock is put back, an hour comes twice; which one is meant is told by the order in which a device wrote its pings.

    Whoever carried a device is not known afterwards: devices are numbered by their first ping, and their names dropped.
    A table without a column of devices is of one.

    A plan that lies beside the records (`arrive_at` and `leave_at`, or a GPX file with a route and not a track) is left
    out, which `doubts` says.

    Args:
        paths: Files, and folders of them.
        crs: The working CRS, which eastings and northings are in.
        time_zone: IANA name of the zone of the local clock.
        area: The study area, metres; pings outside are counted, and kept.
        only_real: Leave out the files that say they are made up or unfinished.
        are_plans: Whether they are of visits to come, which may say for which crime each is.

    Raises:
        NotFoundError: A path does not exist.
        ParameterError: The working CRS is not in metres, or the time zone is not known.
        DataError: A file has no column of times or nothing that says where; it was given twice; there are both pings
            and visits, which would count twice; all are plans; or no row can be used.
    """
    crs = require_working_crs(crs)
    find_zone(time_zone)
    guard, tally = RepeatGuard(), PatrolTally(refused=Counter())
    pings: list[pd.DataFrame] = []
    visits: list[pd.DataFrame] = []
    inputs: list[InputFile] = []
    doubts: list[str] = []
    kinds: dict[str, str] = {}
    files = find_files(paths, suffixes=RECORD_SUFFIXES, what=WHAT)
    is_wanted = _find_plans(files, name_crs(crs)) if are_plans else _is_record
    others: list[PatrolTable] = []
    for file in files:
        with file.opened():
            tables = find_patrol_tables(file, name_crs(crs), are_plans=are_plans)
            guard.check(file.sha256, label=file.label)
            layouts = [table for table in tables if is_wanted(table)]
            others += [table for table in tables if not is_wanted(table)]
            if not layouts:
                continue
            counted = PatrolTally(refused=Counter())
            parts = [_read_table(one, name_crs(crs), time_zone, counted, doubts) for one in layouts]
        status = ", ".join(sorted({said for _, said, _ in parts if said})) or None
        if only_real and status:
            continue
        tally.refused += counted.refused
        tally.n_malformed += counted.n_malformed
        tally.n_open_hours += counted.n_open_hours
        for layout, (frame, _, _) in zip(layouts, parts, strict=True):
            (pings if layout.kind == "pings" else visits).append(frame)
            kinds.setdefault(layout.kind, layout.table.label)
        inputs.append(
            InputFile(
                path=file.shown,
                table="patrol records",
                sha256=file.sha256,
                n_rows=sum(n_rows for _, _, n_rows in parts),
                layout=" and ".join(sorted({layout.kind for layout in layouts})),
                data_status=status,
            )
        )
    if len(kinds) == 2:
        raise DataError(
            f"Patrol records must be pings or visits, or what is in both counts twice; {kinds['pings']} holds pings "
            f"and {kinds['visits']} visits. Give one kind."
        )
    if others and not kinds and not only_real:
        raise DataError(
            f"Patrol records say where patrols were; {others[0].table.label} says where they are to go. Give the "
            "pings or the visits; or if these visits were made, call the columns of their times arrived_at and left_at."
        )
    doubts += [_say_other(table, are_plans=are_plans) for table in others]
    found = join_pings(pings, tally, time_zone)
    stays = number_visits(visits, crs)
    if found.empty and stays.empty and inputs:
        what = "A patrol plan needs" if are_plans else "Patrol records need"
        n_rows = sum(file.n_rows for file in inputs)
        if not n_rows:
            raise DataError(f"{what} at least one row; {inputs[0].path} has none below its header. Add the rows.")
        said = "; ".join(f"{reason}: {n:,}" for reason, n in sorted(tally.refused.items()))
        raise DataError(
            f"{what} a time and a place in each row; none of {n_rows:,} has both ({said}). Check their times, and the "
            "CRS of their coordinates."
        )
    n_outside = 0
    if area is not None and len(found):
        shapely.prepare(area)
        n_outside = int((~shapely.intersects_xy(area, found["easting"], found["northing"])).sum())
    return PatrolRecords(
        pings=found,
        visits=stays,
        inputs=tuple(inputs),
        refused=dict(sorted(tally.refused.items())),
        n_malformed=tally.n_malformed,
        n_outside=n_outside,
        n_open_hours=tally.n_open_hours,
        doubts=tuple(dict.fromkeys(doubts)),
        time_zone=time_zone,
    )


def _is_record(table: PatrolTable) -> bool:
    return not table.is_plan


def _find_plans(files: Iterable[FoundFile], crs: str) -> Callable[[PatrolTable], bool]:
    """Which tables are the plan, where others lie beside it: what calls itself one, or else visits, or else all."""

    def rank(table: PatrolTable) -> int:
        return int(table.kind == "visits") * (1 + table.is_plan)

    highest = 0
    for file in files:
        with file.opened():
            highest = max([highest, *map(rank, find_patrol_tables(file, crs, are_plans=True))])
    return lambda table: rank(table) == highest


def _say_other(table: PatrolTable, *, are_plans: bool) -> str:
    label = mask_label(table.table.label)
    if not are_plans:
        return f"{label} is left out of the records: it says where patrols are to go, and not where they were."
    if table.is_plan:
        return f"{label} is left out of the plan: it is a route, without how long each visit is."
    return f"{label} is left out of the plan: it says where patrols were, and not where they are to go."


def _read_table(
    layout: PatrolTable, crs: str, time_zone: str, tally: PatrolTally, doubts: list[str]
) -> tuple[pd.DataFrame, str | None, int]:
    """The rows that can be used, what the table says of itself, and how many rows it has."""
    read = read_pings if layout.kind == "pings" else read_visits
    statuses: list[pd.Series] = []
    with explain_unpacking(layout.table.label):
        frame, n_rows = read(layout, crs, time_zone, tally, doubts, statuses)
    return frame, read_stated(pd.concat(statuses)) if statuses else None, n_rows


def read_stated(texts: pd.Series) -> str | None:
    """What texts say of the data, also in the words of products: "synthetic incidents and schematic boundaries"."""
    words = {word for text in texts.dropna().unique() for word in re.findall(r"[^\W\d_]+", str(text))}
    return read_status(pd.Series(sorted(words), dtype="object"))

"""Which incidents and wards an analysis is of: days, months and names to rows."""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from hotspots.errors import NotFoundError, ParameterError, TooLittleDataError


def find_period(
    incidents: gpd.GeoDataFrame,
    *,
    covered: tuple[np.datetime64, np.datetime64],
    start: dt.date | None = None,
    end: dt.date | None = None,
) -> tuple[dt.date, dt.date]:
    """The first and last day to analyse: those asked for, as far as the incidents can answer.

    Month-only incidents count only where their whole month lies in the period, since nobody knows on which side of a
    day inside it they fell; where all incidents of the crime are such, the period is of whole months.

    Args:
        incidents: Those of the crime.
        covered: First and last day of the incidents of all crimes: what the files can speak for.
        start: First day asked for; by default the first covered.
        end: Last day asked for; by default the last covered.

    Raises:
        TooLittleDataError: No day is left.
    """
    data_start, data_end = (day.astype(dt.date) for day in covered)
    asked = (start or data_start, end or data_end)
    first, last = max(asked[0], data_start), min(asked[1], data_end)
    if len(incidents) and (incidents["time_precision"] == "month").all():
        if first.day > 1:
            first = (first.replace(day=1) + dt.timedelta(days=32)).replace(day=1)
        if (last + dt.timedelta(days=1)).day > 1:
            last = last.replace(day=1) - dt.timedelta(days=1)
    if last < first:
        raise TooLittleDataError(
            f"Nothing can be said of {asked[0]} to {asked[1]}: the incidents run from {data_start} to {data_end}, and "
            "month-only ones count in whole months. Widen --from and --to."
        )
    return first, last


def is_whole_month(month: pd.Period, *, start: dt.date, end: dt.date) -> bool:
    """Whether every day of the month lies in the period."""
    return start <= month.start_time.date() and month.end_time.date() <= end


def select_wards(wards: gpd.GeoDataFrame, wanted: Sequence[str]) -> gpd.GeoDataFrame:
    """The wards with these codes or names; all of them where none are wanted.

    Raises:
        NotFoundError: No ward has such a code or name; the message gives the closest.
        ParameterError: Several wards have such a name.
    """
    if not wanted:
        return wards
    names = wards["ward_name"].astype("str").str.casefold()
    codes: set[str] = set()
    for word in wanted:
        if word in wards.index:
            codes.add(word)
            continue
        matches = wards[names == word.strip().casefold()]
        if matches.empty:
            close = difflib.get_close_matches(word.casefold(), names.unique(), n=5, cutoff=0.5)
            like = wards[names.isin(close)] if close else wards.head(5)
            listed = ", ".join(f"{name} ({code})" for code, name in like["ward_name"].items())
            raise NotFoundError(f'No ward called "{word}" in the boundaries. Give a code or a name, such as {listed}.')
        if len(matches) > 1:
            listed = ", ".join(f"{code} ({borough})" for code, borough in matches["borough"].items())
            raise ParameterError(f'{len(matches)} wards are called "{word}": {listed}. Give the code instead.')
        codes.add(str(matches.index[0]))
    return wards[wards.index.isin(codes)]


def is_near(
    incidents: gpd.GeoDataFrame, bounds: tuple[float, float, float, float], margin_m: float
) -> npt.NDArray[np.bool_]:
    """Which incidents lie within the bounds and a margin."""
    west, south, east, north = bounds
    x, y = incidents.geometry.x.to_numpy(), incidents.geometry.y.to_numpy()
    near: npt.NDArray[np.bool_] = (
        (x >= west - margin_m) & (x <= east + margin_m) & (y >= south - margin_m) & (y <= north + margin_m)
    )
    return near

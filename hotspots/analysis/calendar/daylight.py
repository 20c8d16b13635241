"""When it is light on each day at one place, in local time."""

from __future__ import annotations

import datetime as dt
import functools
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Callable

    from astral import Observer


Floats = npt.NDArray[np.float64]


def add_sun(days: pd.DataFrame, *, longitude: float, latitude: float, zone: dt.tzinfo, degrees: float) -> None:
    """Add the columns about the sun that `Calendar` names, to the table given.

    Args:
        days: Index of consecutive days.
        longitude: Degrees east.
        latitude: Degrees north.
        zone: Of the clock on the wall.
        degrees: How far the sun is below the horizon at dawn and dusk.
    """
    found = _find_sun(days.index[0], days.index[-1], longitude, latitude, zone, degrees)
    for name, values in found.items():
        days[name] = values.to_numpy(copy=True)


@functools.lru_cache(maxsize=8)
def _find_sun(
    first: pd.Timestamp, last: pd.Timestamp, longitude: float, latitude: float, zone: dt.tzinfo, degrees: float
) -> pd.DataFrame:
    """The columns of each day: kept, as several crimes are often looked at in one place, and nobody may change it."""
    from astral import Observer, sun

    days = pd.DataFrame(index=pd.date_range(first, last, freq="D", unit="s"))
    observer = Observer(latitude=latitude, longitude=longitude, elevation=0.0)
    solar = _make_solar_zone(longitude, zone, days.index[-1])
    dates = [day.date() for day in days.index]
    finders: dict[str, Callable[[dt.date], dt.datetime]] = {
        "dawn": lambda date: sun.dawn(observer, date, depression=degrees, tzinfo=solar),
        "sunrise": lambda date: sun.sunrise(observer, date, tzinfo=solar),
        "sunset": lambda date: sun.sunset(observer, date, tzinfo=solar),
        "dusk": lambda date: sun.dusk(observer, date, depression=degrees, tzinfo=solar),
    }
    for name, find in finders.items():
        days[name] = _to_clock([_find_or_none(find, date) for date in dates], pd.DatetimeIndex(days.index), zone)
    has_none = days["dawn"].isna() | days["dusk"].isna()
    is_up = pd.Series(False, index=days.index)
    for day in days.index[has_none]:
        is_up[day] = _is_light_at_noon(observer, day.date(), solar, degrees)
    # A day with only one of the two is the first or last of a season without darkness or light.
    days.loc[has_none, ["dawn", "dusk"]] = np.nan
    days["is_always_light"] = has_none & is_up
    days["is_always_dark"] = has_none & ~is_up
    return days


def _make_solar_zone(longitude: float, zone: dt.tzinfo, day: dt.date) -> dt.timezone:
    """The sun's own clock, on which noon is in the middle of the date and dawn and dusk are on it, wherever it is."""
    minutes = round(4 * longitude)
    offset = dt.datetime(day.year, day.month, day.day, 12, tzinfo=zone).utcoffset() or dt.timedelta(0)
    # Beside the date line the local date may be that of the other side.
    days = round((offset.total_seconds() / 60 - minutes) / 1440)
    return dt.timezone(dt.timedelta(minutes=min(max(minutes + 1440 * days, -1439), 1439)))


def _find_or_none(find: Callable[[dt.date], dt.datetime], date: dt.date) -> dt.datetime | None:
    try:
        return find(date)
    except ValueError:  # the sun does not come so far up or down on this date
        return None


def _is_light_at_noon(observer: Observer, date: dt.date, solar: dt.tzinfo, degrees: float) -> bool:
    from astral import sun

    noon = dt.datetime.combine(date, dt.time(12), tzinfo=solar)
    return bool(sun.elevation(observer, noon) > -degrees)


def _to_clock(instants: list[dt.datetime | None], days: pd.DatetimeIndex, zone: dt.tzinfo) -> Floats:
    """Hours of the local clock since the midnight of each day."""
    utc = [None if instant is None else instant.astimezone(dt.UTC).replace(tzinfo=None) for instant in instants]
    local = pd.DatetimeIndex(utc).tz_localize("UTC").tz_convert(zone).tz_localize(None)
    hours: Floats = ((local - days) / pd.Timedelta(hours=1)).to_numpy(dtype=np.float64)
    return hours

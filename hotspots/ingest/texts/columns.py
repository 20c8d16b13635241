"""What every reading of text shares: columns of distinct texts, and what a file says of itself."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd

UNFINISHED = frozenset({"draft", "provisional", "schematic", "simulated", "synthetic", "test"})
"""What a file can say of itself that makes its products unfit for decisions."""


def blank(n_rows: int) -> pd.Series:
    """A column of missing text, for one that a file does not have."""
    return pd.Series(pd.Categorical.from_codes(np.full(n_rows, -1), categories=pd.Index([], dtype="object")))


def map_unique(texts: pd.Series, convert: Callable[[pd.Series], pd.Series]) -> pd.Series:
    """Convert a categorical column by converting each distinct text once; a missing text stays missing."""
    codes = texts.cat.codes.to_numpy()
    converted = convert(pd.Series(texts.cat.categories, dtype="object").astype(str).str.strip())
    return converted.reindex(codes).set_axis(texts.index)


def read_status(texts: pd.Series | None) -> str | None:
    """The words in a column that are in `UNFINISHED`, joined; None where there are none."""
    if texts is None:
        return None
    said = {str(text).strip().casefold() for text in texts.dropna().unique()}
    return ", ".join(sorted(said & UNFINISHED)) or None


def is_wanted(month: np.datetime64 | None, start: dt.date | None, end: dt.date | None) -> bool:
    """Whether a month may hold a day from `start` to `end`; one that nobody knows may."""
    if month is None:
        return True
    return bool(
        (start is None or month >= np.datetime64(start, "M")) and (end is None or month <= np.datetime64(end, "M"))
    )


def find_days(incidents: pd.DataFrame) -> tuple[npt.NDArray[np.datetime64], npt.NDArray[np.datetime64]]:
    """First and last day on which each incident can have started: a month-only one, its whole month."""
    first = incidents["started_at"].to_numpy().astype("datetime64[D]")
    month = (incidents["time_precision"] == "month").to_numpy()
    next_month = first.astype("datetime64[M]") + np.timedelta64(1, "M")
    last = np.where(month, next_month.astype("datetime64[D]") - np.timedelta64(1, "D"), first)
    return first, last

"""Which days lie in months without data."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pandas as pd

from hotspots.errors import ParameterError

Days = npt.NDArray[np.datetime64]
Flags = npt.NDArray[np.bool_]

Month = str | dt.date | pd.Period


def read_months(months: Iterable[Month]) -> Days:
    """The months without data as datetime64[M].

    Args:
        months: Each as "2026-08", a date in it or a pandas Period; or one such text.

    Raises:
        ParameterError: One of them is not a month.
    """
    read = []
    for month in [months] if isinstance(months, str) else months:
        # Read strictly: pandas would take "August" for that of the present year.
        text = month if isinstance(month, str) else str(month)[:7]
        if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", text):
            raise ParameterError(
                f'A month without data must be written as "2026-08", or be a date in it or a pandas Period; {month!r} '
                "is not one of these. Correct it."
            )
        read.append(np.datetime64(text, "M"))
    return np.array(read, dtype="datetime64[M]")


def is_missing(day: Days, missing: Days) -> Flags:
    """Whether each day lies in one of the months.

    Args:
        day: datetime64 (n,), of any unit.
        missing: datetime64[M], from `read_months`.
    """
    return np.isin(day.astype("datetime64[M]"), missing)

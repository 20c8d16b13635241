"""Tables of counts, in which a row stands for several incidents, or for none: which they are, and how they are read."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pandas as pd

from hotspots.ingest.texts import map_unique

MOST_IN_A_ROW = 1_000_000
"""More incidents than any area has in a month: such a number is something else."""

_WHICH = r"(?:(?:recorded|reported|police|all|total) )*"
_THING = rf"{_WHICH}(?:asb|crimes?|offences?|incidents?|records?|cases?|events?|reports?)"
_SIGN = r"(?:counts?|totals?|n|num|freq|frequency|tally)"
_NAME = re.compile(
    rf"{_THING} {_SIGN}|(?:{_SIGN}|number|no|nr|sum)(?: of)?(?: the)? {_THING}"
    rf"|{_THING} (?:numbers|frequency)|{_WHICH}(?:crimes|offences|incidents)"
)
"""`crime count`, `number of crimes`, `n offences`, `crimes`; not `crime number`, nor `number of victims`."""

_MOST = 0.5


def counts_incidents(form: str) -> bool:
    """Whether a normalised name of a column says that it counts incidents."""
    return _NAME.fullmatch(form) is not None


def counts_something(form: str) -> bool:
    """Whether it says that it counts, but not what."""
    return re.fullmatch(_SIGN, form) is not None


def are_counts(columns: Iterable[pd.Series]) -> bool:
    """Whether a column so called holds counts: mostly whole numbers, and not 1 on every row.

    Args:
        columns: All of its texts, a chunk at a time.
    """
    n_texts = n_whole = 0
    distinct: set[int] = set()
    for texts in columns:
        counts = read_counts(texts.dropna())
        n_texts += len(counts)
        n_whole += int((counts >= 0).sum())
        distinct.update(np.unique(counts).tolist())
    return n_texts > 0 and n_whole >= _MOST * n_texts and not distinct <= {-1, 1}


def read_counts(texts: pd.Series) -> npt.NDArray[np.int64]:
    """How many incidents each row stands for; -1 where it does not say, or says what cannot be."""
    numbers = _parse(texts).to_numpy(dtype=np.float64)
    usable = (numbers >= 0) & (numbers <= MOST_IN_A_ROW) & (numbers == np.floor(numbers))
    return np.where(usable, numbers, -1).astype(np.int64)


def _parse(texts: pd.Series) -> pd.Series:
    def convert(unique: pd.Series) -> pd.Series:
        plain = unique.str.replace(r"(?<=\d),(?=\d{3}\b)", "", regex=True)
        return pd.to_numeric(plain, errors="coerce").astype("float64")

    return map_unique(texts, convert).astype("float64")

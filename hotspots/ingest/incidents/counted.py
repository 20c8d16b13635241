"""Tables of counts, in which a row stands for several incidents, or for none: which they are, and how they are read."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from hotspots.ingest.texts import map_unique

MOST_IN_A_ROW = 1_000_000
"""More incidents than any area has in a month: such a number is something else."""

_SIGNS = frozenset(
    {
        *("count", "counts", "cnt", "total", "totals", "sum", "n", "freq", "frequency", "tally", "numbers"),
        *("volume", "volumes", "quantity", "qty"),
    }
)
TOTALS = frozenset(("total", "totals", "sum"))
"""Signs that may be of money too."""

_NUMBERS = frozenset(("number", "no", "nr", "num"))
"""Signs too where a thing follows: `number of crimes` counts, and `crime number` names one."""

_CRIMES = frozenset(("crimes", "offences", "incidents"))
_VAGUE = frozenset(
    {
        *("value", "values", "records", "reports", "cases", "figure", "figures", "amount", "observation", "obs value"),
        *("measure", "how many", "total recorded", "number recorded", "recorded crime", "recorded"),
    }
)
"""Signs in a table of which each row is alone in its month, place and crime."""

_THINGS = _CRIMES | {*("crime", "offence", "incident", "asb", "records", "cases", "events", "reports")}
_BESIDE = frozenset(
    ("of", "the", "all", "in", "per", "a", "month", "monthly", "recorded", "reported", "police", "id", "ids")
)
_MOST = 0.5
_UNLIKELY = 1e-6


def counts_incidents(form: str) -> bool:
    """Whether a normalised name of a column says that it counts incidents: `crime count`, `number of offences`."""
    words = form.split()
    if not set(words) <= _SIGNS | _NUMBERS | _THINGS | _BESIDE or not (things := _THINGS.intersection(words)):
        return False
    first_thing = min(words.index(thing) for thing in things)
    if number := _NUMBERS.intersection(words):
        is_before = all(words.index(word) < first_thing for word in number)
        return is_before and ("of" in words or bool(_CRIMES.intersection(words)))  # "no crime" is a verdict
    return bool(_SIGNS.intersection(words) or _CRIMES.intersection(words))


def counts_something(form: str) -> bool:
    """Whether it says that it counts, but not what."""
    return form in _SIGNS - {"numbers"}


def may_count(form: str) -> bool:
    """Whether it may say that it counts, in a table that is crossed (`are_crossed`)."""
    return form in _VAGUE


def are_crossed(keys: Sequence[npt.NDArray[np.int64]]) -> bool:
    """Whether no two rows have the same keys although chance would give them to many: the rows of a cross table.

    Incidents that have a month, an area and a crime in common are many; a table of counts has one row for each such
    group. If the keys were dealt out in the shares that they have, so many pairs of rows would be expected to have all
    in common; that there is none has about the probability exp(-pairs).

    Args:
        keys: Of each key a number a row, such as its month, its place and its crime; -1 where it is not known.
    """
    n = len(keys[0]) if keys else 0
    if n < 2 or any((key < 0).any() for key in keys):
        return False
    n_pairs = n * (n - 1) / 2
    for key in keys:
        n_rows = np.unique(key, return_counts=True)[1].astype(np.float64)
        n_pairs *= float((n_rows * (n_rows - 1)).sum()) / (n * (n - 1))
    return math.exp(-n_pairs) < _UNLIKELY and len(np.unique(np.column_stack(keys), axis=0)) == n


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

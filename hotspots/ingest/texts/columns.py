"""Shared by all readers of text: columns of distinct texts, and the data status that a file states."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

UNFINISHED = frozenset({"draft", "provisional", "schematic", "simulated", "synthetic", "test"})
"""What a file can say of itself that makes its products unfit for decisions."""


def blank(n_rows: int) -> pd.Series:
    """A column of missing text, for one that a file does not have."""
    return pd.Series(pd.Categorical.from_codes(np.full(n_rows, -1), categories=pd.Index([], dtype="object")))


def repeat_text(text: str, n_rows: int) -> pd.Series:
    """A column of one text, for what is the same in every row."""
    return pd.Series(
        pd.Categorical.from_codes(np.zeros(n_rows, dtype=np.int8), categories=pd.Index([text], dtype="object"))
    )


def map_unique(texts: pd.Series, convert: Callable[[pd.Series], pd.Series]) -> pd.Series:
    """Convert a categorical column by converting each distinct text once; a missing text stays missing."""
    codes = texts.cat.codes.to_numpy()
    converted = convert(pd.Series(texts.cat.categories, dtype="object").astype(str).str.strip())
    return converted.reindex(codes).set_axis(texts.index)


def list_distinct(texts: pd.Series) -> list[str]:
    """The distinct texts of a categorical column, ten times as fast as going through what Arrow holds."""
    distinct: list[str] = np.asarray(texts.cat.categories, dtype=object).tolist()
    return distinct


def read_status(texts: pd.Series | None) -> str | None:
    """The words in a column that are in `UNFINISHED`, joined; None where there are none."""
    if texts is None:
        return None
    said = {str(text).strip().casefold() for text in texts.dropna().unique()}
    return ", ".join(sorted(said & UNFINISHED)) or None

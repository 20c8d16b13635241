"""Shared by all readers of text: columns of distinct texts, and the data status that a file states."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

UNFINISHED = frozenset({"draft", "provisional", "schematic", "simulated", "synthetic", "test"})
"""What a file can say of itself that makes its products unfit for decisions."""

_BLANKS = "".join(filter(str.isspace, map(chr, range(0x3001))))
"""What `str.strip` takes away; the last of them is the ideographic space."""


def blank(n_rows: int) -> pd.Series:
    """A column of missing text, for one that a file does not have."""
    return pd.Series(pd.Categorical.from_codes(np.full(n_rows, -1), categories=pd.Index([], dtype="object")))


def repeat_text(text: str, n_rows: int) -> pd.Series:
    """A column of one text, for what is the same in every row."""
    return pd.Series(
        pd.Categorical.from_codes(np.zeros(n_rows, dtype=np.int8), categories=pd.Index([text], dtype="object"))
    )


def gather_texts(texts: npt.NDArray[np.object_]) -> pd.Series:
    """A column of texts that are few and stand on many rows; None is missing."""
    codes = np.full(len(texts), -1)
    is_known = pd.notna(texts)
    codes[is_known], distinct = pd.factorize(texts[is_known])
    return pd.Series(pd.Categorical.from_codes(codes, categories=pd.Index(distinct, dtype="object")))


def map_unique(texts: pd.Series, convert: Callable[[pd.Series], pd.Series]) -> pd.Series:
    """Convert a categorical column by converting each distinct text once; a missing text stays missing."""
    codes = texts.cat.codes.to_numpy()
    converted = convert(pd.Series(texts.cat.categories, dtype="object").astype(str).str.strip())
    return converted.reindex(codes).set_axis(texts.index)


def map_texts(texts: pd.Series, convert: Callable[[pd.Series], pd.Series]) -> pd.Series:
    """As `map_unique` where the results are texts too: a categorical column of them, however many rows there are."""
    if texts.cat.categories.empty:
        return texts
    distinct = pd.Series(texts.cat.categories, dtype="object").astype(str).str.strip()
    return spread_texts(texts, convert(distinct))


def spread_texts(texts: pd.Series, distinct: Iterable[str | None]) -> pd.Series:
    """A categorical column of other texts in the place of the distinct ones of one; what is missing stays missing.

    Args:
        texts: Categorical text (n_rows,).
        distinct: A text for each category of `texts`, or None.
    """
    codes, words = pd.factorize(np.array([*distinct, None], dtype=object))
    return pd.Series(
        pd.Categorical.from_codes(codes[texts.cat.codes.to_numpy()], categories=pd.Index(words, dtype="object")),
        index=texts.index,
    )


def is_padded(texts: pa.Array) -> bool:
    """Whether blanks stand around any of the texts."""
    return bool(pc.any(pc.not_equal(strip_blanks(texts), texts)).as_py())


def strip_blanks(texts: pa.Array) -> pa.Array:
    """Texts without the blanks around them, as `str.strip` leaves them."""
    return pc.utf8_trim(texts, _BLANKS)


def count_letters(texts: pd.Series) -> int:
    """Of the longest text of a column, categorical or plain; 0 where there is none."""
    if isinstance(texts.dtype, pd.CategoricalDtype):
        return max(map(len, list_distinct(texts)), default=0)
    return int(pc.max(pc.utf8_length(to_arrow(texts))).as_py() or 0)


def to_arrow(texts: pd.Index | pd.Series) -> pa.Array:
    """Texts as Arrow holds them, which are not copied where pandas holds them so too."""
    found = pa.array(texts.array, type=pa.large_string(), from_pandas=True)
    return found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found


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

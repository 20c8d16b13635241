"""Text to coordinates: numbers as people and programs write them, pairs in one text, and well-known text."""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from hotspots.ingest.texts.columns import map_unique, to_arrow

_NOTHING = ("na", "n/a", "nan", "null", "none", "unknown", "-")
"""What stands in a column of coordinates where there are none."""

_MOST_ZEROS = 1
"""How many of the last digits of an easting may be lost."""

_LARGEST = 1e12
"""Of a coordinate in any unit: sums of larger ones leave the range of numbers."""

_THOUSANDS = re.compile(r"[-+]?[1-9]\d{0,2}(,\d{3})+(\.\d+)?")
_DOTTED_THOUSANDS = re.compile(r"[-+]?[1-9]\d{0,2}(\.\d{3})+")
_POWER_OF_TEN = re.compile(r"^[-+]?(?:\d+|\d*\.(\d*))e\+?(\d+)$", re.IGNORECASE)
_PLAIN_NUMBER = r"^-?\d{1,12}(\.\d{1,30})?$"
"""What every reader of numbers reads alike; none is larger than a coordinate can be."""

_NUMBER = r"([-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)"
_PAIR = re.compile(rf"^\s*[(\[]?\s*{_NUMBER}\s*[,;\s]\s*{_NUMBER}\s*[)\]]?\s*$")
_POINT = re.compile(
    r"\s*(?:SRID=\d+;)?\s*POINT\s*(?:ZM?|M)?\s*\(\s*([^\s(),]+)\s+([^\s(),]+)[^()]*\)\s*", re.IGNORECASE
)


def parse_coordinates(texts: pd.Series, *, decimal: str | None = None, is_degrees: bool = False) -> pd.Series:
    """Text to float; missing where blank, infinite where the text is not a number, so the two can be told apart.

    Args:
        texts: Categorical text.
        decimal: The decimal mark; by default the last of comma and point, unless commas part thousands.
        is_degrees: Whether they are degrees, which are never in thousands.
    """
    numbers = _read_plain(to_arrow(texts.cat.categories)) if decimal != "," else None
    if numbers is not None:
        return pd.Series(np.append(numbers, np.nan)[texts.cat.codes.to_numpy()], index=texts.index)

    def convert(unique: pd.Series) -> pd.Series:
        plain = unique.str.replace(r"[\s\u00a0_']", "", regex=True)
        if decimal == "," or plain.str.contains(",", regex=False).any():
            if is_degrees and decimal != ".":
                is_comma = plain.str.contains(",", regex=False) & ~plain.str.contains(".", regex=False)
            elif decimal == ",":  # a number of a workbook still has a point
                is_comma = plain.str.contains(",", regex=False) | plain.str.fullmatch(_DOTTED_THOUSANDS)
            elif decimal == ".":
                is_comma = pd.Series(data=False, index=plain.index)
            else:  # of two marks the last is the decimal one
                is_comma = (plain.str.rfind(",") > plain.str.rfind(".")) & ~plain.str.fullmatch(_THOUSANDS)
            with_point = plain.str.replace(",", "", regex=False)
            with_comma = plain.str.replace(".", "", regex=False).str.replace(",", ".", regex=False)
            plain = with_comma.where(is_comma, with_point)
        if not is_degrees:  # a spreadsheet's 5.39E+05 has lost the metres
            power = plain.str.extract(_POWER_OF_TEN)
            plain = plain.mask(pd.to_numeric(power[1]) - power[0].fillna("").str.len() > _MOST_ZEROS)
        return _read_numbers(plain).where(unique.ne("") & ~unique.str.casefold().isin(_NOTHING))

    return map_unique(texts, convert).astype("float64")


def read_plain_numbers(texts: pd.Series) -> npt.NDArray[np.float64] | None:
    """The numbers of plain text, NaN where it is missing; None unless all are digits with a point or without."""
    return _read_plain(to_arrow(texts))


def _read_plain(texts: pa.Array) -> npt.NDArray[np.float64] | None:
    if pc.all(pc.match_substring_regex(texts, _PLAIN_NUMBER)).as_py() is False:
        return None
    numbers: npt.NDArray[np.float64] = texts.cast(pa.float64()).to_numpy(zero_copy_only=False)
    return numbers


def read_wkt(texts: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Points in well-known text to coordinates; infinite where a text is not a point, missing where it is blank."""
    return _read_two(texts, _POINT)


def read_pairs(texts: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Two numbers in one text, in the order written; like `read_wkt` where there are not."""
    return _read_two(texts, _PAIR)


def _read_numbers(texts: pd.Series) -> pd.Series:
    """Numbers, infinite where a text is none, or none that a coordinate can be."""
    numbers = pd.to_numeric(texts, errors="coerce").astype("float64")
    return numbers.where(numbers.abs() <= _LARGEST, np.inf)


def _read_two(texts: pd.Series, pattern: re.Pattern[str]) -> tuple[pd.Series, pd.Series]:
    unique = pd.Series(texts.cat.categories, dtype="object").astype(str)
    parts = unique.str.extract(pattern)
    numbers = parts.apply(_read_numbers).astype("float64")
    codes = texts.cat.codes.to_numpy()
    placed = numbers.reindex(codes).set_axis(texts.index)
    return placed[0], placed[1]

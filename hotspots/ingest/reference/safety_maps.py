"""Marks that young people made on maps, to the table of safety marks."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from hotspots.contracts import SAFETY_MARK_COLUMNS
from hotspots.geography import BRITISH_NATIONAL_GRID
from hotspots.ingest.formats import InputFile
from hotspots.ingest.incidents import Places, normalise
from hotspots.ingest.reference.listed_places import make_picker
from hotspots.ingest.reference.place_files import PlaceForm, PlaceRows, read_place_rows
from hotspots.ingest.texts import MANY_ROWS, release_names

_STARTS: Final = ((6, "before school"), (9, "daytime"), (15, "after school"), (18, "evening"), (22, "night"))
PARTS_OF_DAY: Final = tuple(part for _, part in _STARTS)
PART_HOURS: Final = {
    part: tuple(hour % 24 for hour in range(start, end))
    for (start, part), end in zip(_STARTS, [*(start for start, _ in _STARTS[1:]), 24 + _STARTS[0][0]], strict=True)
}
"""The hours of the clock that each part of the day has."""

NO_FEELING: Final = "no feeling"
NEITHER: Final = "neither safe nor unsafe"
UNREAD_FEELING: Final = "feeling that is not understood"

_FEELINGS = (
    *("feeling", "feelings", "safe or unsafe", "feel", "feels", "perception", "safety", "mark type", "emotion"),
    *("safe", "is safe", "unsafe", "is unsafe", "smiley", "emoji"),
)
_VAGUE = ("rating", "score", "colour", "color", "answer", "category", "type")
"""Of feelings only where no other column asks about them."""
_FEELING = re.compile(
    r"(.* )?(un)?safe( .*)?|(.* )?(feel|feels|feeling|felt)( .*)?|how safe.*|(un)?safety (rating|score)"
)
_NOT_FEELINGS = re.compile(r"\b(why|reason|reasons|comments?|notes?|what|describe|other|better|safer|improve|map|id)\b")
_TIMES = (
    *("day part", "part of day", "part of the day", "time of day", "time of the day", "when", "time", "period"),
    *("time period", "hour", "at what time"),
)
_SCHOOLS = ("school", "school name", "name of school", "establishment", "establishment name", "your school")
_STATUS = ("data status",)

_UNSURE = re.compile(
    r"\b(not sure|unsure|do ?n[o']?t know|don t know|neither|neutral|depends|sometimes|mixed|both|no opinion|n/?a)\b"
)
_BAD = re.compile(
    r"\bun[ -]?safe\b|\bnot (very |at all |really |so |that |feel |feeling )*safe\b|"
    r"\b(don ?'?t|do not|doesn ?'?t|does not|isn ?'?t|never|less|least)\b.*?\bsafer?\b|"
    r"\b(red|unhappy|sad|scar(ed|y)|afraid|fear(ful)?|worr(ied|ying)|anxious|nervous|danger(ous)?|avoid|bad|negative|"
    r"thumbs? down)\b|"
    "[\U0001f61e\U0001f61f\U0001f620-\U0001f623\U0001f625-\U0001f629\U0001f62d\U0001f630\U0001f631\U0001f641\u2639"
    "\U0001f44e\U0001f534\u274c\U0001f615\U0001f616]|:'?-?\\("
)
_GOOD = re.compile(
    r"\bsafer?\b|\bsafest\b|\bgreen\b|\bhappy\b|\bgood\b|\bpositive\b|\bthumbs? up\b|\bcomfortable\b|\bcalm\b|"
    r"\brelaxed\b|"
    "[\U0001f600-\U0001f60a\U0001f60d\U0001f642\u263a\U0001f44d\U0001f7e2\u2705]|:-?\\)"
)
_SO_SO = re.compile(
    "\\b(ok|okay|amber|orange|yellow|average|medium)\\b|[\U0001f610\U0001f611\U0001f636\U0001f7e0\U0001f7e1]"
)
_YES = re.compile(r"y|yes|true|t|1|agree|strongly agree|tend to agree|always|often")
_NO = re.compile(r"n|no|false|f|0|disagree|strongly disagree|tend to disagree|never|rarely")
_OF_FEAR = re.compile(r"\b(unsafe|danger|dangerous|scared|worried|afraid|fear|avoid)\b")
_NUMBER = re.compile(r"(-?\d{1,2})(?:\.0+)?(?:\s*(?:/|out of)\s*(\d{1,2}))?")
_MOST_LETTERS = 80
"""A longer text is a story, and what it says of feelings may be of two minds."""

_PARTS: Final = {
    "before school": r"before school|early morning|on the way to school|to school|morning",
    "after school": r"after ?-?school|after ?noon|home time|on the way home|from school",
    "daytime": r"day ?-?time|day|school day|school hours|lunch( ?time)?|mid ?-?day|noon|break",
    "evening": r"evening|dusk",
    "night": r"night( ?time)?|late|dark|after dark|midnight",
}
_CLOCK = re.compile(r"(?:^|[ T])(\d{1,2})(?:[:.](\d\d)(?:[:.]\d\d)?)?\s*([ap]\.?m\.?)?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetyMaps:
    """Marks on maps, read from files.

    Attributes:
        marks: The table of safety marks of `hotspots.contracts`, in the working CRS.
        inputs: The files read.
        lost: Rows left out, by the reason.
        n_without_part: Marks kept whose part of the day is not known.
        n_without_school: Marks kept whose school is not known, or has fewer marks than ten and is not named.
    """

    marks: gpd.GeoDataFrame
    inputs: tuple[InputFile, ...]
    lost: Mapping[str, int]
    n_without_part: int
    n_without_school: int


def read_safety_maps(
    paths: Sequence[Path],
    *,
    crs: str | pyproj.CRS = BRITISH_NATIONAL_GRID,
    area: shapely.Geometry | None = None,
    postcodes: Places | None = None,
    only_real: bool = False,
) -> SafetyMaps:
    """Read marks: points, lines and areas that young people called safe or unsafe.

    How a place feels may be a word ("unsafe", "I don't feel safe here", red, a face), yes or no under a column that
    asks ("Do you feel safe?"), or a number of a scale: 1 to 3, 1 to 5 or 1 to 10, of which the higher half is safe
    unless the column asks how unsafe. The middle of a scale, "ok" and "don't know" are neither, and are counted. The
    time may be a part of the day or a clock time. Comments, names and ages are not read. A school is named if it has
    ten marks.

    Args:
        paths: Files, and folders of them.
        crs: The working CRS.
        area: The study area, metres; what lies further from it than 500 m is left out.
        postcodes: Where postcodes are.
        only_real: Whether to leave out files that say of themselves that they are not real.

    Raises:
        NotFoundError: A path does not exist.
        ParameterError: The working CRS is not in metres.
        DataError: A file has no column of feelings, nothing that says where, or no CRS; or was given twice; or no mark
            has a usable location.
    """
    rows = read_place_rows(paths, _FORM, crs=crs, area=area, postcodes=postcodes, only_real=only_real)
    feelings = _read_feelings(rows)
    is_placed = rows.reason.isna()
    is_told = feelings.isin(["safe", "unsafe"])
    is_kept = (is_placed & is_told).to_numpy()
    lost = rows.count_lost() + Counter(feelings[is_placed & ~is_told])
    schools = _release_schools(rows.read_first("school")[is_kept])
    parts = rows.read_first("time")[is_kept].map(_find_part)
    marks = gpd.GeoDataFrame(
        {
            "is_safe": (feelings[is_kept] == "safe").to_numpy(dtype=bool),
            "day_part": parts.where(parts.notna(), None).astype("object"),
            "school": schools,
        },
        geometry=gpd.GeoSeries(rows.geometry.to_numpy()[is_kept], index=schools.index, crs=rows.geometry.crs),
    ).set_index(
        pd.Index([f"M{number:05d}" for number in range(1, int(is_kept.sum()) + 1)], name="mark_id", dtype="object")
    )
    return SafetyMaps(
        marks=marks[list(SAFETY_MARK_COLUMNS)],
        inputs=rows.inputs,
        lost={reason: n for reason, n in sorted(lost.items()) if n},
        n_without_part=int(marks["day_part"].isna().sum()),
        n_without_school=int(marks["school"].isna().sum()),
    )


def _find_columns(header: Sequence[str]) -> dict[str, list[str]]:
    pick = make_picker(header)
    asked = pick(_FEELINGS, lambda form: bool(_FEELING.fullmatch(form)) and not _NOT_FEELINGS.search(form))
    return {
        "feeling": [*asked, *pick(_VAGUE)][:1],
        "time": pick(_TIMES)[:1],
        "school": pick(_SCHOOLS)[:1],
        "data_status": pick(_STATUS)[:1],
    }


def _feeling_of_label(label: str) -> str | None:
    """What the name of a file, sheet or layer says that all of its marks are."""
    words = normalise(label)
    if re.search(r"\bunsafe\b", words):
        return "unsafe"
    return "safe" if re.search(r"\bsafe\b", words) else None


def _fits(columns: Mapping[str, Sequence[str]], label: str) -> bool:
    return bool(columns["feeling"]) or _feeling_of_label(label) is not None


_FORM = PlaceForm(
    table="safety maps",
    rule="Marks on maps need a column that says whether it feels safe, and a location: coordinates, points or outlines",
    find=_find_columns,
    fits=_fits,
    hint="Add a column feeling with safe or unsafe.",
)


def _read_feelings(rows: PlaceRows) -> pd.Series:
    """Of each row "safe", "unsafe", or why neither."""
    texts = rows.read_first("feeling")
    feelings = np.full(len(texts), NO_FEELING, dtype=object)
    for label, columns in rows.columns.items():
        here = np.flatnonzero((rows.label == label).to_numpy())
        asked = normalise(columns["feeling"][0]) if columns["feeling"] else ""
        said = texts.iloc[here]
        highest = _find_highest(said)
        by_label = _feeling_of_label(label)
        read = {text: _read_feeling(text, asked, highest) for text in said.dropna().unique()} | {None: NO_FEELING}
        feelings[here] = [by_label if by_label and not asked else read[text] for text in said]
    return pd.Series(feelings, index=texts.index, dtype="object")


def _find_highest(texts: pd.Series) -> int | None:
    """The end of the scale that the numbers of a column are of; None where they are of none, or are yes and no."""
    found = [match for text in texts.dropna().unique() if (match := _NUMBER.fullmatch(str(text).strip()))]
    if not found:
        return None
    numbers = {int(match[1]) for match in found}
    stated = {int(match[2]) for match in found if match[2]}
    if len(stated) == 1:
        return stated.pop()
    if min(numbers) < 0 or max(numbers) > 10 or max(numbers) <= 2:
        return None
    return next(end for end in (3, 5, 10) if max(numbers) <= end)


def _read_feeling(text: str, asked: str, highest: int | None) -> str:
    """What a text says, under the words of its column."""
    plain = " ".join(str(text).casefold().replace("\u2019", "'").split()).strip(" .!?")
    if not plain:
        return NO_FEELING
    if len(plain) > _MOST_LETTERS:
        return UNREAD_FEELING
    is_of_fear = bool(_OF_FEAR.search(asked))
    if (number := _NUMBER.fullmatch(plain)) and highest is not None:
        above = 2 * int(number[1]) - (highest + 1)
        return NEITHER if above == 0 else "safe" if (above > 0) != is_of_fear else "unsafe"
    if _YES.fullmatch(plain) or _NO.fullmatch(plain):
        if not (is_of_fear or re.search(r"\bsafe\b", asked)):
            return UNREAD_FEELING
        return "safe" if bool(_YES.fullmatch(plain)) != is_of_fear else "unsafe"
    return _read_words(plain)


def _read_words(plain: str) -> str:
    if _UNSURE.search(plain):
        return NEITHER
    is_bad = bool(_BAD.search(plain))
    is_good = bool(_GOOD.search(_BAD.sub(" ", plain)))
    if is_bad != is_good:
        return "unsafe" if is_bad else "safe"
    return NEITHER if is_bad or _SO_SO.search(plain) else UNREAD_FEELING


def _find_part(text: object) -> str | None:
    """The part of the day that a text is of; None where it is not known."""
    if not isinstance(text, str):
        return None
    plain = " ".join(text.casefold().replace("_", " ").split())
    if clock := _CLOCK.search(plain):
        hour = int(clock[1]) % 12 + 12 * clock[3].startswith("p") if clock[3] else int(clock[1])
        if hour < 24 and (clock[2] or clock[3] or plain == clock[1]):
            return next((part for start, part in reversed(_STARTS) if hour >= start), "night")
    found = [part for part, words in _PARTS.items() if re.fullmatch(rf"(?:in |at |during |the )*(?:{words})s?", plain)]
    return found[0] if found else None


def _release_schools(texts: pd.Series) -> pd.Series:
    """The names of schools with ten marks; others are missing."""
    plain = texts.map(lambda text: " ".join(text.split()), na_action="ignore")
    key = plain.map(lambda text: text.casefold(), na_action="ignore")
    usual = {one: group.mode().iloc[0] for one, group in plain.groupby(key) if len(group) >= MANY_ROWS}
    names = pd.Series([usual.get(one) for one in key], index=texts.index, dtype="object")
    released: pd.Series = release_names(names)
    return released.where(released.notna(), None)

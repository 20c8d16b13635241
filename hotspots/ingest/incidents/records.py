"""One table of a source to records: what each row says, or why it cannot be used."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from hotspots.contracts import AREA
from hotspots.crimes import (
    KNIFE_CRIME,
    UNRECOGNISED,
    CrimeDefinitions,
    add_wordings,
    classify_offences,
    load_definitions,
)
from hotspots.errors import DataError, ParameterError
from hotspots.geography import BRITISH_NATIONAL_GRID
from hotspots.ingest.formats import Chunk, Table
from hotspots.ingest.incidents.coarseness import Stated
from hotspots.ingest.incidents.column_words import say_columns
from hotspots.ingest.incidents.counted import read_counts
from hotspots.ingest.incidents.location_texts import find_kinds, first_known, name_locations
from hotspots.ingest.incidents.locations import Locations, Places, locate
from hotspots.ingest.incidents.profiles import SourceProfile
from hotspots.ingest.incidents.record_schema import (
    BLANK_ROW,
    NO_COUNT,
    RECORDS,
    TALLIED,
    Oddity,
    make_records,
    refuse_malformed,
    replace_columns,
)
from hotspots.ingest.incidents.row_times import TimeForms, find_time_forms, read_as_months, read_times, refuse_dates
from hotspots.ingest.incidents.stated_areas import join_areas, keep_areas, mark_rare_areas
from hotspots.ingest.texts import (
    BLANK_TEXT,
    UNFINISHED,
    blank,
    describe_forms,
    gather_texts,
    know_categories,
    list_distinct,
    map_texts,
    release_categories,
    release_kinds,
    release_places,
    repeat_text,
    strip_blanks,
    to_arrow,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingOptions:
    """How the incidents of a workspace are read.

    Attributes:
        crs: The working CRS, projected, in metres.
        time_zone: IANA name of the zone whose wall-clock time is wanted.
        profiles: Source profiles, tried before a layout is recognised.
        definitions: What each offence wording stands for; by default the built-in ones.
        postcodes, areas: Where postcodes and small areas (LSOAs) are, for rows without coordinates.
    """

    crs: str = BRITISH_NATIONAL_GRID
    time_zone: str = "Europe/London"
    profiles: tuple[SourceProfile, ...] = ()
    definitions: CrimeDefinitions = field(default_factory=load_definitions)
    postcodes: Places | None = None
    areas: Places | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRecords:
    """The records of one table.

    Attributes:
        records: One record a row, as `RECORDS`, in the order of the file but for malformed rows.
        data_status: What the table says of itself if it is unfinished or made up, or None.
        rounded_to: What the coordinates of rows with `Oddity.ROUNDED` are rounded to, for people; None where there are
            none.
        n_count_rows: Rows of a table of counts, each of which is in `records` as often as it counts incidents; None
            where each row is one incident.
        other_months: The columns `TALLIED` of rows in months that nobody asked for, which are not in `records`.
    """

    records: pa.Table
    data_status: str | None
    rounded_to: str | None = None
    n_count_rows: int | None = None
    other_months: pa.Table = field(default_factory=lambda: RECORDS.empty_table().select(TALLIED))


_YES_NO = {
    **dict.fromkeys(("y", "yes", "true", "t", "1"), True),
    **dict.fromkeys(("n", "no", "false", "f", "0"), False),
}
_NO_ID = (
    r"n/?a|nan|nil|null|none|not (?:known|recorded)|redacted|restricted|tba|tbc|unknown|[-x.?*#0]+"
    r"|\p{Nd}(?:\.\p{Nd}+)?e\+\p{Nd}\p{Nd}+"
)
"""What stands for an ID where there is none, or where a spreadsheet has made a number of it and lost its end."""


MAX_COUNTED = 5_000_000
"""What one table of counts may count: five years of the crime of London. Each is a record, of half a kilobyte."""

_PLAIN_ROLES = ("id", "easting", "northing", "longitude", "latitude")
"""Columns of which few texts are there twice, or in which a text need not be kept once it is read."""

_LETTERS = re.compile(r"[^\W\d_]+")


def read_records(table: Table, profile: SourceProfile, options: ReadingOptions) -> TableRecords:
    """Read every row of a table, a chunk at a time.

    A start at 00:00 with no end, or one at 00:00 or 23:59, is what a form fills in when nobody knew the time: such a
    row keeps its day and loses its hour. An end without a time of day means the end of that day.

    Raises:
        DataError: A column of the profile is not there, or the table cannot be read.
        ParameterError: The profile names a crime or a time zone that does not exist.
    """
    needed = {name for role, names in profile.columns.items() if role not in _PLAIN_ROLES for name in names}
    plain = {name for role in _PLAIN_ROLES for name in profile.columns.get(role, ())} - needed
    for role, names in profile.columns.items():
        absent = [name for name in names if name not in table.header]
        if absent:
            raise DataError(
                f'{table.label} has no column "{absent[0]}", which source profile {profile.name} names for {role}. '
                f"It has: {say_columns(table.header)}. Correct the profile, or its pattern of files."
            )
    definitions = add_wordings(options.definitions, profile.offences, source=profile.name)
    every = None
    if profile.every_offence == KNIFE_CRIME:
        raise ParameterError(
            f'Source profile {profile.name} says every_offence = "{KNIFE_CRIME}", but knife crime is not one '
            "offence: it is any offence that involved a knife. Name the offence of the rows, or its column, and say "
            "is_knife = true."
        )
    if profile.every_offence:
        every = add_wordings(definitions, {profile.every_offence: profile.every_offence}, source=profile.name)
    forms = find_time_forms(table, profile)
    parts: list[pa.Table] = []
    said: set[str] = set()
    stated = Stated()
    n_rows = 0
    for chunk in table.read_with(needed, plain=plain):
        frame, statuses, place = _read_chunk(chunk, profile, options, definitions, every, table=table, forms=forms)
        n_rows += len(frame) + len(chunk.malformed)
        if profile.count:
            counts = _count_incidents(frame, chunk.columns[profile.count], profile)
            # each becomes a record: a file of two lines could take all memory
            if counts.sum() + sum(part.num_rows for part in parts) > MAX_COUNTED:
                raise DataError(
                    f"A table of counts may count {MAX_COUNTED // 10**6} million incidents; {table.label} counts more "
                    f'in its column "{profile.count}". Name the right column with count in a source profile, or split '
                    "the table by month."
                )
            times = np.repeat(np.arange(len(frame)), counts)
            frame = frame.iloc[times]
            stated.add(place.stated[times], place.in_degrees[times])
        else:
            stated.add(place.stated, place.in_degrees)
        parts.append(make_records(frame))
        said |= statuses
        if chunk.malformed:
            parts.append(refuse_malformed(chunk.malformed, n_columns=len(table.header)))
            stated.add_nothing(len(chunk.malformed))
    records = pa.concat_tables(parts).unify_dictionaries() if parts else RECORDS.empty_table()
    records = _release_texts(mark_rare_areas(records), profile, definitions)
    is_rounded, rounded_to = stated.find_rounded(records["easting"].to_numpy(), records["northing"].to_numpy())
    return TableRecords(
        records=read_as_months(_read_as_areas(records, is_rounded), profile),
        data_status=", ".join(sorted(said)) or None,
        n_count_rows=n_rows if profile.count else None,
        rounded_to=rounded_to,
    )


def _count_incidents(frame: pd.DataFrame, texts: pd.Series, profile: SourceProfile) -> npt.NDArray[np.int64]:
    """How many incidents each row stands for; one, with a reason, where it does not say."""
    counts = read_counts(texts)
    unread = (counts < 0) & frame["reason"].isna().to_numpy()
    gave = f"{profile.count} " + texts.astype("object")
    for name, told in (("reason", NO_COUNT), ("detail", _describe_details(gave, profile))):
        frame[name] = frame[name].astype("object").mask(unread, told)
    return np.where(counts < 0, 1, counts)


def _read_as_areas(records: pa.Table, is_rounded: npt.NDArray[np.bool_]) -> pa.Table:
    """The records, of which those whose coordinates are rounded are located only to an area."""
    if not is_rounded.any():
        return records
    precision = records["location_precision"].to_pandas().astype("object").mask(is_rounded, AREA)
    oddities = records["oddities"].to_numpy() | np.where(is_rounded, Oddity.ROUNDED.value, 0).astype(np.int32)
    return replace_columns(records, location_precision=precision, oddities=oddities)


def _read_chunk(
    chunk: Chunk,
    profile: SourceProfile,
    options: ReadingOptions,
    definitions: CrimeDefinitions,
    every: CrimeDefinitions | None,
    *,
    table: Table,
    forms: TimeForms,
) -> tuple[pd.DataFrame, set[str], Locations]:
    columns, n_rows = chunk.columns, len(chunk.row)
    nothing = blank(n_rows)

    def column(name: str | None) -> pd.Series:
        return columns[name] if name else nothing

    offences = (
        [repeat_text(profile.every_offence, n_rows)]
        if profile.every_offence
        else [columns[name] for name in profile.offence]
    )
    if profile.offence_group:
        is_blank = np.logical_and.reduce([texts.isna().to_numpy() for texts in offences])
        offences.insert(0, repeat_text(profile.offence_group, n_rows).mask(is_blank))
    classified = classify_offences(offences, definitions=every or definitions).reset_index(drop=True)
    records: dict[str, Any] = {**classified, "source_row": chunk.row}
    given_ids = [columns[name] for name in profile.id]
    ids = _read_ids(given_ids, n_rows)
    records["incident_id"] = pd.arrays.ArrowExtensionArray(ids)  # a text a row, which pandas need not know
    records["unrecognised_offence"] = _name_unrecognised(offences, records["category"])

    times, start_text, oddities = read_times(
        columns, n_rows, profile, time_zone=options.time_zone, forms=forms, is_1904=table.is_1904
    )
    records["started_at"], records["ended_at"] = times[:2]
    records["time_precision"] = gather_texts(times[2])

    is_knife, unread = _read_knife(column(profile.knife), profile)
    # a wording that says there was a knife needs no flag
    records["is_knife"] = records["is_knife"].fillna(is_knife)
    records["unread_knife"] = unread.where(records["is_knife"].ne(True).fillna(True))

    locations = name_locations(first_known([columns[name] for name in reversed(profile.location)], nothing), profile)
    oddities[locations.is_masked] |= Oddity.MASKED
    records["location"], records["location_mark"] = locations.name, locations.mark
    kinds = column(profile.location_kind)
    records["location_kind"] = find_kinds(kinds, locations.told_kind, profile.location_kinds)
    records["stated_ward"] = keep_areas(column(profile.ward))
    records["stated_area"] = join_areas([keep_areas(columns[name]) for name in profile.area], nothing)

    place = locate(
        columns,
        profile,
        stated_crs=table.crs,
        crs=options.crs,
        postcodes=options.postcodes,
        areas=options.areas,
    )
    records["location_precision"] = gather_texts(place.precision)
    records["easting"], records["northing"] = place.easting, place.northing
    is_given = np.logical_or.reduce([ids.notna().to_numpy() for ids in given_ids or [nothing]])
    oddities[is_given & np.asarray(pc.is_null(ids))] |= Oddity.PLACEHOLDER_ID
    if chunk.is_hidden is not None:
        oddities[chunk.is_hidden] |= Oddity.HIDDEN
    records["oddities"] = oddities

    reason, detail = refuse_dates(records["started_at"], start_text, profile)
    without_date = pd.notna(reason)
    reason, detail = np.where(without_date, reason, place.reason), np.where(without_date, detail, place.detail)
    if profile.start and columns:
        reason[np.logical_and.reduce([values.isna().to_numpy() for values in columns.values()])] = BLANK_ROW
    records["reason"] = gather_texts(reason)
    records["detail"] = map_texts(gather_texts(detail), lambda text: _describe_details(text, profile))
    statuses = {str(word).strip().casefold() for word in list_distinct(column(profile.status))} & UNFINISHED
    return pd.DataFrame(records, copy=False), statuses, place


def _name_unrecognised(offences: Sequence[pd.Series], category: pd.Series) -> pd.Series:
    """The most specific text of each row whose offence is in no table."""
    is_unknown = category.eq(UNRECOGNISED).to_numpy()
    texts = offences[-1][is_unknown].astype("object")
    for other in reversed(offences[:-1]):
        texts = texts.where(texts.notna(), other[is_unknown].astype("object"))
    named = np.full(len(category), None, dtype=object)
    named[is_unknown] = texts.where(texts.notna(), BLANK_TEXT).to_numpy()
    return gather_texts(named)


def _release_texts(records: pa.Table, profile: SourceProfile, definitions: CrimeDefinitions) -> pa.Table:
    """The records of a whole table with those texts alone that may be shown: what is rare may be about somebody."""
    kinds = {kind.casefold() for kind in profile.location_kinds.values()}
    known = functools.cache(lambda: know_categories(definitions.list_words()))  # most tables need no vocabulary
    released: dict[str, Callable[[pd.Series], pd.Series]] = {
        "location": release_places,
        "location_kind": lambda texts: release_kinds(texts, also=kinds),
        "unrecognised_offence": lambda texts: release_categories(texts, known()),
        "unread_knife": lambda texts: release_categories(texts, known()),
    }
    for name, release in released.items():
        if records[name].null_count < records.num_rows:
            texts = records[name].to_pandas()
            if (kept := release(texts)) is not texts:
                records = replace_columns(records, **{name: kept})
    return records


def _describe_details(details: pd.Series, profile: SourceProfile) -> pd.Series:
    """What rows gave, by its form: a row whose values stand in the wrong columns gives somebody's name as its date."""
    named = (name for names in profile.columns.values() for name in names)
    return describe_forms(details, known={word.casefold() for name in named for word in _LETTERS.findall(name)})


def _read_ids(columns: Sequence[pd.Series], n_rows: int) -> pa.Array:
    """The first of the IDs of each row that is one; missing where none is."""
    ids = pa.nulls(n_rows, pa.large_string())
    for column in columns:
        is_listed = isinstance(column.dtype, pd.CategoricalDtype)
        texts = strip_blanks(to_arrow(column.cat.categories if is_listed else column).cast(pa.large_string()))
        is_none = pc.match_substring_regex(texts, f"^(?:{_NO_ID})$", ignore_case=True)
        read = pc.if_else(is_none, None, texts)
        if is_listed:
            codes = column.cat.codes.to_numpy()
            read = read.take(pa.array(codes, mask=codes < 0))
        ids = pc.coalesce(ids, read) if len(columns) > 1 else read
    return ids


def _read_knife(texts: pd.Series, profile: SourceProfile) -> tuple[pd.Series, pd.Series]:
    """Whether each row says that there was a knife, and the texts that are neither yes, no, nor a word of the profile.

    Where the profile has words, such a text is taken for no; where it has none, for not known.
    """
    if profile.is_knife:
        return pd.Series(True, index=texts.index, dtype="boolean"), blank(len(texts))
    meant = {**_YES_NO, **{word.casefold(): True for word in profile.knife_words}}
    said = [meant.get(text.strip().casefold()) for text in list_distinct(texts)]
    codes = texts.cat.codes.to_numpy()  # -1 where missing, which reads the last entry
    is_so = np.array([*map(bool, said), False])[codes]
    is_unsaid = np.array([*(word is None for word in said), True])[codes]
    is_knife = pd.Series(pd.arrays.BooleanArray(is_so, is_unsaid), index=texts.index)
    unread = texts.where(is_knife.isna())
    return is_knife.mask(unread.notna(), False) if profile.knife_words else is_knife, unread

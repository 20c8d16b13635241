"""One table of a source to records: what each row says, or why it cannot be used."""

from __future__ import annotations

import dataclasses
import enum
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from hotspots.crimes import UNRECOGNISED, CrimeDefinitions, add_wordings, classify_offences, load_definitions
from hotspots.errors import DataError
from hotspots.geography.projection import BRITISH_NATIONAL_GRID
from hotspots.ingest.locations import Places, locate
from hotspots.ingest.masking import mask_personal_data
from hotspots.ingest.parsing import UNFINISHED, blank, map_unique
from hotspots.ingest.profiles import SourceProfile
from hotspots.ingest.tables import Chunk, Table
from hotspots.ingest.times import Times, join_columns, parse_times

BLANK_ROW = "blank row"
MALFORMED_ROW = "malformed row"
REPEATED_ROW = "repeated row"
NO_DATE = "no date"
UNREADABLE_DATE = "unreadable date"
IMPLAUSIBLE_DATE = "implausible date"

WITHOUT_DATE = (BLANK_ROW, MALFORMED_ROW, NO_DATE, UNREADABLE_DATE, IMPLAUSIBLE_DATE)
"""Reasons of rows of which nobody knows the month."""

FIRST_YEAR, LAST_YEAR = 1990, 2099
"""A date outside is a placeholder or a slip of the pen, and one of them would stretch the period by a century."""

_WORDS = pa.dictionary(pa.int32(), pa.string())

RECORDS = pa.schema(
    [
        ("source_row", pa.int32()),
        ("incident_id", pa.string()),
        ("category", _WORDS),
        ("subcategory", _WORDS),
        ("is_knife", pa.bool_()),
        ("started_at", pa.timestamp("s")),
        ("ended_at", pa.timestamp("s")),
        ("time_precision", _WORDS),
        ("location", _WORDS),
        ("location_kind", _WORDS),
        ("location_precision", _WORDS),
        ("easting", pa.float64()),
        ("northing", pa.float64()),
        ("stated_ward", _WORDS),
        ("unrecognised_offence", _WORDS),
        ("oddities", pa.int16()),
        ("reason", _WORDS),
        ("detail", _WORDS),
    ]
)
"""What every row of every source becomes; `reason` says why a row cannot be used, `detail` what it gave instead."""


class Oddity(enum.IntFlag):
    """What is odd about a row that is kept."""

    END_UNREADABLE = 1
    KNIFE_UNREADABLE = 2
    MIDNIGHT = 4
    """The time was midnight, which is what a form fills in when nobody knew it; taken for not known."""
    NONEXISTENT_TIME = 8
    AMBIGUOUS_TIME = 16
    REVERSED = 32
    MASKED = 64
    CONVERTED_TIME = 128
    TIME_UNREADABLE = 256
    """The time of day, in a column of its own, was none; the row keeps its day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingOptions:
    """How a workspace wants its incidents read.

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
    """What one table says.

    Attributes:
        records: One record a row, as `RECORDS`, in the order of the file but for malformed rows.
        data_status: What the table says of itself if it is unfinished or made up, or None.
    """

    records: pa.Table
    data_status: str | None


_YES_NO = {
    **dict.fromkeys(("y", "yes", "true", "t", "1"), True),
    **dict.fromkeys(("n", "no", "false", "f", "0"), False),
}
_LAST_MINUTE = 23 * 60 + 59
_CODE = re.compile(r"[\w/-]{1,12}")
_LETTERS = re.compile(r"[^\W\d_]{3,}")
_WORDS_OF_DETAILS = frozenset(
    (
        *("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec"),
        *("january", "february", "march", "april", "june", "july", "august", "september", "october", "november"),
        *("december", "mon", "tue", "wed", "thu", "fri", "sat", "sun", "monday", "tuesday", "wednesday", "thursday"),
        *("friday", "saturday", "sunday", "utc", "gmt", "bst", "point"),
        *("name", "phone", "date", "mail", "number", "vehicle"),  # of masks
    )
)


def read_records(table: Table, profile: SourceProfile, options: ReadingOptions) -> TableRecords:
    """Read every row of a table, a chunk at a time.

    A start at 00:00 with no end, or one at 00:00 or 23:59, is what a form fills in when nobody knew the time: such a
    row keeps its day and loses its hour. An end without a time of day means the end of that day.

    Raises:
        DataError: A column of the profile is not there, or the table cannot be read.
        ParameterError: The profile names a crime or a time zone that does not exist.
    """
    needed = {name for names in profile.columns.values() for name in names}
    for role, names in profile.columns.items():
        absent = [name for name in names if name not in table.header]
        if absent:
            raise DataError(
                f'{table.label} has no column "{absent[0]}", which source profile {profile.name} names for {role}. '
                f"It has: {', '.join(table.header)[:500]}. Correct the profile, or its pattern of files."
            )
    definitions = add_wordings(options.definitions, profile.offences, source=profile.name)
    every = None
    if profile.every_offence:
        every = add_wordings(definitions, {profile.every_offence: profile.every_offence}, source=profile.name)
    parts: list[pa.Table] = []
    said: set[str] = set()
    for chunk in table.read(needed):
        frame, statuses = _read_chunk(chunk, profile, options, definitions, every, stated_crs=table.crs)
        parts.append(_to_arrow(frame))
        said |= statuses
        if chunk.malformed_rows:
            parts.append(_refuse_malformed(chunk.malformed_rows))
    records = pa.concat_tables(parts).unify_dictionaries() if parts else RECORDS.empty_table()
    return TableRecords(records=records, data_status=", ".join(sorted(said)) or None)


def _read_chunk(
    chunk: Chunk,
    profile: SourceProfile,
    options: ReadingOptions,
    definitions: CrimeDefinitions,
    every: CrimeDefinitions | None,
    *,
    stated_crs: str | None,
) -> tuple[pd.DataFrame, set[str]]:
    columns, n_rows = chunk.columns, len(chunk.row)
    nothing = blank(n_rows)

    def column(name: str | None) -> pd.Series:
        return columns[name] if name else nothing

    if profile.every_offence:
        constant = _constant(profile.every_offence, n_rows)
        records = classify_offences(constant, definitions=every)
        offence = constant
    else:
        offences = [columns[name] for name in profile.offence]
        records = classify_offences(offences, definitions=definitions)
        offence = (
            offences[-1] if len(offences) == 1 else offences[-1].astype("object").fillna(offences[0].astype("object"))
        )
    start_text = (
        join_columns([columns[name] for name in profile.start])
        if profile.start
        else _constant(str(profile.every_date), n_rows)
    )
    end_text = join_columns([columns[name] for name in profile.end]) if profile.end else nothing
    reading = {"date_order": profile.date_order, "clock": profile.clock, "time_zone": options.time_zone}
    start = parse_times(start_text, **reading)  # type: ignore[arg-type]
    without_time = np.zeros(n_rows, dtype=bool)
    if len(profile.start) == 2 and start.at.isna().any():
        day = parse_times(columns[profile.start[0]], **reading)  # type: ignore[arg-type]
        without_time = (start.at.isna() & day.at.notna()).to_numpy()
        start = dataclasses.replace(
            start,
            at=start.at.where(~without_time, day.at),
            precision=np.where(without_time, day.precision, start.precision),
        )
    end = parse_times(end_text, **reading)  # type: ignore[arg-type]
    started_at, ended_at, precision, oddities = _settle_times(start, end, end_text)
    location = _first_known([columns[name] for name in reversed(profile.location)], nothing)
    oddities[without_time] |= Oddity.TIME_UNREADABLE
    location = _drop_no_location(location)
    shown = mask_personal_data(location)
    is_masked = location.notna() & (shown.astype("object") != location.astype("object"))
    oddities[is_masked.to_numpy()] |= Oddity.MASKED
    is_knife, unreadable = _read_knife(column(profile.knife), profile.knife_words)
    oddities[unreadable] |= Oddity.KNIFE_UNREADABLE
    place = locate(
        columns,
        profile,
        stated_crs=stated_crs,
        crs=options.crs,
        postcodes=options.postcodes,
        areas=options.areas,
    )

    records = records.reset_index(drop=True)
    unknown = records["category"].eq(UNRECOGNISED).to_numpy()
    records["source_row"] = chunk.row
    records["incident_id"] = column(profile.id).astype("object").to_numpy()
    # a wording that says there was a knife needs no flag
    records["is_knife"] = records["is_knife"].fillna(is_knife)
    records["started_at"], records["ended_at"], records["time_precision"] = started_at, ended_at, precision
    records["location"] = shown.to_numpy()
    kind = mask_personal_data(column(profile.location_kind))
    records["location_kind"] = _find_kind(kind, location, profile.location_kinds).to_numpy()
    records["location_precision"] = place.precision
    records["easting"], records["northing"] = place.easting, place.northing
    records["stated_ward"] = _keep_codes(column(profile.ward)).to_numpy()
    offence_text = offence.astype("object").fillna("(blank)").where(unknown, None)
    records["unrecognised_offence"] = mask_personal_data(offence_text.astype("object")).to_numpy()
    records["oddities"] = oddities

    reason, detail = _refuse_dates(started_at, start_text, profile)
    records["reason"] = np.where(pd.notna(reason), reason, place.reason)
    found = np.where(pd.notna(reason), detail, place.detail)
    records["detail"] = _mask_details(pd.Series(found, dtype="object"), profile).to_numpy()
    if profile.start and columns:
        is_blank = np.logical_and.reduce([values.isna().to_numpy() for values in columns.values()])
        records.loc[is_blank, "reason"] = BLANK_ROW
    statuses = {str(word).strip().casefold() for word in column(profile.status).cat.categories} & UNFINISHED
    return records, statuses


def _keep_codes(texts: pd.Series) -> pd.Series:
    """Codes of wards: short texts in one word. Whatever else stands there is missing, since products name codes."""
    masked = mask_personal_data(texts).astype("category")
    return map_unique(masked, lambda text: text.where(text.str.fullmatch(_CODE))).astype("object")


def _mask_details(details: pd.Series, profile: SourceProfile) -> pd.Series:
    """What rows gave, without words that are not of dates, of masks or of the names of the columns.

    A row whose values stand in the wrong columns gives anything as its date, somebody's name too.
    """
    named = (name for names in profile.columns.values() for name in names)
    known = _WORDS_OF_DETAILS | {word.casefold() for name in named for word in _LETTERS.findall(name)}
    return mask_personal_data(details).map(
        lambda text: _LETTERS.sub(lambda word: word[0] if word[0].casefold() in known else "[text]", text),
        na_action="ignore",
    )


def _constant(text: str, n_rows: int) -> pd.Series:
    return pd.Series(
        pd.Categorical.from_codes(np.zeros(n_rows, dtype=np.int8), categories=pd.Index([text], dtype="object"))
    )


def _first_known(columns: Sequence[pd.Series], nothing: pd.Series) -> pd.Series:
    if not columns:
        return nothing
    found = columns[0].astype("object")
    for other in columns[1:]:
        found = found.where(found.notna(), other.astype("object"))
    return found.astype("category")


def _drop_no_location(texts: pd.Series) -> pd.Series:
    """The words of police.uk for a row without a place are no place."""
    return map_unique(texts, lambda text: text.mask(text == "No Location")).astype("category")


def _settle_times(
    start: Times, end: Times, end_text: pd.Series
) -> tuple[pd.Series, pd.Series, npt.NDArray[np.object_], npt.NDArray[np.int16]]:
    """Start, end, precision and oddities of each row, once each is seen beside the other."""
    oddities = np.zeros(len(start.at), dtype=np.int16)
    oddities[start.is_nonexistent | end.is_nonexistent] |= Oddity.NONEXISTENT_TIME
    oddities[start.instant.notna().to_numpy()] |= Oddity.CONVERTED_TIME
    oddities[start.is_ambiguous | end.is_ambiguous] |= Oddity.AMBIGUOUS_TIME
    end_of_day = end.at + pd.Timedelta(minutes=_LAST_MINUTE)
    ended_at = end.at.where(end.precision != "day", end_of_day).where(end.precision != "month")
    oddities[end_text.notna().to_numpy() & ended_at.isna().to_numpy()] |= Oddity.END_UNREADABLE
    ended_at = ended_at.where(start.precision != "month")

    end_minute = ended_at.dt.hour * 60 + ended_at.dt.minute
    start_minute = start.at.dt.hour * 60 + start.at.dt.minute
    open_ended = (ended_at.isna() | (end_minute == 0) | (end_minute == _LAST_MINUTE)).to_numpy()
    at_midnight = (start_minute == 0).to_numpy() & open_ended & (start.precision == "minute")
    oddities[at_midnight] |= Oddity.MIDNIGHT
    precision = np.where(at_midnight, "day", start.precision)

    backwards = (ended_at < start.at).to_numpy()
    # over the hour that the clock shows twice, an end may show less than its start and be after it
    in_order = (end.instant >= start.instant).to_numpy()
    ended_at = ended_at.where(~(backwards & in_order), start.at)
    is_reversed = backwards & ~in_order
    oddities[is_reversed] |= Oddity.REVERSED
    ended_at = ended_at.where(~is_reversed)
    return start.at, ended_at, precision, oddities


def _read_knife(texts: pd.Series, words: Sequence[str]) -> tuple[pd.Series, npt.NDArray[np.bool_]]:
    """Whether each row says that there was a knife, and which rows say something that is neither yes nor no."""
    meant = {word.casefold() for word in words}

    def read(unique: pd.Series) -> pd.Series:
        folded = unique.str.casefold()
        return (folded.isin(meant) if words else folded.map(_YES_NO)).astype("object")

    is_knife = map_unique(texts, read).astype("boolean")
    return is_knife, (texts.notna() & is_knife.isna()).to_numpy()


def _find_kind(kinds: pd.Series, location: pd.Series, words: Mapping[str, str]) -> pd.Series:
    meant = {word.casefold(): kind for word, kind in words.items()}
    stated = map_unique(
        kinds, lambda text: text.str.casefold().map(lambda word: meant.get(word, word)).astype("object")
    )
    if not meant:
        return stated
    told = map_unique(
        location, lambda text: text.str.casefold().str.removeprefix("on or near ").map(meant).astype("object")
    )
    return stated.astype("object").where(stated.notna(), told)


def _refuse_dates(
    started_at: pd.Series, texts: pd.Series, profile: SourceProfile
) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.object_]]:
    reason = np.full(len(texts), None, dtype=object)
    reason[~started_at.dt.year.between(FIRST_YEAR, LAST_YEAR).to_numpy()] = IMPLAUSIBLE_DATE
    reason[started_at.isna().to_numpy()] = UNREADABLE_DATE
    reason[texts.isna().to_numpy()] = NO_DATE
    detail = np.full(len(texts), None, dtype=object)
    names = " and ".join(profile.start)
    for index in np.flatnonzero(pd.notna(reason) & texts.notna().to_numpy()).tolist():
        detail[index] = f"{names} {texts.iat[index]}"
    return reason, detail


def _to_arrow(frame: pd.DataFrame) -> pa.Table:
    arrays = []
    for spec in RECORDS:
        values = frame[spec.name]
        if spec.type == _WORDS:
            values = values.astype("category")
            codes = pa.array(values.cat.codes.to_numpy(), type=pa.int32(), mask=(values.cat.codes == -1).to_numpy())
            words = pa.array([str(word) for word in values.cat.categories], type=pa.string())
            arrays.append(pa.DictionaryArray.from_arrays(codes, words))
        elif spec.name == "incident_id":
            arrays.append(pa.array(values.to_numpy(), type=pa.string(), from_pandas=True))
        else:
            arrays.append(pa.array(values, type=spec.type, from_pandas=True))
    return pa.Table.from_arrays(arrays, schema=RECORDS)


def _refuse_malformed(rows: Sequence[int]) -> pa.Table:
    table = pa.table({"source_row": pa.array(rows, type=pa.int32())})
    for position, spec in enumerate(RECORDS):
        if spec.name == "source_row":
            continue
        text = {"category": UNRECOGNISED, "reason": MALFORMED_ROW}.get(spec.name)
        values = (
            pa.array([text] * len(rows), type=pa.string()).dictionary_encode()
            if text
            else pa.nulls(len(rows), spec.type)
        )
        if spec.name == "oddities":
            values = pa.array(np.zeros(len(rows), dtype=np.int16))
        table = table.add_column(position, spec.name, values)
    return table.cast(RECORDS)

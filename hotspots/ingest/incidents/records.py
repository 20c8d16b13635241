"""One table of a source to records: what each row says, or why it cannot be used."""

from __future__ import annotations

import dataclasses
import enum
import functools
import hashlib
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
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
from hotspots.ingest.formats import MAX_TABLE_ROWS, Chunk, Columns, Table
from hotspots.ingest.incidents.coarseness import Stated, are_months
from hotspots.ingest.incidents.column_words import say_columns
from hotspots.ingest.incidents.counted import read_counts
from hotspots.ingest.incidents.locations import Locations, Places, locate
from hotspots.ingest.incidents.profiles import SourceProfile
from hotspots.ingest.texts import (
    BLANK_TEXT,
    NAME_MASK,
    UNFINISHED,
    Strings,
    TimeForm,
    Times,
    blank,
    count_from_1904,
    describe_forms,
    find_addresses,
    find_time_column,
    find_time_form,
    join_columns,
    know_categories,
    map_unique,
    mask_personal_data,
    name_streets,
    parse_times,
    release_categories,
    release_kinds,
    release_places,
)

BLANK_ROW = "blank row"
MALFORMED_ROW = "malformed row"
REPEATED_ROW = "repeated row"
NO_DATE = "no date"
UNREADABLE_DATE = "unreadable date"
IMPLAUSIBLE_DATE = "implausible date"

NO_COUNT = "no number of incidents"

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
        ("location_mark", pa.int16()),
        ("location_kind", _WORDS),
        ("location_precision", _WORDS),
        ("easting", pa.float64()),
        ("northing", pa.float64()),
        ("stated_ward", _WORDS),
        ("stated_area", _WORDS),
        ("unrecognised_offence", _WORDS),
        ("unread_knife", _WORDS),
        ("oddities", pa.int32()),
        ("reason", _WORDS),
        ("detail", _WORDS),
    ]
)
"""What every row of every source becomes; `reason` says why a row cannot be used, `detail` what it gave instead.

`location` is a street or a public place. `location_mark` tells rows at two houses of a street from each other; it is so
short that nobody finds the house by it.
"""


TALLIED = ["category", "subcategory", "is_knife", "started_at", "time_precision"]
"""What is counted of rows in months that nobody asked for."""


class Oddity(enum.IntFlag):
    """An oddity of a row that is kept."""

    END_UNREADABLE = 1
    CONFLICTING_ID = 2
    """An earlier row of another content has the same ID."""
    MIDNIGHT = 4
    """The time was midnight, which is what a form fills in when nobody knew it; taken for not known."""
    NONEXISTENT_TIME = 8
    AMBIGUOUS_TIME = 16
    REVERSED = 32
    MASKED = 64
    CONVERTED_TIME = 128
    TIME_UNREADABLE = 256
    """The time of day, in a column of its own, was none; the row keeps its day."""
    PLACEHOLDER_ID = 512
    """What stood for its ID identifies nothing, so the row counts whatever else it repeats."""
    HIDDEN = 1024
    """Whoever opens the workbook does not see the row."""
    ROUNDED = 2048
    """Its coordinates are those of a square of 100 m or more, so that it counts as in an area."""
    FIRST_OF_MONTH = 4096
    """Its date was the first of a month, as those of all rows of the table: it stands for the month."""
    HOUR_ONLY = 8192
    """Its source gives the hour and not the minute; it may have begun at any minute of it."""
    DEFAULT_TIME = 16384
    """The time was one that a form fills in, such as noon; taken for not known."""
    HALF_LOST = 32768
    """The time was on a twelve-hour clock without am or pm; taken for not known."""


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
    r"n/?a|nan|nil|null|none|not (?:known|recorded)|redacted|restricted|tba|tbc|unknown|[-x.?*#0]+|\d(?:\.\d+)?e\+\d\d+"
)
"""What stands for an ID where there is none, or where a spreadsheet has made a number of it and lost its end."""

_MONTH_NAME = re.compile(r"month|period", re.IGNORECASE)
_LAST_MINUTE = 23 * 60 + 59
_REST_OF_HOUR = pd.Timedelta(minutes=59)
_AREA = re.compile(r"\w[\w /&'.,()-]{0,39}")
_CODE = re.compile(r"(?=.*\d)[\w/-]{1,12}")
_MARK_SIGN = "#"
"""What begins the mark of an area, and no name of one."""

AREA_SIGN = "|"
"""What parts several areas of one row."""

MANY_ROWS = 10
"""A text that so many rows have is the name of an area, and not about somebody."""

_LETTERS = re.compile(r"[^\W\d_]+")


def find_days(incidents: pd.DataFrame) -> tuple[npt.NDArray[np.datetime64], npt.NDArray[np.datetime64]]:
    """First and last day on which each incident can have started: a month-only one, its whole month."""
    first = incidents["started_at"].to_numpy().astype("datetime64[D]")
    month = (incidents["time_precision"] == "month").to_numpy()
    next_month = first.astype("datetime64[M]") + np.timedelta64(1, "M")
    last = np.where(month, next_month.astype("datetime64[D]") - np.timedelta64(1, "D"), first)
    return first, last


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
    forms = _TimeForms(start=_find_form(table, profile.start), end=_find_form(table, profile.end))
    parts: list[pa.Table] = []
    said: set[str] = set()
    stated = Stated()
    n_rows = 0
    for chunk in table.read(needed):
        frame, statuses, place = _read_chunk(chunk, profile, options, definitions, every, table=table, forms=forms)
        n_rows += len(frame) + len(chunk.malformed)
        if profile.count:
            times = _count_times(frame, chunk.columns[profile.count], profile)
            if len(times) + sum(part.num_rows for part in parts) > MAX_TABLE_ROWS:
                raise DataError(
                    f"A table may have {MAX_TABLE_ROWS // 10**6} million incidents; {table.label} counts more in its "
                    f'column "{profile.count}". Name the right column with count in a source profile.'
                )
            frame = frame.iloc[times]
            stated.add(place.stated[times], place.in_degrees[times])
        else:
            stated.add(place.stated, place.in_degrees)
        parts.append(_to_arrow(frame))
        said |= statuses
        if chunk.malformed:
            parts.append(_refuse_malformed(chunk.malformed, n_columns=len(table.header)))
            stated.add_nothing(len(chunk.malformed))
    records = pa.concat_tables(parts).unify_dictionaries() if parts else RECORDS.empty_table()
    records = _release_texts(_mark_rare_areas(records), profile, definitions)
    is_rounded, rounded_to = stated.find_rounded(records["easting"].to_numpy(), records["northing"].to_numpy())
    return TableRecords(
        records=_read_as_months(_read_as_areas(records, is_rounded), profile),
        data_status=", ".join(sorted(said)) or None,
        n_count_rows=n_rows if profile.count else None,
        rounded_to=rounded_to,
    )


def _count_times(frame: pd.DataFrame, texts: pd.Series, profile: SourceProfile) -> npt.NDArray[np.int64]:
    """The position of each row as often as it stands for an incident; once, with a reason, where it does not say."""
    counts = read_counts(texts)
    unread = (counts < 0) & frame["reason"].isna().to_numpy()
    frame.loc[unread, "reason"] = NO_COUNT
    gave = f"{profile.count} " + texts.astype("object")
    frame.loc[unread, "detail"] = _describe_details(gave[unread], profile).to_numpy()
    return np.repeat(np.arange(len(frame)), np.where(counts < 0, 1, counts))


def _read_as_areas(records: pa.Table, is_rounded: npt.NDArray[np.bool_]) -> pa.Table:
    """The records, of which those whose coordinates are rounded are located only to an area."""
    if not is_rounded.any():
        return records
    precision = records["location_precision"].to_pandas().astype("object").mask(is_rounded, AREA)
    oddities = records["oddities"].to_numpy() | np.where(is_rounded, Oddity.ROUNDED.value, 0).astype(np.int32)
    return _replace(records, location_precision=precision, oddities=oddities)


def _read_as_months(records: pa.Table, profile: SourceProfile) -> pa.Table:
    """The records, with months in the place of days where all of these are the first of one."""
    if "day" not in pc.unique(records["time_precision"].cast(pa.string())).to_pylist():
        return records
    precision = records["time_precision"].to_pandas().astype("object")
    started_at, ended_at = (records[name].to_pandas() for name in ("started_at", "ended_at"))
    dated = started_at.dt.year.between(FIRST_YEAR, LAST_YEAR).to_numpy()
    is_day = dated & (precision == "day").to_numpy()
    after = ended_at[dated].dropna().dt.normalize() + pd.Timedelta(days=1)
    if not is_day.any() or (precision[dated] == "minute").any() or (after.dt.day > 2).any():
        return records
    is_called_month = len(profile.start) == 1 and bool(_MONTH_NAME.search(profile.start[0]))
    if not are_months(started_at.to_numpy()[dated], is_called_month=is_called_month):
        return records
    oddities = np.where(
        is_day,
        (records["oddities"].to_numpy() & ~Oddity.MIDNIGHT.value) | Oddity.FIRST_OF_MONTH.value,
        records["oddities"].to_numpy(),
    ).astype(np.int32)
    return _replace(
        records, time_precision=precision.mask(is_day, "month"), ended_at=ended_at.mask(is_day), oddities=oddities
    )


def _replace(records: pa.Table, **columns: Any) -> pa.Table:
    """The records with other values in some columns."""
    for name, values in columns.items():
        position = RECORDS.get_field_index(name)
        records = records.set_column(position, RECORDS.field(position), _encode(pd.Series(values), RECORDS.field(name)))
    return records


@dataclass(frozen=True, slots=True, kw_only=True)
class _TimeForms:
    """What numbers are in the columns of times of day, as the whole table shows."""

    start: TimeForm
    end: TimeForm


def _find_form(table: Table, names: Sequence[str]) -> TimeForm:
    name = find_time_column(names)
    if name is None:
        return "clock"
    first = find_time_form([table.sample({name})[name]])
    # a table may be in the order of its times, and its first rows hold those after midnight only
    return "clock" if first == "clock" else find_time_form(chunk.columns[name] for chunk in table.read({name}))


def _read_chunk(
    chunk: Chunk,
    profile: SourceProfile,
    options: ReadingOptions,
    definitions: CrimeDefinitions,
    every: CrimeDefinitions | None,
    *,
    table: Table,
    forms: _TimeForms,
) -> tuple[pd.DataFrame, set[str], Locations]:
    columns, n_rows = chunk.columns, len(chunk.row)
    nothing = blank(n_rows)

    def column(name: str | None) -> pd.Series:
        return columns[name] if name else nothing

    offences = (
        [_constant(profile.every_offence, n_rows)]
        if profile.every_offence
        else [columns[name] for name in profile.offence]
    )
    if profile.offence_group:
        is_blank = np.logical_and.reduce([texts.isna().to_numpy() for texts in offences])
        offences.insert(0, _constant(profile.offence_group, n_rows).mask(is_blank))
    records = classify_offences(offences, definitions=every or definitions).reset_index(drop=True)
    records["source_row"] = chunk.row
    given_ids = [columns[name] for name in profile.id]
    known_ids = [map_unique(ids, lambda text: text.where(~text.str.fullmatch(_NO_ID, case=False))) for ids in given_ids]
    ids = functools.reduce(lambda ids, others: ids.where(ids.notna(), others), known_ids or [nothing])
    records["incident_id"] = ids.astype("object").to_numpy()
    records["unrecognised_offence"] = _name_unrecognised(offences, records["category"]).to_numpy()

    times, start_text, oddities = _read_times(columns, n_rows, table, profile, options, forms)
    records["started_at"], records["ended_at"], records["time_precision"] = times

    is_knife, unread = _read_knife(column(profile.knife), profile)
    # a wording that says there was a knife needs no flag
    records["is_knife"] = records["is_knife"].fillna(is_knife)
    records["unread_knife"] = unread.where(records["is_knife"].ne(True).fillna(True)).astype("object").to_numpy()

    location = _drop_no_location(_first_known([columns[name] for name in reversed(profile.location)], nothing))
    # what a police force publishes of a place is the name of its street
    shown = location if profile.is_anonymised else mask_personal_data(location)
    is_masked = location.notna() & (shown.astype("object") != location.astype("object"))
    oddities[is_masked.to_numpy()] |= Oddity.MASKED
    # and what is left of a text once a name is taken from it may be that person's address
    shown = shown.astype("object").mask(shown.astype("object").str.contains(NAME_MASK, regex=False, na=False))
    records["location_mark"] = _mark_texts(shown)
    records["location"] = map_unique(
        shown.astype("category"),
        lambda text: (
            name_streets(text) if not profile.is_anonymised else text.mask(find_addresses(text), name_streets(text))
        ),
    ).to_numpy()
    kind = mask_personal_data(column(profile.location_kind))
    kind = kind.mask(find_addresses(kind))
    records["location_kind"] = _find_kind(kind, location, profile.location_kinds).to_numpy()
    records["stated_ward"] = _keep_areas(column(profile.ward)).to_numpy()
    records["stated_area"] = _join_areas([_keep_areas(columns[name]) for name in profile.area], nothing).to_numpy()

    place = locate(
        columns,
        profile,
        stated_crs=table.crs,
        crs=options.crs,
        postcodes=options.postcodes,
        areas=options.areas,
    )
    records["location_precision"] = place.precision
    records["easting"], records["northing"] = place.easting, place.northing
    is_given = np.logical_or.reduce([ids.notna().to_numpy() for ids in given_ids or [nothing]])
    oddities[is_given & ids.isna().to_numpy()] |= Oddity.PLACEHOLDER_ID
    if chunk.is_hidden is not None:
        oddities[chunk.is_hidden] |= Oddity.HIDDEN
    records["oddities"] = oddities

    reason, detail = _refuse_dates(records["started_at"], start_text, profile)
    records["reason"] = np.where(pd.notna(reason), reason, place.reason)
    found = np.where(pd.notna(reason), detail, place.detail)
    records["detail"] = _describe_details(pd.Series(found, dtype="object"), profile).to_numpy()
    if profile.start and columns:
        is_blank = np.logical_and.reduce([values.isna().to_numpy() for values in columns.values()])
        records.loc[is_blank, "reason"] = BLANK_ROW
    statuses = {str(word).strip().casefold() for word in column(profile.status).cat.categories} & UNFINISHED
    return records, statuses, place


def _name_unrecognised(offences: Sequence[pd.Series], category: pd.Series) -> pd.Series:
    """The most specific text of each row whose offence is in no table."""
    texts = offences[-1].astype("object")
    for other in reversed(offences[:-1]):
        texts = texts.fillna(other.astype("object"))
    return texts.fillna(BLANK_TEXT).where(category.eq(UNRECOGNISED).to_numpy(), None)


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
                records = _replace(records, **{name: kept})
    return records


def _read_times(
    columns: Columns, n_rows: int, table: Table, profile: SourceProfile, options: ReadingOptions, forms: _TimeForms
) -> tuple[tuple[pd.Series, pd.Series, Strings], pd.Series, npt.NDArray[np.int32]]:
    """Start, end and precision of each row; the text of its start; and what is odd about them."""

    def parse(texts: pd.Series) -> Times:
        return parse_times(
            texts,
            date_order=profile.date_order,
            clock=profile.clock,
            time_zone=options.time_zone,
            is_exchanged=profile.is_exchanged,
        )

    def join(names: Sequence[str], form: TimeForm) -> pd.Series:
        date, *rest = [columns[name] for name in names]
        return join_columns([count_from_1904(date) if table.is_1904 else date, *rest], time_form=form)

    start_text = join(profile.start, forms.start) if profile.start else _constant(str(profile.every_date), n_rows)
    end_text = join(profile.end, forms.end) if profile.end else blank(n_rows)
    start, end = parse(start_text), parse(end_text)
    without_time = np.zeros(n_rows, dtype=bool)
    n_of_day = {2: 1, 4: 3, 5: 3}.get(len(profile.start))
    if n_of_day and start.at.isna().any():
        day = parse(join(profile.start[:n_of_day], "clock"))
        without_time = (start.at.isna() & day.at.notna()).to_numpy()
        start = dataclasses.replace(
            start,
            at=start.at.where(~without_time, day.at),
            precision=np.where(without_time, day.precision, start.precision),
        )
    is_hour = (start.precision == "minute") & (forms.start == "hours")
    if forms.end == "hours":
        end = dataclasses.replace(end, at=end.at.where(end.precision != "minute", end.at + _REST_OF_HOUR))
    is_unreadable = (end_text.notna() & end.at.isna()).to_numpy()
    # an hour says that it began in it
    end = dataclasses.replace(end, at=end.at.mask(is_hour & end.at.isna(), start.at + _REST_OF_HOUR))
    started_at, ended_at, precision, oddities = _settle_times(start, end, end_text)
    oddities[without_time] |= Oddity.TIME_UNREADABLE
    oddities[is_hour] |= Oddity.HOUR_ONLY
    oddities[is_unreadable] |= Oddity.END_UNREADABLE
    if profile.is_reported:
        # the hour is that of the counter or the switchboard
        started_at, ended_at = started_at.dt.normalize(), pd.Series(pd.NaT, index=ended_at.index, dtype=ended_at.dtype)
        precision = np.where(precision == "minute", "day", precision)
        oddities = np.zeros(n_rows, dtype=np.int32)
    if profile.is_monthly and (precision != "month").any():
        month = started_at.to_numpy().astype("datetime64[M]").astype("datetime64[s]")
        started_at = pd.Series(month, index=started_at.index)
        ended_at = pd.Series(pd.NaT, index=started_at.index, dtype="datetime64[s]")
        precision, oddities = np.full(n_rows, None, dtype=object), np.zeros_like(oddities)
        precision[~np.isnat(month)] = "month"
    return (started_at, ended_at, precision), start_text, oddities


def _keep_areas(texts: pd.Series) -> pd.Series:
    """Codes and names of areas: short texts. Whatever else stands there is missing, since products name areas."""
    masked = mask_personal_data(texts).astype("category")
    return map_unique(masked, lambda text: text.where(text.str.fullmatch(_AREA) & ~find_addresses(text)))


def _mark_rare_areas(records: pa.Table) -> pa.Table:
    """The records with a mark for the names of areas that few rows have: such a text may be somebody's name.

    The mark is so short that nobody finds a name by it. Another table, in which the area has many rows, gives it back:
    see `name_marked_areas`.
    """

    def mark(n_rows: Mapping[str, int]) -> dict[str, str | None]:
        rare = (one for one, n in n_rows.items() if n < MANY_ROWS and not _CODE.fullmatch(one))
        return {one: _mark_name(one) for one in rare}

    return _rename_areas(records, mark)


def name_marked_areas(records: pa.Table) -> pa.Table:
    """The records of all tables with the areas by name that have many rows in one of them, and without other marks."""

    def name(n_rows: Mapping[str, int]) -> dict[str, str | None]:
        named = {_mark_name(one): one for one in n_rows if not one.startswith(_MARK_SIGN)}
        return {one: named.get(one) for one in n_rows if one.startswith(_MARK_SIGN)}

    return _rename_areas(records, name)


def _mark_name(area: str) -> str:
    return _MARK_SIGN + hashlib.sha256(" ".join(area.casefold().split()).encode()).hexdigest()[:6]


def _rename_areas(records: pa.Table, list_new: Callable[[Mapping[str, int]], dict[str, str | None]]) -> pa.Table:
    """The records with other names for some wards and areas, which are listed from the rows of each."""
    for column in ("stated_ward", "stated_area"):
        texts = records[column]
        counted = {
            one["values"]: one["counts"] for one in texts.value_counts().to_pylist() if one["values"] is not None
        }
        n_rows: Counter[str] = Counter()
        for text, n in counted.items():
            for one in text.split(AREA_SIGN):
                n_rows[one] += n
        if new := list_new(n_rows):
            meant = {
                text: AREA_SIGN.join(filter(None, (new.get(one, one) for one in text.split(AREA_SIGN)))) or None
                for text in counted
            }
            renamed = pd.Series(texts.to_pandas()).astype("object").map(meant)
            records = _replace(records, **{column: renamed})
    return records


def _join_areas(columns: Sequence[pd.Series], nothing: pd.Series) -> pd.Series:
    """The areas of each row as one text, parted by `AREA_SIGN`; missing where it has none."""
    joined = nothing.astype("object")
    for column in columns:
        more = column.astype("object")
        joined = joined.where(more.isna(), (joined + AREA_SIGN + more).where(joined.notna(), more))
    return joined


def _describe_details(details: pd.Series, profile: SourceProfile) -> pd.Series:
    """What rows gave, by its form: a row whose values stand in the wrong columns gives somebody's name as its date."""
    named = (name for names in profile.columns.values() for name in names)
    return describe_forms(details, known={word.casefold() for name in named for word in _LETTERS.findall(name)})


def _constant(text: str, n_rows: int) -> pd.Series:
    return pd.Series(
        pd.Categorical.from_codes(np.zeros(n_rows, dtype=np.int8), categories=pd.Index([text], dtype="object"))
    )


def _undo_midnight(times: Times) -> Times:
    """Days, where every converted time was midnight: a program has written dates as instants.

    In summer they would become one o'clock, and no longer be known for what they are.
    """
    instant = times.instant.dropna()
    if instant.empty or (instant != instant.dt.normalize()).any():
        return times
    was = times.instant.notna()
    return dataclasses.replace(
        times,
        at=times.at.mask(was, times.instant),
        precision=np.where(was, "day", times.precision),
        instant=times.instant.mask(was),
        is_nonexistent=times.is_nonexistent & ~was.to_numpy(),
        is_ambiguous=times.is_ambiguous & ~was.to_numpy(),
    )


def _first_known(columns: Sequence[pd.Series], nothing: pd.Series) -> pd.Series:
    if not columns:
        return nothing
    found = columns[0].astype("object")
    for other in columns[1:]:
        found = found.where(found.notna(), other.astype("object"))
    return found.astype("category")


def _mark_texts(texts: pd.Series) -> npt.NDArray[np.int16]:
    codes, unique = pd.factorize(texts)
    marks = pd.util.hash_array(np.array(unique, dtype=object)).astype(np.uint16).view(np.int16)
    return np.append(marks, np.int16(0))[codes]


def _drop_no_location(texts: pd.Series) -> pd.Series:
    """The words of police.uk for a row without a place are not a place."""
    return map_unique(texts, lambda text: text.mask(text == "No Location")).astype("category")


def _settle_times(
    start: Times, end: Times, end_text: pd.Series
) -> tuple[pd.Series, pd.Series, npt.NDArray[np.object_], npt.NDArray[np.int32]]:
    """Start, end, precision and oddities of each row, once each is seen beside the other."""
    oddities = np.zeros(len(start.at), dtype=np.int32)
    days = _undo_midnight(start)
    if days is not start:
        start, end = days, _undo_midnight(end)
    oddities[start.is_nonexistent | end.is_nonexistent] |= Oddity.NONEXISTENT_TIME
    oddities[start.instant.notna().to_numpy()] |= Oddity.CONVERTED_TIME
    oddities[start.is_ambiguous | end.is_ambiguous] |= Oddity.AMBIGUOUS_TIME
    end_of_day = end.at + pd.Timedelta(minutes=_LAST_MINUTE)
    ended_at = end.at.where(end.precision != "day", end_of_day).where(end.precision != "month")
    oddities[end_text.notna().to_numpy() & ended_at.isna().to_numpy()] |= Oddity.END_UNREADABLE
    ended_at = ended_at.where(start.precision != "month")

    end_minute = ended_at.dt.hour * 60 + ended_at.dt.minute
    start_minute = start.at.dt.hour * 60 + start.at.dt.minute
    backwards = (ended_at < start.at).to_numpy()
    # over the hour that the clock shows twice, an end may show less than its start and be after it
    in_order = (end.instant >= start.instant).to_numpy()
    is_reversed = backwards & ~in_order
    # an end before the start says no more than none does
    open_ended = (ended_at.isna() | (end_minute == 0) | (end_minute == _LAST_MINUTE)).to_numpy() | is_reversed
    at_midnight = (start_minute == 0).to_numpy() & open_ended & (start.precision == "minute")
    oddities[at_midnight] |= Oddity.MIDNIGHT
    precision = np.where(at_midnight, "day", start.precision)
    ended_at = ended_at.where(~(backwards & in_order), start.at)
    oddities[is_reversed] |= Oddity.REVERSED
    ended_at = ended_at.where(~is_reversed)
    return start.at, ended_at, precision, oddities


def _read_knife(texts: pd.Series, profile: SourceProfile) -> tuple[pd.Series, pd.Series]:
    """Whether each row says that there was a knife, and the texts that are neither yes, no, nor a word of the profile.

    Where the profile has words, such a text is taken for no; where it has none, for not known.
    """
    if profile.is_knife:
        return pd.Series(True, index=texts.index, dtype="boolean"), blank(len(texts))
    meant = {**_YES_NO, **{word.casefold(): True for word in profile.knife_words}}

    def read(unique: pd.Series) -> pd.Series:
        return unique.str.casefold().map(meant).astype("object")

    is_knife = map_unique(texts, read).astype("boolean")
    unread = texts.where(is_knife.isna())
    return is_knife.mask(unread.notna(), False) if profile.knife_words else is_knife, unread


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
    return pa.Table.from_arrays([_encode(frame[spec.name], spec) for spec in RECORDS], schema=RECORDS)


def _encode(values: pd.Series, spec: pa.Field) -> pa.Array:
    if spec.type == _WORDS:
        values = values.astype("category")
        codes, is_missing = values.cat.codes.to_numpy(), values.isna().to_numpy()
        # Arrow looks up the code under a missing value too when it unifies dictionaries: -1 lies outside its table
        codes = pa.array(np.where(is_missing, 0, codes), type=pa.int32(), mask=is_missing)
        words = pa.array([str(word) for word in values.cat.categories], type=pa.string())
        return pa.DictionaryArray.from_arrays(codes, words)
    if spec.name == "incident_id":
        return pa.array(values.to_numpy(), type=pa.string(), from_pandas=True)
    return pa.array(values, type=spec.type, from_pandas=True)


def _refuse_malformed(rows: Sequence[tuple[int, int]], *, n_columns: int) -> pa.Table:
    """Rows that have another number of fields than the header, each with that number."""
    texts = {
        "category": [UNRECOGNISED] * len(rows),
        "reason": [MALFORMED_ROW] * len(rows),
        "detail": [f"{n_fields} fields, and {n_columns} columns" for _, n_fields in rows],
    }
    numbers = {"source_row": [number for number, _ in rows], "oddities": [0] * len(rows)}
    columns = [
        pa.array(texts[spec.name], type=pa.string()).dictionary_encode()
        if spec.name in texts
        else pa.array(numbers[spec.name], type=spec.type)
        if spec.name in numbers
        else pa.nulls(len(rows), spec.type)
        for spec in RECORDS
    ]
    return pa.Table.from_arrays(columns, names=RECORDS.names).cast(RECORDS)

"""Files of safe havens, in any wrapping that files of incidents may have, to the havens table."""

from __future__ import annotations

import datetime as dt
import itertools
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj

from hotspots.contracts import HAVEN_COLUMNS, HAVEN_DETAIL_COLUMNS
from hotspots.errors import DataError
from hotspots.geography import BRITISH_NATIONAL_GRID, require_working_crs
from hotspots.ingest.formats import (
    LAYER_SUFFIXES,
    OSM_SUFFIXES,
    TABLE_SUFFIXES,
    Columns,
    InputFile,
    InputTable,
    Table,
)
from hotspots.ingest.incidents import Places, find_offences, normalise
from hotspots.ingest.reference.listed_places import (
    OTHER_FIELDS,
    ListColumns,
    ListForm,
    make_picker,
    number_places,
    read_lists,
    read_plain,
    read_text,
    say_none,
)
from hotspots.ingest.reference.opening_times import Doubt, KnownHours, join_weekday_hours, read_opening_hours
from hotspots.ingest.texts import (
    OTHER_KINDS,
    is_area_code,
    mask_personal_data,
    name_streets,
    parse_times,
    release_kinds,
    release_names,
    release_places,
)

SUFFIXES = (*TABLE_SUFFIXES, *LAYER_SUFFIXES, *OSM_SUFFIXES, ".zip")

# Names of columns as `normalise` gives them, in order of preference. What OpenStreetMap says of a kind is in the key.
_NAMES = (
    *("name", "haven name", "title", "venue", "venue name", "organisation", "organisation name", "organization"),
    *("organization name", "establishment name", "common name", "site name", "site", "business name", "business"),
    *("trading name", "premises name", "premises", "branch name", "branch", "dist name", "distname"),
    *("location name", "place name", "place", "location"),
)
_NOT_OF_HAVENS = re.compile(
    r"\b(area|ward|la|lad|laua|lsoa|msoa|authority|borough|district|region|gor|county|town|city|locality|street|road|"
    r"contact|manager|head|first|last|user|file|layer|owner|operator|parent|trust|short|alt|alternative|old|board|"
    r"constituency|parish|type|status|group|code|sponsors?|phase|country|building)\b"
)
_OF_OFFENCES = re.compile(r"\b(offences?|crimes?)\b")
"""Words that tell a column of offences from one of kinds of places, which may be called "type" too."""

_OSM_KINDS = (
    *("amenity", "shop", "healthcare", "emergency", "leisure", "tourism", "public transport", "railway", "office"),
    "club",
)
_KINDS = (
    *("kind", "haven kind", *_OSM_KINDS, "category", "subcategory", "type", "category label", "classification"),
    *("classifica", "facility", "phase"),
)
_KIND = re.compile(r"type of .+(?<! code)|.+ type( name)?")
_NOT_KINDS = frozenset({"geometry type", "feature type", "grid type", "road type", "type of road"})
_HOURS = (
    *("opening hours", "opening times", "hours", "open hours", "hours of opening", "times of opening", "open times"),
    *("business hours", "opening hours text", "opening", "open", "times", "hours open", "open to public"),
)
_WEEKDAYS = {
    re.compile(pattern): day
    for day, pattern in enumerate(
        (
            r"mon(day)?s?",
            r"tues?(day)?s?",
            r"wed(nes)?(day)?s?",
            r"thu(r|rs)?(day)?s?",
            r"fri(day)?s?",
            r"sat(ur)?(day)?s?",
            r"sun(day)?s?",
        )
    )
}
_CLOSES = frozenset({"close", "closes", "closing", "to", "until", "end"})
_OF_HOURS = _CLOSES | {
    "open",
    "opens",
    "opening",
    "from",
    "start",
    "hours",
    "hrs",
    "time",
    "times",
    "staffed",
    "am",
    "pm",
}

_SHUT = frozenset(
    {"closed", "closed permanently", "permanently closed", "inactive", "deleted", "disused", "demolished", "ceased"}
)
_LAPSED = frozenset(
    {
        *("applied", "awaiting approval", "cancelled", "declined", "expired", "former", "lapsed", "left", "not active"),
        *("not yet active", "on hold", "paused", "pending", "proposed", "prospective", "removed", "resigned"),
        *("suspended", "terminated", "under review", "withdrawn"),
    }
)
"""Of whom nobody knows that a child would be let in, or who said that none would; "suspended since May" too."""
_YEARS_CLOSED = ("year closed", "date closed", "closed date", "closure date", "closed on")
_STATUS = ("data status",)
_ADDRESSES = (
    *("address", "street", "addr street", "full address", "street address", "address line 1", "address 1", "address1"),
    *("address line1", "thoroughfare", "road"),
)
_CHECKS = (
    *("check date opening hours", "opening hours checked", "hours checked", "last checked", "date last checked"),
    *("checked on", "date checked", "check date", "last verified", "date verified", "verified on", "last reviewed"),
    *("survey date", "last visited", "date of last visit", "checked"),
)
_ID = re.compile(r"[A-Za-z]{1,5}[-_]?\d{1,4}")
"""Numbers as lists of havens have them ("HAVEN001", "LEW-0012"), too short for one of a crime or a telephone."""

_TEXTS = ("haven_id", "name", "kind", "opening_hours", "address", "checked_on", "data_status")
_SAME_PLACE_M: Final = 50.0
"""How far a point of a place may lie from its outline, of which a point stands for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Havens:
    """Safe havens read from files.

    Attributes:
        havens: The havens table of `hotspots.contracts`, in the working CRS. One without a name is called by its kind.
        inputs: The files read.
        without_location: Havens left out because they have no usable location, by what is wrong with it.
        n_malformed: Rows left out because they have other fields than the header.
        n_shut: Havens left out because their file says that they are closed for good.
        n_unnamed: Havens kept whose file gives them no name.
        lapsed: Havens left out because their file says that they take part no more, or not yet, by how it says so.
        n_repeated: Rows left out because the same place, by its name and within 50 m, is in another row.
        of_two_hours: Names of the places of which a row that is left out states other hours.
        hours_doubts: Havens kept whose opening hours are stated and not known, by the reason; `opening_hours` is
            missing for them, and they are never taken to be open. Those that were last checked too long ago are
            among them ("lapsed").
        n_hours_partly_known: Havens of whose opening hours some are in doubt, and not taken to be open.
    """

    havens: gpd.GeoDataFrame
    inputs: tuple[InputFile, ...]
    without_location: Mapping[str, int]
    n_malformed: int
    n_shut: int
    n_unnamed: int
    hours_doubts: Mapping[Doubt, int]
    n_hours_partly_known: int
    lapsed: Mapping[str, int] = field(default_factory=dict)
    n_repeated: int = 0
    of_two_hours: tuple[str, ...] = ()

    @property
    def n_lapsed(self) -> int:
        """Havens left out because they take part no more, or not yet."""
        return sum(self.lapsed.values())

    @property
    def n_without_location(self) -> int:
        """Havens left out because they have no usable location."""
        return sum(self.without_location.values())

    @property
    def n_hours_unreadable(self) -> int:
        """Havens whose opening hours are stated and not known."""
        return sum(self.hours_doubts.values())


def read_havens(
    paths: Sequence[Path],
    *,
    crs: str | pyproj.CRS = BRITISH_NATIONAL_GRID,
    postcodes: Places | None = None,
    only_real: bool = False,
    checked_since: dt.date | None = None,
    what: InputTable = "safe havens",
) -> Havens:
    """Read safe havens, or places that could become some.

    Where a haven is, is read as it is of incidents: coordinates, grid references, postcodes, or geometry, of which a
    line or an outline stands for a point on it. The columns of name, kind and hours are known by their usual names.
    Hours may stand in one column, in one for each weekday, or in two (opens and closes) for each. Of an address its
    street is kept. A haven whose status says that it takes part no more, or not yet, is none. The same place given
    twice, as a point and as an outline or by two files, is one haven; those with a `haven_id` are told apart by it.

    Args:
        paths: Files, or folders of them.
        crs: The working CRS, which eastings and northings are in.
        postcodes: Where postcodes are, for havens with nothing more precise.
        only_real: Leave out the files that say they are made up or unfinished, wherever their havens are. If all do,
            there are no havens and no inputs.
        checked_since: Hours that were last checked before this day are not known; None for whenever. A haven that does
            not say when it was checked keeps its hours.
        what: What the files hold, for messages and as the table of their inputs.

    Raises:
        NotFoundError: A path does not exist.
        ParameterError: The working CRS is not in metres.
        DataError: A file has no column of names or kinds, nothing that says where, or no CRS; or was given twice; or
            no haven has a usable location.
    """
    crs = require_working_crs(crs)
    read = read_lists(paths, replace(_FORM, what=what), crs=crs, postcodes=postcodes, only_real=only_real)
    rows = read.rows
    is_shut, is_located = rows["is_shut"].to_numpy(dtype=bool), rows["reason"].isna().to_numpy()
    is_lapsed = rows["lapse"].notna().to_numpy() & ~is_shut
    lapsed = dict(sorted(Counter(rows["lapse"][is_lapsed]).items()))
    is_out = is_shut | is_lapsed
    without_location = Counter(rows["reason"][~is_out & ~is_located])
    kept = rows[is_located & ~is_out]
    if kept.empty and read.inputs:
        raise DataError(
            say_none(
                what,
                crs,
                {**without_location, OTHER_FIELDS: read.n_malformed},
                {"closed for good": int(is_shut.sum()), **lapsed},
                fields="Give each row as many fields as the header: hours with a comma need quotes.",
            )
        )
    same_as = _find_same(kept)
    is_repeated = same_as >= 0
    at_odds = _find_at_odds(kept, same_as)
    kept = kept[~is_repeated]
    kept = kept.assign(kind=release_kinds(kept["kind"].astype("category")).astype("object"))
    checked_on = _read_days(kept["checked_on"])
    hours = read_opening_hours(kept["opening_hours"])
    if checked_since is not None:
        is_old = (checked_on < pd.Timestamp(checked_since)) & hours.opening_hours.notna()
        hours = KnownHours(
            opening_hours=hours.opening_hours.mask(is_old, None), doubts=hours.doubts.mask(is_old, "lapsed")
        )
    is_unknown = hours.opening_hours.isna() & hours.doubts.notna()
    ids = _number(rows)[kept.index]
    names, is_unnamed = _name(kept)
    havens = gpd.GeoDataFrame(
        {
            "name": names,
            "kind": kept["kind"],
            "opening_hours": hours.opening_hours,
            "address": _name_streets(kept["address"]),
            "checked_on": checked_on,
        },
        geometry=gpd.points_from_xy(kept["easting"], kept["northing"]),
        crs=crs,
    ).set_index(pd.Index(ids, name="haven_id", dtype="object"))
    return Havens(
        havens=havens[[*HAVEN_COLUMNS[:-1], *HAVEN_DETAIL_COLUMNS, "geometry"]],
        inputs=read.inputs,
        without_location=dict(sorted(without_location.items())),
        n_malformed=read.n_malformed,
        n_shut=int(is_shut.sum()),
        n_unnamed=int(is_unnamed.sum()),
        hours_doubts=dict(Counter(hours.doubts[is_unknown])),
        n_hours_partly_known=int((hours.doubts.notna() & ~is_unknown).sum()),
        lapsed=lapsed,
        n_repeated=int(is_repeated.sum()),
        of_two_hours=tuple(dict.fromkeys(names[at_odds])),
    )


def _find_same(rows: pd.DataFrame) -> npt.NDArray[np.int64]:
    """Of each row, the position of another of the same place, which stays; -1 where it stays itself.

    The one that says when it is open stays, else the first.

    A place has one name, case aside, and one kind, where both say one. Two with the same `haven_id`s are refused later.
    """
    order = rows["opening_hours"].isna().to_numpy().argsort(kind="stable")
    names = [name.strip().casefold() if isinstance(name, str) else None for name in rows["name"]]
    kinds = [kind if isinstance(kind, str) else None for kind in rows["kind"]]
    has_id = rows["haven_id"].notna().to_numpy()
    points = rows[["easting", "northing"]].to_numpy(dtype=np.float64)
    seen: dict[str, list[int]] = {}
    same_as = np.full(len(rows), -1, dtype=np.int64)
    for position in order.tolist():
        name = names[position]
        if name is None or has_id[position]:
            continue
        same = (
            other
            for other in seen.get(name, ())
            if math.dist(points[position], points[other]) <= _SAME_PLACE_M
            and (kinds[position] in (None, kinds[other]) or kinds[other] is None)
        )
        same_as[position] = next(same, -1)
        if same_as[position] < 0:
            seen.setdefault(name, []).append(position)
    return same_as


def _find_at_odds(rows: pd.DataFrame, same_as: npt.NDArray[np.int64]) -> pd.Index:
    """The rows that stay of which another that is left out states other hours."""
    again = np.flatnonzero(same_as >= 0)
    stated, kept = (rows["opening_hours"].iloc[at] for at in (again, same_as[again]))
    is_stated = stated.notna().to_numpy()
    known = [read_opening_hours(texts).opening_hours.astype(str).to_numpy() for texts in (stated, kept)]
    return rows.index[np.unique(same_as[again][is_stated & (known[0] != known[1])])]


def _read_days(texts: pd.Series) -> pd.Series:
    """The days of texts, missing where they are none."""
    read = parse_times(texts.astype("category"))
    days = pd.Series(np.asarray(read.at, dtype="datetime64[s]"), index=texts.index).dt.floor("D")
    return days.where(pd.Series(read.precision, index=texts.index).isin(["day", "minute"]))


def _name_streets(texts: pd.Series) -> pd.Series:
    """The street of each address, as far as it is known to be one."""
    streets = name_streets(mask_personal_data(texts.astype("category")).astype("object"))
    released = release_places(streets.astype("category")).astype("object")
    return released.where(released.notna() & ~released.astype(str).str.contains("[", regex=False), None)


def _number(rows: pd.DataFrame) -> pd.Series:
    """The IDs given, as text, and numbers for those that have none that may be shown.

    Raises:
        DataError: An ID is given twice.
    """
    given = rows["haven_id"].astype("object").map(str, na_action="ignore")
    again = given.notna() & given.duplicated()
    if again.any():
        second = rows[again].iloc[0]
        first = rows[given == given[again].iloc[0]].iloc[0]
        raise DataError(
            f"A haven_id must be given once; that in row {first['source_row']} of {first['source']} is given again in "
            f"row {second['source_row']} of {second['source']}. Number the havens afresh."
        )
    ids = number_places(given, is_id=lambda text: is_area_code(text) or bool(_ID.fullmatch(text)), letter="H")
    return pd.Series(ids, index=rows.index, dtype="object")


def _name(rows: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """The names of havens, and which of them have none of their own: those are called by their kind."""
    names = release_names(rows["name"])
    kinds = [kind if isinstance(kind, str) and kind != OTHER_KINDS else "" for kind in rows["kind"]]
    by_kind = [f"Unnamed {kind.replace('_', ' ').lower()}".strip() for kind in kinds]
    named = [name if isinstance(name, str) else other for name, other in zip(names, by_kind, strict=True)]
    return pd.Series(named, index=rows.index, dtype="object"), rows["name"].isna()


def _find(table: Table) -> ListColumns:
    """The columns of a table of havens.

    Raises:
        DataError: It is clearly of incidents.
    """
    columns, weekdays = _find_columns(table.header), _find_weekdays(table.header)
    named, has_dates = find_offences(table.header)
    offences = [name for name in named if _OF_OFFENCES.search(normalise(name))]
    is_of_places = bool(weekdays or columns["opening_hours"] or {*columns["kind"]} - {*offences})
    if offences and (has_dates or not is_of_places):
        raise DataError(
            f'Safe havens are places; {table.label} looks like a table of incidents: column "{offences[0]}" says what '
            "happened. Give the list of places, or leave that column out."
        )

    def read(chunk: Columns) -> dict[str, pd.Series]:
        texts = {role: read_text(chunk, columns[role]) for role in _TEXTS}
        return texts | {
            "opening_hours": _read_hours(chunk, texts["opening_hours"], weekdays),
            "is_shut": _is_shut(chunk, columns),
            "lapse": _find_lapse(chunk, columns),
        }

    of_hours = {name for pair in weekdays.values() for names in pair for name in names}
    return ListColumns(wanted={name for names in columns.values() for name in names} | of_hours, read=read)


def _find_columns(header: Sequence[str]) -> dict[str, list[str]]:
    """The columns of name, kind, hours, ID and status, the likeliest first."""
    pick = make_picker(header)
    statuses = pick((), lambda form: form.endswith(("status", "status name")) and form not in _STATUS)
    return {
        "name": pick(_NAMES, lambda form: form.endswith("name") and not _NOT_OF_HAVENS.search(form))[:1],
        "kind": pick(_KINDS, lambda form: bool(_KIND.fullmatch(form)) and form not in _NOT_KINDS),
        "opening_hours": pick(_HOURS)[:1],
        "haven_id": pick(("haven id",))[:1],
        "address": pick(_ADDRESSES)[:2],
        "checked_on": pick(_CHECKS)[:2],
        "data_status": pick(_STATUS)[:1],
        "state": statuses,
        "year_closed": [] if statuses else pick(_YEARS_CLOSED),
    }


def _find_weekdays(header: Sequence[str]) -> dict[int, tuple[list[str], list[str]]]:
    """By weekday, the columns of hours or of when it opens, and those of when it closes."""
    found: dict[int, tuple[list[str], list[str]]] = {}
    for name in header:
        words = normalise(name).split()
        days = {day for word in words for pattern, day in _WEEKDAYS.items() if pattern.fullmatch(word)}
        others = {word for word in words if not any(pattern.fullmatch(word) for pattern in _WEEKDAYS)}
        if len(days) == 1 and others <= _OF_HOURS:
            opens, closes = found.setdefault(days.pop(), ([], []))
            (closes if others & _CLOSES else opens).append(name)
    return found if len(found) > 1 else {}


def _read_hours(
    columns: Columns, stated: pd.Series, weekdays: Mapping[int, tuple[Sequence[str], Sequence[str]]]
) -> pd.Series:
    if not weekdays:
        return stated
    by_day = {
        day: _join_spans([read_plain(columns, name) for name in opens], [read_plain(columns, name) for name in closes])
        for day, (opens, closes) in weekdays.items()
    }
    return stated.where(stated.notna(), join_weekday_hours(by_day))


def _join_spans(opens: Sequence[pd.Series], closes: Sequence[pd.Series]) -> pd.Series:
    """One day's hours as one text: spans as they are written, or from when it opens and when it closes."""
    spans = [_join(pair, "-") for pair in itertools.zip_longest(opens, closes)] if closes else list(opens)
    return _join(spans, ", ")


def _join(texts: Sequence[pd.Series], mark: str) -> pd.Series:
    """What is not blank, joined."""
    rows = zip(*(series for series in texts if series is not None), strict=True)
    said = [mark.join(dict.fromkeys(str(text) for text in row if isinstance(text, str))) or None for row in rows]
    return pd.Series(said, dtype="object")


def _is_shut(columns: Columns, names: Mapping[str, Sequence[str]]) -> pd.Series:
    """Which rows say that the place is closed for good."""
    shut = pd.Series(data=False, index=range(len(next(iter(columns.values())))))
    for name in names["state"]:
        shut |= read_plain(columns, name).astype(str).str.strip().str.casefold().isin(_SHUT)
    for name in names["year_closed"]:
        shut |= read_plain(columns, name).notna()
    return shut


def _find_lapse(columns: Columns, names: Mapping[str, Sequence[str]]) -> pd.Series:
    """How a row says that it takes part no more, or not yet; missing where it does not."""
    lapse = pd.Series([None] * len(next(iter(columns.values()))), dtype="object")
    for name in names["state"]:
        said = read_plain(columns, name).map(_find_lapsed_word, na_action="ignore")
        lapse = lapse.where(lapse.notna(), said)
    return lapse.where(lapse.notna(), None)


def _find_lapsed_word(status: object) -> str | None:
    plain = normalise(str(status))
    if plain in _LAPSED:
        return plain
    begun = [word for word in _LAPSED if plain.startswith(f"{word} ")]
    return max(begun, key=len) if begun else None


def _names(header: Sequence[str]) -> bool:
    columns = _find_columns(header)
    return bool(columns["name"] or columns["kind"])


_FORM = ListForm(
    what="safe havens",
    suffixes=SUFFIXES,
    needs="a name or kind",
    example="a column of names (name, title, venue ...)",
    names=_names,
    find=_find,
    roles=(*_TEXTS, "is_shut", "lapse"),
)

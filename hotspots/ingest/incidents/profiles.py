"""Source profiles: which column of a file holds what, and in which units, zone and words.

A profile is recognised from the names of the columns (`hotspots.ingest.incidents.recognition`) or written down in
`hotspots.toml` under `[sources.NAME]`; both are the same thing, so what `hotspots check` prints can be pasted.
"""

from __future__ import annotations

import dataclasses
import difflib
import fnmatch
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, get_args

import pyproj

from hotspots.errors import ParameterError
from hotspots.geography import POLICE_UK
from hotspots.ingest.texts import Clock, DateOrder


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceColumns:
    """Which columns of a table say where. Every value names a column unless it says otherwise.

    Attributes:
        decimal: Not a column: the decimal mark, where it cannot be recognised.
        easting, northing: In metres, in `crs`.
        longitude, latitude: In degrees, in `crs`, used where easting and northing are blank. If both name one column,
            it holds the latitude first.
        wkt: Points as well-known text, in `crs`.
        crs: Of the coordinates; by default the working CRS for metres, WGS84 for degrees, what the file states for
            geometry. `police.uk` for those made as that site makes its longitudes and latitudes, which is undone once
            they are degrees.
        grid_reference, postcode, lsoa: Used where there are no coordinates, in this order; the last two need the files
            that give their places.
        is_anonymised: Not a column: whether the source moves what it locates to shared points.
    """

    decimal: Literal[".", ","] | None = None
    easting: str | None = None
    northing: str | None = None
    longitude: str | None = None
    latitude: str | None = None
    wkt: str | None = None
    crs: str | None = None
    grid_reference: str | None = None
    postcode: str | None = None
    lsoa: str | None = None
    is_anonymised: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceProfile(PlaceColumns):
    """How to read one kind of incident file. Every value names a column unless it says otherwise.

    Attributes, beside those of `PlaceColumns`:
        name: What to call the source.
        files: Pattern (`*robbery*.xlsx`) of the names of the files that it is for; by default every file that has its
            columns.
        sheet: Sheet of a workbook, or a pattern for several; `*` for all that have its columns.
        layer: Layer of a GeoPackage, likewise.
        delimiter, encoding: Of text, where they cannot be recognised from it.
        id: The source's own number of an incident; of several columns, the first that is filled in.
        offence: From least to most specific, if there are several.
        offence_group: Not a column: what the wordings of `offence` are kinds of, as "ASB" is of "Noise" and "Personal".
        every_offence: Not a column: the crime that all rows are.
        start: When it happened or may have begun: one column; date and time, or date and hour; year and month; or year,
            month, day, hour and minute.
        end: When it may have ended, alike.
        every_date: Not a column: the day or month (`2026-01`) of all rows.
        is_reported: Not a column: whether `start` says when it became known, and not when it happened; then its days
            are read, and not its hours. By default what the name of the column says.
        date_order: Of dates in numbers: `day-first` or `month-first`.
        is_monthly: Not a column: dates stand for their whole months, whatever day they carry.
        is_exchanged: Not a column: whether a spreadsheet has exchanged day and month in the dates that it made of texts
            (typed cells, and those with the year first).
        clock: `stated`: times are local unless they carry `Z` or an offset; `local`: they are local whatever they
            carry; `utc`: those that carry nothing are UTC.
        location: Street or place, from least to most specific.
        location_kind: Kind of place.
        location_kinds: Not a column: words in `location` or `location_kind`, and the kinds they stand for.
        knife: Whether there was a knife.
        knife_words: Not columns: all that column says where there was one, if not yes or Y. What else it says is taken
            for no, and reported.
        is_knife: Not a column: whether there was a knife in every row.
        ward: Code or name of the ward that the source has found.
        area: Beat, sector or other area of the source's own, to choose incidents by.
        status: A word that marks unfinished data.
        count: How many incidents a row stands for, in a table of counts; by default each row is one.
        offences: Not columns: wordings of offences, and the crimes they stand for.
    """

    name: str
    files: str | None = None
    sheet: str | None = None
    layer: str | None = None
    delimiter: str | None = None
    encoding: str | None = None
    id: tuple[str, ...] = ()
    offence: tuple[str, ...] = ()
    offence_group: str | None = None
    every_offence: str | None = None
    start: tuple[str, ...] = ()
    end: tuple[str, ...] = ()
    every_date: str | None = None
    is_reported: bool | None = None
    date_order: DateOrder = "day-first"
    is_monthly: bool = False
    is_exchanged: bool = False
    clock: Clock = "stated"
    location: tuple[str, ...] = ()
    location_kind: str | None = None
    location_kinds: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    knife: str | None = None
    knife_words: tuple[str, ...] = ()
    is_knife: bool = False
    ward: str | None = None
    area: tuple[str, ...] = ()
    status: str | None = None
    count: str | None = None
    offences: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        where = f"Source profile {self.name}"
        for one, other in (("easting", "northing"), ("longitude", "latitude")):
            if (getattr(self, one) is None) != (getattr(self, other) is None):
                raise ParameterError(f"{where} names a column for only one of {one} and {other}. Name both.")
        if not (self.start or self.every_date):
            raise ParameterError(f"{where} needs start, the column of dates, or every_date.")
        if not any(getattr(self, role) for role in PLACE_ROLES):
            raise ParameterError(
                f"{where} needs columns that say where: easting and northing, longitude and latitude, wkt, "
                "grid_reference, postcode or lsoa."
            )
        if not (self.offence or self.every_offence):
            raise ParameterError(f"{where} needs offence, the column that says what happened, or every_offence.")
        for name in ("date_order", "clock"):
            allowed = get_args({"date_order": DateOrder, "clock": Clock}[name])
            if getattr(self, name) not in allowed:
                raise ParameterError(
                    f'{where}: {name} must be one of {", ".join(allowed)}, not "{getattr(self, name)}".'
                )
        if self.crs not in (None, POLICE_UK):
            try:
                pyproj.CRS.from_user_input(self.crs)
            except pyproj.exceptions.CRSError as error:
                raise ParameterError(
                    f'{where}: PROJ does not know the crs "{self.crs}". Give a code such as EPSG:27700, or '
                    f'"{POLICE_UK}".'
                ) from error
        if self.decimal not in (None, ".", ","):
            raise ParameterError(f'{where}: decimal must be "." or ",", not "{self.decimal}".')
        if self.delimiter is not None and not (len(self.delimiter) == 1 and self.delimiter.isascii()):
            raise ParameterError(f"{where}: delimiter must be one character, in ASCII, not {self.delimiter!r}.")
        if self.delimiter is not None and self.delimiter in '\r\n"\0':
            raise ParameterError(f"{where}: delimiter must be one character, but not a quote or a line end.")
        if self.start and self.every_date:
            raise ParameterError(f"{where} has both start and every_date. Take one out.")
        if self.offence and self.every_offence:
            raise ParameterError(f"{where} has both offence and every_offence. Take one out.")
        if (self.delimiter or self.encoding) and self.files is None:
            raise ParameterError(
                f"{where} needs files, a pattern of names, for its delimiter or encoding: a file is opened before its "
                "columns are known."
            )

    @property
    def columns(self) -> dict[str, tuple[str, ...]]:
        """The columns that it names, by what they hold."""
        return {role: names for role, names in self._roles() if names}

    def _roles(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        for role in COLUMN_ROLES:
            value = getattr(self, role)
            yield role, value if isinstance(value, tuple) else (value,) if value else ()

    @property
    def part(self) -> str | None:
        """The sheet or layer that it is for, or a pattern of several; None where it does not say."""
        return self.sheet or self.layer

    @property
    def is_for_several_parts(self) -> bool:
        """Whether it is for all sheets or layers that fit a pattern."""
        return self.part is not None and any(sign in self.part for sign in "*?")

    def fits_part(self, name: str) -> bool:
        """Whether it is for a sheet or layer of a file that it is for."""
        if self.part is None:
            return True
        own, wanted = name.casefold(), self.part.casefold()
        return own == wanted or fnmatch.fnmatchcase(own, wanted)

    def fits(self, label: str, header: tuple[str, ...]) -> bool:
        """Whether it is for a file: by its name if the profile says which, otherwise by its columns."""
        if self.files is not None:
            # the same on every system, whether or not its names tell case
            pattern, folded = self.files.casefold(), label.casefold()
            return any(fnmatch.fnmatchcase(part, pattern) for part in (folded, *folded.split("/")))
        return all(name in header for names in self.columns.values() for name in names)


COLUMN_ROLES = (
    "id",
    "offence",
    "start",
    "end",
    "easting",
    "northing",
    "longitude",
    "latitude",
    "wkt",
    "grid_reference",
    "postcode",
    "lsoa",
    "location",
    "location_kind",
    "knife",
    "ward",
    "area",
    "status",
    "count",
)
BLANK = "..."
"""What stands in a profile that is to be completed."""

PLACE_ROLES = frozenset({"easting", "longitude", "wkt", "grid_reference", "postcode", "lsoa"})
_OF_PLACES = frozenset(spec.name for spec in dataclasses.fields(PlaceColumns))
_SEVERAL = ("id", "offence", "start", "end", "location", "knife_words", "area")
_TABLES = ("location_kinds", "offences")
_FLAGS = ("is_reported", "is_exchanged", "is_anonymised", "is_knife", "is_monthly")


def parse_profile(name: str, table: Mapping[str, Any]) -> SourceProfile:
    """A profile from its table in `hotspots.toml`.

    Raises:
        ParameterError: A key is not known, or a value is of the wrong type.
    """
    where = f"[sources.{name}] in hotspots.toml"
    known = {spec.name for spec in dataclasses.fields(SourceProfile)} - {"name"}
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in known:
            close = difflib.get_close_matches(key, known, n=1)
            hint = f'Did you mean "{close[0]}"?' if close else f"It takes: {', '.join(sorted(known))}."
            raise ParameterError(f'{where} has an unknown key "{key}". {hint}')
        if key in _TABLES:
            if not (isinstance(value, Mapping) and all(isinstance(word, str) for word in value.values())):
                raise ParameterError(
                    f'{where}: {key} must be a table of "words in the source" = "what they stand for".'
                )
            values[key] = dict(value)
        elif key in _FLAGS:
            if not isinstance(value, bool):
                raise ParameterError(f"{where}: {key} must be true or false, not {value!r}.")
            values[key] = value
        elif key in _SEVERAL:
            several = [value] if isinstance(value, str) else value
            if not (isinstance(several, list) and several and all(isinstance(word, str) and word for word in several)):
                raise ParameterError(f"{where}: {key} must be a text or a list of texts, not {value!r}.")
            values[key] = tuple(several)
        elif not (isinstance(value, str) and value):
            raise ParameterError(f"{where}: {key} must be a text that is not blank, not {value!r}.")
        else:
            values[key] = value
    blank = [key for key, value in values.items() if BLANK in (value if isinstance(value, tuple) else (value,))]
    if blank:
        raise ParameterError(f'{where} is not complete: {blank[0]} is still "{BLANK}". Name the column.')
    return SourceProfile(name=name, **values)


def format_profile(profile: SourceProfile) -> str:
    """A profile as the table in `hotspots.toml` that `parse_profile` reads."""
    lines = [f"[sources.{_key(profile.name)}]"]
    tables = []
    # what happened and when first, then where
    for spec in sorted(dataclasses.fields(profile), key=lambda spec: spec.name in _OF_PLACES):
        value = getattr(profile, spec.name)
        default = spec.default if spec.default is not dataclasses.MISSING else {}
        if spec.name == "name" or value == default:
            continue
        if spec.name in _TABLES:
            words = [f"{_text(word)} = {_text(meaning)}" for word, meaning in value.items()]
            tables += ["", f"[sources.{_key(profile.name)}.{spec.name}]", *words]
        elif isinstance(value, tuple):
            texts = ", ".join(map(_text, value))
            lines.append(f"{spec.name} = {texts if len(value) == 1 else f'[{texts}]'}")
        else:
            lines.append(f"{spec.name} = {str(value).lower() if isinstance(value, bool) else _text(value)}")
    return "\n".join(lines + tables)


def _key(name: str) -> str:
    is_bare = name.isascii() and name.replace("-", "").replace("_", "").isalnum()
    return name if is_bare else _text(name)


def _text(value: str) -> str:
    # TOML's basic strings are JSON's, but for the delete character
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")

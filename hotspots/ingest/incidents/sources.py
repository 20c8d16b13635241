"""From a file to tables with their profiles: which members, which sheets, read in which way."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import PurePosixPath

from hotspots.errors import DataError
from hotspots.ingest.formats import (
    LAYER_SUFFIXES,
    TABLE_SUFFIXES,
    WORKBOOK_SUFFIXES,
    FoundFile,
    Member,
    Table,
    explain_unpacking,
    holds_shapefile,
    list_hidden_sheets,
    list_members,
    open_layers,
    open_tables,
    spread_objects,
)
from hotspots.ingest.incidents.column_words import says_reported
from hotspots.ingest.incidents.date_orders import doubt_dates
from hotspots.ingest.incidents.locations import state_shift
from hotspots.ingest.incidents.profiles import SourceProfile, format_profile
from hotspots.ingest.incidents.recognition import (
    Recognised,
    UnknownLayoutError,
    is_header,
    make_pattern,
    name_part,
    name_source,
    recognise,
)
from hotspots.ingest.incidents.records import ReadingOptions
from hotspots.ingest.texts import mask_label

INCIDENT_SUFFIXES = (*TABLE_SUFFIXES, *LAYER_SUFFIXES, ".zip")
"""What is looked for in a folder."""

OVERLOOKED = (".txt", ".dat", ".json", ".xlsb", ".ods", ".7z", ".rar")
"""What may hold incidents, and is not looked for in a folder, where it is often something else."""

NOT_CRIME = "outcomes or stop and search"
"""Why a table of police.uk is passed over."""

MAX_TABLES = 100
"""In one file without a source profile: to recognise one takes some 50 ms, and a small file may hold thousands."""
_N_NAMES = 12

NOT_INCIDENTS = ("-outcomes.csv", "-stop-and-search.csv")
"""Other tables that come in the archives of police.uk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A table, and how to read it.

    Attributes:
        table: The table.
        profile: Which column holds what.
        is_given: Whether the profile was written down, not recognised.
        doubts: What could be otherwise.
    """

    table: Table
    profile: SourceProfile
    is_given: bool
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadTable:
    """How one table was read.

    Attributes:
        label: The file, and the member or sheet of it.
        kind: What the file is, for people.
        sha256: Fingerprint of its content, the same in whatever wrapping.
        header: Names of its columns, as far as they may be shown; see `release_columns`.
        crs: What it states for its geometry, or None.
        profile: Which column holds what.
        is_given: Whether the profile was written down, not recognised.
        doubts: What could be otherwise of its layout, its dates and its hours.
        middle: Median longitude and latitude of its first rows, if it has them and most of its rows lie outside the
            area of the working CRS; otherwise None.
        rounded_to, n_count_rows: See `TableRecords`.
    """

    label: str
    kind: str
    sha256: str
    header: tuple[str, ...]
    crs: str | None
    profile: SourceProfile
    is_given: bool
    doubts: tuple[str, ...] = ()
    middle: tuple[float, float] | None = None
    rounded_to: str | None = None
    n_count_rows: int | None = None

    @property
    def layout(self) -> str:
        """What a product calls it."""
        if self.is_given:
            return f"source profile {mask_label(self.profile.name)}"
        return "police.uk street" if self.is_police_uk else "recognised by its columns"

    @property
    def is_police_uk(self) -> bool:
        """Whether it was recognised as street-level crime of data.police.uk: no other is known to be anonymised."""
        return self.profile.is_anonymised and not self.is_given


@dataclass(frozen=True, slots=True, kw_only=True)
class PassedOver:
    """A table in an archive or a workbook that does not hold incidents, and why it is passed over."""

    label: str
    reason: str


def find_sources(file: FoundFile, options: ReadingOptions) -> Iterator[Source | PassedOver]:
    """The tables of incidents in a file, and what else it holds.

    Raises:
        DataError: The file cannot be opened, or is of no known layout; a workbook or GeoPackage has several tables
            that could be meant; an archive holds no table of a known layout.
    """
    if file.is_archive and holds_shapefile(file, besides=TABLE_SUFFIXES):
        yield from _choose(file.label, open_layers(file), options)
        return
    foreign: DataError | None = None
    found_one = False
    if file.is_archive:
        other = list_members(file, suffixes=(*OVERLOOKED, *LAYER_SUFFIXES), is_needed=False)
        reason = "of a kind that is not read in an archive: unpack it, and give the file"
        yield from (PassedOver(label=member.label, reason=reason) for member in other)
    for member in list_members(file, suffixes=TABLE_SUFFIXES):
        if member.label.lower().removesuffix(".gz").endswith(NOT_INCIDENTS):
            yield PassedOver(label=member.label, reason=NOT_CRIME)
            continue
        packed = member.label != file.label or member.label.lower().endswith(".gz")
        try:
            with explain_unpacking(member.label) if packed else nullcontext():
                chosen = list(_choose(member.label, _open_tables(member, options), options))
        except UnknownLayoutError as error:
            if member.label == file.label or error.is_alike:
                raise
            foreign = foreign or error  # an archive may hold other tables than those of incidents
            yield PassedOver(label=member.label, reason=str(error))
            continue
        found_one = True
        yield from chosen
        if member.suffix in WORKBOOK_SUFFIXES:
            hidden = list_hidden_sheets(member.read())
            yield from (PassedOver(label=f"{member.label}/{name}", reason="a hidden sheet") for name in hidden)
    if foreign and not found_one:
        raise foreign


def _open_tables(member: Member, options: ReadingOptions) -> list[Table]:
    """The tables of a file, opened as the profile says that names the file."""
    hints = next((profile for profile in options.profiles if profile.files and profile.fits(member.label, ())), None)

    def names_columns(row: Sequence[str]) -> bool:
        return is_header(row) or any(
            all(name in row for names in profile.columns.values() for name in names)
            for profile in options.profiles
            if profile.columns
        )

    return open_tables(
        member,
        is_header=names_columns,
        delimiter=hints.delimiter if hints else None,
        encoding=hints.encoding if hints else None,
    )


def find_source(table: Table, options: ReadingOptions, *, is_only: bool = False) -> Source | PassedOver:
    """How to read a table, or why it is passed over. The only table in a file need not have the name in its profile.

    Raises:
        UnknownLayoutError: No profile is for it, and its layout is not recognised.
    """
    given = [profile for profile in options.profiles if profile.fits(table.label, table.header)]
    if not given:
        table, found = _recognise(dataclasses.replace(table, part=None) if is_only else table, crs=options.crs)
        profile = state_shift(found.profile, table, crs=options.crs)
        return Source(table=table, profile=profile, is_given=False, doubts=found.doubts)
    for profile in given:
        if table.part is None or profile.fits_part(table.part) or (is_only and len(given) == 1):
            absent = [name for names in profile.columns.values() for name in names if name not in table.header]
            if absent and profile.is_for_several_parts:
                return PassedOver(label=table.label, reason=f'it has no column "{absent[0]}"')
            settled = _settle(profile) if absent else state_shift(_settle(profile), table, crs=options.crs)
            return Source(table=table, profile=settled, is_given=True, doubts=doubt_dates(table, profile))
    return PassedOver(label=table.label, reason=f"source profile {given[0].name} is for {given[0].part}")


def _settle(profile: SourceProfile) -> SourceProfile:
    """A profile that was written down, with what the name of its column of dates says where it does not."""
    if profile.is_reported is None and profile.start:
        return dataclasses.replace(profile, is_reported=says_reported(profile.start[0]))
    return profile


def _recognise(table: Table, *, crs: str) -> tuple[Table, Recognised]:
    """A table with its layout; where what is needed stands in objects within its columns, with their values too."""
    try:
        return table, recognise(table, crs=crs)
    except UnknownLayoutError:
        spread = spread_objects(table)
        if spread is None:
            raise
        return spread, recognise(spread, crs=crs)


def _choose(label: str, tables: list[Table], options: ReadingOptions) -> Iterator[Source | PassedOver]:
    """Those of the tables of one file that are meant.

    Raises:
        DataError: No table has a known layout, or several have and no profile names one.
    """
    if not tables:
        raise DataError(f"{label} is empty: it holds no table with anything in it. Give the file with the incidents.")
    unnamed = [
        table for table in tables if not any(profile.fits(table.label, table.header) for profile in options.profiles)
    ]
    if len(unnamed) > MAX_TABLES:
        raise DataError(
            f"At most {MAX_TABLES} sheets or layers of a file are looked into; {label} holds {len(unnamed):,}. Name "
            'those with incidents in a source profile: sheet = "..." or layer = "...", or "*" for all that have its '
            "columns."
        )
    found: list[Source] = []
    passed_over: list[PassedOver] = []
    unknown: list[UnknownLayoutError] = []
    for table in tables:
        try:
            source = find_source(table, options, is_only=len(tables) == 1)
        except UnknownLayoutError as error:
            unknown.append(error)
            passed_over.append(PassedOver(label=table.label, reason=str(error)))
            continue
        if isinstance(source, PassedOver):
            passed_over.append(source)
        else:
            found.append(source)
    likeliest = min(unknown, key=lambda error: error.n_missing, default=None)
    if likeliest and (not found or (likeliest.is_alike and len(tables) > 1)):
        raise likeliest
    if not found:
        why = "; ".join(f"{other.label}: {other.reason}" for other in passed_over)
        raise DataError(f"{label} holds no table that fits its source profile: {why}. Correct the profile.")
    if len(found) > 1 and not all(source.is_given and source.profile.part is not None for source in found):
        names = [str(source.table.part) for source in found]
        is_layer = label.lower().endswith(".gpkg")
        part = name_part(names[0], names)
        profile = dataclasses.replace(
            found[0].profile,
            name=name_source(label),
            files=make_pattern(PurePosixPath(label).name),
            sheet=None if is_layer else part,
            layer=part if is_layer else None,
        )
        raise UnknownLayoutError(
            f"{label} holds {len(found)} tables of incidents, which may repeat each other: "
            f"{', '.join(map(mask_label, names[:_N_NAMES]))}{' ...' if len(names) > _N_NAMES else ''}. "
            "Name one in a source profile (hotspots check prints one): "
            f'{"layer" if is_layer else "sheet"} = "{part}"'
            ', or "*" for all that have its columns.',
            draft=format_profile(profile),
        )
    yield from found
    yield from passed_over

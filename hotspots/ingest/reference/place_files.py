"""Files of places or outlines in any wrapping, to rows of text with a geometry in the working CRS."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from hotspots.errors import DataError
from hotspots.geography import (
    describe_area,
    lies_in_working_crs,
    mend_outlines,
    name_crs,
    require_working_crs,
    to_working_crs,
)
from hotspots.ingest.formats import (
    LAYER_SUFFIXES,
    OSM_SUFFIXES,
    TABLE_SUFFIXES,
    FoundFile,
    InputFile,
    RepeatGuard,
    Table,
    as_text,
    explain_unpacking,
    find_files,
    holds_json_records,
    holds_shapefile,
    list_members,
    locate_layers,
    open_tables,
    read_layer,
    read_tagged,
    require_unique,
)
from hotspots.ingest.incidents import NO_LOCATION, OUTSIDE, PlaceColumns, Places, describe_columns, says_where
from hotspots.ingest.reference.listed_places import (
    OTHER_FIELDS,
    find_where,
    list_columns,
    locate_rows,
    read_plain,
    require_wanted_once,
    say_none,
)
from hotspots.ingest.texts import read_status

SUFFIXES = (*TABLE_SUFFIXES, *LAYER_SUFFIXES, *OSM_SUFFIXES, ".zip")
NOT_NEAR: Final = "far from the study area"
_OSM_LAYERS = ("points", "multipolygons")
_NEAR_M = 500.0
"""What lies further from the study area than this can matter to nothing in it."""

Header = Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceForm:
    """What the files of a kind of place hold.

    Attributes:
        table: What they are called as inputs.
        rule: What they need, at the beginning of a message.
        find: The columns of a header by what they hold, the likeliest first; `data_status` among them.
        fits: Whether a table of such columns is of this kind. The label says what it is called: file, sheet, layer.
        hint: What to do about one that does not fit, at the end of a message.
        tags: Keys of OpenStreetMap that are wanted of its extracts; without any, these are not of the form.
    """

    table: Literal["premises", "safety maps"]
    rule: str
    find: Callable[[Header], dict[str, list[str]]]
    fits: Callable[[Mapping[str, Sequence[str]], str], bool]
    hint: str
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceRows:
    """All rows of some files.

    Attributes:
        texts: Text of each column that was wanted, objects; missing where blank. Columns are named by role and
            position ("kind 0", "kind 1").
        columns: By file and table, the columns behind the roles, in order.
        label: Of each row, the file, sheet or layer that it is of.
        geometry: Metres of the working CRS; missing where there is none.
        reason: Why there is none; missing where there is one.
        n_malformed: Rows left out because they have other fields than the header.
        inputs: The files read.
    """

    texts: pd.DataFrame
    columns: Mapping[str, Mapping[str, Sequence[str]]]
    label: pd.Series
    geometry: gpd.GeoSeries
    reason: pd.Series
    n_malformed: int
    inputs: tuple[InputFile, ...]

    def read_first(self, role: str) -> pd.Series:
        """The text of each row in the likeliest column of a role; missing where blank, or where there is no such."""
        column = f"{role} 0"
        texts = self.texts[column] if column in self.texts else pd.Series([None] * len(self.texts), dtype="object")
        return texts.where(texts.notna(), None)

    def count_lost(self) -> Counter[str]:
        """Rows without a place, by the reason."""
        return Counter(self.reason.dropna()) + Counter({OTHER_FIELDS: self.n_malformed})


def read_place_rows(
    paths: Sequence[Path],
    form: PlaceForm,
    *,
    crs: str | pyproj.CRS,
    area: shapely.Geometry | None,
    postcodes: Places | None,
    only_real: bool,
) -> PlaceRows:
    """Read every row of files of places.

    Outlines are kept of geographic files; of Parquet a point on each. Any other table has points.

    Args:
        paths: Files, and folders of them.
        form: What they hold.
        crs: The working CRS.
        area: The study area, metres: what lies further from it than 500 m is left out.
        postcodes: Where postcodes are.
        only_real: Leave out the files that say they are made up or unfinished, wherever their places are.

    Raises:
        NotFoundError: A path does not exist.
        ParameterError: The working CRS is not in metres.
        DataError: A file has no table of the form, or no CRS; or was given twice; or no row has a usable location.
    """
    crs = require_working_crs(crs)
    parts: list[_Part] = []
    inputs: list[InputFile] = []
    guard = RepeatGuard()
    for file in find_files(paths, suffixes=SUFFIXES, what=form.table):
        with file.opened():
            read = list(_read_file(file, form, crs, postcodes))
            guard.check(file.sha256, label=file.label)
        if not read:
            raise DataError(
                f"{file.label} is empty: it holds no table with anything in it. Give the file of {form.table}."
            )
        status = read_status(pd.concat([part.texts["data_status"] for part in read]))
        if only_real and status:
            continue
        parts += read
        inputs.append(
            InputFile(
                path=file.shown,
                table=form.table,
                sha256=file.sha256,
                n_rows=sum(len(part.texts) + part.n_malformed for part in read),
                layout=form.table,
                data_status=status,
            )
        )
    rows = _join(parts, crs, area, tuple(inputs))
    is_placed = rows.reason.isna() | (rows.reason == NOT_NEAR)
    if inputs and not is_placed.any():
        why = dict(sorted(rows.count_lost().items()))
        fields = "Give each row as many fields as the header."
        raise DataError(say_none(form.table, crs, why, {}, fields=fields))
    return rows


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """The rows of one table."""

    label: str
    columns: Mapping[str, Sequence[str]]
    texts: pd.DataFrame
    geometry: gpd.GeoSeries
    reason: pd.Series
    n_malformed: int = 0


def _join(
    parts: Sequence[_Part], crs: pyproj.CRS, area: shapely.Geometry | None, inputs: tuple[InputFile, ...]
) -> PlaceRows:
    texts = pd.concat([part.texts for part in parts], ignore_index=True) if parts else pd.DataFrame({"data_status": []})
    shapes = np.concatenate([part.geometry.to_numpy() for part in parts]) if parts else np.empty(0, dtype=object)
    reason = pd.Series([one for part in parts for one in part.reason], dtype="object")
    if area is not None:
        shapely.prepare(area)
        is_far = ~shapely.dwithin(area, shapes, _NEAR_M) & ~shapely.is_missing(shapes)
        reason = reason.mask(reason.isna() & is_far, NOT_NEAR)
    return PlaceRows(
        texts=texts.astype("object"),
        columns={part.label: part.columns for part in parts},
        label=pd.Series([part.label for part in parts for _ in range(len(part.texts))], dtype="object"),
        geometry=gpd.GeoSeries(shapes, crs=crs),
        reason=reason.where(reason.notna(), None),
        n_malformed=sum(part.n_malformed for part in parts),
        inputs=inputs,
    )


def _read_file(file: FoundFile, form: PlaceForm, crs: pyproj.CRS, postcodes: Places | None) -> Iterator[_Part]:
    """The tables of the form in a file.

    Raises:
        DataError: There is none, and others.
    """
    misfits: list[tuple[str, Sequence[str]]] = []
    found = False
    name = file.path.name.lower()
    is_layers = (
        name.endswith((*LAYER_SUFFIXES, *OSM_SUFFIXES))
        or (name.endswith(".json") and not holds_json_records(file))
        or (file.is_archive and holds_shapefile(file, besides=TABLE_SUFFIXES))
    )
    for part in _read_layers(file, form, crs) if is_layers else _read_tables(file, form, crs, postcodes):
        if isinstance(part, _Part):
            found = True
            yield part
        else:
            misfits.append(part)
    if misfits and not found:
        label, header = misfits[0]
        raise DataError(
            f"{form.rule}; {label} does not have them. {describe_columns(header, lead='Its columns are')} {form.hint}"
        )


def _read_layers(file: FoundFile, form: PlaceForm, crs: pyproj.CRS) -> Iterator[_Part | tuple[str, Sequence[str]]]:
    is_osm = file.path.name.lower().endswith(OSM_SUFFIXES)
    if is_osm and not form.tags:
        yield file.label, []
        return
    address, layers = locate_layers(file, what=form.table)
    for name, kind in layers:
        if kind is None or (is_osm and name not in _OSM_LAYERS):
            continue
        if is_osm:
            keys = [tag for tag in form.tags if tag != "name"]
            frame = read_tagged(file, address, name, keys=keys, tags=form.tags, what=form.table)
        else:
            frame = read_layer(file, address, name, what=form.table)
        label = f"{file.label}/{name}" if len(layers) > 1 else file.label
        header = [str(column) for column in frame.columns if column != frame.geometry.name]
        columns = form.find(header)
        if not form.fits(columns, label):
            yield label, header
            continue
        wanted = {one for names in columns.values() for one in names}
        require_unique(
            (one.strip().casefold() for one in header), {one.strip().casefold() for one in wanted}, label=label
        )
        texts = {one: as_text(frame[one]).astype("object") for one in wanted}
        geometry = to_working_crs(frame, crs).geometry.reset_index(drop=True)
        is_nothing = (geometry.isna() | geometry.is_empty).to_numpy()
        is_outside = ~is_nothing & ~lies_in_working_crs(geometry)
        reason = np.select([is_nothing, is_outside], [NO_LOCATION, f"{OUTSIDE}{describe_area(crs)}"], default="")
        shapes = geometry.to_numpy().copy()
        shapes[is_nothing | is_outside] = None
        yield _Part(
            label=label,
            columns=columns,
            texts=_name_roles(texts, columns, len(frame)),
            geometry=gpd.GeoSeries(mend_outlines(shapes, label=label)[0], crs=crs),
            reason=pd.Series(reason, dtype="object").replace("", None),
        )


def _read_tables(
    file: FoundFile, form: PlaceForm, crs: pyproj.CRS, postcodes: Places | None
) -> Iterator[_Part | tuple[str, Sequence[str]]]:
    def is_header(row: Sequence[str]) -> bool:
        return says_where(row) and form.fits(form.find(row), file.label)

    for member in list_members(file, suffixes=TABLE_SUFFIXES):
        with explain_unpacking(member.label):
            for table in open_tables(member, is_header=is_header, what=form.table, by_point=True):
                where = find_where(table, name_crs(crs))
                columns = form.find(table.header)
                if where is None or not form.fits(columns, table.label):
                    yield table.label, table.header
                else:
                    yield _read_table(table, columns, where, crs, postcodes)


def _read_table(
    table: Table, columns: Mapping[str, Sequence[str]], where: PlaceColumns, crs: pyproj.CRS, postcodes: Places | None
) -> _Part:
    wanted = {one for names in columns.values() for one in names}
    needed = wanted | set(list_columns(where, table.header))
    require_wanted_once(table, needed)
    texts, shapes, reasons, n_malformed = [], [], [], 0
    for chunk in table.read(needed):
        n_malformed += len(chunk.malformed)
        n_rows = len(chunk.row)
        if not n_rows:
            continue
        found = locate_rows(chunk.columns, where, table, crs=name_crs(crs), postcodes=postcodes)
        is_placed = pd.isna(found.reason)
        at = np.full(n_rows, None, dtype=object)
        at[is_placed] = shapely.points(found.easting[is_placed], found.northing[is_placed])
        plain = {one: read_plain(chunk.columns, one) for one in wanted}
        texts.append(_name_roles(plain, columns, n_rows))
        shapes.append(at)
        reasons += list(found.reason)
    return _Part(
        label=table.label,
        columns=columns,
        texts=pd.concat(texts, ignore_index=True) if texts else _name_roles({}, columns, 0),
        geometry=gpd.GeoSeries(np.concatenate(shapes) if shapes else [], crs=crs),
        reason=pd.Series(reasons, dtype="object"),
        n_malformed=n_malformed,
    )


def _name_roles(texts: Mapping[str, pd.Series], columns: Mapping[str, Sequence[str]], n_rows: int) -> pd.DataFrame:
    """The texts by role and position; `data_status` is there whether the file has it or not."""
    nothing = pd.Series([None] * n_rows, dtype="object")
    named = {
        f"{role} {position}": texts.get(name, nothing)
        for role, names in columns.items()
        if role != "data_status"
        for position, name in enumerate(names)
    }
    status = [texts.get(name, nothing) for name in columns.get("data_status", ())[:1]]
    frame = pd.DataFrame({**named, "data_status": status[0] if status else nothing}, dtype="object")
    blank = frame.apply(lambda column: column.astype(str).str.strip() == "")
    return frame.mask(blank, None).where(frame.notna(), None) if n_rows else frame

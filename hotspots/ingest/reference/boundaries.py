"""Boundary files (GeoJSON, GeoPackage, KML, shapefile, zipped shapefile) to the wards table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from hotspots.contracts import WARD_COLUMNS
from hotspots.errors import DataError, NotFoundError
from hotspots.geography import (
    BRITISH_NATIONAL_GRID,
    describe_area,
    lies_in_working_crs,
    mend_outlines,
    require_true_scale,
    require_working_crs,
    to_working_crs,
)
from hotspots.ingest.formats import FoundFile, InputFile, RepeatGuard, find_files, locate_layers, read_layer
from hotspots.ingest.incidents import describe_columns
from hotspots.ingest.reference.area_codes import choose_code, has_usual_code, list_codes
from hotspots.ingest.reference.population import Population, find_population
from hotspots.ingest.reference.reference_tables import STATUS_NAMES, find_columns, parse_counts
from hotspots.ingest.texts import names_area, read_status, release_names, show_code, show_form

BOUNDARY_SUFFIXES = (".geojson", ".json", ".gpkg", ".shp", ".zip", ".kml", ".kmz")

# The usual names of each column, in order of preference; those of residents are in `population`.
_NAME = ("ward_?name", "name", r"wd\d\d_?nm", r"lsoa\d\d_?nm", r"msoa\d\d_?nm")
_BOROUGH = ("borough", "lad_?name", r"lad\d\d_?nm", "district")

_MAX_OVERLAP_SHARE = 0.001
_MAX_OVERLAP_WIDTH_M = 25.0
"""Outlines from two surveys overlap along their border by slivers; two vintages of a ward, by nearly all of it."""

MOST_NEAR = 300
"""Wards in the extent of each, on average: some ten in a map. Each pair is compared, and thousands that lie over each
other make millions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Boundaries:
    """Wards read from boundary files.

    Attributes:
        wards: The wards table of `hotspots.contracts`, in the working CRS, sorted by code.
        inputs: The files read, last that of residents, if there is one of its own.
        n_repaired: Outlines that were invalid (crossing themselves) and were made valid.
        unmatched_residents: Codes of the table of residents that no ward has: of other areas, or of another year.
    """

    wards: gpd.GeoDataFrame
    inputs: tuple[InputFile, ...]
    n_repaired: int
    unmatched_residents: tuple[str, ...] = ()

    def with_population(self, population: Population) -> Boundaries:
        """The same boundaries, their residents taken from a table by code.

        A ward that the table does not have keeps the number that its own file gives, or none. Codes that only the
        table has are left out.

        Raises:
            DataError: No ward is in the table.
        """
        codes, known = self.wards.index, population.by_ward.index
        if not codes.isin(known).any():
            raise DataError(
                "Residents are found by the code of their ward, and no code is in both the boundaries and "
                f"{population.input.path}: the boundaries have {_name_some(codes, str)}, the table has "
                f"{_name_some(known, show_code)}. "
                "They may be of different years or areas. Give both of one kind and year."
            )
        given = population.by_ward.reindex(codes)
        return replace(
            self,
            wards=self.wards.assign(population=given.fillna(self.wards["population"])),
            inputs=(*self.inputs, population.input),
            unmatched_residents=tuple(map(show_code, known[~known.isin(codes)])),
        )


def _name_some(codes: pd.Index, show: Callable[[object], str]) -> str:
    return ", ".join(map(show, codes[:2])) + (" ..." if len(codes) > 2 else "")


def read_boundaries(
    paths: Sequence[Path], *, crs: str | pyproj.CRS = BRITISH_NATIONAL_GRID, layer: str | None = None
) -> Boundaries:
    """Read ward (or other small-area) outlines, in any CRS that the file states.

    The columns of code, name, borough and population are known by their usual names (`ward_code`, `GSS_CODE`,
    `WD22CD`, `lsoa21cd` ...), codes also by what they are: GSS codes under any name, and those of beats, sectors and
    neighbourhoods of the police. Of several codes, the one that differs on every feature is taken, and of several
    populations, the latest year's.

    Args:
        paths: Files, or folders of them.
        crs: The working CRS, which the outlines are brought to.
        layer: The layer to read of each file; by default all polygon layers that have codes.

    Raises:
        NotFoundError: A path does not exist, or a file has no such layer.
        ParameterError: The working CRS is not in metres, or not true to scale at these outlines.
        DataError: A file has no CRS, no polygons, no code column, a population that is not a number, coordinates
            outside the working CRS; or wards repeat or overlap.
    """
    crs = require_working_crs(crs)
    tables: list[gpd.GeoDataFrame] = []
    inputs: list[InputFile] = []
    guard = RepeatGuard()
    for file in find_files(paths, suffixes=BOUNDARY_SUFFIXES, what="boundaries"):
        with file.opened():
            address, found = locate_layers(file, what="boundaries")
            guard.check(file.sha256, label=file.label)
        names = _polygon_layers(file, found if layer is None else _find_layer(file, found, layer))
        frames = {name: read_layer(file, address, name, what="boundaries") for name in names}
        # where some layers have codes, the others are of something else
        usual = {name: frame for name, frame in frames.items() if has_usual_code(_columns_of(frame))}
        coded = usual or {name: frame for name, frame in frames.items() if list_codes(_texts_of(frame))}
        layers = [
            _to_wards(file, frame, crs).assign(file=file.label, layer=name) for name, frame in (coded or frames).items()
        ]
        tables += layers
        inputs.append(
            InputFile(
                path=file.shown,
                table="boundaries",
                sha256=file.sha256,
                n_rows=sum(map(len, layers)),
                layout="boundaries",
                data_status=read_status(pd.concat([layer["data_status"] for layer in layers])),
            )
        )
    wards = gpd.GeoDataFrame(pd.concat(tables, ignore_index=True), crs=crs)
    require_true_scale(wards.geometry)
    outlines, n_repaired = mend_outlines(wards.geometry.to_numpy(), label="the boundaries")
    if n_repaired:
        wards = wards.set_geometry(gpd.GeoSeries(outlines, index=wards.index, crs=wards.crs))
    flat = ~(wards.geometry.area > 0)
    if flat.any():
        raise DataError(
            f"Each boundary must enclose an area; {wards['ward_code'][flat].iloc[0]} does not. Remove it, or give its "
            "outline."
        )
    wards = _join_parts(wards).sort_index()
    _refuse_overlaps(wards)
    return Boundaries(wards=wards[list(WARD_COLUMNS)], inputs=tuple(inputs), n_repaired=n_repaired)


def _find_layer(file: FoundFile, layers: Sequence[tuple[str, str | None]], wanted: str) -> list[tuple[str, str | None]]:
    found = [(name, kind) for name, kind in layers if name == wanted]
    if not found:
        raise NotFoundError(
            f'There is no layer "{wanted}" in {file.label}; it has {", ".join(name for name, _ in layers) or "none"}. '
            "Choose one of those, or leave the layer out to read all that have codes."
        )
    return found


def _polygon_layers(file: FoundFile, layers: Sequence[tuple[str, str | None]]) -> list[str]:
    """Names of the layers that may hold polygons: an unstated geometry type may, a table without one cannot."""
    names = [name for name, kind in layers if kind and ("Polygon" in kind or "Unknown" in kind)]
    if not names:
        kinds = ", ".join(sorted({str(kind or "no geometry") for _, kind in layers})) or "nothing"
        raise DataError(
            f"Boundaries must be polygons; {file.label} holds {kinds}. "
            "Give the file of outlines, not of centres or lines."
        )
    return names


def _columns_of(frame: gpd.GeoDataFrame) -> list[str]:
    return [str(column) for column in frame.columns if column != frame.geometry.name]


def _texts_of(frame: gpd.GeoDataFrame) -> dict[str, pd.Series]:
    return {name: _as_text(frame[name]) for name in _columns_of(frame)}


def _to_wards(file: FoundFile, frame: gpd.GeoDataFrame, crs: pyproj.CRS) -> gpd.GeoDataFrame:
    is_polygon = frame.geometry.geom_type.isin(["Polygon", "MultiPolygon"]) & ~frame.geometry.is_empty
    if not is_polygon.any():
        kinds = ", ".join(sorted(set(frame.geometry.geom_type.dropna()))) or "no features"
        raise DataError(
            f"Boundaries must be polygons; {file.label} holds {kinds}. "
            "Give the file of outlines, not of centres or lines."
        )
    if not is_polygon.all():
        first = frame.index[~is_polygon][0]
        raise DataError(
            f"Each boundary must be a polygon; feature {first + 1} of {file.label} is not, and "
            f"{(~is_polygon).sum()} in all. Remove them, or give each its outline."
        )
    columns = _columns_of(frame)
    code = choose_code(_texts_of(frame), label=file.label)
    if code is None:
        raise DataError(
            "Boundaries need a column of ward codes (ward_code, GSS_CODE, WD22CD ...), or of another code that differs "
            f"on each (beat_code, sector ...), because names repeat; {file.label} has none. "
            f"{describe_columns(columns, lead='Its columns are')} Rename the one that holds the code to ward_code."
        )
    blank = _as_text(frame[code]).isna()
    if blank.any():
        first = frame.index[blank][0]
        raise DataError(
            f"Each boundary needs a code; feature {first + 1} of {file.label} has none in {code}. Fill it in."
        )
    _refuse_persons(frame[code], file.label)
    boroughs = find_columns(columns, _BOROUGH)
    names = _list_names(frame, code, besides=boroughs)
    shown = {name: release_names(_as_text(frame[name]), are_areas=True) for name in [*names[:1], *boroughs[:1]]}
    statuses = find_columns(columns, STATUS_NAMES)
    code_text = _as_text(frame[code]).str.strip()
    wards = gpd.GeoDataFrame(
        {
            "ward_code": code_text,
            "ward_name": shown[names[0]].fillna(code_text) if names else code_text,
            "borough": shown[boroughs[0]] if boroughs else None,
            "population": _read_population(file, frame),
            "data_status": _as_text(frame[statuses[0]]) if statuses else None,
        },
        geometry=shapely.force_2d(frame.geometry.array),
        crs=frame.crs,
    )
    wards = to_working_crs(wards, crs)
    outside = ~lies_in_working_crs(wards.geometry)
    if outside.any():
        first = wards["ward_code"][outside].iloc[0]
        raise DataError(
            f"Boundaries must lie in {describe_area(crs)}; {first} in {file.label} does not, read as {frame.crs.name}. "
            "Check the CRS that the file states; for another place, give a CRS of that place to work in."
        )
    return wards


def _refuse_persons(codes: pd.Series, label: str) -> None:
    """Refuse codes that say something about somebody: products name wards by them."""
    texts = _as_text(codes)
    wrong = ~texts.map(names_area).astype(bool)
    if wrong.any():
        first = codes.index[wrong][0]
        raise DataError(
            f"A code of a ward must be a code; feature {first + 1} of {label} has {show_form(texts[first])} in "
            f"{codes.name}, and {int(wrong.sum())} in all are none. Name the column that holds the code ward_code."
        )


def _list_names(frame: gpd.GeoDataFrame, code: str, *, besides: Sequence[str]) -> list[str]:
    """The columns of names, that which goes with the code first."""
    columns = _columns_of(frame)
    # lsoa21cd goes with lsoa21nm, even where the ward's name is there too
    alike = [name for name in columns if name[:4].casefold() == code[:4].casefold()]
    known = [name for name in find_columns(columns, _NAME) if _as_text(frame[name]).notna().any()]
    other = [
        name
        for name in find_columns(columns, (".+(name|nm)",))
        if name not in besides and _as_text(frame[name]).is_unique and (len(frame) > 1 or name in alike)
    ]
    return sorted(dict.fromkeys([*known, *other]), key=lambda name: name not in alike)


def _read_population(file: FoundFile, frame: gpd.GeoDataFrame) -> pd.Series:
    column = find_population(_columns_of(frame))
    if column is None:
        return pd.Series(np.nan, index=frame.index)
    numbered = _as_text(frame[column]).set_axis(frame.index + 1)
    return parse_counts(numbered, label=file.label, each="feature").set_axis(frame.index)


def _as_text(values: pd.Series) -> pd.Series:
    """Text, blanks missing; a file may hold numbers or lists where a name should be."""
    text = values.astype("object").map(str, na_action="ignore").astype("object")
    return text.mask(text.astype("str").str.strip() == "")


def _join_parts(wards: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """One row a code: parts of one ward are joined, two wards of one code are refused."""
    names = wards.groupby("ward_code")["ward_name"].nunique(dropna=False)
    if (names > 1).any():
        code = names.index[names > 1][0]
        both = " and ".join(sorted(set(wards.loc[wards["ward_code"] == code, "ward_name"].astype("str"))))
        raise DataError(f"A ward code must stand for one ward; {code} stands for {both}. Give one vintage of wards.")
    counts = wards.groupby("ward_code")["population"].nunique()
    if (counts > 1).any():
        code = counts.index[counts > 1][0]
        raise DataError(
            f"A ward must have one population; the parts of {code} have {counts[code]} of them. Give each part "
            "that of the whole ward."
        )
    if wards["ward_code"].is_unique:
        return wards.set_index("ward_code")
    return wards.dissolve(by="ward_code", aggfunc="first")


def _refuse_overlaps(wards: gpd.GeoDataFrame) -> None:
    outlines = wards.geometry.to_numpy()
    n_near = len(wards.sindex.query(shapely.envelope(outlines))[0]) // len(wards) - 1
    if n_near > MOST_NEAR:
        raise DataError(
            f"Wards must not overlap; each of these {len(wards):,} has {n_near:,} others in its extent, more than any "
            "map. Give one vintage of boundaries."
        )
    if shapely.coverage_is_valid(outlines):
        return  # they meet at their edges, if at all, as those of one vintage do
    one, other = wards.sindex.query(outlines, predicate="intersects")
    one, other = one[one < other], other[one < other]
    overlaps = shapely.intersection(outlines[one], outlines[other])
    shared, areas = shapely.area(overlaps), shapely.area(outlines)
    width = 2 * shared / np.maximum(shapely.length(overlaps), 1.0)
    too_much = (shared > _MAX_OVERLAP_SHARE * np.minimum(areas[one], areas[other])) & (width > _MAX_OVERLAP_WIDTH_M)
    if too_much.any():
        worst = int(np.where(too_much, shared, 0).argmax())
        first, second = wards.index[one[worst]], wards.index[other[worst]]
        layers = sorted({wards.at[first, "layer"], wards.at[second, "layer"]})
        next_step = "Give one vintage of boundaries."
        if len(layers) > 1 and wards.at[first, "file"] == wards.at[second, "file"]:
            next_step = (
                f"They are of the layers {' and '.join(layers)} of {wards.at[first, 'file']}: give one as `layer`."
            )
        raise DataError(
            f"Wards must not overlap; {int(too_much.sum())} pairs do, most of all {first} "
            f"{wards.at[first, 'ward_name']} and {second} {wards.at[second, 'ward_name']}, over "
            f"{shared[worst] / 1e6:.3g} km². {next_step}"
        )

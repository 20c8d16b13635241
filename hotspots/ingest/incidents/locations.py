"""Text to places on the working CRS, how precise each is, and what is wrong with those that cannot be used."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyproj

from hotspots.contracts import AREA
from hotspots.errors import DataError
from hotspots.geography import (
    BRITISH_NATIONAL_GRID,
    POLICE_UK,
    WGS84,
    collapse_coordinates,
    describe_area,
    find_crs,
    find_makers,
    find_polygon,
    is_national_grid,
    name_crs,
    parse_grid_references,
    project_coordinates,
)
from hotspots.ingest.formats import GEOMETRY_X, Columns, Table
from hotspots.ingest.incidents.coarseness import AREA_SQUARE_M, DEGREE_UNIT
from hotspots.ingest.incidents.profiles import PlaceColumns, SourceProfile
from hotspots.ingest.texts import parse_coordinates, read_pairs, read_plain_numbers, read_wkt

Floats = npt.NDArray[np.float64]

NO_LOCATION = "no location"
AT_ZERO = "location at 0, 0"
UNREADABLE_LOCATION = "unreadable location"
SWAPPED = "coordinates swapped"
DEFAULT_POINT = "location that a form fills in"
DEGREES_FOR_METRES = "degrees where metres are expected"
METRES_FOR_DEGREES = "metres where degrees are expected"
OTHER_CRS = "coordinates in another CRS"
UNREADABLE_GRID_REFERENCE = "unreadable grid reference"
ONLY_POSTCODE, UNKNOWN_POSTCODE = "only a postcode, and no list of postcodes", "postcode not in the list"
ONLY_LSOA, UNKNOWN_LSOA = "only an LSOA, and no outlines of LSOAs", "LSOA not in the outlines"
OUTSIDE = "location outside "
"""Followed by the area that the working CRS is for."""

WITHOUT_PLACE = (
    NO_LOCATION, AT_ZERO, UNREADABLE_LOCATION, SWAPPED, DEGREES_FOR_METRES, METRES_FOR_DEGREES, OTHER_CRS,
    UNREADABLE_GRID_REFERENCE, ONLY_POSTCODE, UNKNOWN_POSTCODE, ONLY_LSOA, UNKNOWN_LSOA, DEFAULT_POINT,
)  # fmt: skip
"""Why a row has no place, though it may have happened here."""
_REPLACEABLE = (NO_LOCATION, AT_ZERO, ONLY_POSTCODE, UNKNOWN_POSTCODE, UNREADABLE_GRID_REFERENCE)

_NOWHERE = pd.DataFrame({"easting": [], "northing": []}, dtype="float64")

_MIRRORED_M = 100_000.0

_SRID = re.compile(r"\s*SRID=(\d+);", re.IGNORECASE)


class Places(Protocol):
    """Knows where the places of a list are: postcodes, or areas.

    Attributes:
        sha256: Fingerprint of the list.
    """

    @property
    def sha256(self) -> str: ...  # noqa: D102

    def locate(self, texts: pd.Series) -> pd.DataFrame:
        """`easting` and `northing` of each text, National Grid metres; NaN where it is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Locations:
    """Where the incidents of some rows happened, or where else what they tell of is.

    Attributes:
        easting, northing: float (n_rows,), metres of the working CRS; NaN where not known.
        precision: `point`, `anonymised`, `postcode` or `area`, or None.
        reason: Why a row has no location, or None.
        detail: What was given, where there is a reason.
        stated: float (n_rows, 2), the coordinates that the row gives, in units of which 100 are an area; NaN where its
            place is from something else.
        in_degrees: Whether that unit is `DEGREE_UNIT`; otherwise it is the metre.
    """

    easting: Floats
    northing: Floats
    precision: npt.NDArray[np.object_]
    reason: npt.NDArray[np.object_]
    detail: npt.NDArray[np.object_]
    stated: Floats
    in_degrees: npt.NDArray[np.bool_]


def locate(
    columns: Columns,
    profile: PlaceColumns,
    *,
    stated_crs: str | None,
    crs: str,
    postcodes: Places | None = None,
    areas: Places | None = None,
    area_square_m: float = AREA_SQUARE_M,
) -> Locations:
    """Where each row happened, by the most precise of what it says.

    Args:
        columns: Text by column, as written in the file.
        profile: Which column holds what.
        stated_crs: What the file states for its geometry.
        crs: The working CRS.
        postcodes: Locations of postcodes.
        areas: Where small areas (LSOAs) are.
        area_square_m: Side of the smallest square of a grid reference that is an area.
    """
    n_rows = len(next(iter(columns.values())))
    found = Locations(
        easting=np.full(n_rows, np.nan),
        northing=np.full(n_rows, np.nan),
        precision=np.full(n_rows, None, dtype=object),
        reason=np.full(n_rows, NO_LOCATION, dtype=object),
        detail=np.full(n_rows, None, dtype=object),
        stated=np.full((n_rows, 2), np.nan),
        in_degrees=np.zeros(n_rows, dtype=bool),
    )
    for coordinates in list_coordinates(profile, stated_crs, crs):
        _use_coordinates(found, columns, profile, coordinates, crs=crs)
    if profile.grid_reference:
        squares = parse_grid_references(columns[profile.grid_reference])
        fine = squares["square_m"].to_numpy() < area_square_m
        precision = np.where(fine, "point", AREA)
        _fill(found, columns[profile.grid_reference], squares, precision, crs, unknown=UNREADABLE_GRID_REFERENCE)
    for column, places, kind, lost in (
        (profile.postcode, postcodes, "postcode", (ONLY_POSTCODE, UNKNOWN_POSTCODE)),
        (profile.lsoa, areas, AREA, (ONLY_LSOA, UNKNOWN_LSOA)),
    ):
        if column and pd.isna(found.precision).any():
            texts = columns[column].where(pd.isna(found.precision))
            kinds = np.full(n_rows, kind, dtype=object)
            where = places.locate(texts) if places is not None else _NOWHERE.reindex(texts.index)
            _fill(found, columns[column], where, kinds, crs, unknown=lost[places is not None])
    return found


class Coordinates(NamedTuple):
    """Columns that hold coordinates: two, or one for both.

    Attributes:
        names: The columns.
        source: The CRS that they are written in.
        is_by_shift: Whether, as degrees, they are undone by the shift of police.uk.
    """

    names: tuple[str, ...]
    source: str
    is_by_shift: bool


def list_coordinates(profile: PlaceColumns, stated_crs: str | None, crs: str) -> list[Coordinates]:
    """The columns of a profile that hold coordinates, in the order in which they are used.

    Args:
        profile: Which column holds what.
        stated_crs: What the file states for its geometry.
        crs: The working CRS.
    """
    listed: list[Coordinates] = []
    is_by_shift = profile.crs == POLICE_UK
    several = sum(map(bool, (profile.easting, profile.longitude, profile.wkt))) > 1
    is_metres = not is_by_shift and profile.crs is not None and find_crs(profile.crs).is_projected
    for one, other, default in (
        (profile.easting, profile.northing, crs),
        (profile.longitude, profile.latitude, WGS84),
        (profile.wkt, profile.wkt, WGS84 if is_by_shift else crs),
    ):
        if one and other:
            # of metres and degrees in one table, the CRS named can be that of only one
            own = profile.crs if not several or is_metres == (default == crs) else None
            stated = stated_crs if one == GEOMETRY_X else None
            source = (None if is_by_shift else own) or stated or default
            names = (one,) if one == other else (one, other)
            listed.append(Coordinates(names, source, is_by_shift and own is not None))
    return listed


def _use_coordinates(
    found: Locations, columns: Columns, profile: PlaceColumns, coordinates: Coordinates, *, crs: str
) -> None:
    """Give rows without a location that of their coordinates."""
    names, source, is_by_shift = coordinates
    texts = [columns[name] for name in names]
    row, one, two, srid = _find_places(texts, profile, names)
    source = srid or source
    if is_by_shift:
        degrees = project_coordinates(one, two, source_crs=source, crs=WGS84)
        easting, northing = project_coordinates(*degrees, source_crs=POLICE_UK, crs=crs)
    else:
        easting, northing = project_coordinates(one, two, source_crs=source, crs=crs)
    missing, at_zero = np.isnan(one) | np.isnan(two), (one == 0) & (two == 0)
    unreadable = (np.isinf(one) | np.isinf(two)) & ~missing
    usable = np.isfinite(easting) & ~missing & ~at_zero & ~unreadable
    lost = ~usable & ~missing & ~at_zero & ~unreadable
    reason = np.full(len(one), NO_LOCATION, dtype=object)
    reason[usable] = None
    reason[lost] = OUTSIDE + describe_area(find_crs(crs))
    for diagnosis, is_so in _diagnose(one, two, lost, source=source, crs=crs).items():
        reason[is_so] = diagnosis
    reason[unreadable] = UNREADABLE_LOCATION
    reason[at_zero] = AT_ZERO
    unit = _find_unit(source)
    precision = np.full(len(one), None, dtype=object)
    precision[usable] = "anonymised" if profile.is_anonymised else "point"
    # what an earlier pair of columns says that is wrong is told of, unless this one says where
    is_open = pd.isna(found.precision)
    todo = is_open & (found.reason == NO_LOCATION)
    if not todo.all():
        is_replaceable = pd.Series(found.reason, dtype="object").isin(_REPLACEABLE).to_numpy()
        todo |= is_open & is_replaceable & usable[row]
    told = np.flatnonzero(todo & (~usable & ~missing)[row])
    found.detail[todo] = None
    found.detail[told] = [
        ", ".join(f"{name} {text}" for name, text in zip(names, given, strict=True))
        for given in zip(*(text.iloc[told].astype("object") for text in texts), strict=True)
    ]
    for column, values in (
        (found.easting, np.where(usable, easting, np.nan)),
        (found.northing, np.where(usable, northing, np.nan)),
        (found.precision, precision),
        (found.reason, reason),
        (found.stated, np.where(usable, [one, two], np.nan).T / (unit or np.nan)),
        (found.in_degrees, np.full(len(one), unit == DEGREE_UNIT)),
    ):
        column[todo] = values[row[todo]]


def _find_places(
    texts: Sequence[pd.Series], profile: PlaceColumns, names: Sequence[str]
) -> tuple[npt.NDArray[np.int64], Floats, Floats, str | None]:
    """The number of the place of each row, the coordinates of each place, and the CRS that the texts themselves name.

    Rows are many and places few, and each place is read once.
    """
    is_plain = not any(isinstance(text.dtype, pd.CategoricalDtype) for text in texts)
    if is_plain and len(texts) == 2 and profile.decimal != ",":
        first, second = map(read_plain_numbers, texts)
        if first is not None and second is not None:
            pairs = first + 0j
            pairs.imag = second
            pairs[np.isnan(first) | np.isnan(second)] = np.inf  # which no number is, and which is equal to itself
            row, places = pd.factorize(pairs)
            is_known = np.isfinite(places.real)
            return row, np.where(is_known, places.real, np.nan), np.where(is_known, places.imag, np.nan), None
    listed = [text.astype("object").astype("category") if is_plain else text for text in texts]
    codes = listed[0].cat.codes.to_numpy().astype(np.int64)
    if len(listed) == 2:
        codes = codes * (len(listed[1].cat.categories) + 1) + listed[1].cat.codes.to_numpy()
    row, distinct = pd.factorize(codes)
    first_row = np.full(len(distinct), len(codes), dtype=np.int64)
    np.minimum.at(first_row, row, np.arange(len(codes)))
    return row, *_read_coordinates([text.iloc[first_row] for text in listed], profile, names)


def _find_unit(source: str) -> float | None:
    """Of the coordinates of a CRS, what is a hundredth of an area; None where they are in feet or the like."""
    units = {axis.unit_name for axis in find_crs(source).axis_info[:2]}
    return {"metre": 1.0, "degree": DEGREE_UNIT}.get(units.pop()) if len(units) == 1 else None


def _read_coordinates(
    texts: Sequence[pd.Series], profile: PlaceColumns, names: Sequence[str]
) -> tuple[Floats, Floats, str | None]:
    """Two numbers of each row, the one to the east first, and the CRS that the texts themselves name."""
    is_degrees = names[0] == profile.longitude
    srid = None
    if len(texts) == 2:
        first, second = (parse_coordinates(text, decimal=profile.decimal, is_degrees=is_degrees) for text in texts)
    elif names[0] != profile.wkt:
        first, second = read_pairs(texts[0])
        if is_degrees:
            first, second = second, first
    else:
        first, second = read_wkt(texts[0])
        srid = _find_srid(texts[0], names[0]) if profile.crs in (None, POLICE_UK) else None
    return first.to_numpy(), second.to_numpy(), srid


def sample_coordinates(table: Table, profile: SourceProfile, coordinates: Coordinates) -> tuple[Floats, Floats, str]:
    """The coordinates of the first rows of a table, as written, and their CRS; infinite where they are unreadable."""
    columns = table.sample(set(coordinates.names))
    texts = [columns[name] for name in coordinates.names]
    one, two, srid = _read_coordinates(texts, profile, coordinates.names)
    return one, two, srid or coordinates.source


def state_shift(profile: SourceProfile, table: Table, *, crs: str) -> SourceProfile:
    """The profile of a table, with the CRS `police.uk` if its degrees were made by the shift of police.uk.

    Nobody else need have made them: whoever converts whole metres by PROJ without the grid of OSTN15 does the same.
    The first rows tell. A profile that names its CRS stays as it is.
    """
    listed = list_coordinates(profile, table.crs, crs)
    if profile.crs is not None or len(listed) != 1:
        return profile
    one, two, source = sample_coordinates(table, profile, listed[0])
    if is_national_grid(find_crs(source)):
        return profile
    degrees = project_coordinates(one, two, source_crs=source, crs=WGS84)
    return dataclasses.replace(profile, crs=POLICE_UK) if find_makers(*degrees) == {POLICE_UK} else profile


def _find_srid(texts: pd.Series, column: str) -> str | None:
    """The CRS that points as well-known text name, if they do.

    Raises:
        DataError: They name several, or one that PROJ does not know.
    """
    srids = {match[1] for text in texts.dropna() if (match := _SRID.match(str(text)))} - {"0"}  # 0 is not known
    if len(srids) > 1:
        raise DataError(
            f"Points of one table must be in one CRS; {column} has the SRIDs {', '.join(sorted(srids))}. Split it."
        )
    for srid in srids:
        try:
            return name_crs(pyproj.CRS.from_epsg(int(srid)))
        except pyproj.exceptions.CRSError as error:
            raise DataError(
                f"The points of {column} name SRID {srid}, which is not a CRS that PROJ knows. Name their CRS with crs "
                "in a source profile."
            ) from error
    return None


def _diagnose(
    first: Floats, second: Floats, lost: npt.NDArray[np.bool_], *, source: str, crs: str
) -> Mapping[str, npt.NDArray[np.bool_]]:
    """What else coordinates would mean that mean nothing as they are: where they would lie in the working area."""
    metres = find_crs(source).is_projected
    degrees = (np.abs(first) <= 180) & (np.abs(second) <= 180)
    trials: list[tuple[str, Callable[[], tuple[Floats, Floats]]]] = [
        (OTHER_CRS, lambda: project_coordinates(first, second, source_crs="EPSG:3857", crs=crs)),
        (SWAPPED, lambda: project_coordinates(second, first, source_crs=source, crs=crs)),
    ]
    if metres:
        trials += [
            (DEGREES_FOR_METRES, lambda: project_coordinates(second, first, source_crs=WGS84, crs=crs)),
            (DEGREES_FOR_METRES, lambda: project_coordinates(first, second, source_crs=WGS84, crs=crs)),
        ]
    else:
        trials += [(METRES_FOR_DEGREES, lambda: project_coordinates(first, second, source_crs=crs, crs=crs))]
    diagnosed: dict[str, npt.NDArray[np.bool_]] = {}
    if not lost.any():
        return diagnosed
    for reason, trial in trials:
        easting, _ = trial()
        fits = lost & np.isfinite(easting)
        if reason == DEGREES_FOR_METRES:
            fits &= degrees
        elif reason == OTHER_CRS:
            fits &= ~degrees
        diagnosed[reason] = diagnosed.get(reason, False) | fits
    return diagnosed


def _fill(
    found: Locations,
    texts: pd.Series,
    places: pd.DataFrame,
    precision: npt.NDArray[np.object_],
    crs: str,
    *,
    unknown: str,
) -> None:
    """Give rows without a location the place that their text stands for."""
    # coordinates that are wrong are told of, and not hidden by a place that is merely near
    open_ = pd.isna(found.precision) & pd.Series(found.reason, dtype="object").isin(_REPLACEABLE).to_numpy()
    grid_east, grid_north = (places[name].to_numpy(dtype=np.float64) for name in ("easting", "northing"))
    is_place = np.isfinite(grid_east) & np.isfinite(grid_north)
    east, north = np.full(len(texts), np.nan), np.full(len(texts), np.nan)
    if (todo := open_ & is_place).any():
        east[todo], north[todo] = project_coordinates(
            grid_east[todo], grid_north[todo], source_crs=BRITISH_NATIONAL_GRID, crs=crs
        )
    known = open_ & np.isfinite(east) & np.isfinite(north)
    found.easting[known], found.northing[known] = east[known], north[known]
    found.precision[known] = precision[known]
    found.reason[known] = found.detail[known] = None
    lost = open_ & ~known & texts.notna().to_numpy() & pd.isna(found.detail)
    found.detail[lost] = texts.astype("object").to_numpy()[lost]
    found.reason[lost] = np.where(is_place, OUTSIDE + describe_area(find_crs(crs)), unknown)[lost]


def find_swapped(easting: Floats, northing: Floats, outlines: npt.NDArray[np.object_]) -> npt.NDArray[np.bool_]:
    """Which points would lie inside an area if their two coordinates changed places, and do not as they are.

    In Great Britain a swapped easting and northing often still lie on the grid, so only the area tells. Where easting
    and northing are much alike (Leeds), a place mirrored is one next door, and nothing can be said.

    Args:
        easting: Metres, float (n_points,).
        northing: Likewise.
        outlines: Polygons that the area is made of.
    """
    swapped = _lies_in(northing, easting, outlines) & ~_lies_in(easting, northing, outlines)
    swapped &= np.abs(easting - northing) > _MIRRORED_M
    return swapped


def _lies_in(easting: Floats, northing: Floats, outlines: npt.NDArray[np.object_]) -> npt.NDArray[np.bool_]:
    places = collapse_coordinates(easting, northing)
    inside: npt.NDArray[np.bool_] = find_polygon(places, outlines)[places.inverse] >= 0
    return inside


def find_middle(table: Table, profile: PlaceColumns, records: pa.Table) -> tuple[float, float] | None:
    """Median longitude and latitude of the first rows of a table of which most lie outside; None for any other."""
    reasons = records["reason"].cast(pa.string())
    n_outside = pc.sum(pc.starts_with(reasons, OUTSIDE)).as_py() or 0
    if not n_outside or 2 * n_outside < records.num_rows or not says_degrees(profile):
        return None
    columns = table.sample({str(profile.longitude), str(profile.latitude)})
    east, north = (
        float(parse_coordinates(columns[str(name)], decimal=profile.decimal, is_degrees=True).median())
        for name in (profile.longitude, profile.latitude)
    )
    return (east, north) if math.isfinite(east) and math.isfinite(north) else None


def says_degrees(profile: PlaceColumns) -> bool:
    """Whether longitude and latitude stand in columns of their own, on WGS84."""
    has_two = profile.longitude is not None and profile.longitude != profile.latitude
    return has_two and profile.crs in (None, WGS84)

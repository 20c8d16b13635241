"""Files of licensed premises, stations and parks, to the premises table."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import shapely

from hotspots.contracts import PREMISES_COLUMNS
from hotspots.geography import BRITISH_NATIONAL_GRID
from hotspots.ingest.formats import InputFile
from hotspots.ingest.incidents import Places, normalise
from hotspots.ingest.reference.listed_places import OTHER_FIELDS, make_picker
from hotspots.ingest.reference.opening_times import read_opening_hours
from hotspots.ingest.reference.place_files import NOT_NEAR, PlaceForm, PlaceRows, read_place_rows
from hotspots.ingest.texts import release_names

PREMISES_KINDS: Final = ("licensed", "fast_food", "shop", "station", "bus_station", "park", "school")
"""Pubs, bars, clubs, restaurants and off-licences; takeaways; other shops; of trains, trams and boats; of buses and
coaches; parks, commons and playgrounds; schools and colleges."""

_OUTLINED: Final = frozenset({"park", "school"})
"""Kinds whose outline matters: what happens anywhere in a park is at the park."""

_SAME_M: Final = {"station": 300.0, "bus_station": 200.0, "park": 500.0, "school": 200.0}
_SAME_DOOR_M: Final = 50.0
"""Within so much, places of one kind and name are one place; the second is of all other kinds."""

# Names of columns as `normalise` gives them, in order of preference.
_NAMES = (
    *("premises name", "name of premises", "trading name", "trading as", "premises trading name", "business name"),
    *("name", "common name", "establishment name", "station name", "park name", "site name", "pub name", "title"),
    *("premises", "station", "site", "location name", "place name"),
)
_NOT_OF_PREMISES = re.compile(
    r"\b(holder|licensee|supervisor|dps|applicant|owner|operator|contact|manager|first|last|user|agent|company|street|"
    r"road|ward|borough|district|authority|locality|town|file|layer|short|alt|old|parent|officer|status|type|lang)\b"
)
_OSM_KINDS = ("amenity", "shop", "railway", "leisure", "public transport", "landuse")
_STOP_TYPE = "stop type"
_KINDS = (
    *("kind", "premises type", "type of premises", "premises kind", "licence type", "type of licence", "subcategory"),
    *("category", "type", "classification", "class", "legend", "facility", "use", "source type"),
)
_HOURS = ("opening hours", "opening times", "hours", "open hours", "hours of opening", "business hours")
_LICENCE = re.compile(r"(premises |club )?(licen[cs]e|licensing) (number|no|ref|reference|status|id)")
_STATUS = ("data status",)

_OTHER, _MAIN, _ENTRANCE, _PLATFORM = "", "main", "entrance", "platform"

_STOPS: Final[Mapping[str, tuple[str, str]]] = {
    **dict.fromkeys(("RLY", "MET", "FER"), ("station", _MAIN)),
    **dict.fromkeys(("RSE", "TMU", "FTD"), ("station", _ENTRANCE)),
    **dict.fromkeys(("RPL", "PLT", "FBT"), ("station", _PLATFORM)),
    "BST": ("bus_station", _MAIN),
    "BCE": ("bus_station", _ENTRANCE),
    **dict.fromkeys(("BCS", "BCQ"), ("bus_station", _PLATFORM)),
}
"""Of NaPTAN: stations and piers; their entrances; their platforms, berths, bays and stands. The others are stops."""

_OSM: Final[Mapping[str, Mapping[str, str]]] = {
    "amenity": {
        **dict.fromkeys(
            ("pub", "bar", "nightclub", "restaurant", "biergarten", "social_club", "stripclub"), "licensed"
        ),
        "fast_food": "fast_food",
        "bus_station": "bus_station",
        "ferry_terminal": "station",
        **dict.fromkeys(("school", "college"), "school"),
    },
    "shop": dict.fromkeys(("alcohol", "wine"), "licensed"),
    "railway": {"station": "station", "halt": "station", "tram_stop": "station", "subway_entrance": "station"},
    "leisure": dict.fromkeys(("park", "recreation_ground", "common", "playground", "nature_reserve"), "park"),
    "public transport": {"station": "station"},
    "landuse": dict.fromkeys(("recreation_ground", "village_green"), "park"),
}

# Words of other kinds of lists, the first that is found; those of nothing first.
_WORDS: Final = {
    _OTHER: r"(police|fire|ambulance|polling|charging|power|pumping|weather) stations?|bus stops?|parking|"
    r"(car|retail|business|trailer|caravan|science|industrial) parks?|park and ride",
    "shop (petrol)": r"(petrol|filling|service) stations?",
    "bus_station": r"(bus|coach) stations?",
    "station": r"rail|railway|trains?|tube|underground|overground|metro|dlr|tram|light rail|subway|stations?|ferry|"
    r"piers?",
    "park": r"parks?|open spaces?|green spaces?|playgrounds?|recreation grounds?|commons?|nature reserves?|"
    r"playing fields?|public gardens?",
    "school": r"schools?|colleges?|academ(y|ies)",
    "licensed": r"pubs?|public houses?|bars?|night ?clubs?|clubs?|restaurants?|off ?licen[cs]es?|alcohol|licen[cs]ed|"
    r"premises licen[cs]es?|taverns?|nightlife",
    "fast_food": r"fast ?food|take ?aways?|hot food",
    "shop": r"shops?|convenience|supermarkets?|retail|newsagents?|stores?|betting",
}
_WORDS_COMPILED = tuple(
    (re.compile(rf"\b({words})\b"), kind.split()[0] if kind else kind) for kind, words in _WORDS.items()
)

_SHUT = frozenset(
    {"closed", "closed permanently", "permanently closed", "inactive", "deleted", "delete", "disused", "demolished"}
    | {"ceased", "lapsed", "surrendered", "revoked", "expired", "refused", "withdrawn", "del"}
)
"""What a list says of a place that is there no more, and of a licence that is not in force."""

_MODES = re.compile(
    r"\((?:[^)]*)\)|\b(rail|railway|underground|overground|dlr|tube|tram|stop|station|ell|elizabeth line|lu|bus|coach|"
    r"national|entrance|exit)\b|[^a-z0-9& ]"
)
_CITY = re.compile(r"^london (?!bridge|fields|city|road)")
_MODE_WORDS = re.compile(
    r"\s*\b((Rail|Railway|Underground|Overground|DLR|Tube|Tram|ELL|Bus|Coach)\s+)*(Station|Stop)\b.*$", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Premises:
    """Premises read from files.

    Attributes:
        premises: The premises table of `hotspots.contracts`, in the working CRS.
        inputs: The files read.
        without_location: Rows left out because they have no usable location, by what is wrong with it.
        n_malformed: Rows left out because they have other fields than the header.
        n_shut: Rows left out because their file says that the place, or its licence, is no more.
        n_other_kinds: Rows left out because they are of another kind of place, or say of none.
        n_beyond: Rows left out because they lie far from the study area.
        n_merged: Rows that are one place with another row: entrances and platforms of a station, a second licence.
        n_unnamed: Places kept whose file gives them no name that may be shown.
    """

    premises: gpd.GeoDataFrame
    inputs: tuple[InputFile, ...]
    without_location: Mapping[str, int]
    n_malformed: int
    n_shut: int
    n_other_kinds: int
    n_beyond: int
    n_merged: int
    n_unnamed: int


def read_premises(
    paths: Sequence[Path],
    *,
    crs: str | pyproj.CRS = BRITISH_NATIONAL_GRID,
    area: shapely.Geometry | None = None,
    postcodes: Places | None = None,
    only_real: bool = False,
) -> Premises:
    """Read premises.

    Registers of licensed premises, features and extracts of OpenStreetMap (by their tags), stops of NaPTAN (by
    `StopType`) and other lists, whose kind stands in a column, or in the name of the file or layer
    ("licensed_premises.csv"). Of a register nothing is kept but the name of the premises and where they are: not who
    holds the licence.

    A station that is listed several times, with its entrances and platforms, is one place: stations of one name within
    300 m. It lies at each of the points of the station and its entrances; at its platforms only where nothing else of
    it is listed. Other places of one kind and name within 50 m (parks 500 m) are one too. Parks and schools keep the
    outline that their file gives, others lie at a point.

    Args:
        paths: Files, and folders of them.
        crs: The working CRS.
        area: The study area, metres; what lies further from it than 500 m is left out.
        postcodes: Where postcodes are.
        only_real: Whether to leave out files that say of themselves that they are not real.

    Raises:
        NotFoundError: A path does not exist.
        ParameterError: The working CRS is not in metres.
        DataError: A file has no column of names or kinds, nothing that says where, or no CRS; or was given twice; or
            nothing has a usable location.
    """
    rows = read_place_rows(paths, _FORM, crs=crs, area=area, postcodes=postcodes, only_real=only_real)
    found = pd.DataFrame({"name": rows.read_first("name"), "opening_hours": rows.read_first("opening_hours")})
    found["kind"], found["part"] = _find_kinds(rows)
    is_shut = _find_shut(rows)
    is_placed = rows.reason.isna()
    is_kept = is_placed & ~is_shut & (found["kind"] != _OTHER)
    found["geometry"] = rows.geometry.to_numpy()
    kept = _stand(found[is_kept.to_numpy()].reset_index(drop=True))
    merged = _merge(kept, _group(kept))
    lost = rows.count_lost()
    n_beyond = int((rows.reason == NOT_NEAR).sum())
    premises = gpd.GeoDataFrame(
        {
            "name": release_names(merged["name"]),
            "kind": merged["kind"],
            "opening_hours": read_opening_hours(merged["opening_hours"]).opening_hours,
        },
        geometry=gpd.GeoSeries(merged["geometry"].to_numpy(), index=merged.index, crs=rows.geometry.crs),
    ).set_index(
        pd.Index([f"P{number:04d}" for number in range(1, len(merged) + 1)], name="premises_id", dtype="object")
    )
    return Premises(
        premises=premises[list(PREMISES_COLUMNS)],
        inputs=rows.inputs,
        without_location=dict(
            sorted((reason, n) for reason, n in lost.items() if reason not in (NOT_NEAR, OTHER_FIELDS))
        ),
        n_malformed=rows.n_malformed,
        n_shut=int((is_placed & is_shut).sum()),
        n_other_kinds=int((is_placed & ~is_shut & (found["kind"] == _OTHER)).sum()),
        n_beyond=n_beyond,
        n_merged=len(kept) - len(merged),
        n_unnamed=int(premises["name"].isna().sum()),
    )


def _find_columns(header: Sequence[str]) -> dict[str, list[str]]:
    """The columns of name, kind, hours, status and licence, the likeliest first."""
    pick = make_picker(header)
    return {
        "name": pick(_NAMES, lambda form: form.endswith("name") and not _NOT_OF_PREMISES.search(form))[:1],
        "kind": pick((*_OSM_KINDS, _STOP_TYPE, *_KINDS)),
        "opening_hours": pick(_HOURS)[:1],
        "state": [*pick((), lambda form: form.endswith("status") and form not in _STATUS), *pick(("modification",))],
        "licence": pick((), lambda form: bool(_LICENCE.fullmatch(form)))[:1],
        "data_status": pick(_STATUS)[:1],
    }


def _fits(columns: Mapping[str, Sequence[str]], label: str) -> bool:
    return bool(columns["kind"] or columns["licence"] or (columns["name"] and _find_words(normalise(label))))


_FORM = PlaceForm(
    table="premises",
    rule="Premises need a name or kind for each, and a location: coordinates, a grid reference, a postcode, points or "
    "outlines",
    find=_find_columns,
    fits=_fits,
    tags=("name", "amenity", "shop", "railway", "leisure", "public_transport", "landuse", "opening_hours"),
    hint=f"Add a column kind with one of {', '.join(PREMISES_KINDS)}.",
)


def _find_words(text: str) -> str:
    return next((kind for pattern, kind in _WORDS_COMPILED if pattern.search(text)), _OTHER)


def _find_kinds(rows: PlaceRows) -> tuple[pd.Series, pd.Series]:
    """The kind of each row, and of what is of a station which part of it it is."""
    kinds, parts = np.full(len(rows.texts), _OTHER, dtype=object), np.full(len(rows.texts), _MAIN, dtype=object)
    for label, columns in rows.columns.items():
        here = np.flatnonzero((rows.label == label).to_numpy())
        by_file = "licensed" if columns["licence"] else _find_words(normalise(label))
        told = [f"kind {position}" for position in range(len(columns["kind"]))]
        keys = [normalise(name) for name in columns["kind"]]
        read: dict[tuple[object, ...], tuple[str, str]] = {}
        for row, texts in zip(here, map(tuple, rows.texts.loc[here, told].to_numpy(dtype=object)), strict=True):
            if texts not in read:
                read[texts] = _find_kind(dict(zip(keys, texts, strict=True)), by_file)
            kinds[row], parts[row] = read[texts]
    return pd.Series(kinds, dtype="object"), pd.Series(parts, dtype="object")


def _find_kind(said: Mapping[str, object], by_file: str) -> tuple[str, str]:
    """Kind and part of a place, from what its columns say.

    Args:
        said: Text or None, by normalised name of the column.
        by_file: What the name of its file says.
    """
    if isinstance(stop := said.get(_STOP_TYPE), str):
        return _STOPS.get(stop.strip().upper(), (_OTHER, _MAIN))
    tags = {key: text.strip() for key, text in said.items() if key in _OSM and isinstance(text, str)}
    for key, value in tags.items():
        if value in _OSM[key]:
            return _OSM[key][value], _ENTRANCE if value == "subway_entrance" else _MAIN
    if tags.get("shop", "no") not in ("no", "vacant"):
        return "shop", _MAIN
    others = [text for key, text in said.items() if key not in tags and isinstance(text, str)]
    for text in others:
        kind = text.strip().casefold().replace(" ", "_")
        if kind in PREMISES_KINDS:
            return kind, _MAIN
        if found := _find_words(normalise(text.replace("_", " "))):
            return found, _MAIN
    # what OpenStreetMap says of it is something else
    return (_OTHER if tags else by_file), _MAIN


def _find_shut(rows: PlaceRows) -> pd.Series:
    shut = pd.Series(data=False, index=rows.texts.index)
    for column in rows.texts.columns[rows.texts.columns.str.startswith("state ")]:
        shut |= rows.texts[column].astype(str).str.strip().str.casefold().isin(_SHUT)
    return shut


def _stand(found: pd.DataFrame) -> pd.DataFrame:
    """Places of kinds whose outline does not matter, by a point on them."""
    shapes = found["geometry"].to_numpy(dtype=object).copy()
    is_outline = shapely.get_dimensions(shapes) == 2
    keeps = found["kind"].isin(_OUTLINED).to_numpy() & is_outline
    is_point = np.isin(shapely.get_type_id(shapes), (shapely.GeometryType.POINT, shapely.GeometryType.MULTIPOINT))
    turned = ~keeps & ~is_point
    shapes[turned] = shapely.point_on_surface(shapes[turned])
    return found.assign(geometry=shapes)


def _key(name: object, kind: str) -> str | None:
    """What two names of one place have in common; None without a name."""
    if not isinstance(name, str):
        return None
    plain = name.casefold().replace("&", " & ")
    if kind in ("station", "bus_station"):
        plain = _CITY.sub("", _MODES.sub(" ", plain).strip())
    return re.sub(r"[^a-z0-9]+", "", plain.replace("&", "and").removeprefix("the ")) or None


def _group(kept: pd.DataFrame) -> npt.NDArray[np.int64]:
    """Int (n,): a number for each place, that rows of one place share."""
    # here, as this module is loaded by commands that do without SciPy
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import cKDTree

    keys = [_key(name, kind) for name, kind in zip(kept["name"], kept["kind"], strict=True)]
    middles = shapely.get_coordinates(shapely.centroid(kept["geometry"].to_numpy(dtype=object)))
    first: list[int] = []
    second: list[int] = []
    for (kind, _), rows in pd.Series(range(len(kept))).groupby([kept["kind"], pd.Series(keys, dtype="object")]):
        at = rows.to_numpy()
        if len(at) > 1:
            pairs = cKDTree(middles[at]).query_pairs(_SAME_M.get(str(kind), _SAME_DOOR_M), output_type="ndarray")
            first += at[pairs[:, 0]].tolist()
            second += at[pairs[:, 1]].tolist()
    links = coo_array((np.ones(len(first)), (first, second)), shape=(len(kept), len(kept)))
    return connected_components(links, directed=False)[1].astype(np.int64)


def _merge(kept: pd.DataFrame, group: npt.NDArray[np.int64]) -> pd.DataFrame:
    """One row a place, in the order of its first row; bays of a bus station that is not listed make none."""
    merged = []
    for _, rows in kept.groupby(group, sort=False):
        kind = str(rows["kind"].iloc[0])
        chosen = next(part for part in (_MAIN, _ENTRANCE, _PLATFORM) if (rows["part"] == part).any())
        if chosen == _PLATFORM and kind == "bus_station":
            continue
        wanted = (_MAIN, _ENTRANCE) if chosen != _PLATFORM else (_PLATFORM,)
        lead = rows[rows["part"] == chosen].iloc[0]
        hours = rows["opening_hours"].dropna()
        merged.append(
            {
                "name": _name(rows[rows["part"] == chosen]["name"], kind),
                "kind": kind,
                "opening_hours": hours.iloc[0] if len(hours) else None,
                "geometry": _join_shapes(rows[rows["part"].isin(wanted)]["geometry"], lead["geometry"], kind),
            }
        )
    columns = ["name", "kind", "opening_hours", "geometry"]
    return pd.DataFrame(merged, columns=columns).astype(dict.fromkeys(columns, "object"))


def _name(names: pd.Series, kind: str) -> str | None:
    """What rows of one place are called; a station of several kinds of train by its name alone."""
    said = list(dict.fromkeys(name for name in names if isinstance(name, str)))
    if not said:
        return None
    plain = sorted({_MODE_WORDS.sub("", name).strip() for name in said} - {""}, key=lambda name: (len(name), name))
    return f"{plain[0]} station" if kind == "station" and len(said) > 1 and plain else str(said[0])


def _join_shapes(shapes: pd.Series, first: shapely.Geometry, kind: str) -> shapely.Geometry:
    several = shapes.to_numpy(dtype=object)
    if kind in ("station", "bus_station"):
        points = np.unique(shapely.get_coordinates(several), axis=0)
        return shapely.MultiPoint(points) if len(points) > 1 else shapely.Point(points[0])
    outlines = several[shapely.get_dimensions(several) == 2]
    return shapely.union_all(outlines) if len(outlines) else shapely.Point(shapely.get_coordinates(first)[0])


def count_kinds(premises: gpd.GeoDataFrame) -> dict[str, int]:
    """How many places there are of each kind, in the order of `PREMISES_KINDS`."""
    counted = Counter(premises["kind"])
    return {kind: counted[kind] for kind in PREMISES_KINDS if counted[kind]}

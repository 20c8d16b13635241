"""Hot spots and wards in order of the incidents expected, with what is known of each."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy import sparse

from hotspots.analysis.hotspots.evidence import Evidence
from hotspots.analysis.hotspots.place_names import find_place_names, find_several
from hotspots.analysis.hours import WeeklyProfile, profile_groups, profile_week
from hotspots.contracts import AREA, require_columns, require_metres
from hotspots.errors import ParameterError
from hotspots.geography import FLOOR, Floor, collapse_points, find_polygon, keep_parts_told

Count = TypeVar("Count", int, float)

_N_TOP = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Hotspot:
    """A ranked area to act on.

    Attributes:
        rank: 1 is where most incidents are to be expected.
        outline: Polygon or MultiPolygon, metres.
        members: int (n_incidents,), positions of the incidents inside the outline.
        n_incidents: How many they are.
        n_places: Distinct coordinates that they lie on; on snapped data a few points can make a hot spot.
        share: The same as a share of all incidents analysed.
        area_km2: Area of the outline.
        wards: Codes of the wards it lies in, by number of its incidents.
        names: What it may be called: at most two location texts; see `PlaceNames`.
        locations: At most three location texts with their incidents, most first, of those that may be shown beside the
            number of all.
        location_kinds: The same for kinds of location; empty where the source has none.
        n_timed: Incidents with a clock time; None where it, or the rest, would tell of too few.
        profile: Its week.
        evidence: How sure it is.
        harm: Sum of the harm of its incidents; None where it is not known of all incidents analysed.
        residents: Residents of the wards it lies in, by its share of their area; None where no population is known.
            Homes are not spread evenly over a ward, so this is an order of magnitude.
    """

    rank: int
    outline: shapely.Geometry
    members: npt.NDArray[np.intp]
    n_incidents: int
    n_places: int
    share: float
    area_km2: float
    wards: tuple[str, ...]
    names: tuple[str, ...]
    locations: tuple[tuple[str, int], ...]
    location_kinds: tuple[tuple[str, int], ...]
    n_timed: int | None
    profile: WeeklyProfile
    evidence: Evidence
    harm: float | None
    residents: float | None

    @property
    def density_per_km2(self) -> float:
        """Incidents per square kilometre inside the outline."""
        return self.n_incidents / self.area_km2


def assign_outlines(incidents: gpd.GeoDataFrame, outlines: Sequence[shapely.Geometry]) -> npt.NDArray[np.int64]:
    """Int (n_incidents,): the outline that holds each incident, the first where several do, -1 for none.

    Incidents located to an area only are in none: nobody knows where in the area they were.

    Raises:
        DataError: The incidents lack a column or are not in a projected CRS in metres.
    """
    require_columns(incidents, ("location_precision",), table="incidents")
    require_metres(incidents, table="incidents")
    places = collapse_points(incidents)
    inside = find_polygon(places, np.array(outlines, dtype=object))[places.inverse]
    inside[(incidents["location_precision"] == AREA).to_numpy()] = -1
    return inside


def rank_hotspots(
    incidents: gpd.GeoDataFrame,
    outlines: Sequence[shapely.Geometry],
    evidence: Sequence[Evidence],
    *,
    hours: sparse.csr_array,
    residents: npt.NDArray[np.float64] | None = None,
    harm: pd.Series | None = None,
    by_harm: bool = False,
    floor: Floor = FLOOR,
) -> tuple[Hotspot, ...]:
    """Rank hot spots by the incidents expected in them, with what is known of each.

    By harm, what is to be expected is multiplied by the average harm of the incidents recorded there. Counts are of
    the incidents inside the outline, so anyone can count them again on a map.

    Args:
        incidents: The incidents analysed, with `ward_code`, `location`, `location_kind` and `location_precision`, in
            metres.
        outlines: `outline_clusters(...)`.
        evidence: `weigh_evidence(...)` of the same outlines.
        hours: `weigh_hours(incidents)`.
        residents: `estimate_residents(outlines, wards)`.
        harm: Of each incident, on the index of the incidents.
        by_harm: Whether the order is by harm.
        floor: How many incidents a text or kind, and what all leave of the hot spot, must have to be listed.

    Raises:
        DataError: The incidents lack a column or are not in a projected CRS in metres.
        ParameterError: There is not one piece of evidence for each outline.
    """
    require_columns(incidents, ("ward_code", "location", "location_kind"), table="incidents")
    if len(outlines) != len(evidence):
        raise ParameterError(
            f"Each outline needs its evidence; there are {len(outlines)} outlines and evidence for {len(evidence)}. "
            "Call weigh_evidence on the same outlines."
        )
    inside = assign_outlines(incidents, outlines)
    rows = np.flatnonzero(inside >= 0)
    rows = rows[np.argsort(inside[rows], kind="stable")]
    members = np.split(rows, np.searchsorted(inside[rows], np.arange(1, len(outlines)))) if len(outlines) else []
    place_names, all_kinds = find_place_names(incidents), incidents["location_kind"]
    # what stands on one place only may be no kind but its address
    shared_kinds = all_kinds.where(all_kinds.isin(find_several(incidents, all_kinds)))
    wards, locations, kinds = (
        _count_by_group(column.iloc[rows], inside[rows], len(outlines))
        for column in (incidents["ward_code"], place_names.listed, shared_kinds)
    )
    is_timed = np.asarray(hours.sum(axis=1)).ravel() > 0
    listed = [
        _list_parts(
            [(place_names.listed.iloc[one], locations[index]), (shared_kinds.iloc[one], kinds[index])],
            is_timed[one],
            floor,
        )
        for index, one in enumerate(members)
    ]
    groups = pd.Series(pd.array(inside, dtype="Int64"), index=incidents.index).mask(inside < 0)
    profiles = profile_groups(incidents, groups, hours=hours)
    no_profile = profile_week(incidents.iloc[:0])
    bounds = shapely.bounds(np.array(outlines, dtype=object)).reshape(-1, 4).round()
    areas = shapely.area(np.array(outlines, dtype=object)).round()
    expected = np.array([round(one.expected, 6) for one in evidence])
    n_inside = np.array([len(part) for part in members])
    n_places = _count_places(collapse_points(incidents).inverse[rows], inside[rows], len(outlines))
    harms = np.full(len(outlines), np.nan)
    if harm is not None:
        harms = np.bincount(inside[rows], harm.to_numpy()[rows], len(outlines))
    if by_harm:
        expected = expected * harms / np.maximum(n_inside, 1)
    # then the smaller area, then from south to north and west to east: no tie is left to chance
    order = np.lexsort((bounds[:, 0], bounds[:, 1], areas, -n_inside, -expected))
    return tuple(
        Hotspot(
            rank=rank,
            outline=outlines[index],
            members=members[index],
            n_incidents=len(members[index]),
            n_places=int(n_places[index]),
            share=len(members[index]) / len(incidents),
            area_km2=float(shapely.area(outlines[index])) / 1e6,
            wards=tuple(code for code, _ in wards[index]),
            names=place_names.choose(locations[index], len(members[index])),
            locations=listed[index][0],
            location_kinds=listed[index][1],
            n_timed=listed[index][2],
            profile=profiles.get(str(index), no_profile),
            evidence=evidence[index],
            harm=None if harm is None else float(harms[index]),
            residents=None if residents is None or np.isnan(residents[index]) else float(residents[index]),
        )
        for rank, index in enumerate(order, start=1)
    )


def _count_by_group(
    values: pd.Series, group: npt.NDArray[np.int64], n_groups: int
) -> list[tuple[tuple[str, int], ...]]:
    """The values of each group with their counts, most first, equal counts in alphabetical order."""
    code, texts = pd.factorize(values)
    known = code >= 0
    pairs, counts = np.unique(group[known] * max(len(texts), 1) + code[known], return_counts=True)
    counted: list[list[tuple[str, int]]] = [[] for _ in range(n_groups)]
    for pair, n in zip(pairs.tolist(), counts.tolist(), strict=True):
        counted[pair // len(texts)].append((str(texts[pair % len(texts)]), n))
    return [tuple(sorted(one, key=lambda item: (-item[1], item[0]))) for one in counted]


def _count_places(place: npt.NDArray[np.intp], group: npt.NDArray[np.int64], n_groups: int) -> npt.NDArray[np.int64]:
    """Int (n_groups,): distinct places of each group."""
    n_all = place.max(initial=0) + 1
    return np.bincount(np.unique(group * n_all + place) // n_all, minlength=n_groups)


def _list_parts(
    columns: Sequence[tuple[pd.Series, tuple[tuple[str, int], ...]]], is_timed: npt.NDArray[np.bool_], floor: Floor
) -> tuple[tuple[tuple[str, int], ...], tuple[tuple[str, int], ...], int | None]:
    """Of the incidents of a hot spot, the texts of both columns and the number with a clock time that may be told."""
    common = [keep_common(counted, floor) for _, counted in columns]
    parts = [
        of_text for (texts, _), counted in zip(columns, common, strict=True) for of_text in mark_texts(texts, counted)
    ]
    told = keep_parts_told([*parts, is_timed], floor=floor)
    first = len(common[0])
    locations, kinds = (
        tuple(itertools.compress(counted, flags))
        for counted, flags in zip(common, (told[:first], told[first:-1]), strict=True)
    )
    return locations, kinds, int(is_timed.sum()) if told[-1] else None


def keep_common(counted: Sequence[tuple[str, Count]], floor: Floor) -> tuple[tuple[str, Count], ...]:
    """At most three texts that have enough incidents for their count to be shown, in their order."""
    return tuple((text, n) for text, n in counted if floor.is_met(n, floor.min_places))[:_N_TOP]


def mark_texts(texts: pd.Series, counted: Sequence[tuple[str, Count]]) -> list[npt.NDArray[np.bool_]]:
    """Bool (n_incidents,) for each of the texts counted: which incidents have it."""
    return [(texts == text).to_numpy(dtype=bool) for text, _ in counted]


def count_wards(incidents: gpd.GeoDataFrame, wards: gpd.GeoDataFrame) -> pd.DataFrame:
    """Incidents by ward, every ward included, most first.

    Returns:
        Index `ward_code`; `ward_name`, `borough`, `n_incidents`, `area_km2`, `density_per_km2`, `rank` (equal
        counts share the better rank).
    """
    n_incidents = incidents["ward_code"].astype("object").value_counts().reindex(wards.index, fill_value=0)
    table = pd.DataFrame(
        {
            "ward_name": wards["ward_name"],
            "borough": wards["borough"],
            "n_incidents": n_incidents.astype(np.int64),
            "area_km2": wards.geometry.area / 1e6,
        }
    )
    table["density_per_km2"] = table["n_incidents"] / table["area_km2"]
    table["rank"] = table["n_incidents"].rank(method="min", ascending=False).astype(np.int64)
    return table.sort_values(["rank", "ward_name"], kind="stable")

"""What places may be called: streets and public places that several incidents share, not the house of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from hotspots.geography import collapse_points
from hotspots.ingest.texts import is_public_place, is_street

_LEAST_SHARE = 0.25
_HALF = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceNames:
    """The location texts of incidents that may be shown.

    Attributes:
        listed: The text of each incident if it may stand in a list with its count, else missing; objects on the index
            of the incidents. It is a street or a public place, or more than one place has it.
        shared: Those that a hot spot can be called by: more than one place has them, or they are of a public place.
    """

    listed: pd.Series
    shared: frozenset[str]

    def choose(self, counted: Sequence[tuple[str, float]], n_incidents: float) -> tuple[str, ...]:
        """What to call a place: the text that at least a quarter of its incidents have, or the two that do.

        One alone if it has half of them; none if no text has a quarter, since it would name the place by a few.

        Args:
            counted: Texts with their incidents there, most first.
            n_incidents: All its incidents.
        """
        least = _LEAST_SHARE * n_incidents
        names = [(text, n) for text, n in counted if text in self.shared and n >= least][:2]
        return tuple(text for text, _ in (names[:1] if names and names[0][1] >= _HALF * n_incidents else names))


def find_place_names(incidents: gpd.GeoDataFrame) -> PlaceNames:
    """Which location texts may be shown, and which of them name a place.

    Texts that differ in capitals only, or in "On or near", are one, in the most common spelling. A point to which a
    source has moved incidents is more than one place. So is that of a postcode, but only for a street: another text
    there may still be the name of one house.

    Args:
        incidents: With `location` and `location_precision`.

    Raises:
        DataError: The incidents are not in a projected CRS in metres.
    """
    code, texts = pd.factorize(incidents["location"].astype("object"))
    spellings = pd.DataFrame({"text": texts, "n": np.bincount(code[code >= 0], minlength=len(texts))}, dtype="object")
    spellings["key"] = [str(text).casefold().removeprefix("on or near ") for text in texts]
    usual = spellings.sort_values(["n", "text"], ascending=[False, True]).drop_duplicates("key")
    text_of = dict(zip(usual["key"], usual["text"], strict=True))
    key = pd.Series(np.append(spellings["key"].to_numpy(dtype=object), [None])[code], incidents.index, dtype="object")
    several = find_several(incidents, key)
    at_postcodes = set(key[(incidents["location_precision"] == "postcode").to_numpy()])
    shared = {
        one for one in text_of if one in several or is_public_place(one) or (one in at_postcodes and is_street(one))
    }
    shown = {one: text for one, text in text_of.items() if one in shared or is_street(one)}
    return PlaceNames(
        listed=key.map(shown).astype("object"),
        shared=frozenset(str(text_of[one]) for one in shared),
    )


def find_several(incidents: gpd.GeoDataFrame, texts: pd.Series) -> frozenset[str]:
    """The texts that more than one place has; a point to which a source has moved incidents is more than one.

    Args:
        incidents: With `location_precision`.
        texts: Of each incident; may be missing.
    """
    code, found = pd.factorize(texts)
    place = collapse_points(incidents).inverse
    is_moved = (incidents["location_precision"] == "anonymised").to_numpy(dtype=bool)
    # one number for each text at each of its places
    n_most = max(len(place), 1)
    text = np.unique(code[code >= 0].astype(np.int64) * n_most + place[code >= 0]) // n_most
    n_places = np.bincount(text, minlength=len(found))
    n_moved = np.bincount(code[is_moved & (code >= 0)], minlength=len(found))
    return frozenset(map(str, found[(n_places > 1) | (n_moved > 0)]))


def tell_apart(
    names: Sequence[str], points: npt.NDArray[np.float64], *, wards: Sequence[str | None]
) -> tuple[str, ...]:
    """The names of places, each so that no other is called the same.

    Places of one name in several wards have their ward behind it: "Old Kent Road (Livesey)". Those of one name in one
    ward lie along a street, and have the part of it that they are: "Rye Lane (north part)".

    Args:
        names: Of each place.
        points: Float (n_places, 2): a point in each, in metres, easting first; no two are the same.
        wards: Name of the ward that holds most of each, None where it is in none.
    """
    table = pd.DataFrame({"name": names, "ward": wards}, dtype="object")
    is_alike = table["name"].duplicated(keep=False)
    is_apart = is_alike & (table.groupby("name")["ward"].transform("nunique", dropna=False) > 1) & table["ward"].notna()
    said = table["ward"].where(is_apart, "")
    for places in table[is_alike].groupby(["name", said[is_alike]]).groups.values():
        for place, part in zip(places, _name_parts(points[places]), strict=True):
            said[place] = ", ".join(filter(None, (said[place], part)))
    return tuple(f"{name} ({text})" if text else str(name) for name, text in zip(names, said, strict=True))


def _name_parts(points: npt.NDArray[np.float64]) -> list[str]:
    """Which part of all of them each point is, from north to south or west to east, as they lie further apart."""
    if len(points) == 1:
        return [""]
    is_across = np.ptp(points[:, 0]) > np.ptp(points[:, 1])
    first, last = ("west", "east") if is_across else ("north", "south")
    along = np.lexsort((points[:, 1], points[:, 0]) if is_across else (points[:, 0], -points[:, 1]))
    place = np.argsort(along, kind="stable")
    if len(points) > 3:
        return [f"part {at} of {len(points)} from the {first}" for at in (place + 1).tolist()]
    parts = [first, *["middle"] * (len(points) - 2), last]
    return [f"{parts[at]} part" for at in place.tolist()]

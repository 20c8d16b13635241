"""The streets that a map lies on, and the stretches of them in places to patrol, in few letters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import shapely

from hotspots.analysis.network import StreetNetwork
from hotspots.products.drawing.map_shapes import to_degrees

Lines = npt.NDArray[np.object_]

_MAIN = ("motorway", "trunk", "primary", "a road", "a road primary")
_CONNECTING = ("secondary", "tertiary", "b road", "minor road")
_PATHS = ("footway", "path", "steps", "cycleway", "track", "bridleway", "corridor")
STREET_RANKS: Final = ("main", "connecting", "local", "path")
"""Of streets on the map: the first is drawn widest, and is there from the farthest view on."""

_MARGIN_M = 300.0
"""Streets are drawn as far beyond the study area: a ward does not end in nothing."""
_SIMPLE_M = 3.0
_MOST_VERTICES = 90_000
"""About 400 kB; of an area with more the lowest ranks are left out."""
_DEGREES: Final = 1e5
"""Coordinates are whole hundred thousandths of a degree, about a metre."""


def draw_streets(network: StreetNetwork, study_area: shapely.Geometry, crs: pyproj.CRS) -> dict[str, Any]:
    """Streets of an area by rank.

    Args:
        network: The streets.
        study_area: Those further than 300 m from it are left out.
        crs: Of both.

    Returns:
        `names`, each once, and for each of `STREET_RANKS` a list of [position in `names` or -1, line], as
        `encode_lines` writes lines. Streets of one name that follow each other are one line.
    """
    lines = network.segments.geometry.to_numpy()
    around = shapely.buffer(study_area, _MARGIN_M)
    shapely.prepare(around)
    near = np.flatnonzero(shapely.intersects(around, lines))
    rank = _rank_streets(network.segments["kind"].iloc[near])
    code, names = pd.factorize(network.segments["name"].iloc[near])
    group, of_group = np.unique(rank * (len(names) + 1) + code + 1, return_inverse=True)
    order = np.argsort(of_group, kind="stable")
    merged = shapely.line_merge(shapely.multilinestrings(lines[near][order], indices=of_group[order]))
    parts, at = shapely.get_parts(merged, return_index=True)
    simple = shapely.simplify(parts, _SIMPLE_M)
    part_rank, part_name = (group[at] // (len(names) + 1)), group[at] % (len(names) + 1) - 1
    n_by_rank = np.bincount(part_rank, weights=shapely.get_num_coordinates(simple), minlength=len(STREET_RANKS))
    fits = np.cumsum(n_by_rank) <= _MOST_VERTICES
    fits[0] = True
    kept = fits[part_rank]
    encoded = encode_lines(np.array(to_degrees(list(simple[kept]), crs), dtype=object))
    drawn: dict[str, Any] = {"names": [str(name) for name in names], **{name: [] for name in STREET_RANKS}}
    for of_rank, of_name, line in zip(part_rank[kept], part_name[kept], encoded, strict=True):
        drawn[STREET_RANKS[of_rank]].append([int(of_name), line])
    return drawn


def draw_stretches(network: StreetNetwork, outlines: Sequence[shapely.Geometry], crs: pyproj.CRS) -> list[list[str]]:
    """The stretches of street in each place, as `encode_lines` writes them; paths are not among them."""
    is_street = _rank_streets(network.segments["kind"]) < STREET_RANKS.index("path")
    lines = network.segments.geometry.to_numpy()[is_street]
    place, line = shapely.STRtree(lines).query(np.array(outlines, dtype=object), predicate="intersects")
    inside = shapely.intersection(lines[line], np.array(outlines, dtype=object)[place])
    stretches: list[list[str]] = []
    for number in range(len(outlines)):
        joined = shapely.line_merge(shapely.union_all(inside[place == number]))
        parts = [part for part in shapely.get_parts(joined) if part.geom_type == "LineString" and part.length > 1]
        stretches.append(encode_lines(np.array(to_degrees(parts, crs), dtype=object)) if parts else [])
    return stretches


def encode_lines(lines: Lines) -> list[str]:
    """Lines in degrees as texts: differences of whole numbers, five bits a letter.

    Each vertex is latitude and longitude in hundred thousandths of a degree, less that of the vertex before; signs are
    the lowest bit. Letters are of ASCII from 63 on, with 32 more where the number goes on.

    Args:
        lines: LineStrings (n_lines,), longitude and latitude.

    Source: Google, "Encoded polyline algorithm format",
    https://developers.google.com/maps/documentation/utilities/polylinealgorithm.
    """
    coordinates, line = shapely.get_coordinates(lines, return_index=True)
    whole = np.rint(coordinates[:, ::-1] * _DEGREES).astype(np.int64)
    steps = np.diff(whole, axis=0, prepend=np.zeros((1, 2), dtype=np.int64))
    is_first = np.ones(len(line), dtype=bool)
    is_first[1:] = line[1:] != line[:-1]
    steps[is_first] = whole[is_first]
    numbers = ((steps << 1) ^ (steps >> 63)).ravel()
    n_letters = 1
    while (numbers >> (5 * n_letters)).any():
        n_letters += 1
    shifted = numbers[:, None] >> (5 * np.arange(n_letters + 1))
    is_used = shifted > 0
    is_used[:, 0] = True
    letters = (shifted[:, :-1] & 31) + np.where(shifted[:, 1:] > 0, 32, 0) + 63
    text = letters[is_used[:, :-1]].astype(np.uint8).tobytes().decode("ascii")
    per_line = np.bincount(np.repeat(line, 2), weights=is_used[:, :-1].sum(axis=1), minlength=len(lines))
    ends = np.cumsum(per_line).astype(int)
    begins = ends - per_line.astype(int)
    return [text[begin:end] for begin, end in zip(begins.tolist(), ends.tolist(), strict=True)]


def _rank_streets(kinds: pd.Series) -> npt.NDArray[np.int64]:
    """Position in `STREET_RANKS` of each kind of street, as OpenStreetMap or OS Open Roads word it."""
    words = kinds.astype("object").where(kinds.notna(), "").str.casefold().str.replace("_link", "", regex=False)
    return np.select(
        [words.isin(_MAIN), words.isin(_CONNECTING), words.isin(_PATHS)],
        [STREET_RANKS.index(rank) for rank in ("main", "connecting", "path")],
        default=STREET_RANKS.index("local"),
    ).astype(np.int64)

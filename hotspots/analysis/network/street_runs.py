"""Runs of busy streets: neighbouring segments of one street, named by the streets at their ends."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree
from scipy.spatial.distance import pdist, squareform

from hotspots.analysis.network.hot_streets import StreetCounts, estimate_street_rates, find_busiest
from hotspots.analysis.network.street_network import StreetNetwork
from hotspots.errors import ParameterError
from hotspots.geography import FLOOR, Floor

Flags = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]

HOT_SHARE: Final = 0.05
INCIDENT_SHARE: Final = 0.5
"""Runs are made of the busiest streets that hold half of the incidents, and of no more of the length than this."""

_BRIDGE_M: Final = 40.0
"""A quiet piece of the same street, so short, between two hot ones belongs to their run: a crossing, mostly."""

_NEAR_END_M: Final = (40.0, 120.0)
"""How far from an end a street may pass that it is called by, if none meets it there."""

_KIND_WORDS: Final = {
    "footway": "footpath",
    "path": "path",
    "pedestrian": "pedestrian street",
    "steps": "steps",
    "cycleway": "cycle track",
    "service": "service road",
    "track": "track",
    "living_street": "street",
    "residential": "street",
    "restricted local access road": "access road",
    "local access road": "access road",
    "secondary access road": "access road",
}
"""What a street without a name is called, by its kind; any other is a road."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreetRun:
    """Neighbouring busy segments of one street.

    Attributes:
        rank: 1 has most incidents.
        name: What to call it: "Rye Lane from Choumert Road to Hanover Park".
        street: Name of the street; None where it has none.
        kind: The source's word for its class; None where it has none.
        n_incidents: On it.
        n_places: Places they lie on, as the floor counts them.
        n_segments: Segments between junctions that it is made of.
        length_m: Of all of them.
        segments: Their numbers in the network, ascending.
        line: Where it is, metres.
    """

    rank: int
    name: str
    street: str | None
    kind: str | None
    n_incidents: int
    n_places: float
    n_segments: int
    length_m: float
    segments: tuple[int, ...]
    line: shapely.MultiLineString

    @property
    def n_per_km(self) -> float:
        """Incidents per kilometre of it."""
        return self.n_incidents / self.length_m * 1000


def find_street_runs(
    counts: StreetCounts,
    network: StreetNetwork,
    *,
    hot_share: float = HOT_SHARE,
    incident_share: float = INCIDENT_SHARE,
    floor: Floor = FLOOR,
    n_most: int = 20,
) -> tuple[StreetRun, ...]:
    """Find runs of busy streets.

    Hot are the segments with the highest rates (`estimate_street_rates`) that together hold a share of the incidents,
    or make up a share of the length if that comes first. Those of one name that meet at a junction are one run; of
    streets without a name, those of one kind. A quiet piece of at most 40 m of the same street between two hot ones
    belongs to it. A run is called by its street and by the streets at its two ends that lie furthest apart.

    Args:
        counts: Of the incidents.
        network: The streets that they were counted on.
        hot_share: Of the length, above 0, at most 1.
        incident_share: Of the incidents, above 0, at most 1.
        floor: What a run must rest on to be listed.
        n_most: The most runs to list, 1 or more.

    Returns:
        Runs by incidents, the most first; of equal ones the shorter first.

    Raises:
        ParameterError: A number is out of range.
        TooLittleDataError: No incident is on a street.
    """
    if not 0 < incident_share <= 1:
        raise ParameterError(
            f"A share of the incidents must be above 0 and at most 1; `incident_share` is {incident_share:g}. "
            "0.5 is half."
        )
    if n_most < 1:
        raise ParameterError(f"At least one run is listed; `n_most` is {n_most}. Give 1 or more, such as 20.")
    segments = network.segments
    inside = np.flatnonzero(counts.is_inside)
    length = segments["length_m"].to_numpy()
    rate = estimate_street_rates(counts.n_incidents[inside], length[inside])
    order = inside[np.argsort(-rate, kind="stable")]
    before = np.cumsum(counts.n_incidents[order]) - counts.n_incidents[order]
    is_hot = np.zeros(len(segments), dtype=bool)
    is_hot[inside[find_busiest(rate, length[inside], length_share=hot_share)]] = True
    is_hot[order[before >= incident_share * counts.n_on_streets]] = False
    is_hot &= counts.n_incidents > 0
    labels = pd.Series(segments["name"].astype("object").where(segments["name"].notna(), None))
    kinds = segments["kind"].astype("object").where(segments["kind"].notna(), None)
    street = pd.factorize(labels.where(labels.notna(), "\x1f" + kinds.astype(str)))[0].astype(np.int64)
    is_in_run = is_hot | (_find_bridges(network, street, is_hot) & counts.is_inside)
    run_of = _connect(network, street, is_in_run)
    found = []
    for members in _split(run_of):
        n_incidents, n_places = int(counts.n_incidents[members].sum()), float(counts.n_places[members].sum())
        if not floor.is_met(n_incidents, n_places):
            continue
        found.append((-n_incidents, float(length[members].sum()), members, n_places))
    found.sort(key=lambda run: (run[0], run[1], int(run[2][0])))
    names = _Names(network)
    return tuple(
        StreetRun(
            rank=rank,
            name=names.say(members),
            street=labels.iloc[members[0]],
            kind=kinds.iloc[members[0]],
            n_incidents=-n_less,
            n_places=n_places,
            n_segments=len(members),
            length_m=run_length_m,
            segments=tuple(members.tolist()),
            line=_draw(segments.geometry.to_numpy()[members]),
        )
        for rank, (n_less, run_length_m, members, n_places) in enumerate(found[:n_most], start=1)
    )


def _find_bridges(network: StreetNetwork, street: Integers, is_hot: Flags) -> Flags:
    """Short quiet segments with a hot one of the same street at both ends."""
    first, last = (network.segments[end].to_numpy() for end in ("first_node", "last_node"))
    hot_ends = {
        *zip(first[is_hot].tolist(), street[is_hot].tolist(), strict=True),
        *zip(last[is_hot].tolist(), street[is_hot].tolist(), strict=True),
    }
    is_bridge = np.zeros(len(street), dtype=bool)
    for one in np.flatnonzero(~is_hot & (network.segments["length_m"].to_numpy() <= _BRIDGE_M)).tolist():
        is_bridge[one] = (int(first[one]), int(street[one])) in hot_ends and (
            int(last[one]),
            int(street[one]),
        ) in hot_ends
    return is_bridge


def _connect(network: StreetNetwork, street: Integers, is_in_run: Flags) -> Integers:
    """The run of each segment, int (n_segments,), -1 for those in none: they share a street and a junction."""
    chosen = np.flatnonzero(is_in_run)
    run_of = np.full(len(street), -1, dtype=np.int64)
    if not len(chosen):
        return run_of
    ends = np.concatenate([network.segments[end].to_numpy()[chosen] for end in ("first_node", "last_node")])
    keys = pd.MultiIndex.from_arrays([ends, np.tile(street[chosen], 2)])
    meeting = pd.factorize(keys)[0]
    n, n_meetings = len(chosen), int(meeting.max()) + 1
    joined = coo_array(
        (np.ones(2 * n), (np.tile(np.arange(n), 2), n + meeting)), shape=(n + n_meetings, n + n_meetings)
    )
    run_of[chosen] = connected_components(joined, directed=False)[1][:n]
    return run_of


def _split(run_of: Integers) -> list[Integers]:
    """The segments of each run, ascending."""
    chosen = np.flatnonzero(run_of >= 0)
    order = chosen[np.argsort(run_of[chosen], kind="stable")]
    where = np.flatnonzero(np.diff(run_of[order])) + 1
    return [part.astype(np.int64) for part in np.split(order, where)] if len(order) else []


def _draw(lines: npt.NDArray[np.object_]) -> shapely.MultiLineString:
    merged = shapely.line_merge(shapely.MultiLineString(list(lines)))
    return merged if merged.geom_type == "MultiLineString" else shapely.MultiLineString([merged])


class _Names:
    """What runs are called."""

    def __init__(self, network: StreetNetwork) -> None:
        segments = network.segments
        self._nodes, self._tree = network.nodes, cKDTree(network.nodes)
        self._first, self._last = segments["first_node"].to_numpy(), segments["last_node"].to_numpy()
        self._name = segments["name"].astype("object").where(segments["name"].notna(), None).to_numpy(dtype=object)
        self._kind = segments["kind"].astype("object").where(segments["kind"].notna(), "").to_numpy(dtype=object)
        self._length = segments["length_m"].to_numpy()
        both = np.concatenate([self._first, self._last])
        self._order = np.argsort(both, kind="stable")
        self._starts = np.searchsorted(both[self._order], np.arange(len(self._nodes) + 1))

    def say(self, members: Integers) -> str:
        """What to call a run, from its street and those at its ends."""
        own = self._name[members[0]]
        kind = _KIND_WORDS.get(str(self._kind[members[0]]).casefold(), "road")
        known: list[str] = []
        for node in self._find_ends(members):
            name = self._name_end(node, {own, *known})
            known += [name] if name else []
        called = own or f"{kind[0].upper()}{kind[1:]}"
        if not known:
            return called if own else f"{called} without a name"
        return f"{called} by {known[0]}" if len(known) == 1 else f"{called} from {known[0]} to {known[1]}"

    def _find_ends(self, members: Integers) -> Sequence[int]:
        """The two nodes of a run that lie furthest apart, the northernmost or westernmost first."""
        nodes = np.unique(np.concatenate([self._first[members], self._last[members]]))
        if len(nodes) == 1:
            return [int(nodes[0])]
        apart = squareform(pdist(self._nodes[nodes]))
        one, other = np.unravel_index(int(apart.argmax()), apart.shape)
        pair = [int(nodes[one]), int(nodes[other])]
        (east, north), (other_east, other_north) = self._nodes[pair].tolist()
        is_upright = abs(north - other_north) >= abs(east - other_east)
        is_turned = other_north > north if is_upright else other_east < east
        return pair[::-1] if is_turned else pair

    def _name_end(self, node: int, besides: Set[str | None]) -> str | None:
        """Another street at a node, or near it: that with most metres there, of equal ones the first by name."""
        for reach_m in (0.0, *_NEAR_END_M):
            near = (
                [node] if not reach_m else self._tree.query_ball_point(self._nodes[node], reach_m, return_sorted=True)
            )
            metres = self._measure_others(near, besides)
            if metres:
                return min(metres, key=lambda name: (-metres[name], name))
        return None

    def _measure_others(self, nodes: Sequence[int], besides: Set[str | None]) -> dict[str, float]:
        """Metres of the other streets at some nodes, by name."""
        metres: dict[str, float] = {}
        for one in nodes:
            for name, length in self._list_others(int(one), besides):
                metres[name] = metres.get(name, 0.0) + length
        return metres

    def _list_others(self, node: int, besides: Set[str | None]) -> list[tuple[str, float]]:
        at = self._order[self._starts[node] : self._starts[node + 1]] % len(self._first)
        return [(self._name[one], float(self._length[one])) for one in at if self._name[one] not in {None, *besides}]

"""A network of streets: segments between junctions, and the graph that people walk along."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array


@dataclass(frozen=True, slots=True, kw_only=True)
class StreetNetwork:
    """Streets cut at their junctions.

    Attributes:
        segments: Index `segment_id` (0, 1 ...); `name` (nullable), `kind` (nullable), `length_m`, `first_node`,
            `last_node` (positions in `nodes`), `geometry` (LineString from the one to the other), metres.
        nodes: float (n_nodes, 2), easting and northing of junctions and ends.
        graph: csr (n_nodes, n_nodes), symmetric: metres of the shortest segment between two nodes.
        island: int (n_nodes,), the connected part that a node is in; 0 is the longest.
    """

    segments: gpd.GeoDataFrame
    nodes: npt.NDArray[np.float64]
    graph: csr_array
    island: npt.NDArray[np.int64]


def build_network(ways: gpd.GeoDataFrame) -> StreetNetwork:
    """Cut ways at their junctions and make the graph.

    Args:
        ways: The streets table of `hotspots.contracts`, metres.
    """
    raise NotImplementedError

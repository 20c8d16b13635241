"""Whether a hot spot would appear again if chance had placed the incidents a little differently."""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from scipy import sparse
from scipy.spatial import cKDTree

from hotspots.analysis.hotspots.clusters import Clusters
from hotspots.analysis.hotspots.crowded_places import bring_together
from hotspots.contracts import require_metres
from hotspots.errors import ParameterError
from hotspots.geography import collapse_points, find_polygon


def measure_stability(
    incidents: gpd.GeoDataFrame,
    outlines: Sequence[shapely.Geometry],
    clusters: Clusters,
    *,
    n_resamples: int = 100,
    seed: int = 1,
) -> npt.NDArray[np.float64]:
    """The share of resamples in which each hot spot is found again.

    Each resample draws the incidents of every place anew from a Poisson distribution around their number (the Poisson
    bootstrap, which is drawing incidents with replacement) and marks the places that are dense again: core points and
    what they reach, as in DBSCAN with the same `eps_m` and `min_samples`. A hot spot is found again where at least
    half of the incidents drawn inside its outline lie on such places.

    Near 1 the hot spot does not hang on a few incidents; near one half it stands at the limit of what was called dense
    and the next period may lose it by chance alone. Resampling knows nothing of real change, and treats incidents as
    independent; where they come in series, the truth is less stable than this.

    Args:
        incidents: The incidents that the clusters were made from, in metres.
        outlines: `outline_clusters(...)`.
        clusters: Whose `eps_m` and `min_samples` say what is dense.
        n_resamples: How many.
        seed: Of the generator.

    Returns:
        float (n_outlines,), 0-1.

    Raises:
        DataError: The incidents are not in a projected CRS in metres.
        ParameterError: `n_resamples` is below 1.

    Source: Hennig, C. (2007), "Cluster-wise assessment of cluster stability", Computational Statistics & Data Analysis
    52(1), doi:10.1016/j.csda.2006.11.025 (recovery at one half); Poisson bootstrap: Hanley, J. A. and MacGibbon, B.
    (2006), "Creating non-parametric bootstrap samples using Poisson frequencies", Computer Methods and Programs in
    Biomedicine 83(1), doi:10.1016/j.cmpb.2006.04.006.
    """
    require_metres(incidents, table="incidents")
    if n_resamples < 1:
        raise ParameterError(f"Stability needs at least 1 resample, not {n_resamples}. 100 is usual.")
    if not outlines:
        return np.zeros(0)
    places = collapse_points(bring_together(incidents)[0])
    home = find_polygon(places, np.array(outlines, dtype=object))
    # Only places that may change the fate of one inside matter: itself, what may reach it, and what makes that dense.
    tree = cKDTree(places.coordinates)
    near = np.flatnonzero(home >= 0)
    for _ in range(2):
        reached = tree.query_ball_point(places.coordinates[near], clusters.eps_m)
        near = np.unique(np.concatenate([near, *map(np.asarray, reached)]).astype(np.intp))
    coordinates, home, counts = places.coordinates[near], home[near], places.n_incidents[near]
    local = cKDTree(coordinates)
    pairs = local.query_pairs(clusters.eps_m, output_type="ndarray")
    both = np.concatenate([pairs, pairs[:, ::-1], np.repeat(np.arange(len(near)), 2).reshape(-1, 2)])
    within = sparse.csr_array((np.ones(len(both), dtype=np.int32), (both[:, 0], both[:, 1])), shape=(len(near),) * 2)

    drawn = np.random.default_rng(seed).poisson(counts, size=(n_resamples, len(near))).T
    # a place that draws nothing is not there to be a core point
    is_core = ((np.asarray(within @ drawn) >= clusters.min_samples) & (drawn > 0)).astype(np.int32)
    is_dense = np.asarray(within @ is_core) > 0
    inside = home >= 0
    of_outline = sparse.csr_array(
        (np.ones(int(inside.sum())), (home[inside], np.flatnonzero(inside))), shape=(len(outlines), len(near))
    )
    in_all, in_dense = of_outline @ drawn, of_outline @ (drawn * is_dense)
    found_again: npt.NDArray[np.float64] = ((in_dense * 2 >= in_all) & (in_all > 0)).mean(axis=1)
    return found_again

"""Stages on foot: what lies within reach, which street an incident is on, where havens do most, and who goes where.

Streets are a jittered grid. Incidents and havens lie at its junctions for walks, because other packages measure from
junction to junction: so every method has the same distances to find.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from benchmarks.contest import Array, Contestant, DisagreementError, Run
from benchmarks.data import Case

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

SIDE, SPACING_M, JITTER_M = 101, 80.0, 25.0
"""Junctions each way, metres between them, and how far each is moved: 20,200 pieces of street on 64 km2."""

N_INCIDENTS, N_HAVENS, N_CANDIDATES, N_NEW = 1_000_000, 500, 1_000, 20
N_PATROLS, N_PLACES, SHIFT_HOURS = 6, 40, 8
WALK_M, REACH_M, STREET_M = 800.0, 400.0, 75.0
_CRS = "EPSG:27700"


@cache
def make_junctions(seed: int) -> tuple[Floats, Integers]:
    """Junctions, float (n, 2), and the ends of each piece of street, int (m, 2)."""
    rng = np.random.default_rng([seed, 16])
    grid = np.stack(np.meshgrid(np.arange(SIDE), np.arange(SIDE), indexing="ij"), axis=-1).reshape(-1, 2)
    nodes = (530_000 + grid * SPACING_M + rng.uniform(-JITTER_M, JITTER_M, grid.shape)).round(3)
    ids = np.arange(SIDE * SIDE).reshape(SIDE, SIDE)
    across = np.column_stack([ids[:-1].ravel(), ids[1:].ravel()])
    up = np.column_stack([ids[:, :-1].ravel(), ids[:, 1:].ravel()])
    return nodes, np.vstack([across, up])


def make_ways(seed: int) -> gpd.GeoDataFrame:
    """The streets table, a way for each piece."""
    nodes, ends = make_junctions(seed)
    names = [f"Street {number}" for number in range(len(ends))]
    lines = shapely.linestrings(nodes[ends])
    return gpd.GeoDataFrame({"name": names, "kind": "residential"}, geometry=lines, crs=_CRS).rename_axis("way_id")


def _draw_junctions(case: Case, what: str, size: int) -> Integers:
    """Junctions, some of them far likelier than others."""
    rng = np.random.default_rng([case.seed, *what.encode()])
    chances = 1 / np.arange(1, SIDE * SIDE + 1) ** 0.7
    return rng.permutation(SIDE * SIDE)[rng.choice(SIDE * SIDE, size, p=chances / chances.sum())]


def _draw_sites(case: Case, what: str, size: int) -> Integers:
    return np.random.default_rng([case.seed, *what.encode()]).choice(SIDE * SIDE, size, replace=False)


def _draw_beside_streets(case: Case) -> gpd.GeoDataFrame:
    """Incidents beside the middle half of pieces of street, so that one street is nearest to each."""
    nodes, ends = make_junctions(case.seed)
    rng = np.random.default_rng([case.seed, 17])
    piece = rng.integers(0, len(ends), N_INCIDENTS // 20)
    one, other = nodes[ends[piece, 0]], nodes[ends[piece, 1]]
    places = one + (other - one) * rng.uniform(0.25, 0.75, (len(piece), 1)) + rng.uniform(-4, 4, (len(piece), 2))
    chosen = places[rng.integers(0, len(places), N_INCIDENTS)]
    return gpd.GeoDataFrame(geometry=gpd.points_from_xy(*chosen.T), crs=_CRS)


def compare_metres(ours: Array, theirs: Array) -> str:
    """Every nearest haven is as far, to a centimetre: pandana counts in millimetres by piece of street."""
    is_same = np.abs(ours - theirs) <= 0.01 if ours.shape == theirs.shape else np.zeros(1, dtype=bool)
    if not is_same.all():
        raise DisagreementError(f"{int((~is_same).sum()):,} of {len(ours):,} distances differ")
    return f"all {len(ours):,} within 1 cm"


def compare_covered(ours: Array, theirs: Array) -> str:
    """The same number of incidents is covered: other sites may be worth the same."""
    if ours != theirs:
        raise DisagreementError(f"{theirs:,.0f} incidents are covered instead of {ours:,.0f}")
    return f"{ours:,.0f} incidents covered by both"


def compare_streets(ours: Array, theirs: Array) -> str:
    """Each piece of street has as many incidents."""
    if not np.array_equal(ours, theirs):
        raise DisagreementError(f"{int((ours != theirs).sum()):,} of {len(ours):,} streets differ")
    return f"all {len(ours):,} streets equal"


# Within reach along streets: metres to the nearest haven for each incident, -1 where none is within reach


def _draw_walks(case: Case) -> tuple[gpd.GeoDataFrame, Floats, Floats]:
    """Streets, and where havens and incidents are, float (n, 2)."""
    nodes = make_junctions(case.seed)[0]
    havens, incidents = _draw_sites(case, "havens", N_HAVENS), _draw_junctions(case, "incidents", N_INCIDENTS)
    return make_ways(case.seed), nodes[havens], nodes[incidents]


def _find_near(case: Case) -> Run:
    from hotspots.analysis.network import build_network, find_near
    from hotspots.geography import collapse_coordinates

    ways, havens, incidents = _draw_walks(case)

    def run() -> Any:
        places = collapse_coordinates(*incidents.T)
        found = find_near(havens, places.coordinates, reach_m=WALK_M, network=build_network(ways))
        nearest = np.full(len(places.easting), np.inf)
        np.minimum.at(nearest, found.target, found.distance_m)
        return np.where(np.isfinite(nearest), nearest, -1.0)[places.inverse]

    return run


def _read_ends(ways: gpd.GeoDataFrame) -> tuple[Floats, Integers, Floats]:
    """Junctions, the two ends of each way, and its length: what packages that take no lines want."""
    ends = np.stack([shapely.get_coordinates(shapely.get_point(ways.geometry, at)) for at in (0, -1)], axis=1)
    junctions, number = np.unique(ends.reshape(-1, 2), axis=0, return_inverse=True)
    return junctions, number.reshape(-1, 2), ways.length.to_numpy()


def _networkx(case: Case) -> Run:
    import networkx as nx
    from scipy.spatial import cKDTree

    ways, havens, incidents = _draw_walks(case)

    def run() -> Any:
        junctions, ends, lengths = _read_ends(ways)
        graph = nx.Graph()
        graph.add_weighted_edges_from(zip(*ends.T.tolist(), lengths.tolist(), strict=True))
        tree = cKDTree(junctions)
        at, begins = (np.asarray(tree.query(places)[1]) for places in (incidents, havens))
        nearest = np.full(len(junctions), np.inf)
        for haven in begins.tolist():
            found = nx.single_source_dijkstra_path_length(graph, haven, cutoff=WALK_M)
            reached = np.fromiter(found, dtype=np.int64)
            nearest[reached] = np.minimum(nearest[reached], np.fromiter(found.values(), dtype=np.float64))
        return np.where(np.isfinite(nearest), nearest, -1.0)[at]

    return run


def _pandana(case: Case) -> Run:
    import pandana
    import pandas as pd

    ways, havens, incidents = _draw_walks(case)

    def run() -> Any:
        junctions, ends, lengths = _read_ends(ways)
        easting, northing = (pd.Series(axis) for axis in junctions.T)
        length = pd.DataFrame({"length": lengths})
        network = pandana.Network(easting, northing, pd.Series(ends[:, 0]), pd.Series(ends[:, 1]), length)
        network.set_pois("havens", WALK_M, 1, pd.Series(havens[:, 0]), pd.Series(havens[:, 1]))
        nearest = network.nearest_pois(WALK_M, "havens", num_pois=1, max_distance=-1)[1].to_numpy(dtype=np.float64)
        return nearest[network.get_node_ids(pd.Series(incidents[:, 0]), pd.Series(incidents[:, 1])).to_numpy()]

    return run


# Incidents by street


def _count_on_streets(case: Case) -> Run:
    from hotspots.analysis.network import build_network, count_on_streets

    ways, incidents = make_ways(case.seed), _draw_beside_streets(case)
    area = shapely.box(*ways.total_bounds)

    def run() -> Any:
        network = build_network(ways)
        return network.segments["name"], count_on_streets(incidents, network, study_area=area, limit_m=STREET_M)

    return run


def _list_counts(found: Any) -> Array:
    """Counts in the order of the ways."""
    names, counts = found
    order = np.argsort(names.str.removeprefix("Street ").astype(int), kind="stable")
    return np.asarray(counts.n_incidents[order])


def _hexseg_roads(case: Case) -> Run:
    import hexseg

    ways, incidents = make_ways(case.seed).reset_index(), _draw_beside_streets(case)
    return lambda: hexseg.count_crimes_by_nearest_road(incidents, ways, max_dist=STREET_M)["crime_count"]


# Twenty new sites


def _draw_siting(case: Case) -> tuple[Floats, Floats, Integers]:
    """Junctions and candidates, float (n, 2), and the incidents at each junction."""
    nodes = make_junctions(case.seed)[0]
    demand = np.bincount(_draw_junctions(case, "incidents", N_INCIDENTS), minlength=len(nodes))
    return nodes, nodes[_draw_sites(case, "candidates", N_CANDIDATES)], demand


def _choose_sites(case: Case) -> Run:
    from scipy.sparse import csr_array

    from hotspots.analysis.network import find_near
    from hotspots.analysis.safe_havens.siting import choose_sites

    nodes, candidates, demand = _draw_siting(case)

    def run() -> Any:
        near = find_near(candidates, nodes, reach_m=REACH_M)
        shape = (len(candidates), len(nodes))
        covers = csr_array((np.ones(len(near.origin)), (near.origin, near.target)), shape=shape)
        plan = choose_sites(covers, demand, n_sites=N_NEW)
        return np.array(plan.covered)

    return run


def _spopt(case: Case) -> Run:
    import pulp
    from scipy.spatial.distance import cdist
    from spopt.locate import MCLP

    nodes, candidates, demand = _draw_siting(case)

    def run() -> Any:
        metres = cdist(nodes, candidates)
        model = MCLP.from_cost_matrix(metres, demand, service_radius=REACH_M, p_facilities=N_NEW)
        model = model.solve(pulp.PULP_CBC_CMD(msg=False))
        chosen = [number for number, variable in enumerate(model.fac_vars) if variable.value() > 0.5]
        return np.array(float(demand[(metres[:, chosen] <= REACH_M).any(axis=1)].sum()))

    return run


# Coverage by the hour, and a plan for a shift: nothing else does these


def _measure_hour_coverage(case: Case) -> Run:
    import pandas as pd

    from hotspots.analysis.network import build_network
    from hotspots.analysis.safe_havens import measure_hour_coverage

    ways, nodes = make_ways(case.seed), make_junctions(case.seed)[0]
    rng = np.random.default_rng([case.seed, 18])
    began = np.datetime64("2025-01-01", "s") + rng.integers(0, 365 * 86400, N_INCIDENTS).astype("timedelta64[s]")
    lasted = np.where(rng.random(N_INCIDENTS) < 0.3, rng.integers(0, 6 * 3600, N_INCIDENTS), 0)
    incidents = gpd.GeoDataFrame(
        {
            "started_at": pd.Series(began),
            "ended_at": pd.Series(began + lasted.astype("timedelta64[s]")),
            "time_precision": "minute",
        },
        geometry=gpd.points_from_xy(*nodes[_draw_junctions(case, "incidents", N_INCIDENTS)].T),
        crs=_CRS,
    )
    hours = ("Mo-Fr 09:00-17:30; PH off", "Mo-Su 08:00-22:00", "24/7", "Mo-Sa 10:00-18:00", "Mo-Th 12:00-01:00", None)
    havens = gpd.GeoDataFrame(
        {"name": "", "kind": "shop", "opening_hours": [hours[number % len(hours)] for number in range(N_HAVENS)]},
        geometry=gpd.points_from_xy(*nodes[_draw_sites(case, "havens", N_HAVENS)].T),
        crs=_CRS,
    ).rename_axis("haven_id")

    def run() -> Any:
        return measure_hour_coverage(incidents, havens, reach_m=WALK_M, network=build_network(ways))

    return run


def _plan_patrols(case: Case) -> Run:
    from hotspots.analysis.network import WALKING_M_PER_MINUTE, build_network, measure_walks
    from hotspots.analysis.patrols import PatrolShift, plan_patrols

    ways, nodes = make_ways(case.seed), make_junctions(case.seed)[0]
    places = nodes[_draw_sites(case, "places", N_PLACES)]
    expected = np.random.default_rng([case.seed, 19]).gamma(2.0, 0.05, (N_PLACES, SHIFT_HOURS))

    def run() -> Any:
        seconds = measure_walks(places, places, network=build_network(ways)) / WALKING_M_PER_MINUTE * 60
        shift = PatrolShift(
            expected=expected,
            hour_edges_s=np.arange(SHIFT_HOURS + 1) * 3600,
            travel_s=np.ceil(seconds).astype(np.int64),
            from_start_s=np.zeros(N_PLACES, dtype=np.int64),
            to_end_s=np.zeros(N_PLACES, dtype=np.int64),
            n_patrols=N_PATROLS,
        )
        return plan_patrols(shift)

    return run


_HOURS, _PLAN = "coverage by the hour", "patrol plan"
_REACH, _STREETS, _SITES = "within reach along streets", "incidents by street", "twenty new sites"
ON_FOOT_STAGES = (_HOURS, _REACH, _STREETS, _SITES, _PLAN)
"""They have data of their own, whatever the size and the spread."""

ON_FOOT_CONTESTANTS = (
    Contestant(
        stage=_HOURS,
        name="hotspots measure_hour_coverage",
        imports=("hotspots.analysis",),
        prepare=_measure_hour_coverage,
        answer=lambda found: np.zeros(0),
    ),
    Contestant(
        stage=_PLAN,
        name="hotspots plan_patrols",
        imports=("hotspots.analysis", "pyvrp"),
        prepare=_plan_patrols,
        answer=lambda found: np.zeros(0),
    ),
    Contestant(
        stage=_REACH, name="hotspots build_network, find_near", imports=("hotspots.analysis",), prepare=_find_near
    ),
    Contestant(
        stage=_REACH,
        name="networkx Dijkstra, haven by haven",
        imports=("geopandas", "networkx"),
        prepare=_networkx,
        compare=compare_metres,
    ),
    Contestant(
        stage=_REACH,
        name="pandana nearest_pois",
        imports=("geopandas", "pandana"),
        prepare=_pandana,
        compare=compare_metres,
    ),
    Contestant(
        stage=_STREETS,
        name="hotspots build_network, count_on_streets",
        imports=("hotspots.analysis",),
        prepare=_count_on_streets,
        answer=_list_counts,
    ),
    Contestant(
        stage=_STREETS,
        name="hexseg count_crimes_by_nearest_road",
        imports=("geopandas", "hexseg"),
        prepare=_hexseg_roads,
        compare=compare_streets,
    ),
    Contestant(stage=_SITES, name="hotspots choose_sites", imports=("hotspots.analysis",), prepare=_choose_sites),
    Contestant(
        stage=_SITES,
        name="spopt MCLP, CBC",
        imports=("pulp", "spopt.locate"),
        prepare=_spopt,
        compare=compare_covered,
    ),
)

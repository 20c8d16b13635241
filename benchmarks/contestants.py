"""The methods measured, those of place and after them those of time, and when two answers count as the same.

Every run begins with what a user of Hotspots holds (a GeoDataFrame of incidents, a grid, counts of cells), so turning
that into what another package wants is part of its run. Options are those that serve the other package best.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import stats

from benchmarks import r_peers
from benchmarks.contest import N_PERMUTATIONS, Array, Contestant, DisagreementError, Run
from benchmarks.data import Case, Floats
from benchmarks.on_foot import ON_FOOT_CONTESTANTS
from benchmarks.times import TIME_CONTESTANTS

BANDWIDTH_M = 300.0
GAUSSIAN_BANDWIDTH_M = 100.0
EPS_M = 125.0
HEXAGON_M = 340.0
"""Between opposite sides: as large as those of H3 at its resolution 9."""


# What counts as agreement


def compare_equal(ours: Array, theirs: Array) -> str:
    """Every value is the same."""
    n = int((ours != theirs).sum()) if ours.shape == theirs.shape else -1
    if n:
        raise DisagreementError(f"{n:,} of {len(ours):,} answers differ" if n > 0 else "there are not as many answers")
    return f"all {len(ours):,} equal"


def compare_labels(ours: Array, theirs: Array) -> str:
    """The same groups, whatever their numbers, and the same noise (-1)."""
    pairs = np.unique(np.column_stack([ours, theirs]), axis=0)
    one_to_one = len(pairs) == len(np.unique(pairs[:, 0])) == len(np.unique(pairs[:, 1]))
    if not one_to_one or not np.array_equal(ours < 0, theirs < 0):
        raise DisagreementError("the groups are not the same")
    return f"same {int((pairs[:, 0] >= 0).sum()):,} groups and noise"


def compare_density(share_of_peak: float) -> Callable[[Array, Array], str]:
    """No cell differs by more than this share of the highest density."""

    def compare(ours: Array, theirs: Array) -> str:
        error = float(np.abs(ours - theirs).max() / ours.max())
        # a comparison that is also false of a missing density
        if not error <= share_of_peak:
            raise DisagreementError(f"densities differ by {error:.2g} of the peak; {share_of_peak:g} is allowed")
        return f"within {error:.1g} of the peak ({share_of_peak:g} allowed)"

    return compare


def compare_z(ours: Array, theirs: Array) -> str:
    """Gi* is the same within 1e-9."""
    error = float(np.abs(ours[0] - theirs).max())
    if not error <= 1e-9:
        raise DisagreementError(f"z differs by {error:.2g}; 1e-9 is allowed")
    return f"z within {error:.0e} (1e-9 allowed)"


def compare_p(ours: Array, theirs: Array) -> str:
    """Simulated probabilities, of the smaller tail, lie where drawing from the exact ones would put them.

    Each is (1 + k) / (1 + permutations), k being the smaller of a binomial number and the rest of the permutations.
    The least likely of all cells is still to be expected once in a million comparisons of so many cells.

    esda compiles the division of a simulated sum by the total to a multiplication by 1 / total, but divides the sum
    observed. Where the product is the smaller of the two, ties are lost, and p is that of a larger sum: only the cells
    with such a sum may have it.
    """
    _, p_hot, p_cold, may_lose_ties = ours
    k = np.round(theirs * (N_PERMUTATIONS + 1)) - 1
    is_near, is_near_without_ties = (_chance_of(k, p) >= 1e-6 / len(k) for p in (p_hot, 1 - p_cold))
    wrong = np.flatnonzero(~(is_near | (is_near_without_ties & (may_lose_ties == 1))))
    if len(wrong):
        raise DisagreementError(
            f"p differs by more than chance in {len(wrong):,} of {len(k):,} cells, the first of them cell {wrong[0]}: "
            f"{theirs[wrong[0]]:.3f} by simulation, {p_hot[wrong[0]]:.3g} exactly"
        )
    n_lost = int((~is_near).sum())
    return "p within chance of exact" + (f" ({n_lost:,} of {len(k):,} cells without ties)" if n_lost else "")


def _chance_of(k: Floats, p: Floats) -> Floats:
    """The chance of a number as far out as k, on its side, if k is the smaller of a binomial number and the rest."""
    p, rest = np.clip(p, 0, 1), N_PERMUTATIONS - k
    at_most = stats.binom.cdf(k, N_PERMUTATIONS, p) + stats.binom.sf(rest - 1, N_PERMUTATIONS, p)
    at_least = stats.binom.cdf(rest, N_PERMUTATIONS, p) - stats.binom.cdf(k - 1, N_PERMUTATIONS, p)
    return np.minimum(at_most, at_least)


# Ward join


def _assign_wards(case: Case) -> Run:
    from hotspots.geography import assign_wards

    incidents, wards = case.incidents(), case.wards()
    return lambda: assign_wards(incidents, wards)


def _sjoin(predicate: str) -> Callable[[Case], Run]:
    def prepare(case: Case) -> Run:
        import geopandas as gpd

        incidents, wards = case.incidents(), case.wards()
        return lambda: gpd.sjoin(incidents, wards, how="left", predicate=predicate)["ward_code"]

    return prepare


def _sedonadb(case: Case) -> Run:
    import geopandas as gpd
    import pyarrow as pa
    import sedonadb

    incidents, wards = case.incidents(), case.wards()

    def run() -> Any:
        session = sedonadb.connect()
        session.sql("SET datafusion.execution.target_partitions = 1").execute()
        points = gpd.GeoDataFrame({"row": np.arange(len(incidents))}, geometry=incidents.geometry.array, crs=wards.crs)
        session.create_data_frame(points).to_view("points")
        session.create_data_frame(wards.reset_index()[["ward_code", "geometry"]]).to_view("wards")
        found = session.sql(_JOIN.format(point="points.geometry", ward="wards.geometry"))
        return pa.table(found).to_pandas().sort_values("row")["ward_code"]

    return run


def _duckdb(case: Case) -> Run:
    from importlib import resources

    import duckdb
    import pandas as pd

    (extension,) = resources.files("duckdb_extension_spatial").joinpath("extensions").iterdir()
    incidents, wards = case.incidents(), case.wards()

    def run() -> Any:
        with duckdb.connect(config={"threads": 1}) as session:
            session.execute(f"LOAD '{extension.joinpath('spatial.duckdb_extension')}'")
            points = incidents.get_coordinates()
            points["row"] = np.arange(len(points))
            outlines = pd.DataFrame({"ward_code": wards.index.astype(object), "wkb": wards.geometry.to_wkb()})
            session.register("points", points)
            session.register("outlines", outlines)
            session.execute("CREATE TABLE wards AS SELECT ward_code, ST_GeomFromWKB(wkb) AS geometry FROM outlines")
            found = session.execute(_JOIN.format(point="ST_Point(points.x, points.y)", ward="wards.geometry")).df()
            return found.sort_values("row")["ward_code"]

    return run


_JOIN = "SELECT points.row, wards.ward_code FROM points LEFT JOIN wards ON ST_Within({point}, {ward})"


def _codes(found: Any) -> Array:
    return np.asarray(found.astype(object).fillna(""), dtype=str)


# Hexagons


def compare_hexagons(ours: Array, theirs: Array) -> str:
    """As many incidents, but for those in hexagons across the edge of the wards, which H3 leaves out."""
    hexagons, incidents = theirs / ours
    if not 0.9 <= incidents <= 1:
        raise DisagreementError(f"{incidents:.2f} times as many incidents are in a hexagon")
    return f"{hexagons:.2f} times as many hexagons, {incidents:.3f} times as many incidents in them"


def _count_in_hexagons(case: Case) -> Run:
    import shapely

    from hotspots.geography import make_cells

    incidents, wards = case.incidents(), case.wards()

    def run() -> Array:
        area = shapely.union_all(wards.geometry.to_numpy())
        return make_cells(area, cell_size_m=HEXAGON_M, shape="hexagon").count(incidents)

    return run


def _hexseg(case: Case) -> Run:
    import hexseg

    incidents, wards = case.incidents(), case.wards().reset_index()

    def run() -> Any:
        hexagons = hexseg.get_hexagons(wards, name_col="ward_code", resolution=9)
        return hexseg.summarise_by_hex(hexagons, incidents, count=True)["crime_count"]

    return run


def _sum_hexagons(counts: Any) -> Array:
    return np.array([len(counts), counts.sum()])


# Density


def _estimate_density(kernel: Any, bandwidth_m: float) -> Callable[[Case], Run]:
    def prepare(case: Case) -> Run:
        from hotspots.analysis.surfaces import estimate_density

        incidents, grid = case.incidents(), case.grid()
        return lambda: estimate_density(incidents, grid=grid, kernel=kernel, bandwidth_m=bandwidth_m).density_per_km2

    return prepare


def _centres(case: Case) -> tuple[Floats, tuple[int, int]]:
    """Cell centres of the grid, column by column, and the shape of columns and rows."""
    grid = case.grid()
    east = grid.easting_min + (np.arange(grid.n_columns) + 0.5) * grid.cell_size_m
    north = grid.northing_min + (np.arange(grid.n_rows) + 0.5) * grid.cell_size_m
    return np.column_stack([np.repeat(east, grid.n_rows), np.tile(north, grid.n_columns)]), (len(east), len(north))


def _kdepy(method: str, **options: float) -> Callable[[Case], Run]:
    def prepare(case: Case) -> Run:
        import KDEpy

        incidents, (centres, shape) = case.incidents(), _centres(case)
        # this package's bandwidth is the standard deviation of the kernel's section, 1/sqrt(7) of its radius
        kde = getattr(KDEpy, method)(kernel="biweight", bw=BANDWIDTH_M / math.sqrt(7))

        def run() -> Floats:
            density: Floats = kde.fit(incidents.get_coordinates().to_numpy()).evaluate(centres, **options)
            density -= np.finfo(float).eps  # which it adds everywhere, for those who draw contours
            return density.reshape(shape).T * len(incidents) * 1e6

        return run

    return prepare


def _kernel_density(kernel: str, bandwidth_m: float) -> Callable[[Case], Run]:
    def prepare(case: Case) -> Run:
        from sklearn.neighbors import KernelDensity

        incidents, (centres, shape) = case.incidents(), _centres(case)

        def run() -> Floats:
            model = KernelDensity(kernel=kernel, bandwidth=bandwidth_m).fit(incidents.get_coordinates().to_numpy())
            density: Floats = np.exp(model.score_samples(centres))
            return density.reshape(shape).T * len(incidents) * 1e6

        return run

    return prepare


def _gaussian_kde(case: Case) -> Run:
    from scipy.stats import gaussian_kde

    incidents, (centres, shape) = case.incidents(), _centres(case)

    def run() -> Floats:
        model: Any = gaussian_kde(incidents.get_coordinates().to_numpy().T)
        # it can only scale the covariance of the data; a round kernel has to be put in its place
        model.cho_cov = np.eye(2) * GAUSSIAN_BANDWIDTH_M
        density: Floats = model(centres.T)
        return density.reshape(shape).T * len(incidents) * 1e6

    return run


# Clusters


def _min_samples(case: Case) -> int:
    """Four times what a neighbourhood would hold if incidents were spread evenly."""
    return math.ceil(4 * case.sizes.n_incidents * math.pi * EPS_M**2 / 1e6 / case.sizes.area_km2)


def _find_clusters(case: Case) -> Run:
    from hotspots.analysis.hotspots import find_clusters

    incidents, min_samples = case.incidents(), _min_samples(case)
    return lambda: find_clusters(incidents, eps_m=EPS_M, min_samples=min_samples).cluster_id


def _dbscan(case: Case) -> Run:
    from sklearn.cluster import DBSCAN

    incidents, min_samples = case.incidents(), _min_samples(case)
    return lambda: DBSCAN(eps=EPS_M, min_samples=min_samples).fit(incidents.get_coordinates().to_numpy()).labels_


# Gi*


def _measure_gi_star(case: Case) -> Run:
    from hotspots.analysis.significance import measure_gi_star

    cells = case.cells()
    counts = cells.count(case.incidents())

    def run() -> tuple[Any, ...]:
        neighbours = cells.neighbours()
        return counts, neighbours, measure_gi_star(counts, neighbours)

    return run


def _stack_gi_star(found: Any) -> Array:
    """Z, both probabilities, and whether `compare_p` lets ties be lost (1) or not (0)."""
    counts, neighbours, gi_star = found
    sums, total = neighbours @ counts + counts, counts.sum()
    return np.stack([gi_star.z, gi_star.p_hot, gi_star.p_cold, sums * (1 / total) < sums / total])


def _g_local(*, permutations: int, is_ready: bool = False) -> Callable[[Case], Run]:
    def prepare(case: Case) -> Run:
        import esda
        from libpysal.weights import WSP

        cells = case.cells()
        counts, neighbours = cells.count(case.incidents()), cells.neighbours()

        def weigh() -> Any:
            return WSP(neighbours).to_W(silence_warnings=True)

        def test(values: Floats, weights: Any) -> Any:
            return esda.G_Local(
                values,
                weights,
                star=True,
                transform="B",
                permutations=permutations,
                keep_simulations=False,  # or the simulations of every cell are kept: 5 GB for London
                n_jobs=1,
                seed=case.seed,
            )

        if not is_ready:
            return lambda: test(counts, weigh())
        few = Case(size="tiny", spread="snapped").cells()
        test(few.count(Case(size="tiny", spread="snapped").incidents()), WSP(few.neighbours()).to_W())
        weights = weigh()
        return lambda: test(counts, weights)

    return prepare


CONTESTANTS = (
    Contestant(
        stage="ward join",
        name="hotspots assign_wards",
        imports=("hotspots.geography",),
        prepare=_assign_wards,
        answer=_codes,
    ),
    Contestant(
        stage="ward join",
        name="geopandas sjoin",
        imports=("geopandas",),
        prepare=_sjoin("intersects"),
        answer=_codes,
        compare=compare_equal,
    ),
    Contestant(
        stage="ward join",
        name="geopandas sjoin within",
        imports=("geopandas",),
        prepare=_sjoin("within"),
        answer=_codes,
        compare=compare_equal,
    ),
    Contestant(
        stage="ward join",
        name="SedonaDB ST_Within",
        imports=("geopandas", "pyarrow", "sedonadb"),
        prepare=_sedonadb,
        answer=_codes,
        compare=compare_equal,
    ),
    Contestant(
        stage="ward join",
        name="DuckDB spatial ST_Within",
        imports=("geopandas", "duckdb", "duckdb_extension_spatial"),
        prepare=_duckdb,
        answer=_codes,
        compare=compare_equal,
    ),
    Contestant(
        stage="ward join",
        name="R, sf st_join",
        imports=(),
        prepare=r_peers.join_wards,
        answer=r_peers.read_codes,
        compare=compare_equal,
        r_package="sf",
    ),
    Contestant(
        stage="hexagons",
        name="hotspots make_cells, count",
        imports=("hotspots.geography",),
        prepare=_count_in_hexagons,
        answer=_sum_hexagons,
    ),
    Contestant(
        stage="hexagons",
        name="hexseg get_hexagons, summarise_by_hex",
        imports=("geopandas", "hexseg"),
        prepare=_hexseg,
        answer=_sum_hexagons,
        compare=compare_hexagons,
    ),
    Contestant(
        stage="quartic density",
        name="hotspots estimate_density",
        imports=("hotspots.analysis",),
        prepare=_estimate_density("quartic", BANDWIDTH_M),
    ),
    Contestant(
        stage="quartic density",
        name="KDEpy FFTKDE (binned)",
        imports=("geopandas", "KDEpy"),
        prepare=_kdepy("FFTKDE"),
        compare=compare_density(0.1),
    ),
    Contestant(
        stage="quartic density",
        name="KDEpy TreeKDE",
        imports=("geopandas", "KDEpy"),
        prepare=_kdepy("TreeKDE", eps=1e-12),  # its default lets the search skip incidents within reach
        compare=compare_density(1e-9),
    ),
    Contestant(
        stage="quartic density",
        name="R, spatstat density (binned)",
        imports=(),
        prepare=r_peers.estimate_density("quartic", BANDWIDTH_M / math.sqrt(8)),
        answer=r_peers.read_density,
        compare=compare_density(0.1),
        r_package="spatstat.explore",
    ),
    Contestant(
        stage="epanechnikov density",
        name="hotspots estimate_density",
        imports=("hotspots.analysis",),
        prepare=_estimate_density("epanechnikov", BANDWIDTH_M),
    ),
    Contestant(
        stage="epanechnikov density",
        name="scikit-learn KernelDensity",
        imports=("geopandas", "sklearn.neighbors"),
        prepare=_kernel_density("epanechnikov", BANDWIDTH_M),
        compare=compare_density(1e-9),
    ),
    Contestant(
        stage="gaussian density",
        name="hotspots estimate_density",
        imports=("hotspots.analysis",),
        prepare=_estimate_density("gaussian", GAUSSIAN_BANDWIDTH_M),
    ),
    Contestant(
        stage="gaussian density",
        name="scipy gaussian_kde",
        imports=("geopandas", "scipy.stats"),
        prepare=_gaussian_kde,
        compare=compare_density(1e-6),
    ),
    Contestant(
        stage="gaussian density",
        name="scikit-learn KernelDensity",
        imports=("geopandas", "sklearn.neighbors"),
        prepare=_kernel_density("gaussian", GAUSSIAN_BANDWIDTH_M),
        compare=compare_density(1e-6),
    ),
    Contestant(
        stage="DBSCAN",
        name="hotspots find_clusters",
        imports=("hotspots.analysis", "sklearn.cluster"),
        prepare=_find_clusters,
        answer=lambda labels: labels.fillna(-1).to_numpy(dtype=np.int64),
    ),
    Contestant(
        stage="DBSCAN",
        name="scikit-learn DBSCAN",
        imports=("geopandas", "sklearn.cluster"),
        prepare=_dbscan,
        compare=compare_labels,
    ),
    Contestant(
        stage="Gi*",
        name="hotspots measure_gi_star",
        imports=("hotspots.analysis",),
        prepare=_measure_gi_star,
        answer=_stack_gi_star,
    ),
    Contestant(
        stage="Gi*",
        name="esda G_Local, z only",
        imports=("geopandas", "esda", "libpysal.weights"),
        prepare=_g_local(permutations=0),
        answer=lambda found: found.Zs,
        compare=compare_z,
    ),
    Contestant(
        stage="Gi*",
        name="esda G_Local, 999 permutations",
        imports=("geopandas", "esda", "libpysal.weights", "numba"),
        prepare=_g_local(permutations=N_PERMUTATIONS),
        answer=lambda found: found.p_sim,
        compare=compare_p,
    ),
    Contestant(
        stage="Gi*",
        name="the same, compiled and weights made",
        imports=("geopandas", "esda", "libpysal.weights", "numba"),
        prepare=_g_local(permutations=N_PERMUTATIONS, is_ready=True),
        answer=lambda found: found.p_sim,
        compare=compare_p,
    ),
    *TIME_CONTESTANTS,
    *ON_FOOT_CONTESTANTS,
)
STAGES = tuple(dict.fromkeys(contestant.stage for contestant in CONTESTANTS))

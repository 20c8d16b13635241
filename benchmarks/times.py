"""The methods measured that ask when: near repeats, hours of the week, and change by ward.

What stands beside Hotspots here is mostly no package but the script that an analyst writes, once as it comes to mind
and once as it is written by one who has waited for the first.
"""

from __future__ import annotations

import datetime as dt
import importlib
import itertools
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy import stats

from benchmarks.contest import N_PERMUTATIONS, Array, Contestant, DisagreementError, Run
from benchmarks.data import FIRST_DAY, N_DAYS, Case, Floats

Metric = Literal["euclidean", "manhattan"]
Bands = tuple[tuple[float, ...], tuple[int, ...], Metric]

ONE_CELL: Bands = ((200.0,), (7,), "euclidean")
TWELVE_CELLS: Bands = ((0.1, 200.0, 400.0, 600.0), (7, 14, 21), "manhattan")
_HOURS_IN_WEEK = 168
_MINUTES_IN_WEEK = 60 * _HOURS_IN_WEEK
_MONDAY = np.datetime64("1970-01-05", "m")
PLACELESS_STAGES = ("hours of the week", "change by ward")
"""Their data are the same whether places are shared or not, so they are measured once."""


# What counts as agreement


def compare_knox(ours: Array, theirs: Array) -> str:
    """Pairs are counted alike and expected alike, and both p are what draws from one and the same can give.

    Each p is (1 + k) / (1 + permutations). Given the sum of both k, one of them is hypergeometric. The least likely of
    all cells is still to be expected once in a million comparisons.
    """
    (n_ours, expected, p_ours), (n_theirs, expected_theirs, p_theirs) = ours, theirs
    if not np.array_equal(n_ours, n_theirs):
        raise DisagreementError(
            f"pairs are counted otherwise in {int((n_ours != n_theirs).sum())} of {len(n_ours)} cells"
        )
    if not np.allclose(expected, expected_theirs, rtol=1e-9, atol=0):
        raise DisagreementError("other pairs are expected")
    k, other = (np.round(p * (N_PERMUTATIONS + 1)) - 1 for p in (p_ours, p_theirs))
    drawn = stats.hypergeom(2 * N_PERMUTATIONS, k + other, N_PERMUTATIONS)
    chance = 2 * np.minimum(drawn.cdf(k), drawn.sf(k - 1))
    wrong = np.flatnonzero(~(chance >= 1e-6 / len(k)))
    if len(wrong):
        one = wrong[0]
        raise DisagreementError(f"p differs by more than chance: {p_theirs[one]:.3f} where ours is {p_ours[one]:.3f}")
    return f"all {int(n_ours.sum()):,} pairs, p within chance"


def compare_hours(ours: Array, theirs: Array) -> str:
    """No hour of the week differs by more than rounding."""
    error = float(np.abs(ours - theirs).max())
    if not error <= 1e-9 * ours.sum():
        raise DisagreementError(f"an hour differs by {error:.2g} incidents")
    return f"all {len(ours)} hours within {error:.0e}"


def compare_change(ours: Array, theirs: Array) -> str:
    """Incidents of both windows are the same, and p and adjusted p within 1e-9."""
    n_wrong = int((ours[:2] != theirs[:2]).any(axis=0).sum())
    if n_wrong:
        raise DisagreementError(f"incidents are counted otherwise in {n_wrong:,} of {ours.shape[1]:,} wards")
    error = float(np.abs(ours[2:] - theirs[2:]).max())
    if not error <= 1e-9:
        raise DisagreementError(f"p differs by {error:.2g}; 1e-9 is allowed")
    return f"{ours.shape[1]:,} wards, p within {error:.0e} (1e-9 allowed)"


# Near repeats


def _measure_near_repeat(bands: Bands) -> Callable[[Case], Run]:
    def prepare(case: Case) -> Run:
        from hotspots.analysis.repeats import measure_near_repeat

        crimes, (distances, days, metric) = case.crimes(), bands
        return lambda: measure_near_repeat(
            crimes,
            distance_bands_m=distances,
            day_bands=days,
            metric=metric,
            n_replicates=N_PERMUTATIONS,
            seed=case.seed,
        )

    return prepare


def _stack_near_repeat(found: Any) -> Array:
    return np.stack([table.ravel() for table in (found.n_pairs, found.expected_pairs, found.p_value)])


def _number_days(crimes: Any) -> npt.NDArray[np.int64]:
    days: npt.NDArray[np.int64] = (crimes["started_at"] - FIRST_DAY.astype("datetime64[s]")).dt.days.to_numpy()
    return days


def _knox(case: Case) -> Run:
    Knox = importlib.import_module("pointpats").Knox  # noqa: N806
    crimes, ((distance_m,), (days,), _) = case.crimes(), ONE_CELL

    def run() -> Any:
        np.random.seed(case.seed % 2**32)  # noqa: NPY002 - it draws from this
        return Knox.from_dataframe(
            crimes.assign(day=_number_days(crimes)),
            time_col="day",
            # both of its thresholds are still near
            delta=np.nextafter(distance_m, 0),
            tau=days - 1,
            permutations=N_PERMUTATIONS,
        )

    return run


def _stack_knox(found: Any) -> Array:
    return np.array([[found.statistic_], [found.expected[0, 0]], [found.p_sim]])


def _shuffle_matrices(bands: Bands) -> Callable[[Case], Run]:
    """All distances and all times between, and these again for each shuffle of the days."""

    def prepare(case: Case) -> Run:
        from scipy.spatial.distance import pdist

        crimes, (distances, edges, metric) = case.crimes(), bands

        def run() -> Array:
            rng, day = np.random.default_rng(case.seed), _number_days(crimes).astype(float)
            distance = pdist(crimes.get_coordinates().to_numpy(), "cityblock" if metric == "manhattan" else metric)
            near = [(low <= distance) & (distance < high) for low, high in _pair_edges(distances)]

            def find_soon(day: Floats) -> list[npt.NDArray[np.bool_]]:
                apart = pdist(day[:, None], "cityblock")
                return [(low <= apart) & (apart < high) for low, high in _pair_edges(edges)]

            def count(day: Floats) -> npt.NDArray[np.int64]:
                soon = find_soon(day)
                return np.array([np.count_nonzero(one & other) for one in near for other in soon])

            n_pairs = count(day)
            drawn = np.array([count(rng.permutation(day)) for _ in range(N_PERMUTATIONS)])
            n_near, n_soon = ([flags.sum() for flags in found] for found in (near, find_soon(day)))
            return _finish(n_pairs, drawn, np.outer(n_near, n_soon).ravel() / len(distance))

        return run

    return prepare


def _shuffle_pairs(bands: Bands) -> Callable[[Case], Run]:
    """The pairs near each other are listed once, and only their days are looked up again."""

    def prepare(case: Case) -> Run:
        from scipy.spatial import cKDTree

        crimes, (distances, edges, metric) = case.crimes(), bands

        def run() -> Array:
            rng, day, xy = np.random.default_rng(case.seed), _number_days(crimes), crimes.get_coordinates().to_numpy()
            power = 1.0 if metric == "manhattan" else 2.0
            one, other = cKDTree(xy).query_pairs(distances[-1], p=power, output_type="ndarray").T
            apart = np.abs(xy[one] - xy[other])
            distance = apart.sum(axis=1) if metric == "manhattan" else np.hypot(*apart.T)
            is_near = distance < distances[-1]
            one, other, distance = one[is_near], other[is_near], distance[is_near]
            row = np.searchsorted(distances, distance, side="right")
            n_columns, n_cells = len(edges), len(distances) * len(edges)
            # the column of each number of days; beyond the last there is one more
            column = np.searchsorted(edges, np.arange(N_DAYS), side="right")

            def count(day: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
                cell = row * (n_columns + 1) + column[np.abs(day[one] - day[other])]
                table = np.bincount(cell, minlength=n_cells + len(distances)).reshape(-1, n_columns + 1)
                return table[:, :-1].ravel()

            n_pairs = count(day)
            drawn = np.array([count(rng.permutation(day)) for _ in range(N_PERMUTATIONS)])
            n_by_day = np.bincount(day, minlength=N_DAYS)
            n_apart = np.correlate(n_by_day, n_by_day, "full")[N_DAYS - 1 :].astype(float)
            n_apart[0] = (n_by_day * (n_by_day - 1)).sum() / 2
            n_soon = [n_apart[int(low) : int(high)].sum() for low, high in _pair_edges(edges)]
            n_near = np.bincount(row, minlength=len(distances))
            return _finish(n_pairs, drawn, np.outer(n_near, n_soon).ravel() / (len(day) * (len(day) - 1) / 2))

        return run

    return prepare


def _pair_edges(edges: tuple[float, ...]) -> list[tuple[float, float]]:
    return list(itertools.pairwise((0, *edges)))


def _finish(n_pairs: npt.NDArray[np.int64], drawn: npt.NDArray[np.int64], expected: Floats) -> Array:
    return np.stack([n_pairs, expected, (1 + (drawn >= n_pairs).sum(axis=0)) / (1 + len(drawn))])


# Hours of the week


def _weigh_hours(case: Case) -> Run:
    from hotspots.analysis.hours import weigh_hours

    incidents = case.timed()
    return lambda: weigh_hours(incidents).sum(axis=0)


def _profile_week(case: Case) -> Run:
    from hotspots.analysis.hours import profile_week

    incidents = case.timed()
    return lambda: profile_week(incidents, seed=case.seed)


def _date_ranges(case: Case) -> Run:
    import pandas as pd

    incidents = case.timed()

    def run() -> Floats:
        week, hour = np.zeros(_HOURS_IN_WEEK), pd.Timedelta(hours=1)
        timed = incidents[incidents["time_precision"] == "minute"]
        for start, end in zip(timed["started_at"], timed["ended_at"], strict=True):
            if not end > start:
                week[start.dayofweek * 24 + start.hour] += 1
            elif end - start >= pd.Timedelta(days=7):
                week += 1 / _HOURS_IN_WEEK
            else:
                hours = pd.date_range(start.floor("h"), end, freq="h", inclusive="left")
                begin, stop = hours.where(hours > start, start), (hours + hour).where(hours + hour < end, end)
                share = (stop - begin) / (end - start)
                np.add.at(week, (hours.dayofweek * 24 + hours.hour).to_numpy(), share.to_numpy())
        return week

    return run


def _step_through_hours(case: Case) -> Run:
    incidents = case.timed()

    def run() -> Floats:
        week = [0.0] * _HOURS_IN_WEEK
        timed = incidents[incidents["time_precision"] == "minute"]
        started, ended = timed["started_at"], timed["ended_at"].fillna(timed["started_at"])
        starts, ends = ((times.to_numpy().astype("datetime64[m]") - _MONDAY).astype(int) for times in (started, ended))
        n_anywhere = 0
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
            if end <= start:
                week[start // 60 % _HOURS_IN_WEEK] += 1
            elif end - start >= _MINUTES_IN_WEEK:
                n_anywhere += 1
            else:
                at = start
                while at < end:
                    stop = min((at // 60 + 1) * 60, end)
                    week[at // 60 % _HOURS_IN_WEEK] += (stop - at) / (end - start)
                    at = stop
        return np.array(week) + n_anywhere / _HOURS_IN_WEEK

    return run


# Change by ward: the last 4 weeks against the 4 before

_WINDOW_DAYS = 28


def _measure_change(case: Case) -> Run:
    from hotspots.analysis.change import count_change, measure_change, plan_comparisons

    incidents, wards = case.timed(), case.timed_wards()
    first, last = (day.astype(dt.date) for day in (FIRST_DAY, FIRST_DAY + N_DAYS - 1))
    plans = plan_comparisons(last, known_from=first, is_monthly=False)
    (comparison,) = (plan for plan in plans if (plan.key, plan.against) == ("4-weeks", "before"))

    def run() -> Any:
        counts = count_change(incidents, comparison, groups=incidents["ward_code"], all_groups=wards)
        return measure_change(counts).table

    return run


def _count_windows(incidents: Any, wards: Any) -> list[npt.NDArray[np.int64]]:
    edges = [FIRST_DAY + N_DAYS - n * _WINDOW_DAYS for n in range(3)]
    return [
        incidents["ward_code"][(incidents["started_at"] >= first) & (incidents["started_at"] < stop)]
        .value_counts()
        .reindex(wards, fill_value=0)
        .to_numpy()
        for stop, first in itertools.pairwise(edges)
    ]


def _test_poisson_2indep(case: Case) -> Run:
    from statsmodels.stats.multitest import multipletests
    from statsmodels.stats.rates import test_poisson_2indep

    incidents, wards = case.timed(), case.timed_wards()

    def run() -> Array:
        current, earlier = _count_windows(incidents, wards)
        has_any = np.flatnonzero(current + earlier)  # it stops at none in either
        p, adjusted = np.ones((2, len(wards)))
        for ward in has_any:
            windows = (current[ward], _WINDOW_DAYS, earlier[ward], _WINDOW_DAYS)
            p[ward] = test_poisson_2indep(*windows, method="exact-cond").pvalue
        adjusted[has_any] = multipletests(p[has_any], method="fdr_bh")[1]
        return np.stack([current, earlier, p, adjusted])

    return run


def _test_binomial(case: Case) -> Run:
    incidents, wards = case.timed(), case.timed_wards()

    def run() -> Array:
        current, earlier = _count_windows(incidents, wards)
        total = current + earlier
        p = 2 * np.minimum(stats.binom.cdf(current, total, 0.5), stats.binom.sf(current - 1, total, 0.5))
        p, adjusted = np.minimum(p, 1), np.ones(len(wards))
        adjusted[total > 0] = stats.false_discovery_control(p[total > 0])
        return np.stack([current, earlier, p, adjusted])

    return run


TIME_CONTESTANTS = (
    Contestant(
        stage="near repeat, one cell",
        name="hotspots measure_near_repeat",
        imports=("hotspots.analysis",),
        prepare=_measure_near_repeat(ONE_CELL),
        answer=_stack_near_repeat,
    ),
    Contestant(
        stage="near repeat, one cell",
        name="pointpats Knox",
        imports=("geopandas", "pointpats"),
        prepare=_knox,
        answer=_stack_knox,
        compare=compare_knox,
    ),
    Contestant(
        stage="near repeat, one cell",
        name="script, scipy's pdist",
        imports=("geopandas", "scipy.spatial.distance"),
        prepare=_shuffle_matrices(ONE_CELL),
        compare=compare_knox,
    ),
    Contestant(
        stage="near repeat, one cell",
        name="script, near pairs listed once",
        imports=("geopandas", "scipy.spatial"),
        prepare=_shuffle_pairs(ONE_CELL),
        compare=compare_knox,
    ),
    Contestant(
        stage="near repeat, 12 cells",
        name="hotspots measure_near_repeat",
        imports=("hotspots.analysis",),
        prepare=_measure_near_repeat(TWELVE_CELLS),
        answer=_stack_near_repeat,
    ),
    Contestant(
        stage="near repeat, 12 cells",
        name="script, scipy's pdist",
        imports=("geopandas", "scipy.spatial.distance"),
        prepare=_shuffle_matrices(TWELVE_CELLS),
        compare=compare_knox,
    ),
    Contestant(
        stage="near repeat, 12 cells",
        name="script, near pairs listed once",
        imports=("geopandas", "scipy.spatial"),
        prepare=_shuffle_pairs(TWELVE_CELLS),
        compare=compare_knox,
    ),
    Contestant(
        stage="hours of the week",
        name="hotspots weigh_hours, summed",
        imports=("hotspots.analysis",),
        prepare=_weigh_hours,
    ),
    Contestant(
        stage="hours of the week",
        name="hotspots profile_week, with peaks",
        imports=("hotspots.analysis",),
        prepare=_profile_week,
        answer=lambda profile: profile.counts.ravel(),
        compare=compare_hours,
    ),
    Contestant(
        stage="hours of the week",
        name="script, pandas date_range for each",
        imports=("pandas",),
        prepare=_date_ranges,
        compare=compare_hours,
    ),
    Contestant(
        stage="hours of the week",
        name="script, plain Python for each hour",
        imports=("pandas",),
        prepare=_step_through_hours,
        compare=compare_hours,
    ),
    Contestant(
        stage="change by ward",
        name="hotspots measure_change",
        imports=("hotspots.analysis",),
        prepare=_measure_change,
        answer=lambda table: table[["n_current", "n_earlier", "p_value", "p_adjusted"]].to_numpy(dtype=float).T,
    ),
    Contestant(
        stage="change by ward",
        name="statsmodels test_poisson_2indep",
        imports=("pandas", "statsmodels.stats.rates", "statsmodels.stats.multitest"),
        prepare=_test_poisson_2indep,
        compare=compare_change,
    ),
    Contestant(
        stage="change by ward",
        name="script, scipy binom for all at once",
        imports=("pandas", "scipy.stats"),
        prepare=_test_binomial,
        compare=compare_change,
    ),
)

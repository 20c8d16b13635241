"""How often a change is called: of simulated crime in which nothing changes, and in which something does.

Run it with `python -m benchmarks.change_rates`. The series are like burglary in two boroughs: a season, independent
incidents, and an excess that comes and goes, of which neighbouring months remember a share.
"""

from __future__ import annotations

import argparse
import datetime as dt
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from hotspots.analysis.change import (
    choose_main,
    control_family,
    count_change,
    measure_change,
    measure_dispersion,
    measure_season,
    plan_comparisons,
    withhold_seasonal,
)
from hotspots.analysis.rates import compare_rates

Floats = npt.NDArray[np.float64]

FIRST, LAST = dt.date(2022, 1, 1), dt.date(2023, 12, 31)
MONTHS = pd.period_range(FIRST, LAST, freq="M")
SERIES = {
    "independent": (0.0, 0.0),
    "memory .3, excess .07": (0.3, 0.07),
    "memory .5, excess .07": (0.5, 0.07),
    "memory .6, excess .08 (burglary)": (0.6, 0.08),
    "memory .7, excess .08": (0.7, 0.08),
}
"""Autocorrelation of neighbouring months, and standard deviation of the excess of a month as a share of its rate."""
A_MONTH = (20, 100, 450)
CHANGES = (0.9, 0.8, 0.7, 1.3)
"""Of the last twelve months, as multiples."""
_LEAST_IN_WARD, _LEAST_WARDS, _LEAST_TOLD = 48, 10, 100
_SEASON = 0.15
_MONTH = 365.25 / 12


def simulate(rng: np.random.Generator, n_a_month: float, memory: float, excess: float, change: float) -> pd.DataFrame:
    """Two years of incidents; the excess is a continuous process, whose monthly means have this memory and spread."""
    days = np.arange(np.datetime64(FIRST), np.datetime64(LAST) + 1)
    level = np.zeros(len(days))
    if excess:
        decay, spread = _find_daily(memory)
        shocks = rng.normal(size=len(days))
        level[0] = shocks[0]
        for day in range(1, len(days)):
            level[day] = decay * level[day - 1] + np.sqrt(1 - decay**2) * shocks[day]
        level *= excess / spread
    season = 1 + _SEASON * np.cos(2 * np.pi * (np.arange(len(days)) - 334) / 365.25)
    is_last_year = days >= np.datetime64(LAST) - 364
    rate = n_a_month / _MONTH * season * np.exp(level) * np.where(is_last_year, change, 1.0)
    return pd.DataFrame({"started_at": days.repeat(rng.poisson(rate)).astype("datetime64[s]")})


def _find_daily(memory: float) -> tuple[float, float]:
    """What a day keeps of the day before, so that months have this memory; and the spread of a monthly mean."""
    n = round(_MONTH)
    kept = np.linspace(0.0, 0.995, 400)
    lag = np.abs(np.arange(2 * n)[:, None] - np.arange(2 * n))
    found = []
    for one in kept:
        covariance = one**lag
        variance = covariance[:n, :n].mean()
        found.append((float(covariance[:n, n:].mean() / variance), float(np.sqrt(variance))))
    best = int(np.argmin([abs(one - memory) for one, _ in found]))
    return float(kept[best]), found[best][1]


def call(incidents: pd.DataFrame, *, is_monthly: bool) -> tuple[str, list[str]]:
    """The verdict on twelve months against twelve, and those of all comparisons that a run shows."""
    table = incidents.assign(time_precision="month" if is_monthly else "day")
    if is_monthly:
        table["started_at"] = table["started_at"].to_numpy().astype("datetime64[M]").astype("datetime64[s]")
    counts = table["started_at"].dt.to_period("M").value_counts().reindex(MONTHS, fill_value=0)
    planned = plan_comparisons(LAST, known_from=FIRST, is_monthly=is_monthly)
    plans = [
        plan for plan in withhold_seasonal(planned, measure_season(counts, n_replicates=199).window) if plan.available
    ]
    changes = [
        measure_change(count_change(table, plan), dispersion=measure_dispersion(table, plan, known_from=FIRST))
        for plan in plans
    ]
    first = choose_main(plans)
    main = next(at for at, plan in enumerate(plans) if plan is first)
    family = control_family(changes, main=main)
    verdicts = [str(change.table["verdict"].iloc[0]) for change in family]
    return verdicts[main], verdicts


def call_wards(path: Path) -> None:
    """Print how many wards are called, one by one, if each is held against the change of its borough.

    Args:
        path: Counts of crimes by ward and month: `MajorText`, `WardCode`, `LookUp_BoroughName`, and a column a month,
            as the Metropolitan Police publish them. The last 24 months are used.
    """
    table = pd.read_csv(path)
    columns = [column for column in map(str, table.columns) if column.isdigit()][-24:]
    months = pd.PeriodIndex([f"{column[:4]}-{column[4:]}" for column in columns], freq="M")
    first, last = months[0].start_time.date(), months[-1].end_time.date()
    (r12,) = (plan for plan in plan_comparisons(last, known_from=first, is_monthly=True) if plan.key == "r12")
    started = months.start_time.to_numpy().astype("datetime64[s]")
    for crime, rows in table.groupby("MajorText"):
        p: list[float] = []
        for _, borough in rows.groupby("LookUp_BoroughName"):
            counts = borough.groupby("WardCode")[columns].sum()
            counts = counts[counts.sum(axis=1) > _LEAST_IN_WARD]
            if len(counts) < _LEAST_WARDS:
                continue
            flat = counts.to_numpy().ravel()
            incidents = pd.DataFrame(
                {"started_at": np.tile(started, len(counts)).repeat(flat), "time_precision": "month"}
            )
            ward = pd.Series(counts.index.repeat(len(columns)).repeat(flat), index=incidents.index)
            spread = measure_dispersion(incidents, r12, known_from=first, groups=ward)
            found = count_change(incidents, r12, groups=ward).table
            p += compare_rates(
                found["n_current"],
                found["n_earlier"],
                exposure_first=found["n_current"].sum(),
                exposure_second=found["n_earlier"].sum(),
                dispersion=spread.by_group,
                n_free=spread.n_free,
            ).p_value.tolist()
        if len(p) >= _LEAST_TOLD:
            print(f"{crime:36s} {len(p):4d} wards: {np.mean(np.array(p) <= 0.05):6.1%} called")


def main() -> None:
    """Print the rates."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--copies", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--months", action="store_true", help="Incidents known by their month.")
    parser.add_argument("--wards", type=Path, help="Table of real counts by ward and month, in place of simulations.")
    options = parser.parse_args()
    if options.wards:
        call_wards(options.wards)
        return
    rng = np.random.default_rng(options.seed)
    cases = [(name, n, 1.0) for name in SERIES for n in A_MONTH]
    cases += [("memory .6, excess .08 (burglary)", n, change) for change in CHANGES for n in A_MONTH[1:]]
    print(f"{options.copies} copies; share called, and called clearly: twelve months, any comparison")
    for name, n, change in cases:
        called = np.zeros(4)
        for _ in range(options.copies):
            first, verdicts = call(simulate(rng, n, *SERIES[name], change), is_monthly=options.months)
            called += [
                "improv" in first or "deterior" in first,
                "clearly" in first,
                any(one != "no apparent change" for one in verdicts),
                any("clearly" in one for one in verdicts),
            ]
        share = called / options.copies
        print(
            f"{name:34s} {n:4d} a month, times {change:3.1f}: {share[0]:6.1%} {share[1]:6.1%} {share[2]:6.1%} "
            f"{share[3]:6.1%}",
            flush=True,
        )


if __name__ == "__main__":
    main()

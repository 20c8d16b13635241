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
_LEAST_IN_BOROUGH, _LEAST_IN_WARD, _LEAST_WARDS, _LEAST_TOLD = 1_500, 48, 10, 100
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


def call(incidents: pd.DataFrame, months: pd.PeriodIndex = MONTHS, *, is_monthly: bool) -> tuple[str, list[str]]:
    """The verdict on twelve months against twelve, and those of all comparisons that a run of these months shows."""
    first_day, last_day = months[0].start_time.date(), months[-1].end_time.date()
    table = incidents.assign(time_precision="month" if is_monthly else "day")
    if is_monthly:
        table["started_at"] = table["started_at"].to_numpy().astype("datetime64[M]").astype("datetime64[s]")
    counts = table["started_at"].dt.to_period("M").value_counts().reindex(months, fill_value=0)
    planned = plan_comparisons(last_day, known_from=first_day, is_monthly=is_monthly)
    plans = [
        plan for plan in withhold_seasonal(planned, measure_season(counts, n_replicates=199).window) if plan.available
    ]
    changes = [
        measure_change(count_change(table, plan), dispersion=measure_dispersion(table, plan, known_from=first_day))
        for plan in plans
    ]
    first = choose_main(plans)
    main = next(at for at, plan in enumerate(plans) if plan is first)
    family = control_family(changes, main=main)
    verdicts = [str(change.table["verdict"].iloc[0]) for change in family]
    return verdicts[main], verdicts


def call_real(path: Path) -> None:
    """Print how often twelve months against twelve are called in a long table of one crime, ending with each month."""
    months = pd.to_datetime(pd.read_csv(path, usecols=["Month"])["Month"])
    incidents = pd.DataFrame({"started_at": months.astype("datetime64[s]")})
    every = pd.period_range(months.min(), months.max(), freq="M")
    found = []
    for end in range(len(MONTHS), len(every) + 1):
        two_years = every[end - len(MONTHS) : end]
        found.append(
            call(
                incidents[months.between(two_years[0].start_time, two_years[-1].end_time)], two_years, is_monthly=True
            )[0]
        )
    is_called = [one != "no apparent change" for one in found]
    is_clear = ["clearly" in one for one in found]
    print(f"{path.name}: {len(found)} ends, {np.mean(is_called):.0%} called, {np.mean(is_clear):.0%} clearly")


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


def measure_memory(series: Floats) -> tuple[float, float]:
    """The autocorrelation of neighbouring months of what moves crime beside chance, and its standard deviation.

    Both are of how months differ from those a year before, about the change of level, over all series, with what is
    lost to that level and to chance allowed for. They are those that make squares and products of neighbours as large
    as they are.

    Args:
        series: (n_series, 24) counts of months.
    """
    earlier, later = series[:, :12], series[:, 12:]
    level = later.sum(axis=1) / earlier.sum(axis=1)
    total, share = earlier + later, (level / (1 + level))[:, None]
    variance = total * share * (1 - share)
    deviation, chance = (later - share * total) / variance, float((1 / variance).mean())
    square, product = (
        float((deviation**2).mean()),
        float((deviation[:, 1:] * deviation[:, :-1]).sum(axis=1).mean()) / 12,
    )
    about_mean = np.eye(12) - 1 / 12
    lag = np.abs(np.arange(12)[:, None] - np.arange(12))
    best = (np.inf, 0.0, 0.0)
    for memory in np.arange(0, 0.96, 0.01):
        remembered = about_mean @ memory**lag @ about_mean
        excess = (square - chance * 11 / 12) / (np.trace(remembered) / 12)
        miss = abs(excess * np.trace(remembered, 1) / 12 + chance * np.trace(about_mean, 1) / 12 - product)
        best = min(best, (float(miss), float(memory), float(np.sqrt(max(excess, 0) / 2))))
    return best[1:]


def print_memory(incidents: Path | None, wards: Path | None) -> None:
    """Print the memory of one crime, from a table of incidents with `Month`, and of each crime by borough."""
    if incidents:
        months = pd.to_datetime(pd.read_csv(incidents, usecols=["Month"])["Month"]).dt.to_period("M")
        counts = months.value_counts().sort_index()
        for first, last in (
            (counts.index[0], "2016-12"),
            ("2017-01", counts.index[-1]),
            (counts.index[0], counts.index[-1]),
        ):
            found = measure_memory(
                np.lib.stride_tricks.sliding_window_view(counts.loc[first:last].to_numpy(dtype=float), 24)
            )
            print(f"{incidents.name} {first} to {last}: memory {found[0]:.2f}, excess {found[1]:.3f}")
    if wards:
        table = pd.read_csv(wards)
        columns = [column for column in map(str, table.columns) if column.isdigit()][-24:]
        for crime, rows in table.groupby("MajorText"):
            by_borough = rows.groupby("LookUp_BoroughName")[columns].sum().to_numpy(dtype=float)
            by_borough = by_borough[by_borough.sum(axis=1) > _LEAST_IN_BOROUGH]
            if len(by_borough) >= _LEAST_WARDS:
                found = measure_memory(by_borough)
                print(f"{crime:36s} {len(by_borough)} boroughs: memory {found[0]:.2f}, excess {found[1]:.3f}")


def main() -> None:
    """Print the rates."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--copies", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--months", action="store_true", help="Incidents known by their month.")
    parser.add_argument("--incidents", type=Path, help="Table of real incidents of one crime: its memory, and calls.")
    parser.add_argument("--wards", type=Path, help="Table of real counts by ward and month, in place of simulations.")
    options = parser.parse_args()
    if options.wards or options.incidents:
        print_memory(options.incidents, options.wards)
        if options.wards:
            call_wards(options.wards)
        if options.incidents:
            call_real(options.incidents)
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

"""What was planted among the incidents, the monthly files and the safe havens of the demonstration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from demonstration_calendar import change_windows, is_school_day
from demonstration_facts import (
    AFTER_SCHOOL,
    ASB,
    BANK_HOLIDAYS,
    BETTER_TIMES,
    BETTER_WARD,
    BOROUGH_OF,
    CALMER_TIMES,
    CALMER_WARD,
    DIRT,
    FOLLOWING_DAYS,
    FOLLOWING_M,
    FOLLOWING_SHARE,
    GROUPS,
    HAVENS,
    HOT_SPOTS,
    KINDS,
    MONTHLY,
    NO_LOCATION_ROWS,
    PEAKS,
    REPEATED_MONTHLY_ROWS,
    RHYTHMS,
    SCHOOL_LIFT,
    SUMMER,
    WARDS,
    WORSE_TIMES,
    WORSE_WARD,
    YEARS,
)


def named(names: Sequence[str], values: Sequence[int | str]) -> dict[str, int | str]:
    """Give each value its name."""
    return dict(zip(names, values, strict=True))


def tally(rows: pd.DataFrame) -> dict[str, dict[str, int]]:
    """Count rows by borough and year."""
    return {
        borough: {year: int(((rows["borough"] == borough) & (rows["year"] == year)).sum()) for year in YEARS}
        for borough in sorted(WARDS)
    }


def ranking(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """List the five wards of Southwark with most rows."""
    counts = rows.loc[rows["borough"] == "Southwark", "ward"].value_counts().head(5)
    return [{"ward": str(ward), "count": int(count)} for ward, count in counts.items()]


def changes(placed: pd.DataFrame) -> list[dict[str, Any]]:
    """Say what changed in a ward: incidents with usable coordinates in the windows compared, by name of the window."""
    first, second = YEARS
    weeks = {name: [f"{day:%Y-%m-%d}" for day in window] for name, window in change_windows().items()}
    years = {"r12": list(YEARS[second]), "r12_before": list(YEARS[first])}
    found = []
    for ward, group, times, windows, verdict in (
        (WORSE_WARD, "robbery", WORSE_TIMES, weeks | years, "deteriorating"),
        (BETTER_WARD, "robbery", BETTER_TIMES, years, "improving"),
        (CALMER_WARD, "asb", CALMER_TIMES, years, "improving"),
    ):
        mine = placed.loc[(placed["ward"] == ward) & (placed["group"] == group), "start"].dt.normalize()
        found.append({
            "ward": ward,
            "crime": group,
            "planted_times": times,
            "verdict": verdict,
            "windows": windows,
            "incidents": {name: int(mine.between(*window).sum()) for name, window in windows.items()},
        })  # fmt: skip
    return found


def seasons(series: dict[str, pd.Series]) -> dict[str, dict[str, Any]]:
    """Say how many times busier an average day of June, July and August was than one of the rest of the year."""
    days = pd.date_range(YEARS["2024-25"][0], YEARS["2025-26"][1], freq="D")
    n_summer, n_rest = (int((days.month.isin(SUMMER) == summer).sum()) for summer in (True, False))
    planted = {"robbery": 1.0, "knife": RHYTHMS["knife"].lift, "asb": RHYTHMS["asb"].lift}
    found = {}
    for name, times in planted.items():
        dated = series[name].dropna()
        summer = int(dated.dt.month.isin(SUMMER).sum())
        ratio = (summer / n_summer) / ((len(dated) - summer) / n_rest)
        found[name] = {
            "planted_times": times,
            "summer": {"days": n_summer, "incidents": summer},
            "rest": {"days": n_rest, "incidents": len(dated) - summer},
            "times": round(ratio, 2),
        }
    return found


def school_days(placed: pd.DataFrame) -> dict[str, Any]:
    """Count robberies of Mondays to Fridays, bank holidays left out, on school days and in the school holidays."""
    days = pd.date_range(YEARS["2024-25"][0], YEARS["2025-26"][1], freq="D")
    usual = days[(days.day_of_week < 5) & ~days.isin(pd.to_datetime(list(BANK_HOLIDAYS)))]
    is_school = is_school_day(usual)
    timed = placed.loc[(placed["group"] == "robbery") & (placed["dirt"] != "midnight_default"), "start"].dropna()
    after = timed.dt.hour.isin(AFTER_SCHOOL)
    counts = {
        hours: {name: int(mine.dt.normalize().isin(which).sum())
                for name, which in (("school_day", usual[is_school]), ("school_holiday", usual[~is_school]))}
        for hours, mine in (("after_school", timed[after]), ("other_hours", timed[~after]))
    }  # fmt: skip
    return {
        "file": "calendar/term_dates.csv",
        "crime": "robbery",
        "hours": named(("days", "first_hour", "last_hour"), ("weekdays", AFTER_SCHOOL.start, AFTER_SCHOOL.stop - 1)),
        "planted_times": SCHOOL_LIFT,
        "bank_holidays_left_out": list(BANK_HOLIDAYS),
        "days": {"school_day": int(is_school.sum()), "school_holiday": int((~is_school).sum())},
        "incidents": counts,
    }


def near_repeats(placed: pd.DataFrame) -> dict[str, Any]:
    """Say how many pairs were planted, and how many robberies at one place within some days there are for it.

    ``expected`` is what there would be if dates had nothing to do with places: the pairs at one place, times the share
    of all pairs that are so few days apart.
    """
    robberies = placed[(placed["group"] == "robbery") & placed["start"].notna()].copy()
    robberies["day"] = robberies["start"].dt.normalize()
    pairs = robberies[robberies["pair"] >= 0].sort_values("start").groupby("pair")
    both = pairs.agg(["first", "last"])[pairs.size() == 2]
    away = np.hypot(*((both[axis, "last"] - both[axis, "first"]).to_numpy(float) for axis in ("easting", "northing")))

    def count_close(days: pd.Series) -> int:
        counts = np.bincount((days - robberies["day"].min()).dt.days)
        later = sum(int((counts[lag:] * counts[:-lag]).sum()) for lag in range(1, FOLLOWING_DAYS) if lag < len(counts))
        return later + int((counts * (counts - 1) // 2).sum())

    places = [days for _, days in robberies.groupby(["easting", "northing"])["day"]]
    at_one_place = sum(len(days) * (len(days) - 1) // 2 for days in places)
    every_pair = len(robberies) * (len(robberies) - 1) // 2
    found, expected = sum(map(count_close, places)), at_one_place * count_close(robberies["day"]) / every_pair
    return {
        "crime": "robbery",
        "planted_share": FOLLOWING_SHARE,
        "within_m": FOLLOWING_M,
        "fewer_days_than": FOLLOWING_DAYS,
        "pairs": len(both),
        "pairs_at_the_same_place": int((away == 0).sum()),
        "all_pairs_at_the_same_place": {
            "found": found, "expected": round(expected, 1), "times": round(found / expected, 2),
        },
    }  # fmt: skip


def find_placed(rows: pd.DataFrame) -> pd.DataFrame:
    """Choose the rows with usable coordinates, each once."""
    dirt = ["exact_repeat", "missing_coordinates", "zero_coordinates", "outside_study_area"]
    return rows[~rows["dirt"].isin(dirt)]


def describe_incidents(rows: pd.DataFrame, monthly: pd.DataFrame, havens: pd.DataFrame) -> dict[str, Any]:
    """Say precisely what was planted."""
    real, placed = rows[rows["dirt"] != "exact_repeat"], find_placed(rows)
    asb, knife = real["group"] == "asb", real["knife"] == "Y"
    series = {"robbery": real["group"] == "robbery", "knife": knife, "asb": asb}
    series["knife_robbery"] = knife & series["robbery"]
    series |= {offence: real["offence"] == offence for offence, *_ in ASB}
    summer = real["start"].dt.month.isin(SUMMER)
    spots = [
        {
            "name": spot.name,
            "ward": spot.ward,
            "borough": BOROUGH_OF[spot.ward],
            "easting": spot.centre[0] * 100,
            "northing": spot.centre[1] * 100,
            "sigma_m": spot.sigma,
            "percent_of_borough": named(KINDS, spot.shares),
            "robberies": int(((real["spot"] == spot.name) & series["robbery"]).sum()),
            "knife_crimes": int(((real["spot"] == spot.name) & knife).sum()),
            "asb_calls": int(((real["spot"] == spot.name) & asb).sum()),
            "safe_haven_within_400_m": spot.havens,
        }
        for spot in HOT_SPOTS
    ]
    return {
        "about": "What data/make_demonstration.py planted. Synthetic: no row is a real event.",
        "council_extract": {
            "file": "incidents/council_extract.csv.gz",
            "period": ["2024-10-01", "2026-09-30"],
            "rows": len(rows),
            "incidents": len(real),
            "dirt": {kind: named(("total", *GROUPS), (sum(n), *n)) for kind, n in DIRT.items()},
            "incidents_by_group": {group: int((real["group"] == group).sum()) for group in GROUPS},
            "incidents_a_year": {name: tally(real[mine]) for name, mine in series.items()},
            "incidents_a_year_with_usable_coordinates": {
                name: tally(placed[mine[placed.index]]) for name, mine in series.items()
            },
            "summer_share": {name: round(float(summer[mine].mean()), 4) for name, mine in series.items()},
            "southwark_top_wards": {name: ranking(placed[mine[placed.index]]) for name, mine in series.items()},
            "peaks": {
                name: [named(("days", "first_hour", "last_hour"), window) for window in windows]
                for name, windows in PEAKS.items()
            },
        },
        "hot_spots": spots,
        "changes": changes(placed),
        "seasons": seasons({name: placed.loc[mine[placed.index], "start"] for name, mine in series.items()}),
        "school_days": school_days(placed),
        "near_repeats": near_repeats(placed),
        "monthly_files": {
            "folder": "incidents/police_uk",
            "rows": len(monthly),
            "records": int((~monthly.duplicated()).sum()),
            "no_location_rows": NO_LOCATION_ROWS,
            "exact_repeats": REPEATED_MONTHLY_ROWS,
            "records_a_year": MONTHLY,
            "rows_by_month": {str(m): int(n) for m, n in monthly["Month"].value_counts().items()},
        },
        "havens": {
            "file": "havens/havens.csv",
            "rows": len(havens),
            "by_kind": {str(kind): int(n) for kind, n in havens["kind"].value_counts().items()},
            "by_borough": HAVENS,
            "hot_spots_without_haven_within_400_m": [spot.name for spot in HOT_SPOTS if not spot.havens],
        },
        "wards": {borough: len(wards) for borough, wards in WARDS.items()},
    }

"""What the summary says of time: hours, days of the calendar, months, change, repeats."""

from __future__ import annotations

from typing import Any

import pandas as pd

from hotspots.analysis.calendar import ConditionSplit
from hotspots.analysis.change import CLEAR_LEVEL, MIN_FOR_PERCENT, PLAIN_LEVEL, ChangeTable, Season
from hotspots.analysis.hours import MAX_FALSE_SHARE, MAX_P_VALUE, CountedWindow, WeeklyProfile
from hotspots.analysis.repeats import NearRepeat, Repeats
from hotspots.pipeline import Analysis, Change, TimeAnalysis
from hotspots.products.summary.rounding import MIN_INCIDENTS_DRAWN, Summary, rounded, significant

_CURVE_POINTS = 50
_CELL_HOURS = (1, 3, 6)


def summarise_times(analysis: Analysis) -> Summary:
    """The parts of the summary that `analyse_times` found."""
    times = analysis.times
    return {
        "profile": {
            **summarise_profile(times.profile),
            "max_p": MAX_P_VALUE,
            "max_false_share_of_groups": MAX_FALSE_SHARE,
        },
        "hotspot_profiles": [
            {"rank": hotspot.rank, **_summarise_hours(hotspot.profile)} for hotspot in analysis.places.hotspots
        ],
        "conditions": [_condition(split) for split in times.conditions],
        "series": _series(times),
        "season": _season(times.season),
        "changes": [_change(change, analysis) for change in times.changes],
        "change_scale": {
            "clear_p": CLEAR_LEVEL,
            "plain_p": PLAIN_LEVEL,
            "min_for_percent": MIN_FOR_PERCENT,
        },
        "repeats": _repeats(times.repeats),
        "near_repeat": _near_repeat(times.near_repeat),
    }


def choose_cell_hours(n_timed: int) -> int:
    """The finest cells of 1, 3 or 6 hours that hold one incident on average: of few, hours would show each of them."""
    return next((hours for hours in _CELL_HOURS if n_timed >= 168 / hours), _CELL_HOURS[-1])


def summarise_profile(profile: WeeklyProfile, *, digits: int = 2) -> Summary:
    """The hours of the week.

    The counts are of cells of `cell_hours`, shared evenly among their hours.
    """
    cell_hours = choose_cell_hours(profile.n_timed)
    counts = None
    if profile.counts is not None:
        means = profile.counts.reshape(7, 24 // cell_hours, cell_hours).mean(axis=2).repeat(cell_hours, axis=1)
        counts = [[rounded(n, digits) for n in day] for day in means]
    return {
        "available": profile.available,
        "reason": profile.reason,
        "explanation": profile.explanation,
        "counts": counts,
        "cell_hours": cell_hours,
        "n_timed": profile.n_timed,
        "n_untimed": profile.n_untimed,
        "n_point": profile.time_counts.n_point,
        "n_interval": profile.time_counts.n_interval,
        "n_week_or_more": profile.time_counts.n_week_or_more,
        "peaks": [summarise_window(peak) for peak in profile.peaks],
        "quiet": [summarise_window(window) for window in profile.quiet],
    }


def summarise_ward_profile(code: str, analysis: Analysis) -> Summary | None:
    """The hours of one ward; None where it has no incident."""
    profile = analysis.times.ward_profiles.get(code)
    return None if profile is None else summarise_profile(profile, digits=1)


def _summarise_hours(profile: WeeklyProfile) -> Summary:
    """The hours of a hot spot in words: one by one they would be of few incidents each."""
    hours = summarise_profile(profile)
    return {key: hours[key] for key in ("available", "reason", "explanation", "n_timed", "n_untimed", "peaks", "quiet")}


def summarise_window(window: CountedWindow) -> Summary:
    """Hours of the week that stand out."""
    return {
        "words": window.words,
        "days": list(window.days),
        "start_hour": window.start_hour,
        "n_hours": window.n_hours,
        "n_incidents": rounded(window.n_incidents, 1),
        "share": rounded(window.share, 4),
        "week_share": rounded(window.week_share, 4),
        "ratio": rounded(window.ratio, 2),
        "p": significant(window.p_value),
    }


def _condition(split: ConditionSplit) -> Summary:
    return {
        "name": split.name,
        "label": split.label,
        "against": split.against,
        "available": split.available,
        "reason": split.reason,
        "explanation": split.explanation,
        "n_with": split.n_with,
        "n_without": split.n_without,
        "n_uncertain": split.n_uncertain,
        "exposure_with": rounded(split.exposure_with, 1),
        "exposure_without": rounded(split.exposure_without, 1),
        "exposure_unit": split.exposure_unit,
        "rate_with": _per(split.n_with, split.exposure_with),
        "rate_without": _per(split.n_without, split.exposure_without),
        "ratio": rounded(split.ratio, 2),
        "low": rounded(split.low, 2),
        "high": rounded(split.high, 2),
        "p": None if split.p_value is None else significant(split.p_value),
        "p_adjusted": None if split.p_adjusted is None else significant(split.p_adjusted),
        "is_significant": split.is_significant,
        "dispersion": rounded(split.dispersion, 2),
        "confidence": split.confidence,
        "words": split.words,
    }


def _per(n: int, exposure: float) -> float | None:
    """Incidents a day or hour, to three digits; None of no days."""
    return float(f"{n / exposure:.3g}") if exposure else None


def _series(times: TimeAnalysis) -> Summary:
    """Every month that is known, and what was to be expected of the latest ones."""
    control = times.control
    kinds = {signal.month: signal.kind for signal in control.signals if signal.n_months == 1}

    gaps = times.gaps.dropna().to_dict()

    def at(series: pd.Series | None, month: pd.Period, digits: int) -> float | None:
        return None if series is None else rounded(series.to_dict().get(month), digits)

    return {
        "known_from": times.known_from.isoformat(),
        "months": [
            {
                "month": str(month),
                "n_incidents": None if pd.isna(n) else int(n),
                "gap": gaps.get(month),
                "rolling": at(times.rolling, month, 0),
                "trend": at(times.season.trend, month, 1),
                "expected": at(control.expected, month, 1),
                "low": at(control.low, month, 1),
                "high": at(control.high, month, 1),
                "signal": kinds.get(month),
            }
            for month, n in times.months.items()
            if isinstance(month, pd.Period)
        ],
        "signals": [signal.words for signal in control.signals],
        "available": control.available,
        "explanation": control.explanation,
        "basis": control.basis if control.available else None,
        "dispersion": rounded(control.dispersion, 2),
        "coverage": control.coverage,
    }


def _season(season: Season) -> Summary:
    window, trend = season.window, season.year_trend
    return {
        "available": season.available,
        "explanation": season.explanation,
        "n_months": season.n_months,
        "strength": rounded(season.strength, 2),
        "window": window
        and {
            "words": window.words,
            "name": window.name,
            "months": list(window.months),
            "ratio": rounded(window.ratio, 2),
            "low": rounded(window.low, 2),
            "high": rounded(window.high, 2),
            "p": significant(window.p_value),
        },
        "trend": trend
        and {
            "words": trend.words,
            "direction": trend.direction,
            "change_per_year": rounded(trend.change_per_year, 3),
            "p": significant(trend.p_value),
        },
        "level": season.level,
    }


def _change(change: Change, analysis: Analysis) -> Summary:
    comparison, names = change.comparison, analysis.wards["ward_name"]
    return {
        "key": comparison.key,
        "against": comparison.against,
        "label": comparison.label,
        "words": comparison.words,
        "current": [comparison.current_first.isoformat(), comparison.current_last.isoformat()],
        "earlier": [comparison.earlier_first.isoformat(), comparison.earlier_last.isoformat()],
        "days_current": comparison.days_current,
        "days_earlier": comparison.days_earlier,
        "available": comparison.available,
        "reason": comparison.reason,
        "area": None if change.area is None else _groups(change.area)[0],
        "confidence": None if change.area is None else change.area.confidence,
        "allowance": None if change.area is None else change.area.allowance,
        "n_month_only": 0 if change.area is None else change.area.n_month_only,
        "wards": None
        if change.wards is None
        else [
            {"code": str(code), "name": str(names[code]), **row}
            for code, row in zip(change.wards.table.index, _groups(change.wards), strict=True)
        ],
        "n_wards_compared": None if change.wards is None else change.wards.n_compared,
        "hotspots": None
        if change.hotspots is None
        else [
            {"rank": int(rank) + 1, **row}
            for rank, row in zip(change.hotspots.table.index, _groups(change.hotspots), strict=True)
        ],
        "n_hotspots_compared": None if change.hotspots is None else change.hotspots.n_compared,
        "hotspots_reason": change.hotspots_reason,
    }


def _groups(changed: ChangeTable) -> list[Summary]:
    return [
        {
            "n_current": int(row["n_current"]),
            "n_earlier": int(row["n_earlier"]),
            "ratio": rounded(row["ratio"], 2),
            "low": rounded(row["low"], 2),
            "high": rounded(row["high"], 2),
            "percent": None if pd.isna(row["percent"]) else int(row["percent"]),
            "p_adjusted": significant(row["p_adjusted"]),
            "verdict": str(row["verdict"]),
        }
        for row in changed.table.to_dict("records")
    ]


def _repeats(repeats: Repeats) -> Summary:
    return {
        "available": repeats.available,
        "reason": repeats.reason,
        "explanation": repeats.explanation,
        "place_kind": repeats.place_kind,
        "n_incidents": repeats.n_incidents,
        "n_left_out": repeats.n_left_out,
        "n_places": repeats.n_places,
        "n_repeat_places": repeats.n_repeat_places,
        "n_at_repeat_places": repeats.n_at_repeat_places,
        "n_repeats": repeats.n_repeats,
        "repeat_share": rounded(repeats.repeat_share, 4),
        "repeat_share_by_chance": rounded(repeats.repeat_share_by_chance, 4),
        "repeats_explanation": repeats.repeats_explanation,
        "curve": _curve(repeats.curve_place_share, repeats.curve_incident_share, repeats.n_incidents),
        "chance_curve": _curve(repeats.chance_place_share, repeats.chance_incident_share, repeats.n_incidents),
        "place_shares": [
            {
                "incident_share": share.incident_share,
                "n_places": share.n_places,
                "place_share": rounded(share.place_share, 4),
                "by_chance": rounded(share.by_chance, 4),
                "by_chance_low": rounded(share.by_chance_low, 4),
                "by_chance_high": rounded(share.by_chance_high, 4),
            }
            for share in repeats.place_shares
        ],
        "gini": rounded(repeats.gini, 3),
        "gini_by_chance": rounded(repeats.gini_by_chance, 3),
        "is_concentrated": repeats.is_concentrated,
        "words": repeats.words,
    }


def _curve(places: Any, incidents: Any, n_incidents: int) -> list[list[float | None]] | None:
    """Points of a curve; not of few incidents, each of which could be told from it."""
    if places is None or incidents is None or n_incidents < MIN_INCIDENTS_DRAWN:
        return None
    step = max(len(places) // _CURVE_POINTS, 1)
    kept = [*range(0, len(places) - 1, step), len(places) - 1]
    return [[rounded(places[i], 4), rounded(incidents[i], 4)] for i in kept]


def _near_repeat(found: NearRepeat) -> Summary:
    tables = {
        "n_pairs": (found.n_pairs, 0),
        "expected_pairs": (found.expected_pairs, 1),
        "ratio": (found.ratio, 2),
        "chance_low": (found.chance_low, 2),
        "chance_high": (found.chance_high, 2),
        "p": (found.p_value, 4),
        "p_adjusted": (found.p_adjusted, 4),
    }
    return {
        "available": found.available,
        "reason": found.reason,
        "explanation": found.explanation,
        "distance_bands_m": list(found.distance_bands_m),
        "day_bands": list(found.day_bands),
        "metric": found.metric,
        "n_incidents": found.n_incidents,
        "n_thinned": found.n_thinned,
        "n_left_out": found.n_left_out,
        **{
            name: None if table is None else [[rounded(value, digits) for value in row] for row in table.tolist()]
            for name, (table, digits) in tables.items()
        },
        "is_near_repeat": None if found.is_near_repeat is None else found.is_near_repeat.tolist(),
        "n_replicates": found.n_replicates,
        "significance_level": found.significance_level,
        "min_ratio": found.min_ratio,
        "words": found.words,
    }

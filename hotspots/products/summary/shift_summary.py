"""What the summary says of the parts of the week, and the words for it."""

from __future__ import annotations

from hotspots.analysis.hotspots import PlaceDifference, ShiftHotspot, ShiftPlaces
from hotspots.pipeline import Analysis
from hotspots.products.summary.rounding import Summary, rounded, significant
from hotspots.products.words import say

PER_HOURS = 100
"""Densities of parts of the week are per this many of their hours, so that parts of different lengths compare."""
_DAYS_A_YEAR = 365.25


def summarise_shifts(analysis: Analysis) -> Summary:
    """Every part of the week; `chosen` is the one that was asked for."""
    found, window = analysis.places.shifts, analysis.request.window
    parts = [_summarise_shift(places, analysis) for places in found.shifts]
    return {
        "available": found.available,
        "reason": found.reason,
        "explanation": found.explanation,
        "n_timed": found.n_timed,
        "chosen": window and {"key": "chosen", "words": window.words},
        "per_hours": PER_HOURS,
        "max_per_km2": max((part["max_per_km2"] for part in parts if part["is_drawn"]), default=None),
        "parts": parts,
    }


def _summarise_shift(places: ShiftPlaces, analysis: Analysis) -> Summary:
    shift, window = places.shift, places.shift.window
    n_hours = hours_in_period(places, analysis)
    clusters = places.areas and places.areas.clusters
    peak = None if places.density is None else places.density.density_per_km2.max() / n_hours * PER_HOURS
    return {
        "key": shift.key,
        "label": shift.label,
        "words": shift.words,
        "days": list(window.days),
        "start_hour": window.start_hour,
        "n_hours": window.n_hours,
        "week_share": rounded(window.week_share, 4),
        "hours_in_period": round(n_hours),
        "n_incidents": rounded(places.n_incidents, 1),
        "share": rounded(places.share, 4),
        "pace": rounded(places.pace, 2),
        "is_drawn": places.density is not None,
        "reason": places.reason,
        "max_per_km2": None if peak is None else significant(peak),
        "eps_m": clusters and clusters.eps_m,
        "min_samples": clusters and clusters.min_samples,
        "min_samples_reason": clusters
        and (clusters.min_samples_reason or say("hours.scaled", analysis.request.min_samples)),
        "n_hotspots_found": places.n_found,
        "hotspots": [_summarise_hotspot(hotspot, analysis) for hotspot in places.hotspots],
        "hotspots_total": {
            "n_incidents": rounded(sum(hotspot.n_incidents for hotspot in places.hotspots), 1),
            "share": rounded(sum(hotspot.share for hotspot in places.hotspots), 4),
            "area_share": significant(
                sum(hotspot.area_km2 for hotspot in places.hotspots) * 1e6 / analysis.study_area.area
            ),
        },
        "difference": places.difference and _summarise_difference(places.difference, analysis),
    }


def hours_in_period(places: ShiftPlaces, analysis: Analysis) -> float:
    """Hours of a part of the week in the period, without the months that the files are silent about."""
    return analysis.n_years * _DAYS_A_YEAR * 24 * places.shift.window.week_share


def _summarise_hotspot(hotspot: ShiftHotspot, analysis: Analysis) -> Summary:
    names = analysis.wards["ward_name"]
    centre = hotspot.outline.representative_point()
    if hotspot.locations:
        place = hotspot.locations[0][0].removeprefix("On or near ")
    else:
        place = f"around {round(centre.x, -2):.0f}, {round(centre.y, -2):.0f}"
    return {
        "rank": hotspot.rank,
        "place": place,
        "n_incidents": rounded(hotspot.n_incidents, 1),
        "n_places": hotspot.n_places,
        "share": rounded(hotspot.share, 4),
        "share_of_week": rounded(hotspot.share_of_week, 4),
        "hours_share": rounded(hotspot.hours_share, 4),
        "elsewhere_share": rounded(hotspot.elsewhere_share, 4),
        "ratio": rounded(hotspot.ratio, 1),
        "week_rank": hotspot.week_rank,
        "area_km2": rounded(hotspot.area_km2, 4),
        "easting": round(centre.x),
        "northing": round(centre.y),
        "wards": [{"code": code, "name": str(names[code])} for code in hotspot.wards],
        "locations": [{"location": text, "n_incidents": rounded(n, 1)} for text, n in hotspot.locations],
    }


def _summarise_difference(difference: PlaceDifference, analysis: Analysis) -> Summary:
    n_hotspots = len(analysis.places.hotspots)
    found = {
        "n_groups": difference.n_groups,
        "statistic": rounded(difference.statistic, 1),
        "p": significant(difference.p_value),
        "p_adjusted": significant(difference.p_adjusted),
        "is_different": difference.is_different,
        "busier": [index + 1 for index in range(n_hotspots) if difference.is_busier[index]],
        "quieter": [index + 1 for index in range(n_hotspots) if difference.is_quieter[index]],
        "n_permutations": difference.n_permutations,
    }
    return found | {"words": say("hours.difference", found)}

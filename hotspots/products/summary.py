"""The summary: every number that a product may show, as plain JSON values."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

import hotspots
from hotspots.analysis import Hotspot, PeakWindow, WeeklyProfile, WindowCoverage
from hotspots.geography.projection import name_crs
from hotspots.pipeline import Analysis
from hotspots.products.quality import summarise_quality
from hotspots.selection import is_whole_month

Summary = dict[str, Any]

PRODUCTS = {
    "map": "map.html",
    "summary": "summary.json",
    "hotspots_gpkg": "hotspots.gpkg",
    "hotspots_csv": "hotspots.csv",
    "quality": "quality.html",
    "quality_json": "quality.json",
    "rejected": "rejected.csv",
}


def summarise(analysis: Analysis) -> Summary:
    """Everything an analysis found, as JSON values; `products` holds file names beside the summary."""
    accounts = analysis.accounts
    return {
        "crime": analysis.crime.slug,
        "crime_label": analysis.crime.label,
        "crime_plural": analysis.crime.plural,
        "period": {
            "start": analysis.start.isoformat(),
            "end": analysis.end.isoformat(),
            "n_days": (analysis.end - analysis.start).days + 1,
        },
        "data_status": analysis.study.data_status,
        "inputs": [
            {
                "path": file.path,
                "table": file.table,
                "sha256": file.sha256,
                "rows": file.n_rows,
                "layout": file.layout,
                "data_status": file.data_status,
            }
            for file in analysis.study.inputs
        ],
        "accounts": {
            "read": accounts.read,
            "rejected": accounts.rejected,
            "rejected_of_crime": accounts.rejected_of_crime,
            "other_crimes": accounts.other_crimes,
            "outside_period": accounts.outside_period,
            "outside_area": accounts.outside_area,
            "analysed": accounts.analysed,
        },
        "quality": summarise_quality(analysis.study.quality, analysis),
        "unrecognised_offences": analysis.study.quality.unrecognised,
        "location_precision": {
            str(kind): int(n)
            for kind, n in analysis.incidents["location_precision"].value_counts().sort_index().items()
            if n
        },
        "study_area": {
            "n_wards": len(analysis.wards),
            "is_all": len(analysis.wards) == len(analysis.study.boundaries.wards),
            "area_km2": _rounded(analysis.study_area.area / 1e6, 3),
            "crs": name_crs(analysis.wards.crs),
        },
        "wards": [
            {
                "code": str(code),
                "name": str(ward["ward_name"]),
                "borough": ward["borough"] if isinstance(ward["borough"], str) else None,
                "rank": int(ward["rank"]),
                "n_incidents": int(ward["n_incidents"]),
                "area_km2": _rounded(ward["area_km2"], 3),
                "density_per_km2": _significant(ward["density_per_km2"]),
            }
            for code, ward in analysis.ward_counts.iterrows()
        ],
        "density": {
            "kernel": analysis.density.kernel,
            "bandwidth_m": analysis.density.bandwidth_m,
            "cell_size_m": analysis.density.grid.cell_size_m,
            "n_rows": analysis.density.grid.n_rows,
            "n_columns": analysis.density.grid.n_columns,
            "n_incidents": analysis.density.n_incidents,
            "n_beyond_area": analysis.n_beyond,
            "max_per_km2": _significant(analysis.density.density_per_km2.max()),
            "edge_correction": False,
        },
        "clusters": {
            "method": "DBSCAN",
            "eps_m": analysis.clusters.eps_m,
            "min_samples": analysis.clusters.min_samples,
            "min_samples_reason": analysis.clusters.min_samples_reason,
            "n_clusters": analysis.clusters.n_clusters,
            "n_noise": int(analysis.clusters.cluster_id.isna().sum()),
        },
        "hotspots": [_hotspot(hotspot, analysis) for hotspot in analysis.hotspots],
        "hotspots_total": {
            "n_incidents": sum(hotspot.n_incidents for hotspot in analysis.hotspots),
            "hit_rate": _rounded(sum(hotspot.share for hotspot in analysis.hotspots), 4),
            "area_share": _significant(
                sum(hotspot.area_km2 for hotspot in analysis.hotspots) * 1e6 / analysis.study_area.area
            ),
        },
        "profile": _profile(analysis.profile),
        "months": [
            {
                "month": str(month),
                "n_incidents": int(n),
                "is_whole": is_whole_month(month, start=analysis.start, end=analysis.end),
                "has_data": month not in analysis.empty_months,
            }
            for month, n in analysis.months.items()
            if isinstance(month, pd.Period)
        ],
        "havens": _havens(analysis),
        "notes": list(analysis.notes),
        "products": dict(PRODUCTS),
        "version": hotspots.__version__,
    }


def _hotspot(hotspot: Hotspot, analysis: Analysis) -> Summary:
    names = analysis.wards["ward_name"]
    centre = hotspot.outline.representative_point()
    if hotspot.locations:
        place = hotspot.locations[0][0].removeprefix("On or near ")
    else:
        place = f"around {round(centre.x, -2):.0f}, {round(centre.y, -2):.0f}"
    return {
        "rank": hotspot.rank,
        "place": place,
        "n_incidents": hotspot.n_incidents,
        "n_places": hotspot.n_places,
        "share": _rounded(hotspot.share, 4),
        "area_km2": _rounded(hotspot.area_km2, 4),
        "density_per_km2": _significant(hotspot.density_per_km2),
        "easting": round(centre.x),
        "northing": round(centre.y),
        "wards": [{"code": code, "name": str(names[code])} for code in hotspot.wards],
        "locations": [{"location": text, "n_incidents": n} for text, n in hotspot.locations],
        "location_kinds": [{"kind": text, "n_incidents": n} for text, n in hotspot.location_kinds],
        "peak": _peak(hotspot.profile.peaks[0]) if hotspot.profile.peaks else None,
        "n_timed": hotspot.profile.n_timed,
        "havens": _hotspot_havens(hotspot, analysis),
    }


def _hotspot_havens(hotspot: Hotspot, analysis: Analysis) -> Summary | None:
    if analysis.havens is None:
        return None
    coverage = analysis.havens.coverage
    timed = (analysis.incidents["time_precision"] == "minute").to_numpy()[hotspot.members]
    is_open = coverage.is_open_within_reach[hotspot.members][timed]
    can_tell = bool(timed.any()) and coverage.share_open_within_reach is not None
    return {
        "share_within_reach": _rounded(coverage.is_within_reach[hotspot.members].mean(), 4),
        "share_open_within_reach": _rounded(is_open.mean(), 4) if can_tell else None,
    }


def _profile(profile: WeeklyProfile) -> Summary:
    counts = None if profile.counts is None else [[_rounded(n, 2) for n in day] for day in profile.counts]
    return {
        "available": profile.available,
        "reason": profile.reason,
        "explanation": profile.explanation,
        "counts": counts,
        "n_timed": profile.n_timed,
        "n_untimed": profile.n_untimed,
        "peaks": [_peak(peak) for peak in profile.peaks],
    }


def _peak(peak: PeakWindow) -> Summary:
    return {
        "words": peak.words,
        "days": list(peak.days),
        "start_hour": peak.start_hour,
        "n_hours": peak.n_hours,
        "n_incidents": _rounded(peak.n_incidents, 1),
        "share": _rounded(peak.share, 4),
        "week_share": _rounded(peak.week_share, 4),
    }


def _havens(analysis: Analysis) -> Summary | None:
    if analysis.havens is None:
        return None
    havens, coverage = analysis.havens.havens, analysis.havens.coverage
    return {
        "reach_m": coverage.reach_m,
        "n_havens": len(havens),
        "area_share_within_reach": _rounded(analysis.havens.reach.area / analysis.study_area.area, 4),
        "n_incidents": coverage.n_incidents,
        "n_within_reach": coverage.n_within_reach,
        "share_within_reach": _rounded(coverage.share_within_reach, 4),
        "n_timed": coverage.n_timed,
        "n_open_within_reach": coverage.n_open_within_reach,
        "share_open_within_reach": _rounded(coverage.share_open_within_reach, 4),
        "peaks": [
            _window_coverage(peak, covered)
            for peak, covered in zip(analysis.profile.peaks, analysis.havens.peaks, strict=True)
        ],
        "havens": [
            {
                "id": str(haven_id),
                "name": _text(haven["name"]),
                "kind": _text(haven["kind"]),
                "opening_hours": _text(haven["opening_hours"]),
                "n_incidents": int(coverage.n_incidents_by_haven[haven_id]),
            }
            for haven_id, haven in havens.iterrows()
        ],
    }


def _window_coverage(peak: PeakWindow, covered: WindowCoverage) -> Summary:
    return {
        "words": peak.words,
        "n_timed": covered.n_timed,
        "share_within_reach": _rounded(covered.share_within_reach, 4),
        "share_open_within_reach": _rounded(covered.share_open_within_reach, 4),
    }


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _rounded(value: float | np.floating[Any] | None, digits: int) -> float | None:
    """A plain float that reads the same on every machine; None for what is not known."""
    if value is None or not math.isfinite(value):
        return None
    return round(float(value), digits) + 0.0


def _significant(value: float | np.floating[Any]) -> float:
    """Four significant digits: a small density must not round to none."""
    return float(f"{float(value):.4g}")

"""The summary: every number that a product may show, as plain JSON values."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

import hotspots
from hotspots.analysis import Hotspot, PeakWindow, WeeklyProfile
from hotspots.pipeline import Analysis, is_whole_month

Summary = dict[str, Any]

PRODUCTS = {
    "map": "map.html",
    "summary": "summary.json",
    "hotspots_gpkg": "hotspots.gpkg",
    "hotspots_csv": "hotspots.csv",
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
        "quality": analysis.study.intake.quality,
        "study_area": {
            "n_wards": len(analysis.wards),
            "area_km2": _rounded(analysis.study_area.area / 1e6, 3),
            "crs": "EPSG:27700",
        },
        "wards": [
            {
                "code": str(code),
                "name": str(ward["ward_name"]),
                "borough": ward["borough"] if isinstance(ward["borough"], str) else None,
                "rank": int(ward["rank"]),
                "n_incidents": int(ward["n_incidents"]),
                "area_km2": _rounded(ward["area_km2"], 3),
                "density_per_km2": _rounded(ward["density_per_km2"], 1),
            }
            for code, ward in analysis.ward_counts.iterrows()
        ],
        "density": {
            "kernel": analysis.density.kernel,
            "bandwidth_m": analysis.density.bandwidth_m,
            "cell_size_m": analysis.density.grid.cell_size_m,
            "n_rows": analysis.density.grid.n_rows,
            "n_columns": analysis.density.grid.n_columns,
            "max_per_km2": _rounded(analysis.density.density_per_km2.max(), 1),
            "integral": _rounded(analysis.density.integral, 1),
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
    return {
        "rank": hotspot.rank,
        "n_incidents": hotspot.n_incidents,
        "share": _rounded(hotspot.share, 4),
        "area_km2": _rounded(hotspot.area_km2, 4),
        "density_per_km2": _rounded(hotspot.density_per_km2, 0),
        "easting": round(centre.x),
        "northing": round(centre.y),
        "wards": [{"code": code, "name": str(names[code])} for code in hotspot.wards],
        "locations": [{"location": text, "n_incidents": n} for text, n in hotspot.locations],
        "location_kinds": [{"kind": text, "n_incidents": n} for text, n in hotspot.location_kinds],
        "peak": _peak(hotspot.profile.peaks[0]) if hotspot.profile.peaks else None,
        "n_timed": hotspot.profile.n_timed,
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
    }


def _havens(analysis: Analysis) -> Summary | None:
    coverage = analysis.coverage
    if coverage is None or analysis.study.havens is None:
        return None
    havens = analysis.study.havens.havens
    return {
        "reach_m": coverage.reach_m,
        "n_havens": len(havens),
        "n_incidents": coverage.n_incidents,
        "n_within_reach": coverage.n_within_reach,
        "share_within_reach": _rounded(coverage.share_within_reach, 4),
        "n_timed": coverage.n_timed,
        "n_open_within_reach": coverage.n_open_within_reach,
        "share_open_within_reach": _rounded(coverage.share_open_within_reach, 4),
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


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _rounded(value: float | np.floating[Any] | None, digits: int) -> float | None:
    """A plain float that reads the same on every machine; None for what is not known."""
    if value is None or not math.isfinite(value):
        return None
    return round(float(value), digits) + 0.0

"""The summary: every number that a product may show, as plain JSON values."""

from __future__ import annotations

import pandas as pd

import hotspots
from hotspots.analysis.hours import PeakWindow, WindowCoverage
from hotspots.geography import name_crs
from hotspots.pipeline import Analysis, is_whole_month
from hotspots.products.pages import summarise_quality
from hotspots.products.summary.place_summary import summarise_places
from hotspots.products.summary.rounding import Summary, rounded, significant
from hotspots.products.summary.shift_summary import summarise_shifts
from hotspots.products.summary.time_summary import summarise_times, summarise_ward_profile

PRODUCTS = {
    "map": "map.html",
    "times": "times.html",
    "summary": "summary.json",
    "hotspots_gpkg": "hotspots.gpkg",
    "hotspots_csv": "hotspots.csv",
    "shifts_csv": "shifts.csv",
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
            "area_km2": rounded(analysis.study_area.area / 1e6, 3),
            "crs": name_crs(analysis.wards.crs),
        },
        "wards": [
            {
                "code": str(code),
                "name": str(ward["ward_name"]),
                "borough": ward["borough"] if isinstance(ward["borough"], str) else None,
                "rank": int(ward["rank"]),
                "n_incidents": int(ward["n_incidents"]),
                "area_km2": rounded(ward["area_km2"], 3),
                "density_per_km2": significant(ward["density_per_km2"]),
                **_rate(str(code), analysis),
                "profile": summarise_ward_profile(str(code), analysis),
            }
            for code, ward in analysis.ward_counts.iterrows()
        ],
        **summarise_places(analysis),
        "shifts": summarise_shifts(analysis),
        **summarise_times(analysis),
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
        "rates": _rates(analysis),
        "harm": _harm(analysis),
        "havens": _havens(analysis),
        "notes": list(analysis.notes),
        "products": dict(PRODUCTS),
        "version": hotspots.__version__,
    }


def _rate(code: str, analysis: Analysis) -> Summary:
    """What the summary says of the rate of one ward; nothing where no ward has a population."""
    if analysis.ward_rates is None:
        return {}
    row = analysis.ward_rates.table.loc[code].to_dict()
    columns = ("rate", "rate_low", "rate_high", "shrunk_rate", "shrunk_low", "shrunk_high", "ratio_low", "ratio_high")
    return {
        "population": rounded(row["population"], 0),
        **{column: rounded(row[column], 2) for column in columns},
        "is_small": bool(row["is_small"]),
    }


def _rates(analysis: Analysis) -> Summary | None:
    rates = analysis.ward_rates
    if rates is None:
        return None
    return {
        "per": rates.per,
        "n_years": rounded(rates.n_years, 3),
        "overall_rate": rounded(rates.overall_rate, 2),
        "confidence": rates.confidence,
        "prior_shape": None if rates.prior_shape is None else significant(rates.prior_shape),
        "n_without_population": rates.n_without_population,
    }


def _harm(analysis: Analysis) -> Summary:
    harm = analysis.harm
    own = harm.harm.loc[analysis.incidents.index]
    return {
        "measure": harm.measure,
        "unit": harm.unit,
        "total": None if harm.n_unweighed else significant(own.sum()),
        "n_unweighed": dict(harm.n_unweighed),
        "sources": list(harm.sources),
        "ranks": analysis.request.harm is not None,
    }


def _havens(analysis: Analysis) -> Summary | None:
    if analysis.havens is None:
        return None
    havens, coverage = analysis.havens.havens, analysis.havens.coverage
    return {
        "reach_m": coverage.reach_m,
        "n_havens": len(havens),
        "area_share_within_reach": rounded(analysis.havens.reach.area / analysis.study_area.area, 4),
        "n_incidents": coverage.n_incidents,
        "n_within_reach": coverage.n_within_reach,
        "share_within_reach": rounded(coverage.share_within_reach, 4),
        "n_timed": coverage.n_timed,
        "n_open_within_reach": coverage.n_open_within_reach,
        "share_open_within_reach": rounded(coverage.share_open_within_reach, 4),
        "peaks": [
            _window_coverage(peak, covered)
            for peak, covered in zip(analysis.times.profile.peaks, analysis.havens.peaks, strict=True)
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
        "share_within_reach": rounded(covered.share_within_reach, 4),
        "share_open_within_reach": rounded(covered.share_open_within_reach, 4),
    }


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None

"""What the summary says of places: the density, the hot spots, the test, the estimate and its score."""

from __future__ import annotations

import numpy as np

from hotspots.analysis.accuracy import AreaScore, Holdout, MethodScore, find_judged
from hotspots.analysis.hotspots import Hotspot
from hotspots.pipeline import Analysis, PlaceAnalysis
from hotspots.products.summary.rounding import Summary, rounded, significant
from hotspots.products.summary.time_summary import summarise_window
from hotspots.products.words import say


def summarise_places(analysis: Analysis) -> Summary:
    """The parts of the summary that `analyse_places` found."""
    places = analysis.places
    density, clusters, hotspots = places.density, places.areas.clusters, places.hotspots
    hot_share = sum(hotspot.area_km2 for hotspot in hotspots) * 1e6 / analysis.study_area.area
    return {
        "density": {
            "kernel": density.kernel,
            "bandwidth_m": rounded(density.bandwidth_m, 1),
            "bandwidth_reason": places.bandwidth.reason if places.bandwidth else None,
            "bandwidth_warning": places.bandwidth_warning,
            "is_adaptive": density.is_adaptive,
            "is_weighted": density.is_weighted,
            "cell_size_m": density.grid.cell_size_m,
            "n_rows": density.grid.n_rows,
            "n_columns": density.grid.n_columns,
            "n_incidents": density.n_incidents,
            "n_beyond_area": places.n_beyond,
            "max_per_km2": significant(density.density_per_km2.max()),
            "is_edge_corrected": density.is_edge_corrected,
            "smallest_areas": [
                {
                    "share": area.share,
                    "incident_share": rounded(area.incident_share, 4),
                    "area_share": significant(area.area_share),
                    "area_km2": rounded(area.area_km2, 3),
                    "level_per_km2": significant(area.level_per_km2),
                }
                for area in places.smallest_areas
            ],
        },
        "clusters": {
            "method": clusters.method.upper(),
            "eps_m": clusters.eps_m,
            "eps_reason": clusters.eps_reason,
            "min_samples": clusters.min_samples,
            "min_samples_reason": clusters.min_samples_reason,
            "max_extent_m": analysis.request.max_extent_m,
            "n_split": places.areas.n_split,
            "n_clusters": clusters.n_clusters,
            "n_noise": int(clusters.cluster_id.isna().sum()),
        },
        "risk": _risk(places),
        "significance": _significance(places),
        "hotspots": [_hotspot(hotspot, analysis) for hotspot in hotspots],
        "hotspots_total": {
            "n_incidents": sum(hotspot.n_incidents for hotspot in hotspots),
            "hit_rate": rounded(sum(hotspot.share for hotspot in hotspots), 4),
            "area_share": significant(hot_share),
            "n_significant": sum(hotspot.evidence.is_significant for hotspot in hotspots),
        },
        "holdout": places.holdout and summarise_holdout(places.holdout),
        "holdout_reason": places.holdout_reason,
    }


def _risk(places: PlaceAnalysis) -> Summary | None:
    risk = places.risk
    if risk is None:
        return None
    held = risk.n_incidents > 0
    return {
        "cell_size_m": risk.cells.cell_size_m,
        "n_cells": len(risk.cells),
        "bandwidth_m": risk.bandwidth_m,
        "used_other_crime": risk.used_other_crime,
        "coefficients": [significant(value) for value in risk.coefficients],
        "shape_scale": significant(risk.shape_scale),
        "shape_power": rounded(risk.shape_power, 3),
        "own_share": rounded(float(np.average(risk.own_share[held], weights=risk.n_incidents[held])), 3),
    }


def _significance(places: PlaceAnalysis) -> Summary | None:
    test = places.test
    if test is None:
        return None
    by_category = None if test.persistence is None else test.persistence.category.value_counts()
    return {
        "cell_size_m": test.cells.cell_size_m,
        "cell_shape": test.cells.shape,
        "cell_size_reason": test.choice.reason,
        "is_snapped": test.choice.is_snapped,
        "n_cells": len(test.cells),
        "false_discovery_rate": test.gi_star.false_discovery_rate,
        "n_hot": int(test.gi_star.is_hot.sum()),
        "n_cold": int(test.gi_star.is_cold.sum()),
        "moran": {
            str(quadrant): int((test.moran.is_significant & (test.moran.quadrant == quadrant)).sum())
            for quadrant in test.moran.quadrant.categories
        },
        "n_periods": None if test.periods is None else len(test.periods),
        "period_length": None if test.periods is None else test.periods.length,
        "period_unit": None if test.periods is None else test.periods.unit,
        "periods_left_out": None if test.periods is None else test.periods.explanation,
        "persistence": None
        if by_category is None
        else {str(name): int(n) for name, n in by_category.items() if name != "none"},
    }


def summarise_holdout(holdout: Holdout) -> Summary:
    """Every score of a rolling test."""
    return {
        "folds": [
            {
                "fit_start": fold.fit_start.isoformat(),
                "fit_end": fold.fit_end.isoformat(),
                "test_start": fold.test_start.isoformat(),
                "test_end": fold.test_end.isoformat(),
            }
            for fold in holdout.folds
        ],
        "n_incidents": holdout.n_incidents,
        "area_shares": list(holdout.area_shares),
        "judged": find_judged(holdout.area_shares),
        "methods": [summarise_method(method) for method in holdout.methods],
        "hotspots": holdout.hotspots and summarise_score(holdout.hotspots),
        "last_hotspots": holdout.last_hotspots and summarise_score(holdout.last_hotspots),
    }


def summarise_method(method: MethodScore) -> Summary:
    """The scores of one method."""
    against = method.against_best
    return {
        "method": method.method,
        "cell_size_m": method.cell_size_m,
        "bandwidth_m": method.bandwidth_m,
        "scores": [summarise_score(score) for score in method.scores],
        "at_hotspots": method.at_hotspots and summarise_score(method.at_hotspots),
        "behind_best": None
        if against is None
        else {
            "difference": rounded(against.difference, 4),
            "low": rounded(against.difference_interval[0], 4),
            "high": rounded(against.difference_interval[1], 4),
            "p": significant(against.p_value),
            "is_clear": against.winner == "first",
        },
    }


def summarise_score(score: AreaScore) -> Summary:
    """One score at one share of the area."""
    return {
        "area_share": significant(score.area_share),
        "n_hits": score.n_hits,
        "n_incidents": score.n_incidents,
        "hit_rate": rounded(score.hit_rate, 4),
        "hit_rate_low": rounded(score.hit_rate_interval[0], 4),
        "hit_rate_high": rounded(score.hit_rate_interval[1], 4),
        "pai": rounded(score.pai, 2),
        "pei": rounded(score.pei, 3),
        "rri": rounded(score.rri, 3),
        "best_hit_rate": rounded(score.best_hit_rate, 4),
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
        "share": rounded(hotspot.share, 4),
        "area_km2": rounded(hotspot.area_km2, 4),
        "density_per_km2": significant(hotspot.density_per_km2),
        "easting": round(centre.x),
        "northing": round(centre.y),
        "wards": [{"code": code, "name": str(names[code])} for code in hotspot.wards],
        "locations": [{"location": text, "n_incidents": n} for text, n in hotspot.locations],
        "location_kinds": [{"kind": text, "n_incidents": n} for text, n in hotspot.location_kinds],
        **_evidence(hotspot, analysis),
        "peak": summarise_window(hotspot.profile.peaks[0]) if hotspot.profile.peaks else None,
        "n_timed": hotspot.profile.n_timed,
        "havens": _hotspot_havens(hotspot, analysis),
    }


def _evidence(hotspot: Hotspot, analysis: Analysis) -> Summary:
    evidence = hotspot.evidence
    rate = 1000 * hotspot.n_incidents / hotspot.residents / analysis.n_years if hotspot.residents else None
    found = {
        "expected": rounded(evidence.expected, 1),
        "expected_low": evidence.expected_low,
        "expected_high": evidence.expected_high,
        "rank_low": evidence.rank_low,
        "rank_high": evidence.rank_high,
        "gi_star": rounded(evidence.z, 2),
        "gi_star_p": significant(evidence.p_adjusted),
        "is_significant": evidence.is_significant,
        "stability": rounded(evidence.stability, 2),
        "persistence": evidence.persistence,
        "sureness": evidence.sureness,
        "harm": None if hotspot.harm is None else significant(hotspot.harm),
        "residents": None if hotspot.residents is None else round(hotspot.residents, -1),
        "rate_per_1000": None if rate is None else float(f"{rate:.2g}"),
    }
    return found | {"certainty": say("certainty.sentence", found)}


def _hotspot_havens(hotspot: Hotspot, analysis: Analysis) -> Summary | None:
    if analysis.havens is None:
        return None
    coverage = analysis.havens.coverage
    timed = (analysis.incidents["time_precision"] == "minute").to_numpy()[hotspot.members]
    is_open = coverage.is_open_within_reach[hotspot.members][timed]
    can_tell = bool(timed.any()) and coverage.share_open_within_reach is not None
    return {
        "share_within_reach": rounded(coverage.is_within_reach[hotspot.members].mean(), 4),
        "share_open_within_reach": rounded(is_open.mean(), 4) if can_tell else None,
    }

"""The performance table and the priorities, as a page and numbers."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

import hotspots
from hotspots.analysis.change import WHOLE_AREA
from hotspots.analysis.rates import CRITERIA
from hotspots.pipeline import CELL_SIZE_M, MIN_RANKED, Indicator, Performance
from hotspots.products.summary import Summary, rounded, significant
from hotspots.products.words import make_environment, say, say_list

PERFORMANCE_PRODUCTS = {
    "performance": "performance.html",
    "performance_csv": "performance.csv",
    "performance_json": "performance.json",
}

_N_FILES_NAMED = 3
_MARKS = {
    "clearly improving": "good", "improving": "fair", "no apparent change": "", "deteriorating": "poor",
    "clearly deteriorating": "bad",
    "met": "good", "met, within chance": "fair", "missed, within chance": "poor", "missed": "bad",
}  # fmt: skip
"""The mark beside each word: blue discs for good news, brown squares for bad, hollow where less sure."""


def draw_performance(summary: Summary) -> str:
    """The page, as HTML."""
    files = [file["path"] for file in summary["inputs"]]
    priorities = summary["priorities"]
    return (
        make_environment()
        .get_template("performance.html")
        .render(
            s=summary,
            place=_name_place(summary["study_area"]),
            peered=[row for row in summary["indicators"] if row["peers"]],
            marks=_MARKS,
            criteria=CRITERIA,
            n_used=sum(weight > 0 for weight in priorities["criterion_weights"].values()) if priorities else 0,
            min_ranked=MIN_RANKED,
            sources=files
            if len(files) <= _N_FILES_NAMED
            else [*files[:_N_FILES_NAMED], f"{len(files) - _N_FILES_NAMED} more"],
        )
    )


def _name_place(area: Summary) -> str:
    if not area["is_all"] and area["n_wards"] <= _N_FILES_NAMED:
        return say_list(area["wards"])
    boroughs = area["boroughs"]
    return say_list(boroughs) if 0 < len(boroughs) <= _N_FILES_NAMED else f"{area['n_wards']} areas"


def summarise_performance(performance: Performance) -> Summary:
    """Everything that was found, as JSON values."""
    wards, study = performance.wards, performance.study
    ranked, crimes = performance.priorities, study.definitions.crimes
    return {
        "period": {"start": performance.start.isoformat(), "end": performance.end.isoformat()},
        "data_status": performance.data_status,
        "study_area": {
            "n_wards": len(wards),
            "is_all": len(wards) == len(study.boundaries.wards),
            "wards": sorted(wards["ward_name"].astype(str)),
            "boroughs": sorted(wards["borough"].dropna().astype(str).unique()),
            "population": rounded(performance.population, 0),
        },
        "indicators": [_summarise_indicator(indicator) for indicator in performance.indicators],
        "unshown_targets": [crimes[slug].label if slug in crimes else slug for slug in performance.unshown_targets],
        "priorities": None
        if ranked is None
        else {
            "criterion_weights": {name: rounded(weight, 3) for name, weight in ranked.criterion_weights.items()},
            "min_incidents": MIN_RANKED,
            "cell_size_m": CELL_SIZE_M,
            "crimes": [
                _summarise_priority(str(slug), row, performance) for slug, row in ranked.table.to_dict("index").items()
            ],
            "unranked": [crimes[slug].label for slug in (*performance.unranked, *ranked.unranked)],
            "sources": list(performance.sources),
        },
        "inputs": [
            {"path": file.path, "table": file.table, "sha256": file.sha256, "data_status": file.data_status}
            for file in performance.inputs
        ],
        "products": dict(PERFORMANCE_PRODUCTS),
        "version": hotspots.__version__,
    }


def _summarise_indicator(indicator: Indicator) -> Summary:
    comparison, change, peers = indicator.comparison, indicator.change, indicator.peers
    row: dict[Any, Any] | None = None if change is None else change.table.to_dict("index")[WHOLE_AREA]
    return {
        "crime": indicator.crime.slug,
        "label": indicator.crime.label,
        "current": [comparison.current_first.isoformat(), comparison.current_last.isoformat()],
        "previous": [comparison.earlier_first.isoformat(), comparison.earlier_last.isoformat()],
        "n_current": indicator.n_current,
        "n_months": indicator.n_months,
        "change": row
        and {
            "n_previous": int(row["n_earlier"]),
            "n_current": int(row["n_current"]),
            "ratio": rounded(row["ratio"], 3),
            "low": rounded(row["low"], 3),
            "high": rounded(row["high"], 3),
            "percent": None if pd.isna(row["percent"]) else int(row["percent"]),
            "p": significant(row["p_value"]),
            "verdict": str(row["verdict"]),
            "dispersion": rounded(row["dispersion"], 2),
        },
        "reason": comparison.reason,
        "gap_months": [str(month) for month in indicator.gap_months],
        "target": indicator.target and say("performance.target", indicator.target),
        "status": indicator.status,
        "peers": peers
        and {
            "rate": rounded(peers.rate, 2),
            "per": peers.per,
            "rank": peers.rank,
            "rank_low": peers.rank_low,
            "rank_high": peers.rank_high,
            "n_areas": peers.n_areas,
            "rates": [{"area": str(area), "rate": rounded(rate, 2)} for area, rate in peers.peer_rates.items()],
        },
    }


def _summarise_priority(slug: str, row: dict[Any, Any], performance: Performance) -> Summary:
    crimes = performance.study.definitions.crimes
    measured = performance.measures.to_dict("index")[slug]
    return {
        "crime": slug,
        "label": crimes[slug].label,
        "rank": int(row["rank"]),
        "rank_low": int(row["rank_low"]),
        "rank_high": int(row["rank_high"]),
        "score": rounded(row["score"], 1),
        "n_criteria": int(row["n_criteria"]),
        "criteria": {
            name: {"score": rounded(row[name], 1), "measure": _round_measure(name, measured[name])} for name in CRITERIA
        },
    }


def _round_measure(name: str, value: float) -> float | None:
    if not math.isfinite(value):
        return None
    if name in ("volume", "trend"):  # counted, and a step of the scale: neither is rounded
        return rounded(value, 0)
    return rounded(value, 3) if name == "concentration" else significant(value)

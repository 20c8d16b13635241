"""The performance table and the priorities, as a page, a table and numbers."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pandas as pd

import hotspots
from hotspots.analysis.change import VERDICTS, WHOLE_AREA
from hotspots.analysis.rates import CRITERIA, Target
from hotspots.pipeline import CELL_SIZE_M, MIN_RANKED, Indicator, Performance
from hotspots.products.files import name_folder, replace_folder, write_csv
from hotspots.products.summary import Summary, rounded, significant
from hotspots.products.words import make_environment, say_list, say_month, say_status

PRODUCTS = {
    "performance": "performance.html",
    "performance_csv": "performance.csv",
    "performance_json": "performance.json",
}
FOLDER = "performance"

_N_FILES_NAMED = 3
_MILLION = 1e6
_MARKS = {
    "clearly improving": "good", "improving": "fair", "no apparent change": "", "deteriorating": "poor",
    "clearly deteriorating": "bad",
    "met": "good", "met, within chance": "fair", "missed, within chance": "poor", "missed": "bad",
}  # fmt: skip
"""The mark beside each word: blue discs for good news, brown squares for bad, hollow where less sure."""


def write_performance(performance: Performance, out: Path) -> tuple[Summary, dict[str, Path]]:
    """Write the page, the table and the numbers to one folder below `<out>/performance/`, all or none.

    Returns:
        The summary, and the path of each product by its key.
    """
    summary = summarise_performance(performance)
    period = f"{performance.start}_{performance.end}"
    folder = out / FOLDER / name_folder(period, performance.wards, performance.study.boundaries.wards)
    with replace_folder(folder, out=out) as draft:
        (draft / PRODUCTS["performance"]).write_text(draw_performance(summary), "utf-8", newline="\n")
        write_csv(tabulate_indicators(summary), draft / PRODUCTS["performance_csv"])
        numbers = json.dumps(summary, ensure_ascii=False, indent=1, allow_nan=False) + "\n"
        (draft / PRODUCTS["performance_json"]).write_text(numbers, "utf-8", newline="\n")
    return summary, {key: folder / name for key, name in PRODUCTS.items()}


def draw_performance(summary: Summary) -> str:
    """The page, as HTML."""
    environment = make_environment()
    environment.filters |= {"month": say_month, "measure": say_measure}
    files = [file["path"] for file in summary["inputs"]]
    priorities = summary["priorities"]
    return environment.get_template("performance.html").render(
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


def _name_place(area: Summary) -> str:
    if not area["is_all"] and area["n_wards"] <= _N_FILES_NAMED:
        return say_list(area["wards"])
    boroughs = area["boroughs"]
    return say_list(boroughs) if 0 < len(boroughs) <= _N_FILES_NAMED else f"{area['n_wards']} areas"


def say_measure(value: float, name: str) -> str:
    """A measure as the table has it, no more exact than three digits."""
    if name == "trend":
        return VERDICTS[round(value) + 2]
    if name == "concentration":
        return f"{value:.2f}"
    if name == "volume":
        return f"{value:,.0f}"
    short = float(f"{value:.3g}")
    number = f"{short:,.0f}" if short < _MILLION else f"{short / _MILLION:,.4g} million"
    return f"£{number}" if name == "cost" else number


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
        "products": dict(PRODUCTS),
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
        "target": indicator.target and say_target(indicator.target),
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


def say_target(target: Target) -> str:
    """A target as a table has it: "-5%", "no more than 1,200"."""
    if target.n_incidents is not None:
        return f"no more than {target.n_incidents:,}"
    percent = 100 * float(target.change or 0.0)
    return f"{percent:+.3g}%" if percent else "no rise"


def tabulate_indicators(summary: Summary) -> pd.DataFrame:
    """One row an indicator, in the columns that partnerships print."""
    rows = []
    for indicator in summary["indicators"]:
        change, peers = indicator["change"] or {}, indicator["peers"] or {}
        rows.append(
            {
                "indicator": indicator["label"],
                "previous_12_months": change.get("n_previous"),
                "current_12_months": indicator["n_current"],
                "months_with_data": indicator["n_months"],
                "change_percent": change.get("percent"),
                "ratio": change.get("ratio"),
                "ratio_low": change.get("low"),
                "ratio_high": change.get("high"),
                "verdict": change.get("verdict"),
                "target": indicator["target"],
                "status": indicator["status"],
                "rate": peers.get("rate"),
                "rank_among_peers": peers.get("rank"),
                "rank_low": peers.get("rank_low"),
                "rank_high": peers.get("rank_high"),
                "n_areas": peers.get("n_areas"),
                "explanation": indicator["reason"],
                "crime": indicator["crime"],
                "period_start": indicator["current"][0],
                "period_end": indicator["current"][1],
                "data_status": say_status(summary["data_status"]) or "ordinary",
            }
        )
    counts = dict.fromkeys(
        ("previous_12_months", "change_percent", "rank_among_peers", "rank_low", "rank_high", "n_areas"), "Int64"
    )
    return pd.DataFrame(rows).astype(counts)

"""The page and the numbers that say whether an operation worked."""

from __future__ import annotations

import datetime as dt
import math

import hotspots
from hotspots.analysis.change import CountDifference, Counts, Scatter, count_areas_needed
from hotspots.geography import name_crs
from hotspots.pipeline import Judgement, Operation
from hotspots.products.drawing import HOTSPOT, OUTSIDE, QUIET, RINGS, draw_areas, draw_before_after
from hotspots.products.summary import Summary, rounded, significant
from hotspots.products.words import (
    describe_operation,
    make_environment,
    note_operation,
    say,
    say_p,
    say_ratio_as_change,
    say_ratio_limits,
)

OPERATION_PRODUCTS = {"operation": "operation.html", "operation_json": "operation.json"}


def summarise_operation(operation: Operation) -> Summary:
    """Everything that was found, as JSON values, with the sentences that the page and the terminal say."""
    request, found, areas = operation.request, operation.displacement, operation.areas
    accounts = operation.selection.accounts
    summary: Summary = {
        "crime": operation.crime.slug,
        "crime_label": operation.crime.label,
        "crime_plural": operation.crime.plural,
        "data_status": operation.study.data_status,
        "operation": _summarise_period(request.start, request.end),
        "before": {
            **_summarise_period(*operation.before),
            "kind": request.before,
            "words": _say_before(operation),
            "other": operation.other_before,
        },
        "areas": {
            "treated": {
                "name": operation.treated_name,
                "area_km2": significant(areas.treated.area / 1e6),
                "outside_share": rounded(areas.outside_share, 4),
            },
            "control": {
                "name": operation.control_name,
                "area_km2": significant(areas.control.area / 1e6),
                "is_rest": areas.is_rest,
                "is_adjoining": areas.is_adjoining,
                "overlap_share": rounded(areas.overlap_share, 4),
            },
            "buffer_m": request.buffer_m,
            "n_apart": math.floor(areas.n_apart),
            "n_apart_needed": count_areas_needed(found.confidence),
            "crs": name_crs(operation.selection.wards.crs),
        },
        "counts": [
            _summarise_counts(key, label, counts)
            for key, label, counts in (
                ("treated", "Treated area", found.treated),
                ("displacement_treated", "Around the treated area", found.displacement_treated),
                ("control", "Control", found.control),
                ("displacement_control", "Around the control", found.displacement_control),
            )
            if counts is not None
        ],
        "confidence": found.confidence,
        "results": {
            key: None if judged is None else _summarise_result(judged, difference, found.confidence)
            for key, judged, difference in (
                ("net", operation.net, found.net),
                ("local", operation.local, found.local),
                ("displaced", operation.displaced, found.displaced),
            )
        },
        "untried": operation.untried,
        "least_expected": rounded(found.least_expected, 2),
        "is_small": found.is_small,
        "size_ratio": rounded(found.size_ratio, 2),
        "is_alike": found.is_alike,
        "bin_unit": operation.bin_unit,
        "bins": [
            {
                "start": one.start.isoformat(),
                "end": one.end.isoformat(),
                "n_treated": one.n_treated,
                "n_control": one.n_control,
                "is_whole": one.is_whole,
            }
            for one in operation.bins
        ],
        "n_points": operation.n_points,
        "spacing_m": rounded(operation.spacing_m, 0),
        "n_unplaced": operation.n_unplaced,
        "n_undated": operation.n_undated,
        "low_months": list(operation.low_months),
        "seed": request.seed,
        "accounts": {
            "read": accounts.read,
            "rejected": accounts.rejected,
            "rejected_of_crime": accounts.rejected_of_crime,
            "other_crimes": accounts.other_crimes,
            "outside_period": accounts.outside_period,
            "outside_area": accounts.outside_area,
            "analysed": accounts.analysed,
        },
        "inputs": [
            *(
                {"path": file.path, "table": file.table, "sha256": file.sha256, "data_status": file.data_status}
                for file in operation.study.inputs
            ),
            *(
                {"path": file.label, "table": "areas", "sha256": file.sha256, "data_status": None}
                for file in operation.files
            ),
        ],
        "products": dict(OPERATION_PRODUCTS),
        "version": hotspots.__version__,
    }
    # what changed around an area without any incident says nothing of the area
    summary["verdict"] = operation.net.change.direction if any(found.treated) else "nothing can be said"
    return summary | {"words": describe_operation(summary), "notes": note_operation(summary)}


def _summarise_period(start: dt.date, end: dt.date) -> Summary:
    return {"start": start.isoformat(), "end": end.isoformat(), "n_days": (end - start).days + 1}


def _summarise_counts(key: str, label: str, counts: Counts) -> Summary:
    before, after = counts
    return {
        "area": key,
        "label": label,
        "before": before,
        "after": after,
        "change": after - before,
        "change_share": rounded(after / before - 1, 4) if before else None,
    }


def _summarise_result(judged: Judgement, difference: CountDifference | None, confidence: float) -> Summary:
    change = judged.change
    return {
        "verdict": change.direction,
        "ratio": rounded(change.ratio, 4),
        "low": rounded(change.low, 4),
        "high": rounded(change.high, 4),
        "p_value": significant(change.p_value),
        "n_expected": rounded(change.n_expected, 1),
        "n_more": rounded(change.n_more, 1),
        "n_more_low": rounded(change.n_more_low, 1),
        "n_more_high": rounded(change.n_more_high, 1),
        "elsewhere": _summarise_scatter(judged.elsewhere),
        "spread": rounded(change.spread, 3),
        "confidence": confidence,
        "weighted_displacement_difference": None
        if difference is None
        else {
            "difference": rounded(difference.difference, 2),
            "variance": rounded(difference.variance, 2),
            "z": rounded(difference.z, 3),
            "p_value": significant(difference.p_value),
            "p_fall": significant(difference.p_fall),
            "p_rise": significant(difference.p_rise),
            "low": rounded(difference.low, 1),
            "high": rounded(difference.high, 1),
        },
    }


def _summarise_scatter(scatter: Scatter | None) -> Summary | None:
    if scatter is None:
        return None
    return {
        "n_areas": scatter.n_areas,
        "called_share": rounded(scatter.called_share, 4),
        "spread": rounded(scatter.spread, 3),
    }


def _say_before(operation: Operation) -> str:
    request = operation.request
    if request.before == "year":
        return "the same months of the year before" if request.is_whole_months else "52 weeks before, the same weekdays"
    return "as many months just before" if request.is_whole_months else "as many days just before"


def draw_operation(operation: Operation, summary: Summary) -> str:
    """The page of an operation, as HTML."""
    areas = operation.areas
    environment = make_environment()
    environment.filters["signed"] = _signed
    return environment.get_template("operation.html").render(
        s=summary,
        map=draw_areas(operation),
        chart=draw_before_after(summary),
        rows=_make_rows(summary),
        colours={"treated": HOTSPOT, "control": QUIET, "rings": RINGS, "outside": OUTSIDE},
        has_ring=areas.treated_ring is not None,
        has_control_ring=areas.control_ring is not None,
    )


def _make_rows(summary: Summary) -> list[dict[str, str]]:
    """The table of results, in words."""
    buffer = f"{summary['areas']['buffer_m']:g} m around it"
    names = {"local": "Treated area", "displaced": buffer, "net": "Both"}
    if summary["results"]["displaced"] is None:
        names = {"local": "Treated area"}
    rows = []
    for key, name in names.items():
        result = summary["results"][key]
        wdd = result["weighted_displacement_difference"]
        known = wdd["low"] is not None
        rows.append(
            {
                "name": name,
                "verdict": say("operation.in_short", result["verdict"]),
                "change": say_ratio_as_change(result["ratio"]),
                "limits": say_ratio_limits(result),
                "p": say_p(result["p_value"]),
                "difference": _signed(wdd["difference"]),
                "difference_limits": f"{_signed(wdd['low'])} to {_signed(wdd['high'])}" if known else "not known",
                "z": f"z {wdd['z']:.2f}, {say_p(wdd['p_value'])}".replace("-", "\u2212"),
            }
        )
    return rows


def _signed(value: float) -> str:
    rounded_value = round(value)
    return f"+{rounded_value:,}" if rounded_value > 0 else f"{rounded_value:,}".replace("-", "\u2212")

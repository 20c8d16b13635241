"""The page that says whether an operation worked."""

from __future__ import annotations

from hotspots.pipeline import Operation
from hotspots.products.drawing import HOTSPOT, OUTSIDE, QUIET, RINGS, draw_areas, draw_before_after
from hotspots.products.summary import OperationSummary
from hotspots.products.words import make_environment, say, say_p


def draw_operation(operation: Operation, summary: OperationSummary) -> str:
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


def _make_rows(summary: OperationSummary) -> list[dict[str, str]]:
    """The table of results, in words."""
    results = {"Treated area": summary.results.local}
    if summary.results.displaced:
        results |= {f"{summary.areas.buffer_m:g} m around it": summary.results.displaced, "Both": summary.results.net}
    rows = []
    for name, result in results.items():
        wdd = result.weighted_displacement_difference
        assert wdd is not None
        rows.append(
            {
                "name": name,
                "verdict": say("operation.in_short", result.verdict),
                "change": say("operation.change", result.ratio),
                "limits": say("operation.limits", result),
                "p": say_p(result.p_value),
                "difference": _signed(wdd.difference),
                "difference_limits": "not known"
                if wdd.low is None or wdd.high is None
                else f"{_signed(wdd.low)} to {_signed(wdd.high)}",
                "z": f"z {wdd.z:.2f}, {say_p(wdd.p_value)}".replace("-", "\u2212"),
            }
        )
    return rows


def _signed(value: float) -> str:
    rounded_value = round(value)
    return f"+{rounded_value:,}" if rounded_value > 0 else f"{rounded_value:,}".replace("-", "\u2212")

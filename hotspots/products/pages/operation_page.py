"""The page that says whether an operation worked."""

from __future__ import annotations

from hotspots.pipeline import Operation
from hotspots.products.drawing import HOTSPOT, OUTSIDE, QUIET, RINGS, draw_areas, draw_before_after
from hotspots.products.summary import Summary
from hotspots.products.words import make_environment, say, say_p, say_ratio_as_change, say_ratio_limits


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

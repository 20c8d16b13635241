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
from hotspots.products.words import make_environment, say_list, say_p, say_share

OPERATION_PRODUCTS = {"operation": "operation.html", "operation_json": "operation.json"}

_IN_SHORT = {
    "better": "better than the control",
    "worse": "worse than the control",
    "no apparent effect": "no apparent effect",
    "nothing can be said": "nothing can be said",
}
_FEW_POINTS = 10
_MANY_TIMES = 2.0
_WHOLE_FROM = 9.95
_WIDENED_FROM = 1.05


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


def say_ratio_as_change(ratio: float | None, otherwise: str = "not known") -> str:
    """A ratio as a change: "28% fewer", "3% more", "3.2 times as many"."""
    if ratio is None or not math.isfinite(ratio):
        return otherwise
    if ratio >= _MANY_TIMES:
        return f"{_say_times(ratio)} times as many"
    percent = round(100 * (ratio - 1))
    if percent == 0:
        return "as many"
    return f"{-percent}% fewer" if percent < 0 else f"{percent}% more"


def _say_times(n: float) -> str:
    """How many times: "1,240", "9.9"; below 1 "0.45"."""
    return f"{n:,.0f}" if n >= _WHOLE_FROM else f"{n:.1f}" if n >= 1 else f"{n:.2g}"


def say_ratio_limits(result: Summary) -> str:
    """The limits of a result as changes: "45% fewer to 3% more"."""
    low, high = say_ratio_as_change(result["low"]), say_ratio_as_change(result["high"], "no upper limit")
    if low.endswith("fewer") and high.endswith("fewer"):
        return f"{low.removesuffix(' fewer')} to {high}"
    if low.endswith("% more") and high.endswith("% more"):
        return f"{low.removesuffix(' more')} to {high}"
    return f"{low} to {high}"


def describe_operation(summary: Summary) -> list[str]:
    """The verdict, how large the effect may be, and whether crime moved, a sentence or two each."""
    results, buffer = summary["results"], f"{summary['areas']['buffer_m']:g} m"
    net, local, displaced = results["net"], results["local"], results["displaced"]
    plural, counts = summary["crime_plural"], {row["area"]: row for row in summary["counts"]}
    where = f"in the treated area and {buffer} around it" if displaced else "in the treated area"
    beside = "around the control" if "displacement_control" in counts else "in the control"
    if counts["treated"]["before"] == counts["treated"]["after"] == 0:
        crime = summary["crime_label"].lower()
        lines = [f"Nothing can be said: no {crime} in the treated area before or during."]
    elif net["verdict"] == "nothing can be said":
        lines = [f"Nothing can be said: there are too few {plural} to compare with."]
    else:
        both = f"in the control and {buffer} around it" if "displacement_control" in counts else "in the control"
        lines = [
            {
                "better": f"{_capital(plural)} {where} did better than in the control, by more than chance.",
                "worse": f"{_capital(plural)} {where} did worse than in the control, by more than chance.",
                "no apparent effect": f"No apparent effect: {plural} {where} changed as in the control, "
                "as far as chance lets us tell.",
            }[net["verdict"]],
            f"{_say_size(net, summary, both)}{_say_hidden(net)}",
        ]
        if displaced:
            lines.append(f"In the treated area alone: {_say_verdict(local)}. {_say_size(local, summary)}")
    if displaced:
        moved = _say_moved(local["verdict"], displaced["verdict"], beside)
        lines.append(f"In the {buffer} around it: {moved}. {_say_size(displaced, summary, beside)}")
    return lines


def _say_moved(local: str, displaced: str, beside: str) -> str:
    """What the surroundings say of displacement, given how the treated area itself did."""
    if displaced == "no apparent effect":
        return f"no apparent change against that {beside}; a move of the size of these limits would not have been seen"
    if displaced == "nothing can be said":
        return displaced
    said = f"they did {displaced} there than {beside}, by more than chance"
    if displaced == "better":
        return f"{said}: no sign that they moved there" + ("; the effect may have spread" if local == "better" else "")
    if local == "better":
        return f"{said}: some may have moved there"
    return f"{said}; but as they did not do better in the treated area, this is no sign that they moved from it"


def _say_verdict(result: Summary) -> str:
    verdict = str(result["verdict"])
    return _IN_SHORT[verdict] + (", by more than chance" if verdict in ("better", "worse") else "")


def _say_size(result: Summary, summary: Summary, control: str = "in the control") -> str:
    if result["ratio"] is None:
        return "How much more or less than expected cannot be said: there are too few to compare with."
    expected, change = result["n_expected"], say_ratio_as_change(result["ratio"])
    after = f"{round(result['n_more'] + expected):,}"
    than = "as" if change.endswith("as many") else "than"
    return (
        f"{_capital(change)} {than} if they had changed as {control}: {after} where {_say_expected(expected)} "
        f"were to be expected ({summary['confidence']:.0%} limits: {say_ratio_limits(result)}; "
        f"{say_p(result['p_value'])})."
    )


def _say_expected(n: float) -> str:
    """An expected number, to a tenth where that is of weight."""
    return f"{n:,.0f}" if n >= 10 else f"{n:.1f}"


def _say_hidden(result: Summary) -> str:
    if result["verdict"] != "no apparent effect" or result["low"] is None or result["ratio"] is None:
        return ""
    return " An effect within these limits would not have been seen: this is no proof that there was none."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _note(summary: Summary) -> list[str]:
    """What to know before the result is believed, most important first."""
    return [
        sentence for part in (_note_elsewhere, _note_areas, _note_data, _note_difference) for sentence in part(summary)
    ]


def _note_elsewhere(summary: Summary) -> list[str]:
    net, level, areas = summary["results"]["net"], 1 - summary["confidence"], summary["areas"]
    elsewhere, n_apart = net["elsewhere"], areas["n_apart"]
    if elsewhere is None:
        why = {
            "none before": f"The treated area had no {summary['crime_label'].lower()} before, so no other area is like "
            "it",
            "area too large": f"The area is too large to be laid elsewhere: the study area has room for {n_apart:,} of "
            f"its size side by side, and limits of {summary['confidence']:.0%} take {areas['n_apart_needed']:,}",
            "control too large": "The control is too large to be laid elsewhere in the study area",
            "too few alike": "Too few areas of this shape elsewhere in the study area had like numbers before",
        }[summary["untried"]]
        return [
            f"{why}. So the result could not be tried where nothing was done, and the limits are not widened: they "
            "take incidents to be independent, but real ones come in series, and an effect is called more often than "
            "chance should."
        ]
    widened = (
        f"The limits were widened {_say_times(elsewhere['spread'])} times, so that it is called in {level:.0%} of such "
        "areas or fewer."
        if elsewhere["spread"] >= _WIDENED_FROM
        else "The limits needed hardly any widening."
    )
    return [
        f"Tried elsewhere: the same outline was laid at random over {elsewhere['n_areas']:,} other parts of the study "
        f"area with like numbers before; they overlap, there being room for {n_apart:,} side by side. An exact test "
        f"calls an effect in {say_share(elsewhere['called_share'])} of them, where chance alone would in {level:.0%} "
        f"or fewer. {widened}"
    ]


def _note_areas(summary: Summary) -> list[str]:
    areas, said = summary["areas"], []
    treated, control, buffer_m = areas["treated"], areas["control"], areas["buffer_m"]
    if not buffer_m:
        said.append(
            "Whether crime moved next door was not looked at; give a buffer of 200 m or so to see it."
            + (
                " What moved there counts in the control, and makes the effect look larger."
                if control["is_rest"]
                else ""
            )
        )
    elif summary["results"]["displaced"] is None:
        said.append(
            "Nothing is left around the treated area to look for displacement in: the control begins at its edge. "
            "Give a control further away."
            if control["is_adjoining"] and not control["is_rest"]
            else f"Nothing of the study area is left within {buffer_m:g} m of the treated area to look for "
            "displacement in."
        )
    if control["is_rest"]:
        said.append(
            "The control is all of the study area that was not treated: other things happened in it. A control chosen "
            "beforehand for being like the treated area is better."
        )
    elif control["is_adjoining"]:
        said.append(
            "The control lies next to the treated area: crime that moved into it would make the effect look larger. "
            "Choose one further away."
        )
    if control["overlap_share"] and control["overlap_share"] >= 0.0005:
        said.append(f"{say_share(control['overlap_share'])} of the control was treated too, and is left out of it.")
    if treated["outside_share"] and treated["outside_share"] >= 0.0005:
        said.append(
            f"{say_share(treated['outside_share'])} of the treated area is in none of the wards of the study, and is "
            "left out."
        )
    return said


def _note_data(summary: Summary) -> list[str]:
    said = []
    if summary["low_months"]:
        said.append(
            f"Of {say_list(summary['low_months'])} there are far fewer rows than of the months beside: perhaps the "
            "feed failed, and the change is one of the data."
        )
    if summary["n_points"] is not None:
        apart = f", usually {summary['spacing_m']:.0f} m from the next" if summary["spacing_m"] else ""
        said.append(
            f"Incidents are at shared points near where they happened{apart}; {summary['n_points']:,} of these points "
            "in the treated area have any. Incidents near its edge may be counted on the wrong side"
            + (
                ", and this area is too small for that not to matter."
                if summary["n_points"] < _FEW_POINTS
                else ", which makes an effect look smaller."
            )
        )
    if summary["n_undated"]:
        said.append(
            f"{summary['n_undated']:,} {summary['crime_plural']} are known only to a month that is not all in one of "
            "the periods, and are not counted."
        )
    if summary["n_unplaced"]:
        said.append(
            f"{summary['n_unplaced']:,} {summary['crime_plural']} of the two periods are known only to a larger area, "
            "and are not counted."
        )
    if summary["before"]["kind"] == "previous":
        said.append(
            "The period before is of another time of year: what the season did differently here and in the control "
            "counts as effect."
            + (" A comparison with the year before avoids that." if summary["before"]["other"] == "year" else "")
        )
    return said


def _note_difference(summary: Summary) -> list[str]:
    net, said = summary["results"]["net"], []
    difference = net["weighted_displacement_difference"]
    if not summary["is_alike"]:
        size, plural = summary["size_ratio"], summary["crime_plural"]
        had = (
            f"the treated area had no {plural} before"
            if size is None
            else f"the control had {_say_times(size)} times the {plural} of the treated area before"
        )
        said.append(
            f"Do not read the weighted displacement difference here: it takes equal NUMBERS gained or lost for no "
            f"effect, and {had}. The verdict compares shares."
        )
    elif (difference["p_value"] <= 1 - summary["confidence"]) != (net["verdict"] in ("better", "worse")):
        said.append(
            "The weighted displacement difference says otherwise than the verdict. It takes equal numbers gained or "
            "lost for no effect, where the verdict takes equal shares, and it allows nothing for series of offences."
        )
    if summary["is_small"]:
        said.append(
            f"The numbers are small (of one count only {summary['least_expected']:.2g} were to be expected): the "
            "weighted "
            "displacement difference is only rough below 5; the verdict holds, but only a large effect could be seen."
        )
    return said


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

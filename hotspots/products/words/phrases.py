"""Numbers, dates and shares as a reader in Britain expects them; the filters of the templates."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import jinja2


def say_number(value: float, digits: int = 0) -> str:
    """With thousands separators: 6,234."""
    return f"{value:,.{digits}f}"


def say_bound(value: float) -> str:
    """A class bound without needless zeros: 0.5, 20, 1,000."""
    return f"{value:,.10f}".rstrip("0").rstrip(".")


def say_share(share: float | None) -> str:
    """A share of 0-1 as a percentage: whole numbers, one decimal below 10%, never 0% for some, nor 100% for fewer."""
    if share is None:
        return "not known"
    percent = 100 * share
    if 0 < percent < 0.1:
        return "under 0.1%"
    if 99.5 <= percent < 100:
        return f"{min(percent, 99.9):.1f}%"
    return f"{percent:.1f}%" if 0 < percent < 9.95 else f"{percent:.0f}%"


def say_count(n: int, summary: dict[str, Any]) -> str:
    """A number of incidents of the crime in the summary: "1 robbery", "6,803 robberies"."""
    return f"{n:,} {summary['crime_label'].lower() if n == 1 else summary['crime_plural']}"


def say_date(iso: str) -> str:
    """1 October 2024."""
    day = dt.date.fromisoformat(iso)
    return f"{day.day} {day:%B %Y}"


def say_list(words: Sequence[str]) -> str:
    """A, B and C."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def say_status(data_status: dict[str, str]) -> str:
    """What the data say of themselves: "synthetic incidents, schematic boundaries"."""
    return say_list([f"{status} {table}" for table, status in data_status.items()])


def say_p(p: float) -> str:
    """A probability with the precision that anyone can use: "p 0.031", "p under 0.001"."""
    return "p under 0.001" if p < 0.001 else f"p {p:.2g}" if p < 0.1 else f"p {p:.2f}"


def say_why(hotspot: dict[str, Any]) -> str:
    """How sure a hot spot of the summary is, and what its surroundings say, in a few words."""
    around = "busy surroundings" if hotspot["is_significant"] else "surroundings not shown to be busy"
    again = f"{hotspot['sureness']} to be found again ({say_share(hotspot['stability'])})"
    return f"{again}; {around} (Gi* {say_p(hotspot['gi_star_p'])})"


def say_certainty(hotspot: dict[str, Any]) -> str:
    """The same as a sentence, with what to expect."""
    why = say_why(hotspot)
    expected = f"{hotspot['expected_low']:,} to {hotspot['expected_high']:,} to expect in another such period"
    return f"{why[0].upper()}{why[1:]}; {expected}, if nothing changes."


def say_harm(harm: float | None, table: dict[str, Any]) -> str:
    """A sum of harm: "29,800 points (severity)", "£451,000 (cost)"; nothing where it is not known."""
    if harm is None:
        return ""
    rounded = float(f"{harm:.3g}")
    return (
        f"£{rounded:,.0f} (cost)"
        if table["unit"] == "pounds"
        else f"{rounded:,.0f} {table['unit']} ({table['measure']})"
    )


def say_method(method: dict[str, Any]) -> str:
    """A method of the score, as a reader knows it."""
    names = {
        "risk": "Risk estimate",
        "counts": "Counts so far",
        "last period": "Counts of the last period",
        "gi-star": "Gi*",
    }
    return names.get(method["method"]) or f"Density, {method['bandwidth_m']:g} m"


def say_times(factor: float) -> str:
    """A multiple, no more exact than anyone can use: "4.7", "45", "1,000"."""
    return f"{factor:.1f}" if factor < 10 else f"{float(f'{factor:.2g}'):,.0f}"


def say_predecessor(holdout: dict[str, Any], summary: dict[str, Any]) -> str:
    """How the map before this one did: the last fold of the score, in words."""
    fold, score = holdout["folds"][-1], holdout["last_hotspots"]
    return (
        f"Hot spots drawn from the data up to {say_date(fold['fit_end'])} held {say_share(score['hit_rate'])} of the "
        f"{summary['crime_plural']} of {say_date(fold['test_start'])} to {say_date(fold['test_end'])}, in "
        f"{say_share(score['area_share'])} of the area: {say_times(score['pai'])} times their share."
    )


def say_hit_rate(score: dict[str, Any], area_share: float) -> str:
    """A hit rate at the share of the area asked for; a dash where a single cell is more than that."""
    return say_share(score["hit_rate"]) if score["area_share"] <= area_share * (1 + 1e-6) else "-"


_INDICES = {"pai": 1, "pei": 2, "rri": 2}


def say_uncertainty(holdout: dict[str, Any]) -> str:
    """How far the best method stands apart from the others, in words."""
    methods = holdout["methods"]
    best = next(method for method in methods if method["behind_best"] is None)
    judged = best["scores"][holdout["judged"]]
    alike = [
        say_method(method) for method in methods if method["behind_best"] and not method["behind_best"]["is_clear"]
    ]
    apart = (
        f"no more than chance tells it from: {say_list(alike)}."
        if alike
        else "better than each of the others by more than chance."
    )
    interval = f"{say_share(judged['hit_rate_low'])} to {say_share(judged['hit_rate_high'])}"
    indices = [f"{key.upper()} {judged[key]:.{digits}f}" for key, digits in _INDICES.items() if judged[key] is not None]
    said = f"{say_method(best)} ({interval}; {', '.join(indices)})"
    return f"Best in {say_share(judged['area_share'])} of the area: {said}, {apart}"


def make_environment() -> jinja2.Environment:
    """The environment of the page templates: everything is escaped unless marked safe."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("hotspots.products"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: dict[str, Any] = {
        "number": say_number,
        "bound": say_bound,
        "share": say_share,
        "count": say_count,
        "date": say_date,
        "listed": say_list,
        "why": say_why,
        "harm": say_harm,
        "method": say_method,
        "predecessor": say_predecessor,
        "uncertainty": say_uncertainty,
        "hit_rate": say_hit_rate,
        "status": say_status,
    }
    environment.filters.update(filters)
    return environment


def say_place(summary: dict[str, Any]) -> str:
    """What to call the area: its wards if few, else its boroughs if few."""
    wards = [ward["name"] for ward in summary["wards"]]
    if len(wards) <= 3:
        return say_list(sorted(wards))
    boroughs = sorted({ward["borough"] for ward in summary["wards"] if ward["borough"] and ward["n_incidents"]})
    return say_list(boroughs) if 0 < len(boroughs) <= 3 else f"{len(wards)} areas"


def say_month(month: str) -> str:
    """September 2026."""
    return f"{dt.date.fromisoformat(f'{month}-01'):%B %Y}"


def say_ratio(row: dict[str, Any]) -> str:
    """A ratio with its limits: "1.3 (1.2 to 1.4)"; a dash where there is nothing to compare.

    One digit where the limits are wide, unless they would run together with no difference.
    """
    ratio, low, high = row["ratio"], row["low"], row["high"]
    if low is None and high is None:
        return "-"
    is_open = ratio is None or high is None
    wide = is_open or high - (low or 0) >= 0.5
    digits = 1 if wide and 1.0 not in (round(low or 0, 1), round(high or 0, 1)) else 2
    if is_open:
        return f"over {low:.{digits}f}"
    return f"{ratio:.{digits}f} ({low or 0:.{digits}f} to {high:.{digits}f})"


def say_limits(row: dict[str, Any]) -> str:
    """The limits of a ratio alone, as exact as `say_ratio` has them: "1.2 to 1.4"."""
    return say_ratio(row).partition(" (")[2].removesuffix(")")


def say_change(percent: int | None) -> str:
    """A change in percent with its sign: "+31%", "-14%"; a dash where there were too few for one."""
    if percent is None:
        return "-"
    return f"+{percent}%" if percent > 0 else f"\N{MINUS SIGN}{-percent}%" if percent else "0%"


def say_verdict(verdict: str) -> tuple[str, str]:
    """The class and the symbol of a verdict: fewer point down, more point up, two where it is clear."""
    if "improving" in verdict:
        return "fewer", "▼▼" if "clearly" in verdict else "▼"
    if "deteriorating" in verdict:
        return "more", "▲▲" if "clearly" in verdict else "▲"
    return "same", "="


def say_distance_band(edges: list[float], index: int) -> str:
    """One band of distance: "same place", "up to 200 m", "200 to 400 m"."""
    low, high = (edges[index - 1] if index else 0.0), edges[index]
    if index == 0 and high <= 1:
        return "same place"
    return f"{low:g} to {high:g} m" if low > 1 else f"up to {high:g} m"


def say_round_share(share: float) -> str:
    """A share that somebody chose, as it was chosen: 5%, 1%, 99.7%."""
    return f"{100 * share:.3g}%"

"""What safe havens cover: by part of the week, and with so many new sites."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hotspots.products.charts.chart_sheet import (
    BODY,
    MARGIN,
    SMALL,
    WIDTH,
    Chart,
    LeftOut,
    Sheet,
    measure,
    shorten,
    use_style,
)
from hotspots.products.drawing import COVERAGE_COLOURS, GAP_FILL, HAVEN, INK, PATROL, SOFT
from hotspots.products.summary import HavenPlanSummary, RunSummary
from hotspots.products.words import say, say_share

_COVERAGE, _SITES = "coverage", "new_sites"
_STATES = ("open", "unknown", "closed")
_HATCHES = {"open": "", "unknown": "///", "closed": ""}
_MOST_LISTED = 10


def draw_coverage_chart(summary: HavenPlanSummary, *, marking: str | None = None) -> Chart | LeftOut:
    """A bar for each part of the week: incidents with an open haven, one of unknown hours, and closed ones.

    Args:
        summary: Of what havens cover.
        marking: Printed above and below, such as "OFFICIAL".

    Raises:
        HotspotsError: A package is not installed.
    """
    cover = summary.cover
    if cover is None or not cover.total.n_timed or not cover.parts:
        return LeftOut(name=_COVERAGE, reason=say("charts.no_coverage", summary))
    with use_style():
        sheet = Sheet(
            say("charts.coverage_title", summary),
            say("charts.coverage_subtitle", summary),
            say("charts.source", summary, ("incidents", "boundaries", "safe havens", "streets")),
            marking=marking,
        )
        left, right = MARGIN + 300, WIDTH - MARGIN - 66
        top, bottom = sheet.top + 44, sheet.bottom - 40
        plot = sheet.open_plot(left, top, right, bottom)
        plot.set(xlim=(0, 1), ylim=(len(cover.parts), 0))
        for percent in (0, 25, 50, 75, 100):
            plot.axvline(
                percent / 100, color=SOFT if percent == 0 else GAP_FILL, linewidth=1, zorder=0.5, clip_on=False
            )
            x = left + (right - left) * percent / 100
            sheet.write(x, bottom + 24, f"{percent}%", size=SMALL, colour=SOFT, across="center")
        tall = (bottom - top) / len(cover.parts)
        seen = {"open"}
        for index, part in enumerate(cover.parts):
            y, shares = top + (index + 0.5) * tall, part.shares
            sheet.write(MARGIN, y - 4, part.name or "", is_bold=True)
            sheet.write(MARGIN, y + 17, part.words or "", size=SMALL, colour=SOFT)
            if shares is None or shares.any_share is None:
                sheet.write(left + 10, y, say("charts.few"), colour=SOFT, down="center_baseline")
                continue
            is_split = shares.open_share is not None and shares.lost_share is not None
            amounts = (shares.open_share or 0, shares.unknown_share or 0, shares.lost_share or 0)
            if not is_split:
                plot.barh(index + 0.5, shares.any_share, height=0.62, color="white", edgecolor=INK, linewidth=1.2)
                seen.add("near")
            start = 0.0
            for state, share in zip(_STATES, amounts if is_split else (), strict=False):
                colour, hatch = COVERAGE_COLOURS[state], _HATCHES[state]
                if share:
                    seen.add(state)
                    plot.barh(index + 0.5, share, left=start, height=0.62, color=colour, hatch=hatch, edgecolor="white")
                start += share
            said = say("charts.few_open") if shares.open_share is None else say_share(shares.open_share)
            sheet.write(WIDTH - MARGIN, y, said, is_bold=True, across="right", down="center_baseline")
        _write_key(sheet, seen, left=left, y=top - 16)
        head = say("charts.open_head")
        sheet.write(WIDTH - MARGIN, top - 16, head, size=SMALL, colour=SOFT, across="right")
    return sheet.finish(_COVERAGE, say("charts.coverage_alt", summary))


def _write_key(sheet: Sheet, seen: set[str], *, left: float, y: float) -> None:
    """What the parts of a bar are, in their order."""
    from matplotlib.patches import Rectangle

    canvas, x = sheet.open_canvas(), left
    for state in (*_STATES, "near"):
        if state not in seen:
            continue
        said = say(f"charts.{state}_key")
        style: dict[str, Any] = {"facecolor": "white", "edgecolor": INK} if state == "near" else {
            "facecolor": COVERAGE_COLOURS[state], "hatch": _HATCHES[state], "edgecolor": "white"
        }  # fmt: skip
        canvas.add_patch(Rectangle((x, y - 15), 26, 18, linewidth=1, **style))
        sheet.write(x + 34, y, said, size=SMALL)
        x += 34 + measure(said, size=SMALL) + 24


def draw_sites_chart(summary: HavenPlanSummary | RunSummary, *, marking: str | None = None) -> Chart | LeftOut:
    """The share covered by the best choice of each number of new sites, from what is covered already.

    Args:
        summary: Of new sites, or of a run with candidates, of which it is the choice that adds most step by step.
        marking: Printed above and below, such as "OFFICIAL".

    Raises:
        HotspotsError: A package is not installed.
    """
    points = _list_points(summary)
    if len(points) < 2:
        return LeftOut(name=_SITES, reason=say("charts.no_sites", summary))
    labels = _list_labels(summary)
    with use_style():
        sheet = Sheet(
            say("charts.sites_title", summary, points),
            say("charts.sites_subtitle", summary),
            say("charts.source", summary, ("incidents", "boundaries", "safe havens", "candidates", "streets")),
            marking=marking,
        )
        left, right, top, bottom = MARGIN + 62, 810, sheet.top + 12, sheet.bottom - 76
        n_most = points[-1][0]
        highest = min(1.0, max(share for _, share in points) * 1.15 + 0.02)
        plot = sheet.open_plot(left, top, right, bottom)
        plot.set(xlim=(0, n_most), ylim=(0, highest))

        def place(n: int, share: float) -> tuple[float, float]:
            return left + (right - left) * n / n_most, bottom - (bottom - top) * share / highest

        step = next((step for step in (0.01, 0.02, 0.05, 0.1, 0.2) if highest / step <= 6), 0.25)
        for number in range(int(highest / step + 1e-9) + 1):
            level = number * step
            plot.axhline(level, color=GAP_FILL if number else SOFT, linewidth=1, zorder=0.5, clip_on=False)
            y = place(0, level)[1]
            sheet.write(left - 12, y, f"{100 * level:.0f}%", across="right", down="center_baseline")
        plot.plot(*zip(*points, strict=True), color=PATROL, linewidth=3, clip_on=False)
        plot.plot(*zip(*points[1:], strict=True), "o", color=PATROL, markersize=9, clip_on=False, zorder=3)
        plot.plot(*points[0], "s", color=HAVEN, markeredgecolor=INK, markersize=11, clip_on=False, zorder=3)
        every = max(1, -(-n_most // 10))
        for n, share in points:
            if n % every == 0 or n == n_most:
                x, y = place(n, share)
                sheet.write(x, bottom + 24, str(n), across="center")
                if n == 0:  # below the line, which rises
                    sheet.write(x + 14, y + 28, say("charts.now_share", share), is_bold=True)
                else:
                    across = "right" if n == n_most else "center"
                    sheet.write(x, y - 15, say_share(share), is_bold=True, across=across)
        below = say("charts.sites_axis", summary)
        sheet.write((left + right) / 2, bottom + 54, below, colour=SOFT, across="center")
        y = top + 12
        if labels:
            sheet.write(860, y, say("charts.sites_head", summary, labels), is_bold=True)
        for number, label in enumerate(labels[:_MOST_LISTED], start=1):
            y += 32
            said = shorten(f"{number}. {label}", size=BODY, width=WIDTH - MARGIN - 860)
            sheet.write(860, y, said)
    return sheet.finish(_SITES, say("charts.sites_alt", summary, points, labels))


def _list_points(summary: HavenPlanSummary | RunSummary) -> list[tuple[int, float]]:
    """How many new sites, and the share covered, as far as that is told; nothing without new sites."""
    if isinstance(summary, HavenPlanSummary):
        siting = summary.siting
        curve = [] if siting is None else [(one.n_sites, one.covered_share) for one in siting.curve]
        covered = siting.covered_share if siting else None
    else:
        found = summary.haven_sites
        shares = [] if found is None else [site.covered_share for site in found.sites]
        curve = [(n, share) for n, share in enumerate(shares, start=1) if share is not None]
        covered = found.covered_share if found else None
    return [] if covered is None else [(0, covered), *curve]


def _list_labels(summary: HavenPlanSummary | RunSummary) -> Sequence[str]:
    found = summary.siting if isinstance(summary, HavenPlanSummary) else summary.haven_sites
    return [site.label for site in found.sites] if found else []

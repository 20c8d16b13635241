"""On how few places the incidents lie, as a curve beside what chance gives."""

from __future__ import annotations

from hotspots.products.charts.chart_sheet import BODY, MARGIN, SMALL, WIDTH, Chart, LeftOut, Sheet, use_style, wrap
from hotspots.products.drawing import GAP_FILL, HOTSPOT, INK, SOFT
from hotspots.products.summary import RunSummary
from hotspots.products.words import say

_NAME = "concentration"


def draw_concentration_chart(summary: RunSummary, *, marking: str | None = None) -> Chart | LeftOut:
    """The share of incidents at the busiest places against their share of places.

    Args:
        summary: Of a run.
        marking: Printed above and below, such as "OFFICIAL".

    Raises:
        HotspotsError: A package is not installed.
    """
    repeats = summary.repeats
    if not repeats.curve or not repeats.chance_curve:
        return LeftOut(name=_NAME, reason=say("charts.no_concentration", summary))
    with use_style():
        sheet = Sheet(
            say("charts.concentration_title", summary),
            say("charts.concentration_subtitle", summary),
            say("charts.source", summary, ("incidents", "boundaries")),
            marking=marking,
        )
        left, right, top, bottom = MARGIN + 62, 790, sheet.top + 12, sheet.bottom - 76
        plot = sheet.open_plot(left, top, right, bottom)
        plot.set(xlim=(0, 1), ylim=(0, 1))
        for percent in (0, 25, 50, 75, 100):
            share = percent / 100
            for line in (plot.axhline, plot.axvline):
                line(share, color=SOFT if percent == 0 else GAP_FILL, linewidth=1, zorder=0.5, clip_on=False)
            y, x = bottom - (bottom - top) * share, left + (right - left) * share
            sheet.write(left - 10, y, f"{percent}%", across="right", down="center_baseline")
            sheet.write(x, bottom + 24, f"{percent}%", across="center")
        below = say("charts.concentration_axis", summary)
        sheet.write((left + right) / 2, bottom + 54, below, colour=SOFT, across="center")
        plot.plot(*zip(*repeats.chance_curve, strict=True), color=SOFT, linewidth=2, linestyle=(0, (4, 2.5)))
        plot.plot(*zip(*repeats.curve, strict=True), color=HOTSPOT, linewidth=3.5, clip_on=False)
        marks = [(share.place_share, share.incident_share) for share in repeats.place_shares]
        if marks:
            plot.plot(*zip(*marks, strict=True), "o", color=HOTSPOT, markersize=11, markeredgecolor="white", zorder=3)
        beside, y = 830, top + 6.0
        canvas = sheet.open_canvas()
        for said, colour, style in (
            (say("charts.curve_label", summary), HOTSPOT, "solid"),
            (say("charts.chance_label", summary), SOFT, (0, (4, 2.5))),
        ):
            canvas.plot([beside, beside + 44], [y - 6, y - 6], color=colour, linewidth=3, linestyle=style)
            for words in wrap(said, size=BODY, width=WIDTH - MARGIN - beside - 56):
                sheet.write(beside + 56, y, words)
                y += 25
            y += 9
        for place_share in repeats.place_shares:
            y += 38
            sheet.write(beside, y, say("charts.place_share", place_share, repeats), is_bold=True, colour=INK)
            y += 25
            sheet.write(beside, y, say("charts.by_chance", place_share), size=SMALL, colour=SOFT)
    return sheet.finish(_NAME, say("charts.concentration_alt", summary))

"""The quality of the data as JSON values, and as sentences that say what to make of it."""

from __future__ import annotations

import dataclasses
from typing import Any

from markupsafe import Markup

from hotspots.pipeline import Analysis, Quality
from hotspots.products.drawing import draw_months
from hotspots.products.words import describe_quality, make_environment


def summarise_quality(quality: Quality, analysis: Analysis | None = None) -> dict[str, Any]:
    """Everything that is known of the quality of the data, as JSON values.

    Args:
        quality: The assessment.
        analysis: What was made of the data, for the period that it asked for.
    """
    summary: dict[str, Any] = {
        **dataclasses.asdict(quality),
        "refused": [
            {
                "reason": rows.reason,
                "n_rows": rows.n_rows,
                "examples": [{"source": source, "row": row, "gave": gave} for source, row, gave in rows.examples],
            }
            for rows in quality.refused
        ],
        "sources": [
            {
                **dataclasses.asdict(rows),
                "first_day": rows.first_day.isoformat() if rows.first_day else None,
                "last_day": rows.last_day.isoformat() if rows.last_day else None,
            }
            for rows in quality.sources
        ],
        "overlaps": [
            {
                **dataclasses.asdict(overlap),
                "sources": list(overlap.sources),
                "start": overlap.start.isoformat(),
                "end": overlap.end.isoformat(),
            }
            for overlap in quality.overlaps
        ],
        "period": None if analysis is None else _cover_period(analysis),
    }
    return summary | {"findings": describe_quality(summary)}


def draw_quality(summary: dict[str, Any]) -> str:
    """The page about the quality of the data behind a run, as HTML.

    Args:
        summary: That of the run.
    """
    quality = summary["quality"]
    months = [
        {"month": month, "n_incidents": n, "is_whole": month not in quality["months"]["cut_short"], "has_data": n > 0}
        for month, n in quality["months"]["n_by_month"].items()
    ]
    chart = Markup(draw_months(months, plural="rows of all crimes")) if months else None
    return make_environment().get_template("quality.html").render(s=summary, q=quality, months=chart)


def _cover_period(analysis: Analysis) -> dict[str, Any]:
    start, end = analysis.request.start or analysis.start, analysis.request.end or analysis.end
    n_asked, n_covered = (end - start).days + 1, (analysis.end - analysis.start).days + 1
    return {
        "asked": {"start": start.isoformat(), "end": end.isoformat()},
        "covered": {"start": analysis.start.isoformat(), "end": analysis.end.isoformat()},
        "share": round(n_covered / n_asked, 4),
    }

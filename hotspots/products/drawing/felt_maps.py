"""Safety Maps on paper: where young people feel safe or unsafe, where crime is recorded, and where they differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import numpy as np
import numpy.typing as npt
import shapely

from hotspots.analysis.perception import Perception
from hotspots.pipeline import Analysis
from hotspots.products.drawing.colours import AGREEMENT_COLOURS, FEELINGS, RECORDED, UNCLEAR
from hotspots.products.drawing.paper_map import PaperMap

_ASIDE = 11.0
"""How far above and to the right of its place a number stands."""


def draw_feelings(analysis: Analysis, found: Perception) -> str:
    """Where more or fewer of the marks are unsafe than of all marks."""
    unclear = {UNCLEAR: found.is_shown & _is_none(found.feels)}
    fills = unclear | {colour: found.is_shown & (found.feels == feeling) for feeling, colour in FEELINGS.items()}
    return _draw(analysis, found, fills, title="Where young people feel unsafe or safe, by cells with enough marks.")


def draw_recorded(analysis: Analysis, found: Perception) -> str:
    """Where more or fewer incidents are recorded than as much ground has on average."""
    fills = {colour: found.crime == much for much, colour in RECORDED.items()}
    plural = analysis.crime.plural
    return _draw(
        analysis, found, fills, title=f"Where many or few {plural} are recorded, against the average of the area."
    )


def draw_agreement(analysis: Analysis, found: Perception, *, numbers: Sequence[tuple[str, float, float]]) -> str:
    """Where feeling and recorded crime differ or agree, with numbers at the places of the table.

    Args:
        analysis: Whose wards are drawn.
        found: What is drawn in them.
        numbers: Text, easting and northing of each.
    """
    fills = {UNCLEAR: found.agreement == "no clear difference"}
    fills |= {colour: found.agreement == agreement for agreement, colour in AGREEMENT_COLOURS.items()}
    return _draw(analysis, found, fills, title="Where feeling and recorded crime differ or agree.", numbers=numbers)


def _is_none(values: npt.NDArray[np.object_]) -> npt.NDArray[np.bool_]:
    return np.array([value is None for value in values], dtype=bool)


def _draw(
    analysis: Analysis,
    found: Perception,
    fills: Mapping[str, npt.NDArray[np.bool_]],
    *,
    title: str,
    numbers: Sequence[tuple[str, float, float]] = (),
) -> str:
    frame = PaperMap(analysis.study_area.bounds)
    parts = [
        frame.open(title, css="chart felt"),
        frame.trace(analysis.study_area, fill="#ffffff"),
    ]
    for colour, is_one in fills.items():
        if is_one.any():
            joined = shapely.union_all(found.cells.outlines(is_one), grid_size=0.01)
            parts.append(frame.trace(shapely.intersection(joined, analysis.study_area), fill=colour))
    parts += [frame.trace(ward, fill="none", stroke="#6b7178", stroke_width="0.6") for ward in analysis.wards.geometry]
    for text, easting, northing in numbers:
        x, y = frame.find(easting, northing)
        x, y = min(x + _ASIDE, frame.width - _ASIDE), max(y - _ASIDE, _ASIDE)  # so that the cells can be seen
        parts.append(
            f'<text x="{x:.1f}" y="{y + 4:.1f}" text-anchor="middle" font-size="13" font-weight="700" fill="#1d2630" '
            f'stroke="#fff" stroke-width="3" paint-order="stroke">{escape(text)}</text>'
        )
    return "".join([*parts, frame.close()])

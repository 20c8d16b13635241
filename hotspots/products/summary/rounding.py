"""Numbers as a summary states them: the same on every machine, and no more exact than they are."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

Summary = dict[str, Any]

MIN_INCIDENTS_DRAWN = 10
"""With fewer, a density or cells would be a picture of single incidents, each of which is somebody's."""


def rounded(value: float | np.floating[Any] | None, digits: int) -> float | None:
    """A plain float that reads the same on every machine; None for what is not known."""
    if value is None or not math.isfinite(value):
        return None
    return round(float(value), digits) + 0.0


def significant(value: float | np.floating[Any]) -> float:
    """Four significant digits: a small density must not round to none."""
    return float(f"{float(value):.4g}")

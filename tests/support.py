"""What tests share that is no fixture."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import geopandas as gpd

from hotspots.analysis.hotspots.evidence import Evidence

MakeIncidents = Callable[..., gpd.GeoDataFrame]
"""Builds an incidents table from eastings and northings; see the fixture `make_incidents`."""


def make_evidence(**known: Any) -> Evidence:
    """Evidence of which only what is given matters."""
    plain: dict[str, Any] = {
        "expected": 1.0,
        "expected_low": 0,
        "expected_high": 3,
        "rank_low": 1,
        "rank_high": 1,
        "z": 0.0,
        "p_adjusted": 1.0,
        "is_significant": False,
        "stability": 0.0,
        "persistence": None,
    }
    return Evidence(**(plain | known))

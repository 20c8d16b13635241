"""What tests share that is not a fixture."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import geopandas as gpd

from hotspots.analysis.hotspots.evidence import Evidence
from hotspots.cli.main import main
from hotspots.pipeline.run import Analysis

MakeIncidents = Callable[..., gpd.GeoDataFrame]
"""Builds an incidents table from eastings and northings; see the fixture `make_incidents`."""

AnalyseDemonstration = Callable[..., Analysis]
"""Analyses a crime of the demonstration; see the fixture `analyse_demonstration`."""


def call(*arguments: str | Path) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of the command as its entry point runs it, without a process of its own."""
    out, err = io.StringIO(), io.StringIO()
    code: object = 0
    with (
        mock.patch.object(sys, "argv", ["hotspots", *map(str, arguments)]),
        mock.patch("signal.signal"),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as stop:
            code = stop.code
    assert isinstance(code, int)
    return code, out.getvalue(), err.getvalue()


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

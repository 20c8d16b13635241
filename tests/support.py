"""What tests share that is not a fixture."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin
from unittest import mock

import geopandas as gpd

from hotspots.analysis.hotspots.evidence import Evidence
from hotspots.cli.main import main
from hotspots.pipeline.results import Analysis
from hotspots.products.summary.encoding import Spread, find_types, strip

MakeIncidents = Callable[..., gpd.GeoDataFrame]
"""Builds an incidents table from eastings and northings; see the fixture `make_incidents`."""

AnalyseDemonstration = Callable[..., Analysis]
"""Analyses a crime of the demonstration; see the fixture `analyse_demonstration`."""

Record = TypeVar("Record")


def decode(part: type[Record], values: dict[str, Any]) -> Record:
    """A part of a summary from its plain JSON values, which a test can change more easily."""
    read = {}
    for name, hint in find_types(part).items():
        if Spread not in strip(hint)[1]:
            read[name] = _decode(hint, values[name])
        else:
            kind, _, _ = strip(hint)
            read[name] = decode(kind, values) if set(find_types(kind)) <= set(values) else None
    return part(**read)


def _decode(hint: Any, value: Any) -> Any:
    kind, _, _ = strip(hint)
    if value is None:
        return None
    if kind is dt.date:
        return dt.date.fromisoformat(value)
    if get_origin(kind) is tuple:
        arms = get_args(kind)
        each = [arms[0]] * len(value) if arms[-1] is Ellipsis else arms
        return tuple(_decode(arm, item) for arm, item in zip(each, value, strict=True))
    if get_origin(kind) is dict:
        return {key: _decode(get_args(kind)[1], item) for key, item in value.items()}
    return decode(kind, value) if isinstance(kind, type) and dataclasses.is_dataclass(kind) else value


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

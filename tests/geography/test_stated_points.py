"""Points that somebody typed."""

from __future__ import annotations

import pyproj
import pytest

from hotspots.errors import ParameterError
from hotspots.geography import parse_point

GRID = pyproj.CRS("EPSG:27700")


@pytest.mark.parametrize(
    ("text", "point"),
    [
        ("TQ 342 768", (534250, 176850)),  # the middle of its square
        ("tq 3420 7680", (534205, 176805)),
        ("534200,176800", (534200, 176800)),
        ("534200.5 ; 176800", (534200.5, 176800)),
        # Ordnance Survey, A guide to coordinate systems in Great Britain: Caister Water Tower in OSGB36 and ETRS89
        ("52.658007833, 1.716073973", (651409.804, 313177.450)),
    ],
)
def test_three_forms_are_read(text: str, point: tuple[float, float]) -> None:
    assert parse_point(text, crs=GRID, name="start_point") == pytest.approx(point, abs=0.02)


@pytest.mark.parametrize("text", ["", "Peckham police station", "TQ 3 7", "534200", "TQ 342 7", "ZZ 342 768"])
def test_another_text_is_refused(text: str) -> None:
    with pytest.raises(ParameterError, match=r"`start_point` must be a grid reference .* Write it as"):
        parse_point(text, crs=GRID, name="start_point")


def test_longitude_first_is_refused() -> None:
    with pytest.raises(ParameterError, match="Write latitude first"):
        parse_point("-0.0689,51.4703", crs=GRID, name="end_point")

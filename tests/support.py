"""Types that tests share."""

from __future__ import annotations

from collections.abc import Callable

import geopandas as gpd

MakeIncidents = Callable[..., gpd.GeoDataFrame]
"""Builds an incidents table from eastings and northings; see the fixture `make_incidents`."""

"""Wards as forms list them."""

from __future__ import annotations

from collections.abc import Mapping

from hotspots.errors import HotspotsError
from hotspots.service.door import ServiceContext
from hotspots.service.people import read_ward_names


def name_wards(context: ServiceContext) -> tuple[Mapping[str, str], str]:
    """The wards that may be chosen, by code in the order of their names; and why there are none."""
    try:
        return read_ward_names(context.settings, context.service), ""
    except HotspotsError as error:
        return {}, str(error)

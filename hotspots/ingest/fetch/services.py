"""Where open data are fetched from: addresses, names of services, licences, in one place because they change.

Street-level crime: `<police_archives>/latest.zip` and `<police_archives>/YYYY-MM.zip` redirect to a file store that
answers range requests. Each archive holds `YYYY-MM/YYYY-MM-<force>-street.csv` of every force for 36 months or more,
with the corrections made until then. Source: https://data.police.uk/about/.

Boundaries: ONS Open Geography Portal, ArcGIS feature services. ONS names each release anew, so what is not in
`LAYERS` cannot be guessed; https://geoportal.statistics.gov.uk/ lists all. Taken are the full-resolution outlines
clipped to the coastline (BFC): those to the extent of the realm (BFE) reach into tidal water, where nobody is robbed
and which would count in every density and share of area.

Streets: OpenStreetMap, out of the public server of Overpass, which is run by volunteers for everybody: it is asked
for a few tiles, one after the other. Source: https://wiki.openstreetmap.org/wiki/Overpass_API.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

FIRST_MONTH = "2010-12"
"""The first month that data.police.uk holds."""

FIRST_ARCHIVE = "2013-12"
"""The first archive, which holds the months before it."""

LICENCE = "Open Government Licence v3.0, https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/"
POLICE_ATTRIBUTION = "Contains data from data.police.uk licensed under the Open Government Licence v3.0."
ONS_ATTRIBUTION = (
    "Source: Office for National Statistics licensed under the Open Government Licence v.3.0. "
    "Contains OS data © Crown copyright and database right {year}."
)

OSM_LICENCE = "Open Data Commons Open Database License (ODbL), https://www.openstreetmap.org/copyright"
OSM_ATTRIBUTION = "\N{COPYRIGHT SIGN} OpenStreetMap contributors, under the Open Database License."

BoundaryKind = Literal["wards", "lsoas"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Base addresses, without a slash at the end."""

    police_archives: str = "https://data.police.uk/data/archive"
    open_geography: str = "https://services1.arcgis.com/ESMARspQHYMw9BZ9/arcgis/rest/services"
    overpass: str = "https://overpass-api.de/api/interpreter"


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundaryLayer:
    """One release of boundaries.

    Attributes:
        service: Name of the feature service; its layer 0 holds the outlines.
        code: Column of the area's code.
        name: Column of the area's name.
        borough_code: Column of the code of its local authority.
        borough_name: Column of the name of its local authority.
        lookup: Feature service with `code` and both borough columns, where the layer has no borough columns.
    """

    service: str
    code: str
    name: str
    borough_code: str
    borough_name: str
    lookup: str | None = None


def _wards(service: str, year: int) -> BoundaryLayer:
    yy = year % 100
    return BoundaryLayer(
        service=service, code=f"WD{yy}CD", name=f"WD{yy}NM", borough_code=f"LAD{yy}CD", borough_name=f"LAD{yy}NM"
    )


LAYERS: Mapping[BoundaryKind, Mapping[int, BoundaryLayer]] = {
    "wards": {
        2022: _wards("Wards_December_2022_Boundaries_UK_BFC", 2022),
        2023: _wards("Wards_December_2023_Boundaries_UK_BFC", 2023),
        2024: _wards("Wards_December_2024_Boundaries_UK_BFC", 2024),
        2025: _wards("WD_DEC_2025_UK_BFC", 2025),
        2026: _wards("WD_MAY_2026_UK_BFC", 2026),
    },
    "lsoas": {
        # LSOAs change with each census; the lookup gives the local authorities of 2025
        2021: BoundaryLayer(
            service="Lower_layer_Super_Output_Areas_December_2021_Boundaries_EW_BFC_V10",
            code="LSOA21CD",
            name="LSOA21NM",
            borough_code="LAD25CD",
            borough_name="LAD25NM",
            lookup="LSOA21_WD25_LAD25_EW_LU_v2",
        ),
    },
}

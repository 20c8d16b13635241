"""Tiles of somebody's server below the map, where the settings ask for them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from hotspots.errors import ParameterError
from hotspots.settings import Settings

_ADDRESS: Final = re.compile(
    r"(https://[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::\d{1,5})?)/[A-Za-z0-9._~/?&=%@:+{}-]*"
)
"""What may stand in a policy of a page as it is: with a blank or a semicolon it would say something else."""
_PLACES: Final = ("{z}", "{x}", "{y}")
_MOST_LETTERS: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class MapTiles:
    """Pictures of the ground that the map asks a server for.

    Attributes:
        address: Of a tile, with {z}, {x} and {y} in it.
        attribution: Whose they are, in the words that their licence asks for.
        server: Scheme and host: all that the page may ask.
    """

    address: str
    attribution: str
    server: str

    @property
    def host(self) -> str:
        """The server as people know it."""
        return self.server.removeprefix("https://")


def choose_tiles(settings: Settings) -> MapTiles | None:
    """The tiles of the settings; None where they ask for none.

    Raises:
        ParameterError: The address is not one of tiles, or it is not said whose they are.

    Source: OpenStreetMap Foundation, "Tile usage policy", for its own server.
    """
    address, attribution = settings.tiles, settings.tiles_attribution
    if address is None:
        return None
    found = _ADDRESS.fullmatch(address)
    if (
        found is None
        or any(address.count(place) != 1 for place in _PLACES)
        or any(address.count(sign) != len(_PLACES) for sign in "{}")
    ):
        raise ParameterError(
            f'`tiles` must be an address that begins with https:// and has {{z}}, {{x}} and {{y}} once; "{address}" is '
            "not. Write it as https://tiles.example.org/{z}/{x}/{y}.png, without {s} or {r}."
        )
    if found[1].casefold().removeprefix("https://").partition(":")[0].endswith("tile.openstreetmap.org"):
        raise ParameterError(
            "The tiles of openstreetmap.org need a referrer, and a page that is opened from a file sends none: its "
            "answers are pictures that say so. Give `tiles` of a server that you may use, such as the OS Maps API."
        )
    if not (attribution and attribution.strip()) or len(attribution) > _MOST_LETTERS:
        raise ParameterError(
            f"`tiles` need `tiles_attribution`, up to {_MOST_LETTERS} letters: the words that the licence of the tiles "
            'asks for. Write it as "© OpenStreetMap contributors".'
        )
    return MapTiles(address=address, attribution=attribution.strip(), server=found[1])

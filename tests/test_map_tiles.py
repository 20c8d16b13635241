"""Tiles of a server, which a map asks for only where the settings say so, and say whose they are."""

from __future__ import annotations

import dataclasses

import pytest

from hotspots.errors import ParameterError
from hotspots.pipeline.map_tiles import choose_tiles
from hotspots.settings import Settings

GOOD = "https://tiles.example.org/{z}/{x}/{y}.png?key=abc"


def test_none_are_asked_for_by_default() -> None:
    assert choose_tiles(Settings()) is None


def test_the_server_is_all_that_the_page_may_ask() -> None:
    tiles = choose_tiles(Settings(tiles=GOOD, tiles_attribution=" © Somebody "))
    assert tiles is not None
    assert (tiles.server, tiles.host, tiles.attribution) == (
        "https://tiles.example.org",
        "tiles.example.org",
        "© Somebody",
    )


@pytest.mark.parametrize(
    "address",
    [
        "http://tiles.example.org/{z}/{x}/{y}.png",
        "https://{s}.tiles.example.org/{z}/{x}/{y}.png",
        "https://tiles.example.org/{z}/{x}/{y}{r}.png",
        "https://tiles.example.org/{z}/{x}.png",
        "https://tiles.example.org; script-src *//{z}/{x}/{y}.png",
        'https://tiles.example.org/{z}/{x}/{y}.png"><script>',
        "https://tiles.example.org/}{z}/{x}/{y}.png",
        "https://user@tiles.example.org/{z}/{x}/{y}.png",
    ],
)
def test_an_address_that_is_none_of_tiles_is_refused(address: str) -> None:
    with pytest.raises(ParameterError, match=r"must be an address that begins with https"):
        choose_tiles(Settings(tiles=address, tiles_attribution="© Somebody"))


@pytest.mark.parametrize("attribution", [None, "  ", "x" * 201])
def test_whose_they_are_must_be_said(attribution: str | None) -> None:
    with pytest.raises(ParameterError, match="tiles_attribution"):
        choose_tiles(dataclasses.replace(Settings(tiles=GOOD), tiles_attribution=attribution))


@pytest.mark.parametrize("host", ["tile.openstreetmap.org", "a.Tile.OpenStreetMap.org:443"])
def test_a_server_that_refuses_pages_of_files_is_not_asked(host: str) -> None:
    with pytest.raises(ParameterError, match="need a referrer"):
        choose_tiles(Settings(tiles=f"https://{host}/{{z}}/{{x}}/{{y}}.png", tiles_attribution="© Somebody"))

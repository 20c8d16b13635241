"""The wards of a team: by code or by name, as the outlines of the workspace have them."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path

from hotspots.ingest.reference import Boundaries, read_boundaries
from hotspots.pipeline import gather_status, select_wards
from hotspots.service.state import ServiceSettings
from hotspots.settings import Settings

_HERE = Path("data/boundaries")


def read_ward_names(settings: Settings, service: ServiceSettings) -> Mapping[str, str]:
    """The name of each ward by its code, in order of names.

    Raises:
        HotspotsError: The outlines of wards are not there, or cannot be read.
    """
    names = _open_outlines(settings, service).wards["ward_name"].astype("str").sort_values()
    return dict(names.items())


def find_ward_status(settings: Settings, service: ServiceSettings) -> str | None:
    """What the outlines say of themselves where they are made up or unfinished; None where they are real.

    Raises:
        HotspotsError: The outlines of wards are not there, or cannot be read.
    """
    return gather_status(_open_outlines(settings, service).inputs).get("boundaries")


def choose_wards(settings: Settings, service: ServiceSettings, wanted: Sequence[str]) -> list[str]:
    """The codes of wards that are named by code or name; of none, where none are named.

    Raises:
        NotFoundError: There is no such ward.
        ParameterError: Several wards have such a name.
        HotspotsError: The outlines of wards are not there, or cannot be read.
    """
    return sorted(select_wards(_open_outlines(settings, service).wards, wanted).index) if wanted else []


def _open_outlines(settings: Settings, service: ServiceSettings) -> Boundaries:
    paths = settings.boundaries or (service.workspace / _HERE,)
    return _read(paths, tuple(_find_stamp(path) for path in paths), settings.crs, settings.layer)


@functools.lru_cache(maxsize=2)
def _read(paths: tuple[Path, ...], _stamps: tuple[float, ...], crs: str, layer: str | None) -> Boundaries:
    """Read once, and again when a file, or one in a folder, is another one."""
    return read_boundaries(paths, crs=crs, layer=layer)


def _find_stamp(path: Path) -> float:
    """When a file, or a folder or what is in it, was last changed."""
    return max((one.stat().st_mtime for one in (path, *path.glob("*")) if one.exists()), default=0.0)

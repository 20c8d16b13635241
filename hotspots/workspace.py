"""A folder to work in: its settings, where its files go, and the demonstration data if wanted."""

from __future__ import annotations

import os
import shutil
from importlib import resources
from pathlib import Path

from hotspots.errors import NotFoundError, ParameterError
from hotspots.settings import FILE_NAME

DEMONSTRATED = (
    *(
        "incidents",
        "boundaries",
        "havens",
        "calendar",
        "streets",
        "base_map",
        "premises",
        "schools",
        "candidates",
        "safety_maps",
    ),
    "patrols",
)
FOLDERS = (*(f"data/{name}" for name in DEMONSTRATED), "maps")
_UNFINISHED, _READY = ".hotspots-unfinished", ".hotspots-ready"
"""A workspace while it is made, and once all of it is there to be put in place. One that was killed leaves either."""


def make_workspace(folder: Path, *, demonstration: bool = False) -> list[Path]:
    """Make a workspace: `hotspots.toml`, `data/` and `maps/`.

    All of it is made before any of it is put in place. One that was killed before is undone by the next, or finished
    where demonstration data are in place already.

    Args:
        folder: Where; made if it is not there.
        demonstration: Whether to fill `data/` with the synthetic demonstration of Lewisham and Southwark.

    Returns:
        The files and folders made, those that were there already left out.

    Raises:
        ParameterError: There is a workspace already, or the demonstration would mix with files that are there.
        NotFoundError: This installation does not include the demonstration data.
    """
    settings, ready = folder / FILE_NAME, folder / _READY
    if settings.exists():
        raise ParameterError(f"{settings.as_posix()} is there already, and is left as it is. Name another folder.")
    has_data = (ready / "data").is_dir()
    is_ready = (ready / FILE_NAME).is_file() and (has_data or not demonstration)
    coming = [name for name in DEMONSTRATED if (ready / "data" / name).is_dir()] if is_ready else DEMONSTRATED
    filled = [name for name in coming if (folder / "data" / name).is_dir() and any((folder / "data" / name).iterdir())]
    if filled and (demonstration or is_ready):
        raise ParameterError(
            f"The demonstration data must not mix with other data; {folder.as_posix()}/data/{filled[0]} holds some. "
            "Name another folder."
        )
    if not is_ready:
        shutil.rmtree(ready, ignore_errors=True)
        _prepare(folder / _UNFINISHED, _find_demonstration() if demonstration else None).rename(ready)
    return _put_in_place(ready, folder)


def _prepare(draft: Path, source: Path | None) -> Path:
    """Make the files of a workspace in a folder of their own."""
    shutil.rmtree(draft, ignore_errors=True)  # of one that was killed
    draft.mkdir(parents=True)
    if source:
        for name in DEMONSTRATED:
            shutil.copytree(source / name, draft / "data" / name)
    (draft / FILE_NAME).write_text(resources.files("hotspots").joinpath("workspace.toml").read_text("utf-8"), "utf-8")
    return draft


def _put_in_place(ready: Path, folder: Path) -> list[Path]:
    """Move the files of a workspace to their places, the settings last: where they are, the rest is."""
    made = []
    for name in FOLDERS:
        path, filled = folder / name, ready / name
        if not path.is_dir():
            path.mkdir(parents=True)
            made.append(path)
        if filled.is_dir():
            path.rmdir()  # empty, and in the way on some systems
            os.replace(filled, path)  # noqa: PTH105
    os.replace(ready / FILE_NAME, folder / FILE_NAME)  # noqa: PTH105
    shutil.rmtree(ready)
    return [*made, folder / FILE_NAME]


def _find_demonstration() -> Path:
    """The demonstration data: in the package once it is built, beside it in a checkout."""
    package = Path(str(resources.files("hotspots")))
    for place in (package / "demonstration", package.parent / "data"):
        if all((place / name).is_dir() for name in DEMONSTRATED):
            return place
    raise NotFoundError(
        "This installation does not include the demonstration data. Install it from a wheel or a checkout."
    )

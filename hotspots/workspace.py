"""A folder to work in: its settings, where its files go, and the demonstration data if wanted."""

from __future__ import annotations

import shutil
from importlib import resources
from pathlib import Path

from hotspots.errors import NotFoundError, ParameterError
from hotspots.settings import FILE_NAME

DEMONSTRATED = ("incidents", "boundaries", "havens", "calendar")
FOLDERS = (*(f"data/{name}" for name in DEMONSTRATED), "maps")


def make_workspace(folder: Path, *, demonstration: bool = False) -> list[Path]:
    """Make a workspace: `hotspots.toml`, `data/` and `maps/`.

    Args:
        folder: Where; made if it is not there.
        demonstration: Whether to fill `data/` with the synthetic demonstration of Lewisham and Southwark.

    Returns:
        The files and folders made, those that were there already left out.

    Raises:
        ParameterError: There is a workspace already, or the demonstration would mix with files that are there.
        NotFoundError: This installation does not include the demonstration data.
    """
    settings = folder / FILE_NAME
    if settings.exists():
        raise ParameterError(f"{settings.as_posix()} is there already, and is left as it is. Name another folder.")
    filled = [
        name for name in DEMONSTRATED if (folder / "data" / name).is_dir() and any((folder / "data" / name).iterdir())
    ]
    if demonstration and filled:
        raise ParameterError(
            f"The demonstration data must not mix with other data; {folder.as_posix()}/data/{filled[0]} holds some. "
            "Name another folder."
        )
    source = _find_demonstration() if demonstration else None
    made = []
    for name in FOLDERS:
        path = folder / name
        if not path.is_dir():
            path.mkdir(parents=True)
            made.append(path)
    if source:
        for name in DEMONSTRATED:
            shutil.copytree(source / name, folder / "data" / name, dirs_exist_ok=True)
    # the settings last: where they are, the rest is
    settings.write_text(resources.files("hotspots").joinpath("workspace.toml").read_text("utf-8"), "utf-8")
    return [*made, settings]


def _find_demonstration() -> Path:
    """The demonstration data: in the package once it is built, beside it in a checkout."""
    package = Path(str(resources.files("hotspots")))
    for place in (package / "demonstration", package.parent / "data"):
        if all((place / name).is_dir() for name in DEMONSTRATED):
            return place
    raise NotFoundError(
        "This installation does not include the demonstration data. Install it from a wheel or a checkout."
    )

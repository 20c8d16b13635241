"""Writing a folder of products, all or none."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import geopandas as gpd

_DRAFT = ".writing-"
_ASIDE = "aside"
_STALE_SECONDS = 3600
MAX_WARDS_NAMED = 3


@contextmanager
def replace_folder(folder: Path, *, out: Path) -> Iterator[Path]:
    """Give a draft to write to, which takes the place of a folder below `out` once all is written.

    A run that fails or is killed leaves the last good products, never a mixture.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    _sweep(out)
    with tempfile.TemporaryDirectory(prefix=_DRAFT, dir=out) as temporary:
        draft = Path(temporary) / "new"
        draft.mkdir()
        yield draft
        _take_place(draft, folder, aside=Path(temporary) / _ASIDE / folder.relative_to(out))


def write_text(path: Path, text: str) -> None:
    """Write a text to a draft: the same bytes on every system."""
    path.write_text(text, "utf-8", newline="\n")


def encode_json(content: Any) -> str:
    """JSON that people can read, of values that JSON knows."""
    return json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def replace_file(path: Path, text: str) -> None:
    """Write a text, which takes the place of the last one once all of it is written."""
    handle, draft = tempfile.mkstemp(prefix=_DRAFT, dir=path.parent, text=False)
    with os.fdopen(handle, "wb") as file:
        file.write(text.encode("utf-8"))
    Path(draft).chmod(0o666 & ~_umask())
    os.replace(draft, path)  # noqa: PTH105 - fails on every platform if the file is held open


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _take_place(draft: Path, folder: Path, *, aside: Path) -> None:
    """Put a folder in the place of another one, or leave that where it is."""
    aside.parent.mkdir(parents=True)
    try:
        if folder.exists():
            os.replace(folder, aside)  # noqa: PTH105 - fails on every platform if a file in it is held open
        os.replace(draft, folder)  # noqa: PTH105
    except BaseException:  # also when the user stops the run at this moment
        if aside.exists() and not folder.exists():
            os.replace(aside, folder)  # noqa: PTH105
        raise


def _sweep(out: Path) -> None:
    """Tidy up after runs that were killed: put back products that were set aside, remove drafts."""
    for left in out.glob(f"{_DRAFT}*"):
        if time.time() - left.stat().st_mtime < _STALE_SECONDS:
            continue  # perhaps of a run that is still at work
        for aside in left.glob(f"{_ASIDE}/*/*"):
            folder = out / aside.relative_to(left / _ASIDE)
            if not folder.exists():
                os.replace(aside, folder)  # noqa: PTH105
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)


def slugify(name: str) -> str:
    """A name in letters, digits and hyphens; empty where it has none of these."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def name_folder(
    period: str, wards: gpd.GeoDataFrame, all_wards: gpd.GeoDataFrame, *, stated_area: str | None = None
) -> str:
    """The period, and the wards if not all: products of another area must not take each other's place.

    Args:
        period: First and last day.
        wards: The wards analysed.
        all_wards: Those of the boundaries.
        stated_area: The area of the source to which the rows are limited, which then stands for its wards.
    """
    if stated_area is not None:
        code = hashlib.sha256(" ".join(stated_area.casefold().split()).encode()).hexdigest()[:8]
        return f"{period}_area-{slugify(stated_area)[:40] or code}"
    if len(wards) == len(all_wards):
        return period
    if len(wards) <= MAX_WARDS_NAMED:
        alike = all_wards["ward_name"].duplicated(keep=False)
        called = [str(code) if alike[code] else name for code, name in wards["ward_name"].items()]
        names = sorted(slugify(name) for name in called)
        if all(names):
            return f"{period}_{'+'.join(name[:40] for name in names)}"
    codes = hashlib.sha256("\n".join(wards.index).encode()).hexdigest()[:8]
    return f"{period}_{len(wards)}-wards-{codes}"

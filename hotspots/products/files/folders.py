"""Writing a folder of products, all or none."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd

from hotspots.errors import ParameterError
from hotspots.house import Audience

if TYPE_CHECKING:
    from hotspots.products.summary import InputSummary, PublicInputSummary, ReadInputSummary

_DRAFT = ".writing-"
_ASIDE = "aside"
_STALE_SECONDS = 3600
_MOMENT_SECONDS = 0.5
"""Longer than a run that is still at work takes to put a folder in the place of one set aside."""
MAX_WARDS_NAMED = 3
_MAX_NAME = 40
_MAX_METHODS = 60


@contextmanager
def replace_folder(folder: Path, *, out: Path) -> Iterator[Path]:
    """Give a draft to write to, which takes the place of a folder below `out` once all is written.

    A run that fails or is killed leaves the last good products, never a mixture.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    restore_products(out)
    with tempfile.TemporaryDirectory(prefix=_DRAFT, dir=out) as temporary:
        draft = Path(temporary) / "new"
        draft.mkdir()
        yield draft
        _take_place(draft, folder, aside=Path(temporary) / _ASIDE / folder.relative_to(out))


def require_apart(out: Path, inputs: Iterable[Path]) -> None:
    """Refuse to write products where files are read from.

    Raises:
        ParameterError: The folder is one that is read, or in one: the next run would read the products as incidents.
    """
    for folder in inputs:
        if folder.is_dir() and out.resolve().is_relative_to(folder.resolve()):
            raise ParameterError(
                f"Products must not be written where files are read, or the next run would read them too; "
                f"{out.as_posix()} is in {folder.as_posix()}. Give another folder with `out`, or name the files to "
                "read instead of the folder."
            )


def say_replaced(
    folder: Path, summary_name: str, inputs: Iterable[InputSummary | ReadInputSummary | PublicInputSummary]
) -> str | None:
    """That products of other files are replaced, in a sentence for afterwards; None where none are.

    Files that were added are no others: that is how products are refreshed.

    Args:
        folder: Of the products.
        summary_name: Of the JSON in it that says from which files they were made.
        inputs: The files that the new ones are made from.
    """
    try:
        told = json.loads((folder / summary_name).read_text("utf-8"))
        before = {(str(file["table"]), str(file["path"])) for file in told["inputs"]}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None  # none there, or not by this version
    gone = sorted(before - {(file.table, file.path) for file in inputs})
    if not gone:
        return None
    others = f" and {len(gone) - 1} more" if len(gone) > 1 else ""
    return (
        f"The last products in {folder.as_posix()} were made from {gone[0][1]}{others}, which was not read this time. "
        "They have been replaced. To keep both, write to another folder."
    )


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
    # the draft's place is free now; what is removed bit by bit is never put back
    os.replace(aside.parents[1], draft)  # noqa: PTH105


def restore_products(out: Path) -> None:
    """Tidy up a folder of products after runs that were killed: put back what they set aside, remove their drafts.

    A run that is killed between setting the last products aside and putting the new ones in their place leaves
    neither to be seen. Every command that opens the folder begins with this.
    """
    for left in out.glob(f"{_DRAFT}*"):
        for aside in left.glob(f"{_ASIDE}/*/*"):
            folder = out / aside.relative_to(left / _ASIDE)
            if _is_absent(folder):
                with contextlib.suppress(OSError):  # another command may be putting it back
                    folder.parent.mkdir(parents=True, exist_ok=True)
                    os.replace(aside, folder)  # noqa: PTH105
        with contextlib.suppress(OSError):
            if time.time() - left.stat().st_mtime < _STALE_SECONDS:
                continue  # perhaps of a run that is still at work
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink(missing_ok=True)


def _is_absent(folder: Path) -> bool:
    """Whether a folder is not there, and no run that is at work puts it there at this moment."""
    if folder.exists():
        return False
    time.sleep(_MOMENT_SECONDS)
    return not folder.exists()


def slugify(name: str) -> str:
    """A name in letters, digits and hyphens; empty where it has none of these."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def name_folder(
    period: str,
    wards: gpd.GeoDataFrame,
    all_wards: gpd.GeoDataFrame,
    *,
    stated_area: str | None = None,
    methods: Sequence[str] = (),
    audience: Audience = "tasking",
) -> str:
    """The period, the wards if not all, and unusual methods: products of another question keep their place.

    Args:
        period: First and last day.
        wards: The wards analysed.
        all_wards: Those of the boundaries.
        stated_area: The area of the source to which the rows are limited, which then stands for its wards.
        methods: What was asked for besides, as `AnalysisRequest.methods` says it.
        audience: For whom; products for others than those who task patrols say it in their name.
    """
    area = _name_stated(stated_area) if stated_area is not None else _name_wards(wards, all_wards)
    named = "+".join(map(slugify, methods))
    if len(named) > _MAX_METHODS:
        named = f"options-{_mark(*methods)}"
    return "_".join(filter(None, (period, area, named, "" if audience == "tasking" else f"for-{audience}")))


def _name_stated(area: str) -> str:
    """An area of the source. Texts that differ in more than case and blanks have names that do."""
    plain = " ".join(area.casefold().split())
    slug = slugify(plain)
    is_whole = slug == plain.replace(" ", "-") and "-" not in plain and len(slug) <= _MAX_NAME
    return f"area.{slug}" if is_whole else f"area.{slug[:_MAX_NAME]}.{_mark(plain)}"


def _name_wards(wards: gpd.GeoDataFrame, all_wards: gpd.GeoDataFrame) -> str:
    """Nothing for all wards; a few by their names, where no other ward has one that looks the same; else a mark."""
    if len(wards) == len(all_wards):
        return ""
    if len(wards) <= MAX_WARDS_NAMED:
        slugs = _slugify_wards(all_wards)
        names = sorted(slugs[wards.index])
        if all(names) and not slugs.duplicated().any():
            return "+".join(names)
    return f"{len(wards)}-wards-{_mark(*wards.index)}"


def name_wards(wards: gpd.GeoDataFrame) -> dict[str, str]:
    """A name for the folder of each ward, by its code: no two are the same."""
    slugs = _slugify_wards(wards)
    are_clear = slugs.ne("").all() and not slugs.duplicated().any()
    return {str(code): slug if are_clear else _mark(str(code)) for code, slug in slugs.items()}


def _slugify_wards(wards: gpd.GeoDataFrame) -> pd.Series:
    """The name of each ward, or its code where another's looks the same."""
    slugs = wards["ward_name"].map(lambda name: slugify(name)[:_MAX_NAME])
    clear: pd.Series = slugs.mask(slugs.duplicated(keep=False) | (slugs == ""), slugs.index.to_series().map(slugify))
    return clear


def _mark(*texts: str) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:8]

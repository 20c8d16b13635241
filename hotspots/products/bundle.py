"""Writing the products of a run, all or none, and the page that lists every run."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import re
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from hotspots.pipeline import Analysis
from hotspots.products.maps import draw_map
from hotspots.products.quality import draw_quality
from hotspots.products.summary import PRODUCTS, summarise
from hotspots.products.tables import tabulate_hotspots, write_csv, write_geopackage
from hotspots.products.words import make_environment

_DRAFT = ".writing-"
_ASIDE = "aside"
_STALE_SECONDS = 3600
_MAX_WARDS_NAMED = 3


def write_bundle(analysis: Analysis, out: Path) -> tuple[dict[str, Any], dict[str, Path]]:
    """Write every product of an analysis to one folder below `<out>/<crime>/`.

    All files are made in a temporary folder, which then takes the place of the last one: a run that fails or is
    killed leaves the last good products, never a mixture.

    Returns:
        The summary, and the path of each product by its key in the summary.
    """
    summary = summarise(analysis)
    folder = out / analysis.crime.slug / name_folder(analysis)
    folder.parent.mkdir(parents=True, exist_ok=True)
    _sweep(out)
    with tempfile.TemporaryDirectory(prefix=_DRAFT, dir=out) as temporary:
        draft = Path(temporary) / "new"
        draft.mkdir()
        (draft / PRODUCTS["map"]).write_text(draw_map(analysis, summary), "utf-8", newline="\n")
        (draft / PRODUCTS["quality"]).write_text(draw_quality(summary), "utf-8", newline="\n")
        write_geopackage(analysis, summary, draft / PRODUCTS["hotspots_gpkg"])
        write_csv(tabulate_hotspots(summary), draft / PRODUCTS["hotspots_csv"])
        rejected = analysis.study.intake.rejected[["source", "source_row", "category", "reason", "detail"]]
        write_csv(rejected, draft / PRODUCTS["rejected"])
        for key, content in (("quality_json", summary["quality"]), ("summary", summary)):
            text = json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False)
            (draft / PRODUCTS[key]).write_text(text + "\n", "utf-8", newline="\n")
        _take_place(draft, folder, aside=Path(temporary) / _ASIDE / folder.relative_to(out))
    return summary, {key: folder / name for key, name in PRODUCTS.items()}


def name_folder(analysis: Analysis) -> str:
    """The period, and the wards if not all: products of another area must not take each other's place."""
    period = f"{analysis.start}_{analysis.end}"
    if len(analysis.wards) == len(analysis.study.boundaries.wards):
        return period
    if len(analysis.wards) <= _MAX_WARDS_NAMED:
        alike = analysis.study.boundaries.wards["ward_name"].duplicated(keep=False)
        called = [str(code) if alike[code] else name for code, name in analysis.wards["ward_name"].items()]
        names = sorted(re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") for name in called)
        if all(names):
            return f"{period}_{'+'.join(name[:40] for name in names)}"
    codes = hashlib.sha256("\n".join(analysis.wards.index).encode()).hexdigest()[:8]
    return f"{period}_{len(analysis.wards)}-wards-{codes}"


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


def write_index(out: Path) -> Path:
    """Write `<out>/index.html`, which lists every run below `out`; a summary that cannot be read is left out."""
    runs = []
    for path in sorted(out.glob(f"*/*/{PRODUCTS['summary']}")):
        try:
            runs.append(_describe(path, out))
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError):
            continue  # half-written, or by another version
    page = make_environment().get_template("index.html").render(runs=runs)
    index = out / "index.html"
    handle, draft = tempfile.mkstemp(prefix=_DRAFT, dir=out, text=False)
    with os.fdopen(handle, "wb") as file:
        file.write(page.encode("utf-8"))
    Path(draft).chmod(0o666 & ~_umask())
    os.replace(draft, index)  # noqa: PTH105
    return index


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _describe(path: Path, out: Path) -> dict[str, Any]:
    """What the list says of a run."""
    summary = json.loads(path.read_text("utf-8"))
    wards = [ward["name"] for ward in summary["wards"]]
    area = "all wards" if summary["study_area"]["is_all"] else f"{len(wards)} wards"
    return {
        "label": str(summary["crime_label"]),
        "start": dt.date.fromisoformat(summary["period"]["start"]).isoformat(),
        "end": dt.date.fromisoformat(summary["period"]["end"]).isoformat(),
        "area": ", ".join(sorted(wards)) if len(wards) <= _MAX_WARDS_NAMED else area,
        "n_incidents": int(summary["accounts"]["analysed"]),
        "n_hotspots": len(summary["hotspots"]),
        "status": dict(summary["data_status"]),
        "links": [
            f"{path.parent.relative_to(out).as_posix()}/{name}"
            for name in PRODUCTS.values()
            if (path.parent / name).exists()
        ],
    }

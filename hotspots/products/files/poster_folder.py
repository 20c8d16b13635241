"""The folder of posters: each as PDF and PNG, all in one PDF, and a list of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hotspots.pipeline import Posters, silent
from hotspots.products.drawing import DrawnPoster, draw_poster, join_posters
from hotspots.products.files.folders import encode_json, replace_folder, say_replaced, slugify, write_text
from hotspots.products.files.manifest import write_manifest
from hotspots.products.summary import (
    POSTERS_FOLDER,
    POSTERS_PRODUCTS,
    PostersSummary,
    SheetSummary,
    encode,
    summarise_posters,
)
from hotspots.products.words import say

_MAX_SLUG = 60


def write_posters(
    posters: Posters,
    out: Path,
    *,
    notify: Callable[[str], None] = silent,
    progress: Callable[[str], None] = silent,
) -> tuple[PostersSummary, dict[str, Path]]:
    """Write all posters to one folder below `<out>/posters/`, all or none.

    Args:
        posters: What is written.
        out: The folder of all products.
        notify: Told, in a sentence, if posters of other files were replaced.
        progress: Called with each poster.

    Returns:
        The summary, and the path of each product by its key.

    Raises:
        HotspotsError: The packages for posters are not installed.
    """
    folder = out / POSTERS_FOLDER / name_posters(posters)
    names = _name_each(posters)
    drawn: list[DrawnPoster] = []
    for poster in posters.posters:
        progress(poster.name)
        drawn.append(draw_poster(poster, posters))
    sheets = [
        SheetSummary(
            paper=one.paper,
            is_by_ward=one.is_by_ward,
            n_named=one.n_named,
            n_unprintable=len(one.unprintable),
            files=(f"{name}.pdf", f"{name}.png"),
        )
        for name, one in zip(names, drawn, strict=True)
    ]
    summary = summarise_posters(posters, sheets)
    replaced = say_replaced(folder, POSTERS_PRODUCTS["posters_json"], summary.inputs)
    with replace_folder(folder, out=out) as draft:
        for sheet, one in zip(sheets, drawn, strict=True):
            for name, content in zip(sheet.files, (one.pdf, one.picture), strict=True):
                (draft / name).write_bytes(content)
        (draft / POSTERS_PRODUCTS["posters"]).write_bytes(join_posters(drawn, posters))
        write_text(draft / POSTERS_PRODUCTS["posters_json"], encode_json(encode(summary)))
        files = [name for sheet in sheets for name in sheet.files]
        write_manifest(summary, draft, parameters=posters.request, more=files)
    if replaced:
        notify(replaced)
    if lost := sorted({name for one in drawn for name in one.unprintable}):
        notify(say("poster.unprintable", lost))
    return summary, {key: folder / name for key, name in POSTERS_PRODUCTS.items()}


def name_posters(posters: Posters) -> str:
    """Walk and hours, the paper and schools if they were chosen: posters of another question keep their place."""
    request = posters.request
    first, last = request.hours
    name = f"{request.minutes:g}-minutes_{first:02d}-{last:02d}"
    if request.paper:
        name = f"{request.paper}_{name}"
    if not request.schools:
        return name
    named = "+".join(poster.school_id or "" for poster in posters.posters)
    return f"{name}_{named if len(named) <= _MAX_SLUG else f'{len(posters.posters)}-schools'}"


def _name_each(posters: Posters) -> list[str]:
    """The name of each poster as that of a file, with the school's number where several have one."""
    slugs = [slugify(poster.name)[:_MAX_SLUG].strip("-") or poster.subject for poster in posters.posters]
    taken = {Path(name).stem for name in POSTERS_PRODUCTS.values()}
    names = []
    for poster, slug in zip(posters.posters, slugs, strict=True):
        is_alone = slugs.count(slug) == 1 and slug not in taken
        names.append(slug if is_alone else f"{slug}-{slugify(poster.school_id or poster.subject)}")
    return names

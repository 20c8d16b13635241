"""The list of every product below a folder, as a page beside them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hotspots.house import AUDIENCES
from hotspots.products.files.catalogue import (
    FILE_USES,
    PRODUCT_HEADINGS,
    PRODUCT_KINDS,
    CatalogueEntry,
    CatalogueFile,
    list_catalogue,
)
from hotspots.products.files.folders import replace_file
from hotspots.products.words import make_environment, say


def write_index(out: Path) -> Path:
    """Write `<out>/index.html`, which lists every product below `out`: runs, performance tables, operations and so on.

    They are grouped by for whom they are. What cannot be read is left out.
    """
    found = list_catalogue(out, within_packs=False)
    tiers: list[dict[str, Any]] = []
    entries: list[CatalogueEntry] = []
    for audience in AUDIENCES:
        in_tier = [entry for entry in found if entry.audience == audience]
        of_tier = {kind: [entry for entry in in_tier if entry.kind == kind] for kind in PRODUCT_KINDS}
        entries += in_tier
        markings = {entry.marking for entry in in_tier}
        if markings:
            tiers.append(
                {"audience": audience, "marking": markings.pop() if len(markings) == 1 else None, "lists": of_tier}
            )
    handling = _handle_all(entries) if entries else None
    template = make_environment().get_template("index.html")
    page = template.render(
        tiers=tiers, found=found, handling=handling, headings=PRODUCT_HEADINGS, group_by_use=_group_by_use
    )
    index = out / "index.html"
    replace_file(index, page)
    return index


def _handle_all(entries: Sequence[CatalogueEntry]) -> dict[str, Any]:
    """How the list itself is marked: as what the fewest may have, since it tells results of that.

    Args:
        entries: At least one; those for the fewest are first.
    """
    audience = entries[0].audience
    narrowest = [entry for entry in entries if entry.audience == audience]
    given = {
        name: next((getattr(entry, name) for entry in narrowest if getattr(entry, name)), "")
        for name in ("marking", "house", "contact")
    }
    return {**given, "short": say("handling.short", audience), "words": say("handling.audience", audience)}


def _group_by_use(files: Sequence[CatalogueFile]) -> list[tuple[str, list[CatalogueFile]]]:
    """The files that there are for each use."""
    grouped = [(use, [file for file in files if file.use == use]) for use in FILE_USES]
    return [(use, listed) for use, listed in grouped if listed]

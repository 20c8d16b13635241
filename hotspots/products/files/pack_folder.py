"""A pack: the products of every crime and ward in one folder, with a table of them, and a zip to mail."""

from __future__ import annotations

import dataclasses
import zipfile
from collections.abc import Callable
from pathlib import Path

from hotspots.errors import ParameterError
from hotspots.pipeline import PackPlan, Progress, silent
from hotspots.products.files.folders import (
    encode_json,
    name_folder,
    name_wards,
    replace_folder,
    say_replaced,
    write_text,
)
from hotspots.products.files.manifest import write_manifest
from hotspots.products.files.pack_workers import PackPart, address_ward, write_parts
from hotspots.products.pages import draw_pack
from hotspots.products.summary import (
    BRIEF_PRODUCTS,
    PACK_FOLDER,
    PACK_PRODUCTS,
    PRODUCTS,
    PackCrime,
    PackSummary,
    encode,
    summarise_pack,
)
from hotspots.products.words import say

MAX_MAIL_MB = 25
"""The largest attachment that common mail services let through."""
_NO_TIME = (1980, 1, 1, 0, 0, 0)
"""The earliest that a zip can say."""
_FILE_MODE = 0o100644


def write_pack(
    plan: PackPlan,
    out: Path,
    *,
    jobs: int = 1,
    progress: Progress = silent,
    notify: Callable[[str], None] = silent,
) -> tuple[PackSummary, dict[str, Path]]:
    """Analyse every crime and write all to one folder below `<out>/pack/`, all or none.

    Of all wards together it holds everything that `write_products` writes for that audience; for tasking, of each ward
    with ten incidents the page for its team too, made from the same analysis. The files are the same whatever the
    number of processes.

    Args:
        plan: What the pack is made of.
        out: The folder of all products.
        jobs: How many processes are at work at once. With more than one, a script must begin its work under
            `if __name__ == "__main__":`, as for any module that uses `multiprocessing`.
        progress: Called with each step.
        notify: Told, in a sentence, if products of other files were replaced, and if the zip is too large for mail.

    Returns:
        The summary, and the path of each product by its key.

    Raises:
        HotspotsError: An analysis fails; the message says of which crime.
        ParameterError: There is not a single process to work.
    """
    if jobs < 1:
        raise ParameterError(f"A pack needs a process to work; {jobs} were asked for. Give 1 or more as `jobs`.")
    name = name_folder(
        f"{plan.start}_{plan.end}",
        plan.wards,
        plan.study.boundaries.wards,
        methods=plan.request.methods,
        audience=plan.request.audience,
    )
    folder = out / PACK_FOLDER / name
    with replace_folder(folder, out=out) as draft:
        parts = _list_parts(plan, draft)
        n_incidents = {packed.crime.slug: packed.n_incidents for packed in plan.crimes}
        written: dict[str, PackCrime] = {}

        def tell(step: str) -> None:
            progress(f"pack: {len(written)} of {len(parts)} crimes, {step}")

        tell("starting")
        # the largest first, so that none is left alone at the end
        order = sorted(parts, key=lambda slug: -n_incidents[slug])
        for crime in write_parts(plan.study, [parts[slug] for slug in order], jobs=jobs, progress=tell):
            written[crime.slug] = crime
        summary = summarise_pack(
            plan,
            tuple(written[slug] for slug in parts),
            pages=_list_pages(plan, parts),
            zip_name=f"{name}.zip",
        )
        replaced = say_replaced(folder, PACK_PRODUCTS["pack_json"], summary.inputs)
        write_text(draft / PACK_PRODUCTS["pack"], draw_pack(summary, house=plan.study.house))
        write_text(draft / PACK_PRODUCTS["pack_json"], encode_json(encode(summary)))
        files = [file.relative_to(draft).as_posix() for file in draft.rglob("*") if file.is_file()]
        # the zip cannot be in a list that it holds
        listed = dataclasses.replace(summary, products={"manifest": summary.products["manifest"]})
        write_manifest(listed, draft, parameters=plan.request, more=sorted(files))
        progress("pack: zip")
        zipped = draft / summary.products["zip"]
        _write_zip(draft, zipped, root=name)
        size_mb = zipped.stat().st_size / 1e6
    if replaced:
        notify(replaced)
    if size_mb > MAX_MAIL_MB:
        notify(say("pack.too_large", size_mb, MAX_MAIL_MB))
    return summary, {key: folder / file for key, file in summary.products.items()}


def _list_parts(plan: PackPlan, draft: Path) -> dict[str, PackPart]:
    """Each crime by its slug."""
    folders = name_wards(plan.wards)
    names = plan.wards["ward_name"]
    return {
        packed.crime.slug: PackPart(
            request=packed.request,
            draft=draft / packed.crime.slug,
            page=f"{packed.crime.slug}/{PRODUCTS['map']}",
            wards={code: folders[code] for code in packed.pages},
            thin=tuple(sorted(str(names[code]) for code in packed.thin)),
            audience=plan.request.audience,
        )
        for packed in plan.crimes
    }


def _list_pages(plan: PackPlan, parts: dict[str, PackPart]) -> dict[tuple[str, str], str]:
    """What the table opens, by crime and code of the ward: the page of the ward's team, or for others the map there."""
    if plan.request.audience == "tasking":
        return {
            (slug, code): f"{slug}/{folder_of_ward}/{BRIEF_PRODUCTS['brief']}"
            for slug, part in parts.items()
            for code, folder_of_ward in part.wards.items()
        }
    return {(slug, code): address_ward(part.page, code) for slug, part in parts.items() for code in plan.wards.index}


def _write_zip(folder: Path, path: Path, *, root: str) -> None:
    """Everything in a folder as a zip, in one folder of that name: equal files give equal bytes."""
    files = sorted((file for file in folder.rglob("*") if file.is_file()), key=lambda file: file.as_posix())
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as zipped:
        for file in files:
            entry = zipfile.ZipInfo(f"{root}/{file.relative_to(folder).as_posix()}", date_time=_NO_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # as on Unix, wherever it is written
            entry.external_attr = _FILE_MODE << 16
            zipped.writestr(entry, file.read_bytes())

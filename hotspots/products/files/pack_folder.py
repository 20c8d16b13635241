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
from hotspots.products.files.pack_workers import Batch, PackPart, write_batches
from hotspots.products.pages import draw_pack
from hotspots.products.summary import (
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
    """Analyse every crime, of all wards and of each, and write all to one folder below `<out>/pack/`, all or none.

    The files are the same whatever the number of processes. Of a ward they are the pages, the tables as a workbook
    and the summary of `write_products`; of all wards together, everything.

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
        HotspotsError: An analysis fails; the message says of which crime and ward.
        ParameterError: There is not a single process to work.
    """
    if jobs < 1:
        raise ParameterError(f"A pack needs a process to work; {jobs} were asked for. Give 1 or more as `jobs`.")
    name = name_folder(
        f"{plan.start}_{plan.end}", plan.wards, plan.study.boundaries.wards, methods=plan.request.methods
    )
    folder = out / PACK_FOLDER / name
    with replace_folder(folder, out=out) as draft:
        batches = _list_batches(plan, draft)
        written: dict[PackPart, PackCrime] = {}
        n_done = 0
        progress(f"pack: 0 of {plan.n_analyses} pages")
        for batch, crimes in write_batches(plan.study, batches, jobs=jobs):
            written |= dict(zip(batch, crimes, strict=True))
            n_done += len(batch)
            progress(f"pack: {n_done} of {plan.n_analyses} pages, last {batch[-1].label}")
        parts = [part for batch in batches for part in batch]
        summary = summarise_pack(
            plan,
            tuple(written[part] for part in parts if not part.is_ward),
            pages={(part.request.crime, part.request.wards[0]): part.page for part in parts if part.is_ward},
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


def _list_batches(plan: PackPlan, draft: Path) -> list[Batch]:
    """The wards together first, crime by crime, which take longest; then ward by ward."""
    folders = name_wards(plan.wards)
    names = plan.wards["ward_name"]
    whole: list[Batch] = [
        (
            PackPart(
                label=packed.crime.slug,
                request=packed.request,
                draft=draft / packed.crime.slug,
                page=f"{packed.crime.slug}/{PRODUCTS['map']}",
                is_ward=False,
                thin=tuple(sorted(str(names[code]) for code in packed.n_by_ward if code not in packed.by_ward)),
            ),
        )
        for packed in plan.crimes
    ]
    by_ward = [
        tuple(
            PackPart(
                label=f"{packed.crime.slug} in {names[code]}",
                request=packed.by_ward[code],
                draft=draft / packed.crime.slug / folders[code],
                page=f"{packed.crime.slug}/{folders[code]}/{PRODUCTS['map']}",
                is_ward=True,
            )
            for packed in plan.crimes
            if code in packed.by_ward
        )
        for code in map(str, plan.wards.index)
    ]
    return whole + [batch for batch in by_ward if batch]


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

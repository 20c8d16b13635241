"""The folder of an operation: its page and its numbers."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import shapely

from hotspots.pipeline import Operation, silent
from hotspots.products.files.folders import encode_json, replace_folder, say_replaced, slugify, write_text
from hotspots.products.files.manifest import write_manifest
from hotspots.products.pages import draw_operation
from hotspots.products.summary import (
    OPERATION_FOLDER,
    OPERATION_PRODUCTS,
    OperationSummary,
    encode,
    summarise_operation,
)


def write_operation(
    operation: Operation, out: Path, *, notify: Callable[[str], None] = silent
) -> tuple[OperationSummary, dict[str, Path]]:
    """Write the page and the numbers of an operation to one folder below `<out>/operation/`, both or neither.

    Args:
        operation: What is written.
        out: The folder of all products.
        notify: Told, in a sentence, if products of other files were replaced.

    Returns:
        The summary, and the path of each product by its key.
    """
    summary = summarise_operation(operation)
    folder = out / OPERATION_FOLDER / name_operation(operation)
    replaced = say_replaced(folder, OPERATION_PRODUCTS["operation_json"], summary.inputs)
    with replace_folder(folder, out=out) as draft:
        write_text(draft / OPERATION_PRODUCTS["operation"], draw_operation(operation, summary))
        write_text(draft / OPERATION_PRODUCTS["operation_json"], encode_json(encode(summary)))
        write_manifest(summary, draft, parameters=operation.request)
    if replaced:
        notify(replaced)
    return summary, {key: folder / name for key, name in OPERATION_PRODUCTS.items()}


def name_operation(operation: Operation) -> str:
    """Crime, dates and treated area, as the name of a folder, and a mark of all else that was asked.

    Products of another question, such as the same with a buffer, must not take each other's place.
    """
    request, areas = operation.request, operation.areas
    outlines = [shapely.to_wkb(shapely.normalize(shapely.force_2d(one))) for one in (areas.treated, areas.control)]
    asked = (
        request.buffer_m,
        request.before,
        request.area_weights,
        request.harm,
        request.confidence,
        request.seed,
        sorted(map(str, operation.selection.wards.index)),
    )
    mark = hashlib.sha256(b"".join([*outlines, repr(asked).encode()])).hexdigest()[:8]
    area = slugify(operation.treated_name)[:60].strip("-")
    return f"{operation.crime.slug}_{request.start}_{request.end}_{area or 'area'}_{mark}"

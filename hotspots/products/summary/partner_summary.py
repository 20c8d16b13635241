"""The summary of a run as partners have it: without names of files and premises, and without rows."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from hotspots.products.summary.product_names import FACILITY_PRODUCTS
from hotspots.products.summary.run_summary import InputSummary, ReadInputSummary, RunSummary, summarise

if TYPE_CHECKING:
    from hotspots.house import Audience
    from hotspots.pipeline import Analysis
    from hotspots.products.summary.public_summary import PublicInputSummary

Value = TypeVar("Value")
Named: TypeAlias = "InputSummary | ReadInputSummary | PublicInputSummary"

KEPT_BACK = ("rejected",)
"""Products of rows, which are of single people."""

_KINDS = {"incidents": "incident file", "boundaries": "boundary file"}


def summarise_for(analysis: Analysis, audience: Audience) -> RunSummary:
    """What those who task patrols, or partners, may have of a run."""
    summary = summarise(analysis, audience=audience)
    return _withhold_from_partners(summary) if audience == "partner" else summary


def _withhold_from_partners(summary: RunSummary) -> RunSummary:
    """What partners may have of a run.

    Left out are the names of the files that were read, which texts and rows in them are odd, and premises by name.
    Where crime is, when, how it changed and how sure that is stays as it is: it tells of ten incidents or more.

    Args:
        summary: Of the run, for partners.
    """
    quality = dataclasses.replace(
        summary.quality,
        refused=tuple(dataclasses.replace(rows, examples=()) for rows in summary.quality.refused),
        sources=(),
        counts=(),
        overlaps=(),
        unrecognised={},
        unread_knife={},
        notes=(),
        findings=(),
    )
    kept = dataclasses.replace(
        summary,
        quality=quality,
        unrecognised_offences={},
        facilities=(),
        products={key: name for key, name in summary.products.items() if key not in (*KEPT_BACK, *FACILITY_PRODUCTS)},
    )
    return hide_file_names(kept, summary.inputs)


def hide_file_names(summary: Value, inputs: Sequence[Named]) -> Value:
    """A summary in which each file that was read is called by its kind, wherever it is named."""
    names = _name_kinds(inputs)
    return _replace_texts(summary, lambda text: _rename(text, names))


def _name_kinds(inputs: Sequence[Named]) -> dict[str, str]:
    """What each file is called instead of by its name: its kind, and a number where there are several."""
    n_of_kind = Counter(file.table for file in inputs)
    names: dict[str, str] = {}
    seen: Counter[str] = Counter()
    for file in inputs:
        seen[file.table] += 1
        kind = _KINDS.get(file.table, f"file of {file.table.replace('_', ' ')}")
        called = f"{kind} {seen[file.table]}" if n_of_kind[file.table] > 1 else kind
        for name in (file.path, PurePosixPath(file.path).name):
            names.setdefault(name, called)
    return names


def _rename(text: str, names: Mapping[str, str]) -> str:
    for name in sorted(names, key=len, reverse=True):
        if name in text:
            text = re.sub(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", names[name], text)
    return text


def _replace_texts(value: Value, replace: Callable[[str], str]) -> Value:
    """A record with every text in it replaced."""
    changed: object = value
    if isinstance(value, str):
        changed = replace(value)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        inner = {one.name: getattr(value, one.name) for one in dataclasses.fields(value)}
        new = {name: _replace_texts(one, replace) for name, one in inner.items()}
        changed = dataclasses.replace(value, **new) if any(new[name] is not inner[name] for name in inner) else value
    elif isinstance(value, tuple):
        new_items = tuple(_replace_texts(one, replace) for one in value)
        changed = new_items if any(a is not b for a, b in zip(new_items, value, strict=True)) else value
    elif isinstance(value, dict):
        changed = {_replace_texts(key, replace): _replace_texts(one, replace) for key, one in value.items()}
    return changed  # type: ignore[return-value]

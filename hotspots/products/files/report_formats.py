"""Something that is written as HTML, PDF and Word at once, in a folder beside its numbers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar, get_args

from hotspots.errors import ParameterError
from hotspots.products.files.folders import encode_json, replace_folder, say_replaced, write_text
from hotspots.products.files.manifest import write_manifest
from hotspots.products.summary import (
    BriefSummary,
    JoinedBriefsSummary,
    ProblemSummary,
    StrategicSummary,
    TacticalSummary,
    encode,
)

ReportFormat = Literal["html", "pdf", "docx"]
_ENDINGS: dict[ReportFormat, str] = {"html": "", "pdf": "_pdf", "docx": "_docx"}

Told = TypeVar("Told", BriefSummary, JoinedBriefsSummary, TacticalSummary, ProblemSummary, StrategicSummary)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where it goes, and what its files are called.

    Attributes:
        out: The folder of all products.
        folder: Its own.
        kind: Key of its page among the products; those of the other files begin with it.
        names: Of the files, by key.
        formats: As what it is written.
    """

    out: Path
    folder: Path
    kind: str
    names: Mapping[str, str]
    formats: Collection[ReportFormat]


def name_keys(kind: str, formats: Collection[ReportFormat], *, what: str = "report") -> tuple[str, ...]:
    """The key of each format among the products.

    Args:
        kind: Key of the page.
        formats: Those that are wanted.
        what: What is written, for messages.

    Raises:
        ParameterError: A format is not known, or there is none.
    """
    unknown = [one for one in formats if one not in get_args(ReportFormat)]
    if unknown or not formats:
        given = f'"{unknown[0]}" is not one' if unknown else "none was given"
        raise ParameterError(f"A {what} is written as html, pdf or docx; {given}. Give some of these as `formats`.")
    return tuple(f"{kind}{ending}" for name, ending in _ENDINGS.items() if name in formats)


def write_formats(
    target: Target,
    summary: Told,
    make: Mapping[ReportFormat, Callable[[], str | bytes]],
    *,
    parameters: object,
    notify: Callable[[str], None],
) -> tuple[Told, dict[str, Path]]:
    """Write each format that is wanted, the numbers and the manifest, all or none.

    Args:
        target: Where.
        summary: The numbers.
        make: Makes each format.
        parameters: What was asked, for the manifest.
        notify: Told, in a sentence, if products of other files were replaced.

    Returns:
        The summary, and the path of each product by its key.
    """
    folder, names = target.folder, target.names
    replaced = say_replaced(folder, names[f"{target.kind}_json"], summary.inputs)
    with replace_folder(folder, out=target.out) as draft:
        for name, ending in _ENDINGS.items():
            if name in target.formats:
                path, content = draft / names[f"{target.kind}{ending}"], make[name]()
                write_text(path, content) if isinstance(content, str) else path.write_bytes(content)
        write_text(draft / names[f"{target.kind}_json"], encode_json(encode(summary)))
        write_manifest(summary, draft, parameters=parameters)
    if replaced:
        notify(replaced)
    return summary, {key: folder / name for key, name in summary.products.items()}

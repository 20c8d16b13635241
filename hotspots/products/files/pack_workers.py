"""The crimes of a pack, shared out among processes."""

from __future__ import annotations

import concurrent.futures
import copyreg
import gc
import multiprocessing
import multiprocessing.queues
import os
import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from hotspots.errors import HotspotsError
from hotspots.house import Audience
from hotspots.pipeline import (
    Analysis,
    AnalysisRequest,
    BriefRequest,
    Progress,
    Study,
    analyse,
    make_brief,
    silent,
    view_wards,
)
from hotspots.products.files.bundle import fill_folder
from hotspots.products.files.folders import encode_json, write_text
from hotspots.products.pages import draw_brief
from hotspots.products.summary import (
    BRIEF_PRODUCTS,
    PACK_PRODUCTS,
    PRODUCTS,
    PackCrime,
    RunSummary,
    encode,
    summarise_brief,
    summarise_for,
    summarise_pack_crime,
)
from hotspots.products.words import say

_GC_THRESHOLD = 10_000
"""As in the command: what libraries define at import stays, and need not be looked through often."""


def _view(content: dict[Any, Any]) -> MappingProxyType[Any, Any]:
    return MappingProxyType(content)


def _reduce(view: MappingProxyType[Any, Any]) -> tuple[Any, ...]:
    return _view, (dict(view),)


copyreg.pickle(MappingProxyType, _reduce)  # tables of crimes are such, and go along

_TELL_S = 0.2
"""How often what the processes are at is passed on."""

_opened: Study | None = None
_tell: Progress = silent
"""The study of a process that was started for a pack, and how it says what it is at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackPart:
    """One crime of a pack, and where its products go.

    Attributes:
        request: Of all wards together.
        draft: Folder that its products are written to, which is made.
        page: Path of its map in the pack.
        wards: Folder of each ward that has a page, below that folder, by its code.
        thin: Names of the wards with too few incidents for a page.
        audience: For whom it is.
    """

    request: AnalysisRequest
    draft: Path
    page: str
    wards: Mapping[str, str]
    thin: tuple[str, ...] = ()
    audience: Audience = "tasking"


def count_cores() -> int:
    """How many processes can be at work at once."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def address_ward(page: str, code: str) -> str:
    """Where a map opens at a ward."""
    return f"{page}#ward={quote(code)}"


def write_parts(
    study: Study, parts: Sequence[PackPart], *, jobs: int, progress: Progress = silent
) -> Iterator[PackCrime]:
    """Analyse and write every crime.

    Args:
        study: What was read.
        parts: Shared out in this order.
        jobs: How many processes are at work at once; one is this process itself.
        progress: Called with each step of each crime.

    Yields:
        What the table of the pack says of each crime when it is written, in no certain order.

    Raises:
        HotspotsError: A crime cannot be analysed, or its process ended; the message says which.
    """
    if jobs == 1:
        for part in parts:
            yield _write_part(part, study, progress)
        return
    # what is found once about the study goes along with it
    _ = study.network, study.opening_calendar, study.known_time, study.area, study.base_features
    # the same on every system; and a fork of a process with threads, as of GDAL, may hang
    context = multiprocessing.get_context("spawn")
    steps = context.SimpleQueue()
    executor = concurrent.futures.ProcessPoolExecutor(
        min(jobs, len(parts)), mp_context=context, initializer=_open_process, initargs=(study, steps.put)
    )
    waiting = {executor.submit(_write_part, part): part for part in parts}
    try:
        while waiting:
            done, _ = concurrent.futures.wait(waiting, _TELL_S, return_when=concurrent.futures.FIRST_COMPLETED)
            _drain(steps, progress)
            for future in done:
                written = future.result()
                del waiting[future]
                yield written
    except BrokenProcessPool as error:
        at_work = " or ".join(part.request.crime for part in list(waiting.values())[:jobs])
        raise HotspotsError(
            f"A process of the pack was ended from outside while it was at {at_work}, most often because memory ran "
            "out. Ask for fewer `jobs`, fewer crimes or fewer wards."
        ) from error
    finally:
        executor.shutdown(wait=False, cancel_futures=True)
        while concurrent.futures.wait(waiting, _TELL_S).not_done:
            _drain(steps)  # whose pipe nobody reads any more: a process that tells of a step would wait for ever
        executor.shutdown()


def _drain(steps: multiprocessing.queues.SimpleQueue[str], progress: Progress = silent) -> None:
    """Pass on what processes have told of."""
    while not steps.empty():
        progress(steps.get())


def _open_process(study: Study, tell: Progress) -> None:
    """Make a process ready: its study, how it says what it is at, and that it ends when it should."""
    global _opened, _tell
    _opened, _tell = study, tell
    gc.set_threshold(_GC_THRESHOLD)
    gc.freeze()
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # without a word: the process that was asked says that it stops
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End this process when the one that started it was killed: nobody would use what it writes."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _write_part(part: PackPart, study: Study | None = None, tell: Progress | None = None) -> PackCrime:
    study, tell = study or _opened, tell or _tell
    assert study is not None
    try:
        analysis = analyse(study, part.request, progress=tell)
        tell(f"{part.request.crime}: writing")
        summary = summarise_for(analysis, part.audience)
        part.draft.mkdir(parents=True)
        fill_folder(part.draft, analysis, summary)
        if part.wards:
            _write_wards(part, analysis, summary, tell)
    except HotspotsError as error:
        raise type(error)(f"{part.request.crime}: {error}") from error
    except Exception as error:
        error.add_note(f"In the pack, at {part.request.crime}.")
        raise
    return summarise_pack_crime(summary, thin=part.thin, page=part.page)


def _write_wards(part: PackPart, analysis: Analysis, run: RunSummary, tell: Progress) -> None:
    """The page for the team of each ward, and its numbers."""
    for n_written, (code, ground) in enumerate(view_wards(analysis, part.wards)):
        tell(f"{part.request.crime}: {n_written} of {len(part.wards)} wards")
        brief = make_brief(analysis, BriefRequest(), ground=ground)
        summary = summarise_brief(brief, run, formats=("brief",), with_manifest=False)
        folder = part.draft / part.wards[code]
        folder.mkdir()
        links = {
            say("pack.to_table"): f"../../{PACK_PRODUCTS['pack']}",
            say("pack.to_map", run): address_ward(f"../{PRODUCTS['map']}", code),
        }
        write_text(folder / BRIEF_PRODUCTS["brief"], draw_brief(brief, summary, links=links))
        write_text(folder / BRIEF_PRODUCTS["brief_json"], encode_json(encode(summary)))

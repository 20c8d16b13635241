"""The analyses of a pack, shared out among processes."""

from __future__ import annotations

import concurrent.futures
import copyreg
import dataclasses
import gc
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from hotspots.errors import HotspotsError
from hotspots.pipeline import AnalysisRequest, Study, analyse
from hotspots.products.files.bundle import fill_folder
from hotspots.products.summary import WARD_PRODUCTS, PackCrime, summarise, summarise_pack_crime

_GC_THRESHOLD = 10_000
"""As in the command: what libraries define at import stays, and need not be looked through often."""


def _view(content: dict[Any, Any]) -> MappingProxyType[Any, Any]:
    return MappingProxyType(content)


def _reduce(view: MappingProxyType[Any, Any]) -> tuple[Any, ...]:
    return _view, (dict(view),)


copyreg.pickle(MappingProxyType, _reduce)  # tables of crimes are such, and go along

_opened: Study | None = None
"""The study of a process that was started for a pack."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackPart:
    """One analysis of a pack, and where its products go.

    Attributes:
        label: What it is of, for people.
        request: What is asked.
        draft: Folder that its products are written to, which is made.
        page: Path of its map in the pack.
        is_ward: Whether it is of one ward, and has the products of a ward.
        thin: Names of the wards with too few incidents for a page.
    """

    label: str
    request: AnalysisRequest
    draft: Path
    page: str
    is_ward: bool
    thin: tuple[str, ...] = ()


Batch = tuple[PackPart, ...]
"""Parts for one process, one after the other: those of a ward share what is found about the ward."""


def count_cores() -> int:
    """How many processes can be at work at once."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def write_batches(study: Study, batches: Sequence[Batch], *, jobs: int) -> Iterator[tuple[Batch, list[PackCrime]]]:
    """Analyse and write every part.

    Args:
        study: What was read.
        batches: Shared out in this order.
        jobs: How many processes are at work at once; one is this process itself.

    Yields:
        Each batch when it is written, in no certain order, and what the table of the pack says of each part.

    Raises:
        HotspotsError: A part cannot be analysed, or its process ended; the message says which.
    """
    if jobs == 1:
        for batch in batches:
            yield batch, _write_batch(batch, study)
        return
    # what is found once about the study goes along with it
    _ = study.network, study.opening_calendar, study.known_time, study.area
    executor = concurrent.futures.ProcessPoolExecutor(
        min(jobs, len(batches)),
        # the same on every system; and a fork of a process with threads, as of GDAL, may hang
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_open_process,
        initargs=(study,),
    )
    waiting = {executor.submit(_write_batch, batch): batch for batch in batches}
    try:
        while waiting:
            done, _ = concurrent.futures.wait(waiting, return_when=concurrent.futures.FIRST_COMPLETED)
            for future in done:
                written = future.result()
                yield waiting.pop(future), written
    except BrokenProcessPool as error:
        at_work = " or ".join(f"{batch[0].label}" for batch in list(waiting.values())[:jobs])
        raise HotspotsError(
            f"A process of the pack was ended from outside while it was at {at_work}, most often because memory ran "
            "out. Ask for fewer `jobs`, fewer crimes or fewer wards."
        ) from error
    finally:
        executor.shutdown(cancel_futures=True)


def _open_process(study: Study) -> None:
    """Make a process ready: its study, and that it ends when it should."""
    global _opened
    _opened = study
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


def _write_batch(batch: Batch, study: Study | None = None) -> list[PackCrime]:
    study = study or _opened
    assert study is not None
    return [_write_part(part, study) for part in batch]


def _write_part(part: PackPart, study: Study) -> PackCrime:
    try:
        analysis = analyse(study, part.request)
        summary = summarise(analysis)
        if part.is_ward:
            kept = {key: name for key, name in summary.products.items() if key in WARD_PRODUCTS}
            summary = dataclasses.replace(summary, products=kept)
        part.draft.mkdir(parents=True)
        fill_folder(part.draft, analysis, summary)
    except HotspotsError as error:
        raise type(error)(f"{part.label}: {error}") from error
    except Exception as error:
        error.add_note(f"In the pack, at {part.label}.")
        raise
    return summarise_pack_crime(summary, thin=part.thin, page=part.page)

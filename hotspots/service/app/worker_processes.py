"""Worker processes beside the server: started with it, started again when one dies, ended with it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from hotspots.service.jobs import tie

_LOOK_S = 0.3
_AGAIN_S, _LONGEST_AGAIN_S = 1.0, 15.0
"""How long after its death a worker is started again: longer after each that died soon after its start."""
_SOON_S = 10.0
_PATIENCE_S = 10.0


@contextmanager
def keep_workers(command: Sequence[str], *, n: int, notify: Callable[[str], None]) -> Iterator[None]:
    """Keep so many workers at work until the block ends.

    They are killed by the system when this process is killed (on Linux), so that none is left alone.

    Args:
        command: What starts one.
        n: How many.
        notify: Told, in a sentence, when one died.
    """
    is_over = threading.Event()
    # the system takes the end of the thread that starts a process for the end of this process: this one stays
    keeper = threading.Thread(target=_keep, args=(tie(command), n, notify, is_over), daemon=True)
    keeper.start()
    try:
        yield
    finally:
        is_over.set()
        keeper.join(timeout=_PATIENCE_S + 5)


def _keep(command: Sequence[str], n: int, notify: Callable[[str], None], is_over: threading.Event) -> None:
    """Start workers, and start them again, until it is over."""
    running: list[tuple[subprocess.Popen[bytes], float]] = []
    wait_s, start_at = _AGAIN_S, 0.0
    while not is_over.is_set():
        if len(running) < n and time.monotonic() >= start_at:
            # in a group of their own: what is typed at the terminal is for the server, which ends them in order
            try:
                process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)  # noqa: S603
            except OSError as error:  # the machine has too little of something at this moment
                wait_s = min(wait_s * 2, _LONGEST_AGAIN_S)
                start_at = time.monotonic() + wait_s
                notify(f"A worker could not be started ({error.strerror}). It is tried again in {wait_s:.0f} s.")
            else:
                running.append((process, time.monotonic()))
            continue
        for process, began in list(running):
            if process.poll() is None:
                continue
            running.remove((process, began))
            lived_s = time.monotonic() - began
            wait_s = min(wait_s * 2, _LONGEST_AGAIN_S) if lived_s < _SOON_S else _AGAIN_S
            start_at = time.monotonic() + wait_s
            notify(f"A worker ended ({_say_end(process.returncode)}). Another is started in {wait_s:.0f} s.")
        is_over.wait(_LOOK_S)
    for process, _ in running:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
    until = time.monotonic() + _PATIENCE_S
    for process, _ in running:
        try:
            process.wait(max(0.1, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _say_end(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"code {code}"

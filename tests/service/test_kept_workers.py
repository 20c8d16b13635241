"""Workers beside the server: started again whatever happens, also where the machine cannot start one at first."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import Any

import pytest

from hotspots.service.app import keep_workers


@pytest.mark.slow
def test_a_worker_that_cannot_be_started_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    start, is_there, n_tried = subprocess.Popen, threading.Event(), [0]
    said: list[str] = []

    def start_later(*given: Any, **options: Any) -> Any:
        n_tried[0] += 1
        if n_tried[0] == 1:
            raise BlockingIOError(11, "Resource temporarily unavailable")
        is_there.set()
        return start(*given, **options)

    monkeypatch.setattr(subprocess, "Popen", start_later)
    with keep_workers([sys.executable, "-c", "import time; time.sleep(60)"], n=1, notify=said.append):
        assert is_there.wait(10)
    assert said == ["A worker could not be started (Resource temporarily unavailable). It is tried again in 2 s."]

"""Files that wait for their check: none is forgotten, whatever breaks off meanwhile."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from hotspots.service.app import keep_checking, listening
from hotspots.service.state import Database, ServiceSettings
from hotspots.settings import Settings

pytestmark = pytest.mark.one_database


@pytest.mark.parametrize("error", [OperationalError("", {}, Exception()), ValueError("anything else")])
def test_a_check_that_broke_off_is_begun_again(
    error: Exception, database: Database, service: ServiceSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_over, n_looks = threading.Event(), [0]

    def look(*given: Any) -> None:
        assert given == (database, Settings(), service)
        n_looks[0] += 1
        if n_looks[0] == 1:
            raise error
        is_over.set()

    monkeypatch.setattr(listening, "check_waiting", look)
    monkeypatch.setattr(listening, "LOOK_S", 0.01)
    keep_checking(database, Settings(), service, is_over=is_over)
    assert n_looks == [2]

"""`hotspots backup` and `hotspots restore` as they are typed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from support import Said


@pytest.fixture(autouse=True)
def _no_other_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOTSPOTS_DATABASE", raising=False)


def test_a_workspace_goes_into_a_file_and_back(call: Callable[..., Said], tmp_path: Path) -> None:
    assert call("init").code == 0
    (tmp_path / "data" / "incidents" / "a.csv").write_text("x\n", "utf-8")
    taken = call("backup", "kept/b.zip")
    assert taken.code == 0, taken.err
    assert "kept/b.zip holds" in taken.err
    again = call("backup", "kept/b.zip")
    assert (again.code, "is there already" in again.err) == (2, True)
    restored = call("restore", "kept/b.zip", "after")
    assert restored.code == 0, restored.err
    assert (tmp_path / "after" / "data" / "incidents" / "a.csv").read_text("utf-8") == "x\n"
    assert (tmp_path / "after" / "service" / "hotspots.db").is_file()
    full = call("restore", "kept/b.zip", "after")
    assert (full.code, "not an empty folder" in full.err) == (2, True)
    none = call("restore", "none.zip", "other")
    assert (none.code, "No file none.zip" in none.err) == (2, True)

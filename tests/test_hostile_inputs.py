"""Broken and hostile files end in a sentence or in products. `hostile_inputs.py` makes them, and many more."""

from __future__ import annotations

import json
import socket
import warnings
from collections.abc import Callable
from pathlib import Path

import hostile_inputs
import numpy as np
import pytest
from hostile_contents import Lures, Role, make_content
from hostile_inputs import Found, open_judge, try_many

Call = Callable[..., tuple[int, str, str]]
SOUND = 43
"""Of a sound table of incidents, of five rows."""


def test_broken_and_hostile_files_end_well_and_lose_nothing() -> None:
    found = try_many(7, first_seed=30_060)
    assert found.faults == []
    assert found.n_inputs == 7


@pytest.mark.slow
@pytest.mark.parametrize("role", ["streets", "premises", "schools", "marks", "records", "plan", "places"])
def test_so_do_streets_places_and_records_of_patrols(role: Role) -> None:
    found = try_many(3, first_seed=70_000, role=role)
    assert found.faults == []
    assert found.n_inputs == 3


def panic(*_: object) -> tuple[int, str, str]:
    raise type("PanicException", (BaseException,), {})("of a parser")


def change_input(_: str, path: Path, *more: object) -> tuple[int, str, str]:
    path.write_bytes(b"changed")
    return 3, "", ""


def climb_out(_: str, path: Path, *more: object) -> tuple[int, str, str]:
    (path.parents[2] / "escaped.csv").write_text("x")
    return 3, "", ""


def call_host(*_: object) -> tuple[int, str, str]:
    socket.socket().connect(("203.0.113.1", 80))
    return 3, "", ""


def warn(*_: object) -> tuple[int, str, str]:
    warnings.warn("of a library", RuntimeWarning, stacklevel=1)
    return 3, "", ""


def test_the_seed_is_that_of_a_sound_table() -> None:
    lures = Lures(address="http://127.0.0.1:9/x", folder=Path())
    content = make_content(np.random.default_rng(SOUND), "incidents", lures)
    assert (content.name, content.is_sound, content.n_rows) == ("input.csv", True, 5)


@pytest.mark.parametrize(
    ("fake", "fault"),
    [
        (panic, "PanicException: of a parser"),
        (change_input, "a file that is read was changed"),
        (climb_out, "written outside of products: ['one/two/escaped.csv']"),
        (call_host, "check called [('203.0.113.1', 80)]"),
        (warn, "check warns: RuntimeWarning: of a library"),
        (lambda *_: (1, "", "hotspots: no"), "check ended with 1: hotspots: no"),
        (lambda *_: (3, "", "a\x1b[31mb"), "check prints"),
        (
            lambda *_: (3, json.dumps({"n_read": 5, "n_used": 3, "n_set_aside": 0, "refused": [{"n_rows": 1}]}), ""),
            "the accounts of check do not add up",
        ),
        (
            lambda *_: (3, json.dumps({"n_read": 1000, "n_used": 1000, "n_set_aside": 0, "refused": []}), ""),
            "1000 of 5 rows read",
        ),
        (lambda *_: (3, "", ""), "a sound file is refused: 3"),
    ],
)
def test_what_must_not_be_is_seen(monkeypatch: pytest.MonkeyPatch, fake: Call, fault: str) -> None:
    found = Found()
    monkeypatch.setattr(hostile_inputs, "call", fake)
    with open_judge(found) as judge:
        judge.try_input(SOUND, "incidents")
    assert any(fault in said for said in found.faults), found.faults


@pytest.mark.parametrize(("limit", "fault"), [("MOST_BYTES", "check took 0 MB"), ("SLOWEST_S", "check took 0 s")])
def test_what_takes_too_much_is_seen(monkeypatch: pytest.MonkeyPatch, limit: str, fault: str) -> None:
    found = Found()
    monkeypatch.setattr(hostile_inputs, limit, -1)
    monkeypatch.setattr(hostile_inputs, "call", lambda *_: (3, "", ""))
    with open_judge(found) as judge:
        judge.try_input(SOUND, "incidents")
    assert any(fault in said for said in found.faults), found.faults

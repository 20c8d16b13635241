"""Damage of a compound file that a reader would follow without an end. Only sectors that no stream uses are damaged."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from support import call, make_old_workbook

from hotspots.errors import DataError
from hotspots.ingest.formats.compound_files import require_ends
from hotspots.ingest.formats.workbooks import open_workbook

WORKBOOK = make_old_workbook([["Offence", "Date"], ["Robbery", "2026-01-05"]], is_1904=False)
TABLE = 512
"""Where the table of sectors begins, right behind the header."""


def follow(*links: tuple[int, int]) -> bytes:
    """The workbook with other sectors that follow some of its sectors."""
    changed = bytearray(WORKBOOK)
    for sector, follower in links:
        struct.pack_into("<I", changed, TABLE + 4 * sector, follower)
    return bytes(changed)


def test_a_workbook_that_is_whole_is_read() -> None:
    require_ends(WORKBOOK)
    (table,) = open_workbook("a.xls", WORKBOOK, "0" * 64)
    assert table.header == ("Offence", "Date")


@pytest.mark.parametrize(
    "links", [((100, 100),), ((100, 101), (101, 102), (102, 100)), ((99, 100), (100, 101), (101, 100))]
)
def test_a_chain_that_comes_back_is_refused(links: tuple[tuple[int, int], ...]) -> None:
    with pytest.raises(ValueError, match=r"^a chain of its sectors goes round in a circle$"):
        require_ends(follow(*links))
    with pytest.raises(
        DataError, match=r"^a.xls cannot be read as an Excel workbook: a chain of its sectors goes round"
    ):
        open_workbook("a.xls", follow(*links), "0" * 64)


def test_long_chains_that_end_are_no_circle() -> None:
    require_ends(follow(*[(sector, sector + 1) for sector in range(20, 120)]))
    require_ends(follow((100, 5), (101, 5), (102, 100)))  # several may lead to one


def test_what_a_header_states_is_held_against_the_file() -> None:
    with pytest.raises(ValueError, match="ends within its header"):
        require_ends(WORKBOOK[:300])
    for at, value, why in ((30, 10, "of a size that there is not"), (64, 5000, "states more sectors than it has")):
        changed = bytearray(WORKBOOK)
        struct.pack_into("<H", changed, at, value)
        with pytest.raises(ValueError, match=why):
            require_ends(bytes(changed))


def test_the_command_says_it_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "a.xls").write_bytes(follow((100, 100)))
    code, _, err = call("check", tmp_path / "a.xls")
    assert code == 3
    assert "goes round in a circle. Save it again as .xlsx or CSV." in " ".join(err.split())

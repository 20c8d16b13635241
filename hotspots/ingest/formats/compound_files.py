"""Whether the sectors of a compound file, which holds a workbook of Excel 97 to 2003, follow each other to an end."""

from __future__ import annotations

import struct

import numpy as np
import numpy.typing as npt

Sectors = npt.NDArray[np.int64]

SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_HEADER_BYTES = 512
_SECTOR_SHIFTS, _MINI_SHIFT = (9, 12), 6
_IN_HEADER = 109
"""Sectors of the table that the header lists itself."""
_BEYOND = 0xFFFFFFFA
"""From here on a number is no sector, but says what one is for."""


def require_ends(content: bytes) -> None:
    """Refuse a compound file whose chains of sectors go round in a circle, or are longer than the file.

    Its streams are chains: a table names for each sector the one that follows. Readers follow them without a count, so
    one that comes back to where it was fills the memory. Everything that a header states is held against the length of
    the file, and no sector may lead back to itself, also where no stream is.

    Raises:
        ValueError: It is damaged in that way; the message says how.

    Source: Microsoft, [MS-CFB] Compound File Binary File Format, 2.2 to 2.5.
    """
    if len(content) < _HEADER_BYTES:
        raise ValueError("it ends within its header")
    shift, mini_shift = struct.unpack_from("<HH", content, 30)
    if shift not in _SECTOR_SHIFTS or mini_shift != _MINI_SHIFT:
        raise ValueError("its sectors are of a size that there is not")
    size = 1 << shift
    n_sectors = max(-(-len(content) // size) - 1, 0)
    n_folders, n_table = struct.unpack_from("<II", content, 40)
    first_mini, n_mini, next_list, n_lists = struct.unpack_from("<IIII", content, 60)
    if max(n_folders, n_table, n_mini, n_lists) > n_sectors:
        raise ValueError("it states more sectors than it has")

    def read(sector: int) -> Sectors:
        part = content[(sector + 1) * size : (sector + 2) * size]
        return np.frombuffer(part[: len(part) // 4 * 4], dtype="<u4").astype(np.int64)

    listed = list(struct.unpack_from(f"<{_IN_HEADER}I", content, 76))
    for _ in range(n_sectors + 1):
        if next_list >= n_sectors:
            break
        *more, next_list = read(next_list).tolist() or [_BEYOND]
        listed += more
    else:
        raise ValueError("the list of its sectors goes round in a circle")
    table = [sector for sector in listed if sector < n_sectors]
    if len(table) > n_sectors:
        raise ValueError("it lists more sectors than it has")
    follows = np.concatenate([np.empty(0, np.int64), *map(read, table)])
    if _goes_round(follows):
        raise ValueError("a chain of its sectors goes round in a circle")
    mini = [np.empty(0, np.int64)]
    while first_mini < min(n_sectors, len(follows)):
        mini.append(read(first_mini))
        first_mini = int(follows[first_mini])
    if _goes_round(np.concatenate(mini)):
        raise ValueError("a chain of its small sectors goes round in a circle")


def _goes_round(follows: Sectors) -> bool:
    """Whether any sector leads back to itself, by steps that double until each has come to an end."""
    end = len(follows)
    step = np.append(np.where(follows < end, follows, end), end)
    for _ in range(end.bit_length() + 1):
        step = step[step]
    return bool((step < end).any())

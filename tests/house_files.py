"""A house of their own for tests: logos as PNG and SVG, and the settings that name them."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

SVG_LOGO = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 60"><defs><linearGradient id="g"><stop offset="0"'
    ' stop-color="#1f4e79"/><stop offset="1" stop-color="#0b7a75"/></linearGradient></defs>'
    '<path d="M4 30 L30 4 L56 30 L30 56 Z" style="fill:url(#g)"/><circle cx="86" cy="30" r="26" fill="#0b7a75"/></svg>'
)

HOUSE = """
[house]
name = "Northbank Safety Partnership"
logo = "logo.svg"
colour = "#1f4e79"
contact = "Analysts of the partnership, 020 7946 0000"
[house.markings]
partner = "OFFICIAL, PARTNERS ONLY"
"""


def make_logo(width: int = 8, height: int = 4) -> bytes:
    """A blue PNG."""
    rows = (b"\0" + b"\x1f\x4e\x79" * width) * height
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


def write_house(folder: Path, text: str = HOUSE) -> Path:
    """Settings of a house, with its logos beside them."""
    (folder / "logo.svg").write_text(SVG_LOGO, "utf-8")
    (folder / "logo.png").write_bytes(make_logo())
    path = folder / "hotspots.toml"
    path.write_text(text, "utf-8")
    return path

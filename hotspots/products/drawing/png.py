"""Images of a few colours as PNG, one byte a pixel before it is compressed."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt


def encode_png(pixels: npt.NDArray[np.uint8], colours: Sequence[str], *, opacities: Sequence[int] = ()) -> str:
    """An image as a data URL.

    Args:
        pixels: uint8 (n_rows, n_columns), the position of each pixel's colour, top row first.
        colours: As "#rrggbb".
        opacities: From 0 to 255, of the first so many colours; the others are opaque.

    Source: PNG (Portable Network Graphics) Specification, second edition, W3C and ISO/IEC 15948:2003, colour type 3.
    """
    rows = np.hstack([np.zeros((len(pixels), 1), dtype=np.uint8), pixels])  # each row begins with its filter: none
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", pixels.shape[1], pixels.shape[0], 8, 3, 0, 0, 0)),
        (b"PLTE", b"".join(bytes.fromhex(colour[1:]) for colour in colours)),
        *([(b"tRNS", bytes(opacities))] if opacities else []),
        (b"IDAT", zlib.compress(rows.tobytes(), 9)),
        (b"IEND", b""),
    ]
    png = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    return f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}"

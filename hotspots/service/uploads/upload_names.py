"""Names of files that people send, made safe: what is left of them can be nothing but a name."""

from __future__ import annotations

import re
import unicodedata

from hotspots.errors import ParameterError
from hotspots.ingest.incidents import INCIDENT_SUFFIXES
from hotspots.ingest.texts import mask_label

KEPT_SUFFIXES = tuple(suffix for suffix in INCIDENT_SUFFIXES if suffix != ".shp")
"""Kinds of files of incidents that are looked for in a folder. A shapefile has several parts, and comes as .zip."""

_MAX_BYTES = 100
"""Of a name without its ending: file systems take 255 with all that is added."""
_UNSAFE = re.compile(r"[^\w .-]+|_+")


def make_safe_name(name: str) -> str:
    """A name as a file may have it: letters, digits, spaces, dots and dashes, and the ending that it came with.

    Names of people and numbers of theirs are taken out, as products and messages call the file by its name.

    Args:
        name: As a browser or a program says it, which may be anything: a path, control characters, nothing.

    Raises:
        ParameterError: Its ending is not one of a file of incidents.
    """
    last = re.split(r"[/\\]", name)[-1].strip()
    suffix = max((one for one in KEPT_SUFFIXES if last.lower().endswith(one)), key=len, default="")
    if not suffix:
        raise ParameterError(
            f"A file of incidents ends in {', '.join(KEPT_SUFFIXES)}, and this one does not. Save it as one of these."
        )
    stem = unicodedata.normalize("NFKC", mask_label(last[: -len(suffix)]))
    plain = _UNSAFE.sub(" ", "".join(letter for letter in stem if letter.isprintable()))
    short = " ".join(plain.split()).encode("utf-8")[:_MAX_BYTES].decode("utf-8", "ignore").strip(" .-")
    return (short or "incidents") + suffix

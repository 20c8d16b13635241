"""The logo of a partnership: a PNG or SVG file that may stand on a product."""

from __future__ import annotations

import base64
import re
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NoReturn
from xml.parsers import expat

from hotspots.errors import DataError, NotFoundError

MAX_BYTES = 200_000
"""It stands in every page, as pages make no request."""
MAX_PIXELS = 2_000

_PNG = b"\x89PNG\r\n\x1a\n"
_SIZE_AT = 16
"""Width and height of a PNG, after its signature and the head of its first chunk."""
_REFUSED = {
    *("script", "handler", "foreignobject", "iframe", "object", "embed", "audio", "video", "a"),
    *("set", "animate", "animatemotion", "animatetransform", "animatecolor"),
}
"""Elements that run, move, link, or hold another document."""
_WITHIN = re.compile(r"#|data:image/(png|jpeg);base64,", flags=re.IGNORECASE)
"""What a reference of an SVG file may be to: a part of itself, or an image within it."""
_FETCHES = re.compile(r"@import|\burl\s*\(\s*[\"']?\s*(?!#|[\"'\s])|\\", flags=re.IGNORECASE)
"""Of a style, what asks for another file, or may hide that behind an escape."""
_IMAGES = re.compile(r"\burl\s*\(\s*[\"']?\s*data:image/(png|jpeg);base64,", flags=re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Logo:
    """A logo that may stand on a page: nothing in it runs, moves or asks for another file.

    Attributes:
        content: The file, at most 200 kB.
        form: What kind of file it is.
    """

    content: bytes
    form: Literal["png", "svg"]

    @property
    def data_url(self) -> str:
        """It, for a page that makes no request."""
        kind = "image/png" if self.form == "png" else "image/svg+xml"
        return f"data:{kind};base64,{base64.b64encode(self.content).decode('ascii')}"

    @property
    def svg(self) -> str:
        """It as SVG, for pages that are set from texts: a PNG within one."""
        if self.form == "svg":
            return self.content.decode("utf-8-sig")
        width, height = struct.unpack_from(">II", self.content, _SIZE_AT)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
            f'height="{height}"><image width="{width}" height="{height}" href="{self.data_url}"/></svg>'
        )


def read_logo(path: Path) -> Logo:
    """Read a logo, and see that it may stand on a page.

    Args:
        path: PNG of at most 2,000 pixels a side, or SVG; 200 kB at most.

    Raises:
        NotFoundError: The file is not there.
        DataError: It is neither PNG nor SVG, is too large, or runs, moves or refers to something outside itself.
    """
    if not path.is_file():
        raise NotFoundError(f"The logo {path.as_posix()} is not there. Correct its path, or leave `logo` out.")
    with path.open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise DataError(
            f"A logo must be a file of at most {MAX_BYTES:,} bytes, as every page holds it; {path.as_posix()} has "
            f"{path.stat().st_size:,}. Save it smaller: a width of 400 pixels is enough."
        )
    if content.startswith(_PNG):
        _require_png(content, path)
        return Logo(content=content, form="png")
    _require_svg(content, path)
    try:
        content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"An SVG logo must be in UTF-8; {path.as_posix()} is not. Save it as PNG.") from error
    return Logo(content=content, form="svg")


def _require_png(content: bytes, path: Path) -> None:
    if len(content) < _SIZE_AT + 8 or not content.rstrip(b"\0").endswith(b"IEND\xaeB`\x82"):
        raise DataError(f"The logo {path.as_posix()} begins as a PNG and is cut off. Save it again.")
    width, height = struct.unpack_from(">II", content, _SIZE_AT)
    if not (0 < width <= MAX_PIXELS and 0 < height <= MAX_PIXELS):
        raise DataError(
            f"A logo must have at most {MAX_PIXELS:,} pixels a side; {path.as_posix()} has {width:,} by {height:,}. "
            "Save it smaller: a width of 400 pixels is enough."
        )


def _require_svg(content: bytes, path: Path) -> None:
    """Refuse what is not SVG, or more than a drawing."""
    opened: list[str] = []
    within: list[str] = []
    styles: list[str] = []

    def refuse(what: str) -> NoReturn:
        raise DataError(
            f"An SVG logo must be a drawing alone, which runs, moves and asks for nothing; {path.as_posix()} has "
            f"{what}. Save it as plain SVG, or as PNG."
        )

    def see_element(name: str, attributes: dict[str, str]) -> None:
        opened.append(name.rpartition(":")[2].lower())
        within.append(opened[-1])
        if opened[0] == "svg" and opened[-1] in _REFUSED:
            refuse(f"an element <{opened[-1]}>")
        for key, value in attributes.items():
            attribute = key.rpartition(":")[2].lower()
            if attribute.startswith("on"):
                refuse(f"an attribute {attribute}")
            if attribute in ("href", "src") and not _WITHIN.match(value.strip()):
                refuse(f'a reference to "{value.strip()[:40]}"')
            if attribute not in ("href", "src") and "(" in value:
                see_style(value)

    def see_end(_: str) -> None:
        within.pop()

    def see_text(text: str) -> None:
        if within[-1] == "style":
            styles.append(text)

    def see_style(text: str) -> None:
        if _FETCHES.search(_IMAGES.sub("url(#", text)):
            refuse("a style that refers to another file")

    def see_entity(*_: object) -> None:
        refuse("an entity")

    def see_instruction(target: str, _: str) -> None:
        refuse(f"an instruction <?{target}?>")

    parser = expat.ParserCreate()
    parser.StartElementHandler = see_element
    parser.EndElementHandler = see_end
    parser.CharacterDataHandler = see_text
    parser.EntityDeclHandler = see_entity
    parser.ProcessingInstructionHandler = see_instruction
    try:
        parser.Parse(content, True)
    except expat.ExpatError:
        opened.clear()
    if opened[:1] != ["svg"]:
        raise DataError(f"A logo must be a PNG or SVG file; {path.as_posix()} is neither. Save it as one of them.")
    see_style("".join(styles))

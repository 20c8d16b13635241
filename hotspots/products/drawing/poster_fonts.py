"""The compiler of posters with its fonts, and which texts these can print."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hotspots.errors import DataError, HotspotsError
from hotspots.logos import Logo

if TYPE_CHECKING:
    import typst

STANDARD: Final = "ua-1"
"""PDF/UA (ISO 14289-1): read aloud, a poster says what it shows. It takes no sign that the fonts lack."""

_PROBE = b'#set document(title: "Probe", date: none)\n#set text(font: ("Lato", "Libertinus Serif"))\n#sys.inputs.text'
_LOGO_PROBE = b'#image(bytes(sys.inputs.svg), format: "svg", width: 20mm)'
_PLAIN = 0x250
"""Signs before this are Latin, and Lato or its stand-in has each that can be printed."""


@functools.cache
def make_compiler(wanted: str = "Posters", *, extra: str = "posters") -> typst.Compiler:
    """The compiler with the template, and no fonts but those of packages: a page looks alike on every machine.

    Args:
        wanted: What it is needed for.
        extra: The extra that has all that is needed for it.

    Raises:
        HotspotsError: A package is not installed.
    """
    try:
        import font_lato
        import segno  # noqa: F401 - the codes need it later, and it is asked for with the others
        import typst
    except ImportError as error:
        raise HotspotsError(
            f"{wanted} need more packages; {error.name} is not installed. Install them: pip install "
            f'"hotspots[{extra}]".'
        ) from error
    fonts = typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=True,
        font_paths=[str(Path(str(font_lato.__file__)).parent / "files")],
    )
    return typst.Compiler(read_template(), font_paths=fonts, ignore_system_fonts=True)


@functools.cache
def read_template() -> bytes:
    """How a poster looks, in typst."""
    # as bytes, since a text would be taken for a path
    return resources.files("hotspots.products").joinpath("templates/poster.typ").read_bytes()


def _is_plain(text: str) -> bool:
    return text.isprintable() and all(ord(sign) < _PLAIN for sign in text)


@functools.lru_cache(maxsize=10_000)
def is_printable(text: str) -> bool:
    """Whether the fonts have every sign of a text: they have Latin, Greek, Cyrillic, Hebrew and Arabic, and not all."""
    if _is_plain(text):
        return True
    try:
        make_compiler().compile(_PROBE, format="pdf", pdf_standards=STANDARD, sys_inputs={"text": text})
    except RuntimeError:
        return False
    return True


def find_unprintable(texts: Iterable[str]) -> set[str]:
    """Those of many texts that the fonts lack signs for."""
    doubtful = {text for text in texts if not _is_plain(text)}
    if is_printable("\n".join(sorted(doubtful))):
        return set()
    return {text for text in doubtful if not is_printable(text)}


@functools.lru_cache(maxsize=4)
def require_drawable(logo: Logo | None) -> str:
    """A logo as SVG that the compiler can draw; empty for none.

    Raises:
        DataError: It cannot: its data are damaged, its sizes are none, or it has too many parts.
        HotspotsError: A package is not installed.
    """
    if logo is None:
        return ""
    try:
        make_compiler().compile(_LOGO_PROBE, format="pdf", sys_inputs={"svg": logo.svg})
    except RuntimeError as error:
        raise DataError(
            f"The logo of the house cannot be drawn in PDF and Word files: {error}. Save it again as PNG, or leave "
            "`logo` out of [house]."
        ) from error
    return logo.svg

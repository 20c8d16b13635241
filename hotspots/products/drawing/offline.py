"""From a folium map to parts of a page that needs no network and is the same every time.

A stock folium page asks four hosts for Leaflet, jQuery, Bootstrap and fonts, and is blank without them. Only
Leaflet is needed here; it comes from the XStatic-Leaflet package and is put in the file.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import xstatic.pkg.leaflet
from branca.element import CssLink, Element, Figure, JavascriptLink

_LEAFLET = Path(xstatic.pkg.leaflet.BASE_DIR)
_NUMBER = re.compile("_[0-9a-f]{32}")


@dataclass(frozen=True, slots=True, kw_only=True)
class MapParts:
    """What folium made of a map.

    Attributes:
        body: HTML that goes where the map is to be.
        script: JavaScript that goes after it.
        names: The JavaScript variable of the map and of each layer, by its key.
    """

    body: str
    script: str
    names: dict[str, str]


def render_map(elements: Mapping[str, Element], *, known_links: Collection[str]) -> MapParts:
    """The body and script of a folium map, with names that are the same on every run.

    Args:
        elements: The map and its layers by their key. Nothing in them may be text from a source or the settings,
            because branca renders what folium has rendered once more as a template.
        known_links: Addresses that the map may ask for; they are left out.

    Raises:
        AssertionError: A layer needs a script or style that is not in the file.
    """
    figure = next(iter(elements.values())).get_root()
    assert isinstance(figure, Figure)
    figure.render()
    for link in figure.header._children.values():
        if isinstance(link, JavascriptLink | CssLink) and link.url not in known_links:
            raise AssertionError(f"a layer needs {link.url}, which is not in the file")
    body, script = figure.html.render(), figure.script.render()
    # folium gives its variables random numbers; by first appearance, the same map has the same bytes
    found = dict.fromkeys(_NUMBER.findall(body + script))
    numbers = {number: f"_{index}" for index, number in enumerate(found, start=1)}

    def renumber(text: str) -> str:
        return _NUMBER.sub(lambda match: numbers[match[0]], text)

    names = {key: renumber(element.get_name()) for key, element in elements.items()}
    return MapParts(body=renumber(body), script=renumber(script), names=names)


def leaflet_script() -> str:
    """Leaflet itself, without the pointer to its source map, which a browser would go and look for."""
    return (_LEAFLET / "leaflet.js").read_text("utf-8").split("//# sourceMappingURL")[0]


def leaflet_style() -> str:
    """Leaflet's style sheet with its images inside."""

    def inline(match: re.Match[str]) -> str:
        data = base64.b64encode((_LEAFLET / match[1]).read_bytes()).decode("ascii")
        return f"url(data:image/png;base64,{data})"

    return re.sub(r"url\((images/[\w.-]+\.png)\)", inline, (_LEAFLET / "leaflet.css").read_text("utf-8"))


def hash_script(script: str) -> str:
    """The source expression by which a Content-Security-Policy allows this inline script and no other."""
    digest = hashlib.sha256(script.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"

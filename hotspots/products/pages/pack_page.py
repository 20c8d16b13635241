"""The table of a pack: wards by crimes, with a link to each map."""

from __future__ import annotations

import functools
from importlib import resources

from markupsafe import Markup

from hotspots.house import HouseStyle
from hotspots.products.drawing import hash_script
from hotspots.products.summary import PackSummary
from hotspots.products.words import make_environment, say_each

_MARKS = {
    "clearly improving": "good",
    "improving": "fair",
    "deteriorating": "poor",
    "clearly deteriorating": "bad",
}


def draw_pack(summary: PackSummary, *, house: HouseStyle) -> str:
    """The page, as HTML: it opens from a folder or a memory stick, without a network."""
    script = _read_script()
    return (
        make_environment()
        .get_template("pack.html")
        .render(
            s=summary,
            house=house,
            marks=_MARKS,
            compared=say_each("pack.compared", summary),
            script=Markup(script),
            script_hash=Markup(hash_script(script)),
        )
    )


@functools.cache
def _read_script() -> str:
    return resources.files("hotspots.products").joinpath("templates/pack.js").read_text("utf-8")

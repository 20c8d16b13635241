"""The sheet that all charts share: 16:9 as a slide, with a title that says what is found, and where it comes from.

Places and sizes are in pixels of a sheet of 1280 x 720, from its upper left corner, so that a chart can be laid out as
a page is. Letters are outlines of one font: a picture looks the same on a machine that lacks it.
"""

from __future__ import annotations

import functools
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hotspots.errors import HotspotsError
from hotspots.products.drawing import INK, SOFT

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.font_manager import FontProperties

WIDTH, HEIGHT = 1280, 720
MARGIN: Final = 40
TITLE, BODY, SMALL = 30.0, 18.0, 16.0
"""Heights of letters. On A5 the smallest are 7 points."""
_DPI = 96
_PNG_SCALE = 2
_FINE = 10
_STYLE: dict[str, Any] = {
    "axes.linewidth": 1.0,
    "figure.facecolor": "white",
    "hatch.linewidth": 1.2,
    "savefig.facecolor": "white",
    "svg.fonttype": "path",
    "text.parse_math": False,  # the name of a ward may hold dollars
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A chart that cannot be drawn.

    Attributes:
        name: Of the chart, as of its file.
        reason: Why, in a sentence.
    """

    name: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A chart on a sheet of its own.

    Attributes:
        name: Of the chart, as of its file.
        title: What is found, in a sentence.
        subtitle: What is measured, and how to read it.
        source: Whose data, of which days, and what to know of them.
        alt: What is to be seen, for those who do not see it.
        figure: The drawing. What is added to it shows in the pictures.
    """

    name: str
    title: str
    subtitle: str
    source: str
    alt: str
    figure: Figure = field(repr=False)

    @property
    def svg(self) -> str:
        """The chart as SVG, to stand alone or within a page, with title and alternative text."""
        picture = io.BytesIO()
        with use_style(self.name):
            self.figure.savefig(picture, format="svg", metadata={"Date": None})
        _, tag, rest = re.split(r"(<svg\b[^>]*>)", picture.getvalue().decode("utf-8"), maxsplit=1)
        rest = re.sub(r"\s*<metadata>.*?</metadata>", "", rest, count=1, flags=re.DOTALL)
        # without a title of the drawing's own, readers would be told the texts one by one
        named = f'{tag[:-1]} role="img" aria-labelledby="{self.name}-title {self.name}-desc">'
        title = f'\n <title id="{self.name}-title">{escape(self.title)}</title>'
        return f'{named}{title}\n <desc id="{self.name}-desc">{escape(self.alt)}</desc>{rest}'

    @property
    def png(self) -> bytes:
        """The same as PNG of 2560 x 1440 pixels, with title and alternative text (`Description`)."""
        picture = io.BytesIO()
        known = {"Title": self.title, "Description": self.alt, "Software": None}
        with use_style(self.name):
            self.figure.savefig(picture, format="png", dpi=_DPI * _PNG_SCALE, metadata=known)
        return picture.getvalue()


def require_chart_packages() -> None:
    """Refuse to begin where charts cannot be drawn.

    Raises:
        HotspotsError: A package is not installed.
    """
    try:
        import font_lato  # noqa: F401 - asked for here, and used where letters are drawn
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise HotspotsError(
            f'Charts need more packages; {error.name} is not installed. Install them: pip install "hotspots[charts]".'
        ) from error


@contextmanager
def use_style(name: str = "") -> Iterator[None]:
    """Matplotlib as charts need it, whatever the user's own settings are.

    Raises:
        HotspotsError: A package is not installed.
    """
    require_chart_packages()
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        style: dict[Any, Any] = _STYLE | {"svg.hashsalt": name}
        matplotlib.rcParams.update(style)
        yield


class Sheet:
    """An empty sheet with title, subtitle and source, to draw on.

    Args:
        title: What is found.
        subtitle: What is measured.
        source: Of the data; at the foot.
        marking: Of the product, such as "OFFICIAL"; above and below.
    """

    def __init__(self, title: str, subtitle: str, source: str, *, marking: str | None = None) -> None:
        from matplotlib.figure import Figure

        self.texts = (title, subtitle, source)
        self.figure = Figure(figsize=(WIDTH / _DPI, HEIGHT / _DPI), dpi=_DPI)
        width = WIDTH - 2 * MARGIN
        y = 34.0
        if marking:
            for edge in (22, HEIGHT - 10):
                self.write(WIDTH / 2, edge, marking, size=SMALL, is_bold=True, across="center")
            y = 46.0
        for line in wrap(title, size=TITLE, width=width, is_bold=True):
            y += 28
            self.write(MARGIN, y, line, size=TITLE, is_bold=True)
            y += 8
        for line in wrap(subtitle, size=BODY, width=width):
            y += 24
            self.write(MARGIN, y, line, colour=SOFT)
        self.top = y + 16
        """Below the subtitle."""
        lines = wrap(source, size=SMALL, width=width)
        self.bottom = HEIGHT - (36 if marking else 20) - 20.0 * len(lines)
        """Above the source."""
        for number, line in enumerate(lines, start=1):
            self.write(MARGIN, self.bottom + 20 * number, line, size=SMALL, colour=SOFT)

    def write(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float = BODY,
        is_bold: bool = False,
        colour: str = INK,
        across: str = "left",
        down: str = "baseline",
    ) -> None:
        """Write a text in one line; `across` and `down` say what of it is at the place."""
        said, font = choose_font(text, size=size, is_bold=is_bold)
        self.figure.text(x / WIDTH, 1 - y / HEIGHT, said, fontproperties=font, color=colour, ha=across, va=down)

    def open_plot(self, left: float, top: float, right: float, bottom: float) -> Axes:
        """An empty part of the sheet with axes of its own, which the chart writes itself."""
        axes = self.figure.add_axes(
            (left / WIDTH, 1 - bottom / HEIGHT, (right - left) / WIDTH, (bottom - top) / HEIGHT)
        )
        axes.set_axis_off()
        return axes

    def open_canvas(self) -> Axes:
        """The whole sheet as a plot in its own pixels."""
        axes = self.open_plot(0, 0, WIDTH, HEIGHT)
        axes.set(xlim=(0, WIDTH), ylim=(HEIGHT, 0))
        return axes

    def finish(self, name: str, alt: str) -> Chart:
        """The chart, when all is drawn."""
        title, subtitle, source = self.texts
        return Chart(name=name, title=title, subtitle=subtitle, source=source, alt=alt, figure=self.figure)


def choose_font(text: str, *, size: float, is_bold: bool = False) -> tuple[str, FontProperties]:
    """The font that has the signs of a text, and the text with a question mark for each that neither font has."""
    from matplotlib.font_manager import FontProperties

    files = _find_fonts(is_bold)
    # the second has more signs, such as those of Welsh
    file = next((file for file in files if _find_signs(file).issuperset(text)), files[-1])
    known = _find_signs(file)
    said = "".join(sign if sign in known else "?" for sign in text)
    return said, FontProperties(fname=file, size=size * 72 / _DPI)


@functools.cache
def _find_fonts(is_bold: bool) -> tuple[str, ...]:
    import font_lato
    import matplotlib

    weight = "Bold" if is_bold else "Regular"
    lato = Path(str(font_lato.__file__)).parent / "files" / f"Lato-{weight}.ttf"
    dejavu = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"DejaVuSans{'-Bold' if is_bold else ''}.ttf"
    return str(lato), str(dejavu)


@functools.cache
def _find_signs(file: str) -> frozenset[str]:
    from matplotlib.ft2font import FT2Font

    return frozenset(map(chr, FT2Font(file).get_charmap()))


def measure(text: str, *, size: float, is_bold: bool = False) -> float:
    """How wide a text is, pixels."""
    from matplotlib.font_manager import get_font

    said, properties = choose_font(text, size=size, is_bold=is_bold)
    font = get_font(str(properties.get_file()))
    font.set_size(size * _FINE, 72)  # large, so that no stroke is moved to a whole pixel
    font.set_text(said)
    return float(font.get_width_height()[0]) / 64 / _FINE


def wrap(text: str, *, size: float, width: float, is_bold: bool = False) -> list[str]:
    """A text in lines of a width, broken between words."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and measure(longer, size=size, is_bold=is_bold) <= width:
            lines[-1] = longer
        else:
            lines.append(shorten(word, size=size, width=width, is_bold=is_bold))
    return lines


def shorten(text: str, *, size: float, width: float, is_bold: bool = False) -> str:
    """A text cut to a width, with an ellipsis where something is missing."""
    if measure(text, size=size, is_bold=is_bold) <= width:
        return text
    n = len(text)
    while n and measure(f"{text[:n].rstrip()}…", size=size, is_bold=is_bold) > width:
        n -= 1
    return f"{text[:n].rstrip()}…"

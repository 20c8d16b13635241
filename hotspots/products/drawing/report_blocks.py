"""A report of several pages, as what is on it: texts, tables and pictures, whatever it is written as."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import ClassVar, Literal

from hotspots.house import HouseStyle
from hotspots.products.summary import HandlingSummary

CellLook = Literal["plain", "strong", "badge"]


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A text.

    Attributes:
        text: What it says.
        look: "lead" for the answer that a page begins with, "small" for what few need.
    """

    kind: ClassVar = "paragraph"

    text: str
    _: KW_ONLY
    look: Literal["plain", "lead", "small"] = "plain"


@dataclass(frozen=True, slots=True)
class Subheading:
    """A heading within a section."""

    kind: ClassVar = "subheading"

    text: str


@dataclass(frozen=True, slots=True)
class Points:
    """A list of sentences."""

    kind: ClassVar = "points"

    items: Sequence[str]


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture.

    Attributes:
        svg: It. What lacks a namespace, a size of letters and a font gets them where it stands alone.
        alt: What it shows, for those who do not see it.
        caption: Below it; empty for none.
        narrow: The same for a phone; empty where one does for all.
    """

    kind: ClassVar = "figure"

    svg: str
    alt: str
    _: KW_ONLY
    caption: str = ""
    narrow: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table.

    Attributes:
        text: What it says.
        note: Below it, smaller; empty for none.
        look: "strong", or "badge" for the number of a place, white in a black disc as on maps.
    """

    text: str
    note: str = ""
    _: KW_ONLY
    look: CellLook = "plain"


@dataclass(frozen=True, slots=True)
class Grid:
    """A table.

    Attributes:
        headings: Of its columns; an empty one is not seen.
        rows: As many cells each; a text is a plain one.
        caption: Above it; empty for none.
        align: A letter a column: "l", "r" or "c". Empty for all to the left.
        widths: Of the columns, in parts of the whole. Empty for equal ones.
    """

    kind: ClassVar = "grid"

    headings: Sequence[str]
    rows: Sequence[Sequence[str | Cell]]
    _: KW_ONLY
    caption: str = ""
    align: str = ""
    widths: Sequence[float] = ()


@dataclass(frozen=True, slots=True)
class Blank:
    """Room to write by hand.

    Attributes:
        labels: A column each.
        n_lines: Empty rows.
        widths: Of the columns, in parts of the whole. Empty for equal ones.
        first: What stands in the first column of each row already; empty where nothing does.
        tall: Lines of writing that a row has room for.
    """

    kind: ClassVar = "blank"

    labels: Sequence[str]
    n_lines: int = 1
    _: KW_ONLY
    widths: Sequence[float] = ()
    first: Sequence[str] = ()
    tall: int = 1


@dataclass(frozen=True, slots=True)
class KeyFigures:
    """Numbers in large type, with what each is.

    Attributes:
        items: Number and what it is.
    """

    kind: ClassVar = "figures"

    items: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Beside:
    """Two lots of blocks side by side; one below the other on a phone.

    Attributes:
        left, right: These.
        share: Of the width, that of the left.
    """

    kind: ClassVar = "beside"

    left: Sequence[Block]
    right: Sequence[Block]
    _: KW_ONLY
    share: float = 0.5


Block = Paragraph | Subheading | Points | Figure | Grid | Blank | KeyFigures | Beside


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of a report.

    Attributes:
        heading: Of it.
        blocks: What is in it.
        starts_page: Whether it begins on a page of its own.
        fits_page: Whether, as the first or one that begins on a page of its own, it is made to fit on one: pictures,
            and then letters, are as small as that takes. In Word, where only Word sets the page, it is but likelier.
        is_whole: Whether no end of a page cuts it: pictures and letters are as small as half a page takes, where they
            can still be read so, or else a page.
    """

    heading: str
    blocks: Sequence[Block]
    starts_page: bool = False
    fits_page: bool = False
    is_whole: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A report.

    Attributes:
        title: What it is on.
        subtitle: Where, and for which time.
        handling: For whom it is; its marking is on top and at the foot of each page.
        house: Whose logo and colour it has.
        status: That the data are not for decisions; empty for ordinary data.
        contact: Whom to ask.
        sources: What it was made from, a sentence each.
        day: From which it is said to be.
        sections: Its parts.
    """

    title: str
    subtitle: str
    handling: HandlingSummary
    house: HouseStyle
    status: str
    contact: str
    sources: Sequence[str]
    day: dt.date
    sections: Sequence[Section]

"""What posters are wanted: the walk, the hours, the paper, and what may be printed on them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from hotspots.analysis.network import WALKING_M_PER_MINUTE
from hotspots.errors import ParameterError

Paper = Literal["a4", "a3"]

_MAX_ADDRESS = 200
_MAX_CREDIT = 160
_SCHEME = re.compile(r"\s*([A-Za-z][A-Za-z0-9+.-]*):")
_MAX_MINUTES = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PosterRequest:
    """What posters are wanted.

    Attributes:
        minutes: How far a haven may be from a school, minutes on foot.
        hours: First and last hour after school, whole hours of the day.
        schools: Names or numbers of the schools; empty for all.
        paper: Size of the sheets; None for A4, and A3 for a borough with more havens than A4 can number.
        address: What the QR code says, and is printed beside it: a web address (http or https) or a plain text such as
            a postal address; None for no code.
        credit: Whose map and lists they are, as their licences ask; None for that of the streets, if they are of
            OpenStreetMap or the Ordnance Survey.

    Raises:
        ParameterError: The minutes are not of 1 to 60, the hours are not in order within a day, or the address is not
            plain.
    """

    minutes: float = 10.0
    hours: tuple[int, int] = (15, 18)
    schools: tuple[str, ...] = ()
    paper: Paper | None = None
    address: str | None = None
    credit: str | None = None

    @property
    def reach_m(self) -> float:
        """The walk in metres."""
        return self.minutes * WALKING_M_PER_MINUTE

    def __post_init__(self) -> None:
        if not 1 <= self.minutes <= _MAX_MINUTES:
            raise ParameterError(
                f"A walk must be of 1 to {_MAX_MINUTES:.0f} minutes; `minutes` is {self.minutes:g}. 10 is usual."
            )
        first, last = self.hours
        if not 0 <= first < last <= 24:
            raise ParameterError(
                f"Hours after school must lie within a day, the first before the last; `hours` are {first} to {last}. "
                "Give 15-18 for 3 to 6 o'clock."
            )
        if self.address is not None:
            _require_plain_address(self.address)
        if self.credit is not None:
            _require_line(self.credit, "credit", _MAX_CREDIT)


def _require_line(text: str, parameter: str, longest: int) -> None:
    hidden = next((sign for sign in text if not sign.isprintable()), None)
    if text.strip() and len(text) <= longest and hidden is None:
        return
    given = f"this has {len(text):,}" if hidden is None else f"this has U+{ord(hidden):04X}, which cannot be printed"
    raise ParameterError(
        f"`{parameter}` must be one line of 1 to {longest} printable characters; {given}. Correct it, or leave it out."
    )


def _require_plain_address(address: str) -> None:
    """Refuse what a phone would do more with than show a text or open a page."""
    _require_line(address, "address", _MAX_ADDRESS)
    scheme = _SCHEME.match(address)
    if scheme is None:
        return
    if scheme[1].lower() not in ("http", "https"):
        raise ParameterError(
            f'The code on a poster may hold a web address (http or https) or a plain text; `address` begins "'
            f'{scheme[1]}:", by which a phone may do something else. Give https://... or a postal address without a '
            "colon at its beginning."
        )
    try:
        parts = urlsplit(address.strip())
        is_page = bool(parts.hostname) and "@" not in parts.netloc and not any(sign.isspace() for sign in address)
    except ValueError:  # brackets, or letters that turn into others, where the name of a server should be
        is_page = False
    if not is_page:
        raise ParameterError(
            f"A web address must name a server, without a user, a password or blanks; `address` {address!r} does not. "
            "Give it as https://example.org/havens."
        )

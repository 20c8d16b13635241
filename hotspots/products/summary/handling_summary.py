"""What each summary says of for whom its products are, how they are marked and who made them."""

from __future__ import annotations

from dataclasses import dataclass

from hotspots.house import Audience, HouseStyle
from hotspots.products.summary.encoding import Part
from hotspots.products.words import say


@dataclass(frozen=True, slots=True, kw_only=True)
class HandlingSummary(Part):
    """For whom products are.

    Attributes:
        audience: Those whom they are for.
        marking: Printed at their top and bottom; empty for nothing.
        house: In whose name they are made; null where nobody is named.
        contact: Whom to ask; null where nobody is named.
        short: For whom, in a few words.
        words: The same in a sentence.
    """

    audience: Audience
    marking: str
    house: str | None
    contact: str | None
    short: str
    words: str


def summarise_handling(
    house: HouseStyle, audience: Audience, *, marking: str | None = None, contact: str | None = None
) -> HandlingSummary:
    """For whom products are, and how they are marked.

    Args:
        house: In whose name they are made.
        audience: Those whom they are for.
        marking: In the place of that of the house.
        contact: Likewise.
    """
    return HandlingSummary(
        audience=audience,
        marking=house.markings[audience] if marking is None else marking,
        house=house.name,
        contact=contact or house.contact,
        short=say("handling.short", audience),
        words=say("handling.audience", audience),
    )

"""Targets for numbers of incidents, and the crimes that can be reported."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hotspots.errors import ParameterError


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A target for a number of incidents: exactly one of the two.

    Attributes:
        change: Wanted change on the period before, as a share: -0.05 for 5% fewer, 0 for no more.
        n_incidents: Highest number wanted.

    Raises:
        ParameterError: Neither or both are given, the change is below -1, or the number below 0.
    """

    change: float | None = None
    n_incidents: int | None = None

    def __post_init__(self) -> None:
        if (self.change is None) == (self.n_incidents is None):
            raise ParameterError(
                "A target must be either a change or a number of incidents; "
                f"{'both' if self.change is not None else 'neither'} given. Write -0.05 for 5% fewer, or 1200."
            )
        if self.change is not None and not (math.isfinite(self.change) and self.change >= -1):
            raise ParameterError(
                f"A target cannot be a change of {self.change:+.0%}: -100% already means no incidents at all."
            )
        if self.n_incidents is not None and self.n_incidents < 0:
            raise ParameterError(f"A target must be a number of incidents, 0 or more, not {self.n_incidents}.")


def choose_indicators(wanted: Sequence[str], present: Sequence[str], part_of: Mapping[str, str | None]) -> list[str]:
    """The crimes that can be shown: those wanted, or the category in place of parts that the files do not tell apart.

    Args:
        wanted: Slugs, in order.
        present: Slugs that the files hold.
        part_of: The category of each part.
    """
    chosen = [slug if slug in present else part_of.get(slug) or slug for slug in wanted]
    return list(dict.fromkeys(slug for slug in chosen if slug in present))

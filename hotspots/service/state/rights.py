"""What somebody may be: roles, tiers, and which go together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from hotspots.errors import ParameterError

Role = Literal["viewer", "analyst", "admin"]
"""What somebody may do: read; run and upload as well; give accounts as well."""
Tier = Literal["tasking", "partner"]
"""Of which audience somebody is: tasking also sees what partners see, and both see what everybody may."""


def require_fitting(role: Role, tier: Tier, ward_codes: Sequence[str]) -> None:
    """Refuse a role whose work shows more than the tier or the wards may see.

    Raises:
        ParameterError: They do not go together.
    """
    if role != "viewer" and (tier != "tasking" or ward_codes):
        raise ParameterError(
            f"Whoever may run analyses sees all that is in them, so the role {role} takes the tier tasking and all "
            "wards. Make a partner or the team of a ward a viewer."
        )

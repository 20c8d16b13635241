"""What is covered of some incidents, without what would tell of fewer than ten."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import ClassVar

from hotspots.analysis.safe_havens import CoverageShares
from hotspots.geography import FLOOR
from hotspots.products.summary.encoding import Part, Share, Tenths

_NONE = 1e-6
_STATES = ("open", "unknown", "lost", "none")


@dataclass(frozen=True, slots=True, kw_only=True)
class SharesSummary(Part):
    """What is covered of some incidents, at some hours.

    Attributes:
        any_share: Of those whose hour is known, with any haven within reach, open or not; null without any, and, like
            each number here, where it is of fewer than ten incidents in one area.
        open_share: With one that is open then.
        unknown_share: With none known to be open then, and one of which that is not known.
        lost_share: With one within reach, and all known to be closed then: what closing time costs.
    """

    view_of: ClassVar = CoverageShares

    n_incidents: int | None
    n_within_reach: int | None
    share_within_reach: Share | None
    n_timed: Tenths
    n_any: Tenths | None
    n_open: Tenths | None
    n_unknown: Tenths | None
    any_share: Share | None
    open_share: Share | None
    unknown_share: Share | None
    lost_share: Share | None


def withhold_few(shares: CoverageShares) -> SharesSummary:
    """What is covered in one area, without numbers of fewer than ten incidents, and without what would tell them.

    The incidents are open, not known, closed and out of reach, and their sum is stated. So two of these are withheld
    or none, and those withheld are ten or more together.
    """
    hidden = _find_few(shares, frozenset())
    n_near, n_all = shares.n_within_reach or 0, shares.n_incidents or 0
    is_told = FLOOR.may_tell(n_near, whole=n_all)
    return _leave_out(shares, hidden, is_near_told=is_told and not hidden)


def withhold_from_sum(
    areas: Sequence[CoverageShares | None], *, beyond: CoverageShares | None = None, untold: Collection[int] = ()
) -> list[SharesSummary | None]:
    """The same of areas, or parts of the week, that make up a whole whose numbers are stated.

    One withheld alone would be what the others leave of the whole. So of each of the four two areas are withheld or
    none, and those withheld are ten or more together, as far as other areas have any.

    Args:
        areas: Of each; None where nothing is told of it.
        beyond: What belongs to the whole and lies in none of them, of which nothing is told either; None for nothing.
        untold: Positions of those of which not even the number with an open haven may be told.
    """
    hidden = [
        _find_few(shares, frozenset({"open"} if row in untold else ())) if shares else frozenset(_STATES)
        for row, shares in enumerate(areas)
    ]
    counts = [_count_states(shares) if shares else dict.fromkeys(_STATES, 0.0) for shares in areas]
    has_beyond = beyond is not None and beyond.n_timed > _NONE
    if beyond is not None and has_beyond:
        hidden.append(frozenset(_STATES))
        counts.append(_count_states(beyond))
    is_settled = False
    while not is_settled:
        is_settled = True
        for state in _STATES:
            withheld = [n[state] for n, names in zip(counts, hidden, strict=True) if state in names]
            others = [
                (n[state], row)
                for row, (n, names) in enumerate(zip(counts, hidden, strict=True))
                if state not in names and n[state] > _NONE
            ]
            if withheld and others and _tells_few(withheld, has_beyond=has_beyond):
                _, row = min(others)
                shares = areas[row]
                assert shares is not None
                hidden[row] = _find_few(shares, hidden[row] | {state})
                is_settled = False
    untold_near = _find_untold_near(areas, beyond, hidden)
    return [
        _leave_out(shares, hidden[row], is_near_told=row not in untold_near) if shares else None
        for row, shares in enumerate(areas)
    ]


def _tells_few(withheld: Sequence[float], *, has_beyond: bool) -> bool:
    """Whether the sum of what is withheld tells of few, or of one area; what lies in no area may be told, if many."""
    if has_beyond and len(withheld) == 1:
        return FLOOR.is_few(withheld[0])
    return len(withheld) < 2 or sum(withheld) < FLOOR.min_incidents


def _find_untold_near(
    areas: Sequence[CoverageShares | None], beyond: CoverageShares | None, hidden: Sequence[frozenset[str]]
) -> set[int]:
    """The areas of which it is not told how many have a haven near, at any hour: by their sum others must go too."""
    near: dict[int, tuple[int, int]] = {}
    for row, shares in enumerate(areas):
        if shares is not None and shares.n_within_reach is not None and shares.n_incidents is not None:
            near[row] = shares.n_within_reach, shares.n_incidents - shares.n_within_reach
    rest: list[tuple[int, int]] = []
    if beyond is not None and beyond.n_incidents and beyond.n_within_reach is not None:
        rest.append((beyond.n_within_reach, beyond.n_incidents - beyond.n_within_reach))
    untold = {row for row, parts in near.items() if hidden[row] or any(map(FLOOR.is_few, parts))}
    is_settled = False
    while not is_settled:
        is_settled = True
        for part in (0, 1):
            withheld = [parts[part] for parts in (*(near[row] for row in untold), *rest)]
            others = [(parts[part], row) for row, parts in near.items() if row not in untold and parts[part]]
            if withheld and others and _tells_few(withheld, has_beyond=bool(rest)):
                untold.add(min(others)[1])
                is_settled = False
    return untold


def _count_states(shares: CoverageShares) -> dict[str, float]:
    """How many incidents are in each of the four states, which are all of them together."""
    lost = max(shares.n_any - shares.n_open - shares.n_unknown, 0.0)
    numbers = (shares.n_open, shares.n_unknown, lost, shares.n_timed - shares.n_any)
    return dict(zip(_STATES, numbers, strict=True))


def _find_few(shares: CoverageShares, withheld: frozenset[str]) -> frozenset[str]:
    """The states that may not be told: those withheld already, those of few, and others that would tell them."""
    counts = _count_states(shares)
    hidden = {name: n for name, n in counts.items() if FLOOR.is_few(n) or name in withheld}
    # what has none within reach last, since with it goes the share that has any; and after all what is nothing
    others = sorted((n <= _NONE, name == "none", n, name) for name, n in counts.items() if name not in hidden)
    for is_nothing, _, n, name in others:
        if hidden and (len(hidden) < 2 or (sum(hidden.values()) < FLOOR.min_incidents and not is_nothing)):
            hidden[name] = n
    return frozenset(hidden)


def _leave_out(shares: CoverageShares, hidden: frozenset[str], *, is_near_told: bool) -> SharesSummary:
    names = set(hidden) | ({"any"} if "none" in hidden else set())
    left_out: dict[str, None] = {f"{name}_share": None for name in names - {"none"}}
    left_out |= {f"n_{name}": None for name in names - {"none", "lost"}}
    if not is_near_told:
        left_out |= {"n_within_reach": None, "share_within_reach": None}
    return SharesSummary.of(shares, **left_out)

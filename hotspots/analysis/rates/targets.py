"""Whether a target was met, and how an area stands among its peers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
import scipy

from hotspots.analysis.rates.ratios import compare_rates
from hotspots.errors import ParameterError

TargetStatus = Literal["met", "met, within chance", "missed, within chance", "missed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a number of incidents is wanted to be: exactly one of the two.

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
                "A target is a change or a number of incidents, one of the two; "
                f"{'both' if self.change is not None else 'neither'} given. Write -0.05 for 5% fewer, or 1200."
            )
        if self.change is not None and not (math.isfinite(self.change) and self.change >= -1):
            raise ParameterError(f"A target cannot be a change of {self.change:+.0%}: -100% is none at all.")
        if self.n_incidents is not None and self.n_incidents < 0:
            raise ParameterError(f"A target is a number of incidents from 0, not {self.n_incidents}.")


def judge_target(
    n_current: int,
    n_previous: int | None,
    *,
    target: Target,
    exposure_current: float = 1.0,
    exposure_previous: float = 1.0,
    dispersion: float = 1.0,
    confidence: float = 0.95,
) -> TargetStatus | None:
    """Say whether a target was met, and whether chance alone could have made the difference.

    A target of change is met if the ratio of the two rates is at most what was wanted; within chance where the exact
    limits of the ratio also hold ratios on the other side. A target number is met if there are no more; within chance
    where the exact limits of the count (Garwood) also hold numbers on the other side.

    Args:
        n_current: Incidents of the current period.
        n_previous: Of the one before; None where it is not known.
        target: What was wanted.
        exposure_current: Days of the current period with data.
        exposure_previous: Of the one before.
        dispersion: How many times as much as independent incidents the counts vary by; see `measure_dispersion`.
        confidence: Of the limits.

    Returns:
        The status; None where a change is wanted and the period before is not known, or had none.
    """
    if target.n_incidents is not None:
        tail = (1 - confidence) / 2
        n = n_current / dispersion
        low = dispersion * float(scipy.stats.gamma.ppf(tail, n)) if n else 0.0
        high = dispersion * float(scipy.stats.gamma.isf(tail, n + 1))
        value, wanted = float(n_current), float(target.n_incidents)
    else:
        if not n_previous:
            return None
        ratio = compare_rates(
            n_current,
            n_previous,
            exposure_first=exposure_current,
            exposure_second=exposure_previous,
            dispersion=dispersion,
            confidence=confidence,
        )
        value, low, high = float(ratio.ratio), float(ratio.low), float(ratio.high)
        wanted = 1 + float(target.change or 0.0)
    if value <= wanted:
        return "met" if high <= wanted else "met, within chance"
    return "missed" if low > wanted else "missed, within chance"


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerComparison:
    """How an area's rate stands among those of its peers.

    Attributes:
        rate: Incidents per `per` residents and year.
        rank: 1 for the highest rate of all.
        rank_low, rank_high: The ranks it may as well have: 1 more than the peers that are higher by more than chance,
            and the number of areas less those that are lower by more than chance.
        n_areas: Peers and the area itself.
        peer_rates: float on the names of the peers, the highest first.
        per: Residents that rates refer to.
    """

    rate: float
    rank: int
    rank_low: int
    rank_high: int
    n_areas: int
    peer_rates: pd.Series
    per: float


def compare_with_peers(
    n_incidents: int,
    population: float,
    peers: pd.DataFrame,
    *,
    n_years: float = 1.0,
    per: float = 1000.0,
    level: float = 0.05,
) -> PeerComparison:
    """Compare a rate with those of other areas.

    Each peer is compared by the exact test of two Poisson rates, and is higher or lower by more than chance where its
    p, after Benjamini and Hochberg's adjustment for the number of peers, is at most `level`. Residents are the wrong
    measure of places to which others come, and peers may record by other rules.

    Args:
        n_incidents: Of the area.
        population: Its residents.
        peers: `area`, `n_incidents` of one year, `population`; a row a peer.
        n_years: Length of the period of `n_incidents`.
        per: Residents that rates refer to.
        level: Of the tests.

    Raises:
        ParameterError: A population or the number of years is not above 0, or there is no peer.

    Source: Benjamini, Y. and Hochberg, Y. (1995), "Controlling the false discovery rate", Journal of the Royal
    Statistical Society B 57(1), doi:10.1111/j.2517-6161.1995.tb02031.x.
    """
    if peers.empty:
        raise ParameterError("A comparison needs at least one peer, and there is none. Give a table of peers.")
    if not (population > 0 and n_years > 0):
        raise ParameterError(
            f"Rates need residents and years above 0; given are {population:g} and {n_years:g}. Give the boundaries "
            "with a population, or --population."
        )
    compared = compare_rates(
        np.full(len(peers), n_incidents),
        peers["n_incidents"].to_numpy(),
        exposure_first=population * n_years,
        exposure_second=peers["population"].to_numpy(dtype=np.float64),
    )
    is_clear = scipy.stats.false_discovery_control(compared.p_value) <= level
    rate = n_incidents / population / n_years * per
    peer_rates = peers["n_incidents"].to_numpy() / peers["population"].to_numpy() * per
    n_areas = len(peers) + 1
    return PeerComparison(
        rate=rate,
        rank=1 + int((peer_rates > rate).sum()),
        rank_low=1 + int((is_clear & (peer_rates > rate)).sum()),
        rank_high=n_areas - int((is_clear & (peer_rates < rate)).sum()),
        n_areas=n_areas,
        peer_rates=pd.Series(peer_rates, index=peers["area"].to_numpy()).sort_values(ascending=False, kind="stable"),
        per=per,
    )


def choose_indicators(wanted: Sequence[str], present: Sequence[str], part_of: Mapping[str, str | None]) -> list[str]:
    """The crimes that can be shown: those wanted, or the category in place of parts that the files do not tell apart.

    Args:
        wanted: Slugs, in order.
        present: Slugs that the files hold.
        part_of: The category of each part.
    """
    chosen = [slug if slug in present else part_of.get(slug) or slug for slug in wanted]
    return list(dict.fromkeys(slug for slug in chosen if slug in present))

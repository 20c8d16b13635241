"""How the rate of an area stands among those of its peers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from hotspots.analysis.rates.area_rates import PER_RESIDENTS
from hotspots.analysis.rates.ratios import compare_rates
from hotspots.distributions import control_false_discoveries
from hotspots.errors import ParameterError

_LEVEL = 0.05


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
) -> PeerComparison:
    """Compare a rate with those of other areas.

    Each peer is compared by the exact test of two Poisson rates, and is higher or lower by more than chance where its
    p, after Benjamini and Hochberg's adjustment for the number of peers, is at most 0.05. Residents are the wrong
    measure of places to which others come, and peers may record by other rules.

    Args:
        n_incidents: Of the area.
        population: Its residents.
        peers: `area`, `n_incidents` of one year, `population`; a row a peer.
        n_years: Length of the period of `n_incidents`.

    Raises:
        ParameterError: A population or the number of years is not above 0, or there is no peer.

    Source: Benjamini, Y. and Hochberg, Y. (1995), "Controlling the false discovery rate", Journal of the Royal
    Statistical Society B 57(1), doi:10.1111/j.2517-6161.1995.tb02031.x.
    """
    if peers.empty:
        raise ParameterError("A comparison needs at least one peer; there are none. Give a table of peers.")
    if not (population > 0 and n_years > 0):
        raise ParameterError(
            f"Rates need residents and years above 0, not {population:g} and {n_years:g}. Give boundaries with a "
            "population, or a `population`."
        )
    compared = compare_rates(
        np.full(len(peers), n_incidents),
        peers["n_incidents"].to_numpy(),
        exposure_first=population * n_years,
        exposure_second=peers["population"].to_numpy(dtype=np.float64),
    )
    is_clear = control_false_discoveries(compared.p_value) <= _LEVEL
    rate = n_incidents / population / n_years * PER_RESIDENTS
    peer_rates = peers["n_incidents"].to_numpy() / peers["population"].to_numpy() * PER_RESIDENTS
    n_areas = len(peers) + 1
    return PeerComparison(
        rate=rate,
        rank=1 + int((peer_rates > rate).sum()),
        rank_low=1 + int((is_clear & (peer_rates > rate)).sum()),
        rank_high=n_areas - int((is_clear & (peer_rates < rate)).sum()),
        n_areas=n_areas,
        peer_rates=pd.Series(peer_rates, index=peers["area"].to_numpy()).sort_values(ascending=False, kind="stable"),
        per=PER_RESIDENTS,
    )

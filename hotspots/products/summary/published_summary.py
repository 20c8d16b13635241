"""What of a large area the products hold, so that a map opens in a browser and a GeoPackage in an e-mail."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hotspots.analysis.surfaces import EXPECTED_SHARES, FirstCells
from hotspots.pipeline import Analysis, SignificanceTest
from hotspots.products.summary.encoding import Part
from hotspots.products.words import say

MAX_DRAWN_HOTSPOTS = 200
"""On the map: with them the map of a county of 340 wards has under 2 MB."""
MAX_LAYER_CELLS = 30_000
"""In a layer of cells: two such layers take 15 MB of the 25 MB that most e-mail lets through."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedSummary(Part):
    """What is in the products, where it is not everything.

    Attributes:
        n_hotspots: Hot spots found, all of which are in the tables and layers.
        n_hotspots_drawn: Those drawn on the map and listed beside it, by rank.
        n_tested_cells: Cells tested that may be shown.
        n_tested_cells_written: Those in the layer.
        n_expected_cells: Cells where most is expected that may be shown.
        n_expected_cells_written: Those in the layer.
        words: What is left out, in a sentence or two; empty where nothing is.
    """

    n_hotspots: int
    n_hotspots_drawn: int
    n_tested_cells: int
    n_tested_cells_written: int
    n_expected_cells: int
    n_expected_cells_written: int
    words: str


def summarise_published(analysis: Analysis) -> PublishedSummary:
    """What is left out of the products for their size."""
    places = analysis.places
    test, first = places.test, places.first_cells
    found = PublishedSummary(
        n_hotspots=len(places.hotspots),
        n_hotspots_drawn=min(len(places.hotspots), MAX_DRAWN_HOTSPOTS),
        n_tested_cells=0 if test is None else int(test.is_shown.sum()),
        n_tested_cells_written=0 if test is None else int(choose_tested_cells(test).sum()),
        n_expected_cells=0 if first is None else int((~np.isnan(first.within_share)).sum()),
        n_expected_cells_written=0 if first is None else int(choose_expected_cells(first).sum()),
        words="",
    )
    return dataclasses.replace(found, words=say("places.left_out", found))


def choose_tested_cells(test: SignificanceTest) -> npt.NDArray[np.bool_]:
    """Bool (n_cells,): of the cells tested, those that the layer holds; of too many, those that stand out.

    Those that may be shown; of too many only the busy and the quiet, and of too many of these the busy.
    """
    is_hot, is_cold = test.gi_star.is_hot, test.gi_star.is_cold
    wanted = [test.is_shown, test.is_shown & (is_hot | is_cold)]
    return next((kept for kept in wanted if kept.sum() <= MAX_LAYER_CELLS), test.is_shown & is_hot)


def choose_expected_cells(first: FirstCells) -> npt.NDArray[np.bool_]:
    """Bool (n_cells,): of the cells where most is expected, those that the layer holds.

    Of too many the widest share of the area is left out as a whole: a cut within it would tell its cells apart, and
    patches of the cells before the cut could hold too few to be shown.
    """
    wanted = (first.within_share <= share for share in reversed(EXPECTED_SHARES))
    return next((kept for kept in wanted if kept.sum() <= MAX_LAYER_CELLS), first.within_share <= EXPECTED_SHARES[0])

"""Each ward as a part of the analysis of the whole area: its places and hours, without an analysis of its own."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np

from hotspots.analysis.hotspots import Hotspot, choose_patrol_places, rank_hotspots, share_cells, weigh_evidence
from hotspots.analysis.hours import profile_week, weigh_hours
from hotspots.geography import collapse_points, find_polygon
from hotspots.pipeline.brief import BriefGround
from hotspots.pipeline.results import Analysis
from hotspots.pipeline.surroundings import with_places


def view_wards(analysis: Analysis, codes: Collection[str]) -> Iterator[tuple[str, BriefGround]]:
    """What the analysis of a whole area says of single wards.

    Places to patrol are chosen in each ward by what is expected of it in the whole area, which knows the surroundings
    of a cell beyond the ward. Each holds enough of the ward's own incidents to be shown. The hours of a ward are those
    that the analysis found, which allow for how many wards are looked at together.

    Args:
        analysis: Of all wards together; not weighed by harm.
        codes: Of the wards wanted.

    Yields:
        The code of each, in the order of the wards, and what a page for its team is made from.
    """
    wards = analysis.wards
    incidents, outlines = analysis.incidents, wards.geometry.to_numpy()
    risk, test = analysis.places.risk, analysis.places.test
    located = with_places(incidents)
    points = collapse_points(located)
    # a cell that a border cuts is shared out as one that a place to patrol cuts is
    home = find_polygon(points, outlines)
    shares = None if risk is None else share_cells(points, home, list(outlines), risk).tocsr()
    no_profile = profile_week(incidents.iloc[:0])
    for index, code in enumerate(map(str, wards.index)):
        if code not in codes:
            continue
        own = incidents[(incidents["ward_code"] == code).to_numpy()]
        places: tuple[Hotspot, ...] = ()
        expected = 0.0
        if risk is not None and test is not None and shares is not None:
            amounts = risk.expected * shares[[index]].toarray().ravel()
            expected = float(amounts.sum())
            chosen = choose_patrol_places(
                located[(home[points.inverse] == index) & (located["ward_code"] == code).to_numpy()],
                amounts,
                cells=risk.cells,
                study_area=outlines[index],
                options=analysis.request.patrol_options,
            )
            evidence = weigh_evidence(
                located,
                chosen.outlines,
                risk=risk,
                cells=test.cells,
                significance=test.gi_star,
                stability=np.full(len(chosen.outlines), np.nan),
                persistence=test.persistence,
                is_shown=test.is_shown,
            )
            if evidence:
                places = rank_hotspots(
                    own, chosen.outlines, evidence, hours=weigh_hours(own), floor=analysis.request.floor
                )
        yield (
            code,
            BriefGround(
                wards=wards.iloc[[index]],
                study_area=outlines[index],
                n_incidents=len(own),
                profile=analysis.times.ward_profiles.get(code, no_profile),
                patrol_places=places,
                expected=expected,
            ),
        )

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from support import MakeIncidents, make_evidence

from hotspots.analysis.hotspots.clusters import find_clusters
from hotspots.analysis.hotspots.outlines import outline_clusters
from hotspots.analysis.hotspots.ranking import Hotspot, assign_outlines, count_wards, rank_hotspots
from hotspots.analysis.hours.aoristic import weigh_hours
from hotspots.errors import DataError, ParameterError
from hotspots.geography.floor import FLOOR, NO_FLOOR, Floor
from hotspots.geography.wards import assign_wards

AREA = shapely.box(530_000, 180_000, 532_000, 182_000)


def rank(
    incidents: gpd.GeoDataFrame, *, eps_m: float = 100, min_samples: int = 3, floor: Floor = NO_FLOOR
) -> tuple[Hotspot, ...]:
    clusters = find_clusters(incidents, eps_m=eps_m, min_samples=min_samples)
    outlines = outline_clusters(incidents, clusters, study_area=AREA)
    inside = assign_outlines(incidents, outlines)
    n_inside = np.bincount(inside[inside >= 0], minlength=len(outlines))
    kept = [outlines[index] for index in np.flatnonzero(n_inside >= min_samples)]
    evidence = [make_evidence(expected=float(n)) for n in n_inside[n_inside >= min_samples]]
    return rank_hotspots(incidents, kept, evidence, hours=weigh_hours(incidents), floor=floor)


def two_spots(make_incidents: MakeIncidents, square_wards: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Four incidents around (530500, 180500), six on one point at (531500, 181500), one alone."""
    easting = [530_500, 530_560, 530_500, 530_560, *[531_500] * 6, 530_100]
    northing = [180_500, 180_500, 180_560, 180_560, *[181_500] * 6, 181_900]
    incidents = make_incidents(
        np.array(easting, float),
        np.array(northing, float),
        location=["Low Road", "Low Road", "High Road", None, *["Far Road"] * 6, "Nowhere"],
    )
    return incidents.assign(ward_code=assign_wards(incidents, square_wards))


def test_hot_spots_are_ranked_by_what_they_hold(make_incidents: MakeIncidents, square_wards: gpd.GeoDataFrame) -> None:
    first, second = rank(two_spots(make_incidents, square_wards))
    assert (first.rank, first.n_incidents, first.wards) == (1, 6, ("D",))
    assert (second.rank, second.n_incidents, second.wards) == (2, 4, ("A",))
    assert (first.n_places, second.n_places) == (1, 4)
    assert first.members.tolist() == [4, 5, 6, 7, 8, 9]
    assert first.share == pytest.approx(6 / 11)
    assert second.locations == (("Low Road", 2), ("High Road", 1))
    assert second.location_kinds == ()
    # one point: a disc of half of eps
    assert first.area_km2 == pytest.approx(np.pi * 0.05**2, rel=0.05)
    assert first.density_per_km2 == pytest.approx(6 / first.area_km2)


def test_texts_of_few_incidents_are_not_listed(make_incidents: MakeIncidents, square_wards: gpd.GeoDataFrame) -> None:
    incidents = make_incidents(
        [530_500.0 + place for place in range(5) for _ in range(6)],
        [180_500.0] * 30,
        location=["High Road"] * 19 + ["Mill Lane"] * 9 + [None] * 2,
        location_kind=["Street"] * 19 + ["Park"] * 9 + [None] * 2,
    )
    (spot,) = rank(incidents.assign(ward_code=assign_wards(incidents, square_wards)), floor=FLOOR)
    assert spot.locations == (("High Road", 19),)
    assert spot.location_kinds == (("Street", 19),)
    assert spot.names == ("High Road",)
    # nor one that leaves few, by itself or of a kind of place
    fewer = incidents.assign(location=["High Road"] * 21 + [None] * 9)
    (spot,) = rank(fewer.assign(ward_code=assign_wards(fewer, square_wards)), floor=FLOOR)
    assert (spot.locations, spot.location_kinds) == ((), (("Street", 19),))
    wider = incidents.assign(location_kind=["Street"] * 20 + [None] * 10)
    (spot,) = rank(wider.assign(ward_code=assign_wards(wider, square_wards)), floor=FLOOR)
    assert (spot.locations, spot.location_kinds) == ((("High Road", 19),), ())


def test_the_number_with_a_time_is_not_told_where_few_have_none(
    make_incidents: MakeIncidents, square_wards: gpd.GeoDataFrame
) -> None:
    for n_untimed, told in ((0, 30), (9, None), (10, 20), (20, 10), (21, None), (30, 0)):
        incidents = make_incidents(
            [530_500.0 + place for place in range(5) for _ in range(6)],
            [180_500.0] * 30,
            time_precision=["day"] * n_untimed + ["minute"] * (30 - n_untimed),
        )
        (spot,) = rank(incidents.assign(ward_code=assign_wards(incidents, square_wards)), floor=FLOOR)
        assert spot.n_timed == told


def test_outlines_stay_in_the_study_area(make_incidents: MakeIncidents, square_wards: gpd.GeoDataFrame) -> None:
    incidents = make_incidents([530_001.0] * 5, [180_001.0] * 5)
    (hotspot,) = rank(incidents.assign(ward_code=assign_wards(incidents, square_wards)))
    assert hotspot.outline.within(AREA.buffer(1e-6))


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=5, max_size=150))
def test_counts_can_be_counted_again_and_nothing_counts_twice(
    make_incidents: MakeIncidents, square_wards: gpd.GeoDataFrame, places: list[tuple[int, int]]
) -> None:
    incidents = make_incidents([530_000.0 + 50 * x for x, _ in places], [180_000.0 + 50 * y for _, y in places])
    incidents = incidents.assign(ward_code=assign_wards(incidents, square_wards))
    hotspots = rank(incidents)
    assert [hotspot.rank for hotspot in hotspots] == list(range(1, len(hotspots) + 1))
    assert sorted((h.n_incidents for h in hotspots), reverse=True) == [h.n_incidents for h in hotspots]
    assert sum(hotspot.n_incidents for hotspot in hotspots) <= len(incidents)
    for index, hotspot in enumerate(hotspots):
        assert hotspot.outline.is_valid
        assert hotspot.n_incidents >= 3
        assert hotspot.n_incidents == incidents.geometry.intersects(hotspot.outline).sum()
        for other in hotspots[index + 1 :]:
            assert hotspot.outline.intersection(other.outline).area < 1e-6


def test_the_order_of_rows_does_not_matter_to_the_ranking(
    make_incidents: MakeIncidents, square_wards: gpd.GeoDataFrame
) -> None:
    incidents = two_spots(make_incidents, square_wards)
    forwards, backwards = rank(incidents), rank(incidents.iloc[::-1])
    assert [(h.n_incidents, h.wards) for h in forwards] == [(h.n_incidents, h.wards) for h in backwards]
    assert all(a.outline.equals(b.outline) for a, b in zip(forwards, backwards, strict=True))


def test_equal_hot_spots_are_ranked_by_where_they_are(
    make_incidents: MakeIncidents, square_wards: gpd.GeoDataFrame
) -> None:
    easting = np.array([*[530_300.0] * 5, *[530_900.0] * 5, *[530_600.0] * 5])
    incidents = make_incidents(easting, np.full(15, 180_500.0))
    incidents = incidents.assign(ward_code=assign_wards(incidents, square_wards))
    for rows in (incidents, incidents.iloc[::-1], incidents.iloc[[7, 2, 12, *range(15)]].drop_duplicates("source_row")):
        assert [round(hotspot.outline.centroid.x) for hotspot in rank(rows)] == [530_300, 530_600, 530_900]


def test_what_cannot_be_ranked_is_refused(make_incidents: MakeIncidents) -> None:
    incidents = make_incidents([530_300.0], [180_500.0])
    with pytest.raises(DataError, match="ward_code missing"):
        rank_hotspots(incidents, [], [], hours=weigh_hours(incidents))
    with pytest.raises(ParameterError, match="1 outlines and evidence for 0. Call weigh_evidence on the same outlines"):
        rank_hotspots(incidents.assign(ward_code="A"), [AREA], [], hours=weigh_hours(incidents))
    with pytest.raises(DataError, match="projected CRS in metres"):
        outline_clusters(incidents.to_crs(4326), find_clusters(incidents), study_area=AREA)


def test_what_is_expected_ranks_and_harm_may_weigh_it(
    make_incidents: MakeIncidents, square_wards: gpd.GeoDataFrame
) -> None:
    incidents = two_spots(make_incidents, square_wards)
    outlines = outline_clusters(incidents, find_clusters(incidents, eps_m=100, min_samples=3), study_area=AREA)
    assert [assign_outlines(incidents, outlines).tolist().count(index) for index in (0, 1)] == [6, 4]
    evidence = [make_evidence(expected=5.0), make_evidence(expected=7.0)]
    hours = weigh_hours(incidents)
    by_count = rank_hotspots(incidents, outlines, evidence, hours=hours)
    assert [hotspot.n_incidents for hotspot in by_count] == [4, 6]
    assert [(hotspot.harm, hotspot.residents) for hotspot in by_count] == [(None, None)] * 2
    harm = pd.Series([1.0] * 4 + [2.0] * 6 + [100.0], index=incidents.index)
    residents = np.array([10.0, np.nan])
    by_harm = rank_hotspots(incidents, outlines, evidence, hours=hours, harm=harm, residents=residents, by_harm=True)
    # 5 expected at 2 each come before 7 at 1 each
    assert [(hotspot.n_incidents, hotspot.harm, hotspot.residents) for hotspot in by_harm] == [
        (6, 12.0, 10.0),
        (4, 4.0, None),
    ]


def test_what_is_located_to_an_area_is_in_no_outline(make_incidents: MakeIncidents) -> None:
    incidents = make_incidents([530_500.0] * 2, [180_500.0] * 2, location_precision=["point", "area"])
    assert assign_outlines(incidents, [AREA]).tolist() == [0, -1]


def test_every_ward_is_counted(make_incidents: MakeIncidents, square_wards: gpd.GeoDataFrame) -> None:
    table = count_wards(two_spots(make_incidents, square_wards), square_wards)
    assert table["n_incidents"].to_dict() == {"D": 6, "A": 4, "C": 1, "B": 0}
    assert table["rank"].to_dict() == {"D": 1, "A": 2, "C": 3, "B": 4}
    assert table["density_per_km2"]["D"] == 6

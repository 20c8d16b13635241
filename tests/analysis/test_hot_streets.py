"""Crime by street segment: counted by hand, beside chance, in runs with names, and scored on what came after."""

from __future__ import annotations

import datetime as dt
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from hotspots.analysis.accuracy import Fold
from hotspots.analysis.network import (
    StreetNetwork,
    build_network,
    count_on_streets,
    estimate_street_rates,
    find_busiest,
    find_street_runs,
    measure_street_shares,
    score_streets,
)
from hotspots.errors import DataError, ParameterError, TooLittleDataError
from hotspots.geography import NO_FLOOR

TOWN = shapely.box(-50, -250, 450, 250)


@pytest.fixture(scope="module")
def town() -> StreetNetwork:
    """Rye Lane from west to east, crossed each 100 m, with a pavement of its own beside its first piece."""
    lines = {
        "Rye Lane": [(0, 0), (100, 0), (200, 0), (300, 0), (400, 0)],
        "Ash Road": [(0, -200), (0, 0), (0, 200)],
        "Birch Road": [(100, -200), (100, 0), (100, 200)],
        "Cedar Road": [(200, -200), (200, 0), (200, 200)],
        "Date Road": [(300, -200), (300, 0), (300, 200)],
        "Elm Road": [(400, -200), (400, 0), (400, 200)],
        None: [(0, 6), (100, 6)],
    }
    return build_network(
        gpd.GeoDataFrame(
            {"name": list(lines), "kind": ["residential"] * 6 + ["footway"]},
            geometry=[shapely.LineString(line) for line in lines.values()],
            crs="EPSG:27700",
        )
    )


def put(*places: tuple[float, float], **columns: Any) -> gpd.GeoDataFrame:
    points = gpd.points_from_xy(*np.array(places, dtype=float).reshape(-1, 2).T)
    return gpd.GeoDataFrame(columns, geometry=points, crs="EPSG:27700")


def fill(first: float, last: float, n: int) -> list[tuple[float, float]]:
    """So many places along Rye Lane."""
    return [(float(at), 0.0) for at in np.linspace(first, last, n)]


def count_by_name(network: StreetNetwork, incidents: gpd.GeoDataFrame, limit_m: float = 75) -> dict[str, int]:
    counts = count_on_streets(incidents, network, study_area=TOWN, limit_m=limit_m)
    by_name = pd.Series(counts.n_incidents).groupby(network.segments["name"].fillna("none")).sum()
    return {str(name): int(n) for name, n in by_name.items() if n}


def test_an_incident_counts_for_its_nearest_street(town: StreetNetwork) -> None:
    assert count_by_name(town, put((150, 10), (104, 50), (150, -40))) == {"Rye Lane": 2, "Birch Road": 1}


def test_a_pavement_does_not_take_what_happens_on_its_street(town: StreetNetwork) -> None:
    assert count_by_name(town, put((50, 6), (50, 20))) == {"Rye Lane": 2}
    assert count_by_name(town, put((45, 23))) == {"Rye Lane": 1}


def test_what_lies_far_from_any_street_is_counted_apart(town: StreetNetwork) -> None:
    counts = count_on_streets(put((150, 0), (150, 76), (430, 0), (490, 0)), town, study_area=TOWN, limit_m=45)

    assert (counts.n_on_streets, counts.n_too_far) == (2, 2)
    assert counts.segment.tolist()[1::2] == [-1, -1]


def test_what_is_known_only_to_an_area_is_on_no_street(town: StreetNetwork) -> None:
    """Three at one point of Rye Lane, of which two stand for the middle of a ward."""
    incidents = put((150, 0), (150, 0), (150, 0), (150, 76), location_precision=["point", "area", "area", "point"])
    counts = count_on_streets(incidents, town, study_area=TOWN, limit_m=45)
    assert (counts.n_on_streets, counts.n_too_far, counts.n_unplaced) == (1, 1, 2)
    assert counts.segment.tolist() == [counts.segment[0], -1, -1, -1]
    assert counts.n_places.sum() == 1


def test_no_incidents_are_on_no_street(town: StreetNetwork) -> None:
    counts = count_on_streets(put(), town, study_area=TOWN)

    assert (counts.n_on_streets, counts.n_too_far, counts.is_anonymised) == (0, 0, False)
    with pytest.raises(TooLittleDataError, match="Rates of streets need an incident; none is on a street."):
        measure_street_shares(counts, town)


def test_streets_outside_the_area_are_not_counted_on(town: StreetNetwork) -> None:
    west = shapely.box(-50, -250, 50, 250)
    counts = count_on_streets(put((49, 100)), town, study_area=west)

    assert town.segments["name"][counts.segment[0]] == "Ash Road"
    with pytest.raises(DataError, match="none of the .* segments meets it. Give the streets of this area."):
        count_on_streets(put((0, 0)), town, study_area=shapely.box(9000, 9000, 9001, 9001))


def test_on_snap_points_a_point_stands_for_its_street(town: StreetNetwork) -> None:
    moved = put((150, 0), (150, 0), (104, 50), location_precision=["anonymised", "anonymised", "point"])
    counts = count_on_streets(moved, town, study_area=TOWN)

    assert counts.is_anonymised
    assert sorted(counts.n_places[counts.n_places > 0]) == [1, 5]


def test_even_streets_get_one_rate() -> None:
    assert estimate_street_rates(np.array([2, 4, 6]), np.array([20.0, 40, 60])) == pytest.approx([0.1] * 3, rel=1e-3)


def test_a_short_piece_with_one_incident_is_not_the_busiest() -> None:
    counts = np.array([1, 30, *[0, 1] * 30])
    length = np.array([3.0, 100, *[100.0] * 60])
    rate = estimate_street_rates(counts, length)

    assert counts[0] / length[0] > counts[1] / length[1]
    assert rate.argmax() == 1


@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(1, 300)), min_size=1, max_size=30).filter(
        lambda rows: any(n for n, _ in rows)
    )
)
@settings(max_examples=60, deadline=None)
def test_rates_lie_between_a_street_s_own_and_that_of_all(rows: list[tuple[int, int]]) -> None:
    counts, length = (np.array(column) for column in zip(*rows, strict=True))
    own, mean = counts / length, counts.sum() / length.sum()
    rate = estimate_street_rates(counts, length.astype(float))

    assert (rate >= np.minimum(own, mean) * (1 - 1e-9)).all()
    assert (rate <= np.maximum(own, mean) * (1 + 1e-9)).all()


def test_the_busiest_streets_stay_within_their_share() -> None:
    rate, length = np.array([5.0, 9, 7, 1]), np.array([10.0, 20, 30, 40])

    assert find_busiest(rate, length, length_share=0.2).tolist() == [False, True, False, False]
    assert find_busiest(rate, length, length_share=0.5).tolist() == [False, True, True, False]
    assert find_busiest(rate, length, length_share=0.01).tolist() == [False, True, False, False]
    assert find_busiest(rate, length, length_share=1).all()
    with pytest.raises(ParameterError, match="`length_share` is 0. 0.05 is 5%."):
        find_busiest(rate, length, length_share=0)


def test_what_the_busiest_hold_stands_beside_chance(town: StreetNetwork) -> None:
    together = put(*fill(110, 190, 40), *[(100.0, float(y)) for y in range(-190, -90, 10)])
    (share,) = measure_street_shares(count_on_streets(together, town, study_area=TOWN), town, length_shares=[0.05])

    assert (share.n_segments, share.length_m, share.n_incidents, share.incident_share) == (1, 100, 40, 0.8)
    # the best of some dozens of equal pieces holds more than its share of the length, and far less than this
    assert 0.05 < share.by_chance < 0.25
    assert share.by_chance_low <= share.by_chance <= share.by_chance_high


def test_chance_is_chance(town: StreetNetwork) -> None:
    rng = np.random.default_rng(7)
    lines = town.segments.geometry.to_numpy()
    length = shapely.length(lines)
    on = rng.choice(len(lines), size=300, p=length / length.sum())
    points = shapely.get_coordinates(shapely.line_interpolate_point(lines[on], rng.uniform(0, length[on])))
    counts = count_on_streets(put(*map(tuple, points)), town, study_area=TOWN)
    shares = measure_street_shares(counts, town, length_shares=[0.1, 0.2])

    assert all(share.by_chance_low - 0.03 <= share.incident_share <= share.by_chance_high + 0.03 for share in shares)


def test_neighbouring_hot_pieces_of_a_street_are_one_run(town: StreetNetwork) -> None:
    places = [*fill(105, 295, 24), (0.0, 100.0)]
    counts = count_on_streets(put(*places), town, study_area=TOWN)
    (run,) = find_street_runs(counts, town, hot_share=0.2, incident_share=1)

    assert run.name == "Rye Lane from Birch Road to Date Road"
    assert (run.rank, run.n_incidents, run.n_places, run.n_segments, run.length_m) == (1, 24, 24, 2, 200)
    assert run.n_per_km == 120
    assert run.line.equals(shapely.LineString([(100, 0), (300, 0)]))


def test_hot_pieces_with_a_quiet_block_between_are_two_runs(town: StreetNetwork) -> None:
    places = [*fill(5, 95, 14), *fill(305, 395, 12)]
    runs = find_street_runs(
        count_on_streets(put(*places), town, study_area=TOWN), town, hot_share=0.2, incident_share=1
    )

    assert [(run.rank, run.name, run.n_incidents) for run in runs] == [
        (1, "Rye Lane from Ash Road to Birch Road", 14),
        (2, "Rye Lane from Date Road to Elm Road", 12),
    ]


def test_runs_are_made_of_streets_that_hold_half(town: StreetNetwork) -> None:
    places = [*fill(105, 195, 20), *fill(205, 295, 1), (0.0, 100.0)]
    counts = count_on_streets(put(*places), town, study_area=TOWN)

    assert [run.name for run in find_street_runs(counts, town, hot_share=1)] == [
        "Rye Lane from Birch Road to Cedar Road"
    ]
    with pytest.raises(ParameterError, match="`incident_share` is 0. 0.5 is half."):
        find_street_runs(counts, town, incident_share=0)


def test_a_run_of_few_is_not_listed(town: StreetNetwork) -> None:
    nine = count_on_streets(put(*fill(105, 195, 9)), town, study_area=TOWN)
    one_door = count_on_streets(put(*[(150.0, 0.0)] * 30), town, study_area=TOWN)

    assert find_street_runs(nine, town) == ()
    assert find_street_runs(one_door, town) == ()
    assert len(find_street_runs(nine, town, floor=NO_FLOOR)) == 1


def make_street(*lines: tuple[str | None, str, list[tuple[float, float]]]) -> StreetNetwork:
    names, kinds, vertices = zip(*lines, strict=True)
    return build_network(
        gpd.GeoDataFrame(
            {"name": list(names), "kind": list(kinds)},
            geometry=[shapely.LineString(line) for line in vertices],
            crs="EPSG:27700",
        )
    )


def name_only_run(network: StreetNetwork, places: list[tuple[float, float]]) -> str:
    counts = count_on_streets(put(*places), network, study_area=shapely.box(-1e4, -1e4, 1e4, 1e4))
    (run,) = find_street_runs(counts, network, hot_share=0.2, incident_share=1)
    return run.name


def test_streets_without_a_name_or_a_crossing_are_called_by_what_is_known() -> None:
    far = ("Long Road", "residential", [(-5000.0, 900.0), (5000.0, 900.0)])
    here = [(float(x), 0.0) for x in range(5, 95, 5)]
    path, lane = [(0.0, 0.0), (100.0, 0.0)], [(0.0, -200.0), (0.0, 0.0)]

    assert name_only_run(make_street((None, "footway", path), far), here) == "Footpath without a name"
    assert name_only_run(make_street(("Mews", "service", path), far), here) == "Mews"
    assert name_only_run(make_street((None, "service", path), ("Lane", "x", lane), far), here) == "Service road by Lane"
    both = make_street((None, "footway", path), ("Lane", "x", lane), ("Row", "x", [(100, 0), (100, 90)]), far)
    assert name_only_run(both, here) == "Footpath from Lane to Row"


def test_a_short_crossing_between_two_hot_pieces_belongs_to_the_run() -> None:
    high = [("High Street", "primary", [(0.0, 0.0), (100.0, 0.0), (120.0, 0.0), (220.0, 0.0)])]
    sides = [(f"Side {x}", "x", [(float(x), 0.0), (float(x), 500.0)]) for x in (0, 100, 120, 220)]
    places = [(float(x), 0.0) for x in (*range(10, 95, 10), *range(130, 215, 10))]
    network = make_street(*high, *sides, ("Far", "x", [(-5000, 900), (5000, 900)]))
    counts = count_on_streets(put(*places), network, study_area=shapely.box(-1e4, -1e4, 1e4, 1e4))
    (run,) = find_street_runs(counts, network, hot_share=0.03, incident_share=1)

    assert (run.name, run.n_segments, run.length_m) == ("High Street from Side 0 to Side 220", 3, 220)


def test_streets_are_scored_on_what_came_after(town: StreetNetwork) -> None:
    before = [*fill(110, 190, 20), (0.0, 100.0)]
    after = [*fill(120, 180, 6), (0.0, -100.0), (200.0, 100.0)]
    days = [*["2025-01-15"] * len(before), *["2025-06-15"] * len(after)]
    incidents = put(*before, *after, started_at=pd.to_datetime(days))
    fold = Fold(
        fit_start=dt.date(2025, 1, 1),
        fit_end=dt.date(2025, 5, 31),
        test_start=dt.date(2025, 6, 1),
        test_end=dt.date(2025, 6, 30),
    )
    (score,) = score_streets(incidents, town, study_area=TOWN, folds=[fold], length_shares=[0.05])

    assert (score.n_hits, score.n_incidents, score.hit_rate) == (6, 8, 0.75)
    assert score.area_share == pytest.approx(100 / town.length_m)
    assert score.pai == pytest.approx(0.75 * town.length_m / 100)


def test_a_limit_must_be_a_distance(town: StreetNetwork) -> None:
    with pytest.raises(ParameterError, match="The furthest street must be above 0 m away; `limit_m` is 0."):
        count_on_streets(put((0, 0)), town, study_area=TOWN, limit_m=0)
    with pytest.raises(ParameterError, match="At least one run is listed; `n_most` is 0."):
        find_street_runs(count_on_streets(put((0, 0)), town, study_area=TOWN), town, n_most=0)


@given(st.lists(st.tuples(st.integers(-60, 460), st.integers(-260, 260)), max_size=40))
@settings(max_examples=40, deadline=None)
def test_every_incident_is_on_a_street_or_too_far(places: list[tuple[int, int]]) -> None:
    network = make_street(
        ("A", "x", [(0, 0), (400, 0)]), ("B", "x", [(0, 0), (0, 200)]), (None, "x", [(9, 9), (90, 9)])
    )
    counts = count_on_streets(put(*places), network, study_area=TOWN)

    assert counts.n_on_streets + counts.n_too_far == len(places)
    assert (counts.n_incidents == np.bincount(counts.segment[counts.segment >= 0], minlength=3)).all()

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from support import MakeIncidents

from hotspots.analysis.repeats.place_concentration import expect_occupied, find_even_places, measure_gini
from hotspots.analysis.repeats.repeat_places import Repeats, measure_repeats
from hotspots.analysis.repeats.shared_points import are_places_shared
from hotspots.errors import DataError, ParameterError
from hotspots.geography.cells import make_cells
from hotspots.geography.points import collapse_points


def make_counted(make_incidents: MakeIncidents, counts: Any, **columns: Any) -> gpd.GeoDataFrame:
    """So many incidents at the first place, so many at the second, on streets 7 m apart."""
    place = np.repeat(np.arange(len(counts)), counts)
    return make_incidents(place % 100 * 7.0, place // 100 * 7.0, **columns)


def share_of(result: Repeats, incident_share: float) -> tuple[int, float]:
    (share,) = [share for share in result.place_shares if share.incident_share == incident_share]
    return share.n_places, share.place_share


def test_repeats_and_shares_by_hand(make_incidents: MakeIncidents) -> None:
    """Ten places: 10, 4, 2 and seven times 1 make 23 incidents, 13 of them where one had been."""
    result = measure_repeats(make_counted(make_incidents, [10, 4, 2] + [1] * 7))
    assert (result.available, result.n_incidents, result.n_places, result.n_repeats) == (True, 23, 10, 13)
    assert result.repeat_share == pytest.approx(13 / 23)
    assert (result.n_repeat_places, result.n_at_repeat_places) == (3, 16)
    assert share_of(result, 0.25) == (1, 0.1)  # 5.75 of 23: the first place
    assert share_of(result, 0.5) == (2, 0.2)  # 11.5: the first two, with 14
    assert share_of(result, 0.8) == (6, 0.6)  # 18.4: 16 at three places, and three single ones
    assert result.curve_place_share is not None
    assert result.curve_incident_share is not None
    np.testing.assert_allclose(result.curve_place_share, [0, 0.1, 0.2, 0.3, 1])
    np.testing.assert_allclose(result.curve_incident_share, [0, 10 / 23, 14 / 23, 16 / 23, 1])
    assert result.gini == pytest.approx(measure_gini([10, 4, 2] + [1] * 7))


@pytest.mark.parametrize(
    ("counts", "gini", "generalised"),
    [
        ([3, 1, 1] + [0] * 7, 0.78, 0.56),  # published is .78; by hand 1 - 10/5 (1 - .78)
        ([5, 2, 1] + [0] * 7, 0.8, 0.75),  # (9*5 + 7*2 + 5*1) / 80; 1 - 10/8 (1 - .8)
        ([10, 8, 2] + [0] * 7, 0.78, 0.78),  # (9*10 + 7*8 + 5*2) / 200; as many incidents as places or more
        ([1] * 10, 0.0, 0.0),
        ([1] * 5 + [0] * 5, 0.5, 0.0),  # half as many incidents, as even as they can be
        ([10] + [0] * 9, 0.9, 0.9),
    ],
)
def test_gini_coefficients_by_hand(counts: list[int], gini: float, generalised: float) -> None:
    assert measure_gini(counts, is_generalised=False) == pytest.approx(gini)
    assert measure_gini(counts) == pytest.approx(generalised)
    assert measure_gini([count for count in counts if count], n_places=len(counts)) == pytest.approx(generalised)


@given(st.lists(st.integers(0, 30), min_size=1, max_size=40).filter(any))
def test_the_ordinary_gini_is_half_the_relative_mean_difference(counts: list[int]) -> None:
    values = np.array(counts, dtype=float)
    difference = np.abs(values[:, None] - values).mean() / (2 * values.mean())
    assert measure_gini(counts, is_generalised=False) == pytest.approx(difference, abs=1e-12)
    assert 0 <= measure_gini(counts) <= measure_gini(counts, is_generalised=False) + 1e-12


@given(counts=st.lists(st.integers(1, 12), min_size=2, max_size=30).filter(lambda counts: sum(counts) >= 20))
@hypothesis_settings(max_examples=30)
def test_the_fewest_places_are_those_of_trying(make_incidents: MakeIncidents, counts: list[int]) -> None:
    result = measure_repeats(make_counted(make_incidents, counts), n_replicates=99)
    held = np.cumsum(sorted(counts, reverse=True))
    for share in result.place_shares:
        n = next(n for n in range(1, len(counts) + 1) if held[n - 1] >= share.incident_share * held[-1] - 1e-9)
        assert (share.n_places, share.place_share) == (n, n / len(counts))
    for across, up in (
        (result.curve_place_share, result.curve_incident_share),
        (result.chance_place_share, result.chance_incident_share),
    ):
        assert across is not None
        assert up is not None
        assert (across[0], up[0], across[-1], up[-1]) == (0, 0, pytest.approx(1), pytest.approx(1))
        assert (np.diff(across) > 0).all()
        assert (np.diff(up) >= 0).all()
        assert (up >= across - 1e-12).all()


def test_a_die_leaves_the_expected_faces_empty() -> None:
    """Six faces, six throws: 6 (1 - (5/6)^6) faces are seen on average."""
    assert expect_occupied(6, 6) == pytest.approx(6 * (1 - (5 / 6) ** 6))
    assert find_even_places(6, 6) == math.inf
    assert find_even_places(1, 6) == 1


@given(n_occupied=st.integers(2, 5000), n_more=st.integers(1, 5000))
def test_so_many_even_places_leave_so_many_with_any(n_occupied: int, n_more: int) -> None:
    n = n_occupied + n_more
    assert expect_occupied(find_even_places(n_occupied, n), n) == pytest.approx(n_occupied, rel=1e-6)


def test_repeats_by_chance_are_those_of_throwing_on_known_places(make_incidents: MakeIncidents) -> None:
    result = measure_repeats(make_counted(make_incidents, [2] * 10 + [1] * 30), n_possible_places=100)
    expected = 1 - 100 * (1 - 0.99**50) / 50
    assert result.repeat_share_by_chance == pytest.approx(expected)
    assert share_of(result, 0.5) == (15, 0.15)  # 20 at ten places, and five single ones, of 100
    assert result.words.startswith(
        f"10 of 50 incidents (20%) happened where one had happened before in the period; if all 100 places ran the "
        f"same risk, {expected:.0%}. 50% of incidents lie on 15% of the places (15); by chance alone it would be"
    )
    assert "Overall they share places no more than chance allows." in result.words


@pytest.mark.slow
@pytest.mark.parametrize("is_known", [True, False])
def test_places_of_equal_risk_are_called_concentrated_no_more_often_than_stated(
    make_incidents: MakeIncidents, is_known: bool
) -> None:
    n_found = 0
    for seed in range(100):
        counts = np.random.default_rng(seed).multinomial(120, np.full(80, 1 / 80))
        result = measure_repeats(
            make_counted(make_incidents, counts), n_possible_places=80 if is_known else None, n_replicates=99, seed=seed
        )
        n_found += result.is_concentrated
    assert n_found <= 100 * 0.05 + 3 * np.sqrt(100 * 0.05)


def test_a_few_busy_places_among_many_are_found(make_incidents: MakeIncidents) -> None:
    result = measure_repeats(make_counted(make_incidents, [30] * 5 + [1] * 150))
    assert result.is_concentrated
    (share,) = [share for share in result.place_shares if share.incident_share == 0.5]
    assert (share.n_places, share.place_share) == (5, 5 / 155)
    assert share.place_share < share.by_chance_low <= share.by_chance <= share.by_chance_high
    assert result.gini is not None
    assert result.gini_by_chance is not None
    assert result.gini > result.gini_by_chance
    assert "50% of incidents lie on 3.2% of the places with any (5); by chance alone it would be" in result.words


def test_incidents_that_share_no_place_have_no_repeats(make_incidents: MakeIncidents) -> None:
    result = measure_repeats(make_counted(make_incidents, [1] * 40))
    assert (result.n_repeats, result.repeat_share, result.n_places_if_even, result.gini) == (0, 0, None, 0)
    assert not result.is_concentrated
    assert share_of(result, 0.5) == (20, 0.5)


def test_shared_points_show_concentration_and_no_repeats(make_incidents: MakeIncidents) -> None:
    result = measure_repeats(make_counted(make_incidents, [30] * 5 + [1] * 150, location_precision="anonymised"))
    assert (result.available, result.place_kind) == (True, "shared point")
    assert (result.n_repeats, result.repeat_share, result.repeat_share_by_chance) == (None, None, None)
    assert result.repeats_explanation == (
        "Only 0 of 300 incidents have a place of their own. At a point that stands for several addresses, a repeat "
        "need not be at the same address."
    )
    assert "50% of incidents lie on 3.2% of the shared points with any (5)" in result.words


def test_places_that_keep_apart_are_taken_for_shared_points(make_incidents: MakeIncidents) -> None:
    rng = np.random.default_rng(1)
    step = rng.integers(0, 20, (600, 2)) * 90.0
    result = measure_repeats(make_incidents(step[:, 0], step[:, 1]))
    assert result.place_kind == "shared point"
    assert result.repeats_explanation is not None
    assert result.repeats_explanation.startswith(
        "The places are spaced as shared points are (hardly any two within 20 m)"
    )
    scattered = rng.uniform(0, 1800, (600, 2))
    assert not are_places_shared(collapse_points(make_incidents(scattered[:, 0], scattered[:, 1])))
    assert not are_places_shared(collapse_points(make_incidents([0.0], [0.0])))


def test_cells_without_incidents_count_as_places(make_incidents: MakeIncidents) -> None:
    cells = make_cells(shapely.box(0, 0, 1000, 1000), cell_size_m=100)
    incidents = make_incidents([50.0] * 15 + [150.0] * 10 + [5000.0] * 2, [50.0] * 27)
    result = measure_repeats(incidents, cells=cells)
    assert (result.place_kind, result.n_possible_places, result.n_places) == ("cell", 100, 2)
    assert (result.n_incidents, result.n_left_out, result.n_repeats) == (25, 2, None)
    assert share_of(result, 0.5) == (1, 0.01)
    assert result.gini == pytest.approx(measure_gini([15, 10], n_places=100))
    assert "50% of incidents lie on 1.0% of the cells (1); by chance alone it would be" in result.words


@pytest.mark.parametrize(
    ("counts", "reason", "words"),
    [
        ([], "too few", "0 incidents with a place are too few to show repeats; 20 are needed."),
        ([1], "too few", "1 incidents with a place are too few"),
        ([19], "too few", "19 incidents with a place are too few"),
        ([20], "one place", "All 20 incidents lie on one place, so nothing can be compared."),
    ],
)
def test_it_is_withheld_with_the_reason(
    make_incidents: MakeIncidents, counts: list[int], reason: str, words: str
) -> None:
    result = measure_repeats(make_counted(make_incidents, np.array(counts, dtype=int)))
    assert (result.available, result.reason, result.repeat_share, result.gini) == (False, reason, None, None)
    assert (result.place_shares, result.curve_place_share, result.is_concentrated) == ((), None, False)
    assert result.words == result.explanation
    assert words in result.words


def test_every_incident_is_used_or_told_of(make_incidents: MakeIncidents) -> None:
    incidents = make_incidents(
        [np.nan] * 2 + [5.0] * 48, np.arange(50.0), location_precision=["point"] * 40 + ["area"] * 10
    )
    result = measure_repeats(incidents)
    assert (result.n_incidents, result.n_left_out) == (38, 12)


def test_the_same_seed_gives_the_same_and_month_only_data_will_do(make_incidents: MakeIncidents) -> None:
    one, other = (
        measure_repeats(make_counted(make_incidents, [5] * 10 + [1] * 30, time_precision=precision), seed=3)
        for precision in ("month", "minute")
    )
    assert one.place_shares == other.place_shares
    assert (one.p_value, one.words) == (other.p_value, other.words)


def test_a_curve_has_at_most_two_hundred_points(make_incidents: MakeIncidents) -> None:
    result = measure_repeats(make_counted(make_incidents, np.arange(1, 301)), n_replicates=99)
    assert result.curve_place_share is not None
    assert len(result.curve_place_share) <= 200
    assert result.curve_place_share[-1] == pytest.approx(1)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"n_possible_places": 0}, "Possible places must be a whole number above 0, not 0. Leave it out if not known."),
        ({"n_possible_places": 10.5}, "Possible places must be a whole number above 0, not 10.5."),
        ({"n_replicates": 10}, "Chance needs a whole number of draws, 99 or more, not 10. 199 is usual."),
    ],
)
def test_wrong_options_are_refused(make_incidents: MakeIncidents, options: dict[str, Any], words: str) -> None:
    with pytest.raises(ParameterError) as error:
        measure_repeats(make_counted(make_incidents, [1] * 30), **options)
    assert words in str(error.value)


def test_cells_and_a_number_of_places_are_not_both_taken(make_incidents: MakeIncidents) -> None:
    cells = make_cells(shapely.box(0, 0, 1000, 1000), cell_size_m=100)
    with pytest.raises(ParameterError, match="cells and a number of possible places were both given"):
        measure_repeats(make_counted(make_incidents, [1] * 30), cells=cells, n_possible_places=5)


def test_more_places_than_possible_are_refused(make_incidents: MakeIncidents) -> None:
    with pytest.raises(DataError, match="Incidents lie on 30 places, more than the 20 possible"):
        measure_repeats(make_counted(make_incidents, [1] * 30), n_possible_places=20)


def test_wrong_tables_are_refused(make_incidents: MakeIncidents) -> None:
    incidents = make_counted(make_incidents, [1] * 30)
    with pytest.raises(DataError, match="location_precision missing"):
        measure_repeats(incidents.drop(columns="location_precision"))
    with pytest.raises(DataError, match="Distances need a projected CRS in metres"):
        measure_repeats(incidents.to_crs(4326))


@pytest.mark.parametrize(
    ("counts", "n_places", "words"),
    [
        ([1, -1], None, "Counts of places must be whole numbers, 0 or more; -1 is not. Give numbers of incidents."),
        ([1.5], None, "1.5 is not"),
        ([float("nan")], None, "nan is not"),
        ([0, 0], None, "Concentration needs at least one incident; no place has any."),
        ([], None, "no place has any"),
        ([1, 1, 1], 2, "There are 3 places with incidents, more than the 2 places given."),
    ],
)
def test_wrong_counts_have_no_gini(counts: list[float], n_places: int | None, words: str) -> None:
    with pytest.raises(ParameterError) as error:
        measure_gini(counts, n_places=n_places)
    assert words in str(error.value)


def test_snapped_robberies_of_two_boroughs_show_no_repeats(real_data: Path, make_incidents: MakeIncidents) -> None:
    rows = pd.read_csv(real_data / "police_uk" / "lewisham_southwark_12types_2018-02_2019-12.csv.gz")
    rows = rows[rows["Crime type"] == "Robbery"]
    points = gpd.GeoSeries(gpd.points_from_xy(rows["Longitude"], rows["Latitude"]), crs=4326).to_crs(27700)
    assert are_places_shared(collapse_points(points))
    result = measure_repeats(make_incidents(points.x, points.y))
    assert (result.place_kind, result.n_repeats, result.is_concentrated) == ("shared point", None, True)
    by_count = rows.groupby(["Longitude", "Latitude"]).size().sort_values(ascending=False).cumsum()
    assert share_of(result, 0.5)[0] == int((by_count < len(rows) / 2).sum()) + 1

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, get_args

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial.distance import cdist
from sklearn.neighbors import KernelDensity
from support import MakeIncidents

from hotspots.analysis.surfaces.bandwidth import (
    BandwidthRule,
    choose_adaptive_bandwidths,
    choose_bandwidth,
    convert_bandwidth,
)
from hotspots.analysis.surfaces.kernels import KERNELS, Kernel
from hotspots.errors import DataError, ParameterError, TooLittleDataError

SQUARE = shapely.box(530_000, 180_000, 532_000, 182_000)


def score_directly(points: np.ndarray, h: float, kernel: Kernel, area_m2: float) -> float:
    """The definition: each incident predicted from the incidents that are not on its place."""
    distance = cdist(points, points)
    logs = []
    for row in distance:
        u2 = (row[row > 0] / h) ** 2
        near = u2[u2 < KERNELS[kernel].reach ** 2]
        density = KERNELS[kernel].weigh(near).sum() / h**2 / (row > 0).sum()
        logs.append(math.log((0.99 * density + 0.01 / area_m2) * 1e6))
    return float(np.mean(logs))


# --- likelihood


def test_three_places_are_scored_by_hand(make_incidents: MakeIncidents) -> None:
    """Two incidents 100 m east of one, and one 1 km away that no kernel reaches; uniform kernel of 200 m."""
    incidents = make_incidents(
        [530_100.0, 530_200.0, 530_200.0, 530_150.0], [180_100.0, 180_100.0, 180_100.0, 181_100.0]
    )
    chosen = choose_bandwidth(incidents, kernel="uniform", candidates_m=[200], study_area=SQUARE)
    anywhere = 0.01 / 4  # per km²
    one = 0.99 * (2 / 3) / (math.pi * 0.2**2) + anywhere  # two of the three others are near
    each_of_two = 0.99 * (1 / 2) / (math.pi * 0.2**2) + anywhere
    assert chosen.scores == pytest.approx([(math.log(one) + 2 * math.log(each_of_two) + math.log(anywhere)) / 4])
    assert chosen.candidates_m == (200.0,)
    assert chosen.bandwidth_m == 200.0


@given(
    places=st.lists(
        st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(1, 4)),
        min_size=4,
        max_size=12,
        unique_by=lambda place: place[:2],
    ),
    kernel=st.sampled_from(get_args(Kernel)),
    seed=st.integers(0, 9),
)
@settings(max_examples=50)
def test_scores_equal_their_definition_in_any_order_of_rows(
    make_incidents: MakeIncidents, places: list[tuple[int, int, int]], kernel: Kernel, seed: int
) -> None:
    points = np.array([(530_000 + 50.0 * e, 180_000 + 50.0 * n) for e, n, times in places for _ in range(times)])
    if shapely.MultiPoint(points).convex_hull.area == 0:
        return
    points = np.random.default_rng(seed).permutation(points)
    chosen = choose_bandwidth(make_incidents(*points.T), kernel=kernel, candidates_m=[90, 333, 1111], study_area=SQUARE)
    expected = [score_directly(points, h, kernel, 4e6) for h in (90, 333, 1111)]
    assert chosen.scores == pytest.approx(expected, rel=1e-9)
    assert chosen.bandwidth_m == (90, 333, 1111)[int(np.argmax(expected))]


def test_it_chooses_as_scikit_learn_does(make_incidents: MakeIncidents) -> None:
    """Leave-one-out over a gaussian kernel, where each incident has a place of its own."""
    rng = np.random.default_rng(1)
    points = np.concatenate(
        [rng.normal((530_600, 180_600), 150, (120, 2)), rng.normal((531_400, 181_400), 80, (120, 2))]
    )
    candidates = [20, 30, 40, 50, 60, 80, 100, 150]
    scores = [
        np.mean(
            [
                KernelDensity(bandwidth=h).fit(np.delete(points, i, axis=0)).score(points[[i]]) + math.log(1e6)
                for i in range(len(points))
            ]
        )
        for h in candidates
    ]
    chosen = choose_bandwidth(make_incidents(*points.T), kernel="gaussian", candidates_m=candidates, study_area=SQUARE)
    assert chosen.bandwidth_m == candidates[int(np.argmax(scores))]
    np.testing.assert_allclose(chosen.scores[3:], scores[3:], atol=0.02)  # the hundredth that lies anywhere


@pytest.mark.slow
def test_it_finds_what_is_best_for_a_normal_cloud(make_incidents: MakeIncidents) -> None:
    """The bandwidth that minimises the error is known for a normal cloud: spread x n^(-1/6), here 200 m."""
    points = np.random.default_rng(2).normal((530_000, 180_000), 800, (4096, 2))
    incidents = make_incidents(*points.T)
    candidates = np.arange(100, 420, 20.0).tolist()
    chosen = choose_bandwidth(incidents, kernel="gaussian", candidates_m=candidates)
    assert chosen.bandwidth_m == pytest.approx(200, rel=0.25)
    assert choose_bandwidth(incidents, rule="scott", kernel="gaussian").bandwidth_m == pytest.approx(200, rel=0.03)


def convert(h: float) -> float:
    return convert_bandwidth(h, from_kernel="gaussian", to_kernel="quartic")


@pytest.mark.slow
def test_copies_on_one_point_do_not_predict_each_other(make_incidents: MakeIncidents) -> None:
    """Snapped data: the same cloud, each incident moved to a lattice of 100 m and recorded up to 30 times."""
    rng = np.random.default_rng(3)
    points = np.round(rng.normal((530_000, 180_000), 600, (300, 2)), -2)
    points = np.repeat(points, rng.integers(1, 30, len(points)), axis=0)
    distance = cdist(points, points)
    np.fill_diagonal(distance, np.inf)

    def score_incident_by_incident(h: float) -> float:
        density = np.where(distance < h, 3 / math.pi / h**2 * (1 - (distance / h) ** 2) ** 2, 0).sum(axis=1)
        return float(np.log(density / (len(points) - 1) + 1e-12).mean())

    candidates = (10, 50, 200, 400, 600, 800, 1200)
    assert max(candidates, key=score_incident_by_incident) == 10  # the collapse
    assert choose_bandwidth(make_incidents(*points.T), candidates_m=candidates).bandwidth_m >= 400


def test_a_sample_of_places_chooses_nearly_the_same(make_incidents: MakeIncidents) -> None:
    rng = np.random.default_rng(4)
    centre = rng.uniform((530_000, 180_000), (542_000, 192_000), (60, 2))
    points = np.round(centre[rng.integers(0, 60, 6000)] + rng.normal(0, 150, (6000, 2)), -1)
    incidents = make_incidents(*points.T)
    whole = choose_bandwidth(incidents, max_places=6000)
    assert "judged at" not in whole.reason
    sampled = choose_bandwidth(incidents, max_places=500)
    assert sampled.reason.endswith(f"left out, judged at 500 of {len(np.unique(points, axis=0)):,}.")
    np.testing.assert_allclose(sampled.scores[3:], whole.scores[3:], atol=0.15)
    position = whole.candidates_m.index(whole.bandwidth_m)
    assert abs(sampled.candidates_m.index(sampled.bandwidth_m) - position) <= 2
    assert choose_bandwidth(incidents.sample(frac=1, random_state=1), max_places=500) == sampled
    assert choose_bandwidth(incidents, max_places=500, seed=1).scores != sampled.scores


def test_robberies_of_two_boroughs(real_data: Path) -> None:
    """On real snapped data the choice lies well above the spacing of the points and well below the rules of thumb."""
    path = real_data / "police_uk" / "lewisham_southwark_12types_2018-02_2019-12.csv.gz"
    table = pd.read_csv(path).dropna()
    table = table[table["Crime type"] == "Robbery"]
    incidents = gpd.GeoDataFrame(geometry=gpd.points_from_xy(table["Longitude"], table["Latitude"]), crs=4326).to_crs(
        27700
    )
    likely, scott = choose_bandwidth(incidents), choose_bandwidth(incidents, rule="scott")
    assert 200 <= likely.bandwidth_m <= 800 < scott.bandwidth_m
    assert scott.warning is not None


# --- rules of thumb


def test_rules_of_thumb_are_those_of_scipy(make_incidents: MakeIncidents) -> None:
    points = np.random.default_rng(5).normal((530_000, 180_000), (900, 400), (500, 2))
    incidents = make_incidents(*points.T)
    factor = stats.gaussian_kde(points.T, bw_method="scott").factor
    assert stats.gaussian_kde(points.T, bw_method="silverman").factor == pytest.approx(factor)  # in two dimensions
    spread = points.std(axis=0, ddof=1)
    expected = factor * math.sqrt(spread[0] * spread[1])
    scott = choose_bandwidth(incidents, rule="scott", kernel="gaussian")
    assert scott.bandwidth_m == pytest.approx(expected)
    assert (scott.candidates_m, scott.scores) == ((), ())
    low, high = np.quantile(points, [0.25, 0.75], axis=0)
    narrower = np.minimum(spread, (high - low) / 1.34)
    silverman = choose_bandwidth(incidents, rule="silverman", kernel="gaussian")
    assert silverman.bandwidth_m == pytest.approx(factor * math.sqrt(narrower.prod()))
    assert scott.reason.startswith("Scott's rule of thumb: a spread of ")
    assert scott.reason.endswith(f"= {expected:,.0f} m as the standard deviation of a gaussian kernel.")
    quartic = choose_bandwidth(incidents, rule="scott")
    assert quartic.bandwidth_m == pytest.approx(2.779 * expected, rel=1e-3)
    assert quartic.reason.endswith(f"gaussian kernel, {quartic.bandwidth_m:,.0f} m as the radius of a quartic one.")


def test_outliers_widen_scotts_rule_and_not_silvermans(make_incidents: MakeIncidents) -> None:
    points = np.random.default_rng(6).normal((530_000, 180_000), 500, (1000, 2))
    far = np.concatenate([points, [(560_000, 210_000)] * 5])

    def widen(rule: BandwidthRule) -> float:
        before, after = (choose_bandwidth(make_incidents(*p.T), rule=rule).bandwidth_m for p in (points, far))
        return after / before

    assert widen("scott") > 3
    assert widen("silverman") == pytest.approx(1, abs=0.05)


def test_half_of_the_incidents_on_one_place_leave_a_spread(make_incidents: MakeIncidents) -> None:
    incidents = make_incidents([530_000.0] * 8 + [530_100.0, 529_900.0], [180_000.0] * 8 + [180_300.0, 179_800.0])
    robust = choose_bandwidth(incidents, rule="silverman").bandwidth_m
    assert robust == choose_bandwidth(incidents, rule="scott").bandwidth_m > 0


def test_kernels_are_matched_by_their_canonical_bandwidths() -> None:
    """Worked out by hand from (roughness / variance²)^(1/6): quartic (576 / 5 pi)^(1/6), gaussian (1 / 4 pi)^(1/6)."""
    assert convert(1.0) == pytest.approx((576 / 5 * 4) ** (1 / 6))
    assert convert_bandwidth(1.0, from_kernel="gaussian", to_kernel="epanechnikov") == pytest.approx(192 ** (1 / 6))
    assert convert_bandwidth(1.0, from_kernel="gaussian", to_kernel="triweight") == pytest.approx((6400 / 7) ** (1 / 6))
    for kernel in get_args(Kernel):
        there = convert_bandwidth(300.0, from_kernel="quartic", to_kernel=kernel)
        assert convert_bandwidth(there, from_kernel=kernel, to_kernel="quartic") == pytest.approx(300)


# --- what is said


def test_the_default_candidates_smooth_alike_for_every_kernel(make_incidents: MakeIncidents) -> None:
    points = np.random.default_rng(7).normal((530_000, 180_000), 300, (50, 2))
    quartic = choose_bandwidth(make_incidents(*points.T))
    assert (len(quartic.candidates_m), quartic.candidates_m[0], quartic.candidates_m[-1]) == (20, 50, 2000)
    gaussian = choose_bandwidth(make_incidents(*points.T), kernel="gaussian")
    np.testing.assert_allclose(gaussian.candidates_m, np.array(quartic.candidates_m) / 2.779, atol=2.6)
    assert quartic.reason == (
        f"Of 20 bandwidths from 50 to 2,000 m, {quartic.bandwidth_m:,g} m best predicts the incidents of places left "
        "out."
    )


def test_bandwidths_too_wide_to_send_people_anywhere_are_warned_of(make_incidents: MakeIncidents) -> None:
    points = np.random.default_rng(8).uniform((530_000, 180_000), (532_000, 182_000), (200, 2))
    incidents = make_incidents(*points.T)

    def warn(h: float, **options: Any) -> str:
        return str(choose_bandwidth(incidents, candidates_m=[h], **options).warning)

    assert "600 m smooths over more than 500 m: the surface names districts" in warn(600)
    assert "covers 13% of the study area" in warn(400, study_area=SQUARE)
    assert warn(300, study_area=SQUARE) == "None"
    assert "216 m (as much as 600 m of a quartic kernel) smooths over more" in warn(216, kernel="gaussian")
    ends = choose_bandwidth(incidents, candidates_m=[50, 60]).warning
    assert ends is not None
    assert ends.startswith("60 m is the largest bandwidth tried; a larger one may predict better still.")
    ends = choose_bandwidth(incidents, candidates_m=[20_000, 30_000]).warning
    assert ends is not None
    assert ends.startswith("20,000 m is the smallest bandwidth tried; a smaller one may predict better still.")


def test_what_cannot_be_chosen_is_refused(make_incidents: MakeIncidents) -> None:
    incidents = make_incidents([530_000.0, 530_100.0, 530_000.0], [180_000.0, 180_000.0, 180_100.0])
    with pytest.raises(ParameterError, match='No rule called "plugin". Choose one of: likelihood, scott, silverman'):
        choose_bandwidth(incidents, rule="plugin")  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match='No kernel called "conical". Choose one of: quartic'):
        choose_bandwidth(incidents, kernel="conical")  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match='No kernel called "conical". Choose one of: quartic'):
        convert_bandwidth(300, from_kernel="quartic", to_kernel="conical")  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="Candidates must be bandwidths above 0 m; 0 was given"):
        choose_bandwidth(incidents, candidates_m=[0, 100])
    with pytest.raises(ParameterError, match="Candidates must be bandwidths above 0 m; none was given"):
        choose_bandwidth(incidents, candidates_m=[])
    with pytest.raises(ParameterError, match="places to judge at must be 1 or more, not 0"):
        choose_bandwidth(incidents, max_places=0)
    with pytest.raises(ParameterError, match="study area must enclose some land; this one has an area of 0"):
        choose_bandwidth(incidents, study_area=shapely.Point(0, 0))
    with pytest.raises(DataError, match="the incidents are in WGS 84"):
        choose_bandwidth(incidents.set_crs(4326, allow_override=True))
    for n, line in ((0, incidents[:0]), (2, incidents[:2]), (3, make_incidents([1.0, 2, 3], [1.0, 2, 3]))):
        with pytest.raises(
            TooLittleDataError, match=f"three places .* not on one line; {n} incidents lie on {n}. Give"
        ):
            choose_bandwidth(line)


# --- one for each incident


@given(
    places=st.lists(
        st.tuples(st.integers(0, 30), st.integers(0, 30), st.integers(1, 4)),
        min_size=1,
        max_size=12,
        unique_by=lambda p: p[:2],
    ),
    k=st.integers(1, 15),
)
@settings(max_examples=60)
def test_adaptive_bandwidths_are_distances_to_the_kth_other_incident(
    make_incidents: MakeIncidents, places: list[tuple[int, int, int]], k: int
) -> None:
    points = np.array([(530_000 + 50.0 * e, 180_000 + 50.0 * n) for e, n, times in places for _ in range(times)])
    ours = choose_adaptive_bandwidths(make_incidents(*points.T), k_neighbours=k, minimum_m=120, maximum_m=600)
    in_order = np.sort(cdist(points, points), axis=1)  # itself first
    expected = in_order[:, k] if k < len(points) else np.full(len(points), np.inf)
    np.testing.assert_allclose(ours, np.clip(expected, 120, 600))


def test_adaptive_bandwidths_by_hand(make_incidents: MakeIncidents) -> None:
    incidents = make_incidents([0.0, 200.0, 200.0, 700.0], [0.0] * 4)
    chosen = choose_adaptive_bandwidths(incidents, k_neighbours=2, minimum_m=150, maximum_m=450)
    assert chosen.tolist() == [200, 200, 200, 450]
    assert choose_adaptive_bandwidths(incidents[:0]).tolist() == []


def test_adaptive_bandwidths_that_cannot_be_are_refused(make_incidents: MakeIncidents) -> None:
    incidents = make_incidents([0.0], [0.0])
    with pytest.raises(ParameterError, match="need 1 neighbour or more, not 0"):
        choose_adaptive_bandwidths(incidents, k_neighbours=0)
    with pytest.raises(ParameterError, match="limits above 0 m, the smaller first; 300 to 200 m were given"):
        choose_adaptive_bandwidths(incidents, minimum_m=300, maximum_m=200)
    with pytest.raises(DataError, match="the incidents are in WGS 84"):
        choose_adaptive_bandwidths(incidents.set_crs(4326, allow_override=True))

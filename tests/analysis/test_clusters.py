from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.cluster import DBSCAN
from support import MakeIncidents

from hotspots.analysis import find_clusters
from hotspots.analysis.clusters import choose_min_samples
from hotspots.errors import DataError, ParameterError


@given(
    places=st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=1, max_size=120),
    min_samples=st.integers(2, 8),
)
def test_labels_are_those_of_the_raw_run(
    make_incidents: MakeIncidents, places: list[tuple[int, int]], min_samples: int
) -> None:
    """Places on a coarse lattice, so that many coincide and many lie at exactly eps."""
    easting = [530_000 + 50 * x for x, _ in places]
    northing = [180_000 + 50 * y for _, y in places]
    found = find_clusters(make_incidents(easting, northing), eps_m=100, min_samples=min_samples)
    raw = DBSCAN(eps=100, min_samples=min_samples).fit(np.column_stack([easting, northing])).labels_
    assert found.cluster_id.fillna(-1).tolist() == raw.tolist()
    assert found.n_clusters == raw.max() + 1


def test_noise_is_missing_and_never_a_number(make_incidents: MakeIncidents) -> None:
    incidents = make_incidents([0.0] * 5 + [9000.0], [0.0] * 6)
    found = find_clusters(incidents, eps_m=10, min_samples=5)
    assert found.cluster_id.isna().tolist() == [False] * 5 + [True]
    assert found.cluster_id.index.equals(incidents.index)


def test_the_automatic_choice_is_reported(make_incidents: MakeIncidents) -> None:
    few = find_clusters(make_incidents([0.0] * 30, [0.0] * 30))
    assert few.min_samples == 10
    assert few.min_samples_reason == "the least that is ever used; 0.5% of 30 incidents would be fewer"
    many = find_clusters(make_incidents([0.0] * 5001, [0.0] * 5001))
    assert (many.min_samples, many.min_samples_reason) == (26, "0.5% of 5,001 incidents")
    assert find_clusters(make_incidents([0.0], [0.0]), min_samples=3).min_samples_reason is None


def test_in_a_large_area_dense_means_seven_times_the_average() -> None:
    # 10,000 incidents on 100 km²: 0.03 km² of a 100 m neighbourhood holds 3.14 on average
    assert choose_min_samples(10_000, eps_m=100, study_area_km2=100) == (
        22,
        "7 times the average density of the area",
    )
    assert choose_min_samples(10_000, eps_m=100, study_area_km2=10) == (50, "0.5% of 10,000 incidents")


def test_no_incidents_make_no_clusters(make_incidents: MakeIncidents) -> None:
    found = find_clusters(make_incidents([], []))
    assert found.n_clusters == 0
    assert len(found.cluster_id) == 0


def test_what_cannot_be_is_refused(make_incidents: MakeIncidents) -> None:
    incidents = make_incidents([530_000.0], [180_000.0])
    with pytest.raises(ParameterError, match="eps must be above 0 m, not -1"):
        find_clusters(incidents, eps_m=-1)
    with pytest.raises(ParameterError, match="min_samples must be 2 or more, not 1: one incident is no cluster"):
        find_clusters(incidents, min_samples=1)
    crowd = np.random.default_rng(2).uniform(530_000, 530_500, (20_000, 2))
    with pytest.raises(ParameterError, match="DBSCAN may look at 250,000,000 pairs .* makes 400,000,000. Choose"):
        find_clusters(make_incidents(*crowd.T), eps_m=1000)
    with pytest.raises(DataError, match="projected CRS in metres"):
        find_clusters(incidents.to_crs(4326))

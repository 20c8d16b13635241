"""A hot spot of this crime, or a busy place: on numbers made by hand, and on crime that only follows other crime."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from scipy import stats
from support import MakeIncidents

from hotspots.analysis.hotspots.hotspot_areas import HotspotOptions, draw_hotspots
from hotspots.analysis.hotspots.location_quotients import measure_location_quotients
from hotspots.analysis.significance.gi_star import measure_gi_star
from hotspots.errors import DataError
from hotspots.geography.cells import make_cells

AREA = shapely.box(0, 0, 1000, 1000)
"""Twenty-five squares of 200 m."""
SQUARES = make_cells(AREA, cell_size_m=200)
BUSY, PLAIN = shapely.box(0, 0, 200, 200), shapely.box(200, 0, 400, 200)


def lay(counts: np.ndarray, make_incidents: MakeIncidents) -> gpd.GeoDataFrame:
    """As many incidents in the middle of each square."""
    return make_incidents(np.repeat(SQUARES.easting, counts), np.repeat(SQUARES.northing, counts))


def test_the_quotient_by_hand(make_incidents: MakeIncidents) -> None:
    """Of 25 squares with 100 other incidents each, 23 have 10 of this crime, one has 40 and one 9: 279 of 2,500.

    A square is expected to have 11.16. The median of the squared distances is 1.16² / 11.16 = 0.12, less than chance
    alone makes, so counts are Poisson.
    """
    own = np.full(25, 10)
    own[0], own[1] = 40, 9
    found = measure_location_quotients(
        lay(own, make_incidents), lay(np.full(25, 100), make_incidents), [BUSY, PLAIN], study_area=AREA
    )
    assert found is not None
    np.testing.assert_allclose(found.ambient, 11.16)
    assert found.dispersion == 1
    assert found.n_cells == 25
    high, low = (float(stats.poisson.sf(n, 11.16)) for n in (39, 8))
    np.testing.assert_allclose(found.p_adjusted, [2 * high, low])
    assert found.is_excess.tolist() == [True, False]


def test_where_shares_differ_from_place_to_place_more_is_needed(make_incidents: MakeIncidents) -> None:
    """Half the squares have 4, half 16, so counts vary some eight times as much as chance makes them."""
    own = np.resize([4, 16], 25)
    own[0], own[-1] = 40, 6
    others = np.full(25, 100)
    found = measure_location_quotients(
        lay(own, make_incidents), lay(others, make_incidents), [BUSY, PLAIN], study_area=AREA
    )
    assert found is not None
    expected = own.sum() / 25
    dispersion = float(np.median((own - expected) ** 2 / expected) / stats.chi2.median(1))
    assert found.dispersion == pytest.approx(dispersion)
    assert dispersion > 5
    # of a negative binomial count with that variance
    p = stats.nbinom.sf(39, expected / (dispersion - 1), 1 / dispersion)
    assert found.p_adjusted[0] == pytest.approx(2 * p)
    assert not found.is_excess[0]


def test_nothing_is_said_without_enough_to_compare_with(make_incidents: MakeIncidents) -> None:
    own, others = (lay(np.full(25, n), make_incidents) for n in (10, 100))
    for crime, other, outlines in ((own, others[:0], [BUSY]), (own[:0], others, [BUSY]), (own, others, [])):
        assert measure_location_quotients(crime, other, outlines, study_area=AREA) is None
    # nineteen squares in which two are expected
    few = lay(np.repeat([100, 0], [19, 6]), make_incidents)
    assert measure_location_quotients(own, few, [BUSY], study_area=AREA) is None


def test_degrees_are_refused(make_incidents: MakeIncidents) -> None:
    own, others = (lay(np.full(25, n), make_incidents) for n in (10, 100))
    with pytest.raises(DataError, match="projected CRS in metres; the other incidents are in WGS 84"):
        measure_location_quotients(own, others.set_crs(4326, allow_override=True), [BUSY], study_area=AREA)


@pytest.mark.slow
def test_crime_that_follows_other_crime_makes_busy_places(make_incidents: MakeIncidents) -> None:
    """Other crime lies on a few streets and gathers around a centre; this crime is a random part of it.

    At a rate of 1% hardly any hot spot is said to hold more, where Gi* calls many of their surroundings busy.
    """
    area = shapely.box(0, 0, 4000, 4000)
    rng = np.random.default_rng(5)
    n_points = 1200
    points = np.concatenate(
        [rng.uniform(0, 4000, (n_points // 2, 2)), rng.normal(2000, 500, (n_points // 2, 2))]
    ).round()
    points = points[((points > 0) & (points < 4000)).all(axis=1)]
    weight = rng.gamma(0.5, 1, len(points))
    cells = make_cells(area, cell_size_m=200)
    n_marked = n_busy = n_hotspots = n_maps = 0
    for _ in range(20):
        others, own = (points[rng.choice(len(points), n, p=weight / weight.sum())] for n in (20_000, 2_000))
        incidents, other_incidents = (make_incidents(*part.T) for part in (own, others))
        outlines = draw_hotspots(incidents, study_area=area, options=HotspotOptions()).outlines
        found = measure_location_quotients(incidents, other_incidents, outlines, study_area=area)
        assert found is not None
        n_hotspots += len(outlines)
        n_marked += int(found.is_excess.sum())
        n_maps += bool(found.is_excess.any())
        hot = cells.outlines(measure_gi_star(cells.count(incidents), cells.neighbours()).is_hot)
        n_busy += int(shapely.intersects(np.array(outlines), shapely.union_all(hot)).sum())
    assert n_hotspots > 100
    assert n_marked <= 0.02 * n_hotspots
    assert n_maps <= stats.binom.ppf(0.99, 20, 0.1)
    assert n_busy > 0.3 * n_hotspots

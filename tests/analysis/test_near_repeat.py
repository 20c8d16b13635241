from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from scipy import stats
from support import MakeIncidents

from hotspots.analysis.repeats import near_repeat
from hotspots.analysis.repeats.near_repeat import NearRepeat, measure_near_repeat
from hotspots.errors import DataError, ParameterError

FIRST_DAY = pd.Timestamp("2025-01-01")


def make_dated(
    make_incidents: MakeIncidents, easting: Any, northing: Any, days: Any, **columns: Any
) -> gpd.GeoDataFrame:
    started_at = FIRST_DAY + pd.to_timedelta(np.asarray(days, dtype=np.int64), unit="D")
    return make_incidents(easting, northing, **({"started_at": started_at, "time_precision": "day"} | columns))


def make_random(make_incidents: MakeIncidents, n: int, *, seed: int, **columns: Any) -> gpd.GeoDataFrame:
    """Incidents at 200 places in 4 km by 4 km, some busier than others, on days of a year with a season."""
    rng = np.random.default_rng(seed)
    place = rng.integers(0, 4000, (200, 2))[rng.choice(200, n, p=rng.dirichlet(np.ones(200)))]
    chance = 1 + 0.5 * np.sin(np.arange(365) / 58)
    days = rng.choice(365, n, p=chance / chance.sum())
    return make_dated(make_incidents, place[:, 0], place[:, 1], days, **columns)


def count_directly(incidents: gpd.GeoDataFrame, distances: Any, days: Any, *, metric: str) -> Any:
    """The table of pairs by definition, each pair looked at."""
    xy = np.column_stack([incidents.geometry.x, incidents.geometry.y])
    day = (incidents["started_at"].dt.floor("D") - FIRST_DAY).dt.days.to_numpy()
    one, other = np.triu_indices(len(incidents), 1)
    apart = np.abs(xy[one] - xy[other])
    distance_m = apart.sum(axis=1) if metric == "manhattan" else np.hypot(apart[:, 0], apart[:, 1])
    table = np.histogram2d(
        distance_m,
        np.abs(day[one] - day[other]),
        bins=[[0, *(np.nextafter(d, 0) for d in distances)], [-0.5, *(d - 0.5 for d in days)]],
    )[0]
    return table.astype(np.int64)


@pytest.fixture(scope="module")
def chicago(real_data: Path, make_incidents: MakeIncidents) -> gpd.GeoDataFrame:
    rows = pd.read_csv(real_data / "reference" / "chicago_be_month1.csv", header=None, names=["x", "y", "date"])
    return make_incidents(
        rows["x"], rows["y"], started_at=pd.to_datetime(rows["date"]).to_numpy(), time_precision="day"
    )


def test_the_published_near_repeats_of_chicago_are_reproduced(chicago: gpd.GeoDataFrame) -> None:
    result = measure_near_repeat(chicago)
    assert result.n_pairs is not None
    assert result.ratio is not None
    assert result.p_value is not None
    assert result.n_incidents == 970
    assert result.n_pairs.tolist() == [[28, 5, 5], [141, 69, 27], [186, 140, 100], [237, 192, 128]]
    published = [[1.803, 0.404, 0.613], [1.412, 0.862, 0.517], [1.014, 0.950, 1.051], [0.975, 0.981, 1.007]]
    np.testing.assert_allclose(result.ratio, published, atol=0.02)
    assert result.p_value[:2, 0].tolist() == [0.001, 0.001]
    assert result.is_near_repeat is not None
    assert np.argwhere(result.is_near_repeat).tolist() == [[0, 0], [1, 0]]
    assert result.words == (
        "Within 6 days of an incident, 1.8 times as many others are recorded at the same place as chance alone gives "
        "(28 pairs, 15.5 expected). Within 6 days of an incident, 1.4 times as many others are recorded at another "
        "place less than 200 m away as chance alone gives (141 pairs, 99.8 expected)."
    )


def test_the_published_pairs_of_chicago_in_a_straight_line_are_reproduced(chicago: gpd.GeoDataFrame) -> None:
    result = measure_near_repeat(chicago, metric="euclidean", n_replicates=99)
    assert result.n_pairs is not None
    assert result.n_pairs.tolist() == [[28, 5, 5], [164, 85, 41], [275, 197, 145], [325, 295, 175]]


def test_the_published_close_pairs_of_burkitts_lymphoma_are_reproduced(make_incidents: MakeIncidents) -> None:
    examples = pytest.importorskip("libpysal.examples")
    cases = gpd.read_file(examples.get_path("burkitt.shp"))
    incidents = make_dated(make_incidents, cases.geometry.x, cases.geometry.y, cases["T"])
    result = measure_near_repeat(
        incidents, distance_bands_m=[np.nextafter(20, 21)], day_bands=[6], metric="euclidean", n_replicates=99
    )
    assert result.n_incidents == 188
    assert result.n_pairs is not None
    assert result.expected_pairs is not None
    assert result.n_pairs.tolist() == [[13]]
    assert stats.poisson.sf(13, result.expected_pairs[0, 0]) == pytest.approx(0.146246, abs=5e-7)


def test_three_incidents_by_hand(make_incidents: MakeIncidents, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two at one place a day apart, one 300 m off ten days later: two of the six orders of dates keep the pair."""
    monkeypatch.setattr(near_repeat, "MIN_INCIDENTS", 3)
    incidents = make_dated(make_incidents, [0, 0, 300], [0, 0, 0], [0, 1, 11])
    result = measure_near_repeat(incidents, day_bands=[7, 21])
    assert result.n_pairs is not None
    assert result.expected_pairs is not None
    assert result.p_value is not None
    assert result.n_pairs.tolist() == [[1, 0], [0, 0], [0, 2], [0, 0]]
    np.testing.assert_allclose(result.expected_pairs, np.array([[1, 2], [0, 0], [2, 4], [0, 0]]) / 3)
    assert result.p_value[0, 0] == pytest.approx(1 / 3, abs=0.05)
    assert result.ratio is not None
    np.testing.assert_allclose(result.ratio, np.array([[3, 0], [np.nan, np.nan], [0, 1.5], [np.nan, np.nan]]))


def test_an_edge_belongs_to_the_band_above_it(make_incidents: MakeIncidents) -> None:
    near, far = [0.0, 200.0], [10_000.0 * place for place in range(1, 49)]
    incidents = make_dated(make_incidents, near + far, [0.0] * 50, [0, 7, *range(100, 148)])
    result = measure_near_repeat(incidents, n_replicates=99)
    assert result.n_pairs is not None
    assert np.argwhere(result.n_pairs).tolist() == [[2, 1]]


def test_days_are_calendar_days_whatever_the_hour(make_incidents: MakeIncidents) -> None:
    near, far = [0.0, 0.0], [10_000.0 * place for place in range(1, 49)]
    times = ["2025-01-01 23:59", "2025-01-02 00:00", *pd.date_range("2025-03-01", periods=48).astype(str)]
    incidents = make_incidents(near + far, [0.0] * 50, started_at=pd.to_datetime(times, format="ISO8601"))
    result = measure_near_repeat(incidents, day_bands=[1, 2], n_replicates=99)
    assert result.n_pairs is not None
    assert result.n_pairs[0].tolist() == [0, 1]


@pytest.mark.parametrize("metric", ["manhattan", "euclidean"])
@given(seed=st.integers(0, 10_000), n=st.integers(50, 90))
@hypothesis_settings(max_examples=15)
def test_pairs_are_those_of_looking_at_each(make_incidents: MakeIncidents, metric: Any, seed: int, n: int) -> None:
    incidents = make_random(make_incidents, n, seed=seed)
    result = measure_near_repeat(incidents, metric=metric, n_replicates=99)
    assert result.n_pairs is not None
    assert (
        result.n_pairs.tolist() == count_directly(incidents, (0.1, 200, 400, 600), (7, 14, 21), metric=metric).tolist()
    )


def test_what_is_expected_is_the_mean_of_the_permutations(make_incidents: MakeIncidents) -> None:
    incidents = make_random(make_incidents, 150, seed=1)
    result = measure_near_repeat(incidents, n_replicates=99)
    rng = np.random.default_rng(2)
    tables = []
    for _ in range(150):
        shuffled = incidents.assign(started_at=rng.permutation(incidents["started_at"].to_numpy()))
        tables.append(count_directly(shuffled, (0.1, 200, 400, 600), (7, 14, 21), metric="manhattan"))
    error = np.std(tables, axis=0) / np.sqrt(len(tables))
    assert result.expected_pairs is not None
    assert (np.abs(np.mean(tables, axis=0) - result.expected_pairs) < 4 * error).all()


def test_the_order_of_rows_decides_neither_pairs_nor_what_is_expected(make_incidents: MakeIncidents) -> None:
    incidents = make_random(make_incidents, 120, seed=3)
    one, other = (measure_near_repeat(rows, n_replicates=99) for rows in (incidents, incidents[::-1]))
    assert np.array_equal(one.n_pairs, other.n_pairs)  # type: ignore[arg-type]
    assert np.array_equal(one.expected_pairs, other.expected_pairs)  # type: ignore[arg-type]


def test_the_same_seed_gives_the_same_and_the_input_stays(make_incidents: MakeIncidents) -> None:
    incidents = make_random(make_incidents, 120, seed=3)
    before = incidents.copy()
    one, other = measure_near_repeat(incidents, seed=5), measure_near_repeat(incidents, seed=5)
    assert np.array_equal(one.p_value, other.p_value)  # type: ignore[arg-type]
    pd.testing.assert_frame_equal(pd.DataFrame(incidents), pd.DataFrame(before))


def test_planted_near_repeats_are_found(make_incidents: MakeIncidents) -> None:
    rng = np.random.default_rng(4)
    x, y, day = rng.integers(0, 8000, 400), rng.integers(0, 8000, 400), rng.integers(0, 358, 400)
    x, y = np.append(x, x[:40] + rng.integers(-70, 70, 40)), np.append(y, y[:40] + rng.integers(-70, 70, 40))
    result = measure_near_repeat(make_dated(make_incidents, x, y, np.append(day, day[:40] + rng.integers(0, 7, 40))))
    assert result.is_near_repeat is not None
    assert result.is_shown
    assert np.argwhere(result.is_near_repeat).tolist() == [[1, 0]]
    assert result.p_overall is not None
    assert result.p_overall <= 0.05


@pytest.mark.slow
def test_busy_places_and_seasons_alone_show_no_near_repeat_more_often_than_stated(
    make_incidents: MakeIncidents,
) -> None:
    results = [measure_near_repeat(make_random(make_incidents, 150, seed=seed), n_replicates=99) for seed in range(100)]
    n_shown = sum(result.p_overall is not None and result.p_overall <= 0.05 for result in results)
    assert n_shown <= 100 * 0.05 + 3 * np.sqrt(100 * 0.05)


def test_crime_that_moves_across_the_area_is_told_from_near_repeats(make_incidents: MakeIncidents) -> None:
    rng = np.random.default_rng(6)
    day = rng.integers(0, 365, 3000)
    easting = rng.integers(0, 1000, 3000) + np.where(rng.random(3000) < day / 365, 20_000, 0)
    result = measure_near_repeat(make_dated(make_incidents, easting, rng.integers(0, 1000, 3000), day), n_replicates=99)
    assert result.is_significant is not None
    assert result.is_significant[1:].any()
    assert not result.is_shown
    assert "Even 400 to 600 m away there are 1." in result.words
    assert "crime or its recording moved about the area" in result.words


def test_repeats_of_one_day_are_told_as_such(make_incidents: MakeIncidents) -> None:
    rng = np.random.default_rng(7)
    x, y, day = rng.integers(0, 9000, 200), rng.integers(0, 9000, 200), rng.integers(0, 365, 200)
    twice = np.r_[np.arange(200), np.arange(20)]
    result = measure_near_repeat(make_dated(make_incidents, x[twice], y[twice], day[twice]))
    assert result.n_same_day_pairs is not None
    assert result.n_same_day_pairs[0] == 20
    assert "20 of these pairs are of one day, which may be one offence recorded for each victim." in result.words


@pytest.mark.parametrize(
    ("day_bands", "apart", "words"),
    [
        ((1, 7), 0, "On the day of an incident, "),
        ((2, 7), 1, "Within 1 day of an incident, "),
        ((1, 2, 7), 1, "1 day before or after an incident, "),
        ((2, 3, 7), 2, "2 days before or after an incident, "),
        ((2, 7, 14), 4, "2 to 6 days before or after an incident, "),
    ],
)
def test_how_long_after_is_said_in_words(
    make_incidents: MakeIncidents, day_bands: tuple[int, ...], apart: int, words: str
) -> None:
    """Forty incidents, each with another at its place so many days later, among places and days at random."""
    rng = np.random.default_rng(7)
    x, y, day = rng.integers(0, 9000, 100), rng.integers(0, 9000, 100), rng.integers(0, 365, 100)
    pair = np.r_[np.arange(100), np.arange(40)]
    later = np.r_[day, day[:40] + apart]
    result = measure_near_repeat(
        make_dated(make_incidents, x[pair], y[pair], later), day_bands=day_bands, n_replicates=99
    )
    assert result.words.startswith(words)


def test_nothing_is_shown_in_words(make_incidents: MakeIncidents) -> None:
    result = measure_near_repeat(make_random(make_incidents, 100, seed=9))
    assert not result.is_shown
    assert result.words == (
        "No near repeats are shown: up to 600 m and 20 days apart, the 100 incidents do not follow each other more "
        "often than chance allows by 20% or more."
    )


def test_an_interval_counts_in_its_middle_and_not_if_it_is_long(make_incidents: MakeIncidents) -> None:
    start = pd.Series(FIRST_DAY + pd.to_timedelta(np.arange(60) * 30, unit="D"))
    end = start + pd.to_timedelta([0.0] * 58 + [4.0, 8.0], unit="D")
    start[57] = start[58] + pd.Timedelta(days=2)  # the day in the middle of the incident after it
    end[57] = start[57]
    incidents = make_incidents([5.0] * 60, [5.0] * 60, started_at=start.to_numpy(), ended_at=end.to_numpy())
    result = measure_near_repeat(incidents, day_bands=[7, 14], n_replicates=99)
    assert (result.n_too_long, result.n_incidents, result.n_left_out) == (1, 59, 1)
    assert result.n_same_day_pairs is not None
    assert result.n_same_day_pairs[0] == 1


def test_an_end_before_its_start_is_left_aside(make_incidents: MakeIncidents) -> None:
    incidents = make_random(make_incidents, 80, seed=2)
    reversed_ = incidents.assign(ended_at=incidents["started_at"] - pd.Timedelta(days=30))
    one, other = (measure_near_repeat(rows, n_replicates=99).n_pairs for rows in (incidents, reversed_))
    assert np.array_equal(one, other)  # type: ignore[arg-type]


def test_too_many_pairs_are_thinned_by_lot_and_it_is_said(
    make_incidents: MakeIncidents, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(near_repeat, "MAX_PAIRS", 5_000)
    rng = np.random.default_rng(8)
    result = measure_near_repeat(make_dated(make_incidents, [1.0] * 400, [1.0] * 400, rng.integers(0, 365, 400)))
    assert result.n_incidents + result.n_thinned == 400
    assert 85 <= result.n_incidents <= 100  # 100 incidents at one place make 4,950 pairs
    assert result.words.endswith(f"Measured on {result.n_incidents} of the incidents, drawn at random.")
    assert result.n_left_out == 0


def test_the_same_place_is_a_block_where_places_keep_apart(make_incidents: MakeIncidents) -> None:
    rng = np.random.default_rng(1)
    step = rng.integers(0, 20, (600, 2)) * 90.0
    day = rng.integers(0, 365, 600)
    step[:100], day[:100] = step[100:200], day[100:200]
    result = measure_near_repeat(make_dated(make_incidents, step[:, 0], step[:, 1], day))
    assert result.is_shared_points
    assert "one place can be a block rather than one address" in result.words


@pytest.mark.parametrize(
    ("n", "columns", "reason", "words"),
    [
        (60, {"time_precision": "month"}, "month-only", "The source gives the month of each incident, not its day"),
        (
            60,
            {"time_precision": ["day"] * 20 + ["month"] * 40},
            "days unknown",
            "Only 20 of 60 incidents have a day; the rest may differ from them.",
        ),
        (60, {"location_precision": "anonymised"}, "places shared", "Only 0 of 60 incidents have a place of their own"),
        (60, {"location_precision": "postcode"}, "places shared", "Only 0 of 60 incidents have a place of their own"),
        (
            60,
            {"started_at": FIRST_DAY, "ended_at": FIRST_DAY + pd.Timedelta(days=9)},
            "times too vague",
            "Only 0 of 60 incidents have a place and are known to within 7 days",
        ),
        (49, {}, "too few", "49 incidents are too few to show near repeats; 50 are needed."),
        (1, {}, "too few", "1 incidents are too few to show near repeats; 50 are needed."),
        (0, {}, "too few", "0 incidents are too few to show near repeats; 50 are needed."),
        (60, {"started_at": FIRST_DAY}, "too short", "All incidents lie within 1 day. It takes"),
    ],
)
def test_it_is_withheld_with_the_reason(
    make_incidents: MakeIncidents, n: int, columns: dict[str, Any], reason: str, words: str
) -> None:
    result = measure_near_repeat(make_random(make_incidents, n, seed=1, **columns))
    assert (result.available, result.reason, result.is_shown) == (False, reason, False)
    assert (result.n_pairs, result.ratio, result.p_overall, result.is_near_repeat) == (None, None, None, None)
    assert result.words == result.explanation
    assert words in result.words
    assert result.n_incidents + result.n_left_out == n


def test_every_incident_is_used_or_told_of(make_incidents: MakeIncidents) -> None:
    incidents = make_random(
        make_incidents,
        100,
        seed=1,
        location_precision=["point"] * 80 + ["postcode"] * 20,
        time_precision=["month"] * 5 + ["day"] * 95,
    )
    incidents = incidents.set_geometry(
        gpd.points_from_xy([np.nan] * 3 + [1.0] * 97, np.arange(100.0), crs=incidents.crs)
    )
    result = measure_near_repeat(incidents, n_replicates=99)
    assert (result.n_without_place, result.n_without_day, result.n_too_long) == (23, 2, 0)
    assert result.n_incidents == 75


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"distance_bands_m": ()}, "Bands of distance need upper edges in metres, above 0 and rising, not ()."),
        ({"distance_bands_m": (200, 100)}, "above 0 and rising, not (200.0, 100.0)"),
        ({"distance_bands_m": (0, 100)}, "above 0 and rising, not (0.0, 100.0)"),
        ({"distance_bands_m": (float("nan"),)}, "above 0 and rising, not (nan,)"),
        ({"day_bands": ()}, "Bands of days need upper edges, above 0 and rising, not ()."),
        ({"day_bands": (7, 7)}, "above 0 and rising, not (7, 7)"),
        ({"day_bands": (0.5, 7)}, "Bands of days need whole days as edges, not (0.5, 7)."),
        ({"metric": "taxi"}, 'No metric called "taxi". Choose one of: manhattan, euclidean.'),
        ({"n_replicates": 20}, "a whole number of permutations, 99 or more, not 20. 999 is usual."),
    ],
)
def test_wrong_options_are_refused(make_incidents: MakeIncidents, options: dict[str, Any], words: str) -> None:
    with pytest.raises(ParameterError) as error:
        measure_near_repeat(make_random(make_incidents, 60, seed=1), **options)
    assert words in str(error.value)


def test_wrong_tables_are_refused(make_incidents: MakeIncidents) -> None:
    incidents = make_random(make_incidents, 60, seed=1)
    with pytest.raises(DataError, match="time_precision missing"):
        measure_near_repeat(incidents.drop(columns="time_precision"))
    with pytest.raises(DataError, match="Distances need a projected CRS in metres"):
        measure_near_repeat(incidents.to_crs(4326))


def test_a_result_is_frozen(make_incidents: MakeIncidents) -> None:
    result = measure_near_repeat(make_random(make_incidents, 0, seed=1))
    with pytest.raises(AttributeError):
        result.seed = 1  # type: ignore[misc]
    assert isinstance(result, NearRepeat)

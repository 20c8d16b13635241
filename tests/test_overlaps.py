"""Two sources of the same incidents, and two forces that record different ones in the same places."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from support import MakeIncidents

from hotspots.ingest.incidents.intake import read_incidents
from hotspots.pipeline.overlaps import find_overlaps
from hotspots.pipeline.quality import assess_quality


def two_sources(make_incidents: MakeIncidents, shift_m: float, **other: Any) -> gpd.GeoDataFrame:
    """Two robberies a day at changing places from each of two sources, the second's moved east."""
    place = np.random.default_rng(4).uniform(0, 2000, (2, 120))
    days = np.repeat(pd.date_range("2026-01-01", periods=60), 2)
    first, second = (
        make_incidents(530000 + place[0] + shift, 180000 + place[1], started_at=days, source=source, **columns)
        for shift, source, columns in ((0, "police.csv", {}), (shift_m, "council.csv", other))
    )
    return gpd.GeoDataFrame(pd.concat([first, second]), crs=first.crs)


def test_two_records_of_the_same_incidents_are_noticed(make_incidents: MakeIncidents) -> None:
    months = {"started_at": pd.Timestamp("2026-01-01"), "time_precision": "month"}
    for shift_m in (0, 80):
        (overlap,) = find_overlaps(two_sources(make_incidents, shift_m))
        assert (overlap.category, set(overlap.sources)) == ("robbery", {"council.csv", "police.csv"})
        assert (overlap.start, overlap.end, overlap.unit) == (dt.date(2026, 1, 1), dt.date(2026, 3, 1), "day")
        assert (overlap.n_rows, overlap.n_matching) == (120, 120)
        assert overlap.examples == ((1, 1), (2, 2), (3, 3))
    # a published month against days: only those in the month are compared
    place = two_sources(make_incidents, 0)
    by_month = place[place["source"] == "council.csv"].assign(**months)
    (overlap,) = find_overlaps(gpd.GeoDataFrame(pd.concat([place[place["source"] == "police.csv"], by_month])))
    assert (overlap.start, overlap.end) == (dt.date(2026, 1, 1), dt.date(2026, 1, 31))


@pytest.mark.parametrize(
    "other",
    [{"shift_m": 5000}, {"shift_m": 0, "category": "burglary"}, {"shift_m": 0, "category": "unrecognised"}],
)
def test_other_places_and_other_crimes_are_no_overlap(make_incidents: MakeIncidents, other: dict[str, Any]) -> None:
    assert find_overlaps(two_sources(make_incidents, **other)) == ()


def shared_points(rng: np.random.Generator, *, n_points: int, n_months: int, n_a_month: float) -> pd.DataFrame:
    """How many incidents to expect at a few points in each month: one row a point and month."""
    at = pd.MultiIndex.from_product([range(n_points), range(n_months)], names=["point", "month"])
    return pd.DataFrame({"expected": np.repeat(rng.gamma(1, n_a_month, n_points), n_months)}, index=at).reset_index()


def draw_source(make_incidents: MakeIncidents, n: npt.NDArray[Any], table: pd.DataFrame, source: str) -> Any:
    rows = table.loc[np.repeat(table.index, n)]
    months = pd.date_range("2024-01-01", periods=12, freq="MS")[rows["month"]]
    east = 530000 + 400 * rows["point"].to_numpy()
    return make_incidents(east, 180000, started_at=months, time_precision="month", source=source)


@pytest.mark.parametrize("n_a_month", [1, 5, 30, 200])
@pytest.mark.parametrize("share", [1, 0.5, 0.1, 0.02])
def test_two_forces_at_the_same_points_are_no_overlap(
    make_incidents: MakeIncidents, n_a_month: float, share: float
) -> None:
    """They put all their incidents on the same few points: nearly every row has one of the other force beside it."""
    rng = np.random.default_rng(5)
    for n_points, n_months in [(1, 1), (1, 12), (3, 1), (6, 6), (2, 12)]:
        table = shared_points(rng, n_points=n_points, n_months=n_months, n_a_month=n_a_month)
        sources = [
            draw_source(make_incidents, rng.poisson(table["expected"] * times), table, name)
            for name, times in (("territorial.csv", 1), ("railway.csv", share))
        ]
        assert find_overlaps(gpd.GeoDataFrame(pd.concat(sources), crs=sources[0].crs)) == ()


@pytest.mark.parametrize("n_a_month", [1, 5, 30])
@pytest.mark.parametrize("shift_m", [0, 60, 140])
@pytest.mark.parametrize("part", ["all", "half of the points", "half of the months"])
def test_copies_at_shared_points_are_noticed(
    make_incidents: MakeIncidents, n_a_month: float, shift_m: float, part: str
) -> None:
    rng = np.random.default_rng(7)
    table = shared_points(rng, n_points=40, n_months=6, n_a_month=n_a_month)
    n = rng.poisson(table["expected"])
    of_copy = {
        "all": n,
        "half of the points": np.where(table["point"] < 20, n, 0),
        "half of the months": np.where(table["month"] < 3, n, 0),
    }[part]
    copy = draw_source(make_incidents, of_copy, table, "copy.csv")
    copy["geometry"] = copy.geometry.translate(0, shift_m)
    both = pd.concat([draw_source(make_incidents, n, table, "published.csv"), copy])
    found = find_overlaps(gpd.GeoDataFrame(both, crs=copy.crs))
    assert [(one.sources, one.unit, one.n_rows) for one in found] == [
        (("copy.csv", "published.csv"), "month", int(of_copy.sum()))
    ]
    assert found[0].n_matching == found[0].n_rows > found[0].n_by_chance


def test_two_forces_at_one_station(tmp_path: Path) -> None:
    """As police.uk publishes them: the transport police at the station's point only, another force there too."""
    rng = np.random.default_rng(8)
    head = "Crime ID,Month,Reported by,Falls within,Longitude,Latitude,Location,LSOA code,LSOA name,Crime type,"
    head += "Last outcome category,Context"
    for force, name, n_station, n_streets in [("btp", "British Transport Police", 30, 0), ("met", "Met", 60, 200)]:
        for month in ("2024-01", "2024-02", "2024-03"):
            places = [("-0.005163,51.454299", "On or near Testham (Station)")] * int(rng.poisson(n_station))
            places += [(f"{0.001 * street:.3f},51.46", "On or near High Street") for street in range(n_streets)]
            rows = [
                f"{'' if force == 'btp' else f'{force}{month}{i:04d}'},{month},{name},{name},{at},{street},"
                "E01000001,Testham 001A,Theft from the person,,"
                for i, (at, street) in enumerate(places)
            ]
            (tmp_path / f"{month}-{force}-street.csv").write_text("\n".join([head, *rows]) + "\n")
    quality = assess_quality(read_incidents([tmp_path]))
    assert quality.n_used == quality.n_read > 600
    assert quality.overlaps == ()


def test_sources_that_follow_each_other_are_no_overlap(make_incidents: MakeIncidents) -> None:
    both = two_sources(make_incidents, 0)
    late = both["source"] == "council.csv"
    both["started_at"] = both["started_at"].mask(late, both["started_at"] + pd.Timedelta(days=60))
    assert find_overlaps(both) == ()


def test_the_forces_of_the_city_and_around_it_are_no_overlap(real_data: Path) -> None:
    """Two forces publish the same crimes for the same month, side by side."""
    city = read_incidents([real_data / "police_uk" / "city_of_london" / "2024-06-city-of-london-street.csv"])
    around = read_incidents([real_data / "police_uk" / "metropolitan" / "2019-06-metropolitan-street.csv"])
    both = pd.concat([city.incidents, around.incidents.assign(started_at=city.incidents["started_at"].iloc[0])])
    assert find_overlaps(gpd.GeoDataFrame(both)) == ()


def test_two_sources_of_one_busy_place_are_no_overlap(make_incidents: MakeIncidents) -> None:
    """Whatever is dense lies near something else; the same incidents lie near each other on the same day."""
    rng = np.random.default_rng(6)
    place = rng.normal(0, 300, (2, 2, 2000))
    days = pd.Timestamp("2025-01-01") + pd.to_timedelta(rng.integers(0, 365, (2, 2000)).ravel(), unit="D")
    both = make_incidents(530000 + place[0].ravel(), 180000 + place[1].ravel(), started_at=days)
    both["source"] = np.repeat(["a.csv", "b.csv"], 2000)
    assert find_overlaps(both) == ()


@pytest.mark.parametrize("share", [1, 0.5, 0.2])
def test_part_of_a_table_is_noticed(make_incidents: MakeIncidents, share: float) -> None:
    """An extract that holds some of the rows of another, at the places where they were, by day and by month."""
    rng = np.random.default_rng(9)
    place = rng.uniform(0, 3000, (2, 400)).round()
    days = pd.Timestamp("2026-01-01") + pd.to_timedelta(rng.integers(0, 365, 400), unit="D")
    whole = make_incidents(530000 + place[0], 180000 + place[1], started_at=days, source="whole.csv")
    part = whole.sample(frac=share, random_state=1).assign(source="part.csv")
    for precision in ("minute", "month"):
        both = gpd.GeoDataFrame(pd.concat([whole, part]).assign(time_precision=precision), crs=whole.crs)
        (overlap,) = find_overlaps(both)
        assert (overlap.n_rows, overlap.n_matching) == (len(part), len(part))
        rows = dict(zip(overlap.sources, zip(*overlap.examples, strict=True), strict=True))
        assert rows["part.csv"] == rows["whole.csv"] == tuple(sorted(part["source_row"])[:3])


def test_a_table_that_ends_within_a_month_is_compared_to_its_end(make_incidents: MakeIncidents) -> None:
    """Days of a month begun are compared with the month that was published."""
    both = two_sources(make_incidents, 0)
    published = both["source"] == "police.csv"
    both["started_at"] = both["started_at"].mask(published, both["started_at"].dt.to_period("M").dt.to_timestamp())
    both["time_precision"] = np.where(published, "month", "day")
    (overlap,) = find_overlaps(both)
    assert (overlap.start, overlap.end, overlap.n_matching) == (dt.date(2026, 1, 1), dt.date(2026, 3, 1), 120)

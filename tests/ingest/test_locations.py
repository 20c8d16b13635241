from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from hotspots.errors import DataError
from hotspots.geography.projection import BRITISH_NATIONAL_GRID
from hotspots.ingest.incidents.locations import Locations, Places, find_swapped, locate
from hotspots.ingest.incidents.profiles import SourceProfile
from hotspots.ingest.texts.coordinates import parse_coordinates, read_pairs

E, N = 538890, 177320
LONGITUDE, LATITUDE = -0.00147, 51.47781
"""The transit circle of the Royal Observatory, in square TQ 388 773 of the National Grid: 5.3 seconds west of the
meridian of WGS84 (Malys et al., 2015, "Why the Greenwich meridian moved", doi:10.1007/s00190-015-0844-y)."""


def column(*texts: str | None) -> pd.Series:
    distinct = list(dict.fromkeys(text for text in texts if text is not None))
    return pd.Series(pd.Categorical(list(texts), categories=pd.Index(distinct, dtype="object")))


def find(
    texts: Mapping[str, tuple[str | None, ...]],
    *,
    crs: str = BRITISH_NATIONAL_GRID,
    stated_crs: str | None = None,
    postcodes: Places | None = None,
    areas: Places | None = None,
    is_anonymised: bool = False,
) -> Locations:
    """Columns by their role, located."""
    columns = {name: column(*values) for name, values in texts.items()}
    roles: dict[str, Any] = {name: name for name in columns}
    profile = SourceProfile(name="a", offence=("o",), start=("s",), is_anonymised=is_anonymised, **roles)
    return locate(columns, profile, stated_crs=stated_crs, crs=crs, postcodes=postcodes, areas=areas)


def at(easting: object, northing: object, **options: Any) -> Locations:
    return find({"easting": (str(easting),), "northing": (str(northing),)}, **options)


def at_degrees(longitude: object, latitude: object, **options: Any) -> Locations:
    return find({"longitude": (str(longitude),), "latitude": (str(latitude),)}, **options)


def at_wkt(text: str, **options: Any) -> Locations:
    return find({"wkt": (text,)}, **options)


class Known:
    """A list of places with one entry."""

    sha256 = "of a list"

    def __init__(self, text: str, easting: float = E, northing: float = N) -> None:
        self.text, self.place = text, (easting, northing)

    def locate(self, texts: pd.Series) -> pd.DataFrame:
        is_known = texts.astype("object").eq(self.text).to_numpy(dtype=bool)
        places = np.where(is_known[:, None], self.place, np.nan)
        return pd.DataFrame(places, columns=["easting", "northing"], index=texts.index)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("538890", 538890),
        (" 538890.25 ", 538890.25),
        ("538890,25", 538890.25),
        ("538,890", 538890),
        ("538,890.25", 538890.25),
        ("538.890,25", 538890.25),
        ("1,538,890", 1538890),
        ("538 890", 538890),
        ("538\u00a0890", 538890),
        ("538'890", 538890),
        ("-0,034488", -0.034488),
        ("-0,034", -0.034),  # nobody writes a leading nought before thousands
        ("51,488184", 51.488184),
        ("5.3889e5", 538890),
        ("+5", 5),
        *((text, np.inf) for text in ("abc", "inf", "1,2,3", "1.2.3", "51.47 N", "1e400", "1e308", "9" * 400)),
    ],
)
def test_coordinates_are_read_with_either_mark(text: str, number: float) -> None:
    assert parse_coordinates(column(text)).tolist() == [number]


@pytest.mark.parametrize(
    ("text", "decimal", "number"),
    [
        ("51,488", ",", 51.488),
        ("51,488", ".", 51488),
        ("538.890", ",", 538890),
        ("538.890,5", ",", 538890.5),
        ("538890.5", ",", 538890.5),  # a number of a workbook
        ("538,890.5", ".", 538890.5),
    ],
)
def test_the_decimal_mark_can_be_said(text: str, decimal: str, number: float) -> None:
    assert parse_coordinates(column(text), decimal=decimal).tolist() == [number]


def test_blank_coordinates_are_missing_and_unreadable_ones_infinite() -> None:
    assert np.isnan(parse_coordinates(column(None, " ", "5"))).tolist() == [True, True, False]


def test_metres_are_taken_as_they_are() -> None:
    found = at(538890.25, 177320)
    assert (found.easting[0], found.northing[0]) == (538890.25, 177320)
    assert (found.precision[0], found.reason[0], found.detail[0]) == ("point", None, None)


def test_degrees_are_projected() -> None:
    for found in (
        at_degrees(LONGITUDE, LATITUDE),
        at_degrees("-0,00147", "51,47781"),
        at_wkt(f"SRID=4326;POINT({LONGITUDE} {LATITUDE})", crs=BRITISH_NATIONAL_GRID, stated_crs="EPSG:4326"),
    ):
        assert 538_800 <= found.easting[0] < 538_900
        assert 177_300 <= found.northing[0] < 177_400
        assert found.precision[0] == "point"


@pytest.mark.parametrize(
    "text", [f"POINT ({E} {N})", f"point({E} {N})", f"SRID=27700;POINT Z ({E} {N} 12)", f" POINT ZM ({E}  {N} 1 2) "]
)
def test_well_known_text_is_read(text: str) -> None:
    found = at_wkt(text)
    assert (found.easting[0], found.northing[0]) == (E, N)


@pytest.mark.parametrize("text", ["POINT EMPTY", "POINT (a b)", "LINESTRING (1 2, 3 4)", "538890 177320", "POINT (1)"])
def test_other_text_is_no_point(text: str) -> None:
    found = at_wkt(text)
    assert (found.reason[0], found.detail[0]) == ("unreadable location", f"wkt {text}")


def test_a_shared_point_says_that_it_is_anonymised() -> None:
    assert at(E, N, is_anonymised=True).precision[0] == "anonymised"


def _mercator() -> tuple[float, float]:
    radius = 6_378_137.0  # of the sphere of Web Mercator, EPSG Guidance Note 7-2, method 1024
    return radius * np.radians(LONGITUDE), radius * np.log(np.tan(np.pi / 4 + np.radians(LATITUDE) / 2))


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (at(0, 0), "location at 0, 0"),
        (at("0.0", "-0"), "location at 0, 0"),
        (at_degrees(0, 0), "location at 0, 0"),
        (at("", N), "no location"),
        (at(E, " "), "no location"),
        (at("", ""), "no location"),
        (at("here", N), "unreadable location"),
        (at("inf", N), "unreadable location"),
        (at(LONGITUDE, LATITUDE), "degrees where metres are expected"),
        (at(LATITUDE, LONGITUDE), "degrees where metres are expected"),
        (at(*_mercator()), "coordinates in another CRS"),
        (at_degrees(*_mercator()), "coordinates in another CRS"),
        (at_degrees(LATITUDE, LONGITUDE), "coordinates swapped"),
        (at_degrees(E, N), "metres where degrees are expected"),
        (at(9_538_890, N), "location outside Great Britain"),
        (at_degrees(2.35, 48.86), "location outside Great Britain"),
    ],
)
def test_each_location_that_cannot_be_used_has_its_reason(found: Locations, reason: str) -> None:
    assert found.reason[0] == reason
    assert found.precision[0] is None
    assert np.isnan(found.easting[0])
    assert np.isnan(found.northing[0])


def test_what_was_given_is_told() -> None:
    assert at("here", N).detail[0] == f"easting here, northing {N}"
    assert at("", "").detail[0] is None


def test_a_grid_reference_stands_in() -> None:
    found = find(
        {
            "easting": ("538000", None, None, None, None),
            "northing": ("177000", None, None, None, None),
            "grid_reference": ("TQ 3889 7732", "TQ 3889 7732", "TQ 38 77", "TQ", None),
        }
    )
    # the middle of a square of 10 m, and of one of 1 km
    assert found.easting.tolist()[:3] == [538000, 538895, 538500]
    assert found.precision.tolist() == ["point", "point", "area", None, None]
    assert found.reason.tolist() == [None, None, None, "unreadable grid reference", "no location"]
    assert found.detail[3] == "TQ"


def test_a_postcode_and_then_an_area_stand_in() -> None:
    found = find(
        {
            "grid_reference": ("TQ 3889 7732", None, None, None, None, "??"),
            "postcode": ("SE10 8XJ", "SE10 8XJ", None, "XX1 1XX", None, "SE10 8XJ"),
            "lsoa": ("E01", "E01", "E01", "E01", "E99", "E01"),
        },
        postcodes=Known("SE10 8XJ", E + 100, N),
        areas=Known("E01", E + 500, N),
    )
    assert found.precision.tolist() == ["point", "postcode", "area", "area", None, "postcode"]
    assert found.easting[:4].tolist() == [538895, E + 100, E + 500, E + 500]
    assert found.reason.tolist() == [None, None, None, None, "LSOA not in the outlines", None]
    assert found.detail.tolist() == [None, None, None, None, "E99", None]


def test_without_the_list_a_postcode_is_no_place() -> None:
    assert find({"postcode": ("SE10 8XJ",)}).reason.tolist() == ["only a postcode, and no list of postcodes"]


def test_another_working_crs() -> None:
    """New York City Hall, in degrees, in zone 18 of UTM (EPSG:32618): within the zone's 167 km to 833 km."""
    found = at_degrees(-74.006, 40.7127, crs="EPSG:32618")
    assert found.precision[0] == "point"
    assert 582_000 < found.easting[0] < 586_000
    assert at_degrees(40.7127, -74.006, crs="EPSG:32618").reason[0] == "coordinates swapped"


def test_swapped_coordinates_are_told_by_the_area() -> None:
    area = np.array([shapely.box(530_000, 170_000, 540_000, 175_000), shapely.box(530_000, 175_000, 540_000, 180_000)])
    easting, northing = np.array([E, N, 0.0, 535_000.0]), np.array([N, E, 0.0, 175_000.0])
    assert find_swapped(easting, northing, area).tolist() == [False, True, False, False]
    around = np.array([shapely.box(0, 0, 700_000, 700_000)])
    assert not find_swapped(easting, northing, around).any()


cells = st.one_of(
    st.none(),
    st.text(max_size=8),
    st.floats().map(str),
    st.floats(-1, 60).map(str),
    st.floats(100_000, 600_000).map(str),
    st.sampled_from(("0", "TQ 388 773", "SE10 8XJ", "POINT (5 5)", "178413,25", "POINT (inf nan)", "1e308")),
)


@settings(max_examples=60)
@given(
    st.lists(st.tuples(cells, cells, cells, cells), min_size=1, max_size=6),
    st.sampled_from((("easting", "northing"), ("longitude", "latitude"), ("wkt", "ward"))),
    st.sampled_from((None, ".", ",")),
    st.sampled_from((None, "EPSG:3857", "EPSG:4258", "EPSG:29902", "police.uk")),
)
@pytest.mark.slow
def test_every_row_has_a_place_or_a_reason(
    rows: list[tuple[str | None, ...]], roles: tuple[str, str], decimal: str | None, crs: str | None
) -> None:
    names = (*roles, "grid_reference", "postcode")
    columns = {name: column(*(row[i] for row in rows)) for i, name in enumerate(names)}
    values: dict[str, Any] = {name: name for name in names} | {"decimal": decimal, "crs": crs}
    profile = SourceProfile(name="a", offence=("o",), start=("s",), **values)
    found = locate(columns, profile, stated_crs=None, crs=BRITISH_NATIONAL_GRID, postcodes=Known("SE10 8XJ"))
    placed = np.isfinite(found.easting) & np.isfinite(found.northing)
    assert (np.isnan(found.easting) == np.isnan(found.northing)).all()
    assert placed.tolist() == [reason is None for reason in found.reason]
    assert placed.tolist() == [precision is not None for precision in found.precision]


def test_a_place_on_the_list_outside_the_working_area_is_refused() -> None:
    """What cannot be projected has no place, and must not be given that of another row."""
    off_the_grid = find({"grid_reference": ("HP 99 99", "TQ 38890 77320")})
    assert off_the_grid.reason.tolist() == ["location outside Great Britain", None]
    assert off_the_grid.precision.tolist() == [None, "point"]
    abroad = find({"postcode": ("SE10 8XJ",)}, crs="EPSG:32610", postcodes=Known("SE10 8XJ"))
    assert abroad.reason[0] == "location outside WGS 84 / UTM zone 10N"
    assert np.isnan(abroad.easting[0])


def test_a_second_pair_of_coordinates_is_used_where_the_first_is_blank() -> None:
    found = find(
        {
            "easting": (str(E), None, "0", "-3800"),
            "northing": (str(N), None, "0", "6711000"),
            "longitude": (None, str(LONGITUDE), str(LONGITUDE), str(LONGITUDE)),
            "latitude": (None, str(LATITUDE), str(LATITUDE), str(LATITUDE)),
        }
    )
    assert found.easting[:3] == pytest.approx([E] * 3, abs=10)
    # a first pair that is wrong is told of, and not hidden by the second
    assert found.reason.tolist() == [None, None, None, "coordinates in another CRS"]


def test_a_crs_named_for_two_pairs_is_that_of_the_pair_it_fits() -> None:
    columns = {
        name: column(text) for name, text in (("e", None), ("n", None), ("lo", "-0.034481"), ("la", "51.488184"))
    }
    profile = SourceProfile(
        name="a",
        offence=("o",),
        start=("s",),
        easting="e",
        northing="n",
        longitude="lo",
        latitude="la",
        crs="police.uk",
    )
    found = locate(columns, profile, stated_crs=None, crs=BRITISH_NATIONAL_GRID)
    assert abs(found.easting[0] - round(found.easting[0])) < 0.05  # whole metres, by the shift that made them


@pytest.mark.parametrize(
    "text", ["51.47781, -0.00147", "(51.47781,-0.00147)", "[51.47781; -0.00147]", "51.47781 -0.00147"]
)
def test_both_coordinates_may_stand_in_one_column(text: str) -> None:
    profile = SourceProfile(name="a", offence=("o",), start=("s",), longitude="gps", latitude="gps")
    found = locate({"gps": column(text)}, profile, stated_crs=None, crs=BRITISH_NATIONAL_GRID)
    assert (found.easting[0], found.northing[0]) == pytest.approx((E, N), abs=10)


def test_what_is_no_pair_in_one_column_is_unreadable() -> None:
    profile = SourceProfile(name="a", offence=("o",), start=("s",), longitude="gps", latitude="gps")
    found = locate({"gps": column("by the park", None)}, profile, stated_crs=None, crs=BRITISH_NATIONAL_GRID)
    assert found.reason.tolist() == ["unreadable location", "no location"]


def test_a_spreadsheet_that_has_lost_the_metres_is_unreadable() -> None:
    assert at("5.39E+05", "1.77E+05").reason[0] == "unreadable location"
    assert at("5.3889E+05", N).reason[0] is None
    assert at_degrees("-1.47E-03", LATITUDE).reason[0] is None  # near Greenwich degrees are small


def test_srids_that_are_not_known() -> None:
    assert at_wkt(f"SRID=0;POINT({E} {N})").reason[0] is None
    with pytest.raises(DataError, match="SRID 999999, which is not a CRS that PROJ knows. Name their CRS with crs"):
        at_wkt(f"SRID=999999;POINT({E} {N})")


@pytest.mark.parametrize(
    ("text", "precision"),
    [("TQ 38897 77321", "point"), ("TQ 3889 7732", "point"), ("TQ 388 773", "area"), ("TQ 38 77", "area")],
)
def test_a_square_of_100_m_is_an_area(text: str, precision: str) -> None:
    assert find({"grid_reference": (text,)}).precision.tolist() == [precision]


def test_degrees_near_the_meridian_may_have_an_exponent() -> None:
    longitude, latitude = read_pairs(pd.Series(["-9.5e-05, 51.48", "1E-3; 51.5"], dtype="category"))
    assert (longitude.tolist(), latitude.tolist()) == ([-9.5e-05, 0.001], [51.48, 51.5])


@pytest.mark.parametrize(
    "pairs",
    [
        [("538890", "177322"), (None, "177322"), ("538890", "177322.0"), ("538890.50", "177322"), (None, None)],
        [("0", "0.0"), ("0", "177322"), ("538890", "177322"), ("9999999", "177322"), ("9999999.0", "177322")],
        [("here", "177322"), ("538890", "177322"), ("+538890", "177322"), ("538,890", "177322"), ("-5", "7")],
        [("1" * 400, "177322"), ("538890", "1e400"), ("5.3889e5", "177322")],
        [("538.890", "177.322"), ("538890,25", "177322")],
        [(None, None), (None, None)],
    ],
)
@pytest.mark.parametrize("decimal", [None, ","])
def test_plain_text_is_located_as_any_other(
    pairs: list[tuple[str | None, str | None]], decimal: Literal[","] | None
) -> None:
    profile = SourceProfile(name="a", offence=("o",), start=("s",), easting="e", northing="n", decimal=decimal)
    listed = {name: column(*texts) for name, texts in zip("en", zip(*pairs, strict=True), strict=True)}
    plain = {
        name: pd.Series(pd.arrays.ArrowExtensionArray(pa.chunked_array([pa.array(texts, pa.string())])))
        for name, texts in zip("en", zip(*pairs, strict=True), strict=True)
    }
    one, other = (locate(columns, profile, stated_crs=None, crs=BRITISH_NATIONAL_GRID) for columns in (listed, plain))
    for name in ("easting", "northing", "stated", "in_degrees", "precision", "reason", "detail"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)

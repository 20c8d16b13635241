from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyproj
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotspots.geography.grid_references import format_grid_reference, parse_grid_references

# the map as Ordnance Survey draws it: north at the top, each square 100 km wide, the south-west corner of SV at 0, 0
MAP = """
-- -- -- -- HP -- --
-- -- -- HT HU -- --
-- HW HX HY HZ -- --
NA NB NC ND -- -- --
NF NG NH NJ NK -- --
NL NM NN NO -- -- --
-- NR NS NT NU -- --
-- NW NX NY NZ OV --
-- -- SC SD SE TA --
-- -- SH SJ SK TF TG
-- SM SN SO SP TL TM
-- SR SS ST SU TQ TR
SV SW SX SY SZ TV --
"""


def squares() -> dict[str, tuple[int, int]]:
    """The corner of each square that holds land, in units of 100 km."""
    return {
        square: (column, row)
        for row, line in enumerate(reversed(MAP.strip().splitlines()))
        for column, square in enumerate(line.split())
        if square != "--"
    }


def parse(*texts: object) -> list[list[float]]:
    return parse_grid_references(pd.Series(texts, dtype=object)).to_numpy().tolist()


@pytest.mark.parametrize(
    ("text", "south_west", "square_m"),
    [
        # Ordnance Survey's guide; Ben Nevis and the Tower of London; the documentation of Geo::Coordinates::OSGB
        ("TG 51409 13177", (651409, 313177), 1),
        ("NN 166 712", (216600, 771200), 100),
        ("TQ 336 805", (533600, 180500), 100),
        ("SU 387 147", (438700, 114700), 100),
    ],
)
def test_published_references(text: str, south_west: tuple[int, int], square_m: int) -> None:
    half = square_m / 2
    assert parse(text) == [[south_west[0] + half, south_west[1] + half, square_m]]


@pytest.mark.parametrize(("square", "corner"), squares().items())
def test_every_square_of_the_map_is_where_the_map_has_it(square: str, corner: tuple[int, int]) -> None:
    assert parse(f"{square}0000000000") == [[corner[0] * 1e5 + 0.5, corner[1] * 1e5 + 0.5, 1]]


@pytest.mark.parametrize("text", ["TQ3875", "TQ 38 75", " tq 3875 ", "t q 38  75", "TQ38,75", "Tq\t38 75\n"])
def test_case_and_spaces_do_not_matter(text: str) -> None:
    assert parse(text) == [[538_500, 175_500, 1000]]


@pytest.mark.parametrize("text", ["538629 175288", "538629,175288", "538629, 175288", " 538629   175288 "])
def test_two_numbers_in_metres_are_a_square_of_one_metre(text: str) -> None:
    assert parse(text) == [[538_629.5, 175_288.5, 1]]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "TQ",  # 100 km
        "TQ 3",
        "TQ 386 75",  # halves of different lengths
        "TQ 38 62 75 28",
        "TQ 386275281",
        "TQ 386275 281234",
        "ZZ 38 75",
        "TI 38 75",  # the grid has no I
        "HV 38 75",  # sea
        "JM 38 75",
        "SE13 5AA",
        "near TQ 38 75",
        "938629 175288",
        "538629175288",
        "02079 460123",  # a telephone number
        "\u0665\u0663 \u0661\u0667",  # digits of another script
        "TQ \u0665\u0663",
    ],
)
def test_what_is_no_reference_is_not_read(text: str) -> None:
    assert np.isnan(parse(text)).all()


def test_every_other_pair_of_letters_is_refused() -> None:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    pairs = [one + two for one in letters for two in letters]
    read = parse_grid_references(pd.Series([f"{pair} 12 34" for pair in pairs]))["easting"].notna()
    assert {pair for pair, known in zip(pairs, read, strict=True) if known} == set(squares())


def test_the_index_stays_and_missing_texts_stay_missing() -> None:
    texts = pd.Series(["TQ38", None, "TQ38", np.nan], index=[7, 7, 3, 1])
    for form in (texts, texts.astype("category")):
        table = parse_grid_references(form)
        assert table.index.tolist() == [7, 7, 3, 1]
        assert table["easting"].isna().tolist() == [False, True, False, True]
        assert table.dtypes.astype(str).tolist() == ["float64"] * 3


def test_no_texts_give_no_rows() -> None:
    table = parse_grid_references(pd.Series([], dtype=object))
    assert list(table.columns) == ["easting", "northing", "square_m"]
    assert len(table) == 0


@given(
    square=st.sampled_from(sorted(squares())),
    n_digits=st.integers(1, 5),
    data=st.data(),
    gaps=st.tuples(*[st.text(" \t", max_size=3)] * 4),
    lower=st.booleans(),
)
def test_any_reference_comes_back(
    square: str, n_digits: int, data: st.DataObject, gaps: tuple[str, ...], lower: bool
) -> None:
    east, north = data.draw(st.tuples(*[st.integers(0, 10**n_digits - 1)] * 2))
    text = f"{gaps[0]}{square}{gaps[1]}{east:0{n_digits}}{gaps[2]}{north:0{n_digits}}{gaps[3]}"
    ((easting, northing, square_m),) = parse(text.lower() if lower else text)
    column, row = squares()[square]
    assert square_m == 10 ** (5 - n_digits)
    assert ((easting - column * 1e5) // square_m, (northing - row * 1e5) // square_m) == (east, north)
    assert (easting % square_m, northing % square_m) == (square_m / 2, square_m / 2)


def test_both_forms_of_real_postcodes_agree(real_data: Path) -> None:
    places = pd.read_csv(real_data / "places" / "codepoint_open_2014_SE6_SE13.csv")
    easting, northing = places["easting"], places["northing"]
    letters = [f"TQ {e - 500_000:05} {n - 100_000:05}" for e, n in zip(easting, northing, strict=True)]
    metres = [f"{e} {n}" for e, n in zip(easting, northing, strict=True)]
    one, other = (parse_grid_references(pd.Series(texts)) for texts in (letters, metres))
    pd.testing.assert_frame_equal(one, other)
    assert one["easting"].sub(0.5).eq(easting).all()


GRID = pyproj.CRS("EPSG:27700")


@pytest.mark.parametrize(
    ("easting", "northing", "text"),
    [
        # the corner of each square as Ordnance Survey names it, and the same square's last metre
        *((216600, 771200, "NN 166 712"), (216699.9, 771299.9, "NN 166 712")),
        *((533600, 180500, "TQ 336 805"), (438799, 114799, "SU 387 147"), (500001, 100099, "TQ 000 000")),
        *((1e6, 180500, None), (-1, 180500, None), (float("nan"), 180500, None)),
    ],
)
def test_a_point_is_told_by_its_square_of_100_m(easting: float, northing: float, text: str | None) -> None:
    assert format_grid_reference(easting, northing, crs=GRID) == text


@given(st.sampled_from(list(squares().values())), st.floats(0, 99999.9), st.floats(0, 99999.9))
def test_a_reference_is_read_as_the_square_it_was_made_of(corner: tuple[int, int], east: float, north: float) -> None:
    easting, northing = corner[0] * 1e5 + east, corner[1] * 1e5 + north
    [[middle_east, middle_north, side]] = parse(format_grid_reference(easting, northing, crs=GRID))
    assert side == 100
    assert abs(easting - middle_east) <= 50
    assert abs(northing - middle_north) <= 50


def test_there_are_references_on_the_national_grid_only() -> None:
    assert format_grid_reference(491059, 5459122, crs=pyproj.CRS("EPSG:32610")) is None

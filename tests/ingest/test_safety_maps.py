from __future__ import annotations

import zipfile
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from hotspots.contracts import SAFETY_MARK_COLUMNS
from hotspots.errors import DataError
from hotspots.ingest.reference.safety_maps import NEITHER, NO_FEELING, UNREAD_FEELING, SafetyMaps, read_safety_maps


def read(tmp_path: Path, text: str, name: str = "marks.csv") -> SafetyMaps:
    path = tmp_path / name
    path.write_text(text, "utf-8")
    return read_safety_maps([path])


def read_feelings(tmp_path: Path, column: str, *texts: str) -> list[bool | str]:
    """What each text is read as: True for safe, False for unsafe, else why it is lost."""
    read_as: list[bool | str] = []
    for text in texts:
        # the numbers of a scale are read together: 1 to 5 beside them, unless it is a file of texts
        beside = "".join(f"{number},536900,177900\n" for number in (1, 5)) if text.isdigit() else ""
        found = read(tmp_path, f'{column},easting,northing\n"{text}",536900,177900\n{beside}536900,177900\n')
        lost = [reason for reason in found.lost if reason in (NEITHER, UNREAD_FEELING, NO_FEELING)]
        read_as.append(lost[0] if lost else bool(found.marks["is_safe"].iloc[0]))
    return read_as


def test_marks_are_read_and_nobody_with_them(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "Name,Age,Feeling,Why,Time of day,School,Longitude,Latitude\n"
        "Ada Penhaligon,13,Unsafe,a man followed me,After school,Hill School,-0.034481,51.488184\n"
        "Ben Marigold,14,Safe,my aunt lives here,16:30,Hill School,-0.034481,51.488184\n",
    )
    assert list(found.marks.columns) == list(SAFETY_MARK_COLUMNS)
    assert found.marks["is_safe"].tolist() == [False, True]
    assert found.marks["day_part"].tolist() == ["after school", "after school"]
    assert found.marks["school"].isna().all()  # two marks are too few to name it
    assert round(found.marks.geometry.x.iloc[0]) == 536560
    everything = found.marks.to_csv() + repr(found)
    assert not any(word in everything for word in ("Penhaligon", "Marigold", "aunt", "followed", "13", "Hill"))


def test_a_school_is_named_from_ten_marks_on(tmp_path: Path) -> None:
    row = "safe,{},536900,177900\n"
    text = "feeling,school,easting,northing\n" + row.format("Hill School") * 9 + row.format("Dale School") * 9
    found = read(tmp_path, text + row.format("hill  school"))
    assert found.marks["school"].value_counts().to_dict() == {"Hill School": 10}
    assert found.n_without_school == 9


def test_words_for_how_a_place_feels(tmp_path: Path) -> None:
    assert (
        read_feelings(
            tmp_path, "feeling", "safe", "Very safe", "I feel safe here", "green", "\N{GRINNING FACE}", "thumbs up"
        )
        == [True] * 6
    )
    assert (
        read_feelings(
            tmp_path,
            "feeling",
            *(
                "unsafe",
                "Un-safe",
                "not safe",
                "not very safe",
                "I don't feel safe",
                "I don\N{RIGHT SINGLE QUOTATION MARK}t feel safe here",
            ),
            *("never safe", "RED", "scared", "\N{CRYING FACE}", "\N{THUMBS DOWN SIGN}", "dangerous"),
        )
        == [False] * 10 + [False] * 2
    )
    assert (
        read_feelings(
            tmp_path,
            "feeling",
            "ok",
            "amber",
            "neither safe nor unsafe",
            "safe by day, unsafe at night",
            "not sure if safe",
        )
        == [NEITHER] * 5
    )
    assert read_feelings(tmp_path, "feeling", "banana", "yes", "safe " * 30) == [UNREAD_FEELING] * 3


def test_yes_and_no_are_what_the_column_asks(tmp_path: Path) -> None:
    assert read_feelings(tmp_path, "Do you feel safe here?", "yes", "No", "TRUE", "disagree") == [
        True,
        False,
        True,
        False,
    ]
    assert read_feelings(tmp_path, "unsafe", "yes", "no") == [False, True]
    assert read_feelings(tmp_path, "Do you feel unsafe here?", "yes", "no") == [False, True]


def test_numbers_are_of_a_scale_whose_higher_half_is_safe(tmp_path: Path) -> None:
    assert read_feelings(tmp_path, "rating", "1", "2", "3", "4", "5") == [False, False, NEITHER, True, True]
    assert read_feelings(tmp_path, "How unsafe do you feel?", "1", "5") == [True, False]
    ten = read(tmp_path, "score,easting,northing\n" + "".join(f"{n},536900,177900\n" for n in range(1, 11)))
    assert ten.marks["is_safe"].tolist() == [False] * 5 + [True] * 5
    stated = read(tmp_path, "score,easting,northing\n2/3,536900,177900\n3 out of 3,536900,177900\n")
    assert stated.marks["is_safe"].tolist() == [True]
    coded = read(tmp_path, "unsafe,easting,northing\n1,536900,177900\n0,536900,177900\n")
    assert coded.marks["is_safe"].tolist() == [False, True]


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("before school", "before school"),
        ("Morning", "before school"),
        ("lunchtime", "daytime"),
        ("After-school", "after school"),
        ("in the evening", "evening"),
        ("At night", "night"),
        ("15:30", "after school"),
        ("3.30pm", "after school"),
        ("8 am", "before school"),
        ("12:05 am", "night"),
        ("17:59", "after school"),
        ("18:00", "evening"),
        ("23:30", "night"),
        ("05:59", "night"),
        ("whenever", None),
        ("2026", None),
    ],
)
def test_parts_of_the_day(tmp_path: Path, text: str, part: str | None) -> None:
    found = read(tmp_path, f"feeling,time,easting,northing\nsafe,{text},536900,177900\n")
    assert found.marks["day_part"].tolist() == [part]
    assert found.n_without_part == (part is None)


def test_areas_and_lines_keep_their_shape(tmp_path: Path) -> None:
    shapes = [shapely.box(536000, 177000, 536200, 177100), shapely.LineString([(536000, 177000), (536300, 177000)])]
    frame = gpd.GeoDataFrame({"feeling": ["unsafe", "safe"]}, geometry=shapes, crs=27700)
    frame.iloc[:1].to_file(tmp_path / "areas.gpkg")
    frame.iloc[1:].to_crs(4326).to_file(tmp_path / "routes.geojson")
    found = read_safety_maps([tmp_path / "areas.gpkg", tmp_path / "routes.geojson"]).marks
    assert shapely.area(found.geometry.iloc[0]) == pytest.approx(20_000)
    assert shapely.length(found.geometry.iloc[1]) == pytest.approx(300, rel=1e-3)


def test_a_file_may_say_it_for_all_its_marks(tmp_path: Path) -> None:
    found = read(tmp_path, "label,easting,northing\na,536900,177900\n", "unsafe places.csv")
    assert found.marks["is_safe"].tolist() == [False]


def test_rows_are_counted_by_why_they_are_lost(tmp_path: Path) -> None:
    (tmp_path / "marks.csv").write_text(
        "feeling,easting,northing\nsafe,536900,177900\n,536900,177900\nbanana,536900,177900\nok,536900,177900\n"
        "safe,,\nsafe,538000,177900\nsafe\n",
        "utf-8",
    )
    found = read_safety_maps([tmp_path], area=shapely.box(536000, 177000, 537000, 178000))
    assert len(found.marks) == 1
    assert found.lost == {
        NO_FEELING: 1,
        UNREAD_FEELING: 1,
        NEITHER: 1,
        "no location": 1,
        "far from the study area": 1,
        "other fields than the header": 1,
    }
    assert found.inputs[0].n_rows == len(found.marks) + sum(found.lost.values())


def test_what_is_no_safety_map_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"need a column that says whether it feels safe.*Its columns are kind, easting"
    ):
        read(tmp_path, "kind,easting,northing\nshop,536900,177900\n")


def test_files_that_are_not_real_are_marked_and_may_be_left_out(tmp_path: Path) -> None:
    found = read(tmp_path, "feeling,easting,northing,data_status\nsafe,536900,177900,synthetic\n")
    assert [file.data_status for file in found.inputs] == ["synthetic"]
    nothing = read_safety_maps([tmp_path], only_real=True)
    assert (len(nothing.marks), nothing.inputs, nothing.lost) == (0, (), {})


def test_marks_come_in_any_wrapping(tmp_path: Path) -> None:
    """A workbook, a zipped CSV and a list of JSON objects give points; a zipped shapefile keeps its outline."""
    table = pd.DataFrame({"Feeling": ["unsafe"], "Easting": [536900], "Northing": [177900]})
    table.to_excel(tmp_path / "marks.xlsx", index=False)
    with zipfile.ZipFile(tmp_path / "marks.zip", "w") as archive:
        archive.writestr("marks.csv", table.to_csv(index=False))
    (tmp_path / "marks.json").write_text('[{"feeling": "unsafe", "easting": 536900, "northing": 177900}]', "utf-8")
    for name in ("marks.xlsx", "marks.zip", "marks.json"):
        marks = read_safety_maps([tmp_path / name]).marks
        assert (marks["is_safe"].tolist(), marks.geometry.iloc[0].wkt) == ([False], "POINT (536900 177900)")
    outline = shapely.box(536900, 177900, 536950, 177950)
    gpd.GeoDataFrame({"feeling": ["unsafe"]}, geometry=[outline], crs=27700).to_file(tmp_path / "area.shp")
    with zipfile.ZipFile(tmp_path / "area.zip", "w") as archive:
        for part in tmp_path.glob("area.*"):
            if part.suffix != ".zip":
                archive.write(part, part.name)
    assert read_safety_maps([tmp_path / "area.zip"]).marks.geometry.iloc[0].equals(outline)

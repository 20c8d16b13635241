from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from hotspots.errors import DataError, ParameterError
from hotspots.ingest.reference import PatrolRecords, find_instants, find_local, read_patrol_records
from hotspots.ingest.reference.patrol_plans import read_patrol_plans
from hotspots.ingest.reference.ping_times import choose_readings
from hotspots.ingest.reference.places_to_visit import read_listed_places

AVL = "UnitID,Timestamp,Lat,Long,Speed,Heading"
RADIO = "Callsign;Fix Time;Easting;Northing"
GPX = '<?xml version="1.0"?>\n<gpx version="1.1" creator="t" xmlns="http://www.topografix.com/GPX/1/1">{}</gpx>'


def read(tmp_path: Path, *texts: str, name: str = "records.csv", **options: object) -> PatrolRecords:
    paths = []
    for index, text in enumerate(texts):
        path = tmp_path / f"{index}{name}"
        path.write_text(text, "utf-8")
        paths.append(path)
    return read_patrol_records(paths, **options)  # type: ignore[arg-type]


def lines(*rows: str) -> str:
    return "\n".join(rows) + "\n"


def say_times(records: PatrolRecords) -> list[tuple[str, str]]:
    """The local time of each ping, and that in UTC."""
    return [
        (f"{local:%d %H:%M:%S}", f"{utc:%d %H:%M:%S}")
        for local, utc in zip(records.pings["at"], records.pings["instant"], strict=True)
    ]


def test_times_in_utc_are_exact_over_the_hour_that_comes_twice(tmp_path: Path) -> None:
    times = ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-10-25T03:00:00+01:00"]
    records = read(tmp_path, lines(AVL, *(f"LW21,{time},51.45,-0.02,3,180" for time in times)))
    assert say_times(records) == [
        ("25 01:30:00", "25 00:30:00"),
        ("25 01:30:00", "25 01:30:00"),
        ("25 02:00:00", "25 02:00:00"),
    ]
    assert (records.n_open_hours, records.refused, records.n_patrols) == (0, {}, 1)
    assert records.inputs[0].table == "patrol records"


@pytest.mark.parametrize("is_backwards", [False, True])
def test_local_times_step_back_where_the_clock_is_put_back(is_backwards: bool, tmp_path: Path) -> None:
    shown = ["00:58", "01:30", "01:59", "01:00", "01:30", "02:00"]
    rows = [f"PC1234;25/10/2026 {time}:00;538000;175000" for time in shown]
    records = read(tmp_path, lines(RADIO, *(rows[::-1] if is_backwards else rows)))
    assert [utc for _, utc in say_times(records)] == [
        *("24 23:58:00", "25 00:30:00", "25 00:59:00"),
        *("25 01:00:00", "25 01:30:00", "25 02:00:00"),
    ]
    assert records.n_open_hours == 0


def test_each_device_has_its_own_step_back(tmp_path: Path) -> None:
    rows = [
        *("A;25/10/2026 01:10:00;538000;175000", "B;25/10/2026 01:50:00;538000;175000"),
        *("A;25/10/2026 01:50:00;538000;175000", "B;25/10/2026 01:10:00;538000;175000"),
    ]
    records = read(tmp_path, lines(RADIO, *rows))
    assert [utc for _, utc in say_times(records)] == ["25 00:10:00", "25 00:50:00", "25 00:50:00", "25 01:10:00"]
    assert records.n_open_hours == 2  # of A nothing tells


def test_a_time_that_the_clock_skipped_is_refused(tmp_path: Path) -> None:
    rows = ["A;29/03/2026 00:59:00;538000;175000", "A;29/03/2026 01:30:00;538000;175000"]
    records = read(tmp_path, lines(RADIO, *rows))
    assert records.refused == {"time that the clock skipped": 1}


@pytest.mark.parametrize("name", ["Fix Time (UTC)", "GPS Time GMT", "utc_timestamp"])
def test_a_column_that_says_utc_is_read_so(name: str, tmp_path: Path) -> None:
    records = read(tmp_path, lines(f"Device,{name},Lat,Lon", "a,2026-07-01 12:00:00,51.45,-0.02"))
    assert say_times(records) == [("01 13:00:00", "01 12:00:00")]


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("Date,Time,Device,Latitude,Longitude", "25/07/2026,13:30,a,51.45,-0.02"),
        ("Date,Time,Device,Latitude,Longitude", "25/07/2026 00:00:00,13:30:00,a,51.45,-0.02"),
        ("device,when,lat,lon", "a,25 Jul 2026 1:30 pm,51.45,-0.02"),
        ("vehicle,recorded at,lat,lon", "a,2026-07-25T13:30:00.250,51.45,-0.02"),
        ("unit,timestamp,easting,northing", "a,25/07/2026 13:30,537680.3,174194.0"),
        ("unit,timestamp,lat,lon", "a,1784982600,51.45,-0.02"),  # seconds since 1970
        ("unit,timestamp,lat,lon", "a,1784982600000,51.45,-0.02"),  # milliseconds
    ],
)
def test_times_stand_in_one_column_or_two(header: str, row: str, tmp_path: Path) -> None:
    records = read(tmp_path, lines(header, row))
    assert say_times(records) == [("25 13:30:00", "25 12:30:00")]
    assert records.pings[["easting", "northing"]].to_numpy()[0] == pytest.approx([537680, 174194], abs=2)


def test_dates_that_prove_neither_order_are_said(tmp_path: Path) -> None:
    row = "A;07/08/2026 12:00:00;538000;175000"
    assert "read day-first" in read(tmp_path, lines(RADIO, row)).doubts[0]
    certain = read(tmp_path, lines(RADIO, row, "A;31/08/2026 12:00:00;538000;175000"))
    assert certain.doubts == ()


def test_rows_that_cannot_be_used_are_counted_by_reason(tmp_path: Path) -> None:
    rows = [
        "A;01/07/2026 12:00:00;538000;175000",
        "A;01/07/2026 12:00:00;538000;175000",  # again
        "A;01/07/2026 12:01:00;0;0",
        "A;;538000;175000",
        "A;soon;538000;175000",
        "A;01/07/2026;538000;175000",
        "A;01/07/1926 12:00:00;538000;175000",
        "A;01/07/2026 12:02:00;548000;175000",  # ten kilometres in a minute, and back
        "A;01/07/2026 12:03:00;538000;175000",
        "A;01/07/2026 12:04:00;538000;175000;",
        "A;01/07/2026 12:05:00;2900000;1750000",
    ]
    records = read(tmp_path, lines(RADIO, *rows))
    assert len(records.pings) == 2
    assert records.n_malformed == 1
    assert records.refused == {
        "a jump at over 200 km/h": 1,
        "date without a time of day": 1,
        "location at 0, 0": 1,
        "location outside Great Britain": 1,
        "repeated": 1,
        "time of another century": 1,
        "time that cannot be read": 1,
        "without a time": 1,
    }


def test_a_patrol_that_drove_on_has_not_jumped(tmp_path: Path) -> None:
    # 10 km in 10 minutes are 60 km/h; and whoever jumps and stays is not known to be wrong
    rows = ["A;01/07/2026 12:00:00;538000;175000", "A;01/07/2026 12:10:00;548000;175000"]
    rows += ["A;01/07/2026 12:11:00;558000;175000", "A;01/07/2026 12:12:00;558000;175000"]
    assert len(read(tmp_path, lines(RADIO, *rows)).pings) == 4


def test_pings_outside_the_area_are_counted_and_kept(tmp_path: Path) -> None:
    rows = ["A;01/07/2026 12:00:00;538000;175000", "A;01/07/2026 12:10:00;541000;175000"]
    records = read(tmp_path, lines(RADIO, *rows), area=shapely.box(537_000, 174_000, 539_000, 176_000))
    assert (len(records.pings), records.n_outside) == (2, 1)


def test_devices_become_numbers_by_their_first_ping(tmp_path: Path) -> None:
    rows = ["PC Late;01/07/2026 12:05:00;538000;175000", "PC Early;01/07/2026 12:00:00;538000;175000"]
    rows += [" pc late ;01/07/2026 12:06:00;538000;175000", ";01/07/2026 12:07:00;538000;175000"]
    records = read(tmp_path, lines(RADIO, *rows))
    assert records.pings["patrol"].tolist() == [1, 2, 2, 3]
    assert "late" not in repr(records).casefold()


def test_a_column_that_numbers_rows_is_of_no_devices(tmp_path: Path) -> None:
    rows = [f"{100 + row},2026-07-01 12:{row:02d},51.45,-0.02" for row in range(12)]
    assert read(tmp_path, lines("id,timestamp,lat,lon", *rows)).n_patrols == 1


STEPS = st.lists(st.tuples(st.sampled_from("ABC"), st.integers(0, 180), st.integers(0, 4)), min_size=2, max_size=25)


@given(STEPS, st.data())
def test_a_file_cut_in_two_gives_the_same(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int, int]], data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("cut")
    clock = pd.Timestamp("2026-10-24T23:00:00")  # UTC, an hour and more before the clock is put back
    rows = []
    for device, minutes, aside in steps:
        clock += pd.Timedelta(minutes=minutes)
        local = clock.tz_localize("UTC").tz_convert("Europe/London")
        rows.append(f"{device};{local:%d/%m/%Y %H:%M:%S};{538_000 + 100 * aside};175000")
    at = data.draw(st.integers(1, len(rows) - 1))
    whole = read(folder, lines(RADIO, *rows))
    parts = (
        read(folder, lines(RADIO, *rows[:at]), lines(RADIO, *rows[at:]), name="part.csv")
        if rows[:at] != rows[at:]
        else whole
    )
    pd.testing.assert_frame_equal(whole.pings, parts.pings)


@given(st.lists(st.integers(0, 7200), min_size=1, max_size=30, unique=True))
def test_a_device_that_pings_in_both_hours_is_read_as_it_was(offsets: list[int]) -> None:
    true = np.datetime64("2026-10-25T00:00:00", "s") + np.sort(offsets).astype("timedelta64[s]")
    local = find_local(true, "Europe/London")
    first, second, skipped = find_instants(local, "Europe/London")
    assert not skipped.any()
    chosen, n_open = choose_readings(first, second)
    shown = local.astype(np.int64)
    # a step back of over a quarter of an hour gives it away
    if (np.diff(shown) < -900).any():
        assert (chosen == true).all()
        assert n_open == 0
    else:
        assert n_open == (~np.isnat(second)).sum()


def track(*points: tuple[str, float]) -> str:
    inner = "".join(f'<trkpt lat="{lat}" lon="-0.02"><time>{time}</time></trkpt>' for time, lat in points)
    return f"<trk><name>PC 1234 Smith</name><trkseg>{inner}</trkseg></trk>"


def test_tracks_of_gpx_keep_their_times_and_not_their_names(tmp_path: Path) -> None:
    one = track(("2026-10-25T00:30:00Z", 51.45), ("2026-10-25T01:30:00.500Z", 51.4501))
    other = track(("2026-10-26T12:00:00+00:00", 51.45))
    records = read(tmp_path, GPX.format(one + other), name="t.gpx")
    assert say_times(records) == [
        ("25 01:30:00", "25 00:30:00"),
        ("25 01:30:00", "25 01:30:00"),
        ("26 12:00:00", "26 12:00:00"),
    ]
    assert records.n_patrols == 1  # day after day
    assert "Smith" not in repr(records)
    together = GPX.format(one + track(("2026-10-25T01:00:00Z", 51.45)))
    assert read(tmp_path, together, name="u.gpx").n_patrols == 2


@pytest.mark.parametrize(
    "content",
    [
        "no XML",
        "<kml></kml>",
        '<!DOCTYPE gpx [<!ENTITY a "b">]><gpx></gpx>',
        "<gpx><trk>",
    ],
)
def test_what_is_not_gpx_is_not_read_as_it(content: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is not GPX"):
        read(tmp_path, content, name="t.gpx")


def test_pings_come_from_workbooks_and_layers_too(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "device": ["a", "a"],
            "timestamp": pd.to_datetime(["2026-07-01 12:00", "2026-07-01 12:01"]),
            "latitude": [51.45, 51.4501],
            "longitude": [-0.02, -0.02],
        }
    )
    frame.to_excel(tmp_path / "pings.xlsx", index=False)
    frame.to_parquet(tmp_path / "pings.parquet")
    points = gpd.GeoDataFrame(
        frame[["device"]].assign(timestamp=["2026-07-01T12:00:00", "2026-07-01T12:01:00"]),
        geometry=gpd.points_from_xy(frame["longitude"], frame["latitude"]),
        crs=4326,
    )
    points.to_file(tmp_path / "pings.geojson")
    points.to_file(tmp_path / "pings.gpkg")
    expected = read_patrol_records([tmp_path / "pings.xlsx"]).pings
    assert say_times(read_patrol_records([tmp_path / "pings.xlsx"]))[0] == ("01 12:00:00", "01 11:00:00")
    for name in ("pings.parquet", "pings.geojson", "pings.gpkg"):
        pd.testing.assert_frame_equal(read_patrol_records([tmp_path / name]).pings, expected)


def test_layers_with_two_offsets_are_read_to_the_instant(tmp_path: Path) -> None:
    features = [
        {
            "type": "Feature",
            "properties": {"device": "a", "time": time},
            "geometry": {"type": "Point", "coordinates": [-0.02, 51.45]},
        }
        for time in ("2026-10-25T01:30:00+01:00", "2026-10-25T01:30:00Z")
    ]
    (tmp_path / "pings.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    records = read_patrol_records([tmp_path / "pings.geojson"])
    assert [utc for _, utc in say_times(records)] == ["25 00:30:00", "25 01:30:00"]


def test_visits_have_an_end_or_a_duration(tmp_path: Path) -> None:
    rows = [
        *("x,Rye Lane,2026-07-24 10:00,00:15", "x,Rye Lane,2026-07-24 12:00,20 min"),
        *("x,Rye Lane,2026-07-24 13:00,15", "x,Rye Lane,2026-07-24 14:00,1 h 5 min", "x,Rye Lane,2026-07-24 15:00,"),
        "x,,2026-07-24 15:00,5",
    ]
    records = read(tmp_path, lines("warden,hotspot,start,duration", *rows))
    lengths = records.visits["ended_instant"] - records.visits["started_instant"]
    assert (lengths.dt.total_seconds() / 60).tolist() == [15, 20, 15, 65]
    assert records.refused == {"visit without a place": 1, "visit without an end or a duration": 1}
    assert records.visits["place"].unique().tolist() == ["Rye Lane"]


def test_visits_of_a_table_read_in_parts_have_one_order_of_day_and_month(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its later dates show that the month comes first; those at its beginning alone would be taken for 5 February."""
    monkeypatch.setattr("hotspots.ingest.formats.delimited_text.BLOCK_BYTES", 300)
    days = ["05/02", "07/09", "06/03"] * 20 + [f"{month:02d}/{day}" for month in (5, 6, 7) for day in range(13, 31)]
    rows = [f"x,Rye Lane,{day}/2026 {8 + number % 9:02d}:07,15" for number, day in enumerate(days)]
    records = read(tmp_path, lines("warden,hotspot,start,duration", *rows))
    assert len(records.visits) == len(rows)
    assert sorted(records.visits["started_at"].dt.month.unique()) == [5, 6, 7]


@pytest.mark.parametrize("duration", ["9" * 30, "9" * 60, "99999999999999", "-5", "nan", "1e300", "15 15", "<b>"])
def test_a_duration_that_nobody_stays_is_none(tmp_path: Path, duration: str) -> None:
    rows = (f"x,Rye Lane,2026-07-24 10:00,{duration}", "x,Rye Lane,2026-07-24 12:00,20")
    records = read(tmp_path, lines("warden,hotspot,start,duration", *rows))
    assert records.refused == {"visit without an end or a duration": 1}


def test_visits_past_midnight_and_over_the_hour_that_comes_twice(tmp_path: Path) -> None:
    rows = [
        "PC Smith,3,24/10/2026,23:50,00:10,spoke to Jane",
        "PC Smith,1,25/10/2026,01:50,01:10,",
    ]
    records = read(tmp_path, lines("Officer,Place,Date,Time in,Time out,Notes", *rows))
    lengths = records.visits["ended_instant"] - records.visits["started_instant"]
    assert (lengths.dt.total_seconds() / 60).tolist() == [20, 20]
    assert records.n_open_hours == 1
    assert "Smith" not in repr(records)
    assert "Jane" not in repr(records)
    backwards = read(
        tmp_path, lines("place,start,end", "1,2026-07-01 12:00,2026-07-01 11:00", "1,2026-07-01 12:00,2026-07-01 12:09")
    )
    assert backwards.refused == {"visit that ends before it begins": 1}


def test_what_is_no_record_of_patrols_is_refused(tmp_path: Path) -> None:
    ping = lines(RADIO, "A;01/07/2026 12:00:00;538000;175000")
    with pytest.raises(DataError, match="Patrol records need a time and a position"):
        read(tmp_path, lines("device,colour", "a,blue"))
    with pytest.raises(DataError, match="looks like a table of incidents"):
        read(tmp_path, lines("Offence,Ward", "Robbery,A"))
    with pytest.raises(DataError, match="looks like a table of incidents"):
        read(tmp_path, lines("Offence,Date,Time,Easting,Northing", "Robbery,25/12/2025,12:00,538000,175000"))
    with pytest.raises(DataError, match="must be pings or visits"):
        read(tmp_path, ping, lines("place,start,end", "1,2026-07-01 12:00,2026-07-01 12:15"))
    with pytest.raises(DataError, match="must be given once"):
        read(tmp_path, ping, ping)
    with pytest.raises(DataError, match=r"none of 1 has both \(location at 0, 0: 1\)"):
        read(tmp_path, lines(RADIO, "A;01/07/2026 12:00:00;0;0"))
    with pytest.raises(ParameterError, match="No time zone called"):
        read(tmp_path, ping, time_zone="Europe/Peckham")


def test_records_that_say_they_are_synthetic_can_be_left_out(tmp_path: Path) -> None:
    made_up = lines(f"{RADIO};data_status", "A;01/07/2026 12:00:00;538000;175000;synthetic")
    assert read(tmp_path, made_up).inputs[0].data_status == "synthetic"
    nothing = read(tmp_path, made_up, only_real=True)
    assert (len(nothing.pings), nothing.inputs, nothing.n_patrols) == (0, (), 0)


def test_a_plan_is_of_visits(tmp_path: Path) -> None:
    (tmp_path / "plan.csv").write_text(
        lines(
            "patrol,stop,arrive_at,leave_at,rank,place,easting,northing,grid_reference,wards,data_status",
            "1,1,2026-10-01T14:00:00+01:00,2026-10-01T14:15:00+01:00,2,Rye Lane,534000,176000,TQ 340 760,The Lane,"
            '"synthetic incidents and streets, and schematic boundaries"',
        ),
        "utf-8-sig",
    )
    plan = read_patrol_plans([tmp_path / "plan.csv"])
    assert plan.visits["started_instant"].tolist() == [pd.Timestamp("2026-10-01T13:00")]
    assert plan.visits["place"].tolist() == ["Rye Lane"]
    (tmp_path / "of_crimes.csv").write_text(
        "place,arrive_at,leave_at,crime\nRye Lane,2026-10-01 14:00,2026-10-01 14:15,robbery\n", "utf-8"
    )
    assert len(read_patrol_plans([tmp_path / "of_crimes.csv"]).visits) == 1
    with pytest.raises(DataError, match=r"of_crimes\.csv says where they are to go"):
        read_patrol_records([tmp_path / "of_crimes.csv"])
    (tmp_path / "places.csv").write_text("name,easting,northing\nRye Lane,534000,176000\n", "utf-8")
    with pytest.raises(
        DataError, match=r"A plan needs a beginning, an end and a place .*places\.csv does not have them"
    ):
        read_patrol_plans([tmp_path / "places.csv"])
    assert (plan.inputs[0].table, plan.inputs[0].data_status) == ("patrol plan", "schematic, synthetic")
    (tmp_path / "pings.csv").write_text(lines(RADIO, "A;01/07/2026 12:00:00;538000;175000"))
    with pytest.raises(DataError, match="has one time in a row"):
        read_patrol_plans([tmp_path / "pings.csv"])


def test_places_are_listed_by_points_or_outlines(tmp_path: Path) -> None:
    (tmp_path / "places.csv").write_text(
        lines("rank,place,easting,northing", "1,Rye Lane,534000,176000", "2,,534500,176000")
    )
    listed = read_listed_places([tmp_path / "places.csv"])
    assert listed.numbers == ("1", "2")
    assert listed.names == ("Rye Lane", None)
    assert shapely.area(listed.outlines[0]) == pytest.approx(np.pi * 75**2, rel=0.01)
    shapes = gpd.GeoDataFrame({"name": ["A"]}, geometry=[shapely.box(534_000, 176_000, 534_100, 176_100)], crs=27700)
    shapes.to_file(tmp_path / "run.gpkg", layer="places_to_patrol")
    shapes.assign(geometry=shapes.buffer(500)).to_file(tmp_path / "run.gpkg", layer="wards")
    found = read_listed_places([tmp_path / "run.gpkg"])
    assert (len(found.outlines), found.names, found.numbers) == (1, ("A",), ("1",))
    assert found.outlines[0].area == pytest.approx(10_000)
    (tmp_path / "none.csv").write_text(lines("rank,place", "1,Rye Lane"))
    with pytest.raises(DataError, match="Places to patrol need a position in each row"):
        read_listed_places([tmp_path / "none.csv"])


def test_a_listed_place_that_lies_nowhere_is_left_out(tmp_path: Path) -> None:
    nowhere = [shapely.Point(1e300, 1e300), shapely.Point(0.1, 151.0), shapely.box(-180, -90, 180, 90)]
    frame = gpd.GeoDataFrame(
        {"name": [*"abc", "Rye Lane"]}, geometry=[*nowhere, shapely.Point(-0.07, 51.47)], crs="EPSG:4326"
    )
    frame.to_file(tmp_path / "places.geojson")
    frame[3:].to_file(tmp_path / "places.shp.zip", driver="ESRI Shapefile")
    assert read_listed_places([tmp_path / "places.shp.zip"]).names == ("Rye Lane",)
    assert read_listed_places([tmp_path / "places.geojson"]).names == ("Rye Lane",)

    frame[:3].to_file(tmp_path / "nowhere.geojson")
    with pytest.raises(DataError, match=r"nowhere\.geojson holds none in the area of the working CRS"):
        read_listed_places([tmp_path / "nowhere.geojson"])


PLAN = "place,arrive_at,leave_at\n1,2026-10-01 14:00,2026-10-01 14:15\n"


def test_a_plan_beside_the_records_is_left_out_of_them_and_said(tmp_path: Path) -> None:
    (tmp_path / "pings.csv").write_text(lines(RADIO, "A;01/10/2026 14:05:00;538000;175000"), "utf-8")
    (tmp_path / "plan.csv").write_text(PLAN, "utf-8")
    route = '<rte><rtept lat="51.45" lon="-0.02"><time>2026-10-01T13:00:00Z</time></rtept></rte>'
    (tmp_path / "patrol_1.gpx").write_text(GPX.format(route), "utf-8")
    records = read_patrol_records([tmp_path])
    assert (len(records.pings), len(records.visits), len(records.inputs)) == (1, 0, 1)
    told = [name for doubt in records.doubts if "left out of the records" in doubt for name in doubt.split()[:1]]
    assert told == [f"{tmp_path.name}/patrol_1.gpx", f"{tmp_path.name}/plan.csv"]
    # the same folder as a plan: the pings are left out of it
    plan = read_patrol_plans([tmp_path])
    assert (len(plan.pings), plan.visits["place"].tolist(), len(plan.inputs)) == (0, ["1"], 1)
    assert sum("left out of the plan" in doubt for doubt in plan.doubts) == 2


def test_records_of_visits_beside_a_plan_of_visits_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "diary.csv").write_text("place,arrived_at,left_at\n2,2026-10-01 14:00,2026-10-01 14:15\n", "utf-8")
    (tmp_path / "plan.csv").write_text(PLAN, "utf-8")
    assert read_patrol_records([tmp_path]).visits["place"].tolist() == ["2"]
    assert read_patrol_plans([tmp_path]).visits["place"].tolist() == ["1"]
    # visits that do not call themselves planned are the plan where nothing else is
    assert read_patrol_plans([tmp_path / "diary.csv"]).visits["place"].tolist() == ["2"]
    with pytest.raises(DataError, match=r"plan\.csv says where they are to go.*arrived_at and left_at"):
        read_patrol_records([tmp_path / "plan.csv"])


def test_of_the_folder_of_a_run_only_the_list_of_its_places_is_read(tmp_path: Path) -> None:
    (tmp_path / "places_to_patrol.csv").write_text("rank,place,easting,northing\n1,Rye Lane,534000,176000\n", "utf-8")
    (tmp_path / "hot_streets.csv").write_text("name,easting,northing\nHigh Street,531000,176000\n", "utf-8")
    listed = read_listed_places([tmp_path])
    assert (listed.names, len(listed.inputs)) == (("Rye Lane",), 1)


def test_headers_without_a_row_are_said(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="Patrol records need at least one row; 0records.csv has none"):
        read(tmp_path, lines(AVL))
    plan = tmp_path / "plan.csv"
    plan.write_text(lines("patrol,stop,place,arrive_at,leave_at,easting,northing"), "utf-8")
    with pytest.raises(DataError, match=r"A patrol plan needs at least one row; plan.csv has none below its header"):
        read_patrol_plans([plan])


def test_a_plan_that_cannot_be_read_is_called_a_plan(tmp_path: Path) -> None:
    plan = tmp_path / "plan.csv"
    header = "patrol,stop,place,arrive_at,leave_at,easting,northing"
    plan.write_text(lines(header, "1,1,A,soon,later,530500,180500"), "utf-8")
    with pytest.raises(DataError, match="A patrol plan needs a time and a place in each row; none of 1 has both"):
        read_patrol_plans([plan])

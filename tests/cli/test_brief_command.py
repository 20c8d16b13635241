"""`hotspots brief`, from files to pages."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import docx
import geopandas as gpd
import pytest
import shapely
from support import call, count_pages, read_pdf


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three wards: forty robberies in the first, one in the second, none in the third; havens beside them."""
    monkeypatch.chdir(tmp_path)
    for name in ("boundaries", "incidents", "havens"):
        (tmp_path / "data" / name).mkdir(parents=True)
    squares = [shapely.box(530_000 + x, 170_000, 531_000 + x, 171_000) for x in (0, 1000, 2000)]
    wards = {"ward_code": ["E05000001", "E05000002", "E05000003"], "ward_name": ["Ashe", "Brook", "Coombe"]}
    gpd.GeoDataFrame(wards, geometry=squares, crs=27700).to_file(tmp_path / "data/boundaries/wards.geojson")
    rows = [f"Robbery,2025-03-{1 + i % 28:02d} 15:3{i % 10},{530_100 + 3 * i},{170_100 + 2 * i}" for i in range(40)]
    rows.append("Robbery,2025-03-09 15:30,531500,170500")
    (tmp_path / "data/incidents/robberies.csv").write_text("\n".join(["Offence,Date,Easting,Northing", *rows]), "utf-8")
    (tmp_path / "data/havens/havens.csv").write_text(
        "name,opening_hours,easting,northing\nHill Library,Mo-Fr 09:00-17:00,530150,170150\n", "utf-8"
    )
    return tmp_path


def test_each_ward_has_a_page_and_those_without_an_incident_are_named(folder: Path) -> None:
    code, out, err = call("brief", "--crime", "robbery", "--each-ward", "--format", "html", "--contact", "Ext. 1234")
    assert code == 0
    names = [
        "robbery_2025-03-29_from_2025-03-01_2025-03-28_ashe",
        "robbery_2025-03-29_from_2025-03-01_2025-03-28_brook",
    ]
    assert out.splitlines() == [f"maps/briefs/{name}/brief.html" for name in names]
    assert "Robbery: Ashe, Saturday 29 March 2025 to Friday 11 April 2025" in err
    assert "Without a page, as not one incident is theirs: Coombe (robberies)." in err
    assert sorted(path.name for path in (folder / "maps/briefs" / names[0]).iterdir()) == [
        *("brief.html", "brief.json", "manifest.json")
    ]
    assert "Questions: Ext. 1234" in (folder / out.splitlines()[0]).read_text("utf-8")
    index = (folder / "maps/index.html").read_text("utf-8")
    assert "Briefs for the teams of wards" in index
    assert "brief.html" in index


def test_the_pages_of_all_wards_are_in_one_file_to_print_with_a_bookmark_each(folder: Path) -> None:
    asked = ("brief", "--crime", "robbery", "--each-ward", "--format", "pdf")
    code, out, err = call(*asked)
    assert code == 0
    joined = folder / "maps/briefs/robbery_2025-03-29_from_2025-03-01_2025-03-28_each-ward"
    assert out.count("brief.pdf") == 2
    assert f"2 pages on robberies in one file to print: {(joined / 'briefs.pdf').relative_to(folder)}" in err
    content = (joined / "briefs.pdf").read_bytes()
    unpacked = read_pdf(content)
    assert count_pages(content) == 2
    assert b"/StructTreeRoot" in unpacked
    assert re.search(rb"/Type/Outlines[^>]*/Count 2>>", unpacked)
    assert re.findall(rb"/Title\((Robbery: \w+)\)/Dest", unpacked) == [b"Robbery: Ashe", b"Robbery: Brook"]
    listed = json.loads((joined / "manifest.json").read_text("utf-8"))["products"]
    assert listed["briefs_pdf"]["bytes"] == len(content)
    assert "2 wards in one file" in (folder / "maps/index.html").read_text("utf-8")
    assert call(*asked)[0] == 0
    assert (joined / "briefs.pdf").read_bytes() == content


def test_a_ward_has_the_page_that_each_ward_gives_it(folder: Path) -> None:
    assert call("brief", "--crime", "robbery", "--each-ward", "--format", "html", "--out", "all")[0] == 0
    assert call("brief", "--crime", "robbery", "--ward", "Ashe", "--format", "html", "--out", "one")[0] == 0
    name = "briefs/robbery_2025-03-29_from_2025-03-01_2025-03-28_ashe"
    for file in ("brief.html", "brief.json"):
        assert (folder / "all" / name / file).read_bytes() == (folder / "one" / name / file).read_bytes()


def test_what_is_on_it_is_printed_as_json(folder: Path) -> None:
    code, out, _ = call(
        *("brief", "--crime", "robbery", "--ward", "E05000001", "--format", "html", "--json"),
        *("--first-day", "2025-04-07", "--marking", "OFFICIAL"),
    )
    told = json.loads(out)
    assert code == 0
    assert (told["area"], told["weeks"]["start"], told["words"]["marking"]) == ("Ashe", "2025-04-07", "OFFICIAL")
    assert [haven["name"] for haven in told["havens"]] == ["Hill Library"]
    assert told["products"]["brief"].endswith("brief.html")


def test_the_plain_template_is_written_and_nothing_else_is_done(folder: Path) -> None:
    code, out, _ = call("brief", "--new-template", "ours.docx")
    assert (code, out.strip()) == (0, "ours.docx")
    assert "{{ title }}" in [line.text for line in docx.Document(str(folder / "ours.docx")).paragraphs]
    assert not (folder / "maps").exists()
    code, _, err = call("brief", "--new-template", "ours.docx")
    assert (code, "ours.docx is there" in err) == (3, True)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ([], 2, "Name it with --ward, or give --each-ward"),
        (["--ward", "Nowhere"], 2, "Nowhere"),
        (["--ward", "Coombe"], 4, "robber"),
        (["--ward", "Ashe", "--places", "9"], 2, "--places is 9"),
        (["--ward", "Ashe", "--first-day", "2025-03-28"], 2, "--first-day is 2025-03-28"),
        (["--ward", "Ashe", "--marking", " "], 2, "--marking must be one line"),
        (["--ward", "Ashe", "--format", "odt"], 2, "odt"),
        (["--ward", "Ashe", "--template", "none.docx"], 2, "There is no template none.docx"),
        (["--ward", "Ashe", "--out", "data/incidents/out"], 2, "must not be written where files are read"),
    ],
)
def test_mistakes_are_said_with_the_option(folder: Path, arguments: list[str], code: int, words: str) -> None:
    found, out, err = call("brief", "--crime", "robbery", *arguments)
    assert (found, out) == (code, "")
    assert words in err
    assert not list(folder.glob("maps/briefs/*"))


def test_hours_that_were_checked_too_long_ago_are_not_known(folder: Path) -> None:
    havens = (
        "name,opening_hours,easting,northing,last_checked\nHill Library,Mo-Fr 09:00-17:00,530150,170150,2023-05-01\n"
    )
    (folder / "data/havens/havens.csv").write_text(havens, "utf-8")
    command = ("brief", "--crime", "robbery", "--ward", "Ashe", "--format", "html", "--json")
    states = []
    for options in ((), ("--checked-since", "2024-01-01")):
        code, out, _ = call(*command, *options)
        assert code == 0
        (haven,) = json.loads(out)["havens"]
        states.append((haven["state"], haven["words"]))
    assert states[0][0] != "not known"
    assert states[1] == ("not known", "Not known: ask")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--tasking", "--problem", "1"), "--tasking does not go with --problem"),
        (("--tasking", "--each-ward"), "--each-ward does not go with --tasking"),
        (("--tasking", "--area", "Beat 1"), "--area does not go with --tasking"),
        (("--tasking", "--from", "2025-01-01"), "--from does not go with --tasking"),
        (("--crime", "robbery", "--ward", "Ashe", "--weeks", "4"), "--weeks does not go with the page of a ward"),
        (("--crime", "robbery", "--problem", "1", "--places", "3"), "--places does not go with --problem"),
        (("--crime", "robbery", "--crime", "asb", "--problem", "1"), "A problem profile is of one crime"),
        (("--problem", "1"), "Missing option '--crime'"),
    ],
)
def test_options_that_do_not_go_together_are_refused(folder: Path, arguments: tuple[str, ...], words: str) -> None:
    code, _, err = call("brief", *arguments)
    assert (code, words in err) == (2, True), err


@pytest.mark.parametrize("asked", [("--ward", "Ashe"), ("--problem", "1"), ("--tasking",)])
def test_a_template_is_looked_at_before_anything_is_read(folder: Path, asked: tuple[str, ...]) -> None:
    """The incidents are gone: a command that read them first would say so."""
    own = docx.Document()
    own.add_paragraph("{{ title }} {{ wather }}")
    own.save(str(folder / "own.docx"))
    (folder / "data/incidents/robberies.csv").unlink()
    code, _, err = call("brief", "--crime", "robbery", *asked, "--format", "docx", "--template", "own.docx")
    assert (code, "'wather' is undefined" in err) == (3, True), err


def test_a_hot_spot_that_is_not_there_prints_the_list(folder: Path) -> None:
    code, _, err = call("brief", "--crime", "robbery", "--problem", "Low Road", "--format", "html")
    assert (code, 'No hot spot is called "Low Road"' in err, ": 1 around TQ" in err) == (2, True, True), err


def test_reports_have_a_template_of_their_own(folder: Path) -> None:
    code, out, _ = call("brief", "--tasking", "--new-template", "reports.docx")
    assert (code, out.strip()) == (0, "reports.docx")
    assert "{{ sections }}" in [line.text for line in docx.Document(str(folder / "reports.docx")).paragraphs]


def test_a_profile_is_written_and_listed(folder: Path) -> None:
    code, out, err = call("brief", "--crime", "robbery", "--problem", "1", "--format", "html", "--marking", "OFFICIAL")
    assert code == 0, err
    assert out.strip() == "maps/problems/robbery_hotspot-1_2025-03-01_2025-03-28/problem.html"
    assert "OFFICIAL" in (folder / out.strip()).read_text("utf-8")
    assert "Problem profile: Robbery" in (folder / "maps/index.html").read_text("utf-8")


def write_profile(folder: Path, *options: object) -> dict[str, Any]:
    code, out, err = call("brief", "--crime", "robbery", "--problem", "1", "--format", "html", *options)
    assert code == 0, err
    told: dict[str, Any] = json.loads((folder / out.strip()).with_name("problem.json").read_text("utf-8"))
    return told


def test_a_profile_says_what_patrols_did_there_or_that_no_record_was_given(folder: Path) -> None:
    """Three visits in the hot spot, of 15, 5 and 15 minutes on two of three days; one elsewhere on the third."""
    assert write_profile(folder)["words"]["done"] == [
        "No records of patrols were given, and no operation that was evaluated: what was done here is for those who "
        "know to write down."
    ]
    at = "530158,170138"
    rows = [
        f"2025-04-01 15:00,2025-04-01 15:15,{at}",
        f"2025-04-01 18:00,2025-04-01 18:05,{at}",
        f"2025-04-02 15:00,2025-04-02 15:15,{at}",
        "2025-04-03 15:00,2025-04-03 15:15,532500,170500",
    ]
    (folder / "visits.csv").write_text("\n".join(["Start,End,Easting,Northing", *rows]), "utf-8")
    told = write_profile(folder, "--records", "visits.csv")
    patrols = told["patrols"]
    assert {key: patrols[key] for key in ("hours", "n_visits", "n_short", "n_koper", "n_days", "n_record_days")} == {
        "hours": 0.6, "n_visits": 3, "n_short": 1, "n_koper": 2, "n_days": 2, "n_record_days": 3,
    }  # fmt: skip
    assert told["words"]["done"] == [
        "Patrols made 3 visits here and spent 0.6 hours, on 2 of the 3 days of their records, 1 April 2025 to 3 April "
        "2025. Of these 2 lasted 10 to 20 minutes, as is wanted; 1 was shorter, and 0 longer.",
        "What came of that cannot be read from records of patrols alone: a comparison with places that had none can "
        "tell (hotspots operation).",
    ]
    assert told["inputs"][-1]["path"] == "visits.csv"


def test_a_profile_says_what_came_of_an_operation(folder: Path) -> None:
    found = {
        "crime": "robbery",
        "areas": {"treated": {"name": "Ashe <b>"}},
        "operation": {"start": "2025-03-10", "end": "2025-03-16"},
        "words": ["Better than the control: 20% fewer."],
        "data_status": {"incidents": "synthetic"},
    }
    (folder / "operation.json").write_text(json.dumps(found), "utf-8")
    profile = write_profile(folder, "--operation", "operation.json")
    assert profile["data_status"]["incidents"] == "synthetic"
    assert profile["words"]["done"][0] == (
        "An operation in Ashe <b>, 10 March 2025 to 16 March 2025: Better than the control: 20% fewer. That is said of "
        "the whole area of the operation, not of this hot spot alone."
    )
    assert "<b>," not in next((folder / "maps/problems").rglob("problem.html")).read_text("utf-8")
    (folder / "other.json").write_text(json.dumps(found | {"crime": "burglary"}), "utf-8")
    (folder / "list.json").write_text("[]", "utf-8")
    wrong: dict[str, dict[str, object]] = {
        "one text": {"words": "Better."},
        "no text": {"words": [" "]},
        "lines": {"words": ["a\nb"]},
        "half": {"words": ["\ud83d"]},
        "backwards": {"operation": {"start": "2025-03-16", "end": "2025-03-10"}},
        "long": {"words": ["a" * 601]},
    }
    for name, parts in wrong.items():
        (folder / f"{name}.json").write_text(json.dumps({**found, **parts}), "utf-8")
    for name, status, told in (
        ("other.json", 2, 'was judged by "burglary", and the profile is of "robbery"'),
        *((f"{name}.json", 3, f"{name}.json is not the operation.json of an operation") for name in ("list", *wrong)),
    ):
        code, _, err = call("brief", "--crime", "robbery", "--problem", "1", "--format", "html", "--operation", name)
        assert (code, told in err) == (status, True), err


def test_records_are_for_the_profile_of_a_hot_spot_alone(folder: Path) -> None:
    code, _, err = call("brief", "--crime", "robbery", "--ward", "Ashe", "--records", "data/havens")
    assert (code, "--records does not go with the page of a ward" in err) == (2, True), err

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from hotspots.cli.main import cli
from hotspots.errors import DataError, TooLittleDataError
from hotspots.settings import load_settings

EXTRACT = (
    "Crime Ref;Offence;Date From;Date To;Easting;Northing;Location;Victim Name\n"
    "1;Personal robbery;31/12/2025 18:05;31/12/2025 18:20;536560,5;178413;Grove Street;Jo Bloggs\n"
    "2;Personal robbery;31/12/2025 18:05;;178413;536560;Grove Street;Jo Bloggs\n"
    "3;Piracy;31/13/2025 18:05;;536560;178413;Grove Street;Jo Bloggs\n"
    "4;Piracy;30/12/2025 18:05;;-0.034;51.48;Grove Street;Jo Bloggs\n"
)


def check(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["check", *map(str, arguments)], catch_exceptions=False)


@pytest.fixture
def extract(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "extract.csv").write_text(EXTRACT, "utf-8")
    return tmp_path / "extract.csv"


def test_it_says_what_is_recognised_and_what_is_not_read(extract: Path) -> None:
    said = check(extract).stdout
    assert "extract.csv: text in UTF-8, columns separated by semicolons, recognised by the names of its columns" in said
    assert "  When           Date From to Date To\n" in said
    assert "  Where          Easting, Northing (taken for metres on EPSG:27700)\n" in said
    assert "  Not read       Victim Name\n" in said
    assert "Bloggs" not in said


def test_it_says_what_is_refused_with_examples(extract: Path) -> None:
    said = check(extract).stdout
    assert "unreadable date (1), such as row 3 (Date From 99/99/9999 99:99) of extract.csv" in said
    assert "degrees where metres are expected (1), such as row 4 (Easting -0.0, Northing 99.99)" in said.replace(
        "\n    ", " "
    )


def test_the_profile_printed_reads_the_file_the_same_way(extract: Path) -> None:
    def read_report() -> tuple[dict[str, Any], str]:
        report = json.loads(check(extract, "--json").stdout)
        return report, report["tables"][0].pop("how")

    before, how = read_report()
    assert how == "recognised by the names of its columns"
    said = check(extract).stdout
    settings = extract.parent / "hotspots.toml"
    settings.write_text(said[said.index("[sources.") :], "utf-8")
    assert load_settings(settings).profiles[0].easting == "Easting"
    assert "read by source profile extract" in check(extract).stdout
    assert read_report() == (before, "read by source profile extract")


def test_a_layout_that_is_not_recognised_gets_a_profile_to_complete(extract: Path) -> None:
    extract.write_text("cuando;donde;que;lon;lat\n2026-01-05 10:00;x;Robbery;-0.034;51.48\n", "utf-8")
    with pytest.raises(DataError, match="no column says what happened"):
        check(extract)
    result = CliRunner().invoke(cli, ["check", str(extract)])
    draft = result.stdout[result.stdout.index("[sources.") :]
    completed = draft.replace('offence = "..."', 'offence = "que"').replace('start = "..."', 'start = "cuando"')
    (extract.parent / "hotspots.toml").write_text(completed, "utf-8")
    assert "The one row can be used" in check(extract).stdout


def test_places_in_another_country_get_a_crs_to_set(extract: Path) -> None:
    extract.write_text("Offence,Date,Longitude,Latitude\nRobbery,2026-01-05 10:00,-89.94,35.15\n", "utf-8")
    with pytest.raises(TooLittleDataError, match="No row can be used"):
        check(extract)
    said = CliRunner().invoke(cli, ["check", str(extract)]).stdout
    assert 'To work there, set crs = "EPSG:32616"' in said.replace("\n  ", " ")
    (extract.parent / "hotspots.toml").write_text('crs = "EPSG:32616"\ntime_zone = "America/Chicago"\n')
    assert "The one row can be used" in check(extract).stdout


def test_wards_of_another_year_are_named(extract: Path, repository: Path) -> None:
    extract.write_text(
        "Offence,Date,Easting,Northing,Ward Code\nRobbery,2026-01-05 10:00,536560,178413,E05999999\n", "utf-8"
    )
    said = check(extract, "--boundaries", repository / "data" / "boundaries").stdout.replace("\n  ", " ")
    assert "1 of 1 rows with a ward name one that is not in the boundaries (E05999999)" in said


def test_what_the_report_prints_is_in_its_json(extract: Path) -> None:
    quality = json.loads(check(extract, "--json").stdout)
    assert (quality["n_read"], quality["n_used"]) == (4, 2)
    said = " ".join(check(extract).stdout.split())
    assert len(quality["findings"]) > 2
    assert all(" ".join(finding.split()) in said for finding in quality["findings"])
    assert all(f"- {group['reason']} ({group['n_rows']})" in said for group in quality["refused"])
    assert quality["n_read"] == quality["n_used"] + sum(group["n_rows"] for group in quality["refused"])


def test_data_of_another_place_than_the_wards_are_told_of(extract: Path, repository: Path) -> None:
    extract.write_text("Offence,Date,Easting,Northing\n" + "Robbery,2026-01-05 10:00,400000,300000\n" * 2, "utf-8")
    said = " ".join(check(extract, "--boundaries", repository / "data" / "boundaries").stdout.split())
    assert "2 of the 2 usable rows lie outside every ward: the boundaries are of another place" in said


def test_words_for_a_knife_that_are_not_known_are_listed(extract: Path) -> None:
    rows = "".join(f"Robbery,2026-01-05 10:00,536560,178413,{word}\n" for word in ["Knife - Used"] * 14 + ["Gun"] * 13)
    extract.write_text(f"Offence,Date,Easting,Northing,Knife\n{rows}", "utf-8")
    said = " ".join(check(extract).stdout.split())
    assert 'neither yes nor no, which is treated as not known: "Knife - Used" (14) and "Gun" (13)' in said
    profile = 'offence = "Offence"\nstart = "Date"\neasting = "Easting"\nnorthing = "Northing"\nknife = "Knife"\n'
    words = 'knife_words = ["Knife - Used"]\n'
    (extract.parent / "hotspots.toml").write_text(f"[sources.a]\n{profile}{words}")
    said = " ".join(check(extract).stdout.split())
    assert 'not one of the knife_words, which is treated as no knife: "Gun" (13). A word counts only if it is' in said


def test_a_file_of_which_nothing_can_be_used_is_not_called_right(extract: Path) -> None:
    extract.write_text("Offence,Date,Easting,Northing\nRobbery,soon,536560,178413\n", "utf-8")
    said = CliRunner().invoke(cli, ["check", str(extract)]).stdout
    assert "there is nothing to do" not in said
    assert "To read it otherwise, put this into hotspots.toml" in said


def test_files_of_which_the_first_has_no_places_get_advice(extract: Path) -> None:
    header = "Offence,Date,Longitude,Latitude\n"
    extract.write_text(header + "Robbery,2026-01-05 10:00,,\n", "utf-8")
    other = extract.parent / "other.csv"
    other.write_text(header + "Robbery,2026-01-05 10:00,-73.98,40.75\n" * 3, "utf-8")
    said = CliRunner().invoke(cli, ["check", str(extract), str(other)]).stdout
    assert "Check the coordinates of each file by itself" in said


@pytest.mark.slow
def test_it_loads_no_statistics(extract: Path) -> None:
    code = (
        "import sys; from click.testing import CliRunner; from hotspots.cli.main import cli\n"
        "done = CliRunner().invoke(cli, sys.argv[1:], catch_exceptions=False)\n"
        "assert done.exit_code == 0, done.output\n"
        "print(sorted({'scipy', 'sklearn'} & sys.modules.keys()))"
    )
    path = os.pathsep.join(filter(None, sys.path))
    done = subprocess.run(
        [sys.executable, "-c", code, "check", str(extract)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert done.stdout.strip() == "[]"

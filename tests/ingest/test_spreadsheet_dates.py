"""What spreadsheets do to dates: day and month exchanged in a part of the rows, and the calendar of 1904."""

from __future__ import annotations

import io
import random
import re
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from openpyxl.utils.datetime import MAC_EPOCH, WINDOWS_EPOCH
from support import make_old_workbook

from hotspots.ingest.incidents.intake import Intake, read_incidents
from hotspots.ingest.incidents.profiles import format_profile, parse_profile
from hotspots.ingest.incidents.records import ReadingOptions
from hotspots.ingest.texts.clock_times import parse_times
from hotspots.ingest.texts.spreadsheet_dates import count_from_1904, exchange_day_and_month, find_exchanged

Cell = Callable[[pd.Timestamp], Any]


def make_moments(n: int, *, first: str = "2024-10-02", n_days: int = 363) -> list[pd.Timestamp]:
    rng = random.Random(n + n_days)
    return [
        pd.Timestamp(first) + pd.Timedelta(days=rng.randrange(n_days), minutes=rng.randrange(1, 1440)) for _ in range(n)
    ]


def exchange(at: pd.Timestamp) -> pd.Timestamp:
    return at.replace(month=at.day, day=at.month)


def write_workbook(
    path: Path, cells: Sequence[Sequence[Any]], *, epoch: Any = WINDOWS_EPOCH, header: str = "Date From"
) -> None:
    workbook = openpyxl.Workbook()
    workbook.epoch = epoch
    sheet = workbook.worksheets[0]
    sheet.append(["Offence", *header.split(","), "Easting", "Northing"])
    for index, values in enumerate(cells):
        sheet.append(["Robbery", *values, 538_000 + index, 174_500])
    workbook.save(path)


def write_text(path: Path, cells: Sequence[Any]) -> None:
    rows = [f"Robbery,{cell},{538_000 + index},174500\n" for index, cell in enumerate(cells)]
    path.write_text("Offence,Date From,Easting,Northing\n" + "".join(rows))


def opened_by_excel(form: str, typed: Cell) -> Cell:
    """A date as a spreadsheet leaves it that takes the first number for the month, or for the day."""
    return lambda at: typed(exchange(at)) if at.day <= 12 else at.strftime(form)


BRITISH, AMERICAN = "%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M"


@pytest.mark.parametrize(("n", "n_days"), [(120, 363), (60, 363), (60, 31), (200, 92), (400, 730)])
@pytest.mark.parametrize("form", [BRITISH, AMERICAN])
def test_a_workbook_that_a_spreadsheet_of_another_order_opened_is_undone(
    tmp_path: Path, form: str, n: int, n_days: int
) -> None:
    moments = make_moments(n, n_days=n_days)
    write_workbook(tmp_path / "a.xlsx", [[opened_by_excel(form, lambda at: at)(at)] for at in moments])
    intake = read_incidents([tmp_path / "a.xlsx"])
    assert intake.incidents["started_at"].tolist() == moments
    n_changed = sum(at.day <= 12 and at.day != at.month for at in moments)
    assert (
        f"of all its rows, of whatever crime and date, {n_changed} have a date in Date From of which a spreadsheet "
        "had exchanged day and month" in intake.notes[0]
    )
    assert intake.tables[0].profile.is_exchanged
    # the profile that is printed reads the same
    written = format_profile(intake.tables[0].profile)
    assert "is_exchanged = true" in written


@pytest.mark.parametrize("first", ["2024-01-02 01:16", "2023-12-24 01:16"])
def test_the_first_dates_may_be_before_all_that_was_left_as_text(tmp_path: Path, first: str) -> None:
    moments = [pd.Timestamp(first), *(at for at in make_moments(120, n_days=700) if at > pd.Timestamp("2024-01-18"))]
    write_workbook(tmp_path / "a.xlsx", [[opened_by_excel(BRITISH, lambda at: at)(at)] for at in moments])
    assert read_incidents([tmp_path / "a.xlsx"]).incidents["started_at"].tolist() == moments


@pytest.mark.parametrize(
    "typed",
    [
        lambda at: at.strftime("%Y-%m-%d %H:%M:%S"),
        lambda at: at.strftime("%Y-%m-%dT%H:%M"),
        lambda at: (at - pd.Timestamp("1899-12-30")) / pd.Timedelta(days=1),
        lambda at: at.strftime("%d-%b-%Y %H:%M"),
        lambda at: at.strftime("%d %B %y %H:%M"),
    ],
)
def test_so_is_text_that_was_saved_from_it(tmp_path: Path, typed: Cell) -> None:
    moments = make_moments(120)
    write_text(tmp_path / "a.csv", [opened_by_excel(BRITISH, typed)(at) for at in moments])
    intake = read_incidents([tmp_path / "a.csv"])
    assert intake.incidents["started_at"].tolist() == moments
    assert "exchanged" in intake.notes[0]


def test_a_date_beside_its_time_is_undone(tmp_path: Path) -> None:
    moments = make_moments(120)
    cells = [[opened_by_excel("%d/%m/%Y", pd.Timestamp.normalize)(at), f"{at:%H:%M}"] for at in moments]
    write_workbook(tmp_path / "a.xlsx", cells, header="Date From,Time From")
    assert read_incidents([tmp_path / "a.xlsx"]).incidents["started_at"].tolist() == moments


def test_a_slip_of_the_pen_stays_a_text(tmp_path: Path) -> None:
    """A blank in front keeps a date a text, and it is right as it is."""
    moments = make_moments(200)
    cells = [[opened_by_excel(BRITISH, lambda at: at)(at)] for at in moments]
    first = next(index for index, at in enumerate(moments) if at.day <= 12)
    cells[first] = [f" {moments[first]:%d/%m/%Y %H:%M}"]
    write_workbook(tmp_path / "a.xlsx", cells)
    assert read_incidents([tmp_path / "a.xlsx"]).incidents["started_at"].tolist() == moments


ISO = "%Y-%m-%d %H:%M"


@pytest.mark.parametrize("n_days", [31, 92, 363])
@pytest.mark.parametrize(
    ("forms", "change"),
    [
        ([BRITISH], lambda at: at),
        ([ISO], lambda at: at),
        ([ISO, BRITISH], lambda at: at),
        ([ISO], lambda at: at.replace(day=1 + at.day % 12)),
        ([BRITISH], lambda at: at.replace(day=1 + at.day % 12)),
        ([ISO, BRITISH], lambda at: at.replace(day=1)),
    ],
)
def test_dates_as_they_should_be_are_left_alone(tmp_path: Path, n_days: int, forms: list[str], change: Cell) -> None:
    moments = [change(at) for at in make_moments(200, first="2024-09-15", n_days=n_days)]
    write_text(tmp_path / "a.csv", [at.strftime(forms[index % len(forms)]) for index, at in enumerate(moments)])
    intake = read_incidents([tmp_path / "a.csv"])
    assert intake.incidents["started_at"].tolist() == moments
    assert not intake.tables[0].profile.is_exchanged
    assert not any("exchanged" in note for note in intake.notes)


def test_the_first_days_of_months_that_another_program_wrote_are_right(tmp_path: Path) -> None:
    """Beside texts of the other days they look exchanged; but changed back they would lie in other months."""
    moments = make_moments(200, first="2025-03-01", n_days=31)
    write_text(tmp_path / "a.csv", [at.strftime(ISO if at.day <= 12 else BRITISH) for at in moments])
    intake = read_incidents([tmp_path / "a.csv"])
    assert intake.incidents["started_at"].tolist() == moments
    assert intake.notes == ()


def test_what_may_be_chance_is_doubted_and_left(tmp_path: Path) -> None:
    moments = [pd.Timestamp(2025, 5, day, 10, 5) for day in (2, 4, 6, 8, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31)]
    write_workbook(tmp_path / "a.xlsx", [[opened_by_excel(BRITISH, lambda at: at)(at)] for at in moments])
    intake = read_incidents([tmp_path / "a.xlsx"])
    assert "may have exchanged day and month" in intake.notes[0]
    assert "set is_exchanged = true" in intake.notes[0]
    profile = parse_profile(
        "a", {"offence": "Offence", "start": "Date From", "easting": "Easting", "northing": "Northing",
              "is_exchanged": True}
    )  # fmt: skip
    intake = read_incidents([tmp_path / "a.xlsx"], options=ReadingOptions(profiles=(profile,)))
    assert intake.incidents["started_at"].tolist() == moments


def test_a_profile_that_does_not_say_so_is_doubted(tmp_path: Path) -> None:
    moments = make_moments(120)
    write_workbook(tmp_path / "a.xlsx", [[opened_by_excel(BRITISH, lambda at: at)(at)] for at in moments])
    table = {"offence": "Offence", "start": "Date From", "easting": "Easting", "northing": "Northing"}
    for said in ({}, {"is_exchanged": True}):
        options = ReadingOptions(profiles=(parse_profile("a", table | said),))
        intake = read_incidents([tmp_path / "a.xlsx"], options=options)
        assert len(intake.notes) == (not said)
        assert (intake.incidents["started_at"].tolist() == moments) == bool(said)


def test_among_dates_that_are_right_nobody_can_tell_which_are_not(tmp_path: Path) -> None:
    moments = make_moments(300)
    typed = [[at] for at in moments[:100]]
    left = [[opened_by_excel(BRITISH, lambda at: at)(at)] for at in moments[100:]]
    write_workbook(tmp_path / "a.xlsx", typed + left)
    intake = read_incidents([tmp_path / "a.xlsx"])
    assert "may have exchanged day and month" in intake.notes[0]
    assert not intake.tables[0].profile.is_exchanged


@pytest.mark.parametrize("n_days", [61, 200])
def test_written_in_one_way_they_betray_themselves_by_their_months(tmp_path: Path, n_days: int) -> None:
    moments = make_moments(300, n_days=n_days)
    write_text(tmp_path / "a.csv", [opened_by_excel(BRITISH, lambda at: at.strftime(BRITISH))(at) for at in moments])
    assert "may have exchanged day and month" in read_incidents([tmp_path / "a.csv"]).notes[0]


@pytest.mark.parametrize("form", ["%d/%m/%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d/%m/%Y %I:%M %p"])
def test_two_forms_of_text_betray_themselves_by_their_days(tmp_path: Path, form: str) -> None:
    moments = make_moments(150, n_days=730)
    write_text(tmp_path / "a.csv", [opened_by_excel(BRITISH, lambda at: at.strftime(form))(at) for at in moments])
    (said,) = read_incidents([tmp_path / "a.csv"]).notes
    assert "may have exchanged day and month" in said
    assert "is_exchanged" not in said  # which would change nothing back
    # two forms are no sign where both have all days
    write_text(tmp_path / "b.csv", [at.strftime((form, BRITISH)[at.minute % 2]) for at in moments])
    assert not read_incidents([tmp_path / "b.csv"]).notes


def test_a_day_of_the_week_in_front_hides_nothing(tmp_path: Path) -> None:
    moments = make_moments(120)
    write_workbook(tmp_path / "a.xlsx", [[opened_by_excel(f"%a {BRITISH}", lambda at: at)(at)] for at in moments])
    assert read_incidents([tmp_path / "a.xlsx"]).incidents["started_at"].tolist() == moments


def test_no_date_is_read_when_none_is_there() -> None:
    nothing = pd.Series([None, "x", "99/99/2025", "2025-02-31"], dtype="object").astype("category")
    assert find_exchanged([nothing], lambda: [nothing]) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-10-02 18:05", "2024-02-10 18:05"),
        ("2024-10-02", "2024-02-10"),
        ("2024-10-25", "2024-10-25"),
        ("02/10/2024", "02/10/2024"),
        ("45567", "2024-02-10"),  # the second of October
        ("45567.5", "2024-02-10 12:00:00"),
        ("10-Feb-2024 18:05", "2024-10-02 18:05"),
        ("25 February 24", "25 February 24"),
        ("x", "x"),
    ],
)
def test_day_and_month_change_places_where_both_may_be_either(text: str, expected: str) -> None:
    assert exchange_day_and_month(text) == expected


# --- the calendar of 1904 ---


def read_serials(tmp_path: Path, moments: Sequence[pd.Timestamp], *, typed: bool) -> Intake:
    cells = [[at if typed else (at - pd.Timestamp("1904-01-01")) / pd.Timedelta(days=1)] for at in moments]
    write_workbook(tmp_path / "a.xlsx", cells, epoch=MAC_EPOCH)
    return read_incidents([tmp_path / "a.xlsx"])


@pytest.mark.parametrize("typed", [False, True])
def test_a_workbook_that_counts_from_1904_is_read_so(tmp_path: Path, typed: bool) -> None:
    moments = make_moments(30)
    assert read_serials(tmp_path, moments, typed=typed).incidents["started_at"].tolist() == moments


def test_so_are_its_dates_of_which_day_and_month_are_exchanged(tmp_path: Path) -> None:
    moments = make_moments(120)

    def count(at: pd.Timestamp) -> float:
        return (at - pd.Timestamp("1904-01-01")) / pd.Timedelta(days=1)

    write_workbook(tmp_path / "a.xlsx", [[opened_by_excel(BRITISH, count)(at)] for at in moments], epoch=MAC_EPOCH)
    assert read_incidents([tmp_path / "a.xlsx"]).incidents["started_at"].tolist() == moments


def test_so_are_its_dates_beside_times(tmp_path: Path) -> None:
    moments = make_moments(60)
    cells = [[(at.normalize() - pd.Timestamp("1904-01-01")).days, 100 * at.hour + at.minute] for at in moments]
    write_workbook(tmp_path / "a.xlsx", cells, epoch=MAC_EPOCH, header="Date From,Time From")
    assert read_incidents([tmp_path / "a.xlsx"]).incidents["started_at"].tolist() == moments


@pytest.mark.parametrize(
    ("told", "days"),
    [
        ('<workbookPr date1904="1"/>', 1462),
        ('<workbookPr codeName="x" date1904="true" />', 1462),
        ("<x:workbookPr xmlns:x='http://purl.oclc.org/ooxml/spreadsheetml/main' date1904 = '1'/>", 1462),
        ('<workbookPr date1904="0"/>', 0),
        ('<workbookPr date1904="false"/>', 0),
        ("<workbookPr/>", 0),
        ("", 0),
    ],
)
def test_a_workbook_says_from_when_it_counts(tmp_path: Path, told: str, days: int) -> None:
    write_workbook(tmp_path / "b.xlsx", [[45658.75]])
    content = io.BytesIO()
    with zipfile.ZipFile(tmp_path / "b.xlsx") as old, zipfile.ZipFile(content, "w") as new:
        for name in old.namelist():
            text = old.read(name)
            if name == "xl/workbook.xml":
                text = re.sub(rb"<workbookPr[^>]*/>", told.encode(), text)
            new.writestr(name, text)
    (tmp_path / "a.xlsx").write_bytes(content.getvalue())
    expected = pd.Timestamp("2025-01-01 18:00") + pd.Timedelta(days=days)
    assert read_incidents([tmp_path / "a.xlsx"]).incidents["started_at"].tolist() == [expected]


def test_only_numbers_that_may_be_days_are_moved() -> None:
    texts = pd.Series(["44196", "44196.75", "44196,75", "536560", "01/02/2025", None], dtype="object").astype(
        "category"
    )
    assert count_from_1904(texts).astype("object").tolist()[:5] == [
        *("45658", "45658.75", "45658,75", "536560", "01/02/2025"),
    ]
    at = parse_times(count_from_1904(texts)).at
    assert at[0] == pd.Timestamp("2025-01-01")
    assert pd.isna(at[5])


@pytest.mark.parametrize(("is_1904", "expected"), [(False, "2025-01-01 18:00"), (True, "2029-01-02 18:00")])
def test_an_old_workbook_says_so_too(tmp_path: Path, is_1904: bool, expected: str) -> None:
    rows: list[list[Any]] = [["Offence", "Date From", "Easting", "Northing"], ["Robbery", 45658.75, 536560, 178413]]
    (tmp_path / "a.xls").write_bytes(make_old_workbook(rows, is_1904=is_1904))
    assert read_incidents([tmp_path / "a.xls"]).incidents["started_at"].tolist() == [pd.Timestamp(expected)]

"""Comparisons of which one side is empty: their ratio is 0 or without bound, and words say so on every product."""

from __future__ import annotations

import datetime as dt
import json
import re
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from support import call

DAYS = pd.date_range("2025-01-01", "2025-12-31")
CHRISTMAS = [day for day in DAYS if (day.month, day.day) in ((12, 25), (12, 26))]
BANK_HOLIDAYS = pd.to_datetime(
    ["2025-01-01", "2025-04-18", "2025-04-21", "2025-05-05", "2025-05-26", "2025-08-25", "2025-12-25", "2025-12-26"]
)
PAY_DAYS = pd.date_range("2025-01-01", "2025-12-31", freq="BME")
FIRSTS = pd.date_range("2025-01-01", "2025-12-31", freq="MS")


def write(folder: Path, days: list[pd.Timestamp]) -> list[str | Path]:
    """A ward and robberies in it at a quarter past eight in the evening, as arguments."""
    ward = gpd.GeoDataFrame(
        {"ward_code": ["E05090000"], "ward_name": ["Ashe"]},
        geometry=[shapely.box(538_000, 174_000, 541_000, 177_000)],
        crs="EPSG:27700",
    )
    ward.to_file(folder / "wards.geojson")
    pd.DataFrame(
        {
            "Crime ID": [f"A{number}" for number in range(len(days))],
            "Offence": "Robbery - personal",
            "Date": [f"{day:%Y-%m-%d} 20:15" for day in days],
            "Easting": [538_700 + 37 * (number % 9) for number in range(len(days))],
            "Northing": [174_700 + 53 * (number % 7) for number in range(len(days))],
        }
    ).to_csv(folder / "robberies.csv", index=False)
    return ["--incidents", folder / "robberies.csv", "--boundaries", folder / "wards.geojson", "--out", folder / "maps"]


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (CHRISTMAS * 10 + list(DAYS[9:339:33]), "all 20 robberies of the days compared fell on bank holidays"),
        (list(BANK_HOLIDAYS) * 5, "all 40 robberies of the days compared fell on bank holidays"),
        (list(PAY_DAYS) * 3, "all 33 robberies of the days compared fell on pay-day and the 2 days after it"),
        ([day for day in DAYS if day not in BANK_HOLIDAYS] * 2, "none of the .* robberies .* fell on bank holidays"),
    ],
)
def test_all_or_none_on_one_side_is_told_in_words(tmp_path: Path, days: list[pd.Timestamp], words: str) -> None:
    code, _, err = call("run", "--crime", "robbery", *write(tmp_path, days))
    assert code == 0, err
    (page,) = (tmp_path / "maps").glob("robbery/*/times.html")
    text = " ".join(re.sub(r"<[^>]+>", " ", page.read_text("utf-8")).split())
    assert re.search(words, text)
    splits = json.loads(page.with_name("summary.json").read_text("utf-8"))["conditions"]
    (split,) = (split for split in splits if split["direction"])
    assert split["direction"] == ("more" if words.startswith("all") else "fewer")
    assert split["ratio"] == (None if words.startswith("all") else 0)
    assert f"▲ {split['direction']}" in text or f"▼ {split['direction']}" in text


@pytest.mark.parametrize(
    "days",
    [list(FIRSTS) * 4, list(DAYS[:1]) * 40, list(DAYS[DAYS.day_of_week == 4]), list(DAYS[-31:]) * 2, list(DAYS[:3])],
    ids=["firsts of months", "one day", "Fridays", "one month", "three robberies"],
)
def test_every_command_ends_well_whatever_the_days(tmp_path: Path, days: list[pd.Timestamp]) -> None:
    arguments = write(tmp_path, days)
    middle = dt.date(2025, 7, 1)
    for command in (
        ["run", "--crime", "robbery"],
        ["performance"],
        ["operation", "--crime", "robbery", "--treated-ward", "Ashe", "--from", f"{middle}", "--to", "2025-07-31"],
    ):
        code, _, err = call(*command, *arguments)
        assert code in (0, 3, 4), err
    code, _, err = call("evaluate", "--crime", "robbery", *arguments[:4])
    assert code in (0, 3, 4), err

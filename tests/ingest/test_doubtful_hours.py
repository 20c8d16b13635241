"""Clock times that nobody can have meant: am and pm lost, and times that a form fills in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from hotspots.ingest.incidents.doubtful_hours import find_default_times, is_half_lost
from hotspots.ingest.incidents.intake import Intake, read_incidents
from hotspots.ingest.incidents.record_schema import Oddity
from hotspots.ingest.incidents.store import Store
from hotspots.pipeline.quality import assess_quality
from hotspots.products.summary.quality_summary import summarise_quality

Minutes = npt.NDArray[np.int64]


def draw_minutes(n: int, *, seed: int = 0, to_the_hour: float = 0.25) -> Minutes:
    """Times of a day that is busy in the evening and never still; so many of them rounded to the hour, or the half."""
    rng = np.random.default_rng(seed)
    pace = 1.5 + np.cos((np.arange(24) - 20) / 24 * 2 * np.pi)
    hour = rng.choice(24, n, p=pace / pace.sum())
    minute = rng.integers(0, 60, n)
    rounded = rng.random(n)
    minute[rounded < to_the_hour] = 0
    minute[(rounded >= to_the_hour) & (rounded < 1.5 * to_the_hour)] = 30
    minutes: Minutes = 60 * hour + minute
    return minutes[minutes > 0]


def read(tmp_path: Path, minutes: Minutes, form: str = "%d/%m/%Y %H:%M", ends: list[str] | None = None) -> Intake:
    rows = []
    for index, minute in enumerate(minutes.tolist()):
        at = pd.Timestamp("2025-01-01") + pd.Timedelta(days=index % 365, minutes=minute)
        rows.append(f"Robbery,{at.strftime(form)},{ends[index] if ends else ''},{538_000 + index},174500\n")
    (tmp_path / "a.csv").write_text("Offence,Date From,Date To,Easting,Northing\n" + "".join(rows))
    return read_incidents([tmp_path / "a.csv"])


@pytest.mark.parametrize("form", ["%d/%m/%Y %I:%M", "%d/%m/%Y %I:%M:%S", "%Y-%m-%d %I:%M"])
def test_times_that_lost_am_and_pm_are_not_believed(tmp_path: Path, form: str) -> None:
    minutes = draw_minutes(300)
    intake = read(tmp_path, minutes, form)
    assert set(intake.incidents["time_precision"]) == {"day"}
    assert intake.count(Oddity.HALF_LOST) == len(minutes) == len(intake.incidents)
    (note,) = intake.notes
    assert (
        f"of all its rows, of whatever crime and date, {len(minutes)} have a clock time, and none is in the "
        "afternoon or evening: am and pm were lost" in note
    )
    quality = assess_quality(intake)
    assert quality.times.n_half_lost == len(minutes)
    assert note in summarise_quality(quality).notes
    assert any("hours cannot be analysed" in finding for finding in summarise_quality(quality).findings)


def test_with_am_and_pm_they_are(tmp_path: Path) -> None:
    minutes = draw_minutes(300)
    intake = read(tmp_path, minutes, "%d/%m/%Y %I:%M %p")
    assert set(intake.incidents["time_precision"]) == {"minute"}
    assert intake.notes == ()


@pytest.mark.parametrize(
    "minutes",
    [
        draw_minutes(300),
        np.arange(300) % 480 + 540,  # wardens, from nine to five
        np.arange(300) % 300 + 420,  # a round in the morning, from seven to twelve
        np.arange(300) % 240 + 1320 - 1440 * (np.arange(300) % 240 >= 120),  # taxi marshals, from ten at night to two
        np.append(np.arange(300) % 720 + 60, 820),  # one time at 13:40
        np.arange(12) * 60 + 60,  # too few
    ],
)
def test_other_times_are_not_taken_for_half_a_day(minutes: Minutes) -> None:
    chance = is_half_lost(minutes)
    assert chance is None or chance > 0.01


def test_a_few_times_are_doubted_and_kept(tmp_path: Path) -> None:
    intake = read(tmp_path, (np.arange(25) * 57 + 61) % 1440, "%d/%m/%Y %I:%M")
    assert set(intake.incidents["time_precision"]) == {"minute"}
    assert "am and pm may have been lost" in intake.notes[0]


@pytest.mark.parametrize("default", [720, 540, 1, 1439, 1050, 1080])
@pytest.mark.parametrize("share", [0.2, 0.5])
def test_a_time_that_a_form_fills_in_is_found(tmp_path: Path, default: int, share: float) -> None:
    """As midnight is: the row keeps its day, and loses its hour."""
    others = draw_minutes(800, seed=default)
    n_default = round(800 * share / (1 - share))
    minutes = np.concatenate([others, np.full(n_default, default)])
    np.random.default_rng(1).shuffle(minutes)
    intake = read(tmp_path, minutes)
    is_there = minutes == default
    assert intake.count(Oddity.DEFAULT_TIME) == is_there.sum()
    assert (intake.incidents["time_precision"].to_numpy() == np.where(is_there, "day", "minute")).all()
    (note,) = intake.notes
    assert (
        f"of whatever crime and date, {is_there.sum():,} are at exactly {default // 60:02d}:{default % 60:02d}" in note
    )
    assert "read as not known" in note
    assert assess_quality(intake).times.n_default == is_there.sum()


def test_two_times_of_a_form_do_not_hide_each_other() -> None:
    minutes = np.concatenate([draw_minutes(1000), np.full(400, 720), np.full(300, 540), np.full(200, 660)])
    assert [found.minute for found in find_default_times(minutes) if found.is_certain] == [720, 540, 660]


@pytest.mark.parametrize("to_the_hour", [0.0, 0.3, 0.6])
@pytest.mark.parametrize("n", [60, 500, 5000])
def test_rounding_is_no_default(n: int, to_the_hour: float) -> None:
    """Heaps at every full and half hour are how people tell the time."""
    for seed in range(20):
        assert find_default_times(draw_minutes(n, seed=seed, to_the_hour=to_the_hour)) == ()


def test_a_heap_half_of_which_may_be_real_is_doubted_and_kept(tmp_path: Path) -> None:
    others = draw_minutes(6000, to_the_hour=0.5)
    usual = int((others == 720).sum())
    intake = read(tmp_path, np.concatenate([others, np.full(2 * usual, 720)]))
    assert intake.count(Oddity.DEFAULT_TIME) == 0
    (note,) = intake.notes
    assert f"of whatever crime and date, {3 * usual} are at exactly 12:00" in note
    assert "used as they stand" in note


def test_hours_without_minutes_are_doubted_at_most(tmp_path: Path) -> None:
    """Nothing but its height tells a heap of them from a hot hour."""
    hours = np.concatenate([draw_minutes(300) // 60, np.zeros(200, dtype=np.int64)])
    rows = [f"Robbery,{1 + n % 28}/03/2025,{hour},{538_000 + n},174500\n" for n, hour in enumerate(hours.tolist())]
    (tmp_path / "a.csv").write_text("Offence,Date,Hour,Easting,Northing\n" + "".join(rows))
    intake = read_incidents([tmp_path / "a.csv"])
    assert set(intake.incidents["time_precision"]) == {"minute"}
    assert "exactly 00:00" in intake.notes[0]


def test_an_interval_was_entered_by_somebody(tmp_path: Path) -> None:
    """Only those of no length, or up to the end of a day, are at the time of a form."""
    minutes = np.concatenate([draw_minutes(500), np.full(300, 720)])
    ends = [""] * (len(minutes) - 300) + ["31/12/2025 18:10"] * 100 + ["31/12/2025"] * 100 + ["31/12/2025 12:00"] * 100
    intake = read(tmp_path, minutes, ends=ends)
    lost = (intake.incidents["time_precision"] == "day").to_numpy()
    assert lost[-200:].all()
    assert not lost[-300:-200].any()


def test_dates_at_midnight_elsewhere_have_no_time(tmp_path: Path) -> None:
    """A web service gives local midnight in UTC, which is another hour in summer."""
    days = pd.date_range("2025-01-01", periods=300)
    utc = days.tz_localize("America/Toronto").tz_convert("UTC")
    rows = [f"Robbery,{at:%d/%m/%Y %H:%M},{538_000 + n},174500\n" for n, at in enumerate(utc)]
    (tmp_path / "a.csv").write_text("Offence,Date,Easting,Northing\n" + "".join(rows))
    intake = read_incidents([tmp_path / "a.csv"])
    assert set(intake.incidents["time_precision"]) == {"day"}
    assert intake.incidents["started_at"].dt.normalize().tolist() == days.tolist()


def test_the_store_keeps_what_was_doubted(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    read(tmp_path / "in", np.concatenate([draw_minutes(300), np.full(100, 720)]))
    store = Store(folder=tmp_path / "store")
    first, again = (read_incidents([tmp_path / "in"], store=store) for _ in range(2))
    assert first.incidents["time_precision"].tolist() == again.incidents["time_precision"].tolist()
    assert first.notes == again.notes != ()
    assert first.count(Oddity.DEFAULT_TIME) == again.count(Oddity.DEFAULT_TIME) > 0

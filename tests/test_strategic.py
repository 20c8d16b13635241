"""The yearly assessment: what it says of a study whose years are known."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support import Said
from test_performance import make_study

from hotspots.analysis.change.next_year import limit_unchanged
from hotspots.analysis.rates.ratios import compare_rates
from hotspots.house import HouseStyle
from hotspots.pipeline.strategic import StrategicAssessment, assess_year
from hotspots.pipeline.study import Study
from hotspots.products.drawing.strategic_report import make_strategic_report
from hotspots.products.files.report_folder import write_strategic
from hotspots.products.summary.strategic_summary import CrimeOfYear, StrategicSummary, summarise_strategic

SIX_YEARS = pd.period_range("2020-10", "2026-09", freq="M")
WINTER = (11, 12, 1)


@pytest.fixture(scope="module")
def found(demonstration: Study) -> StrategicAssessment:
    """Robbery falls by a tenth a year and doubles in winter, burglary doubles in the last year, drugs are few."""
    robbery = [round(60 * 0.9 ** (i // 12)) * (2 if m.month in WINTER else 1) for i, m in enumerate(SIX_YEARS)]
    burglary = [40] * 60 + [80] * 12
    study = make_study(
        demonstration,
        {"robbery": robbery, "burglary": burglary, "drugs": [1] * 72},
        months=SIX_YEARS,
    )
    wards = study.boundaries.wards
    # of two wards the first has a tenth of the residents, and so ten times the rate
    residents = np.where(np.arange(len(wards)) == 0, 100.0, 1000.0)
    boundaries = dataclasses.replace(study.boundaries, wards=wards.assign(population=residents))
    return assess_year(dataclasses.replace(study, boundaries=boundaries))


@pytest.fixture(scope="module")
def summary(found: StrategicAssessment) -> StrategicSummary:
    return summarise_strategic(found, formats=("strategic",))


def find(summary: StrategicSummary, slug: str) -> CrimeOfYear:
    return next(crime for crime in summary.crimes if crime.crime == slug)


def test_a_year_beside_five(summary: StrategicSummary) -> None:
    assert [crime.crime for crime in summary.crimes] == ["burglary", "robbery", "drugs"]  # most first
    assert [crime.crime for crime in summary.shown] == ["burglary", "robbery"]
    assert summary.n_history_months == 60  # of the six years that there are
    robbery, burglary = find(summary, "robbery"), find(summary, "burglary")
    assert robbery.season.trend is not None
    assert robbery.season.trend.direction == "falling"
    assert robbery.season.trend.change_per_year == pytest.approx(-0.1, abs=0.02)
    assert robbery.season.window is not None
    assert set(robbery.season.window.months) == set(WINTER)
    assert burglary.indicator.change is not None
    assert (burglary.indicator.change.n_previous, burglary.indicator.change.n_current) == (480, 960)
    assert burglary.indicator.change.verdict == "clearly deteriorating"
    assert summary.words is not None
    said = " ".join(summary.words.year)
    assert "burglary (480 to 960) rose" in said
    assert "robbery is falling by about 10% a year" in said
    assert summary.words.few == "Too few for a page: drugs (12)."


def test_counts_rates_and_costs_add_up(summary: StrategicSummary) -> None:
    n = {crime.crime: crime.indicator.n_current for crime in summary.crimes}
    for crime in summary.crimes:
        assert sum(ward.n_incidents for ward in crime.wards) == n[crime.crime]
    robbery = find(summary, "robbery")
    assert robbery.cost.total == pytest.approx(11_320 * n["robbery"], rel=0.005)  # stated to three figures
    assert robbery.cost.of_one == 11_300
    assert find(summary, "burglary").cost.total is None  # no figure is known
    assert (summary.cost.n_costed, summary.cost.n_incidents) == (n["robbery"], sum(n.values()))
    assert sum(ward.cost or 0 for ward in summary.wards) == pytest.approx(summary.cost.total, rel=0.01)
    assert summary.cost.of_fall == pytest.approx((summary.cost.total or 0) / 10, rel=0.01)
    residents = 100 + 1000 * (len(summary.wards) - 1)
    assert robbery.rate is not None
    assert robbery.rate.rate == pytest.approx(1000 * n["robbery"] / residents, rel=0.005)
    assert robbery.rate.low < robbery.rate.rate < robbery.rate.high
    burglary = find(summary, "burglary").highest_rates
    # 25 for 100 residents, where the others have some 25 for 1,000
    assert [ward.standing for ward in burglary] == ["above"] + ["like"] * (len(burglary) - 1)


def test_every_row_is_accounted_for(found: StrategicAssessment) -> None:
    accounts = found.accounts
    assert accounts.counted == sum(one.indicator.n_current for one in found.crimes)
    assert accounts.read == found.performance.study.intake.n_read
    assert accounts.n_unknown == 0


def test_the_pages_say_what_the_summary_says(summary: StrategicSummary, found: StrategicAssessment) -> None:
    report = make_strategic_report(summary, HouseStyle())
    headings = [section.heading for section in report.sections]
    assert headings == [
        "The year in short", "The order of priority", "Costs", "Burglary", "Robbery",
        "Wards", "Wards beside each other", "The next twelve months", "The data, and how sure this is",
    ]  # fmt: skip
    limits = (
        limit_unchanged(
            960,
            dispersion=max(float(found.crimes[0].indicator.change.table["dispersion"].iloc[0]), 1.0),
            n_free=float(found.crimes[0].indicator.change.table["n_free"].iloc[0]),
        )
        if found.crimes[0].indicator.change
        else None
    )
    assert summary.crimes[0].unchanged == limits


def test_the_same_bytes_twice(found: StrategicAssessment, tmp_path: Path) -> None:
    written = [write_strategic(found, tmp_path / name)[1] for name in ("a", "b")]
    assert set(written[0]) == {"strategic", "strategic_pdf", "strategic_docx", "strategic_json", "manifest"}
    for key, path in written[0].items():
        assert path.read_bytes() == written[1][key].read_bytes(), key
    page = written[0]["strategic"].read_text("utf-8")
    assert page.count('<table class="grid') >= 6
    assert json.loads(written[0]["strategic_json"].read_text("utf-8"))["n_history_months"] == 60


def test_of_a_year_and_a_bit_nothing_is_compared(demonstration: Study) -> None:
    months = pd.period_range("2025-08", "2026-09", freq="M")
    study = make_study(demonstration, {"robbery": [40] * 14, "burglary": [30] * 14}, months=months)
    summary = summarise_strategic(assess_year(study), formats=())
    assert [crime.unchanged for crime in summary.crimes] == [None, None]
    assert summary.words is not None
    said = " ".join((*summary.words.year, *summary.words.reading, *summary.words.outlook, *summary.words.data))
    assert "No crime can be compared with the twelve months before." in said
    assert "Trend and season need 24 months with data, which no crime has." in said
    assert "The data begin on 1 August 2025" in said
    assert "14 months of the five years" in said
    assert "19 times in 20" not in said
    assert "forecast" not in said


@pytest.mark.slow
def test_what_was_planted_in_the_demonstration(demonstration: Study, repository: Path) -> None:
    summary = summarise_strategic(assess_year(demonstration), formats=())
    truth = json.loads((repository / "data" / "truth.json").read_text("utf-8"))
    (planted,) = [one for one in truth["changes"] if one["crime"] == "asb"]
    changed = [(crime.crime, ward) for crime in summary.crimes for ward in crime.changed_wards]
    ((slug, ward),) = changed
    assert (slug, ward.name, ward.n_incidents) == ("asb", planted["ward"], planted["incidents"]["r12"])
    assert ward.change is not None
    assert ward.change.n_earlier == planted["incidents"]["r12_before"]
    season = find(summary, "asb").season.window
    assert season is not None
    assert season.months == (6, 7, 8)
    # knives are used in robberies and violence, which have costs of their own
    assert summary.cost.total == find(summary, "robbery").cost.total
    assert find(summary, "knife-crime").is_part


def test_the_next_year_by_brute_force() -> None:
    for n, dispersion, n_free in ((0, 1.0, math.inf), (7, 1.0, math.inf), (60, 2.5, 20.0), (400, 1.3, math.inf)):
        numbers = np.arange(4 * n + 60)
        p = compare_rates(numbers, np.full(len(numbers), n), dispersion=dispersion, n_free=n_free).p_value
        uncalled = numbers[p > 0.05]
        assert limit_unchanged(n, dispersion=dispersion, n_free=n_free) == (uncalled.min(), uncalled.max())


def test_of_years_in_which_nothing_changes_19_in_20_stay_within() -> None:
    this, following = np.random.default_rng(3).poisson(50, (2, 2000))
    limits = {n: limit_unchanged(n) for n in set(this.tolist())}
    inside = [limits[n][0] <= later <= limits[n][1] for n, later in zip(this.tolist(), following.tolist(), strict=True)]
    assert 0.94 < np.mean(inside) < 0.985


@pytest.mark.parametrize("option", [("--crime", "robbery"), ("--each-ward",), ("--from", "2025-01-01")])
def test_options_of_the_page_of_a_ward_are_refused(option: tuple[str, ...], call: Callable[..., Said]) -> None:
    said = call("brief", "--strategic", *option)
    assert said[0] == 2
    assert f"{option[0]} does not go with --strategic" in said[2]

"""The benchmark runs, checks that answers agree, says so in its table, and fails where they do not. No times here."""

from __future__ import annotations

import dataclasses
import importlib
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

from benchmarks import __main__ as command
from benchmarks.contest import N_PERMUTATIONS, DisagreementError
from benchmarks.contestants import (
    CONTESTANTS,
    STAGES,
    compare_density,
    compare_equal,
    compare_labels,
    compare_p,
    compare_z,
)
from benchmarks.data import FIRST_DAY, N_DAYS, Case, Spread
from benchmarks.measure import Measurement, measure
from benchmarks.r_peers import find_missing_package
from benchmarks.times import PLACELESS_STAGES, compare_change, compare_hours, compare_knox

TINY = Case(size="tiny", spread="snapped")


def run_python(repository: Path, *arguments: str) -> str:
    done = subprocess.run([sys.executable, *arguments], cwd=repository, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


# The command


def test_the_command_checks_answers_and_prints_a_table(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each contestant in a process of its own, as always; the command that compares them in this one."""
    stages = ("--stage", "ward join", "--stage", "DBSCAN")
    monkeypatch.setattr(sys, "argv", ["benchmarks", "--size", "tiny", "--spread", "snapped", "--repeats", "1", *stages])
    assert command.main() == 0
    table = capsys.readouterr().out
    assert "tiny, snapped: 3,000 incidents, 4 km2" in table
    for name, answers in [
        ("hotspots assign_wards", ""),
        ("geopandas sjoin", "all 3,000 equal"),
        ("geopandas sjoin within", "all 3,000 equal"),
        ("hotspots find_clusters", ""),
        ("scikit-learn DBSCAN", r"same [1-9]\d* groups and noise"),
    ]:
        assert re.search(rf"^  {name}(\s+[\d.]+){{6}}  {answers}$", table, re.M), table


def test_stages_without_places_are_measured_once(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stages = ("--stage", "change by ward", "--stage", "near repeat, 12 cells")
    monkeypatch.setattr(command, "measure", lambda *_, **__: Measurement(failure="not run"))
    monkeypatch.setattr(sys, "argv", ["benchmarks", "--size", "tiny", *stages])
    assert command.main() == 0
    table = capsys.readouterr().out
    assert "near repeats of 200, hours and change of 1,000 in 6 wards" in table
    assert (table.count("near repeat, 12 cells"), table.count("change by ward")) == (2, 1)

    monkeypatch.setattr(sys, "argv", ["benchmarks", "--size", "tiny", *stages[:2]])
    assert command.main() == 0
    table = capsys.readouterr().out
    assert (table.count("tiny, snapped"), table.count("tiny, unique")) == (1, 0)


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Has the command measure nothing: each contestant of the ward join costs and answers what is given here."""

    def pretend(*found: tuple[Measurement, list[str]]) -> None:
        def give(number: int, case: Case, *, answer: Path | None, **limits: float) -> Measurement:
            measurement, codes = found[number]
            if answer is not None and measurement.failure is None:
                np.save(answer, codes)
            return measurement

        monkeypatch.setattr(command, "measure", give)
        monkeypatch.setattr(command, "CONTESTANTS", CONTESTANTS[:3])
        monkeypatch.setattr(
            sys,
            "argv",
            ["benchmarks", "--size", "tiny", "--spread", "unique", "--stage", "ward join", "--repeats", "2"],
        )

    return pretend


def cost(run_s: float, peak_mb: float) -> Measurement:
    return Measurement(run_s=run_s, peak_mb=peak_mb, held_mb=90.0, import_s=0.25)


def test_ratios_are_to_the_first_of_the_stage(
    measured: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    measured((cost(0.5, 10), ["A", ""]), (cost(2, 25), ["A", ""]), (cost(0.25, 5), ["A", ""]))
    assert command.main() == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines() if line.startswith("  ")]
    assert rows[1] == ["hotspots", "assign_wards", "0.500", "0.500", "1", "10", "1", "0.25"]
    assert rows[2] == ["geopandas", "sjoin", "2.000", "2.000", "4", "25", "2.5", "0.25", "all", "2", "equal"]
    assert rows[3] == ["geopandas", "sjoin", "within", "0.250", "0.250", "0.5", "5", "0.5", "0.25", "all", "2", "equal"]


def test_an_answer_that_disagrees_fails_the_command(
    measured: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    measured((cost(1, 1), ["A", "B"]), (cost(1, 1), ["A", "A"]), (cost(1, 1), ["A", "B"]))
    assert command.main() == 1
    said = capsys.readouterr()
    assert "WRONG: 1 of 2 answers differ" in said.out
    assert "tiny, unique: ward join: geopandas sjoin: WRONG: 1 of 2 answers differ" in said.err


def test_a_failure_is_reported_and_hides_no_other(
    measured: Callable[..., None], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    measured((cost(1, 1), ["A"]), (Measurement(failure="out of memory at 8 GB"), []), (cost(1, 1), ["A"]))
    monkeypatch.setattr(sys, "argv", [*sys.argv, "--json"])
    assert command.main() == 0
    ours, failed, other = json.loads(capsys.readouterr().out)["rows"]
    assert failed["failure"] == "out of memory at 8 GB"
    assert failed["runs"] == []
    assert [len(row["runs"]) for row in (ours, other)] == [2, 2]
    assert other["agreement"] == "all 1 equal"


def test_a_package_that_is_not_installed_gives_a_row(
    measured: Callable[..., None], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    measured((cost(1, 1), ["A"]), (cost(1, 1), ["B"]), (cost(1, 1), ["A"]))
    absent = dataclasses.replace(CONTESTANTS[1], imports=("no_such_package.part",))
    monkeypatch.setattr(command, "CONTESTANTS", (CONTESTANTS[0], absent, CONTESTANTS[2]))
    assert command.main() == 0
    assert re.search(r"^  geopandas sjoin +no_such_package is not installed$", capsys.readouterr().out, re.M)


# The contestants, in this process


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("spread", ["snapped", "unique"])
@pytest.mark.parametrize("stage", STAGES)
def test_answers_agree(stage: str, spread: Spread) -> None:
    case = Case(size="tiny", spread=spread, seed=1)
    ours: Any = None
    n_compared, missing = 0, []
    for contestant in CONTESTANTS:
        # permutations have a test of their own
        if contestant.stage != stage or contestant.compare is compare_p:
            continue
        if contestant.r_package and (why := find_missing_package(contestant.r_package)):
            missing.append(why)
            continue
        try:
            for module in contestant.imports:
                importlib.import_module(module)
        except ModuleNotFoundError as error:
            missing.append(f"{error.name} is not installed")
            continue
        answer = contestant.answer(contestant.prepare(case)())
        if contestant.compare is None:
            ours = answer
        else:
            contestant.compare(ours, answer)
            n_compared += 1
    if not n_compared:
        pytest.skip(", ".join(map(str, missing)))


@pytest.mark.parametrize("spread", ["snapped", "unique"])
def test_pointpats_counts_the_same_pairs(spread: Spread) -> None:
    pytest.importorskip("pointpats")
    case = Case(size="tiny", spread=spread, seed=2)
    found = {
        contestant.name: contestant.answer(contestant.prepare(case)())
        for contestant in CONTESTANTS
        if contestant.stage == "near repeat, one cell"
    }
    ours, theirs = found["hotspots measure_near_repeat"], found["pointpats Knox"]
    assert ours[0, 0] > 10
    assert compare_knox(ours, theirs) == f"all {ours[0, 0]:.0f} pairs, p within chance"


def test_simulated_p_agrees_with_the_exact_one(repository: Path) -> None:
    pytest.importorskip("esda")
    code = """
import sys, warnings
sys.modules["numba"] = None  # which would compile for longer than all other tests here take
warnings.simplefilter("ignore")
from benchmarks import contestants, data

case = data.Case(size="tiny", spread="unique")
ours, _, theirs, _ = [c for c in contestants.CONTESTANTS if c.stage == "Gi*"]
print(theirs.compare(*(c.answer(c.prepare(case)()) for c in (ours, theirs))))
"""
    assert run_python(repository, "-c", code).startswith("p within chance of exact")


# What counts as agreement


def test_equal_means_every_value() -> None:
    codes = np.array(["A", "B", ""])
    assert compare_equal(codes, codes.copy()) == "all 3 equal"
    with pytest.raises(DisagreementError, match="^1 of 3 answers differ$"):
        compare_equal(codes, np.array(["A", "B", "B"]))
    with pytest.raises(DisagreementError, match="^there are not as many answers$"):
        compare_equal(codes, codes[:2])


def test_labels_may_be_numbered_otherwise_but_not_grouped_otherwise() -> None:
    ours = np.array([0, 0, 1, -1])
    assert compare_labels(ours, np.array([5, 5, 0, -1])) == "same 2 groups and noise"
    for theirs in ([0, 0, 0, -1], [0, 2, 1, -1], [0, 0, 1, 2], [-1, -1, 1, 0]):
        with pytest.raises(DisagreementError, match="^the groups are not the same$"):
            compare_labels(ours, np.array(theirs))


def test_density_may_differ_by_a_share_of_the_peak() -> None:
    ours = np.array([[0.0, 10.0]])
    assert compare_density(0.1)(ours, ours + 0.5) == "within 0.05 of the peak (0.1 allowed)"
    with pytest.raises(DisagreementError, match=r"^densities differ by 0.2 of the peak; 0.1 is allowed$"):
        compare_density(0.1)(ours, ours - 2)
    with pytest.raises(DisagreementError, match="^densities differ by nan of the peak"):
        compare_density(0.1)(ours, ours * np.nan)


def test_z_may_differ_by_rounding() -> None:
    ours = np.array([[1.0, 2.0], [0.5, 0.5], [0.5, 0.5]])
    assert compare_z(ours, np.array([1.0, 2.0 + 5e-10])) == "z within 5e-10 (1e-9 allowed)"
    with pytest.raises(DisagreementError, match="^z differs by 1e-08; 1e-9 is allowed$"):
        compare_z(ours, np.array([1.0, 2.0 + 1e-8]))


def test_p_may_differ_by_chance() -> None:
    rng = np.random.default_rng(3)
    p_hot = np.linspace(0, 1, 400)
    may_lose_ties = np.arange(400) == 100
    ours = np.stack([p_hot, p_hot, 1 - p_hot * 0.6, may_lose_ties])  # ties have two fifths of the probability
    n_larger = rng.binomial(N_PERMUTATIONS, p_hot)
    p = (np.minimum(n_larger, N_PERMUTATIONS - n_larger) + 1) / (N_PERMUTATIONS + 1)
    assert compare_p(ours, p) == "p within chance of exact"

    other_tail = p.copy()
    other_tail[100] = 1 - p[100]
    with pytest.raises(DisagreementError, match="in 1 of 400 cells, the first of them cell 100: 0.7"):
        compare_p(ours, other_tail)

    p[100] = 0.15  # where 0.25 is exact: as if the ties had been lost
    assert compare_p(ours, p) == "p within chance of exact (1 of 400 cells without ties)"
    ours[3] = 0
    with pytest.raises(DisagreementError, match="in 1 of 400 cells, .* cell 100: 0.150 by simulation, 0.251 exactly$"):
        compare_p(ours, p)


def test_pairs_may_not_differ_and_their_p_by_chance() -> None:
    ours = np.array([[30.0, 4.0], [25.5, 4.5], [0.2, 0.5]])
    assert compare_knox(ours, ours.copy()) == "all 34 pairs, p within chance"
    for row, value, words in [
        (0, 31, "^pairs are counted otherwise in 1 of 2 cells$"),
        (1, 25.6, "^other pairs are expected$"),
        (2, 0.35, "^p differs by more than chance: 0.350 where ours is 0.200$"),
        (2, np.nan, "^p differs by more than chance: nan where ours is 0.200$"),
    ]:
        theirs = ours.copy()
        theirs[row, 0] = value
        with pytest.raises(DisagreementError, match=words):
            compare_knox(ours, theirs)
    # a fifth of 999, and as many as draws of the same chance now and then give
    theirs = ours.copy()
    theirs[2, 0] = 0.24
    assert compare_knox(ours, theirs).endswith("p within chance")


def test_hours_may_differ_by_rounding() -> None:
    ours = np.array([20.0, 0.0, 80.0])
    assert compare_hours(ours, ours + 5e-8) == "all 3 hours within 5e-08"
    with pytest.raises(DisagreementError, match="^an hour differs by 2e-07 incidents$"):
        compare_hours(ours, ours + 2e-7)
    with pytest.raises(DisagreementError, match="^an hour differs by nan incidents$"):
        compare_hours(ours, ours * np.nan)


def test_change_may_differ_by_rounding_of_p_alone() -> None:
    ours = np.array([[3.0, 0.0], [9.0, 0.0], [0.15, 1.0], [0.15, 1.0]])
    theirs = ours.copy()
    theirs[2, 0] += 5e-10
    assert compare_change(ours, theirs) == "2 wards, p within 5e-10 (1e-9 allowed)"
    theirs[3, 0] += 1e-8
    with pytest.raises(DisagreementError, match="^p differs by 1e-08; 1e-9 is allowed$"):
        compare_change(ours, theirs)
    theirs[1, 1] = 1
    with pytest.raises(DisagreementError, match="^incidents are counted otherwise in 1 of 2 wards$"):
        compare_change(ours, theirs)


# The data


def test_wards_meet_without_gaps_or_overlaps() -> None:
    wards = TINY.wards()
    assert len(wards) == 6
    assert wards.is_valid.all()
    assert shapely.area(shapely.union_all(wards.geometry.to_numpy())) == pytest.approx(wards.area.sum(), rel=1e-9)
    assert wards.area.sum() / 1e6 == pytest.approx(TINY.sizes.area_km2, rel=0.05)
    assert wards.count_coordinates().min() > 100


def test_incidents_are_the_same_every_time() -> None:
    np.testing.assert_array_equal(TINY.coordinates(), TINY.coordinates())
    assert (TINY.coordinates() != Case(size="tiny", spread="snapped", seed=1).coordinates()).any()


def test_snapped_incidents_share_places_and_a_few_places_hold_thousands() -> None:
    xy = Case(size="london", spread="snapped").coordinates()
    n_each = np.sort(np.unique(xy[:, 0] + 1j * xy[:, 1], return_counts=True)[1])
    assert len(xy) == 1_100_000
    assert 90_000 < len(n_each) <= 100_000
    assert n_each[-4] > 3_000
    assert np.median(n_each) < 10
    unique = Case(size="tiny", spread="unique").coordinates()
    assert len(np.unique(unique, axis=0)) == len(unique) == 3_000


def test_crimes_are_days_of_a_year_in_no_more_than_a_borough() -> None:
    crimes = Case(size="london", spread="snapped").crimes()
    assert len(crimes) == 5_000
    assert np.ptp(crimes.get_coordinates().to_numpy(), axis=0).max() <= 8_000
    assert crimes.index.size > crimes.geometry.nunique()
    day = (crimes["started_at"].to_numpy() - FIRST_DAY).astype("timedelta64[D]").astype(int)
    assert set(day) == set(range(N_DAYS))


def test_times_are_of_every_kind_and_one_ward_has_none() -> None:
    from hotspots.analysis.hours import profile_week

    case = Case(size="borough", spread="unique")
    incidents = case.timed()
    found = profile_week(incidents).time_counts
    assert found.n_point + found.n_interval + found.n_week_or_more + found.n_untimed == 10_000
    assert found.n_point > found.n_interval > found.n_untimed > found.n_week_or_more > 10
    assert set(case.timed_wards()) - set(incidents["ward_code"]) == {"E00000041"}
    assert incidents.equals(Case(size="borough", spread="snapped").timed())
    assert set(PLACELESS_STAGES) <= set(STAGES)


# The measurement


def test_a_process_over_its_time_is_stopped() -> None:
    found = measure(0, TINY, time_limit_s=0.01, memory_limit_gb=8)
    assert found == Measurement(failure="over 0.01 s")


def test_a_process_that_fails_says_why() -> None:
    with pytest.raises(RuntimeError, match=r"hotspots assign_wards failed:\n(.*\n)*KeyError: 'no such size'"):
        measure(0, Case(size="no such size", spread="unique"), time_limit_s=60, memory_limit_gb=8)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux forgets a peak, and limits data")
def test_peak_memory_is_that_of_the_run_alone(repository: Path) -> None:
    code = """
import numpy as np
from benchmarks import contestants, data, measure

def prepare(case):
    np.ones(100_000_000)  # 800 MB that are gone before the run
    return lambda: np.ones(25_000_000)[:1]

measure.CONTESTANTS = (contestants.Contestant(stage="", name="", imports=(), prepare=prepare),)
case = data.Case(size="tiny", spread="unique")
print(measure.run_here(0, case, memory_limit_gb=2, answer="").peak_mb)
print(measure.run_here(0, case, memory_limit_gb=0.6, answer="").failure)
"""
    peak_mb, failure = run_python(repository, "-c", code).splitlines()
    assert float(peak_mb) == pytest.approx(200, rel=0.05)
    assert failure == "out of memory at 0.6 GB"

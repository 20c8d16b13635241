from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest

from hotspots.analysis.accuracy.folds import plan_folds
from hotspots.analysis.accuracy.holdout import JUDGED_SHARE, Holdout, MethodScore
from hotspots.analysis.accuracy.scores import AreaScore, HitRateDifference
from hotspots.errors import NotFoundError, ParameterError, TooLittleDataError
from hotspots.pipeline import evaluation
from hotspots.pipeline.evaluation import BANDWIDTHS_M, CELL_SIZES_M, Evaluation, evaluate
from hotspots.pipeline.request import AnalysisRequest
from hotspots.pipeline.study import Study, load_study

REQUEST = AnalysisRequest(crime="robbery", start=dt.date(2025, 1, 1), end=dt.date(2025, 12, 31))
SHARES = (0.01, 0.02, 0.05, 0.1)
ReadStudy = Callable[..., Study]


@pytest.fixture
def read_study(tmp_path: Path, square_wards: gpd.GeoDataFrame) -> ReadStudy:
    """A study of rows of CSV over the four wards."""

    def read(rows: list[str], header: str = "Offence,Date From,Easting,Northing") -> Study:
        (tmp_path / "a.csv").write_text("\n".join([header, *rows]))
        square_wards.to_file(tmp_path / "wards.gpkg")
        return load_study([tmp_path / "a.csv"], [tmp_path / "wards.gpkg"])

    return read


def make_rows(n: int = 600, *, offence: str = "Robbery", seed: int = 1, n_places: int = 12) -> list[str]:
    """Rows on a few places, some far more often hit than others, over the days of 2025."""
    rng = np.random.default_rng(seed)
    place = np.minimum(rng.geometric(0.3, n) - 1, n_places - 1)
    # each of them five doors that follow each other
    east, north = 530_100 + 150 * place + 5 * (np.arange(n) % 5), 180_100 + 137 * (5 * place % n_places)
    days = np.datetime64("2025-01-01") + np.sort(rng.integers(0, 365, n))
    return [f"{offence},{day.item():%d/%m/%Y},{x},{y}" for day, x, y in zip(days, east, north, strict=True)]


def make_score(hit_rate: float, area_share: float) -> AreaScore:
    return AreaScore(
        n_cells=10,
        n_hits=round(hit_rate * 100),
        n_incidents=100,
        area_share=area_share,
        hit_rate=hit_rate,
        hit_rate_interval=(hit_rate, hit_rate),
        pai=hit_rate / area_share,
        pai_interval=(1, 1),
        best_hit_rate=1.0,
        pei=hit_rate,
        rri=None,
        chance_interval=(0, 0.1),
    )


def make_method(
    method: Any, cell_size_m: float, hit_rate: float, p: float | None, h: float | None = None, taken: float = 0.0
) -> MethodScore:
    """A method that at 2% of the area has a hit rate, and at other shares another; it flags at least so much."""
    return MethodScore(
        method=method,
        cell_size_m=cell_size_m,
        bandwidth_m=h,
        scores=tuple(
            make_score(hit_rate if share == JUDGED_SHARE else 1 - hit_rate, max(share, taken)) for share in SHARES
        ),
        at_hotspots=None,
        against_best=None
        if p is None
        else HitRateDifference(
            area_share=0.02,
            first_hit_rate=0.9,
            second_hit_rate=hit_rate,
            difference=0.9 - hit_rate,
            difference_interval=(0.1, 0.2),
            n_cells_apart=10,
            p_value=p,
            confidence=0.95,
        ),
    )


def evaluate_made(study: Study, monkeypatch: pytest.MonkeyPatch, *methods: MethodScore) -> Evaluation:
    made = Holdout(
        folds=plan_folds(dt.date(2025, 1, 1), dt.date(2025, 12, 31), is_monthly=False),
        area_shares=SHARES,
        methods=methods,
        hotspots=None,
        last_hotspots=None,
        patrols=None,
        last_patrols=None,
        patrols_at_hotspots=None,
        n_incidents=100,
    )
    monkeypatch.setattr(evaluation, "evaluate_methods", lambda *_, **__: made)
    return evaluate(study, REQUEST)


@pytest.mark.parametrize(
    ("p_values", "is_clear"),
    [
        ((0.05, 0.02), True),
        ((0.051, 0.001), False),
        ((0.001, 0.5), False),
    ],
)
def test_the_best_is_clear_by_all_comparisons_on_its_own_cells(
    read_study: ReadStudy, monkeypatch: pytest.MonkeyPatch, p_values: tuple[float, float], is_clear: bool
) -> None:
    found = evaluate_made(
        read_study(make_rows(60)),
        monkeypatch,
        make_method("counts", 50, 0.5, p_values[0]),
        make_method("density", 50, 0.6, p_values[1], 300),
        make_method("risk", 50, 0.9, None),
        make_method("risk", 100, 0.7, None),  # the best on other cells, which says nothing of these
        make_method("density", 100, 0.65, 0.9, 500),
    )
    assert (found.best.method, found.best.cell_size_m) == ("risk", 50)
    assert found.best_density is not None
    assert (found.best_density.cell_size_m, found.best_density.bandwidth_m) == (100, 500)
    assert found.is_clear is is_clear


def test_cells_of_which_one_is_more_than_the_share_are_not_recommended(
    read_study: ReadStudy, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = read_study(make_rows(60))
    small, large = make_method("risk", 50, 0.5, None), make_method("risk", 500, 0.9, None, taken=0.03)
    assert evaluate_made(study, monkeypatch, small, large).best is small
    assert evaluate_made(study, monkeypatch, large).best is large  # there is nothing else to recommend


def test_without_densities_there_is_no_best_of_them(read_study: ReadStudy, monkeypatch: pytest.MonkeyPatch) -> None:
    study = read_study(make_rows(60))
    assert evaluate_made(study, monkeypatch, make_method("counts", 50, 0.5, None)).best_density is None


def test_places_that_repeat_are_found(read_study: ReadStudy) -> None:
    """Of twelve places in 1,600 cells none is left over at 1%: 16 cells."""
    steps: list[str] = []
    study = read_study([*make_rows(), *make_rows(offence="Burglary", seed=2)])
    found = evaluate(study, REQUEST, cell_sizes_m=(50,), bandwidths_m=(100, 300), progress=steps.append)
    assert steps == ["robbery: folds"]
    assert (found.crime.slug, found.start, found.end) == ("robbery", REQUEST.start, REQUEST.end)
    assert [(one.method, one.bandwidth_m) for one in found.holdout.methods] == [
        ("risk", None),
        ("counts", None),
        ("last period", None),
        ("density", 100),
        ("density", 300),
        ("gi-star", None),
    ]
    assert found.best.scores[1].hit_rate == 1
    assert not found.is_clear  # the counts find them as well
    assert not found.is_snapped
    assert [fold.test_start for fold in found.holdout.folds] == [dt.date(2025, month, 1) for month in (10, 11, 12)]
    assert found.holdout.n_incidents == sum("/10/2025" in r or "/11/2025" in r or "/12/2025" in r for r in make_rows())
    hotspots = found.holdout.hotspots
    assert hotspots is not None
    assert hotspots.hit_rate > 0.5


def test_the_usual_sizes_are_tried(read_study: ReadStudy, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}

    def watch(*_: Any, **options: Any) -> Holdout:
        asked.update(options)
        raise TooLittleDataError("enough seen")

    monkeypatch.setattr(evaluation, "evaluate_methods", watch)
    request = dataclasses.replace(REQUEST, max_extent_m=250.0, eps_m=75.0)
    with pytest.raises(TooLittleDataError, match="enough seen"):
        evaluate(read_study(make_rows(60)), request)
    assert (asked["cell_sizes_m"], asked["bandwidths_m"]) == (CELL_SIZES_M, BANDWIDTHS_M)
    assert asked["hotspot_options"] == request.hotspot_options


def test_months_alone_are_tested_in_whole_months(read_study: ReadStudy) -> None:
    """Half a year: in days it would be tested in weeks."""
    place = [(530_125 + 400 * i, 180_525 + 300 * i) for i in range(4)]
    rows = [
        f"2025-{month:02},{place[i % 4][0]},{place[i % 4][1]},{crime}"
        for crime, n in (("Robbery", 40), ("Drugs", 20))
        for month in range(1, 7)
        for i in range(n)
    ]
    study = read_study(rows, "Month,Easting,Northing,Crime type")
    request = dataclasses.replace(REQUEST, end=dt.date(2025, 6, 30))
    found = evaluate(study, request, cell_sizes_m=(50,), bandwidths_m=())
    assert [fold.test_start for fold in found.holdout.folds] == [dt.date(2025, month, 1) for month in (4, 5, 6)]
    assert found.holdout.n_incidents == 120
    (last,) = [one for one in found.holdout.methods if one.method == "last period"]
    assert [score.hit_rate for score in last.scores] == [1, 1, 1, 1]
    assert found.best_density is None


def test_incidents_located_to_an_area_are_no_part_of_it(read_study: ReadStudy) -> None:
    rows = [row.replace("Robbery", "Robbery,") for row in make_rows(300)]
    split = [row.split(",") for row in rows]
    header = "Offence,Grid Ref,Date From"
    precise = [f"Robbery,TQ {int(r[3]) - 500_000:05} {int(r[4]) - 100_000:05},{r[2]}" for r in split]
    coarse = [f"Robbery,TQ 30 80,{r[2]}" for r in split]
    found, alone = (evaluate(read_study(part, header), REQUEST, cell_sizes_m=(100,), bandwidths_m=(200,))
                    for part in (precise + coarse, precise))  # fmt: skip
    assert found.holdout == alone.holdout
    with pytest.raises(TooLittleDataError, match="there are 0 and 0"):
        evaluate(read_study(coarse, header), REQUEST)


def test_what_cannot_be_evaluated_says_why(read_study: ReadStudy) -> None:
    study = read_study(make_rows(60))
    with pytest.raises(NotFoundError, match='No crime called "piracy".*Ask for one of: robbery'):
        evaluate(study, dataclasses.replace(REQUEST, crime="piracy"))
    with pytest.raises(NotFoundError, match='No ward called "Narnia"'):
        evaluate(study, dataclasses.replace(REQUEST, wards=("Narnia",)))
    with pytest.raises(
        TooLittleDataError, match="needs a week to test on and three before it .* Analyse a longer period"
    ):
        evaluate(study, dataclasses.replace(REQUEST, end=dt.date(2025, 1, 20)))
    with pytest.raises(TooLittleDataError, match="needs at least 30 incidents to fit and as many to test on"):
        evaluate(study, REQUEST)
    study = read_study(make_rows())
    with pytest.raises(ParameterError, match="extent must be .* m or more, not 50 m"):
        evaluate(study, dataclasses.replace(REQUEST, max_extent_m=50.0))
    with pytest.raises(ParameterError, match="bandwidth must be above 0 m, not -1"):
        evaluate(study, REQUEST, bandwidths_m=(-1,))
    with pytest.raises(ParameterError, match="at least one cell size"):
        evaluate(study, REQUEST, cell_sizes_m=())

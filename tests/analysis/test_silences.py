"""Parts of the data that fall silent while the rest goes on."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from hotspots.analysis.change.gaps import find_empty_months, find_thinned_months
from hotspots.analysis.change.silences import find_silences
from hotspots.errors import ParameterError

MONTHS = pd.period_range("2024-01", periods=24, freq="M")


def counts(*rows: list[int]) -> pd.DataFrame:
    return pd.DataFrame(
        list(rows), index=[f"part {i}" for i in range(len(rows))], columns=MONTHS[: len(rows[0])], dtype="int64"
    )


def find(*rows: list[int]) -> list[tuple[str, str, str]]:
    return [(found.part, str(found.first), str(found.last)) for found in find_silences(counts(*rows))]


@pytest.mark.parametrize(
    ("n_before", "n_silent", "n_after", "months"),
    [
        (18, 6, 0, ("2025-07", "2025-12")),  # it ends
        (0, 9, 15, ("2024-01", "2024-09")),  # it begins late
        (10, 4, 10, ("2024-11", "2025-02")),  # it stops in between
    ],
)
def test_a_part_that_stops_while_the_rest_goes_on(
    n_before: int, n_silent: int, n_after: int, months: tuple[str, str]
) -> None:
    part = [10] * n_before + [0] * n_silent + [10] * n_after
    assert find(part, [30] * 24) == [("part 0", *months)]


def test_few_incidents_are_no_silence_to_be_sure_of() -> None:
    # two a month: none in six months is a chance of exp(-12), which is not beyond doubt
    assert find([2] * 18 + [0] * 6, [30] * 24) == []


def test_what_stops_at_once_is_judged_together() -> None:
    """Twelve a month in four parts: fifteen are expected in each of two that stop, and the rest is what goes on."""
    stops, goes_on = [3] * 19 + [0] * 5, [3] * 24
    assert find(stops, goes_on, goes_on, goes_on) == []
    assert [part for part, *_ in find(stops, stops, goes_on, goes_on)] == ["part 0", "part 1"]


def test_what_is_expected_falls_with_the_rest() -> None:
    """In a month in which all crime falls to a tenth, a small part without any is no hole."""
    rest = [60] * 16 + [6] * 3 + [60] * 5
    assert find([20] * 16 + [0] * 3 + [20] * 5, rest) == []
    assert find([20] * 16 + [0] * 3 + [20] * 5, [60] * 24) == [("part 0", "2025-05", "2025-07")]


def test_what_stops_with_one_beyond_doubt_needs_less() -> None:
    sure, less_sure = [10] * 18 + [0] * 6, [2] * 18 + [0] * 6
    assert [part for part, *_ in find(sure, less_sure, [40] * 24)] == ["part 0", "part 1"]
    assert find(less_sure, [40] * 24) == []


def test_months_that_are_empty_every_year_are_a_season() -> None:
    assert find(([0] * 6 + [30] * 6) * 2, [60] * 24) == []


def test_one_burst_may_be_all_there_was() -> None:
    assert find([0] * 20 + [5, 5, 0, 0], [60] * 24) == []
    # but not of so many a month: a file that begins late
    assert find([0] * 20 + [50] * 4, [60] * 24) == [("part 0", "2024-01", "2025-08")]


@pytest.mark.parametrize(("mean", "variance"), [(0.5, 1.0), (3.0, 1.0), (3.0, 2.0), (12.0, 2.0)])
def test_whole_data_hardly_ever_raise_an_alarm(mean: float, variance: float) -> None:
    """Twenty wards over two years with a season and a spring in which crime falls to 0.4: `docs/methods/change.md`."""
    random = np.random.default_rng(7)
    level = 1 + 0.4 * np.sin(np.arange(24) / 12 * 2 * np.pi)
    level[14:17] *= 0.4
    n_alarms = 0
    for _ in range(20):
        expected = mean * random.gamma(2, 0.5, (20, 1)) * level
        if variance > 1:
            expected = random.gamma(expected / (variance - 1), variance - 1)
        n_alarms += bool(find_silences(counts(*random.poisson(expected).tolist())))
    assert n_alarms <= 1


def test_the_columns_are_consecutive_months() -> None:
    with pytest.raises(ParameterError, match="must have consecutive months as columns"):
        find_silences(counts([1] * 24, [1] * 24).drop(columns=MONTHS[3]))
    with pytest.raises(ParameterError, match="must have consecutive months as columns"):
        find_silences(pd.DataFrame({"2024-01": [1]}))


def test_rows_lost_of_all_crimes_alike_are_no_fall() -> None:
    by_crime = pd.DataFrame({"burglary": [200] * 12, "robbery": [100] * 12, "drugs": [60] * 12}, index=MONTHS[:12])
    by_crime.iloc[5] = [60, 30, 18]
    assert np.flatnonzero(find_thinned_months(by_crime)).tolist() == [5]
    by_crime.iloc[5] = [40, 20, 66]  # in spring 2020 burglary fell and drug offences did not
    assert not find_thinned_months(by_crime).any()
    # of one crime nobody can tell
    assert not find_thinned_months(by_crime[["burglary"]]).any()


def test_a_rare_crime_has_months_without_any() -> None:
    index = MONTHS[:6]
    assert not find_empty_months(pd.Series([3, 2, 0, 4, 1, 2], index=index)).any()
    assert (
        find_empty_months(pd.Series([30, 20, 0, 40, 10, 20], index=index)).tolist()
        == [False] * 2 + [True] + [False] * 3
    )
    # between two low months less was to be expected
    assert not find_empty_months(pd.Series([30, 8, 0, 9, 30, 30], index=index)).any()

"""Which crimes come first: several measures of each, scored, weighted and ranked."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import pandas as pd

from hotspots.errors import ParameterError, TooLittleDataError

Floats = npt.NDArray[np.float64]

CRITERIA = ("volume", "trend", "harm", "cost", "concentration")
EQUAL_WEIGHTS: Mapping[str, float] = MappingProxyType(dict.fromkeys(CRITERIA, 1.0))

_TOP_SCORE = 10.0
MAX_WEIGHT = 1000.0
"""A criterion of a thousand times the weight of another decides alone."""
_TRIED = (0.5, 1.0, 2.0)
"""Times its weight that each criterion is given in turn, to see what the order owes to the weights."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Priorities:
    """Crimes in order.

    Attributes:
        table: On the index of the measures, the first priority first: a score of 0-10 for each criterion, missing where
            the measure is; `score`, their weighted mean over those that are known; `score_low`, `score_high`: the mean
            over all if those that are not known were 0, and 10; `rank`, by `score`; `rank_low`, `rank_high`: the best
            and the worst rank that it takes when each criterion's weight is halved, kept or doubled, in every
            combination, or when scores that are not known are anything from 0 to 10 and those that are stay.
        unknown: The criteria with a weight of which a crime's measure is missing and that of another is not, for each
            crime of the table.
        criterion_weights: As they were used; they sum to 1.
        unranked: Crimes of which no criterion with a weight is known, and which are not in the table.
    """

    table: pd.DataFrame
    unknown: Mapping[str, tuple[str, ...]]
    criterion_weights: Mapping[str, float]
    unranked: tuple[str, ...]


def rank_priorities(measures: pd.DataFrame, *, criterion_weights: Mapping[str, float] = EQUAL_WEIGHTS) -> Priorities:
    """Score crimes by each criterion, and put them in order of the weighted mean.

    Measures differ in unit and by factors of a thousand, so each is scored by its order: 10 for the crime that has
    most, 0 for the one that has least, even steps between, ties the mean of their places. The distance between two
    crimes is lost by this; in return no single large number (the cost of homicide) decides everything.

    The order is a judgement, and the weights are the judgement: `rank_low` and `rank_high` say how much of it stands
    if they are changed. A criterion that is not known of a crime is left out of its mean, which takes the crime to be
    as urgent by it as by the others. It need not be: `score_low` and `score_high` say how far the score could go, and
    the ranks allow for it. A crime of which nothing is known is not put in order.

    Args:
        measures: float, a row a crime and a column a criterion, more meaning more urgent; missing where not known.
        criterion_weights: From 0, of each column; need not sum to 1.

    Raises:
        ParameterError: A column has no weight, a weight is negative or not a number, or all are 0.
        TooLittleDataError: There are fewer than two crimes to put in order.
    """
    if len(measures) < 2:
        raise TooLittleDataError(
            "Priorities need two or more crimes to put in order; there "
            f"{'is only one' if len(measures) else 'are none'}. Read more kinds of crime."
        )
    given = [criterion_weights.get(str(name), math.nan) for name in measures.columns]
    for name, weight in zip(measures.columns, given, strict=True):
        if not (math.isfinite(weight) and 0 <= weight <= MAX_WEIGHT):
            raise ParameterError(
                f'Each criterion needs a weight from 0 to {MAX_WEIGHT:,.0f}; "{name}" has '
                f"{criterion_weights.get(str(name))}. 0 leaves a criterion out, 1 is usual."
            )
    plain = np.array(given, dtype=np.float64)
    if plain.sum() == 0:
        raise ParameterError(
            "At least one criterion must have a weight above 0; all have 0. Leave them out for 1 each."
        )
    is_known = np.asarray((measures.notna().to_numpy() & (plain > 0)).any(axis=1), dtype=bool)
    unranked = tuple(map(str, measures.index[~is_known]))
    scores = measures.apply(_score).to_numpy(dtype=np.float64)[is_known]
    used = np.where(np.isnan(scores).all(axis=0), 0.0, plain)  # what is known of none tells nothing apart
    least, most = np.nan_to_num(scores, nan=0.0), np.nan_to_num(scores, nan=_TOP_SCORE)
    means = _weigh(scores, used)
    tried = [used * factors for factors in itertools.product(_TRIED, repeat=len(used))]
    ranks = [_rank(_weigh(scores, weights)) for weights in tried]
    best, worst = _rank_range(_weigh(least, used), _weigh(most, used))
    table = pd.DataFrame(scores, index=measures.index[is_known], columns=measures.columns)
    is_unknown = np.isnan(scores) & (used > 0)
    table["score"] = means
    table["score_low"], table["score_high"] = _weigh(least, used), _weigh(most, used)
    table["rank"] = _rank(means)
    table["rank_low"], table["rank_high"] = np.min([*ranks, best], axis=0), np.max([*ranks, worst], axis=0)
    shares = plain / plain.sum()
    return Priorities(
        table=table.sort_values("rank", kind="stable"),
        unknown=MappingProxyType(
            {
                str(crime): tuple(map(str, measures.columns[missing]))
                for crime, missing in zip(table.index, is_unknown, strict=True)
            }
        ),
        criterion_weights=MappingProxyType(dict(zip(map(str, measures.columns), shares.tolist(), strict=True))),
        unranked=unranked,
    )


def _score(measure: pd.Series) -> pd.Series:
    """0 to 10 by order; 5 for the only one that is known, or for all where all are alike."""
    known = measure.notna().sum()
    if known < 2:
        return measure.where(measure.isna(), _TOP_SCORE / 2).astype(np.float64)
    return (measure.rank() - 1) / (known - 1) * _TOP_SCORE


def _weigh(scores: Floats, criterion_weights: Floats) -> Floats:
    """The mean of the known scores of each crime."""
    parts = np.where(np.isnan(scores), 0.0, criterion_weights)
    weighted: Floats = (parts * np.nan_to_num(scores)).sum(axis=1) / parts.sum(axis=1)
    return weighted


def _rank(values: Floats) -> npt.NDArray[np.int64]:
    """1 for the highest; equal values share the better rank."""
    return _rank_range(values, values)[0]


def _rank_range(low: Floats, high: Floats) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The best and the worst rank of each value, if it is `high` and all others `low`, and the other way round."""
    low, high = np.round(low, 9), np.round(high, 9)
    best = 1 + (low[None, :] > high[:, None]).sum(axis=1)
    worst = 1 + (high[None, :] > low[:, None]).sum(axis=1) - (high > low)
    return best.astype(np.int64), worst.astype(np.int64)

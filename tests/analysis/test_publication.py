"""Publication against an attacker who tries every table of counts there can be."""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt

from hotspots.analysis.publication import (
    StatedYear,
    state_year,
)

Integers = npt.NDArray[np.int64]


def list_fitting(told: npt.NDArray[np.bool_], sums: Integers, highest: int) -> Integers:
    """Every table of counts up to the highest that fits what is told: (n_tables, n_wards, n_months)."""
    n_wards, n_months = told.shape[1:]
    rows = np.array(list(itertools.product(range(highest + 1), repeat=n_months)), dtype=np.int16)
    tables = np.zeros((1, 0, n_months), dtype=np.int16)
    for ward in range(n_wards):
        so_far = told[:, : ward + 1]
        within = ~told[:, ward + 1 :].any(axis=(1, 2))
        grown = []
        for chunk in np.array_split(tables, max(1, len(tables) * len(rows) // 2_000_000)):
            joined = np.concatenate(
                [np.repeat(chunk, len(rows), axis=0), np.tile(rows, (len(chunk), 1))[:, None, :]], axis=1
            )
            added = np.tensordot(joined, so_far, axes=([1, 2], [1, 2]))
            grown.append(joined[(added <= sums).all(axis=1) & (added[:, within] == sums[within]).all(axis=1)])
        tables = np.concatenate(grown)
    return tables


def count_values(tables: Integers) -> dict[tuple[bool, ...], Integers]:
    """The values that each sum of cells takes in some table."""
    flat = tables.reshape(len(tables), -1).astype(np.int64)
    return {
        chosen: np.unique(flat[:, np.array(chosen)].sum(axis=1))
        for chosen in itertools.product((False, True), repeat=flat.shape[1])
        if any(chosen)
    }


def find_leaks(world: Integers, told: npt.NDArray[np.bool_], *, highest: int, knows_rule: bool = False) -> list[str]:
    """Sums of cells of which too few values fit; those that are known must be ten or more."""
    sums = told.reshape(len(told), -1) @ world.ravel()
    tables = list_fitting(told, sums, highest)
    if knows_rule:
        # what is told depends on sums of rows and columns alone
        margins = np.concatenate([tables.sum(axis=2), tables.sum(axis=1)], axis=1)
        _, first, of = np.unique(margins, axis=0, return_index=True, return_inverse=True)
        stated = pack(state_year(world))
        tables = tables[np.array([pack(state_year(tables[at])) == stated for at in first])[of.ravel()]]
    leaks = []
    for chosen, values in count_values(tables).items():
        true = int(world.ravel()[np.array(chosen)].sum())
        is_known = len(values) == 1 and true >= 10
        if not is_known and len(values) < (10 if knows_rule else 11) and (true < 10 or not knows_rule):
            leaks.append(f"{world.tolist()} {chosen}: {values.tolist()}")
    return leaks


def pack(stated: StatedYear) -> tuple[object, ...]:
    return stated.wards.tobytes(), stated.months.tobytes(), stated.has_total


SHAPES = {(2, 2): (36, 13), (3, 2): (22, 8), (2, 3): (22, 8)}
"""Highest count that the attacker tries, and that the world has, by wards and months."""

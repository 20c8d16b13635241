"""What one method of a stage is, to the benchmark."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.data import Case

Array = npt.NDArray[Any]
Run = Callable[[], Any]

N_PERMUTATIONS = 999


class DisagreementError(Exception):
    """Two methods that should give the same answer do not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contestant:
    """One method of one stage.

    Attributes:
        stage: What is done; contestants of a stage do the same.
        name: Package and function.
        imports: Modules, loaded first and timed apart.
        prepare: Makes the input and returns what is timed. If that has a `pid`, the memory is that of this process.
        answer: Turns what a run returned into an array, outside the clock.
        compare: Says in words how well the first contestant's answer and this one agree, or raises; None for the first.
        r_package: Of R, that it needs.
    """

    stage: str
    name: str
    imports: tuple[str, ...]
    prepare: Callable[[Case], Run]
    answer: Callable[[Any], Array] = np.asarray
    compare: Callable[[Array, Array], str] | None = None
    r_package: str | None = None

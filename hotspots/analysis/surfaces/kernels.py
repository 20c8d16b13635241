"""The kernels of a density, and how much each smooths."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from hotspots.errors import ParameterError

Floats = npt.NDArray[np.float64]

Kernel = Literal["quartic", "epanechnikov", "triweight", "triangular", "uniform", "gaussian"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelShape:
    """A kernel of bandwidth 1 that integrates to 1 over the plane.

    Attributes:
        weigh: The kernel as a function of u², the squared distance; holds up to `reach` only.
        variance: Along one axis.
        roughness: Integral of the square of the kernel.
        reach: Distance beyond which the kernel is nothing.
    """

    weigh: Callable[[Floats], Floats]
    variance: float
    roughness: float
    reach: float = 1.0


KERNELS: dict[Kernel, KernelShape] = {
    "quartic": KernelShape(weigh=lambda u2: 3 / math.pi * (1 - u2) ** 2, variance=1 / 8, roughness=9 / (5 * math.pi)),
    "epanechnikov": KernelShape(weigh=lambda u2: 2 / math.pi * (1 - u2), variance=1 / 6, roughness=4 / (3 * math.pi)),
    "triweight": KernelShape(
        weigh=lambda u2: 4 / math.pi * (1 - u2) ** 3, variance=1 / 10, roughness=16 / (7 * math.pi)
    ),
    "triangular": KernelShape(
        weigh=lambda u2: 3 / math.pi * (1 - np.sqrt(u2)), variance=3 / 20, roughness=3 / (2 * math.pi)
    ),
    "uniform": KernelShape(weigh=lambda u2: np.full_like(u2, 1 / math.pi), variance=1 / 4, roughness=1 / math.pi),
    # what lies beyond 5.5 standard deviations is exp(-5.5²/2), 0.00003% of the kernel
    "gaussian": KernelShape(
        weigh=lambda u2: np.exp(-u2 / 2) / (2 * math.pi), variance=1.0, roughness=1 / (4 * math.pi), reach=5.5
    ),
}


def require_kernel(kernel: Kernel) -> None:
    """Refuse an unknown kernel.

    Raises:
        ParameterError: The kernel is not known; the message lists those known.
    """
    if kernel not in get_args(Kernel):
        raise ParameterError(f'No kernel called "{kernel}". Choose one of: {", ".join(get_args(Kernel))}.')

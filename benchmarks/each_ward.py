"""Every crime in every ward, as a caller of Hotspots writes it today: the files are read once, the rest is a loop.

`python -m benchmarks.each_ward INCIDENTS WARDS OUT CRIME ...` says how many of the wards have enough to be analysed.
"""

from __future__ import annotations

import sys
from pathlib import Path

from hotspots.errors import TooLittleDataError
from hotspots.pipeline import AnalysisRequest, analyse, load_study
from hotspots.products.files import write_products


def analyse_each(incidents: str, boundaries: str, out: str, *crimes: str) -> tuple[int, int]:
    """Write the products of each ward to a folder of its own; how many there are, and how many were asked for."""
    study = load_study([Path(incidents)], [Path(boundaries)])
    wards = [str(ward) for ward in study.boundaries.wards.index]
    n_written = 0
    for ward in wards:
        for crime in crimes:
            try:
                analysis = analyse(study, AnalysisRequest(crime=crime, wards=(ward,)))
            except TooLittleDataError:
                continue
            write_products(analysis, Path(out) / ward)
            n_written += 1
    return n_written, len(wards) * len(crimes)


if __name__ == "__main__":
    print("{} of {}".format(*analyse_each(*sys.argv[1:])))

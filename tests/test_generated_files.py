"""Files made by chance are read right, refused, or doubted in words. `generated_files.py` makes them, and many more."""

from __future__ import annotations

import pytest
from generated_files import try_many


@pytest.mark.slow
def test_files_made_by_chance_are_not_silently_wrong() -> None:
    found = try_many(15, first_seed=20_000, at_most=(1, 10))
    assert found.faults == []
    assert found.n_runs > 0
    assert found.outcomes["taken"] > found.n_files / 2

from .coverage import Coverage as Coverage
from .coverage import WindowCoverage as WindowCoverage
from .coverage import measure_coverage as measure_coverage
from .coverage import measure_reach as measure_reach
from .coverage import measure_window_coverage as measure_window_coverage

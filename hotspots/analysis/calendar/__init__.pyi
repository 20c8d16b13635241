from .conditions import ConditionSplit as ConditionSplit
from .conditions import StratifiedRatio as StratifiedRatio
from .conditions import compare_conditions as compare_conditions
from .conditions import compare_strata as compare_strata
from .days import Calendar as Calendar
from .days import make_calendar as make_calendar
from .days import measure_darkness as measure_darkness

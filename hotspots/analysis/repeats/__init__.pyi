from .knox import Metric as Metric
from .near_repeat import NearRepeat as NearRepeat
from .near_repeat import measure_near_repeat as measure_near_repeat
from .place_concentration import PlaceShare as PlaceShare
from .place_concentration import measure_gini as measure_gini
from .repeat_places import PlaceKind as PlaceKind
from .repeat_places import Repeats as Repeats
from .repeat_places import measure_repeats as measure_repeats

from .risky_facilities import FACILITY_RULES as FACILITY_RULES
from .risky_facilities import MAX_FALSE_SHARE as MAX_FALSE_SHARE
from .risky_facilities import BusiestShare as BusiestShare
from .risky_facilities import FacilityRule as FacilityRule
from .risky_facilities import RiskyFacilities as RiskyFacilities
from .risky_facilities import WithheldFacilities as WithheldFacilities
from .risky_facilities import measure_facilities as measure_facilities

from .street_network import StreetNetwork as StreetNetwork
from .street_network import build_network as build_network
from .walking import WALKING_M_PER_MINUTE as WALKING_M_PER_MINUTE
from .walking import NearPairs as NearPairs
from .walking import find_near as find_near
from .walking import measure_walks as measure_walks

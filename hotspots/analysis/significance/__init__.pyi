from .cell_size import CellSizeChoice as CellSizeChoice
from .cell_size import choose_cell_size as choose_cell_size
from .gi_star import Significance as Significance
from .gi_star import measure_gi_star as measure_gi_star
from .persistence import PERSISTENCE_CATEGORIES as PERSISTENCE_CATEGORIES
from .persistence import Persistence as Persistence
from .persistence import classify_persistence as classify_persistence
from .persistence import measure_trend as measure_trend

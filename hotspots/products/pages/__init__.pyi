from .map_page import draw_map as draw_map
from .operation_page import draw_operation as draw_operation
from .patrols_done_page import draw_patrols_done as draw_patrols_done
from .patrol_card import draw_patrol_card as draw_patrol_card
from .performance_page import draw_performance as draw_performance
from .quality_page import draw_quality as draw_quality
from .times_page import draw_times as draw_times

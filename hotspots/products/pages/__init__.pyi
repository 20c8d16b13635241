from .haven_plan_page import draw_havens as draw_havens
from .map_page import draw_map as draw_map
from .operation_page import draw_operation as draw_operation
from .patrol_card import draw_patrol_card as draw_patrol_card
from .performance_page import draw_performance as draw_performance
from .quality_page import draw_quality as draw_quality
from .safety_page import draw_safety as draw_safety
from .times_page import draw_times as draw_times

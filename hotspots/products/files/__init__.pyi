from .bundle import write_products as write_products
from .folders import require_apart as require_apart
from .folders import restore_products as restore_products
from .haven_plan_folder import write_havens as write_havens
from .index import write_index as write_index
from .operation_folder import write_operation as write_operation
from .performance_folder import write_performance as write_performance
from .poster_folder import write_posters as write_posters

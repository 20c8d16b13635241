from .bundle import write_products as write_products
from .folders import require_apart as require_apart
from .folders import restore_products as restore_products
from .index import write_index as write_index
from .operation_folder import write_operation as write_operation
from .patrols_done_folder import write_patrols_done as write_patrols_done
from .patrol_plan_folder import write_patrol_plan as write_patrol_plan
from .performance_folder import write_performance as write_performance

from .bundle import write_bundle as write_bundle
from .index import write_index as write_index
from .operation_folder import write_operation as write_operation
from .performance_folder import write_performance as write_performance

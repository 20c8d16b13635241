from .old_files import sweep_shelf as sweep_shelf
from .old_incidents import ForgettingError as ForgettingError
from .old_incidents import forget_old_incidents as forget_old_incidents
from .old_rows import remove_jobs as remove_jobs
from .old_rows import remove_products as remove_products
from .old_rows import remove_row_files as remove_row_files
from .rule import keep_to_rule as keep_to_rule

from .backed_up import BackedUp as BackedUp
from .restoring import restore_backup as restore_backup
from .taking import take_backup as take_backup

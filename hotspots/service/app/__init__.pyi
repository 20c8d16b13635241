from .application import make_app as make_app
from .first_visit import MadeAccount as MadeAccount
from .first_visit import prepare_demonstration as prepare_demonstration
from .header_deadline import HeaderDeadline as HeaderDeadline
from .listening import listen as listen
from .listening import make_server as make_server
from .listening import require_safe as require_safe
from .worker_processes import keep_workers as keep_workers

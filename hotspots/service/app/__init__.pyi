from .application import make_app as make_app
from .header_deadline import HeaderDeadline as HeaderDeadline
from .listening import listen as listen
from .listening import make_server as make_server
from .listening import require_safe as require_safe

from .application import make_app as make_app
from .listening import listen as listen
from .listening import require_safe as require_safe

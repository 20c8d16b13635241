from .routers import list_routers as list_routers

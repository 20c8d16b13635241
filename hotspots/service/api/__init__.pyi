from .api_routers import list_api_routers as list_api_routers

from .download import Connection as Connection
from .download import Fetched as Fetched
from .open_geography import fetch_boundaries as fetch_boundaries
from .police_archives import fetch_crimes as fetch_crimes

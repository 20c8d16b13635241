from .download import Connection as Connection
from .download import Fetched as Fetched
from .open_geography import fetch_boundaries as fetch_boundaries
from .open_streets import fetch_streets as fetch_streets
from .police_archives import fetch_crimes as fetch_crimes

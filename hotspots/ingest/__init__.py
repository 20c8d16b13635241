"""Reading: files of any known layout to the tables of `hotspots.contracts`, with an account of every row."""

from hotspots.ingest.boundaries import Boundaries, read_boundaries
from hotspots.ingest.files import InputFile
from hotspots.ingest.havens import Havens, read_havens
from hotspots.ingest.incidents import Intake, read_incidents
from hotspots.ingest.population import Population, read_population
from hotspots.ingest.profiles import SourceProfile
from hotspots.ingest.records import ReadingOptions
from hotspots.ingest.store import Store
from hotspots.ingest.term_dates import TermDates, read_term_dates

__all__ = [
    "Boundaries",
    "Havens",
    "InputFile",
    "Intake",
    "Population",
    "ReadingOptions",
    "SourceProfile",
    "Store",
    "TermDates",
    "read_boundaries",
    "read_havens",
    "read_incidents",
    "read_population",
    "read_term_dates",
]

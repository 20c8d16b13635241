"""Drawing and writing what an analysis holds; nothing is computed here that the summary does not state."""

from hotspots.products.bundle import write_bundle
from hotspots.products.index import write_index

__all__ = ["write_bundle", "write_index"]

"""Hotspots: where and when crime concentrates, how sure we are, and what is near that helps."""

import lazy_loader

__version__ = "0.2.0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

"""Open data to files that can be read: recorded crime, and outlines of areas."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

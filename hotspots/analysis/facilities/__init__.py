"""Premises, stations, schools and parks that carry most crime, at their own hours."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

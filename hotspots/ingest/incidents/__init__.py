"""Columns to incidents: what each column holds, every row accounted for, and a store of what was read."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

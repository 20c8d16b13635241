"""What changed by more than chance: windows of days, seasons, months that stand out, gaps, and operations."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

"""Publication: what may be told to everybody, so that no two publications together tell of too few."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

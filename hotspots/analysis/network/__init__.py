"""Streets as a network: how far it is to walk, and on which streets crime lies."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

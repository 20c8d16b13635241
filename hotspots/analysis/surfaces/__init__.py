"""How dense crime is, how wide to smooth it, and what is to be expected of each place."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

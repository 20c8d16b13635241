"""Hot spots: where they are drawn, how sure each is, in which order, and in which part of the week."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

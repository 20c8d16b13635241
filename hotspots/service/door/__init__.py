"""What every request goes through: who asks, how much they may send, what is answered when something fails."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

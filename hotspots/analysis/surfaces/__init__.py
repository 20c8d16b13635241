"""The density of crime, how far to smooth it, and the incidents expected at each place."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

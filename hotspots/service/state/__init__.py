"""What the service is told and what it remembers: settings, folders and the database."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

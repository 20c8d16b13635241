"""The hours of the week: what is known of each incident, busy and quiet windows, and what is open then."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

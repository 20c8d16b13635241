"""The days of the calendar: schools, bank holidays, pay-day and darkness, and what crime does on them."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

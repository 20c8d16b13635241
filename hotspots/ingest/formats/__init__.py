"""Bytes to columns of text: which files a path stands for, and the tables in them."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

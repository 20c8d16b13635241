"""Incidents and places in PostGIS, for QGIS and other programs that read a database."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

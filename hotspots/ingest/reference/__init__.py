"""Reference data: wards, small areas, postcodes, safe havens, residents, peers and school terms."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

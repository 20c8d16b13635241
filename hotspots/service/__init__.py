"""The service that a partnership opens: products in a browser, runs from there, and who may see what."""

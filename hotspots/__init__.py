"""Hotspots: where and when crime concentrates, how sure we are, and what is near that helps."""

__version__ = "0.1.0"

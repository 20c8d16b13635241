"""Pure functions on the tables of `hotspots.contracts`: no files, no clock, inputs never changed."""

from hotspots.analysis.clusters import Clusters, find_clusters
from hotspots.analysis.coverage import (
    Coverage,
    WindowCoverage,
    measure_coverage,
    measure_reach,
    measure_window_coverage,
)
from hotspots.analysis.density import DensitySurface, estimate_density
from hotspots.analysis.profile import PeakWindow, WeeklyProfile, count_months, profile_week, weigh_hours
from hotspots.analysis.ranking import Hotspot, count_wards, outline_clusters, rank_hotspots

__all__ = [
    "Clusters",
    "Coverage",
    "DensitySurface",
    "Hotspot",
    "PeakWindow",
    "WeeklyProfile",
    "WindowCoverage",
    "count_months",
    "count_wards",
    "estimate_density",
    "find_clusters",
    "measure_coverage",
    "measure_reach",
    "measure_window_coverage",
    "outline_clusters",
    "profile_week",
    "rank_hotspots",
    "weigh_hours",
]

"""Pure functions on the tables of `hotspots.contracts`: no files, no clock, inputs never changed."""

from hotspots.analysis.accuracy import (
    AreaScore,
    ForecastScores,
    HitRateDifference,
    compare_forecasts,
    score_areas,
    score_forecast,
)
from hotspots.analysis.bandwidth import Bandwidth, BandwidthRule, choose_adaptive_bandwidths, choose_bandwidth
from hotspots.analysis.clusters import (
    ClusterMethod,
    Clusters,
    EpsChoice,
    choose_eps,
    choose_min_samples,
    find_clusters,
)
from hotspots.analysis.contours import SmallestArea, draw_contours, find_smallest_areas
from hotspots.analysis.coverage import (
    Coverage,
    WindowCoverage,
    measure_coverage,
    measure_reach,
    measure_window_coverage,
)
from hotspots.analysis.density import (
    DensitySurface,
    Kernel,
    RelativeDensity,
    estimate_density,
    estimate_relative_density,
)
from hotspots.analysis.evidence import Evidence, weigh_evidence
from hotspots.analysis.folds import Fold, plan_folds, plan_predecessor
from hotspots.analysis.holdout import Holdout, MethodName, MethodScore, evaluate_methods
from hotspots.analysis.outlines import HotspotAreas, HotspotOptions, draw_hotspots, outline_clusters, split_clusters
from hotspots.analysis.persistence import (
    Periods,
    Persistence,
    classify_persistence,
    count_by_period,
    make_periods,
    measure_trend,
)
from hotspots.analysis.profile import PeakWindow, WeeklyProfile, count_months, profile_week, weigh_hours
from hotspots.analysis.ranking import Hotspot, assign_outlines, count_wards, rank_hotspots
from hotspots.analysis.rates import AreaRates, estimate_rates, estimate_residents
from hotspots.analysis.risk import RiskEstimate, estimate_risk
from hotspots.analysis.significance import (
    CellSizeChoice,
    LocalMoran,
    Significance,
    choose_cell_size,
    measure_gi_star,
    measure_local_moran,
)
from hotspots.analysis.stability import measure_stability

__all__ = [
    "AreaRates",
    "AreaScore",
    "Bandwidth",
    "BandwidthRule",
    "CellSizeChoice",
    "ClusterMethod",
    "Clusters",
    "Coverage",
    "DensitySurface",
    "EpsChoice",
    "Evidence",
    "Fold",
    "ForecastScores",
    "HitRateDifference",
    "Holdout",
    "Hotspot",
    "HotspotAreas",
    "HotspotOptions",
    "Kernel",
    "LocalMoran",
    "MethodName",
    "MethodScore",
    "PeakWindow",
    "Periods",
    "Persistence",
    "RelativeDensity",
    "RiskEstimate",
    "Significance",
    "SmallestArea",
    "WeeklyProfile",
    "WindowCoverage",
    "assign_outlines",
    "choose_adaptive_bandwidths",
    "choose_bandwidth",
    "choose_cell_size",
    "choose_eps",
    "choose_min_samples",
    "classify_persistence",
    "compare_forecasts",
    "count_by_period",
    "count_months",
    "count_wards",
    "draw_contours",
    "draw_hotspots",
    "estimate_density",
    "estimate_rates",
    "estimate_relative_density",
    "estimate_residents",
    "estimate_risk",
    "evaluate_methods",
    "find_clusters",
    "find_smallest_areas",
    "make_periods",
    "measure_coverage",
    "measure_gi_star",
    "measure_local_moran",
    "measure_reach",
    "measure_stability",
    "measure_trend",
    "measure_window_coverage",
    "outline_clusters",
    "plan_folds",
    "plan_predecessor",
    "profile_week",
    "rank_hotspots",
    "score_areas",
    "score_forecast",
    "split_clusters",
    "weigh_evidence",
    "weigh_hours",
]

"""The summary of any command, for types."""

from __future__ import annotations

from hotspots.products.summary.brief_summary import BriefSummary, JoinedBriefsSummary
from hotspots.products.summary.haven_plan_summary import HavenPlanSummary
from hotspots.products.summary.operation_summary import OperationSummary
from hotspots.products.summary.pack_summary import PackSummary
from hotspots.products.summary.patrol_done_summary import PatrolsDoneSummary
from hotspots.products.summary.patrol_plan_summary import PatrolPlanSummary
from hotspots.products.summary.performance_summary import PerformanceSummary
from hotspots.products.summary.poster_summary import PostersSummary
from hotspots.products.summary.problem_summary import ProblemSummary
from hotspots.products.summary.public_summary import PublicSummary
from hotspots.products.summary.run_summary import RunSummary
from hotspots.products.summary.strategic_summary import StrategicSummary
from hotspots.products.summary.tactical_summary import TacticalSummary

AnySummary = (
    RunSummary
    | BriefSummary
    | HavenPlanSummary
    | JoinedBriefsSummary
    | OperationSummary
    | PackSummary
    | PatrolPlanSummary
    | PatrolsDoneSummary
    | PerformanceSummary
    | PostersSummary
    | ProblemSummary
    | PublicSummary
    | StrategicSummary
    | TacticalSummary
)
"""Each has `inputs`, `products`, `handling`, `data_status` and `version`."""

"""What the summary says of streets: how few of them hold how much, and which."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Annotated, ClassVar

import shapely

from hotspots.analysis.accuracy import AreaScore, Fold
from hotspots.analysis.network import LENGTH_SHARES, StreetRun, StreetShare
from hotspots.geography import WGS84, project_coordinates
from hotspots.ingest.reference import StreetOrigin
from hotspots.pipeline import Analysis, StreetAnalysis
from hotspots.products.summary.encoding import Degrees, Metres, Part, Quantity, Share, SmallShare, Source, Tenths

_PARTLY = 0.1
"""Of incidents further from any street than counts; in parks and on rails there are fewer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreetShareSummary(Part):
    """What the busiest streets hold."""

    view_of: ClassVar = StreetShare

    length_share: SmallShare
    n_segments: int
    incident_share: Share
    by_chance: Share
    by_chance_low: Share
    by_chance_high: Share


@dataclass(frozen=True, slots=True, kw_only=True)
class StreetScoreSummary(Part):
    """What the busiest streets of some days held of what came after.

    Attributes:
        length_share: Asked for.
        length_share_taken: Share of the length of the streets taken, which is also the hit rate by chance.
        hit_rate: Share of the incidents of the test that were on them.
        hit_rate_low, hit_rate_high: Where it may lie.
        pai: Hit rate over the share of the length taken.
    """

    view_of: ClassVar = AreaScore

    length_share: SmallShare
    length_share_taken: Annotated[SmallShare, Source("area_share")]
    n_hits: int
    n_incidents: int
    hit_rate: Share
    hit_rate_low: Annotated[Share, Source("hit_rate_interval.0")]
    hit_rate_high: Annotated[Share, Source("hit_rate_interval.1")]
    pai: Tenths


@dataclass(frozen=True, slots=True, kw_only=True)
class StreetTestSummary(Part):
    """A test of the busiest streets.

    Attributes:
        n_tests: How many tests, one after the other, it is made of.
        fit_start: First day that any of them was fitted to.
        fit_end: Last day that the last of them was fitted to.
        test_start, test_end: First and last day of what they were tested on.
        scores: For each share of the length.
    """

    n_tests: int
    fit_start: dt.date
    fit_end: dt.date
    test_start: dt.date
    test_end: dt.date
    scores: tuple[StreetScoreSummary, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StreetRunSummary(Part):
    """Neighbouring busy segments of one street.

    Attributes:
        share: Of all incidents analysed.
        n_per_km: Incidents per kilometre of it.
        latitude, longitude: A point on it in WGS84 degrees, to about 10 m.
    """

    view_of: ClassVar = StreetRun

    rank: int
    name: str
    street: str | None
    kind: str | None
    n_incidents: int
    share: Share
    n_segments: int
    length_m: Annotated[float, Quantity("m", decimals=0)]
    n_per_km: Annotated[float, Quantity("per km", decimals=0)]
    latitude: Degrees
    longitude: Degrees


@dataclass(frozen=True, slots=True, kw_only=True)
class StreetsSummary(Part):
    """Incidents by street.

    Attributes:
        length_km: Streets that meet the study area, each in its whole length.
        n_segments: Pieces between junctions that they are made of.
        n_islands: Parts of the network that no street joins.
        off_main_share: Share of its length that does not belong to the longest of them.
        n_unnamed: Streets of the files without a name.
        origins: Whose streets they are, as far as the files show it.
        left_out: Lines of the files that people may not walk along, by why.
        n_broken: Rows of the files without a line that can be used.
        first_broken: Which the first of them is; null where there is none.
        limit_m: The furthest that an incident may lie from its street.
        n_on_streets: Incidents on a street.
        n_too_far: Incidents further off than that, which are in no number here.
        is_partly_covered: Whether these are so many that the files cannot have all streets of the area.
        is_anonymised: Whether most incidents lie on points that their source has moved them to: such a point stands
            for its street.
        shares: What the busiest streets hold.
        holdout: Whether the busiest stay the busiest, on the days on which other maps are tested; null without a test.
        earlier: What the busiest streets of the period before hold of this one's incidents; null where not known.
        runs: Busy streets with enough incidents to be shown, the most incidents first.
    """

    length_km: Annotated[float, Quantity("km", decimals=1)]
    n_segments: int
    n_islands: int
    off_main_share: Share
    n_unnamed: int
    origins: tuple[StreetOrigin, ...]
    left_out: dict[str, int]
    n_broken: int
    first_broken: str | None
    limit_m: Metres
    n_on_streets: int
    n_too_far: int
    is_partly_covered: bool
    is_anonymised: bool
    shares: tuple[StreetShareSummary, ...]
    holdout: StreetTestSummary | None
    earlier: StreetTestSummary | None
    runs: tuple[StreetRunSummary, ...]


def summarise_streets(analysis: Analysis) -> StreetsSummary | None:
    """The incidents by street; None where no streets are known."""
    found, streets = analysis.streets, analysis.study.streets
    if found is None or streets is None:
        return None
    return StreetsSummary(
        length_km=found.length_m / 1000,
        n_segments=found.n_segments,
        n_islands=found.n_islands,
        off_main_share=found.off_main_share,
        n_unnamed=streets.n_unnamed,
        origins=streets.origins,
        left_out=dict(streets.left_out),
        n_broken=streets.n_broken,
        first_broken=streets.first_broken,
        limit_m=found.counts.limit_m,
        n_on_streets=found.counts.n_on_streets,
        n_too_far=found.counts.n_too_far,
        is_partly_covered=found.counts.n_too_far > _PARTLY * len(found.counts.segment),
        is_anonymised=found.counts.is_anonymised,
        shares=tuple(StreetShareSummary.of(share) for share in found.shares),
        holdout=_summarise_test(found.folds, found.scores),
        earlier=_summarise_test((found.earlier,) if found.earlier else (), found.earlier_scores),
        runs=_summarise_runs(found, analysis),
    )


def _summarise_test(folds: tuple[Fold, ...], scores: tuple[AreaScore, ...]) -> StreetTestSummary | None:
    if not scores:
        return None
    return StreetTestSummary(
        n_tests=len(folds),
        fit_start=folds[0].fit_start,
        fit_end=folds[-1].fit_end,
        test_start=folds[0].test_start,
        test_end=folds[-1].test_end,
        scores=tuple(
            StreetScoreSummary.of(score, length_share=share) for share, score in zip(LENGTH_SHARES, scores, strict=True)
        ),
    )


def _summarise_runs(found: StreetAnalysis, analysis: Analysis) -> tuple[StreetRunSummary, ...]:
    n = len(analysis.incidents)
    middles = shapely.get_coordinates([_find_middle(run.line) for run in found.runs])
    longitudes, latitudes = project_coordinates(*middles.T, source_crs=analysis.wards.crs, crs=WGS84)
    return tuple(
        StreetRunSummary.of(run, share=run.n_incidents / n, latitude=latitude, longitude=longitude)
        for run, latitude, longitude in zip(found.runs, latitudes.tolist(), longitudes.tolist(), strict=True)
    )


def _find_middle(line: shapely.MultiLineString) -> shapely.Point:
    """The middle of the longest piece: a point on the street, and of no incident."""
    longest = max(shapely.get_parts(line), key=shapely.length)
    return shapely.line_interpolate_point(longest, 0.5, normalized=True)

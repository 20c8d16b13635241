"""Counts for Prometheus: requests, jobs and uploads, without a word of who or what."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import get_args

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import func, select

from hotspots.service.state import Database, Job, JobStatus, Upload, UploadStatus

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 10.0, 60.0)


@dataclass(frozen=True, slots=True)
class RequestMetrics:
    """What is counted since the service began."""

    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    _requests: Counter = field(init=False)
    _seconds: Histogram = field(init=False)

    def __post_init__(self) -> None:
        """Begin at nought."""
        requests = Counter("hotspots_requests", "Requests.", ("method", "route", "status"), registry=self.registry)
        seconds = Histogram(
            "hotspots_request_seconds", "Until answered.", ("route",), buckets=_BUCKETS, registry=self.registry
        )
        object.__setattr__(self, "_requests", requests)
        object.__setattr__(self, "_seconds", seconds)

    def watch(self, database: Database) -> None:
        """Count jobs and uploads of a database as well, whenever somebody asks."""
        self.registry.register(_DatabaseCounts(database))

    def count(self, *, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request. What a stranger can make up, a method or a path, makes no series of its own."""
        self._requests.labels(method if method in METHODS else "other", route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def write(self) -> bytes:
        """All of it in the text format of Prometheus."""
        return generate_latest(self.registry)


class _DatabaseCounts(Collector):
    """Jobs and uploads by status."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Names, so that the database is not asked when the service begins."""
        yield GaugeMetricFamily("hotspots_jobs", "Jobs by status.", labels=("status",))
        yield GaugeMetricFamily("hotspots_uploads", "Uploads by status.", labels=("status",))

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The counts of this moment."""
        jobs, uploads = self.describe()
        with self._database.read() as session:
            for family, column, known in (
                (jobs, Job.status, get_args(JobStatus)),
                (uploads, Upload.status, get_args(UploadStatus)),
            ):
                counts = dict(session.execute(select(column, func.count()).group_by(column)).all())
                for status in known:
                    family.add_metric([status], counts.get(status, 0))
        yield jobs
        yield uploads

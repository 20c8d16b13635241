"""What the numbers of small places leave of each other: none, or ten and more."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import pytest
from scipy.signal import fftconvolve
from support import AnalyseDemonstration

from hotspots.pipeline import Analysis
from hotspots.products.drawing.colours import choose_classes
from hotspots.products.summary import (
    PER_DAYS,
    HotspotSummary,
    PatrolPlaceSummary,
    PlaceWindow,
    RunSummary,
    summarise,
)


@pytest.fixture(scope="module")
def summary(analyse_demonstration: AnalyseDemonstration) -> RunSummary:
    return summarise(analyse_demonstration("robbery"))


def is_few(n: float) -> bool:
    return 1e-6 < n < 10


def test_no_list_of_streets_or_kinds_of_place_leaves_a_few(summary: RunSummary) -> None:
    assert summary.patrols is not None
    places: list[HotspotSummary | PatrolPlaceSummary] = [*summary.hotspots, *summary.patrols.places]
    n_listed = 0
    for place in places:
        for listed in (place.locations, place.location_kinds):
            counts = [one.n_incidents for one in listed]
            n_listed += len(counts)
            for some in itertools.chain.from_iterable(itertools.combinations(counts, n) for n in range(4)):
                assert not is_few(place.n_incidents - sum(some))
    assert n_listed > len(places)


def test_no_list_of_streets_of_a_part_of_the_week_leaves_a_few(summary: RunSummary) -> None:
    hotspots = [hotspot for part in summary.shifts.parts for hotspot in part.hotspots]
    assert any(hotspot.locations for hotspot in hotspots)
    for hotspot in hotspots:
        # both are rounded to tenths
        assert not 0.2 < hotspot.n_incidents - sum(one.n_incidents for one in hotspot.locations) < 9.8
        if hotspot.hours_share is not None:
            assert not is_few(hotspot.n_incidents / hotspot.hours_share - hotspot.n_incidents - 0.2)


def test_incidents_without_a_time_are_none_or_enough_at_a_small_place(summary: RunSummary) -> None:
    assert summary.patrols is not None
    places: list[HotspotSummary | PatrolPlaceSummary] = [*summary.hotspots, *summary.patrols.places]
    told = [(place.n_timed, place.n_incidents) for place in places if place.n_timed is not None]
    assert 0 < len(told) < len(places)
    assert not any(is_few(n_timed) or is_few(n - n_timed) for n_timed, n in told)
    for hotspot, hours in zip(summary.hotspots, summary.hotspot_profiles, strict=True):
        assert (hours.n_timed is None) == (hours.n_untimed is None) == (hotspot.n_timed is None)


def _list_windows(summary: RunSummary) -> Iterator[tuple[int, int | None, tuple[PlaceWindow, ...]]]:
    assert summary.patrols is not None
    for hotspot, hours in zip(summary.hotspots, summary.hotspot_profiles, strict=True):
        yield hotspot.n_incidents, hours.n_timed, (*hours.peaks, *hours.quiet)
    for place in summary.patrols.places:
        yield place.n_incidents, place.n_timed, (place.peak,) if place.peak else ()


def test_the_hours_of_a_small_place_leave_none_or_enough_and_do_not_tell_its_times(summary: RunSummary) -> None:
    found = list(_list_windows(summary))
    assert any(windows for _, _, windows in found)
    for n_incidents, n_timed, windows in found:
        left = float(n_timed or n_incidents)
        for window in windows:
            assert window.n_incidents is None or n_timed is not None
            if window.n_incidents is not None:
                left -= window.n_incidents
                assert not is_few(window.n_incidents)
                assert not 0.2 < left < 9.8
            if window.share is not None and n_timed is None:
                # so many numbers with a time give this share, that how many have none is left open
                fits = [
                    n
                    for n in range(n_incidents - 9, n_incidents)
                    if round(round(n * window.share) / n, 2) == window.share
                ]
                assert len(fits) > 1


def _find_most_between(analysis: Analysis) -> float:
    """What pictures of periods within each other leave open, where they show that there was something between.

    Of the cells where the classes of both leave something for the days of the longer that are not of the shorter, the
    fewest incidents that may have been within the bandwidth in these days. All of an incident is within two bandwidths.
    """
    periods = summarise(analysis).periods
    assert periods is not None
    grid, bandwidth_m = analysis.places.density.grid, periods.bandwidth_m
    bounds = np.array([bound for bound, _ in choose_classes(periods.max_per_km2)])
    pictures = []
    for compared in analysis.periods:
        for (shown, n_days), days in zip(compared.windows, compared.comparison.windows, strict=True):
            levels = bounds * n_days / PER_DAYS
            level = np.searchsorted(levels, shown.in_classes(levels), side="right")
            # of so many days; the highest class has no upper end but the next step of the series
            pictures.append((days, np.append(0, levels)[level], np.append(levels, 2.5 * levels[-1])[level]))
    steps = np.arange(-int(2 * bandwidth_m // grid.cell_size_m), int(2 * bandwidth_m // grid.cell_size_m) + 1)
    disc = np.hypot(*np.meshgrid(steps, steps)) * grid.cell_size_m <= 2 * bandwidth_m
    most = [
        float(fftconvolve(np.maximum(high - low_within, 0) * grid.cell_size_m**2 / 1e6, disc, mode="same")[known].min())
        for (days, low, high), (days_within, low_within, high_within) in itertools.permutations(pictures, 2)
        if days[0] <= days_within[0] and days_within[1] <= days[1] and days != days_within
        if (known := low > high_within).any()
    ]
    assert len(most) > 3
    return min(most)


def test_pictures_of_periods_within_each_other_leave_ten_open(analyse_demonstration: AnalyseDemonstration) -> None:
    assert _find_most_between(analyse_demonstration("robbery")) > 10

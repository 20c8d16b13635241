"""What the numbers of small places leave of each other: none, or ten and more."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from support import AnalyseDemonstration

from hotspots.products.summary import PlaceWindow, RunSummary, summarise


@pytest.fixture(scope="module")
def summary(analyse_demonstration: AnalyseDemonstration) -> RunSummary:
    return summarise(analyse_demonstration("robbery"))


def is_few(n: float) -> bool:
    return 1e-6 < n < 10


def test_no_list_of_streets_or_kinds_of_place_leaves_a_few(summary: RunSummary) -> None:
    assert summary.patrols is not None
    places = [*summary.hotspots, *summary.patrols.places]
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
    places = [*summary.hotspots, *summary.patrols.places]
    told = [place for place in places if place.n_timed is not None]
    assert 0 < len(told) < len(places)
    assert not any(is_few(place.n_timed) or is_few(place.n_incidents - place.n_timed) for place in told)
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

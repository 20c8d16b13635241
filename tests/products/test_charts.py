"""Charts for slides: what they draw, that they can be read, and that they say what they show."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import json
import re
import sys
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from PIL import Image
from support import AnalyseDemonstration

from hotspots.errors import HotspotsError
from hotspots.pipeline.haven_plan import plan_havens
from hotspots.pipeline.haven_request import HavenRequest
from hotspots.pipeline.results import Analysis
from hotspots.pipeline.study import Study
from hotspots.products.charts import (
    Chart,
    LeftOut,
    draw_change_chart,
    draw_charts,
    draw_concentration_chart,
    draw_coverage_chart,
    draw_sites_chart,
    draw_week_chart,
)
from hotspots.products.charts.chart_sheet import choose_font, measure, shorten, wrap
from hotspots.products.drawing import COVERAGE_COLOURS, EMPTY, SEQUENTIAL
from hotspots.products.files.bundle import write_products
from hotspots.products.files.chart_files import write_charts
from hotspots.products.files.index import write_index
from hotspots.products.summary import (
    AreaCoverageSummary,
    HavenPlanSummary,
    RunSummary,
    summarise,
    summarise_havens,
)
from hotspots.products.summary.change_summary import WardChange
from hotspots.products.summary.haven_plan_summary import CurvePoint, SitingSummary

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def analysis(analyse_demonstration: AnalyseDemonstration) -> Analysis:
    return analyse_demonstration("robbery")


@pytest.fixture(scope="module")
def summary(analysis: Analysis) -> RunSummary:
    return summarise(analysis)


@pytest.fixture(scope="module")
def havens(demonstration: Study) -> HavenPlanSummary:
    """What havens cover, with a curve of new sites that is made up."""
    found = summarise_havens(plan_havens(demonstration, HavenRequest(crime="robbery")))
    curve = tuple(
        CurvePoint(n_sites=n, n_covered=100 * n, covered_share=0.4 + 0.02 * n, most_share=1, is_optimal=True)
        for n in range(1, 13)
    )
    siting: dict[str, Any] = dict.fromkeys(field.name for field in dataclasses.fields(SitingSummary))
    siting |= {"purpose": "havens", "demand": "incidents", "n_wanted": 12, "reach_m": 400.0, "is_along_streets": False}
    siting |= {"is_by_hour": True, "is_after_school": False, "is_without_hours": False, "is_grid": False}
    siting |= {"n_sites": 40, "n_longer": 2, "n_unknown": 0, "n_few": 0, "n_far": 0}
    siting |= {"n_total": 1000.0, "n_covered": 400.0}
    siting |= {"is_few_covered": False, "covered_share": 0.4, "n_left_out": 0, "gap_share": 0.0}
    return dataclasses.replace(found, siting=SitingSummary(**siting | {"sites": (), "curve": curve, "alone": ()}))


@pytest.fixture(scope="module")
def crowded_summary(summary: RunSummary) -> RunSummary:
    """Thirteen years with gaps and months that stand out, and sixty wards of long names of which many changed."""
    kinds: Any = itertools.cycle([None] * 9 + ["above", None, "below"])
    template = next(month for month in summary.series.months if month.high is not None)
    months = tuple(
        dataclasses.replace(
            template,
            month=f"{2012 + n // 12}-{n % 12 + 1:02d}",
            signal=signal if n % 40 else None,
            n_incidents=None if n % 40 == 0 else {"a": 1300, "b": 500}.get((signal or " ")[0], 900),
            gap="no file" if n % 40 == 0 else None,
            expected=900.0,
            low=700.0,
            high=1100.0,
        )
        for n, signal in zip(range(156), kinds, strict=False)
    )  # fmt: skip
    change = summary.main_change
    assert change is not None
    assert change.area is not None
    changed = {
        "clearly improving": (0.3, 0.2, 0.5),
        "clearly deteriorating": (3.0, 2.0, 5.0),
        "improving": (0.7, 0.5, 0.9),
    }
    wards = tuple(
        WardChange(
            code=f"E{n}",
            name=f"Saint Mary Magdalene and Upper Newtown ${n}$",
            change=dataclasses.replace(
                change.area, n_current=11_000 + n, n_earlier=12_000, ratio=ratio, low=low, high=high, verdict=verdict
            ),
        )
        for n, (verdict, (ratio, low, high)) in zip(range(60), itertools.cycle(changed.items()), strict=False)
    )
    main = dataclasses.replace(change, wards=wards, n_wards_compared=60)
    return dataclasses.replace(
        summary,
        crime_plural="antisocial behaviour incidents",
        series=dataclasses.replace(summary.series, months=months, available=True, basis="season and trend"),
        changes=tuple(main if one.is_main else one for one in summary.changes),
        not_to_share="Not to be shared: what was asked for tells of fewer than ten incidents. " * 2,
    )


def list_charts(drawn: Sequence[Chart | LeftOut]) -> dict[str, Chart]:
    return {chart.name: chart for chart in drawn if isinstance(chart, Chart)}


@pytest.fixture(scope="module")
def ordinary(summary: RunSummary) -> dict[str, Chart]:
    return list_charts(draw_charts(summary))


@pytest.fixture(scope="module")
def crowded(crowded_summary: RunSummary) -> dict[str, Chart]:
    return list_charts(draw_charts(crowded_summary, marking="OFFICIAL"))


@pytest.fixture(scope="module")
def of_havens(havens: HavenPlanSummary) -> dict[str, Chart]:
    return list_charts(draw_charts(havens))


def require_chart(drawn: Chart | LeftOut) -> Chart:
    assert isinstance(drawn, Chart), drawn
    return drawn


def find_boxes(chart: Chart) -> dict[int, tuple[str, Any]]:
    """Each text with its box, in pixels."""
    renderer = FigureCanvasAgg(chart.figure).get_renderer()  # type: ignore[no-untyped-call]
    boxes = ((text.get_text(), text.get_window_extent(renderer)) for text in chart.figure.texts)
    return dict(enumerate((said, box) for said, box in boxes if said.strip()))


@pytest.mark.slow
@pytest.mark.parametrize(("which", "marking"), [("ordinary", None), ("crowded", "OFFICIAL"), ("of_havens", None)])
def test_no_text_leaves_the_sheet_or_lies_on_another(
    which: str, marking: str | None, request: pytest.FixtureRequest
) -> None:
    charts = request.getfixturevalue(which)
    wanted = ("coverage", "new_sites") if which == "of_havens" else ("week", "months", "ward_change", "concentration")
    assert tuple(charts) == wanted
    for chart in charts.values():
        boxes = find_boxes(chart)
        assert sum(said == marking for said, _ in boxes.values()) == (2 if marking else 0)
        for said, box in boxes.values():
            assert 0 <= box.x0 < box.x1 <= 1280, (chart.name, said)
            assert 0 <= box.y0 < box.y1 <= 720, (chart.name, said)
        for (first, box), (second, other) in itertools.combinations(boxes.values(), 2):
            # letters, without the room that is left for signs below a line
            is_beside = box.x1 < other.x0 or other.x1 < box.x0
            is_above = box.y0 + 3 > other.y1 or other.y0 + 3 > box.y1
            assert is_beside or is_above, (chart.name, first, second)


def test_a_chart_is_the_same_twice_whatever_the_user_has_set(summary: RunSummary, ordinary: dict[str, Chart]) -> None:
    chart = ordinary["concentration"]
    with mpl.rc_context({"font.size": 40, "text.parse_math": True, "svg.fonttype": "none", "lines.linewidth": 9}):
        again = require_chart(draw_concentration_chart(summary))
        assert again.svg == chart.svg
        assert again.png == chart.png
    assert again.svg == chart.svg


def test_both_files_say_what_is_to_be_seen(summary: RunSummary) -> None:
    chart = require_chart(draw_week_chart(dataclasses.replace(summary, crime_plural='"robberies" <b> & more')))
    picture = ET.fromstring(chart.svg)
    ids = picture.attrib["aria-labelledby"].split()
    said = {one.attrib["id"]: one.text for one in picture if one.tag in (f"{SVG}title", f"{SVG}desc")}
    assert picture.attrib["role"] == "img"
    assert [said[name] for name in ids] == [chart.title, chart.alt]
    assert "Mondays to Fridays 15:00-17:59 (45% of " in chart.alt
    assert not re.findall(r'(?:href|src)="(?!#)', chart.svg)
    with Image.open(BytesIO(chart.png)) as image:
        assert image.size == (2560, 1440)
        assert image.info["Title"] == chart.title
        assert image.info["Description"] == chart.alt


def test_what_is_drawn_is_what_the_summary_holds(
    summary: RunSummary, crowded_summary: RunSummary, ordinary: dict[str, Chart], crowded: dict[str, Chart]
) -> None:
    months, told = crowded["months"].figure.axes[0], crowded_summary.series.months
    points = next(line for line in months.lines if line.get_marker() == "o")
    drawn = np.array(points.get_ydata(), dtype=float)
    np.testing.assert_array_equal(drawn, np.array([month.n_incidents for month in told], dtype=float))
    signals = [month for month in told if month.signal]
    marked = [line for line in months.lines if line.get_marker() in ("^", "v")]
    assert sum(len(np.atleast_1d(line.get_xdata())) for line in marked) == len(signals) > 20
    grid = ordinary["week"].figure.axes[0].collections[0]
    classes = np.array(grid.get_array()).reshape(7, 24)
    counts = np.array(summary.profile.counts)
    # a class is darker than another where, and only where, it has more
    order = np.argsort(counts, axis=None)
    assert (np.diff(classes.ravel()[order]) >= 0).all()
    assert classes.max() - classes.min() >= 4
    curve = ordinary["concentration"].figure.axes[0]
    shares = [tuple(map(tuple, np.column_stack(line.get_data()))) for line in curve.lines]
    assert summary.repeats.curve in shares
    assert summary.repeats.chance_curve in shares


def test_wards_stand_by_their_change_and_those_that_changed_are_kept(
    summary: RunSummary, ordinary: dict[str, Chart], crowded: dict[str, Chart]
) -> None:
    marks = [
        float(np.exp(np.atleast_1d(line.get_xdata())[0]))
        for axes in ordinary["ward_change"].figure.axes
        for line in axes.lines
        if line.get_marker() in ("o", "^", "v")
    ]
    assert summary.main_change is not None
    assert summary.main_change.wards is not None
    ratios = [ward.change.ratio for ward in summary.main_change.wards if ward.change.ratio]
    assert marks == pytest.approx(sorted(ratios, reverse=True))
    # the shape tells what the colour tells, and the word both
    shapes = {
        line.get_marker(): line.get_color()
        for axes in crowded["ward_change"].figure.axes
        for line in axes.lines
        if line.get_marker() in ("o", "^", "v")
    }
    assert set(shapes) == {"^", "v"}
    assert "Not drawn: 16 more wards." in crowded["ward_change"].subtitle


def test_classes_can_be_told_apart_in_grey() -> None:
    def find_lightness(colour: str) -> float:
        """L* of CIE 1976, from the relative luminance of sRGB."""
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
        y = float(np.dot(linear, (0.2126, 0.7152, 0.0722)))
        return 116 * y ** (1 / 3) - 16 if y > 216 / 24389 else y * 24389 / 27

    steps = np.diff([find_lightness(colour) for colour in (EMPTY, *SEQUENTIAL)])
    assert (steps < -7).all()
    parts = [find_lightness(COVERAGE_COLOURS[state]) for state in ("open", "unknown", "closed")]
    assert min(abs(np.diff(parts))) > 10


def test_what_cannot_be_drawn_is_left_out_with_a_reason(summary: RunSummary, havens: HavenPlanSummary) -> None:
    bare = dataclasses.replace(
        summary,
        profile=dataclasses.replace(summary.profile, available=False, counts=None, explanation="No hours are known."),
        series=dataclasses.replace(summary.series, months=summary.series.months[:2]),
        repeats=dataclasses.replace(summary.repeats, curve=None, chance_curve=None, explanation=None),
        changes=tuple(
            dataclasses.replace(one, is_main=False, available=False, reason="The files hold one month.", wards=None)
            for one in summary.changes
        ),
        haven_sites=None,
    )
    left_out = draw_charts(bare)
    assert [one.name for one in left_out] == ["week", "months", "ward_change", "concentration", "new_sites"]
    for one in left_out:
        assert isinstance(one, LeftOut)
        assert re.fullmatch(r"[A-Z].* (is|are) not drawn: .*\.", one.reason), one
    alone = [dataclasses.replace(one, wards=one.wards and one.wards[:1]) for one in summary.changes]
    of_one_ward = draw_change_chart(dataclasses.replace(summary, changes=tuple(alone)))
    assert isinstance(of_one_ward, LeftOut)
    assert of_one_ward.reason.endswith("there is one ward only.")
    assert isinstance(draw_coverage_chart(dataclasses.replace(havens, cover=None)), LeftOut)
    assert isinstance(draw_sites_chart(dataclasses.replace(havens, siting=None)), LeftOut)


def test_what_is_withheld_is_not_drawn(havens: HavenPlanSummary) -> None:
    cover = havens.cover
    assert cover is not None
    whole = cover.parts[0].shares
    assert whole is not None
    hidden = dataclasses.replace(whole, any_share=0.7, open_share=None, unknown_share=None, lost_share=None)
    parts = (
        AreaCoverageSummary(key="a", name="Some", words="Mondays", shares=hidden),
        AreaCoverageSummary(key="b", name="None", words="Tuesdays", shares=None),
    )
    chart = require_chart(
        draw_coverage_chart(dataclasses.replace(havens, cover=dataclasses.replace(cover, parts=parts)))
    )
    bars: Any = chart.figure.axes[0].patches
    widths = [bar.get_width() for bar in bars]
    assert widths == [0.7]
    assert "Some: 70% near one, too few to say how many open. None: too few to be shown." in chart.alt


def test_signs_that_no_font_has_become_question_marks_and_dollars_are_no_formula() -> None:
    assert choose_font("Llanfihangel-y-pŵll $5$", size=18)[0] == "Llanfihangel-y-pŵll $5$"
    assert choose_font("A \u4e2d ward", size=18)[0] == "A ? ward"
    assert measure("ww", size=18) == pytest.approx(2 * measure("w", size=18), rel=0.02)
    assert measure("w" * 9, size=36) == pytest.approx(2 * measure("w" * 9, size=18), rel=0.01)
    assert " ".join(wrap("one two three four", size=18, width=80)) == "one two three four"
    assert all(measure(line, size=18) <= 80 for line in wrap("one two three four", size=18, width=80))
    cut = shorten("Saint Mary Magdalene", size=18, width=100)
    assert cut.endswith("…")
    assert measure(cut, size=18) <= 100 < measure(f"{cut[:-1]}xx…", size=18)


def test_a_package_that_is_missing_is_named(summary: RunSummary, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "font_lato", None)
    with pytest.raises(
        HotspotsError, match=r"font_lato is not installed. Install them: pip install \"hotspots\[charts\]\""
    ):
        draw_week_chart(summary)


def test_files_are_listed_with_what_they_say(havens: HavenPlanSummary, tmp_path: Path) -> None:
    products = write_charts(havens, tmp_path, marking="OFFICIAL")
    assert set(products.values()) == {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.*")}
    told = json.loads((tmp_path / products["charts_json"]).read_text("utf-8"))
    assert [chart["name"] for chart in told["charts"]] == ["coverage", "new_sites"]
    assert told["marking"] == "OFFICIAL"
    for chart in told["charts"]:
        assert f">{chart['alt'].replace('&', '&amp;')}</desc>" in (tmp_path / "charts" / chart["svg"]).read_text(
            "utf-8"
        )
    assert told["left_out"] == []


@pytest.mark.slow
def test_charts_of_a_run_are_in_its_manifest_and_in_the_list_of_products(analysis: Analysis, tmp_path: Path) -> None:
    summary, paths = write_products(analysis, tmp_path, charts=True)
    folder = paths["manifest"].parent
    listed = json.loads(paths["manifest"].read_text("utf-8"))["products"]
    for key in ("chart_week_svg", "chart_week_png", "chart_months_png", "chart_ward_change_svg", "charts_json"):
        assert listed[key]["file"] == summary.products[key]
        assert listed[key]["sha256"] == hashlib.sha256((folder / listed[key]["file"]).read_bytes()).hexdigest()
    assert listed["chart_week_svg"]["media_type"] == "image/svg+xml"
    page = write_index(tmp_path).read_text("utf-8")
    slides = page.partition("Put on a slide")[2].partition("</div>")[0]
    assert re.findall(r'href="[^"]*?([a-z_]+\.[a-z]+)"', slides) == [
        f"{name}.{kind}" for name in ("week", "months", "ward_change", "concentration") for kind in ("svg", "png")
    ]

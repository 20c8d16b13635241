"""The page for everybody."""

from __future__ import annotations

import itertools

from hotspots.pipeline import Publication
from hotspots.products.drawing import (
    choose_ward_classes,
    draw_public_months,
    draw_square_map,
    draw_ward_map,
    list_square_classes,
)
from hotspots.products.summary import PublicSummary
from hotspots.products.words import make_environment

_N_YEARS = 3
"""In the table on the page; the files have all."""


def draw_public(publication: Publication, summary: PublicSummary) -> str:
    """The page, as HTML."""
    wards, havens = publication.selection.wards, publication.study.havens
    points = wards.geometry.iloc[:0] if havens is None else havens.havens.geometry
    points = points[points.within(publication.selection.study_area)]
    latest = [year for year in summary.years if year.year == summary.latest_year]
    rows = {
        ward.code: {year.year: found for year in summary.years for found in year.wards if found.code == ward.code}
        for year in latest
        for ward in year.wards
    }
    months = [list(group) for _, group in itertools.groupby(summary.months, key=lambda month: month.borough)]
    return (
        make_environment()
        .get_template("public.html")
        .render(
            s=summary,
            house=publication.study.house,
            latest=latest,
            years=sorted({year.year for year in summary.years}, reverse=True)[:_N_YEARS],
            rows=rows,
            maps=[
                ("wards", "Wards", draw_ward_map(summary, wards, points)),
                ("squares", "Squares", draw_square_map(summary, wards, points)),
            ]
            if latest
            else [],
            ward_classes=choose_ward_classes([ward for year in latest for ward in year.wards]),
            square_classes=list_square_classes(summary),
            has_rates=any(ward.rate is not None for year in latest for ward in year.wards),
            parts=[year for year in latest if year.shares],
            charts=[
                (group[0].borough, draw_public_months(group, plural=summary.crime_plural, number=number), group)
                for number, group in enumerate(months)
            ],
        )
    )

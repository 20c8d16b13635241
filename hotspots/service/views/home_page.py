"""The first page: the newest products."""

from __future__ import annotations

import functools
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from fastapi.responses import Response

from hotspots.house import AUDIENCES
from hotspots.service.door import Asker, Context
from hotspots.service.shelf import find_product, list_choices, list_newest
from hotspots.service.views.crime_names import name_crime
from hotspots.service.views.shown_products import PLAN, Choice, find_coming_plans, group_products, show_products

router = APIRouter(include_in_schema=False)


@router.get("/")
def show_home(
    context: Context,
    asker: Asker,
    crime: Choice = "",
    ward: Choice = "",
    audience: Choice = "",
    before: Choice = "",
) -> Response:
    """The newest products that somebody may open, and the patrol plan of the coming shift before all others."""
    chosen = next((known for known in AUDIENCES if known == audience), None)
    with context.database.read() as session:
        ask = functools.partial(
            list_newest, session, asker.person, crime=crime or None, ward_code=ward or None, audience=chosen
        )
        newest = ask(before=find_product(session, asker.person, before) if before else None)
        plans = [] if before else ask(kind=PLAN).products  # however many others are newer
        choices = list_choices(session, asker.person)
    shown = newest.products
    coming = find_coming_plans(plans, zone=ZoneInfo(context.settings.time_zone))
    return show_products(
        context,
        asker,
        "home.html",
        tiers=group_products(product for product in shown if product not in coming),
        coming=coming,
        newest=[*coming, *shown],
        n_more=newest.n_more,
        before=before,
        choices=choices,
        crimes={slug: name_crime(context.settings, slug) for slug in choices.crimes},
        crime=crime,
        ward=ward,
        audience=chosen or "",
    )

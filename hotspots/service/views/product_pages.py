"""The page of a product: what it is, its files, and those of the same thing before and after it."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response

from hotspots.service.door import Asker, Context
from hotspots.service.shelf import find_product, list_series
from hotspots.service.state import Account, Job
from hotspots.service.views.shown_products import HEADINGS, RUN, group_files, show_products

router = APIRouter(include_in_schema=False)


@router.get("/products/{product_id}")
def show_product(context: Context, asker: Asker, product_id: str) -> Response:
    """A product that somebody may open."""
    with context.database.read() as session:
        product = find_product(session, asker.person, product_id)
        series = list_series(session, asker.person, product)
        job = session.get_one(Job, product.job_id)
        maker = session.get(Account, job.asked_by) if job.asked_by else None
    return show_products(
        context,
        asker,
        "product.html",
        product=product,
        series=series,
        maker=maker.full_name if maker else "",
        uses=group_files(product.files),
        main=next((file for file in product.files if file.path == product.main_path), None),
        is_run=product.kind == RUN,
        heading=HEADINGS.get(product.kind),
    )

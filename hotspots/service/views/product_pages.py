"""The page of a product: what it is, its files, and those of the same thing before and after it."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response

from hotspots.products.files import PRODUCT_HEADINGS
from hotspots.service.door import Asker, Context
from hotspots.service.shelf import find_product, list_series
from hotspots.service.state import Account, Job
from hotspots.service.views.shown_products import RUN, group_files, show_products

router = APIRouter(include_in_schema=False)


@router.get("/products/{product_id}")
def show_product(context: Context, asker: Asker, product_id: str) -> Response:
    """A product that somebody may open."""
    with context.database.read() as session:
        product = find_product(session, asker.person, product_id)
        series = list_series(session, asker.person, product)
        asked_by = session.get_one(Job, product.job_id).asked_by
        # by name only among those who see all jobs: partners are not told who works for the police
        maker = session.get(Account, asked_by) if asked_by and asker.person.may("run") else None
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
        heading=PRODUCT_HEADINGS.get(product.kind),
    )

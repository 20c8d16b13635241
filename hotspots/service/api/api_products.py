"""Products for programs: lists, summaries, places on the map, files; and who asks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Annotated, get_args

from fastapi import Query, Request
from fastapi.responses import Response

from hotspots.errors import NotFoundError
from hotspots.house import Audience
from hotspots.products.files import PLACE_FILES, SUMMARY_FILES
from hotspots.service.api.api_answers import (
    Before,
    Id,
    Limit,
    MyAccount,
    ProductAnswer,
    ProductList,
    answer_kept,
    link_next,
    make_router,
)
from hotspots.service.door import Asker, Context, ServiceContext, answer_with_file
from hotspots.service.people import Action, Person, SignedIn
from hotspots.service.shelf import find_product, list_products, open_file
from hotspots.service.state import Product

router = make_router("Products", "read")

Kind = Annotated[str | None, Query(pattern="^[a-z_]{1,40}$")]
Crime = Annotated[str | None, Query(pattern="^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80, description="Slug of a crime.")]
Ward = Annotated[str | None, Query(pattern=r"^[^\x00-\x1f\x7f]{1,20}$", description="Code of a ward.")]


@router.get("/me")
def show_account(asker: Asker) -> MyAccount:
    """The account that asks, and what it may do."""
    return MyAccount.of(asker.person, get_args(Action))


@router.get("/products", response_model=ProductList)
def find_products(
    request: Request,
    context: Context,
    asker: Asker,
    kind: Kind = None,
    crime: Crime = None,
    ward: Ward = None,
    audience: Audience | None = None,
    before: Before = None,
    limit: Limit = 50,
) -> Response:
    """Products that you may open, newest first. `Link` says where the list goes on."""
    with context.database.read() as session:
        last = None if before is None else find_product(session, asker.person, before)
        found = list_products(
            session,
            asker.person,
            kind=kind,
            crime=crime,
            ward_code=ward,
            audience=audience,
            before=last,
            limit=limit + 1,
        )
    shown = found[:limit]
    answer = ProductList(products=tuple(ProductAnswer.of(product) for product in shown))
    return answer_kept(request, answer, headers=link_next(request, shown[-1].id if len(found) > limit else None))


@router.get("/products/{product_id}", response_model=ProductAnswer)
def show_product(request: Request, context: Context, asker: Asker, product_id: Id) -> Response:
    """A product."""
    return answer_kept(request, ProductAnswer.of(_find(context, asker.person, product_id)))


@router.get(
    "/products/{product_id}/summary",
    response_class=Response,
    responses={200: {"description": "Of a run by the schema of `summary.json`.", "content": {"application/json": {}}}},
)
def send_summary(request: Request, context: Context, asker: Asker, product_id: Id) -> Response:
    """Every figure of a product. That of a run is its `summary.json`, whose schema Hotspots documents."""
    return _send_named(request, context, asker, product_id, SUMMARY_FILES, "a summary")


@router.get(
    "/products/{product_id}/places.geojson",
    response_class=Response,
    responses={200: {"description": "GeoJSON in degrees (RFC 7946).", "content": {"application/geo+json": {}}}},
)
def send_places(request: Request, context: Context, asker: Asker, product_id: Id) -> Response:
    """Places to patrol, hot spots and wards of a run, or wards and squares of what everybody may be told, as GeoJSON.

    A GIS opens this address. One that knows no bearer tokens sends the token as the password of a name (HTTP Basic),
    which this and all other GET addresses take.
    """
    return _send_named(request, context, asker, product_id, PLACE_FILES, "places as GeoJSON")


@router.get(
    "/products/{product_id}/files/{path:path}",
    response_class=Response,
    responses={200: {"description": "The file.", "content": {"application/octet-stream": {}}}},
)
def send_file(request: Request, context: Context, asker: Asker, product_id: Id, path: str) -> Response:
    """A file of a product, by its path as the product lists it."""
    product = _find(context, asker.person, product_id)
    if all(file.path != path for file in product.files):
        raise NotFoundError("This product has no such file.")
    return _send(request, context, asker, product, path)


def _find(context: ServiceContext, person: Person, product_id: str) -> Product:
    with context.database.read() as session:
        return find_product(session, person, product_id)


def _send_named(
    request: Request, context: ServiceContext, asker: SignedIn, product_id: str, names: Mapping[str, str], what: str
) -> Response:
    """The file of a product that has a name by its kind, in the folder of the product itself."""
    product = _find(context, asker.person, product_id)
    path = (PurePosixPath(product.folder) / names.get(product.kind, "")).as_posix()
    if product.kind not in names or all(file.path != path for file in product.files):
        raise NotFoundError(f"This product, one of {product.kind}, has not {what}. These have: {', '.join(names)}.")
    return _send(request, context, asker, product, path)


def _send(request: Request, context: ServiceContext, asker: SignedIn, product: Product, path: str) -> Response:
    """A file that is there to be saved, and never shown as a page of the service: it may hold scripts."""
    with context.database.read() as session:
        opened = open_file(session, asker.person, product.job_id, path, settings=context.service)
    return answer_with_file(request, context, asker, opened, is_shown=False)

"""The newest products, those that they replace, and what a list can be narrowed down to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, exists, func, or_, select
from sqlalchemy.orm import Session, aliased, selectinload

from hotspots.house import AUDIENCES, Audience
from hotspots.service.people import Person, select_visible
from hotspots.service.shelf.visible_products import is_older
from hotspots.service.state import Product, ProductWard

MOST_SHOWN = 300
"""On one page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewestProducts:
    """Of each series the latest product, as many as a page shows.

    Attributes:
        products: Newest first, without their files.
        n_more: How many older ones there are that are not among them.
    """

    products: Sequence[Product]
    n_more: int


def list_newest(
    session: Session,
    person: Person,
    *,
    kind: str | None = None,
    crime: str | None = None,
    ward_code: str | None = None,
    audience: Audience | None = None,
    before: Product | None = None,
) -> NewestProducts:
    """Of each series that somebody may open the latest product.

    Whoever sees all wards and names none gets what is of more than one: a pack has a page for each ward and crime, and
    these are found by their ward.

    Args:
        session: Of `Database.read`.
        person: Who asks.
        kind: Of product, as `Product.kind` has it.
        crime: Slug.
        ward_code: Of a ward that they are of, and not of the whole area.
        audience: For whom they are.
        before: The last of the page before.
    """
    chosen = select(Product).where(select_visible(person), _is_latest())
    for column, value in ((Product.kind, kind), (Product.crime, crime), (Product.audience, audience)):
        if value is not None:
            chosen = chosen.where(column == value)
    if ward_code is not None:
        of_ward = Product.wards.any(ProductWard.ward_code == ward_code)
        chosen = chosen.where(Product.is_whole_area.is_(False), of_ward)
    elif not person.ward_codes:
        n_wards = select(func.count()).where(ProductWard.product_id == Product.id).scalar_subquery()
        chosen = chosen.where(or_(Product.is_whole_area, n_wards != 1))
    if before is not None:
        chosen = chosen.where(is_older(before))
    ordered = chosen.order_by(Product.created_at.desc(), Product.id).limit(MOST_SHOWN)
    found = session.scalars(ordered.options(selectinload(Product.wards))).all()
    n_all = len(found)
    if n_all == MOST_SHOWN:
        n_all = session.scalar(select(func.count()).select_from(chosen.subquery())) or n_all
    return NewestProducts(products=found, n_more=n_all - len(found))


def list_series(session: Session, person: Person, product: Product, *, limit: int = 50) -> Sequence[Product]:
    """A product with those that it replaced and that replaced it, as far as somebody may open them, newest first."""
    chosen = select(Product).where(Product.series == product.series, select_visible(person))
    return session.scalars(chosen.order_by(Product.created_at.desc(), Product.id).limit(limit)).all()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListChoices:
    """What a list of products can be narrowed down to, for somebody.

    Attributes:
        crimes: Slugs.
        wards: Names by code, in the order of the names: of each the latest that a product has for it.
        audiences: For whom there are products.
    """

    crimes: tuple[str, ...]
    wards: Mapping[str, str]
    audiences: tuple[Audience, ...]


def list_choices(session: Session, person: Person) -> ListChoices:
    """What of the products that somebody may open there is to choose from."""
    visible = select_visible(person)
    seen = session.execute(select(Product.crime, Product.audience).where(visible).distinct()).all()
    ward = aliased(ProductWard)  # what is visible asks for wards as well
    named = (
        select(ward.ward_code, ward.ward_name)
        .join(Product, Product.id == ward.product_id)
        .where(visible, Product.is_whole_area.is_(False))
        .group_by(ward.ward_code, ward.ward_name)
        .order_by(func.max(Product.created_at), ward.ward_name)
    )
    names: dict[str, str] = {}
    for code, name in session.execute(named):
        if name != code or code not in names:  # a plan knows its ward by the code alone
            names[code] = name
    return ListChoices(
        crimes=tuple(sorted({one.crime for one in seen if one.crime})),
        wards=dict(sorted(names.items(), key=lambda ward: (ward[1].casefold(), ward[0]))),
        audiences=tuple(audience for audience in AUDIENCES if any(one.audience == audience for one in seen)),
    )


def _is_latest() -> ColumnElement[bool]:
    later = aliased(Product)
    is_later = or_(later.created_at > Product.created_at, later.id < Product.id)
    # the first two say where in the index of series to look: without the second all of a series is gone through
    return ~exists().where(later.series == Product.series, later.created_at >= Product.created_at, is_later)

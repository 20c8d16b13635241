"""Products as pages show them: in groups that people know, the plan of the coming shift first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import Query
from fastapi.responses import Response

from hotspots.house import AUDIENCES, Audience
from hotspots.products.files import PRODUCT_HEADINGS
from hotspots.service.door import ServiceContext, render
from hotspots.service.people import SignedIn
from hotspots.service.state import Product, ProductFile

Choice = Annotated[str, Query(max_length=80, pattern=r"^[^\x00-\x1f\x7f]*$")]
"""What a list is narrowed down to: a crime, an audience, a ward by its code, which may be any text; or after which
product it goes on. Empty for all."""
PLAN = "patrol_plans"
"""The kind of a patrol plan."""
RUN = "runs"
"""The kind of a map with its tables."""

_OTHER = "Other products"
_RESULTS = ("result", "verdict", "finding")
"""What a product says of its result in a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductGroup:
    """Products under one heading.

    Attributes:
        heading: Of the group.
        products: Newest first.
    """

    heading: str
    products: Sequence[Product]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductTier:
    """Products for the same readers.

    Attributes:
        audience: For whom.
        marking: What is printed on all of them; None where they differ.
        groups: In the order of a page.
    """

    audience: Audience
    marking: str | None
    groups: Sequence[ProductGroup]


def group_products(products: Iterable[Product]) -> list[ProductTier]:
    """Products by their readers and kinds: crimes in the order of their names, and each newest first."""
    tiers = []
    listed = list(products)
    for audience in AUDIENCES:
        of_tier = [product for product in listed if product.audience == audience]
        groups: dict[str, list[Product]] = {heading: [] for heading in (*PRODUCT_HEADINGS.values(), _OTHER)}
        for product in of_tier:
            groups[PRODUCT_HEADINGS.get(product.kind, _OTHER)].append(product)
        for group in groups.values():
            group.sort(key=lambda product: product.label.casefold())
        if of_tier:
            markings = {product.marking for product in of_tier}
            tiers.append(
                ProductTier(
                    audience=audience,
                    marking=markings.pop() if len(markings) == 1 else None,
                    groups=[ProductGroup(heading=heading, products=held) for heading, held in groups.items() if held],
                )
            )
    return tiers


def find_coming_plans(products: Iterable[Product], *, zone: ZoneInfo) -> list[Product]:
    """The patrol plans of today or, where there are none, of the first day after it that has any."""
    today = dt.datetime.now(zone).date()
    by_day: dict[dt.date, list[Product]] = {}
    for product in products:
        day = read_day(product)
        if product.kind == PLAN and day is not None and day >= today:
            by_day.setdefault(day, []).append(product)
    return by_day[min(by_day)] if by_day else []


def read_day(product: Product) -> dt.date | None:
    """The day of a patrol plan; None of what is of no single day."""
    try:
        return dt.date.fromisoformat(str(product.details.get("day")))
    except ValueError:
        return None


def say_result(product: Product) -> str:
    """What came out, in a sentence, where a product has one."""
    return next((str(product.details[name]) for name in _RESULTS if product.details.get(name)), "")


def read_status(product: Product) -> dict[str, str]:
    """What the data of a product are where they are not real: "synthetic" and the like by table."""
    status = product.details.get("status")
    return {str(table): str(said) for table, said in status.items()} if isinstance(status, dict) else {}


def show_products(context: ServiceContext, asker: SignedIn, template: str, **values: Any) -> Response:
    """A page that shows products, with what its template asks of each."""
    return render(
        context,
        template,
        person=asker.person,
        form_token=asker.form_token,
        read_day=read_day,
        read_status=read_status,
        say_result=say_result,
        has_status=lambda products: any(map(read_status, products)),
        **values,
    )


def group_files(files: Iterable[ProductFile]) -> dict[str, list[ProductFile]]:
    """Files by what people do with them, in the order in which they were put on the shelf."""
    groups: dict[str, list[ProductFile]] = {}
    for file in files:
        groups.setdefault(file.use, []).append(file)
    return groups

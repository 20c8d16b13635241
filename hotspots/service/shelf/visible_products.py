"""Products found by those who may open them: what is not for somebody is not there for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session, selectinload
from sqlalchemy.sql.base import ExecutableOption

from hotspots.errors import NotFoundError
from hotspots.house import Audience
from hotspots.service.people import Person, select_files, select_visible
from hotspots.service.state import Product, ProductFile, ProductWard, ServiceSettings

_NOT_THERE = "There is no such product, or it is not for you."


def list_products(
    session: Session,
    person: Person,
    *,
    kind: str | None = None,
    crime: str | None = None,
    ward_code: str | None = None,
    audience: Audience | None = None,
    before: Product | None = None,
    limit: int = 100,
) -> Sequence[Product]:
    """Products that somebody may open, newest first.

    Args:
        session: Of `Database.read`.
        person: Who asks.
        kind: Of product, as `Product.kind` has it.
        crime: Slug.
        ward_code: Of a ward that they are of.
        audience: For whom they are.
        before: The last of the page before.
        limit: How many, at most.
    """
    chosen = select(Product).where(select_visible(person))
    for column, value in ((Product.kind, kind), (Product.crime, crime), (Product.audience, audience)):
        if value is not None:
            chosen = chosen.where(column == value)
    if ward_code is not None:
        chosen = chosen.where(Product.wards.any(ProductWard.ward_code == ward_code))
    if before is not None:
        chosen = chosen.where(is_older(before))
    ordered = chosen.order_by(Product.created_at.desc(), Product.id).limit(limit)
    return session.scalars(ordered.options(*_load_parts(person))).all()


def is_older(product: Product) -> ColumnElement[bool]:
    """The condition on `Product` that leaves those which come after one in a list, newest first."""
    is_of_same_time = and_(Product.created_at == product.created_at, Product.id > product.id)
    return or_(Product.created_at < product.created_at, is_of_same_time)


def find_product(session: Session, person: Person, product_id: str) -> Product:
    """A product that somebody may open, with those of its files that they may.

    Raises:
        NotFoundError: There is none, or it is not for them: which of these is not said.
    """
    chosen = select(Product).where(Product.id == _clean(product_id), select_visible(person))
    product = session.scalar(chosen.options(*_load_parts(person)))
    if product is None:
        raise NotFoundError(_NOT_THERE)
    return product


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedFile:
    """A file on the shelf that somebody may open.

    Attributes:
        path: Where it is.
        job_id: Of the job that made it.
        name: Its path below the folder of the job.
        media_type: Of its content.
        n_bytes: Its size.
        sha256: Of its content.
        label: What it is of, for the audit.
    """

    path: Path
    job_id: str
    name: str
    media_type: str
    n_bytes: int
    sha256: str
    label: str


def open_file(session: Session, person: Person, job_id: str, path: str, *, settings: ServiceSettings) -> OpenedFile:
    """A file of a product that somebody may open, by its path below the folder of the job.

    The path is looked up among those that were put on the shelf, and never joined to a folder before.

    Raises:
        NotFoundError: There is none, or it is not for them: which of these is not said.
    """
    chosen = (
        select(ProductFile, Product)
        .join(Product, Product.id == ProductFile.product_id)
        .where(ProductFile.job_id == _clean(job_id), ProductFile.path == _clean(path))
        .where(select_visible(person), select_files(person))
        .order_by(Product.position)
        .limit(1)
    )
    found = session.execute(chosen).first()
    if found is None:
        raise NotFoundError(_NOT_THERE)
    file, product = found
    return OpenedFile(
        path=settings.shelf / file.job_id / file.path,
        job_id=file.job_id,
        name=file.path,
        media_type=file.media_type,
        n_bytes=file.n_bytes,
        sha256=file.sha256,
        label=f"{product.label}, {product.area}: {file.name}",
    )


def _load_parts(person: Person) -> tuple[ExecutableOption, ...]:
    """The wards of products, and the files of each that somebody may open."""
    return selectinload(Product.wards), selectinload(Product.files.and_(select_files(person)))


def _clean(asked: str) -> str:
    """What is asked for, as a database takes it: PostgreSQL refuses the character 0, which nothing here is called."""
    return asked.replace("\0", "\N{REPLACEMENT CHARACTER}")

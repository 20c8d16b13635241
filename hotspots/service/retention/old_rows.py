"""Old rows of the database: products, jobs and files sent. Files of products go after their rows (`old_files`)."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import delete, exists, func, select
from sqlalchemy.orm import Session

from hotspots.products.summary import PRODUCTS
from hotspots.service.audit import record
from hotspots.service.state import Job, Product, ProductFile, ScheduledRun, Upload

ROW_FILE, ROW_ZIP = PRODUCTS["rejected"], ".zip"
"""The file of a product in which a line is a row of a file of incidents; the zip of a pack holds it as well."""
_ENDED = ("done", "failed", "cancelled")
_DECIDED = ("kept", "discarded")


def remove_products(session: Session, before: dt.date, *, actor: str) -> int:
    """Remove products whose period ended before a day; how many.

    Args:
        session: Of `Database.write`.
        before: The first day that stays.
        actor: Who removes them, for the audit.
    """
    old = session.execute(select(Product.id, Product.label).where(Product.end < before).order_by(Product.id)).all()
    if old:
        session.execute(delete(Product).where(Product.end < before))
        record(
            session,
            actor=actor,
            action="remove products",
            before=before.isoformat(),
            n_products=len(old),
            products={one.id: one.label for one in old},
        )
    return len(old)


def remove_row_files(session: Session, before: dt.date, *, actor: str) -> int:
    """Remove lists of rows from products whose period began before a day; how many.

    What else is in a product is counted, and shows nobody: it stays for as long as the product does.
    """
    old = select(Product.id).where(Product.start < before)
    is_row_file = (ProductFile.path == ROW_FILE) | ProductFile.path.endswith(f"/{ROW_FILE}", autoescape=True)
    is_row_file |= ProductFile.path.endswith(ROW_ZIP, autoescape=True)
    chosen = is_row_file & ProductFile.product_id.in_(old)
    n_files = session.scalar(select(func.count()).select_from(ProductFile).where(chosen)) or 0
    if n_files:
        session.execute(delete(ProductFile).where(chosen))
        record(session, actor=actor, action="remove lists of rows", before=before.isoformat(), n_files=n_files)
    return n_files


def remove_jobs(session: Session, before: dt.datetime, *, actor: str) -> int:
    """Remove jobs that ended, and files that were decided on, before a moment and of which nothing is left; how many.

    Args:
        session: Of `Database.write`.
        before: Aware.
        actor: Who removes them, for the audit.
    """
    made_something = exists().where(Product.job_id == Job.id)
    jobs: Any = select(Job.id).where(Job.status.in_(_ENDED), Job.ended_at < before, ~made_something)
    uploads = (Upload.status.in_(_DECIDED)) & (Upload.decided_at < before)
    ids = list(session.scalars(jobs))
    n_uploads = session.scalar(select(func.count()).select_from(Upload).where(uploads)) or 0
    if ids or n_uploads:
        session.execute(delete(ScheduledRun).where(ScheduledRun.job_id.in_(jobs)))
        session.execute(delete(Job).where(Job.id.in_(jobs)))
        session.execute(delete(Upload).where(uploads))
        record(
            session,
            actor=actor,
            action="remove jobs",
            before=before.isoformat(),
            n_jobs=len(ids),
            n_files_sent=n_uploads,
        )
    return len(ids) + n_uploads

"""What records of the audit are of, in words: ids mean nothing to whoever reads."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotspots.service.state import Account, AuditRecord, Job, Product, Upload

_ID = re.compile(r"\b[0-9a-f]{32}\b")
_OF_ACCOUNTS = ("account", "password", "sessions", "token")
"""The last word of actions whose subject is the name of an account."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What something was done to.

    Attributes:
        text: What it is called.
        address: Where an admin sees it; empty for what is not there any more, and for what has no page.
    """

    text: str
    address: str = ""


def name_subjects(session: Session, records: Sequence[AuditRecord]) -> Mapping[int, Sequence[Subject]]:
    """What each record is of, by its number: one thing, or the two that somebody compared."""
    found = {one_id for one in records for one_id in _ID.findall(one.subject)}
    known = _look_up(session, found)
    named = {one.subject for one in records if one.action.endswith(_OF_ACCOUNTS)}
    accounts = {
        name: Subject(name, f"/accounts/{account_id}")
        for account_id, name in session.execute(select(Account.id, Account.name).where(Account.name.in_(named)))
    }
    return {one.sequence: _name(one, known, accounts) for one in records}


def _look_up(session: Session, ids: Iterable[str]) -> dict[str, Subject]:
    """Jobs, products and files that were sent, by their ids."""
    jobs = session.execute(select(Job.id, Job.label).where(Job.id.in_(ids)))
    products = session.execute(select(Product.id, Product.label, Product.area).where(Product.id.in_(ids)))
    uploads = session.execute(select(Upload.id, Upload.file_name).where(Upload.id.in_(ids)))
    return {
        **{job_id: Subject(label, f"/jobs/{job_id}") for job_id, label in jobs},
        **{product_id: Subject(f"{label}, {area}", f"/products/{product_id}") for product_id, label, area in products},
        **{upload_id: Subject(file_name, f"/uploads/{upload_id}") for upload_id, file_name in uploads},
    }


def _name(one: AuditRecord, known: Mapping[str, Subject], accounts: Mapping[str, Subject]) -> Sequence[Subject]:
    job_id, slash, path = one.subject.partition("/")
    if slash and job_id in known:
        return [Subject(str(one.details.get("label") or path), f"/files/{job_id}/{quote(path)}")]
    ids = _ID.findall(one.subject)
    if ids and not slash:
        return [known.get(one_id, Subject(one_id)) for one_id in ids]
    subject = accounts.get(one.subject) if one.action.endswith(_OF_ACCOUNTS) else None
    return [subject or Subject(one.subject)]

"""The tables of the database."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import secrets
from typing import Any, Literal

from sqlalchemy import (
    JSON,
    BigInteger,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Text,
    event,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from hotspots.house import Audience
from hotspots.service.state.rights import Role, Tier
from hotspots.service.state.utc_times import UtcTime, read_clock

JobStatus = Literal["queued", "running", "done", "failed", "cancelled"]
UploadStatus = Literal["received", "checked", "refused", "kept", "discarded"]


def make_id() -> str:
    """A name that cannot be guessed, and is safe in an address and as the name of a folder."""
    return secrets.token_hex(16)


class Base(DeclarativeBase):
    """What all tables share."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it from the class
        dt.datetime: UtcTime,
        dict[str, Any]: JSON,
        list[str]: JSON,
        Role: String(20),
        Tier: String(20),
        JobStatus: String(20),
        UploadStatus: String(20),
        Audience: String(20),
    }


class Account(Base):
    """Somebody who may sign in."""

    __tablename__ = "accounts"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=make_id)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    """As it is typed to sign in, in small letters."""
    full_name: Mapped[str] = mapped_column(String(120))
    role: Mapped[Role]
    tier: Mapped[Tier]
    ward_codes: Mapped[list[str]]
    """Codes of the wards of a team, which sees these alone; empty for all."""
    password_hash: Mapped[str | None] = mapped_column(Text)
    """None for those who sign in elsewhere."""
    issuer: Mapped[str | None] = mapped_column(String(400))
    subject: Mapped[str | None] = mapped_column(String(400))
    """Who vouches for somebody that signs in elsewhere, and what they call them."""
    is_active: Mapped[bool] = mapped_column(default=True)
    must_change_password: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[dt.datetime]
    password_changed_at: Mapped[dt.datetime | None]

    __table_args__ = (Index("uq_accounts_issuer_subject", "issuer", "subject", unique=True),)


class LoginSession(Base):
    """That somebody has signed in, until they sign out or it ends."""

    __tablename__ = "sessions"

    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    """SHA-256 of what the browser keeps: who reads the database cannot sign in with it."""
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    form_token: Mapped[str] = mapped_column(String(64))
    """In every form, so that another site cannot send one."""
    created_at: Mapped[dt.datetime]
    seen_at: Mapped[dt.datetime]
    ends_at: Mapped[dt.datetime]

    account: Mapped[Account] = relationship(lazy="joined", innerjoin=True)


class ApiToken(Base):
    """What a program signs in with in somebody's name, until it ends."""

    __tablename__ = "api_tokens"

    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    label: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[dt.datetime]
    seen_at: Mapped[dt.datetime | None]
    ends_at: Mapped[dt.datetime]

    account: Mapped[Account] = relationship(lazy="joined", innerjoin=True)


class FailedLogin(Base):
    """That somebody typed a wrong password; kept for as long as it counts."""

    __tablename__ = "failed_logins"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    """As it was typed, whether there is such an account or not."""
    address: Mapped[str] = mapped_column(String(64))
    at: Mapped[dt.datetime]

    __table_args__ = (
        Index("ix_failed_logins_name_at", "name", "at"),
        Index("ix_failed_logins_address_at", "address", "at"),
    )


class Job(Base):
    """A command that somebody asked for, to be run in the workspace."""

    __tablename__ = "jobs"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=make_id)
    label: Mapped[str] = mapped_column(String(200))
    """What it is, in words."""
    arguments: Mapped[list[str]]
    """What would be typed after `hotspots`, without where to write."""
    status: Mapped[JobStatus]
    asked_by: Mapped[str | None] = mapped_column(ForeignKey("accounts.id", ondelete="SET NULL"))
    """None for a schedule, or an account that is not there any more."""
    created_at: Mapped[dt.datetime] = mapped_column(index=True)
    not_before: Mapped[dt.datetime] = mapped_column(default=read_clock)
    """When a worker may begin with it: later than now after an attempt that failed."""
    started_at: Mapped[dt.datetime | None]
    ended_at: Mapped[dt.datetime | None]
    n_attempts: Mapped[int] = mapped_column(default=0)
    claimed_by: Mapped[str] = mapped_column(String(120), default="")
    """The worker that is at it, or was last."""
    attempt_token: Mapped[str | None] = mapped_column(String(32))
    """Of the attempt that is at work: no other one may end the job."""
    lease_until: Mapped[dt.datetime | None]
    """Unless it is made longer before, the worker is taken for dead then."""
    is_cancel_asked: Mapped[bool] = mapped_column(default=False)
    progress: Mapped[str] = mapped_column(String(300), default="")
    """What is being done, in words."""
    message: Mapped[str] = mapped_column(Text, default="")
    """What the command said at its end: what was found, or why it failed."""
    peak_memory_bytes: Mapped[int | None] = mapped_column(BigInteger)

    products: Mapped[list[Product]] = relationship(back_populates="job", order_by="Product.position")

    __table_args__ = (Index("ix_jobs_status_not_before", "status", "not_before"),)


class ScheduledRun(Base):
    """That a schedule has asked for a job, when it was due, and whether somebody was told how that ended."""

    __tablename__ = "scheduled_runs"

    label: Mapped[str] = mapped_column(String(80), primary_key=True)
    """Of the schedule."""
    due_at: Mapped[dt.datetime] = mapped_column(primary_key=True)
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id"))
    n_tellings: Mapped[int] = mapped_column(default=0)
    """How often it was tried to tell somebody."""
    tell_after: Mapped[dt.datetime | None]
    told_at: Mapped[dt.datetime | None]


class NoticeTold(Base):
    """That somebody was told how a scheduled job has ended, by one of several ways."""

    __tablename__ = "notices_told"

    label: Mapped[str] = mapped_column(String(80), primary_key=True)
    due_at: Mapped[dt.datetime] = mapped_column(primary_key=True)
    """Of the scheduled run."""
    way: Mapped[str] = mapped_column(String(80), primary_key=True)
    """The webhook, or an address of mail, by a hash of it."""
    told_at: Mapped[dt.datetime]

    __table_args__ = (
        ForeignKeyConstraint(
            ["label", "due_at"], ["scheduled_runs.label", "scheduled_runs.due_at"], ondelete="CASCADE"
        ),
    )


class Product(Base):
    """A set of files about one thing, on the shelf: a run, a page for a ward, a brief, a patrol plan."""

    __tablename__ = "products"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=make_id)
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id"), index=True)
    position: Mapped[int]
    """Within its job."""
    kind: Mapped[str] = mapped_column(String(40))
    label: Mapped[str] = mapped_column(String(200))
    crime: Mapped[str | None] = mapped_column(String(80), index=True)
    """Slug of the crime that it is of; None where it is of several."""
    start: Mapped[dt.date]
    end: Mapped[dt.date]
    area: Mapped[str] = mapped_column(String(400))
    is_whole_area: Mapped[bool]
    """Whether it is of all wards, and so not for the team of one."""
    audience: Mapped[Audience] = mapped_column(index=True)
    marking: Mapped[str] = mapped_column(String(80))
    details: Mapped[dict[str, Any]]
    """What else a list says of it: numbers by their names in the summary, and what its data are where not real."""
    folder: Mapped[str] = mapped_column(String(400))
    """Below that of the job; empty for that itself."""
    main_path: Mapped[str] = mapped_column(String(400))
    """Of the file to open first, below the folder of the job."""
    series: Mapped[str] = mapped_column(String(64))
    """The same for all that are of the same thing, of which the latest counts; made as a product is stored."""
    created_at: Mapped[dt.datetime] = mapped_column(index=True)

    job: Mapped[Job] = relationship(back_populates="products")
    wards: Mapped[list[ProductWard]] = relationship(cascade="all, delete-orphan")
    files: Mapped[list[ProductFile]] = relationship(cascade="all, delete-orphan", order_by="ProductFile.position")

    __table_args__ = (Index("ix_products_series_created_at", "series", "created_at"),)


@event.listens_for(Product, "before_insert")
def _name_series(_mapper: Any, _connection: Any, product: Product) -> None:
    """A product replaces an earlier one of its kind, crime, wards and readers; a plan only that of the same shift."""
    wards = sorted(ward.ward_code for ward in product.wards)
    shift = [product.details.get(name) for name in ("day", "shift")]
    area = [product.area, product.is_whole_area, wards]
    same = [product.kind, product.crime, product.label, product.audience, area, shift]
    product.series = hashlib.sha256(json.dumps(same, default=str).encode("ascii")).hexdigest()


class ProductWard(Base):
    """A ward that a product is of."""

    __tablename__ = "product_wards"

    product_id: Mapped[str] = mapped_column(ForeignKey("products.id", ondelete="CASCADE"), primary_key=True)
    ward_code: Mapped[str] = mapped_column(String(20), primary_key=True, index=True)
    ward_name: Mapped[str] = mapped_column(String(120))


class ProductFile(Base):
    """A file of a product. One file may be of several: the page of a ward is of its pack as well."""

    __tablename__ = "product_files"

    product_id: Mapped[str] = mapped_column(ForeignKey("products.id", ondelete="CASCADE"), primary_key=True)
    path: Mapped[str] = mapped_column(String(400), primary_key=True)
    """Below the folder of the job, with slashes."""
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id"))
    position: Mapped[int]
    name: Mapped[str] = mapped_column(String(200))
    """What people call it."""
    use: Mapped[str] = mapped_column(String(40))
    """What people do with it."""
    media_type: Mapped[str] = mapped_column(String(120))
    n_bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))

    __table_args__ = (Index("ix_product_files_job_id_path", "job_id", "path"),)


class Upload(Base):
    """A file of incidents that somebody sent."""

    __tablename__ = "uploads"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=make_id)
    sent_by: Mapped[str | None] = mapped_column(ForeignKey("accounts.id", ondelete="SET NULL"))
    file_name: Mapped[str] = mapped_column(String(200))
    """As the sender calls it, made safe."""
    n_bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    status: Mapped[UploadStatus]
    report: Mapped[dict[str, Any]]
    """What `hotspots check` found, as JSON; empty before that."""
    message: Mapped[str] = mapped_column(Text, default="")
    """What it said, or why the file is refused."""
    created_at: Mapped[dt.datetime] = mapped_column(index=True)
    decided_at: Mapped[dt.datetime | None]


class AuditRecord(Base):
    """That somebody did something. Records are added, and never changed."""

    __tablename__ = "audit"

    sequence: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False
    )
    """1, 2, 3: a gap shows."""
    at: Mapped[dt.datetime] = mapped_column(index=True)
    actor: Mapped[str] = mapped_column(String(80))
    """Name of the account, "schedule", or what was typed by somebody who is not known."""
    action: Mapped[str] = mapped_column(String(60), index=True)
    subject: Mapped[str] = mapped_column(String(400))
    """What it was done to."""
    outcome: Mapped[str] = mapped_column(String(20))
    """done, refused or failed."""
    details: Mapped[dict[str, Any]]
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))
    """SHA-256 of all the rest of it, that of the record before included."""

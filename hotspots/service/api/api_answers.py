"""What the API answers: the form of each answer, and how it is sent so that it need not be sent twice."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Self
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict

from hotspots.house import Audience
from hotspots.service.door import KEPT_BY_PROGRAMS, has_already, require
from hotspots.service.people import Action, Person
from hotspots.service.state import Job, JobStatus, Product, Role, Tier, Upload, UploadStatus

ADDRESS = "/api/v1"
MAX_LIMIT = 200
PROBLEM = "Problem"
"""Name of the form of errors in the description."""

Id = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
Before = Annotated[
    str | None, Query(pattern="^[0-9a-f]{32}$", description="Id of the last of the page before; see `Link`.")
]
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="How many, at most.")]

_PROBLEMS = {
    401: "Nobody has signed in, or the token has ended.",
    403: "The account may not do this.",
    404: "There is none, or it is not for this account.",
    422: "Something in the request is not what it has to be.",
    429: "Too many requests: `Retry-After` says when to ask again.",
}


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class MyAccount(_Answer):
    """The account that asks.

    Attributes:
        name: As it is typed to sign in.
        full_name: As it is shown.
        role: What it may do.
        tier: Of which audience it is.
        ward_codes: The wards of a team; empty for all.
        may: Everything that it may do.
    """

    name: str
    full_name: str
    role: Role
    tier: Tier
    ward_codes: tuple[str, ...]
    may: tuple[Action, ...]

    @classmethod
    def of(cls, person: Person, actions: Sequence[Action]) -> MyAccount:
        """The account of a person."""
        return cls(
            name=person.name,
            full_name=person.full_name,
            role=person.role,
            tier=person.tier,
            ward_codes=person.ward_codes,
            may=tuple(action for action in actions if person.may(action)),
        )


class WardOfProduct(_Answer):
    """A ward that a product is of."""

    code: str
    name: str


class FileOfProduct(_Answer):
    """A file of a product.

    Attributes:
        path: Its path, which with the id of the product is its address.
        name: What people call it.
        use: What people do with it.
        media_type: Of its content.
        n_bytes: Its size.
        sha256: Of its content, in hexadecimal; with quotes around it the `ETag`.
        address: Where to get it.
    """

    path: str
    name: str
    use: str
    media_type: str
    n_bytes: int
    sha256: str
    address: str


class ProductAnswer(_Answer):
    """A product: a set of files about one thing.

    Attributes:
        id: Of it.
        job_id: Of the job that made it.
        kind: What it is: runs, packs, briefs and so on.
        label: What it is, in words.
        crime: Slug of the crime; null where it is of several.
        start, end: First and last day.
        area: What it is of, in words.
        is_whole_area: Whether it is of all wards.
        audience: For whom.
        marking: As printed on it.
        data_status: What its data say of themselves by table, where they are made up or unfinished.
        wards: That it is of.
        files: All of them.
        created_at: When it was made, in UTC.
    """

    id: str
    job_id: str
    kind: str
    label: str
    crime: str | None
    start: dt.date
    end: dt.date
    area: str
    is_whole_area: bool
    audience: Audience
    marking: str
    data_status: dict[str, str]
    wards: tuple[WardOfProduct, ...]
    files: tuple[FileOfProduct, ...]
    created_at: dt.datetime

    @classmethod
    def of(cls, product: Product) -> ProductAnswer:
        """A product with its wards and files."""
        status = product.details.get("status")
        return cls(
            **{
                name: getattr(product, name)
                for name in cls.model_fields
                if name not in ("data_status", "wards", "files")
            },
            data_status=dict(status) if isinstance(status, Mapping) else {},
            wards=tuple(WardOfProduct(code=ward.ward_code, name=ward.ward_name) for ward in product.wards),
            files=tuple(
                FileOfProduct(
                    path=file.path,
                    name=file.name,
                    use=file.use,
                    media_type=file.media_type,
                    n_bytes=file.n_bytes,
                    sha256=file.sha256,
                    address=f"{ADDRESS}/products/{product.id}/files/{file.path}",
                )
                for file in product.files
            ),
        )


class JobAnswer(_Answer):
    """A job.

    Attributes:
        id: Of it.
        label: What it is, in words.
        arguments: What would be typed after `hotspots`.
        status: How it stands.
        created_at, started_at, ended_at: In UTC; null for what is still to come.
        n_attempts: How often it was begun.
        is_cancel_asked: Whether somebody asked for it to end.
        progress: What is being done.
        message: What the command said at its end.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", from_attributes=True)

    id: str
    label: str
    arguments: tuple[str, ...]
    status: JobStatus
    created_at: dt.datetime
    started_at: dt.datetime | None
    ended_at: dt.datetime | None
    n_attempts: int
    is_cancel_asked: bool
    progress: str
    message: str

    @classmethod
    def of(cls, job: Job) -> JobAnswer:
        """A job."""
        return cls.model_validate(job)


class UploadAnswer(_Answer):
    """A file of incidents that was sent.

    Attributes:
        id: Of it.
        file_name: As it was sent, made safe.
        n_bytes: Its size.
        sha256: Of its content.
        status: received (its check is to come), checked, refused, kept or discarded.
        message: Why it is refused.
        created_at, decided_at: In UTC.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", from_attributes=True)

    id: str
    file_name: str
    n_bytes: int
    sha256: str
    status: UploadStatus
    message: str
    created_at: dt.datetime
    decided_at: dt.datetime | None

    @classmethod
    def of(cls, upload: Upload) -> Self:
        """An upload."""
        return cls.model_validate(upload)


class CheckedUpload(UploadAnswer):
    """A file of incidents that was sent, with what its check found.

    Attributes:
        report: What `hotspots check` says as JSON; empty before the check.
    """

    report: dict[str, Any]


class ProductList(_Answer):
    """Products, newest first."""

    products: tuple[ProductAnswer, ...]


class JobList(_Answer):
    """Jobs, newest first."""

    jobs: tuple[JobAnswer, ...]


class UploadList(_Answer):
    """Files that were sent, newest first."""

    uploads: tuple[UploadAnswer, ...]


def make_router(tag: str, action: Action) -> APIRouter:
    """A router of addresses that all take the same right."""
    problem = {"application/problem+json": {"schema": {"$ref": f"#/components/schemas/{PROBLEM}"}}}
    return APIRouter(
        prefix=ADDRESS,
        tags=[tag],
        dependencies=[require(action)],
        responses={status: {"description": said, "content": problem} for status, said in _PROBLEMS.items()},
    )


def answer_kept(request: Request, answer: BaseModel, *, headers: Mapping[str, str] | None = None) -> Response:
    """An answer with a strong ETag; nothing but that where the asker has it already (RFC 9110, section 13)."""
    content = answer.model_dump_json().encode("utf-8")
    told = {"Cache-Control": KEPT_BY_PROGRAMS, "ETag": f'"{hashlib.sha256(content).hexdigest()}"', **(headers or {})}
    if has_already(request, told["ETag"]):
        return Response(status_code=304, headers=told)
    return Response(content, media_type="application/json", headers=told)


def link_next(request: Request, last_id: str | None) -> dict[str, str]:
    """The header that says where a list goes on (RFC 8288); none where it ends."""
    if last_id is None:
        return {}
    asked = [(name, value) for name, value in request.query_params.multi_items() if name != "before"]
    return {"Link": f'<{request.url.path}?{urlencode([*asked, ("before", last_id)])}>; rel="next"'}

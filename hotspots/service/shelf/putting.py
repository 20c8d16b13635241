"""Products put on the shelf: finished files in their place, and rows that say of what they are and for whom."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session

from hotspots.products.files import CatalogueEntry, CatalogueFile, find_media_type, list_catalogue
from hotspots.service.state import Product, ProductFile, ProductWard, read_clock

_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_LIST = PurePosixPath("index.html")
"""The list of all that is in the folder: the service has lists of its own, of what each may open."""


def describe_products(out: Path, *, job_id: str) -> list[Product]:
    """What a finished command wrote, as rows that are not in the database yet.

    Only regular files count, and none behind a link. A file that no summary names is one of the product in whose folder
    it is, so that pages find what they need.

    Args:
        out: The folder of all products.
        job_id: Of the job that wrote them.
    """
    there = {path.relative_to(out).as_posix(): path for path in _walk(out)}
    entries = list_catalogue(out)
    named = {file.path for entry in entries for file in entry.files}
    rest: dict[str, list[str]] = {entry.folder: [] for entry in entries}
    for path in sorted(there.keys() - named):
        holder = next((str(one) for one in PurePosixPath(path).parents if str(one) in rest), None)
        if holder is not None:
            rest[holder].append(path)
    hashes = {path: _hash(file) for path, file in there.items()}
    now = read_clock()
    products: list[Product] = []
    for entry in entries:
        files = [file for file in entry.files if file.path in there]
        files += [CatalogueFile(path=path, name=Path(path).name, kind="", use="Other") for path in rest[entry.folder]]
        if not files:
            continue
        product = _describe(entry, main_path=files[0].path, day=now.date())
        product.job_id, product.position, product.created_at = job_id, len(products), now
        product.files = [
            ProductFile(
                job_id=job_id,
                path=file.path,
                position=position,
                name=_tidy(file.name, 200),
                use=file.use,
                media_type=find_media_type(there[file.path]),
                n_bytes=there[file.path].stat().st_size,
                sha256=hashes[file.path],
            )
            for position, file in enumerate(files)
        ]
        products.append(product)
    return products


def secure_products(out: Path) -> None:
    """Leave out the list of all products, and have every other file on the disk before anything says that it is."""
    (out / _LIST).unlink(missing_ok=True)
    for path in _walk(out):
        sync_path(path)
    for folder, _, _ in os.walk(out):
        sync_path(Path(folder))


def put_on_shelf(session: Session, out: Path, *, place: Path, aside: Path, products: Sequence[Product]) -> None:
    """Put a finished folder in its place, and its rows in the database: whoever sees the rows finds all files.

    The caller holds the lock of the job's row in this very transaction, so that nobody else is at the same place. A
    folder that is there already is of an attempt that was killed before its rows were kept, and gives way.

    Args:
        session: Of `Database.write`.
        out: The folder of all products; it may be in its place already, when a transaction is tried again.
        place: Its place on the shelf.
        aside: Where a folder that gives way is put, on the same disk.
        products: What `describe_products` said of it.
    """
    if out.is_dir():
        if place.is_dir():
            os.replace(place, aside)  # noqa: PTH105 - at once, or not at all
        place.parent.mkdir(parents=True, exist_ok=True)
        os.replace(out, place)  # noqa: PTH105
        sync_path(place.parent)
    if products:
        session.execute(delete(Product).where(Product.job_id == products[0].job_id))
    session.add_all(products)
    session.flush()


def sync_path(path: Path) -> None:
    """Have a file on the disk, or what a folder says of its names: a rename is not there for good before."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _describe(entry: CatalogueEntry, *, main_path: str, day: dt.date) -> Product:
    """A product without its files. That of all wards is not listed with those of any: each would have it."""
    wards = () if entry.is_whole_area else entry.wards
    details: Mapping[str, Any] = {
        **{name: value.isoformat() if isinstance(value, dt.date) else value for name, value in entry.details.items()},
        **({"status": dict(entry.status)} if entry.status else {}),
        **({"is_kept": True} if entry.is_kept else {}),
    }
    return Product(
        kind=entry.kind,
        label=_tidy(entry.label, 200),
        crime=entry.crime,
        start=entry.start or day,
        end=entry.end or day,
        area=_tidy(entry.area, 400),
        is_whole_area=entry.is_whole_area,
        audience=entry.audience,
        marking=_tidy(entry.marking, 80),
        details=dict(details),
        folder=entry.folder,
        main_path=main_path,
        wards=[ProductWard(ward_code=_tidy(ward.code, 20), ward_name=_tidy(ward.name, 120)) for ward in wards],
    )


def _tidy(text: str, length: int) -> str:
    """A text of a file as a column takes it."""
    return _UNSEEN.sub("\N{REPLACEMENT CHARACTER}", text)[:length]


def _walk(out: Path) -> Iterator[Path]:
    """Every regular file below a folder; links are not followed."""
    for folder, _, names in os.walk(out):
        for name in names:
            path = Path(folder) / name
            if stat.S_ISREG(path.lstat().st_mode) and path != out / _LIST:
                yield path


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

"""What runs on the shelf say of themselves."""

from __future__ import annotations

import json
from pathlib import PurePosixPath
from typing import Any

from sqlalchemy.orm import Session

from hotspots.errors import DataError, NotFoundError
from hotspots.products.summary import PRODUCTS
from hotspots.service.people import Person
from hotspots.service.shelf import open_file
from hotspots.service.state import Product, ServiceSettings


def read_part(session: Session, person: Person, product: Product, part: str, settings: ServiceSettings) -> Any:
    """A JSON file of a run that somebody may open.

    Args:
        session: Of `Database.read`.
        person: Who asks.
        product: The run.
        part: Which of `PRODUCTS`: "summary", "quality_json".
        settings: Of the service.

    Raises:
        NotFoundError: The run has none, or it is not for them.
        DataError: It cannot be read.
    """
    path = (PurePosixPath(product.folder) / PRODUCTS[part]).as_posix()
    opened = open_file(session, person, product.job_id, path, settings=settings)
    try:
        return json.loads(opened.path.read_text("utf-8"))
    except FileNotFoundError:
        raise NotFoundError("This file is not on the shelf any more. Ask whoever runs this service.") from None
    except (OSError, ValueError):
        raise DataError(f"The file {PRODUCTS[part]} of this run cannot be read. Make the run again.") from None

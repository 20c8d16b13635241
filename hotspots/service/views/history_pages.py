"""All runs of a crime over time, and two of them side by side."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter
from fastapi.responses import Response

from hotspots.errors import DataError, NotFoundError, ParameterError
from hotspots.house import AUDIENCES
from hotspots.service.door import Asker, Context
from hotspots.service.shelf import find_product, list_choices, list_products, record_opening
from hotspots.service.state import Product
from hotspots.service.views.crime_names import name_crime
from hotspots.service.views.run_comparison import compare_runs
from hotspots.service.views.run_files import read_part
from hotspots.service.views.shown_products import RUN, Choice, show_products

router = APIRouter(include_in_schema=False)

_AT_ONCE = 50


@router.get("/history")
def show_history(
    context: Context,
    asker: Asker,
    crime: Choice = "",
    ward: Choice = "",
    audience: Choice = "",
    before: Choice = "",
) -> Response:
    """All runs of a crime that somebody may open, newest first."""
    chosen = next((known for known in AUDIENCES if known == audience), None)
    with context.database.read() as session:
        choices = list_choices(session, asker.person)
        if not crime and len(choices.crimes) == 1:
            crime = choices.crimes[0]
        runs = list_products(
            session,
            asker.person,
            kind=RUN,
            crime=crime or None,
            ward_code=ward or None,
            audience=chosen,
            before=find_product(session, asker.person, before) if before else None,
            limit=_AT_ONCE + 1,
        )
    return show_products(
        context,
        asker,
        "history.html",
        runs=runs[:_AT_ONCE],
        pair=_find_pair(runs[:_AT_ONCE]),
        older=runs[_AT_ONCE - 1].id if len(runs) > _AT_ONCE else "",
        choices=choices,
        crimes={slug: name_crime(context.settings, slug) for slug in choices.crimes},
        crime=crime,
        ward=ward,
        audience=chosen or "",
    )


@router.get("/compare")
def show_comparison(context: Context, asker: Asker, a: Choice = "", b: Choice = "") -> Response:
    """Two runs side by side, the one that was made first on the left whichever is named first.

    Raises:
        NotFoundError: One of them is not there, or not for whoever asks.
        ParameterError: They are one and the same, of two crimes, or not both runs.
        DataError: What one says of itself cannot be read.
    """
    with context.database.read() as session:
        if not a or not b:
            raise ParameterError("Two runs are compared. Choose an earlier and a later one on the page History.")
        chosen = [find_product(session, asker.person, one) for one in (a, b)]
        earlier, later = sorted(chosen, key=lambda product: (product.created_at, product.id))
        if earlier.id == later.id:
            raise ParameterError("Both are the same run. Choose another for one of them.")
        if {product.kind for product in chosen} != {RUN} or earlier.crime != later.crime:
            raise ParameterError(
                f'Two runs of one crime are compared, and these are "{earlier.label}" and "{later.label}". Choose two '
                "maps of the same crime."
            )
        try:
            summaries = [
                read_part(session, asker.person, product, "summary", context.service) for product in (earlier, later)
            ]
        except NotFoundError:
            raise NotFoundError("One of these runs has no figures to compare, or they are not for you.") from None
    try:
        comparison = compare_runs(*summaries)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise DataError("One of these runs was made by another version, which writes other figures.") from None
    record_opening(
        context.database,
        asker,
        action="compare runs",
        subject=f"{earlier.id}, {later.id}",
        label=f"{earlier.label}, {earlier.area}; {later.label}, {later.area}",
    )
    return show_products(
        context,
        asker,
        "compare.html",
        earlier=earlier,
        later=later,
        comparison=comparison,
    )


def _find_pair(runs: Sequence[Product]) -> tuple[str, str]:
    """The ids of the newest run that replaced one in the list, and of that one; else of the first two."""
    for index, later in enumerate(runs):
        for earlier in runs[index + 1 :]:
            if earlier.series == later.series:
                return later.id, earlier.id
    return (runs[0].id, runs[1].id) if len(runs) > 1 else ("", "")

"""What each may open: by tier and by ward, in lists and by address."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hotspots.errors import NotFoundError
from hotspots.service.people import Person
from hotspots.service.shelf import find_product, list_products, open_file
from hotspots.service.state import Database, Product, ServiceSettings

EVELYN, DEPTFORD = {"E05000001": "Evelyn"}, {"E05000002": "Deptford"}


def make_person(tier: str = "tasking", *wards: str) -> Person:
    return Person(account_id="x", name="x", full_name="X", role="viewer", tier=tier, ward_codes=wards)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("person", "seen"),
    [
        (make_person(), {"all", "evelyn", "both", "for partners", "for everybody"}),
        (make_person("partner"), {"for partners", "for everybody"}),
        (make_person("tasking", "E05000001"), {"evelyn", "for everybody"}),
        (make_person("tasking", "E05000001", "E05000002"), {"evelyn", "both", "for everybody"}),
        (make_person("partner", "E05000001"), {"for everybody"}),
    ],
)
def test_a_person_sees_what_is_of_their_tier_and_wards(
    person: Person,
    seen: set[str],
    add_product: Callable[..., Product],
    database: Database,
    service: ServiceSettings,
) -> None:
    products = [
        add_product("all"),
        add_product("evelyn", wards=EVELYN),
        add_product("both", wards=EVELYN | DEPTFORD),
        add_product("for partners", audience="partner"),
        add_product("for everybody", audience="public"),
    ]
    with database.read() as session:
        assert {product.label for product in list_products(session, person)} == seen
        for product in products:
            if product.label in seen:
                assert find_product(session, person, product.id).label == product.label
                opened = open_file(session, person, product.job_id, "map.html", settings=service)
                assert opened.path.read_bytes() == b"<h1>Map</h1>"
                continue
            with pytest.raises(NotFoundError, match="or it is not for you"):
                find_product(session, person, product.id)
            with pytest.raises(NotFoundError, match="or it is not for you"):
                open_file(session, person, product.job_id, "map.html", settings=service)


@pytest.mark.parametrize("path", ["../../hotspots.db", "/etc/passwd", "map.html/", "MAP.HTML", "", "a/../map.html"])
def test_a_path_is_one_of_those_that_were_put_there(
    path: str, add_product: Callable[..., Product], database: Database, service: ServiceSettings
) -> None:
    product = add_product()
    with database.read() as session, pytest.raises(NotFoundError):
        open_file(session, make_person(), product.job_id, path, settings=service)


def test_lists_come_in_pages_newest_first(add_product: Callable[..., Product], database: Database) -> None:
    made = [add_product(f"{number}", crime="asb" if number % 2 else "robbery").label for number in range(5)]
    with database.read() as session:
        first = list_products(session, make_person(), limit=3)
        second = list_products(session, make_person(), limit=3, before=first[-1])
        assert [one.label for one in (*first, *second)] == made[::-1]
        assert [one.label for one in list_products(session, make_person(), crime="asb")] == ["3", "1"]

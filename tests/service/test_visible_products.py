"""What each may open: by tier and by ward, in lists and by address."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest

from hotspots.errors import NotFoundError
from hotspots.service.people import Person
from hotspots.service.shelf import (
    MOST_SHOWN,
    find_product,
    list_choices,
    list_newest,
    list_products,
    open_file,
)
from hotspots.service.state import Database, Job, Product, ProductWard, ServiceSettings, make_id, read_clock

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


def test_rows_that_were_refused_are_of_all_wards_and_not_for_the_team_of_one(
    add_product: Callable[..., Product], database: Database, service: ServiceSettings
) -> None:
    shared = ["robbery/map.html", "robbery/x_rejected.csv", "robbery/rejected.csv.html"]
    of_rows = ["robbery/rejected.csv", "rejected.csv", "pack.zip"]
    product = add_product(wards=EVELYN, files=dict.fromkeys([*shared, *of_rows], b"x"))
    for person, seen in ((make_person(), {*shared, *of_rows}), (make_person("tasking", "E05000001"), set(shared))):
        with database.read() as session:
            for found in (find_product(session, person, product.id), *list_products(session, person)):
                assert {file.path for file in found.files} == seen
            for path in [*shared, *of_rows]:
                if path in seen:
                    assert open_file(session, person, product.job_id, path, settings=service).name == path
                    continue
                with pytest.raises(NotFoundError, match="or it is not for you"):
                    open_file(session, person, product.job_id, path, settings=service)


def test_a_ward_has_the_name_that_it_has_now_and_never_its_code(
    add_product: Callable[..., Product], database: Database
) -> None:
    """It is found by its code whatever it is called, and by nothing else."""
    first = add_product(wards={"E05000001": "Zion", "E05000002": "Ash"})
    second = add_product(wards={"E05000001": "Alder"})
    third = add_product(wards={"E05000001": "E05000001", "E05000003": "E05000003"})
    with database.read() as session:
        assert list_choices(session, make_person()).wards == {
            "E05000001": "Alder",
            "E05000002": "Ash",
            "E05000003": "E05000003",
        }
        found = list_products(session, make_person(), ward_code="E05000001")
        assert [product.id for product in found] == [third.id, second.id, first.id]
        seen = list_products(session, make_person("tasking", "E05000001"))
        assert [product.id for product in seen] == [second.id]  # by its old name or its new one
        assert list_choices(session, make_person("tasking", "E05000001")).wards == {"E05000001": "Alder"}


def test_what_a_page_of_the_newest_does_not_show_is_counted_and_comes_on_the_next(database: Database) -> None:
    now = read_clock()
    job = Job(id=make_id(), label="Map", arguments=["run"], status="done", created_at=now)
    job.products = [
        Product(
            kind="runs", label=f"{number:04}", crime="robbery", start=now.date(), end=now.date(), area="all wards",
            is_whole_area=True, audience="tasking", marking="", details={}, folder="", main_path="map.html",
            position=number, created_at=now - dt.timedelta(minutes=number // 2),
        )
        for number in range(MOST_SHOWN + 7)
    ]  # fmt: skip
    job.products[3].audience = "public"
    job.products[-1].wards = [ProductWard(ward_code="E05000001", ward_name="Evelyn")]
    with database.write() as session:
        session.add(job)
    with database.read() as session:
        first = list_newest(session, make_person())
        second = list_newest(session, make_person(), before=first.products[-1])
        assert (len(first.products), first.n_more, len(second.products), second.n_more) == (MOST_SHOWN, 7, 7, 0)
        labels = {product.label for product in (*first.products, *second.products)}
        assert labels == {product.label for product in job.products}
        public = list_newest(session, make_person("partner"))
        assert ([product.label for product in public.products], public.n_more) == (["0003"], 0)

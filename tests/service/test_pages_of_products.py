"""The newest products, a product, and its files: who sees what, and as what it is sent."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from html import unescape

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from hotspots.service.shelf import ONCE_WITHIN
from hotspots.service.state import Account, AuditRecord, Database, Job, Product, read_clock

pytestmark = pytest.mark.one_database

AddProduct = Callable[..., Product]
Arrive = Callable[[str], TestClient]

EVELYN, DEPTFORD = {"E05000001": "Evelyn"}, {"E05000002": "Deptford"}
HOSTILE = """<script>alert(1)</script>" onload='alert(2)' {{ 6007 * 7 }} {% raw %}"""


def list_links(page: str, start: str) -> list[str]:
    """Addresses in a page that begin so, in its order."""
    return [unescape(found) for found in re.findall(rf'href="({start}[^"]*)"', page)]


def test_each_finds_on_the_first_page_what_is_theirs_and_opens_no_other(
    add_product: AddProduct, arrive: Arrive
) -> None:
    made = {
        "whole": add_product("Whole"),
        "evelyn": add_product("Of Evelyn", wards=EVELYN, area="Evelyn"),
        "deptford": add_product("Of Deptford", wards=DEPTFORD, area="Deptford"),
        "both": add_product("Of both", wards=EVELYN | DEPTFORD, area="two wards"),
        "partner": add_product("For them", audience="partner"),
        "public": add_product("For all", audience="public"),
    }
    seen = {
        "viewer": ({"whole", "both", "partner", "public"}, {"evelyn", "deptford"}),
        "analyst": ({"whole", "both", "partner", "public"}, {"evelyn", "deptford"}),
        "partner": ({"partner", "public"}, set()),
        "evelyn": ({"evelyn", "public"}, set()),
    }
    for name, (listed, found_by_ward) in seen.items():
        client = arrive(name)
        page = client.get("/").text
        assert set(list_links(page, "/products/")) == {f"/products/{made[one].id}" for one in listed}, name
        for label, product in made.items():
            is_theirs = label in listed | found_by_ward
            for address in (f"/products/{product.id}", f"/files/{product.job_id}/map.html"):
                assert client.get(address).status_code == (200 if is_theirs else 404), (name, label)
    of_ward = arrive("viewer").get("/?ward=E05000001").text
    assert set(list_links(of_ward, "/products/")) == {f"/products/{made[one].id}" for one in ("evelyn", "both")}


def test_the_latest_of_each_kind_crime_wards_and_readers_is_the_newest(add_product: AddProduct, arrive: Arrive) -> None:
    older = add_product()
    newer = add_product()
    others = [
        add_product("Burglary", crime="burglary"),
        add_product(audience="partner"),
        add_product(area="Evelyn, Deptford", wards=EVELYN | DEPTFORD),
        add_product(kind="havens"),
    ]
    client = arrive("viewer")
    links = list_links(client.get("/").text, "/products/")
    assert sorted(links) == sorted(f"/products/{product.id}" for product in (newer, *others))
    assert list_links(client.get("/?crime=burglary").text, "/products/") == [f"/products/{others[0].id}"]
    assert list_links(client.get("/?audience=partner").text, "/products/") == [f"/products/{others[1].id}"]
    page = client.get(f"/products/{older.id}").text
    assert f'There is a newer one: <a href="/products/{newer.id}">' in page
    assert f"/compare?a={newer.id}&b={older.id}" in list_links(page, "/compare")
    assert "There is a newer one" not in client.get(f"/products/{newer.id}").text


def test_the_plan_of_the_next_shift_comes_before_all_others(add_product: AddProduct, arrive: Arrive) -> None:
    today = read_clock().date()
    for days in (-3, 2, 9):
        day = today + dt.timedelta(days=days)
        add_product(
            f"Plan {days}",
            kind="patrol_plans",
            details={"day": day.isoformat(), "shift": "14:00 to 22:00", "result": "Two patrols."},
        )
    page = arrive("viewer").get("/").text
    coming = page[page.index("The next patrol plan") : page.index("<table")]
    assert re.findall(r"Plan -?\d", coming) == ["Plan 2"]
    assert "Two patrols." in coming
    assert set(re.findall(r"Plan -?\d", page)) == {"Plan -3", "Plan 2", "Plan 9"}


def test_the_plan_of_the_next_shift_is_there_however_many_products_are_newer(
    add_product: AddProduct, arrive: Arrive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hotspots.service.shelf.newest_products.MOST_SHOWN", 2)
    details = {"day": read_clock().date().isoformat(), "result": "Two patrols.", "status": {"incidents": "synthetic"}}
    plan = add_product("The plan", kind="patrol_plans", details=details)
    hidden = add_product("Not theirs", kind="patrol_plans", details=details, wards=DEPTFORD)
    for crime in ("asb", "burglary", "robbery"):
        add_product(crime, crime=crime)
    page = arrive("viewer").get("/").text
    assert f'<a href="/products/{plan.id}">Calendar' in page[page.index("The next patrol plan") : page.index("<table")]
    assert hidden.id not in page
    assert "made from made-up or unfinished data" in page


def test_an_empty_shelf_says_what_to_do_next(arrive: Arrive) -> None:
    assert "As soon as your analyst has made" in arrive("viewer").get("/").text
    assert list_links(arrive("analyst").get("/").text, "/jobs/new") == ["/jobs/new?kind=patrol+plan", "/jobs/new"]
    assert "Nothing fits." in arrive("viewer").get("/?crime=arson").text


def test_what_data_say_is_text_and_never_code(add_product: AddProduct, arrive: Arrive) -> None:
    wards = {"E05000001": HOSTILE, "E05000002": "B"}
    product = add_product(
        HOSTILE,
        wards=wards,
        area=HOSTILE,
        marking=HOSTILE[:80],
        kind="patrol_plans",
        details={"result": HOSTILE, "status": {HOSTILE: HOSTILE}, "day": HOSTILE, "shift": HOSTILE},
        files={"a'b\"<i>.html": b"x"},
    )
    client = arrive("viewer")
    for address in ("/", f"/products/{product.id}", "/history", "/?ward=E05000001"):
        page = client.get(address).text
        assert "alert(1)" in page, address
        assert "<script>alert" not in page, address
        assert not re.search(r"<[^>]*\sonload=", re.sub(r'"[^"]*"', "", page)), address
        assert "42049" not in page, address
    assert client.get(list_links(client.get("/").text, "/files/")[0]).content == b"x"


@pytest.mark.parametrize(
    "address", ["/?crime=%00", "/?ward=%27%20or%201", "/products/%00", "/files/%00/%00", "/products/x", "/?audience=x"]
)
def test_what_no_list_could_say_is_no_fault_of_the_service(address: str, arrive: Arrive) -> None:
    assert arrive("viewer").get(address).status_code in (200, 404, 422)


def test_a_file_is_sent_as_what_it_is_and_from_a_sandbox(add_product: AddProduct, arrive: Arrive) -> None:
    product = add_product(
        files={
            "robbery/2026/map.html": b"<h1>Map</h1>",
            "robbery/2026/chart.svg": b"<svg/>",
            "robbery/2026/brief.pdf": b"%PDF",
            "robbery/2026/tables.xlsx": b"PK",
            "robbery/2026/hotspots.csv": b"a,b",
        }
    )
    client = arrive("viewer")
    told = {
        file.path: client.get(f"/files/{product.job_id}/{file.path}", headers={"Accept-Encoding": "identity"}).headers
        for file in product.files
    }
    shown = {path.rpartition(".")[2]: headers["content-disposition"] for path, headers in told.items()}
    assert shown == {
        "html": 'inline; filename="robbery_2026_map.html"',
        "svg": 'inline; filename="robbery_2026_chart.svg"',
        "pdf": 'inline; filename="robbery_2026_brief.pdf"',
        "xlsx": 'attachment; filename="robbery_2026_tables.xlsx"',
        "csv": 'attachment; filename="robbery_2026_hotspots.csv"',
    }
    for file in product.files:
        headers = told[file.path]
        assert headers["content-type"].startswith(file.media_type)
        assert headers["etag"] == f'"{file.sha256}"'
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"
        policy = headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy
        if not file.path.endswith(".pdf"):
            assert policy.startswith("sandbox ")
            assert "allow-same-origin" not in policy
            assert "escape" not in policy


def test_what_a_browser_has_is_not_sent_again_and_not_shown_to_whom_it_is_no_longer_for(
    add_product: AddProduct, arrive: Arrive, database: Database
) -> None:
    product = add_product()
    address, client = f"/files/{product.job_id}/map.html", arrive("viewer")
    tag = client.get(address).headers["etag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        said = client.get(address, headers={"If-None-Match": known})
        assert (said.status_code, said.content, said.headers["etag"]) == (304, b"", tag)
    assert client.get(address, headers={"If-None-Match": '"other"'}).status_code == 200
    with database.write() as session:
        account = session.scalars(select(Account).where(Account.name == "viewer")).one()
        account.tier = "partner"
    assert client.get(address, headers={"If-None-Match": tag}).status_code == 404


def test_each_opening_is_in_the_audit_once_in_a_while(
    add_product: AddProduct, arrive: Arrive, database: Database
) -> None:
    product = add_product(files={"map.html": b"1", "times.html": b"2"})
    viewer, analyst = arrive("viewer"), arrive("analyst")
    tag = viewer.get(f"/files/{product.job_id}/map.html").headers["etag"]
    viewer.get(f"/files/{product.job_id}/map.html", headers={"If-None-Match": tag})
    viewer.get(f"/files/{product.job_id}/times.html")
    analyst.get(f"/files/{product.job_id}/map.html")
    assert viewer.get(f"/files/{product.job_id}/none.html").status_code == 404

    def list_opened() -> list[tuple[str, str]]:
        with database.read() as session:
            opened = select(AuditRecord).where(AuditRecord.action == "open file").order_by(AuditRecord.sequence)
            return [(one.actor, one.subject.rpartition("/")[2]) for one in session.scalars(opened)]

    once = [("viewer", "map.html"), ("viewer", "times.html"), ("analyst", "map.html")]
    assert list_opened() == once
    with database.write() as session:  # as if time had passed
        for record in session.scalars(select(AuditRecord)):
            record.at -= ONCE_WITHIN
    viewer.get(f"/files/{product.job_id}/map.html", headers={"If-None-Match": tag})
    assert list_opened() == [*once, ("viewer", "map.html")]


def test_a_file_that_is_gone_from_the_disk_is_said_to_be(add_product: AddProduct, arrive: Arrive) -> None:
    product = add_product(audience="public")
    client = arrive("viewer")
    opened = client.get(f"/products/{product.id}").text
    assert "Read and print" in opened
    for path in (one for one in client.app.state.context.service.shelf.rglob("*") if one.is_file()):  # type: ignore[attr-defined]
        path.unlink()
    said = client.get(f"/files/{product.job_id}/map.html")
    assert said.status_code == 404
    assert "not on the shelf any more" in said.text


def test_pages_lead_to_what_a_person_may_do_and_mark_where_they_are(arrive: Arrive) -> None:
    for name, led in (("viewer", ["/", "/history"]), ("analyst", ["/", "/history", "/jobs", "/quality"])):
        page = arrive(name).get("/history").text
        menu = page[page.index("<nav") : page.index("</nav>")]
        assert [one for one in list_links(menu, "/") if one in ("/", "/history", "/jobs", "/quality")] == led
        assert re.findall(r'href="([^"]+)" aria-current="page"', menu) == ["/history"]


def test_a_ward_is_chosen_by_its_code_whatever_that_looks_like(add_product: AddProduct, arrive: Arrive) -> None:
    product = add_product(wards={"SY 4/b_'é&": "Sector 4"})
    client = arrive("viewer")
    (link,) = list_links(client.get("/").text, "/\\?ward=")
    assert list_links(client.get(link).text, "/products/") == [f"/products/{product.id}"]
    assert f'href="/products/{product.id}"' in client.get(link.replace("/?", "/history?")).text
    found = client.get(link.replace("/?", "/api/v1/products?")).json()["products"]
    assert [one["id"] for one in found] == [product.id]


def test_who_asked_for_a_product_is_known_to_those_who_see_all_jobs_alone(
    add_product: AddProduct, arrive: Arrive, database: Database
) -> None:
    """A partner is not told who works for the police."""
    product = add_product(audience="partner")
    analyst = arrive("analyst")
    with database.write() as session:
        account = session.scalars(select(Account).where(Account.name == "analyst")).one()
        account.full_name = "Jane Quill"
        session.get_one(Job, product.job_id).asked_by = account.id
    assert "for Jane Quill" in analyst.get(f"/products/{product.id}").text
    for name in ("partner", "viewer"):
        assert "Quill" not in arrive(name).get(f"/products/{product.id}").text


def test_what_the_first_page_does_not_show_is_said_and_is_on_the_next(
    add_product: AddProduct, arrive: Arrive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hotspots.service.shelf.newest_products.MOST_SHOWN", 2)
    made = [add_product(str(number), crime="asb") for number in range(5)]
    add_product("other", crime="robbery", audience="partner")
    client = arrive("viewer")
    address, shown, told = "/?crime=asb", [], []
    while address:
        page = client.get(address).text
        shown += [link.rpartition("/")[2] for link in list_links(page, "/products/")]
        told += re.findall(r"\d+ older ones? (?:is|are) not on this page", page)
        address = next((link for link in list_links(page, "/\\?") if "before=" in link), "")
    assert sorted(shown) == sorted(product.id for product in made)
    assert told == ["3 older ones are not on this page", "1 older one is not on this page"]
    hidden = add_product(wards=DEPTFORD)
    assert arrive("evelyn").get(f"/?before={hidden.id}").status_code == 404


def test_a_browser_keeps_nothing_but_styles_and_scripts(add_product: AddProduct, arrive: Arrive) -> None:
    """When a session has run out, it would show what it kept without asking."""
    product = add_product(files={"map.html": b"1", "tables.xlsx": b"2", "brief.pdf": b"3"})
    client = arrive("viewer")
    page = client.get("/")
    kept = list_links(page.text, "/static/")
    assert kept
    api = f"/api/v1/products/{product.id}"
    asked = [f"/files/{product.job_id}/{file.path}" for file in product.files]
    asked += ["/", "/history", f"/products/{product.id}", "/nothing", "/api/v1/products", api, f"{api}/files/map.html"]
    for address in asked:
        assert client.get(address).headers["cache-control"] == "no-store", address
    tag = {"If-None-Match": client.get(asked[0]).headers["etag"]}
    again = client.get(asked[0], headers=tag)
    assert (again.status_code, again.headers["cache-control"]) == (304, "no-store")
    for address in kept:
        assert client.get(address).headers["cache-control"].startswith("public")

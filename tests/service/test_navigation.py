"""In a browser: each role signs in, finds the pages that it may open, and no others; and none has a fault of access."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from service_fixtures import PASSWORD
from support import list_violations

from hotspots.service.state import Account

pytestmark = [pytest.mark.slow, pytest.mark.parametrize("database_address", ["sqlite"], indirect=True)]

EVERYBODY = ["/", "/history"]
ANALYST = ["/jobs", "/uploads", "/quality", "/schedules"]
ADMIN = ["/accounts", "/audit"]
"""What the bar of pages leads to, in any order: of everybody, and of analysts and admins as well."""

PEOPLE: dict[str, tuple[dict[str, Any], list[str]]] = {
    "viewer": ({}, EVERYBODY),
    "partner": ({"tier": "partner"}, EVERYBODY),
    "team": ({"ward_codes": ["E05000001"]}, EVERYBODY),
    "analyst": ({"role": "analyst"}, [*EVERYBODY, *ANALYST]),
    "admin": ({"role": "admin"}, [*EVERYBODY, *ANALYST, *ADMIN]),
}
"""Each kind of person, by the name that they sign in with."""

CUT_OFF = """[...document.querySelectorAll('main *')].filter((one) => one.scrollWidth > one.clientWidth + 1
  && getComputedStyle(one).overflowX !== 'visible' && !one.matches('.unseen, input, select'))
  .map((one) => one.outerHTML)"""
"""What of a page is seen only by who thinks of moving it to the side."""

OWN = ["/password", "/tokens"]
"""What everybody finds beside their name."""


@pytest.fixture
def open_page(browser: Any) -> Iterator[Callable[..., Any]]:
    """Opens a page of a new browser, which tells what it complains of."""
    contexts = []

    def open_one(width: int = 1280, scheme: str = "light") -> tuple[Any, list[str]]:
        context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme)
        contexts.append(context)
        page, complaints = context.new_page(), []
        page.set_default_timeout(10_000)
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page, complaints

    yield open_one
    for context in contexts:
        context.close()


def sign_in_there(page: Any, address: str, name: str) -> None:
    page.goto(f"{address}/sign-in")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{address}/")


@pytest.mark.parametrize("name", list(PEOPLE))
def test_each_role_finds_exactly_what_it_may(
    name: str, open_page: Callable[..., Any], serve: Callable[..., str], add_person: Callable[..., Account]
) -> None:
    options, allowed = PEOPLE[name]
    add_person(name, **options)
    address = serve()
    page, complaints = open_page()
    sign_in_there(page, address, name)
    links = page.get_by_role("navigation").get_by_role("link").evaluate_all("all => all.map(one => one.pathname)")
    assert sorted(links) == sorted(allowed)
    for path in [*allowed, *OWN]:
        assert page.goto(address + path).status == 200, path
    assert complaints == []
    forbidden = {path for _, paths in PEOPLE.values() for path in paths} - set(allowed)
    for path in sorted(forbidden):
        assert page.goto(address + path).status in (403, 404), path
        assert page.get_by_role("navigation").get_by_role("link").count() == len(allowed)
    page.goto(address)
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(f"{address}/sign-in")
    page.go_back()
    page.goto(address)
    assert page.url == f"{address}/sign-in?next=/"


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_pages_of_people_are_for_everybody(
    width: int,
    scheme: str,
    open_page: Callable[..., Any],
    serve: Callable[..., str],
    add_person: Callable[..., Account],
) -> None:
    add_person("boss", role="admin")
    account = add_person("a.one", full_name="A name that is quite long, and goes on for a while")
    address = serve()
    page, complaints = open_page(width, scheme)
    page.goto(f"{address}/sign-in")
    assert list_violations(page) == []
    sign_in_there(page, address, "boss")
    page.goto(f"{address}/tokens")
    page.get_by_label("For which program").fill("A program whose name is quite long as well")
    page.get_by_role("button", name="Make the token").click()
    for path in ("/accounts", f"/accounts/{account.id}", "/audit", "/audit/check", "/uploads", *OWN):
        page.goto(address + path)
        assert list_violations(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert page.evaluate(CUT_OFF) == [], path
    assert complaints == []

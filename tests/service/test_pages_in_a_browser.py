"""Pages as people use them: a map in its sandbox, a run as it goes on, and what axe finds."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from service_fixtures import PASSWORD, PEOPLE
from sqlalchemy import delete
from support import AnalyseDemonstration, list_violations

from hotspots.products.files import write_products
from hotspots.service.state import Account, Database, Job, LoginSession, Product, read_clock

AddProduct = Callable[..., Product]
pytestmark = [pytest.mark.slow, pytest.mark.parametrize("database_address", ["sqlite"], indirect=True)]


@pytest.fixture
def enter(browser: Any, serve: Callable[[], str], add_person: Callable[..., Account]) -> Iterator[Callable[..., Any]]:
    """Opens the first page for one of `PEOPLE`, who signs in by the form."""
    address, contexts = serve(), []
    known: set[str] = set()

    def go_in(name: str, width: int = 1280, colours: str = "light", **options: Any) -> Any:
        if name not in known:
            known.add(name)
            add_person(name, **PEOPLE[name])
        context = browser.new_context(
            base_url=address, viewport={"width": width, "height": 844}, color_scheme=colours, **options
        )
        contexts.append(context)
        page = context.new_page()
        page.goto("/sign-in")
        page.fill("[name=name]", name)
        page.fill("[name=password]", PASSWORD)
        page.click("main button")
        page.wait_for_url(f"{address}/")
        return page

    yield go_in
    for context in contexts:
        context.close()


@pytest.fixture
def put_map(
    analyse_demonstration: AnalyseDemonstration, add_product: AddProduct, tmp_path: Path
) -> Callable[[], Product]:
    """Puts a run of the demonstration on the shelf, as `hotspots run` writes it."""

    def put() -> Product:
        _, paths = write_products(analyse_demonstration("robbery"), tmp_path / "out")
        folder = paths["map"].parent
        names = ["map.html", *sorted(path.name for path in folder.iterdir() if path.name != "map.html")]
        return add_product(files={f"robbery/2026/{name}": (folder / name).read_bytes() for name in names})

    return put


def test_a_map_works_in_its_sandbox_and_has_no_session(
    put_map: Callable[[], Product], enter: Callable[..., Any]
) -> None:
    put_map()
    page = enter("viewer")
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text))
    page.click("main a.first")
    page.wait_for_selector(".leaflet-control-scale-line")
    address = page.url
    # it runs as if from another site
    assert page.evaluate("self.origin") == "null"
    for reach in ("document.cookie", "localStorage", "sessionStorage"):
        with pytest.raises(Exception, match="sandbox"):
            page.evaluate(reach)
    # what somebody chooses is in the address, and back and forward go through it
    page.locator("#answer-send button").first.click()
    page.wait_for_function("location.hash.includes('place=')")
    chosen = page.url
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Whole area").click()
    page.wait_for_function("location.hash === ''")
    assert page.url == address
    page.go_back()
    page.wait_for_function("location.hash.includes('place=')")
    page.reload()
    page.wait_for_selector(".leaflet-control-scale-line")
    assert page.url == chosen
    # it prints
    page.evaluate("window.print = () => { document.title = 'printed'; }")
    page.get_by_role("button", name="Print").click()
    assert page.title() == "printed"
    # and leads to the other pages of its run, and back
    page.locator("a[href^='quality.html']:visible").first.click()
    page.wait_for_url("**/quality.html*")
    assert page.evaluate("self.origin") == "null"
    page.go_back()
    page.wait_for_selector(".leaflet-control-scale-line")
    assert complaints == []


def test_a_script_in_a_product_reaches_nothing_of_the_service(
    add_product: AddProduct, enter: Callable[..., Any]
) -> None:
    product = add_product(
        files={
            "evil.html": b"<h1>Evil</h1><form method=post action=/sign-out><button>Go</button></form>"
            b"<iframe src=/></iframe><script>fetch('/').then(() => document.title = 'reached', "
            b"() => document.title = 'refused')</script>"
        }
    )
    page = enter("viewer")
    page.goto(f"/files/{product.job_id}/evil.html")
    page.wait_for_function("document.title")
    assert page.title() == "refused"
    assert all("Newest products" not in (frame.content() if frame.url else "") for frame in page.frames)
    page.click("button")  # a sandbox sends no forms
    page.goto("/")
    assert page.locator("h1").inner_text() == "Newest products"


def test_who_comes_after_somebody_signed_out_goes_back_to_nothing(
    add_product: AddProduct, enter: Callable[..., Any]
) -> None:
    product = add_product()
    page = enter("viewer")
    page.goto(f"/files/{product.job_id}/map.html")
    page.goto("/password")
    page.click("text=Sign out")
    page.wait_for_url("**/sign-in")
    page.evaluate("history.go(-2)")
    page.wait_for_url("**/sign-in?next=**")
    assert page.locator("h1").inner_text() == "Sign in"


@pytest.mark.parametrize("keeps_whole_pages", [False, True])
def test_who_comes_after_a_session_ran_out_goes_back_to_nothing(
    keeps_whole_pages: bool,
    browser: Any,
    serve: Callable[[], str],
    add_person: Callable[..., Account],
    add_product: AddProduct,
    database: Database,
) -> None:
    """Neither in what the browser keeps of files, nor in pages that it keeps whole, which Playwright leaves off."""
    product = add_product(
        files={"map.html": b"<h1>Map</h1>", "chart.svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>"}
    )
    add_person("viewer")
    address = serve()
    left_out = ["--disable-back-forward-cache"] if keeps_whole_pages else None
    another = browser.browser_type.launch(
        executable_path=shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome"),
        args=["--no-sandbox", "--disable-background-networking"],
        ignore_default_args=left_out,
    )
    for shown in (f"/products/{product.id}", f"/files/{product.job_id}/map.html", f"/files/{product.job_id}/chart.svg"):
        page = another.new_context(base_url=address).new_page()
        page.goto("/sign-in")
        page.fill("[name=name]", "viewer")
        page.fill("[name=password]", PASSWORD)
        page.click("main button")
        page.wait_for_url(f"{address}/")
        page.goto(shown)
        page.goto("/history")
        page.go_back()  # while the session lasts, what was there is there again
        page.wait_for_url(f"{address}{shown}")
        page.goto("/history")
        with database.write() as session:
            session.execute(delete(LoginSession))
        page.goto("/password")
        page.wait_for_url("**/sign-in?next=**")
        page.evaluate("history.go(-2)")
        page.wait_for_url(f"**/sign-in?next={shown}")
        assert page.locator("h1").inner_text() == "Sign in"
    another.close()


def test_a_file_is_saved_under_a_name_that_says_of_what_it_is(
    add_product: AddProduct, enter: Callable[..., Any]
) -> None:
    product = add_product(files={"robbery/2026/map.html": b"<a href='tables.csv' download>Tables</a>",
                                 "robbery/2026/tables.csv": b"a,b"})  # fmt: skip
    page = enter("viewer", accept_downloads=True)
    page.goto(f"/files/{product.job_id}/robbery/2026/map.html")
    with page.expect_download() as saved:
        page.click("a")
    assert saved.value.suggested_filename == "robbery_2026_tables.csv"
    assert Path(saved.value.path()).read_bytes() == b"a,b"


def test_a_run_is_watched_to_its_end_and_cancelled(enter: Callable[..., Any], database: Database) -> None:
    page = enter("analyst")
    page.click("text=Runs")
    page.click("text=Make something new")
    page.click("text=Map of a crime")
    page.check("text=Robbery")
    page.click("text=Make it")
    page.wait_for_url(re.compile("/jobs/[0-9a-f]{32}$"))
    status = page.get_by_role("status")
    assert "Waiting for its turn" in status.inner_text()

    def change(**values: Any) -> None:
        with database.write() as session:
            job = session.get_one(Job, page.url.rpartition("/")[2])
            for name, value in values.items():
                setattr(job, name, value)

    change(status="running", progress="Reads <b>files</b>")
    status.get_by_text("Reads <b>files</b>").wait_for()
    page.click("text=Cancel it")
    status.get_by_text("Being cancelled").wait_for()
    change(status="cancelled", ended_at=read_clock(), message="Stopped.")
    page.get_by_text("Stopped.").wait_for()
    assert page.get_by_role("status").inner_text() == "Cancelled"


def test_a_button_says_that_it_was_pressed_and_a_second_press_does_nothing(
    enter: Callable[..., Any], database: Database
) -> None:
    page = enter("analyst")
    page.goto("/jobs/new?kind=map")
    page.check("text=Robbery")
    pressed = page.evaluate("""() => {
      const sent = [], button = document.querySelector("main form button");
      addEventListener("submit", (event) => { sent.push(!event.defaultPrevented); event.preventDefault(); });
      for (let press = 0; press < 3; press++) button.click();
      return [sent, button.textContent];
    }""")
    assert pressed == [[True, False, False], "Sending\u2026"]
    page.reload()
    page.check("text=Robbery")
    page.get_by_role("button", name="Make it").dblclick()
    page.wait_for_url(re.compile("/jobs/[0-9a-f]{32}$"))
    first = page.url
    page.go_back()  # the form as it was, and good for another job
    page.wait_for_url("**/jobs/new?kind=map")
    page.check("text=Robbery")
    page.get_by_role("button", name="Make it").click()
    page.wait_for_url(re.compile("/jobs/[0-9a-f]{32}$"))
    assert page.url != first
    with database.read() as session:
        assert session.query(Job).count() == 2


def test_pages_are_accessible_light_and_dark_wide_and_on_a_phone(
    put_map: Callable[[], Product], add_product: AddProduct, enter: Callable[..., Any], database: Database
) -> None:
    first, second = put_map(), put_map()
    add_product("Robbery", kind="patrol_plans", details={"day": read_clock().date().isoformat(), "result": "Two."})
    add_product(
        "Of Evelyn", wards={"E05000001": "Evelyn"}, area="Evelyn", details={"status": {"incidents": "synthetic"}}
    )
    with database.write() as session:
        job = Job(label="Map", arguments=["run"], status="failed", created_at=read_clock(), message="No.")
        session.add(job)
    addresses = (
        "/", "/?ward=E05000001", f"/products/{first.id}", "/history", f"/compare?a={first.id}&b={second.id}",
        "/quality", "/jobs", f"/jobs/{job.id}", "/jobs/new", "/jobs/new?kind=map", "/jobs/new?kind=patrol+plan",
        "/compare", "/nothing", "/uploads", "/schedules",
    )  # fmt: skip
    found = []
    for width, colours in ((390, "light"), (1280, "dark")):
        page = enter("admin", width, colours, bypass_csp=True)
        for address in addresses:
            page.goto(address)
            page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
            found += [f"{address} {colours}: {fault}" for fault in list_violations(page)]
            if page.evaluate("document.documentElement.scrollWidth") > width:
                found.append(f"{address} is wider than {width}")
    assert found == []

"""History, two runs side by side, and the quality of the last intake."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from hotspots.service.state import AuditRecord, Database, Product, Upload, read_clock

pytestmark = pytest.mark.one_database

AddProduct = Callable[..., Product]
Arrive = Callable[[str], TestClient]
Change = Callable[[dict[str, Any]], None]

EVELYN, DEPTFORD = {"E05000001": "Evelyn"}, {"E05000002": "Deptford"}


def make_place(rank: int, place: str, code: str = "E05000001", ward: str = "Evelyn") -> dict[str, Any]:
    return {"rank": rank, "place": place, "wards": [{"code": code, "name": ward}], "n_incidents": 7731}


SUMMARY: dict[str, Any] = {
    "crime": "robbery",
    "period": {"start": "2025-01-01", "end": "2025-12-31", "n_days": 365},
    "methods": [],
    "data_status": {},
    "handling": {"audience": "tasking"},
    "inputs": [{"path": "a.csv", "sha256": "1"}, {"path": "b.csv", "sha256": "2"}],
    "accounts": {
        "read": 1000,
        "analysed": 600,
        "other_crimes": 300,
        "outside_period": 50,
        "outside_area": 40,
        "rejected": {"no date": 10},
    },
    "study_area": {"is_all": True, "stated_area": None},
    "wards": [{"code": "E05000001", "name": "Evelyn"}, {"code": "E05000002", "name": "Deptford"}],
    "hotspots": [make_place(1, "High Street")],
    "patrols": {
        "expected_share": 0.31,
        "places": [make_place(1, "High Street"), make_place(2, "Mill Lane"), make_place(3, "Mill Lane", "E05000002")],
    },
    "changes": [
        {
            "is_main": True,
            "available": True,
            "is_per_day": False,
            "allows_for_season": True,
            "words": "the 12 months to December 2025 against the 12 before",
            "area": {
                "n_current": 600,
                "n_earlier": 500,
                "ratio": 1.2,
                "low": 1.1,
                "high": 1.3,
                "verdict": "deteriorating",
            },
        }
    ],
    "version": "1",
}  # fmt: skip
QUALITY: dict[str, Any] = {
    "n_read": 1000,
    "n_used": 990,
    "n_set_aside": 0,
    "refused": [
        {"reason": "no date", "n_rows": 10, "examples": [{"source": "<b>a.csv", "row": 3, "gave": "<script>"}]}
    ],
    "notes": ["A note with <script>alert(1)</script>"],
    "findings": ["990 of 1,000 rows can be used."],
    "sources": [
        {
            "source": "<b>a.csv",
            "n_read": 1000,
            "n_used": 990,
            "refused": {"no date": 10},
            "first_day": "2025-01-01",
            "last_day": "2025-12-31",
        }
    ],
    "months": {"n_by_month": {"2025-01": 400, "2025-02": 590}, "cut_short": [], "missing": []},
}


@pytest.fixture
def add_run(add_product: AddProduct) -> Callable[..., Product]:
    """Puts a run on the shelf whose summary is `SUMMARY`, changed."""

    def add(change: Change = lambda _: None, **options: Any) -> Product:
        summary = copy.deepcopy(SUMMARY)
        change(summary)
        files = {"map.html": b"", "summary.json": json.dumps(summary).encode()}
        if options.pop("has_quality", False):
            files["quality.json"] = json.dumps(QUALITY).encode()
        return add_product(files=files, **options)

    return add


def read_text(page: str) -> str:
    """What a page says, without its elements."""
    return " ".join(re.sub(r"<[^>]*>", " ", page[page.index("<main") :]).split())


def test_two_runs_are_told_apart_in_words_and_numbers(add_run: Callable[..., Product], arrive: Arrive) -> None:
    def later(summary: dict[str, Any]) -> None:
        summary["inputs"] = [
            {"path": "a.csv", "sha256": "1"},
            {"path": "b.csv", "sha256": "9"},
            {"path": "c.csv", "sha256": "3"},
        ]
        summary["accounts"]["analysed"] = 1640
        summary["patrols"]["places"] = [
            make_place(1, "mill lane"),
            make_place(2, "New Road"),
            make_place(3, "Mill Lane"),
        ]
        summary["changes"][0]["is_main"] = False

    first, second = add_run(), add_run(later)
    client = arrive("viewer")
    page = client.get(f"/compare?a={second.id}&b={first.id}").text
    said = read_text(page)
    for words in (
        "Both are of the same days.",
        "Files that only the later one has: c.csv.",
        "Files that changed between them: b.csv.",
        "Incidents 600 1,640",
        "Places to patrol 3 3",
        "Share of what is expected at these 31% 31%",
        "600 against 500, 1.20 times as many (1.10 to 1.30): deteriorating not measured",
        "1 is in both, 2 only in the later one, 2 only in the earlier one.",
        "Only in the later New Road Evelyn - 2 Mill Lane Evelyn - 3",
        "In both mill lane Evelyn 2 1",
        "Only in the earlier High Street Evelyn 1 - Mill Lane Evelyn 3 -",
    ):
        assert words in said, words
    assert "cannot be compared" not in said
    assert "7731" not in page.replace(",", "")  # the difference of two numbers at a place could tell of a few people


@pytest.mark.parametrize(
    ("change", "warning"),
    [
        (lambda s: s["wards"].pop(), "They are of different areas: only the earlier has Deptford."),
        (lambda s: s["period"].update(end="2025-06-30", n_days=181), "Their periods are not equally long: 365 and 181"),
        (lambda s: s["handling"].update(audience="partner"), "different readers, for tasking and for partners"),
        (lambda s: s["methods"].append("weighted by harm"), "different methods: the usual ones and weighted by harm"),
    ],
)
@pytest.mark.parametrize("database_address", ["sqlite"], indirect=True)
def test_what_cannot_be_compared_is_said_first(
    change: Change, warning: str, add_run: Callable[..., Product], arrive: Arrive
) -> None:
    first, second = add_run(), add_run(change)
    said = read_text(arrive("viewer").get(f"/compare?a={first.id}&b={second.id}").text)
    assert said.index("Their numbers cannot be compared as they stand") < said.index(warning) < said.index("Incidents")


@pytest.mark.parametrize("database_address", ["sqlite"], indirect=True)
def test_what_went_into_two_runs_is_said(add_run: Callable[..., Product], arrive: Arrive) -> None:
    first = add_run()
    for change, words in (
        (lambda s: s["period"].update(start="2026-01-01", end="2026-12-31"), "Their periods do not overlap."),
        (lambda s: s["period"].update(start="2025-07-01", end="2026-06-30"),
         "Both hold the days from 1 July 2025 to 31 December 2025"),
        (lambda s: s["data_status"].update(incidents="synthetic"), "nothing of that kind and synthetic incidents."),
        (lambda s: s.update(version="2"), "They were made by Hotspots 1 and 2."),
        (lambda s: None, "Both read the same files, byte for byte."),
    ):  # fmt: skip
        second = add_run(change)
        assert words in read_text(arrive("viewer").get(f"/compare?a={first.id}&b={second.id}").text)


def test_a_comparison_is_of_two_runs_that_somebody_may_open(
    add_run: Callable[..., Product], add_product: AddProduct, arrive: Arrive, database: Database
) -> None:
    whole, evelyn = add_run(), add_run(wards=EVELYN, area="Evelyn")
    again, deptford = add_run(wards=EVELYN, area="Evelyn"), add_run(wards=DEPTFORD, area="Deptford")
    partner = add_run(audience="partner")
    burglary, bare = add_run(crime="burglary"), add_product()
    foreign = add_run(lambda summary: summary.pop("patrols"))

    def ask(name: str, first: Product, second: Product) -> int:
        client = arrive(name)
        both = {client.get(f"/compare?a={a.id}&b={b.id}").status_code for a, b in ((first, second), (second, first))}
        assert len(both) == 1
        return both.pop()

    assert ask("evelyn", evelyn, again) == 200
    assert ask("evelyn", evelyn, whole) == 404
    assert ask("evelyn", evelyn, deptford) == 404
    assert ask("partner", partner, whole) == 404
    assert ask("viewer", partner, whole) == 200
    assert ask("viewer", whole, whole) == 422
    assert ask("viewer", whole, burglary) == 422
    assert ask("viewer", whole, bare) == 404
    assert ask("viewer", whole, foreign) == 422
    assert arrive("viewer").get("/compare").status_code == 422
    with database.read() as session:
        compared = session.scalars(select(AuditRecord.actor).where(AuditRecord.action == "compare runs"))
        assert sorted(compared) == ["evelyn", "viewer"]


def test_the_history_of_a_crime_is_of_runs_that_somebody_may_open(
    add_run: Callable[..., Product], add_product: AddProduct, arrive: Arrive
) -> None:
    runs = [add_run(), add_run(), add_run(wards=EVELYN, area="Evelyn"), add_run(crime="burglary", label="Burglary")]
    add_product(kind="briefs")

    def list_runs(name: str, question: str = "") -> list[str]:
        page = arrive(name).get(f"/history{question}").text
        return re.findall(r'<td><a href="/products/(\w+)"', page)

    assert list_runs("viewer", "?crime=robbery") == [run.id for run in (runs[2], runs[1], runs[0])]
    assert list_runs("viewer") == [run.id for run in runs[::-1]]
    assert list_runs("evelyn") == [runs[2].id]
    assert list_runs("viewer", "?ward=E05000001") == [runs[2].id]
    assert list_runs("partner") == []
    page = arrive("viewer").get("/history?crime=robbery").text
    chosen = re.findall(r'name="(.)" value="(\w+)" checked', page)
    assert dict(chosen) == {"a": runs[0].id, "b": runs[1].id}


@pytest.mark.parametrize("database_address", ["sqlite"], indirect=True)
def test_a_long_history_comes_in_pages(add_product: AddProduct, arrive: Arrive) -> None:
    made = [add_product(files={"map.html": b""}).id for _ in range(53)]
    client = arrive("viewer")
    page = client.get("/history?crime=robbery").text
    shown = re.findall(r'<td><a href="/products/(\w+)"', page)
    older = re.search(r'<a href="(/history[^"]*before=\w+)"', page)
    assert older
    shown += re.findall(r'<td><a href="/products/(\w+)"', client.get(older[1].replace("&amp;", "&")).text)
    assert shown == made[::-1]


def test_the_quality_of_the_last_intake_is_for_analysts(
    add_run: Callable[..., Product], add_product: AddProduct, arrive: Arrive
) -> None:
    assert "Make a map" in arrive("analyst").get("/quality").text
    add_run(has_quality=True)
    add_product()  # newer, and says nothing of its data
    assert arrive("viewer").get("/quality").status_code == 403
    page = arrive("analyst").get("/quality").text
    said = read_text(page)
    for words in ("Of other crimes 300", "Refused: no date 10", "Read 1,000", "990 of 1,000 rows can be used."):
        assert words in said
    rows = [int(found.replace(",", "")) for found in re.findall(r'<td class="n">([\d,]+)</td>', page)][:6]
    assert sum(rows[:-1]) == rows[-1] == 1000
    assert "<script>alert" not in page
    assert "<b>a.csv" not in page


def test_the_page_of_data_quality_says_of_which_run_it_is_and_what_that_has_not_read(
    add_run: Callable[..., Product], add_product: AddProduct, arrive: Arrive, database: Database
) -> None:
    def put_upload(**details: Any) -> None:
        upload = Upload(file_name="a.csv", n_bytes=1, sha256="0" * 64, report={}, created_at=read_clock(), **details)
        with database.write() as session:
            session.add(upload)

    put_upload(status="kept", decided_at=read_clock())
    run = add_run(has_quality=True, wards=EVELYN, area="Evelyn")
    add_product(audience="partner")
    analyst = arrive("analyst")
    page = analyst.get("/quality").text
    assert f'<a href="/products/{run.id}">Robbery, Evelyn</a>, 1 October 2025 to 30 September 2026' in page
    assert "Analysed: Robbery, Evelyn, 1 October 2025 to 30 September 2026 600" in read_text(page)
    assert "kept since" not in page
    assert "was not asked about all months" not in page
    put_upload(status="discarded", decided_at=read_clock())
    put_upload(status="kept", decided_at=read_clock())
    assert "1 file was kept since then, and is not in these numbers." in read_text(analyst.get("/quality").text)
    of_some = {**QUALITY, "n_set_aside": 41234}
    add_product(files={"summary.json": json.dumps(SUMMARY).encode(), "quality.json": json.dumps(of_some).encode()})
    said = read_text(analyst.get("/quality").text)
    assert "41,234 rows of others were counted" in said
    assert "kept since" not in said

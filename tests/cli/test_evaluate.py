from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest

HEADER = "Offence,Date From,Easting,Northing"


@pytest.fixture
def inputs(tmp_path: Path, square_wards: gpd.GeoDataFrame) -> list[str]:
    """The options that read a year of robberies, most of them on few places, with burglaries and violence."""
    rng = np.random.default_rng(1)
    rows = []
    for offence, n in (("Robbery", 700), ("Burglary", 300), ("Violence with injury", 50)):
        place = np.minimum(rng.geometric(0.15, n) - 1, 39)
        days = np.datetime64("2025-01-01") + np.sort(rng.integers(0, 365, n))
        days[:2] = np.array(["2025-01-01", "2025-12-31"], dtype="datetime64[D]")
        east, north = 530_030 + 47 * place, 180_030 + 90 * (7 * place % 20) + rng.integers(0, 120, n)
        rows += [f"{offence},{day.item():%d/%m/%Y},{x},{y}" for day, x, y in zip(days, east, north, strict=True)]
    (tmp_path / "a.csv").write_text("\n".join([HEADER, *rows]))
    square_wards.to_file(tmp_path / "wards.gpkg")
    return ["--incidents", str(tmp_path / "a.csv"), "--boundaries", str(tmp_path / "wards.gpkg")]


@pytest.mark.slow
def test_the_demonstration_gets_a_table_and_a_recommendation(
    call: Any, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a fresh checkout, with nothing but the crime, and sizes given to be quick."""
    monkeypatch.chdir(repository)
    said = call("evaluate", "--crime", "robbery", "--cell-size", 100, "--bandwidth", 200)
    assert said.code == 0
    title, empty, header, *rows = said.out.splitlines()
    assert (title[:13], title[-31:], empty) == ("Share of the ", " robberies that each method caught"[-31:], "")
    assert header.split("  ")[0] == "Method"
    assert [row[:24].strip() for row in rows] == [
        "Risk estimate",
        "Counts so far",
        "Counts of the last perio",
        "Density, 200 m",
        "Gi*",
        "Chance",
    ]
    assert len({len(row) for row in rows[:-1]}) == 1
    assert "Tested on 1 January 2026 to 31 March 2026; 1 April 2026 to 30 June 2026; 1 July" in said.err
    assert "Recommended: " in said.err
    assert "For the picture: Density, 200 m, cells of 100 m" in said.err
    assert "Published hot spots would have held " in said.err
    assert said.err.rstrip().endswith("The best of many methods looks better than it is; expect less of it next time.")


@pytest.mark.slow
def test_the_table_and_the_json_agree(call: Any, inputs: list[str]) -> None:
    arguments = ("evaluate", "--crime", "robbery", *inputs, "--cell-size", 50, "--cell-size", 100, "--bandwidth", 300)
    table, said = call(*arguments), call(*arguments, "--json")
    assert (table.code, said.code) == (0, 0)
    assert table.err == said.err
    found = json.loads(said.out)
    assert found["crime"] == "robbery"
    assert found["period"] == {"start": "2025-01-01", "end": "2025-12-31"}
    assert [fold["test_start"] for fold in found["folds"]] == ["2025-10-01", "2025-11-01", "2025-12-01"]
    assert f"Share of the {found['n_incidents']} robberies" in table.out
    rows = [row.split() for row in table.out.splitlines()[3:-1]]
    assert len(rows) == len(found["methods"]) == 10

    def percent(share: float) -> float:
        return round(100 * share, 1 if 100 * share < 9.95 else 0)

    for row, method in zip(rows, found["methods"], strict=True):
        assert [float(text.rstrip("%")) for text in row[-5:-1]] == [percent(s["hit_rate"]) for s in method["scores"]]
        assert float(row[-1]) == pytest.approx(method["scores"][1]["pei"], abs=0.0051)
    best = max(found["methods"], key=lambda method: method["scores"][1]["hit_rate"])
    recommended = found["recommended"]
    assert {key: best[key] for key in ("method", "cell_size_m", "bandwidth_m")} | {
        "is_clear": recommended["is_clear"]
    } == recommended
    assert f"on cells of {best['cell_size_m']:g} m. In 2.0% of the area it caught" in said.err
    assert ("by more than chance" in said.err) == recommended["is_clear"]


@pytest.mark.slow
def test_it_needs_no_havens_and_writes_nothing(call: Any, inputs: list[str], tmp_path: Path) -> None:
    (tmp_path / "data" / "havens").mkdir(parents=True)
    (tmp_path / "data" / "havens" / "broken.csv").write_text("these are no havens\n1\n")
    before = sorted(tmp_path.rglob("*"))
    said = call("evaluate", "--crime", "robbery", *inputs, "--cell-size", 100, "--bandwidth", 300)
    assert said.code == 0
    assert sorted(tmp_path.rglob("*")) == before
    assert call("run", "--crime", "robbery", *inputs)[0] == 3  # which does


def test_snapped_incidents_are_pointed_out(call: Any, tmp_path: Path, square_wards: gpd.GeoDataFrame) -> None:
    wards = square_wards.set_geometry(square_wards.translate(4_000, -4_000))
    wards.to_file(tmp_path / "wards.gpkg")
    points = wards.geometry.representative_point().to_crs(4326)
    rows = [
        f"2025-{month:02},Metropolitan Police Service,{point.x:.6f},{point.y:.6f},On or near High Street,Robbery"
        for month in range(1, 7)
        for point in points
        for _ in range(10)
    ]
    header = "Month,Falls within,Longitude,Latitude,Location,Crime type"
    (tmp_path / "a.csv").write_text("\n".join([header, *rows]))
    said = call(
        *("evaluate", "--crime", "robbery", "--incidents", "a.csv", "--boundaries", "wards.gpkg"),
        *("--cell-size", 100, "--bandwidth", 300),
    )
    assert said.code == 0, said.err
    assert "The incidents are on shared points, so small cells win" in said.err


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        pytest.param(["--to", "2025-01-20"], 4, "needs a week to test on and three before it", id="short"),
        pytest.param(
            ["--crime", "violence-with-injury"], 4, "needs at least 30 incidents to fit and as many", id="few"
        ),
        pytest.param(["--crime", "piracy"], 2, "Ask for one of: burglary", id="unknown crime"),
        pytest.param(["--ward", "Narnia"], 2, "Give a code or a name", id="unknown ward"),
        pytest.param(["--max-extent", "50"], 2, "m or more, not 50 m. Choose a larger extent", id="no room"),
        pytest.param(["--cell-size", "0"], 2, "cell size must be above 0 m", id="no size"),
        pytest.param(["--cell-size", "nan"], 2, "cell size must be above 0 m", id="size not a number"),
        pytest.param(["--bandwidth", "-300"], 2, "bandwidth must be above 0 m, not -300", id="bandwidth below nothing"),
        pytest.param(["--bandwidth", "wide"], 2, "'wide' is not a valid float", id="bandwidth in words"),
        pytest.param(["--from", "yesterday"], 2, '"yesterday" is not a day of the calendar. Write it as', id="no day"),
    ],
)
def test_a_mistake_has_its_exit_code_and_prints_no_table(
    call: Any, inputs: list[str], arguments: list[str], code: int, message: str
) -> None:
    crime = [] if "--crime" in arguments else ["--crime", "robbery"]
    said = call("evaluate", *crime, *inputs, *arguments)
    assert said.code == code, said.err
    assert said.out == ""
    assert message in said.err


# --- the same options on `hotspots run`

SHORT = ("--to", "2025-01-26")
"""Too short a period to test an earlier map, which takes most of the time and is not what these tests are about."""


@pytest.mark.parametrize(
    ("bandwidth", "is_adaptive"), [("likelihood", False), ("scott", False), ("adaptive", True), ("250", False)]
)
@pytest.mark.slow
def test_run_takes_a_bandwidth_or_a_rule(call: Any, inputs: list[str], bandwidth: str, is_adaptive: bool) -> None:
    said = call("run", "--crime", "robbery", *inputs, *SHORT, "--bandwidth", bandwidth, "--json")
    assert said.code == 0, said.err
    density = json.loads(said.out)["density"]
    assert density["is_adaptive"] is is_adaptive
    assert bool(density["bandwidth_reason"]) is (bandwidth in ("likelihood", "scott"))
    if bandwidth == "250":
        assert density["bandwidth_m"] == 250


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        pytest.param(
            ["--bandwidth", "wide"],
            2,
            '"wide" is neither a number of metres nor a rule. Give one of likelihood',
            id="no rule",
        ),
        pytest.param(["--max-extent", "50"], 2, "m or more, not 50 m. Choose a larger extent", id="no room"),
        pytest.param(["--max-extent", "-1"], 2, "extent of a hot spot must be above 0 m", id="below nothing"),
        pytest.param(
            ["--crime", "violence-with-injury", "--harm", "severity"],
            3,
            "needs a figure for each offence, and Violence with injury (violence-with-injury) has none",
            id="harm unknown",
        ),
        pytest.param(["--harm", "points"], 2, "'points' is not one of 'severity', 'cost'", id="no measure"),
    ],
)
def test_run_refuses_with_the_same_words(
    call: Any, inputs: list[str], tmp_path: Path, arguments: list[str], code: int, message: str
) -> None:
    crime = [] if "--crime" in arguments else ["--crime", "robbery"]
    said = call("run", *crime, *inputs, *arguments)
    assert said.code == code, said.err
    assert message in said.err
    assert not (tmp_path / "maps").exists()


def test_run_uses_the_population_given(call: Any, inputs: list[str], tmp_path: Path) -> None:
    """Ward A has 1,000 residents, B 4,000; of the others nothing is known."""
    (tmp_path / "residents.csv").write_text("ward_code,population\nA,1000\nB,4000\n")
    options = ("run", "--crime", "robbery", *inputs, *SHORT, "--json")
    assert json.loads(call(*options).out)["rates"] is None
    summary = json.loads(call(*options, "--population", "residents.csv").out)
    wards = {ward["code"]: ward for ward in summary["wards"]}
    assert {code: ward["population"] for code, ward in wards.items()} == {"A": 1000, "B": 4000, "C": None, "D": None}
    n_years = 26 / 365.25
    assert wards["A"]["rate"] == pytest.approx(wards["A"]["n_incidents"] / n_years, rel=0.01)
    assert wards["B"]["rate"] == pytest.approx(wards["B"]["n_incidents"] / 4 / n_years, rel=0.01)


def test_run_weighs_by_harm(call: Any, inputs: list[str]) -> None:
    said = call("run", "--crime", "robbery", *inputs, "--to", "2025-05-31", "--harm", "severity", "--json")
    assert said.code == 0, said.err
    summary = json.loads(said.out)
    assert summary["density"]["is_weighted"]
    assert summary["hotspots"]
    for hotspot in summary["hotspots"]:
        assert hotspot["harm"] == pytest.approx(746 * hotspot["n_incidents"], rel=0.01)

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jinja2
import pytest

import hotspots.products
from hotspots.products.words.numbers import say_duration
from hotspots.products.words.sentences import make_environment, say, say_each
from hotspots.products.words.whole_words import keep_whole

TEMPLATES = Path(hotspots.products.__file__).parent / "templates"
HOTSPOT = {
    "sureness": "sure",
    "stability": 0.97,
    "is_significant": True,
    "gi_star_p": 0.0004,
    "n_incidents": 1300,
    "ambient": 1301.4,
    "is_excess": False,
    "expected_low": 1200,
    "expected_high": 1350,
}
OPERATION = {
    "not_to_share": None,
    "crime_label": "Robbery",
    "operation": {"start": "2026-04-01", "end": "2026-06-30"},
    "before": {"start": "2025-04-01", "end": "2025-06-30"},
    "counts": [
        {"label": "Treated area", "before": 1200, "after": 900},
        {"label": "Control", "before": 40, "after": 41},
    ],
    "words": ["Better."],
    "notes": ["Take care."],
}
MARKED = "Peckham <b>&</b> Nunhead"


def test_a_sentence_is_the_same_of_a_dictionary_and_of_an_object() -> None:
    assert say("certainty.sentence", HOTSPOT) == say("certainty.sentence", SimpleNamespace(**HOTSPOT))


def test_a_share_of_open_havens_says_what_it_leaves_out() -> None:
    havens = {"share_within_reach": 0.5, "reach_m": 400.0, "share_open_within_reach": 0.25, "n_havens": 1200}
    havens |= {"is_along_streets": False}
    said = "50% happened within 400 m of one; 25% had one open at the time"
    assert say("places.near_havens", havens | {"n_hours_unknown": 0}) == said
    left_out = f"{said} (the opening hours of 3 of 1,200 are not known, and count as closed)"
    assert say("places.near_havens", havens | {"n_hours_unknown": 3}) == left_out
    along = say("places.near_havens", havens | {"n_hours_unknown": 0, "is_along_streets": True})
    assert along.startswith("50% happened within 400 m along streets of one;")


def test_the_densest_half_is_told_from_half_of_the_incidents() -> None:
    half = {"share": 0.5, "area_share": 0.144, "fullest_cells_share": 0.0125}
    density = {"smallest_areas": [{"share": 0.25}, half], "cell_size_m": 50.0}
    assert say("places.half", density) == (
        "Half of the smoothed density lies in 14% of the area. Half of the incidents themselves lie in 1.2% of it "
        "(cells of 50 m)."
    )
    density["smallest_areas"] = [half | {"fullest_cells_share": None}]
    assert say("places.half", density) == "Half of the smoothed density lies in 14% of the area."


def test_indices_are_explained_where_they_are_shown() -> None:
    assert say("score.indices", ["PEI"]) == (
        "PEI (prediction efficiency index) is the share caught over the most that so much area could have caught: 1 is "
        "the best possible."
    )
    said = say("score.indices", ["PAI", "RRI"])
    assert said.startswith("PAI (prediction accuracy index) is the share caught over the share of the area: 1 is ch")
    assert said.endswith("RRI (recapture rate index) is the number expected there over the number that came: above 1, "
                         "too much was expected.")  # fmt: skip
    assert "PEI" not in said


@pytest.mark.parametrize(("n", "wards"), [(1, "the ward"), (3, "the 3 wards")])
def test_a_run_of_some_wards_says_why_another_may_say_otherwise(n: int, wards: str) -> None:
    run = {"study_area": {"is_all": False, "n_wards": n}, "hotspots": [HOTSPOT]}
    assert say("certainty.some_wards", run) == (
        "A run of more wards can say otherwise of the same place: whether surroundings are busy, what is expected "
        f"and what other crime explains are judged against {wards} of this run alone. In a busy ward less stands out."
    )
    assert say("certainty.some_wards", run | {"hotspots": []}) == ""
    assert say("certainty.some_wards", run | {"study_area": {"is_all": True, "n_wards": n}}) == ""


def test_what_is_not_known_of_a_priority_is_named() -> None:
    crime = {"score_low": 4.32, "score_high": 9.28, "unknown": ("harm", "cost")}
    assert say("performance.unknown", crime) == "4.3 to 9.3, harm and cost unknown"


def test_shrunk_limits_of_few_wards_are_said_to_be_too_narrow() -> None:
    assert say("places.weak_prior", 10) == (
        "The limits of the shrunk rates are too narrow: they take as known how the rates of wards differ, and fewer "
        "than 10 wards do not show that. Read the limits of the plain rates instead."
    )


def test_a_sentence_is_plain_text_on_one_line_in_python_and_escaped_on_a_page() -> None:
    change = {"changed_wards": [{"name": MARKED, "change": {"verdict": "improving"}} for _ in range(3)]}
    assert say("change.wards", change) == ", ".join([f"{MARKED} improving"] * 2) + f" and {MARKED} improving"
    page = make_environment().from_string('{{ say("change.wards", change) }}').render(change=change)
    once = "Peckham &lt;b&gt;&amp;&lt;/b&gt; Nunhead improving"
    assert page == f"{once}, {once} and {once}"
    place = {
        "wards": [{"name": MARKED, "n_incidents": 1, "borough": None}],
        "study_area": {"stated_area": None},
    }
    assert make_environment().from_string('{{ say("places.area", place) | capitalised }}').render(place=place) == (
        "Peckham &lt;b&gt;&amp;&lt;/b&gt; Nunhead"
    )


SAFE = ("map", "chart", "bars", "curve", "block.svg", "block.narrow", "script_hashes | join(' ')", "tiles.server")
"""Drawings of our own; hashes; a server whose letters were checked when the settings were read."""


def test_nothing_but_drawings_and_scripts_is_marked_safe_in_a_template() -> None:
    for path in [*TEMPLATES.glob("*.html"), *TEMPLATES.glob("words/*.jinja")]:
        for found in re.findall(r"\{\{([^}]*)\| safe", path.read_text("utf-8")):
            assert found.strip() in SAFE, path.name


def test_what_a_sentence_lacks_is_an_error_and_not_a_gap() -> None:
    with pytest.raises(jinja2.UndefinedError, match="stability"):
        say("certainty.why", {"sureness": "sure"})
    with pytest.raises(AttributeError, match="surely"):
        say("certainty.surely", HOTSPOT)
    with pytest.raises(jinja2.TemplateNotFound, match="nothing"):
        say("nothing.why", HOTSPOT)


def test_every_sentence_that_is_called_for_is_there() -> None:
    environment = make_environment()
    package = TEMPLATES.parents[1]
    files = [*package.rglob("*.py"), *TEMPLATES.rglob("*.html"), *TEMPLATES.rglob("*.jinja")]
    calls = [
        call for path in files for call in re.findall(r'\bsay(?:_each)?[(, ]+"(\w+)\.(\w+)"', path.read_text("utf-8"))
    ]
    assert len(calls) > 40
    for subject, name in calls:
        assert hasattr(environment.get_template(f"words/{subject}.jinja").module, name), f"{subject}.{name}"


def test_lines_in_a_text_of_the_sources_do_not_make_sentences() -> None:
    status = {"incidents": "synthetic\nAll is well"}
    said = say_each("terminal.operation", OPERATION | {"data_status": status})
    assert said == [
        "Robbery, 2026-04-01 to 2026-06-30 against 2025-04-01 to 2025-06-30",
        "treated area 1,200 to 900; control 40 to 41",
        "Better.",
        "Note: Take care.",
        "Not for decisions: made from synthetic All is well incidents",
    ]
    assert say_each("terminal.operation", OPERATION | {"data_status": {}}) == said[:-1]


def test_minutes_are_said_as_they_are_planned() -> None:
    assert [say_duration(minutes) for minutes in (0, 15, 60, 75, 300)] == [
        "0 minutes",
        "15 minutes",
        "1 hour",
        "1 hour 15 minutes",
        "5 hours",
    ]


def test_fewer_places_to_patrol_than_wanted_are_explained() -> None:
    shared = SimpleNamespace(min_incidents=10, min_places=5, is_applied=True)
    kept = SimpleNamespace(min_incidents=10, min_places=5, is_applied=False)

    def explain(n: int, disclosure: SimpleNamespace) -> str:
        return say("patrol.fewer", SimpleNamespace(n_wanted=20, places=[None] * n), disclosure)

    assert explain(20, shared) == ""
    assert explain(7, shared) == (
        "20 places were asked for; only 7 places of this size that do not overlap hold 10 incidents at 5 places, "
        "without which nothing is shown."
    )
    assert explain(1, kept) == "20 places were asked for; only 1 place of this size holds an incident."
    assert explain(0, shared) == (
        "20 places were asked for; not a place of this size holds 10 incidents at 5 places, without which "
        "nothing is shown."
    )


@pytest.mark.parametrize(
    ("ground_share", "ground_pai", "words"),
    [
        (None, None, "2.0% of the area: 24 times as many as chance would"),
        (0.16, 3.0, "2.0% of the area (16% with all the ground that its points stand for): 24 times as many as chance "
         "would, or 3.0 times by ground"),
    ],
)  # fmt: skip
def test_beside_a_share_of_the_area_stands_that_of_the_ground(
    ground_share: float | None, ground_pai: float | None, words: str
) -> None:
    score = SimpleNamespace(area_share=0.02, pai=24.4, ground_share=ground_share, ground_pai=ground_pai)
    assert f"{say('score.in_area', score)}: {say('score.times_chance', score)}" == words
    assert bool(say("score.ground", score)) == (ground_share is not None)


def test_words_for_certainty_say_on_pages_what_the_documents_say(repository: Path) -> None:
    module: Any = make_environment(is_escaped=True).get_template("certain_words.html").module
    page = (repository / "docs" / "methods" / "certainty.md").read_text("utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| ")][1:]
    assert rows == [f"| {word} | {meaning} | {measured} |" for _, word, meaning, measured in module.certain_words]
    said = module.explain_words("operation")
    assert "better, worse" in said
    assert "9 times in 10" not in said


@pytest.mark.parametrize(
    ("held", "most", "words"),
    [
        (0.55, 0.5502, "No plan for these patrols could hold for a whole point more."),
        (0.6151, 0.6249, "No plan for these patrols could hold for a whole point more."),  # both are 62%
        (0.55, 0.564, "No plan for these patrols could hold for more than 56%: at most 1 point more is possible, and"),
    ],
)
def test_what_no_plan_can_pass_is_no_surer_than_its_digits(held: float, most: float, words: str) -> None:
    said = say("patrol_plan.most", {"held_share": held, "most_share": most, "expected": 1.0})
    assert said.startswith(words)


def test_hours_and_grid_references_of_a_page_are_kept_whole() -> None:
    """Only those that are read: not what is in a tag, a script, a style, a drawing or the title."""
    hours = "15:00-17:59"
    kept = [f"<title>{hours}</title>", f"<script>a = '<b>{hours}'</script>", f"<svg a='b'><text>{hours}</text></svg>",
            f'<p title="{hours}">', f"<option>{hours}</option>", "2026-10-01, 15:00"]  # fmt: skip
    for text in kept:
        assert keep_whole(text) == text
    assert keep_whole(f"<p>Mon {hours}, {hours}</p>") == (
        f'<p>Mon <em class="whole">{hours}</em>, <em class="whole">{hours}</em></p>'
    )
    assert keep_whole("<p>Peckham, TQ 342 768</p>") == '<p>Peckham, <em class="whole">TQ 342 768</em></p>'

"""The register is read strictly, and the page of what it serves says of each row what is so."""

from pathlib import Path

import pytest

from frontdoor_chassis.toml_places import PackError
from frontdoor_schemas.vocabulary import EventType
from frontdoor_standalone.coverage.naming import Expectation, Named, named, rows_in_rules
from frontdoor_standalone.coverage.page import failing_in, page
from frontdoor_standalone.coverage.register import Register, load_register
from frontdoor_standalone.coverage.state import State, failing_of, standings
from frontdoor_standalone.deployment import pack_folder
from frontdoor_standalone.rehearsal.judge import Verdict
from frontdoor_standalone.rehearsal.observed import Observations
from frontdoor_standalone.rehearsal.runner import Result
from frontdoor_standalone.rehearsal.scenario import load

GOOD = """
[areas]
here = "Here, 2020"

[[group]]
id = "first"
title = "The first"
rows = ["A1", "A2", "A3", "A4", "A5"]

[rows]
A1 = {name = "one", area = "here"}
A2 = {name = "two", area = "here"}
A3 = {name = "three", area = "here", test = ["tests/unit/test_it.py::test_three"]}
A4 = {name = "four", area = "here", reason = "it asks for training"}
A5 = {name = "five", area = "here", figure = true}
"""
NIGHT = Expectation("stockton/night", 7)
DAY = Expectation("stockton/day", 12)


@pytest.fixture
def register(tmp_path: Path) -> Register:
    return load_register(_written(tmp_path, GOOD))


def _written(folder: Path, text: str) -> Path:
    file = folder / "rows.toml"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('rows = ["A1",', 'rows = ["Z1",', ":8: group.0.rows.0: String should match pattern"),
        ('rows = ["A1",', 'rows = ["A9",', ":8: group first: no row A9"),
        ('"A1", "A2",', '"A2", "A2",', ":8: group first: row A2 stands there twice"),
        (', "A5"]', "]", ":15: row A5 is in no group"),
        ('"one", area = "here"', '"one", area = "there"', ":11: row A1: no area there"),
        ('name = "one"', 'name = ""', ":11: rows.A1.name: String should have at least 1 character"),
        ('name = "one"', 'name = "one", served = true', ":11: rows.A1.served: Extra inputs are not permitted"),
        ("test_it.py::test_three", "test_it.py", ":13: rows.A3.test.0: String should match pattern"),
        ('reason = "it', 'test = ["tests/a.py::test_a"], reason = "it', ":14: rows.A4: a test proves it, and nothing can serve it"),
        ("[areas]", '[[group]]\nid = "first"\ntitle = "Again"\nrows = ["A1"]\n[areas]', "group first is there twice"),
        ("[areas]", "areas]", ":2: is not TOML"),
    ],
)
def test_a_wrong_register_is_refused_with_the_line(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert old in GOOD
    with pytest.raises(PackError) as refused:
        load_register(_written(tmp_path, GOOD.replace(old, new, 1)))
    assert says in str(refused.value)


def test_a_register_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(PackError, match=r"rows\.toml: cannot be read"):
        load_register(tmp_path / "rows.toml")


def test_a_row_stands_by_the_strongest_that_names_it(register: Register) -> None:
    found = Named({"A1": (NIGHT, DAY), "A2": (DAY,)}, {"A2": ("share",), "A3": ("share",), "A5": ("share",)})
    assert {row: s.state for row, s in standings(register, found, {NIGHT}).items()} == {
        "A1": State.failing,
        "A2": State.met,
        "A3": State.tested,
        "A4": State.not_to_be_served,
        "A5": State.measured,
    }
    assert standings(register, Named({}, {}), ())["A5"].state is State.not_yet


def test_a_measure_alone_does_not_serve_what_has_to_be_told(register: Register) -> None:
    found = Named({}, {"A2": ("share",)})
    assert standings(register, found, ())["A2"].state is State.not_yet
    assert "| A2 | two | Here, 2020 | measure share | **not yet** |" in page(register, found, ())


@pytest.mark.parametrize(
    ("found", "says"),
    [
        (Named({"B1": (NIGHT,)}, {}), "stockton/night:7: the register has no row B1"),
        (Named({}, {"B1": ("share",)}), "share: the register has no row B1"),
        (Named({"A4": (NIGHT,)}, {}), "stockton/night:7: an expectation names A4, of which the register says that nothing can serve it"),
        (Named({}, {"A4": ("share",)}), "share: a measure names A4"),
    ],
)
def test_what_contradicts_the_register_is_refused(register: Register, found: Named, says: str) -> None:
    with pytest.raises(PackError, match=says):
        page(register, found, ())


def test_the_page_says_where_each_row_is_served(register: Register) -> None:
    found = Named({"A1": (DAY, NIGHT), "A2": (DAY, Expectation("stockton/day", 14))}, {"A1": ("share",)})
    text = page(register, found, {NIGHT})
    assert "| A1 | one | Here, 2020 | [stockton/day] 12<br>[stockton/night] 7<br>measure share | no: stockton/night:7 |" in text
    assert "| A2 | two | Here, 2020 | [stockton/day] 12, 14 | yes |" in text
    assert "| A3 | three | Here, 2020 | `tests/unit/test_it.py::test_three` | by test |" in text
    assert "| A4 | four | Here, 2020 | cannot be served: it asks for training |  |" in text
    assert "| A5 | five | Here, 2020 |  | **not yet** |" in text
    assert "| The first | 5 | 2 | 1 | 1 |" in text
    assert "| an expectation of a rehearsal, met | 1 |" in text
    assert "[stockton/night]: ../deploy/partnerships/stockton/rehearsals/night.yaml" in text


def test_the_page_says_which_types_of_event_are_played(register: Register) -> None:
    text = page(register, Named({}, {}, {EventType.referral: ("stockton/day", "stockton/night")}), ())
    assert "| `referral` | [stockton/day], [stockton/night] |" in text
    assert "| `withdrawal` | **not yet** |" in text
    assert "[stockton/day]: ../deploy/partnerships/stockton/rehearsals/day.yaml" in text


def test_what_a_page_says_was_not_met_is_read_back(register: Register) -> None:
    found = Named({"A1": (DAY, NIGHT), "A2": (DAY,)}, {})
    for failing in (frozenset[Expectation](), frozenset({DAY}), frozenset({DAY, NIGHT})):
        assert failing_in(page(register, found, failing)) == failing


SCENARIO = load(pack_folder("harbourside") / "rehearsals" / "any-grade-by-law.yaml")


def _result(*wrong: int) -> Result:
    lines = (*SCENARIO.scenario.expect, None)
    verdicts = tuple(Verdict(line, "", "", ("is wrong",) if n in wrong else ()) for n, line in enumerate(lines))
    return Result(SCENARIO, verdicts, Observations())


def test_an_expectation_that_was_not_met_fails_alone() -> None:
    assert failing_of([_result()]) == frozenset()
    assert failing_of([_result(1)]) == {Expectation("harbourside/any-grade-by-law", SCENARIO.lines[1])}


def test_nothing_counts_as_met_where_somebody_else_was_told() -> None:
    told_a_stranger = _result(len(SCENARIO.scenario.expect))
    assert failing_of([told_a_stranger]) == {Expectation("harbourside/any-grade-by-law", line) for line in SCENARIO.lines}


def test_rows_are_found_where_rules_and_measures_name_them(tmp_path: Path) -> None:
    (tmp_path / "measures.toml").write_text('[[measure]]\nid = "share"\nrows = ["M1"]\n[[measure]]\nid = "count"\nrows = ["M1", "M2"]\n')
    (tmp_path / "duties.toml").write_text('[[duty]]\nrows = ["D1"]\n[[duty]]\n')
    (tmp_path / "one.cedar").write_text('// head\n@id("a")\n@rows("L23, D10")\npermit ();\n@id("b")\npermit ();\n')
    assert {row for row, _ in rows_in_rules(tmp_path)} == {"M1", "M2", "D1", "L23", "D10"}
    assert named([SCENARIO], []).posted[EventType.police_incident] == ("harbourside/any-grade-by-law",)
    assert named([], [tmp_path]).measures == {"M1": ("count", "share"), "M2": ("count",)}

"""Scenarios are read as text, checked, and wrong ones are refused with file and line."""

from datetime import datetime
from pathlib import Path

import pytest

from frontdoor_standalone.rehearsal.lines import NotTold, Told
from frontdoor_standalone.rehearsal.scenario import ZONE, load
from frontdoor_standalone.rehearsal.yaml_text import ScenarioError

GOOD = """\
scenario: A small one
pack: stockton
starts: "2020-12-30 21:00"
people:
  ava: {born: "2011-05-02", school: ash-primary}
events:
  - {at: "30 Dec 21:40", from: police.pvp, post: police-incident, as: first, about: ava}
  - {at: 2 Jan 07:40, from: ash-primary.dsl, open: first}
expect:
  - told: ash-primary.dsl
    of: first
    by: "31 Dec 08:00"
    receipt: opened 07:40
    rows: [D1]
  - {not_told: nps.duty, of: first, because: no-duty, standard: own}
"""


def scenario_file(folder: Path, text: str) -> Path:
    path = folder / "one.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def refused(folder: Path, text: str) -> str:
    with pytest.raises(ScenarioError) as error:
        load(scenario_file(folder, text))
    return str(error.value)


def test_a_scenario_is_read_with_its_lines(tmp_path: Path) -> None:
    written = load(scenario_file(tmp_path, GOOD))
    told, not_told = written.scenario.expect
    assert isinstance(told, Told)
    assert isinstance(not_told, NotTold)
    assert written.lines == (10, 15)
    assert told.told == ("ash-primary.dsl",)
    assert told.of == ("first",)


def test_times_without_a_year_take_it_from_the_start(tmp_path: Path) -> None:
    scenario = load(scenario_file(tmp_path, GOOD)).scenario
    assert [step.at for step in scenario.events] == [
        datetime(2020, 12, 30, 21, 40, tzinfo=ZONE),
        datetime(2021, 1, 2, 7, 40, tzinfo=ZONE),
    ]


def test_a_scenario_ends_a_little_after_the_last_moment_that_it_names(tmp_path: Path) -> None:
    assert load(scenario_file(tmp_path, GOOD)).scenario.finish == datetime(2021, 1, 2, 7, 45, tzinfo=ZONE)


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("about: ava", "about: eva", 7, "eva"),
        ("open: first", "open: frist", 8, "frist"),
        ("of: first\n    by", "of: frist\n    by", 10, "frist"),
        ('"30 Dec 21:40"', '"30 Dez 21:40"', 7, "30 Dez 21:40"),
        ('"2020-12-30 21:00"', '"30 December"', 3, "30 December"),
        ("rows: [D1]", "rows: [Q1]", 14, "rows"),
        ("    rows: [D1]\n", "", 10, "register rows"),
        ("not_told: nps.duty", "nottold: nps.duty", 15, "an expectation says one of"),
        ("post: police-incident", "post: police-incidents", 7, "post"),
        ('"30 Dec 21:40"', '"3 Jan 21:40"', 8, "order"),
        ("about: ava}", "about: ava, abuot: ava}", 7, "abuot"),
        ("pack: stockton", "pack: stockton\npack: stockton", 3, "twice"),
    ],
)
def test_a_wrong_scenario_is_refused_with_its_line(tmp_path: Path, old: str, new: str, line: int, says: str) -> None:
    assert old in GOOD
    message = refused(tmp_path, GOOD.replace(old, new, 1))
    assert f"one.yaml:{line}: " in message
    assert says in message


def test_what_is_not_yaml_is_refused(tmp_path: Path) -> None:
    assert "one.yaml:" in refused(tmp_path, GOOD.replace("people:", "people: ["))
    assert "one.yaml:1: " in refused(tmp_path, "")
    assert "one.yaml:1: " in refused(tmp_path, "just words")


def test_a_scenario_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"none\.yaml"):
        load(tmp_path / "none.yaml")


def test_every_scalar_is_text(tmp_path: Path) -> None:
    scenario = load(scenario_file(tmp_path, GOOD.replace('born: "2011-05-02"', "born: 2011-05-02, nhs_number: 0990000018"))).scenario
    assert scenario.people["ava"].born == "2011-05-02"
    assert scenario.people["ava"].nhs_number == "0990000018"

"""Scenarios are played for the page of what they serve, and it says what became of each expectation."""

from pathlib import Path

from frontdoor_standalone.commands.rehearse import cover
from frontdoor_standalone.coverage.naming import Expectation
from frontdoor_standalone.coverage.page import failing_in
from frontdoor_standalone.deployment import pack_folder
from frontdoor_standalone.rehearsal.runner import Runner

SCENARIO = pack_folder("stockton") / "rehearsals" / "conference-crc-only.yaml"
RIGHT, WRONG = "excludes: [offence_and_court], rows: [F34]", "includes: [offence_and_court], rows: [F34]"


def test_the_page_says_which_expectations_were_met(standalone: Runner, tmp_path: Path) -> None:
    text = SCENARIO.read_text(encoding="utf-8")
    assert text.count(RIGHT) == 1
    line = text[: text.index(RIGHT)].count("\n") + 1
    folder = tmp_path / "stockton" / "rehearsals"
    folder.mkdir(parents=True)
    (folder / "wrong.yaml").write_text(text.replace(RIGHT, WRONG), encoding="utf-8")
    page = tmp_path / "coverage.md"
    assert cover(standalone, [SCENARIO, folder / "wrong.yaml"], page, verbose=False) == [True, False]
    written = page.read_text(encoding="utf-8")
    assert failing_in(written) == {Expectation("stockton/wrong", line)}
    assert f"[stockton/conference-crc-only] {line}<br>[stockton/wrong] {line} | no: stockton/wrong:{line} |" in written
    assert "| K8 | Two probation services kept apart | Stockton-on-Tees, 2017 | [stockton/conference-crc-only]" in written

"""The committed register and `docs/coverage.md` are of one mind with what the repository holds.

Which expectations are met is shown by playing them (tests/acceptance/test_rehearsals.py); all else on the page is checked here.
"""

import ast
import re
from pathlib import Path

from frontdoor_schemas.events import MODELS
from frontdoor_schemas.fields import Plan, leaves
from frontdoor_schemas.vocabulary import EventType
from frontdoor_standalone.commands.finding import every_scenario
from frontdoor_standalone.coverage.naming import folders_in_use, named, rows_in_rules
from frontdoor_standalone.coverage.page import failing_in, page
from frontdoor_standalone.coverage.register import load_register, register_file
from frontdoor_standalone.rehearsal.scenario import load

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/coverage.md"
CHAPTERS = ROOT / "deploy/procedures"
RULES = (ROOT / "deploy/partnerships", CHAPTERS)
REGISTER = load_register(register_file())
ROWS_PER_PART = {
    "A": 42,
    "B": 8,
    "C": 32,
    "D": 14,
    "E": 10,
    "F": 36,
    "G": 28,
    "H": 9,
    "I": 31,
    "J": 12,
    "K": 20,
    "L": 30,
    "M": 14,
    "N": 10,
    "O": 6,
}
"""How many rows the requirements register has, part by part."""


def test_the_register_has_every_row() -> None:
    assert set(REGISTER.rows) == {f"{part}{n}" for part, many in ROWS_PER_PART.items() for n in range(1, many + 1)}


def test_the_page_is_what_the_repository_serves() -> None:
    committed = PAGE.read_text(encoding="utf-8")
    found = named(map(load, every_scenario()), folders_in_use())
    assert page(REGISTER, found, failing_in(committed)) == committed, "run: make coverage"


def test_every_type_of_event_is_posted_in_some_scenario() -> None:
    assert set(EventType) == named(map(load, every_scenario()), ()).posted.keys(), "docs/adding-an-event-type.md"


def test_every_chapter_is_adopted_by_some_pack() -> None:
    assert set(CHAPTERS.iterdir()) <= set(folders_in_use())


def test_every_chapter_is_in_the_table_of_chapters() -> None:
    text = (ROOT / "docs/pack.md").read_text(encoding="utf-8").partition("\n| chapter | matter |\n")[2].partition("\n\n")[0]
    named = [name for line in text.splitlines()[1:] for name in re.findall(r"`([^`]+)`", line.split("|")[1])]
    assert sorted(named) == sorted(c.name for c in CHAPTERS.iterdir())


def test_rules_name_only_rows_of_the_register() -> None:
    unknown = [f"{file}: {row}" for folder in RULES for row, file in rows_in_rules(folder) if row not in REGISTER.rows]
    assert unknown == []


def test_fields_name_only_rows_of_the_register() -> None:
    unknown = [
        f"{kind.value} {path}: {row}" for kind, model in MODELS.items() for path, row in _rows_of(model.plan) if row not in REGISTER.rows
    ]
    assert unknown == []


def _rows_of(plan: Plan) -> list[tuple[str, str]]:
    return [(path, row) for path, leaf in leaves(plan) for row in leaf.held.rows]


def test_a_test_that_proves_a_row_is_there() -> None:
    missing = [f"{row}: {test}" for row, entry in REGISTER.rows.items() for test in entry.test if not _is_there(test)]
    assert missing == []


def test_a_test_that_is_not_there_is_noticed() -> None:
    assert _is_there("tests/contract/test_coverage.py::test_a_test_that_proves_a_row_is_there")
    assert not _is_there("tests/contract/test_coverage.py::test_that_nobody_wrote")
    assert not _is_there("tests/contract/test_no_such_file.py::test_that_nobody_wrote")


def _is_there(test: str) -> bool:
    file, _, name = test.partition("::")
    if not (ROOT / file).is_file():
        return False
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return name in {node.name for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))}

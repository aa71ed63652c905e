"""The committed decision matrix is complete and says what the agreements rule, whatever the facts."""

from datetime import date, timedelta
from functools import cache
from math import prod
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontdoor_router.core.agreements import Question, Ruling
from frontdoor_router.core.facts import VALUES
from frontdoor_router.core.matrix import Cube
from frontdoor_router.core.matrix_building import slices
from frontdoor_router.core.pack import Pack, boundaries
from support.budget import examples
from support.matrix_pages import Page, read
from support.packs import PARTNERSHIPS, facts, the_pack
from support.rulings import any_questions, questions, rulings

MATRIX = Path(__file__).parents[2] / "docs" / "matrix"
PACKS = sorted(folder.parent.name for folder in PARTNERSHIPS.glob("*/agencies.toml"))
EXAMPLES = settings(deadline=None, max_examples=examples(60))


@cache
def page(pack: str, purpose: str) -> Page:
    return read(MATRIX / pack, purpose)


def days(pack: Pack) -> list[date]:
    """First and last days of what is in force, and a day before and after all of it."""
    opening = boundaries(pack.agreements)
    return sorted({*opening, *(day - timedelta(days=1) for day in opening), opening[-1] + timedelta(days=5000)})


def check(found: Page, question: Question, ruling: Ruling, on: date) -> None:
    """One row decides, one way at most leads through each wall, and that is what is ruled, by these policies."""
    role, category, facts = question
    table = found.table_for(role, category, on)
    if table is None:
        assert not ruling.permit
        return
    line = table.line_for(facts)
    stopping = found.walls_against(line, facts)
    assert ruling.permit == (line.given and not stopping), (question, line)
    if stopping:
        assert set(ruling.policies) == stopping
    elif line.given:
        assert line.by <= set(ruling.policies) <= line.by | line.perhaps
    else:
        assert line.by <= set(ruling.policies)


@pytest.mark.parametrize("name", PACKS)
@EXAMPLES
@given(data=st.data())
def test_one_row_decides_any_record_of_facts_and_it_is_the_ruling(name: str, data: st.DataObject) -> None:
    pack = the_pack(name)
    on = data.draw(st.sampled_from(days(pack)))
    asked = [*data.draw(any_questions(pack)), *data.draw(st.lists(questions(pack), max_size=8))]
    for question, ruling in zip(asked, rulings(pack.agreements_on(on), asked), strict=True):
        check(page(name, question[2].purpose), question, ruling, on)


CHILD = "| yes | of_subject: yes | encompass.education.child | core.audience"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (CHILD, CHILD.replace("of_subject: yes", "of_subject: yes or unknown")),
        (CHILD, CHILD.replace("| yes |", "| no |")),
        (CHILD, CHILD.replace("encompass.education.child", "encompass.education.adults")),
        (f"{CHILD}, ", CHILD.replace("core.audience", "")),
        ("- school_dsl, early_years_lead: case_reference,", "- school_dsl, gp: case_reference,"),
        ("| core.withheld | withheld: no |", "| core.withheld | withheld: no or yes |"),
        ("| core.identity | subject_role: adult |", "| core.identity | identity: confirmed |"),
        ("## 2020-01-01 to 2025-11-06", "## 2020-01-01 to 2025-11-08"),
    ],
    ids=["wider", "verdict", "policy", "wall-gone", "role", "wall-open", "wall-twice", "days"],
)
def test_a_page_that_says_anything_else_is_noticed(tmp_path: Path, old: str, new: str) -> None:
    text = (MATRIX / "stockton" / "operation-encompass.md").read_text("utf-8")
    assert old in text
    (tmp_path / "operation-encompass.md").write_text(text.replace(old, new), "utf-8")
    pack, told = the_pack("stockton"), facts(purpose="operation-encompass", of_subject="yes")
    asked: list[Question] = [
        ("school_dsl", "child_identity", told._replace(**{fact: value}))
        for fact in ("of_subject", "withheld", "audience", "identity")
        for value in VALUES[fact]
    ]
    asked.append(("early_years_lead", "case_reference", told))

    def all_hold(found: Page) -> bool:
        try:
            for on in (date(2020, 1, 1), date(2025, 11, 7)):
                for question, ruling in zip(asked, rulings(pack.agreements_on(on), asked), strict=True):
                    check(found, question, ruling, on)
        except (AssertionError, ValueError):
            return False
        return True

    assert all_hold(page("stockton", "operation-encompass"))
    assert not all_hold(read(tmp_path, "operation-encompass"))


def volume(cube: Cube, named: set[str]) -> int:
    """How many records of these facts lie in a cube."""
    where = dict(cube)
    return prod(len(where.get(fact, VALUES[fact])) for fact in named)


def meet(one: Cube, other: Cube) -> bool:
    mine = dict(one)
    return all(set(values) & set(mine.get(fact, values)) for fact, values in other)


def partition(cubes: list[Cube]) -> bool:
    """Whether cubes exclude one another and together hold every record of the facts that they name."""
    named = {fact for cube in cubes for fact, _ in cube}
    apart = not any(meet(one, other) for n, one in enumerate(cubes) for other in cubes[:n])
    return apart and sum(volume(cube, named) for cube in cubes) == volume((), named)


@pytest.mark.parametrize("name", PACKS)
def test_rows_and_walls_exclude_one_another_and_leave_nothing_out(name: str) -> None:
    tables = [table for part in slices(the_pack(name)) for section in part.sections for table in section.tables]
    assert tables
    for table in tables:
        assert partition([*(row.where for row in table.rows), *table.nothing])
    for wall in {wall for table in tables for row in table.rows for wall in row.walls}:
        assert partition([*wall.lets, *wall.stops])


@pytest.mark.parametrize(
    "cubes",
    [
        [(("withheld", ("no",)),)],
        [(("withheld", ("no",)),), (("withheld", ("no", "yes")),)],
        [(("withheld", ("no",)),), (("withheld", ("yes",)), ("listed", ("yes",)))],
    ],
    ids=["one-value-missing", "one-value-twice", "a-corner-missing"],
)
def test_what_leaves_something_out_or_says_it_twice_is_noticed(cubes: list[Cube]) -> None:
    assert not partition(cubes)

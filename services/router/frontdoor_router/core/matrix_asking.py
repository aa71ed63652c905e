"""Asks the agreements that decide in production whether they rule as the matrix says: every row, every wall, every cell."""

import random
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import chain

from frontdoor_router.core.agreements import Agreements, Question, Ruling
from frontdoor_router.core.facts import NAMES, VALUES, Facts
from frontdoor_router.core.matrix import NOTHING_PERMITS, Cell, Cube, Expected, Row, Section, Slice, Table
from frontdoor_router.core.pack import Pack, boundaries
from frontdoor_schemas.vocabulary import RULED, Role

Asked = tuple[Question, Expected]
"""A question, and what the matrix says of it."""


class ContradictionError(Exception):
    """The agreements rule otherwise than the matrix says. The message gives the first questions of all; no fact is of a person."""


def ask(pack: Pack, part: Slice) -> int:
    """How many questions were asked, all answered as the matrix says. Raises `ContradictionError`."""
    asked = [(day, a) for section in part.sections for day in _days(pack, section) for a in _questions(part.purpose, section)]
    wrong = []
    for day in dict.fromkeys(day for day, _ in asked):
        wrong += contradictions(pack.agreements_on(day), [a for d, a in asked if d == day])
    if wrong:
        raise ContradictionError(f"{part.purpose}: {len(wrong)} of {len(asked)} questions are ruled otherwise; {'; '.join(wrong[:3])}")
    return len(asked)


def contradictions(rules: Agreements, asked: Sequence[Asked]) -> list[str]:
    """The questions that are ruled otherwise than expected, each with what is ruled."""
    answers = rules.permits_all([question for question, _ in asked])
    return [
        f"{question} is expected to be {expected}, and is {answer!r}"
        for (question, expected), answer in zip(asked, answers, strict=True)
        if not (isinstance(answer, Ruling) and expected.is_met_by(answer))
    ]


def _days(pack: Pack, section: Section) -> list[date]:
    """A day of each epoch in a section: other agreements may have changed while this purpose was ruled alike."""
    return [b for b in boundaries(pack.agreements) if section.from_ <= b and (section.until is None or b < section.until)]


def _questions(purpose: str, section: Section) -> Iterator[Asked]:
    """Some for every row, wall and cell. Facts that should not matter are drawn, and drawn alike whenever it is asked again."""
    draw = random.Random(f"{purpose} {section.from_}")  # noqa: S311 - for variety, not for secrecy
    yield from chain.from_iterable(_of_table(purpose, table, draw) for table in section.tables)
    for role in Role:
        empty = [c for c in RULED if Cell(role, c) not in section.by_cell]
        for category in draw.sample(empty, min(1, len(empty))):
            yield _question(purpose, Cell(role, category), (), draw), NOTHING_PERMITS


def _of_table(purpose: str, table: Table, draw: random.Random) -> Iterator[Asked]:
    """Each cube at least once, and about each cell at least once."""
    cubes = [*chain.from_iterable(_of_row(row) for row in table.rows), *table.nothing]
    for n in range(max(len(cubes), len(table.cells))):
        question = _question(purpose, table.cells[n % len(table.cells)], cubes[n % len(cubes)], draw)
        yield question, table.expects(question[2])


def _of_row(row: Row) -> Iterator[Cube]:
    """A cube that passes every wall, as far as they allow it together, and one for each way in which a wall stops."""
    passing = row.where
    for wall in row.walls:
        passing = next((both for where in wall.lets if (both := _both(passing, where)) is not None), passing)
    yield passing
    for where in chain.from_iterable(wall.stops for wall in row.walls):
        stopped = _both(row.where, where)
        if stopped is not None:
            yield stopped


def _both(one: Cube, other: Cube) -> Cube | None:
    """What lies in both; None when nothing does."""
    both = dict(one)
    for name, values in other:
        both[name] = tuple(v for v in values if v in both.get(name, values))
    return tuple(both.items()) if all(both.values()) else None


def _question(purpose: str, cell: Cell, where: Cube, draw: random.Random) -> Question:
    values = {**VALUES, "purpose": (purpose,), **dict(where)}
    return cell.role.value, cell.category.value, Facts(**{name: draw.choice(values[name]) for name in NAMES})

"""No combination of published cells gives away a small number: tried on tables of every shape, of all and of one concern beside it."""

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import combinations, product
from typing import Any, NamedTuple, cast
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontdoor_router.core.measures.audiences import Everybody, shown
from frontdoor_router.core.measures.definitions import Measure
from frontdoor_router.core.measures.figures import Figures, Measured
from frontdoor_router.core.measures.holding_back import is_small
from frontdoor_router.core.measures.tally import TOTAL, Cell, CellKey, Tally
from support.budget import examples
from support.measuring import rules
from support.packs import the_pack

SMALLEST = 5
STEPS = (-2, -1, 0, 1, 2)
"""By so much a number may differ in another table that a reader cannot rule out; a smaller step is found where there is one."""


class Row(NamedTuple):
    """One group: how many there are and how many of them were reached, of all and of the concern."""

    of: int
    counted: int
    of_concern: int
    counted_concern: int

    @property
    def possible(self) -> bool:
        """Whether a reader could believe it."""
        missed, missed_concern = self.of - self.counted, self.of_concern - self.counted_concern
        return 0 <= self.counted_concern <= self.counted and 0 <= missed_concern <= missed


Step = tuple[int, int, int, int]
Seen = tuple[bool, bool, bool, bool]
"""Of the four numbers of a row: which a reader knows."""

FACTS: Sequence[Step] = (
    *((1, 0, 0, 0), (0, 1, 0, 0), (1, -1, 0, 0)),
    *((0, 0, 1, 0), (0, 0, 0, 1), (0, 0, 1, -1)),
    *((1, 0, -1, 0), (0, 1, 0, -1), (1, -1, -1, 1)),
)
"""What nobody may work out where it is small: how many, how many reached, how many not; of all, of the concern, of the others."""


def value(fact: Step, row: Sequence[int]) -> int:
    """What a fact comes to."""
    return sum(f * n for f, n in zip(fact, row, strict=True))


@cache
def a_measure(*, of_total: bool) -> Measure:
    """A measure of the data set with a breakdown: of how many were reached, or of each group's share."""
    found = (m for m in the_pack("stockton").data_set.measures if m.by and m.of_total is of_total and (of_total or m.counts))
    return next(found)


def published(measure: Measure, rows: Sequence[Row]) -> tuple[Measured, Measured]:
    """The table of all, and the one of the concern."""
    everything, concern = (_cells(measure, [row[n : n + 2] for row in rows]) for n in (0, 2))
    alone = Tally(rules(), {}, cells=everything, all_cells=everything)
    beside = Tally(rules(), {}, concern="neglect", cells=concern, all_cells=everything)
    return shown(measure, alone, Everybody(), SMALLEST), shown(measure, beside, Everybody(), SMALLEST)


def _cells(measure: Measure, rows: Sequence[Sequence[int]]) -> dict[CellKey, Cell]:
    by, families = str(measure.by[0]), iter(range(10_000))
    cells = {(measure.id, by, f"group {n}"): _cell(of, counted, families) for n, (of, counted) in enumerate(rows)}
    total = Cell(sum(c.of for c in cells.values()), sum(c.counted for c in cells.values()))
    for cell in cells.values():
        total.children_of |= cell.children_of
        total.children |= cell.children
    return {(measure.id, TOTAL, TOTAL): total, **cells}


def _cell(of: int, counted: int, families: Iterator[int]) -> Cell:
    children = [cast("Any", UUID(int=next(families))) for _ in range(of)]
    return Cell(of, counted, children_of=set(children), children=set(children[:counted]))


def known(measure: Measure, tables: tuple[Measured, Measured], line: int | None) -> Seen:
    """Which numbers of a line a reader has; None: of the total."""
    seen = [_of_line(measure, table.total if line is None else table.groups[line]) for table in tables]
    if measure.of_total and line is None:  # every line says of how many it is a share
        seen = [(one[0] or any(f.of is not None for f in table.groups), one[1]) for one, table in zip(seen, tables, strict=True)]
    (of, counted), (of_concern, counted_concern) = seen
    return of, counted, of_concern, counted_concern


def _of_line(measure: Measure, line: Figures) -> tuple[bool, bool]:
    counted = any(printed is not None for printed in (line.counted, line.percent, line.children))
    if measure.of_total:
        return counted, True
    return line.of is not None or line.children_of is not None, counted


def given_away(rows: Sequence[Row], lines: Sequence[Seen], total: Seen) -> list[tuple[int | None, Step]]:
    """Small facts, each with its line, that are the same in every table that a reader cannot rule out."""
    options = [[d for d in product(STEPS, repeat=4) if _may_differ(row, seen, d)] for row, seen in zip(rows, lines, strict=True)]
    sums = tuple(map(sum, zip(*rows, strict=True)))
    found: list[tuple[int | None, Step]] = []
    for fact in FACTS:
        alike = _steps_alike(options, total)
        found += [
            (n, fact) for n, row in enumerate(rows) if is_small(value(fact, row), SMALLEST) and not _moves(n, fact, options, alike, total)
        ]
        if is_small(value(fact, sums), SMALLEST) and not any(value(fact, d) for d in _moves_of_total(options, alike, total)):
            found.append((None, fact))
    return found


def given_away_when_published(measure: Measure, rows: Sequence[Row]) -> list[tuple[int | None, Step]]:
    """The same of the tables that are printed."""
    tables = published(measure, rows)
    lines = [known(measure, tables, n) for n in range(len(rows))]
    return given_away(rows, lines, known(measure, tables, None))


def _may_differ(row: Row, seen: Seen, step: Sequence[int]) -> bool:
    return not any(s and k for s, k in zip(step, seen, strict=True)) and Row(*(n + s for n, s in zip(row, step, strict=True))).possible


def _bound(step: Sequence[int], total: Seen) -> tuple[int, ...]:
    """As much of a step as the printed totals have to make up for."""
    return tuple(s for s, printed in zip(step, total, strict=True) if printed)


def _steps_alike(options: Sequence[Sequence[Sequence[int]]], total: Seen) -> list[dict[tuple[int, ...], list[Sequence[int]]]]:
    found: list[dict[tuple[int, ...], list[Sequence[int]]]] = []
    for of_row in options:
        alike: dict[tuple[int, ...], list[Sequence[int]]] = {}
        for step in of_row:
            alike.setdefault(_bound(step, total), []).append(step)
        found.append(alike)
    return found


def _moves(row: int, fact: Step, options: Any, alike: Any, total: Seen) -> bool:
    """Whether a fact of a row may be another, and one or two other rows make up for it in the printed totals."""
    others = [a for n, a in enumerate(alike) if n != row]
    owed = {tuple(-s for s in _bound(step, total)) for step in options[row] if value(fact, step)}
    if any(not any(o) or any(o in a for a in others) for o in owed):
        return True
    return any(_less(o, by_one) in other for o in owed for one, other in combinations(others, 2) for by_one in one)


def _less(owed: Sequence[int], by_one: Sequence[int]) -> tuple[int, ...]:
    return tuple(o - b for o, b in zip(owed, by_one, strict=True))


def _moves_of_total(options: Any, alike: Any, total: Seen) -> Iterator[Sequence[int]]:
    """By how much the total may be another."""
    for row, of_row in enumerate(options):
        for step in of_row:
            owed = tuple(-s for s in _bound(step, total))
            if not any(owed):
                yield step
            yield from (
                [a + b for a, b in zip(step, other, strict=True)] for n, a_ in enumerate(alike) if n != row for other in a_.get(owed, ())
            )


@st.composite
def a_row(draw: st.DrawFn, *, of_total: bool) -> Row:
    """A group: small numbers are as likely as large ones."""
    of = draw(st.one_of(st.integers(0, 12), st.integers(5, 60)))
    counted = 0 if of_total else draw(st.integers(0, of))
    counted_concern = draw(st.integers(0, counted))
    return Row(of, counted, counted_concern + draw(st.integers(0, of - counted)), counted_concern)


@pytest.mark.parametrize("of_total", [False, True])
@settings(deadline=None, max_examples=examples(150))
@given(data=st.data())
def test_no_combination_of_published_cells_gives_a_small_number_away(of_total: bool, data: st.DataObject) -> None:
    rows = data.draw(st.lists(a_row(of_total=of_total), min_size=1, max_size=5))
    assert given_away_when_published(a_measure(of_total=of_total), rows) == []


@pytest.mark.parametrize(
    "rows",
    [
        # nobody of the concern was reached, and the total says so: who was missed of the others in the second group is one
        [Row(0, 0, 0, 0), Row(19, 13, 5, 0), Row(20, 0, 8, 0)],
        # nobody at all was reached in the first group: so all nine of the concern are the second's, and one was missed there
        [Row(13, 0, 8, 0), Row(23, 18, 10, 9)],
        # the first two are held back of all already; of the concern, nobody is in the second and nobody was reached in the third
        [Row(30, 28, 15, 14), Row(30, 15, 0, 0), Row(30, 0, 20, 0)],
    ],
)
def test_what_is_printed_of_all_does_not_settle_what_is_held_back_of_a_concern(rows: Sequence[Row]) -> None:
    assert given_away_when_published(a_measure(of_total=False), rows) == []


def test_a_single_cell_that_is_held_back_is_found_from_the_total() -> None:
    rows = [Row(20, 10, 6, 5), Row(3, 2, 0, 0)]
    everything, nothing = (True,) * 4, (False,) * 4
    assert (1, (1, 0, 0, 0)) in given_away(rows, [everything, nothing], everything)
    assert given_away(rows, [nothing, nothing], nothing) == []


def test_a_concern_that_is_printed_beside_all_is_found_from_the_rest() -> None:
    rows = [Row(20, 10, 17, 9), Row(20, 10, 10, 5)]
    assert (0, (1, 0, -1, 0)) in given_away(rows, [(True,) * 4, (True,) * 4], (True,) * 4)

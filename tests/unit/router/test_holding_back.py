"""No small number can be read from a published table, nor worked out from what is printed: tried on every small table there is."""

from collections import defaultdict
from itertools import product

import pytest

from frontdoor_router.core.measures.holding_back import HeldBack, hold_back, is_small

Row = tuple[int, int]
"""How many there are, and how many of them were reached."""


def published(rows: tuple[Row, ...], smallest: int) -> tuple[object, ...]:
    """What a reader sees of a table with its total line."""
    of = [a for a, _ in rows]
    counted = [b for _, b in rows]
    left = [a - b for a, b in rows]
    held = hold_back([of], smallest)
    both = hold_back([counted, left], smallest, also=held)
    lines = [(None if n in held.rows else a, None if n in both.rows else b) for n, (a, b) in enumerate(rows)]
    return (*lines, (None if held.total else sum(of), None if both.total else sum(counted)))


def agrees(rows: tuple[Row, ...], seen: tuple[object, ...]) -> bool:
    """Whether a table could be the one that was printed, to a reader who can add up and does not know how rows are chosen."""
    numbers = (*rows, (sum(a for a, _ in rows), sum(b for _, b in rows)))
    return all(p in (None, v) for number, line in zip(numbers, seen, strict=True) for v, p in zip(number, line, strict=True))  # type: ignore[call-overload] # lines are pairs


def facts_of(rows: tuple[Row, ...]) -> list[int]:
    """Everything that must not be known where it is small: how many, how many reached, how many not."""
    return [n for a, b in rows for n in (a, b, a - b)]


@pytest.mark.parametrize(("groups", "most"), [(1, 9), (2, 7), (3, 4)])
def test_who_can_add_up_finds_no_small_number(groups: int, most: int) -> None:
    tables = list(product([(a, b) for a in range(most + 1) for b in range(a + 1)], repeat=groups))
    seen = {published(t, 3): t for t in tables}
    for print_, one in seen.items():
        possible = [facts_of(t) for t in tables if agrees(t, print_)] if groups < 3 else [facts_of(t) for t in _near(one, print_, most)]
        for n, fact in enumerate(facts_of(one)):
            assert not is_small(fact, 3) or len({p[n] for p in possible}) > 1, (print_, one)


def _near(one: tuple[Row, ...], seen: tuple[object, ...], most: int) -> list[tuple[Row, ...]]:
    """Tables that agree with a print and differ in two lines at most: enough to show that a number is not certain."""
    found = [one]
    pairs = [(i, j) for i in range(len(one)) for j in range(i, len(one))]
    options = [(a, b) for a in range(most + 1) for b in range(a + 1)]
    for i, j in pairs:
        for first, second in product(options, repeat=2):
            changed = tuple(first if n == i else second if n == j else row for n, row in enumerate(one))
            if agrees(changed, seen):
                found.append(changed)
    return found


@pytest.mark.parametrize(("smallest", "groups", "most"), [(3, 2, 14), (3, 3, 14), (3, 4, 12), (4, 3, 16)])
def test_who_knows_the_rule_too_finds_no_small_count(smallest: int, groups: int, most: int) -> None:
    by_print: defaultdict[tuple[object, ...], list[tuple[int, ...]]] = defaultdict(list)
    for column in product(range(most + 1), repeat=groups):
        if sum(column) <= most:
            held = hold_back([column], smallest)
            by_print[(*(None if n in held.rows else v for n, v in enumerate(column)), None if held.total else sum(column))].append(column)
    for same in by_print.values():
        for n in range(groups):
            assert len({c[n] for c in same}) > 1 or not is_small(same[0][n], smallest), same


def test_nothing_is_held_back_without_a_small_number() -> None:
    assert hold_back([[5, 0, 12]], 5) == HeldBack()
    assert hold_back([[0, 0]], 5) == HeldBack()


def test_one_small_row_takes_another_with_it_in_the_order_of_the_table() -> None:
    assert hold_back([[40, 2, 60]], 5) == HeldBack(frozenset({0, 1}))


def test_a_small_total_is_held_back_with_all_rows() -> None:
    assert hold_back([[2, 0, 0]], 5) == HeldBack(frozenset({0, 1, 2}), total=True)
    assert hold_back([[4]], 5) == HeldBack(frozenset({0}), total=True)


def test_columns_that_give_each_other_away_are_held_back_together() -> None:
    assert hold_back([[20, 30, 9], [1, 30, 9]], 5).rows == {0, 1}


def test_what_is_held_back_for_another_reason_stays_so() -> None:
    assert hold_back([[50, 60, 70]], 5, also=HeldBack(frozenset({2}))).rows == {0, 2}
    assert hold_back([[50, 60]], 5, also=HeldBack(total=True)) == HeldBack(frozenset({0, 1}), total=True)

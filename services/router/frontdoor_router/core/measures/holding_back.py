"""Small numbers in a table for everybody: which rows are held back so that no small number can be read or worked out.

A row is held back for a small number in any of its columns. Columns that belong together (how many were reached, and how
many were not) are held back together, since the total and one of them give the other. Then rows are added, in the order
of the table and whatever their numbers, until those held back sum to more than small numbers can: so one of them at
least is not small, and nobody can say which. Nor may what is printed leave a row no choice: where nobody was reached of
all who are in a row, none of those with one concern was. When there are no more rows the total goes, and with it all of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

FEWEST_ROWS = 2
"""A single row that is held back is the total less the others."""


class Seesaw(NamedTuple):
    """Columns that move together, by their places: with one more in a row, `rising` have one more and `falling` one less.

    So it is with what is reached and what is missed, where their sum is printed. None can be less than nought.
    """

    rising: tuple[int, ...]
    falling: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class HeldBack:
    """Rows that are not printed, and whether the total is not."""

    rows: frozenset[int] = frozenset()
    total: bool = False


def is_small(number: int, smallest: int) -> bool:
    """Whether a number may not be printed. Nought may: it is about nobody."""
    return 0 < number < smallest


def hold_back(
    columns: Sequence[Sequence[int]],
    smallest: int,
    *,
    also: HeldBack | None = None,
    seesaws: Sequence[Seesaw] = (),
    unbounded: frozenset[int] = frozenset(),
) -> HeldBack:
    """What to hold back of columns over the same rows.

    `also`: what is held back already, for another reason. `unbounded`: rows of which no sum of two columns is printed,
    so that no `seesaws` hold for them.
    """
    everything = frozenset(range(len(columns[0])))
    held = {row for column in columns for row, number in enumerate(column) if is_small(number, smallest)}
    held |= also.rows if also else set()
    if (also and also.total) or any(is_small(sum(column), smallest) for column in columns):
        return HeldBack(everything, total=True)
    while held and (
        any(_is_exposed(column, held, smallest) for column in columns)
        or any(_is_certain(row, columns, seesaw, held, smallest) for seesaw in seesaws for row in held - unbounded)
    ):
        if held == everything:
            return HeldBack(everything, total=True)
        held.add(min(everything - held))
    return HeldBack(frozenset(held))


def _is_exposed(column: Sequence[int], held: set[int], smallest: int) -> bool:
    """Whether the total, less what is printed, could be small numbers only."""
    rest = sum(column[row] for row in held)
    return len(held) < FEWEST_ROWS or 0 < rest <= len(held) * (smallest - 1)


def _is_certain(row: int, columns: Sequence[Sequence[int]], seesaw: Seesaw, held: set[int], smallest: int) -> bool:
    """Whether a row with a small number could be no other: neither one more nor one less, made up for by another row."""

    def may_rise(n: int) -> bool:
        return all(columns[place][n] for place in seesaw.falling)

    def may_fall(n: int) -> bool:
        return all(columns[place][n] for place in seesaw.rising)

    others = held - {row}
    moves = (may_rise(row) and any(map(may_fall, others))) or (may_fall(row) and any(map(may_rise, others)))
    return not moves and any(is_small(columns[place][row], smallest) for place in (*seesaw.rising, *seesaw.falling))

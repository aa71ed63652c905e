"""Small numbers in a table for everybody: which rows are held back so that no small number can be read or worked out.

A row is held back for a small number in any of its columns. Columns that belong together (how many were reached, and how
many were not) are held back together, since the total and one of them give the other. Then rows are added, in the order
of the table and whatever their numbers, until those held back sum to more than small numbers can: so one of them at
least is not small, and nobody can say which. When there are no more rows the total goes, and with it all of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

FEWEST_ROWS = 2
"""A single row that is held back is the total less the others."""


@dataclass(frozen=True, slots=True)
class HeldBack:
    """Rows that are not printed, and whether the total is not."""

    rows: frozenset[int] = frozenset()
    total: bool = False


def is_small(number: int, smallest: int) -> bool:
    """Whether a number may not be printed. Nought may: it is about nobody."""
    return 0 < number < smallest


def hold_back(columns: Sequence[Sequence[int]], smallest: int, *, also: HeldBack | None = None) -> HeldBack:
    """What to hold back of columns over the same rows. `also`: what is held back already, for another reason."""
    everything = frozenset(range(len(columns[0])))
    held = {row for column in columns for row, number in enumerate(column) if is_small(number, smallest)}
    held |= also.rows if also else set()
    if (also and also.total) or any(is_small(sum(column), smallest) for column in columns):
        return HeldBack(everything, total=True)
    while held and any(_is_exposed(column, held, smallest) for column in columns):
        if held == everything:
            return HeldBack(everything, total=True)
        held.add(min(everything - held))
    return HeldBack(frozenset(held))


def _is_exposed(column: Sequence[int], held: set[int], smallest: int) -> bool:
    """Whether the total, less what is printed, could be small numbers only."""
    rest = sum(column[row] for row in held)
    return len(held) < FEWEST_ROWS or 0 < rest <= len(held) * (smallest - 1)

"""Who may see which figures: the partnership all, an agency its own beside the totals, everybody no small number."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from frontdoor_chassis.directory import Directory
from frontdoor_router.core.measures.definitions import By, Measure
from frontdoor_router.core.measures.figures import Figures, Measured, measured
from frontdoor_router.core.measures.holding_back import HeldBack, Seesaw, hold_back, is_small
from frontdoor_router.core.measures.tally import TOTAL, Cell, CellKey, Tally


@dataclass(frozen=True, slots=True)
class Partnership:
    """The partnership's own table: everything, twos and threes too."""


@dataclass(frozen=True, slots=True)
class OneAgency:
    """A member agency: lines of its own desks and roles, and all lines that are no agency's."""

    agency: str


@dataclass(frozen=True, slots=True)
class Everybody:
    """A published table."""


Audience = Partnership | OneAgency | Everybody


def shown(measure: Measure, tally: Tally, audience: Audience, smallest: int) -> Measured:
    """The figures of a measure that an audience may see."""
    whole = measured(measure, tally.cells)
    match audience:
        case Partnership():
            return whole
        case OneAgency(agency):
            return replace(whole, groups=tuple(f for f in whole.groups if _is_own(f, agency, tally.rules.directory)))
        case Everybody():
            return _published(measure, tally, smallest)
        case _ as never:  # pragma: no cover - the union is closed
            assert_never(never)


def _is_own(figures: Figures, agency: str, directory: Directory) -> bool:
    match figures.by:
        case By.agency.value:
            return figures.group == agency
        case By.desk.value:
            return figures.group.partition(".")[0] == agency
        case By.role.value:
            return any(d.role.value == figures.group for d in directory.desks.values() if d.agency == agency)
        case _:
            return True


def _published(measure: Measure, tally: Tally, smallest: int) -> Measured:
    """One breakdown only: two of the same events would give each other away."""
    by = str(measure.by[0]) if measure.by else TOTAL
    groups = sorted(key[2] for key in tally.all_cells if key[:2] == (measure.id, by))
    whole = replace(measure, by=measure.by[:1])
    printed = measured(whole, {k: _cell(tally.cells, k) for k in ((measure.id, TOTAL, TOTAL), *((measure.id, by, g) for g in groups))})
    of, counted = _held_back(measure, tally, by, groups, smallest)
    lines = [_line(f, row in of.rows, row in counted.rows, smallest) for row, f in enumerate(printed.groups)]
    return Measured(measure, _line(printed.total, of.total, counted.total, smallest), tuple(lines))


def _cell(cells: Mapping[CellKey, Cell], key: CellKey) -> Cell:
    return cells.get(key, Cell())


def _held_back(measure: Measure, tally: Tally, by: str, groups: Sequence[str], smallest: int) -> tuple[HeldBack, HeldBack]:
    """For how many there are, and for how many of them were reached. What is held back of all is held back of a concern too."""
    of, counted = _of_cells(measure, tally.all_cells, None, by, groups, smallest, (HeldBack(), HeldBack()))
    if tally.concern is not None:
        of, counted = _of_cells(measure, tally.cells, tally.all_cells, by, groups, smallest, (of, counted))
    return of, counted


def _of_cells(
    measure: Measure,
    cells: Mapping[CellKey, Cell],
    beside: Mapping[CellKey, Cell] | None,
    by: str,
    groups: Sequence[str],
    smallest: int,
    also: tuple[HeldBack, HeldBack],
) -> tuple[HeldBack, HeldBack]:
    def numbers(key: CellKey) -> _Numbers:
        own = _numbers(_cell(cells, key))
        return own if beside is None else own.with_what_is_left(_numbers(_cell(beside, key)))

    rows = [numbers((measure.id, by, g)) for g in groups]
    total = numbers((measure.id, TOTAL, TOTAL))
    alone = beside is None
    of = hold_back(
        _columns([r.of for r in rows] or [total.of]),
        smallest,
        also=_with_total(also[0], total.of, smallest),
        seesaws=() if alone else OF_BESIDE,
        unbounded=also[0].rows,
    )
    and_counted = HeldBack(of.rows | also[1].rows, of.total or also[1].total)
    both = hold_back(
        _columns([r.counted for r in rows] or [total.counted]),
        smallest,
        also=_with_total(and_counted, total.counted, smallest),
        seesaws=COUNTED if alone else COUNTED_BESIDE,
        unbounded=of.rows if alone else of.rows & also[1].rows,
    )
    return of, both


@dataclass(frozen=True, slots=True)
class _Numbers:
    """All that a line gives away: what it prints, and what is left of what another line or table prints.

    `of`: events, children; `counted`: events reached and missed, children reached and missed. With what is left: the same again.
    """

    of: tuple[int, ...]
    counted: tuple[int, ...]

    def with_what_is_left(self, everything: "_Numbers") -> "_Numbers":
        """With what is left of the line of all events when these are taken away."""
        of, counted = (
            (*own, *(a - o for a, o in zip(whole, own, strict=True)))
            for own, whole in ((self.of, everything.of), (self.counted, everything.counted))
        )
        return _Numbers(of, counted)


def _numbers(cell: Cell) -> _Numbers:
    of, counted, children_of, children = cell.of, cell.counted, len(cell.children_of), len(cell.children)
    return _Numbers((of, children_of), (counted, of - counted, children, children_of - children))


OF_BESIDE = (Seesaw((0,), (2,)), Seesaw((1,), (3,)))
COUNTED = (Seesaw((0,), (1,)), Seesaw((2,), (3,)))
COUNTED_BESIDE = (Seesaw((0, 5), (1, 4)), Seesaw((2, 7), (3, 6)))
"""Places in a line's numbers: one more event of a concern that is reached is one less that is missed, and leaves one less of the others
reached and one more of them missed."""


def _columns(rows: Sequence[tuple[int, ...]]) -> list[tuple[int, ...]]:
    return list(zip(*rows, strict=True))


def _with_total(also: HeldBack, total: Sequence[int], smallest: int) -> HeldBack:
    return HeldBack(also.rows, also.total or any(is_small(number, smallest) for number in total))


def _line(figures: Figures, without_of: bool, without_counted: bool, smallest: int) -> Figures:
    """A line as it is printed. The longest time is one family's, so that it is never printed."""
    line = replace(figures, undecided=None, timed=None, longest_hours=None)
    if (figures.timed or 0) < smallest:
        line = replace(line, median_hours=None)
    if without_counted:
        line = replace(line, counted=None, percent=None, children=None, median_hours=None)
    if without_of:
        line = replace(line, of=None, children_of=None)
    return replace(line, held_back=without_of or without_counted)

"""Figures: counts beside shares, distinct children beside events, and how long it took."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from statistics import median

from frontdoor_router.core.measures.definitions import Measure
from frontdoor_router.core.measures.tally import TOTAL, Cell, CellKey

TENTH = Decimal("0.1")
SECONDS_PER_HOUR = 3600


@dataclass(frozen=True, slots=True)
class Figures:
    """One line of a table. None: not measured; in a table for everybody perhaps held back, which `held_back` says."""

    by: str
    group: str
    of: int | None
    counted: int | None = None
    percent: Decimal | None = None
    children_of: int | None = None
    children: int | None = None
    undecided: int | None = None
    timed: int | None = None
    median_hours: Decimal | None = None
    longest_hours: Decimal | None = None
    held_back: bool = False


@dataclass(frozen=True, slots=True)
class Measured:
    """A measure with its figures: all together first, then group by group."""

    measure: Measure
    total: Figures
    groups: tuple[Figures, ...]


def percent(part: int, whole: int) -> Decimal | None:
    """A share in per cent to one decimal, halves upwards as printed tables do; None of nothing."""
    return (Decimal(100 * part) / whole).quantize(TENTH, ROUND_HALF_UP) if whole else None


def measured(measure: Measure, cells: Mapping[CellKey, Cell]) -> Measured:
    """The figures of one measure. Of groups that nobody fell into there is no line."""
    whole = cells.get((measure.id, TOTAL, TOTAL), Cell())
    breakdowns = [str(by) for by in measure.by]
    keys = [key for key in cells if key[0] == measure.id and key[1] != TOTAL]
    keys.sort(key=lambda key: (breakdowns.index(key[1]), key[2]))
    return Measured(measure, _figures(measure, whole, whole, TOTAL, TOTAL), tuple(_figures(measure, cells[k], whole, *k[1:]) for k in keys))


def _figures(measure: Measure, cell: Cell, whole: Cell, by: str, group: str) -> Figures:
    of, counted, children_of, children = cell.of, cell.counted, cell.children_of, cell.children
    if measure.of_total:
        of, counted, children_of, children = whole.of, cell.of, whole.children_of, cell.children_of
    has_share = bool(measure.counts) or measure.of_total
    return Figures(
        by=by,
        group=group,
        of=of,
        counted=counted if has_share else None,
        percent=percent(counted, of) if has_share else None,
        children_of=len(children_of),
        children=len(children) if has_share else None,
        undecided=cell.undecided if measure.counts else None,
        timed=len(cell.seconds) if measure.time else None,
        median_hours=_hours(median(cell.seconds)) if cell.seconds else None,
        longest_hours=_hours(max(cell.seconds)) if cell.seconds else None,
    )


def _hours(seconds: float) -> Decimal:
    return (Decimal(seconds) / SECONDS_PER_HOUR).quantize(TENTH, ROUND_HALF_UP)

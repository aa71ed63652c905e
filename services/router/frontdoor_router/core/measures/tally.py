"""Counts: each event goes through every measure once, and what remains of it is numbers and opaque ids."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import assert_never
from uuid import UUID

from frontdoor_chassis.directory import Directory
from frontdoor_router.core.calendar import Calendar, CalendarError
from frontdoor_router.core.conditions import values
from frontdoor_router.core.deadlines import DeadlineError, Deadlines, due_under
from frontdoor_router.core.measures.definitions import (
    By,
    ByField,
    Check,
    Complete,
    Each,
    EarlierEvent,
    InTime,
    Known,
    Measure,
    MomentOf,
    Named,
    OfConcern,
    OfPlan,
    Says,
    Within,
)
from frontdoor_router.core.measures.facts import ChildKey, EventFact
from frontdoor_router.core.measures.moments import moment
from frontdoor_router.core.measures.named import TESTS
from frontdoor_router.core.measures.plans import Plan
from frontdoor_router.core.measures.units import Unit, of_plan, units
from frontdoor_schemas.vocabulary import EventType

UNKNOWN = "unknown"
"""Group of those of whom nobody says to which they belong."""
TOTAL = ""
"""Group of all."""


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of time that is measured, and up to when the ledger is read. Half-open, in UTC."""

    start: datetime
    end: datetime
    as_at: datetime

    @property
    def standing(self) -> datetime:
        """The moment at which running plans are counted: the end of the period, or the as-at date within it."""
        return min(self.end, self.as_at)

    def holds(self, moment: datetime) -> bool:
        """Whether a moment falls in it."""
        return self.start <= moment < self.end


@dataclass(slots=True)
class Cell:
    """What was counted of one group: how many, how many of them were reached, whose they are, how long each took in seconds."""

    of: int = 0
    counted: int = 0
    undecided: int = 0
    children_of: set[ChildKey] = field(default_factory=set)
    children: set[ChildKey] = field(default_factory=set)
    seconds: list[float] = field(default_factory=list)


CellKey = tuple[str, str, str]
"""Measure, breakdown (empty: all), group."""


class Result(StrEnum):
    """What became of one that was counted."""

    counted = "counted"
    missed = "missed"
    undecided = "undecided"


@dataclass(frozen=True, slots=True)
class Rules:
    """What of the pack a measure needs besides its definition."""

    directory: Directory
    calendar: Calendar
    deadlines: Deadlines


@dataclass(slots=True)
class Tally:
    """Counts for one question. With a concern, everything is counted beside it as well: who publishes has to know the rest."""

    rules: Rules
    periods: dict[str, Period]
    """By measure."""
    concern: str | None = None
    watched: str | None = None
    """The measure of which it is kept which events it counted."""
    seen: dict[UUID, Result] = field(default_factory=dict)
    cells: dict[CellKey, Cell] = field(default_factory=dict)
    all_cells: dict[CellKey, Cell] = field(default_factory=dict)

    def add(self, measures: Sequence[Measure], event: EventFact) -> None:
        """Count one event in all measures of its type in whose period it came."""
        for measure in measures:
            if event.type in measure.on and self._is_asked_for(measure, event):
                for unit in units(measure, event):
                    self._count(measure, unit, event.concerns)

    def _is_asked_for(self, measure: Measure, event: EventFact) -> bool:
        by_source = not measure.source_roles or self._role(event.source) in measure.source_roles
        return by_source and self.periods[measure.id].holds(event.received_at)

    def _role(self, desk: str) -> str:
        found = self.rules.directory.find(desk)
        return found.role.value if found else UNKNOWN

    def add_plan(self, measures: Sequence[Measure], plan: Plan) -> None:
        """Count one plan in all measures of plans."""
        unit = of_plan(plan)
        for measure in measures:
            if measure.each is Each.plan:
                self._count(measure, unit, plan.concerns)

    def _count(self, measure: Measure, unit: Unit, concerns: frozenset[str]) -> None:
        period = self.periods[measure.id]
        if not all(self._holds(c, unit, measure, period) for c in measure.if_):
            return
        result = _result([self._holds(c, unit, measure, period) for c in measure.counts])
        if measure.id == self.watched and (self.concern is None or self.concern in concerns):
            self.seen[unit.event.id] = _worse(self.seen.get(unit.event.id), result)
        took = self._took(measure, unit, period)
        into = [self.all_cells, self.cells] if self.concern is None or self.concern in concerns else [self.all_cells]
        for key in self._keys(measure, unit):
            for cells in into:
                _enter(cells.setdefault(key, Cell()), unit, result, took)

    def _keys(self, measure: Measure, unit: Unit) -> Iterator[CellKey]:
        yield measure.id, TOTAL, TOTAL
        for by in measure.by:
            for group in self._groups(by, unit):
                yield measure.id, str(by), group

    def _groups(self, by: By | ByField, unit: Unit) -> list[str]:
        match by:
            case By.agency:
                return [unit.desk.partition(".")[0]]
            case By.desk:
                return [unit.desk]
            case By.role:
                return [self._role(unit.desk)]
            case By.out_of_hours:
                return [unit.event.message.get("out_of_hours", UNKNOWN)]
            case ByField(path):
                return sorted({str(v) for v in values(path, unit.message)}) or [UNKNOWN]
        raise AssertionError("the union is closed")  # pragma: no cover

    def _holds(self, check: Check, unit: Unit, measure: Measure, period: Period) -> bool | None:
        """Whether it does; None while nobody can say."""
        match check:
            case Says(condition):
                return condition.holds(unit.message)
            case Known(of, there):
                return (self._moment(of, unit, period) is not None) is there
            case Within(deadline):
                return self._within(deadline, measure, unit, period)
            case Complete(on_arrival, name, so):
                missing = unit.event.missing_on_arrival if on_arrival else unit.event.missing
                return (not missing if name is None else name not in missing) is so
            case InTime():
                return _in_time(unit, period)
            case EarlierEvent(kind, days):
                return _before(unit.event, kind, days)
            case OfPlan(state):
                return unit.plan is not None and unit.plan.stands(state, period.start, period.standing, self._day(period.standing))
            case OfConcern(concern):
                return concern in (unit.plan.concerns if unit.plan else unit.event.concerns)
            case Named(name):
                return TESTS[name](unit.event)
            case _ as never:  # pragma: no cover - the union is closed
                assert_never(never)

    def _day(self, at: datetime) -> date:
        return self.rules.calendar.local_date(at)

    def _moment(self, of: MomentOf, unit: Unit, period: Period) -> datetime | None:
        return moment(of, unit, period.as_at, self.rules.directory, self.rules.calendar)

    def _within(self, deadline: str, measure: Measure, unit: Unit, period: Period) -> bool | None:
        start, end = self._span(measure, unit, period)
        if start is None:
            return None
        try:
            due = due_under(self.rules.deadlines, deadline, start, self.rules.calendar).at
        except (CalendarError, DeadlineError):  # a day that the calendar does not answer for is no day late
            return None
        if end is None:
            return None if due > period.as_at else False
        return end <= due

    def _span(self, measure: Measure, unit: Unit, period: Period) -> tuple[datetime | None, datetime | None]:
        if measure.time is None:
            return None, None
        return self._moment(measure.time.from_, unit, period), self._moment(measure.time.to, unit, period)

    def _took(self, measure: Measure, unit: Unit, period: Period) -> float | None:
        """How long it took, in seconds. What ended before it began is no duration: somebody's clock is wrong."""
        start, end = self._span(measure, unit, period)
        return None if start is None or end is None or end < start else (end - start).total_seconds()


def _in_time(unit: Unit, period: Period) -> bool | None:
    owed = unit.owed
    if owed is None or owed.met is None or owed.met > period.as_at:
        return None if owed is None or owed.due > period.as_at else False
    return owed.met <= owed.due


def _before(event: EventFact, kind: EventType, days: int) -> bool:
    return any(p.type is kind and (event.received_at - p.received_at).days < days for p in event.past)


def _result(results: Sequence[bool | None]) -> Result:
    if False in results:
        return Result.missed
    return Result.undecided if None in results else Result.counted


def _worse(one: Result | None, other: Result) -> Result:
    """Of an event with several that were counted: it missed when any of them did."""
    return max(filter(None, (one, other)), key=(Result.counted, Result.undecided, Result.missed).index)


def _enter(cell: Cell, unit: Unit, result: Result, took: float | None) -> None:
    if result is Result.undecided:
        cell.undecided += 1
        return
    cell.of += 1
    cell.children_of |= unit.children
    if took is not None:
        cell.seconds.append(took)
    if result is Result.counted:
        cell.counted += 1
        cell.children |= unit.children

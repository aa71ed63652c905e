"""Limits as dated data: from the moment when a clock starts to the moment when it has run out, and the stages about it."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Final, assert_never

from frontdoor_router.core.calendar import OFFICE, Calendar, in_utc, wall_time

OWN: Final = "own"  # in place of a source: no document gives the figure, the partnership chose it

_OFFSET = re.compile(r"(?P<sign>[+-])(?P<number>\d{1,4})(?P<unit>m|h|wd|sd)(?:@(?P<at>\d\d:\d\d))?", re.ASCII)


class DeadlineError(ValueError):
    """A limit that is no limit, or an offset that cannot be read."""


class NoDeadlineInForceError(DeadlineError):
    """No deadline of that id applies on the day when the clock starts."""


class SeveralDeadlinesInForceError(DeadlineError):
    """More than one deadline of that id applies on the day when the clock starts."""


@dataclass(frozen=True, slots=True)
class AtOnce:
    """Without delay; `minutes` is the grace that the machinery has before it counts as late."""

    minutes: int

    def __post_init__(self) -> None:
        """Refuse a grace that is none."""
        _at_least_one(self.minutes)


@dataclass(frozen=True, slots=True)
class Hours:
    """Hours that pass, day and night: on the night of a clock change too an hour is an hour."""

    hours: int

    def __post_init__(self) -> None:
        """Refuse no hours."""
        _at_least_one(self.hours)


@dataclass(frozen=True, slots=True)
class WorkingHours:
    """Hours during which the named opening hours are open."""

    hours: int
    open: str = OFFICE

    def __post_init__(self) -> None:
        """Refuse no hours."""
        _at_least_one(self.hours)


@dataclass(frozen=True, slots=True)
class WorkingDays:
    """Working days after the day on which the clock starts, which does not count. None: the end of the office day."""

    days: int
    at: time | None = None

    def __post_init__(self) -> None:
        """Refuse no days."""
        _at_least_one(self.days)


@dataclass(frozen=True, slots=True)
class BeforeSchoolDay:
    """By `at` on a school day; None is the calendar's school opening time.

    What starts up to that time on a school day is due that day; anything later, on the next school day.
    """

    at: time | None = None


@dataclass(frozen=True, slots=True)
class BeforeWorkingDay:
    """As `BeforeSchoolDay`, of working days: what is not to wait for the end of the holidays. None is the office's opening time."""

    at: time | None = None


@dataclass(frozen=True, slots=True)
class CalendarDays:
    """Days of every kind. None: at the time of day at which the clock started."""

    days: int
    at: time | None = None

    def __post_init__(self) -> None:
        """Refuse no days."""
        _at_least_one(self.days)


Rule = AtOnce | Hours | WorkingHours | WorkingDays | BeforeSchoolDay | BeforeWorkingDay | CalendarDays
"""Every way in which a limit is written."""


def due(rule: Rule, start: datetime, calendar: Calendar) -> datetime:
    """The moment, in UTC, when a clock started at `start` has run out; never before `start`.

    Raises `CalendarError` when it lies beyond the calendar.
    """
    match rule:
        case AtOnce(minutes):
            return in_utc(start) + timedelta(minutes=minutes)
        case Hours(hours):
            return in_utc(start) + timedelta(hours=hours)
        case WorkingHours(hours, name):
            return calendar.add_working_hours(start, timedelta(hours=hours), name)
        case WorkingDays(days, at):
            return _working_days(days, at, start, calendar)
        case BeforeSchoolDay(at):
            return _before_day(
                calendar.school.opens if at is None else at, start, calendar, calendar.is_school_day, calendar.next_school_day
            )
        case BeforeWorkingDay(at):
            return _before_day(
                calendar.office.opens if at is None else at, start, calendar, calendar.is_working_day, calendar.next_working_day
            )
        case CalendarDays(days, at):
            day = calendar.local_date(start) + timedelta(days=days)
            return calendar.at(day, calendar.local_time(start) if at is None else at)
        case _ as never:  # pragma: no cover - the union is closed
            assert_never(never)


@dataclass(frozen=True, slots=True)
class Deadline:
    """A rule with the days on which it may start a clock, `from_ <= day < until`, and who says so.

    `source` names the document, or is `OWN`.
    """

    id: str
    rule: Rule
    from_: date
    until: date | None
    source: str

    def applies(self, day: date) -> bool:
        """Whether a clock that starts on the local `day` runs by this deadline."""
        return self.from_ <= day and (self.until is None or day < self.until)


Deadlines = tuple[Deadline, ...]


@dataclass(frozen=True, slots=True)
class Due:
    """When a clock runs out (UTC), and by which version of the deadline."""

    at: datetime
    deadline: Deadline


def in_force(deadlines: Iterable[Deadline], deadline_id: str, day: date) -> Deadline:
    """The one version that applies on the local `day`. Raises `NoDeadlineInForceError`, `SeveralDeadlinesInForceError`."""
    found = [deadline for deadline in deadlines if deadline.id == deadline_id and deadline.applies(day)]
    if not found:
        raise NoDeadlineInForceError(f"no deadline “{deadline_id}” is in force on {day}")
    if len(found) > 1:
        dates = " and ".join(_dates(deadline) for deadline in found)
        raise SeveralDeadlinesInForceError(f"deadline “{deadline_id}” is in force more than once on {day}: {dates}")
    return found[0]


def due_under(deadlines: Iterable[Deadline], deadline_id: str, start: datetime, calendar: Calendar) -> Due:
    """When a clock started at `start` runs out, by the version in force on the local day of its start.

    Raises what `in_force` and `due` raise.
    """
    deadline = in_force(deadlines, deadline_id, calendar.local_date(start))
    return Due(due(deadline.rule, start, calendar), deadline)


class DayUnit(StrEnum):
    """The days that an offset counts."""

    WORKING = "wd"
    SCHOOL = "sd"


@dataclass(frozen=True, slots=True)
class Elapsed:
    """An offset in time that passes; negative is before."""

    amount: timedelta


@dataclass(frozen=True, slots=True)
class DaysAway:
    """An offset of so many days that count, never nought; negative is before. None: at the same time of day."""

    days: int
    unit: DayUnit
    at: time | None = None


Offset = Elapsed | DaysAway
"""A stage about a due moment: a reminder before it, an escalation after it."""


def parse_offset(text: str) -> Offset:
    """Read `-30m`, `+0m`, `+2h`, `+1wd`, `+1sd@09:00`: minutes, hours, working days, school days.

    Only days take `@HH:MM`, and they are at least one. Raises `DeadlineError`, a `ValueError`.
    """
    found = _OFFSET.fullmatch(text)
    if found is None:
        raise DeadlineError(f"“{text}” is not an offset; write +0m, -30m, +2h, +1wd or +1sd@09:00")
    number = int(found["sign"] + found["number"])
    if found["unit"] in set(DayUnit):
        return _days_away(text, number, DayUnit(found["unit"]), found["at"])
    if found["at"] is not None:
        raise DeadlineError(f"“{text}” gives a time of day, which only goes with wd and sd")
    return Elapsed(timedelta(minutes=number) if found["unit"] == "m" else timedelta(hours=number))


def shift(offset: Offset, moment: datetime, calendar: Calendar) -> datetime:
    """The moment, in UTC, of a stage about `moment`, which is when a clock runs out.

    A stage before a short limit can fall before the clock started: the caller decides whether it is then left out.
    """
    match offset:
        case Elapsed(amount):
            return in_utc(moment) + amount
        case DaysAway(days, unit, at):
            add = {DayUnit.WORKING: calendar.add_working_days, DayUnit.SCHOOL: calendar.add_school_days}[unit]
            day = add(calendar.local_date(moment), days)
            return calendar.at(day, calendar.local_time(moment) if at is None else at)
        case _ as never:  # pragma: no cover - the union is closed
            assert_never(never)


def _at_least_one(number: int) -> None:
    if number < 1:
        raise DeadlineError(f"a limit of {number} is none; it is at least 1")


def _working_days(days: int, at: time | None, start: datetime, calendar: Calendar) -> datetime:
    day = calendar.add_working_days(calendar.local_date(start), days)
    return calendar.end_of_office_day(day) if at is None else calendar.at(day, at)


def _before_day(
    at: time, start: datetime, calendar: Calendar, counts: Callable[[date], bool], next_after: Callable[[date], date]
) -> datetime:
    today = calendar.local_date(start)
    if counts(today) and in_utc(start) <= calendar.at(today, at):
        return calendar.at(today, at)
    return calendar.at(next_after(today), at)


def _days_away(text: str, number: int, unit: DayUnit, at: str | None) -> DaysAway:
    if number == 0:
        raise DeadlineError(f"“{text}” counts no days; write +0m for the moment itself")
    return DaysAway(number, unit, None if at is None else _time_of(text, at))


def _time_of(text: str, at: str) -> time:
    try:
        return wall_time(at)
    except ValueError as error:
        raise DeadlineError(f"in “{text}”: {error}") from None


def _dates(deadline: Deadline) -> str:
    return f"from {deadline.from_}" + ("" if deadline.until is None else f" until {deadline.until}")

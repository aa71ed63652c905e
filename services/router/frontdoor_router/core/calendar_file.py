"""The shape of a pack's `calendar.toml`, what is checked in it, and what it becomes. Errors name their place as in `deadlines_file`."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, time
from enum import Enum
from itertools import combinations
from types import MappingProxyType
from typing import Annotated, Final, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BeforeValidator, Field, field_validator, model_validator

from frontdoor_router.core.calendar import ONE_DAY, Calendar, Days, Nation, Spell, Term, bank_holidays
from frontdoor_router.core.deadlines import Deadlines
from frontdoor_router.core.deadlines_file import (
    BUILT_IN,
    DeadlineEntries,
    Name,
    Place,
    Problem,
    Sourced,
    Strict,
    Text,
    WallTime,
    deadline_of,
    deadlines_overlap,
    read_wall_time,
    refuse,
    strange_hours,
)

MIDNIGHT: Final = "24:00"  # closes a spell at the end of its day; 00:00 is the day's beginning


def _closing_time(value: object) -> time | None:
    return None if value == MIDNIGHT else read_wall_time(value)


ClosingTime = Annotated[time | None, BeforeValidator(_closing_time)]
Year = Annotated[str, Field(pattern=r"^\d{4}-\d{2}$")]


class Settings(Sourced):
    """`[calendar]`: the zone, whose bank holidays, and the days answered for, `from <= day < until`."""

    title: Text
    zone: ZoneInfo
    bank_holidays: Nation
    from_: date
    until: date

    @field_validator("zone", mode="before")
    @classmethod
    def _known_zone(cls, value: object) -> ZoneInfo:
        try:
            return ZoneInfo(str(value))
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"“{value}” is no time zone; write one as Europe/London") from None

    @field_validator("bank_holidays", mode="before")
    @classmethod
    def _known_nation(cls, value: object) -> object:
        return _named({nation.name.lower().replace("_", "-"): nation for nation in Nation}, value)


class DayTimes(Strict):
    """`[office]` and `[school]`: opening and closing time of a working day, of a school day."""

    opens: WallTime
    closes: ClosingTime

    @model_validator(mode="after")
    def _opens_first(self) -> Self:
        _refuse_backward(self.opens, self.closes)
        return self


class HoursSpell(Strict):
    """`[[hours.<name>]]`: one stretch of the named opening hours; several together may span midnight."""

    days: Days
    opens: WallTime
    closes: ClosingTime

    @field_validator("days", mode="before")
    @classmethod
    def _known_days(cls, value: object) -> object:
        return _named({days.value: days for days in Days}, value)

    @model_validator(mode="after")
    def _opens_first(self) -> Self:
        _refuse_backward(self.opens, self.closes)
        return self

    def spell(self) -> Spell:
        """The spell that it says."""
        return Spell(self.days, self.opens, self.closes)


class Closure(Strict):
    """`[[closure]]`: a day on which offices are shut, besides weekends and bank holidays."""

    day: date
    reason: Text


class Run(Strict):
    """`{first, last}`: days in a row; both are in it."""

    first: date
    last: date

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.last < self.first:
            raise ValueError("ends before it begins")
        return self


class TermDates(Run):
    """One of the three terms of a school year, and the half-term holiday that parts it in two, where there is one."""

    half_term: Run | None = None

    @model_validator(mode="after")
    def _parted(self) -> Self:
        if self.half_term is not None and not self.first < self.half_term.first <= self.half_term.last < self.last:
            raise ValueError("the half-term holiday does not lie within the term")
        return self

    def terms(self) -> tuple[Term, ...]:
        """The unbroken runs of it."""
        if self.half_term is None:
            return (Term(self.first, self.last),)
        return Term(self.first, self.half_term.first - ONE_DAY), Term(self.half_term.last + ONE_DAY, self.last)


class SchoolYear(Strict):
    """`[school-year.<year>]`: its terms, and the days in them on which pupils do not come."""

    autumn: TermDates
    spring: TermDates
    summer: TermDates
    non_teaching: Sequence[date] = ()

    def named(self) -> tuple[tuple[str, TermDates], ...]:
        """Its terms with their names, in order."""
        return ("autumn", self.autumn), ("spring", self.spring), ("summer", self.summer)


class CalendarFile(Strict):
    """A whole `calendar.toml`, as `tomllib` reads it."""

    calendar: Settings
    office: DayTimes
    school: DayTimes
    hours: Mapping[Name, Annotated[Sequence[HoursSpell], Field(min_length=1)]] = {}
    closure: Sequence[Closure] = ()
    school_year: Annotated[Mapping[Year, SchoolYear], Field(min_length=1)]
    deadline: DeadlineEntries = ()

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        school = (*_terms_overlap(self), *_days_in_no_term(self))
        refuse("CalendarFile", [*_days_outside(self), *school, *_hours_names(self), *deadlines_overlap(self.deadline)])
        return self


def build(parsed: CalendarFile) -> tuple[Calendar, Deadlines]:
    """The calendar and the deadlines that the file says, deadlines in its order."""
    settings = parsed.calendar
    calendar = Calendar(
        zone=settings.zone,
        covers_from=settings.from_,
        covers_until=settings.until,
        bank_holidays=bank_holidays(settings.bank_holidays, settings.from_, settings.until),
        closures=frozenset(closure.day for closure in parsed.closure),
        terms=tuple(run for _, term in _terms(parsed) for run in term.terms()),
        non_teaching=frozenset(day for year in parsed.school_year.values() for day in year.non_teaching),
        office=Spell(Days.WORKING, parsed.office.opens, parsed.office.closes),
        school=Spell(Days.SCHOOL, parsed.school.opens, parsed.school.closes),
        other_hours=MappingProxyType({name: tuple(s.spell() for s in spells) for name, spells in parsed.hours.items()}),
    )
    return calendar, tuple(deadline_of(entry) for entry in parsed.deadline)


def _named(known: Mapping[str, Enum], value: object) -> Enum:
    if not isinstance(value, str) or value not in known:
        raise ValueError(f"“{value}” is none of {', '.join(known)}")
    return known[value]


def _refuse_backward(opens: time, closes: time | None) -> None:
    if closes is not None and closes <= opens:
        raise ValueError("closes is not later than opens; hours across midnight are two spells, the first to 24:00")


def _days_outside(file: CalendarFile) -> Iterator[Problem]:
    first, until = file.calendar.from_, file.calendar.until
    if until <= first:
        yield ("calendar", "until"), "the calendar covers no day: until is not later than from"
    for place, day in _dated(file):
        if not first <= day < until:
            yield place, f"{day} lies outside the calendar, which runs {first} to {until}"


def _dated(file: CalendarFile) -> Iterator[tuple[Place, date]]:
    for place, term in _terms(file):
        yield (*place, "first"), term.first
        yield (*place, "last"), term.last
    for number, closure in enumerate(file.closure):
        yield ("closure", number, "day"), closure.day


def _terms(file: CalendarFile) -> Iterator[tuple[tuple[str, str, str], TermDates]]:
    for name, year in file.school_year.items():
        for season, term in year.named():
            yield ("school-year", name, season), term


def _terms_overlap(file: CalendarFile) -> Iterator[Problem]:
    for (one_place, one), (place, other) in combinations(_terms(file), 2):
        if one.first <= other.last and other.first <= one.last:
            yield (*place, "first"), f"{' '.join(place[1:])} overlaps {' '.join(one_place[1:])}"


def _days_in_no_term(file: CalendarFile) -> Iterator[Problem]:
    for name, year in file.school_year.items():
        runs = [run for _, term in year.named() for run in term.terms()]
        for number, day in enumerate(year.non_teaching):
            if not any(run.first <= day <= run.last for run in runs):
                yield ("school-year", name, "non-teaching", number), f"{day} is in no term of {name}"


def _hours_names(file: CalendarFile) -> Iterator[Problem]:
    for name in sorted(BUILT_IN & file.hours.keys()):
        yield ("hours", name), f"“{name}” is given already, by [office], [school] or the clock"
    for number, reason in strange_hours(file.deadline, file.hours):
        yield ("deadline", number, file.deadline[number].kind, "open"), reason

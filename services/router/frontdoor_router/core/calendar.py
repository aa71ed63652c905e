"""What a day and an hour are worth in one partnership: working days, school days, opening hours, through clock changes.

Moments come and go as aware `datetime`s, out always in UTC; days and times of day are those of the partnership's zone.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

import holidays

ONE_DAY: Final = timedelta(days=1)
SATURDAY: Final = 5  # `date.weekday()` of the first day of the weekend
OFFICE: Final = "office"
SCHOOL: Final = "school"
ALWAYS: Final = "always"
EARLIEST: Final = datetime.min.replace(tzinfo=UTC)

_WALL_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)", re.ASCII)


class CalendarError(ValueError):
    """A calendar was asked what it cannot answer: a day outside it, unknown opening hours, a moment without a zone."""


class Nation(StrEnum):
    """Whose bank holidays are kept; the value is the `holidays` library's subdivision of the United Kingdom."""

    ENGLAND = "ENG"
    WALES = "WLS"
    SCOTLAND = "SCT"
    NORTHERN_IRELAND = "NIR"


class Days(StrEnum):
    """The days on which a spell of opening hours applies."""

    EVERY = "every"
    WORKING = "working"
    NOT_WORKING = "not-working"
    SCHOOL = "school"


@dataclass(frozen=True, slots=True)
class Spell:
    """One stretch of a day, closed when `closes` is reached; None is the midnight that ends the day."""

    days: Days
    opens: time
    closes: time | None


@dataclass(frozen=True, slots=True)
class Term:
    """An unbroken run of school weeks; both days are in it. Half-terms part two of them."""

    first: date
    last: date


ROUND_THE_CLOCK: Final = (Spell(Days.EVERY, time.min, None),)


def bank_holidays(nation: Nation, first: date, until: date) -> frozenset[date]:
    """Bank holidays in `first <= day < until`, as the `holidays` library knows them: one not yet proclaimed is missing."""
    years = range(first.year, until.year + 1)
    known = holidays.country_holidays("GB", subdiv=nation.value, years=years)
    return frozenset(day for day in known if first <= day < until)


def wall_time(text: str) -> time:
    """Read `HH:MM`, 00:00 to 23:59. Raises `ValueError`."""
    found = _WALL_TIME.fullmatch(text)
    if found is None:
        raise ValueError(f"“{text}” is not a time of day; write HH:MM, as in 08:00")
    return time(int(found[1]), int(found[2]))


def in_utc(moment: datetime) -> datetime:
    """The same moment in UTC. Raises `CalendarError` when it has no zone, since then it is no moment."""
    if moment.utcoffset() is None:
        raise CalendarError(f"{moment.isoformat()} has no zone, so nobody can say when it is")
    return moment.astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Calendar:
    """One partnership's days and hours.

    It answers for days in `covers_from <= day < covers_until` and raises `CalendarError` outside: an unknown holiday
    would otherwise pass as a working day. `closures` shut offices only, `non_teaching` days shut schools only, bank
    holidays shut both.
    """

    zone: ZoneInfo
    covers_from: date
    covers_until: date
    bank_holidays: frozenset[date]
    closures: frozenset[date]
    terms: tuple[Term, ...]
    non_teaching: frozenset[date]
    office: Spell
    school: Spell
    other_hours: Mapping[str, tuple[Spell, ...]] = field(default_factory=lambda: MappingProxyType({}), hash=False)

    def local_date(self, moment: datetime) -> date:
        """The day that it is in the partnership at `moment`."""
        return in_utc(moment).astimezone(self.zone).date()

    def local_time(self, moment: datetime) -> time:
        """What the clock on the partnership's wall shows at `moment`."""
        return in_utc(moment).astimezone(self.zone).time().replace(fold=0)

    def at(self, day: date, wall: time) -> datetime:
        """The moment, in UTC, when the wall clock shows `wall` on `day`.

        A time that the clock skips in spring is put later by what is skipped; of a time that comes twice in autumn it
        is the first, so that nobody is given an hour more than the written limit.
        """
        return datetime.combine(day, wall.replace(fold=0), tzinfo=self.zone).astimezone(UTC)

    def is_working_day(self, day: date) -> bool:
        """Neither weekend nor bank holiday nor one of the partnership's own closures."""
        self._check(day)
        return day.weekday() < SATURDAY and day not in self.bank_holidays and day not in self.closures

    def is_school_day(self, day: date) -> bool:
        """A weekday in term on which pupils come: no bank holiday, no non-teaching day."""
        self._check(day)
        kept = day.weekday() < SATURDAY and day not in self.bank_holidays and day not in self.non_teaching
        return kept and any(term.first <= day <= term.last for term in self.terms)

    def next_working_day(self, after: date) -> date:
        """The first working day later than `after`."""
        return self.add_working_days(after, 1)

    def next_school_day(self, after: date) -> date:
        """The first school day later than `after`."""
        return self.add_school_days(after, 1)

    def add_working_days(self, day: date, days: int) -> date:
        """The working day that is `days` after `day`, which itself does not count; before it when negative.

        From a Saturday, one working day is Monday. Nought is `day` itself, working or not.
        """
        return _walk(day, days, self.is_working_day)

    def add_school_days(self, day: date, days: int) -> date:
        """As `add_working_days`, in school days."""
        return _walk(day, days, self.is_school_day)

    def working_days_between(self, first: date, last: date) -> int:
        """How many working days come after `first`, up to and with `last`; nought when `last` is not later."""
        span = range(1, (last - first).days + 1)
        return sum(self.is_working_day(first + timedelta(days=number)) for number in span)

    def add_working_hours(self, moment: datetime, amount: timedelta, hours: str = OFFICE) -> datetime:
        """The moment when the named hours have been open for `amount` since `moment`, in hours that really passed.

        Nought is `moment` itself. Raises `CalendarError` for a negative amount.
        """
        if amount < timedelta(0):
            raise CalendarError("working hours are only counted forward")
        left, start = amount, in_utc(moment)
        if not left:
            return start
        openings = self._openings(hours, start)
        opens, closes = next(openings)
        while closes - opens < left:
            left -= closes - opens
            opens, closes = next(openings)
        return opens + left

    def next_opening(self, hours: str, moment: datetime) -> datetime:
        """`moment` itself while the named hours are open, otherwise the moment when they next open."""
        opens, _ = next(self._openings(hours, in_utc(moment)))
        return opens

    def is_open(self, hours: str, moment: datetime) -> bool:
        """Whether the named hours are open: from the moment of opening, until just before that of closing."""
        return self.next_opening(hours, moment) == in_utc(moment)

    def start_of_office_day(self, day: date) -> datetime:
        """When offices open on a local day, working day or not."""
        return self.at(day, self.office.opens)

    def end_of_office_day(self, day: date) -> datetime:
        """When the office closes on `day`, were it a working day."""
        return self._closing(day, self.office)

    def spells(self, hours: str) -> tuple[Spell, ...]:
        """The spells of the named hours. Raises `CalendarError` for a name that the calendar does not have."""
        named = {**self.other_hours, OFFICE: (self.office,), SCHOOL: (self.school,), ALWAYS: ROUND_THE_CLOCK}
        if hours not in named:
            raise CalendarError(f"no opening hours are called “{hours}”; there are {', '.join(sorted(named))}")
        return named[hours]

    def _check(self, day: date) -> None:
        if not self.covers_from <= day < self.covers_until:
            raise CalendarError(f"{day} lies outside the calendar, which runs {self.covers_from} to {self.covers_until}")

    def _applies(self, days: Days, day: date) -> bool:
        return {
            Days.EVERY: lambda _: True,
            Days.WORKING: self.is_working_day,
            Days.NOT_WORKING: lambda at: not self.is_working_day(at),
            Days.SCHOOL: self.is_school_day,
        }[days](day)

    def _closing(self, day: date, spell: Spell) -> datetime:
        return self.at(day + ONE_DAY, time.min) if spell.closes is None else self.at(day, spell.closes)

    def _open_on(self, spells: tuple[Spell, ...], day: date) -> Iterator[tuple[datetime, datetime]]:
        """The day's open stretches in order, none overlapping; one that the spring change swallows is left out."""
        self._check(day)
        stretches = [(self.at(day, s.opens), self._closing(day, s)) for s in spells if self._applies(s.days, day)]
        reached = EARLIEST
        for opens, closes in sorted(stretches):
            begins = max(opens, reached)
            if begins < closes:
                yield begins, closes
                reached = closes

    def _openings(self, hours: str, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Open stretches from `start`, the first cut to begin there; without end, until the calendar's raises."""
        spells, day = self.spells(hours), self.local_date(start)
        while True:
            for opens, closes in self._open_on(spells, day):
                if closes > start:
                    yield max(opens, start), closes
            day += ONE_DAY


def _walk(day: date, days: int, counts: Callable[[date], bool]) -> date:
    """Step from `day` past as many days that count as `days` says; outside the calendar `counts` raises."""
    step, left = (ONE_DAY if days > 0 else -ONE_DAY), abs(days)
    while left:
        day += step
        left -= counts(day)
    return day

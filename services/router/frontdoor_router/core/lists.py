"""Standing lists: a question that the exchange asks for a desk by itself, on its day (docs/queries.md).

A list is an event of the type `query` that the router makes: decided, answered, numbered and audited like a question that the desk has
posted, under a purpose that the pack gives. Its id follows from list, desk and moment: so it is made once, whoever makes it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Annotated, Literal

from pydantic import Field, model_validator

from frontdoor_chassis.directory import Directory
from frontdoor_chassis.directory_file import Dated, Entry, Sourced
from frontdoor_router.core.calendar import Calendar, wall_time
from frontdoor_router.core.conditions import Condition, ConditionEntry, says_all
from frontdoor_router.core.patterns import Id
from frontdoor_schemas.vocabulary import EventType, Role

Asks = Literal["child_view", "chronology", "plan_status"]
"""Questions about people of which a list may say the answer."""
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
LAST_DAY_OF_ALL_MONTHS = 28
LONGEST_PERIOD = 31
"""Days of the longest month."""
MADE_AFTER = timedelta(minutes=1)
"""How long after its moment a list is made: well over what the decision of a batch takes, so that none that began before is missed."""
CAUGHT_UP = timedelta(days=35)
"""How far back lists are made that nobody made while the router was away: a month's list is among them."""
LONGEST_OPEN = 366
"""Days: how long ago what is not closed may have begun."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Lines of a chronology: of these types, of which these conditions hold."""

    on: frozenset[EventType]
    if_: tuple[Condition, ...] = ()

    def holds(self, event_type: EventType, marks: frozenset[str]) -> bool:
        """Whether a line is one of them, by the marks that are known of it."""
        return event_type in self.on and says_all(self.if_, marks)


@dataclass(frozen=True, slots=True)
class StandingList:
    """Children of whom a line was decided within the period, or whose last line of those types says that something is still open."""

    id: str
    from_: date
    until: date | None
    source: str | None
    rows: tuple[str, ...]
    to: tuple[str, ...]
    asks: Asks
    because: str
    of: tuple[Selection, ...]
    open: Selection | None
    every: Literal["day", "week", "month"]
    on: str | int | None
    at: time

    def in_force(self, on: date) -> bool:
        """Whether it holds on a local day."""
        return self.from_ <= on and (self.until is None or on < self.until)

    @property
    def types(self) -> frozenset[EventType]:
        """Every type of which a line can put a child on it."""
        return frozenset(t for selection in (*self.of, *filter(None, [self.open])) for t in selection.on)

    def puts(self, event_type: EventType, marks: frozenset[str]) -> bool:
        """Whether a line, by what is known of it, can put a child on the list."""
        return any(s.holds(event_type, marks) for s in (*self.of, *filter(None, [self.open])))

    def falls_on(self, day: date) -> bool:
        """Whether it is made on a local day."""
        match self.every:
            case "day":
                return True
            case "week":
                return WEEKDAYS[day.weekday()] == self.on
            case "month":
                return day.day == self.on


@dataclass(frozen=True, slots=True)
class Standing:
    """One list for one desk at one moment: of what was decided since the moment before it."""

    list: StandingList
    desk: str
    since: datetime
    until: datetime


def due_between(lists: Sequence[StandingList], directory: Directory, calendar: Calendar, after: datetime, now: datetime) -> list[Standing]:
    """The lists whose moment lies after one and not after the other, each for every desk in force that has it, in order of time."""
    found = [s for one in lists for s in _of_one(one, directory, calendar, after, now)]
    return sorted(found, key=lambda s: (s.until, s.list.id, s.desk))


def next_moment(lists: Sequence[StandingList], calendar: Calendar, after: datetime) -> datetime | None:
    """When the next list is due."""
    first = calendar.local_date(after)
    days = [first + timedelta(days=n) for n in range(LONGEST_PERIOD + 2)]
    moments = (calendar.at(d, one.at) for one in lists for d in days if one.falls_on(d) and one.in_force(d))
    return min((m for m in moments if m > after), default=None)


def _of_one(one: StandingList, directory: Directory, calendar: Calendar, after: datetime, now: datetime) -> Iterator[Standing]:
    day, last = calendar.local_date(after), calendar.local_date(now)
    while day <= last:
        moment = calendar.at(day, one.at)
        if one.falls_on(day) and one.in_force(day) and after < moment <= now:
            before = next(d for n in range(1, LONGEST_PERIOD + 1) if one.falls_on(d := day - timedelta(days=n)))
            yield from (Standing(one, desk, calendar.at(before, one.at), moment) for desk in _desks(one, directory, day))
        day += timedelta(days=1)


def _desks(one: StandingList, directory: Directory, day: date) -> list[str]:
    found: dict[str, None] = {}
    for kind, _, name in (to.partition(":") for to in one.to):
        if kind == "role":
            found |= dict.fromkeys(d.id for d in directory.desks_of_role(Role(name), day))
        elif acting := directory.acting(name, day):
            found[acting.id] = None
    return list(found)


# ---------------------------------------------------------------- lists.toml


class SelectionEntry(Entry):
    """`{on = ["missing-episode"], if = [{field = "stage", equals = "reported"}]}`."""

    on: tuple[EventType, ...] = Field(min_length=1)
    if_: tuple[ConditionEntry, ...] = Field((), alias="if")

    def selection(self) -> Selection:
        """The selection that it writes."""
        return Selection(frozenset(self.on), tuple(c.condition() for c in self.if_))


class ListEntry(Dated, Sourced):
    """`[[list]]`."""

    id: Id
    rows: tuple[Annotated[str, Field(pattern=r"^[A-P][0-9]{1,2}$")], ...] = ()
    to: tuple[Annotated[str, Field(pattern=r"^(role:[a-z_]+|desk:[a-z0-9-]+\.[a-z0-9-]+)$")], ...] = Field(min_length=1)
    asks: Asks
    because: Id
    of: tuple[SelectionEntry, ...] = ()
    open: SelectionEntry | None = None
    every: Literal["day", "week", "month"]
    on: Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] | int | None = None
    at: str

    @model_validator(mode="after")
    def _of_something(self) -> "ListEntry":
        if not self.of and self.open is None:
            raise ValueError("say what puts a child on it: of, open, or both")
        for role in (to.removeprefix("role:") for to in self.to if to.startswith("role:")):
            if role not in set(Role):
                raise ValueError(f"there is no role {role}")
        return self

    @model_validator(mode="after")
    def _on_a_day(self) -> "ListEntry":
        wall_time(self.at)
        fits = {"day": self.on is None, "week": self.on in WEEKDAYS, "month": isinstance(self.on, int)}
        if not fits[self.every]:
            raise ValueError("on is a weekday for a week, a day of the month for a month, and nothing for a day")
        if isinstance(self.on, int) and not 1 <= self.on <= LAST_DAY_OF_ALL_MONTHS:
            raise ValueError(f"on is from 1 to {LAST_DAY_OF_ALL_MONTHS}: not every month has the other days")
        return self

    def list(self) -> StandingList:
        """The list that it writes."""
        return StandingList(
            id=self.id,
            from_=self.from_,
            until=self.until,
            source=self.source,
            rows=self.rows,
            to=self.to,
            asks=self.asks,
            because=self.because,
            of=tuple(s.selection() for s in self.of),
            open=self.open.selection() if self.open else None,
            every=self.every,
            on=self.on,
            at=wall_time(self.at),
        )


class ListsFile(Entry):
    """The whole of `lists.toml`."""

    list: tuple[ListEntry, ...] = ()

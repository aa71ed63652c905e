"""What a measure is, once it was read from `measures.toml`: whom it counts, which of them it counts as reached, and how long it took."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from frontdoor_router.core.conditions import Condition, OneOf, Path, Present
from frontdoor_schemas.vocabulary import EventType, Level, Role


class Each(StrEnum):
    """What one of a measure is."""

    event = "event"
    telling = "telling"
    obligation = "obligation"
    seat = "seat"
    item = "item"
    plan = "plan"


class Which(StrEnum):
    """A moment that the exchange itself knows of every event."""

    occurred = "occurred"
    received = "received"
    as_at = "as-at"


@dataclass(frozen=True, slots=True)
class OfEvent:
    """When the event happened, when the exchange first received it, or the moment as at which the table is drawn up."""

    which: Which


@dataclass(frozen=True, slots=True)
class OfField:
    """What the event states: a time, or the beginning of a day."""

    path: Path


@dataclass(frozen=True, slots=True)
class OfReply:
    """The first event that answers it: when it came, or what it states at `path`, but never later than it came."""

    type: EventType
    path: Path | None = None
    if_: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Reached:
    """When it, or its first reply, was in the hands of one of these: `source` (the agency that published it), `role:<role>`."""

    who: tuple[str, ...]
    level: Level = Level.received
    reply: OfReply | None = None


@dataclass(frozen=True, slots=True)
class OfTelling:
    """When the desk that was told had it so far."""

    level: Level


@dataclass(frozen=True, slots=True)
class OfObligation:
    """When what is owed was done."""


MomentOf = OfEvent | OfField | OfReply | Reached | OfTelling | OfObligation
"""Every way in which a definition names a moment."""


@dataclass(frozen=True, slots=True)
class Says:
    """The event, or the item of it, says so."""

    condition: Condition


@dataclass(frozen=True, slots=True)
class Known:
    """There is such a moment up to the as-at date, or (`not there`) there is none."""

    moment: MomentOf
    there: bool = True


@dataclass(frozen=True, slots=True)
class Within:
    """The measured time is no longer than a deadline of the calendar gives. One whose clock still runs is not counted at all."""

    deadline: str


@dataclass(frozen=True, slots=True)
class Complete:
    """Nothing that the pack expects was missing (or something was), of all or of one field: on arrival, or after corrections."""

    on_arrival: bool
    field: str | None = None
    so: bool = True


@dataclass(frozen=True, slots=True)
class InTime:
    """The obligation was met by its due time. One that is not yet due and not met is not counted at all."""


@dataclass(frozen=True, slots=True)
class EarlierEvent:
    """One of its people was in an earlier event of a type, so many days back at most."""

    type: EventType
    days: int


class PlanIs(StrEnum):
    """How a plan stands, at the end of the month or within it."""

    running = "running"
    started = "started"
    ended = "ended"
    started_again = "started-again"
    overdue = "overdue"


@dataclass(frozen=True, slots=True)
class OfPlan:
    """The plan stands so."""

    state: PlanIs


@dataclass(frozen=True, slots=True)
class OfConcern:
    """It is of a priority of the partnership."""

    concern: str


@dataclass(frozen=True, slots=True)
class Named:
    """A test that conditions cannot say; see `named`."""

    name: str


Check = Says | Known | Within | Complete | InTime | EarlierEvent | OfPlan | OfConcern | Named
"""Every test that a definition may ask of what it counts."""


@dataclass(frozen=True, slots=True)
class Span:
    """From one moment to another: what is timed."""

    from_: MomentOf
    to: MomentOf


class By(StrEnum):
    """What figures may be broken down by, besides a field of the event."""

    agency = "agency"
    desk = "desk"
    role = "role"
    out_of_hours = "out-of-hours"


@dataclass(frozen=True, slots=True)
class ByField:
    """A field of closed vocabulary."""

    path: Path

    def __str__(self) -> str:
        return "field:" + ".".join(self.path)


@dataclass(frozen=True, slots=True)
class Baseline:
    """The share that a document gives, in per cent, and which document."""

    percent: Decimal
    source: str


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure. Without `counts` it is a number alone; `of_total` makes each group's share one of the whole."""

    id: str
    title: str
    unit: str
    rows: tuple[str, ...]
    source: str | None
    from_: date
    until: date | None
    each: Each
    on: frozenset[EventType]
    item: Path
    duties: frozenset[str]
    answered_by: EventType | None
    source_roles: frozenset[Role]
    if_: tuple[Check, ...]
    counts: tuple[Check, ...]
    time: Span | None
    by: tuple[By | ByField, ...]
    months: int = 1
    of_total: bool = False
    baseline: Baseline | None = None

    def in_force(self, on: date) -> bool:
        """Whether it is measured on a local day."""
        return self.from_ <= on and (self.until is None or on < self.until)

    def moments(self) -> Iterator[MomentOf]:
        """Every moment that it looks at."""
        if self.time is not None:
            yield self.time.from_
            yield self.time.to
        yield from (c.moment for c in (*self.if_, *self.counts) if isinstance(c, Known))


@dataclass(frozen=True, slots=True)
class Concern:
    """A priority of the partnership, by which every measure can be filtered (M2): an event is of it when any condition holds.

    An event that is of no priority itself (minutes, an answer) is of those of its children, for so many days back.
    """

    id: str
    title: str
    from_: date
    until: date | None
    any_: tuple[Condition, ...]
    carried_days: int

    @property
    def marks(self) -> frozenset[str]:
        """The marks of a chronology that say the same as its conditions."""
        values = {f"{'.'.join(c.path)}={value}" for c in self.any_ if isinstance(c, OneOf) for value in c.values}
        return frozenset(values | {".".join(c.path) for c in self.any_ if isinstance(c, Present)})

    def in_force(self, on: date) -> bool:
        """Whether it is a priority on a local day."""
        return self.from_ <= on and (self.until is None or on < self.until)


@dataclass(frozen=True, slots=True)
class DataSet:
    """All definitions of a pack. `edition` is a hash of what they were read from: figures of two editions may differ."""

    measures: tuple[Measure, ...]
    concerns: tuple[Concern, ...]
    smallest: int
    """The smallest number that a published table prints, besides nought."""
    edition: str

    def measures_on(self, day: date) -> tuple[Measure, ...]:
        """Measures in force on a local day, in the order of the file."""
        return tuple(m for m in self.measures if m.in_force(day))

    def concerns_on(self, day: date) -> tuple[Concern, ...]:
        """Priorities in force on a local day."""
        return tuple(c for c in self.concerns if c.in_force(day))


NO_DATA_SET = DataSet((), (), 1, "")
"""Of a pack that defines none."""

"""What is known of one event when it is counted. Built for a moment and then dropped: a tally keeps numbers and opaque ids."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from frontdoor_schemas.vocabulary import EventType, Level

ChildKey = UUID | tuple[UUID, str]
"""A child that the exchange can tell from all others; or, while nobody knows who is meant, one mention in one event."""

AMENDING = frozenset({EventType.correction, EventType.withdrawal})


@dataclass(frozen=True, slots=True)
class Line:
    """One event as the ledger keeps it, without what it says."""

    id: UUID
    thread: UUID
    type: EventType
    counts_as: EventType
    source: str
    cause: UUID | None
    received_at: datetime
    withdrawn_at: datetime | None
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """One desk that was told, and how far it got."""

    desk: str
    received: datetime | None
    opened: datetime | None
    acted: datetime | None
    by_telephone: datetime | None

    def had(self, level: Level) -> datetime | None:
        """When it was there so far: a higher level, or a telephone call that was recorded, is enough."""
        levels = {Level.received: (self.received, self.opened, self.acted), Level.opened: (self.opened, self.acted)}
        reached = levels.get(level, (self.acted,))
        return min((at for at in (*reached, self.by_telephone) if at is not None), default=None)


@dataclass(frozen=True, slots=True)
class Owed:
    """What one desk owed for the event, about one person where it was one. `replies`: types of which one would meet it."""

    duty: str
    desk: str
    person: UUID | None
    due: datetime
    met: datetime | None
    replies: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Reply:
    """An event that answers this one, as it now stands; `received_at` is when its first version came."""

    type: EventType
    received_at: datetime
    message: Mapping[str, Any] = field(repr=False)
    told: tuple[Told, ...] = ()


@dataclass(frozen=True, slots=True)
class Past:
    """A line of the chronology of one of its children, from before it: of which event, and what closed words it said."""

    type: EventType
    received_at: datetime
    marks: frozenset[str]


@dataclass(frozen=True, slots=True)
class EventFact:
    """One event as it now stands. Its clock started with its first version, whatever was corrected since."""

    id: UUID
    type: EventType
    source: str
    received_at: datetime
    message: Mapping[str, Any] = field(repr=False)
    missing_on_arrival: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    people: Mapping[str, UUID | None] = field(default_factory=dict)
    """By ref, who each mention turned out to be; None: nobody knows yet."""
    told: tuple[Told, ...] = ()
    owed: tuple[Owed, ...] = ()
    replies: tuple[Reply, ...] = ()
    past: tuple[Past, ...] = ()
    concerns: frozenset[str] = frozenset()

    @property
    def occurred_at(self) -> datetime:
        """When it happened, as its author says."""
        return datetime.fromisoformat(self.message["occurred_at"])

    def child(self, ref: str) -> ChildKey:
        """Under which id a mention is counted."""
        return self.people.get(ref) or (self.id, ref)

    @property
    def children(self) -> frozenset[ChildKey]:
        """The children that it names."""
        return frozenset(self.child(c["ref"]) for c in self.message.get("children", ()))

    def answers(self, kind: EventType) -> Iterable[Reply]:
        """Replies of a type, in the order in which they came."""
        return (r for r in self.replies if r.type is kind)


def versions(first: Line, mates: Iterable[Line]) -> list[Line]:
    """An event and everything that has corrected it since, one after another."""
    found = [first]
    known = {first.id}
    corrections = [m for m in mates if m.type is EventType.correction]
    for version in found:
        later = [c for c in corrections if c.cause == version.id and c.id not in known]
        known |= {c.id for c in later}
        found += later
    return found


def standing(of: Iterable[Line]) -> Line | None:
    """The version that stands: the last one that nobody has withdrawn; None when all is taken back."""
    return max((v for v in of if v.withdrawn_at is None), key=lambda v: (v.received_at, v.id), default=None)


def begins(line: Line) -> bool:
    """Whether it is an event of its own, and no word about another."""
    return line.type not in AMENDING


def answering(of: Iterable[Line], mates: Iterable[Line]) -> list[Line]:
    """Events of their own that answer one of these versions, in the order in which they came."""
    ids = {v.id for v in of}
    return sorted((m for m in mates if begins(m) and m.cause in ids), key=lambda m: (m.received_at, m.id))

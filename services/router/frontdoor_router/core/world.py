"""What the router knows when it decides: people, ties between desks and people, what was told before."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from uuid import UUID

from frontdoor_router.core.identify import Key, PersonKind
from frontdoor_schemas.vocabulary import Answer, EventType, Level, Relation


@dataclass(frozen=True, slots=True)
class Person:
    """A person whom the exchange can tell from all others. `protected` is sticky."""

    id: UUID
    kind: PersonKind
    protected: Answer = Answer.unknown
    born: date | None = None


@dataclass(frozen=True, slots=True)
class Tie:
    """A desk's relation to a person, with who asserted and who confirmed it. Only confirmed ties give anything."""

    person: UUID
    desk: str
    relation: Relation
    since: datetime
    asserted_by: str
    confirmed_by: str | None
    event: UUID
    until: datetime | None = None

    def holds(self, at: datetime) -> bool:
        """Whether it was in force at a moment."""
        return self.since <= at and (self.until is None or at < self.until)


@dataclass(frozen=True, slots=True)
class Told:
    """One disclosure as it stands: how far it got with its desk."""

    id: UUID
    desk: str
    kind: str
    level: Level | None
    withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class Earlier:
    """An event that was decided before."""

    id: UUID
    thread: UUID
    type: EventType
    source: str
    occurred_at: datetime
    told: tuple[Told, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a person's chronology. `open` says whether it is still running (a referral not refused)."""

    person: UUID
    event: UUID
    type: EventType
    source: str
    occurred_at: datetime
    open: bool = False
    domestic_abuse: bool = False
    grade: str | None = None


@dataclass(frozen=True, slots=True)
class Owed:
    """An open obligation, as far as a reply can close it."""

    id: UUID
    event: UUID
    desk: str
    satisfied_by: frozenset[str]


@dataclass(slots=True)
class World:
    """All of it, for one batch of decisions. Decisions of the batch are applied to it one after the other."""

    found: dict[Key, frozenset[UUID]] = field(default_factory=dict)
    people: dict[UUID, Person] = field(default_factory=dict)
    ties: dict[UUID, list[Tie]] = field(default_factory=dict)
    entries: dict[UUID, list[Entry]] = field(default_factory=dict)
    listed: dict[UUID, set[str]] = field(default_factory=dict)
    events: dict[UUID, Earlier] = field(default_factory=dict)
    owed: dict[UUID, list[Owed]] = field(default_factory=dict)

    def thread(self, thread: UUID) -> list[Earlier]:
        """Earlier events of a thread."""
        return [e for e in self.events.values() if e.thread == thread]

    def remember(self, person: Person, keys: Iterable[Key]) -> None:
        """Add a person, or further keys of one."""
        self.people[person.id] = person
        for key in keys:
            self.found[key] = self.found.get(key, frozenset()) | {person.id}

    def tied(self, person: UUID, relation: Relation, at: datetime) -> list[Tie]:
        """Confirmed ties of one relation in force at a moment."""
        return [t for t in self.ties.get(person, ()) if t.relation is relation and t.confirmed_by and t.holds(at)]

    def end_ties(self, ended: Iterable[Tie], at: datetime) -> None:
        """End ties from a moment on."""
        gone = set(ended)
        for person in {t.person for t in gone}:
            self.ties[person] = [replace(t, until=at) if t in gone else t for t in self.ties[person]]

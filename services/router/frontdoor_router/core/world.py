"""What the router knows when it decides: people, ties between desks and people, what was told before."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from frontdoor_router.core.identify import Register
from frontdoor_router.core.recollection import Recollection
from frontdoor_schemas.vocabulary import EventType, Level, Relation


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
    plan: str | None = None
    """Of a plan group: of which plan. A child may have one that begins before the other has ended."""
    worker: str | None = None
    contact: str | None = None
    """Who of the desk it is and how to reach her or him, where the one who stated the relation said so."""
    ended_by: UUID | None = None
    """The event by which it ends: its own, where that one was taken back."""
    withheld_from: frozenset[str] = frozenset()
    """Agencies and desks from which the author withheld the event that states it."""

    @property
    def is_end(self) -> bool:
        """Whether it only keeps that such a relation ended then: so that what is heard of later, and began before, ends then as well."""
        return self.until == self.since and self.ended_by is None

    @property
    def is_taken_back(self) -> bool:
        """Whether the event that stated it was withdrawn or corrected."""
        return self.ended_by == self.event

    def ends(self, other: "Tie", among: Iterable["Tie"]) -> bool:
        """Whether it is an end of another tie's relation. The end of a plan is that of its whole group, a desk's that of all its ties.

        Who is in the group of no plan in particular stays while another plan has one, `among` all ties of the person.
        """
        if not self.is_end or (self.person, self.relation) != (other.person, other.relation):
            return False
        if self.plan is None:
            return self.desk == other.desk
        return other.plan == self.plan or (other.plan is None and not runs_beside(self.plan, self.since, among))

    def says_all_of(self, other: "Tie") -> bool:
        """Whether another tie adds nothing but a worker: a confirmation adds to an assertion, and nothing to a confirmation."""
        same = (self.desk, self.relation, self.plan) == (other.desk, other.relation, other.plan)
        return same and (self.confirmed_by is not None or (other.confirmed_by is None and self.asserted_by == other.asserted_by))

    def holds(self, at: datetime) -> bool:
        """Whether it was in force at a moment."""
        return self.since <= at and (self.until is None or at < self.until)


def runs_beside(plan: str, at: datetime, ties: Iterable[Tie]) -> bool:
    """Whether another plan than this one had a confirmed group at a moment."""
    return any(t.plan not in {None, plan} and t.confirmed_by is not None and not t.is_taken_back and t.holds(at) for t in ties)


@dataclass(frozen=True, slots=True)
class Told:
    """One disclosure as it stands: how far it got with its desk, whom it was about, and which marks of a chronology it gave."""

    id: UUID
    desk: str
    kind: str
    level: Level | None = None
    withdrawn: bool = False
    by_telephone: bool = False
    about: frozenset[UUID] = frozenset()
    said: frozenset[str] = frozenset()

    @property
    def has_it(self) -> bool:
        """Whether a system or a person of the desk has the content."""
        return self.level is not None or self.by_telephone


@dataclass(frozen=True, slots=True)
class Earlier:
    """An event that was decided before. Of a correction, `type` is that of the event that it puts in place."""

    id: UUID
    thread: UUID
    type: EventType
    source: str
    occurred_at: datetime
    received_at: datetime
    told: tuple[Told, ...] = ()
    cause: UUID | None = None
    corrects: bool = False
    withdrawn: bool = False
    withheld_from: frozenset[str] = frozenset()
    """Agencies and desks from which its author withheld it."""
    marks: frozenset[str] = frozenset()
    """What a chronology keeps of it, of whomever it is said."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a person's chronology. `open` says whether it is still running (a referral not refused); `marks` what is kept of it."""

    person: UUID
    event: UUID
    type: EventType
    source: str
    occurred_at: datetime
    open: bool = False
    marks: frozenset[str] = frozenset()
    withheld_from: frozenset[str] = frozenset()
    changes: tuple[tuple[UUID, bool], ...] = ()
    """Which events said since that it runs or not, one after another: so that the one before the last counts once that is taken back."""

    @property
    def ever_ran(self) -> bool:
        """Whether it is one of those that run for a while: nothing else is ever changed."""
        return self.open or bool(self.changes)

    def changed(self, by: UUID, *, runs: bool) -> "Entry":
        """What it is once an event said whether it runs."""
        return replace(self, open=runs, changes=(*self.changes, (by, runs)))

    def without(self, event: UUID, *, stands: bool) -> "Entry":
        """What it is once an event that changed it was taken back: it runs from its beginning, if its own event `stands`."""
        left = tuple(change for change in self.changes if change[0] != event)
        if left == self.changes:
            return self
        return replace(self, open=stands and (left[-1][1] if left else True), changes=left)


@dataclass(frozen=True, slots=True)
class Owed:
    """An open obligation, as far as a reply can close it. `asked`: the desk itself was told, and answers itself.

    `of_child`: the person about whom it is owed is a child.
    """

    id: UUID
    event: UUID
    desk: str
    satisfied_by: tuple[str, ...]
    person: UUID | None = None
    asked: bool = False
    of_child: bool = False


@dataclass(slots=True)
class World:
    """All of it, for one batch of decisions. Decisions of the batch are applied to it one after the other."""

    register: Register = field(default_factory=Register)
    ties: dict[UUID, list[Tie]] = field(default_factory=dict)
    entries: dict[UUID, list[Entry]] = field(default_factory=dict)
    listed: dict[UUID, dict[str, set[UUID]]] = field(default_factory=dict)
    events: dict[UUID, Earlier] = field(default_factory=dict)
    owed: dict[UUID, list[Owed]] = field(default_factory=dict)
    recollection: Recollection = field(default_factory=Recollection)
    """What questions need besides; of all other events nothing is in it."""

    def thread(self, thread: UUID) -> list[Earlier]:
        """Earlier events of a thread."""
        return [e for e in self.events.values() if e.thread == thread]

    def stands(self, event: UUID) -> bool:
        """Whether an event is known that nobody has taken back."""
        found = self.events.get(event)
        return found is not None and not found.withdrawn

    def versions(self, event: UUID) -> list[Earlier]:
        """All versions of an event, one after another: what it corrects itself, up to the first, and what has corrected that one since."""
        first = self._first_version(event)
        found = [first] if first else []
        for version in found:
            found += [e for e in self.events.values() if e.corrects and e.cause == version.id and e not in found]
        return found

    def _first_version(self, event: UUID) -> Earlier | None:
        found = self.events.get(event)
        while found and found.corrects and found.cause in self.events:
            found = self.events[found.cause]
        return found

    def asked_first(self, event: UUID) -> UUID:
        """The referral that an event answers, through a challenge or another answer that lies between, and behind corrections of it."""
        found = self.events.get(event)
        while found and found.cause and (found.type is not EventType.referral or found.corrects):
            event, found = found.cause, self.events.get(found.cause)
        return event

    def end_ties(self, ended: Iterable[Tie], at: datetime, by: UUID) -> None:
        """Have an event end ties from a moment on."""
        gone = set(ended)
        for person in {t.person for t in gone}:
            self.ties[person] = [replace(t, until=at, ended_by=by) if t in gone else t for t in self.ties[person]]

    def list_desk(self, person: UUID, desk: str, event: UUID) -> None:
        """A desk is listed by name for somebody's locating facts."""
        self.listed.setdefault(person, {}).setdefault(desk, set()).add(event)

    def take_back(self, event: UUID, at: datetime) -> None:
        """An event was withdrawn or corrected: what it said no longer counts, and what it ended goes on."""
        for person, ties in self.ties.items():
            left = [replace(t, until=min(t.until or at, at), ended_by=event) if t.event == event else t for t in ties]
            for of_no_plan in (False, True):  # whether these have ended is found out by the groups of plans that go on
                left = [_going_on(t, left) if t.ended_by == event != t.event and (t.plan is None) is of_no_plan else t for t in left]
            self.ties[person] = left
        for person, entries in self.entries.items():
            self.entries[person] = [
                replace(e, open=False) if e.event == event else e.without(event, stands=self.stands(e.event)) for e in entries
            ]
        for person, desks in self.listed.items():
            self.listed[person] = {desk: events - {event} for desk, events in desks.items() if events - {event}}
        earlier = self.events[event]
        self.events[event] = replace(earlier, withdrawn=True, told=tuple(replace(t, withdrawn=True) for t in earlier.told))
        self.owed.pop(event, None)


def _going_on(tie: Tie, ties: Sequence[Tie]) -> Tie:
    """A tie whose end was taken back: it runs on, or up to the next end that is known."""
    ends = [t for t in ties if t.ends(tie, ties) and tie.until is not None and t.since >= tie.until]
    end = min(ends, key=lambda t: t.since, default=None)
    return replace(tie, until=end.since if end else None, ended_by=end.event if end else None)

"""One event under decision: its message, the people it names, and what the author said about sharing it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from frontdoor_router.core.chronicle import NO_MARKS, Marked, marked
from frontdoor_router.core.identify import Known, Mention, New, Person, Unsure
from frontdoor_router.core.world import Earlier, Entry, Tie, World
from frontdoor_schemas.envelope import Envelope, Section
from frontdoor_schemas.vocabulary import Answer, EventType, Relation, Role


@dataclass(frozen=True, slots=True)
class Source:
    """The desk that published, as the directory knows it."""

    desk: str
    agency: str
    role: Role


@dataclass(frozen=True, slots=True)
class Subject:
    """One mention, resolved. `person` is None while it is uncertain who is meant."""

    mention: Mention
    identity: Known | New | Unsure
    person: Person | None
    protected: Answer

    @property
    def ref(self) -> str:
        """Its name within the event."""
        return self.mention.ref

    @property
    def why_held(self) -> str | None:
        """Why it is uncertain who is meant; None when it is certain."""
        return self.identity.why.value if isinstance(self.identity, Unsure) else None


@dataclass(frozen=True)
class Case:
    """Everything about the event that candidates, facts and projection are worked out from."""

    envelope: Envelope
    type: EventType  # of a correction: the type of the event that it corrects
    sections: Sequence[Section]
    message: Mapping[str, Any]
    source: Source
    subjects: Mapping[str, Subject]
    cause: Earlier | None
    """The event that it names: that it replies to, corrects or withdraws."""
    now: datetime
    world: World = field(repr=False)
    was_protected: bool = False
    """Of an event that is ruled again: whether it was known before that somebody in it is protected."""

    @property
    def trigger(self) -> UUID:
        """What caused the telling: the event itself."""
        return self.envelope.id

    @cached_property
    def happened_at(self) -> datetime:
        """When it happened. A correction has a time of its own, and says again when the event happened that it puts right."""
        said = self.message.get("occurred_at") if self.envelope.type is EventType.correction else None
        return datetime.fromisoformat(said) if said else self.envelope.occurred_at

    @property
    def took_effect_at(self) -> datetime:
        """When what it ends ended: an event that is dated ahead ends things at once all the same, but for a move that is announced."""
        announced = self.message.get("effective_at") if self.type is EventType.child_moved else None
        return datetime.fromisoformat(announced) if announced else min(self.happened_at, self.now)

    @cached_property
    def children(self) -> list[Subject]:
        """The children that the event names."""
        return [s for s in self.subjects.values() if s.mention.kind == "child"]

    @cached_property
    def children_meant(self) -> list[Subject]:
        """The children whom the event is about: those whom it says so of, and where it says so of nobody, all whom it names."""
        about = self.message.get("about", ())
        return [child for child in self.children if child.ref in about] if about else self.children

    @cached_property
    def adults(self) -> list[Subject]:
        """The adults that the event names."""
        return [s for s in self.subjects.values() if s.mention.kind == "adult"]

    @cached_property
    def blocks(self) -> Mapping[str, Mapping[str, Any]]:
        """The person blocks of the message by ref."""
        return {b["ref"]: b for kind in ("children", "adults") for b in self.message.get(kind, ())}

    @cached_property
    def unsure(self) -> list[Subject]:
        """The people of whom it is not certain who they are."""
        return [s for s in self.subjects.values() if s.person is None]

    @cached_property
    def protected(self) -> bool:
        """Whether somebody in it is known to be protected, identified or not."""
        return self.was_protected or any(s.protected is Answer.yes for s in self.subjects.values())

    @cached_property
    def for_review(self) -> list[Subject]:
        """Of whom a person has to find out who is meant. A question that does not say enough is answered so, and is asked again."""
        return [s for s in self.unsure if self.type is not EventType.query or s.mention.exact]

    @cached_property
    def answers(self) -> Earlier | None:
        """The event that this one replies to; of a correction, what the event that it puts right replied to."""
        found, amends = self.cause, self.envelope.type is EventType.correction
        while found is not None and amends:
            amends = found.corrects
            found = self.world.events.get(found.cause) if found.cause else None
        return found

    @cached_property
    def answers_now(self) -> Earlier | None:
        """The event that this one replies to as it was last put right; where nothing of it stands, as it was last."""
        versions = self.world.versions(self.answers.id) if self.answers else []
        standing = [version for version in versions if not version.withdrawn]
        return next(reversed(standing or versions), None)

    def names_first(self, child: Subject) -> bool:
        """Whether the event that this one replies to did not name somebody; who is not identified may be anybody."""
        lines = self.world.entries.get(child.person.id, ()) if child.person else ()
        return self.answers_now is None or all(line.event != self.answers_now.id for line in lines)

    def cause_for(self, desk: str) -> UUID | None:
        """The event that it names, for a desk that published it or was told of it itself.

        To any other, a colleague and a successor too, the id would say that there is such an event, and since when: it may be withheld.
        """
        cause = self.cause
        knows = cause is not None and (cause.source == desk or any(told.desk == desk for told in cause.told))
        return cause.id if cause is not None and knows else None

    @cached_property
    def ties(self) -> Mapping[str, Mapping[str, frozenset[Relation]]]:
        """By person and desk, the confirmed relations in force now. A person who is not identified has none."""
        return {ref: self._by_desk(s.person) for ref, s in self.subjects.items() if s.person is not None}

    def tied(self, subject: Subject, relation: Relation) -> list[Tie]:
        """Confirmed ties of one relation to a person that are in force for this event."""
        ties = self.world.ties.get(subject.person.id, ()) if subject.person else ()
        return [t for t in ties if t.relation is relation and t.confirmed_by and self.in_force(t)]

    def in_force(self, tie: Tie) -> bool:
        """Whether a tie holds now. A plan's group hears of its end as the last thing: to the event that ends it it is still one."""
        its_last = tie.relation is Relation.plan_group and tie.ended_by == self.envelope.id and tie.since <= self.now
        return tie.holds(self.now) or (its_last and self.envelope.id not in self.world.events)

    def _by_desk(self, person: Person) -> dict[str, frozenset[Relation]]:
        found: dict[str, frozenset[Relation]] = {}
        for tie in self.world.ties.get(person.id, ()):
            if tie.confirmed_by and self.in_force(tie):
                found[tie.desk] = found.get(tie.desk, frozenset()) | {tie.relation}
        return found

    @cached_property
    def marked(self) -> tuple[Marked, ...]:
        """What sections give to a chronology, of those that give anything."""
        return marked(self.sections, self.type)

    @cached_property
    def marks(self) -> frozenset[str]:
        """All that a chronology keeps of the event, of whomever it is said."""
        return NO_MARKS.union(*(one.marks for one in self.marked))

    @cached_property
    def withheld_from(self) -> frozenset[str]:
        """Agencies and desks that the author withholds the event from."""
        return frozenset(self.message.get("sharing", {}).get("withhold_from", ()))

    @cached_property
    def withholds_ties(self) -> bool:
        """Whether any tie of anybody named was withheld from somebody: seldom, so that nothing is looked into where none was."""
        ties = (self.world.ties.get(s.person.id, ()) for s in self.subjects.values() if s.person is not None)
        return any(tie.withheld_from for found in ties for tie in found)

    @property
    def kept_back(self) -> frozenset[str]:
        """Agencies and desks from which anything that was ever said of these people was withheld: an earlier event, or a tie."""
        people = [s.person.id for s in self.subjects.values() if s.person is not None]
        said = ((*self.world.ties.get(p, ()), *self.world.entries.get(p, ())) for p in people)
        return frozenset().union(*(one.withheld_from for found in said for one in found))

    @cached_property
    def locating_for(self) -> frozenset[str]:
        """Desks that the author lists by name for locating facts."""
        return frozenset(self.message.get("sharing", {}).get("locating_for", ()))

    def age(self, subject: Subject, zone_day: date) -> int | None:
        """Age in whole years on a local day, by the birth date stated or known; None when there is none, -1 before birth."""
        birth = subject.mention.born or (subject.person.born if subject.person else None)
        if birth is None:
            return -1 if self.blocks[subject.ref].get("unborn") else None
        return zone_day.year - birth.year - ((zone_day.month, zone_day.day) < (birth.month, birth.day))


def withheld(case: Case, *desks: str) -> bool:
    """Whether the author withholds the event from any of these desks or its whole agency."""
    return any(keeps_from(case.withheld_from, desk) for desk in desks)


def keeps_from(withheld_from: Collection[str], desk: str) -> bool:
    """Whether a desk, or its whole agency, is among those from whom something is withheld."""
    return desk in withheld_from or desk.partition(".")[0] in withheld_from


def standing(case: Case, subject: Subject) -> Iterator[tuple[Entry, Earlier]]:
    """Lines of one person's chronology besides this event, of events that nobody has taken back."""
    for entry in case.world.entries.get(subject.person.id, ()) if subject.person else ():
        event = case.world.events.get(entry.event)
        if event is not None and not event.withdrawn and entry.event != case.envelope.id:
            yield entry, event


def desks_at(message: Mapping[str, Any], paths: frozenset[str]) -> frozenset[str]:
    """The desk ids that stand at the given top-level fields of a message."""
    found: set[str] = set()
    for path in paths:
        value: Any = message
        for step in path.split("."):
            value = value.get(step, ()) if isinstance(value, Mapping) else ()
        found.update([value] if isinstance(value, str) else value)
    return frozenset(found)

"""A question under decision: what is asked, about whom, and what the asking desk may know of each of them.

The desk's own word gives it nothing: what its question says of consent, lists or protection does not count, and people whom it names
together are not together for that. Each of them is answered about alone, with those others with whom somebody else has told the desk of
her or him.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from functools import cached_property
from itertools import count
from typing import cast
from uuid import UUID
from zoneinfo import ZoneInfo

from frontdoor_chassis.directory import Directory
from frontdoor_router.core.candidates import Candidate
from frontdoor_router.core.case import Case, Subject, keeps_from
from frontdoor_router.core.decision import Involved
from frontdoor_router.core.draft import Basis
from frontdoor_router.core.facting import CaseFacts, DeskFacts
from frontdoor_router.core.facts import QUERY_PURPOSES
from frontdoor_router.core.identify import Known, Mention
from frontdoor_router.core.lists import Standing
from frontdoor_router.core.past import Line, Past, Reader
from frontdoor_router.core.pointers import ADDRESS, Pointer
from frontdoor_router.core.recollection import Recollection
from frontdoor_router.core.replay import Replay
from frontdoor_router.core.sheets import Sheet
from frontdoor_router.core.showing import shown
from frontdoor_router.core.world import Earlier, Tie, World
from frontdoor_schemas.sections import KEY_LENGTH
from frontdoor_schemas.vocabulary import Answer, Role

AUTHORS_WORD = frozenset({"consent", "sharing"})
"""What an author says about sharing: a question's author says it about what it would receive itself."""
CONCERN = "concern_types.type="
MOMENT = timedelta(microseconds=1)
"""The last of a day is so long before the next."""


class Asking:
    """One question of one desk."""

    def __init__(self, basis: Basis, case: Case, pointers: Iterable[Pointer] = (), standing: Standing | None = None) -> None:
        message = {name: said for name, said in case.message.items() if name not in AUTHORS_WORD}
        self.basis = basis
        self.bare = replace(case, sections=(), message=message, subjects={})
        self.pointers = tuple(pointers)
        self.standing = standing
        self.candidate = Candidate(case.source.desk, asks=standing.list.because if standing else QUERY_PURPOSES[self.question])
        self.sheet = Sheet(basis.ids, case.envelope.id, case.source.desk)
        self._named = case.subjects
        self._replays: dict[UUID, Replay | None] = {}

    @property
    def question(self) -> str:
        """What is asked."""
        return cast("str", self.bare.message["question"])

    @property
    def desk(self) -> str:
        """Which desk asks."""
        return self.bare.source.desk

    @property
    def directory(self) -> Directory:
        """Who there is."""
        return self.basis.policy.directory

    @cached_property
    def counts_as(self) -> tuple[str, ...]:
        """The desk, and those whose work it has: what is withheld from one of them is withheld from it."""
        return (self.desk, *(d.id for d in self.directory.predecessors(self.desk, self.basis.policy.today)))

    @property
    def world(self) -> World:
        """What is known."""
        return self.bare.world

    @property
    def recollection(self) -> Recollection:
        """What was read for questions."""
        return self.world.recollection

    @property
    def zone(self) -> ZoneInfo:
        """The partnership's time zone."""
        return self.basis.policy.calendar.zone

    def may_hear_of(self, event: Earlier) -> bool:
        """Whether the author keeps an earlier event neither from the desk nor from those whose work it has, or the desk knows it anyhow."""
        if event.source == self.desk or any(t.desk == self.desk and not t.withdrawn for t in event.told):
            return True
        return not any(keeps_from(event.withheld_from, desk) for desk in self.counts_as)

    @cached_property
    def before(self) -> datetime | None:
        """The end of the day as at which it is asked; None for now, so that an event of a clock that is ahead is there as well."""
        as_at = self.bare.message.get("as_at")
        return datetime.combine(date.fromisoformat(as_at) + timedelta(days=1), time(0), tzinfo=self.zone) if as_at else None

    @property
    def concern(self) -> str | None:
        """The mark of the type of concern that alone is asked for."""
        kind = self.bare.message.get("concern")
        return CONCERN + kind if kind else None

    @cached_property
    def vague(self) -> bool:
        """Whether the question itself does not say enough of somebody to tell who is meant: no record was looked into for that."""
        return any(s.person is None and not s.mention.exact for s in self._named.values())

    @cached_property
    def people(self) -> tuple["About", ...]:
        """Whom it is answered about: those whom it names, who live at the address that it names, and for a household those with them."""
        found = [s for s in self._named.values() if s.person is not None]
        named = {s.person.id for s in found if s.person}
        self._add(found, sorted(self.at_address.keys() - named))
        if self.standing is not None:
            self._add(found, sorted(self.recollection.on_list))
        if self.question == "household":
            self._add(found, self._household(found))
        people = (About(self, subject, found) for subject in found)
        return tuple(about for about in people if self.standing is None or about.is_on(self.standing))

    @property
    def involved(self) -> list[Involved]:
        """The people whom the question does not name, as its answer calls them."""
        named = self._named.keys()
        return [Involved(a.ref, a.person, None) for a in self.people if a.ref not in named]

    def facts(self, case: Case) -> DeskFacts:
        """The facts of the asking desk about a case of the question."""
        desk = self.directory.desk(self.desk)
        return DeskFacts(CaseFacts(case), self.candidate, role=desk.role.value, no_school_lead=Role.no_school_lead in desk.roles)

    def replay(self, event: UUID) -> Replay | None:
        """An earlier event of which the content was read, unless it was taken back."""
        if event not in self._replays:
            self._replays[event] = self._replay(event)
        return self._replays[event]

    def told_together(self, one: UUID, other: UUID) -> bool:
        """Whether another agency has told the desk of both in one event."""
        return any({one, other} <= told for event in self._others_events(one) for told in self._told(event))

    def _replay(self, event: UUID) -> Replay | None:
        content, earlier = self.recollection.contents.get(event), self.world.events.get(event)
        if content is None or earlier is None or earlier.withdrawn:
            return None
        return Replay(content, self.candidate, policy=self.basis.policy, world=self.world, case=self.bare)

    def _others_events(self, person: UUID) -> Iterator[Earlier]:
        for entry in self.world.entries.get(person, ()):
            event = self.world.events.get(entry.event)
            if event is not None and not event.withdrawn and event.source.partition(".")[0] != self.bare.source.agency:
                yield event

    def _told(self, event: Earlier) -> Iterator[frozenset[UUID]]:
        return (t.about for t in event.told if t.desk == self.desk and not t.withdrawn)

    @cached_property
    def at_address(self) -> Mapping[UUID, frozenset[UUID]]:
        """Children at the address asked about, each with the events that say so and that the desk may hear of.

        Where somebody who is protected lives too, it is said of nobody.
        """
        found: dict[UUID, frozenset[UUID]] = {}
        for led in (self.recollection.people.get(p.key, {}) for p in self.pointers if p.key.kind == ADDRESS):
            people = [person for p in led if (person := self.world.register.people.get(p))]
            if all(person.protected is not Answer.yes for person in people):
                said = {p.id: frozenset(e for e in led[p.id] if self._says(e)) for p in people if p.kind == "child"}
                found |= {child: events for child, events in said.items() if events}
        return found

    def _says(self, event: UUID) -> bool:
        earlier = self.world.events.get(event)
        return earlier is not None and not earlier.withdrawn and self.may_hear_of(earlier)

    def _household(self, asked: Iterable[Subject]) -> list[UUID]:
        """Those who were named in one event with somebody asked about, where the desk may know that the event was about both."""
        known = [s.person.id for s in asked if s.person]
        found: dict[UUID, None] = {}
        for person in known:
            for entry in self.world.entries.get(person, ()):
                replay = self.replay(entry.event)
                if replay is not None:
                    found |= dict.fromkeys(self._with(person, replay))
        return sorted(p for p in found if p not in known and p in self.world.register.people)

    def _with(self, person: UUID, replay: Replay) -> Iterator[UUID]:
        event = self.world.events[replay.content.envelope.id]
        told = frozenset[UUID]().union(*self._told(event))
        others = {p for p in replay.content.people.values() if p and p != person}
        if person in told or replay.may_know(person):
            yield from (p for p in others if p in told or replay.may_know(p))

    def _add(self, found: list[Subject], people: Iterable[UUID]) -> None:
        """People whom the question does not name, each under a ref that nobody else has."""
        for person in people:
            who, taken = self.world.register.people[person], {s.ref for s in (*found, *self._named.values())}
            refs = (f"{who.kind}-{self.basis.ids('ref', self.bare.envelope.id, person, n).hex[:KEY_LENGTH]}" for n in count())
            ref = next(ref for ref in refs if ref not in taken)
            found.append(Subject(Mention(ref, who.kind, (), (), None, None, who.born), Known(person, ()), who, who.protected))


class About:
    """One person of a question: as the desk may know her or him."""

    def __init__(self, asking: Asking, subject: Subject, everybody: Iterable[Subject]) -> None:
        assert subject.person is not None  # noqa: S101 - nobody else is answered about
        self.asking = asking
        self.person = subject.person.id
        self.ref = subject.ref
        self.kind = subject.mention.kind
        self.protected = subject.person.protected is Answer.yes
        self._case = replace(asking.bare, subjects={s.ref: _by_itself(s) for s in everybody if s is subject or self._together(s)})

    def _together(self, other: Subject) -> bool:
        return other.person is not None and self.asking.told_together(self.person, other.person.id)

    @cached_property
    def facts(self) -> DeskFacts:
        """The facts under which what is said of this person is asked for."""
        return self.asking.facts(self._case)

    @cached_property
    def known(self) -> tuple[Line, ...]:
        """All earlier events that the desk may know of, up to the day asked for."""
        asking = self.asking
        role = asking.directory.desk(asking.desk).role.value
        reader = Reader(role, asking.candidate.histories, self.facts, asking.basis.policy.rules, kept_from=asking.counts_as)
        past = Past(self._case, asking.candidate, reader=reader, directory=asking.directory)
        return tuple(line for line in past.of(self.ref) if asking.before is None or line.entry.occurred_at < asking.before)

    def is_on(self, standing: Standing) -> bool:
        """Whether the person is on a list, by what the desk may know: of a child whom it may not know of it is told nothing."""
        because = self.asking.recollection.on_list[self.person]
        return any(x.entry.event in because and standing.list.puts(x.entry.type, x.marks) for x in self.known)

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """Those of them about the type of concern asked for; all where none is."""
        return tuple(line for line in self.known if self.asking.concern is None or self.asking.concern in line.marks)

    @cached_property
    def replays(self) -> tuple[tuple[Line, Replay], ...]:
        """Those of them of which the content was read."""
        found = ((line, self.asking.replay(line.entry.event)) for line in self.lines)
        return tuple((line, replay) for line, replay in found if replay is not None)

    @property
    def lives_there_by(self) -> frozenset[UUID]:
        """The events by which the person was found at the address asked about."""
        return self.asking.at_address.get(self.person, frozenset())

    @property
    def ties(self) -> list[Tie]:
        """Who works with this person on the day asked for, as the desk may be shown: confirmed, or by the service's own word."""
        now, before = self.asking.bare.now, self.asking.before
        at = min(now, before - MOMENT) if before else now
        found: list[Tie] = []
        policy, everybody = self.asking.basis.policy, self.asking.world.ties.get(self.person, ())
        for tie in shown(everybody, self.asking.counts_as, policy.directory, policy.today):
            stands = tie.holds(at) and not tie.is_taken_back and (tie.confirmed_by or _of_itself(tie))
            if stands and not any(earlier.says_all_of(tie) for earlier in found):
                found.append(tie)
        return found


def _of_itself(tie: Tie) -> bool:
    return tie.asserted_by.partition(".")[0] == tie.desk.partition(".")[0]


def _by_itself(subject: Subject) -> Subject:
    """As the exchange knows the person, whatever the question says of protection."""
    return replace(subject, protected=subject.person.protected if subject.person else Answer.unknown)

"""What an event changes in what the router knows: people, ties, chronology, lists. Worked out before anybody is told."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from frontdoor_chassis.directory import Directory
from frontdoor_router.core.case import Case, Subject
from frontdoor_router.core.chronicle import is_line, marks_about
from frontdoor_router.core.decision import IdMaker
from frontdoor_router.core.identify import Identity, Key, Known, Mention, New, Person, Register, Unsure, WhyHeld, identify
from frontdoor_router.core.tying import about, ties_of
from frontdoor_router.core.world import Entry, Tie
from frontdoor_schemas.vocabulary import Answer, EventType

DONE = {
    EventType.referral_outcome: ("accepted", frozenset({"no"})),
    EventType.referral_progress: ("status", frozenset({"completed", "closed"})),
}
"""By which field and words an answer to a referral says that it no longer runs."""
RUNS_ON = ("accepted", "yes")
"""By which field and word an outcome says that it does, perhaps after another said that it did not."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """The people of an event: resolved subjects, and what is new about them."""

    subjects: Mapping[str, Subject]
    people: tuple[tuple[Person, tuple[Key, ...]], ...]


def resolve(
    event: UUID,
    message: Mapping[str, Any],
    found: Sequence[Mention],
    register: Register,
    ids: IdMaker,
    *,
    by_lead: bool,
    learns: bool = True,
) -> Resolved:
    """Say who each mention is, and add to the register who was not known before.

    Without `learns` nothing is added: a slip in a question must not stand in the way of those who are right later.
    """
    subjects: dict[str, Subject] = {}
    people: list[tuple[Person, tuple[Key, ...]]] = []
    blocks = {b["ref"]: b for kind in ("children", "adults") for b in message.get(kind, ())}
    for mention, identity in identities(found, register):
        stated = stated_protection(blocks[mention.ref])
        person, keys = _person(identity, mention, register, event, ids)
        if person is not None and learns:
            changed = replace(person, protected=_kept(person.protected, stated, by_lead=by_lead), born=person.born or mention.born)
            if keys or changed != register.people.get(person.id):
                register.remember(changed, keys)
                people.append((changed, keys))
            person = changed
        subjects[mention.ref] = Subject(mention, identity, person, protection(person, stated))
    return Resolved(subjects, tuple(people))


def protection(person: Person | None, stated: Answer) -> Answer:
    """Whether somebody is protected, as far as one event is concerned: once known, its author's word changes nothing."""
    known = person.protected if person else Answer.unknown
    return known if stated is Answer.unknown or known is Answer.yes else stated


def identities(found: Sequence[Mention], register: Register) -> list[tuple[Mention, Identity]]:
    """Who each mention of one event is. Nobody is in an event twice: what would make it so is held."""
    uses = Counter(k for m in found for k in (*m.exact, *m.number, m.local) if k)
    apart = [replace(m, local=None) if m.local and uses[m.local] > 1 else m for m in found]
    said = [(m, identify(m, register)) for m in apart]
    times = Counter(i.person for _, i in said if isinstance(i, Known))
    return [(m, Unsure(WhyHeld.identifiers_disagree) if _twice(m, i, uses, times) else i) for m, i in said]


def _twice(mention: Mention, identity: Identity, uses: Mapping[Key, int], times: Mapping[UUID, int]) -> bool:
    match identity:
        case Known(person):
            return times[person] > 1
        case New():
            return any(uses[k] > 1 for k in (*mention.exact, *mention.number))
        case Unsure():
            return False


def _person(identity: Identity, mention: Mention, register: Register, event: UUID, ids: IdMaker) -> tuple[Person | None, tuple[Key, ...]]:
    match identity:
        case Known(person, keys):
            return register.people[person], keys
        case New(keys):
            return Person(ids("person", event, mention.ref), mention.kind), keys
        case Unsure():
            return None, ()


def stated_protection(block: Mapping[str, Any]) -> Answer:
    """What the author says about protection. Who gives an address as protected says that the person is."""
    return Answer.yes if "protected_address" in block else Answer(block.get("protected", Answer.unknown))


def _kept(known: Answer, stated: Answer, *, by_lead: bool) -> Answer:
    """Anybody may say that a person is protected, and it stays so; that a person is not is kept from the lead agency alone."""
    return stated if stated is Answer.yes or (by_lead and stated is Answer.no) else known


@dataclass(frozen=True, slots=True)
class Effects:
    """Changes to ties, chronology and lists."""

    ties: tuple[Tie, ...] = ()
    ended: tuple[Tie, ...] = ()
    entries: tuple[Entry, ...] = ()
    closed: tuple[tuple[UUID, UUID], ...] = ()
    opened: tuple[tuple[UUID, UUID], ...] = ()
    listed: tuple[tuple[UUID, str], ...] = ()


def effects(case: Case, directory: Directory, today: date, zone: ZoneInfo) -> Effects:
    """Work out what the event changes, and change the world accordingly."""
    ties, ended = ties_of(case, directory, today, zone)
    found = Effects(
        ties=tuple(ties),
        ended=tuple(ended),
        entries=tuple(_entries(case)),
        closed=tuple(_closed(case)),
        opened=tuple(_opened(case)),
        listed=tuple(_listed(case, directory)),
    )
    _apply(case, found)
    return found


def _apply(case: Case, found: Effects) -> None:
    world = case.world
    for tie in found.ties:
        world.ties.setdefault(tie.person, []).append(tie)
    world.end_ties(found.ended, case.took_effect_at, case.envelope.id)
    for entry in found.entries:
        world.entries.setdefault(entry.person, []).append(entry)
    for pairs, runs in ((found.closed, False), (found.opened, True)):
        for person, event in pairs:
            lines = world.entries.get(person, ())
            world.entries[person] = [e.changed(case.envelope.id, runs=runs) if e.event == event else e for e in lines]
    for person, desk in found.listed:
        world.list_desk(person, desk, case.envelope.id)


def _entries(case: Case) -> Iterator[Entry]:
    if not is_line(case.type, case.message):
        return
    for subject in case.subjects.values():
        if subject.person is not None:
            yield Entry(
                person=subject.person.id,
                event=case.envelope.id,
                type=case.type,
                source=case.source.desk,
                occurred_at=case.happened_at,
                open=_runs_on(case),
                marks=marks_about(subject.ref, case.marked),
                withheld_from=case.withheld_from,
            )


def _runs_on(case: Case) -> bool:
    """A referral runs until it is refused or done with, a missing episode until the child is back."""
    missing = case.type is EventType.missing_episode and case.message.get("stage") == "reported"
    return case.type is EventType.referral or missing


def _closed(case: Case) -> Iterator[tuple[UUID, UUID]]:
    """What no longer runs: the referral that was refused or is done with; the episodes of a child who is back."""
    done = DONE.get(case.type)
    if done is not None and case.message.get(done[0]) in done[1]:
        yield from _of_the_referral(case)
    if case.type is EventType.missing_episode and case.message.get("stage") == "returned":
        for person in about(case, "stage"):
            episodes = (e for e in case.world.entries.get(person, ()) if e.ever_ran and e.type is EventType.missing_episode)
            yield from ((person, e.event) for e in episodes)


def _opened(case: Case) -> Iterator[tuple[UUID, UUID]]:
    """The referral that runs after all: a correction, or the answer to a challenge, accepts what was refused."""
    if case.type in DONE and case.message.get(RUNS_ON[0]) == RUNS_ON[1]:
        yield from ((person, event) for person, event in _of_the_referral(case) if not case.world.events[event].withdrawn)


def _of_the_referral(case: Case) -> Iterator[tuple[UUID, UUID]]:
    """Lines of the referral that an event answers, in every version: who answers may not have heard of the newest."""
    if case.answers is not None:
        versions = {version.id for version in case.world.versions(case.world.asked_first(case.answers.id))}
        entries = (e for found in case.world.entries.values() for e in found)
        yield from ((e.person, e.event) for e in entries if e.event in versions and e.type is EventType.referral)


def _listed(case: Case, directory: Directory) -> Iterator[tuple[UUID, str]]:
    """The lead agency's list for locating facts stays with the person; anybody else's is for its own event."""
    if directory.is_lead(case.source.desk):
        for subject in case.subjects.values():
            if subject.person is not None:
                yield from ((subject.person.id, desk) for desk in sorted(case.locating_for))

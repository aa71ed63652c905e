"""What an event changes in what the router knows: people, ties, chronology, lists. Worked out before anybody is told."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID

from frontdoor_chassis.directory import Directory
from frontdoor_router.core.case import Case, Subject
from frontdoor_router.core.decision import IdMaker
from frontdoor_router.core.identify import Key, Known, Mention, New, Unsure, identify
from frontdoor_router.core.world import Entry, Person, Tie, World
from frontdoor_schemas.vocabulary import Answer, EventType, Relation

ENDED = frozenset({"ended"})
"""Values of `to_status` by which a plan stops running."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """The people of an event: resolved subjects, and what is new about them."""

    subjects: Mapping[str, Subject]
    people: tuple[tuple[Person, tuple[Key, ...]], ...]


def resolve(event: UUID, message: Mapping[str, Any], found: tuple[Mention, ...], world: World, ids: IdMaker, *, by_lead: bool) -> Resolved:
    """Say who each mention is, and add to the world who was not known before."""
    subjects: dict[str, Subject] = {}
    people: list[tuple[Person, tuple[Key, ...]]] = []
    blocks = {b["ref"]: b for kind in ("children", "adults") for b in message.get(kind, ())}
    for mention in found:
        stated = Answer(blocks[mention.ref].get("protected", Answer.unknown))
        identity = identify(mention, world.found)
        person, keys = _person(identity, mention, blocks[mention.ref], world, ids("person", event, mention.ref))
        if person is not None:
            changed = replace(person, protected=_sticky(person.protected, stated, by_lead=by_lead))
            if keys or changed != world.people.get(person.id):
                world.remember(changed, keys)
                people.append((changed, keys))
            person = changed
        subjects[mention.ref] = Subject(mention, identity, person, person.protected if person else stated)
    return Resolved(subjects, tuple(people))


def _person(
    identity: Known | New | Unsure, mention: Mention, block: Mapping[str, Any], world: World, new_id: UUID
) -> tuple[Person | None, tuple[Key, ...]]:
    match identity:
        case Known(person, keys):
            return world.people[person], keys
        case New(keys):
            born = date.fromisoformat(block["born"]) if block.get("born") else None
            return Person(new_id, mention.kind, Answer.unknown, born), keys
        case Unsure():
            return None, ()


def _sticky(known: Answer, stated: Answer, *, by_lead: bool) -> Answer:
    """Protected stays protected until the lead agency says otherwise; unknown says nothing."""
    if stated is Answer.unknown or (known is Answer.yes and stated is Answer.no and not by_lead):
        return known
    return stated


@dataclass(frozen=True, slots=True)
class Effects:
    """Changes to ties, chronology and lists."""

    ties: tuple[Tie, ...] = ()
    ended: tuple[Tie, ...] = ()
    entries: tuple[Entry, ...] = ()
    closed: tuple[tuple[UUID, UUID], ...] = ()
    listed: tuple[tuple[UUID, str], ...] = ()


def effects(case: Case, directory: Directory) -> Effects:
    """Work out what the event changes, and change the world accordingly."""
    ties, ended = _ties(case, directory)
    found = Effects(
        ties=tuple(ties),
        ended=tuple(ended),
        entries=tuple(_entries(case)),
        closed=tuple(_closed(case)),
        listed=tuple(_listed(case, directory)),
    )
    _apply(case.world, found, case.envelope.occurred_at)
    return found


def _apply(world: World, found: Effects, at: datetime) -> None:
    for tie in found.ties:
        world.ties.setdefault(tie.person, []).append(tie)
    world.end_ties(found.ended, at)
    for entry in found.entries:
        world.entries.setdefault(entry.person, []).append(entry)
    for person, event in found.closed:
        world.entries[person] = [replace(e, open=False) if e.event == event else e for e in world.entries.get(person, ())]
    for person, desk in found.listed:
        world.listed.setdefault(person, set()).add(desk)


def _ties(case: Case, directory: Directory) -> tuple[list[Tie], list[Tie]]:
    match case.type:
        case EventType.involvement_started:
            return list(_started(case, directory)), []
        case EventType.involvement_ended:
            return [], list(_ended(case, directory))
        case EventType.plan_status:
            return list(_joined(case, directory)), list(_plan_over(case, directory))
        case _:
            return [], []


def _about(case: Case, field: str) -> Iterator[UUID]:
    """The known people that a field of the event is about, as its section says."""
    refs = {ref for section in case.sections if field in section.body for ref in section.subjects}
    return (s.person.id for ref, s in case.subjects.items() if ref in refs and s.person is not None)


def _started(case: Case, directory: Directory) -> Iterator[Tie]:
    message = case.message
    desk, relation = message.get("desk"), message.get("relation")
    if desk is None or relation is None or directory.find(desk) is None:
        return
    for person in _about(case, "relation"):
        yield _tie(case, person, desk, Relation(relation), directory, message.get("since"))


def _tie(case: Case, person: UUID, desk: str, relation: Relation, directory: Directory, since: str | None = None) -> Tie:
    confirmed = case.source.desk if directory.confirms(case.source.desk, relation) else None
    return Tie(person, desk, relation, _moment(since) or case.envelope.occurred_at, case.source.desk, confirmed, case.envelope.id)


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    if "T" in text:
        return datetime.fromisoformat(text)
    return datetime.combine(date.fromisoformat(text), time(0), tzinfo=UTC)


def _ended(case: Case, directory: Directory) -> Iterator[Tie]:
    """Ties that end: a desk may end its own, whoever confirmed them; another's only who may confirm the relation."""
    desk, relation = case.message.get("desk"), case.message.get("relation")
    if relation is None or not (desk == case.source.desk or directory.confirms(case.source.desk, Relation(relation))):
        return
    for person in _about(case, "relation"):
        for tie in case.world.ties.get(person, ()):
            if tie.desk == desk and tie.relation.value == relation and tie.until is None:
                yield tie


def _joined(case: Case, directory: Directory) -> Iterator[Tie]:
    if case.message.get("to_status") in ENDED:
        return
    for person in _about(case, "to_status"):
        for desk in case.message.get("members", ()):
            if directory.find(desk) and not _is_tied(case.world, person, desk, Relation.plan_group):
                yield _tie(case, person, desk, Relation.plan_group, directory)


def _is_tied(world: World, person: UUID, desk: str, relation: Relation) -> bool:
    return any(t.desk == desk and t.relation is relation and t.until is None and t.confirmed_by for t in world.ties.get(person, ()))


def _plan_over(case: Case, directory: Directory) -> Iterator[Tie]:
    if case.message.get("to_status") not in ENDED or not directory.confirms(case.source.desk, Relation.plan_group):
        return
    for person in _about(case, "to_status"):
        for tie in case.world.ties.get(person, ()):
            if tie.relation is Relation.plan_group and tie.until is None:
                yield tie


def _entries(case: Case) -> Iterator[Entry]:
    abuse = case.message.get("domestic_abuse")
    for subject in case.subjects.values():
        if subject.person is not None:
            yield Entry(
                person=subject.person.id,
                event=case.envelope.id,
                type=case.type,
                source=case.source.desk,
                occurred_at=case.envelope.occurred_at,
                open=case.type is EventType.referral,
                domestic_abuse=abuse is not None,
                grade=abuse.get("risk_grade") if abuse else None,
            )


def _closed(case: Case) -> Iterator[tuple[UUID, UUID]]:
    """A refused referral is no longer open; one that was accepted is, until its plan or case ends."""
    if case.type is EventType.referral_outcome and case.cause is not None and case.message.get("accepted") == "no":
        for person, entries in case.world.entries.items():
            if any(e.event == case.cause.id for e in entries):
                yield person, case.cause.id


def _listed(case: Case, directory: Directory) -> Iterator[tuple[UUID, str]]:
    """The lead agency's list for locating facts stays with the person; anybody else's is for its own event."""
    if directory.is_lead(case.source.desk):
        for subject in case.subjects.values():
            if subject.person is not None:
                yield from ((subject.person.id, desk) for desk in sorted(case.locating_for))

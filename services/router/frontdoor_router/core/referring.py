"""Who made the referral, or asked the question, that an event is about, and about whom."""

from collections.abc import Collection, Iterator, Mapping
from uuid import UUID

from frontdoor_router.core.case import Case
from frontdoor_router.core.world import Earlier
from frontdoor_schemas.events import MODELS
from frontdoor_schemas.vocabulary import EventType


def referrers(case: Case) -> set[str]:
    """The source of the event replied to; else the sources of open referrals about a child named."""
    return set(_published(case))


def referred(case: Case) -> Mapping[str, frozenset[str]]:
    """By referrer, whom of this event it referred, or asked about: of others it is told nothing for having done so."""
    if case.answers is not None and MODELS[case.answers.type].answer_is_for_source:
        return {case.answers.source: frozenset(case.subjects)}
    people = {ref: s.person.id for ref, s in case.subjects.items() if s.person is not None}
    return {
        desk: frozenset(ref for ref, person in people.items() if _was_in(case, events, person)) for desk, events in _published(case).items()
    }


def _published(case: Case) -> Mapping[str, Collection[UUID]]:
    """By referrer, what it published: the event that is answered and those of its own that led to it; else its open referrals."""
    if case.answers is not None:
        desk = case.answers.source
        own = (event for event in _led_here(case) if event.source == desk)
        return {desk: {version.id for event in own for version in case.world.versions(event.id) if not version.withdrawn}}
    found: dict[str, set[UUID]] = {}
    people = [child.person.id for child in case.children if child.person]
    for entry in (entry for person in people for entry in case.world.entries.get(person, ())):
        if entry.open and entry.type is EventType.referral:
            found.setdefault(entry.source, set()).add(entry.event)
    return found


def _led_here(case: Case) -> Iterator[Earlier]:
    """The event that is answered, and what that one answered, up to the first: a challenge need not name again who was referred."""
    event = case.answers
    while event is not None:
        yield event
        event = case.world.events.get(event.cause) if event.cause else None


def _was_in(case: Case, events: Collection[UUID], person: UUID) -> bool:
    """Whether one of the events was about somebody: it is a line of that one's chronology, or a desk was told of it about that one."""
    if any(entry.event in events for entry in case.world.entries.get(person, ())):
        return True
    earlier = (case.world.events.get(event) for event in events)
    return any(person in told.about for event in earlier if event is not None for told in event.told)

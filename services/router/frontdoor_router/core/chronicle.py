"""A person's chronology: which events are lines of it, and the marks that are kept beside a line."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from frontdoor_router.core.conditions import Condition, Present, present
from frontdoor_schemas.chronicle import marks_of
from frontdoor_schemas.envelope import Section
from frontdoor_schemas.events import MODELS
from frontdoor_schemas.vocabulary import EventType

Marks = frozenset[str]


def marks_by_section(sections: Iterable[Section], event_type: EventType) -> Mapping[UUID, Marks]:
    """The marks of those sections that give any."""
    model = MODELS[event_type]
    return {section.id: marks for section in sections if (marks := marks_of(section, model))}


def marks_about(sections: Iterable[Section], ref: str, found: Mapping[UUID, Marks]) -> Marks:
    """The marks about one person: of sections about her or him, and of those about the event itself."""
    return Marks().union(*(found[s.id] for s in sections if s.id in found and (not s.subjects or ref in s.subjects)))


def said_to(given: Iterable[Section], conditions: Iterable[Condition], found: Mapping[UUID, Marks]) -> Marks:
    """The marks that a desk was given: in sections, and by being told because of what they say is there."""
    because = frozenset(".".join(c.path) for c in conditions if isinstance(c, Present))
    return because.union(*(found[s.id] for s in given if s.id in found))


def is_line(event_type: EventType, message: Mapping[str, object]) -> bool:
    """Whether an event is a line of the chronology of those whom it is about."""
    only = MODELS[event_type].line_if
    return not only or any(present(tuple(path.split(".")), message) for path in only)

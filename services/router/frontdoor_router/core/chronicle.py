"""A person's chronology: which events are lines of it, and the marks that are kept beside a line."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from frontdoor_router.core.conditions import Condition, Present, present
from frontdoor_schemas.chronicle import marks_of
from frontdoor_schemas.envelope import Section
from frontdoor_schemas.events import MODELS
from frontdoor_schemas.vocabulary import EventType

Marks = frozenset[str]
NO_MARKS: Marks = frozenset()


class Marked(NamedTuple):
    """A section that gives marks, with them."""

    section: Section
    marks: Marks


def marked(sections: Iterable[Section], event_type: EventType) -> tuple[Marked, ...]:
    """Those sections that give any marks: few of an event's."""
    model = MODELS[event_type]
    return tuple(Marked(section, marks) for section in sections if (marks := marks_of(section, model)))


def marks_about(ref: str, found: Iterable[Marked]) -> Marks:
    """The marks about one person: of sections about her or him, and of those about the event itself."""
    return NO_MARKS.union(*(one.marks for one in found if not one.section.subjects or ref in one.section.subjects))


def said_to(given: Sequence[Section], conditions: Iterable[Condition], found: Iterable[Marked]) -> Marks:
    """The marks that a desk was given: in sections, and by being told because of what they say is there."""
    because = frozenset(".".join(c.path) for c in conditions if isinstance(c, Present))
    mine = {id(section) for section in given}  # told apart as they are in memory: sooner than by what they say
    return because.union(*(one.marks for one in found if id(one.section) in mine))


def is_line(event_type: EventType, message: Mapping[str, object]) -> bool:
    """Whether an event is a line of the chronology of those whom it is about."""
    only = MODELS[event_type].line_if
    return only is not None and (not only or any(present(tuple(path.split(".")), message) for path in only))

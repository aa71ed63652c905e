"""What every event states, and the checks that need the whole event: people named twice, unknown, or not at all."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Annotated, Any, ClassVar, Self
from zoneinfo import ZoneInfo

from pydantic import Field, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from frontdoor_schemas.casework import Attachment, ConcernType
from frontdoor_schemas.fields import Block, Computed, Leaf, Nest, Structure, counted, dates, held
from frontdoor_schemas.people import Adult, Author, Child, Consent, Sharing
from frontdoor_schemas.values import ABOUT, EVENT, GROUPS, HOUSEHOLD, MAX_ADULTS, MAX_CHILDREN, MAX_ITEMS, OWN, C, Code, Moment
from frontdoor_schemas.vocabulary import Answer, Category

LONDON = ZoneInfo("Europe/London")
CLOCK_TOLERANCE = timedelta(days=1)
"""How far ahead of ours a sender's clock may be: a wrong time zone is no reason to turn a child's event away."""
LONGEST_EXPECTED = timedelta(days=310)
"""An expected date of birth may lie this far after the event; ten months and some days."""
LONGEST_OVERDUE = timedelta(days=60)
"""An expected date of birth may lie this far before the event: a birth that was not yet recorded."""

PEOPLE: Mapping[str, Any] = {"type": "array", "items": {"type": "string", "pattern": "^(child|adult)-[0-9a-f]{8}$"}}
"""People of a message, in the schema of a computed field."""
_DAY = {"type": "string", "format": "date"}
EARLIER_LINE: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "about": PEOPLE,
        "on": _DAY,
        "event_type": {"type": "string"},
        "said": {"type": "array", "items": {"type": "string"}},
    },
    "additionalProperties": False,
}
PATTERN_MET: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "about": PEOPLE,
        "pattern": {"type": "string"},
        "count": {"type": "integer", "minimum": 1},
        "dates": {"type": "array", "items": _DAY},
    },
    "additionalProperties": False,
}

KNOWN_TO: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "about": PEOPLE,
        "service": {"type": "string"},
        "answer": {"enum": [answer.value for answer in Answer]},
        "desks": {"type": "array", "items": {"type": "string"}},
        "since": _DAY,
        "worker": {"type": "string"},
        "contact": {"type": "string"},
    },
    "additionalProperties": False,
}


def _known_to(category: Category, which: str) -> Computed:
    explain = f"Which services {which}, and which worker to contact, as the exchange knows without asking"
    return Computed(held(category, OWN, "A5", "A11", "H4", "K12"), {"type": "array", "items": KNOWN_TO}, explain)


_RULES: Mapping[str, str] = {
    "no_subject": "names neither a child nor an adult",
    "duplicate_ref": "names the same person a second time",
    "unknown_ref": "names a person who is not in this event",
    "unknown_audience": "names a list of desks that this event does not give",
}


class EventBody(Block):
    """What an event says. The type's name is not in it: the address or the submission around it gives that."""

    names_desks: ClassVar[frozenset[str]] = frozenset()
    """Paths of fields by which the author names an audience: a desk id or a list of them."""
    asks_desks: ClassVar[frozenset[str]] = frozenset()
    """Paths of fields that name the desks which are to answer."""
    must_reply: ClassVar[bool] = False
    """Whether it means nothing without the event that it answers."""
    answers_for_all: ClassVar[bool] = False
    """Whether, as a reply, it is about everybody of the event that it answers, whomever it names."""
    answer_is_for_source: ClassVar[bool] = False
    """Whether whoever answers it writes to its source: what the answer is about is for that one to read, more people than it named too."""
    chronicled: ClassVar[frozenset[str]] = frozenset()
    """Paths of fields that a person's chronology keeps beside the line, so that later events can be counted by them (`a.b`)."""
    line_if: ClassVar[frozenset[str] | None] = frozenset()
    """The event is a line of the chronology only if it says something at one of these paths; empty: always; None: never."""

    occurred_at: Annotated[Moment, held(C.case_reference, EVENT, "A1", "D3")]

    def stated(self) -> Iterator[tuple[str, "EventBody"]]:
        """This event, and any other that it states within itself, each with its path."""
        yield "", self


class CaseEvent(EventBody):
    """An event about people. At least one person, and the time; all else flows incomplete and is owed."""

    chronicled: ClassVar[frozenset[str]] = frozenset({"concern_types.type", "consent.status"})
    computed: ClassVar[Mapping[str, Computed]] = {
        "earlier_events_count": counted(
            held(C.history_summary, HOUSEHOLD, "A25", "A39", "L30"),
            "Earlier events about the same children that this recipient may know of",
        ),
        "earlier_event_dates": dates(held(C.history_summary, HOUSEHOLD, "A25"), "Their dates"),
        "earlier": Computed(
            held(C.history_summary, ABOUT, "L1", "L4", "C18", "C19"),
            {"type": "array", "items": EARLIER_LINE},
            "The chronology of each child, of the events that this recipient may know of: when, of which type, about which concern",
        ),
        "known_to": _known_to(C.professional_network, "work with somebody of the event"),
        "known_to_justice": _known_to(C.offence_and_court, "of justice and probation know somebody of the event"),
        "known_to_treatment": _known_to(C.adult_health_and_treatment, "treat an adult of the event"),
        "known_to_health": _known_to(C.child_health, "of health know a child of the event"),
        "patterns": Computed(
            held(C.history_summary, ABOUT, "E2", "A24", "A26", "C20", "G11", "I19"),
            {"type": "array", "items": PATTERN_MET},
            "Patterns of the partnership that this event completes, by the events that this recipient may know of",
        ),
    }

    out_of_hours: Annotated[Answer | None, held(C.case_reference, EVENT, "A6", "C31")] = None
    author: Author | None = None
    children: Annotated[tuple[Child, ...], Field(max_length=MAX_CHILDREN)] = ()
    adults: Annotated[tuple[Adult, ...], Field(max_length=MAX_ADULTS)] = ()
    concern_types: Annotated[tuple[ConcernType, ...], Field(max_length=MAX_ITEMS)] = ()
    level_of_need: Annotated[Code | None, held(C.risk_and_need, EVENT, "A34", "A35")] = None
    consent: Consent | None = None
    sharing: Sharing | None = None
    attachments: Annotated[tuple[Attachment, ...], Field(max_length=MAX_ITEMS)] = ()

    def names_its_subject(self) -> bool:
        """Whether it says whom or what it is about."""
        return bool(self.children or self.adults)

    @model_validator(mode="after")
    def _people_agree(self) -> Self:
        if faults := _faults(self):
            raise ValidationError.from_exception_data(type(self).__name__, [_error(rule, loc) for rule, loc in faults])
        return self


_Loc = tuple[str | int, ...]


def _error(rule: str, loc: _Loc) -> InitErrorDetails:
    return InitErrorDetails(type=PydanticCustomError(rule, _RULES[rule]), loc=loc, input=None)


def people_of(event: CaseEvent) -> Iterator[tuple[str, int, Child | Adult]]:
    """Everybody in an event, with the list and place where they stand."""
    for index, child in enumerate(event.children):
        yield "children", index, child
    for index, adult in enumerate(event.adults):
        yield "adults", index, adult


def _faults(event: CaseEvent) -> list[tuple[str, _Loc]]:
    found: list[tuple[str, _Loc]] = []
    refs = [c.ref for c in event.children] + [a.ref for a in event.adults]
    known = frozenset(refs)
    if not event.names_its_subject():
        found.append(("no_subject", ("children",)))
    if len(known) < len(refs):
        found.extend(_named_twice(event))
    found.extend(_unknown(event, event, known))
    return found


def _named_twice(event: CaseEvent) -> Iterator[tuple[str, _Loc]]:
    seen: set[str] = set()
    for kind, index, person in people_of(event):
        if person.ref in seen:
            yield "duplicate_ref", (kind, index, "ref")
        seen.add(person.ref)


def _unknown(event: CaseEvent, block: Block, known: frozenset[str]) -> list[tuple[str, _Loc]]:
    naming, audiences, nested = _where_people_are_named(type(block))
    found: list[tuple[str, _Loc]] = []
    values = block.__dict__
    for name in naming:
        value = values[name]
        if value and not known.issuperset((value,) if isinstance(value, str) else value):
            found.append(("unknown_ref", (name,)))
    if audiences:
        found.extend(("unknown_audience", (name,)) for name in audiences if _has_empty_group(event, values[name]))
    for name, tag in nested:
        value = values[name]
        if isinstance(value, tuple):
            for index, item in enumerate(value):
                if inner := _unknown(event, item, known):
                    at = (name, index, getattr(item, tag)) if tag else (name, index)  # as pydantic says where in a union it is
                    found.extend((rule, (*at, *loc)) for rule, loc in inner)
        elif value is not None:
            found.extend((rule, (name, *loc)) for rule, loc in _unknown(event, value, known))
    return found


def _has_empty_group(event: CaseEvent, audience: Iterable[str]) -> bool:
    # an audience of nobody would come out as no audience at all, and so as everybody who is permitted
    return any(entry in GROUPS and not getattr(event, entry, ()) for entry in audience)


@cache
def _where_people_are_named(model: type[Block]) -> tuple[list[str], list[str], list[tuple[str, str | None]]]:
    """Fields of a model that name people, that name audiences, and that hold blocks which do either (with their tag)."""
    naming, audiences, nested = [], [], []
    for name, shape in model.plan.fields.items():
        match shape:
            case Structure("about" | "not_for_family") | Leaf(link=True):
                naming.append(name)
            case Structure("to"):
                audiences.append(name)
            case Nest(plans) if any(any(_where_people_are_named(p.model)) for p in plans.values()):
                nested.append((name, shape.tag))
    return naming, audiences, nested


def check_times(body: EventBody, now: datetime) -> list[tuple[str, str]]:
    """Paths and rules of times that cannot be: what a model cannot know, because it does not know the time."""
    return [(at + path, rule) for at, stated in body.stated() for path, rule in _time_faults(stated, now)]


def _time_faults(body: EventBody, now: datetime) -> Iterator[tuple[str, str]]:
    if body.occurred_at > now + CLOCK_TOLERANCE:
        yield "/occurred_at", "future_time"
    if isinstance(body, CaseEvent):
        yield from _birth_faults(body, now)


def _birth_faults(body: CaseEvent, now: datetime) -> Iterator[tuple[str, str]]:
    today = now.astimezone(LONDON).date()
    event_day = body.occurred_at.astimezone(LONDON).date()
    for kind, index, person in people_of(body):
        if person.born and person.born > today:
            yield f"/{kind}/{index}/born", "future_birth_date"
    for index, child in enumerate(body.children):
        if child.expected_on and not -LONGEST_OVERDUE <= child.expected_on - event_day <= LONGEST_EXPECTED:
            yield f"/children/{index}/expected_on", "expected_date"

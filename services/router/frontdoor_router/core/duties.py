"""Duties: when this happens, these desks must be told, by this time, satisfied by this, else these are told of it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, get_args

from frontdoor_router.core.conditions import Condition, all_hold, complete, present, says_all, values
from frontdoor_router.core.known_to import Service
from frontdoor_schemas.vocabulary import EventType, Role

CareRelation = Literal["school", "early_years", "gp", "health_visiting", "school_nursing", "midwifery", "dentist"]
ChildRelation = (
    CareRelation
    | Literal["no_school_lead", "plan_group", "lead_professional", "involved", "referral_parties", "concerned", "moved", "practice_links"]
)
AdultRelation = Literal["gp", "manages", "treats", "practice_links"]
EventRelation = Literal["source", "referrer", "asked", "named", "owners", "told_of_thread"]

CARE: frozenset[str] = frozenset(get_args(CareRelation))
MUST_FIND = frozenset({"school", "gp", "health_visiting", "school_nursing", "midwifery", "no_school_lead"})
"""Relations that every child of the age is expected to have: when nobody is found, a person has to look."""

LEVELS = ("received", "opened", "acted")
BY_TELEPHONE = "told_by_telephone"
REPLY = "reply:"


@dataclass(frozen=True, slots=True)
class EachChild:
    """Each child of the event, by its relation to desks."""

    relation: str


@dataclass(frozen=True, slots=True)
class EachAdult:
    """Each adult of the event, by its relation to desks."""

    relation: str


@dataclass(frozen=True, slots=True)
class WholeEvent:
    """Desks by their relation to the event: `source`, `referrer`, `asked`, `named`, `told_of_thread`, `role:…`, `desk:…`."""

    relation: str


Tell = EachChild | EachAdult | WholeEvent


@dataclass(frozen=True, slots=True)
class Expect:
    """A reply that is owed without anybody being told: by whom (`source`, `told`, `role:…`, `desk:…`), and of which type."""

    reply: EventType
    by: str


@dataclass(frozen=True, slots=True)
class AgeRange:
    """Years of age on the day: `from_` and older, younger than `under`. Unborn is below nought."""

    from_: int
    under: int


@dataclass(frozen=True, slots=True)
class Escalation:
    """At an offset from the deadline, who is told that it was missed; `missed`: only when it is so many times in a row by that desk."""

    at: str
    to: str
    missed: int = 1


@dataclass(frozen=True, slots=True)
class StatedDue:
    """The time by which it is due stands in the event: the earliest at this path. A day means its opening or its close of office.

    `where`: only of those items, of the list in which it stands, that meet these conditions.
    `starts`: it is not due then, but the clock of the deadline starts then.
    """

    path: tuple[str, ...]
    at: Literal["opening", "closing"]
    where: tuple[Condition, ...] = ()
    starts: bool = False

    def said(self, message: Mapping[str, Any]) -> str | None:
        """What the event says: a moment or a day; none when it says nothing."""
        items = values(self.path[:-1], message) if self.where else (message,)
        path = self.path[-1:] if self.where else self.path
        return min((str(value) for item in items if all_hold(self.where, item) for value in values(path, item)), default=None)


@dataclass(frozen=True, slots=True)
class Closed:
    """Only of what was received while no desk of this role was open, or, where `or_if` says something, of what meets all of it."""

    role: Role
    or_if: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Duty:
    """One duty. Exactly one of `tell` and `expect` is set.

    `pattern`: it holds only for children about whom the event completes that pattern, by what the desk told may know. `history`: the
    purpose for which the agreements are asked what else of the past that desk may know. `known_to`: services of whose work the desk is
    answered. `propose_invitees`: the desk is told whom to invite to the meeting. `only_if_unknown`: it holds only where the exchange does
    not know of any of these services whether it works with the people of the event. `flags`: the message says which flags
    the desk's own records have to show. `roles`: of the desks in the relation only those of these roles are meant; empty: all.
    `after_said`: what the event that is answered has to say, by the marks that are kept of it, as it was last put right. `names_another`:
    it holds only for children whom that event did not name.
    `each_child`: a reply is owed for each child that the event is about, and not one for the event as a whole. `closed`: it holds only in
    the hours in which nobody of a role is there.
    """

    id: str
    from_: date
    until: date | None
    source: str | None
    rows: tuple[str, ...]
    on: EventType
    if_: tuple[Condition, ...]
    source_roles: frozenset[Role]
    after_cause: EventType | None
    tell: Tell | None
    expect: Expect | None
    age: AgeRange | None
    stated: bool
    must_find: bool
    shown_to_publisher: bool
    because: str
    deadline: str
    satisfied_by: tuple[str, ...]
    ask: EventType | None
    remind: tuple[str, ...]
    escalate: tuple[Escalation, ...]
    due: StatedDue | None = None
    pattern: str | None = None
    history: str | None = None
    known_to: tuple[Service, ...] = ()
    only_if_unknown: tuple[Service, ...] = ()
    flags: bool = False
    propose_invitees: bool = False
    roles: frozenset[Role] = frozenset()
    after_said: tuple[Condition, ...] = ()
    names_another: bool = False
    each_child: bool = False
    closed: Closed | None = None

    @property
    def relation(self) -> str:
        """By which relation it tells; empty when it expects."""
        return self.tell.relation if self.tell is not None else ""

    def in_force(self, on: date) -> bool:
        """Whether it holds on a local day."""
        return self.from_ <= on and (self.until is None or on < self.until)

    def about(self, message: Mapping[str, Any], block: Mapping[str, Any]) -> bool:
        """Whether what it asks of the event holds for one child of it, so far as that is said child by child."""
        return all_hold(self.if_, {**message, "children": (block,)})

    def applies(self, message: Mapping[str, Any], *, source: Role, cause: EventType | None, said_before: Collection[str] = ()) -> bool:
        """Whether an event of its type asks for it: who published it, what it answers and what that one said, what it says itself."""
        if self.source_roles and source not in self.source_roles:
            return False
        if self.after_cause is not None and cause is not self.after_cause:
            return False
        return says_all(self.after_said, said_before) and all_hold(self.if_, message)


@dataclass(frozen=True, slots=True)
class Expects:
    """A field that an event should have; what is missing flows at once and is owed by its source.

    `every`: each item of the list in which it stands should have it, not just one. `help`: what to write there, in the words of the
    area (L19).
    """

    id: str
    from_: date
    until: date | None
    source: str | None
    rows: tuple[str, ...]
    on: EventType
    source_roles: frozenset[Role]
    if_: tuple[Condition, ...]
    field: str
    deadline: str
    remind: tuple[str, ...]
    escalate: tuple[Escalation, ...]
    due: StatedDue | None = None
    every: bool = False
    help: str | None = None

    @property
    def path(self) -> tuple[str, ...]:
        """The field, step by step."""
        return tuple(self.field.split("."))

    def in_force(self, on: date) -> bool:
        """Whether it holds on a local day."""
        return self.from_ <= on and (self.until is None or on < self.until)

    def missing(self, message: Mapping[str, Any], *, source: Role) -> bool:
        """Whether an event of its type lacks what it asks for."""
        if self.source_roles and source not in self.source_roles:
            return False
        there = complete if self.every else present
        return all_hold(self.if_, message) and not there(self.path, message)

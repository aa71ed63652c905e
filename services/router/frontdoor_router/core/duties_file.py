"""How duties and expectations are written in `duties.toml` and `completeness.toml`."""

from dataclasses import replace
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, Field, model_validator

from frontdoor_chassis.directory_file import Dated, Entry, Name, Sourced
from frontdoor_router.core.conditions import Condition, ConditionEntry
from frontdoor_router.core.deadlines import parse_offset
from frontdoor_router.core.duties import (
    BY_TELEPHONE,
    CARE,
    LEVELS,
    MUST_FIND,
    REPLY,
    AdultRelation,
    AgeRange,
    ChildRelation,
    Closed,
    Duty,
    EachAdult,
    EachChild,
    Escalation,
    EventRelation,
    Expect,
    Expects,
    StatedDue,
    Tell,
    WholeEvent,
)
from frontdoor_router.core.known_to import ServiceEntry
from frontdoor_schemas.vocabulary import EventType, Role

Id = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
RegisterRow = Annotated[str, Field(pattern=r"^[A-P][0-9]{1,2}$")]


def _split(text: str, prefix: str) -> str | None:
    return text.removeprefix(prefix) if text.startswith(prefix) else None


def _event_relation(text: str) -> str:
    role, desk = _split(text, "role:"), _split(text, "desk:")
    if role is not None and role in set(Role):
        return text
    if desk is not None or text in get_args(EventRelation):
        return text
    raise ValueError(f"“{text}” is none of {', '.join(get_args(EventRelation))}, role:<a Role of the contract>, desk:<desk>")


def _escalation(text: str) -> str:
    role, desk = _split(text, "role:"), _split(text, "desk:")
    if (role is not None and role in set(Role)) or desk is not None:
        return text
    if text in {"deputy", "manager", "source", "source-manager"}:
        return text
    raise ValueError(f"“{text}” is none of deputy, manager, source, source-manager, role:<a Role of the contract>, desk:<desk>")


def _owner(text: str) -> str:
    if text in {"source", "told"} or _split(text, "role:") in set(Role) or text.startswith("desk:"):
        return text
    raise ValueError(f"“{text}” is none of source, told, role:<a Role of the contract>, desk:<desk>")


def _offset(text: str) -> str:
    parse_offset(text)
    return text


def _satisfaction(text: str) -> str:
    if text in {*LEVELS, BY_TELEPHONE} or _split(text, REPLY) in set(EventType):
        return text
    raise ValueError(f"“{text}” is none of {', '.join(LEVELS)}, {BY_TELEPHONE}, reply:<event type>")


OF_TELLING = ("because", "ask", "age", "must_find", "shown_to_publisher", "pattern", "history", "known_to", "flags", "propose_invitees")
"""Keys that mean nothing where nobody is told."""
OF_ANY_ROLE = frozenset({"involved", "plan_group", "lead_professional"})
"""Relations to a child in which desks of every kind may stand."""
OffsetText = Annotated[str, AfterValidator(_offset)]


class TellEntry(Entry):
    """`tell = {relation = …, of = …}`."""

    relation: str
    of: Literal["each-child", "each-adult", "event"]
    stated: bool = False
    roles: tuple[Role, ...] = ()

    @model_validator(mode="after")
    def _known(self) -> "TellEntry":
        match self.of:
            case "event":
                _event_relation(self.relation)
            case "each-child" if self.relation not in _members(ChildRelation) and _split(self.relation, "role:") not in set(Role):
                there = ", ".join([*sorted(_members(ChildRelation)), "role:<role>"])
                raise ValueError(f"“{self.relation}” is no relation of a child; there are {there}")
            case "each-adult" if self.relation not in get_args(AdultRelation) and _split(self.relation, "role:") not in set(Role):
                there = ", ".join([*get_args(AdultRelation), "role:<role>"])
                raise ValueError(f"“{self.relation}” is no relation of an adult; there are {there}")
        if self.stated and not (self.of == "each-child" and self.relation in CARE):
            raise ValueError("stated = true is for a child's own services only: nobody states his way to the rest")
        if self.roles and self.relation not in OF_ANY_ROLE:
            raise ValueError(f"roles goes with {', '.join(sorted(OF_ANY_ROLE))}: in other relations every desk has one role")
        return self

    def tell(self) -> Tell:
        """The value that it writes."""
        kinds: dict[str, type[Tell]] = {"each-child": EachChild, "each-adult": EachAdult, "event": WholeEvent}
        return kinds[self.of](self.relation)


def _members(union: Any) -> frozenset[str]:
    return frozenset(name for part in get_args(union) for name in (get_args(part) or (part,)))


class AgeEntry(Entry):
    """`age = {from = 0, under = 5}`."""

    from_: int = Field(0, alias="from", ge=-1)
    under: int = Field(ge=0)

    @model_validator(mode="after")
    def _some_age(self) -> "AgeEntry":
        if self.under <= self.from_:
            raise ValueError(f"nobody is {self.from_} or older and under {self.under}")
        return self


class EscalateEntry(Entry):
    """`[[duty.escalate]]`."""

    at: OffsetText
    to: Annotated[str, AfterValidator(_escalation)]
    missed: int = Field(1, ge=1)

    def escalation(self) -> Escalation:
        """The escalation that it writes."""
        return Escalation(self.at, self.to, self.missed)


class ClosedEntry(Entry):
    """`closed = {role = "front_door", or_if = [{field = "out_of_hours", equals = "yes"}]}`."""

    role: Role
    or_if: tuple[ConditionEntry, ...] = ()

    def closed(self) -> Closed:
        """What it writes."""
        return Closed(self.role, tuple(entry.condition() for entry in self.or_if))


class DueEntry(Entry):
    """`due = {field = "sentence_on", at = "opening"}`; `where` speaks of fields beside the one that says when.

    `starts`: the deadline's clock starts then.
    """

    field: str = Field(pattern=r"^[a-z_]+(\.[a-z_]+)*$")
    at: Literal["opening", "closing"] = "closing"
    where: tuple[ConditionEntry, ...] = ()
    starts: bool = False

    def due(self) -> StatedDue:
        """What it writes."""
        return StatedDue(tuple(self.field.split(".")), self.at, tuple(entry.condition() for entry in self.where), self.starts)

    def beside(self) -> tuple[Condition, ...]:
        """The conditions of `where`, by their paths in the event."""
        around = tuple(self.field.split("."))[:-1]
        return tuple(replace(one, path=(*around, *one.path)) for one in self.due().where)


class RuleEntry(Dated, Sourced):
    """What duties and expectations have in common. Versions of one id follow one another in time."""

    id: Id
    rows: tuple[RegisterRow, ...] = ()
    on: EventType
    if_: tuple[ConditionEntry, ...] = Field((), alias="if")
    source_roles: tuple[Role, ...] = ()
    deadline: Id
    due: DueEntry | None = None
    remind: tuple[OffsetText, ...] = ()
    escalate: tuple[EscalateEntry, ...] = ()


class DutyEntry(RuleEntry):
    """`[[duty]]`."""

    after_cause: EventType | None = None
    after_said: tuple[ConditionEntry, ...] = ()
    names_another: bool = False
    tell: TellEntry | None = None
    expect: EventType | None = None
    by: Annotated[str, AfterValidator(_owner)] | None = None
    age: AgeEntry | None = None
    must_find: bool | None = None
    shown_to_publisher: bool = False
    because: Name | None = None
    satisfied_by: tuple[Annotated[str, AfterValidator(_satisfaction)], ...] = ()
    ask: EventType | None = None
    pattern: Id | None = None
    history: Name | None = None
    known_to: tuple[ServiceEntry, ...] = ()
    only_if_unknown: tuple[ServiceEntry, ...] = ()
    flags: bool = False
    propose_invitees: bool = False
    reply_of: Literal["each-child", "event"] = "event"
    closed: ClosedEntry | None = None

    @model_validator(mode="after")
    def _tell_or_expect(self) -> "DutyEntry":
        if (self.tell is None) == (self.expect is None):
            raise ValueError("give either tell or expect")
        if self.after_cause is None and (self.after_said or self.names_another):
            raise ValueError("after_said and names_another go with after_cause")
        return self._check_tell() if self.tell is not None else self._check_expect()

    def _check_tell(self) -> "DutyEntry":
        if self.because is None:
            raise ValueError("says no purpose: because is missing")
        if not self.satisfied_by:
            raise ValueError("says not what satisfies it: satisfied_by is missing")
        if self.by is not None:
            raise ValueError("by goes with expect; who is told stands in tell")
        if self.age is not None and self.tell is not None and self.tell.of != "each-child":
            raise ValueError("age goes with each-child")
        if len(self._unknown_of()) > 1:
            raise ValueError("only_if_unknown speaks of the same people throughout: those of whom it is told")
        if self.ask is not None and f"{REPLY}{self.ask.value}" not in self.satisfied_by:
            raise ValueError(f"asks for {self.ask.value}, so that satisfied_by has to name {REPLY}{self.ask.value}")
        if self.reply_of == "each-child" and self.tell is not None and self.tell.of != "event":
            raise ValueError("reply_of goes with an event of which a desk is told as a whole: here it owes for each whom it is told about")
        if self.reply_of == "each-child" and not all(text.startswith(REPLY) for text in self.satisfied_by):
            raise ValueError("reply_of goes with replies alone: whoever opens a message opens it for all children")
        return self

    def _unknown_of(self) -> set[str]:
        """Of whom nothing may be known, and of whom it is told; an event as a whole is of anybody."""
        told = {self.tell.of} if self.tell is not None and self.only_if_unknown else set()
        return {service.of for service in self.only_if_unknown} | (told - {"event"})

    def _check_expect(self) -> "DutyEntry":
        if self.by is None:
            raise ValueError("expects something of nobody: by is missing")
        extra = [n for n in OF_TELLING if getattr(self, n)]
        if extra:
            raise ValueError(f"tells nobody, so that {', '.join(extra)} means nothing")
        if self.satisfied_by and f"{REPLY}{self.expect}" not in self.satisfied_by:
            raise ValueError(f"expects {self.expect}, so that satisfied_by has to name {REPLY}{self.expect}")
        if not all(text.startswith(REPLY) for text in self.satisfied_by):
            raise ValueError("tells nobody, so that only replies satisfy it")
        if self.reply_of == "each-child" and self.by == "told":
            raise ValueError("reply_of goes not with by = told: who was told of the event was perhaps not told of every child")
        return self

    def duty(self) -> Duty:
        """The duty that it writes."""
        relation = self.tell.relation if self.tell else ""
        found = relation in MUST_FIND and self.tell is not None and self.tell.of == "each-child"
        return Duty(
            id=self.id,
            from_=self.from_,
            until=self.until,
            source=self.source,
            rows=self.rows,
            on=self.on,
            if_=tuple(c.condition() for c in self.if_),
            source_roles=frozenset(self.source_roles),
            after_cause=self.after_cause,
            after_said=tuple(c.condition() for c in self.after_said),
            names_another=self.names_another,
            tell=self.tell.tell() if self.tell else None,
            expect=Expect(self.expect, self.by) if self.expect and self.by else None,
            age=AgeRange(self.age.from_, self.age.under) if self.age else None,
            stated=self.tell.stated if self.tell else False,
            must_find=found if self.must_find is None else self.must_find,
            shown_to_publisher=self.shown_to_publisher,
            because=self.because or "",
            deadline=self.deadline,
            satisfied_by=self.satisfied_by or ((f"{REPLY}{self.expect.value}",) if self.expect else ()),
            ask=self.ask,
            due=self.due.due() if self.due else None,
            remind=self.remind,
            escalate=tuple(e.escalation() for e in self.escalate),
            pattern=self.pattern,
            history=self.history,
            known_to=tuple(entry.value() for entry in self.known_to),
            only_if_unknown=tuple(entry.value() for entry in self.only_if_unknown),
            flags=self.flags,
            propose_invitees=self.propose_invitees,
            roles=frozenset(self.tell.roles) if self.tell else frozenset(),
            each_child=self.reply_of == "each-child",
            closed=self.closed.closed() if self.closed else None,
        )


class ExpectsEntry(RuleEntry):
    """`[[expects]]` of `completeness.toml`."""

    field: str = Field(pattern=r"^[a-z_]+(\.[a-z_]+)*$")
    every: bool = False
    help: Annotated[str, Field(min_length=1, max_length=400)] | None = None

    def expects(self) -> "Expects":
        """The expectation that it writes."""
        return Expects(
            id=self.id,
            from_=self.from_,
            until=self.until,
            source=self.source,
            rows=self.rows,
            on=self.on,
            source_roles=frozenset(self.source_roles),
            if_=tuple(c.condition() for c in self.if_),
            field=self.field,
            every=self.every,
            help=self.help,
            deadline=self.deadline,
            due=self.due.due() if self.due else None,
            remind=self.remind,
            escalate=tuple(e.escalation() for e in self.escalate),
        )


class DutiesFile(Entry):
    """The whole of `duties.toml`."""

    duty: tuple[DutyEntry, ...] = ()


class CompletenessFile(Entry):
    """The whole of `completeness.toml`."""

    expects: tuple[ExpectsEntry, ...] = ()

"""What one file of a pack says and another has to have: desks, roles, deadlines, fields, opening hours."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from typing import Any, Protocol

from frontdoor_chassis.directory import Directory
from frontdoor_chassis.directory_file import Dated
from frontdoor_chassis.toml_places import Fault, Place
from frontdoor_router.core.calendar import Calendar, CalendarError
from frontdoor_router.core.conditions import ConditionEntry, due_problem, field_problem, in_a_list, problems
from frontdoor_router.core.deadlines import Deadlines
from frontdoor_router.core.duties_file import ClosedEntry, DutyEntry, EscalateEntry, ExpectsEntry, RuleEntry
from frontdoor_router.core.lists import ListEntry
from frontdoor_router.core.patterns import PatternEntry
from frontdoor_router.core.policies import Agreement
from frontdoor_schemas.body import EventBody
from frontdoor_schemas.chronicle import kept_paths
from frontdoor_schemas.events import MODELS
from frontdoor_schemas.vocabulary import EventType, Role

CLOCKS_OF_WORK = ("review-identity", "cannot-decide")
"""Deadlines that every calendar has: how long a piece of work may wait for a person."""

Wrong = tuple[Place, str]
"""A place in a document and what is wrong there."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the entries of a pack may name. A part that could not be read is None, and nothing is said about it."""

    directory: Directory | None
    deadlines: Deadlines | None
    models: Mapping[EventType, type[EventBody]]
    patterns: Sequence[PatternEntry] | None = ()


def duty_faults(entries: Sequence[DutyEntry], known: Known, held: Collection[str]) -> Iterator[Wrong]:
    """What is wrong with the duties of one file beyond each one's own shape. What does not hold here need not fit here."""
    yield from _overlaps("duty", entries)
    for number, entry in enumerate(entries):
        for place, reason in _duty(entry, known) if entry.id in held else ():
            yield ("duty", number, *place), reason


def expects_faults(entries: Sequence[ExpectsEntry], known: Known, held: Collection[str]) -> Iterator[Wrong]:
    """What is wrong with the expectations of one file beyond each one's own shape."""
    yield from _overlaps("expects", entries)
    for number, entry in enumerate(entries):
        for place, reason in (*_common(entry, known), *_expected_field(entry, known)) if entry.id in held else ():
            yield ("expects", number, *place), reason


def pattern_faults(entries: Sequence[PatternEntry]) -> Iterator[Wrong]:
    """Patterns that overlap, and paths that no chronology keeps: such a pattern could never be complete."""
    yield from _overlaps("pattern", entries)
    for number, entry in enumerate(entries):
        paths: list[tuple[Place, str]] = [(("if", n), ".".join(c.condition().path)) for n, c in enumerate(entry.if_)]
        paths += [(("same",), entry.same)] if entry.same else []
        for place, path in paths:
            kept = sorted({p for counted in entry.counts for p in kept_paths(MODELS[counted])})
            if path not in kept:
                yield ("pattern", number, *place), f"no chronology keeps {path}; of these types it keeps {', '.join(kept)}"


def list_faults(entries: Sequence[ListEntry], known: Known, held: Collection[str]) -> Iterator[Wrong]:
    """Lists that overlap, for desks that there are not, or by paths that no chronology keeps: nobody would ever be on such a list."""
    yield from _overlaps("list", entries)
    for number, entry in enumerate(entries):
        for place, selection in (*((("of", n), s) for n, s in enumerate(entry.of)), *((("open",), s) for s in (entry.open,) if s)):
            for reason in _unkept(selection.if_, selection.on):
                yield ("list", number, *place), reason
        for n, to in enumerate(entry.to) if entry.id in held else ():
            for place, reason in _addressed(("to", n), to, entry, known):
                yield ("list", number, *place), reason


def _unkept(conditions: Iterable[ConditionEntry], types: Iterable[EventType]) -> Iterator[str]:
    for path in (".".join(c.condition().path) for c in conditions):
        for counted in types:
            if path not in kept_paths(MODELS[counted]):
                yield f"no chronology keeps {path} of a {counted.value}"


def _overlaps(table: str, entries: Sequence[RuleEntry | PatternEntry | ListEntry]) -> Iterator[Wrong]:
    for (_, one), (number, other) in combinations(enumerate(entries), 2):
        if one.id == other.id and overlap(one, other):
            yield (table, number, "id"), f"“{other.id}” is in force on the same days as the one from {one.from_}"


class InForce(Protocol):
    """Whatever holds on some days: from a day on, until before another."""

    @property
    def from_(self) -> date:
        """The first day."""

    @property
    def until(self) -> date | None:
        """The first day on which it no longer holds."""


def overlap(one: InForce, other: InForce) -> bool:
    """Whether two dated things share a day."""
    return (one.until is None or other.from_ < one.until) and (other.until is None or one.from_ < other.until)


def _duty(entry: DutyEntry, known: Known) -> Iterator[Wrong]:
    yield from _common(entry, known)
    if entry.tell is not None:
        yield from _addressed(("tell", "relation"), entry.tell.relation, entry, known)
        if entry.tell.relation == "asked" and not known.models[entry.on].asks_desks:
            yield ("tell", "relation"), f"a {entry.on.value} asks no desk"
        if entry.tell.relation == "moved" and entry.on is not EventType.child_moved:
            yield ("tell", "relation"), f"a {entry.on.value} moves nobody"
    if entry.flags and entry.on is not EventType.plan_status:
        yield ("flags",), f"a {entry.on.value} is the status of no plan"
    yield from _said_before(entry, known)
    if entry.pattern is not None and known.patterns is not None:
        yield from _named_pattern(entry, known.patterns)
    if entry.by is not None:
        yield from _addressed(("by",), entry.by, entry, known)
    if entry.closed is not None:
        yield from _while_closed(entry, entry.closed, known)


def _said_before(entry: DutyEntry, known: Known) -> Iterator[Wrong]:
    answered = entry.after_cause
    if answered is None:
        return
    for number, said in enumerate(entry.after_said):
        for reason in (*_unkept([said], [answered]), *problems(said.condition(), known.models[answered])):
            yield ("after_said", number), f"{answered.value}: {reason}"


def _while_closed(entry: DutyEntry, closed: ClosedEntry, known: Known) -> Iterator[Wrong]:
    yield from _addressed(("closed", "role"), f"role:{closed.role}", entry, known)
    for number, condition in enumerate(closed.or_if):
        for reason in problems(condition.condition(), known.models[entry.on]):
            yield ("closed", "or_if", number), f"{entry.on.value}: {reason}"


def _named_pattern(entry: DutyEntry, patterns: Sequence[PatternEntry]) -> Iterator[Wrong]:
    versions = [p for p in patterns if p.id == entry.pattern]
    days = sorted({entry.from_, *(p.until for p in versions if p.until is not None and entry.in_force(p.until))})
    gap = next((day for day in days if not any(p.in_force(day) for p in versions)), None)
    if gap is not None:
        yield ("pattern",), f"no pattern {entry.pattern} is in force on {gap}"


def _common(entry: RuleEntry, known: Known) -> Iterator[Wrong]:
    for number, condition in enumerate(entry.if_):
        for reason in problems(condition.condition(), known.models[entry.on]):
            yield ("if", number), f"{entry.on.value}: {reason}"
    for number, step in enumerate(entry.escalate):
        yield from _addressed(("escalate", number, "to"), step.to, entry, known)
    timeless = due_problem(entry.due.due().path, known.models[entry.on]) if entry.due is not None else None
    if timeless is not None:
        yield ("due", "field"), f"{entry.on.value}: {timeless}"
    for beside in entry.due.beside() if entry.due is not None else ():
        for reason in problems(beside, known.models[entry.on]):
            yield ("due", "where"), f"{entry.on.value}: {reason}"
    if known.deadlines is not None:
        yield from _deadline(entry, known.deadlines)


def _expected_field(entry: ExpectsEntry, known: Known) -> Iterator[Wrong]:
    path = tuple(entry.field.split("."))
    reason = field_problem(path, known.models[entry.on])
    if reason is not None:
        yield ("field",), f"{entry.on.value}: {reason}"
    elif entry.every and not in_a_list(path, known.models[entry.on]):
        yield ("every",), f"{entry.on.value}: {entry.field} stands in no list"


def _addressed(place: Place, to: str, entry: Dated, known: Known) -> Iterator[Wrong]:
    kind, _, name = to.partition(":")
    if known.directory is None:
        return
    if kind == "desk" and known.directory.find(name) is None:
        yield place, f"no desk {name}"
    if kind == "role" and not _filled(Role(name), entry, known.directory):
        yield place, f"no desk fills the role {name} while this is in force"


def _filled(role: Role, entry: Dated, directory: Directory) -> bool:
    """Whether some desk fills a role while a rule holds; a rule of a chapter that ended before there were desks needs none."""
    if entry.until is not None and all(entry.until <= d.from_ for d in directory.desks.values()):
        return True
    days = [entry.from_, *(d.from_ for d in directory.desks.values() if entry.in_force(d.from_))]
    return any(directory.desks_of_role(role, day) for day in days)


def _deadline(entry: RuleEntry, deadlines: Deadlines) -> Iterator[Wrong]:
    versions = [d for d in deadlines if d.id == entry.deadline]
    if not versions:
        yield ("deadline",), f"the calendar has no deadline {entry.deadline}"
        return
    days = sorted({entry.from_, *(d.until for d in versions if d.until is not None and entry.in_force(d.until))})
    gap: date | None = next((day for day in days if not any(d.applies(day) for d in versions)), None)
    if gap is not None:
        yield ("deadline",), f"deadline {entry.deadline} is not in force on {gap}"


def calendar_faults(deadlines: Deadlines) -> Iterator[Wrong]:
    """Deadlines that no duty names and the router needs all the same."""
    for needed in CLOCKS_OF_WORK:
        if not any(d.id == needed for d in deadlines):
            yield ("calendar",), f"has no deadline {needed}, by which pieces of work for people run"


def agencies_faults(data: Mapping[str, Any], directory: Directory, calendar: Calendar) -> Iterator[Wrong]:
    """Opening hours that the calendar does not have, and another time zone than its own."""
    if directory.time_zone != calendar.zone.key:
        yield ("partnership", "time_zone"), f"is {directory.time_zone}, and the calendar's is {calendar.zone.key}"
    for number, agency in enumerate(data["agency"]):
        for place, desk in enumerate(agency["desk"]):
            try:
                calendar.spells(desk["hours"])
            except CalendarError as error:
                yield ("agency", number, "desk", place, "hours"), str(error)


def agreement_faults(agreements: Sequence[Agreement]) -> Iterator[Fault]:
    """Two agreements of one id on one day, and policies that share an id: decisions are kept by these ids."""
    for one, other in combinations(agreements, 2):
        if one.id == other.id and overlap(one, other):
            yield Fault(other.file, 1, f"agreement “{other.id}” is in force on the same days as in {one.file}")
    seen: dict[str, str] = {}
    for agreement in agreements:
        for policy in agreement.policies:
            if policy.id in seen:
                yield Fault(agreement.file, policy.line, f"@id(“{policy.id}”) is taken by {seen[policy.id]}")
            seen.setdefault(policy.id, f"{agreement.file}:{policy.line}")


def mute(ask: EventType | None, directory: Directory, roles: frozenset[Role]) -> Iterator[str]:
    """Desks of these roles that are asked for a type of event which their agency may not publish."""
    for desk in directory.desks.values():
        if ask is not None and desk.by_role and desk.role in roles and ask not in directory.agency(desk.agency).publishes:
            yield f"asks {desk.id} for an {ask.value}, which its agency may not publish"


def missing_stand_ins(steps: Sequence[EscalateEntry], directory: Directory, roles: frozenset[Role]) -> Iterator[str]:
    """Desks of these roles that an escalation means by `deputy` or `manager` and that have none."""
    for step in steps:
        if step.to in {"deputy", "manager"}:
            for desk in directory.desks.values():
                if desk.role in roles and desk.by_role and getattr(desk, step.to) is None:
                    yield f"escalates to the {step.to} of {desk.id}, which has none"

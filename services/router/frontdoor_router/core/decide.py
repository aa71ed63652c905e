"""One decision: from an event and what is known, to everything that follows. Pure, apart from updating the world in memory."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from frontdoor_router.core.agreements import CannotDecideError
from frontdoor_router.core.candidates import Candidate, Owing, Search, applies, find_candidates, named_desks
from frontdoor_router.core.case import Case, Source
from frontdoor_router.core.clocks import replies_wanted, schedule
from frontdoor_router.core.decision import AuditEntry, Decision, Disclosure, Given, IdMaker, Involved, Obligation, Stage, Task, TaskKind
from frontdoor_router.core.derive import history
from frontdoor_router.core.duties import Duty, Expect, Expects
from frontdoor_router.core.effects import effects, resolve
from frontdoor_router.core.facting import DeskFacts
from frontdoor_router.core.identify import Key, KeyMaker, Mention, Unsure
from frontdoor_router.core.policy import DayPolicy
from frontdoor_router.core.project import Projection, project
from frontdoor_router.core.world import Earlier, Person, Told, World
from frontdoor_schemas.envelope import Ask, DeliveryKind, Envelope, Mark, Section
from frontdoor_schemas.topics import FAMILY
from frontdoor_schemas.vocabulary import EventType, Level, Role


@dataclass(frozen=True, slots=True)
class Arrived:
    """An event as it came off the bus, with its message put together and its people's keys worked out."""

    envelope: Envelope
    sections: Sequence[Section]
    message: Mapping[str, Any]
    mentions: tuple[Mention, ...]
    gateway: str


REVIEW_DEADLINE = "review-identity"
CANNOT_DECIDE_DEADLINE = "cannot-decide"
"""Deadlines that every calendar has: how long a piece of work may wait for a person."""


@dataclass(slots=True)
class _Draft:
    disclosures: list[Disclosure] = field(default_factory=list)
    obligations: list[Obligation] = field(default_factory=list)
    tasks: list[Task] = field(default_factory=list)
    audit: list[AuditEntry] = field(default_factory=list)


class Decider:
    """Decides events one after the other under one policy."""

    def __init__(self, *, policy: DayPolicy, ids: IdMaker, keys: KeyMaker, today: date) -> None:
        self._policy = policy
        self._ids = ids
        self._keys = keys
        self._today = today

    def decide(self, arrived: Arrived, world: World, now: datetime) -> tuple[Case, Decision]:
        """Decide one event; `world` then holds what it changed, for the next of the batch."""
        case, people = self._case(arrived, world, now)
        if case.envelope.type is EventType.withdrawal:
            return case, self._remember(case, self._withdraw(case))
        changed = effects(case, self._policy.directory)
        search = find_candidates(case, self._policy.duties(case.type), self._policy.directory, self._today)
        draft = _Draft()
        for candidate in search.candidates.values():
            self._consider(draft, case, candidate)
        self._work_for_people(draft, case, search)
        self._expected_replies(draft, case)
        missing = self._missing(draft, case)
        if missing:
            draft.disclosures = [_marked(d, Mark.incomplete) for d in draft.disclosures]
        corrected = self._withdraw(case) if case.envelope.type is EventType.correction else Decision()
        decision = Decision(
            involved=tuple(
                Involved(s.ref, s.person.id if s.person else None, s.identity.why.value if isinstance(s.identity, Unsure) else None)
                for s in case.subjects.values()
            ),
            people=people,
            ties=changed.ties,
            ended=changed.ended,
            entries=changed.entries,
            closed_entries=changed.closed,
            listed=changed.listed,
            disclosures=(*corrected.disclosures, *draft.disclosures),
            obligations=tuple(draft.obligations),
            met=tuple(self._answered(case)),
            withdrawn=corrected.withdrawn,
            withdrawn_event=corrected.withdrawn_event,
            tasks=tuple(draft.tasks),
            missing=missing,
            audit=(_summary(draft), *draft.audit, *corrected.audit),
        )
        return case, self._remember(case, decision)

    def _case(self, arrived: Arrived, world: World, now: datetime) -> tuple[Case, tuple[tuple[Person, tuple[Key, ...]], ...]]:
        envelope = arrived.envelope
        directory = self._policy.directory
        if envelope.source is None:
            raise ValueError("an event on its way in names its source desk")
        desk = directory.desk(envelope.source)
        found = resolve(envelope.id, arrived.message, arrived.mentions, world, self._ids, by_lead=directory.is_lead(desk.id))
        amends = arrived.message.get("amends")
        corrected = EventType(amends["type"]) if isinstance(amends, Mapping) and envelope.type is EventType.correction else envelope.type
        case = Case(
            envelope=envelope,
            type=corrected,
            sections=arrived.sections,
            message=arrived.message,
            source=Source(desk.id, desk.agency, desk.role),
            subjects=found.subjects,
            cause=world.events.get(envelope.cause) if envelope.cause else None,
            now=now,
            world=world,
        )
        return case, found.people

    def _consider(self, draft: _Draft, case: Case, candidate: Candidate) -> None:
        role = self._policy.directory.desk(candidate.desk).role
        facts = DeskFacts(case, candidate, role=role.value, no_school_lead=role is Role.no_school_lead)
        disclosure_id = self._ids("disclosure", case.trigger, case.envelope.id, candidate.desk)
        try:
            seen = project(case.sections, candidate=candidate, role=role, facts=facts, rules=self._policy.rules)
            seen = self._with_history(case, candidate, role, facts, seen)
        except CannotDecideError as error:
            draft.disclosures.append(Disclosure(disclosure_id, candidate.desk, None, candidate.purposes, reason="error"))
            self._task(draft, case, TaskKind.cannot_decide, "error", self._policy.directory.cannot_decide, ())
            draft.audit.append(AuditEntry("decision.failed", candidate.desk, {"error": type(error).__name__}))
            return
        if not seen.says_something:
            draft.disclosures.append(Disclosure(disclosure_id, candidate.desk, None, candidate.purposes, withheld=seen.withheld))
            if candidate.must_permit:
                self._task(draft, case, TaskKind.cannot_decide, "not-permitted", self._policy.directory.cannot_decide, ())
            return
        self._tell(draft, case, candidate, seen, disclosure_id)

    def _with_history(self, case: Case, candidate: Candidate, role: Role, facts: DeskFacts, seen: Projection) -> Projection:
        section = history(case, candidate.desk, seen.given, self._ids)
        if section is None:
            return seen
        more = project((section,), candidate=candidate, role=role, facts=facts, rules=self._policy.rules)
        return Projection(seen.given + more.given, seen.withheld + more.withheld)

    def _tell(self, draft: _Draft, case: Case, candidate: Candidate, seen: Projection, disclosure_id: UUID) -> None:
        owed = [o for owing in candidate.owing for o in self._obligations(case, candidate.desk, owing, disclosure_id)]
        marks = [Mark.identity_not_confirmed] if _about_somebody_unsure(case, seen.given) else []
        if case.envelope.type is EventType.correction:
            marks.append(Mark.corrects_an_earlier_event)
        draft.obligations += owed
        draft.disclosures.append(
            Disclosure(
                id=disclosure_id,
                desk=candidate.desk,
                kind=DeliveryKind.disclosure,
                purposes=candidate.purposes,
                given=seen.given,
                withheld=seen.withheld,
                marks=tuple(marks),
                ask=_ask(owed),
                visible=self._visible(case, candidate),
            )
        )

    def _visible(self, case: Case, candidate: Candidate) -> bool:
        """Whether the publisher may know that this desk was told (model §5)."""
        desk = self._policy.directory.desk(candidate.desk)
        return (
            candidate.desk in named_desks(case)
            or bool(candidate.stated)
            or desk.role is Role.front_door
            or desk.agency == case.source.agency
            or any(o.duty.shown_to_publisher for o in candidate.owing)
        )

    def _obligations(self, case: Case, desk: str, owing: Owing, disclosure_id: UUID) -> Iterator[Obligation]:
        duty = owing.duty
        due, stages = self._schedule(duty, case.now)
        for ref in owing.subjects or (None,):
            person = case.subjects[ref].person if ref else None
            yield Obligation(
                id=self._ids("obligation", case.envelope.id, duty.id, desk, ref),
                duty=duty.id,
                desk=desk,
                person=person.id if person else None,
                disclosure=disclosure_id,
                satisfied_by=duty.satisfied_by,
                due=due,
                stages=stages,
            )

    def _schedule(self, duty: Duty | Expects, start: datetime) -> tuple[datetime, tuple[Stage, ...]]:
        return schedule(
            deadlines=self._policy.deadlines,
            deadline=duty.deadline,
            start=start,
            calendar=self._policy.calendar,
            remind=duty.remind,
            escalate=[(e.at, e.to) for e in duty.escalate],
        )

    def _expected_replies(self, draft: _Draft, case: Case) -> None:
        """Duties that tell nobody: somebody owes a reply to this event."""
        for duty in self._policy.duties(case.type):
            if duty.expect is not None and applies(duty, case):
                due, stages = self._schedule(duty, case.now)
                for desk in self._owing_desks(case, duty.expect):
                    draft.obligations.append(
                        Obligation(
                            id=self._ids("obligation", case.envelope.id, duty.id, desk, None),
                            duty=duty.id,
                            desk=desk,
                            person=None,
                            disclosure=None,
                            satisfied_by=duty.satisfied_by,
                            due=due,
                            stages=stages,
                        )
                    )

    def _owing_desks(self, case: Case, expect: Expect) -> list[str]:
        match expect.by.partition(":"):
            case ("role", _, role):
                return [d.id for d in self._policy.directory.desks_of_role(Role(role), self._today)]
            case ("desk", _, desk):
                return [desk]
            case _:
                return [case.source.desk]

    def _work_for_people(self, draft: _Draft, case: Case, search: Search) -> None:
        """Whom nobody could identify, and duties that found no desk."""
        family = FAMILY[case.type]
        for why in dict.fromkeys(s.identity.why for s in case.unsure if isinstance(s.identity, Unsure)):
            refs = tuple(s.ref for s in case.unsure if isinstance(s.identity, Unsure) and s.identity.why is why)
            self._task(draft, case, TaskKind.identity, why.value, self._policy.directory.reviewer(family).id, refs)
        for unmet in search.unmet:
            refs = (unmet.subject,) if unmet.subject else ()
            self._task(draft, case, TaskKind.cannot_decide, f"no-desk:{unmet.duty.id}", self._policy.directory.cannot_decide, refs)

    def _task(self, draft: _Draft, case: Case, kind: TaskKind, reason: str, owner: str, refs: tuple[str, ...]) -> None:
        """Open a piece of work: kept, told to its owner without content, with a clock of its own. Each only once."""
        task = Task(self._ids("task", case.envelope.id, kind, reason, owner, *refs), kind, reason, owner, refs)
        if any(t.id == task.id for t in draft.tasks):
            return
        notice = Disclosure(self._ids("held", task.id), owner, DeliveryKind.held, ("work",), reason=reason.partition(":")[0])
        deadline = REVIEW_DEADLINE if kind is TaskKind.identity else CANNOT_DECIDE_DEADLINE
        due, stages = schedule(
            deadlines=self._policy.deadlines,
            deadline=deadline,
            start=case.now,
            calendar=self._policy.calendar,
            remind=(),
            escalate=(("+0m", "manager"),),
        )
        draft.tasks.append(task)
        draft.disclosures.append(notice)
        draft.obligations.append(
            Obligation(self._ids("obligation", task.id), deadline, owner, None, notice.id, ("acted",), due, stages),
        )

    def _missing(self, draft: _Draft, case: Case) -> tuple[str, ...]:
        """What the partnership expects of such an event and is not there: it flows, marked, and is owed by its source."""
        missing: list[str] = []
        for expected in self._policy.expectations(case.type):
            if expected.missing(case.message, source=case.source.role):
                missing.append(expected.field)
                notice = Disclosure(
                    self._ids("owed", case.envelope.id, expected.id),
                    case.source.desk,
                    DeliveryKind.owed,
                    ("completeness",),
                    reason=expected.field,
                )
                due, stages = self._schedule(expected, case.now)
                draft.disclosures.append(notice)
                draft.obligations.append(
                    Obligation(
                        self._ids("obligation", case.envelope.id, expected.id),
                        expected.id,
                        case.source.desk,
                        None,
                        notice.id,
                        ("reply:correction",),
                        due,
                        stages,
                    )
                )
        return tuple(missing)

    def _answered(self, case: Case) -> Iterator[tuple[UUID, str]]:
        """Obligations that this event meets, being the reply that they wait for."""
        if case.cause is None:
            return
        for owed in case.world.owed.get(case.cause.id, ()):
            if case.type.value in replies_wanted(owed.satisfied_by) and owed.desk.split(".")[0] == case.source.agency:
                yield owed.id, f"reply:{case.envelope.id}"

    def _withdraw(self, case: Case) -> Decision:
        """Take back what was told of the event that this one withdraws or corrects; who has it is told so, without content."""
        if case.cause is None:
            return Decision(audit=(AuditEntry("withdrawal.of_nothing", None, {}),))
        live = [t for t in case.cause.told if t.kind == DeliveryKind.disclosure.value and not t.withdrawn]
        return Decision(
            disclosures=tuple(self._withdrawal_notice(case, t) for t in live if t.level is not None),
            withdrawn=tuple(live),
            withdrawn_event=case.cause.id,
            audit=(AuditEntry("event.withdrawn", None, {"event": str(case.cause.id), "disclosures": len(live)}),),
        )

    def _withdrawal_notice(self, case: Case, told: Told) -> Disclosure:
        return withdrawal_notice(self._ids, told.id, told.desk)

    def _remember(self, case: Case, decision: Decision) -> Decision:
        """Put the event itself into the world, for those that follow in the batch."""
        told = tuple(Told(d.id, d.desk, d.kind.value, None) for d in decision.disclosures if d.kind is not None)
        world = case.world
        world.events[case.envelope.id] = Earlier(
            case.envelope.id, case.envelope.thread, case.type, case.source.desk, case.envelope.occurred_at, told
        )
        return decision


def withdrawal_notice(ids: IdMaker, disclosure: UUID, desk: str) -> Disclosure:
    """Tells a desk that what it has was withdrawn. The same for a desk that turns out later to have read it."""
    return Disclosure(
        ids("withdrawn", disclosure),
        desk,
        DeliveryKind.withdrawn,
        ("withdrawal",),
        refers_to=disclosure,
    )


def _about_somebody_unsure(case: Case, given: Iterable[Given]) -> bool:
    unsure = {s.ref for s in case.unsure}
    return any(unsure & set(g.section.subjects) for g in given)


_STRICTEST = (Level.received, Level.opened, Level.acted)


def _ask(owed: Sequence[Obligation]) -> Ask | None:
    """What the desk is asked for: the earliest due time, the highest level, a reply where one is wanted."""
    if not owed:
        return None
    first = min(owed, key=lambda o: o.due)
    levels = [lowest for o in owed if (lowest := next((x for x in _STRICTEST if x.value in o.satisfied_by), None))]
    replies = sorted({r for o in owed for r in replies_wanted(o.satisfied_by)})
    return Ask(
        level=max(levels, key=_STRICTEST.index) if levels else None,
        reply=EventType(replies[0]) if replies else None,
        due=first.due,
    )


def _marked(disclosure: Disclosure, mark: Mark) -> Disclosure:
    return replace(disclosure, marks=(*disclosure.marks, mark)) if disclosure.kind is DeliveryKind.disclosure else disclosure


def _summary(draft: _Draft) -> AuditEntry:
    told = [str(d.id) for d in draft.disclosures if d.kind is not None]
    return AuditEntry(
        "event.decided", None, {"told": told, "not_told": sum(d.kind is None for d in draft.disclosures), "tasks": len(draft.tasks)}
    )

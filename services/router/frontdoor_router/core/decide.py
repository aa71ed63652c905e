"""One decision: from an event and what is known, to everything that follows. Pure, apart from updating the world in memory."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from frontdoor_router.core.amending import may_amend, refuse, take_back
from frontdoor_router.core.answering import answer
from frontdoor_router.core.arriving import Arrived
from frontdoor_router.core.candidates import Unmet, find_candidates
from frontdoor_router.core.case import Case, Source
from frontdoor_router.core.closed_hours import duties_of
from frontdoor_router.core.completeness import find_missing, lacking
from frontdoor_router.core.decision import AuditEntry, Decision, Disclosure, IdMaker, Involved
from frontdoor_router.core.draft import Basis, Draft
from frontdoor_router.core.effects import Effects, Resolved, effects, resolve
from frontdoor_router.core.facting import CaseFacts
from frontdoor_router.core.owing import answered, expect_replies, owed_of
from frontdoor_router.core.past import complete_to_all
from frontdoor_router.core.pointers import Pointer, to_forget, to_keep
from frontdoor_router.core.policy import DayPolicy
from frontdoor_router.core.succeeding import Handover, Left, give_up, hand_over
from frontdoor_router.core.tasks import open_tasks, set_aside
from frontdoor_router.core.telling import consider
from frontdoor_router.core.world import Earlier, Told, World
from frontdoor_schemas.vocabulary import EventType

AMENDING = frozenset({EventType.correction, EventType.withdrawal})
"""Events that take back the event that they answer."""
NOBODY = Resolved({}, ())


class Decider:
    """Decides events one after the other under one policy."""

    def __init__(self, *, policy: DayPolicy, ids: IdMaker) -> None:
        self._basis = Basis(policy, ids)

    def decide(self, arrived: Arrived, world: World, now: datetime) -> tuple[Case, Decision]:
        """Decide one event; `world` then holds what it changed, for the next of the batch. After an error it is good for nothing."""
        source = self._source(arrived)
        cause = world.events.get(arrived.envelope.cause) if arrived.envelope.cause else None
        amends = arrived.envelope.type in AMENDING
        mine = not amends or cause is None or may_amend(self._basis, source, cause)
        people = self._resolved(arrived, world, source) if mine else NOBODY
        case = _case(arrived, source, people, world, now)
        draft, changed = Draft(), Effects()
        if not mine:
            refuse(draft, self._basis, case)
        else:
            draft.met += answered(self._basis, case)
            if amends:
                take_back(draft, self._basis, case)
            if arrived.envelope.type is not EventType.withdrawal:
                changed = self._work_out(draft, case)
            if arrived.asks:
                answer(draft, self._basis, case, arrived.pointers, arrived.standing)
        return case, self._remember(case, draft, _decision(case, draft, changed, people, arrived.pointers if mine else ()))

    def succeed(self, left: Left, arrived: Arrived | None, world: World, now: datetime) -> Handover:
        """What follows for one event that a desk which has ended has left undone; `arrived` is the event where something has content."""
        if left.heir is None:
            return give_up(self._basis, left, f"no-successor:{left.desk}", now)
        if arrived is None:
            return hand_over(self._basis, left, left.heir, now)
        source = self._source(arrived)
        case = _case(arrived, source, self._resolved(arrived, world, source), world, now)
        found = hand_over(self._basis, left, left.heir, now, case)
        found.involved = _involved(case)
        return found

    def cannot_succeed(self, left: Left, error: str, now: datetime) -> Handover:
        """What follows where that cannot be worked out for a fault here."""
        return give_up(self._basis, left, f"error:{error}:{left.desk}", now)

    def set_aside(self, event: UUID, reason: str, now: datetime) -> Draft:
        """What follows for an event that could not be decided."""
        return set_aside(self._basis, event, reason, now)

    def _source(self, arrived: Arrived) -> Source:
        if arrived.envelope.source is None:
            raise ValueError("an event on its way in names its source desk")
        desk = self._basis.policy.directory.desk(arrived.envelope.source)
        return Source(desk.id, desk.agency, desk.role)

    def _resolved(self, arrived: Arrived, world: World, source: Source) -> Resolved:
        by_lead = self._basis.policy.directory.is_lead(source.desk)
        return resolve(
            arrived.envelope.id,
            arrived.message,
            arrived.mentions,
            world.register,
            self._basis.ids,
            by_lead=by_lead,
            learns=not arrived.asks,
        )

    def _work_out(self, draft: Draft, case: Case) -> Effects:
        policy = self._basis.policy
        zone, asks = policy.calendar.zone, case.type is EventType.query
        changed = Effects() if asks else effects(case, policy.directory, policy.today, zone)  # to ask changes nothing
        search = find_candidates(case, duties_of(case, policy), policy.directory, policy.today)
        search.unmet = [unmet for unmet in search.unmet if self._holds(case, unmet)]
        draft.lacking = lacking(self._basis, case)
        shared = CaseFacts(case)
        for candidate in search.candidates.values():
            consider(draft, self._basis, shared, candidate)
        open_tasks(draft, self._basis, case, search)
        expect_replies(draft, self._basis, case)
        find_missing(draft, self._basis, case)
        return changed

    def _holds(self, case: Case, unmet: Unmet) -> bool:
        """Whether somebody would have had to be told: of a pattern, only if there is one by all that is known."""
        if unmet.duty.pattern is None:
            return True
        policy = self._basis.policy
        pattern = policy.pattern(unmet.duty.pattern)
        refs = [unmet.subject] if unmet.subject else [child.ref for child in case.children]
        return pattern is not None and any(complete_to_all(case, pattern, ref, policy.calendar.zone) for ref in refs)

    def _remember(self, case: Case, draft: Draft, decision: Decision) -> Decision:
        """Put the event itself into the world, for those that follow in the batch."""
        envelope = case.envelope
        case.world.events[envelope.id] = Earlier(
            envelope.id,
            envelope.thread,
            case.type,
            case.source.desk,
            case.happened_at,
            envelope.received_at,
            tuple(told(d, decision.involved) for d in draft.disclosures if d.kind is not None),
            envelope.cause,
            envelope.type is EventType.correction,
            withheld_from=case.withheld_from,
            marks=case.marks,
        )
        case.world.owed[envelope.id] = [owed_of(o, envelope.id) for o in draft.obligations]
        return decision


def _case(arrived: Arrived, source: Source, people: Resolved, world: World, now: datetime) -> Case:
    return Case(
        envelope=arrived.envelope,
        type=effective_type(arrived),
        sections=arrived.sections,
        message=arrived.message,
        source=source,
        subjects=people.subjects,
        cause=world.events.get(arrived.envelope.cause) if arrived.envelope.cause else None,
        now=now,
        world=world,
        was_protected=arrived.was_protected,
    )


def effective_type(arrived: Arrived) -> EventType:
    """The type of an event; of a correction, the type of the event that it puts in place."""
    amends = arrived.message.get("amends")
    if arrived.envelope.type is EventType.correction and isinstance(amends, Mapping):
        return EventType(amends["type"])
    return arrived.envelope.type


def told(disclosure: Disclosure, involved: Sequence[Involved]) -> Told:
    """A disclosure as those that follow see it, before anything is known of its fate."""
    people = {i.ref: i.person for i in involved}
    refs: set[str] = set()
    refs.update(*(g.section.subjects for g in disclosure.given))
    about = frozenset(p for ref in refs if (p := people.get(ref)))
    kind = disclosure.kind.value if disclosure.kind else ""
    return Told(disclosure.id, disclosure.desk, kind, about=about, said=disclosure.said)


def _decision(case: Case, draft: Draft, changed: Effects, people: Resolved, pointers: Sequence[Pointer]) -> Decision:
    return Decision(
        involved=(*_involved(case), *draft.involved),
        people=people.people,
        ties=changed.ties,
        ended=changed.ended,
        entries=changed.entries,
        closed_entries=changed.closed,
        opened_entries=changed.opened,
        listed=changed.listed,
        disclosures=tuple(draft.disclosures),
        obligations=tuple(draft.obligations),
        met=tuple(draft.met),
        withdrawn=tuple(draft.withdrawn),
        withdrawn_events=tuple(draft.withdrawn_events),
        tasks=tuple(draft.tasks),
        missing=tuple(draft.missing),
        pointers=to_keep(case, pointers),
        forgotten=to_forget(case, pointers),
        audit=(_summary(draft), *draft.audit),
    )


def _involved(case: Case) -> tuple[Involved, ...]:
    beside = {child.ref for child in case.children} - {child.ref for child in case.children_meant}
    return tuple(Involved(s.ref, s.person.id if s.person else None, s.why_held, s.ref not in beside) for s in case.subjects.values())


def _summary(draft: Draft) -> AuditEntry:
    told_to = [str(d.id) for d in draft.disclosures if d.kind is not None]
    not_told = sum(d.kind is None for d in draft.disclosures)
    return AuditEntry("event.decided", None, {"told": told_to, "not_told": not_told, "tasks": len(draft.tasks)})

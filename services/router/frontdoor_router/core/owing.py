"""Obligations: who owes what by when, and which of them an event answers."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from frontdoor_chassis.directory import Directory
from frontdoor_router.core.candidates import OWNED, Candidate, Owing, applies
from frontdoor_router.core.case import Case
from frontdoor_router.core.clocks import replies_wanted
from frontdoor_router.core.closed_hours import duties_of
from frontdoor_router.core.decision import Obligation
from frontdoor_router.core.draft import Basis, Draft
from frontdoor_router.core.duties import Duty, Expect
from frontdoor_router.core.showing import NOBODY, hidden_from
from frontdoor_router.core.tasks import cannot_decide
from frontdoor_router.core.world import Owed
from frontdoor_schemas.envelope import Ask, DeliveryKind
from frontdoor_schemas.events import MODELS
from frontdoor_schemas.vocabulary import EventType, Level, Role

COLLECT = "collect"
COLLECT_WITHIN = timedelta(hours=24)
"""For what no duty asks for: a deadline of that name in the calendar, or a day. Nothing lies uncollected without somebody being told."""


FOR_ALL = frozenset(reply for reply, model in MODELS.items() if model.answers_for_all)
"""Replies that are about everybody, whomever they name: whether somebody comes to the one meeting."""


def of_duty(
    basis: Basis, case: Case, candidate: Candidate, owing: Owing, disclosure: UUID, subjects: Sequence[str]
) -> Iterator[Obligation]:
    """What a desk owes under a duty: once for each person it was told about, or once for the event."""
    duty = owing.duty
    due, stages = basis.clock_of(duty, _said_to(duty, case, candidate), case.now)
    directory, today = basis.policy.directory, basis.policy.today
    for ref in subjects or (None,):
        person = case.subjects[ref].person if ref else None
        yield Obligation(
            id=basis.ids("obligation", case.envelope.id, duty.id, candidate.desk, ref),
            duty=duty.id,
            desk=candidate.desk,
            person=person.id if person else None,
            disclosure=disclosure,
            satisfied_by=duty.satisfied_by,
            due=due,
            stages=stages,
            hidden_from=hidden_from(case, duty.relation, ref, candidate.acts_for, directory, today),
            of_child=_is_child(case, ref),
        )


def replies_about(duty: Duty, case: Case) -> tuple[str, ...]:
    """The children for each of whom a duty on the event as a whole asks for a reply; none where one reply is for all."""
    children = case.children_meant if duty.each_child else ()
    meant = [child for child in children if not duty.names_another or case.names_first(child)]
    return tuple(child.ref for child in meant if duty.about(case.message, case.blocks[child.ref]))


def _is_child(case: Case, ref: str | None) -> bool:
    return ref is not None and case.subjects[ref].mention.kind == "child"


def _said_to(duty: Duty, case: Case, candidate: Candidate) -> Mapping[str, Any]:
    """The message; for the owner of an action, with its own actions alone: the day of another's binds it to nothing.

    An action of a desk that has ended is its successor's own.
    """
    if duty.relation != "owners":
        return case.message
    own = {name: [one for one in case.message.get(name, ()) if one.get("owner") in candidate.acts_for] for name in OWNED}
    return {**case.message, **own}


def to_collect(basis: Basis, case: Case, desk: str, disclosure: UUID) -> Obligation:
    """What was told without a duty has to be collected all the same."""
    due, stages = basis.clock_within(COLLECT, COLLECT_WITHIN, case.now)
    obligation = basis.ids("obligation", COLLECT, disclosure)
    return Obligation(obligation, COLLECT, desk, None, disclosure, (Level.received.value, "told_by_telephone"), due, stages)


def expect_replies(draft: Draft, basis: Basis, case: Case) -> None:
    """Duties that tell nobody: somebody owes a reply to this event."""
    for duty in duties_of(case, basis.policy):
        if duty.expect is not None and applies(duty, case, basis.policy.directory, basis.policy.today):
            to_those_told = duty.expect.by == "told"
            owing = _told_by_duty(draft) if to_those_told else dict.fromkeys(_owing_desks(basis, case, duty.expect))
            hidden = _hidden(draft) if to_those_told and case.withholds_ties else {}
            for desk, told in owing.items():
                draft.obligations += _replies(basis, case, duty, desk, told, hidden.get(desk, NOBODY))
            if not owing and not to_those_told:
                cannot_decide(draft, basis, event=case.envelope.id, reason=f"no-desk:{duty.id}", start=case.now)


def _told_by_duty(draft: Draft) -> dict[str, UUID | None]:
    """Desks that a duty told of the event, each with its disclosure."""
    return {o.desk: o.disclosure for o in _for_being_told(draft)}


def _for_being_told(draft: Draft) -> list[Obligation]:
    """What desks owe because a duty told them of the event. Who was given work on it was not told of it."""
    told = {d.id for d in draft.disclosures if d.kind is DeliveryKind.disclosure}
    return [o for o in draft.obligations if o.disclosure in told and o.duty != COLLECT]


def _hidden(draft: Draft) -> dict[str, frozenset[str]]:
    """By desk, from whom it is kept that a duty found it; from nobody, where any duty found it for all to see."""
    found: dict[str, list[frozenset[str]]] = {}
    for owed in _for_being_told(draft):
        found.setdefault(owed.desk, []).append(owed.hidden_from)
    return {desk: NOBODY.union(*wishes) for desk, wishes in found.items() if all(wishes)}


def _replies(basis: Basis, case: Case, duty: Duty, desk: str, disclosure: UUID | None, hidden: frozenset[str]) -> Iterator[Obligation]:
    due, stages = basis.clock_of(duty, case.message, case.now)
    for ref in replies_about(duty, case) or (None,):
        obligation = basis.ids("obligation", case.envelope.id, duty.id, desk, ref)
        person = case.subjects[ref].person if ref else None
        yield Obligation(
            obligation,
            duty.id,
            desk,
            person.id if person else None,
            disclosure,
            duty.satisfied_by,
            due,
            stages,
            hidden,
            of_child=_is_child(case, ref),
        )


def _owing_desks(basis: Basis, case: Case, expect: Expect) -> list[str]:
    directory, today = basis.policy.directory, basis.policy.today
    match expect.by.partition(":"):
        case ("role", _, role):
            return [d.id for d in directory.desks_of_role(Role(role), today)]
        case ("desk", _, desk):
            acting = directory.acting(desk, today)
            return [acting.id] if acting else []
        case _:
            return [case.source.desk]


def owed_of(obligation: Obligation, event: UUID) -> Owed:
    """What a reply has to know of an obligation."""
    o = obligation
    return Owed(o.id, event, o.desk, o.satisfied_by, o.person, asked=o.disclosure is not None, of_child=o.of_child)


def answered(basis: Basis, case: Case) -> Iterator[UUID]:
    """Obligations that this event meets, being the reply that they wait for: to the event that it answers or to another version of it.

    What is owed about one person is met by a reply about that person. Where a reply names nobody who is known, it counts for all, and
    where it names no child, for all children.
    """
    said = {case.type.value, case.envelope.type.value}
    people = {s.person.id for s in (*case.children_meant, *case.adults) if s.person}
    of_all = case.type in FOR_ALL or not any(s.person for s in case.subjects.values())
    may = partial(may_answer, case.source.desk, directory=basis.policy.directory, today=basis.policy.today)
    for event in {e.id for e in (case.cause, case.answers) if e}:
        for version in case.world.versions(event):
            for owed in case.world.owed.get(version.id, ()):
                about = of_all or owed.person in people or owed.person is None or (owed.of_child and not case.children)
                if about and not said.isdisjoint(replies_wanted(owed.satisfied_by)) and may(owed.desk, asked=owed.asked):
                    yield owed.id


def may_answer(source: str, desk: str, directory: Directory, today: date, *, asked: bool) -> bool:
    """Whether one desk may give the reply that another owes.

    A desk that was asked answers itself, or who stands in for it, manages it or has its work: another service of the same agency knows
    other things (decision 7). What no desk in particular was asked for, anybody of the agency may do. A reply that a desk gave before its
    end and that comes after it is that of the desk that has its work now.
    """
    speaking = {d.id: d for d in (directory.find(source), directory.acting(source, today)) if d}
    if not asked:
        return any(directory.speaks_for(d.agency, desk, today) for d in speaking.values())
    owing = directory.acting(desk, today) or directory.find(desk)  # none where the pack has it no longer
    return not speaking.keys().isdisjoint({desk, owing.id, owing.deputy, owing.manager} if owing else {desk})


_LEVELS = (Level.received, Level.opened, Level.acted)


def ask_of(owed: Iterable[Obligation]) -> Ask | None:
    """What a desk is asked for: the earliest due time, the highest level, and of the replies that are wanted, the first that the
    duty which is due first names."""
    asked = [o for o in owed if o.duty != COLLECT]
    if not asked:
        return None
    levels = [lowest for o in asked if (lowest := next((x for x in _LEVELS if x.value in o.satisfied_by), None))]
    replies = [(o.due, wanted[0]) for o in asked if (wanted := replies_wanted(o.satisfied_by))]
    return Ask(
        level=max(levels, key=_LEVELS.index) if levels else None,
        reply=EventType(min(replies)[1]) if replies else None,
        due=min(o.due for o in asked),
    )

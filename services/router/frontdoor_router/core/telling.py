"""Tells one desk, or decides not to: which sections, what it owes for them, what a person has to see to."""

from collections.abc import Iterable
from uuid import UUID

from frontdoor_router.core.agreements import CannotDecideError
from frontdoor_router.core.candidates import ONLY_AS_PERMITTED, Candidate, Owing, named_desks
from frontdoor_router.core.case import Case, withheld
from frontdoor_router.core.decision import AuditEntry, Disclosure, Given, Obligation, Withheld
from frontdoor_router.core.derive import history
from frontdoor_router.core.draft import Basis, Draft
from frontdoor_router.core.facting import CaseFacts, DeskFacts, Kinds
from frontdoor_router.core.owing import ask_of, of_duty, to_collect
from frontdoor_router.core.project import Projection, project
from frontdoor_router.core.tasks import cannot_decide
from frontdoor_schemas.envelope import DeliveryKind, Mark
from frontdoor_schemas.vocabulary import Answer, Category, EventType, Role

BY_AUTHOR = "(withheld by the author)"
"""Stands among the policies against a section that the author keeps from a desk, whatever the agreements say."""


def consider(draft: Draft, basis: Basis, shared: CaseFacts, candidate: Candidate) -> None:
    """Ask the agreements what a candidate may see, and tell it; what it is not told is kept too."""
    case = shared.case
    disclosure = basis.ids("disclosure", case.trigger, case.envelope.id, candidate.desk)
    try:
        seen = _seen(basis, shared, candidate)
    except CannotDecideError as error:
        draft.disclosures.append(Disclosure(disclosure, candidate.desk, None, candidate.purposes, reason="error"))
        draft.audit.append(AuditEntry("decision.failed", candidate.desk, {"error": type(error).__name__}))
        cannot_decide(draft, basis, event=case.envelope.id, reason="error", start=case.now)
        return
    if not seen.says_something:
        draft.disclosures.append(Disclosure(disclosure, candidate.desk, None, candidate.purposes, withheld=seen.withheld))
        if candidate.must_permit:
            cannot_decide(draft, basis, event=case.envelope.id, reason="not-permitted", start=case.now)
        return
    _tell(draft, basis, case, candidate, seen, disclosure)


def _seen(basis: Basis, shared: CaseFacts, candidate: Candidate) -> Projection:
    case = shared.case
    desk = basis.policy.directory.desk(candidate.desk)
    role = desk.role
    facts = DeskFacts(shared, candidate, role=role.value, no_school_lead=Role.no_school_lead in desk.roles)
    rules = basis.policy.rules
    seen = project(shared.sections, candidate=candidate, role=role, facts=facts, rules=rules)
    derived = history(case, candidate.desk, seen.given, basis.ids, basis.policy.calendar.zone)
    if derived is not None:
        more = project(Kinds.of((derived,)), candidate=candidate, role=role, facts=facts, rules=rules)
        seen = Projection(seen.given + tuple(g._replace(made=True) for g in more.given), seen.withheld + more.withheld)
    return _without_anything(seen) if withheld(case, candidate.desk) else seen


def _without_anything(seen: Projection) -> Projection:
    """The author's word is absolute: no agreement of any pack gives what is withheld."""
    kept_back = (Withheld(g.section.category.value, g.section.subjects, (BY_AUTHOR,)) for g in seen.given)
    return Projection((), (*seen.withheld, *kept_back))


def _tell(draft: Draft, basis: Basis, case: Case, candidate: Candidate, seen: Projection, disclosure: UUID) -> None:
    about = {ref for g in seen.given if g.section.category is not Category.case_reference for ref in g.section.subjects}
    owed = [o for owing in candidate.owing for o in _owed(draft, basis, case, candidate.desk, owing, disclosure, about)]
    draft.obligations += owed or [to_collect(basis, case, candidate.desk, disclosure)]
    draft.disclosures.append(
        Disclosure(
            id=disclosure,
            desk=candidate.desk,
            kind=DeliveryKind.disclosure,
            purposes=candidate.purposes,
            given=seen.given,
            withheld=seen.withheld,
            marks=tuple(_marks(case, seen.given)),
            ask=ask_of(owed),
            visible=_visible(basis, case, candidate),
        )
    )


def _owed(draft: Draft, basis: Basis, case: Case, desk: str, owing: Owing, disclosure: UUID, about: set[str]) -> Iterable[Obligation]:
    """A duty about several people may be permitted for some of them: for the others a person has to see why."""
    told = [ref for ref in owing.subjects if ref in about]
    untold = [ref for ref in owing.subjects if ref not in about]
    if untold and owing.duty.relation not in ONLY_AS_PERMITTED:
        cannot_decide(draft, basis, event=case.envelope.id, reason="not-permitted", start=case.now, refs=untold)
    return of_duty(basis, case, desk, owing, disclosure, told) if told or not owing.subjects else ()


def _marks(case: Case, given: Iterable[Given]) -> Iterable[Mark]:
    unsure = {s.ref for s in case.unsure}
    if any(unsure & set(g.section.subjects) for g in given):
        yield Mark.identity_not_confirmed
    if case.envelope.type is EventType.correction:
        yield Mark.corrects_an_earlier_event


def _visible(basis: Basis, case: Case, candidate: Candidate) -> bool:
    """Whether the publisher may know that this desk was told (model §5). In a protected case a school's name locates a family."""
    desk = basis.policy.directory.desk(candidate.desk)
    if candidate.desk in named_desks(case) or candidate.stated or desk.role is Role.front_door or desk.agency == case.source.agency:
        return True
    protected = any(s.protected is Answer.yes for s in case.subjects.values())
    return not protected and any(o.duty.shown_to_publisher for o in candidate.owing)

"""Tells one desk, or decides not to: which sections, what it owes for them, what a person has to see to."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from frontdoor_router.core.agreements import CannotDecideError
from frontdoor_router.core.candidates import ONLY_AS_PERMITTED, Candidate, Owing
from frontdoor_router.core.case import Case, withheld
from frontdoor_router.core.chronicle import said_to
from frontdoor_router.core.decision import AuditEntry, Disclosure, Given, Obligation, Withheld
from frontdoor_router.core.derive import View, answers_for, made, proposed_to, told_with
from frontdoor_router.core.draft import Basis, Draft
from frontdoor_router.core.duties import Expects
from frontdoor_router.core.facting import CaseFacts, DeskFacts, Kinds
from frontdoor_router.core.flags import flags_for
from frontdoor_router.core.inheriting import as_others_could_have, by_itself, facts_of, not_inherited, places
from frontdoor_router.core.owing import ask_of, of_duty, replies_about, to_collect
from frontdoor_router.core.past import Completed, Past, Reader, narrowed
from frontdoor_router.core.project import Projection, project
from frontdoor_router.core.showing import hidden_from, hides
from frontdoor_router.core.tasks import cannot_decide
from frontdoor_schemas.envelope import DeliveryKind, Mark, Section
from frontdoor_schemas.vocabulary import Category, EventType, Role

NOTHING = Projection((), ())

BY_AUTHOR = "(withheld by the author)"
"""Stands among the policies against a section that the author keeps from a desk, whatever the agreements say."""


def consider(draft: Draft, basis: Basis, shared: CaseFacts, candidate: Candidate) -> None:
    """Ask the agreements what a candidate may see, and tell it; what it is not told is kept too."""
    case = shared.case
    disclosure = basis.ids("disclosure", case.trigger, case.envelope.id, candidate.desk)
    try:
        facts = facts_of(basis, shared, candidate)
        role = basis.policy.directory.desk(candidate.desk).role.value
        reader = Reader(role, candidate.histories, facts, basis.policy.rules)
        past = Past(case, candidate, reader=reader, directory=basis.policy.directory, places=places(basis, shared, candidate))
        holding, met = _holding(basis, case, candidate, past)
        seen = _seen(basis, shared, holding, facts, past, met, draft.lacking) if holding.purposes else None
    except CannotDecideError as error:
        draft.disclosures.append(Disclosure(disclosure, candidate.desk, None, candidate.purposes, reason="error"))
        draft.audit.append(AuditEntry("decision.failed", candidate.desk, {"error": type(error).__name__}))
        cannot_decide(draft, basis, event=case.envelope.id, reason="error", start=case.now)
        return
    if seen is None:
        return  # it comes into question only if a pattern is complete, and to this desk none is
    candidate = holding
    held_back = not_inherited(seen)
    if held_back is not None:
        cannot_decide(draft, basis, event=case.envelope.id, reason=f"not-inherited:{candidate.desk}", start=case.now, refs=held_back)
    if not seen.says_something:
        draft.disclosures.append(Disclosure(disclosure, candidate.desk, None, candidate.purposes, withheld=seen.withheld))
        if candidate.must_permit and held_back is None:
            cannot_decide(draft, basis, event=case.envelope.id, reason="not-permitted", start=case.now)
        return
    _tell(draft, basis, case, candidate, seen, disclosure)


def _holding(basis: Basis, case: Case, candidate: Candidate, past: Past) -> tuple[Candidate, tuple[Completed, ...]]:
    """The duties that hold for a desk: those without a pattern, and those whose pattern the event completes by what the desk may know."""
    if not any(o.duty.pattern for o in candidate.owing):
        return candidate, ()
    met: list[Completed] = []
    kept: list[tuple[str, tuple[str, ...]]] = []
    for owing in candidate.owing:
        found = _completed(basis, case, owing, past)
        met += found
        subjects = tuple(dict.fromkeys(m.ref for m in found)) if owing.subjects and owing.duty.pattern else owing.subjects
        if found or not owing.duty.pattern:
            kept.append((owing.duty.id, subjects))
    return narrowed(candidate, kept), tuple(dict.fromkeys(met))


def _completed(basis: Basis, case: Case, owing: Owing, past: Past) -> list[Completed]:
    pattern = basis.policy.pattern(owing.duty.pattern) if owing.duty.pattern else None
    if pattern is None:
        return []
    zone = basis.policy.calendar.zone
    refs = owing.subjects or tuple(child.ref for child in case.children)
    return [met for ref in refs if (met := past.completed(pattern, ref, zone)) is not None]


def _seen(
    basis: Basis,
    shared: CaseFacts,
    candidate: Candidate,
    facts: DeskFacts,
    past: Past,
    met: tuple[Completed, ...],
    lacking: Sequence[Expects],
) -> Projection:
    case, rules = shared.case, basis.policy.rules
    role = basis.policy.directory.desk(candidate.desk).role
    seen = project(shared.sections, purposes=candidate.purposes, role=role, facts=facts, rules=rules)
    seen = as_others_could_have(basis, shared, candidate, seen)

    def computed(given: Sequence[Given]) -> Projection:
        children = sorted({s for g in given if g.section.category is Category.child_identity for s in g.section.subjects})
        lines = tuple(sorted((line for ref in children for line in past.of(ref)), key=lambda line: line.entry.occurred_at))
        view = View(case, lines, given, lacking, basis.policy.calendar.zone)
        derived = tuple(_derived(basis, view, candidate, children, past, met))
        found = project(Kinds.of(derived), purposes=candidate.purposes, role=role, facts=facts, rules=rules) if derived else NOTHING
        return as_others_could_have(basis, shared, candidate, found)

    more = computed(seen.given)
    if not_inherited(more) is not None:  # about children of several desks at once: then about those whom it sees by itself
        more = Projection(computed(by_itself(basis, shared, candidate, seen.given)).given, more.withheld)
    if more.given or more.withheld:
        seen = Projection(seen.given + tuple([Given(g.section, g.policies, made=True) for g in more.given]), seen.withheld + more.withheld)
    return _without_anything(seen) if withheld(case, *candidate.acts_for) else seen


def _derived(
    basis: Basis, view: View, candidate: Candidate, seen: Sequence[str], past: Past, met: tuple[Completed, ...]
) -> Iterable[Section]:
    """What is computed for this desk: whom services know, whom to invite, and about the children whom it sees what came before."""
    yield from answers_for(view.case, candidate, basis.policy.directory, basis.ids, view.zone)
    yield from proposed_to(view.case, candidate, basis.policy.directory, basis.ids, basis.policy.today)
    if seen:
        yield from made(view, seen, basis.ids, candidate.desk)
        if candidate.flags:
            yield from flags_for(view.case, candidate, {ref: past.of(ref) for ref in seen}, basis.ids)
        if met or candidate.histories:
            yield from told_with(view.case, candidate.desk, past, seen, met, basis.ids, view.zone)


def _without_anything(seen: Projection) -> Projection:
    """The author's word is absolute: no agreement of any pack gives what is withheld."""
    kept_back = (Withheld(g.section.category.value, g.section.subjects, (BY_AUTHOR,)) for g in seen.given)
    return Projection((), (*seen.withheld, *kept_back))


def _tell(draft: Draft, basis: Basis, case: Case, candidate: Candidate, seen: Projection, disclosure: UUID) -> None:
    about = {ref for g in seen.given if g.section.category is not Category.case_reference for ref in g.section.subjects}
    owed = [o for owing in candidate.owing for o in _owed(draft, basis, case, candidate, owing, disclosure, about)]
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
            cause=case.cause_for(candidate.desk),
            visible=_visible(basis, case, candidate),
            said=said_to([g.section for g in seen.given], (c for o in candidate.owing for c in o.duty.if_), case.marked),
        )
    )


def _owed(
    draft: Draft, basis: Basis, case: Case, candidate: Candidate, owing: Owing, disclosure: UUID, about: set[str]
) -> Iterable[Obligation]:
    """A duty about several people may be permitted for some of them: for the others a person has to see why."""
    subjects = owing.subjects or replies_about(owing.duty, case)
    told = [ref for ref in subjects if ref in about]
    untold = [ref for ref in subjects if ref not in about]
    if untold and owing.duty.relation not in ONLY_AS_PERMITTED:
        cannot_decide(draft, basis, event=case.envelope.id, reason="not-permitted", start=case.now, refs=untold)
    return of_duty(basis, case, candidate, owing, disclosure, told) if told or not owing.subjects else ()


def _marks(case: Case, given: Iterable[Given]) -> Iterable[Mark]:
    unsure = {s.ref for s in case.unsure}
    if unsure and any(unsure & set(g.section.subjects) for g in given):
        yield Mark.identity_not_confirmed
    if case.envelope.type is EventType.correction:
        yield Mark.corrects_an_earlier_event


def _visible(basis: Basis, case: Case, candidate: Candidate) -> bool:
    """Whether the publisher may know that this desk was told (model §5). In a protected case a school's name locates a family.

    Who asks is not shown whom the exchange tells of the question: that would be half an answer.
    """
    if candidate.named or case.type is EventType.query:
        return candidate.named
    openly = [owing for owing in candidate.owing if not _found_in_secret(basis, case, candidate, owing)]
    if not openly and not candidate.review:
        return False
    desk = basis.policy.directory.desk(candidate.desk)
    if candidate.stated or desk.role is Role.front_door or desk.agency == case.source.agency:
        return True
    return not case.protected and any(owing.duty.shown_to_publisher for owing in openly)


def _found_in_secret(basis: Basis, case: Case, candidate: Candidate, owing: Owing) -> bool:
    """Whether a duty finds the desk only by relations that are withheld from the publisher."""
    if not case.withholds_ties:
        return False
    directory, today = basis.policy.directory, basis.policy.today
    publisher = (case.source.desk, *(d.id for d in directory.predecessors(case.source.desk, today)))
    relation, desks, refs = owing.duty.relation, candidate.acts_for, owing.subjects or (None,)
    return all(hides(hidden_from(case, relation, ref, desks, directory, today), publisher) for ref in refs)

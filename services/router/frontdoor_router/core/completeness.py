"""What the partnership expects of an event and is not there: it flows at once, marked, and is owed by its source."""

from dataclasses import replace

from frontdoor_router.core.case import Case
from frontdoor_router.core.decision import Disclosure, Obligation
from frontdoor_router.core.draft import Basis, Draft
from frontdoor_router.core.duties import Expects
from frontdoor_schemas.envelope import DeliveryKind, Mark
from frontdoor_schemas.vocabulary import EventType


def lacking(basis: Basis, case: Case) -> tuple[Expects, ...]:
    """What the partnership expects of an event and is not there."""
    return tuple(e for e in basis.policy.expectations(case.type) if e.missing(case.message, source=case.source.role))


def find_missing(draft: Draft, basis: Basis, case: Case) -> None:
    """Ask the source for what is missing, and mark what everybody else was told."""
    for expected in draft.lacking:
        _owe(draft, basis, case, expected)
    if draft.missing:
        draft.disclosures = [_marked(d) for d in draft.disclosures]


def _owe(draft: Draft, basis: Basis, case: Case, expected: Expects) -> None:
    desk, event = case.source.desk, case.envelope.id
    notice = Disclosure(
        basis.ids("owed", event, expected.id),
        desk,
        DeliveryKind.owed,
        ("completeness",),
        reason=expected.field,
        missing=(expected.field,),
    )
    due, stages = basis.clock_of(expected, case.message, case.now)
    satisfied_by = (f"reply:{EventType.correction.value}",)
    draft.disclosures.append(notice)
    draft.obligations.append(
        Obligation(basis.ids("obligation", event, expected.id), expected.id, desk, None, notice.id, satisfied_by, due, stages)
    )
    if expected.field not in draft.missing:
        draft.missing.append(expected.field)


def _marked(disclosure: Disclosure) -> Disclosure:
    return replace(disclosure, marks=(*disclosure.marks, Mark.incomplete)) if disclosure.kind is DeliveryKind.disclosure else disclosure

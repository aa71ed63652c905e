"""Withdrawal and correction: what was told of an event is taken back; who has it already is told so, without content."""

from collections.abc import Collection
from datetime import date

from frontdoor_chassis.directory import Directory
from frontdoor_router.core.case import Case, Source, keeps_from
from frontdoor_router.core.decision import AuditEntry, Disclosure, IdMaker
from frontdoor_router.core.draft import Basis, Draft
from frontdoor_router.core.owing import to_collect
from frontdoor_router.core.tasks import cannot_decide
from frontdoor_router.core.world import Earlier, Told
from frontdoor_schemas.envelope import DeliveryKind

WITH_CONTENT = frozenset({DeliveryKind.disclosure.value, DeliveryKind.overdue.value, DeliveryKind.answer.value})
"""What a desk may hold of an event: its own disclosure, that of the desk for which it stands in, or the answer to its question."""


def kept_from_heir(heir: str, was: str, directory: Directory, today: date, withheld_from: Collection[str]) -> bool:
    """Whether a desk may not have in another's place what that one was told: its author withheld it from the heir, or from another such."""
    desks = (heir, *(d.id for d in directory.predecessors(heir, today)))
    return heir != was and any(keeps_from(withheld_from, desk) for desk in desks)


def may_amend(basis: Basis, source: Source, event: Earlier) -> bool:
    """An event is its sender's to take back, or whoever's has the sender's work, and nobody else's."""
    return basis.policy.directory.speaks_for(source.agency, event.source, basis.policy.today)


def refuse(draft: Draft, basis: Basis, case: Case) -> None:
    """Nothing of it is decided: a person sees to it."""
    draft.audit.append(AuditEntry("amendment.refused", case.source.desk, {"event": str(case.envelope.cause)}))
    cannot_decide(draft, basis, event=case.envelope.id, reason="not-its-own", start=case.now)


def take_back(draft: Draft, basis: Basis, case: Case) -> None:
    """Take back the event that this one answers, what has corrected it, and any other version that still stands."""
    versions = case.world.versions(case.cause.id) if case.cause else []
    answered = {case.envelope.cause}
    for version in versions:
        if version.corrects and version.cause in answered:
            answered.add(version.id)
        if (version.id in answered or not version.withdrawn) and may_amend(basis, case.source, version):
            _withdraw(draft, basis, case, version)
    if not versions:
        draft.audit.append(AuditEntry("amendment.of_nothing", None, {}))


def _withdraw(draft: Draft, basis: Basis, case: Case, event: Earlier) -> None:
    live = [t for t in event.told if t.kind in WITH_CONTENT and not t.withdrawn]
    kept_from, directory, today = event.withheld_from, basis.policy.directory, basis.policy.today
    notices = [withdrawal_notice(basis.ids, t, directory, today, kept_from) for t in live if t.has_it]
    draft.disclosures += notices
    draft.obligations += [to_collect(basis, case, n.desk, n.id) for n in notices]
    draft.withdrawn += live
    draft.withdrawn_events.append(event.id)
    draft.audit.append(AuditEntry("event.withdrawn", None, {"event": str(event.id), "disclosures": len(live)}))
    case.world.take_back(event.id, case.now)


def withdrawal_notice(ids: IdMaker, told: Told, directory: Directory, today: date, withheld_from: Collection[str]) -> Disclosure:
    """Tells a desk that what it has was withdrawn, or the desk that has its files now. The same for one that turns out later to have it.

    A successor from whom what was said is withheld is not told that it was withdrawn: the notice is the ended desk's, and what that one
    leaves undone becomes work for a person.
    """
    acting = directory.acting(told.desk, today)
    desk = acting.id if acting and not kept_from_heir(acting.id, told.desk, directory, today, withheld_from) else told.desk
    return Disclosure(ids("withdrawn", told.id), desk, DeliveryKind.withdrawn, ("withdrawal",), refers_to=told.id)

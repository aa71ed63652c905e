"""Pieces of work for a person: kept, told to the owning desk without content, with a clock of their own."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from frontdoor_router.core.candidates import Owing, Search
from frontdoor_router.core.case import Case, withheld
from frontdoor_router.core.decision import AuditEntry, Disclosure, Obligation, Task, TaskKind
from frontdoor_router.core.draft import Basis, Clockwork, Draft
from frontdoor_schemas.envelope import DeliveryKind
from frontdoor_schemas.topics import FAMILY

DEADLINES = {TaskKind.identity: ("review-identity", timedelta(hours=4)), TaskKind.cannot_decide: ("cannot-decide", timedelta(hours=2))}
"""How long a piece of work may wait for a person: a deadline of the calendar, or a time where it has none of that name."""


def open_task(
    draft: Draft, basis: Basis, *, event: UUID, kind: TaskKind, reason: str, owner: str, start: datetime, refs: Iterable[str] = ()
) -> None:
    """Open a piece of work that has a clock of its own. The same one again changes nothing."""
    deadline, otherwise = DEADLINES[kind]
    clock = basis.clock_within(deadline, otherwise, start)
    _open(draft, basis, event=event, kind=kind, reason=reason, owner=owner, refs=refs, owed=deadline, clock=clock)


def _open(
    draft: Draft, basis: Basis, *, event: UUID, kind: TaskKind, reason: str, owner: str, refs: Iterable[str], owed: str, clock: Clockwork
) -> None:
    task_id = basis.ids("task", event, kind, reason, owner, *refs)
    if any(t.id == task_id for t in draft.tasks):
        return
    notice = Disclosure(basis.ids("held", task_id), owner, DeliveryKind.held, ("work",), reason=reason.partition(":")[0])
    draft.tasks.append(Task(task_id, kind, reason, owner, notice.id, tuple(refs)))
    draft.disclosures.append(notice)
    draft.obligations.append(Obligation(basis.ids("obligation", task_id), owed, owner, None, notice.id, ("acted",), *clock))


def cannot_decide(draft: Draft, basis: Basis, *, event: UUID, reason: str, start: datetime, refs: Iterable[str] = ()) -> None:
    """Open a piece of work for the desk that sees to what the exchange cannot decide."""
    owner = basis.policy.directory.cannot_decide
    open_task(draft, basis, event=event, kind=TaskKind.cannot_decide, reason=reason, owner=owner, start=start, refs=refs)


def open_tasks(draft: Draft, basis: Basis, case: Case, search: Search) -> None:
    """Whom nobody could identify, and duties that found no desk."""
    reviewer = basis.policy.directory.reviewer(FAMILY[case.type]).id
    reasons: dict[str, list[str]] = {}
    for subject in case.for_review:
        reasons.setdefault(subject.why_held or "", []).append(subject.ref)
    for why, refs in reasons.items():
        open_task(draft, basis, event=case.envelope.id, kind=TaskKind.identity, reason=why, owner=reviewer, start=case.now, refs=refs)
    for unmet in search.unmet:
        refs = [unmet.subject] if unmet.subject else []
        cannot_decide(draft, basis, event=case.envelope.id, reason=f"no-desk:{unmet.duty.id}", start=case.now, refs=refs)
    for colleague in search.colleagues.values():
        for owing in colleague.owing:
            _give_to_colleague(draft, basis, case, colleague.desk, owing)
    for desk in search.absent:
        cannot_decide(draft, basis, event=case.envelope.id, reason=f"no-such-desk:{desk}", start=case.now)


def _give_to_colleague(draft: Draft, basis: Basis, case: Case, desk: str, owing: Owing) -> None:
    """A desk of the publishing agency learns that there is something, by the duty's clock; from whom it is withheld learns nothing."""
    directory, today, event, duty = basis.policy.directory, basis.policy.today, case.envelope.id, owing.duty
    if withheld(case, desk, *(d.id for d in directory.predecessors(desk, today))):
        cannot_decide(draft, basis, event=event, reason="not-permitted", start=case.now, refs=owing.subjects)
        return
    kind, reason = TaskKind.between_own_desks, f"{TaskKind.between_own_desks.value}:{duty.id}"
    clock = basis.clock_of(duty, case.message, case.now)
    _open(draft, basis, event=event, kind=kind, reason=reason, owner=desk, refs=owing.subjects, owed=duty.id, clock=clock)


def set_aside(basis: Basis, event: UUID, reason: str, now: datetime) -> Draft:
    """What follows when an event cannot be decided, read, or put in its place: somebody is told that it is there."""
    draft = Draft()
    cannot_decide(draft, basis, event=event, reason=reason, start=now)
    draft.audit.append(AuditEntry("event.set_aside", None, {"reason": reason}))
    return draft

"""What a desk that has ended has left undone goes to the desk that has its work: told as far as both may know it, owed as before.

A deadline runs on. Whatever the successor may not be told becomes work for whoever sees to what cannot be decided: nothing of it is
silent. What the ended desk was told and has done stays as it was, under its name.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from frontdoor_router.core.agreements import CannotDecideError
from frontdoor_router.core.amending import kept_from_heir
from frontdoor_router.core.candidates import Candidate, find_candidates
from frontdoor_router.core.case import Case, withheld
from frontdoor_router.core.closed_hours import duties_of
from frontdoor_router.core.decision import AuditEntry, Disclosure, Given, Involved, Obligation
from frontdoor_router.core.draft import Basis, Draft
from frontdoor_router.core.facting import CaseFacts, Kinds
from frontdoor_router.core.firing import who_owes
from frontdoor_router.core.inheriting import facts_of
from frontdoor_router.core.owing import COLLECT, ask_of
from frontdoor_router.core.project import project
from frontdoor_router.core.showing import hides
from frontdoor_router.core.tasks import cannot_decide
from frontdoor_schemas.envelope import DeliveryKind, Mark
from frontdoor_schemas.vocabulary import Category

WITH_CONTENT = frozenset({DeliveryKind.disclosure, DeliveryKind.overdue})
"""Kinds of delivery that may hold something of the event. All others only say that something is to be done."""
SUCCESSION = "succession"
"""Purpose under which it is kept that a successor was told what its predecessor owed, and nothing of the event."""


@dataclass(frozen=True, slots=True)
class Before:
    """Something that a desk which has ended was told of an event. `hangs_on`: what obligations are kept under that came with it."""

    id: UUID
    hangs_on: UUID
    kind: DeliveryKind
    purposes: tuple[str, ...]
    given: tuple[Given, ...]
    marks: tuple[Mark, ...]
    reason: str | None
    refers_to: UUID | None
    visible: bool
    withheld_from: frozenset[str] = frozenset()
    """Agencies and desks from which the authors withheld what it says anything of: of a notice, what it is a notice of."""


@dataclass(frozen=True, slots=True)
class Left:
    """What a desk that has ended has left undone about one event: what it owes, and all that it was told."""

    event: UUID
    desk: str
    heir: str | None
    owed: tuple[Obligation, ...]
    told: tuple[Before, ...]
    withheld_from: frozenset[str] = frozenset()
    """Agencies and desks from which the author withheld the event."""

    def owed_for(self, before: Before) -> tuple[Obligation, ...]:
        """What it owes for something that it was told. A reply that nobody told it to give is owed for all that it was told."""
        replies = before.kind is DeliveryKind.disclosure
        return tuple(o for o in self.owed if o.disclosure == before.hangs_on or (replies and o.disclosure is None))

    @property
    def open(self) -> tuple[Before, ...]:
        """What of it its successor has to know."""
        return tuple(before for before in self.told if self.owed_for(before))

    @property
    def has_content(self) -> bool:
        """Whether the agreements have to be asked before it is told."""
        return any(before.kind in WITH_CONTENT for before in self.open)


@dataclass(slots=True)
class Handover:
    """What follows for one event that a desk which has ended has left undone."""

    left: Left
    draft: Draft = field(default_factory=Draft)
    moved: dict[UUID, UUID] = field(default_factory=dict)
    """Obligations that are the successor's now, each with the disclosure that it hangs on."""
    withheld: list[Given] = field(default_factory=list)
    """What the desk was given and its successor is not."""
    involved: Sequence[Involved] = ()

    @property
    def given_up(self) -> tuple[UUID, ...]:
        """Obligations that end though nothing has met them: a person was told."""
        return tuple(o.id for o in self.left.owed if o.id not in self.moved)

    def note(self) -> None:
        """Have it proved."""
        detail = {
            "from": self.left.desk,
            "obligations": [str(o) for o in self.moved],
            "told": [str(d.id) for d in self.draft.disclosures if d.desk == self.left.heir],
            "withheld": len(self.withheld),
            "given_up": [str(o) for o in self.given_up],
        }
        self.draft.audit.append(AuditEntry("desk.succeeded", self.left.heir, detail))


def hand_over(basis: Basis, left: Left, heir: str, now: datetime, case: Case | None = None) -> Handover:
    """Tell the successor what was left undone: never more than the desk was given, and never more than the agreements in force give.

    `case` is needed where something has content.
    """
    found = Handover(left)
    shared = CaseFacts(case) if case is not None else None
    for before in left.open:
        _one(found, basis, shared, before, heir)
    if not left.has_content and not _kept_from(basis, heir, left.desk, left.withheld_from):
        for owed in (o for o in left.owed if o.disclosure is None):
            notice = _only_that(basis, left, owed, heir)
            found.draft.disclosures.append(notice)
            found.moved[owed.id] = notice.id
    if found.withheld or found.given_up:
        refs = sorted({ref for g in found.withheld for ref in g.section.subjects})
        cannot_decide(found.draft, basis, event=left.event, reason=f"not-inherited:{left.desk}", start=now, refs=refs)
    found.note()
    return found


def give_up(basis: Basis, left: Left, reason: str, now: datetime) -> Handover:
    """Nobody can be told: a person hears that there is something, and the obligations end."""
    found = Handover(left)
    cannot_decide(found.draft, basis, event=left.event, reason=reason, start=now)
    found.note()
    return found


def _one(found: Handover, basis: Basis, shared: CaseFacts | None, before: Before, heir: str) -> None:
    given: Sequence[Given] = ()
    if before.kind in WITH_CONTENT:
        given, lost = _of_it(basis, shared, before, found.left.desk, heir)
        found.withheld += lost
        if all(g.section.category is Category.case_reference for g in given):
            return  # a bare reference says that there is a case and nothing else
    elif _kept_from(basis, heir, found.left.desk, before.withheld_from):
        return
    found.draft.disclosures.append(_again(basis, found.left, before, heir, given))
    for owed in found.left.owed_for(before):
        found.moved.setdefault(owed.id, before.hangs_on)


def _of_it(basis: Basis, shared: CaseFacts | None, before: Before, was: str, heir: str) -> tuple[Sequence[Given], Sequence[Given]]:
    """Of what the desk was given what its successor may see today for the same purposes, and what not."""
    if shared is None:
        raise ValueError("what has content cannot be handed over without its event")
    candidate = _candidate(basis, shared.case, heir)
    if withheld(shared.case, *candidate.acts_for):
        return (), before.given
    made = {g.section.id for g in before.given if g.made}
    sections, role = Kinds.of([g.section for g in before.given]), basis.policy.directory.desk(heir).role
    try:
        seen = project(sections, purposes=before.purposes, role=role, facts=facts_of(basis, shared, candidate), rules=basis.policy.rules)
    except CannotDecideError:
        return (), before.given
    # what was made for the desk says what that desk may know of the past and of ties: perhaps what was withheld from its successor
    its_own = hides(shared.case.kept_back, [desk for desk in candidate.acts_for if desk != was])
    permitted = {g.section.id: g for g in seen.given if not (its_own and g.section.id in made)}
    given = [permitted[g.section.id]._replace(made=g.made) for g in before.given if g.section.id in permitted]
    return given, [g for g in before.given if g.section.id not in permitted]


def _kept_from(basis: Basis, heir: str, was: str, withheld_from: Collection[str]) -> bool:
    return kept_from_heir(heir, was, basis.policy.directory, basis.policy.today, withheld_from)


def _candidate(basis: Basis, case: Case, heir: str) -> Candidate:
    """Who the successor is to this event today: by its own ties and by those of the desks before it."""
    policy = basis.policy
    found = find_candidates(case, duties_of(case, policy), policy.directory, policy.today).candidates.get(heir)
    return found or Candidate(heir, predecessors=policy.directory.predecessors(heir, policy.today))


def _again(basis: Basis, left: Left, before: Before, heir: str, given: Sequence[Given]) -> Disclosure:
    """The successor stands in for the desk, as a deputy does: its receipts are that desk's."""
    content, owed = before.kind in WITH_CONTENT, left.owed_for(before)
    return Disclosure(
        id=basis.ids("succeeded", before.id, heir),
        desk=heir,
        kind=DeliveryKind.overdue if content else before.kind,
        purposes=before.purposes,
        given=tuple(given),
        marks=before.marks,
        ask=ask_of(owed) if content else None,
        reason=_duty(owed) if content else before.reason,
        missing=(before.reason,) if before.kind is DeliveryKind.owed and before.reason else (),
        refers_to=before.refers_to,
        stands_for=before.hangs_on,
        visible=before.visible,
    )


def _duty(owed: Iterable[Obligation]) -> str:
    return next((o.duty for o in owed if o.duty != COLLECT), COLLECT)


def _only_that(basis: Basis, left: Left, owed: Obligation, heir: str) -> Disclosure:
    """What nobody told the desk, since it published the event itself: its successor learns that it is owed, and by when."""
    return Disclosure(
        id=basis.ids("succeeded", owed.id, heir),
        desk=heir,
        kind=DeliveryKind.overdue,
        purposes=(SUCCESSION,),
        given=(who_owes(basis.ids, owed.id, left.desk, owed.due, to=heir),),
        ask=ask_of([owed]),
        reason=owed.duty,
    )

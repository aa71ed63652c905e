"""What happens when a stage of an obligation's clock is reached: a reminder, or an escalation down the chain the duty names."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from frontdoor_chassis.directory import Desk, Directory
from frontdoor_router.core.decision import AuditEntry, Disclosure, Given, IdMaker, Stage
from frontdoor_router.core.keeping import Kept
from frontdoor_schemas.envelope import DeliveryKind, Remind, Section
from frontdoor_schemas.vocabulary import Category, Role

SOURCE = "source/desk"
UNCONFIRMED = "-unconfirmed"
"""Added to a reason when receipts could not be read up to the due time: the desk may have done it."""


@dataclass(frozen=True, slots=True)
class Running:
    """An open obligation whose next stage is due, with the event and what the desk was given of it."""

    id: UUID
    duty: str
    event: UUID
    desk: str
    disclosure: UUID | None
    due: datetime
    stages: tuple[Stage, ...]
    next_stage: int
    kept: Kept
    given: tuple[str, ...] = ()
    made: tuple[Section, ...] = ()
    mine: UUID | None = None
    """What the desk itself was told: another disclosure than the one that the obligation hangs on where it has a predecessor's work."""
    missed: int = 1
    """How often in a row the desk has missed what this duty asks about this person, this time counted."""

    @property
    def stage(self) -> Stage:
        """The stage that is due."""
        return self.stages[self.next_stage]


@dataclass(frozen=True, slots=True)
class Fired:
    """What one stage brings about."""

    reminds: tuple[Remind, ...]
    notices: tuple[Disclosure, ...]
    audit: AuditEntry

    @property
    def told(self) -> list[tuple[str, str]]:
        """What was done, and to which desks."""
        return [("escalate", n.desk) for n in self.notices] or [("remind", r.desk) for r in self.reminds]


def fire(running: Running, directory: Directory, ids: IdMaker, *, now: datetime, today: date, confirmed: bool) -> Fired:
    """Work out whom a stage tells. Where nobody can be, it is the desk for what cannot be decided: never nobody."""
    stage = running.stage
    if running.missed < stage.missed:
        return Fired((), (), AuditEntry("obligation.missed", running.desk, {"obligation": str(running.id), "times": running.missed}))
    detail: dict[str, Any] = {"obligation": str(running.id), "duty": running.duty, "stage": running.next_stage, "kind": stage.kind}
    if stage.kind == "remind" and directory.find(running.desk):
        remind = _remind(running, running.desk, "waiting", ids, now, running.mine or running.disclosure)
        return Fired((remind,), (), AuditEntry("obligation.reminded", running.desk, detail))
    targets = _targets(running, stage.to, directory, today)
    notices = tuple(
        _notice(running, desk, ids, deputy=stage.to == "deputy" and desk != directory.cannot_decide, confirmed=confirmed)
        for desk in targets
    )
    reminds = tuple(_remind(running, notice.desk, "overdue", ids, now, notice.id) for notice in notices)
    return Fired(reminds, notices, AuditEntry("obligation.escalated", None, {**detail, "to": targets, "confirmed": confirmed}))


def raise_again(running: Running, to: Desk | None, directory: Directory, ids: IdMaker, *, today: date) -> Disclosure:
    """A stage that told a desk that has ended: whoever has its work is told the same. Who stood in as a deputy is not replaced as one."""
    told = to is not None and not _kept_from(running, to, directory, today)
    return _notice(running, to.id if to is not None and told else directory.cannot_decide, ids, deputy=False, confirmed=True)


def _targets(running: Running, to: str, directory: Directory, today: date) -> list[str]:
    found = [d for d in _named(running, to, directory, today) if d is not None and d.in_force(today)]
    allowed = [d.id for d in found if not _kept_from(running, d, directory, today)]
    return allowed or [directory.cannot_decide]


def _kept_from(running: Running, desk: Desk, directory: Directory, today: date) -> bool:
    before = directory.predecessors(desk.id, today)
    return any(running.kept.withholds_from(d.id) for d in (desk, *before))


def _named(running: Running, to: str, directory: Directory, today: date) -> Iterator[Desk | None]:
    match to.partition(":"):
        case ("deputy", _, _) if directory.find(running.desk):
            yield directory.deputy(running.desk, today)
        case ("manager", _, _) if directory.find(running.desk):
            yield directory.manager(running.desk, today)
        case ("source", _, _):
            yield directory.acting(running.kept.source, today)
        case ("source-manager", _, _) if source := directory.acting(running.kept.source, today):
            yield directory.manager(source.id, today)
        case ("role", _, role) if role in set(Role):
            yield from directory.desks_of_role(Role(role), today)
        case ("desk", _, desk):
            yield directory.acting(desk, today)


def _remind(running: Running, desk: str, reason: str, ids: IdMaker, now: datetime, disclosure: UUID | None) -> Remind:
    return Remind(
        id=ids("remind", running.id, running.next_stage, desk),
        desk=desk,
        reason=reason,
        disclosure=disclosure,
        due=running.due,
        at=now,
    )


def _notice(running: Running, desk: str, ids: IdMaker, *, deputy: bool, confirmed: bool) -> Disclosure:
    """A deputy stands in for the desk and sees what the desk was given; anybody else learns who has not done what."""
    return Disclosure(
        id=ids("overdue", running.id, running.next_stage, desk),
        desk=desk,
        kind=DeliveryKind.overdue,
        purposes=("escalation",),
        given=_what_the_desk_has(running) if deputy else (who_owes(ids, running.id, running.desk, running.due, to=desk),),
        reason=running.duty if confirmed else running.duty + UNCONFIRMED,
        stands_for=running.disclosure if deputy else None,
        chases=running.disclosure,
    )


def _what_the_desk_has(running: Running) -> tuple[Given, ...]:
    """Facts that locate a family are for desks listed by name, and a deputy is another desk; in a protected case the source is one."""
    given = running.kept.given(running.given, running.made)
    return tuple(g for g in given if not _locates(g.section, protected=running.kept.protected))


def _locates(section: Section, *, protected: bool) -> bool:
    return section.category == Category.locating or (protected and SOURCE in section.body)


def who_owes(ids: IdMaker, obligation: UUID, desk: str, due: datetime, *, to: str) -> Given:
    """The section by which a desk learns that another owes something, and by when."""
    body = {"overdue/desk": desk, "overdue/due": due.isoformat()}
    section = Section(id=ids("overdue-who", obligation, to), category=Category.professional_network, subjects=(), body=body)
    return Given(section, (), made=True)

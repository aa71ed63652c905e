"""What happens when a stage of an obligation's clock is reached: a reminder, or an escalation down the chain the duty names."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from frontdoor_chassis.directory import Directory
from frontdoor_router.core.decision import AuditEntry, Disclosure, Given, IdMaker, Stage
from frontdoor_schemas.envelope import DeliveryKind, Envelope, Remind, Section
from frontdoor_schemas.vocabulary import Category, Role

UNCONFIRMED = "-unconfirmed"
"""Added to a reason when receipts could not be read up to the due time: the desk may have done it."""


@dataclass(frozen=True, slots=True)
class Running:
    """An open obligation whose next stage is due."""

    id: UUID
    duty: str
    event: UUID
    desk: str
    disclosure: UUID | None
    due: datetime
    stages: tuple[Stage, ...]
    next_stage: int
    envelope: Envelope
    source: str
    sections: Mapping[UUID, Section]
    given: tuple[UUID, ...]

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


def fire(running: Running, directory: Directory, ids: IdMaker, *, now: datetime, today: date, confirmed: bool) -> Fired:
    """Work out whom a stage tells. A target that does not exist falls through to the desk for what cannot be decided."""
    stage = running.stage
    detail: dict[str, Any] = {"obligation": str(running.id), "duty": running.duty, "stage": running.next_stage, "kind": stage.kind}
    if stage.kind == "remind":
        remind = _remind(running, running.desk, "waiting", ids, now)
        return Fired((remind,), (), AuditEntry("obligation.reminded", running.desk, detail))
    targets = list(_targets(running, stage.to, directory, today)) or [directory.cannot_decide]
    notices = tuple(_notice(running, desk, ids, deputy=stage.to == "deputy", confirmed=confirmed) for desk in targets)
    reminds = tuple(_remind(running, desk, "overdue", ids, now, notice.id) for desk, notice in zip(targets, notices, strict=True))
    return Fired(reminds, notices, AuditEntry("obligation.escalated", None, {**detail, "to": targets}))


def _targets(running: Running, to: str, directory: Directory, today: date) -> Iterator[str]:
    match to.partition(":"):
        case ("deputy", _, _):
            found = [directory.deputy(running.desk, today)]
        case ("manager", _, _):
            found = [directory.manager(running.desk, today)]
        case ("source", _, _):
            found = [directory.find(running.source)]
        case ("source-manager", _, _):
            found = [directory.manager(running.source, today)]
        case ("role", _, role):
            found = list(directory.desks_of_role(Role(role), today))
        case ("desk", _, desk):
            found = [directory.find(desk)]
        case _:
            raise ValueError(f"no such target of an escalation: {to}")
    yield from (d.id for d in found if d is not None)


def _remind(running: Running, desk: str, reason: str, ids: IdMaker, now: datetime, disclosure: UUID | None = None) -> Remind:
    return Remind(
        id=ids("remind", running.id, running.next_stage, desk),
        desk=desk,
        reason=reason,
        disclosure=disclosure or running.disclosure,
        due=running.due,
        at=now,
    )


def _notice(running: Running, desk: str, ids: IdMaker, *, deputy: bool, confirmed: bool) -> Disclosure:
    """A deputy stands in for the desk and sees what the desk was given; anybody else learns who has not done what."""
    notice_id = ids("overdue", running.id, running.next_stage, desk)
    given = tuple(Given(running.sections[s], ()) for s in running.given if s in running.sections) if deputy else (_who(running, ids, desk),)
    return Disclosure(
        id=notice_id,
        desk=desk,
        kind=DeliveryKind.overdue,
        purposes=("escalation",),
        given=given,
        reason=running.duty if confirmed else running.duty + UNCONFIRMED,
        stands_for=running.disclosure,
    )


def _who(running: Running, ids: IdMaker, desk: str) -> Given:
    body = {"overdue/desk": running.desk, "overdue/due": running.due.isoformat()}
    return Given(Section(id=ids("overdue-who", running.id, desk), category=Category.professional_network, subjects=(), body=body), ())

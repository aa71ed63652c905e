"""What happens when a stage of an obligation's clock is reached: a reminder, or an escalation down the chain the duty names."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from frontdoor_chassis.directory import Desk, Directory
from frontdoor_router.core.decision import AuditEntry, Disclosure, Given, IdMaker, Stage
from frontdoor_router.core.keeping import Kept
from frontdoor_router.core.showing import hides
from frontdoor_schemas.envelope import DeliveryKind, Remind, Section
from frontdoor_schemas.vocabulary import Category, Role

SOURCE = "source/desk"
NOT_SAID = "not-said"
"""Reason in place of a duty that would say by its name which kind of service is meant."""
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
    hidden_from: frozenset[str] = frozenset()
    """Who may not learn that this desk owes it, because of the relation by which it was found."""
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
    meant = _targets(running, stage.to, directory, today)
    targets = meant or [_otherwise(running, directory, today)]
    deputy = stage.to == "deputy" and bool(meant) and meant != [directory.cannot_decide]
    notices = tuple(_notice(running, directory.desk(to), directory, ids, deputy=deputy, confirmed=confirmed, today=today) for to in targets)
    reminds = tuple(_remind(running, notice.desk, "overdue", ids, now, notice.id) for notice in notices)
    return Fired(reminds, notices, AuditEntry("obligation.escalated", None, {**detail, "to": targets, "confirmed": confirmed}))


def raise_again(running: Running, to: Desk | None, directory: Directory, ids: IdMaker, *, today: date) -> Disclosure:
    """A stage that told a desk that has ended: whoever has its work is told the same. Who stood in as a deputy is not replaced as one."""
    told = to is not None and not _kept_from(running, to, directory, today)
    desk = to if to is not None and told else directory.desk(_otherwise(running, directory, today))
    return _notice(running, desk, directory, ids, deputy=False, confirmed=True, today=today)


def _targets(running: Running, to: str, directory: Directory, today: date) -> list[str]:
    found = [d for d in _named(running, to, directory, today) if d is not None and d.in_force(today)]
    return [d.id for d in found if not _kept_from(running, d, directory, today)]


def _otherwise(running: Running, directory: Directory, today: date) -> str:
    """Who hears where none of those meant may: the desk for what cannot be decided; where the relation is kept from it, the manager."""
    last = directory.desk(directory.cannot_decide)
    if _hidden_from(running, last, directory, today) and directory.find(running.desk):
        manager = directory.manager(running.desk, today)
        if manager is not None and not _kept_from(running, manager, directory, today):
            return manager.id
    return last.id


def _kept_from(running: Running, desk: Desk, directory: Directory, today: date) -> bool:
    withheld = any(running.kept.withholds_from(d) for d in _counts_as(desk, directory, today))
    return withheld or _hidden_from(running, desk, directory, today)


def _hidden_from(running: Running, desk: Desk, directory: Directory, today: date) -> bool:
    return hides(running.hidden_from, _counts_as(desk, directory, today))


def _counts_as(desk: Desk, directory: Directory, today: date) -> tuple[str, ...]:
    return (desk.id, *(d.id for d in directory.predecessors(desk.id, today)))


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


def _notice(running: Running, to: Desk, directory: Directory, ids: IdMaker, *, deputy: bool, confirmed: bool, today: date) -> Disclosure:
    """A deputy stands in for the desk and sees what the desk was given; anybody else learns who has not done what.

    Whoever is told only because nobody else can be learns not even that, where the relation is kept from it: that there is something.
    """
    desk, duty = to.id, running.duty
    given: tuple[Given, ...] = ()
    if deputy:
        given = _what_the_desk_has(running, _counts_as(to, directory, today))
    elif _hidden_from(running, to, directory, today):
        duty = NOT_SAID
    else:
        given = (who_owes(ids, running.id, running.desk, running.due, to=desk),)
    return Disclosure(
        id=ids("overdue", running.id, running.next_stage, desk),
        desk=desk,
        kind=DeliveryKind.overdue,
        purposes=("escalation",),
        given=given,
        reason=duty if confirmed else duty + UNCONFIRMED,
        stands_for=running.disclosure if deputy else None,
        chases=running.disclosure,
    )


def _what_the_desk_has(running: Running, deputy: tuple[str, ...]) -> tuple[Given, ...]:
    """Facts that locate a family are for desks listed by name, and a deputy is another desk; in a protected case the source is one.

    What was made for the desk says what that desk may know of the past and of ties: perhaps what was withheld from the deputy.
    """
    given = running.kept.given(running.given, () if hides(running.kept.kept_back, deputy) else running.made)
    return tuple(g for g in given if not _locates(g.section, protected=running.kept.protected))


def _locates(section: Section, *, protected: bool) -> bool:
    return section.category == Category.locating or (protected and SOURCE in section.body)


def who_owes(ids: IdMaker, obligation: UUID, desk: str, due: datetime, *, to: str) -> Given:
    """The section by which a desk learns that another owes something, and by when."""
    body = {"overdue/desk": desk, "overdue/due": due.isoformat()}
    section = Section(id=ids("overdue-who", obligation, to), category=Category.professional_network, subjects=(), body=body)
    return Given(section, (), made=True)

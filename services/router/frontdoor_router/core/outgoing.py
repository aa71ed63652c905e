"""What leaves the router: numbered deliveries, recalls, reminders, ledgers; each for one desk on its gateway's topic."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from frontdoor_router.core.case import Case
from frontdoor_router.core.decision import Decision, Disclosure
from frontdoor_schemas.envelope import Delivery, Envelope, EventState, LedgerLine, LedgerUpdate, Section
from frontdoor_schemas.vocabulary import Level


@dataclass(frozen=True, slots=True)
class Decided:
    """A decided event on its way into the tables."""

    case: Case
    gateway: str
    decision: Decision
    epoch: str
    others_close_at: datetime


@dataclass(frozen=True, slots=True)
class HeldEvent:
    """An event that could not be decided: kept, and counted as decided by those that follow it."""

    envelope: Envelope
    gateway: str
    sections: Sequence[Section]
    others_close_at: datetime


@dataclass(frozen=True, slots=True)
class Numbered:
    """A disclosure that gets a number, with the event that it is about."""

    disclosure: Disclosure
    envelope: Envelope


def outward(envelope: Envelope, cause: UUID | None) -> Envelope:
    """The envelope as a recipient may see it: who published travels in a section, the order of the sender nowhere."""
    return envelope.model_copy(update={"source": None, "after": None, "cause": cause})


def delivery(item: Numbered, *, number: int, incarnation: int, at: datetime) -> Delivery:
    """What the desk gets."""
    d = item.disclosure
    if d.kind is None:
        raise ValueError("a desk that is not told gets no delivery")
    return Delivery.model_construct(
        id=d.id,
        kind=d.kind,
        desk=d.desk,
        incarnation=incarnation,
        number=number,
        at=at,
        event=outward(item.envelope, d.cause),
        sections=tuple(g.section for g in d.given),
        marks=d.marks,
        ask=d.ask,
        reason=d.reason,
        missing=d.missing,
        refers_to=d.refers_to,
    )


def first(*moments: datetime | None) -> datetime | None:
    """The earliest of those that there are."""
    return min(filter(None, moments), default=None)


@dataclass(frozen=True, slots=True)
class Standing:
    """How one visible disclosure stands, for the publisher's ledger."""

    desk: str
    at: datetime
    received: datetime | None = None
    opened: datetime | None = None
    acted: datetime | None = None
    told: datetime | None = None
    withdrawn: datetime | None = None

    def line(self) -> LedgerLine:
        """The line of the ledger: the furthest that it got."""
        if self.withdrawn:
            return LedgerLine(desk=self.desk, state="withdrawn", at=self.withdrawn)
        if self.acted:
            return LedgerLine(desk=self.desk, state="acted", at=self.acted)
        if self.opened:
            return LedgerLine(desk=self.desk, state="opened", at=self.opened)
        if self.told:
            return LedgerLine(desk=self.desk, state="told_by_telephone", at=self.told)
        if self.received:
            return LedgerLine(desk=self.desk, state="received", at=self.received)
        return LedgerLine(desk=self.desk, state="in_hand", at=self.at)

    def merged(self, level: Level | None, at: datetime, *, by_telephone: bool) -> "Standing":
        """With one more receipt: levels merge by maximum, each has its first time, in whatever order receipts come."""
        if by_telephone:
            return replace(self, told=first(self.told, at))
        match level:
            case Level.received:
                return replace(self, received=first(self.received, at))
            case Level.opened:
                return replace(self, received=first(self.received, at), opened=first(self.opened, at))
            case Level.acted:
                return replace(self, received=first(self.received, at), opened=first(self.opened, at), acted=first(self.acted, at))
            case Level.filed | None:
                return self


def ledger(
    *, event: UUID, desk: str, version: int, missing: Sequence[str], standings: Sequence[Standing], others_close_at: datetime
) -> LedgerUpdate:
    """The ledger of one event as its publisher may see it: visible desks, and nothing about any other."""
    return LedgerUpdate(
        event=event,
        desk=desk,
        version=version,
        state=EventState.routed,
        missing=tuple(missing),
        lines=tuple(s.line() for s in sorted(standings, key=lambda s: s.desk)),
        others_close_at=others_close_at,
    )

"""What an operator may do with endpoints and dead letters, and what the answers show: ids and codes, no content."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from frontdoor_notifier.core.endpoints import Status


@dataclass(frozen=True, slots=True)
class EndpointView:
    """An endpoint as operators see it; its secrets are never shown again."""

    desk: str
    url: str
    status: Status
    reason: str | None
    max_in_flight: int
    changed_at: datetime
    rotating_until: datetime | None
    owed: int


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A delivery that was given up."""

    id: UUID
    desk: str
    incarnation: int
    number: int
    code: str
    attempts: int
    first_at: datetime | None
    at: datetime


@dataclass(frozen=True, slots=True)
class ReminderView:
    """A reminder and what came of it."""

    id: UUID
    desk: str
    reason: str
    disclosure: UUID | None
    state: str
    code: str | None
    attempts: int
    at: datetime
    settled_at: datetime | None


@dataclass(frozen=True, slots=True)
class AttemptView:
    """One attempt."""

    at: datetime
    code: str
    milliseconds: int


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """How one disclosure stands."""

    id: UUID
    desk: str
    incarnation: int
    number: int
    kind: str
    state: str
    taken_back: str | None
    code: str | None
    attempts: int
    next_at: datetime | None
    filed_at: datetime
    settled_at: datetime | None
    history: tuple[AttemptView, ...]


class Operators(Protocol):
    """The store as the admin interface uses it. Each change and each look is audited in its own transaction."""

    async def put(self, desk: str, *, url: str, secret: bytes | None, max_in_flight: int, operator: str) -> bool:
        """Create an endpoint, or change where it is. An existing one keeps its secret when none is given. True: created."""
        ...

    async def endpoints(self, *, after: str, limit: int, operator: str) -> Sequence[EndpointView]:
        """Endpoints in order of desk."""
        ...

    async def suspend(self, desk: str, *, reason: str, operator: str) -> bool:
        """Send nothing until `resume`; everything waits. False: no such endpoint."""
        ...

    async def resume(self, desk: str, *, operator: str) -> bool:
        """Send again, with the whole time for trying ahead. False: no such endpoint."""
        ...

    async def rotate(self, desk: str, *, secret: bytes, overlap_until: datetime, operator: str) -> bool:
        """Sign with a new secret, and with the old one as well until `overlap_until`. False: no such endpoint."""
        ...

    async def dead(self, *, after: UUID | None, limit: int, operator: str) -> Sequence[DeadLetter]:
        """Dead letters in order of id."""
        ...

    async def retry(self, disclosure: UUID, *, operator: str) -> bool:
        """Send a dead letter again, with the whole time for trying ahead. False: no such dead letter."""
        ...

    async def delivery(self, disclosure: UUID, *, operator: str) -> DeliveryView | None:
        """How one disclosure stands."""
        ...

    async def reminders(self, *, after: UUID | None, limit: int, operator: str) -> Sequence[ReminderView]:
        """Reminders in order of id."""
        ...

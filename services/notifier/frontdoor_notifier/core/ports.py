"""What the notifier needs of the world outside: its store, its endpoints, webhooks, e-mail, and who is who."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from frontdoor_chassis.relay import OutboxRow
from frontdoor_notifier.core.endpoints import Endpoint, Lease
from frontdoor_notifier.core.ledger import Unit
from frontdoor_notifier.core.outcomes import Outcome
from frontdoor_notifier.core.parcels import Parcel, State, TakenBack
from frontdoor_notifier.core.reminders import Mail, Reminder
from frontdoor_notifier.core.sequence import DeskSequence


@dataclass(frozen=True, slots=True)
class Known:
    """What the store knows of a disclosure that came in again. `state` None: only that it was recalled."""

    state: State | None
    taken_back: TakenBack | None


@dataclass(frozen=True, slots=True)
class Content:
    """What to send now. No body: a tombstone."""

    body: bytes | None
    taken_back: TakenBack | None


class Store(Protocol):
    """Deliveries, attempts, sequences, reminders and the outbox of receipts."""

    async def write(self, unit: Unit) -> Sequence[OutboxRow]:
        """Write everything in one transaction. Raises `FencedError` when another instance has taken the partition over."""
        ...

    async def sequences(self, desks: Sequence[str]) -> Mapping[str, DeskSequence]:
        """Sequences of those desks of which anything was filed."""
        ...

    async def known(self, disclosures: Sequence[UUID]) -> Mapping[UUID, Known]:
        """Those that were filed or recalled before."""
        ...

    async def pending(self, desk: str, limit: int) -> Sequence[Parcel]:
        """The first deliveries still owed to a desk, in order of number, without content."""
        ...

    async def contents(self, disclosures: Sequence[UUID]) -> Mapping[UUID, Content]:
        """What to send for those still owed; one that is missing is owed no longer."""
        ...

    async def overdue(self, now: datetime) -> int:
        """Deliveries to enabled endpoints that nobody holds a lease for and that could be sent now."""
        ...


class Leases(Protocol):
    """Endpoints as they are configured, and who may send to them."""

    async def changed(self, since: int) -> Sequence[Endpoint]:
        """Endpoints that an operator or a receiver changed after a version; in order of version."""
        ...

    async def claim(self, desks: Sequence[str], *, owner: str, now: datetime, until: datetime) -> Sequence[Lease]:
        """Take the leases of enabled endpoints that are free or lapsed; note on the others that this instance wants them."""
        ...

    async def renew(self, leases: Sequence[Lease], *, owner: str, until: datetime) -> Mapping[str, bool]:
        """Prolong leases still held: by desk, whether another instance wants it. One that is missing was lost."""
        ...

    async def release(self, leases: Sequence[Lease], *, owner: str) -> None:
        """Let go of leases, so that another instance need not wait for them to lapse."""
        ...

    async def orphans(self, now: datetime, limit: int) -> Sequence[str]:
        """Desks with deliveries owed, an enabled endpoint, and nobody to send them."""
        ...


class ReminderStore(Protocol):
    """Reminders to be sent."""

    async def due(self, *, up_to: datetime, now: datetime, hold_until: datetime, limit: int) -> Sequence[Reminder]:
        """Take reminders whose time had come at a moment; nobody else gets them before `hold_until`."""
        ...

    async def waiting(self, now: datetime) -> int:
        """How many could be sent now."""
        ...


class Webhooks(Protocol):
    """Posts to endpoints."""

    async def post(self, url: str, *, body: bytes, headers: Mapping[str, str]) -> Outcome:
        """One attempt. Never raises: whatever happens is an outcome."""
        ...


class MailRefusedError(Exception):
    """The mail server refuses this address or message for good. The argument is a code."""


class MailAwayError(Exception):
    """The mail server is not there, or does not take the message now. The argument is a code."""


class Mailer(Protocol):
    """Sends e-mail."""

    async def send(self, mail: Mail) -> None:
        """Return when a mail server has taken it, within `MAIL_LIMIT`. Raises `MailRefusedError` or `MailAwayError`."""
        ...


@dataclass(frozen=True, slots=True)
class Contact:
    """How people of a desk are reached."""

    name: str
    email: str


class Contacts(Protocol):
    """Who is who in the partnership."""

    def contact(self, desk: str, at: datetime) -> Contact | None:
        """The desk's own address, else its deputy's, else its manager's; the name is always the desk's."""
        ...

    def gateway_of(self, desk: str) -> str | None:
        """The gateway that serves a desk; None for a desk that nobody knows."""
        ...

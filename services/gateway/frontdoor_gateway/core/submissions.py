"""What is stored of an accepted event, the port to the store, and the record that goes onto the bus."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol
from uuid import UUID

from frontdoor_chassis.bus.ports import Record
from frontdoor_chassis.relay import Outbox
from frontdoor_schemas.envelope import SCHEMA_VERSION, utc
from frontdoor_schemas.topics import FAMILY, CloudEvent, type_name
from frontdoor_schemas.vocabulary import EventType

Sign = Callable[[str, bytes, bytes, CloudEvent], Record]
"""Makes a signed record of topic, key, value and what it says of itself."""


@dataclass(frozen=True, slots=True)
class Submission:
    """One event that passed the door. `after` and the position are known only once it is stored.

    `packed` are its sections as they are kept.
    """

    event: UUID
    agency: str
    desk: str
    sender_id: str
    body_hmac: bytes
    thread: UUID
    cause: UUID | None
    type: EventType
    occurred_at: datetime
    received_at: datetime
    sections: bytes
    packed: bytes
    after: UUID | None = None
    withheld_from: tuple[str, ...] = ()
    """Agencies and desks from which the author withholds it, colleagues too."""

    @property
    def topic(self) -> str:
        """The family's topic."""
        return FAMILY[self.type]

    def following(self, after: UUID | None) -> "Submission":
        """The same, with the event before it in its thread."""
        return replace(self, after=after) if after else self


@dataclass(frozen=True, slots=True)
class Stored:
    """It is durable, at this position of the outbox."""

    position: int
    after: UUID | None


@dataclass(frozen=True, slots=True)
class Repeated:
    """The sender's id is known and stands for the same event: here is what was answered then."""

    event: UUID
    thread: UUID
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Known:
    """What stands under a sender's id: the hash of what was posted, and what was answered."""

    body_hmac: bytes
    answered: Repeated


@dataclass(frozen=True, slots=True)
class Contradicted:
    """The sender's id is known and stands for another event."""


@dataclass(frozen=True, slots=True)
class Failed:
    """This item alone could not be stored, whatever is tried."""


Outcome = Stored | Repeated | Contradicted | Failed


class ItemRefusedError(Exception):
    """The store refuses something in the batch. Nothing of it is stored."""


class StoreAwayError(Exception):
    """The store was not reached. Nothing is stored."""


class OutcomeLostError(Exception):
    """The connection was lost on the way: stored or not, nobody knows."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Who asks what its agency has published: a desk, and desks that have ended."""

    desk: str
    before: frozenset[str] = frozenset()
    """Those whose work the desk has. What an author keeps from one of them is kept from it."""
    left: frozenset[str] = frozenset()
    """Those whose work its agency has."""

    @property
    def agency(self) -> str:
        """The agency whose desk it is."""
        return self.desk.partition(".")[0]

    @property
    def desks(self) -> frozenset[str]:
        """Itself, and those whose work it has."""
        return self.before | {self.desk}

    def is_named(self, withheld_from: Collection[str]) -> bool:
        """Whether one of its desks, or the whole agency of one, is among those from whom something is withheld."""
        return any(desk in withheld_from or desk.partition(".")[0] in withheld_from for desk in self.desks)


Reads = Callable[[str, datetime], Reader]
"""Who a desk is as a reader at a moment."""


@dataclass(frozen=True, slots=True)
class Origin:
    """An event that may be answered: its thread, and whether the agency published it itself."""

    thread: UUID
    own: bool


Asked = tuple[Reader, UUID]
"""Who answers, and the event that it answers."""


@dataclass(frozen=True, slots=True)
class Published:
    """One line of the list of own events, or its heading in the ledger.

    `cause` is what it answers, for a desk that wrote one of the two or was told of that event itself (decision 14).
    """

    event: UUID
    type: EventType
    desk: str
    thread: UUID
    cause: UUID | None
    occurred_at: datetime
    received_at: datetime
    ledger: bytes | None


class Submissions(Outbox, Protocol):
    """The submissions of one gateway. What is read for a caller is scoped by its agency.

    A colleague's event is as unknown as another agency's where the author withholds it from who asks: then, or in a
    correction of it later. So is the withdrawal of such an event.
    """

    async def accept(self, items: Sequence[Submission]) -> Sequence[Outcome]:
        """Number and store, in this order, all in one commit.

        Raises `ItemRefusedError`, `StoreAwayError` or `OutcomeLostError`.
        """
        ...

    async def known(self, agency: str, sender_ids: Collection[str]) -> Mapping[str, Known]:
        """What stands under an agency's ids, for those under which something does."""
        ...

    async def origins(self, asked: Collection[Asked]) -> Mapping[Asked, Origin]:
        """Which of these may be answered by who asks: what its agency has published, and what the desk was told itself; no colleague."""
        ...

    async def published(self, reader: Reader, event: UUID) -> Published | None:
        """One own event, or one that a desk has published of those that have ended and whose work the agency has."""
        ...

    async def list_published(self, reader: Reader, *, before: UUID | None, limit: int) -> Sequence[Published]:
        """Own events, newest first; with `before`, those accepted before that own event."""
        ...


class Undecided(Protocol):
    """What the router has not answered."""

    async def overdue(self, before: datetime, limit: int) -> Sequence[tuple[int, Submission]]:
        """Events accepted before a moment, not published again since, and not decided; oldest first."""
        ...

    async def published_again(self, positions: Sequence[int], at: datetime) -> None:
        """Remember when they were last sent."""
        ...

    async def undecided(self, before: datetime) -> int:
        """How many events accepted before a moment are not decided."""
        ...


def record(submission: Submission, sign: Sign) -> Record:
    """The record of the family topic. The same bytes each time, so that sending again sends the same."""
    s = submission
    links = "".join(f'"{name}":"{value}",' for name, value in (("after", s.after), ("cause", s.cause)) if value)
    occurred_at = utc(s.occurred_at)
    head = (
        f'{{"envelope":{{"id":"{s.event}","type":"{s.type.value}","schema_version":{SCHEMA_VERSION},"thread":"{s.thread}",{links}'
        f'"occurred_at":"{occurred_at}","received_at":"{utc(s.received_at)}","source":"{s.desk}"}},"sections":'
    )
    says = CloudEvent(str(s.event), type_name(s.type), occurred_at)
    return sign(s.topic, str(s.thread).encode(), head.encode() + s.sections + b"}", says)

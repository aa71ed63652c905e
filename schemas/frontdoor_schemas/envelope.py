"""What travels on the bus: an envelope, sections, and the few kinds of record that services send one another.

Nothing personal is in an envelope, a key or a header. Everything that was stated about somebody is in a section of
one category about one set of subjects, so that projection is a choice of sections and sealing is per section.
"""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from frontdoor_schemas.vocabulary import Category, EventType, Level

SCHEMA_VERSION = 1
"""Version of the wire format; raised when a consumer of the old one could no longer read it."""

_NAME = r"[a-z0-9][a-z0-9-]{0,39}"
DESK_PATTERN = rf"^{_NAME}\.{_NAME}$"
DeskId = Annotated[str, StringConstraints(pattern=DESK_PATTERN)]
"""`agency.desk`, as the pack names them."""
AgencyId = Annotated[str, StringConstraints(pattern=rf"^{_NAME}$")]
AgencyOrDeskId = Annotated[str, StringConstraints(pattern=rf"^{_NAME}(\.{_NAME})?$")]
PersonRef = Annotated[str, StringConstraints(pattern=r"^(child|adult)-[0-9a-f]{1,8}$")]
"""Names one person within one event. Senders number them; the exchange replaces the number by an opaque key."""


class Wire(BaseModel):
    """A closed, immutable record of the bus."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Envelope(Wire):
    """What routing needs to know of an event before any section is opened."""

    id: UUID = Field(description="UUIDv7, minted by the exchange")
    type: EventType
    schema_version: int = SCHEMA_VERSION
    thread: UUID = Field(description="The case chain (register: correlation id). Random: it says nothing of the event that began it")
    after: UUID | None = Field(None, description="The previous event of this thread from this gateway")
    cause: UUID | None = Field(
        None, description="The event that this one answers (register: causation id). On the way out: for who published it or was told of it"
    )
    occurred_at: AwareDatetime
    received_at: AwareDatetime
    source: DeskId | None = Field(None, description="The source desk. On the way in only; on the way out it is in a section")


class Section(Wire):
    """Facts of one category, about one set of subjects, with one audience.

    `body` maps paths to values. A path is field names joined by `/`; an item of a list has an opaque key in place of
    an index (`children/3fa91c02/name`), so that nobody can count what was left out.
    """

    id: UUID
    category: Category
    subjects: tuple[PersonRef, ...] = Field((), description="Empty: the event itself. Several: released only if permitted for every one")
    to: tuple[str, ...] = Field((), description="The author's audience: desk ids or role names. Empty: the author named none")
    not_for: tuple[PersonRef, ...] = Field((), description="Travels with the section: not to be shared with these people")
    format: Literal["plain"] = Field("plain", description="How the body is sealed; `plain` is the null cipher")
    key_id: str | None = None
    nonce: str | None = None
    body: dict[str, Any]


class Submitted(Wire):
    """A record of a family topic: one event as its gateway accepted it."""

    envelope: Envelope
    sections: tuple[Section, ...]


class Mark(StrEnum):
    """What a recipient is told about the standing of what it received."""

    identity_not_confirmed = "identity_not_confirmed"
    incomplete = "incomplete"
    corrects_an_earlier_event = "corrects_an_earlier_event"


class Ask(Wire):
    """What is expected of the recipient: the level that closes the obligation, or the type of event that answers it."""

    level: Level | None = None
    reply: EventType | None = None
    due: AwareDatetime | None = None


class DeliveryKind(StrEnum):
    """What a numbered delivery to a desk is."""

    disclosure = "disclosure"
    withdrawn = "withdrawn"  # what you have read was withdrawn or corrected; no content
    overdue = "overdue"  # an obligation was not met in time and is now yours to see to
    held = "held"  # a piece of work for a person: who is this, or: this could not be decided
    owed = "owed"  # your own event lacks what the partnership expects of it
    answer = "answer"  # what the exchange answers to your own question


class Delivery(Wire):
    """Something a desk is told. Numbered per desk without gaps, so that a desk can see that it has everything."""

    record: Literal["delivery"] = "delivery"
    id: UUID = Field(description="Disclosure id: a keyed hash of trigger, event and desk; nobody else can compute it")
    kind: DeliveryKind
    desk: DeskId
    incarnation: int
    number: int
    at: AwareDatetime
    event: Envelope = Field(description="Without `source` and `after`")
    sections: tuple[Section, ...] = ()
    marks: tuple[Mark, ...] = ()
    ask: Ask | None = None
    reason: str | None = Field(
        None, description="A code of the closed list for notices (overdue, held, owed), or why an answer says nothing; never free text"
    )
    missing: tuple[str, ...] = Field((), description="With `owed`: paths of the fields that the partnership expects and the event lacks")
    refers_to: UUID | None = Field(
        None, description="The earlier disclosure that a withdrawal is about: to this desk, or to one whose work it has"
    )


class Recall(Wire):
    """Take back a disclosure that was not read: erase its content, leave a tombstone at its number."""

    record: Literal["recall"] = "recall"
    disclosure: UUID
    desk: DeskId
    at: AwareDatetime


class Remind(Wire):
    """Send a reminder without personal data to the people of a desk."""

    record: Literal["remind"] = "remind"
    id: UUID
    desk: DeskId
    reason: str
    disclosure: UUID | None = None
    due: AwareDatetime | None = None
    at: AwareDatetime


class EventState(StrEnum):
    """Where the router is with an event, as its publisher may know it."""

    routed = "routed"
    refused = "refused"


class LedgerLine(Wire):
    """What the publisher may know of one desk: only desks it addressed itself or may know of."""

    desk: DeskId
    state: Literal["in_hand", "received", "opened", "acted", "told_by_telephone", "withdrawn"]
    at: AwareDatetime


class LedgerUpdate(Wire):
    """The ledger of one event as its publisher may see it; a later `version` replaces an earlier one whole."""

    record: Literal["ledger"] = "ledger"
    event: UUID
    desk: DeskId
    version: int
    state: EventState
    missing: tuple[str, ...] = Field((), description="Fields that the partnership expects and that this event lacks")
    lines: tuple[LedgerLine, ...] = ()
    others_close_at: AwareDatetime = Field(description="When 'other services' turns from in hand to closed, whatever happened")


ToGateway = Annotated[Delivery | Recall | Remind | LedgerUpdate, Field(discriminator="record")]
"""What a record of `to.<gateway>` may be."""


class Receipt(Wire):
    """A fact about one disclosure: how far it got, by which channel, when."""

    disclosure: UUID
    desk: DeskId
    level: Level | None = Field(None, description="None with `failed` or `by_telephone`")
    by_telephone: bool = False
    failed: str | None = Field(None, description="Code of the reason for which delivery was given up")
    channel: Literal["inbox", "stream", "webhook", "telephone", "gateway", "notifier"]
    at: AwareDatetime


MAX_RECEIPTS = 500
"""Of one record: some 100 KB, well below what the bus takes. A reader may prove at once that it has thousands of items."""


class Receipts(Wire):
    """A record of the `receipts` topic: what one service has to report, with how far it has read its own clock."""

    by: str = Field(description="The gateway's name, or `notifier`")
    at: AwareDatetime
    items: tuple[Receipt, ...]


def utc(moment: datetime) -> str:
    """RFC 3339 text in UTC with millisecond precision, as every wire format here writes time."""
    return moment.astimezone(tz=UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

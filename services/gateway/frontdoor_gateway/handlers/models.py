"""What the interface takes and gives, as models: the description is made of them."""

from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from frontdoor_schemas.envelope import DeskId, LedgerLine, Wire
from frontdoor_schemas.messages import Message
from frontdoor_schemas.problems import Problem


class Mark(Wire):
    """What your desk says of one disclosure: how far it got with it, or when it was told of it by telephone."""

    disclosure: UUID
    level: Literal["received", "opened", "acted"] | None = None
    told_by_telephone: AwareDatetime | None = Field(None, description="When the call was")


class Marks(Wire):
    """Acknowledgements. Saying the same again changes nothing; saying less than before neither."""

    items: tuple[Mark, ...]


class ReceiptBody(BaseModel):
    """The event is durable."""

    event: UUID = Field(description="Its id in the exchange: ask for its ledger, answer it, correct it by this")
    thread: UUID = Field(description="The case chain that it belongs to: a random id, new with an event that answers none")
    received_at: AwareDatetime


class AdviceContact(BaseModel):
    """Whom to ask about a child: the partnership's front door."""

    name: str
    email: str
    telephone: str | None


class PostReceipt(ReceiptBody):
    """The event is durable. Who wrote that a child worries him learns whom to ask."""

    advice: AdviceContact | None = Field(None, description="With a referral, a consultation or a concern; absent from all others")


class QuestionReceipt(ReceiptBody):
    """The question is durable, and its answer will be in your inbox. Post it again with the same id to wait for it once more."""

    cursor: str = Field(description="The answer comes after this cursor of your inbox; to read on from it proves nothing that you had not")


class ItemReceipt(ReceiptBody):
    """One event of a batch that is durable."""

    status: Literal[202]
    location: str


class BatchAnswer(BaseModel):
    """One answer for each event of a batch, in order: a receipt or a problem."""

    items: list[ItemReceipt | Problem]


class MarkTaken(BaseModel):
    """Taken."""

    status: Literal[200]


class MarkAnswers(BaseModel):
    """One answer for each acknowledgement, in order."""

    items: list[MarkTaken | Problem]


class InboxItem(Message):
    """One number of your desk."""

    cursor: str


class InboxPage(BaseModel):
    """Items in order, without gaps; send the cursor with the next request: it proves that you have them."""

    items: list[InboxItem]
    cursor: str


class PublishedEvent(BaseModel):
    """An event of your agency."""

    event: UUID
    type: str
    desk: DeskId
    thread: UUID
    in_reply_to: UUID | None = None
    occurred_at: AwareDatetime
    received_at: AwareDatetime
    state: Literal["accepted", "routed", "refused"]


class PublishedList(BaseModel):
    """Newest first."""

    items: list[PublishedEvent]


class LedgerView(PublishedEvent):
    """How far it has got, as far as its publisher may know."""

    missing: list[str] = Field(description="Fields that the partnership expects and that the event lacks")
    lines: list[LedgerLine] = Field(description="Desks that you addressed yourself or may know of")
    other_services: Literal["in hand", "closed"] = Field(description="Always there, also when there are none")

"""The gateway's tables as models: what the migrations must have built. The hot path speaks SQL to them (`submissions.py`, `inbox.py`)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, Column, DateTime, Index, LargeBinary, Text, UniqueConstraint, text
from sqlalchemy.orm import registry
from sqlmodel import BigInteger, Field, SQLModel


def _at(*, null: bool = False) -> Column[datetime]:
    return Column(DateTime(timezone=True), nullable=null)


def _bytes(*, null: bool = False) -> Column[bytes]:
    return Column(LargeBinary, nullable=null)


def _text(*, null: bool = False) -> Column[str]:
    return Column(Text, nullable=null)


class GatewayTable(SQLModel, registry=registry()):
    """Base of these tables, with metadata of their own: other services have tables of the same names."""


class Submission(GatewayTable, table=True):
    """One accepted event. The row is the outbox row: positions are dense and in commit order."""

    __table_args__ = (
        UniqueConstraint("event", name="submission_event"),
        UniqueConstraint("agency", "sender_id", name="submission_sender"),
        Index("submission_thread", "thread", "position"),
        Index("submission_queries", "desk", "received_at", postgresql_where=text("type = 'query'")),
        Index("submission_undecided", "received_at", postgresql_where=text("decided_at IS NULL")),
    )

    position: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    event: UUID
    agency: str = Field(sa_column=_text())
    desk: str = Field(sa_column=_text())
    sender_id: str = Field(sa_column=_text())
    body_hmac: bytes = Field(sa_column=_bytes())
    thread: UUID
    after: UUID | None = None
    cause: UUID | None = None
    type: str = Field(sa_column=_text())
    topic: str = Field(sa_column=_text())
    occurred_at: datetime = Field(sa_column=_at())
    received_at: datetime = Field(sa_column=_at())
    sections: bytes = Field(sa_column=_bytes())
    withheld_from: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    published_again_at: datetime | None = Field(None, sa_column=_at(null=True))
    decided_at: datetime | None = Field(None, sa_column=_at(null=True))


class OutboxHead(GatewayTable, table=True):
    """One row: the last position given out, and up to where everything is on the bus. Locked by whoever numbers."""

    __tablename__ = "outbox_head"
    __table_args__ = (CheckConstraint("one", name="outbox_head_one"),)

    one: bool = Field(True, primary_key=True)
    position: int = Field(sa_column=Column(BigInteger, nullable=False))
    sent_up_to: int = Field(sa_column=Column(BigInteger, nullable=False))


class ReceiptOutbox(GatewayTable, table=True):
    """Receipts to be published, numbered as submissions are."""

    __tablename__ = "receipt_outbox"

    position: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    desk: str = Field(sa_column=_text())
    record: bytes = Field(sa_column=_bytes())


class ReceiptHead(GatewayTable, table=True):
    """The head of the receipts' outbox."""

    __tablename__ = "receipt_head"
    __table_args__ = (CheckConstraint("one", name="receipt_head_one"),)

    one: bool = Field(True, primary_key=True)
    position: int = Field(sa_column=Column(BigInteger, nullable=False))
    sent_up_to: int = Field(sa_column=Column(BigInteger, nullable=False))


class Inbox(GatewayTable, table=True):
    """What a desk was told, under its number. Without `delivery` it was withdrawn and is a tombstone.

    `recall` is the ordinal of the recall among those of the desk: a page knows how many it had seen, so it can be
    told whether the item was still readable in it.
    """

    __table_args__ = (UniqueConstraint("disclosure", name="inbox_disclosure"), Index("inbox_event", "event"))

    desk: str = Field(sa_column=Column(Text, primary_key=True))
    incarnation: int = Field(primary_key=True)
    number: int = Field(sa_column=Column(BigInteger, primary_key=True))
    disclosure: UUID
    agency: str = Field(sa_column=_text())
    event: UUID
    thread: UUID
    kind: str = Field(sa_column=_text())
    delivery: bytes | None = Field(None, sa_column=_bytes(null=True))
    recall: int | None = Field(None, sa_column=Column(BigInteger))
    withdrawn_at: datetime | None = Field(None, sa_column=_at(null=True))
    received_at: datetime | None = Field(None, sa_column=_at(null=True))
    opened_at: datetime | None = Field(None, sa_column=_at(null=True))
    acted_at: datetime | None = Field(None, sa_column=_at(null=True))
    told_at: datetime | None = Field(None, sa_column=_at(null=True))


class InboxHead(GatewayTable, table=True):
    """How far each desk's numbers are without a gap, and how far the desk has proved that it has them."""

    __tablename__ = "inbox_head"

    desk: str = Field(sa_column=Column(Text, primary_key=True))
    incarnation: int
    number: int = Field(sa_column=Column(BigInteger, nullable=False))
    recalls: int = Field(sa_column=Column(BigInteger, nullable=False))
    collected_incarnation: int
    collected_number: int = Field(sa_column=Column(BigInteger, nullable=False))


class Ledger(GatewayTable, table=True):
    """The latest ledger of each own event, as the router let its publisher know it."""

    event: UUID = Field(primary_key=True)
    agency: str = Field(sa_column=_text())
    version: int
    state: str = Field(sa_column=_text())
    record: bytes = Field(sa_column=_bytes())


class ApiKey(GatewayTable, table=True):
    """A key of one desk. Only the hash of its 256-bit secret is kept; several may be valid at once."""

    __tablename__ = "api_key"

    id: str = Field(sa_column=Column(Text, primary_key=True))
    desk: str = Field(sa_column=_text())
    secret_sha256: bytes = Field(sa_column=_bytes())
    valid_from: datetime = Field(sa_column=_at())
    valid_until: datetime | None = Field(None, sa_column=_at(null=True))


class Position(GatewayTable, table=True):
    """How far this gateway has read of its topics; moved in the transaction of the work."""

    topic: str = Field(sa_column=Column(Text, primary_key=True))
    partition: int = Field(primary_key=True)
    topic_id: str = Field(sa_column=_text())
    off: int = Field(sa_column=Column(BigInteger, nullable=False))

"""The notifier's tables as models: what the migrations must have built. The hot path speaks SQL to them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, Column, DateTime, Identity, Index, LargeBinary, Text, text
from sqlalchemy.orm import registry
from sqlmodel import BigInteger, Field, SQLModel


class Table(SQLModel, registry=registry()):
    """Base of the notifier's tables: in a registry of its own, since other services have tables of the same names."""


OWED = text("state IN ('waiting', 'sending')")


def _at(*, null: bool = True) -> Column[datetime]:
    return Column(DateTime(timezone=True), nullable=null)


def _text(*, null: bool = False) -> Column[str]:
    return Column(Text, nullable=null)


def _bytes(*, null: bool = True) -> Column[bytes]:
    return Column(LargeBinary, nullable=null)


def _number(*, primary_key: bool = False) -> Column[int]:
    return Column(BigInteger, primary_key=primary_key, nullable=False, autoincrement=False)


class Endpoint(Table, table=True):
    """Where a desk takes webhooks, and which instance may send there. Secrets are sealed under the deployment's key."""

    desk: str = Field(sa_column=Column(Text, primary_key=True))
    url: str = Field(sa_column=_text())
    secret: bytes = Field(sa_column=_bytes(null=False))
    previous_secret: bytes | None = Field(None, sa_column=_bytes())
    previous_until: datetime | None = Field(None, sa_column=_at())
    status: str = Field(sa_column=_text())
    reason: str | None = Field(None, sa_column=_text(null=True))
    max_in_flight: int
    version: int = Field(sa_column=_number())
    changed_at: datetime = Field(sa_column=_at(null=False))
    lease_owner: str | None = Field(None, sa_column=_text(null=True))
    lease_epoch: int = Field(sa_column=_number())
    lease_until: datetime | None = Field(None, sa_column=_at())
    wanted_by: str | None = Field(None, sa_column=_text(null=True))


class EndpointHead(Table, table=True):
    """One row: the version given out last. Locked by whoever changes an endpoint, so that versions are in commit order."""

    __tablename__ = "endpoint_head"
    __table_args__ = (CheckConstraint("one", name="endpoint_head_one"),)

    one: bool = Field(True, primary_key=True)
    version: int = Field(sa_column=_number())


class Delivery(Table, table=True):
    """One disclosure on its way to one endpoint. `body` only while it is owed, or dead and not taken back."""

    __table_args__ = (
        Index("delivery_owed", "desk", "incarnation", "number", postgresql_where=OWED),
        Index("delivery_dead", "id", postgresql_where=text("state = 'dead'")),
        Index("delivery_settled", "settled_at", postgresql_using="brin"),
    )

    id: UUID = Field(primary_key=True)
    desk: str = Field(sa_column=_text())
    incarnation: int
    number: int = Field(sa_column=_number())
    thread: UUID
    kind: str = Field(sa_column=_text())
    state: str = Field(sa_column=_text())
    taken_back: str | None = Field(None, sa_column=_text(null=True))
    attempts: int
    next_at: datetime | None = Field(None, sa_column=_at())
    first_at: datetime | None = Field(None, sa_column=_at())
    filed_at: datetime = Field(sa_column=_at(null=False))
    settled_at: datetime | None = Field(None, sa_column=_at())
    due: datetime | None = Field(None, sa_column=_at())
    wanted: str | None = Field(None, sa_column=_text(null=True))
    code: str | None = Field(None, sa_column=_text(null=True))
    body: bytes | None = Field(None, sa_column=_bytes())


class Attempt(Table, table=True):
    """The history of attempts: when, what came of it, how long it took."""

    __table_args__ = (Index("attempt_delivery", "delivery"),)

    id: int = Field(sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    delivery: UUID
    at: datetime = Field(sa_column=_at(null=False))
    code: str = Field(sa_column=_text())
    milliseconds: int


class Sequence(Table, table=True):
    """A desk's numbers as far as they have come in."""

    desk: str = Field(sa_column=Column(Text, primary_key=True))
    incarnation: int
    first: int = Field(sa_column=_number())
    seen_to: int = Field(sa_column=_number())
    holes: list[int] = Field(sa_column=Column(ARRAY(BigInteger), nullable=False))
    gap_since: datetime | None = Field(None, sa_column=_at())


class Recall(Table, table=True):
    """Disclosures whose content may not be sent, also when they come in later than their recall."""

    disclosure: UUID = Field(primary_key=True)
    how: str = Field(sa_column=_text())
    at: datetime = Field(sa_column=_at(null=False))


class Reached(Table, table=True):
    """The highest level that a gateway reported. Reminders ask."""

    __table_args__ = (Index("reached_at", "at", postgresql_using="brin"),)

    disclosure: UUID = Field(primary_key=True)
    level: str = Field(sa_column=_text())
    at: datetime = Field(sa_column=_at(null=False))


class Reminder(Table, table=True):
    """An e-mail to be sent to the people of a desk, or what came of it."""

    __table_args__ = (Index("reminder_due", "next_at", postgresql_where=text("state = 'waiting'")),)

    id: UUID = Field(primary_key=True)
    desk: str = Field(sa_column=_text())
    reason: str = Field(sa_column=_text())
    disclosure: UUID | None = None
    due: datetime | None = Field(None, sa_column=_at())
    at: datetime = Field(sa_column=_at(null=False))
    state: str = Field(sa_column=_text())
    attempts: int
    first_at: datetime | None = Field(None, sa_column=_at())
    next_at: datetime | None = Field(None, sa_column=_at())
    settled_at: datetime | None = Field(None, sa_column=_at())
    code: str | None = Field(None, sa_column=_text(null=True))


class Refused(Table, table=True):
    """A record of the bus that could not be taken in, by its place there."""

    topic: str = Field(sa_column=Column(Text, primary_key=True))
    partition: int = Field(primary_key=True)
    off: int = Field(sa_column=_number(primary_key=True))
    reason: str = Field(sa_column=_text())
    at: datetime = Field(sa_column=_at(null=False))


class Outbox(Table, table=True):
    """Receipts to be published: one row a commit, numbered densely under the head's lock."""

    position: int = Field(sa_column=_number(primary_key=True))
    key: str = Field(sa_column=_text())
    record: bytes = Field(sa_column=_bytes(null=False))


class OutboxHead(Table, table=True):
    """One row: the last position given out, and up to where everything is on the bus."""

    __tablename__ = "outbox_head"
    __table_args__ = (CheckConstraint("one", name="outbox_head_one"),)

    one: bool = Field(True, primary_key=True)
    position: int = Field(sa_column=_number())
    sent_up_to: int = Field(sa_column=_number())


class Action(Table, table=True):
    """The audit of the admin interface: who did or looked at what, when."""

    id: int = Field(sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    at: datetime = Field(sa_column=_at(null=False))
    operator: str = Field(sa_column=_text())
    action: str = Field(sa_column=_text())
    subject: str | None = Field(None, sa_column=_text(null=True))


class Position(Table, table=True):
    """How far this service has read of its topics; moved in the transaction of the work."""

    topic: str = Field(sa_column=Column(Text, primary_key=True))
    partition: int = Field(primary_key=True)
    topic_id: str = Field(sa_column=_text())
    off: int = Field(sa_column=_number())

"""The router's tables as models: what the migrations must have built. Every query is SQL through asyncpg (decision record 4)."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Identity,
    Index,
    LargeBinary,
    Text,
    UniqueConstraint,
    Uuid,
    false,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel


class Table(SQLModel, registry=registry()):
    """Base of the router's tables: in a registry of its own, since other services have tables of the same names."""


def _text(*, null: bool = False, default: str | None = None, primary: bool = False) -> Column[str]:
    return Column(Text, nullable=null, server_default=default, primary_key=primary)


def _at(*, null: bool = False) -> Column[datetime]:
    return Column(DateTime(timezone=True), nullable=null)


def _bytes(*, null: bool = False) -> Column[bytes]:
    return Column(LargeBinary, nullable=null)


def _texts(*, default: str | None = None) -> Column[list[str]]:
    return Column(ARRAY(Text), nullable=False, server_default=default)


def _counted() -> Column[int]:
    return Column(BigInteger, Identity(always=True), primary_key=True)


def _position(*, primary: bool = False) -> Column[int]:
    return Column(BigInteger, nullable=False, primary_key=primary, autoincrement=False)


class Person(Table, table=True):
    """A person whom the exchange can tell from all others. No name, no identifier: only hashes of them lead here."""

    id: UUID = Field(primary_key=True)
    kind: str = Field(sa_column=_text())
    born: date | None = None
    protected: str = Field(sa_column=_text(default="unknown"))
    created_at: datetime = Field(sa_column=_at())


class PersonKey(Table, table=True):
    """A keyed hash of an identifier or a name with birth date, and whose it is. Only a name may be several people's."""

    __tablename__ = "person_key"
    __table_args__ = (Index("person_key_person", "person"),)

    hash: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    kind: str = Field(sa_column=_text(primary=True))
    person: UUID = Field(foreign_key="person.id", primary_key=True)


class Tie(Table, table=True):
    """A desk's relation to a person. It gives the desk something only while it is confirmed and runs."""

    __table_args__ = (Index("tie_person", "person"), Index("tie_event", "event"), Index("tie_ended_by", "ended_by"))

    id: int = Field(sa_column=_counted())
    person: UUID = Field(foreign_key="person.id")
    desk: str = Field(sa_column=_text())
    relation: str = Field(sa_column=_text())
    since: datetime = Field(sa_column=_at())
    until: datetime | None = Field(None, sa_column=_at(null=True))
    asserted_by: str = Field(sa_column=_text())
    confirmed_by: str | None = Field(None, sa_column=_text(null=True))
    event: UUID
    plan: str | None = Field(None, sa_column=_text(null=True))
    worker: str | None = Field(None, sa_column=_text(null=True))
    contact: str | None = Field(None, sa_column=_text(null=True))
    ended_by: UUID | None = None
    withheld_from: list[str] = Field(sa_column=_texts())


class Listed(Table, table=True):
    """A desk that the lead agency lists by name for somebody's locating facts, and by which event."""

    person: UUID = Field(foreign_key="person.id", primary_key=True)
    desk: str = Field(sa_column=_text(primary=True))
    event: UUID = Field(primary_key=True)


class Event(Table, table=True):
    """An event that was decided, or is held. Of a correction, `counts_as` is the type of the event that it puts in place.

    `protected`: somebody in it was known to be when it was decided, identified or not. `withheld_from` is its author's wish.
    `marks` are closed words of the contract, by which those that answer it are ruled.
    """

    __table_args__ = (Index("event_thread", "thread"), Index("event_received", "received_at", postgresql_using="brin"))

    id: UUID = Field(primary_key=True)
    thread: UUID
    type: str = Field(sa_column=_text())
    counts_as: str = Field(sa_column=_text())
    source: str = Field(sa_column=_text())
    gateway: str = Field(sa_column=_text())
    after: UUID | None = None
    cause: UUID | None = None
    occurred_at: datetime = Field(sa_column=_at())
    received_at: datetime = Field(sa_column=_at())
    decided_at: datetime = Field(sa_column=_at())
    state: str = Field(sa_column=_text())
    epoch: str = Field(sa_column=_text())
    missing: list[str] = Field(sa_column=_texts(default="{}"))
    ledger_version: int = Field(1, sa_column_kwargs={"server_default": text("1")})
    others_close_at: datetime = Field(sa_column=_at())
    protected: bool = Field(False, sa_column=Column(Boolean, nullable=False, server_default=false()))
    withheld_from: list[str] = Field(sa_column=_texts(default="{}"))
    marks: list[str] = Field(sa_column=_texts(default="{}"))
    withdrawn_at: datetime | None = Field(None, sa_column=_at(null=True))
    sections: bytes = Field(sa_column=_bytes())


class Waiting(Table, table=True):
    """An event that waits for another one. `task`: somebody was told that it waits for too long."""

    __table_args__ = (Index("waiting_for", "waits_for"),)

    event: UUID = Field(primary_key=True)
    waits_for: UUID
    since: datetime = Field(sa_column=_at())
    record: bytes = Field(sa_column=_bytes())
    writer: str = Field(sa_column=_text())
    task: UUID | None = None


class Parked(Table, table=True):
    """A record that could not be read, or was signed by nobody known."""

    id: int = Field(sa_column=_counted())
    topic: str = Field(sa_column=_text())
    partition: int
    off: int = Field(sa_column=_position())
    at: datetime = Field(sa_column=_at())
    reason: str = Field(sa_column=_text())
    record: bytes = Field(sa_column=_bytes())
    task: UUID | None = None


class EventPerson(Table, table=True):
    """Who a mention of an event turned out to be; nobody yet, and why."""

    __tablename__ = "event_person"

    event: UUID = Field(foreign_key="event.id", primary_key=True)
    ref: str = Field(sa_column=_text(primary=True))
    person: UUID | None = None
    why_held: str | None = Field(None, sa_column=_text(null=True))
    meant: bool


class EventKey(Table, table=True):
    """A keyed hash by which a question finds the event, or somebody in it: an address, an agency's own number of an incident."""

    __tablename__ = "event_key"
    __table_args__ = (Index("event_key_event", "event"), Index("event_key_leads_to", "leads_to", "at"))

    hash: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    kind: str = Field(sa_column=_text(primary=True))
    event: UUID = Field(primary_key=True)
    leads_to: UUID = Field(primary_key=True)
    at: datetime = Field(sa_column=_at())


class Entry(Table, table=True):
    """A line of a person's chronology. `marks` are closed words of the contract, never text that somebody wrote.

    `changed_by` are the events that said since whether it runs, one after another, and `changed_to` what they said.
    """

    __table_args__ = (
        Index("entry_event", "event"),
        Index("entry_changed_by", "changed_by", postgresql_using="gin", postgresql_where=text("changed_by IS NOT NULL")),
    )

    person: UUID = Field(foreign_key="person.id", primary_key=True)
    event: UUID = Field(primary_key=True)
    type: str = Field(sa_column=_text())
    source: str = Field(sa_column=_text())
    occurred_at: datetime = Field(sa_column=_at())
    open: bool
    marks: list[str] = Field(sa_column=_texts())
    withheld_from: list[str] = Field(sa_column=_texts())
    changed_by: list[UUID] | None = Field(None, sa_column=Column(ARRAY(Uuid), nullable=True))
    changed_to: list[bool] | None = Field(None, sa_column=Column(ARRAY(Boolean), nullable=True))


class Disclosure(Table, table=True):
    """A desk was told, or was considered and is not told (no number): what it was given and by which policies, and how far it got.

    `said` are the marks of a chronology that it was given; `made` are sections made for this desk alone, which no event has; `quotes` are
    the earlier events of which an answer says something.
    """

    __table_args__ = (
        UniqueConstraint("desk", "incarnation", "number"),
        Index("disclosure_event", "event"),
        Index("disclosure_quotes", "quotes", postgresql_using="gin", postgresql_where=text("quotes IS NOT NULL")),
        Index("disclosure_unfiled", "at", postgresql_where=text("filed_at IS NULL AND number IS NOT NULL")),
    )

    id: UUID = Field(primary_key=True)
    event: UUID
    trigger: UUID
    desk: str = Field(sa_column=_text())
    kind: str = Field(sa_column=_text())
    incarnation: int | None = None
    number: int | None = Field(None, sa_column=Column(BigInteger, nullable=True))
    at: datetime = Field(sa_column=_at())
    epoch: str = Field(sa_column=_text())
    purposes: list[str] = Field(sa_column=_texts())
    given: list[dict[str, object]] = Field(sa_column=Column(JSONB, nullable=False))
    withheld: list[dict[str, object]] = Field(sa_column=Column(JSONB, nullable=False))
    marks: list[str] = Field(sa_column=_texts())
    about: list[UUID] = Field(sa_column=Column(ARRAY(Uuid), nullable=False))
    said: list[str] = Field(sa_column=_texts())
    made: bytes | None = Field(None, sa_column=_bytes(null=True))
    reason: str | None = Field(None, sa_column=_text(null=True))
    refers_to: UUID | None = None
    cause: UUID | None = None
    stands_for: UUID | None = None
    chases: UUID | None = None
    visible: bool
    sent_again_at: datetime | None = Field(None, sa_column=_at(null=True))
    filed_at: datetime | None = Field(None, sa_column=_at(null=True))
    received_at: datetime | None = Field(None, sa_column=_at(null=True))
    opened_at: datetime | None = Field(None, sa_column=_at(null=True))
    acted_at: datetime | None = Field(None, sa_column=_at(null=True))
    told_at: datetime | None = Field(None, sa_column=_at(null=True))
    failed: str | None = Field(None, sa_column=_text(null=True))
    withdrawn_at: datetime | None = Field(None, sa_column=_at(null=True))
    recall_told: bool = Field(False, sa_column=Column(Boolean, nullable=False, server_default=false()))
    quotes: list[UUID] | None = Field(None, sa_column=Column(ARRAY(Uuid), nullable=True))


class Desk(Table, table=True):
    """How far a desk's numbers were given out."""

    id: str = Field(sa_column=_text(primary=True))
    incarnation: int
    n: int = Field(sa_column=_position())


class Obligation(Table, table=True):
    """What a desk owes by when, what satisfies it, and the stages of its clock."""

    __table_args__ = (
        Index("obligation_event", "event"),
        Index("obligation_disclosure", "disclosure"),
        Index("obligation_next", "next_at", postgresql_where=text("state IN ('open', 'overdue') AND next_at IS NOT NULL")),
        Index("obligation_unmet", "state", postgresql_where=text("state IN ('open', 'overdue')")),
    )

    id: UUID = Field(primary_key=True)
    duty: str = Field(sa_column=_text())
    event: UUID
    desk: str = Field(sa_column=_text())
    person: UUID | None = None
    disclosure: UUID | None = None
    satisfied_by: list[str] = Field(sa_column=_texts())
    opened_at: datetime = Field(sa_column=_at())
    due: datetime = Field(sa_column=_at())
    state: str = Field(sa_column=_text())
    met_at: datetime | None = Field(None, sa_column=_at(null=True))
    met_by: str | None = Field(None, sa_column=_text(null=True))
    stages: list[dict[str, object]] = Field(sa_column=Column(JSONB, nullable=False))
    next_stage: int = Field(0, sa_column_kwargs={"server_default": text("0")})
    next_at: datetime | None = Field(None, sa_column=_at(null=True))
    hidden_from: list[str] = Field(sa_column=_texts())


class StageFired(Table, table=True):
    """What a stage of a clock did, and to whom."""

    __tablename__ = "stage_fired"

    obligation: UUID = Field(foreign_key="obligation.id", primary_key=True)
    stage: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    at: datetime = Field(sa_column=_at())
    kind: str = Field(sa_column=_text())
    desk: str = Field(sa_column=_text(primary=True))


class Task(Table, table=True):
    """A piece of work for a person. `notice` is the delivery by which its owner was told."""

    __table_args__ = (
        Index("task_event", "event"),
        Index("task_notice", "notice", postgresql_where=text("closed_at IS NULL")),
    )

    id: UUID = Field(primary_key=True)
    kind: str = Field(sa_column=_text())
    reason: str = Field(sa_column=_text())
    owner: str = Field(sa_column=_text())
    event: UUID | None = None
    refs: list[str] = Field(sa_column=_texts())
    notice: UUID | None = None
    opened_at: datetime = Field(sa_column=_at())
    closed_at: datetime | None = Field(None, sa_column=_at(null=True))
    closed_by: str | None = Field(None, sa_column=_text(null=True))


class Audit(Table, table=True):
    """What is kept for proof: opaque ids and codes, never content."""

    id: int = Field(sa_column=_counted())
    at: datetime = Field(sa_column=_at())
    type: str = Field(sa_column=_text())
    epoch: str = Field(sa_column=_text())
    event: UUID | None = None
    desk: str | None = Field(None, sa_column=_text(null=True))
    detail: dict[str, object] = Field(sa_column=Column(JSONB, nullable=False))


class Epoch(Table, table=True):
    """The policies that were put in force, in that order: the last one is."""

    n: int = Field(sa_column=_counted())
    id: str = Field(sa_column=_text())
    pack: str = Field(sa_column=_text())
    number: int
    hash: str = Field(sa_column=_text())
    opens: date
    agreements: list[str] = Field(sa_column=_texts())
    activated_at: datetime = Field(sa_column=_at())


class Outbox(Table, table=True):
    """What one transaction sends. Positions are dense and in commit order."""

    position: int = Field(sa_column=_position(primary=True))
    records: bytes = Field(sa_column=_bytes())


class OutboxHead(Table, table=True):
    """One row: the last position given out, and up to where everything is on the bus."""

    __tablename__ = "outbox_head"
    __table_args__ = (CheckConstraint("one"),)

    one: bool = Field(sa_column=Column(Boolean, primary_key=True, server_default=text("true")))
    position: int = Field(sa_column=_position())
    sent_up_to: int = Field(sa_column=_position())


class Position(Table, table=True):
    """How far each partition was read."""

    topic: str = Field(sa_column=_text(primary=True))
    partition: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    topic_id: str = Field(sa_column=_text())
    off: int = Field(sa_column=_position())

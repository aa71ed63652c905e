"""What a recipient gets: one shape for inbox, stream and webhook, that of a Standard Webhooks payload."""

from typing import Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from frontdoor_schemas.envelope import Ask, Delivery, DeliveryKind, DeskId, Envelope, Mark, Wire, utc
from frontdoor_schemas.sections import join
from frontdoor_schemas.topics import type_name
from frontdoor_schemas.vocabulary import EventType

TOMBSTONE = "tombstone"
"""Kind of what stands at a number whose content was taken back before it was read."""


class EventHead(Wire):
    """What a recipient may know of the event besides the message."""

    id: UUID
    type: EventType
    thread: UUID
    cause: UUID | None = Field(None, description="The event that it answers, for who published that or was told of it")
    occurred_at: AwareDatetime


class MessageData(Wire):
    """One number of a desk. What is not there is left out: no nulls, no empty lists."""

    disclosure: UUID
    desk: DeskId
    incarnation: int
    number: int
    kind: DeliveryKind | Literal["tombstone"]
    event: EventHead | None = Field(None, description="Absent from a tombstone")
    marks: tuple[Mark, ...] = ()
    ask: Ask | None = None
    reason: str | None = None
    missing: tuple[str, ...] = ()
    missing_numbers: tuple[int, ...] = Field((), description="Numbers of this desk that were not sent before this one, and may still come")
    refers_to: UUID | None = None
    message: dict[str, Any] | None = Field(None, description="The event, as far as this desk may see it: see `<type>.disclosed.json`")


class Message(Wire):
    """A Standard Webhooks payload. Describes what `message` and `tombstone` give; neither builds it."""

    type: str = Field(pattern=r"^frontdoor\.(disclosure|withdrawn|overdue|held|owed|answer|tombstone)\.v1$")
    timestamp: AwareDatetime
    data: MessageData


def message(delivery: Delivery) -> dict[str, Any]:
    """What the desk of a delivery gets, ready to be written as JSON."""
    data: dict[str, Any] = {
        "disclosure": str(delivery.id),
        "desk": delivery.desk,
        "incarnation": delivery.incarnation,
        "number": delivery.number,
        "kind": delivery.kind.value,
        "event": _head(delivery.event),
        "marks": [mark.value for mark in delivery.marks],
        "ask": _ask(delivery.ask) if delivery.ask else None,
        "reason": delivery.reason,
        "missing": list(delivery.missing),
        "refers_to": str(delivery.refers_to) if delivery.refers_to else None,
        "message": join(delivery.sections),
    }
    return _payload(delivery.kind.value, utc(delivery.at), {name: value for name, value in data.items() if value})


def tombstone(*, disclosure: UUID, desk: str, incarnation: int, number: int, at: AwareDatetime) -> dict[str, Any]:
    """What stands at the number of a disclosure that was recalled unread: that there was one, and nothing of it."""
    data = {"disclosure": str(disclosure), "desk": desk, "incarnation": incarnation, "number": number, "kind": TOMBSTONE}
    return _payload(TOMBSTONE, utc(at), data)


def _payload(kind: str, timestamp: str, data: dict[str, Any]) -> dict[str, Any]:
    return {"type": type_name(kind), "timestamp": timestamp, "data": data}


def _head(event: Envelope) -> dict[str, str]:
    head = {"id": str(event.id), "type": event.type.value, "thread": str(event.thread), "occurred_at": utc(event.occurred_at)}
    return head | {"cause": str(event.cause)} if event.cause else head


def _ask(ask: Ask) -> dict[str, str]:
    said = {
        "level": ask.level.value if ask.level else None,
        "reply": ask.reply.value if ask.reply else None,
        "due": utc(ask.due) if ask.due else None,
    }
    return {name: value for name, value in said.items() if value}

"""What is posted: the public message of a delivery, a tombstone in place of what was taken back, and what is missing."""

from collections.abc import Sequence

import orjson

from frontdoor_notifier.core.parcels import Notice, TakenBack
from frontdoor_schemas.envelope import Delivery
from frontdoor_schemas.messages import message
from frontdoor_schemas.messages import tombstone as tombstone_message

MISSING = "missing_numbers"
"""Member of `data`: numbers of this desk that were not sent before this one, and may still come."""


def body_of(delivery: Delivery) -> bytes:
    """The message as it is posted."""
    return orjson.dumps(message(delivery))


def naming_missing(body: bytes, missing: Sequence[int]) -> bytes:
    """The message, naming the numbers of its desk that were not sent before it."""
    payload = orjson.loads(body)
    return orjson.dumps({**payload, "data": {**payload["data"], MISSING: list(missing)}})


def message_id(notice: Notice, taken_back: TakenBack | None) -> str:
    """`webhook-id`: the disclosure id, at every attempt the same.

    A tombstone has one of its own: a receiver that did get an attempt that timed out here would take the same id for a
    repetition, and never hear that the content was withdrawn.
    """
    return f"{notice.id}-{taken_back}" if taken_back else str(notice.id)


def tombstone(notice: Notice) -> bytes:
    """What keeps the sequence complete where the content may not be sent."""
    said = tombstone_message(
        disclosure=notice.id, desk=notice.desk, incarnation=notice.incarnation, number=notice.number, at=notice.filed_at
    )
    return orjson.dumps(said)

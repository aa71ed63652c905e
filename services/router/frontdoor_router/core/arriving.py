"""Reads an event off the wire: envelope, sections, the message put together, the keys of its people."""

from collections.abc import Callable

import orjson

from frontdoor_router.core.decide import Arrived
from frontdoor_router.core.identify import KeyMaker, mentions
from frontdoor_schemas.envelope import Submitted
from frontdoor_schemas.sections import join


def reader(keys: KeyMaker) -> Callable[[bytes, str], Arrived]:
    """A function from a stored or received record and its writer to the arrived event. Raises `ValueError` when unreadable."""

    def read(record: bytes, writer: str) -> Arrived:
        submitted = Submitted.model_validate_json(record)
        envelope = submitted.envelope
        if envelope.source is None:
            raise ValueError("the event names no source desk")
        message = join(submitted.sections)
        agency = envelope.source.partition(".")[0]
        return Arrived(envelope, submitted.sections, message, mentions(message, source_agency=agency, make=keys), writer)

    return read


def event_of(record: bytes) -> str | None:
    """The id of an event in a record that cannot be read whole; None when not even that can be."""
    try:
        return str(orjson.loads(record)["envelope"]["id"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return None

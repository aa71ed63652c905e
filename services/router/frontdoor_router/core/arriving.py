"""Reads an event off the wire: envelope, sections, the message put together, the keys of its people; and who may say it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from frontdoor_chassis.directory import Directory
from frontdoor_router.core.identify import KeyMaker, Mention, mentions
from frontdoor_router.core.keeping import Kept
from frontdoor_router.core.lists import Standing
from frontdoor_router.core.pointers import Pointer, pointers
from frontdoor_schemas.envelope import Envelope, Section, Submitted
from frontdoor_schemas.sections import join
from frontdoor_schemas.topics import FAMILY
from frontdoor_schemas.vocabulary import EventType

NOTIFIER = "notifier"
"""The writer that reports for desks of every gateway."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """An event as it came off the bus, with its message put together and its people's keys worked out."""

    envelope: Envelope
    sections: Sequence[Section]
    message: Mapping[str, Any]
    mentions: tuple[Mention, ...]
    gateway: str
    pointers: tuple[Pointer, ...] = ()
    standing: Standing | None = None
    """Of a question that the router itself asks for a desk: which list, of which period."""
    was_protected: bool = False
    """Of an event that was decided before: whether it was known that somebody in it is protected."""

    @property
    def asks(self) -> bool:
        """Whether it is a question to the exchange."""
        return self.envelope.type is EventType.query


def reader(keys: KeyMaker) -> Callable[[bytes, str], Arrived]:
    """A function from a stored or received record and its writer to the arrived event. Raises `ValueError` when unreadable."""

    def read(record: bytes, writer: str) -> Arrived:
        submitted = Submitted.model_validate_json(record)
        envelope = submitted.envelope
        if envelope.source is None:
            raise ValueError("the event names no source desk")
        message = join(submitted.sections)
        agency = envelope.source.partition(".")[0]
        found = mentions(message, source_agency=agency, make=keys)
        return Arrived(
            envelope, submitted.sections, message, found, writer, pointers(message, envelope.type, source_agency=agency, make=keys)
        )

    return read


def arrived_again(kept: Kept, keys: KeyMaker) -> Arrived:
    """An event that was decided before, as it was when it arrived."""
    message = join(kept.sections)
    agency = kept.source.partition(".")[0]
    envelope = kept.envelope.model_copy(update={"source": kept.source})
    found = mentions(message, source_agency=agency, make=keys)
    return Arrived(envelope, kept.sections, message, found, "", was_protected=kept.protected)


def serves(directory: Directory, writer: str, desk: str) -> bool:
    """Whether a writer is the gateway of a desk: nobody publishes or confirms for the desks of another gateway."""
    return directory.find(desk) is not None and directory.gateway_of(desk) == writer


def envelope_of(record: bytes, *, topic: str, stand_in: UUID, now: datetime) -> Envelope | None:
    """The envelope of an event that cannot be read whole, or one made up in its place. None when it is no event at all."""
    types = [event_type for event_type, family in FAMILY.items() if family == topic]
    if not types:
        return None
    try:
        return Envelope.model_validate(orjson.loads(record)["envelope"])
    except (ValueError, KeyError, TypeError):
        return made_up_envelope(types[0], stand_in, now)


def made_up_envelope(event_type: EventType, stand_in: UUID, now: datetime) -> Envelope:
    """For what nobody can say anything about: so that a desk can be told of it all the same."""
    return Envelope(id=stand_in, type=event_type, thread=stand_in, occurred_at=now, received_at=now)

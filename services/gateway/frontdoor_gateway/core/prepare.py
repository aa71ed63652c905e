"""What can be done with a post by itself: read it, judge it, cut it into sections. Pure."""

import hmac
import random
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson
from pydantic import ValidationError

from frontdoor_chassis.bus.sizes import MAX_RECORD_BYTES
from frontdoor_chassis.problems import ProblemError
from frontdoor_chassis.store.bodies import pack
from frontdoor_gateway.core.failures import TooLargeError, TypeNotAllowedError, UnreadableEventError
from frontdoor_gateway.core.posts import Post
from frontdoor_schemas.amendments import Amendment, Correction
from frontdoor_schemas.body import check_times
from frontdoor_schemas.events import SUBMISSIONS, SourceFacts, Submission, parse, to_wire
from frontdoor_schemas.problems import from_times, from_validation
from frontdoor_schemas.vocabulary import EventType

_RANDOM = random.SystemRandom()

ENVELOPE_BYTES = 2_048
"""Room for everything in a record beside its sections: envelope, key, headers, and what Kafka adds."""


@dataclass(frozen=True, slots=True)
class By:
    """Who posts, when, and what its agency may publish. `key` is what bodies are hashed under."""

    source: SourceFacts
    at: datetime
    publishes: frozenset[EventType]
    key: bytes


@dataclass(frozen=True, slots=True)
class Ready:
    """A post that can be stored, once it is known what it answers."""

    type: EventType
    sender_id: str
    body_hmac: bytes
    in_reply_to: UUID | None
    amends: bool
    occurred_at: datetime
    sections: bytes
    packed: bytes


Prepared = Ready | ProblemError


def prepare(post: Post, by: By) -> Prepared:
    """Ready to be stored, or why not."""
    if post.type not in by.publishes:
        return _not_allowed(post.type)
    try:
        said = parse(post.type, post.raw)
    except ValidationError as error:
        return UnreadableEventError(errors=from_validation(error, SUBMISSIONS[post.type], post.raw))
    if isinstance(said.data, Correction) and said.data.event.type not in by.publishes:
        return _not_allowed(said.data.event.type)
    if late := check_times(said.data, by.at):
        return UnreadableEventError(errors=from_times(late))
    return _ready(post, said, by)


def _not_allowed(event_type: EventType) -> TypeNotAllowedError:
    return TypeNotAllowedError(f"{event_type.value} is not among the types that your agency publishes")


def _ready(post: Post, said: Submission, by: By) -> Prepared:
    sections = orjson.dumps(to_wire(said, by.source, _RANDOM))
    if len(sections) + ENVELOPE_BYTES > MAX_RECORD_BYTES:
        return TooLargeError("as it is sent on, with every section by itself")
    return Ready(
        type=post.type,
        sender_id=post.sender_id,
        body_hmac=_fingerprint(post, by),
        in_reply_to=said.in_reply_to,
        amends=isinstance(said.data, Amendment),
        occurred_at=said.data.occurred_at,
        sections=sections,
        packed=pack(sections),
    )


def _fingerprint(post: Post, by: By) -> bytes:
    # keyed, because a plain hash of what is said of a child can be guessed
    return hmac.digest(by.key, b"%s %s " % (by.source.desk.encode(), post.type.value.encode()) + post.same, "sha256")

"""What can be done with a post by itself: read it, judge it, cut it into sections."""

import asyncio
import hmac
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from pydantic import ValidationError

from frontdoor_chassis.bus.sizes import MAX_RECORD_BYTES
from frontdoor_chassis.problems import ProblemError
from frontdoor_chassis.store.bodies import pack
from frontdoor_gateway.core.failures import TooLargeError, TypeNotAllowedError, UnreadableEventError
from frontdoor_gateway.core.posts import Post
from frontdoor_schemas.amendments import Amendment, Correction
from frontdoor_schemas.body import CaseEvent, EventBody, check_times
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
    withheld_from: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """A post that may not be stored as things are now. It may have been stored before: then what was answered then holds."""

    sender_id: str
    body_hmac: bytes
    why: ProblemError


Prepared = Ready | Refused | ProblemError

SLICE = 10
"""So many posts of a batch take each step in a row before others have their turn: a few milliseconds, where a batch takes a hundred."""


class _Read(NamedTuple):
    """A post that can be understood, by an agency that may publish it."""

    post: Post
    said: Submission


class _Cut(NamedTuple):
    """The same with its sections."""

    post: Post
    said: Submission
    sections: list[dict[str, Any]]


async def prepare(posts: Sequence[Post | ProblemError], by: By) -> list[Prepared]:
    """Each ready to be stored, or why not; what was refused before goes through.

    Every step is done for some posts in a row, and the loop has its turn between. So requests that came in together go
    through each step together: a sixth less of the processor's time than one post from end to end after the other
    (measured), presumably as a step's code and tables are still in its caches.
    """
    prepared: list[Prepared] = []
    for at in range(0, len(posts), SLICE):
        prepared += await _some(posts[at : at + SLICE], by)
    return prepared


async def _some(posts: Sequence[Post | ProblemError], by: By) -> list[Prepared]:
    await asyncio.sleep(0)
    read = [post if isinstance(post, ProblemError) else _read(post, by) for post in posts]
    await asyncio.sleep(0)
    cut = [_Cut(r.post, r.said, to_wire(r.said, by.source, _RANDOM)) if isinstance(r, _Read) else r for r in read]
    await asyncio.sleep(0)
    return [_ready(c, by) if isinstance(c, _Cut) else c for c in cut]


def _read(post: Post, by: By) -> _Read | Refused | ProblemError:
    if post.type not in by.publishes:
        return _not_allowed(post, post.type, by)
    try:
        said = parse(post.type, post.raw)
    except ValidationError as error:
        return UnreadableEventError(errors=from_validation(error, SUBMISSIONS[post.type], post.raw))
    if isinstance(said.data, Correction) and said.data.event.type not in by.publishes:
        return _not_allowed(post, said.data.event.type, by)
    if late := check_times(said.data, by.at):
        return UnreadableEventError(errors=from_times(late))
    return _Read(post, said)


def _not_allowed(post: Post, event_type: EventType, by: By) -> Refused:
    why = TypeNotAllowedError(f"{event_type.value} is not among the types that your agency publishes")
    return Refused(post.sender_id, _fingerprint(post, by), why)


def _ready(cut: _Cut, by: By) -> Prepared:
    post, said = cut.post, cut.said
    sections = orjson.dumps(cut.sections)
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
        withheld_from=_withheld_from(said.data),
    )


def _withheld_from(body: EventBody) -> tuple[str, ...]:
    """From whom its author withholds it; of a correction, the event that it puts in place."""
    stated = body.event.data if isinstance(body, Correction) else body
    return stated.sharing.withhold_from if isinstance(stated, CaseEvent) and stated.sharing else ()


def _fingerprint(post: Post, by: By) -> bytes:
    # keyed, because a plain hash of what is said of a child can be guessed
    return hmac.digest(by.key, b"%s %s " % (by.source.desk.encode(), post.type.value.encode()) + post.same, "sha256")

"""The way in: what an agency posts becomes a submission, or a refusal that names field and rule."""

import hmac
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
import uuid_utils.compat as uuid_utils
from pydantic import ValidationError

from frontdoor_chassis.bus.ports import Record
from frontdoor_chassis.bus.sizes import MAX_RECORD_BYTES, record_size
from frontdoor_chassis.clock import Clock
from frontdoor_chassis.problems import ProblemError
from frontdoor_gateway.core.callers import Caller
from frontdoor_gateway.core.failures import (
    NOT_OWN,
    UNKNOWN_EVENT,
    NotStoredError,
    SameIdError,
    TooLargeError,
    TypeNotAllowedError,
    UnreadableEventError,
    unknown_origin,
)
from frontdoor_gateway.core.flusher import Flusher
from frontdoor_gateway.core.submissions import (
    Contradicted,
    Failed,
    Origin,
    Outcome,
    Repeated,
    Sign,
    StoreAwayError,
    Stored,
    Submission,
    Submissions,
    record,
)
from frontdoor_schemas.amendments import Amendment, Correction
from frontdoor_schemas.body import check_times
from frontdoor_schemas.envelope import Section
from frontdoor_schemas.events import SUBMISSIONS, SourceFacts, parse, to_sections
from frontdoor_schemas.events import Submission as Said
from frontdoor_schemas.problems import from_times, from_validation
from frontdoor_schemas.vocabulary import EventType

MayPublish = Callable[[str, EventType, datetime], bool]
"""Whether an agency publishes a type at a moment."""


@dataclass(frozen=True, slots=True)
class Post:
    """One event as it was posted: which type it says it is, its bytes, and what makes it the same event again."""

    type: EventType
    raw: bytes
    same: bytes
    sender_id: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """The answer to what is durable."""

    event: UUID
    thread: UUID
    received_at: datetime


Answer = Receipt | ProblemError


class Door:
    """Takes posts in. Everything of one call is answered together, each item for itself."""

    def __init__(
        self, *, store: Submissions, flusher: Flusher, may_publish: MayPublish, clock: Clock, rng: random.Random, sign: Sign, key: bytes
    ) -> None:
        self._store = store
        self._flusher = flusher
        self._may_publish = may_publish
        self._clock = clock
        self._rng = rng
        self._sign = sign
        self._key = key

    async def take(self, caller: Caller, posts: Sequence[Post | ProblemError]) -> list[Answer]:
        """One answer for each post, in order. What was refused before goes through. Raises what concerns them all."""
        read = [p if isinstance(p, ProblemError) else self._read(caller, p) for p in posts]
        origins = await self._origins(caller, [r[1].in_reply_to for r in read if isinstance(r, tuple)])
        answers = [r if isinstance(r, ProblemError) else self._submission(caller, *r, origins) for r in read]
        passed = [a for a in answers if isinstance(a, Submission)]
        outcomes = iter(await self._flusher.submit(passed)) if passed else iter(())
        return [_answer(a, next(outcomes)) if isinstance(a, Submission) else a for a in answers]

    def _read(self, caller: Caller, post: Post) -> tuple[Post, Said] | ProblemError:
        now = self._clock.now()
        if not self._may_publish(caller.agency, post.type, now):
            return TypeNotAllowedError(f"{post.type.value} is not among the types that your agency publishes")
        try:
            said = parse(post.type, post.raw)
        except ValidationError as error:
            return UnreadableEventError(errors=from_validation(error, SUBMISSIONS[post.type], post.raw))
        if isinstance(said.data, Correction) and not self._may_publish(caller.agency, said.data.event.type, now):
            return TypeNotAllowedError(f"{said.data.event.type.value} is not among the types that your agency publishes")
        late = check_times(said.data, now)
        return UnreadableEventError(errors=from_times(late)) if late else (post, said)

    async def _origins(self, caller: Caller, answered: Iterable[UUID | None]) -> Mapping[UUID, Origin]:
        asked = {event for event in answered if event}
        try:
            return await self._store.origins(caller.agency, asked) if asked else {}
        except StoreAwayError:
            raise NotStoredError from None

    def _submission(self, caller: Caller, post: Post, said: Said, origins: Mapping[UUID, Origin]) -> Submission | ProblemError:
        origin = origins.get(said.in_reply_to) if said.in_reply_to else None
        if said.in_reply_to and origin is None:
            return unknown_origin(UNKNOWN_EVENT)
        if origin and not origin.own and isinstance(said.data, Amendment):
            return unknown_origin(NOT_OWN)
        now = self._clock.now()
        event = uuid_utils.uuid7(nanoseconds=int(now.timestamp() * 1000) * 1_000_000)
        sections = to_sections(said, SourceFacts(caller.desk, caller.agency, caller.role), self._rng)
        made = Submission(
            event=event,
            agency=caller.agency,
            desk=caller.desk,
            sender_id=post.sender_id,
            body_hmac=self._fingerprint(caller, post),
            thread=origin.thread if origin else event,
            cause=said.in_reply_to,
            type=post.type,
            occurred_at=said.data.occurred_at,
            received_at=_to_the_millisecond(now),
            sections=orjson.dumps([_lean(section) for section in sections]),
        )
        return made if self._fits(made) else TooLargeError("as it is sent on, with every section by itself")

    def _fingerprint(self, caller: Caller, post: Post) -> bytes:
        # keyed, because a plain hash of what is said of a child can be guessed
        return hmac.digest(self._key, b"%s %s " % (caller.desk.encode(), post.type.value.encode()) + post.same, "sha256")

    def _fits(self, made: Submission) -> bool:
        if len(made.sections) < MAX_RECORD_BYTES // 2:
            return True
        return record_size(self._record(made)) <= MAX_RECORD_BYTES

    def _record(self, made: Submission) -> Record:
        return record(made.following(made.event), self._sign)


def _lean(section: Section) -> dict[str, Any]:
    """As the wire writes it, without what a reader fills in by itself: a fifth of the bytes of a usual event."""
    said: dict[str, Any] = {"id": section.id, "category": section.category}
    if section.subjects:
        said["subjects"] = section.subjects
    if section.to:
        said["to"] = section.to
    if section.not_for:
        said["not_for"] = section.not_for
    said["body"] = section.body
    return said


def _to_the_millisecond(moment: datetime) -> datetime:
    # as it is written on the wire, so that the same row gives the same bytes
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _answer(made: Submission, outcome: Outcome) -> Answer:
    match outcome:
        case Stored():
            return Receipt(made.event, made.thread, made.received_at)
        case Repeated(event, thread, received_at):
            return Receipt(event, thread, received_at)
        case Contradicted():
            return SameIdError()
        case Failed():
            return UnreadableEventError("It could not be stored as it is")

"""The way in: what an agency posts is prepared, put into its thread, and stored; each item is answered for itself."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import uuid_utils.compat as uuid_utils

from frontdoor_chassis.clock import Clock
from frontdoor_chassis.problems import ProblemError
from frontdoor_gateway.core import posts
from frontdoor_gateway.core.callers import Caller
from frontdoor_gateway.core.failures import NOT_OWN, UNKNOWN_EVENT, NotStoredError, SameIdError, UnreadableEventError, unknown_origin
from frontdoor_gateway.core.flusher import Flusher
from frontdoor_gateway.core.origins import Origins
from frontdoor_gateway.core.posts import Bounds, Post
from frontdoor_gateway.core.prepare import By, Prepared, Ready, Refused, prepare
from frontdoor_gateway.core.questions import Quota, asks
from frontdoor_gateway.core.submissions import (
    Contradicted,
    Failed,
    Known,
    Origin,
    Outcome,
    Reads,
    Repeated,
    StoreAwayError,
    Stored,
    Submission,
    Submissions,
)
from frontdoor_schemas.events import SourceFacts
from frontdoor_schemas.vocabulary import EventType

Publishes = Callable[[str, datetime], frozenset[EventType]]
"""The types that an agency publishes at a moment."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """The answer to what is durable."""

    event: UUID
    thread: UUID
    received_at: datetime


Answer = Receipt | ProblemError


class Door:
    """Takes posts in."""

    def __init__(
        self,
        *,
        store: Submissions,
        flusher: Flusher,
        quota: Quota,
        publishes: Publishes,
        clock: Clock,
        key: bytes,
        reads: Reads,
    ) -> None:
        self._store = store
        self._reads = reads
        self._origin_of = Origins(store)
        self._flusher = flusher
        self._quota = quota
        self._publishes = publishes
        self._clock = clock
        self._key = key

    async def take(self, caller: Caller, post: Post) -> Receipt:
        """Return when the event is durable. Raises a `ProblemError`."""
        (answer,) = await self.store(caller, await prepare([post], self._by(caller)))
        if isinstance(answer, ProblemError):
            raise answer
        return answer

    async def read_batch(self, caller: Caller, raw: bytes, bounds: Bounds) -> list[Prepared]:
        """What a batch brings, not stored yet. Raises a `ProblemError` for the batch as a whole."""
        return await prepare(posts.batch(raw, caller.desk, bounds), self._by(caller))

    async def store(self, caller: Caller, prepared: Sequence[Prepared]) -> list[Answer]:
        """One answer for each, in order: what was refused before goes through. Raises what concerns them all."""
        origins = await self._origins(caller, (p.in_reply_to for p in prepared if isinstance(p, Ready)))
        made = await self._settled(caller, [self._submission(caller, p, origins) if isinstance(p, Ready) else p for p in prepared])
        if not any(asks(m) for m in made):
            return await self._stored(made)
        async with self._quota.turn(caller.desk):
            refused = await self._refused(caller, [m for m in made if isinstance(m, Submission) and asks(m)])
            return await self._stored([refused.get(m.event, m) if isinstance(m, Submission) else m for m in made])

    async def _refused(self, caller: Caller, questions: Sequence[Submission]) -> Mapping[UUID, ProblemError]:
        try:
            return await self._quota.refused(caller.desk, questions)
        except StoreAwayError:
            raise NotStoredError from None

    async def _settled(self, caller: Caller, made: Sequence[Submission | Refused | ProblemError]) -> list[Submission | Answer]:
        """What may not be stored now is answered as it was when it might, however much has happened since."""
        asked = {m.sender_id for m in made if isinstance(m, Refused)}
        try:
            known = await self._store.known(caller.agency, asked) if asked else {}
        except StoreAwayError:
            raise NotStoredError from None
        return [_answer_again(m, known.get(m.sender_id)) if isinstance(m, Refused) else m for m in made]

    async def _stored(self, made: Sequence[Submission | Answer]) -> list[Answer]:
        passed = [m for m in made if isinstance(m, Submission)]
        outcomes = iter(await self._flusher.submit(passed)) if passed else iter(())
        return [_answer(m, next(outcomes)) if isinstance(m, Submission) else m for m in made]

    def _by(self, caller: Caller) -> By:
        now = self._clock.now()
        return By(SourceFacts(caller.desk, caller.agency, caller.role), now, self._publishes(caller.agency, now), self._key)

    async def _origins(self, caller: Caller, answered: Iterable[UUID | None]) -> Mapping[UUID, Origin]:
        asked = {event for event in answered if event}
        try:
            return await self._origin_of.find(self._reads(caller.desk, self._clock.now()), asked) if asked else {}
        except StoreAwayError:
            raise NotStoredError from None

    def _submission(self, caller: Caller, ready: Ready, origins: Mapping[UUID, Origin]) -> Submission | Refused:
        origin = origins.get(ready.in_reply_to) if ready.in_reply_to else None
        if ready.in_reply_to and origin is None:
            return Refused(ready.sender_id, ready.body_hmac, unknown_origin(UNKNOWN_EVENT))
        if origin and not origin.own and ready.amends:
            return Refused(ready.sender_id, ready.body_hmac, unknown_origin(NOT_OWN))
        now = _to_the_millisecond(self._clock.now())
        event = uuid_utils.uuid7(nanoseconds=int(now.timestamp() * 1000) * 1_000_000)
        return Submission(
            event=event,
            agency=caller.agency,
            desk=caller.desk,
            sender_id=ready.sender_id,
            body_hmac=ready.body_hmac,
            thread=origin.thread if origin else uuid_utils.uuid4(),  # a number of its own: whoever joins later learns no event by it
            cause=ready.in_reply_to,
            type=ready.type,
            occurred_at=ready.occurred_at,
            received_at=now,
            sections=ready.sections,
            packed=ready.packed,
            withheld_from=ready.withheld_from,
        )


def _to_the_millisecond(moment: datetime) -> datetime:
    # as it is written on the wire, so that the same row gives the same bytes
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _answer_again(refused: Refused, known: Known | None) -> Answer:
    if known is None:
        return refused.why
    first = known.answered
    return Receipt(first.event, first.thread, first.received_at) if known.body_hmac == refused.body_hmac else SameIdError()


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

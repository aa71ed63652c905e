"""Group commit: one flush at a time; what arrives meanwhile is the next. An answer is given only after the commit."""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from frontdoor_chassis.problems import ProblemError
from frontdoor_chassis.relay import OutboxRow, Relay
from frontdoor_chassis.supervise import Wake
from frontdoor_gateway.core.failures import ClosingError, NotStoredError, OutcomeUnknownError, OverloadedError
from frontdoor_gateway.core.submissions import (
    Failed,
    ItemRefusedError,
    Outcome,
    OutcomeLostError,
    Sign,
    StoreAwayError,
    Stored,
    Submission,
    Submissions,
    record,
)

log = structlog.get_logger(__name__)

MAX_FLUSH = 512
"""Numbering under the lock of the outbox head costs nothing up to here (measured)."""


@dataclass(slots=True)
class _Group:
    """What one request brought: answered together, never torn apart."""

    items: Sequence[Submission]
    answer: "asyncio.Future[Sequence[Outcome]]"


@dataclass(slots=True)
class FlushCounts:
    """What was flushed so far, for metrics and rehearsals."""

    flushes: int = 0
    stored: int = 0
    repeated: int = 0
    seconds: float = 0.0


class Flusher:
    """Stores what passed the door. `submit` in a request, `step` in a supervised loop."""

    def __init__(self, *, store: Submissions, relay: Relay, sign: Sign, max_waiting: int) -> None:
        self.wake = Wake()
        self.counts = FlushCounts()
        self._store = store
        self._relay = relay
        self._sign = sign
        self._max_waiting = max_waiting
        self._queue: deque[_Group] = deque()
        self._waiting = 0
        self._closed = False

    @property
    def waiting(self) -> int:
        """Events that were taken in and are not answered yet."""
        return self._waiting

    def close(self) -> None:
        """Take nothing more; what waits is still flushed."""
        self._closed = True

    async def submit(self, items: Sequence[Submission]) -> Sequence[Outcome]:
        """Return when all are durable, in a flush of their own or with others.

        Raises `OverloadedError` or `ClosingError` before anything is taken, `NotStoredError` when nothing was stored
        and `OutcomeUnknownError` when nobody knows.
        """
        if self._closed:
            raise ClosingError
        if self._waiting + len(items) > self._max_waiting:
            raise OverloadedError
        group = _Group(items, asyncio.get_running_loop().create_future())
        self._queue.append(group)
        self._waiting += len(items)
        self.wake.set()
        return await group.answer

    async def step(self) -> bool:
        """Flush what waits. True when more has come meanwhile."""
        await self._gather()
        groups = self._next()
        if not groups:
            return False
        try:
            await self._flush(groups)
        finally:
            self._waiting -= sum(len(g.items) for g in groups)
        return bool(self._queue)

    async def _gather(self) -> None:
        """Let those in whose requests have arrived already: no waiting, only the turns of the loop that they need."""
        seen = -1
        while seen < self._waiting < MAX_FLUSH:
            seen = self._waiting
            await asyncio.sleep(0)

    def _next(self) -> list[_Group]:
        groups: list[_Group] = []
        size = 0
        while self._queue and (not groups or size + len(self._queue[0].items) <= MAX_FLUSH):
            groups.append(self._queue.popleft())
            size += len(groups[-1].items)
        return groups

    async def _flush(self, groups: Sequence[_Group]) -> None:
        items = [item for group in groups for item in group.items]
        started = time.perf_counter()
        try:
            outcomes = await self._store.accept(items)
        except ItemRefusedError:
            await self._one_by_one(groups)
            return
        except (StoreAwayError, OutcomeLostError) as error:
            log.warning("batch.not_stored", events=len(items), error=type(error).__name__)
            _fail(groups, NotStoredError if isinstance(error, StoreAwayError) else OutcomeUnknownError)
            return
        except BaseException:  # the loop ends with it; nobody may be left waiting
            _fail(groups, OutcomeUnknownError)
            raise
        self._account(items, outcomes, time.perf_counter() - started)
        at = 0
        for group in groups:
            _answer(group, outcomes[at : at + len(group.items)])
            at += len(group.items)

    async def _one_by_one(self, groups: Sequence[_Group]) -> None:
        """So that the item that is refused fails alone. Those stored before a failure are found again by their ids."""
        for group in groups:
            try:
                _answer(group, [await self._alone(item) for item in group.items])
            except (StoreAwayError, OutcomeLostError):
                _fail([group], OutcomeUnknownError)

    async def _alone(self, item: Submission) -> Outcome:
        try:
            outcomes = await self._store.accept([item])
        except ItemRefusedError:
            log.warning("event.unstorable", agency=item.agency, desk=item.desk, type=item.type)
            return Failed()
        self._account([item], outcomes, 0.0)
        return outcomes[0]

    def _account(self, items: Sequence[Submission], outcomes: Sequence[Outcome], seconds: float) -> None:
        rows = [
            OutboxRow(outcome.position, (record(item.following(outcome.after), self._sign),))
            for item, outcome in zip(items, outcomes, strict=True)
            if isinstance(outcome, Stored)
        ]
        if rows:
            self._relay.offer(rows)
        self.counts.flushes += 1
        self.counts.stored += len(rows)
        self.counts.repeated += len(items) - len(rows)
        self.counts.seconds += seconds
        log.info("batch.stored", events=len(items), stored=len(rows), milliseconds=round(seconds * 1000, 2))


def _answer(group: _Group, outcomes: Sequence[Outcome]) -> None:
    if not group.answer.done():  # a caller that has gone is owed nothing
        group.answer.set_result(outcomes)


def _fail(groups: Sequence[_Group], error: type[ProblemError]) -> None:
    for group in groups:
        if not group.answer.done():
            group.answer.set_exception(error())

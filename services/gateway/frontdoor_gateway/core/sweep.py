"""The first clock of an event: accepted, not decided. What the router has not answered is published again."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol

import structlog

from frontdoor_chassis.bus.ports import Producer, SendError
from frontdoor_chassis.clock import Clock
from frontdoor_gateway.core.submissions import Sign, Submission, Undecided, record

log = structlog.get_logger(__name__)

MAX_SWEEP = 100
"""Sent again at once: after a long outage of the router the rest follows in the next rounds."""


class Gauge(Protocol):
    """A metric that is set."""

    def set(self, value: float) -> None:
        """Say how it is now."""
        ...


class Sweep:
    """Publishes again what has no ledger update after a time; the router knows events by their ids."""

    def __init__(self, *, store: Undecided, producer: Producer, sign: Sign, clock: Clock, after: timedelta, overdue: Gauge) -> None:
        self._store = store
        self._producer = producer
        self._sign = sign
        self._clock = clock
        self._after = after
        self._overdue = overdue

    async def step(self) -> bool:
        """One round. True when there is more."""
        before = self._clock.now() - self._after
        late = await self._store.undecided(before)
        self._overdue.set(late)
        if not late:
            return False
        rows = await self._store.overdue(before, MAX_SWEEP)
        sent = await self._send(rows)
        return sent and len(rows) == MAX_SWEEP

    async def _send(self, rows: Sequence[tuple[int, Submission]]) -> bool:
        try:
            await self._producer.send([record(submission, self._sign) for _, submission in rows])
        except SendError as error:
            log.warning("event.overdue", events=len(rows), error=type(error).__name__)
            return False
        await self._store.published_again([position for position, _ in rows], self._clock.now())
        if rows:
            log.warning("event.overdue", events=len(rows), published_again=True)
        return True

"""Takes batches off the bus and has them decided: events and receipts, each batch in one transaction with its positions."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

import structlog
from pydantic import ValidationError

from frontdoor_chassis.bus import Batch, Consumer, Received
from frontdoor_chassis.clock import Clock
from frontdoor_chassis.metrics import Metrics
from frontdoor_chassis.signing import ForgedRecordError, Verifier
from frontdoor_chassis.store import FencedError
from frontdoor_router.core.decide import Arrived
from frontdoor_router.core.routing import Routing, Session, Tally
from frontdoor_schemas.envelope import Receipt, Receipts
from frontdoor_schemas.topics import RECEIPTS

log = structlog.get_logger(__name__)

POLL_SECONDS = 0.2


class Work(Session, Protocol):
    """A transaction that can also take receipts and park what cannot be read."""

    async def receive(self, receipts: Sequence[Receipt], now: datetime) -> int:
        """Merge receipts; returns how many named nothing known."""
        ...

    async def park_raw(self, record: Received, reason: str, now: datetime) -> None:
        """Keep a record that cannot be read, and raise a task."""
        ...


OpenWork = Callable[[Batch], AbstractAsyncContextManager[Work]]
"""Opens a transaction that moves the batch's positions first and writes its outbox row last."""


class Stream:
    """One step: poll, verify, decide, commit."""

    def __init__(
        self,
        *,
        consumer: Consumer,
        open_work: OpenWork,
        routing: Callable[[], Routing],
        read: Callable[[bytes, str], Arrived],
        verifier: Verifier,
        clock: Clock,
        batch: int,
        metrics: Metrics,
    ) -> None:
        self._consumer = consumer
        self._open_work = open_work
        self._routing = routing
        self._read = read
        self._verifier = verifier
        self._clock = clock
        self._batch = batch
        self.done = 0
        self._decided = metrics.counter("events_decided", "Events decided")
        self._told = metrics.counter("disclosures_made", "Deliveries given to desks")
        self._parked = metrics.counter(
            "records_parked", "Records set aside: unreadable, forged, or not decidable for a fault here", ("why",)
        )

    async def step(self) -> bool:
        """Handle one batch. True when there may be more."""
        batch = await self._consumer.poll(max_records=self._batch, timeout=POLL_SECONDS)
        if batch is None:
            return False
        try:
            tally = await self._handle(batch)
        except FencedError:
            log.warning("batch.fenced", records=len(batch.records))
            await self._consumer.rewind()
            return True
        except BaseException:
            # the transaction did not commit: hand the batch over again, here or after a restart
            await self._consumer.rewind()
            raise
        self.done += len(batch.records)
        self._decided.inc(tally.decided)
        self._told.inc(tally.disclosures)
        log.info(
            "batch.decided",
            records=len(batch.records),
            decided=tally.decided,
            waiting=tally.waiting,
            seen_before=tally.seen_before,
            parked=tally.parked,
            disclosures=tally.disclosures,
        )
        return True

    async def _handle(self, batch: Batch) -> Tally:
        now = self._clock.now()
        async with self._open_work(batch) as work:
            arrived: list[Arrived] = []
            receipts: list[Receipt] = []
            for record in batch.records:
                await self._take(record, work, arrived, receipts, now)
            tally = await self._routing().route(arrived, work, now)
            if receipts:
                await work.receive(receipts, now)
            return tally

    async def _take(self, record: Received, work: Work, arrived: list[Arrived], receipts: list[Receipt], now: datetime) -> None:
        try:
            writer = self._verifier.writer(record)
            if record.topic == RECEIPTS:
                receipts.extend(Receipts.model_validate_json(record.value).items)
            else:
                arrived.append(self._read(record.value, writer))
        except ForgedRecordError:
            await self._set_aside(record, work, "forged", now)
        except (ValidationError, ValueError):
            await self._set_aside(record, work, "unreadable", now)

    async def _set_aside(self, record: Received, work: Work, why: str, now: datetime) -> None:
        self._parked.labels(why).inc()
        log.error("record.parked", topic=record.topic, partition=record.partition, offset=record.offset, why=why)
        await work.park_raw(record, why, now)

"""Takes batches off the bus and has them decided: events and receipts, each batch in one transaction with its positions."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import structlog

from frontdoor_chassis.bus import Batch, Consumer, Received
from frontdoor_chassis.clock import Clock
from frontdoor_chassis.directory import Directory
from frontdoor_chassis.metrics import Metrics
from frontdoor_chassis.signing import ForgedRecordError, Verifier
from frontdoor_chassis.store import FencedError
from frontdoor_router.core.arriving import NOTIFIER, Arrived, serves
from frontdoor_router.core.routing import CannotGoOnError, Routing, Session, Tally
from frontdoor_schemas.envelope import Envelope, Receipt, Receipts
from frontdoor_schemas.topics import RECEIPTS

log = structlog.get_logger(__name__)

POLL_SECONDS = 0.2
FORGED, UNREADABLE, REFUSED = "forged", "unreadable", "refused-by-the-store"
"""Why a record is set aside."""


class Work(Session, Protocol):
    """A transaction that can also take receipts and park what cannot be read."""

    async def receive(self, receipts: Sequence[Receipt], now: datetime) -> int:
        """Merge receipts; returns how many named nothing known."""
        ...

    async def park_raw(self, record: Received, reason: str, writer: str | None, routing: Routing, now: datetime) -> Envelope | None:
        """Keep a record that cannot be read, and raise a task. Returns what stands for it, if it is an event."""
        ...


@dataclass(slots=True)
class _Taken:
    """What a batch brought, and the events of it that could not be read."""

    events: list[Arrived] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)
    aside: list[Envelope] = field(default_factory=list)


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
        directory: Directory,
        clock: Clock,
        batch: int,
        metrics: Metrics,
    ) -> None:
        self._consumer = consumer
        self._open_work = open_work
        self._routing = routing
        self._read = read
        self._verifier = verifier
        self._directory = directory
        self._clock = clock
        self._batch = batch
        self._one_by_one = 0
        self.done = 0
        self._decided = metrics.counter("events_decided", "Events decided")
        self._told = metrics.counter("disclosures_made", "Deliveries given to desks")
        self._strange = metrics.counter("receipts_strange", "Receipts that name no disclosure of their desk")
        self._parked = metrics.counter(
            "records_parked", "Records set aside: unreadable, forged, or not decidable for a fault here", ("why",)
        )

    async def step(self) -> bool:
        """Handle one batch. True when there may be more."""
        batch = await self._consumer.poll(max_records=1 if self._one_by_one else self._batch, timeout=POLL_SECONDS)
        if batch is None:
            return False
        try:
            tally = await self._handle(batch)
        except FencedError as error:
            log.warning("batch.fenced", records=len(batch.records), error=type(error).__name__)
            await self._consumer.rewind()
            return True
        except CannotGoOnError:
            await self._consumer.rewind()
            raise
        except Exception as error:  # noqa: BLE001 - one record must not stop all others: find it, and set it aside
            await self._isolate(batch, error)
            return True
        except BaseException:
            # the transaction did not commit: hand the batch over again, here or after a restart
            await self._consumer.rewind()
            raise
        self._account(batch, tally)
        return True

    def _account(self, batch: Batch, tally: Tally) -> None:
        self.done += len(batch.records)
        self._one_by_one = max(0, self._one_by_one - len(batch.records))
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

    async def _isolate(self, batch: Batch, error: Exception) -> None:
        """A batch that could not be written is handed over again one record at a time; the one that is at fault is set aside."""
        log.error("batch.failed", records=len(batch.records), error=type(error).__name__, exc_info=error)
        if len(batch.records) > 1:
            self._one_by_one = len(batch.records)
            await self._consumer.rewind()
            return
        try:
            tally = await self._refuse(batch)
        except BaseException:
            await self._consumer.rewind()
            raise
        tally.parked += 1
        self._account(batch, tally)

    async def _refuse(self, batch: Batch) -> Tally:
        """Set the one record aside. What waited for it goes on, unless that cannot be written either: its gateway sends it again."""
        try:
            return await self._refused(batch, goes_on=True)
        except Exception as error:
            log.exception("batch.failed", records=1, error=type(error).__name__)
            return await self._refused(batch, goes_on=False)

    async def _refused(self, batch: Batch, *, goes_on: bool) -> Tally:
        now = self._clock.now()
        async with self._open_work(batch) as work:
            aside = await self._set_aside(batch.records[0], work, REFUSED, now)
            return await self._routing().route([], work, now, aside) if goes_on else Tally()

    async def _handle(self, batch: Batch) -> Tally:
        now = self._clock.now()
        async with self._open_work(batch) as work:
            taken = _Taken()
            for record in batch.records:
                await self._take(record, work, taken, now)
            tally = await self._routing().route(taken.events, work, now, taken.aside)
            if taken.receipts:
                self._strange.inc(await work.receive(taken.receipts, now))
            return tally

    async def _take(self, record: Received, work: Work, taken: _Taken, now: datetime) -> None:
        try:
            writer = self._verifier.writer(record)
            if record.topic == RECEIPTS:
                taken.receipts += self._receipts(record, writer)
            else:
                taken.events.append(self._event(record, writer))
        except ForgedRecordError:
            taken.aside += await self._set_aside(record, work, FORGED, now)
        except Exception:  # noqa: BLE001 - whatever a record of a wrong shape brings about, it is kept and the others go on
            taken.aside += await self._set_aside(record, work, UNREADABLE, now)

    def _event(self, record: Received, writer: str) -> Arrived:
        event = self._read(record.value, writer)
        if not serves(self._directory, writer, event.envelope.source or ""):
            raise ForgedRecordError(f"record at {record.topic}/{record.partition}/{record.offset} is not from its source's gateway")
        return event

    def _receipts(self, record: Received, writer: str) -> list[Receipt]:
        """A gateway speaks for its own desks alone: another's “opened” must not close an obligation."""
        items = Receipts.model_validate_json(record.value).items
        own = [i for i in items if writer == NOTIFIER or serves(self._directory, writer, i.desk)]
        self._strange.inc(len(items) - len(own))
        return own

    async def _set_aside(self, record: Received, work: Work, why: str, now: datetime) -> list[Envelope]:
        self._parked.labels(why).inc()
        log.error("record.parked", topic=record.topic, partition=record.partition, offset=record.offset, why=why)
        envelope = await work.park_raw(record, why, self._signed_by(record), self._routing(), now)
        return [envelope] if envelope else []

    def _signed_by(self, record: Received) -> str | None:
        try:
            return self._verifier.writer(record)
        except ForgedRecordError:
            return None

"""Reads `to.<gateway>`: deliveries into inboxes, recalls, ledgers. Everything of one batch is one transaction."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

import structlog
from pydantic import TypeAdapter, ValidationError

from frontdoor_chassis.bus.ports import Batch, Consumer, Move, Received
from frontdoor_chassis.clock import Clock
from frontdoor_chassis.relay import OutboxRow, Relay
from frontdoor_chassis.signing import ForgedRecordError, Verifier
from frontdoor_chassis.store.ports import FencedError
from frontdoor_gateway.core.bells import Bells
from frontdoor_gateway.core.submissions import StoreAwayError
from frontdoor_schemas.envelope import Delivery, LedgerUpdate, Recall, Remind, ToGateway

log = structlog.get_logger(__name__)

MAX_RECORDS = 200
"""Records in one transaction: enough to amortise the commit, little enough to repeat."""
POLL_SECONDS = 0.5
"""How long a poll waits, and so how long a stop may take."""
RETRY_SECONDS = 0.5
WRITER = "router"

_RECORD: TypeAdapter[Delivery | Recall | Remind | LedgerUpdate] = TypeAdapter(ToGateway)


@dataclass(slots=True)
class Work:
    """What one batch asks for."""

    moves: Sequence[Move]
    deliveries: list[tuple[Delivery, bytes]] = field(default_factory=list)
    recalls: list[Recall] = field(default_factory=list)
    ledgers: list[tuple[LedgerUpdate, bytes]] = field(default_factory=list)
    parked: int = 0


@dataclass(frozen=True, slots=True)
class Filed:
    """What a batch came to. `unfiled` are disclosures whose number another one holds."""

    receipts: Sequence[OutboxRow]
    unfiled: Sequence[UUID] = ()


class Filing(Protocol):
    """Where what comes from the router is kept."""

    async def file(self, work: Work, at: datetime) -> Filed:
        """All of it in one transaction, with the moves. Raises `FencedError` or `StoreAwayError`; then nothing is done."""
        ...


@dataclass(slots=True)
class IntakeCounts:
    """What was read so far."""

    filed: int = 0
    recalled: int = 0
    ledgers: int = 0
    parked: int = 0


class Intake:
    """One consumer of one gateway's topic. `step` in a supervised loop."""

    def __init__(
        self,
        *,
        connect: Callable[[], Awaitable[Consumer]],
        filing: Filing,
        verifier: Verifier,
        serves: Callable[[str], bool],
        receipts: Relay,
        bells: Bells,
        clock: Clock,
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        self.counts = IntakeCounts()
        self._poll_seconds = poll_seconds
        self._connect = connect
        self._filing = filing
        self._verifier = verifier
        self._serves = serves
        self._receipts = receipts
        self._bells = bells
        self._clock = clock
        self._consumer: Consumer | None = None
        self._busy = False

    @property
    def connected(self) -> bool:
        """Whether the bus was reached."""
        return self._consumer is not None

    async def behind(self) -> int:
        """Records that are not worked off; 1 while it is not known."""
        if self._consumer is None or self._busy:
            return 1
        try:
            lag = await self._consumer.lag()
        except ConnectionError:
            return 1
        return lag + self._busy

    async def step(self) -> bool:
        """Work off one batch. True when there may be more at once."""
        consumer = self._consumer or await self._reach()
        if consumer is None:
            return False
        try:
            batch = await consumer.poll(max_records=MAX_RECORDS, timeout=self._poll_seconds)
            if batch is None:
                return False
            self._busy = True
            await self._file(self._sorted(batch))
        except (FencedError, StoreAwayError) as error:
            log.warning("intake.delayed", error=type(error.__cause__ or error).__name__)
            await consumer.rewind()
            await asyncio.sleep(RETRY_SECONDS)
        finally:
            self._busy = False
        return True

    async def close(self) -> None:
        """Leave the group."""
        if self._consumer is not None:
            await self._consumer.close()

    async def _reach(self) -> Consumer | None:
        try:
            self._consumer = await self._connect()
        except (ConnectionError, LookupError, StoreAwayError) as error:
            log.warning("intake.unreachable", error=type(error).__name__)
            await asyncio.sleep(RETRY_SECONDS)
        return self._consumer

    async def _file(self, work: Work) -> None:
        filed = await self._filing.file(work, self._clock.now())
        for disclosure in filed.unfiled:
            log.error("delivery.parked", disclosure=disclosure, reason="another disclosure has its number")
        self._receipts.offer(filed.receipts)
        self._bells.ring({d.desk for d, _ in work.deliveries} | {r.desk for r in work.recalls})
        self.counts.filed += len(work.deliveries) - len(filed.unfiled)
        self.counts.recalled += len(work.recalls)
        self.counts.ledgers += len(work.ledgers)
        self.counts.parked += work.parked + len(filed.unfiled)
        log.info("intake.filed", deliveries=len(work.deliveries), recalls=len(work.recalls), ledgers=len(work.ledgers), parked=work.parked)

    def _sorted(self, batch: Batch) -> Work:
        work = Work(batch.moves)
        for received in batch.records:
            match self._read(received):
                case Delivery() as delivery:
                    work.deliveries.append((delivery, received.value))
                case Recall() as recall:
                    work.recalls.append(recall)
                case LedgerUpdate() as ledger:
                    work.ledgers.append((ledger, received.value))
                case Remind():
                    pass  # the notifier sends it
                case None:
                    work.parked += 1
        return work

    def _read(self, received: Received) -> Delivery | Recall | Remind | LedgerUpdate | None:
        place = {"topic": received.topic, "partition": received.partition, "offset": received.offset}
        try:
            writer = self._verifier.writer(received)
        except ForgedRecordError:
            writer = ""
        if writer != WRITER:
            log.error("record.parked", reason="not signed by the router", **place)
            return None
        try:
            read = _RECORD.validate_json(received.value)
        except ValidationError:
            log.error("record.parked", reason="not of this contract", **place)  # noqa: TRY400 - the error may quote the record
            return None
        if not self._serves(read.desk):
            log.error("record.parked", reason="for a desk of another gateway", desk=read.desk, **place)
            return None
        return read

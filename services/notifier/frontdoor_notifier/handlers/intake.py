"""Takes records in: reads, counts, files, and lets them be sent at once. Nothing is committed before the first attempt."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from frontdoor_chassis.bus import Batch, Consumer
from frontdoor_chassis.clock import Clock
from frontdoor_chassis.metrics import Metrics
from frontdoor_notifier.core.depot import Depot, wanted_desks
from frontdoor_notifier.core.filing import Arrival, Incoming, desks_counted, file_all, place
from frontdoor_notifier.core.ledger import OpenBatch
from frontdoor_notifier.core.ports import Store
from frontdoor_notifier.handlers.commits import Committer
from frontdoor_notifier.handlers.leases import LeaseKeeper
from frontdoor_notifier.handlers.records import Reader

log = structlog.get_logger(__name__)

MAX_POLLED = 100
"""Records taken at once: their first attempts begin together."""
MAX_UNCOMMITTED = 1000
"""Records taken in and not yet committed; beyond that the bus keeps them, which costs nothing.

With the linger of the ledger, one endpoint that hangs leaves room for 5,000 records a second.
"""
POLL_SECONDS = 0.2
ROOM_SECONDS = 0.05


@dataclass(slots=True)
class Progress:
    """How far this instance has read."""

    records: int = 0
    handling: bool = False


class Intake:
    """The consumer's loop."""

    def __init__(
        self,
        *,
        consumer: Consumer,
        reader: Reader,
        depot: Depot,
        store: Store,
        committer: Committer,
        leases: LeaseKeeper,
        pump: Callable[[], None],
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self.progress = Progress()
        self._consumer = consumer
        self._reader = reader
        self._depot = depot
        self._store = store
        self._committer = committer
        self._leases = leases
        self._pump = pump
        self._clock = clock
        self._read_to: dict[tuple[str, int], int] = {}
        self._rewind = False
        self._records = metrics.counter("records_total", "Records read, by what they mean", ("kind",))
        committer.on_reset(self._forget)

    def _forget(self) -> None:
        self._read_to.clear()
        self._rewind = True

    @property
    def busy(self) -> bool:
        """Whether a batch is being taken in, or is to be read once more."""
        return self.progress.handling or self._rewind

    async def step(self) -> bool:
        """Take one batch in. Waits while too much is uncommitted."""
        if self._depot.ledger.records >= MAX_UNCOMMITTED:
            await self._committer.room.wait(ROOM_SECONDS)
            return True
        generation = self._depot.generation
        if self._rewind:
            await self._consumer.rewind()
        batch = await self._consumer.poll(max_records=MAX_POLLED, timeout=POLL_SECONDS)
        if generation != self._depot.generation:
            return True
        self._rewind = False
        if batch is not None:
            self.progress.handling = True
            try:
                await self._take_in(batch, generation)
            finally:
                self.progress.handling = False
        return True

    async def _take_in(self, batch: Batch, generation: int) -> None:
        if self._jumped(batch):
            await self._committer.start_anew()
            return
        arrived = asyncio.get_running_loop().time()
        incoming = [item for record in batch.records if (item := self._reader.read(record)) is not None]
        await self._claim_for(incoming)
        await self._count_from(incoming)
        plan = place(self._depot, incoming, self._clock.now())
        repeated = plan.repeated()
        known = await self._store.known(repeated) if repeated else {}
        if generation != self._depot.generation:
            return
        self._read_to.update({(m.topic, m.partition): m.new for m in batch.moves})
        file_all(self._depot, OpenBatch(batch.moves, arrived, len(batch.records)), plan, known, self._clock.now())
        self._account(batch, incoming)
        self._pump()
        self._committer.wake.set()

    def _jumped(self, batch: Batch) -> bool:
        """Whether somebody else read on meanwhile, or the driver went back: what memory holds is then not the whole story."""
        return any(self._read_to.get((m.topic, m.partition), m.old) != m.old for m in batch.moves)

    async def _count_from(self, incoming: list[Incoming]) -> None:
        unknown = desks_counted(self._depot, incoming)
        if unknown:
            for sequence in (await self._store.sequences(sorted(unknown))).values():
                self._depot.note_sequence(sequence)

    async def _claim_for(self, incoming: list[Incoming]) -> None:
        """Become the sender for desks that are new here, so that what arrived goes out from memory."""
        desks = {i.delivery.desk for i in incoming if isinstance(i, Arrival)}
        wanted = wanted_desks(self._depot, desks)
        if wanted:
            await self._leases.claim(wanted)

    def _account(self, batch: Batch, incoming: list[Incoming]) -> None:
        self.progress.records += len(batch.records)
        for item in incoming:
            self._records.labels(type(item).__name__.lower()).inc()

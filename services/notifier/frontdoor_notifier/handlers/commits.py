"""Commits what the ledger gathered, one unit after the other, and reads again from the store when it was fenced."""

import asyncio
from collections.abc import Callable

import structlog

from frontdoor_chassis.clock import Clock
from frontdoor_chassis.metrics import Metrics
from frontdoor_chassis.relay import Relay
from frontdoor_chassis.store.ports import FencedError
from frontdoor_chassis.supervise import Wake
from frontdoor_notifier.core.depot import Depot
from frontdoor_notifier.core.ledger import Unit
from frontdoor_notifier.core.ports import Store

log = structlog.get_logger(__name__)


class Committer:
    """The only writer of results. `lock` is held while a unit is on its way, so that who reads the store sees no half."""

    def __init__(self, *, depot: Depot, store: Store, relay: Relay, clock: Clock, metrics: Metrics) -> None:
        self.wake = Wake()
        self.room = Wake()
        """Set after each commit: there is room for more batches."""
        self.lock = asyncio.Lock()
        self.commits = 0
        self._depot = depot
        self._store = store
        self._relay = relay
        self._clock = clock
        self._on_reset: list[Callable[[], None]] = []
        self._seconds = metrics.seconds("commit_seconds", "Time that a commit took")
        self._sizes = metrics.sizes("commit_deliveries", "Deliveries in a commit")
        self._resets = metrics.counter("resets_total", "Times that reading started again from the store, because somebody else had read on")

    def on_reset(self, call: Callable[[], None]) -> None:
        """Be called when reading starts again from the positions in the store."""
        self._on_reset.append(call)

    async def step(self) -> bool:
        """Commit what is ready."""
        return await self._commit(force=False)

    async def flush(self) -> None:
        """Commit everything that there is."""
        await self._commit(force=True)

    async def start_anew(self) -> None:
        """Somebody else read on meanwhile: commit what there is, and look at the store again before reading on."""
        await self._commit(force=True)
        self._depot.refresh()
        self._tell()

    async def _commit(self, *, force: bool) -> bool:
        async with self.lock:
            loop = asyncio.get_running_loop()
            unit = self._depot.ledger.take(loop.time(), self._clock.now(), force=force)
            if unit is None:
                return False
            started = loop.time()
            try:
                rows = await self._store.write(unit)
            except FencedError:
                self._depot.fenced(unit)
                self._tell()
                return False
            except BaseException:  # whether it got through is not known, and what was read after it may not be committed without it
                self._depot.fenced(unit)
                self._tell()
                raise
            self.commits += 1
            self._depot.committed(unit)
            self._relay.offer(rows)
            self.room.set()
            self._account(unit, loop.time() - started)
            return True

    def _tell(self) -> None:
        self._resets.inc()
        for call in self._on_reset:
            call()
        log.warning("reading.restarted", generation=self._depot.generation)

    def _account(self, unit: Unit, seconds: float) -> None:
        self._seconds.observe(seconds)
        self._sizes.observe(len(unit.filed) + len(unit.changed))
        log.info(
            "batch.committed",
            records=unit.records,
            filed=len(unit.filed),
            changed=len(unit.changed),
            receipts=len(unit.receipts),
            reminders=len(unit.reminders),
            refused=len(unit.refused),
            milliseconds=round(seconds * 1000, 1),
        )

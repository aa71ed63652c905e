"""Makes the attempts: starts what is due, reads contents that memory does not hold, reports what came of it."""

import asyncio
import contextlib
from collections import deque
from dataclasses import dataclass
from datetime import datetime

import structlog

from frontdoor_chassis.clock import Clock
from frontdoor_chassis.metrics import Metrics
from frontdoor_chassis.supervise import Wake
from frontdoor_notifier.core.depot import Depot
from frontdoor_notifier.core.outcomes import code_of
from frontdoor_notifier.core.payload import message_id, naming_missing, tombstone
from frontdoor_notifier.core.ports import Store, Webhooks
from frontdoor_notifier.core.senders import Shipment
from frontdoor_notifier.core.signing import keys_in_force, sign
from frontdoor_notifier.core.steps import Done, GivenUp, Step

log = structlog.get_logger(__name__)

MAX_LOADED = 256
"""Contents read at once: some 1 MB."""


@dataclass(frozen=True, slots=True)
class Letter:
    """One attempt as it goes out."""

    url: str
    body: bytes
    headers: dict[str, str]
    at: datetime
    tombstone: bool


class Dispatcher:
    """Sends. `pump` may be called by anybody at any time; it starts what is due and returns."""

    def __init__(self, *, depot: Depot, store: Store, webhooks: Webhooks, clock: Clock, results: Wake, metrics: Metrics) -> None:
        self.wake = Wake()
        self.loading = Wake()
        self.stopped = False
        self._depot = depot
        self._store = store
        self._webhooks = webhooks
        self._clock = clock
        self._results = results
        self._to_load: deque[Shipment] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._failure: BaseException | None = None
        self._attempts = metrics.counter("attempts_total", "Attempts to deliver, by what came of them", ("code",))
        self._seconds = metrics.seconds("attempt_seconds", "Time that an attempt took")
        self._latency = metrics.seconds("delivery_seconds", "Time from taking a delivery in to its arrival")

    def pump(self) -> None:
        """Start everything that is due."""
        if self.stopped:
            return
        for shipment in self._depot.due(self._clock.now()):
            if shipment.parcel.body is None and shipment.parcel.taken_back is None:
                self._to_load.append(shipment)
                self.loading.set()
            else:
                self._start(shipment)

    async def step(self) -> bool:
        """The turn of the clock: whatever has fallen due since. Raises what an attempt raised unexpectedly."""
        if self._failure is not None:
            raise self._failure
        self.pump()
        return False

    async def load_step(self) -> bool:
        """Read contents and start their attempts. The store says at the same time what was taken back meanwhile."""
        shipments = [self._to_load.popleft() for _ in range(min(MAX_LOADED, len(self._to_load)))]
        if not shipments:
            return False
        contents = await self._store.contents([s.parcel.notice.id for s in shipments])
        for shipment in shipments:
            if self._depot.loaded(shipment, contents.get(shipment.parcel.notice.id)):
                self._start(shipment)
        return bool(self._to_load)

    def _start(self, shipment: Shipment) -> None:
        if self.stopped or not self._depot.may_send(shipment, self._clock.now()):
            self._depot.not_sent(shipment)
            return
        # made before the task has its first turn: a commit in between lets go of the content
        task = asyncio.create_task(self._attempt(shipment, self._letter(shipment)))
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _letter(self, shipment: Shipment) -> Letter:
        parcel, now = shipment.parcel, self._clock.now()
        body = tombstone(parcel.notice) if parcel.taken_back else parcel.body
        if body is None:
            raise ValueError("a delivery without content was to be sent")
        if shipment.missing:
            body = naming_missing(body, shipment.missing)
        keys = keys_in_force(shipment.endpoint.secrets, now)
        headers = sign(keys, message_id=message_id(parcel.notice, parcel.taken_back), at=now, body=body)
        return Letter(shipment.endpoint.url, body, headers, now, tombstone=parcel.taken_back is not None)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._failure = error
            self.wake.set()

    async def _attempt(self, shipment: Shipment, letter: Letter) -> None:
        started = asyncio.get_running_loop().time()
        outcome = await self._webhooks.post(letter.url, body=letter.body, headers=letter.headers)
        ended = asyncio.get_running_loop().time()
        step = self._depot.result(
            shipment,
            outcome,
            tombstone=letter.tombstone,
            started=letter.at,
            now=self._clock.now(),
            seconds=ended - started,
            clock=ended,
        )
        if step is not None:
            self._account(shipment, step, code_of(outcome), ended - started)
            self._results.set()
            self.pump()

    def _account(self, shipment: Shipment, step: Step, code: str, seconds: float) -> None:
        parcel = shipment.parcel
        self._attempts.labels(code).inc()
        self._seconds.observe(seconds)
        if isinstance(step, Done):
            self._latency.observe((self._clock.now() - parcel.notice.filed_at).total_seconds())
        say = log.debug if isinstance(step, Done) else log.error if isinstance(step, GivenUp) else log.info
        say(
            "delivery.attempted",
            disclosure=parcel.notice.id,
            desk=parcel.notice.desk,
            number=parcel.notice.number,
            attempt=parcel.attempts,
            code=code,
            outcome=type(step).__name__,
            next_at=parcel.next_at,
            missing=len(shipment.missing),
            milliseconds=round(seconds * 1000),
        )

    async def drain(self, seconds: float) -> int:
        """Start nothing more and let attempts under way end. Returns how many had to be cut off."""
        self.stopped = True
        for shipment in self._to_load:
            self._depot.not_sent(shipment)
        self._to_load.clear()
        tasks = set(self._tasks)
        if not tasks:
            return 0
        _, late = await asyncio.wait(tasks, timeout=seconds)
        for task in late:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*late, return_exceptions=True)
        return len(late)

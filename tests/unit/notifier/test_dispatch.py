"""The loops in virtual time: days of backoff, time-outs and drain deadlines pass in a moment."""

import asyncio
import itertools
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import orjson
import pytest

from frontdoor_chassis.bus.memory import MemoryBus
from frontdoor_chassis.metrics import Metrics
from frontdoor_chassis.relay import OutboxRow, Relay
from frontdoor_chassis.signing import Signer
from frontdoor_chassis.supervise import Loop, Supervisor
from frontdoor_notifier.adapters.memory import MemoryStore
from frontdoor_notifier.core.depot import Depot
from frontdoor_notifier.core.outcomes import Answered, Outcome, TimedOut
from frontdoor_notifier.core.parcels import Dead, Delivered
from frontdoor_notifier.core.steps import FIRST_WAIT, KEEP_TRYING, LONGEST_WAIT, SHORTEST_WAIT
from frontdoor_notifier.handlers.commits import Committer
from frontdoor_notifier.handlers.dispatch import Dispatcher
from frontdoor_schemas.topics import RECEIPTS
from unit.notifier.kit import DESK, NOW, OK, depot, file, parcel, renew

TICK = 30.0
"""Between two looks at the clock; small beside half an hour, large enough for three days to pass quickly."""


class LoopClock:
    """The time of the event loop, which a test may run ahead."""

    def now(self) -> datetime:
        return NOW + timedelta(seconds=asyncio.get_running_loop().time())


@dataclass
class Partner:
    """Answers as it is told, and keeps when it was asked."""

    outcome: Outcome = OK
    slow: dict[str, float] = field(default_factory=dict)
    asked: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    numbers: list[int] = field(default_factory=list)

    async def post(self, url: str, *, body: bytes, headers: Mapping[str, str]) -> Outcome:  # noqa: ARG002 - the port's signature
        loop = asyncio.get_running_loop()
        self.asked[url].append(loop.time())
        self.numbers.append(orjson.loads(body)["data"]["number"])
        if url in self.slow:
            await asyncio.sleep(self.slow[url])
            return TimedOut()
        return self.outcome


class NoOutbox:
    """Remembers nothing: what is offered goes out from memory."""

    async def sent_up_to(self) -> int:
        return 0

    async def read(self, after: int, limit: int) -> list[OutboxRow]:  # noqa: ARG002 - the port's signature
        return []

    async def mark_sent(self, up_to: int) -> None:
        pass


@dataclass
class Works:
    """A sender without a consumer."""

    depot: Depot
    store: MemoryStore
    partner: Partner
    dispatcher: Dispatcher
    committer: Committer
    bus: MemoryBus


@asynccontextmanager
async def works(made: Depot, partner: Partner) -> AsyncIterator[Works]:
    bus = MemoryBus({RECEIPTS: 1})
    store = MemoryStore(Signer("notifier", b"key"))
    metrics, clock = Metrics("test"), LoopClock()
    relay = Relay(outbox=NoOutbox(), producer=await bus.producer())
    committer = Committer(depot=made, store=store, relay=relay, clock=clock, metrics=metrics)
    dispatcher = Dispatcher(depot=made, store=store, webhooks=partner, clock=clock, results=committer.wake, metrics=metrics)

    async def keep_leases() -> bool:
        renew(made, clock.now() + timedelta(hours=1))
        return False

    loops = [
        Loop("leases", keep_leases, idle_seconds=TICK),
        Loop("dispatch", dispatcher.step, idle_seconds=TICK, wake=dispatcher.wake),
        Loop("loading", dispatcher.load_step, idle_seconds=TICK, wake=dispatcher.loading),
        Loop("commits", committer.step, idle_seconds=TICK, wake=committer.wake),
        Loop("relay", relay.step, idle_seconds=TICK, wake=relay.wake),
    ]
    supervisor = Supervisor(loops)
    supervisor.start()
    try:
        yield Works(made, store, partner, dispatcher, committer, bus)
    finally:
        await dispatcher.drain(0)
        await supervisor.stop()


@pytest.mark.looptime
async def test_three_days_of_backoff() -> None:
    p = parcel(1)
    async with works(depot(), Partner(Answered(503))) as w:
        file(w.depot, p)
        w.dispatcher.pump()
        await asyncio.sleep(KEEP_TRYING.total_seconds() + 2 * TICK)
    (times,) = w.partner.asked.values()
    assert times[0] == 0.0
    assert times[-1] >= KEEP_TRYING.total_seconds()
    assert isinstance(p.state, Dead)
    assert isinstance(w.store.deliveries[p.notice.id].state, Dead)
    assert len(w.store.attempts) == len(times)
    for attempt, (one, other) in enumerate(itertools.pairwise(times), start=1):
        ceiling = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(attempt - 1, 20))
        assert SHORTEST_WAIT <= other - one <= ceiling + TICK
    assert 150 < len(times) < 800, "half an hour at most, a quarter of an hour on average"
    assert len(w.bus.records(RECEIPTS)) == 1


@pytest.mark.looptime
async def test_an_endpoint_that_hangs_delays_no_other_by_a_moment() -> None:
    desks = [f"d{n}.desk" for n in range(10)]
    made = depot(desks=desks, slots=4)
    for n, desk in enumerate(desks):
        sender = made.senders[desk]
        sender.endpoint = type(sender.endpoint)(desk, f"https://{n}.example/", sender.endpoint.secrets, sender.endpoint.status, None, 4, 1)
    async with works(made, Partner(slow={"https://0.example/": 15.0})) as w:
        parcels = [parcel(100 * n + m, lane=m, desk=desk) for n, desk in enumerate(desks) for m in range(20)]
        file(w.depot, *parcels)
        w.dispatcher.pump()
        await asyncio.sleep(1)
        assert {url: len(times) for url, times in w.partner.asked.items()} == {
            "https://0.example/": 4,
            **{f"https://{n}.example/": 20 for n in range(1, 10)},
        }
        for n in range(1, 10):
            assert max(w.partner.asked[f"https://{n}.example/"]) < 0.1


@pytest.mark.looptime
async def test_a_lane_goes_on_without_waiting_for_a_tick() -> None:
    async with works(depot(slots=1), Partner()) as w:
        file(w.depot, *(parcel(n) for n in range(1, 101)))
        w.dispatcher.pump()
        await asyncio.sleep(1)
        assert w.partner.numbers == list(range(1, 101))
        assert all(isinstance(k.state, Delivered) for k in w.store.deliveries.values())


@pytest.mark.looptime
async def test_what_was_committed_while_it_waited_is_read_again() -> None:
    async with works(depot(slots=1), Partner(slow={"https://p.example/": 10.0})) as w:
        file(w.depot, parcel(1), parcel(2, lane=1))
        w.dispatcher.pump()
        await asyncio.sleep(1)
        w.committer.wake.set()
        await asyncio.sleep(1)
        assert [p.body for p in w.depot.parcels.values()] == [None, None]
        w.partner.slow.clear()
        await asyncio.sleep(2 * TICK)
        assert sorted(w.partner.numbers) == [1, 1, 2]


@pytest.mark.looptime
async def test_a_drain_waits_for_attempts_and_no_longer_than_it_may() -> None:
    async with works(depot(), Partner(slow={"https://p.example/": 15.0})) as w:
        file(w.depot, parcel(1), parcel(2))
        w.dispatcher.pump()
        await asyncio.sleep(1)
        assert await w.dispatcher.drain(20) == 0
        assert asyncio.get_running_loop().time() == pytest.approx(15.0)
        assert w.partner.numbers == [1], "nothing more was begun"
    async with works(depot(), Partner(slow={"https://p.example/": 1000.0})) as w:
        file(w.depot, parcel(1))
        w.dispatcher.pump()
        await asyncio.sleep(0)
        begun = asyncio.get_running_loop().time()
        assert await w.dispatcher.drain(16) == 1
        assert asyncio.get_running_loop().time() - begun == pytest.approx(16.0)


async def test_what_an_attempt_raises_unexpectedly_stops_the_service() -> None:
    class Broken(Partner):
        async def post(self, url: str, *, body: bytes, headers: Mapping[str, str]) -> Outcome:  # noqa: ARG002 - the port's signature
            raise RuntimeError("a fault of ours")

    async with works(depot(), Broken()) as w:
        file(w.depot, parcel(1, desk=DESK))
        w.dispatcher.pump()
        for _ in range(5):
            await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="a fault of ours"):
            await w.dispatcher.step()

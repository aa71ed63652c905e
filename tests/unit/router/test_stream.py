"""One step of the stream: what is taken off the bus, what is set aside, and what happens when the batch cannot be written."""

from collections.abc import AsyncIterator, Callable, Iterator, MutableMapping
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import orjson
import pytest
from structlog.testing import capture_logs

from frontdoor_chassis.bus import Batch, Record
from frontdoor_chassis.bus.memory import MemoryBus, MemoryConsumer
from frontdoor_chassis.clock import SettableClock
from frontdoor_chassis.metrics import Metrics
from frontdoor_chassis.signing import Signer, Verifier
from frontdoor_chassis.store.ports import FencedError
from frontdoor_router.core.arriving import Arrived, reader
from frontdoor_router.core.decide import Decider
from frontdoor_router.core.routing import CannotGoOnError, Routing
from frontdoor_router.handlers.stream import Stream
from frontdoor_schemas.envelope import Receipt, Receipts
from frontdoor_schemas.topics import FAMILIES, FAMILY, RECEIPTS
from frontdoor_schemas.vocabulary import Level
from support.builders import SAYS, a_child, an_incident
from support.deciding import NIGHT, Deciding
from support.positions import PositionTable
from support.sessions import MemoryWork

KEYS = {name: f"key-of-{name}".encode() for name in ("police", "hub", "schools", "health", "notifier")}


@dataclass
class Rig:
    """A stream over a bus in memory and a store that commits wholly or not at all."""

    deciding: Deciding = field(default_factory=Deciding)
    bus: MemoryBus = field(default_factory=lambda: MemoryBus(dict.fromkeys((*FAMILIES, RECEIPTS), 1)))
    positions: PositionTable = field(default_factory=PositionTable)
    store: MemoryWork = field(default_factory=MemoryWork)
    refuses: Callable[[MemoryWork], Exception | None] = lambda _: None
    metrics: Metrics = field(default_factory=lambda: Metrics("tested"))
    consumer: MemoryConsumer = field(init=False)

    async def stream(self) -> Stream:
        """A stream of its own."""
        self.consumer = await self.bus.consumer(topics=[*FAMILIES, RECEIPTS], group="router", positions=self.positions)
        deciding = self.deciding
        decider = Decider(policy=deciding.policy, ids=deciding.ids)
        routing = Routing(decider=decider, keys=deciding.keys, epoch="riverside-1", others_close_after=timedelta(days=2))
        return Stream(
            consumer=self.consumer,
            open_work=self._open,
            routing=lambda: routing,
            read=reader(deciding.keys),
            verifier=Verifier(KEYS),
            directory=deciding.directory,
            clock=SettableClock(NIGHT),
            batch=100,
            metrics=self.metrics,
        )

    @asynccontextmanager
    async def _open(self, batch: Batch) -> AsyncIterator[MemoryWork]:
        work = deepcopy(self.store)
        yield work
        if (refusal := self.refuses(work)) is not None:
            raise refusal
        self.positions.commit(batch)
        self.store = work

    def send(self, *events: Arrived, writer: str | None = None, signed_by: str | None = None) -> None:
        """Put events on the bus, signed by their gateway unless said otherwise."""
        for event in events:
            envelope, name = event.envelope, writer or event.gateway
            sections = [s.model_dump(mode="json") for s in event.sections]
            value = orjson.dumps({"envelope": envelope.model_dump(mode="json"), "sections": sections})
            self.put(FAMILY[envelope.type], value, name, signed_by)

    def put(self, topic: str, value: bytes, writer: str, signed_by: str | None = None) -> None:
        """Put a record on the bus."""
        signer = Signer(writer, KEYS.get(signed_by or writer, b"unknown"))
        self.bus.append([signer.record(topic, b"key", value, SAYS)])

    def incident(self, n: int = 1) -> Arrived:
        """An incident of the police."""
        return self.deciding.arrived("police.pvp", "police-incident", an_incident(a_child(n)))

    def counted(self, name: str) -> float:
        """A counter."""
        return sum(s.value for m in self.metrics.registry.collect() for s in m.samples if s.name == f"tested_{name}_total")


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[MutableMapping[str, Any]]]:
    """What is logged, before anything of it is left out."""
    with capture_logs() as lines:
        yield lines


@pytest.fixture
def rig() -> Rig:
    """Nothing on the bus."""
    return Rig()


async def run(rig: Rig, stream: Stream | None = None) -> Stream:
    """Step until there is nothing more."""
    stream = stream or await rig.stream()
    while await rig.consumer.lag():
        assert await stream.step()
    return stream


async def test_events_are_decided_and_counted(rig: Rig) -> None:
    first, second = rig.incident(1), rig.incident(2)
    rig.send(first, second)
    stream = await run(rig)
    assert rig.store.order == [first.envelope.id, second.envelope.id]
    assert (stream.done, rig.counted("events_decided"), rig.counted("disclosures_made")) == (2, 2, 2)


async def test_a_step_without_records_says_that_there_is_nothing(rig: Rig) -> None:
    assert not await (await rig.stream()).step()


@pytest.mark.parametrize(("writer", "signed_by"), [("police", "hub"), ("nobody", None)])
async def test_what_nobody_known_has_signed_is_set_aside_and_the_flow_goes_on(rig: Rig, writer: str, signed_by: str | None) -> None:
    forged, good = rig.incident(1), rig.incident(2)
    rig.send(forged, writer=writer, signed_by=signed_by)
    rig.send(good)
    await run(rig)
    assert [(why, by) for _, why, by in rig.store.raw] == [("forged", None)]
    assert rig.store.order == [good.envelope.id]
    assert rig.counted("records_parked") == 1


async def test_a_gateway_that_publishes_for_a_desk_of_another_is_a_forger(rig: Rig) -> None:
    rig.send(rig.incident(), writer="schools")
    await run(rig)
    assert [(why, by) for _, why, by in rig.store.raw] == [("forged", "schools")]
    assert rig.store.order == []


@pytest.mark.parametrize("value", [b"\xff\xfe", b"{}", b"[]", b'{"envelope": 1, "sections": []}'])
async def test_what_cannot_be_read_is_set_aside_and_the_flow_goes_on(rig: Rig, value: bytes) -> None:
    rig.put("police-incidents", value, "police")
    good = rig.incident()
    rig.send(good)
    await run(rig)
    assert rig.store.raw == [(value, "unreadable", "police")]
    assert rig.store.order == [good.envelope.id]


async def test_sections_that_contradict_one_another_are_unreadable_and_stop_nobody(rig: Rig) -> None:
    good = rig.incident()
    clash = good.sections[0].model_copy(update={"body": {"children": "none"}})
    rig.send(replace(good, sections=(*good.sections, clash)))
    await run(rig)
    assert [why for _, why, _ in rig.store.raw] == ["unreadable"]


def receipts(*items: tuple[str, str], by: str = "schools") -> bytes:
    """Receipts of desks for disclosures."""
    made = tuple(Receipt(disclosure=d, desk=desk, level=Level.opened, channel="inbox", at=NIGHT) for desk, d in items)
    return Receipts(by=by, at=NIGHT, items=made).model_dump_json().encode()


ID = "00000000-0000-4000-8000-000000000001"


async def test_a_gateway_reports_for_its_own_desks_alone(rig: Rig) -> None:
    rig.put(RECEIPTS, receipts(("oak.dsl", ID), ("mill.gp", ID), ("gone.desk", ID)), "schools")
    await run(rig)
    assert [r.desk for r in rig.store.receipts] == ["oak.dsl"]
    assert rig.counted("receipts_strange") == 2


async def test_the_notifier_reports_for_desks_of_every_gateway(rig: Rig) -> None:
    rig.put(RECEIPTS, receipts(("oak.dsl", ID), ("mill.gp", ID)), "notifier")
    await run(rig)
    assert [r.desk for r in rig.store.receipts] == ["oak.dsl", "mill.gp"]


async def test_the_notifier_publishes_no_event(rig: Rig) -> None:
    rig.send(rig.incident(), writer="notifier")
    await run(rig)
    assert [why for _, why, _ in rig.store.raw] == ["forged"]


async def test_receipts_that_cannot_be_read_are_set_aside(rig: Rig) -> None:
    rig.put(RECEIPTS, b"{}", "schools")
    await run(rig)
    assert rig.store.raw == [(b"{}", "unreadable", "schools")]


async def test_a_batch_that_another_instance_was_first_with_is_read_again_from_where_that_one_is(rig: Rig) -> None:
    rig.send(rig.incident())
    fenced = iter([FencedError("another was here")])
    rig.refuses = lambda _: next(fenced, None)
    await run(rig)
    assert (len(rig.store.saved), rig.positions.loads) == (1, 2)


async def test_one_record_that_cannot_be_written_is_found_and_set_aside_and_the_others_are_written(rig: Rig) -> None:
    events = [rig.incident(n) for n in (1, 2, 3)]
    bad = events[1].envelope.id
    rig.refuses = lambda work: ValueError("will not be stored") if bad in work.order else None
    rig.send(*events)
    stream = await run(rig)
    assert rig.store.order == [events[0].envelope.id, events[2].envelope.id]
    assert [(why, by) for _, why, by in rig.store.raw] == [("refused-by-the-store", "police")]
    assert stream.done == 3


async def test_after_the_fault_batches_are_whole_again(rig: Rig) -> None:
    events = [rig.incident(n) for n in (1, 2)]
    bad = events[0].envelope.id
    rig.refuses = lambda work: ValueError("will not be stored") if bad in work.order else None
    rig.send(*events)
    stream = await run(rig)
    before = rig.counted("events_decided")
    rig.send(*(rig.incident(n) for n in (3, 4, 5)))
    assert await stream.step()
    assert rig.counted("events_decided") == before + 3


async def test_a_store_that_is_away_stops_the_stream_and_nothing_is_lost(rig: Rig) -> None:
    event = rig.incident()
    rig.send(event)
    away = iter([CannotGoOnError("the database does not serve")])
    rig.refuses = lambda _: next(away, None)
    stream = await rig.stream()
    with pytest.raises(CannotGoOnError):
        await stream.step()
    assert rig.store.order == []
    await run(rig, stream)
    assert rig.store.order == [event.envelope.id]


async def test_a_stream_that_is_cancelled_hands_the_batch_over_again(rig: Rig) -> None:
    event = rig.incident()
    rig.send(event)

    def cancel(_: MemoryWork) -> Exception | None:
        raise KeyboardInterrupt

    rig.refuses = cancel
    stream = await rig.stream()
    with pytest.raises(KeyboardInterrupt):
        await stream.step()
    rig.refuses = lambda _: None
    await run(rig, stream)
    assert rig.store.order == [event.envelope.id]


async def test_a_record_that_cannot_even_be_set_aside_stops_the_stream(rig: Rig) -> None:
    rig.send(rig.incident())
    rig.refuses = lambda _: ValueError("nothing is stored")
    stream = await rig.stream()
    with pytest.raises(ValueError, match="nothing is stored"):
        await stream.step()
    assert rig.store.raw == []


async def test_the_log_says_where_a_record_was_and_nothing_of_what_was_in_it(rig: Rig, logged: list[MutableMapping[str, Any]]) -> None:
    rig.bus.append([Record("police-incidents", b"key", b'{"given_name": "Marker"}')])
    await run(rig)
    assert {
        "topic": "police-incidents",
        "partition": 0,
        "offset": 0,
        "why": "forged",
        "event": "record.parked",
        "log_level": "error",
    } in logged
    assert "Marker" not in str(logged)


async def test_a_batch_that_fails_is_logged_with_where_it_failed(rig: Rig, logged: list[MutableMapping[str, Any]]) -> None:
    refused = iter([ValueError("Marker")])
    rig.refuses = lambda _: next(refused, None)
    rig.send(rig.incident(1), rig.incident(2))
    await run(rig)
    (line,) = [entry for entry in logged if entry["event"] == "batch.failed"]
    assert (line["records"], line["error"]) == (2, "ValueError")

"""A consumer that joins its group and is to stop: Kafka may hold a join for longer than anybody waits for a process to end."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest
from aiokafka.client import AIOKafkaClient
from aiokafka.consumer.consumer import AIOKafkaConsumer
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.errors import KafkaError

from frontdoor_chassis.bus import Position
from frontdoor_chassis.bus.kafka import KafkaConsumer
from frontdoor_chassis.bus.kafka_admin import KafkaAdmin, Security
from frontdoor_chassis.bus.kafka_stop import STOP_SECONDS

HELD_SECONDS = 30.0
"""Two requests that nobody answers."""


class Nowhere:
    async def load(self, topics: Sequence[str]) -> Mapping[tuple[str, int], Position]:  # noqa: ARG002 - the port's signature
        return {}


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch) -> list[AIOKafkaClient]:
    """A cluster that is found and holds every join; the connections to it that were closed."""
    found: list[AIOKafkaClient] = []

    async def at_once(*_: object, **__: object) -> None:
        pass

    async def hold(*_: object) -> bool:
        await asyncio.sleep(HELD_SECONDS)
        return False

    async def close(self: AIOKafkaClient) -> None:
        found.append(self)

    monkeypatch.setattr(AIOKafkaClient, "bootstrap", at_once)
    monkeypatch.setattr(AIOKafkaClient, "close", close)
    monkeypatch.setattr(AIOKafkaConsumer, "_wait_topics", at_once)
    monkeypatch.setattr(GroupCoordinator, "ensure_coordinator_known", at_once)
    monkeypatch.setattr(GroupCoordinator, "_do_rejoin_group", hold)
    return found


def made() -> KafkaConsumer:
    connection = {"bootstrap_servers": "127.0.0.1:1", "client_id": "test"}
    admin = KafkaAdmin("127.0.0.1:1", Security())
    return KafkaConsumer(connection, topics=["t"], group="g", positions=Nowhere(), admin=admin)


@pytest.mark.looptime
async def test_a_start_that_is_given_up_in_the_middle_of_a_join_is_over_soon(closed: list[AIOKafkaClient]) -> None:
    consumer, others = made(), asyncio.all_tasks()
    starting = asyncio.ensure_future(consumer.start())
    await asyncio.sleep(1)
    began = asyncio.get_running_loop().time()
    starting.cancel()
    await asyncio.wait({starting})
    assert starting.cancelled()
    assert asyncio.get_running_loop().time() - began <= 2 * STOP_SECONDS
    assert len(closed) == 1
    assert asyncio.all_tasks() == others, "nothing is left behind"


@pytest.mark.looptime
async def test_leaving_in_the_middle_of_a_join_is_over_soon(closed: list[AIOKafkaClient]) -> None:
    consumer = made()
    starting = asyncio.ensure_future(consumer.start())
    await asyncio.sleep(1)
    began = asyncio.get_running_loop().time()
    await consumer.close()
    assert asyncio.get_running_loop().time() - began <= 2 * STOP_SECONDS
    assert len(closed) == 1
    starting.cancel()
    await asyncio.wait({starting})


@pytest.mark.looptime
async def test_a_group_that_cannot_be_left_is_disconnected_from(closed: list[AIOKafkaClient], monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(self: GroupCoordinator) -> None:
        raise KafkaError("made up")

    consumer = made()
    starting = asyncio.ensure_future(consumer.start())
    await asyncio.sleep(1)
    monkeypatch.setattr(GroupCoordinator, "close", fail)
    await consumer.close()
    assert len(closed) == 1
    starting.cancel()
    await asyncio.wait({starting})

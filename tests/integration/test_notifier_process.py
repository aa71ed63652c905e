"""The notifier as a process on a real Kafka: it serves before the broker is there, survives a kill, ends when it is told."""

import asyncio
import os
import signal
import sys
import time
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import orjson
import pytest

from frontdoor_chassis.bus.kafka import KafkaBus, ensure_topics
from frontdoor_chassis.clock import SettableClock, SystemClock
from frontdoor_chassis.signing import Signer
from frontdoor_notifier.settings import NotifierSettings
from frontdoor_schemas.envelope import Delivery
from frontdoor_schemas.topics import RECEIPTS, to_gateway
from frontdoor_standalone.servers.kafka import LocalKafka
from frontdoor_standalone.servers.processes import free_ports
from support.builders import SAYS
from support.delivering import ADMIN, KEYS, SECRET_TEXT, Told, prepare, write_directory
from support.receiver import Answer, Receiver, ids, open_receiver

DESKS = 6


@pytest.fixture
async def settings(database: str, tmp_path: Path) -> NotifierSettings:
    return await prepare(database, write_directory(tmp_path, desks=DESKS))


def _environment(settings: NotifierSettings, kafka: str, port: int) -> dict[str, str]:
    said = {
        "dsn": settings.dsn.get_secret_value(),
        "pack": str(settings.pack),
        "signing_key": KEYS["notifier"],
        "writer_keys": orjson.dumps({"router": KEYS["router"]}).decode(),
        "secret_key": "made-up-key-of-secrets",
        "admin_token": ADMIN,
        "plain_http": "true",
        "allowed_networks": '["127.0.0.0/8"]',
        "kafka": kafka,
        "port": str(port),
        "timeout": "PT1S",
        "lease": "PT2S",
        "drain": "PT3S",
    }
    return {**os.environ, **{f"FRONTDOOR_NOTIFIER_{name.upper()}": value for name, value in said.items()}}


@asynccontextmanager
async def running(settings: NotifierSettings, kafka: str) -> AsyncIterator[tuple[Process, httpx.AsyncClient]]:
    (port,) = free_ports(1)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "frontdoor_notifier", env=_environment(settings, kafka, port), stdout=asyncio.subprocess.PIPE
    )
    headers = {"Authorization": f"Bearer {ADMIN}"}
    client = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=20)
    try:
        await _answers(client)
        yield process, client
    finally:
        await client.aclose()
        if process.returncode is None:
            process.kill()
        await process.wait()
        process._transport.close()  # type: ignore[attr-defined]  # or its pipe is left open to the garbage collector


async def _answers(client: httpx.AsyncClient) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            if (await client.get("/health/live")).is_success:
                return
        except httpx.TransportError:
            assert time.monotonic() < deadline, "it did not start"
        await asyncio.sleep(0.05)


async def _register(client: httpx.AsyncClient, receiver: Receiver) -> None:
    for n in range(DESKS):
        response = await client.put(f"/admin/endpoints/a{n}.desk", json={"url": receiver.url(f"a{n}")})
        if response.status_code == 201:
            receiver.trust(f"a{n}", response.json()["secret"])


async def test_without_a_broker_it_serves_operators_and_ends_when_told(settings: NotifierSettings) -> None:
    (nobody,) = free_ports(1)
    async with running(settings, f"127.0.0.1:{nobody}") as (process, client):
        assert (await client.put("/admin/endpoints/a0.desk", json={"url": "https://partner.example/"})).status_code == 201
        assert (await client.get("/health/ready")).status_code == 503
        process.send_signal(signal.SIGTERM)
        output, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0
    assert "bus.away" in {orjson.loads(line)["event"] for line in output.splitlines()}


@pytest.mark.needs_kafka
async def test_a_killed_process_and_its_successor_tell_everybody_once_or_under_the_same_id(
    settings: NotifierSettings, tmp_path: Path
) -> None:
    told = Told(SettableClock(SystemClock().now()))
    with LocalKafka(tmp_path / "kafka", heap_mb=256) as cluster:
        topics = {to_gateway("g0"): 2, to_gateway("g1"): 2, RECEIPTS: 1}
        await ensure_topics(cluster.bootstrap, topics, replication=1)
        producer = await KafkaBus(cluster.bootstrap, client_id="router").producer()
        router = Signer("router", KEYS["router"].encode())

        async def tell(count: int) -> list[Delivery]:
            made = [told.delivery(f"a{n % DESKS}.desk") for n in range(count)]
            topic = {d.id: to_gateway(f"g{int(d.desk[1]) % 2}") for d in made}
            await producer.send(
                [router.record(topic[d.id], d.desk.encode(), d.model_dump_json(exclude_none=True).encode(), SAYS) for d in made]
            )
            return made

        async with open_receiver() as receiver:
            async with running(settings, cluster.bootstrap) as (first, client):
                await _register(client, receiver)
                sent = await tell(300)
                await receiver.arrived(60, seconds=60)
                first.kill()
                await first.wait()
            sent += await tell(300)
            async with running(settings, cluster.bootstrap) as (second, client):
                receiver.always("a0", Answer(503))
                await receiver.until(lambda: len(set(ids(receiver.taken()))) >= 500, seconds=90)
                receiver.always("a0", Answer())
                await receiver.until(lambda: len(set(ids(receiver.taken()))) == 600, seconds=90)
                second.send_signal(signal.SIGTERM)
                output, _ = await asyncio.wait_for(second.communicate(), 60)
            receiver.assert_all_signed()
            assert set(ids(receiver.got)) == {str(d.id) for d in sent}
        await producer.close()
    assert second.returncode == 0
    assert SECRET_TEXT.encode() not in output
    assert {orjson.loads(line)["service"] for line in output.splitlines()} == {"notifier"}

"""The gateway as a process: it serves while its broker is away, ends when it is told to, and loses nothing to either."""

import asyncio
import os
import signal
import sys
import time
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import orjson
import pytest

from frontdoor_chassis.bus.kafka import KafkaBus, ensure_topics
from frontdoor_chassis.signing import Signer
from frontdoor_chassis.store.engine import open_pool
from frontdoor_gateway.adapters.keys import create_key
from frontdoor_gateway.settings import GatewaySettings
from frontdoor_schemas.topics import FAMILIES, RECEIPTS, to_gateway
from frontdoor_standalone.servers.kafka import LocalKafka
from frontdoor_standalone.servers.processes import free_ports
from support.builders import SAYS
from support.positions import PositionTable
from unit.gateway.kit import GATEWAY_KEY, PVP, ROUTER_KEY, a_delivery, cloud_event, posted, prepare, real_stand, settings, write_pack

PLANTED = "Zebedee-Planted"
BATCH = {"content-type": "application/cloudevents-batch+json"}


@pytest.fixture
def given(database: str, tmp_path: Path) -> GatewaySettings:
    return settings(database, write_pack(tmp_path))


def _environment(given: GatewaySettings, kafka: str, port: int) -> dict[str, str]:
    said = {
        "name": given.name,
        "dsn": given.dsn.get_secret_value(),
        "role": str(given.role),
        "pack": str(given.pack),
        "signing_key": GATEWAY_KEY,
        "router_key": ROUTER_KEY,
        "kafka": kafka,
        "port": str(port),
        "drain_seconds": "3",
    }
    return {**os.environ, **{f"FRONTDOOR_GATEWAY_{name.upper()}": value for name, value in said.items()}}


@asynccontextmanager
async def _running(given: GatewaySettings, kafka: str) -> AsyncIterator[tuple[Process, httpx.AsyncClient]]:
    await prepare(given)
    pool = await open_pool(given.dsn.get_secret_value(), schema=given.schema_name, role=given.role, max_size=1)
    key = await create_key(pool, PVP, datetime.now(UTC))
    await pool.close()
    (port,) = free_ports(1)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "frontdoor_gateway", env=_environment(given, kafka, port), stdout=asyncio.subprocess.PIPE
    )
    client = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers={"authorization": f"Bearer {key}"}, timeout=20)
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
    deadline = time.monotonic() + 30
    while True:
        try:
            if (await client.get("/health/live")).status_code == 200:
                return
        except httpx.TransportError:
            assert time.monotonic() < deadline, "it did not start"
        await asyncio.sleep(0.05)


async def test_it_takes_events_without_a_broker_and_ends_when_told_with_streams_open(given: GatewaySettings) -> None:
    (nobody,) = free_ports(1)
    async with _running(given, f"127.0.0.1:{nobody}") as (process, client):
        answer = await client.post("/v1/referrals", json=posted())
        polling = asyncio.create_task(client.get("/v1/inbox", params={"wait": 30}))
        bad = await client.post("/v1/referrals", json=posted(data={"occurred_at": "2020-01-01T00:00:00Z", "nickname": PLANTED}))
        large = await client.post("/v1/referrals", content=b"x" * 3_000_000, headers={"content-type": "application/json"})
        async with client.stream("GET", "/v1/stream") as stream:
            process.send_signal(signal.SIGTERM)
            assert [line async for line in stream.aiter_lines() if line.startswith("data:")] == []
        output, _ = await asyncio.wait_for(process.communicate(), 20)
        assert (await polling).json()["items"] == []
    lines = [orjson.loads(line) for line in output.splitlines()]
    assert (answer.status_code, bad.status_code, large.status_code) == (202, 422, 413)
    assert process.returncode == 0
    assert PLANTED.encode() not in output
    assert {"batch.stored", "request.refused", "intake.unreachable"} <= {line["event"] for line in lines}
    assert {line["service"] for line in lines} == {"gateway.police"}
    connection = await asyncpg.connect(given.dsn.get_secret_value())
    assert await connection.fetchval("SELECT count(*) FROM gateway_police.submission") == 1
    await connection.close()


_FAILING = """
import asyncio
from frontdoor_chassis import logs
from frontdoor_chassis.web import serve

async def app(scope, receive, send): ...

async def loop():
    await asyncio.sleep(0.1)
    raise RuntimeError("a loop has failed")

logs.configure(service="test")
asyncio.run(serve(app, host="127.0.0.1", port=0, running=loop(), closing=lambda: print("closing", flush=True)))
"""


async def test_a_loop_that_fails_ends_the_process() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _FAILING, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    output, errors = await asyncio.wait_for(process.communicate(), 30)
    process._transport.close()  # type: ignore[attr-defined]  # as above
    assert process.returncode == 1
    assert b"closing" in output
    assert b"a loop has failed" in errors


async def _read(bus: KafkaBus, topic: str, count: int) -> list[dict[str, Any]]:
    table = PositionTable()
    consumer = await bus.consumer(topics=[topic], group=f"test-{topic}", positions=table)
    deadline = time.monotonic() + 60
    while len(table.done) < count:
        assert time.monotonic() < deadline, f"only {len(table.done)} of {count} came"
        if batch := await consumer.poll(max_records=500, timeout=0.2):
            table.commit(batch)
    await consumer.close()
    return [orjson.loads(record.value) for record in table.done]


@pytest.mark.needs_kafka
async def test_a_broker_that_goes_and_comes_back(given: GatewaySettings, tmp_path: Path) -> None:
    with LocalKafka(tmp_path / "kafka", heap_mb=256) as cluster:
        topics = dict.fromkeys([*FAMILIES, RECEIPTS, to_gateway("police")], 1)
        await ensure_topics(cluster.bootstrap, topics, replication=1)
        bus = KafkaBus(cluster.bootstrap, client_id="gateway", send_seconds=5)
        async with real_stand(given, bus=bus) as stand:
            client = await stand.client(PVP)
            made = [(await client.post("/v1/referrals", json=posted())).json()["event"] for _ in range(3)]
            await stand.settle()
            cluster.stop_broker(kill=True)
            for _ in range(5):
                events = [cloud_event() for _ in range(20)]
                answer = await client.post("/v1/events", content=orjson.dumps(events), headers=BATCH)
                made += [item["event"] for item in answer.json()["items"]]
            assert (await client.get("/health/ready")).status_code == 503
            cluster.start_broker()
            await stand.settle()
            sent = [record["envelope"]["id"] for record in await _read(bus, "referrals", len(made))]
            assert list(dict.fromkeys(sent)) == made
            told = a_delivery(PVP, 1)
            router = Signer("router", ROUTER_KEY.encode()).record
            producer = await bus.producer()
            await producer.send([router(to_gateway("police"), told.desk.encode(), told.model_dump_json().encode(), SAYS)])
            await producer.close()
            page = await client.get("/v1/inbox", params={"wait": 20})
            assert [item["data"]["number"] for item in page.json()["items"]] == [1]
            await stand.settle()
            (receipts,) = await _read(bus, RECEIPTS, 1)
    assert [(i["level"], i["channel"]) for i in receipts["items"]] == [("filed", "gateway")]

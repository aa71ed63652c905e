"""A gateway over PostgreSQL: what is durable, under which id, in which order, and what happens when something is away."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import asyncpg
import httpx
import orjson
import pytest

from frontdoor_chassis.bus.memory import MemoryBus, MemoryProducer
from frontdoor_chassis.clock import SettableClock
from frontdoor_chassis.store.migrate import SchemaOutOfDateError
from frontdoor_gateway.app import open_gateway
from frontdoor_gateway.settings import GatewaySettings
from frontdoor_schemas.envelope import Recall, Submitted
from support.waiting import until
from unit.gateway.kit import (
    CONTROL_ROOM,
    HUB,
    METRICS_TOKEN,
    NOW,
    PVP,
    SOCIAL_CARE,
    TOPICS,
    RealStand,
    a_delivery,
    a_ledger,
    a_referral,
    cloud_event,
    posted,
    prepare,
    real_stand,
    settings,
    write_pack,
)

BATCH = {"content-type": "application/cloudevents-batch+json"}


@pytest.fixture
def given(database: str, tmp_path: Path) -> GatewaySettings:
    return settings(database, write_pack(tmp_path))


@pytest.fixture
async def stand(given: GatewaySettings) -> AsyncIterator[RealStand]:
    async with real_stand(given) as made:
        yield made


async def test_two_at_once_under_one_id_are_one_event(stand: RealStand) -> None:
    client = await stand.client(PVP)
    key = {"idempotency-key": "case-1"}
    answers = await asyncio.gather(*(client.post("/v1/referrals", json=posted(), headers=key) for _ in range(20)))
    await stand.settle()
    assert {a.status_code for a in answers} == {202}
    assert len({a.text for a in answers}) == 1
    assert len(stand.records("referrals")) == 1


async def test_two_processes_at_once_under_one_id_are_one_event(stand: RealStand, given: GatewaySettings) -> None:
    async with real_stand(given, bus=stand.bus, fresh=False) as twin:
        clients = [await stand.client(PVP), await twin.client(PVP)]
        bodies = [orjson.dumps([cloud_event(id=f"case-{n}") for n in order]) for order in (range(60), reversed(range(60)))]
        answers = await asyncio.gather(*(c.post("/v1/events", content=b, headers=BATCH) for c, b in zip(clients, bodies, strict=True)))
        await stand.settle()
        await twin.settle()
    forth, back = [[item.get("event") for item in a.json()["items"]] for a in answers]
    assert forth == back[::-1]
    assert len(set(forth)) == 60
    positions = [r["position"] for r in await stand.pool.fetch("SELECT position FROM submission ORDER BY position")]
    assert positions == list(range(1, 61))


async def test_two_processes_and_a_restart_count_a_desks_questions_together(stand: RealStand, given: GatewaySettings) -> None:
    body = posted("query", {**a_referral(), "question": "chronology", "purpose": "A made-up reason"})
    async with real_stand(given, bus=stand.bus, fresh=False) as twin:
        client, other = await stand.client(PVP), await twin.client(PVP)
        answers = [await client.post("/v1/queries", json=body), await other.post("/v1/queries", json=body)]
        answers.append(await client.post("/v1/queries", json=body))
    async with real_stand(given, bus=stand.bus, fresh=False) as again:
        answers.append(await (await again.client(PVP)).post("/v1/queries", json=body))
    assert [a.status_code for a in answers] == [202, 202, 429, 429]


async def test_another_body_under_a_known_id_is_refused(stand: RealStand) -> None:
    client = await stand.client(PVP)
    key = {"idempotency-key": "case-1"}
    first = await client.post("/v1/referrals", json=posted(), headers=key)
    other = await client.post("/v1/referrals", json=posted(data=a_referral(out_of_hours="yes")), headers=key)
    again = await client.post("/v1/referrals", json=posted(), headers=key)
    assert (other.status_code, other.json()["type"]) == (409, "/problems/same-id-other-body")
    assert again.json() == first.json()


async def test_a_batch_is_answered_item_by_item_and_numbered_in_order(stand: RealStand) -> None:
    client = await stand.client(PVP)
    events = [
        cloud_event(id="a"),
        cloud_event(source=HUB),
        cloud_event(id="a"),
        cloud_event(id="b"),
        cloud_event(id="a", data=a_referral(out_of_hours="no")),
    ]
    answer = await client.post("/v1/events", content=orjson.dumps(events), headers=BATCH)
    await stand.settle()
    items = answer.json()["items"]
    assert [i["status"] for i in items] == [202, 422, 202, 202, 409]
    assert items[0]["event"] == items[2]["event"]
    assert [r.key.decode() for r in stand.records("referrals")] == [items[0]["thread"], items[3]["thread"]]


async def test_answers_follow_each_other_in_a_batch_and_across_batches(stand: RealStand) -> None:
    client = await stand.client(PVP)
    receipt = (await client.post("/v1/referrals", json=posted())).json()
    first = receipt["event"]
    made = [first]
    for _ in range(2):
        events = [cloud_event(inreplyto=first) for _ in range(3)]
        answer = await client.post("/v1/events", content=orjson.dumps(events), headers=BATCH)
        made += [i["event"] for i in answer.json()["items"]]
    await stand.settle()
    said = [Submitted.model_validate_json(r.value).envelope for r in stand.records("referrals")]
    assert [str(e.id) for e in said] == made
    assert [e.after and str(e.after) for e in said] == [None, *made[:-1]]
    assert {str(e.thread) for e in said} == {receipt["thread"]}


class _BusAway(MemoryBus):
    """A bus whose producers cannot send for a while."""

    def __init__(self) -> None:
        super().__init__(TOPICS)
        self.away = True

    async def producer(self) -> MemoryProducer:
        if self.away:
            raise ConnectionError("nobody there")
        return await super().producer()


async def test_while_the_bus_is_away_events_are_taken_and_then_sent_in_order(given: GatewaySettings) -> None:
    bus = _BusAway()
    async with real_stand(given, bus=bus) as stand:
        client = await stand.client(PVP)
        made = [(await client.post("/v1/referrals", json=posted())).json()["thread"] for _ in range(5)]
        ready = await client.get("/health/ready")
        bus.away = False
        await stand.settle()
        assert [r.key.decode() for r in bus.records("referrals")] == made
    assert ready.status_code == 503


async def test_what_a_dead_process_had_not_sent_its_successor_sends(given: GatewaySettings) -> None:
    bus = _BusAway()
    async with real_stand(given.model_copy(update={"drain_seconds": 0.1}), bus=bus) as stand:
        client = await stand.client(PVP)
        made = [(await client.post("/v1/referrals", json=posted())).json()["thread"] for _ in range(3)]
    bus.away = False
    async with real_stand(given, bus=bus, fresh=False) as stand:
        await stand.settle()
    assert [r.key.decode() for r in bus.records("referrals")] == made


async def test_a_send_that_fails_half_way_is_repeated_from_where_it_failed(stand: RealStand) -> None:
    client = await stand.client(PVP)
    stand.bus.fail_next_send(after=2)
    events = [cloud_event() for _ in range(5)]
    made = [i["thread"] for i in (await client.post("/v1/events", content=orjson.dumps(events), headers=BATCH)).json()["items"]]
    await stand.settle()
    sent = [r.key.decode() for r in stand.records("referrals")]
    assert list(dict.fromkeys(sent)) == made


async def test_what_was_accepted_is_sent_before_a_stop_is_over(given: GatewaySettings) -> None:
    async with real_stand(given) as stand:
        client = await stand.client(PVP)
        events = [cloud_event() for _ in range(300)]
        answer = await client.post("/v1/events", content=orjson.dumps(events), headers=BATCH)
    assert [r.key.decode() for r in stand.records("referrals")] == [i["thread"] for i in answer.json()["items"]]


async def test_posting_at_a_closed_door(stand: RealStand) -> None:
    client = await stand.client(PVP)
    stand.gateway.close_door()
    assert (await client.post("/v1/referrals", json=posted())).json()["type"] == "/problems/closing"


async def _cut(dsn: str) -> None:
    """Cut every connection to the database but this one."""
    connection = await asyncpg.connect(dsn)
    others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    await connection.execute(others)
    await connection.close()


async def test_a_database_that_cuts_connections_is_come_back_to(stand: RealStand, given: GatewaySettings) -> None:
    client = await stand.client(PVP)
    headers = {"idempotency-key": "case-1"}
    await client.post("/v1/referrals", json=posted())
    await _cut(given.dsn.get_secret_value())
    answers = [await client.post("/v1/referrals", json=posted(), headers=headers) for _ in range(3)]
    await stand.tell(a_delivery(PVP, 1))
    page = await client.get("/v1/inbox")
    assert {a.status_code for a in answers} <= {202, 503}
    assert answers[-1].status_code == 202
    assert len(page.json()["items"]) == 1
    assert stand.gateway.supervisor.alive


async def test_a_schema_of_another_version_is_refused(given: GatewaySettings) -> None:
    await prepare(given)
    connection = await asyncpg.connect(given.dsn.get_secret_value())
    await connection.execute("UPDATE gateway_police.alembic_version SET version_num = 'gateway_0000'")
    await connection.close()
    with pytest.raises(SchemaOutOfDateError):
        async with open_gateway(given, bus=MemoryBus(TOPICS), clock=SettableClock(NOW)):
            pass


async def test_production_has_no_settable_clock(given: GatewaySettings) -> None:
    production = given.model_copy(update={"environment": "production", "rehearsal_token": None})
    with pytest.raises(ValueError, match="settable"):
        async with open_gateway(production, bus=MemoryBus(TOPICS), clock=SettableClock(NOW)):
            pass


async def test_two_gateways_share_a_process_and_a_bus_and_nothing_else(given: GatewaySettings, tmp_path: Path) -> None:
    bus = MemoryBus(TOPICS)
    hub = settings(given.dsn.get_secret_value(), tmp_path, "hub")
    async with real_stand(given, bus=bus) as police, real_stand(hub, bus=bus) as both:
        answer = await (await police.client(PVP)).post("/v1/referrals", json=posted())
        social_care, front_door = await both.client(SOCIAL_CARE), await both.client(HUB)
        event = (await front_door.post("/v1/referrals", json=posted())).json()["event"]
        await both.tell(a_delivery(HUB, 1), a_ledger(UUID(event), HUB))
        assert (await social_care.get(f"/v1/events/{event}")).status_code == 404
        assert (await front_door.get(f"/v1/events/{answer.json()['event']}")).status_code == 404
        assert (await front_door.get(f"/v1/events/{event}")).json()["state"] == "routed"
        assert len((await front_door.get("/v1/inbox")).json()["items"]) == 1
        assert (await social_care.get("/v1/inbox")).json()["items"] == []
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await police.pool.fetch("SELECT * FROM gateway_hub.submission")


async def test_a_rehearsal_sees_whether_anything_is_under_way(stand: RealStand) -> None:
    client = await stand.client(PVP)
    headers = {"x-rehearsal-token": "made-up-token"}

    async def idle() -> bool:
        return bool((await client.get("/rehearsal/activity", headers=headers)).json()["idle"])

    await until(idle)
    event = (await client.post("/v1/referrals", json=posted())).json()["event"]
    await stand.settle()
    assert not await idle()
    await stand.tell(a_ledger(UUID(event), PVP))
    await until(idle)
    moved = await client.put("/rehearsal/clock", headers=headers, json={"now": "2020-11-11T08:00:00Z"})
    assert moved.json()["now"] == "2020-11-11T08:00:00Z"
    assert (await client.get("/rehearsal/activity", headers={"x-rehearsal-token": "x"})).status_code == 403


async def test_what_the_router_does_not_answer_is_published_again(stand: RealStand) -> None:
    client = await stand.client(PVP)
    event = (await client.post("/v1/referrals", json=posted())).json()["event"]
    await stand.settle()
    stand.clock.set(NOW.replace(minute=6))
    await stand.gateway.parts.relay.step()

    async def again() -> bool:
        await stand.gateway.parts.sweep.step()
        return len(stand.records("referrals")) > 1

    await until(again)
    first, second = stand.records("referrals")
    assert (first.key, first.value) == (second.key, second.value)
    assert "frontdoor_gateway_events_overdue 1.0" in await _metrics(client)
    await stand.tell(a_ledger(UUID(event), PVP))
    await stand.gateway.parts.sweep.step()
    assert "frontdoor_gateway_events_overdue 0.0" in await _metrics(client)


async def _metrics(client: httpx.AsyncClient) -> str:
    return (await client.get("/metrics", headers={"authorization": f"Bearer {METRICS_TOKEN}"})).text


async def test_an_inbox_over_the_tables(stand: RealStand) -> None:
    client = await stand.client(PVP)
    one, two, gap = (a_delivery(PVP, n) for n in (1, 2, 4))
    await stand.tell(one, two, gap, two, a_delivery(CONTROL_ROOM, 1))
    page = (await client.get("/v1/inbox", params={"limit": 1})).json()
    await stand.tell(Recall(disclosure=two.id, desk=PVP, at=stand.clock.now()), a_delivery(PVP, 3))
    rest = (await client.get("/v1/inbox", params={"cursor": page["cursor"]})).json()
    marks = [{"disclosure": str(d), "level": "opened"} for d in (one.id, one.id, uuid.uuid4())]
    marks.append({"disclosure": str(gap.id), "told_by_telephone": "2020-11-10T20:30:00Z"})
    answers = await client.post("/v1/acknowledgements", json={"items": marks})
    await client.get("/v1/inbox", params={"cursor": rest["cursor"]})
    await stand.settle()
    assert [i["data"]["kind"] for i in rest["items"]] == ["tombstone", "disclosure", "disclosure"]
    assert [i["status"] for i in answers.json()["items"]] == [200, 200, 404, 200]
    said = [(level, channel) for desk, level, channel in stand.receipts() if desk == PVP and level != "filed"]
    assert said == [("received", "inbox"), ("opened", "inbox"), (None, "telephone"), ("received", "inbox"), ("received", "inbox")]


async def test_a_gap_is_closed_whatever_lies_beyond_it(stand: RealStand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("frontdoor_gateway.adapters.filing.STEP", 3)
    client = await stand.client(PVP)
    await stand.tell(*(a_delivery(PVP, n) for n in range(2, 12)))
    assert (await client.get("/v1/inbox")).json()["items"] == []
    await stand.tell(a_delivery(PVP, 1))
    assert len((await client.get("/v1/inbox")).json()["items"]) == 11


async def test_a_position_that_another_moved_is_a_zombies_and_nothing_is_filed_twice(stand: RealStand, given: GatewaySettings) -> None:
    client = await stand.client(PVP)
    await stand.tell(a_delivery(PVP, 1))
    async with real_stand(given, bus=stand.bus, fresh=False) as twin:
        await twin.tell(*(a_delivery(PVP, n) for n in range(2, 30)))
        await stand.settle()
        page = await client.get("/v1/inbox")
    assert [i["data"]["number"] for i in page.json()["items"]] == list(range(1, 30))


async def test_health_and_metrics_need_no_key_of_a_desk_and_say_nothing_of_anybody(stand: RealStand) -> None:
    client = await stand.client(None)
    await (await stand.client(PVP)).post("/v1/referrals", json=posted())

    async def ready() -> bool:
        return (await client.get("/health/ready")).status_code == 200

    await until(ready)
    metrics = await _metrics(client)
    assert (await client.get("/health/live")).json() == {"status": "ok", "checks": {}}
    assert 'frontdoor_gateway_http_requests_total{route="/v1/referrals",status="202"} 1.0' in metrics
    assert "frontdoor_gateway_events_stored_total 1.0" in metrics
    assert "police" not in metrics

"""Several routers on one database: nothing doubled, nothing lost, numbers without gaps; crashes between one step and the next."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from frontdoor_chassis.bus.ports import Record
from frontdoor_chassis.signing import Signer
from frontdoor_chassis.store.ports import FencedError
from frontdoor_router.core.routing import CannotGoOnError
from frontdoor_schemas.topics import HEADER_SIGNATURE
from support.builders import NHS, SAYS, a_child, an_incident, an_involvement
from support.exchange import KEY, Exchange
from support.routers import another, another_engine, change, gapless, numbers, riverside, rows


@pytest.fixture
async def running(database: str) -> AsyncIterator[Exchange]:
    """A router on a database of its own."""
    async with riverside(database) as exchange:
        yield exchange


def incident(n: int = 1) -> dict[str, Any]:
    """An incident about one of nine children."""
    return an_incident(a_child(n % 9 + 1, nhs_number=NHS[n % 9]))


async def drain(*engines: Exchange) -> None:
    """Let all of them work side by side until none has anything to do."""
    for _ in range(200):
        busy = await asyncio.gather(*(step() for e in engines for step in e.engine.steps))
        if not any(busy):
            return
    raise AssertionError("they do not come to rest")


async def test_two_instances_share_the_work_and_give_numbers_without_gaps(running: Exchange, database: str) -> None:
    async with another(running, database) as second:
        events = [await running.publish("police.pvp", "police-incident", incident(n)) for n in range(60)]
        events += [await running.publish("oak.dsl", "referral", {"children": [a_child(n % 9 + 1)]}) for n in range(60)]
        await drain(running, second)
        assert {e for (e,) in await rows(database, "SELECT id FROM event")} == set(events)
        found = await numbers(database)
        assert gapless(found)
        assert len(found["hub.front-door"]) >= 120
        assert min(running.engine._stream.done, second.engine._stream.done) > 0


async def test_two_instances_that_decide_about_one_child_make_one_person(running: Exchange, database: str) -> None:
    async with another(running, database) as second:
        for _ in range(20):
            await running.publish("police.pvp", "police-incident", an_incident(a_child(1)))
            await running.publish("oak.dsl", "referral", {"children": [a_child(1)]})
        await drain(running, second)
        assert await rows(database, "SELECT count(*) FROM person") == [(1,)]
        assert await rows(database, "SELECT count(*) FROM entry") == [(40,)]


async def test_an_instance_that_was_overtaken_rolls_back_and_doubles_nothing(running: Exchange, database: str) -> None:
    """Both hold the same batch: the one that commits second finds the position moved."""
    event = await running.publish("police.pvp", "police-incident", incident())
    batch = await running.engine._stream._consumer.poll(max_records=10, timeout=0.1)
    assert batch is not None
    async with another_engine(database, running.bus, running.clock) as second:
        await running.engine._stream._consumer.close()  # the bus has taken its partitions away, and it does not know yet
        await second._stream_step()
    with pytest.raises(FencedError):
        async with running.engine._works.batch(batch) as work:
            await running.engine.routing().route([], work, running.clock.now())
    assert await rows(database, "SELECT id FROM event") == [(event,)]
    assert gapless(await numbers(database))


async def test_the_same_record_again_tells_nobody_twice(running: Exchange, database: str) -> None:
    event = await running.post("police.pvp", "police-incident", incident())
    (record,) = running.bus.records("police-incidents")
    before = await numbers(database)
    running.ledgers.clear()
    running.bus.append([Record(record.topic, record.key, record.value, record.headers)])
    await running.settle()
    assert await numbers(database) == before
    assert [(line.event, line.version) for line in running.ledgers] == [(event, 2)]  # the publisher had not heard: it hears again


async def test_what_was_committed_and_not_sent_is_sent_by_the_next_instance(running: Exchange, database: str) -> None:
    event = await running.publish("police.pvp", "police-incident", incident())
    await running.engine._stream_step()  # committed; the process dies before its relay has sent anything
    assert running.bus.records("to.hub") == []
    async with another(running, database) as second:
        await second.settle()
        assert second.desks_told(event) == {"hub.front-door"}
        assert [d.number for d in second.told] == [1]


async def test_what_the_bus_took_only_in_part_is_sent_again_and_is_the_same(running: Exchange, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("frontdoor_chassis.relay.RETRY_SECONDS", 0)
    event = await running.publish("police.pvp", "police-incident", incident())
    running.bus.fail_next_send(after=1)
    await running.settle()
    sent = [d for d in running.told if d.event.id == event]
    assert len({d.id for d in sent}) == 1
    assert {d.number for d in sent} == {1}


async def test_a_crash_before_the_commit_leaves_nothing_and_the_batch_comes_again(running: Exchange, database: str) -> None:
    event = await running.publish("police.pvp", "police-incident", incident())
    await change(database, "ALTER TABLE outbox OWNER TO CURRENT_USER")  # the last table of the transaction can no longer be written
    with pytest.raises(CannotGoOnError):
        await running.engine._stream_step()
    await change(database, "ALTER TABLE outbox OWNER TO router")
    assert await rows(database, "SELECT count(*) FROM event") == [(0,)]
    assert await rows(database, "SELECT count(*) FROM position") == [(0,)]
    await running.settle()
    assert running.desks_told(event) == {"hub.front-door"}


END_ALL = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


async def test_a_database_that_goes_away_stops_the_router_and_nothing_is_lost(running: Exchange, database: str) -> None:
    event = await running.publish("police.pvp", "police-incident", incident())
    batch = await running.engine._stream._consumer.poll(max_records=10, timeout=0.1)
    assert batch is not None
    works = running.engine._works
    with pytest.raises(CannotGoOnError):  # noqa: PT012 - the connection is lost in the middle of the transaction
        async with works.batch(batch) as work:
            await change(database, END_ALL)
            await work.known([event])
    await running.engine._stream._consumer.rewind()
    await running.settle()
    assert running.desks_told(event) == {"hub.front-door"}


async def test_instances_that_lock_the_other_way_round_both_come_through(running: Exchange, database: str) -> None:
    """Two rounds of one batch may lock what another instance holds: one is rolled back, and decides again."""
    async with another(running, database) as second:
        for n in range(6):
            first = await running.publish("police.pvp", "police-incident", incident(n))
            await running.publish("police.pvp", "incident-closed", {"children": [a_child(6 - n)]}, reply_to=first)
            referral = await running.publish("oak.dsl", "referral", {"children": [a_child(n + 1)]})
            outcome = {"children": [a_child(6 - n)], "decided_at": running.clock.now().isoformat(), "accepted": "yes"}
            await running.publish("hub.front-door", "referral-outcome", outcome, reply_to=referral)
        await drain(running, second)
        assert await rows(database, "SELECT count(*) FROM event") == [(24,)]
        assert await rows(database, "SELECT count(*) FROM waiting") == [(0,)]
        assert gapless(await numbers(database))


async def test_a_batch_with_more_people_than_may_be_locked_one_by_one_is_decided_all_the_same(
    running: Exchange, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("frontdoor_router.adapters.reading.MAX_LOCKS", 3)
    events = [await running.publish("police.pvp", "police-incident", incident(n)) for n in range(5)]
    await running.settle()
    assert {e for (e,) in await rows(database, "SELECT id FROM event")} == set(events)


async def test_a_tie_that_begins_and_ends_within_one_batch_has_ended(running: Exchange, database: str) -> None:
    about = an_involvement(a_child(1), desk="oak.dsl", relation="school")
    started = await running.publish("council.school-roll", "involvement-started", about)
    await running.publish("council.school-roll", "involvement-ended", about, reply_to=started)
    await running.settle()
    assert await rows(database, "SELECT count(*) FROM tie WHERE until IS NULL") == [(0,)]
    event = await running.post("police.pvp", "police-incident", an_incident(a_child(1)))
    assert "oak.dsl" not in running.desks_told(event)


async def test_records_are_signed_by_the_router_and_keyed_by_desk(running: Exchange) -> None:
    await running.post("police.pvp", "police-incident", incident())
    (record,) = [r for r in running.bus.records("to.hub") if b'"delivery"' in r.value]
    assert record.key == b"hub.front-door"
    signed = Signer("router", KEY.encode()).record(record.topic, record.key, record.value, SAYS)
    assert dict(record.headers)[HEADER_SIGNATURE] == dict(signed.headers)[HEADER_SIGNATURE]

"""What waits for an event that is set aside: it goes on in the same transaction, and nothing is said to be missing any more."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest

from frontdoor_chassis.bus import Received
from support.builders import a_child, an_incident
from support.deciding import NIGHT
from support.exchange import Exchange
from support.routers import held, put, riverside, rows, sweep


@pytest.fixture
async def running(database: str) -> AsyncIterator[Exchange]:
    """A router on a database of its own."""
    async with riverside(database) as exchange:
        yield exchange


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Errors that a test brings about need not be rendered."""
    for level in ("error", "exception"):
        monkeypatch.setattr(f"frontdoor_router.handlers.stream.log.{level}", lambda *_, **__: None)


async def published_later(running: Exchange, **links: Any) -> tuple[UUID, Received]:
    """An incident that is taken from the bus before anybody reads it, so that it can come later."""
    event = await running.publish("police.pvp", "police-incident", an_incident(a_child(1)), **links)
    record = next(r for r in running.bus.records("police-incidents") if orjson.loads(r.value)["envelope"]["id"] == str(event))
    for log in running.bus._topics["police-incidents"].partitions:
        log.records.clear()
    return event, record


def refused_by_the_database(value: bytes) -> bytes:
    """No gateway lets this through: PostgreSQL has no NUL in text."""
    return value.replace(b'"standard"', b'"\\u0000"')


async def nothing_waits(database: str) -> bool:
    """Whether no event waits, and no piece of work says that one does."""
    missing = "SELECT id FROM task WHERE reason = 'predecessor-missing' AND closed_by IS DISTINCT FROM 'released'"
    return await rows(database, missing) == await rows(database, "SELECT event FROM waiting") == []


async def test_what_waits_for_an_event_that_cannot_be_read_goes_on_with_it_and_nothing_is_said_to_be_missing(
    running: Exchange, database: str
) -> None:
    first, record = await published_later(running)
    second = await running.post("police.pvp", "incident-closed", {"children": [a_child(1)]}, reply_to=first)
    third = await running.post("police.pvp", "police-incident", an_incident(a_child(2)), reply_to=first, after=second)
    await running.move_to(NIGHT + timedelta(minutes=11))
    await sweep(running)
    assert [(await held(running, e))["state"] for e in (second, third)] == ["waiting", "waiting"]
    put(running, "police-incidents", orjson.dumps({**orjson.loads(record.value), "sections": "none"}))
    await running.settle()
    assert [(await held(running, e))["state"] for e in (first, second, third)] == ["held", "decided", "decided"]
    assert await nothing_waits(database)
    assert await rows(database, "SELECT reason FROM task WHERE closed_at IS NULL") == [("unreadable",)]


@pytest.mark.usefixtures("silent")
async def test_what_waits_for_an_event_that_the_database_refuses_goes_on_with_it(running: Exchange, database: str) -> None:
    first, record = await published_later(running)
    second = await running.post("police.pvp", "police-incident", an_incident(a_child(2)), reply_to=first)
    put(running, "police-incidents", refused_by_the_database(record.value))
    await running.settle()
    assert [(await held(running, e))["state"] for e in (first, second)] == ["held", "decided"]
    assert await nothing_waits(database)


@pytest.mark.usefixtures("silent")
async def test_where_the_database_refuses_what_waits_too_it_stops_nobody_and_goes_on_when_it_is_sent_again(
    running: Exchange, database: str
) -> None:
    first, record = await published_later(running)
    second, follower = await published_later(running, reply_to=first)
    put(running, "police-incidents", refused_by_the_database(follower.value))
    await running.settle()
    await running.move_to(NIGHT + timedelta(minutes=11))
    await sweep(running)
    put(running, "police-incidents", refused_by_the_database(record.value))
    last = await running.post("police.pvp", "police-incident", an_incident(a_child(3)))
    assert [(await held(running, e))["state"] for e in (first, second, last)] == ["held", "waiting", "decided"]
    put(running, "police-incidents", refused_by_the_database(follower.value))
    await running.settle()
    assert (await held(running, second))["state"] == "held"
    assert await nothing_waits(database)
    assert set(await rows(database, "SELECT reason FROM task WHERE closed_at IS NULL")) == {("refused-by-the-store",)}

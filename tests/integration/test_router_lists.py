"""Standing lists over the router's tables: made once whoever makes them, also late, empty too, of what was decided until the moment."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from frontdoor_chassis.store.ports import FencedError
from frontdoor_router.adapters.opening import Works
from frontdoor_schemas.envelope import Delivery
from frontdoor_schemas.messages import message
from support.builders import a_child
from support.exchange import PACKS, Exchange, exchange
from support.routers import another, rows

VEMT, PVP = "police.vemt", "police.pvp"
NINE = datetime(2020, 11, 10, 9, 0, tzinfo=UTC)
EVENING = NINE - timedelta(hours=13)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
MADE = "SELECT e.received_at, d.number IS NOT NULL FROM event e JOIN disclosure d ON d.event = e.id WHERE d.kind = 'answer' AND d.desk = $1"


def missing(stage: str = "reported", n: int = 1) -> dict[str, Any]:
    """An episode of the n-th child."""
    return {"children": [a_child(n)], "stage": stage}


def lists(running: Exchange, desk: str = VEMT) -> list[Delivery]:
    """The lists that a desk has."""
    return [d for d in running.told if d.desk == desk and d.kind == "answer"]


def read(delivery: Delivery) -> dict[str, Any]:
    """What the desk reads."""
    found: dict[str, Any] = message(delivery)["data"]["message"]
    return found


async def test_a_list_comes_a_minute_after_its_moment_and_says_who_is_missing(database: str) -> None:
    async with exchange(database, starts=EVENING) as running:
        await running.post(PVP, "missing-episode", missing())
        await running.move_to(NINE + MINUTE - timedelta(seconds=1))
        assert not lists(running)
        assert await running.engine.next_due() == NINE + MINUTE
        await running.move_to(NINE + MINUTE)
        (found,) = lists(running)
        said = read(found)
        head = said["standing_lists"][0]
        assert (head["list"], head["since"], head["until"]) == ("missing-daily", (NINE - DAY).isoformat(), NINE.isoformat())
        assert [c["given_name"] for c in said["children"]] == ["Given1"]
        assert [line["event_type"] for line in said["earlier"]] == ["missing-episode"]
        await running.settle()
        assert len(lists(running)) == 1
        ((purpose,),) = await rows(database, "SELECT purposes FROM disclosure WHERE kind = 'answer'")
        assert purpose == ["missing-list"]


async def test_a_list_is_made_on_a_new_connection_of_a_child_whose_referral_was_refused(database: str) -> None:
    """Such a connection has met no type of array but those of the statement itself; asyncpg reads no other within a row."""
    async with exchange(database, starts=EVENING) as running:
        await running.post(PVP, "missing-episode", missing())
        referral = await running.post(PVP, "referral", {"children": [a_child(1)]})
        refused = {"children": [a_child(1)], "decided_at": EVENING.isoformat(), "accepted": "no", "reason_not_accepted": "enough is done"}
        await running.post("hub.front-door", "referral-outcome", refused, reply_to=referral)
        await running.engine._pool.expire_connections()
        await running.move_to(NINE + MINUTE)
        (found,) = lists(running)
        assert [c["given_name"] for c in read(found)["children"]] == ["Given1"]


async def test_an_empty_list_comes_too(database: str) -> None:
    async with exchange(database, starts=EVENING) as running:
        await running.move_to(NINE + MINUTE)
        (found,) = lists(running)
        assert set(read(found)) == {"standing_lists"}


async def test_who_is_still_missing_stays_on_it_and_who_is_back_leaves_it(database: str) -> None:
    async with exchange(database, starts=EVENING) as running:
        first = await running.post(PVP, "missing-episode", missing())
        gone = await running.post(PVP, "missing-episode", missing(n=2))
        running.clock.set(EVENING + MINUTE)
        await running.post(PVP, "missing-episode", missing("returned", 2), reply_to=gone)
        days = []
        for day in range(4):
            await running.move_to(NINE + MINUTE + day * DAY)
            days.append(sorted(c["given_name"] for c in read(lists(running)[-1]).get("children", ())))  # in no order of their own
            if day == 2:
                await running.post(PVP, "missing-episode", missing("returned"), reply_to=first)
                running.clock.set(running.clock.now() + MINUTE)
        assert days == [["Given1", "Given2"], ["Given1"], ["Given1"], ["Given1"]]
        await running.move_to(NINE + MINUTE + 4 * DAY)
        assert "children" not in read(lists(running)[-1])


async def test_what_was_taken_back_is_on_no_list_and_takes_back_the_list(database: str) -> None:
    async with exchange(database, starts=EVENING) as running:
        wrong = await running.post(PVP, "missing-episode", missing())
        await running.move_to(NINE + MINUTE)
        (found,) = lists(running)
        await running.post(PVP, "withdrawal", {"reason": "wrong child"}, reply_to=wrong)
        assert found.id in {r.disclosure for r in running.recalls}
        await running.move_to(NINE + MINUTE + DAY)
        assert "children" not in read(lists(running)[-1])


async def test_lists_that_were_missed_are_made_when_the_router_is_back_each_once(database: str) -> None:
    async with exchange(database, starts=EVENING) as running:
        await running.post(PVP, "missing-episode", missing())
        async with another(running, database, pack=PACKS / "stockton") as second:
            running.clock.set(NINE + 2 * DAY + MINUTE)
            for _ in range(40):
                await asyncio.gather(running.engine._clock_step(), second.engine._clock_step())
        await running.settle()
        assert [(read(d)["standing_lists"][0]["until"]) for d in lists(running)] == [(NINE + n * DAY).isoformat() for n in range(3)]
        async with another(running, database, pack=PACKS / "stockton") as third:
            await third.engine._clock_step()
            assert await third.engine.lists.due(running.clock.now()) == []
        assert len(await rows(database, MADE, VEMT)) == 3


async def test_a_list_that_could_not_be_written_is_made_by_the_next_step(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with exchange(database, starts=EVENING) as running:
        running.clock.set(NINE + MINUTE)
        opened, works = Works.open, []

        def overtaken(self: Works) -> Any:
            works.append(self)
            if len(works) == 2:  # the first looks for clocks, the second makes the list
                raise FencedError
            return opened(self)

        while not await running.engine.lists.due(running.clock.now()):
            raise AssertionError("none is due")
        await running.engine._hand_over()
        monkeypatch.setattr(Works, "open", overtaken)
        assert await running.engine._clock_step()
        assert not await rows(database, MADE, VEMT)
        await running.settle()
        assert len(await rows(database, MADE, VEMT)) == 1

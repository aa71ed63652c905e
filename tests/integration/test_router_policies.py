"""The policy in force: opened at midnight when an agreement ends, audited, and the same for every instance."""

import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from frontdoor_chassis.clock import SettableClock
from frontdoor_router.adapters.opening import PolicyChangedError
from support.builders import a_child, an_incident, an_involvement
from support.deciding import TEST_PACK
from support.exchange import Exchange
from support.routers import another, another_engine, riverside, rows

EVENING = datetime(2020, 11, 11, 22, 0, tzinfo=UTC)
"""Two hours before the agreement about notices ends."""


@pytest.fixture
async def evening(database: str) -> AsyncIterator[Exchange]:
    """The evening before, a child at Oak School."""
    async with riverside(database, starts=EVENING) as running:
        await running.post("hub.front-door", "involvement-started", an_involvement(a_child(1), desk="oak.dsl", relation="school"))
        yield running


def changed_pack(tmp_path: Path, *, number: int) -> Path:
    """The same partnership with another pack."""
    folder = tmp_path / f"pack-{number}"
    shutil.copytree(TEST_PACK, folder)
    agencies = folder / "agencies.toml"
    agencies.write_text(agencies.read_text().replace("number = 1 ", f"number = {number} ").replace("number = 1\n", f"number = {number}\n"))
    duties = folder / "duties.toml"
    duties.write_text(duties.read_text() + "\n# changed\n")
    return folder


async def in_force(database: str) -> list[tuple[object, ...]]:
    """The epochs that were opened, in order: which agreements."""
    return await rows(database, "SELECT agreements FROM epoch ORDER BY n")


async def test_at_midnight_the_agreement_ends_and_what_it_permitted_is_permitted_no_more(evening: Exchange, database: str) -> None:
    before = await evening.post("police.pvp", "police-incident", an_incident(a_child(1)))
    await evening.move_to(EVENING + timedelta(hours=2))
    after = await evening.post("police.pvp", "police-incident", an_incident(a_child(1)))
    assert "oak.dsl" in evening.desks_told(before)
    assert "oak.dsl" not in evening.desks_told(after)
    found = await evening.engine.ledger.event(after)
    assert found is not None
    assert [(t["reason"], t["owner"]) for t in found["tasks"]] == [("not-permitted", "hub.front-door")]
    epochs = dict(await rows(database, "SELECT id, epoch FROM event"))
    assert epochs[before] != epochs[after]


async def test_opening_a_policy_is_audited_with_its_agreements(evening: Exchange, database: str) -> None:
    await evening.move_to(EVENING + timedelta(hours=2))
    (first,), (second,) = await in_force(database)
    assert isinstance(first, list)
    assert isinstance(second, list)
    assert set(first) - set(second) == {"notices"}
    audited = await rows(database, "SELECT epoch, at FROM audit WHERE type = 'epoch.activated' ORDER BY id")
    assert [at for _, at in audited] == [EVENING, EVENING + timedelta(hours=2)]
    assert [epoch for epoch, _ in audited] == [e for (e,) in await rows(database, "SELECT id FROM epoch ORDER BY n")]


async def test_a_day_on_which_nothing_changes_opens_nothing(evening: Exchange, database: str) -> None:
    await evening.move_to(EVENING + timedelta(days=1))
    await evening.move_to(EVENING + timedelta(days=2))
    assert len(await in_force(database)) == 2


async def test_a_second_instance_with_the_same_pack_opens_nothing_and_decides(evening: Exchange, database: str) -> None:
    async with another(evening, database) as second:
        event = await second.post("police.pvp", "police-incident", an_incident(a_child(1)))
        await evening.settle()
        await second.settle()
        assert {e for (e,) in await rows(database, "SELECT id FROM event")} >= {event}
    assert len(await in_force(database)) == 1


async def test_an_instance_whose_clock_is_behind_goes_by_the_day_that_another_has_opened(evening: Exchange, database: str) -> None:
    ahead = SettableClock(EVENING + timedelta(hours=2))
    async with another(evening, database, clock=ahead) as second:
        event = await evening.publish("police.pvp", "police-incident", an_incident(a_child(1)))
        for _ in range(3):
            await second.settle()
            await evening.settle()
        assert len(await in_force(database)) == 2
        assert await rows(
            database, "SELECT count(*) FROM disclosure WHERE event = $1 AND desk = 'oak.dsl' AND number IS NOT NULL", event
        ) == [(0,)]
        while await evening.engine.sweep_step():  # whether or not the event was its own to decide
            pass
        assert evening.engine._works.epoch == second.engine._works.epoch


async def test_an_instance_with_another_pack_stops_the_ones_with_the_old_one(evening: Exchange, database: str, tmp_path: Path) -> None:
    newer = changed_pack(tmp_path, number=2)
    await evening.post("police.pvp", "police-incident", an_incident(a_child(1)))
    async with another_engine(database, evening.bus, evening.clock, pack=newer):
        with pytest.raises(PolicyChangedError):  # with nothing to decide as well
            await evening.engine.sweep_step()
        evening.clock.set(evening.clock.now() + timedelta(days=2))  # and when something falls due
        with pytest.raises(PolicyChangedError):
            await evening.settle()


async def test_an_instance_with_an_older_pack_does_not_start(evening: Exchange, database: str, tmp_path: Path) -> None:
    newer = changed_pack(tmp_path, number=2)
    async with another_engine(database, evening.bus, evening.clock, pack=newer):
        with pytest.raises(PolicyChangedError, match="pack number 2"):
            async with another_engine(database, evening.bus, evening.clock):
                raise AssertionError("it started")


async def test_nothing_of_a_batch_is_decided_by_a_policy_that_is_no_longer_in_force(
    evening: Exchange, database: str, tmp_path: Path
) -> None:
    event = await evening.publish("police.pvp", "police-incident", an_incident(a_child(1)))
    batch = await evening.engine._stream._consumer.poll(max_records=10, timeout=0.1)
    assert batch is not None
    async with another_engine(database, evening.bus, evening.clock, pack=changed_pack(tmp_path, number=2)) as newer:
        with pytest.raises(PolicyChangedError):
            async with evening.engine._works.batch(batch):
                raise AssertionError("it was opened")
        await evening.engine._stream._consumer.close()
        while await newer._stream_step():
            pass
    ((epoch,),) = await rows(database, "SELECT epoch FROM event WHERE id = $1", event)
    assert epoch == newer._works.epoch

"""Withdrawal, correction, clocks over real times, receipts and ledgers through the real router on a real database."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn
from uuid import UUID

import pytest

from frontdoor_router.adapters.reading import parse_sections
from frontdoor_schemas.envelope import Delivery, LedgerUpdate, Receipt, Receipts
from frontdoor_schemas.topics import to_gateway
from frontdoor_schemas.vocabulary import Level
from support.builders import NHS, a_child, an_adult, an_incident, an_involvement
from support.deciding import NIGHT
from support.exchange import Exchange
from support.routers import another, gapless, numbers, riverside, rows

OAK, DEPUTY, ENCOMPASS, SURGERY, FRONT_DOOR = "oak.dsl", "oak.deputy", "police.encompass", "mill.gp", "hub.front-door"
MOTHER = an_adult(1, nhs_number=NHS[8], born="1990-01-01")


@pytest.fixture
async def night(database: str) -> AsyncIterator[Exchange]:
    """A child at Oak School and at Mill Surgery, whose mother is treated at the clinic."""
    async with riverside(database) as running:
        for person, desk, relation in ((a_child(1), OAK, "school"), (a_child(1), SURGERY, "gp"), (MOTHER, "clinic.duty", "treats")):
            await running.post(FRONT_DOOR, "involvement-started", an_involvement(person, desk=desk, relation=relation))
        running.told.clear()
        running.ledgers.clear()
        yield running


async def incident(night: Exchange, **facts: Any) -> UUID:
    """An incident about the child and its mother."""
    return await night.post("police.pvp", "police-incident", an_incident(a_child(1), adults=(MOTHER,), **facts))


def at(hour: int, minute: int = 0, *, day: int = 11) -> datetime:
    """A moment of that November."""
    return datetime(2020, 11, day, hour, minute, tzinfo=UTC)


def last_ledger(night: Exchange, event: UUID) -> LedgerUpdate:
    """What the publisher knows now."""
    return max((update for update in night.ledgers if update.event == event), key=lambda update: update.version)


def states(update: LedgerUpdate) -> dict[str, str]:
    """Desks and how far each is."""
    return {line.desk: line.state for line in update.lines}


# ---------------------------------------------------------------- withdrawal and correction


async def test_who_has_read_it_is_told_and_from_who_has_not_it_is_taken_back(night: Exchange, database: str) -> None:
    event = await incident(night)
    await night.receipt(night.to(OAK, event), Level.opened)
    withdrawal = await night.post("police.pvp", "withdrawal", {"reason": "wrong child"}, reply_to=event)
    recalled = {r.desk for r in night.recalls}
    assert recalled == {OAK, SURGERY, FRONT_DOOR, "clinic.duty"}
    notices = [d for d in night.told if d.kind == "withdrawn"]
    assert [(d.desk, d.refers_to, d.sections, d.event.id) for d in notices] == [(OAK, night.to(OAK, event).id, (), withdrawal)]
    assert await rows(database, "SELECT count(*) FROM obligation WHERE event = $1 AND state IN ('open', 'overdue')", event) == [(0,)]
    await night.move_to(NIGHT + timedelta(hours=20))
    assert night.desks_told(event, "overdue") == set()
    assert gapless(await numbers(database))


async def test_who_reads_it_after_that_is_told_then_and_once(night: Exchange) -> None:
    event = await incident(night)
    delivery = night.to(SURGERY, event)
    await night.post("police.pvp", "withdrawal", {"reason": "wrong child"}, reply_to=event)
    assert [d for d in night.told if d.kind == "withdrawn"] == []
    for level in (Level.received, Level.opened, Level.received):
        await night.receipt(delivery, level)
    assert [(d.desk, d.refers_to) for d in night.told if d.kind == "withdrawn"] == [(SURGERY, delivery.id)]


async def test_a_receipt_that_is_written_while_the_withdrawal_is_decided_still_brings_the_notice(night: Exchange) -> None:
    """The decision read that nobody had it; before it writes, a receipt is committed."""
    event = await incident(night)
    delivery = night.to(SURGERY, event)
    await night.publish("police.pvp", "withdrawal", {"reason": "wrong child"}, reply_to=event)
    batch = await night.engine._stream._consumer.poll(max_records=10, timeout=0.1)
    assert batch is not None
    works, now = night.engine._works, night.clock.now()
    arrived = [night.engine._stream._event(r, "police") for r in batch.records]
    async with works.batch(batch) as work:
        load = work.world

        async def then_a_receipt(**keys: Any) -> Any:
            world = await load(**keys)
            url = str(night.engine._settings.dsn.get_secret_value())
            await rows(url, "UPDATE disclosure SET received_at = now() WHERE id = $1", delivery.id)
            return world

        object.__setattr__(work, "world", then_a_receipt)
        await night.engine.routing().route(arrived, work, now)
    await night.settle()
    assert [(d.desk, d.refers_to) for d in night.told if d.kind == "withdrawn"] == [(SURGERY, delivery.id)]


async def test_a_correction_takes_back_tells_anew_and_replaces_the_ledger(night: Exchange) -> None:
    event = await incident(night)
    await night.receipt(night.to(OAK, event), Level.received)
    right = {"occurred_at": NIGHT.isoformat(), **an_incident(a_child(1), circumstances="as it was")}
    body = {"reason": "wrong", "event": {"type": "police-incident", "data": right}}
    correction = await night.post("police.pvp", "correction", body, reply_to=event)
    assert night.desks_told(correction) == {OAK, SURGERY, FRONT_DOOR}
    assert night.to(OAK, correction).marks == ("corrects_an_earlier_event",)
    assert states(last_ledger(night, event)) == {OAK: "withdrawn", FRONT_DOOR: "withdrawn"}
    assert states(last_ledger(night, correction)) == {OAK: "in_hand", FRONT_DOOR: "in_hand"}


async def test_what_was_written_stays_as_it_was_whatever_is_said_of_it_later(night: Exchange, database: str) -> None:
    """Evidence for a court: source, times and content are those of the day; a correction and a withdrawal are events of their own (L27)."""
    event = await incident(night, author={"name": "PC Casey"}, circumstances="as it seemed")
    kept = "SELECT type, source, occurred_at, received_at, decided_at, sections FROM event WHERE id = $1"
    [written] = await rows(database, kept, event)
    right = {"occurred_at": (NIGHT + timedelta(hours=1)).isoformat(), **an_incident(a_child(1), circumstances="as it was")}
    night.clock.set(NIGHT + timedelta(hours=2))
    correction = await night.post(
        "police.pvp", "correction", {"reason": "wrong", "event": {"type": "police-incident", "data": right}}, reply_to=event
    )
    [corrected] = await rows(database, kept, correction)
    withdrawal = await night.post("police.pvp", "withdrawal", {"reason": "wrong child"}, reply_to=correction)
    assert [await rows(database, kept, one) for one in (event, correction)] == [[written], [corrected]]
    said = [{str(value) for section in parse_sections(row[-1]) for value in section.body.values()} for row in (written, corrected)]
    assert {"PC Casey", "as it seemed"} <= said[0]
    assert "as it was" in said[1]
    assert [len(await rows(database, kept, one)) for one in (event, correction, withdrawal)] == [1, 1, 1]


async def test_nobody_withdraws_what_another_agency_published(night: Exchange) -> None:
    event = await incident(night)
    attempt = await night.post("oak.dsl", "withdrawal", {"reason": "we do not like it"}, reply_to=event)
    assert (night.recalls, night.desks_told(attempt, "held")) == ([], {FRONT_DOOR})
    assert states(last_ledger(night, event))[OAK] == "in_hand"


# ---------------------------------------------------------------- clocks


async def test_a_notice_that_nobody_opens_goes_down_its_chain_at_the_times_of_the_duty(night: Exchange, database: str) -> None:
    event = await incident(night)
    await night.receipt(night.to(OAK, event), Level.received)
    await night.move_to(at(6, 59))
    assert not any(r.desk == OAK for r in night.reminds)
    await night.move_to(at(7))
    assert [(r.reason, r.disclosure) for r in night.reminds if r.desk == OAK] == [("waiting", night.to(OAK, event).id)]
    await night.move_to(at(7, 45))
    for_deputy = night.to(DEPUTY, event, "overdue")
    assert {s.category for s in for_deputy.sections} >= {"child_identity", "concern_and_incident"}
    await night.move_to(at(8))
    for_encompass = night.to(ENCOMPASS, event, "overdue")
    assert [list(s.body) for s in for_encompass.sections] == [["overdue/desk", "overdue/due"]]
    assert await rows(
        database,
        "SELECT s.stage, s.kind, s.desk, s.at FROM stage_fired s JOIN obligation o ON o.id = s.obligation WHERE o.duty = 'incident-school' "
        "ORDER BY s.stage",
    ) == [(0, "remind", OAK, at(7)), (1, "escalate", DEPUTY, at(7, 45)), (2, "escalate", ENCOMPASS, at(8))]
    assert await rows(database, "SELECT state FROM obligation WHERE duty = 'incident-school'") == [("overdue",)]
    await night.move_to(at(20))
    assert len([d for d in night.told if d.kind == "overdue" and d.desk in {DEPUTY, ENCOMPASS}]) == 2


async def test_a_deputy_who_opens_it_has_done_what_the_desk_owed(night: Exchange, database: str) -> None:
    event = await incident(night)
    await night.move_to(at(7, 45))
    await night.receipt(night.to(DEPUTY, event, "overdue"), Level.opened)
    await night.move_to(at(9))
    assert ENCOMPASS not in night.desks_told(event, "overdue")
    assert await rows(database, "SELECT state, met_by FROM obligation WHERE duty = 'incident-school'") == [("met", "opened")]


async def test_who_is_told_of_the_delay_records_a_call_and_the_obligation_is_met(night: Exchange, database: str) -> None:
    event = await incident(night)
    await night.move_to(at(8))
    await night.receipt(night.to(ENCOMPASS, event, "overdue"), Level.opened)
    assert await rows(database, "SELECT state FROM obligation WHERE duty = 'incident-school'") == [("overdue",)]
    await night.receipt(night.to(ENCOMPASS, event, "overdue"), by_telephone=True)
    assert await rows(database, "SELECT state, met_by, met_at FROM obligation WHERE duty = 'incident-school'") == [
        ("met", "told_by_telephone", at(8))
    ]


async def test_whom_there_is_nobody_to_chase_for_falls_to_who_sees_to_what_cannot_be_decided(night: Exchange) -> None:
    event = await incident(night)
    await night.move_to(NIGHT + timedelta(hours=25))
    assert FRONT_DOOR in {d.desk for d in night.told if d.event.id == event and d.kind == "overdue" and d.reason == "incident-clinic"}


async def test_a_withdrawn_deputys_copy_is_recalled_too(night: Exchange) -> None:
    event = await incident(night)
    await night.move_to(at(7, 45))
    copy = night.to(DEPUTY, event, "overdue")
    await night.post("police.pvp", "withdrawal", {"reason": "wrong child"}, reply_to=event)
    assert copy.id in {r.disclosure for r in night.recalls}


async def test_a_clock_that_outruns_the_receipts_waits_for_them_and_then_says_that_it_did_not_know(
    night: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = await incident(night)
    running_loop = asyncio.get_running_loop()
    await night.publish("police.pvp", "police-incident", an_incident(a_child(5)))  # on the bus, and nobody reads it
    night.clock.set(at(8))
    assert not await night.engine._clock_step()
    with monkeypatch.context() as patched:
        patched.setattr(running_loop, "time", lambda: 10_000_000.0)
        while await night.engine._clock_step():
            pass
    await night.settle()
    assert night.to(DEPUTY, event, "overdue").reason == "incident-school-unconfirmed"


async def test_a_receipt_that_another_instance_has_not_read_yet_is_waited_for(night: Exchange, database: str) -> None:
    event = await incident(night)
    async with another(night, database) as second:
        await night.put_receipt(night.to(OAK, event), Level.opened)
        first_has_it = await night.engine._stream._consumer.lag() > 0
        reader, other = (night, second) if first_has_it else (second, night)
        night.clock.set(at(8))
        assert not await other.engine._clock_step()
        await reader.settle()
        await other.settle()
        assert not {d.desk for d in (*night.told, *second.told) if d.kind == "overdue"} & {DEPUTY, ENCOMPASS}


async def test_while_the_bus_is_away_a_deadline_fires_after_the_grace_and_says_that_nobody_knows(
    night: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = await incident(night)
    running_loop = asyncio.get_running_loop()
    night.clock.set(at(8))
    with monkeypatch.context() as patched:
        patched.setattr(night.bus, "ends", _nobody_answers)
        assert not await night.engine._clock_step()
        assert not (await night.engine.activity()).idle
        patched.setattr(running_loop, "time", lambda: 10_000_000.0)
        while await night.engine._clock_step():
            pass
    await night.settle()
    assert night.to(DEPUTY, event, "overdue").reason == "incident-school-unconfirmed"


async def _nobody_answers(topics: Sequence[str]) -> NoReturn:
    raise ConnectionError("the leaders of the partitions do not answer")


async def test_what_is_owed_is_counted(night: Exchange) -> None:
    await incident(night)
    await night.engine.sweep_step()
    counted = await night.engine.ledger.standing()
    assert counted.obligations_open > 0
    said = night.engine.metrics.text()[0].decode()
    assert f"frontdoor_router_obligations_open {float(counted.obligations_open)}" in said
    assert all(f"frontdoor_router_{name} " in said for name in counted._fields)


async def test_the_next_moment_at_which_something_is_due_is_known(night: Exchange) -> None:
    await incident(night)
    assert await night.engine.ledger.next_due() == NIGHT + timedelta(minutes=15)
    assert not (await night.engine.activity()).idle or night.clock.now() < NIGHT + timedelta(minutes=15)


async def test_a_delivery_that_is_given_up_brings_an_e_mail_to_its_desk(night: Exchange, database: str) -> None:
    event = await incident(night)
    delivery = night.to(SURGERY, event)
    await give_up(night, delivery)
    await give_up(night, delivery)
    assert [(r.desk, r.disclosure) for r in night.reminds if r.reason == "not-delivered"] == [(SURGERY, delivery.id)]
    assert await rows(database, "SELECT desk, detail->>'why' FROM audit WHERE type = 'delivery.given_up'") == [(SURGERY, "http_410")]


async def give_up(night: Exchange, delivery: Delivery) -> None:
    """The notifier could not deliver it."""
    item = Receipt(disclosure=delivery.id, desk=delivery.desk, failed="http_410", channel="webhook", at=night.clock.now())
    record = Receipts(by="notifier", at=night.clock.now(), items=(item,))
    await night._send("notifier", "receipts", delivery.desk, record.model_dump_json().encode())
    await night.settle()


# ---------------------------------------------------------------- what the publisher may know


async def test_the_publisher_reads_of_no_desk_that_would_tell_it_something(night: Exchange) -> None:
    event = await incident(night)
    first = last_ledger(night, event)
    assert states(first) == {OAK: "in_hand", FRONT_DOOR: "in_hand"}
    assert first.others_close_at - night.to(OAK, event).at == night.engine._settings.others_close_after
    await night.receipt(night.to(SURGERY, event), Level.acted)
    await night.receipt(night.to("clinic.duty", event), Level.acted)
    assert last_ledger(night, event) == first
    await night.receipt(night.to(OAK, event), Level.opened)
    later = last_ledger(night, event)
    assert (states(later), later.others_close_at) == ({OAK: "opened", FRONT_DOOR: "in_hand"}, first.others_close_at)


async def test_nothing_about_hidden_desks_is_on_the_topic_of_the_publishers_gateway(night: Exchange) -> None:
    await incident(night)
    await night.move_to(NIGHT + timedelta(hours=30))
    topic = b"".join(r.key + r.value for r in night.bus.records(to_gateway("police")))
    for hidden in (SURGERY, "clinic.duty", "trust."):
        assert hidden.encode() not in topic


async def test_what_the_publisher_sees_is_the_same_when_there_is_nobody_hidden(night: Exchange) -> None:
    with_hidden = last_ledger(night, await incident(night))
    without = last_ledger(night, await night.post("police.pvp", "police-incident", an_incident(a_child(1))))
    hidden = {"event", "desk", "version"}
    assert with_hidden.model_dump(exclude=hidden) == without.model_dump(exclude=hidden)


async def test_an_event_that_is_held_looks_to_its_publisher_like_any_other(night: Exchange) -> None:
    event = await night.post("police.pvp", "police-incident", an_incident(a_child(1, nhs_number=None)))
    assert states(last_ledger(night, event)) == {FRONT_DOOR: "in_hand"}
    assert last_ledger(night, event).state == "routed"


async def test_every_decision_to_tell_and_not_to_tell_is_kept_with_its_policies_and_epoch(night: Exchange, database: str) -> None:
    event = await incident(night, sharing={"withhold_from": ["mill"]})
    kept = await rows(
        database, "SELECT desk, kind, purposes, epoch, jsonb_array_length(given), withheld::text FROM disclosure WHERE event = $1", event
    )
    found = {row[0]: row[1:] for row in kept}
    assert found[SURGERY][:2] == ("none", ["notice"])
    assert found[SURGERY][3] == 0
    assert "walls.withheld" in found[SURGERY][4]
    assert found[OAK][0] == "disclosure"
    assert found[OAK][3] > 0
    assert {row[3] for row in kept} == {night.engine._works.epoch}
    (given,) = (await rows(database, "SELECT given::text FROM disclosure WHERE event = $1 AND desk = $2", event, OAK))[0]
    assert "notices.child" in given

"""The day on which agencies end, through the real router on a real database: what is in flight goes to whoever has their work, once."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from frontdoor_schemas.envelope import Delivery
from frontdoor_schemas.vocabulary import Level
from support.builders import NHS, a_child, an_adult, an_incident, an_involvement
from support.deciding import NIGHT
from support.exchange import Exchange, exchange
from support.merging import merging
from support.routers import another, change, gapless, numbers, rows

FRONT_DOOR, OAK, ELM, GROVE, CLINIC, RECOVERY = "hub.front-door", "oak.dsl", "elm.dsl", "grove.dsl", "clinic.duty", "recovery.duty"
MOTHER = an_adult(1, nhs_number=NHS[8], born="1990-01-01")
MIDNIGHT = datetime(2020, 11, 11, tzinfo=UTC)
LATE = MIDNIGHT - timedelta(minutes=1)


@pytest.fixture
async def eve(database: str, tmp_path: Path) -> AsyncIterator[Exchange]:
    """The night before: one child at Oak, one at Elm, their mother treated at the clinic."""
    async with exchange(database, pack=str(merging(tmp_path)), starts=NIGHT) as running:
        for person, desk, relation in ((a_child(1), OAK, "school"), (a_child(2), ELM, "school"), (MOTHER, CLINIC, "treats")):
            await running.post(FRONT_DOOR, "involvement-started", an_involvement(person, desk=desk, relation=relation))
        forget(running)
        yield running


def forget(running: Exchange) -> None:
    """What was told so far is of no interest."""
    for kept in (running.told, running.recalls, running.reminds, running.ledgers):
        kept.clear()


async def incident(eve: Exchange, *children: dict[str, Any], **facts: Any) -> UUID:
    """An incident about these children and their mother."""
    return await eve.post("police.pvp", "police-incident", an_incident(*children, adults=(MOTHER,), offences=["assault"], **facts))


async def owed(database: str, event: UUID, duty: str) -> list[tuple[Any, ...]]:
    """Who owes what a duty asks, how it stands, and by when."""
    return await rows(database, "SELECT desk, state, due FROM obligation WHERE event = $1 AND duty = $2 ORDER BY desk, id", event, duty)


def categories(delivery: Delivery) -> set[str]:
    """What a delivery holds."""
    return {section.category.value for section in delivery.sections}


async def audited(database: str, kind: str) -> list[tuple[Any, ...]]:
    """Desks of the audit entries of a kind."""
    return [desk for (desk,) in await rows(database, "SELECT desk FROM audit WHERE type = $1 ORDER BY id", kind)]


async def test_what_a_school_has_not_opened_goes_to_the_one_that_has_its_work_and_its_deadline_runs_on(
    eve: Exchange, database: str
) -> None:
    event = await incident(eve, a_child(1))
    before = await owed(database, event, "incident-school")
    told = eve.to(OAK, event)
    await eve.receipt(told, Level.received)
    await eve.move_to(MIDNIGHT)
    (due,) = {due for _, _, due in before}
    assert await owed(database, event, "incident-school") == [(GROVE, "open", due)]
    handed = eve.to(GROVE, event, "overdue")
    assert (handed.reason, handed.ask and handed.ask.level, handed.ask and handed.ask.due) == ("incident-school", "opened", due)
    assert {s.id for s in handed.sections} <= {s.id for s in told.sections}
    assert {"child_identity", "concern_and_incident"} <= categories(handed)
    await eve.move_to(datetime(2020, 11, 11, 7, tzinfo=UTC))
    assert [(r.desk, r.disclosure) for r in eve.reminds if r.reason == "waiting"] == [(GROVE, handed.id)]
    await eve.receipt(handed, Level.opened)
    assert await owed(database, event, "incident-school") == [(GROVE, "met", due)]
    assert "desk.succeeded" in {kind for (kind,) in await rows(database, "SELECT type FROM audit WHERE desk = $1", GROVE)}
    assert gapless(await numbers(database))


async def test_two_that_are_one_have_what_was_left_at_both(eve: Exchange, database: str) -> None:
    event = await incident(eve, a_child(1), a_child(2))
    await eve.move_to(MIDNIGHT)
    handed = [d for d in eve.told if d.desk == GROVE and d.event.id == event]
    born = [sorted(str(v) for s in d.sections for k, v in s.body.items() if k.endswith("/born")) for d in handed]
    assert sorted(born) == [["2011-05-02"], ["2012-05-02"]]
    assert [desk for desk, _, _ in await owed(database, event, "incident-school")] == [GROVE, GROVE]


async def test_it_is_handed_over_once_however_often_it_is_looked_for(eve: Exchange, database: str) -> None:
    event = await incident(eve, a_child(1))
    await eve.move_to(MIDNIGHT)
    for _ in range(2):
        await eve.engine.sweep_step()
        await eve.settle()
    async with another(eve, database, pack=eve.engine._settings.pack) as beside:
        await beside.settle()
        await beside.engine.sweep_step()
    assert len([d for d in eve.told if d.desk == GROVE and d.event.id == event]) == 1
    assert await rows(database, "SELECT count(*) FROM disclosure WHERE desk = $1", GROVE) == [(1,)]


async def test_what_a_desk_had_not_received_is_not_sent_to_it_any_more_and_is_taken_back(eve: Exchange, database: str) -> None:
    event = await incident(eve, a_child(1))
    unread = eve.to(OAK, event)
    await change(database, "UPDATE disclosure SET filed_at = now() WHERE desk <> 'oak.dsl'")
    await eve.move_to(MIDNIGHT)
    assert {(r.disclosure, r.desk) for r in eve.recalls} == {(unread.id, OAK), (eve.to(CLINIC, event).id, CLINIC)}
    again = len(eve.told)
    await change(database, "UPDATE disclosure SET filed_at = now() WHERE desk <> 'oak.dsl'")
    await eve.move_to(MIDNIGHT + timedelta(minutes=5))
    await eve.engine.sweep_step()
    await eve.settle()
    assert len(eve.told) == again
    assert (await eve.engine.ledger.standing()).deliveries_unfiled == 0


async def test_what_its_gateway_has_not_filed_is_sent_to_the_successor_again_with_what_it_is_asked(eve: Exchange, database: str) -> None:
    question = {"children": [a_child(1)], "asked_of": [OAK], "purpose": "to decide"}
    event = await eve.post("police.pvp", "information-request", question)
    await eve.move_to(MIDNIGHT)
    handed = eve.to(GROVE, event, "overdue")
    await eve.move_to(MIDNIGHT + timedelta(minutes=5))
    forget(eve)
    await eve.engine.sweep_step()
    await eve.settle()
    again = eve.to(GROVE, event, "overdue")
    assert again == handed


async def test_what_a_desk_has_received_stays_with_it(eve: Exchange) -> None:
    event = await incident(eve, a_child(1))
    await eve.receipt(eve.to(OAK, event), Level.received)
    await eve.move_to(MIDNIGHT)
    assert OAK not in {r.desk for r in eve.recalls}


async def test_a_receipt_that_comes_after_the_end_meets_what_is_the_successors_now(eve: Exchange, database: str) -> None:
    event = await incident(eve, a_child(1))
    await eve.move_to(MIDNIGHT)
    await eve.receipt(eve.to(OAK, event), Level.opened)
    assert [(desk, state) for desk, state, _ in await owed(database, event, "incident-school")] == [(GROVE, "met")]


async def test_an_unanswered_question_is_answered_by_the_successor(eve: Exchange, database: str) -> None:
    question = {"children": [a_child(1)], "asked_of": [OAK], "purpose": "to decide"}
    event = await eve.post("police.pvp", "information-request", question)
    await eve.receipt(eve.to(OAK, event), Level.opened)
    await eve.move_to(MIDNIGHT)
    handed = eve.to(GROVE, event, "overdue")
    assert handed.ask is not None
    assert handed.ask.reply == "information-response"
    answer = {"children": [a_child(1)], "answered_at": MIDNIGHT.isoformat(), "result": "answered"}
    await eve.post(GROVE, "information-response", answer, reply_to=event)
    assert [(desk, state) for desk, state, _ in await owed(database, event, "asked")] == [(GROVE, "met")]


async def test_a_reply_that_is_owed_without_being_asked_for_is_owed_with_all_that_the_desk_was_told(eve: Exchange, database: str) -> None:
    event = await incident(eve, a_child(1))
    await eve.receipt(eve.to(OAK, event), Level.opened)
    await change(
        database,
        "UPDATE obligation SET desk = 'oak.dsl', disclosure = NULL, satisfied_by = '{reply:information-response}' "
        "WHERE duty = 'incident-front-door'",
    )
    await eve.move_to(MIDNIGHT)
    handed = eve.to(GROVE, event, "overdue")
    assert {s.id for s in handed.sections} == {s.id for s in eve.to(OAK, event).sections}
    assert (handed.reason, handed.ask and handed.ask.reply) == ("incident-front-door", "information-response")


async def test_what_is_owed_for_an_event_of_its_own_is_handed_over_without_anything_of_it(eve: Exchange, database: str) -> None:
    event = await eve.post(OAK, "referral", {"children": [a_child(1)]})
    await change(database, "UPDATE obligation SET desk = 'oak.dsl' WHERE duty = 'referral-outcome'")
    await eve.move_to(MIDNIGHT)
    handed = eve.to(GROVE, event, "overdue")
    assert [s.body["overdue/desk"] for s in handed.sections] == [OAK]
    assert (handed.reason, handed.ask and handed.ask.reply) == ("referral-outcome", "referral-outcome")


async def test_that_something_lacks_or_was_withdrawn_is_said_to_the_successor_again(eve: Exchange, database: str) -> None:
    event = await incident(eve, a_child(1))
    await eve.receipt(eve.to(OAK, event), Level.opened)
    withdrawal = await eve.post("police.pvp", "withdrawal", {"reason": "wrong child"}, reply_to=event)
    incomplete = await eve.post(OAK, "referral", {"children": [a_child(2)]})
    await eve.move_to(MIDNIGHT)
    assert eve.to(GROVE, withdrawal, "withdrawn").refers_to == eve.to(OAK, event).id
    assert eve.to(GROVE, incomplete, "owed").missing == eve.to(OAK, incomplete, "owed").missing != ()


async def test_a_successor_of_another_role_and_gateway_has_only_what_its_own_role_may_have(eve: Exchange, database: str) -> None:
    event = await incident(eve, a_child(1))
    had = categories(eve.to(CLINIC, event))
    await eve.move_to(MIDNIGHT)
    handed = eve.to(RECOVERY, event, "overdue")
    assert categories(handed) == had == {"case_reference", "family_network", "professional_network"}
    assert await rows(database, "SELECT reason FROM task WHERE event = $1", event) == []


async def test_what_the_successor_may_not_have_is_somebodys_work_and_nothing_is_left_open_without_an_owner(
    eve: Exchange, database: str
) -> None:
    event = await incident(eve, a_child(1))
    await eve.post(FRONT_DOOR, "involvement-ended", an_involvement(MOTHER, desk=CLINIC, relation="treats"))
    await eve.move_to(MIDNIGHT)
    assert RECOVERY not in eve.desks_told(event, "overdue")
    assert [(reason, owner) for reason, owner in await rows(database, "SELECT reason, owner FROM task WHERE event = $1", event)] == [
        ("not-inherited:clinic.duty", FRONT_DOOR)
    ]
    assert await owed(database, event, "incident-clinic") == [(CLINIC, "closed", (await owed(database, event, "incident-clinic"))[0][2])]
    assert FRONT_DOOR in eve.desks_told(event, "held")


async def test_what_a_desk_without_a_successor_has_left_is_somebodys_work(eve: Exchange, database: str) -> None:
    event = await incident(eve, a_child(1))
    await change(database, "UPDATE obligation SET desk = 'ash.dsl' WHERE duty = 'incident-school'")
    await eve.engine.sweep_step()
    await eve.settle()
    assert await rows(database, "SELECT reason, owner FROM task WHERE event = $1", event) == [("no-successor:ash.dsl", FRONT_DOOR)]
    assert [state for _, state, _ in await owed(database, event, "incident-school")] == ["closed"]


async def test_a_fault_in_one_handover_is_somebodys_work_and_does_not_stop_the_others(
    eve: Exchange, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, sound = await incident(eve, a_child(1)), await incident(eve, a_child(2))
    succeed = type(eve.engine.routing()._decider).succeed

    def failing(self: Any, left: Any, arrived: Any, world: Any, now: Any) -> Any:
        if left.event == broken:
            raise ZeroDivisionError
        return succeed(self, left, arrived, world, now)

    monkeypatch.setattr(type(eve.engine.routing()._decider), "succeed", failing)
    await eve.move_to(MIDNIGHT)
    reasons = await rows(database, "SELECT DISTINCT reason FROM task WHERE event = $1", broken)
    assert set(reasons) == {("error:ZeroDivisionError:oak.dsl",), ("error:ZeroDivisionError:clinic.duty",)}
    assert GROVE in eve.desks_told(sound, "overdue")


async def test_a_piece_of_work_goes_on_with_the_desk_that_has_its_owners_work(eve: Exchange, database: str) -> None:
    await eve.post("police.pvp", "information-request", {"children": [a_child(1)], "asked_of": [OAK], "purpose": "to decide"})
    await change(
        database,
        "INSERT INTO task (id, kind, reason, owner, event, refs, notice, opened_at) "
        "SELECT gen_random_uuid(), 'identity', 'two-people-fit', desk, event, '{}', id, now() FROM disclosure WHERE desk = 'oak.dsl'",
    )
    await eve.move_to(MIDNIGHT)
    assert await rows(database, "SELECT owner FROM task WHERE reason = 'two-people-fit'") == [(GROVE,)]


async def test_whoever_has_the_work_of_a_manager_hears_what_that_one_was_told_of_and_is_not_done(eve: Exchange, database: str) -> None:
    event = await eve.post("police.pvp", "information-request", {"children": [a_child(2)], "asked_of": [ELM], "purpose": "to decide"})
    await change(database, "UPDATE obligation SET due = '2020-11-10 23:59+00', next_at = '2020-11-10 23:59+00' WHERE duty = 'asked'")
    await eve.move_to(LATE)
    assert "hub.manager" in eve.desks_told(event, "overdue")
    await eve.move_to(MIDNIGHT)
    assert {"hub.head", GROVE} <= eve.desks_told(event, "overdue")
    raised = eve.to("hub.head", event, "overdue")
    assert [dict(s.body)["overdue/desk"] for s in raised.sections] == [GROVE]
    await eve.engine.sweep_step()
    await eve.settle()
    assert len([d for d in eve.told if d.desk == "hub.head"]) == 1


async def test_who_hears_in_place_of_a_successor_hears_once(eve: Exchange, database: str) -> None:
    event = await eve.post("police.pvp", "information-request", {"children": [a_child(2)], "asked_of": [ELM], "purpose": "to decide"})
    await change(
        database,
        "UPDATE obligation SET due = '2020-11-10 23:59+00', next_at = '2020-11-10 23:59+00', hidden_from = '{hub.head}', next_stage = 0, "
        "stages = jsonb_build_array(jsonb_set(stages -> 0, '{to}', '\"desk:hub.front-door\"')) WHERE duty = 'asked'",
    )
    await eve.move_to(LATE)
    also = "INSERT INTO stage_fired SELECT obligation, stage, at, kind, 'hub.manager' FROM stage_fired WHERE desk = 'hub.front-door'"
    await change(database, also)
    await eve.move_to(MIDNIGHT)
    assert sorted(eve.desks_told(event, "overdue")).count(FRONT_DOOR) == 1


async def test_the_publisher_sees_the_old_name_and_the_new_one(eve: Exchange) -> None:
    event = await incident(eve, a_child(1))
    await eve.receipt(eve.to(OAK, event), Level.received)
    await eve.move_to(MIDNIGHT)
    last = max((u for u in eve.ledgers if u.event == event), key=lambda u: u.version)
    assert {line.desk: line.state for line in last.lines} == {OAK: "received", GROVE: "in_hand", FRONT_DOOR: "in_hand"}


async def test_a_withdrawal_takes_back_what_the_successor_was_handed(eve: Exchange) -> None:
    event = await incident(eve, a_child(1))
    await eve.receipt(eve.to(OAK, event), Level.received)
    await eve.move_to(MIDNIGHT)
    handed = eve.to(GROVE, event, "overdue")
    await eve.post("police.pvp", "withdrawal", {"reason": "wrong child"}, reply_to=event)
    assert handed.id in {r.disclosure for r in eve.recalls}
    assert [(d.desk, d.refers_to) for d in eve.told if d.kind == "withdrawn"] == [(GROVE, eve.to(OAK, event).id)]


@pytest.mark.parametrize("withdrawn_before", [True, False])
async def test_that_an_event_withheld_from_the_successor_was_withdrawn_is_somebodys_work_and_not_the_successors(
    eve: Exchange, database: str, withdrawn_before: bool
) -> None:
    event = await incident(eve, a_child(1), sharing={"withhold_from": ["grove"]})
    await eve.receipt(eve.to(OAK, event), Level.opened)
    if not withdrawn_before:
        await eve.move_to(MIDNIGHT)
    withdrawal = await eve.post("police.pvp", "withdrawal", {"reason": "wrong child"}, reply_to=event)
    await eve.move_to(MIDNIGHT + timedelta(hours=1))
    await eve.engine.sweep_step()
    await eve.settle()
    assert GROVE not in {d.desk for d in eve.told}
    assert [d.desk for d in eve.told if d.kind == "withdrawn"] == [OAK]
    work = await rows(database, "SELECT reason, owner FROM task WHERE event = $1", withdrawal)
    assert work == [("not-inherited:oak.dsl", FRONT_DOOR)]
    assert await rows(database, "SELECT count(*) FROM obligation WHERE desk = $1 AND state IN ('open', 'overdue')", OAK) == [(0,)]


async def test_a_late_receipt_of_what_is_withheld_from_the_successor_does_not_tell_it_of_the_withdrawal(eve: Exchange) -> None:
    event = await incident(eve, a_child(1), sharing={"withhold_from": ["grove"]})
    had = eve.to(OAK, event)
    await eve.post("police.pvp", "withdrawal", {"reason": "wrong child"}, reply_to=event)
    await eve.move_to(MIDNIGHT)
    await eve.receipt(had, Level.opened)
    assert [d.desk for d in eve.told if d.kind == "withdrawn"] == [OAK]


async def test_the_deputy_of_the_successor_reads_what_the_successor_was_told_and_no_more(eve: Exchange, database: str) -> None:
    event = await incident(eve, a_child(1, practice="mill.gp", protected="no"))
    await eve.receipt(eve.to(OAK, event), Level.received)
    await eve.move_to(MIDNIGHT)
    handed = eve.to(GROVE, event, "overdue")
    await eve.move_to(datetime(2020, 11, 11, 7, 45, tzinfo=UTC))
    for_deputy = eve.to("grove.deputy", event, "overdue")
    assert {s.id for s in for_deputy.sections} <= {s.id for s in handed.sections}
    assert "oak.deputy" not in eve.desks_told(event, "overdue")
    await eve.receipt(for_deputy, Level.opened)
    assert [(desk, state) for desk, state, _ in await owed(database, event, "incident-school")] == [(GROVE, "met")]


async def test_new_events_reach_the_successor_alone(eve: Exchange) -> None:
    await eve.move_to(MIDNIGHT + timedelta(hours=9))
    event = await incident(eve, a_child(1))
    assert eve.desks_told(event) & {OAK, ELM, GROVE, CLINIC, RECOVERY} == {GROVE, RECOVERY}
    assert "offence_and_court" not in categories(eve.to(RECOVERY, event))
    assert FRONT_DOOR in eve.desks_told(event, "held")

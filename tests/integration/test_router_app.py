"""The router as it runs: loops, health, admin and rehearsal routes; and what one batch has learned, known to the next."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from pydantic import SecretStr, ValidationError
from structlog.testing import capture_logs

from frontdoor_chassis.bus.memory import MemoryBus
from frontdoor_chassis.clock import SettableClock, SystemClock
from frontdoor_chassis.directory import load_directory
from frontdoor_chassis.store.engine import create_schemas
from frontdoor_chassis.store.migrate import SchemaOutOfDateError, upgrade
from frontdoor_router.app import MIGRATIONS, Router, open_router
from frontdoor_router.settings import RouterSettings
from frontdoor_schemas.topics import FAMILIES, RECEIPTS, to_gateway
from frontdoor_schemas.vocabulary import Level
from support.builders import NHS, a_child, an_adult, an_incident, an_involvement
from support.deciding import NIGHT, TEST_PACK
from support.exchange import Exchange, exchange
from support.routers import change, riverside, rows, settings_of

ADMIN = {"authorization": "Bearer made-up-token"}
REHEARSAL = {"x-rehearsal-token": "made-up-token"}


def a_bus(*, without: str = "") -> MemoryBus:
    """A bus with every topic, or with all but one."""
    topics = {**dict.fromkeys((*FAMILIES, RECEIPTS), 1), **{to_gateway(g): 1 for g in load_directory(TEST_PACK).gateways()}}
    return MemoryBus({topic: partitions for topic, partitions in topics.items() if topic != without})


async def ask(router: Router, method: str, path: str, **how: Any) -> httpx.Response:
    """A request to it."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(router.app), base_url="http://router") as client:
        return await client.request(method, path, **how)


async def test_a_running_router_is_well_and_says_what_it_did(database: str) -> None:
    await create_schemas(database, ["router"])
    await upgrade(database, schema="router", migrations=MIGRATIONS, role="router")
    async with open_router(settings_of(database), bus=a_bus(), clock=SettableClock(NIGHT)) as router:
        assert (await ask(router, "GET", "/health/live")).status_code == 200
        assert (await ask(router, "GET", "/health/ready")).json()["checks"] == {"database": "ok", "bus": "ok", "topics": "ok"}
        assert "frontdoor_router_events_decided" in (await ask(router, "GET", "/metrics")).text
        assert (await ask(router, "GET", "/admin/tasks", headers=ADMIN)).json() == {"items": [], "next": None}
        assert (await ask(router, "GET", "/admin/tasks")).status_code == 401
        moved = await ask(router, "PUT", "/rehearsal/clock", json={"now": (NIGHT + timedelta(hours=1)).isoformat()}, headers=REHEARSAL)
        assert moved.status_code == 200
        async with asyncio.timeout(10):
            while not (await ask(router, "GET", "/rehearsal/activity", headers=REHEARSAL)).json()["idle"]:
                continue
    assert not router.supervisor.alive
    assert await rows(database, "SELECT type, detail->>'at' FROM audit WHERE type = 'admin.looked'") == [("admin.looked", "tasks")]


async def test_by_the_machines_clock_there_is_nothing_to_set(database: str) -> None:
    await create_schemas(database, ["router"])
    await upgrade(database, schema="router", migrations=MIGRATIONS, role="router")
    async with open_router(settings_of(database), bus=a_bus(), clock=SystemClock()) as router:
        answer = await ask(router, "PUT", "/rehearsal/clock", json={"now": NIGHT.isoformat()}, headers=REHEARSAL)
        assert answer.status_code == 404


async def test_a_router_does_not_start_on_an_old_schema(database: str) -> None:
    await create_schemas(database, ["router"])
    with pytest.raises(SchemaOutOfDateError):
        async with open_router(settings_of(database), bus=a_bus(), clock=SettableClock(NIGHT)):
            raise AssertionError("it started")


async def test_a_router_does_not_start_without_the_topic_of_a_gateway_and_says_which(database: str) -> None:
    await create_schemas(database, ["router"])
    await upgrade(database, schema="router", migrations=MIGRATIONS, role="router")
    with pytest.raises(LookupError, match=to_gateway("police")):
        async with open_router(settings_of(database), bus=a_bus(without=to_gateway("police")), clock=SettableClock(NIGHT)):
            raise AssertionError("it started")


async def test_a_router_is_not_ready_while_the_topic_of_a_gateway_is_gone_and_says_which(database: str) -> None:
    await create_schemas(database, ["router"])
    await upgrade(database, schema="router", migrations=MIGRATIONS, role="router")
    bus, topic = a_bus(), to_gateway("police")
    async with open_router(settings_of(database), bus=bus, clock=SettableClock(NIGHT)) as router:
        del bus._topics[topic]
        with capture_logs() as logs:
            missing = await ask(router, "GET", "/health/ready")
        bus.create_topic(topic, partitions=1)
        there = await ask(router, "GET", "/health/ready")
    assert (missing.status_code, missing.json()["checks"]["topics"]) == (503, "missing")
    assert [topic in log["reason"] for log in logs if log["event"] == "topics.missing"] == [True]
    assert there.status_code == 200


def test_a_clock_that_can_be_set_is_refused_in_production() -> None:
    with pytest.raises(ValidationError, match="refused in production"):
        RouterSettings(
            dsn=SecretStr("postgresql://"),
            pack=TEST_PACK,
            signing_key=SecretStr("k"),
            writer_keys={},
            identity_secret=SecretStr("s"),
            admin_token=SecretStr("t"),
            rehearsal_token=SecretStr("t"),
        )


# ---------------------------------------------------------------- what one batch has learned


@pytest.fixture
async def running(database: str) -> AsyncIterator[Exchange]:
    """A router on a database of its own; each post is a batch of its own."""
    async with riverside(database) as exchange:
        yield exchange


async def test_a_routing_without_a_policy_is_an_error_of_ours(running: Exchange) -> None:
    running.engine._routing = None
    with pytest.raises(RuntimeError, match="no policy"):
        running.engine.routing()


async def test_history_is_read_from_what_was_told_in_earlier_batches(running: Exchange) -> None:
    for desk, relation in (("oak.dsl", "school"), ("mill.gp", "gp")):
        await running.post("hub.front-door", "involvement-started", an_involvement(a_child(1), desk=desk, relation=relation))
    await running.post("police.pvp", "police-incident", an_incident(a_child(1), sharing={"withhold_from": ["mill"]}))
    second = await running.post("police.pvp", "police-incident", an_incident(a_child(1)))
    said = {desk: running.message(desk, second)["domestic_abuse"] for desk in ("oak.dsl", "mill.gp")}
    assert [said[d]["previous_incidents_count"] for d in said] == [1, 0]
    assert said["oak.dsl"]["previous_incident_dates"] == ["2020-11-10"]


async def test_a_refused_referral_and_an_ended_plan_stay_so_until_somebody_says_otherwise(running: Exchange, database: str) -> None:
    referral = await running.post("oak.dsl", "referral", {"children": [a_child(1)]})
    outcome = {"children": [a_child(1)], "decided_at": NIGHT.isoformat(), "accepted": "no", "reason_not_accepted": "enough is done"}
    await running.post("hub.front-door", "referral-outcome", outcome, reply_to=referral)
    assert await rows(database, "SELECT open FROM entry WHERE event = $1", referral) == [(False,)]
    await running.post("hub.front-door", "referral-outcome", {**outcome, "accepted": "yes"}, reply_to=referral)
    assert await rows(database, "SELECT open FROM entry WHERE event = $1", referral) == [(True,)]
    plan = {"children": [a_child(1)], "plan_type": "child_protection", "members": ["oak.dsl"]}
    started = await running.post("care.duty", "plan-status", {**plan, "to_status": "started"})
    ended = await running.post("care.duty", "plan-status", {**plan, "to_status": "ended", "members": []})
    assert running.desks_told(started) == {"oak.dsl"}
    after = await running.post("care.duty", "plan-status", {**plan, "to_status": "breached", "members": []})
    assert running.desks_told(ended) == {"oak.dsl"}
    assert running.desks_told(after) == set()
    assert await rows(database, "SELECT plan, until IS NOT NULL FROM tie WHERE event = $1", started) == [("child_protection", True)]


async def test_what_a_reply_answered_is_owed_again_when_the_reply_is_withdrawn(running: Exchange, database: str) -> None:
    owed = "SELECT state FROM obligation WHERE duty = 'referral-outcome'"
    referral = await running.post("oak.dsl", "referral", {"children": [a_child(1)]})
    said = {"children": [a_child(1)], "decided_at": NIGHT.isoformat(), "accepted": "yes", "occurred_at": NIGHT.isoformat()}
    first = await running.post("hub.front-door", "referral-outcome", said, reply_to=referral)
    again = {"reason": "a slip", "event": {"type": "referral-outcome", "data": said}}
    corrected = await running.post("hub.front-door", "correction", again, reply_to=first)
    assert await rows(database, owed) == [("met",)]
    await running.post("hub.front-door", "withdrawal", {"reason": "another child"}, reply_to=corrected)
    assert await rows(database, owed) == [("open",)]
    assert running.desks_told(referral, "overdue") == set()
    await running.move_to(NIGHT + timedelta(days=7))
    assert running.desks_told(referral, "overdue") != set()
    second = await running.post("hub.front-door", "referral-outcome", said, reply_to=referral)
    await running.post("hub.front-door", "referral-outcome", said, reply_to=referral)
    await running.post("hub.front-door", "withdrawal", {"reason": "sent twice"}, reply_to=second)
    assert await rows(database, owed) == [("met",)]
    assert (await rows(database, "SELECT count(*) FROM audit WHERE type = 'obligation.owed_again'")) == [(1,)]


async def test_what_is_owed_again_when_its_time_is_over_waits_for_what_answers_it_and_is_on_the_bus(running: Exchange) -> None:
    referral = await running.post("oak.dsl", "referral", {"children": [a_child(1)]})
    said = {"children": [a_child(1)], "decided_at": NIGHT.isoformat(), "accepted": "yes", "occurred_at": NIGHT.isoformat()}
    first = await running.post("hub.front-door", "referral-outcome", said, reply_to=referral)
    await running.move_to(NIGHT + timedelta(days=7))
    before, known = running.desks_told(referral, "overdue"), running.engine._watermark._up_to
    running.told.clear()
    running.clock.set(NIGHT + timedelta(days=7, hours=1))
    await running.publish("hub.front-door", "withdrawal", {"reason": "another child"}, reply_to=first)
    while await running.engine._stream_step():
        pass
    await running.publish("hub.front-door", "referral-outcome", said, reply_to=referral)
    assert before, "something has fallen due, so that a moment is known of which all is read"
    assert known is not None
    assert not await running.engine._clock_step()
    await running.settle()
    assert running.desks_told(referral, "overdue") == set()


async def test_what_an_event_ended_goes_on_when_it_is_taken_back(running: Exchange) -> None:
    about = an_involvement(a_child(1), desk="oak.dsl", relation="school")
    await running.post("council.school-roll", "involvement-started", about)
    wrong = [await running.post("council.school-roll", "involvement-ended", about) for _ in range(2)]
    for ended, told in zip(wrong, (False, True), strict=True):
        await running.post("council.school-roll", "withdrawal", {"reason": "another child"}, reply_to=ended)
        incident = await running.post("police.pvp", "police-incident", an_incident(a_child(1)))
        assert ("oak.dsl" in running.desks_told(incident)) is told


async def test_an_end_that_is_corrected_ends_what_the_correction_says(running: Exchange) -> None:
    plan = {"plan_type": "child_protection", "members": ["oak.dsl"], "occurred_at": NIGHT.isoformat()}
    for n in (1, 2):
        await running.post("care.duty", "plan-status", {"children": [a_child(n)], "to_status": "started", **plan})
    ended = await running.post("care.duty", "plan-status", {"children": [a_child(1)], "to_status": "ended", **plan})
    event = {"type": "plan-status", "data": {"children": [a_child(2)], "to_status": "ended", **plan}}
    await running.post("care.duty", "correction", {"reason": "another child", "event": event}, reply_to=ended)
    for n, told in ((1, True), (2, False)):
        said = {"children": [a_child(n)], "plan_type": "child_protection", "to_status": "breached"}
        breached = await running.post("care.duty", "plan-status", said)
        assert ("oak.dsl" in running.desks_told(breached)) is told


@pytest.mark.parametrize("together", [False, True], ids=["one after the other", "in one batch"])
async def test_whose_referral_runs_again_is_told_as_before_once_its_refusals_are_withdrawn(database: str, together: bool) -> None:
    said = {"children": [a_child(1)], "decided_at": NIGHT.isoformat(), "accepted": "no"}
    async with exchange(database, starts=NIGHT) as running:
        referral = await running.post("ash-primary.dsl", "referral", {"children": [a_child(1)]})
        refusals = [await running.post("hub.front-door", "referral-outcome", said, reply_to=referral) for _ in range(2)]
        for refusal, told in zip(refusals, (False, True), strict=True):
            put = running.publish if together else running.post
            await put("hub.front-door", "withdrawal", {"reason": "another referral"}, reply_to=refusal)
            closed = await running.post("police.pvp", "investigation-status", {"children": [a_child(1)], "status": "closed"})
            assert ("ash-primary.dsl" in running.desks_told(closed)) is told
            assert await rows(database, "SELECT open FROM entry WHERE event = $1", referral) == [(told,)]


async def test_a_refusal_counts_again_once_what_accepted_after_it_is_withdrawn(running: Exchange, database: str) -> None:
    referral = await running.post("oak.dsl", "referral", {"children": [a_child(1)]})
    for accepted in ("no", "yes"):
        said = {"children": [a_child(1)], "decided_at": NIGHT.isoformat(), "accepted": accepted}
        last = await running.post("hub.front-door", "referral-outcome", said, reply_to=referral)
    await running.post("hub.front-door", "withdrawal", {"reason": "another referral"}, reply_to=last)
    assert await rows(database, "SELECT open FROM entry WHERE event = $1", referral) == [(False,)]


async def test_a_referral_that_was_itself_withdrawn_is_brought_back_by_nothing(running: Exchange, database: str) -> None:
    referral = await running.post("oak.dsl", "referral", {"children": [a_child(1)]})
    said = {"children": [a_child(1)], "decided_at": NIGHT.isoformat(), "accepted": "no"}
    refused = await running.post("hub.front-door", "referral-outcome", said, reply_to=referral)
    await running.post("oak.dsl", "withdrawal", {"reason": "another child"}, reply_to=referral)
    await running.post("hub.front-door", "withdrawal", {"reason": "another referral"}, reply_to=refused)
    assert await rows(database, "SELECT open FROM entry WHERE event = $1", referral) == [(False,)]


async def test_what_ended_before_its_beginning_was_heard_of_has_ended(running: Exchange) -> None:
    about = an_involvement(a_child(1), desk="oak.dsl", relation="school")
    ended = {**about, "occurred_at": NIGHT.isoformat()}
    await running.post("council.school-roll", "involvement-ended", ended)
    began = {**about, "occurred_at": (NIGHT - timedelta(hours=2)).isoformat()}
    await running.post("council.school-roll", "involvement-started", began)
    incident = await running.post("police.pvp", "police-incident", an_incident(a_child(1)))
    assert "oak.dsl" not in running.desks_told(incident)


async def test_a_plan_whose_ends_were_heard_first_has_a_group_when_both_are_taken_back(running: Exchange) -> None:
    plan = {"children": [a_child(1)], "plan_type": "child_protection"}

    async def said(hours: int, status: str, **more: Any) -> UUID:
        happened = (NIGHT - timedelta(hours=hours)).isoformat()
        return await running.post("care.duty", "plan-status", {**plan, "to_status": status, "occurred_at": happened, **more})

    ends = [await said(3, "ended"), await said(2, "ended")]
    await said(5, "started", members=["oak.dsl"])
    for left in (2, 1, 0):
        breached = await said(0, "breached")
        assert ("oak.dsl" in running.desks_told(breached)) is (left == 0)
        if left:
            await running.post("care.duty", "withdrawal", {"reason": "another child"}, reply_to=ends.pop(0))


async def test_who_is_in_the_group_of_no_plan_in_particular_is_told_while_any_plan_runs(running: Exchange) -> None:
    child = {"children": [a_child(1)]}

    async def said(kind: str, status: str, *members: str) -> UUID:
        return await running.post("care.duty", "plan-status", {**child, "plan_type": kind, "to_status": status, "members": list(members)})

    async def hears_of_it(kind: str) -> bool:
        return "mill.gp" in running.desks_told(await said(kind, "breached"))

    await said("child_protection", "started", "oak.dsl")
    await running.post("care.duty", "involvement-started", an_involvement(a_child(1), desk="mill.gp", relation="plan_group"))
    running.clock.set(NIGHT + timedelta(hours=1))
    wrong = await said("child_protection", "ended")
    assert not await hears_of_it("child_protection")
    await running.move_to(NIGHT + timedelta(hours=2))
    ended = await said("child_in_need", "ended")
    await running.post("care.duty", "withdrawal", {"reason": "another child"}, reply_to=wrong)
    assert await hears_of_it("child_protection")
    await said("child_protection", "ended")
    assert not await hears_of_it("child_protection")
    await running.post("care.duty", "withdrawal", {"reason": "another child"}, reply_to=ended)
    assert not await hears_of_it("child_protection")


async def test_the_lead_agencys_list_is_kept_until_it_is_withdrawn(running: Exchange) -> None:
    await running.post("hub.front-door", "involvement-started", an_involvement(a_child(1), desk="oak.dsl", relation="school"))
    listing = {"children": [a_child(1)], "sharing": {"locating_for": ["oak.dsl"]}}
    listed = await running.post("hub.front-door", "referral", listing)
    facts = {"protected": "yes", "school": "oak.dsl"}
    first = await running.post("police.pvp", "police-incident", an_incident(a_child(1, **facts)))
    await running.post("hub.front-door", "withdrawal", {"reason": "no longer"}, reply_to=listed)
    second = await running.post("police.pvp", "police-incident", an_incident(a_child(1, **facts)))
    assert [running.message("oak.dsl", e)["children"][0].get("school") for e in (first, second)] == ["oak.dsl", None]


async def test_who_is_protected_stays_so_and_the_deputy_does_not_read_who_wrote(running: Exchange) -> None:
    await running.post("hub.front-door", "involvement-started", an_involvement(a_child(1), desk="oak.dsl", relation="school"))
    await running.post("police.pvp", "police-incident", {"children": [a_child(1, protected="yes")]})
    event = await running.post("police.pvp", "police-incident", an_incident(a_child(1)))
    await running.move_to(NIGHT + timedelta(hours=11))
    assert "source" in running.message("oak.dsl", event)
    copy = running.to("oak.deputy", event, "overdue")
    assert not any("source/desk" in s.body for s in copy.sections)


async def test_the_deputy_does_not_read_who_wrote_of_somebody_protected_whom_nobody_could_identify(running: Exchange) -> None:
    await running.post("hub.front-door", "involvement-started", an_involvement(a_child(1), desk="oak.dsl", relation="school"))
    for mother, read in ((an_adult(1), True), (an_adult(1, protected="yes"), False)):
        event = await running.post("police.pvp", "police-incident", an_incident(a_child(1), adults=(mother,)))
        assert "source" in running.message("oak.dsl", event)
        await running.move_to(running.clock.now() + timedelta(hours=24))
        copy = running.to("oak.deputy", event, "overdue")
        assert any("source/desk" in s.body for s in copy.sections) is read


async def test_what_two_events_of_one_batch_say_of_one_person_ends_with_the_last_word(running: Exchange, database: str) -> None:
    last = None  # each after the one before: partitions have no order among them
    for facts in ({"protected": "yes"}, {}, {"protected": "no"}):
        last = await running.publish("hub.front-door", "police-incident", an_incident(a_child(1, **facts)), after=last)
    await running.settle()
    assert await rows(database, "SELECT protected FROM person WHERE kind = 'child'") == [("no",)]
    assert await rows(database, "SELECT count(*) FROM event_person") == [(3,)]


async def test_an_unborn_child_is_the_same_when_it_is_born(running: Exchange, database: str) -> None:
    mother = an_adult(1, nhs_number=NHS[8], born="1990-01-01")
    expected = {"expected_on": "2020-12-01", "mother": "adult-1"}
    await running.post("police.pvp", "police-incident", {"children": [{"ref": "child-1", "unborn": True, **expected}], "adults": [mother]})
    born = a_child(1, born="2020-11-09")
    await running.post("police.pvp", "police-incident", {"children": [{**born, **expected}], "adults": [mother]})
    await running.post("police.pvp", "police-incident", {"children": [born]})
    assert await rows(database, "SELECT count(*) FROM person WHERE kind = 'child'") == [(1,)]


async def test_a_strange_receipt_is_kept_for_proof_and_changes_nothing(running: Exchange, database: str) -> None:
    event = await running.post("police.pvp", "police-incident", an_incident(a_child(1)))
    strange = running.to("hub.front-door", event).model_copy(update={"desk": "hub.review"})
    await running.receipt(strange, Level.acted)
    assert await rows(database, "SELECT desk FROM audit WHERE type = 'receipt.unknown'") == [("hub.review",)]
    assert await rows(database, "SELECT received_at FROM disclosure") == [(None,)]


async def test_what_is_due_to_a_desk_that_is_in_no_directory_any_more_is_noted_and_stops_nobody(running: Exchange, database: str) -> None:
    event = await running.post("police.pvp", "police-incident", an_incident(a_child(1)))
    await change(
        database, "UPDATE disclosure SET desk = 'gone.desk', number = 100, received_at = now()", "UPDATE event SET source = 'police.gone'"
    )
    withdrawal = await running.post("police.pvp", "withdrawal", {"reason": "wrong child"}, reply_to=event)
    assert {d for (d,) in await rows(database, "SELECT desk FROM audit WHERE type = 'desk.gone'")} == {"gone.desk"}
    found = await running.engine.ledger.event(withdrawal)
    assert found is not None
    assert found["state"] == "decided"

"""A case as a whole, and what waits at each desk: from the ledger of a real router."""

from datetime import UTC, datetime, timedelta
from typing import Any

from frontdoor_schemas.vocabulary import Level
from support.builders import a_child, an_incident, an_involvement
from support.exchange import exchange
from support.routers import rows

MORNING = datetime(2020, 11, 10, 10, 0, tzinfo=UTC)
HUB, CARE, PVP, SCHOOL, OTHER_SCHOOL = "hub.front-door", "social-care.conference", "police.pvp", "ash-primary.dsl", "cedar-school.dsl"
CHAIN: tuple[tuple[str, str, dict[str, Any]], ...] = (
    (PVP, "referral", {}),
    (HUB, "referral-outcome", {"decided_at": MORNING.isoformat(), "accepted": "yes"}),
    (CARE, "strategy-discussion", {"held_at": MORNING.isoformat()}),
    (CARE, "conference-minutes", {"held_at": MORNING.isoformat()}),
    (CARE, "plan-status", {"plan_type": "child_protection", "to_status": "started"}),
    (CARE, "plan-status", {"plan_type": "child_protection", "to_status": "ended"}),
)
"""What follows an incident, each in reply to the one before it, a day apart."""


async def test_one_id_leads_from_an_incident_to_the_end_of_the_plan(database: str) -> None:
    async with exchange(database, starts=MORNING) as running:
        child = {"children": [a_child(1)]}
        await running.post(HUB, "involvement-started", an_involvement(a_child(1), desk=SCHOOL, relation="school"))
        another = await running.post(PVP, "police-incident", an_incident(a_child(1)))
        first = last = await running.post(PVP, "police-incident", an_incident(a_child(1)))
        await running.receipt(running.to(SCHOOL, first), Level.opened)
        for days, (source, kind, data) in enumerate(CHAIN, start=1):
            await running.move_to(MORNING + timedelta(days=days))
            last = await running.post(source, kind, {**child, **data}, reply_to=last)
        (thread,) = await rows(database, "SELECT thread FROM event WHERE id = $1", first)
        found = await running.engine.ledger.thread(*thread)
        assert [(e["type"], e["source"]) for e in found] == [("police-incident", PVP), *((kind, source) for source, kind, _ in CHAIN)]
        assert [e["cause"] for e in found[1:]] == [e["id"] for e in found[:-1]]
        assert [e["occurred_at"] for e in found] == [MORNING + timedelta(days=n) for n in range(len(CHAIN) + 1)]
        (told,) = (t for t in found[0]["told"] if t["desk"] == SCHOOL and t["kind"] == "disclosure")
        assert datetime.fromisoformat(told["opened"]) == MORNING
        assert another not in {e["id"] for e in found}


async def test_no_word_of_a_delivery_tells_that_there_was_an_event_before_it_of_which_its_desk_is_not_told(database: str) -> None:
    async with exchange(database, starts=MORNING) as running:
        for school, child in ((SCHOOL, a_child(1)), (OTHER_SCHOOL, a_child(2))):
            await running.post(HUB, "involvement-started", an_involvement(child, desk=school, relation="school"))
        both = an_incident(a_child(1), a_child(2))
        hidden = await running.post(PVP, "police-incident", both | {"sharing": {"withhold_from": [SCHOOL]}})
        answer = await running.post(PVP, "police-incident", both, reply_to=hidden)
        amended = {"reason": "time was wrong", "event": {"type": "police-incident", "data": {"occurred_at": MORNING.isoformat(), **both}}}
        again = await running.post(PVP, "correction", amended, reply_to=hidden)
        for later in (answer, again):
            assert str(hidden) not in running.to(SCHOOL, later).model_dump_json()
            assert running.to(OTHER_SCHOOL, later).event.cause == hidden


async def test_how_much_waits_at_each_desk_and_how_long_the_oldest(database: str) -> None:
    async with exchange(database, starts=MORNING) as running:
        shown = running.engine.metrics.registry.get_sample_value
        referral = await running.post(PVP, "referral", {"children": [a_child(1)]})
        await running.move_to(MORNING + timedelta(hours=2))
        await running.post(SCHOOL, "referral", {"children": [a_child(2)]})
        await running.engine.sweep_step()
        count = shown("frontdoor_router_desk_waiting", {"desk": HUB})
        assert count is not None
        assert shown("frontdoor_router_desk_waiting_seconds", {"desk": HUB}) == timedelta(hours=2).total_seconds()
        assert shown("frontdoor_router_desk_waiting", {"desk": "high-street.dentist"}) == 0
        await running.post(PVP, "withdrawal", {"reason": "wrong child"}, reply_to=referral)
        await running.engine.sweep_step()
        fewer = shown("frontdoor_router_desk_waiting", {"desk": HUB})
        assert fewer is not None
        assert fewer < count
        assert shown("frontdoor_router_desk_waiting_seconds", {"desk": HUB}) == 0

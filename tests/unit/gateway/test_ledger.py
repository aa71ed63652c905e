"""What a publisher may know of its own events, and nobody else of them."""

import uuid
from datetime import timedelta
from uuid import UUID

from frontdoor_schemas.envelope import EventState, LedgerLine
from unit.gateway.kit import CONTROL_ROOM, HUB, NOW, PVP, SOCIAL_CARE, a_ledger, memory_stand, posted


async def test_the_ledger_of_an_event_before_and_after_it_is_routed() -> None:
    async with memory_stand() as stand:
        client = await stand.client(PVP)
        event = (await client.post("/v1/referrals", json=posted())).json()["event"]
        await stand.settle()
        before = (await client.get(f"/v1/events/{event}")).json()
        line = LedgerLine(desk=HUB, state="received", at=NOW)
        await stand.tell(a_ledger(UUID(event), PVP, lines=(line,), missing=("children/0/school",)))
        after = (await client.get(f"/v1/events/{event}")).json()
    assert (before["state"], before["lines"], before["missing"], before["other_services"]) == ("accepted", [], [], "in hand")
    assert after["state"] == "routed"
    assert after["missing"] == ["children/0/school"]
    assert after["lines"] == [{"desk": HUB, "state": "received", "at": "2020-11-10T21:00:00.000Z"}]


async def test_other_services_turn_at_their_time_whatever_happened() -> None:
    async with memory_stand() as stand:
        client = await stand.client(PVP)
        one, two = [(await client.post("/v1/referrals", json=posted())).json()["event"] for _ in range(2)]
        await stand.tell(a_ledger(UUID(one), PVP), a_ledger(UUID(two), PVP, lines=(LedgerLine(desk=HUB, state="acted", at=NOW),)))
        seen = []
        for moment in (timedelta(days=3, seconds=-1), timedelta(days=3)):
            stand.clock.set(NOW + moment)
            seen.append([(await client.get(f"/v1/events/{e}")).json()["other_services"] for e in (one, two)])
    assert seen == [["in hand", "in hand"], ["closed", "closed"]]


async def test_an_update_about_hidden_desks_changes_nothing_that_can_be_seen() -> None:
    async with memory_stand() as stand:
        client = await stand.client(PVP)
        event = (await client.post("/v1/referrals", json=posted())).json()["event"]
        await stand.tell(a_ledger(UUID(event), PVP, version=1))
        first = await client.get(f"/v1/events/{event}")
        stand.clock.set(NOW + timedelta(hours=2))
        await stand.tell(a_ledger(UUID(event), PVP, version=7))
        second = await client.get(f"/v1/events/{event}")
    assert first.content == second.content
    assert first.headers == second.headers


async def test_an_older_update_does_not_replace_a_newer_one() -> None:
    async with memory_stand() as stand:
        client = await stand.client(PVP)
        event = (await client.post("/v1/referrals", json=posted())).json()["event"]
        await stand.tell(a_ledger(UUID(event), PVP, version=2, state=EventState.refused), a_ledger(UUID(event), PVP, version=1))
        assert (await client.get(f"/v1/events/{event}")).json()["state"] == "refused"


async def test_anothers_event_is_as_unknown_as_one_that_never_was() -> None:
    async with memory_stand("hub") as stand:
        hub, social_care = await stand.client(HUB), await stand.client(SOCIAL_CARE)
        event = (await hub.post("/v1/referrals", json=posted())).json()["event"]
        others = await social_care.get(f"/v1/events/{event}")
        nobodys = await social_care.get(f"/v1/events/{uuid.uuid4()}")
        assert (await hub.get(f"/v1/events/{event}")).status_code == 200
        assert (await social_care.get("/v1/events")).json() == {"items": []}
        answer = await social_care.post("/v1/referrals", json=posted(in_reply_to=event))
    assert others.status_code == 404
    assert others.content == nobodys.content
    assert answer.json()["errors"][0]["rule"] == "unknown_event"


async def test_an_agencys_events_newest_first_page_by_page() -> None:
    async with memory_stand() as stand:
        pvp, control_room = await stand.client(PVP), await stand.client(CONTROL_ROOM)
        made = [(await c.post("/v1/referrals", json=posted())).json()["event"] for c in (pvp, control_room, pvp)]
        page = (await pvp.get("/v1/events", params={"limit": 2})).json()["items"]
        rest = (await pvp.get("/v1/events", params={"limit": 2, "before": page[-1]["event"]})).json()["items"]
        nothing = (await pvp.get("/v1/events", params={"before": str(uuid.uuid4())})).json()["items"]
    assert [i["event"] for i in page + rest] == made[::-1]
    assert page[0]["type"] == "frontdoor.referral.v1"
    assert nothing == []

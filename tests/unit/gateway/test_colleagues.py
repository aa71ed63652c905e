"""Desks of one agency share what the agency has published, but for what its author keeps from one of them."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from frontdoor_gateway.core.submissions import Reader
from frontdoor_schemas.envelope import LedgerLine
from unit.gateway.kit import CONTROL_ROOM, NOW, PVP, MemoryStand, a_delivery, a_ledger, a_referral, memory_stand, posted

WITHDRAWAL = {"occurred_at": "2020-11-10T20:30:00Z", "reason": "sent by mistake"}
ENDED = "police.old-desk"


def _withheld(*names: str) -> dict[str, Any]:
    return posted(data=a_referral(sharing={"withhold_from": list(names)}))


def _corrected(event: str, *names: str) -> dict[str, Any]:
    sharing = {"sharing": {"withhold_from": list(names)}} if names else {}
    said = {"occurred_at": "2020-11-10T20:30:00Z", "reason": "said again", "event": {"type": "referral", "data": a_referral(**sharing)}}
    return posted("correction", said, in_reply_to=event)


async def _posted(client: httpx.AsyncClient, body: dict[str, Any]) -> str:
    family = "referrals" if body["type"] == "referral" else "amendments"
    answer = await client.post(f"/v1/{family}", json=body)
    assert answer.status_code == 202, answer.json()
    return str(answer.json()["event"])


async def _listed(client: httpx.AsyncClient, **page: Any) -> list[str]:
    return [item["event"] for item in (await client.get("/v1/events", params=page)).json()["items"]]


async def _assert_unknown(client: httpx.AsyncClient, event: str) -> None:
    assert event not in await _listed(client)
    assert (await client.get(f"/v1/events/{event}")).status_code == 404
    assert await _listed(client, before=event) == []
    for body in (posted("withdrawal", WITHDRAWAL, in_reply_to=event), _corrected(event)):
        answer = await client.post("/v1/amendments", json=body)
        assert [e["rule"] for e in answer.json()["errors"]] == ["unknown_event"]
    answer = await client.post("/v1/referrals", json=posted(in_reply_to=event))
    assert [e["rule"] for e in answer.json()["errors"]] == ["unknown_event"]


async def _tell_its_ledger(stand: MemoryStand, event: str) -> None:
    await stand.tell(a_ledger(UUID(event), PVP, lines=(LedgerLine(desk="school.dsl", state="opened", at=NOW),)))


@pytest.mark.parametrize("name", [CONTROL_ROOM, "police"], ids=["the desk", "its agency"])
async def test_a_colleague_knows_nothing_of_an_event_that_is_withheld_from_it_and_its_author_does(name: str) -> None:
    async with memory_stand() as stand:
        pvp, control_room = await stand.client(PVP), await stand.client(CONTROL_ROOM)
        open_to_all, event = await _posted(pvp, posted()), await _posted(pvp, _withheld("somebody.else", name))
        await _tell_its_ledger(stand, event)
        await _assert_unknown(control_room, event)
        assert await _listed(control_room, limit=1) == [open_to_all]
        assert await _listed(pvp) == [event, open_to_all]
        assert [line["desk"] for line in (await pvp.get(f"/v1/events/{event}")).json()["lines"]] == ["school.dsl"]
        await _posted(pvp, posted("withdrawal", WITHDRAWAL, in_reply_to=event))


async def test_what_is_withheld_from_others_a_colleague_sees_and_may_withdraw() -> None:
    async with memory_stand() as stand:
        pvp, control_room = await stand.client(PVP), await stand.client(CONTROL_ROOM)
        event = await _posted(pvp, _withheld("police.somebody", "hub"))
        assert await _listed(control_room) == [event]
        await _posted(control_room, posted("withdrawal", WITHDRAWAL, in_reply_to=event))


async def test_that_it_was_withdrawn_is_kept_from_the_same_colleague() -> None:
    async with memory_stand() as stand:
        pvp, control_room = await stand.client(PVP), await stand.client(CONTROL_ROOM)
        event = await _posted(pvp, _withheld(CONTROL_ROOM))
        await _assert_unknown(control_room, await _posted(pvp, posted("withdrawal", WITHDRAWAL, in_reply_to=event)))
        assert await _listed(control_room) == []


async def test_a_correction_of_a_correction_withholds_every_version() -> None:
    async with memory_stand() as stand:
        pvp, control_room = await stand.client(PVP), await stand.client(CONTROL_ROOM)
        first = await _posted(pvp, posted())
        second = await _posted(pvp, _corrected(first))
        assert await _listed(control_room) == [second, first]
        third = await _posted(pvp, _corrected(second, CONTROL_ROOM))
        for event in (first, second, third):
            await _assert_unknown(control_room, event)
        assert await _listed(pvp) == [third, second, first]


async def test_what_is_kept_from_a_desk_that_has_ended_is_kept_from_the_one_that_has_its_work() -> None:
    before = {CONTROL_ROOM: Reader(CONTROL_ROOM, before=frozenset({ENDED}))}
    async with memory_stand(reads=lambda desk, _: before.get(desk, Reader(desk))) as stand:
        pvp, control_room = await stand.client(PVP), await stand.client(CONTROL_ROOM)
        await _assert_unknown(control_room, await _posted(pvp, _withheld(ENDED)))


async def test_a_colleague_reads_no_id_of_an_event_that_it_was_not_told_and_does_not_join_its_thread() -> None:
    async with memory_stand() as stand:
        pvp, control_room = await stand.client(PVP), await stand.client(CONTROL_ROOM)
        told = a_delivery(PVP, 1)
        await stand.tell(told)
        reply = await _posted(pvp, posted(in_reply_to=str(told.event.id)))
        assert await _answered(pvp, reply) == [str(told.event.id)] * 2
        assert await _answered(control_room, reply) == [None] * 2
        refused = await control_room.post("/v1/referrals", json=posted(in_reply_to=str(told.event.id)))
        assert [e["rule"] for e in refused.json()["errors"]] == ["unknown_event"]


async def test_a_colleague_that_was_told_of_an_event_itself_reads_who_answered_it_and_answers_it() -> None:
    async with memory_stand() as stand:
        pvp, control_room = await stand.client(PVP), await stand.client(CONTROL_ROOM)
        told = a_delivery(PVP, 1)
        await stand.tell(told, a_delivery(CONTROL_ROOM, 1, event=told.event.id))
        reply = await _posted(pvp, posted(in_reply_to=str(told.event.id)))
        assert await _answered(control_room, reply) == [str(told.event.id)] * 2
        await _posted(control_room, posted(in_reply_to=str(told.event.id)))


async def test_whose_event_a_colleague_withdrew_reads_which_it_was() -> None:
    async with memory_stand() as stand:
        pvp, control_room = await stand.client(PVP), await stand.client(CONTROL_ROOM)
        event = await _posted(pvp, posted())
        withdrawal = await _posted(control_room, posted("withdrawal", WITHDRAWAL, in_reply_to=event))
        assert await _answered(pvp, withdrawal) == await _answered(control_room, withdrawal) == [event] * 2


async def _answered(client: httpx.AsyncClient, event: str) -> list[str | None]:
    """What it answers, as the list and the ledger say it."""
    (line,) = [item for item in (await client.get("/v1/events")).json()["items"] if item["event"] == event]
    return [line.get("in_reply_to"), (await client.get(f"/v1/events/{event}")).json().get("in_reply_to")]

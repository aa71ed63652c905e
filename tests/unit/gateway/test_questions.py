"""Questions at the door: counted against the desk's quota, and answered in the response where the request waits for it."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest

from frontdoor_gateway.core.questions import wait_of
from frontdoor_schemas.envelope import DeliveryKind, Recall
from support.waiting import until
from unit.gateway.kit import CONTROL_ROOM, HUB, PVP, MemoryStand, a_delivery, a_referral, cloud_event, memory_stand, posted

WAIT = {"prefer": "wait=10"}
TOO_MANY = "/problems/too-many-questions"


def a_question(**facts: Any) -> dict[str, Any]:
    """The body of a question."""
    return posted("query", {**a_referral(), "question": "child_view", "purpose": "A made-up reason", **facts})


async def ask(client: httpx.AsyncClient, *, key: str | None = None, **headers: str) -> httpx.Response:
    """Ask."""
    return await client.post("/v1/queries", json=a_question(), headers={**headers, **({"idempotency-key": key} if key else {})})


async def answer(stand: MemoryStand, question: httpx.Response, number: int = 1, desk: str = PVP) -> UUID:
    """Have the router answer."""
    told = a_delivery(desk, number, kind=DeliveryKind.answer, text="Answered", event=UUID(question.json()["event"]))
    await stand.tell(told)
    return told.id


# ---------------------------------------------------------------- waiting


async def test_a_question_is_taken_like_any_event_and_says_where_its_answer_will_be() -> None:
    async with memory_stand() as stand:
        client = await stand.client(PVP)
        taken = await ask(client)
        told = await answer(stand, taken)
        page = (await client.get("/v1/inbox", params={"cursor": taken.json()["cursor"]})).json()
    assert taken.status_code == 202
    assert taken.json().keys() == {"event", "thread", "received_at", "cursor"}
    assert "location" not in taken.headers
    assert [(i["data"]["kind"], i["data"]["disclosure"]) for i in page["items"]] == [("answer", str(told))]


async def test_where_the_answer_will_be_is_after_what_the_desk_has_proved_to_have_and_proves_no_more() -> None:
    async with memory_stand() as stand:
        client = await stand.client(PVP)
        await stand.tell(a_delivery(PVP, 1), a_delivery(PVP, 2))
        page = (await client.get("/v1/inbox", params={"limit": 1})).json()
        await client.get("/v1/inbox", params={"cursor": page["cursor"], "limit": 1})
        await stand.settle()
        before = len(stand.receipts())
        cursor = (await ask(client)).json()["cursor"]
        items = (await client.get("/v1/inbox", params={"cursor": cursor})).json()["items"]
        await stand.settle()
        assert len(stand.receipts()) == before
    assert [i["data"]["number"] for i in items] == [2]


async def test_who_prefers_to_wait_has_the_answer_in_the_response() -> None:
    async with memory_stand() as stand:
        client = await stand.client(PVP)
        waiting = asyncio.create_task(ask(client, key="q-1", **WAIT))

        async def stored() -> bool:
            return bool(stand.store.rows)

        await until(stored)
        event = stand.store.rows[1].submission.event
        told = a_delivery(PVP, 1, kind=DeliveryKind.answer, text="Answered", event=event)
        await stand.tell(a_delivery(PVP, 2), told)
        response = await waiting
        inbox = (await client.get("/v1/inbox")).json()["items"]
        await stand.settle()
        receipts = [r for r in stand.receipts() if r[1] != "filed"]
    assert (response.status_code, response.headers["preference-applied"]) == (200, "wait=0.2")
    assert response.json() == {k: v for k, v in inbox[0].items() if k != "cursor"}
    assert response.json()["data"]["message"] == {"circumstances": "Answered"}
    assert receipts == []


async def test_without_an_answer_in_time_it_is_taken_all_the_same_and_asking_again_gives_it() -> None:
    async with memory_stand() as stand:
        client = await stand.client(PVP)
        taken = await ask(client, key="q-1", **WAIT)
        told = await answer(stand, taken)
        again = await ask(client, key="q-1", **WAIT)
    assert (taken.status_code, again.status_code) == (202, 200)
    assert again.json()["data"]["disclosure"] == str(told)


async def test_only_the_desks_own_answer_to_this_very_question_is_given() -> None:
    async with memory_stand() as stand:
        client = await stand.client(PVP)
        taken = await ask(client, key="q-1")
        event = UUID(taken.json()["event"])
        await stand.tell(
            a_delivery(CONTROL_ROOM, 1, kind=DeliveryKind.answer, event=event),
            a_delivery(PVP, 1, kind=DeliveryKind.held, event=event),
            a_delivery(PVP, 2, kind=DeliveryKind.answer),
        )
        again = await ask(client, key="q-1", **WAIT)
    assert again.status_code == 202


async def test_an_answer_that_was_taken_back_is_given_no_more() -> None:
    async with memory_stand() as stand:
        client = await stand.client(PVP)
        taken = await ask(client, key="q-1")
        told = await answer(stand, taken)
        await stand.tell(Recall(disclosure=told, desk=PVP, at=stand.clock.now()))
        assert (await ask(client, key="q-1", **WAIT)).status_code == 202


async def test_other_events_do_not_wait() -> None:
    async with memory_stand() as stand:
        client = await stand.client(PVP)
        response = await client.post("/v1/referrals", json=posted(), headers=WAIT)
    assert (response.status_code, "preference-applied" in response.headers) == (202, False)


async def test_a_stop_lets_those_go_who_wait() -> None:
    async with memory_stand() as stand:
        client = await stand.client(PVP)
        stand.bells.close()
        assert (await ask(client, **WAIT)).status_code == 202


@pytest.mark.parametrize(
    ("prefer", "seconds"),
    [
        ("wait=5", 5),
        ("respond-async, wait=5", 5),
        ('wait = "7" ; foo=bar', 7),
        ("wait=99", 20),
        ("wait=-1", 0),
        ("wait=soon", 0),
        ("handling=lenient", 0),
        ("", 0),
        ("wait=5, wait=9", 5),
    ],
)
def test_a_preference_is_read_as_the_standard_says_and_ignored_when_it_is_none(prefer: str, seconds: float) -> None:
    assert wait_of(prefer, 20.0) == seconds


# ---------------------------------------------------------------- the quota


async def test_a_desk_asks_so_often_within_an_hour_and_is_told_when_again() -> None:
    async with memory_stand() as stand:
        client, other = await stand.client(PVP), await stand.client(CONTROL_ROOM)
        assert (await ask(client)).status_code == 202
        stand.clock.set(stand.clock.now() + timedelta(minutes=20))
        assert (await ask(client)).status_code == 202
        refused = await ask(client)
        assert (await ask(other)).status_code == 202
        stand.clock.set(stand.clock.now() + timedelta(minutes=40, milliseconds=1))
        assert (await ask(client)).status_code == 202
        again = await ask(client)
    assert (refused.status_code, refused.json()["type"]) == (429, TOO_MANY)
    assert int(refused.headers["retry-after"]) == 40 * 60
    assert int(again.headers["retry-after"]) == 20 * 60
    assert len(stand.store.rows) == 4


async def test_a_question_posted_again_is_no_new_one_however_late() -> None:
    async with memory_stand() as stand:
        client = await stand.client(PVP)
        first = await ask(client, key="q-1")
        stand.clock.set(stand.clock.now() + timedelta(hours=2))
        await ask(client, key="q-2")
        await ask(client, key="q-3")
        again, new = await ask(client, key="q-1"), await ask(client, key="q-4")
    assert (again.json()["event"], new.status_code) == (first.json()["event"], 429)


async def test_many_at_once_are_counted_one_after_another() -> None:
    async with memory_stand() as stand:
        client = await stand.client(PVP)
        answers = await asyncio.gather(*(ask(client) for _ in range(6)))
    assert sorted(a.status_code for a in answers) == [202, 202, 429, 429, 429, 429]


async def test_questions_count_by_whatever_way_they_come_and_other_events_do_not() -> None:
    async with memory_stand() as stand:
        client = await stand.client(PVP)
        events = [cloud_event(type="frontdoor.query.v1", data=a_question()["data"], id=n) for n in ("a", "b", "a", "c")]
        batch = [cloud_event(), *events, cloud_event()]
        headers = {"content-type": "application/cloudevents-batch+json"}
        answer = await client.post("/v1/events", content=orjson.dumps(batch), headers=headers)
        single = await client.post("/v1/events", content=orjson.dumps(events[3]), headers={"content-type": "application/cloudevents+json"})
    assert [i["status"] for i in answer.json()["items"]] == [202, 202, 202, 202, 429, 202]
    assert single.status_code == 429


async def test_an_agency_that_does_not_publish_questions_asks_none() -> None:
    async with memory_stand("hub") as stand:
        client = await stand.client(HUB)
        assert (await ask(client)).json()["type"] == "/problems/type-not-allowed"


async def test_a_question_cannot_be_corrected_only_asked_again() -> None:
    async with memory_stand() as stand:
        client = await stand.client(PVP)
        taken = await ask(client)
        again = {"occurred_at": "2020-11-10T20:00:00Z", "reason": "a slip", "event": {"type": "query", "data": a_question()["data"]}}
        answer = await client.post("/v1/amendments", json=posted("correction", again, in_reply_to=taken.json()["event"]))
    assert (answer.status_code, answer.json()["errors"][0]["rule"]) == (422, "unknown_value")

"""The way in: what is taken, under which id, and how it goes on."""

import asyncio
import uuid
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest
from structlog.testing import capture_logs

from frontdoor_chassis.signing import Verifier
from frontdoor_gateway.handlers.events import Sizes
from frontdoor_schemas.envelope import Recall, Submitted
from frontdoor_schemas.topics import FAMILIES
from unit.gateway.kit import (
    CONTROL_ROOM,
    GATEWAY_KEY,
    HUB,
    PUBLISHES,
    PVP,
    MemoryStand,
    a_delivery,
    a_ledger,
    a_referral,
    cloud_event,
    memory_stand,
    posted,
)

BATCH = {"content-type": "application/cloudevents-batch+json"}
STRUCTURED = {"content-type": "application/cloudevents+json"}


async def test_an_event_is_answered_stored_and_sent_on() -> None:
    async with memory_stand() as stand:
        client = await stand.client(PVP)
        answer = await client.post("/v1/referrals", json=posted())
        await stand.settle()
        receipt = answer.json()
        (record,) = stand.records("referrals")
        said = Submitted.model_validate_json(record.value)
    assert answer.status_code == 202
    assert answer.headers["location"] == f"/v1/events/{receipt['event']}"
    assert set(receipt) == {"event", "thread", "received_at", "advice"}
    assert receipt["event"] == str(said.envelope.id)
    assert receipt["thread"] == str(said.envelope.thread) == record.key.decode()
    assert (UUID(receipt["event"]).version, UUID(receipt["thread"]).version) == (7, 4)
    assert said.envelope.source == PVP
    assert Verifier({"police": GATEWAY_KEY.encode()}).writer(record) == "police"
    facts = {path: value for section in said.sections for path, value in section.body.items()}
    assert facts["source/desk"] == PVP
    assert "Made" in facts.values()


async def test_the_same_id_and_body_is_the_same_event() -> None:
    async with memory_stand() as stand:
        client = await stand.client(PVP)
        key = {"idempotency-key": "case-1"}
        first = await client.post("/v1/referrals", json=posted(), headers=key)
        again = await client.post(
            "/v1/referrals",
            content=orjson.dumps(dict(reversed(posted().items())), option=orjson.OPT_INDENT_2),
            headers={**key, "content-type": "application/json"},
        )
        same_by_cloud_event = await client.post("/v1/events", json=cloud_event(id="case-1"), headers=STRUCTURED)
        other = await client.post("/v1/referrals", json=posted(data=a_referral(out_of_hours="yes")), headers=key)
        await stand.settle()
        assert len(stand.records("referrals")) == 1
    assert first.json() == again.json() == same_by_cloud_event.json()
    assert (first.status_code, again.status_code, other.status_code) == (202, 202, 409)
    assert other.json()["type"] == "/problems/same-id-other-body"


async def test_the_same_id_and_body_is_the_same_event_though_what_it_answers_was_withdrawn_unread_meanwhile() -> None:
    async with memory_stand() as stand:
        client = await stand.client(PVP)
        told, key = a_delivery(PVP, 1), {"idempotency-key": "case-1"}
        await stand.tell(told)
        reply: dict[str, Any] = {"in_reply_to": str(told.event.id)}
        first = await client.post("/v1/referrals", json=posted(**reply), headers=key)
        await stand.tell(Recall(disclosure=told.id, desk=PVP, at=stand.clock.now()))
        again = await client.post("/v1/referrals", json=posted(**reply), headers=key)
        other = await client.post("/v1/referrals", json=posted(data=a_referral(out_of_hours="yes"), **reply), headers=key)
        new = await client.post("/v1/referrals", json=posted(**reply), headers={"idempotency-key": "case-2"})
        items = [cloud_event(id=n, inreplyto=str(told.event.id)) for n in ("case-1", "case-2")]
        items.append(cloud_event(id="case-1", inreplyto=str(told.event.id), data=a_referral(out_of_hours="yes")))
        batch = (await client.post("/v1/events", content=orjson.dumps(items), headers=BATCH)).json()["items"]
        await stand.settle()
        assert len(stand.records("referrals")) == 1
    assert (first.json(), first.headers["location"]) == (again.json(), again.headers["location"])
    assert [a.status_code for a in (first, again, other, new)] == [202, 202, 409, 422]
    assert [i["status"] for i in batch] == [202, 422, 409]
    assert batch[0]["event"] == first.json()["event"]


async def test_the_same_id_and_body_is_the_same_event_though_its_type_may_no_longer_be_published(monkeypatch: pytest.MonkeyPatch) -> None:
    async with memory_stand() as stand:
        client, colleague = await stand.client(PVP), await stand.client(CONTROL_ROOM)
        key = {"idempotency-key": "case-1"}
        first = await client.post("/v1/referrals", json=posted(), headers=key)
        monkeypatch.setitem(PUBLISHES, "police", ["query"])
        again = await client.post("/v1/referrals", json=posted(), headers=key)
        others = [
            await client.post("/v1/referrals", json=posted(data=a_referral(out_of_hours="yes")), headers=key),
            await colleague.post("/v1/referrals", json=posted(), headers=key),
            await client.post("/v1/referrals", json=posted()),
        ]
    assert first.json() == again.json()
    assert [a.status_code for a in others] == [409, 409, 403]


async def test_ids_are_the_agencys_and_another_desk_is_another_sender() -> None:
    async with memory_stand() as stand:
        pvp, control_room = await stand.client(PVP), await stand.client(CONTROL_ROOM)
        key = {"idempotency-key": "case-1"}
        assert (await pvp.post("/v1/referrals", json=posted(), headers=key)).status_code == 202
        assert (await control_room.post("/v1/referrals", json=posted(), headers=key)).status_code == 409


async def test_an_answer_stays_in_the_thread_and_follows_what_was_said_before() -> None:
    async with memory_stand() as stand:
        client = await stand.client(PVP)
        first = (await client.post("/v1/referrals", json=posted())).json()
        withdrawal = {"occurred_at": "2020-11-10T20:30:00Z", "reason": "sent by mistake"}
        second = (await client.post("/v1/amendments", json=posted("withdrawal", withdrawal, in_reply_to=first["event"]))).json()
        incident = posted("police-incident", in_reply_to=first["event"])
        third = (await client.post("/v1/police-incidents", json=incident)).json()
        await stand.settle()
        said = [Submitted.model_validate_json(stand.records(topic)[0].value).envelope for topic in ("amendments", "police-incidents")]
    assert second["thread"] == third["thread"] == first["thread"]
    assert [str(e.cause) for e in said] == [first["event"], first["event"]]
    assert [str(e.after) for e in said] == [first["event"], second["event"]]


async def test_what_was_disclosed_may_be_answered_but_not_withdrawn() -> None:
    async with memory_stand() as stand:
        client = await stand.client(CONTROL_ROOM)
        told = a_delivery(CONTROL_ROOM, 1)
        await stand.tell(told)
        answer = await client.post("/v1/referrals", json=posted(in_reply_to=str(told.event.id)))
        asked_for = await client.post("/v1/information", json=posted("information-response", in_reply_to=str(told.event.id)))
        withdrawal = {"occurred_at": "2020-11-10T20:30:00Z", "reason": "not ours to withdraw"}
        refused = await client.post("/v1/amendments", json=posted("withdrawal", withdrawal, in_reply_to=str(told.event.id)))
    assert answer.json()["thread"] == str(told.event.thread)
    assert asked_for.json()["thread"] == str(told.event.thread)
    assert refused.status_code == 422
    assert [(e["field"], e["rule"]) for e in refused.json()["errors"]] == [("/in_reply_to", "not_own_event")]


async def test_every_family_has_its_resource() -> None:
    async with memory_stand() as stand:
        client = await stand.client(PVP)
        answers = [await client.post(f"/v1/{family}", json={"type": "nothing"}) for family in FAMILIES]
    assert {a.status_code for a in answers} == {422}


@pytest.mark.parametrize("mode", ["structured", "binary"])
async def test_cloud_events_one_by_one(mode: str) -> None:
    event = cloud_event()
    headers = {f"ce-{name}": value for name, value in event.items() if name != "data"} | {"content-type": "application/json"}
    async with memory_stand() as stand:
        client = await stand.client(PVP)
        if mode == "structured":
            answer = await client.post("/v1/events", json=event, headers=STRUCTURED)
        else:
            answer = await client.post("/v1/events", json=event["data"], headers=headers)
        await stand.settle()
        assert len(stand.records("referrals")) == 1
    assert answer.status_code == 202


async def test_a_batch_is_answered_item_by_item() -> None:
    good, again = cloud_event(id="a"), cloud_event(id="a")
    other = cloud_event(id="a", data=a_referral(out_of_hours="no"))
    events = [
        good,
        again,
        other,
        cloud_event(source=CONTROL_ROOM),
        cloud_event(data={"occurred_at": "2020-11-10T20:00:00Z"}),
        "no object",
        cloud_event(type="frontdoor.plan-status.v1"),
        cloud_event(inreplyto=str(uuid.uuid4())),
        cloud_event(subject="about somebody"),
    ]
    async with memory_stand() as stand:
        client = await stand.client(PVP)
        answer = await client.post("/v1/events", content=orjson.dumps(events), headers=BATCH)
        await stand.settle()
        assert len(stand.records("referrals")) == 1
    items = answer.json()["items"]
    assert answer.status_code == 207
    assert [i["status"] for i in items] == [202, 202, 409, 422, 422, 422, 403, 422, 422]
    assert items[0] == items[1]
    assert items[3]["errors"][0] | {"message": ""} == {"field": "/source", "rule": "unknown_value", "message": ""}
    assert items[4]["errors"][0]["rule"] == "no_subject"
    assert "plan-status" in items[6]["detail"]
    assert items[7]["errors"][0]["rule"] == "unknown_event"
    assert "somebody" not in answer.text


async def test_a_batch_may_hold_an_answer_to_nothing_within_it() -> None:
    """Ids are given by the exchange, so nobody can answer what was not yet answered with a receipt."""
    async with memory_stand() as stand:
        client = await stand.client(PVP)
        first = (await client.post("/v1/referrals", json=posted())).json()
        events = [cloud_event(inreplyto=first["event"]) for _ in range(3)]
        answer = await client.post("/v1/events", content=orjson.dumps(events), headers=BATCH)
        await stand.settle()
        afters = [Submitted.model_validate_json(r.value).envelope.after for r in stand.records("referrals")]
    made = [item["event"] for item in answer.json()["items"]]
    assert [str(a) for a in afters[1:]] == [first["event"], *made[:2]]


async def test_limits_of_a_batch() -> None:
    async with memory_stand(sizes=Sizes(2_000, 20_000, 3)) as stand:
        client = await stand.client(PVP)
        many = await client.post("/v1/events", content=orjson.dumps([cloud_event()] * 4), headers=BATCH)
        large = await client.post(
            "/v1/events", content=orjson.dumps([cloud_event(data=a_referral(circumstances="x" * 21_000))]), headers=BATCH
        )
        items = [cloud_event(), cloud_event(data=a_referral(circumstances="x" * 3_000))]
        one = await client.post("/v1/events", content=orjson.dumps(items), headers=BATCH)
    assert (many.status_code, many.json()["type"]) == (413, "/problems/too-many-items")
    assert (large.status_code, large.json()["type"]) == (413, "/problems/too-large")
    assert [i["status"] for i in one.json()["items"]] == [202, 413]


async def test_a_key_has_its_share_and_no_more() -> None:
    async with memory_stand(rate=0.5, burst=3) as stand:
        client, other = await stand.client(PVP), await stand.client(CONTROL_ROOM)
        answers = [await client.post("/v1/referrals", json=posted()) for _ in range(4)]
        batch = await other.post("/v1/events", content=orjson.dumps([cloud_event(CONTROL_ROOM) for _ in range(4)]), headers=BATCH)
        after_batch = await other.post("/v1/referrals", json=posted())
    assert [a.status_code for a in answers] == [202, 202, 202, 429]
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert answers[-1].json()["type"] == "/problems/too-fast"
    assert (batch.status_code, after_batch.status_code) == (429, 202)


async def test_more_than_can_wait_is_turned_away_before_it_is_taken() -> None:
    async with memory_stand(max_waiting=2) as stand:
        client = await stand.client(PVP)
        answer = await client.post("/v1/events", content=orjson.dumps([cloud_event() for _ in range(3)]), headers=BATCH)
        assert not stand.store.rows
    assert (answer.status_code, answer.json()["type"], answer.headers["retry-after"]) == (503, "/problems/overloaded", "1")


async def test_a_closing_door_takes_nothing_and_says_under_which_id_to_post_again() -> None:
    async with memory_stand() as stand:
        client = await stand.client(PVP)
        stand.flusher.close()
        answer = await client.post("/v1/referrals", json=posted())
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/closing")
    assert answer.headers["idempotency-key"].startswith("fd-")


async def test_two_at_once_under_one_id_are_one_event() -> None:
    async with memory_stand() as stand:
        client = await stand.client(PVP)
        key = {"idempotency-key": "case-1"}
        answers = await asyncio.gather(*(client.post("/v1/referrals", json=posted(), headers=key) for _ in range(8)))
        assert len(stand.store.rows) == 1
    assert len({a.text for a in answers}) == 1


async def _post_raw(stand: MemoryStand, content_type: str) -> httpx.Response:
    client = await stand.client(PVP)
    return await client.post("/v1/referrals", content=b"{}", headers={"content-type": content_type})


async def test_other_media_types_are_refused() -> None:
    async with memory_stand() as stand:
        assert (await _post_raw(stand, "text/plain")).json()["type"] == "/problems/media-type"
        client = await stand.client(HUB)
        plain = await client.post("/v1/events", json=[], headers={"content-type": "application/json"})
    assert plain.status_code == 415


async def test_what_the_router_does_not_answer_is_published_again_with_the_same_bytes() -> None:
    async with memory_stand() as stand:
        client = await stand.client(PVP)
        first = (await client.post("/v1/referrals", json=posted())).json()
        second = (await client.post("/v1/referrals", json=posted())).json()
        await stand.settle()
        await stand.tell(a_ledger(UUID(first["event"]), PVP))
        assert not await stand.sweep.step()
        assert stand.overdue.value == 0
        stand.clock.set(stand.clock.now().replace(minute=6))
        await stand.sweep.step()
        await stand.sweep.step()
        records = stand.records("referrals")
    assert stand.overdue.value == 1
    assert [r.key.decode() for r in records] == [first["thread"], second["thread"], second["thread"]]
    assert records[1].value == records[2].value


async def test_a_correction_does_not_let_in_what_may_not_be_published() -> None:
    async with memory_stand() as stand:
        client = await stand.client(PVP)
        event = (await client.post("/v1/referrals", json=posted())).json()["event"]

        def correction(kind: str) -> dict[str, Any]:
            said = {"occurred_at": "2020-11-10T20:30:00Z", "reason": "a wrong date", "event": {"type": kind, "data": a_referral()}}
            return posted("correction", said, in_reply_to=event)

        good = await client.post("/v1/amendments", json=correction("referral"))
        bad = await client.post("/v1/amendments", json=correction("plan-status"))
    assert good.status_code == 202, good.text
    assert (bad.status_code, bad.json()["type"]) == (403, "/problems/type-not-allowed")


async def test_a_record_that_the_bus_would_refuse_is_refused_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("frontdoor_gateway.core.prepare.MAX_RECORD_BYTES", 6_000)
    async with memory_stand() as stand:
        client = await stand.client(PVP)
        answers = [await client.post("/v1/referrals", json=posted(data=a_referral(circumstances="x" * n))) for n in (1_000, 5_000)]
    assert [a.status_code for a in answers] == [202, 413]


async def test_a_refusal_is_logged_with_who_was_refused_and_why() -> None:
    async with memory_stand() as stand:
        client = await stand.client(PVP)
        with capture_logs() as lines:
            await client.post("/v1/referrals", json={"type": "nothing"})
    (line,) = [line for line in lines if line["event"] == "request.refused"]
    assert (line["route"], line["status"], line["problem"], line["caller"]) == ("/v1/referrals", 422, "unreadable", PVP)

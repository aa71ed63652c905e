"""What a desk collects: order, gaps, tombstones, receipts, long polls and the stream."""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import orjson
import pytest
from starlette.types import Message

from frontdoor_chassis.signing import Signer
from frontdoor_schemas.envelope import DeliveryKind, Recall, Receipts, Remind
from frontdoor_schemas.topics import RECEIPTS
from support.builders import SAYS
from unit.gateway.kit import CONTROL_ROOM, GATEWAY_KEY, PVP, MemoryStand, Stand, a_delivery, memory_stand


def _numbers(page: httpx.Response) -> list[int]:
    return [item["data"]["number"] for item in page.json()["items"]]


async def test_a_desk_collects_what_it_was_told_in_order_and_without_gaps() -> None:
    async with memory_stand() as stand:
        client = await stand.client(PVP)
        one, two, four = (a_delivery(PVP, n, text=f"text {n}") for n in (1, 2, 4))
        await stand.tell(two, one, four, a_delivery(CONTROL_ROOM, 1))
        page = await client.get("/v1/inbox", params={"desk": PVP})
        await stand.tell(a_delivery(PVP, 3))
        rest = await client.get("/v1/inbox", params={"cursor": page.json()["cursor"]})
    item = page.json()["items"][0]
    assert _numbers(page) == [1, 2]
    assert _numbers(rest) == [3, 4]
    assert item["type"] == "frontdoor.disclosure.v1"
    assert item["data"]["message"] == {"circumstances": "text 1"}
    assert item["data"]["disclosure"] == str(one.id)


async def test_pages_are_as_long_as_asked() -> None:
    async with memory_stand() as stand:
        client = await stand.client(PVP)
        await stand.tell(*(a_delivery(PVP, n) for n in range(1, 6)))
        seen, cursor = [], "0-0-0"
        while (page := await client.get("/v1/inbox", params={"cursor": cursor, "limit": 2})).json()["items"]:
            seen.append(_numbers(page))
            cursor = page.json()["cursor"]
    assert seen == [[1, 2], [3, 4], [5]]


async def test_numbers_of_a_new_incarnation_follow() -> None:
    async with memory_stand() as stand:
        client = await stand.client(PVP)
        await stand.tell(a_delivery(PVP, 1), a_delivery(PVP, 2), a_delivery(PVP, 1, incarnation=2), a_delivery(PVP, 4, incarnation=3))
        page = await client.get("/v1/inbox")
    assert [(i["data"]["incarnation"], i["data"]["number"]) for i in page.json()["items"]] == [(1, 1), (1, 2), (2, 1)]


async def test_filing_is_no_receipt_and_a_cursor_that_comes_back_is() -> None:
    async with memory_stand() as stand:
        client = await stand.client(PVP)
        await stand.tell(a_delivery(PVP, 1), a_delivery(PVP, 2))
        page = await client.get("/v1/inbox", params={"limit": 1})
        await stand.settle()
        assert stand.receipts() == [(PVP, "filed", "gateway")] * 2
        for _ in range(2):
            await client.get("/v1/inbox", params={"cursor": page.json()["cursor"]})
        await stand.settle()
    assert stand.receipts()[2:] == [(PVP, "received", "inbox")]


async def test_delivered_again_is_filed_once_and_reported_again() -> None:
    async with memory_stand() as stand:
        client = await stand.client(PVP)
        told = a_delivery(PVP, 1)
        await stand.tell(told)
        await stand.tell(told)
        assert _numbers(await client.get("/v1/inbox")) == [1]
    assert stand.receipts() == [(PVP, "filed", "gateway")] * 2


async def test_a_number_that_is_taken_is_not_given_to_another_disclosure() -> None:
    async with memory_stand() as stand:
        client = await stand.client(PVP)
        first, impostor = a_delivery(PVP, 1, text="first"), a_delivery(PVP, 1, text="second")
        await stand.tell(first, impostor)
        page = await client.get("/v1/inbox")
    assert [i["data"]["disclosure"] for i in page.json()["items"]] == [str(first.id)]
    assert stand.intake.counts.parked == 1


async def test_what_is_recalled_unread_is_a_tombstone_and_never_received() -> None:
    async with memory_stand() as stand:
        client = await stand.client(PVP)
        told = a_delivery(PVP, 1, text="Planted")
        await stand.tell(told, a_delivery(PVP, 2))
        recall = Recall(disclosure=told.id, desk=PVP, at=stand.clock.now())
        await stand.tell(recall, recall)
        page = await client.get("/v1/inbox")
        await client.get("/v1/inbox", params={"cursor": page.json()["cursor"]})
        await stand.settle()
        await stand.tell(told)
        again = await client.get("/v1/inbox")
    assert "Planted" not in page.text + again.text
    assert [i["type"] for i in page.json()["items"]] == ["frontdoor.tombstone.v1", "frontdoor.disclosure.v1"]
    assert stand.receipts().count((PVP, "received", "inbox")) == 1


async def test_what_was_recalled_after_it_was_read_was_received_all_the_same() -> None:
    async with memory_stand() as stand:
        client = await stand.client(PVP)
        told = a_delivery(PVP, 1)
        await stand.tell(told)
        page = await client.get("/v1/inbox")
        await stand.tell(Recall(disclosure=told.id, desk=PVP, at=stand.clock.now()))
        await client.get("/v1/inbox", params={"cursor": page.json()["cursor"]})
        await stand.settle()
    assert stand.receipts()[-1] == (PVP, "received", "inbox")


async def test_a_cursor_that_was_never_given_out_proves_nothing() -> None:
    async with memory_stand() as stand:
        client = await stand.client(PVP)
        await stand.tell(a_delivery(PVP, 1), a_delivery(PVP, 3))
        answers = [await client.get("/v1/inbox", params={"cursor": c}) for c in ("1-3-0", "1-1-1", "1", "x", "1-1-0; DROP")]
        await stand.settle()
    assert {(a.status_code, a.json()["type"]) for a in answers} == {(422, "/problems/unknown-cursor")}
    assert all(level == "filed" for _, level, _ in stand.receipts())


async def test_a_long_poll_is_woken_by_what_is_filed() -> None:
    async with memory_stand() as stand:
        client = await stand.client(PVP)
        waiting = asyncio.create_task(client.get("/v1/inbox", params={"wait": 30}))
        await asyncio.sleep(0.05)
        assert not waiting.done()
        await stand.tell(a_delivery(PVP, 1))
        assert _numbers(await asyncio.wait_for(waiting, 2)) == [1]


async def test_a_long_poll_ends_empty_after_its_time_and_when_the_door_closes() -> None:
    async with memory_stand() as stand:
        client = await stand.client(PVP)
        assert _numbers(await client.get("/v1/inbox", params={"wait": 0.05})) == []
        waiting = asyncio.create_task(client.get("/v1/inbox", params={"wait": 30}))
        await asyncio.sleep(0.05)
        stand.bells.close()
        assert _numbers(await asyncio.wait_for(waiting, 2)) == []


class _Listener:
    """Reads a stream as a browser would: HTTPX's transport waits for the end of an answer, which a stream has not."""

    def __init__(self, stand: Stand, key: str, last: str | None = None) -> None:
        self._headers = [(b"authorization", f"Bearer {key}".encode())]
        self._headers += [(b"last-event-id", last.encode())] if last else []
        self._app = stand.app
        self._chunks: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.status = 0
        self.gone = asyncio.Event()
        self.reading = asyncio.Event()
        """While it is not set, the connection takes one more message and then no more: so a server waits for a reader that stands still."""
        self.reading.set()
        self._full = False

    async def run(self) -> None:
        scope: dict[str, Any] = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "path": "/v1/stream"}
        scope |= {"raw_path": b"/v1/stream", "query_string": b"", "root_path": "", "scheme": "http", "headers": self._headers}
        scope |= {"client": ("127.0.0.1", 1), "server": ("gateway.example", 80)}
        await self._app(scope, self._receive, self._send)
        self._chunks.put_nowait(None)

    async def _receive(self) -> Message:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        if self._full:
            await self.reading.wait()
        self._full = not self.reading.is_set() and bool(message.get("body"))
        if message["type"] == "http.response.start":
            self.status = message["status"]
        elif message.get("body"):
            self._chunks.put_nowait(message["body"])

    async def events(self) -> AsyncIterator[dict[str, Any]]:
        """Each event's fields, comments left out."""
        while (chunk := await asyncio.wait_for(self._chunks.get(), 5)) is not None:
            fields = dict(line.split(": ", 1) for line in chunk.decode().split("\r\n") if ": " in line and not line.startswith(":"))
            if fields:
                yield {**fields, "data": orjson.loads(fields["data"])}


@contextlib.asynccontextmanager
async def _listening(stand: Stand, key: str, last: str | None = None) -> AsyncIterator[_Listener]:
    listener = _Listener(stand, key, last)
    task = asyncio.create_task(listener.run())
    try:
        yield listener
    finally:
        listener.gone.set()
        await asyncio.wait_for(task, 5)


async def test_a_stream_tells_what_is_there_and_what_comes_and_resumes_where_it_was() -> None:
    async with memory_stand() as stand:
        key = await stand.make_key(PVP)
        await stand.tell(a_delivery(PVP, 1))
        async with _listening(stand, key) as listener:
            events = listener.events()
            first = await anext(events)
            await stand.tell(a_delivery(PVP, 2))
            second = await anext(events)
        await stand.settle()
        assert all(level == "filed" for _, level, _ in stand.receipts())
        async with _listening(stand, key, last=first["id"]) as listener:
            resumed = await anext(listener.events())
        await stand.settle()
    assert [e["data"]["data"]["number"] for e in (first, second, resumed)] == [1, 2, 2]
    assert first["event"] == "frontdoor.disclosure.v1"
    assert first["id"] == first["data"]["cursor"]
    assert stand.receipts()[-1] == (PVP, "received", "stream")


async def test_what_a_stream_gave_before_it_was_recalled_was_received() -> None:
    async with memory_stand() as stand:
        key = await stand.make_key(PVP)
        told = a_delivery(PVP, 1, text="Planted")
        await stand.tell(told)
        async with _listening(stand, key) as listener:
            events = listener.events()
            first = await anext(events)
            await stand.tell(Recall(disclosure=told.id, desk=PVP, at=stand.clock.now()))
            await stand.tell(a_delivery(PVP, 2))
            second = await anext(events)
        async with _listening(stand, key, last=second["id"]):
            await asyncio.sleep(0.05)
        await stand.settle()
    assert "Planted" in str(first)
    assert stand.receipts().count((PVP, "received", "stream")) == 2


async def test_what_is_recalled_while_a_reader_of_the_stream_stands_still_is_not_given_and_not_received() -> None:
    async with memory_stand() as stand:
        key = await stand.make_key(PVP)
        told = [a_delivery(PVP, n, text=f"Planted {n}") for n in (1, 2, 3)]
        await stand.tell(*told)
        async with _listening(stand, key) as listener:
            listener.reading.clear()
            events = listener.events()
            first = await anext(events)
            await asyncio.sleep(0.05)
            await stand.tell(*(Recall(disclosure=d.id, desk=PVP, at=stand.clock.now()) for d in told[:2]))
            listener.reading.set()
            rest = [e async for e in events]
        async with _listening(stand, key, last=first["id"]) as listener:
            events = listener.events()
            resumed = [await anext(events), await anext(events)]
        async with _listening(stand, key, last=resumed[-1]["id"]):
            await asyncio.sleep(0.05)
        await stand.settle()
    assert "Planted 1" in str(first)
    assert rest == []
    assert [e["event"] for e in resumed] == ["frontdoor.tombstone.v1", "frontdoor.disclosure.v1"]
    received = [i for r in stand.records(RECEIPTS) for i in Receipts.model_validate_json(r.value).items if i.channel == "stream"]
    assert [i.disclosure for i in received] == [told[0].id, told[2].id]


async def test_a_stream_ends_with_its_key() -> None:
    async with memory_stand() as stand:
        key = await stand.make_key(PVP)
        async with _listening(stand, key) as listener:
            await asyncio.sleep(0.02)
            await stand.keys.end(stand.keys.keys[0].id, stand.clock.now())
            await stand.ring.refresh()
            await stand.tell(a_delivery(PVP, 1))
            assert [e async for e in listener.events()] == []
            assert listener.status == 200


async def test_a_stream_ends_when_the_door_closes() -> None:
    async with memory_stand() as stand, _listening(stand, await stand.make_key(PVP)) as listener:
        await asyncio.sleep(0.02)
        stand.bells.close()
        assert [e async for e in listener.events()] == []


async def _acknowledge(client: httpx.AsyncClient, *items: dict[str, Any]) -> httpx.Response:
    return await client.post("/v1/acknowledgements", json={"items": items})


async def test_acknowledgements_are_merged_by_maximum_and_reported_once() -> None:
    async with memory_stand() as stand:
        client = await stand.client(PVP)
        told = a_delivery(PVP, 1)
        await stand.tell(told)
        said = [{"disclosure": str(told.id), "level": level} for level in ("opened", "received", "opened", "acted", "opened")]
        answer = await _acknowledge(client, *said)
        telephone = {"disclosure": str(told.id), "told_by_telephone": "2020-11-10T20:30:00Z"}
        by_telephone = await _acknowledge(client, telephone, telephone)
        await stand.settle()
    assert (answer.status_code, answer.json()) == (207, {"items": [{"status": 200}] * 5})
    assert by_telephone.json() == {"items": [{"status": 200}] * 2}
    assert stand.receipts()[1:] == [(PVP, "opened", "inbox"), (PVP, "acted", "inbox"), (PVP, None, "telephone")]


async def test_acknowledging_what_is_anothers_is_answered_as_what_is_not_there() -> None:
    async with memory_stand() as stand:
        client = await stand.client(PVP)
        others = a_delivery(CONTROL_ROOM, 1)
        await stand.tell(others)
        answer = await _acknowledge(client, *({"disclosure": str(d), "level": "opened"} for d in (others.id, uuid.uuid4())))
        await stand.settle()
    first, second = answer.json()["items"]
    assert first == second
    assert (first["status"], first["type"]) == (404, "/problems/not-found")
    assert stand.receipts() == [(CONTROL_ROOM, "filed", "gateway")]


@pytest.mark.parametrize(
    ("item", "field", "rule"),
    [
        ({"level": "filed"}, "/items/0/level", "unknown_value"),
        ({}, "/items/0/level", "missing"),
        ({"level": "opened", "told_by_telephone": "2020-11-10T20:30:00Z"}, "/items/0/level", "invalid"),
        ({"told_by_telephone": "2020-11-10T21:30:00Z"}, "/items/0/told_by_telephone", "future_time"),
        ({"level": "opened", "note": "Planted"}, "/items/0/note", "unknown_field"),
    ],
)
async def test_acknowledgements_that_cannot_be_read(item: dict[str, str], field: str, rule: str) -> None:
    async with memory_stand() as stand:
        answer = await _acknowledge(await stand.client(PVP), {"disclosure": str(uuid.uuid4()), **item})
    assert answer.status_code == 422
    assert [(e["field"], e["rule"]) for e in answer.json()["errors"]] == [(field, rule)]
    assert "Planted" not in answer.text


async def _forge(stand: MemoryStand, signer: Signer) -> None:
    await stand.tell(a_delivery(PVP, 1), signer=signer)


async def test_what_the_router_did_not_sign_is_parked() -> None:
    async with memory_stand() as stand:
        client = await stand.client(PVP)
        await _forge(stand, Signer("router", b"another key"))
        await _forge(stand, Signer("police", GATEWAY_KEY.encode()))  # a good signature, but not the router's
        assert _numbers(await client.get("/v1/inbox")) == []
        assert stand.intake.counts.parked == 2
        await stand.tell(a_delivery(PVP, 1))
        assert _numbers(await client.get("/v1/inbox")) == [1]


async def test_what_nobody_can_read_is_parked_and_reminders_are_for_others() -> None:
    async with memory_stand() as stand:
        producer = await stand.bus.producer()
        await producer.send([stand.router.record("to.police", b"x", b'{"record": "something else"}', SAYS)])
        await stand.tell(Remind(id=uuid.uuid4(), desk=PVP, reason="due", at=stand.clock.now()))
        assert (stand.intake.counts.parked, stand.intake.counts.filed) == (1, 0)
        assert await stand.intake.behind() == 0


async def test_what_is_for_a_desk_of_another_gateway_is_not_kept() -> None:
    async with memory_stand() as stand:
        await stand.tell(a_delivery("school.dsl", 1))
        assert (stand.intake.counts.parked, stand.intake.counts.filed) == (1, 0)
    assert stand.receipts() == []


async def test_notices_come_by_the_same_way() -> None:
    async with memory_stand() as stand:
        client = await stand.client(PVP)
        kinds = [DeliveryKind.withdrawn, DeliveryKind.overdue, DeliveryKind.held, DeliveryKind.owed]
        await stand.tell(*(a_delivery(PVP, n, kind=kind) for n, kind in enumerate(kinds, 1)))
        page = await client.get("/v1/inbox")
        stand.clock.set(stand.clock.now() + timedelta(hours=1))
    assert [i["data"]["kind"] for i in page.json()["items"]] == [k.value for k in kinds]

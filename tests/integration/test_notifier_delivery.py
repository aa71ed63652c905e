"""Deliveries on a real database to a real receiver: order, retries, dead letters, withdrawal."""

import random
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from frontdoor_chassis.clock import SettableClock
from frontdoor_schemas.envelope import DeliveryKind
from frontdoor_schemas.vocabulary import Level
from support.delivering import START, Stand, made_up_id, memory_bus, open_stand, prepare, write_directory
from support.receiver import Answer, ids


@pytest.fixture
async def stand(database: str, tmp_path: Path) -> AsyncIterator[Stand]:
    settings = await prepare(database, write_directory(tmp_path))
    async with open_stand(settings, bus=memory_bus(), clock=SettableClock(START)) as stand:
        await stand.register("a0")
        yield stand


async def test_a_delivery_arrives_signed_and_is_reported_as_received(stand: Stand) -> None:
    delivery = stand.told.delivery()
    stand.send(delivery)
    await stand.settle()
    (got,) = stand.receiver.got
    assert (got.id, got.number, got.kind) == (str(delivery.id), 1, "disclosure")
    assert got.at == START
    stand.receiver.assert_all_signed()
    (receipt,) = stand.receipts()
    assert (receipt.disclosure, receipt.level, receipt.channel) == (delivery.id, Level.received, "webhook")
    (row,) = await stand.rows("SELECT state, body, attempts FROM delivery")
    assert (row["state"], row["body"], row["attempts"]) == ("delivered", None, 1)
    (attempt,) = await stand.rows("SELECT delivery, code FROM attempt")
    assert (attempt["delivery"], attempt["code"]) == (delivery.id, "http_204")


async def test_order_is_kept_within_a_thread_and_no_other_thread_waits(stand: Stand) -> None:
    thread, other = (made_up_id(random.Random(n)) for n in (1, 2))
    stand.receiver.next("a0", Answer(503))
    first, second, third = (stand.told.delivery(thread=t) for t in (thread, thread, other))
    stand.send(first, second, third)
    await stand.settle()
    assert stand.receiver.numbers("a0") == [3]
    await stand.go(timedelta(seconds=3))
    assert stand.receiver.numbers("a0") == [3, 1, 2]
    assert [g.number for g in stand.receiver.got] == [1, 3, 1, 2]
    assert ids(stand.receiver.got).count(str(first.id)) == 2


async def test_many_deliveries_of_many_threads_arrive_once_each_in_order_of_thread(stand: Stand) -> None:
    threads = [made_up_id(random.Random(n)) for n in range(10)]
    sent = [stand.told.delivery(thread=threads[n % 10]) for n in range(300)]
    stand.send(*sent)
    await stand.settle()
    numbers = stand.receiver.numbers("a0")
    assert sorted(numbers) == list(range(1, 301))
    by_thread = {d.number: d.event.thread for d in sent}
    for thread in threads:
        of_thread = [n for n in numbers if by_thread[n] == thread]
        assert of_thread == sorted(of_thread)
    assert len(stand.receipts()) == 300
    assert stand.receiver.most_in_flight["a0"] <= 8


@pytest.mark.parametrize("status", [408, 425, 429, 500, 503])
async def test_what_may_pass_is_tried_again(stand: Stand, status: int) -> None:
    stand.receiver.next("a0", Answer(status), Answer(status))
    delivery = stand.told.delivery()
    stand.send(delivery)
    await stand.settle()
    assert await stand.state(delivery) == "waiting"
    await stand.go(timedelta(seconds=2))
    await stand.go(timedelta(seconds=4))
    assert [g.status for g in stand.receiver.got] == [status, status, 204]
    assert await stand.state(delivery) == "delivered"


async def test_retry_after_is_honoured_by_the_whole_endpoint(stand: Stand) -> None:
    stand.receiver.next("a0", Answer(429, {"Retry-After": "600"}))
    stand.send(stand.told.delivery())
    await stand.settle()
    stand.send(stand.told.delivery())
    await stand.go(timedelta(seconds=599))
    assert len(stand.receiver.got) == 1
    await stand.go(timedelta(seconds=2))
    assert sorted(stand.receiver.numbers("a0")) == [1, 2]


async def test_a_retry_after_beyond_reason_is_not_believed(stand: Stand) -> None:
    stand.receiver.next("a0", Answer(503, {"Retry-After": "999999"}))
    stand.send(stand.told.delivery())
    await stand.settle()
    await stand.go(timedelta(minutes=30, seconds=1))
    assert stand.receiver.numbers("a0") == [1]


async def test_three_days_of_failures_end_in_a_dead_letter_that_can_be_sent_again(stand: Stand) -> None:
    stand.receiver.always("a0", Answer(500))
    delivery = stand.told.delivery()
    stand.send(delivery)
    await stand.settle()
    for _ in range(3 * 24 * 2 + 1):
        assert await stand.state(delivery) == "waiting"
        await stand.go(timedelta(minutes=30))
        if stand.clock.now() - START >= timedelta(days=3):
            break
    assert await stand.state(delivery) == "dead"
    (receipt,) = stand.receipts()
    assert (receipt.failed, receipt.level) == ("http_500", None)
    stand.receiver.always("a0", Answer())
    assert (await stand.client.post(f"/admin/dead-letters/{delivery.id}/retry")).status_code == 202
    await stand.receiver.until(lambda: bool(stand.receiver.taken()))
    await stand.settle()
    assert await stand.state(delivery) == "delivered"
    assert [r.failed or r.level for r in stand.receipts()] == ["http_500", Level.received]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422])
async def test_a_refusal_goes_to_the_dead_letters_at_once_and_the_next_goes_out(stand: Stand, status: int) -> None:
    thread = made_up_id(random.Random(1))
    stand.receiver.next("a0", Answer(status))
    refused, after = stand.told.delivery(thread=thread), stand.told.delivery(thread=thread)
    stand.send(refused, after)
    await stand.settle()
    assert await stand.state(refused) == "dead"
    assert stand.receiver.numbers("a0") == [2]
    assert {r.disclosure: r.failed for r in stand.receipts()} == {refused.id: f"http_{status}", after.id: None}
    letters = (await stand.client.get("/admin/dead-letters")).json()
    assert [(d["id"], d["code"]) for d in letters["items"]] == [(str(refused.id), f"http_{status}")]
    assert "Marker" not in str(letters)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_not_followed(stand: Stand, status: int) -> None:
    stand.receiver.next("a0", Answer(status, {"Location": stand.receiver.url("elsewhere")}))
    delivery = stand.told.delivery()
    stand.send(delivery)
    await stand.settle()
    assert [g.path for g in stand.receiver.got] == ["a0"]
    assert await stand.state(delivery) == "dead"


async def test_a_long_answer_is_not_read_to_its_end(stand: Stand) -> None:
    stand.receiver.next("a0", Answer(200, body=b"x" * 5_000_000))
    stand.send(stand.told.delivery())
    await stand.settle()
    assert len(stand.receipts()) == 1


async def test_410_switches_the_endpoint_off_and_what_comes_later_waits(stand: Stand) -> None:
    stand.receiver.next("a0", Answer(410))
    gone, later = stand.told.delivery(), stand.told.delivery()
    stand.send(gone)
    await stand.settle()
    stand.send(later)
    await stand.settle()
    assert (await stand.state(gone), await stand.state(later)) == ("dead", "waiting")
    (endpoint,) = (await stand.client.get("/admin/endpoints")).json()["items"]
    assert (endpoint["status"], endpoint["reason"], endpoint["owed"]) == ("disabled", "http_410", 1)
    await stand.register("a0")
    await stand.receiver.arrived(2)
    await stand.settle()
    assert await stand.state(later) == "delivered"


async def test_a_suspended_endpoint_loses_nothing(stand: Stand) -> None:
    assert (await stand.client.post("/admin/endpoints/a0.desk/suspend", json={})).status_code == 204
    await stand.notifier.parts.leases.refresh()
    stand.send(*(stand.told.delivery() for _ in range(250)))
    await stand.settle()
    await stand.go(timedelta(days=40))
    assert stand.receiver.got == []
    assert (await stand.client.post("/admin/endpoints/a0.desk/resume")).status_code == 204
    await stand.receiver.arrived(250)
    await stand.settle()
    assert sorted(stand.receiver.numbers("a0")) == list(range(1, 251))


async def test_what_was_tried_before_a_suspension_has_its_whole_time_after_it(stand: Stand) -> None:
    stand.receiver.next("a0", Answer(500))
    delivery = stand.told.delivery()
    stand.send(delivery)
    await stand.settle()
    await stand.client.post("/admin/endpoints/a0.desk/suspend", json={"reason": "moving"})
    await stand.notifier.parts.leases.refresh()
    await stand.go(timedelta(days=10))
    stand.receiver.next("a0", Answer(500))
    await stand.client.post("/admin/endpoints/a0.desk/resume")
    await stand.receiver.arrived(2)
    await stand.settle()
    assert await stand.state(delivery) == "waiting"
    await stand.go(timedelta(seconds=3))
    assert await stand.state(delivery) == "delivered"


async def test_a_recall_before_sending_leaves_a_tombstone_and_no_content(stand: Stand) -> None:
    thread = made_up_id(random.Random(1))
    stand.receiver.next("a0", Answer(503))
    first, recalled, third = (stand.told.delivery(thread=thread) for _ in range(3))
    stand.send(first, recalled, third, stand.told.recall(recalled))
    await stand.settle()
    await stand.go(timedelta(seconds=3))
    assert [(g.number, g.kind) for g in stand.receiver.taken()] == [(1, "disclosure"), (2, "tombstone"), (3, "disclosure")]
    tombstone = stand.receiver.taken()[1]
    assert b"Marker" not in tombstone.body
    assert tombstone.id == f"{recalled.id}-recalled"
    assert await stand.state(recalled) == "recalled"
    assert {r.disclosure for r in stand.receipts()} == {first.id, third.id}
    assert await stand.rows("SELECT 1 FROM delivery WHERE body IS NOT NULL") == []


async def test_a_recall_reaches_what_was_committed_long_ago_and_what_is_dead(stand: Stand) -> None:
    stand.receiver.next("a0", Answer(400), Answer(503))
    dead, waiting = stand.told.delivery(), stand.told.delivery()
    stand.send(dead, waiting)
    await stand.settle()
    stand.send(stand.told.recall(dead), stand.told.recall(waiting))
    await stand.settle()
    assert await stand.rows("SELECT 1 FROM delivery WHERE body IS NOT NULL") == []
    await stand.go(timedelta(seconds=3))
    assert [(g.number, g.kind) for g in stand.receiver.taken()] == [(2, "tombstone")]
    assert (await stand.state(dead), await stand.state(waiting)) == ("recalled", "recalled")
    assert (await stand.client.post(f"/admin/dead-letters/{dead.id}/retry")).status_code == 409


async def test_a_recall_of_what_was_delivered_changes_nothing(stand: Stand) -> None:
    delivery = stand.told.delivery()
    stand.send(delivery)
    await stand.settle()
    stand.send(stand.told.recall(delivery))
    await stand.settle()
    assert await stand.state(delivery) == "delivered"
    assert len(stand.receiver.got) == 1


async def test_a_withdrawal_notice_overtakes_the_content_that_was_not_delivered(stand: Stand) -> None:
    thread = made_up_id(random.Random(1))
    stand.receiver.next("a0", Answer(503))
    content = stand.told.delivery(thread=thread)
    stand.send(content)
    await stand.settle()
    notice = stand.told.delivery(thread=thread, kind=DeliveryKind.withdrawn, refers_to=content.id)
    stand.send(notice)
    await stand.settle()
    await stand.go(timedelta(seconds=3))
    assert [(g.number, g.kind) for g in stand.receiver.taken()] == [(1, "tombstone"), (2, "withdrawn")]
    assert await stand.state(content) == "superseded"


async def test_a_disclosure_that_comes_in_after_its_recall_is_a_tombstone(stand: Stand) -> None:
    first = stand.told.delivery()
    late = stand.told.delivery()
    stand.send(first, stand.told.recall(late), stand.told.delivery(thread=first.event.thread))
    await stand.settle()
    assert stand.receiver.numbers("a0") == [1]
    stand.send(late)
    await stand.settle()
    kinds = {g.number: g.kind for g in stand.receiver.taken()}
    assert kinds == {1: "disclosure", 2: "tombstone", 3: "disclosure"}


async def test_a_missing_number_holds_later_ones_up_until_it_comes(stand: Stand) -> None:
    stand.send(stand.told.delivery())
    await stand.settle()
    late = stand.told.delivery()
    stand.send(stand.told.delivery())
    await stand.settle()
    assert stand.receiver.numbers("a0") == [1]
    stand.send(late)
    await stand.settle()
    assert sorted(stand.receiver.numbers("a0")) == [1, 2, 3]
    assert all("missing_numbers" not in g.payload["data"] for g in stand.receiver.got)


async def test_a_missing_number_is_named_when_patience_ends(stand: Stand) -> None:
    stand.send(stand.told.delivery())
    await stand.settle()
    stand.told.skip("a0.desk")
    stand.send(stand.told.delivery())
    await stand.settle()
    await stand.go(timedelta(seconds=61))
    assert stand.receiver.numbers("a0") == [1, 3]
    assert stand.receiver.got[-1].payload["data"]["missing_numbers"] == [2]
    stand.receiver.assert_all_signed()


async def test_a_block_ends_before_its_successors_deadline(stand: Stand) -> None:
    thread = made_up_id(random.Random(1))
    stand.receiver.next("a0", *[Answer(500)] * 40)
    stand.send(stand.told.delivery(thread=thread))
    await stand.settle()
    stand.send(stand.told.delivery(thread=thread, due=timedelta(hours=2)), stand.told.delivery(thread=thread))
    await stand.settle()
    while stand.clock.now() < START + timedelta(minutes=104):
        await stand.go(timedelta(minutes=4))
        assert {g.number for g in stand.receiver.got} == {1}
    stand.receiver._answers["a0"].clear()
    stand.receiver.next("a0", *[Answer(500)] * 1)
    await stand.go(timedelta(minutes=2))
    overtaking = next(g for g in stand.receiver.got if g.number == 2)
    assert overtaking.payload["data"]["missing_numbers"] == [1]


async def test_what_is_repeated_on_the_bus_is_sent_once_and_reported_again(stand: Stand) -> None:
    delivery = stand.told.delivery()
    stand.send(delivery)
    await stand.settle()
    stand.send(delivery)
    await stand.settle()
    assert len(stand.receiver.got) == 1
    assert [r.level for r in stand.receipts()] == [Level.received, Level.received]


async def test_a_desk_without_an_endpoint_is_left_to_its_inbox(stand: Stand) -> None:
    stand.send(stand.told.delivery("a1.desk", due=timedelta(hours=1)), stand.told.delivery("a1.desk"))
    await stand.settle()
    assert stand.receiver.got == []
    assert stand.receipts() == []
    (row,) = await stand.rows("SELECT state, body FROM delivery")
    assert (row["state"], row["body"]) == ("filed", None)


async def test_secrets_rotate_with_an_overlap(stand: Stand) -> None:
    (old,) = stand.receiver.secrets["a0"]
    new = (await stand.client.post("/admin/endpoints/a0.desk/rotate", json={"overlap": 3600})).json()["secret"]
    await stand.notifier.parts.leases.refresh()
    for accepted in (old, new):
        stand.receiver.trust("a0", accepted)
        stand.send(stand.told.delivery())
        await stand.settle()
        stand.receiver.assert_all_signed()
    assert stand.receiver.got[-1].headers["webhook-signature"].count("v1,") == 2
    await stand.go(timedelta(hours=2))
    stand.send(stand.told.delivery())
    await stand.settle()
    assert stand.receiver.got[-1].headers["webhook-signature"].count("v1,") == 1
    stand.receiver.assert_all_signed()


async def test_secrets_are_sealed_in_the_table(stand: Stand) -> None:
    (secret,) = stand.receiver.secrets["a0"]
    (row,) = await stand.rows("SELECT secret FROM endpoint")
    assert secret.removeprefix("whsec_").encode() not in row["secret"]


async def test_records_that_the_router_did_not_write_are_refused_and_noted(stand: Stand) -> None:
    forged, good = stand.told.delivery(), stand.told.delivery()
    stand.send(forged, signer="g0")
    stand.send(good)
    await stand.settle()
    assert stand.receiver.numbers("a0") == [2]
    (row,) = await stand.rows("SELECT topic, reason FROM refused")
    assert (row["topic"], row["reason"]) == ("to.g0", "not_written_by_the_router")

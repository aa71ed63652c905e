"""What an agency may answer, take back and look at in the place of desks that have ended and whose work it has."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import UUID

import pytest

from frontdoor_chassis.directory import load_directory
from frontdoor_gateway.core.partnership import Partnership
from frontdoor_gateway.core.submissions import Reader
from support.packs import PARTNERSHIPS
from unit.gateway.kit import CONTROL_ROOM, HUB, NOW, PVP, SOCIAL_CARE, MemoryStand, a_delivery, memory_stand, posted

WITHDRAWAL = {"occurred_at": "2020-11-10T20:30:00Z", "reason": "wrong child"}


@pytest.fixture
async def stand() -> AsyncIterator[MemoryStand]:
    """The police have the work of the hub's front door, and of nobody else: their safeguarding unit goes on with it."""

    def reads(desk: str, at: datetime) -> Reader:
        assert at == NOW
        hub = frozenset({HUB})
        return {PVP: Reader(PVP, before=hub, left=hub), CONTROL_ROOM: Reader(CONTROL_ROOM, left=hub)}.get(desk, Reader(desk))

    async with memory_stand(reads=reads) as running:
        yield running


async def event_of(stand: MemoryStand, desk: str) -> str:
    """An event that a desk has published."""
    answer = await (await stand.client(desk)).post("/v1/referrals", json=posted())
    return str(answer.json()["event"])


async def test_it_takes_back_what_a_desk_before_it_has_published_and_sees_its_ledger(stand: MemoryStand) -> None:
    event = await event_of(stand, HUB)
    client = await stand.client(PVP)
    answer = await client.post("/v1/amendments", json=posted("withdrawal", WITHDRAWAL, in_reply_to=event))
    assert (answer.status_code, answer.json()["thread"]) == (202, (await client.get(f"/v1/events/{event}")).json()["thread"])
    assert (await client.get(f"/v1/events/{event}")).json()["event"] == event
    assert [one["event"] for one in (await client.get("/v1/events")).json()["items"]] == [answer.json()["event"]]


async def test_it_answers_what_a_desk_before_it_was_told(stand: MemoryStand) -> None:
    told = a_delivery(HUB, 1)
    await stand.tell(told)
    answer = await (await stand.client(PVP)).post("/v1/referrals", json=posted(in_reply_to=str(told.event.id)))
    assert (answer.status_code, answer.json()["thread"]) == (202, str(told.event.thread))


async def test_what_it_was_told_itself_it_takes_back_where_a_desk_before_it_has_published_it(stand: MemoryStand) -> None:
    event = await event_of(stand, HUB)
    told = a_delivery(PVP, 1)
    handed = told.model_copy(update={"event": told.event.model_copy(update={"id": UUID(event), "thread": UUID(event)})})
    await stand.tell(handed)
    answer = await (await stand.client(PVP)).post("/v1/amendments", json=posted("withdrawal", WITHDRAWAL, in_reply_to=event))
    assert answer.status_code == 202


async def test_a_colleague_of_the_desk_that_has_its_work_answers_nothing_that_it_was_told(stand: MemoryStand) -> None:
    told = a_delivery(HUB, 1)
    await stand.tell(told)
    answer = await (await stand.client(CONTROL_ROOM)).post("/v1/referrals", json=posted(in_reply_to=str(told.event.id)))
    assert (answer.status_code, answer.json()["errors"][0]["rule"]) == (422, "unknown_event")


async def test_nobody_else_does(stand: MemoryStand) -> None:
    event, told = await event_of(stand, HUB), a_delivery(HUB, 1)
    await stand.tell(told)
    other = await stand.client(SOCIAL_CARE)
    assert (await other.get(f"/v1/events/{event}")).status_code == 404
    for answered in (event, str(told.event.id)):
        assert (await other.post("/v1/referrals", json=posted(in_reply_to=answered))).status_code == 422


async def test_what_a_desk_before_it_was_told_is_not_its_own_to_take_back(stand: MemoryStand) -> None:
    told = a_delivery(HUB, 1)
    await stand.tell(told)
    answer = await (await stand.client(CONTROL_ROOM)).post(
        "/v1/amendments", json=posted("withdrawal", WITHDRAWAL, in_reply_to=str(told.event.id))
    )
    assert answer.status_code == 422


def test_from_the_day_of_the_merger_on_each_desk_reads_for_those_whose_work_it_has() -> None:
    partnership = Partnership(load_directory(PARTNERSHIPS / "stockton"), "hub")
    day_before, day_after = datetime(2021, 6, 25, 12, tzinfo=UTC), datetime(2021, 6, 27, tzinfo=UTC)
    duties, managers = frozenset({"nps.duty", "crc.duty"}), frozenset({"nps.manager", "crc.manager"})
    assert partnership.reader("probation.duty", day_before) == Reader("probation.duty")
    assert partnership.reader("probation.duty", day_after) == Reader("probation.duty", before=duties, left=duties | managers)
    assert partnership.reader("probation.manager", day_after) == Reader("probation.manager", before=managers, left=duties | managers)
    assert partnership.reader("hub.front-door", day_after) == Reader("hub.front-door")

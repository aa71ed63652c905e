"""Group commit: what one flush takes, and that each caller hears what became of its own."""

import asyncio
import uuid
from collections.abc import Callable, Sequence

import pytest

from frontdoor_chassis.bus.memory import MemoryBus
from frontdoor_chassis.problems import ProblemError
from frontdoor_chassis.relay import Relay
from frontdoor_chassis.signing import Signer
from frontdoor_gateway.adapters.memory import MemorySubmissions
from frontdoor_gateway.core.failures import NotStoredError, OutcomeUnknownError
from frontdoor_gateway.core.flusher import MAX_FLUSH, Flusher
from frontdoor_gateway.core.submissions import Failed, ItemRefusedError, Outcome, OutcomeLostError, StoreAwayError, Stored, Submission
from frontdoor_schemas.vocabulary import EventType
from unit.gateway.kit import NOW, PVP, TOPICS

SIGN = Signer("police", b"made-up").record


def _item(sender_id: str = "") -> Submission:
    event = uuid.uuid4()
    return Submission(event, "police", PVP, sender_id or event.hex, b"same", event, None, EventType.referral, NOW, NOW, b"[]", b"")


class _Store(MemorySubmissions):
    """Counts what it is asked, and fails as it is told."""

    def __init__(self, fault: Callable[[Sequence[Submission]], None] = lambda _: None) -> None:
        super().__init__(sign=SIGN)
        self.asked: list[int] = []
        self._fault = fault

    async def accept(self, items: Sequence[Submission]) -> Sequence[Outcome]:
        self.asked.append(len(items))
        self._fault(items)
        return await super().accept(items)


async def _flusher(store: MemorySubmissions) -> Flusher:
    relay = Relay(outbox=store, producer=await MemoryBus(TOPICS).producer())
    return Flusher(store=store, relay=relay, sign=SIGN, max_waiting=10_000)


async def _flush(store: MemorySubmissions, *groups: Sequence[Submission]) -> list[Sequence[Outcome] | BaseException]:
    flusher = await _flusher(store)
    answers = [asyncio.ensure_future(flusher.submit(group)) for group in groups]
    await asyncio.sleep(0)
    while await flusher.step():
        pass
    assert flusher.waiting == 0
    return await asyncio.gather(*answers, return_exceptions=True)


async def test_what_waits_is_one_flush_and_each_gets_its_own_answers() -> None:
    store = _Store()
    answers = await _flush(store, [_item()], [_item(), _item()], [_item()])
    assert store.asked == [4]
    assert answers == [[Stored(1, None)], [Stored(2, None), Stored(3, None)], [Stored(4, None)]]


async def test_a_flush_has_a_largest_size_and_a_request_is_never_torn() -> None:
    store = _Store()
    await _flush(store, *([_item() for _ in range(300)] for _ in range(3)))
    assert store.asked == [300, 300, 300]
    assert MAX_FLUSH == 512


async def test_one_that_cannot_be_stored_fails_alone() -> None:
    def fault(items: Sequence[Submission]) -> None:
        if any(i.sender_id == "bad" for i in items):
            raise ItemRefusedError

    store = _Store(fault)
    answers = await _flush(store, [_item()], [_item("bad"), _item()], [_item()])
    assert answers == [[Stored(1, None)], [Failed(), Stored(2, None)], [Stored(3, None)]]


@pytest.mark.parametrize(
    ("error", "heard"), [(StoreAwayError, NotStoredError), (OutcomeLostError, OutcomeUnknownError)], ids=["away", "unknown"]
)
async def test_everybody_of_a_failed_flush_hears_of_it(error: type[Exception], heard: type[ProblemError]) -> None:
    def fault(_: Sequence[Submission]) -> None:
        raise error

    answers = await _flush(_Store(fault), [_item()], [_item()])
    assert [type(a) for a in answers] == [heard, heard]


async def test_what_was_stored_before_the_store_went_away_is_not_called_unstored() -> None:
    asked: list[int] = []

    def fault(items: Sequence[Submission]) -> None:
        asked.append(len(items))
        if len(items) > 1:
            raise ItemRefusedError
        if len(asked) > 2:
            raise StoreAwayError

    answers = await _flush(_Store(fault), [_item(), _item()])
    assert [type(a) for a in answers] == [OutcomeUnknownError]


async def test_nobody_is_left_waiting_when_the_loop_itself_fails() -> None:
    def fault(_: Sequence[Submission]) -> None:
        raise RuntimeError

    flusher = await _flusher(_Store(fault))
    answer = asyncio.ensure_future(flusher.submit([_item()]))
    await asyncio.sleep(0)
    with pytest.raises(RuntimeError):
        await flusher.step()
    with pytest.raises(OutcomeUnknownError):
        await answer


async def test_a_caller_that_has_gone_does_not_disturb_the_others() -> None:
    store = _Store()
    flusher = await _flusher(store)
    gone, stays = asyncio.ensure_future(flusher.submit([_item()])), asyncio.ensure_future(flusher.submit([_item()]))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.sleep(0)
    await flusher.step()
    assert await stays == [Stored(2, None)]

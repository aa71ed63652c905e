"""Look-ups of what posts answer share queries, and a query that fails fails for all that it was for."""

import asyncio
import uuid
from collections.abc import Collection, Mapping
from typing import cast

import pytest

from frontdoor_gateway.core.origins import Origins
from frontdoor_gateway.core.submissions import Asked, Origin, Reader, StoreAwayError, Submissions

FIRST, SECOND, THIRD = (uuid.UUID(int=n) for n in (1, 2, 3))
A, B, C = (Reader(f"{name}.desk") for name in "abc")


class _Store:
    """Answers when told to, and remembers what it was asked."""

    def __init__(self) -> None:
        self.rounds: list[set[Asked]] = []
        self.go = asyncio.Event()
        self.away = False

    async def origins(self, asked: Collection[Asked]) -> Mapping[Asked, Origin]:
        self.rounds.append(set(asked))
        await self.go.wait()
        if self.away:
            raise StoreAwayError
        return {pair: Origin(pair[1], own=True) for pair in asked}


def _made() -> tuple[_Store, Origins]:
    store = _Store()
    return store, Origins(cast("Submissions", store))


async def _begun(*asks: asyncio.Task[Mapping[uuid.UUID, Origin]]) -> None:
    for _ in asks:
        await asyncio.sleep(0)


async def test_while_one_query_runs_questions_gather_for_the_next() -> None:
    store, origins = _made()
    asks = [asyncio.create_task(origins.find(reader, [event])) for reader, event in ((A, FIRST), (A, SECOND), (B, THIRD))]
    await _begun(*asks)
    assert store.rounds == [{(A, FIRST)}]
    store.go.set()
    found = await asyncio.gather(*asks)
    assert store.rounds == [{(A, FIRST)}, {(A, SECOND), (B, THIRD)}]
    assert [set(f) for f in found] == [{FIRST}, {SECOND}, {THIRD}]


async def test_nobody_is_given_what_another_desk_asked_for() -> None:
    store, origins = _made()
    store.go.set()
    running = asyncio.create_task(origins.find(A, [THIRD]))
    asks = [asyncio.create_task(origins.find(reader, [FIRST])) for reader in (A, B)]
    await asyncio.gather(running, *asks)
    assert await origins.find(C, []) == {}


async def test_a_store_that_is_away_is_said_to_all_and_asked_again_by_the_next() -> None:
    store, origins = _made()
    store.away = True
    first = asyncio.create_task(origins.find(A, [FIRST]))
    rest = [asyncio.create_task(origins.find(A, [event])) for event in (SECOND, THIRD)]
    await _begun(first, *rest)
    store.go.set()
    for ask in (first, *rest):
        with pytest.raises(StoreAwayError):
            await ask
    assert len(store.rounds) == 2  # two rounds, not three queries
    store.away = False
    assert set(await origins.find(A, [FIRST])) == {FIRST}


async def test_who_goes_away_while_asking_leaves_the_others_their_answer() -> None:
    store, origins = _made()
    running = asyncio.create_task(origins.find(A, [FIRST]))
    gone = asyncio.create_task(origins.find(A, [SECOND]))
    stays = asyncio.create_task(origins.find(A, [THIRD]))
    await _begun(running, gone, stays)
    running.cancel()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    gone.cancel()
    store.go.set()
    assert set(await stays) == {THIRD}

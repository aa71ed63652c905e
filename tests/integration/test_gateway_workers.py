"""Batches prepared in other processes come back as if they had been prepared here; and processes that die lose nothing."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator, Sequence

import orjson
import pytest

from frontdoor_chassis.problems import ProblemError
from frontdoor_gateway.adapters.workers import WORTH_BYTES, Workers
from frontdoor_gateway.core import prepare
from frontdoor_gateway.core.failures import TooManyError
from frontdoor_gateway.core.posts import Bounds, Post, in_family
from frontdoor_gateway.core.prepare import By, Prepared, Ready
from frontdoor_schemas.events import SourceFacts
from frontdoor_schemas.vocabulary import EventType, Role
from frontdoor_standalone.servers.processes import is_running
from unit.gateway.kit import NOW, PVP, a_referral, cloud_event, posted, until

BOUNDS = Bounds(500, 1_000_000)
BY = By(SourceFacts(PVP, "police", Role.police_safeguarding), NOW, frozenset({EventType.referral}), b"made-up")
GOOD = [cloud_event(id=f"case-{n}", data=a_referral(circumstances="words " * 120)) for n in range(100)]
BAD = [cloud_event(id="bad"), cloud_event(type="frontdoor.plan-status.v1"), cloud_event(data={"occurred_at": "x"}), "no object"]
LARGE = orjson.dumps([*GOOD, *BAD])


async def _up(workers: Workers) -> None:
    workers.start()

    async def idle() -> bool:
        return bool(workers._idle)

    await until(idle, 60)


@pytest.fixture
async def workers() -> AsyncIterator[Workers]:
    made = Workers(1)
    await _up(made)
    yield made
    await made.close()


def _said(prepared: Sequence[Prepared]) -> list[object]:
    """What does not differ from one time to the next: keys of sections do."""
    return [(p.sender_id, p.body_hmac, p.type) if isinstance(p, Ready) else p.problem() for p in prepared]


async def test_another_process_says_the_same(workers: Workers) -> None:
    assert len(LARGE) > WORTH_BYTES
    there = await workers.batch(LARGE, BY, BOUNDS)
    assert _said(there) == _said(prepare.batch(LARGE, BY, BOUNDS))
    assert [type(p).__name__ for p in there[-4:]] == ["Ready", "TypeNotAllowedError", "UnreadableEventError", "UnreadableEventError"]
    assert all(prepare.unpack(p.packed) == p.sections for p in there if isinstance(p, Ready))


async def test_a_batch_refused_as_a_whole_is_refused_there_too(workers: Workers) -> None:
    with pytest.raises(TooManyError) as refused:
        await workers.batch(LARGE, BY, Bounds(3, 1_000_000))
    assert refused.value.detail == "At most 3"
    with pytest.raises(ProblemError, match="unreadable"):
        await workers.batch(LARGE[:-1], BY, BOUNDS)


async def test_when_all_are_busy_this_process_does_it(workers: Workers) -> None:
    answers = await asyncio.gather(*(workers.batch(LARGE, BY, BOUNDS) for _ in range(4)))
    assert {len(a) for a in answers} == {len(GOOD) + len(BAD)}
    assert len(workers.pids) == 1


async def test_a_process_that_dies_is_replaced_and_its_batch_prepared_here(workers: Workers) -> None:
    (dead,) = workers.pids
    os.kill(dead, signal.SIGKILL)
    assert len(await workers.batch(LARGE, BY, BOUNDS)) == len(GOOD) + len(BAD)
    await _up(workers)
    assert dead not in workers.pids
    assert len(await workers.batch(LARGE, BY, BOUNDS)) == len(GOOD) + len(BAD)


async def test_a_caller_that_has_gone_does_not_leave_its_answer_to_the_next(workers: Workers) -> None:
    gone = asyncio.create_task(workers.batch(LARGE, BY, BOUNDS))
    await asyncio.sleep(0.005)
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    await _up(workers)
    other = orjson.dumps(GOOD[:90])
    assert len(await workers.batch(other, BY, BOUNDS)) == 90


POSTS = [in_family("referrals", orjson.dumps(posted(data=a_referral(circumstances="words " * n))), f"case-{n}") for n in range(1, 101)]
UNREADABLE = in_family("referrals", orjson.dumps(posted(data={"occurred_at": "x"})), "bad")


async def test_posts_that_arrive_together_are_shared_out_and_each_gets_its_own_answer(workers: Workers) -> None:
    posts = [*POSTS[:50], UNREADABLE, *POSTS[50:]]
    there = await asyncio.gather(*(workers.one(post, BY) for post in posts))
    assert _said(there) == _said([prepare.one(post, BY) for post in posts])


async def test_posts_of_a_process_that_dies_are_prepared_here(workers: Workers) -> None:
    answers = [asyncio.create_task(workers.one(post, BY)) for post in POSTS]
    await asyncio.sleep(0)
    for pid in workers.pids:
        os.kill(pid, signal.SIGKILL)
    assert _said(await asyncio.gather(*answers)) == _said([prepare.one(post, BY) for post in POSTS])


async def test_many_posts_start_workers_and_do_not_wait_for_them() -> None:
    workers = Workers(1)
    assert len(await asyncio.gather(*(workers.one(post, BY) for post in POSTS))) == len(POSTS)
    await _up(workers)
    await workers.close()


async def test_an_error_in_preparing_is_the_callers_alone(workers: Workers, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(post: Post, by: By) -> Prepared:
        raise RuntimeError(post.sender_id)

    good = asyncio.create_task(workers.one(POSTS[0], BY))
    await good
    monkeypatch.setattr(prepare, "one", broken)
    answers = await asyncio.gather(*(workers.one(post, BY) for post in POSTS[:3]), return_exceptions=True)
    assert [str(a) for a in answers] == ["case-1", "case-2", "case-3"]


async def test_a_caller_that_has_gone_does_not_disturb_the_others(workers: Workers) -> None:
    answers = [asyncio.create_task(workers.one(post, BY)) for post in POSTS[:40]]
    await asyncio.sleep(0)
    answers[3].cancel()
    done = await asyncio.gather(*answers, return_exceptions=True)
    assert [isinstance(d, asyncio.CancelledError) for d in done].count(True) == 1


async def test_small_batches_start_nothing_and_ended_workers_are_gone() -> None:
    workers = Workers(2)
    assert len(await workers.batch(orjson.dumps(GOOD[:2]), BY, BOUNDS)) == 2
    assert workers.pids == []
    await _up(workers)
    pids = workers.pids
    await workers.close()
    assert not any(is_running(pid, mentions="workers") for pid in pids)


_PARENT = """
import asyncio, os, signal, sys
from frontdoor_gateway.adapters.workers import Workers

async def main():
    workers = Workers(1)
    workers.start()
    while not workers._idle:
        await asyncio.sleep(0.05)
    print(*workers.pids, file=sys.stderr, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


async def test_processes_end_with_the_one_that_started_them() -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", _PARENT, stdout=DEVNULL, stderr=PIPE)
    assert process.stderr is not None
    (pid,) = [int(word) for word in (await process.stderr.readline()).split()]
    await process.wait()
    process._transport.close()  # type: ignore[attr-defined]  # or its pipe is left open to the garbage collector

    async def gone() -> bool:
        return not is_running(pid, mentions="workers")

    await until(gone)

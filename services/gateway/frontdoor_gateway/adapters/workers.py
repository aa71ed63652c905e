"""Processes that prepare posts beside this one when there are many, while this one answers others.

Each reads questions from its standard input and writes answers to its standard output, so it ends when whoever started
it ends, however that ends. `python -m frontdoor_gateway.adapters.workers` is such a process.
"""

import asyncio
import gc
import pickle
import signal
import struct
import sys
from asyncio.subprocess import PIPE, Process
from collections import deque
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

import structlog

from frontdoor_chassis.problems import ProblemError
from frontdoor_gateway.core import prepare
from frontdoor_gateway.core.posts import Bounds, Post
from frontdoor_gateway.core.prepare import By, Prepared

log = structlog.get_logger(__name__)

WORTH_BYTES = 50_000
"""A smaller batch is prepared sooner than it is handed over and back."""
STOP_SECONDS = 5.0
GROUP = 8
"""So many posts that arrived together are worth being handed over; fewer are prepared sooner here."""
MAX_GROUP = 64
"""As many as are handed over at once, so that the first of them need not wait long for the last."""
HERE = 2
"""While all workers are busy, so many posts are prepared here before the loop looks at its sockets again."""
_LENGTH = struct.Struct("!Q")
_LOST = (OSError, asyncio.IncompleteReadError)


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch of CloudEvents."""

    raw: bytes
    by: By
    bounds: Bounds

    def prepared(self) -> Sequence[Prepared]:
        """What becomes of it."""
        return prepare.batch(self.raw, self.by, self.bounds)


@dataclass(frozen=True, slots=True)
class Posts:
    """Posts that arrived together."""

    posts: Sequence[tuple[Post, By]]

    def prepared(self) -> Sequence[Prepared]:
        """What becomes of each."""
        return [prepare.one(post, by) for post, by in self.posts]


Question = Batch | Posts
Answer = Sequence[Prepared] | ProblemError


class _Worker:
    """One process. It is asked one thing at a time."""

    def __init__(self, process: Process) -> None:
        self.process = process

    async def ask(self, question: "Question") -> Answer:
        """Raises one of `_LOST` when the process has gone."""
        assert self.process.stdin is not None  # noqa: S101 - it was started with pipes
        self.process.stdin.write(_frame(question))
        await self.process.stdin.drain()
        return await self.answer()

    async def answer(self) -> Answer:
        """The next thing that it says."""
        assert self.process.stdout is not None  # noqa: S101 - as above
        (size,) = _LENGTH.unpack(await self.process.stdout.readexactly(_LENGTH.size))
        return cast("Answer", pickle.loads(await self.process.stdout.readexactly(size)))  # noqa: S301 - from our own process, over its pipe

    async def end(self) -> None:
        """Let it finish, then see that it has."""
        assert self.process.stdin is not None  # noqa: S101 - as above
        self.process.stdin.close()
        try:
            await asyncio.wait_for(self.process.wait(), STOP_SECONDS)
        except TimeoutError:
            self.process.kill()
            await self.process.wait()


class Workers:
    """Started when there is much to do; until they are up, and when all are busy, the work is done here."""

    def __init__(self, count: int) -> None:
        self._count = self._missing = count
        self._all: set[_Worker] = set()
        self._idle: list[_Worker] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._waiting: deque[tuple[Post, By, asyncio.Future[Prepared]]] = deque()

    @property
    def pids(self) -> list[int]:
        """The processes that are up."""
        return [worker.process.pid for worker in self._all]

    async def one(self, post: Post, by: By) -> Prepared:
        """As the port says. Posts that arrive in the same turn of the loop are looked at together."""
        if not self._count:
            return prepare.one(post, by)
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Prepared] = loop.create_future()
        if not self._waiting:
            loop.call_soon(self._share_out)
        self._waiting.append((post, by, answer))
        return await answer

    async def batch(self, raw: bytes, by: By, bounds: Bounds) -> Sequence[Prepared]:
        """As the port says."""
        question = Batch(raw, by, bounds)
        if len(raw) < WORTH_BYTES:
            return question.prepared()
        self.start()
        if not self._idle:
            return question.prepared()
        answer = await self._ask(self._idle.pop(), question)
        if isinstance(answer, ProblemError):
            raise answer
        return answer

    def _share_out(self) -> None:
        if len(self._waiting) >= GROUP:
            self.start()
        while self._idle and len(self._waiting) >= GROUP:
            group = [self._waiting.popleft() for _ in range(min(MAX_GROUP, len(self._waiting)))]
            self._spawn(self._hand_over(self._idle.pop(), group))
        for _ in range(min(HERE, len(self._waiting))):
            post, by, answer = self._waiting.popleft()
            with _owed([answer]):
                _settle([answer], [prepare.one(post, by)])
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._share_out)

    async def _hand_over(self, worker: _Worker, group: Sequence[tuple[Post, By, "asyncio.Future[Prepared]"]]) -> None:
        answers = [answer for _, _, answer in group]
        with _owed(answers):
            prepared = await self._ask(worker, Posts([(post, by) for post, by, _ in group]))
            assert not isinstance(prepared, ProblemError)  # noqa: S101 - each post has an answer of its own
            _settle(answers, prepared)

    async def _ask(self, worker: _Worker, question: Question) -> Answer:
        try:
            answer = await worker.ask(question)
        except _LOST:
            self._lose(worker)
            return _answer(question)
        except asyncio.CancelledError:
            self._lose(worker)  # its answer would be taken for the next one
            raise
        self._idle.append(worker)
        return answer

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def start(self) -> None:
        """Start those that are missing; they are used when they are up."""
        while self._missing > 0:
            self._missing -= 1
            self._spawn(self._start())

    async def close(self) -> None:
        """End all of them."""
        self._missing = self._count = 0
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(worker.end() for worker in self._all))
        self._all.clear()
        self._idle.clear()

    async def _start(self) -> None:
        process = await asyncio.create_subprocess_exec(sys.executable, "-m", __spec__.name, stdin=PIPE, stdout=PIPE)
        worker = _Worker(process)
        self._all.add(worker)
        try:
            await worker.answer()
        except _LOST:
            self._lose(worker)
            return
        self._idle.append(worker)
        log.info("worker.started", workers=len(self._all))

    def _lose(self, worker: _Worker) -> None:
        log.warning("worker.lost", workers=len(self._all))
        self._all.discard(worker)
        self._missing += 1
        with suppress(ProcessLookupError):
            worker.process.kill()


def _frame(said: object) -> bytes:
    body = pickle.dumps(said, protocol=pickle.HIGHEST_PROTOCOL)
    return _LENGTH.pack(len(body)) + body


@contextmanager
def _owed(answers: Sequence["asyncio.Future[Prepared]"]) -> Iterator[None]:
    """Whatever happens, nobody is left waiting."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - each caller hears it, and answers for it
        for answer in answers:
            if not answer.done():
                answer.set_exception(error)
    finally:
        for answer in answers:
            answer.cancel()  # only one that nothing was said to


def _settle(answers: Sequence["asyncio.Future[Prepared]"], prepared: Sequence[Prepared]) -> None:
    for answer, what in zip(answers, prepared, strict=True):
        if not answer.done():  # a caller that has gone is owed nothing
            answer.set_result(what)


def _answer(question: Question) -> Answer:
    try:
        return question.prepared()
    except ProblemError as error:
        return error


def work(questions: BinaryIO, answers: BinaryIO) -> None:
    """Answer until nobody asks any more. The first answer says that this process is up."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who started it says when to stop
    gc.freeze()
    said: Answer = []
    while True:
        answers.write(_frame(said))
        answers.flush()
        head = questions.read(_LENGTH.size)
        if len(head) < _LENGTH.size:
            return
        question = pickle.loads(questions.read(_LENGTH.unpack(head)[0]))  # noqa: S301 - from the process that started this one
        said = _answer(question)


if __name__ == "__main__":
    pipe, sys.stdout = sys.stdout.buffer, sys.stderr  # whatever else is printed must not be taken for an answer
    work(sys.stdin.buffer, pipe)

"""Processes that prepare large batches beside this one, which meanwhile answers others.

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
from collections.abc import Sequence
from contextlib import suppress
from typing import BinaryIO, cast

import structlog

from frontdoor_chassis.problems import ProblemError
from frontdoor_gateway.core import prepare
from frontdoor_gateway.core.posts import Bounds
from frontdoor_gateway.core.prepare import By, Prepared

log = structlog.get_logger(__name__)

WORTH_BYTES = 50_000
"""A smaller batch is prepared sooner than it is handed over and back."""
STOP_SECONDS = 5.0
_LENGTH = struct.Struct("!Q")
_LOST = (OSError, asyncio.IncompleteReadError)

Answer = Sequence[Prepared] | ProblemError


class _Worker:
    """One process. It is asked one thing at a time."""

    def __init__(self, process: Process) -> None:
        self.process = process

    async def ask(self, question: tuple[bytes, By, Bounds]) -> Answer:
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
    """Started when the first large batch comes; until they are up, and when all are busy, batches are prepared here."""

    def __init__(self, count: int) -> None:
        self._missing = count
        self._all: set[_Worker] = set()
        self._idle: list[_Worker] = []
        self._starting: set[asyncio.Task[None]] = set()

    @property
    def pids(self) -> list[int]:
        """The processes that are up."""
        return [worker.process.pid for worker in self._all]

    async def batch(self, raw: bytes, by: By, bounds: Bounds) -> Sequence[Prepared]:
        """As `prepare.batch`."""
        if len(raw) < WORTH_BYTES:
            return prepare.batch(raw, by, bounds)
        self.start()
        if not self._idle:
            return prepare.batch(raw, by, bounds)
        worker = self._idle.pop()
        try:
            answer = await worker.ask((raw, by, bounds))
        except _LOST:
            self._lose(worker)
            return prepare.batch(raw, by, bounds)
        except asyncio.CancelledError:
            self._lose(worker)  # its answer would be taken for the next one
            raise
        self._idle.append(worker)
        if isinstance(answer, ProblemError):
            raise answer
        return answer

    def start(self) -> None:
        """Start those that are missing; they are used when they are up."""
        while self._missing > 0:
            self._missing -= 1
            task = asyncio.get_running_loop().create_task(self._start())
            self._starting.add(task)
            task.add_done_callback(self._starting.discard)

    async def close(self) -> None:
        """End all of them."""
        self._missing = 0
        for task in self._starting:
            task.cancel()
        await asyncio.gather(*self._starting, return_exceptions=True)
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


def _answer(raw: bytes, by: By, bounds: Bounds) -> Answer:
    try:
        return prepare.batch(raw, by, bounds)
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
        said = _answer(*question)


if __name__ == "__main__":
    pipe, sys.stdout = sys.stdout.buffer, sys.stderr  # whatever else is printed must not be taken for an answer
    work(sys.stdin.buffer, pipe)

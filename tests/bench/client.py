"""The load, in a process of its own: posts cases over keep-alive connections, closed-loop or at a steady rate.

`python -m bench.client FILE` reads one JSON object from standard input (`Load`) and writes one to the file (`Posted`).
Bodies are made before the clock starts. With `again`, what was not answered is posted again under the same id until it
is, as a careful sender does; otherwise any answer but the expected one is counted as an error.
"""

import asyncio
import gc
import sys
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import orjson
import uvloop
from pydantic import BaseModel

from bench.cases import CAUSE, PUBLISHER, Case, Incidents, as_cloud_event, cases
from bench.wire import Answer, BrokenConnectionError, Connection, connect, request

TAKEN, SOME_TAKEN = 202, 207
AGAIN_SECONDS = 0.2
"""Wait before posting again what was not answered."""


class Load(BaseModel):
    """What to post, where and how fast."""

    host: str = "127.0.0.1"
    port: int
    path: str = "/v1/police-incidents"
    key: str = ""
    first: int
    events: int
    connections: int = 64
    rate: float | None = None
    batch: int = 1
    occurred_at: str
    again: bool = False
    give_up_seconds: float = 120.0


class Posted(BaseModel):
    """What was answered. `events` are `(sender id, event, thread, place in its case, intended at, answered at)`, times monotonic."""

    seconds: float
    cpu_seconds: float
    errors: int
    retries: int
    events: list[tuple[str, str, str, int, float, float]]
    milliseconds: list[float]


@dataclass(slots=True)
class _Run:
    load: Load
    incidents: Incidents
    todo: deque[tuple[Case, list[bytes]]]
    ticks: "asyncio.Queue[float] | None"
    errors: int = 0
    retries: int = 0
    events: list[tuple[str, str, str, int, float, float]] = field(default_factory=list)
    milliseconds: list[float] = field(default_factory=list)

    @property
    def host(self) -> str:
        return f"{self.load.host}:{self.load.port}"

    def headers(self, media: str) -> dict[str, str]:
        return {"authorization": f"Bearer {self.load.key}", "content-type": media}

    def prepared(self, case: Case) -> list[bytes]:
        """The requests of a case. Those after the first lack only the id of the event that they answer."""
        return [self._one(case, place) for place in range(case.events)]

    def _one(self, case: Case, place: int) -> bytes:
        headers = {**self.headers("application/json"), "idempotency-key": case.sender_id(place)}
        body = self.incidents.body(case, place, CAUSE if place else None)
        return request("POST", self.load.path, self.host, headers, body)

    def many(self, part: list[Case]) -> bytes:
        """The request of a batch: the first event of each case."""
        events = [as_cloud_event(self.incidents.body(c, 0, None), sender_id=c.sender_id(0), source=PUBLISHER) for c in part]
        return request("POST", "/v1/events", self.host, self.headers("application/cloudevents-batch+json"), orjson.dumps(events))

    def took(self, case: Case, place: int, event: str, thread: str, began: float, ended: float) -> None:
        """Note an event that was answered."""
        self.events.append((case.sender_id(place), event, thread, place, began, ended))

    async def began(self) -> float:
        """When the next request is meant to go: now, or when its turn in the rate comes."""
        return time.monotonic() if self.ticks is None else await self.ticks.get()


class _Caller:
    """One connection that is opened again when it was lost."""

    def __init__(self, run: _Run) -> None:
        self._run = run
        self._connection: Connection | None = None

    async def ask(self, raw: bytes) -> Answer:
        """One answer. Posts again where the load says so."""
        deadline = time.monotonic() + self._run.load.give_up_seconds
        while True:
            try:
                answer = await self._once(raw)
                if answer.status in (TAKEN, SOME_TAKEN) or not self._run.load.again:
                    return answer
            except (OSError, BrokenConnectionError):
                self._connection = None
                if not self._run.load.again:
                    return Answer(0, b"")
            if time.monotonic() > deadline:
                return Answer(0, b"")
            self._run.retries += 1
            await asyncio.sleep(AGAIN_SECONDS)

    async def _once(self, raw: bytes) -> Answer:
        if self._connection is None or self._connection.lost:
            self._connection = await connect(self._run.load.host, self._run.load.port)
        return await self._connection.ask(raw)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()


async def _singles(run: _Run) -> None:
    """Post cases one event after the other until none is left."""
    caller = _Caller(run)
    while run.todo:
        case, requests = run.todo.popleft()
        await _case(run, caller, case, requests)
    caller.close()


async def _case(run: _Run, caller: _Caller, case: Case, requests: list[bytes]) -> None:
    cause = CAUSE
    for place, prepared in enumerate(requests):
        raw = prepared.replace(CAUSE.encode(), cause.encode()) if place else prepared
        began = await run.began()
        answer = await caller.ask(raw)
        ended = time.monotonic()
        if answer.status != TAKEN:
            run.errors += case.events - place
            return
        said = orjson.loads(answer.body)
        cause = said["event"]
        run.took(case, place, said["event"], said["thread"], began, ended)
        run.milliseconds.append((ended - began) * 1000)


async def _batches(run: _Run, prepared: "deque[tuple[list[Case], bytes]]") -> None:
    """Post batches that were made before, until none is left."""
    caller = _Caller(run)
    while prepared:
        part, raw = prepared.popleft()
        began = time.monotonic()
        answer = await caller.ask(raw)
        ended = time.monotonic()
        run.milliseconds.append((ended - began) * 1000)
        _note_batch(run, part, answer, began, ended)
    caller.close()


def _note_batch(run: _Run, part: list[Case], answer: Answer, began: float, ended: float) -> None:
    if answer.status != SOME_TAKEN:
        run.errors += len(part)
        return
    for case, item in zip(part, orjson.loads(answer.body)["items"], strict=True):
        if item["status"] == TAKEN:
            run.took(case, 0, item["event"], item["thread"], began, ended)
        else:
            run.errors += 1


async def _tick(ticks: "asyncio.Queue[float]", rate: float, total: int) -> None:
    """Hand out one turn after the other, each with the moment it was meant for: a late request counts as late."""
    started = time.monotonic()
    for n in range(total):
        at = started + n / rate
        await asyncio.sleep(max(0.0, at - time.monotonic()))
        ticks.put_nowait(at)


def _parts(load: Load) -> Iterator[list[Case]]:
    for at in range(0, load.events, load.batch):
        yield [Case(load.first + n) for n in range(at, min(at + load.batch, load.events))]


async def _post(load: Load) -> Posted:
    run = _Run(load, Incidents(load.occurred_at), deque(), None if load.rate is None else asyncio.Queue())
    prepared: deque[tuple[list[Case], bytes]] = deque()
    if load.batch > 1:
        # first events only: a later one needs the answer to the one before
        prepared.extend((part, run.many(part)) for part in _parts(load))
    else:
        run.todo.extend((case, run.prepared(case)) for case in cases(load.first, load.events))
    gc.collect()
    gc.freeze()
    work = [_batches(run, prepared) if load.batch > 1 else _singles(run) for _ in range(load.connections)]
    started, cpu = time.monotonic(), time.process_time()
    ticking = asyncio.ensure_future(_tick(run.ticks, load.rate, load.events + load.connections)) if run.ticks and load.rate else None
    await asyncio.gather(*work)
    seconds, spent = time.monotonic() - started, time.process_time() - cpu
    if ticking is not None:
        ticking.cancel()
    return Posted(
        seconds=seconds, cpu_seconds=spent, errors=run.errors, retries=run.retries, events=run.events, milliseconds=run.milliseconds
    )


def main() -> None:
    """Entry point."""
    load = Load.model_validate_json(sys.stdin.buffer.read())
    Path(sys.argv[1]).write_text(uvloop.run(_post(load)).model_dump_json())


if __name__ == "__main__":
    main()

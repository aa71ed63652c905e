"""A partner's system that takes webhooks: a real server that checks every signature and does as a test tells it."""

import asyncio
import hmac
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson
from aiohttp import web
from standardwebhooks import Webhook


@dataclass(frozen=True, slots=True)
class Answer:
    """What the receiver does with one request."""

    status: int = 204
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    hang: bool = False
    """Take the request and answer nothing until released."""
    drop: bool = False
    """Close the connection in place of an answer."""


@dataclass(frozen=True, slots=True)
class Got:
    """One request as it came in."""

    path: str
    id: str
    at: datetime
    payload: dict[str, Any]
    body: bytes
    headers: Mapping[str, str]
    status: int

    @property
    def number(self) -> int:
        """The number of the delivery."""
        return int(self.payload["data"]["number"])

    @property
    def kind(self) -> str:
        """What kind of delivery it is."""
        return str(self.payload["data"]["kind"])

    @property
    def taken(self) -> bool:
        """Whether the receiver said that it has it."""
        return 200 <= self.status < 300


class BadSignatureError(AssertionError):
    """A request came in that no secret of this receiver explains."""


def signed_by(secret: str, request_id: str, timestamp: str, body: bytes) -> str:
    """The signature that the reference library makes. Its own `verify` judges the time by the machine's clock."""
    return Webhook(secret).sign(request_id, datetime.fromtimestamp(int(timestamp), tz=UTC), body.decode())


class Receiver:
    """Answers 204 unless told otherwise. Paths are independent of each other."""

    def __init__(self) -> None:
        self.got: list[Got] = []
        self.refused: list[str] = []
        self.secrets: dict[str, list[str]] = defaultdict(list)
        self.base = ""
        self.in_flight: dict[str, int] = defaultdict(int)
        self.most_in_flight: dict[str, int] = defaultdict(int)
        self._answers: dict[str, deque[Answer]] = defaultdict(deque)
        self._always: dict[str, Answer] = {}
        self._changed = asyncio.Event()
        self._released = asyncio.Event()

    def url(self, name: str) -> str:
        """Where a desk takes its webhooks."""
        return f"{self.base}/hooks/{name}"

    def trust(self, name: str, *secrets: str) -> None:
        """The secrets with one of which requests for a name have to be signed."""
        self.secrets[name] = list(secrets)

    def next(self, name: str, *answers: Answer) -> None:
        """Answer the next requests for a name like this."""
        self._answers[name].extend(answers)

    def always(self, name: str, answer: Answer) -> None:
        """Answer every further request for a name like this."""
        self._always[name] = answer

    def release(self) -> None:
        """Let everything that hangs go."""
        self._released.set()
        self._released = asyncio.Event()

    def taken(self, name: str | None = None) -> list[Got]:
        """Requests that were answered 2xx."""
        return [g for g in self.got if g.taken and (name is None or g.path == name)]

    def numbers(self, name: str) -> list[int]:
        """Numbers of the requests answered 2xx, in order of arrival."""
        return [g.number for g in self.taken(name)]

    async def until(self, condition: Callable[[], bool], seconds: float = 10.0) -> None:
        """Wait for requests to make something true; fail when that takes too long."""
        async with asyncio.timeout(seconds):
            while not condition():
                changed = self._changed
                await changed.wait()

    async def arrived(self, count: int, name: str | None = None, seconds: float = 10.0) -> None:
        """Wait until so many requests came in, whatever the answer."""
        await self.until(lambda: len([g for g in self.got if name is None or g.path == name]) >= count, seconds)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One request."""
        name = request.match_info["name"]
        body = await request.read()
        self.in_flight[name] += 1
        self.most_in_flight[name] = max(self.most_in_flight[name], self.in_flight[name])
        try:
            return await self._answer(request, name, body)
        finally:
            self.in_flight[name] -= 1

    async def _answer(self, request: web.Request, name: str, body: bytes) -> web.StreamResponse:
        answer = self._answers[name].popleft() if self._answers[name] else self._always.get(name, Answer())
        self._check(name, request.headers, body)
        self._note(name, request.headers, body, 0 if answer.hang or answer.drop else answer.status)
        if answer.hang:
            await self._released.wait()
        if answer.drop and request.transport is not None:
            request.transport.close()
        return web.Response(status=answer.status, headers=dict(answer.headers), body=answer.body)

    def _check(self, name: str, headers: Mapping[str, str], body: bytes) -> None:
        given = headers["webhook-signature"].split(" ")
        made = [signed_by(s, headers["webhook-id"], headers["webhook-timestamp"], body) for s in self.secrets[name]]
        if not any(hmac.compare_digest(g, m) for g in given for m in made):
            self.refused.append(headers["webhook-id"])

    def _note(self, name: str, headers: Mapping[str, str], body: bytes, status: int) -> None:
        at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), tz=UTC)
        self.got.append(Got(name, headers["webhook-id"], at, orjson.loads(body), body, dict(headers), status))
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def assert_all_signed(self) -> None:
        """Every request carried a signature by a trusted secret."""
        if self.refused:
            raise BadSignatureError(f"{len(self.refused)} of {len(self.got)} requests were not signed by a trusted secret")


def ids(got: Iterable[Got]) -> list[str]:
    """Their `webhook-id`s, in order."""
    return [g.id for g in got]


@asynccontextmanager
async def open_receiver(host: str = "127.0.0.1") -> AsyncIterator[Receiver]:
    """A receiver on a free port."""
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/hooks/{name}", receiver.handle)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, host, 0)
    await site.start()
    receiver.base = f"http://{host}:{runner.addresses[0][1]}"
    try:
        yield receiver
    finally:
        receiver.release()
        await runner.cleanup()

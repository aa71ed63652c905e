"""Webhook endpoints of partners' systems: real HTTP, signatures verified, each can be down."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self

from aiohttp import web
from standardwebhooks import Webhook

ADDRESS = "127.0.0.1"
TOLERANCE = timedelta(minutes=5)
"""How far a time stamp may lie from the rehearsal's clock: what Standard Webhooks receivers allow."""


@dataclass(frozen=True, slots=True)
class Call:
    """One webhook call whose signature was good."""

    desk: str
    id: str
    body: str
    at: datetime


def path_of(desk: str) -> str:
    """Where below a server's address the endpoint of a desk is."""
    return f"/hooks/{desk}"


class Receivers:
    """One endpoint for each desk, on one server. Port 0 is one that is free."""

    def __init__(
        self,
        *,
        now: Callable[[], datetime],
        address: str = ADDRESS,
        port: int = 0,
        took: Callable[[Call], None] | None = None,
        turned_away: Callable[[str], None] | None = None,
    ) -> None:
        """`took` and `turned_away` hear of each call in place of `calls` and `broken`, which keep all of them."""
        self.calls: list[Call] = []
        self.broken: list[str] = []
        self.refused: dict[str, int] = {}
        self._now = now
        self._address = address
        self._port = port
        self._took = took or self.calls.append
        self._turned_away = turned_away or self.broken.append
        self._secrets: dict[str, str] = {}
        self._down: set[str] = set()
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post(path_of("{desk}"), self._take)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._address, self._port)
        await site.start()
        self._port = int(self._runner.addresses[0][1])
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    def url(self, desk: str) -> str:
        """Where a desk's endpoint is."""
        return f"http://{self._address}:{self._port}{path_of(desk)}"

    def knows(self, desk: str, secret: str) -> None:
        """Tell the endpoint its secret."""
        self._secrets[desk] = secret

    def set(self, desk: str, *, up: bool) -> None:
        """Let an endpoint answer, or not."""
        (self._down.discard if up else self._down.add)(desk)

    @property
    def any_down(self) -> bool:
        """Whether an endpoint does not answer now."""
        return bool(self._down)

    async def _take(self, request: web.Request) -> web.StreamResponse:
        desk = request.match_info["desk"]
        if desk in self._down:
            self.refused[desk] = self.refused.get(desk, 0) + 1
            if request.transport is not None:
                request.transport.abort()
            await asyncio.sleep(0)
            return web.Response(status=503)
        body = await request.text()
        if problem := self._problem(desk, request.headers, body):
            self._turned_away(f"{desk}: webhook refused: {problem}")
            return web.Response(status=401)
        self._took(Call(desk, request.headers["webhook-id"], body, self._now()))
        return web.Response(status=204)

    def _problem(self, desk: str, headers: Mapping[str, str], body: str) -> str | None:
        secret = self._secrets.get(desk)
        if secret is None:
            return "this endpoint was never registered"
        stamp = headers.get("webhook-timestamp", "")
        if not stamp.isdigit():
            return "no time stamp"
        sent = datetime.fromtimestamp(int(stamp), tz=UTC)
        # sign() of the library takes the machine's zone for granted and verify() the machine's clock; so: sign and compare
        expected = Webhook(secret).sign(headers.get("webhook-id", ""), sent, body)
        if expected not in headers.get("webhook-signature", "").split():
            return "the signature does not fit"
        if abs(self._now() - sent) > TOLERANCE:
            return f"the time stamp is {sent:%d %b %H:%M}"
        return None

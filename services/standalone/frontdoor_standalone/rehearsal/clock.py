"""One clock for all services of a rehearsal, moved on only when nothing is in flight."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

import httpx

from frontdoor_standalone.exchange import Exchange

LONGEST_STEP = timedelta(hours=12)
"""Time never jumps further at once: a day has a beginning and an end that services have to see."""
STEP_WHILE_TRYING = timedelta(minutes=15)
"""Nor further than this while an endpoint is down: what is tried again and again is to be tried as often as in real time."""
QUIET_POLLS = 2
"""How often in a row all services have to be idle with nothing done in between."""
QUIET_POLLS_ON_THE_WAY = 2
"""As much, of looks in a row that find what the last rest found: nothing came in since, and with the clock nothing fell due."""
PAUSE_SECONDS = 0.03
PATIENCE_SECONDS = 60.0
"""Real time after which a rehearsal that does not come to rest is given up."""
TOKEN = "X-Rehearsal-Token"  # noqa: S105 - the name of a header


_T = TypeVar("_T")


class RestlessError(RuntimeError):
    """The services do not come to rest: something is wrong with the exchange, not with the scenario."""


@dataclass(frozen=True, slots=True)
class Rest:
    """How patient the wait for rest is."""

    pause: float = PAUSE_SECONDS
    polls: int = QUIET_POLLS


OVER_A_BROKER = Rest(polls=QUIET_POLLS + 1)
"""A record may be on its way between two services, seen by neither."""


class RehearsalClock:
    """The scenario's time."""

    def __init__(self, start: datetime, *, moved: Callable[[datetime], None] | None = None) -> None:
        self.now = start
        self._moved = moved

    def attach(self, exchange: Exchange, client: httpx.AsyncClient, rest: Rest) -> "Mover":
        """Take charge of the clocks of a running exchange."""
        return Mover(self, exchange, client, rest, self._moved)


class Mover:
    """Moves all clocks together."""

    def __init__(
        self,
        clock: RehearsalClock,
        exchange: Exchange,
        client: httpx.AsyncClient,
        rest: Rest,
        moved: Callable[[datetime], None] | None,
    ) -> None:
        self._clock = clock
        self._exchange = exchange
        self._client = client
        self._rest = rest
        self._moved = moved
        self._at_rest: list[object] | None = None
        self._headers = {TOKEN: exchange.rehearsal_token}
        self._admin = {"Authorization": f"Bearer {exchange.admin_token}"}

    async def advance(self, to: datetime, *, trying: bool) -> None:
        """Go to a moment by way of everything that falls due before it; in short steps while something is being tried again."""
        longest = STEP_WHILE_TRYING if trying else LONGEST_STEP
        while self._clock.now < to:
            step = min([to, self._clock.now + longest, *await self._next_due()])
            await self._set(step)
            await self._settle(on_the_way=step < to)

    async def settle(self) -> None:
        """Return when nothing is in flight. Raises `RestlessError`."""
        await self._settle(on_the_way=False)

    async def _settle(self, *, on_the_way: bool) -> None:
        deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        quiet, before, busy = 0, self._at_rest if on_the_way else None, [""]
        while True:
            if asyncio.get_running_loop().time() > deadline:
                raise RestlessError(f"at {self._clock.now:%d %b %H:%M} there is no rest: {', '.join(busy) or 'something new all the time'}")
            answers = await self._of_all(self._look)
            done = [answer["done"] for answer in answers]
            busy = [name for name, answer in zip(self._exchange.services, answers, strict=True) if not answer["idle"]]
            quiet = quiet + 1 if not busy and done == before else 0
            before = done
            enough = QUIET_POLLS_ON_THE_WAY if on_the_way and done == self._at_rest else self._rest.polls
            if quiet >= enough:
                self._at_rest = done
                return
            await asyncio.sleep(self._rest.pause)

    async def _next_due(self) -> list[datetime]:
        response = await self._client.get(self._exchange.router + "/admin/next-due", headers=self._admin)
        response.raise_for_status()
        due = response.json()["next_due"]
        at = datetime.fromisoformat(due) if due else None
        return [at] if at and at > self._clock.now else []

    async def _set(self, to: datetime) -> None:
        self._clock.now = to
        await self._of_all(lambda base: self._put(base, to))
        if self._moved:
            self._moved(to)

    async def _of_all(self, ask: Callable[[str], Coroutine[None, None, _T]]) -> list[_T]:
        """Of all services at once. When one does not answer no other request is left behind, to open a connection that nobody closes."""
        asked = [asyncio.create_task(ask(base)) for base in self._exchange.services.values()]
        try:
            return await asyncio.gather(*asked)
        finally:
            for one in asked:
                one.cancel()
            await asyncio.gather(*asked, return_exceptions=True)

    async def _look(self, base: str) -> dict[str, object]:
        response = await self._client.get(base + "/rehearsal/activity", headers=self._headers)
        response.raise_for_status()
        answer: dict[str, object] = response.json()
        return answer

    async def _put(self, base: str, to: datetime) -> None:
        response = await self._client.put(base + "/rehearsal/clock", json={"now": to.isoformat()}, headers=self._headers)
        response.raise_for_status()

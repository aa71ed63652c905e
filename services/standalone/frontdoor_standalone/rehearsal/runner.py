"""Runs scenarios: each on an exchange of its own, started for it and ended after it."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
from httpx_aiohttp import AiohttpTransport

from frontdoor_router.adapters.pack_files import load_pack
from frontdoor_router.core.pack import Pack
from frontdoor_standalone.deployment import Deployment
from frontdoor_standalone.exchange import Exchange
from frontdoor_standalone.rehearsal.clock import Rest
from frontdoor_standalone.rehearsal.driver import Driver, Tell, open_sinks
from frontdoor_standalone.rehearsal.judge import Verdict, judge
from frontdoor_standalone.rehearsal.observed import Observations
from frontdoor_standalone.rehearsal.people import individuals
from frontdoor_standalone.rehearsal.rules import rules_of
from frontdoor_standalone.rehearsal.scenario import Written
from frontdoor_standalone.rehearsal.view import View

BEFORE = timedelta(hours=1)
"""How long before a scenario starts its people's relations are made known."""
REQUEST_SECONDS = 60.0
REUSED_SECONDS = 1.0
"""How long a connection may be idle and be used again: well below the time after which a service closes it."""

Launch = Callable[[Deployment, datetime, int], AbstractAsyncContextManager[Exchange]]
"""Starts an exchange whose clocks stand at a moment and whose e-mail goes to a local port."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one scenario."""

    written: Written
    verdicts: tuple[Verdict, ...]
    seen: Observations

    @property
    def passed(self) -> bool:
        """Whether every expectation was met and nobody else was told anything."""
        return all(v.passed for v in self.verdicts)


def _silent(_when: datetime, _text: str) -> None:
    return


@dataclass(frozen=True, slots=True)
class Runner:
    """Plays scenarios on one kind of exchange."""

    launch: Launch
    rest: Rest = field(default_factory=Rest)
    tell: Tell = _silent

    async def run(self, written: Written, pack: Path) -> Result:
        """Play one scenario under a pack and judge it."""
        loaded = load_pack(pack)
        scenario = written.scenario
        deployment = Deployment.of(pack)
        async with AsyncExitStack() as stack:
            sinks = await open_sinks(stack, scenario.starts - BEFORE, deployment.directory)
            exchange = await stack.enter_async_context(self.launch(deployment, scenario.starts - BEFORE, sinks.mail.port))
            light = AiohttpTransport(limits=httpx.Limits(keepalive_expiry=REUSED_SECONDS))  # half the processor's time of httpx's own
            client = await stack.enter_async_context(httpx.AsyncClient(timeout=REQUEST_SECONDS, transport=light))
            driver = Driver(scenario, exchange, deployment.directory, sinks, client, self.rest, self.tell)
            seen = await driver.run()
        return Result(written, tuple(judge(written, view_of(written, loaded, seen))), seen)


def view_of(written: Written, pack: Pack, seen: Observations) -> View:
    """One run, ready to be judged."""
    scenario = written.scenario
    return View(seen, rules_of(pack), individuals(scenario.people), scenario.starts, ZoneInfo(pack.directory.time_zone))

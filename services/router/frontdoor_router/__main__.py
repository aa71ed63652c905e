"""Runs the router as a process of its own, settings from its environment."""

import uvloop

from frontdoor_chassis import logs
from frontdoor_chassis.bus.kafka import KafkaBus
from frontdoor_chassis.clock import Clock, SettableClock, SystemClock
from frontdoor_chassis.web import serve
from frontdoor_router.app import open_router
from frontdoor_router.settings import RouterSettings


async def run(settings: RouterSettings, clock: Clock | None = None) -> None:
    """Serve until a signal comes or a loop fails. A rehearsal may hand in a clock that stands at its own beginning."""
    system = SystemClock()
    clock = clock or (SettableClock(system.now()) if settings.rehearsal_token else system)
    bus = KafkaBus(settings.kafka, client_id="frontdoor-router", security=settings.security)
    async with open_router(settings, bus=bus, clock=clock) as router:
        await serve(router.app, host=settings.host, port=settings.port, running=router.supervisor.wait(), closing=lambda: None)


def main() -> None:
    """Entry point of `python -m frontdoor_router`."""
    settings = RouterSettings()
    logs.configure(service="router", level=settings.log_level)
    uvloop.run(run(settings))


if __name__ == "__main__":
    main()

"""Runs the notifier as a process of its own, settings from its environment."""

import uvloop

from frontdoor_chassis import logs
from frontdoor_chassis.bus.kafka import KafkaBus
from frontdoor_chassis.clock import Clock, SettableClock, SystemClock
from frontdoor_chassis.web import serve
from frontdoor_notifier.app import open_notifier
from frontdoor_notifier.settings import NotifierSettings


async def run(settings: NotifierSettings, clock: Clock | None = None) -> None:
    """Serve until a signal comes or a loop fails. A rehearsal may hand in a clock that stands at its own beginning."""
    system = SystemClock()
    clock = clock or (SettableClock(system.now()) if settings.rehearsal_token else system)
    bus = KafkaBus(settings.kafka, client_id="frontdoor-notifier", security=settings.security)
    async with open_notifier(settings, bus=bus, clock=clock) as notifier:
        await serve(notifier.app, host=settings.host, port=settings.port, running=notifier.supervisor.wait(), closing=notifier.quiesce)


def main() -> None:
    """Entry point of `python -m frontdoor_notifier`."""
    settings = NotifierSettings()
    logs.configure(service="notifier", level=settings.log_level)
    uvloop.run(run(settings))


if __name__ == "__main__":
    main()

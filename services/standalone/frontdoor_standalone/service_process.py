"""Runs one service as a process of its own, settings from its environment. Imports that service and no other."""

import os
import sys
from datetime import datetime

import uvloop

from frontdoor_chassis import logs
from frontdoor_chassis.clock import Clock, SettableClock

STARTS_AT = "FRONTDOOR_REHEARSAL_STARTS_AT"
"""Where the clock of a rehearsal stands at first (RFC 3339). Only services whose settings allow a settable clock look at it."""
SERVICES = ("gateway", "router", "notifier")


def _clock(*, settable: bool) -> Clock | None:
    starts = os.environ.get(STARTS_AT)
    return SettableClock(datetime.fromisoformat(starts)) if settable and starts else None


def run_gateway() -> None:
    """One gateway; settings `FRONTDOOR_GATEWAY_…`."""
    from frontdoor_gateway.__main__ import run
    from frontdoor_gateway.settings import GatewaySettings

    settings = GatewaySettings()
    logs.configure(service=f"gateway.{settings.name}", level=settings.log_level)
    uvloop.run(run(settings, _clock(settable=settings.rehearsal_token is not None)))


def run_router() -> None:
    """The router; settings `FRONTDOOR_ROUTER_…`."""
    from frontdoor_router.__main__ import run
    from frontdoor_router.settings import RouterSettings

    settings = RouterSettings()
    logs.configure(service="router")
    uvloop.run(run(settings, _clock(settable=settings.rehearsal_token is not None)))


def run_notifier() -> None:
    """The notifier; settings `FRONTDOOR_NOTIFIER_…`."""
    from frontdoor_notifier.__main__ import run
    from frontdoor_notifier.settings import NotifierSettings

    settings = NotifierSettings()
    logs.configure(service="notifier", level=settings.log_level)
    uvloop.run(run(settings, _clock(settable=settings.rehearsal_token is not None)))


def main(service: str) -> None:
    """Run the service of a name."""
    {"gateway": run_gateway, "router": run_router, "notifier": run_notifier}[service]()


if __name__ == "__main__":
    main(sys.argv[1])

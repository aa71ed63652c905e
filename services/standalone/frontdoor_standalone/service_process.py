"""Runs one service as a process of its own, settings from its environment."""

import os
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import uvloop

from frontdoor_chassis import logs
from frontdoor_chassis.clock import Clock, SettableClock

STARTS_AT = "FRONTDOOR_REHEARSAL_STARTS_AT"
"""Where the clock of a rehearsal stands at first (RFC 3339). Only services whose settings allow a settable clock look at it."""


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


def run(service: str, environment: Mapping[str, str], log: Path) -> None:
    """Be the process of a service, forked from one that serves nobody: with this environment and no other, and this log.

    In a session of its own: Ctrl-C is for whoever started the partnership, which stops the services in order.
    """
    os.setsid()
    os.environ.clear()
    os.environ.update(environment)
    with log.open("ab") as output:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(output.fileno(), stream.fileno())
    {"gateway": run_gateway, "router": run_router, "notifier": run_notifier}[service]()

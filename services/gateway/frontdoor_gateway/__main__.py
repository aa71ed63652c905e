"""Runs a gateway as a process of its own, settings from its environment; or writes down its interface."""

import argparse
import json
import sys
from pathlib import Path

import uvloop

from frontdoor_chassis import logs
from frontdoor_chassis.bus.kafka import KafkaBus
from frontdoor_chassis.clock import Clock, SettableClock, SystemClock
from frontdoor_chassis.web import serve
from frontdoor_gateway.app import described, open_gateway
from frontdoor_gateway.settings import GatewaySettings


async def run(settings: GatewaySettings, clock: Clock | None = None) -> None:
    """Serve until a signal comes or a loop fails. A rehearsal may hand in a clock that stands at its own beginning."""
    system = SystemClock()
    clock = clock or (SettableClock(system.now()) if settings.rehearsal_token else system)
    bus = KafkaBus(settings.kafka, client_id=f"frontdoor-gateway-{settings.name}", security=settings.security)
    async with open_gateway(settings, bus=bus, clock=clock) as gateway:
        await serve(
            gateway.app,
            host=settings.host,
            port=settings.port,
            running=gateway.supervisor.wait(),
            closing=gateway.close_door,
            drain_seconds=round(settings.drain_seconds),
        )


def write_description(path: Path, *, check: bool) -> bool:
    """Write the interface's description, or say whether the file is as it would be written."""
    text = json.dumps(described(), indent=2, ensure_ascii=False) + "\n"
    if check:
        return path.exists() and path.read_text() == text
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return True


def main(arguments: list[str] | None = None) -> int:
    """Entry point of `python -m frontdoor_gateway`."""
    parser = argparse.ArgumentParser(prog="frontdoor_gateway", description=__doc__)
    parser.add_argument("--openapi", type=Path, metavar="FILE", help="write the interface's description to FILE and end")
    parser.add_argument("--check", action="store_true", help="with --openapi: end with 1 when FILE is not up to date, and write nothing")
    given = parser.parse_args(arguments)
    if given.openapi:
        return 0 if write_description(given.openapi, check=given.check) else 1
    settings = GatewaySettings()
    logs.configure(service=f"gateway.{settings.name}", level=settings.log_level)
    uvloop.run(run(settings))
    return 0


if __name__ == "__main__":
    sys.exit(main())

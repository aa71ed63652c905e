"""A notifier as a process of its own on a bus in PostgreSQL, for tests that kill it. Arguments: DSN, directory, instance."""

import asyncio
import sys
from datetime import timedelta
from pathlib import Path

import structlog
from pydantic import SecretStr

from frontdoor_chassis.bus.postgres import PostgresBus
from frontdoor_chassis.clock import SystemClock
from frontdoor_chassis.store.engine import open_pool
from frontdoor_notifier.app import open_notifier
from support.delivering import settings_for

TIMEOUT, LEASE = timedelta(seconds=1), timedelta(seconds=2)


async def run(dsn: str, directory: Path, instance: str) -> None:
    """Work until killed."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("WARNING"))
    rules = {"timeout": TIMEOUT, "lease": LEASE, "instance": instance, "environment": "production", "rehearsal_token": None}
    settings = settings_for(dsn, directory, **rules, secret_key=SecretStr("made-up-key-of-secrets"))
    pool = await open_pool(dsn, schema="bus", role="notifier", max_size=3)
    async with open_notifier(settings, bus=PostgresBus(pool), clock=SystemClock()) as notifier:
        await notifier.supervisor.wait()


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1], Path(sys.argv[2]), sys.argv[3]))

"""A partnership as one operating-system process per service, on a real Kafka and a PostgreSQL."""

import asyncio
import json
import multiprocessing
import os
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from pydantic_settings import BaseSettings

from frontdoor_chassis.bus.kafka_admin import ensure_topics
from frontdoor_standalone import service_process
from frontdoor_standalone.configuring import Surroundings, gateway_settings, notifier_settings, router_settings
from frontdoor_standalone.database import Database
from frontdoor_standalone.deployment import NOTIFIER, ROUTER, Deployment
from frontdoor_standalone.exchange import Exchange
from frontdoor_standalone.readiness import wait_until_ready
from frontdoor_standalone.servers.processes import free_ports
from frontdoor_standalone.service_process import STARTS_AT

_FROM_WARM = multiprocessing.get_context("forkserver")
_FROM_WARM.set_forkserver_preload(
    ["frontdoor_standalone.__main__", "frontdoor_gateway.__main__", "frontdoor_router.__main__", "frontdoor_notifier.__main__"]
)
"""Services fork from a process that has imported them and done nothing else: what takes each two seconds of processor is done once.

The command line is among them because a forked process imports the main module of whoever started it.
"""

HOST = "127.0.0.1"
STOP_SECONDS = 30.0
"""Longer than any service's own drain."""
LINES_SAID = 5
"""How much of the end of a log is said: the log itself goes with the run's folder."""


class ProcessDiedError(RuntimeError):
    """A service's process ended by itself; the message says which, how, and what its log says last."""


@dataclass(slots=True)
class ServiceProcess:
    """One service: how to run it, and the process that runs it now."""

    name: str
    kind: str
    port: int
    environment: Mapping[str, str] = field(repr=False)
    log: Path
    process: BaseProcess | None = None
    wanted: bool = False

    @property
    def base(self) -> str:
        """Its address."""
        return f"http://{HOST}:{self.port}"

    async def start(self) -> None:
        """Start it; it is not ready yet when this returns. The first of all waits until the services are imported."""
        self.wanted = True
        process = _FROM_WARM.Process(
            target=service_process.run,
            args=(self.kind, {**_inherited(), **self.environment}, self.log),
            name=self.name,
            daemon=True,  # should whoever started it end without ending it, it does not wait for it
        )
        starting = asyncio.create_task(asyncio.to_thread(process.start))
        try:
            await asyncio.shield(starting)
        except asyncio.CancelledError:
            await starting  # what is on its way is there in a moment, and can be stopped only then
            raise
        finally:
            if process.pid is not None:
                self.process = process

    async def stop(self, *, kill: bool = False) -> None:
        """Return when it has ended. With `kill`, as a machine that fails would."""
        self.wanted = False
        process = self.process
        if process is None:
            return
        if kill:
            process.kill()
        else:
            process.terminate()
        await asyncio.to_thread(process.join, STOP_SECONDS)
        if process.is_alive():
            process.kill()
            await asyncio.to_thread(process.join)
        self.process = None

    @property
    def died(self) -> bool:
        """Whether it ended although nobody asked it to."""
        return self.wanted and self.process is not None and self.process.exitcode is not None

    @property
    def said_last(self) -> str:
        """How its log ends, over all its starts."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines() if self.log.exists() else []
        return "\n".join([f"the log of {self.name} ends with:", *(lines[-LINES_SAID:] or ["nothing"])])


@dataclass(frozen=True, slots=True)
class Processes:
    """All services of one partnership."""

    deployment: Deployment
    services: Mapping[str, ServiceProcess]
    keys: Mapping[str, str] = field(repr=False)

    @property
    def exchange(self) -> Exchange:
        """Where everything is."""
        return Exchange(
            pack=self.deployment.pack,
            gateways={name: self.services[name].base for name in self.deployment.directory.gateways()},
            router=self.services[ROUTER].base,
            notifier=self.services[NOTIFIER].base,
            keys=self.keys,
            admin_token=self.deployment.secrets.admin,
            rehearsal_token=self.deployment.secrets.rehearsal,
            pids={name: s.process.pid for name, s in self.services.items() if s.process and s.process.pid},
        )

    def check(self) -> None:
        """Raise `ProcessDiedError` when a service has ended by itself."""
        for service in self.services.values():
            if service.died and service.process:
                raise ProcessDiedError(f"{service.name} ended by itself with {service.process.exitcode}; {service.said_last}")

    @contextmanager
    def accountable(self) -> Iterator[None]:
        """When what uses the services fails, say what is known of them.

        Raises `ProcessDiedError` when one has ended by itself; else the failure has how each log ends as a note.
        """
        try:
            yield
        except Exception as error:
            self.check()
            for service in self.services.values():
                error.add_note(service.said_last)
            raise
        self.check()

    async def start(self) -> None:
        """Return when all are ready."""
        await asyncio.gather(*(service.start() for service in self.services.values()))
        await wait_until_ready(self.exchange.services.values(), self.check)

    async def stop(self) -> None:
        """Gateways take nothing more first; the notifier goes last, and delivers what is on its way."""
        gateways = [s for s in self.services.values() if s.name not in (ROUTER, NOTIFIER)]
        await asyncio.gather(*(g.stop() for g in gateways))
        for name in (ROUTER, NOTIFIER):
            await self.services[name].stop()


def _inherited() -> dict[str, str]:
    """Of our own environment only what a Python program needs: no setting of ours may leak into a service."""
    return {name: value for name, value in os.environ.items() if not name.startswith("FRONTDOOR_")}


def environment_of(settings: BaseSettings, **more: object) -> dict[str, str]:
    """Settings as the environment that gives them."""
    prefix = str(settings.model_config.get("env_prefix", ""))
    values = {name: value for name, value in settings if name in settings.model_fields_set} | more
    return {f"{prefix}{name}".upper(): _written(value) for name, value in values.items() if value is not None}


def _written(value: Any) -> str:
    match value:
        case SecretStr():
            return value.get_secret_value()
        case dict():
            return json.dumps({k: _written(v) for k, v in value.items()})
        case tuple() | list():
            return json.dumps([_written(v) for v in value])
        case bool():
            return str(value).lower()
        case _:
            return str(value)


@asynccontextmanager
async def open_processes(
    deployment: Deployment, around: Surroundings, *, bootstrap: str, start: datetime, logs: Path, replication: int = 1
) -> AsyncIterator[Processes]:
    """Prepare database and topics, start every service, and end each by its pid."""
    database = Database(around.dsn)
    await database.migrate(deployment)
    await ensure_topics(bootstrap, deployment.topics, replication=replication)
    keys = await database.keys(deployment, start, {})
    processes = Processes(deployment, _services(deployment, around, bootstrap, start, logs), keys)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(processes.stop)
        with processes.accountable():
            await processes.start()
            yield processes


def _services(deployment: Deployment, around: Surroundings, bootstrap: str, start: datetime, logs: Path) -> dict[str, ServiceProcess]:
    gateways = deployment.directory.gateways()
    settings: dict[str, tuple[str, BaseSettings]] = {g: ("gateway", gateway_settings(deployment, g, around)) for g in gateways}
    settings[ROUTER] = ("router", router_settings(deployment, around))
    settings[NOTIFIER] = ("notifier", notifier_settings(deployment, around))
    clock = {STARTS_AT: start.isoformat()} if around.rehearsal else {}
    ports = iter(free_ports(len(settings)))
    found = {}
    for name, (kind, given) in settings.items():
        port = next(ports)
        environment = environment_of(given, kafka=bootstrap, host=HOST, port=port)
        found[name] = ServiceProcess(name, kind, port, {**environment, **clock}, logs / f"{name}.log")
    return found

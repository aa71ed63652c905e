"""All services of a partnership in one process on one database. Several controllers in one process: made-up data only."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import structlog
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from frontdoor_chassis.bus.postgres import BusWake, PostgresBus
from frontdoor_chassis.clock import Clock
from frontdoor_chassis.store.engine import open_pool
from frontdoor_chassis.supervise import Supervisor
from frontdoor_chassis.web import serve
from frontdoor_gateway.app import open_gateway
from frontdoor_notifier.app import open_notifier
from frontdoor_router.app import open_router
from frontdoor_standalone.configuring import Surroundings, gateway_settings, notifier_settings, router_settings
from frontdoor_standalone.deployment import NOTIFIER, ROUTER, Deployment

log = structlog.get_logger(__name__)

HOST = "127.0.0.1"
BUS_CONNECTIONS = 3
"""A consumer keeps one for as long as it lives; a producer takes one at a time."""
MADE_UP = "This is one process for every agency: nobody's real data may be in it. Everybody in it must be made up."


@dataclass(frozen=True, slots=True)
class Service:
    """One service within the process."""

    name: str
    app: ASGIApp
    supervisor: Supervisor
    closing: Callable[[], None]


@asynccontextmanager
async def open_services(deployment: Deployment, around: Surroundings, clock: Clock) -> AsyncIterator[Sequence[Service]]:
    """Start every service on a prepared database, and stop all in reverse order."""
    async with AsyncExitStack() as stack:
        wake = BusWake()

        async def bus(service: str) -> PostgresBus:
            pool = await open_pool(around.dsn, schema="bus", role=deployment.schemas[service], max_size=BUS_CONNECTIONS)
            stack.push_async_callback(pool.close)
            return PostgresBus(pool, wake=wake)

        async def opened(service: str, start: Callable[..., AbstractAsyncContextManager[Any]], settings: object) -> Any:
            return await stack.enter_async_context(start(settings, bus=await bus(service), clock=clock))

        router = await opened(ROUTER, open_router, router_settings(deployment, around))
        found = [Service(ROUTER, router.app, router.supervisor, _nothing)]
        for name in deployment.directory.gateways():
            gateway = await opened(name, open_gateway, gateway_settings(deployment, name, around))
            found.append(Service(name, gateway.app, gateway.supervisor, gateway.close_door))
        notifier = await opened(NOTIFIER, open_notifier, notifier_settings(deployment, around))
        found.append(Service(NOTIFIER, notifier.app, notifier.supervisor, notifier.quiesce))
        yield found


def _nothing() -> None:
    """The router has no door to close."""


def one_app(deployment: Deployment, services: Sequence[Service]) -> Starlette:
    """Every service under its name, and a page that says what runs here."""
    names = [service.name for service in services]

    async def root(request: Request) -> Response:
        if "application/json" in request.headers.get("accept", ""):
            return JSONResponse({"partnership": deployment.directory.title, "services": [f"/{n}/" for n in names], "note": MADE_UP})
        return PlainTextResponse(_page(deployment, names))

    return Starlette(routes=[Route("/", root), *(Mount(f"/{service.name}", service.app) for service in services)])


def _page(deployment: Deployment, names: Sequence[str]) -> str:
    gateways = [f"  /{name}/v1/     gateway of {_agencies(deployment, name)}" for name in deployment.directory.gateways()]
    lines = [
        f"Frontdoor: {deployment.directory.title}",
        "",
        MADE_UP,
        "",
        *gateways,
        "  /router/admin/    decisions, obligations, tasks, audit",
    ]
    lines += ["  /notifier/admin/  endpoints of partners' systems", "", "Each service says how it is at /<name>/health/ready."]
    return "\n".join(lines) + "\n" if names else ""


def _agencies(deployment: Deployment, gateway: str) -> str:
    return ", ".join(a.id for a in deployment.directory.agencies.values() if a.gateway == gateway)


async def serve_services(deployment: Deployment, services: Sequence[Service], *, port: int, until: asyncio.Event) -> None:
    """Serve until a signal comes, `until` is set, or a loop of a service fails; raises what it failed of."""
    await serve(
        one_app(deployment, services),
        host=HOST,
        port=port,
        running=_first_to_end(services, until),
        closing=lambda: _close(services),
    )


def _close(services: Sequence[Service]) -> None:
    for service in services:
        service.closing()


async def _first_to_end(services: Sequence[Service], until: asyncio.Event) -> None:
    waits = [asyncio.ensure_future(service.supervisor.wait()) for service in services]
    waits.append(asyncio.ensure_future(until.wait()))  # type: ignore[arg-type] # its result is of no interest
    try:
        done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in waits:
            task.cancel()
        await asyncio.gather(*waits, return_exceptions=True)

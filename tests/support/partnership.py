"""Every service of a partnership in this process, asked without a server; its webhooks and e-mails are taken by real ones."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import orjson

from frontdoor_chassis.clock import SettableClock
from frontdoor_router.adapters.writing import unpack_records
from frontdoor_schemas.topics import FAMILY, to_gateway
from frontdoor_schemas.vocabulary import EventType
from frontdoor_standalone.configuring import Surroundings
from frontdoor_standalone.database import Database
from frontdoor_standalone.deployment import NOTIFIER, ROUTER, Deployment
from frontdoor_standalone.rehearsal.mail_sink import MailSink
from frontdoor_standalone.standalone import Service, open_services
from support.receiver import Receiver, open_receiver
from support.searching import legible
from support.whereabouts import Decision, Posted

TRIES, PAUSE = 600, 0.05
"""Half a minute at most, for what takes a second on a machine that does nothing else."""


class Partnership:
    """All services, and whatever left them."""

    def __init__(
        self, deployment: Deployment, services: list[Service], keys: dict[str, str], clock: SettableClock, hooks: Receiver, mail: MailSink
    ) -> None:
        self.deployment = deployment
        self.directory = deployment.directory
        self.clock = clock
        self.services = services
        self.keys = keys
        self.desks = [desk for desk in keys if deployment.directory.in_force(desk, clock.now().date())]
        self.hooks = hooks
        self.mail = mail
        self.said: list[str] = []

    async def ask(self, service: str, method: str, path: str, *, token: str | None = None, **content: Any) -> httpx.Response:
        """One request; its headers, and its body when it refuses, are kept to be searched."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=self._app(service)), base_url="http://made-up.example") as client:
            answer = await client.request(method, path, headers=headers, **content)
        self.said.append(str(answer.headers))
        if answer.is_error:
            self.said.append(answer.text)
        return answer

    def _app(self, service: str) -> Any:
        return next(s.app for s in self.services if s.name == service)

    async def post(self, desk: str, event_type: EventType, body: dict[str, Any], reply_to: str | None = None) -> httpx.Response:
        """Publish as a desk."""
        content = {"type": event_type.value, "in_reply_to": reply_to, "data": body}
        return await self.ask(self.directory.gateway_of(desk), "POST", f"/v1/{FAMILY[event_type]}", token=self.keys[desk], json=content)

    async def own(self, desk: str, path: str, **params: str) -> httpx.Response:
        """What a desk asks of its gateway."""
        return await self.ask(self.directory.gateway_of(desk), "GET", path, token=self.keys[desk], params=params)

    async def inbox(self, desk: str) -> list[dict[str, Any]]:
        """All that is in a desk's inbox; it is not said to have been received."""
        return [item["data"] for item in (await self.own(desk, "/v1/inbox", limit="500")).json()["items"]]

    async def stream(self, desk: str, count: int) -> list[dict[str, Any]]:
        """The first items of a desk's stream; then the desk hangs up."""
        heard, enough = bytearray(), asyncio.Event()
        headers = [(b"authorization", f"Bearer {self.keys[desk]}".encode()), (b"host", b"made-up.example")]
        scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "headers": headers,
        }
        scope |= {"path": "/v1/stream", "raw_path": b"/v1/stream", "query_string": b"", "root_path": "", "server": None, "client": None}

        async def hang_up() -> dict[str, Any]:
            await enough.wait()
            return {"type": "http.disconnect"}

        async def take(message: dict[str, Any]) -> None:
            heard.extend(message.get("body", b""))
            if heard.count(b"\ndata:") >= count:
                enough.set()

        async with asyncio.timeout(TRIES * PAUSE):
            await self._app(self.directory.gateway_of(desk))(scope, hang_up, take)
        return [orjson.loads(line.removeprefix(b"data:"))["data"] for line in bytes(heard).splitlines() if line.startswith(b"data:")]

    async def until_decided(self, event: str) -> dict[str, Any]:
        """What the router has kept of an event, once it has."""
        for _ in range(TRIES):
            answer = await self.ask(ROUTER, "GET", f"/admin/events/{event}", token=self.deployment.secrets.admin)
            self.said[-1:] = []  # not found yet is no refusal
            if answer.is_success and answer.json()["state"] != "waiting":
                found: dict[str, Any] = answer.json()
                return found
            await asyncio.sleep(PAUSE)
        raise AssertionError("the event was not decided")

    async def give_endpoints(self) -> None:
        """A webhook for every desk that there is today."""
        for desk in self.desks:
            body = {"url": self.hooks.url(desk)}
            answer = await self.ask(NOTIFIER, "PUT", f"/admin/endpoints/{desk}", token=self.deployment.secrets.admin, json=body)
            assert answer.is_success, answer.text
            self.hooks.trust(desk, answer.json()["secret"])


@asynccontextmanager
async def partnership(dsn: str, pack: Path, start: datetime) -> AsyncIterator[Partnership]:
    """A pack on a database of its own."""
    deployment = Deployment.of(pack)
    database = Database(dsn)
    await database.migrate(deployment)
    await database.make_bus(deployment)
    keys = await database.keys(deployment, start, {})
    clock = SettableClock(start)
    async with open_receiver() as hooks, MailSink(desk_of=str, now=clock.now) as mail:
        around = Surroundings(dsn, rehearsal=True, mail_port=mail.port)
        async with open_services(deployment, around, clock) as services:
            yield Partnership(deployment, list(services), dict(keys), clock, hooks, mail)


async def events_kept(connection: asyncpg.Connection, posted: dict[str, tuple[EventType, dict[str, Any]]]) -> dict[str, Posted]:
    """What was posted, by its id, with the sections that the router keeps of it."""
    rows = await connection.fetch("SELECT id, sections FROM router.event")
    return {
        str(row["id"]): Posted(str(row["id"]), *posted[str(row["id"])], orjson.loads(legible(row["sections"])))
        for row in rows
        if str(row["id"]) in posted
    }


async def decisions_kept(connection: asyncpg.Connection) -> dict[str, Decision]:
    """Every decision to tell a desk something, by its id."""
    rows = await connection.fetch(
        "SELECT id, event, desk, kind, given, made, quotes, withdrawn_at FROM router.disclosure WHERE number IS NOT NULL"
    )
    return {
        str(row["id"]): Decision(
            id=str(row["id"]),
            event=str(row["event"]),
            desk=row["desk"],
            kind=row["kind"],
            given=frozenset(str(one["section"]) for one in orjson.loads(row["given"])),
            made=orjson.loads(legible(row["made"])) if row["made"] else (),
            quotes=frozenset(str(event) for event in row["quotes"] or ()),
            taken_back=row["withdrawn_at"] is not None,
        )
        for row in rows
    }


async def rows_of_sections(connection: asyncpg.Connection, deployment: Deployment) -> AsyncIterator[tuple[str, str, str]]:
    """Everything stored that may hold an event or a delivery: where it is, the id of the one that it is of, and the text.

    What the router made for one desk alone is not among it: that is part of the decision.
    """
    tables = [("router.event", "id", "sections"), ("notifier.delivery", "id", "body")]
    for gateway in deployment.directory.gateways():
        schema = deployment.schemas[gateway]
        tables += [(f"{schema}.submission", "event", "sections"), (f"{schema}.inbox", "disclosure", "delivery")]
    for table, key, column in tables:
        for row in await connection.fetch(f"SELECT {key}, {column} FROM {table} WHERE {column} IS NOT NULL"):  # noqa: S608 - names from above
            yield f"{table}.{column}", str(row[0]), legible(row[1])
    for (packed,) in await connection.fetch("SELECT records FROM router.outbox"):
        for record in unpack_records(packed):
            yield "router.outbox.records", *_of_record(record.value)
    for topic in deployment.topics:
        for (value,) in await connection.fetch(f'SELECT value FROM bus."{topic}"'):  # noqa: S608 - a topic of the deployment
            yield f"bus.{topic}", *_of_record(value)


def _of_record(value: bytes) -> tuple[str, str]:
    record = orjson.loads(value)
    owner = record["id"] if record.get("record") == "delivery" else record.get("envelope", {}).get("id", "")
    return str(owner), value.decode()


def desks_of_topic(deployment: Deployment, place: str) -> frozenset[str] | None:
    """The desks whose deliveries may be in a place: those of its gateway; None where any may be."""
    for gateway in deployment.directory.gateways():
        if place in (f"bus.{to_gateway(gateway)}", f"{deployment.schemas[gateway]}.inbox.delivery"):
            return frozenset(desk.id for desk in deployment.directory.desks_of_gateway(gateway))
    return None

"""Marked values are planted in every text of every kind of event, and looked for everywhere that they must not be.

Where they may be: the sections that hold them, in the columns named below, and what a recipient reads. Nowhere else:
no log line, metric, header, key, error text, address, or any other column of any table.
"""

import asyncio
import io
import re
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from contract.made_up import a_body
from frontdoor_chassis import logs
from frontdoor_chassis.bus.postgres import _headers_as_bytes
from frontdoor_chassis.clock import SettableClock
from frontdoor_schemas.topics import FAMILY, type_name
from frontdoor_schemas.vocabulary import EventType
from frontdoor_standalone.configuring import Surroundings
from frontdoor_standalone.database import Database
from frontdoor_standalone.deployment import NOTIFIER, ROUTER, Deployment
from frontdoor_standalone.standalone import Service, open_services
from support.searching import legible

PACK = Path(__file__).resolve().parents[2] / "deploy" / "partnerships" / "stockton"
MARK = "Planted"
IDENTIFIERS = ("9990000018", "9990000026", "9990000034", "9990000042", "B801200005001", "ZZ99 3VZ")
START = datetime(2020, 11, 11, 10, 0, tzinfo=UTC)
MAY_HOLD = {
    ("submission", "sections"),
    ("inbox", "delivery"),
    ("event", "sections"),
    ("disclosure", "made"),
    ("waiting", "record"),
    ("outbox", "records"),
    ("delivery", "body"),
    ("bus", "value"),
}
"""Table and column of what is stored of sections; for the bus, the value of any topic's records."""

SOURCES = {
    EventType.referral: "ash-primary.dsl",
    EventType.police_incident: "police.pvp",
    EventType.information_request: "hub.front-door",
    EventType.strategy_discussion: "social-care.conference",
    EventType.conference_minutes: "social-care.conference",
    EventType.core_group_minutes: "social-care.conference",
    EventType.investigation_status: "police.pvp",
    EventType.plan_status: "social-care.duty",
    EventType.involvement_started: "social-care.duty",
    EventType.involvement_ended: "social-care.duty",
    EventType.query: "social-care.duty",
}
REPLIES = {
    EventType.referral_outcome: ("hub.front-door", EventType.referral),
    EventType.incident_closed: ("police.pvp", EventType.police_incident),
    EventType.information_response: ("social-care.duty", EventType.referral),
    EventType.correction: ("police.pvp", EventType.police_incident),
    EventType.withdrawal: ("police.pvp", EventType.investigation_status),
}
NOT_OF_A_BORN_CHILD = {"unborn", "expected_on", "mother"}
CONTRACT_WORDS = re.compile(r"^text (\d+) – žluťoučký$")


def planted(node: Any) -> Any:
    """The same body with every free text marked."""
    match node:
        case dict():
            return {k: planted(v) for k, v in node.items() if k not in NOT_OF_A_BORN_CHILD}
        case list():
            return [planted(v) for v in node]
        case str() if found := CONTRACT_WORDS.match(node):
            return f"{MARK} {found[1]} value"
    return node


class Partnership:
    """Every service in this process, asked without a server."""

    def __init__(self, deployment: Deployment, services: list[Service], keys: dict[str, str]) -> None:
        self.deployment = deployment
        self.services = services
        self.keys = keys
        self.said: list[str] = []

    async def ask(self, service: str, method: str, path: str, *, token: str | None = None, **content: Any) -> httpx.Response:
        """One request; its headers, and its body when it refuses, are kept to be searched."""
        app = next(s.app for s in self.services if s.name == service)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://made-up.example") as client:
            answer = await client.request(method, path, headers=headers, **content)
        self.said.append(str(answer.headers))
        if answer.is_error:
            self.said.append(answer.text)
        return answer

    async def post(self, desk: str, event_type: EventType, body: dict[str, Any], reply_to: str | None = None) -> httpx.Response:
        """Publish as a desk."""
        content = {"type": event_type.value, "in_reply_to": reply_to, "data": body}
        gateway = self.deployment.directory.gateway_of(desk)
        return await self.ask(gateway, "POST", f"/v1/{FAMILY[event_type]}", token=self.keys[desk], json=content)

    async def until_decided(self, event: str) -> dict[str, Any]:
        """What the router has kept of an event, once it has."""
        for _ in range(400):
            answer = await self.ask(ROUTER, "GET", f"/admin/events/{event}", token=self.deployment.secrets.admin)
            self.said[-1:] = []  # not found yet is no refusal
            if answer.is_success and answer.json()["state"] != "waiting":
                found: dict[str, Any] = answer.json()
                return found
            await asyncio.sleep(0.05)
        raise AssertionError("the event was not decided")


@asynccontextmanager
async def partnership(dsn: str) -> AsyncIterator[Partnership]:
    """The Stockton pack on a database of its own."""
    deployment = Deployment.of(PACK)
    database = Database(dsn)
    await database.migrate(deployment)
    await database.make_bus(deployment)
    keys = await database.keys(deployment, START, {})
    async with open_services(deployment, Surroundings(dsn, rehearsal=True), SettableClock(START)) as services:
        yield Partnership(deployment, list(services), dict(keys))


@pytest.fixture
def log_lines() -> Iterator[io.StringIO]:
    """Everything that is logged while a test runs."""
    stream = io.StringIO()
    logs.configure(service="test", level="DEBUG", stream=stream)
    yield stream
    logs.configure(service="test")


async def columns_with_marks(dsn: str) -> set[tuple[str, str]]:
    """Tables and columns, over all schemas, in which a planted value stands."""
    connection = await asyncpg.connect(dsn)
    try:
        tables = await connection.fetch(
            "SELECT table_schema AS s, table_name AS t, column_name AS c FROM information_schema.columns "
            "WHERE table_schema NOT IN ('pg_catalog', 'information_schema')"
        )
        found = set()
        for row in tables:
            values = await connection.fetch(f'SELECT "{row["c"]}" FROM "{row["s"]}"."{row["t"]}"')  # noqa: S608 - names of the catalogue
            if any(marks_in(legible(value)) for (value,) in values):
                found.add(("bus" if row["s"] == "bus" else row["t"], row["c"]))
        return found
    finally:
        await connection.close()


async def bus_records(dsn: str) -> list[dict[str, bytes]]:
    """The headers of everything that is on the bus."""
    connection = await asyncpg.connect(dsn)
    try:
        tables = await connection.fetch(
            "SELECT table_name FROM information_schema.columns WHERE table_schema = 'bus' AND column_name = 'off'"
        )
        found = [row for (t,) in tables for row in await connection.fetch(f'SELECT headers FROM bus."{t}"')]  # noqa: S608 - names of the catalogue
    finally:
        await connection.close()
    return [dict(_headers_as_bytes(row["headers"])) for row in found]


def marks_in(text: str) -> list[str]:
    """Planted values in a text."""
    return [w for w in (MARK, *IDENTIFIERS) if w in text]


async def _post_one_of_each(exchange: Partnership) -> list[dict[str, Any]]:
    posted: dict[EventType, str] = {}
    for event_type, desk in SOURCES.items():
        answer = await exchange.post(desk, event_type, planted(a_body(event_type)))
        assert answer.status_code == 202, answer.text
        posted[event_type] = answer.json()["event"]
    kept = [await exchange.until_decided(event) for event in posted.values()]
    for event_type, (desk, answered) in REPLIES.items():
        await _until_readable(exchange, desk, posted[answered])
        answer = await exchange.post(desk, event_type, planted(a_body(event_type)), posted[answered])
        assert answer.status_code == 202, answer.text
        kept.append(await exchange.until_decided(answer.json()["event"]))
    return kept


async def _until_readable(exchange: Partnership, desk: str, event: str) -> None:
    """A desk may answer what it published or has in its inbox."""
    gateway = exchange.deployment.directory.gateway_of(desk)
    for _ in range(400):
        inbox = await exchange.ask(gateway, "GET", "/v1/inbox", token=exchange.keys[desk], params={"desk": desk, "limit": 100})
        own = await exchange.ask(gateway, "GET", f"/v1/events/{event}", token=exchange.keys[desk])
        if own.is_success or event in inbox.text:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"{desk} never got it")


async def test_planted_values_are_only_where_sections_are_kept(database: str, log_lines: io.StringIO) -> None:
    async with partnership(database) as exchange:
        kept = await _post_one_of_each(exchange)
        assert {k["state"] for k in kept} == {"decided"}
        metrics = [(await exchange.ask(s.name, "GET", "/metrics")).text for s in exchange.services]
        columns = await columns_with_marks(database)
    assert columns >= {("event", "sections"), ("submission", "sections"), ("inbox", "delivery")}  # the search finds what is there
    assert columns <= MAY_HOLD
    assert not marks_in("\n".join(metrics))
    assert "batch.decided" in log_lines.getvalue()
    assert not marks_in(log_lines.getvalue())
    assert not marks_in("\n".join(exchange.said))
    assert not marks_in(str(kept))


async def test_every_record_is_a_cloud_event_of_its_own(database: str) -> None:
    async with partnership(database) as exchange:
        await _post_one_of_each(exchange)
        records = await bus_records(database)
    attributes = [{name: value.decode() for name, value in headers.items() if name.startswith("ce_")} for headers in records]
    assert {a["ce_specversion"] for a in attributes} == {"1.0"}
    assert {a["ce_type"] for a in attributes} >= {
        *(type_name(event_type) for event_type in (*SOURCES, *REPLIES)),
        *(type_name(kind) for kind in ("disclosure", "answer", "recall", "ledger", "receipts")),
    }
    named = Counter((a["ce_source"], a["ce_id"]) for a in attributes)
    assert {pair: times for pair, times in named.items() if times > 1} == {}
    assert {a["ce_source"].lstrip("/") for a in attributes} <= {*exchange.deployment.directory.gateways(), ROUTER, NOTIFIER}


async def test_a_refusal_of_any_kind_never_says_what_was_posted(database: str, log_lines: io.StringIO) -> None:
    async with partnership(database) as exchange:
        body = planted(a_body(EventType.referral))
        wrong: list[dict[str, Any]] = [
            {**body, "planted_field": f"{MARK} 0"},
            {**body, "occurred_at": f"{MARK} 0"},
            {**body, "children": [{"ref": "child-1", "nhs_number": "9990000019", "given_name": f"{MARK} 0"}]},
            {**body, "children": [{"ref": "child-1", "born": "2999-01-01", "given_name": f"{MARK} 0"}], "adults": []},
        ]
        answers = [await exchange.post("ash-primary.dsl", EventType.referral, one) for one in wrong]
    assert [a.status_code for a in answers] == [422] * len(wrong)
    assert all(a.json()["errors"] for a in answers)
    assert not marks_in("\n".join(exchange.said))
    assert not marks_in(log_lines.getvalue())

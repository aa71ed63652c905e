"""Marked values are planted in every text of every kind of event, and looked for everywhere that they must not be.

Where they may be: the sections that hold them, in the columns named below, and what a recipient reads. Nowhere else:
no log line, metric, header, key, error text, address, or any other column of any table.
"""

import asyncio
import io
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from frontdoor_chassis import logs
from frontdoor_chassis.bus.postgres import _headers_as_bytes
from frontdoor_chassis.clock import SettableClock
from frontdoor_schemas.queries import QUESTIONS
from frontdoor_schemas.topics import FAMILY, type_name
from frontdoor_schemas.vocabulary import EventType
from frontdoor_standalone.configuring import Surroundings
from frontdoor_standalone.database import Database
from frontdoor_standalone.deployment import NOTIFIER, ROUTER, Deployment
from frontdoor_standalone.standalone import Service, open_services
from support.planting import IDENTIFIERS, MARK, REPLIES, SOURCES, an_event, children, family_ties, marked_in, texts_of
from support.searching import legible

PACK = Path(__file__).resolve().parents[2] / "deploy" / "partnerships" / "stockton"
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

MORNING = datetime(2020, 11, 12, 9, 5, tzinfo=UTC)
LIST = "police.vemt"
"""The desk that has a list of missing children each morning at nine."""
AMENDING = (EventType.correction, EventType.withdrawal)
ASKING = ("hub.front-door", "social-care.duty", "police.control-room")
TOLD_TO_NOBODY = frozenset({EventType.incident_closed, EventType.query, EventType.withdrawal})
"""Types of which no rule of Stockton tells: how police closed an incident; a question is answered, a withdrawal has a notice."""
STRANGER = "cedar-school.dsl"
"""A desk that works with nobody of the family, and may ask."""


class Partnership:
    """Every service in this process, asked without a server."""

    def __init__(self, deployment: Deployment, services: list[Service], keys: dict[str, str], clock: SettableClock) -> None:
        self.deployment = deployment
        self.clock = clock
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
        return await self.ask(self.gateway_of(desk), "POST", f"/v1/{FAMILY[event_type]}", token=self.keys[desk], json=content)

    def gateway_of(self, desk: str) -> str:
        """The gateway of a desk."""
        return self.deployment.directory.gateway_of(desk)

    async def inbox(self, desk: str) -> list[dict[str, Any]]:
        """All that is in a desk's inbox; it is not said to have been received."""
        page = await self.ask(self.gateway_of(desk), "GET", "/v1/inbox", token=self.keys[desk], params={"limit": 500})
        return [item["data"] for item in page.json()["items"]]

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
    clock = SettableClock(START)
    async with open_services(deployment, Surroundings(dsn, rehearsal=True), clock) as services:
        yield Partnership(deployment, list(services), dict(keys), clock)


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


def test_every_text_of_every_type_of_event_is_planted() -> None:
    assert set(EventType) - {*SOURCES, *REPLIES} == set(), "say in support/planting.py who posts it, or what it answers"
    assert {t: lacking for t in EventType if (lacking := texts_of(t) - marked_in(an_event(t)))} == {}
    assert min(len(texts_of(t)) for t in EventType) > 0


async def _post_one_of_each(exchange: Partnership) -> dict[EventType, dict[str, Any]]:
    """What the router has kept of one event of each type but those that amend, about a family with whom many work."""
    for desk, data in family_ties():
        await _posted(exchange, desk, EventType.involvement_started, data)
    kept = {t: await _posted(exchange, desk, t, an_event(t)) for t, desk in SOURCES.items()}
    await _reply(exchange, kept, {t: reply for t, reply in REPLIES.items() if t not in AMENDING})
    return kept


async def _reply(exchange: Partnership, kept: dict[EventType, dict[str, Any]], replies: Mapping[EventType, tuple[str, EventType]]) -> None:
    for event_type, (desk, answered) in replies.items():
        await _until_readable(exchange, desk, kept[answered]["id"])
        kept[event_type] = await _posted(exchange, desk, event_type, an_event(event_type), kept[answered]["id"])


async def _ask_everything(exchange: Partnership, incident: str) -> list[dict[str, Any]]:
    """Every question there is, of some who work with the family and of a school that does not."""
    body = {"children": children(), "address": {"postcode": "ZZ99 3VZ"}, "purpose": f"{MARK} purpose", "incident_id": incident}
    asked = [(desk, {**body, "question": question}) for desk in (*ASKING, STRANGER) for question in QUESTIONS]
    return [await _posted(exchange, desk, EventType.query, data) for desk, data in asked]


async def _told_of(exchange: Partnership, kept: Mapping[EventType, dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """All that each desk was told, once somebody has read a planted text of every one of these events."""
    desks = [d.id for d in exchange.deployment.directory.desks.values() if d.in_force(START.date())]
    ids = {str(one["id"]): event_type for event_type, one in kept.items() if event_type not in TOLD_TO_NOBODY}
    for _ in range(100):
        told = {desk: await exchange.inbox(desk) for desk in desks}
        read = {ids.get(one["event"]["id"]) for items in told.values() for one in items if marked_in(one.get("message"))}
        if read >= set(ids.values()):
            return told
        await asyncio.sleep(0.1)
    untold = sorted(set(ids.values()) - {event_type for event_type in read if event_type})
    raise AssertionError(f"nobody was told of {', '.join(untold)}: does support/planting.py say what a duty waits for?")


async def _listed(exchange: Partnership) -> None:
    """The next morning: clocks have run out, and whoever looks after missing children has the day's list."""
    exchange.clock.set(MORNING)
    for _ in range(300):
        if any(one["kind"] == "answer" and marked_in(one.get("message")) for one in await exchange.inbox(LIST)):
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"{LIST} has no list")


async def _looked_at(exchange: Partnership, kept: Mapping[EventType, dict[str, Any]]) -> list[str]:
    """Whatever interfaces say that are for no recipient: measures, lists, ledgers, the administrator's pages."""
    month, admin = {"month": "2020-11"}, exchange.deployment.secrets.admin
    audiences = [{"audience": "published"}, {"audience": "partnership"}, {"audience": "agency", "agency": "police"}]
    asked = [(path, {**month, **audience}) for path in ("/v1/measures", "/v1/measures.csv") for audience in audiences]
    table = await exchange.ask(ROUTER, "GET", "/v1/measures", token=admin, params={**month, "audience": "partnership"})
    asked += [(f"/v1/measures/{name}/events", month) for name in dict.fromkeys(m["id"] for m in table.json()["measures"])]
    asked += [
        ("/admin/tasks", {"open_only": "false", "limit": "500"}),
        ("/admin/obligations", {"limit": "500"}),
        ("/admin/audit", {"limit": "500"}),
    ]
    said = [await exchange.ask(ROUTER, "GET", path, token=admin, params=params) for path, params in asked]
    for desk in {*SOURCES.values(), *(desk for desk, _ in REPLIES.values())}:
        own = await exchange.ask(exchange.gateway_of(desk), "GET", "/v1/events", token=exchange.keys[desk])
        ledgers = [f"/v1/events/{one['event']}" for one in own.json()["items"]]
        said += [own, *[await exchange.ask(exchange.gateway_of(desk), "GET", path, token=exchange.keys[desk]) for path in ledgers]]
    assert [answer.status_code for answer in said] == [200] * len(said)
    return [answer.text for answer in said] + [str(one) for one in kept.values()]


async def _posted(
    exchange: Partnership, desk: str, event_type: EventType, body: dict[str, Any], reply_to: str | None = None
) -> dict[str, Any]:
    answer = await exchange.post(desk, event_type, {"occurred_at": START.isoformat(), **body}, reply_to)
    assert answer.status_code == 202, f"{event_type.value}: {answer.text}"
    return await exchange.until_decided(answer.json()["event"])


async def _until_readable(exchange: Partnership, desk: str, event: str) -> None:
    """A desk may answer what it published or has in its inbox."""
    for _ in range(400):
        inbox = str(await exchange.inbox(desk))
        own = await exchange.ask(exchange.gateway_of(desk), "GET", f"/v1/events/{event}", token=exchange.keys[desk])
        if own.is_success or event in inbox:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"{desk} never got it")


async def test_planted_values_are_only_where_sections_are_kept(database: str, log_lines: io.StringIO) -> None:
    async with partnership(database) as exchange:
        kept = await _post_one_of_each(exchange)
        answers = await _ask_everything(exchange, kept[EventType.police_incident]["id"])
        told = await _told_of(exchange, kept)
        await _reply(exchange, kept, {t: REPLIES[t] for t in AMENDING})
        asked = {str(one["id"]) for one in answers}
        answered = {desk for desk, items in told.items() for one in items if one["event"]["id"] in asked and marked_in(one.get("message"))}
        assert answered == set(ASKING)
        await _told_of(exchange, {EventType.correction: kept[EventType.correction]})
        assert {k["state"] for k in (*kept.values(), *answers)} == {"decided"}
        await _listed(exchange)
        looked_at = await _looked_at(exchange, kept)
        metrics = [(await exchange.ask(s.name, "GET", "/metrics")).text for s in exchange.services]
        columns = await columns_with_marks(database)
    assert columns >= {("event", "sections"), ("submission", "sections"), ("inbox", "delivery")}  # the search finds what is there
    assert columns <= MAY_HOLD
    assert not marks_in("\n".join(metrics))
    assert "batch.decided" in log_lines.getvalue()
    assert not marks_in(log_lines.getvalue())
    assert not marks_in("\n".join(exchange.said))
    assert not marks_in("\n".join(looked_at))
    assert not marks_in(str(told[STRANGER]))


async def test_every_record_is_a_cloud_event_of_its_own(database: str) -> None:
    async with partnership(database) as exchange:
        kept = await _post_one_of_each(exchange)
        await _reply(exchange, kept, {t: REPLIES[t] for t in AMENDING})
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
        body = an_event(EventType.referral)
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

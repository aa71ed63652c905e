"""Marked values are planted in every text of every kind of event, each its own, and every place is searched for them.

What a desk gets, by its inbox, its stream and its webhook, holds the values that the decision gave it, all of them and no
others; which those are is worked out from what was posted (support/whereabouts.py). What is stored of sections holds those
of its own event or delivery. Nowhere else is any: no log line, metric, header, key, error text, address, e-mail, or any other
column of any table.
"""

import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from frontdoor_chassis import logs
from frontdoor_chassis.bus.postgres import _headers_as_bytes
from frontdoor_schemas.messages import TOMBSTONE
from frontdoor_schemas.queries import QUESTIONS
from frontdoor_schemas.topics import type_name
from frontdoor_schemas.vocabulary import EventType
from frontdoor_standalone.deployment import NOTIFIER, ROUTER
from support.packs import PARTNERSHIPS
from support.partnership import Partnership, decisions_kept, desks_of_topic, events_kept, partnership, rows_of_sections
from support.planting import IDENTIFIERS, MARK, REPLIES, SOURCES, Marker, an_event, elsewhere, family_ties, marked_in, texts_of
from support.searching import legible
from support.stories import ADULT_TIES, CHILD_TIES
from support.waiting import until
from support.whereabouts import Whereabouts, differences

MAY_HOLD = {
    ("submission", "sections"),
    ("inbox", "delivery"),
    ("event", "sections"),
    ("disclosure", "made"),
    ("outbox", "records"),
    ("bus", "value"),
}
"""Table and column of what is stored of sections, each row searched for what is its own; for the bus, the value of any topic's records.

The notifier keeps the body of a delivery while it is owed, and here all were taken.
"""

AMENDING = (EventType.correction, EventType.withdrawal)
ANSWERED = ("hub.front-door", "social-care.duty")
ASKING = (*ANSWERED, "police.control-room")
"""The control room may ask who lives at an address, and the one that it gives is nobody's home: it is told nothing of whom it names."""
FIRST_TIE, FIRST_QUESTION = 100, 200
"""Numbers of events, beside those of the types: each marks its own values."""


@dataclass(frozen=True)
class Setting:
    """A partnership in which the events are played; desks are written as Stockton names them."""

    pack: str
    start: datetime
    stranger: str
    """A desk that works with nobody of the family, and may ask."""
    told_to_nobody: frozenset[EventType]
    """Types of which no rule tells: how police closed an incident; a question is answered, a withdrawal has a notice."""
    here: Mapping[str, str]
    """What Stockton's desks and agencies are called here; those that have the same name, or are not there, are left out."""
    not_here: frozenset[str] = frozenset()
    list_of: str = "police.vemt"
    """The desk that has a list of missing children each morning at nine."""

    def desk(self, desk: str) -> str:
        """Who plays the part of a desk of Stockton's."""
        return self.here.get(desk, desk)

    def ties(self, parts: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
        """Relations to the desks that are here."""
        return [(relation, self.desk(desk)) for relation, desk in parts if desk not in self.not_here]


WHO_HEARS = "no duty tells of it here: support/planting.py lacks what a duty waits for, or told_to_nobody lacks the type"
SILENT = frozenset({EventType.incident_closed, EventType.query, EventType.withdrawal})
STOCKTON = Setting("stockton", datetime(2020, 11, 11, 10, 0, tzinfo=UTC), "cedar-school.dsl", SILENT, {})
WANDSWORTH = Setting(
    pack="wandsworth",
    start=datetime(2021, 10, 13, 10, 0, tzinfo=UTC),
    stranger="mulberry-lane.dentist",
    told_to_nobody=SILENT | {EventType.custody},  # nobody but the Probation Service, which would be told, may publish it here
    not_here=frozenset({"high-street.dentist"}),
    here={
        "police.pvp": "police.safeguarding",
        "police.vemt": "police.missing",
        "hub.front-door": "mash.front-door",
        "social-care.duty": "csd.duty",
        "social-care.conference": "csd.conference",
        "early-help.team": "fis.early-help-hub",
        "ash-primary.dsl": "heron-primary.dsl",
        "beck-academy.dsl": "osier-academy.dsl",
        "little-oaks.lead": "little-swans.lead",
        "ash-primary": "heron-primary",
        "mill-lane.gp": "garden-row.gp",
        "harbour-road.gp": "junction-road.gp",
        "trust.hospital": "acute-trust.paediatrics",
        "trust.midwifery": "acute-trust.midwifery",
        "trust.health-visiting": "community-health.health-visiting",
        "trust.school-nursing": "community-health.school-nursing",
        "yos.duty": "youth-justice.duty",
        "crc.duty": "probation.duty",
        "nps.duty": "probation.duty",
        "nps": "probation",
        "tewv.adult-mental-health": "adult-mental-health.duty",
        "cgl.substance-misuse": "substance-misuse.duty",
        "prison.safeguarding": "probation.duty",
    },
)


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


class Story:
    """One event of each type about a family with whom many work, and every question there is."""

    def __init__(self, exchange: Partnership, setting: Setting) -> None:
        self.exchange = exchange
        self.setting = setting
        self.kept: dict[EventType, dict[str, Any]] = {}
        self.answered: list[dict[str, Any]] = []
        self.posted: dict[str, tuple[EventType, dict[str, Any]]] = {}

    async def begin(self) -> None:
        """All types but those that amend."""
        s = self.setting
        for desk, data in family_ties(FIRST_TIE, s.desk("hub.front-door"), s.ties(CHILD_TIES), s.ties(ADULT_TIES)):
            await self._post(desk, EventType.involvement_started, data)
        for event_type, desk in SOURCES.items():
            self.kept[event_type] = await self._post(s.desk(desk), event_type, self._event(event_type))
        await self.reply(t for t in REPLIES if t not in AMENDING)

    async def reply(self, kinds: Iterable[EventType]) -> None:
        """Answers to what their desks can read."""
        for event_type in kinds:
            desk, answered = self.setting.desk(REPLIES[event_type][0]), self.kept[REPLIES[event_type][1]]["id"]
            await self._readable(desk, answered)
            self.kept[event_type] = await self._post(desk, event_type, self._event(event_type), answered)

    async def ask(self) -> None:
        """Some who work with the family ask, and one that does not."""
        incident = self.kept[EventType.police_incident]["id"]
        asking = [(desk, question) for desk in (*map(self.setting.desk, ASKING), self.setting.stranger) for question in QUESTIONS]
        for number, (desk, question) in enumerate(asking, start=FIRST_QUESTION):
            marker = Marker(number)
            data = {"children": marker.children(), "address": {"postcode": "ZZ99 3VZ"}, "purpose": marker.value(), "incident_id": incident}
            self.answered.append(await self._post(desk, EventType.query, {**data, "question": question}))

    def _event(self, event_type: EventType) -> dict[str, Any]:
        body: dict[str, Any] = elsewhere(an_event(event_type, list(EventType).index(event_type)), self.setting.here)
        return body

    async def _post(self, desk: str, event_type: EventType, body: dict[str, Any], reply_to: str | None = None) -> dict[str, Any]:
        body = {"occurred_at": self.setting.start.isoformat(), **body}
        answer = await self.exchange.post(desk, event_type, body, reply_to)
        assert answer.status_code == 202, f"{event_type.value}: {answer.text}"
        self.posted[answer.json()["event"]] = (event_type, body)
        return await self.exchange.until_decided(answer.json()["event"])

    async def _readable(self, desk: str, event: str) -> None:
        """A desk may answer what it published or has in its inbox."""

        async def there() -> bool:
            inbox = str(await self.exchange.inbox(desk))
            return (await self.exchange.own(desk, f"/v1/events/{event}")).is_success or event in inbox

        await until(there, f"{event} at {desk}")


async def _delivered(exchange: Partnership, database: str) -> None:
    """Everything that was decided was taken by somebody's system and is in somebody's inbox."""

    async def all_there() -> bool:
        connection = await asyncpg.connect(database)
        try:
            waiting = "SELECT count(*) FROM router.disclosure WHERE number IS NOT NULL AND (filed_at IS NULL OR received_at IS NULL)"
            return bool(await connection.fetchval(waiting) == 0)
        finally:
            await connection.close()

    await until(all_there, "all that was decided")


async def _listed(exchange: Partnership, setting: Setting) -> None:
    """The next morning: clocks have run out, and whoever looks after missing children has the day's list."""
    exchange.clock.set(setting.start + timedelta(hours=23, minutes=5))

    async def there() -> bool:
        inbox = await exchange.inbox(setting.desk(setting.list_of))
        return any(one["kind"] == "answer" and marked_in(one.get("message")) for one in inbox)

    await until(there, "the list")


async def _looked_at(exchange: Partnership, story: Story) -> list[str]:
    """Whatever interfaces say that are for no recipient: measures, lists, ledgers, the administrator's pages."""
    month, admin = {"month": f"{story.setting.start:%Y-%m}"}, exchange.deployment.secrets.admin
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
    for desk in {story.setting.desk(d) for d in (*SOURCES.values(), *(desk for desk, _ in REPLIES.values()))}:
        own = await exchange.own(desk, "/v1/events")
        said += [own, *[await exchange.own(desk, f"/v1/events/{one['event']}") for one in own.json()["items"]]]
    assert [answer.status_code for answer in said] == [200] * len(said)
    return [answer.text for answer in said] + [str(one) for one in story.kept.values()]


async def _faults(exchange: Partnership, story: Story, database: str) -> tuple[Whereabouts, list[str]]:
    """Every marked value that is where nobody decided it should be, and every one that is missing where it should be."""
    connection = await asyncpg.connect(database)
    try:
        posted, decisions = await events_kept(connection, story.posted), await decisions_kept(connection)
        rows = [row async for row in rows_of_sections(connection, exchange.deployment)]
    finally:
        await connection.close()
    found = Whereabouts(posted, decisions)
    faults = [fault for decision in decisions.values() for fault in found.faults(decision)]
    for place, owner, text in rows:
        of_desks = desks_of_topic(exchange.deployment, place)
        if owner in decisions and of_desks is not None and decisions[owner].desk not in of_desks:
            faults.append(f"{place}: holds {decisions[owner]}")
        if owner in decisions:
            faults += found.compared(place, owner, text)
        else:
            faults += differences(place, posted[owner].values if owner in posted else frozenset(), text)
    for desk in exchange.desks:
        faults += await _faults_at(exchange, desk, found)
    return found, faults


async def _faults_at(exchange: Partnership, desk: str, found: Whereabouts) -> list[str]:
    inbox = await exchange.inbox(desk)
    stream = await exchange.stream(desk, len(inbox)) if inbox else []
    webhook = [one.payload["data"] for one in exchange.hooks.taken(desk)]
    faults = []
    for channel, items in (("inbox", inbox), ("stream", stream), ("webhook", webhook)):
        due = {one.id for one in found.decisions.values() if one.desk == desk}
        if {item["disclosure"] for item in items} != due or len(items) != len(due):
            faults.append(f"{desk}, {channel}: {len(items)} where {len(due)} were decided")
        for item in items:
            compare = found.tombstone if item["kind"] == TOMBSTONE else found.compared
            faults += compare(f"{desk}, {channel}", item["disclosure"], json.dumps(item, ensure_ascii=False))
    return faults


@pytest.mark.parametrize("setting", [STOCKTON, WANDSWORTH], ids=lambda setting: str(setting.pack))
async def test_every_marked_value_is_where_a_decision_put_it_and_nowhere_else(
    setting: Setting, database: str, log_lines: io.StringIO
) -> None:
    async with partnership(database, PARTNERSHIPS / setting.pack, setting.start) as exchange:
        await exchange.give_endpoints()
        story = Story(exchange, setting)
        await story.begin()
        await story.ask()
        await _delivered(exchange, database)
        await story.reply(AMENDING)
        await _listed(exchange, setting)
        await _delivered(exchange, database)
        found, faults = await _faults(exchange, story, database)
        looked_at = await _looked_at(exchange, story)
        operator = exchange.deployment.secrets.admin
        metrics = [(await exchange.ask(s.name, "GET", "/metrics", token=operator)).text for s in exchange.services]
        columns = await columns_with_marks(database)
    assert faults == []
    assert all("frontdoor_" in text for text in metrics)
    assert {k["state"] for k in (*story.kept.values(), *story.answered)} == {"decided"}
    told = {story.posted[d.event][0] for d in found.decisions.values() if d.kind == "disclosure" and found.due(d)}
    assert set(EventType) - told == setting.told_to_nobody, WHO_HEARS
    asked = {str(one["id"]) for one in story.answered}
    assert {d.desk for d in found.decisions.values() if d.event in asked and found.due(d)} == set(map(setting.desk, ANSWERED))
    assert not any(found.due(d) for d in found.decisions.values() if d.desk == setting.stranger)
    assert columns == MAY_HOLD
    exchange.hooks.assert_all_signed()
    assert exchange.mail.mails
    elsewhere_said = {
        "e-mails": [mail.text for mail in exchange.mail.mails],
        "webhooks' addresses and headers": [f"{one.path} {one.headers}" for one in exchange.hooks.got],
        "metrics": metrics,
        "log": [log_lines.getvalue()],
        "headers and refusals": exchange.said,
        "interfaces for no recipient": looked_at,
    }
    assert {where: marks for where, texts in elsewhere_said.items() if (marks := marks_in("\n".join(texts)))} == {}
    assert "batch.decided" in log_lines.getvalue()


async def test_every_record_is_a_cloud_event_of_its_own(database: str) -> None:
    async with partnership(database, PARTNERSHIPS / STOCKTON.pack, STOCKTON.start) as exchange:
        story = Story(exchange, STOCKTON)
        await story.begin()
        await story.reply(AMENDING)
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
    async with partnership(database, PARTNERSHIPS / STOCKTON.pack, STOCKTON.start) as exchange:
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

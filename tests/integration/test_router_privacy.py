"""Values that could only be somebody's, planted in every text field: none of them is found where no personal data may be."""

import io
import logging
from collections.abc import AsyncIterator, Iterator, Mapping
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import httpx
import orjson
import pytest
import structlog
from pydantic import ValidationError
from pydantic.fields import FieldInfo
from structlog.testing import capture_logs

from frontdoor_chassis import logs
from frontdoor_chassis.supervise import Supervisor
from frontdoor_router.app import _app
from frontdoor_router.core.routing import Routing
from frontdoor_schemas.fields import Block
from frontdoor_schemas.police import PoliceIncident
from support.builders import NHS
from support.exchange import Exchange
from support.routers import riverside, rows, settings_of
from support.searching import legible

MARKER = "Qxz"
"""Starts every planted text; in no word of ours."""
UPN = "H801200001001"
ODD = {"NhsNumber", "Upn"}
MAY_HOLD_CONTENT = {("event", "sections"), ("outbox", "records"), ("waiting", "record"), ("parked", "record"), ("disclosure", "made")}
"""The columns that hold what was said: of them nobody reads but the decision and the delivery."""


def planted(model: type[Block], trail: str = "") -> dict[str, Any]:
    """A value for every field of a model: where text may stand, a marker that names the field."""
    return {
        name: value for name, info in model.model_fields.items() if (value := _value(info.annotation, info, f"{trail}{name}")) is not None
    }


def _value(annotation: Any, info: FieldInfo | None, trail: str) -> Any:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _value(arguments[0], info, trail)
    if origin in (Union, UnionType):
        return _value(next(a for a in arguments if a is not type(None)), info, trail)
    if origin is Literal:
        return arguments[0]
    if origin is tuple:
        item = _value(arguments[0], None, trail)
        return None if item is None else [item]
    if isinstance(annotation, type) and issubclass(annotation, Block):
        return planted(annotation, f"{trail}.")
    return f"{MARKER} {trail}" if annotation is str else None


CHILD = {"ref": "child-1", "born": "2011-05-02", "nhs_number": NHS[0], "upn": UPN, "local_id": f"{MARKER}-LOCAL-1"}
ADULT = {"ref": "adult-1", "born": "1990-01-01", "nhs_number": NHS[8], "local_id": f"{MARKER}-LOCAL-2"}
AWKWARD = {"postcode": "TS18 1AB", "previous_postcode": "TS18 1AC"}


def repaired(value: Any, *, name: str = "") -> Any:
    """The same with values that their fields take, where text of our own does not fit."""
    if isinstance(value, list):
        return [repaired(v, name=name) for v in value]
    if not isinstance(value, dict):
        return AWKWARD.get(name, value)
    return {k: repaired(v, name=k) for k, v in value.items()}


def incident() -> dict[str, Any]:
    """An incident in which every field of text that takes free text says something that nobody else would."""
    said: dict[str, Any] = repaired(planted(PoliceIncident))
    said["children"] = [{**said["children"][0], **CHILD, "school": None, "practice": None, "community_health": None, "dentist": None}]
    said["adults"] = [{**said["adults"][0], **ADULT}]
    return said


def texts(value: Any) -> Iterator[str]:
    """Every text in a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from texts(item)


MOST_ROUNDS = 20
SECRETS = (MARKER, NHS[0], NHS[8], UPN, *AWKWARD.values())


def found_in(value: object) -> list[str]:
    """Which of them stand in something, whatever it is."""
    text = legible(value)
    return [secret for secret in SECRETS if secret in text]


def accepted(data: dict[str, Any]) -> dict[str, Any]:
    """What is left when fields that the contract refuses are taken out, one after the other: codes, desks and times are no free text."""
    for _ in range(MOST_ROUNDS):
        try:
            PoliceIncident.model_validate_json(orjson.dumps({"occurred_at": "2020-11-10T20:00:00Z", **data}))
        except ValidationError as error:
            for fault in error.errors():
                _remove(data, list(fault["loc"][:-1] if fault["type"] == "missing" else fault["loc"]))
        else:
            return data
    raise AssertionError("the contract refuses what cannot be taken out")


def _remove(node: Any, path: list[Any]) -> None:
    for step in path[:-1]:
        if isinstance(node, list) and not isinstance(step, int):
            return
        if isinstance(node, dict) and step not in node:
            continue
        node = node[step]
    if isinstance(node, dict):
        node.pop(path[-1], None)
    elif isinstance(node, list) and isinstance(path[-1], int) and path[-1] < len(node):
        node.pop(path[-1])


@pytest.fixture
async def running(database: str) -> AsyncIterator[Exchange]:
    """A router on a database of its own."""
    async with riverside(database) as exchange:
        yield exchange


async def test_what_was_said_of_people_is_nowhere_but_in_sections(running: Exchange, database: str) -> None:
    said = accepted(incident())
    marked = [t for t in texts(said) if MARKER in t]
    assert len(marked) > 40
    with capture_logs() as logged:
        about = {
            "children": [{**said["children"][0]}],
            "about": ["child-1"],
            "relation": "school",
            "desk": "oak.dsl",
            "purpose": f"{MARKER} p",
        }
        await running.post("hub.front-door", "involvement-started", about)
        event = await running.post("police.pvp", "police-incident", said)
        unsure = {**said, "children": [{**said["children"][0], "nhs_number": NHS[1]}]}
        held = await running.post("police.pvp", "police-incident", unsure)
        await running.post("police.pvp", "withdrawal", {"reason": f"{MARKER} reason"}, reply_to=event)
        running.bus.append([type(running.bus.records("police-incidents")[0])("police-incidents", 0, 0, b"k", MARKER.encode())])  # type: ignore[list-item]
        await running.settle()
        await running.move_to(running.clock.now().replace(day=12))
        running.clock.set(running.clock.now().replace(hour=23))
        await running.engine.sweep_step()
        await running.settle()
    assert {d.event.id for d in running.told} >= {event, held}
    assert [line for line in logged if found_in(line)] == []
    for topic in running.bus._topics:
        assert found_in(topic) == []
        for record in running.bus.records(topic):
            assert found_in(record.key) == []
            assert [h for h in record.headers if found_in(h)] == []
    assert await columns_with_secrets(database) == set()
    assert [path for path, body in await admin_answers(running, database, event, held) if found_in(body)] == []


async def columns_with_secrets(database: str) -> set[tuple[str, str]]:
    """Tables and columns in which one of them stands, but those that may."""
    found = set()
    for table, column in await rows(
        database, "SELECT table_name::text, column_name::text FROM information_schema.columns WHERE table_schema = 'router'"
    ):
        if (table, column) in MAY_HOLD_CONTENT:
            continue
        for (value,) in await rows(database, f'SELECT "{column}" FROM "{table}"'):  # noqa: S608 - names from the catalogue
            if found_in(value):
                found.add((table, column))
    return found


async def admin_answers(running: Exchange, database: str, *events: object) -> list[tuple[str, str]]:
    """What the admin interface says of everything."""
    engine = running.engine
    app = _app(settings=settings_of(database), engine=engine, bus=running.bus, clock=running.clock, supervisor=Supervisor(engine.loops))
    paths = [*(f"events/{e}" for e in events), "obligations", "tasks?open_only=false", "audit?page=500", "next-due"]
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://router") as client:
        answers = [(p, await client.get(f"/admin/{p}", headers={"authorization": "Bearer made-up-token"})) for p in paths]
    assert {a.status_code for _, a in answers} == {200}
    return [(p, a.text) for p, a in answers]


async def test_identifiers_are_kept_as_hashes_that_nobody_without_the_secret_can_try(running: Exchange, database: str) -> None:
    await running.post("police.pvp", "police-incident", {"children": [CHILD]})
    keys = await rows(database, "SELECT kind, hash FROM person_key")
    assert {kind for kind, _ in keys} >= {"nhs_number", "nhs_number+born", "upn", "upn+born", "local"}
    assert all(len(h) == 32 for _, h in keys)
    assert [h for _, h in keys if found_in(h)] == []


@pytest.fixture
def printed() -> Iterator[io.StringIO]:
    """What the process prints, set up as it is in production."""
    root = logging.getLogger()
    before = list(root.handlers), root.level
    stream = io.StringIO()
    logs.configure(service="router", stream=stream)
    yield stream
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    root.handlers, root.level = before


async def test_what_is_printed_of_a_fault_names_where_it_was_and_quotes_nothing(
    running: Exchange, printed: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    def faulty(*_: object) -> None:
        raise ValueError(f"{MARKER}: what was said")

    monkeypatch.setattr(Routing, "_decide", faulty)
    await running.post("police.pvp", "police-incident", {"children": [CHILD]})
    monkeypatch.setattr(Routing, "route", faulty)
    await running.post("police.pvp", "police-incident", {"children": [CHILD]})
    said = printed.getvalue()
    assert "batch.failed" in said
    assert "test_router_privacy.py" in said
    assert found_in(said) == []
    assert {t[0] for t in await rows(str(running.engine._settings.dsn.get_secret_value()), "SELECT reason FROM task")} == {
        "error:ValueError",
        "refused-by-the-store",
    }

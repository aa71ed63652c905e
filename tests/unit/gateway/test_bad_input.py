"""What is refused at the door, by which rule, at which field: and that nothing of it is told again, nor logged."""

import logging
from dataclasses import dataclass
from typing import Any

import orjson
import pytest
import structlog
from structlog.testing import capture_logs

from unit.gateway.kit import HUB, PVP, a_delivery, a_referral, memory_stand, posted

PLANTED = "Zebedee-Planted"
"""A value that must not come back, nor reach a log."""


@dataclass(frozen=True)
class Case:
    """One thing that is wrong, and how it is answered."""

    name: str
    body: bytes
    status: int
    kind: str
    rule: str | None = None
    field: str | None = None
    path: str = "/v1/referrals"
    key: str | None = None


def _json(data: dict[str, Any], **more: Any) -> bytes:
    return orjson.dumps(posted(data=data, **more))


def _child(**facts: Any) -> bytes:
    return _json(a_referral(children=[{"ref": "child-1", "given_name": PLANTED, **facts}]))


DEEP = b'{"type":"referral","data":' + b'{"a":' * 200 + b'"' + PLANTED.encode() + b'"' + b"}" * 200 + b"}"

CASES = [
    Case("not JSON", b"{" + PLANTED.encode(), 422, "unreadable", "not_json", ""),
    Case("not an object", orjson.dumps([PLANTED]), 422, "unreadable", "wrong_type", ""),
    Case("no type", orjson.dumps({"data": {"x": PLANTED}}), 422, "unreadable", "missing", "/type"),
    Case("no such type", orjson.dumps({"type": PLANTED}), 422, "unreadable", "unknown_value", "/type"),
    Case("a type of another family", orjson.dumps(posted("police-incident")), 422, "unreadable", "unknown_value", "/type"),
    Case("type not allowed", orjson.dumps({"type": "plan-status", "data": {"x": PLANTED}}), 403, "type-not-allowed", path="/v1/plans"),
    Case("no data", orjson.dumps({"type": "referral"}), 422, "unreadable", "missing", "/data"),
    Case("unknown field", _json(a_referral(nickname=PLANTED)), 422, "unreadable", "unknown_field", "/data/nickname"),
    Case("a field's name that is somebody's", _json(a_referral(**{PLANTED: 1})), 422, "unreadable", "unknown_field", "/data/?"),
    Case(
        "computed field",
        _json(a_referral(previous_referrals_count=7, circumstances=PLANTED)),
        422,
        "unreadable",
        "computed_field",
        "/data/previous_referrals_count",
    ),
    Case(
        "ledger field",
        orjson.dumps(posted("police-incident", a_referral(domestic_abuse={"notified": PLANTED}))),
        422,
        "unreadable",
        "ledger_field",
        "/data/domestic_abuse/notified",
        "/v1/police-incidents",
    ),
    Case("a field of the exchange", _json(a_referral(received_at=PLANTED)), 422, "unreadable", "exchange_field", "/data/received_at"),
    Case(
        "nobody",
        _json({"occurred_at": "2020-11-10T20:00:00Z", "circumstances": PLANTED}),
        422,
        "unreadable",
        "no_subject",
        "/data/children",
    ),
    Case("2 MB", _json(a_referral(circumstances=PLANTED + "x" * 2_000_000)), 413, "too-large"),
    Case("200 levels", DEEP, 422, "unreadable", "too_deep", ""),
    Case("not UTF-8", b'{"type":"referral","data":{"circumstances":"' + PLANTED.encode() + b'\xff"}}', 422, "unreadable", "not_utf8", ""),
    Case("NUL", _json(a_referral(circumstances=PLANTED + "\0")), 422, "unreadable", "nul", "/data/circumstances"),
    Case("wrong check digit", _child(nhs_number="9990000019"), 422, "unreadable", "check_digit", "/data/children/0/nhs_number"),
    Case("wrong check letter", _child(upn="B012345678901"), 422, "unreadable", "check_letter", "/data/children/0/upn"),
    Case("future birth date", _child(born="2020-11-11"), 422, "unreadable", "future_birth_date", "/data/children/0/born"),
    Case(
        "future time", _json({**a_referral(), "occurred_at": "2020-11-12T00:00:00Z"}), 422, "unreadable", "future_time", "/data/occurred_at"
    ),
    Case(
        "no offset", _json({**a_referral(), "occurred_at": "2020-11-10T20:00:00"}), 422, "unreadable", "no_time_zone", "/data/occurred_at"
    ),
    Case(
        "no such answered event",
        _json(a_referral(), in_reply_to="0197b0a0-0000-7000-8000-000000000000"),
        422,
        "unreadable",
        "unknown_event",
        "/in_reply_to",
    ),
    Case("no event is answered", _json(a_referral(), in_reply_to=PLANTED), 422, "unreadable", "not_a_uuid", "/in_reply_to"),
    Case("a key of two lines", _json(a_referral()), 422, "unreadable", "format", "/Idempotency-Key", key="é-" + PLANTED),
    Case("a long key", _json(a_referral()), 422, "unreadable", "format", "/Idempotency-Key", key="x" * 201),
]


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
async def test_a_refusal_names_field_and_rule_and_no_value(case: Case, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with memory_stand() as stand:
        client = await stand.client(PVP)
        headers = {b"content-type": b"application/json"} | ({b"idempotency-key": case.key.encode()} if case.key else {})
        with capture_logs() as lines:
            answer = await client.post(case.path, content=case.body, headers=list(headers.items()))
        assert not stand.store.rows
    body = answer.json()
    assert (answer.status_code, body["type"]) == (case.status, f"/problems/{case.kind}")
    assert answer.headers["content-type"] == "application/problem+json"
    if case.rule is not None:
        assert (case.field, case.rule) in [(e["field"], e["rule"]) for e in body["errors"]]
    assert PLANTED not in answer.text
    assert PLANTED not in repr(lines)
    assert PLANTED not in caplog.text


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer fd_",
        "Bearer fd_0000000000000000_secret",
        "Basic fd_x_y",
        "Bearer é",
        "Bearer fd_{key}_wrong",
        "Bearer xx_{key}_{secret}",
    ],
)
async def test_whoever_has_no_good_key_hears_the_same(authorization: str) -> None:
    async with memory_stand() as stand:
        _, key, secret = (await stand.make_key(PVP)).split("_", 2)
        client = await stand.client(None)
        given = authorization.format(key=key, secret=secret).encode()
        answers = [
            await client.request(method, path, headers=[(b"authorization", given)])
            for method, path in (("POST", "/v1/referrals"), ("GET", "/v1/inbox"), ("GET", "/v1/stream"), ("POST", "/v1/events"))
        ]
    assert {(a.status_code, a.json()["type"], a.headers["www-authenticate"]) for a in answers} == {
        (401, "/problems/unauthenticated", "Bearer")
    }
    assert len({a.text for a in answers}) == 1


async def test_a_desk_of_another_gateway_is_nobody_here() -> None:
    async with memory_stand() as stand:
        client = await stand.client("school.dsl")
        assert (await client.post("/v1/referrals", json=posted())).status_code == 401


async def test_keys_begin_end_and_overlap() -> None:
    async with memory_stand() as stand:
        old, new = await stand.client(PVP), await stand.client(PVP)
        assert [(await c.get("/v1/inbox")).status_code for c in (old, new)] == [200, 200]
        await stand.keys.end(stand.keys.keys[0].id, stand.clock.now())
        await stand.ring.refresh()
        assert [(await c.get("/v1/inbox")).status_code for c in (old, new)] == [401, 200]


async def test_another_desks_inbox_is_not_to_be_had() -> None:
    async with memory_stand("hub") as stand:
        client = await stand.client(HUB)
        answer = await client.get("/v1/inbox", params={"desk": "social-care.duty"})
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/not-your-desk")


async def test_what_nobody_foresaw_shows_its_trace_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    async with memory_stand() as stand:
        client = await stand.client(PVP)

        async def broken(*_: object, **__: object) -> None:
            raise RuntimeError(PLANTED)

        monkeypatch.setattr(type(stand.store), "list_published", broken)
        with capture_logs(processors=[structlog.processors.format_exc_info]) as lines:
            answer = await client.get("/v1/events")
    failed = [line for line in lines if line["event"] == "request.failed"]
    assert answer.status_code == 500
    assert set(answer.json()) == {"type", "title", "status", "trace"}
    assert [line["trace"] for line in failed] == [answer.json()["trace"]]
    assert PLANTED not in answer.text


async def test_routes_that_are_not_there() -> None:
    async with memory_stand() as stand:
        client = await stand.client(PVP)
        assert (await client.get(f"/v1/{PLANTED}")).json()["type"] == "/problems/not-found"
        assert (await client.delete("/v1/inbox")).json()["type"] == "/problems/method-not-allowed"
        query = await client.get("/v1/inbox", params={"limit": PLANTED})
        assert [(e["field"]) for e in query.json()["errors"]] == ["/limit"]
        assert PLANTED not in query.text


async def test_a_recalled_event_that_was_never_collected_cannot_be_answered() -> None:
    from frontdoor_schemas.envelope import Recall

    async with memory_stand() as stand:
        client = await stand.client(PVP)
        told = a_delivery(PVP, 1)
        await stand.tell(told)
        await stand.tell(Recall(disclosure=told.id, desk=PVP, at=stand.clock.now()))
        answer = await client.post("/v1/referrals", json=posted(in_reply_to=str(told.event.id)))
    assert answer.json()["errors"][0]["rule"] == "unknown_event"

"""Endpoints: fair shares, addresses that are refused, the admin interface."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from frontdoor_chassis.clock import SettableClock
from support.delivering import ADMIN, START, Stand, memory_bus, open_stand, prepare, write_directory
from support.receiver import Answer, open_receiver

NAMES = [f"a{n}" for n in range(10)]


@pytest.fixture
async def ten(database: str, tmp_path: Path) -> AsyncIterator[Stand]:
    """Ten endpoints."""
    settings = await prepare(database, write_directory(tmp_path, desks=10), timeout=timedelta(seconds=15))
    async with open_stand(settings, bus=memory_bus(), clock=SettableClock(START)) as stand:
        for name in NAMES:
            await stand.register(name)
        yield stand


async def test_an_endpoint_that_hangs_slows_no_other_one(ten: Stand) -> None:
    ten.receiver.always("a0", Answer(hang=True))
    others = NAMES[1:]
    for _ in range(30):
        ten.send(*(ten.told.delivery(f"{name}.desk") for name in NAMES))
    # far less than the time-out of fifteen seconds: the others never wait for the one that hangs
    await ten.receiver.until(lambda: len(ten.receiver.taken()) == 30 * len(others), seconds=8)
    await ten.receiver.arrived(8, "a0")
    assert ten.receiver.most_in_flight["a0"] == 8
    assert {name: len(ten.receiver.numbers(name)) for name in others} == dict.fromkeys(others, 30)
    for name in others:
        assert sorted(ten.receiver.numbers(name)) == list(range(1, 31))
    ten.receiver.always("a0", Answer())
    ten.receiver.release()
    await ten.settle()
    assert sorted(ten.receiver.numbers("a0"))[-1] == 30


async def test_an_endpoint_gets_no_more_at_once_than_its_slots(ten: Stand) -> None:
    await ten.register("a0", max_in_flight=2)
    ten.receiver.always("a0", Answer(hang=True))
    ten.send(*(ten.told.delivery() for _ in range(20)))
    await ten.receiver.arrived(2, "a0")
    assert ten.receiver.most_in_flight["a0"] == 2
    ten.receiver.always("a0", Answer())
    ten.receiver.release()
    await ten.settle()
    assert ten.receiver.most_in_flight["a0"] == 2


async def test_an_endpoint_that_was_away_is_tried_with_one_and_then_gets_all_at_once(ten: Stand) -> None:
    ten.receiver.always("a0", Answer(drop=True))
    for _ in range(8):
        ten.send(ten.told.delivery())
        await ten.settle()
    seen = len(ten.receiver.got)
    await ten.go(timedelta(minutes=20))
    assert len(ten.receiver.got) > seen
    ten.receiver.always("a0", Answer())
    await ten.go(timedelta(minutes=30))
    assert sorted(ten.receiver.numbers("a0")) == list(range(1, 9))


async def test_private_addresses_are_refused_at_the_connection(database: str, tmp_path: Path) -> None:
    settings = await prepare(database, write_directory(tmp_path), allowed_networks=())
    async with open_stand(settings, bus=memory_bus(), clock=SettableClock(START)) as stand:
        port = stand.receiver.base.rpartition(":")[2]
        named = f"http://localhost:{port}/hooks/a0"
        response = await stand.client.put("/admin/endpoints/a0.desk", json={"url": named})
        assert response.status_code == 201
        await stand.notifier.parts.leases.refresh()
        delivery = stand.told.delivery()
        stand.send(delivery)
        await stand.settle()
        (attempt,) = await stand.rows("SELECT code FROM attempt")
        assert attempt["code"] == "address_refused"
        assert stand.receiver.got == []
        assert await stand.state(delivery) == "waiting"


@pytest.mark.parametrize(
    ("url", "rule"),
    [
        ("http://127.0.0.1/", "address_refused"),
        ("http://[::1]/", "address_refused"),
        ("http://10.0.0.8/", "address_refused"),
        ("http://169.254.169.254/latest", "address_refused"),
        ("http://[::ffff:192.168.0.1]/", "address_refused"),
        ("ftp://partner.example/", "scheme_not_allowed"),
        ("http://user:word@partner.example/", "credentials_or_fragment"),
        ("https://", "not_a_url"),
        ("https://partner.example:99999/", "not_a_url"),
    ],
)
async def test_an_address_that_is_never_allowed_is_refused_when_it_is_registered(
    database: str, tmp_path: Path, url: str, rule: str
) -> None:
    settings = await prepare(database, write_directory(tmp_path), allowed_networks=())
    async with open_stand(settings, bus=memory_bus(), clock=SettableClock(START)) as stand:
        response = await stand.client.put("/admin/endpoints/a0.desk", json={"url": url})
        assert response.status_code == 422
        assert response.json()["errors"][0]["rule"] == rule
        assert response.headers["content-type"] == "application/problem+json"


async def test_https_only_unless_the_deployment_says_otherwise(database: str, tmp_path: Path) -> None:
    settings = await prepare(database, write_directory(tmp_path), plain_http=False)
    async with open_stand(settings, bus=memory_bus(), clock=SettableClock(START)) as stand:
        response = await stand.client.put("/admin/endpoints/a0.desk", json={"url": "http://partner.example/"})
        assert response.json()["errors"][0]["rule"] == "scheme_not_allowed"


async def test_nobody_without_a_token_gets_anywhere(ten: Stand) -> None:
    for given in ("", "Bearer wrong", ADMIN, f"Basic {ADMIN}"):
        response = await ten.client.get("/admin/endpoints", headers={"Authorization": given})
        assert (response.status_code, response.headers["www-authenticate"]) == (401, "Bearer")
    assert await ten.rows("SELECT 1 FROM action WHERE action = 'endpoints.listed'") == []


async def test_every_act_and_every_look_is_audited(ten: Stand) -> None:
    await ten.client.post("/admin/endpoints/a3.desk/suspend", json={"reason": "broken"})
    await ten.client.get("/admin/dead-letters")
    await ten.client.get("/admin/endpoints")
    rows = await ten.rows("SELECT operator, action, subject FROM action ORDER BY id DESC LIMIT 3")
    assert [(r["operator"], r["action"], r["subject"]) for r in rows] == [
        ("admin", "endpoints.listed", None),
        ("admin", "dead_letters.listed", None),
        ("admin", "endpoint.suspended", "a3.desk"),
    ]


async def test_endpoints_are_listed_in_pages_and_never_with_their_secrets(ten: Stand) -> None:
    first = (await ten.client.get("/admin/endpoints", params={"limit": 6})).json()
    rest = (await ten.client.get("/admin/endpoints", params={"limit": 6, "after": first["next"]})).json()
    assert [e["desk"] for e in (*first["items"], *rest["items"])] == sorted(f"{n}.desk" for n in NAMES)
    assert rest["next"] is None
    assert "whsec" not in str(first) + str(rest)


async def test_dead_letters_are_listed_in_pages(ten: Stand) -> None:
    ten.receiver.always("a0", Answer(400))
    sent = [ten.told.delivery() for _ in range(7)]
    ten.send(*sent)
    await ten.settle()
    found, after = [], None
    while True:
        page = (await ten.client.get("/admin/dead-letters", params={"limit": 3, **({"after": after} if after else {})})).json()
        found += [d["id"] for d in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert sorted(found) == sorted(str(d.id) for d in sent)


async def test_the_history_of_a_delivery_is_ids_and_codes(ten: Stand) -> None:
    ten.receiver.next("a0", Answer(503))
    delivery = ten.told.delivery()
    ten.send(delivery)
    await ten.settle()
    await ten.go(timedelta(seconds=3))
    shown = (await ten.client.get(f"/admin/deliveries/{delivery.id}")).json()
    assert [a["code"] for a in shown["history"]] == ["http_503", "http_204"]
    assert (shown["state"], shown["attempts"]) == ("delivered", 2)
    assert "Marker" not in str(shown)


async def test_an_unknown_desk_or_letter_is_not_found(ten: Stand) -> None:
    missing = "00000000-0000-4000-8000-000000000000"
    assert (await ten.client.put("/admin/endpoints/zz.desk", json={"url": "https://p.example/"})).status_code == 404
    assert (await ten.client.post("/admin/endpoints/zz.desk/resume")).status_code == 404
    assert (await ten.client.post("/admin/endpoints/zz.desk/rotate", json={})).status_code == 404
    assert (await ten.client.get(f"/admin/deliveries/{missing}")).status_code == 404
    assert (await ten.client.post(f"/admin/dead-letters/{missing}/retry")).status_code == 409


async def test_a_secret_may_be_given_and_a_bad_one_is_refused(ten: Stand) -> None:
    given = "whsec_" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo="
    assert (await ten.client.put("/admin/endpoints/a0.desk", json={"url": ten.receiver.url("a0"), "secret": "short"})).status_code == 422
    response = await ten.client.put("/admin/endpoints/a0.desk", json={"url": ten.receiver.url("a0"), "secret": given})
    assert response.json() == {"desk": "a0.desk"}
    await ten.notifier.parts.leases.refresh()
    ten.receiver.trust("a0", given)
    ten.send(ten.told.delivery())
    await ten.settle()
    ten.receiver.assert_all_signed()


async def test_a_new_address_is_tried_at_once_with_what_failed_at_the_old_one(ten: Stand) -> None:
    ten.receiver.always("a0", Answer(503))
    ten.send(ten.told.delivery())
    await ten.settle()
    async with open_receiver() as other:
        other.trust("a0", *ten.receiver.secrets["a0"])
        assert (await ten.client.put("/admin/endpoints/a0.desk", json={"url": other.url("a0")})).status_code == 200
        await other.arrived(1)
        await ten.settle()
        assert other.numbers("a0") == [1]
        other.assert_all_signed()


async def test_health_and_metrics_say_how_it_is(ten: Stand) -> None:
    ten.send(ten.told.delivery())
    await ten.settle()
    assert (await ten.client.get("/health/live")).status_code == 200
    assert (await ten.client.get("/health/ready")).json() == {"status": "ok", "checks": {"database": "ok", "bus": "ok"}}
    metrics = (await ten.client.get("/metrics")).text
    assert 'frontdoor_notifier_attempts_total{code="http_204"} 1.0' in metrics

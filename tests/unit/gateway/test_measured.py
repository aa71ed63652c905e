"""How much a gateway takes in and files is for its operator: an agency would count by it what other desks are told."""

import pytest

from unit.gateway.kit import METRICS_TOKEN, PVP, memory_stand, posted


@pytest.mark.parametrize("given", [None, "Bearer ", "Bearer another", METRICS_TOKEN, f"Basic {METRICS_TOKEN}", "Bearer \xe9"])
async def test_without_the_operators_token_there_are_no_metrics(given: str | None) -> None:
    async with memory_stand() as stand:
        answer = await (await stand.client(None)).get("/metrics", headers={b"authorization": given.encode("latin-1")} if given else {})
    assert (answer.status_code, answer.json()["type"]) == (401, "/problems/not-an-operator")
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_key_of_a_desk_is_no_token_of_an_operator() -> None:
    async with memory_stand() as stand:
        assert (await (await stand.client(PVP)).get("/metrics")).status_code == 401


async def test_with_it_there_are() -> None:
    async with memory_stand() as stand:
        await (await stand.client(PVP)).post("/v1/referrals", json=posted())
        answer = await (await stand.client(None)).get("/metrics", headers={"authorization": f"bearer {METRICS_TOKEN}"})
    assert answer.status_code == 200
    assert 'test_http_requests_total{route="/v1/referrals",status="202"} 1.0' in answer.text


async def test_where_no_token_is_set_nobody_reads_them_and_health_stays_open() -> None:
    async with memory_stand(readers=()) as stand:
        client = await stand.client(None)
        answers = [await client.get("/metrics", headers={"authorization": given}) for given in ("Bearer ", "Bearer None", "")]
        assert [answer.status_code for answer in answers] == [401, 401, 401]
        assert (await client.get("/health/live")).status_code == (await client.get("/health/ready")).status_code == 200

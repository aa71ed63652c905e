"""A control room asks who lives behind a door, over HTTP, and has the answer in the response."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from frontdoor_standalone.deployment import Deployment
from frontdoor_standalone.exchange import Exchange
from frontdoor_standalone.launching import in_this_process
from support.asking import HOME
from support.builders import a_child, an_incident, an_involvement
from support.servers import Postgres
from support.waiting import until

PACK = Path(__file__).resolve().parents[2] / "deploy" / "partnerships" / "stockton"
START = datetime(2020, 11, 11, 2, 0, tzinfo=UTC)
NO_MAIL = 9
"""The port of `discard`: nothing of this test is due for an e-mail."""
AT = START.isoformat()


class Agencies:
    """Desks at their gateways."""

    def __init__(self, exchange: Exchange, deployment: Deployment, client: httpx.AsyncClient) -> None:
        self._exchange, self._directory, self._client = exchange, deployment.directory, client

    async def post(self, desk: str, family: str, kind: str, data: dict[str, Any], **headers: str) -> httpx.Response:
        """Post an event."""
        body = {"type": kind, "data": {"occurred_at": AT, **data}}
        return await self._client.post(f"{self._at(desk)}/v1/{family}", json=body, headers={**self._key(desk), **headers})

    async def ask(self, desk: str, question: str, **facts: Any) -> httpx.Response:
        """Ask, and wait for the answer."""
        data = {"question": question, "purpose": "Officers are on their way", **facts}
        return await self.post(desk, "queries", "query", data, prefer="wait=20")

    async def decided(self, desk: str, posted: httpx.Response) -> None:
        """Return once an event of a desk is decided: an answer knows what was decided before it."""

        async def routed() -> bool:
            ledger = await self._client.get(f"{self._at(desk)}/v1/events/{posted.json()['event']}", headers=self._key(desk))
            return bool(ledger.json()["state"] == "routed")

        await until(routed)

    async def inbox(self, desk: str) -> list[dict[str, Any]]:
        """What a desk was told."""
        page = await self._client.get(f"{self._at(desk)}/v1/inbox", headers=self._key(desk))
        return [item["data"] for item in page.json()["items"]]

    def _at(self, desk: str) -> str:
        return self._exchange.gateways[self._directory.gateway_of(desk)]

    def _key(self, desk: str) -> dict[str, str]:
        return {"authorization": f"Bearer {self._exchange.keys[desk]}"}


@pytest.fixture
async def agencies(postgres: Postgres) -> AsyncIterator[Agencies]:
    """Stockton in one process, with a child at Ash Primary."""
    deployment = Deployment.of(PACK)
    async with in_this_process(postgres)(deployment, START, NO_MAIL) as exchange, httpx.AsyncClient(timeout=30) as client:
        made = Agencies(exchange, deployment, client)
        tie = an_involvement(a_child(1), desk="ash-primary.dsl", relation="school")
        roll = "council.school-roll"
        await made.decided(roll, await made.post(roll, "involvement", "involvement-started", tie))
        yield made


async def test_a_question_is_answered_in_the_response_and_stays_in_the_inbox(agencies: Agencies) -> None:
    incident = an_incident(a_child(1, address=HOME), concern_types=[{"about": ["child-1"], "type": "neglect"}])
    await agencies.decided("police.pvp", await agencies.post("police.pvp", "police-incidents", "police-incident", incident))
    answer = await agencies.ask("police.control-room", "address", address=HOME)
    assert (answer.status_code, answer.json()["type"]) == (200, "frontdoor.answer.v1")
    data = answer.json()["data"]
    (child,) = data["message"]["children"]
    assert child["given_name"] == "Given1"
    assert data["message"]["concern_counts"] == [{"about": [child["ref"]], "concern": "neglect", "count": 1}]
    assert data in await agencies.inbox("police.control-room")
    assert all(told["kind"] != "answer" for told in await agencies.inbox("ash-primary.dsl"))


async def test_who_may_not_know_is_answered_as_if_there_were_nobody(agencies: Agencies) -> None:
    own = await agencies.ask("ash-primary.dsl", "child_view", children=[a_child(1)])
    other = await agencies.ask("beck-academy.dsl", "child_view", children=[a_child(1)])
    nobody = await agencies.ask("beck-academy.dsl", "child_view", children=[a_child(2)])
    assert own.json()["data"]["message"]["involved"][0]["desk"] == "ash-primary.dsl"
    told = [{k: v for k, v in a.json()["data"].items() if k not in {"disclosure", "event", "number"}} for a in (other, nobody)]
    assert told[0] == told[1]
    assert told[0]["reason"] == "nothing-to-say"

"""The admin interface: for who holds the token; each look is noted before it is answered."""

# ruff: noqa: ARG002 - a twin of a port takes all that the port is given

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI

from frontdoor_chassis.web import add_problems
from frontdoor_router.handlers.admin import routes
from support.deciding import NIGHT

EVENT = uuid4()


@dataclass
class Ledger:
    """A ledger in memory."""

    looks: list[str] = field(default_factory=list)

    async def event(self, event: UUID) -> Mapping[str, Any] | None:
        return {"id": event, "seen": list(self.looks)} if event == EVENT else None

    async def thread(self, thread: UUID) -> list[Mapping[str, Any]]:
        return [{"id": EVENT}] if thread == EVENT else []

    async def obligations(self, *, state: str | None, after: UUID | None, limit: int) -> list[Mapping[str, Any]]:
        return [{"id": str(UUID(int=n)), "state": state, "after": str(after)} for n in range(limit)]

    async def tasks(self, *, open_only: bool, after: UUID | None, limit: int) -> list[Mapping[str, Any]]:
        return [{"id": str(after), "open_only": open_only}]

    async def audit(self, *, after: int, limit: int) -> list[Mapping[str, Any]]:
        page: list[Mapping[str, Any]] = [{"id": after + 1}]
        return page[:limit]

    async def next_due(self) -> datetime | None:
        return NIGHT


@pytest.fixture
def ledger() -> Ledger:
    """Nobody has looked."""
    return Ledger()


TOKEN = "made-up-token"


async def get(ledger: Ledger, path: str, token: str | None = TOKEN, **query: Any) -> httpx.Response:
    """What a console gets."""

    async def looked(at: str) -> None:
        ledger.looks.append(at)

    app = FastAPI()
    add_problems(app)
    app.include_router(routes(ledger=ledger, next_due=ledger.next_due, token=TOKEN, looked=looked))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://router") as client:
        return await client.get(f"/admin/{path}", params=query, headers={"authorization": f"Bearer {token}"} if token else {})


@pytest.mark.parametrize("token", [None, "", "another", "made-up-token "])
async def test_without_the_token_nothing_is_answered_and_nothing_is_looked_at(ledger: Ledger, token: str | None) -> None:
    answer = await get(ledger, "tasks", token=token)
    assert (answer.status_code, answer.json()["type"], answer.headers["www-authenticate"]) == (401, "/problems/not-an-operator", "Bearer")
    assert ledger.looks == []


async def test_a_look_is_noted_before_it_is_answered(ledger: Ledger) -> None:
    answer = await get(ledger, f"events/{EVENT}")
    assert answer.json()["seen"] == [f"event:{EVENT}"]


async def test_a_case_is_looked_at_as_a_whole(ledger: Ledger) -> None:
    assert (await get(ledger, f"threads/{EVENT}")).json() == {"events": [{"id": str(EVENT)}]}
    assert (await get(ledger, f"threads/{UUID(int=1)}")).status_code == 404
    assert ledger.looks == [f"thread:{EVENT}", f"thread:{UUID(int=1)}"]


async def test_a_look_at_what_there_is_not_is_noted_too(ledger: Ledger) -> None:
    missing = uuid4()
    assert (await get(ledger, f"events/{missing}")).status_code == 404
    assert ledger.looks == [f"event:{missing}"]


async def test_a_full_page_says_where_the_next_one_begins(ledger: Ledger) -> None:
    page = (await get(ledger, "obligations", page=2, state="open")).json()
    assert ([i["state"] for i in page["items"]], page["next"]) == (["open", "open"], str(UUID(int=1)))
    assert (await get(ledger, "audit", after=4)).json() == {"items": [{"id": 5}], "next": None}
    assert ledger.looks == ["obligations", "audit"]


async def test_tasks_are_open_ones_unless_all_are_asked_for(ledger: Ledger) -> None:
    assert (await get(ledger, "tasks")).json()["items"][0]["open_only"] is True
    assert (await get(ledger, "tasks", open_only=False)).json()["items"][0]["open_only"] is False


@pytest.mark.parametrize("page", [0, 501])
async def test_a_page_has_a_size(ledger: Ledger, page: int) -> None:
    assert (await get(ledger, "audit", page=page)).status_code == 422


async def test_when_the_next_stage_is_due(ledger: Ledger) -> None:
    assert (await get(ledger, "next-due")).json() == {"next_due": NIGHT.isoformat().replace("+00:00", "Z")}

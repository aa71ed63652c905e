"""The router's admin interface: the whole ledger, obligations, tasks, audit. For the lead agency's and operators' consoles."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Annotated, Any, Protocol
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from frontdoor_chassis.problems import ProblemError
from frontdoor_router.handlers.operators import Look, only_with
from frontdoor_schemas.problems import PROBLEMS

MAX_PAGE = 500


class NoSuchEventError(ProblemError):
    """No event of this id was decided or waits."""

    kind = PROBLEMS["not-found"]


class Ledger(Protocol):
    """Reads what the router has kept."""

    async def event(self, event: UUID) -> Mapping[str, Any] | None:
        """Everything about one event."""
        ...

    async def thread(self, thread: UUID) -> list[Mapping[str, Any]]:
        """All events of one thread, in the order in which they happened, each with whom it was told and when."""
        ...

    async def obligations(self, *, state: str | None, after: UUID | None, limit: int) -> list[Mapping[str, Any]]:
        """Obligations in order of id."""
        ...

    async def tasks(self, *, open_only: bool, after: UUID | None, limit: int) -> list[Mapping[str, Any]]:
        """Tasks in order of id."""
        ...

    async def audit(self, *, after: int, limit: int) -> list[Mapping[str, Any]]:
        """Audit entries in order."""
        ...


def routes(*, ledger: Ledger, next_due: Callable[[], Awaitable[datetime | None]], token: str, looked: Look) -> APIRouter:
    """The routes, for who holds the token. Each look is audited."""

    router = APIRouter(prefix="/admin", tags=["admin"], dependencies=[Depends(only_with(token))])
    limit = Annotated[int, Query(ge=1, le=MAX_PAGE)]

    @router.get("/events/{event}")
    async def get_event(event: UUID) -> Mapping[str, Any]:
        await looked(f"event:{event}")
        found = await ledger.event(event)
        if found is None:
            raise NoSuchEventError
        return found

    @router.get("/threads/{thread}")
    async def get_thread(thread: UUID) -> dict[str, Any]:
        await looked(f"thread:{thread}")
        found = await ledger.thread(thread)
        if not found:
            raise NoSuchEventError
        return {"events": found}

    @router.get("/obligations")
    async def get_obligations(state: str | None = None, after: UUID | None = None, page: limit = 100) -> dict[str, Any]:
        await looked("obligations")
        return _page(await ledger.obligations(state=state, after=after, limit=page), page)

    @router.get("/tasks")
    async def get_tasks(after: UUID | None = None, page: limit = 100, *, open_only: bool = True) -> dict[str, Any]:
        await looked("tasks")
        return _page(await ledger.tasks(open_only=open_only, after=after, limit=page), page)

    @router.get("/audit")
    async def get_audit(after: int = 0, page: limit = 100) -> dict[str, Any]:
        await looked("audit")
        return _page(await ledger.audit(after=after, limit=page), page)

    @router.get("/next-due")
    async def get_next_due() -> dict[str, Any]:
        return {"next_due": await next_due()}

    return router


def _page(items: list[Mapping[str, Any]], limit: int) -> dict[str, Any]:
    return {"items": items, "next": items[-1]["id"] if len(items) == limit else None}

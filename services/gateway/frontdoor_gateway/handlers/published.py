"""What a publisher asks about its own events: the list, and the ledger of each."""

from typing import Annotated
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from frontdoor_gateway.core.callers import Caller
from frontdoor_gateway.core.published import PublishedEvents
from frontdoor_gateway.handlers import documents, models
from frontdoor_gateway.handlers.requests import Authenticate

MAX_LIST = 200


def published_routes(*, published: PublishedEvents, authenticate: Authenticate) -> APIRouter:
    """`GET /v1/events` and `GET /v1/events/{event}`."""
    router = APIRouter(prefix="/v1/events", tags=["ledger"])
    calling = Depends(authenticate)

    @router.get("", responses=documents.problems(401, 422, 503), response_model=models.PublishedList, summary="Your agency's events")
    async def newest(
        caller: Annotated[Caller, calling],
        before: Annotated[UUID | None, Query(description="An event of the page before: continue with older ones")] = None,
        limit: Annotated[int, Query(ge=1, le=MAX_LIST)] = 50,
    ) -> Response:
        """Newest first."""
        found = await published.newest(caller, before=before, limit=limit)
        return Response(orjson.dumps({"items": found}), media_type="application/json")

    @router.get("/{event}", responses=documents.problems(401, 404, 422, 503), response_model=models.LedgerView, summary="The ledger")
    async def ledger(caller: Annotated[Caller, calling], event: UUID) -> Response:
        """How far your event has got, for desks that you may know of. `other_services` says nothing of whether there are any."""
        return Response(orjson.dumps(await published.ledger(caller, event)), media_type="application/json")

    return router

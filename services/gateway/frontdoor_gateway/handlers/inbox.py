"""What a desk collects: its inbox, page by page or as a stream, and what it says it did with it."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Header, Query, Request
from pydantic import ValidationError
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.responses import Response

from frontdoor_chassis.clock import Clock
from frontdoor_chassis.web import problem_item
from frontdoor_gateway.core.callers import Caller, KeyRing
from frontdoor_gateway.core.failures import NotHereError, TooManyError, UnreadableEventError
from frontdoor_gateway.core.inbox import MAX_PAGE, InboxReader, Item, Marked, Page
from frontdoor_gateway.core.posts import json_object, refuse
from frontdoor_gateway.core.sequence import BEGINNING, read_cursor
from frontdoor_gateway.handlers import documents, models
from frontdoor_gateway.handlers.models import Mark, Marks
from frontdoor_gateway.handlers.requests import Authenticate, body_of
from frontdoor_schemas.problems import FieldError, field_error, from_validation
from frontdoor_schemas.vocabulary import Level

MAX_MARKS = 500
MAX_MARKS_BYTES = 200_000
TAKEN = "taken"
"""A comment after each event. A server sends it when the reader has taken the event; only then is the next one read."""
ENDING_SECONDS = 2.0
"""A stream is given so long to end by itself when the process stops; cut off, it would look like an error."""


def inbox_routes(
    *, reader: InboxReader, ring: KeyRing, clock: Clock, authenticate: Authenticate, max_wait: float, heartbeat: float
) -> APIRouter:
    """`/v1/inbox`, `/v1/stream` and `/v1/acknowledgements`."""
    router = APIRouter(prefix="/v1", tags=["inbox"])
    calling = Depends(authenticate)

    @router.get("/inbox", responses=documents.problems(401, 403, 422, 503), response_model=models.InboxPage, summary="Collect")
    async def inbox(
        caller: Annotated[Caller, calling],
        desk: Annotated[str | None, Query(description="Your own desk; it may be left out")] = None,
        cursor: Annotated[str | None, Query(description="From the page before; proves that you have what it gave")] = None,
        limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 100,
        wait: Annotated[float, Query(ge=0, le=max_wait, description="Seconds to wait for the first item")] = 0,
    ) -> Response:
        """Everything that your desk was told, in order and without gaps. What was taken back unread is a tombstone."""
        place = read_cursor(cursor) if cursor else BEGINNING
        return _page(caller, await reader.page(caller, desk, place, limit=limit, wait=wait))

    @router.get("/stream", responses=documents.stream(), response_class=EventSourceResponse, summary="Follow")
    async def stream(
        caller: Annotated[Caller, calling],
        last_event_id: Annotated[str | None, Header(description="The id of the last event you had; proves that you had it")] = None,
    ) -> Response:
        """The inbox as server-sent events, without end: each has the item's cursor as its id.

        Ends when the key does, and before what was taken back unread meanwhile: connect again with the last id, as browsers do.
        """
        place = read_cursor(last_event_id) if last_event_id else BEGINNING
        await reader.collect(caller, place, channel="stream")
        return EventSourceResponse(_told(caller, reader.follow(caller, place), ring), ping=heartbeat, shutdown_grace_period=ENDING_SECONDS)

    @router.post(
        "/acknowledgements",
        status_code=207,
        responses=documents.problems(401, 413, 422, 503),
        response_model=models.MarkAnswers,
        openapi_extra={"requestBody": documents.body_of(Marks)},
        summary="Acknowledge",
    )
    async def acknowledge(caller: Annotated[Caller, calling], request: Request) -> Response:
        """Say what your desk did with what it was told; one answer for each item, in order."""
        marks = _marks(await body_of(request, MAX_MARKS_BYTES), clock.now())
        known = await reader.acknowledge(caller, marks)
        items = [{"status": 200} if k else problem_item(NotHereError()) for k in known]
        return Response(orjson.dumps({"items": items}), 207, media_type="application/json")

    return router


def _page(caller: Caller, page: Page) -> Response:
    body = {"items": [item.message(caller.desk) for item in page.items], "cursor": str(page.cursor)}
    return Response(orjson.dumps(body), media_type="application/json")


async def _told(caller: Caller, items: AsyncIterator[Item | None], ring: KeyRing) -> AsyncIterator[ServerSentEvent]:
    async for item in items:
        if not ring.still(caller):
            return
        if item is not None:
            said = item.message(caller.desk)
            yield ServerSentEvent(orjson.dumps(said).decode(), event=said["type"], id=said["cursor"])
            yield ServerSentEvent(comment=TAKEN)


def _marks(raw: bytes, now: datetime) -> list[Marked]:
    body = json_object(raw)
    items = body.get("items")
    if not isinstance(items, list) or len(body) > 1:
        raise refuse("" if "items" in body else "/items", "wrong_type" if "items" in body else "missing")
    if len(items) > MAX_MARKS:
        raise TooManyError(f"At most {MAX_MARKS}")
    read = [_mark(item, now) for item in items]
    if faults := [f.model_copy(update={"field": f"/items/{n}{f.field}"}) for n, (_, found) in enumerate(read) for f in found]:
        raise UnreadableEventError(errors=faults)
    return [mark for mark, _ in read if mark]


def _mark(item: Any, now: datetime) -> tuple[Marked | None, list[FieldError]]:
    try:
        mark = Mark.model_validate(item)
    except ValidationError as error:
        return None, from_validation(error, Mark)
    if (mark.level is None) == (mark.told_by_telephone is None):
        return None, [field_error("/level", "missing" if mark.level is None else "invalid")]
    if mark.told_by_telephone and mark.told_by_telephone > now:
        return None, [field_error("/told_by_telephone", "future_time")]
    return Marked(mark.disclosure, Level(mark.level) if mark.level else None, mark.told_by_telephone), []

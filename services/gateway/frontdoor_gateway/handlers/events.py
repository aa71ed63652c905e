"""Posting events: one resource for each family, and CloudEvents."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Annotated, Any

import orjson
from fastapi import Depends, FastAPI, Request
from starlette.responses import Response

from frontdoor_chassis.problems import ProblemError
from frontdoor_chassis.web import problem_item
from frontdoor_gateway.core import posts
from frontdoor_gateway.core.callers import Caller
from frontdoor_gateway.core.door import Answer, Door, Receipt
from frontdoor_gateway.core.failures import MediaTypeError
from frontdoor_gateway.core.inbox import InboxReader
from frontdoor_gateway.core.limits import Limiter
from frontdoor_gateway.core.partnership import Contact
from frontdoor_gateway.core.posts import Bounds, Post
from frontdoor_gateway.core.questions import wait_of
from frontdoor_gateway.handlers import documents
from frontdoor_gateway.handlers.requests import Authenticate, DirectHandler, body_of, direct
from frontdoor_schemas.envelope import utc
from frontdoor_schemas.topics import FAMILIES
from frontdoor_schemas.vocabulary import EventType

JSON = "application/json"
ADVISED = frozenset({EventType.referral, EventType.consultation, EventType.concern})
"""Types by which somebody says that a child worries him: who does so seldom is told at once whom to ask."""
Advice = Callable[[datetime], Contact | None]


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much a request may bring."""

    event_bytes: int
    batch_bytes: int
    batch_items: int


class EventHandlers:
    """The handlers of the way in."""

    def __init__(self, *, door: Door, answers: InboxReader, limiter: Limiter, sizes: Sizes, longest_wait: float, advice: Advice) -> None:
        self._door = door
        self._advice = advice
        self._answers = answers
        self._longest_wait = longest_wait
        self._limiter = limiter
        self._sizes = sizes

    def family(self, family: str) -> DirectHandler:
        """The handler of one family's resource."""

        async def post(caller: Caller, request: Request) -> Response:
            self._take_share(caller, 1)
            if _media_type(request) != JSON:
                raise MediaTypeError
            raw = await body_of(request, self._sizes.event_bytes)
            return await self._one(caller, request, posts.in_family(family, raw, request.headers.get("idempotency-key")))

        return post

    async def cloud_events(self, caller: Caller, request: Request) -> Response:
        """CloudEvents in any of the three modes."""
        match _media_type(request):
            case "application/cloudevents+json":
                self._take_share(caller, 1)
                post = posts.structured(await body_of(request, self._sizes.event_bytes), caller.desk)
            case "application/cloudevents-batch+json":
                return await self._many(caller, request)
            case "application/json" if "ce-specversion" in request.headers:
                self._take_share(caller, 1)
                post = posts.binary(await body_of(request, self._sizes.event_bytes), request.headers, caller.desk)
            case _:
                raise MediaTypeError
        return await self._one(caller, request, post)

    async def _one(self, caller: Caller, request: Request, post: Post) -> Response:
        try:
            receipt = await self._door.take(caller, post)
        except ProblemError as error:  # with the id, also when the sender gave none: only with it can it post again safely
            error.headers["idempotency-key"] = post.sender_id
            raise
        if post.type is EventType.query:
            return await self._answer(caller, request, receipt)
        body = {**_receipt(receipt), **self._advised(post.type, receipt)}
        return Response(orjson.dumps(body), 202, {"location": _location(request, receipt)}, JSON)

    def _advised(self, kind: EventType, receipt: Receipt) -> dict[str, Any]:
        contact = self._advice(receipt.received_at) if kind in ADVISED else None
        return {"advice": asdict(contact)} if contact else {}

    async def _answer(self, caller: Caller, request: Request, receipt: Receipt) -> Response:
        """The answer, where the request waits for it and it comes in time; else where in the inbox it will be."""
        cursor = await self._answers.collected(caller)
        wait = wait_of(request.headers.get("prefer", ""), self._longest_wait)
        if wait and (answer := await self._answers.answer(caller, receipt.event, wait=wait)):
            return Response(orjson.dumps(answer), 200, {"preference-applied": f"wait={wait:g}"}, JSON)
        return Response(orjson.dumps({**_receipt(receipt), "cursor": str(cursor)}), 202, media_type=JSON)

    async def _many(self, caller: Caller, request: Request) -> Response:
        self._take_share(caller, 1)
        raw = await body_of(request, self._sizes.batch_bytes)
        read = await self._door.read_batch(caller, raw, Bounds(self._sizes.batch_items, self._sizes.event_bytes))
        self._take_share(caller, max(0, len(read) - 1))
        answers = await self._door.store(caller, read)
        return Response(orjson.dumps({"items": _items(request, answers)}), 207, media_type=JSON)

    def _take_share(self, caller: Caller, events: int) -> None:
        self._limiter.take(caller.key, events, asyncio.get_running_loop().time())


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _receipt(receipt: Receipt) -> dict[str, str]:
    return {"event": str(receipt.event), "thread": str(receipt.thread), "received_at": utc(receipt.received_at)}


def _location(request: Request, receipt: Receipt) -> str:
    return f"{request.scope.get('root_path', '')}/v1/events/{receipt.event}"


def _items(request: Request, answers: Sequence[Answer]) -> list[dict[str, Any]]:
    return [
        {"status": 202, **_receipt(a), "location": _location(request, a)} if isinstance(a, Receipt) else problem_item(a) for a in answers
    ]


def add_event_routes(app: FastAPI, *, handlers: EventHandlers, authenticate: Authenticate) -> None:
    """Put the way in onto an app. Not through a router of its own: including one would slow the routes down again."""
    for family in FAMILIES:
        document = documents.queries() if family == documents.QUERIES else documents.family(family)
        _add(app, f"/v1/{family}", handlers.family(family), authenticate, document)
    _add(app, "/v1/events", handlers.cloud_events, authenticate, documents.cloud_events())


def _add(app: FastAPI, path: str, handler: DirectHandler, authenticate: Authenticate, document: documents.Document) -> None:
    async def post(caller: Annotated[Caller, Depends(authenticate)], request: Request) -> Response:
        return await handler(caller, request)

    app.router.add_api_route(
        path,
        post,
        methods=["POST"],
        status_code=document.status,
        summary=document.summary,
        operation_id=document.operation_id,
        tags=["events"],
        responses=document.responses,
        openapi_extra={"requestBody": document.body, "parameters": document.parameters},
        route_class_override=direct(authenticate, handler),
    )

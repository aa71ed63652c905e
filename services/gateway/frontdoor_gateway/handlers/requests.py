"""How a request is read: who calls, how much may be sent, and routes that FastAPI documents and nothing slows down."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from frontdoor_chassis.web import CALLER
from frontdoor_gateway.core.callers import Caller, KeyRing
from frontdoor_gateway.core.failures import TooLargeError

PATIENCE = 4
"""A body that is too large is read up to so many times the limit, so that its sender gets to hear the answer."""

Authenticate = Callable[[Request], Awaitable[Caller]]
DirectHandler = Callable[[Caller, Request], Awaitable[Response]]

_BEARER = Depends(HTTPBearer(scheme_name="key", description="fd_<key id>_<secret>: a key of one desk", auto_error=False))


def authentication(ring: KeyRing) -> Authenticate:
    """The check that every route with a caller begins with."""

    async def authenticate(request: Request, _: Annotated[Any, _BEARER] = None) -> Caller:
        caller = await ring.authenticate(request.headers.get("authorization", ""), asyncio.get_running_loop().time())
        request.scope[CALLER] = caller.desk
        return caller

    return authenticate


async def body_of(request: Request, limit: int) -> bytes:
    """The whole body. Raises `TooLargeError` beyond `limit` bytes, and then holds none of it."""
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= limit:
            chunks.append(chunk)
        elif size > PATIENCE * limit:
            break
    if size > limit:
        raise TooLargeError(f"At most {limit} bytes")
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def direct(authenticate: Authenticate, handler: DirectHandler) -> type[APIRoute]:
    """A route class for one hot handler: documented by its signature, called without solving dependencies (measured)."""

    class Direct(APIRoute):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.app = _answer

    async def _answer(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, send)
        caller = await authenticate(request)
        await asyncio.sleep(0)  # those that came in together are read together, as they are prepared (measured)
        response = await handler(caller, request)
        await response(scope, receive, send)

    return Direct

"""The admin interface: endpoints, dead letters, reminders. Every act and every look is audited; nothing shows content."""

import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from http import HTTPStatus
from typing import Annotated, Any, Protocol
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from frontdoor_chassis.clock import Clock
from frontdoor_chassis.web import token_of
from frontdoor_notifier.core.endpoints import DEFAULT_IN_FLIGHT, MAX_IN_FLIGHT, BadUrlError
from frontdoor_notifier.core.operators import Operators
from frontdoor_notifier.core.signing import BadSecretError, parse_secret, show_secret
from frontdoor_notifier.handlers.problems import (
    BadEndpointError,
    NoSuchDeliveryError,
    NoSuchDeskError,
    NoSuchEndpointError,
    NotADeadLetterError,
)
from frontdoor_schemas.envelope import DeskId
from frontdoor_schemas.problems import FieldError

MAX_PAGE = 500
SECRET_BYTES = 32
MAX_OVERLAP = timedelta(days=30)


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class PutEndpoint(_Body):
    """Where a desk takes webhooks."""

    url: str = Field(max_length=2000)
    secret: str | None = Field(None, max_length=200, description="whsec_…; one is made when none is given")
    max_in_flight: int = Field(DEFAULT_IN_FLIGHT, ge=1, le=MAX_IN_FLIGHT)


class Suspend(_Body):
    """Why nothing is to be sent for now, as a code."""

    reason: str = Field("by_operator", pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")


class Rotate(_Body):
    """A new secret, and for how long the old one goes on signing beside it."""

    secret: str | None = Field(None, max_length=200)
    overlap: timedelta = Field(timedelta(days=1), ge=timedelta(0), le=MAX_OVERLAP)


class Desks(Protocol):
    """Who there is."""

    def gateway_of(self, desk: str) -> str | None:
        """The gateway that serves a desk; None for one that nobody knows."""
        ...


_Desk = Annotated[DeskId, Path()]
_Limit = Annotated[int, Query(ge=1, le=MAX_PAGE)]
_Authenticate = Callable[[str], Awaitable[str]]


def routes(*, operators: Operators, desks: Desks, tokens: Mapping[str, str], check_url: Callable[[str], str], clock: Clock) -> APIRouter:
    """The routes. `tokens` are operators' bearer tokens by name; `check_url` raises `BadUrlError`."""

    names = {token: name for name, token in tokens.items()}

    async def operator(authorization: Annotated[str, Header()] = "") -> str:
        return names[token_of(authorization, names)]

    router = APIRouter(prefix="/admin", tags=["admin"])
    router.include_router(_endpoint_routes(operator, operators=operators, desks=desks, check_url=check_url, clock=clock))
    router.include_router(_delivery_routes(operator, operators=operators))
    return router


def _endpoint_routes(
    operator: _Authenticate, *, operators: Operators, desks: Desks, check_url: Callable[[str], str], clock: Clock
) -> APIRouter:
    router = APIRouter(prefix="/endpoints")
    who = Annotated[str, Depends(operator)]

    @router.put("/{desk}")
    async def put_endpoint(desk: _Desk, body: PutEndpoint, response: Response, by: who) -> dict[str, Any]:
        if desks.gateway_of(desk) is None:
            raise NoSuchDeskError
        url, given = _url(body.url, check_url), _secret(body.secret)
        fresh = given or os.urandom(SECRET_BYTES)
        created = await operators.put(desk, url=url, secret=fresh, max_in_flight=body.max_in_flight, operator=by)
        if not created and given:
            await operators.rotate(desk, secret=given, overlap_until=clock.now() + Rotate().overlap, operator=by)
        response.status_code = HTTPStatus.CREATED if created else HTTPStatus.OK
        return {"desk": desk, **({"secret": show_secret(fresh)} if created else {})}

    @router.get("")
    async def get_endpoints(by: who, after: str = "", limit: _Limit = 100) -> dict[str, Any]:
        return _page(await operators.endpoints(after=after, limit=limit, operator=by), limit, "desk")

    @router.post("/{desk}/suspend", status_code=204)
    async def suspend(desk: _Desk, body: Suspend, by: who) -> None:
        _require(await operators.suspend(desk, reason=body.reason, operator=by))

    @router.post("/{desk}/resume", status_code=204)
    async def resume(desk: _Desk, by: who) -> None:
        _require(await operators.resume(desk, operator=by))

    @router.post("/{desk}/rotate")
    async def rotate(desk: _Desk, body: Rotate, by: who) -> dict[str, Any]:
        secret = _secret(body.secret) or os.urandom(SECRET_BYTES)
        until = clock.now() + body.overlap
        _require(await operators.rotate(desk, secret=secret, overlap_until=until, operator=by))
        return {"desk": desk, "secret": show_secret(secret), "old_until": until}

    return router


def _delivery_routes(operator: _Authenticate, *, operators: Operators) -> APIRouter:
    router = APIRouter()
    who = Annotated[str, Depends(operator)]

    @router.get("/dead-letters")
    async def get_dead_letters(by: who, after: UUID | None = None, limit: _Limit = 100) -> dict[str, Any]:
        return _page(await operators.dead(after=after, limit=limit, operator=by), limit, "id")

    @router.post("/dead-letters/{disclosure}/retry", status_code=202)
    async def retry(disclosure: UUID, by: who) -> None:
        if not await operators.retry(disclosure, operator=by):
            raise NotADeadLetterError

    @router.get("/deliveries/{disclosure}")
    async def get_delivery(disclosure: UUID, by: who) -> dict[str, Any]:
        found = await operators.delivery(disclosure, operator=by)
        if found is None:
            raise NoSuchDeliveryError
        return asdict(found)

    @router.get("/reminders")
    async def get_reminders(by: who, after: UUID | None = None, limit: _Limit = 100) -> dict[str, Any]:
        return _page(await operators.reminders(after=after, limit=limit, operator=by), limit, "id")

    return router


def _url(text: str, check_url: Callable[[str], str]) -> str:
    try:
        return check_url(text)
    except BadUrlError as error:
        raise BadEndpointError(
            errors=[FieldError(field="/url", rule=str(error), message="is no address that webhooks are sent to")]
        ) from error


def _secret(text: str | None) -> bytes | None:
    if text is None:
        return None
    try:
        return parse_secret(text)
    except BadSecretError as error:
        raise BadEndpointError(
            errors=[FieldError(field="/secret", rule="format", message="is not whsec_ and 24 to 64 bytes in base64")]
        ) from error


def _require(found: bool) -> None:
    if not found:
        raise NoSuchEndpointError


def _page(items: Sequence[Any], limit: int, key: str) -> dict[str, Any]:
    shown = [asdict(item) for item in items]
    return {"items": shown, "next": shown[-1][key] if len(shown) == limit else None}

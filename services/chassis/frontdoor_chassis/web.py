"""What every HTTP face shares: problems (RFC 9457), health, metrics, and a server that drains. No handler renders an error itself."""

import asyncio
import gc
import hmac
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import orjson
import structlog
import uuid_utils.compat as uuid_utils
import uvicorn
from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from frontdoor_chassis.metrics import Metrics
from frontdoor_chassis.problems import ProblemError
from frontdoor_schemas.problems import PROBLEMS, FieldError

log = structlog.get_logger(__name__)

PROBLEM = "application/problem+json"
GC_THRESHOLD = (50_000, 20, 50)
"""With `gc.freeze()` after the start, 1.4 times less CPU a request and half the p99 (measured)."""
KEEP_ALIVE_SECONDS = 75
"""How long a connection may lie idle before a service closes it: nginx's figure. With uvicorn's own five seconds a service that did not
get to run for so long, on a busy machine, closed on a request that lay there unread."""
_SEEN = "frontdoor.problem"
CALLER = "frontdoor.caller"
"""Where a service may leave the id of the desk that calls, for the line about a refusal."""


def problem_response(error: ProblemError, *, trace: str | None = None) -> Response:
    """The answer to a request that failed."""
    body = error.problem(trace=trace).model_dump_json(exclude_defaults=True)
    return Response(body, status_code=error.kind.status, headers=error.headers, media_type=PROBLEM)


def problem_item(error: ProblemError) -> dict[str, Any]:
    """One item's failure within an answer about several."""
    return error.problem().model_dump(mode="json", exclude_defaults=True)


class UnreadableRequestError(ProblemError):
    """A query parameter, header or small body is not what the route takes."""

    kind = PROBLEMS["unreadable"]


class _NotFoundError(ProblemError):
    kind = PROBLEMS["not-found"]


class _MethodError(ProblemError):
    kind = PROBLEMS["method-not-allowed"]


class _NotPermittedError(ProblemError):
    kind = PROBLEMS["not-permitted"]


class NotAnOperatorError(ProblemError):
    """No token of an operator, or not the one."""

    kind = PROBLEMS["not-an-operator"]

    def __init__(self) -> None:
        super().__init__(headers={"www-authenticate": "Bearer"})


_FRAMEWORK: Mapping[int, type[ProblemError]] = {404: _NotFoundError, 405: _MethodError, 403: _NotPermittedError}
"""What the framework and the rehearsal routes refuse by themselves. Any other is a request that it cannot read."""


def _pointer(loc: tuple[Any, ...]) -> str:
    return "/" + "/".join(str(step) for step in loc[1:] or loc)


def add_problems(app: FastAPI) -> None:
    """Answer every failure as a problem. A validation error names the field and the rule and leaves the value out."""

    async def known(request: Request, error: Exception) -> Response:
        assert isinstance(error, ProblemError)  # noqa: S101 - Starlette looks handlers up by this very class
        request.scope[_SEEN] = error.kind.code
        return problem_response(error)

    async def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101 - as above
        errors = [
            FieldError(field=_pointer(tuple(e["loc"])), rule=e["type"], message="is not what this route takes") for e in error.errors()
        ]
        return await known(request, UnreadableRequestError(errors=errors))

    async def framework(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - as above
        made = _FRAMEWORK.get(error.status_code, UnreadableRequestError)
        return await known(request, made(headers=error.headers))

    app.add_exception_handler(ProblemError, known)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, framework)


class Edge:
    """The outermost layer: measures, logs each refusal in one line, and answers what nobody caught with its trace id alone."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self._app = app
        self._requests = metrics.counter("http_requests_total", "Requests answered", ("route", "status"))
        self._seconds = metrics.seconds("http_request_seconds", "Time from request to the end of the answer", ("route",))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), 0

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception:  # the last place that can answer
            trace = str(uuid_utils.uuid4())
            log.exception("request.failed", trace=trace, route=_route(scope))
            if not status:
                await problem_response(ProblemError(), trace=trace)(scope, receive, watched)
        finally:
            self._account(scope, status, time.perf_counter() - started)

    def _account(self, scope: Scope, status: int, seconds: float) -> None:
        route = _route(scope)
        self._requests.labels(route, status).inc()
        self._seconds.labels(route).observe(seconds)
        if status >= HTTPStatus.BAD_REQUEST:
            said = {"problem": scope.get(_SEEN), "caller": scope.get(CALLER), "milliseconds": round(seconds * 1000, 1)}
            log.info("request.refused", route=route, status=status, **said)


def _route(scope: Scope) -> str:
    # the template, never the path: a path carries ids, and a wrong one anything at all
    return str(getattr(scope.get("route"), "path", "unmatched"))


@dataclass(frozen=True, slots=True)
class Check:
    """One thing without which a service is not ready. `look` raises, or returns a code other than `ok`."""

    name: str
    look: Callable[[], Awaitable[str]]


CHECK_SECONDS = 2.0
"""A check that takes longer is as bad as one that fails: orchestrators ask every few seconds."""


async def _checked(check: Check) -> str:
    try:
        return await asyncio.wait_for(check.look(), CHECK_SECONDS)
    except Exception as error:  # noqa: BLE001 - whatever is wrong, the answer is "not ready", by kind of error
        return type(error).__name__


def operations(
    *, metrics: Metrics, alive: Callable[[], bool], checks: tuple[Check, ...], readers: tuple[str, ...] | None = None
) -> APIRouter:
    """`/health/live` and `/health/ready`, open to the platform, and `/metrics`. They say nothing about anybody.

    Where others than operators reach the port, `readers` are the tokens for `/metrics`: by how much is told at which
    moment they would know of what they are not told. With none of them nobody reads it.
    """
    router = APIRouter(tags=["operations"])

    @router.get("/health/live")
    async def live() -> Response:
        return _health({} if alive() else {"loops": "stopped"})

    @router.get("/health/ready")
    async def ready() -> Response:
        results = await asyncio.gather(*(_checked(c) for c in checks))
        return _health({c.name: result for c, result in zip(checks, results, strict=True)})

    @router.get("/metrics", responses={} if readers is None else {401: {"description": NotAnOperatorError.kind.title}})
    async def measured(request: Request) -> Response:
        if readers is not None:
            token_of(request.headers.get("authorization", ""), readers)
        text, media_type = metrics.text()
        return Response(text, headers={"content-type": media_type})

    return router


def token_of(authorization: str, tokens: Iterable[str]) -> str:
    """The one of these bearer tokens that a request brings. Raises `NotAnOperatorError`."""
    scheme, _, given = authorization.partition(" ")
    # every token is compared, so that the time taken tells nothing
    found = [token for token in tokens if hmac.compare_digest(given.encode(), token.encode())]
    if scheme.lower() != "bearer" or not given or not found:
        raise NotAnOperatorError
    return found[0]


def _health(results: Mapping[str, str]) -> Response:
    well = all(result == "ok" for result in results.values())
    body = {"status": "ok" if well else "failing", "checks": dict(results)}
    return Response(orjson.dumps(body), status_code=200 if well else 503, media_type="application/json")


class _Server(uvicorn.Server):
    """Tells the app when it begins to shut down, so that long polls and streams end instead of holding it up."""

    def __init__(self, config: uvicorn.Config, closing: Callable[[], None]) -> None:
        super().__init__(config)
        self._closing = closing

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As uvicorn does, but without raising them again: that would end the process before anything is closed."""
        with super().capture_signals():
            try:
                yield
            finally:
                self._captured_signals.clear()

    async def shutdown(self, sockets: Any = None) -> None:
        self._closing()
        await super().shutdown(sockets)


async def serve(
    app: ASGIApp, *, host: str, port: int, running: Awaitable[None], closing: Callable[[], None], drain_seconds: int = 10
) -> None:
    """Serve until a signal comes or `running` (the service's loops) ends; raises what it raised.

    `closing` is called when no new connection is taken any more and open ones are about to be drained.
    """
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        loop="uvloop",
        http="httptools",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,  # nothing here believes a forwarded address
        date_header=True,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=drain_seconds,
    )
    server = _Server(config, closing)
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLD)
    watched = asyncio.ensure_future(running)
    watched.add_done_callback(lambda _: setattr(server, "should_exit", True))
    try:
        await server.serve()
    finally:
        if not watched.done():
            watched.cancel()
    if not watched.cancelled() and watched.done() and (error := watched.exception()):
        raise error

"""What anybody would write first: FastAPI with a typed body, aiokafka, send and wait. No store, no key, no idempotency.

The body is typed by the very models of the contract, made lax: FastAPI validates what it has parsed already, and the
contract's models take dates and tuples from JSON only.
"""

import sys
import types
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Annotated, Any, Union, get_args, get_origin
from uuid import uuid4

import uvicorn
from aiokafka import AIOKafkaProducer
from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, create_model

from frontdoor_schemas.events import SUBMISSIONS
from frontdoor_schemas.vocabulary import EventType

TOPIC = "bare"


@cache
def lax(model: type[BaseModel]) -> type[BaseModel]:
    """The same fields and constraints, but not strict."""
    fields: dict[str, Any] = {name: (_lax_type(info.annotation), info) for name, info in model.model_fields.items()}
    return create_model(f"Lax{model.__name__}", __config__=ConfigDict(extra="forbid", str_strip_whitespace=True), **fields)


def _lax_type(annotation: Any) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return lax(annotation)
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return Annotated[(_lax_type(args[0]), *args[1:])]
    if origin in (Union, types.UnionType):
        return Union[tuple(_lax_type(a) for a in args)]  # noqa: UP007 - of a number of types known at run time
    if origin is tuple:
        return tuple.__class_getitem__((_lax_type(args[0]), ...))
    return annotation


def create_app(bootstrap: str) -> FastAPI:
    """One route: validate, send, wait, answer."""
    producers: list[AIOKafkaProducer] = []

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        producers.append(AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True))
        await producers[0].start()
        yield
        await producers[0].stop()

    app = FastAPI(lifespan=lifespan)
    body: Any = lax(SUBMISSIONS[EventType.police_incident])

    async def post(submission: body) -> dict[str, str]:
        event = str(uuid4())
        await producers[0].send_and_wait(TOPIC, submission.model_dump_json(exclude_none=True).encode(), key=event.encode())
        return {"event": event, "thread": event}

    app.post("/v1/police-incidents", status_code=202)(post)
    return app


if __name__ == "__main__":
    served = create_app(sys.argv[1])
    uvicorn.run(served, host="127.0.0.1", port=int(sys.argv[2]), loop="uvloop", http="httptools", access_log=False, log_level="warning")

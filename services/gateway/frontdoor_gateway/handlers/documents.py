"""What the interface's description (OpenAPI 3.1) says beyond what FastAPI sees: bodies, problems, and their models."""

from dataclasses import dataclass, field, replace
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from frontdoor_gateway.core.failures import UnavailableError
from frontdoor_gateway.core.posts import ATTRIBUTES
from frontdoor_gateway.handlers.models import BatchAnswer, Marks, PostReceipt, QuestionReceipt
from frontdoor_schemas.events import SUBMISSIONS
from frontdoor_schemas.messages import Message
from frontdoor_schemas.problems import PROBLEMS, Problem, ProblemType
from frontdoor_schemas.topics import FAMILY, type_name
from frontdoor_schemas.vocabulary import EventType

QUERIES = FAMILY[EventType.query]
Responses = dict[int | str, dict[str, Any]]
REF = "#/components/schemas/{model}"
TITLE = "Frontdoor gateway"
VERSION = "1.0.0"
DESCRIPTION = """An agency's own door to the exchange: post events, collect what your desk is told, ask what became of your events.

A 202 is a promise: the event is durable. Post again with the same id when no answer came; it is the same event.
Times are RFC 3339 with an offset. Errors are problem details (RFC 9457): they name fields and rules, never a value."""


@dataclass(frozen=True, slots=True)
class Document:
    """How one route is described."""

    summary: str
    operation_id: str
    body: dict[str, Any]
    responses: Responses
    status: int = 202
    parameters: list[dict[str, Any]] = field(default_factory=list)


def _reference(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": REF.format(model=model.__name__)}


def _content(media_type: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"content": {media_type: {"schema": schema}}}


def problems(*statuses: int) -> Responses:
    """The problems of these statuses, and 500, which any route may have."""
    return {status: _problem(status) for status in (*statuses, 500)}


def _problem(status: int) -> dict[str, Any]:
    kinds: list[ProblemType] = [k for k in (*PROBLEMS.values(), UnavailableError.kind) if k.status == status]
    says = "\n".join(f"- `{kind.uri}`: {kind.title}" for kind in kinds)
    return {"description": says, **_content("application/problem+json", _reference(Problem))}


def body_of(model: type[BaseModel]) -> dict[str, Any]:
    """A JSON body of one model."""
    return {"required": True, **_content("application/json", _reference(model))}


def _one_of(types: list[EventType]) -> dict[str, Any]:
    models = {t.value: _reference(SUBMISSIONS[t]) for t in types}
    mapping = {name: ref["$ref"] for name, ref in models.items()}
    return {"oneOf": list(models.values()), "discriminator": {"propertyName": "type", "mapping": mapping}}


_POSTED = problems(401, 403, 409, 413, 415, 422, 429, 503)
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Your own id of this event. Posting again with it is answered as the first time. Without it one is made up.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": r"^[\x21-\x7e]+$"},
}


_PREFER = {
    "name": "Prefer",
    "in": "header",
    "description": "`wait=N`: wait up to so many seconds for the answer (RFC 7240), twenty at most unless this gateway says otherwise",
    "schema": {"type": "string"},
}


def queries() -> Document:
    """`/v1/queries`: questions, which may be waited for."""
    document = family(QUERIES)
    answered = {"description": "The answer, as it is in your inbox as well", **_content("application/json", _reference(Message))}
    stored = {"description": "It is durable; there is no answer yet", **_content("application/json", _reference(QuestionReceipt))}
    return replace(document, responses={**document.responses, 200: answered, 202: stored}, parameters=[_KEY, _PREFER])


def family(name: str) -> Document:
    """The resource of one family."""
    types = [t for t, f in FAMILY.items() if f == name]
    responses: Responses = {202: {"description": "It is durable", **_content("application/json", _reference(PostReceipt))}, **_POSTED}
    body = {"required": True, **_content("application/json", _one_of(types))}
    return Document(f"Post to {name}", f"post_{name.replace('-', '_')}", body, responses, parameters=[_KEY])


def _cloud_event() -> dict[str, Any]:
    attributes: dict[str, Any] = {name: {"type": "string"} for name in sorted(ATTRIBUTES)}
    data = [{"$ref": f"{REF.format(model=SUBMISSIONS[t].__name__)}/properties/data"} for t in EventType]
    attributes |= {
        "specversion": {"const": "1.0"},
        "id": {"type": "string", "maxLength": 200, "description": "Makes the post idempotent"},
        "source": {"type": "string", "description": "Your desk"},
        "type": {"enum": [type_name(t) for t in EventType]},
        "inreplyto": {"type": "string", "format": "uuid", "description": "The event that this one answers"},
        "data": {"anyOf": data},
    }
    required = ["specversion", "id", "source", "type", "data"]
    return {"type": "object", "properties": attributes, "required": required, "additionalProperties": False}


def cloud_events() -> Document:
    """`/v1/events`."""
    event = _cloud_event()
    content = {
        "application/cloudevents+json": {"schema": event},
        "application/cloudevents-batch+json": {"schema": {"type": "array", "items": event, "maxItems": 500}},
        "application/json": {"schema": event["properties"]["data"]},
    }
    responses: Responses = {
        202: {"description": "It is durable", **_content("application/json", _reference(PostReceipt))},
        207: {"description": "A batch: each item for itself", **_content("application/json", _reference(BatchAnswer))},
        **_POSTED,
    }
    body = {"required": True, "content": content, "description": "CloudEvents 1.0: structured, batch, or binary with `ce-` headers"}
    return Document("Post CloudEvents", "post_cloud_events", body, responses)


def stream() -> Responses:
    """The answers of `/v1/stream`."""
    return {200: {"description": "Without end", **_content("text/event-stream", {"type": "string"})}, **problems(401, 422, 503)}


def describe(app: FastAPI) -> dict[str, Any]:
    """The whole description, the models of all families included."""
    described = get_openapi(title=TITLE, version=VERSION, description=DESCRIPTION, routes=app.routes)
    models: list[Any] = [*SUBMISSIONS.values(), Problem, Message, QuestionReceipt, PostReceipt, BatchAnswer, Marks]
    _, definitions = models_json_schema([(model, "validation") for model in models], ref_template=REF)
    schemas = described["components"]["schemas"] | definitions["$defs"]
    described["components"]["schemas"] = dict(sorted(schemas.items()))
    return described

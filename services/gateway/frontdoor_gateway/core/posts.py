"""Reads posts out of request bodies: the plain form of a family, and the three modes of CloudEvents 1.0."""

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from frontdoor_chassis.problems import ProblemError
from frontdoor_gateway.core.failures import TooLargeError, TooManyError, UnreadableEventError
from frontdoor_schemas.problems import FieldError, explain_unreadable, field_error
from frontdoor_schemas.topics import FAMILY, type_name
from frontdoor_schemas.vocabulary import EventType

_TYPES = {t.value: t for t in EventType}
_TYPE_NAMES = {type_name(t): t for t in EventType}
_SENDER_ID = re.compile(r"[\x21-\x7e]{1,200}")
_ATTRIBUTE = re.compile(r"[a-z0-9]{1,20}")
MAX_NAMED = 10
"""Unknown attributes named in one answer."""
_CANONICAL = orjson.OPT_SORT_KEYS

ATTRIBUTES = frozenset({"specversion", "id", "source", "type", "time", "datacontenttype", "dataschema", "inreplyto", "traceparent"})
"""What an event may carry beside its data. Anything else might be about somebody, and would be dropped unseen."""


@dataclass(frozen=True, slots=True)
class Post:
    """One event as it was posted: which type it says it is, its bytes, and what makes it the same event again."""

    type: EventType
    raw: bytes
    same: bytes
    sender_id: str


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much one batch may bring."""

    items: int
    event_bytes: int


def new_sender_id() -> str:
    """For a sender that gives none: it cannot post again safely, and is not protected from posting twice."""
    return f"fd-{uuid.uuid4()}"


def refuse(field: str, rule: str) -> UnreadableEventError:
    """One field, one rule."""
    return UnreadableEventError(errors=[field_error(field, rule)])


def in_family(family: str, raw: bytes, sender_id: str | None) -> Post:
    """The one event of a request to a family's resource. Raises a `ProblemError`."""
    body = json_object(raw)
    said = body.get("type")
    event_type = _TYPES.get(said) if isinstance(said, str) else None
    if event_type is None or FAMILY[event_type] != family:
        raise refuse("/type", "unknown_value" if "type" in body else "missing")
    return Post(event_type, raw, _same(body.get("in_reply_to"), body.get("data")), _checked_id(sender_id, "/Idempotency-Key"))


def structured(raw: bytes, desk: str) -> Post:
    """A CloudEvent in structured mode. Raises a `ProblemError`."""
    return _cloud_event(json_object(raw), desk)


def binary(raw: bytes, headers: Mapping[str, str], desk: str) -> Post:
    """A CloudEvent in binary mode: attributes in headers, the data as the body. Raises a `ProblemError`."""
    attributes: dict[str, Any] = {name[3:]: value for name, value in headers.items() if name.startswith("ce-")}
    return _cloud_event({**attributes, "data": json_object(raw)}, desk)


def batch(raw: bytes, desk: str, bounds: Bounds) -> list[Post | ProblemError]:
    """CloudEvents in batch mode, each read or refused for itself. Raises a `ProblemError` for the batch as a whole."""
    items = _json(raw)
    if not isinstance(items, list):
        raise refuse("", "wrong_type")
    if len(items) > bounds.items:
        raise TooManyError(f"At most {bounds.items}")
    return [_or_refusal(item, desk, bounds.event_bytes) for item in items]


def _or_refusal(item: Any, desk: str, largest: int) -> Post | ProblemError:
    try:
        post = _cloud_event(item, desk)
    except ProblemError as error:
        return error
    return post if len(post.raw) <= largest else TooLargeError(f"At most {largest} bytes")


def _json(raw: bytes) -> Any:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise UnreadableEventError(errors=[explain_unreadable(raw)]) from None


def json_object(raw: bytes) -> dict[str, Any]:
    """A body that is a JSON object. Raises `UnreadableEventError`."""
    body = _json(raw)
    if not isinstance(body, dict):
        raise refuse("", "wrong_type")
    return body


def _cloud_event(event: Any, desk: str) -> Post:
    if not isinstance(event, dict):
        raise refuse("", "wrong_type")
    faults = list(_faults(event, desk))
    if faults:
        raise UnreadableEventError(errors=faults)
    event_type = _TYPE_NAMES[event["type"]]
    reply, data = event.get("inreplyto"), event.get("data")
    raw = orjson.dumps({"type": event_type.value, "in_reply_to": reply, "data": data}, option=_CANONICAL)
    return Post(event_type, raw, _same(reply, data), _checked_id(event["id"], "/id"))


def _faults(event: Mapping[str, Any], desk: str) -> list[FieldError]:
    strange = sorted(event.keys() - ATTRIBUTES - {"data"})
    found = [field_error(f"/{name}" if _ATTRIBUTE.fullmatch(name) else "/?", "unknown_field") for name in strange[:MAX_NAMED]]
    for name, wanted in (("specversion", {"1.0"}), ("source", {desk}), ("type", _TYPE_NAMES)):
        if not isinstance(event.get(name), str) or event[name] not in wanted:
            found.append(field_error(f"/{name}", "unknown_value" if name in event else "missing"))
    found += [field_error(f"/{name}", "missing") for name in ("id", "data") if name not in event]
    if event.get("datacontenttype", "application/json") != "application/json":
        found.append(field_error("/datacontenttype", "unknown_value"))
    return found


def _same(reply: Any, data: Any) -> bytes:
    """What two posts have in common when they say the same: not white space, and not the order of members."""
    return orjson.dumps([reply, data], option=_CANONICAL)


def _checked_id(sender_id: Any, field: str) -> str:
    if sender_id is None:
        return new_sender_id()
    if not isinstance(sender_id, str) or not _SENDER_ID.fullmatch(sender_id):
        raise refuse(field, "format")
    return sender_id

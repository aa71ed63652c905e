"""How a failure is told to a caller (RFC 9457), and what breaks the contract, by field and rule: never the value."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, Field, ValidationError

from frontdoor_schemas.envelope import Wire
from frontdoor_schemas.fields import Block, Nest, Plan

MAX_DEPTH = 32
"""Nesting of JSON that is read; the deepest event has about half."""
MAX_ERRORS = 100
"""Errors named in one answer: a small request must not cause a large one."""


class FieldError(Wire):
    """One thing that breaks the contract."""

    field: str = Field(description="JSON Pointer into what was sent; empty: the whole of it")
    rule: str = Field(description="Code of the rule")
    message: str


class Problem(Wire):
    """A failure, as `application/problem+json`. What says nothing is left out."""

    type: str = Field(description="`/problems/` and the code")
    title: str
    status: int
    detail: str | None = None
    instance: str | None = None
    trace: str | None = Field(None, description="With an internal error: its id in the log")
    errors: tuple[FieldError, ...] = ()


@dataclass(frozen=True, slots=True)
class ProblemType:
    """A kind of failure that callers may have to tell apart."""

    code: str
    status: int
    title: str

    @property
    def uri(self) -> str:
        """The `type` of such a problem."""
        return f"/problems/{self.code}"


PROBLEMS: Mapping[str, ProblemType] = {
    p.code: p
    for p in (
        ProblemType("unauthenticated", 401, "A valid key is needed: Authorization: Bearer fd_…"),
        ProblemType("not-an-operator", 401, "A token of an operator is needed: Authorization: Bearer …"),
        ProblemType("not-your-desk", 403, "This key belongs to another desk"),
        ProblemType("type-not-allowed", 403, "Your agency does not publish events of this type"),
        ProblemType("not-permitted", 403, "This key may not do that"),
        ProblemType("unknown-event", 404, "You have not published such an event"),
        ProblemType("not-found", 404, "Not Found"),
        ProblemType("no-such-desk", 404, "There is no such desk"),
        ProblemType("no-such-endpoint", 404, "The desk has no endpoint"),
        ProblemType("no-such-delivery", 404, "There is no such delivery"),
        ProblemType("method-not-allowed", 405, "Method Not Allowed"),
        ProblemType("same-id-other-body", 409, "This id was used for another event"),
        ProblemType("not-a-dead-letter", 409, "There is no dead letter of this id to be sent again"),
        ProblemType("too-large", 413, "The event is too large"),
        ProblemType("too-many-items", 413, "The batch has too many items"),
        ProblemType("media-type", 415, "Send JSON, or CloudEvents in JSON"),
        ProblemType("unreadable", 422, "The event could not be read"),
        ProblemType("unknown-question", 422, "The data set has no answer to this"),
        ProblemType("bad-endpoint", 422, "Webhooks cannot be sent there"),
        ProblemType("unknown-cursor", 422, "This inbox gave no such cursor"),
        ProblemType("too-fast", 429, "Too many events from this key: slow down"),
        ProblemType("too-many-questions", 429, "Your desk has asked as many questions as it may within an hour"),
        ProblemType("internal-error", 500, "Something went wrong here"),
        ProblemType("overloaded", 503, "Too much is waiting: post again, with the same id"),
        ProblemType("not-stored", 503, "The event was not stored: post again, with the same id"),
        ProblemType("outcome-unknown", 503, "It is not known whether the event was stored: post again, with the same id"),
        ProblemType("unavailable", 503, "This cannot be answered at the moment: ask again"),
        ProblemType("closing", 503, "This door is closing: post again, with the same id"),
    )
}
"""Every problem type, by code."""

RULES: Mapping[str, str] = {
    "not_utf8": "is not UTF-8",
    "not_json": "is not JSON",
    "too_deep": f"is nested deeper than {MAX_DEPTH} levels",
    "nul": "contains a NUL character",
    "missing": "is needed",
    "unknown_field": "is no field of this event",
    "computed_field": "is worked out by the exchange for each recipient and cannot be submitted",
    "ledger_field": "is kept by the exchange itself and cannot be submitted: the page of the fields says where it is found",
    "exchange_field": "is stated by the exchange and cannot be submitted",
    "unknown_value": "is not one of the values this field may have",
    "wrong_type": "is not of this field's type",
    "format": "is not of this field's form",
    "too_long": "is longer than this field may be",
    "too_short": "is shorter than this field may be",
    "out_of_range": "lies outside what this field may hold",
    "not_a_time": "is not a time (RFC 3339)",
    "no_time_zone": "is a time without its offset from UTC",
    "not_a_date": "is not a date (YYYY-MM-DD)",
    "not_a_uuid": "is not a UUID",
    "check_digit": "has a wrong check digit",
    "check_letter": "has a wrong check letter",
    "absent": "is no category any more: a child who is missing is recorded as missing",
    "did_not_attend": "is said of adults: a child was not brought (was_not_brought)",
    "gcp2_grade": "is no grade of the Graded Care Profile 2, which are 1 to 5",
    "no_subject": "names neither a child nor an adult",
    "duplicate_ref": "names the same person a second time",
    "unknown_ref": "names a person who is not in this event",
    "unknown_audience": "names a list of desks that this event does not give",
    "unknown_event": "is no event that you published or that was disclosed to you",
    "not_own_event": "is no event that your agency published",
    "future_time": "lies in the future",
    "future_birth_date": "lies in the future",
    "expected_date": "is not a date on which a child of this event can be expected",
    "invalid": "is not valid",
}
"""Every rule of the contract, and what it says of a field."""

SET_BY_EXCHANGE = frozenset(
    {"id", "event_id", "event_type", "thread", "correlation_id", "causation_id", "submitted_at", "received_at"}
    | {"source", "source_agency", "source_unit", "asserted_by", "confirmed_by"}
)
"""What the exchange itself says of an event; who asserts and who confirms is never the sender's to say."""

_RULE_OF: Mapping[str, str] = {
    "json_invalid": "not_json",
    "json_type": "not_json",
    "union_tag_not_found": "missing",
    "union_tag_invalid": "unknown_value",
    "literal_error": "unknown_value",
    "enum": "unknown_value",
    "string_pattern_mismatch": "format",
    "string_unicode": "format",
    "string_too_long": "too_long",
    "string_too_short": "too_short",
    "greater_than_equal": "out_of_range",
    "less_than_equal": "out_of_range",
    "less_than": "out_of_range",
    "datetime_parsing": "not_a_time",
    "datetime_from_date_parsing": "not_a_time",
    "datetime_type": "not_a_time",
    "timezone_aware": "no_time_zone",
    "date_parsing": "not_a_date",
    "date_from_datetime_parsing": "not_a_date",
    "date_from_datetime_inexact": "not_a_date",
    "date_type": "not_a_date",
    "uuid_parsing": "not_a_uuid",
    "uuid_type": "not_a_uuid",
}


def field_error(field: str, rule: str) -> FieldError:
    """A field and a rule, with the rule's words."""
    return FieldError(field=field, rule=rule, message=RULES[rule])


def from_validation(error: ValidationError, model: type[BaseModel], raw: bytes | None = None) -> list[FieldError]:
    """What breaks the contract, once for each field. With `raw` it can also say why it could not be read at all."""
    if raw is not None and (reason := _unreadable(raw)):
        return [field_error("", reason)]
    found: dict[str, str] = {}
    for fault in error.errors(include_url=False, include_context=False, include_input=False):
        field, rule = _named(fault["type"], fault["loc"], model)
        found[field] = rule if found.get(field, rule) == rule else "unknown_value"
    return [field_error(field, rule) for field, rule in list(found.items())[:MAX_ERRORS]]


def from_times(faults: Iterable[tuple[str, str]]) -> list[FieldError]:
    """The findings of `body.check_times`, as places in what was sent."""
    return [field_error(f"/data{path}", rule) for path, rule in faults]


def explain_unreadable(raw: bytes) -> FieldError:
    """Why bytes that are no event could not be read."""
    return field_error("", _unreadable(raw) or "not_json")


_STRINGS = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)


def _unreadable(raw: bytes) -> str | None:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return "not_utf8"
    if b"\0" in raw:
        return "nul"
    return "too_deep" if _depth(raw) > MAX_DEPTH else None


def _depth(raw: bytes) -> int:
    depth = deepest = 0
    for char in _STRINGS.sub(b"", raw):
        if char in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif char in b"]}":
            depth -= 1
    return deepest


_Loc = tuple[int | str, ...]


def _named(kind: str, loc: _Loc, model: type[BaseModel]) -> tuple[str, str]:
    path, owner, tag = _place(loc, model)
    if tag and kind.startswith("union_tag"):
        path.append(tag)
    if kind == "extra_forbidden":
        rule = _why_unknown(str(loc[-1]), owner)
    elif kind in _RULE_OF:
        rule = _RULE_OF[kind]
    elif kind in RULES:
        rule = kind
    else:
        rule = "wrong_type" if kind.endswith("_type") else "invalid"
    return "".join(f"/{_sayable(step)}" for step in path), rule


def _why_unknown(name: str, owner: type[BaseModel]) -> str:
    if issubclass(owner, Block):
        if name in owner.computed:
            return "computed_field"
        if any(name in base.ledger for base in owner.__mro__ if issubclass(base, Block)):
            return "ledger_field"
    return "exchange_field" if name in SET_BY_EXCHANGE else "unknown_field"


_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}").fullmatch


def _sayable(step: int | str) -> str:
    # an unknown field's name is the sender's own text and may itself be about somebody
    return str(step) if isinstance(step, int) or _NAME(step) else "?"


def _place(loc: _Loc, model: type[BaseModel]) -> tuple[list[int | str], type[BaseModel], str | None]:
    """Where an error is, without the union members that pydantic names in between; its model; the tag still to be chosen by."""
    path: list[int | str] = []
    owner: type[BaseModel] = model
    nest: Nest | None = None
    in_leaf = False
    for step in loc:
        if isinstance(step, int):
            path.append(step)
        elif nest is not None and nest.tag and step in nest.plans:
            owner, nest = nest.plans[step].model, None
        elif not in_leaf:
            path.append(step)
            owner, nest, in_leaf = _into(owner, step)
    return path, owner, nest.tag if nest is not None else None


def _into(owner: type[BaseModel], name: str) -> tuple[type[BaseModel], Nest | None, bool]:
    if not issubclass(owner, Block):
        inner = owner.model_fields[name].annotation if name in owner.model_fields else None
        return (inner, None, False) if isinstance(inner, type) and issubclass(inner, Block) else (owner, None, True)
    shape = owner.plan.fields.get(name)
    if not isinstance(shape, Nest):
        return owner, None, True
    plan: Plan | None = shape.plans.get(None)
    return (plan.model if plan else owner), shape, False


def problem(code: str, **members: Any) -> Problem:
    """A problem of a known type; `members` are detail, instance, trace and errors."""
    known = PROBLEMS[code]
    return Problem(type=known.uri, title=known.title, status=known.status, **members)

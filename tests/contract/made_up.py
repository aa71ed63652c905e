"""Events made from the contract itself: every field, or any choice of fields. Nobody in them exists."""

import itertools
import json
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from frontdoor_schemas.body import CaseEvent, EventBody
from frontdoor_schemas.events import MODELS, SUBMISSIONS, SourceFacts, Submission
from frontdoor_schemas.fields import Block, Leaf, Nest, Structure
from frontdoor_schemas.vocabulary import EventType, Role

NHS_PATTERN, UPN_PATTERN = "^[0-9]{10}$", "^[A-HJ-NP-RT-Z][0-9]{11}"
BY_PATTERN: Sequence[tuple[str, Sequence[str]]] = (
    (NHS_PATTERN, ("9990000018", "9990000026", "9990000034", "9990000042")),
    (UPN_PATTERN, ("B801200005001", "A80120000501A")),
    ("^[A-Z]{1,2}[0-9]", ("ZZ99 3VZ", "ZZ9 9ZZ")),
    (r"\.[a-z0-9]", ("ash-primary.dsl", "mill-lane.gp", "police.pvp")),
    ("^[0-9a-f]{64}", ("0" * 64, "1f" * 32)),
    ("^[a-z]+/", ("application/pdf", "image/png")),
    ("^https://", ("https://meet.example/1", "https://meet.example/2?x=3")),
    ("^[a-z0-9]", ("police", "ash-primary")),
    ("^[A-Za-z0-9]", ("N-1", "Q/2", "3.4")),
)
SOURCE = SourceFacts("made-up.desk", "made-up", Role.social_care)
REPLIED_TO = "0190b0a0-0000-7000-8000-000000000001"
REFS = ("child-1", "child-2", "adult-1", "adult-2")

Choose = Callable[[Sequence[str]], Iterable[str]]
"""Which of these names to take."""
Count = Callable[[int], int]
"""How many items, at least so many."""


def everything(names: Sequence[str]) -> Sequence[str]:
    """All of them."""
    return names


def two(least: int) -> int:
    """Two, where that is enough."""
    return max(least, 2)


class Maker:
    """Writes one event. Each text differs from all others, so that a value tells which field it came from."""

    def __init__(self, choose: Choose = everything, count: Count = two) -> None:
        self._choose = choose
        self._count = count
        self._numbers = itertools.count(1)
        self._audience = ["crc.duty", "nps"]

    def event(self, model: type[EventBody]) -> dict[str, Any]:
        """The body of an event. With people, there are always two children and two adults."""
        groups = [g for g in ("members", "invited", "attended") if g in model.model_fields]
        self._audience += groups
        made = self._block(model)
        if issubclass(model, CaseEvent):
            people = {"children": ["child-1", "child-2"], "adults": ["adult-1", "adult-2"]}
            for name, refs in people.items():
                shape = model.plan.fields[name]
                assert isinstance(shape, Nest)
                made[name] = [{**self._block(shape.plans[None].model), "ref": ref} for ref in refs]
        for group in groups:
            made.setdefault(group, ["police.pvp", "mill-lane.gp"])
        return made

    def _block(self, model: type[Block], kind: str | None = None) -> dict[str, Any]:
        schema = _schema_of(model)
        needed = [n for n, info in model.model_fields.items() if info.is_required()]
        names = dict.fromkeys([*needed, *self._choose([n for n in model.model_fields if n not in needed])])
        made = {name: self._field(model, name, schema) for name in model.model_fields if name in names}
        return made | ({"kind": kind} if kind else {})

    def _field(self, model: type[Block], name: str, schema: Mapping[str, Any]) -> Any:
        shape, stated = model.plan.fields[name], schema["properties"][name]
        match shape:
            case Structure("to"):
                return self._some(self._audience)
            case Structure():
                refs = [r for r in REFS if _fits(r, stated)]
                return self._some(refs, int(stated.get("minItems", 0)), int(stated.get("maxItems", 9)))
            case Nest(plans, many):
                made = [self._block(plan.model, kind) for kind, plan in plans.items() for _ in range(self._count(1) if many else 1)]
                return made if many else made[0]
            case Leaf(link=True):
                return next(r for r in reversed(REFS) if _fits(r, stated))
        return self._value(stated, schema.get("$defs", {}))

    def _some(self, names: Sequence[str], least: int = 0, most: int = 9) -> list[str]:
        chosen = list(self._choose(names)) or list(names[:least])
        return chosen[:most]

    def _value(self, stated: Mapping[str, Any], definitions: Mapping[str, Any]) -> Any:
        if "$ref" in stated:
            return self._value(definitions[stated["$ref"].rsplit("/", 1)[1]], definitions)
        if "anyOf" in stated:
            return self._value(next(o for o in stated["anyOf"] if o.get("type") != "null"), definitions)
        if stated.get("type") == "array":
            values = [self._value(stated["items"], definitions) for _ in range(self._count(1))]
            return list(dict.fromkeys(values))
        if "const" in stated:
            return stated["const"]
        number = next(self._numbers)
        if "enum" in stated:
            return stated["enum"][number % len(stated["enum"])]
        return self._text(stated, number)

    def _text(self, stated: Mapping[str, Any], number: int) -> Any:
        if stated.get("type") == "integer":
            return stated["minimum"] + number % (stated["maximum"] - stated["minimum"] + 1)
        match stated.get("format"):
            case "date-time":
                return f"2020-11-10T{number % 24:02}:{number % 60:02}:00Z"
            case "date":
                return f"2015-{number % 12 + 1:02}-{number % 28 + 1:02}"
            case "uuid":
                return f"0190b0a0-0000-7000-8000-{number:012}"
        if "pattern" in stated:
            options = next(options for start, options in BY_PATTERN if start in stated["pattern"])
            return options[number % len(options)]
        return f"text {number} – žluťoučký"


@cache
def _schema_of(model: type[Block]) -> Mapping[str, Any]:
    return model.model_json_schema()


def _fits(ref: str, stated: Mapping[str, Any]) -> bool:
    pattern = str(stated.get("items", stated))
    return "(child|adult)" in pattern or f"^{ref[:5]}-" in pattern


def a_body(event_type: EventType, choose: Choose = everything, count: Count = two) -> dict[str, Any]:
    """What an event of a type says. A correction puts an incident in place."""
    model = MODELS[event_type]
    if event_type is EventType.correction:
        inner = a_body(EventType.police_incident, choose, count)
        return {"occurred_at": "2020-11-11T09:00:00Z", "reason": "made up", "event": {"type": "police-incident", "data": inner}}
    return Maker(choose, count).event(model)


def a_submission(event_type: EventType, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What is posted."""
    reply = {"in_reply_to": REPLIED_TO} if MODELS[event_type].must_reply else {}
    return {"type": event_type.value, **reply, "data": body if body is not None else a_body(event_type)}


def submitted(event_type: EventType, body: Mapping[str, Any] | None = None) -> Submission:
    """A submission as the gateway has it."""
    return SUBMISSIONS[event_type].model_validate_json(json.dumps(a_submission(event_type, body)))


def rng(seed: int = 1) -> random.Random:
    """Keys and ids that are the same each time."""
    return random.Random(seed)

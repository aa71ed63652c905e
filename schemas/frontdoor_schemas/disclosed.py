"""JSON Schema of what a recipient may get of each type of event: nothing is required, and computed fields are there too."""

from functools import cache
from typing import Any

from pydantic.json_schema import JsonSchemaValue

from frontdoor_schemas.amendments import Correction
from frontdoor_schemas.body import EventBody
from frontdoor_schemas.events import CORRECTABLE, MODELS
from frontdoor_schemas.fields import Block, Computed, Held, Leaf, Nest, Structure
from frontdoor_schemas.vocabulary import Category, EventType, Role

PERSON = {"type": "string", "pattern": "^(child|adult)-[0-9a-f]{8}$", "description": "Names one person within this message"}
PEOPLE = {"type": "array", "items": PERSON}
SOURCE = {
    "type": "object",
    "description": "Who published it; a fact like any other, and absent where it would say where somebody is",
    "properties": {"desk": {"type": "string"}, "agency": {"type": "string"}, "role": {"enum": [r.value for r in Role]}},
    "additionalProperties": False,
}
AMENDS = {
    "type": "object",
    "description": "Only where a correction brought this. Who knows of the event that it stands in place of reads its id as `cause`",
    "properties": {
        "type": {"enum": [t.value for t in CORRECTABLE]},
        "reason": {"type": "string"},
    },
    "additionalProperties": False,
}
HANDLING = {"type": "string", "description": "Says `not_for_family` in words, for a recipient who may not see those people"}


def disclosed_schema(event_type: EventType) -> JsonSchemaValue:
    """The schema of the `message` of a disclosure."""
    model = MODELS[event_type]
    if issubclass(model, Correction):
        return {
            "description": "The event put in place, with `amends`.",
            "anyOf": [{"$ref": f"{t.value}.disclosed.json"} for t in CORRECTABLE],
        }
    return _Writer().event(model)


class _Writer:
    def __init__(self) -> None:
        self.definitions: dict[str, JsonSchemaValue] = {}

    def event(self, model: type[EventBody]) -> JsonSchemaValue:
        schema = self.block(model)
        schema["properties"] |= {"source": SOURCE} | ({"amends": AMENDS} if model in CORRECTABLE.values() else {})
        return schema | {"$defs": dict(sorted(self.definitions.items()))}

    def block(self, model: type[Block]) -> JsonSchemaValue:
        own = _own_schema(model)
        self.definitions |= {name: kind for name, kind in own.get("$defs", {}).items() if "enum" in kind}
        properties: dict[str, Any] = {}
        for name, shape in model.plan.fields.items():
            properties |= self.field(name, shape, own["properties"][name])
        properties |= {name: _computed(computed) for name, computed in model.computed.items()}
        return {"type": "object", "description": model.__doc__, "properties": properties, "additionalProperties": False}

    def field(self, name: str, shape: Leaf | Nest | Structure, own: JsonSchemaValue) -> dict[str, JsonSchemaValue]:
        match shape:
            case Leaf(Held(Category.sharing_limits)):
                return {}  # as an audience is
            case Leaf(held, link):
                value = PERSON if link else _value(own)
                return {name: value | {"x-category": held.category.value, "x-subject": held.subject.value}}
            case Nest():
                items = [self.reference(plan.model) for plan in shape.plans.values()]
                one = items[0] if len(items) == 1 else {"anyOf": items}
                return {name: {"type": "array", "items": one} if shape.many else one}
            case Structure("ref"):
                return {name: PERSON}
            case Structure("about"):
                return {name: PEOPLE}
            case Structure("not_for_family"):
                return {name: PEOPLE, "handling": HANDLING}
        return {}  # an audience is between the author and the exchange

    def reference(self, model: type[Block]) -> JsonSchemaValue:
        if model.__name__ not in self.definitions:
            self.definitions[model.__name__] = {}
            self.definitions[model.__name__] = self.block(model)
        return {"$ref": f"#/$defs/{model.__name__}"}


@cache
def _own_schema(model: type[Block]) -> JsonSchemaValue:
    return model.model_json_schema()


def _value(own: JsonSchemaValue) -> JsonSchemaValue:
    stated = {name: said for name, said in own.items() if name not in {"default", "title", "anyOf"}}
    options = [option for option in own.get("anyOf", ()) if option.get("type") != "null"]
    return stated | options[0] if len(options) == 1 else stated | ({"anyOf": options} if options else {})


def _computed(computed: Computed) -> JsonSchemaValue:
    held = computed.held
    said = {
        "description": f"Computed for this recipient: {computed.explain}",
        "x-category": held.category.value,
        "x-subject": held.subject.value,
    }
    return dict(computed.json_schema) | said

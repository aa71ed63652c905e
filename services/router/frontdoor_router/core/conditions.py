"""The `if` of a duty: what a message must say for the duty to apply.

A condition addresses the message that `frontdoor_schemas.sections.join` puts together, by field path. A path through a
list matches when any item does; so a condition is never about the same item as its neighbour.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, get_args, get_origin

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from frontdoor_schemas.fields import Block, Leaf, Nest, Structure

Scalar = str | int | bool
Path = tuple[str, ...]
_LIST = (list, tuple)
_BLOCK = (dict, Mapping)
"""What may be a block of a message. Joined messages are made of dicts, and `isinstance` tells one a good deal sooner than a mapping."""


class ConditionEntry(BaseModel):
    """`{field = "domestic_abuse", is = "present"}`: exactly one of `is`, `equals` and `any_of`."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    field: str = Field(pattern=r"^[a-z_]+(\.[a-z_]+)*$")
    is_: Literal["present", "absent"] | None = Field(None, alias="is")
    equals: Scalar | None = None
    any_of: tuple[Scalar, ...] | None = Field(None, min_length=1)

    @model_validator(mode="after")
    def _one_test(self) -> "ConditionEntry":
        if sum(test is not None for test in (self.is_, self.equals, self.any_of)) != 1:
            raise ValueError("give exactly one of is, equals and any_of")
        return self

    def condition(self) -> "Condition":
        """The condition that it writes."""
        path = tuple(self.field.split("."))
        if self.is_ is not None:
            return Present(path) if self.is_ == "present" else Absent(path)
        return OneOf(path, self.any_of if self.any_of is not None else (self._equals,))

    @property
    def _equals(self) -> Scalar:
        assert self.equals is not None  # noqa: S101 - exactly one test is given: see above
        return self.equals


@dataclass(frozen=True, slots=True)
class Present:
    """The message says something at this path."""

    path: Path

    def holds(self, message: Mapping[str, Any]) -> bool:
        """Whether it does."""
        return bool(values(self.path, message))


@dataclass(frozen=True, slots=True)
class Absent:
    """The message says nothing at this path, in no item of any list on the way."""

    path: Path

    def holds(self, message: Mapping[str, Any]) -> bool:
        """Whether it does."""
        return not values(self.path, message)


@dataclass(frozen=True, slots=True)
class OneOf:
    """The message says one of these values at this path."""

    path: Path
    values: tuple[Scalar, ...]

    def holds(self, message: Mapping[str, Any]) -> bool:
        """Whether it does."""
        return any(_same(value, wanted) for value in values(self.path, message) for wanted in self.values)


Condition = Present | Absent | OneOf


def all_hold(conditions: Iterable[Condition], message: Mapping[str, Any]) -> bool:
    """Whether a message meets every condition."""
    return all(condition.holds(message) for condition in conditions)


def says_all(conditions: Iterable[Condition], marks: Collection[str]) -> bool:
    """Whether all conditions hold, by the marks that are known of an event."""
    return all(_marked(condition, marks) for condition in conditions)


def _marked(condition: Condition, marks: Collection[str]) -> bool:
    path = ".".join(condition.path)
    match condition:
        case OneOf(_, values):
            return any(f"{path}={value}" in marks for value in values)
        case Present():
            return _says(path, marks)
        case Absent():
            return not _says(path, marks)


def _says(path: str, marks: Collection[str]) -> bool:
    return any(mark == path or mark.startswith((f"{path}=", f"{path}.")) for mark in marks)


def present(path: Path, message: Mapping[str, Any]) -> bool:
    """Whether a message says something at a path."""
    return bool(values(path, message))


def values(path: Path, node: Any) -> Sequence[Any]:
    """What a message, or a part of one, says at a path."""
    for place, step in enumerate(path):
        if isinstance(node, _BLOCK):
            if step not in node:
                return ()
            node = node[step]
        elif isinstance(node, _LIST):
            return [value for item in node for value in values(path[place:], item)]
        else:
            return ()
    if isinstance(node, _LIST):
        return [value for item in node for value in values((), item)]
    return () if node is None else (node,)  # an empty block says that it is there


def complete(path: Path, message: Mapping[str, Any]) -> bool:
    """Whether a message says something at a path in every item of the lists on the way, of which there is at least one."""
    return _complete(message, path)


def _complete(node: Any, path: Sequence[str]) -> bool:
    if isinstance(node, _LIST):
        return bool(node) and all(_complete(item, path) for item in node)
    if not path:
        return node is not None
    return isinstance(node, _BLOCK) and path[0] in node and _complete(node[path[0]], path[1:])


def _same(value: Any, wanted: Scalar) -> bool:
    return type(value) is type(wanted) and bool(value == wanted)


def problems(condition: Condition, model: type[Block]) -> list[str]:
    """Why a condition can never be met by events of a model, or not as it was meant: empty when it is sound."""
    leaves: list[tuple[type[Block], str]] = []
    reason = _walk(model, condition.path, leaves)
    if reason is not None:
        return [reason]
    if not isinstance(condition, OneOf):
        return []
    if not leaves:
        return [f"{'.'.join(condition.path)} is a block: it can be present or absent, and has no value"]
    return [bad for value in condition.values if (bad := _never(value, leaves, condition.path))]


def field_problem(path: Path, model: type[Block]) -> str | None:
    """Why a path leads nowhere in events of a model; None when it names a field or block."""
    return _walk(model, path, [])


def in_a_list(path: Path, model: type[Block]) -> bool:
    """Whether a path of a model leads through a list of blocks."""
    models = [model]
    for step in path[:-1]:
        nests = [shape for m in models if isinstance(shape := m.plan.fields.get(step), Nest)]
        if any(nest.many for nest in nests):
            return True
        models = [plan.model for nest in nests for plan in nest.plans.values()]
    return False


def due_problem(path: Path, model: type[Block]) -> str | None:
    """Why a path gives no time in events of a model; None when it names a moment or a day."""
    leaves: list[tuple[type[Block], str]] = []
    reason = _walk(model, path, leaves)
    if reason is None and not (leaves and all(_is_time(m.model_fields[name].annotation) for m, name in leaves)):
        return f"{'.'.join(path)} is no time"
    return reason


def _is_time(annotation: Any) -> bool:
    return annotation in (date, AwareDatetime) or any(_is_time(part) for part in get_args(annotation) if part is not Ellipsis)


def leaves_at(path: Path, model: type[Block]) -> list[tuple[type[Block], str]]:
    """The models, and the name in them, of the value to which a path leads; of a kind of several, each that has it."""
    leaves: list[tuple[type[Block], str]] = []
    return leaves if _walk(model, path, leaves) is None else []


def blocks_at(path: Path, model: type[Block]) -> list[type[Block]]:
    """The models of the blocks to which a path leads: several where its items are of several kinds."""
    models = [model]
    for step in path:
        shapes = [m.plan.fields.get(step) for m in models]
        models = [plan.model for shape in shapes if isinstance(shape, Nest) for plan in shape.plans.values()]
    return models


def _walk(model: type[Block], path: Path, leaves: list[tuple[type[Block], str]]) -> str | None:
    models = [model]
    for depth, step in enumerate(path):
        found = [(m, m.plan.fields[step]) for m in models if step in m.plan.fields]
        where = ".".join(path[: depth + 1])
        if not found:
            return f"no field {where}; {_choices(models)}"
        if all(isinstance(shape, Structure) for _, shape in found):
            return f"{where} shapes the event and is no fact of it"
        models = [plan.model for _, shape in found if isinstance(shape, Nest) for plan in shape.plans.values()]
        if depth == len(path) - 1:
            leaves += [(m, step) for m, shape in found if isinstance(shape, Leaf)]
        elif not models:
            return f"{where} is a value and has no field {path[depth + 1]}"
    return None


def _choices(models: Iterable[type[Block]]) -> str:
    names = sorted({n for m in models for n, shape in m.plan.fields.items() if not isinstance(shape, Structure)})
    return f"there are {', '.join(names)}"


def _never(value: Scalar, leaves: Iterable[tuple[type[Block], str]], path: Path) -> str | None:
    reasons = [reason for model, name in leaves if (reason := _refusal(value, model, name)) is not None]
    return f"{'.'.join(path)} is never {json.dumps(value)}: {reasons[0]}" if len(reasons) == len(list(leaves)) else None


def _refusal(value: Scalar, model: type[Block], name: str) -> str | None:
    annotation: Any = model.model_fields[name].annotation
    written = json.dumps([value] if _is_many(annotation) else value)
    try:
        TypeAdapter[Any](annotation).validate_json(written, strict=True)
    except ValidationError as error:
        return error.errors(include_url=False)[0]["msg"]
    return None


def _is_many(annotation: Any) -> bool:
    return get_origin(annotation) in (tuple, list) or any(_is_many(a) for a in get_args(annotation) if a is not Ellipsis)

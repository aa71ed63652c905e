"""What a field carries besides its value: category and subject. A model with a field that lacks them cannot be built."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Annotated, Any, ClassVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict
from pydantic.fields import FieldInfo

from frontdoor_schemas.vocabulary import Category, SubjectRule


@dataclass(frozen=True, slots=True)
class Held:
    """The category and subject of one field, and the register rows (`A1`…`O6`) that ask for it."""

    category: Category
    subject: SubjectRule
    rows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Computed:
    """A field that the router works out for one recipient, from what that recipient may see."""

    held: Held
    json_schema: Mapping[str, Any]
    explain: str


@dataclass(frozen=True, slots=True)
class Structure:
    """Marks a field that shapes the event and is never a fact of its own.

    `ref` names a person within the event, `about` the people an item is about, `to` its audience,
    `not_for_family` the people it must not be shared with, `links` refs of people inside a fact.
    """

    use: str


def held(category: Category, subject: SubjectRule, *rows: str) -> Held:
    """Short form of `Held` for use in annotations."""
    return Held(category, subject, rows)


class UnheldFieldError(TypeError):
    """A model was declared with a field that has no category and subject."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A field that holds a value, or a list of plain values."""

    held: Held


@dataclass(frozen=True, slots=True)
class Nest:
    """A field that holds a block, or a list of blocks; by `kind` when the blocks are of several models."""

    plans: dict[str | None, "Plan"]
    many: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """How the fields of one model are split into sections and put together again."""

    model: type["Block"]
    fields: dict[str, Leaf | Nest | Structure] = field(default_factory=dict)


class Block(BaseModel):
    """A part of an event. Strict, closed, immutable; every field is `Held`, `Structure` or a block."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, str_strip_whitespace=True, hide_input_in_errors=True)

    plan: ClassVar[Plan]
    computed: ClassVar[Mapping[str, Computed]] = {}
    """Fields that the exchange works out for each recipient; they are no model fields, so submitting one is refused."""
    answered_by_query: ClassVar[frozenset[str]] = frozenset()
    """Names of ledger facts (who was told, what was acknowledged): queries answer them, submitting one is refused."""

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        cls.plan = Plan(cls, {name: _shape(cls, name, info) for name, info in cls.model_fields.items()})


def _shape(model: type[Block], name: str, info: FieldInfo) -> Leaf | Nest | Structure:
    for mark in info.metadata:
        if isinstance(mark, Held):
            return Leaf(mark)
        if isinstance(mark, Structure):
            return mark
    blocks, many = _blocks_in(info.annotation)
    if blocks:
        return Nest({_kind_of(b) if len(blocks) > 1 else None: b.plan for b in blocks}, many)
    raise UnheldFieldError(f"{model.__name__}.{name} has no category and subject: annotate it with held(...)")


def _blocks_in(annotation: Any, *, many: bool = False) -> tuple[list[type[Block]], bool]:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _blocks_in(get_args(annotation)[0], many=many)
    if origin in (tuple, list):
        return _blocks_in(get_args(annotation)[0], many=True)
    if origin is Union or str(origin) == "<class 'types.UnionType'>":
        found = [_blocks_in(a, many=many) for a in get_args(annotation) if a is not type(None)]
        return [b for blocks, _ in found for b in blocks], many or any(m for _, m in found)
    if isinstance(annotation, type) and issubclass(annotation, Block):
        return [annotation], many
    return [], many


def _kind_of(block: type[Block]) -> str:
    (kind,) = get_args(block.model_fields["kind"].annotation)
    return str(kind.value if isinstance(kind, Enum) else kind)

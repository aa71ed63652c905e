"""What a field carries besides its value: category and subject. A model with a field that lacks them cannot be built."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from itertools import product
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


def counted(held: Held, explain: str) -> Computed:
    """A computed number of things."""
    return Computed(held, {"type": "integer", "minimum": 0}, explain)


def dates(held: Held, explain: str) -> Computed:
    """A computed list of days."""
    return Computed(held, {"type": "array", "items": {"type": "string", "format": "date"}}, explain)


def yes_or_no(held: Held, explain: str) -> Computed:
    """A computed answer."""
    return Computed(held, {"enum": ["yes", "no"]}, explain)


@dataclass(frozen=True, slots=True)
class Structure:
    """Marks a field that shapes the event and is never a fact of its own.

    `ref` names a person within the event, `about` the people an item is about, `to` its audience,
    `not_for_family` the people it must not be shared with, `link` that the value is refs of people:
    it is then a fact about those people too.
    """

    use: str


LINK = Structure("link")
"""Beside `held(...)`: the value is a ref, or refs, and the fact is about those people as well."""


def held(category: Category, subject: SubjectRule, *rows: str) -> Held:
    """Short form of `Held` for use in annotations."""
    return Held(category, subject, rows)


class UnheldFieldError(TypeError):
    """A model was declared with a field that has no category and subject."""


_SLOTS = {pair: n for n, pair in enumerate(product(Category, SubjectRule))}


@dataclass(frozen=True, slots=True)
class Leaf:
    """A field that holds a value, or a list of plain values; with `link`, refs of people."""

    held: Held
    link: bool = False
    slot: int = field(init=False)
    """Small number of the category and subject rule, the same for all fields that share them; a link is about its people too."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "slot", -1 if self.link else _SLOTS[self.held.category, self.held.subject])


@dataclass(frozen=True, slots=True)
class Nest:
    """A field that holds a block, or a list of blocks; told apart by the field `tag` when they are of several models."""

    plans: dict[str | None, "Plan"]
    many: bool
    tag: str | None = None
    people: bool = False
    """Whether its items are the people of the event."""

    def plan_for(self, item: Mapping[str, Any]) -> "Plan":
        """The plan of one item."""
        return self.plans[item[self.tag] if self.tag else None]


@dataclass(frozen=True, slots=True)
class Plan:
    """How the fields of one model are split into sections and put together again."""

    model: type["Block"]
    fields: dict[str, Leaf | Nest | Structure]
    narrows: bool
    """Whether its items may say whom they are about or for whom they are."""
    apart: bool
    """Whether its facts stand in sections of their own."""


Places = tuple[str, ...]
"""Where a fact is found that the exchange keeps itself, in the words that docs/fields.md explains: `line`, `event <type>`,
`field <type> <path>`, `measure <id>`, `delivery`, `audit <entry>`."""


class Block(BaseModel):
    """A part of an event. Strict, closed, immutable; every field is `Held`, `Structure` or a block."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, str_strip_whitespace=True, hide_input_in_errors=True)

    plan: ClassVar[Plan]
    apart: ClassVar[bool] = False
    """Whether its facts stand in sections of their own, as who may see them is another question than of their category alone."""
    computed: ClassVar[Mapping[str, Computed]] = {}
    """Fields that the exchange works out for each recipient; they are no model fields, so submitting one is refused."""
    ledger: ClassVar[Mapping[str, Places]] = {}
    """Facts that the exchange keeps itself (who was told, what was acknowledged), each with where it is found; submitted, it is refused."""

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        fields = {name: _shape(cls, name, info) for name, info in cls.model_fields.items()}
        cls.plan = Plan(cls, fields, any(isinstance(shape, Structure) for shape in fields.values()), cls.apart)


def _shape(model: type[Block], name: str, info: FieldInfo) -> Leaf | Nest | Structure:
    marks = [m for m in info.metadata if isinstance(m, Structure)]
    for mark in info.metadata:
        if isinstance(mark, Held):
            return Leaf(mark, link=LINK in marks)
    if marks:
        return marks[0]
    blocks, many = _blocks_in(info.annotation)
    if len(blocks) == 1:
        return Nest({None: blocks[0].plan}, many, people="ref" in blocks[0].model_fields)
    if blocks:
        tag = _tag_of(blocks[0])
        return Nest({_tag_value(b, tag): b.plan for b in blocks}, many, tag)
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


def _tag_of(block: type[Block]) -> str:
    return "kind" if "kind" in block.model_fields else "type"


def _tag_value(block: type[Block], tag: str) -> str:
    (value,) = get_args(block.model_fields[tag].annotation)
    return str(value.value if isinstance(value, Enum) else value)


def leaves(plan: Plan, path: str = "") -> Iterator[tuple[str, Leaf]]:
    """Every fact of a model, by its path without list positions: `children/school`; a kind of several as `parts[plan]/text`."""
    for name, shape in plan.fields.items():
        if isinstance(shape, Leaf):
            yield path + name, shape
        elif isinstance(shape, Nest):
            for kind, nested in shape.plans.items():
                yield from leaves(nested, f"{path}{name}[{kind}]/" if kind else f"{path}{name}/")

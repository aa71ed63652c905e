"""What a field carries besides its value."""

from typing import Annotated, Literal

import pytest
from pydantic import Field

from frontdoor_schemas.fields import LINK, Block, Leaf, Nest, Structure, UnheldFieldError, held, leaves
from frontdoor_schemas.vocabulary import Category, SubjectRule

FACT = held(Category.narrative, SubjectRule.event, "A1")


class Small(Block):
    """A block."""

    fact: Annotated[str, FACT]


class Cat(Block):
    """One kind."""

    kind: Annotated[Literal["cat"], FACT]


class Dog(Block):
    """Another kind."""

    kind: Annotated[Literal["dog"], FACT]
    name: Annotated[str | None, FACT] = None


class Whole(Block):
    """Every shape that a field may have."""

    ref: Annotated[str, Structure("ref")]
    value: Annotated[str | None, FACT] = None
    several: Annotated[tuple[str, ...], FACT] = ()
    link: Annotated[str | None, FACT, LINK] = None
    one: Small | None = None
    many: Annotated[tuple[Small, ...], Field(max_length=3)] = ()
    either: tuple[Annotated[Cat | Dog, Field(discriminator="kind")], ...] = ()


def test_each_field_has_its_shape() -> None:
    fields = Whole.plan.fields
    assert isinstance(fields["ref"], Structure)
    assert fields["value"] == Leaf(FACT)
    assert fields["several"] == Leaf(FACT)
    assert fields["link"] == Leaf(FACT, link=True)
    assert fields["one"] == Nest({None: Small.plan}, many=False)
    assert fields["many"] == Nest({None: Small.plan}, many=True)
    assert fields["either"] == Nest({"cat": Cat.plan, "dog": Dog.plan}, many=True, tag="kind")
    assert Whole.plan.narrows
    assert not Small.plan.narrows


def test_an_item_of_several_kinds_finds_its_plan() -> None:
    either = Whole.plan.fields["either"]
    assert isinstance(either, Nest)
    assert either.plan_for({"kind": "dog"}) is Dog.plan


def test_fields_that_share_category_and_subject_share_a_slot_and_links_have_none() -> None:
    other = held(Category.narrative, SubjectRule.own)
    assert Leaf(FACT).slot == Leaf(held(Category.narrative, SubjectRule.event)).slot != Leaf(other).slot
    assert Leaf(FACT, link=True).slot < 0


def test_leaves_are_listed_by_path() -> None:
    assert [path for path, _ in leaves(Whole.plan)] == [
        *("value", "several", "link", "one/fact", "many/fact"),
        *("either[cat]/kind", "either[dog]/kind", "either[dog]/name"),
    ]


def test_a_field_without_category_and_subject_cannot_be_declared() -> None:
    with pytest.raises(UnheldFieldError, match=r"Bad\.value has no category"):

        class Bad(Block):
            value: str

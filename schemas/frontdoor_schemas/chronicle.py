"""What a chronology keeps of an event beside its line: marks, `path=value` for closed values and `path` for what is there.

Free text never becomes a mark, so that a chronology says nothing that nobody has put into a closed word.
"""

from collections.abc import Iterable, Mapping
from enum import Enum
from functools import cache
from typing import Any, Literal, get_args, get_origin

from frontdoor_schemas.body import EventBody
from frontdoor_schemas.envelope import Section
from frontdoor_schemas.fields import Block, Leaf, Nest, leaves
from frontdoor_schemas.sections import is_key
from frontdoor_schemas.vocabulary import Category

NOTHING: frozenset[str] = frozenset()


@cache
def kept_paths(model: type[EventBody]) -> Mapping[str, bool]:
    """The paths that a chronology keeps of a type, and whether with their value. Raises `LookupError` for a path that is none."""
    return {path: _is_closed(model, path.split(".")) for path in model.chronicled}


def _is_closed(model: type[Block], steps: list[str]) -> bool:
    shape = model.plan.fields.get(steps[0])
    if isinstance(shape, Nest) and None in shape.plans:
        return len(steps) > 1 and _is_closed(shape.plans[None].model, steps[1:])
    if isinstance(shape, Leaf) and len(steps) == 1:
        return is_closed_word(model.model_fields[steps[0]].annotation)
    raise LookupError(f"{model.__name__} has no field {'.'.join(steps)}")


@cache
def category_of(model: type[Block], path: str) -> Category:
    """Of which category the field is to which a mark leads; of a block, what says that it is there."""
    steps = path.split(".")
    shape = model.plan.fields[steps[0]]
    if isinstance(shape, Nest):
        return _category_within(shape.plans[None].model, steps[1:])
    if isinstance(shape, Leaf):
        return shape.held.category
    raise LookupError(f"{model.__name__}.{path} is no fact")


def _category_within(model: type[Block], steps: list[str]) -> Category:
    if steps:
        return category_of(model, ".".join(steps))
    return next(shape.held.category for shape in model.plan.fields.values() if isinstance(shape, Leaf))


def is_closed_word(annotation: Any) -> bool:
    """Whether a value is one of a few words that the contract gives, so that it can say nothing of anybody by itself."""
    if get_origin(annotation) is Literal:
        return True
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return True
    parts = [part for part in get_args(annotation) if part not in (type(None), Ellipsis)]
    return bool(parts) and all(is_closed_word(part) for part in parts if isinstance(part, type) or get_origin(part) is not None)


def marks_of(section: Section, model: type[EventBody]) -> frozenset[str]:
    """The marks that one section of an event gives."""
    kept, categories = _by_first_step(model)
    if section.category not in categories:
        return NOTHING
    found: list[str] = []
    for path, value in section.body.items():
        wanted = kept.get(path.partition("/")[0])
        if wanted is not None:
            found += _marks(path, value, wanted)
    return frozenset(found) if found else NOTHING


@cache
def _by_first_step(model: type[EventBody]) -> tuple[Mapping[str, Mapping[str, bool]], frozenset[Category]]:
    """The kept paths by the field in which they begin, and the categories of what lies there: most fields of an event give no mark."""
    kept = kept_paths(model)
    first = {path.partition(".")[0] for path in kept}
    categories = frozenset(leaf.held.category for path, leaf in leaves(model.plan) if path.partition("/")[0] in first)
    return {one: {path: kept[path] for path in kept if path.partition(".")[0] == one} for one in first}, categories


def _marks(path: str, value: Any, kept: Mapping[str, bool]) -> Iterable[str]:
    plain = ".".join(step for step in path.split("/") if not is_key(step))
    for wanted, with_value in kept.items():
        if plain == wanted and with_value:
            yield from (f"{wanted}={one}" for one in (value if isinstance(value, list | tuple) else (value,)))
        elif plain == wanted or plain.startswith(wanted + "."):
            yield wanted

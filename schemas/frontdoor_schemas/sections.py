"""Split a typed event into sections, and put together what a recipient may see. Generic over all event types."""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import uuid_utils.compat as uuid_utils

from frontdoor_schemas.envelope import Section
from frontdoor_schemas.fields import Block, Leaf, Nest, Plan, Structure
from frontdoor_schemas.vocabulary import Category, SubjectRule

KEY_SPACE = 1 << 32
"""Keys of list items are drawn from 32 bits in rising order: order is kept, and no key tells how many items there are."""

_Bucket = tuple[Category, tuple[str, ...], tuple[str, ...], tuple[str, ...]]


def _keys(count: int, rng: random.Random) -> list[str]:
    if count == 1:
        return [f"{rng.getrandbits(32):08x}"]
    return [f"{k:08x}" for k in sorted(rng.sample(range(KEY_SPACE), count))]


@dataclass(frozen=True, slots=True)
class _Scope:
    own: tuple[str, ...]
    about: tuple[str, ...]
    to: tuple[str, ...] = ()
    not_for: tuple[str, ...] = ()


@dataclass(slots=True)
class _Splitter:
    people: dict[str, str]
    everybody: tuple[str, ...]
    rng: random.Random
    buckets: dict[_Bucket, dict[str, Any]] = field(default_factory=dict)

    def refs(self, values: Iterable[str]) -> tuple[str, ...]:
        return tuple(sorted(self.people[v] for v in values))

    def block(self, plan: Plan, data: Mapping[str, Any], path: str, scope: _Scope) -> None:
        scope = self._narrowed(data, scope)
        for name, value in data.items():
            shape = plan.fields[name]
            if isinstance(shape, Leaf):
                bucket = (shape.held.category, self._subjects(shape.held.subject, scope), scope.to, scope.not_for)
                self.buckets.setdefault(bucket, {})[path + name] = value
            elif isinstance(shape, Nest):
                self._nest(shape, value, path + name, scope)

    def _narrowed(self, data: Mapping[str, Any], scope: _Scope) -> _Scope:
        if not ("about" in data or "to" in data or "not_for_family" in data or "ref" in data):
            return scope
        own = (self.people[data["ref"]],) if "ref" in data else scope.own
        return _Scope(
            own=own,
            about=self.refs(data["about"]) if data.get("about") else (own if "ref" in data else scope.about),
            to=tuple(sorted(data["to"])) if data.get("to") else scope.to,
            not_for=self.refs(data["not_for_family"]) if data.get("not_for_family") else scope.not_for,
        )

    def _nest(self, nest: Nest, value: Any, path: str, scope: _Scope) -> None:
        if not nest.many:
            self.block(_plan_for(nest, value), value, path + "/", scope)
            return
        keys = [self.people[v["ref"]].split("-")[1] for v in value] if _are_people(nest) else _keys(len(value), self.rng)
        for key, item in zip(keys, value, strict=True):
            self.block(_plan_for(nest, item), item, f"{path}/{key}/", scope)

    def _subjects(self, rule: SubjectRule, scope: _Scope) -> tuple[str, ...]:
        match rule:
            case SubjectRule.own:
                return scope.own
            case SubjectRule.about:
                return scope.about
            case SubjectRule.household:
                return self.everybody
            case SubjectRule.event:
                return ()


def _plan_for(nest: Nest, value: Mapping[str, Any]) -> Plan:
    return nest.plans[None] if None in nest.plans else nest.plans[value["kind"]]


def _are_people(nest: Nest) -> bool:
    plan = nest.plans.get(None)
    return plan is not None and isinstance(plan.fields.get("ref"), Structure)


def _people_in(data: Mapping[str, Any], rng: random.Random) -> dict[str, str]:
    people = [(kind, p["ref"]) for kind in ("children", "adults") for p in data.get(kind, ())]
    keys = _keys(len(people), rng) if people else []
    return {ref: f"{'child' if kind == 'children' else 'adult'}-{key}" for (kind, ref), key in zip(people, keys, strict=True)}


def split(event: Block, *, rng: random.Random, extra: Sequence[tuple[Category, Mapping[str, Any]]] = ()) -> tuple[Section, ...]:
    """Cut an event into its sections.

    `rng` gives the opaque keys; hand in `random.SystemRandom()` outside tests. `extra` adds sections about the event
    itself (the source desk). Every fact of the event is in exactly one section, exactly once.
    """
    data = event.model_dump(mode="json", exclude_none=True, exclude_unset=True)
    people = _people_in(data, rng)
    everybody = tuple(sorted(people.values()))
    splitter = _Splitter(people, everybody, rng)
    splitter.block(event.plan, data, "", _Scope(own=everybody, about=everybody))
    for category, body in extra:
        splitter.buckets.setdefault((category, (), (), ()), {}).update(body)
    return tuple(
        Section(id=_section_id(), category=category, subjects=subjects, to=to, not_for=not_for, body=body)
        for (category, subjects, to, not_for), body in splitter.buckets.items()
    )


def _section_id() -> UUID:
    return uuid_utils.uuid4()


def join(sections: Iterable[Section]) -> dict[str, Any]:
    """Put sections together into one message that simply omits what is not there: no nulls, no marks, no counts.

    A list holds the items of which at least one fact is visible, in the sender's order. A person's item carries its
    opaque `ref`; an item about particular people carries `about`, and `not_for_family` where the author said so.
    """
    root: dict[str, Any] = {}
    for section in sections:
        for path, value in section.body.items():
            _place(root, path.split("/"), value, section)
    return {name: _ordered(value) for name, value in root.items()}


def _place(node: dict[str, Any], path: list[str], value: Any, section: Section) -> None:
    where: dict[str, Any] = node
    for depth, step in enumerate(path[:-1]):
        where = where.setdefault(step, {})
        if _is_key(step):
            _mark_item(where, path[depth - 1], step, section)
    where[path[-1]] = value


def _mark_item(item: dict[str, Any], parent: str, key: str, section: Section) -> None:
    if parent in {"children", "adults"}:
        item["ref"] = f"{'child' if parent == 'children' else 'adult'}-{key}"
    elif section.subjects:
        item["about"] = sorted({*item.get("about", ()), *section.subjects})
    if section.not_for:
        item["not_for_family"] = sorted({*item.get("not_for_family", ()), *section.not_for})


_KEY_LENGTH = 8


def _is_key(step: str) -> bool:
    return len(step) == _KEY_LENGTH and all(c in "0123456789abcdef" for c in step)


def _ordered(node: Any) -> Any:
    if not isinstance(node, dict):
        return node
    if node and all(_is_key(k) for k in node):
        return [_ordered(node[k]) for k in sorted(node)]
    return {k: _ordered(v) for k, v in node.items()}

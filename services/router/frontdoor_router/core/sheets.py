"""Puts what an answer says into sections: one for each category and person, lists in the order of time, no more than fits a record."""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from frontdoor_router.core.decision import Given, IdMaker
from frontdoor_schemas.envelope import Section
from frontdoor_schemas.queries import Query
from frontdoor_schemas.sections import keys_in_order
from frontdoor_schemas.vocabulary import Category

MOST_BYTES = 300_000
"""Of lists that grow with the years: once for the chronology, once for what is quoted. The largest record is a megabyte."""
GROWING = frozenset({"earlier", "frequency", "minutes", "concerns", "strengths", "unmet_needs"})
PATH_BYTES = 30
"""What each fact costs besides its value: its path, quotes and commas."""


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of a list of the answer. `policies` are those by which it is quoted; without them the agreements are still to be asked."""

    field: str
    ref: str | None
    at: datetime
    facts: Mapping[str, Any]
    event: UUID | None = None
    policies: tuple[str, ...] = ()
    key: str = ""
    """Its opaque key in the list, once it has one."""

    @property
    def category(self) -> Category:
        """Of which category it is."""
        return Query.computed[self.field].held.category

    @property
    def size(self) -> int:
        """About how many bytes it takes on the wire."""
        return len(orjson.dumps(self.facts)) + PATH_BYTES * (1 + len(self.facts))


@dataclass(frozen=True, slots=True)
class Sheet:
    """Where sections get their ids and the keys of their lists: a replay has to say the same again."""

    ids: IdMaker
    event: UUID
    desk: str

    def keyed(self, part: str, items: Sequence[Item]) -> list[Item]:
        """The items with the keys of their lists, in the order of time; about several people they are one list."""
        found: list[Item] = []
        for field in dict.fromkeys(item.field for item in items):
            listed = sorted((i for i in items if i.field == field), key=lambda i: i.at)
            rng = random.Random(self.ids("answer-keys", self.event, self.desk, part, field).int)  # noqa: S311 - the same for a replay
            found += [replace(item, key=key) for key, item in zip(keys_in_order(len(listed), rng), listed, strict=True)]
        return found

    def sections(self, part: str, items: Iterable[Item]) -> list[Section]:
        """The sections that say these items. `part` tells apart what is of one category about one person."""
        bodies: dict[tuple[Category, str | None], dict[str, Any]] = {}
        for item in items:
            bodies.setdefault((item.category, item.ref), {}).update(_paths(f"{item.field}/{item.key}/", item))
        return [self.section(part, category, ref, body) for (category, ref), body in bodies.items()]

    def quoted(self, items: Sequence[Item]) -> list[Given]:
        """The same for what is quoted, with all policies by which it may be."""
        return [Given(s, _policies(items, s), made=True) for s in self.sections("quoted", items)]

    def section(self, part: str, category: Category, ref: str | None, body: Mapping[str, Any]) -> Section:
        """One section."""
        section_id = self.ids("answer-part", self.event, self.desk, part, category.value, ref)
        return Section(id=section_id, category=category, subjects=(ref,) if ref else (), body=dict(body))


def _paths(at: str, item: Item) -> dict[str, Any]:
    about = {at + "about": [item.ref]} if item.ref else {}
    return about | {at + name: value for name, value in item.facts.items()}


def _policies(items: Iterable[Item], section: Section) -> tuple[str, ...]:
    about = section.subjects[0] if section.subjects else None
    mine = (i.policies for i in items if i.category is section.category and i.ref == about)
    return tuple(dict.fromkeys(policy for policies in mine for policy in policies))


def that_fit(items: Sequence[Item]) -> list[Item]:
    """The newest for which there is room, and how much older there is of each list about each person, as entries of `left_out`."""
    room, kept = MOST_BYTES, [item for item in items if item.field not in GROWING]
    left: dict[tuple[str, str | None], list[Item]] = {}
    for item in sorted((i for i in items if i.field in GROWING), key=lambda i: i.at, reverse=True):
        room -= item.size
        if room >= 0:
            kept.append(item)
        else:
            left.setdefault((item.field, item.ref), []).append(item)
    return kept + [Item("left_out", ref, out[0].at, {"list": field, "count": len(out)}) for (field, ref), out in left.items()]

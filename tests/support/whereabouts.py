"""Where marked values have to be, and nowhere else: worked out from what was posted and from what the router decided.

Nothing here cuts an event or joins sections: the place of a value comes from the contract's plan of its field, and a desk
has to have the values of the places that the decision gave it, all of them and no others.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from frontdoor_schemas.events import MODELS
from frontdoor_schemas.fields import Leaf, Nest, Plan
from frontdoor_schemas.values import GROUPS
from frontdoor_schemas.vocabulary import Category, EventType, SubjectRule
from support.planting import IDENTIFIERS, VALUE

Values = frozenset[str]
NAMES = ("children", "adults")
SOURCE = "source/desk"
"""The path by which the section of the sending desk is known: nothing that was posted is in it."""
APART = frozenset(
    name
    for model in MODELS.values()
    for name, shape in model.plan.fields.items()
    if isinstance(shape, Nest) and any(plan.apart for plan in shape.plans.values())
)
"""Blocks whose facts stand in sections of their own."""


def values_in(text: str) -> Values:
    """The marked values and made-up identifiers in a text."""
    return frozenset(VALUE.findall(text)).union(one for one in IDENTIFIERS if one in text)


@dataclass(frozen=True)
class Place:
    """What a fact is, about whom, and for whom its author wrote it."""

    category: str
    subjects: frozenset[str]
    to: frozenset[str] = frozenset()
    not_for: frozenset[str] = frozenset()
    apart: str = ""
    """The block of which it is, where that one's facts stand by themselves."""


@dataclass(frozen=True)
class _Scope:
    everybody: frozenset[str]
    own: frozenset[str]
    about: frozenset[str]
    to: frozenset[str] = frozenset()
    not_for: frozenset[str] = frozenset()
    apart: str = ""

    def within(self, item: Mapping[str, Any], groups: Mapping[str, Sequence[str]]) -> "_Scope":
        """What an item says of itself."""
        named = [desk for entry in item.get("to", ()) for desk in (groups[entry] if entry in GROUPS else (entry,))]
        return replace(
            self,
            own=frozenset({item["ref"]}) if "ref" in item else self.own,
            about=frozenset(item.get("about", ())) or self.about,
            to=frozenset(named) or self.to,
            not_for=self.not_for | frozenset(item.get("not_for_family", ())),
        )

    def place(self, leaf: Leaf, value: Any) -> Place:
        """Where a field belongs."""
        rule = leaf.held.subject
        about = {SubjectRule.own: self.own, SubjectRule.about: self.about, SubjectRule.household: self.everybody}.get(rule, frozenset())
        linked = frozenset([value] if isinstance(value, str) else value) if leaf.link else frozenset()
        return Place(leaf.held.category.value, about | linked, self.to, self.not_for, self.apart)


def _facts(plan: Plan, item: Mapping[str, Any], scope: _Scope, groups: Mapping[str, Sequence[str]]) -> Iterator[tuple[Any, Place]]:
    scope = scope.within(item, groups) if plan.narrows else scope
    for name, value in item.items():
        shape = plan.fields[name]
        if isinstance(shape, Leaf):
            yield value, scope.place(shape, value)
        elif isinstance(shape, Nest):
            for one in value if shape.many else [value]:
                inner = replace(scope, apart=name) if name in APART else scope
                yield from _facts(shape.plan_for(one), one, inner, groups)


@dataclass(frozen=True)
class Posted:
    """An event as its author wrote it, and the sections that the router keeps of it."""

    id: str
    type: EventType
    body: Mapping[str, Any]
    sections: Sequence[Mapping[str, Any]] = ()

    @property
    def values(self) -> Values:
        """All that is marked in it."""
        return frozenset(value for values in self.placed.values() for value in values)

    @cached_property
    def placed(self) -> Mapping[Place, Values]:
        """The values of each place. A correction says an event anew, with its own reason beside it."""
        body, event_type = self.body, self.type
        found: dict[Place, Values] = {}
        if event_type is EventType.correction:
            found[Place(Category.case_reference.value, frozenset())] = values_in(body["reason"])
            body, event_type = body["event"]["data"], EventType(body["event"]["type"])
        everybody = frozenset(person["ref"] for group in NAMES for person in body.get(group, ()))
        scope = _Scope(everybody, own=everybody, about=everybody)
        for value, place in _facts(MODELS[event_type].plan, body, scope, {name: body.get(name, ()) for name in GROUPS}):
            found[place] = found.get(place, frozenset()) | values_in(str(value))
        return found

    @cached_property
    def people(self) -> Mapping[str, str]:
        """The author's name for each opaque ref, by the given name that only one person of this event has."""
        body = self.body["event"]["data"] if self.type is EventType.correction else self.body
        named = {person["given_name"]: person["ref"] for group in NAMES for person in body.get(group, ())}
        said = [(path.split("/"), value) for section in self.sections for path, value in section["body"].items()]
        return {f"{named[value][:5]}-{path[1]}": named[value] for path, value in said if path[0] in NAMES and path[2:] == ["given_name"]}

    def given_by(self, section: str) -> Values | None:
        """The values that stand in a section by what it is, about whom and for whom; None where the event has no such section."""
        found = next((s for s in self.sections if s["id"] == section), None)
        if found is None:
            return None
        return frozenset() if SOURCE in found["body"] else self.placed.get(self._place(found), frozenset())

    def _place(self, section: Mapping[str, Any]) -> Place:
        refs = {name: frozenset(self.people[ref] for ref in section.get(name) or ()) for name in ("subjects", "not_for")}
        apart = next((path.partition("/")[0] for path in section["body"] if path.partition("/")[0] in APART), "")
        return Place(section["category"], refs["subjects"], frozenset(section.get("to") or ()), refs["not_for"], apart)


@dataclass(frozen=True)
class Decision:
    """What the router decided to tell one desk: sections of the event by their ids, and what it made for this desk alone."""

    id: str
    event: str
    desk: str
    kind: str
    given: frozenset[str]
    made: Sequence[Mapping[str, Any]] = ()
    quotes: frozenset[str] = frozenset()
    taken_back: bool = False
    """Whether its event was withdrawn or corrected: its inbox then has a tombstone."""

    def __str__(self) -> str:
        return f"{self.kind} to {self.desk}"


@dataclass(frozen=True)
class Whereabouts:
    """Everything that was posted and decided: what each desk has to have been given, and whether it was."""

    posted: Mapping[str, Posted]
    decisions: Mapping[str, Decision]

    def due(self, decision: Decision) -> Values:
        """The values that a desk is to have by one decision."""
        event = self.posted.get(decision.event)
        own = [event.given_by(section) or frozenset() for section in decision.given] if event else []
        return frozenset[str]().union(*own, *(values_in(str(section["body"])) for section in decision.made))

    def faults(self, decision: Decision) -> Iterator[str]:
        """Sections that come from nowhere, and marked values in what the router made that it may not have made them of."""
        event = self.posted.get(decision.event)
        strange = decision.given - {section["id"] for section in decision.made}
        if any(event is None or event.given_by(section) is None for section in strange):
            yield f"{decision}: a section that the event does not have"
        for section in decision.made:
            for value in sorted(VALUE.findall(str(section["body"]))):
                yield from self._misquoted(decision, section, value)

    def _misquoted(self, decision: Decision, section: Mapping[str, Any], value: str) -> Iterator[str]:
        """An answer says again what a quoted event says, as what it was said as, about whom it was said."""
        origin, place = next((one.id, place) for one in self.posted.values() for place, values in one.placed.items() if value in values)
        if origin not in decision.quotes:
            yield f"{decision}: {value} is of an event that it does not quote"
        if place.category != section["category"]:
            yield f"{decision}: {value} was said as {place.category} and is given as {section['category']}"
        if place.subjects and not self._meant(decision, section) <= place.subjects:
            yield f"{decision}: {value} was said of somebody else"

    def _meant(self, decision: Decision, section: Mapping[str, Any]) -> frozenset[str]:
        """Whom a section of an answer is about: those asked about, and others by the names that the answer gives them."""
        event = self.posted.get(decision.event)
        people = dict(event.people) if event else {}
        named = {person: ref for one in self.posted.values() for person, ref in _names(one)}
        for one in decision.made:
            for path, value in one["body"].items():
                if path.endswith("/given_name"):
                    people |= dict.fromkeys(one["subjects"], named[value])
        return frozenset(people.get(ref, ref) for ref in section.get("subjects") or ())

    def compared(self, what: str, decision: str, text: str) -> Iterator[str]:
        """What is too much, or is missing, in what a channel gave or a table keeps by one decision."""
        if decision not in self.decisions:
            yield f"{what}: nobody decided that"
            return
        yield from differences(f"{what}, {self.decisions[decision]}", self.due(self.decisions[decision]), text)

    def tombstone(self, what: str, decision: str, text: str) -> Iterator[str]:
        """What is too much in what stands where a decision was taken back, or that it was not."""
        if not self.decisions[decision].taken_back:
            yield f"{what}, {self.decisions[decision]}: nobody took that back"
        yield from differences(what, frozenset(), text)


def differences(what: str, due: Values, text: str) -> Iterator[str]:
    """Marked values that should not be in a text, or should and are not."""
    found = values_in(text)
    if found - due:
        yield f"{what}: holds {', '.join(sorted(found - due))}"
    if due - found:
        yield f"{what}: lacks {', '.join(sorted(due - found))}"


def _names(event: Posted) -> Iterable[tuple[str, str]]:
    body = event.body["event"]["data"] if event.type is EventType.correction else event.body
    return ((person["given_name"], person["ref"]) for group in NAMES for person in body.get(group, ()))

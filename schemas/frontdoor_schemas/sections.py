"""Split a typed event into sections, and put together what a recipient may see. Generic over all event types."""

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from frontdoor_schemas.envelope import Section
from frontdoor_schemas.fields import Block, Leaf, Nest, Plan
from frontdoor_schemas.values import GROUPS
from frontdoor_schemas.vocabulary import Category, SubjectRule

FAMILY_WORDS = frozenset(
    {
        *("mother", "father", "parent", "stepmother", "stepfather", "partner", "former partner", "guardian", "carer", "foster carer"),
        *("grandmother", "grandfather", "grandparent", "aunt", "uncle", "cousin"),
        *("brother", "sister", "sibling", "stepbrother", "stepsister"),
    }
)
"""Relationships that may be said in a handling mark. Any other wording is the author's own and could tell more."""
SOMEBODY = {"adult": "an adult of this event", "child": "a child of this event"}

_Refs = tuple[str, ...]
_Body = dict[str, Any]
_UUID_DIGITS = 32
_DIGITS_OF_AN_EVENT = 1_024
"""Drawn at once: enough for 28 sections with a dozen items. What is too little is drawn again."""
_VARIANT = dict(zip("0123456789abcdef", "89ab" * 4, strict=True))


class _Marks(NamedTuple):
    """What an item of a list says of itself, by path: along with facts about whom it names, and along with all its facts."""

    about: _Body = {}  # noqa: RUF012 - never changed
    always: _Body = {}  # noqa: RUF012 - never changed


_UNMARKED = _Marks()


class _Scope:
    """For whom and about whom the facts of a block are, with the bodies that they have gone to so far."""

    __slots__ = ("about", "apart", "bodies", "marks", "not_for", "own", "to")

    def __init__(self, own: _Refs, about: _Refs, to: _Refs, not_for: _Refs, marks: _Marks, apart: str = "") -> None:
        self.own = own
        self.about = about
        self.to = to
        self.not_for = not_for
        self.marks = marks
        self.apart = apart
        self.bodies: dict[int, _Body] = {}


class _Splitter:
    def __init__(self, data: Mapping[str, Any], digits: "_Digits") -> None:
        self.data = data
        self.digits = digits
        self.people = _people_in(data, digits)
        self.everybody = tuple(sorted(self.people.values()))
        self.buckets: dict[tuple[Category, _Refs, _Refs, _Refs, str], _Body] = {}

    def block(self, plan: Plan, data: Mapping[str, Any], path: str, scope: _Scope) -> None:
        if plan.narrows:
            scope = self._narrowed(data, path, scope)
        if plan.apart:
            scope = _Scope(scope.own, scope.about, scope.to, scope.not_for, scope.marks, path)
        fields, bodies = plan.fields, scope.bodies
        for name, value in data.items():
            shape = fields[name]
            if type(shape) is Leaf:
                body = bodies.get(shape.slot)
                if body is not None:
                    body[path + name] = value
                elif shape.link:
                    self._link(shape, value, path + name, scope)
                else:
                    self._body(shape, scope)[path + name] = value
            elif type(shape) is Nest:
                self._nest(shape, value, path + name, scope)

    def _empty(self, plan: Plan, path: str, scope: _Scope) -> None:
        """A block that says nothing but that it is there (`domestic_abuse: {}`, a person) is a fact of its first field's kind."""
        first = next(shape for shape in plan.fields.values() if isinstance(shape, Leaf))
        self._body(first, scope)[path] = {}

    def _body(self, leaf: Leaf, scope: _Scope) -> _Body:
        rule = leaf.held.subject
        body = self._bucket(leaf.held.category, self._subjects(rule, scope), scope)
        if rule is SubjectRule.about and scope.marks.about:
            body.update(scope.marks.about)
        scope.bodies[leaf.slot] = body
        return body

    def _link(self, leaf: Leaf, value: Any, path: str, scope: _Scope) -> None:
        refs = [self.people[value]] if isinstance(value, str) else [self.people[v] for v in value]
        subjects = sorted({*self._subjects(leaf.held.subject, scope), *refs})
        self._bucket(leaf.held.category, tuple(subjects), scope)[path] = refs[0] if isinstance(value, str) else refs

    def _bucket(self, category: Category, subjects: _Refs, scope: _Scope) -> _Body:
        body = self.buckets.setdefault((category, subjects, scope.to, scope.not_for, scope.apart), {})
        if scope.marks.always:
            body.update(scope.marks.always)
        return body

    def _subjects(self, rule: SubjectRule, scope: _Scope) -> _Refs:
        if rule is SubjectRule.own:
            return scope.own
        if rule is SubjectRule.about:
            return scope.about
        return self.everybody if rule is SubjectRule.household else ()

    def _narrowed(self, data: Mapping[str, Any], path: str, scope: _Scope) -> _Scope:
        own, about, to, not_for, marks = scope.own, scope.about, scope.to, scope.not_for, scope.marks
        if "ref" in data:
            own = (self.people[data["ref"]],)
        if named := data.get("about"):
            about = self._refs(named)
            marks = _Marks({path + "about": list(about)}, marks.always)
        if audience := data.get("to"):
            to = tuple(sorted({desk for entry in audience for desk in (self.data[entry] if entry in GROUPS else (entry,))}))
        if unwanted := data.get("not_for_family"):
            refs = self._refs(unwanted)
            not_for = tuple(sorted({*not_for, *refs}))
            said = {path + "not_for_family": list(refs), path + "handling": self._handling(unwanted)}
            marks = _Marks(marks.about, marks.always | said)
        return _Scope(own, about, to, not_for, marks, scope.apart)

    def _refs(self, names: Iterable[str]) -> _Refs:
        return tuple(sorted({self.people[name] for name in names}))

    def _handling(self, names: Iterable[str]) -> str:
        words = sorted(_word_for(self.data, name) for name in names)
        return "not to be shared with: " + ", ".join(words)

    def _nest(self, nest: Nest, value: Any, path: str, scope: _Scope) -> None:
        if not nest.many:
            plan = nest.plan_for(value)
            if value:
                self.block(plan, value, path + "/", scope)
            else:
                self._empty(plan, path, scope)
            return
        keys = [self.people[v["ref"]][-KEY_LENGTH:] for v in value] if nest.people else _item_keys(value, nest.tag, self.digits)
        for key, item in zip(keys, value, strict=True):
            plan = nest.plan_for(item)
            if nest.people and item.keys() == {"ref"}:
                self._empty(plan, f"{path}/{key}", self._narrowed(item, path, scope))
            else:
                self.block(plan, item, f"{path}/{key}/", scope)


KEY_LENGTH = 8
"""Hexadecimal digits of the opaque key that stands for one person or one item of a list."""


class _Digits:
    """Random hexadecimal digits, drawn for a whole event at once: to draw for each list took a sixteenth of the time to cut one."""

    __slots__ = ("_at", "_at_once", "_drawn", "_rng")

    def __init__(self, rng: random.Random, at_once: int) -> None:
        self._rng = rng
        self._at_once = at_once
        self._drawn = ""
        self._at = 0

    def take(self, count: int) -> str:
        """So many that nobody has been given before."""
        start, end = self._at, self._at + count
        if end > len(self._drawn):
            self._drawn = self._rng.randbytes((max(count, self._at_once) + 1) // 2).hex()
            start, end = 0, count
        self._at = end
        return self._drawn[start:end]


def _draw(count: int, digits: _Digits) -> list[str]:
    """Distinct keys, each uniform whatever the count: neither one key nor many events tell how many there were."""
    while True:
        drawn = digits.take(KEY_LENGTH * count)
        keys = [drawn[at : at + KEY_LENGTH] for at in range(0, len(drawn), KEY_LENGTH)]
        if len(set(keys)) == count:
            return keys


def keys_in_order(count: int, rng: random.Random) -> list[str]:
    """Keys for items that the exchange makes, in the order in which they are to be read; they tell nothing of their number."""
    return sorted(_draw(count, _Digits(rng, KEY_LENGTH * count))) if count else []


def _item_keys(items: Sequence[Mapping[str, Any]], tag: str | None, digits: _Digits) -> list[str]:
    """Keys that keep the sender's order among items which travel together, and say nothing of any others.

    Together travel items with the same fields, of the same kind, about the same people, for the same audience.
    """
    keys = _draw(len(items), digits) if items else []
    if len(keys) < 2:  # noqa: PLR2004 - one item has no order
        return keys
    together: dict[tuple[Any, ...], list[int]] = {}
    for place, item in enumerate(items):
        said = item.get
        fate = (*item, said(tag) if tag else None, str(said("about")), str(said("to")), str(said("not_for_family")))
        together.setdefault(fate, []).append(place)
    if len(together) == 1:
        return sorted(keys)
    for places in together.values():
        for place, key in zip(places, sorted([keys[p] for p in places]), strict=True):
            keys[place] = key
    return keys


def _people_in(data: Mapping[str, Any], digits: _Digits) -> dict[str, str]:
    refs = [p["ref"] for kind in ("children", "adults") for p in data.get(kind, ())]
    return {ref: f"{ref[:5]}-{key}" for ref, key in zip(refs, _draw(len(refs), digits), strict=True)} if refs else {}


def _word_for(data: Mapping[str, Any], ref: str) -> str:
    person = next(p for kind in ("children", "adults") for p in data.get(kind, ()) if p["ref"] == ref)
    word = str(person.get("relationship", "")).lower()
    return word if word in FAMILY_WORDS else SOMEBODY[ref[:5]]


def cut(event: Block, *, rng: random.Random, extra: Sequence[tuple[Category, Mapping[str, Any]]] = ()) -> list[dict[str, Any]]:
    """Cut an event into its sections, as the wire writes them: without what a reader fills in by itself.

    `rng` gives keys and ids; hand in `random.SystemRandom()` outside tests. `extra` adds sections about the event
    itself (the source desk), each of its own: who may see the source is another question than who may see the
    members of a meeting, though both are the professional network.

    Every fact of the event is in exactly one section, exactly once. What an item of a list says of itself (`about`,
    `not_for_family`, and `handling`, the latter's words) goes along with each of its facts.
    """
    data = event.model_dump(mode="json", exclude_none=True, exclude_unset=True)
    digits = _Digits(rng, _DIGITS_OF_AN_EVENT)
    splitter = _Splitter(data, digits)
    everybody = splitter.everybody
    splitter.block(event.plan, data, "", _Scope(everybody, everybody, (), (), _UNMARKED))
    ids = _section_ids(len(splitter.buckets) + len(extra), digits)
    sections = [
        _section(next(ids), category, about, to, not_for, body) for (category, about, to, not_for, _), body in splitter.buckets.items()
    ]
    return sections + [_section(next(ids), category, (), (), (), dict(body)) for category, body in extra]


def _section(section_id: str, category: Category, subjects: _Refs, to: _Refs, not_for: _Refs, body: _Body) -> dict[str, Any]:
    said: dict[str, Any] = {"id": section_id, "category": category}
    if subjects:
        said["subjects"] = subjects
    if to:
        said["to"] = to
    if not_for:
        said["not_for"] = not_for
    said["body"] = body
    return said


def _section_ids(count: int, digits: _Digits) -> Iterator[str]:
    """Random UUIDs (version 4), written as text at once: a tenth of the time of as many objects."""
    drawn = digits.take(_UUID_DIGITS * count)
    for at in range(0, len(drawn), _UUID_DIGITS):
        h = drawn[at : at + _UUID_DIGITS]
        yield f"{h[:8]}-{h[8:12]}-4{h[13:16]}-{_VARIANT[h[16]]}{h[17:20]}-{h[20:]}"


def join(sections: Iterable[Section]) -> dict[str, Any]:
    """Put sections together into one message that simply omits what is not there: no nulls, no marks, no counts.

    A list holds the items of which at least one fact is visible. A person's item carries its opaque `ref`; an item
    about particular people carries `about`, and `not_for_family` with `handling` where the author said so.
    """
    root: dict[str, Any] = {}
    blocks = {"": root}
    for section in sections:
        for path, value in section.body.items():
            place, _, name = path.rpartition("/")
            block = blocks.get(place)
            if block is None:
                block = blocks[place] = _block_at(place, root)
            block[name] = value
    for kind, prefix in (("children", "child"), ("adults", "adult")):
        if kind in root:
            root[kind] = {key: {"ref": f"{prefix}-{key}", **facts} for key, facts in root[kind].items()}
    return {name: _listed(value) if isinstance(value, dict) else value for name, value in root.items()}


def _block_at(place: str, root: dict[str, Any]) -> dict[str, Any]:
    """The block of a path, with those around it, made where they are missing."""
    block = root
    for step in place.split("/"):
        block = block.setdefault(step, {})
    return block


_DIGITS = frozenset("0123456789abcdef")


def is_key(step: str) -> bool:
    """Whether a step of a path stands for an item of a list. No field is named so."""
    return len(step) == KEY_LENGTH and _DIGITS.issuperset(step)


def _listed(node: dict[str, Any]) -> Any:
    if node and is_key(next(iter(node))):
        return [_listed(node[key]) for key in sorted(node)]
    return {name: _listed(value) if isinstance(value, dict) else value for name, value in node.items()}

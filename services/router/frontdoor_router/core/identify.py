"""Who is meant. Exact identifiers only; everything else is held for a person to decide.

Exact is (model §4): an NHS number or UPN with agreeing birth date; an agency's local id once linked; for an unborn
child the mother's exact identifier and the expected date. A name never identifies: it only says why a case is held.
A child who would be new, and may be the one that its mother expects, is held too: else what was planned before its birth
would be lost without a word.
"""

import hmac
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, Literal, NamedTuple
from uuid import UUID

from frontdoor_schemas.vocabulary import Answer

PersonKind = Literal["child", "adult"]
NUMBER_KINDS = ("nhs_number", "upn")
"""Identifiers of which nobody has two."""
NAME_KIND = "name+born"
EXPECTED_IN, BORN_IN = "mother+expected-month", "mother+born-month"
"""Keys by which a child may be the one that its mother expects or expected. They identify nobody."""
MONTHS_EARLY = 5
"""How many calendar months a birth may come before the one it was expected in (own): 18 weeks, as children live from the 22nd week."""
MONTHS_OFF = 2
"""How many it may come after, and how far two expected dates of one birth may lie apart (own): a day that was reckoned without a scan.

The child before was born longer before than `MONTHS_EARLY`. The next one comes later than this, but for one who is born far too
early after a loss: that one is held too, as nobody can tell it from the first by a date.
"""


@dataclass(frozen=True, slots=True)
class Person:
    """A person whom the exchange can tell from all others. `protected` is sticky."""

    id: UUID
    kind: PersonKind
    protected: Answer = Answer.unknown
    born: date | None = None


class Key(NamedTuple):
    """A keyed hash of one identifier, by which a person can be found without the identifier being kept."""

    kind: str
    hash: bytes


@dataclass(frozen=True, slots=True)
class Mention:
    """One person as an event names it. `exact` keys identify, `number` keys must not contradict, `name` explains a hold."""

    ref: str
    kind: PersonKind
    exact: tuple[Key, ...]
    number: tuple[Key, ...]
    name: Key | None
    local: Key | None
    born: date | None = None
    births: tuple[Key, ...] = ()
    """Under which it can be found as the child of a birth that its mother expects or had."""
    near: tuple[Key, ...] = ()
    """Under which others can be found who may be the child of the same birth."""

    @property
    def keys(self) -> tuple[Key, ...]:
        """All keys that are remembered of a person."""
        return (*self.exact, *self.number, *filter(None, (self.name, self.local)), *self.births)

    @property
    def sought(self) -> tuple[Key, ...]:
        """The keys under which the person has to be looked for: namesakes only where nothing better than a name is said."""
        return (*(k for k in self.keys if k is not self.name), *self.near) if self.exact else self.keys


class WhyHeld(StrEnum):
    """Why it is not certain which person is meant."""

    no_exact_identifier = "no-exact-identifier"
    one_person_fits = "one-person-fits"
    two_people_fit = "two-people-fit"
    identifiers_disagree = "identifiers-disagree"


@dataclass(frozen=True, slots=True)
class Known:
    """The person is certain; `new_keys` are further exact keys to remember."""

    person: UUID
    new_keys: tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class New:
    """Exact identifiers that nobody has yet, and no unborn child that it may be: a new person."""

    keys: tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class Unsure:
    """It takes a person to say who is meant."""

    why: WhyHeld


Identity = Known | New | Unsure


_NOBODY: frozenset[UUID] = frozenset()


@dataclass(slots=True)
class Register:
    """The people who were found: under which keys, who they are, and which numbers each of them has."""

    found: dict[Key, frozenset[UUID]] = field(default_factory=dict)
    people: dict[UUID, Person] = field(default_factory=dict)
    numbers: dict[UUID, frozenset[Key]] = field(default_factory=dict)

    def under(self, keys: Iterable[Key | None]) -> frozenset[UUID]:
        """Everybody who has one of these keys."""
        return _NOBODY.union(*(self.found.get(k, _NOBODY) for k in keys if k))

    def remember(self, person: Person, keys: Iterable[Key]) -> None:
        """Add a person, or further keys of one."""
        self.people[person.id] = person
        for key in keys:
            self.found[key] = self.found.get(key, frozenset()) | {person.id}
            if key.kind in NUMBER_KINDS:
                self.numbers[person.id] = self.numbers.get(person.id, frozenset()) | {key}

    def contradicts(self, person: UUID, mention: Mention) -> bool:
        """Whether a person cannot be meant: born on another day, or the bearer of another number of the same kind."""
        born = self.people[person].born
        has = {k.kind: k for k in self.numbers.get(person, ())}
        other_number = any(has.get(k.kind, k) != k for k in mention.number)
        return other_number or (born is not None and mention.born is not None and born != mention.born)

    def of_one_birth(self, mention: Mention) -> frozenset[UUID]:
        """Who may be the same child, by the mother and the time of the birth. Of two with a number each, one is a twin."""
        found = self.under(mention.near)
        return frozenset(p for p in found if not self.contradicts(p, mention) and not (mention.number and self.numbers.get(p)))


class KeyMaker:
    """Makes keys under the router's secret: a plain hash of an NHS number falls in minutes."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def __call__(self, kind: str, *parts: str) -> Key:
        """The key of one identifier; parts are compared without case and surrounding space."""
        text = "\x1f".join((kind, *(" ".join(p.casefold().split()) for p in parts)))
        return Key(kind, hmac.digest(self._secret, text.encode(), "sha256"))

    def thread_lock(self, thread: UUID) -> int:
        """A 63-bit number to lock a thread by: the random end, since threads that begin together share the other."""
        return thread.int & (1 << 63) - 1

    def lock(self, key: Key) -> int:
        """A 63-bit number to lock a key by."""
        return int.from_bytes(key.hash[:8], "big") >> 1


def mentions(message: Mapping[str, Any], *, source_agency: str, make: KeyMaker) -> tuple[Mention, ...]:
    """The people of a joined message, with the keys that their stated identifiers give."""
    people: list[tuple[PersonKind, Mapping[str, Any]]] = [("child", c) for c in message.get("children", ())]
    people += [("adult", a) for a in message.get("adults", ())]
    by_ref = {block["ref"]: block for _, block in people}
    return tuple(_mention(kind, block, by_ref, source_agency, make) for kind, block in people)


def _mention(kind: PersonKind, block: Mapping[str, Any], by_ref: Mapping[str, Mapping[str, Any]], agency: str, make: KeyMaker) -> Mention:
    exact: list[Key] = []
    number: list[Key] = []
    born = block.get("born")
    for name in ("nhs_number", "upn"):
        value = block.get(name)
        if value and _may_identify(name, value):
            number.append(make(name, value))
            if born:
                exact.append(make(f"{name}+born", value, born))
    mother, expected = _mother(block, by_ref), block.get("expected_on")
    if mother and expected:
        exact.append(make("mother+expected", *mother, expected))
    local = make("local", agency, block["local_id"]) if block.get("local_id") else None
    born_on = date.fromisoformat(born) if born else None
    expected_on = date.fromisoformat(expected) if expected else None
    births = tuple(_births(mother, born_on, expected_on, make)) if mother else ()
    near = tuple(_near(mother, born_on, expected_on, make)) if mother else ()
    return Mention(block["ref"], kind, tuple(exact), tuple(number), _name_key(block, make), local, born_on, births, near)


def _mother(block: Mapping[str, Any], by_ref: Mapping[str, Mapping[str, Any]]) -> tuple[str, str] | None:
    """The mother's exact identifier. With an expected date, said of a born child too, it joins the child to the unborn one.

    It is a key of hers in the same event: whoever asks for her children waits for whoever adds one, with no lock of its own.
    """
    mother = by_ref.get(block.get("mother", ""), {})
    if mother.get("nhs_number") and mother.get("born"):
        return mother["nhs_number"], mother["born"]
    return None


def _births(mother: tuple[str, str], born: date | None, expected: date | None, make: KeyMaker) -> Iterator[Key]:
    if expected:
        yield make(EXPECTED_IN, *mother, str(_month(expected)))
    if born:
        yield make(BORN_IN, *mother, str(_month(born)))


def _near(mother: tuple[str, str], born: date | None, expected: date | None, make: KeyMaker) -> Iterator[Key]:
    """Of a child that is born, the unborn ones it may have been; of one that is not, other dates of it, and whom it may be by now."""
    if born:
        months = range(_month(born) - MONTHS_OFF, _month(born) + MONTHS_EARLY + 1)
        yield from (make(EXPECTED_IN, *mother, str(m)) for m in months)
    elif expected:
        due = _month(expected)
        yield from (make(EXPECTED_IN, *mother, str(m)) for m in range(due - MONTHS_OFF, due + MONTHS_OFF + 1))
        yield from (make(BORN_IN, *mother, str(m)) for m in range(due - MONTHS_EARLY, due + MONTHS_OFF + 1))


def _month(day: date) -> int:
    return day.year * 12 + day.month


def _may_identify(name: str, value: str) -> bool:
    # a temporary UPN (last character a letter) is never a sole match key (facts §7)
    return name != "upn" or value[-1].isdigit()


def _name_key(block: Mapping[str, Any], make: KeyMaker) -> Key | None:
    if block.get("given_name") and block.get("family_name") and block.get("born"):
        return make(NAME_KIND, block["given_name"], block["family_name"], block["born"])
    return None


def identify(mention: Mention, register: Register) -> Identity:
    """Say who a mention is, from the people found under its keys."""
    exact, numbered, local = register.under(mention.exact), register.under(mention.number), _linked(mention, register)
    meant = exact or local
    if len(exact | numbered | local) > 1 or any(register.contradicts(p, mention) for p in meant):
        return Unsure(WhyHeld.identifiers_disagree)
    if exact or any(numbered or _may_stand_alone(mention, register.people[p]) for p in local):
        (person,) = meant
        return Known(person, tuple(k for k in _to_remember(mention) if person not in register.found.get(k, ())))
    if local or (numbered and mention.born is None):
        return Unsure(WhyHeld.one_person_fits)
    if numbered:
        return Unsure(WhyHeld.identifiers_disagree)
    if mention.exact:
        same_birth = register.of_one_birth(mention)
        return Unsure(_why(same_birth)) if same_birth else New(mention.keys)
    return Unsure(_why(register.under([mention.name])))


def _linked(mention: Mention, register: Register) -> frozenset[UUID]:
    """Whom the sender's own id is linked to. One that is linked to several names a household or a case, and nobody in it."""
    found = register.under([mention.local])
    return found if len(found) == 1 else frozenset()


def _may_stand_alone(mention: Mention, person: Person) -> bool:
    """A linked local id identifies; with a number that nobody has yet, only if it has the birth date on its side."""
    return not mention.number or (mention.born is not None and mention.born == person.born)


def _to_remember(mention: Mention) -> tuple[Key, ...]:
    """A number without a birth date is not exact, and is not remembered as somebody's."""
    return mention.keys if mention.exact else tuple(filter(None, (mention.name, mention.local)))


def _why(candidates: frozenset[UUID]) -> WhyHeld:
    match len(candidates):
        case 0:
            return WhyHeld.no_exact_identifier
        case 1:
            return WhyHeld.one_person_fits
        case _:
            return WhyHeld.two_people_fit


def lock_numbers(all_mentions: Sequence[Mention], threads: Iterable[UUID], make: KeyMaker) -> list[int]:
    """What a decision has to lock before it reads, in the order in which everybody locks."""
    keys = {make.lock(k) for m in all_mentions for k in (*m.exact, *m.number, *((m.local,) if m.local else ()))}
    return sorted(keys | {make.thread_lock(t) for t in threads})

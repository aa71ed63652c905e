"""Who is meant. Exact identifiers only; everything else is held for a person to decide.

Exact is (model §4): an NHS number or UPN with agreeing birth date; an agency's local id once linked; for an unborn
child the mother's exact identifier and the expected date. A name never identifies: it only says why a case is held.
"""

import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal
from uuid import UUID

PersonKind = Literal["child", "adult"]


@dataclass(frozen=True, slots=True)
class Key:
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

    @property
    def keys(self) -> tuple[Key, ...]:
        """All keys under which the person has to be looked for."""
        return (*self.exact, *self.number, *filter(None, (self.name, self.local)))


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
    """Exact identifiers that nobody has yet: a new person."""

    keys: tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class Unsure:
    """It takes a person to say who is meant."""

    why: WhyHeld


Identity = Known | New | Unsure
Lookup = Mapping[Key, frozenset[UUID]]


class KeyMaker:
    """Makes keys under the router's secret: a plain hash of an NHS number falls in minutes."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def __call__(self, kind: str, *parts: str) -> Key:
        """The key of one identifier; parts are compared without case and surrounding space."""
        text = "\x1f".join((kind, *(" ".join(p.casefold().split()) for p in parts)))
        return Key(kind, hmac.digest(self._secret, text.encode(), hashlib.sha256))

    def thread_lock(self, thread: UUID) -> int:
        """A 63-bit number to lock a thread by."""
        return thread.int >> 65

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
    mother = by_ref.get(block.get("mother", ""), {})
    if block.get("unborn") and block.get("expected_on") and mother.get("nhs_number"):
        exact.append(make("mother+expected", mother["nhs_number"], block["expected_on"]))
    name_key = _name_key(block, make)
    local = make("local", agency, block["local_id"]) if block.get("local_id") else None
    return Mention(block["ref"], kind, tuple(exact), tuple(number), name_key, local)


def _may_identify(name: str, value: str) -> bool:
    # a temporary UPN (last character a letter) is never a sole match key (facts §7)
    return name != "upn" or value[-1].isdigit()


def _name_key(block: Mapping[str, Any], make: KeyMaker) -> Key | None:
    if block.get("given_name") and block.get("family_name") and block.get("born"):
        return make("name+born", block["given_name"], block["family_name"], block["born"])
    return None


def identify(mention: Mention, found: Lookup) -> Identity:
    """Say who a mention is, from the people found under its keys."""
    exact = _all(found, mention.exact)
    if len(exact) > 1:
        return Unsure(WhyHeld.identifiers_disagree)
    numbered = _all(found, mention.number)
    if exact:
        (person,) = exact
        if numbered - exact:
            return Unsure(WhyHeld.identifiers_disagree)
        return Known(person, _unseen(mention, found, person))
    local = _all(found, (mention.local,)) if mention.local else frozenset()
    if numbered:
        return Unsure(WhyHeld.identifiers_disagree)
    if len(local) == 1 and not mention.exact:
        (person,) = local
        return Known(person, ())
    if mention.exact:
        return New(_to_remember(mention))
    return Unsure(_why(_all(found, (mention.name,)) if mention.name else frozenset()))


def _why(candidates: frozenset[UUID]) -> WhyHeld:
    match len(candidates):
        case 0:
            return WhyHeld.no_exact_identifier
        case 1:
            return WhyHeld.one_person_fits
        case _:
            return WhyHeld.two_people_fit


def _all(found: Lookup, keys: Iterable[Key | None]) -> frozenset[UUID]:
    people: frozenset[UUID] = frozenset()
    return people.union(*(found.get(k, frozenset()) for k in keys if k))


def _to_remember(mention: Mention) -> tuple[Key, ...]:
    return mention.keys


def _unseen(mention: Mention, found: Lookup, person: UUID) -> tuple[Key, ...]:
    return tuple(k for k in _to_remember(mention) if person not in found.get(k, frozenset()))


def lock_numbers(all_mentions: Sequence[Mention], threads: Iterable[UUID], make: KeyMaker) -> list[int]:
    """What a decision has to lock before it reads, in the order in which everybody locks."""
    keys = {make.lock(k) for m in all_mentions for k in (*m.exact, *m.number, *((m.local,) if m.local else ()))}
    return sorted(keys | {make.thread_lock(t) for t in threads})

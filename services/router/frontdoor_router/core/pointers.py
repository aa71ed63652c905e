"""Keyed hashes by which a question finds whom it does not name: who lives at an address, and an agency's own incident.

They are kept for that and for nothing else; a protected address, or a protected person's, never is, and one that turns out to be is kept
no longer. Identity does not rest on them.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from frontdoor_router.core.case import Case
from frontdoor_router.core.identify import Key, KeyMaker
from frontdoor_schemas.vocabulary import Answer, EventType

ADDRESS, INCIDENT = "address", "incident"
_BETWEEN_WORDS = re.compile(r"[^\w]+")


@dataclass(frozen=True, slots=True)
class Pointer:
    """A key, and whom of the event it leads to; without a person it leads to the event itself."""

    key: Key
    ref: str | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """A key that is kept, with the person or the event that it leads to."""

    key: Key
    person: UUID | None


def pointers(message: Mapping[str, Any], event_type: EventType, *, source_agency: str, make: KeyMaker) -> tuple[Pointer, ...]:
    """What an event can be found by; of a question, what it looks for. An incident's number is its own agency's alone."""
    found = list(_asked_for(message, make) if event_type is EventType.query else _homes(message, make))
    if number := message.get("incident_id"):
        found.append(Pointer(make(INCIDENT, source_agency, number)))
    return tuple(found)


def to_keep(case: Case, found: Iterable[Pointer]) -> tuple[Kept, ...]:
    """The keys that an event leaves behind.

    A question leaves none. No key leads to somebody who is protected or unknown, nor to anybody at the home of somebody who is protected.
    """
    if case.type is EventType.query:
        return ()
    found = list(found)
    protected = to_forget(case, found)
    return tuple(_kept(case, (p for p in found if p.key not in protected)))


def to_forget(case: Case, found: Iterable[Pointer]) -> frozenset[Key]:
    """The keys of homes of somebody who is protected, identified or not: what led there before leads there no more."""
    if case.type is EventType.query:
        return frozenset()
    return frozenset(p.key for p in found if p.ref is not None and case.subjects[p.ref].protected is Answer.yes)


def _kept(case: Case, found: Iterable[Pointer]) -> Iterator[Kept]:
    for pointer in found:
        if pointer.ref is None:
            yield Kept(pointer.key, None)
            continue
        subject = case.subjects[pointer.ref]
        if subject.person is not None:
            yield Kept(pointer.key, subject.person.id)


def _asked_for(message: Mapping[str, Any], make: KeyMaker) -> Iterator[Pointer]:
    home = _home(message.get("address"))
    if home is not None:
        yield Pointer(_key(home, make))


def _homes(message: Mapping[str, Any], make: KeyMaker) -> Iterator[Pointer]:
    """Where each person lives: where the event says so of her or him, or of an adult who lives with the children."""
    known: dict[tuple[str, str], Key] = {}  # most of a household live at one address, and a key takes longer than to look it up
    for ref, block in _living(message):
        home = _home(block)
        if home is not None:
            yield Pointer(known.get(home) or known.setdefault(home, _key(home, make)), ref)


def _living(message: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any] | None]]:
    adults = message.get("adults", ())
    for person in (*adults, *message.get("children", ())):
        if "protected_address" in person:
            yield person["ref"], person["protected_address"]
    yield from ((adult["ref"], adult.get("address")) for adult in adults)
    shared = next((a["address"] for a in adults if a.get("lives_with_child") == Answer.yes.value and "address" in a), None)
    for child in message.get("children", ()):
        if "protected_address" not in child:
            yield child["ref"], child.get("address", shared)


def _home(block: Mapping[str, Any] | None) -> tuple[str, str] | None:
    """Postcode and first line together; either alone is not one home."""
    if not block or not block.get("postcode") or not block.get("lines"):
        return None
    return block["postcode"], block["lines"][0]


def _key(home: tuple[str, str], make: KeyMaker) -> Key:
    """Points and commas say nothing."""
    postcode, line = home
    return make(ADDRESS, postcode, _BETWEEN_WORDS.sub(" ", line))

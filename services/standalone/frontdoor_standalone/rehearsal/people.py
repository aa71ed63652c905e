"""Turns the people of a scenario into what events state about them. Everybody here is made up.

A name comes from the key, a number that the file does not give from the key as well: the same scenario always has the
same people, and renaming a key renames the person everywhere.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from frontdoor_standalone.rehearsal.steps import NONE, Person, Variation

FAMILY_NAMES = (
    "Alderwick", "Brackenhurst", "Calloway-Finch", "Dunmarsh", "Ellerby-Stone", "Farthingale", "Greywell", "Hollowbrook",
    "Inglethorpe", "Jessop-Vale", "Kestrelton", "Larkmoor", "Meadowcroft-Hay", "Netherwood", "Oakhanger", "Pennywhistle",
)  # fmt: skip
TEST_RANGE = "999"
"""NHS numbers that begin so are never issued."""
CHILD_BORN = date(2009, 1, 1)
ADULT_BORN = date(1978, 1, 1)
BORN_WITHIN_DAYS = 5 * 365
MODULUS = 11


@dataclass(frozen=True, slots=True)
class Individual:
    """One person with everything that events may state about her or him."""

    key: str
    adult: bool
    given_name: str
    family_name: str
    born: str | None
    nhs_number: str | None
    person: Person


def individuals(people: Mapping[str, Person]) -> dict[str, Individual]:
    """Everybody of a scenario, by key."""
    return {key: _individual(key, person, people) for key, person in people.items()}


def varied(individual: Individual, variation: Variation) -> Individual:
    """Somebody as one event names her or him: with other identifiers."""
    return Individual(
        key=individual.key,
        adult=individual.adult,
        given_name=individual.given_name,
        family_name=individual.family_name,
        born=_given(variation.born, individual.born),
        nhs_number=_given(variation.nhs_number, individual.nhs_number),
        person=individual.person,
    )


def _individual(key: str, person: Person, people: Mapping[str, Person]) -> Individual:
    like = people[person.named_like] if person.named_like else None
    name_key = person.named_like or key
    adult = person.adult is not None
    made_up_birth = (ADULT_BORN if adult else CHILD_BORN) + timedelta(days=_number("born", name_key) % BORN_WITHIN_DAYS)
    made_up_number = None if person.unborn else nhs_number_for(key)
    return Individual(
        key=key,
        adult=adult,
        given_name=given_name(name_key),
        family_name=family_name(_family_of(name_key, people)),
        born=None if person.unborn else _given(person.born, (like.born if like else None) or made_up_birth.isoformat()),
        nhs_number=_given(person.nhs_number, made_up_number),
        person=person,
    )


def _family_of(key: str, people: Mapping[str, Person]) -> str:
    seen = {key}
    while (sibling := people[key].sibling) and sibling not in seen:
        seen.add(sibling)
        key = sibling
    return key


def _given(stated: str | None, otherwise: str | None) -> str | None:
    return None if stated == NONE else stated or otherwise


def _number(purpose: str, key: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{purpose}/{key}".encode()).digest()[:6], "big")


def given_name(key: str) -> str:
    """The given name of whoever stands under a key."""
    return "-".join(part.capitalize() for part in key.split("-"))


def family_name(key: str) -> str:
    """A made-up family name."""
    return FAMILY_NAMES[_number("family", key) % len(FAMILY_NAMES)]


def nhs_number_for(key: str) -> str:
    """A made-up NHS number of the range that is never issued, with a valid check digit."""
    for attempt in range(MODULUS):
        digits = f"{TEST_RANGE}{_number(f'nhs-{attempt}', key) % 1_000_000:06d}"
        check = (MODULUS - sum(int(d) * (10 - n) for n, d in enumerate(digits)) % MODULUS) % MODULUS
        if check != MODULUS - 1:
            return f"{digits}{check}"
    raise AssertionError("eleven attempts in a row have no check digit: the chance is one in 10 to the 11th")


@dataclass(frozen=True, slots=True)
class Blocks:
    """The people of one event: their blocks, and by which ref the event names each."""

    children: list[dict[str, Any]]
    adults: list[dict[str, Any]]
    refs: dict[str, str]

    @property
    def everybody(self) -> list[str]:
        """Keys in the order in which the event names the people: the children, then the adults."""
        return list(self.refs)

    def fields(self) -> dict[str, Any]:
        """The fields of the event."""
        named = {"children": self.children, "adults": self.adults}
        return {name: blocks for name, blocks in named.items() if blocks}


def blocks(about: list[Individual], *, full: bool) -> Blocks:
    """Name these people in an event; `full` adds what an account of a concern would say of each."""
    children = [i for i in about if not i.adult]
    adults = [i for i in about if i.adult]
    refs = {i.key: f"child-{n}" for n, i in enumerate(children, 1)} | {i.key: f"adult-{n}" for n, i in enumerate(adults, 1)}
    return Blocks(
        children=[_child(i, refs, full=full) for i in children],
        adults=[_adult(i, refs, full=full) for i in adults],
        refs=refs,
    )


def _child(individual: Individual, refs: Mapping[str, str], *, full: bool) -> dict[str, Any]:
    person = individual.person
    block: dict[str, Any] = {"ref": refs[individual.key], **_identity(individual)}
    if person.unborn:
        block |= {"unborn": True, "expected_on": person.unborn}
    block |= _present(mother=refs.get(person.mother or ""), upn=person.upn, not_in_school=person.not_in_school, **_protection(person))
    if full:
        block["concern"] = "yes"
        block |= {} if person.unborn else _account(individual.given_name)
        block |= _present(address=_home(individual))
    return block


def _account(name: str) -> dict[str, Any]:
    experience = f"{name} heard it from the stairs and was frightened"
    return {
        "voice": {"obtained": "yes", "child_present": "yes", "child_experience": experience},
        "circumstances": f"{name} was at home throughout",
    }


def _adult(individual: Individual, refs: Mapping[str, str], *, full: bool) -> dict[str, Any]:
    person = individual.person
    block = {"ref": refs[individual.key], **_identity(individual)}
    block |= _present(relationship=person.adult, safe_to_contact=person.safe_to_contact, **_protection(person))
    if full:
        block["lives_with_child"] = "yes"
        block |= _present(address=_home(individual))
    return block


def _identity(individual: Individual) -> dict[str, Any]:
    return _present(
        given_name=individual.given_name, family_name=individual.family_name, born=individual.born, nhs_number=individual.nhs_number
    )


def _protection(person: Person) -> dict[str, Any]:
    address = {"lines": [person.protected_address]} if person.protected_address else None
    return _present(protected_address=address, protected=person.protected)


def _home(individual: Individual) -> dict[str, Any] | None:
    if individual.person.protected_address or individual.person.protected in ("yes", "unknown"):
        return None
    return {"lines": [f"{_number('house', individual.family_name) % 90 + 1} Lantern Street"]}


def _present(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}

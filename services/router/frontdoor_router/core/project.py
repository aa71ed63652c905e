"""Chooses the sections that one desk receives. A section about several people needs a permit for every one of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from frontdoor_router.core.candidates import Candidate
from frontdoor_router.core.decision import Given, Withheld
from frontdoor_router.core.facting import DeskFacts
from frontdoor_router.core.facts import Facts
from frontdoor_schemas.envelope import Section
from frontdoor_schemas.vocabulary import Category, Role


class Ruling(Protocol):
    """What the agreements say to one question, and the policies that say so."""

    permit: bool
    policies: tuple[str, ...]


class Rules(Protocol):
    """The agreements in force."""

    def permits(self, role: Role, category: Category, facts: Facts) -> Ruling:
        """Raise when it cannot be decided; never permit then."""
        ...


@dataclass(frozen=True, slots=True)
class Projection:
    """What one desk may see of an event."""

    given: tuple[Given, ...]
    withheld: tuple[Withheld, ...]

    @property
    def says_something(self) -> bool:
        """A bare case reference tells that there is a case and nothing else: it is not a disclosure."""
        return any(g.section.category is not Category.case_reference for g in self.given)


def project(sections: Sequence[Section], *, candidate: Candidate, role: Role, facts: DeskFacts, rules: Rules) -> Projection:
    """Ask for each section, for each purpose of the candidate; the first purpose that permits all subjects gives it."""
    given: list[Given] = []
    withheld: list[Withheld] = []
    for section in sections:
        permit, policies = _ask(section, candidate, role, facts, rules)
        if permit:
            given.append(Given(section, policies))
        else:
            withheld.append(Withheld(section.category.value, section.subjects, policies))
    return Projection(tuple(given), tuple(withheld))


def _ask(section: Section, candidate: Candidate, role: Role, facts: DeskFacts, rules: Rules) -> tuple[bool, tuple[str, ...]]:
    against: dict[str, None] = {}
    for purpose in candidate.purposes:
        rulings = [rules.permits(role, section.category, facts.of(section, subject, purpose)) for subject in section.subjects or (None,)]
        if all(r.permit for r in rulings):
            return True, tuple(dict.fromkeys(p for r in rulings for p in r.policies))
        against.update(dict.fromkeys(p for r in rulings if not r.permit for p in r.policies))
    return False, tuple(against)

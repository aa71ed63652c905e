"""Chooses the sections that one desk receives. A section about several people needs a permit for every one of them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from frontdoor_router.core.agreements import Agreements, CannotDecideError, Ruling
from frontdoor_router.core.candidates import Candidate
from frontdoor_router.core.decision import Given, Withheld
from frontdoor_router.core.facting import DeskFacts, kind_of
from frontdoor_schemas.envelope import Section
from frontdoor_schemas.vocabulary import Category, Role


@dataclass(frozen=True, slots=True)
class Projection:
    """What one desk may see of an event."""

    given: tuple[Given, ...]
    withheld: tuple[Withheld, ...]

    @property
    def says_something(self) -> bool:
        """A bare case reference tells that there is a case and nothing else: it is not a disclosure."""
        return any(g.section.category is not Category.case_reference for g in self.given)


def project(sections: Sequence[Section], *, candidate: Candidate, role: Role, facts: DeskFacts, rules: Agreements) -> Projection:
    """Ask for each section and purpose about every subject; the first purpose that permits all subjects gives the section.

    All questions go to the agreements at once, those of sections that are ruled alike only once. Raises
    `CannotDecideError` when any of them has no clean answer.
    """
    purposes = candidate.purposes
    kinds = [kind_of(section) for section in sections]
    asked = {
        kind: [[(role.value, kind.category.value, facts.of(kind, subject, purpose)) for subject in kind.about] for purpose in purposes]
        for kind in dict.fromkeys(kinds)
    }
    answers = _clean(rules.permits_all([q for of_kind in asked.values() for questions in of_kind for q in questions]))
    ruled = {kind: [[next(answers) for _ in questions] for questions in of_kind] for kind, of_kind in asked.items()}
    verdicts = {kind: _verdict(rulings) for kind, rulings in ruled.items()}
    given: list[Given] = []
    withheld: list[Withheld] = []
    for section, kind in zip(sections, kinds, strict=True):
        permitted, policies = verdicts[kind]
        if permitted:
            given.append(Given(section, policies))
        else:
            withheld.append(Withheld(section.category.value, section.subjects, policies))
    return Projection(tuple(given), tuple(withheld))


def _verdict(rulings: Sequence[Sequence[Ruling]]) -> tuple[bool, tuple[str, ...]]:
    """Whether sections of a kind are given, and by which policies or because of which not."""
    permitting = next((r for r in rulings if all(one.permit for one in r)), None)
    if permitting is not None:
        return True, _named(permitting)
    return False, _named(one for r in rulings for one in r if not one.permit)


def _clean(answers: Iterable[Ruling | CannotDecideError]) -> Iterator[Ruling]:
    for answer in answers:
        if isinstance(answer, CannotDecideError):
            raise answer
        yield answer


def _named(rulings: Iterable[Ruling]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(p for r in rulings for p in r.policies))

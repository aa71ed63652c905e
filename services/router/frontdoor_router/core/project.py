"""Chooses the sections that one desk receives. A section about several people needs a permit for every one of them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from frontdoor_router.core.agreements import Agreements, CannotDecideError, Question, Ruling
from frontdoor_router.core.candidates import Candidate
from frontdoor_router.core.decision import Given, Withheld
from frontdoor_router.core.facting import DeskFacts
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

    All questions go to the agreements at once. Raises `CannotDecideError` when any of them has no clean answer.
    """
    questions: dict[tuple[int, str], list[tuple[str, int]]] = {}
    asked: dict[tuple[str, int], Question] = {}
    for n, section in enumerate(sections):
        for purpose in candidate.purposes:
            about = [facts.of(section, subject, purpose) for subject in section.subjects or (None,)]
            questions[n, purpose] = [(section.category.value, id(f)) for f in about]
            asked.update((key, (role.value, section.category.value, f)) for key, f in zip(questions[n, purpose], about, strict=True))
    rulings = dict(zip(asked, _clean(rules.permits_all(list(asked.values()))), strict=True))
    given: list[Given] = []
    withheld: list[Withheld] = []
    for n, section in enumerate(sections):
        answers = [[rulings[q] for q in questions[n, purpose]] for purpose in candidate.purposes]
        permitting = next((a for a in answers if all(r.permit for r in a)), None)
        if permitting is not None:
            given.append(Given(section, _named(permitting)))
        else:
            withheld.append(Withheld(section.category.value, section.subjects, _named(r for a in answers for r in a if not r.permit)))
    return Projection(tuple(given), tuple(withheld))


def _clean(answers: Iterable[Ruling | CannotDecideError]) -> Iterator[Ruling]:
    for answer in answers:
        if isinstance(answer, CannotDecideError):
            raise answer
        yield answer


def _named(rulings: Iterable[Ruling]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(p for r in rulings for p in r.policies))

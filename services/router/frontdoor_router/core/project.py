"""Chooses the sections that one desk receives. A section about several people needs a permit for every one of them."""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from frontdoor_router.core.agreements import Agreements, CannotDecideError, Ruling, Verdict
from frontdoor_router.core.decision import Given, Withheld
from frontdoor_router.core.facting import DeskFacts, Kinds, SectionKind
from frontdoor_schemas.vocabulary import RULED, Category, Role

FOR_NOBODY = Verdict(permitted=False, policies=("(for the exchange alone)",))
"""On what the exchange is to obey and not to pass on: no agreement is asked, as none could give it."""


class Projection(NamedTuple):
    """What one desk may see of an event."""

    given: tuple[Given, ...]
    withheld: tuple[Withheld, ...]

    @property
    def says_something(self) -> bool:
        """A bare case reference tells that there is a case and nothing else: it is not a disclosure."""
        return any(g.section.category is not Category.case_reference for g in self.given)


def project(sections: Kinds, *, purposes: tuple[str, ...], role: Role, facts: DeskFacts, rules: Agreements) -> Projection:
    """Ask for each section and purpose about every subject; the first purpose that permits all subjects gives the section.

    What the facts leave no doubt about is not asked again: sections of which they say the same have the same verdict. Raises
    `CannotDecideError` when any question has no clean answer.
    """
    keys = facts.all_of(sections, purposes)
    known = [rules.verdicts.get(key) for key in keys]
    verdicts = [verdict for verdict in known if verdict is not None]
    if len(verdicts) < len(keys):
        missing = {key: kind for key, kind, verdict in zip(keys, sections.kinds, known, strict=True) if verdict is None}
        fresh = _ask(missing, purposes, role, facts, rules)
        verdicts = [verdict or fresh[key] for key, verdict in zip(keys, known, strict=True)]
        rules.verdicts.add(fresh.items())
    given: list[Given] = []
    withheld: list[Withheld] = []
    for section, which in zip(sections.sections, sections.which, strict=True):
        permitted, policies = verdicts[which]
        if permitted:
            given.append(Given(section, policies))
        else:
            withheld.append(Withheld(section.category.value, section.subjects, policies))
    return Projection(tuple(given), tuple(withheld))


def _ask(
    kinds: Mapping[Hashable, SectionKind], purposes: Sequence[str], role: Role, facts: DeskFacts, rules: Agreements
) -> dict[Hashable, Verdict]:
    """The verdicts on some kinds of section, all asked for at once."""
    asked = {key: kind for key, kind in kinds.items() if kind.category in RULED}
    questions = [
        (role.value, kind.category.value, facts.of(kind, subject, purpose))
        for kind in asked.values()
        for purpose in purposes
        for subject in kind.about
    ]
    answers = _clean(rules.permits_all(questions))
    ruled = {key: _verdict([[next(answers) for _ in kind.about] for _ in purposes]) for key, kind in asked.items()}
    return {key: ruled.get(key, FOR_NOBODY) for key in kinds}


def _verdict(rulings: Sequence[Sequence[Ruling]]) -> Verdict:
    permitting = next((r for r in rulings if all(one.permit for one in r)), None)
    if permitting is not None:
        return Verdict(permitted=True, policies=_named(permitting))
    return Verdict(permitted=False, policies=_named(one for r in rulings for one in r if not one.permit))


def _clean(answers: Iterable[Ruling | CannotDecideError]) -> Iterator[Ruling]:
    for answer in answers:
        if isinstance(answer, CannotDecideError):
            raise answer
        yield answer


def _named(rulings: Iterable[Ruling]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(p for r in rulings for p in r.policies))

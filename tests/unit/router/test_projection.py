"""Which sections a desk is given: default deny, for every subject, and nothing at all when anything goes wrong."""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from uuid import uuid4

import pytest

from contract.made_up import SOURCE, Maker, rng, submitted
from frontdoor_router.core.agreements import Agreements, CannotDecideError, Question, Remembered, Ruling, Verdict
from frontdoor_router.core.candidates import Candidate
from frontdoor_router.core.facting import CaseFacts, DeskFacts, Kinds
from frontdoor_router.core.project import Projection, project
from frontdoor_schemas.envelope import Section
from frontdoor_schemas.events import CASE_MODELS, to_sections
from frontdoor_schemas.vocabulary import Category, EventType, Role
from support.builders import a_child, an_incident
from support.deciding import Deciding


@dataclass
class Rules:
    """Agreements that permit some categories about some kinds of subject for some purposes; a port's twin."""

    permitted: set[tuple[str, str, str]]
    broken: frozenset[str] = frozenset()
    verdicts: Remembered[Hashable, Verdict] = field(default_factory=Remembered)

    def permits_all(self, questions: Sequence[Question]) -> list[Ruling | CannotDecideError]:
        return [self._ruling(*q) for q in questions]

    def _ruling(self, _role: str, category: str, facts: object) -> Ruling | CannotDecideError:
        subject, purpose = (getattr(facts, name) for name in ("protected", "purpose"))
        if category in self.broken:
            return CannotDecideError("as asked for")
        permit = (category, subject, purpose) in self.permitted
        return Ruling(permit, (f"permits-{purpose}",) if permit else (f"against-{purpose}",))


def seen(
    sections: Iterable[tuple[Category, tuple[int, ...]]], permitted: set[tuple[str, str, str]], *, broken: frozenset[str] = frozenset()
) -> Projection:
    """What is seen of sections about children, of whom the first is not protected and the second is."""
    told = Deciding().post("police.pvp", "police-incident", an_incident(a_child(1, protected="no"), a_child(2, protected="yes")))
    case, refs = told.case, [told.subject(name).ref for name in ("Given1", "Given2")]
    made = [Section(id=uuid4(), category=c, subjects=tuple(refs[n] for n in about), body={"fact": c.value}) for c, about in sections]
    candidate = Candidate("oak.dsl", named=True, review=True)
    facts = DeskFacts(CaseFacts(case), candidate, role="school_dsl", no_school_lead=False)
    rules: Agreements = Rules(permitted, broken)  # type: ignore[assignment] # what projection needs of them
    return project(Kinds.of(made), purposes=candidate.purposes, role=Role.school_dsl, facts=facts, rules=rules)


def test_nothing_is_given_unless_something_permits_it() -> None:
    found = seen([(Category.child_identity, (0,)), (Category.narrative, ())], set())
    assert found.given == ()
    assert [(w.category, len(w.subjects)) for w in found.withheld] == [("child_identity", 1), ("narrative", 0)]


def test_a_section_about_two_children_needs_a_permit_for_both() -> None:
    both = [(Category.narrative, (0, 1))]
    one = {("narrative", "no", "named-by-author")}
    assert seen(both, one).given == ()
    assert len(seen(both, one | {("narrative", "yes", "named-by-author")}).given) == 1


def test_one_purpose_has_to_permit_it_for_both() -> None:
    two_purposes = {("narrative", "no", "named-by-author"), ("narrative", "yes", "identity-review")}
    assert seen([(Category.narrative, (0, 1))], two_purposes).given == ()


def test_a_section_that_one_of_several_purposes_permits_is_given_and_names_its_policies() -> None:
    found = seen([(Category.narrative, (0,))], {("narrative", "no", "identity-review")})
    assert [g.policies for g in found.given] == [("permits-identity-review",)]


def test_what_is_withheld_names_what_stood_against_it_for_every_purpose() -> None:
    found = seen([(Category.narrative, (0,))], set())
    assert [w.policies for w in found.withheld] == [("against-named-by-author", "against-identity-review")]


def test_a_bare_case_reference_says_nothing() -> None:
    permitted = {("case_reference", "yes", "named-by-author"), ("narrative", "no", "named-by-author")}
    reference = (Category.case_reference, ())
    assert not seen([reference], permitted).says_something
    assert seen([reference, (Category.narrative, (0,))], permitted).says_something


def test_one_question_without_a_clean_answer_is_an_error_for_all() -> None:
    sections = [(Category.child_identity, (0,)), (Category.narrative, (0,))]
    with pytest.raises(CannotDecideError):
        seen(sections, {("child_identity", "no", "named-by-author")}, broken=frozenset({"narrative"}))


class Lavish:
    """Agreements that permit whatever they are asked."""

    def __init__(self) -> None:
        self.verdicts: Remembered[Hashable, Verdict] = Remembered()

    def permits_all(self, questions: Sequence[Question]) -> list[Ruling]:
        return [Ruling(True, ("everything",)) for _ in questions]


@pytest.mark.parametrize("event_type", CASE_MODELS)
def test_no_agreement_gives_from_whom_the_author_keeps_it_or_who_may_locate_somebody(event_type: EventType) -> None:
    case = Deciding().post("police.pvp", "police-incident", an_incident(a_child(1))).case
    made = to_sections(submitted(event_type, Maker().event(CASE_MODELS[event_type])), SOURCE, rng(1))
    of_event = [section for section in made if not section.subjects]
    candidate = Candidate("oak.dsl", named=True)
    facts = DeskFacts(CaseFacts(case), candidate, role="school_dsl", no_school_lead=False)
    rules: Agreements = Lavish()  # type: ignore[assignment] # what projection needs of them
    for _ in range(2):  # as asked, and as remembered
        found = project(Kinds.of(of_event), purposes=candidate.purposes, role=Role.school_dsl, facts=facts, rules=rules)
        (kept,) = [section for section in of_event if section not in [g.section for g in found.given]]
        assert kept.body.keys() == {"sharing/withhold_from", "sharing/locating_for"}
        assert [(w.category, w.policies) for w in found.withheld] == [("sharing_limits", ("(for the exchange alone)",))]

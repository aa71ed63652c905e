"""The facts of one desk about one subject: all that the agreements hear."""

from dataclasses import replace
from typing import Any

import pytest

from frontdoor_router.core.candidates import Candidate, Owing
from frontdoor_router.core.facting import CaseFacts, DeskFacts, kind_of
from frontdoor_router.core.facts import Facts, strays
from frontdoor_schemas.vocabulary import Category
from support.builders import NHS, a_child, an_adult, an_incident
from support.deciding import Deciding, Told, test_pack

MOTHER = an_adult(1, nhs_number=NHS[8], born="1990-01-01")
FATHER = an_adult(2, nhs_number=NHS[7], born="1989-01-01", relationship="father")


@pytest.fixture
def deciding() -> Deciding:
    """Nobody is known."""
    return Deciding()


def incident(deciding: Deciding, *children: dict[str, Any], adults: tuple[dict[str, Any], ...] = (), **facts: Any) -> Told:
    """A domestic-abuse incident by the police."""
    return deciding.post("police.pvp", "police-incident", an_incident(*children, adults=adults, **facts))


def facts_of(
    told: Told,
    desk: str,
    *,
    about: str | None = None,
    named: bool = False,
    stated: bool = False,
    owing: str | None = None,
    category: Category | None = None,
    role: str = "school_dsl",
) -> Facts:
    """What the agreements hear about one person of an event, by given name, or about the event."""
    refs = list(told.case.subjects)
    ref = told.subject(about).ref if about is not None else None
    duties = [Owing(d, tuple(refs)) for d in test_pack().duties if d.id == owing]
    candidate = Candidate(desk, owing=duties, named=named, stated=set(refs) if stated else set())
    facts = DeskFacts(CaseFacts(told.case), candidate, role=role, no_school_lead=role == "no_school_lead")
    fits = [s for s in told.case.sections if s.subjects == ((ref,) if ref else ()) and category in {None, s.category}]
    found = facts.of(kind_of(fits[0]), ref, "notice")
    assert strays(found, test_pack().purposes) == []
    assert facts.of(kind_of(fits[0]), ref, "notice") == found
    return found


def test_what_the_event_says_of_itself(deciding: Deciding) -> None:
    found = facts_of(incident(deciding, a_child(1)), "oak.dsl")
    assert (found.event_type, found.source_role, found.purpose, found.subject_role) == (
        "police-incident",
        "police_safeguarding",
        "notice",
        "event",
    )
    assert facts_of(incident(deciding, a_child(1)), "police.encompass").source_agency_is_recipients == "yes"
    assert found.source_agency_is_recipients == "no"


def test_the_subject_is_a_child_an_adult_or_the_event(deciding: Deciding) -> None:
    told = incident(deciding, a_child(1), adults=(MOTHER,))
    assert [facts_of(told, "oak.dsl", about=n).subject_role for n in ("Given1", "Adult1")] == ["child", "adult"]


@pytest.mark.parametrize(
    ("relation", "fact"),
    [
        ("school", "of_subject"),
        ("early_years", "of_subject"),
        ("gp", "of_subject"),
        ("health_visiting", "of_subject"),
        ("school_nursing", "of_subject"),
        ("midwifery", "of_subject"),
        ("dentist", "of_subject"),
        ("involved", "involved_with_subject"),
        ("plan_group", "involved_with_subject"),
        ("lead_professional", "involved_with_subject"),
        ("plan_group", "plan_group"),
    ],
)
def test_a_confirmed_relation_to_a_child_is_a_fact_about_that_child_and_the_event(deciding: Deciding, relation: str, fact: str) -> None:
    deciding.tie(a_child(1), "oak.dsl", relation)
    told = incident(deciding, a_child(1), a_child(2))
    assert [getattr(facts_of(told, "oak.dsl", about=n), fact) for n in ("Given1", "Given2", None)] == ["yes", "no", "yes"]
    assert getattr(facts_of(told, "elm.dsl"), fact) == "no"


def test_being_involved_is_not_being_in_the_plan_group(deciding: Deciding) -> None:
    deciding.tie(a_child(1), "oak.dsl", "involved")
    found = facts_of(incident(deciding, a_child(1)), "oak.dsl", about="Given1")
    assert (found.involved_with_subject, found.plan_group, found.of_subject) == ("yes", "no", "no")


def test_an_assertion_that_nobody_confirmed_is_no_relation(deciding: Deciding) -> None:
    deciding.tie(a_child(1), "oak.dsl", "school", by="oak.dsl")
    assert facts_of(incident(deciding, a_child(1)), "oak.dsl", about="Given1").of_subject == "no"


def test_a_relation_that_ended_is_none(deciding: Deciding) -> None:
    deciding.tie(a_child(1), "oak.dsl", "school")
    deciding.untie(a_child(1), "oak.dsl", "school")
    assert facts_of(incident(deciding, a_child(1)), "oak.dsl", about="Given1").of_subject == "no"


def test_relations_to_somebody_who_is_not_identified_are_unknown(deciding: Deciding) -> None:
    told = incident(deciding, a_child(1, nhs_number=None))
    found = [facts_of(told, "oak.dsl", about=n) for n in ("Given1", None)]
    assert [(f.of_subject, f.involved_with_subject, f.plan_group) for f in found] == [("unknown",) * 3] * 2


def test_without_a_child_nothing_is_known_about_children(deciding: Deciding) -> None:
    told = deciding.post("police.pvp", "police-incident", an_incident(adults=(MOTHER,)))
    assert facts_of(told, "oak.dsl").of_subject == "unknown"


def test_what_the_author_states_counts_for_that_duty_even_of_a_child_who_is_not_identified(deciding: Deciding) -> None:
    told = incident(deciding, a_child(1, nhs_number=None))
    found = facts_of(told, "oak.dsl", about="Given1", stated=True)
    assert (found.of_subject, found.involved_with_subject) == ("yes", "unknown")


def test_who_leads_for_children_in_no_school_is_their_own_desk_for_that_duty(deciding: Deciding) -> None:
    told = incident(deciding, a_child(1, not_in_school="none"))
    assert facts_of(told, "trust.nursing", about="Given1", role="no_school_lead", owing="incident-school").of_subject == "no"


def test_an_adults_own_service_manages_that_adult_and_its_children_are_children_of_a_managed_adult(deciding: Deciding) -> None:
    deciding.tie(MOTHER, "clinic.duty", "treats")
    told = incident(deciding, a_child(1), adults=(MOTHER, FATHER))
    found = {n: facts_of(told, "clinic.duty", about=n) for n in ("Given1", "Adult1", "Adult2", None)}
    assert {n: f.manages_subject for n, f in found.items()} == {"Given1": "no", "Adult1": "yes", "Adult2": "no", None: "yes"}
    assert {n: f.child_of_managed_adult for n, f in found.items()} == {"Given1": "yes", "Adult1": "no", "Adult2": "no", None: "no"}


def test_an_adult_whom_another_service_manages_is_managed_elsewhere(deciding: Deciding) -> None:
    deciding.tie(MOTHER, "probation.duty", "manages")
    told = incident(deciding, a_child(1), adults=(MOTHER, an_adult(3)))
    assert facts_of(told, "clinic.duty", about="Adult1").managed_elsewhere == "yes"
    assert facts_of(told, "probation.duty", about="Adult1").managed_elsewhere == "no"
    assert facts_of(told, "clinic.duty", about="Adult3").managed_elsewhere == "unknown"
    assert facts_of(told, "clinic.duty", about="Given1").managed_elsewhere == "no"


def test_the_adults_around_a_child_are_known_to_be_so_by_who_works_with_the_child(deciding: Deciding) -> None:
    deciding.tie(a_child(1), "oak.dsl", "school")
    told = incident(deciding, a_child(1), adults=(MOTHER,))
    assert [facts_of(told, "oak.dsl", about=n).adult_of_subject_child for n in ("Given1", "Adult1")] == ["no", "yes"]
    assert facts_of(told, "elm.dsl", about="Adult1").adult_of_subject_child == "no"


def test_who_asked_is_the_referrer_of_the_answer(deciding: Deciding) -> None:
    referral = deciding.post("oak.dsl", "referral", {"children": [a_child(1)]})
    data = {"children": [a_child(1)], "decided_at": "2020-11-10T21:00:00Z", "accepted": "yes"}
    told = deciding.post("hub.front-door", "referral-outcome", data, reply_to=referral.event)
    assert facts_of(told, "oak.dsl").referrer == "yes"
    assert facts_of(told, "elm.dsl").referrer == "no"


def test_the_author_withholds_from_a_desk_or_its_whole_agency(deciding: Deciding) -> None:
    told = incident(deciding, a_child(1), sharing={"withhold_from": ["oak", "mill.gp"]})
    assert [facts_of(told, d).withheld for d in ("oak.dsl", "oak.deputy", "mill.gp", "elm.dsl")] == ["yes", "yes", "yes", "no"]


def minutes(deciding: Deciding, to: list[str]) -> Told:
    """Minutes with one part about a child for an audience."""
    part = {"kind": "discussion", "text": "said", "about": ["child-1"], "to": to}
    return deciding.post("care.duty", "conference-minutes", {"children": [a_child(1)], "parts": [part]})


@pytest.mark.parametrize(
    ("to", "named", "audience", "by_author", "for_subject"),
    [
        (["oak.dsl"], False, "named", "yes", "yes"),
        (["school_dsl"], False, "named", "no", "no"),
        (["elm.dsl"], True, "not_named", "no", "no"),
    ],
)
def test_an_audience_is_of_desks_and_of_roles(
    deciding: Deciding, to: list[str], named: bool, audience: str, by_author: str, for_subject: str
) -> None:
    found = facts_of(minutes(deciding, to), "oak.dsl", about="Given1", named=named, category=Category.meeting_discussion)
    assert (found.audience, found.named_by_author, found.named_for_subject) == (audience, by_author, for_subject)


def test_what_has_no_audience_is_for_whom_the_author_names_at_all(deciding: Deciding) -> None:
    told = incident(deciding, a_child(1))
    assert [facts_of(told, "oak.dsl", named=n).named_by_author for n in (True, False)] == ["yes", "no"]
    assert facts_of(told, "oak.dsl").audience == "none"


def test_protection_is_of_the_subject_and_the_event_is_protected_when_anybody_in_it_is(deciding: Deciding) -> None:
    told = incident(deciding, a_child(1, protected="no"), a_child(2, protected="yes"), a_child(3))
    assert [facts_of(told, "oak.dsl", about=n).protected for n in ("Given1", "Given2", "Given3", None)] == ["no", "yes", "unknown", "yes"]
    assert facts_of(told, "oak.dsl", about="Given1").protected_case == "yes"
    rest = incident(deciding, a_child(1, protected="no"), a_child(3))
    assert [facts_of(rest, "oak.dsl", about=n).protected for n in ("Given1", None)] == ["no", "unknown"]
    assert facts_of(rest, "oak.dsl").protected_case == "no"
    nobody = incident(deciding, a_child(1, protected="no"), a_child(3, protected="no"))
    assert facts_of(nobody, "oak.dsl").protected == "no"


def test_the_author_lists_desks_for_the_event_and_the_lead_agency_for_the_person(deciding: Deciding) -> None:
    told = incident(deciding, a_child(1), sharing={"locating_for": ["oak.dsl"]})
    assert facts_of(told, "oak.dsl", about="Given1").listed == "yes"
    assert facts_of(incident(deciding, a_child(1)), "oak.dsl", about="Given1").listed == "no"
    deciding.post("hub.front-door", "referral", {"children": [a_child(1)], "sharing": {"locating_for": ["oak.dsl"]}})
    later = incident(deciding, a_child(1), a_child(2))
    assert [facts_of(later, "oak.dsl", about=n).listed for n in ("Given1", "Given2", None)] == ["yes", "no", "no"]
    assert facts_of(incident(deciding, a_child(1)), "oak.dsl").listed == "yes"
    assert facts_of(incident(deciding, a_child(1, nhs_number=None)), "oak.dsl").listed == "no"


def test_who_is_listed_for_a_child_is_not_listed_for_an_event_with_somebody_who_is_not_identified(deciding: Deciding) -> None:
    deciding.post("hub.front-door", "referral", {"children": [a_child(1)], "sharing": {"locating_for": ["oak.dsl"]}})
    told = incident(deciding, a_child(1), adults=(an_adult(1, protected="yes"),))
    facts = facts_of(told, "oak.dsl")
    assert (facts.protected_case, facts.listed) == ("yes", "no")
    assert facts_of(told, "oak.dsl", about="Given1").listed == "yes"


def test_an_event_that_is_ruled_again_is_protected_where_it_was_known_to_be(deciding: Deciding) -> None:
    told = incident(deciding, a_child(1), a_child(2, nhs_number=None))
    again = replace(told, case=replace(told.case, was_protected=True))
    assert [facts_of(one, "oak.dsl").protected_case for one in (told, again)] == ["no", "yes"]
    assert [facts_of(again, "oak.dsl", about=n).protected for n in ("Given1", None)] == ["unknown", "yes"]


def test_an_event_is_unconfirmed_when_nobody_in_it_is_identified(deciding: Deciding) -> None:
    told = incident(deciding, a_child(1), a_child(2, nhs_number=None))
    assert [facts_of(told, "oak.dsl", about=n).identity for n in ("Given1", "Given2", None)] == ["confirmed", "unconfirmed", "confirmed"]
    assert facts_of(incident(deciding, a_child(1, nhs_number=None)), "oak.dsl").identity == "unconfirmed"


@pytest.mark.parametrize(
    ("consent", "fact"),
    [
        ({}, "unknown"),
        ({"consent": {"status": "refused"}}, "refused"),
        ({"consent": {"status": "refused", "override_reason": "danger"}}, "override"),
    ],
)
def test_consent_is_as_stated_and_an_override_is_said_to_be_one(deciding: Deciding, consent: dict[str, Any], fact: str) -> None:
    assert facts_of(incident(deciding, a_child(1), **consent), "oak.dsl").consent == fact


def test_who_published_stands_in_a_section_of_its_own(deciding: Deciding) -> None:
    told = incident(deciding, a_child(1), systems_checked=[])
    assert facts_of(told, "oak.dsl", category=Category.professional_network).source_section == "yes"
    assert facts_of(told, "oak.dsl", category=Category.case_reference).source_section == "no"


def test_what_an_author_says_of_himself_is_of_the_source_and_not_of_those_who_were_asked(deciding: Deciding) -> None:
    author = {"name": "Made-Up Lead", "role": "Lead at Oak", "contact": "lead@oak.example", "office": "1 Made-Up Lane"}
    told = deciding.post("mill.gp", "was-not-brought", {"children": [a_child(1)], "author": author, "notify": ["oak.dsl"]})
    found = {kind_of(s).source: s.body for s in told.case.sections if s.category is Category.professional_network and not s.subjects}
    assert {source: set(body) for source, body in found.items()} == {
        "yes": {"source/desk", "source/agency", "source/role"},
        "author": {"author/name", "author/role", "author/contact"},
        "no": {"notify"},
    }

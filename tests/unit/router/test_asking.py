"""A question itself: whom it is answered, what it changes, and that nobody gains by what her or his question says."""

from dataclasses import replace

import pytest

from frontdoor_router.core.agreements import Agreements, CannotDecideError, Ruling
from frontdoor_router.core.answers import RECIPES
from frontdoor_router.core.duties import EachChild
from frontdoor_router.core.facts import QUERY_PURPOSES
from frontdoor_schemas.queries import QUESTIONS
from frontdoor_schemas.vocabulary import EventType
from support.asking import MOTHER, PURPOSE, Asking, incident, oak_and_elm, plan, said_nothing
from support.builders import a_child
from support.deciding import test_pack


@pytest.fixture
def asking() -> Asking:
    """A child at Oak, its brother at Elm."""
    return oak_and_elm()


# ---------------------------------------------------------------- asking itself


def test_an_answer_is_a_disclosure_to_the_asking_desk_and_asks_for_nothing(asking: Asking) -> None:
    event = incident(asking)
    answered = asking.ask("oak.dsl", "chronology", a_child(1))
    d, decision = answered.disclosure, answered.told.decision
    assert (d.desk, d.kind, d.purposes, d.ask, d.reason) == ("oak.dsl", "answer", ("query-chronology",), None, None)
    assert d.quotes == {event}
    assert not decision.obligations
    assert [e.detail for e in decision.audit if e.type == "query.answered"] == [
        {"question": "chronology", "reason": None, "quotes": [str(event)]}
    ]


def test_every_section_of_an_answer_is_permitted_by_a_policy_or_was_the_desks_before(asking: Asking) -> None:
    incident(asking)
    given = asking.ask("oak.dsl", "child_view", a_child(1)).disclosure.given
    assert given
    assert all(g.made and g.policies for g in given)
    assert {p for g in given for p in g.policies} == {"queries.school", "(given to this desk before)"}


def test_who_is_unknown_and_who_may_not_be_known_of_are_answered_alike(asking: Asking) -> None:
    incident(asking, a_child(1), a_child(2))
    nobody, not_permitted = asking.ask("oak.dsl", "child_view", a_child(3)), asking.ask("oak.dsl", "child_view", a_child(2))
    assert said_nothing(nobody)
    assert said_nothing(not_permitted)


def test_a_role_without_an_agreement_is_answered_nothing_even_of_what_it_was_told(asking: Asking) -> None:
    asking.tie(a_child(1), "mill.gp", "gp")
    incident(asking)
    assert said_nothing(asking.ask("mill.gp", "child_view", a_child(1)))


def test_a_question_changes_nothing_of_what_is_known(asking: Asking) -> None:
    incident(asking)
    before = len(asking.world.register.people), {p: len(e) for p, e in asking.world.entries.items()}
    answered = asking.ask("care.duty", "child_view", a_child(1, local_id="C-1", protected="yes"), a_child(4), MOTHER)
    decision = answered.told.decision
    assert (decision.people, decision.entries, decision.ties, decision.pointers) == ((), (), (), ())
    assert (len(asking.world.register.people), {p: len(e) for p, e in asking.world.entries.items()}) == before
    assert not asking.world.register.found.get(asking.keys("local", "care", "C-1"))


def test_a_question_that_does_not_say_enough_is_told_so_and_is_nobodys_work(asking: Asking) -> None:
    incident(asking)
    answered = asking.ask("oak.dsl", "child_view", a_child(1, nhs_number=None))
    assert (answered.disclosure.reason, answered.disclosure.given) == ("not-identified", ())
    assert not answered.told.tasks
    assert answered.told.desks == set()


def test_of_those_named_well_enough_it_is_answered_all_the_same(asking: Asking) -> None:
    incident(asking)
    answered = asking.ask("oak.dsl", "chronology", a_child(1), a_child(3, nhs_number=None))
    assert answered.disclosure.reason == "not-identified"
    assert answered.list("earlier", "event_type") == ["police-incident"]


def test_identifiers_that_disagree_teach_nothing_and_are_a_persons_work(asking: Asking) -> None:
    incident(asking)
    answered = asking.ask("oak.dsl", "child_view", a_child(1, born="2012-12-12"))
    assert said_nothing(answered)
    assert answered.told.tasks == [("identifiers-disagree", "hub.review")]
    assert "hub.front-door" not in {d.desk for d in answered.told.decision.disclosures if d.visible}


def test_whom_the_exchange_tells_of_a_question_is_not_shown_to_who_asked(asking: Asking) -> None:
    incident(asking)
    answered = asking.ask("oak.dsl", "child_view", a_child(1))
    assert [d.desk for d in answered.told.decision.disclosures if d.visible] == ["oak.dsl"]


# ---------------------------------------------------------------- the desk's own word gives it nothing


def test_who_lists_itself_in_its_question_is_not_listed(asking: Asking) -> None:
    asking.post("hub.front-door", "referral", {"children": [a_child(1, protected="yes")]})
    answered = asking.ask("care.duty", "child_view", a_child(1), sharing={"locating_for": ["care.duty"]})
    assert "involved_protected" not in answered.message
    assert "oak.dsl" not in answered.text


def test_who_says_in_its_question_that_nobody_is_protected_is_not_believed(asking: Asking) -> None:
    plan(asking, "started")
    answered = asking.ask("care.duty", "child_view", a_child(1, protected="no"))
    asking.post("hub.front-door", "referral", {"children": [a_child(1, protected="yes")]})
    after = asking.ask("care.duty", "child_view", a_child(1, protected="no"))
    assert "oak.dsl" in answered.text
    assert "oak.dsl" not in after.text


def test_people_whom_a_question_names_together_are_not_together_for_that(asking: Asking) -> None:
    incident(asking)
    asking.tie(MOTHER, "probation.duty", "manages")
    assert said_nothing(asking.ask("probation.duty", "chronology", a_child(1), MOTHER))


def test_whom_another_agency_has_named_together_to_the_desk_are(asking: Asking) -> None:
    incident(asking)
    asking.tie(MOTHER, "probation.duty", "manages")
    both = {"children": [a_child(1)], "adults": [MOTHER], "asked_of": ["probation.duty"], "request_type": "initial_check"}
    asked = asking.post("hub.front-door", "information-request", both)
    assert len(next(t for t in asking.world.events[asked.event].told if t.desk == "probation.duty").about) == 2
    answered = asking.ask("probation.duty", "chronology", a_child(1), MOTHER)
    assert "police-incident" in answered.list("earlier", "event_type")


# ---------------------------------------------------------------- what cannot be decided, and who else hears


def test_an_error_while_asking_the_agreements_is_said_and_is_work(asking: Asking) -> None:
    class Broken:
        policies, epoch, verdicts = asking.policy.rules.policies, asking.policy.rules.epoch, asking.policy.rules.verdicts

        def permits(self, *_: object) -> Ruling:
            raise CannotDecideError("as asked for")

    incident(asking, a_child(2))
    rules: Agreements = Broken()  # type: ignore[assignment] # what a chronology needs of them
    broken = replace(asking, policy=replace(asking.policy, rules=rules))
    answered = broken.ask("care.duty", "chronology", a_child(2))
    assert (answered.disclosure.reason, answered.disclosure.given) == ("cannot-decide", ())
    assert answered.told.tasks == [("error", "hub.front-door")]
    assert ("decision.failed", "care.duty") in {(a.type, a.desk) for a in answered.told.decision.audit}


def test_a_duty_may_tell_the_holder_that_somebody_asked(asking: Asking) -> None:
    duty = replace(next(d for d in test_pack().duties if d.id == "plan-group"), id="asked-about", on=EventType.query)
    duty = replace(duty, tell=EachChild("school"), because="notice", shown_to_publisher=True)
    pack = replace(test_pack(), duties=(*test_pack().duties, duty))
    telling = replace(asking, policy=replace(asking.policy, pack=pack))
    answered = telling.ask("care.duty", "child_view", a_child(1))
    assert answered.told.desks == {"oak.dsl"}
    assert [c["given_name"] for c in answered.told.message("oak.dsl")["children"]] == ["Given1"]
    assert PURPOSE not in str(answered.told.message("oak.dsl"))
    assert [d.desk for d in answered.told.decision.disclosures if d.visible] == ["care.duty"]


def test_a_question_that_is_withdrawn_takes_its_answer_back(asking: Asking) -> None:
    incident(asking)
    answered = asking.ask("oak.dsl", "chronology", a_child(1))
    gone = asking.post("oak.dsl", "withdrawal", {"reason": "the wrong child"}, reply_to=answered.told.event)
    assert [t.id for t in gone.decision.withdrawn] == [answered.disclosure.id]


def test_every_question_of_the_contract_has_a_purpose_and_those_about_people_a_recipe() -> None:
    assert set(QUERY_PURPOSES) == set(QUESTIONS)
    assert set(RECIPES) == set(QUESTIONS) - {"incident_status"}

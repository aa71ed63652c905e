"""An event about two families: a desk that has to do with one of them reads nothing of the other for that."""

from typing import Any
from uuid import UUID

import pytest

from frontdoor_router.core.policy import policy_of
from support.builders import a_child, an_adult
from support.deciding import NIGHT, Deciding, Told
from support.packs import the_pack

FRONT_DOOR, ASH, BECK, CLINIC = "hub.front-door", "ash-primary.dsl", "beck-academy.dsl", "cgl.substance-misuse"
SAID = {"obtained": "yes", "child_experience": "what the child said"}
ANN = an_adult(1, nhs_number="9990000050", born="1985-01-01")
BEA = an_adult(2, nhs_number="9990000069", born="1986-01-01")


@pytest.fixture
def stockton() -> Deciding:
    """Two children of two schools."""
    made = Deciding(policy=policy_of(the_pack("stockton"), NIGHT.date()))
    made.tie(a_child(1), ASH, "school", by=FRONT_DOOR)
    made.tie(a_child(2), BECK, "school", by=FRONT_DOOR)
    return made


def refer(deciding: Deciding, *children: int, by: str = ASH) -> Told:
    """A referral of some children."""
    return deciding.post(by, "referral", {"children": [a_child(n) for n in children]})


def correct(deciding: Deciding, referral: Told, *children: int, by: str = ASH) -> Told:
    """The referral once more, of these children."""
    right = {"occurred_at": referral.case.happened_at.isoformat(), "children": [a_child(n) for n in children]}
    return deciding.post(by, "correction", {"reason": "slip", "event": {"type": "referral", "data": right}}, reply_to=referral.event)


def outcome(deciding: Deciding, on: UUID, *, protected: str = "unknown", accepted: str = "yes") -> Told:
    """What was decided about both, with what the second child said."""
    both = [a_child(1), a_child(2, protected=protected, voice=SAID)]
    return deciding.post(
        FRONT_DOOR, "referral-outcome", {"children": both, "decided_at": deciding.now.isoformat(), "accepted": accepted}, reply_to=on
    )


def children(told: Told, desk: str) -> set[str]:
    """Whom a desk reads of."""
    return {child["given_name"] for child in told.message(desk).get("children", []) if "given_name" in child}


@pytest.mark.parametrize("protected", ["yes", "unknown"])
def test_who_referred_one_child_reads_its_outcome_and_nothing_of_another(stockton: Deciding, protected: str) -> None:
    mine = refer(stockton, 1)
    refer(stockton, 2, by=BECK)
    told = outcome(stockton, mine.event, protected=protected)
    assert children(told, ASH) == {"Given1"}
    assert told.message(ASH)["accepted"] == "yes"
    assert "what the child said" not in str(told.message(ASH))


def test_who_referred_one_child_reads_nothing_of_another_in_what_answers_nothing(stockton: Deciding) -> None:
    refer(stockton, 1)
    both = {"children": [a_child(1), a_child(2, voice=SAID)], "status": "closed"}
    assert children(stockton.post("police.pvp", "investigation-status", both), ASH) == {"Given1"}


def test_who_referred_siblings_reads_the_outcome_of_both(stockton: Deciding) -> None:
    assert children(outcome(stockton, refer(stockton, 1, 2).event), ASH) == {"Given1", "Given2"}


def test_a_corrected_referral_is_of_those_whom_it_names_now(stockton: Deciding) -> None:
    first = refer(stockton, 1)
    second = correct(stockton, first, 1, 2)
    assert children(outcome(stockton, first.event), ASH) == children(outcome(stockton, second.event), ASH) == {"Given1", "Given2"}
    other = refer(stockton, 1, 2)
    correct(stockton, other, 1)
    assert children(outcome(stockton, other.event), ASH) == {"Given1"}


def test_a_colleagues_correction_is_of_the_referral_all_the_same(stockton: Deciding) -> None:
    first = refer(stockton, 1)
    correct(stockton, first, 1, 2, by="ash-primary.deputy")
    assert children(outcome(stockton, first.event), ASH) == {"Given1", "Given2"}


def test_what_is_decided_anew_after_a_challenge_is_of_all_whom_the_challenger_had_referred(stockton: Deciding) -> None:
    refused = outcome(stockton, refer(stockton, 1, 2).event, accepted="no")
    against = {"children": [a_child(1)], "against": "decision", "level": "practitioner", "reason": "made up"}
    challenge = stockton.post(ASH, "challenge", against, reply_to=refused.event)
    assert children(outcome(stockton, challenge.event), ASH) == {"Given1", "Given2"}


def test_an_answer_may_name_more_people_than_its_question(stockton: Deciding) -> None:
    question = {"children": [a_child(1)], "asked_of": [BECK]}
    asked = stockton.post(ASH, "information-request", question)
    told = stockton.post(BECK, "information-response", {"children": [a_child(1), a_child(2)]}, reply_to=asked.event)
    assert children(told, ASH) == {"Given1", "Given2"}


def who_reads(deciding: Deciding, **mothers: Any) -> set[str]:
    """Of whom the service reads that treats the first of two adults, with whom the event says is the mother of which child."""
    deciding.tie(ANN, CLINIC, "treats", by=FRONT_DOOR)
    said = [a_child(n, **({"mother": mothers[f"of_{n}"]} if f"of_{n}" in mothers else {})) for n in (1, 2)]
    return children(deciding.post("police.pvp", "referral", {"children": said, "adults": [ANN, BEA]}), CLINIC)


def test_a_service_reads_nothing_of_the_child_of_another_mother_than_its_own(stockton: Deciding) -> None:
    assert who_reads(stockton, of_1="adult-1", of_2="adult-2") == {"Given1"}


@pytest.mark.parametrize(
    "mothers", [{}, {"of_1": "adult-1"}, {"of_1": "adult-2", "of_2": "adult-2"}, {"of_1": "adult-1", "of_2": "adult-1"}]
)
def test_a_service_reads_of_each_child_that_may_be_of_its_own_adult(stockton: Deciding, mothers: dict[str, str]) -> None:
    assert who_reads(stockton, **mothers) == {"Given1", "Given2"}

"""The people of one event: nobody twice, protection that stays, what is learned of somebody."""

from datetime import date

from frontdoor_router.core.identify import Unsure, WhyHeld
from frontdoor_schemas.vocabulary import Answer
from support.builders import NHS, a_child, an_adult, an_incident
from support.deciding import Deciding, Told

BORN = "2011-05-02"


def why(told: Told, kind: str = "child") -> set[WhyHeld | None]:
    """Why the people of a kind are held."""
    found = (s.identity for s in told.case.subjects.values() if s.mention.kind == kind)
    return {i.why if isinstance(i, Unsure) else None for i in found}


def test_who_is_named_twice_in_one_event_is_held_both_times() -> None:
    deciding = Deciding()
    twice = an_incident(a_child(1), a_child(2, nhs_number=NHS[0], born=a_child(1)["born"]))
    told = deciding.post("police.pvp", "police-incident", twice)
    assert why(told) == {WhyHeld.identifiers_disagree}
    assert told.decision.people == ()
    known = deciding.post("police.pvp", "police-incident", an_incident(a_child(1)))
    assert why(known) == {None}
    assert why(deciding.post("police.pvp", "police-incident", twice)) == {WhyHeld.identifiers_disagree}


def test_unborn_twins_are_held_since_nothing_tells_them_apart() -> None:
    mother = an_adult(1, nhs_number=NHS[8], born="1990-01-01")
    twins = [{"ref": f"child-{n}", "unborn": True, "expected_on": "2021-02-01", "mother": "adult-1"} for n in (1, 2)]
    told = Deciding().post("police.pvp", "police-incident", an_incident(*twins, adults=(mother,)))
    assert (why(told), why(told, "adult")) == ({WhyHeld.identifiers_disagree}, {None})


def test_an_own_id_that_stands_at_two_people_of_one_event_is_linked_to_neither() -> None:
    deciding = Deciding()
    told = deciding.post("police.pvp", "police-incident", an_incident(a_child(1, local_id="HOUSE"), a_child(2, local_id="HOUSE")))
    assert why(told) == {None}
    alone = deciding.post("police.pvp", "police-incident", an_incident({"ref": "child-1", "local_id": "HOUSE"}))
    assert why(alone) == {WhyHeld.no_exact_identifier}


def test_a_birth_date_that_is_learned_is_kept() -> None:
    deciding = Deciding()
    mother = an_adult(1, nhs_number=NHS[8], born="1990-01-01")
    unborn = {"ref": "child-1", "unborn": True, "expected_on": "2020-10-01", "mother": "adult-1"}
    expected = deciding.post("police.pvp", "police-incident", an_incident(unborn, adults=(mother,)))
    child = {**a_child(1, born="2020-09-28"), "expected_on": "2020-10-01", "mother": "adult-1"}
    born = deciding.post("police.pvp", "police-incident", an_incident(child, adults=(mother,)))
    before, after = (next(s.person for s in t.case.children) for t in (expected, born))
    assert before is not None
    assert after is not None
    assert (before.id, before.born) == (after.id, None)
    assert after.born == date(2020, 9, 28)


def protected(deciding: Deciding, source: str = "police.pvp", **facts: object) -> tuple[Answer, Answer]:
    """What holds for the event after somebody said this, and what is kept of the person."""
    kind = "police-incident" if source.startswith("police") else "referral"
    data = an_incident(a_child(1, **facts)) if kind == "police-incident" else {"children": [a_child(1, **facts)]}
    (subject,) = deciding.post(source, kind, data).case.subjects.values()
    assert subject.person is not None
    return subject.protected, subject.person.protected


def test_nobody_has_said_whether_a_person_is_protected() -> None:
    assert protected(Deciding()) == (Answer.unknown, Answer.unknown)


def test_who_is_said_to_be_protected_stays_so_whatever_others_say() -> None:
    deciding = Deciding()
    assert protected(deciding, protected="yes") == (Answer.yes, Answer.yes)
    assert protected(deciding) == (Answer.yes, Answer.yes)
    assert protected(deciding, protected="no") == (Answer.yes, Answer.yes)
    assert protected(deciding, protected="unknown") == (Answer.yes, Answer.yes)


def test_the_lead_agency_alone_says_that_a_person_is_no_longer_protected() -> None:
    deciding = Deciding()
    protected(deciding, protected="yes")
    assert protected(deciding, "hub.front-door", protected="no") == (Answer.no, Answer.no)
    assert protected(deciding) == (Answer.no, Answer.no)


def test_that_a_person_is_not_protected_holds_for_the_event_whose_author_says_so_and_for_no_other() -> None:
    deciding = Deciding()
    assert protected(deciding, protected="no") == (Answer.no, Answer.unknown)
    assert protected(deciding) == (Answer.unknown, Answer.unknown)


def test_who_gives_an_address_as_protected_says_that_the_person_is() -> None:
    deciding = Deciding()
    address = {"lines": ["1 Marker Lane"]}
    assert protected(deciding, protected="no", protected_address=address) == (Answer.yes, Answer.yes)


def test_protection_of_somebody_who_is_not_identified_is_as_the_author_says() -> None:
    told = Deciding().post("police.pvp", "police-incident", an_incident(a_child(1, nhs_number=None, protected="yes")))
    (subject,) = told.case.subjects.values()
    assert (subject.person, subject.protected) == (None, Answer.yes)


def test_a_person_who_brings_nothing_new_is_not_written_again() -> None:
    deciding = Deciding()
    assert len(deciding.post("police.pvp", "police-incident", an_incident(a_child(1))).decision.people) == 1
    assert deciding.post("police.pvp", "police-incident", an_incident(a_child(1))).decision.people == ()

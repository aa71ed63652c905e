"""People are made up from their keys, the same each time, and named in events as they are."""

from pydantic import TypeAdapter

from frontdoor_schemas.values import NhsNumber
from frontdoor_standalone.rehearsal.people import blocks, individuals, nhs_number_for, varied
from frontdoor_standalone.rehearsal.steps import Person, Variation

PEOPLE = {
    "ava": Person(born="2011-05-02", nhs_number="9990000018"),
    "ava-too": Person(named_like="ava", nhs_number="9990000050"),
    "jo": Person(sibling="ava", nhs_number="none"),
    "dana": Person(adult="mother", protected_address="1 Marker Lane", safe_to_contact="no"),
    "bump": Person(unborn="2021-03-01", mother="dana"),
}


def test_a_namesake_has_the_same_name_and_birth_date_and_another_number() -> None:
    everybody = individuals(PEOPLE)
    ava, too = everybody["ava"], everybody["ava-too"]
    assert (ava.given_name, ava.family_name, ava.born) == (too.given_name, too.family_name, too.born)
    assert ava.nhs_number != too.nhs_number


def test_siblings_share_a_family_name_and_none_means_none() -> None:
    everybody = individuals(PEOPLE)
    assert everybody["jo"].family_name == everybody["ava"].family_name
    assert everybody["jo"].nhs_number is None


def test_made_up_numbers_are_valid_and_never_issued() -> None:
    numbers = {nhs_number_for(f"person-{n}") for n in range(500)}
    assert len(numbers) > 490
    valid = TypeAdapter(NhsNumber).validate_python
    assert all(valid(n).startswith("999") for n in numbers)


def test_a_variation_changes_what_the_event_states() -> None:
    assert varied(individuals(PEOPLE)["ava"], Variation(named_like="ava", nhs_number="none")).nhs_number is None


def test_children_come_before_adults_and_each_has_a_ref() -> None:
    everybody = individuals(PEOPLE)
    named = blocks([everybody["dana"], everybody["ava"], everybody["bump"]], full=False)
    assert named.refs == {"ava": "child-1", "bump": "child-2", "dana": "adult-1"}
    assert named.children[1]["mother"] == "adult-1"
    assert named.children[1]["unborn"] is True
    assert "nhs_number" not in named.children[1]
    assert named.adults[0]["protected_address"] == {"lines": ["1 Marker Lane"]}
    assert named.adults[0]["safe_to_contact"] == "no"


def test_a_protected_address_is_never_given_as_a_home() -> None:
    everybody = individuals(PEOPLE)
    named = blocks([everybody["ava"], everybody["dana"]], full=True)
    assert "address" in named.children[0]
    assert "address" not in named.adults[0]

"""Who is meant: exact identifiers alone decide, and everything else is held for a person."""

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest

from frontdoor_router.core.identify import (
    Key,
    KeyMaker,
    Known,
    Mention,
    New,
    Person,
    Register,
    Unsure,
    WhyHeld,
    identify,
    lock_numbers,
    mentions,
)
from support.builders import NHS, a_child, an_adult

MAKE = KeyMaker(b"made-up-secret")
UPN, OTHER_UPN, TEMPORARY_UPN = "H801200001001", "A801200001002", "E80120000100A"
BORN = "2011-05-02"


def mention(block: dict[str, Any], *others: dict[str, Any], agency: str = "police") -> Mention:
    """The first of these people, as an agency names them."""
    blocks = [block, *others]
    message = {
        "children": [b for b in blocks if b["ref"].startswith("child")],
        "adults": [b for b in blocks if b["ref"].startswith("adult")],
    }
    return next(m for m in mentions(message, source_agency=agency, make=MAKE) if m.ref == block["ref"])


def known(register: Register, *blocks: dict[str, Any], agency: str = "police") -> UUID:
    """Somebody who was met before, with all that these blocks say."""
    person = Person(uuid4(), "child", born=date.fromisoformat(blocks[0]["born"]) if "born" in blocks[0] else None)
    for block in blocks:
        register.remember(person, mention(block, agency=agency).keys)
    return person.id


@pytest.fixture
def register() -> Register:
    """Nobody is known."""
    return Register()


def test_a_number_with_its_birth_date_finds_the_person(register: Register) -> None:
    person = known(register, a_child(1, born=BORN))
    assert identify(mention(a_child(1, born=BORN)), register) == Known(person, ())


def test_a_number_that_nobody_has_makes_a_new_person(register: Register) -> None:
    found = identify(mention(a_child(1, born=BORN)), register)
    assert isinstance(found, New)
    assert {k.kind for k in found.keys} == {"nhs_number", "nhs_number+born", "name+born"}


def test_a_pupil_number_with_its_birth_date_finds_the_person(register: Register) -> None:
    child = a_child(1, born=BORN, nhs_number=None, upn=UPN)
    person = known(register, child)
    assert identify(mention(child), register) == Known(person, ())


def test_a_further_number_is_remembered(register: Register) -> None:
    person = known(register, a_child(1, born=BORN))
    found = identify(mention(a_child(1, born=BORN, upn=UPN)), register)
    assert isinstance(found, Known)
    assert found.person == person
    assert {k.kind for k in found.new_keys} == {"upn", "upn+born"}


def test_a_temporary_pupil_number_identifies_nobody(register: Register) -> None:
    child = a_child(1, born=BORN, nhs_number=None, upn=TEMPORARY_UPN)
    assert identify(mention(child), register) == Unsure(WhyHeld.no_exact_identifier)


def test_a_temporary_pupil_number_beside_a_number_is_no_contradiction(register: Register) -> None:
    person = known(register, a_child(1, born=BORN, upn=UPN))
    found = identify(mention(a_child(1, born=BORN, upn=TEMPORARY_UPN)), register)
    assert isinstance(found, Known)
    assert found.person == person


def test_a_number_with_another_birth_date_is_held(register: Register) -> None:
    known(register, a_child(1, born=BORN))
    assert identify(mention(a_child(1, born="2011-02-05")), register) == Unsure(WhyHeld.identifiers_disagree)


def test_a_number_without_a_birth_date_fits_one_person_and_is_not_exact(register: Register) -> None:
    known(register, a_child(1, born=BORN))
    assert identify(mention(a_child(1, born=None)), register) == Unsure(WhyHeld.one_person_fits)


def test_two_numbers_of_two_people_are_held(register: Register) -> None:
    known(register, a_child(1, born=BORN))
    known(register, a_child(2, born=BORN, nhs_number=None, upn=UPN))
    assert identify(mention(a_child(1, born=BORN, upn=UPN)), register) == Unsure(WhyHeld.identifiers_disagree)


def test_a_number_that_belongs_to_another_person_contradicts_one_that_fits(register: Register) -> None:
    known(register, a_child(1, born=BORN))
    known(register, a_child(2, born="2012-01-01", nhs_number=None, upn=UPN))
    assert identify(mention(a_child(1, born=BORN, upn=UPN)), register) == Unsure(WhyHeld.identifiers_disagree)


def test_a_second_number_of_the_same_kind_is_held_as_a_twin_would_have_it(register: Register) -> None:
    known(register, a_child(1, born=BORN, upn=UPN))
    twin = a_child(1, born=BORN, upn=UPN, nhs_number=NHS[4])
    assert identify(mention(twin), register) == Unsure(WhyHeld.identifiers_disagree)


def test_a_name_alone_identifies_nobody(register: Register) -> None:
    assert identify(mention(a_child(1, nhs_number=None)), register) == Unsure(WhyHeld.no_exact_identifier)


def test_a_name_that_fits_one_person_says_so(register: Register) -> None:
    known(register, a_child(1, born=BORN))
    assert identify(mention(a_child(1, born=BORN, nhs_number=None)), register) == Unsure(WhyHeld.one_person_fits)


def test_a_name_that_fits_two_people_says_so(register: Register) -> None:
    known(register, a_child(1, born=BORN))
    known(register, a_child(1, born=BORN, nhs_number=NHS[4]))
    assert identify(mention(a_child(1, born=BORN, nhs_number=None)), register) == Unsure(WhyHeld.two_people_fit)


def test_nobody_is_named_without_a_name(register: Register) -> None:
    child = {"ref": "child-1", "sex": "female"}
    assert mention(child).keys == ()
    assert identify(mention(child), register) == Unsure(WhyHeld.no_exact_identifier)


def test_names_are_compared_without_case_and_surrounding_space() -> None:
    assert MAKE("name+born", "  Ava  Jane ", BORN) == MAKE("name+born", "AVA JANE", BORN)
    assert MAKE("name+born", "Ava", BORN) != MAKE("name+born", "Eva", BORN)


# ---------------------------------------------------------------- an agency's own ids


def test_an_own_id_that_was_never_linked_identifies_nobody(register: Register) -> None:
    child = {"ref": "child-1", "local_id": "CASE-1"}
    assert identify(mention(child), register) == Unsure(WhyHeld.no_exact_identifier)


def test_an_own_id_that_was_said_beside_an_exact_identifier_identifies(register: Register) -> None:
    person = known(register, a_child(1, born=BORN, local_id="P-1"))
    found = identify(mention({"ref": "child-1", "local_id": "P-1"}), register)
    assert found == Known(person, ())


def test_an_own_id_means_nothing_from_another_agency(register: Register) -> None:
    known(register, a_child(1, born=BORN, local_id="P-1"), agency="police")
    assert identify(mention({"ref": "child-1", "local_id": "P-1"}, agency="oak"), register) == Unsure(WhyHeld.no_exact_identifier)


def test_an_own_id_against_another_birth_date_is_held(register: Register) -> None:
    known(register, a_child(1, born=BORN, local_id="P-1"))
    child = {"ref": "child-1", "local_id": "P-1", "born": "2012-05-02"}
    assert identify(mention(child), register) == Unsure(WhyHeld.identifiers_disagree)


def test_an_own_id_of_one_person_with_the_number_of_another_is_held(register: Register) -> None:
    known(register, a_child(1, born=BORN, local_id="P-1"))
    known(register, a_child(2, born=BORN))
    assert identify(mention(a_child(2, born=BORN, local_id="P-1")), register) == Unsure(WhyHeld.identifiers_disagree)


def test_an_own_id_with_a_number_that_the_person_does_not_have_is_held(register: Register) -> None:
    known(register, a_child(1, born=BORN, local_id="P-1"))
    assert identify(mention(a_child(2, born=BORN, local_id="P-1")), register) == Unsure(WhyHeld.identifiers_disagree)


def test_an_own_id_with_the_right_birth_date_adds_a_number_of_a_new_kind(register: Register) -> None:
    person = known(register, a_child(1, born=BORN, local_id="P-1"))
    found = identify(mention({"ref": "child-1", "local_id": "P-1", "born": BORN, "upn": UPN}), register)
    assert isinstance(found, Known)
    assert found.person == person
    assert {k.kind for k in found.new_keys} == {"upn", "upn+born"}


def test_an_own_id_adds_no_number_whose_birth_date_nobody_can_check(register: Register) -> None:
    known(register, {"ref": "child-1", "nhs_number": NHS[0], "local_id": "P-1"})
    child = {"ref": "child-1", "local_id": "P-1", "born": BORN, "upn": UPN}
    assert identify(mention(child), register) == Unsure(WhyHeld.one_person_fits)


def test_an_own_id_with_the_persons_own_number_identifies_without_a_birth_date(register: Register) -> None:
    person = known(register, a_child(1, born=BORN, local_id="P-1"))
    child = {"ref": "child-1", "local_id": "P-1", "nhs_number": NHS[0]}
    assert identify(mention(child), register) == Known(person, ())


def test_an_own_id_that_is_linked_to_several_names_a_household_and_nobody_in_it(register: Register) -> None:
    known(register, a_child(1, born=BORN, local_id="HOUSE"))
    known(register, a_child(2, born="2013-01-01", local_id="HOUSE"))
    assert identify(mention({"ref": "child-1", "local_id": "HOUSE"}), register) == Unsure(WhyHeld.no_exact_identifier)


# ---------------------------------------------------------------- before birth and after it

MOTHER = an_adult(1, nhs_number=NHS[8], born="1990-01-01")
UNBORN: dict[str, Any] = {"ref": "child-1", "unborn": True, "expected_on": "2021-02-01", "mother": "adult-1"}


def remembered(register: Register, block: dict[str, Any]) -> Person:
    """A new child of the mother, with all that is remembered of it."""
    found = mention(block, MOTHER)
    person = Person(uuid4(), "child", born=found.born)
    register.remember(person, found.keys)
    return person


def test_an_unborn_child_is_found_by_its_mother_and_its_expected_date(register: Register) -> None:
    first = mention(UNBORN, MOTHER)
    found = identify(first, register)
    assert isinstance(found, New)
    person = Person(uuid4(), "child")
    register.remember(person, found.keys)
    assert identify(mention(UNBORN, MOTHER), register) == Known(person.id, ())
    assert identify(mention({**UNBORN, "expected_on": "2023-02-01"}, MOTHER), register) == New(
        mention({**UNBORN, "expected_on": "2023-02-01"}, MOTHER).keys
    )


@pytest.mark.parametrize("lacking", ["nhs_number", "born"])
def test_a_mother_who_is_not_exactly_identified_identifies_no_child(register: Register, lacking: str) -> None:
    mother = {k: v for k, v in MOTHER.items() if k != lacking}
    assert identify(mention(UNBORN, mother), register) == Unsure(WhyHeld.no_exact_identifier)


def test_a_child_without_an_expected_date_or_a_mother_is_not_found_by_them() -> None:
    assert mention({k: v for k, v in UNBORN.items() if k != "expected_on"}, MOTHER).exact == ()
    assert mention({k: v for k, v in UNBORN.items() if k != "mother"}, MOTHER).exact == ()


def test_a_born_child_of_whom_the_expected_date_is_said_is_the_unborn_one(register: Register) -> None:
    person = Person(uuid4(), "child")
    register.remember(person, mention(UNBORN, MOTHER).keys)
    born = {**a_child(1, born="2021-01-30"), "expected_on": "2021-02-01", "mother": "adult-1"}
    found = identify(mention(born, MOTHER), register)
    assert isinstance(found, Known)
    assert found.person == person.id
    assert "nhs_number+born" in {k.kind for k in found.new_keys}


def a_baby(n: int = 1, **facts: Any) -> dict[str, Any]:
    """A born child of the mother, with a number and no word of an expected date."""
    return {**a_child(n, **{"born": "2021-01-30", **facts}), "mother": "adult-1"}


@pytest.mark.parametrize("born", ["2020-09-28", "2021-01-30", "2021-02-20", "2021-03-20"])
@pytest.mark.parametrize("said", [{}, {"expected_on": "2021-02-08"}])
def test_a_born_child_who_may_be_the_one_that_its_mother_expected_is_held(register: Register, born: str, said: dict[str, str]) -> None:
    remembered(register, UNBORN)
    assert identify(mention({**a_baby(born=born), **said}, MOTHER), register) == Unsure(WhyHeld.one_person_fits)


@pytest.mark.parametrize("expected", ["2020-12-15", "2021-01-25", "2021-02-08", "2021-03-10"])
def test_an_unborn_child_whose_expected_date_was_put_right_is_held(register: Register, expected: str) -> None:
    remembered(register, UNBORN)
    assert identify(mention({**UNBORN, "expected_on": expected}, MOTHER), register) == Unsure(WhyHeld.one_person_fits)


@pytest.mark.parametrize("born", ["2015-05-02", "2020-04-20", "2020-08-31", "2021-05-01", "2021-12-24"])
def test_a_child_of_another_birth_is_new(register: Register, born: str) -> None:
    remembered(register, UNBORN)
    assert isinstance(identify(mention(a_baby(born=born), MOTHER), register), New)


@pytest.mark.parametrize("lacking", ["nhs_number", "born"])
def test_a_born_child_is_new_where_it_is_not_certain_who_its_mother_is(register: Register, lacking: str) -> None:
    remembered(register, UNBORN)
    mother = {k: v for k, v in MOTHER.items() if k != lacking}
    assert isinstance(identify(mention(a_baby(), mother), register), New)
    assert isinstance(identify(mention(a_baby(), {**MOTHER, "nhs_number": NHS[7]}), register), New)
    assert isinstance(identify(mention(a_child(1, born="2021-01-30"), MOTHER), register), New)


def test_a_twin_is_new_as_soon_as_it_is_certain_which_child_was_the_unborn_one(register: Register) -> None:
    child = remembered(register, UNBORN)
    first, twin = a_baby(1), a_baby(2)
    assert {identify(mention(b, MOTHER), register) for b in (first, twin)} == {Unsure(WhyHeld.one_person_fits)}
    joined = mention({**first, "expected_on": UNBORN["expected_on"]}, MOTHER)
    found = identify(joined, register)
    assert isinstance(found, Known)
    register.remember(replace(child, born=joined.born), found.new_keys)
    assert identify(mention(first, MOTHER), register) == Known(child.id, ())
    assert isinstance(identify(mention(twin, MOTHER), register), New)


def test_a_number_is_not_new_to_a_child_who_was_joined_to_the_unborn_one_without_any(register: Register) -> None:
    child = remembered(register, UNBORN)
    joined = mention({**a_baby(nhs_number=None), "expected_on": UNBORN["expected_on"]}, MOTHER)
    register.remember(replace(child, born=joined.born), joined.keys)
    assert identify(mention(a_baby(), MOTHER), register) == Unsure(WhyHeld.one_person_fits)
    assert isinstance(identify(mention(a_baby(born="2021-01-29"), MOTHER), register), New)


def test_an_unborn_child_who_is_said_of_late_may_be_the_one_that_is_born(register: Register) -> None:
    remembered(register, a_baby())
    assert identify(mention(UNBORN, MOTHER), register) == Unsure(WhyHeld.one_person_fits)
    assert isinstance(identify(mention({**UNBORN, "expected_on": "2021-11-20"}, MOTHER), register), New)


def test_a_born_child_who_may_be_either_of_two_unborn_ones_is_held_for_both(register: Register) -> None:
    for expected in ("2021-02-01", "2021-05-01"):
        remembered(register, {**UNBORN, "expected_on": expected})
    assert identify(mention(a_baby(), MOTHER), register) == Unsure(WhyHeld.two_people_fit)


def test_an_unborn_child_who_is_known_under_two_numbers_of_its_mother_is_one(register: Register) -> None:
    child = remembered(register, UNBORN)
    other = {**MOTHER, "nhs_number": NHS[7]}
    register.remember(child, mention(UNBORN, other).keys)
    for mother in (MOTHER, other):
        assert identify(mention(a_baby(), mother), register) == Unsure(WhyHeld.one_person_fits)


def test_who_is_certain_stays_so_whatever_its_mother_expects(register: Register) -> None:
    person = known(register, a_child(1, born="2021-01-30"))
    remembered(register, UNBORN)
    found = identify(mention(a_baby(), MOTHER), register)
    assert isinstance(found, Known)
    assert found.person == person


# ---------------------------------------------------------------- keys and locks


def test_keys_are_hashes_under_a_secret() -> None:
    key = MAKE("nhs_number", NHS[0])
    assert NHS[0].encode() not in key.hash
    assert KeyMaker(b"another")("nhs_number", NHS[0]) != key


def test_what_is_locked_is_sorted_and_leaves_names_out() -> None:
    first, second = mention(a_child(1, born=BORN, local_id="P-1")), mention(a_child(2, nhs_number=None))
    thread = uuid4()
    numbers = lock_numbers([first, second], [thread], MAKE)
    assert numbers == sorted(numbers)
    locked: list[Key] = [k for k in first.keys if k.kind != "name+born"]
    assert set(numbers) == {MAKE.thread_lock(thread), *(MAKE.lock(k) for k in locked)}
    assert all(0 <= n < 2**63 for n in numbers)


def test_namesakes_are_looked_for_only_where_nothing_better_than_a_name_is_said() -> None:
    exact, bare = mention(a_child(1, born=BORN)), mention(a_child(1, born=BORN, nhs_number=None))
    assert exact.name in exact.keys
    assert exact.name not in exact.sought
    assert bare.sought == (bare.name,)


def test_who_asks_for_the_children_of_a_mother_waits_for_who_adds_one() -> None:
    for child in (UNBORN, a_baby()):
        message = {"children": [child], "adults": [MOTHER]}
        numbers = lock_numbers(mentions(message, source_agency="police", make=MAKE), [], MAKE)
        assert MAKE.lock(MAKE("nhs_number+born", MOTHER["nhs_number"], MOTHER["born"])) in numbers


def test_a_child_is_looked_for_under_the_births_that_may_be_its_own() -> None:
    unborn, baby = mention(UNBORN, MOTHER), mention(a_baby(), MOTHER)
    assert set(baby.sought) & set(unborn.keys)
    assert set(unborn.sought) & set(baby.keys)

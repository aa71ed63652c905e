"""What agreements come to, in cases for people who read law (`tests/data/sharing`): each stands alone, and no agreement has none."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from frontdoor_router.core.policies import Agreement, comparisons
from frontdoor_schemas.vocabulary import RULED
from support.packs import PARTNERSHIPS, facts, the_pack

SHARING = Path(__file__).parents[2] / "data" / "sharing"
PACKS = sorted(folder.name for folder in PARTNERSHIPS.iterdir() if folder.is_dir())
CATEGORIES = frozenset(c.value for c in RULED)


def sharing_cases() -> list[Any]:
    found = []
    for file in sorted(SHARING.glob("*.yaml")):
        document = yaml.load(file.read_text(), Loader=yaml.BaseLoader)  # noqa: S506 - builds nothing but text, lists and tables
        found += [pytest.param(document["pack"], case, id=f"{file.stem}: {case['says']}") for case in document["cases"]]
    return found


@pytest.mark.parametrize(("pack", "case"), sharing_cases())
def test_sharing_cases(pack: str, case: dict[str, Any]) -> None:
    """Each case stands alone: who asks, when, under which facts, what is seen and what is not."""
    rules = the_pack(pack).agreements_on(date.fromisoformat(case["on"]))
    expected = {**dict.fromkeys(case.get("sees", ()), True), **dict.fromkeys(case.get("not", ()), False)}
    known = facts(**case.get("facts", {}))
    assert expected, "a case that expects nothing proves nothing"
    assert set(expected) <= CATEGORIES | {"everything else", "anything"}
    if "anything" in expected:
        expected = dict.fromkeys(CATEGORIES, False)
    if expected.pop("everything else", None) is False:
        expected |= dict.fromkeys(CATEGORIES - expected.keys(), False)
    found = {category: rules.permits(case["role"], category, known).permit for category in expected}
    assert found == expected


def permits_for(agreement: Agreement, purpose: str) -> bool:
    """Whether an agreement speaks of what is told for a purpose."""
    said = (test for policy in agreement.policies if policy.effect == "permit" for test in comparisons(policy.when))
    return any(test.name == "purpose" and purpose in test.values for test in said)


def told_by_cases() -> tuple[set[str], set[str]]:
    """Agreements by which some case shares, and those by which, or for whose purposes, some case is refused something."""
    shared, refused = set[str](), set[str]()
    for pack, case in (param.values for param in sharing_cases()):
        rules, known = the_pack(pack).agreements_on(date.fromisoformat(case["on"])), facts(**case.get("facts", {}))
        for category in sorted(CATEGORIES):
            ruling = rules.permits(case["role"], category, known)
            by = {rules.policies[policy].agreement for policy in ruling.policies}
            if ruling.permit:
                shared |= by if category in case.get("sees", ()) else set()
            elif case.get("not"):
                refused |= by | {a.id for a in the_pack(pack).agreements if permits_for(a, known.purpose)}
    return shared, refused


def test_every_agreement_has_a_case_in_which_something_is_shared_and_one_in_which_something_is_not() -> None:
    """A chapter that several packs adopt is one agreement: a case in any of them says what it comes to."""
    shared, refused = told_by_cases()
    agreements = {a.id: a for pack in PACKS for a in the_pack(pack).agreements}
    sharing = {a.id for a in agreements.values() if any(p.effect == "permit" for p in a.policies)}
    assert sorted(sharing - shared) == []
    assert sorted(agreements.keys() - refused) == []

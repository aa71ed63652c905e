"""What is left of a policy once some facts are known."""

import pytest

from frontdoor_router.core.facts import VALUES
from frontdoor_router.core.policies import Every, Is, Some, Test
from frontdoor_router.core.residue import ALWAYS, NEVER, Rule, alike, left_of, under


def says(fact: str, *values: str) -> Is:
    return Is(fact, frozenset(values))


CARED_FOR, IN_GROUP = says("of_subject", "yes"), says("plan_group", "yes")
NAMED = says("audience", "named", "none")


@pytest.mark.parametrize(
    ("test", "known", "left"),
    [
        (CARED_FOR, {}, CARED_FOR),
        (CARED_FOR, {"of_subject": {"yes"}}, ALWAYS),
        (CARED_FOR, {"of_subject": {"no", "unknown"}}, NEVER),
        (NAMED, {"audience": {"none", "not_named"}}, says("audience", "none")),
        (Every((CARED_FOR, IN_GROUP)), {"of_subject": {"yes"}}, IN_GROUP),
        (Every((CARED_FOR, IN_GROUP)), {"of_subject": {"no"}}, NEVER),
        (Some((CARED_FOR, IN_GROUP)), {"of_subject": {"yes"}}, ALWAYS),
        (Some((CARED_FOR, IN_GROUP)), {"of_subject": {"no"}}, IN_GROUP),
        (Every((NAMED, Every((NAMED, Some((CARED_FOR, IN_GROUP)))))), {}, Every((NAMED, Some((CARED_FOR, IN_GROUP))))),
        (Every(()), {}, ALWAYS),
        (Some(()), {}, NEVER),
    ],
)
def test_what_is_left_of_a_test(test: Test, known: dict[str, set[str]], left: Test) -> None:
    assert left_of(test, {name: frozenset(values) for name, values in known.items()}) == left


def test_a_rule_that_cannot_bear_is_gone_and_one_that_must_bears() -> None:
    permit, forbid = Rule("permit", True, CARED_FOR, NEVER), Rule("forbid", False, ALWAYS, NAMED)
    assert under((permit, forbid), {"of_subject": frozenset({"no"})}) == (forbid,)
    assert under((permit, forbid), {"audience": frozenset({"none"})}) == (permit,)
    known = {"of_subject": frozenset({"yes"}), "audience": frozenset({"not_named"})}
    assert [rule.bears for rule in under((permit, forbid), known)] == [True, True]
    assert not permit.bears
    assert not forbid.bears


def test_values_that_no_rule_tells_apart_are_one() -> None:
    rules = (
        Rule("a", True, says("event_type", "referral", "police-incident"), NEVER),
        Rule("b", False, ALWAYS, says("event_type", "referral")),
    )
    first, *others = alike(rules, "event_type")
    assert (first, others[0]) == (("referral",), ("police-incident",))
    assert set(others[1]) == set(VALUES["event_type"]) - {"referral", "police-incident"}
    assert alike(rules, "withheld") == [("yes", "no")]

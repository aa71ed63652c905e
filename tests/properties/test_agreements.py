"""What holds of agreements whatever they say: no order, no widening by a forbid, nothing permitted by not knowing."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from frontdoor_router.core.agreements import Agreements, Question, Ruling
from frontdoor_router.core.facts import NAMES, UNKNOWN, VALUES
from frontdoor_router.core.pack import Pack
from frontdoor_router.core.policies import Agreement, Every, Is, Policy, Some, Test
from support.budget import examples
from support.packs import PARTNERSHIPS, the_pack
from support.rulings import forbids, questions, rulings

DAYS = (date(2020, 11, 10), date(2025, 11, 7))
PACKS = sorted(folder.parent.name for folder in PARTNERSHIPS.glob("*/agencies.toml"))


def made(pack: Pack, agreements: list[Agreement], on: date) -> Agreements:
    return Agreements(agreements, pack.epoch(on), purposes=pack.purposes)


slow = settings(max_examples=examples(16), deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])


@pytest.mark.parametrize("name", PACKS)
@slow
@given(data=st.data())
def test_the_order_of_files_and_policies_changes_no_ruling(name: str, data: st.DataObject) -> None:
    pack, on = the_pack(name), data.draw(st.sampled_from(DAYS))
    asked = data.draw(st.lists(questions(pack), min_size=1, max_size=15))
    in_force = [a for a in pack.agreements if a.in_force(on)]
    shuffled = [replace(a, policies=tuple(data.draw(st.permutations(a.policies)))) for a in data.draw(st.permutations(in_force))]
    assert rulings(made(pack, shuffled, on), asked) == rulings(pack.agreements_on(on), asked)


@pytest.mark.parametrize("name", PACKS)
@slow
@given(data=st.data())
def test_a_forbid_more_never_widens(name: str, data: st.DataObject) -> None:
    pack, on = the_pack(name), data.draw(st.sampled_from(DAYS))
    asked = data.draw(st.lists(questions(pack), min_size=1, max_size=15))
    in_force = [a for a in pack.agreements if a.in_force(on)]
    narrower = rulings(made(pack, [*in_force, data.draw(forbids(pack))], on), asked)
    wider = rulings(pack.agreements_on(on), asked)
    assert all(before.permit or not after.permit for before, after in zip(wider, narrower, strict=True))


@pytest.mark.parametrize("name", PACKS)
@settings(slow, max_examples=examples(120))
@given(data=st.data())
def test_not_knowing_a_fact_never_permits_what_was_not_permitted(name: str, data: st.DataObject) -> None:
    pack, on = the_pack(name), data.draw(st.sampled_from(DAYS))
    role, category, known = data.draw(questions(pack))
    rules = pack.agreements_on(on)
    forgotten = [known._replace(**{n: UNKNOWN}) for n in NAMES if UNKNOWN in VALUES[n]]
    before, *after = rulings(rules, [(role, category, f) for f in (known, *forgotten)])
    assert before.permit or not any(a.permit for a in after)


@pytest.mark.parametrize("name", PACKS)
@settings(slow, max_examples=examples(24))
@given(data=st.data())
def test_a_ruling_does_not_depend_on_what_was_asked_before(name: str, data: st.DataObject) -> None:
    pack, on = the_pack(name), data.draw(st.sampled_from(DAYS))
    asked = data.draw(st.lists(questions(pack), min_size=1, max_size=10))
    remembered = rulings(pack.agreements_on(on), asked)
    forgetful = Agreements([a for a in pack.agreements if a.in_force(on)], pack.epoch(on), purposes=pack.purposes, remember=0)
    assert [forgetful.permits(*question) for question in asked] == remembered


def bears_on(policy: Policy, question: Question) -> bool:
    """What a policy means, without Cedar."""
    role, category, known = question
    values = {"principal": role, "resource": category, **{n: getattr(known, n) for n in NAMES}}
    if not means(policy.when, values):
        return False
    return policy.unless is None or not means(policy.unless, values)


def means(test: Test, values: Mapping[str, str]) -> bool:
    match test:
        case Is(name, allowed):
            return values[name] in allowed
        case Every(parts):
            return all(means(part, values) for part in parts)
        case Some(parts):
            return any(means(part, values) for part in parts)


@pytest.mark.parametrize("name", PACKS)
@settings(slow, max_examples=examples(120))
@given(data=st.data())
def test_cedar_rules_as_the_policies_read(name: str, data: st.DataObject) -> None:
    """Two readings of every policy, Cedar's and our own, that know nothing of each other."""
    pack, on = the_pack(name), data.draw(st.sampled_from(DAYS))
    question = data.draw(questions(pack))
    rules = pack.agreements_on(on)
    bearing = [p for p in rules.policies.values() if bears_on(p, question)]
    forbidding = sorted(p.id for p in bearing if p.effect == "forbid")
    permitting = sorted(p.id for p in bearing if p.effect == "permit")
    expected = Ruling(permit=bool(permitting) and not forbidding, policies=tuple(forbidding or permitting))
    assert rules.permits(*question) == expected

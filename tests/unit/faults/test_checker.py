"""The checker finds each kind of violation when it is planted, and nothing in a history without one."""

from dataclasses import replace

import pytest

from faults.checker import RULES, Verdict, check
from faults.history import Accepted, Decision, History, Owed, Told

SCHOOL, PRACTICE = "ash-primary.dsl", "mill-lane.gp"
LOST_EVENT, UNPUBLISHED, LOST, UNDELIVERED, UNFILED, TWO_IDS, TWO_RECEIPTS, UNOWED, ORDER, GAP, TWICE, FORGED = RULES


def _told(event: int, desk: str, number: int, at: float = 0.0) -> Told:
    return Told(desk, f"d-{desk}-{event}", 1, number, "disclosure", f"e{event}", at)


def a_history() -> History:
    """Three events of one case and one of another; a school that takes webhooks and a practice that does not."""
    cases = [("case-a", 0), ("case-a", 1), ("case-a", 2), ("case-b", 0)]
    accepted = [Accepted(f"{case}-{place}", f"e{n}", case, place, at=float(n)) for n, (case, place) in enumerate(cases)]
    school = [_told(n, SCHOOL, n + 1, at=n + 0.5) for n in range(4)]
    practice = [_told(n, PRACTICE, n + 1) for n in range(4)]
    return History(
        accepted=accepted,
        published=[a.event for a in accepted],
        sent=[*school, *practice],
        received=school,
        inboxes={SCHOOL: school, PRACTICE: practice},
        decisions={
            a.event: Decision("decided", tuple(Owed(d, f"d-{d}-{n}", "disclosure") for d in (SCHOOL, PRACTICE)))
            for n, a in enumerate(accepted)
        },
        endpoints=frozenset({SCHOOL}),
    )


def _rules(verdict: Verdict) -> set[str]:
    return {v.rule for v in verdict.violations}


def test_a_history_without_a_fault_is_found_to_be_one() -> None:
    verdict = check(a_history())
    assert not verdict.violations
    assert (verdict.counts.accepted, verdict.counts.disclosures) == (4, 8)


def test_an_accepted_event_that_the_router_does_not_know_is_lost() -> None:
    whole = a_history()
    verdict = check(replace(whole, decisions={e: d for e, d in whole.decisions.items() if e != "e3"}))
    assert verdict.of(LOST_EVENT) == ["event e3: unknown to the router"]


def test_an_event_that_still_waits_is_lost() -> None:
    whole = a_history()
    verdict = check(replace(whole, decisions={**whole.decisions, "e2": Decision("waiting")}))
    assert verdict.of(LOST_EVENT) == ["event e2: waiting"]


def test_an_event_that_a_person_has_is_not_lost_but_counted() -> None:
    whole = a_history()
    held = replace(whole.decisions["e3"], state="held")
    verdict = check(replace(whole, decisions={**whole.decisions, "e3": held}))
    assert not verdict.violations
    assert verdict.counts.held == 1


def test_an_accepted_event_that_stands_on_no_topic_is_lost() -> None:
    assert _rules(check(replace(a_history(), published=["e0", "e1", "e2"]))) == {UNPUBLISHED}


def test_what_neither_receiver_nor_inbox_has_is_lost() -> None:
    whole = a_history()
    inboxes = {**whole.inboxes, PRACTICE: list(whole.inboxes[PRACTICE])[:-1]}
    verdict = check(replace(whole, inboxes=inboxes))
    assert verdict.of(LOST) == [f"{PRACTICE} has nothing of d-{PRACTICE}-3"]
    assert _rules(verdict) == {LOST, UNFILED}


def test_a_webhook_that_never_came_is_no_loss_while_the_inbox_has_it_but_is_said() -> None:
    whole = a_history()
    assert _rules(check(replace(whole, received=list(whole.received)[:-1]))) == {UNDELIVERED}


def test_what_was_delivered_and_not_filed_is_said() -> None:
    whole = a_history()
    verdict = check(replace(whole, inboxes={**whole.inboxes, SCHOOL: list(whole.received)[:-1]}))
    assert _rules(verdict) == {UNFILED}


def test_one_event_told_under_two_ids_is_found() -> None:
    whole = a_history()
    again = replace(whole.received[3], disclosure="another", number=5, at=9.0)
    assert {TWO_IDS, UNOWED} <= _rules(check(replace(whole, received=[*whole.received, again])))


def test_one_post_answered_with_two_ids_is_found() -> None:
    whole = a_history()
    second = replace(whole.accepted[3], event="e4")
    verdict = check(replace(whole, accepted=[*whole.accepted, second]))
    assert verdict.of(TWO_RECEIPTS) == ["case-b-0 was answered with 2 ids"]


def test_a_desk_that_is_told_what_no_ledger_knows_is_found() -> None:
    whole = a_history()
    stray = Told("beck-academy.dsl", "d-x", 1, 1, "disclosure", "e0")
    assert _rules(check(replace(whole, received=[*whole.received, stray]))) == {UNOWED}


@pytest.mark.parametrize("where", ["received", "inbox"])
def test_a_case_out_of_order_is_found(where: str) -> None:
    whole = a_history()
    turned = [whole.received[n] for n in (1, 0, 2, 3)]
    bad = replace(whole, received=turned) if where == "received" else replace(whole, inboxes={**whole.inboxes, SCHOOL: turned})
    verdict = check(bad)
    assert _rules(verdict) == {ORDER}
    assert len(verdict.of(ORDER)) == 1


def test_two_cases_of_a_desk_may_overtake_each_other() -> None:
    whole = a_history()
    assert not check(replace(whole, received=[whole.received[n] for n in (3, 0, 1, 2)])).violations


def test_numbers_given_against_the_order_of_posting_are_found() -> None:
    whole = a_history()
    first, second = whole.received[0], whole.received[1]
    swapped = [replace(second, number=1), replace(first, number=2), *list(whole.received)[2:]]
    assert ORDER in _rules(check(replace(whole, sent=swapped, received=swapped, inboxes={**whole.inboxes, SCHOOL: swapped})))


def test_something_that_came_again_under_its_id_is_counted_and_no_violation() -> None:
    whole = a_history()
    verdict = check(
        replace(whole, received=[*whole.received, whole.received[0]], sent=[*whole.sent, whole.sent[1]], published=[*whole.published, "e0"])
    )
    assert not verdict.violations
    assert (verdict.counts.received_again, verdict.counts.sent_again, verdict.counts.posted_again) == (1, 1, 1)


@pytest.mark.parametrize("where", ["topic", "receiver", "inbox"])
def test_a_gap_in_the_numbers_of_a_desk_is_found(where: str) -> None:
    whole = a_history()
    short = [t for t in whole.received if t.number != 2]
    bad = {
        "topic": replace(whole, sent=short),
        "receiver": replace(whole, received=short),
        "inbox": replace(whole, inboxes={**whole.inboxes, SCHOOL: short}),
    }[where]
    assert check(bad).of(GAP) == [f"{SCHOOL}, {where}: 1 numbers are missing"]


def test_a_number_that_stands_for_two_disclosures_is_found() -> None:
    whole = a_history()
    other = replace(whole.sent[0], disclosure="another", event="foreign")
    assert _rules(check(replace(whole, sent=[*whole.sent, other]))) == {TWICE}


def test_webhooks_without_a_good_signature_are_found() -> None:
    assert _rules(check(replace(a_history(), refused=2))) == {FORGED}


def test_the_longest_time_without_anything_new_is_measured() -> None:
    whole = a_history()
    late = [*list(whole.received)[:3], replace(whole.received[3], at=12.5)]
    assert check(replace(whole, received=late)).counts.standstill == 10.0
